#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
-I and --check: what links answer, for 200 of the kinds that there are.
"""
import socket
import struct
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from authority import authority, good
from faultserver import HEAD, REASONS
from harness import fetchpool
from servers import free_port
from tap import check, equal, main, test
from webserver import Web, web

MIB = 1 << 20
REFUSALS = (400, 403, 404, 405, 501)


def ask(server, paths, *args):
    return fetchpool(["-a", *args], input="".join(
        server.url + path + "\n" for path in paths))


def heads(do, get=b"page"):
    """do(conn) for HEAD; a good answer, or get(conn), for GET."""
    def answer(conn, request):
        if request.method == "HEAD":
            do(conn)
        elif callable(get):
            get(conn)
        else:
            conn.answer(get)
    return answer


def says(status, more=b""):
    """An answer to HEAD."""
    return lambda conn: conn.send(
        b"HTTP/1.1 %d %s\r\n%sContent-Length: 4\r\n\r\n" % (
            status, REASONS.get(status, b"Whatever"), more))


def whole(status, more=b""):
    return lambda conn: conn.answer(b"page", status=status, headers=more)


# ---- -I ----

@test("-I is HEAD, and its record has headers in place of a body")
def _():
    for option in "-I", "--head":
        server = web()
        result = ask(server, ["/ok"], option)
        record = result.records[0]
        equal((server.only().method, record["status"], record["size"]),
              ("HEAD", 200, 0), repr(result))
        equal(record["headers"]["content-length"], ["2"])
        check("body" not in record, repr(record))
    record = ask(server, ["/ok"], "-I", "--fields=status,body").records[0]
    equal(record, {"status": 200, "body": None, "error": None})
    record = ask(server, ["/ok"], "-I", "--fields=+headers").records[0]
    check("body" not in record and record["headers"], repr(record))


@test("-I: no length is too large for it, and no link is asked twice")
def _():
    server = web()
    server.on("/large", heads(lambda conn: conn.send(HEAD % (99 * MIB))))
    server.on("/no", heads(says(405)))
    result = ask(server, ["/large", "/no"], "-I", "-k", "--max-body=1M")
    equal([r["status"] for r in result.records], [200, 405], repr(result))
    equal(len(server.log), 2)


@test("-I and --check: what cannot be with them is wrong usage")
def _():
    for args in (["-I", "-X", "GET"], ["-I", "-d", "x"], ["-I", "--json=1"],
                 ["-I", "--data-line"], ["-I", "--expand-data", "{{}}"],
                 ["-I", "-f", "body"], ["-I", "-f", "merged"],
                 ["--check", "-I"], ["--check", "-X", "PUT"],
                 ["--check", "-d", "x"], ["--check", "--data-line"],
                 ["--check", "--expand-json", "{{}}"],
                 ["--check", "-f", "body"], ["--check", "-D", "/tmp"],
                 ["--check", "--fail-if", "/a"]):
        result = fetchpool([*args, "http://127.0.0.1:1/{}"], input="1\n")
        equal((result.status, result.out), (2, b""), repr(result))
        check("--head" in result.text or "--check" in result.text,
              repr(result))


# ---- --check ----

@test("--check: HEAD, and GET where that is refused or breaks")
def _():
    server = web()
    server.on("/405", heads(says(405)))
    result = ask(server, ["/ok", "/405"], "--check", "-k")
    equal([(r["status"], r["method"], r["attempts"], r["error"])
           for r in result.records],
          [(200, "HEAD", 1, None), (200, "GET", 1, None)], repr(result))
    equal(sorted(r.method for r in server.log), ["GET", "HEAD", "HEAD"])
    equal(list(result.records[0]),
          ["seq", "input", "url", "status", "fetch_time", "attempts", "type",
           "method", "final_url", "error"])


@test("--check: a body is read only where --fields names one of its members")
def _():
    server = web()
    endless = heads(says(405), lambda conn: conn.send(
        HEAD % (99 * MIB) + b"x" * 4 * MIB) or conn.until_gone())
    server.on("/endless", endless)
    server.on("/405", heads(says(405), b"the page"))
    for args in [], ["--fields=status"], ["--fields=+headers"]:
        result = ask(server, ["/endless"], "--check", *args)
        equal((result.status, result.records[0]["status"]), (0, 200),
              repr(result))
    for args in ["--fields=body"], ["--fields=size"], ["--fields=encoding"]:
        result = ask(server, ["/endless"], "--check", *args)
        equal(result.records[0]["error"]["kind"], "too_large", repr(result))
    result = ask(server, ["/405"], "--check", "--fields=body,size")
    equal(result.records, [{"body": "the page", "size": 8, "error": None}])


@test("--check: a small body is read for the sake of its connection")
def _():
    server = web()
    server.on("/405", heads(says(405)))
    ask(server, ["/405"] * 5, "--check", "-j1")
    equal((server.connections, len(server.log)), (1, 10))


@test("--check: the GET is a request like any other, for rates and retries")
def _():
    server = web()
    server.on("/405", heads(says(405), lambda conn: conn.answer(
        b"page", status=503 if len(server.log) < 3 else 200)))
    result = ask(server, ["/405"], "--check", "--retry=1",
                 "--retry-delay=1ms", "-r", "1000/s")
    equal([(r["status"], r["method"], r["attempts"]) for r in result.records],
          [(200, "GET", 2)], repr(result))
    equal([r.method for r in server.log], ["HEAD", "GET", "GET"])


@test("--check: the GET begins at the link, and without a cookie")
def _():
    server = web()
    to_end = lambda conn: conn.answer(  # noqa: E731
        b"moved", status=302,
        headers=b"Location: /end\r\nSet-Cookie: a=1; Path=/\r\n")
    server.on("/go", lambda conn, request: to_end(conn))
    server.on("/end", heads(says(405)))
    result = ask(server, ["/go"], "--check", "--fields=status,redirects")
    equal(result.records, [{"status": 200, "redirects": 1, "error": None}])
    equal([(r.method, r.path, r.header("Cookie")) for r in server.log],
          [("HEAD", "/go", None), ("HEAD", "/end", "a=1"),
           ("GET", "/go", None), ("GET", "/end", "a=1")])


@test("--check: a status that counts as success is one")
def _():
    server = web()
    server.on("/404", heads(says(404)))
    result = ask(server, ["/404"], "--check", "--ok-status=2xx,404")
    equal([(r["status"], r["method"]) for r in result.records],
          [(404, "HEAD")])
    equal(len(server.log), 1)


@test("--check: an item's own method is what it is asked with")
def _():
    server = web()
    result = fetchpool(["-a", "--check", "--input-format=json"], input=(
        '{"url":"%s/405","method":"HEAD"}\n'
        '{"url":"%s/ok","method":"POST","body":"x"}\n' % (
            server.url, server.url)))
    server.on("/405", heads(says(405)))
    equal(sorted((r["method"], r["status"]) for r in result.records),
          [("HEAD", 404), ("POST", 200)], repr(result))
    equal(len(server.log), 2)


# ---- the table ----
# Each link: what makes it, and how it has to come out: its status, the method,
# and the kind of its error, or None.

def reset(conn):
    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                         struct.pack("ii", 1, 0))
    conn.reset()


def sends(data):
    return lambda conn: conn.send(data) or conn.close()


BROKEN = (
    ("closes", lambda conn: conn.close()),
    ("resets", reset),
    ("half-a-line", sends(b"HTTP/1.")),
    ("half-a-head", sends(b"HTTP/1.1 200 OK\r\nContent-Le")),
    ("no-http", sends(b"SSH-2.0-OpenSSH_9.2\r\n")),
    ("page-alone", sends(b"<html>hello</html>\n")),
    ("odd-status", sends(b"HTTP/1.1 2x0 OK\r\n\r\n")),
    ("no-version", sends(b"HTTP/ 200\r\n\r\n")),
)


def statuses(server):
    """HEAD is answered so, and GET so."""
    for head in (200, 201, 203, 204, 206, 410, 451, 500, 503, *REFUSALS):
        for get in 200, 203, 404, 410, 500:
            path = server.on("/s/%d/%d" % (head, get),
                             heads(says(head), whole(get)))
            is_last = head not in REFUSALS
            status = head if is_last else get
            good_one = status in (200, 201, 203, 204)
            yield (path, status, "HEAD" if is_last else "GET",
                   None if good_one else "http")


def broken(server):
    for name, do in BROKEN:
        yield server.on("/b/" + name, heads(do)), 200, "GET", None
        yield (server.on("/b404/" + name, heads(do, whole(404))), 404, "GET",
               "http")
        yield (server.on("/both/" + name, heads(do, do)),
               200 if name == "half-a-head" else None, "GET", "network")


def lengths(server):
    large = b"HTTP/1.1 %d OK\r\nContent-Length: 99000000000\r\n\r\n"
    chunked = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
               b"5\r\nhello\r\n")
    yield server.on("/l/head", heads(sends(large % 200))), 200, "HEAD", None
    yield (server.on("/l/two", heads(sends(
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n"
        b"\r\n"))), 200, "HEAD", None)
    yield (server.on("/l/get", heads(says(405), sends(large % 200))), 200,
           "GET", None)
    yield (server.on("/l/both", heads(sends(large % 405), sends(large % 200))),
           200, "GET", None)
    yield server.on("/l/chunked", heads(sends(chunked[:-10]))), 200, "HEAD", \
        None
    yield (server.on("/l/cut", heads(says(405), sends(chunked))), 200, "GET",
           None)
    yield (server.on("/l/till-close", heads(says(405), sends(
        b"HTTP/1.1 200 OK\r\n\r\npage"))), 200, "GET", None)
    yield (server.on("/l/with-body", heads(sends(HEAD % 4 + b"page"))), 200,
           "HEAD", None)
    for coding in b"gzip", b"br", b"zstd", b"x, y":
        coded = HEAD[:-2] + b"Content-Encoding: " + coding + b"\r\n\r\n"
        name = coding.decode().strip("x, y") or "two"
        yield server.on("/l/head-" + name, heads(sends(coded % 4))), 200, \
            "HEAD", None
        yield (server.on("/l/get-" + name, heads(
            says(403), sends(coded % 4 + b"page"))), 200, "GET", None)


def redirects(server):
    def hop(conn, request):
        code, left = map(int, request.path.split("/")[2:4])
        place = "/r/%d/%d" % (code, left - 1) if left > 1 else "/ok"
        conn.send(b"HTTP/1.1 %d Moved\r\nLocation: %s\r\n"
                  b"Content-Length: 0\r\n\r\n" % (code, place.encode()))

    def to(place):
        line = b"Location: %s\r\n" % place
        return lambda conn, request: (
            says(301, line) if request.method == "HEAD" else
            whole(301, line))(conn)

    server.on("/r/", hop)
    for code in 301, 302, 303, 307, 308:
        for n in 1, 2, 5, 10:
            yield server.url + "/r/%d/%d" % (code, n), 200, "HEAD", None
        yield server.url + "/r/%d/11" % code, code, "HEAD", "redirect"
    yield server.on("/loop", to(b"/loop")), 301, "HEAD", "redirect"
    yield server.on("/to405", to(b"/s/405/200")), 200, "GET", None
    yield server.on("/to404", to(b"/s/404/404")), 404, "GET", "http"
    yield server.on("/to/fragment", to(b"/ok#part")), 200, "HEAD", None
    yield server.on("/to/relative", to(b"../ok")), 200, "HEAD", None
    yield server.on("/to/query", to(b"/echo?a=b c")), 200, "HEAD", None
    yield server.on("/to/nowhere", to(b"")), 301, "HEAD", "http"
    yield server.on("/to/mail", to(b"mailto:a@b.test")), 301, "HEAD", "refused"
    yield server.on("/to/ftp", to(b"ftp://a.test/")), 301, "HEAD", "refused"
    yield server.on("/to/bad", to(b"http://[/")), 301, "HEAD", "redirect"
    yield (server.on("/get-only", heads(says(405), whole(
        302, b"Location: /ok\r\n"))), 200, "GET", None)


def walls(server):
    def wall(code, cookie, get_only=False):
        def answer(conn, request):
            seen = cookie.split(b"=")[0].decode() + "=" in (
                request.header("Cookie") or "")
            if get_only and request.method == "HEAD":
                says(405)(conn)
            elif seen:
                conn.send(HEAD % 0)
            else:
                conn.send(b"HTTP/1.1 %d Moved\r\nSet-Cookie: %s\r\n"
                          b"Location: %s\r\nContent-Length: 0\r\n\r\n" % (
                              code, cookie, request.target.encode()))
        return answer

    for code in 301, 302, 303, 307, 308:
        for name, cookie in (("plain", b"seen=1"),
                             ("root", b"seen=1; Path=/; HttpOnly"),
                             ("dated", b"seen=1; Max-Age=600; SameSite=Lax")):
            yield (server.on("/w/%d/%s" % (code, name), wall(code, cookie)),
                   200, "HEAD", None)
        yield (server.on("/w/%d/get" % code, wall(code, b"seen=1", True)),
               200, "GET", None)
    # This one is for nobody.
    yield (server.on("/w/other", wall(302, b"seen=1; Domain=other.test")), 302,
           "HEAD", "redirect")


def fragments(server):
    for fragment in ("#top", "#a/b", "#a?b", "#a%20b", "#a b", "#", "#:~:text=x",
                     "#!/app"):
        yield server.url + "/ok" + fragment, 200, "HEAD", None
        yield server.url + "/none" + fragment, 404, "GET", "http"


def spellings(server):
    server.on("/u/", lambda conn, request: conn.send(HEAD % 0))
    for path in ("/u/a b", "/u/%41", "/u/%2f", "/u/\u00e4", "/u/?q=\u00e4",
                 "/u/a;b=c", "/u/[x]", "/u/{x}", "/u/%zz", "/u/../u/x",
                 "/u//x", "/u/" + "x" * 3000):
        yield server.url + path, 200, "HEAD", None
    port = server.port
    yield "HTTP://127.0.0.1:%d/u/" % port, 200, "HEAD", None
    yield "http://LOCALHOST:%d/u/" % port, 200, "HEAD", None
    yield "http://user:secret@127.0.0.1:%d/u/" % port, 200, "HEAD", None
    yield "http://127.0.0.1:%d/u/?" % port, 200, "HEAD", None
    for text, kind in (("mailto:a@b.test", "input"),
                       ("javascript:void(0)", "input"),
                       ("ftp://127.0.0.1/x", "refused"),
                       ("file:///etc/passwd", "refused"),
                       ("data:text/plain,x", "input"),
                       ("http:///nohost", "input"),
                       ("http://127.0.0.1:99999/", "input"),
                       ("http://a b.test/", "input")):
        yield text, None, None, kind


def dead(server):
    for i in range(3):
        yield "http://127.0.0.1:%d/%d" % (free_port(), i), None, "HEAD", \
            "connect"
    yield "https://127.0.0.1:%d/" % free_port(), None, "HEAD", "connect"


class Plain(Web):
    """Answers a handshake with plain HTTP."""

    def _serve(self, conn):
        conn.read()
        conn.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        conn.sock.close()


def faults(secure):
    for name, kind in (("good", None), ("expired", "tls"), ("self", "tls"),
                       ("other", "tls")):
        yield secure[name].url + "/ok", None if kind else 200, "HEAD", kind
    yield secure["good"].url + "/s405", 200, "GET", None
    yield secure["good"].url.replace("https", "http") + "/ok", None, "GET", \
        "network"
    yield secure["plain"].url + "/ok", None, "HEAD", "tls"
    yield secure["good"].url + "/down", 302, "HEAD", "redirect"


def certified():
    ca = authority()
    for name, certificate in (
            ("good", good()),
            ("expired", ca.issue("expired", "IP:127.0.0.1", expired=True)),
            ("self", ca.self_signed("self", "IP:127.0.0.1")),
            ("other", ca.issue("other", "DNS:other.test"))):
        server = Web(tls=certificate.server())
        server.__enter__()
        server.on("/s405", heads(says(405)))
        server.on("/down", lambda conn, request: says(
            302, b"Location: http://127.0.0.1:1/\r\n")(conn))
        yield name, server
    plain = Plain()
    plain.__enter__()
    plain.url = plain.url.replace("http:", "https:")
    yield "plain", plain


@test("200 links of the kinds that there are")
def _():
    server = web()
    links = []
    for kind in (statuses, broken, lengths, redirects, walls, fragments,
                 spellings, dead):
        links += kind(server)
    links += faults(dict(certified()))
    check(len(links) >= 200, "only %d links" % len(links))
    for args in [], ["-r", "100000/s"]:
        result = fetchpool(
            ["-ak", "-j20", "--check", "--cacert", authority().cert,
             "--fields=+method,redirects", *args],
            input="\n".join(link[0] for link in links), timeout=60)
        equal(len(result.records), len(links), repr(result))
        wrong = []
        for record, link in zip(result.records, links):
            error = record["error"]
            came = (record["input"], record["status"], record["method"],
                    error and error["kind"])
            if came[1:] != link[1:]:
                wrong.append("%r, not %r: %r" % (came[1:], link[1:], record))
        check(not wrong, "%d are wrong:\n%s" % (
            len(wrong), "\n".join(wrong[:20])))


main()
