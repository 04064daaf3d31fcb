#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where a response begins and ends, when a request has a method and a body."""
import gzip
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from faultserver import CHUNKED, HEAD
from harness import Program, fetchpool
from libcurl import does
from tap import check, equal, main, temp_file, test, until
from webserver import Web, web


def run(urls, *args, **more):
    result = fetchpool(["-a", "-k", "-j1", *args], input="\n".join(urls),
                       **more)
    equal(len(result.records), len(urls), repr(result))
    return result


def kinds(result):
    return [(r.get("error") or {}).get("kind") for r in result.records]


def raw(data, keep=False):
    def answer(conn, request):
        conn.send(data)
        if not keep:
            conn.close()
    return answer


# ---- sizes of chunks ----

@test("45 a chunk's extension, small and without end")
def _():
    server = web()
    server.on("/small", raw(CHUNKED + b"2;a=b;c=\"d\"\r\nok\r\n0;x\r\n\r\n",
                            keep=True))
    server.on("/large", raw(CHUNKED + b"2;" + b"x" * (1 << 20) +
                            b"\r\nok\r\n0\r\n\r\n"))

    def endless(conn, request):
        conn.send(CHUNKED + b"2;")
        while True:
            conn.send(b"x" * 16384)

    server.on("/endless", endless)
    equal(run([server.url + "/small"]).records[0]["body"], "ok")
    result = run([server.url + "/large"])
    check(kinds(result)[0] in (None, "network", "too_large"), result)
    result = run([server.url + "/endless"], "-m", "2s")
    check(kinds(result)[0] in ("network", "too_large", "timeout"), result)


@test("45 much that carries little: the response fails, without any limit of time")
def _():
    server = web()

    def extension(conn, request):
        conn.send(CHUNKED + b"2;")
        while True:
            conn.send(b"x" * 65536)

    def extensions(conn, request):
        conn.send(CHUNKED)
        while True:
            conn.send((b"1;" + b"x" * 8000 + b"\r\na\r\n") * 8)

    def small(conn, request):
        """As much as one chunk a byte costs is no reason."""
        conn.send(CHUNKED + b"1\r\nx\r\n" * 1000000 + b"0\r\n\r\n")

    server.on("/small", small)
    server.on("/one", extension)
    server.on("/many", extensions)
    result = run([server.url + path for path in ("/small", "/one", "/many")],
                 "--stall-time=0", "-m", "10m")
    equal(kinds(result), [None, "network", "network"], repr(result))
    for record in result.records[1:]:
        equal(record["error"]["message"],
              "the server sends too many records without data")


@test("45 sizes in hexadecimal of every form")
def _():
    server = web()
    for size, body in ((b"A", "0123456789"), (b"a", "0123456789"),
                       (b"000000a", "0123456789")):
        server.on("/c", raw(CHUNKED + size + b"\r\n0123456789\r\n0\r\n\r\n"))
        equal(run([server.url + "/c"]).records[0]["body"], body)
    for wrong in (b"g", b"+a", b"-a", b"0xa", b"", b"a a", b"10000000000000000",
                  b"ffffffffffffffff"):
        server.on("/c", raw(CHUNKED + wrong + b"\r\n0123456789\r\n0\r\n\r\n"))
        result = run([server.url + "/c"])
        check(kinds(result)[0] in ("network", "incomplete", "too_large") or
              wrong == b"a a" and kinds(result) == [None],
              "%r: %r" % (wrong, result))


@test("45 what follows a chunk is no line's end")
def _():
    server = web()
    for data in (b"2\r\nokXX0\r\n\r\n", b"2\r\nok0\r\n\r\n",
                 b"2\r\nok\r\nxyz"):
        server.on("/c", raw(CHUNKED + data))
        equal(kinds(run([server.url + "/c"])), ["network"], repr(data))


@test("44 chunks cut at every byte are incomplete, or broken")
def _():
    server = web()
    whole = b"5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n"
    # With the last CR there is nothing left to come that could matter.
    places = range(len(whole) - 1)
    for n in places:
        server.on("/%d" % n, raw(CHUNKED + whole[:n]))
    result = run([server.url + "/%d" % n for n in places])
    for n, record in enumerate(result.records):
        equal((record.get("error") or {}).get("kind"), "incomplete",
              "%r" % whole[:n])
        equal(record["body"], None)


@test("38 a body cut at every byte is incomplete")
def _():
    server = web()
    for n in range(5):
        server.on("/%d" % n, raw(HEAD % 5 + b"hello"[:n]))
    equal(kinds(run([server.url + "/%d" % n for n in range(5)])),
          ["incomplete"] * 5)


# ---- two ways to say the length ----

@test("38 46 nothing in place of JSON is incomplete, where no length says it")
def _():
    server = web()
    for status in 200, 201, 202, 203, 205:
        head = b"HTTP/1.%%d %d X\r\nContent-Type: application/json\r\n" % status
        server.on("/old/%d" % status, raw(head % 0 + b"\r\n"))
        server.on("/cut/%d" % status, raw(head % 1 + b"\r\n"))
        server.on("/none/%d" % status,
                  raw(head % 1 + b"Content-Length: 0\r\n\r\n"))
    for path in "/old/", "/cut/":
        urls = [server.url + path + "%d" % s for s in (201, 202, 205)]
        for args in ([], ["-Bjson"], ["-Bnone"], ["-Btext"], ["-XPOST"],
                     ["-Bstring"], ["--each="]):
            equal(kinds(run(urls, "--retry=0", *args)),
                  ["incomplete", "incomplete", None], args)
        equal(kinds(run(urls, "--empty-ok")), [None] * 3)
        equal(kinds(run(urls, "--allow-unclean-close")), [None] * 3)
        equal(kinds(run([server.url + path + "203"], "-XPOST")),
              ["incomplete"])
    equal(kinds(run([server.url + "/none/%d" % s for s in (201, 202, 205)])),
          [None] * 3)


@test("46 a page that is cut before its first byte is not the last one")
def _():
    server = web()
    head = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n"
    server.on("/pages", lambda conn, request: conn.send(
        head + b"\r\n" + b"[1]" * (request.query == "page=1")) or
        conn.close())
    result = fetchpool(["-a", "--retry=0", "--next=page=+1",
                        "--input-format=json", server.url + "/pages{?page}"],
                       input="{}\n")
    equal(kinds(result), [None, "incomplete"], result)


@test("41 42 43 lengths that contradict each other, in every order")
def _():
    server = web()
    body = b"5\r\nhello\r\n0\r\n\r\n"
    chunked, five = b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n"
    for head in (chunked + five, five + chunked,
                 five + b"Content-Length: 6\r\n",
                 b"content-length: 6\r\n" + five,
                 chunked + b"Content-Length: 0\r\n",
                 five + b"TRANSFER-ENCODING: Chunked\r\n"):
        server.on("/two", raw(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body))
        equal(kinds(run([server.url + "/two"])), ["network"], repr(head))
    server.on("/two", raw(b"HTTP/1.1 200 OK\r\n" + five + five + b"\r\nhello"))
    result = run([server.url + "/two"])
    check(kinds(result)[0] in (None, "network"), result)


def is_refused(heads, body, version=b"1.1"):
    """Each of these heads is no proper HTTP, whatever comes with it."""
    server = web()
    for n, head in enumerate(heads):
        server.on("/%d" % n, raw(b"HTTP/%s 200 OK\r\n%s\r\n%s" % (
            version, head, body)))
    result = run([server.url + "/%d" % n for n in range(len(heads))])
    for head, record in zip(heads, result.records):
        equal(((record.get("error") or {}).get("kind"), record["body"]),
              ("network", None), "%r: %r" % (head, record))


def is_understood(answers):
    """All of these heads, with their bodies, are one answer: hello."""
    server = web()
    for n, (head, body) in enumerate(answers):
        server.on("/%d" % n, raw(b"HTTP/1.1 200 OK\r\n%s\r\n%s" % (
            head, body)))
    result = run([server.url + "/%d" % n for n in range(len(answers))])
    equal([record["body"] for record in result.records],
          ["hello"] * len(answers), repr(result))


@test("42 a body is chunked once and in nothing else, or refused")
def _():
    te, chunks = b"Transfer-Encoding: ", b"5\r\nhello\r\n0\r\n\r\n"
    is_refused([te + coding + b"\r\n" for coding in (
        b"gzip", b"x-gzip", b"deflate", b"gzip, chunked", b"chunked, gzip",
        b"identity, chunked", b"chunked,", b", chunked", b"",
        b"chunked;q=1", b"\"chunked\"", b"xchunked", b"chunkedx", b"br")],
        chunks)
    is_refused([te + b"chunked\r\nTRANSFER-ENCODING: identity\r\n",
                te + b"gzip\r\n" + te + b"chunked\r\n"], chunks)
    is_refused([te + b"chunked\r\n"], chunks, version=b"1.0")
    whole = gzip.compress(b"hello")
    is_refused([te + b"gzip\r\n"], whole)
    is_refused([te + b"gzip, chunked\r\n"],
               b"%x\r\n%s\r\n0\r\n\r\n" % (len(whole), whole))


@test("41 42 fields that readers read in different ways are refused")
def _():
    chunks = b"5\r\nhello\r\n0\r\n\r\n"
    # What is valid when it is unfolded.
    folded = [(b"Transfer-Encoding:\r\n chunked\r\n", chunks),
              (b"Transfer-Encoding:\r\n\tchunked\r\n", chunks),
              (b"Content-Length:\r\n 5\r\n", b"hello"),
              (b"Content-Length: 5\r\nContent-Encoding:\r\n identity\r\n",
               b"hello")]
    if does("fields unfolded"):
        is_understood(folded)
    else:
        for head, body in folded:
            is_refused([head], body)
    is_refused([
        b"Transfer-Encoding: chunked\r\n gzip\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding\t: chunked\r\n",
        b"X: y\rTransfer-Encoding: chunked\r\n",
        b"\rTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding\0: chunked\r\n",
        b"Transfer-\0Encoding: chunked\r\n",
        b"Transfer-Encoding: chun\0ked\r\n"], chunks)
    is_refused([
        b"Content-Length : 5\r\n", b"Content-Length : 10\r\n",
        b"Content-Length\t: 5\r\n",
        b"Content-Length: 1\r\n 0\r\n",
        b"Content-Length: 5\r\n 5\r\n", b"Content-Length: 5\r\n ,6\r\n",
        b"X: y\rContent-Length: 5\r\n", b"\rContent-Length: 5\r\n",
        b"Content-\0Length: 5\r\n", b"Content-Length\0: 5\r\n",
        b"Content-Length: 5\0\r\n", b": 5\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nX\0Y: z\r\n",
        b"Content-Length: 5\r\nContent-Encoding :\r\n"],
        b"hellohello")


@test("41 fields that fold, but say nothing of the body, do no harm")
def _():
    server = web()
    server.on("/fold", raw(b"HTTP/1.1 200 OK\r\nX-Long: a\r\n b\r\n"
                           b"Content-Length: 5\r\n\r\nhello"))
    record = run([server.url + "/fold"], "--fields=+headers").records[0]
    equal((record["body"], record["headers"]["x-long"]), ("hello", ["a b"]),
          repr(record))


@test("42 chunked, in any case and with white space around it, is chunked")
def _():
    server = web()
    codings = b"chunked", b"Chunked", b"CHUNKED", b"\t chunked \t"
    for n, coding in enumerate(codings):
        server.on("/%d" % n, raw(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
            b"transfer-encoding:%s\r\n\r\n5\r\nhello\r\n0\r\n\r\n" %
            coding))
    result = run([server.url + "/%d" % n for n in range(len(codings))])
    equal([r["body"] for r in result.records], ["hello"] * len(codings))


@test("71 a transfer coding cannot be had by --setopt: its end is not seen")
def _():
    server = web()
    data = gzip.compress(b"a line of text\n" * 1000)[:60]
    server.on("/te", raw(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
        b"Transfer-Encoding: gzip, chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" %
        (len(data), data)))
    result = fetchpool(["-a", "--setopt", "TRANSFER_ENCODING=1"],
                       input=server.url + "/te")
    check(result.status == 2 or result.records[0].get("error"),
          "half a body is a success: %r" % result)


# ---- after this, the next ----

@test("56 HEAD: nothing of a body that comes all the same is the next one's")
def _():
    server = web()
    server.on("/liar", raw(HEAD % 5 + b"hello", keep=True))
    server.on("/none", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                           keep=True))
    server.on("/chunked", raw(CHUNKED, keep=True))
    server.on("/eof", raw(b"HTTP/1.1 200 OK\r\n\r\n", keep=True))
    paths = ["/liar", "/none", "/chunked", "/eof", "/none", "/liar", "/none"]
    result = run([server.url + path for path in paths], "-X", "HEAD")
    equal(kinds(result), [None] * len(paths), repr(result))
    equal([r["size"] for r in result.records], [0] * len(paths))


@test("55 204, 304 and 205 with a body: it is not the next one's")
def _():
    server = web()
    for code in 204, 304:
        server.on("/%d" % code, raw(
            b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\nhello" % code,
            keep=True))
    paths = ["/204", "/ok", "/304", "/ok"] * 3
    result = run([server.url + path for path in paths], "--ok-status=2xx,304")
    equal([r["size"] for r in result.records], [0, 2, 0, 2] * 3, repr(result))


@test("40 what was smuggled behind a redirect is not the next hop's answer")
def _():
    server = web()
    first = b"HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n"

    server.on("/at_once", raw(first + HEAD % 8 + b"smuggled", keep=True))
    result = run([server.url + "/at_once", server.url + "/ok"] * 4)
    equal([r["body"] for r in result.records], ["ok"] * 8, repr(result))


@test("40 nor is the hop's own answer, which is left, that of the next item")
def _():
    server, hops = web(), []

    def redirect(conn, request):
        conn.send(b"HTTP/1.1 302 Found\r\nLocation: /hop\r\n"
                  b"Content-Length: 0\r\n\r\n")
        conn.read()  # the hop's request: from now on nobody could tell
        conn.send(HEAD % 8 + b"smuggled")

    def hop(conn, request):
        # What was smuggled has to be read, and its connection idle, first.
        server.hold("item%d" % len(hops))
        conn.answer(b"left")
        until(conn.has_arrived, "the answer to arrive")
        hops.append(request)

    server.on("/later", redirect)
    server.on("/hop", hop)
    program = Program(["-a", "-k", "-j1"], stdin="pipe")
    for n in range(4):
        program.write(server.url + "/later\n")
        program.has_lines(2 * n + 1)
        server.open("item%d" % n)
        until(lambda: len(hops) > n, "the hop's answer")
        program.write(server.url +
                      "/bytes?type=text/plain&body=item%d\n" % n)
        program.has_lines(2 * n + 2)
    program.close_stdin()
    equal([r["body"] for r in program.wait().records],
          [body for n in range(4) for body in ("smuggled", "item%d" % n)])


@test("39 40 with bodies of requests: each gets its own answer")
def _():
    server = web()
    server.on("/echo_body", lambda conn, request: conn.answer(request.body))
    server.on("/more", lambda conn, request: conn.send(
        HEAD % len(request.body) + request.body + b"and more"))
    for path in "/echo_body", "/more":
        result = fetchpool(["-a", "-k", "-j4", "--data-line", "--fields="
                            "input,body", server.url + path],
                           input="".join("line %d\n" % n for n in range(200)))
        equal(result.status, 0, repr(result))
        for record in result.records:
            equal(record["body"], record["input"])


@test("60 two places: neither is taken")
def _():
    server = web()
    server.on("/two", lambda conn, request: conn.answer(
        b"", status=302, headers=b"Location: /ok\r\nLocation: /json\r\n"))
    result = run([server.url + "/two"])
    equal((kinds(result), server.targets), (["redirect"], ["/two"]))
    server.on("/same", lambda conn, request: conn.answer(
        b"", status=302, headers=b"Location: /ok\r\nLocation: /ok\r\n"))
    equal(run([server.url + "/same"]).records[0]["body"], "ok")
    is_refused = does("two Locations refused")
    equal(kinds(run([server.url + "/two"], "--ok-status=302")),
          ["redirect"] if is_refused else [None])
    equal(kinds(run([server.url + "/two"], "--max-redirs=0")),
          ["redirect"] if is_refused else ["http"])


@test("a redirect that is not whole is followed on another connection")
def _():
    server = web()

    def cut(conn, request):
        conn.send(b"HTTP/1.1 302 Found\r\nLocation: /ok\r\n"
                  b"Content-Length: 100\r\n\r\nhalf")
        conn.close()

    equal(run([server.on("/cut", cut)]).records[0]["body"], "ok")
    equal((server.requests, server.connections), (2, 2))


# ---- requests with a body, and connections that die ----

@test("63 an answer before the body was sent")
def _():
    class Early(Web):
        def _one(self, conn, request):
            with self.changed:
                self.log.append(request)
            conn.send(b"HTTP/1.1 413 Content Too Large\r\n"
                      b"Content-Length: 3\r\nConnection: close\r\n\r\nbig")
            conn.until_gone()

    with Early() as server:
        for size in 100, 5000000:
            path = temp_file(b"x" * size)
            server.reset()
            result = fetchpool(["-a", "-m10s", "-d", "@" + path],
                               input=server.url + "/early")
            record = result.records[0]
            equal((record["status"], record["error"]["kind"]), (413, "http"),
                  repr(result))
            equal(server.requests, 1)


@test("88 a POST on a connection that dies is on the wire once")
def _():
    for how in "close", "reset":
        server = web()

        def die(conn, request):
            if request.body == b"1":
                conn.answer(b"ok")
            elif how == "close":
                conn.close()
            else:
                conn.reset()

        url = server.on("/die", die)
        result = fetchpool(["-a", "-k", "-j1", "--data-line", url],
                           input="1\n2\n1\n3\n1\n4\n")
        equal([(r.get("error") or {}).get("kind") for r in result.records],
              [None, "network"] * 3, repr(result))
        bodies = [r.body for r in server.log]
        equal(sorted(bodies), [b"1"] * 3 + [b"2", b"3", b"4"],
              "%s: sent again" % how)


@test("88 PATCH and a method of one's own are on the wire once, too")
def _():
    for method in "PATCH", "POST", "CHARGE":
        server = web()

        def die(conn, request):
            if request.nth % 2:
                conn.answer(b"ok")
            else:
                conn.close()

        url = server.on("/die", die)
        fetchpool(["-a", "-k", "-j1", "-X", method], input="\n".join(
            [url + "?%d" % n for n in range(4)]))
        targets = server.targets
        equal(len(targets), len(set(targets)), "%s: %r" % (method, targets))


@test("48 a GET on a connection that had died succeeds")
def _():
    server = web()
    server.on("/last", lambda conn, request: conn.send(HEAD % 2 + b"ok") or
              conn.close())
    result = run([server.url + "/last"] * 10)
    equal(kinds(result), [None] * 10, repr(result))
    equal(server.requests, 10)


# ---- one item is nothing to the next ----

@test("a 101 that nobody asked for fails at once, and no answer is awaited")
def _():
    server = web()
    head = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n" \
           b"Upgrade: other\r\n\r\n"
    server.on("/switch", raw(head, keep=True))
    server.on("/both", raw(head + b"HTTP/1.1 200 OK\r\n"
                           b"Content-Length: 2\r\n\r\nok", keep=True))
    urls = [server.url + "/switch", server.url + "/both"]
    for method in "GET", "HEAD", "POST":
        for record in run(urls, "-X", method).records:
            equal(record["error"]["message"],
                  "the server switched to another protocol (101)", method)
            equal(record["attempts"], 1)
            equal(record["error"].get("outcome_unknown"),
                  True if method == "POST" else None)


@test("what is no answer leaves the outcome of a POST unknown")
def _():
    server = web()
    many = (b"HTTP/1.1 103 Early Hints\r\nLink: %s\r\n\r\n" %
            (b"x" * 8000)) * 64
    answers = {"/other": b"SSH-2.0-x\r\n\r\n", "/interim": many,
               "/switch": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
               "/doubt": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
                         b"Content-Length: 2\r\n\r\nok"}
    for path, data in answers.items():
        server.on(path, raw(data))
    result = run([server.url + path for path in answers], "-X", "POST")
    equal([record["error"].get("outcome_unknown")
           for record in result.records], [True, True, True, None], result)


@test("a POST that was redirected to a GET, which is lost, is not to be sent anew")
def _():
    server = web()
    server.on("/order", raw(b"HTTP/1.1 303 See Other\r\nLocation: /done\r\n"
                            b"Content-Length: 0\r\n\r\n", keep=True))
    server.on("/done", lambda conn, request: conn.close())
    for method, unknown in ("POST", True), ("PUT", None):
        record = run([server.url + "/order"], "-X", method, "-d", "a",
                     "--retry", "0").records[0]
        equal(record["error"]["kind"], "network", record)
        equal(record["error"].get("outcome_unknown"), unknown, method)

    # Nor if it cannot even be sent.
    server.on("/away", raw(b"HTTP/1.1 303 See Other\r\nContent-Length: 0\r\n"
                           b"Location: http://127.0.0.1:1/\r\n\r\n"))
    record = run([server.url + "/away"], "-X", "POST", "--retry",
                 "0").records[0]
    equal(record["error"]["kind"], "connect", record)
    equal(record["error"].get("outcome_unknown"), True, record)


@test("no cookie, no cache, no upgrade of what one answer said")
def _():
    server = web()
    server.on("/set", lambda conn, request: conn.answer(
        b"ok", headers=b"Set-Cookie: a=b; Path=/\r\n"
        b"Strict-Transport-Security: max-age=9999\r\n"
        b"Alt-Svc: h2=\"127.0.0.1:1\"\r\nETag: \"x\"\r\n"
        b"Upgrade: h2c\r\nRefresh: 0; url=/json\r\n"))
    result = run([server.url + "/set"] * 3)
    equal(kinds(result), [None] * 3)
    for request in server.log:
        equal(sorted(n.lower() for n, _ in request.headers),
              ["accept", "accept-encoding", "host", "user-agent"])


@test("cookies that are kept cannot be had by --setopt: items share nothing")
def _():
    server = web()
    server.on("/set", lambda conn, request: conn.answer(
        b"ok", headers=b"Set-Cookie: stay=1; Path=/\r\n"))
    result = fetchpool(["-a", "-j1", "--setopt", "COOKIEFILE="],
                       input="\n".join([server.url + "/set"] * 3))
    if result.status != 2:
        equal([r.header("Cookie") for r in server.log], [None] * 3)


if __name__ == "__main__":
    main()
