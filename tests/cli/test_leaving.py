#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Redirects: their bodies, which nobody needs and which may not delay the next
hop, and the fields that go with a request to another origin.
"""
import base64
import gzip
import json
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from authority import authority, good
from harness import fetchpool
from tap import check, equal, main, temp_dir, test
from webserver import Web, redirect, web

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
    # which libcurl, or its newer versions, end before the head is complete
    sends(FOUND + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    sends(FOUND + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nmoved"),
    sends(FOUND + b"Content-Length: abc\r\n\r\nmoved"),
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


# ---- where to (RFC 9110, section 10.2.2) ----

def final(url, location, *args):
    """Where a redirect of this URL leads to: its final_url and target."""
    server = web()
    server.on("/go", lambda conn, request: redirect(conn, 302, location))
    server.on("/", lambda conn, request: conn.answer(b"ok"))
    result = fetchpool(["-a", "--fields=final_url", *args],
                       input=server.url + url)
    equal(len(result.records), 1, repr(result))
    record = result.records[0]
    check(not record.get("error"), repr(result))
    return (record["final_url"].replace(server.url, ""),
            server.log[-1].target)


@test("60 a place is encoded like the URL of an item")
def _():
    for place in ("/p/a b", "/p?q=a b", "/p/{x}|<y>^`z", "/p?a={b}&c=[d]",
                  "/p/100%", "/p/%zz?%", "/p/%41%2f", "/p/\u00e4?\u00f6",
                  "/p/a\\b", "/p?\"q\"", "/p;a=b,c!$&'()*+"):
        server = web()
        server.on("/p", lambda conn, request: conn.answer(b"ok"))
        server.on("/p/", lambda conn, request: conn.answer(b"ok"))
        server.on("/p;", lambda conn, request: conn.answer(b"ok"))
        result = fetchpool(["--ok-status=2xx,404"], input=server.url + place)
        equal(result.status, 0, repr(result))
        mine = server.log[-1].target
        for location in place.encode(), (server.url + place).encode(), (
                server.url[5:] + place).encode():
            server.on("/go", lambda conn, request: redirect(
                conn, 302, location))
            result = fetchpool(["--ok-status=2xx,404"],
                               input=server.url + "/go")
            equal((server.log[-1].target, result.status), (mine, 0),
                  repr(location))


@test("60 a fragment stays with the item, unless the place has one")
def _():
    for url, location, where in (
            ("/go#mine", b"/ok", "/ok#mine"),
            ("/go#mine", b"/ok#theirs", "/ok#theirs"),
            ("/go#mine", b"/ok#", "/ok"),
            ("/go#mine", b"/ok?a=b", "/ok?a=b#mine"),
            ("/go", b"/ok#theirs", "/ok#theirs"),
            ("/go#a%20b?c/d", b"/ok", "/ok#a%20b?c/d"),
            ("/go", b"/ok", "/ok")):
        got, target = final(url, location)
        equal((got.rstrip("#"), target), (where, where.partition("#")[0]),
              repr((url, location)))


@test("60 a fragment stays over many hops, and over origins")
def _():
    with Web() as first, Web() as second:
        first.on("/go", lambda conn, request: redirect(
            conn, 302, b"/further"))
        first.on("/further", lambda conn, request: redirect(
            conn, 307, second.url.encode() + b"/ok"))
        result = fetchpool(["--fields=url,final_url"],
                           input=first.url + "/go#here")
        equal(result.records, [{"url": first.url + "/go#here",
                                "final_url": second.url + "/ok#here"}])
        equal([r.target for r in first.log + second.log],
              ["/go", "/further", "/ok"])


@test("60 a place that is no URL, though libcurl takes it")
def _():
    server = web()
    for place in (b"http:/127.0.0.1/ok", b"http:ok", b"http:///ok"):
        server.on("/go", lambda conn, request: redirect(conn, 302, place))
        result = fetchpool(["-a"], input=server.url + "/go")
        equal(result.records[0]["error"]["kind"], "redirect", repr(result))


# ---- what goes with it ----

TRAVELS = ("Accept: application/vnd.x+json", "Accept-Language: de",
           "Accept-Encoding: identity", "Accept-Charset: utf-8",
           "User-Agent: me/1", "If-None-Match: \"x\"",
           "If-Match: \"x\"", "If-Modified-Since: x",
           "If-Unmodified-Since: x", "If-Range: \"x\"", "Range: bytes=0-1",
           "Cache-Control: no-cache", "Pragma: no-cache", "Prefer: x",
           "aCCept-laNGUage: fr")
STAYS = ("Authorization: Bearer c4naRy", "Cookie: c4naRy",
         "X-Api-Key: c4naRy", "Proxy-Authorization: c4naRy",
         "Referer: http://c4naRy/", "X-Accept: c4naRy", "Accept-X: c4naRy",
         "From: c4naRy", "Idempotency-Key: c4naRy", "Host: c4nary",
         "X-User-Agent: c4naRy", "Origin: http://c4naRy", "Token: c4naRy")


def asked(request, line):
    name, _, value = line.partition(": ")
    return request.header(name) == value


@test("61 at another origin: what is wanted stays, what may be secret goes")
def _():
    for i in 0, 1:  # as options, and as an item's
        with Web() as first, Web() as second:
            first.on("/go", lambda conn, request: redirect(
                conn, 302, second.url.encode() + b"/ok"))
            for line in TRAVELS + STAYS:
                first.log.clear()
                second.log.clear()
                name, _, value = line.partition(": ")
                args, item = ["-H", line], first.url + "/go"
                if i:
                    args = ["--input-format=json", "-H", "X-Other: c4naRy"]
                    item = json.dumps({"url": item, "headers": {name: value}})
                args += ["--ok-status=2xx,206"]
                result = fetchpool(args, input=item)
                equal(result.status, 0, repr(result))
                check(asked(first.log[0], line), line)
                equal(asked(second.log[0], line), line in TRAVELS, line)
                check("c4nary" not in repr(second.log[0].headers).lower(),
                      second.log[0].headers)


@test("61 the type of a body goes with it")
def _():
    with Web() as first, Web() as second:
        first.on("/go", lambda conn, request: redirect(
            conn, 307, second.url.encode() + b"/ok"))
        for args in (["-d", "x", "-H", "Content-Type: a/b"],
                     ["--json", "x", "-H", "Content-Type: a/b"]):
            fetchpool([*args, "-H", "Content-Language: de", "-H", "X-Y: z"],
                      input=first.url + "/go")
            there = second.log[-1]
            equal((there.body, there.header("Content-Type"),
                   there.header("Content-Language"), there.header("X-Y")),
                  (b"x", "a/b", "de", None))
        fetchpool(["--json", "{}"], input=first.url + "/go")
        equal((second.log[-1].header("Content-Type"),
               second.log[-1].header("Accept")),
              ("application/json", "application/json"))


@test("61 a header that was taken out stays out")
def _():
    with Web() as first, Web() as second:
        first.on("/go", lambda conn, request: redirect(
            conn, 302, second.url.encode() + b"/ok"))
        fetchpool(["-H", "Accept:", "-H", "Accept-Encoding:", "-H",
                   "User-Agent:"], input=first.url + "/go")
        for request in first.log[0], second.log[0]:
            equal([request.header(n) for n in (
                "Accept", "Accept-Encoding", "User-Agent")], [None] * 3)


@test("61 a login in a place, as with curl -L")
def _():
    def logins(url, location, *args):
        first.log.clear()
        second.log.clear()
        first.on("/go", lambda conn, request: redirect(
            conn, 302, location.encode()))
        result = fetchpool(["-a", "--fields=url,final_url", *args], input=url)
        check(b"c4naRy" not in result.out + result.err, repr(result))
        return [base64.b64decode(r.header("Authorization")[6:]).decode()
                if r.header("Authorization") else None
                for r in first.log + second.log]

    with Web() as first, Web() as second:
        mine, theirs = (base.replace("//", "//%s:c4naRy@" % who)
                        for who, base in (("me", first.url),
                                          ("you", second.url)))
        yours = first.url.replace("//", "//you:c4naRy@")
        for url, location, here, there in (
                (first.url, theirs, None, None),
                (first.url, yours, None, "you:c4naRy"),
                (mine, first.url, "me:c4naRy", "me:c4naRy"),
                (mine, "", "me:c4naRy", "me:c4naRy"),
                (mine, second.url, "me:c4naRy", None),
                (mine, theirs, "me:c4naRy", None),
                (mine, yours, "me:c4naRy", "you:c4naRy")):
            equal(logins(url + "/go", location + "/ok"), [here, there],
                  repr((url, location)))
        equal(logins(first.url + "/go", theirs + "/ok", "--location-trusted"),
              [None, "you:c4naRy"])


if __name__ == "__main__":
    main()
