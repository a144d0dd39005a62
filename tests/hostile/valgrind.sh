#!/bin/sh
# valgrind.sh BUILD: a whole small exam with all processes under valgrind: init, roster, bank, sitting, slips, a few
# candidates to their receipts, results, a backup, the end.  BUILD has no sanitizer and is made by gcc.  Every process of
# the daemon must end without an error and without a lost byte; takes minutes.
set -eu
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
command -v valgrind >/dev/null || { echo "valgrind.sh: valgrind is not installed" >&2; exit 2; }
exec python3 "$here/valgrind_demo.py" --build "$build"
