#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times, sizes and headers of one request, and what ends a body early."""
import resource
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from faultserver import smuggle_later
from harness import Program, fetchpool
from servers import faults
from tap import check, equal, main, matches, temp_dir, temp_file, test


ANY = object()


def failure(path, *args, kind, status=None, timeout=20, **more):
    """The record of an item that has to fail like this."""
    result = fetchpool(["-a", *args], input=faults().url + path + "\n",
                       timeout=timeout, **more)
    record = result.records[0]
    equal((record.get("error") or {}).get("kind"), kind,
          "kind for %s: %r" % (path, record))
    if status is not ANY:
        equal(record["status"], status, "status for " + path)
    if kind != "http":  # a failed response shows its body
        equal((record["encoding"], record["body"]), (None, None))
    equal(result.status, 1)
    return record


def success(path, *args, **more):
    result = fetchpool(args, input=faults().url + path + "\n", **more)
    equal((result.status, result.err), (0, b""), repr(result))
    return result.records[0]


def sent(*args, env=None):
    """The headers that a request with these options had."""
    server = faults()
    result = fetchpool(args, input=server.url + "/ok", env=env)
    equal(result.status, 0, repr(result))
    got = {}
    for name, value in server.log[0].headers:
        got.setdefault(name.lower(), []).append(value)
    return got


# ---- time ----

@test("-m: a server that never answers, or never ends")
def _():
    for path, status in (("/silent", None), ("/slow", 200),
                         ("/stall_after", 200), ("/slowhdr", None)):
        began = time.monotonic()
        record = failure(path, "-m", "400ms", kind="timeout", status=status)
        check(0.39 <= record["fetch_time"] < 10, record)
        check(time.monotonic() - began < 10, "too late")


@test("59 --stall-time: nothing received, before and within the answer")
def _():
    for path, status in ("/silent", None), ("/stall_after", 200):
        record = failure(path, "--stall-time=400ms", kind="timeout",
                         status=status)
        check(0.35 <= record["fetch_time"] < 10, record)


@test("58 --stall-time: bytes that come slowly are no stall")
def _():
    record = failure("/slow", "--stall-time", "1s", "-m", "2500ms",
                     kind="timeout", status=200)
    check(record["fetch_time"] >= 2.4, record)


def read_head(conn):
    head = b""
    while b"\r\n\r\n" not in head:
        head += conn.recv(1)
    return head


def take_slowly(listener, size):
    """Reads a body in steps, and answers."""
    conn = listener.accept()[0]
    head = read_head(conn)
    if b"100-continue" in head:
        conn.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    left, step = size, size // 16
    while left > 0:
        got = len(conn.recv(min(left, 65536)))
        if got == 0:
            break
        if left < size and left // step != (left - got) // step \
                and left > size // 2:
            time.sleep(0.5)
        left -= got
    if left == 0:
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    conn.close()


@test("--stall-time: a body that is being sent is no stall, a server that takes "
      "none of it is")
def _():
    size = 16 << 20
    path = temp_file(b"x" * size)
    for how in ["-T", path], ["--data-binary", "@" + path]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = "http://127.0.0.1:%d/{}" % listener.getsockname()[1]
            threading.Thread(target=take_slowly, args=(listener, size),
                             daemon=True).start()
            result = fetchpool(["-a", "--stall-time=2s", *how, url],
                               input="x\n", timeout=60)
            equal(result.status, 0, repr(result))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = "http://127.0.0.1:%d/{}" % listener.getsockname()[1]
            result = fetchpool(["-a", "--stall-time=1s", "--retry=0", *how,
                                url], input="x\n", timeout=60)
            equal([r["error"]["message"] for r in result.records],
                  ["nothing received for 1 s"])


@test("31 --connect-timeout: nobody takes the connection")
def _():
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    port = full.getsockname()[1]
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", port))
        fillers.append(filler)
    try:
        result = fetchpool(["-a", "--connect-timeout", "300ms"],
                           input="http://127.0.0.1:%d/\n" % port)
        record = result.records[0]
        equal(record["error"]["kind"], "timeout", repr(record))
        check(0.29 <= record["fetch_time"] < 10, record)
    finally:
        for filler in fillers + [full]:
            filler.close()


@test("--connect-timeout does not end a request that is under way")
def _():
    server = faults()
    program = Program(["--connect-timeout=200ms", server.url + "/gate/{}"],
                      stdin="1\n")
    server.wait(lambda: server.outstanding == 1, "the request")
    with server.changed:
        server.changed.wait_for(lambda: server.outstanding == 0, 0.4)
    server.open("1")
    equal(len(program.wait().records), 1)


@test("one that hangs does not hold up the others")
def _():
    server = faults()
    program = Program(["-j2", "-m", "20s"], stdin="\n".join(
        [server.url + "/silent"] + [server.url + "/ok"] * 50))
    equal(len(program.lines(50)), 50)
    check(program.ended() is None, "ended")


# ---- size ----

@test("--max-body: so many bytes are allowed, one more is not")
def _():
    for path in "/size/", "/chunked/":
        equal(success(path + "2048", "--max-body", "2048")["size"], 2048)
        equal(success(path + "2048", "--max-body=2K")["size"], 2048)
        failure(path + "2049", "--max-body=2K", kind="too_large", status=200)
        failure(path + "50000", "--max-body=2K", kind="too_large", status=200)
    # It is not read on, whatever it is fed to.
    for args in [], ["-B", "none"], ["-B", "text"]:
        record = failure("/chunked/30000000", "--max-body=2K", *args,
                         kind="too_large", status=200)
        check(record["size"] < 1 << 20, record)


@test("57 --max-body: a body without end")
def _():
    for path in "/infinite", "/infchunk":
        failure(path, "--max-body=1M", kind="too_large", status=200)
        failure(path, kind="too_large", status=200)


@test("--max-body is 16M by default")
def _():
    record = success("/size/16777216", "-B", "none")
    equal(record["size"], 16777216)
    failure("/size/16777217", "-B", "none", kind="too_large", status=200)


@test("52 51 headers without end are too large")
def _():
    for path in "/longheader", "/headerbomb":
        record = failure(path, kind="too_large", status=ANY)
        check("memory" not in record["error"]["message"], record)


@test("51 more header lines than anyone needs are too many")
def _():
    success("/manyheaders?1000")
    record = failure("/manyheaders?3000", kind="too_large", status=ANY)
    check("memory" not in record["error"]["message"], record)


@test("51 a trailer field that is too long is too large, and once is enough")
def _():
    equal(success("/trailer?4000")["body"], "ok")
    for size in 4096, 100000:
        record = failure("/trailer?%d" % size, "--retry=2", kind="too_large",
                         status=ANY)
        equal(record["error"]["message"], "a trailer field is too large")
        equal(record["attempts"], 1)


# ---- what ends too early, or is no HTTP ----

@test("38 44 a body that ends too early")
def _():
    for path in "/short_cl", "/nochunkend":
        failure(path, kind="incomplete", status=200)
        failure(path, "-B", "none", kind="incomplete", status=200)
        failure(path, "-f", "body", "--fields=status,encoding,body",
                kind="incomplete", status=200)


@test("38 a body of which nothing came has no count of the one before")
def _():
    server = faults()
    server.on("/half", lambda conn, request: (conn.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n"), conn.close()))
    server.on("/none", lambda conn, request: (conn.send(
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), conn.close()))
    result = fetchpool(["-j1", "-k", "-a", "--retry=0"], input="".join(
        server.url + path + "\n" for path in ("/half", "/none") * 2))
    records = [r for r in result.records if r["url"].endswith("/none")]
    equal([(r["size"], r["error"]["message"]) for r in records],
          [(0, "the body ended after 0 of 5 bytes")] * 2)


@test("47 a connection reset in the body")
def _():
    failure("/rst_body", kind="network", status=200)


@test("48 a connection closed without an answer")
def _():
    failure("/empty", kind="network")


@test("49 what is not HTTP")
def _():
    record = failure("/ssh", kind="network")
    check("scheme" not in record["error"]["message"], record)


@test("41 42 45 ambiguous or broken framing")
def _():
    failure("/two_cl", kind="network", status=ANY)
    failure("/cl_te", kind="network", status=ANY)
    failure("/badchunk", kind="network", status=ANY)


@test("43 45 sizes that are no numbers, or too large")
def _():
    for value in ("-5", "%2b5", "5x", "0x5", "5,%206", "5%200", "five"):
        failure("/cl?" + value, kind="network", status=ANY)
    failure("/cl?99999999999999999999", kind="too_large", status=ANY)
    for value in "10000000000000005", "-1", "fffffffffffffffff", "%20":
        failure("/hugechunk?" + value, kind="network", status=ANY)


@test("40 a second response is never delivered for another item")
def _():
    server = faults()
    result = fetchpool(["-j1", "-k"], input="\n".join(
        [server.url + "/smuggle", server.url + "/ok"] * 4))
    equal([r["body"] for r in result.records], ["mine", "ok"] * 4,
          repr(result))


@test("40 nor one that comes on an idle connection")
def _():
    # If it came after the next request, no client could tell.
    server = faults()
    smuggle = smuggle_later(server, "/first")
    program = Program(["-j1", "-k"], stdin="pipe")
    for n in range(1, 5):
        program.write(server.url + "/first\n")
        program.has_lines(2 * n - 1)
        smuggle()
        program.write(server.url + "/ok\n")
        program.has_lines(2 * n)
    program.close_stdin()
    result = program.wait()
    equal([r["body"] for r in result.records], ["mine", "ok"] * 4,
          repr(result))
    equal(server.connections, 5, "connections")


@test("48 a connection that ends within the head")
def _():
    for line in ("X-", "X-A: b", "X-A: b%0d", "X-A: b%0d%0a",
                 "Content-Length: 0%0d%0a", "Content-Type: text/plain%0d%0a",
                 "Transfer-Encoding: chunked%0d%0a", ""):
        failure("/head_end?" + line.replace(" ", "%20"), kind="network",
                status=ANY)
    failure("/line_end", kind="network", status=ANY)


@test("50 odd lines in the head")
def _():
    failure("/header?X:%20a%00b", kind="network", status=ANY)
    equal(success("/barelf")["body"], "ok")
    equal(success("/header?X:%20a%0d%0a%20folded")["body"], "ok")


@test("53 54 responses before the response")
def _():
    record = success("/early_hints")
    equal((record["status"], record["body"], record["type"]),
          (200, "ok", "text/plain"))
    failure("/inf100", "-m", "5s", kind="too_large", status=ANY)


@test("55 a body where there must be none is not the next item's")
def _():
    server = faults()
    result = fetchpool(["-j1", "-k"], input="\n".join(
        [server.url + "/204body", server.url + "/ok"] * 3))
    equal([r["size"] for r in result.records], [0, 2] * 3)
    equal(result.status, 0)


@test("trailers change nothing, HTTP/1.0 is understood")
def _():
    record = success("/trailers")
    equal((record["type"], record["body"]), ("text/plain", "ok"))
    record = success("/http10", "--fields=+http_version")
    equal((record["body"], record["http_version"]), ("ok", "1.0"))


@test("a status line without a reason")
def _():
    equal(success("/noreason?200")["status"], 200)
    record = failure("/noreason?404", kind="http", status=404)
    matches("^404", record["error"]["message"])
    failure("/noreason?999", kind="http", status=999)


@test("39 a body longer than it says: what was said, and no reuse")
def _():
    server = faults()
    result = fetchpool(["-j1", "-k"], input="\n".join(
        [server.url + "/long_cl", server.url + "/ok"] * 3))
    equal([r["body"] for r in result.records], ["four", "ok"] * 3)
    equal(result.status, 0)


@test("46 a body that ends with the connection")
def _():
    equal(success("/eof_body")["body"], "until eof")


@test("30 nobody listens")
def _():
    result = fetchpool(["-a"], input="http://127.0.0.1:1/")
    equal(result.records[0]["error"]["kind"], "connect")


# ---- statuses ----

@test("every status outside 2xx is a failure, with its reason")
def _():
    for code in 300, 304, 400, 401, 404, 418, 429, 500, 503, 599:
        record = failure("/status/%d" % code, kind="http", status=code)
        matches("^%d\\b" % code, record["error"]["message"])
    for code in 200, 201, 204, 299:
        equal(success("/status/%d" % code)["status"], code)


@test("--ok-status: what counts as success")
def _():
    equal(success("/status/404", "--ok-status", "2xx,404")["body"],
          {"status": 404})
    equal(success("/status/404", "--ok-status=400-404")["status"], 404)
    equal(success("/status/304", "--ok-status=304")["status"], 304)
    equal(success("/status/503", "--ok-status=5xx")["status"], 503)
    failure("/status/200", "--ok-status=404", kind="http", status=200)
    failure("/status/405", "--ok-status=2xx,400-404", kind="http", status=405)


# ---- headers ----

@test("-A: the user agent; by default our own name")
def _():
    matches(r"^fetchpool/\d", sent()["user-agent"][0])
    equal(sent("-A", "me/1 (x)")["user-agent"], ["me/1 (x)"])
    equal(sent("--user-agent=me")["user-agent"], ["me"])
    check("user-agent" not in sent("-A", ""), "sent in spite of -A ''")


@test("-H: headers more, other, or not at all, as curl")
def _():
    got = sent("-H", "X-One: 1", "-H", "X-Two:  two  words ", "--header",
               "X-One: again", "-H", "Accept: text/x", "-H", "X-Empty;",
               "-H", "User-Agent:")
    equal(got["x-one"], ["1", "again"])
    equal(got["x-two"], ["two  words"])
    equal(got["accept"], ["text/x"])
    equal(got["x-empty"], [""])
    check("user-agent" not in got, got)
    equal(sent("-H", "Host: other")["host"], ["other"])


@test("-H @FILE: a header a line")
def _():
    path = temp_file(b"X-A: 1\r\nX-B: 2\n\nX-C: 3")
    got = sent("-H", "@" + path, "-H", "X-D: 4")
    equal([got["x-" + letter] for letter in "abcd"],
          [["1"], ["2"], ["3"], ["4"]])
    server = faults()
    result = fetchpool(["-H", "@" + path + ".none"], input=server.url + "/ok")
    check(result.status in (2, 3), result)
    check(path + ".none" in result.text, result)
    equal(server.connections, 0)


@test("-H, -A: line breaks are refused, before any request")
def _():
    server = faults()
    for option, value in (
            ("-H", "X: a\r\nInjected: b"), ("-H", "X: a\nInjected: b"),
            ("-H", "X: a\rb"), ("-H", "X\r\n: a"), ("-A", "a\r\nInjected: b"),
            ("-H", "no colon"), ("-H", ": no name"), ("-H", "a b: c"),
            ("-H", "@" + temp_file(b"X: a\rInjected: b\n")),
            ("-H", "@" + temp_file(b"no colon\n"))):
        result = fetchpool([option, value], input=server.url + "/ok")
        equal(result.status, 2, repr((option, value)))
        check(result.text, "no message")
        equal(server.connections, 0)


@test("the value of a header is in no output")
def _():
    server = faults()
    for args in [], ["-a"], ["--error-format=json"]:
        result = fetchpool(["-H", "Authorization: Bearer s3cret", *args],
                           input="\n".join([server.url + "/status/500",
                                            server.url + "/empty"]))
        equal(server.log[-1].header("Authorization"), "Bearer s3cret")
        check(b"s3cret" not in result.out + result.err, repr(result))


@test("a request is what a server expects")
def _():
    got = sent()
    matches(r"^127\.0\.0\.1:\d+$", got["host"][0])
    check("accept" in got, got)
    equal(got["accept-encoding"], ["gzip"])
    server = faults()
    fetchpool([], input=server.url + "/ok?q")
    equal(server.log[0].line, "GET /ok?q HTTP/1.1")


@test("a stack of 64 KiB is enough, for look-ups and the other threads too")
def _():
    url = faults().url.replace("127.0.0.1", "localhost")
    small = 64 * 1024
    folder = temp_dir()
    for args in ([], ["--dry-run"],
                 ["-o", folder + "/out", "--journal", folder + "/journal",
                  "--stats", folder + "/stats", "--max-body=1M", "--summary",
                  "-D", folder, "--overwrite"]):
        result = fetchpool(args, input=(url + "/ok\n") * 3,
                           limits=[(resource.RLIMIT_STACK, (small, small))])
        equal(result.status, 0, repr(result))


if __name__ == "__main__":
    main()
