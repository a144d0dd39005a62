#!/bin/sh
# build.sh SOURCE PROTO BUILD OUT: makes the web client in the folder BUILD and OUT, the C file that
# holds it.  SOURCE is left as it is.
set -eu
source=$1 proto=$2 build=$3 out=$4
sh "$source/install.sh" "$source" "$build"
cd "$build"
rm -rf src gen public dist
cp -R "$source/src" "$source/public" "$source/index.html" "$source/tsconfig.json" "$source/vite.config.ts" .
mkdir gen
protoc --plugin=protoc-gen-es=node_modules/.bin/protoc-gen-es --es_out=gen --es_opt=target=ts \
	-I "$(dirname "$proto")" "$proto"
npx --no-install tsc --noEmit
npx --no-install vite build --logLevel warn
node "$source/embed.mjs" dist "$out"
