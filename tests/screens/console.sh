#!/bin/sh
# console.sh BUILD WxH [--update]: the screens of examctl console, as a proctor sees them.
#
# Runs a sitting with the real programs, the console in a real terminal (tmux) of this size, and
# compares what is on the screen with client/ctl/screens/NAME.WxH.txt; what differs from run to run
# (times, ages, ports) is masked.  --update writes the files of this size anew.
# Exit status: 0 all are the same, 1 some differ or the run failed, 2 usage.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
name=console kept=$top/client/ctl/screens
. "$top/tests/screens/stage.sh"

mask() {
	sed -E \
		-e 's/[0-9]:[0-9]{2}:[0-9]{2}/#:##:##/g' \
		-e 's/([ ~])[0-9]:[0-9]{2} /\1#:## /g' \
		-e 's/ [ 0-9][0-9][sm] / ### /g' \
		-e 's/connected, [ 0-9]{4} ms/connected, #### ms/' \
		-e 's/ (  here|[ 0-9.]{3} ms|[ 0-9.]{4} s)( |$)/  ## ms\2/' \
		-e 's/NO CONNECTION for [ 0-9]{3}s/NO CONNECTION for ###s/' \
		-e 's/at version [0-9]+ now/at version # now/' \
		-e 's/127\.0\.0\.1:[0-9]+/127.0.0.1:#####/g'
}
# The grid of a terminal, without the cursor and the marks, which are each proctor's own.
grid() { masked "$1" | sed -n "3,$((rows - 4))s/^..//p"; }

# ---- A sitting ------------------------------------------------------------------------------

as() {
	who=$1
	shift
	EXAMCTL_USER=$who EXAMCTL_SESSION="$dir/session.$who" "$build/examctl" "$@"
}
enter() {
	secret "$1.first" "$2"
	secret "$1.password" "correct horse battery $1"
	as "$1" login --password-file "$dir/$1.first"
	as "$1" passwd --password-file "$dir/$1.first" --new-password-file "$dir/$1.password"
}
client() { # client N MACHINE SCRIPT
	join=$(sed -n "s/^c$1[[:space:]].*\\(exam:.*\\)/\\1/p" "$dir/joins")
	printf '%s\n' "$3" >"$dir/script.$1.$2"
	"$build/exam" --script "$dir/script.$1.$2" --state-dir "$dir/machine.$1.$2" "$join" \
		>>"$dir/exam.log" 2>&1 &
	clients="$clients $!"
}

"$build/examd" init "$dir/data" --admin admin >"$dir/init"
serve 0
export HOME="$dir" LC_ALL=C.UTF-8
EXAMCTL_SERVER=$(sed -n 's/.*serving on \([^,]*\), pin.*/\1/p' "$dir/serving")
EXAMCTL_PIN=$(sed -n 's/.*, pin //p' "$dir/serving")
export EXAMCTL_SERVER EXAMCTL_PIN
{
	enter admin "$(sed -n 's/.*password[^:]*: *//p' "$dir/init" | head -n 1)"
	cat >"$dir/roster.csv" <<'END'
id,name,email,group,role,extra time
c1,Ana Ruiz,ana@example.org,tuesday,candidate,0
c2,Ben Okafor,ben@example.org,tuesday,candidate,0
c3,Chloé Martin,chloe@example.org,tuesday,candidate,0
c4,Dmitri Sokolov,dmitri@example.org,tuesday,candidate,50
c5,田中えみ,emi@example.org,tuesday,candidate,0
c6,Farah Haddad,farah@example.org,tuesday,candidate,25
c7,George Pappas,george@example.org,tuesday,candidate,0
c8,Hanna Virtanen,hanna@example.org,tuesday,candidate,0
c9,Ivo Andersen,ivo@example.org,tuesday,candidate,0
ines,Ines Moreau,ines@example.org,,instructor,0
END
	as admin --json people import "$dir/roster.csv" >"$dir/import"
	enter ines "$(tr -d '\n' <"$dir/import" |
		sed -n 's/.*"user": *"ines", *"secret": *"\([^"]*\)".*/\1/p')"
	as admin bank load "$top/questions/banks/cpc-style.yaml"
	as admin exam load "$top/questions/banks/cpc-short.yaml"
	as ines sitting create --exam cpc-short --title "Mock exam, Tuesday 9:00" --group tuesday
	as ines sitting slips 1 --print-join >"$dir/joins"
} >"$dir/setup.log" 2>&1 || { cat "$dir/setup.log" >&2; die "the sitting could not be set up"; }

# ---- The console ----------------------------------------------------------------------------

stay='think 3600000
answers random:1
no-submit'
terminal c \
	"EXAMCTL_USER=ines EXAMCTL_SESSION='$dir/session.ines' exec '$build/examctl' console 1"

shows 'Mock exam, Tuesday 9:00  \(cpc-short\)  created' 'c9 .*not here' 'O open'
screen created
press O
shows 'Opened: the room'
for n in 2 4 5; do
	client $n a "$stay"
	shows "c$n .*wants in"
done
screen checking-in
press A
shows 'Admitted: the room'
client 1 a 'answers random:1
no-submit'
shows 'c1 .*ready'
client 3 a 'think 100
answers random:3
stop-after 7'
shows 'c3 .*ready'
client 6 a 'answers random:6'
shows 'c6 .*ready'
client 7 a "$stay"
shows 'c7 .*ready'
client 8 a 'think 100
answers random:8
stop-after 17'
shows '8 here of 9: 8 ready' 'c8 .*ready'
press S
shows 'Start the room: 8 ready of 9'
screen start
press y
shows 'c1 .*40/40' 'c3 .*7/40.*LOST' 'c6 .*submitted' 'c8 .*17/40.*LOST' 'Started: the room'
client 3 b 'answers random:3
no-submit'
as ines sitting add-minutes 1 --only c7 --reason "to see its end" -- -92 >>"$dir/setup.log"
shows 'c3 .*wants the seat' 'c7 .*time is short'
press Home
shows '^c3 .*g gives it'
screen_resized running
press g
shows 'Seat given: c3' 'c3 .*40/40.* (here|[0-9.]+ m?s)'

press '?'
shows 'Any key'
screen help
press q
press /
type_text 'OKA'
shows 'Found 1'
screen find
press Enter
press m
type_text '0'
press Enter
shows 'and not 0'
screen minutes
press BSpace
type_text '5'
press Enter
shows 'Why \(minutes c2'
type_text 'the keyboard was broken'
shows broken
screen reason
# A colleague is faster.
as ines sitting pause 1 --only c2 >>"$dir/setup.log"
press Enter
shows 'NOT DONE, minutes c2 Ben Okafor: c2 was running and is paused now'
screen changed
press f
shows 'Minutes added: c2 Ben Okafor, \+5 min'
press Escape
shows 'c8 .*LOST'
press Home Space Space
press t
type_text 'Fünf Minuten Pause'
shows 'Message to 2 candidates: Fünf'
screen message
press Enter
shows 'Told: 2 candidates'
screen marked
# Two proctors see the same.
terminal d \
	"EXAMCTL_USER=admin EXAMCTL_SESSION='$dir/session.admin' exec '$build/examctl' console 1"
same() { grid c >"$dir/grid.c"; grid d | cmp - "$dir/grid.c"; }
until_true "the same in both consoles" same
tm send-keys -t d End Up Up Up p
shows 'c4 .*paused'
until_true "the same in both consoles after a command" same
tm send-keys -t d r
shows 'c4 .*running'
tm send-keys -t d q
press u E
shows 'Why \(end the room'
press Enter
shows 'Type the word end'
screen end
press Escape
no_server
shows 'NO CONNECTION' 'c1 .*stale'
press p
shows 'nothing was sent'
screen no-connection
serve "${EXAMCTL_SERVER##*:}"
for n in 1 2 4 5; do shows "c$n .* (here|[0-9.]+ m?s)"; done
press q
gone
the_end
