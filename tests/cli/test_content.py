#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bodies that are hard to carry: section F of the catalogue, 76 to 83."""
import base64
import os
import random
import re
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import fetchpool, minify, strict_json
from servers import faults
from tap import (VECTORS, check, contents, equal, main, matches, skip, temp_dir,
                 test)

JSON = b"application/json"


def serve(bodies, args=(), type=JSON, **more):
    """Fetches all these bodies in one run; their results in order."""
    server = faults()
    server.on("/n/", lambda conn, request: conn.answer(
        bodies[int(request.path[3:])], type))
    result = fetchpool(["-k", "-a", *args, server.url + "/n/{}"],
                       input="".join("%d\n" % n for n in range(len(bodies))),
                       timeout=40, **more)
    equal(len(result.records), len(bodies), "outcomes")
    return result


def raw_bodies(result):
    """The bytes of each record's "body", null for failed ones."""
    return [re.search(rb'"body":(.*?)(,"error":(?:null|\{.*\}))?\}$', line, re.S)[1]
            for line in result.out.splitlines()]


def refused(bodies, **more):
    result = serve(bodies, **more)
    for body, record in zip(bodies, result.records):
        equal((record.get("error") or {}).get("kind"), "body", repr(body[:60]))
        equal((record["encoding"], record["body"]), (None, None))
        equal(record["size"], len(body))
    equal(result.status, 1)
    return [record["error"]["message"] for record in result.records]


def accepted(bodies, **more):
    result = serve(bodies, **more)
    for body, record, raw in zip(bodies, result.records, raw_bodies(result)):
        check(not record.get("error"), "%r: %r" % (body[:60], record))
        equal(raw, minify(body))
    equal(result.status, 0)


BAD_UTF8 = [b"\x80", b"\xff", b"\xc0\x80", b"\xc0\xaf", b"\xc1\xbf",
            b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xed\xa0\x80",
            b"\xed\xbf\xbf", b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf",
            b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xc3",
            b"\xe2\x82", b"\xf0\x9f\x98", b"a\xc3(", b"\xe2\x28\xa1"]


@test("76 invalid UTF-8 as text goes out as base64")
def _():
    for type in b"text/plain", None:
        result = serve(BAD_UTF8, type=type)
        for body, record in zip(BAD_UTF8, result.records):
            equal(record["encoding"], "base64", repr(body))
            equal(base64.b64decode(record["body"], validate=True), body)
        equal(result.status, 0)


@test("76 invalid UTF-8 in JSON is an error, in strings and keys")
def _():
    refused([b'{"a":"x%sy"}' % bad for bad in BAD_UTF8] +
            [b'{"%s":1}' % bad for bad in BAD_UTF8])


@test("76 every byte, alone and among others, comes back")
def _():
    bodies = [bytes([n]) for n in range(256)] + [bytes(range(256))] + \
        [b"ab" + bytes([n]) + b"cd" for n in range(256)]
    chance = random.Random(76)
    bodies += [chance.randbytes(chance.randrange(400)) for _ in range(100)]
    result = serve(bodies, type=b"text/plain")
    for body, record in zip(bodies, result.records):
        back = record["body"].encode() if record["encoding"] == "text" \
            else base64.b64decode(record["body"], validate=True)
        equal(back, body)
    equal(result.status, 0)


@test("76 all of Unicode as text and as JSON")
def _():
    points = [chr(n) for n in range(0x110000)
              if n % 61 == 0 or n in (0x7F, 0x85, 0x2028, 0x2029, 0xFFFE,
                                      0xFFFF, 0x10FFFF, 0xFEFF)]
    text = "".join(p for p in points if not "\ud800" <= p <= "\udfff")
    result = serve([text.encode()], type=b"text/plain")
    equal(result.records[0]["body"].encode() if
          result.records[0]["encoding"] == "text" else
          base64.b64decode(result.records[0]["body"]), text.encode())
    text = re.sub('[\x00-\x1f"\\\\]', "", text)
    accepted([b'["' + text.encode() + b'"]'])


def decoded(bodies, type, *args):
    """Charset, encoding and body of each, after one run."""
    return [(record["charset"], record["encoding"], record["body"]) for record
            in serve(bodies, ["--fields", "+charset", *args], type=type).records]


@test("76 text in other charsets becomes UTF-8")
def _():
    for name in "iso-8859-1", "ISO-8859-15", "windows-1252", "utf-16le", \
            "UTF-16", "utf-32be", "koi8-r", "shift_jis", "euc-jp", "gb18030":
        text = "<p>%s</p>" % {"koi8-r": "Привет"}.get(
            name, "日本" if name in ("shift_jis", "euc-jp", "gb18030") else "é")
        type = b"text/html; charset=" + name.encode()
        equal(decoded([text.encode(name)], type), [(
            "UTF-16LE" if name == "UTF-16" else name, "text", text)], name)
    equal(decoded(["é".encode("utf-16"), "é".encode("utf-8-sig"), b"\xe9",
                   "é".encode()], b"text/html"),
          [("UTF-16LE", "text", "é"), (None, "text", "\ufeffé"),
           (None, "base64", "6Q=="), (None, "text", "é")])
    equal(decoded([b"\x93\x94\x80"], b"text/html; charset=iso-8859-1"),
          [("iso-8859-1", "text", "“”€")])


@test("76 JSON in other charsets is judged like any other")
def _():
    good, bad = '{"a": "é", "b": [1, "😀"]}', '{"a": "é",}'
    codecs = ["utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-be",
              "utf-32-le"]
    bodies = [good.encode(codec) for codec in codecs]
    names = [re.sub("-([bl]e)$|(?<=6|2)$", lambda m: (m[1] or "le").upper(),
                    codec).upper() for codec in codecs]
    equal(decoded(bodies, JSON), [(name, "json", {"a": "é", "b": [1, "😀"]})
                                  for name in names])
    equal(decoded(['["é"]'.encode("latin-1")],
                  JSON + b"; charset=ISO-8859-1"),
          [("ISO-8859-1", "json", ["é"])])
    for message in refused([bad.encode(codec) for codec in codecs]):
        matches("trailing|comma|unallowed|invalid|expected", message)
    result = serve([good.encode("utf-16-le")[:-1], b'[\0"\0\0\xd8"\0]\0'])
    for record in result.records:
        equal(record["error"]["message"], "the body is not valid UTF-16LE")


@test("76 what is no text of its charset stays as it came")
def _():
    bytes = "日本".encode("shift_jis")[:-1]
    type = b"text/plain; charset=Shift_JIS"
    equal(decoded([bytes], type),
          [(None, "base64", base64.b64encode(bytes).decode())])
    result = serve([bytes], ["-B", "text"], type=type)
    equal(result.records[0]["error"]["message"],
          "the body is not valid Shift_JIS")
    png = b"\x89PNG\r\n\x1a\n\xff"
    equal(decoded([png], b"image/png; charset=iso-8859-1"),
          [(None, "base64", base64.b64encode(png).decode())])
    equal(decoded(["é".encode("latin-1")], b"text/plain; charset=latin1",
                  "-B", "base64"), [(None, "base64", "6Q==")])


@test("76 a failed answer's text is decoded, and so is what --fail-if reads")
def _():
    server = faults()
    server.on("/no", lambda conn, request: conn.answer(
        "Schlüssel ungültig".encode("latin-1"), b"text/plain; charset=latin1",
        status=422))
    server.on("/wide", lambda conn, request: conn.answer(
        '{"errors": ["é"]}'.encode("utf-16"), JSON))
    result = fetchpool(["-a", "--fields", "+charset", "--fail-if", "/errors"],
                       input=server.url + "/no\n" + server.url + "/wide\n")
    equal(sorted((r["charset"], r["encoding"], str(r["body"]))
                 for r in result.records),
          [("UTF-16LE", "json", "{'errors': ['é']}"),
           ("latin1", "text", "Schlüssel ungültig")])


def suite(prefix):
    directory = os.path.join(VECTORS, "json")
    if not os.path.isdir(directory):
        skip("no vectors")
    names = sorted(n for n in os.listdir(directory) if n.startswith(prefix))
    check(len(names) > 10, "few files")
    return [contents(os.path.join(directory, name)) for name in names]


@test("77 the public JSON suite: what must be accepted, unchanged")
def _():
    accepted(suite("y_"))


@test("77 the public JSON suite: what must be refused")
def _():
    refused(suite("n_"))


@test("77 the public JSON suite: what may be either")
def _():
    bodies = suite("i_")
    result = serve(bodies)
    for body, record, raw in zip(bodies, result.records, raw_bodies(result)):
        if record.get("error"):
            equal(record["error"]["kind"], "body")
        else:
            # RFC 8259, section 8.1: a byte-order mark may be passed over.
            if 0 in body[:4]:
                body = body.decode("utf-16" if body[0] == 0xFF else "utf-16-be"
                                   if body[0] == 0 else "utf-16-le").encode()
            equal(raw, minify(body.removeprefix(b"\xef\xbb\xbf")))


@test("77 JSON of our own: refused")
def _():
    refused([b"", b" ", b"{", b"[1,]", b"{,}", b'{"a"}', b"[1 2]", b"01",
             b"+1", b".5", b"1.", b"1e", b"-", b"'a'", b"tru", b"nul",
             b"truex", b"NaN", b"Infinity", b'"\\x"', b'"\\u12"',
             b'"a', b'"\n"', b'"\t"', b'"\0"', b"[1]]", b"{}{}", b"1 2",
             b"[\f1]", b"[\v1]", b"\xef\xbb\xbf{}x", b"// x\n1", b"/**/1",
             b"[\xc2\xa01]", b'{"a":1,}', b"\0", b"[1]\0", b"1\0"])


@test("78 numbers keep every digit")
def _():
    accepted([b"9223372036854775807", b"9223372036854775808",
              b"-9223372036854775809", b"7" * 400, b"-" + b"7" * 400,
              b"1e400", b"1E-400", b"1e+99999", b"0.1", b"-0", b"-0.0",
              b"1.0000000000000000000000000000000000000000001",
              b"0.10000000000000000555", b"100", b"1E2", b"1e02"])


@test("79 no locale changes a number")
def _():
    for locale in "de_DE.UTF-8", "de_DE", "C", "POSIX", "nonsense":
        accepted([b"[0.1, 1.5e3]"], env={"LC_ALL": locale, "LANG": locale})


@test("80 nesting: 1024 levels pass, more is an error")
def _():
    accepted([b"[" * 1024 + b"]" * 1024, b'{"a":' * 1023 + b"[]" +
              b"}" * 1023, b"[" * 100 + b" 1 " + b"]" * 100])
    messages = refused([b"[" * 1025 + b"]" * 1025, b"[" * 100000,
                        b'{"a":' * 1024 + b"[]" + b"}" * 1024,
                        b"[" * 100000 + b"]" * 100000])
    for message in messages:
        matches("deep|nest", message)


@test("81 members that come twice pass through")
def _():
    accepted([b'{"a": 1, "a": 1, "a": {"b": 1, "b": 2}}'])


@test("82 whatever the body, a record is one line")
def _():
    accepted([b'\r\n{\r"a"\n:\t"\\n\\r\\u001b"\r\n}\r\n',
              '["\u2028\u2029\x7f\u0085"]'.encode(), b"\n\n1\n\n",
              b'{\n  "a": [\n    1,\n    2\n  ]\n}\n'])
    texts = [b"a\nb\r\nc\rd", b"\x1b[2J", "\u2028\u0085".encode(), b"\n",
             b"\r", b"a\x0bb\x0cc\x00d"]
    result = serve(texts, type=b"text/plain")
    equal(result.out.count(b"\n"), len(texts))
    check(b"\r" not in result.out and b"\x1b" not in result.out, "raw")
    refused([b'["\x1b"]', b'["a\nb"]', b'["\r"]'])


@test("82 random JSON comes out as it went in, less white space")
def _():
    chance = random.Random(82)

    def space():
        return chance.choice([b"", b"", b" ", b"\n", b"\r\n\t", b"  "])

    def value(depth):
        kind = chance.randrange(7 if depth < 5 else 5)
        if kind < 5:
            return chance.choice([
                b"true", b"null", b"-0.5e-7", b"12345678901234567890",
                b'"a  b"', b'"\\"\\\\ "', '"ü €"'.encode(), b'""', b'" \\n"'])
        parts = [space() + value(depth + 1) + space()
                 for _ in range(chance.randrange(5))]
        if kind == 5:
            return b"[" + (b",".join(parts) or space()) + b"]"
        return b"{" + (b",".join(
            space() + b'"k %d"' % n + space() + b":" + part
            for n, part in enumerate(parts)) or space()) + b"}"

    accepted([space() + value(0) + space() for _ in range(300)])


@test("82 a large document is carried whole")
def _():
    items = ", ".join('{"id": %d, "text": "%s"}' % (n, "é" * (n % 50))
                      for n in range(20000))
    accepted([("[\n%s\n]" % items).encode()])


@test("83 truncated JSON is an error that says where")
def _():
    whole = b'{"a": [1, 2.5e1, true, {"b": "c\\u00e9"}], "d": null}'
    strict_json(whole)
    bodies = [whole[:n] for n in range(1, len(whole))]
    for body, message in zip(bodies, refused(bodies)):
        matches(r"\d", message)


@test("83 truncated JSON, a form feed, a comma too many: by their paths")
def _():
    server = faults()
    for path in "/json_truncated", "/json_ff", "/json_invalid":
        result = fetchpool(["-a"], input=server.url + path)
        equal(result.records[0]["error"]["kind"], "body", path)
        equal(result.records[0]["status"], 200)
        matches(r"\d", result.records[0]["error"]["message"])


@test("an encoding that was not asked for is an error")
def _():
    server = faults()
    server.on("/x", lambda conn, request: conn.answer(
        b"ok", headers=b"Content-Encoding: compress\r\n"))
    result = fetchpool(["-a"], input=server.url + "/x")
    equal(result.records[0]["error"]["kind"], "body")


def empties(*args, statuses=(200,), **more):
    """[(method, status)] of the empty JSON bodies that are a success."""
    server = faults()
    server.on("/empty/", lambda conn, request: conn.answer(
        b"", JSON, status=int(request.path[7:])))
    good = []
    for method in "GET", "OPTIONS", "POST", "PUT", "PATCH", "DELETE":
        result = fetchpool(
            ["-a", "-k", "--retry=0", "-X", method, *args,
             server.url + "/empty/{}"], **more,
            input="".join("%d\n" % status for status in statuses))
        for record in result.records:
            error = record.get("error")
            equal(record["body"], None, repr(record))
            equal((error or {}).get("message"),
                  "empty, not JSON" if error else None)
            if not error:
                good.append((method, record["status"]))
    return good


@test("an empty body with a JSON type: null where something was changed")
def _():
    statuses = (200, 201, 202, 203, 205, 226)
    for args in [], ["-Bjson"]:
        equal(empties(*args, statuses=statuses),
              [(m, s) for m in ("GET", "OPTIONS") for s in (201, 202, 205)] +
              [(m, s) for m in ("POST", "PUT", "PATCH", "DELETE")
               for s in statuses], args)
        equal(len(empties("--empty-ok", *args, statuses=statuses)), 36, args)
    equal(empties("--empty-ok", "-fmerged", "-Bjson"), [])


@test("a POST that was answered with nothing is not posted again")
def _():
    failed = temp_dir() + "/failed"
    for status, args in ((201, []), (200, []), (204, []), (204, ["-fbody"]),
                         (205, ["-fbody"])):
        server = faults()
        server.on("/p", lambda conn, request: conn.answer(
            b"", JSON, status=status))
        result = fetchpool(["-d", "x", *args, "--failed", failed,
                            server.url + "/{}"], input="p\n")
        equal((result.status, contents(failed)), (0, b""), repr(result))
    server = faults()
    server.on("/p", lambda conn, request: conn.answer(b"", JSON))
    result = fetchpool(["--failed", failed, server.url + "/{}"], input="p\n")
    equal((result.status, contents(failed)), (1, b"p\n"), repr(result))


if __name__ == "__main__":
    main()
