#!/bin/sh
# SPDX-License-Identifier: MIT
#
# libcurl 8.23.0 (in pycurl 7.49.0) rewrites the escapes of a path, and only
# those: "%c3%a9" is sent as "%C3%A9". The same escapes in the query go out as
# they were written. Who signs the URL that was given to libcurl signs a path
# that the server does not see; libcurl 7.88.1 sends both unchanged.
#
# Guess: a URL that is valid already is sent byte for byte, as it always was;
# or, if escapes are normalised (RFC 3986, 6.2.2.1), in path and query alike.
# Seen:  given /caf%c3%a9?q=caf%c3%a9, sent /caf%C3%A9?q=caf%c3%a9

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

seen = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        seen.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


print(pycurl.version)
if "libcurl/8.23.0" not in pycurl.version:
    print("skipped: this pycurl has another libcurl")
    sys.exit(77)
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
given = "/caf%c3%a9?q=caf%c3%a9"
curl = pycurl.Curl()
curl.setopt(pycurl.PROXY, "")
curl.setopt(pycurl.URL, f"http://127.0.0.1:{server.server_port}{given}")
curl.setopt(pycurl.WRITEDATA, io.BytesIO())
curl.perform()
print("given", given)
print("sent ", seen[0])
sys.exit(seen != ["/caf%C3%A9?q=caf%c3%a9"])
PY
"$dir/venv/bin/python" "$dir/ask.py"
