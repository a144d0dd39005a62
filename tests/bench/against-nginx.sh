#!/bin/sh
# against-nginx.sh [--json FILE] [--quick]: check-in, start, handshake and memory of a room beside nginx that
# sends 80 KB, in turn in one run, on loopback; a table on standard output.
exec sh "$(dirname "$0")/build.sh" against_nginx.py "$@"
