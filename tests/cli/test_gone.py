#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What all items need is gone for good in mid-run, the rate file or the folder
of -D: the run stops with exit status 3, and what was not fetched is not done;
--resume fetches it."""
import os
import resource
import shutil
import subprocess
import sys

import kit  # noqa: F401: where the other folders are

sys.dont_write_bytecode = True
from harness import TRACED, Program, records_of, strace, tool
from resumetest import Run, put
from servers import faults
from tap import (check, contents, equal, main, matches, skip, temp_dir, test,
                 until)

N = 200


def numbers(n):
    return "".join("%d\n" % i for i in range(1, n + 1))


def begun(*options, **more):
    """A run that has some records, and whose requests are held back."""
    server = faults()
    run = Run(0, ["-j4", *options], template=server.url + "/ok?{}", **more)
    put(run.input, numbers(N))
    return run, server


def undone(run):
    """The lines that are in --failed."""
    return sorted(int(line) for line in contents(run.failed).split())


def check_stopped(run, result, words, status=3):
    """Exit 3, said why; what has no record is in --failed, and none failed."""
    equal(result.status, status, repr(result))
    matches(words, result.text)
    matches(r"stopped( by a local error)?: \d+ done, 0 failed, \d+ not done",
            result.text)
    check(result.text.count("\n") <= 3, result.text)
    done = [int(r["input"]) for r in records_of(contents(run.out))]
    check(len(done) < N, "all are done")
    equal(sorted(done + undone(run)), list(range(1, N + 1)))


def check_complete(run):
    result = run.run("--resume", "--failed", run.failed)
    equal(result.status, 0, repr(result))
    done = [int(r["input"]) for r in records_of(contents(run.out))]
    equal(sorted(done), list(range(1, N + 1)))
    equal(contents(run.failed), b"")


def remove(path):
    os.unlink(path)


def cut(path):
    os.truncate(path, 5000)


def empty(path):
    os.truncate(path, 0)


def carry_off(path):
    os.rename(path, path + ".old")


def replace(path):
    shutil.copy(path, path + ".new")
    os.rename(path + ".new", path)


def overwrite(path):
    size = os.stat(path).st_size
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))


@test("the rate file is removed, cut, emptied, replaced or overwritten")
def _():
    for harm in remove, cut, empty, replace, overwrite, carry_off:
        for options in [], ["-k"], ["-a"]:
            rate = temp_dir() + "/rate"
            run, _ = begun("-r", "100/s", "--pace", "--rate-file", rate,
                           *options)
            program = run.start("--failed", run.failed)
            until(lambda: os.path.exists(run.out) and
                  contents(run.out).count(b"\n") > 3, "some records")
            harm(rate)
            result = program.wait()
            check_stopped(run, result, "rate file (was removed or replaced|"
                          "is damaged)")
            if os.path.exists(rate):
                os.unlink(rate)
            run.options[run.options.index("100/s")] = "1000/s"
            check_complete(run)


def grow(path):
    with open(path, "ab") as file:
        file.write(b"d 1 0\n")


@test("the journal is removed, cut, emptied, replaced or written to")
def _():
    for harm in (remove, lambda path: os.truncate(path, 300), empty, replace,
                 grow, carry_off):
        for options in [], ["-k"], ["-d", "x"]:
            run, server = begun("-r", "100/s", "--pace", *options)
            # A POST may be on its way when the run stops.
            program = run.start("--failed", run.failed, *(
                ["--failed-unknown"] if "-d" in options else []))
            until(lambda: os.path.exists(run.out) and
                  contents(run.out).count(b"\n") > 3, "some records")
            harm(run.journal)
            result = program.wait()
            check_stopped(run, result, "cannot write the journal .*: it was "
                          "(removed or replaced|truncated or changed)")
            check(len(server.log) < N, "all requests were sent")


@test("the file of --etags is removed, cut, emptied, replaced or written to")
def _():
    for harm in (remove, lambda path: os.truncate(path, 300), empty, replace,
                 grow, carry_off):
        tags = os.path.join(temp_dir(), "tags")
        run, server = begun("-r", "100/s", "--pace", "--etags", tags)
        server.on("/tag", lambda conn, request: conn.answer(
            b"{}", headers=b"ETag: \"1\"\r\n"))
        run.template = server.url + "/tag?{}"
        program = run.start()
        until(lambda: os.path.exists(run.out) and
              contents(run.out).count(b"\n") > 3, "some records")
        harm(tags)
        result = program.wait()
        # It is no more than a help: what is fetched is in the output.
        equal(result.status, 3, repr(result))
        matches("^fetchpool: --etags: .*tags: it was (removed or replaced|"
                "truncated or changed)\n$", result.text)
        equal(contents(run.out).count(b"\n"), N)


@test("an output, --failed or --trace is removed: that is said at the end")
def _():
    for option in "-o", "--failed", "--trace":
        for harm in remove, carry_off:
            folder, server = temp_dir(), faults()
            path = folder + "/file"
            program = Program([option, path, server.url + "/gate/{}"], "pipe",
                              stdout=subprocess.DEVNULL)
            program.write("1\n")
            until(lambda: server.targets, "a request")
            harm(path)
            program.close_stdin()
            server.open("1")
            result = program.wait()
            if harm == carry_off:
                equal((result.status, result.text), (0, ""))
                continue
            equal(result.status, 3, repr(result))
            equal(result.text,
                  "fetchpool: write error: %s: it was removed\n" % path)
            equal(os.listdir(folder), [])


def vanish(folder):
    while os.path.exists(folder):
        shutil.rmtree(folder, ignore_errors=True)


def swap(folder):
    shutil.move(folder, folder + ".old")
    os.mkdir(folder)


def move(folder):
    os.rename(folder, folder + ".old")


@test("the folder of -D is removed, moved or replaced")
def _():
    for harm in vanish, move, swap:
        for options in [], ["-a", "-k"]:
            bodies = temp_dir() + "/bodies"
            run, server = begun("-r", "200/s", "--pace", "-D", bodies,
                                "--overwrite", *options)
            run.options[1] = "seq,input,file"
            program = run.start("--failed", run.failed)
            until(lambda: os.path.exists(run.out) and
                  contents(run.out).count(b"\n") > 3, "some records")
            harm(bodies)
            result = program.wait()
            check_stopped(run, result, "(cannot write to .*bodies: No such "
                          "file or directory|folder .*bodies was removed or "
                          "replaced)")
            check_complete(run)


def small_disk():
    """What a run needs to have a TMPDIR for 300 KiB."""
    wrapper = [tool("unshare"), "-rm", "sh", "-c",
               'mount -t tmpfs -o size=300k none "$TMPDIR" && exec "$@"', "sh"]
    env = {"TMPDIR": temp_dir()}
    if subprocess.run([*wrapper, "true"], env={**os.environ, **env},
                      capture_output=True).returncode:
        skip("no file system can be mounted here")
    return {"wrapper": wrapper, "env": env}


def check_pages(run, server, harm, words, mend, **more):
    """Pages that come when what they need is gone are not done: the run that
    goes on begins with them."""
    program = run.start("--failed", run.failed, **more)
    server.wait(lambda: server.outstanding == 4, "the second pages")
    harm()
    server.open("second")
    result = program.wait()
    equal(result.status, 3, repr(result))
    matches(words, result.text)
    matches(r"stopped by a local error: 0 done, 0 failed, 4 not done",
            result.text)
    equal(undone(run), [1, 2, 3, 4])
    mend()
    result = run.run("--resume", "--failed", run.failed)
    equal(result.status, 0, repr(result))
    equal(sorted((r["seq"], r["page"], r["pages"])
                 for r in records_of(contents(run.out))),
          [(seq, page, 3 if page == 3 else None)
           for seq in range(1, 5) for page in (1, 2, 3)])


def three_pages(*options):
    server = faults()

    def answer(conn, request):
        page = int((request.query + "=1").split("=")[1])
        if page == 2:
            server.hold("second")
        more = '"next":"?p=%d",' % (page + 1) if page < 3 else ""
        conn.answer(b'{%s"items":["%s"]}' % (
            more.encode(), b"x" * (400000 if page > 1 else 4)),
            b"application/json")

    server.on("/pages/", answer)
    run = Run(0, ["-j4", "--next", "/next", *options],
              template=server.url + "/pages/{}")
    put(run.input, numbers(4))
    return run, server


@test("the folder of -D is gone when a page comes that is not the last")
def _():
    bodies = temp_dir() + "/bodies"
    run, server = three_pages("-D", bodies, "--overwrite")
    run.options[1] = "seq,page,pages,file"
    check_pages(run, server, lambda: move(bodies),
                "(cannot write to .*bodies: No such file or directory|folder "
                ".*bodies was removed or replaced)",
                lambda: os.rename(bodies + ".old", bodies))
    equal(len(os.listdir(bodies)), 12)


@test("--each: the disk for large pages is full when one comes")
def _():
    run, server = three_pages("--each", "/items")
    run.options[1] = "seq,page,pages,body"
    check_pages(run, server, lambda: None,
                "cannot write to a temporary file: No space left",
                lambda: None, **small_disk())


@test("-D: a full disk stops the run")
def _():
    for error, words in ("ENOSPC", "No space left"), ("EIO", "Input/output"), (
            "EDQUOT", "Disk quota"), ("EROFS", "Read-only"):
        bodies = temp_dir() + "/bodies"
        run, _ = begun("-D", bodies, "--overwrite")
        run.options[1] = "seq,input,file"
        result = run.run("--failed", run.failed, env=TRACED, wrapper=strace(
            "-o", "/dev/null", "-P", bodies, "-e", "trace=openat", "-e",
            "inject=openat:error=%s:when=20+" % error))
        check_stopped(run, result, "cannot write to .*bodies: " + words)
        check_complete(run)


@test("-D: a file that is too large for the limit fails its item alone")
def _():
    bodies = temp_dir() + "/bodies"
    run, server = begun("-D", bodies, "--overwrite", "-k", "-a")
    run.options[1] = "seq,file"
    run.template = server.url + "/size/{}"
    put(run.input, "10\n200000\n30\n")
    result = run.run(limits=[(resource.RLIMIT_FSIZE, (20000, 20000))])
    equal(result.status, 1, repr(result))
    equal([(r.get("error") or {}).get("kind")
           for r in records_of(contents(run.out))], [None, "local", None])


@test("a run that has nothing left to fetch ends as it would")
def _():
    rate = temp_dir() + "/rate"
    run, server = begun("-r", "1000/s", "--rate-file", rate)
    run.template = server.url + "/gate/x?{}"
    put(run.input, "1\n")
    program = run.start()
    server.wait(lambda: server.outstanding, "the request")
    os.unlink(rate)
    server.open("x")
    equal(program.wait().status, 0)


if __name__ == "__main__":
    main()
