# SPDX-License-Identifier: MIT
"""
contenders: the programs that are given the same work.

A work is `n` GETs of the URLs PREFIX1, PREFIX2, ... PREFIXn, `jobs` at a time.
A contender is a function of it that returns a Run, or raises Absent. Each is
called as its own manual would have it, and what it writes goes to /dev/null.
"""
import os
import shutil
import subprocess

import meter

HERE = os.path.dirname(os.path.abspath(__file__))


class Work:
    def __init__(self, prefix, n, jobs):
        self.prefix, self.n, self.jobs = prefix, n, jobs


class Contenders:
    """`program` is fetchpool, `folder` a place for what has to be made."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self._floor = self._user_agent = None

    def numbers(self, n):
        """The path of a file with the lines 1 to n."""
        path = os.path.join(self.folder, "seq-%d" % n)
        if not os.path.exists(path):
            with open(path, "w") as file:
                for first in range(1, n + 1, 10000):
                    last = min(first + 10000, n + 1)
                    file.write("\n".join(map(str, range(first, last))) + "\n")
        return path

    def fetchpool_command(self, work, *options):
        return [self.program, "-j", str(work.jobs), *options,
                work.prefix + "{}"]

    def floor_command(self, work):
        return [self.floor_program(), "-A", self.user_agent(), "-j",
                str(work.jobs), "-n", str(work.n), work.prefix]

    def user_agent(self):
        """What fetchpool calls itself on the wire: fetchpool/VERSION."""
        if not self._user_agent:
            said = subprocess.run([self.program, "--version"], timeout=10,
                                  capture_output=True, text=True)
            self._user_agent = "/".join(said.stdout.split()[:2])
        return self._user_agent

    def fetchpool(self, work, *options):
        return meter.run(self.fetchpool_command(work, *options),
                         stdin=self.numbers(work.n))

    def fetchpool_in_order(self, work):
        return self.fetchpool(work, "-k")

    def floor(self, work):
        return meter.run(self.floor_command(work))

    def floor_program(self):
        """Compiles floor.c when it is first needed."""
        if not self._floor:
            pkg_config = os.environ.get("PKG_CONFIG") or "pkg-config"
            if not shutil.which(pkg_config):
                raise meter.Absent(pkg_config + " is not installed")
            flags = subprocess.run(
                [pkg_config, "--cflags", "--libs", "libcurl"],
                capture_output=True, text=True)
            if flags.returncode:
                raise meter.Absent("libcurl is not installed for compiling")
            self._floor = self.compile(os.path.join(HERE, "floor.c"),
                                       *flags.stdout.split())
        return self._floor

    def compile(self, source, *flags):
        """Gives the program."""
        compiler = os.environ.get("CC") or "cc"
        if not shutil.which(compiler.split()[0]):
            raise meter.Absent(compiler + " is not installed")
        name = os.path.basename(source)
        program = os.path.join(self.folder, name.rpartition(".")[0])
        built = subprocess.run(
            [*compiler.split(), "-O2", "-g", "-o", program, source, *flags],
            capture_output=True, text=True)
        if built.returncode:
            raise meter.Trouble(name + ": " + built.stderr.strip()[-500:])
        return program
