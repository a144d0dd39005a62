#!/bin/sh
# install.sh SOURCE BUILD: the npm packages of the web client, as locked, in the folder BUILD.
set -eu
source=$1 build=$2
mkdir -p "$build"
cd "$build"
lock=$(sha256sum <"$source/package-lock.json")
[ ! -e installed ] || [ "$(cat installed)" != "$lock" ] || exit 0
rm -f installed
cp "$source/package.json" "$source/package-lock.json" .
npm ci --no-audit --no-fund --prefer-offline --loglevel=error
printf '%s\n' "$lock" >installed
