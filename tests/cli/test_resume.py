#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs that go on where another has ended: sections 9, 11 and 12 of the
contract."""
import os
import re
import shutil
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import (Program, TRACED, Result, fetchpool, records_of, strace)
from resumetest import Run, equal_lines, items, killed_before, put
from servers import api, faults
from tap import (as_bytes, check, contents, equal, main, matches, temp_dir, test, until)


def lines_of(path):
    return contents(path).decode().splitlines()


def n_done(run):
    return contents(run.journal).count(b"\nd ")


# ---- from run to run ----

@test("99 a run with a journal is like one without")
def _():
    for options in [], ["-k"], ["-a", "--sync"], ["-f", "body"]:
        run = Run(60, options)
        result = run.run("--failed", run.failed)
        equal((result.status, result.err.count(b"\n")), (1, 1), repr(result))
        run.check_same(run.whole())
        equal(n_done(run), 60)


@test("99 a run that is complete has nothing left to do")
def _():
    server = faults()
    run = Run(20, template=server.url + "/ok?{}")
    equal(run.run("--resume").status, 0, "begun with --resume")
    before = contents(run.out), server.requests
    for _ in range(3):
        result = run.run("--resume")
        equal((result.status, result.err), (0, b""))
    equal((contents(run.out), server.requests), before)
    equal(server.requests, 20)


@test("99 what failed in an earlier run counts at the end")
def _():
    run = Run(20)
    equal(run.run().status, 1)
    result = run.run("--resume")
    equal(result.status, 1)
    matches(r"^fetchpool: 3 items failed in earlier runs", result.text)


@test("99 lines that were added to the input are fetched")
def _():
    run = Run(20, ["-k"])
    run.run()
    put(run.input, items(30))
    equal(run.run("--resume").status, 1)
    run.check_same(run.whole())


@test("99 the second run has other jobs, window, limits and verbosity")
def _():
    run = Run(20)
    put(run.input, b"1\n2\n")
    equal(run.run("-j2", "--window", "3", "-m", "7").status, 0)
    put(run.input, b"1\n2\n3\n")
    equal(run.run("--resume", "-j1", "--window", "9", "-m", "8", "--grace",
                  "1s", "--sync", "--stall-time", "5s").status, 0)
    equal(len(lines_of(run.out)), 3)


@test("99 credentials may be renewed, and are not in the journal")
def _():
    run = Run(3, ["-u", "user:first-password", "-H", "X-Key: first-key", "-b",
                  "c=first-cookie"], template=faults().url + "/echo/{}")
    put(run.input, b"a-line-of-input\n")
    run.run()
    run.options[3:] = ["-u", "user:other", "-H", "X-Key: other", "-b", "c=o"]
    equal(run.run("--resume").status, 0)
    journal = contents(run.journal)
    for secret in (b"user", b"first", b"other", b"a-line-of", b"127.0.0.1",
                   b"echo", b"X-Key"):
        check(secret not in journal, "%r is in the journal" % secret)
    equal(os.stat(run.journal).st_mode & 0o7777, 0o600)


@test("99 items that end in NUL, items in JSON, lines that are no items")
def _():
    url = faults().url
    for options, data in (
            (["-0"], b"1\0" b"2\n3\0" b"4"),
            (["--input-format", "json"],
             b'{"id":1}\n{"id":2}\nnone\n\n{"id":3,"context":[1]}\n'),
            (["--max-line", "20"],
             b"1\n\n" + b"x" * 300 + b"\n\xff\n  \n2\r\n3")):
        run = Run(0, ["-a", "-k", *options],
                  template=url + ("/ok?{id}" if "json" in options
                                  else "/ok?{}"))
        put(run.input, data)
        whole = run.whole()
        run.run("--failed", run.failed)
        run.check_same(whole)
        before = contents(run.journal)
        result = run.run("--resume", "--failed", run.failed)
        check(result.status in (0, 1), repr(result))
        run.check_same(whole)
        equal(contents(run.journal).count(b"\n"), before.count(b"\n") + 1)


@test("99 -a: what a stop left undone has one record, after --resume")
def _():
    server = faults()
    for options, more in ([], []), (["-k"], []), (["--sync"], []), (
            [], ["--max-errors=0"]):
        server.reset()
        run = Run(0, ["-a", "-j4", *options],
                  template=server.url + "/{+}")
        put(run.input, "ok?1\nstatus/404\n" +
            "".join("gate/x?%d\n" % i for i in range(20)))
        program = run.start("--grace=1h", *more)
        if more:
            # The first failure may come before the others have begun.
            server.wait(lambda: "/status/404" in server.targets and
                        server.outstanding == sum(
                            target.startswith("/gate/")
                            for target in server.targets), "the failure")
        else:
            server.wait(lambda: server.outstanding >= 3, "requests")
            program.kill(signal.SIGTERM)
        program.settled()
        server.open("x")
        equal(program.wait().status, 4 if more else -signal.SIGTERM)
        server.open("x")
        result = run.run("--resume")
        equal(result.status, 1, repr(result))
        seqs = [r["seq"] for r in records_of(contents(run.out))]
        if "-k" in options:
            equal(seqs, list(range(1, 23)))
        equal(sorted(seqs), list(range(1, 23)))


def copy_all(run):
    """All files of a run are others now, with the same in them."""
    subprocess.run(["cp", "-a", run.folder, run.folder + ".copy"], check=True)
    shutil.rmtree(run.folder)
    os.rename(run.folder + ".copy", run.folder)


def knows_failed(run):
    """Whether the journal has an item whose line is in the file of --failed: a
    copy of that is known by it."""
    if not os.path.exists(run.journal):
        return False
    lines = contents(run.journal).split(b"\n")[:-1]
    return any(line.startswith(b"d ") and line.split(b" ")[4] != b"0"
               for line in lines)


@test("99 the files were copied or moved between two runs")
def _():
    def move(run):
        elsewhere = temp_dir() + "/elsewhere"
        shutil.move(run.folder, elsewhere)
        run.folder = elsewhere
        run.out, run.failed, run.journal = (
            elsewhere + "/" + name for name in ("out", "failed", "journal"))

    for change in copy_all, move:
        for options, more in ([], {}), (["-k", "-a", "--sync"], {}), (
                ["-f", "body"], {}), ([], {"appends": True}):
            run = Run(60, options, **more)
            put(run.out, "")
            program = run.start("--failed", run.failed, "-j2")
            until(lambda: knows_failed(run), "an item that failed")
            program.kill(signal.SIGKILL)
            program.wait()
            for _ in range(3):
                change(run)
                result = run.run("--resume", "--failed", run.failed)
                equal(result.status, 1, repr(result))
            run.check_same(run.whole())


@test("99 files copied after a kill before each call that changes one")
def _():
    run, refused = Run(0, ["-j1"]), set()
    put(run.input, "1\n106\n2\n")
    whole, nth = run.whole(), 1
    while True:
        for path in run.out, run.failed, run.journal:
            if os.path.exists(path):
                os.remove(path)
        if not killed_before(run, nth, "--resume"):
            break
        copy_all(run)
        result = run.run("--resume", "--failed", run.failed)
        while result.status == 3:
            # What the journal knows nothing of may be anybody's.
            name = re.search(r"(\w+) is not the file that the first run wrote "
                             r"to \(empty it if it may be overwritten\)",
                             result.text)
            check(name, "%d: %r" % (nth, result))
            refused.add(name[1])
            put(os.path.join(run.folder, name[1]), "")
            result = run.run("--resume", "--failed", run.failed)
        equal(result.status, 1, "%d: %r" % (nth, result))
        run.check_same(whole)
        nth += 1
    # Of `failed` it knows as soon as it knows of anything: whether its first
    # line comes before that depends on what is written together.
    check("out" in refused and refused <= {"out", "failed"}, refused)


@test("99 files copied after a stop that left nothing but lines not done")
def _():
    for options, header in ([], ""), (["--input-format", "csv",
                                       "--shard=2/2"], "id\n"):
        server = faults()
        server.on("/p/", lambda conn, request: conn.server.hold("x") and
                  conn.answer(b"{}"))
        run = Run(0, [*options, "-j1", "--grace=0"],
                  server.url + "/p/" + ("{id}" if header else "{}"))
        put(run.input, header + "".join("%d\n" % n for n in range(9)))
        files = "--failed", run.failed, "--unknown", run.unknown
        program = run.start(*files)
        server.wait(lambda: server.requests == 1, "the first request")
        program.kill(signal.SIGTERM)
        equal(program.wait().status, -signal.SIGTERM)
        left = contents(run.failed)
        check(left.count(b"\n") >= 4, "the lines of what was not done")
        copy_all(run)
        server.open("x")

        # Another file of that name is not taken for one.
        put(run.failed, left[::-1])
        result = run.run("--resume", *files)
        equal(result.status, 3)
        matches(r"failed is not the file that the first run wrote to "
                r"\(empty it if it may be overwritten\)", result.text)
        equal(contents(run.failed), left[::-1])
        put(run.failed, left)
        equal(run.run("--resume", *files).status, 0)
        equal(contents(run.failed), b"")
        run.check_same(run.whole())


@test("99 the same after a stop because the output was lost")
def _():
    server = faults()
    server.on("/p/", lambda conn, request: conn.server.hold("x") and
              conn.answer(b"1", b"application/json"))
    run = Run(0, ["-j1", "--grace=0"], server.url + "/p/{}")
    put(run.input, "1\n2\n3\n")
    args = ["--journal", run.journal, "-i", run.input, *run.options,
            "--failed", run.failed, run.template]
    program = Program(args, read=False)
    server.wait(lambda: server.requests == 1, "the first request")
    program.drop()
    program.wait()
    program.end()
    equal(sorted(lines_of(run.failed)), ["1", "2", "3"])
    server.open("x")
    copy_all(run)
    result = fetchpool(["--resume", *args])
    equal((result.status, len(result.records)), (0, 3), repr(result))
    equal(contents(run.failed), b"")


@test("99 the journal says a device that is not there any more")
def _():
    run = Run(20)
    run.run("--failed", run.failed)
    before = contents(run.journal)
    fields = before.split(b"\n")[1].split()
    equal((fields[0], int(fields[1])), (b"output", os.stat(run.out).st_dev))
    # The number of a device is no promise; what is in the file is.
    crc, lines = 0, []
    for line in before.splitlines():
        words = line.split(b" ")[:-1]
        if words[0] in (b"output", b"failed"):
            words[1:3] = b"4711", b"%016x" % 17
        text = b" ".join(words) + b" "
        crc = crc32c(crc, text)
        lines.append(text + b"%08x\n" % crc)
    put(run.journal, b"".join(lines))
    equal(run.run("--resume", "--failed", run.failed).status, 1)
    run.check_same(run.whole())


def crc32c(crc, data):
    crc ^= 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


@test("100 a file system without locks is not called not a regular file")
def _():
    run = Run(3)
    result = run.run(env=TRACED, wrapper=strace(
        "-o", "/dev/null", "-e", "trace=flock", "-e",
        "inject=flock:error=EOPNOTSUPP"))
    equal(result.status, 3, repr(result))
    matches("journal: cannot be locked", result.text)


@test("99 bodies that go to files")
def _():
    for sync in [], ["--sync"]:
        run = Run(20, ["--overwrite", *sync])
        run.options[:2] = ["--fields", "seq,input,status,file", "-D",
                           run.folder + "/bodies"]
        whole = run.whole()
        result = run.run("--failed", run.failed)
        equal(result.status, 1, repr(result))
        run.check_same(whole)
        put(run.input, items(25))
        equal(run.run("--resume", "--failed", run.failed).status, 1)
        run.check_same(run.whole())


@test("99 bodies on a disk that fails are not done")
def _():
    run = Run(5, ["--sync", "--overwrite", "-D", temp_dir() + "/bodies"])
    result = run.run(env=TRACED, wrapper=strace(
        "-o", "/dev/null", "-e", "trace=syncfs", "-e",
        "inject=syncfs:error=EIO"))
    equal(result.status, 3, repr(result))
    matches("cannot sync .*bodies: Input/output error", result.text)
    equal(n_done(run), 0)
    equal(run.run("--resume").status, 0)


@test("99 standard output appended to a file goes on there")
def _():
    run = Run(40, appends=True, pipes=True)
    put(run.out, b"not of this run\n")
    equal(run.run().status, 1)
    before = contents(run.out)
    put(run.out, b'{"seq":99,', "ab")
    put(run.input, items(50))
    equal(run.run("--resume").status, 1)
    check(contents(run.out).startswith(before), "what was there is not")
    equal_lines(contents(run.out), b"not of this run\n" + run.whole()[0], "it")


# ---- stops ----

@test("96 TERM writes the journal: each item is asked for once")
def _():
    for number in signal.SIGTERM, signal.SIGINT:
        for sync in [], ["--sync"]:
            server = faults()
            run = Run(30, ["-j3", *sync],
                      template=server.url + "/gate/{}")
            put(run.input, "".join("%d\n" % i for i in range(30)))
            for name in range(10):
                server.open(str(name))
            program = run.start("--failed", run.failed)
            server.wait(lambda: server.requests == 13, "three that are held")
            program.kill(number)
            program.settled()
            for name in range(30):
                server.open(str(name))
            equal(program.wait().status, -number)
            equal(n_done(run), 13)
            equal(lines_of(run.failed), [str(i) for i in range(13, 30)])
            equal(run.run("--resume", "--failed", run.failed).status, 0)
            equal(server.requests, 30)
            equal(len(lines_of(run.out)), 30)
            equal(contents(run.failed), b"")


@test("99 --failed holds each line that failed once, behind any stop")
def _():
    server = faults()
    server.on("/x/", lambda conn, request: conn.answer(
        b"", status=200 if int(request.path[3:]) % 2 else 404))
    server.on("/x/9", lambda conn, request: (
        conn.server.hold("x"), conn.answer(b"")))
    run = Run(0, ["-j2"], template=server.url + "/x/{}")
    put(run.input, "".join("%d\n" % i for i in range(20)))
    program = run.start("--failed", run.failed)
    until(lambda: run_has(run, 19), "all but one item in the journal")
    program.kill(signal.SIGKILL)
    program.wait()
    put(run.failed, b"not in the journal\n", "ab")
    server.open("x")
    equal(run.run("--resume", "--failed", run.failed).status, 1)
    equal(sorted(map(int, lines_of(run.failed))), list(range(0, 20, 2)))


def run_has(run, n):
    return os.path.exists(run.journal) and n_done(run) >= n


@test("91 a full disk: the next run goes on")
def _():
    import resource
    for limit in 1, 900, 4096, 9999:
        for appends in False, True:
            run = Run(60, ["-j3"], appends=appends)
            result = run.run(
                "--failed", run.failed,
                limits=[(resource.RLIMIT_FSIZE, (limit, limit))],
                before=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
            equal(result.status, 3, repr(result))
            if os.path.exists(run.out):
                Result(0, contents(run.out), b"").records
            result = run.run("--resume", "--failed", run.failed)
            equal(result.status, 1, "limit %d: %r" % (limit, result))
            run.check_same(run.whole())


# ---- --retry-failed ----

def flaky(server):
    """Odd items are there; of even ones, those that `server.there` has."""
    server.there = set()
    server.on("/f/", lambda conn, request: conn.answer(
        b"", status=200 if int(request.path[3:]) % 2 or
        int(request.path[3:]) in server.there else 503))
    run = Run(0, template=server.url + "/f/{}")
    put(run.input, "".join("%d\n" % i for i in range(20)))
    return run


@test("99 --retry-failed fetches what failed, and that alone")
def _():
    server = faults()
    for pipes in False, True:
        run = flaky(server)
        run.pipes = pipes
        failed = "--failed", run.failed
        equal(run.run(*failed).status, 1)
        before = server.requests
        equal(run.run("--resume", *failed).status, 1)
        equal(server.requests, before)
        server.there = {4, 8}
        equal(run.run("--retry-failed", *failed).status, 1)
        equal(server.requests, before + 10)
        equal(sorted(map(int, lines_of(run.failed))),
              [0, 2, 6, 10, 12, 14, 16, 18])
        server.there = set(range(20))
        equal(run.run("--retry-failed", *failed).status, 0)
        equal(server.requests, before + 18)
        equal(contents(run.failed), b"")
        records = records_of(contents(run.out))
        equal(sorted((r["seq"], r["input"]) for r in records),
              [(i + 1, str(i))for i in range(20)])
        equal(run.run("--retry-failed", *failed).status, 0)
        equal(server.requests, before + 18)


@test("99 --retry-failed that is killed is gone on with by --resume")
def _():
    server = faults()
    run = flaky(server)
    run.options.append("-j2")
    failed = "--failed", run.failed
    run.run(*failed)
    server.there = set(range(12))
    server.on("/f/12", lambda conn, request: (
        conn.server.hold("x"), conn.answer(b"", status=503)))
    n = n_done(run)
    program = run.start("--retry-failed", *failed)
    until(lambda: n_done(run) == n + 9, "all but one to be done again")
    program.kill(signal.SIGKILL)
    program.wait()
    server.open("x")
    equal(run.run("--resume", *failed).status, 1)
    equal(sorted(map(int, lines_of(run.failed))), [12, 14, 16, 18])
    equal(sorted(r["seq"] for r in records_of(contents(run.out))),
          [i + 1 for i in range(20) if i % 2 or i < 12])


def kinds_server():
    """Items 0 mod 4 fail with status 503, 1 mod 4 by a body that ends early,
    those of server.there excepted; all others are there."""
    server = faults()
    server.there = set()

    def answer(conn, request):
        n = int(request.path[3:])
        if n in server.there or n % 4 > 1:
            conn.answer(b"there")
        elif n % 4 == 0:
            conn.answer(b"", status=503)
        else:
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
            conn.close()

    server.on("/f/", answer)
    return server


def kinds_run(server, n=20, **kwargs):
    run = Run(0, ["--retry", "0"], template=server.url + "/f/{}", **kwargs)
    put(run.input, "".join("%d\n" % i for i in range(n)))
    return run


def mod4(*rests, n=20):
    return [i for i in range(n) if i % 4 in rests]


@test("99 --retry-failed=KINDS fetches failures of these kinds alone")
def _():
    for pipes in False, True:
        server = kinds_server()
        run = kinds_run(server, pipes=pipes)
        failed = "--failed", run.failed
        equal(run.run(*failed).status, 1)
        server.log.clear()
        server.there = set(range(12))
        equal(run.run("--retry-failed=http", *failed).status, 1)
        equal(sorted(int(t[3:]) for t in server.targets), mod4(0))
        equal(sorted(map(int, lines_of(run.failed))),
              sorted([12, 16] + mod4(1)))

        # What was left out is failed still, and is known by its line.
        server.log.clear()
        equal(run.run("--resume", *failed).status, 1)
        equal(server.targets, [])
        equal(run.run("--retry-failed=dns,timeout", *failed).status, 1)
        equal(server.targets, [])
        equal(run.run("--retry-failed=incomplete,http", *failed).status, 1)
        equal(sorted(map(int, lines_of(run.failed))), [12, 13, 16, 17])
        server.there = set(range(20))
        equal(run.run("--retry-failed", *failed).status, 0)
        equal(contents(run.failed), b"")
        equal(sorted((r["seq"], r["input"]) for r in records_of(
            contents(run.out))), [(i + 1, str(i)) for i in range(20)])


@test("99 --retry-failed=KINDS: killed before each call that changes a file")
def _():
    server = kinds_server()
    run = kinds_run(server, 8)
    run.options += ["-j1", "--sync"]
    failed = "--failed", run.failed
    run.run(*failed)
    begun = {path: contents(path)
             for path in (run.out, run.failed, run.journal)}
    server.there = {0}
    nth = 0
    while True:
        nth += 1
        for path, data in begun.items():
            put(path, data, "r+b", True)
        if not killed_before(run, nth, "--retry-failed=http"):
            break
        result = run.run("--resume", *failed)
        check(result.status in (0, 1), "%d: %r" % (nth, result))
        again = {"0"} if b'"input":"0"' not in contents(run.out) else set()
        equal(sorted(lines_of(run.failed)), sorted({"1", "4", "5"} | again),
              "killed before call %d" % nth)
    check(nth > 4, "%d calls" % nth)
    equal(sorted(lines_of(run.failed)), ["1", "4", "5"])


@test("99 --retry-failed=KINDS, made anew in between: sums are by kind")
def _():
    n = 70000
    run = Run(0, ["-q", "--max-line", "2", "--id-range", "1-9"],
              template=faults().url + "/ok?{}", pipes=True)
    lines = [b"ab\n", b"1\n"] + [b"cd\n"] * n
    put(run.input, b"".join(lines))
    failed = "--failed", run.failed
    equal(run.run(*failed, timeout=60).status, 1)
    equal(run.run("--retry-failed=http", *failed, timeout=60).status, 1)
    equal(contents(run.failed), b"".join([lines[0], *lines[2:]]))
    put(run.input, b"".join([b"ef\n", *lines[1:]]))
    equal(run.run("--retry-failed=http", *failed, timeout=60).status, 3)
    put(run.input, b"".join(lines))
    result = run.run("--retry-failed=input", *failed, timeout=60)
    matches("%d of %d items failed: %d input" % ((n + 1,) * 3), result.text)


# ---- outcomes that are unknown ----

def lost_posts(*options):
    """A POST of an odd number gets no answer; of 2 mod 4, status 500."""
    server = faults()

    def answer(conn, request):
        n = int(request.path[3:])
        if n % 2:
            conn.close()
        conn.answer(b"", status=500 if n % 4 else 200)

    server.on("/p/", answer)
    run = Run(0, ["-X", "POST", "--retry", "0", *options],
              template=server.url + "/p/{}")
    put(run.input, "".join("%d\n" % i for i in range(8)))
    return server, run


@test("--unknown has the lines whose outcome is unknown, and --failed has not")
def _():
    server, run = lost_posts()
    args = ["-i", run.input, *run.options, run.template]
    failed, unknown = ["--failed", run.failed], ["--unknown", run.unknown]
    equal(fetchpool([*failed, *unknown, *args]).status, 1)
    equal(sorted(lines_of(run.failed)), ["2", "6"])
    equal(sorted(lines_of(run.unknown)), ["1", "3", "5", "7"])

    # Without such a file it is said that they are nowhere.
    result = fetchpool([*failed, *args])
    equal(sorted(lines_of(run.failed)), ["2", "6"])
    matches("not written to .*failed: 4 lines whose outcome is unknown",
            result.text)
    equal(fetchpool([*unknown, *args]).status, 1)
    equal(sorted(lines_of(run.unknown)), ["1", "3", "5", "7"])

    # On request, both are in one.
    result = fetchpool([*failed, "--failed-unknown", *args])
    equal(sorted(lines_of(run.failed)), ["1", "2", "3", "5", "6", "7"])
    check("unknown" not in result.text, result.text)

    # What may be sent twice has no such outcome.
    equal(fetchpool([*failed, *unknown, "--idempotent", *args]).status, 1)
    equal(sorted(lines_of(run.failed)), ["1", "2", "3", "5", "6", "7"])
    equal(contents(run.unknown), b"")


@test("--unknown goes on with its journal, and is compared as --failed is")
def _():
    server, run = lost_posts()
    files = "--failed", run.failed, "--unknown", run.unknown
    equal(run.run(*files).status, 1)
    server.log.clear()
    equal(run.run("--retry-failed", *files).status, 1)
    equal(sorted(server.targets), ["/p/2", "/p/6"])
    equal(sorted(lines_of(run.failed)), ["2", "6"])
    equal(sorted(lines_of(run.unknown)), ["1", "3", "5", "7"])
    server.log.clear()
    equal(run.run("--retry-failed=unknown", *files).status, 1)
    equal(sorted(server.targets), ["/p/1", "/p/3", "/p/5", "/p/7"])
    equal(sorted(lines_of(run.unknown)), ["1", "3", "5", "7"])

    # Lines that a stop left there are taken out; a change is refused.
    put(run.unknown, "9\n", "ab")
    equal(run.run("--resume", *files).status, 1)
    equal(sorted(lines_of(run.unknown)), ["1", "3", "5", "7"])
    put(run.unknown, "8", "r+b")
    result = run.run("--resume", *files)
    equal(result.status, 3)
    matches("not resumed: .*unknown was modified", result.text)
    matches("--unknown is not the file that the first run wrote to",
            run.run("--resume", "--failed", run.failed).text)


@test("--unknown goes on without --failed, with any separator and header line")
def _():
    for options, head, end in (["-0"], "", "\0"), ([], "", "\n"), (
            ["--input-format", "csv"], "id,x\n", "\n"):
        server, run = lost_posts(*options)
        run.template = run.template.replace("{}", "{id}") if head \
            else run.template
        put(run.input, head + "".join(
            "%d%s%s" % (n, ",y" if head else "", end) for n in range(8)))
        files = "--unknown", run.unknown
        equal(run.run(*files).status, 1)
        before = contents(run.unknown)
        equal(before.count(as_bytes(end)), 5 if head else 4)
        for how in "--resume", "--retry-failed", "--resume":
            result = run.run(how, *files)
            equal(result.status, 1, repr(result))
            equal(sorted(contents(run.unknown)), sorted(before))


@test("--unknown: a POST that a stop cut off is there, not in --failed")
def _():
    server = faults()
    server.on("/p/", lambda conn, request: conn.server.hold("x"))
    for journal in False, True:
        run = Run(0, ["-X", "POST", "-j1", "--grace", "1ms"],
                  template=server.url + "/p/{}")
        put(run.input, "0\n1\n2\n")
        args = ["-i", run.input, *run.options, "--failed", run.failed,
                "--unknown", run.unknown, run.template]
        if journal:
            args = ["--journal", run.journal, "-o", run.out, *args]
        server.log.clear()
        program = Program(args)
        server.wait(lambda: server.requests == 1, "the first POST")
        program.kill(signal.SIGTERM)
        program.wait()
        program.end()
        equal(lines_of(run.unknown), ["0"])
        equal(lines_of(run.failed), ["1", "2"])


def sent_to(server, path):
    return sorted(request.path[len(path):] for request in server.log
                  if request.path.startswith(path))


@test("--unknown: a POST whose answer could not be written is there")
def _():
    server = faults()
    for nth, options in enumerate(([], ["-k"], ["--next", "page=+1"])):
        # What a run has sent may be read when the next one has begun.
        path = "/p%d/" % nth
        for each in path, "/again/":
            server.on(each, lambda conn, request: conn.answer(
                b"{}", b"application/json"))
        run = Run(0, ["-X", "POST", "-j2", *options],
                  template=server.url + path + "{}" + (
                      "{?page}" if "--next" in options else ""))
        put(run.input, "".join("%d\n" % n for n in range(40)))
        result = fetchpool(["-i", run.input, *run.options, "-o", "/dev/full",
                            "--failed", run.failed, "--unknown", run.unknown,
                            run.template])
        equal(result.status, 3, repr(result))
        unknown = sorted(lines_of(run.unknown))
        server.wait(lambda: len(sent_to(server, path)) >= len(unknown),
                    "all that was sent")
        equal(unknown, sent_to(server, path))
        equal(sorted(unknown + lines_of(run.failed), key=int),
              [str(n) for n in range(40)])

        # One that may be sent twice is among the others.
        result = fetchpool(["-i", run.input, *run.options, "-o", "/dev/full",
                            "--idempotent", "--failed", run.failed,
                            run.template.replace(path, "/again/")])
        equal(sorted(lines_of(run.failed), key=int),
              [str(n) for n in range(40)])


@test("--unknown: a POST whose body found no folder is there")
def _():
    server = faults()
    server.on("/p/", lambda conn, request: conn.server.hold("x") and
              conn.answer(b"{}"))
    run = Run(0, ["-X", "POST", "-j1"], template=server.url + "/p/{}")
    put(run.input, "0\n1\n2\n")
    run.options[1] = "seq,file"
    bodies = run.folder + "/bodies"
    program = Program(["-i", run.input, *run.options, "--failed", run.failed,
                       "--unknown", run.unknown, "-D", bodies, run.template])
    server.wait(lambda: server.requests == 1, "the first POST")
    os.rename(bodies, bodies + ".old")
    server.open("x")
    equal(program.wait().status, 3)
    program.end()
    equal(lines_of(run.unknown), ["0"])
    equal(lines_of(run.failed), ["1", "2"])


# ---- where the promise ends ----

@test("99 on a pipe: one note, and seq tells what comes twice")
def _():
    run = Run(0, template=faults().url + "/ok?{}")
    put(run.input, b"1\n2\n3\n")
    args = ["--journal", run.journal, "-i", run.input, *run.options,
            run.template]
    result = fetchpool(args)
    equal(result.status, 0)
    matches(r"^fetchpool: --journal: standard output is not a regular file: "
            r".* twice, with the same seq\n$", result.text)
    put(run.input, b"1\n2\n3\n4\n")
    result = fetchpool(["--resume", *args])
    equal([r["seq"] for r in result.records], [4])


# ---- a long run ----

@test("99 the journal of many items stays short, and they are not held")
def _():
    n = 150000
    run = Run(0, ["-q", "--max-line", "1"], template="http://h/{}",
              pipes=True)
    put(run.input, b"ab\n" * n)
    result = run.run(timeout=60)
    equal(result.status, 1)
    check(os.path.getsize(run.journal) < 65536 * 70,
          "%d bytes" % os.path.getsize(run.journal))
    check(n_done(run) < 65536, "%d items" % n_done(run))
    put(run.input, b"ab\n" * (n + 5))
    result = run.run("--resume", timeout=60)
    matches("^fetchpool: %d items failed in earlier" % n, result.text)
    matches("5 of 5 items failed", result.text)

    # Lines of which there is only a sum any more.
    put(run.input, b"ab\n" * 70000 + b"cd\n" + b"ab\n" * (n - 69996))
    result = run.run("--resume", timeout=60)
    equal(result.status, 3)
    matches("items 65536 to 131071 of the journal do not match standard input "
            "up to line 131071", result.text)


if __name__ == "__main__":
    main()
