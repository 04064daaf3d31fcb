# SPDX-License-Identifier: MIT
"""
scenarios: what is measured. A scenario is a function of a Bench; it hands its
figures to bench.figure() as it gets them, and keeps what else is worth having
in bench.keep(), which goes to the JSON only.

Its docstring's first line is what --list shows. Sizes come from bench.size(),
which knows --quick. All traffic stays on loopback.
"""
import fcntl
import os
import select
import signal
import socket
import subprocess
import tempfile
import time

import counts
import meter
from arrivals import Arrivals, crowds, use
from contenders import Work
from meter import median, median_of, ratio

HERE = os.path.dirname(os.path.abspath(__file__))
SCENARIOS = {}


def scenario(function):
    SCENARIOS[function.__name__] = function
    return function


def us(seconds):
    return seconds * 1e6


def widen(pipe):
    """Room for more in a pipe, so that its two ends seldom wait."""
    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)
    except OSError:
        pass


# ---- many requests that wait ----

@scenario
def waits(bench):
    """1,000 requests of 100 ms each at -j 100, with and without -k"""
    bench.nginx.need_echo()
    work = Work(bench.nginx.url + "/slow/", 1000, 100)
    ideal = work.n / work.jobs * 0.1
    them = bench.contenders
    results = meter.interleave({
        "fetchpool": lambda: them.fetchpool(work),
        "fetchpool -k": lambda: them.fetchpool_in_order(work),
        "floor": lambda: them.floor(work),
    }, bench.size(7, 2))
    bench.keep({name: [run.as_data() for run in runs]
                for name, runs in results.items()})
    for name, runs in results.items():
        bench.figure("%s: wall / ideal %.1f s" % (name, ideal),
                     median_of(runs, "wall") / ideal,
                     most=None if name == "floor" else 1.08)


# ---- many small requests ----

@scenario
def small(bench):
    """Small GETs at -j 16, against a bare libcurl loop"""
    work = Work(bench.nginx.url + "/posts/", bench.size(200000, 20000), 16)
    them = bench.contenders
    results = meter.interleave({
        "fetchpool": lambda: them.fetchpool(work),
        "fetchpool -k": lambda: them.fetchpool_in_order(work),
        "floor": lambda: them.floor(work),
    }, bench.size(5, 2))
    bench.keep({name: [run.as_data() for run in runs]
                for name, runs in results.items()})
    for name, runs in results.items():
        bench.figure(name + ": requests per second",
                     work.n / median_of(runs, "wall"), form=",.0f")
        bench.figure(name + ": CPU per request", unit="µs",
                     value=us(median_of(runs, "cpu")) / work.n, form=".2f")
    one, other, floor = results.values()
    bench.figure("CPU / floor's", ratio(one, floor, "cpu"), most=1.25)
    bench.figure("wall / floor's", ratio(one, floor, "wall"))
    bench.figure("-k: wall / without", ratio(other, one, "wall"), most=1.03)
    bench.figure("-k: CPU / without", ratio(other, one, "cpu"), most=1.03)


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
    it. Returns its connection. A pool has more than one worker, each with
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


# ---- rates ----

def rate_run(bench, name, n, rates, *options, addresses):
    """Requests under a rate, by the clock of the kernel that received them.
    `rates` is n and nanoseconds, for each host."""
    them = bench.contenders
    each, period_ns = rates
    program = them.compile(os.path.join(os.path.dirname(HERE), "arrivals.c"))
    with Arrivals(addresses, program=program) as server:
        lines = os.path.join(bench.folder, "rate-lines")
        with open(lines, "w") as file:
            for first in range(0, n, len(server.urls)):
                file.writelines("%s/%d\n" % (url, first)
                                for url in server.urls)
        run = meter.run([them.program, "-j", "256", *options], stdin=lines,
                        limit=120)
        violations, used, seen = 0, [], 0
        for url in server.urls:
            times = sorted(server.times(url.partition("//")[2]))
            seen += len(times)
            violations += len(crowds(times, each, period_ns))
            used.append(100 * use(times, each, period_ns))
    bench.keep({name: run.as_data(), name + ": use": used})
    bench.figure(name + ": requests", seen, exactly=n, form=",d")
    bench.figure(name + ": intervals with more", violations, exactly=0,
                 form=",d")
    bench.figure(name + ": of the rate was used, least", min(used), unit="%",
                 form=".2f")
    bench.figure(name + ": CPU per request", us(run.cpu) / n, unit="µs",
                 form=".1f")
    bench.figure(name + ": CPU, of one processor", 100 * run.cpu / run.wall,
                 unit="%", form=".0f")


@scenario
def rate(bench):
    """A million requests under a rate: no interval that holds more"""
    second = 10**9
    rate_run(bench, "20000/s", bench.size(1000000, 80000), (20000, second),
             "-r", "20000/s", addresses=1)
    rate_run(bench, "2000/100ms evenly", bench.size(200000, 40000),
             (2000, second // 10), "-r", "2000/100ms", "--pace", addresses=1)
    rate_run(bench, "4 hosts, 4000/s each", bench.size(200000, 40000),
             (4000, second), "--host-rate", "4000/s", addresses=4)


# ---- no network ----

@scenario
def faults(bench):
    """Five million lines out of --id-range, against awk that prints the same"""
    n = bench.size(5000000, 500000)
    them = bench.contenders
    lines = them.numbers(n)
    command = [them.program, "--id-range", "0-0", "http://127.0.0.1:9/{}"]
    fault = 'print "fetchpool: " NR ": not a whole number from 0 to 0 (" $0 ")"'
    awk = ["awk", "{ %s }" % fault]
    same_lines(them, command, awk)

    def ours(*options):
        with open(os.devnull, "wb") as null:
            return meter.run([*command, *options], stdin=lines, stderr=null,
                             statuses=(1,))

    results = meter.interleave({
        "fetchpool": ours,
        "fetchpool -q": lambda: ours("-q"),
        "awk": lambda: meter.run(awk, stdin=lines),
    }, bench.size(3, 1))
    bench.keep({name: [run.as_data() for run in runs]
                for name, runs in results.items()})
    loud, quiet, other = results.values()
    for name, runs in results.items():
        bench.figure(name + ": CPU per line", unit="µs",
                     value=us(median_of(runs, "cpu")) / n, form=".3f")
    bench.figure("CPU / awk's", ratio(loud, other, "cpu"), most=8)
    bench.figure("-q: CPU / awk's", ratio(quiet, other, "cpu"), most=8)
    bench.figure("wall / awk's", ratio(loud, other, "wall"))


def same_lines(them, command, awk):
    """It would be no comparison if the two did not print the same."""
    with open(them.numbers(1000), "rb") as file:
        ours = subprocess.run(command, stdin=file, capture_output=True,
                              env=meter.environment(), timeout=30).stderr
        file.seek(0)
        its = subprocess.run(awk, stdin=file, capture_output=True,
                             env=meter.environment(), timeout=30).stdout
    if ours != its:
        raise meter.Trouble("awk does not print what fetchpool prints: %r, %r"
                            % (its[:80], ours[:80]))


# ---- counts ----

@scenario
def instructions(bench):
    """Instructions for plain GETs, under callgrind"""
    them = bench.contenders
    n = bench.size(20000, 2000)
    work = Work(bench.nginx.url + "/posts/", n, 16)

    def count(name, command, lines):
        out = os.path.join(bench.out, "callgrind.out." + name)
        return counts.callgrind(command, lines, out, 200)

    ours = count("fetchpool", them.fetchpool_command(work), them.numbers(n))
    total = ours.total
    ours.minus(count("start", them.fetchpool_command(work), None))
    floor = count("floor", them.floor_command(work), None)
    floor.minus(count("floor-start", them.floor_command(
        Work(work.prefix, 1, 16)), None))
    own = os.path.basename(them.program)
    bench.keep({
        "requests": n, "total": total,
        "per_request": per(n, ours.objects), "floor": per(n, floor.objects),
        "own_functions": per(n, {
            function: spent for (where, function), spent in
            ours.functions.items() if where == own}),
    })
    bench.figure("fetchpool: all of {:,d} requests".format(n), total,
                 form=",d")
    bench.figure("fetchpool: per request", ours.total / n, form=",.0f")
    bench.figure("of these its own code, without libraries",
                 ours.objects.get(own, 0) / n, form=",.0f")
    bench.figure("floor: per request", floor.total / n, form=",.0f")
    bench.figure("per request / floor's", ours.total / floor.total, most=1.25)


def per(n, spent):
    """The greatest thirty, for each of n."""
    greatest = sorted(spent.items(), key=lambda item: -item[1])[:30]
    return {name: round(count / n, 1) for name, count in greatest}


@scenario
def calls(bench):
    """System calls for small GETs at -j 16"""
    them = bench.contenders
    n = bench.size(50000, 5000)
    work = Work(bench.nginx.url + "/posts/", n, 16)
    out = os.path.join(bench.folder, "calls")
    for name, command, lines in (
            ("fetchpool", them.fetchpool_command(work), them.numbers(n)),
            ("floor", them.floor_command(work), None)):
        counted, tool = counts.system_calls(command, lines, out)
        if counted.get("recvfrom", 0) < n:
            raise meter.Trouble("%s did not make its requests" % name)
        each = {call: 1000 * count / n for call, count in counted.items()}
        bench.keep({name + " by " + tool: each})
        for call in ("poll", "futex", "write", "context-switches"):
            bench.figure("%s: %s per 1,000 requests" % (name, call),
                         each.get(call, 0), form=",.0f")
