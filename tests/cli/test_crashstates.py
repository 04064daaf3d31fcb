#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""99: whatever a power cut leaves of the journal and the outputs, the next run
completes them, or says that it cannot and touches nothing.

    tests/cli/test_crashstates.py [--long] [WORD]...

A run is recorded; from what it did to its files, states of the disk are made,
as crashstates.py says, and the run is gone on with from each. Without --long
it is a sample of them; with it all, and 1,000 more of each run in which
anything goes.

With --sync nothing may be refused, and what was synced is not done again.
Without, that holds for what a killed process leaves.
"""
import collections
import os
import random
import re
import sys
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
import tap
from crashstates import Disk, read_log, recorder, states
from harness import records_of
from resumetest import Run, put
from servers import faults
from tap import check, contents, equal, main, temp_dir, test

LONG = "--long" in sys.argv
if LONG:
    sys.argv.remove("--long")
    tap.TEST_TIMEOUT = 3600
SAMPLE = 24
RANDOM = 1000 if LONG else 100


def item(conn, request):
    """Slow while a run is recorded, so that it is committed in some parts."""
    server = conn.server
    n = int(request.path.split("/")[2])
    if server.pace:
        time.sleep(server.pace)
    bad = n % 7 == 3 or n % 7 == 5 and server.is_broken
    conn.answer(b"%d " % n * (n % 9 * 30), status=404 if bad else 200)


class Recorded(Run):
    """begins: how many items an earlier run has done; then the recorded one
    goes on (--resume), or fetches again what failed (goes_on). later: options
    that the earlier run does not have."""

    def __init__(self, n, options=(), begins=0, goes_on="--resume",
                 resumes="--resume", pace=0.006, lines=None, later=()):
        self.server = faults()
        self.server.on("/item/", item)
        super().__init__(0, ["-j1", *options],
                         template=self.server.url + "/item/{}/")
        self.lines = lines or ["%d\n" % i for i in range(1, n + 1)]
        self.syncs = "--sync" in (*options, *later)
        self.posts = "POST" in options
        self.resumes = resumes
        os.mkdir(self.folder + "/out")
        self.out = self.folder + "/out/records"
        self.more = ["--failed", self.failed]
        if self.posts:
            self.more += ["--unknown", self.unknown]
        self.outputs = [self.out, *self.more[1::2]]
        self.server.pace, self.server.is_broken = 0, True
        if begins:
            self.begin(begins)
        self.options += later
        self.record([goes_on] if begins else [], pace)

    def begin(self, n):
        put(self.input, "".join(self.lines[:n]))
        check(self.run(*self.more).status in (0, 1), "the run before it")
        with open(self.out, "ab") as file:
            file.write(b'{"seq":1,"input":"1"}\n{"se')

    def record(self, options, pace):
        put(self.input, "".join(self.lines))
        self.server.pace, self.server.is_broken = pace, False
        log = temp_dir() + "/log"
        names = {path: os.stat(path).st_ino
                 for path in (*self.outputs, self.journal)
                 if os.path.exists(path)}
        files = {inode: contents(path) for path, inode in names.items()}
        result = self.run(*options, *self.more,
                          env=recorder(self.folder, log))
        check(result.status in (0, 1), repr(result))
        self.disk = Disk(read_log(log), names, files)
        self.status = result.status
        self.server.pace = 0
        self.keep = {os.stat(path).st_ino: self.linked(path)
                     for path in self.outputs}
        self.expected = contents(self.out), contents(self.failed)

    def linked(self, path):
        """Another name, so that the inode is not given to another file."""
        keep = temp_dir() + "/kept"
        os.link(path, keep)
        return keep

    def place(self, state):
        """The files, and the very ones."""
        for path in (*self.outputs, self.journal, self.journal + ".tmp"):
            inode, data = state.files.get(path, (0, None))
            if os.path.exists(path):
                os.remove(path)
            if data is None:
                continue
            if inode in self.keep:
                os.link(self.keep[inode], path)
                put(path, data, "r+b", True)
            else:
                put(path, data)

    def safe_items(self, state):
        """Those that are not to be sent again: as the journal says that was
        on the disk for sure."""
        journals = {op.inode for op in self.disk.ops
                    if op.what == "r"} | {0}
        found = set()
        inode = state.files.get(self.journal, (0, b""))[0]
        if inode == 0 or journals == {0}:
            return found
        data = self.disk.safe(inode, state.n)[0]
        failed = collections.defaultdict(set)
        for line in data.splitlines():
            word = line.split(b" ")
            if word[0] == b"i" or word[0] == b"d":
                found.add(int(word[1]))
            if word[0] == b"d" and word[9] != b"ok":
                failed[word[9]].add(int(word[1]))
            if word[0] == b"t":
                found -= failed.pop(word[1], set())
        return found

    def judge(self, state):
        """Whether it was gone on with."""
        self.place(state)
        before = self.files()
        self.server.log.clear()
        result = self.run(self.resumes, *self.more, "-j4")
        asked = collections.Counter(int(r.path.split("/")[2])
                                    for r in self.server.log)
        what = "%s after %d of %d: %r, of a journal that ended %r" % (
            state.what, state.n, len(self.disk.ops), result,
            state.files.get(self.journal, (0, b""))[1][-300:])
        if result.status == 3:
            check(not (self.syncs or state.is_kill), "refused: " + what)
            check(re.match(r"fetchpool: journal .*: .", result.text), what)
            equal(self.files(), before, "files of a refused run, " + what)
            equal(asked, {}, "requests of a refused run, " + what)
            return False
        check(result.status in (0, 1), what)
        if self.posts:
            self.judge_posts(what)
        else:
            equal(result.status, self.status, what)
            self.check_same(self.expected)
        if self.syncs or state.is_kill or self.posts:
            again = self.safe_items(state) & set(asked) \
                if self.resumes == "--resume" else set()
            check(not again, "fetched again: %s, %s" % (again, what))
        return True

    def files(self):
        return {path: contents(path)
                for path in (*self.outputs, self.journal)
                if os.path.exists(path) and (
                    path == self.journal or os.path.getsize(path))}

    def judge_posts(self, what):
        done = [r["input"] for r in records_of(contents(self.out))]
        failed = contents(self.failed).decode().split()
        unknown = contents(self.unknown).decode().split()
        equal(sorted(map(int, done + failed + unknown)),
              list(range(1, len(self.lines) + 1)), what)


RUNS = {
    "a plain run": lambda: Recorded(24),
    "in order, failed ones too": lambda: Recorded(24, ["-k", "-a"]),
    "synced": lambda: Recorded(40, ["--sync"]),
    "synced, in order": lambda: Recorded(40, ["--sync", "-k"]),
    "gone on with": lambda: Recorded(24, begins=9),
    "gone on with, synced": lambda: Recorded(40, ["--sync"], begins=9),
    "gone on with, synced from then on": lambda: Recorded(
        40, begins=9, later=["--sync"]),
    "what failed, again": lambda: Recorded(
        24, begins=24, goes_on="--retry-failed", resumes="--retry-failed"),
    "what failed, again, synced": lambda: Recorded(
        40, ["--sync"], begins=40, goes_on="--retry-failed",
        resumes="--retry-failed"),
    "requests that are sent once": lambda: Recorded(16, ["-X", "POST"]),
    "requests that are sent once, synced": lambda: Recorded(
        24, ["-X", "POST", "--sync"]),
}


def sample(found, rng):
    """A third of what killed processes leave, which are far fewer."""
    kills = [state for state in found if state.is_kill]
    others = [state for state in found if not state.is_kill]
    return rng.sample(kills, SAMPLE // 3) + \
        rng.sample(others, SAMPLE - SAMPLE // 3)


def all_of(name, make):
    @test("99 states of the disk after a power cut: " + name)
    def _():
        seed = int(os.environ.get("SEED") or random.randrange(1 << 32))
        print("# SEED=%d" % seed)
        rng = random.Random(seed)
        run = make()
        found = list(states(run.disk, rng, RANDOM))
        chosen = found if LONG else sample(found, rng)
        gone_on = 0
        for state in chosen:
            gone_on += run.judge(state)
        print("# %d of %d states, %d calls; %d were gone on with" % (
            len(chosen), len(found), len(run.disk.ops), gone_on))
        check(gone_on > len(chosen) // 8, "hardly any was gone on with")


for name, make in RUNS.items():
    all_of(name, make)


if LONG:
    @test("99 states of the disk around a journal that is made anew")
    def _():
        for options in [], ["--sync"]:
            run = Recorded(0, ["-a", "--max-line", "1", *options],
                           lines=["ab\n"] * 66000)
            renamed = [i for i, op in enumerate(run.disk.ops)
                       if op.what == "r"]
            equal(len(renamed), 2, "journals that were made")
            gone_on = [run.judge(state) for state in states(
                run.disk, random.Random(1), 40,
                range(renamed[1] - 6, renamed[1] + 7))]
            print("# %d states, %d were gone on with" % (
                len(gone_on), sum(gone_on)))
            check(sum(gone_on) > len(gone_on) // 8, "hardly any")


if __name__ == "__main__":
    main()
