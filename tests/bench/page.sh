#!/bin/sh
# page.sh [--runs N]: what a candidate waits for at a browser, fast and slow (page.mjs), of a release build.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-$PWD/build-release}
cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=Release >/dev/null
ninja -C "$build" --quiet examd examctl >&2
sh "$PWD/tests/browser/install.sh" "$PWD/tests/browser" "$build/tests/browser/modules" >&2
EXAMD_BUILD=$build BROWSER_MODULES=$build/tests/browser/modules exec node tests/bench/page.mjs "$@"
