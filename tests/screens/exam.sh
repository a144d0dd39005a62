#!/bin/sh
# exam.sh BUILD WxH [--update]: the screens of exam, as a candidate sees them.
#
# Runs a sitting with the real programs, the candidate's client in a real terminal (tmux) of this
# size, and compares what is on the screen with client/term/screens/NAME.WxH.txt; what differs from
# run to run (times, ports) is masked.  --update writes the files of this size anew.
# Exit status: 0 all are the same, 1 some differ or the run failed, 2 usage.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
name=exam kept=$top/client/term/screens
. "$top/tests/screens/stage.sh"

mask() {
	sed -E \
		-e 's/([0-9]:)?[0-9]{2}:[0-9]{2} (left|used)/##:## \2/g' \
		-e 's/stands at ([0-9]:)?[0-9]{2}:[0-9]{2}/stands at ##:##/' \
		-e 's/20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}/####-##-## ##:##/g' \
		-e 's/(this one|each|gives) ([0-9]:)?[0-9]{2}:[0-9]{2}/\1 ##:##/g' \
		-e 's/([0-9]:)?[0-9]{2}:[0-9]{2} (each|for each)/##:## \2/g' \
		-e 's/(Seconds a question)( +[0-9]+)+/\1 ###/' \
		-e 's/answered after [0-9:]+/answered after ##:##/' \
		-e 's/127\.0\.0\.1:[0-9]+/127.0.0.1:#####/g' \
		-e 's/^  [0-9a-f]{64}$/  (the pin)/'
}
# These words are shown highlighted: on cyan.
marks() {
	tm capture-pane -e -p -t c | sed 's/\x1b\[[0-9;]*46m/<m>/g; s/\x1b\[[0-9;]*m//g' | grep -q "<m>$1"
}
# A click of the left button, on the words that are shown.
click_on() {
	at=$(tm capture-pane -p -t c | grep -nF "$1" | head -n 1)
	press -H 1b 5b 4d 20 "$(printf %x $((32 + 6)))" "$(printf %x $((32 + ${at%%:*})))"
}

# ---- A sitting ------------------------------------------------------------------------------

ctl() { EXAMCTL_USER=admin EXAMCTL_SESSION="$dir/session" "$build/examctl" "$@"; }
join() { sed -n "s/^$1[[:space:]].*\\(exam:.*\\)/\\1/p" "$dir/joins"; }
# sit NAME MACHINE WHERE: the client in the terminal.
sit() {
	terminal c "exec env LD_PRELOAD='$build/tests/libclockshift.so' FAULT_BOX='$dir/clocks' \
		'$build/exam' --state-dir '$dir/machine.$2' '$3'"
}
# The clocks of the clients that sit: diskfault.h says what stands where in this file.
{ printf 1uaf; head -c 76 /dev/zero; } >"$dir/clocks"
two_hours_later() {
	printf '\0\335\155\0\0\0\0\0' | dd of="$dir/clocks" bs=8 seek=9 conv=notrunc 2>/dev/null
}

"$build/examd" init "$dir/data" --admin admin >"$dir/init"
serve 0
export HOME="$dir" LC_ALL=C.UTF-8 EXAMD_KNOWN_SERVERS="$dir/known_servers"
EXAMCTL_SERVER=$(sed -n 's/.*serving on \([^,]*\), pin.*/\1/p' "$dir/serving")
EXAMCTL_PIN=$(sed -n 's/.*, pin //p' "$dir/serving")
export EXAMCTL_SERVER EXAMCTL_PIN
{
	secret first "$(sed -n 's/.*password[^:]*: *//p' "$dir/init" | head -n 1)"
	secret password "correct horse battery staple"
	ctl login --password-file "$dir/first"
	ctl passwd --password-file "$dir/first" --new-password-file "$dir/password"
	cat >"$dir/roster.csv" <<'END'
id,name,email,group,role,extra time
c1,Chloé Martin,chloe@example.org,tuesday,candidate,50
c2,田中えみ,emi@example.org,tuesday,candidate,0
END
	ctl people import "$dir/roster.csv"
	ctl bank load "$top/tests/screens/screens-bank.yaml"
	ctl exam load "$top/tests/screens/screens.yaml"
	ctl sitting create --exam screens --title "Mock exam, Tuesday 9:00" --group tuesday
	ctl sitting open 1
	ctl sitting slips 1 --print-join >"$dir/joins"
} >"$dir/setup.log" 2>&1 || { cat "$dir/setup.log" >&2; die "the sitting could not be set up"; }

# ---- The way in -----------------------------------------------------------------------------

# Without a pin it is asked for once.
sit c1 a "$(join c1 | sed 's/#.*//')"
shows 'Trust it from now on'
screen trust
type_text yes
press Enter
shows 'rules of this exam' 'saved 0/0'
screen_resized rules
press y
shows 'has not admitted you'
screen lobby-waiting
ctl sitting admit 1 >>"$dir/setup.log"
shows 'READY'
screen_resized lobby-ready

# ---- The questions --------------------------------------------------------------------------

ctl sitting start 1 >>"$dir/setup.log"
shows '1 of 5' 'cholecystectomy'
screen_resized question
press u
shows 'Highlight, or take it off'
press Right Right Space Space
until_true "two highlighted words" marks 'note says'
press Up Left Space
screen highlight
press Escape
press =
type_text '12.5*(3+1'
shows 'a \) is missing'
type_text ')'
shows '= 50'
screen_resized calculator
press Enter
shows '\|  50 '
press Escape
shows 'Calculator  t Time'
press b
shows 'B \(x\)' 'saved 1/1'
press Down x
shows 'C \(-\)'
press r
shows 'FLAGGED'
press w
type_text 'chole = bile, voilà'
shows 'Note: chole = bile' 'saved 1/1'
screen note
press Enter
shows 'note: chole = bile' 'saved 1/1'
screen question-marked
press t
shows 'time hidden'
press n
shows '2 of 5' 'Choose THREE. 0 chosen'
press a
shows '1 chosen'
click_on 'C [ ] Stage of a pressure ulcer'
shows 'C \[x\]' '2 chosen' 'saved 2/2'
screen_resized multiple
press n
shows '3 of 5' 'Which code reports the pneumonia' 'Tab'
screen_resized record
press Tab PageDown
shows '\[ Record \]' 'of oxygen'
screen record-read
press n n
shows '5 of 5' 'Type the codes'
type_text i214
press Enter
type_text 'i10'
shows 'I214' 'I10' 'saved 3/3'
screen_resized codes
press C-v
shows 'not complete' '^ .*5 +incomplete' 'saved 3/3'
screen_resized navigator
press f f f
shows '\[flagged 1\]'
screen navigator-flagged
press v
shows '5 of 5'

# ---- What happens in a room -----------------------------------------------------------------

ctl sitting message 1 "The room closes at noon. Please stay seated until you are told to leave." \
	>>"$dir/setup.log"
shows 'Proctor: The room closes'
screen message
press Escape
# A break during which the clock goes on, known to a client that was started again.
press C-k
shows 'on a break. The clock goes on'
screen break
press q y
gone
sit c1 a "$(join c1)"
shows 'on a break. The clock goes on' 'Back from the break'
press Enter
shows '5 of 5' 'Type the codes' 'saved 3/3'
press C-t
shows 'time hidden'
ctl sitting pause 1 >>"$dir/setup.log"
shows 'paused for the whole room'
screen_resized paused
ctl sitting resume 1 >>"$dir/setup.log"
shows 'Type the codes'
no_server
shows 'reconnecting'
type_text 'f172'
shows '1 not saved yet, reconnecting'
screen no-connection
press C-s
shows 'Not complete'
press s y
shows 'not saved yet. You are handed in'
screen hand-in-waits
press b
shows 'Not complete'
# The clock of a client cannot end an exam: with the server its questions are back.
two_hours_later
shows 'The time is over' 'The connection is lost' 'reconnecting'
screen time-up
serve "${EXAMCTL_SERVER##*:}"
shows 'saved 3/3$' 'Not complete'

# ---- The end --------------------------------------------------------------------------------

screen_resized hand-in
press s
shows 'Hand in now'
screen hand-in-sure
press y
shows 'You have handed in' 'points'
screen_resized result
# Handed in by mistake: back at the question, also for a client that was started again.
ctl attempt reopen 1 --minutes 10 --reason 'by mistake' >>"$dir/setup.log"
shows '5 of 5' 'Type the codes' 'Proctor: '
screen_resized reopened
press Escape C-q y
gone
sit c1 a "$(join c1)"
shows '5 of 5' 'Type the codes' 'saved 3/3'
press C-v
shows '4 +incomplete' '5 +complete' 'unseen 0'
screen navigator-again
press v
shows 'Type the codes'
press C-s
shows 'Not complete'
press s y
shows 'You have handed in' 'points'
press r
shows 'Question 1' 'RIGHT'
screen_resized rationale
press q y
gone

# ---- Another machine ------------------------------------------------------------------------

sit c2 a "$(join c2)"
shows 'rules of this exam'
press y
shows 'cholecystectomy'
press a
shows 'saved 1/1'
printf 'think 3600000\nanswers random:1\nno-submit\n' >"$dir/script"
"$build/exam" --script "$dir/script" --state-dir "$dir/machine.b" "$(join c2)" >>"$dir/exam.log" 2>&1 &
clients=$!
until_true "the other machine" grep -q 'seat asked' "$dir/exam.log"
ctl sitting release-seat 1 c2 >>"$dir/setup.log"
shows 'goes on at another machine'
screen taken-over
press q y
gone
sit c2 c "$(join c2)"
shows 'held by another machine'
screen seat-asked
press q y
gone

# ---- Not let in -----------------------------------------------------------------------------

sit c2 d "$(join c2 | sed 's,/[^/]*#,/0000000000#,')"
shows 'not let in' 'Ask the proctor'
screen refused
press q y
gone
sit c2 e "$(join c2 | sed 's/#.*/#/')0000000000000000000000000000000000000000000000000000000000000000"
shows 'not let in' 'pretends to be the server'
screen refused-server
press q y
gone

# ---- Practice -------------------------------------------------------------------------------

# What one sits is not practised meanwhile.
ctl sitting close 1 --reason 'the end of the morning' >>"$dir/setup.log"
ctl people reset-password c2 | sed 's/.*: //' >"$dir/first.c2"
secret password.c2 "correct horse battery emi"
# learn MACHINE [OPTION]: as a person does, who types the password when it is asked for.
learn() {
	terminal c "exec '$build/exam' ${2-} --user c2 --pin '$EXAMCTL_PIN' \
		--state-dir '$dir/machine.$1' '$EXAMCTL_SERVER'"
}
learn d
shows 'Password' 'User +c2'
type_text 'not this one'
shows 'Password +\[\*{12} '
screen log-in
press Enter
shows 'is wrong'
type_text "$(cat "$dir/first.c2")"
press Enter
shows 'Choose your own'
type_text 'a new one'
press Enter
type_text 'another'
press Enter
shows 'not the same'
screen new-password
type_text "$(cat "$dir/password.c2")"
press Enter
type_text "$(cat "$dir/password.c2")"
press Enter
shows 'Begin' 'Exam of every kind'
press q y
gone
practise() { # practise MACHINE [OPTION]
	terminal c "exec '$build/exam' ${2-} --user c2 --pin '$EXAMCTL_PIN' \
		--password-file '$dir/password.c2' --state-dir '$dir/machine.$1' '$EXAMCTL_SERVER'"
}
# The session that is kept is good: nobody is asked.
learn d
shows 'Begin' 'Exam of every kind'
press Enter
shows 'Mode: exam'
press Space
shows 'Mode: tutor'
screen practice-settings
press Down Down Space
shows 'Level: recall'
press Left
shows 'Level: any'
press Enter
shows 'rules of this exam'
press y
shows 'cholecystectomy'
press a
shows 'A \(x\)' 'y Why' 'saved 1/1'
screen tutor-question
press y
shows 'Question 1: 1 of 1'
screen tutor-why
press n
shows '2 of 5'
press q y
gone
# Gone on with at another machine, which has the answer.
practise e
shows 'Go on with' '1 of 5 answered'
press Down Enter
shows '2 of 5' 'saved 1/1'
press p
shows 'A \(x\)'
press s s y
shows 'You have handed in' 'points'
press b
shows 'Done' '14 %'
screen practice
press Down Enter
shows 'Percent of the points'
screen practice-chart
press q y
gone

# ---- Line by line ---------------------------------------------------------------------------

say() { type_text "$1"; press Enter; }
practise f --plain
shows 'Exam 1: Exam of every kind' 'Type begin'
say 'begin 1'
shows 'Type agree'
say agree
shows 'D: The common bile duct'
say 'b'
shows 'saved 1/1'
say 'go 5'
shows 'Field 3'
say 'code 1 i21.4'
shows 'Principal diagnosis: I21.4' 'saved 2/2'
screen plain
say 'calc 0.1+0.2'
shows '= 0.3'
say 'highlight hypertension'
shows 'Highlighted: [Hh]ypertension'
say quit
gone
the_end
