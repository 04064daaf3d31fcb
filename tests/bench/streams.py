# SPDX-License-Identifier: MIT
"""
streams: scenarios of one process over time: what it does while its reader
sleeps, after one line, and over a million.
"""
import fcntl
import os
import select
import signal
import socket
import subprocess
import tempfile
import time

import meter
from contenders import Work
from meter import median
from scenarios import scenario


def widen(pipe):
    """Room for more in a pipe, so that its two ends seldom wait."""
    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)
    except OSError:
        pass


# ---- a reader that does not read ----

class Chain:
    """yes URL | fetchpool -j 16 | nobody, yet."""

    def __init__(self, bench):
        url = bench.nginx.url + "/posts/1"
        pipe, out = os.pipe(), os.pipe()
        self.errors = tempfile.TemporaryFile()
        self.yes = meter.start(["yes", url], stdout=pipe[1])
        self.fetchpool = meter.start(
            [bench.contenders.program, "-j", "16"], stdin=pipe[0],
            stdout=out[1], stderr=self.errors)
        for fd in (*pipe, out[1]):
            os.close(fd)
        self.out = out[0]

    def said(self):
        """How many bytes fetchpool wrote to standard error."""
        return self.errors.seek(0, os.SEEK_END)


def watch(chain, seconds, settled):
    """Looks at both processes ten times a second. Returns the samples from
    after `settled` seconds: (seconds, KiB resident, bytes yes has written)."""
    samples = []
    while not samples or samples[-1][0] < seconds:
        if chain.fetchpool.has_ended(0.1):
            raise meter.Trouble("fetchpool ended with status %d while its "
                                "output waited" % chain.fetchpool.status)
        samples.append((time.monotonic() - chain.fetchpool.began,
                        chain.fetchpool.memory(), chain.yes.written()))
    return [sample for sample in samples if sample[0] >= settled]


def end_of(child, other, limit):
    """Waits for the ends of both; returns the time from one to the other.
    Both are looked at together, so neither is told of late."""
    until = time.monotonic() + limit
    while child.status is None or other.status is None:
        left = [c for c in (child, other) if c.status is None]
        ready = select.select([c.pidfd for c in left], [], [],
                              max(until - time.monotonic(), 0))[0]
        if not ready:
            raise meter.Trouble("still running %d s later" % limit)
        for c in left:
            if c.pidfd in ready:
                c.has_ended()
    return other.ended - child.ended


@scenario
def backpressure(bench):
    """yes URL | fetchpool -j 16 | (sleep 20; head -c 1M)"""
    seconds = bench.size(20, 4)
    chain = Chain(bench)
    settled = watch(chain, seconds, 2)
    resident = [kib for _, kib, _ in settled]
    blocked = chain.yes.state()

    # And now the reader comes, takes its share and goes.
    head = meter.start(["head", "-c", "1M"], stdin=chain.out)
    os.close(chain.out)
    gap = end_of(head, chain.fetchpool, 30)
    status = chain.fetchpool.status
    bench.keep({"samples": settled, "yes": blocked,
                "peak_kib": chain.fetchpool.peak})
    bench.figure("resident while the reader sleeps", max(resident) / 1024,
                 unit="MiB", most=40, form=".1f")
    bench.figure("resident: growth in %d s" % (seconds - 2),
                 max(resident) - resident[0], unit="KiB", most=64, form=",d")
    bench.figure("bytes fed meanwhile", settled[-1][2] - settled[0][2],
                 most=0, form=",d")
    bench.figure("from the reader's end to ours", gap * 1000, unit="ms",
                 most=100, form=".2f")
    bench.figure("ends by", signal.Signals(-status).name if status < 0
                 else "exit %d" % status, exactly="SIGPIPE")
    bench.figure("bytes on standard error", chain.said(), most=0, form=",d")


# ---- one line, and then nothing ----

ANSWER = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
          b"Content-Length: 8\r\n\r\n{\"id\":1}")


def receive(sock, end, seconds=10):
    """Reads until what came ends in `end`."""
    data = b""
    until = time.monotonic() + seconds
    while not data.endswith(end):
        if not select.select([sock], [], [],
                             max(until - time.monotonic(), 0))[0]:
            raise meter.Trouble("nothing came for %d s" % seconds)
        more = os.read(sock.fileno(), 65536)
        if not more:
            raise meter.Trouble("ended instead of going on")
        data += more
    return data


def next_request(server, connections, seconds=10):
    """Waits for a request on any connection, a new one included, and reads
    it. Returns its connection. A pool has more than one lane, each with
    connections of its own, and any of them may take a line."""
    while True:
        ready = select.select([server, *connections], [], [], seconds)[0]
        if not ready:
            raise meter.Trouble("no request for %d s" % seconds)
        if ready != [server]:
            connection = next(one for one in ready if one is not server)
            receive(connection, b"\r\n\r\n")
            return connection
        connections.append(server.accept()[0])
        connections[-1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def feed_one(child, server, connections):
    """Feeds one line, answers the request and waits for the record. One thread
    does all of it, so that nothing of ours comes between. Returns the seconds
    from the line to the request, and from the answer to the record."""
    fed = time.monotonic()
    os.write(child.stdin.fileno(), b"1\n")
    connection = next_request(server, connections)
    asked = time.monotonic()
    connection.sendall(ANSWER)
    receive(child.stdout, b"\n")
    return asked - fed, time.monotonic() - asked


@scenario
def latency(bench):
    """One line fed, then nothing: from the server's answer to the record"""
    first, later, asked = [], [], []
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = "http://127.0.0.1:%d/{}" % server.getsockname()[1]
        for _ in range(bench.size(20, 5)):
            child = meter.start([bench.contenders.program, url],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            connections = []
            # A new process for each; and a line more when it has settled.
            first.append(feed_one(child, server, connections)[1] * 1000)
            time.sleep(0.05)
            request, answer = feed_one(child, server, connections)
            asked.append(request * 1000)
            later.append(answer * 1000)
            child.stdin.close()
            child.wait()
            for connection in connections:
                connection.close()
    bench.keep({"first_ms": first, "later_ms": later, "asked_ms": asked})
    for name, values in (("first line", first), ("a later line", later)):
        bench.figure(name + ": answer to record, median", median(values),
                     unit="ms", most=20, form=".2f")
        bench.figure(name + ": answer to record, worst", max(values),
                     unit="ms", most=20, form=".2f")
    bench.figure("a later line: fed to request, median", median(asked),
                 unit="ms", form=".2f")


# ---- a million ----

class Stream:
    """fetchpool with as many lines as it will take, its input held open, its
    records counted as they come."""

    def __init__(self, bench, work):
        feed, out = os.pipe(), os.pipe()
        for fd in (feed[1], out[1]):
            widen(fd)
        self.errors = tempfile.TemporaryFile()
        self.child = meter.start(
            bench.contenders.fetchpool_command(work), stdin=feed[0],
            stdout=out[1], stderr=self.errors)
        self.feeder = meter.start(["seq", str(work.n)], stdout=feed[1])
        for fd in (feed[0], out[1]):
            os.close(fd)
        self.held, self.out = feed[1], out[0]
        self.n = 0

    def read(self):
        """Counts what has come. False: that was the end."""
        if not select.select([self.out], [], [], 30)[0]:
            raise meter.Trouble("no record for 30 s, after %d" % self.n)
        data = os.read(self.out, 1 << 20)
        self.n += data.count(b"\n")
        return bool(data)

    def finish(self):
        """No more input. Returns how many outcomes there were in all."""
        os.close(self.held)
        while self.read():
            pass
        os.close(self.out)
        self.child.wait()
        self.feeder.wait()
        self.errors.seek(0)
        return self.n + self.errors.read().count(b"\n")


@scenario
def million(bench):
    """A million items: an outcome for each, memory as after 10,000"""
    work = Work(bench.nginx.url + "/posts/", bench.size(1000000, 100000), 16)
    stream = Stream(bench, work)
    marks = [10000] + [work.n * tenth // 10 for tenth in range(2, 11)]
    resident = []
    for mark in marks:
        while stream.n < mark:
            if not stream.read():
                raise meter.Trouble("only %d records" % stream.n)
        resident.append(stream.child.memory())
    wall = time.monotonic() - stream.child.began
    outcomes = stream.finish()
    child = stream.child
    if child.status != 0:
        raise meter.Trouble("ended with status %d" % child.status)
    bench.keep({"items": marks, "resident_kib": resident, "wall": wall,
                "cpu": child.cpu, "peak_kib": child.peak})
    bench.figure("outcomes", outcomes, exactly=work.n, form=",d")
    bench.figure("resident at the end, less that at 10,000",
                 (resident[-1] - resident[0]) / 1024, unit="MiB", most=2)
    bench.figure("resident at 10,000", resident[0] / 1024, unit="MiB")
    bench.figure("resident, peak", child.peak / 1024, unit="MiB")
    bench.figure("requests per second", work.n / wall, form=",.0f")
    bench.figure("CPU", child.cpu, unit="s")
