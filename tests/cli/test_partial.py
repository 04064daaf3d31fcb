#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Downloads that break: the next attempt asks for the rest, and joins it only
if that is what comes. A file is whole, or it is not there."""
import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import sys
import threading

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program, fetchpool
from servers import Nginx
from tap import check, contents, equal, main, temp_dir, test, until
from webserver import web

CHANCE = random.Random(19)
TAG = '"v1"'
CHANGED = "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT"
CHANGED_AGAIN = "Last-Modified: Sun, 15 Jun 2025 15:06:40 GMT"
RETRIES = ["--retry=5", "--retry-delay=1ms", "-a", "-k"]


def md5(data):
    return hashlib.md5(data).hexdigest()


def asked_from(request):
    """Where the rest was asked to begin; 0: all was asked for."""
    found = re.fullmatch(r"bytes=(\d+)-", request.header("range") or "bytes=0-")
    return int(found[1])


class Source:
    """Bodies by their paths; script(conn, request, nth of its path) answers,
    or returns None to have it done well."""

    def __init__(self, script=None):
        self.server = web()
        self.url = self.server.url + "/d"
        self.bodies, self.requests, self.script = {}, {}, script
        self.server.on("/d/", self.answer)

    def add(self, name, body):
        self.bodies["/" + name] = body

    def answer(self, conn, request):
        request.path = request.path[2:]
        seen = self.requests.setdefault(request.path, [])
        seen.append(request)
        if self.script and self.script(conn, request, len(seen)):
            return
        self.serve(conn, request)

    def serve(self, conn, request, **more):
        body = self.bodies[request.path]
        start = asked_from(request)
        if start and request.header("if-range") == TAG:
            part(conn, body, start, **more)
        else:
            whole(conn, body, **more)


def head(conn, status, *lines):
    conn.send(b"HTTP/1.1 %d X\r\n" % status + b"".join(
        line.encode() + b"\r\n" for line in lines) + b"\r\n")


def whole(conn, body, cut=None, tag=TAG, more=()):
    head(conn, 200, "Content-Length: %d" % len(body), "ETag: " + tag, *more)
    conn.send(body if cut is None else body[:cut])
    if cut is not None:
        conn.close()


def part(conn, body, start, cut=None, tag=TAG, said=None, length=None,
         more=()):
    rest = body[start:]
    said = said or "bytes %d-%d/%d" % (start, len(body) - 1, len(body))
    head(conn, 206, "Content-Length: %d" % (
        len(rest) if length is None else length), "ETag: " + tag,
        *(["Content-Range: " + said] if said != "-" else []), *more)
    conn.send(rest if cut is None else rest[:cut])
    if cut is not None:
        conn.close()


def run(source, names, *args, at=None, **more):
    at = at or temp_dir()
    result = fetchpool([*RETRIES, "-D", at, "--output-name={}", *args,
                        source.url + "/{}"],
                       input="".join(n + "\n" for n in names), **more)
    return at, result


def whole_files(at, source, result):
    """Each file there is, is the body, and there is one for each success."""
    there = sorted(os.listdir(at))
    equal(there, sorted(r["input"] for r in result.records
                        if not r.get("error")))
    for name in there:
        equal(md5(contents(os.path.join(at, name))),
              md5(source.bodies["/" + name]), name)


@test("cut at every byte: the rest is asked for, and joined")
def _():
    body = CHANCE.randbytes(300)

    def script(conn, request, nth):
        if nth == 1:
            whole(conn, body, cut=int(request.path[1:]))
        return nth == 1

    source = Source(script)
    for n in range(300):
        source.add(str(n), body)
    records = []
    for first in range(0, 300, 75):  # more failures at once are not retried
        at, result = run(source, map(str, range(first, first + 75)))
        equal(result.status, 0, repr(result.err))
        whole_files(at, source, result)
        records += result.records
    equal(len(records), 300)
    for record in records:
        n = int(record["input"])
        first, second = source.requests["/%d" % n]
        equal((first.header("range"), first.header("if-range")), (None, None))
        equal(record["attempts"], 2)
        equal((asked_from(second), second.header("if-range")),
              (n, TAG if n else None))
        equal((record["status"], record["size"]), (206 if n else 200, 300))
        if n:
            equal(second.header("accept-encoding"), "identity")


@test("a rest that is cut, too, at every byte; and once more")
def _():
    body = CHANCE.randbytes(120)

    def script(conn, request, nth):
        cut = int(request.path[1:])
        start = asked_from(request)
        if nth == 1:
            whole(conn, body, cut=40)
        elif nth == 2:
            part(conn, body, start, cut=cut)
        elif nth == 3:
            part(conn, body, start, cut=min(1, len(body) - start - 1))
        return nth <= 3

    source = Source(script)
    names = [str(n) for n in range(80)]
    for name in names:
        source.add(name, body)
    for first in range(0, 80, 20):
        at, result = run(source, names[first:first + 20])
        equal(result.status, 0, repr(result.err))
        whole_files(at, source, result)
    for name in names:
        asked = [asked_from(r) for r in source.requests["/" + name]]
        equal(asked[:3], [0, 40, 40 + int(name)])


@test("chunked, and by a timeout: the rest is asked for all the same")
def _():
    body = CHANCE.randbytes(5000)
    is_over = threading.Event()

    def script(conn, request, nth):
        if nth > 1:
            return False
        if request.path == "/chunked":
            head(conn, 200, "Transfer-Encoding: chunked", "ETag: " + TAG)
            conn.send(b"3e8\r\n" + body[:1000] + b"\r\n7d0\r\n" + body[1000:1100])
            conn.close()
        else:
            head(conn, 200, "Content-Length: 5000", "ETag: " + TAG)
            conn.send(body[:1100])
            is_over.wait(60)
            conn.close()
        return True

    source = Source(script)
    names = ["chunked", "slow"]
    for name in names:
        source.add(name, body)
    at, result = run(source, names, "--stall-time=300ms")
    is_over.set()
    equal(result.status, 0, repr(result))
    whole_files(at, source, result)
    for name in names:
        equal([asked_from(r) for r in source.requests["/" + name]], [0, 1100])


# What is wrong with an answer to a request for bytes 40 to 99 of 100, and then
# with nothing; and how many requests there are.
LIES = {
    "another-tag": dict(tag='"v2"'),
    "weak-tag": dict(tag='W/"v1"'),
    "tag-twice": dict(more=['ETag: "v1"']),
    "another-time": dict(more=[CHANGED_AGAIN]),
    "time-twice": dict(more=[CHANGED, CHANGED]),
    "starts-earlier": dict(said="bytes 39-99/100"),
    "starts-later": dict(said="bytes 41-99/100"),
    "starts-at-0": dict(said="bytes 0-99/100"),
    "ends-early": dict(said="bytes 40-98/100", length=59),
    "ends-late": dict(said="bytes 40-100/100"),
    "backwards": dict(said="bytes 40-39/100"),
    "longer": dict(said="bytes 40-99/101"),
    "no-length": dict(said="bytes 40-99/*"),
    "no-range": dict(said="-"),
    "range-twice": dict(more=["Content-Range: bytes 40-99/100"]),
    "other-unit": dict(said="bites 40-99/100"),
    "not-numbers": dict(said="bytes +40-99/100"),
    "huge": dict(said="bytes 40-99/%d" % (100 + 2 ** 64)),
    "empty": dict(said="bytes 40-99/"),
    "unsatisfied": dict(said="bytes */100"),
    "too-short": dict(length=59), "too-long": dict(length=61),
    "gzip": dict(more=["Content-Encoding: gzip"]),
    "parts": dict(said="-", more=[
        "Content-Type: multipart/byteranges; boundary=x"]),
}


def cut_then(body, second):
    """A script: the first response is cut, and second(conn, request) is the
    next one."""
    def script(conn, request, nth):
        if nth == 1:
            whole(conn, body, cut=40, more=[CHANGED])
        elif nth == 2:
            second(conn, request)
        return nth <= 2

    return script


@test("an answer that is not just the rest is not joined: all is fetched anew")
def _():
    body = CHANCE.randbytes(100)

    def second(conn, request):
        equal(asked_from(request), 40)
        part(conn, body, 40, **LIES[request.path[1:]])
        conn.close()

    source = Source(cut_then(body, second))
    for name in LIES:
        source.add(name, body)
    at, result = run(source, LIES)
    equal(result.status, 0, repr(result))
    whole_files(at, source, result)
    for record in result.records:
        asked = [asked_from(r) for r in source.requests["/" + record["input"]]]
        # That it was of no use is no attempt that failed.
        equal((asked, record["attempts"], record["status"]),
              ([0, 40, 0], 2, 200), record["input"])


@test("a rest that is shorter or longer than it says is no success")
def _():
    body = CHANCE.randbytes(100)

    def second(conn, request):
        head(conn, 206, "ETag: " + TAG, "Content-Range: bytes 40-99/100",
             "Transfer-Encoding: chunked")
        n = int(request.path[1:])
        conn.send(b"%x\r\n" % n + bytes(n) + b"\r\n0\r\n\r\n")

    source = Source(cut_then(body, second))
    names = ["1", "59", "61", "200"]
    for name in names:
        source.add(name, body)
    at, result = run(source, names)
    for name in os.listdir(at):
        equal(len(contents(os.path.join(at, name))), 100)
    for record in result.records:
        # What was too short is gone on with: what is there was no lie.
        check(record["attempts"] == 3 and not record.get("error"), repr(record))


@test("a rest of JSON whose end is told by Content-Range alone")
def _():
    body = json.dumps(["x" * 20] * 100).encode()
    kind = "Content-Type: application/json"

    def script(conn, request, nth):
        start = asked_from(request)
        if nth == 1:
            whole(conn, body, cut=700, more=[kind])
        elif nth == 2:
            head(conn, 206, "ETag: " + TAG, kind, "Connection: close",
                 "Content-Range: bytes %d-%d/%d" % (
                     start, len(body) - 1, len(body)))
            conn.send(body[start:] if request.path == "/a"
                      else body[start:-7])
            conn.close()
        return nth <= 2

    source = Source(script)
    for name in "a", "b":
        source.add(name, body)
    at, result = run(source, ["a", "b"])
    whole_files(at, source, result)
    equal([(r["status"], r["attempts"]) for r in result.records],
          [(206, 2), (206, 3)], repr(result))


@test("another version: 200, and it is the file")
def _():
    old, new = CHANCE.randbytes(100), CHANCE.randbytes(70)

    source = Source(cut_then(
        old, lambda conn, _: whole(conn, new, tag='"v2"', cut=30)))
    source.serve = lambda conn, request: part(
        conn, new, asked_from(request), tag='"v2"')
    source.add("a", new)
    at, result = run(source, ["a"])
    equal(result.status, 0, repr(result))
    whole_files(at, source, result)
    equal([(asked_from(r), r.header("if-range"))
           for r in source.requests["/a"]],
          [(0, None), (40, TAG), (30, '"v2"')])


@test("416 and errors: all is fetched anew, or what is there is kept")
def _():
    body = CHANCE.randbytes(100)

    def second(conn, request):
        status = int(request.path[1:])
        head(conn, status, "Content-Length: 0", "Retry-After: 0")

    source = Source(cut_then(body, second))
    for name in "416", "503", "429", "404":
        source.add(name, body)
    at, result = run(source, ["416", "503", "429", "404"])
    equal([(r.get("error") or {}).get("message") for r in result.records],
          [None] * 3 + ["404 Not Found"])
    whole_files(at, source, result)
    asked = {name: [asked_from(r) for r in source.requests["/" + name]]
             for name in ("416", "503", "429", "404")}
    equal(asked, {"416": [0, 40, 0], "503": [0, 40, 40], "429": [0, 40, 40],
                  "404": [0, 40]})


@test("without a strong tag, or compressed, or unwanted: all is fetched anew")
def _():
    body = CHANCE.randbytes(100)
    more = {"weak": dict(tag='W/"v1"'), "none": dict(tag=""),
            "bare": dict(tag="v1"), "refused": dict(
                more=["Accept-Ranges: none"]),
            "twice": dict(more=['ETag: "v2"']),
            "long": dict(tag='"%s"' % ("x" * 2000))}

    def script(conn, request, nth):
        if nth == 1:
            whole(conn, body, cut=40, **more[request.path[1:]])
        else:
            equal(request.header("range"), None)
        return nth == 1

    source = Source(script)
    for name in more:
        source.add(name, body)
    at, result = run(source, more)
    equal(result.status, 0, repr(result))
    whole_files(at, source, result)

    # A body that was compressed has a place in it that no range can name.
    import gzip
    packed = gzip.compress(body, mtime=0)

    def compressed(conn, request, nth):
        equal(request.header("range"), None)
        whole(conn, packed, cut=len(packed) - 30 if nth == 1 else None,
              more=["Content-Encoding: gzip"])
        return True

    source = Source(compressed)
    source.add("z", body)
    at, result = run(source, ["z"])
    equal(result.status, 0, repr(result))
    whole_files(at, source, result)


@test("what was changed in the second of its response may have changed again")
def _():
    # Of a server whose tag is made of that second and the length.
    old, new = CHANCE.randbytes(100), CHANCE.randbytes(100)
    date = CHANGED.replace("Last-Modified", "Date")
    earlier = CHANGED.replace(":20 GMT", ":19 GMT")
    more = {"at-once": [date, CHANGED], "ahead": [date, CHANGED_AGAIN],
            "before": [date, earlier],
            "no-date": [earlier], "bad-date": [earlier, "Date: x"]}

    def script(conn, request, nth):
        name = request.path[1:]
        if nth == 1:
            whole(conn, old, cut=40, more=more[name])
        elif request.header("range"):
            part(conn, new if name in ("at-once", "ahead") else old, 40)
        else:
            whole(conn, new)
        return True

    source = Source(script)
    for name in more:
        source.add(name, new if name in ("at-once", "ahead") else old)
    at, result = run(source, more)
    equal(result.status, 0, repr(result))
    whole_files(at, source, result)
    equal([asked_from(source.requests["/" + name][1]) for name in more],
          [0, 0, 40, 40, 40])


@test("not for other methods, ranges of the user's own, or --fail-if")
def _():
    body = CHANCE.randbytes(100)
    for args in (["-X", "POST", "--idempotent"], ["-d", "x", "-X", "PUT"],
                 ["-H", "If-Range: x"], ["--fail-if", "/a"]):
        def script(conn, request, nth):
            equal((request.header("range")), None)
            whole(conn, body, cut=40 if nth == 1 else None)
            return True

        source = Source(script)
        source.add("a", body)
        at, result = run(source, ["a"], *args)
        equal(len(source.requests["/a"]), 2, repr(result))


@test("only where it came from: a redirect that leads elsewhere gets all")
def _():
    body = CHANCE.randbytes(100)

    def script(conn, request, nth):
        path = request.path
        if path == "/moves":
            head(conn, 302, "Location: /d/%s" % ("old" if nth == 1 else "new"),
                 "Content-Length: 0")
        elif path == "/stays":
            head(conn, 302, "Location: /d/same", "Content-Length: 0")
        elif path in ("/old", "/same") and nth == 1:
            whole(conn, body, cut=40)
        else:
            return False
        equal(request.header("range"), None)
        return True

    source = Source(script)
    for name in "moves", "stays", "new", "same":
        source.add(name, body)
    at, result = run(source, ["moves", "stays"])
    equal(result.status, 0, repr(result))
    whole_files(at, source, result)
    equal([asked_from(r) for r in source.requests["/new"]], [0])
    equal([asked_from(r) for r in source.requests["/same"]], [0, 40])


@test("what was kept does not stay behind when all attempts have failed")
def _():
    body = CHANCE.randbytes(1000)

    def script(conn, request, nth):
        start = asked_from(request)
        if start:
            part(conn, body, start, cut=1)
        else:
            whole(conn, body, cut=1)
        return True

    source = Source(script)
    source.add("a", body)
    at, result = run(source, ["a"])
    equal([r["error"]["kind"] for r in result.records], ["incomplete"])
    equal([asked_from(r) for r in source.requests["/a"]], [0, 1, 2, 3, 4, 5])
    equal(os.listdir(at), [])


class Cutter:
    """Lets so many bytes of each answer through, and then cuts it."""

    def __init__(self, port, most):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port, self.most = port, most
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            threading.Thread(target=self.pass_on, args=(near,),
                             daemon=True).start()

    def pass_on(self, near):
        with near, socket.create_connection(("127.0.0.1", self.port)) as far:
            request = b""
            while b"\r\n\r\n" not in request:
                data = near.recv(65536)
                if not data:
                    return
                request += data
            far.sendall(request)
            left = self.most
            while left > 0:
                data = far.recv(min(left, 65536))
                if not data:
                    return
                near.sendall(data)
                left -= len(data)


@test("a real nginx, whose answers are cut: each file is whole, in few bytes")
def _():
    with Nginx() as nginx:
        sizes = [1, 9000, 70000, 100000, 250000, 400000]
        for size in sizes:
            with open(nginx.dir + "/%d" % size, "wb") as file:
                file.write(CHANCE.randbytes(size))
            os.utime(nginx.dir + "/%d" % size, (1e9, 1e9))
        cutter = Cutter(nginx.port, 60000)
        at = temp_dir()
        result = fetchpool(
            [*RETRIES, "--retry=20", "--fresh-connect", "-D", at, "--output-name={}",
             cutter.url + "/{}"], input="".join("%d\n" % n for n in sizes))
        equal(result.status, 0, repr(result))
        for record in result.records:
            size = int(record["input"])
            equal(md5(contents(at + "/%d" % size)),
                  md5(contents(nginx.dir + "/%d" % size)))
            check(record["attempts"] <= size // 55000 + 1, repr(record))


def hidden(at):
    return sorted(name for name in os.listdir(at) if name[0] == ".")


def long_parts(folder, least):
    """How many parts have so many bytes. One may get its name meanwhile."""
    n = 0
    for name in hidden(folder) if os.path.isdir(folder) else ():
        try:
            n += (name.endswith(".part") and
                  os.path.getsize(os.path.join(folder, name)) >= least)
        except FileNotFoundError:
            pass
    return n


class Held:
    """A source whose bodies stop after so many bytes, until go() is called."""

    def __init__(self, sizes, stop):
        self.may_go = threading.Event()
        held = self

        def script(conn, request, nth):
            if nth > 1 or held.may_go.is_set():
                return False
            body = held.source.bodies[request.path]
            head(conn, 200, "Content-Length: %d" % len(body), "ETag: " + TAG,
                 CHANGED)
            conn.send(body[:stop])
            held.may_go.wait(60)
            conn.close()
            return True

        self.source = Source(script)
        for name, size in sizes.items():
            self.source.add(name, CHANCE.randbytes(size))

    def go(self):
        self.may_go.set()


def journaled(source, at, names, *more):
    folder = at + "/files"
    return folder, [*RETRIES, "-D", folder, "--output-name={}", "--overwrite",
                    "--journal", at + "/j", "-o", at + "/out", *more,
                    source.url + "/{}"], "".join(n + "\n" for n in names)


@test("between runs: one that is killed leaves what came, and the next goes on")
def _():
    for sign in signal.SIGKILL, signal.SIGINT, signal.SIGTERM:
        sizes = {"a": 400000, "b": 300000, "small": 30000}
        held = Held(sizes, 20000 if sign is None else 250000)
        at = temp_dir()
        folder, args, lines = journaled(held.source, at, sizes, "--grace=0ms")
        program = Program(args, stdin=lines)
        until(lambda: long_parts(folder, 250000) == 2,
              "bodies that came in part")
        program.kill(sign)
        program.wait()
        held.go()
        equal(sorted(n for n in os.listdir(folder) if n[0] != "."), ["small"]
              if os.path.exists(folder + "/small") else [], sign)
        equal(len(hidden(folder)), 4, sign)
        result = fetchpool(["--resume", *args], input=lines)
        equal(result.status, 0, repr(result))
        equal(sorted(os.listdir(folder)), ["a", "b", "small"], sign)
        for name in sizes:
            equal(md5(contents(os.path.join(folder, name))),
                  md5(held.source.bodies["/" + name]), name)
        for name in "a", "b":
            first, second = held.source.requests["/" + name]
            equal((asked_from(second), second.header("if-range")),
                  (250000, TAG), sign)


def serve_new(body, tag):
    """Serves another version. One with the tag of the first one is what a
    server has that keeps the tags of changed files; If-Range passes, and only
    the time tells."""
    def serve(conn, request):
        start = asked_from(request)
        if start and request.header("if-range") == tag:
            part(conn, body, start, tag=tag, more=[CHANGED_AGAIN])
        else:
            whole(conn, body, tag=tag, more=[CHANGED_AGAIN])

    return serve


@test("between runs: what another version left is not joined, nor anything odd")
def _():
    def change_tag(folder, part, note):
        return '"v2"'

    def keep_tag(folder, part, note):
        return TAG

    def cut_note(folder, part, note):
        os.truncate(os.path.join(folder, note), 30)

    def other_boot(folder, part, note):
        path = os.path.join(folder, note)
        text = contents(path).split(b"\n")
        text[1] = b"00000000-0000-0000-0000-000000000000"
        with open(path, "wb") as file:
            file.write(b"\n".join(text))

    def empty_note(folder, part, note):
        os.truncate(os.path.join(folder, note), 0)
        os.unlink(os.path.join(folder, part))
        return 'W/"v2"'

    def no_note(folder, part, note):
        os.unlink(os.path.join(folder, note))

    def empty_part(folder, part, note):
        os.truncate(os.path.join(folder, part), 0)

    def long_part(folder, part, note):
        os.truncate(os.path.join(folder, part), 1 << 20)

    def link_part(folder, part, note):
        os.unlink(os.path.join(folder, part))
        os.symlink("../secret", os.path.join(folder, part))

    def fifo_part(folder, part, note):
        os.unlink(os.path.join(folder, part))
        os.mkfifo(os.path.join(folder, part))

    def second_name(folder, part, note):
        os.unlink(os.path.join(folder, part))
        os.link(os.path.join(folder, "../secret"), os.path.join(folder, part))

    def fifo_note(folder, part, note):
        os.unlink(os.path.join(folder, note))
        os.mkfifo(os.path.join(folder, note))

    def link_note(folder, part, note):
        os.rename(os.path.join(folder, note), folder + "/../moved")
        os.symlink("../moved", os.path.join(folder, note))

    for change in (change_tag, keep_tag, cut_note, other_boot, no_note, empty_note,
                   empty_part, long_part, link_part, fifo_part, second_name,
                   fifo_note, link_note):
        held = Held({"a": 400000}, 250000)
        at = temp_dir()
        with open(at + "/secret", "wb") as file:
            file.write(b"s" * 1000)
        folder, args, lines = journaled(held.source, at, ["a"], "--grace=0ms")
        program = Program(args, stdin=lines)
        until(lambda: long_parts(folder, 250000), "a body that came in part")
        program.kill(signal.SIGKILL)
        program.wait()
        held.go()
        note, part_name = hidden(folder)
        tag = change(folder, part_name, note)
        if tag:
            new = CHANCE.randbytes(400000 if tag == TAG else 100000)
            held.source.bodies["/a"] = new
            held.source.serve = serve_new(new, tag)
        result = fetchpool(["--resume", *args], input=lines)
        equal(result.status, 0, change.__name__ + repr(result))
        equal(contents(at + "/secret"), b"s" * 1000)
        equal(md5(contents(folder + "/a")),
              md5(held.source.bodies["/a"]), change.__name__)
        equal(sorted(set(os.listdir(folder)) - {part_name}), ["a"],
              change.__name__)
        asked = asked_from(held.source.requests["/a"][1])
        equal(asked, 250000 if change in (change_tag, keep_tag) else 0,
              change.__name__)


@test("between runs: two that go on with copies of a journal share no file")
def _():
    body, stop, may_go = CHANCE.randbytes(400000), 250000, threading.Event()

    def script(conn, request, nth):
        start = asked_from(request)
        if nth > 3:
            return False
        if start:
            part(conn, body, start, length=len(body) - start, cut=50000)
        else:
            head(conn, 200, "Content-Length: 400000", "ETag: " + TAG)
            conn.send(body[:stop])
            may_go.wait(60)
            conn.send(body[stop:])
        return True

    source = Source(script)
    source.add("a", body)
    at = temp_dir()
    folder, args, lines = journaled(source, at, ["a"], "--grace=0ms")
    program = Program(args, stdin=lines)
    until(lambda: source.requests.get("/a") and long_parts(folder, stop),
          "a body that came in part")
    for name in "j", "out":
        shutil.copyfile(at + "/" + name, at + "/" + name + "2")
    other = [{at + "/j": at + "/j2", at + "/out": at + "/out2"}.get(arg, arg)
             for arg in args]
    second = Program(["--resume", *other], stdin=lines)
    until(lambda: len(source.requests["/a"]) == 2, "the other run's request")
    may_go.set()
    for one in program, second:
        equal(one.wait().status, 0, repr(one))
        equal(md5(contents(folder + "/a")), md5(body))
    equal([asked_from(r) for r in source.requests["/a"]], [0, 0])
    equal(os.listdir(folder), ["a"])


@test("between runs: an item that failed goes on with --retry-failed")
def _():
    body = CHANCE.randbytes(200000)

    def script(conn, request, nth):
        if nth <= 2:
            start = asked_from(request)
            if start:
                part(conn, body, start, cut=50000)
            else:
                whole(conn, body, cut=100000)
        return nth <= 2

    source = Source(script)
    source.add("a", body)
    at = temp_dir()
    folder, args, lines = journaled(source, at, ["a"])
    args = [arg for arg in args if not arg.startswith("--retry=")
            and arg not in ("-a", "-k")]
    result = fetchpool(["--retry=1", *args], input=lines)
    equal((result.status, len(hidden(folder))), (1, 2), repr(result))
    result = fetchpool(["--retry=1", "--resume", "--retry-failed", *args],
                       input=lines)
    equal((result.status, os.listdir(folder)), (0, ["a"]), repr(result))
    equal(md5(contents(folder + "/a")), md5(body))
    equal([asked_from(r) for r in source.requests["/a"]], [0, 100000, 150000])


@test("without a journal, or of small bodies, a kill leaves nothing")
def _():
    held = Held({"a": 400000}, 250000)
    at = temp_dir()
    program = Program([*RETRIES, "-D", at, "--output-name={}",
                       held.source.url + "/{}"], stdin="a\n")
    until(lambda: held.source.requests, "the request")
    program.kill(signal.SIGKILL)
    program.wait()
    held.go()
    equal(os.listdir(at), [])


if __name__ == "__main__":
    main()
