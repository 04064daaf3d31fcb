#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--max-memory: what all bodies take together, whoever is slow."""
import gzip
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from arrivals import Arrivals
from faultserver import HEAD
from harness import Program, fetchpool, strict_json
from servers import faults
from tap import (PATIENCE, SANITIZERS, Failed, check, contents, equal, main,
                 matches, temp_dir, test, until)
from webserver import Web


KIB = 1 << 10
MIB = 1 << 20
LONG = 60 * PATIENCE  # seconds, for what comes at once


def bound(jobs, window, max_memory, max_body, line=0):
    """What the manual says, in KiB, with lines of so many bytes."""
    most = (16 * MIB + jobs * 256 * KIB + window * (16 * KIB + 4 * line)
            + max_memory + max_body * 3 // 2) // KIB
    if line > 16 * KIB and sys.maxsize < 1 << 32:
        most += most // 20
    if line > 16 * KIB and jobs <= 64:
        most += 2 * KIB  # a second thread, on a machine that is busy
    return most


def under(program, limit):
    """The peak so far, where it means something."""
    peak = program.memory("VmHWM")
    if not SANITIZERS:
        check(peak <= limit, "%d KiB at most, and %d KiB is the bound"
              % (peak, limit))
    return peak


def all_there(result, n, size):
    """n records of bodies of so many "x", of which each is looked at in bytes:
    strictly read are the records without them."""
    body, records = b"x" * size, []
    for line in result.out.splitlines():
        head, name, rest = line.partition(b'"body":"')
        check(rest[:size] == body, "another body in " + repr(head))
        records.append(strict_json(head + name + rest[size:]))
        equal(records[-1]["body"], "")
    equal((len(records), result.out[-1:]), (n, b"\n"))
    equal({record["size"] for record in records}, {size})
    return records


def urls(server, path, n):
    return "%s%s\n" % (server.url, path) * n


def read_all(program):
    program.read_now()
    result = program.wait(60)
    equal((result.status, result.text), (0, ""))
    return result


@test("94 nobody reads: bodies wait on the server's side")
def _():
    size = 2 * MIB
    server = faults()
    program = Program(["-j", "16", "--max-memory=8M", "--max-body=4M",
                       "--window=64"], urls(server, "/size/%d" % size, 40),
                      read=False)
    program.settled()
    under(program, bound(16, 64, 8 * MIB, 4 * MIB))
    all_there(read_all(program), 40, size)


@test("94 nobody reads for longer than --max-time: that is no timeout")
def _():
    size = 3 * MIB
    server = faults()
    program = Program(["-j", "4", "--max-memory=4M", "--max-time=5s",
                       "--stall-time=5s"],
                      urls(server, "/size/%d" % size, 12), read=False)
    program.settled()
    over = time.monotonic() + 7
    until(lambda: time.monotonic() > over, "7 s to pass")
    all_there(read_all(program), 12, size)


@test("the bodies of failed responses wait like all others")
def _():
    size = MIB
    server = faults()
    program = Program(["-a", "-q", "-B", "text", "--retry=0", "-j", "16",
                       "--max-memory=8M", "--max-body=2M", "--window=64",
                       "--max-error-body=1M", "--ok-status=404"],
                      urls(server, "/size/%d" % size, 40), read=False)
    program.settled()
    under(program, bound(16, 64, 8 * MIB, 2 * MIB))
    program.read_now()
    result = program.wait(60)
    equal(result.status, 1)
    equal({record["error"]["kind"] for record in all_there(
        result, 40, size)}, {"http"})


@test("94 -k, behind one item that is stuck")
def _():
    size = MIB
    server = faults()
    program = Program(["-k", "-j", "16", "--max-memory=8M", "--max-body=2M",
                       "--window=64"], urls(server, "/gate/a", 1) +
                      urls(server, "/size/%d" % size, 100), read=False)
    program.settled()
    under(program, bound(16, 64, 8 * MIB, 2 * MIB))
    server.open("a")
    result = read_all(program)
    equal([record["seq"] for record in result.records], list(range(1, 102)))


@test("94 -k, behind one item that waits for its next attempt")
def _():
    tries = []

    def flaky(conn, request):
        tries.append(request.time)
        if len(tries) < 3:
            conn.answer(b"later", status=500)
        else:
            conn.answer(b"x" * 3 * MIB)

    size = MIB
    server = faults()
    server.on("/flaky", flaky)
    program = Program(["-k", "-j", "4", "--max-memory=4M", "--max-body=4M",
                       "--window=64", "--retry=5"],
                      urls(server, "/flaky", 1) +
                      urls(server, "/size/%d" % size, 100), read=False)
    result = read_all(program)
    equal([record["seq"] for record in result.records], list(range(1, 102)))
    equal(result.records[0]["attempts"], 3)


@test("one that has waited for memory, and is never ended, is timed out")
def _():
    def breaks_off(conn, request):
        conn.send(HEAD % (3 * MIB) + b"x" * (3 * MIB - 1))
        conn.until_gone()

    server = faults()
    server.on("/breaks_off", breaks_off)
    # On a busy machine the bodies may be too slow to want the memory in time.
    for seconds in 1.5, 6, 24:
        result = fetchpool(["-j2", "--max-memory=4M", "--stall-time=0",
                            "--max-time=%gs" % seconds,
                            "--connect-timeout=1m", "--all"],
                           urls(server, "/breaks_off", 2), timeout=90)
        equal(result.status, 1)
        equal([record["error"]["kind"] for record in result.records],
              ["timeout"] * 2)
        # One had the memory; the other's time did not pass meanwhile.
        times = sorted(record["fetch_time"] for record in result.records)
        if times[1] > times[0] + 0.1:
            break
    else:
        raise Failed("%r: none has waited" % times)


@test("one body that is larger than --max-memory goes on alone")
def _():
    size = 6 * MIB
    for order in [], ["-k"]:
        server = faults()
        result = Program(["-j", "8", "--max-memory=1M", "--max-body=8M",
                          *order], urls(server, "/size/%d" % size, 10)).wait(60)
        equal((result.status, result.text), (0, ""))
        all_there(result, 10, size)


@test("many large ones, one after another, take no more than the first")
def _():
    size = 15 * MIB
    server = faults()
    server.on("/bytes", lambda conn, request: conn.send(
        b"HTTP/1.1 200 OK\r\nContent-Type: image/x\r\n"
        b"Content-Length: %d\r\n\r\n" % size + b"\xff" * size))
    program = Program(["-j8", "--window=8", "--max-memory=1M"],
                      urls(server, "/bytes", 16))
    program.has_lines(14, timeout=60)
    if program.ended() is None:
        under(program, bound(8, 8, MIB, 16 * MIB))
    equal(program.wait(60).status, 0)


@test("74 bombs of gzip, all at once, stay under the bound")
def _():
    size = 12 * MIB
    bomb = gzip.compress(b"x" * size, 9)
    server = faults()
    server.on("/bomb", lambda conn, request: conn.send(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
        b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
        % len(bomb) + bomb))
    program = Program(["-j", "16", "--max-memory=8M", "--max-body=16M",
                       "--window=64"], urls(server, "/bomb", 20), read=False)
    program.settled()
    under(program, bound(16, 64, 8 * MIB, 16 * MIB))
    all_there(read_all(program), 20, size)


@test("one that goes on alone, and turns out to be small, makes way")
def _():
    small = gzip.compress(b"y" * 100)
    server = faults()
    server.on("/small", lambda conn, request: conn.send(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
        b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
        % len(small) + small))
    items = urls(server, "/small", 4) + urls(server, "/size/%d" % (2 * MIB), 4)
    result = fetchpool(["-j", "8", "--max-memory=64K"], items * 4, timeout=60)
    equal((result.status, result.text), (0, ""))
    equal(len(result.records), 32)


@test("-k: the oldest has a way, whoever has taken the slots and waits")
def _():
    options = ["-j1"], ["-j2"], ["-j8", "--host-jobs=1"], \
        ["-j8", "--host-jobs=2"]
    for option in options:
        tries = []

        def flaky(conn, request):
            tries.append(request.time)
            if len(tries) < 3:
                conn.answer(b"later", status=500)
            else:
                conn.answer(b"x" * 3 * MIB)

        server = faults()
        server.on("/flaky", flaky)
        result = fetchpool(["-k", *option, "--max-memory=1M", "--retry=3"],
                           urls(server, "/flaky", 1) +
                           urls(server, "/size/%d" % (2 * MIB), 9), timeout=30)
        equal((result.status, result.text), (0, ""))
        equal([record["seq"] for record in result.records],
              list(range(1, 11)))


@test("a signal ends what waits for memory")
def _():
    server = faults()
    program = Program(["-j", "8", "--max-memory=1M", "--grace=0"],
                      urls(server, "/size/%d" % (2 * MIB), 20), read=False)
    program.settled()
    program.kill(15)
    program.read_now()
    equal(program.wait().status, -15)


# ---- what servers and lines can make long ----

def heads(server):
    """Answers with one thing in their heads as long as a head may be."""
    long = b"a" * 90000

    def sends(path, head, body=b"{}"):
        server.on(path, lambda conn, request: conn.send(
            b"HTTP/1.1 " + head + b"\r\nContent-Length: %d\r\n\r\n"
            % len(body) + body))

    sends("/type", b"200 OK\r\nContent-Type: application/json; x=" + long)
    sends("/phrase", b"404 " + long)
    sends("/hop", b"302 Found\r\nLocation: /size/2?" + long)
    sends("/far", b"302 Found\r\nLocation: /size/2?" + long[:7900])
    sends("/after", b"503 Busy\r\nRetry-After: " + long)
    sends("/quota", b'200 OK\r\nRateLimit: "' + long + b'";r=1;t=1')
    sends("/cookie", b"200 OK\r\nSet-Cookie: x=" + long)
    sends("/kept", b"200 OK\r\nKeep-Alive: timeout=5, x=" + long)
    sends("/coding", b"200 OK\r\nContent-Encoding: " + long)
    sends("/auth", b"401 No\r\nWWW-Authenticate: Basic realm=" + long)
    return ["/type", "/phrase", "/hop", "/far", "/after", "/quota", "/cookie",
            "/kept", "/coding", "/auth"]


def held(args, lines, limit, what):
    """The peak of a run whose window is full, and whose output nobody reads."""
    program = Program(["-a", "-q", "--retry=0", "--max-memory=1M",
                       "--max-body=16K", *args], lines, read=False)
    program.settled()
    program.settled()
    peak = under(program, limit)
    check(peak > 1000, what)
    program.kill(signal.SIGKILL)
    program.wait()


@test("every part of a head at its longest, in all records of a window")
def _():
    server = faults()
    for path in heads(server):
        held(["-j", "16", "--respect-ratelimit"], urls(server, path, 700),
             bound(16, 256, MIB, 16 * KIB), path)


def hold_heads(server, lines, n):
    """Its heads end when each of `n` has come as far as it can: some are not
    begun or read on, as there is no room, until others have ended."""
    change = threading.Condition()
    here = []

    def answer(conn, request):
        try:
            conn.send(b"HTTP/1.1 200 OK\r\n" + lines)
        finally:
            with change:
                here.append(conn)
                change.notify_all()
        with change:
            change.wait_for(lambda: len(here) >= n, 2 * PATIENCE)
        conn.send(b"Content-Length: 1\r\n\r\nx")

    server.on("/", answer)


@test("heads near their limit, all at once, stay under the bound")
def _():
    jobs = 128
    for n_lines, length, options in (
            (800, 200, []), (2, 90000, []), (25, 9000, ["--fields=+headers"]),
            (1, 95000, ["--fields=+headers"])):
        lines = b"".join(b"X-%d: %s\r\n" % (i, b"v" * length)
                         for i in range(n_lines))
        with Web() as server:
            hold_heads(server, lines, jobs)
            measured = threading.Event()
            server.on("/last", lambda conn, request: measured.wait(
                LONG) and conn.answer(b"x"))
            program = Program(["-a", "-q", "-j%d" % jobs, "--retry=0",
                               "--max-memory=1M", "--max-body=64K",
                               "--window=%d" % jobs, "--max-line=1K", *options],
                              "%s/\n" % server.url * jobs +
                              server.url + "/last\n")
            program.has_lines(jobs, 90)
            under(program, bound(jobs, jobs, MIB, 64 * KIB, KIB))
            measured.set()
            result = program.wait(90)
            equal({(r["error"] or {}).get("kind") for r in result.records},
                  {None, "too_large"}, (n_lines, length))


@test("cookies of redirects are bounded, and fail the item")
def _():
    with Web() as server:
        def answer(conn, request):
            n = int(request.path[1:])
            conn.send(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
                      b"Location: /%d\r\n" % (n + 1) + b"".join(
                          b"Set-Cookie: c%d-%d=%s; Path=/\r\n"
                          % (n, i, b"v" * 3000) for i in range(5)) + b"\r\n")
        server.on("/", answer)
        result = fetchpool(["-a", "-q", "--max-redirs=1000"],
                           input=server.url + "/1\n")
        error = result.records[0]["error"]
        equal(error["kind"], "too_large", error)
        check("headers" in error["message"], error)
        check(server.requests < 10, server.requests)


@test("every part of an item at its longest")
def _():
    server = faults()
    template = server.url + "/size/2?x={%s}"
    n = 60000
    names = "".join('"k%d":"v",' % i for i in range(999))
    for args, line in (
            ([template % ""], " " * n + "a"),
            ([template % ""], "a" * n),
            ([template.replace("//", "//u:p@") % ""], "a" * n),
            ([template % "1", "-C", ","], "a," * (n // 2)),
            (["--input-format=json", template % "x"],
             '{"x":"%s"}' % ("\\u00e9" * (n // 6))),
            (["--input-format=json", template % "x"],
             '{"x":1,"context":["%s"]}' % ("c" * (n - 40))),
            (["--input-format=json", template % "x"],
             '{"x":1,"body":"%s"}' % ("c" * (n - 40))),
            (["--input-format=json", template % "x"],
             '{"x":1,"headers":{"X-Y":"%s"}}' % ("c" * (n - 60))),
            (["--input-format=json", template % "x"],
             "{%s\"x\":1}" % names),
            (["--input-format=json", template % "y"],
             '{"x":[%s1],"y":"%s"}' % ("1," * 1990, "a" * 55000))):
        held(["-j", "16", *args], (line + "\n") * 400,
             bound(16, 256, MIB, 16 * KIB, 64 * KIB), line[:40])


@test("URLs that are much longer than their lines")
def _():
    server = faults()
    template = server.url.replace("//", "//u:p@") + "/size/2?x="
    size = 190000
    for expression, line in (("{}" * (size // 4), "abcd"),
                             ("{}" * (size // 500), "e" * 500),
                             ("{}", "\u00e9" * (size // 6)),
                             ("{}" + "x" * 120000, "1")):
        length = len(line.encode())
        held(["-j", "4", "--window=64", "--max-line=%d" % length,
              template + expression], (line + "\n") * 80,
             bound(4, 64, MIB, 16 * KIB, length + size + KIB), line[:40])


@test("URLs that are much longer than their lines, in all jobs at once")
def _():
    jobs, size = 64, 190000
    with Web() as server:
        here, measured = threading.Semaphore(0), threading.Event()

        def answer(conn, request):
            here.release()
            measured.wait(LONG)
            conn.answer(b"x")

        server.on("/", answer)
        template = server.url.replace("//", "//u:p@") + "/"
        program = Program(["-a", "-q", "-j%d" % jobs, "--window=%d" % jobs,
                           "--retry=0", "--max-memory=1M", "--max-body=64K",
                           "--max-line=4", template + "{}" * (size // 4)],
                          "abcd\n" * jobs)
        for _ in range(jobs):
            check(here.acquire(timeout=LONG), "a request")
        under(program, bound(jobs, jobs, MIB, 64 * KIB, 2 * (size + KIB)))
        measured.set()
        equal(program.wait(90).status, 0)


@test("--json-safe: objects of very many names, all at once")
def _():
    n = 800000
    body = b"{" + b",".join(b'"%x":1' % i for i in range(n)) + b"}"
    server = faults()
    server.on("/names", lambda conn, request: conn.send(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body) + body))
    program = Program(["--json-safe", "-j", "4", "-m", "0", "--max-memory=4M",
                       "--max-body=8M", "--stall-time=0", "--window=16", "--max-line=1K"],
                      urls(server, "/names", 5) + urls(server, "/gate/x", 1))
    program.has_lines(5, 300)
    # The names of the one that goes on without room come on top.
    under(program, bound(4, 16, 4 * MIB, 8 * MIB, KIB) + 8 * KIB)
    server.open("x")
    result = program.wait()
    equal(result.status, 0)
    # They are the same, and it takes long to read one.
    bodies = [line[line.index(b'"body":'):]
              for line in result.out.splitlines()[:5]]
    equal([body == bodies[0] for body in bodies], [True] * 5)
    equal(len(strict_json(b"{" + bodies[0])["body"]), n)


@test("items of very many parts are refused")
def _():
    for line, what in (
            ("{%s\"x\":1}" % "".join('"k%d":1,' % i for i in range(1001)),
             "more than 1000 members"),
            ('{"x":[%s1]}' % ("1," * 2000), "2000 values"),
            ('{"x":1,"headers":{"a":[%s1]}}' % ("1," * 1001),
             "more than 1000 headers")):
        result = fetchpool(["--input-format=json", "http://127.0.0.1:9/{x}"],
                           input=line)
        equal(result.status, 1, repr(result))
        check(what in result.text, result.text)
    result = fetchpool(["--max-line=1M", "http://127.0.0.1:9/{}"],
                       input=" " * 70000 + "a")
    check("the URL is longer than 200 KiB" in result.text, result.text)


@test("20,000 hosts and a --host-rate for an hour: hardly more with each")
def _():
    with Arrivals(["0.0.0.0"]) as server:
        lines = "".join("http://127.%d.%d.%d:%d/\n" % (
            1 + i // 62500, i // 250 % 250, 1 + i % 250, server.port)
            for i in range(20000))
        program = Program(["-q", "-j", "16", "--host-rate=1/h",
                           "--max-memory=1M", "--max-body=16K", "-o",
                           "/dev/null"], lines + "http://127.0.0.1:%d/pause1/"
                          % server.port)
        until(lambda: server.n_requests > 20000, "20,000 requests", 60)
        under(program, bound(16, 256, MIB, 16 * KIB))
        program.kill(signal.SIGKILL)
        program.wait()


@test("20,000 hosts that ask for a pause: hardly more with each")
def _():
    n = 20000
    with Arrivals(["0.0.0.0"]) as server:
        lines = "".join("http://127.%d.%d.%d:%d/away1/\n" % (
            1 + i // 62500, i // 250 % 250, 1 + i % 250, server.port)
            for i in range(n))
        program = Program(["-q", "-j", "16", "--max-memory=1M",
                           "--max-body=16K", "-o", "/dev/null"],
                          lines + server.url + "/late60000/\n")
        until(lambda: server.n_requests > n, "20,000 requests", 60)
        under(program, bound(16, 256, MIB, 16 * KIB) + n * 200 // KIB)
        program.kill(signal.SIGKILL)
        program.wait()


@test("94 a run that goes on holds what is left of a pipe: the bound has it")
def _():
    folder, n = temp_dir(), 66000
    failed = folder + "/failed"
    args = ["-q", "-j1", "--window=1", "--max-memory=1M", "--max-body=1K",
            "--max-line=1K", "--id-range=1-9", "--journal", folder + "/journal",
            "-o", folder + "/out", "--failed", failed, "http://h/{}"]
    lines = b"x" * 900 + b"\n"
    equal(fetchpool(args, input=n * lines, timeout=60).status, 1)
    program = Program(["--retry-failed=all", *args], stdin="pipe")
    program.write(n * lines + b"end\n")
    until(lambda: contents(failed).endswith(b"end\n"), "all of it", 60)
    peak = under(program, bound(1, 1, MIB, KIB, KIB) + (8 + 64) * KIB)
    check(SANITIZERS or peak > 60 * KIB, "it held only %d KiB" % peak)
    program.close_stdin()
    equal(program.wait().status, 1)
    note = fetchpool(["--retry-failed=all", "--dry-run", *args],
                     input=n * lines + b"end\n").text
    matches(r"a run needs less than 89\.3 MiB of memory: .* 1\.5 x 1 KiB \+ "
            r"8 MiB of journal \+ 64 MiB of lines\n", note)


if __name__ == "__main__":
    main()
