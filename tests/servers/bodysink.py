# SPDX-License-Identifier: MIT
"""
bodysink: a server that reads whole bodies and keeps what came, and what the
tests of such requests share.

    sink = Sink(script)
    sink.url, sink.came

`script` may answer in place of it: script(handler, nth, sink) -> True if it did.
"""
import http.server
import os
import threading

from harness import fetchpool
from tap import check, equal, temp_dir


class Sink:
    """.came has (method, path, headers, what keep() makes of the body)."""

    def __init__(self, script=None):
        self.came = []
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self):
                nth = len(sink.came) + 1
                if script and script(self, nth, sink):
                    return
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.came.append((self.command, self.path, dict(self.headers),
                                  sink.keep(body)))
                self.answer(201, b'"stored"')

            def answer(self, status, body, *headers):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_PUT = do_POST = do_PATCH = do

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def keep(self, body):
        return body


def read_on(handler, n_read):
    """Reads on after so many bytes. How many came; fewer than there should be,
    and the connection is over."""
    whole = int(handler.headers["Content-Length"])
    came = n_read
    while came < whole:
        n = len(handler.rfile.read(min(65536, whole - came)))
        if n == 0:
            handler.close_connection = True
            break
        came += n
    return came, whole


def fails_once(path):
    """A script that fails the first of each two requests before it has the
    body; by the second one that it fails, the file has grown."""
    def script(handler, nth, sink):
        if nth not in (1, 3):
            return False
        handler.rfile.read(int(handler.headers["Content-Length"]) // 2)
        sink.came.append(None)
        if nth == 3:
            with open(path, "ab") as file:
                file.write(b"more")
        handler.close_connection = True
        handler.answer(503, b"0", ("Retry-After", "0"), ("Connection", "close"))
        return True

    return script


def folder(files):
    at = temp_dir()
    for name, data in files.items():
        os.makedirs(os.path.dirname(os.path.join(at, name)), exist_ok=True)
        with open(os.path.join(at, name), "wb") as file:
            file.write(data)
    return at


def kinds(result):
    return [(r.get("error") or {}).get("kind") for r in result.records]


def messages(result):
    return [(r.get("error") or {}).get("message") for r in result.records]


def is_told_early(status, *args):
    """What the server says before it has read all of a file is the item's."""
    size, got, is_over = 16 << 20, [], threading.Event()

    def refuse(handler, nth, sink):
        handler.close_connection = True
        handler.answer(status, b'{"title":"no"}', ("Connection", "close"))
        handler.wfile.flush()
        got.append(read_on(handler, 0)[0])
        is_over.set()
        return True

    result = fetchpool(["-a", *args, Sink(refuse).url + "/{}"], input="f\n",
                       cwd=folder({"f": bytes(size)}))
    equal((kinds(result), result.records[0]["status"]), (["http"], status),
          repr(result))
    check(is_over.wait(60), "the server still reads")
    check(got[0] < size, "all of it was sent: %r" % got)
