#!/bin/sh
# quickstart.sh: from a fresh clone to a running exam.
set -eu
here=$PWD
cd "$(dirname "$0")/.."
top=$PWD

usage() {
	cat <<'END'
usage: sh daemon/quickstart.sh [--dir D] [--build B] [--port N] [--no-build]
       sh daemon/quickstart.sh --stop [--dir D]
       sh daemon/quickstart.sh --demo [--dir D] [--build B]

Without --demo: installs what is missing, builds a release, makes a data directory with a bank, exams
and an example roster, starts examd on 127.0.0.1:7443, and says what to type for practice and for a
sitting.  A second run only starts it.

  --stop     stops it
  --port N   another port; 0: any that is free
  --no-build takes the programs in B as they are
  --demo     installs what is missing, builds a release, and runs a whole sitting unattended: eight
             candidates over TLS, one moved to another machine, the core killed in mid-exam, scores,
             an export and the proof that nothing acknowledged was lost
  --dir D    the directory for all this (default: ~/.local/share/examd); for --demo a new one
             (default: under /tmp)
  --build B  where to build (default: build)
  --help     this

Exit status: 0 all held, 1 something did not, 2 usage.
END
}

demo=no dir= build=$top/build stop=no port= programs=build
while [ $# -gt 0 ]; do
	case $1 in
	--demo) demo=yes ;;
	--stop) stop=yes ;;
	--no-build) programs=as_they_are ;;
	--port)
		[ $# -ge 2 ] || { echo "quickstart.sh: --port needs a number" >&2; exit 2; }
		port=$2
		shift
		;;
	--dir | --build)
		[ $# -ge 2 ] || { echo "quickstart.sh: $1 needs a directory" >&2; exit 2; }
		if [ "$1" = --dir ]; then dir=$2; else build=$2; fi
		shift
		;;
	--help | -h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done

say() { printf '%s\n' "$*"; }
die() { printf 'quickstart.sh: %s\n' "$*" >&2; exit 1; }

# ---- Build ----------------------------------------------------------------------------------

build_release() {
	if [ $demo = yes ]; then # nobody looks at it in a browser
		sh daemon/packages.sh build
		web=OFF
	else
		sh daemon/packages.sh web
		web=AUTO
	fi
	say "Building a release in $build (a minute or two the first time) ..."
	mkdir -p "$build"
	if ! { cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF \
		-DEXAMD_WEB=$web &&
		ninja -C "$build" examd exam examctl audit; } >"$build/quickstart.log" 2>&1; then
		tail -n 30 "$build/quickstart.log" >&2
		die "the build failed; the whole log is $build/quickstart.log"
	fi
}

# ---- A server of one's own ------------------------------------------------------------------

if [ $demo = no ]; then
	case $dir in '' | /*) ;; *) dir=$here/$dir ;; esac
	case $build in /*) ;; *) build=$here/$build ;; esac
	dir=${dir:-${HOME:?has no value, so name a directory with --dir}/.local/share/examd}
	mkdir -p "$dir" || die "$dir cannot be made; name another directory with --dir."
	dir=$(cd "$dir" && pwd)
	again=" --dir '$dir'"
	. daemon/quickstart_server.sh
	if [ $stop = yes ]; then stop; else serve; fi
	exit 0
fi
build_release

# ---- The demo -------------------------------------------------------------------------------

if [ -z "$dir" ]; then
	dir=$(mktemp -d "${TMPDIR:-/tmp}/examd-demo.XXXXXX")
else
	[ ! -e "$dir" ] || [ -z "$(ls -A "$dir")" ] || die "$dir is not empty; name a new directory"
	mkdir -p "$dir"
	dir=$(cd "$dir" && pwd)
fi
begun=$(date +%s)
examd=$build/examd exam=$build/exam examctl=$build/examctl
data=$dir/data
daemon_pid=
clients=

cleanup() {
	for pid in $clients; do kill "$pid" 2>/dev/null || :; done
	[ -z "$daemon_pid" ] || kill "$daemon_pid" 2>/dev/null || :
	wait 2>/dev/null || :
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
	tries=$(($1 * 20)) what=$2
	shift 2
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || die "waited in vain for: $what (logs are in $dir)"
		sleep 0.05
	done
}

secret() { # secret NAME TEXT: a file that only we can read
	(umask 077 && printf '%s\n' "$2" >"$dir/$1")
	printf '%s' "$dir/$1"
}

say "Everything of this demo is in $dir"
"$examd" init "$data" --admin admin >"$dir/init.txt"
first=$(sed -n 's/.*password[^:]*: *//p' "$dir/init.txt" | head -n 1)
"$examd" run -d "$data" -o listen=127.0.0.1:0 >"$dir/serving.txt" 2>"$dir/examd.log" &
daemon_pid=$!
wait_for 10 "the daemon" grep -q serving "$dir/serving.txt"
server=$(sed -n 's/.*serving on \([^,]*\), pin.*/\1/p' "$dir/serving.txt")
pin=$(sed -n 's/.*, pin //p' "$dir/serving.txt")
say "examd serves on $server"

export HOME="$dir" EXAMCTL_SERVER="$server" EXAMCTL_PIN="$pin"
as() { # as USER COMMAND...: examctl as this person
	who=$1
	shift
	EXAMCTL_USER=$who EXAMCTL_SESSION="$dir/session.$who" "$examctl" "$@"
}
enter() { # enter USER ONE_TIME_PASSWORD: first log-in, own password
	secret "$1.first" "$2" >/dev/null
	secret "$1.password" "correct horse battery $1" >/dev/null
	as "$1" login --password-file "$dir/$1.first"
	as "$1" passwd --password-file "$dir/$1.first" --new-password-file "$dir/$1.password"
}
enter admin "$first" >>"$dir/examctl.log"

cat >"$dir/roster.csv" <<'END'
id,name,email,group,role,extra time
c1,Ana Ruiz,ana@example.org,tuesday,candidate,0
c2,Ben Okafor,ben@example.org,tuesday,candidate,0
c3,Chloé Martin,chloe@example.org,tuesday,candidate,0
c4,Dmitri Sokolov,dmitri@example.org,tuesday,candidate,50
c5,Emi Tanaka,emi@example.org,tuesday,candidate,0
c6,Farah Haddad,farah@example.org,tuesday,candidate,25
c7,George Pappas,george@example.org,tuesday,candidate,0
c8,Hanna Virtanen,hanna@example.org,tuesday,candidate,0
pat,Pat Lindqvist,pat@example.org,,proctor,0
ines,Ines Moreau,ines@example.org,,instructor,0
END
as admin --json people import "$dir/roster.csv" >"$dir/import.json"
one_time() {
	tr -d '\n' <"$dir/import.json" |
		sed -n "s/.*\"user\": *\"$1\", *\"secret\": *\"\\([^\"]*\\)\".*/\\1/p"
}
enter pat "$(one_time pat)" >>"$dir/examctl.log"
enter ines "$(one_time ines)" >>"$dir/examctl.log"
as admin bank load questions/banks/cpc-style.yaml >>"$dir/examctl.log" 2>&1
as admin exam load questions/banks/cpc-demo.yaml >>"$dir/examctl.log"
say "Roster, bank and exam are loaded: $(grep -c '^c[0-9]' "$dir/roster.csv") candidates, a proctor, an instructor."

id=$(as ines --json sitting create --exam cpc-demo --title "Mock exam, Tuesday 9:00" --group tuesday |
	tr -d '\n' | sed -n 's/.*"sitting": *\([0-9]*\).*/\1/p')
[ -n "$id" ] || die "the sitting was not created; see $dir"
as pat sitting open "$id" >>"$dir/examctl.log"
as pat sitting admit "$id" >>"$dir/examctl.log"
as pat sitting slips "$id" --print-join >"$dir/joins.txt"

client() { # client N MACHINE SCRIPT: a candidate, in the background
	join=$(sed -n "s/^c$1[[:space:]].*\\(exam:.*\\)/\\1/p" "$dir/joins.txt")
	printf '%s\n' "$3" >"$dir/script.$1.$2"
	"$exam" --script "$dir/script.$1.$2" --state-dir "$dir/machine.$1.$2" --log-acks "$dir/acks.$1" \
		"$join" >"$dir/exam.$1.$2.txt" 2>&1 &
	eval "pid_$1_$2=$!"
	clients="$clients $!"
}
slow='think 800'
for n in 1 2 4 5 6 7; do
	client $n a "$slow
answers random:$n
submit"
done
client 3 a "$slow
answers random:3
stop-after 7"
client 8 a "answers random:8
no-submit"

as pat sitting watch "$id" --until all-ready >>"$dir/examctl.log"
say "Eight candidates have checked in, each with a form of their own; the proctor starts the room."
as pat sitting start "$id" >>"$dir/examctl.log"

wait "$pid_3_a" && code=0 || code=$?
[ "$code" = 3 ] || die "the third client should have been cut off after 7 answers (exit $code)"
say "Chloé's laptop is dead after 7 answers. She sits down at another; the proctor agrees."
client 3 b "answers random:3
submit"
as pat sitting watch "$id" --until takeover-asked >>"$dir/examctl.log"
as pat sitting release-seat "$id" c3 >>"$dir/examctl.log"

core=$("$examd" status -d "$data" --json | tr -d '\n' | sed -n 's/.*"core_pid": *\([0-9]*\).*/\1/p')
kill -9 "$core"
say "The core (process $core) was killed with SIGKILL in mid-exam; the clients keep their connections."

for n in 1 2 4 5 6 7; do
	eval "wait \$pid_${n}_a" || die "candidate c$n did not end well; see $dir/exam.$n.a.txt"
done
wait "$pid_3_b" || die "candidate c3 did not end well; see $dir/exam.3.b.txt"
say "Seven have handed in. Hanna never does: the proctor takes the rest of her minute away, and the clock closes her attempt."
as pat sitting add-minutes "$id" -1 --only c8 --reason "demonstration of a deadline" \
	>>"$dir/examctl.log"
as pat sitting watch "$id" --until all-closed >>"$dir/examctl.log"
wait "$pid_8_a" || die "candidate c8 did not end well; see $dir/exam.8.a.txt"
clients=

say ""
as ines results "$id"
as ines export "$id" --format csv -o "$dir/scores.csv" >>"$dir/examctl.log"
say ""
say "Exported: $dir/scores.csv"

kill "$daemon_pid"
wait "$daemon_pid" || die "the daemon did not end well; see $dir/examd.log"
daemon_pid=
cp -R "$data" "$dir/audited"
proof=$("$build/tests/audit" "$dir/audited" "$dir"/acks.*) || die "the audit failed: $proof"
number() { printf '%s' "$proof" | sed -n "s/.*\"$1\":\\([0-9]*\\).*/\\1/p"; }
say "Proof: $(number acknowledged) answers acknowledged, $(number found) found, $(number lost) lost; \
$(number attempts) chains verified; $(($(date +%s) - begun)) s."
[ "$(number lost)" = 0 ] && [ "$(number acknowledged)" -gt 0 ]
