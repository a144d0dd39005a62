#!/bin/sh
# install.sh SOURCE FOLDER: the packages that drive a browser, once, as they are locked.
set -eu
mkdir -p "$2"
cd "$2"
lock=$(sha256sum <"$1/package-lock.json")
[ -e installed ] && [ "$(cat installed)" = "$lock" ] && exit 0
rm -f installed
cp "$1/package.json" "$1/package-lock.json" .
npm ci --no-audit --no-fund --prefer-offline --loglevel=error
printf '%s\n' "$lock" >installed
