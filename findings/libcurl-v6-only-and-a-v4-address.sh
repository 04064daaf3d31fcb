#!/bin/sh
# SPDX-License-Identifier: MIT
#
# libcurl 8.23.0 (in pycurl 7.49.0), told to use IPv6 alone (curl -6,
# CURLOPT_IPRESOLVE = CURL_IPRESOLVE_V6), connects to an IPv4 address that
# stands in the URL as a number. The option rules look-ups of names, and a
# number is not looked up any more.
#
# Guess: the request fails before anything is sent, as it does with libcurl
# 7.88.1: "Couldn't connect to server".
# Seen:  status 200 from 127.0.0.1

set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q pycurl==7.49.0 ||
	{ echo "skipped: pycurl 7.49.0 cannot be had"; exit 77; }

cat >"$dir/ask.py" <<'PY'
import http.server
import io
import sys
import threading

import pycurl


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


print(pycurl.version)
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
curl = pycurl.Curl()
curl.setopt(pycurl.PROXY, "")
curl.setopt(pycurl.IPRESOLVE, pycurl.IPRESOLVE_V6)
curl.setopt(pycurl.URL, f"http://127.0.0.1:{server.server_port}/")
curl.setopt(pycurl.WRITEDATA, io.BytesIO())
try:
    curl.perform()
except pycurl.error as error:
    print("failed:", error)
    sys.exit(1)
status = curl.getinfo(pycurl.RESPONSE_CODE)
address = curl.getinfo(pycurl.PRIMARY_IP)
print(f"IPv6 alone: status {status} from {address}")
sys.exit((status, address) != (200, "127.0.0.1"))
PY
"$dir/venv/bin/python" "$dir/ask.py"
