#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""105: a run that does not begin (wrong usage, a file of another kind, a
refused --resume) leaves each file as it was, and none that it has made."""
import os
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import TRACED, Program, fetchpool, strace
from resumetest import put
from servers import faults
from tap import contents, equal, main, matches, temp_dir, test, until

# Each may be new to a run that is refused.
NEW = [["-D", "bodies", "--overwrite"],
       ["--etags", "etags"],
       ["--rate-file", "rate", "-r", "1000/s"],
       ["--failed", "failed"],
       ["--unknown", "unknown"],
       ["--trace", "trace"],
       ["--stats", "stats", "--report", "report"]]


def tree(folder):
    """{path: contents, or None of a folder}"""
    found = {}
    for at, folders, files in os.walk(folder):
        for name in folders:
            found[os.path.join(at, name)] = None
        for name in files:
            path = os.path.join(at, name)
            found[path] = (contents(path), os.stat(path).st_ino)
    return found


class Place:
    """A folder in which runs are started, with a list of items."""

    def __init__(self):
        self.server = faults()
        self.folder = temp_dir()
        self.put("list", "".join("%d\n" % i for i in range(1, 21)))

    def put(self, name, data):
        put(os.path.join(self.folder, name), data)

    def run(self, *args, **more):
        return fetchpool(["-i", "list", *args, self.server.url + "/ok?{}"],
                         cwd=self.folder, timeout=30, **more)

    def unchanged(self, status, words, *args, **more):
        before, requests = tree(self.folder), self.server.requests
        result = self.run(*args, **more)
        equal(result.status, status, repr(result))
        matches(words, result.text)
        equal(result.text.count("\n"), 1, "lines: " + result.text)
        equal(tree(self.folder), before, " ".join(args))
        equal(self.server.requests, requests, "requests")


def journal(*more):
    return ["-o", "out", "--journal", "journal", *more]


@test("105 a refused --resume: nothing that it made is left")
def _():
    for new in NEW:
        place = Place()
        equal(place.run(*journal(*new)).status, 0)
        for name in os.listdir(place.folder):
            path = os.path.join(place.folder, name)
            if name == "bodies":
                for body in os.listdir(path):
                    os.unlink(os.path.join(path, body))
                os.rmdir(path)
            elif name not in ("list", "out", "journal"):
                os.unlink(path)
        place.put("list", "changed\n" * 20)
        place.unchanged(3, "the input has changed",
                        *journal("--resume", *new))


@test("105 a refused --resume: what was there stays, empty or not")
def _():
    place = Place()
    every = [word for new in NEW for word in new] + ["--output-name", "{}"]
    equal(place.run(*journal(*every)).status, 0)
    place.put("list", "changed\n" * 20)
    place.unchanged(3, "the input has changed", *journal("--resume", *every))


@test("105 a journal that is none, or not of this run: nothing is made")
def _():
    every = [word for new in NEW for word in new] + ["--output-name", "{}"]
    place = Place()
    place.put("journal", "something else\n")
    place.unchanged(3, "not a journal", *journal("--resume", *every))
    place.put("journal", "")
    place.put("out", "old\n")
    place.unchanged(3, "out is not empty", *journal("--resume", *every))


def with_old_outputs():
    place = Place()
    for name in "out", "failed", "unknown", "trace", "stats":
        place.put(name, "old\n")
    return place


ASIDE = ["--failed", "failed", "--unknown", "unknown", "--trace", "trace",
         "--stats", "stats"]


@test("105 a file of another kind: with a journal too, nothing is emptied")
def _():
    for keeps in ["-o", "out"], journal(), journal("--sync"):
        place = with_old_outputs()
        args = [*keeps, *ASIDE]
        place.put("etags", "something else\n")
        place.unchanged(2, "etags is not an --etags file", *args,
                        "--etags", "etags")
        place.put("rate", "something else\n")
        place.unchanged(3, "rate: not a rate file", *args,
                        "--rate-file", "rate", "-r", "10/s")
        os.unlink(os.path.join(place.folder, "rate"))
        equal(place.run("--rate-file", "rate", "-r", "10000/s").status, 0)
        place.unchanged(3, "made for 10000/s, not for 10/s", *args,
                        "--rate-file", "rate", "-r", "10/s")
        place.unchanged(3, "cannot write to etags: Not a directory", *args,
                        "--overwrite", "-D", "etags")
        place.unchanged(3, "no/bodies: its parent folder does not exist",
                        *args, "--overwrite", "-D", "no/bodies")


@test("105 the same where the files are new: none is made")
def _():
    for keeps in ["-o", "out"], journal(), journal("--sync"):
        place = Place()
        args = [*keeps, *ASIDE]
        place.put("etags", "something else\n")
        place.unchanged(2, "etags is not an --etags file", *args,
                        "--etags", "etags", "-D", "bodies", "--overwrite",
                        "--output-name", "{}")
        place.unchanged(3, "cannot write to etags: Not a directory", *args,
                        "--overwrite", "-D", "etags",
                        "--rate-file", "rate", "-r", "10/s")
        place.unchanged(3, "no/trace: No such file", *args, "--trace",
                        "no/trace")
        place.unchanged(3, "no/unknown: No such file", *args, "--unknown",
                        "no/unknown")


@test("105 a journal that cannot be made: no other file is, either")
def _():
    every = [word for new in NEW for word in new] + ["--output-name", "{}"]
    place = Place()
    args = ["-o", "out", *every, "--journal"]
    place.unchanged(3, "no/journal: No such file", *args, "no/journal")
    place.put("journal.tmp", "something else\n")
    place.unchanged(3, "another file has its name with .tmp appended",
                    *args, "journal")


def no_sync(n):
    """The n-th fsync() fails: of a new file, and then of its folder."""
    return {"env": TRACED, "wrapper": strace(
        "-o", "/dev/null", "-e", "trace=fsync", "-e",
        "inject=fsync:error=EIO:when=%d" % n)}


@test("105 a journal whose name is not on the disk for sure is not left behind")
def _():
    every = [word for new in NEW for word in new] + ["--output-name", "{}"]
    place = Place()
    for n, args in ((1, journal()), (2, journal()), (1, ["--etags", "etags"]),
                    (2, ["--etags", "etags"]), (4, journal(*every))):
        place.unchanged(3, "Input/output error", *args, **no_sync(n))
    # Nor does one begin that was empty.
    place.put("journal", "")
    result = place.run(*journal(), **no_sync(2))
    equal((result.status, sorted(os.listdir(place.folder))),
          (3, ["journal", "list"]), repr(result))
    equal(contents(os.path.join(place.folder, "journal")), b"")
    equal(place.run(*journal()).status, 0)


@test("105 a run that is refused leaves the files that another has open")
def _():
    place = Place()
    at = {name: os.path.join(place.folder, name)
          for name in ("out", "failed", "journal", "pipe")}
    os.mkfifo(at["pipe"])
    args = ["-j1", *journal("--failed", "failed"), "-i", "list",
            place.server.url + "/gate/105?{}"]
    place.put("list", "1\n")
    first = Program([*args, "--trace", "pipe"], cwd=place.folder)
    until(lambda: os.path.exists(at["failed"]), "the first run makes its files")
    second = Program(args, cwd=place.folder)
    until(lambda: os.path.exists(at["journal"]), "the second run begins")
    contents(at["pipe"])
    result = first.wait()
    equal(result.status, 3, repr(result))
    matches("in use by another process", result.text)
    place.server.open("105")
    equal(second.wait().status, 0)
    equal(contents(at["out"]).count(b"\n"), 1)
    equal(contents(at["failed"]), b"")


main()
