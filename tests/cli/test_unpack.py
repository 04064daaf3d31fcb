#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""deflate, br and zstd: undone whether they were asked for or not, and their
end demanded."""
import ctypes
import ctypes.util
import random
import struct
import subprocess
import sys
import zlib

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
import packed
from harness import Program, fetchpool
from tap import PROGRAM, SANITIZERS, check, contents, equal, main, skip, temp_dir, test
from webserver import web

TEXT = b"".join(b"line %d of some text\n" % n for n in range(700))
VERSION = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True,
                         check=True).stdout.split(" libcurl/")[0]


def raw_deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def library(name, word):
    """A library that packs, if ours can unpack; or the test is skipped."""
    if word + "/" not in VERSION:
        skip("built without " + word)
    path = ctypes.util.find_library(name)
    if not path:
        skip("there is no lib" + name)
    return ctypes.CDLL(path)


def brotli(data, quality=5):
    lib = library("brotlienc", "brotli")
    size = ctypes.c_size_t(len(data) + 1000)
    out = ctypes.create_string_buffer(size.value)
    check(lib.BrotliEncoderCompress(quality, 22, 0, ctypes.c_size_t(len(data)),
                                    data, ctypes.byref(size), out), "brotli")
    return out.raw[:size.value]


def zstd(data, level=3):
    lib = library("zstd", "zstd")
    lib.ZSTD_compress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(len(data) + 1000)
    n = lib.ZSTD_compress(out, ctypes.c_size_t(len(out)), data,
                          ctypes.c_size_t(len(data)), level)
    return out.raw[:n]


PACKERS = {"deflate": zlib.compress, "raw deflate": raw_deflate, "br": brotli,
           "zstd": zstd}

# So many MiB of zeros; that of zlib has their Adler-32 behind it.
BOMBS = {"raw deflate": packed.zeros,
         "deflate": lambda n: b"\x78\xda" + packed.zeros(n) + struct.pack(
             ">I", (n << 20) % 65521 << 16 | 1)}


def give(name, bodies, *args, **more):
    """The records for a server that sends these."""
    return packed.give(bodies, *args, headers=b"Content-Encoding: %s\r\n" %
                       name.split()[-1].encode(), **more)


def each(function):
    """A test for each coding."""
    for name in PACKERS:
        def run(name=name):
            PACKERS[name](b"")  # or it is skipped
            function(name, PACKERS[name])
        test("%s: %s" % (name, function.__doc__))(run)


def good(name, bodies, expected, *args, **more):
    for record, body in zip(give(name, bodies, *args, **more), expected):
        equal(record.get("error"), None, repr(record)[:500])
        equal((record["body"], record["size"]),
              (body.decode(), len(body)), name)


@each
def _(name, pack):
    """it is undone, in every framing, and one byte at a time"""
    bodies = [TEXT, b"x", b"", TEXT * 100]
    packed = [pack(body) for body in bodies]
    for framing in "length", "close":
        good(name, packed, bodies, framing=framing)
        good(name, packed, bodies, "--max-memory=64K", framing=framing)
    good(name, packed[:3], bodies[:3], framing=1)
    record, = give(name, [pack(b'{"a": [1, 2]}')], type=b"application/json")
    equal((record["body"], record["encoding"]), ({"a": [1, 2]}, "json"))


@each
def _(name, pack):
    """cut anywhere it is incomplete"""
    whole = pack(TEXT)
    cuts = [whole[:n] for n in range(1, len(whole))]
    for framing in "length", "close":
        for record in give(name, cuts, framing=framing):
            equal((record["error"] or {}).get("kind"), "incomplete",
                  repr(record)[:300])
            equal(record["body"], None)


@each
def _(name, pack):
    """what stands behind the end is an error, but frames of zstd"""
    whole = pack(TEXT)
    records = give(name, [whole + b"\0", whole + b"x" * 40, whole + whole])
    for n, record in enumerate(records):
        if n == 2 and name == "zstd":
            equal((record["error"], record["body"]), (
                None, (TEXT * 2).decode()))
        else:
            kind = (record["error"] or {}).get("kind")
            check(kind == "body" or name == "zstd" and kind == "incomplete",
                  repr(record)[:300])


@each
def _(name, pack):
    """bytes that are changed never crash, and are never more than they say"""
    chance = random.Random(5)
    whole = pack(TEXT)
    bad = []
    for _ in range(150):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        bad.append(bytes(data))
    bad += [b"plain text, and no more", b"\0" * 40, b"\xff" * 40]
    for record in give(name, bad):
        kind = (record["error"] or {}).get("kind")
        check(kind in (None, "body", "incomplete", "too_large"), repr(record))


@each
def _(name, pack):
    """--max-body counts what comes out"""
    for size, kind in (2048, None), (2049, "too_large"), (1 << 20, "too_large"):
        record, = give(name, [pack(b"x" * size)], "--max-body=2K")
        equal((record["error"] or {}).get("kind"), kind)


@each
def _(name, pack):
    """a bomb is stopped, in little memory"""
    if SANITIZERS:
        skip("a sanitizer keeps memory back")
    data = BOMBS[name](256) if name in BOMBS else pack(bytes(256 << 20))
    server = web()
    url = server.on("/z", lambda conn, request: conn.answer(
        data, headers=b"Content-Encoding: %s\r\n" % name.split()[-1].encode()))
    program = Program(["-a", "-j1", "--retry=0"], stdin="pipe")
    program.write((url + "\n") * 3)
    records = program.lines(3)
    peak = program.memory("VmHWM")
    program.close_stdin()
    program.wait()
    for record in records:
        equal(record["error"]["kind"], "too_large", repr(record)[:300])
    check(peak < 80 << 10, "%d KiB" % peak)


@each
def _(name, pack):
    """to a file, and the same on one connection after another coding"""
    at = temp_dir()
    records = give(name, [pack(TEXT), pack(b"")], "-D", at)
    equal([contents(r["file"]) for r in records], [TEXT, b""])


@each
def _(name, pack):
    """--no-compressed: bytes as they come"""
    data = pack(b"\xff\xfe" + TEXT)
    record, = give(name, [data], "--no-compressed", "-Bbase64")
    equal(record["size"], len(data))


@test("zstd: nothing that goes on for ever, and no window over 8 MiB")
def _():
    zstd(b"")
    skippable = b"\x50\x2a\x4d\x18\x10\0\0\0" + b"y" * 16
    record, = give("zstd", [skippable * 1000 + zstd(b"a") + skippable])
    equal((record["error"], record["body"]), (None, "a"))
    record, = give("zstd", [skippable * 5000], "--max-body=1K")
    equal(record["error"]["kind"], "too_large")
    # A frame whose header says 16 MiB (RFC 8878, section 3.1.1.1.2).
    frame = b"\x28\xb5\x2f\xfd\x00\x70\x01\0\0"
    record, = give("zstd", [frame])
    equal((record["error"]["kind"], record["error"]["message"]),
          ("body", "zstd data with a window of more than 8 MiB"))


@test("two layers are refused, and a coding that is not there")
def _():
    server = web()
    for value in b"br, br", b"deflate, gzip", b"compress", b"zstd, deflate":
        url = server.on("/z", lambda conn, request: conn.answer(
            b"x" * 50, headers=b"Content-Encoding: %s\r\n" % value))
        result = fetchpool(["-a", "--retry=0"], input=url)
        error = result.records[0]["error"]
        equal(error["kind"], "body")
        check(error["message"].startswith("unsupported Content-Encoding: "),
              error)


@test("a library that was left out is named")
def _():
    for coding, word, lib in (("br", "brotli/", "libbrotlidec"),
                              ("zstd", "zstd/", "libzstd")):
        record, = give(coding, [b"xxxx"])
        said = record["error"]["message"]
        equal(said == "unsupported Content-Encoding: %s; fetchpool is built "
              "without %s" % (coding, lib), word not in VERSION, said)


if __name__ == "__main__":
    main()
