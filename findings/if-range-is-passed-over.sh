#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Servers in Python that send validators and do ranges, and do not look at
# If-Range, the field by which a client that continues a download asks "only if
# it is still the same" (RFC 9110, 13.1.5). aiohttp 3.14.5 heeds a date in it and
# passes over its own entity tag; CherryPy 18.10.0 and Twisted 26.10.0 pass over
# both. The answer after a change is the rest of the new file, as 206, for the
# client to put behind the beginning of the old one.
#
# Guess: the tag or the date does not match any more: 200 and the whole file.
# Seen (after the change; the validator that was sent with the first answer):
#        aiohttp: tag 206, date 200; CherryPy: tag 206, date 206; Twisted sends
#        no tag: date 206

set -eu
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$dir"' EXIT

python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q aiohttp==3.14.5 cherrypy==18.10.0 \
	twisted==26.10.0 ||
	{ echo "skipped: these versions cannot be had"; exit 77; }
mkdir "$dir/www"

cat >"$dir/serve.py" <<'PY'
import sys

kind, port = sys.argv[1], int(sys.argv[2])
if kind == "aiohttp":
    from aiohttp import web
    app = web.Application()
    app.router.add_static("/", "www")
    web.run_app(app, host="127.0.0.1", port=port, print=None)
elif kind == "cherrypy":
    import os

    import cherrypy
    cherrypy.config.update({"server.socket_host": "127.0.0.1",
                            "server.socket_port": port, "log.screen": False})
    cherrypy.quickstart(type("Root", (), {})(), "/", {"/": {
        "tools.staticdir.on": True,
        "tools.staticdir.dir": os.path.abspath("www"),
        "tools.etags.on": True, "tools.etags.autotags": True}})
else:
    from twisted.internet import reactor
    from twisted.web import server, static
    reactor.listenTCP(port, server.Site(static.File("www")),
                      interface="127.0.0.1")
    reactor.run()
PY

cat >"$dir/ask.py" <<'PY'
import http.client
import os
import sys
import time

port, want = int(sys.argv[1]), sys.argv[2]


def write(letter, seconds):
    with open("file.new", "wb") as file:
        file.write(letter * 1000)
    os.utime("file.new", (seconds, seconds))
    os.rename("file.new", "www/file.bin")


def ask(**fields):
    for _ in range(300):
        conn = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            conn.connect()
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    conn.request("GET", "/file.bin", headers={
        name.replace("_", "-"): value for name, value in fields.items()})
    response = conn.getresponse()
    return response.status, response.headers, response.read()


write(b"A", 1700000000)
_, first, _ = ask()
write(b"B", 1750000000)
seen = []
for name, value in ("tag", first["ETag"]), ("date", first["Last-Modified"]):
    if value:
        status, _, body = ask(Range="bytes=600-", If_Range=value)
        seen.append("%s %d" % (name, status))
        if body != b"B" * (400 if status == 206 else 1000):
            seen.append("another body")
print(", ".join(seen))
sys.exit(", ".join(seen) != want)
PY

cd "$dir"
port=$(venv/bin/python -c 'import socket; s = socket.socket()
s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
look() {
	venv/bin/python serve.py "$1" "$port" >log 2>&1 &
	server=$!
	printf '%s: ' "$1"
	venv/bin/python ask.py "$port" "$2"
	kill "$server"
	wait "$server" || :
	server=
	port=$((port + 1))
}
look aiohttp 'tag 206, date 200'
look cherrypy 'tag 206, date 206'
look twisted 'date 206'
