#!/bin/sh
# run.sh [--json FILE] [--quick]: benchmarks of a release build, a table on standard output.
# Beside each figure stands the machine's own limit in the same run.
set -eu
cd "$(dirname "$0")/../.."
sh daemon/packages.sh test
build=${BUILD:-$PWD/build-release}
cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=Release >/dev/null
ninja -C "$build" --quiet all bench_append bench_form
exec python3 tests/bench/bench.py --build "$build" "$@"
