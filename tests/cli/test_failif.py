#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--fail-if: a body that has something at a place fails its item."""
import json
import os
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import fetchpool
from tap import check, equal, main, temp_dir, test
from webserver import web

GRAPHQL = b'{"data": null, "errors": [{"message": "Cannot \\"x\\"\\n"}]}'


def serve(body, type=b"application/json", status=200):
    server = web()
    server.on("/it", lambda conn, request: conn.answer(body, type, status))
    return server.url + "/it"


def record_of(url, *args):
    result = fetchpool(["-a", "-q", *args], input=url)
    record, = result.records
    equal(result.status, 1 if record["error"] else 0, repr(result))
    return record


@test("errors of GraphQL fail the item, and say why")
def _():
    url = serve(GRAPHQL)
    result = fetchpool(["--fail-if=/errors"], input=url)
    equal((result.status, result.out), (1, b""))
    equal(result.errors, {1: 'the body has a value at /errors: Cannot '
                             '"x"\\x0a (%s)' % url})
    record = record_of(url, "--fail-if", "/errors")
    equal(record["error"], {"kind": "body", "message":
                            "the body has a value at /errors",
                            "detail": 'Cannot "x"\n'})
    equal((record["status"], record["encoding"], record["body"],
           record["attempts"]), (200, "json", json.loads(GRAPHQL), 1))
    equal(record_of(serve(GRAPHQL))["error"], None)


@test("null, false and what is empty are nothing")
def _():
    for value in b"null", b"false", b'""', b"[]", b"{ }":
        record = record_of(serve(b'{"errors":%s,"a":1}' % value),
                           "--fail-if=/errors")
        equal(record["error"], None, repr(value))
    for value in b"0", b"true", b'"x"', b"[0]", b'{"a":null}':
        record = record_of(serve(b'{"errors":%s,"a":1}' % value),
                           "--fail-if=/errors")
        equal((record["error"] or {}).get("kind"), "body", repr(value))


@test("any of several pointers, into arrays too")
def _():
    args = ["--fail-if=/errors", "--fail-if=/0/x", "--fail-if=/a~1b"]
    for body, fails in ((b'[{"x":1}]', True), (b'[{"y":1},{"x":1}]', False),
                        (b'{"a/b":1}', True), (b'{"a":{"b":1}}', False),
                        (b"[]", False), (b"7", False)):
        record = record_of(serve(body), *args)
        equal(bool(record["error"]), fails, repr(body))


@test("whatever is carried of the body, its JSON is looked through")
def _():
    for type, args, fails in (
            (b"application/json", ["-B", "none"], True),
            (b"application/json", ["-B", "text"], True),
            (b"application/json", ["-B", "base64"], True),
            (b"application/json", ["-B", "string"], True),
            (b"application/json", ["--omit=errors"], True),
            (b"application/json", ["--pick=data"], True),
            (b"application/json", ["-f", "body"], True),
            (b"application/json", ["-f", "merged"], True),
            (b"application/graphql-response+json", [], True),
            (None, [], True), (b"text/plain", [], False),
            (b"text/plain", ["-B", "json"], True)):
        result = fetchpool(["-q", "--fail-if=/errors", *args],
                           input=serve(GRAPHQL, type))
        equal((result.status, bool(result.out)), (int(fails), not fails),
              repr((type, args)))
    for body in b'{"errors":1', b'{"errors":1} x':
        record = record_of(serve(body, None), "--fail-if=/errors")
        equal((record["error"], record["encoding"]), (None, "text"))
        record = record_of(serve(body), "--fail-if=/errors")
        check("JSON" in record["error"]["message"], repr(record))


@test("with -D there is no file of it")
def _():
    folder = temp_dir()
    record = record_of(serve(GRAPHQL), "-D", folder, "--fail-if=/errors")
    equal((record["file"], record["error"]["kind"]), (None, "body"))
    equal(os.listdir(folder), [])
    record = record_of(serve(b'{"errors":[]}'), "-D", folder,
                       "--fail-if=/errors")
    equal((record["error"], len(os.listdir(folder))), (None, 1))


@test("the body is carried as far as --max-error-body goes")
def _():
    body = b'{"errors":[1],"x":"%s"}' % (b"x" * 100000)
    record = record_of(serve(body), "--fail-if=/errors")
    equal((record["encoding"], len(record["body"]),
           record["error"]["body_cut"]), ("text", 65536, True))
    record = record_of(serve(body), "--fail-if=/errors",
                       "--max-error-body=1M")
    equal((record["encoding"], record["body"], "body_cut" in record["error"]),
          ("json", json.loads(body), False))
    record = record_of(serve(body), "--fail-if=/errors", "--max-error-body=0")
    equal((record["encoding"], record["body"]), (None, None))


@test("other failures are what they were")
def _():
    record = record_of(serve(GRAPHQL, status=400), "--fail-if=/errors")
    equal((record["error"]["message"], record["body"]),
          ("400 Bad Request", json.loads(GRAPHQL)))
    record = record_of(serve(GRAPHQL, status=400), "--fail-if=/errors",
                       "--ok-status=400")
    equal(record["error"]["kind"], "body")


@test("what is no JSON Pointer is wrong usage")
def _():
    for pointer in "errors", "#/errors", "/~", "/a~2", "$.errors":
        result = fetchpool(["--fail-if", pointer], input="1\n")
        equal((result.status, result.out), (2, b""))
        check("JSON Pointer like /errors" in result.text, repr(result))


main()
