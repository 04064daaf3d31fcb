#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tornado 6.6.1, StaticFileHandler: it reads a file once, for the hash that is
# its entity tag, and keeps that hash until the process ends. When the file
# changes, the new content is sent with the tag of the old one. So a client that
# asks with If-None-Match gets a 304 for ever, and one that continues a broken
# download with If-Range gets a 206 with the rest of another file, under the
# same strong tag. Only Last-Modified, which is looked up each time, tells.
#
# Guess: the tag changes with the file; 200 and the new content for both.
# Seen (1,000 bytes of "A", then of "B", with a later time):
#        If-None-Match: 304; Last-Modified is a later one
#        Range and If-Range: 206, the first tag, "B"

set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q tornado==6.6.1 ||
	{ echo "skipped: tornado 6.6.1 cannot be had"; exit 77; }

cat >"$dir/ask.py" <<'PY'
import http.client
import os
import sys
import threading

import tornado.httpserver
import tornado.ioloop
import tornado.netutil
import tornado.web


def write(letter, seconds):
    with open("file.new", "wb") as file:
        file.write(letter * 1000)
    os.utime("file.new", (seconds, seconds))
    os.rename("file.new", "file.bin")


def ask(port, **fields):
    conn = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    conn.request("GET", "/file.bin", headers={
        name.replace("_", "-"): value for name, value in fields.items()})
    response = conn.getresponse()
    return response.status, response.headers, response.read()


socket, = tornado.netutil.bind_sockets(0, "127.0.0.1")
port = socket.getsockname()[1]


def serve():
    app = tornado.web.Application([
        (r"/(.*)", tornado.web.StaticFileHandler, {"path": os.getcwd()})])
    tornado.httpserver.HTTPServer(app).add_sockets([socket])
    tornado.ioloop.IOLoop.current().start()


threading.Thread(target=serve, daemon=True).start()
write(b"A", 1700000000)
first, old, body = ask(port)
tag = old["ETag"]
write(b"B", 1750000000)
unchanged, new, _ = ask(port, If_None_Match=tag)
part, rest, end = ask(port, Range="bytes=600-", If_Range=tag)
print("%d; If-None-Match: %d, Last-Modified %s" % (
    first, unchanged, "the same"
    if new["Last-Modified"] == old["Last-Modified"] else "another"))
print("Range and If-Range: %d, %s tag, %d bytes of %s" % (
    part, "the same" if rest["ETag"] == tag else "another", len(end),
    end[:1]))
sys.exit(not ((first, unchanged, part) == (200, 304, 206)
              and rest["ETag"] == tag and not tag.startswith("W/")
              and end == b"B" * 400
              and new["Last-Modified"] != old["Last-Modified"]))
PY
cd "$dir" && "$dir/venv/bin/python" ask.py
