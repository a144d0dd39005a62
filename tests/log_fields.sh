#!/bin/sh
# log_fields.sh [FILE...]: prints every field of a log line whose name, or the expression of whose
# value, says that it holds what no log may hold: an answer, a key, a password, a token, a name.
# Without FILEs: all C files but tests.
set -eu
if [ $# = 0 ]; then
	cd "$(dirname "$0")/.."
	# shellcheck disable=SC2046
	set -- $(find proto questions daemon client -name '*.c' ! -name 'test_*' | sort)
fi
exec python3 - "$@" <<'END'
import re, sys

FORBIDDEN = set("""answer answers choice choices letter letters rationale stem key keys secret secrets
    password passwords token tokens slip slips seed salt name names user login who person candidate
    email title reason text note notes body pin""".split())
# What the program says of itself: its processes, statements, settings and events.
OF_ITS_OWN = {
    ("process", "name_of(s, c)"), ("doing", "names[rows[i].ask]"), ("setting", "name"),
    ("event", "log_event_name(event)"), ("detail", "diag->entries[i].text"),
    ("file", "name"),
}
FIELD = re.compile(r'F_(?:TEXT|INT)\(\s*"([^"]*)"\s*,\s*((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)')
seen, bad = 0, []
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as f:
        for name, value in FIELD.findall(f.read()):
            seen += 1
            value = " ".join(value.split())
            words = set(re.findall(r"[a-z]+", name + " " + re.sub(r'"[^"]*"|buf_text', "", value)))
            if words & FORBIDDEN and (name, value) not in OF_ITS_OWN:
                bad.append(f"{path}: {name} = {value}")
print(*bad, sep="\n", end="\n" if bad else "")
sys.exit(1 if bad or not seen else 0)
END
