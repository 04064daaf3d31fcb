#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Tests of tests/run: each way in which a test can fail must be seen as a failure.
A runner that counts wrong makes all the others worthless, so these tests use
no helper but print their own few lines.
"""
import importlib.machinery
import importlib.util
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time

RUN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "run")

PASSES = "echo 'ok 1 - one'; echo 1..1"

# (name, script, options, last line, exit status, words in the output)
CASES = [
    ("a test that passes", PASSES, [], "1 passed, 0 failed", 0,
     " s CPU  1 passed"),
    ("not ok is a failure, and shows the output",
     "echo '# because'; echo 'not ok 1 - one'; echo 1..1; exit 1", [],
     "0 passed, 1 failed", 1, "| # because"),
    ("not ok is a failure even with exit status 0",
     "echo ok 1; echo 'not ok 2'; echo 1..2", [], "1 passed, 1 failed", 1, ""),
    ("a test that is skipped, and why",
     "echo ok 1; echo 'ok 2 - two # SKIP no moon'; echo 1..2", [],
     "1 passed, 0 failed, 1 skipped", 0, "two: no moon"),
    ("a program that is skipped as a whole",
     "echo ok 1 - a; echo 1..1; exit 0", ["--only", "t*"],
     "1 passed, 0 failed", 0, ""),
    ("nothing but skipped tests is no success",
     "echo '1..0 # SKIP no sun'", [], "0 passed, 0 failed, 1 skipped", 1,
     "no sun"),
    ("no test chosen is no success", PASSES, ["--only", "zzz"],
     "0 passed, 0 failed", 1, "no test was run"),
    ("too few results", "echo ok 1; echo 1..2", [], "1 passed, 1 failed", 1,
     "2 results were planned and 1 came"),
    ("no plan", "echo ok 1", [], "1 passed, 1 failed", 1, "no plan"),
    ("results out of order", "echo ok 2; echo 1..1", [], "0 passed, 1 failed",
     1, "is numbered 2"),
    ("no output at all", ":", [], "0 passed, 1 failed", 1, "no plan"),
    ("an exit status without a failure", PASSES + "; exit 3", [],
     "1 passed, 1 failed", 1, "exit status 3"),
    ("a death by signal", PASSES + "; kill -SEGV $$", [],
     "1 passed, 1 failed", 1, "died of SIGSEGV"),
    ("a report of a sanitizer that the test did not see",
     PASSES + "; echo overflow >\"${TMPDIR%/tmp}/report.1\"", [],
     "1 passed, 1 failed", 1, "| overflow"),
    ("a test that does not end", "echo ok 1; sleep 1000 & wait",
     ["--timeout", "0.5"], "1 passed, 1 failed", 1, "not done after"),
    ("a child that a test leaves behind keeps nobody waiting",
     "sleep 1000 & " + PASSES, [], "1 passed, 0 failed", 0, ""),
    ("no proxy, no setting, an empty standard input, a clean folder",
     "[ -z \"$http_proxy$HTTPS_PROXY$FETCHPOOL_URL$MAKEFLAGS\" ] && "
     "[ \"$LC_ALL\" = C.UTF-8 ] && [ -z \"$(cat)$(ls -A \"$TMPDIR\")\" ] && "
     "[ -d \"$srcdir/tests\" ] && [ \"$builddir\" = \"$PWD\" ] && "
     "[ \"$FETCHPOOL\" = \"$PWD/fetchpool\" ] && " + PASSES, [],
     "1 passed, 0 failed", 0, ""),
    ("signals are at their default in a test",
     "(kill -INT $BASHPID; echo alive); (kill -PIPE $BASHPID; echo alive); "
     "echo ok 1; echo 1..1; exit 1", [], "1 passed, 1 failed", 1, "ok"),
]

number = 0


def result(name, passed):
    global number
    number += 1
    print(f"{'ok' if passed else 'not ok'} {number} - {name}")
    return passed


def write(path, script):
    with open(path, "w") as file:
        file.write("#!/bin/bash\n" + script + "\n")
    os.chmod(path, 0o755)


def environment():
    env = dict(os.environ, http_proxy="http://127.0.0.1:1/", MAKEFLAGS="-n",
               HTTPS_PROXY="http://127.0.0.1:1/", FETCHPOOL_URL="http://x/{}")
    env["FP_TIME_SCALE"] = "1"
    return env


def check(case, folder):
    name, script, options, last, status, words = case
    write(os.path.join(folder, "t"), script)
    # INT is ignored here, as it is in a program started with `&'.
    command = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", RUN] + options
    ran = subprocess.run(
        command + ["./t"], cwd=folder, env=environment(), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    passed = (ran.stdout.endswith("\n" + last + "\n") and words in ran.stdout
              and "alive" not in ran.stdout and ran.returncode == status)
    if not result(name, passed):
        print(f"# exit status {ran.returncode}")
        for line in ran.stdout.splitlines():
            print("# " + line)
    return passed


def check_interrupt(folder):
    """INT ends the runner, what it runs, and removes what it made."""
    write(os.path.join(folder, "t"),
          "echo $$ $TMPDIR >pid.new; mv pid.new pid; exec sleep 1000")
    runner = subprocess.Popen(
        [RUN, "./t"], cwd=folder, env=environment(), start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    path = os.path.join(folder, "pid")
    while not os.path.exists(path):
        time.sleep(0.01)
    with open(path) as file:
        pid, tmpdir = file.read().split()
    os.kill(runner.pid, signal.SIGINT)
    runner.communicate()
    passed = runner.returncode == 1 and not os.path.exists(tmpdir)
    try:
        os.kill(int(pid), 0)
        passed = False
    except ProcessLookupError:
        pass
    return result("an interrupt ends all of it", passed)


def check_progress(folder):
    """It ends when it has been said that it still runs."""
    test = os.path.join(folder, "t_long")
    with open(test, "w") as file:
        file.write("#!/bin/sh\nwhile ! [ -e '%s/said' ]; do sleep 0.01; done\n"
                   "%s\n" % (folder, PASSES))
    os.chmod(test, 0o755)
    runner = subprocess.Popen([RUN, "--say", "0.05", test],
                              stdout=subprocess.PIPE, text=True)
    # Where starting it takes long, it may not run yet when that is said first.
    for said in itertools.islice(runner.stdout, 1000):
        if "t_long" in said:
            break
    with open(os.path.join(folder, "said"), "w"):
        pass
    rest = runner.communicate()[0].splitlines()
    return result("what still runs is said, also in a log",
                  said.startswith("....  0 of 1 done; running: t_long (") and
                  rest[-1] == "1 passed, 0 failed")


def check_removal(folder):
    """A folder that is made read-only goes; one that cannot be removed changes
    nothing above it, which may be everybody's /tmp."""
    loader = importlib.machinery.SourceFileLoader("run", RUN)
    run = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("run", loader))
    loader.exec_module(run)
    os.chmod(folder, 0o755)
    home = os.path.join(folder, "home")
    os.makedirs(os.path.join(home, "a"))
    os.chmod(home, 0o500)
    run.remove(home)
    run.remove(home)  # and cannot be any more
    return result("what is above a test's folder is left as it is",
                  os.stat(folder).st_mode & 0o777 == 0o755 and
                  not os.path.exists(home))


def main():
    passed = True
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            passed &= check(case, folder)
    with tempfile.TemporaryDirectory() as folder:
        passed &= check_interrupt(folder)
    with tempfile.TemporaryDirectory() as folder:
        passed &= check_progress(folder)
    with tempfile.TemporaryDirectory() as folder:
        passed &= check_removal(folder)
    print(f"1..{number}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
