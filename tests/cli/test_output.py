#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records: their members, their bytes, and the options that shape them."""
import base64
import json
import re
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import TRACED, fetchpool, minify, strace, strict_json
from servers import api, faults
from tap import check, contents, equal, main, matches, temp_file, test
from urllib.parse import quote_from_bytes

KEYS = ["seq", "input", "url", "status", "fetch_time", "attempts", "type",
        "size", "encoding", "body"]
EXTRA = ["method", "headers", "ip", "http_version", "started",
         "time_connect", "time_first_byte"]


def masked(out):
    """The output with every fetch_time replaced by T."""
    return re.sub(rb'"fetch_time":\d+(\.\d+)?(e-?\d+)?(?=[,}])',
                  b'"fetch_time":T', out)


def url_of(body, type=None):
    """Where the fault server gives these bytes."""
    return "%s/bytes?body=%s%s" % (
        faults().url, quote_from_bytes(body, safe=""),
        "" if type is None else "&type=" + quote_from_bytes(type.encode()))


def body_line(body, type="application/json", args=()):
    """The bytes of "body" in the record for such a response."""
    result = fetchpool(["--fields=body", *args], input=url_of(body, type))
    equal(result.status, 0, repr(result))
    match = re.fullmatch(rb'\{"body":(.*)\}\n', result.out, re.S)
    check(match, result.out)
    return match[1]


def get(path, *args, **more):
    return fetchpool(args, input=faults().url + path + "\n", **more)


@test("a record, byte for byte")
def _():
    import urllib.request
    url = api().url + "/posts/1"
    sent = urllib.request.urlopen(url).read()
    check(b"\n  " in sent and max(sent) > 127, "the API is no test for this")
    result = fetchpool([api().posts], input="1\n")
    equal(masked(result.out), (
        b'{"seq":1,"input":"1","url":"%s","status":200,"fetch_time":T,'
        b'"attempts":1,"type":"application/json; charset=utf-8","size":%d,'
        b'"encoding":"json","body":%s}\n'
        % (url.encode(), len(sent), minify(sent))))
    equal((result.status, result.err), (0, b""))


@test("a failed record, byte for byte")
def _():
    url = api().url + "/posts/101"
    result = fetchpool(["-a", api().posts], input="101\n")
    expected = (
        b'{"seq":1,"input":"101","url":"%s","status":404,"fetch_time":T,'
        b'"attempts":1,"type":"application/json; charset=utf-8","size":2,'
        b'"encoding":"json","body":{},"error":{"kind":"http","message":'
        b'"404 Not Found"}}\n' % url.encode())
    equal(masked(result.out), expected)
    equal(result.status, 1)
    for args in ["--all"], ["--error-format", "json", "-q"]:
        result = fetchpool([*args, api().posts], input="101\n")
        equal(result.status, 1)
    result = fetchpool(["--error-format", "json", api().posts], input="101\n")
    equal(result.out, b"")
    lines = [line for line in result.err.splitlines(True) if line[:1] == b"{"]
    equal([masked(line) for line in lines], [expected])


@test("an error on stderr, byte for byte")
def _():
    result = fetchpool(["-k", api().posts], input="1\n2\n101\n")
    equal([r["seq"] for r in result.records], [1, 2])
    equal(result.text.splitlines()[0],
          "fetchpool: 3: 404 Not Found (%s/posts/101)" % api().url)
    equal(result.status, 1)


@test("records without a response have null for what is not known")
def _():
    result = fetchpool(["-a", "-k", "{+}"],
                       input="file:///x\nfoo\nhttp://127.0.0.1:1/\n")
    for record in result.records:
        equal(list(record), KEYS + ["error"])
        equal([record[key] for key in (
            "status", "type", "size", "encoding", "body")], [None] * 5)
        equal(list(record["error"]), ["kind", "message"])
    equal([r["error"]["kind"] for r in result.records],
          ["refused", "input", "connect"])


@test("of 150 items: 100 records, 50 errors, exit 1")
def _():
    items = "".join("%d\n" % n for n in range(1, 151))
    result = fetchpool(["-j", "16"], input=items,
                       env={"FETCHPOOL_URL": api().posts})
    equal(result.status, 1)
    equal(sorted(r["seq"] for r in result.records), list(range(1, 101)))
    equal(sorted(result.errors), list(range(101, 151)))
    for record in result.records:
        equal(record["input"], str(record["seq"]))
        equal(record["body"]["id"], record["seq"])
        check(0 <= record["fetch_time"] < 10, record)


@test("-a: one record for every item, in order with -k")
def _():
    items = "".join("%d\n" % n for n in range(90, 111))
    result = fetchpool(["-a", "-k", "-j8", api().posts], input=items)
    equal([r["seq"] for r in result.records], list(range(1, 22)))
    equal([bool(r.get("error")) for r in result.records], [False] * 11 + [True] * 10)


@test("text, base64 and JSON bodies by themselves")
def _():
    cases = [  # body, type, encoding
        (b"hello", "text/plain", "text"),
        (b'{"a":1}', "text/plain", "text"),
        (b"", "text/plain", "text"),
        ("zwölf\n\t\"\\/\u2028\u0001\x7f".encode(), "text/html", "text"),
        (b"\xff\xfe", "text/plain", "base64"),
        (b"\x89PNG\r\n\x1a\n\0", "image/png", "base64"),
        (b'{"a": 1}', None, "json"), (b" 12 ", None, "json"),
        (b"hello", None, "text"), (b"\x80", None, "base64"),
        (b'{"a": 1}', "application/json", "json"),
        (b"[1]", "Application/JSON ; charset=x", "json"),
        (b"[1]", "application/problem+json", "json"),
        (b"[1]", "application/ld+json; profile=\"x\"", "json"),
        (b"[1]", "application/jsonx", "text"),
    ]
    result = fetchpool(["-k"], input="\n".join(
        url_of(body, type) for body, type, _ in cases))
    equal(result.status, 0, repr(result))
    for (body, type, encoding), record in zip(cases, result.records):
        equal(record["encoding"], encoding, repr((body, type)))
        equal(record["type"], type)
        equal(record["size"], len(body))
        if encoding == "text":
            equal(record["body"], body.decode())
        elif encoding == "base64":
            equal(base64.b64decode(record["body"], validate=True), body)
        else:
            equal(record["body"], json.loads(body))


@test("-B: how the body is carried")
def _():
    for mode, body, type, encoding, value in (
            ("text", b"[1, 2]", "application/json", "text", "[1, 2]"),
            ("text", b"{", "application/json", "text", "{"),
            ("json", b"[1, 2]", "text/plain", "json", [1, 2]),
            ("base64", b"[1]", "application/json", "base64", "WzFd"),
            ("base64", b"", None, "base64", ""),
            ("auto", b"[1, 2]", "application/json", "json", [1, 2])):
        result = fetchpool(["-B", mode], input=url_of(body, type))
        equal(result.status, 0, repr((mode, result)))
        equal((result.records[0]["encoding"], result.records[0]["body"]),
              (encoding, value), mode)
    for mode, body in ("json", b"hello"), ("json", b""), ("text", b"\xff"):
        result = fetchpool(["-a", "--body", mode], input=url_of(body, "a/b"))
        equal(result.status, 1)
        equal(result.records[0]["error"]["kind"], "body", mode)
    result = fetchpool(["--body=none"], input=url_of(b"{", "application/json"))
    equal(result.status, 0)
    equal(result.records[0]["body"], None)
    equal(result.records[0]["size"], 1)


@test("status 204 and other answers without a body succeed")
def _():
    result = get("/204")
    equal(result.status, 0)
    equal(result.records[0]["status"], 204)
    equal(result.records[0]["size"], 0)
    check(result.records[0]["body"] in (None, ""), result.out)


@test("-f body: the document alone, on one line")
def _():
    result = fetchpool(["-f", "body", "-k", api().posts], input="1\n101\n2\n")
    equal([r["id"] for r in result.records], [1, 2])
    equal(list(result.records[0]), ["userId", "id", "title", "body"])
    equal(list(result.errors), [2])
    equal(fetchpool(["--format=body"], input=url_of(
        b' [1.0,\n "\\u00e9"] ', "application/json")).out,
        b'[1.0,"\\u00e9"]\n')
    result = fetchpool(["-f", "body", "-a", "-k", api().posts],
                       input="101\n1\n")
    equal(result.records[0]["error"]["kind"], "http")
    equal(result.records[1]["id"], 1)


@test("-f merged: a fetch_time of the body's own fails, or is left out")
def _():
    url = url_of(b'{"a":1,"fetch_time":2}', "application/json")
    result = fetchpool(["-f", "merged"], input=url)
    equal((result.status, result.out), (1, b""))
    matches(r"already has a member fetch_time \(omit it\)", result.text)
    for options in ["--omit", "fetch_time"], ["--pick", "a"]:
        result = fetchpool(["-f", "merged", *options], input=url)
        equal(list(result.records[0]), ["a", "fetch_time"])


@test("-f merged: the members, then fetch_time")
def _():
    equal(masked(fetchpool(["-f", "merged"], input=url_of(
        b'{"a": 1.00, "b": [ ], "a": 2}', "application/json")).out),
        b'{"a":1.00,"b":[],"a":2,"fetch_time":T}\n')
    equal(masked(fetchpool(["-f", "merged"], input=url_of(
        b'{ }', "application/json")).out), b'{"fetch_time":T}\n')
    result = fetchpool(["-f", "merged", api().posts], input="5\n")
    equal(list(result.records[0]),
          ["userId", "id", "title", "body", "fetch_time"])


@test("-f merged: what is no object fails")
def _():
    for body, type in ((b"[1]", "application/json"), (b"1", None),
                       (b"null", "application/json"), (b"hi", "text/plain")):
        result = fetchpool(["-f", "merged"], input=url_of(body, type))
        equal((result.status, result.out), (1, b""), body)
        result = fetchpool(["-f", "merged", "-a"], input=url_of(body, type))
        equal(result.records[0]["error"]["kind"], "body")


@test("--fields: these, in this order; with -a, error comes by itself")
def _():
    result = fetchpool(["-k", "-a", "--fields", "status,seq", api().posts],
                       input="1\n101\n")
    equal([list(r) for r in result.records], [["status", "seq", "error"]] * 2)
    equal(result.records[0]["error"], None)
    result = fetchpool(["-k", "-a", "--fields", "error,seq", api().posts],
                       input="1\n101\n")
    equal([list(r) for r in result.records], [["error", "seq"]] * 2)
    result = fetchpool(["-k", "--fields", "seq,error", api().posts],
                       input="1\n101\n")
    equal(result.out, b'{"seq":1,"error":null}\n')
    result = fetchpool(["--fields=input", api().posts], input="1\n")
    equal(result.out, b'{"input":"1"}\n')
    result = fetchpool(["--fields=+ip", api().posts], input="1\n")
    equal(list(result.records[0]), KEYS + ["ip"])


@test("-B string: JSON is checked, and is a string")
def _():
    server = faults()
    result = fetchpool(["-k", "-a", "-B", "string"], input="\n".join(
        server.url + path for path in ("/json", "/ok", "/json_invalid",
                                  "/bytes?body=%ff")))
    found = [(r["encoding"], type(r["body"]).__name__,
              (r["error"] or {}).get("kind")) for r in result.records]
    equal(found, [("json", "str", None), ("text", "str", None),
                  (None, "NoneType", "body"), ("base64", "str", None)])
    equal(json.loads(result.records[0]["body"]), {"a": 1, "b": [1, 2]})
    equal(result.records[0]["body"], '{"a":1,"b":[1,2]}')
    result = fetchpool(["-f", "body", "-B", "string", "--pick=b"],
                       input=server.url + "/json")
    equal(result.out, b'"{\\"b\\":[1,2]}"\n')
    for wrong in ("-f", "merged"), ("--pick=a", "-B", "text"):
        equal(fetchpool(["-B", "string", *wrong], input="").status, 2)


@test("--error-format json: wrong usage before it is JSON, too")
def _():
    form = ["--error-format", "json"]
    for args in (["-j", "0", *form], [*form, "-j", "0"], ["--nope", *form],
                 ["-k", "-j", "0", "--error-format=json"],
                 [*form, "-q", "http://h/{}", "http://h/{}"],
                 [*form, "-i", "/nope", "http://h/{}"]):
        result = fetchpool(args, input="")
        check(result.status in (2, 3), repr(result))
        (line,) = result.text.splitlines()
        equal(json.loads(line)["level"], "error")
    for args in (["-j", "0"], [*form, "--error-format", "text", "-j", "0"]):
        check(fetchpool(args, input="").text.startswith("fetchpool: "), args)


@test("--error-format json: all of standard error is JSON")
def _():
    result = fetchpool(["--error-format=json", "--summary", "-k", "-r9/s",
                        api().posts], input="1\n101\n\\N\n1e+06\n")
    lines = [json.loads(line) for line in result.text.splitlines()]
    check(len(lines) > 8, "few lines: %r" % lines)
    equal([line["seq"] for line in lines if "seq" in line], [2, 3, 4])
    equal({line["level"] for line in lines if "seq" not in line},
          {"note", "summary"})
    notes = [line["message"] for line in lines if line.get("level") == "note"]
    check(any("'\\N' looks like a missing value" in note for note in notes),
          "no note: %r" % notes)
    result = fetchpool(["--error-format=json", "-o", "/dev/full", api().posts],
                       input="1\n")
    first = json.loads(result.text.splitlines()[0])
    equal((result.status, first["level"]), (3, "error"))
    matches('^write error: /dev/full: No space', first["message"])


@test("--fields: more than the defaults")
def _():
    result = get("/twice", "--fields=+" + ",+".join(EXTRA))
    record = result.records[0]
    equal(list(record), KEYS + EXTRA)
    equal(record["method"], "GET")
    equal(record["ip"], "127.0.0.1")
    equal(record["http_version"], "1.1")
    matches(r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
            record["started"])
    check(0 <= record["time_connect"] <= record["time_first_byte"]
          <= record["fetch_time"], record)
    headers = {name.lower(): value
               for name, value in record["headers"].items()}
    equal(headers["x-twice"], ["one", "two"])
    equal(headers["x-mixed"], ["spaced out"])
    equal(headers["content-length"], ["2"])
    record = fetchpool(["-a", "--fields=" + ",".join(EXTRA)],
                       input="http://127.0.0.1:1/").records[0]
    equal(list(record), EXTRA + ["error"])


@test("--omit and --pick: members of a JSON body")
def _():
    body = (b'{"a": 1, "b": {"a": 2, "c": [ 3 ]}, "\\u0061": 4, "c": 5.0,'
            b' "a": 6}')
    equal(body_line(body, args=["--omit=a"]),
          b'{"b":{"a":2,"c":[3]},"c":5.0}')
    equal(body_line(body, args=["--pick=c"]), b'{"c":5.0}')
    equal(body_line(body, args=["--omit", "a", "--omit", "b"]), b'{"c":5.0}')
    equal(body_line(body, args=["--pick", "c", "--pick", "b"]),
          b'{"b":{"a":2,"c":[3]},"c":5.0}')
    equal(body_line(body, args=["--pick=x"]), b"{}")
    equal(body_line(b"[{\"a\": 1}]", args=["--omit=a"]), b'[{"a":1}]')
    result = fetchpool(["-f", "body", "--omit=body", "--omit=title",
                        api().posts], input="1\n")
    equal(result.out, b'{"userId":1,"id":1}\n')
    result = fetchpool(["-f", "merged", "--pick=id", api().posts],
                       input="3\n")
    equal(masked(result.out), b'{"id":3,"fetch_time":T}\n')


@test("numbers and escapes go through unchanged")
def _():
    for text in (b"1.0", b"-0", b"1E+2", b"0.10", b"1e400", b"-1.5e-300",
                 b"9223372036854775808", b"1" * 400, b"0.1",
                 b'"\\u00e9\\/\\n\\u2028\\ud83d\\ude00"', b'"\\ud800"',
                 '"é/\u2028😀"'.encode(), b'{"a":1,"a":2}', b"true", b'""'):
        equal(body_line(text), text)
        equal(body_line(b" [ %s ,\r\n\t%s ] " % (text, text)),
              b"[%s,%s]" % (text, text))


@test("-q: one line about all that failed, none when nothing did")
def _():
    for args in ["-q"], ["--quiet"], ["-q", "--error-format=json"]:
        result = fetchpool([*args, api().posts], input="1\n101\n102\n")
        equal(result.status, 1)
        equal(len(result.records), 1)
        equal(result.text.count("\n"), 1, "lines on standard error")
        matches(r"\b2\b", result.text)
    result = fetchpool(["-q", api().posts], input="1\n")
    equal((result.status, result.err), (0, b""))


@test("silent when every item succeeded")
def _():
    result = fetchpool([api().posts], input="1\n2\n")
    equal((result.status, result.err), (0, b""))


@test("--failed: the lines of what failed, as they were read")
def _():
    path = temp_file(b"old content\n")
    lines = [b"1", b"101", b"\xff", b"2", b"a\tb", b"102"]
    result = fetchpool(["-j1", "-k", "--failed", path, api().posts],
                       input=b"\r\n".join(lines))
    equal(result.status, 1)
    equal([r["input"] for r in result.records], ["1", "2"])
    with open(path, "rb") as file:
        got = file.read().replace(b"\r", b"").splitlines()
    equal(sorted(got), sorted([b"101", b"\xff", b"a\tb", b"102"]))
    result = fetchpool(["--failed", path, api().posts], input="1\n")
    equal(result.status, 0)
    with open(path, "rb") as file:
        equal(file.read(), b"")


@test("--failed with -0 is input for -0")
def _():
    path = temp_file()
    fetchpool(["-0", "-k", "--failed", path, api().posts],
              input=b"1\0" + b"101\0" + b"a\nb\0" + b"2\0")
    with open(path, "rb") as file:
        equal(sorted(file.read().split(b"\0")), [b"", b"101", b"a\nb"])


@test("odd bytes in the response's header stay valid JSON")
def _():
    for type in (b"text/\xff\xfe", b"a\tb", b'"quoted\\"', b"\xc3\xa4/x",
                 b"\x01\x1b[31m", b"x" * 50000, b"application/json\xff",
                 b"", b" "):
        path = "/bytes?body=1&type=" + quote_from_bytes(type, safe="")
        result = get(path, "-a", "--fields=+headers")
        equal(len(result.records), 1)
        result.text
        if result.status == 0:
            # Its first 1024 bytes are kept.
            equal(result.records[0]["type"] or "",
                  type[:1024].decode("utf-8", "replace").strip())


@test("records and errors in one file: no line in another")
def _():
    path = temp_file()
    with open(path, "ab") as file:
        result = fetchpool(["-j8", api().posts], stdout=file, stderr=file,
                           input="".join("%d\n" % n for n in range(51, 151)))
    equal(result.status, 1)
    with open(path, "rb") as file:
        lines = file.read().splitlines()
    equal(len([line for line in lines if line.startswith(b"{")]), 50)
    for line in lines:
        if line.startswith(b"{"):
            strict_json(line)
        else:
            matches(rb"^fetchpool: ", line)


def in_one_file(args, lines, **more):
    """The lines of a file that is standard output and standard error."""
    path = temp_file()
    with open(path, "ab") as file:
        result = fetchpool(["--id-range=1-99999", *args,
                            faults().url + "/ok?{}"],
                           stdout=file, stderr=file, input=lines, **more)
    equal(result.status, 1)
    return contents(path).decode().splitlines()


@test("records and errors in one file: in one order with -k")
def _():
    lines = "".join("%d\nx\n%d\nx\nx\n" % (n, n) for n in range(1, 81))
    found = in_one_file(["-k"], lines)
    equal([int(re.match(r'(?:{"seq":|fetchpool: )(\d+)[,:]', line)[1])
           for line in found], list(range(1, 401)))


@test("errors that come together are written together, also in one file")
def _():
    traced = temp_file()
    found = in_one_file([], "x\n" * 1000, env=TRACED, wrapper=strace(
        "-o", traced, "-e", "trace=write"))
    equal(len(found), 1000)
    n = len(re.findall(rb"write\([12], ", contents(traced)))
    check(0 < n <= 200, "%d writes" % n)


@test("error messages cannot disturb a terminal or a line")
def _():
    result = get("/reason")
    equal(len(result.errors), 1)
    result.text
    result = get("/reason", "-a")
    matches("^500", result.records[0]["error"]["message"])
    strict_json(result.out)


if __name__ == "__main__":
    main()
