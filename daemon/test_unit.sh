#!/bin/sh
# test_unit.sh FILE: is the unit as closed as it can be, and does it start again whatever happens?
set -eu
unit=$1
for line in Type=notify Restart=always StartLimitIntervalSec=0 RestartPreventExitStatus=78; do
	grep -qx "$line" "$unit" || { echo "$unit: no $line"; exit 1; }
done
# The processes confine themselves: that must not be taken from them.
for call in seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self; do
	grep -q "^SystemCallFilter=[a-z].*\\<$call\\>" "$unit" ||
		grep -q "^SystemCallFilter=$call\\>" "$unit" || { echo "$unit: no $call"; exit 1; }
done
command -v systemd-analyze >/dev/null 2>&1 || { echo "no systemd-analyze here"; exit 77; }
# Its scale goes from 0 (closed) to 100; above the threshold it fails.
if ! report=$(systemd-analyze security --offline=true --threshold=15 --no-pager "$unit" 2>&1); then
	printf '%s\n' "$report" | grep -v '✓'
	exit 1
fi
printf '%s\n' "$report" | tail -n 1
