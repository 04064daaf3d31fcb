#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Items with several pages: what comes after each, and where it ends."""
import json
import os
import sys
import urllib.parse

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program, fetchpool, records_of
from tap import (SANITIZERS, check, contents, equal, main, skip, steady,
                 temp_dir, test, until)
from webserver import Web, refused, web

JSON = b"application/json"


def query(request):
    return dict(urllib.parse.parse_qsl(request.query))


def pages(n, link="next", headers=None):
    """/list?id=ID&page=N: n pages, each with a Link to the one after it."""
    server = web()

    def answer(conn, request):
        asked = query(request)
        page = int(asked.get("page", 1))
        more = b""
        if page < n:
            more = b"Link: </list?id=%s&page=%d>; rel=\"%s\"\r\n" % (
                asked["id"].encode(), page + 1, link.encode())
        conn.answer(b'{"id":%s,"page":%d}' % (asked["id"].encode(), page),
                    JSON, headers=more)

    server.on("/list", answer)
    return server


def run(server, *args, ids="1\n", path="/list?id={}", status=0, **more):
    result = fetchpool([*args, server.url + path], input=ids, **more)
    equal(result.status, status, repr(result))
    return result


def seen(result, *names):
    return [tuple(record.get(name) for name in names)
            for record in result.records]


def error_of(record):
    return (record.get("error") or {}).get("kind")


# ---- a Link field ----

@test("18 --next link: one record for each page, in order")
def _():
    server = pages(3)
    result = run(server, "--next", "link", ids="7\n")
    equal(seen(result, "seq", "input", "page", "pages", "body"), [
        (1, "7", 1, None, {"id": 7, "page": 1}),
        (1, "7", 2, None, {"id": 7, "page": 2}),
        (1, "7", 3, 3, {"id": 7, "page": 3})])
    equal([r["url"] for r in result.records],
          [server.url + "/list?id=7"] +
          [server.url + "/list?id=7&page=%d" % page for page in (2, 3)])
    equal(server.requests, 3)


@test("18 --next link: relative to where redirects have led")
def _():
    server = web()
    server.on("/old", lambda conn, request: conn.answer(
        b"", status=302, headers=b"Location: /new/list\r\n"))
    server.on("/new/list", lambda conn, request: conn.answer(
        b"1", headers=b"Link: <next>; rel=next\r\n"))
    server.on("/new/next", lambda conn, request: conn.answer(
        b"2", headers=b"Link: <?a=b>; rel=next\r\n"
        if not request.query else b""))
    result = fetchpool(["--next", "link", "--fields=page,url,final_url,body"],
                       input=server.url + "/old")
    equal(seen(result, "page", "url", "final_url", "body"), [
        (1, server.url + "/old", server.url + "/new/list", "1"),
        (2, server.url + "/new/next", server.url + "/new/next", "2"),
        (3, server.url + "/new/next?a=b", server.url + "/new/next?a=b", "2")])


@test("18 --next link: fields of several kinds, and none")
def _():
    for fields, n in (
            (b"Link: </b>; rel=prev, </b>; rel=next\r\n", 2),
            (b"Link: </c>; rel=last\r\nlink: </b>; REL=\"prev NEXT\"\r\n", 2),
            (b"Link: </b>; rel=prev,\r\n </b>; rel=next\r\n", 2),
            (b"Link: </b>; rel=prev\r\n", 1), (b"", 1),
            (b"Link: </b>; rel=next; anchor=\"/c\"\r\n", 1)):
        server = web()
        server.on("/a", lambda conn, request: conn.answer(b"", headers=fields))
        server.on("/b", lambda conn, request: conn.answer(b""))
        result = fetchpool(["--next", "link"], input=server.url + "/a")
        equal((result.status, len(result.records)), (0, n), repr(fields))
        equal(result.records[-1]["pages"], n)


@test("18 a Link that cannot be understood fails its page")
def _():
    for field, words in (
            (b"</b; rel=next", "the Link header is malformed"),
            (b"/b; rel=next", "the Link header is malformed"),
            (b"</b>; rel=next, </c>; rel=next", "names two next pages")):
        server = web()
        server.on("/a", lambda conn, request: conn.answer(
            b"1", headers=b"Link: %s\r\n" % field))
        result = fetchpool(["-a", "--next", "link"], input=server.url + "/a")
        equal(seen(result, "page", "pages", "status", "body"),
              [(1, 1, 200, None)])
        equal((result.status, error_of(result.records[0])), (1, "page"))
        check(words in result.records[0]["error"]["message"], repr(result))


# ---- a URL in the body ----

def bodies(*all_bodies, path="/a"):
    """PATH?p=N, and PATH for the first: these bodies, one after another."""
    server = web()

    def answer(conn, request):
        conn.answer(all_bodies[int(query(request).get("p", 0))], JSON)

    server.on(path, answer)
    return server


def walk(server, *args, status=0, url="/a", **more):
    result = fetchpool(["-a", *args], input=server.url + url, **more)
    equal(result.status, status, repr(result))
    return result


@test("18 --next POINTER: a URL or a reference in the body")
def _():
    server = bodies(b'{"meta":{"next":"/a?p=1"},"next":5}',
                    b'{ "meta" : { "next" : "?p\\u003d2" } }', b'{"meta":{}}')
    result = walk(server, "--next", "/meta/next")
    equal(seen(result, "page", "pages"), [(1, None), (2, None), (3, 3)])
    equal(server.targets, ["/a", "/a?p=1", "/a?p=2"])


@test("18 --next POINTER: null, false, \"\" and nothing at all end it")
def _():
    for end in (b'{"next":null}', b'{"next":false}', b'{"next":""}', b"{}",
                b"[]", b"7"):
        server = bodies(b'{"next":"?p=1"}', end)
        result = walk(server, "--next", "/next")
        equal(seen(result, "page", "pages"), [(1, None), (2, 2)], repr(end))


@test("18 --next POINTER: what is no URL fails its page")
def _():
    for value, words in (
            (b"7", "is a number, not a URL"), (b"true", "is true, not a URL"),
            (b"[]", "is an array, not a URL"), (b"{}", "is an object"),
            (b'"\\ud800"', "contains half a surrogate pair"),
            (b'"a\\u0000"', "contains \\u0000"),
            (b'"/%s"' % (b"x" * 8000), "is longer than 8000 bytes"),
            (b'"%s"' % (b"x" * (10 << 20)), "is longer than 8000 bytes")):
        server = bodies(b'{"next":%s}' % value)
        result = walk(server, "--next", "/next", status=1)
        equal(seen(result, "page", "pages", "status", "body"),
              [(1, 1, 200, None)], words)
        equal(error_of(result.records[0]), "page", repr(value[:30]))
        check(words in result.records[0]["error"]["message"],
              repr(result.records[0]["error"]))


@test("18 --next POINTER: a place that must not be fetched is a page that fails")
def _():
    for value, kind, words in (
            (b"ftp://127.0.0.1/x", "refused", "scheme that is not allowed"),
            (b"http://", "page", "next page"),
            (b"http://a b/", "page", "next page")):
        server = bodies(b'{"next":"%s"}' % value)
        result = walk(server, "--next", "/next", status=1)
        equal(seen(result, "page", "pages", "status"),
              [(1, None, 200), (2, 2, None)], repr(value))
        equal(error_of(result.records[1]), kind, repr(result))
        check(words in result.records[1]["error"]["message"], repr(result))


@test("18 a body that is no JSON fails its page, whatever its type says")
def _():
    server = web()
    server.on("/a", lambda conn, request: conn.answer(
        b'{"next":"/a?x"', b"text/plain"))
    result = walk(server, "--next", "/next", status=1)
    equal([error_of(r) for r in result.records], ["body"])
    equal(server.requests, 1)


@test("18 values are taken from the whole body, whatever is picked of it")
def _():
    server = bodies(b'{"next":"?p=1","a":1}', b'{"a":2}')
    result = walk(server, "--next", "/next", "--pick", "a", "-f", "body")
    equal(result.records, [{"a": 1}, {"a": 2}])


# ---- a variable ----

def cursors(*values, name="cursor"):
    """/a?NAME=...: pages whose bodies say the value for the one after."""
    server = web()

    def answer(conn, request):
        at = query(request).get(name)
        nth = 0 if at is None else [json.loads(v) for v in values].index(
            json.loads(at) if at.isdigit() else at) + 1
        value = values[nth] if nth < len(values) else "null"
        conn.answer(('{"end":%s}' % value).encode(), JSON)

    server.on("/a", answer)
    return server


@test("18 --next NAME=POINTER: strings and numbers, encoded")
def _():
    server = cursors('"x&y=z/+ %"', "17", '"\\u00e4"')
    result = fetchpool(["--next", "cursor=/end",
                        server.url + "/a?q={}{&cursor}"], input="1\n")
    equal(result.status, 0, repr(result))
    equal(server.targets, [
        "/a?q=1", "/a?q=1&cursor=x%26y%3Dz%2F%2B%20%25", "/a?q=1&cursor=17",
        "/a?q=1&cursor=%C3%A4"])
    equal(seen(result, "page", "pages"),
          [(1, None), (2, None), (3, None), (4, 4)])


@test("18 --next NAME=POINTER: a JSON item may say where to begin")
def _():
    server = cursors('"a"', '"b"')
    result = fetchpool(["--next", "cursor=/end", "--input-format", "json",
                        server.url + "/a{?cursor}"],
                       input='{"cursor":"a"}\n{"x":1}\n')
    equal(result.status, 0, repr(result))
    equal(sorted(server.targets), ["/a", "/a?cursor=a", "/a?cursor=a",
                                   "/a?cursor=b", "/a?cursor=b"])


@test("18 --next NAME=POINTER: a variable of the line is still needed")
def _():
    server = cursors('"a"')
    result = fetchpool(["-a", "--next", "cursor=/end", "--input-format",
                        "json", server.url + "/{other}{?cursor}"],
                       input='{"x":1}\n')
    equal(error_of(result.records[0]), "input", repr(result))
    equal(server.requests, 0)


@test("18 --next NAME=POINTER: what is no value fails its page")
def _():
    for value, words in (("true", "is true, not a string or a number"),
                         ("[]", "is an array"), ("{}", "is an object"),
                         ('"%s"' % ("x" * 8001), "longer than 8000 bytes"),
                         ('"%s"' % ("x" * (10 << 20)), "longer than 8000")):
        server = web()
        server.on("/a", lambda conn, request: conn.answer(
            ('{"end":%s}' % value).encode(), JSON))
        result = fetchpool(["-a", "--next", "cursor=/end",
                            server.url + "/a?{}{&cursor}"], input="1\n")
        equal(seen(result, "page", "pages"), [(1, 1)])
        equal(error_of(result.records[0]), "page")
        check(words in result.records[0]["error"]["message"],
              repr(result.records[0]["error"]))


@test("18 --next page=+1: until a page is empty")
def _():
    for empty in b"[]", b"{}", b"null", b'""', b"", None:
        server = web()

        def answer(conn, request):
            page = int(query(request)["page"])
            if page < 3:
                conn.answer(b"[%d]" % page, JSON)
            elif empty is None:
                conn.send(b"HTTP/1.1 204 No Content\r\n\r\n")
            else:
                conn.answer(empty, JSON)

        server.on("/a", answer)
        result = fetchpool(["--next", "page=+1", server.url +
                            "/a?q={}{&page}"], input="1\n")
        equal(result.status, 0, repr(result))
        equal(seen(result, "page", "pages"), [(1, None), (2, None), (3, 3)],
              repr(empty))
        equal(server.targets, ["/a?q=1&page=%d" % p for p in (1, 2, 3)])


@test("18 --next offset=0+50, and until a list in the page is empty")
def _():
    server = web()

    def answer(conn, request):
        offset = int(query(request)["offset"])
        conn.answer(b'{"total":120,"items":[%s]}' % (
            b"1" if offset < 120 else b""), JSON)

    server.on("/a", answer)
    result = fetchpool(["--next", "offset=0+50", "--until-empty", "/items",
                        server.url + "/a?q={}{&offset}"], input="1\n")
    equal((result.status, len(result.records)), (0, 4), repr(result))
    equal(server.targets, ["/a?q=1&offset=%d" % o for o in (0, 50, 100, 150)])


@test("18 --next page=+1: a JSON item may say where to begin")
def _():
    server = web()
    server.on("/a", lambda conn, request: conn.answer(
        b"[1]" if query(request)["page"] == "8" else b"[]", JSON))
    args = ["-a", "--next", "page=+1", "--input-format", "json",
            server.url + "/a{?page}"]
    result = fetchpool(args, input='{"page":8}\n')
    equal(server.targets, ["/a?page=8", "/a?page=9"])
    equal(result.status, 0, repr(result))
    result = fetchpool(args, input='{"page":"x"}\n')
    equal([error_of(r) for r in result.records], ["input"], repr(result))


@test("--next page=+N fails where the numbers end, and begins no new round")
def _():
    server = web()
    server.on("/a", lambda conn, request: conn.answer(b"[1]", JSON))
    result = fetchpool(["-a", "--next", "page=+9223372036854775807",
                        server.url + "/a{?page}"], input="1\n")
    equal(server.targets, ["/a?page=1", "/a?page=9223372036854775808",
                           "/a?page=18446744073709551615"])
    equal([error_of(r) for r in result.records], [None, None, "page"],
          repr(result))


@test("18 --until-empty ends pages of every kind")
def _():
    server = bodies(b'{"next":"?p=1","items":[1]}',
                    b'{"next":"?p=2","items":[]}')
    equal(len(walk(server, "--next", "/next", "--until-empty",
                   "/items").records), 2)
    server = web()
    server.on("/a", lambda conn, request: conn.answer(
        b'{"items":{}}', JSON, headers=b"Link: </b>; rel=next\r\n"))
    equal(len(walk(server, "--next", "link", "--until-empty",
                   "/items").records), 1)


# ---- where it must end ----

@test("18 a page that was seen before is a page that fails")
def _():
    server = web()
    server.on("/a", lambda conn, request: conn.answer(
        b'{"next":"/a?%d#%d"}' % (request.nth % 3, request.nth), JSON))
    result = walk(server, "--next", "/next", status=1)
    equal(seen(result, "page", "pages", "status"),
          [(1, None, 200), (2, None, 200), (3, None, 200), (4, None, 200),
           (5, 5, None)], repr(result))
    last = result.records[-1]
    equal((error_of(last), last["url"].partition("#")[0]),
          ("page", server.url + "/a?1"))
    check("seen before" in last["error"]["message"], repr(last))
    equal(server.requests, 4)


@test("18 the first page is one that was seen")
def _():
    for url in "/a", "/a#top", "/./a":
        server = bodies(b'{"next":"/a?p=1"}', b'{"next":"/a"}')
        result = walk(server, "--next", "/next", status=1, url=url)
        equal(seen(result, "page", "pages", "status"),
              [(1, None, 200), (2, None, 200), (3, 3, None)], url)
    server = cursors('"a"', '"b"')
    server.on("/a", lambda conn, request: conn.answer(b'{"end":"a"}', JSON))
    result = fetchpool(["-a", "--next", "cursor=/end",
                        server.url + "/a?q={}{&cursor}"], input="1\n")
    equal(seen(result, "page", "pages", "status"),
          [(1, None, 200), (2, None, 200), (3, 3, None)], repr(result))


@test("18 --max-pages: a server that says next for ever")
def _():
    server = web()
    server.on("/a", lambda conn, request: conn.answer(
        b'{"next":"?%d"}' % request.nth, JSON))
    result = walk(server, "--next", "/next", "--max-pages", "5", status=1)
    equal(seen(result, "page", "pages", "status"),
          [(n, None, 200) for n in range(1, 6)] + [(6, 6, None)])
    last = result.records[-1]
    equal((error_of(last), last["url"]), ("page", server.url + "/a?5"))
    check("more than 5 pages" in last["error"]["message"], repr(last))
    equal(server.requests, 5)
    server.reset()
    server.on("/a", lambda conn, request: conn.answer(
        b'{"next":"?%d"}' % request.nth, JSON))
    result = walk(server, "--next", "/next", status=1, timeout=60)
    equal((server.requests, len(result.records)), (1000, 1001))
    check("more than 1000 pages" in result.text, repr(result))


@test("18 a page that fails fails the item, with its number and URL")
def _():
    server = pages(5)
    good = server.own["/list"]
    server.on("/list", lambda conn, request: conn.answer(b"{}", JSON, 404)
              if "page=3" in request.query else good(conn, request))
    result = run(server, "--next", "link", status=1)
    equal(seen(result, "page"), [(1,), (2,)])
    check("fetchpool: 1: page 3: 404 Not Found (%s/list?id=1&page=3)" %
          server.url in result.text, repr(result))
    result = run(server, "-a", "--next", "link", "--summary", status=1)
    equal(seen(result, "page", "pages", "status"),
          [(1, None, 200), (2, None, 200), (3, 3, 404)])
    check("1 items" in result.text or "1 failed" in result.text,
          repr(result.text))


@test("18 each page has its own attempts")
def _():
    server = web()
    counts = {}

    def answer(conn, request):
        n = counts[request.target] = counts.get(request.target, 0) + 1
        page = int(query(request).get("page", 1))
        if n <= 2:
            conn.answer(b"", status=503 if page % 2 else 429)
        else:
            conn.answer(b"", headers=b"Link: <?page=%d>; rel=next\r\n" % (
                page + 1) if page < 4 else b"")

    server.on("/a", answer)
    result = fetchpool(["--next", "link", "--retry", "2", "--retry-delay",
                        "1ms", "--busy", "item",
                        "--fields=page,attempts,tries"],
                       input=server.url + "/a")
    equal(result.status, 0, repr(result))
    equal([(r["page"], r["attempts"], [t["status"] for t in r["tries"]])
           for r in result.records],
          [(p, 3, [503 if p % 2 else 429] * 2 + [200]) for p in (1, 2, 3, 4)])


@test("18 a refusal in the middle of a chain fails its page alone")
def _():
    for status in 401, 500:
        server = pages(5)
        good = server.own["/list"]
        server.on("/list", lambda conn, request: conn.answer(
            b"", status=status) if "id=2&page=2" in request.query
            else good(conn, request))
        result = run(server, "-a", "--next", "link", "--retry", "0",
                     ids="1\n2\n3\n", status=1)
        equal(sorted(seen(result, "seq", "page", "status")),
              [(1, p, 200) for p in range(1, 6)] +
              [(2, 1, 200), (2, 2, status)] +
              [(3, p, 200) for p in range(1, 6)])


# ---- many at once ----

@test("18 chains side by side: all pages of each, in order")
def _():
    server = pages(7)
    ids = "".join("%d\n" % i for i in range(1, 41))
    result = run(server, "--next", "link", "-j", "16", ids=ids)
    equal(len(result.records), 280)
    for i in range(1, 41):
        equal([r["page"] for r in result.records if r["seq"] == i],
              list(range(1, 8)))


@test("18 -k: chains come out whole, one after the other")
def _():
    server = pages(7)
    ids = "".join("%d\n" % i for i in range(1, 41))
    for window in "3", "1000":
        server.log.clear()
        result = run(server, "--next", "link", "-j", "16", "-k", "--window",
                     window, ids=ids)
        equal(seen(result, "seq", "page"),
              [(i, p) for i in range(1, 41) for p in range(1, 8)])
    result = run(server, "--next", "link", "-j", "16", "-k", "--window",
                 "30", "--max-memory", "20K", ids=ids)
    equal(seen(result, "seq", "page"),
          [(i, p) for i in range(1, 41) for p in range(1, 8)])


@test("18 a reader that does not read holds the pages back")
def _():
    server = pages(3000)
    program = Program(["--next", "link", "--max-pages", "5000",
                       server.url + "/list?id={}"], stdin="1\n", read=False)
    server.wait(lambda: server.requests > 16, "the first pages")
    # What is in the pipe and the buffers has been read; then 16 more wait.
    n = steady(lambda: server.requests, "the server to rest", 0.5)
    check(n < 1500, "%d pages were fetched that nobody reads" % n)
    program.read_now()
    result = program.wait(60)
    equal((result.status, len(result.records)), (0, 3000), repr(result)[-400:])


@test("18 every request of a chain counts for the rate")
def _():
    server = pages(4)
    run(server, "--next", "link", "--rate", "2/250ms", "-j", "4",
        ids="1\n2\n")
    equal(server.requests, 8)


# ---- secrets ----

@test("18 a next page elsewhere gets none of the secrets, as after a redirect")
def _():
    with Web() as other:
        for back in False, True:
            other.reset()
            server = web()
            other.on("/there", lambda conn, request: conn.answer(
                b"", headers=b"Link: <%s/back>; rel=next\r\n" %
                server.url.encode() if back else b""))
            server.on("/a", lambda conn, request: conn.answer(
                b"", headers=b"Link: <%s/there>; rel=next\r\n" %
                other.url.encode()))
            server.on("/back", lambda conn, request: conn.answer(b""))
            args = ["--next", "link", "-H", "X-Key: k", "-H", "Accept: a/b",
                    "-u", "me:secret"]
            url = server.url.replace("//", "//you:word@") + "/a"
            result = fetchpool(args, input=url)
            equal(result.status, 0, repr(result))
            check(b"word" not in result.out and b"secret" not in result.out,
                  repr(result))
            for request in other.log + server.log[1:]:
                equal([request.header(n) for n in
                       ("X-Key", "Authorization", "Accept")],
                      [None, None, "a/b"], request.line)
            equal(server.log[0].header("X-Key"), "k")
            result = fetchpool([*args, "--location-trusted"], input=url)
            equal(other.log[-1].header("X-Key"), "k")


@test("18 the next page at the same origin has the item's login")
def _():
    server = pages(2)
    url = server.url.replace("//", "//you:word@") + "/list?id=1"
    result = fetchpool(["--next", "link"], input=url)
    equal(result.status, 0, repr(result))
    equal(len({request.header("Authorization") for request in server.log}), 1)
    check(server.log[1].header("Authorization"), "no login")
    check(b"word" not in result.out, repr(result))


@test("18 a variable cannot carry secrets elsewhere")
def _():
    with Web() as other:
        server = web()
        server.on("/a", lambda conn, request: conn.answer(
            ('{"end":"%s/b"}' % other.url).encode(), JSON))
        other.on("/b", lambda conn, request: conn.answer(b"{}", JSON))
        result = fetchpool(["--next", "to=/end", "-H", "X-Key: k",
                            "--input-format", "json", "{+to}"],
                           input='{"to":"%s/a"}' % server.url)
        equal((result.status, len(result.records)), (0, 2), repr(result))
        equal(other.log[0].header("X-Key"), None)


# ---- elements ----

@test("18 --each: a line for each element, byte for byte, of all pages")
def _():
    server = bodies(
        b'{"items":[1.50, "a\\u0062, [",\n {"x": [1, 2],"y":"}"},[],null],'
        b'"next":"?p=1"}', b'{"items":[],"next":"?p=2"}',
        b'{"items":null,"next":"?p=3"}', b'{"items":[12345678901234567890]}')
    args = ["--next", "/next", "--each", "/items"]
    result = walk(server, *args, "-f", "body")
    equal(result.out, b'1.50\n"a\\u0062, ["\n{"x":[1,2],"y":"}"}\n[]\nnull\n'
                      b'12345678901234567890\n')
    result = fetchpool([*args, "--fields=page,pages,body,seq"],
                       input=server.url + "/a")
    equal(result.out.splitlines()[2:], [
        b'{"page":1,"pages":null,"body":{"x":[1,2],"y":"}"},"seq":1}',
        b'{"page":1,"pages":null,"body":[],"seq":1}',
        b'{"page":1,"pages":null,"body":null,"seq":1}',
        b'{"page":4,"pages":4,"body":12345678901234567890,"seq":1}'])


@test("18 --each without pages, and of the body itself")
def _():
    server = bodies(b"[[1], [2]]")
    equal(walk(server, "--each", "", "-f", "body").out, b"[1]\n[2]\n")
    equal(walk(server, "--each", "/1", "-f", "body").out, b"2\n")


@test("18 --each: what is no array fails, and no line is written of it")
def _():
    for body, words in ((b'{"items":{}}', "is an object, not an array"),
                        (b"{}", "is nothing, not an array"),
                        (b'{"items":[1,2],"x":}', ""),
                        (b'{"items":[1,2]', "")):
        server = bodies(body)
        result = fetchpool(["--each", "/items", "-f", "body"],
                           input=server.url + "/a")
        equal((result.status, result.out), (1, b""), repr(result))
        check(words in result.text, repr(result))


@test("18 --each with a journal: the lines of a page are there once")
def _():
    server = bodies(b'{"items":[1,2],"next":"?p=1"}', b'{"items":[3]}')
    folder = temp_dir()
    args = ["--next", "/next", "--each", "/items", "-f", "body", "-o",
            folder + "/out", "--journal", folder + "/journal"]
    result = fetchpool([*args, "--max-pages", "1", "-q"],
                       input=server.url + "/a")
    equal(result.status, 1, repr(result))
    result = fetchpool([*args, "--retry-failed"], input=server.url + "/a")
    equal(result.status, 0, repr(result))
    equal(contents(folder + "/out"), b"1\n2\n3\n")


ELEMENT = b'{"n": %d, "text": "' + 1000 * b"x" + b'"}'
PIECE = b",".join([ELEMENT % 7] * 1000)


def large(n, end=b"]}", found=b""):
    """A page of n thousand elements."""
    server = web()

    def answer(conn, request):
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                  b"Content-Length: %d\r\n\r\n" % (
                      n * (len(PIECE) + 1) - 1 + len(end) + len(found) + 11))
        conn.send(b'{%s "items":[' % found)
        for i in range(n):
            conn.send(PIECE if i == 0 else b"," + PIECE)
        conn.send(end)

    server.on("/a", answer)
    return server


def large_run(server, *args, folder="/tmp"):
    """(result, lines of the output)"""
    result = fetchpool([*args, "--max-body", "1G"], env={"TMPDIR": folder},
                       input=server.url + "/a?n=1", timeout=60)
    return result, result.out.count(b"\n")


@test("--each takes no memory for a page of 40 MB")
def _():
    if SANITIZERS:
        skip("a sanitizer keeps memory back")
    server = large(40)
    for format in "body", "record":
        folder = temp_dir()
        program = Program(["--each", "/items", "-f", format, "--max-body",
                           "1G", "-o", folder + "/out"], stdin="pipe",
                          env={"TMPDIR": folder})
        program.write(server.url + "/a?n=1\n")
        out = folder + "/out"
        until(lambda: os.path.exists(out) and
              contents(out).count(b"\n") == 40000, "the lines", 60)
        peak = program.memory("VmHWM")
        program.close_stdin()
        result = program.wait()
        equal((result.status, os.listdir(folder)), (0, ["out"]), repr(result))
        check(peak < 30 << 10, "%d KiB" % peak)
        last = records_of(contents(folder + "/out"))[-1]
        equal(last if format == "body" else last["body"],
              json.loads(ELEMENT % 7))


@test("--each of a large page that ends wrong writes no line")
def _():
    for end in b"]]", b"]":
        result, lines = large_run(large(3, end=end), "--each", "/items")
        equal((result.status, lines), (1, 0), repr(result.text))


@test("--each of a large page with --fail-if: its beginning is carried")
def _():
    result, lines = large_run(
        large(3, found=b'"error":{"message":"no such"},'), "--each", "/items",
        "--fail-if", "/error", "-a")
    equal((result.status, lines), (1, 1), repr(result.text))
    record = json.loads(result.out)
    check(record["body"].startswith('{"error":{"message":"no such"}'),
          record["body"][:100])
    equal(len(record["body"]), 65536)


@test("--each of a large page, where the folder for it is not there")
def _():
    result, lines = large_run(large(3), "--each", "/items",
                              folder="/dev/null/none")
    equal((result.status, lines), (0, 3000), repr(result.text))


# ---- files ----

def files(folder):
    return {name: contents(os.path.join(folder, name)).decode()
            for name in os.listdir(folder)}


@test("-D with --next: each page has a file, named by line and page")
def _():
    for rule in "link", "/next":
        server = bodies(b'{ "next": "?p=1" }', b'{"next":"?p=2"}', b"{}")
        if rule == "link":
            server.on("/a", lambda conn, request: conn.answer(
                b'{ "page": 1}', JSON, headers=b"" if "p=2" in request.query
                else b"Link: <?p=%d>; rel=next\r\n" % (
                    2 if "p=1" in request.query else 1)))
        folder = temp_dir()
        result = fetchpool(["--next", rule, "-D", folder + "/d"],
                           input=server.url + "/a")
        equal(result.status, 0, repr(result))
        equal(seen(result, "seq", "page", "pages", "file"), [
            (1, 1, None, folder + "/d/1-1.json"),
            (1, 2, None, folder + "/d/1-2.json"),
            (1, 3, 3, folder + "/d/1-3.json")])
        equal(sorted(files(folder + "/d")),
              ["1-1.json", "1-2.json", "1-3.json"])
        equal(files(folder + "/d")["1-1.json"], '{ "page": 1}'
              if rule == "link" else '{ "next": "?p=1" }')


@test("-D with --next: {page} and the variable in --output-name")
def _():
    server = cursors('"x/y"', "17")
    for name, made in (
            ("{}-{page}.json", ["7-1.json", "7-2.json", "7-3.json"]),
            ("{}_{cursor}", ["7_", "7_17", "7_x%2Fy"])):
        folder = temp_dir()
        result = fetchpool([
            "--next", "cursor=/end", "-D", folder + "/d", "--output-name",
            name, server.url + "/a?q={}{&cursor}"], input="7\n")
        equal(result.status, 0, repr(result))
        equal(sorted(files(folder + "/d")), made)


@test("-D with --next page=+1: {page} is the number of the record's page")
def _():
    server = web()
    server.on("/a", lambda conn, request: conn.answer(
        b"[1]" if query(request)["page"] == "8" else b"[]", JSON))
    folder = temp_dir()
    result = fetchpool(["--next", "page=+1", "--input-format", "json", "-D",
                        folder + "/d", "--output-name", "p{page}",
                        server.url + "/a{?page}"], input='{"page":8}\n')
    equal(result.status, 0, repr(result))
    equal(files(folder + "/d"), {"p1": "[1]", "p2": "[]"})


@test("-D with --next: a page that is no JSON leaves no file")
def _():
    server = bodies(b'{"next":"?p=1"}', b'{"next":')
    folder = temp_dir()
    result = walk(server, "--next", "/next", "-D", folder + "/d", status=1)
    equal([error_of(r) for r in result.records], [None, "body"], repr(result))
    equal(files(folder + "/d"), {"1-1.json": '{"next":"?p=1"}'})


@test("-D with --next: a file that is there fails its page")
def _():
    server = pages(3)
    folder = temp_dir()
    os.mkdir(folder + "/d")
    with open(folder + "/d/p2", "w") as file:
        file.write("old")
    args = ["-a", "--next", "link", "-D", folder + "/d", "--output-name",
            "p{page}"]
    result = run(server, *args, status=1)
    equal(seen(result, "page", "pages"), [(1, None), (2, 2)])
    equal(error_of(result.records[1]), "local", repr(result))
    equal(files(folder + "/d")["p2"], "old")
    equal(server.requests, 1)
    run(server, *args, "--overwrite")
    equal(sorted(files(folder + "/d")), ["p1", "p2", "p3"])
    check("old" not in files(folder + "/d").values(), "replaced")


@test("-D with --next and a journal: no page's file is fetched again")
def _():
    server = pages(6)
    folder = temp_dir()
    args = ["--next", "link", "-D", folder + "/d", "--overwrite", "-o",
            folder + "/out", "--journal", folder + "/journal", "--resume",
            "--output-name", "{page}-{}"]
    run(server, *args, "--max-pages", "2", "-q", status=1)
    equal(sorted(files(folder + "/d")), ["1-1", "2-1"])
    run(server, *args, "--retry-failed")
    equal(sorted(files(folder + "/d")), ["%d-1" % n for n in range(1, 7)])
    equal(server.requests, 6)


@test("-D with --next: names that all pages would share are refused")
def _():
    for args in (["--output-name", "{}"], ["-O"], ["-J"], ["-O", "-J"],
                 ["--output-name", "{}.json", "--overwrite"]):
        refused("--next", "link", "-D", "x", *args, "http://127.0.0.1:9/{}",
                names="--next")


@test("what an item has besides is in the record unless fields are named")
def _():
    for options, there in (([], True), (["-D", "d"], True), (["-I"], True),
                           (["--check"], True), (["--fields", "+ip"], True),
                           (["--fields", "+context,ip"], True),
                           (["--fields", "seq"], False)):
        server = web()
        server.on("/a", lambda conn, request: conn.answer(b"1", JSON))
        result = fetchpool(["--input-format", "json", *options,
                            server.url + "/a{?x}"], cwd=temp_dir(),
                           input='{"context":[2],"x":1}\n')
        equal(result.status, 0, repr(result))
        equal(result.records[0].get("context"), [2] if there else None,
              repr(options))
        equal(result.out.count(b',"context"'), 1 if there else 0)


# ---- wrong usage ----

@test("18 what cannot work is wrong usage")
def _():
    for args, words in (
            (["--each", "/x", "-I"], "a HEAD request has no body"),
            (["--each", "/x", "--check"], "a HEAD request has no body"),
            (["--next", "links"], "neither link, a JSON Pointer"),
            (["--next", "/~2"], "not a JSON Pointer"),
            (["--next", "1=/a"], "not a variable name"),
            (["--next", "page=1"], "neither a JSON Pointer"),
            (["--next", "page=+0"], "neither a JSON Pointer"),
            (["--next", "a=/b", "http://127.0.0.1/{}"], "has a {a}"),
            (["--until-empty", "/a"], "needs --next"),
            (["--max-pages", "5"], "needs --next"),
            (["--next", "link", "--max-pages", "0"], "max-pages"),
            (["--next", "link", "--until-empty", "a"], "until-empty"),
            (["--next", "link", "--check"], "a HEAD has no pages"),
            (["--next", "link", "--etags", "x"],
             "does not name the next one"),
            (["--next", "/a", "--body", "text"], "JSON"),
            (["--each", "a"], "each"), (["--each", "/~2"], "each"),
            (["--each", "/a", "--pick", "b"], "pick"),
            (["--each", "/a", "-f", "merged"], "merged"),
            (["--each", "/a", "-B", "none"], "JSON"),
            (["--next", "link", "--until-empty", "/a", "--body", "none"],
             "JSON")):
        refused(*args, names=words)


if __name__ == "__main__":
    main()
