#!/bin/sh
# manuals.sh: does mandoc find anything to say about a manual page?
set -eu
cd "$(dirname "$0")/.."
pages=$(find proto questions daemon client -name '*.[1578]' | sort)
[ -n "$pages" ]
# shellcheck disable=SC2086
out=$(mandoc -T lint -W warning $pages 2>&1) || true
[ -z "$out" ] || { printf '%s\n' "$out"; exit 1; }
