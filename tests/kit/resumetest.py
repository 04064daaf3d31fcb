# SPDX-License-Identifier: MIT
"""
resumetest: a run with a journal, in a folder of its own, that can be begun,
broken off and gone on with as often as a test wants.

Its items are posts of the demonstration API, some of which do not exist. Its
records have nothing in them that differs from run to run.
"""
import collections
import os
import signal

from harness import TRACED, Program, fetchpool, strace
from servers import api
from tap import as_bytes, check, contents, equal, temp_dir, temp_file

FIELDS = "seq,input,status,attempts,body"


def items(n):
    """n lines; one in six is of a post that does not exist."""
    return "".join("%d\n" % (i * 7 % 120 + 1) for i in range(n))


def put(path, data, mode="wb", cuts=False):
    with open(path, mode) as file:
        file.write(as_bytes(data))
        if cuts:
            file.truncate()


class Run:
    """options: what all its runs have. appends: the output is standard
    output, appended to a file; pipes: the input is a pipe."""

    def __init__(self, n=150, options=(), template=None, appends=False,
                 pipes=False):
        self.folder = temp_dir()
        self.out = self.folder + "/out"
        self.failed = self.folder + "/failed"
        self.unknown = self.folder + "/unknown"
        self.journal = self.folder + "/journal"
        self.input = temp_file(items(n), "input")
        self.appends, self.pipes = appends, pipes
        self.options = ["--fields", FIELDS, "-q", *options]
        self.template = template or api().posts

    def _args(self, more):
        args = [*self.options, *more, self.template]
        if not self.pipes:
            args = ["-i", self.input, *args]
        if not self.appends:
            args = ["-o", self.out, *args]
        return ["--journal", self.journal, *args]

    def _with(self, kwargs):
        if self.pipes and "stdin" not in kwargs:
            kwargs["stdin"] = contents(self.input)
        if self.appends and "stdout" not in kwargs:
            kwargs["stdout"] = open(self.out, "ab")
        return kwargs

    def start(self, *more, **kwargs):
        kwargs = self._with(kwargs)
        program = Program(self._args(more), **kwargs)
        if self.appends and hasattr(kwargs["stdout"], "close"):
            kwargs["stdout"].close()
        return program

    def run(self, *more, timeout=30, **kwargs):
        program = self.start(*more, **kwargs)
        result = program.wait(timeout)
        program.end()
        return result

    def whole(self):
        """(output, lines of --failed) of the same without a journal."""
        failed = self.folder + "/whole-failed"
        options = [o for o in self.options if o != "--sync"]
        result = fetchpool(["-i", self.input, *options, "--failed", failed,
                            self.template], timeout=30)
        return result.out, contents(failed)

    def check_same(self, whole):
        """Every item is in the outputs just once."""
        out, failed = whole
        same = equal_bytes if "-k" in self.options else equal_lines
        same(contents(self.out), out, "the output")
        if os.path.exists(self.failed):
            same(contents(self.failed), failed, "the file of --failed")


def equal_bytes(got, expected, what):
    equal(got, expected, what)


def equal_lines(got, expected, what):
    """The same lines, each as often, in any order."""
    got = collections.Counter(got.splitlines(True))
    expected = collections.Counter(expected.splitlines(True))
    equal([sorted((expected - got).elements()),
           sorted((got - expected).elements())], [[], []],
          "%s: what is missing, and what is too much" % what)


CALLS = "write,fdatasync,fsync,ftruncate,rename,renameat2"


def killed_before(run, nth, *more):
    """Whether the run was killed before some thread's nth of these calls."""
    files = [run.out, run.failed, run.journal, run.journal + ".tmp"]
    result = run.run(*more, "--failed", run.failed, env=TRACED,
                     wrapper=strace(
        "-o", "/dev/null", *(w for path in files for w in ("-P", path)),
        "-e", "trace=" + CALLS,
        "-e", "inject=%s:signal=SIGKILL:when=%d" % (CALLS, nth)))
    check(result.status in (0, 1, -signal.SIGKILL), repr(result))
    return result.status == -signal.SIGKILL
