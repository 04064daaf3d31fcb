#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lines in: section A of the fault catalogue, and how input is read."""
import json
import os
import random
import re
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import TRACED, Program, fetchpool, strace
from servers import Nginx, faults
from tap import (SANITIZERS, VECTORS, check, contents, equal, main, matches,
                 skip, steady, temp_dir, temp_file, test, until)


def echo(args=(), input="", **more):
    """Items are values for /echo/{}; gives the result and the server."""
    server = faults()
    more.setdefault("env", {})["FETCHPOOL_URL"] = server.url + "/echo/{}"
    return fetchpool(["-k", *args], input=input, **more), server


def inputs(result):
    return [record["input"] for record in result.records]


# ---- section A of the catalogue ----

@test("1 a last line without newline is a line")
def _():
    server = faults()
    lines = "%s/ok\n%s/echo" % (server.url, server.url)
    result = fetchpool(["-k"], input=lines)
    equal(inputs(result), lines.split("\n"))
    equal(result.status, 0)
    equal(result.err, b"")


@test("2 CR before LF is no part of the line")
def _():
    result, server = echo(input="1\r\n2\r\n")
    equal(inputs(result), ["1", "2"])
    equal(sorted(server.targets), ["/echo/1", "/echo/2"])
    equal(result.status, 0)


@test("2 CR within a line fails that line alone")
def _():
    result, server = echo(input="1\r2\n3\r\n")
    equal(inputs(result), ["3"])
    equal(list(result.errors), [1])
    equal(result.status, 1)
    equal(server.targets, ["/echo/3"])


@test("3 blank lines are passed over and are no items")
def _():
    result, server = echo(input="\n  \n\t\n1\n \t \n\r\n2\n\n")
    equal(inputs(result), ["1", "2"])
    equal([r["seq"] for r in result.records], [1, 2])
    equal(result.status, 0)
    equal(result.err, b"")


@test("4 # begins no comment")
def _():
    result, server = echo(input="#1\n# two\n")
    equal(inputs(result), ["#1", "# two"])
    equal(sorted(server.targets), ["/echo/%23%20two", "/echo/%231"])


@test("4 the fragment of a URL stays in the record")
def _():
    server = faults()
    result = fetchpool([], input=server.url + "/echo?a#frag\n")
    equal(inputs(result), [server.url + "/echo?a#frag"])
    equal(server.targets, ["/echo?a"])


@test("5 a byte-order mark at the start is dropped")
def _():
    result, server = echo(input="\ufeff1\n2\n")
    equal(inputs(result), ["1", "2"])
    equal(sorted(server.targets), ["/echo/1", "/echo/2"])


@test("5 a byte-order mark elsewhere fails its line")
def _():
    result, server = echo(input="\ufeff1\n\ufeff2\n3\ufeff\n4\n")
    equal(inputs(result), ["1", "4"])
    equal(sorted(result.errors), [2, 3])
    equal(result.status, 1)


@test("6 UTF-16 is one clear error")
def _():
    for codec in "utf-16-le", "utf-16-be":
        result, server = echo(input="\ufeff1\n2\n3\n".encode(codec))
        equal(result.status, 1)
        equal(result.out, b"")
        equal(server.requests, 0)
        equal(len(result.text.splitlines()), 1, "lines on standard error")
        matches("UTF-16", result.text)


@test("6 binary input: each line one outcome, nothing raw on stderr")
def _():
    blob = random.Random(6).randbytes(1 << 20)
    items = [line for line in blob.split(b"\n") if line.strip(b" \t\r\v\f")]
    result, server = echo(["-j4"], input=blob, timeout=40)
    equal(result.status, 1)
    result.text
    check(len(result.errors) >= len(items) * 0.95, "few errors")
    equal(len(result.errors) + len(result.records), len(items), "outcomes")


@test("7 NUL within a line fails that line alone")
def _():
    result, server = echo(input=b"1\n2\0x\n3\n")
    equal(inputs(result), ["1", "3"])
    equal(list(result.errors), [2])
    equal(result.status, 1)


@test("8 a line of 512 MB is an error, in little memory")
def _():
    server = faults()
    program = Program([server.url + "/echo/{}"], stdin="pipe")
    block = b"a" * (1 << 20)
    for _ in range(512):
        program.write(block)
    program.write("\nnext\n")
    equal(program.lines(1)[0]["input"], "next")
    peak = program.memory("VmHWM")
    program.close_stdin()
    result = program.wait()
    equal(list(result.errors), [1])
    equal(result.status, 1)
    check(len(result.err) < 2000, "the line itself on standard error")
    equal(result.records[0]["seq"], 2)
    if not SANITIZERS:
        check(peak < 40 * 1024, "%d KiB resident" % peak)


@test("8 --max-line: so many bytes are allowed, one more is not")
def _():
    result, server = echo(["--max-line", "16"], input=(
        "a" * 16 + "\n" + "b" * 17 + "\nok\n" + "c" * 1000 + "\n" + "d" * 16))
    equal(inputs(result), ["a" * 16, "ok", "d" * 16])
    equal(sorted(result.errors), [2, 4])


@test("8 --max-line is 64 KiB by default")
def _():
    result, server = echo(input="a" * 65536 + "\n" + "b" * 65537 + "\n")
    equal([len(i) for i in inputs(result)], [65536])
    equal(list(result.errors), [2])


@test("9 invalid UTF-8 fails its line; the record is valid UTF-8")
def _():
    lines = [b"\xff", b"a\xc3", b"\xc0\xaf", b"\xed\xa0\x80",
             b"\xf5\x80\x80\x80", b"\xe2\x82", "ä€𝄞".encode()]
    result, server = echo(["-a"], input=b"\n".join(lines) + b"\n")
    equal([r["seq"] for r in result.records], [1, 2, 3, 4, 5, 6, 7])
    equal([(r.get("error") or {}).get("kind") for r in result.records],
          ["input"] * 6 + [None])
    equal(server.targets, ["/echo/%C3%A4%E2%82%AC%F0%9D%84%9E"])
    equal(result.status, 1)


@test("10 control characters fail a line and are shown escaped")
def _():
    server = faults()
    lines = [server.url + "/echo/" + text for text in
             ("a\tb", "\x1b[31mred", "c\x7f", "d")]
    result = fetchpool(["-k", "-a", "--error-format", "json"],
                       input="\n".join(lines) + "\n")
    equal([r["input"] for r in result.records if not r.get("error")],
          lines[3:])
    equal([r["error"]["kind"] for r in result.records[:3]], ["input"] * 3)
    equal(server.targets[-1:], ["/echo/d"])
    result = fetchpool([], input="\n".join(lines) + "\n")
    result.text
    check({1, 2, 3} <= set(result.errors), "no errors for these lines")
    # U+009B is ESC [ in one character, for some terminals.
    result = fetchpool([], input=server.url + "/status/500?\u009b31m\n")
    result.text


@test("11 endless input is read only as fast as output is")
def _():
    with Nginx("location / { return 200 ok; }") as nginx:
        line = (nginx.url + "/x\n").encode()
        feeder = Program([], stdin="pipe", read=False)
        fed = 0
        os.set_blocking(feeder.proc.stdin.fileno(), False)

        def feed():
            nonlocal fed
            try:
                while True:  # from where the last write ended in its line
                    fed += os.write(feeder.proc.stdin.fileno(),
                                    (line * 1000)[fed % len(line):])
            except BlockingIOError:
                return fed

        stuck = steady(feed, "the input")
        check(stuck < 2 << 20, "%d bytes read for a full pipe" % stuck)
        if not SANITIZERS:
            check(feeder.memory() < 40 * 1024, "%d KiB" % feeder.memory())

        def read(n):
            while n > 0:
                n -= len(os.read(feeder.proc.stdout.fileno(), min(n, 65536)))
                feed()

        read(1 << 20)
        check(feed() > stuck, "input did not go on")
        first = feeder.memory()
        read(8 << 20)
        check(SANITIZERS or feeder.memory() <= first + 2048, "memory grows")
        feeder.drop()
        equal(feeder.wait().status, -13)


@test("12 a record leaves at once while input stays open")
def _():
    server = faults()
    program = Program([server.url + "/echo/{}"], stdin="pipe")
    for n in range(1, 6):
        program.write("%d\n" % n)
        equal(program.lines(n)[-1]["input"], str(n))
    program.close_stdin()
    equal(program.wait().status, 0)


@test("12 the error of a lone bad line is told at once, too")
def _():
    for options in ["--id-range=1-1"], ["--id-range=1-1", "-k"]:
        program = Program([*options, "-a", "http://127.0.0.1:9/{}"],
                          stdin="pipe")
        for n in range(2, 6):
            program.write("%d\n" % n)
            equal(program.lines(n - 1)[-1]["input"], str(n))
        program.close_stdin()
        equal(program.wait().status, 1)


@test("13 closed standard input is a local error")
def _():
    server = faults()
    result = fetchpool([server.url + "/echo/{}"],
                       before=lambda: os.close(0))
    equal(result.status, 3)
    equal(server.requests, 0)
    equal(len(result.text.splitlines()), 1)


@test("13 with -i a closed standard input does no harm")
def _():
    server = faults()
    path = temp_file("1\n2\n")
    result = fetchpool(["-k", "-i", path, server.url + "/echo/{}"],
                       before=lambda: os.close(0))
    equal(inputs(result), ["1", "2"])
    equal(result.status, 0)


@test("14 a directory as standard input is a local error")
def _():
    directory = os.open(temp_dir(), os.O_RDONLY)
    result = fetchpool(["http://127.0.0.1:1/{}"], input=directory)
    os.close(directory)
    equal(result.status, 3)
    matches("irectory", result.text)


@test("14 an error while reading: what was read is finished, then exit 3")
def _():
    server = faults()
    path = temp_file("".join("%07d\n" % n for n in range(20000)))
    result = fetchpool(
        ["-i", path, "-B", "none", server.url + "/ok?{}"], env=TRACED,
        wrapper=strace("-o", "/dev/null", "-P", path,
                       "-e", "trace=read,pread64,readv",
                       "-e", "inject=read,pread64,readv:error=EIO:when=2+"),
        timeout=40)
    equal(result.status, 3)
    matches("nput/output error", result.text)
    seqs = sorted(r["seq"] for r in result.records)
    check(seqs, "nothing of the first part was done")
    equal(seqs, list(range(1, len(seqs) + 1)))


@test("15 empty input: no output, no fault")
def _():
    for data in b"", b"\n", b"\xef\xbb\xbf":
        result, server = echo(input=data)
        equal((result.status, result.out, result.err), (0, b"", b""))
    equal(fetchpool(["http://127.0.0.1:1/{}"]).status, 0)


@test("16 the same URL many times is fetched many times")
def _():
    n = 2000 if SANITIZERS else 20000
    with Nginx("location / { return 200 ok; }") as nginx:
        result = fetchpool(["-j16"], input=(nginx.url + "/same\n") * n,
                           timeout=50)
        equal(len(result.records), n)
        equal(result.status, 0)
        until(lambda: len(nginx.access_log()) == n, "nginx's log")


# ---- how input is read ----

@test("-0: items end in NUL")
def _():
    result, server = echo(["-0"], input=b"1\0 2\0\0" + b"3")
    equal(inputs(result), ["1", " 2", "3"])
    result, server = echo(["--null"], input=b"1\n2\0" + b"3\0")
    equal(inputs(result), ["3"])
    equal(list(result.errors), [1])
    result, server = echo(["-0"], input=b"x\r\nInjected: y\0")
    equal(server.requests, 0)
    equal(result.status, 1)


@test("-i: items from a file, - is standard input")
def _():
    path = temp_file("1\n2\n")
    result, _ = echo(["-i", path], input="nobody reads this\n")
    equal(inputs(result), ["1", "2"])
    result, _ = echo(["--input=" + path], input="nor this\n")
    equal(inputs(result), ["1", "2"])
    result, _ = echo(["-i", "-"], input="3\n")
    equal(inputs(result), ["3"])


@test("-i: a file that is not there is a local error")
def _():
    path = os.path.join(temp_dir(), "none")
    result, server = echo(["-i", path])
    equal(result.status, 3)
    equal(result.out, b"")
    check(path in result.text, result.text)
    matches("No such file", result.text)


@test("-C: fields for {1}, {2}; {} is the whole line")
def _():
    server = faults()
    url = server.url + "/echo/{2}/{1}?all={}"
    for options, line in ((["-C,"], "a,b"), (["-C", "\\t"], "a\tb"),
                          (["--colsep=::"], "a::b"), (["-C", "ä"], "aäb")):
        server.reset()
        result = fetchpool([*options, url], input=line + "\n")
        equal(result.status, 0, repr(result))
        equal(inputs(result), [line])
        matches("^/echo/b/a[?]all=a.*b$", server.targets[0])
    result = fetchpool(["-C,", server.url + "/echo{?1,2}"], input="a,b c\n")
    equal(server.targets[-1], "/echo?1=a&2=b%20c")


@test("-C: a field that is not there fails its line, an empty one may be let in")
def _():
    server = faults()
    result = fetchpool(["-k", "-C,", server.url + "/echo/{1}/{2}"],
                       input="a\nb,\n,c\nd,e,f\n")
    equal(inputs(result), ["d,e,f"])
    equal(list(result.errors), [1, 2, 3])
    server.log.clear()
    result = fetchpool(
        ["-k", "-C,", "--allow-empty", server.url + "/echo/{1}/{2}"],
        input="a\nb,\n,c\nd,e,f\n")
    equal(inputs(result), ["b,", ",c", "d,e,f"])
    equal(list(result.errors), [1])
    equal(sorted(server.targets), ["/echo//c", "/echo/b/", "/echo/d/e"])


@test("-C: TAB is still no part of a line without it")
def _():
    result, server = echo(input="a\tb\n")
    equal(list(result.errors), [1])
    equal(server.requests, 0)


@test("--id-range: anything else fails without a request")
def _():
    good = ["1", "50", "100"]
    bad = ["0", "101", "-1", "abc", "1.5", "1e1", "0x10", "1 2",
           "9" * 40, "１"]
    result, server = echo(["--id-range", "1-100", "-a"],
                          input="\n".join(good + bad) + "\n")
    equal([r["input"] for r in result.records if not r.get("error")], good)
    equal([r["error"]["kind"] for r in result.records[3:]],
          ["input"] * len(bad))
    equal(server.requests, 3)
    equal(result.status, 1)


@test("a URL line without TEMPLATE is fetched, another line is an ID")
def _():
    server = faults()
    lines = [server.url + "/echo/x?y=z", "7", server.url + "/ok",
             "HTTP://127.0.0.1:%d/echo/up" % server.port]
    result = fetchpool(["-k"], input="\n".join(lines),
                       env={"FETCHPOOL_URL": server.url + "/echo/id/{}"})
    equal(inputs(result), lines)
    equal(sorted(server.targets),
          ["/echo/id/7", "/echo/up", "/echo/x?y=z", "/ok"])
    equal(result.err, b"")


@test("with TEMPLATE a URL line is a value like any other")
def _():
    server = faults()
    result = fetchpool([server.url + "/echo/{}"], input="http://x/y?z\n")
    equal(server.targets, ["/echo/http%3A%2F%2Fx%2Fy%3Fz"])
    result = fetchpool(["{+}"], input=server.url + "/echo/raw\n")
    equal(server.targets[1:], ["/echo/raw"])
    equal(result.status, 0)


@test("RFC 6570: operators on fields")
def _():
    for template, target in (
            ("/echo/{+1}", "/echo/a/b%20c"), ("/echo/x{#1}", "/echo/x"),
            ("/echo/x{.1}", "/echo/x.a%2Fb%20c"), ("/echo{/1,2}",
                                                   "/echo/a%2Fb%20c/d"),
            ("/echo/x{;1,2}", "/echo/x;1=a%2Fb%20c;2=d"),
            ("/echo{?1}", "/echo?1=a%2Fb%20c"),
            ("/echo?x=y{&2}", "/echo?x=y&2=d"), ("/echo/{1:2}", "/echo/a%2F"),
            ("/echo/{1*}", "/echo/a%2Fb%20c")):
        server = faults()
        result = fetchpool(["-C|", server.url + template], input="a/b c|d\n")
        equal(server.targets, [target], template)


@test("the public examples of RFC 6570 through the command")
def _():
    path = os.path.join(VECTORS, "uritemplate", "spec-examples.json")
    if not os.path.exists(path):
        skip("no vectors")
    server = faults()
    cases = 0
    for group in json.loads(contents(path)).values():
        names = [n for n, v in group["variables"].items()
                 if isinstance(v, str)]
        row = "|".join(group["variables"][n] for n in names)
        for template, expected in group["testcases"]:
            single = [n for n in names if template in (
                "{%s}" % n, "{+%s}" % n)]
            if len(single) != 1 or not isinstance(expected, str):
                continue
            number = names.index(single[0]) + 1
            result = fetchpool(
                ["-C|", server.url + "/echo/?" +
                 template.replace(single[0], str(number))], input=row + "\n")
            equal(server.targets[-1], "/echo/?" + expected)
            cases += 1
    check(cases > 3, "only %d cases" % cases)


@test("a few lines, all there, need no thread that reads")
def _():
    server = faults()

    def threads_for(n):
        path = temp_file("".join("%d\n" % i for i in range(n)))
        traced = temp_dir() + "/traced"
        with open(path, "rb") as file:
            result = Program(
                ["-j1", server.url + "/ok?{}"], stdin=file, env=TRACED,
                wrapper=strace("-o", traced, "-e", "trace=clone,clone3")
            ).wait(40)
        equal((result.status, len(result.records)), (0, n))
        return len(re.findall("clone.*CLONE_THREAD", contents(traced).decode()))

    # A run that is held up has one more, to write.
    few, many = (min(threads_for(n) for _ in range(3)) for n in (2, 100))
    check(few < many, "%d threads for 2 lines, %d for 100" % (few, many))


if __name__ == "__main__":
    main()
