# quickstart_server.sh: what quickstart.sh does without --demo; it has set top, dir, build, port and
# programs, and say() and die().  Read by it, not run.
#
#   DIR/data           the data directory; DIR/data.new while it is being filled
#   DIR/passwords      USER PASSWORD, a line each, for the owner only
#   DIR/examd.pid, DIR/serving, DIR/examd.log

need_mib=100 # of disk, for the data
[ "$programs" = as_they_are ] || need_mib=500

examd=$build/examd exam=$build/exam examctl=$build/examctl
data=$dir/data

# The first folder of a path that is there.
standing() {
	path=$1
	while [ ! -e "$path" ]; do path=$(dirname "$path"); done
	printf '%s' "$path"
}

check_disk() {
	for place in "$dir" "$build"; do
		free=$(df -Pm "$(standing "$place")" | awk 'NR == 2 { print $4 }')
		[ "$free" -ge $need_mib ] ||
			die "there are only $free MiB free at $place; $need_mib are needed."
	done
}

# Is the examd of this directory running?  Its number is in pid then.
runs() {
	pid=$(cat "$dir/examd.pid" 2>/dev/null) && [ -n "$pid" ] &&
		tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- " run -d $dir/"
}

stop() {
	if ! runs; then
		say "No examd runs on $data."
		return
	fi
	kill "$pid" || die "process $pid belongs to somebody else."
	wait_until 5 "examd to stop" gone
	say "examd has stopped; everything is kept in $dir"
}
gone() { ! runs; }

# wait_until SECONDS WHAT COMMAND: until it succeeds.
wait_until() {
	tries=$(($1 * 20))
	until "$3"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || die "waited in vain for $2; see $dir/examd.log"
		sleep 0.05
	done
}

serves() {
	grep -q serving "$dir/serving" && return 0
	kill -0 "$started" 2>/dev/null && return 1
	if grep -q 'Another program does' "$dir/examd.log"; then
		die "$(sed -n 's/^examd: cannot listen on \(.*\): Another program does\.$/\1/p' \
			"$dir/examd.log" | tail -n 1) is taken by another program; stop that, or choose another port with --port N."
	fi
	tail -n 5 "$dir/examd.log" >&2
	die "examd did not start; see above, and $dir/examd.log"
}

# where: the server and its pin, from what examd said last.
where() {
	server=$(sed -n 's/.*serving on \([^,]*\).*, pin.*/\1/p' "$dir/serving" | head -n 1)
	pin=$(sed -n 's/.*, pin //p' "$dir/serving")
}

# start DATA [OPTION...]: in the background, and in a session of its own, so that it stays.
start() {
	: >"$dir/serving"
	: >"$dir/examd.log"
	nohup setsid "$examd" run -d "$@" --pid-file "$dir/examd.pid" \
		>"$dir/serving" 2>"$dir/examd.log" </dev/null &
	started=$!
	wait_until 20 "examd to serve" serves
	where
}

# as USER COMMAND...: examctl as this person; its answer stands in DIR/answer.
as() {
	who=$1
	shift
	EXAMCTL_SERVER=$server EXAMCTL_PIN=$pin EXAMCTL_USER=$who \
		EXAMCTL_SESSION="$dir/session.$who" "$examctl" "$@" \
		>"$dir/answer" 2>"$dir/setup.log" ||
		die "examctl $* failed: $(cat "$dir/setup.log")"
}

# Eight letters and digits that nobody mixes up, in two halves.
new_password() {
	head -c 200 /dev/urandom | LC_ALL=C tr -dc 'abcdefghjkmnpqrstuvwxyz23456789' | cut -c 1-12 |
		sed 's/....\B/&-/g'
}

# own_password USER ONE_TIME_PASSWORD: the one that is kept in DIR/passwords.
own_password() {
	printf '%s\n' "$2" >"$dir/secret.old"
	new_password >"$dir/secret.new"
	as "$1" login --password-file "$dir/secret.old"
	as "$1" passwd --password-file "$dir/secret.old" --new-password-file "$dir/secret.new"
	printf '%s %s\n' "$1" "$(cat "$dir/secret.new")" >>"$dir/passwords"
	rm -f "$dir/secret.old" "$dir/secret.new"
}

roster() {
	cat <<'END'
id,name,email,group,role,extra time
ana,Ana Ruiz,ana@example.org,class,candidate,0
ben,Ben Okafor,ben@example.org,class,candidate,25
chloe,Chloé Martin,chloe@example.org,class,candidate,0
pat,Pat Lindqvist,pat@example.org,,proctor,0
ines,Ines Moreau,ines@example.org,,instructor,0
END
}

end_filling() {
	rm -f "$dir"/session.* "$dir"/secret.* "$dir/answer" "$dir/setup.log"
	if runs; then
		kill "$pid"
		wait_until 5 "examd to stop" gone
	fi
}

# Everything is made beside the place where it will be, and moved there when it is whole.
fill() {
	say "Making a data directory with a bank, exams and an example roster ..."
	trap end_filling EXIT
	rm -rf "$data.new" "$dir/passwords"
	first=$("$examd" init "$data.new" --admin admin | sed -n 's/^one-time password: //p')
	start "$data.new" --listen 127.0.0.1:0
	own_password admin "$first"
	roster >"$dir/roster.csv"
	as admin people import "$dir/roster.csv"
	for user in ana ben chloe pat ines; do
		as admin people reset-password $user
		first=$(sed -n "s/^$user: .*: //p" "$dir/answer")
		own_password $user "$first"
	done
	for bank in cpc-style facility-style kinds-starter; do as admin bank load "questions/banks/$bank.yaml"; done
	for exam_name in cpc cpc-short cpc-demo coc ccs ccs-short cca cca-short cic kinds; do
		as admin exam load "questions/banks/$exam_name.yaml"
	done
	for user in admin ana ben chloe pat ines; do as $user logout; done
	end_filling
	trap - EXIT
	mv "$data.new" "$data"
}

password_of() { sed -n "s/^$1 //p" "$dir/passwords"; }

tell() {
	browser=
	if grep -aq /assets/index- "$examd"; then # built with the web client
		browser="
Any of it in a browser:  https://$server/   (it believes the server by $data/classroom-ca.crt)
"
	fi
	cat <<END

examd serves on $server.  Its log is $dir/examd.log
The passwords of its people are in $dir/passwords
$browser
Practice, as Ana (password $(password_of ana)):
  $exam --user ana --pin $pin $server

A sitting, as Ines the instructor (password $(password_of ines)), with slips for the group "class":
  export EXAMCTL_SERVER=$server EXAMCTL_PIN=$pin
  $examctl login ines
  $examctl sitting create --exam cpc-short --title "Mock exam" --group class
  $examctl sitting open 1
  $examctl sitting slips 1 --print-join
  $exam 'exam://...'        (one of the join lines, in another terminal)
  $examctl console 1

Stop it:   sh daemon/quickstart.sh --stop$again
END
}

# The whole of it.
serve() {
	umask 077
	if runs; then
		say "examd runs already."
	else
		check_disk
		if [ ! -d "$data" ] || [ ! -x "$examd" ]; then
			[ "$programs" = as_they_are ] || build_release
			[ -d "$data" ] || fill
		fi
		# shellcheck disable=SC2086
		start "$data" ${port:+--port "$port"}
	fi
	where
	tell
}
