#!/bin/sh
# SPDX-License-Identifier: MIT
#
# curl 7.88.1 (Debian 12) with --etag-compare and --etag-save, as cron jobs use
# them to keep a copy of a file: the tag is saved when the header fields come,
# not when the body is there. A download that is cut ends with status 18 and
# leaves a part of the file, with the tag of the whole. Every later run sends
# that tag, gets a 304 and ends with 0: the cut file stays until the server has
# a new one. With --remove-on-error the part is removed and the tag stays: a 304,
# status 0, and no file at all. (curl 8.14.1 does the same.)
#
# Guess: the tag is written after a success only, so that the next run gets the
# whole file.
# Seen (100,000 bytes, the first answer cut after 30,000):
#        18, then 304 and status 0 three times, 30,000 bytes
#        --remove-on-error: 18, then 304 and status 0 three times, no file

set -eu
dir=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server"; rm -rf "$dir"' EXIT
skip() {
	echo "skipped: $*"
	exit 77
}

for tool in curl python3; do
	command -v "$tool" >/dev/null || skip "$tool is not installed"
done
curl --version | head -n 1 | grep -q '^curl 7\.88\.1 ' ||
	skip "this curl is not 7.88.1"
cd "$dir"

cat >server.py <<'PY'
import http.server

BODY = bytes(100000)
seen = set()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        same = self.headers.get("If-None-Match") == '"one"'
        first = self.path not in seen
        seen.add(self.path)
        self.send_response(304 if same else 200)
        self.send_header("ETag", '"one"')
        if not same:
            self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if not same:
            self.wfile.write(BODY[:30000] if first else BODY)
            self.close_connection = first

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
PY
python3 server.py >port &
server=$!
until [ -s port ]; do sleep 0.1; done

# Four runs of one cron job, NAME being its file. Options come after NAME.
runs() {
	name=$1
	shift
	for _ in 1 2 3 4; do
		code=0
		status=$(curl -q -s --noproxy '*' "$@" --etag-compare "$name.tag" \
			--etag-save "$name.tag" -o "$name" -w '%{http_code}' \
			"http://127.0.0.1:$(cat port)/$name") || code=$?
		size=none
		[ ! -e "$name" ] || size=$(wc -c <"$name")
		echo "$status exit $code, file: $size, tag: $(cat "$name.tag")"
	done
}
echo "curl --etag-compare --etag-save:"
runs plain | tee plain.seen
echo "the same with --remove-on-error:"
runs removed --remove-on-error | tee removed.seen

cut='exit 18, file:'
kept='304 exit 0, file:'
[ "$(cat plain.seen)" = "200 $cut 30000, tag: \"one\"
$kept 30000, tag: \"one\"
$kept 30000, tag: \"one\"
$kept 30000, tag: \"one\"" ] && [ "$(cat removed.seen)" = "200 $cut none, tag: \"one\"
$kept none, tag: \"one\"
$kept none, tag: \"one\"
$kept none, tag: \"one\"" ]
