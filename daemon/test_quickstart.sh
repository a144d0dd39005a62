#!/bin/sh
# test_quickstart.sh BUILD: quickstart.sh from nothing to a sitting, and what it says when it cannot.
set -eu
build=$1
script=$(cd "$(dirname "$0")" && pwd)/quickstart.sh
dir=$(mktemp -d)
holder=
cleanup() {
	sh "$script" --stop --dir "$dir/d" >/dev/null 2>&1 || :
	[ -z "$holder" ] || kill "$holder" 2>/dev/null || :
	rm -rf "$dir"
}
trap cleanup EXIT
cd "$dir"

fail() { echo "FAILED: $*" >&2; cat out >&2; exit 1; }
# quick N ARGUMENT...: ends with status N; what it says stands in the file out.
quick() {
	want=$1; shift
	got=0; sh "$script" --no-build --build "$build" "$@" >out 2>&1 || got=$?
	[ "$got" = "$want" ] || fail "status $got, not $want: $*"
}
says() { grep -q -- "$1" out || fail "does not say: $1"; }

quick 2 --fly
quick 0 --stop --dir d
says 'No examd runs'

# A disk that is nearly full, and a machine where nobody may install.
mkdir bin
printf '#!/bin/sh\necho a\necho x 100 93 7 93%% /\n' >bin/df
chmod +x bin/df
got=0; PATH=$dir/bin:$PATH sh "$script" --no-build --build "$build" --dir d >out 2>&1 || got=$?
[ "$got" = 1 ] || fail "status $got on a full disk"
says 'only 7 MiB free'
[ ! -e d/data.new ] && [ ! -e d/data ] || fail "it began on a full disk"
mkdir alone
for tool in awk cat dirname grep rm sed tr; do ln -s "$(command -v $tool)" alone/$tool; done
printf '#!/bin/sh\nexit 1\n' >alone/dpkg-query
printf '#!/bin/sh\necho 1000\n' >alone/id
chmod +x alone/dpkg-query alone/id
got=0; PATH=$dir/alone /bin/sh "${script%/*}/packages.sh" build >out 2>&1 || got=$?
[ "$got" = 1 ] || fail "status $got without sudo"
says 'there is no sudo here. Ask an administrator'

# A relative directory is the caller's.
quick 0 --dir d --port 0
says "^examd serves on 127.0.0.1:"
[ "$(stat -c %a d/passwords d/data | tr '\n' ' ')" = '600 700 ' ] || fail "permissions"
[ -z "$(find d -name 'secret.*' -o -name 'session.*')" ] || fail "something secret is left"
quick 0 --dir "$dir/d"
says 'runs already'

# What it said to type makes a room.
eval "$(sed -n 's/^ *export/export/p' out)"
export EXAMCTL_SESSION="$dir/session"
sed -n 's/^ines //p' d/passwords >password
"$build/examctl" login ines --password-file password >said
grep ' sitting ' out | sed 's/$/ >>said/' >typed
[ "$(wc -l <typed)" -ge 3 ] || fail "it says too little"
. ./typed
[ "$(grep -c 'exam://127.0.0.1:[0-9]*/' said)" = 3 ] || fail "not three join lines: $(cat said)"

# Stopped, its port taken, and started again with what was there.
quick 0 --stop --dir d
says 'has stopped'
mkfifo port
python3 -c 'import socket, signal
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True)
signal.pause()' >port & holder=$!
read -r taken <port
quick 1 --dir d --port "$taken"
says "^quickstart.sh: .*:$taken is taken by another program"
quick 0 --dir d --port 0
"$build/examctl" --server "$(sed -n 's/^examd serves on \(.*\)\.  .*/\1/p' out)" login ines \
	--password-file password >said
"$build/examctl" --server "$(sed -n 's/^examd serves on \(.*\)\.  .*/\1/p' out)" sitting list >said
grep -q 'Mock exam' said || fail "the sitting is lost"
echo ok
