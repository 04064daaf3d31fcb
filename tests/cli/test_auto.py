#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""-j auto against real servers: that it holds to what it is given, and where
what it found is told. How good that is, tests/unit/test_concurrency.c has."""
import json
import os
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import fetchpool
from servers import Nginx
from tap import check, contents, equal, main, skip, temp_file, test

ZONE = "limit_conn_zone $server_port zone=all:1m;"
SLOW = "location / { %s echo_sleep 0.02; echo $uri; }"


def numbers(n):
    return "".join("%d\n" % i for i in range(1, n + 1))


def slow_server(*rules, http=""):
    nginx = Nginx(SLOW % " ".join(rules), http=http)
    module = "/usr/lib/nginx/modules/ngx_http_echo_module.so"
    if not os.path.exists(module):
        skip("nginx's echo module is not installed")
    return nginx


def found(stats):
    return [at["jobs"] for at in stats["servers"][0]["found_jobs"]]


def run_for_stats(*args, n):
    file = temp_file()
    result = fetchpool(["--retry", "5", *args, "--stats", file],
                       input=numbers(n))
    equal(result.status, 0)
    return result, json.loads(contents(file))


@test("what a server does not refuse is found, and more of it")
def _():
    with slow_server() as nginx:
        result, stats = run_for_stats("-j", "auto", nginx.url + "/{}", n=2000)
    equal(sorted(r["seq"] for r in result.records), list(range(1, 2001)))
    equal(stats["jobs"], 256)
    check(found(stats)[0] == 8 and max(found(stats)) > 8, found(stats))


@test("a server that refuses the eleventh refuses few")
def _():
    with slow_server("limit_conn all 10;", http=ZONE) as nginx:
        result, stats = run_for_stats("-j", "auto", nginx.url + "/{}", n=3000)
    equal(len(result.records), 3000)
    n_refused = stats["servers"][0]["statuses"].get("503", 0)
    check(n_refused < 150, n_refused)
    check(found(stats)[-1] <= 11, found(stats))


@test("no more than MAX, and than --host-jobs, at once")
def _():
    for args in (["-j", "auto:3"], ["-j", "auto", "--host-jobs", "3"]):
        with slow_server("limit_conn all 3;", http=ZONE) as nginx:
            result, stats = run_for_stats(
                *args, "--retry", "0", nginx.url + "/{}", n=300)
        equal(len(result.records), 300)
        check(max(found(stats)) <= 3, found(stats))


@test("a server that answers 429 is left to what learns its rate")
def _():
    with slow_server("limit_req zone=r burst=4 nodelay;",
                     "limit_req_status 429;", http="limit_req_zone "
                     "$server_port zone=r:1m rate=50r/s;") as nginx:
        result, _ = run_for_stats("-j", "auto:16", nginx.url + "/{}", n=100)
    equal(len(result.records), 100)


@test("one that answers 503 when there are too many in a second, too")
def _():
    with slow_server("limit_req zone=r burst=4 nodelay;", http="limit_req_zone"
                     " $server_port zone=r:1m rate=50r/s;") as nginx:
        result, _ = run_for_stats("-j", "auto:16", nginx.url + "/{}", n=100)
    equal(len(result.records), 100)


@test("with several servers each has its own number")
def _():
    with slow_server("limit_conn all 4;", http=ZONE) as few, \
            slow_server() as many:
        lines = "".join("%s/%d\n" % (server.url, i)
                        for i in range(1500) for server in (few, many))
        file = temp_file()
        result = fetchpool(["-j", "auto", "--retry", "5", "--stats", file],
                           input=lines)
    equal(result.status, 0)
    numbers_of = {s["server"]: [at["jobs"] for at in s["found_jobs"]]
                  for s in json.loads(contents(file))["servers"]}
    check(numbers_of[few.url][-1] <= 5, numbers_of)
    check(max(numbers_of[many.url]) > 8, numbers_of)


@test("in order, with a small window, and when a run goes on")
def _():
    journal = temp_file()
    os.unlink(journal)
    with slow_server() as nginx:
        url = nginx.url + "/{}"
        result = fetchpool(["-j", "auto", "-k", "--window", "20", url],
                           input=numbers(500))
        equal([r["seq"] for r in result.records], list(range(1, 501)))
        args = ["--journal", journal, url]
        fetchpool(["-j", "auto", *args], input=numbers(50))
        again = fetchpool(["-j", "4", "--resume", *args], input=numbers(50))
    equal((again.status, again.records), (0, []))


@test("the page shows what was found")
def _():
    page = temp_file()
    with slow_server() as nginx:
        result = fetchpool(["-j", "auto", "--report", page, nginx.url + "/{}"],
                           input=numbers(500))
    equal(result.status, 0)
    check(b"Jobs found for" in contents(page), "the page")


@test("what is no number of jobs is refused")
def _():
    for value in ("auto:", "auto:0", "auto:20001", "auto5", "automatic",
                  "Auto", "auto:x"):
        result = fetchpool(["-j", value, "http://127.0.0.1:1/{}"], input="1\n")
        equal(result.status, 2, value)
        check("auto:MAX" in result.text, result.text)


main()
