#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a request is made of: the method, the body, the credentials."""
import base64
import json
import os
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program, fetchpool
from tap import check, equal, main, matches, temp_file, test
from webserver import ask, refused, shown, web

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


# ---- methods ----

@test("-X: any method, as it is written")
def _():
    for method in ("GET", "DELETE", "OPTIONS", "PATCH", "PUT", "PROPFIND",
                   "get", "M-SEARCH", "POST"):
        for option in ["-X", method], ["--request=" + method]:
            request = ask(*option)
            equal(request.method, method)
            equal(request.body, b"")
    for method in "GET", "DELETE", "PATCH":
        equal(ask("-X", method).framing, None, method + " has a length")


@test("-X: what is no token is refused")
def _():
    for method in "", "A B", "GET /x HTTP/1.1\r\nX:", "A\r\nB: c", "Ä", "a:b":
        refused("-X", method, names="request")


@test("-X HEAD: no body is waited for, whatever its length")
def _():
    server = web()
    result = fetchpool(["-j1", "-X", "HEAD", "--fields=+method"],
                       input="\n".join([server.url + "/head"] * 3))
    equal(result.status, 0, repr(result))
    for record in result.records:
        equal((record["size"], record["status"], record["method"]),
              (0, 200, "HEAD"))
    equal([r.method for r in server.log], ["HEAD"] * 3)
    check(server.connections == 1, "the connection was not kept")


@test("the field method says what was sent")
def _():
    server = web()
    for args, method in (([], "GET"), (["-d", "x"], "POST"),
                         (["-X", "PUT", "-d", "x"], "PUT")):
        result = fetchpool([*args, "--fields=method"],
                           input=server.url + "/ok")
        equal(result.records, [{"method": method}])


# ---- bodies ----

@test("-d: a POST of a form, and nothing is waited for")
def _():
    request = ask("-d", "a=1&b=2 3")
    equal(shown(request), ("POST", b"a=1&b=2 3", FORM))
    equal(request.header("Content-Length"), "9")
    equal(request.header("Expect"), None)


@test("-d: several are joined with &")
def _():
    equal(ask("-d", "a=1", "--data=b=2", "-d", "c").body, b"a=1&b=2&c")
    path = temp_file(b"from\nfile\n")
    equal(ask("-d", "a=1", "-d", "@" + path, "-d", "c").body,
          b"a=1&fromfile&c")


@test("-d: an empty body is a body")
def _():
    for args in (["-d", ""], ["-d", "@" + temp_file(b"")], ["--json", ""]):
        request = ask(*args)
        equal((request.method, request.body), ("POST", b""))
        equal(request.header("Content-Length"), "0", repr(args))


@test("-d @FILE: without its line breaks")
def _():
    equal(ask("-d", "@" + temp_file(b"a\r\nb\n\nc\rd")).body, b"abcd")
    for option in "-d", "--json":
        result = refused(option, "@/nonexistent/body", names="/nonexistent/")
        check("--data" in result.text or "--json" in result.text, result)


@test("-d: a large body is sent at once, with its length")
def _():
    body = b"x" * 3000000
    request = ask("-d", "@" + temp_file(body))
    check(request.body == body, "%d bytes came" % len(request.body))
    equal((request.header("Expect"), request.framing), (None, "length"))


@test("-d: bytes that are not ASCII go as they are")
def _():
    equal(ask("-d", "ä€\x01").body, "ä€\x01".encode())
    equal(ask("--json", "@" + temp_file(b"\x00\xff\n\r")).body,
          b"\x00\xff\n\r")


@test("-d: with another method, and with -H for the type")
def _():
    for method in "PUT", "PATCH", "DELETE", "GET":
        equal(shown(ask("-X", method, "-d", "x=1")), (method, b"x=1", FORM))
    equal(shown(ask("-d", "<a/>", "-H", "content-type: text/xml")),
          ("POST", b"<a/>", "text/xml"))
    equal(shown(ask("-d", "x", "-H", "Content-Type:")), ("POST", b"x", None))


@test("--json: the type, and what is wanted back")
def _():
    request = ask("--json", '{"a": 1}')
    equal(shown(request), ("POST", b'{"a": 1}', JSON))
    equal(request.header("Accept"), JSON)
    equal(ask("--json", '{"a":', "--json", "1}").body, b'{"a":1}')
    equal(ask("--json", "@" + temp_file(b'{\n "a": 1\n}\n')).body,
          b'{\n "a": 1\n}\n')
    request = ask("--json", "1", "-H", "Accept: text/x", "-H",
                  "Content-Type: a/b", "-X", "PUT")
    equal(shown(request), ("PUT", b"1", "a/b"))
    equal(request.header("Accept"), "text/x")


@test("a body is sent with every item, on one connection")
def _():
    server = web()
    result = fetchpool(["-j1", "-d", "same", server.url + "/posts/{}"],
                       input="1\n2\n3\n")
    equal(result.status, 0)
    equal([(r.path, r.body) for r in server.log],
          [("/posts/%d" % n, b"same") for n in (1, 2, 3)])
    equal(server.connections, 1)


@test("--data-line: NDJSON, line by line")
def _():
    server = web()
    lines = ['{"n": 1, "t": "ä"}', '{"n":2}', "[]", "no json", "@file", '"x"']
    result = fetchpool(["-j1", "-k", "--data-line", server.url + "/posts/"],
                       input="\n".join(lines) + "\n")
    equal(result.status, 0, repr(result))
    equal([shown(r) for r in server.log],
          [("POST", line.encode(), JSON) for line in lines])
    equal([r["input"] for r in result.records], lines)
    equal({r.target for r in server.log}, {"/posts/"})
    equal({r.header("Expect") for r in server.log}, {None})


@test("--data-line: other methods and types")
def _():
    server = web()
    fetchpool(["--data-line", "-X", "PUT", "-H", "Content-Type: text/csv",
               server.url + "/ok"], input="a;b\n")
    equal(shown(server.only()), ("PUT", b"a;b", "text/csv"))


@test("--data-line: many lines, each exactly once")
def _():
    server = web()
    result = fetchpool(["-j8", "--data-line", "--fields=seq,status",
                        server.url + "/ok"],
                       input="".join('{"n":%d}\n' % n for n in range(500)))
    equal((result.status, len(result.records)), (0, 500))
    equal(sorted(r.body for r in server.log),
          sorted(b'{"n":%d}' % n for n in range(500)))


@test("--data-line: a template without it, and it without a template")
def _():
    server = web()
    result = fetchpool(["--data-line", "--connect-to",
                        "::127.0.0.1:%d" % server.port,
                        "--connect-timeout=1s"], input="{}")
    equal(result.status, 2, repr(result))
    result = fetchpool([server.url + "/ok"], input="{}")
    equal(result.status, 2, repr(result))
    for args in ["-d", "x"], ["--json", "x"]:
        result = fetchpool(["--data-line", *args, server.url + "/ok"],
                           input="{}")
        equal(result.status, 2, "two bodies: %r" % result)
    equal(server.connections, 0)


# ---- headers and credentials ----

def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


@test("-u: Basic, for all requests")
def _():
    for option in ["-u", "me:pa ss:x"], ["--user=me:pa ss:x"]:
        equal(ask(*option).header("Authorization"), basic("me:pa ss:x"))
    equal(ask("-u", "me:").header("Authorization"), basic("me:"))
    server = web()
    result = fetchpool(["-j1", "-u", "a:b"],
                       input="\n".join([server.url + "/ok"] * 3))
    equal(result.status, 0)
    equal([r.header("Authorization") for r in server.log], [basic("a:b")] * 3)


@test("-u: over what the URL says, and the URL alone")
def _():
    server = web()
    fetchpool([], input=server.url.replace("//", "//one:two@") + "/ok")
    equal(server.only().header("Authorization"), basic("one:two"))


@test("--oauth2-bearer: a token")
def _():
    equal(ask("--oauth2-bearer", "t0k.en").header("Authorization"),
          "Bearer t0k.en")
    refused("--oauth2-bearer", "a\r\nX: y", names="oauth2-bearer")


@test("--netrc-file: by host, and only there")
def _():
    path = temp_file("machine 127.0.0.1\nlogin joe\npassword s3cret\n"
                     "machine other login no password no\n")
    equal(ask("--netrc-file", path).header("Authorization"),
          basic("joe:s3cret"))
    other = temp_file("machine other login no password no\n")
    equal(ask("--netrc-file", other).header("Authorization"), None)
    default = temp_file("default login d password e\n")
    equal(ask("--netrc-file", default).header("Authorization"), basic("d:e"))
    refused("--netrc-file", "/nonexistent/netrc", names="/nonexistent/netrc")


@test("--netrc-file: what the URL or -u says goes before it")
def _():
    path = temp_file("machine 127.0.0.1 login a password \"b c\"\n"
                     "machine 127.0.0.1 login c password d\n"
                     "machine ::1 login six password e\n"
                     "default login f password g\n")
    args = ["--netrc-file", path]
    server = web()
    items = [server.url.replace("//", "//" + user) + "/ok" for user in
             ("", "a@", "c@", "%63@", "x@", "c:x@", "c:@", ":x@", "f@")]
    result = fetchpool(["-j1", *args], input="\n".join(items))
    equal(result.status, 0)
    equal([r.header("Authorization") for r in server.log],
          [basic(user) for user in ("a:b c", "a:b c", "c:d", "c:d", "x:",
                                    "c:x", "c:", ":x", "f:g")])
    equal(ask(*args, "-u", "k:l").header("Authorization"), basic("k:l"))
    equal(ask(*args, "-u", "c:").header("Authorization"), basic("c:"))
    equal(ask(*args, "-H", "Authorization: x").header("Authorization"), "x")
    equal(ask(*args, "--oauth2-bearer", "t").header("Authorization"),
          "Bearer t")


@test("-u: a name without a password is refused, not sent with an empty one")
def _():
    for value in "c", "", "token":
        result = fetchpool(["-u", value], input="http://127.0.0.1:1/\n")
        equal((result.status, result.text), (2, "fetchpool: --user: the value is "
              "not USER:PASS on one line, or USER: for an empty password (see "
              "fetchpool --help)\n"))


@test("--netrc-file: one that is no good is told of, and not shown")
def _():
    for text, line in (("machine 127.0.0.1\nlogin \"c4naRy\n", "line 2: "),
                       ("machine 127.0.0.1 login c4naRy password",
                        "line 1: "), ("login c4naRy\0", "NUL"),
                       ("#c4naRy\n" * 150000, "1048576")):
        path = temp_file(text)
        for args in ["--netrc-file", path], ["-n"]:
            result = fetchpool([*args, "http://127.0.0.1:1/{}"], input="1\n",
                               env={"HOME": os.path.dirname(path)})
            if args == ["-n"]:
                equal(result.status, 1)  # no .netrc there
                continue
            equal(result.status, 2)
            check("c4naRy" not in result.text, result.text)
            check("--netrc-file" in result.text and path in result.text,
                  result.text)
    refused("--setopt", "NETRC=1", names="NETRC")
    refused("--setopt", "NETRC_FILE=/x", names="NETRC_FILE")


@test("--netrc-file: read once, before anything is fetched")
def _():
    path = temp_file("default login d password e\n")
    server = web()
    program = Program(["-j1", "--netrc-file", path], stdin="pipe")
    program.write(server.url + "/ok\n")
    program.has_lines(1)
    os.unlink(path)
    program.write(server.url + "/ok\n" + server.url + "/ok\n")
    program.close_stdin()
    equal(program.wait().status, 0)
    equal([r.header("Authorization") for r in server.log],
          3 * [basic("d:e")])


@test("-n: ~/.netrc")
def _():
    path = temp_file("machine 127.0.0.1 login joe password s3cret\n",
                     ".netrc")
    env = {"HOME": path[:-len("/.netrc")]}
    for option in "-n", "--netrc":
        equal(ask(option, env=env).header("Authorization"),
              basic("joe:s3cret"))
    other = temp_file("default login other password x\n")
    for args in ["-n", "--netrc-file", other], ["--netrc-file", other, "-n"]:
        equal(ask(*args, env=env).header("Authorization"), basic("other:x"))
    equal(ask("-n", env={"HOME": os.path.dirname(other)})
          .header("Authorization"), None)
    equal(ask(env=env).header("Authorization"), None)


@test("-b: cookies as they are; none are kept")
def _():
    equal(ask("-b", "a=1; b=2").header("Cookie"), "a=1; b=2")
    equal(ask("--cookie=a=1").header("Cookie"), "a=1")
    for value in "nofile", "a=1\r\nX: y":
        refused("-b", value, names="cookie")
    server = web()
    server.on("/set", lambda conn, request: conn.answer(
        b"ok", headers=b"Set-Cookie: stay=1; Path=/\r\n"))
    fetchpool(["-j1"], input="\n".join([server.url + "/set"] * 3))
    equal([r.header("Cookie") for r in server.log], [None] * 3)


@test("-e: the referer")
def _():
    equal(ask("-e", "http://here/").header("Referer"), "http://here/")
    equal(ask("--referer=x").header("Referer"), "x")
    refused("-e", "a\r\nX: y", names="referer")


@test("-u, -H, --setopt: a line break reaches no server")
def _():
    for args in (["-u", "a:b\r\nX: y"], ["-H", "A: b\nX: y"],
                 ["--setopt", "COOKIE=a=1\r\nX: y"],
                 ["--setopt", "REFERER=a\r\nX: y"],
                 ["--setopt", "XOAUTH2_BEARER=a\nX: y", "--setopt",
                  "HTTPAUTH=64"]):
        server = web()
        fetchpool(args, input=server.url + "/ok")
        for request in server.log:
            check(request.header("X") is None, "%r: %r" % (
                args, request.headers))


@test("-H: ours are replaced or taken away, not doubled")
def _():
    def values(name, *args):
        return [v for n, v in ask(*args).headers if n.lower() == name]

    equal(values("accept-encoding"), ["gzip"])
    equal(values("accept-encoding", "-H", "Accept-Encoding: br"), ["br"])
    equal(values("accept-encoding", "-H", "accept-encoding:"), [])
    equal(values("accept-encoding", "-H", "Accept-Encoding;"), [""])
    equal(values("accept-encoding", "-H", "Accept-Encoding:"), [])
    equal(values("accept-encoding", "-H", "accept-encoding:"), [])
    equal(values("accept", "-H", "Accept:"), [])
    equal(values("host", "-H", "Host: x"), ["x"])
    equal(values("expect", "-d", "x"), [])
    equal(values("authorization", "-H", "Authorization: Own x"), ["Own x"])
    equal(values("content-length", "-d", "abc"), ["3"])


# ---- secrets ----

@test("no secret is in any output, whatever goes wrong")
def _():
    word = "c4naRy"
    netrc = temp_file("machine 127.0.0.1 login %s password %s\n" %
                      (word, word))
    headers = temp_file("X-Api-Key: %s\n" % word)
    server = web()
    urls = "\n".join(
        [server.url + path for path in (
            "/ok", "/status/401", "/status/500", "/empty", "/ssh",
            "/rst_body", "/to/302?file:///x", "/to/302?%2Fstatus%2F403")] +
        ["http://127.0.0.1:1/", "http://u:%s@127.0.0.1:1/" % word,
         server.url.replace("//", "//u:%s@" % word) + "/status/404"])
    for secret in (["-u", "me:" + word], ["--oauth2-bearer", word],
                   ["--netrc-file", netrc], ["-b", "s=" + word],
                   ["-H", "Authorization: Bearer " + word],
                   ["-H", "@" + headers], ["-d", word], ["--json", word],
                   ["-x", "http://me:%s@127.0.0.1:1" % word],
                   ["--setopt", "PASSWORD=" + word]):
        for args in (["-a", "--fields=+method,ip,headers,http_version"],
                     ["--error-format=json"], []):
            result = fetchpool(
                [*args, *secret], input=urls if args != [] else urls[:-1])
            lines = (result.out + result.err).replace(b'"input":"http://u:' +
                                                      word.encode(), b"")
            check(word.encode() not in lines,
                  "%r shows its secret: %r" % (secret, lines))


@test("no secret is in what wrong usage says")
def _():
    word = "c4naRy"
    for args in (["-u", "me:%s\r\n" % word], ["-b", word],
                 ["--oauth2-bearer", word + "\n"], ["-H", word],
                 ["-H", "Authorization %s" % word],
                 ["-H", "@" + temp_file("Authorization %s" % word)],
                 ["--setopt", "PASSWORD" + word[:0]],
                 ["--setopt", "POSTFIELDS=" + word],
                 ["--setopt", "HTTPAUTH=" + word],
                 ["-x", "bad://me:%s@127.0.0.1:1" % word],
                 ["-A", word + "\n"], ["-e", word + "\n"],
                 ["--resolve", "me:%s@h:80:192.0.2.1" % word],
                 ["--connect-to", "::me:%s@h:" % word],
                 ["--deny", "me:%s@192.0.2.1" % word],
                 ["--allow", "http://me:%s@h" % (word + 90 * "x")],
                 ["-r", "http://me:%s@h" % (word + 90 * "x")],
                 ["-j", "http://me:%s@h" % (word + 9000 * "x")],
                 ["http://me:%s@h/" % (word + 9000 * "x")],
                 ["--http://me:%s@h" % (word + 90 * "x")],
                 ["-i", "http://me:%s@h" % (word + 3000 * "x")],
                 ["--interface", "me:%s@h" % word]):
        server = web()
        result = fetchpool(args, input=server.url + "/ok")
        check(word.encode() not in result.out + result.err,
              "%r: %r" % (args, result))


# ---- filled in for each item ----

def sent(*args, input, path="/ok", **more):
    """What came, in the order of the items: (headers, body) of each."""
    server = web()
    result = fetchpool(["-k", "-j1", *args, server.url + path],
                       input=input, **more)
    return result, [({name.lower(): value for name, value in request.headers},
                     request.body) for request in server.log]


@test("--expand-header, --expand-data: filled in for each line")
def _():
    result, requests = sent(
        "--expand-header", "Idempotency-Key: load-{{:b64}}",
        "--expand-data", "id={{:url}}", "--expand-data=x", input="1\na b&\n")
    equal(result.status, 0)
    equal([(h["idempotency-key"], body) for h, body in requests],
          [("load-MQ==", b"id=1&x"), ("load-YSBiJg==", b"id=a%20b%26&x")])


@test("--data-raw: text that may begin with @, as from a browser")
def _():
    for args, body in ((["--data-raw", "@x"], b"@x"),
                       (["--data-raw", "a", "-d", "b", "--data-raw", "c"],
                        b"a&b&c")):
        result, requests = sent(*args, input="1\n", path="/ok?{}")
        equal((result.status, [body for _, body in requests]), (0, [body]))
        equal(requests[0][0]["content-type"],
              "application/x-www-form-urlencoded")


@test("--expand-json, --expand-user: from fields and members")
def _():
    result, requests = sent(
        "-C,", "--expand-json", '{"name":"{{2:json}}"}',
        "--expand-user", "{{1}}:pw", input='me,say "hi"\nyou\n')
    equal([(h["authorization"], h["content-type"], body)
           for h, body in requests],
          [("Basic bWU6cHc=", "application/json", b'{"name":"say \\"hi\\""}')])
    matches(r"no value for \{\{2\}\}", result.errors[2])
    result, requests = sent(
        "--input-format=json", "--expand-header=X-Id: {{id}}",
        "--expand-header=X-Own: ours", "-X", "PUT",
        input='{"id":7,"headers":{"x-own":"mine"}}\n{"id":null}\n'
              '{"id":[1]}\n{"id":"a\\nb"}\n')
    equal([(h["x-id"], h["x-own"]) for h, _ in requests], [("7", "mine")])
    equal(list(result.errors), [2, 3, 4])
    check("a\\nb" not in result.text, result.text)


@test("{} where it is not filled in is refused")
def _():
    for header in "Idempotency-Key: {}", "X: {1}":
        result = fetchpool(["-H", header, "http://127.0.0.1:1/{}"], input="1\n")
        equal(result.status, 2)
        matches("--expand-header", result.text)
    for once in "--expand-header=Idempotency-Key: {}", "--expand-user={1}:x":
        result = fetchpool([once, "http://127.0.0.1:1/{}"], input="1\n")
        equal(result.status, 2)
        matches(r"\{\{\}\}", result.text)
    for wrong in (["--expand-header=X: {{1}}"], ["--expand-header=X: {{a}}"],
                  ["--expand-header=X: {{"], ["--expand-data={{:upper}}"],
                  ["--expand-data={{}}", "-d", "x"],
                  ["--expand-json={{}}", "--data-line"],
                  ["--expand-user={{}}", "-u", "a:b"]):
        equal(fetchpool([*wrong, "http://127.0.0.1:1/{}"], input="1\n").status,
              2)


@test("{} and names in other options that are sent as they are are refused")
def _():
    nothing = "http://127.0.0.1:1/{}"
    for args in (["-H", "X: {{}}"], ["-H", "X: a{{1}}"], ["-H", "X: {{id}}"],
                 ["-H", "Idempotency-Key: {id}"], ["-b", "id={}"],
                 ["-e", "http://h/{}"], ["-A", "me/{1}"], ["-u", "{1}:{2}"],
                 ["-u", "me:{}"], ["--oauth2-bearer", "{}"],
                 ["--oauth2-bearer", "{{token}}"]):
        result = fetchpool([*args, nothing], input="1\n")
        equal((result.status, result.out), (2, b""), repr(result))
        matches(r"^fetchpool: --[a-z0-9-]+: \{\} is not filled in here: use "
                r"--expand-(header|user) ", result.text)
    for args in (["-H", "X: {id}"], ["-b", "id={id}"], ["-u", "{id}:{pw}"]):
        for form in "json", "csv":
            result = fetchpool(["--input-format", form, *args,
                                "http://127.0.0.1:1/{id}"], input='{"id":1}\n')
            equal((result.status, result.out), (2, b""), repr(result))


@test("braces that stand for nothing are sent as they are")
def _():
    for args, name, value in (
            (["-H", 'X: {"a":1}'], "x", '{"a":1}'), (["-H", "X: {a}"], "x", "{a}"),
            (["-H", "X: {a b}"], "x", "{a b}"),
            (["-b", 'a={"b":{"c":2}}'], "cookie", 'a={"b":{"c":2}}'),
            (["--oauth2-bearer", "a{}b"], "authorization", "Bearer a{}b")):
        result, requests = sent(*args, "--data-line", input="1\n")
        equal((result.status, requests[0][0][name]), (0, value))
    result = fetchpool(["-u", "me:pa{}ss", "http://127.0.0.1:1/{}"], input="")
    equal(result.status, 0, repr(result))


@test("members whose names a template can only encode")
def _():
    result, requests = sent(
        "--input-format=json", "--expand-header=X-A: {{user%2Did}}",
        "--expand-header=X-B: {{user-id}}", "-d", "", "--fields=url",
        input='{"user-id":3,"full name":"A","caf\u00e9":"b","%41":"c"}\n',
        path="/ok?{user%2Did}+{full%20name}+{caf%C3%A9}+{%41}")
    equal(result.status, 0, repr(result))
    check(result.records[0]["url"].endswith("/ok?3+A+b+c"), result.records)
    equal([(h["x-a"], h["x-b"]) for h, _ in requests], [("3", "3")])


@test("the same Idempotency-Key for several items")
def _():
    for option in "-H", "--expand-header":
        for key in "Idempotency-Key: k", "idempotency-key:k":
            result, requests = sent(option, key, "--data-line",
                                    input="1\n2\n3\n")
            equal((result.status, len(requests)), (1, 1))
            matches("--expand-header", result.errors[2])
        result, requests = sent(option, "Idempotency-Key: k", "--data-line",
                                input="1\n")
        equal((result.status, len(requests)), (0, 1))
    result, requests = sent("--expand-header", "Idempotency-Key: k",
                            "--expand-header", "X: {{}}", "--data-line",
                            input="1\n2\n")
    equal((result.status, len(requests)), (1, 1))


@test("--dry-run=full shows what is sent, and no secret")
def _():
    result = fetchpool(
        ["--dry-run=full", "-H", "X-Api-Key: hunter2", "-u", "me:hunter2",
         "-b", "a=hunter2", "--expand-header=Idempotency-Key: {{}}",
         "--expand-data=a={{}}", "http://you:hunter2@h.example:81/x"],
        input="7\n")
    check("hunter2" not in result.text and b"hunter2" not in result.out,
          result.out)
    record = result.records[0]
    equal(record["body"], "a=7")
    equal(record["headers"]["Host"], ["h.example:81"])
    equal(record["headers"]["Idempotency-Key"], ["7"])
    equal(record["headers"]["X-Api-Key"], ["***"])
    equal(fetchpool(["--dry-run=x"], input="").status, 2)


@test("--dry-run=full: nor a login or a signature of a URL in a header")
def _():
    login = "https://me:hunter2@h.example/a"
    signed = "https://h.example/?X-Amz-Signature=hunter2"
    item = json.dumps({"headers": {
        "X-Back": [login, "see <%s> and %s" % (login, signed)],
        "X-To": signed.replace("?", "%3F").replace("=", "%3D")}})
    for url in login, signed, "me:hunter2@h.example", "//hunter2@h.example/":
        for args in (["-e", url], ["-H", "Referer: " + url], ["-A", url],
                     ["-H", "X-Back: " + url],
                     ["--expand-header=X-Back: " + url]):
            if "://" not in url and args[0] != "-e" and \
                    "Referer" not in args[-1]:
                continue  # it is not known to be a URL
            result = fetchpool(["--dry-run=full", *args, "-d", "",
                                "http://you:hunter2@h.example:81/{}"],
                               input="7\n")
            check(b"hunter2" not in result.out, "%r %r" % (args, result.out))
            check(b"***" in result.out, result.out)
            equal(result.records[0]["headers"]["Host"], ["h.example:81"])
    result = fetchpool(["--dry-run=full", "--input-format=json",
                        "http://h.example/x"], input=item)
    headers = result.records[0]["headers"]
    equal(headers["X-To"], ["https://h.example/%3FX-Amz-Signature%3D***"])
    equal(headers["X-Back"][0], "https://me:***@h.example/a")
    check(b"hunter2" not in result.out, result.out)


if __name__ == "__main__":
    main()
