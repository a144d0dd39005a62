# stage.sh: what the scripts of this folder have in common; read by them, not run.
#
# Before it is read: name (of the script), kept (the folder of the captures), and "$@" as the script
# got it.  The script defines mask(), a filter that hides what differs from run to run.
#
# A script tells its story in a terminal that has one size from its beginning to its end.  The kept
# files of that size are all made by it: one that it does not make any more is an error, too.

usage() { echo "usage: $name.sh BUILD 80x24|120x40 [--update]" >&2; exit 2; }
build=${1-} size=${2-} update=${3-}
case $size in
80x24) other=120x40 ;;
120x40) other=80x24 ;;
*) usage ;;
esac
case $update in '' | --update) ;; *) usage ;; esac
columns=${size%x*} rows=${size#*x}
dir=$(mktemp -d "${TMPDIR:-/tmp}/screens.XXXXXX")
daemon= clients= differ=0

command -v tmux >/dev/null || { echo "$name.sh: tmux is not installed" >&2; exit 1; }
tm() { env -u TMUX tmux -S "$dir/tmux" -f /dev/null -u "$@"; }

cleanup() {
	tm kill-server 2>/dev/null || :
	for pid in $clients $daemon; do kill "$pid" 2>/dev/null || :; done
	wait 2>/dev/null || :
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

die() { echo "$name.sh: $*" >&2; [ ! -e "$dir/tmux" ] || tm capture-pane -p -t c >&2; exit 1; }

# comes_true SECONDS COMMAND...: the command succeeds, within so many seconds.
comes_true() {
	tries=$(($1 * 10))
	shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}
# until_true WHAT COMMAND...: until the command succeeds, 30 s at most.
until_true() {
	what=$1
	shift
	comes_true 30 "$@" || die "waited in vain for: $what"
}
on_screen() { tm capture-pane -p -t c | grep -qE "$1"; }
# The screen shows all of these.
shows() { for pattern; do until_true "$pattern" on_screen "$pattern"; done; }
press() { tm send-keys -t c "$@"; }
type_text() { tm send-keys -t c -l "$1"; }
secret() { (umask 077 && printf '%s\n' "$2" >"$dir/$1"); }

# terminal TERMINAL COMMAND: a terminal of the story's size, in which the command runs.
terminal() { tm new-session -d -s "$1" -x "$columns" -y "$rows" "$2"; }
# The program in the only terminal has ended.
gone() {
	until_true "the end of the program" \
		sh -c "! env -u TMUX tmux -S '$dir/tmux' has-session 2>/dev/null"
}
resize() { tm resize-window -t c -x "${1%x*}" -y "${1#*x}"; }

serve() { # serve PORT
	"$build/examd" run -d "$dir/data" -o "listen=127.0.0.1:$1" >"$dir/serving" 2>>"$dir/log" &
	daemon=$!
	until_true "the daemon" grep -q serving "$dir/serving"
}
no_server() {
	kill "$daemon"
	wait "$daemon" || :
}

masked() { tm capture-pane -p -t "$1" | mask; } # masked TERMINAL

# ---- Comparing ------------------------------------------------------------------------------

is_as_kept() { masked c | cmp -s "$1" -; }
same_twice() {
	masked c >"$dir/once"
	sleep 0.3
	is_as_kept "$dir/once"
}
# compare FILE: what is shown is this file.  A screen comes to a terminal in pieces: it is what it
# becomes that counts.
compare() {
	if [ ! -f "$1" ]; then
		echo "$name.sh: $1 is not kept" >&2
	elif ! comes_true 10 is_as_kept "$1"; then
		masked c | diff -u "$1" - || :
		echo "$name.sh: $1 differs" >&2
	else
		return 0
	fi
	differ=1
}
# screen NAME: compare (or keep) what is shown now.
screen() {
	echo "$1.$size.txt" >>"$dir/made"
	if [ "$update" = --update ]; then
		mkdir -p "$kept"
		until_true "a screen that stands still" same_twice
		masked c >"$kept/$1.$size.txt"
	else
		compare "$kept/$1.$size.txt"
	fi
}
# screen_resized NAME: the same, and a window that changes its size shows what it would show, had it
# had that size from the start; there and back.
screen_resized() {
	screen "$1"
	[ "$update" != --update ] || return 0
	resize "$other"
	compare "$kept/$1.$other.txt"
	resize "$size"
	compare "$kept/$1.$size.txt"
}
# The end of a story: what is kept and was not made is out of date.
the_end() {
	for file in "$kept"/*; do
		case $file in *."$other".txt) continue ;; esac
		! grep -qxF "${file##*/}" "$dir/made" || continue
		if [ "$update" = --update ]; then
			rm "$file"
		else
			echo "$name.sh: $file is not made any more" >&2
			differ=1
		fi
	done
	exit $differ
}
