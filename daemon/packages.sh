#!/bin/sh
# packages.sh build|web|test|bench: installs the Debian packages that are missing, saying which and why.
# Exit 1 with a sentence when that is not possible.
set -eu

# name  why
build='
gcc                      the C compiler
libc6-dev                its headers
cmake                    the build
ninja-build              the build
pkg-config               finds the libraries
libevent-dev             the event loop
libssl-dev               TLS
libsqlite3-dev           storage
libprotobuf-c-dev        messages
protobuf-c-compiler      messages
libsodium-dev            password hashing
libyaml-dev              banks and blueprints
uthash-dev               hash tables
libjansson-dev           JSON
libcmocka-dev            the test runner
libcsv-dev               rosters
libseccomp-dev           system-call filters
libnghttp2-dev           browsers
libncurses-dev           the terminal client
libqrencode-dev          QR codes on printed slips
'
web='
npm                      the web client: its packages and build
protobuf-compiler        the web client: messages
'
test='
clang                    the second compiler
clang-format             the format check
libclang-rt-14-dev       its sanitizers
sqlite3                  looks into databases after a crash
openssl                  a certificate for a test, and the speed of the machine
strace                   injects faults
python3                  drives the torture runs
mandoc                   checks the manual pages
tmux                     drives the terminal client
chromium                 drives the web client
systemd                  scores the unit file
'
bench='
redis-server             durable writes to be compared with
nginx                    a web server to be compared with
nghttp2-client           h2load asks for the files of the page
openssl                  their certificates, and the speed of the machine
python3                  drives the benchmarks
'
case "${1-}" in
build) list=$build ;;
web) list=$build$web ;;
test) list=$build$web$test ;;
bench) list=$build$bench ;;
*) echo "usage: packages.sh build|web|test|bench" >&2; exit 2 ;;
esac

missing=
tab=$(printf '%s\n' "$list" | while read -r name why; do
	[ -n "$name" ] || continue
	dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -q '^installed$' ||
		command -v "$name" >/dev/null 2>&1 || # npm may have come with another nodejs
		printf '%-24s %s\n' "$name" "$why"
done)
[ -n "$tab" ] || exit 0
missing=$(printf '%s\n' "$tab" | awk '{print $1}' | tr '\n' ' ')

echo "These Debian packages are missing and will be installed:"
printf '%s\n' "$tab" | sed 's/^/  /'
as_root=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null 2>&1; then
		echo "Installing needs root and there is no sudo here. Ask an administrator to run:" >&2
		echo "  apt-get install $missing" >&2
		exit 1
	fi
	echo "Installing needs root: sudo may ask for your password."
	as_root=sudo
fi
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
if ! { $as_root apt-get update -q && $as_root apt-get install -q -y --no-install-recommends $missing; } >"$log" 2>&1
then
	tail -n 20 "$log" >&2
	echo "The packages could not be installed; see above." >&2
	exit 1
fi
