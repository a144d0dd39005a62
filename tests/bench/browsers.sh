#!/bin/sh
# browsers.sh [--json FILE] [--quick] [--sizes 500,2000]: browsers' worth of sessions beside as many terminals, and
# the page and its files by h2load, which must not see one failure; of a release build, tables on standard output.
exec sh "$(dirname "$0")/build.sh" browsers.py "$@"
