#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Responses cut at every byte, in every framing: none of them is a success.

An item of a test is one response and one place to cut it; all places of all
responses of one kind go through one run. What may pass all the same, since
nothing tells it from the whole, stands in Response.may_pass: a body that ends
with the connection in plain HTTP, which is marked so and fails with
--strict-framing; a stream of HTTP/2 that a server ends without an error (that
is in test_http2.py); and JSON that is complete without what is missing.
"""
import collections
import gzip
import os
import socket
import ssl
import struct
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from authority import authority, good
from faultserver import Gone
from frameserver import DATA, END_STREAM, FrameServer, frame, head
from harness import fetchpool, strict_json
from libcurl import does
from listener import Listener
from tap import at_end, check, equal, main, temp_dir, test
from webserver import web

TEXT = b"twelve bytes, and then some\n"
JSON = b'{"a": [1, 22, "three"], "b": {}}\n'
OK = b"HTTP/1.1 200 OK\r\n"
CLOSE, NOTIFY = "close", "close-notify"


class Response:
    """What a server says, and what it means as a whole."""

    def __init__(self, head, body, means, framing, type=None):
        self.type = type or (b"application/json" if means == JSON
                             else b"text/plain")
        self.head = OK + b"Content-Type: %s\r\n%s\r\n" % (self.type, head)
        self.data = self.head + body
        self.means, self.framing = means, framing

    @property
    def is_json(self):
        return self.type == b"application/json"

    @property
    def has_spare_lf(self):
        return self.framing == "chunked" and not does("all of the last chunk")

    def may_pass(self, n, body):
        """Whether the first n bytes may be taken for a success with this
        body."""
        if n == len(self.data) - 1 and self.has_spare_lf:
            n += 1  # after the last chunk only an LF is missing
        if n < len(self.head):
            return False
        if self.is_json and self.framing == CLOSE:
            return is_json(self.means[:n - len(self.head)]) and \
                body == strict_json(self.means)
        if self.framing == CLOSE and self.data.endswith(self.means):
            return body == self.means[:n - len(self.head)].decode()
        return n >= len(self.data) and self.is_whole(body)

    def is_whole(self, body):
        return body == (strict_json(self.means) if self.is_json
                        else self.means.decode())


def is_json(data):
    try:
        strict_json(data)
        return True
    except ValueError:
        return False


def chunks(body):
    """Three of them, with an extension and a trailer."""
    third = len(body) // 3
    parts = body[:third], body[third:2 * third], body[2 * third:]
    return b"".join(b"%x;x=y\r\n%s\r\n" % (len(p), p) for p in parts) + \
        b"0\r\nX-Sum: 1\r\n\r\n"


def zipped(body):
    return gzip.compress(body, mtime=0)


LENGTH, CHUNKED = b"Content-Length: %d\r\n", b"Transfer-Encoding: chunked\r\n"
GZIP = b"Content-Encoding: gzip\r\n"
RESPONSES = {}
for means, name in (TEXT, "text"), (JSON, "json"):
    short = zipped(means)
    twice = zipped(means[:5]) + zipped(means[5:])
    RESPONSES.update({
        name: Response(LENGTH % len(means), means, means, "length"),
        name + "-chunked": Response(CHUNKED, chunks(means), means, "chunked"),
        name + "-close": Response(b"", means, means, CLOSE),
        name + "-gzip": Response(
            LENGTH % len(short) + GZIP, short, means, "length"),
        name + "-gzip-chunked": Response(
            CHUNKED + GZIP, chunks(short), means, "chunked"),
        name + "-gzip-close": Response(GZIP, short, means, CLOSE),
        name + "-members": Response(
            LENGTH % len(twice) + GZIP, twice, means, "length"),
    })
del means, name, short, twice
SPARE = sum(r.has_spare_lf for r in RESPONSES.values())
GZIP_CLOSE = [n for n in RESPONSES if n.endswith("gzip-close")]
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" \
    b"HTTP/1.1 100 Continue\r\n\r\n"


def ask(urls, *args):
    result = fetchpool(
        ["-a", "-k", "--fields=seq,status,framing,encoding,body", *args],
        input="".join(url + "\n" for url in urls), timeout=50)
    equal(len(result.records), len(urls))
    return result.records


def judge(response, n, record, framing=None, strict=False):
    """The response was cut after n bytes, and this is its record."""
    what = "%d of %d bytes of %r: %r" % (
        n, len(response.data), response.data, record)
    framing = framing or response.framing
    if record.get("error"):
        equal(record["body"], None, what)
        check(record["error"]["kind"] in ("incomplete", "network", "body",
                                          "tls"), what)
        return False
    check(response.may_pass(n, record["body"]), what)
    equal(record["framing"], framing, what)
    check(not (strict and framing == CLOSE), what)
    return True


# ---- plain HTTP ----

def cut(conn, request):
    """/cut/RESPONSE/HOW/N: so many bytes of it, and then the end."""
    _, _, name, how, n = request.path.split("/")
    interim, name = name.startswith("interim-"), name.replace("interim-", "")
    data = (INTERIM if interim else b"") + RESPONSES[name].data
    conn.send(data[:int(n)])
    if how == "fin":
        conn.close()
    # The reset may overtake what was sent, or not.
    if int(n) % 2:
        conn.pause(0.002)
    conn.reset()


def plain():
    server = web()
    server.own["/cut/"] = cut
    return server


def everywhere(names, how, *args, before=b"", prefix="", strict=False):
    """Each of these responses, cut at each byte. How many passed, of those
    that were whole and those that were not."""
    server = plain()
    places = [(name, n) for name in names for n in range(
        len(before) + len(RESPONSES[name].data) + 1)]
    records = ask(["%s/cut/%s%s/%s/%d" % (server.url, prefix, name, how, n)
                   for name, n in places], "-j16", *args)
    whole = parts = 0
    for (name, n), record in zip(places, records):
        response = RESPONSES[name]
        n = max(n - len(before), 0)
        passed = judge(response, n, record, strict=strict)
        whole += passed and n == len(response.data)
        parts += passed and n < len(response.data)
        if how == "rst" and response.framing == CLOSE:
            check(not passed, "a reset is an end: %r" % record)
        elif how == "fin" and n == len(response.data) and not strict:
            check(passed, "%s is whole: %r" % (name, record))
    return whole, parts


@test("38 44 46 71 responses that end at every byte")
def _():
    whole, parts = everywhere(RESPONSES, "fin")
    equal(whole, len(RESPONSES))
    # Of the text that ends with the connection all places in the body; of
    # each chunked one the last LF, of the JSON the line's end.
    equal(parts, len(TEXT) + SPARE + 1)


@test("46 71 responses that end at every byte, with --strict-framing")
def _():
    whole, parts = everywhere(RESPONSES, "fin", "--strict-framing",
                              strict=True)
    ends = [r for r in RESPONSES.values() if r.framing != CLOSE]
    equal((whole, parts), (len(ends), SPARE))


@test("47 responses that are reset at every byte")
def _():
    everywhere(RESPONSES, "rst")


@test("54 responses that end at every byte, with others before them")
def _():
    everywhere(["text", "text-chunked", "text-close", "text-gzip"], "fin",
               before=INTERIM, prefix="interim-")


@test("38 44 71 the same when bodies are not kept, or go to files")
def _():
    server = plain()
    names = [n for n, r in RESPONSES.items() if r.framing != CLOSE]
    for args in ["-B", "none"], ["-B", "base64"], ["-f", "body", "-B", "text"]:
        places = [(name, n) for name in names
                  for n in range(len(RESPONSES[name].data) - 1)]
        records = fetchpool(
            ["-k", "-j16", *args], input="".join(
                "%s/cut/%s/fin/%d\n" % (server.url, name, n)
                for name, n in places), timeout=50)
        equal((records.out, len(records.errors)), (b"", len(places)),
              repr(args))
    folder = temp_dir()
    fetchpool(["-j16", "-D", folder], input="".join(
        "%s/cut/%s/fin/%d\n" % (server.url, name, n) for name, n in places))
    equal(os.listdir(folder), [], "files that are left")


@test("38 44 71 JSON that ends with the connection, whatever is made of it")
def _():
    server = plain()
    RESPONSES["number-close"] = Response(
        b"", b"123456", b"123456", CLOSE, b"application/json")
    for mode in "auto", "json", "string", "text", "base64", "none":
        for name in "json-close", "json-gzip-close", "number-close":
            response = RESPONSES[name]
            # Of an object only the line break behind it may be missing.
            is_whole = [n >= len(response.data) - (name == "json-close") and
                        name != "number-close"
                        for n in range(len(response.data) + 1)]
            urls = ["%s/cut/%s/fin/%d" % (server.url, name, n)
                    for n in range(len(response.data) + 1)]
            records = ask(urls, "-j16", "-B", mode)
            equal([not r.get("error") for r in records], is_whole,
                  "%s %s" % (name, mode))
    records = ask(urls[-1:], "-B", "text", "--allow-unclean-close")
    equal(records[0]["body"], "123456")
    del RESPONSES["number-close"]


@test("38 44 71 what is cut and then comes whole: nothing is left of the cut")
def _():
    tries = collections.Counter()

    def first_cut(conn, request):
        tries[request.path] += 1
        if tries[request.path] == 1:
            cut(conn, request)
        conn.send(RESPONSES[request.path.split("/")[2]].data)
        conn.close()

    server = plain()
    server.own["/flaky/"] = first_cut
    for name in "json", "text-chunked", "text-members", "json-gzip-close":
        response = RESPONSES[name]
        # A few more retries, and there would be too many.
        places = range(len(response.head) % 3, len(response.data) - 1, 3)
        records = ask(["%s/flaky/%s/fin/%d" % (server.url, name, n)
                       for n in places], "-j8", "--retry=1",
                      "--retry-delay=1ms", "--fields=+attempts")
        for n, record in zip(places, records):
            what = "%d of %s: %r" % (n, name, record)
            check(not record.get("error"), what)
            check(response.is_whole(record["body"]), what)
            equal(record["attempts"], 2, what)


@test("48 the second response on a connection, cut at every byte")
def _():
    server = plain()
    for name in "text", "text-chunked", "text-gzip", "text-close":
        response = RESPONSES[name]
        urls = []
        for n in range(len(response.data) + 1):
            urls += [server.url + "/ok",
                     "%s/cut/%s/fin/%d" % (server.url, name, n)]
        before = server.requests
        records = ask(urls, "-j1")
        for n in range(len(response.data) + 1):
            equal(records[2 * n]["body"], "ok")
            judge(response, n, records[2 * n + 1])
        second = [r for r in server.log[before:] if "/cut/" in r.path]
        first = {r.connection for r in server.log[before:] if r.path == "/ok"}
        kept = [r for r in second if r.connection in first]
        check(len(kept) >= len(response.data), "connections were not kept")


# ---- TLS ----

class TlsServer(Listener):
    """Cuts what it says within TLS and outside of it: /RESPONSE/HOW/N.

    how "notify": the first N bytes of the response, and close_notify.
    how "alert": the same, and a fatal alert.
    how "fin", "rst": all of it and close_notify, but only the first N bytes
    of these records reach the client.
    """

    # Each record of TLS 1.3 is so much longer than what is in it, and
    # close_notify is a record of two bytes (RFC 8446, sections 5.2, 6.1).
    MORE = 5 + 1 + 16
    ALERT = MORE + 2

    SCHEME = "https"

    def __init__(self, context):
        self.context = context
        context.minimum_version = ssl.TLSVersion.TLSv1_3

    def talk(self, sock):
        try:
            self._one(sock)
        except Gone:
            pass

    def _one(self, sock):
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(into, out, server_side=True)

        def until_done(step):
            while True:
                try:
                    done = step()
                    sock.sendall(out.read())
                    return done
                except ssl.SSLWantReadError:
                    sock.sendall(out.read())
                    data = sock.recv(65536)
                    if not data:
                        raise Gone from None
                    into.write(data)

        until_done(tls.do_handshake)
        request = b""
        while b"\r\n\r\n" not in request:
            request += until_done(lambda: tls.read(65536))
        _, name, how, n = request.split()[1].decode().split("/")
        data, n = RESPONSES[name].data, int(n)
        is_inside = how in ("notify", "alert")
        for piece in pieces(data[:n] if is_inside else data):
            tls.write(piece)
        try:
            if how == "alert":
                # As if the client had sent what cannot be decrypted.
                into.write(b"\x17\x03\x03\x00\x20" + b"x" * 32)
                tls.read(1)
            else:
                tls.unwrap()
        except ssl.SSLError:
            pass
        said = out.read()
        sock.sendall(said if is_inside else said[:n])
        if how == "rst":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
        else:
            sock.shutdown(socket.SHUT_WR)


def pieces(data):
    """A response in its records: the head, and two parts of the body."""
    at = data.find(b"\r\n\r\n") + 4
    if at < 4:
        return [data] if data else []
    middle = at + (len(data) - at) // 2
    return [p for p in (data[:at], data[at:middle], data[middle:]) if p]


def reached(data, n):
    """How much of a response the first n bytes of its records hold."""
    total = 0
    for piece in pieces(data):
        n -= len(piece) + TlsServer.MORE
        if n < 0:
            return total
        total += len(piece)
    return total


_tls = []


def tls_server():
    if not _tls:
        _tls.append(TlsServer(good().server()).__enter__())
        at_end(lambda: _tls[0].__exit__(None, None, None))
    return _tls[0]


# One for each way to tell the end, and two whose end is in themselves.
OVER_TLS = ["text", "text-chunked", "text-gzip", "text-close", "json-close",
            "text-gzip-close"]


def over_tls(how, names, *args):
    server, trust = tls_server(), ["--cacert", authority().cert]
    places = []
    for name in names:
        data = RESPONSES[name].data
        end = len(data) if how in ("notify", "alert") else len(data) + \
            len(pieces(data)) * server.MORE + server.ALERT
        places += [(name, n) for n in range(end + 1)]
    records = ask(["%s/%s/%s/%d" % (server.url, name, how, n)
                   for name, n in places], "-j16", *trust, *args)
    for (name, n), record in zip(places, records):
        response = RESPONSES[name]
        got = n if how in ("notify", "alert") else \
            reached(response.data, n)
        is_end = how == "notify" or n == len(response.data) + \
            len(pieces(response.data)) * server.MORE + server.ALERT
        yield response, got, is_end, record


def judge_tls(response, got, is_end, record):
    if response.framing != CLOSE:
        passed = judge(response, got, record)
        check(passed or got < len(response.data),
              "%r is whole: %r" % (response.data, record))
    elif not record.get("error"):
        # Either TLS told the end, or the JSON is complete.
        check(response.is_json or is_end and record["framing"] == NOTIFY,
              "%d bytes of %r: %r" % (got, response.data, record))
        if record["framing"] == NOTIFY and record["body"] == "":
            return  # a body that is empty, in whatever coding
        judge(response, got, record, record["framing"])


@test("35 over TLS, cut at every byte of its records by the end of TCP")
def _():
    for item in over_tls("fin", OVER_TLS):
        judge_tls(*item)


@test("35 over TLS, cut at every byte of its records by a reset")
def _():
    for item in over_tls("rst", ["text", "text-chunked", "text-close",
                                 "json-close"]):
        response, got, _, record = item
        if not record.get("error"):
            judge(response, got, record, record["framing"])


@test("35 over TLS, ended in good order after every byte")
def _():
    for item in over_tls("notify", OVER_TLS):
        judge_tls(*item)


@test("36 over TLS, ended by a fatal alert after every byte")
def _():
    for response, got, _, record in over_tls("alert", OVER_TLS):
        check(record.get("error") or response.framing != CLOSE and
              got == len(response.data), "%d bytes of %r: %r" % (
                  got, response.data, record))
        if not record.get("error"):
            judge(response, got, record)


# ---- HTTP/2 ----

@test("64 69 over HTTP/2, all that a server says cut at every byte")
def _():
    third = len(TEXT) // 3

    def answer(conn, stream, words):
        """LENGTH, or none; HOW; N: so many bytes of frames."""
        told, how, n = words
        fields = [(b"content-type", b"text/plain")]
        if told == "length":
            fields.append((b"content-length", b"%d" % len(TEXT)))
        conn.limit = int(n)
        try:
            conn.send(head(stream, *fields) +
                      frame(DATA, 0, stream, TEXT[:third]) +
                      frame(DATA, 0, stream, TEXT[third:]) +
                      frame(DATA, END_STREAM, stream))
        finally:
            longest[told] = max(longest.get(told, 0), conn.said)
        conn.cut(reset=how == "rst", notify=how == "notify")

    longest = {}
    with FrameServer(good().server()) as server:
        server.on("cut", answer)
        trust = ["--http2", "--cacert", authority().cert]
        for told in "length", "none":
            ask([server.at("cut", told, "fin", 10000)], "-j16", *trust)
            end = longest[told]
            for how in "fin", "rst", "notify":
                records = ask([server.at("cut", told, how, n)
                               for n in range(end + 1)], "-j16", *trust)
                for n, record in enumerate(records):
                    what = "%s, %s, %d of %d: %r" % (told, how, n, end, record)
                    check(n == end or record.get("error") or told == "length"
                          and n >= end - 9 and
                          record["body"] == TEXT.decode(), what)
                    is_lost = record.get("error") and \
                        does("HTTP/2 answers lost to a close")
                    if n == end and how != "rst" and not is_lost:
                        equal(record["body"], TEXT.decode(), what)


if __name__ == "__main__":
    main()
