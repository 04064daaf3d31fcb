#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
HTTP/2: where a response ends when streams share a connection (RFC 9113).

What is the same for one stream and for many on one connection is tried with
both, as far as libcurl puts many on one: fetchpool lets it do so only where
it can be trusted with that (8.0.0 and later).
"""
import gzip
import os
import signal
import sys
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from authority import authority, good
from frameserver import (ACK, CANCEL, DATA, END_HEADERS, END_STREAM, HEADERS,
                         HTTP_1_1_REQUIRED, INTERNAL_ERROR, NO_ERROR, PING,
                         REFUSED_STREAM, SETTINGS, FrameServer, field, frame,
                         goaway, head, rst_stream)
from harness import Program, fetchpool
from libcurl import does
from servers import faults
from tap import at_end, check, contents, equal, main, skip, temp_dir, test

HALF = b"half of it"
TEXT = b"content-type", b"text/plain"
JSON = b"content-type", b"application/json"
FIELDS = "--fields=seq,status,framing,http_version,body"
MANY = 20

_server = []


def frames():
    if not _server:
        _server.append(FrameServer(good().server()).__enter__())
        at_end(lambda: _server[0].__exit__(None, None, None))
    _server[0].reset()
    return _server[0]


def ask(*args):
    return ["-a", "-k", "--http2", "--cacert", authority().cert, FIELDS, *args]


def whole(conn, stream, words):
    body = "/".join(words).encode()
    conn.send(head(stream, TEXT) + frame(DATA, END_STREAM, stream, body))


def run(urls, *args):
    result = fetchpool(ask("-m20s", *args), input="\n".join(urls))
    equal(len(result.records), len(urls), repr(result))
    return result


def at_once(server, answer, n, *args, name="batch"):
    """The records of n requests that were all open when they were answered,
    on connections that had served before."""
    server.on("whole", whole)
    server.gather(name, n, answer)
    program = Program(ask("-j%d" % n, "-m20s", *args), stdin="pipe")
    program.write("".join(server.at("whole", i) + "\n" for i in range(4)))
    program.has_lines(4)
    program.write("".join(server.at(name, i) + "\n" for i in range(n)))
    program.close_stdin()
    records = program.wait(40).records
    equal(len(records), 4 + n)
    equal({r["http_version"] for r in records[:4]}, {"2"})
    return records[4:]


def kind(record):
    return (record.get("error") or {}).get("kind")


def begun(conn, streams, *fields):
    for stream in streams:
        conn.send(head(stream, *fields) + frame(DATA, 0, stream, HALF))


def no_success(end, kinds=("network", "incomplete")):
    """Whatever end(conn, streams) does to bodies that have begun, no item
    succeeds: one alone, many; with a length and without."""
    for fields in [TEXT], [TEXT, (b"content-length", b"100")], [JSON]:
        def answer(conn, streams):
            begun(conn, streams, *fields)
            end(conn, streams)

        for n in 1, MANY:
            for record in at_once(frames(), answer, n):
                check(kind(record) in kinds and record["body"] is None,
                      "of %d, with %r: %r" % (n, fields, record))


def all_of(code):
    def end(conn, streams):
        for stream in streams:
            conn.send(rst_stream(stream, code))
    return end


@test("64 streams that are reset in the body")
def _():
    for code in INTERNAL_ERROR, CANCEL, REFUSED_STREAM, 1, 11, 13, 0xffff:
        no_success(all_of(code))


@test("65 streams reset, GOAWAY, and the connection ends")
def _():
    def end(conn, streams):
        all_of(INTERNAL_ERROR)(conn, streams)
        conn.send(goaway(0, INTERNAL_ERROR))
        conn.cut(notify=True)

    no_success(end)


@test("65 GOAWAY that disowns streams that have begun, and the end")
def _():
    for code in NO_ERROR, INTERNAL_ERROR:
        def end(conn, streams):
            conn.send(goaway(0, code))
            conn.cut(notify=True)

        no_success(end)


@test("65 GOAWAY that promises to finish them, and the end")
def _():
    def end(conn, streams):
        conn.send(goaway(conn.streams[-1], NO_ERROR))
        conn.cut(notify=True)

    no_success(end)


@test("65 69 a connection that is cut or reset under open streams")
def _():
    no_success(lambda conn, streams: conn.cut())
    no_success(lambda conn, streams: conn.cut(reset=True))


@test("69 a connection that is closed in good order under open streams")
def _():
    # At once: a timeout would be another kind.
    no_success(lambda conn, streams: conn.cut(notify=True))


@test("66 a stream reset without an error: only a length, or JSON, can tell")
def _():
    def half_of(*fields, body=HALF):
        def answer(conn, streams):
            for stream in streams:
                conn.send(head(stream, *fields) +
                          frame(DATA, 0, stream, body) +
                          rst_stream(stream, NO_ERROR))
        return answer

    # What has not been read when the reset comes may be lost with it.
    for n in 1, MANY:
        records = at_once(frames(), half_of(
            TEXT, (b"content-length", b"100")), n)
        check({kind(r) for r in records} <= {"incomplete", "network"}, records)
        records = at_once(frames(), half_of(JSON, body=b'{"a": [1, 2'), n)
        check({kind(r) for r in records} <= {"body", "network"}, records)
        for answer in (half_of(TEXT), half_of(JSON, body=b'{"a": [1, 2]}')):
            for record in at_once(frames(), answer, n):
                check(kind(record) == "network" or kind(record) is None and
                      record["framing"] == "h2-unverified", record)
            records = at_once(frames(), answer, n, "--strict-framing")
            check({(kind(r), r["body"]) for r in records} <=
                  {("incomplete", None), ("network", None)}, records)


@test("66 what ends as it should, without a length, cannot show it")
def _():
    server = frames()
    server.on("whole", whole)
    record = run([server.at("whole", "x")]).records[0]
    equal((kind(record), record["framing"], record["body"]),
          (None, "h2-unverified", "x"))
    equal(kind(run([server.at("whole", "x")], "--strict-framing").records[0]),
          "incomplete")


@test("67 streams that are refused: not for ever, and each one counts")
def _():
    def refuse(conn, stream, words):
        conn.send(rst_stream(stream, REFUSED_STREAM))

    server = frames()
    url = server.on("refuse", refuse)
    record = run([url]).records[0]
    equal(kind(record), "network", repr(record))
    check(1 <= len(server.log) <= 8, server.log)
    # What libcurl sends again by itself has to wait for its turn like all.
    server.reset()
    program = Program(ask("--rate=2/h"), stdin=url)
    server.wait(lambda: len(server.log) == 2, "two requests")
    program.settled()
    program.settled()
    equal(len(server.log), 2, "requests in the first hour")
    program.kill(signal.SIGTERM)
    program.kill(signal.SIGTERM)
    program.wait()


@test("67 a connection on which a POST did not go out carries others")
def _():
    # One that libcurl makes to send again what was refused, and that the rate
    # keeps from being sent: it has had no answer, and is HTTP/2 all the same.
    if not does("HTTP/2 by default"):
        skip("with this libcurl a POST uses HTTP/1.1")
    refused = set()

    def answer(conn, stream, words):
        if int(words[0]) % 3 == 0 and words[0] not in refused:
            refused.add(words[0])
            conn.send(rst_stream(stream, REFUSED_STREAM))
        else:
            whole(conn, stream, words)

    server = frames()
    server.on("refuse", answer)
    result = run([server.at("refuse", n) for n in range(200)], "-d", "x",
                 "-j30", "-r100/s", "--pace", "--fields=status,attempts")
    equal({(r["status"], r["attempts"]) for r in result.records}, {(200, 1)},
          repr(result))


def sent_again(n, first, second, *args):
    """The records of n answers that began as `first` says, its fields and its
    bytes, and that came whole over HTTP/1.1 as `second` says."""
    fields, data = first
    server = frames()
    sent = []

    def answer(conn, streams):
        for stream in streams:
            conn.send(head(stream, *fields) + frame(DATA, 0, stream, data))
        # What has not been read when the reset comes may be lost with it: the
        # answer to this is behind what was.
        conn.on_pong = lambda: all_of(HTTP_1_1_REQUIRED)(conn, streams)
        conn.send(frame(PING, 0, 0, b"01234567"))

    def again(sock):
        sent.append(1)
        kind_of, body = second
        sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
                     b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (
                         kind_of, len(body), body))

    server.http1 = again
    records = at_once(server, answer, n, "--retry=0", *args)
    equal(len(sent), n, "requests over HTTP/1.1")
    return records


@test("67 sent again when its body had begun: the second is the answer")
def _():
    # libcurl does so after HTTP_1_1_REQUIRED, whatever came before.
    text, json_body = (TEXT[1], b"all of it"), (JSON[1], b'{"a": 3}')
    for first, second, body in (
            (([TEXT], HALF), text, "all of it"),
            (([TEXT, (b"content-length", b"100")], HALF), text, "all of it"),
            (([JSON], b'{"a": [1, 2'), json_body, {"a": 3}),
            (([JSON], b'{"a": [1, 2'), text, "all of it"),
            (([TEXT, (b"content-encoding", b"gzip")],
              gzip.compress(HALF * 50)[:-12]), text, "all of it")):
        for n in 1, 5:
            for record in sent_again(n, first, second):
                equal((record["status"], record["framing"],
                       record["http_version"], record["body"], kind(record)),
                      (200, "length", "1.1", body, None), repr(first))
    # As large as may be, each of them.
    record = sent_again(1, ([TEXT], HALF), text, "--max-body=10")[0]
    equal((kind(record), record["body"]), (None, "all of it"))


@test("67 sent again when its file had begun: the second is in the file")
def _():
    for n in 1, 5:
        folder = temp_dir()
        for record in sent_again(n, ([TEXT], HALF), (TEXT[1], b"all of it"),
                                 "-D", folder, "--fields=+http_version"):
            equal(kind(record), None, repr(record))
            equal(contents(record["file"]), b"all of it")
        equal(len(os.listdir(folder)), n + 4)


@test("68 GOAWAY in good order: what has begun ends, the next goes elsewhere")
def _():
    def last(conn, streams):
        conn.send(goaway(max(conn.streams), NO_ERROR))
        for stream in streams:
            conn.send(head(stream, TEXT) + frame(DATA, 0, stream, b"first, "))
        for stream in streams:
            conn.send(frame(DATA, END_STREAM, stream, b"second"))

    for n in 1, MANY:
        records = at_once(frames(), last, n)
        equal({(kind(r), r["body"]) for r in records},
              {(None, "first, second")})

    def only_one(conn, stream, words):
        conn.send(goaway(stream, NO_ERROR))
        whole(conn, stream, words)

    server = frames()
    server.on("one", only_one)
    records = run([server.at("one", n) for n in range(10)], "-j1").records
    equal([r["body"] for r in records], [str(n) for n in range(10)])
    equal((server.connections, len(server.log)), (10, 10))


@test("70 many at once over TLS: each gets what is its own")
def _():
    server = frames()
    server.on("own", whole)
    for jobs in 1, 50:
        records = run([server.at("own", n, "x" * (n % 7))
                       for n in range(300)], "-j%d" % jobs).records
        equal([r["body"] for r in records],
              ["%d/%s" % (n, "x" * (n % 7)) for n in range(300)])
        equal({r["http_version"] for r in records}, {"2"})


@test("70 HTTP/2 without TLS cannot be had")
def _():
    server = faults()
    for value in "4", "5", "2":
        result = fetchpool(["--setopt", "HTTP_VERSION=" + value],
                           input=server.url + "/ok")
        equal((result.status, server.connections), (2, 0), repr(result))
    equal(fetchpool(["--http2"], input=server.url + "/ok").status, 0)
    equal([r.line for r in server.log], ["GET /ok HTTP/1.1"])


@test("40 over HTTP/2: frames that wait on a connection are no left-overs")
def _():
    server = frames()

    def answer(conn, stream, words):
        whole(conn, stream, words)
        # Most come when it is idle; it does no harm if some do not.
        time.sleep(0.02)
        conn.send(frame(PING, 0, 0, b"01234567") + frame(SETTINGS, 0, 0))

    server.on("ping", answer)
    records = run([server.at("ping", n) for n in range(8)], "-j1",
                  "--delay=60ms").records
    equal([r["body"] for r in records], [str(n) for n in range(8)])
    equal(server.connections, 1)


# ---- what is no proper answer ----

@test("41 43 over HTTP/2: lengths that are not true, or no lengths")
def _():
    server = frames()

    def answer(conn, stream, words):
        fields = [(b"content-length", w.encode()) for w in words]
        conn.send(head(stream, TEXT, *fields) +
                  frame(DATA, END_STREAM, stream, b"hello"))

    server.on("length", answer)
    for words in ("4",), ("6",), ("0",), ("5", "6"), ("-5",), ("x",):
        record = run([server.at("length", *words)]).records[0]
        check(kind(record) in ("network", "incomplete"),
              "%r: %r" % (words, record))
    record = run([server.at("length", "5")]).records[0]
    equal((record["body"], record["framing"]), ("hello", "length"))


@test("42 over HTTP/2: a Transfer-Encoding is refused")
def _():
    server = frames()
    server.on("te", lambda conn, stream, words: conn.send(
        head(stream, TEXT, (b"transfer-encoding", b"chunked")) +
        frame(DATA, END_STREAM, stream, b"5\r\nhello\r\n0\r\n\r\n")))
    equal(kind(run([server.at("te")]).records[0]), "network")


@test("54 over HTTP/2: heads before the head, trailers behind the body")
def _():
    server = frames()

    def answer(conn, stream, words):
        conn.send(head(stream, (b"link", b"</x>"), status=b"103") +
                  head(stream, TEXT, (b"content-length", b"5")) +
                  frame(PING, 0, 0, b"01234567") +
                  frame(DATA, 0, stream, b"hello") +
                  frame(HEADERS, END_HEADERS | END_STREAM, stream,
                        field(b"x-sum", b"1")))

    record = run([server.on("early", answer)]).records[0]
    equal((record["status"], record["body"]), (200, "hello"), repr(record))


@test("over HTTP/2: heads of more than one frame, one TLS record, one buffer")
def _():
    server = frames()

    def answer(conn, stream, words):
        size, n, last = map(int, words)
        conn.send(head(stream, TEXT, *((b"x-%d" % i, b"v" * (size // n))
                                       for i in range(n))) +
                  frame(DATA, 0 if last else END_STREAM, stream, b"the body") +
                  (frame(DATA, END_STREAM, stream) if last else b""))

    server.on("large", answer)
    result = run([server.at("large", size, n, last)
                  for size in (15000, 16384, 17000, 33000, 60000)
                  for n in (1, 50) for last in (0, 1)],
                 "-m10s", "-j4", "--retry=0")
    equal([r["body"] for r in result.records], ["the body"] * 20,
          result.text)


@test("over HTTP/2: an answer that comes before the request was sent")
def _():
    server = frames()
    server.on("early", whole)
    # All together less than a connection's window (RFC 9113, section 6.9.2),
    # which this server never opens again.
    for size in 1, 100, 3000:
        result = run([server.at("early", i) for i in range(20)], "-m10s",
                     "--retry=0", "-d", "x" * size)
        equal([r.get("error") for r in result.records], [None] * 20,
              result.text)


@test("56 over HTTP/2: HEAD, and answers that are a head alone")
def _():
    server = frames()
    server.on("head", lambda conn, stream, words: conn.send(head(
        stream, TEXT, (b"content-length", b"5"),
        flags=END_HEADERS | END_STREAM)))
    server.on("none", lambda conn, stream, words: conn.send(head(
        stream, status=b"204", flags=END_HEADERS | END_STREAM)))
    record = run([server.at("head")], "-X", "HEAD").records[0]
    equal((kind(record), record["size"] if "size" in record else 0,
           record["framing"]), (None, 0, "none"))
    record = run([server.at("none")]).records[0]
    equal((kind(record), record["framing"]), (None, "none"))
    # Five bytes were promised.
    check(kind(run([server.at("head")]).records[0]) in
          ("incomplete", "network"), "a body that is missing is no fault")


@test("49 over HTTP/2: frames that are none")
def _():
    server = frames()
    for garbage in (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                    frame(DATA, END_STREAM, 1, b"no head"),
                    frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff\xff"),
                    frame(HEADERS, END_HEADERS | END_STREAM, 2, b"\x88"),
                    frame(ACK, END_STREAM, 0, b"x" * 100), b"\xff" * 100):
        server.on("garbage", lambda conn, stream, words: (
            conn.send(garbage), conn.cut(notify=True)))
        record = run([server.at("garbage")]).records[0]
        equal((kind(record), record["body"]), ("network", None),
              "%r: %r" % (garbage, record))


# ---- much that carries nothing ----

WINDOW_UPDATE, PRIORITY, UNKNOWN, PADDED = 8, 2, 0xfa, 8
FLOODS = {
    "empty": (True, lambda stream: frame(DATA, 0, stream)),
    "padded": (True, lambda stream: frame(DATA, PADDED, stream, b"\xff" +
                                          bytes(255))),
    "priority": (True, lambda stream: frame(PRIORITY, 0, stream,
                                            b"\0\0\0\0\1")),
    "ack": (False, lambda stream: frame(PING, ACK, 0, bytes(8))),
    "window": (False, lambda stream: frame(WINDOW_UPDATE, 0, 0,
                                           b"\0\0\0\1")),
    "unknown": (False, lambda stream: frame(UNKNOWN, 0, 0, bytes(16000))),
    "settings": (False, lambda stream: frame(SETTINGS, 0, 0)),
    "half": (True, lambda stream: frame(DATA, 0, stream)),
}


def flood(conn, stream, words):
    """Until the client is gone, or for half a GiB."""
    with_head, make = FLOODS[words[0]]
    if with_head:
        conn.send(head(stream, TEXT))
    if words[0] == "half":
        conn.send(frame(DATA, 0, stream, HALF))
    piece = make(stream)
    piece *= max(65536 // len(piece), 1)
    for _ in range((1 << 29) // len(piece)):
        conn.send(piece)


@test("frames that carry nothing hold up no other item, and no stop")
def _():
    for name in FLOODS:
        server = frames()
        server.on("flood", flood)
        server.on("whole", whole)
        # One slot, so that all of them are one thread's.
        result = run([server.at("flood", name)] +
                     [server.at("whole", i) for i in range(3)],
                     "-j1", "--stall-time=2s")
        equal([bool(r.get("error")) for r in result.records],
              [True] + 3 * [False], "%s: %r" % (name, result))
        check(kind(result.records[0]) in ("network", "timeout", "incomplete"),
              repr(result))
    server = frames()
    server.on("flood", flood)
    for name in FLOODS:
        fetchpool(ask("-j1", "--stall-time=60s", "--deadline=1s",
                      "--grace=500ms"), input=server.at("flood", name))


@test("frames that carry nothing on a connection that others use, too")
def _():
    for name in FLOODS:
        server = frames()
        flooded = set()

        def once(conn, stream, words):
            begins = words[1] not in flooded
            flooded.add(words[1])
            (flood if begins else whole)(conn, stream, words)

        server.on("once", once)
        server.on("whole", whole)
        urls = [server.at("whole", 0)]
        for i in range(1, 9):
            urls += [server.at("once", name, i)] * (i % 4 == 1)
            urls += [server.at("whole", i)]
        result = run(urls, "-j3", "--stall-time=15s", "--retry=3", "-m60s")
        equal({kind(r) for r in result.records}, {None},
              "%s: %r" % (name, result))


if __name__ == "__main__":
    main()
