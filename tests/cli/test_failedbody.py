#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What an answer that is no success says of why: its body in the record, and its
problem's detail in the line on standard error.
"""
import base64
import gzip
import json
import os
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import fetchpool
from tap import check, equal, main, temp_dir, test
from webserver import web

PROBLEM = b"application/problem+json"
SECRETS = "http://ann:hunter2@h.example/"


def failing(body, type=b"application/json", status=404, headers=b"",
            cut=None):
    """The URL of an answer that fails."""
    server = web()
    kind = b"Content-Type: %s\r\n" % type if type else b""

    def answer(conn, request):
        conn.send(b"HTTP/1.1 %d Wrong\r\n%s%sContent-Length: %d\r\n\r\n%s"
                  % (status, kind, headers, len(body), body[:cut]))
        if cut is not None:
            conn.close()
    server.on("/it", answer)
    return server.url + "/it"


def record_of(url, *args, via="-a"):
    args = ["--retry=0", "-m10s", *args]
    if via == "-a":
        result = fetchpool(["-a", *args], input=url)
        record, = result.records
    else:
        result = fetchpool(["--error-format=json", *args], input=url)
        equal(result.out, b"")
        record = json.loads(result.err)
    equal(result.status, 1, repr(result))
    check(record["error"], repr(record))
    return record


def carried(record):
    return record["encoding"], record["body"]


def line_of(url, *args):
    result = fetchpool(["--retry=0", "-m10s", *args], input=url)
    equal((result.status, result.out), (1, b""), repr(result))
    return result.errors[1]


@test("the body of a failed answer is in its record")
def _():
    for via in "-a", "--error-format":
        for data, type, args, wanted in (
                (b'{ "detail" : [1.0] }', PROBLEM, [],
                 ("json", {"detail": [1.0]})),
                (b"[ ]", b"application/json", ["-B", "json"], ("json", [])),
                (b"[ ]", b"", [], ("json", [])),
                (b"[ ]", b"text/plain", [], ("text", "[ ]")),
                (b"[ ]", b"text/plain", ["-B", "json"], ("json", [])),
                (b"[ ]", b"application/json", ["-B", "text"], ("text", "[ ]")),
                (b"[ ]", b"application/json", ["-B", "string"],
                 ("json", "[]")),
                (b"[ ]", b"", ["-B", "base64"],
                 ("base64", base64.b64encode(b"[ ]").decode())),
                (b"[ ]", b"application/json", ["-B", "none"], (None, None)),
                (b"", b"application/json", [], (None, None)),
                (b'{"id":1,"x":2}', b"application/json", ["--pick=id"],
                 ("json", {"id": 1, "x": 2})),
                (b'{"id":1,"x":2}', b"application/json", ["--omit=id"],
                 ("json", {"id": 1, "x": 2})),
                (b'{"a":1}', b"application/json", ["-f", "merged"],
                 ("json", {"a": 1})),
                (b'{"a":1}', b"application/json", ["-f", "body"],
                 ("json", {"a": 1}))):
            record = record_of(failing(data, type), *args, via=via)
            equal(carried(record), wanted, repr((via, data, type, args)))
            equal((record["error"]["kind"], record["error"]["message"]),
                  ("http", "404 Not Found"))
            check("body_cut" not in record["error"], repr(record))
            equal(record["size"], len(data))


@test("a failed answer's body makes no second failure")
def _():
    for args in [], ["-B", "json"], ["-B", "text"], ["-f", "body"]:
        for data, wanted in (
                (b"<p>no</p>", ("text", "<p>no</p>")),
                (b'{"a":', ("text", '{"a":')),
                (b'"\xff"', ("base64", base64.b64encode(b'"\xff"').decode())),
                (b"[" * 2000 + b"]" * 2000,
                 ("text", "[" * 2000 + "]" * 2000))):
            record = record_of(failing(data, status=500), *args)
            equal((record["error"]["kind"], carried(record)),
                  ("http", wanted), repr((args, data[:20])))


@test("a body that was undone is carried, and one that was not is none")
def _():
    data = b'{"title":"gone"}'
    url = failing(gzip.compress(data), headers=b"Content-Encoding: gzip\r\n")
    equal(carried(record_of(url)), ("json", {"title": "gone"}))
    url = failing(gzip.compress(data)[:-4],
                  headers=b"Content-Encoding: gzip\r\n")
    record = record_of(url)
    equal((carried(record), record["error"]["body_cut"]),
          (("text", data.decode()), True))
    url = failing(data, headers=b"Content-Encoding: br\r\n")
    equal(carried(record_of(url)), (None, None))


@test("--max-error-body cuts, and the cut is marked")
def _():
    text = b"\xc3\xa9" * 50000
    record = record_of(failing(text, b"text/plain"))
    equal((len(record["body"].encode()), record["size"]), (65536, 100000))
    equal(record["error"]["body_cut"], True)
    record = record_of(failing(text, b"text/plain"), "--max-error-body=5")
    equal((carried(record), record["error"]["body_cut"]),
          (("text", "\xe9\xe9"), True))
    record = record_of(failing(text, b"text/plain"), "--max-error-body=1M")
    equal((len(record["body"]), "body_cut" in record["error"]),
          (50000, False))
    record = record_of(failing(b'{"a":1}'), "--max-error-body=6")
    equal((carried(record), record["error"]["body_cut"]),
          (("text", '{"a":1'), True))
    record = record_of(failing(b'{"a":1}'), "--max-error-body=7")
    equal((carried(record), "body_cut" in record["error"]),
          (("json", {"a": 1}), False))
    record = record_of(failing(b'{"a":1}'), "--max-error-body=0")
    equal((carried(record), "body_cut" in record["error"]),
          ((None, None), False))


@test("of a failed answer that was cut, what came is carried")
def _():
    record = record_of(failing(b'{"title":"gone"}', cut=10))
    equal((record["error"]["kind"], carried(record),
           record["error"]["body_cut"]),
          ("incomplete", ("text", '{"title":"'), True))


@test("a success that turned out wrong carries nothing")
def _():
    record = record_of(failing(b'{"title":"gone"', status=200))
    equal((record["error"]["kind"], carried(record)), ("body", (None, None)))
    record = record_of(failing(b'{"title":"gone"}', status=200, cut=10))
    equal((record["error"]["kind"], carried(record)),
          ("incomplete", (None, None)))


@test("the body is that of the last attempt")
def _():
    server = web()
    answers = [(503, b'{"n":1}'), (404, b""), (503, b'{"n":1}'), (404, b"{}")]

    def answer(conn, request):
        status, body = answers.pop(0)
        conn.answer(body, b"application/json", status)
    server.on("/it", answer)
    for wanted in (None, None), ("json", {}):
        result = fetchpool(["-a", "--retry-delay=1ms"],
                           input=server.url + "/it")
        record, = result.records
        equal((record["attempts"], carried(record)), (2, wanted))
        equal(result.status, 1)


@test("with -D, failed answers leave no file")
def _():
    folder = temp_dir()
    record = record_of(failing(b'{"title":"T"}'), "-D", folder)
    equal((record["encoding"], record["file"], record["error"]["detail"]),
          (None, None, "T"))
    equal(os.listdir(folder), [])


# ---- the line ----

@test("the error line says a problem's detail, else its title")
def _():
    for data, type, wanted in (
            (b'{"title":"T","detail":"No such\\u0020one"}', PROBLEM,
             "No such one"),
            (b'{"title":"T","detail":""}', PROBLEM, "T"),
            (b'{ "title" : "T" }', b"application/json", "T"),
            (b'{"title":"T"}', b"", "T"),
            (b'{"detail":[{"loc":["q"],"msg":"field required"}]}',
             b"application/json",
             '[{"loc":["q"],"msg":"field required"}]'),
            (b'{"detail":"a\\nb\\u001b[0m"}', PROBLEM, "a\\x0ab\\x1b[0m"),
            (b'{"detail":"see %s"}' % SECRETS.encode(), PROBLEM,
             "see http://ann:***@h.example/"),
            (b'{"detail":7}', PROBLEM, None),
            (b'{"detail":"x"', PROBLEM, None),
            (b'["detail"]', PROBLEM, None),
            (b'{"a":{"detail":"x"}}', PROBLEM, None),
            (b'{"detail":"x"}', b"text/plain", None),
            (b"", PROBLEM, None)):
        for args in [], ["-B", "text"], ["-B", "none"], ["-B", "base64"]:
            url = failing(data, type)
            says = "404 Not Found%s (%s)" % (": " + wanted if wanted else "",
                                             url)
            equal(line_of(url, *args), says)


@test("a detail has at most 200 bytes in the line")
def _():
    for text in "x" * 5000, "\xe9" * 3000, "\x07" * 200, "\u2028" * 150:
        url = failing(json.dumps({"detail": text}).encode(), PROBLEM)
        line = line_of(url)
        detail = line[len("404 Not Found: "):-len(" (%s)" % url)]
        check(190 < len(detail.encode()) <= 200, repr(detail))
        check(detail.endswith("..."), repr(detail))
    url = failing(json.dumps({"detail": "x" * 200}).encode(), PROBLEM)
    equal(line_of(url), "404 Not Found: %s (%s)" % ("x" * 200, url))


@test("the record says the detail too, masked")
def _():
    url = failing(b'{"detail":"see %s\\u0001"}' % SECRETS.encode())
    equal(record_of(url)["error"]["detail"],
          "see http://ann:***@h.example/\x01")


@test("-q says nothing of bodies")
def _():
    result = fetchpool(["-q", "--retry=0"],
                       input=failing(b'{"detail":"x"}', PROBLEM))
    check("x" not in result.text.replace("fetchpool", ""), repr(result))


main()
