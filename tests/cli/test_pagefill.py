#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pages whose cursor goes into the body or a header of the next request."""
import json
import os
import random
import signal
import sys
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program, fetchpool, records_of
from tap import PATIENCE, check, contents, equal, main, temp_dir, test
from webserver import refused, web

JSON = b"application/json"
QUERY = ('{"query":"query($user:String!,$after:String)...","variables":'
         '{"user":"{{:json}}","after":{{after:tojson}}}}')
END = "/data/pageInfo/endCursor"
MORE = "/data/pageInfo/hasNextPage"


def graphql(n, number=False):
    """POST /graphql: n pages of each user; cursors are strings that JSON must
    escape, or numbers. The last page has a cursor, too."""
    server = web()
    server.cursors = {}  # of the pages asked for, by user

    def answer(conn, request):
        asked = json.loads(request.body)["variables"]
        after = asked["after"]
        server.cursors.setdefault(asked["user"], []).append(after)
        page = 1 if after is None else after + 1 if number else \
            int(after.split('"')[1]) + 1
        conn.answer(json.dumps({"data": {
            "nodes": ["%s-%d" % (asked["user"], page)],
            "pageInfo": {"hasNextPage": page < n, "endCursor":
                         page if number else 'a\\"%d"\u00e4' % page}}
        }).encode(), JSON)

    server.on("/graphql", answer)
    return server


def header(request, name):
    return (request.header(name) or "")


def run(server, *args, ids="ann\n", status=0, next="after=" + END, **more):
    result = fetchpool(["-a", "--next", next, "--until-empty", MORE, *args,
                        server.url + "/graphql"], input=ids, **more)
    equal(result.status, status, repr(result))
    return result


def pages_of(result):
    return [(r["input"], r["page"], r.get("pages")) for r in result.records]


@test("a cursor in --expand-json: null for the first page, then a string")
def _():
    server = graphql(3)
    result = run(server, "-k", "--expand-json", QUERY, ids="ann\nb\"ob\n")
    equal(pages_of(result), [("ann", 1, None), ("ann", 2, None), ("ann", 3, 3),
                             ('b"ob', 1, None), ('b"ob', 2, None),
                             ('b"ob', 3, 3)])
    for user in "ann", 'b"ob':
        equal(server.cursors[user], [None, 'a\\"1"\u00e4', 'a\\"2"\u00e4'])
    equal([r["body"]["data"]["nodes"] for r in result.records[:3]],
          [["ann-1"], ["ann-2"], ["ann-3"]])


@test("a cursor in --expand-json: a number stays one")
def _():
    server = graphql(3, number=True)
    run(server, "--expand-json", QUERY)
    equal(server.cursors["ann"], [None, 1, 2])


@test("a cursor in --expand-json: a JSON item may say where to begin")
def _():
    server = graphql(5, number=True)
    run(server, "--input-format", "json", "--expand-json",
        QUERY.replace("{{:json}}", "{{user:json}}"),
        ids='{"user":"ann","after":3}\n{"user":"bob"}\n'
            '{"user":"cid","after":null}\n')
    equal(server.cursors, {"ann": [3, 4], "bob": [None, 1, 2, 3, 4],
                           "cid": [None, 1, 2, 3, 4]})


@test("a cursor in --expand-header, --expand-user and --expand-data")
def _():
    server = web()
    seen = []

    def answer(conn, request):
        seen.append((header(request, "x-after"),
                     header(request, "authorization"),
                     request.body.decode()))
        nth = len(seen)
        conn.answer(b'{"end":"p%d"}' % nth if nth < 3 else b"{}", JSON)

    server.on("/a", answer)
    result = fetchpool(["--next", "at=/end", "--expand-header", "X-After: {{at}}",
                        "--expand-user", "u:{{at}}", "--expand-data",
                        "q={{}}&at={{at:url}}", server.url + "/a"], input="1\n")
    equal((result.status, len(result.records)), (0, 3), repr(result))
    equal([(h, b) for h, _, b in seen],
          [("", "q=1&at="), ("p1", "q=1&at=p1"), ("p2", "q=1&at=p2")])
    equal([a for _, a, _ in seen],
          ["Basic dTo=", "Basic dTpwMQ==", "Basic dTpwMg=="])


@test("--next page=+1 in a body counts, and in the URL, too")
def _():
    server = web()
    seen = []

    def answer(conn, request):
        page = json.loads(request.body)["page"]
        seen.append((page, request.query))
        conn.answer(b"[%d]" % page if page < 3 else b"[]", JSON)

    server.on("/a", answer)
    for template in "/a", "/a{?page}":
        del seen[:]
        result = fetchpool(["--next", "page=+1", "--expand-json",
                            '{"q":"{{:json}}","page":{{page}}}',
                            server.url + template], input="1\n")
        equal(result.status, 0, repr(result))
        equal([page for page, _ in seen], [1, 2, 3])
        equal([query for _, query in seen],
              ["", "", ""] if template == "/a" else
              ["page=1", "page=2", "page=3"])


@test("an item's own body and headers stay the same on all pages")
def _():
    server = web()
    seen = []

    def answer(conn, request):
        seen.append((header(request, "x-at"), header(request, "x-b"),
                     request.body.decode()))
        conn.answer(b'{"end":%d}' % len(seen) if len(seen) < 3 else b"{}",
                    JSON)

    server.on("/a", answer)
    result = fetchpool(["--next", "at=/end", "--input-format", "json",
                        "--expand-header", "X-At: {{at}}", "--expand-header",
                        "X-B: {{at}}", "--expand-json", "{{at:tojson}}",
                        server.url + "/a"],
                       input='{"body":"own","headers":{"X-At":"mine"}}\n')
    equal((result.status, len(result.records)), (0, 3), repr(result))
    equal(seen, [("mine", "", "own"), ("mine", "1", "own"),
                 ("mine", "2", "own")])


@test("a value that does not fit fails the page, and not the pages before")
def _():
    server = web()
    server.on("/a", lambda conn, request: conn.answer(
        b'{"end":"x\\ny"}', JSON))
    result = fetchpool(["-a", "--next", "at=/end", "--expand-header",
                        "X-At: {{at}}", server.url + "/a?{}"], input="1\n")
    equal([(r["page"], r.get("pages"), (r["error"] or {}).get("kind"))
           for r in result.records], [(1, None, None), (2, 2, "input")],
          repr(result))
    check("--expand-header" in result.records[1]["error"]["message"],
          repr(result))
    equal(server.requests, 1)


@test("a page that is retried sends the same cursor again")
def _():
    server = graphql(3)
    good = server.own["/graphql"]
    server.on("/graphql", lambda conn, request: conn.answer(
        b"", status=503, headers=b"Retry-After: 0\r\n")
        if request.nth % 2 else good(conn, request))
    result = run(server, "--expand-json", QUERY, "--idempotent",
                 "--retry", "3")
    equal([r["attempts"] for r in result.records], [2, 2, 2])
    equal(len(server.cursors["ann"]), 3)


@test("a cursor in no place at all, and names that cannot be, are refused")
def _():
    refused("--next", "after=" + END, "--expand-json", '{"a":"{{:json}}"}',
            "http://127.0.0.1:9/", names="--next", input="")
    refused("--next", "after=" + END, "--expand-json", "{{x:tojson}}",
            "http://127.0.0.1:9/", names="--expand-", input="")
    refused("--next", "link", "--expand-json", "{{after:tojson}}",
            "http://127.0.0.1:9/", names="--expand-", input="")


@test("--dry-run=full shows the first page's body")
def _():
    server = graphql(2)
    result = run(server, "--dry-run=full", "--expand-json", QUERY)
    equal([json.loads(r["body"]) if isinstance(r["body"], str) else r["body"]
           for r in result.records][0]["variables"],
          {"user": "ann", "after": None})
    equal(server.requests, 0)


for options in ("-j", "4"), ("-j", "4", "-k"):
    @test("killed at random: pages with cursors in their bodies, each once "
          "(%s)" % " ".join(options))
    def _(options=options):
        seed = int(os.environ.get("SEED") or random.randrange(1 << 32))
        print("# SEED=%d" % seed)
        rng = random.Random(seed)
        server = graphql(20)
        folder = temp_dir()
        with open(folder + "/input", "w") as file:
            file.write("".join("u%d\n" % i for i in range(8)))
        args = ["-i", folder + "/input", "-o", folder + "/out", "-q",
                "--journal", folder + "/journal", "--resume", "--idempotent",
                "--next", "after=" + END, "--until-empty", MORE,
                "--expand-json", QUERY, *options, server.url + "/graphql"]
        longest = 0.05 * PATIENCE
        while True:
            program = Program(args)
            time.sleep(rng.uniform(0, longest))
            program.kill(signal.SIGKILL)
            result = program.wait()
            program.end()
            if result.status != -signal.SIGKILL:
                break
            longest *= 1.1
        equal(result.status, 0, repr(result))
        equal(sorted((r["input"], r["page"]) for r in
                     records_of(contents(folder + "/out"))),
              sorted(("u%d" % i, page) for i in range(8)
                     for page in range(1, 21)))


if __name__ == "__main__":
    main()
