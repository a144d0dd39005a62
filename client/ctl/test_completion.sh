#!/bin/bash
# test_completion.sh EXAMCTL: what bash offers after some words.
set -eu
examctl=$1
load() { eval "$("$examctl" completion bash)"; } # as bash-completion does, in a function
load
# offers WANTED WORD...: the offers for the last word, sorted, with a space between.
offers() {
	local want=$1
	shift
	COMP_WORDS=(examctl "$@") COMP_CWORD=$#
	_examctl
	[ "${COMPREPLY[*]}" = "$want" ] || { echo "FAILED: $* offers: ${COMPREPLY[*]}"; exit 1; }
}
offers 'people' peo
offers 'disable enable import list reset-password revoke unlock' people ''
offers 'reset-password revoke' people re
offers '--check' people import --ch
offers '' people list --ch
offers '--reason' sitting add-minutes 3 5 --rea
offers '--json' --js
cd "$(mktemp -d)"
: >class.csv
offers 'class.csv' people import cl
rm class.csv && rmdir "$PWD"
echo ok
