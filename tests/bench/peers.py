# SPDX-License-Identifier: MIT
"""
peers: other programs that are given the same work as fetchpool, each called as
its own manual would have it, with a connection kept where it knows how to.

Each function takes the Contenders, for the files they make, and a Work.
"""
import os
import re
import shutil
import subprocess
import tempfile

import meter
from contenders import name_of

HERE = os.path.dirname(os.path.abspath(__file__))
WRK_SECONDS = 2


def program(name):
    found = shutil.which(name, path=meter.environment()["PATH"])
    if not found:
        raise meter.Absent("%s is not installed" % name)
    return found


def said(command, **arguments):
    """Runs a command and gives the Run, and what it wrote."""
    with tempfile.TemporaryFile() as out:
        run = meter.run(command, stdout=out, **arguments)
        out.seek(0)
        return run, out.read().decode(errors="replace")


# ---- curl ----

def curl_parallel(them, work):
    """One process with a config file. It takes --parallel-max up to 300."""
    curl = program("curl")
    config = them.lines(
        name_of(work, "curl"), work.n, lambda i:
        'url = "%s"\noutput = "/dev/null"\n' % work.url(i))
    options = []
    if work.cert:
        options = ["--cacert", work.cert,
                   "--http2" if work.http2 else "--http1.1"]
    return meter.run([curl, "-sS", "-Z", "--parallel-max", str(work.jobs),
                      *options, "-K", config])


def xargs_curl(them, work):
    return by_xargs(them, work, 1)


def xargs_curl_100(them, work):
    """A hundred URLs for each curl, which keeps its connection for them."""
    return by_xargs(them, work, 100)


def by_xargs(them, work, each):
    return meter.run(
        [program("xargs"), "-P", str(work.jobs), "-n", str(each),
         program("curl"), "-sS"], stdin=them.urls(work), tree=True)


def parallel_curl(them, work):
    return meter.run(
        [program("parallel"), "--will-cite", "-j", str(work.jobs),
         program("curl"), "-sS"], stdin=them.urls(work), tree=True)


# ---- other downloaders ----

def aria2c(them, work):
    """It writes files, so it is given a folder for them, in memory if that can
    be had: a disk is not what is compared."""
    aria2 = program("aria2c")
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else them.folder
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        return meter.run([aria2, "-q", "-i", them.urls(work), "-j",
                          str(work.jobs), "-d", folder])


def wget2(them, work):
    """The same; without logs, and every URL for itself."""
    wget = program("wget2")
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else them.folder
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        return meter.run([wget, "-q", "--max-threads", str(work.jobs), "-i",
                          them.urls(work), "-P", folder])


def ganda(them, work):
    """The one that $GANDA names, or that is on the PATH."""
    command = [os.environ.get("GANDA") or program("ganda"), "-s", "-J", "-W",
               str(work.jobs)]
    if work.cert:
        command = ["env", "SSL_CERT_FILE=" + work.cert, *command]
    return meter.run(command, stdin=them.urls(work))


def httpx(them, work):
    """ProjectDiscovery's, as $HTTPX names it, or as it is on the PATH. A Python
    library has a command of the same name."""
    command = os.environ.get("HTTPX") or program("httpx")
    version = subprocess.run([command, "-version"], capture_output=True,
                             timeout=30)
    if b"projectdiscovery" not in version.stdout + version.stderr:
        raise meter.Absent("ProjectDiscovery's httpx is not installed")
    return meter.run([command, "-silent", "-duc", "-json", "-irr", "-rl",
                      "1000000", "-t", str(work.jobs), "-l", them.urls(work)])


# ---- Python ----

def python_with(module):
    """A Python that can import the module: $BENCH_PYTHON, or else the first
    python3 on the PATH that can."""
    named = os.environ.get("BENCH_PYTHON")
    folders = meter.environment()["PATH"].split(":")
    for one in [named] if named else [f + "/python3" for f in folders]:
        if not os.access(one, os.X_OK):
            continue
        # What is there may be a script that starts the real one.
        asked = subprocess.run(
            [one, "-c", "import sys, %s; print(sys.executable)" % module],
            capture_output=True, text=True, env=meter.environment(),
            timeout=30)
        if asked.returncode == 0:
            return asked.stdout.strip()
    raise meter.Absent("no Python with %s%s" % (
        module, ", BENCH_PYTHON is " + named if named else
        " on the PATH; BENCH_PYTHON can name one"))


def requests_plain(them, work):
    return by_requests(work, "plain")


def requests_session(them, work):
    return by_requests(work, "session")


def by_requests(work, how):
    return meter.run([python_with("requests"), HERE + "/pythreads.py", how,
                      work.prefix, str(work.n), str(work.jobs)])


def aiohttp(them, work):
    return meter.run([python_with("aiohttp"), HERE + "/pyasync.py",
                      work.prefix, str(work.n), str(work.jobs)])


# ---- the limit of the wire ----

def wrk(them, work):
    """It asks for the same URL for a while, and throws away what comes."""
    run, text = said([program("wrk"), "-t", "1", "-c", str(work.jobs), "-d",
                      "%ds" % WRK_SECONDS, work.prefix + "1"])
    found = re.search(r"(\d+) requests in", text)
    if not found or "Non-2xx" in text:
        raise meter.Trouble("wrk: " + text[-300:])
    run.n = int(found.group(1))
    return run


def h2load(them, work):
    """The same, but so many requests, and HTTP/2 too."""
    how = ["-c", str(work.jobs), "--h1"]
    if work.http2:  # as many connections as there are CPUs, as fetchpool
        connections = min(len(os.sched_getaffinity(0)), work.jobs)
        how = ["-c", str(connections), "-m",
               str(-(-work.jobs // connections))]
    run, text = said([program("h2load"), "-t", "1", *how, "-n", str(work.n),
                      work.prefix + "1"])
    if "%d succeeded, 0 failed" % work.n not in text:
        raise meter.Trouble("h2load: " + " ".join(
            re.findall(r"requests:.*", text)))
    return run
