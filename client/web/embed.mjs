// embed.mjs DIST OUT: the built files as a C table (daemon/front/web_files.h), each as it is, by gzip
// and by brotli when that is shorter.  Tells their compressed size, and fails above the budget.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const BUDGET = 90 * 1024; // bytes, compressed, of everything a browser loads
const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};
const [dist, out] = process.argv.slice(2);

function walk(dir, at = "") {
  return readdirSync(join(dir, at)).sort().flatMap((name) => {
    const path = join(at, name);
    return statSync(join(dir, path)).isDirectory() ? walk(dir, path) : [path];
  });
}

function array(bytes) {
  const lines = [];
  for (let i = 0; i < bytes.length; i += 24) lines.push([...bytes.subarray(i, i + 24)].join(","));
  return lines.join(",\n");
}

const encoders = {
  br: (b) => brotliCompressSync(b, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: b.length } }),
  gzip: (b) => gzipSync(b, { level: 9 }),
};
const arrays = [], rows = [];
let total = 0;
for (const path of walk(dist)) {
  const type = types[extname(path)];
  if (type === undefined) throw new Error(`no content type for ${path}`);
  const plain = readFileSync(join(dist, path));
  const forms = Object.entries(encoders).map(([name, encode]) => [name, encode(plain)])
    .filter(([, bytes]) => bytes.length < plain.length);
  forms.push([null, plain]);
  total += forms[0][1].length;
  for (const [encoding, bytes] of forms) {
    const name = `f${rows.length}`;
    arrays.push(`static const uint8_t ${name}[] = {\n${array(bytes)}};`);
    rows.push(`    {${JSON.stringify(path === "index.html" ? "/" : "/" + path)}, ${JSON.stringify(type)}, ` +
      `${encoding === null ? "NULL" : JSON.stringify(encoding)}, ${path.startsWith("assets/")}, ` +
      `${name}, ${name} + sizeof ${name}},`);
  }
}
writeFileSync(out, `/* Made by embed.mjs. */
#include "daemon/front/web_files.h"

${arrays.join("\n")}

const struct web_file web_files[] = {
${rows.join("\n")}
};
const size_t nweb_files = sizeof web_files / sizeof *web_files;
`);
console.log(`web client: ${(total / 1024).toFixed(1)} KiB compressed`);
if (total > BUDGET) {
  console.error(`that is more than ${BUDGET / 1024} KiB`);
  process.exit(1);
}
