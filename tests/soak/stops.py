# SPDX-License-Identifier: MIT
"""
stops: runs that are ended by a signal at any moment, compared with a clean
one: what was written is whole, it is what the clean run wrote, and together
with --failed it is all of the input.
"""
import collections
import os
import random
import signal
import threading
import time

from harness import Program
from mixed import WORDS
from tap import Directory, check, contents, equal, temp_dir

NUMBERS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
# Those whose outcome is the same each time.
STEADY = [word for word in WORDS if word not in ("flaky", "big", "head")]


class Stops:
    def __init__(self, server, n, seed=0):
        chance = random.Random(seed)
        self.folder = temp_dir()
        self.lines = ["%s/%s/%d" % (
            server.url, chance.choice(STEADY), number)
            for number in server.numbers(n)]
        self.path = self.folder + "/items"
        with open(self.path, "w") as file:
            file.write("".join(line + "\n" for line in self.lines))
        self.args = ["-j8", "--fields=seq,input,status,body"]
        began = time.monotonic()
        result = Program([*self.args, "-i", self.path]).wait()
        self.clean = {r["seq"]: r for r in result.records}
        self.bad = set(result.errors)
        self.seconds = time.monotonic() - began
        equal(result.status, 1)
        equal(set(self.clean) | self.bad, set(range(1, n + 1)))

    def start(self, kind, args):
        if kind == "file":
            return Program([*args, "-i", self.path])
        if kind == "stdin":
            with open(self.path, "rb") as file:
                return Program(args, stdin=file)
        reader, writer = os.pipe()
        data = contents(self.path)

        def feed():
            with open(writer, "wb") as file:
                try:
                    file.write(data)
                except OSError:
                    pass

        thread = threading.Thread(target=feed)
        thread.start()
        program = Program(args, stdin=reader)
        os.close(reader)
        return program

    def once(self, number, seed):
        """One run, and a signal, or two, at some moment of it. Whether it
        came in the middle."""
        chance = random.Random(seed)
        folder = Directory(temp_dir())
        args = self.args + ["--failed", folder.path + "/failed"]
        args += chance.choice([[], ["-k"], ["-k", "--grace=0s"]])
        kind = chance.choice(["file", "stdin", "pipe"])
        program = self.start(kind, args)
        program.caught(number)
        # By the clock, so that any place of the program may be hit; or by how
        # far it is, so that a slow machine has its share of the early ones.
        if chance.random() < 0.5:
            time.sleep(chance.uniform(0, self.seconds))
        else:
            at = chance.randrange(len(self.clean))
            while program.out.count(b"\n") < at and program.ended() is None:
                time.sleep(0.0005)
        program.kill(number)
        if chance.random() < 0.2:
            time.sleep(chance.uniform(0, 0.01))
            program.kill(chance.choice(NUMBERS))
        result = program.wait()
        program.end()
        self.judge(result, kind, contents(folder.path + "/failed"))
        folder.end()
        return result.status != 1

    def judge(self, result, kind, failed):
        what = "%s, %r" % (kind, result)
        check(result.status == 1 or -result.status in NUMBERS, what)
        check(not failed or failed.endswith(b"\n"), "--failed is torn")
        seqs = [r["seq"] for r in result.records]
        equal(len(seqs), len(set(seqs)), "records twice: " + what)
        for record in result.records:
            equal(record, self.clean.get(record["seq"]), what)
        if "-k" in result.args:
            equal(seqs, sorted(seqs), what)
        check(not set(seqs) & set(result.errors),
              "an item with two outcomes: " + what)
        have = collections.Counter(r["input"] for r in result.records)
        have.update(failed.decode().splitlines())
        # Of a pipe, what was not read is still the pipe's.
        read = self.lines[:sum(have.values())] if kind == "pipe" \
            else self.lines
        check(have == collections.Counter(read),
              "records and --failed are not the input: " + what)
