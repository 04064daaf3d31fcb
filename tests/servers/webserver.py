# SPDX-License-Identifier: MIT
"""
webserver: a fault server that also reads what a request brings with it, and
speaks TLS when it is given a context (with plain_too: to those who do).

    with Web() as web:
        web.log[0].body

Every request has .body (bytes) and .framing ("length", "chunked" or None).
/to/CODE?LOCATION redirects; /hops/N redirects N times; any other path
is as in faultserver.py.
"""
import socket
import ssl
import threading
import urllib.parse

from faultserver import Connection, FaultServer, behaviour
from harness import fetchpool
from servers import shared
from tap import check, equal, temp_dir


class Web(FaultServer):
    def __init__(self, addresses=("127.0.0.1",), tls=None, plain_too=False):
        self.tls, self.plain_too = tls, plain_too
        super().__init__(addresses)

    def __enter__(self):
        super().__enter__()
        if self.tls:
            self.url = self.url.replace("http:", "https:")
        return self

    def _serve(self, conn):
        if self.tls and (not self.plain_too or is_tls(conn.sock)):
            try:
                conn.sock = self.tls.wrap_socket(conn.sock, server_side=True)
            except (OSError, ssl.SSLError):
                conn.sock.close()
                return
        super()._serve(conn)

    def _one(self, conn, request):
        request.body, request.framing = read_body(conn, request)
        super()._one(conn, request)

    def only(self):
        """The one request that came."""
        assert len(self.log) == 1, [r.line for r in self.log]
        return self.log[0]


class OnUnixSocket(Web):
    """Also listens at .path."""

    def __enter__(self):
        super().__enter__()
        self.path = temp_dir() + "/socket"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen(512)
        self.listeners.append(listener)
        threading.Thread(target=self._accept_here, args=(listener,),
                         daemon=True).start()
        return self

    def _accept_here(self, listener):
        while True:
            try:
                sock = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, daemon=True, args=(
                Connection(self, sock, 0),)).start()


def is_tls(sock):
    """Whether the client's first byte is a handshake's."""
    try:
        return sock.recv(1, socket.MSG_PEEK) == b"\x16"
    except OSError:
        return False


def read_body(conn, request):
    if request.header("Transfer-Encoding") == "chunked":
        return read_chunks(conn), "chunked"
    length = request.header("Content-Length")
    if length is None:
        return b"", None
    return take(conn, int(length)), "length"


def take(conn, n):
    while len(conn.buffer) < n:
        conn.read()
    data, conn.buffer = conn.buffer[:n], conn.buffer[n:]
    return data


def take_line(conn):
    while b"\r\n" not in conn.buffer:
        conn.read()
    line, _, conn.buffer = conn.buffer.partition(b"\r\n")
    return line


def read_chunks(conn):
    body = b""
    while True:
        size = int(take_line(conn), 16)
        if size == 0:
            break
        body += take(conn, size)
        take_line(conn)
    while take_line(conn):
        pass
    return body


def web():
    """The file's server, its log empty."""
    server = shared(Web)
    server.reset()
    return server


def redirect(conn, code, location, body=b"moved"):
    """location: bytes, or None for a redirect that says no place."""
    line = b"" if location is None else b"Location: %s\r\n" % location
    conn.answer(body, status=code, headers=line)


@behaviour("/to/")
def to(conn, request):
    """/to/302?LOCATION, percent-encoded; /to/302 without one."""
    code = int(request.path[len("/to/"):])
    location = urllib.parse.unquote_to_bytes(request.query) \
        if request.query else None
    if request.method == "HEAD":
        conn.send(b"HTTP/1.1 %d Moved\r\nLocation: %s\r\n"
                  b"Content-Length: 5\r\n\r\n" % (code, location))
    else:
        redirect(conn, code, location)


@behaviour("/hops/")
def hops(conn, request):
    """/hops/N: N redirects, and then an answer."""
    left = int(request.path[len("/hops/"):])
    if left:
        redirect(conn, 302, b"/hops/%d" % (left - 1))
    else:
        conn.answer(b"arrived")


def to_path(location, code=302):
    return "/to/%d?%s" % (code, urllib.parse.quote(location, safe=""))


def shown(request):
    """A request as one value, to compare: method, body, its type."""
    return (request.method, request.body, request.header("Content-Type"))


def ask(*args, path="/ok", input=None, status=0, **more):
    """The only request that these options make."""
    server = web()
    result = fetchpool([*args], input=input or server.url + path, **more)
    equal(result.status, status, repr(result))
    return server.only()


def refused(*args, names=None, input=None):
    """Wrong usage, named in the message, and no request."""
    server = web()
    result = fetchpool([*args], input=input or server.url + "/ok")
    equal(result.status, 2, repr(result))
    for name in [names] if names else []:
        check(name in result.text, "%r is not named: %r" % (name, result))
    equal((result.out, server.connections), (b"", 0), repr(args))
    return result
