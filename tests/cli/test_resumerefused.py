#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""100: a journal that is not of this run, or is damaged, or in use, or that
the disk fails, is refused or given up; nothing is fetched or overwritten."""
import os
import re
import signal
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import TRACED, strace
from resumetest import Run, items, put
from servers import faults
from tap import check, contents, equal, main, matches, temp_dir, test


class Watched(Run):
    """A run that is complete, of which every file is looked at: run() must be
    refused, with these words, and change none of them."""

    def __init__(self, n=20, options=(), **kwargs):
        self.server = faults()
        super().__init__(n, options, template=self.server.url + "/ok?{}",
                         **kwargs)
        self.watched = [word for name in ("trace", "stats", "report") for word
                        in ("--" + name, os.path.join(self.folder, name))]
        equal(self.run("--failed", self.failed, *self.watched).status, 0)

    def refused(self, words, *more, status=3, **kwargs):
        self.more = ["--failed", self.failed, *self.watched]
        files = {name: contents(os.path.join(self.folder, name))
                 for name in os.listdir(self.folder)}
        before = self.server.requests
        result = self.run("--resume", *self.more, *more, **kwargs)
        equal(result.status, status, repr(result))
        matches(words, result.text)
        equal(result.text.count("\n"), 1, "lines: " + result.text)
        equal(self.server.requests, before, "requests")
        equal({name: contents(os.path.join(self.folder, name))
               for name in os.listdir(self.folder)}, files)


@test("100 a journal is there, and --resume is not given")
def _():
    run = Watched()
    before = contents(run.out), contents(run.journal)
    result = run.run()
    equal(result.status, 3)
    matches(r"journal: already exists: continue it with --resume, or "
            "remove it", result.text)
    equal((contents(run.out), contents(run.journal)), before)


@test("100 another input: which item, and which line")
def _():
    lines = items(20).splitlines(True)
    for pipes in False, True:
        run = Watched(pipes=pipes)
        name = "standard input" if pipes else re.escape(run.input)
        for data, words in (
                (["\n", *lines[:6], "new\n", *lines[7:]],
                 "the input has changed: item 7 of the journal does not "
                 "match line 8 of %s"),
                ([*lines[:3], *lines[4:]], "item 4 of the .* line 4 of %s"),
                ([*lines[:3], lines[4], lines[3], *lines[5:]], "item 4 "),
                (lines[:19], "%s ends at item 19, but the journal has item "
                 "20"),
                ([], "%s ends at item 0")):
            put(run.input, "".join(data))
            run.refused(words % name if "%s" in words else words)
        put(run.input, "".join(lines))
        equal(run.run("--resume", "--failed", run.failed).status, 0)


@test("100 other options: which")
def _():
    run = Watched()
    for option, words in (
            (["-k"], "--keep-order was not given in the first run"),
            (["--pick", "a"], "--pick was not given in the first run"),
            (["--fields", "seq"], "--fields differs from the first run"),
            (["-a"], "--all was not given in the first run"),
            (["-X", "PUT"], "--request was not given in the first run"),
            (["--ok-status", "404"],
             "--ok-status was not given in the first run"),
            (["-0"], "--null was not given in the first run")):
        run.refused(words, *option)
    run.template = run.server.url + "/ok?x{}"
    run.refused("the TEMPLATE differs from the first run")


@test("100 another output, or none that is a file, or another --failed")
def _():
    run = Watched()
    out = run.out
    run.out = temp_dir() + "/other"
    right = contents(out)
    for data in (right[:-1] + b" ", b"x" * len(right), right[:100], b"",
                 right.replace(b"1", b"2", 1), right[:-1],
                 right[:200] + right[210:] + b"0123456789"):
        put(run.out, data)
        run.refused("other is not the file that the first run wrote to")
        equal(contents(run.out), data)
    put(out, right[:50] + b"?" + right[51:])
    run.out = out
    run.refused("out was modified after it was written$")
    put(out, right)
    run.appends = True
    run.refused("standard output is not the file", stdout=None)
    with open("/dev/null", "wb") as null:
        run.refused("standard output is not the file", stdout=null)
    run.appends = False
    run.failed = temp_dir() + "/other"
    put(run.failed, "x\n")
    run.refused("other is not the file that the first run wrote to")
    result = run.run("--resume")
    equal(result.status, 3)
    matches("--failed is not the file", result.text)


@test("100 an output of which nothing is known yet is not emptied")
def _():
    run = Run(3)
    server = faults()
    run.template = server.url + "/gate/x?{}"
    program = run.start()
    server.wait(lambda: server.outstanding, "a request")
    program.kill(signal.SIGKILL)
    program.wait()
    equal(contents(run.out), b"")
    right, run.out = run.out, temp_dir() + "/out"
    put(run.out, "something else\n")
    result = run.run("--resume")
    equal(result.status, 3, repr(result))
    matches("out is not the file that the first run wrote to", result.text)
    equal(contents(run.out), b"something else\n")
    put(run.out, "")
    server.open("x")
    equal(run.run("--resume").status, 0)


@test("100 an output that the shell has emptied")
def _():
    run = Watched(appends=True)
    os.truncate(run.out, 0)
    with open(run.out, "wb") as file:
        run.refused(r"was truncated: it has 0 bytes, and should have \d+ "
                    r"\(append to it with >>", stdout=file)


@test("100 a journal of another version, or none, or a damaged one")
def _():
    run = Watched()
    good = contents(run.journal)
    third = good.split(b"\n", 3)
    for data, words in (
            (b"1\n2\n", r"line 1, byte 1: not a journal"),
            (b"\0", "line 1, byte 1: not a journal"),
            (good.replace(b"option", b"optiom", 1), "line 5, byte [0-9]+: "
             "damaged"),
            (b"\n".join([third[0], third[2], third[1], third[3]]),
             "line 2, byte .*: damaged"),
            (good[:40], "line 1, byte 1: not a journal"),
            (good.replace(b"journal-3", b"journal-1", 1),
             "line 1, byte 1: the journal of another version of fetchpool"),
            (good[:good.index(b"begin")], "truncated in its header"),
            (good + b"\0", "line 29, byte .*: damaged"),
            (good + b"d 1\n", "line 29, byte .*: damaged")):
        put(run.journal, data)
        run.refused(words)


@test("100 a bit that is flipped, on the whole program")
def _():
    run = Watched(3)
    good = contents(run.journal)
    for bit in range(5, len(good) * 8, 101):
        data = bytearray(good)
        data[bit // 8] ^= 1 << bit % 8
        put(run.journal, bytes(data))
        run.refused("line [0-9]+, byte [0-9]+: (damaged|not a journal)")


@test("100 outputs of the right length that hold something else")
def _():
    run = Run(30, ["-j2"])
    more = ["--failed", run.failed]
    equal(run.run(*more).status, 1)
    for path, name, places in (run.out, "out", range(0, 600, 50)), \
            (run.failed, "failed", range(0, 6)):
        good = contents(path)
        for place in places:
            put(path, good[:place] + b"\0" + good[place + 1:], "r+b")
            result = run.run("--resume", *more)
            equal(result.status, 3, repr(result))
            matches("journal: not resumed: .*/%s was modified after it "
                    "was written, at byte [0-9]+" % name, result.text)
        put(path, good, "r+b")
    equal(run.run("--resume", *more).status, 1)


@test("100 two processes: the second is refused, the first goes on")
def _():
    server = faults()
    for resume in [], ["--resume"]:
        run = Run(4, ["-j2"], template=server.url + "/gate/%d" % len(resume))
        run.template += "?{}"
        program = run.start(*resume)
        server.wait(lambda: server.outstanding == 2, "two requests")
        before = server.requests
        for more in [], ["--resume"], ["--retry-failed"]:
            second = run.run(*more)
            equal(second.status, 3)
            matches("journal: in use by another process", second.text)
        equal(server.requests, before)
        server.open(str(len(resume)))
        equal(program.wait().status, 0)
        equal(contents(run.out).count(b"\n"), 4)


@test("100 places where there can be no journal")
def _():
    server = faults()
    folder = temp_dir()
    os.mkfifo(folder + "/fifo")
    os.mkdir(folder + "/dir")
    os.symlink("nowhere", folder + "/dangling")
    for path, words in (
            (folder + "/none/journal", "No such file or directory"),
            (folder + "/fifo", "not a regular file"),
            (folder + "/dir", "Is a directory|not a regular file"),
            (folder + "/dangling", "a symbolic link to a file that does not"),
            ("/dev/null", "not a regular file"),
            ("/proc/journal", "No such file|Permission|not permitted")):
        run = Run(3, template=server.url + "/ok?{}")
        run.journal = path
        put(run.out, "precious\n")
        result = run.run()
        equal(result.status, 3, repr(result))
        matches(words, result.text)
        equal(contents(run.out), b"precious\n")
    equal(server.requests, 0)


@test("100 the journal is one of the run's other files")
def _():
    run = Run(3, template=faults().url + "/ok?{}")
    for path, what in (run.out, "the output"), (run.input, "the input"):
        run.journal = path
        before = contents(run.input)
        result = run.run()
        equal(result.status, 2, repr(result))
        matches("--journal: '.*' is " + what, result.text)
        equal(contents(run.input), before)


@test("100 --resume without a journal: begun, but not over what is there")
def _():
    run = Run(3, template=faults().url + "/ok?{}")
    put(run.out, "precious\n")
    for appends in False, True:
        run.appends = appends
        result = run.run("--resume")
        equal(result.status, 3)
        matches("not resumed: the journal does not exist, but .* is not empty",
                result.text)
        equal(contents(run.out), b"precious\n")
        check(not os.path.exists(run.journal), "it has made a journal")
    os.remove(run.out)
    equal(run.run("--resume").status, 0)


@test("100 an empty file is no journal yet")
def _():
    run = Run(3, template=faults().url + "/ok?{}")
    put(run.journal, "")
    equal(run.run().status, 0)
    equal(run.run("--resume").status, 0)


@test("100 standard error in the output's file")
def _():
    run = Run(3, template=faults().url + "/ok?{}", appends=True)
    with open(run.out, "ab") as file:
        result = run.run(stdout=file, stderr=file)
    equal(result.status, 2)
    matches("--journal: standard error goes to the same file",
            contents(run.out).decode())


# ---- the disk ----

def injected(run, path, call, error, when, *more):
    return run.run("--failed", run.failed, *more, env=TRACED, wrapper=strace(
        "-o", "/dev/null", "-P", path, "-e", "trace=" + call, "-e",
        "inject=%s:error=%s:when=%s" % (call, error, when)))


@test("100 a write to the output or the journal fails: exit 3, and go on")
def _():
    server = faults()
    for error, words in ("ENOSPC", "No space left"), ("EIO", "Input/output"):
        for what in "out", "journal", "failed":
            for when in "1", "2+", "4":
                for sync in [], ["--sync"]:
                    run = Run(12, ["-j1", *sync],
                              template=server.url + "/mixed/{}")
                    server.on("/mixed/", mixed)
                    path = run.folder + "/" + what
                    result = injected(run, path, "write", error, when)
                    where = "%s %s %s %s: %r" % (what, error, when, sync,
                                                 result)
                    check(result.status in (1, 3), where)
                    if result.status == 3:
                        matches(words, result.text)
                    result = run.run("--resume", "--failed", run.failed)
                    equal(result.status, 1, where)
                    run.check_same(run.whole())


def mixed(conn, request):
    n = int(request.path[7:])
    conn.answer(b"%d" % n, status=404 if n % 3 == 0 else 200)


@test("100 a sync that fails is final, for the output and the journal")
def _():
    server = faults()
    for what in "out", "failed", "journal":
        run = Run(12, ["-j1", "--sync"], template=server.url + "/mixed/{}")
        server.on("/mixed/", mixed)
        log = temp_dir() + "/log"
        path = run.folder + "/" + what
        result = run.run("--failed", run.failed, env=TRACED, wrapper=strace(
            "-o", log, "-P", path, "-e", "trace=fdatasync,write", "-e",
            "inject=fdatasync:error=EIO:when=1"))
        equal(result.status, 3, repr(result))
        matches("cannot sync.*: Input/output error", result.text)
        equal(result.text.count("cannot sync"), 1)
        calls = contents(log).decode()
        equal(calls.count("fdatasync("), 1, "syncs of " + what)
        if what == "journal":
            behind = calls[calls.index("fdatasync("):]
            check("write(" not in behind, "written behind: " + behind)
        result = run.run("--resume", "--failed", run.failed)
        equal(result.status, 1, repr(result))
        run.check_same(run.whole())


@test("100 a journal that cannot be made leaves the output as it was")
def _():
    server = faults()
    for call in "fsync", "rename,renameat2", "write":
        run = Run(3, template=server.url + "/ok?{}")
        put(run.out, "precious\n")
        paths = run.journal + ".tmp"
        result = injected(run, paths, call, "EIO", "1")
        equal(result.status, 3, repr(result))
        matches("journal: Input/output error", result.text)
        equal(contents(run.out), b"precious\n")
        check(not os.path.exists(run.journal), "it is there")
        check(not os.path.exists(paths), "what is left of it is there")
    equal(server.requests, 0)


@test("100 an intent that cannot be written: the request is not sent")
def _():
    server = faults()
    server.on("/post", lambda conn, request: conn.answer(b""))
    run = Run(5, ["-j1", "-X", "POST"], template=server.url + "/post?{}")
    result = injected(run, run.journal, "fdatasync", "EIO", "2")
    equal(result.status, 3, repr(result))
    equal(server.requests, 1)
    matches("cannot sync the journal.*Input/output error", result.text)
    result = run.run("--resume", "--failed", run.failed)
    check(result.status in (0, 1), repr(result))
    targets = server.targets
    equal(len(targets), len(set(targets)), "requests sent twice")


@test("100 a process that was killed while it made the journal is no harm")
def _():
    run = Run(3, template=faults().url + "/ok?{}")
    for data in b"", b"fetchpool-jou", b"fetchpool-journal-3 0.1.0 12", \
            bytes(100):
        put(run.journal + ".tmp", data)
        equal(run.run("--resume").status, 0)
        check(not os.path.exists(run.journal + ".tmp"), "it is there still")
        os.unlink(run.journal)
        os.unlink(run.out)


if __name__ == "__main__":
    main()
