#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Signals, and what is left for the next run: sections 9 and 12 of the
contract, 93 and 96 of the fault catalogue."""
import os
import random
import select
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program, fetchpool, writes_are_interrupted
from servers import api, faults
from tap import (check, contents, equal, main, matches, temp_dir, temp_file,
                 test, until)

INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


def numbers(n):
    return "".join("%d\n" % i for i in range(1, n + 1))


def in_flight(n, lines, *args, **more):
    """A run whose first n items are on the wire and held there."""
    server = faults()
    more.setdefault("stdin", lines)
    program = Program(["-j%d" % n, *args, server.url + "/gate/x?{}"], **more)
    server.wait(lambda: server.outstanding == n, "%d requests" % n)
    return server, program


@test("96 once: what is in flight finishes, nothing new starts")
def _():
    for number in INT, TERM, HUP:
        failed = temp_file()
        server, program = in_flight(2, numbers(10), "--failed", failed)
        program.kill(number)
        program.settled()
        check(program.ended() is None, "ended with items in flight")
        server.open("x")
        result = program.wait()
        equal(result.status, -number)
        equal(sorted(r["input"] for r in result.records), ["1", "2"])
        equal(server.requests, 2)
        equal(contents(failed).decode().split(),
              [str(n) for n in range(3, 11)])
        name = number.name
        lines = [line for line in result.text.splitlines() if name in line]
        equal(len(lines), 1, "lines that name the signal: " + result.text)
        matches(r"\b2 done, 0 failed", lines[0])


@test("96 once: an answer that is a failure counts as failed")
def _():
    failed = temp_file()
    server = faults()
    lines = [server.url + "/gate/x", server.url + "/gate/y",
             server.url + "/ok"]
    server.on("/gate/y", lambda conn, request: (
        server.hold("x"), conn.answer(b"", status=500)))
    program = Program(["-j2", "--failed", failed], stdin="\n".join(lines))
    server.wait(lambda: server.outstanding == 2, "both requests")
    program.kill(INT)
    program.settled()
    server.open("x")
    result = program.wait()
    equal(result.status, -INT)
    equal(len(result.records), 1)
    check(2 in result.errors, result.text)
    equal(sorted(contents(failed).decode().split()), sorted(lines[1:]))


@test("96 --grace: what does not finish in time is given up")
def _():
    failed = temp_file()
    server, program = in_flight(2, numbers(5), "--failed", failed,
                                "--grace", "300ms")
    began = time.monotonic()
    program.kill(TERM)
    result = program.wait()
    check(0.25 <= time.monotonic() - began < 8, "not at its time")
    equal((result.status, result.out), (-TERM, b""))
    equal(sorted(contents(failed).decode().split()), list("12345"))


@test("96 twice: at once")
def _():
    for first, second in (INT, INT), (TERM, INT), (HUP, TERM):
        failed = temp_file()
        server, program = in_flight(2, numbers(5), "--failed", failed,
                                    "--grace=1h")
        program.kill(first)
        program.settled()
        check(program.ended() is None, "ended with items in flight")
        began = time.monotonic()
        program.kill(second)
        result = program.wait()
        check(time.monotonic() - began < 5, "not at once")
        check(result.status in (-first, -second), result)
        equal(result.out, b"")
        equal(sorted(contents(failed).decode().split()), list("12345"))


@test("96 a second one while the rest is set aside lets that end")
def _():
    writes_are_interrupted()
    lines = numbers(20000)
    path = temp_file(lines)
    for _ in range(10):
        failed = os.path.join(temp_dir(), "fifo")
        os.mkfifo(failed)
        reader = os.open(failed, os.O_RDWR)
        server, program = in_flight(2, None, "-i", path, "--failed", failed)
        program.kill(TERM)
        program.settled()
        server.open("x")
        # All is over but for the lines that do not fit into the pipe.
        until(lambda: program.threads() == ["S"], "the last thread to wait")
        program.kill(TERM)
        began = time.monotonic()
        got = b""
        while got.count(b"\n") < 19998 and (
                program.ended() is None or select.select([reader], [], [],
                                                         0)[0]):
            if select.select([reader], [], [], 0.01)[0]:
                got += os.read(reader, 65536)
        took = time.monotonic() - began
        os.close(reader)
        equal(program.wait().status, -TERM)
        # It had a fifth of a second; so must we have had.
        if took < 0.15:
            # In whatever order: some were read, and some were not.
            equal(sorted(map(int, got.split())), list(range(3, 20001)))
            return


@test("96 and if nobody takes that, it ends all the same; at once by a third")
def _():
    writes_are_interrupted()
    path = temp_file(numbers(20000))
    for third in False, True:
        failed = os.path.join(temp_dir(), "fifo")
        os.mkfifo(failed)
        reader = os.open(failed, os.O_RDWR)
        server, program = in_flight(2, None, "-i", path, "--failed", failed)
        program.kill(TERM)
        program.settled()
        server.open("x")
        until(lambda: program.threads() == ["S"], "the last thread to wait")
        program.kill(HUP)
        if third:
            program.kill(INT)
        equal(program.wait(10).status in ((-HUP, -INT) if third else (-HUP,)),
              True)
        os.close(reader)


@test("96 --failed of a stopped run, with -0, is input for -0")
def _():
    failed = temp_file()
    server, program = in_flight(1, "a\0b c\0d\0", "-0", "--failed", failed)
    program.kill(INT)
    program.settled()
    server.open("x")
    equal(program.wait().status, -INT)
    equal(contents(failed), b"b c\0d\0")


@test("96 -a: items not done have records of kind stopped")
def _():
    server, program = in_flight(2, numbers(6), "-a", "-k")
    program.kill(INT)
    program.settled()
    server.open("x")
    result = program.wait()
    equal(result.status, -INT)
    equal([(r.get("error") or {}).get("kind") for r in result.records[:2]],
          [None, None])
    equal({r["error"]["kind"] for r in result.records[2:]}, {"stopped"})
    equal([r["seq"] for r in result.records],
          list(range(1, len(result.records) + 1)))


@test("96 while standard input is open and idle")
def _():
    server = faults()
    for number in INT, TERM, HUP:
        program = Program([server.url + "/ok?{}"], stdin="pipe")
        program.write("1\n")
        program.has_lines(1)
        program.settled()
        program.kill(number)
        equal(program.wait(5).status, -number)


@test("96 while the consumer does not read: whole lines, no hang")
def _():
    server = faults()
    failed = temp_file()
    program = Program(["-j4", "--grace=300ms", "--failed", failed,
                       server.url + "/size/30000?{}"],
                      stdin=numbers(100), read=False)
    server.wait(lambda: server.requests >= 6, "some requests")
    program.settled()
    program.kill(TERM)
    program.settled()
    program.kill(TERM)
    # Once nobody would mind that the rest is lost, it has to end; if it
    # waits for the consumer, then only as long as there is one.
    program.read_now()
    result = program.wait()
    equal(result.status, -TERM)
    whole = result.out[:result.out.rfind(b"\n") + 1]
    done = [str(r["input"]) for r in type(result)(0, whole, b"").records]
    left = contents(failed).decode().split()
    check(not set(done) & set(left), "done, and yet in --failed")


@test("96 before anything was read, and after everything was written")
def _():
    for wait in False, True:
        program = Program([faults().url + "/ok?{}"], stdin="pipe")
        if wait:
            program.settled()
        program.kill(TERM)
        equal(program.wait(5).status, -TERM)


@test("96 signals that were ignored at the start stay ignored")
def _():
    for number in HUP, INT:
        server, program = in_flight(
            1, numbers(3), before=lambda: signal.signal(number,
                                                        signal.SIG_IGN))
        program.kill(number)
        program.kill(number)
        program.settled()
        check(program.ended() is None, "ended")
        server.open("x")
        result = program.wait()
        equal((result.status, len(result.records)), (0, 3))
        equal(result.err, b"")


@test("96 under nohup TERM still ends it")
def _():
    server, program = in_flight(1, numbers(3), before=lambda: signal.signal(
        HUP, signal.SIG_IGN))
    program.kill(HUP)
    program.kill(TERM)
    program.settled()
    server.open("x")
    equal(program.wait().status, -TERM)


def whole_input(number, seed, kind):
    """Kills a run at some moment; records and --failed are its input."""
    chance = random.Random(seed)
    lines = ["%d" % n for n in range(1, 3001)]
    data = ("\n".join(lines) + "\n").encode()
    failed = os.path.join(temp_dir(), "failed")
    args = ["-j8", "--failed", failed, api().posts]
    if kind == "file":
        program = Program(["-i", temp_file(data), *args])
    elif kind == "stdin":
        with open(temp_file(data), "rb") as file:
            program = Program(args, stdin=file)
    else:
        reader, writer = os.pipe()
        threading.Thread(target=lambda: (os.write(writer, data),
                                         os.close(writer))).start()
        program = Program(args, stdin=reader)
        os.close(reader)
    program.caught(number)
    at = chance.randrange(40)
    until(lambda: program.out.count(b"\n") >= at or
          program.ended() is not None, "%d records" % at)
    program.kill(number)
    result = program.wait()
    check(result.status in (-number, 1), result.status)
    done = [r["input"] for r in result.records]
    left = contents(failed).decode().split()
    equal(sorted(done + left, key=int), lines, "records and --failed")
    return result.status == -number


@test("96 records and --failed together are the input: a file")
def _():
    hits = [whole_input(chance, seed, kind) for seed, (chance, kind) in
            enumerate([(INT, "file"), (TERM, "file"), (HUP, "stdin"),
                       (INT, "stdin")] * 3)]
    check(any(hits), "no run was hit in its middle")


@test("96 records and --failed together are the input: a pipe")
def _():
    hits = [whole_input(number, 100 + seed, "pipe")
            for seed, number in enumerate([INT, TERM, HUP] * 3)]
    check(any(hits), "no run was hit in its middle")


@test("96 an endless pipe does not keep a stopped run alive")
def _():
    failed = temp_file()
    reader, writer = os.pipe()

    def endless():
        try:
            while True:
                os.write(writer, b"1\n" * 1000)
        except OSError:
            os.close(writer)

    threading.Thread(target=endless, daemon=True).start()
    with open(reader, "rb") as stdin:
        server, program = in_flight(2, stdin, "--failed", failed)
    program.settled()
    program.kill(INT)
    server.open("x")
    equal(program.wait(10).status, -INT)


@test("USR1: a line of progress, and on it goes")
def _():
    server, program = in_flight(2, numbers(7))
    program.kill(signal.SIGUSR1)
    until(lambda: program.err.endswith(b"\n"), "the line")
    server.open("x")
    result = program.wait()
    equal((result.status, len(result.records)), (0, 7))
    equal(result.text.count("\n"), 1)
    matches(r"^fetchpool: .*\b0\b", result.text)
    program = Program([server.url + "/ok?{}"], stdin="pipe")
    program.write("1\n")
    program.has_lines(1)
    for _ in range(3):
        program.kill(signal.SIGUSR1)
        program.settled()
    program.close_stdin()
    result = program.wait()
    equal(result.status, 0)
    matches(r"\b1\b", result.text)


@test("CHLD, WINCH, CONT and a stop in between do no harm")
def _():
    server, program = in_flight(2, numbers(7))
    for number in (signal.SIGCHLD, signal.SIGWINCH, signal.SIGSTOP,
                   signal.SIGCONT):
        program.kill(number)
    server.open("x")
    result = program.wait()
    equal((result.status, len(result.records), result.err), (0, 7, b""))


if __name__ == "__main__":
    main()
