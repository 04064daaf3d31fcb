#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A journal crossed with all that it can meet: kinds of items, options, ends of
runs, and ways to go on; several times in a row. Whatever ended the runs before,
the outputs are then those of a run that nothing has ended: every item once,
with -k in order.

Here every pair of values of any two columns is met. With --long, as in
`make soak`, all of the rows are run, or those from FP_CROSS=FIRST-LAST.
"""
import collections
import fcntl
import itertools
import json
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import termios
import threading

import kit  # noqa: F401: where the other folders are

sys.dont_write_bytecode = True
from harness import Program, fetchpool, records_of
from servers import faults
from tap import PROGRAM, check, contents, equal, main, temp_dir, test, until

N = 36
COLUMNS = {
    "items": ["lines", "NUL", "json", "csv"],
    "-a": [False, True], "-k": [False, True], "-D": [False, True],
    "--failed": [False, True], "--shard": [False, True],
    "--rate-file": [False, True], "--sync": [False, True],
    "end": ["TERM", "HUP", "deadline", "max-errors", "kill", "disk full",
            "reader gone"],
    "again": ["--resume", "--retry-failed"],
    "copied": [False, True],
}
NAMED = "lines, -a, -k, -D, --failed, --shard, --rate-file, TERM, --resume"
# Where a file may have lines that the journal knows nothing of, and a copy of
# it is refused.
NO_LAST_WORD = "kill", "disk full", "reader gone"
ENDS = 3  # a run is ended so often before one is left alone


def is_possible(row):
    return not (row["again"] == "--retry-failed" and
                (row["-a"] or row["-k"])) and \
        not (row["items"] == "csv" and not HAS_CSV) and \
        not (row["copied"] and row["end"] in NO_LAST_WORD)


HAS_CSV = "csv" in subprocess.run(
    [PROGRAM, "--help", "all"], capture_output=True,
    text=True).stdout.partition("--input-format")[2].partition("\n")[0]


def all_rows():
    for values in itertools.product(*COLUMNS.values()):
        row = dict(zip(COLUMNS, values))
        if is_possible(row):
            yield row


def pairs_of(row):
    return set(itertools.combinations(row.items(), 2))


def pairwise():
    """Rows, few, that hold all pairs of values that are possible."""
    rows = list(all_rows())
    chance = random.Random(1)
    chance.shuffle(rows)
    left = set().union(*map(pairs_of, rows))
    # The one that the manual names.
    chosen = [row for row in rows if words(row) == NAMED]
    left -= pairs_of(chosen[0])
    while left:
        best = max(chance.sample(rows, min(len(rows), 400)),
                   key=lambda row: len(pairs_of(row) & left))
        if pairs_of(best) & left:
            chosen.append(best)
            left -= pairs_of(best)
    return chosen


class Valve:
    """A server that answers so many requests, and holds the others back."""

    def __init__(self):
        self.changed = threading.Condition()
        self.room = self.turn = 0
        self.url = faults().on("/valve", self._answer)

    def allow(self, n):
        with self.changed:
            self.room = n
            self.turn += 1  # those that a run has left behind get nothing
            self.changed.notify_all()

    def _answer(self, conn, request):
        with self.changed:
            turn = self.turn
            self.changed.wait_for(
                lambda: self.room > 0 or self.turn != turn, 20)
            if self.turn != turn or self.room == 0:
                return
            self.room -= 1
        number = int(request.query)
        body = b'{"n":%d}' % number
        # The first items are good: with --max-errors something is done, and a
        # first run that is stopped may leave nothing but what it has not done.
        status = b"404 Not Found" if number % 5 == 3 and number > 12 \
            else b"200 OK"
        conn.send(b"HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                  b"Content-Length: %d\r\n\r\n%s" % (status, len(body), body))


class Cross:
    def __init__(self, row):
        self.row, self.folder, self.valve = row, temp_dir(), Valve()
        self.pipes = row["end"] == "reader gone"
        self.heard = b""  # all that came through pipes
        self.out, self.failed, self.journal, self.bodies, self.rate = (
            os.path.join(self.folder, name) for name in
            ("out", "failed", "journal", "bodies", "rate"))
        self.input = os.path.join(self.folder, "input")
        with open(self.input, "w") as file:
            file.write("id,x\n" if row["items"] == "csv" else "")
            for n in range(1, N + 1):
                file.write({"lines": "%d\n", "NUL": "%d\0",
                            "json": '{"id":%d}\n', "csv": "%d,y\n"}[
                                row["items"]] % n)

    def args(self, whole=False):
        row = self.row
        args = ["-q", "-j3", "-i", self.input, "--window=9"]
        if row["items"] == "NUL":
            args += ["-0"]
        elif row["items"] != "lines":
            args += ["--input-format", row["items"]]
        args += [flag for flag in ("-a", "-k") if row[flag]]
        args += ["--fields", "seq,input,status" +
                 (",file" if row["-D"] else ",body")]
        if row["-D"]:
            args += ["-D", self.bodies, "--overwrite"]
        if row["--failed"]:
            args += ["--failed", self.failed + (".whole" if whole else "")]
        if row["--shard"]:
            args += ["--shard=2/2"]
        if row["--rate-file"]:
            args += ["-r5000/s", "--rate-file", self.rate]
        if not whole:
            args += ["--journal", self.journal]
            args += ["--sync"] if row["--sync"] else []
        if whole or not self.pipes:
            args += ["-o", self.out + (".whole" if whole else "")]
        return args

    def template(self):
        return self.valve.url + (
            "?{}" if self.row["items"] in ("lines", "NUL") else "?{id}")

    def whole(self):
        """What a run that nothing ends leaves behind."""
        self.valve.allow(10 * N)
        result = fetchpool([*self.args(True), self.template()])
        equal(result.status, 1, repr(result))
        bodies = self.take_bodies()
        return (contents(self.out + ".whole"),
                contents(self.failed + ".whole") if self.row["--failed"]
                else b"", bodies)

    def take_bodies(self):
        if not self.row["-D"]:
            return {}
        # What dies while it replaces a file may leave a hidden one behind.
        return {name: contents(os.path.join(self.bodies, name))
                for name in os.listdir(self.bodies)
                if not (self.row["end"] in ("kill", "reader gone") and
                        name.startswith(".fetchpool-"))}

    def n_done(self):
        return contents(self.journal).count(b"\nd ") \
            if os.path.exists(self.journal) else 0

    def room(self):
        """Bytes that no file may outgrow: some more than there are."""
        sizes = [os.stat(path).st_size for path in (self.out, self.journal)
                 if os.path.exists(path)]
        return max(sizes + [2500]) + 150

    def start(self, *more, **kwargs):
        return Program([*self.args(), *more, self.template()],
                       stdout=None if self.pipes else -3, **kwargs)

    def end(self, number):
        """A run that is ended as the row says, when some items are done."""
        end, more, kwargs = self.row["end"], ["--grace=0"], {}
        before = self.n_done()
        self.valve.allow(10 * N if end in ("max-errors", "disk full") else 6)
        if number > 0:
            more.append(self.row["again"])
        if end == "deadline":
            more.append("--deadline=300ms")
        if end == "max-errors":
            more.append("--max-errors=0")
        if end == "disk full":
            kwargs["limits"] = [(resource.RLIMIT_FSIZE, (self.room(),) * 2)]
        program = self.start(*more, **kwargs)
        if end in ("TERM", "HUP", "kill", "reader gone"):
            # With -k, what is held back may be what the others wait for.
            until(lambda: self.n_done() >= before + 3 or
                  self.valve.room == 0 or program.ended() is not None,
                  "some items")
        if end == "reader gone":
            leave(program)
        elif end in ("TERM", "HUP", "kill"):
            program.kill(getattr(signal, "SIG" + end.upper()))
        result = program.wait(30)
        self.heard += whole_lines(result.out)
        check(result.status not in (0, 2), repr(result))
        self.look()
        if self.row["copied"]:
            self.copy()

    def copy(self):
        """All files are others from now on, with the same in them."""
        for path in self.out, self.failed, self.journal, self.input:
            if os.path.exists(path):
                shutil.copy(path, path + ".copy")
                os.replace(path + ".copy", path)

    def look(self):
        """Between two runs: no item twice, but what a pipe may repeat."""
        if not self.pipes and os.path.exists(self.out):
            seqs = [record["seq"] for record in records_of(
                whole_lines(contents(self.out)))]
            if self.row["end"] != "kill":
                twice = [seq for seq, n in collections.Counter(seqs).items()
                         if n > 1]
                equal(twice, [], "records twice")

    def last(self):
        self.valve.allow(10 * N)
        program = self.start(self.row["again"])
        result = program.wait(30)
        self.heard += result.out
        equal(result.status, 1, repr(result))


def unread(program):
    """Bytes that are in the pipe of its standard output."""
    return struct.unpack("i", fcntl.ioctl(
        program.proc.stdout, termios.FIONREAD, bytes(4)))[0]


def leave(program):
    """Its reader goes when it has read all that is there: what is still in
    the pipe then is lost."""
    program.kill(signal.SIGSTOP)
    until(lambda: program.ended() is not None or
          set(program.threads()) == {"T"} and unread(program) == 0,
          "the reader")
    program.drop()
    program.kill(signal.SIGTERM)
    program.kill(signal.SIGCONT)


def whole_lines(data):
    return data[:data.rfind(b"\n") + 1]


def lines(data):
    return sorted(data.replace(b"\0", b"\n").splitlines(True))


def run_row(row):
    cross = Cross(row)
    out, failed, bodies = cross.whole()
    for number in range(ENDS):
        cross.end(number)
    for _ in range(2):  # the second has nothing left to do
        cross.last()
    if cross.pipes:
        equal(sorted(set(cross.heard.splitlines(True))), lines(out), "output")
    elif row["-k"]:
        equal(contents(cross.out), out, "the output")
    else:
        equal(lines(contents(cross.out)), lines(out), "the output")
    if row["--failed"]:
        equal(lines(contents(cross.failed)), lines(failed), "--failed")
    equal(cross.take_bodies(), bodies, "bodies")
    check(json.loads(out.splitlines()[0])["seq"] > 0, "no records")


def rows_to_run():
    which = os.environ.get("FP_CROSS")
    is_long = "--long" in sys.argv
    if is_long:
        sys.argv.remove("--long")
    if not which and not is_long:
        return pairwise()
    rows = list(all_rows())
    random.Random(2).shuffle(rows)
    first, last = map(int, (which or "0-%d" % len(rows)).split("-"))
    return rows[first:last]


def words(row):
    return ", ".join(value if isinstance(value, str) else name
                     for name, value in row.items() if value)


@test("99 lines, -a, -k, -D, --failed, --shard, --rate-file, TERM, --resume")
def _():
    run_row(next(row for row in all_rows() if words(row) == NAMED))


for each in rows_to_run():
    if words(each) != NAMED:
        test("99 " + words(each))(lambda row=each: run_row(row))

if __name__ == "__main__":
    main()
