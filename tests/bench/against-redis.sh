#!/bin/sh
# against-redis.sh [--json FILE] [--quick] [--only closed|open]: durable answers beside Redis 7 with TLS and
# appendfsync always, in turn in one run, on loopback; a table on standard output.
exec sh "$(dirname "$0")/build.sh" against_redis.py "$@"
