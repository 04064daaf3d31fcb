#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""URLs and targets: section B of the fault catalogue, 17, 19, 20, 25."""
import base64
import json
import os
import re
import sys
from urllib.parse import quote

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import TRACED, fetchpool, strace
from servers import faults
from tap import as_bytes, check, contents, equal, main, matches, temp_dir, temp_file, \
    test

NOT_HTTP = ["file:///etc/passwd", "FILE:///etc/passwd", "file://localhost/x",
            "gopher://127.0.0.1:{port}/x", "ldap://127.0.0.1:{port}/x",
            "dict://127.0.0.1:{port}/x", "smtp://127.0.0.1:{port}/x",
            "ftp://127.0.0.1:{port}/x", "telnet://127.0.0.1:{port}",
            "scp://127.0.0.1:{port}/x", "ws://127.0.0.1:{port}/x",
            "x-y.z+1://127.0.0.1:{port}/x"]
NO_URL = ["http:///ok", "foo", "/relative", "host:99999", "http://", "//",
          "http://127.0.0.1:99999/", "http://127.0.0.1:x/", "http://[::1/",
          "http://:80/", "https:", "http:/ok", "http:ok", "?x", ":", "a b",
          "http://a b/", "http://ex ample/x"]
LOOKUP = re.compile(r"/etc/hosts|/etc/resolv\.conf|nscd|AF_INET6?,"
                    r"|/etc/passwd|systemd/resolve")


def traced(args, **more):
    """A run and what it opened and connected to."""
    log = temp_file(name="trace")
    result = fetchpool(args, env=TRACED, timeout=15, wrapper=strace(
        "-o", log, "-e", "trace=connect,open,openat,sendto,sendmmsg"), **more)
    return result, contents(log).decode("utf-8", "replace")


def kinds(result):
    return [(record.get("error") or {}).get("kind") for record in result.records]


@test("17 other schemes are refused, and nothing is opened or connected")
def _():
    server = faults()
    lines = [line.format(port=server.port) for line in NOT_HTTP]
    result, trace = traced(["-a", "-k"], input="\n".join(lines))
    equal(kinds(result), ["refused"] * len(lines))
    equal([r["status"] for r in result.records], [None] * len(lines))
    equal(result.status, 1)
    equal(server.connections, 0)
    check(not LOOKUP.search(trace), LOOKUP.findall(trace))


@test("17 the trace would have shown a connection")
def _():
    server = faults()
    result, trace = traced([], input=server.url + "/ok")
    equal(result.status, 0)
    matches(LOOKUP, trace)


@test("17 other schemes through a template are refused as well")
def _():
    server = faults()
    lines = [line.format(port=server.port) for line in NOT_HTTP]
    result, trace = traced(["-a", "-k", "{+}"], input="\n".join(lines))
    equal(kinds(result), ["refused"] * len(lines))
    check(not LOOKUP.search(trace), LOOKUP.findall(trace))
    result = fetchpool(["-a", "file:///etc/{}"], input="passwd\n")
    check(result.status in (1, 2), result)
    check(b"root:" not in result.out + result.err, "a file was read")


@test("17 --proto narrows the schemes")
def _():
    server = faults()
    result = fetchpool(["-a", "--proto", "https"], input=server.url + "/ok")
    equal(kinds(result), ["refused"])
    equal(server.connections, 0)
    result = fetchpool(["--proto=http"], input=server.url + "/ok")
    equal(result.status, 0)
    result = fetchpool(["-a", "--proto=http"], input="https://127.0.0.1:9/")
    equal(kinds(result), ["refused"])


@test("19 what is no absolute URL fails at once, without a look-up")
def _():
    server = faults()
    result, trace = traced(["-a", "-k", "{+}"], input="\n".join(NO_URL))
    found = dict(zip(NO_URL, kinds(result)))
    equal(found, dict.fromkeys(NO_URL, "input"))
    equal(result.status, 1)
    check(not LOOKUP.search(trace), LOOKUP.findall(trace))


@test("19 URL lines that do not parse fail, the next goes on")
def _():
    server = faults()
    bad = [line for line in NO_URL if line.startswith("http://")]
    result, trace = traced(["-a", "-k"], input="\n".join(
        bad + [server.url + "/ok"]))
    equal(kinds(result), ["input"] * len(bad) + [None])
    equal(server.targets, ["/ok"])


def targets(*lines, args=()):
    """What is asked for, for each of these lines."""
    server = faults()
    fetchpool(["-j1", "--ok-status=2xx,404", *args], input="".join(
        line.replace("BASE", server.url) + "\n" for line in lines))
    return [request.target for request in server.log]


@test("blanks and tabs behind a URL are no part of it")
def _():
    equal(targets("BASE/echo/a ", "BASE/echo/b\t", "BASE/echo/c \t \r",
                  "BASE/echo/d e ", "BASE/echo/f%20 ", "BASE/echo/g?h "),
          ["/echo/a", "/echo/b", "/echo/c", "/echo/d%20e", "/echo/f%20",
           "/echo/g?h"])
    equal(targets('{"url":"BASE/echo/a "}', '{"url":"BASE/echo/b\\t"}',
                  args=["--input-format=json"]), ["/echo/a", "/echo/b"])
    # The input is shown as it came.
    server = faults()
    record = fetchpool([], input=server.url + "/echo/a \n").records[0]
    equal((record["input"], record["url"]),
          (server.url + "/echo/a ", server.url + "/echo/a"))
    # A value of a template is not touched.
    equal(targets("a ", args=[faults().url + "/echo/{}"]), ["/echo/a%20"])


@test("% that begins no escape is left alone")
def _():
    lines = ["/echo/%", "/echo/%zz", "/echo/100%/%4", "/echo/?%&a=%x#",
             "/echo/%41%2f%2F"]
    equal(targets(*("BASE" + line for line in lines)),
          [line.rstrip("#") for line in lines])


@test("a fragment stays with the item, and is not sent")
def _():
    server = faults()
    url = server.url + "/echo/a#b c?d/e"
    result = fetchpool(["--fields=url,final_url"], input=url)
    equal(result.records, [{"url": url.replace(" ", "%20"),
                            "final_url": url.replace(" ", "%20")}])
    equal(server.log[-1].target, "/echo/a")


@test("20 a password in a URL works and is never shown")
def _():
    server = faults()
    lines = ["http://ann:s3cr%%65t@127.0.0.1:%d%s" % (server.port, path)
             for path in ("/ok", "/status/500", "/empty")]
    for args in ([], ["-a"], ["--error-format", "json"], ["-q"],
                 ["-a", "--fields=+headers,+method,+ip"]):
        server.reset()
        failed = temp_file()
        result = fetchpool([*args, "--failed", failed],
                           input="\n".join(lines) + "\n")
        equal(result.status, 1)
        for request in server.log:
            equal(request.header("Authorization"), "Basic " +
                  base64.b64encode(b"ann:s3cret").decode())
        for secret in (b"s3cr", base64.b64encode(b"ann:s3cret")):
            check(secret not in result.out, "on standard output: %r" %
                  result.out)
            check(secret not in result.err, "on standard error: %r" %
                  result.err)
        # What goes in again has to be whole.
        equal(sorted(contents(failed).decode().splitlines()),
              sorted(lines[1:]))


@test("20 a password is not shown either where the URL is no good")
def _():
    server = faults()
    lines = ["http://ann:s3cret@127.0.0.1:99999/", "http://ann:s3cret@/x",
             "ftp://ann:s3cret@127.0.0.1/", "http://ann:s3cret@127.0.0.1:1/",
             "http://ann:s3cret@ho st/", "http://ann:s3cret@h\x01/",
             "HTTP://ann:s3cret@[::1/"]
    for args in [], ["-a"], ["--error-format", "json"], ["{+}"], \
            ["-a", "{+}"]:
        result = fetchpool(args, input="\n".join(lines))
        equal(result.status, 1)
        check(b"s3cret" not in result.out, "on standard output: %r" %
              result.out)
        check(b"s3cret" not in result.err, "on standard error: %r" %
              result.err)


def everything(args, lines):
    """All that a run tells, in any way there is."""
    folder = temp_dir()
    files = [os.path.join(folder, name) for name in (
        "journal", "stats", "trace")]
    told = b""
    for more in ([], ["-a"], ["-q"], ["--error-format=json"], ["--dry-run"],
                 ["--journal", files[0], "--stats", files[1], "--trace",
                  files[2], "-o", os.path.join(folder, "out"), "-a",
                  "--summary", "--fields=+final_url,tries"]):
        result = fetchpool(["--connect-timeout=1s", "--retry-delay=1ms",
                            *args, *more],
                           input=b"\n".join(as_bytes(x) for x in lines))
        told += result.out + result.err
    told += b"".join(contents(os.path.join(folder, name))
                     for name in os.listdir(folder))
    # Names of folders are random: any few letters may be in one.
    return re.sub(rb"fetchpool-test-\w+", b"", told)


def apart(lines):
    """These, each with a server of its own, so that none waits for others."""
    return [line.replace("127.0.0.1:1/", "127.0.0.1:%d/" % n)
            for n, line in enumerate(lines, 1)]


@test("20 nor a password with characters that ought to be encoded")
def _():
    schemes = "http://", "HTTPS://", "http:/", "http:", "http:\\\\"
    for password in ("s3/cret", "s3?cret", "s3#cret", "/s3cret", "#s3cret",
                     "?s3cret", "s3c/r3t/p4s?w0r#d5x", "s3c@h/r3t", "s3cret",
                     "s3c:r3t/p4s", "s3c//r3t"):
        lines = apart("%sann:%s@127.0.0.1:1/x" % (scheme, password)
                      for scheme in schemes)
        items = [json.dumps({"url": line}) for line in lines]
        for args, texts in (([], lines), (["{+}"], lines),
                            (["--input-format=json"], items)):
            told = everything(args, texts)
            # What follows an @ is a host, as far as one can tell.
            for part in re.split("[/?#:]+", password.split("@")[0]):
                check(not part or part.encode() not in told,
                      "%r: %r in %r" % (texts, part, told))


@test("20 nor one in a URL whose characters are encoded, or of full width")
def _():
    lines = apart((
        "http\uff1a//ann:s3cret@127.0.0.1:1/x",
        "http://ann\uff1as3cret@127.0.0.1:1/x",
        "http://ann:s3cret\uff20127.0.0.1:1/x",
        "http\uff1a\uff0f\uff0fann\uff1as3cret\uff20127.0.0.1/x",
        "ftp\uff1a//ann\ufe55s3cret\ufe6b127.0.0.1/x",
        "http://ann:s3cret%40127.0.0.1:1/x",
        "http%3A%2F%2Fann%3As3cret%40127.0.0.1:1%2Fx",
        "http://127.0.0.1:1/?u=https%3a%2f%2fann%3as3cret%40h%2f",
        "http://ann:s3cret@127.0.0.1:1/x"))
    for args in ([], ["{+}"], ["--retry=0", "http://127.0.0.1:1/?u={}"],
                 ["--default-scheme=http"]):
        told = everything(args, lines)
        check(b"s3cret" not in told, "%r: %r" % (args, told))
    told = everything(["--input-format=json"],
                      [json.dumps({"url": line}) for line in lines])
    check(b"s3cret" not in told, told)
    told = everything([], ["http://127.0.0.1:1/a%3Ab%40c?d=%3A%2F%2Fe&f=a%40b"])
    check(b"/a%3Ab%40c?d=%3A%2F%2Fe&f=a%40b" in told, "masked: %r" % told)


@test("20 nor what a JSON item has as headers, however often, or cut")
def _():
    lines = ['{"url":"http://127.0.0.1:1/","headers":{"A":"s3cret"},'
             '"headers":{"B":"s3cret"}}',
             '{"headers":{"A":"s3cret"},"url":"http://127.0.0.1:1/","headers"'
             ':"s3cret","headers":["s3cret"]}',
             '{"url":"http://127.0.0.1:1/","headers":{"A":"s3cret"',
             '{"headers":{"A":"s3cret"},}', "{'headers':{'A':'s3cret'}}",
             '[{"headers":{"A":"s3cret"}},{"a":[{"headers":"s3cret"}]}]',
             '{"he\\u0061ders":{"A":"s3cret"},"headers":["s3cret"]}',
             '{"he\\u0061ders":{"A":"s3cret"', 'x{"headers":"s3cret"}',
             '{"url":"http://127.0.0.1:1/","headers":{"A":["s3cret",{}]}}',
             '{"url":"http://127.0.0.1:1/","headers":{"A":"s3\x01cret"}}',
             '{"headers":{"A":"s3cret"},"url":"http://127.0.0.1:1/\x01"}',
             '{"headers":{"A":"s3cret"}}\ufeff\x7f',
             '{"headers":{"A":"s3cret","B":"%s"}}' % ("x" * 300),
             '{"headers":{"A: s3cret":"x"}}', '{"headers":{"A s3cret":1}}',
             '{"headers":{"A\\ns3cret":["x"]}}']
    for more in [], ["--max-line=200"], ["-0"]:
        text = ["\0".join(lines)] if more == ["-0"] else lines
        told = everything(["--input-format=json", *more], text)
        check(b"s3cret" not in told and b"s3" not in told, told)
    told = everything(["--input-format=json"],
                      [b'{"headers":{"A":"s3cret\xff"}}'])
    check(b"s3" not in told, told)


@test("20 nor what follows a header name that is none; the name is said")
def _():
    for name, shown in ("A: s3cret", "A:"), ("A b", "A "), (":a", ":"), \
            ("X-K=s3cret", "X-K="), ("", ""), ("\u00e4b", ""):
        result = fetchpool(["--input-format=json"],
                           input=json.dumps({"headers": {name: 1}}))
        matches(r'fetchpool: 1: "%s(\.\.\.)?" is not a header name' % shown,
                result.text if not result.err else result.err.decode())


@test("20 nor a signature, wherever its URL stands")
def _():
    signed = "https://b.example/k?X-Amz-Expires=60&X-Amz-Signature=s3cret&x=1"
    once = quote(signed, safe="")
    lines = apart((
        signed, once, quote(once, safe=""),
        "http://127.0.0.1:1/?u=" + once + "&v=" + signed,
        "http://127.0.0.1:1/?u=" + quote(once, safe=""),
        "http://127.0.0.1:1/?u=" + once.replace("%3D", "="),
        "http://127.0.0.1:1/#" + once,
        "http://127.0.0.1:1/?u=https%3a%2f%2fh%2fk%3fse%3d1%26sp%3dr"
        "%26sig%3ds3cret%26a%3d1"))
    for args in [], ["{+}"], ["--retry=0", "http://127.0.0.1:1/?u={}"]:
        told = everything(args, lines)
        check(b"s3cret" not in told, "%r: %r" % (args, told))
    told = everything(["--input-format=json"], [
        json.dumps({"url": line, "context": line}) for line in lines])
    check(b"s3cret" not in told, told)


@test("20 nor is any password behind the first")
def _():
    server = faults()
    url = "http://ann:s3cret@127.0.0.1:%d%%s?u=http://bob:s3cret@h/&" \
        "v=http://t-s3cret@i/" % server.port
    for path in "/ok", "/status/500":
        line = url % path
        item = '{"url":"%s","context":["%s"]}' % (line, line)
        for text, args in (line, []), (item, ["--input-format=json"]):
            for more in [], ["-a"], ["--error-format=json"]:
                result = fetchpool([*args, *more], input=text)
                check(b"s3cret" not in result.out + result.err, repr(result))
                check(b"***" in result.out + result.err, repr(result))
    equal(len(server.log), 12)
    check(server.log[-1].target.count("s3cret") == 2, "was not sent whole")


@test("20 nor a password in a URL without a scheme")
def _():
    here = "127.0.0.1:%d/ok" % faults().port
    lines = [form % ("ann:s3cret@" + here)
             for form in ("%s", "//%s", "\\\\%s")]
    lines += ["ann:s3cret/x@" + here, "s3cret@" + here, "ann:s3cret@\x01"]
    for args, first in ([], "http://" + here), (
            ["--default-scheme=http"], here):
        told = everything(args, [first, *lines])
        check(b"s3cret" not in told, repr(told))
    for url in "ann:s3cret@127.0.0.1/{}", "//ann:s3cret@127.0.0.1/{}":
        told = everything([url], ["1"])
        check(b"s3cret" not in told, repr(told))
    # With TEMPLATE a line is a value, and stands in its record as it was.
    result = fetchpool(["http://%s?{}" % here], input="acct:bob@a.example\n")
    equal(result.records[0]["input"], "acct:bob@a.example")


@test("20 nor the beginning of one in a line that is too long")
def _():
    rest = 300 * "x"
    for line in ("http://ann:s3cret" + rest + "@h/", "ann:s3cret" + rest,
                 "http:/ann:s3cret" + rest, "http://s3cret" + rest + "@h/",
                 "see http://ann:s3cret/?" + rest + "@h/",
                 "http://ann:a@h/ http://ann:s3cret" + rest,
                 '{"url": "http://ann:s3cret' + rest + '@h/"}'):
        for args in [], ["--input-format=json"], ["http://h/{}"]:
            told = everything([*args, "--max-line=100"], [line])
            check(b"s3cret" not in told, repr((line, told)))
    for line in '"http://ann:s3cret%s@h/"', " http://ann:s3cret%s@h/ ":
        told = everything(["http://h/{}"], [line % rest])
        check(b"s3cret" not in told, repr((line, told)))
    for line in ("http://h/a/" + rest, '{"id": "a' + rest, "a" + rest,
                 "http://h/a?b=" + rest):
        result = fetchpool(["-a", "--max-line=100"], input=line + "\n")
        equal([record["input"] for record in result.records], [line[:100]])


@test("20 a password in TEMPLATE or FETCHPOOL_URL is not shown")
def _():
    server = faults()
    url = "http://ann:s3cret@127.0.0.1:%d/status/{}" % server.port
    for args, env in ([url], {}), ([], {"FETCHPOOL_URL": url}):
        for more in [], ["-a"], ["--error-format=json"]:
            result = fetchpool([*more, *args], input="200\n500\n", env=env)
            check(b"s3cret" not in result.out + result.err, repr(result))
            equal(result.status, 1)
            check(server.log[-1].header("Authorization"), "not sent")
    bad = "http://ann:s3cret@127.0.0.1:99999/status/{}"
    result = fetchpool([bad], input="1\n")
    check(b"s3cret" not in result.out + result.err, repr(result))
    result = fetchpool([bad + "{"], input="1\n")
    check(b"s3cret" not in result.out + result.err, repr(result))


@test("25 a value never leaves its place in the URL")
def _():
    values = {"../../etc": "..%2F..%2Fetc", "a?b=c": "a%3Fb%3Dc",
              "a#b": "a%23b", "%2f": "%252f", "%0d%0aX: y":
              "%250d%250aX%3A%20y", "a b": "a%20b", "a&b": "a%26b",
              "@evil": "%40evil", ":8080": "%3A8080", "a\\b": "a%5Cb",
              "é": "%C3%A9", "a;b": "a%3Bb", "//x": "%2F%2Fx",
              "~-_.": "~-_.", "'\"<>": "%27%22%3C%3E"}
    server = faults()
    result = fetchpool(["-k", "-j1", server.url + "/echo/{}/end"],
                       input="\n".join(values) + "\n")
    equal(result.status, 0)
    equal([r["body"]["target"] for r in result.records],
          ["/echo/%s/end" % value for value in values.values()])


@test("25 the values . and .. do not climb out of the path")
def _():
    server = faults()
    for value in (".", "..", "..."):
        result = fetchpool(["-a", server.url + "/echo/deep/{}"],
                           input=value + "\n")
        for request in server.log:
            check(request.target.startswith("/echo/deep/"),
                  "%s asked for %s" % (value, request.target))


@test("25 {+} is the raw form, and even so stays one request line")
def _():
    server = faults()
    values = {"a/b?c=d": "a/b?c=d", "a b": "a%20b", "%2f": "%2f",
              "%": "%25", "x\\y": "x%5Cy"}
    result = fetchpool(["-k", "-j1", server.url + "/echo/{+}"],
                       input="\n".join(values) + "\n")
    equal([r["body"]["target"] for r in result.records],
          ["/echo/" + value for value in values.values()])


if __name__ == "__main__":
    main()
