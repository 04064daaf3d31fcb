#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Every call that can fail is made to fail, in runs that reach every module.

Without arguments: a sample, the same each time. With --long: each of them; with words behind it, in the runs whose names hold one.
--part I/N takes each N-th plan only.
"""
import gzip
import resource
import signal
import sys
import time
import zlib

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
import tap
import torturejournal
from authority import authority, good
from faultserver import Gone, behaviour
from harness import fetchpool, records_of
from servers import shared
from tap import SANITIZERS, Failed, check, equal, test
from torture import (CLASSES, EACCES, EAGAIN, EMFILE, ENOBUFS, ENOMEM, ERRORS,
                     LIMITED, WHO, Plan, Run, clean, hurt)
from webserver import Web, to_path

# One of so many plans is in the sample, by its weight.
SAMPLE = 530
SAMPLE_OF_JOURNALS = 630

# Calls of TLS and of others are all made to fail in these runs, and so many of
# them in each other one.
THOROUGH = "nothing", "tunnel"
MOST_ALIKE = 30
MOST_FROM = 24


# ---- what the runs ask for ----

@behaviour("/post/")
def post(conn, request):
    n = request.path.rpartition("/")[2].encode()
    if n == b"404":
        conn.answer(b"{}", b"application/json", 404)
    else:
        conn.answer(b'{"id": %s, "text": "a \\u00e9 %s", "n": [1e400, null]}'
                    % (n, b"x" * len(n)), b"application/json")


@behaviour("/zip/")
def zipped(conn, request):
    n = request.path.rpartition("/")[2].encode()
    body = gzip.compress(b'{"n": ' + n + b', "a": "' + b"y" * 3000 + b'"}',
                         mtime=0)
    conn.answer(body, b"application/json", 200,
                b"Content-Encoding: gzip\r\n")


@behaviour("/again/")
def again(conn, request):
    """Busy the first time, broken the second."""
    seen = [r.target for r in conn.server.log].count(request.target)
    if seen == 1:
        conn.answer(b"busy", status=503, headers=b"Retry-After: 0\r\n")
    elif seen == 2:
        conn.reset()
    else:
        conn.answer(b"at last")


@behaviour("/sent/")
def sent(conn, request):
    """What came, and what came with it."""
    fields = ["%s: %s" % field for field in request.headers
              if field[0] in ("X-One", "X-Two", "Authorization", "Cookie",
                              "Content-Type")]
    conn.answer(("%s %s %r %s" % (request.method, request.path, request.body,
                                  sorted(fields))).encode())


@behaviour("/mixed/")
def mixed(conn, request):
    """Bodies of all sorts."""
    n = int(request.path.rpartition("/")[2])
    bodies = [(b"text \xc3\xa9", b"text/plain"), (b"\xff\x00", b"image/x"),
              (b"{broken", b"application/json"), (b"", b"text/plain"),
              (b"[" * 50 + b"]" * 50, b"application/json"),
              (b"z" * 70000, b"text/plain")]
    conn.answer(*bodies[n % len(bodies)])


@behaviour("/long/")
def long(conn, request):
    """A head, and a trailer, for which libcurl takes more memory than for one
    of a usual size."""
    conn.send(b"HTTP/1.1 200 OK\r\nX-Long: %s\r\n"
              b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
              b"X-After: %s\r\n\r\n" % (b"x" * 3000, b"y" * 3000))


@behaviour("/hold/")
def hold(conn, request):
    if request.path == "/hold/1":
        conn.answer(b"first")
    elif conn.server.hold("never"):
        conn.answer(b"last")


@behaviour("http://proxied.test/")
def proxied(conn, request):
    conn.answer(b"by proxy " + request.target.encode())


@behaviour("tunnel.test:443")
def tunnel(conn, request):
    conn.send(b"HTTP/1.1 200 Connected\r\n\r\n")
    try:
        conn.sock = good().server().wrap_socket(conn.sock, server_side=True)
    except OSError:
        raise Gone from None


class Secure(Web):
    def __init__(self):
        super().__init__(tls=good().server())


# ---- the runs ----

_seen = {}


def lines(*texts):
    return "".join("%s\n" % text for text in texts).encode()


def numbers(n):
    return lines(*range(1, n + 1))


def again_with_rates(folder, outcome):
    """What a run did to its file of rates, no other run suffers from."""
    result = fetchpool(["-j1", "--rate", "1000/h", "--rate-file",
                        folder + "/rates"], input=b"")
    check(result.status == 0, "the next run: %r" % result)


def interrupt(program):
    slots = {"/hold/2", "/hold/3"}
    tap.until(lambda: b"\n" in program.out + program.err or
              slots <= set(shared(Web).targets) or
              program.ended() is not None, "the slots to be taken")
    program.kill(signal.SIGTERM)


def interrupt_twice(program):
    interrupt(program)
    program.kill(signal.SIGINT)


def listed():
    web, tls = shared(Web), shared(Secure)
    url, ca = web.url, authority().cert
    name = "http://localhost:%d" % web.port

    def run(name, args, input=b"", **more):
        def before():
            web.reset()
            tls.reset()
        return Run(name, args, input, before=before, **more)

    post, ok = url + "/post/{}", url + "/ok?{}"
    yield run("plain list", ["-j2"],
              lines(url + "/ok", url + "/json", url + "/post/404", "bad://x",
                    url + "/post/3", "", url + "/chunked?n=3")
              .replace(b"\n\n", b"\n"))
    yield run("template", ["-j2", post], numbers(6))
    yield run("in order, all", ["-j2", "-k", "-a", post],
              lines(1, 404, 3, "\x01", 5))
    yield run("errors as JSON", ["-j1", "--error-format=json", post],
              lines(1, 404, "\xff", 404))
    yield run("quiet", ["-j1", "-q", post], lines(1, 404, 404), quiet=True)
    yield run("JSON items", ["-j2", "-a", "--input-format=json",
                             "--fields=+context,method,headers,tries,started",
                             url + "/sent/{id}"],
              lines('{"id": 1, "method": "PUT", "body": {"a": [1]}, '
                    '"headers": {"X-One": "1", "X-Two": ["2", "3"]}, '
                    '"context": {"k": "v"}}',
                    '{"url": "%s/sent/x", "body": "text"}' % url,
                    '{"id": "\\u00e9/?", "context": null}', "[1]", "{"))
    yield run("columns", ["-j2", "-C,", url + "/sent/{1}{?2,3}"],
              lines("a,b,c", "d", "e,f,g h"))
    yield run("id range, null", ["-j1", "-0", "--id-range=1-5", post],
              b"1\0002\0007\000", n_items=3, is_plain=False)
    yield run("files", ["-j2", "-D", "{dir}/out", "-a", url + "/mixed/{}"],
              numbers(6), files={"out": None}, bodies="out")
    yield run("named files", ["-j2", "-D", "{dir}/out", "--overwrite",
                              "--output-name=x-{}.txt", ok],
              numbers(3), files={"out": None}, bodies="out")
    yield run("mixed bodies", ["-j2", "-a", url + "/mixed/{}"], numbers(7))
    yield run("picked", ["-j1", "--pick=id", "--pick=n", "-fbody", post],
              numbers(4), is_plain=True)
    yield run("merged", ["-j1", "--omit=text", "-fmerged", post], numbers(3),
              is_plain=True)
    yield run("redirects", ["-j2", "-a", "--max-redirs=2"],
              lines(url + "/hops/2", url + "/hops/3", name + to_path("/ok"),
                    url + to_path(name + "/ok", 307), url + to_path("ftp://x")))
    yield run("gzip", ["-j2", url + "/zip/{}"], numbers(5))
    yield run("no gzip", ["-j1", "--no-compressed", "-a", url + "/zip/{}"],
              numbers(2))
    yield run("retries", ["-j2", "--retry=3", "--retry-delay=1ms",
                          "--seed=7", "-a", url + "/again/{}"], numbers(3))
    yield run("rates", ["-j2", "-a", "--rate=1000/s,9000/s", "--pace",
                        "--host-rate=500/s", "--host-jobs=1", ok], numbers(5))
    yield run("rate file", ["-j2", "-a", "--rate=1000/h",
                            "--rate-file={dir}/rates", ok], numbers(4),
              after=again_with_rates)
    yield run("config", ["-K", "{dir}/config", post], numbers(2),
              files={"config": b'jobs = 2\nheader "X-One: 1"\n# no\n'
                               b"header: X-Two: 2\nretry 0\n"})
    yield run("sent along", ["-j1", "-H", "@{dir}/headers", "--data",
                             "@{dir}/data", "-A", "me", "-b", "a=b",
                             "--netrc-file", "{dir}/netrc",
                             "http://127.0.0.1:%d/sent/{}" % web.port],
              numbers(2), files={
                  "headers": b"X-One: 1\nX-Two: 2\n", "data": b"some data",
                  "netrc": b"machine 127.0.0.1 login me password x\n"})
    yield run("lines as bodies", ["-j1", "--data-line", "-u", "me:x",
                                  url + "/sent/"], lines("a b", '{"c":1}'))
    soon = ["--connect-timeout=3s", "-m6s"]  # if TLS falls silent
    yield run("TLS", ["-j2", "--cacert", ca, *soon,
                      "https://127.0.0.1:%d/ok?{}" % tls.port], numbers(2))
    yield run("TLS refused", ["-j1", "-a", "https://127.0.0.1:%d/{}" %
                              tls.port], numbers(1))
    yield run("proxy", ["-j2", "-x", url, "http://proxied.test/{}"],
              numbers(3))
    yield run("tunnel", ["-j1", "-x", url, "--cacert", ca, *soon,
                         "--connect-to", "good.test:443:tunnel.test:443",
                         "https://good.test/ok?{}"], numbers(2))
    yield run("a name", ["-j2", name + "/ok?{}"], numbers(3))
    yield run("addresses", ["-j1", "-a", "--deny=127.0.0.2/32", "--resolve",
                            "x.test:%d:127.0.0.1" % web.port, "--deny-private",
                            "--allow=127.0.0.1"],
              lines("http://x.test:%d/ok" % web.port, "http://127.0.0.2/"))
    yield run("set aside", ["-j1", "--failed", "{dir}/again", "-o",
                            "{dir}/out", post], lines(1, 404, 3, "4"),
              failed="again", output="out")
    yield run("large, to a file", ["-j1", "-o", "{dir}/out", url + "/mixed/{}"],
              numbers(6), output="out")
    yield run("from a file", ["-j1", "-i", "{dir}/in", "--delay=1ms", post],
              files={"in": numbers(3)}, n_items=3)
    yield run("libcurl's options", ["-j1", "--setopt", "TCP_NODELAY=0",
                                    "--setopt", "INTERFACE=127.0.0.1",
                                    ok],
              numbers(2))
    yield run("long lines", ["-j1", "--max-line=1K", "-a", ok],
              lines("a", "b" * 200000, "c"))
    yield run("many", ["-j2", "--window=4", "-a", "-k", ok], numbers(40))
    yield run("nothing", [ok], b"")
    yield run("wrong usage", ["--jobs=0"], is_text=True)
    yield run("wrong template", [url + "/{"], is_text=True)
    yield run("wrong config", ["-K", "{dir}/none", ok], is_text=True)
    yield run("help", ["--help"], is_text=True)
    yield run("version", ["--version"], is_text=16)
    yield run("a signal", ["-j2", "--grace=30ms", "-a", "--failed",
                           "{dir}/again", url + "/hold/{}"], numbers(5),
              dies_of=(signal.SIGTERM,), meanwhile=interrupt, failed="again")
    yield run("two signals", ["-j2", url + "/hold/{}"], numbers(5),
              dies_of=(signal.SIGINT, signal.SIGTERM),
              meanwhile=interrupt_twice)

# ---- the plans ----

def is_beyond_us(run, kind, who):
    """What goes wrong in libraries, whatever we do: the version of OpenLDAP is
    not to be had without memory."""
    if run.name == "version" and kind == "alloc" and who in ("others", "any"):
        return True
    return SANITIZERS and kind == "alloc" and (
        who in ("tls", "others", "any") or
        who == "curl" and run.name in ("TLS", "tunnel"))


def plans(run):
    """Every single call that can fail, and some that fail for good."""
    report = clean(run).report
    for kind in CLASSES:
        errors = ERRORS[kind]
        for who in WHO[:-1]:
            n = report.count(kind, who)
            if is_beyond_us(run, kind, who):
                continue
            # What TLS needs to begin with is the same in all runs.
            is_alike = who in ("tls", "others") and run.name not in THOROUGH
            for k in some(n, MOST_ALIKE) if is_alike else range(1, n + 1):
                yield Plan(kind, who, "once", k, errors[k % len(errors)])
        n = report.count(kind, "any")
        # A server that does not answer any more is waited for.
        if kind in ("wait", "talk", "files") or \
                kind in ("connect", "socket") and (
                    run.n_items > 5 or run.name == "retries") or \
                is_beyond_us(run, kind, "any"):
            continue
        # An item without a descriptor waits long for one.
        error = EACCES if kind == "socket" else errors[0]
        for k in some(n, MOST_FROM):
            yield Plan(kind, "any", "from", k, error)
        for k in (2, 3, 5, 10, 30, 100, 300):
            if k <= n:
                yield Plan(kind, "any", "every", k, error)
    for k in range(1, report.count("alloc", "program") + 1, 3):
        yield Plan("alloc", "program", "from", k, ENOMEM)


def weight(plan):
    """What we wrote ourselves is tried more often than what others did."""
    return 1 if plan.who in ("tls", "others") else \
        3 if plan.who in ("curl", "parsers") else 12


def is_sampled(run, plan, n):
    """Whether it is in the sample is a matter of its name alone, not of how
    many calls there are or were: who draws it today draws it always."""
    return zlib.crc32(("%s: %s" % (run.name, plan)).encode()) % n < weight(plan)


def some(n, most):
    """Numbers up to n, ever farther apart: about `most` up to a thousand. Those
    of a larger n begin in the same way."""
    k, factor = 1, 1 + 6 / most
    while k <= n:
        yield k
        k = max(k + 1, int(k * factor))


class Tally:
    def __init__(self):
        self.done = self.hit = 0
        self.statuses = {}

    def add(self, outcome):
        self.done += 1
        if outcome.report.n_failed:
            self.hit += 1
            self.statuses[outcome.status] = \
                self.statuses.get(outcome.status, 0) + 1

    def __str__(self):
        return "%d runs, in %d of them a call failed; ended with %s" % (
            self.done, self.hit, ", ".join(
                "%d: %d" % item for item in sorted(self.statuses.items())))


def sample(runs, n):
    n_all, tally = 0, Tally()
    for run in runs:
        for plan in plans(run):
            n_all += 1
            if is_sampled(run, plan, n):
                tally.add(hurt(run, plan))
    print("# %s, of %d" % (tally, n_all))
    check(tally.hit > tally.done * 0.9, str(tally))


@test("98 a call that fails, here and there, in runs of all kinds")
def _():
    sample(listed(), SAMPLE)


@test("98 99 a call that fails, in runs with a journal: the next goes on")
def _():
    sample(torturejournal.listed(), SAMPLE_OF_JOURNALS)


def named(*names):
    return [run for run in listed() if run.name in names]


@test("98 memory has a limit, at many sizes")
def _():
    if SANITIZERS:
        tap.skip("a sanitizer needs more than that")
    for run in named("plain list", "files", "TLS", "JSON items"):
        statuses = {}
        for size in *range(16, 44, 2), *range(44, 112, 12):
            limit = (resource.RLIMIT_AS, (size << 20, size << 20))
            outcome = hurt(run, LIMITED, limits=[limit])
            statuses.setdefault(outcome.status, []).append(size)
        print("# %s: MiB by exit status: %s" % (run.name, statuses))
        check(3 in statuses and clean(run).status in statuses,
              "not all of them: %s" % statuses)


@test("29 threads have a limit")
def _():
    # That of a loop; one that writes, where a body is too large for the loop;
    # and one that reads, where there are more lines than are taken at once.
    least = {"plain list": 1, "mixed bodies": 2, "a name": 1, "a signal": 1,
             "many": 2}
    for run in named(*least):
        n = clean(run).report.count("thread", "any")
        check(n >= least[run.name], "%s: %d threads" % (run.name, n))
        for k in range(1, n + 1):
            hurt(run, Plan("thread", "any", "from", k, EAGAIN))


@test("97 for want of a descriptor an item waits, and is not tried again")
def _():
    for run in named("plain list", "TLS"):
        for error in EMFILE, ENOBUFS:
            outcome = hurt(run, Plan("socket", "any", "once", 1, error))
            attempts = [sorted(r["attempts"] for r in records_of(o.out))
                        for o in (outcome, clean(run))]
            equal(attempts[0], attempts[1], "attempts")


@test("98 for want of memory nothing is called too large")
def _():
    run = Run("long fields", ["-j1", "-a", "--retry=0",
                              shared(Web).url + "/long/{}"], numbers(1))
    n = clean(run).report.count("alloc", "curl")
    kinds = {}
    for k in range(max(n - 30, 1), n + 1):
        outcome = hurt(run, Plan("alloc", "curl", "once", k, ENOMEM))
        for record in records_of(outcome.out):
            kind = (record.get("error") or {}).get("kind")
            kinds.setdefault(kind, []).append(k)
    print("# the calls by what came of it: %s" % kinds)
    check("local" in kinds and "too_large" not in kinds, str(kinds))


# ---- all of them ----

def long_run(run, part, n_parts):
    tally, failures = Tally(), {}
    began = time.monotonic()
    for number, plan in enumerate(plans(run)):
        if number % n_parts != part:
            continue
        try:
            tally.add(hurt(run, plan, timeout=15))
        except Failed as why:
            text = str(why)
            key = text.split(": ", 1)[-1][:60] + text.partition(
                "the call that failed")[2][:300]
            failures.setdefault(key, []).append((plan, text))
    print("# %s: %s; %.0f s" % (run.name, tally, time.monotonic() - began))
    for same in failures.values():
        print("# ---- %d times; %s" % (
            len(same), ", ".join(str(p) for p, _ in same[:8])))
        print("\n".join("# " + line for line in same[0][1].splitlines()))
    return sum(map(len, failures.values()))


def main_long(words):
    part, n_parts = 0, 1
    if words[:1] == ["--part"]:
        part, n_parts = map(int, words[1].split("/"))
        words = words[2:]
    failed = number = 0
    for run in (*listed(), *torturejournal.listed()):
        if words and not any(word in run.name for word in words):
            continue
        number += 1
        n = long_run(run, part % n_parts, n_parts)
        failed += n
        print("%sok %d - 98 %s" % ("not " if n else "", number, run.name),
              flush=True)
    print("1..%d" % number)
    for function in tap._at_end:
        function()
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--long"]:
        sys.exit(main_long(sys.argv[2:]))
    tap.main()
