# SPDX-License-Identifier: MIT
"""
counts: what hardly depends on the machine: instructions, by callgrind, and
system calls, by perf or else strace.
"""
import os
import re
import shutil

import meter


# ---- instructions ----

def callgrind(command, stdin, out, limit):
    """Runs a command under callgrind; returns its Profile. `out` is a file
    that callgrind_annotate and kcachegrind can read later."""
    valgrind = shutil.which("valgrind")
    if not valgrind:
        raise meter.Absent("valgrind is not installed")
    meter.run([valgrind, "-q", "--tool=callgrind",
               "--callgrind-out-file=" + out, *command],
              stdin=stdin, limit=limit)
    return Profile(out)


class Profile:
    """Instructions spent in each object and in each of its functions itself,
    what it calls not included: .objects {name: n}, .functions {(object,
    function): n}, .total."""

    NAME = re.compile(r"(\w+)=\((\d+)\)(?: (.*))?$")

    def __init__(self, path):
        self.objects, self.functions, self.total = {}, {}, 0
        names = {"ob": {}, "fn": {}}
        here = {"ob": "?", "fn": "?"}
        is_call = False  # the line after calls= is what the callee cost
        with open(path, errors="replace") as file:
            for line in file:
                if line[0] in "0123456789+-*":
                    if not is_call:
                        self._add(here["ob"], here["fn"],
                                  int(line.split()[1]))
                    is_call = False
                elif line.startswith("calls="):
                    is_call = True
                else:
                    self._name(line.rstrip("\n"), names, here)

    def _name(self, line, names, here):
        match = self.NAME.match(line)
        if not match:
            return
        kind, number, name = match.groups()
        # cob= and cfn= name what is called; they share the numbers.
        known = names.get(kind[-2:])
        if known is None:
            return
        if name is not None:
            known[number] = name
        if kind in here:
            here[kind] = known.get(number, "?")

    def _add(self, where, function, n):
        where = os.path.basename(where)
        key = (where, function.split("'")[0])  # 'N: a level of recursion
        self.objects[where] = self.objects.get(where, 0) + n
        self.functions[key] = self.functions.get(key, 0) + n
        self.total += n

    def minus(self, other):
        """What is left when another run's instructions are taken off: those
        of a run over no items leave what the items cost."""
        for mine, its in ((self.objects, other.objects),
                          (self.functions, other.functions)):
            for key, n in its.items():
                mine[key] = mine.get(key, 0) - n
        self.total -= other.total
        return self


# ---- system calls ----

CALLS = ("futex", "poll", "epoll_wait", "epoll_ctl", "sendto", "recvfrom",
         "read", "write", "mmap", "munmap", "madvise", "mprotect", "brk",
         "connect", "close", "rt_sigprocmask")


def ran(command, stdin):
    """Whether a command that watches another could be run."""
    try:
        meter.run(command, stdin=stdin)
    except meter.Trouble:
        return False
    return True


def by_perf(command, stdin, out):
    perf = shutil.which("perf")
    events = [e for name in CALLS for e in ("-e", "syscalls:sys_enter_" + name)]
    if not perf or not ran([perf, "stat", "-x", ";", "-o", out, *events, "-e",
                            "context-switches", "--", *command], stdin):
        return None
    counts = {}
    with open(out) as file:
        for line in file:
            fields = line.split(";")
            if len(fields) > 2 and fields[0].isdigit():
                name = fields[2].replace("syscalls:sys_enter_", "")
                counts[name] = int(fields[0])
    return counts if "poll" in counts else None


def by_strace(command, stdin, out):
    strace = shutil.which("strace")
    if not strace or not ran([strace, "-f", "-qq", "-c", "-U", "calls,name",
                              "-o", out, *command], stdin):
        return None
    counts = {}
    with open(out) as file:
        for line in file:
            fields = line.split()
            if len(fields) == 2 and fields[0].isdigit() \
                    and fields[1] != "total":
                counts[fields[1]] = int(fields[0])
    return counts


def system_calls(command, stdin, out):
    """({name: count}, tool). strace slows the program so much that it waits
    at other places; perf does not, but may not be allowed."""
    for tool, function in (("perf", by_perf), ("strace", by_strace)):
        counted = function(command, stdin, out)
        if counted is not None:
            return counted, tool
    raise meter.Absent("neither perf nor strace can count here")
