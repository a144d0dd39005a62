#!/bin/sh
# build.sh SCRIPT.py ARGUMENTS...: makes the release build that is measured (BUILD, or build-release here), and
# measures it.
set -eu
cd "$(dirname "$0")/../.."
sh daemon/packages.sh bench >&2
build=${BUILD:-$PWD/build-release}
script=$1
shift
cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=Release >/dev/null
ninja -C "$build" --quiet examd examctl load crowd peer bench_append bench_echo bench_form >&2
exec python3 "tests/bench/$script" --build "$build" "$@"
