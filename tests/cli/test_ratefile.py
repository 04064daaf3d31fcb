#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--rate-file: one rate for all processes that name it, and for later ones."""
import os
import signal
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from arrivals import Arrivals, numbers
from harness import Program, fetchpool, tool
from ratetest import (MS, S, asked_to_connect, obeys,
                      one_rate_killed_at_any_moment)
from tap import (check, contents, equal, main, matches, skip, temp_dir,
                 temp_file, test, until)


def path_for(name="rates"):
    return os.path.join(temp_dir(), name)


@test("four processes, one of which is killed: together no more than allowed")
def _():
    with Arrivals() as server:
        args = ["-j", "64", "-r", "50/s", "--rate-file", path_for()]
        programs = [Program([*args, server.url + "/%d/{}" % i],
                            stdin=numbers(32)) for i in range(4)]
        until(lambda: server.n_requests >= 30, "30 requests")
        programs[0].kill(signal.SIGKILL)
        programs[0].wait()
        for program in programs[1:]:
            result = program.wait()
            equal((result.status, len(result.records)), (0, 32), repr(result))
        obeys(server, [(50, S)], "four processes")


@test("attempts, hops and what libcurl sends again; several rates; evenly")
def _():
    runs = []
    for options, rates in (
            (["-r", "20/100ms,60/s"], [(20, 100 * MS), (60, S)]),
            (["-r", "40/200ms", "--share=4", "-k"], [(10, 200 * MS)]),
            (["-r", "10/200ms", "--pace"], [(10, 200 * MS)])):
        server = Arrivals().start()
        args = ["-j", "64", "-q", "--retry=30", "--retry-delay=1ms",
                "--retry-max-delay=2ms", "--rate-file", path_for(), *options,
                server.url + "/busy7/drop5/hop1/{}"]
        runs.append((options, rates, server, [
            Program(args, stdin=numbers(10)) for _ in range(3)]))
    for options, rates, server, programs in runs:
        for program in programs:
            result = program.wait()
            equal((result.status, len(result.records)), (0, 10), repr(result))
        check(server.n_requests > 60, "nothing was repeated")
        obeys(server, rates, " ".join(options))


@test("killed at any moment, again and again")
def _():
    one_rate_killed_at_any_moment(["--rate-file", path_for()], 14)


def start_some(server, args, n, total):
    """Has as many start as may; then ends it."""
    program = Program([*args, server.url + "/{}"], stdin=numbers(n))
    until(lambda: server.n_requests >= total, "%d requests" % total)
    return program


@test("later runs count on, after kill -9 too")
def _():
    with Arrivals() as server:
        args = ["-j", "4", "-r", "10/h", "--rate-file", path_for()]
        result = fetchpool([*args, server.url + "/{}"], input=numbers(3))
        equal((result.status, len(result.records)), (0, 3), repr(result))
        killed = start_some(server, [*args, "--delay=1ms"], 2, 5)
        killed.has_lines(2)
        killed.kill(signal.SIGKILL)
        killed.wait()
        last = start_some(server, args, 30, 10)
        last.has_lines(5)
        last.settled()
        last.kill(signal.SIGINT)
        equal(last.wait().status, -signal.SIGINT)
        last = Program([*args, server.url + "/{}"], stdin=numbers(3))
        last.caught(signal.SIGINT)
        last.settled()
        last.kill(signal.SIGINT)
        result = last.wait()
        equal((result.status, result.out), (-signal.SIGINT, b""))
        equal(server.n_requests, 10, "requests within the hour")


@test("what a process holds and does not send, others get")
def _():
    with Arrivals() as server:
        path = path_for()
        args = ["-r", "2/h", "--rate-file", path]
        # Nobody listens there: two connects fail, and are no starts.
        result = fetchpool([*args, "http://127.0.0.1:9/{}"], input=numbers(5))
        equal((result.status, len(result.errors)), (1, 5), repr(result))
        result = fetchpool([*args, server.url + "/{}"], input=numbers(2))
        equal((result.status, len(result.records)), (0, 2), repr(result))


@test("what a process that is killed or stopped held unsent, others get")
def _():
    for how, last in ((signal.SIGKILL, signal.SIGKILL),
                      (signal.SIGSTOP, signal.SIGINT)):
        with Arrivals() as server, socket.create_server(
                ("127.0.0.1", 0)) as listener:
            args = ["-r", "5/h", "--rate-file", path_for()]
            program = Program([*args, "--setopt", "HTTPPROXYTUNNEL=1", "-x",
                               "127.0.0.1:%d" % listener.getsockname()[1],
                               "http://a.x/{}"], stdin=numbers(9))
            connections = asked_to_connect(listener, 5)
            program.kill(how)
            result = fetchpool([*args, server.url + "/{}"], input=numbers(5))
            equal((result.status, len(result.records)), (0, 5), repr(result))
            # Now its connections are there, and its starts are not.
            for connection in connections:
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            program.kill(signal.SIGCONT)
            for connection in connections:
                equal(connection.recv(4096), b"", "was sent")
                connection.close()
            if how == signal.SIGSTOP:
                program.kill(signal.SIGINT)
            equal(program.wait().status, -last)


# ---- refused ----

def refused(path, rate="5/h", *options, status=3):
    """Nothing is fetched. Gives what is said."""
    with Arrivals() as server:
        result = fetchpool(["-r", rate, "--rate-file", path, *options,
                            server.url + "/{}"], input=numbers(3))
        equal((result.status, result.out), (status, b""), repr(result))
        equal(server.n_requests, 0, "requests")
        check("rate file " + path[:70] in result.text, result.text)
        return result.text


def made(rate="5/h"):
    path = path_for()
    with Arrivals() as server:
        result = fetchpool(["-r", rate, "--rate-file", path, server.url +
                            "/{}"], input=numbers(1))
        equal(result.status, 0, repr(result))
    return path


@test("a file for other rates is refused, and left as it is")
def _():
    path = made("5/h")
    data = contents(path)
    for rate, *options in (("6/h",), ("5/m",), ("5/h,9/d",),
                           ("5/h", "--share=2"), ("10/h",)):
        matches("5/h", refused(path, rate, *options), "what is said")
        equal(contents(path) == data, True, "the file is the same")
    check(os.stat(path).st_mode & 0o777 == 0o600, "it is for its owner alone")


@test("a damaged file is refused, and left as it is")
def _():
    good = contents(made())
    size = len(good)
    damaged = [b"", b"x", b"\0" * size, good[:-1], good + b"x", good[:4096],
               b"{}\n" * 2000, os.urandom(size)]
    for at in (0, 8, 40, 257, 4097):
        damaged.append(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
    for data in damaged:
        path = temp_file(data)
        refused(path)
        equal(contents(path) == data, True, "the file is the same")


@test("places where none can be")
def _():
    loop = path_for("loop")
    os.symlink(loop, loop)
    fifo = path_for("fifo")
    os.mkfifo(fifo)
    for path in (temp_dir(), path_for("no/such/folder"), "/proc/rates",
                 "/dev/full", "/dev/null", temp_file() + "/rates", loop, fifo,
                 "/" + "x" * 300):
        refused(path)


@test("a wrong rate, or none, is wrong usage, and makes no file")
def _():
    path = path_for()
    for options in (["-r", "5"], [], ["--host-rate=5/s"],
                    ["-r", "1000001/s"]):
        result = fetchpool([*options, "--rate-file", path, "http://x/{}"],
                           input="1\n")
        equal((result.status, result.out), (2, b""),
              "%r: %r" % (options, result))
        check("rate" in result.text, result.text)
        check(not os.path.exists(path), "a file was made")


@test("a clock of its own: a time namespace that is a day ahead")
def _():
    ahead = [tool("unshare"), "-T", "--boottime", "86400"]
    if subprocess.run([*ahead, "true"], capture_output=True).returncode:
        skip("no time namespaces here")
    with Arrivals() as server:
        path = path_for()
        args = ["-j", "16", "-r", "10/300ms", "--rate-file", path, server.url +
                "/{}"]
        programs = [Program(args, stdin=numbers(30), wrapper=wrapper)
                    for wrapper in (ahead, [], ahead, [])]
        for program in programs:
            result = program.wait()
            equal((result.status, len(result.records)), (0, 30), repr(result))
        obeys(server, [(10, 300 * MS)], "in two namespaces")


@test("a file that goes away under a run: nothing starts any more")
def _():
    with Arrivals() as server:
        path = path_for()
        program = Program(["-j", "4", "-r", "5/150ms", "--rate-file", path,
                           server.url + "/{}"], stdin=numbers(100))
        until(lambda: server.n_requests >= 10, "10 requests")
        os.unlink(path)
        result = program.wait()
        equal((result.status, len(result.errors)), (3, 0), repr(result))
        matches("rate file was removed", result.text, "what is said")
        matches(r"%d done, 0 failed, %d not done" % (
            len(result.records), 100 - len(result.records)), result.text)
        check(server.n_requests < 100, "it went on")
        check(not os.path.exists(path), "it was made anew")


if __name__ == "__main__":
    main()
