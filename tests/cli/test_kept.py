#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Connections that are kept, and servers that close them: a request that cannot
be repeated is neither lost on one nor sent twice.

The servers note each request that they have read. A server that is late in
closing a connection, because the machine is busy, may close it just as a POST
is on its way. No client can know that: such a POST may fail, but it is never
sent twice.
"""
import collections
import re
import socket
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from authority import authority, good
from frameserver import (DATA, END_STREAM, NO_ERROR, REFUSED_STREAM,
                         FrameServer, frame, goaway, head, rst_stream)
from harness import environment, fetchpool
from relay import relay, start
from tap import PROGRAM, at_end, check, equal, main, skip, temp_file, test

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


# Less than what a server is waited for that may close after an answer, seconds.
LATE = 0.005


class Server:
    """Reads requests and answers them, until a connection was idle for `idle`
    seconds. after(connection, n): called after the n-th answer of all; true:
    the connection is closed."""

    def __init__(self, idle=60, answer=OK, after=None, reads=True):
        self.idle, self.answer, self.after, self.reads = (
            idle, answer, after, reads)
        self.got = collections.Counter()
        self.connections = self.n_late = 0
        self.lock = threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.socket.getsockname()[1]
        self.url = "http://127.0.0.1:%d/" % self.port
        at_end(self.socket.close)
        start(self._accept)

    def _accept(self):
        while True:
            try:
                conn, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            start(self._serve, conn)

    def _serve(self, conn):
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with conn:
            try:
                while self._one(conn):
                    pass
            except OSError:
                pass

    def _one(self, conn):
        data = b""
        conn.settimeout(self.idle)
        while b"\r\n\r\n" not in data:
            more = conn.recv(65536)
            if not more:
                return False
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b":", 1)
                      for line in head.split(b"\r\n")[1:])
        left = int(fields.get(b"content-length", 0)) - len(body)
        while self.reads and left > 0:
            left -= len(conn.recv(65536))
        with self.lock:
            self.got[head.split()[1].decode()] += 1
            n = self.got.total()
        conn.sendall(self.answer)
        sent = time.monotonic()
        ends = self.after and self.after(conn, n)
        if ends:
            conn.shutdown(socket.SHUT_RDWR)
            with self.lock:
                self.n_late += time.monotonic() - sent > LATE
        return not ends

    def check(self, n, result):
        """All n items are done, each once."""
        equal(result.status, 0, repr(result)[-600:])
        equal((len(self.got), max(self.got.values())), (n, 1))

    def check_lost(self, n, most, result, what=""):
        """Each of the n items was sent once at the most, and no more than
        `most` of them have failed."""
        lost = n - sum(not record.get("error") for record in result.records)
        check(0 <= lost <= most, "%s: %d lost, and %d may be: %r" % (
            what, lost, most, result))
        equal(max(self.got.values()), 1, what)
        check(len(self.got) >= n - lost, what)


class Watch:
    """How often a thread of this process was late by as much as a server is
    waited for, while it was watched."""

    def __init__(self):
        self.n_late, self.ended = 0, threading.Event()
        self.thread = threading.Thread(target=self._look)

    def _look(self):
        now = time.monotonic()
        while not self.ended.wait(LATE / 5):
            then, now = now, time.monotonic()
            self.n_late += now - then > LATE

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def late(server, delay):
    """Its URL, by a way that takes as long as that in each direction."""
    if not delay:
        return server.url
    url, close = relay(server.port, delay)
    at_end(close)
    return url


def items(url, n):
    return "".join("%s%d\n" % (url, i) for i in range(n))


def all_at_once(runs):
    threads = [threading.Thread(target=run) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@test("POSTs at paces around the time at which the server closes")
def _():
    runs, results = [], []
    for delay in 0, 0.025, 0.075:
        for pace in 700, 900, 950, 1000, 1050:
            def run(delay=delay, pace=pace):
                server = Server(idle=1)
                url = late(server, delay)
                results.append((server, delay, pace, fetchpool(
                    ["-d", "x", "-j4", "-r", "1/%dms" % pace],
                    input=items(url, 9), timeout=50)))

            runs.append(run)
    with Watch() as watch:
        all_at_once(runs)
    equal(len(results), 15)
    for server, delay, pace, result in results:
        server.check_lost(9, watch.n_late, result,
                          "delay %g, pace %d" % (delay, pace))


@test("POSTs to a server that closes after each answer, and does not say so")
def _():
    for jobs in "-j1", "-j4":
        for when in 0, 0.0003:
            def after(conn, n, when=when):
                time.sleep(when)
                return True

            server = Server(after=after)
            result = fetchpool(["-a", "-d", "x", jobs],
                               input=items(server.url, 300))
            # Those under way when it closes late.
            server.check_lost(300, server.n_late * int(jobs[2:]), result)


@test("POSTs to a server that closes a connection now and then")
def _():
    # While no request is on its way to it.
    def after(conn, n):
        return n % 7 == 0

    server = Server(after=after)
    result = fetchpool(["-d", "x", "-j1", "--delay=50ms"],
                       input=items(server.url, 40))
    server.check_lost(40, server.n_late, result)


@test("Connections are used again for POSTs, and GETs")
def _():
    for args in ([], ["-d", "x"]):
        server = Server()
        server.check(200, fetchpool(["-j1", *args],
                                    input=items(server.url, 200)))
        equal(server.connections, 1, repr(args))


@test("Keep-Alive: timeout=N is honoured, less a margin")
def _():
    answer = OK.replace(b"\r\n\r\n", b"\r\nKeep-Alive: timeout=%d\r\n\r\n")
    runs, seen = [], {}
    for said in 1, 5:
        def run(said=said):
            server = Server(answer=answer % said)
            server.check(3, fetchpool(["-d", "x", "-j1", "-r", "1/1s"],
                                      input=items(server.url, 3)))
            seen[said] = server.connections

        runs.append(run)
    all_at_once(runs)
    equal(seen[5], 1)
    check(seen[1] > 1, "used after the time that the server named")


@test("A connection is not used again after an answer that came early")
def _():
    # Each says that it keeps the connection, and ends it.
    def after(conn, n):
        conn.shutdown(socket.SHUT_WR)
        while conn.recv(65536):
            pass
        return True

    for status, size in ((413, 5), (401, 50000), (401, 3000000),
                         (200, 3000000)):
        server = Server(answer=OK.replace(b"200", b"%d" % status),
                        after=after, reads=False)
        result = fetchpool(["-d", "@" + temp_file(b"x" * size), "-j1",
                            "-a", "--fields=status"],
                           input=items(server.url, 20))
        equal({record["status"] for record in result.records}, {status})
        equal((len(result.records), server.connections), (20, 20))


@test("--fresh-connect, -H 'Connection: close' and their like")
def _():
    for args, n in ((["--fresh-connect"], 5),
                    (["-H", "Connection: close"], 5),
                    (["-H", "connection:Close"], 5),
                    (["-H", "Connection: keep-alive"], 1),
                    (["--setopt", "FRESH_CONNECT=1"], 5),
                    (["--setopt", "FORBID_REUSE=1"], 5)):
        for more in ([], ["-d", "x"]):
            server = Server()
            server.check(5, fetchpool(["-j1", *args, *more],
                                      input=items(server.url, 5)))
            equal(server.connections, n, repr(args))


@test("HEAD is answered with a body")
def _():
    # It comes with the head, or after it, when the next request may be out.
    for when in None, 0, 0.001:
        def after(conn, n, when=when):
            if when is not None:
                time.sleep(when)
                conn.sendall(b"<html>" * 10)

        body = b"<html>" * 10 if when is None else b""
        server = Server(answer=OK.replace(b"2\r", b"60\r")[:-2] + body,
                        after=after)
        result = fetchpool(["-X", "HEAD", "-j2"],
                           input=items(server.url, 100))
        equal((result.status, len(server.got)), (0, 100), repr(result)[-600:])


def libcurl():
    """The version that the program runs with, as numbers."""
    text = subprocess.run([PROGRAM, "-V"], stdout=subprocess.PIPE, text=True,
                          env=environment(), check=True).stdout
    return tuple(map(int, re.search(r"libcurl/(\d+)\.(\d+)", text).groups()))


@test("POSTs whose streams a server of HTTP/2 refuses are sent again")
def _():
    if libcurl() < (8, 3):
        skip("this libcurl does not tell")
    seen = collections.Counter()

    def answer(conn, stream, words):
        seen[words[0]] += 1
        how = words[0][0]
        if how == "o" or seen[words[0]] > 1:
            conn.send(head(stream) + frame(DATA, END_STREAM, stream, b"ok"))
        elif how == "r":
            conn.send(rst_stream(stream, REFUSED_STREAM))
        else:
            conn.send(goaway(max(stream - 2, 0), NO_ERROR))
            if how == "e":
                conn.cut()

    with FrameServer(good().server()) as server:
        server.on("x", answer)
        words = ["ogor"[i % 4] + str(i) for i in range(40)] + ["e40", "e41"]
        result = fetchpool(
            ["-d", "x", "-j1", "--http2", "--cacert", authority().cert],
            input="\n".join(server.at("x", word) for word in words))
        equal((result.status, len(result.records)), (0, 42), repr(result))
    equal(seen, {word: 1 if word[0] == "o" else 2 for word in words})


if __name__ == "__main__":
    main()
