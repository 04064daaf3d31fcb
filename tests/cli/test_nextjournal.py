#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Items with several pages, and a journal: whatever ends a run, the next one
goes on at the page that is next, and each page is there once."""
import collections
import json
import os
import random
import signal
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program, fetchpool, records_of
from tap import (PATIENCE, check, contents, equal, main, temp_dir, test,
                 until)
from webserver import web

JSON = b"application/json"


def query(request):
    return dict(urllib.parse.parse_qsl(request.query))


def pages(n):
    """/list?id=ID: n pages, with a Link; /cursor?id=ID likewise, with a
    cursor in the body."""
    server = web()

    def link(conn, request):
        page = int(query(request).get("page", 1))
        number = query(request)["id"]
        more = b"" if page >= n else \
            b"Link: </list?id=%s&page=%d>; rel=next\r\n" % (
                number.encode(), page + 1)
        conn.answer(b'{"id":%s,"page":%d}' % (number.encode(), page), JSON,
                    headers=more)

    def cursor(conn, request):
        page = int(query(request).get("at", "c1 /&%")[1:].split()[0])
        conn.answer(json.dumps({
            "page": page, "end": "c%d /&%%" % (page + 1) if page < n else None
        }).encode(), JSON)

    server.on("/list", link)
    server.on("/cursor", cursor)
    return server


class Run:
    def __init__(self, template, ids, *options):
        self.folder = temp_dir()
        self.out, self.failed, self.journal = (
            self.folder + "/" + name for name in ("out", "failed", "journal"))
        with open(self.folder + "/input", "w") as file:
            file.write("".join("%d\n" % i for i in ids))
        self.args = ["-i", self.folder + "/input", "-o", self.out,
                     "--failed", self.failed, "--journal", self.journal,
                     "-q", *options, template]

    def start(self, *more):
        return Program([*self.args, *more])

    def run(self, *more, status=0):
        result = fetchpool([*self.args, *more], timeout=60)
        equal(result.status, status, repr(result))
        return result

    @property
    def pages(self):
        return [(r["seq"], r["page"]) for r in records_of(contents(self.out))]


def all_pages(n_items, n_pages):
    return [(i, p) for i in range(1, n_items + 1)
            for p in range(1, n_pages + 1)]


def in_order(run):
    """Whether the pages of each item are in their order."""
    last = collections.defaultdict(int)
    for seq, page in run.pages:
        equal(page, last[seq] + 1, "page of item %d" % seq)
        last[seq] = page


def kill_at_random(run, rng, longest):
    kills = 0
    while True:
        program = run.start("--resume")
        time.sleep(rng.uniform(0, longest))
        program.kill(signal.SIGKILL)
        result = program.wait()
        program.end()
        if result.status != -signal.SIGKILL:
            equal(result.status, 0, repr(result))
            return kills
        kills += 1
        longest *= 1.05


for part, options in enumerate((
        ("-j", "4"), ("-j", "4", "-k"), ("-j", "4", "--sync"), ("-j", "1"))):
    @test("18 killed at random: all pages, each once (%s)" %
          " ".join(options))
    def _(part=part, options=options):
        seed = int(os.environ.get("SEED") or random.randrange(1 << 32))
        print("# SEED=%d" % seed)
        rng = random.Random(seed + part)
        kills = 0
        for how in "/list?id={}", "/cursor?id={}{&at}":
            server = pages(25)
            rule = "link" if "list" in how else "at=/end"
            run = Run(server.url + how, range(1, 13), "--next", rule, *options)
            kills += kill_at_random(run, rng, 0.06 * PATIENCE)
            equal(sorted(run.pages), all_pages(12, 25))
            in_order(run)
            if "-k" in options:
                equal(run.pages, all_pages(12, 25))
        print("# %d kills" % kills)


@test("18 a run that was stopped goes on at the next page")
def _():
    server = pages(6)
    good = server.own["/list"]
    server.on("/list", lambda conn, request:
              server.hold("go") and good(conn, request)
              if "page=4" in request.query else good(conn, request))
    run = Run(server.url + "/list?id={}", [7], "--next", "link",
              "--grace", "0")
    program = run.start()
    server.wait(lambda: server.requests == 4, "the fourth page")
    program.kill(signal.SIGTERM)
    equal(program.wait().status, -signal.SIGTERM)
    program.end()
    equal(run.pages, [(1, 1), (1, 2), (1, 3)])
    server.log.clear()
    server.open("go")
    run.run("--resume")
    equal([query(r).get("page") for r in server.log], ["4", "5", "6"])
    equal(run.pages, all_pages(1, 6))
    records = records_of(contents(run.out))
    equal((records[-1]["pages"], records[-1]["url"]),
          (6, server.url + "/list?id=7&page=6"))


@test("18 --retry-failed goes on at the page that failed")
def _():
    server = pages(5)
    good = server.own["/list"]
    is_good = []
    server.on("/list", lambda conn, request: good(conn, request)
              if is_good or query(request).get("page") != "3" or
              query(request)["id"] == "1" else conn.answer(b"", status=404))
    run = Run(server.url + "/list?id={}", [1, 2, 3], "--next", "link")
    run.run(status=1)
    equal(sorted(run.pages), all_pages(1, 5) + [(2, 1), (2, 2), (3, 1),
                                                (3, 2)])
    equal(sorted(contents(run.failed).split()), [b"2", b"3"])
    run.run("--resume", status=1)
    server.log.clear()
    is_good.append(True)
    run.run("--retry-failed")
    equal(sorted(r.query for r in server.log),
          ["id=%d&page=%d" % (i, p) for i in (2, 3) for p in (3, 4, 5)])
    equal(sorted(run.pages), all_pages(3, 5))


@test("18 with more --max-pages, what had too many goes on")
def _():
    server = pages(9)
    run = Run(server.url + "/list?id={}", [1], "--next", "link")
    run.run("--max-pages", "4", status=1)
    run.run("--retry-failed", "--max-pages", "6", status=1)
    run.run("--retry-failed", "--max-pages", "9")
    equal(run.pages, all_pages(1, 9))
    equal(server.requests, 9)


@test("18 a page that was seen by an earlier run is one that was seen")
def _():
    server = web()
    stops = [True]

    def answer(conn, request):
        page = int(query(request).get("page", 1))
        if page == 3 and stops:
            conn.answer(b"", status=404)
        else:
            conn.answer(b"", headers=b"Link: <?id=1&page=%d>; rel=next\r\n" % (
                page + 1 if page < 4 else 2))

    server.on("/list", answer)
    run = Run(server.url + "/list?id={}", [1], "--next", "link")
    run.run(status=1)
    stops.clear()
    result = run.run("--retry-failed", status=1)
    equal(run.pages, all_pages(1, 4), repr(result))
    equal(server.requests, 5)


@test("18 another input is refused, also where items have only begun")
def _():
    server = pages(5)
    run = Run(server.url + "/list?id={}", [1], "--next", "link")
    run.run("--max-pages", "2", status=1)
    with open(run.folder + "/input", "w") as file:
        file.write("2\n")
    result = run.run("--retry-failed", "--max-pages", "5", status=3)
    check("the input has changed" in result.text, repr(result))


@test("18 a POST is never sent twice unasked, on whatever page")
def _():
    for killed_on in 1, 3:
        server = pages(5)
        good = server.own["/cursor"]
        server.on("/cursor", lambda conn, request:
                  server.hold("go") and good(conn, request)
                  if (query(request).get("at", "c1")[1] == str(killed_on))
                  else good(conn, request))
        run = Run(server.url + "/cursor?id={}{&at}", [1], "--next", "at=/end",
                  "-X", "POST")
        program = run.start()
        server.wait(lambda: server.requests == killed_on, "the page")
        until(lambda: contents(run.journal).count(b"\np 1 ") == killed_on - 1,
              "the pages before it in the journal")
        program.kill(signal.SIGKILL)
        program.wait()
        program.end()
        server.open("go")
        n = server.requests
        result = run.run("--resume", status=1)
        equal((server.requests, run.pages),
              (n, all_pages(1, killed_on - 1)), repr(result))
        result = run.run("--resume", status=1)
        equal(server.requests, n, repr(result))


@test("18 POSTs that were killed at random: no page is sent twice")
def _():
    server = pages(30)
    rng = random.Random(18)
    run = Run(server.url + "/cursor?id={}{&at}", range(1, 9), "--next",
              "at=/end", "-X", "POST", "-j", "4")
    while True:
        program = run.start("--resume")
        time.sleep(rng.uniform(0, 0.1 * PATIENCE))
        program.kill(signal.SIGKILL)
        result = program.wait()
        program.end()
        if result.status != -signal.SIGKILL:
            break
    check(result.status in (0, 1), repr(result))
    sent = collections.Counter(r.target for r in server.log)
    equal([t for t in sent if sent[t] > 1], [])
    in_order(run)


@test("18 the journal has no login of a next page")
def _():
    server = pages(3)
    url = server.url.replace("//", "//you:word@")
    run = Run(url + "/list?id={}", [1], "--next", "link")
    run.run("--max-pages", "2", status=1)
    text = contents(run.journal)
    check(b"word".hex().encode() not in text, text)
    check(b"you".hex().encode() not in text, text)
    run.run("--retry-failed", "--max-pages", "3")
    equal(len({r.header("Authorization") for r in server.log}), 1)


if __name__ == "__main__":
    main()
