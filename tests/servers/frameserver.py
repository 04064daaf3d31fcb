# SPDX-License-Identifier: MIT
"""
frameserver: an HTTP/2 server over TLS for what a good server will not send
(RFC 9113). It writes frames by hand, and knows of HPACK only what it needs.

    server = FrameServer(context)         # a context to serve TLS with
    url = server.on("half", function)     # function(conn, stream, words)

A request for server.at("half", 1, 2) calls function(conn, stream, ["1", "2"]);
what it does with conn is up to it: conn.send(head(stream) + frame(...)), or
conn.cut(). To answer many requests at once, on whatever connections they came:
gather() holds them until there are so many. A connection whose client does not
offer HTTP/2 is given to server.http1(sock), if that is set, when its request
has come.

Nothing is sent, the server's SETTINGS included, until the first request is
there: so `limit` can cut all that it ever says, at any byte (RFC 9113, section
3.4, lets it take its time).

A path is spelled with so many "~" that Huffman's code would make it longer:
so it stands in the header block as it is (RFC 7541, section 5.2), and nothing
else of the block has to be understood.
"""
import re
import socket
import struct
import threading

from faultserver import Gone
from listener import Listener
from tap import PATIENCE, Failed

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
CONTINUATION = 9
FRAME = 16384  # the most that one may hold, if nothing was agreed
ACK = END_STREAM = 1
END_HEADERS = 4
NO_ERROR, INTERNAL_ERROR, REFUSED_STREAM, CANCEL = 0, 2, 7, 8
HTTP_1_1_REQUIRED = 13

TILDES = "~" * 40


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(
        ">BBI", kind, flags, stream) + payload


def rst_stream(stream, code):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def goaway(last, code):
    return frame(GOAWAY, 0, 0, struct.pack(">II", last, code))


def string(text):
    """As it is, after its length (RFC 7541, section 5.2)."""
    n, size = len(text), b""
    if n >= 127:
        size, n = b"\x7f", n - 127
        while n >= 128:
            size, n = size + bytes([n % 128 | 128]), n // 128
    return size + bytes([n]) + text


def field(name, value):
    """A literal that is not indexed, with a new name."""
    return b"\x00" + string(name) + string(value)


def head(stream, *fields, status=b"200", flags=END_HEADERS):
    """In as many frames as it takes."""
    # 0x08: not indexed, its name that of the static table's entry 8, :status.
    block = b"\x08" + string(status) + b"".join(field(*f) for f in fields)
    parts = [block[at:at + FRAME] for at in range(0, len(block), FRAME)]
    last = len(parts) - 1
    return b"".join(frame(
        CONTINUATION if i else HEADERS, flags & ~(END_STREAM if i else 0)
        & ~(0 if i == last else END_HEADERS), stream, part)
        for i, part in enumerate(parts))


class FrameConnection:
    def __init__(self, server, sock):
        self.server, self.sock = server, sock
        self.waiting = []  # streams that gather() holds
        self.streams = []  # all that were asked for
        self.said = 0
        self.limit = None  # so many bytes are sent, and then it is cut
        self.has_settings = False
        self.on_pong = None  # called when a PING is answered

    def send(self, data):
        if not self.has_settings:
            self.has_settings = True
            self.send(frame(SETTINGS, 0, 0) + frame(SETTINGS, ACK, 0))
        if self.limit is not None:
            data = data[:max(self.limit - self.said, 0)]
        self.said += len(data)
        try:
            self.sock.sendall(data)
        except OSError:
            raise Gone from None

    def cut(self, reset=False, notify=False):
        """Ends the connection; without a close_notify unless told so."""
        if notify:
            try:
                self.sock.setblocking(False)
                self.sock.unwrap()
            except (OSError, ValueError):
                pass
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack("ii", 1, 0))
        else:
            try:
                # Not the TLS layer's: it would ask the peer first.
                socket.socket.shutdown(self.sock, socket.SHUT_WR)
            except OSError:
                pass
        raise Gone

    def take(self, n):
        while len(self.buffer) < n:
            try:
                data = self.sock.recv(65536)
            except TimeoutError:
                self.release()
                continue
            except (OSError, ValueError):
                raise Gone from None
            if not data:
                raise Gone
            self.buffer += data
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def release(self):
        """Answers what gather() holds, once all of it is there."""
        server = self.server
        with server.changed:
            if not self.waiting or server.n_gathered < server.n_wanted:
                return
            waiting, self.waiting = self.waiting, []
        server.answer(self, waiting)

    def serve(self):
        self.buffer = b""
        if self.take(len(PREFACE)) != PREFACE:
            raise Gone
        while True:
            size, kind, flags, stream = struct.unpack(
                ">IBBI", b"\0" + self.take(9))
            payload = self.take(size)
            if kind == HEADERS:
                self.request(stream, payload)
            elif kind == PING and flags & ACK and self.on_pong:
                self.on_pong()
            elif kind == PING and not flags & ACK:
                self.send(frame(PING, ACK, 0, payload))

    def request(self, stream, block):
        # 0x04: not indexed, the name of the static table's entry 4, :path.
        at = re.search(rb"\x04([\x20-\x7e])/" + TILDES.encode(), block)
        if not at:
            raise Failed("a path that cannot be read: %r" % block)
        path = block[at.end(1):at.end(1) + at[1][0]].decode()
        self.streams.append(stream)
        words = path.split("/")[2:]
        with self.server.changed:
            self.server.log.append("/".join(words))
            self.server.changed.notify_all()
        self.server.behaviours[words[0]](self, stream, words[1:])


class FrameServer(Listener):
    """.log has the path of each request, .connections counts them."""

    SCHEME = "https"

    def __init__(self, context):
        self.context = context
        self.context.set_alpn_protocols(["h2"])
        self.behaviours = {}
        self.changed = threading.Condition()
        self.reset()

    def reset(self):
        with self.changed:
            self.log, self.connections = [], 0
            self.n_gathered, self.n_wanted, self.answer = 0, 0, None
            self.http1 = None

    def on(self, name, function):
        self.behaviours[name] = function
        return self.at(name)

    def at(self, name, *words):
        return "/".join([self.url, TILDES, name, *map(str, words)])

    def gather(self, name, n, answer):
        """As on(); when n requests wait, calls answer(conn, streams) once for
        each connection that holds some, on its own thread."""
        def hold(conn, stream, words):
            conn.waiting.append(stream)
            # Others' last request is not seen here: so look now and then.
            conn.sock.settimeout(0.005)
            with self.changed:
                self.n_gathered += 1
                self.changed.notify_all()

        with self.changed:
            self.n_gathered, self.n_wanted, self.answer = 0, n, answer
        return self.on(name, hold)

    def wait(self, condition, what, timeout=15):
        with self.changed:
            if not self.changed.wait_for(condition, timeout * PATIENCE):
                raise Failed("the server waited in vain for " + what)

    def talk(self, sock):
        with self.changed:
            self.connections += 1
        try:
            with self.context.wrap_socket(sock, server_side=True) as tls:
                if self.http1 and tls.selected_alpn_protocol() != "h2":
                    tls.recv(65536)
                    self.http1(tls)
                else:
                    FrameConnection(self, tls).serve()
        except Gone:
            pass
