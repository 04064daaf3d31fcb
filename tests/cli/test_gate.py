#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What counts is when a request goes out, not when it was scheduled: pauses,
rates and the deadline are asked again for connections that took their time."""
import contextlib
import os
import signal
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from arrivals import Arrivals, crowds, numbers
from authority import authority, good
from harness import Program, fetchpool
from tap import check, equal, main, matches, skip, started, temp_dir, test, until

ANSWER = (b"HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
          b"Content-Length: 2\r\n%s\r\n{}")


class Late:
    """A server that lets only the first connection come to an end at once. Each
    other one is not answered in `step` (its TLS handshake, or its CONNECT to a
    proxy) before go(). The first request is answered by 429 and Retry-After."""

    def __init__(self, step, seconds):
        self.step, self.seconds = step, seconds
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.context = good().server() if step == "TLS" else None
        self.released = threading.Event()
        self.lock = threading.Lock()
        self.n_connections, self.times = 0, []
        threading.Thread(target=self.accept, daemon=True).start()
        started.append(self)

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock = self.listener.accept()[0]
                with self.lock:
                    self.n_connections += 1
                    first = self.n_connections == 1
                threading.Thread(target=self.serve, args=(sock, first),
                                 daemon=True).start()

    def head(self, sock):
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            more = sock.recv(4096)
            if not more:
                raise OSError("gone")
            data += more

    def serve(self, sock, first):
        with contextlib.suppress(OSError), sock:
            if self.step == "CONNECT":
                self.head(sock)
            first or self.released.wait(20)
            if self.step == "CONNECT":
                sock.sendall(b"HTTP/1.1 200 Established\r\n\r\n")
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True)
            while True:
                self.head(sock)
                with self.lock:
                    self.times.append(time.monotonic())
                    n = len(self.times)
                if n == 1:
                    until(lambda: self.n_connections >= 8, "8 connections")
                    sock.sendall(ANSWER % (
                        b"429 Slow Down", b"Retry-After: %d\r\n"
                        % self.seconds))
                else:
                    sock.sendall(ANSWER % (b"200 OK", b""))

    def go(self):
        self.released.set()

    def end(self):
        self.go()
        self.listener.close()


class Swallower:
    """A port, at all addresses 127.0.0.0/8, that answers no SYN."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("0.0.0.0", 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.fillers = []
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self.fillers.append(filler)
        started.append(self)
        probe = socket.socket()
        probe.settimeout(0.3)
        with probe, contextlib.suppress(TimeoutError):
            probe.connect(("127.0.0.2", self.port))
            skip("no port can be made to swallow connections here")

    def lines(self, n):
        return ["http://127.0.1.%d:%d/" % (i, self.port)
                for i in range(1, n + 1)]

    def end(self):
        for sock in [self.listener, *self.fillers]:
            sock.close()


# ---- pauses ----

@test("a pause holds what was connecting when it came: TLS, a proxy's tunnel")
def _():
    for step, url, args in (
            ("TLS", "https://127.0.0.1:%d/{}", lambda port: [
                "--cacert", authority().cert, "--http1.1"]),
            ("CONNECT", "http://x.test/{}", lambda port: [
                "-x", "http://127.0.0.1:%d" % port,
                "--setopt", "HTTPPROXYTUNNEL=1"])):
        server = Late(step, 2)
        if "%d" in url:
            url = url % server.port
        program = Program(["-j", "8", "--retry=1", *args(server.port), url],
                          stdin=numbers(8))
        until(lambda: b"paused for" in program.err, "the notice")
        server.go()
        result = program.wait()
        equal((result.status, len(result.records)), (0, 8), repr(result))
        check(all(t - server.times[0] >= 1.95 for t in server.times[1:]),
              "%s: requests %r s after the first" % (
                  step, [round(t - server.times[0], 2)
                         for t in server.times]))
        attempts = sorted(r["attempts"] for r in result.records)
        equal(attempts, [1] * 7 + [2], "only the paused one is an attempt more")


# ---- rates ----

@test("hosts without an answer hold nobody's rate")
def _():
    swallower = Swallower()
    with Arrivals() as server:
        program = Program(
            ["-j", "64", "-r", "20/s", "--connect-timeout=1h", "--retry=0"],
            stdin="".join(line + "\n" for line in [
                *swallower.lines(40), server.url + "/good"]))
        until(lambda: server.n_requests == 1, "the good one")
        program.kill(signal.SIGKILL)
        program.wait()


@test("nor do they in another process that counts in the same file")
def _():
    swallower = Swallower()
    path = temp_dir() + "/rates"
    args = ["-r", "20/s", "--rate-file", path, "--retry=0"]
    with Arrivals() as server:
        stuck = Program(["-j", "20", "--connect-timeout=1h", *args],
                        stdin="\n".join(swallower.lines(20)) + "\n")
        until(lambda: os.path.exists(path), "the file")
        stuck.settled()
        result = fetchpool([*args, server.url + "/{}"], input=numbers(3))
        equal((result.status, server.n_requests), (0, 3), repr(result))
        stuck.kill(signal.SIGKILL)
        stuck.wait()


@test("starts that went back and were asked for again: never too many")
def _():
    with Arrivals() as server:
        args = ["-j", "40", "-r", "10/200ms", "-x", server.url, "--setopt",
                "HTTPPROXYTUNNEL=1", "--retry=0", "--setopt",
                "FORBID_REUSE=1"]
        result = fetchpool([*args, "http://late{}.x/{}"], input="".join(
            "%d\n" % (1 + i * 7 % 400) for i in range(80)))
        equal((result.status, len(result.records)), (0, 80), repr(result))
        equal(crowds(server.times(), 10, 200 * 10**6)[:3], [])


# ---- the deadline ----

@test("no request goes out after the deadline, though nobody ran when it came")
def _():
    server = Late("CONNECT", 0)
    program = Program(["-a", "-j", "8", "--deadline=1s", "-x",
                       "http://127.0.0.1:%d" % server.port, "--setopt",
                       "HTTPPROXYTUNNEL=1", "--retry=0", "http://x.test/{}"],
                      stdin=numbers(8))
    until(lambda: len(server.times) == 1, "the first request")
    program.settled()
    program.kill(signal.SIGSTOP)
    time.sleep(1.2)
    server.go()
    time.sleep(0.1)
    program.kill(signal.SIGCONT)
    result = program.wait()
    equal((result.status, len(server.times)), (4, 1), repr(result))
    matches("stopped by --deadline: 0 done, 1 failed, 7 not done", result.text)


if __name__ == "__main__":
    main()
