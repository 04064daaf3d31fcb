#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Redirects: their bodies, which nobody needs and which may not delay the next
hop, and the fields that go with a request to another origin.
"""
import gzip
import re
import subprocess
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from authority import authority, good
from harness import fetchpool
from tap import PROGRAM, check, equal, main, temp_dir, test
from webserver import Web, web

def libcurl():
    """The major number of the libcurl that is used."""
    said = subprocess.run([PROGRAM, "-V"], stdout=subprocess.PIPE, text=True)
    return int(re.search(r"libcurl/(\d+)", said.stdout)[1])


FIELDS = "--fields=status,attempts,redirects,fetch_time,body,framing"
FOUND = b"HTTP/1.1 302 Found\r\nLocation: /ok\r\n"
MIB = 1 << 20


def lands(server, first, *args):
    """One item, whose redirect is first(conn), and then /ok."""
    server.reset()
    server.on("/go", lambda conn, request: first(conn))
    result = fetchpool(["-a", "-m20s", FIELDS, *args],
                       input=server.url + "/go")
    equal(len(result.records), 1, repr(result))
    record = result.records[0]
    equal((record["status"], record["body"], record["redirects"],
           record["attempts"], result.status), (200, "ok", 1, 1, 0),
          repr(result))
    equal(server.targets, ["/go", "/ok"])
    return record


def sends(data, close=False):
    def first(conn):
        conn.send(data)
        if close:
            conn.close()
        conn.until_gone()
    return first


def whole(data):
    return lambda conn: conn.send(data)


def endless(head, piece):
    def first(conn):
        conn.send(head)
        while True:
            conn.send(piece)
    return first


BODIES = (
    # without a length, on a connection that is kept
    sends(FOUND + b"\r\n"), sends(FOUND + b"\r\nmoved"),
    sends(FOUND + b"Transfer-Encoding: identity\r\n\r\nmoved"),
    # too short
    sends(FOUND + b"Content-Length: 100\r\n\r\nhalf"),
    sends(FOUND + b"Content-Length: 100\r\n\r\nhalf", close=True),
    sends(FOUND + b"Content-Length: 100\r\n\r\n"),
    sends(FOUND + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel"),
    sends(FOUND + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", close=True),
    # badly framed
    sends(FOUND + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
    *([] if libcurl() >= 8 else [
        # Newer versions of libcurl end it before the head is complete.
        sends(FOUND + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        sends(FOUND + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nmoved")]),
    sends(FOUND + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
          b"5\r\nmoved\r\n0\r\n\r\n"),
    # too large
    whole(FOUND + b"Content-Length: 17\r\n\r\n" + b"x" * 17),
    sends(FOUND + b"Content-Length: 1000000000000\r\n\r\nmoved"),
    endless(FOUND + b"\r\n", b"x" * 65536),
    endless(FOUND + b"Connection: close\r\n\r\n", b"x" * 65536),
    endless(FOUND + b"Transfer-Encoding: chunked\r\n\r\n",
            b"400\r\n" + b"x" * 1024 + b"\r\n"),
    endless(FOUND + b"Transfer-Encoding: chunked\r\n\r\n10000;",
            b"x" * 65536),
    # badly coded
    whole(FOUND + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nmoved"),
    whole(FOUND + b"Content-Encoding: br\r\nContent-Length: 5\r\n\r\nmoved"),
    whole(FOUND + b"Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"),
    whole(FOUND + b"Content-Type: application/json\r\nContent-Length: 5\r\n"
          b"\r\nmoved"),
    endless(FOUND + b"Content-Encoding: gzip\r\n\r\n",
            gzip.compress(b"") * 1000),
)


@test("60 the body of a redirect neither stops nor delays the next hop")
def _():
    with Web() as server:
        for i, first in enumerate(BODIES):
            for args in [], ["--max-body=16"], ["-r", "1000/s"]:
                record = lands(server, first, *args)
                check(record["fetch_time"] < 5, "%d: %r" % (i, record))


@test("60 the same over TLS, and with bodies to files")
def _():
    with Web(tls=good().server()) as server:
        for first in BODIES:
            lands(server, first, "--cacert", authority().cert)
    with Web() as server:
        for first in BODIES:
            server.reset()
            server.on("/go", lambda conn, request: first(conn))
            folder = temp_dir()
            result = fetchpool(["-D", folder, "-m20s"],
                               input=server.url + "/go")
            equal((result.status, result.records[0]["size"]), (0, 2),
                  repr(result))


@test("60 many redirects at once, whose bodies do not end")
def _():
    with Web() as server:
        server.on("/go", lambda conn, request: sends(
            FOUND + b"Content-Length: 100\r\n\r\nhalf")(conn))
        result = fetchpool(["-j", "20"], input=(server.url + "/go\n") * 60)
        equal([r["body"] for r in result.records], ["ok"] * 60)


@test("60 a redirect whose body ends keeps its connection")
def _():
    for body in (b"Content-Length: 0\r\n\r\n", b"Content-Length: 5\r\n\r\nmoved",
                 b"Content-Length: 60000\r\n\r\n" + b"x" * 60000,
                 b"Transfer-Encoding: chunked\r\n\r\n5\r\nmoved\r\n0\r\n\r\n"):
        with Web() as server:
            server.on("/go", lambda conn, request: conn.send(FOUND + body))
            result = fetchpool(["-j1"], input=(server.url + "/go\n") * 5)
            equal([r["body"] for r in result.records], ["ok"] * 5)
            equal(server.connections, 1, repr(body[:50]))


@test("60 HEAD and redirects: no body is waited for, nor a limit held")
def _():
    with Web() as server:
        server.on("/go", lambda conn, request: conn.send(
            FOUND + b"Content-Length: 17000000\r\nContent-Encoding: gzip\r\n"
            b"\r\n"))
        server.on("/ok", lambda conn, request: conn.send(
            b"HTTP/1.1 200 OK\r\nContent-Length: 17000000\r\n\r\n"))
        result = fetchpool(["-j1", "-X", "HEAD"],
                           input=(server.url + "/go\n") * 3)
        equal((result.status, server.connections), (0, 1), repr(result))
        equal([r.method for r in server.log], ["HEAD"] * 6)


@test("60 a redirect that is not followed is judged like any answer")
def _():
    server = web()
    server.on("/go", lambda conn, request: conn.send(
        FOUND + b"Content-Length: 100\r\n\r\nhalf") or conn.close())
    result = fetchpool(["-a", "--max-redirs=0"], input=server.url + "/go")
    equal(result.records[0]["error"]["kind"], "incomplete", repr(result))
    result = fetchpool(["-a", "--ok-status=302"], input=server.url + "/go")
    equal(result.records[0]["error"]["kind"], "incomplete", repr(result))


@test("60 one hop more than allowed: its body is not waited for either")
def _():
    server = web()
    server.on("/go", lambda conn, request: sends(
        b"HTTP/1.1 302 Found\r\nLocation: /go\r\n\r\n")(conn))
    result = fetchpool(["-a"], input=server.url + "/go", timeout=10)
    equal(result.records[0]["error"]["kind"], "redirect", repr(result))
    equal(server.requests, 11)


if __name__ == "__main__":
    main()
