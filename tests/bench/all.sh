#!/bin/sh
# all.sh [--quick]: all benchmarks, in about ten minutes on an idle machine; their tables replace those in
# RESULTS.md, and the figures go to build-release/bench/*.json.
set -eu
cd "$(dirname "$0")/../.."
json=${BUILD:-$PWD/build-release}/bench
tables=$(mktemp)
trap 'rm -f "$tables" "$tables.md"' EXIT
mkdir -p "$json"
{
	echo "\`sh tests/bench/all.sh${1:+ $*}\` on $(date -u +%Y-%m-%d):"
	echo
	sh tests/bench/against-redis.sh --json "$json/redis.json" "$@"
	sh tests/bench/against-nginx.sh --json "$json/nginx.json" "$@"
	sh tests/bench/run.sh --json "$json/alone.json" "$@"
} >"$tables" 2>"$tables.md" || {
	cat "$tables" "$tables.md" >&2
	exit 1
}
cat "$tables"
awk -v tables="$tables" '
	/^The tables that stand here now/ { note = 1 }
	/^<!-- tables -->$/ { note = 0 }
	note { next }
	/^<!-- tables -->$/ { print; print ""; while ((getline line < tables) > 0) print line; inside = 1; next }
	/^<!-- end of tables -->$/ { inside = 0 }
	!inside' tests/bench/RESULTS.md >"$tables.md"
cat "$tables.md" >tests/bench/RESULTS.md
