#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gzip: asked for, undone, and its end demanded."""
import base64
import gzip
import random
import struct
import sys
import zlib

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
import packed
from harness import Program, fetchpool
from packed import ALL
from servers import Nginx
from tap import SANITIZERS, check, equal, main, skip, test
from webserver import web

TEXT = b"a line of text\n" * 500
GZIP = b"Content-Encoding: gzip\r\n"


def give(data, *args, headers=GZIP, **more):
    """The records for a server that sends this, or each of these."""
    return packed.give([data] if isinstance(data, bytes) else data, *args,
                       headers=headers, **more)


def good(data, body, *args, **more):
    for record in give(data, *args, **more):
        equal(record.get("error"), None, repr(record)[:500])
        equal(record["body"], body)
    return record


def bad(data, kind, *args, **more):
    for record in give(data, *args, **more):
        equal((record.get("error") or {}).get("kind"), kind,
              repr(record)[:500])
        equal((record["body"], record["encoding"]), (None, None))


@test("it is asked for, unless it is not wanted")
def _():
    server = web()
    fetchpool([], input=server.url + "/ok")
    equal(server.only().header("Accept-Encoding"), "gzip")
    server.reset()
    fetchpool(["--no-compressed"], input=server.url + "/ok")
    equal(server.only().header("Accept-Encoding"), None)


@test("text, JSON and other bytes; size is what comes out")
def _():
    binary = bytes(random.Random(1).choices(range(256), k=5000))
    for data, body, type, encoding in (
            (TEXT, TEXT.decode(), b"text/plain", "text"),
            (b'{ "a": [1, 2] }', {"a": [1, 2]}, b"application/json", "json"),
            (binary, base64.b64encode(binary).decode(), b"image/png",
             "base64")):
        for record in give(gzip.compress(data), type=type, framing=ALL):
            equal((record.get("error"), record["body"], record["size"],
                   record["encoding"]), (None, body, len(data), encoding))


@test("every format of output")
def _():
    server = web()
    url = server.on("/z", lambda conn, request: conn.answer(
        gzip.compress(b'{"a": 1}'), b"application/json", headers=GZIP))
    equal(fetchpool(["-f", "body"], input=url).out, b'{"a":1}\n')
    record = fetchpool(["-f", "merged"], input=url).records[0]
    equal(record["a"], 1)
    equal(fetchpool(["--pick=b"], input=url).records[0]["body"], {})


@test("all compressions, and what the head of a member may have")
def _():
    good([gzip.compress(TEXT, level) for level in (0, 1, 6, 9)], TEXT.decode())
    plain = gzip.compress(b"ok")
    body, tail = plain[10:-8], plain[-8:]
    good([plain[:3] + bytes([flags]) + plain[4:10] + more + body + tail
          for flags, more in ((0, b""), (1, b""), (4, b"\x03\x00abc"),
                              (8, b"name\0"), (16, b"comment\0"),
                              (8 | 16, b"name\0comment\0"))], "ok")
    head = plain[:3] + b"\x02" + plain[4:10]
    good(head + (zlib.crc32(head) & 0xffff).to_bytes(2, "little") + body +
         tail, "ok")


@test("an empty body, compressed; and no byte at all")
def _():
    record = good(gzip.compress(b""), "", "-B", "text")
    equal(record["size"], 0)
    for record in give(b"", framing=ALL):
        check(not record.get("error") or
              record["error"]["kind"] == "incomplete", record)


@test("the coding's name has no case, x-gzip is the same, identity is none")
def _():
    for name in b"GZIP", b"x-gzip", b"X-Gzip", b" gzip ":
        good(gzip.compress(TEXT), TEXT.decode(),
             headers=b"Content-Encoding:%s\r\n" % name)
    good(TEXT, TEXT.decode(), headers=b"Content-Encoding: identity\r\n")


@test("71 cut anywhere it is incomplete, however it is framed")
def _():
    data = gzip.compress(b'{"a": 1}')
    bad([data[:n] for n in range(1, len(data))], "incomplete",
        type=b"application/json", framing=ALL)
    long = gzip.compress(random.Random(2).randbytes(300000))
    bad([long[:n] for n in (5, 1000, 150000, len(long) - 8, len(long) - 1)],
        "incomplete", framing=ALL)


@test("71 with -B none and -f body it is incomplete too")
def _():
    data = gzip.compress(b'{"a": 1}')[:-1]
    bad(data, "incomplete", "-B", "none")
    server = web()
    url = server.on("/z", lambda conn, request: conn.answer(
        data, b"application/json", headers=GZIP))
    result = fetchpool(["-f", "body"], input=url)
    equal((result.status, result.out), (1, b""), repr(result))


@test("72 a wrong checksum or length")
def _():
    data = gzip.compress(TEXT)
    wrong = [bytearray(data) for _ in range(4)]
    for one, place in zip(wrong, (-8, -5, -4, -1)):
        one[place] ^= 1
    bad(wrong, "body", framing=ALL)


@test("72 any byte changed is a failure, or changes nothing")
def _():
    data = gzip.compress(b"some text, some more text")
    chance = random.Random(3)
    wrong = [bytearray(data) for _ in data]
    for i, one in enumerate(wrong):
        one[i] ^= 1 << chance.randrange(8)
    for i, record in enumerate(give(wrong)):
        if record.get("error"):
            check(record["error"]["kind"] in ("body", "incomplete"), record)
        else:
            equal(record["body"], "some text, some more text")
            check(3 < i < 10, "byte %d was not seen" % i)


@test("73 several members are one body")
def _():
    data = b"".join(gzip.compress(b"part %d " % n) for n in range(100))
    text = "".join("part %d " % n for n in range(100))
    good(data, text, framing=ALL)
    bad(data[:-3], "incomplete")
    good(gzip.compress(b"") * 3 + gzip.compress(b"x"), "x")


@test("73 what comes behind the stream is an error")
def _():
    data = gzip.compress(TEXT)
    bad([data + garbage for garbage in (
        b"x", b"garbage", b"\x1f\x8c\x08", b"\0" * 3, b"\n",
        b"\x1f\x8b\x09" + data[3:], b"x" * 100000)], "body", framing=ALL)
    bad([data + data[:start] for start in (1, 2, 3, 9)], "incomplete")


@test("74 --max-body counts what comes out")
def _():
    good(gzip.compress(b"x" * 2048), "x" * 2048, "--max-body=2K", framing=ALL)
    bad([gzip.compress(b"x" * size) for size in (2049, 1 << 20)], "too_large",
        "--max-body=2K", framing=ALL)
    many = gzip.compress(b"x" * 1000) * 3
    bad(many, "too_large", "--max-body=2K")


@test("74 a bomb: 1 MB becomes 1 GB, in little memory")
def _():
    if SANITIZERS:
        skip("a sanitizer keeps memory back")
    # With the CRC and the size of all that comes out.
    data = b"\x1f\x8b\x08\0\0\0\0\0\2\3" + packed.zeros(1024) + \
        struct.pack("<II", 0x5b64c2b0, 1 << 30)
    server = web()
    url = server.on("/z", lambda conn, request: conn.answer(
        data, headers=GZIP))
    program = Program(["-a", "-j1"], stdin="pipe")
    program.write((url + "\n") * 3)
    records = program.lines(3)
    peak = program.memory("VmHWM")
    program.close_stdin()
    program.wait()
    for record in records:
        equal(record["error"]["kind"], "too_large", repr(record))
        check(record["fetch_time"] < 5, record)
    check(peak < 64 << 10, "%d KiB" % peak)


@test("74 a second layer is refused, and any other coding")
def _():
    # Without the time of day, which br may take for the start of more.
    once = gzip.compress(TEXT, mtime=0)
    twice = gzip.compress(once, mtime=0)
    for value in (b"gzip, gzip", b"gzip,gzip", b"exi", b"compress", b"gzip, br", b"br, gzip",
                  b"gzip;q=1", b"identity, br", b"gzip, gzip, gzip, gzip"):
        bad([twice, once, TEXT], "body",
            headers=b"Content-Encoding: %s\r\n" % value)
    for lines in (GZIP + GZIP, GZIP + b"Content-Encoding: br\r\n",
                  b"Content-Encoding: br\r\n" + GZIP):
        bad(twice, "body", headers=lines)


@test("74 a second layer that is not told is only bytes")
def _():
    inner = gzip.compress(b"x")
    good(gzip.compress(inner), base64.b64encode(inner).decode(),
         type=b"application/octet-stream")


@test("75 what says gzip and is none")
def _():
    bad([b"plain text", b'{"a": 1}', b"\x1f\x8b\x07rest", zlib.compress(TEXT),
         b"\0" * 30], "body", framing=ALL)
    for record in give(b"\x1f", framing=ALL):
        check(record["error"]["kind"] in ("body", "incomplete"), record)


@test("no body at all where none can be: 204, 304, HEAD")
def _():
    server = web()

    def bare(code):
        return lambda conn, request: conn.send(
            b"HTTP/1.1 %d X\r\n%s\r\n" % (code, GZIP))

    server.on("/204", bare(204))
    server.on("/304", bare(304))
    server.on("/head", lambda conn, request: conn.send(
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n%s\r\n" % GZIP))
    for path, args in (("/204", []), ("/304", ["--ok-status=304"]),
                       ("/head", ["-X", "HEAD"])):
        result = fetchpool(["-j1", *args],
                           input="\n".join([server.url + path] * 2))
        equal((result.status, [r["size"] for r in result.records]),
              (0, [0, 0]), repr(result))


@test("a failure's status counts for more than its body's compression")
def _():
    server = web()
    url = server.on("/z", lambda conn, request: conn.answer(
        b"no gzip", status=404, headers=GZIP))
    record = fetchpool(["-a"], input=url).records[0]
    equal((record["error"]["kind"], record["status"]), ("http", 404))


@test("--no-compressed: bytes as they come")
def _():
    data = gzip.compress(TEXT)
    record = good(data, base64.b64encode(data).decode(), "--no-compressed",
                  type=b"application/gzip")
    equal(record["size"], len(data))
    good(b"plain", "plain", "--no-compressed",
         headers=b"Content-Encoding: br\r\n")


@test("a file of gzip that is not compressed for the way is left alone")
def _():
    data = gzip.compress(TEXT)
    good(data, base64.b64encode(data).decode(), headers=b"",
         type=b"application/gzip")


@test("one item after another, good and bad, on one connection")
def _():
    server = web()
    data = gzip.compress(TEXT)
    for path, body, headers in (
            ("/good", data, GZIP), ("/cut", data[:40], GZIP),
            ("/plain", TEXT, b""), ("/crc", data[:-8] + b"x" * 8, GZIP)):
        server.on(path, lambda conn, request, body=body, headers=headers:
                  conn.answer(body, headers=headers))
    paths = ["/good", "/cut", "/plain", "/crc"] * 20
    result = fetchpool(["-a", "-k", "-j1"], input="\n".join(
        server.url + path for path in paths))
    for path, record in zip(paths, result.records):
        kind = {"/cut": "incomplete", "/crc": "body"}.get(path)
        equal((record.get("error") or {}).get("kind"), kind, path)
        if not kind:
            equal(record["body"], TEXT.decode(), path)
    equal(server.connections, 1)


@test("nginx's own gzip")
def _():
    with Nginx("gzip on; gzip_min_length 1; gzip_types *;") as nginx:
        for name, size in ("a.txt", 3), ("b.txt", 3000000):
            with open(nginx.dir + "/" + name, "wb") as file:
                file.write(b"abc" * (size // 3))
            result = fetchpool(["--fields=headers,size,body"],
                               input=nginx.url + "/" + name)
            record = result.records[0]
            equal((record["size"], len(record["body"])), (size, size))
            headers = {n.lower(): v for n, v in record["headers"].items()}
            equal(headers["content-encoding"], ["gzip"])


if __name__ == "__main__":
    main()
