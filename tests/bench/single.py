# SPDX-License-Identifier: MIT
"""
single: scenarios of one request: a large document, and the smallest run.
"""
import hashlib
import os
import subprocess

import counts
import meter
import peers
from compare import Table
from scenarios import scenario


def digest(command, lines=None):
    """Of what a command writes, so that two can be seen to do the same."""
    child = subprocess.Popen(command, stdin=lines and open(lines, "rb"),
                             stdout=subprocess.PIPE, env=meter.environment())
    hashed = hashlib.sha256()
    for part in iter(lambda: child.stdout.read(1 << 20), b""):
        hashed.update(part)
    child.stdout.close()
    if child.wait(60):
        raise meter.Trouble("%s ended with status %d" % (
            command[0], child.returncode))
    return hashed.hexdigest()


@scenario
def document(bench):
    """One JSON document of 50 MB, -f body, against curl | jq -c ."""
    url = bench.nginx.large()
    size = os.path.getsize(bench.nginx.dir + "/large.json")
    line = bench.line(url)
    ours = [bench.contenders.program, "-f", "body", "--max-body", "64M"]
    both = ["sh", "-c", "curl -s '%s' | jq -c ." % url]
    contenders = {"fetchpool": lambda: meter.run(ours, stdin=line)}
    try:
        curl = [peers.program("curl"), "-s", url]
        contenders["curl"] = lambda: meter.run(curl)
        peers.program("jq")
        if digest(ours, line) != digest(both):
            raise meter.Trouble("jq -c does not print what fetchpool prints")
        contenders["curl | jq -c ."] = lambda: meter.run(both, tree=True)
    except meter.Absent as why:
        bench.note("absent: %s" % why)
    results = meter.interleave(contenders, bench.size(5, 2))
    these = Table(bench, "megabytes").fill(results, size / 1e6)
    these.table("a document of 50 MB")
    these.target("CPU / that of curl | jq -c .", "fetchpool", "curl | jq -c .",
                 "cpu", most=0.15)
    these.target("wall / that of curl | jq -c .", "fetchpool",
                 "curl | jq -c .", "wall")


def one_of(bench, url, options, most):
    """The smallest run: so many processes, each for one URL."""
    n = bench.size(100, 25)
    line = bench.line(url)
    # A shell starts them, as a person's would: an interpreter is too slow.
    loop = "i=0; while [ $i -lt %d ]; do %%s || exit; i=$((i+1)); done" % n

    def times(command):
        return lambda: meter.run(["sh", "-c", loop % command])

    contenders = {"fetchpool": times("'%s' %s <'%s'" % (
        bench.contenders.program, options, line))}
    try:
        contenders["curl"] = times("%s -s %s '%s'" % (
            peers.program("curl"), options, url))
    except meter.Absent as why:
        bench.note("absent: %s" % why)
    contenders["an empty program"] = times(peers.program("true"))
    results = meter.interleave(contenders, bench.size(9, 3))
    # Of the shell's memory nothing is to be learnt.
    these = Table(bench, "processes").fill(results, n)
    these.table("one URL for each process" + (", TLS" if options else ""))
    these.target("wall / curl's", "fetchpool", "curl", "wall", most=most)
    these.target("CPU / curl's", "fetchpool", "curl", "cpu")


def instructions_of_one(bench, url):
    def count(name, command, line=None):
        return counts.callgrind(command, line, os.path.join(
            bench.out, "callgrind.out.one-" + name), 60).total

    try:
        ours = count("fetchpool", [bench.contenders.program], bench.line(url))
        curl = count("curl", [peers.program("curl"), "-s", url])
    except meter.Absent as why:
        bench.note("instructions: absent: %s" % why)
        return
    bench.figure("instructions, millions", ours / 1e6, form=".1f")
    bench.figure("instructions / curl's", ours / curl, most=1.05)


@scenario
def one(bench):
    """One URL, from the start of the process to its end, against curl"""
    one_of(bench, bench.nginx.url + "/posts/1", "", 0.95)
    instructions_of_one(bench, bench.nginx.url + "/posts/1")


@scenario
def onesecure(bench):
    """The same over TLS, with the system's authorities"""
    bench.nginx.need_tls()
    one_of(bench, bench.nginx.host(0, True) + "/posts/1",
           "--http1.1 --cacert " + bench.nginx.cert, 1.0)
