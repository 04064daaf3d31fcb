#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
--token-command: an access token for all requests, got once for all of them,
and got again when it expires or is refused.
"""
import collections
import json
import fcntl
import os
import signal
import subprocess
import sys
import urllib.request

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import FASTAPI, Program, fetchpool, modules, records_of, tool
from tap import (TOP, check, contents, equal, main, temp_dir, temp_file,
                 test, until)
from tokenserver import Tokens
from webserver import redirect, web

FIELDS = "--fields=seq,status,attempts"


def client(server):
    """Client credentials, as the manual has it."""
    return "%s -sS -d grant_type=client_credentials %s/token" % (
        tool("curl"), server.url)


def run(server, n, *args, path="/api/%d", command=None, all=True, **more):
    return fetchpool([*["-a"][:all], "--token-command", command or client(server),
                      "--retry-delay=1ms", *args],
                     input="".join(server.url + path % i + "\n"
                                   for i in range(1, n + 1)), **more)


def succeeds(result, n):
    equal(result.status, 0, repr(result))
    equal(len(result.records), n)
    equal([r for r in result.records if r["status"] != 200 or
           r["attempts"] != 1], [], repr(result))


def asked(server):
    """Values of Authorization."""
    return [r.header("Authorization") for r in server.log]


class FastApi:
    """The server of fastapitokens.py, if Python has what it needs."""

    def __init__(self, life):
        modules(*FASTAPI)
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(TOP, "tests", "servers",
                                          "fastapitokens.py"), str(life)],
            stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        self.command = "%s -sS -u reports:s3cret -d " \
            "grant_type=client_credentials %s/token" % (tool("curl"), self.url)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def seen(self):
        with urllib.request.urlopen(self.url + "/seen") as answer:
            return json.load(answer)


# ---- what is sent ----

@test("a token alone, and that of a reply")
def _():
    for output in ("tok3n", "tok3n\\n", '{"access_token":"tok3n"}',
                   '{"token_type":"bearer","expires_in":3600,'
                   '"access_token":"tok3n"}\\n'):
        server = web()
        result = run(server, 2, path="/ok?%d",
                     command="printf '%s'" % output.replace("%", "%%"))
        succeeds(result, 2)
        equal(asked(server), ["Bearer tok3n"] * 2)


@test("it is asked for once for all that there is")
def _():
    with Tokens() as server:
        succeeds(run(server, 200, "-j50"), 200)
        equal((server.issued, len(server.taken), server.refused),
              (1, 200, 0))


@test("without items no token is asked for, nor in a dry run")
def _():
    path = os.path.join(temp_dir(), "ran")
    command = "echo x >> '%s'; echo tok3n" % path
    equal(fetchpool(["--token-command", command], input="").status, 0)
    result = fetchpool(["--token-command", command, "--dry-run=full"],
                       input="http://a.test/\n")
    check(b'"Authorization":["***"]' in result.out, repr(result))
    check(not os.path.exists(path), "the command was run")


@test("what has a login or an Authorization of its own is sent with that")
def _():
    server = web()
    url = server.url.replace("//", "//u:p@") + "/ok"
    result = fetchpool(
        ["-ak", "-j1", "--token-command", "echo tok3n",
         "--input-format=json"], input=(
             '{"url":"%s"}\n{"url":"%s/ok","headers":{"authorization":"A b"}}\n'
             '{"url":"%s/ok"}\n{"url":"%s"}\n' % (
                 url, server.url, server.url, url)))
    equal(result.status, 0, repr(result))
    equal(asked(server), ["Basic dTpw", "A b", "Bearer tok3n", "Basic dTpw"])


@test("another origin gets none, but with --location-trusted")
def _():
    for args, sent in ([], None), (["--location-trusted"], "Bearer tok3n"):
        server = web()
        far = "http://localhost:%d" % server.port
        server.on("/go", lambda conn, request: redirect(
            conn, 302, far.encode() + b"/back"))
        server.on("/back", lambda conn, request: redirect(
            conn, 302, server.url.encode() + b"/ok"))
        result = run(server, 2, *args, "-j1", path="/go?%d",
                     command="echo tok3n")
        equal(result.status, 0, repr(result))
        equal([(r.path, r.header("Authorization")) for r in sorted(
            server.log, key=lambda r: r.path)],
            [("/back", sent)] * 2 + [("/go", "Bearer tok3n")] * 2 +
            [("/ok", sent)] * 2)


@test("a 401 of another origin is a failure like any other")
def _():
    server = web()
    far = "http://localhost:%d/no" % server.port
    server.on("/go", lambda conn, request: redirect(conn, 302, far.encode()))
    server.on("/no", lambda conn, request: conn.answer(b"", status=401))
    result = run(server, 1, path="/go?%d", command="echo tok3n")
    equal((result.status, result.records[0]["status"]), (1, 401),
          repr(result))
    equal(len(server.log), 2)


# ---- a new one ----

@test("a token that is revoked: all goes on with the next, at no cost")
def _():
    for args in [], ["-k"], ["-r", "1000/s"], ["-X", "POST"], ["-d", "x"]:
        # So many uses that none is refused twice in a row, however late
        # the server gets to it: that would be a refusal of its own.
        with Tokens(uses=60) as server:
            result = run(server, 180, "-j5", "--retry=1", *args)
            succeeds(result, 180)
            equal(len(server.taken), 180)
            equal(len(set(server.taken)), 180)
            check(server.issued >= 3 and server.issued <= 10,
                  "%d tokens" % server.issued)


@test("while it is asked for, nothing goes out with the old one")
def _():
    with Tokens() as server:
        server.on("/token", lambda conn, request: (
            server.issued == 0 or server.hold("token")) and
            server.give(conn, request))
        run_ = Program(["-a", "-j10", "--token-command", client(server)],
                       stdin="pipe")
        run_.write(server.url + "/api/1\n")
        run_.lines(1)
        server.revoke()
        run_.write("".join(server.url + "/api/%d\n" % i
                           for i in range(2, 102)))
        server.wait(lambda: server.refused > 0 and
                    len([r for r in server.log if r.path == "/token"]) == 2 and
                    server.outstanding == 1, "the second token")
        run_.settled()
        before = len(server.log)
        check(server.refused <= 10, "%d were refused" % server.refused)
        run_.settled()
        equal(len(server.log), before)
        server.open("token")
        run_.close_stdin()
        result = run_.wait()
        succeeds(result, 101)
        equal((server.issued, len(server.taken)), (2, 101))


@test("before it expires there is a new one")
def _():
    with Tokens(expires_in=1) as server:
        succeeds(run(server, 30, "-r", "20/s", "--pace"), 30)
        check(server.issued >= 2, "%d tokens" % server.issued)
        equal(server.refused, 0)


@test("tokens that live for a second: all succeed")
def _():
    with Tokens(life=1, expires_in=1) as server:
        succeeds(run(server, 40, "-r", "20/s", "--pace", "-X", "POST"), 40)
        equal((len(server.taken), len(set(server.taken))), (40, 40))
        check(server.issued >= 2, "%d tokens" % server.issued)


@test("FastAPI's tokens of two seconds: each item once, none refused for good")
def _():
    with FastApi(2) as server:
        result = run(server, 120, "-r", "20/s", "--pace",
                     path="/items/%d", command=server.command, timeout=60)
        succeeds(result, 120)
        seen = server.seen()
        equal(sorted(seen["items"]), list(range(1, 121)))
        check(3 <= seen["tokens"] <= 20, "%d tokens" % seen["tokens"])


@test("FastAPI's tokens: pages of chains, each once, also of one that is killed")
def _():
    with FastApi(1) as server:
        folder = temp_dir()
        input = temp_file("".join(server.url + "/pages/%d\n" % i
                                  for i in range(1, 11)))
        args = ["-i", input, "-o", folder + "/out", "-q", "--next", "link",
                "--journal", folder + "/journal", "--resume", "-r", "20/s",
                "--pace", "--token-command", server.command]
        first = Program(args)
        until(lambda: len(server.seen()["items"]) > 20, "pages", 30)
        first.kill(signal.SIGKILL)
        first.wait()
        result = fetchpool(args, timeout=60)
        equal(result.status, 0, repr(result))
        equal(sorted((r["seq"], r["page"]) for r in
                     records_of(contents(folder + "/out"))),
              [(n, page) for n in range(1, 11) for page in range(1, 7)])


def chains(uses, n_pages=8):
    """Tokens that are each good for so many requests, and /pages/N: chains.
    A command that was left behind by a run that was killed may get another one
    at any time, which must not end that of the next run."""
    server = Tokens()
    used = collections.Counter()

    def answer(conn, request):
        page = int(request.param("page", b"1"))
        with server.changed:
            token = request.header("Authorization")
            good = used[token] < uses
            used[token] += 1
            if good:
                server.taken.append((request.path, page))
            else:
                server.refused += 1
        if not good:
            conn.answer(b"{}", b"application/json", 401)
            return
        more = b"Link: <?page=%d>; rel=next\r\n" % (page + 1)
        conn.answer(b"[%d]" % page, b"application/json",
                    headers=more if page < n_pages else b"")

    server.reset()
    server.own["/pages/"] = answer
    return server


@test("a token that expires in the middle of a chain: its pages go on")
def _():
    for args in [], ["-k"], ["-X", "POST"]:
        with chains(uses=13) as server:
            result = run(server, 6, "-j1", "--next", "link", *args,
                         path="/pages/%d")
            succeeds(result, 48)
            equal(sorted(server.taken), sorted(
                ("/pages/%d" % i, page) for i in range(1, 7)
                for page in range(1, 9)))
            check(server.issued >= 4 and server.refused >= 3, "%d tokens, %d "
                  "refused" % (server.issued, server.refused))
            pages = [(r["seq"], r["page"]) for r in result.records]
            equal(pages if args == ["-k"] else sorted(pages),
                  [(i, page) for i in range(1, 7) for page in range(1, 9)])


def is_free(path):
    """A child that was just being made holds the lock until it is sh."""
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@test("a chain that is killed while its token expires goes on at its page")
def _():
    with chains(uses=11, n_pages=40) as server:
        folder = temp_dir()
        args = ["--token-command", client(server), "--next", "link", "-j2",
                "-o", folder + "/out", "--journal", folder + "/journal",
                "--resume", "-q", "-i", temp_file("".join(
                    server.url + "/pages/%d\n" % i for i in range(1, 5)))]
        for n in 25, 60, 95:
            first = Program(args)
            until(lambda: len(server.taken) >= n, "pages")
            first.kill(signal.SIGKILL)
            first.wait()
            until(lambda: is_free(folder + "/journal"), "the journal's lock")
        result = fetchpool(args)
        equal(result.status, 0, repr(result))
        equal(sorted((r["seq"], r["page"]) for r in
                     records_of(contents(folder + "/out"))),
              [(n, page) for n in range(1, 5) for page in range(1, 41)])


@test("what is refused to one item alone fails that item")
def _():
    with Tokens() as server:
        server.on("/api/7", lambda conn, request: conn.answer(
            b"not yours", status=401))
        result = run(server, 20, "-j1", "-k")
        equal(result.status, 1, repr(result))
        equal([r["status"] for r in result.records],
              [200] * 6 + [401] + [200] * 13)
        equal(result.records[6]["body"], "not yours")
        equal(result.records[6]["attempts"], 1)
        equal(server.issued, 2)
    with Tokens() as server:
        server.on("/api/3", lambda conn, request: conn.answer(
            b"not yours", status=401))
        result = run(server, 3, "-j1", "-k")
        equal((result.status, result.records[2]["status"], server.issued),
              (1, 401, 2), repr(result))


@test("a token that no server takes ends the run, with what was said")
def _():
    for retry, n in (0, 2), (2, 4):
        with Tokens() as server:
            server.on("/api/", lambda conn, request: conn.answer(
                b"", status=401))
            failed = temp_file("")
            result = run(server, 5, "-j1", "--retry=%d" % retry, "--failed",
                         failed, command="echo 'for client 7' >&2; " +
                         client(server))
            equal(result.status, 3, repr(result))
            equal(server.issued, n)
            check("401" in result.text and "for client 7" in result.text,
                  repr(result))
            equal(contents(failed).count(b"\n"), 5)


# ---- the command ----

@test("a command that fails is run again, and then succeeds")
def _():
    folder = temp_dir()
    command = ("cd '%s'; echo x >> n; [ $(wc -l < n) -ge 3 ] || exit 1; "
               "echo tok3n" % folder)
    server = web()
    succeeds(run(server, 3, "--retry=2", path="/ok?%d", command=command), 3)
    equal(contents(folder + "/n").count(b"\n"), 3)
    os.unlink(folder + "/n")
    result = run(server, 3, "--retry=1", path="/ok?%d", command=command)
    equal(result.status, 3, repr(result))
    equal(contents(folder + "/n").count(b"\n"), 2)


@test("what a command can do wrong: the run ends with exit status 3")
def _():
    for command, words in (
            ("echo no entry >&2; exit 7", ("exit status 7", "no entry")),
            ("echo one >&2; echo >&2; echo two >&2; exit 1", ("one / two",)),
            ("true", ("the command printed nothing",)),
            ("echo", ("the command printed nothing",)),
            ("printf 'a\\nb\\n'", ("more than one line",)),
            ("echo a b", ("an invalid character",)),
            ("echo Bearer abc", ("without \"Bearer\"",)),
            ("echo '{'", ("not valid JSON",)),
            ("echo '{\"error\":\"invalid_client\"}'", ("invalid_client",)),
            ("echo tok3n; kill -9 $$", ("signal 9",)),
            ("no-such-command-7", ("exit status 127",)),
            ("yes", ("more than 1 MiB",)),
            ("sleep 600", ("timed out after 0.2 s",)),
            ("sleep 600 & sleep 600", ("timed out after 0.2 s",))):
        server = web()
        args = ["--token-timeout=200ms"] if "sleep" in command else []
        result = run(server, 3, "--retry=0", *args, path="/ok?%d",
                     command=command, all=False)
        equal((result.status, result.out), (3, b""), repr(result))
        for word in words:
            check(word in result.text, "no %r in %r" % (word, result))
        equal(server.log, [])


@test("what it leaves behind is not waited for")
def _():
    server = web()
    result = run(server, 1, path="/ok?%d", timeout=30,
                 command="sleep 600 & echo tok3n")
    succeeds(result, 1)


def hanging(*args):
    """A run whose command hangs; and the number of its process."""
    path = os.path.join(temp_dir(), "pid")
    server = web()
    run_ = Program(["--token-command",
                    "echo $$ > '%s.tmp'; mv '%s.tmp' '%s'; sleep 600" % (
                        path, path, path), *args],
                   stdin=server.url + "/ok\n")
    until(lambda: os.path.exists(path), "the command")
    return run_, int(contents(path)), server


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@test("a signal or the deadline while it runs: both end")
def _():
    for number in signal.SIGTERM, signal.SIGHUP:
        run_, pid, server = hanging()
        run_.kill(number)
        equal(run_.wait().status, -number)
        until(lambda: is_gone(pid), "the command's end")
        equal(server.log, [])
    run_, pid, server = hanging("--deadline=100ms", "--grace=0")
    result = run_.wait()
    equal(result.status, 4, repr(result))
    until(lambda: is_gone(pid), "the command's end")


@test("it reads nothing of ours, and no signal is kept from it")
def _():
    server = web()
    result = run(server, 3, path="/ok?%d", command=(
        "cat > /dev/null; trap 'echo tok3n' TERM; kill -TERM $$"))
    succeeds(result, 3)
    equal(asked(server), ["Bearer tok3n"] * 3)


# ---- secrets ----

@test("no token is in the output, the trace, the journal or the statistics")
def _():
    folder = temp_dir()
    with Tokens(uses=3) as server:
        result = run(server, 10, "-j1", "-o", folder + "/out", "--journal",
                     folder + "/journal", "--trace", folder + "/trace",
                     "--stats", folder + "/stats", "--summary",
                     "--fields=+headers,method,tries")
        equal(result.status, 0, repr(result))
    files = sorted(os.listdir(folder))
    equal(files, ["journal", "out", "stats", "trace"])
    for data in [contents(folder + "/" + name) for name in files] + \
            [result.out, result.err]:
        check(b"c4naRy" not in data, repr(data[:2000]))


@test("nor in the list of processes")
def _():
    with Tokens() as server:
        server.on("/api/1", lambda conn, request: server.hold("x") and
                  server.api(conn, request))
        run_ = Program(["--token-command", client(server)],
                       stdin=server.url + "/api/1")
        server.wait(lambda: server.issued == 1 and server.outstanding == 1 and
                    server.log[-1].path == "/api/1", "the request")
        for name in "cmdline", "environ":
            check(b"c4naRy" not in contents("/proc/%d/%s" % (run_.pid, name)),
                  name)
        server.open("x")
        equal(run_.wait().status, 0)


# ---- usage ----

@test("what cannot be with it is wrong usage")
def _():
    for args in (["-u", "a:b"], ["--oauth2-bearer", "t"],
                 ["--netrc-file", "/dev/null"], ["-n"],
                 ["--expand-user", "{{}}:x"],
                 ["-H", "Authorization: Bearer t"], ["-H", "authorization;"],
                 ["--setopt", "XOAUTH2_BEARER=t"],
                 ["--setopt", "HTTPAUTH=1"]):
        result = fetchpool(["--token-command", "echo tok3n", *args],
                           input="http://127.0.0.1:1/\n")
        equal((result.status, result.out), (2, b""), repr(result))
        check("one login" in result.text, repr(result))
    for args in (["--token-command", ""], ["--token-timeout", "1s"],
                 ["--token-command", "x", "--token-timeout", "soon"]):
        equal(fetchpool(args, input="").status, 2)


@test("--resume goes on with another command")
def _():
    folder = temp_dir()
    with Tokens() as server:
        for more in [], ["--resume"]:
            result = run(server, 3, "-o", folder + "/out", "--journal",
                         folder + "/journal", *more)
            equal(result.status, 0, repr(result))
            equal(contents(folder + "/out").count(b"\n"), 3)


if __name__ == "__main__":
    main()
