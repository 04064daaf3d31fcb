#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where output goes, and what if it cannot: section H of the catalogue."""
import fcntl
import os
import resource
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import (TRACED, Program, Result, environment, fetchpool,
                     strace)
from servers import api, faults
from tap import (PROGRAM, check, contents, equal, main, matches, temp_dir,
                 temp_file, test, until)


def numbers(n):
    return "".join("%d\n" % i for i in range(1, n + 1))


def posts(n):
    """n items all of which exist."""
    return "".join("%d\n" % (i % 100 + 1) for i in range(n))


def ignore_pipe():
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


# ---- 91, 92: the output cannot be written ----

@test("91 a full device: said, exit 3, no new requests")
def _():
    server = faults()
    with open("/dev/full", "wb") as full:
        result = fetchpool(["-j2", server.url + "/ok?{}"],
                           input=numbers(5000), stdout=full)
    equal(result.status, 3)
    matches("No space left on device", result.text.splitlines()[0])
    check(result.text.count("\n") <= 2, result.text)
    check(server.requests < 1000, "%d requests" % server.requests)


@test("91 a full device with -o, and with one record only")
def _():
    result = fetchpool(["-o", "/dev/full", faults().url + "/ok?{}"],
                       input="1\n")
    equal(result.status, 3)
    matches("No space left on device", result.text)


@test("91 a disk that gets full: whole lines, exit 3")
def _():
    path = temp_file()
    result = fetchpool(
        ["-j2", "-o", path, api().posts], input=posts(3000), env=TRACED,
        wrapper=strace("-o", "/dev/null", "-P", path,
                       "-e", "trace=write,writev,pwrite64",
                       "-e", "inject=write,writev,pwrite64:"
                       "error=ENOSPC:when=5+"), timeout=40)
    equal(result.status, 3)
    matches("No space left on device", result.text)
    Result(0, contents(path), b"").records


@test("91 a write that ends in mid-line leaves no part of a line")
def _():
    server = faults()
    for limit in 1, 1000, 4096, 10000, 65536, 100001:
        path = temp_file()
        result = fetchpool(
            ["-j4", "-o", path, server.url + "/size/3000?{}"],
            input=numbers(200),
            limits=[(resource.RLIMIT_FSIZE, (limit, limit))],
            before=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
        equal(result.status, 3, repr(result))
        matches("too large", result.text)
        records = Result(0, contents(path), b"").records
        equal(len(records), len({r["seq"] for r in records}))


@test("91 the same for standard output that is a file")
def _():
    path = temp_file()
    with open(path, "wb") as file:
        result = fetchpool(
            ["-j4", faults().url + "/size/3000?{}"], input=numbers(200),
            stdout=file, limits=[(resource.RLIMIT_FSIZE, (20000, 20000))],
            before=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
    equal(result.status, 3)
    Result(0, contents(path), b"").records


@test("91 what --failed cannot take is a local error")
def _():
    result = fetchpool(["--failed", "/dev/full", api().posts],
                       input="101\n102\n1\n")
    equal(result.status, 3)
    matches("/dev/full.*No space left on device", result.text)


@test("91 standard error that cannot be written does no harm to records")
def _():
    with open("/dev/full", "wb") as full:
        result = fetchpool(["-k", api().posts], input="101\n1\n102\n2\n",
                           stderr=full)
    equal([r["input"] for r in result.records], ["1", "2"])
    check(result.status in (1, 3), result)


@test("92 standard output is closed: exit 3 before any request")
def _():
    server = faults()
    result = fetchpool([server.url + "/ok?{}"], input=numbers(5),
                       before=lambda: os.close(1))
    equal(result.status, 3)
    equal(server.connections, 0)
    equal(result.text.count("\n"), 1, "lines on standard error")


@test("92 with -o a closed standard output does no harm")
def _():
    path = temp_file()
    result = fetchpool(["-o", path, faults().url + "/ok?{}"],
                       input=numbers(5), before=lambda: os.close(1))
    equal(result.status, 0, repr(result))
    equal(len(Result(0, contents(path), b"").records), 5)


@test("92 standard error is closed: nothing of it goes elsewhere")
def _():
    path = temp_file()
    result = fetchpool(["-o", path, "-j2", api().posts],
                       input="1\n101\n2\n102\n", before=lambda: os.close(2))
    check(result.status in (1, 3), result)
    if result.status == 1:
        equal(len(Result(0, contents(path), b"").records), 2)


@test("92 all three are closed: no descriptor is mistaken for another")
def _():
    path, out = temp_file("1\n101\n"), temp_file()
    result = fetchpool(["-i", path, "-o", out, api().posts],
                       before=lambda: [os.close(n) for n in (0, 1, 2)])
    check(result.status in (1, 3), result)
    Result(0, contents(out), b"").records
    equal(contents(path), b"1\n101\n")


# ---- 93: the reader goes away ----

@test("93 the reader goes after one line: dies of SIGPIPE, silently")
def _():
    program = Program(["-j4", api().posts], stdin=posts(100000), read=False)
    check(os.read(program.proc.stdout.fileno(), 10), "no output")
    program.drop()
    result = program.wait()
    equal((result.status, result.err), (-signal.SIGPIPE, b""))


@test("93 the reader goes while no record is due")
def _():
    server = faults()
    for stdin in numbers(2), "pipe":
        program = Program([server.url + "/gate/x?{}"], stdin=stdin,
                          read=False)
        if stdin == "pipe":
            program.write("1\n")
        server.wait(lambda: server.outstanding, "a request")
        program.drop()
        result = program.wait(5)
        equal((result.status, result.err), (-signal.SIGPIPE, b""))


@test("93 the reader goes before the first line comes in")
def _():
    program = Program([faults().url + "/ok?{}"], stdin="pipe", read=False)
    program.drop()
    result = program.wait(5)
    equal((result.status, result.err), (-signal.SIGPIPE, b""))


@test("93 SIGPIPE ignored: write error, exit 3, stops at once")
def _():
    server = faults()
    program = Program(["-j2", server.url + "/size/1000?{}"],
                      stdin=numbers(100000), read=False, before=ignore_pipe,
                      restore_signals=False)
    check(os.read(program.proc.stdout.fileno(), 10), "no output")
    program.drop()
    result = program.wait(5)
    equal(result.status, 3)
    matches("write error: Broken pipe$", result.text.splitlines()[0])
    check(result.text.count("\n") <= 2, result.text)
    program = Program([server.url + "/gate/x?{}"], stdin="pipe", read=False,
                      before=ignore_pipe, restore_signals=False)
    program.write("1\n")
    server.wait(lambda: server.outstanding, "a request")
    program.drop()
    result = program.wait(5)
    equal(result.status, 3)
    matches("Broken pipe", result.text)


@test("93 a pipe of the shell: | head -n 1")
def _():
    script = "seq 1 100000 | \"$0\" -j4 \"$1\" 2>\"$2\" | head -n 1; " \
        "echo ${PIPESTATUS[1]}"
    errors = temp_file()
    done = subprocess.run(
        ["bash", "-c", script, PROGRAM, faults().url + "/ok?{}", errors],
        env=environment(), capture_output=True, timeout=30)
    lines = done.stdout.splitlines()
    equal(len(lines), 2)
    equal(lines[1], b"141")
    equal(contents(errors), b"")


@test("93 standard error without a reader: the records go on")
def _():
    for options in [], ["-a"], ["--error-format=json"], ["--summary"]:
        path = temp_file()
        reader, writer = os.pipe()
        program = Program(["-k", "-o", path, *options, api().posts],
                          stdin="101\n1\n102\n2\n", stderr=writer)
        os.close(reader)
        os.close(writer)
        equal(program.wait().status, 1, "status of %r" % options)
        records = Result(0, contents(path), b"").records
        equal([r["input"] for r in records if not r.get("error")], ["1", "2"])
    reader, writer = os.pipe()
    os.close(reader)
    equal(Program(["--nonsense"], stderr=writer).wait().status, 2)
    os.close(writer)


@test("93 --failed, --trace, --stats without a reader: a local error, said")
def _():
    for option in "--failed", "--trace", "--stats":
        path = os.path.join(temp_dir(), "fifo")
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        program = Program(["-k", option, path, api().posts], stdin="pipe")
        program.write("1\n")
        program.has_lines(1)
        os.close(reader)
        try:
            program.write("101\n")
        except BrokenPipeError:
            pass
        program.close_stdin()
        result = program.wait()
        equal(result.status, 3, repr(result))
        matches("%s: Broken pipe" % path, result.text)


@test("93 --help without a reader dies of SIGPIPE")
def _():
    for option in "--help", "--version":
        reader, writer = os.pipe()
        os.close(reader)
        result = Program([option], stdout=writer).wait()
        os.close(writer)
        equal((result.status, result.err), (-signal.SIGPIPE, b""))


# ---- 95: writes that do less than was asked ----

@test("95 standard output is a pipe that does not block")
def _():
    reader, writer = os.pipe()
    fcntl.fcntl(writer, 1031, 4096)  # F_SETPIPE_SZ
    os.set_blocking(writer, False)
    program = Program(["-j8", faults().url + "/size/10000?{}"],
                      stdin=numbers(300), stdout=writer)
    os.close(writer)
    program.settled()
    data = bytearray()
    while True:
        more = os.read(reader, 1000)
        if not more:
            break
        data += more
    os.close(reader)
    result = program.wait()
    equal((result.status, result.err), (0, b""))
    equal(len(Result(0, bytes(data), b"").records), 300)


@test("95 standard input is a pipe that does not block")
def _():
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    program = Program([faults().url + "/ok?{}"], stdin=reader)
    os.close(reader)
    program.settled()
    for n in range(1, 4):
        os.write(writer, b"%d\n" % n)
        program.has_lines(n)
    os.close(writer)
    equal(program.wait().status, 0)


@test("95 writes and reads that are interrupted")
def _():
    path, out = temp_file(numbers(100).encode()), temp_file()
    for calls, where in ("write,writev", out), ("read,readv", path):
        result = fetchpool(
            ["-j4", "-i", path, "-o", out, api().posts], env=TRACED,
            wrapper=strace("-o", "/dev/null", "-P", where,
                           "-e", "trace=" + calls,
                           "-e", "inject=%s:error=EINTR:when=1+2" % calls),
            timeout=30)
        equal((result.status, result.err), (0, b""))
        equal(len(Result(0, contents(out), b"").records), 100)


# ---- -o ----

@test("-o: records go to the file, nothing to standard output")
def _():
    path = temp_file(b"old\n" * 1000)
    result = fetchpool(["-k", "-o", path, api().posts], input="1\n101\n2\n")
    equal((result.status, result.out), (1, b""))
    equal([r["seq"] for r in Result(0, contents(path), b"").records], [1, 3])
    path = os.path.join(temp_dir(), "new")
    result = fetchpool(["--output=" + path, api().posts], input="1\n")
    equal(len(Result(0, contents(path), b"").records), 1)
    result = fetchpool(["-o", "-", api().posts], input="1\n", cwd=temp_dir())
    equal(len(result.records), 1)


@test("-o, --failed: emptied by someone else, they go on from there")
def _():
    for option, words in ("-o", (b"1", b"2", b"3")), (
            "--failed", (b"101", b"102", b"103")):
        path = temp_file()
        program = Program(["-k", "-q", "--fields=input", option, path,
                           api().posts], stdin="pipe")
        for word in words:
            if contents(path):
                os.truncate(path, 0)
            program.write(word + b"\n")
            until(lambda: word in contents(path), "a line")
            check(b"\0" not in contents(path), repr(contents(path)))
        program.close_stdin()
        check(program.wait().status in (0, 1), option)


@test("-o: a file that cannot be written is said before any request")
def _():
    server = faults()
    for path in os.path.join(temp_dir(), "no", "file"), temp_dir():
        result = fetchpool(["-o", path, server.url + "/ok?{}"], input="1\n")
        equal(result.status, 3)
        check(path in result.text, result)
        equal(server.connections, 0)


@test("-o, --failed: the input itself is refused and left as it is")
def _():
    server = faults()
    for option in "-o", "--failed":
        path = temp_file(numbers(3).encode())
        link = path + ".link"
        os.link(path, link)
        for name in path, link:
            result = fetchpool(["-i", path, option, name,
                                server.url + "/ok?{}"])
            check(result.status in (2, 3), "%s: %r" % (option, result))
            check(result.text, "no message")
            equal(contents(path), numbers(3).encode())
            with open(path, "rb") as file:
                result = fetchpool([option, name, server.url + "/ok?{}"],
                                   input=file)
            check(result.status in (2, 3), "%s: %r" % (option, result))
            equal(contents(path), numbers(3).encode())
    equal(server.connections, 0)


@test("--failed: the same file as -o is refused")
def _():
    path = temp_file()
    result = fetchpool(["-o", path, "--failed", path, "http://127.0.0.1:1/{}"],
                       input="1\n")
    check(result.status in (2, 3), result)


@test("--failed: a file that cannot be written is said before any request")
def _():
    server = faults()
    path = os.path.join(temp_dir(), "no", "file")
    result = fetchpool(["--failed", path, server.url + "/ok?{}"], input="1\n")
    equal(result.status, 3)
    check(path in result.text, result)
    equal(server.connections, 0)


if __name__ == "__main__":
    main()
