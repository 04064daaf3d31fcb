#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
--trace: a file in the Trace Event Format that holds what happened.

check_trace() holds every file to the format's rules: one JSON object with
"traceEvents"; complete events (ph X) with ts and dur, which within a lane (pid
and tid) lie within one another or side by side; async events (ph b and e) in
pairs by category and id; metadata (ph M) that names each lane. And to ours: an
attempt holds its requests, a request its phases, and there are as many
attempts as the records say.
"""
import json
import os
import signal
import sys
from collections import defaultdict

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from authority import authority, good
from harness import Program, fetchpool, strict_json
from servers import Nginx, api, faults, free_port
from tap import (check, contents, equal, main, matches, skip, temp_dir,
                 temp_file, test, until)

PHASES = ["look-up", "connect", "TLS", "first byte", "body"]
WAITS = {"slot", "retry", "redirect", "rate", "host", "paused"}


def ns(us):
    return round(us * 1000)


def check_lane(events):
    """Spans of one lane nest: gives (span, the one around it or None)."""
    around, found = [], []
    for event in sorted(events, key=lambda e: (ns(e["ts"]), -ns(e["dur"]))):
        start, end = ns(event["ts"]), ns(event["ts"]) + ns(event["dur"])
        while around and ns(around[-1]["ts"]) + ns(around[-1]["dur"]) <= start:
            around.pop()
        if around:
            outer = around[-1]
            check(end <= ns(outer["ts"]) + ns(outer["dur"]),
                  "%r overlaps %r" % (event, outer))
            check(start > ns(outer["ts"]),
                  "which is the outer one? %r %r" % (event, outer))
        found.append((event, around[-1] if around else None))
        around.append(event)
    return found


def check_trace(path, is_cut=False):
    """The events by what they are, after all that holds for each file; if it
    is cut, the last attempts may be missing around their requests."""
    trace = strict_json(contents(path))
    events = trace["traceEvents"]
    lanes, named, asyncs = defaultdict(list), {}, {}
    of = defaultdict(list)
    for event in events:
        check(type(event["pid"]) is int and type(event["tid"]) is int, event)
        check(event["ts"] >= 0, "before the run: %r" % event)
        if event["ph"] == "X":
            check(event["dur"] >= 0, event)
            lanes[event["pid"], event["tid"]].append(event)
            of[event["cat"]].append(event)
        elif event["ph"] == "b":
            key = event["cat"], event["id"]
            check(key not in asyncs, "two at once: %r" % event)
            check(event["name"] in WAITS, event)
            asyncs[key] = event
        elif event["ph"] == "e":
            began = asyncs.pop((event["cat"], event["id"]), None)
            check(began and began["name"] == event["name"], event)
            check(began["ts"] <= event["ts"], event)
            of["wait"].append((began, event))
        else:
            equal(event["ph"], "M")
            named[event["pid"], event["tid"], event["name"]] = event["args"]
    equal(asyncs, {}, "begun and not ended")
    for lane, spans in lanes.items():
        check((*lane, "thread_name") in named, "lane %r has no name" % (lane,))
        check((lane[0], 0, "process_name") in named, "nor its process")
        for span, outer in check_lane(spans):
            cat = span["cat"]
            if cat in ("request", "phase"):
                wanted = "attempt" if cat == "request" else "request"
                if is_cut and cat == "request" and not outer:
                    continue
                check(outer and outer["cat"] == wanted, (span, outer))
                equal(span["args"]["seq"], outer["args"]["seq"])
            elif cat == "attempt":
                equal(outer, None)
            if cat == "phase":
                check(span["name"] in PHASES, span)
    of["lanes"] = lanes
    check_items(of)
    return of


def check_items(of):
    """No item is in two places at once."""
    places = defaultdict(list)
    for began, over in of["wait"]:
        places[began["args"]["seq"]].append((ns(began["ts"]), ns(over["ts"])))
    for span in of["attempt"]:
        start = ns(span["ts"])
        places[span["args"]["seq"]].append((start, start + ns(span["dur"])))
    for seq, spans in places.items():
        spans.sort()
        for (_, end), (start, _) in zip(spans, spans[1:]):
            check(end <= start, "item %s at once: %r" % (seq, spans))


def first_parts(of):
    return [a for a in of["attempt"] if not a["args"]["continued"]]


def traced(args, input, status=0):
    path = temp_file()
    result = fetchpool([*args, "--trace", path], input=input)
    equal(result.status, status)
    return result, check_trace(path)


@test("trace: each attempt is in it, in a lane for each slot")
def _():
    lines = "".join("%d\n" % n for n in range(1, 101))
    for more in [], ["-k"]:
        result, of = traced(["-j8", *more, api().posts], lines)
        equal(len(of["attempt"]), 100)
        equal(len(of["request"]), 100)
        check(len(of["lanes"]) <= 8 + 2, "lanes: %d" % len(of["lanes"]))
        equal(sorted(a["args"]["seq"] for a in of["attempt"]),
              list(range(1, 101)))
        urls = {r["seq"]: r["url"] for r in result.records}
        for attempt in of["attempt"]:
            args = attempt["args"]
            equal(args["url"], urls[args["seq"]])
            equal((args["kind"], args["status"], args["message"]),
                  ("ok", 200, None))
        for request in of["request"]:
            equal(request["args"]["ip"], "127.0.0.1")
        reused = [r for r in of["request"] if r["args"]["reused"]]
        check(len(reused) >= 80, "reused: %d" % len(reused))
        equal(len(of["wait"]), 100)


@test("trace: phases follow one another and fill their request")
def _():
    server = faults()
    path = temp_file()
    program = Program(["-j1", "--trace", path, server.url + "/gate/x?{}"],
                      stdin="1\n")
    server.wait(lambda: server.outstanding == 1, "the request")
    server.open("x")
    equal(program.wait().status, 0)
    of = check_trace(path)
    phases = sorted(of["phase"], key=lambda p: p["ts"])
    names = [p["name"] for p in phases]
    equal(names, [p for p in PHASES if p in names])
    check("first byte" in names and "TLS" not in names, names)
    for one, other in zip(phases, phases[1:]):
        equal(ns(one["ts"]) + ns(one["dur"]), ns(other["ts"]))
    request = of["request"][0]
    equal(ns(phases[0]["ts"]), ns(request["ts"]) + 1)
    equal(ns(phases[-1]["ts"]) + ns(phases[-1]["dur"]),
          ns(request["ts"]) + ns(request["dur"]))


@test("trace: retries are attempts of their own, with the wait between")
def _():
    server = faults()
    result, of = traced(
        ["-j4", "--retry=2", "--retry-delay=10ms", "-a"],
        "".join(server.url + "/status/500?%d\n" % n for n in range(10)), 1)
    counts = [r["attempts"] for r in result.records]
    equal(len(first_parts(of)), sum(counts))
    equal(len(of["attempt"]), sum(counts))
    for record in result.records:
        mine = sorted((a for a in of["attempt"]
                       if a["args"]["seq"] == record["seq"]),
                      key=lambda a: a["ts"])
        equal([a["args"]["attempt"] for a in mine],
              list(range(1, record["attempts"] + 1)))
        equal([a["args"]["retried"] for a in mine],
              [True] * (len(mine) - 1) + [False])
        equal({a["args"]["kind"] for a in mine}, {"http"})
    retries = [w for w, _ in of["wait"] if w["args"]["attempt"] > 0]
    equal(len(retries), sum(counts) - len(counts))


@test("trace: every hop is a request; parts of an attempt belong together")
def _():
    server, other = faults(), api()
    server.on("/there", lambda conn, request: conn.answer(
        b"", status=302, headers=b"Location: /ok\r\n"))
    server.on("/away", lambda conn, request: conn.answer(
        b"", status=302,
        headers=b"Location: " + other.url.encode() + b"/posts/1\r\n"))
    result, of = traced(["-j1", "--fields=seq,attempts"],
                        "%s/there\n%s/away\n" % (server.url, server.url))
    equal([r["attempts"] for r in result.records], [1, 1])
    equal(len(of["request"]), 4)
    equal(sorted(r["args"]["status"] for r in of["request"]),
          [200, 200, 302, 302])
    check(any(r["args"]["url"].endswith("/posts/1") for r in of["request"]),
          of["request"])
    equal(len(first_parts(of)), 2)
    parts = [a["args"] for a in of["attempt"] if a["args"]["seq"] == 2]
    equal([(p["continued"], p["parted"]) for p in parts],
          [(False, True), (True, False)])
    check("kind" not in parts[0] and parts[1]["kind"] == "ok", parts)
    equal([w["name"] for w, _ in of["wait"]
           if w["args"] == {"seq": 2, "attempt": 1}], ["redirect"])


@test("trace: what items waited for has its name")
def _():
    lines = "".join("%d\n" % n for n in range(1, 7))
    _, of = traced(["-j6", "--rate=2/300ms", api().posts], lines)
    check("rate" in {w["name"] for w, _ in of["wait"]}, of["wait"])
    # The lines are read in one piece: some wait while others are fetched.
    _, of = traced(["-j6", "--host-jobs=1", api().posts], lines * 200)
    check("host" in {w["name"] for w, _ in of["wait"]}, of["wait"])
    _, of = traced(["-j2", "--delay=5ms", api().posts], lines)
    equal([s["name"] for s in of["pause"]], ["delay"] * 6)
    equal(len(first_parts(of)), 6)


@test("trace: a paused server is what its items wait for")
def _():
    server = faults()
    state = {"n": 0}

    def busy(conn, request):
        state["n"] += 1
        if state["n"] == 1:
            conn.answer(b"", status=429, headers=b"Retry-After: 1\r\n")
        else:
            conn.answer(b"{}")

    server.on("/busy", busy)
    _, of = traced(["-j1", "--retry=2"],
                   "".join(server.url + "/busy?%d\n" % n for n in range(3)))
    check("paused" in {w["name"] for w, _ in of["wait"]}, of["wait"])
    equal(len(of["attempt"]), 4)


@test("trace: passwords are in no place of it, and odd bytes do no harm")
def _():
    server = faults()
    host = server.url[len("http://"):]
    path = temp_file()
    lines = "http://me:t0psecret@%s/ok\n" % host + \
        "%s/ok?a=\"<é\\\n" % server.url
    fetchpool(["--trace", path], input=lines)
    of = check_trace(path)
    check(b"t0psecret" not in contents(path), "the password is there")
    check(any("***" in str(a["args"]["url"]) for a in of["attempt"]),
          of["attempt"])


@test("trace: of nothing, and of lines that are no items")
def _():
    for lines, status in ("", 0), ("\x01\n", 1):
        _, of = traced([api().posts], lines, status)
        equal(of["attempt"], [])


@test("trace: failures have no phases behind the one that failed")
def _():
    _, of = traced(["-j1"], "http://127.0.0.1:1/\n", 1)
    check(not {p["name"] for p in of["phase"]} - {"look-up", "connect"},
          of["phase"])
    equal(of["attempt"][0]["args"]["kind"], "connect")
    equal(of["attempt"][0]["args"]["status"], None)


@test("trace: TLS is a phase of a new connection")
def _():
    authority_cert = good()
    port = free_port()
    with Nginx("listen 127.0.0.1:%d ssl; ssl_certificate %s; "
               "ssl_certificate_key %s; location / { return 200 x; }" % (
                   port, authority_cert.cert, authority_cert.key)):
        _, of = traced(["-j1", "--cacert", authority().cert,
                        "https://127.0.0.1:%d/{}" % port], "1\n2\n")
    equal([p["args"]["seq"] for p in of["phase"] if p["name"] == "TLS"], [1])
    equal([r["args"]["reused"] for r in of["request"]], [False, True])


@test("trace: a body that waits for memory lies within its request")
def _():
    server = faults()
    path = temp_file()
    program = Program(["-j4", "--max-memory=1M", "--trace", path,
                       server.url + "/size/%d?{}" % 700000],
                      stdin="".join("%d\n" % n for n in range(8)), read=False)
    program.settled()
    program.read_now()
    equal(program.wait().status, 0)
    of = check_trace(path)
    check("memory" in {s["name"] for s in of["pause"]}, of["pause"])
    equal(len(of["attempt"]), 8)


def stopped(path, signals):
    server = faults()
    program = Program(["-j2", "--trace", path, "--grace=1h",
                       server.url + "/gate/never?{}"],
                      stdin="".join("%d\n" % n for n in range(100)))
    server.wait(lambda: server.outstanding == 2, "2 requests")
    for number in signals:
        program.kill(number)
        program.settled()
    result = program.wait()
    equal(result.status, -signals[-1])


@test("trace: whole after signals, and while the run goes on")
def _():
    path = temp_file()
    stopped(path, [signal.SIGINT, signal.SIGINT])
    of = check_trace(path)
    equal(len(of["attempt"]), 2)
    equal({a["args"]["kind"] for a in of["attempt"]}, {"stopped"})
    stopped(path, [signal.SIGKILL])
    check_trace(path, is_cut=True)


@test("trace: whole when nobody reads the output any more")
def _():
    path = temp_file()
    server = faults()
    program = Program(["-j2", "--trace", path, server.url + "/ok?{}"],
                      stdin="pipe", read=False)
    program.write("1\n2\n")
    server.wait(lambda: server.requests == 2, "2 requests")
    program.drop()
    equal(program.wait().status, -signal.SIGPIPE)
    check_trace(path, is_cut=True)


@test("trace: a file that cannot be written is found before anything else")
def _():
    server = faults()
    before = server.requests
    for path in temp_dir() + "/none/t", "/", "/proc/t":
        result = fetchpool(["--trace", path, server.url + "/ok?{}"],
                           input="1\n")
        equal((result.status, result.out), (3, b""))
        matches("cannot write " + path, result.text)
    equal(server.requests, before)
    for path in "-", "":
        equal(fetchpool(["--trace=" + path, api().posts], "1\n").status, 2)


@test("trace: a file that is in use is left alone")
def _():
    folder = temp_dir()
    items, out = folder + "/items", folder + "/out"
    with open(items, "w") as file:
        file.write("1\n")
    for args in (["-i", items, "--trace", items],
                 ["-i", items, "-o", out, "--trace", out],
                 ["-i", items, "--failed", out, "--trace", out],
                 ["-i", items, "--stats", out, "--trace", out],
                 ["-i", items, "-o", out, "--journal", folder + "/j",
                  "--trace", folder + "/j"]):
        result = fetchpool([*args, api().posts])
        equal(result.status, 2)
        matches("--trace: '.*' is the (input|output|file of --)", result.text)
        equal((contents(items), os.path.exists(out)), (b"1\n", False))


@test("trace: a disk that is full costs the trace, not the run")
def _():
    if not os.path.exists("/dev/full"):
        skip("no /dev/full")
    result = fetchpool(["--trace", "/dev/full", api().posts],
                       input="".join("%d\n" % n for n in range(1, 51)))
    equal(result.status, 3)
    equal(len(result.records), 50)
    matches("write error: /dev/full", result.text)
    equal(result.text.count("write error"), 1)


@test("trace: what was in the file is gone, and it may be a pipe")
def _():
    path = temp_file("x" * 1000000)
    fetchpool(["--trace", path, api().posts], input="1\n")
    equal(len(check_trace(path)["attempt"]), 1)
    fifo = os.path.join(temp_dir(), "fifo")
    os.mkfifo(fifo)
    program = Program(["--trace", fifo, api().posts], stdin="1\n2\n")
    copy = temp_file(contents(fifo))
    equal(program.wait().status, 0)
    equal(len(check_trace(copy)["attempt"]), 2)


if __name__ == "__main__":
    main()
