#!/bin/sh
# run.sh [--json FILE] [--quick]: what examd does alone, beside the machine's own limits; of a release
# build, a table on standard output.  --only recovery|closing|forms|cost: one part.
exec sh "$(dirname "$0")/build.sh" bench.py "$@"
