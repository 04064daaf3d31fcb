#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is tried again, how often and when; and what is not."""
import collections
import email.utils
import json
import os
import sys
import threading
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from faultserver import HEAD, FaultServer
from harness import Program, fetchpool
from servers import faults, free_port
from shim import lookups, resolver
from tap import (SANITIZERS, check, contents, equal, main, matches, temp_dir,
                 temp_file, test)

SAFE = {408, 425, 500, 502, 504, 522, 524}
NEVER = {400, 401, 403, 404, 409, 410, 501, 505, 507, 508, 511}
SOON = ["--retry-delay", "1ms"]  # which is 50 ms, the least there is


def numbers(n):
    return "".join("%d\n" % i for i in range(1, n + 1))


def nth_for(server, request):
    """How many requests there were for the same target, it included."""
    return sum(r.target == request.target for r in server.log[:request.nth])


def then(*statuses, headers=b""):
    """A behaviour that answers with these, one after the other for each
    target, and with 200 from then on."""
    def answer(conn, request):
        n = nth_for(conn.server, request)
        if n <= len(statuses):
            conn.answer(b"not yet", status=statuses[n - 1], headers=headers)
        else:
            conn.answer(b"ok")
    return answer


def gaps(server, target):
    """The times between the arrivals of requests for that."""
    times = [r.time for r in server.log if r.target == target]
    return [later - earlier for earlier, later in zip(times, times[1:])]


def record_of(args, input, status=0, **more):
    """The only record of a run; what failed is one too."""
    result = fetchpool(["-a", *args], input=input, **more)
    equal((result.status, len(result.records)), (status, 1), repr(result))
    return result.records[0]


# ---- what is tried again ----

def json_item(url, variant):
    method, _, key = variant.partition("+")
    item = {"url": url, "method": method}
    if method in ("POST", "PUT", "PATCH"):
        item["body"] = {}
    if key:
        item["headers"] = {"Idempotency-Key": "k"}
    return json.dumps(item) + "\n"


VARIANTS = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH",
            "POST+key")


def attempts_by(urls, *args, variants=VARIANTS, status=1, **more):
    """{(name, variant): attempts} of one item each; urls: {name: URL}."""
    names = [(name, variant) for name in urls for variant in variants]
    items = "".join(json_item(urls[name], variant)
                    for name, variant in names)
    result = fetchpool(["-a", "-k", "-j20", "--input-format=json",
                        "--retry=1", "--busy=item", *SOON, *args],
                       input=items, **more)
    equal(result.status, status, repr(result))
    return {name: record["attempts"]
            for name, record in zip(names, result.records)}


def compare(got, expected):
    """Both are {(name, variant): attempts}."""
    wrong = {key: (got[key], expected[key]) for key in got
             if got[key] != expected[key]}
    check(not wrong, "attempts, and what was expected: %r" % wrong)
    equal(len(got), len(expected))


def is_safe(variant):
    return variant not in ("POST", "PATCH")


@test("each status by each method")
def _():
    server = faults()
    codes = SAFE | NEVER | {413, 421}
    got = attempts_by({code: "%s/status/%d" % (server.url, code)
                       for code in codes})
    compare(got, {(code, v): 2 if code == 421 or
                  code in SAFE and is_safe(v) else 1
                  for code in codes for v in VARIANTS})


@test("413, 429 and 503, with Retry-After and without")
def _():
    names = [(code, said) for code in (413, 429, 503) for said in (0, 1)]
    with FaultServer(["127.0.7.%d" % n for n in range(1, 7)]) as server:
        def answer(conn, request):
            code, said = request.query.split("-")
            conn.answer(b"busy", status=int(code), headers=(
                b"Retry-After: 0\r\n" if said == "1" else b""))
        server.on("/busy", answer)
        few = ("GET", "PUT", "POST", "POST+key")
        got = attempts_by({
            name: "http://127.0.7.%d:%d/busy?%d-%d" % (n, server.port, *name)
            for n, name in enumerate(names, 1)}, variants=few)

    def expected(code, said, variant):
        if code == 429:
            return 2
        if code == 413:
            return 2 if said and is_safe(variant) else 1
        return 2 if is_safe(variant) and (said or variant != "POST+key") \
            else 1

    compare(got, {(name, v): expected(*name, v)
                  for name in names for v in few})


@test("--idempotent: a POST too; but a 503 only if it is asked back")
def _():
    server = faults()
    server.on("/asked", lambda conn, request: conn.answer(
        b"busy", status=503, headers=b"Retry-After: 0\r\n"))
    urls = {code: "%s/status/%d" % (server.url, code)
            for code in (400, 408, 500, 503)}
    urls["asked"] = server.url + "/asked"
    urls["empty"] = server.url + "/empty"
    got = attempts_by(urls, "--idempotent", variants=("GET", "POST"))
    compare(got, {(name, v): 1 if name == 400 or (name, v) == (503, "POST")
                  else 2 for name in urls for v in ("GET", "POST")})


@test("48 a broken or silent answer: not to a POST, which was sent")
def _():
    server = faults()
    final = ("/ssh", "/two_cl")
    variants = ("GET", "POST", "POST+key")
    # Only what is silent may meet the limit of time.
    for paths, args in (
            (("/empty", "/short_cl", "/rst_body", "/nochunkend", *final), ()),
            (("/silent",), ("-m", "0.4s"))):
        got = attempts_by({path: server.url + path for path in paths}, *args,
                          variants=variants)
        compare(got, {(path, v): 1 if path in final or v == "POST" else 2
                      for path in paths for v in variants})


@test("48 no connection: a POST too, which was not sent")
def _():
    for v in VARIANTS:
        closed = "http://127.0.0.1:%d/" % free_port()
        compare(attempts_by({"closed": closed}, variants=(v,)),
                {("closed", v): 2})


@test("48 a redirect made a GET of it: what was sent before is not sent again")
def _():
    server = faults()
    for code in 302, 303:
        server.on("/seen%d" % code, lambda conn, request, code=code:
                  conn.answer(b"", status=code, headers=b"Location: %s\r\n" %
                              request.query.encode()))
    ends = ["/status/500", "/status/429", "/status/421", "/empty"]
    few = ("GET", "PUT", "POST", "PATCH", "POST+key")
    urls = {(code, end): "%s/seen%d?%s" % (server.url, code, end)
            for code in (302, 303) for end in ends}
    # 302 leaves a PATCH what it is: a 429 or 421 says that it did nothing.
    free = [((302, "/status/%d" % code), "PATCH") for code in (421, 429)]
    compare(attempts_by(urls, variants=few), {
        (name, v): 2 if is_safe(v) or v == "POST+key" or (name, v) in free
        else 1 for name in urls for v in few})


@test("26 no such name: once more, and no more than that")
def _():
    env = resolver("again.test=!again|127.0.0.1")
    record = record_of(["--retry=5", *SOON], "http://none.test/\n", 1,
                       env=env)
    equal((record["attempts"], record["error"]["kind"]), (2, "dns"))
    equal(lookups(env)[0], 2, "look-ups")
    server = faults()
    record = record_of(["--retry=5", *SOON],
                       "http://again.test:%d/ok\n" % server.port, env=env)
    equal((record["attempts"], record["status"]), (2, 200))


@test("--retry-on: adds, and with ! takes away, one after the other")
def _():
    server = faults()
    closed = "http://127.0.0.1:%d/" % free_port()
    urls = {code: "%s/status/%d" % (server.url, code)
            for code in (404, 410, 500, 502, 503, 505)}
    urls.update(closed=closed, empty=server.url + "/empty",
                silent=server.url + "/silent")

    def once_more(*args):
        got = attempts_by(urls, "-m", "3s", *args, variants=("GET",))
        return {str(name) for (name, _), n in got.items() if n > 1}

    equal(once_more("--retry-on=404,!5xx,502,!timeout"),
          {"404", "502", "closed", "empty"})
    equal(once_more("--retry-on=400-499", "--retry-on=!404,!connect,!reset",
                    "--retry-on", "505"),
          {"410", "500", "502", "503", "505", "silent"})


@test("--retry=0: nothing, and Retry-After is not waited for")
def _():
    server = faults()
    server.on("/busy", lambda conn, request: conn.answer(
        b"busy", status=503, headers=b"Retry-After: 500\r\n"))
    for path in "/busy", "/status/429", "/status/500", "/empty":
        record = record_of(["--retry=0"], server.url + path + "\n", 1)
        equal(record["attempts"], 1, path)
        equal(record["error"].get("retry_after"),
              500 if path == "/busy" else None)
    equal(server.requests, 4)


# ---- when ----

@test("84 503 twice, then 200: a success, and what each attempt met")
def _():
    server = faults()
    seed = 9  # whose delays are short ones
    server.on("/x", then(503, 503))
    record = record_of(["--fields=+tries", "--retry=2",
                        "--seed=%d" % seed], server.url + "/x\n")
    equal((record["attempts"], record["status"], record["body"]),
          (3, 200, "ok"))
    tries = record["tries"]
    equal([(t["status"], t["kind"]) for t in tries],
          [(503, "http"), (503, "http"), (200, None)])
    equal(tries[-1]["wait"], None)
    # A busy server has a second at least for the first.
    for t, gap, most in zip(tries, gaps(server, "/x"), (1, 2)):
        check(0.05 <= t["wait"] <= most, tries)
        check(gap >= t["wait"], "%g after a wait of %g" % (gap, t["wait"]))
    check(record["fetch_time"] >= sum(
        t["time"] + (t["wait"] or 0) for t in tries) - 1e-5, record)


@test("84 the delays are drawn from a range that doubles, up to the most")
def _():
    server = faults()
    url = server.url + "/status/500?{}"
    result = fetchpool(["-a", "-j5", "--fields=tries", "--retry=4",
                        "--retry-delay=100ms", "--retry-max-delay=300ms",
                        url], input=numbers(20))
    waits = [[t["wait"] for t in record["tries"]]
             for record in result.records]
    for one in waits:
        equal(len(one), 5)
        for wait, most in zip(one, (0.1, 0.2, 0.3, 0.3)):
            check(0.05 <= wait <= most, one)
    for nth, most in enumerate((0.1, 0.2, 0.3, 0.3)):
        drawn = [one[nth] for one in waits]
        check(len(set(drawn)) > 3, "always the same: %r" % drawn)
        check(max(drawn) > most / 2, "never late: %r" % drawn)


@test("--seed: each item's delays are the same again, with any number of jobs")
def _():
    url = faults().url + "/status/500?{}"

    def waits(*args):
        result = fetchpool(["-a", "-k", "--fields=tries", "--retry=2",
                            "--retry-delay=100ms", *args, url],
                           input=numbers(12))
        return [[t["wait"] for t in r["tries"]] for r in result.records]

    one = waits("-j1", "--seed=7")
    equal(waits("-j8", "--seed=7"), one)
    check(waits("-j8", "--seed=8") != one, "another seed is no other")
    check(waits("-j8") != waits("-j8"), "without a seed, twice the same")
    check(len({tuple(w) for w in one}) > 6, "items are all alike: %r" % one)


@test("--retry-max-time: no attempt begins later")
def _():
    record = record_of(
        ["--retry=1000", "--retry-delay=60ms", "--retry-max-delay=60ms",
         "--retry-max-time=400ms", "--fields=+tries"],
        faults().url + "/status/500\n", 1)
    waits = [t["wait"] for t in record["tries"]]
    check(len(waits) >= 3, record)
    check(sum(waits[:-1]) <= 0.4, record)
    check(len(waits) <= 10, record)


@test("--retry-max-time: a pause of its server does not stretch it")
def _():
    server = faults()
    is_busy = threading.Event()
    ill = then(500, headers=b"Retry-After: 1\r\n")
    busy = then(429, headers=b"Retry-After: 3\r\n")

    def answer_ill(conn, request):
        is_busy.wait(20)  # else the second request would be held back
        ill(conn, request)

    def answer_busy(conn, request):
        is_busy.set()
        busy(conn, request)

    server.on("/x", answer_ill)
    server.on("/busy", answer_busy)
    result = fetchpool(
        ["-a", "-k", "-j2", "--retry=5", "--retry-max-time=2s",
         "--fields=status,attempts,tries"],
        input="%s/x\n%s/busy\n" % (server.url, server.url))
    x, busy = result.records
    equal((x["status"], x["attempts"], len(x["tries"])), (500, 1, 1), x)
    equal(x["error"]["message"], "500 Internal Server Error; another "
          "attempt would exceed the time limit for all attempts")
    equal((busy["status"], busy["error"]["retry_after"]), (429, 3), busy)
    equal(server.requests, 2)


@test("fetch_time counts what an item waits for, and not for its slot")
def _():
    server = faults()
    server.on("/x", then(500, 500))
    result = fetchpool(["-j1", "--fields=fetch_time,tries", *SOON,
                        "--retry=2", server.url + "/x?{}"],
                       input=numbers(4))
    equal(len(result.records), 4)
    for record in result.records:
        waited = sum(t["wait"] or 0 for t in record["tries"])
        check(waited >= 0.1 and record["fetch_time"] >= waited, record)


@test("an item that waits holds no slot")
def _():
    server = faults()
    server.on("/x", then(429, headers=b"Retry-After: 1\r\n"))
    lines = "http://127.0.0.1:%d/x\n" % server.port + "".join(
        "http://localhost:%d/ok?%d\n" % (server.port, n) for n in range(20))
    result = fetchpool(["-j1", "--retry=1", "-4"], input=lines)
    equal((result.status, len(result.records)), (0, 21), repr(result))
    equal(result.records[-1]["seq"], 1, "the last one to end")


@test("-k: records in order, those that were tried again too")
def _():
    server = faults()
    server.on("/odd", then(500))
    server.on("/even", then())
    lines = "".join("%s/%s?%d\n" % (server.url, "odd" if n % 2 else "even", n)
                    for n in range(1, 41))
    result = fetchpool(["-k", "-j8", "--window=16", "--retry=1", *SOON],
                       input=lines)
    equal([r["seq"] for r in result.records], list(range(1, 41)))
    equal([r["attempts"] for r in result.records], [2, 1] * 20)


@test("a budget for retries: when all fail, there are not so many")
def _():
    server = faults()
    result = fetchpool(["-a", "-j31", "--retry=5", *SOON,
                        "--retry-max-delay=50ms",
                        server.url + "/status/500?{}"], input=numbers(60))
    ended = collections.Counter(r["error"].get("retry")
                                for r in result.records)
    # 500 of it, and 5 for each.
    equal(server.requests, 60 + 100, "requests")
    equal(sum(r["attempts"] for r in result.records), server.requests)
    check(ended["budget"] > 20, ended)
    for record in result.records:
        equal(record["attempts"] == 6, "retry" not in record["error"])
    server.reset()
    server.on("/x", then(500))
    result = fetchpool(["-a", "-j31", "--retry=5", *SOON,
                        server.url + "/x?{}"], input=numbers(60))
    equal((result.status, server.requests), (0, 120))


# ---- what is sent again ----

@test("421: once more, on a connection of its own, a POST too")
def _():
    for args in [], ["-d", "x"]:
        server = faults()
        server.on("/x", then(421))
        result = fetchpool(["-j1", "--retry=3", *args], input=(
            "{0}/ok\n{0}/x\n{0}/ok?2\n").format(server.url))
        equal((result.status, [r["attempts"] for r in sorted(
            result.records, key=lambda r: r["seq"])]), (0, [1, 2, 1]))
        seen = {r.target: r.connection for r in server.log}
        first, second = [r.connection for r in server.log
                         if r.target == "/x"]
        equal((first, seen["/ok"]), (1, 1))
        check(second != first, "on the same connection")
        equal(server.connections, 2)


@test("413: after the time that the server says")
def _():
    server = faults()
    server.on("/x", then(413, headers=b"Retry-After: 1\r\n"))
    record = record_of(["-X", "PUT", "-d", "x", *SOON, "--retry=1"],
                       server.url + "/x\n")
    equal((record["status"], record["attempts"]), (200, 2))
    check(gaps(server, "/x")[0] >= 1, gaps(server, "/x"))


@test("a body is sent again whole")
def _():
    server = faults()
    bodies = []

    def answer(conn, request):
        n = int(request.header("Content-Length"))
        while len(conn.buffer) < n:
            conn.read()
        bodies.append(conn.buffer[:n])
        conn.buffer = conn.buffer[n:]
        conn.answer(b"", status=500 if len(bodies) < 3 else 200)

    server.on("/x", answer)
    body = "0123456789" * 20000
    record_of(["-X", "PUT", "--data-line", *SOON, "--retry=2",
               "--max-line=1M", server.url + "/x"], body + "\n")
    equal([b == body.encode() for b in bodies], [True] * 3)


@test("-D: what was tried again leaves whole files, and nothing else")
def _():
    server = faults()

    def answer(conn, request):
        n = nth_for(conn.server, request)
        if n == 1:
            conn.send(HEAD % 100000 + b"half" * 5000)
            conn.close()
        elif n == 2:
            conn.answer(b"an error, and no file", status=502)
        else:
            conn.answer(b"whole" * 20000)

    server.on("/x", answer)
    folder = temp_dir()
    result = fetchpool(["-D", folder, "--output-name={}", "-j8", "--retry=3",
                        *SOON, server.url + "/x?{}"], input=numbers(20))
    equal((result.status, {r["attempts"] for r in result.records}), (0, {3}))
    equal(sorted(os.listdir(folder), key=int),
          [str(n) for n in range(1, 21)])
    for n in range(1, 21):
        equal(contents("%s/%d" % (folder, n)), b"whole" * 20000)
    folder = temp_dir()
    result = fetchpool(["-D", folder, "--retry=1", *SOON],
                       input=server.url + "/x?99\n")
    equal((result.status, os.listdir(folder)), (1, []))


@test("what an attempt left behind is not in the next one's record")
def _():
    server = faults()
    server.on("/x", then(500, headers=b"X-Old: 1\r\nContent-Encoding: br\r\n"))
    record = record_of(["--fields=+headers", "--retry=1", *SOON],
                       server.url + "/x\n")
    equal((record["body"], record["size"], record["status"]), ("ok", 2, 200))
    check("x-old" not in str(record["headers"]).lower(), record)
    server.on("/y", then(302, headers=b"Location: /status/500\r\n"))
    record = record_of(["--fields=+final_url,redirects", "--retry=1", *SOON],
                       server.url + "/y\n")
    equal((record["final_url"], record["redirects"]),
          (None if record["final_url"] is None else server.url + "/y", 0))


# ---- what must not be sent twice ----

def dying(every):
    """A behaviour that closes its connection, after the request has come and
    without an answer, when it is the `every`-th on it."""
    def answer(conn, request):
        conn.n = getattr(conn, "n", 0) + 1
        if conn.n == every:
            conn.close()
        conn.answer(b"done")
    return answer


def never_twice(n, method):
    server = faults()
    server.on("/x", dying(3))
    result = fetchpool(["-a", "-j16", "-X", method, "--retry=3", *SOON,
                        server.url + "/x?{}"], input=numbers(n), timeout=50)
    equal(len(result.records), n)
    sent = collections.Counter(server.targets)
    equal(len(sent), n, "that were sent at all")
    return result, sent


@test("88 connections that die under a POST: on the wire once, and said so")
def _():
    result, sent = never_twice(100 if SANITIZERS else 400, "POST")
    equal(max(sent.values()), 1, "times on the wire")
    lost = [r for r in result.records if r.get("error")]
    # Every third on a connection, but who has lost one may open another.
    check(lost, "none died")
    for record in lost:
        error = record["error"]
        equal((error.get("outcome_unknown"), record["attempts"],
               error["kind"]), (True, 1, "network"), record)
    for record in result.records:
        equal(record["body"], None if record.get("error") else "done")


@test("88 the same under a GET: sent again, and none is lost")
def _():
    result, sent = never_twice(100 if SANITIZERS else 400, "GET")
    equal([r["seq"] for r in result.records if r.get("error")], [])
    check(max(sent.values()) > 1, "none died")


@test("88 a POST that was answered, or never sent, is not unknown")
def _():
    server = faults()
    closed = "http://127.0.0.1:%d/" % free_port()
    for url in server.url + "/status/500", closed:
        record = record_of(["-d", "x", "--retry=0"], url + "\n", 1)
        check("outcome_unknown" not in record["error"], record)
    for url in server.url + "/silent", server.url + "/empty":
        record = record_of(["-d", "x", "-m", "0.3s", "--retry=3"],
                           url + "\n", 1)
        equal((record["error"].get("outcome_unknown"),
               record["attempts"]), (True, 1))
    record = record_of(["-m", "0.3s", "--retry=0"],
                       server.url + "/silent\n", 1)
    check("outcome_unknown" not in record["error"], record)


# ---- Retry-After ----

def http_date(at, form):
    zone = time.gmtime(at)
    if form == "rfc850":
        return time.strftime("%A, %d-%b-%y %H:%M:%S GMT", zone)
    if form == "asctime":
        return time.strftime("%a %b %e %H:%M:%S %Y", zone)
    return email.utils.formatdate(at, usegmt=True)


NOW = 784111777  # a server whose clock is a generation behind
FORMS = {
    # name: (header lines, at least so many seconds, malformed)
    "seconds": (["1"], 1, False),
    "spaces": (["  1\t"], 1, False),
    "IMF-date": ([http_date(NOW + 1, "imf")], 1, False),
    "RFC 850": ([http_date(NOW + 1, "rfc850")], 0, False),
    "asctime": ([http_date(NOW + 1, "asctime")], 1, False),
    "past": ([http_date(NOW - 100, "imf")], 0, False),
    "zero": (["0"], 0, False),
    "ISO": ([time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW + 1))], 1,
            False),
    "-5": (["-5"], 0, True),
    "1.5": (["1.5"], 1.5, False),
    "abc": (["abc"], 0, True),
    "list": (["2, 1"], 2, False),
    "empty": ([""], 0, True),
    "two": (["1", "0"], 1, False),
    "one is bad": (["abc", "1"], 1, True),
}


@test("86 Retry-After on a redirect: what is none is told, once")
def _():
    for text, n_said in (b"abc", 1), (b"1e3", 1), (b"0", 0):
        with FaultServer(["127.0.0.1", "127.0.0.2"]) as server:
            for status in 301, 307:
                server.on("/%d" % status, lambda conn, request: conn.answer(
                    b"", status=int(request.target[1:4]),
                    headers=b"Location: /ok\r\nRetry-After: %s\r\n" % text))
            result = fetchpool(["-j1"], input="".join(
                "http://127.0.0.1:%d/%d\n" % (server.port, status)
                for status in (301, 307, 301)))
            equal((result.status, len(result.records)), (0, 3), repr(result))
            equal(server.requests, 6)
            equal(len([line for line in result.text.splitlines()
                       if "http://127.0.0.1:" in line and
                       "Retry-After" in line]), n_said, repr(result))


@test("86 Retry-After in all its forms: never earlier than it says")
def _():
    addresses = ["127.0.8.%d" % n for n in range(1, len(FORMS) + 1)]
    with FaultServer(addresses) as server:
        def answer(conn, request):
            lines, _, _ = FORMS[names[int(request.query) - 1]]
            then(503, headers=b"Date: %s\r\n%s" % (
                http_date(NOW, "imf").encode(), b"".join(
                    b"Retry-After: %s\r\n" % line.encode()
                    for line in lines)))(conn, request)

        names = list(FORMS)
        server.on("/x", answer)
        result = fetchpool(
            ["-k", "-j20", "--retry=1", "--fields=seq,attempts"],
            input="".join("http://%s:%d/x?%d\n" % (
                address, server.port, n)
                for n, address in enumerate(addresses, 1)))
        equal((result.status, [r["attempts"] for r in result.records]),
              (0, [2] * len(FORMS)))
        for n, (name, (_, least, malformed)) in enumerate(FORMS.items(), 1):
            gap, = gaps(server, "/x?%d" % n)
            check(gap >= max(least, 0.05), "%s: %g s" % (name, gap))
            said = [line for line in result.text.splitlines()
                    if "http://%s:" % addresses[n - 1] in line and
                    "Retry-After" in line]
            equal(len(said), 1 if malformed else 0, name)


@test("87 Retry-After: 86400 is not waited for; its host is left alone")
def _():
    for text in b"86400", b"1" + b"0" * 20:
        with FaultServer(["127.0.0.1", "127.0.0.2"]) as server:
            server.on("/busy", lambda conn, request: conn.answer(
                b"", status=503, headers=b"Retry-After: %s\r\n" % text))
            lines = "".join(
                "http://127.0.0.1:{0}/busy?{1}\nhttp://127.0.0.2:{0}/ok?{1}\n"
                .format(server.port, n) for n in range(100))
            result = fetchpool(["-a", "-j4", "--retry=5"], input=lines)
            equal(result.status, 1)
            equal(len(result.records), 200)
            for record in result.records:
                if record["seq"] % 2 == 0:
                    equal(record["status"], 200)
                    continue
                equal(record["error"]["kind"], "http", record)
                check(record["error"]["retry_after"] > 86380, record)
                check(record["attempts"] <= 1, record)
            busy = sum(t.startswith("/busy") for t in server.targets)
            check(busy <= 12, "%d requests to it" % busy)


@test("--retry-after-max: up to that it is waited for")
def _():
    server = faults()
    server.on("/x", then(429, headers=b"Retry-After: 1\r\n"))
    record = record_of(["--retry=1", "--retry-after-max=1s"],
                       server.url + "/x?1\n")
    equal(record["attempts"], 2)
    record = record_of(["--retry=1", "--retry-after-max=900ms"],
                       server.url + "/x?2\n", 1)
    equal((record["attempts"], record["error"]["retry_after"]), (1, 1))
    # Nor beyond the time that the item has.
    record = record_of(["--retry=1", "--retry-max-time=900ms"],
                       server.url + "/x?3\n", 1)
    equal((record["attempts"], record["error"]["retry_after"]), (1, 1))


@test("Retry-After of a redirect: not followed earlier")
def _():
    server = faults()
    server.on("/x", lambda conn, request: conn.answer(
        b"", status=302, headers=b"Location: /ok\r\nRetry-After: 1\r\n"))
    record = record_of([], server.url + "/x\n")
    equal((record["status"], record["attempts"]), (200, 1))
    first, second = [r.time for r in server.log]
    check(second - first >= 1, second - first)


@test("90 the clock steps: delays stay, and a date is the server's")
def _():
    clock = temp_file(b"0")
    env = resolver(clock=clock)
    steps = iter("3600 -3600 3600 -3600".split())

    def answer(conn, request):
        if nth_for(server, request) > 2:
            return conn.answer(b"ok")
        with open(clock, "w") as file:
            file.write(next(steps))
        now = int(time.time())
        conn.answer(b"", status=429, headers=b"Date: %s\r\n" % http_date(
            now, "imf").encode() + b"Retry-After: %s\r\n" % (
                http_date(now + 1, "imf").encode()
                if request.query == "date" else b"1"))

    with FaultServer(["127.0.0.1", "127.0.0.2"]) as server:
        server.on("/x", answer)
        result = fetchpool(
            ["-j2", "--retry=3", "--fields=attempts,tries,url,fetch_time"],
            input="http://127.0.0.1:{0}/x?date\nhttp://127.0.0.2:{0}/x?s\n"
            .format(server.port), env=env)
        equal((result.status, [r["attempts"] for r in result.records]),
              (0, [3, 3]))
        for record in result.records:
            target = "/" + record["url"].rpartition("/")[2]
            for gap, t in zip(gaps(server, target), record["tries"]):
                # A date that is a second later than one cut down to it.
                least = 0 if target.endswith("date") else 1
                check(least <= t["wait"] <= 3 and gap >= least, record)
            check(record["fetch_time"] < 600, record)


# ---- a stop meanwhile ----

def waiting(server, *args, n=5):
    """A run whose items all wait for another attempt."""
    def answer(conn, request):
        # After the first answer no other request would go out.
        with server.changed:
            server.changed.wait_for(lambda: server.requests >= n, 60)
        conn.answer(b"", status=500, headers=b"Retry-After: 200\r\n")

    server.on("/wait/", answer)
    program = Program(["-j8", "--retry=1", *args, server.url + "/wait/{}"],
                      stdin="pipe")
    program.write(numbers(n))
    server.wait(lambda: server.requests == n and not server.outstanding,
                "all of them")
    program.settled()
    return program


@test("INT: who waits for another attempt is not done, at once")
def _():
    failed = temp_file()
    program = waiting(faults(), "-a", "--failed", failed, "--grace=1h")
    program.kill(2)
    result = program.wait(10)
    equal(result.status, -2, repr(result))
    for record in result.records:
        equal((record["attempts"], record["error"]["kind"]), (1, "stopped"))
        check(record["fetch_time"] > 0, record)
    equal(sorted(contents(failed).split()),
          [b"%d" % n for n in range(1, 6)])
    matches("0 done, 0 failed, 5 not done", result.text)


@test("INT: what is under way may end, what waits may not")
def _():
    server = faults()
    failed = temp_file()
    program = Program(["-j8", "--retry=3", "--failed", failed,
                       "--grace=1h"], stdin="pipe")
    server.on("/wait", lambda conn, request: conn.answer(
        b"", status=500, headers=b"Retry-After: 200\r\n"))
    server.on("/late", lambda conn, request: (
        server.hold("late"), conn.answer(b"", status=500)))
    program.write("%s/gate/x\n%s/late\n" % (server.url, server.url))
    server.wait(lambda: server.requests == 2, "those that are held")
    # Its answer makes the server's others wait, too.
    program.write(server.url + "/wait\n")
    server.wait(lambda: server.requests == 3 and server.outstanding == 2,
                "all of them")
    program.settled()
    program.kill(2)
    program.settled()
    check(program.ended() is None, "it ended without what was under way")
    server.open("x")
    server.open("late")
    result = program.wait(10)
    equal((result.status, [r["seq"] for r in result.records]), (-2, [1]))
    equal(sorted(contents(failed).split()),
          sorted((server.url + path).encode() for path in (
              "/wait", "/late")))
    matches("1 done, 0 failed, 2 not done", result.text)
    equal(server.requests, 3, "requests")


@test("the end of the input is no stop: who waits is waited for")
def _():
    server = faults()
    server.on("/x", then(500, 500))
    result = fetchpool(["-j2", "--retry=2", *SOON, server.url + "/x?{}"],
                       input=numbers(10))
    equal((result.status, len(result.records)), (0, 10))


if __name__ == "__main__":
    main()
