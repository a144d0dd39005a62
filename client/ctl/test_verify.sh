#!/bin/sh
# test_verify.sh EXAMCTL TEST_VERIFY MANUAL: the program finds what was changed, and the commands of
# the manual, as they stand there, check a transcript with openssl alone.
set -eu
examctl=$1 make=$2 manual=$3
work=$(mktemp -d "${TMPDIR:-/tmp}/examctl-verify-XXXXXX")
trap 'rm -r "$work"' EXIT
failed() { echo "FAILED: $*" >&2; exit 1; }
"$make" --mutations 36 --write "$work" >/dev/null 2>&1
cd "$work"

"$examctl" verify attempt.transcript --key key >said || failed "the good one is refused"
grep -q '^Good: attempt ' said || failed "$(cat said)"
"$examctl" verify attempt.transcript --key "$(cat key)" >/dev/null || failed "a key as hex"
n=0
for file in changed-*; do
	! "$examctl" verify "$file" --key key >said 2>&1 || failed "$file is not found"
	n=$((n + 1))
done
[ "$n" -ge 18 ] || failed "only $n changed ones"
! "$examctl" verify attempt.transcript --key "$(printf %064d 7)" >said 2>&1 || failed "another key"

# The manual's example: what stands behind a "$ ".
mandoc -T ascii "$manual" | sed -n 's/^ *\$ \(.*openssl.*\|.*\(head\|tail\) -c.*\|.* od .*\)/\1/p' >commands
[ "$(wc -l <commands)" -eq 5 ] || failed "the manual has other commands: $(cat commands)"
sh -eu commands >said || failed "openssl refuses the good one: $(cat said)"
grep -q 'Verified Successfully' said || failed "$(cat said)"
# It shows the key that signed ...
[ "$(sed -n 's/^ *\([0-9a-f :]*\)$/\1/p' said | tr -d ' :\n')" = "$(cat key)" ] || failed "another key is shown: $(cat said)"
# ... and finds what was changed.
for i in 1 3 4 8; do
	cp "changed-$i.transcript" attempt.transcript
	! sh -eu commands >said 2>&1 || failed "openssl does not find changed-$i"
done
echo ok
