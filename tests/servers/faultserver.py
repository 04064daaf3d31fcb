# SPDX-License-Identifier: MIT
"""
faultserver: an HTTP/1 server for what a good server will not send.

A behaviour is a function that gets the connection and the request and writes
raw bytes; its path is what it is asked for by:

    @behaviour("/short_cl")
    def short_cl(conn, request):
        conn.send(HEAD % 100 + b"half")
        conn.close()

If it returns without closing, the connection is kept and the next request is
read. A test can add its own with server.on(path, function). A path that ends
in / stands for all that begin with it.

The server runs in threads of the test's process, one for each connection. It
keeps counts (.connections, .outstanding, .max_outstanding) and a log of what
arrived (.log, a list of Request); wait() waits for a condition on them.
/gate/NAME answers only after open(NAME): so a test can hold a request for as
long as it wants, without any clock.

Run by itself it prints its address and serves until it is interrupted.
"""
import fcntl
import json
import socket
import struct
import sys
import termios
import threading
import time
import urllib.parse

from tap import PATIENCE, Failed, until

# Where addresses have 32 bits, hundreds of the usual size find no room.
if sys.maxsize < 1 << 32:
    threading.stack_size(1 << 19)

MAX_HEAD = 4 << 20
HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
        b"Content-Length: %d\r\n\r\n")
CHUNKED = (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
           b"Transfer-Encoding: chunked\r\n\r\n")
REASONS = {200: b"OK", 201: b"Created", 204: b"No Content", 304:
           b"Not Modified", 400: b"Bad Request", 404: b"Not Found", 429:
           b"Too Many Requests", 500: b"Internal Server Error", 503:
           b"Service Unavailable"}

_behaviours = {}


def behaviour(path):
    def register(function):
        _behaviours[path] = function
        return function
    return register


class Gone(Exception):
    """The connection is closed, by either side."""


class Request:
    """What arrived. .nth counts the requests of the server, from 1."""

    def __init__(self, line, headers):
        self.line = line
        self.headers = headers  # [(name, value)], as sent
        self.method, _, rest = line.partition(" ")
        self.target = rest.rpartition(" ")[0]
        self.path, _, query = self.target.partition("?")
        self.query = query
        self.time = time.monotonic()
        self.connection = self.nth = 0

    def header(self, name):
        """The only value of that header, or None."""
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        return values[0] if len(values) == 1 else None

    def param(self, name, default=b""):
        for part in self.query.split("&"):
            key, _, value = part.partition("=")
            if key == name:
                return urllib.parse.unquote_to_bytes(value)
        return default


class Connection:
    def __init__(self, server, sock, number):
        self.server, self.sock, self.number = server, sock, number
        self.buffer = b""

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            raise Gone from None

    def answer(self, body, type=b"text/plain", status=200, headers=b""):
        """A whole response, framed as it should be. type=None: without."""
        if type is not None:
            headers += b"Content-Type: %s\r\n" % type
        self.send(b"HTTP/1.1 %d %s\r\n%sContent-Length: %d\r\n\r\n%s" % (
            status, REASONS.get(status, b"Whatever"), headers, len(body),
            body))

    def close(self):
        """Closes in good order: what was sent arrives."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        raise Gone

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        raise Gone

    def until_gone(self):
        """Says nothing more, and ends when the client does."""
        try:
            while self.sock.recv(65536):
                pass
        except OSError:
            pass
        raise Gone

    def pause(self, seconds):
        """Waits; ends at once when the client goes."""
        self.sock.settimeout(seconds)
        try:
            if not self.sock.recv(1, socket.MSG_PEEK):
                raise Gone
        except TimeoutError:
            pass
        except OSError:
            raise Gone from None
        finally:
            self.sock.settimeout(None)

    def has_arrived(self):
        """Whether the client's system has acknowledged all that was sent, and
        so gives it to the client whenever that reads."""
        left = fcntl.ioctl(self.sock, termios.TIOCOUTQ, bytes(4))
        return left == bytes(4)

    def read(self):
        try:
            data = self.sock.recv(65536)
        except OSError:
            raise Gone from None
        if not data:
            raise Gone
        self.buffer += data

    def request(self):
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > MAX_HEAD:
                raise Gone
            self.read()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers.append((name, value.strip()))
        return Request(lines[0], headers)


class FaultServer:
    def __init__(self, addresses=("127.0.0.1",)):
        self.addresses = addresses
        lock = threading.RLock()
        self.changed = threading.Condition(lock)
        # For those that are held, so that not all wake up whenever one comes.
        self.opened = threading.Condition(lock)
        self.own = {}
        self.reset()

    def __enter__(self):
        self.listeners, self.port = [], 0
        for address in self.addresses:
            listener = socket.create_server(
                (address, self.port), backlog=512, family=socket.AF_INET6
                if ":" in address else socket.AF_INET)
            self.port = listener.getsockname()[1]
            self.listeners.append(listener)
            threading.Thread(target=self._accept, args=(listener,),
                             daemon=True).start()
        self.url = "http://%s:%d" % (self.addresses[0], self.port)
        return self

    def __exit__(self, *exc):
        for listener in self.listeners:
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()

    def reset(self):
        """Forgets what was counted, logged, opened and added. Answers that
        are still held for an earlier test are given up."""
        with self.changed:
            self.log = []
            self.connections = self.outstanding = self.max_outstanding = 0
            self.gates = set()
            self.own.clear()
            self.age = getattr(self, "age", 0) + 1
            self.opened.notify_all()
            self.changed.notify_all()

    def on(self, path, function):
        self.own[path] = function
        return self.url + path

    def open(self, name):
        """Lets /gate/NAME answer, from now on."""
        with self.changed:
            self.gates.add(name)
            self.opened.notify_all()

    def wait(self, condition, what, timeout=15):
        with self.changed:
            if not self.changed.wait_for(condition, timeout * PATIENCE):
                raise Failed("the server waited in vain for %s; it saw %s" % (
                    what, [r.line for r in self.log][-20:]))

    @property
    def requests(self):
        return len(self.log)

    @property
    def targets(self):
        return [request.target for request in self.log]

    def _accept(self, listener):
        while True:
            try:
                sock = listener.accept()[0]
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.changed:
                self.connections += 1
                number = self.connections
                self.changed.notify_all()
            threading.Thread(target=self._serve, daemon=True, args=(
                Connection(self, sock, number),)).start()

    def _serve(self, conn):
        try:
            while True:
                self._one(conn, conn.request())
        except Gone:
            pass
        finally:
            conn.sock.close()

    def _one(self, conn, request):
        request.connection = conn.number
        with self.changed:
            age = self.age
            self.log.append(request)
            request.nth = len(self.log)
            self.outstanding += 1
            self.max_outstanding = max(self.max_outstanding,
                                       self.outstanding)
            self.changed.notify_all()
        try:
            self._find(request.path)(conn, request)
        finally:
            with self.changed:
                if self.age == age:
                    self.outstanding -= 1
                self.changed.notify_all()

    def _find(self, path):
        for table in (self.own, _behaviours):
            if path in table:
                return table[path]
            for name, function in table.items():
                if name.endswith("/") and path.startswith(name):
                    return function
        return not_found

    def hold(self, name):
        """Waits for open(name); False when the test is over."""
        with self.changed:
            age = self.age
            self.opened.wait_for(
                lambda: name in self.gates or self.age != age)
            return self.age == age


# ---- good answers ----

def not_found(conn, request):
    conn.answer(b"{}", b"application/json", 404)


@behaviour("/ok")
def ok(conn, request):
    conn.answer(b"ok")


@behaviour("/json")
def json_ok(conn, request):
    conn.answer(b'{ "a": 1,\n "b": [1, 2] }', b"application/json")


@behaviour("/gate/")
def gate(conn, request):
    if not conn.server.hold(request.path[len("/gate/"):]):
        conn.close()
    conn.answer(b"opened")


@behaviour("/echo")
@behaviour("/echo/")
@behaviour("/posts/")
def echo(conn, request):
    body = json.dumps({"line": request.line, "target": request.target,
                       "headers": request.headers})
    conn.answer(body.encode(), b"application/json")


@behaviour("/bytes")
def give_bytes(conn, request):
    """?body=…&type=…, both percent-encoded; without type: no such header."""
    conn.answer(request.param("body"), request.param("type", None))


@behaviour("/size/")
def size(conn, request):
    """/size/N: a text of N bytes."""
    conn.answer(b"x" * int(request.path[len("/size/"):]))


@behaviour("/chunked/")
def chunked(conn, request):
    """/chunked/N: a text of N bytes, its length not told before."""
    left = int(request.path[len("/chunked/"):])
    conn.send(CHUNKED)
    while left > 0:
        n = min(left, 1000)
        conn.send(b"%x\r\n%s\r\n" % (n, b"x" * n))
        left -= n
    conn.send(b"0\r\n\r\n")


@behaviour("/status/")
def status(conn, request):
    code = int(request.path[len("/status/"):])
    if code in (204, 304):
        conn.send(b"HTTP/1.1 %d %s\r\n\r\n" % (code, REASONS[code]))
    else:
        conn.answer(b'{"status": %d}' % code, b"application/json", code)


@behaviour("/204")
def no_content(conn, request):
    conn.send(b"HTTP/1.1 204 No Content\r\n\r\n")


@behaviour("/head")
def head(conn, request):
    """A length, and a body unless it was asked for by HEAD."""
    conn.send(HEAD % 5 + (b"" if request.method == "HEAD" else b"hello"))


@behaviour("/twice")
def twice(conn, request):
    """A header that comes twice, and one in mixed case."""
    conn.answer(b"ok", headers=b"X-Twice: one\r\nX-Twice: two\r\n"
                               b"X-MiXed:   spaced out  \r\n")


# ---- bodies that are not what they say ----

@behaviour("/json_invalid")
def json_invalid(conn, request):
    conn.answer(b'{"a": 1,}', b"application/json")


@behaviour("/json_ff")
def json_ff(conn, request):
    conn.answer(b'{"a":\f1}', b"application/json")


@behaviour("/json_truncated")
def json_truncated(conn, request):
    conn.answer(b'{"a": [1, 2, {"b": "c', b"application/json")


@behaviour("/gzip")
def gzipped(conn, request):
    import gzip
    conn.answer(gzip.compress(b"ok"), headers=b"Content-Encoding: gzip\r\n")


# ---- bodies that do not end as they should ----

@behaviour("/short_cl")
def short_cl(conn, request):
    conn.send(HEAD % 100 + b"half")
    conn.close()


@behaviour("/long_cl")
def long_cl(conn, request):
    conn.send(HEAD % 4 + b"four, and more")


@behaviour("/nochunkend")
def nochunkend(conn, request):
    conn.send(CHUNKED + b"5\r\nhello\r\n")
    conn.close()


@behaviour("/badchunk")
def badchunk(conn, request):
    conn.send(CHUNKED + b"5\r\nhello\r\nxyz\r\n")
    conn.close()


@behaviour("/eof_body")
def eof_body(conn, request):
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil eof")
    conn.close()


@behaviour("/rst_body")
def rst_body(conn, request):
    conn.send(HEAD % 100 + b"half")
    # The client has to have read it, or the reset would overtake it.
    conn.pause(0.05)
    conn.reset()


@behaviour("/empty")
def empty(conn, request):
    conn.close()


@behaviour("/infinite")
def infinite(conn, request):
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        conn.send(b"x" * 16384)


@behaviour("/infchunk")
def infchunk(conn, request):
    conn.send(CHUNKED)
    while True:
        conn.send(b"4000\r\n%s\r\n" % (b"x" * 16384))


# ---- time ----

@behaviour("/silent")
def silent(conn, request):
    conn.until_gone()


@behaviour("/stall_after")
def stall_after(conn, request):
    conn.send(HEAD % 100 + b"half")
    conn.until_gone()


@behaviour("/slow")
def slow(conn, request):
    conn.send(HEAD % 1000)
    for _ in range(1000):
        conn.send(b"x")
        conn.pause(0.3)


@behaviour("/slowhdr")
def slowhdr(conn, request):
    for byte in HEAD % 2 + b"ok":
        conn.send(bytes([byte]))
        conn.pause(0.3)


# ---- more than one response, or less ----

@behaviour("/smuggle")
def smuggle(conn, request):
    """A whole second response at once, for whoever reads it."""
    conn.send(HEAD % 4 + b"mine" + HEAD % 8 + b"smuggled")


def smuggle_later(server, path):
    """`path` answers with "mine" alone. The function that is returned has a
    second response come on its connection, which is idle by then."""
    idle = []

    def answer(conn, request):
        # First: its record may be out before send() returns.
        idle.append(conn)
        conn.send(HEAD % 4 + b"mine")

    def smuggle():
        conn = idle.pop()
        conn.send(HEAD % 8 + b"smuggled")
        until(conn.has_arrived, "the second response to arrive")

    server.on(path, answer)
    return smuggle


@behaviour("/early_hints")
def early_hints(conn, request):
    conn.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n"
              b"Content-Type: text/html\r\n\r\n"
              b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD % 2 + b"ok")


@behaviour("/inf100")
def inf100(conn, request):
    while True:
        conn.send(b"HTTP/1.1 100 Continue\r\nX-Pad: %s\r\n\r\n" %
                  (b"x" * 1000))


@behaviour("/204body")
def body_for_204(conn, request):
    conn.send(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello")


@behaviour("/trailers")
def trailers(conn, request):
    conn.send(CHUNKED + b"2\r\nok\r\n0\r\nContent-Length: 9\r\n"
              b"Content-Type: text/evil\r\n\r\n")


@behaviour("/trailer")
def trailer(conn, request):
    conn.send(CHUNKED + b"2\r\nok\r\n0\r\nX-Sum: %s\r\n\r\n" % (
        int(request.query) * b"x"))
    conn.close()


# ---- heads that are not what they should be ----

@behaviour("/http10")
def http10(conn, request):
    conn.send(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n"
              b"Content-Length: 2\r\n\r\nok")
    conn.close()


@behaviour("/noreason")
def noreason(conn, request):
    """/noreason?NNN: a status line of nothing but the number."""
    conn.send(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" %
              request.query.encode())


@behaviour("/head_end")
def head_end(conn, request):
    """/head_end?LINES: ends within the head, after these."""
    conn.send(b"HTTP/1.1 200 OK\r\n" +
              urllib.parse.unquote_to_bytes(request.query))
    conn.close()


@behaviour("/line_end")
def line_end(conn, request):
    conn.send(b"HTTP/1.1 200")
    conn.close()


@behaviour("/cl")
def content_length(conn, request):
    """/cl?VALUE: any Content-Length for a body of five bytes."""
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
              b"Content-Length: %s\r\n\r\nhello" %
              urllib.parse.unquote_to_bytes(request.query))
    conn.close()


@behaviour("/header")
def raw_header(conn, request):
    """/header?LINE: any line among the header's."""
    conn.send(b"HTTP/1.1 200 OK\r\n%s\r\nContent-Length: 2\r\n\r\nok" %
              urllib.parse.unquote_to_bytes(request.query))


@behaviour("/barelf")
def barelf(conn, request):
    conn.send(b"HTTP/1.1 200 OK\nContent-Type: text/plain\n"
              b"Content-Length: 2\n\nok")


@behaviour("/hugechunk")
def hugechunk(conn, request):
    """/hugechunk?SIZE: any text for the size of a chunk."""
    conn.send(CHUNKED + b"%s\r\nhello" %
              urllib.parse.unquote_to_bytes(request.query))
    conn.close()


@behaviour("/ssh")
def ssh(conn, request):
    conn.send(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    conn.close()


@behaviour("/two_cl")
def two_cl(conn, request):
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
              b"Content-Length: 5\r\nContent-Length: 7\r\n\r\nhello")
    conn.close()


@behaviour("/cl_te")
def cl_te(conn, request):
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
              b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
              b"5\r\nhello\r\n0\r\n\r\n")
    conn.close()


@behaviour("/longheader")
def longheader(conn, request):
    conn.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    for _ in range(5 * 64):
        conn.send(b"x" * 16384)
    conn.send(b"\r\nContent-Length: 2\r\n\r\nok")


@behaviour("/headerbomb")
def headerbomb(conn, request):
    conn.send(b"HTTP/1.1 200 OK\r\n")
    line = b"X-Bomb: %s\r\n" % (b"x" * 1000)
    for _ in range(50 * 64):
        conn.send(line * 16)
    conn.send(b"Content-Length: 2\r\n\r\nok")


@behaviour("/manyheaders")
def manyheaders(conn, request):
    """/manyheaders?N: so many of them, each as short as can be."""
    conn.send(b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * int(request.query) +
              b"Content-Length: 2\r\n\r\nok")


@behaviour("/reason")
def reason(conn, request):
    """A status line with things in it that a terminal would obey."""
    conn.send(b"HTTP/1.1 500 Oh\x1b[31mno\xff\r\nContent-Length: 0\r\n\r\n")


if __name__ == "__main__":
    with FaultServer() as running:
        print(running.url, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
