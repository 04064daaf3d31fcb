#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tinyproxy 1.11.1 (Debian 12) answers in HTTP/1.1, with a Content-Length and
# without "Connection: close", which means that the connection persists (RFC
# 9112, 9.3), and closes it after each answer all the same. A client that keeps
# connections finds each of them dead; its next request may already be on the
# way, and a POST is then lost, or done twice by a client that sends it again.
#
# Guess: a proxy that takes one request a connection says "Connection: close",
# or answers in HTTP/1.0.
# Seen:  HTTP/1.1 200 OK, Content-Length: 2, no Connection field; then the end
#        of the connection within 1 s, 3 times of 3

set -eu
dir=$(mktemp -d)
proxy=
trap 'test -z "$proxy" || kill "$proxy"; rm -rf "$dir"' EXIT

command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
command -v tinyproxy >/dev/null ||
	{ echo "skipped: no tinyproxy (Debian: tinyproxy-bin)"; exit 77; }
tinyproxy -v | grep -q '1\.11\.1' ||
	{ echo "skipped: this tinyproxy is not 1.11.1"; exit 77; }

port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$dir/conf" <<N
Port $port
Listen 127.0.0.1
Timeout 60
Allow 127.0.0.1
N
tinyproxy -d -c "$dir/conf" >"$dir/log" 2>&1 &
proxy=$!

cat >"$dir/ask.py" <<'PY'
import http.client
import http.server
import socket
import sys
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


def connect(port):
    for _ in range(100):
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            time.sleep(0.1)
    sys.exit("the proxy does not listen")


proxy = int(sys.argv[1])
origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=origin.serve_forever, daemon=True).start()
host = f"127.0.0.1:{origin.server_port}"
closed = 0
for _ in range(3):
    s = connect(proxy)
    s.settimeout(1)
    s.sendall(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    answer = http.client.HTTPResponse(s)
    answer.begin()
    body = answer.read()
    persists = (answer.version == 11 and not answer.will_close
                and answer.getheader("Connection") is None)
    if persists and body == b"ok":
        try:
            closed += s.recv(1) == b""
        except TimeoutError:
            pass
print("HTTP/1.%d" % (answer.version - 10), answer.status, answer.reason)
print(answer.headers)
print(f"persists by what it says, and is closed within 1 s: {closed} of 3")
sys.exit(closed != 3)
PY
python3 "$dir/ask.py" "$port"
