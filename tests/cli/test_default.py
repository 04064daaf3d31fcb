#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The default template, and a terminal as standard input.

No request leaves the machine: https_proxy leads to a socket of the test's
own, and a first run proves on a loopback URL that it is heeded.
"""
import os
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from authority import authority
from harness import Program, fetchpool, terminal
from listener import Listener
from servers import faults
from tap import (check, equal, main, matches, started, temp_file, test,
                 until)

PUBLIC = "jsonplaceholder.typicode.com"


class Proxy(Listener):
    """Says 403 to everything and remembers the first lines."""

    def __init__(self):
        self.lines = []
        self.begin()
        started.append(self)

    def talk(self, sock):
        sock.settimeout(10)
        data = b""
        while b"\r\n\r\n" not in data:
            more = sock.recv(4096)
            if not more:
                break
            data += more
        self.lines.append(data.split(b"\r\n")[0].decode())
        sock.sendall(b"HTTP/1.1 403 Forbidden\r\n"
                     b"Content-Length: 0\r\nConnection: close\r\n\r\n")


def proxied(args, input):
    """A run all of whose https goes to a proxy that refuses."""
    proxy = Proxy()
    env = {"https_proxy": proxy.url, "HTTPS_PROXY": proxy.url}
    trial = fetchpool([], input="https://127.0.0.1:9/trial\n", env=env)
    equal(trial.status, 1)
    equal([line.split(" HTTP/")[0] for line in proxy.lines],
          ["CONNECT 127.0.0.1:9"], "what came through https_proxy")
    proxy.lines.clear()
    return fetchpool(args, input=input, env=env), proxy


@test("without TEMPLATE and FETCHPOOL_URL an ID goes to the public API")
def _():
    result, proxy = proxied([], "1\n")
    equal([line.split(" HTTP/")[0] for line in proxy.lines],
          ["CONNECT %s:443" % PUBLIC])
    equal(result.status, 1)
    equal(result.out, b"")
    matches(r"https://%s/posts/1\b" % PUBLIC, result.errors[1])


@test("what looks like a URL goes nowhere as an ID")
def _():
    server = faults()
    good = server.url + "/ok"
    bad = ["  " + good, "http:" + good[7:], "HTTP:/" + good[7:], " https:x",
           "Http:x", "x http://host/secret", "//x://y", '"%s"' % good]
    result, proxy = proxied(["-k", "-a"], "\n".join(bad + [good]))
    equal(proxy.lines, [])
    equal([(r.get("error") or {}).get("kind") for r in result.records],
          ["input"] * len(bad) + [None])
    for record in result.records[:-1]:
        matches("looks like a URL", record["error"]["message"])
        equal(record["attempts"], 0)
    equal(result.text.count("demonstration"), 0)
    result = fetchpool(["-k", "-a"], input="\n".join(bad),
                       env={"FETCHPOOL_URL": good + "?{}"})
    equal(len(result.errors), len(bad))
    # Where all are IDs, or all are URLs, nothing is guessed.
    result = fetchpool([server.url + "/ok?{}"], input="\n".join(bad))
    equal((result.status, len(result.records)), (0, len(bad)))
    result = fetchpool(["--colsep=,"], input="a,http://x", env={
        "FETCHPOOL_URL": server.url + "/ok?{1}={2}"})
    equal((result.status, server.log[-1].target),
          (0, "/ok?a=http%3A%2F%2Fx"))
    result, proxy = proxied([server.url + "/ok?{}"], "https\nhttp 1\n")
    equal(result.status, 0)


@test("only whole numbers go to the demonstration API")
def _():
    bad = ["www.example.com/x", "mailto:a@b.example", "tel:+49301234",
           "data:,x", "\\N", "null", "1.0", "1e+06", "-1", "#comment", "u",
           "0f8fad5b-d9cb-469f-a165-70867728950e", "http 1", "x:/y", "1 "]
    result, proxy = proxied(["-k", "-a"], "\n".join(bad))
    equal(proxy.lines, [])
    equal([r["error"]["kind"] for r in result.records], ["input"] * len(bad))
    equal({r["attempts"] for r in result.records}, {0})
    equal(result.text.count("demonstration"), 0)
    matches("give a TEMPLATE", result.records[0]["error"]["message"])


@test("no secret goes to the demonstration API")
def _():
    for args in (["-u", "me:pass"], ["-b", "id=1"], ["--oauth2-bearer=t"],
                 ["--token-command=echo t"], ["--expand-user={{}}:x"],
                 ["-H", "Authorization: Bearer t"], ["-H", "X-Api-Key: t"],
                 ["-H", "@" + temp_file(b"Cookie: sid=1\n")],
                 ["--expand-header=X-Token: {{}}"],
                 ["--setopt=USERPWD=me:pass"], ["--setopt=curlopt_cookie=a=b"],
                 ["--setopt=XOAUTH2_BEARER=t"],
                 ["--setopt=USERNAME=me", "--setopt=PASSWORD=pass"],
                 ["--netrc-file=" + temp_file(b"default login a password b")],
                 ["--setopt=SSLCERT=me.pem"], ["--setopt=TLSAUTH_USERNAME=me"],
                 ["-u", "k:s", "--aws-sigv4=aws:amz:us-east-1:s3"]):
        result, proxy = proxied(["-a", *args], "1\n2\n")
        if "TLSAUTH_USERNAME is not supported" in result.text:
            continue  # by a libcurl without TLS-SRP, as Debian sid's is
        equal((result.status, proxy.lines), (1, []), repr((args, result)))
        equal([r["error"]["kind"] for r in result.records], ["input"] * 2)
        matches("is not sent to the public demonstration API",
                result.records[0]["error"]["message"])
        # A list of URLs says itself where it goes.
        result, proxy = proxied(args, "https://127.0.0.1:9/x\n")
        equal(proxy.lines[0].split(" HTTP/")[0], "CONNECT 127.0.0.1:9")
    certificate = authority().issue("client")
    result, proxy = proxied(["-E", certificate.cert, "--key", certificate.key],
                            "1\n")
    equal((result.status, proxy.lines), (1, []), repr(result))
    for header in "X-Client: me", "Authorization:", "Cookie: ", "X-Token;":
        for option in "-H", "--expand-header":
            result, proxy = proxied([option, header], "1\n")
            equal(proxy.lines[0].split(" HTTP/")[0],
                  "CONNECT %s:443" % PUBLIC, header)
    result, proxy = proxied(["--setopt=TCP_NODELAY=1"], "1\n")
    equal(proxy.lines[0].split(" HTTP/")[0], "CONNECT %s:443" % PUBLIC)
    # Nor is a line that is no ID told of it.
    result, proxy = proxied(["-a", "-k", "-u", "me:pass", "--id-range=1-10"],
                            "5\n77\nabc\n")
    equal(proxy.lines, [])
    equal([r["error"]["message"].split(":")[0] for r in result.records],
          ["no TEMPLATE and no FETCHPOOL_URL"] +
          ["not a whole number from 1 to 10"] * 2)
    # This -u is that of another program, where it takes a URL.
    result = fetchpool(["-u", "http://h/{}"], input="1\n")
    equal((result.status, result.out), (2, b""))


@test("in a list whose first line is a URL, a line that is none fails")
def _():
    server = faults()
    good = server.url + "/ok"
    result = fetchpool(["-k", "-a"], input="\n%s\n2\nwww.example.com\n%s\n" % (
        good, good))
    equal([(r.get("error") or {}).get("kind") for r in result.records],
          [None, "input", "input", None])
    equal(server.targets, ["/ok", "/ok"])
    # Where somebody has said what IDs are for, the two may be mixed.
    result = fetchpool(["-k", "-a"], input="%s\n2\n3\n" % good,
                       env={"FETCHPOOL_URL": server.url + "/posts/{}"})
    equal(result.status, 0)


@test("--default-scheme makes URLs of hosts, and of nothing else")
def _():
    server = faults()
    host = server.url[len("http://"):]
    lines = [host + "/ok", "//" + host + "/ok", server.url + "/ok",
             "mailto:a@b.example", "tel:123", "7", "///x", "#x"]
    result = fetchpool(["-k", "-a", "--default-scheme=http"],
                       input="\n".join(lines))
    equal([(r.get("error") or {}).get("kind") for r in result.records],
          [None] * 3 + ["input"] * 5)
    equal([r["url"] for r in result.records[:3]], [server.url + "/ok"] * 3)
    equal(server.targets, ["/ok"] * 3)


@test("what is not there is no part of the path, unless --allow-empty")
def _():
    server = faults()
    items = ['{"id":1}', '{"id":null}', '{"Id":2}', "{}", '{"id":""}',
             '{"id":[]}']
    args = ["-j1", "-k", "-a", "--input-format=json", "-X", "DELETE"]
    result = fetchpool(args + [server.url + "/posts/{id}"],
                       input="\n".join(items))
    equal([(r.get("error") or {}).get("kind") for r in result.records],
          [None] + ["input"] * 5)
    for record in result.records[1:]:
        matches(r"\{id\}", record["error"]["message"])
    equal(server.targets, ["/posts/1"])
    result = fetchpool(args + ["--allow-empty", server.url + "/posts/{id}"],
                       input="\n".join(items))
    equal(server.targets[1:], ["/posts/1"] + ["/posts/"] * 5)
    server.log.clear()
    result = fetchpool(["-k", "-a", "-C,", server.url + "/posts/{1}"],
                       input="7,a\n,b\n")
    equal([(r.get("error") or {}).get("kind") for r in result.records],
          [None, "input"])
    server.log.clear()
    result = fetchpool(args + [server.url + "/posts/{id}{?q,page}"],
                       input='{"id":1}\n{"id":2,"q":""}\n{"q":3}')
    equal(server.targets, ["/posts/1", "/posts/2?q="])


@test("lines that look as if they had been changed are told of, once each")
def _():
    server = faults()
    lines = ["1e+06", "2e+06", "1.0", '"1"', "1 ", "5\u200b", "\\N", "ok"]
    result = fetchpool([server.url + "/ok?{}"], input="\n".join(lines))
    equal(result.status, 0)
    equal(len(result.text.splitlines()), 6)
    matches(r"'1e\+06' looks like a number rounded by awk", result.text)
    result = fetchpool([server.url + "/ok?{}"], input="id\n1\nid\n")
    equal(len(result.text.splitlines()), 1)
    matches("column heading", result.text)
    result = fetchpool(["--input-format=json", server.url + "/ok?{a}"],
                       input='[\n{"a":1},\n{"a":2}\n]\n')
    equal(sum("jq -c '.[]'" in line for line in result.text.splitlines()), 1)
    result = fetchpool(["--input-format=json", server.url + "/ok?{a}"],
                       input='{\n"a":1\n}\n')
    matches(r"jq -c \. writes each on one line", result.text)
    result = fetchpool([], input="a 1\n".replace("a 1", server.url + "/ok"))
    equal(result.err, b"")


@test("what looks changed, and what does not")
def _():
    for what, lines in (
            ("rounded by awk", ["1e+06", "1E6", "1.5e3", "2.14748e+09"]),
            ("decimal point", ["1.0", "17.000"]),
            ("in quotes", ["'1'", '"1"', "\u201c1\u201d", "\u20181\u2019"]),
            ("white space", [" 1", "1 "]),
            ("no-break or zero-width", ["1\u00a0", "\u200b1", "1\u3000", "\u200e1",
                                        "1\u202f000", "so\u00adft"]),
            ("missing value", ["\\N", "null", "NaN", "#N/A", "(null)", "NaT"]),
            ("column heading", ["id", "user_id", "post id", "userId", "Email",
                                "User-ID"])):
        for line in lines:
            result = fetchpool(["--dry-run", "http://127.0.0.1:1/{}"],
                               input=line + "\n")
            equal(result.text.count("(reported once)"), 1, repr((line, result)))
            matches(what, result.text)
    result = fetchpool(["--dry-run", "http://127.0.0.1:1/{}"],
                       input='{"id":1,"token":"xyzzy"}\n{"id":2}\n')
    notes = [line for line in result.text.splitlines()
             if "reported once" in line]
    equal(len(notes), 1, repr(result))
    matches(r"is a JSON object, .*--input-format json", notes[0])
    check("xyzzy" not in notes[0], notes[0])
    # In a body, all of this may be meant.
    for line in ('{"id":1}', '"1"', "1.0", "1e+06"):
        result = fetchpool(["--dry-run", "--expand-data", "{{}}",
                            "http://127.0.0.1:1/"], input=line + "\n")
        check("reported once" not in result.text, repr(result))
    for line in ("1", "007", "a", "caf\u00e9", "1.5", "e5", "1e", "valid", "Candid",
                 "nullable", "ID7", "\u65e5\u672c", "it's", "x-1"):
        result = fetchpool(["--dry-run", "http://127.0.0.1:1/{}"],
                           input=line + "\n")
        equal(result.text.count("(reported once)"), 0, repr((line, result)))


@test("the default template is announced, in one line, once")
def _():
    result, proxy = proxied(["-j4"], "1\n2\n3\n")
    equal(len(proxy.lines), 3)
    lines = [line for line in result.text.splitlines()
             if "https://%s/posts/{}" % PUBLIC in line]
    equal(len(lines), 1, "announcements")
    matches("^fetchpool: ", lines[0])
    equal(result.text.splitlines()[0], lines[0], "the first line")


@test("the default template is not announced when it is not used")
def _():
    server = faults()
    result = fetchpool([], input=server.url + "/ok\n")
    equal(result.err, b"")
    result = fetchpool([server.url + "/posts/{}"], input="1\n")
    equal(result.err, b"")
    result = fetchpool([], input="1\n",
                       env={"FETCHPOOL_URL": server.url + "/posts/{}"})
    equal(result.err, b"")
    result = fetchpool([], input="")
    equal(result.err, b"")


@test("a TEMPLATE goes before FETCHPOOL_URL")
def _():
    server = faults()
    result = fetchpool([server.url + "/posts/{}"], input="1\n",
                       env={"FETCHPOOL_URL": "http://127.0.0.1:1/{}"})
    equal(result.status, 0)
    equal(server.targets, ["/posts/1"])


@test("proxies of the environment are used for plain http too")
def _():
    proxy = Proxy()
    result = fetchpool([], input="http://127.0.0.1:9/x\n",
                       env={"http_proxy": proxy.url})
    equal([line.split(" HTTP/")[0] for line in proxy.lines],
          ["GET http://127.0.0.1:9/x"])
    equal(result.status, 1)
    server = faults()
    result = fetchpool([], input=server.url + "/ok\n", env={
        "http_proxy": proxy.url, "no_proxy": "127.0.0.1"})
    equal(result.status, 0)


@test("a terminal as standard input: one line of help, then it waits")
def _():
    server = faults()
    master, slave = terminal()
    program = Program([server.url + "/posts/{}"], stdin=slave)
    os.close(slave)
    try:
        until(lambda: program.err.count(b"\n"), "the line of help")
        check(program.ended() is None, "it did not wait")
        os.write(master, b"1\n")
        equal(program.lines(1)[0]["input"], "1")
        os.write(master, b"2\n")
        equal(program.lines(2)[1]["input"], "2")
        os.write(master, b"\x04")
        result = program.wait()
    finally:
        os.close(master)
    equal(result.status, 0)
    equal(result.text.count("\n"), 1, "lines on standard error")
    matches("^fetchpool: ", result.text)


@test("a terminal that hangs up is no more than the end of input")
def _():
    server = faults()
    master, slave = terminal()
    program = Program([server.url + "/posts/{}"], stdin=slave)
    os.close(slave)
    os.write(master, b"1\n")
    program.has_lines(1)
    os.close(master)
    check(program.wait().status in (0, 3), "status")


@test("no line of help when standard input is no terminal")
def _():
    server = faults()
    program = Program([server.url + "/posts/{}"], stdin="pipe")
    program.write("1\n")
    program.has_lines(1)
    program.close_stdin()
    equal(program.wait().err, b"")


if __name__ == "__main__":
    main()
