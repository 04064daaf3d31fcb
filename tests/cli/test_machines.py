#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The recipes of SEVERAL MACHINES in fetchpool(1), as they stand there, each with
a machine that dies in the middle. The machines are processes of this one:
tasks of an array, and servers of ssh on ports of loopback, with keys of their
own. Only addresses, paths and numbers are replaced. tests/spark/run has the
one that needs Spark.
"""
import json
import os
import pwd
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from arrivals import Arrivals, crowds
from harness import environment, tool
from recipes import recipe
from redisserver import Redis
from servers import api, faults, free_port
from tap import (PATIENCE, PROGRAM, Failed, check, contents, equal,
                 main, skip, started, temp_dir, test, until)

POSTS = "https://api.example.com/posts/{}"


def numbers(first, last):
    return "".join("%d\n" % i for i in range(first, last + 1))


def put(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


def path_with(program):
    """A PATH where this program is fetchpool."""
    folder = temp_dir()
    os.symlink(program, os.path.join(folder, "fetchpool"))
    return folder + ":" + os.environ.get("PATH", "/usr/bin:/bin")


class Script:
    """A script that goes on, and all that it has started."""

    def __init__(self, text, folder, **env):
        self.text = text
        self.err = open(os.path.join(folder, "stderr"), "wb+")
        self.proc = subprocess.Popen(
            [tool("sh"), "-c", text], cwd=folder, stdin=subprocess.DEVNULL,
            stdout=self.err, stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment({"HOME": folder, "PATH": path_with(PROGRAM),
                             **env}))
        started.append(self)

    def said(self):
        self.err.seek(0)
        return self.err.read().decode("utf-8", "replace")

    def wait(self):
        try:
            return self.proc.wait(300 * PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed("still running: %s\n%s" % (
                self.text, self.said())) from None

    def kill(self, number):
        os.killpg(self.proc.pid, number)

    def end(self):
        if self.proc.poll() is None:
            self.kill(signal.SIGKILL)
            self.proc.wait()
        self.err.close()


def records(path):
    return [json.loads(line) for line in contents(path).splitlines()]


def inputs(path):
    return sorted(int(record["input"]) for record in records(path))


def children(pid):
    found = []
    try:
        for tid in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/children" % (pid, tid)) as file:
                found += map(int, file.read().split())
    except OSError:
        pass
    return found


def all_below(pid):
    found = []
    for child in children(pid):
        found += [child] + all_below(child)
    return found


def stat_of(path):
    """What follows the name in a stat file of /proc: state, parent, group."""
    try:
        with open(path) as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return ["X", "0", "0"]


def has_files(pid):
    """Whether it may still have files open, and so locks. A process whose
    first thread has ended is a zombie, although it has its files until the
    last of its threads has ended."""
    try:
        threads = os.listdir("/proc/%d/task" % pid)
    except OSError:
        return False
    return any(stat_of("/proc/%d/task/%s/stat" % (pid, thread))[0] not in "ZX"
               for thread in threads)


def group_is_gone(group):
    """Whether all processes of this group have closed their files."""
    return not any(
        has_files(int(pid)) for pid in os.listdir("/proc") if pid.isdigit()
        and stat_of("/proc/%s/stat" % pid)[2] == str(group))


# ---- job arrays ----

def array(*replaced):
    return recipe("array", (POSTS, faults().url + "/gate/x?{}"),
                  ("-r 100/s", "-r 100000/s"), *replaced)


def task(folder, i, n, text):
    return Script(text, folder, SLURM_ARRAY_TASK_ID=str(i),
                  SLURM_ARRAY_TASK_COUNT=str(n))


@test("a job array: a task is killed and run again; the parts are the whole")
def _():
    for first in 1, 0:
        folder, server = temp_dir(), faults()
        put(folder + "/ids.txt", numbers(1, 50) + "\n" + numbers(51, 103))
        script = array()
        tasks = [task(folder, i, 4, script) for i in range(first, first + 4)]
        until(lambda: server.requests >= 20, "requests of all tasks")
        tasks[1].kill(signal.SIGKILL)
        # What it has started has its files until it has ended, too; and is
        # found by its group, which is known as long as this is not reaped.
        group = tasks[1].proc.pid
        until(lambda: group_is_gone(group), "the end of all that it started")
        equal(tasks[1].wait(), -signal.SIGKILL)
        server.open("x")
        for i in 0, 2, 3:
            equal(tasks[i].wait(), 0, tasks[i].said())
        again = task(folder, first + 1, 4, script)
        equal(again.wait(), 0, again.said())

        merge = Script(recipe("merge"), folder)
        equal(merge.wait(), 0, merge.said())
        merged = records(folder + "/posts.ndjson")
        equal([(r["seq"], r["input"]) for r in merged],
              [(i, str(i)) for i in range(1, 104)])


@test("a job array: items that failed are no reason to stop, and are kept")
def _():
    folder = temp_dir()
    put(folder + "/ids.txt", numbers(1, 120))
    text = recipe("array", (POSTS, api().posts), ("-r 100/s", "-r 10000/s"))
    tasks = [task(folder, i, 3, text) for i in (1, 2, 3)]
    for one in tasks:
        equal(one.wait(), 1, one.said())
    equal(Script(recipe("merge"), folder).wait(), 0)
    equal(inputs(folder + "/posts.ndjson"), list(range(1, 101)))
    failed = b"".join(contents("%s/posts.%d.failed" % (folder, i))
                      for i in (1, 2, 3))
    equal(sorted(map(int, failed.split())), list(range(101, 121)))


# ---- GNU parallel ----

COUNTER = "--rate-file redis://counter.example.com"


def parallel(folder, url, *replaced):
    """With a file on each machine, as the text beside the recipe has it."""
    return with_server(url, (COUNTER, "--share 2 --rate-file %s/api.rate" %
                             folder), ("-r 100/s", "-r 100000/s"), *replaced)


def with_server(url, *replaced):
    tool("parallel")
    return recipe("parallel", (POSTS, url), ("-N 1000", "-N 25"), *replaced)


@test("GNU parallel on this machine: each item once")
def _():
    folder = temp_dir()
    put(folder + "/ids.txt", numbers(1, 120))
    script = Script(parallel(folder, api().posts, (" -S one,two", "")), folder)
    equal(script.wait(), 0, script.said())
    found = records(folder + "/posts.ndjson")
    equal(sorted(int(r["input"]) for r in found), list(range(1, 121)))
    equal(len([r for r in found if r.get("error")]), 20)
    check(max(r["seq"] for r in found) == 25, "blocks of another size")


@test("GNU parallel: -k for both gives the order of the input")
def _():
    folder = temp_dir()
    put(folder + "/ids.txt", numbers(1, 120))
    script = Script(parallel(folder, api().posts, (" -S one,two", ""),
                             ("-N 25 -j 1", "-k -N 25 -j 4"),
                             ("-q -a", "-q -a -k")), folder)
    equal(script.wait(), 0, script.said())
    equal([int(r["input"]) for r in records(folder + "/posts.ndjson")],
          list(range(1, 121)))


@test("GNU parallel: a process that is killed is run again, and no output twice")
def _():
    folder, server = temp_dir(), faults()
    put(folder + "/ids.txt", numbers(1, 120))
    script = Script(parallel(folder, server.url + "/gate/x?{}",
                             (" -S one,two", ""), ("-j 1", "-j 2")), folder)
    until(lambda: server.requests >= 2, "requests")
    victim = until(lambda: find_below(script.proc.pid, "fetchpool"),
                   "a process to kill")
    os.kill(victim[0], signal.SIGKILL)
    server.open("x")
    equal(script.wait(), 0, script.said())
    equal(inputs(folder + "/posts.ndjson"), list(range(1, 121)))


@test("GNU parallel: a Redis server counts for all")
def _():
    folder = temp_dir()
    put(folder + "/ids.txt", numbers(1, 120))
    with Redis() as redis, Arrivals() as server:
        text = with_server(server.url + "/{}", (" -S one,two", ""),
                           ("-j 1", "-j 4"), ("-r 100/s", "-r 50/s"),
                           (COUNTER, "--rate-file " + redis.url()))
        script = Script(text, folder)
        equal(script.wait(), 0, script.said())
        equal(inputs(folder + "/posts.ndjson"), list(range(1, 121)))
        times = server.times()
        equal((len(times), crowds(times, 50, 10**9)), (120, []))


# ---- and over ssh ----

def name_of(pid):
    try:
        with open("/proc/%d/comm" % pid) as file:
            return file.read().strip()
    except OSError:
        return ""


def find_below(pid, name):
    return [p for p in all_below(pid) if name_of(p) == name]


SSHD = """
ListenAddress 127.0.0.1
Port %(port)d
HostKey %(folder)s/host
AuthorizedKeysFile %(folder)s/user.pub
PidFile none
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
StrictModes no
UseDNS no
SetEnv "PATH=%(path)s" "HOME=%(folder)s"
"""

SSH = """
Host %(name)s
HostName 127.0.0.1
Port %(port)d
User %(user)s
IdentityFile %(folder)s/user
IdentitiesOnly yes
UserKnownHostsFile /dev/null
StrictHostKeyChecking no
LogLevel ERROR
BatchMode yes
"""


def make_run_sshd():
    """As root, sshd wants a folder that its service makes when it starts, and
    wants it for each connection. It stays: another test may use it, too."""
    if os.getuid() == 0:
        os.makedirs("/run/sshd", 0o755, exist_ok=True)


class Machine:
    """A server of ssh where `fetchpool` can be run."""

    def __init__(self, name, folder):
        self.folder = os.path.join(folder, name)
        os.mkdir(self.folder)
        self.port = free_port()
        values = {"port": self.port, "folder": self.folder, "name": name,
                  "user": pwd.getpwuid(os.getuid()).pw_name,
                  "path": path_with(PROGRAM)}
        for key in "host", "user":
            subprocess.run([tool("ssh-keygen"), "-q", "-t", "ed25519", "-N",
                            "", "-f", os.path.join(self.folder, key)],
                           check=True)
        self.config = SSH % values
        config = put(self.folder + "/sshd_config", SSHD % values)
        make_run_sshd()
        self.log = open(self.folder + "/log", "wb+")
        self.proc = subprocess.Popen(
            [tool("sshd"), "-D", "-e", "-f", config],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        started.append(self)

    def is_up(self):
        check(self.proc.poll() is None, "sshd has ended: %r" %
              contents(self.folder + "/log"))
        return b"Server listening" in contents(self.folder + "/log")

    def die(self):
        """At once, with all connections."""
        found = [self.proc.pid] + all_below(self.proc.pid)
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.proc.wait()

    def end(self):
        if self.proc.poll() is None:
            self.die()
        self.log.close()


def machines(folder, names):
    tool("sshd")
    tool("ssh")
    found = [Machine(name, folder) for name in names]
    for machine in found:
        until(machine.is_up, "sshd")
    config = put(folder + "/ssh_config", "".join(m.config for m in found))
    probe = subprocess.run(
        [tool("ssh"), "-F", config, names[0], "command -v fetchpool"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env=environment({"HOME": folder}))
    if probe.returncode:
        skip("this user cannot log in over ssh: %r" % probe.stdout[-200:])
    put(folder + "/ssh", '#!/bin/sh\nexec %s -F %s "$@"\n' %
        (tool("ssh"), config))
    os.chmod(folder + "/ssh", 0o755)
    return found


def over_ssh(folder, url):
    return Script(parallel(folder, url, ("-q -a", "-q -a -j 4")), folder,
                  PARALLEL_SSH=folder + "/ssh")


@test("GNU parallel over ssh: each item once, and both machines at work")
def _():
    folder, server = temp_dir(), faults()
    put(folder + "/ids.txt", numbers(1, 120))
    found = machines(folder, ["one", "two"])
    script = over_ssh(folder, server.url + "/gate/x?{}")
    for machine in found:
        until(lambda m=machine: find_below(m.proc.pid, "fetchpool"),
              "work for " + machine.folder)
    server.open("x")
    equal(script.wait(), 0, script.said())
    equal(inputs(folder + "/posts.ndjson"), list(range(1, 121)))


@test("GNU parallel over ssh: a machine dies, and its block goes to the other")
def _():
    folder, server = temp_dir(), faults()
    put(folder + "/ids.txt", numbers(1, 120))
    one, two = machines(folder, ["one", "two"])
    script = over_ssh(folder, server.url + "/gate/x?{}")
    for machine in one, two:
        until(lambda m=machine: find_below(m.proc.pid, "fetchpool"),
              "work for " + machine.folder)
    until(lambda: server.requests == 8, "four requests of each machine")
    one.die()
    server.open("x")
    equal(script.wait(), 0, script.said())
    equal(inputs(folder + "/posts.ndjson"), list(range(1, 121)))
    check(server.requests > 120, "nothing was asked for twice")


if __name__ == "__main__":
    main()
