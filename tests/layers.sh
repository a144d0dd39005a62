#!/bin/sh
# layers.sh: prints every include that goes up, or sideways to a layer that it must not know.
# The table is that of DESIGN.md: folder, then the folders it may include from besides itself.
set -eu
cd "$(dirname "$0")/.."
table='
proto/base
proto/wire           proto/base
proto/stream         proto/base
questions/model      proto/base
questions/text       questions/model proto/base
questions/tables     questions/model proto/base
questions/check      questions/tables questions/model proto/base
questions/generate   questions/tables questions/model proto/base
questions/exchange   questions/model proto/base
daemon/record        questions/model proto/base
daemon/confine       proto/base
client/lib           proto/stream proto/wire proto/base
daemon/engine        daemon/record questions/model proto/base
daemon/store         daemon/record proto/base
daemon/report        daemon/record questions/model proto/base
daemon/front         daemon/confine proto/stream proto/wire proto/base
daemon/service       daemon/confine daemon/engine daemon/store daemon/report daemon/front daemon/record questions/text questions/check questions/exchange questions/model proto/stream proto/wire proto/base
'
bad=0
printf '%s\n' "$table" | {
	while read -r folder may; do
		[ -n "$folder" ] && [ -d "$folder" ] || continue
		for file in "$folder"/*.[ch]; do
			[ -e "$file" ] || continue
			case $file in */test_*|*/bench_*) continue ;; esac
			for inc in $(sed -n 's/^[ \t]*#[ \t]*include "\([^"]*\)".*/\1/p' "$file"); do
				ok=0
				for dir in "$folder" $may; do
					[ "${inc%/*}" = "$dir" ] && ok=1
				done
				if [ $ok = 0 ]; then
					echo "$file: includes $inc, which $folder must not know"
					bad=1
				fi
			done
		done
	done
	exit $bad
}
