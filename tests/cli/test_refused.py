#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What no request may be, whoever asks for it; and what is no whole answer."""
import json
import os
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import fetchpool
from servers import faults
from tap import check, equal, main, temp_dir, temp_file, test

FRAMING = ["Content-Length", "transfer-encoding", "TE", "Trailer",
           "Connection", "Upgrade"]


def item(server, **more):
    return json.dumps({"url": server.url + "/ok", **more})


def only(result):
    equal(len(result.records), 1, repr(result))
    return result.records[0]


def kind(result):
    return (only(result).get("error") or {}).get("kind")


@test("no item says where its request ends")
def _():
    server = faults()
    for name in FRAMING:
        result = fetchpool(["-a", "--input-format", "json"], input=item(
            server, body="ab", headers={name: "1"}))
        equal((kind(result), result.status), ("input", 1), name)
    equal(server.requests, 0)


@test("no option says where a request ends")
def _():
    for name in FRAMING:
        result = fetchpool(["-H", name + ": 1"], input="http://127.0.0.1:1/")
        equal((result.status, result.out), (2, b""), name)


@test("CONNECT, and HEAD in other letters, are no methods")
def _():
    server = faults()
    for method in "CONNECT", "connect", "head", "Head":
        result = fetchpool(["-a", "--input-format", "json"],
                           input=item(server, method=method))
        equal(kind(result), "input", method)
        result = fetchpool(["-X", method], input=server.url + "/ok")
        equal(result.status, 2, method)
    equal(server.requests, 0)


@test("HEAD requests have no body")
def _():
    server = faults()
    result = fetchpool(["-a", "--input-format", "json"],
                       input=item(server, method="HEAD", body="hi"))
    equal(kind(result), "input")
    result = fetchpool(["-a", "-X", "HEAD", "-d", "x"],
                       input=server.url + "/ok")
    equal(kind(result), "input")


@test("a part that nobody asked for is no success")
def _():
    url = faults().url + "/status/206"
    equal(kind(fetchpool(["-a"], input=url)), "http")
    equal(kind(fetchpool(["-a", "-H", "Range: bytes=0-3"], input=url)), None)
    equal(kind(fetchpool(["-a", "--ok-status=206"], input=url)), None)


@test("46 JSON that only the connection ended is whole in a file, or there is none")
def _():
    server = faults()
    for body, wanted in (b'{"a":[1,2', "body"), (b'{"a":[1,2]}', None):
        def end(conn, request, body=body):
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json"
                      b"\r\nConnection: close\r\n\r\n" + body)
            conn.close()

        server.on("/eof", end)
        folder = temp_dir()
        result = fetchpool(["-a", "-D", folder], input=server.url + "/eof")
        equal(kind(result), wanted, repr(result))
        equal(len(os.listdir(folder)), 0 if wanted else 1)


@test("a NUL in a file of options is an error, not an end")
def _():
    path = temp_file(b"quiet\0\ndeny-private\n")
    result = fetchpool(["-K", path], input=faults().url + "/ok")
    equal((result.status, result.out), (2, b""))


@test("20 no password of a proxy or a certificate is in any output")
def _():
    for args in (["-x", "foo://user:CANARY@127.0.0.1:1"],
                 ["-x", "user:CANARY@bad host:1"],
                 ["--cert", "nofile.pem:CANARY"],
                 ["--setopt", "USERPWD CANARY:x"]):
        result = fetchpool(["-a", *args], input="https://127.0.0.1:1/")
        check(b"CANARY" not in result.out + result.err, repr(result))
        check(result.status in (1, 2), repr(result))


@test("the headers of an item are in no output")
def _():
    server = faults()
    lines = [item(server, headers={"Authorization": "CANARY", "A": ["CANARY"]}),
             item(server, url="http://127.0.0.1:1/", headers={"A": "CANARY"}),
             item(server, headers={"bad name": "CANARY"})]
    result = fetchpool(["-a", "-k", "--input-format", "json"],
                       input="\n".join(lines))
    equal([r["input"]["headers"] for r in result.records], ["***"] * 3)
    check(b"CANARY" not in result.out + result.err, repr(result))
    result = fetchpool(["--input-format", "json"],
                       input='{"headers":{"A":"CANARY"}')
    check(b"CANARY" not in result.err, repr(result))


@test("ways to log in that need several answers are refused by name")
def _():
    for name in "HTTPAUTH", "PROXYAUTH":
        result = fetchpool(["--setopt", name + "=2"],
                           input="http://127.0.0.1:1/")
        equal(result.status, 2)
        check(name.encode() in result.err, repr(result))


if __name__ == "__main__":
    main()
