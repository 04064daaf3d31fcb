# SPDX-License-Identifier: MIT
"""
parts: what `make soak` can do, a function each; its first line says what. A
part gets `soak`: soak.items and soak.kills say how much, soak.say() tells how
it goes, and whatever is wrong is raised.
"""
import os
import subprocess
import sys
import time

from harness import Program
from mixed import RUNS, MixedServer, Run
from servers import Nginx
from stops import NUMBERS, Stops
from tap import check, temp_dir

HEALTHY = "location / { default_type application/json; " \
    "return 200 '{\"n\": \"$request_uri\"}'; }"

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Memory may grow so much after a fifth of the items, in KiB.
GROWTH = 4096
# A body goes to a file, and all files are kept until the run's end.
FILES_MAX = 20000


def mixed(soak):
    """ITEMS items, all faults mixed: one outcome each, flat memory"""
    with MixedServer() as server, Nginx(HEALTHY) as nginx:
        runs = [r for r in RUNS if None not in r]
        for seed, options in enumerate(RUNS):
            n = soak.items // len(runs)
            if None in options:
                n = min(n, FILES_MAX)
            run = Run(server, n, options, soak.seed + seed, nginx.url)
            early, late = run.judge(3600)
            soak.say("%s: %d items, %s; at most %d KiB, %d KiB early" % (
                " ".join(o or "DIR" for o in options), n, ", ".join(
                    "%d %s" % (m, k) for k, m in run.tally().most_common()),
                late, early))
            check(n < 100000 or late - early < GROWTH,
                  "memory grew from %d to %d KiB" % (early, late))
            run.end()


def tree(soak):
    """ITEMS files in a tree of 4,096 folders, each one as it should be"""
    at = temp_dir()
    names = ["%x/%x/%d" % (n % 64, n // 64 % 64, n)
             for n in range(soak.items)]
    with open(at + "/list", "w") as file:
        file.writelines(name + "\n" for name in names)
    with Nginx(HEALTHY) as nginx, open(at + "/list") as lines:
        program = Program(["-q", "-j64", "-D", at + "/tree", "--create-dirs",
                           "--output-name={}.json", nginx.url + "/{+}"],
                          stdin=lines, stdout=subprocess.DEVNULL)
        peak = 0
        while program.ended() is None:
            peak = max(peak, program.memory("VmHWM"))
            time.sleep(0.2)
        result = program.wait(3600)
    check(result.status == 0, repr(result)[-2000:])
    for name in names:
        with open("%s/tree/%s.json" % (at, name)) as file:
            body = file.read()
        check(body == '{"n": "/%s"}' % name, name + ": " + body)
    n = sum(len(files) for _, _, files in os.walk(at + "/tree"))
    check(n == soak.items, "%d files" % n)
    check(peak < 64 << 10, "%d KiB" % peak)
    soak.say("%d files, at most %d KiB of memory" % (n, peak))


def signals(soak):
    """INT, TERM, HUP at KILLS random moments each, against a clean run"""
    with MixedServer() as server:
        stops = Stops(server, 3000, soak.seed)
        for number in NUMBERS:
            hits = sum(stops.once(number, soak.seed + seed)
                       for seed in range(soak.kills))
            soak.say("%s: %d runs, %d of them ended by it" % (
                number.name, soak.kills, hits))
            check(hits, "all signals came too late")


def _script(soak, name, *args):
    """A test's long form: a script of its own."""
    said = subprocess.run(
        [sys.executable, os.path.join(TESTS, "cli", name), "--long", *args],
        stdout=subprocess.PIPE, text=True, check=False)
    lines = said.stdout.splitlines()
    check(said.returncode == 0, "\n".join(
        line for line in lines if line.startswith(("not ok", "#")))[-4000:])
    for line in lines[-3:]:
        soak.say(line)


def kills(soak):
    """A run with a journal, killed a thousand times at random moments"""
    _script(soak, "test_resumekill.py")


def torture(soak):
    """Each call of the system and of memory fails once: an eighth, by SEED"""
    _script(soak, "test_torture.py", "--part", "%d/8" % (soak.seed % 8))


def crashes(soak):
    """All that a power cut can leave of runs with a journal"""
    _script(soak, "test_crashstates.py")


def cross(soak):
    """A journal crossed with all kinds of items, options, ends and returns"""
    _script(soak, "test_journalcross.py")


PARTS = {"mixed": mixed, "tree": tree, "signals": signals, "kills": kills,
         "crashes": crashes, "cross": cross, "torture": torture}
