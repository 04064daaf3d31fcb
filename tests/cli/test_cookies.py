#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Cookies (RFC 6265): those that an item's redirects set are for the next hops of
this item, and for nothing else.
"""
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import fetchpool
from tap import check, equal, main, test
from webserver import redirect, web

HOSTS = ("a.test", "sub.a.test", "b.test")


def moves(conn, to, *cookies):
    lines = b"".join(b"Set-Cookie: %s\r\n" % cookie for cookie in cookies)
    conn.answer(b"moved", status=302,
                headers=b"Location: %s\r\n%s" % (to, lines))


def wall(conn, request):
    """Lets in who has the cookie, and sends all others for it."""
    if "seen=1" in (request.header("Cookie") or ""):
        conn.answer(b"inside")
    else:
        moves(conn, request.target.encode(), b"seen=1; Path=/")


def run(server, urls, *args):
    """Names of HOSTS are this server."""
    for host in HOSTS:
        args += "--resolve", "%s:%d:127.0.0.1" % (host, server.port)
    return fetchpool(["-a", *args], input="\n".join(urls))


def at(server, host, path):
    return "http://%s:%d%s" % (host, server.port, path)


def cookies(server):
    return [r.header("Cookie") for r in server.log]


@test("a cookie wall is passed; each item meets it anew")
def _():
    for args in [], ["-r", "1000/s"], ["--http2"], ["-X", "PUT"]:
        server = web()
        server.on("/wall", wall)
        result = fetchpool(["-a", "-j1", *args],
                           input=(server.url + "/wall\n") * 3)
        equal([r["body"] for r in result.records], ["inside"] * 3,
              repr(result))
        equal(cookies(server), [None, "seen=1"] * 3, repr(args))


@test("no other item gets them, nor those of a last answer")
def _():
    server = web()
    server.on("/go", lambda conn, request: moves(conn, b"/end", b"a=1; Path=/"))
    server.on("/end", lambda conn, request: conn.answer(
        b"ok", headers=b"Set-Cookie: late=1; Path=/\r\n"))
    result = fetchpool(["-j1"], input="".join(
        server.url + path + "\n" for path in ("/go", "/end", "/ok", "/go")))
    equal(result.status, 0, repr(result))
    equal(cookies(server), [None, "a=1", None, None, None, "a=1"])


@test("another attempt begins without any")
def _():
    server = web()
    server.on("/go", lambda conn, request: moves(conn, b"/end", b"a=1; Path=/"))
    server.on("/end", lambda conn, request: conn.answer(
        b"ok", status=503 if request.nth == 2 else 200))
    result = fetchpool(["-j1", "--retry=1", "--retry-delay=1ms"],
                       input=server.url + "/go")
    equal(result.status, 0, repr(result))
    equal(cookies(server), [None, "a=1"] * 2)


@test("by way of another host, which does not get them, and back")
def _():
    for args in [], ["-j1"], ["--host-rate", "1000/s"]:
        server = web()
        server.on("/1", lambda conn, request: moves(
            conn, at(server, "b.test", "/2").encode(), b"a=1; Path=/"))
        server.on("/2", lambda conn, request: moves(
            conn, at(server, "a.test", "/3").encode(), b"b=2; Path=/"))
        server.on("/3", lambda conn, request: conn.answer(b"home"))
        result = run(server, [at(server, "a.test", "/1")] * 3, *args)
        equal([r["body"] for r in result.records], ["home"] * 3, repr(result))
        equal(sorted((r.path, r.header("Cookie")) for r in server.log),
              [("/1", None)] * 3 + [("/2", None)] * 3 + [("/3", "a=1")] * 3)


@test("also on a handle whose connection libcurl found dead, and sent again")
def _():
    def dies(conn, request):
        """On a connection that was used before."""
        if any(r.connection == conn.number for r in server.log[:-1]):
            conn.close()
        conn.answer(b"ok")

    for args in [], ["-r", "1000/s"]:
        server = web()
        server.on("/wall", wall)
        server.on("/dies", dies)
        result = fetchpool(["-ak", "-j1", *args], input="".join(
            server.url + path + "\n"
            for path in ("/wall", "/dies", "/wall", "/wall")))
        equal([r["body"] for r in result.records],
              ["inside", "ok", "inside", "inside"], repr(result))
        equal(cookies(server),
              [None, "seen=1", None, None] + [None, "seen=1"] * 2)


# What a.test or sub.a.test sets, and who gets it after that.
RULES = (
    # host-only, unless there is a Domain; which may be that of its parent
    ("sub.a.test", b"c=1; Path=/", "sub.a.test", "/x", "c=1"),
    ("sub.a.test", b"c=1; Path=/", "a.test", "/x", None),
    ("sub.a.test", b"c=1; Path=/; Domain=a.test", "a.test", "/x", "c=1"),
    ("a.test", b"c=1; Path=/; Domain=a.test", "sub.a.test", "/x", "c=1"),
    ("a.test", b"c=1; Path=/", "sub.a.test", "/x", None),
    # but not that of another, nor one that is nobody's own
    ("a.test", b"c=1; Path=/; Domain=b.test", "b.test", "/x", None),
    ("a.test", b"c=1; Path=/; Domain=b.test", "a.test", "/x", None),
    ("a.test", b"c=1; Path=/; Domain=test", "b.test", "/x", None),
    ("a.test", b"c=1; Path=/; Domain=sub.a.test", "sub.a.test", "/x", None),
    # by path: of the URL, if none is named
    ("a.test", b"c=1; Path=/p", "a.test", "/p/x", "c=1"),
    ("a.test", b"c=1; Path=/p", "a.test", "/px", None),
    ("a.test", b"c=1", "a.test", "/x", "c=1"),
    ("a.test", b"c=1; Secure; Path=/", "a.test", "/x", None),
    ("a.test", b"__Secure-c=1; Path=/", "a.test", "/x", None),
    ("a.test", b"c=1; HttpOnly; SameSite=Lax; Path=/", "a.test", "/x", "c=1"),
    # by time
    ("a.test", b"c=1; Path=/; Max-Age=60", "a.test", "/x", "c=1"),
    ("a.test", b"c=1; Path=/; Max-Age=0", "a.test", "/x", None),
    ("a.test", b"c=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:10 GMT",
     "a.test", "/x", None),
    # odd, as they come
    ("a.test", b"c=; Path=/", "a.test", "/x", "c="),
    ("a.test", b"c=a b\"c\"; Path=/", "a.test", "/x", "c=a b\"c\""),
    ("a.test", b"c=a=b; Path=/", "a.test", "/x", "c=a=b"),
    ("a.test", b"", "a.test", "/x", None),
    ("a.test", b";;;", "a.test", "/x", None),
    ("a.test", b"c=" + b"x" * 5000, "a.test", "/x", None),
)


@test("who gets them: by host, path, time and TLS")
def _():
    for first, cookie, host, path, sent in RULES:
        for args in [], ["-r", "1000/s"]:
            server = web()
            server.on("/go", lambda conn, request: moves(
                conn, at(server, host, path).encode(), cookie))
            server.on("/", lambda conn, request: conn.answer(b"ok"))
            result = run(server, [at(server, first, "/go")], *args)
            equal(result.status, 0, repr(result))
            equal(cookies(server), [None, sent],
                  "%r from %s to %s" % (cookie, first, host))


@test("the last of a name, and the longest path first")
def _():
    server = web()
    server.on("/1", lambda conn, request: moves(
        conn, b"/2", b"a=1; Path=/", b"b=1; Path=/"))
    server.on("/2", lambda conn, request: moves(
        conn, b"/p/3", b"a=2; Path=/", b"b=gone; Path=/; Max-Age=0",
        b"c=1; Path=/p"))
    server.on("/p/3", lambda conn, request: conn.answer(b"ok"))
    for args in [], ["-r", "1000/s"]:
        server.log.clear()
        fetchpool(args, input=server.url + "/1")
        equal([sorted((c or "").split("; ")) for c in cookies(server)],
              [[""], ["a=1", "b=1"], ["a=2", "c=1"]])
        equal(cookies(server)[2], "c=1; a=2")


@test("beside --cookie; and none, if a header of the user's says which")
def _():
    for args, first, second in (
            (["-b", "mine=1"], "mine=1", "seen=1; mine=1"),
            (["-H", "Cookie: mine=1"], "mine=1", "mine=1"),
            (["-H", "cookie;"], "", "")):
        server = web()
        server.on("/go", lambda conn, request: moves(
            conn, b"/ok", b"seen=1; Path=/"))
        result = fetchpool(["-a", *args], input=server.url + "/go")
        equal(result.status, 0, repr(result))
        equal(cookies(server), [first, second])
    server.log.clear()
    result = fetchpool(["--input-format", "json"], input=(
        '{"url":"%s/go","headers":{"Cookie":"own=1"}}\n'
        '{"url":"%s/go"}\n' % (server.url, server.url)))
    equal(sorted(c or "" for c in cookies(server)),
          ["", "own=1", "own=1", "seen=1"])


@test("redirects that are not followed set nothing")
def _():
    for args in ["--max-redirs=0"], ["--ok-status=302"]:
        server = web()
        server.on("/go", lambda conn, request: moves(
            conn, b"/ok", b"a=1; Path=/"))
        fetchpool(["-a", "-j1", *args], input="".join(
            server.url + path + "\n" for path in ("/go", "/ok", "/go")))
        equal(cookies(server), [None] * 3)


@test("1,000 cookies of one answer are not kept, and the item goes on")
def _():
    server = web()
    server.on("/go", lambda conn, request: moves(
        conn, b"/ok", *[b"c%d=1; Path=/" % i for i in range(1000)]))
    result = fetchpool(["-a"], input=server.url + "/go")
    equal(len(result.records), 1)
    check(result.status == 0 or
          result.records[0]["error"]["kind"] in ("too_large", "network"),
          repr(result))


@test("what they hold is nowhere in what is written")
def _():
    server = web()
    server.on("/go", lambda conn, request: moves(
        conn, b"/end", b"a=c4naRy; Path=/"))
    server.on("/end", lambda conn, request: redirect(conn, 302, b"/end"))
    result = fetchpool(["-a", "--fields=+final_url,redirects"],
                       input=server.url + "/go")
    check(b"c4naRy" not in result.out + result.err, repr(result))


main()
