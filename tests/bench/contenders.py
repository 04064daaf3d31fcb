# SPDX-License-Identifier: MIT
"""
contenders: the programs that are given the same work: fetchpool and the floor
here, all others in peers.

A work is `n` GETs of the URLs PREFIX1, PREFIX2, ... PREFIXn, `jobs` at a time,
in turns over several prefixes if there are more for those who can. `cert` is
what to trust if that is TLS, `http2` whether to ask for that. A contender is a
function of it that returns a Run, or raises Absent. Each is called as its own
manual would have it, and what it writes goes to /dev/null.
"""
import glob
import os
import re
import shutil
import subprocess

import meter
import wire

HERE = os.path.dirname(os.path.abspath(__file__))


class Work:
    def __init__(self, prefix, n, jobs, cert=None, http2=False, more=()):
        self.prefix, self.n, self.jobs = prefix, n, jobs
        self.cert, self.http2 = cert, http2
        self.prefixes = [prefix, *more]

    def url(self, i):
        return "%s%d" % (self.prefixes[i % len(self.prefixes)], i)


def name_of(work, kind):
    """A name for a file made for this work."""
    return "%s-%s-%d" % (kind, re.sub(r"\W+", "-", "".join(work.prefixes)),
                         work.n)


class Contenders:
    """`program` is fetchpool, `folder` a place for what has to be made."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self._floor = self._header_lines = None

    def numbers(self, n):
        """The path of a file with the lines 1 to n."""
        return self.lines("seq-%d" % n, n, lambda i: "%d\n" % i)

    def urls(self, work):
        """The path of a file with the URLs, one a line."""
        return self.lines(name_of(work, "urls"), work.n,
                          lambda i: work.url(i) + "\n")

    def lines(self, name, n, line):
        """The path of a file of line(1) to line(n), made if there is none."""
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            with open(path, "w") as file:
                file.writelines(map(line, range(1, n + 1)))
        return path

    def fetchpool_command(self, work, *options):
        if work.cert:
            options += ("--cacert", work.cert,
                        "--http2" if work.http2 else "--http1.1")
        template = [work.prefix + "{}"] if len(work.prefixes) == 1 else []
        return [self.program, "-j", str(work.jobs), *options, *template]

    def floor_command(self, work):
        options = ["-2"] if work.http2 else []
        if work.cert:
            options += ["-c", work.cert]
        for line in self.header_lines():
            options += ["-H", line]
        return [self.floor_program(), *options, "-j", str(work.jobs), "-n",
                str(work.n), work.prefix]

    def header_lines(self):
        """Those that fetchpool sends and libcurl alone would not. It is looked
        up that the floor then sends the same request, byte for byte."""
        if self._header_lines is None:
            def work(url):
                return Work(url + "/posts/", 1, 1)
            ours = wire.head_of(lambda url: self.fetchpool_command(work(url)),
                                self.numbers(1))
            self._header_lines = wire.added_lines(ours)
            its = wire.head_of(lambda url: self.floor_command(work(url)))
            if its != ours:
                raise meter.Trouble("the floor sends another request: %r, %r"
                                    % (its, ours))
        return self._header_lines

    def fetchpool(self, work, *options):
        lines = self.numbers(work.n) if len(work.prefixes) == 1 \
            else self.urls(work)
        return meter.run(self.fetchpool_command(work, *options), stdin=lines)

    def newer(self):
        """What to put before a command that is to run with the libcurl that
        $FLOOR_PREFIX has; None: there is none."""
        prefix = os.environ.get("FLOOR_PREFIX")
        if not prefix:
            return None
        found = [folder for folder in glob.glob(prefix + "/lib*") + glob.glob(
            prefix + "/lib/*-linux-*")
            if os.path.exists(folder + "/libcurl.so.4")]
        if not found:
            raise meter.Trouble("no libcurl.so.4 in FLOOR_PREFIX: " + prefix)
        return ["env", "LD_LIBRARY_PATH=" + found[-1]]

    def fetchpool_newer(self, work):
        return meter.run([*self.newer(), *self.fetchpool_command(work)],
                         stdin=self.numbers(work.n))

    def floor_newer(self, work):
        return meter.run([*self.newer(), *self.floor_command(work)])

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
