#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Thousands of items against a real server: every one accounted for."""
import collections
import json
import os
import random
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program, fetchpool
from servers import Nginx
from tap import (SANITIZERS, check, contents, equal, main, skip, temp_file,
                 test, until)

N = 1000 if SANITIZERS else 10000

# One of each outcome, by the last digit of the number.
MIXED = """
location = /hit { return 200 hit; }
location ~ 1$ { return 200 text; }
location ~ 2$ { return 204; }
location ~ 3$ { return 404; }
location ~ 4$ { return 500 oops; }
location ~ 5$ { return 301 /hit; }
location ~ 6$ { default_type application/json; return 200 '{"a": 1}'; }
location ~ 7$ { default_type application/json; return 200 '{"a": 1'; }
location ~ 8$ { return 444; }
location ~ 9$ { return 503; }
location / { return 200 '$request_uri'; }
"""
OUTCOMES = {"1": None, "2": None, "3": "http", "4": "http", "5": None,
            "6": None, "7": "body", "8": "network", "9": "http", "0": None}


def numbers(n):
    return "".join("%d\n" % i for i in range(1, n + 1))


@test("every item has one outcome, and it is the right one")
def _():
    with Nginx(MIXED) as nginx:
        failed = temp_file()
        result = fetchpool(["-j16", "--failed", failed,
                            nginx.url + "/m/{}"], input=numbers(N),
                           timeout=50)
        until(lambda: len(nginx.access_log()) >= N + N // 10, "nginx's log")
        log = nginx.access_log()
    equal(result.status, 1)
    seen = {}
    for record in result.records:
        equal(record["input"], str(record["seq"]))
        seen[record["seq"]] = None
    for seq in result.errors:
        check(seq not in seen, "two outcomes for item %d" % seq)
        seen[seq] = True
    equal(len(seen), N, "outcomes")
    for seq, bad in seen.items():
        equal(bad is not None, OUTCOMES[str(seq)[-1]] is not None, str(seq))
    equal(sorted(contents(failed).split()),
          sorted(str(seq).encode() for seq, bad in seen.items() if bad))
    wanted = collections.Counter("/m/%d" % n for n in range(1, N + 1))
    asked = collections.Counter(path for _, _, _, path in log)
    equal(asked.pop("/hit"), N // 10, "redirects followed")
    equal(set(asked), set(wanted), "paths")
    # What nginx closes unanswered may be sent again by libcurl.
    equal({path for path, n in asked.items() if n > 1 and path[-1] != "8"},
          set(), "asked for twice")


@test("the kind of each failure")
def _():
    with Nginx(MIXED) as nginx:
        result = fetchpool(["-a", "-k", "-j8", nginx.url + "/m/{}"],
                           input=numbers(1000))
    equal([r["seq"] for r in result.records], list(range(1, 1001)))
    for record in result.records:
        equal((record.get("error") or {}).get("kind"),
              OUTCOMES[record["input"][-1]], record["input"])


@test("connections are kept and used again")
def _():
    with Nginx("location / { return 200 x; }") as nginx:
        result = fetchpool(["-j8", nginx.url + "/{}"], input=numbers(2000))
        equal(len(result.records), 2000)
        until(lambda: len(nginx.access_log()) == 2000, "nginx's log")
        connections = {entry[0] for entry in nginx.access_log()}
    check(len(connections) <= 8, "%d connections" % len(connections))


@test("a server that ends its connections now and then costs no item")
def _():
    with Nginx("keepalive_requests 7; location / { return 200 x; }") as nginx:
        result = fetchpool(["-j8", nginx.url + "/{}"], input=numbers(3000))
        equal((len(result.records), result.status), (3000, 0))
    with Nginx("keepalive_timeout 0; location / { return 200 x; }") as nginx:
        result = fetchpool(["-j8", nginx.url + "/{}"], input=numbers(1000))
        equal((len(result.records), result.status), (1000, 0))


@test("what nginx sends from a file arrives whole")
def _():
    chance = random.Random(1)
    with Nginx() as nginx:
        sizes = [0, 1, 1000, 65536, 1 << 20, 5000000]
        for size in sizes:
            with open("%s/%d" % (nginx.dir, size), "wb") as file:
                file.write(bytes(chance.choices(b"abcdefgh\n", k=size)))
        result = fetchpool(["-k", "-j3", "-B", "text", nginx.url + "/{}"],
                           input="".join("%d\n" % n for n in sizes))
        equal(result.status, 0)
        for size, record in zip(sizes, result.records):
            equal(record["size"], size)
            check(record["body"].encode() == contents(
                "%s/%d" % (nginx.dir, size)), "%d differs" % size)


@test("answers that are streamed, with pauses between the parts")
def _():
    with Nginx("""location /parts {
            echo -n '[1,'; echo_flush; echo_sleep 0.05;
            echo -n ' 2,'; echo_flush; echo_sleep 0.05;
            echo -n ' 3]'; default_type application/json; }
            """ if os.path.exists(
                "/usr/lib/nginx/modules/ngx_http_echo_module.so") else "") \
            as nginx:
        if not nginx.has_echo:
            skip("nginx has no echo module")
        result = fetchpool(["-j20", "-f", "body", nginx.url + "/parts?{}"],
                           input=numbers(40))
        equal((result.out, result.status), (b"[1,2,3]\n" * 40, 0))


@test("memory does not grow with the number of items")
def _():
    if SANITIZERS:
        skip("a sanitizer keeps memory back")
    with Nginx("location / { return 200 0123456789; }") as nginx:
        program = Program(["-j16", nginx.url + "/{}"], stdin="pipe")

        def more(n, have):
            program.write("1\n" * n)
            until(
                lambda: program.out.count(b"\n") >= have + n,
                "%d records" % n, 40)
            program.settled()
            return program.memory()

        early = more(3000, 0)
        late = more(30000, 3000)
        program.close_stdin()
        equal(program.wait().status, 0)
    check(late <= early + 2048, "%d KiB, later %d" % (early, late))


@test("-k over many items: the order holds, nothing is held too long")
def _():
    with Nginx("location / { return 200 $request_uri; }") as nginx:
        result = fetchpool(["-k", "-j16", "--window=64", "--fields=seq,body",
                            nginx.url + "/{}"], input=numbers(N), timeout=50)
    equal(result.out.splitlines(), [
        json.dumps({"seq": n, "body": "/%d" % n},
                   separators=(",", ":")).encode() for n in range(1, N + 1)])


if __name__ == "__main__":
    main()
