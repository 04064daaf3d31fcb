#!/bin/sh
# SPDX-License-Identifier: MIT
#
# wget2 1.99.1 (Debian 12) exits with 0 when the server refused the request or
# broke, unless that was a 401 or a 404: 400, 403, 410, 429, 500, 502, 503 and 504
# are no failure, and with -q there is not a word of them. Its manual lists 8,
# "server issued an error response", among the exit statuses. A script that looks
# at the exit status takes a list of pages for complete, although a limiter
# refused most of them. (wget2 2.2.0, of Debian 13, exits with 8 after a 5xx, and
# still with 0 after 400, 403, 410 and 429.)
#
# Guess: 8 after any 4xx or 5xx, as with Wget.
# Seen:  400 0, 401 6, 403 0, 404 8, 410 0, 429 0, 500 0, 502 0, 503 0, 504 0

set -eu
dir=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server"; rm -rf "$dir"' EXIT
cd "$dir"

for tool in apt-get dpkg-deb python3; do
	command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
apt-get -qq download wget2=1.99.1-2.2 libwget0=1.99.1-2.2 2>/dev/null ||
	{ echo "skipped: apt has no wget2 1.99.1-2.2 (Debian 12)"; exit 77; }
for package in *.deb; do
	dpkg-deb -x "$package" root
done
LD_LIBRARY_PATH=$(dirname "$(find "$dir/root" -name 'libwget.so*' | head -n 1)")
export LD_LIBRARY_PATH
wget2=$dir/root/usr/bin/wget2
"$wget2" --version >version 2>&1 ||
	{ echo "skipped: wget2 wants: $(cat version)"; exit 77; }
head -n 1 version

cat >server.py <<'PY'
import http.server


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(int(self.path[1:]))
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"no")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
PY
python3 server.py >port &
server=$!
until [ -s port ]; do sleep 0.1; done
url=http://127.0.0.1:$(cat port)

seen=
for status in 200 400 401 403 404 410 429 500 502 503 504; do
	code=0
	timeout 30 "$wget2" --no-config -q -O "got.$status" "$url/$status" ||
		code=$?
	seen="$seen $status:$code"
done
echo "status:exit$seen"
[ "$seen" = " 200:0 400:0 401:6 403:0 404:8 410:0 429:0 500:0 502:0 503:0 504:0" ]
