#!/bin/sh
# run.sh [--seconds N] [--build DIR] [--jobs N] [--keep DIR] [TARGET ...]: runs the fuzz targets, all
# without names, N seconds each (60), as many at a time as there are processors.  DIR is a build of
# the kind Fuzz; without one, build-fuzz is made.  What a target finds it writes beside its log, and
# exit status 1 tells.  --keep adds new inputs to copies of the corpora in a folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
seconds=60 build= jobs=$(nproc) keep=
while [ $# -gt 0 ]; do
	case $1 in
	--seconds) seconds=$2; shift 2 ;;
	--build) build=$2; shift 2 ;;
	--jobs) jobs=$2; shift 2 ;;
	--keep) keep=$2; shift 2 ;;
	-*) sed -n '2,5s/^# //p' "$0" >&2; exit 2 ;;
	*) break ;;
	esac
done
if [ -z "$build" ]; then
	build=$here/../../build-fuzz
	cmake -G Ninja -S "$here/../.." -B "$build" -DCMAKE_BUILD_TYPE=Fuzz -DCMAKE_C_COMPILER=clang >/dev/null
	ninja -C "$build" --quiet fuzzers
fi
[ $# -gt 0 ] || set -- $(cd "$here/corpus" && ls)
work=$(mktemp -d "${TMPDIR:-/tmp}/examd-fuzz-XXXXXX")
export here build seconds work keep
export FUZZ_HISTORY="$work"
# What a target keeps on disk it keeps in memory: a sync takes longer than all the rest.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=1:abort_on_error=0:handle_abort=1"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"

# one TARGET: its log is kept only when it failed
cat >"$work/one" <<'END'
name=$1
corpus=${keep:-$work/new}/$name
mkdir -p "$corpus"
set -- -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -report_slow_units=5 -print_final_stats=1 \
	-max_len=8192 -artifact_prefix="$work/$name-"
# Its core lives on, so that each input seems to leave something: leaks are looked for at the end.
[ "$name" != requests ] || set -- "$@" -detect_leaks=0
[ ! -e "$here/$name.dict" ] || set -- "$@" -dict="$here/$name.dict"
if "$build/fuzz/fuzz_$name" "$@" "$corpus" "$here/corpus/$name" >"$work/$name.log" 2>&1; then
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$name.log")
	if [ -n "$(find "$work" -name "$name-slow-unit-*")" ]; then
		echo "$name: an input takes longer than 5 s" >&2
		exit 1
	fi
	echo "$name: $runs inputs in $seconds s, $(sed -n 's/.*cov: \([0-9]*\).*/\1/p' "$work/$name.log" | tail -1) edges, nothing found"
else
	tail -60 "$work/$name.log" >&2
	exit 1
fi
END
if printf '%s\n' "$@" | xargs -P "$jobs" -I '{}' sh "$work/one" '{}'; then
	rm -r "$work"
else
	echo "what was found stands in $work" >&2
	exit 1
fi
