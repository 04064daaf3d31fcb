# SPDX-License-Identifier: MIT
"""
torture: runs of the program in which one call, or many, fail.

A Run says how the program is started. clean() runs it as it is, and counts
its calls; hurt() makes some of them fail, as torture.c explains, and judges:

  * it ends, by itself, and not by a signal
  * standard output is whole lines; each record that is a success is the one
    of the clean run, apart from times, and there is none twice
  * with status 0 all is there; with 1, each item has one outcome; any other
    has a message
  * what did not succeed is in the file of --failed, if the run got so far
  * no temporary file is left, no memory, no descriptor
"""
import collections
import ctypes
import os
import re
import shutil
import signal
import subprocess
import tempfile

from harness import Program, records_of, strict_json, tool
from tap import (SANITIZERS, TESTS, Directory, Failed, at_end, check, contents,
                 skip, started)

CLASSES = ("alloc write speak read open socket connect talk thread sync link "
           "map pipe lookup files wait lock").split()
WHO = "program curl parsers tls others any".split()

ENOENT, EIO, EAGAIN, ENOMEM, EACCES = 2, 5, 11, 12, 13
EINVAL, ENFILE, EMFILE, ENOSPC, EPIPE = 22, 23, 24, 28, 32
ECONNRESET, ENOBUFS, ETIMEDOUT, ECONNREFUSED = 104, 105, 110, 111
EAI_AGAIN, EAI_MEMORY = -3, -10

# How each class fails. The first is the usual one, the others take turns.
ERRORS = {
    "alloc": [ENOMEM], "write": [ENOSPC, EIO], "speak": [EIO, ENOSPC],
    "read": [EIO], "open": [EMFILE, ENOMEM, EACCES],
    "socket": [EMFILE, ENOBUFS, EACCES], "connect": [ENOBUFS, ECONNREFUSED],
    "talk": [ECONNRESET, ENOBUFS], "thread": [EAGAIN], "sync": [EIO],
    "link": [EIO, ENOSPC], "map": [ENOMEM], "pipe": [EMFILE],
    "lookup": [EAI_MEMORY, EAI_AGAIN], "files": [EIO], "wait": [ENOMEM],
    "lock": [EIO],
}

FRAMES, LEAKS = 24, 8
TRACE = ctypes.c_char * 80 * FRAMES


class Report(ctypes.Structure):
    _fields_ = [
        ("counts", ctypes.c_uint64 * len(WHO) * len(CLASSES)),
        ("n_failed", ctypes.c_uint64), ("has_returned", ctypes.c_uint64),
        ("n_leaks", ctypes.c_uint64), ("n_leaked_bytes", ctypes.c_uint64),
        ("n_descriptors", ctypes.c_uint64), ("call", ctypes.c_char * 32),
        ("trace", TRACE), ("leaks", TRACE * LEAKS),
        ("descriptors", ctypes.c_char * 256), ("crash", TRACE)]

    def count(self, kind, who):
        return self.counts[CLASSES.index(kind)][WHO.index(who)]


class Plan(collections.namedtuple("Plan", "kind who mode k error")):
    """Which calls fail, and how."""

    def __str__(self):
        return "%s %s %s %d %d" % self


# Nothing fails; or only what the system lets fail.
NO_PLAN = Plan("alloc", "any", "none", 1, 0)
LIMITED = Plan("alloc", "any", "limit", 1, 0)


# ---- the shim ----

# AddressSanitizer can do with the shim before it; leaks are ours to find.
BEHIND = {"ASAN_OPTIONS": ":".join(filter(None, (
    os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0",
    "detect_leaks=0", "allocator_may_return_null=1")))} \
    if "address" in SANITIZERS else {}

_built = []


def shim():
    if "thread" in SANITIZERS:
        skip("that sanitizer has to be loaded first")
    if not _built:
        folder = tempfile.mkdtemp(prefix="fetchpool-torture-")
        at_end(Directory(folder).end)
        path = folder + "/torture.so"
        done = subprocess.run(
            [tool("cc"), "-shared", "-fPIC", "-O1", "-fno-builtin",
             "-fno-optimize-sibling-calls", "-o", path,
             *(TESTS + "/torture/torture%s.c" % part for part in ("", "calls", "who")),
             "-ldl", "-lpthread"],
            capture_output=True, timeout=60)
        check(done.returncode == 0, done.stderr.decode("utf-8", "replace"))
        _built.append(path)
    return _built[0]


# ---- runs ----

class Run:
    """How the program is started: name, the arguments, what it reads.

    {dir} in an argument is a fresh folder, in which `files` (name: content)
    are. Where its records are: in `output`, a file there, or on standard
    output; those of `-f body` have no seq, so `is_plain`; `is_text`: there are
    none, and only so many bytes are compared, if it is a number. `failed` is
    its file of what did not succeed, `bodies` its folder of bodies. With a
    journal, the output may end in `torn` when the run begins. `before` is
    called before each run, `meanwhile` with the running Program, `after` with
    the folder and the Outcome when it has ended; `prepare` is called with the
    folder before it begins. `dies_of` are the signals it may die of.
    """

    def __init__(self, name, args, input=b"", n_items=None, files=None,
                 output=None, failed=None, bodies=None, is_plain=False,
                 is_text=False, dies_of=(), torn=None, before=None,
                 prepare=None, meanwhile=None, after=None, env=None, quiet=False):
        self.name, self.args, self.input = name, args, input
        self.n_items = n_items if n_items is not None else \
            len(input.splitlines())
        self.files, self.output, self.failed = files or {}, output, failed
        self.bodies, self.is_plain, self.is_text = bodies, is_plain, is_text
        self.dies_of, self.torn = dies_of, torn
        self.before, self.prepare = before, prepare
        self.meanwhile, self.after = meanwhile, after
        self.env, self.quiet = env or {}, quiet
        self.clean_one = None


class Outcome:
    """What a run left behind."""

    def __init__(self, result, report, folder, run):
        self.result, self.report = result, report
        self.status, self.err = result.status, result.err
        try:
            self.out = contents(folder + "/" + run.output) \
                if run.output else result.out
        except FileNotFoundError:
            self.out = b""
        self.out = self.out.replace(folder.encode(), b"{dir}")
        if run.torn and self.status == 3 and self.out.endswith(run.torn):
            self.out = self.out[:-len(run.torn)]
        self.failed = self.bodies = None
        if run.failed and os.path.exists(folder + "/" + run.failed):
            self.failed = contents(folder + "/" + run.failed)
        if run.bodies:
            self.bodies = {
                name: contents(os.path.join(folder, run.bodies, name))
                for name in os.listdir(os.path.join(folder, run.bodies))}


def start(run, plan, timeout=20, deep=False, limits=()):
    if run.before:
        run.before()
    folder = tempfile.mkdtemp(prefix="fetchpool-t-")
    place = Directory(folder)
    try:
        for name, data in run.files.items():
            path = os.path.join(folder, name)
            if data is None:
                os.mkdir(path)
            else:
                with open(path, "wb") as file:
                    file.write(data)
        if run.prepare:
            run.prepare(folder)
        with open(folder + "/.report", "wb") as file:
            file.truncate(ctypes.sizeof(Report))
        env = {"LD_PRELOAD": shim(), "TORTURE_PLAN": str(plan),
               "TORTURE_REPORT": folder + "/.report", **BEHIND, **run.env}
        if deep:
            env["TORTURE_DEEP"] = "1"
        program = Program(
            [arg.replace("{dir}", folder) for arg in run.args],
            stdin=run.input, env=env, limits=limits)
        try:
            if run.meanwhile:
                run.meanwhile(program)
            result = program.wait(timeout)
        finally:
            program.end()
            started.remove(program)
        report = Report.from_buffer_copy(contents(folder + "/.report"))
        outcome = Outcome(result, report, folder, run)
        if run.after:
            run.after(folder, outcome)
        return outcome
    finally:
        place.end()


def clean(run):
    """The run in which nothing fails; kept, to compare with."""
    if not run.clean_one:
        outcome = start(run, NO_PLAN)
        check(outcome.report.has_returned or run.dies_of,
              "the shim was not loaded: %r" % outcome.result)
        check(run.is_text or outcome.status in (0, 1) or run.dies_of,
              "it does not come to anything: %r" % outcome.result)
        run.clean_one = outcome
        judge_left(outcome)
    return run.clean_one


# ---- the judge ----

TIME = re.compile(rb',"fetch_time":[0-9.]+')
VARYING = ("fetch_time", "attempts", "tries", "started", "time_connect",
           "time_first_byte", "ip")


def fixed(record):
    return {k: v for k, v in record.items() if k not in VARYING}


def judge_left(outcome):
    report = outcome.report
    if not report.has_returned:
        return
    check(report.n_descriptors == 0, "left open: %s" %
          report.descriptors.decode())
    check(report.n_leaks == 0, "%d blocks (%d bytes) were not freed:\n%s" % (
        report.n_leaks, report.n_leaked_bytes, "\n".join(
            show_trace(trace) for trace in
            report.leaks[:min(report.n_leaks, LEAKS)])))


def show_trace(trace):
    """Where it was called from, with lines where they are known."""
    from tap import PROGRAM
    places = [frame.value.decode() for frame in trace if frame.value]
    places = [p for p in places if not p.startswith("torture.so")]
    ours = [p[len("PROGRAM+"):] for p in places if p.startswith("PROGRAM+")]
    lines = {}
    if ours and shutil.which("addr2line"):
        said = subprocess.run(
            ["addr2line", "-s", "-f", "-e", PROGRAM] +
            ["%#x" % (int(p, 16) - 1) for p in ours],
            capture_output=True, text=True).stdout.split("\n")
        lines = {"PROGRAM+" + p: "%s (%s)" % tuple(said[2 * i:2 * i + 2])
                 for i, p in enumerate(ours) if len(said) > 2 * i + 1}
    return "\n".join("    " + lines.get(p, p) for p in places)


def judge_records(run, before, outcome):
    """The seqs that succeeded; those that failed on standard output."""
    succeeded, failed = set(), set()
    known = {r["seq"]: r for r in records_of(before.out)}
    for record in records_of(outcome.out):
        seq = record["seq"]
        check(seq not in succeeded | failed, "two records for %d" % seq)
        check(seq in known or record.get("error") or run.dies_of,
              "a record that the clean run has not: %r" % record)
        if seq in known:
            check(record["input"] == known[seq]["input"],
                  "another item's record: %r" % record)
        if record.get("error"):
            failed.add(seq)
            continue
        succeeded.add(seq)
        if seq in known:
            check(not known[seq].get("error") and
                  fixed(record) == fixed(known[seq]),
                  "a wrong record: %r\nthe clean run has %r" %
                  (record, known[seq]))
    return succeeded, failed


def judge_lines(before, outcome):
    """Plain bodies: how many, and none that the clean run has not."""
    known, given = (
        collections.Counter(TIME.sub(b"", one.out).splitlines())
        for one in (before, outcome))
    records_of(outcome.out)
    check(not given - known, "wrong lines: %r" % (given - known))
    return sum(given.values())


def judge_items(run, before, outcome, plan):
    status = outcome.status
    errors = set(outcome.result.errors) | {
        strict_json(line.encode())["seq"]
        for line in outcome.result.text.splitlines() if line[:7] == '{"seq":'}
    if run.is_plain:
        n = judge_lines(before, outcome) + len(errors)
        succeeded = None
    else:
        succeeded, failed = judge_records(run, before, outcome)
        check(not succeeded & errors, "%s succeeded, and failed" %
              (succeeded & errors))
        n = len(succeeded | failed | errors)
    check(n <= run.n_items, "%d outcomes of %d items" % (n, run.n_items))
    is_mute = plan.kind == "speak" or run.quiet
    if status == 0:
        check(before.status == 0 and n == run.n_items,
              "status 0 with %d of %d items" % (n, run.n_items))
    elif status == 1 and not is_mute:
        check(n == run.n_items, "status 1, and %d of %d items have an outcome"
              % (n, run.n_items))
    if succeeded is not None:
        judge_failed_file(run, outcome, succeeded)
        judge_bodies(run, before, outcome, succeeded)


def judge_failed_file(run, outcome, succeeded):
    text = outcome.result.text
    if outcome.failed is None or outcome.status == 2:
        return
    # What was not done is held in memory, if there is any.
    if run.torn and "fetchpool: out of memory\n" in text:
        return
    if outcome.status not in (0, 1) and (
            "stopped: " not in text or "{}/{}".format("", run.failed) in text
            or "cannot read" in text):
        return
    lines = run.input.splitlines()
    wanted = sorted(line for seq, line in enumerate(lines, 1)
                    if seq not in succeeded)
    check(sorted(outcome.failed.splitlines()) == wanted,
          "--failed has %r; not done or failed: %r" %
          (outcome.failed, wanted))


def judge_bodies(run, before, outcome, succeeded):
    if outcome.bodies is None:
        return
    for name, data in outcome.bodies.items():
        check(name in before.bodies, "left there: %r" % name)
        check(data == before.bodies[name], "a wrong body in %s" % name)
    check(len(outcome.bodies) >= len(succeeded), "bodies are missing: %s" %
          list(outcome.bodies))


def not_ours(outcome):
    """Whether it was ended by what cannot do without memory: OpenSSL while it
    begins, libc's databases of names, or libcurl's cache of TLS sessions
    (7.88.1 frees one twice)."""
    where, cause = (
        [place.split(".")[0] for place in
         (frame.value.decode() for frame in trace)
         if place and not place.startswith(("torture", "libc.", "libasan",
                                            "?"))]
        for trace in (outcome.report.crash, outcome.report.trace))
    return b"nss_database_reload_1: Assertion" in outcome.err or \
        where[:1] in (["libcrypto"], ["libssl"]) or \
        where[:1] == ["libcurl"] and "libssl" in where[1:4] + cause[1:4]


def has_no_stack(run, outcome, plan):
    """Whether OpenSSL has called itself until there was no stack, not even for
    a trace: 3.6.5 does where it has no memory to say that it has none."""
    return plan.mode == "limit" and run.name == "TLS" and \
        outcome.status == -signal.SIGSEGV and \
        not outcome.report.crash[0].value


def judge(run, before, outcome, plan):
    status = outcome.status
    if plan.kind == "write" and not run.output:
        # What is in a pipe cannot be taken back.
        outcome.out = outcome.out[:outcome.out.rfind(b"\n") + 1]
    if status < 0 and (not_ours(outcome) or has_no_stack(run, outcome, plan)):
        return
    check(status in (0, 1, 2, 3) or -status in run.dies_of,
          "it ended with %s" % status)
    if status == 0 and run.is_text:
        n = len(before.out) if run.is_text is True else run.is_text
        check(outcome.out[:n] == before.out[:n], "another text, and status 0")
    if status in (2, 3) and plan.kind != "speak":
        check(outcome.result.text, "status %d without a message" % status)
    if status == 2 and before.status != 2 and plan.error != EACCES:
        raise Failed("a failed call is no wrong usage: " +
                     outcome.result.text)
    if plan.kind == "socket" and plan.mode == "once" and \
            plan.error in (EMFILE, ENOBUFS):
        check(status == before.status, "an item did not wait for a socket")
    if outcome.report.n_failed == 0 and not run.dies_of and \
            plan.mode != "limit":
        check(status == before.status, "status %s where nothing failed" %
              status)
    if not run.is_text:
        judge_items(run, before, outcome, plan)
    judge_left(outcome)


def hurt(run, plan, **more):
    """Runs it with this plan, and judges. Whether any call failed."""
    before = clean(run)
    outcome = None
    try:
        outcome = start(run, plan, **more)
        if outcome.status == 127 and more.get("limits"):
            return outcome  # not so much as its libraries found room
        judge(run, before, outcome, plan)
    except Failed as why:
        report = outcome.report if outcome else None
        raise Failed("%s, %s: %s\nthe call that failed: %s\n%s\n%s\n%r" % (
            run.name, plan, why, report.call.decode() if report else "?",
            show_trace(report.trace) if report else "",
            "it crashed:\n" + show_trace(report.crash)
            if report and report.crash[0].value else "",
            outcome.result if outcome else "")) from None
    return outcome
