#!/bin/sh
# run.sh [ctest options]: installs what the tests need, builds with sanitizers (and once with the
# other compiler), runs everything, ends in ctest's summary.  BUILD=DIR for another build folder.
set -eu
cd "$(dirname "$0")/.."
sh daemon/packages.sh test
export LC_ALL=C.UTF-8 TERM="${TERM:-xterm}"
build=${BUILD:-build-asan}
jobs=$(nproc)

say() { printf '\n== %s\n' "$*"; }

say "gcc, release: no warning"
cmake -G Ninja -S . -B "$build-release" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=gcc >/dev/null
ninja -C "$build-release" -j "$jobs" --quiet

say "clang, fuzz targets"
cmake -G Ninja -S . -B "$build-fuzz" -DCMAKE_BUILD_TYPE=Fuzz -DCMAKE_C_COMPILER=clang >/dev/null
ninja -C "$build-fuzz" -j "$jobs" --quiet fuzzers

say "clang, thread sanitizer: the store"
cmake -G Ninja -S . -B "$build-tsan" -DCMAKE_BUILD_TYPE=Tsan -DCMAKE_C_COMPILER=clang >/dev/null
ninja -C "$build-tsan" -j "$jobs" --quiet test_store test_store_faults test_power

say "clang, address and undefined-behaviour sanitizers: no warning"
cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=Asan -DCMAKE_C_COMPILER=clang \
	-DEXAMD_RELEASE_DIR="$PWD/$build-release" -DEXAMD_FUZZ_DIR="$PWD/$build-fuzz" \
	-DEXAMD_TSAN_DIR="$PWD/$build-tsan" >/dev/null
ninja -C "$build" -j "$jobs" --quiet

export ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:strict_string_checks=1"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"

# Where the release has the web client, browsers try it.
if ctest --test-dir "$build-release" -N -L browser | grep -q 'Test *#'; then
	say "tests by browser, of the release"
	ctest --test-dir "$build-release" --output-on-failure -L browser
fi

say "tests"
exec ctest --test-dir "$build" --output-on-failure -j "$jobs" "$@"
