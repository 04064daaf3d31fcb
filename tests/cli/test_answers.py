#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What an answer is: with which byte it ends, what its fields may say, and when
an empty body is a body. Redirects have a file to themselves (test_leaving.py).
"""
import gzip
import os
import socket
import ssl
import sys
import threading

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from authority import authority, good
from harness import fetchpool
from tap import check, contents, equal, main, matches, temp_dir, test
from webserver import Web, web

FIELDS = "--fields=status,attempts,size,encoding,body,framing"


def raw(data, close=False):
    def answer(conn, request):
        conn.send(data)
        if close:
            conn.close()
    return answer


def answer(head, body=b"", status=b"200 OK"):
    return b"HTTP/1.1 %s\r\n%s\r\n%s" % (status, head, body)


def fetch(data, *args, close=False, **more):
    """The record of the only item, which is answered with these bytes."""
    server = web()
    server.on("/it", raw(data, close))
    result = fetchpool(["-a", "-m10s", FIELDS, *args],
                       input=server.url + "/it", **more)
    equal(len(result.records), 1, repr(result))
    return result.records[0]


def succeeds(data, *args, **more):
    record = fetch(data, *args, **more)
    check(not record.get("error"), "%r: %r" % (data[:300], record))
    return record


def fails(data, *args, kind, says=None, **more):
    record = fetch(data, *args, **more)
    equal(((record.get("error") or {}).get("kind"), record["body"]), (kind, None),
          "%r: %r" % (data[:300], record))
    if says:
        matches(says, record["error"]["message"], "the message")
    return record


# ---- answers that end with their head (RFC 9112, section 6.3, rule 1) ----

FRAMINGS = (b"", b"Content-Length: 5\r\n", b"Content-Length: 16777217\r\n",
            b"Content-Length: 99999999999999999999999\r\n",
            b"Content-Length: abc\r\n", b"Content-Length: -1\r\n",
            b"Content-Length: 5\r\nContent-Length: 6\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: gzip, chunked\r\n",
            b"Transfer-Encoding: xyz\r\n",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")
CODINGS = (b"", b"Content-Encoding: gzip\r\n", b"Content-Encoding: br\r\n")


def ends_with_head(status, *args):
    """Every framing and coding, on one connection where that can be kept."""
    server = web()
    paths = []
    for i, framing in enumerate(FRAMINGS):
        for j, coding in enumerate(CODINGS):
            path = "/%d-%d" % (i, j)
            paths.append(path)
            server.on(path, raw(answer(
                framing + coding + b"Content-Type: application/json\r\n",
                status=status)))
    for more in [], ["--max-body=1K"], ["-B", "text"], ["-B", "none"]:
        result = fetchpool(
            ["-a", "-k", "-j1", "-m10s", FIELDS, *args, *more],
            input="\n".join(server.url + path for path in paths))
        equal(len(result.records), len(paths), repr(result))
        for path, record in zip(paths, result.records):
            i, _, j = path[1:].partition("-")
            what = (FRAMINGS[int(i)], CODINGS[int(j)], record)
            check(not record.get("error"), what)
            equal((record["size"], record["body"], record["framing"],
                   record["attempts"]), (0, None, "none", 1), repr(what))


@test("HEAD ends with its head, whatever stands there")
def _():
    ends_with_head(b"200 OK", "-X", "HEAD")


@test("204 ends with its head, whatever stands there")
def _():
    ends_with_head(b"204 No Content")


@test("304 ends with its head, whatever stands there")
def _():
    ends_with_head(b"304 Not Modified", "--ok-status=2xx,304")


@test("to files: 204 is an empty file, HEAD and 304 none, of any length announced")
def _():
    for status, args, found in (
            (b"200 OK", ["-X", "HEAD"], []), (b"204 No Content", [], [b""]),
            (b"304 Not Modified", ["--ok-status=2xx,304"], [])):
        folder = temp_dir()
        server = web()
        server.on("/it", raw(answer(
            b"Content-Length: 16777217\r\nContent-Encoding: gzip\r\n",
            status=status)))
        result = fetchpool(["-D", folder, "--output-name", "it", *args],
                           input=server.url + "/it")
        equal((result.status, [contents(os.path.join(folder, name))
                               for name in os.listdir(folder)]), (0, found),
              repr(result))


@test("a body that is announced as too large is not waited for")
def _():
    for head in (b"Content-Length: 1025\r\n",
                 b"Content-Length: 18446744073709551615\r\n"):
        fails(answer(head), "--max-body=1K", kind="too_large",
              says="limit of 1K")
    succeeds(answer(b"Content-Length: 1024\r\n", b"x" * 1024),
             "--max-body=1K")


# ---- an empty body ----

@test("a body announced in a coding that is empty is empty")
def _():
    for coding in (b"gzip", b"x-gzip", b"GZIP", b"br", b"deflate",
                   b"gzip, gzip"):
        for head, body in ((b"Content-Length: 0\r\n", b""),
                           (b"Transfer-Encoding: chunked\r\n",
                            b"0\r\n\r\n")):
            record = succeeds(answer(
                b"Content-Type: text/plain\r\nContent-Encoding: %s\r\n%s" % (
                    coding, head), body))
            equal((record["body"], record["size"], record["attempts"]),
                  ("", 0, 1))
        # There, the end of the connection may be a cut.
        fails(answer(
            b"Content-Type: text/plain\r\nContent-Encoding: %s\r\n"
            b"Connection: close\r\n" % coding), close=True,
            kind="incomplete")


@test("an empty body of gzip to a file")
def _():
    folder = temp_dir()
    server = web()
    server.on("/it", raw(answer(
        b"Content-Length: 0\r\nContent-Encoding: gzip\r\n")))
    result = fetchpool(["-D", folder, "--output-name", "it"],
                       input=server.url + "/it")
    equal((result.status, contents(folder + "/it")), (0, b""), repr(result))


@test("a body of gzip that is shorter than announced: what came is counted")
def _():
    packed = gzip.compress(b"x" * 300)
    fails(answer(b"Content-Type: text/plain\r\nContent-Encoding: gzip\r\n"
                 b"Content-Length: 300\r\n", packed), "--retry=0", close=True,
          kind="incomplete",
          says="the body ended after %d of 300 bytes" % len(packed))


@test("a body of gzip that is cut is not empty")
def _():
    whole = gzip.compress(b"hello")
    for n in range(1, len(whole) - 1):
        fails(answer(b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % n,
                     whole[:n]), kind="incomplete")


EMPTY = (b"Content-Type: application/json\r\nContent-Length: 0\r\n",
         b"Content-Type: application/json\r\nContent-Encoding: gzip\r\n"
         b"Content-Length: 0\r\n")


@test("what was done need not be described: an empty body of JSON is null")
def _():
    for empty in EMPTY:
        for method in "POST", "PUT", "PATCH", "DELETE", "CHARGE":
            for status in b"200 OK", b"201 Created", b"202 Accepted":
                for args in [], ["-f", "body"]:
                    server = web()
                    server.on("/it", raw(answer(empty, status=status)))
                    result = fetchpool(["-X", method, *args],
                                       input=server.url + "/it")
                    equal(result.status, 0, repr(result))
                    record = result.records[0]
                    equal(record and record["body"], None)
                    equal(server.requests, 1)
        for status in b"201 Created", b"202 Accepted", b"205 Reset Content":
            record = succeeds(answer(empty, status=status))
            equal((record["body"], record["encoding"]), (None, None))


@test("what was asked for is there: an empty body of JSON for GET fails")
def _():
    for empty in EMPTY:
        fails(answer(empty), kind="body")
        fails(answer(empty), "-f", "body", kind="body")
        fails(answer(empty, status=b"201 Created"), "-X", "POST", "-f",
              "merged", kind="body")


# ---- codings ----

@test("words in Content-Encoding that are no coding are passed over")
def _():
    for words in (b"UTF-8", b"utf8", b"identity", b"none", b"binary",
                  b"aws-chunked", b"iso-8859-1", b"", b"identity, UTF-8",
                  b"8bit", b"text/plain", b",", b"null", b"base64"):
        for more in b"", b"Content-Encoding: none\r\n":
            record = succeeds(answer(
                b"Content-Type: text/plain\r\nContent-Length: 2\r\n"
                b"Content-Encoding: %s\r\n%s" % (words, more), b"ok"))
            equal(record["body"], "ok", repr(words))


@test("gzip among such words is undone")
def _():
    whole = gzip.compress(b"hello")
    for words in (b"aws-chunked,gzip", b"gzip, aws-chunked", b"identity, gzip",
                  b"gzip,", b", gzip", b"utf-8, x-gzip",
                  b"none\r\nContent-Encoding: gzip"):
        record = succeeds(answer(
            b"Content-Type: text/plain\r\nContent-Length: %d\r\n"
            b"Content-Encoding: %s\r\n" % (len(whole), words), whole))
        equal(record["body"], "hello", repr(words))


@test("a coding that is not undone fails, and is named")
def _():
    for words, says in ((b"exi", "exi"), (b"compress", "compress"),
                        (b"gzip, gzip", "gzip"), (b"br, gzip", "br|gzip"),
                        (b"gzip\r\nContent-Encoding: br", "br|gzip"),
                        (b"COMPRESS", "(?i)compress"), (b"dcb", "dcb")):
        head = (b"Content-Type: text/plain\r\nContent-Length: 2\r\n"
                b"Content-Encoding: %s\r\n" % words)
        fails(answer(head, b"ok"), kind="body", says=says)
        equal(succeeds(answer(head, b"ok"), "--no-compressed")["body"], "ok")


# ---- fields that say where a body ends ----

@test("lengths that differ fail, and are named")
def _():
    for head, says in (
            # libcurl 8 sees them first, and shows no values.
            (b"Content-Length: 5\r\nContent-Length: 6\r\n",
             "conflicting Content-Length values"),
            (b"Content-Length: 5, 6\r\n", "5.*6|is not a number"),
            (b"Content-Length: five\r\n", "is not a number"),
            (b"Content-Length: +5\r\n", "is not a number"),
            (b"Content-Length: 5;x\r\n", "5;x|is not a number"),
            (b"Content-Length:\r\n", "Content-Length"),
            (b"Content-Length: 5\r\nContent-Length: five\r\n",
             "is not a number|conflicting"),
            (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
             "Content-Length and Transfer-Encoding")):
        fails(answer(head, b"hello"), kind="network", says=says)
        # A failure of another kind is not hidden by it, nor it by that.
        fails(answer(head, b"hello", status=b"404 Not Found"),
              kind="network", says=says)


@test("a length twice, the same, is one")
def _():
    for head in (b"Content-Length: 5\r\nContent-Length: 5\r\n",
                 b"Content-Length: 5, 5\r\n",
                 b"Content-Length: 5\r\nCONTENT-LENGTH:5 \r\n"):
        record = fetch(answer(b"Content-Type: text/plain\r\n" + head,
                              b"hello"))
        check(record["body"] == "hello" or record["error"]["kind"] ==
              "network", record)


CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"


@test("chunked twice is chunked once; identity ends with the connection")
def _():
    te = b"Transfer-Encoding: "
    for head, body in (
            (2 * (te + b"chunked\r\n"), CHUNKS),
            (te + b"chunked, chunked\r\n", CHUNKS),
            (te + b"chunked\r\n" + te + b"Chunked\r\n", CHUNKS),
            (te + b"chunked\r\n" + te + b" chunked\t\r\n", CHUNKS)):
        record = succeeds(answer(b"Content-Type: text/plain\r\n" + head,
                                 body))
        equal(record["body"], "hello", repr(head))
    record = succeeds(answer(b"Content-Type: text/plain\r\n" + te +
                             b"identity\r\n", b"hello"), close=True)
    equal((record["body"], record["framing"]), ("hello", "close"))


@test("transfer codings that differ, or are none we read, are named")
def _():
    te = b"Transfer-Encoding: "
    for head, says in (
            (te + b"gzip, chunked\r\n", "gzip"),
            (te + b"gzip\r\n", "gzip"), (te + b"xyz\r\n", "xyz"),
            (te + b"chunked\r\n" + te + b"identity\r\n", "identity"),
            (te + b"identity\r\nContent-Length: 5\r\n",
             "Content-Length.*identity"),
            (b"Content-Length: 5\r\n" + te + b"identity\r\n",
             "Content-Length.*identity"),
            (te + b"gzip\r\n" + te + b"chunked\r\n", "gzip")):
        fails(answer(head, CHUNKS), kind="network", says=says)
    fails(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
          kind="network", says="HTTP/1.0")


# ---- bodies that end with their connection ----

def ends(body, how, type=b"text/plain", version=b"1.1"):
    """A body without a length: it ends with close_notify ("clean"), without
    ("cut": TCP ends), or with a reset."""
    def answer(conn, request):
        conn.send(b"HTTP/%s 200 OK\r\nConnection: close\r\n%s\r\n%s" % (
            version, b"Content-Type: %s\r\n" % type if type else b"", body))
        if how == "clean" and isinstance(conn.sock, ssl.SSLSocket):
            conn.sock.unwrap()
        elif how == "reset":
            conn.reset()
        else:
            socket.socket.shutdown(conn.sock, socket.SHUT_WR)
        conn.close()
    return answer


JSON_TYPE = b"application/json"
WAYS = ([], ["-B", "text"], ["-B", "json"], ["-B", "base64"], ["-B", "none"],
        ["-f", "body"], ["-f", "body", "-B", "text"], ["-D", None])


def ended(server, answer, *args):
    server.on("/it", answer)
    args = [temp_dir() if arg is None else arg for arg in args]
    fields = [] if "-D" in args else [FIELDS]
    result = fetchpool(["-a", "-m10s", "--cacert", authority().cert,
                        *fields, *args], input=server.url + "/it")
    equal(len(result.records), 1, repr(result))
    return result.records[0], result.status


@test("35 close_notify ends a body, of any type and in any form")
def _():
    with Web(tls=good().server()) as server:
        for type, body in ((b"text/html", b"<p>"), (JSON_TYPE, b"123456"),
                           (JSON_TYPE, b'{"a": 1}'), (None, b"12"),
                           (b"image/png", b"\xff\x00")):
            for version in b"1.0", b"1.1":
                for args in [], ["-B", "base64"], ["-B", "none"], \
                        ["--strict-framing"], ["-D", None]:
                    record, status = ended(server, ends(
                        body, "clean", type, version), *args)
                    equal(status, 0, repr((body, args, record)))
                    if "-D" not in args:
                        equal((record["framing"], record["attempts"]),
                              ("close-notify", 1))


@test("35 a body of gzip that is empty, and ends with close_notify, is empty")
def _():
    with Web(tls=good().server()) as server:
        for how, status, kind in ("clean", 0, None), ("cut", 1, "incomplete"):
            record, got = ended(server, ends(
                b"", how, b"text/plain\r\nContent-Encoding: gzip"),
                "--retry=0")
            equal((got, (record.get("error") or {}).get("kind"),
                   record["framing"] == "close-notify"),
                  (status, kind, how == "clean"), repr(record))


@test("35 without close_notify no text is whole, nor a number in JSON")
def _():
    with Web(tls=good().server()) as server:
        for how in "cut", "reset":
            for type, body in ((b"text/html", b"<p>"), (JSON_TYPE, b"12"),
                               (JSON_TYPE, b"-1.5"), (JSON_TYPE, b" 1e5"),
                               (None, b"12"), (b"a/b", b"\xff\x00")):
                for args in WAYS:
                    record, status = ended(server, ends(body, how, type),
                                           *args)
                    equal(status, 1, repr((body, how, args, record)))
                    check(record["error"]["kind"] in (
                        "incomplete", "body") or how == "reset" and
                        record["error"]["kind"] == "network", record)


@test("35 JSON that has an end of its own is whole without close_notify")
def _():
    with Web(tls=good().server()) as server:
        for body in b'{"a": [1]}', b"[1]", b'"12"', b"true", b"null", b"{}":
            for args in [], ["-B", "json"], ["-f", "body"], ["-D", None], \
                    ["-B", "none"]:
                record, status = ended(server, ends(body, "cut", JSON_TYPE),
                                       *args)
                equal(status, 0, repr((body, args, record)))
                if not args:
                    equal(record["framing"], "unclean-close")
            for args in ["--strict-framing"], ["-B", "text"]:
                equal(ended(server, ends(body, "cut", JSON_TYPE),
                            *args)[1], 1, repr((body, args)))
        for body in b'{"a": [1]', b'"1', b"tru", b"[":
            for args in WAYS:
                equal(ended(server, ends(body, "cut", JSON_TYPE), *args)[1],
                      1, repr((body, args)))


@test("--allow-unclean-close lets it pass, marked; a reset never")
def _():
    with Web(tls=good().server()) as server:
        for type, body in ((b"text/html", b"<p>"), (JSON_TYPE, b"12"),
                           (None, b"x"), (b"a/b", b"\xff\x00")):
            for args in [], ["-B", "base64"], ["-B", "none"]:
                record, status = ended(server, ends(body, "cut", type),
                                       "--allow-unclean-close", *args)
                equal((status, record["framing"], record["attempts"]),
                      (0, "unclean-close", 1), repr(record))
                record, status = ended(server, ends(body, "clean", type),
                                       "--allow-unclean-close", *args)
                equal((status, record["framing"]), (0, "close-notify"))
                record, status = ended(server, ends(body, "reset", type),
                                       "--allow-unclean-close", *args)
                equal(status, 1, repr(record))
        # What has a length or chunks is cut, whatever is allowed.
        for head in b"Content-Length: 100\r\n", b"Transfer-Encoding: " \
                b"chunked\r\n", b"Content-Encoding: gzip\r\n":
            def cut(conn, request):
                conn.send(b"HTTP/1.1 200 OK\r\n%s\r\n3\r\nhal\r\n" % head)
                socket.socket.shutdown(conn.sock, socket.SHUT_WR)
                conn.close()
            record, status = ended(server, cut, "--allow-unclean-close")
            check(record["error"]["kind"] in ("incomplete", "network", "body"),
                  record)
    result = fetchpool(["--allow-unclean-close", "--strict-framing"],
                       input="x")
    equal(result.status, 2, repr(result))


@test("in plain HTTP a number in JSON is not whole with its connection")
def _():
    with Web() as server:
        for body in b"12", b"-1.5", b" 1e5":
            for args in [], ["-B", "json"], ["-f", "body"]:
                record, status = ended(server, ends(body, "cut", JSON_TYPE),
                                       *args)
                equal((status, record["error"]["kind"]), (1, "incomplete"),
                      repr(record))
            record, status = ended(server, ends(body, "cut", JSON_TYPE),
                                   "--allow-unclean-close")
            equal((status, record["framing"]), (0, "close"))
            equal(ended(server, ends(body, "cut", JSON_TYPE), "-B",
                        "text")[1], 1)
        for type, body in ((JSON_TYPE, b'[12]'), (b"text/plain", b"12")):
            record, status = ended(server, ends(body, "cut", type))
            equal((status, record["framing"]), (0, "close"))


# ---- work is bounded ----

class Flood:
    """Sends pieces until the client goes, or there were so many bytes."""

    def __init__(self, first, piece, most):
        self.first, self.piece, self.most = first, piece, most
        self.sent = 0
        self.ended = threading.Event()

    def __call__(self, conn, request):
        try:
            conn.send(self.first)
            while self.sent < self.most:
                conn.send(self.piece)
                self.sent += len(self.piece)
        finally:
            self.ended.set()


MIB = 1 << 20


@test("gzip that unpacks to nothing ends after so much input")
def _():
    nothing = gzip.compress(b"")
    for first, piece in (
            (b"", nothing * 1000),
            # A member's name without end, a comment, an extra field.
            (b"\x1f\x8b\x08\x08\0\0\0\0\0\x03", b"n" * 65536),
            (b"\x1f\x8b\x08\x10\0\0\0\0\0\x03", b"c" * 65536),
            # Stored blocks of nothing.
            (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", b"\0\0\0\xff\xff" * 10000)):
        for args in [], ["-D", temp_dir()], ["-B", "none"]:
            flood = Flood(answer(b"Content-Encoding: gzip\r\n"
                                 b"Connection: close\r\n", first), piece,
                          64 * MIB)
            server = web()
            result = fetchpool(["-a", "--max-body=1M", *args],
                               input=server.on("/it", flood))
            equal([r["error"]["kind"] for r in result.records],
                  ["too_large"], repr(result))
            flood.ended.wait(10)
            check(flood.sent < 24 * MIB, "%d bytes" % flood.sent)


@test("gzip of what cannot be packed may be a little longer than its body")
def _():
    import random
    data = random.Random(1).randbytes(MIB)
    for level in 0, 6:
        whole = gzip.compress(data, level)
        check(len(whole) > MIB, len(whole))
        record = succeeds(answer(
            b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(whole),
            whole), "--max-body=1M")
        equal(record["size"], MIB)
        fails(answer(b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" %
                     len(whole), whole), "--max-body=1048575",
              kind="too_large")


if __name__ == "__main__":
    main()
