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

"$examctl" verify receipt.json --key key >said || failed "the good receipt is refused"
grep -q '^Good: receipt of attempt ' said || failed "$(cat said)"
"$examctl" --json verify receipt.json --key key | grep -q '"good": true' || failed "a receipt as JSON"
sed 's/"attempt": "/&1/' receipt.json >changed-receipt.json
tr a-f A-F <receipt.json >changed-letters.json
head -n 4 receipt.json >changed-tail.json
for file in changed-*.json; do
	! "$examctl" verify "$file" --key key >said 2>&1 || failed "$file is not found"
done
! "$examctl" verify receipt.json --key "$(printf %064d 7)" >said 2>&1 || failed "another key, of a receipt"

# The manual's examples: what stands behind a "$ ", of a transcript, then of a receipt.
mandoc -T ascii "$manual" | sed 's/.\x08//g' | sed -n '/^CHECKING WITHOUT EXAMCTL/,/^ENVIRONMENT/s/^ *\$ //p' >all
sed -n '1,5p' all >commands
sed -n '6,$p' all >commands-of-receipts
[ "$(wc -l <all)" -eq 11 ] || failed "the manual has other commands: $(cat all)"
# FILE: the manual's commands say that its signature holds, and show the key that signed.
holds() {
	sh -eu "$1" >said || failed "openssl refuses the good one: $(cat said)"
	grep -q 'Verified Successfully' said || failed "$(cat said)"
	[ "$(sed -n 's/^ *\([0-9a-f :]*\)$/\1/p' said | tr -d ' :\n')" = "$(cat key)" ] || failed "another key is shown: $(cat said)"
}
holds commands
holds commands-of-receipts
# They find what was changed.
for i in 1 3 4 8; do
	cp "changed-$i.transcript" attempt.transcript
	! sh -eu commands >said 2>&1 || failed "openssl does not find changed-$i"
done
for part in statement signature public_key; do
	cp receipt.json good.json
	line=$(grep "\"$part\"" other.json)
	if [ $part = public_key ]; then line=$(grep '"public_key"' receipt.json | sed 's/: "../: "00/'); fi
	sed "s/.*\"$part\".*/$line/" good.json >receipt.json
	! sh -eu commands-of-receipts >said 2>&1 || failed "openssl does not find another $part"
	cp good.json receipt.json
done
holds commands-of-receipts
echo ok
