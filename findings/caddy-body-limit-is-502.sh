#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Caddy 2.6.2 (Debian 12): a body over the max_size of request_body is answered
# with 502 where the request goes to reverse_proxy, not with 413. The limit is
# met while the body is copied to the backend, and counts as the backend's
# fault. A client that tries again after a 502, as most do, uploads the same
# too large body again and again.
#
# Guess: 413 (Content Too Large), before anything is asked of the backend.
# Seen:  100 bytes: 200; 100,000 bytes with a limit of 1 kB: 502

set -eu
dir=$(mktemp -d)
server=
backend=
trap 'kill $server $backend; rm -rf "$dir"' EXIT
skip() {
	echo "skipped: $*"
	trap 'rm -rf "$dir"' EXIT
	exit 77
}

for tool in apt-get dpkg curl python3; do
	command -v "$tool" >/dev/null || skip "$tool is not installed"
done
cd "$dir"
apt-get download -q caddy=2.6.2-5 >"$dir/log" 2>&1 ||
	skip "caddy 2.6.2-5 cannot be had"
dpkg -x caddy_*.deb "$dir/caddy"

cat >"$dir/backend.py" <<'PY'
import http.server
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


address = ("127.0.0.1", int(sys.argv[1]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
PY
# Two free ports.
ports=$(python3 -c 'import socket
a, b = socket.socket(), socket.socket()
for s in a, b:
    s.bind(("127.0.0.1", 0))
print(a.getsockname()[1], b.getsockname()[1])')
front=${ports% *} back=${ports#* }
cat >"$dir/Caddyfile" <<N
{
	admin off
	auto_https off
}
http://127.0.0.1:$front {
	bind 127.0.0.1
	request_body {
		max_size 1kB
	}
	reverse_proxy 127.0.0.1:$back
}
N
python3 "$dir/backend.py" "$back" 2>"$dir/backend.log" &
backend=$!
HOME=$dir "$dir/caddy/usr/bin/caddy" run --config "$dir/Caddyfile" \
	--adapter caddyfile 2>"$dir/caddy.log" &
server=$!

post() {
	head -c "$1" /dev/zero | curl -s --noproxy '*' --data-binary @- \
		-o "$dir/answer" -w '%{http_code}' "http://127.0.0.1:$front/"
}
small=
for _ in 1 2 3 4 5 6 7 8 9 10; do
	small=$(post 100) && [ "$small" = 200 ] && break
	sleep 0.5
done
large=$(post 100000)
echo "100 bytes: $small; 100000 bytes with a limit of 1 kB: $large"
[ "$small" = 200 ] && [ "$large" = 502 ]
