#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a server leaves behind an answer on a connection that is kept is nobody
else's answer. Every body carries its item's own number, and is checked.

What comes when the next request is already out cannot be told from a hasty
answer, by anybody. So here it comes with the answer, in one piece; or on a
connection that is idle, as the next items are not read before it has come.
"""
import random
import select
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from authority import authority, good
from harness import Program, fetchpool
from tap import check, equal, main, test, until
from webserver import OnUnixSocket, Web

EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
EXTRAS = {"response": EVIL, "two": EVIL + EVIL, "byte": b"H", "crlf": b"\r\n",
          "head": EVIL[:25], "begun": EVIL[:-2], "zero": b"0\r\n\r\n",
          "interim": b"HTTP/1.1 100 Continue\r\n\r\n" + EVIL, "none": b""}
# libcurl reads so much at once, and of a body never more than it has: what is
# behind that stays with the system, or with TLS. A TLS record is as large, and
# what is in the next one may come too late: no answer ends where one ends.
READ = 16384


def length(body):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (
        len(body), body)


def chunked(body):
    return (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))


def padded(body):
    """The extra begins just where one read of libcurl's ends."""
    head = len(length(b"x" * (READ - 50))) - (READ - 50)
    return length(body.ljust(READ - head))


def long(body):
    """It begins within what libcurl's second read could have read."""
    return length(body.ljust(READ + 5000))


def bodiless(body):
    return b"HTTP/1.1 204 No Content\r\nX-Is: %s\r\n\r\n" % body


def failing(body):
    return b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n%s" % (
        len(body), body)


ANSWERS = {"length": length, "chunked": chunked, "padded": padded, "long": long,
           "bodiless": bodiless, "failing": failing}


def answer(conn, request):
    """/left/ANSWER/EXTRA/now/NUMBER, or /BATCH/NUMBER."""
    _, _, how, extra, when, number = request.path.split("/")
    data = ANSWERS[how](b"item " + number.encode())
    if when == "now":
        conn.send(data + EXTRAS[extra])
        return
    server = conn.server
    conn.send(data)
    try:
        # If a request comes instead, there is nothing left behind.
        while server.n_over <= int(when):
            if select.select([conn.sock], [], [], 0.005)[0]:
                return
        conn.send(EXTRAS[extra])
    finally:
        server.settled.add(number)


def serve(server):
    server.own["/left/"] = answer
    return server


def fetch_later(server, urls, size, args, **more):
    """A batch of items is read when all that was left behind the last one has
    been sent."""
    server.n_over, server.settled = 0, set()
    program = Program(args, stdin="pipe", **more)
    for end in range(size, len(urls) + size, size):
        end = min(end, len(urls))
        program.write("".join(urls[server.n_over * size:end]))
        program.has_lines(end)
        server.n_over += 1
        until(lambda: len(server.settled) >= end, "what is left behind")
    program.close_stdin()
    return program.wait()


def rounds(server, when, n, *args, seed=1, **more):
    """n items, each of another answer and another extra behind it."""
    chance = random.Random(seed)
    answers = [how for how in ANSWERS if not server.tls or how != "padded"]
    items = [(chance.choice(answers), chance.choice(list(EXTRAS)),
              str(number)) for number in range(n)]
    args = ["-a", "-B", "text", "--fields=seq,status,body,headers", *args]
    size = int(next(arg[2:] for arg in args if arg.startswith("-j")))
    urls = ["%s/left/%s/%s/%s/%s\n" % (
        server.url, how, extra,
        "now" if when == "now" else int(number) // size, number)
        for how, extra, number in items]
    if when == "now":
        result = fetchpool(args, input="".join(urls), timeout=50, **more)
    else:
        result = fetch_later(server, urls, size, args, **more)
    equal(len(result.records), n)
    for record in result.records:
        how, extra, number = items[record["seq"] - 1]
        what = "%s, %s, %s: %r" % (how, extra, when, record)
        if how == "failing":
            equal((record["status"], record["body"],
                   record["error"]["kind"]),
                  (404, "item " + number, "http"), what)
            continue
        check(not record.get("error"), what)
        if how == "bodiless":
            equal(record["headers"].get("x-is"), ["item " + number], what)
        else:
            equal(record["body"].rstrip(), "item " + number, what)


@test("40 many answers with something behind them")
def _():
    with serve(Web()) as server:
        for jobs in "-j1", "-j16":
            rounds(server, "now", 500, jobs)


@test("40 something comes on a connection that is idle")
def _():
    with serve(Web()) as server:
        rounds(server, "later", 10, "-j1")
        rounds(server, "later", 200, "-j16", seed=2)


@test("40 over TLS: behind the answer, and on an idle connection")
def _():
    with serve(Web(tls=good().server())) as server:
        trust = ["--cacert", authority().cert]
        rounds(server, "now", 100, "-j1", *trust)
        rounds(server, "now", 200, "-j16", *trust)
        rounds(server, "later", 128, "-j16", *trust)


@test("40 where HTTP/2 is allowed, but HTTP/1.1 is spoken")
def _():
    with serve(Web()) as server:
        rounds(server, "now", 200, "-j16", "--http2")
        rounds(server, "later", 128, "-j16", "--http2")
    with serve(Web(tls=good().server())) as server:
        rounds(server, "later", 128, "-j16", "--http2",
               "--cacert", authority().cert)


@test("40 through a Unix socket")
def _():
    with serve(OnUnixSocket()) as server:
        rounds(server, "now", 200, "-j16", "--unix-socket", server.path)
        rounds(server, "later", 128, "-j16", "--unix-socket",
               server.path)


@test("40 through a proxy")
def _():
    # To libcurl a proxy is just where the connection goes: so this server is
    # one, for whatever it is asked.
    class AnyHost(Web):
        def _one(self, conn, request):
            request.path = request.target.partition(".test")[2]
            super()._one(conn, request)

    with serve(AnyHost()) as server:
        proxy, server.url = server.url, "http://any.test"
        rounds(server, "now", 200, "-j16", "-x", proxy)
        rounds(server, "later", 128, "-j16", "-x", proxy)


@test("40 POST: no answer of another's, and none is sent twice")
def _():
    with serve(Web()) as server:
        rounds(server, "now", 200, "-j16", "-d", "x")
        rounds(server, "later", 128, "-j16", "-d", "x")
        targets = [r.target for r in server.log]
        equal(len(targets), 328)


def close_silently(conn, request):
    """Answers as if the connection was to be kept, and closes it."""
    conn.answer(b"item " + request.body)
    try:
        conn.close()
    finally:
        conn.server.n_closed += 1


def posts(server, *args):
    """15 items that may not be sent twice, each after the server has closed
    the connection of the one before."""
    server.own["/closes"] = close_silently
    server.n_closed = 0
    program = Program(
        ["-B", "text", "--fields=seq,body", "--data-line", "--retry=0", "-j1",
         *args, server.url + "/closes"], stdin="pipe")
    for n in range(15):
        program.write("%d\n" % n)
        program.has_lines(n + 1)
        until(lambda: server.n_closed > n, "the server to close")
    program.close_stdin()
    result = program.wait()
    equal(sorted(record["body"] for record in result.records),
          sorted("item %d" % n for n in range(15)), result)
    equal(len(server.log), 15)


@test("48 POST: the server has closed the connection without a word")
def _():
    with Web() as server:
        posts(server)
    with Web(tls=good().server()) as server:
        posts(server, "--cacert", authority().cert)
    with OnUnixSocket() as server:
        posts(server, "--unix-socket", server.path)


if __name__ == "__main__":
    main()
