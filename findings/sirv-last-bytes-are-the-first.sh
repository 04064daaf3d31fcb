#!/bin/sh
# SPDX-License-Identifier: MIT
#
# sirv 3.0.2 (npm; the server of "vite preview" and SvelteKit): asked for the
# last five bytes of a file (Range: bytes=-5), it sends the first six, with
# status 206 and a Content-Range that says so. Programs that read the end of a
# file first, as of a zip or Parquet file, get its beginning. The range without
# a first number is read as one from 0. And of two ranges only the first is
# sent, as if it had been the only one.
#
# Guess: the last five, as from every other server that was tried (RFC 9110,
#        section 14.1.2); for two ranges 200 and all, or both in parts.
# Seen (20 bytes, 0123456789abcdefghij):
#        bytes=-5: 206, bytes 0-5/20, 012345
#        bytes=15-: 206, bytes 15-19/20, fghij
#        bytes=0-4,10-14: 206, bytes 0-4/20, 01234

set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

for tool in node npm; do
	command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
cd "$dir"
npm install --silent --no-audit --no-fund --prefix "$dir" sirv@3.0.2 \
	>"$dir/log" 2>&1 ||
	{ echo "skipped: sirv 3.0.2 cannot be had"; exit 77; }
mkdir "$dir/files"
printf 0123456789abcdefghij >"$dir/files/file.txt"
cat >"$dir/ask.cjs" <<'JS'
const http = require("http");
const serve = require("sirv")(process.argv[2]);
const expected = {
  "bytes=-5": "206 bytes 0-5/20 012345",
  "bytes=15-": "206 bytes 15-19/20 fghij",
  "bytes=0-4,10-14": "206 bytes 0-4/20 01234",
};

const server = http.createServer((req, res) => serve(req, res));
server.listen(0, "127.0.0.1", async () => {
  let same = true;
  for (const range of Object.keys(expected)) {
    const res = await fetch(
      `http://127.0.0.1:${server.address().port}/file.txt`,
      { headers: { range } });
    const seen = `${res.status} ${res.headers.get("content-range")} ` +
      await res.text();
    console.log(`${range}: ${seen}`);
    same = same && seen === expected[range];
  }
  process.exit(same ? 0 : 1);
});
JS
node "$dir/ask.cjs" "$dir/files"
