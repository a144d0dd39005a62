#!/bin/sh
# format.sh: is every C file formatted as .clang-format says?
set -eu
cd "$(dirname "$0")/.."
find proto questions daemon client tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror
