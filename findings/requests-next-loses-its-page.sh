#!/bin/sh
# SPDX-License-Identifier: MIT
#
# requests 2.34.2 and httpx 0.28.1, response.links: a URL in a Link field is cut
# at a semicolon, which a query may hold as it is (RFC 3986, 3.4) and which is no
# delimiter between "<" and ">" (RFC 8288, 3). What is behind it becomes a
# parameter of the link, and is lost for who takes ["next"]["url"]: where that is
# the number of the page, the next page is the first one again, with status 200,
# for ever.
#
# Guess: the URL as it stands between the brackets; at the worst none.
# Seen:  <http://127.0.0.1/items?ids=1;2&page=2>; rel="next"
#        next: http://127.0.0.1/items?ids=1

set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q requests==2.34.2 httpx==0.28.1 ||
	{ echo "skipped: requests 2.34.2 or httpx 0.28.1 cannot be had"; exit 77; }

cat >"$dir/ask.py" <<'PY'
import http.server
import sys
import threading

import httpx
import requests


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Link", '<http://127.0.0.1/items?ids=1;2&page=2>; '
                         'rel="next"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = "http://127.0.0.1:%d/items?ids=1;2" % server.server_address[1]
same = True
for name, get in ("requests", requests.get), ("httpx", httpx.get):
    following = get(url).links["next"]["url"]
    print(name, "next:", following)
    same = same and following == "http://127.0.0.1/items?ids=1"
sys.exit(not same)
PY
"$dir/venv/bin/python" "$dir/ask.py"
