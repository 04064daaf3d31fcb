#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--dry-run: what it says a run would send, and that it sends nothing."""
import json
import os
import re
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from arrivals import numbers
from harness import TRACED, Program, fetchpool, strace
from resumetest import Run
from servers import api
from tap import (SANITIZERS, check, contents, equal, main, matches, skip,
                 temp_dir, temp_file, test, until)
from webserver import web

KIB = 1 << 10
MIB = 1 << 20


def dry(args, input="1\n2\n", **more):
    return fetchpool(["--dry-run", *args], input, **more)


def notes(result):
    """The lines on standard error that are not about single items."""
    return [line[len("fetchpool: "):] for line in result.text.splitlines()
            if not re.match(r"fetchpool: \d+: ", line)]


# ---- the requests ----

def said(record):
    """A line of a dry run, as sent() has a request."""
    url = urllib.parse.urlsplit(record["url"])
    target = url.path + ("?" + url.query if url.query else "")
    return (record["method"], url.netloc.rpartition("@")[2], target,
            sorted(name.lower() for name in record["headers"]),
            record["body_size"] or 0)


def sent(request):
    return (request.method, request.header("Host"), request.target,
            sorted(name.lower() for name, _ in request.headers),
            len(request.body))


JSON_ITEMS = "\n".join(json.dumps(item) for item in (
    {"url": "/ok?1", "method": "DELETE"},
    {"url": "/ok?2", "body": {"a": [1, 2]}, "method": "PUT"},
    {"url": "/ok?3", "body": "text", "headers": {"X-A": ["1", "2"]}},
    {"url": "/ok?4", "headers": {"Accept": "", "user-agent": "me"}},
    {"url": "/ok?5", "body": "<a/>", "headers": {"content-type": "a/b"}},
    {"url": "/ok?6", "headers": {"Authorization": "Bearer t0p"}},
    {"url": "/ok?7", "body": None, "context": 7},
    {"url": "/ok?8", "body": "", "headers": {"X-Long": "y" * 5000}},
))

# (options, input): URL stands for the server's.
REQUESTS = [
    ([], "URL/ok\nURL/ok?a=1&b=c%20d#part\nURL/ok?ä\nURL/ok?a b\n"),
    (["URL/ok?{}"], "1\nä b\n../x\n"),
    (["-C,", "URL/ok?{2}/{1}"], "1,2\n3,4,5\n"),
    (["--no-compressed"], "URL/ok\n"),
    (["-X", "DELETE"], "URL/ok\n"),
    (["-X", "HEAD"], "URL/head\n"),
    (["-X", "POST"], "URL/ok\n"),
    (["-X", "PUT"], "URL/ok\n"),
    (["-d", "a=1", "-d", "b=2"], "URL/ok\n"),
    (["-d", ""], "URL/ok\n"),
    (["-X", "PATCH", "-d", "x"], "URL/ok\n"),
    (["-X", "GET", "-d", "x"], "URL/ok\n"),
    (["--json", '{"a": 1}'], "URL/ok\n"),
    (["--json", "{}", "-H", "Content-Type: a/b", "-H", "Accept:"], "URL/ok\n"),
    (["--data-line", "URL/ok"], '{"a":1}\n[]\n'),
    (["-A", "", "-H", "X-Empty;", "-H", "x-none:", "-H", "X-A: b"],
     "URL/ok\n"),
    (["-H", "User-Agent: me", "-H", "ACCEPT: a/b", "-H", "host: there"],
     "URL/ok\n"),
    (["-H", "Accept-Encoding: br", "-H", "X-A: 1", "-H", "X-A: 2"],
     "URL/ok\n"),
    (["-u", "ann:t0p"], "URL/ok\n"),
    (["-u", "ann:t0p", "-H", "Authorization: Bearer t0p"], "URL/ok\n"),
    (["--oauth2-bearer", "t0p"], "URL/ok\n"),
    (["-b", "a=t0p", "-e", "http://there/"], "URL/ok\n"),
    (["-b", "a=1", "-H", "Cookie: b=2", "-e", "x", "-H", "Referer:"],
     "URL/ok\n"),
    ([], "http://ann:t0p@HOST/ok\nhttp://ann@HOST/ok\nhttp://HOST/ok?a@b\n"),
    (["--input-format=json"], JSON_ITEMS),
    (["--input-format=json", "-H", "X-A: 0", "-d", "all", "-H",
      "Content-Type: a/b"], JSON_ITEMS),
]


def requests_match(options, input):
    server = web()
    host = server.url.partition("://")[2]

    def here(text):
        return text.replace('"/', '"URL/').replace(
            "URL", server.url).replace("HOST", host)

    args = [here(option) if "URL" in option else option for option in options]
    what = "%r %r" % (options, input)
    planned = dry([*args, "-j1"], here(input))
    equal((planned.status, server.connections), (0, 0), what)
    done = fetchpool([*args, "-j1", "--retry=0"], here(input))
    equal(done.status, 0, what + repr(done))
    got = [sent(request) for request in server.log]
    expected = [said(record) for record in planned.records]
    if "host: there" in options:
        expected = [(m, "there", *rest) for m, _, *rest in expected]
    equal(expected, got, what)
    equal([(record["seq"], record["input"], record["url"])
           for record in planned.records],
          [(record["seq"], record["input"], record["url"])
           for record in done.records], what)


@test("each request is the one that a server gets in a run")
def _():
    for options, input in REQUESTS:
        requests_match(options, input)


@test("a line has these members, in this order, and context if there is one")
def _():
    result = dry(["--input-format=json"],
                 '{"url":"http://h/","context":{"a": 1}}\n{"url":"http://h/"}')
    fields = ["seq", "input", "method", "url", "headers", "body_size"]
    equal([list(record) for record in result.records],
          [fields + ["context"], fields])
    equal(result.records[0]["context"], {"a": 1})
    equal(result.records[1]["body_size"], None)


@test("no secret is in it")
def _():
    result = dry(["-H", "X-Key: t0psecret", "-u", "ann:t0psecret", "-b",
                  "a=t0psecret", "-d", "t0psecret", "--oauth2-bearer",
                  "t0psecret", "-x", "http://ann:t0psecret@127.0.0.1:9/"],
                 "http://ann:t0psecret@h/\nfile://ann:t0psecret@h/\n")
    equal((result.status, len(result.records)), (1, 1))
    check(b"t0psecret" not in result.out + result.err, repr(result))


@test("lines come in the order of the input, with any -j")
def _():
    result = dry(["-j", "64", "http://h/{}"], numbers(2000))
    equal([record["input"] for record in result.records],
          [str(i) for i in range(1, 2001)])


# ---- what fails before any request ----

BAD = b"file:///etc/passwd\nhttp:///ok\nhttp://h:99999/\na\x01b\n\xff\n" \
    b"http://[::1\nhttp:h\n"


@test("what would fail before a request fails in the same way")
def _():
    server = web()
    env = {"FETCHPOOL_URL": server.url + "/ok?{}"}
    full = temp_dir()
    for name in "1", "7.bin":
        with open(os.path.join(full, name), "w"):
            pass
    table = [
        ([server.url + "/ok?{}", "--id-range=3-4"], "1\n5\nx\n"),
        ([server.url + "/ok?{2}", "-C,"], "a\nb\n"),
        (["-X", "HEAD", "-d", "x"], server.url + "/ok\n"),
        (["--input-format=json"], '{}\n[]\n{"url":1}\nx\n'),
        (["--max-line=8"], "123456789\n" + "x" * 5000 + "\n"),
        (["-D", full, "--output-name={}", server.url + "/ok?{}"], "1\n\"1\n"),
        (["-D", full, "--output-name={+}", server.url + "/ok?{}"], "7.bin\n"),
        (["--proto=https"], "http://h/\n"),
        ([], BAD),
    ]
    for options, input in table:
        for more in [], ["--error-format=json"]:
            planned = dry([*options, *more], input, env=env)
            done = fetchpool([*options, *more], input, env=env)
            what = "%r %r" % (options, input)
            if more:
                check('"error":{"kind":"' in planned.text, what)
                # Items end in any order.
                kinds = sorted(re.findall(r'"error":\{.*?\}', done.text))
                equal(sorted(re.findall(r'"error":\{.*?\}', planned.text)),
                      kinds, what)
            else:
                equal(planned.errors, done.errors, what)
                check(planned.errors, what)
            equal((planned.status, done.status), (1, 1), what)
    names = {"\"1", "1"}  # the one that was not there before is there now
    equal({request.target for request in server.log}, {"/ok?%221"})
    check(names <= set(os.listdir(full)), os.listdir(full))


@test("-a: what fails is a line, too")
def _():
    result = dry(["-a"], "http://h/\nfile:///x\n")
    equal([(record.get("error") or {}).get("kind") for record in result.records],
          [None, "refused"])
    equal((result.records[1]["method"], result.records[1]["headers"],
           result.status), (None, None, 1))
    equal(notes(result)[0], "dry run: 2 items, 1 request, none sent")


@test("wrong usage is wrong usage")
def _():
    for args in (["-f", "merged", "-B", "text"], ["--rate=5"], ["http://h/"],
                 ["--overwrite"], ["--deny-private", "-x", "http://p/"],
                 ["-r", "2000000/s", "--rate-file", "/nonexistent/rate"]):
        equal(dry(args).status, 2, repr(args))


# ---- what it comes to ----

TIMES = [
    (["-r", "5/200ms"], 12, "0.408 s", "--rate 0.408 s"),
    (["-r", "5/200ms", "--pace"], 12, "0.448 s", "--rate 0.448 s"),
    (["-r", "10/200ms", "--share=2"], 12, "0.408 s", "--rate 0.408 s"),
    (["--host-rate=5/200ms"], 12, "0.408 s", "--host-rate 0.408 s"),
    (["-r", "3/100ms,10/s"], 11, "1.02 s", "--rate 1.02 s"),
    (["--delay=100ms-1s", "-j4"], 9, "0.3 s", "--delay 0.3 s"),
    (["--delay=100ms", "-j2", "-r", "5/200ms"], 12, "0.6 s",
     "--rate 0.408 s, --delay 0.6 s"),
    (["--delay=50ms", "-j12", "-r", "5/200ms"], 12, "0.458 s",
     "--rate 0.408 s, --delay 0.05 s"),
]


@test("the least time is by the limits as they are, and no run is faster")
def _():
    server = web()
    for options, n, least, limits in TIMES:
        args = [*options, server.url + "/ok?{}"]
        planned = dry(args, numbers(n))
        equal(notes(planned)[2],
              "at least %s until the last request (%s)"
              % (least, limits))
        start = time.monotonic()
        done = fetchpool(args, numbers(n))
        took = time.monotonic() - start
        equal((done.status, len(done.records)), (0, n), repr(options))
        check(took >= float(least.split()[0]), "%r took %g s, not %s" % (
            options, took, least))


@test("long times are in larger units, too; without limits there are none")
def _():
    for options, n, text in (
            (["-r", "1/m"], 4, "180 s (3 min 0 s)"),
            (["-r", "1/h"], 3, "7200 s (2 h 0 min)"),
            (["-r", "5/m"], 6, "60.05 s"),
            (["-r", "10/d"], 41, "345600 s (4 d 0 h)"),
            (["-r", "1/366d"], 100, "more than 70 years")):
        equal(notes(dry([*options, "http://h/{}"], numbers(n)))[2],
              "at least %s until the last request (--rate %s)" % (
                  text, text))
    equal(notes(dry(["http://h/{}"]))[2],
          "no rate or delay limits the requests")


@test("hosts are counted by scheme, name and port")
def _():
    result = dry([], "http://a/\nhttp://A:80/x\nhttps://a/\nhttp://a:8080/\n"
                 "http://u:p@a/\nhttp://[::1]/\n")
    equal(notes(result)[:2], [
        "dry run: 6 items, 6 requests, none sent",
        "4 hosts: http://a:80 (3), https://a:443 (1), http://a:8080 (1), "
        "http://[::1]:80 (1)"])
    equal(notes(dry(["http://h{}/"], numbers(6)))[1], "6 hosts: " + ", ".join(
        "http://h%d:80 (1)" % i for i in range(1, 6)) + ", and more")
    equal(len(notes(dry([], ""))), 3)


@test("the bound of memory is that of the manual")
def _():
    with_units = {"KiB": 1 << 10, "MiB": MIB, "GiB": 1 << 30}

    def bytes_of(number, unit):
        return float(number) * with_units[unit]

    for options, jobs, window, line, memory, body in (
            (["-j16"], 16, 256, 1 << 16, 512 * MIB, 16 * MIB),
            (["-j100", "--max-line=1K", "--max-memory=64M", "--max-body=1M"],
             100, 400, 1 << 10, 64 * MIB, MIB),
            (["-j1", "--window=3", "--max-memory=3000M"], 1, 3, 1 << 16,
             3000 * MIB, 16 * MIB)):
        text = notes(dry([*options, "http://h/{}"]))[3]
        match = re.fullmatch(
            r"a run needs less than (\S+) (\w+) of memory: 16 MiB \+ (\d+) "
            r"jobs x "
            r"256 KiB \+ (\d+) places x \(16 KiB \+ 4 x (\S+) (\w+)\) \+ "
            r"(\S+) (\w+) \+ 1\.5 x (\S+) (\w+)", text)
        check(match, text)
        total, unit, *rest = match.groups()
        equal((int(rest[0]), int(rest[1]), bytes_of(*rest[2:4]),
               bytes_of(*rest[6:8])), (jobs, window, line, body), text)
        exact = 16 * MIB + jobs * 262144 + window * (16384 + 4 * line) + \
            memory + 1.5 * body
        check(0 <= bytes_of(total, unit) - exact <= with_units[unit] / 10,
              "%s is not %g: %s" % (total, exact, text))
        check(0 <= bytes_of(*rest[4:6]) - memory < with_units[rest[5]] / 10,
              text)


@test("the bound of memory has what is filled in, hops and the data")
def _():
    def places(options, lines):
        text = notes(dry([*options, "-j1", "--window=3", "--max-line=1K",
                          "--max-memory=1M", "--max-body=1M", "http://h/{}"],
                         lines))[-1]
        match = re.fullmatch(
            r"a run needs less than (\S+) MiB of memory: 16 MiB \+ 1 jobs x "
            r"256 KiB \+ 3 places x \(16 KiB \+ 4 x 1 KiB([^)]*)\)(.*) \+ 1 MiB "
            r"\+ 1\.5 x 1 MiB(.*)", text)
        check(match, text)
        base = 18.5 + (256 + 3 * 20) / 1024
        return (round(float(match[1]) - base, 1), match[2] + match[3],
                match[4])

    plain = places([], "1\n")
    check(plain[0] <= 0.1 and plain[1:] == ("", ""), repr(plain))
    for option, value, n in (("--expand-data", "{{}}" * 1024, 800 * 1024),
                             ("--expand-header", "X-Y: " + "{{}}" * 64,
                              800 * 64)):
        grown, text, data = places([option, value], "1\n%s\n2\n" % ("x" * 800))
        match = re.fullmatch(r" \+ (\S+) KiB filled in", text)
        check(match and not data, text)
        check(n <= float(match[1]) * KIB < n + 200, text)
        check(0 <= grown - 3 * n / MIB <= 0.2, "%g, %d" % (grown, n))
    grown, text, _ = places(["--default-scheme=http"], "%s\n1\n" % (
        "\u00e9" * 500))
    match = re.fullmatch(r" \+ \(3 places \+ 1 jobs\) x 4 x (\S+) KiB of "
                         r"URL", text)
    check(match, text)
    check(3000 <= float(match[1]) * KIB < 3200, text)
    check(0 <= grown - 4 * 4 * 3000 / MIB <= 0.2, grown)
    equal(places(["--fields=+hops"], "1\n")[1:], (" + 24 KiB of hops", ""))
    grown, _, data = places(["-d", "@" + temp_file("y" * 3 * MIB)], "1\n")
    equal(data, " + 3 MiB of data")
    check(0 <= grown - 3 <= 0.2, grown)


# ---- nothing is done ----

def traced(args, input):
    log = temp_file(name="trace")
    result = fetchpool(args, input, env=TRACED, wrapper=strace(
        "-o", log, "-e", "trace=%network,%file"))
    return result, contents(log).decode("utf-8", "replace")


# A pipe that is open is opened again; no file is made by that.
WRITES = r"O_CREAT|O_TRUNC|mkdir|unlink|rename|linkat" \
    r"|(?<!/proc/self/fd/1\", )O_WRONLY(?!.*/dev/(null|tty))"


@test("no socket, no name looked up, no file made")
def _():
    folder = temp_dir()
    names = ["-o", "out", "--failed", "failed", "--journal", "journal", "-D",
             "pages", "--overwrite", "-r", "5/s", "--rate-file", "rate"]
    args = [name if name.startswith("-") or name == "5/s"
            else os.path.join(folder, name) for name in names]
    result, trace = traced(["--dry-run", *args],
                           "http://localhost:1/\nhttps://a.example/\nftp://h/\n")
    equal((result.status, len(result.records)), (1, 2), repr(result))
    equal(os.listdir(folder), [])
    check("execve(" in trace or "openat(" in trace, "nothing was traced")
    for word in r"\bsocket\(", r"\bconnect\(", "resolv.conf", r"\bsendto\(":
        check(not re.search(word, trace), "%s in\n%s" % (word, trace[-3000:]))
    for line in trace.splitlines():
        # A sanitizer and gcov have files of their own.
        if folder in line or not (SANITIZERS or ".gcda" in line):
            check(not re.search(WRITES, line), "a file is written: " + line)


def snapshot(folder):
    found = {}
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        status = os.stat(path)
        found[name] = (status.st_mtime_ns, status.st_ino, status.st_size,
                       None if os.path.isdir(path) else contents(path))
    return found


@test("files that are there stay as they are")
def _():
    folder = temp_dir()
    paths = {name: os.path.join(folder, name)
             for name in ("out", "failed", "rate", "pages")}
    os.mkdir(paths["pages"])
    real = ["-o", paths["out"], "--failed", paths["failed"], "-D",
            paths["pages"], "--overwrite", "-r", "5/s", "--rate-file",
            paths["rate"], api().posts]
    equal(fetchpool(real, "1\n101\n").status, 1)
    before = snapshot(folder), snapshot(paths["pages"])
    equal(len(before[0]), 4)
    planned = dry(real, "1\n2\n101\n")
    equal((planned.status, len(planned.records)), (0, 3))
    equal((snapshot(folder), snapshot(paths["pages"])), before)


@test("a rate file that a run would refuse is refused")
def _():
    path = os.path.join(temp_dir(), "rate")
    args = ["--rate-file", path, api().posts]
    equal(fetchpool(["-r", "5/s", *args], "1\n").status, 0)
    before = contents(path)
    for rate in "6/s", "5/s,7/m":
        done = fetchpool(["-r", rate, *args], "1\n")
        planned = dry(["-r", rate, *args], "1\n")
        equal((planned.status, planned.out, planned.text),
              (3, b"", done.text))
        matches("made for 5/s", planned.text)
    equal(dry(["-r", "5/s", *args], "1\n").status, 0)
    equal(contents(path), before)
    with open(path, "r+b") as file:
        file.truncate(100)
    equal(dry(["-r", "5/s", *args], "1\n").status, 3)
    os.unlink(path)
    os.symlink("/nonexistent", path)
    equal(dry(["-r", "5/s", *args], "1\n").status, 3)


# ---- with a journal ----

@test("--resume: only what is not done yet, and the journal stays as it is")
def _():
    run = Run(60, ["-k"])
    whole = contents(run.input)
    with open(run.input, "wb") as file:
        file.write(b"".join(whole.splitlines(True)[:40]))
    equal(run.run().status, 1)
    with open(run.input, "wb") as file:
        file.write(whole)
    before = snapshot(run.folder)
    planned = run.run("--resume", "--dry-run")
    equal(planned.status, 0, repr(planned))
    equal([record["seq"] for record in planned.records],
          list(range(41, 61)))
    equal([record["input"] for record in planned.records],
          whole.decode().split()[40:])
    equal(snapshot(run.folder), before)
    done = run.run("--resume")
    equal(done.status, 1, repr(done))
    equal(len(contents(run.out).splitlines()) +
          sum(1 for line in whole.split() if int(line) > 100), 60)


@test("--retry-failed: only what failed")
def _():
    run = Run(60)
    equal(run.run().status, 1)
    failed = [i + 1 for i, line in enumerate(contents(run.input).split())
              if int(line) > 100]
    equal([record["seq"] for record in
           run.run("--retry-failed", "--dry-run").records], failed)


@test("a journal that a run would refuse is refused")
def _():
    run = Run(20)
    run.run()
    before = snapshot(run.folder)
    for change, more in (("", []), ("", ["--resume", "-X", "PUT"]),
                         ("999\n", ["--resume"])):
        whole = contents(run.input)
        with open(run.input, "wb") as file:
            file.write(change.encode() or whole)
        planned = run.run("--dry-run", *more)
        equal((planned.status, planned.out), (3, b""), repr(planned))
        equal(planned.text.splitlines()[0],
              run.run(*more).text.splitlines()[0])
        with open(run.input, "wb") as file:
            file.write(whole)
    equal(snapshot(run.folder), before)


# ---- streams ----

@test("a line is there as soon as its item is")
def _():
    program = Program(["--dry-run", "http://h/{}"], stdin="pipe")
    for i in 1, 2, 3:
        program.write("%d\n" % i)
        equal(program.lines(i)[-1]["input"], str(i))
    program.close_stdin()
    equal(program.wait().status, 0)


@test("a signal ends it, with what it came to until then")
def _():
    program = Program(["--dry-run", "http://h/{}"], stdin="pipe")
    program.write("1\n2\n")
    program.has_lines(2)
    program.kill(2)
    result = program.wait()
    equal((result.status, len(result.records)), (-2, 2))
    matches(r"stopped by SIGINT: 2 done, 0 failed, 0 not done\n"
            r"fetchpool: dry run: 2 items, 2 requests", result.text)


@test("an endless input takes no more memory, however many hosts it names")
def _():
    if SANITIZERS:
        skip("sanitizers take memory of their own")
    program = Program(["--dry-run", "-r", "9/s", "--host-rate=5/m",
                       "http://h{}.example/"], stdin="pipe",
                      stdout=os.open("/dev/null", os.O_WRONLY))
    n, peaks = 0, []
    for size in 50000, 150000:
        program.write(numbers(size, n + 1))
        n += size
        until(lambda: taken(program) == 0, "the input to be read")
        peaks.append(program.memory("VmHWM"))
    program.close_stdin()
    result = program.wait()
    matches("more than 8192 hosts: ", result.text)
    matches("%d items, %d requests" % (n, n), result.text)
    check(peaks[1] < peaks[0] + 2048 and peaks[1] < 40 * 1024,
          "%r KiB" % peaks)


def taken(program):
    """Bytes that are still in the pipe to it."""
    import array
    import fcntl
    import termios
    left = array.array("i", [0])
    fcntl.ioctl(program.proc.stdin.fileno(), termios.FIONREAD, left)
    return left[0]


@test("whoever reads no further ends it")
def _():
    program = Program(["--dry-run", "http://h/{}"], stdin="pipe", read=False)
    program.write("1\n")
    program.drop()
    equal(program.wait().status, -13)


if __name__ == "__main__":
    main()
