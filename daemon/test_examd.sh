#!/bin/sh
# test_examd.sh EXAMD EXAMCTL: what an operator does with the programs, from init to restore.
set -eu
examd=$1
examctl=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

fail() { echo "FAILED: $*" >&2; [ ! -e log ] || tail -n 20 log >&2; exit 1; }
# status N COMMAND...: the command ends with status N; its output stands in the file out.
status() {
	want=$1; shift
	got=0; "$@" >out 2>&1 || got=$?
	[ "$got" = "$want" ] || { cat out >&2; fail "status $got, not $want: $*"; }
}
says() { grep -q -- "$1" out || { cat out >&2; fail "does not say: $1"; }; }
# What a wrong command line gives.
status 2 "$examd"
status 2 "$examd" fly
status 2 "$examd" run
status 2 "$examd" run -d d -o no_such_setting=1
says 'no setting "no_such_setting"'
status 2 "$examd" run -d d -o frames_burst=0
says 'from 1 to'
status 2 "$examd" run -d d --port 65536
status 2 "$examd" restore -d d
status 0 "$examd" run --help
says 'frames_per_second'
status 1 "$examd" run -d d
says 'examd init d'
status 1 "$examd" status -d d

# init: once, into an empty folder, or not at all.
mkdir full && : >full/file
status 1 "$examd" init full
[ "$(ls full)" = file ] || fail "init left something in a folder that was not empty"
status 1 "$examd" init d --admin ''
[ ! -e d ] || fail "init that failed left its folder"
status 0 "$examd" init d --name exams.example.org --admin root
says '^one-time password: .'
sed -n 's/^one-time password: //p' out >one-time
pin=$(sed -n 's/^pin: //p' out)
[ "${#pin}" = 43 ] || fail "the pin is $pin"
status 1 "$examd" init d
[ "$(stat -c %a d d/secrets d/backups d/examd.db d/secrets/tls.key | tr '\n' ' ')" = \
	'700 700 700 600 600 ' ] || fail "permissions"
status 0 "$examd" check -d d

# The key that others verify with, as openssl makes it of the secret one.
status 0 "$examd" key -d d
{ printf '0.\002\001\0000\005\006\003+ep\004\042\004 ' && cat d/secrets/sign.key; } >seed.der
openssl pkey -inform DER -in seed.der -pubout -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \n' >public
says "^$(cat public)$"
[ "$(wc -c <public)" = 64 ] || fail "the key is $(cat out)"
status 1 "$examd" key -d nowhere

# Settings: what is wrong in the file is told with its place, and nothing starts.
grep -q '^#frames_burst: 400$' d/examd.yaml || fail "init writes no examd.yaml"
"$examd" settings --yaml | cmp -s - d/examd.yaml || fail "settings --yaml is not what init writes"
cp d/examd.yaml good.yaml
printf 'frames_burts: 1\nfronts: many\n' >d/examd.yaml
status 78 "$examd" run -d d --port 0
says '^d/examd.yaml:1:1: error: .*did you mean "frames_burst"'
says '^d/examd.yaml:2:9: error: '
status 1 "$examd" check -d d
says '^d/examd.yaml:2:9: error: '
cp good.yaml d/examd.yaml
status 78 "$examd" run -d d --config no.yaml

# start [PORT [OPTION...]]: runs it until it says that it serves; the watcher ends when all processes are gone.
runs=0
start() {
	runs=$((runs + 1))
	over=over.$runs served=served.$runs # of its own: those of a killed one are held a moment longer
	mkfifo "$over" "$served"
	cat "$over" >>log & watcher=$!
	at=${1:-0}
	[ $# = 0 ] || shift
	"$examd" run -d d --port "$at" --pid-file pid -o fronts=2 "$@" >"$served" 2>"$over" & shell=$!
	read -r line <"$served" || fail "it does not serve"
	case $line in
	"examd: serving on 127.0.0.1:"*", pin $pin") ;;
	*) fail "it says: $line" ;;
	esac
	supervisor=$(cat pid)
}
start
[ "$supervisor" = "$shell" ] || fail "pid file"

# status knows who runs.
status 0 "$examd" status --json -d d
core=$(sed 's/.*"core_pid":\([0-9]*\).*/\1/' out)
fronts=$(grep -o '"pid":[0-9]*' out | cut -d: -f2)
[ "$(cat "/proc/$core/comm")" = examd-core ] || fail "core $core"
[ "$(echo "$fronts" | wc -l)" = 2 ] || fail "fronts $fronts"
for f in $fronts; do
	[ "$(cat "/proc/$f/comm")" = examd-front ] || fail "front $f"
done
# confined PID CAPABILITIES: the kernel says so of it.
confined() {
	for want in "NoNewPrivs: 1" "Seccomp: 2" "CapEff: $2" "CapPrm: $2" "CapInh: 0000000000000000"; do
		tr '\t' ' ' <"/proc/$1/status" | grep -qx "$want" || {
			grep -E 'NoNew|Seccomp|Cap' "/proc/$1/status" >&2
			fail "process $1 is not confined: $want"
		}
	done
}
none=0000000000000000
for f in $fronts; do confined "$f" $none; done
confined "$core" $none
# DAC_READ_SEARCH, KILL, SETGID, SETUID; who is not root has none to keep.
if [ "$(id -u)" = 0 ]; then confined "$supervisor" 00000000000000e4; else confined "$supervisor" $none; fi
for p in supervisor core front; do
	grep -q "confined what=$p seccomp=1 list=[a-z]* capabilities=[0-9a-f]" log || fail "the log says nothing of $p"
done
status 0 "$examd" status -d d
says "^core  *process $core, service time 0:00:"
says "^front  *process "

# While it runs: backups, and nobody else at the database.
status 0 "$examd" backup -d d friday
says '^d/backups/friday$'
status 1 "$examd" backup -d d friday
status 2 "$examd" backup -d d ../friday
status 1 "$examd" restore d/backups/friday -d d
says 'Stop the daemon first'
status 0 "$examd" check -d d
says 'A daemon runs'

# logged PATTERN: waits until the log has such a line.
logged() {
	runs=$((runs + 1))
	mkfifo "lines.$runs"
	tail -n +1 -f log >"lines.$runs" 2>/dev/null & tailing=$!
	grep -q -m 1 -- "$1" <"lines.$runs"
	kill "$tailing"
}

# SIGHUP: a bad file changes nothing and is told with its place; a good one is taken.
printf 'metrics_every: 1\nfrontz: 3\n' >d/examd.yaml
kill -HUP "$supervisor"
logged 'config_bad file=d/examd.yaml line=2 column=1 detail=.*did you mean'
if grep -q config_reloaded log; then fail "a bad file was taken"; fi
printf 'listen: "127.0.0.1:1"\nmetrics_every: 1\n' >d/examd.yaml
kill -HUP "$supervisor"
logged 'config_reloaded'
logged 'config_waits setting=listen'
cp good.yaml d/examd.yaml

# The supervisor is killed: all are gone within a second, and the lock is free.
before=$(date +%s%N)
kill -9 "$supervisor"
wait "$watcher"
took=$((($(date +%s%N) - before) / 1000000))
[ "$took" -lt 1000 ] || fail "its children lived for $took ms"
status 0 "$examd" check -d d
says 'chains *ok'
[ "$(grep -c 'backup_done file=friday' log)" = 1 ] || fail "one backup is not one line of the log"
[ "$(grep -c backup_done log)" = 1 ] || fail "a backup is told twice"

# One that is killed can be started again at once, on the same port, before its children have gone.
start
port=${line%%, pin*}
port=${port##*:}
kill -9 "$supervisor"
first_watcher=$watcher
start "$port"
wait "$first_watcher"
case $line in *":$port, pin $pin") ;; *) fail "another port: $line" ;; esac
status 1 "$examd" run -d d --port "$port"
says 'Another program does'

# An admin on another machine has a backup made, too.
export EXAMCTL_SERVER="127.0.0.1:$port" EXAMCTL_PIN="$pin" EXAMCTL_SESSION="$dir/session" EXAMCTL_USER=root
echo 'correct horse battery staple' >password
status 0 "$examctl" login --password-file one-time
status 0 "$examctl" passwd --password-file one-time --new-password-file password
status 0 "$examctl" --json backup monday
says '"backup":"monday"'
[ "$(stat -c %a d/backups/monday)" = 600 ] || fail "the backup of monday"
status 1 "$examctl" backup monday
says 'There is one already'
status 1 "$examctl" restore d/backups/monday --dir d
says 'Stop the daemon first'
status 2 "$examctl" restore d/backups/monday

# It is stopped: the same, with status 0.
before=$(date +%s%N)
kill -TERM "$supervisor"
got=0; wait "$shell" || got=$?
took=$((($(date +%s%N) - before) / 1000000))
[ "$took" -lt 1000 ] || fail "it took $took ms to stop"
[ "$got" = 0 ] || fail "status $got after SIGTERM"
wait "$watcher"
[ ! -e pid ] || fail "the pid file is left"
grep -q '^examd_process_starts_total{process="core"} 1$' d/metrics.prom || fail "metrics.prom"

# restore keeps what was there.
status 0 "$examd" restore d/backups/friday -d d
ls d | grep -q '^examd.db.before-restore-.*Z$' || fail "the database before was not kept"
status 0 "$examd" check -d d
rm -f d/examd.db.before-restore-* # such names are of one second
status 0 "$examctl" restore d/backups/monday --dir d
status 1 "$examd" restore d/secrets/tls.crt -d d
status 0 "$examd" check -d d

# A root's core has no power over the folder of another user.
if [ "$(id -u)" = 0 ]; then
	chown 1 d
	status 78 "$examd" run -d d --port 0
	says 'belongs to another user'
	chown -R 1 d && chmod 755 .
	start 0 -o user=daemon
	status 0 "$examd" status --json -d d
	core=$(sed 's/.*"core_pid":\([0-9]*\).*/\1/' out)
	grep -q '^Uid:.1.1.1.1$' "/proc/$core/status" ||
		fail "the core is not the user's"
	confined "$core" $none
	confined "$supervisor" 00000000000000e4
	for f in $(grep -o '"pid":[0-9]*' out | cut -d: -f2); do confined "$f" $none; done
	kill -HUP "$supervisor" # reads what only the user may read
	logged " $supervisor info config_reloaded"
	kill -TERM "$supervisor"
	wait "$shell"
	wait "$watcher"
	chown -R 0 d
fi

# A secret that is missing is found, and stops a start with a status that says: a person is needed.
mv d/secrets/tls.key away
status 1 "$examd" check -d d
status 78 "$examd" run -d d --port 0
echo ok
