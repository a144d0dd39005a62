# stage.sh: what the scripts of this folder have in common; read by them, not run.
#
# Before it is read: name (of the script), kept (the folder of the captures), and "$@" as the script
# got it.  The script defines mask(), a filter that hides what differs from run to run.
[ $# -ge 1 ] || { echo "usage: $name.sh BUILD [--update]" >&2; exit 2; }
build=$1 update=${2-}
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

# until_true WHAT COMMAND...: until the command succeeds, 30 s at most.
until_true() {
	what=$1 tries=300
	shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || die "waited in vain for: $what"
		sleep 0.1
	done
}
on_screen() { tm capture-pane -p -t c | grep -qE "$1"; }
# The screen shows all of these.
shows() { for pattern; do until_true "$pattern" on_screen "$pattern"; done; }
press() { tm send-keys -t c "$@"; }
type_text() { tm send-keys -t c -l "$1"; }
size() { tm resize-window -t c -x "$1" -y "$2"; }
secret() { (umask 077 && printf '%s\n' "$2" >"$dir/$1"); }

masked() { tm capture-pane -p -t "$1" | mask; } # masked TERMINAL

# screen NAME: compare (or keep) what is shown now.
screen() {
	file=$kept/$1.$(tm display-message -p -t c '#{window_width}x#{window_height}').txt
	if [ "$update" = --update ]; then
		mkdir -p "$kept"
		masked c >"$file"
	elif ! masked c | diff -u "$file" -; then
		echo "$name.sh: $file differs" >&2
		differ=1
	fi
}
