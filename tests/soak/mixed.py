# SPDX-License-Identifier: MIT
"""
mixed: very many items with answers of every kind, and what has to come of
each: one outcome, the right one, with the item's own number in it.

    with MixedServer() as server:
        for options in RUNS: Run(server, n, options, seed).judge()
"""
import collections
import json
import os
import random
import shutil
import subprocess

from harness import Program, strict_json
from tap import TOP, Failed, check, equal, show, temp_dir

# What may come of each: a success, or these kinds. A retry can make a success
# of "flaky" alone; but when too many failed, the budget for retries is spent.
NETWORK = {"network", "incomplete"}
WORDS = {
    "good": {None}, "chunked": {None}, "close": {None}, "gzip": {None},
    "big": {None}, "slow": {None}, "nothing": {None}, "redirect": {None},
    "interim": {None}, "extra": {None},
    "cut": NETWORK, "chunkscut": NETWORK, "reset": NETWORK,
    "jsoncut": {"body"}, "gzipcut": {"incomplete"}, "hangup": {"network"},
    "missing": {"http"}, "broken": {"http"}, "badjson": {"body"},
    "twolengths": {"network"}, "nohttp": {"network"},
    "head": {"too_large"}, "flaky": {None, "http"} | NETWORK,
}
# How often each comes: what is large or slow, more rarely.
OFTEN = collections.defaultdict(lambda: 20, good=400, flaky=60, big=1, slow=3,
                                head=1)
NGINX = "nginx"

RUNS = (
    ["-j64"],
    ["-j16", "-k", "-a"],
    ["-j200", "-k", "--window=1000"],
    ["-j32", "-a", "--retry=0", "--http2"],
    ["-j8", "-a", "-D", None],
)


class MixedServer:
    """.url is http://127.0.0.1:PORT."""

    def __enter__(self):
        program = os.environ.get("SERVER") or os.path.join(
            os.environ.get("builddir") or TOP, "tests", "servers", "mixedserver")
        self.proc = subprocess.Popen([program], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE)
        self.url = "http://127.0.0.1:" + \
            self.proc.stdout.readline().decode().strip()
        self.n = 0
        return self

    def __exit__(self, *exc):
        self.proc.stdin.close()
        self.proc.wait(10)
        self.proc.stdout.close()

    def numbers(self, n):
        """That many that were not used before."""
        first, self.n = self.n, self.n + n
        check(self.n < 1 << 24, "too many items for one server")
        return range(first, self.n)


class Run:
    def __init__(self, server, n, options, seed, healthy=None):
        """healthy: the URL of a server without faults, for a part of all."""
        chance = random.Random(seed)
        words = list(WORDS) + [NGINX] * bool(healthy)
        weights = [300 if w == NGINX else OFTEN[w] for w in words]
        self.numbers = server.numbers(n)
        self.words = chance.choices(words, weights, k=n)
        self.folder = temp_dir()
        self.path = self.folder + "/items"
        with open(self.path, "w") as file:
            for word, number in zip(self.words, self.numbers):
                file.write("%s/%s/%d\n" % (
                    healthy if word == NGINX else server.url, word, number))
        self.dir = None
        if None in options:
            self.dir = self.folder + "/bodies"
            options = [o or self.dir for o in options]
        if not any(o.startswith("--retry") for o in options):
            options = options + ["--retry=3"]
        self.options = [
            *options, "--retry-delay=1ms", "--retry-max-delay=2ms",
            "--failed", self.folder + "/failed"]
        if self.dir is None:
            self.options += ["--fields=seq,input,status,body"]
        self.outcomes = {}  # seq: kind, None for a success

    def note(self, seq, kind):
        if seq in self.outcomes:
            raise Failed("two outcomes for item %d" % seq)
        word = self.words[seq - 1]
        # A file holds what came, if only its length is right.
        if word == "badjson" and self.dir and kind is None:
            self.outcomes[seq] = None
            return
        if kind not in WORDS.get(word, {None}):
            raise Failed("item %d, %s: %s" % (seq, word, self.line))
        self.outcomes[seq] = kind

    def note_record(self, line):
        self.line = line
        record = json.loads(line)
        seq = record["seq"]
        kind = (record.get("error") or {}).get("kind")
        self.note(seq, kind)
        if kind is None:
            self.check_body(seq, record)
        if "-k" in self.options:
            check(seq > self.last, "item %d after %d" % (seq, self.last))
            self.last = seq

    def check_body(self, seq, record):
        word, number = self.words[seq - 1], self.numbers[seq - 1]
        if word == "badjson":
            return
        if word == "nothing":
            equal((record["status"], record.get("body")), (204, None))
            return
        if self.dir:
            with open(os.path.join(self.dir, record["file"]), "rb") as file:
                body = strict_json(file.read())
        else:
            body = record["body"]
        if word == "big":
            equal((set(body), len(body)), ({number}, 2001 + number % 9000))
        elif word == NGINX:
            equal(body, {"n": "/%s/%d" % (word, number)})
        else:
            equal(body["n"], number, "%s %d" % (word, number))

    def judge(self, seconds=600):
        """Runs it. Returns the most memory it had, early and at its end, in
        KiB; fails if any item has not exactly one outcome, and a right one."""
        self.last = 0
        program = Program(["-i", self.path, *self.options], read=False)
        early, late, n = 0, 0, 0
        for line in program.proc.stdout:
            self.note_record(line)
            n += 1
            if n == len(self.words) // 5:
                early = program.memory("VmHWM")
            if n == len(self.words) * 9 // 20:
                late = program.memory("VmHWM")
        result = program.wait(seconds)
        text = bytes(program.err).decode()
        if "-a" not in self.options:
            self.note_errors(text)
        equal(result.status, 1, show(text[-500:]))
        equal(len(self.outcomes), len(self.words), "outcomes")
        with open(self.folder + "/failed") as file:
            failed = collections.Counter(file)
        with open(self.path) as file:
            wanted = collections.Counter(
                line for seq, line in enumerate(file, 1)
                if self.outcomes[seq] is not None)
        check(failed == wanted, "--failed holds other items than failed")
        return early, late

    def note_errors(self, text):
        """Each error says its item; of which kind it is, only the record."""
        for line in text.splitlines():
            words = line.split(": ", 2)
            if len(words) == 3 and words[1].isdigit():
                seq = int(words[1])
                bad = WORDS.get(self.words[seq - 1], {None}) - {None}
                check(bad, "item %d, %s: %s" % (
                    seq, self.words[seq - 1], line))
                self.note(seq, min(bad))

    def end(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def tally(self):
        return collections.Counter(
            "success" if k is None else k for k in self.outcomes.values())
