#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Redirects: where they lead, what they change, what they may not carry."""
import signal
import sys
import urllib.parse

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from authority import authority, good
from harness import TRACED, Program, fetchpool, strace
from servers import free_port
from tap import check, contents, equal, main, temp_file, test
from webserver import Web, redirect, to_path, web

KINDS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def fetch(url, *args, **more):
    """The only record of this URL, and the whole run."""
    result = fetchpool(["-a", *args], input=url, **more)
    equal(len(result.records), 1, repr(result))
    return result.records[0], result


def lands(url, *args):
    record, result = fetch(url, *args)
    equal((record["status"], result.status), (200, 0), repr(result))
    return record


def fails(url, *args, kind, status=None, **more):
    record, result = fetch(url, *args, **more)
    equal((record.get("error") or {}).get("kind"), kind, repr(result))
    equal(result.status, 1, repr(result))
    if kind != "http":
        equal(record["body"], None, repr(result))
    if status:
        equal(record["status"], status)
    return record


# ---- where to ----

@test("60 a relative place, of every form")
def _():
    server = web()
    for location, path in (
            ("/ok", "/ok"), ("../echo/x", "/echo/x"), ("./../ok", "/ok"),
            ("../ok?a=b", "/ok?a=b"),
            ("/echo/a b", "/echo/a%20b"), ("/a/../ok", "/ok"),
            ("//127.0.0.1:%d/ok" % server.port, "/ok"),
            ("  /ok", "/ok"), ("HTTP://127.0.0.1:%d/ok" % server.port, "/ok"),
            ("?done", "/to/302?done")):
        server.reset()
        if location == "?done":
            server.on("/to/302", lambda conn, request: conn.answer(b"ok")
                      if request.query == "done"
                      else redirect(conn, 302, b"?done"))
        lands(server.url + to_path(location))
        equal(server.targets[1:], [path], location)


@test("60 the fragment of the URL before is no part of what a place is added to")
def _():
    server = web()
    for base, location, target, fragment in (
            ("/a#x", b"?q=1", "/a?q=1", "x"), ("/a#", b"?q=1", "/a?q=1", ""),
            ("/a?b=c#x", b"?q=1", "/a?q=1", "x"),
            ("/d/a#/e/f", b"?q=1", "/d/a?q=1", "/e/f"),
            ("/d/a#/e/f", b"g", "/d/g", "/e/f"),
            ("/d/a#/e?f", b"../g?q=1", "/g?q=1", "/e?f"),
            ("/d/a?b=/c#x", b"g#y", "/d/g", "y"),
            ("/d/a?b=/c", b"g", "/d/g", ""), ("?b=/c", b"g", "/g", "")):
        server.reset()
        for path in ("/", "/a", "/d/a", "/d/g", "/g"):
            server.on(path, lambda conn, request: conn.answer(b"ok")
                      if len(server.targets) > 1
                      else redirect(conn, 302, location))
        record = lands(server.url + base, "--fields=status,final_url")
        equal(server.targets[1:], [target], "%s and %s" % (base, location))
        equal(record["final_url"].partition("#")[2], fragment, base)


@test("60 a place that is a fragment alone is the same place")
def _():
    server = web()
    for base in ("/d/a", "/d/a?b=/c", "/d/a?b#/x/y"):
        server.reset()
        server.on("/d/a", lambda conn, request: conn.answer(b"ok")
                  if len(server.targets) > 1
                  else redirect(conn, 302, b"#z"))
        record = lands(server.url + base, "--fields=status,final_url")
        equal(server.targets, [base.split("#")[0]] * 2, base)
        equal(record["final_url"],
              server.url + base.split("#")[0] + "#z", base)


@test("60 bytes that are not ASCII are encoded")
def _():
    server = web()
    for raw in b"/echo/\xc3\xa4", b"/echo/\xe4":
        server.reset()
        url = server.on("/go", lambda conn, request: redirect(conn, 302, raw))
        lands(url)
        equal(server.targets[1].lower(),
              urllib.parse.quote(raw).lower())


@test("60 a fragment is not sent")
def _():
    server = web()
    lands(server.url + to_path("/ok#frag"))
    lands(server.url + to_path("/ok") + "#mine")
    equal([t for t in server.targets if "/to/" not in t], ["/ok", "/ok"])


@test("60 without a place, it is no success and no redirect")
def _():
    for code in 300, 301, 302, 303, 304, 305, 307, 308:
        server = web()
        url = server.url + "/to/%d" % code
        fails(url, kind="http", status=code)
        equal(server.requests, 1)
    server = web()
    fails(server.on("/empty_place", lambda conn, request: redirect(
        conn, 302, b"")), kind="http", status=302)


@test("60 what is no redirect is not followed")
def _():
    for code in 200, 201, 300, 304, 305, 306, 400, 404, 503:
        server = web()
        fetch(server.url + to_path("/ok", code))
        equal(server.requests, 1, str(code))


@test("60 a place that is no URL")
def _():
    for location in ("http://", "http:///", "http://a b/", "http://[::1/",
                     "http://127.0.0.1:99999/", "//"):
        server = web()
        record, _ = fetch(server.url + to_path(location))
        check(record["error"]["kind"] in ("redirect", "refused"),
              "%s: %r" % (location, record))
        equal(server.requests, 1, location)


# ---- how many ----

@test("60 ten hops, not eleven")
def _():
    server = web()
    record = lands(server.url + "/hops/10", "--fields=+redirects")
    equal((record["redirects"], server.requests), (10, 11))
    server.reset()
    fails(server.url + "/hops/11", kind="redirect")
    equal(server.requests, 11)


@test("60 a loop comes to an end")
def _():
    server = web()
    for path in "/loop", "/ping":
        server.reset()
        server.on("/loop", lambda conn, request: redirect(
            conn, 302, b"/loop"))
        server.on("/ping", lambda conn, request: redirect(
            conn, 301, b"/pong"))
        server.on("/pong", lambda conn, request: redirect(
            conn, 301, b"/ping"))
        fails(server.url + path, kind="redirect")
        check(server.requests <= 11, server.requests)


@test("60 --max-redirs")
def _():
    server = web()
    fails(server.url + "/hops/1", "--max-redirs", "0", kind="http",
          status=302)
    equal(server.requests, 1)
    lands(server.url + "/hops/1", "--max-redirs=1")
    fails(server.url + "/hops/2", "--max-redirs=1", kind="redirect")
    lands(server.url + "/hops/31", "--max-redirs=31")
    for value in "-1", "x", "", "1001":
        result = fetchpool(["--max-redirs", value], input=server.url)
        equal(result.status, 2, value)


@test("60 --ok-status: a redirect that is wanted as it is")
def _():
    server = web()
    record, result = fetch(server.url + "/hops/1", "--ok-status=302")
    equal((result.status, record["status"], server.requests), (0, 302, 1))


@test("only the last body is given, and one record")
def _():
    server = web()
    url = server.url + to_path("/json", 301)
    record = lands(url)
    equal((record["body"], record["url"], record["type"]),
          ({"a": 1, "b": [1, 2]}, url, "application/json"))
    fails(server.url + to_path("/status/404"), kind="http", status=404)
    equal(server.connections, 2, "connections of two runs")


@test("the headers in the record are the last response's")
def _():
    server = web()
    server.on("/go", lambda conn, request: conn.answer(
        b"", status=302, headers=b"Location: /ok\r\nX-First: 1\r\n"))
    record = lands(server.url + "/go", "--fields=headers,status")
    check("x-first" not in {n.lower() for n in record["headers"]}, record)


# ---- methods and bodies ----

def wanted(method, code):
    """RFC 9110, section 15.4, and what all clients do of it."""
    if code == 303 and method != "HEAD":
        return "GET"
    if code in (301, 302) and method == "POST":
        return "GET"
    return method


# ---- hops ----

def hops_of(record):
    return [(hop["status"], hop["url"]) for hop in record["hops"]]


@test("hops: status and URL of each, with passwords masked")
def _():
    server = web()
    host = "127.0.0.1:%d" % server.port
    server.on("/a", lambda conn, request: redirect(conn, 301, b"/b?x#y"))
    server.on("/b", lambda conn, request: redirect(
        conn, 307, b"http://me:secret@%s/ok" % host.encode()))
    record, result = fetch("http://you:hidden@%s/a" % host,
                           "--fields=status,hops,redirects")
    equal(hops_of(record), [
        (301, "http://you:***@%s/a" % host),
        (307, "http://you:***@%s/b?x#y" % host),
        (200, "http://me:***@%s/ok#y" % host)])
    equal((record["status"], record["redirects"]), (200, 2))
    check("secret" not in result.text + result.out.decode() and
          "hidden" not in result.out.decode(), repr(result))
    record = lands(server.url + "/ok", "--fields=+hops")
    equal(hops_of(record), [(200, server.url + "/ok")])
    check("hops" not in lands(server.url + "/ok"), "not asked for")


@test("hops: where a redirect could not be followed, or was not answered")
def _():
    server = web()
    closed = "http://127.0.0.1:%d/x" % free_port()
    at = server.on("/a", lambda conn, request: redirect(
        conn, 302, closed.encode()))
    record = fails(at, "--fields=+hops", kind="connect")
    equal(hops_of(record), [(302, at), (None, closed)])
    at = server.on("/a", lambda conn, request: redirect(conn, 302, b"/a"))
    record = fails(at, "--fields=+hops", "--max-redirs=2", kind="redirect")
    equal(hops_of(record), [(302, at)] * 3)
    at = server.on("/a", lambda conn, request: redirect(
        conn, 302, b"ftp://127.0.0.1/"))
    record = fails(at, "--fields=+hops", kind="refused")
    equal(hops_of(record), [(302, at)])
    at = server.on("/a", lambda conn, request: conn.answer(
        b"", status=303, headers=b"Location: /ok\r\nRetry-After: 9999\r\n"))
    record = fails(at, "--fields=+hops,+final_url,+redirects",
                   kind="redirect")
    equal(hops_of(record), [(303, at)])
    equal((record["final_url"], record["redirects"]), (at, 0))
    record = fails("http://127.0.0.1:1:2/", "--fields=+hops", kind="input")
    equal(record["hops"], [])


@test("hops: of the last attempt alone; and URLs that are too long together")
def _():
    server = web()
    server.on("/flaky", lambda conn, request: redirect(conn, 302, b"/ok")
              if len(server.targets) > 2
              else conn.answer(b"", status=503))
    record = lands(server.url + "/flaky", "--fields=+hops",
                   "--retry-delay=1ms", "--retry-max-delay=1ms")
    equal(hops_of(record), [(302, server.url + "/flaky"),
                            (200, server.url + "/ok")])
    server.reset()
    server.on("/long", lambda conn, request: redirect(
        conn, 302, b"/ok" if len(server.targets) > 15
        else b"/long?" + b"x" * 2000))
    record = lands(server.url + "/long", "--fields=+hops",
                   "--max-redirs=50")
    equal([status for status, url in hops_of(record)], [302] * 16 + [200])
    urls = [url for status, url in hops_of(record)]
    equal(urls[-1], server.url + "/ok", "a short one finds room")
    check(2 < urls.count(None) < 14, urls)
    check(sum(len(url or "") for url in urls) <= 16384, urls)


# ---- what changes ----

@test("methods and bodies, by the status")
def _():
    for code in 301, 302, 303, 307, 308:
        for method in KINDS:
            server = web()
            bare = method in ("GET", "HEAD")
            args = [] if bare else ["-d", "the body"]
            lands(server.url + to_path("/ok", code) if method != "HEAD" else
                  server.url + to_path("/head", code), "-X", method, *args)
            equal(len(server.log), 2)
            second = server.log[1]
            then = wanted(method, code)
            equal((second.method, second.body),
                  (then, b"the body" if then == method and not bare else b""),
                  "%s after %d" % (method, code))
            if then != method:
                equal(second.framing, None, "a length without a body")
                equal(second.header("Content-Type"), None,
                      "the type of a body that is not sent (%d)" % code)


@test("what says the type of a body goes with it")
def _():
    for args in (["--json", "1"], ["-d", "x", "-H", "Content-Type: a/b"]):
        server = web()
        lands(server.url + to_path("/ok", 303), *args)
        equal([r.header("Content-Type") is None for r in server.log],
              [False, True], repr(args))
        server.reset()
        lands(server.url + to_path("/ok", 307), *args)
        equal([r.header("Content-Type") is None for r in server.log],
              [False, False], repr(args))


@test("after a redirect the next item has its method again")
def _():
    server = web()
    result = fetchpool(
        ["-j1", "--data-line", server.url + to_path("/ok", 303)],
        input="one\ntwo\n")
    equal(result.status, 0, repr(result))
    equal([(r.method, r.body) for r in server.log],
          [("POST", b"one"), ("GET", b""), ("POST", b"two"), ("GET", b"")])


# ---- what another origin may see ----

SECRETS = (["-H", "Authorization: Bearer c4naRy"], ["-b", "s=c4naRy"],
           ["-H", "X-Api-Key: c4naRy"], ["-H", "Cookie: s=c4naRy"],
           ["-e", "http://c4naRy/"], ["-u", "me:c4naRy"],
           ["--oauth2-bearer", "c4naRy"],
           ["--setopt", "REFERER=c4naRy"], ["-H", "Proxy-Auth: c4naRy"])


def has_secret(request):
    text = repr(request.headers)
    return "c4naRy" in text or "authorization" in {
        n.lower() for n, _ in request.headers}


def drops(first, second, url, *args):
    """Each secret comes to the first server, and not to the second."""
    netrc = temp_file("default login me password c4naRy\n")
    for secret in SECRETS + (["--netrc-file", netrc],):
        first.reset()
        second.reset()
        target, location = url()
        first.on("/go", lambda conn, request: redirect(
            conn, 307, location.encode()))
        lands(target, *secret, *args)
        here = first.log[0]
        there = (second.log if second is not first else first.log[1:])
        check(has_secret(here), "not sent at all: %r" % secret)
        equal(len(there), 1)
        check(not has_secret(there[0]), "%r came to another origin: %r" % (
            secret, there[0].headers))
        first.log.clear()
        second.log.clear()
        lands(target, *secret, *args, "--location-trusted")
        check(has_secret((first.log + second.log)[-1]),
              "--location-trusted did not send %r" % secret)


@test("61 another port is another origin")
def _():
    with Web() as first, Web() as second:
        drops(first, second, lambda: (first.url + "/go", second.url + "/ok"))


@test("61 another host is another origin")
def _():
    with Web() as server:
        args = []
        for name in "a", "b", "a.a":
            args += ["--resolve", "%s.test:%d:127.0.0.1" % (
                name, server.port)]
        for other in "b.test", "a.a.test", "127.0.0.1":
            drops(server, server, lambda: (
                "http://a.test:%d/go" % server.port,
                "http://%s:%d/ok" % (other, server.port)), *args)


@test("61 another scheme is another origin")
def _():
    with Web() as plain, Web(tls=good().server()) as tls:
        drops(plain, tls, lambda: (plain.url + "/go", tls.url + "/ok"),
              "--cacert", authority().cert)
        drops(tls, plain, lambda: (tls.url + "/go", plain.url + "/ok"),
              "--cacert", authority().cert, "--allow-downgrade")
    with Web(tls=good().server(), plain_too=True) as both:
        plain = both.url.replace("https", "http")
        drops(both, both, lambda: (plain + "/go", both.url + "/ok"),
              "--cacert", authority().cert)
        drops(both, both, lambda: (both.url + "/go", plain + "/ok"),
              "--cacert", authority().cert, "--allow-downgrade")


@test("61 the same origin, said otherwise, still gets them")
def _():
    with Web() as server:
        for location in ("/ok", "HTTP://A.Test:%d/ok" % server.port,
                         "http://a.test:%d/ok" % server.port):
            for secret in SECRETS:
                server.reset()
                server.on("/go", lambda conn, request: redirect(
                    conn, 302, location.encode()))
                lands("http://a.test:%d/go" % server.port, *secret,
                      "--resolve", "a.test:%d:127.0.0.1" % server.port)
                equal([has_secret(r) for r in server.log], [True, True],
                      repr((location, secret)))


@test("61 back at the first origin, they are sent again or not; never between")
def _():
    with Web() as first, Web() as second:
        first.on("/go", lambda conn, request: redirect(
            conn, 302, second.url.encode() + b"/back"))
        second.on("/back", lambda conn, request: redirect(
            conn, 302, first.url.encode() + b"/ok"))
        result = fetchpool(["-j1", "-u", "me:c4naRy", "-H", "X-Api-Key: c4naRy"],
                           input="\n".join([first.url + "/go"] * 3))
        equal(result.status, 0)
        equal([has_secret(r) for r in second.log], [False] * 3)
        for request in first.log:
            if request.path == "/go":
                check(has_secret(request), "the next item lost its secret")


@test("61 a password in the URL goes nowhere else")
def _():
    with Web() as first, Web() as second:
        first.on("/go", lambda conn, request: redirect(
            conn, 302, second.url.encode() + b"/ok"))
        record, result = fetch(first.url.replace("//", "//me:c4naRy@") + "/go",
                               "--fields=+redirects")
        check(has_secret(first.log[0]), "not sent at all")
        check(not has_secret(second.log[0]), second.log[0].headers)
        check("c4naRy" not in repr({k: v for k, v in record.items()
                                    if k != "input"}), record)


@test("61 a password in a place is in no output")
def _():
    server = web()
    place = server.url.replace("//", "//me:c4naRy@") + "/status/404"
    for args in [], ["-a", "--fields=+redirects"], ["--error-format=json"]:
        result = fetchpool(args, input=server.on(
            "/go", lambda conn, request: redirect(
                conn, 302, place.encode())))
        check(b"c4naRy" not in result.out + result.err, repr(result))


# ---- schemes ----

@test("62 from https to http: refused, or allowed")
def _():
    with Web() as plain, Web(tls=good().server()) as tls:
        args = ["--cacert", authority().cert]
        url = tls.url + to_path(plain.url + "/ok")
        fails(url, *args, kind="redirect")
        equal(plain.connections, 0)
        lands(url, *args, "--allow-downgrade")
        equal(plain.requests, 1)
        # By a step over a third place, too.
        plain.reset()
        fails(plain.url + to_path(tls.url + to_path(plain.url + "/ok")),
              *args, kind="redirect")
        equal(plain.requests, 1)


@test("18 a redirect to another scheme is refused, and nothing is opened")
def _():
    server = web()
    secret = temp_file(b"c4naRy")
    trace = temp_file()
    places = ["file://" + secret, "FILE://" + secret, "gopher://127.0.0.1/",
              "ftp://127.0.0.1/", "dict://127.0.0.1/", "ldap://127.0.0.1/",
              "smtp://127.0.0.1/", "telnet://127.0.0.1/", "javascript:1",
              "data:,x", "mailto:a@b", "tftp://127.0.0.1/x", "scp://a/b",
              "ws://127.0.0.1/", "file:" + secret, "about:blank"]
    result = fetchpool(["-a"], input="\n".join(
        server.url + to_path(place) for place in places),
        env=TRACED,
        wrapper=strace("-e", "trace=open,openat,connect", "-o", trace))
    for record in result.records:
        kind = record["error"]["kind"]
        check(kind == "refused" or kind == "redirect" and
              not places[record["seq"] - 1].lower().startswith("file") and
              "//" not in places[record["seq"] - 1], record)
    equal((len(result.records), server.requests),
          (len(places), len(places)))
    text = contents(trace).decode("utf-8", "replace")
    check(secret not in text, "the file was opened")
    for line in text.splitlines():
        if "connect(" in line and "sin_port" in line:
            check("htons(%d)" % server.port in line, line)
    check(b"c4naRy" not in result.out + result.err, repr(result))


@test("18 --proto holds for redirects too")
def _():
    with Web() as plain, Web(tls=good().server()) as tls:
        fails(plain.url + to_path(tls.url + "/ok"), "--proto=http",
              "--cacert", authority().cert, kind="refused")
        equal(tls.connections, 0)


# ---- what else holds for all hops ----

@test("-m is for all hops together")
def _():
    server = web()

    def slow(conn, request):
        n = int(request.query)
        conn.pause(0.3)
        redirect(conn, 302, b"/slow_hop?%d" % (n + 1))

    server.on("/slow_hop", slow)
    record = fails(server.url + "/slow_hop?0", "-m", "700ms", kind="timeout")
    check(0.69 <= record["fetch_time"] < 5, record)
    check(server.requests <= 3, server.targets)


@test("-m: an item without redirects has the whole time again")
def _():
    server = web()

    def slow(conn, request):
        conn.pause(0.5)
        redirect(conn, 302, b"/ok")

    def late(conn, request):
        conn.pause(0.8)
        conn.answer(b"late")

    result = fetchpool(["-j1", "-k", "-m1200ms"], input="\n".join(
        [server.on("/slow_hop", slow), server.on("/late", late)]))
    equal([r["body"] for r in result.records], ["ok", "late"], repr(result))


@test("23 a redirect to an address that is denied")
def _():
    server = web()
    args = ["--deny-private", "--allow", "127.0.0.1/32", "--connect-timeout",
            "2s"]
    for place in ("http://127.0.0.2:%d/ok" % server.port, "http://10.0.0.1/",
                  "http://169.254.169.254/latest/meta-data",
                  "http://[::1]:%d/ok" % server.port):
        server.reset()
        record = fails(server.url + to_path(place), *args, kind="refused")
        equal(server.requests, 1, place)
        check("://" not in record["error"]["message"], record)


@test("a signal between two hops: one outcome, and no third")
def _():
    server = web()

    def go(conn, request):
        server.hold("x")
        redirect(conn, 302, b"/ok")

    program = Program(["-a", server.on("/go", go) + "?{}"], stdin="pipe")
    program.write("1\n")
    server.wait(lambda: server.requests == 1, "the request")
    program.kill(signal.SIGTERM)
    program.settled()
    server.open("x")
    result = program.wait()
    equal((result.status, len(result.records)), (-signal.SIGTERM, 1))
    record = result.records[0]
    check(record["status"] == 200 and server.requests == 2 or
          record["error"]["kind"] == "stopped" and server.requests == 1,
          record)


if __name__ == "__main__":
    main()
