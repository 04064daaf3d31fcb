#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
--etags: from one run to the next, only what has changed is fetched; and no end
of a run hides a change from the next.
"""
import gzip
import os
import random
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program, fetchpool, tool
from servers import Nginx, free_port
from tap import (check, contents, equal, main, skip, started, temp_dir,
                 temp_file, test, until)
from webserver import redirect, web

OLD = b"Sun, 06 Nov 1994 08:49:37 GMT"
LATER = b"Sun, 06 Nov 1994 08:49:38 GMT"


class Pages:
    """Documents, each with its present version; /p/N is the N-th."""

    def __init__(self, server, tag=b'"%d"', more=b""):
        self.server, self.tag, self.more = server, tag, more
        self.versions = {}
        server.on("/p/", self)

    def __call__(self, conn, request):
        version = self.versions.get(request.path, 1)
        tag = self.tag % version
        if tag.decode() in (request.header("If-None-Match") or "").split(", "):
            conn.send(b"HTTP/1.1 304 Not Modified\r\nETag: %s\r\n\r\n" % tag)
        else:
            conn.answer(b"version %d" % version, headers=b"ETag: %s\r\n%s" % (
                tag, self.more))

    def change(self, n):
        path = "/p/%d" % n
        self.versions[path] = self.versions.get(path, 1) + 1


def run(server, etags, n, *args, path="/p/%d", **more):
    server.log.clear()
    return fetchpool(["-a", "-k", "--etags", etags, *args],
                     input="".join(server.url + path % i + "\n"
                                   for i in range(1, n + 1)), **more)


def new_file():
    return os.path.join(temp_dir(), "etags")


def asked(server):
    return [r.header("If-None-Match") for r in server.log]


@test("the second run gets nothing but what has changed")
def _():
    server = web()
    pages, etags = Pages(server), new_file()
    result = run(server, etags, 5)
    equal([r["body"] for r in result.records], ["version 1"] * 5,
          repr(result))
    check("unchanged" not in result.records[0], repr(result))
    equal(asked(server), [None] * 5)
    pages.change(3)
    result = run(server, etags, 5)
    equal(result.status, 0, repr(result))
    equal([(r["status"], r["body"], r.get("unchanged"), r["size"])
           for r in result.records],
          [(304, None, True, 0)] * 2 + [(200, "version 2", None, 9)] +
          [(304, None, True, 0)] * 2)
    equal(asked(server), ['"1"'] * 5)
    result = run(server, etags, 6, "--fields=seq,unchanged,status")
    equal([r["unchanged"] for r in result.records], [True] * 5 + [False])
    equal(os.stat(etags).st_mode & 0o777, 0o600)


@test("--changed-only, and formats without records, leave the others out")
def _():
    server = web()
    pages, etags = Pages(server), new_file()
    run(server, etags, 4)
    for args in ["--changed-only"], ["-f", "body", "-B", "text"]:
        pages.change(2)
        result = run(server, etags, 4, *args)
        equal((result.status, len(result.records)), (0, 1), repr(result))
    equal(run(server, etags, 4, "--changed-only").out, b"")


@test("Last-Modified alone: only one that tells by itself")
def _():
    for date, sent in (LATER, OLD.decode()), (OLD, None), (b"x", None):
        server = web()

        def dated(conn, request):
            if request.header("If-Modified-Since") == OLD.decode():
                conn.send(b"HTTP/1.1 304 Not Modified\r\n\r\n")
            else:
                conn.answer(b"text", headers=b"Date: %s\r\n"
                            b"Last-Modified: %s\r\n" % (date, OLD))

        server.on("/p/1", dated)
        etags = new_file()
        run(server, etags, 1)
        result = run(server, etags, 1)
        equal(server.only().header("If-Modified-Since"), sent, repr(date))
        equal(result.records[0]["status"], 304 if sent else 200)


@test("nor does a tag that is made of such a time tell, as nginx's is")
def _():
    with Nginx() as nginx:
        path = os.path.join(nginx.dir, "twice.txt")
        for ahead, bodies in (3600, ["one", "two"]), (-3600, ["one", None]):
            etags, when, seen = new_file(), int(time.time()) + ahead, []
            for text in "one", "two":
                with open(path, "w") as file:
                    file.write(text)
                os.utime(path, (when, when))
                result = fetchpool(["--etags", etags],
                                   input=nginx.url + "/twice.txt\n")
                seen.append(result.records[0]["body"])
            equal(seen, bodies)


@test("both are sent, weak tags and strong; what is no tag is not kept")
def _():
    for tag, sent in ((b'W/"%d"', 'W/"1"'), (b'"%d,x"', '"1,x"'),
                      (b"%d", None), (b'"%d', None), (b'w/"%d"', None)):
        server = web()
        Pages(server, tag, b"Last-Modified: %s\r\n" % OLD)
        etags = new_file()
        run(server, etags, 1)
        run(server, etags, 1)
        equal(asked(server), [sent], repr(tag))
        if sent:
            equal(server.only().header("If-Modified-Since"), OLD.decode())


@test("a tag that is gone is forgotten")
def _():
    server = web()
    etags = new_file()
    Pages(server)
    run(server, etags, 1)
    server.on("/p/", lambda conn, request: conn.answer(b"no tag"))
    run(server, etags, 1)
    equal(asked(server), ['"1"'])
    run(server, etags, 1)
    equal(asked(server), [None])


@test("they are asked for where they came from, and nowhere else")
def _():
    server = web()
    far = "http://localhost:%d" % server.port
    Pages(server)
    server.on("/go", lambda conn, request: redirect(
        conn, 302, far.encode() + b"/p/1"))
    etags = new_file()
    for status, tag in (200, None), (304, '"1"'):
        result = run(server, etags, 1, path="/go?%d")
        equal(result.records[0]["status"], status, repr(result))
        equal(asked(server), [None, tag])
    server.on("/go", lambda conn, request: redirect(conn, 302, b"/p/1"))
    run(server, etags, 1, path="/go?%d")
    equal(asked(server), [None, None])


@test("another representation is another request")
def _():
    server = web()
    Pages(server)
    etags = new_file()
    run(server, etags, 1)
    for args, tag in ((["-H", "Accept-Language: de"], None), ([], '"1"'),
                      (["-H", "Accept-Language: de"], '"1"'),
                      (["-H", "Authorization: a b"], '"1"')):
        run(server, etags, 1, *args)
        equal(asked(server), [tag], repr(args))


@test("a failure neither keeps nor forgets; nor does what is no plain GET")
def _():
    server = web()
    Pages(server)
    etags = new_file()
    server.on("/p/2", lambda conn, request: conn.answer(
        b"", status=500, headers=b'ETag: "e"\r\n'))
    run(server, etags, 2)
    before = contents(etags)
    run(server, etags, 2)
    equal(sorted(map(str, asked(server))), ['"1"', "None"])
    equal(contents(etags), before)
    fetchpool(["--etags", etags, "--input-format=json"], input=(
        '{"url":"%s/p/1","method":"PUT"}\n{"url":"%s/p/1","body":"x"}\n'
        '{"url":"%s/p/1","headers":{"If-None-Match":"\\"x\\""}}\n' % (
            (server.url,) * 3)))
    equal(sorted(map(str, asked(server)[2:])), ['"x"', "None", "None"])


@test("a 304 that nobody asked for is a failure")
def _():
    server = web()
    server.on("/p/1", lambda conn, request: conn.send(
        b"HTTP/1.1 304 Not Modified\r\n\r\n"))
    result = run(server, new_file(), 1)
    equal(result.records[0]["error"]["kind"], "http", repr(result))


@test("-D: the file stays; it has the server's time; a lost one comes again")
def _():
    server = web()
    pages = Pages(server, more=b"Last-Modified: %s\r\n" % OLD)
    etags, folder = new_file(), temp_dir()
    args = ["-D", folder, "--overwrite", "--output-name", "{}"]

    def again(*more):
        server.log.clear()
        return fetchpool(["-ak", "--etags", etags, *args, *more,
                          server.url + "/p/{}"], input="1\n2\n")

    again()
    equal(os.stat(folder + "/1").st_mtime, 784111777)
    inode = os.stat(folder + "/1").st_ino
    pages.change(2)
    result = again()
    equal([(r["status"], r["file"], r.get("unchanged"))
           for r in result.records],
          [(304, folder + "/1", True), (200, folder + "/2", None)],
          repr(result))
    equal((os.stat(folder + "/1").st_ino, os.stat(folder + "/1").st_mtime),
          (inode, 784111777))
    equal(contents(folder + "/2"), b"version 2")
    os.unlink(folder + "/1")
    result = again()
    equal([r["status"] for r in result.records], [200, 304])
    equal(contents(folder + "/1"), b"version 1")
    for args in (["-D", folder], ["-D", folder, "--overwrite"],
                 ["-D", folder, "--output-name", "{}"]):
        equal(again().status, 2)


# ---- the file ----

@test("no two runs have it at once")
def _():
    server = web()
    Pages(server)
    etags = new_file()
    first = Program(["--etags", etags], stdin="pipe")
    until(lambda: os.path.exists(etags), "the file")
    result = run(server, etags, 1)
    equal((result.status, server.log), (3, []), repr(result))
    check("in use by another run" in result.text, repr(result))
    first.close_stdin()
    first.wait()
    equal(run(server, etags, 1).status, 0)


@test("what is damaged or cut counts for nothing; another file is refused")
def _():
    server = web()
    Pages(server)
    etags = new_file()
    run(server, etags, 5)
    whole = contents(etags)
    lines = whole.split(b"\n")
    cut = whole[:-7]
    odd = b"\n".join(lines[:2] + [lines[2].replace(b'"1"', b'"2"')] +
                     lines[3:])
    for data, n in (cut, 4), (odd, 4), (whole + b"junk", 5), (
            whole + b"junk\n\0\n", 5), (lines[0] + b"\n", 0), (b"", 0):
        with open(etags, "wb") as file:
            file.write(data)
        run(server, etags, 5)
        equal(len([tag for tag in asked(server) if tag]), n, repr(data))
        equal(len(run(server, etags, 5, "--changed-only").records), 0)
    other = temp_file("a list of mine\n")
    result = run(server, other, 1)
    equal((result.status, contents(other)), (2, b"a list of mine\n"))
    result = run(server, temp_dir() + "/no/etags", 1)
    equal(result.status, 3, repr(result))


@test("it does not grow for ever")
def _():
    server = web()
    pages = Pages(server, more=b"X: %s\r\n" % (b"x" * 10))
    etags = new_file()
    for _ in range(12):
        for i in range(1, 101):
            pages.change(i)
        equal(run(server, etags, 100, "-q").status, 0)
    check(os.stat(etags).st_size < 200000, "%d" % os.stat(etags).st_size)
    run(server, etags, 100)
    equal(set(asked(server)), {'"13"'})


@test("whatever ends a run: in the end every change was written once at least")
def _():
    server = web()
    pages = Pages(server)
    folder = temp_dir()
    etags, out = folder + "/etags", folder + "/out"
    journal = folder + "/journal"
    rng = random.Random(7)
    for round in range(6):
        n = 200
        for i in range(1, n + 1):
            pages.change(i)
        version = round + 2
        if os.path.exists(journal):
            os.unlink(journal)
        lines = "".join("%s/p/%d\n" % (server.url, i)
                        for i in range(1, n + 1))
        args = ["--etags", etags, "-o", out, "--journal", journal, "-j4",
                *(["--sync"] if round % 2 else [])]
        run_ = Program([*args, "-r", "2000/s"], stdin=lines)
        wanted = rng.randrange(1, n)
        server.log.clear()
        server.wait(lambda: len(server.log) >= wanted or
                    run_.ended() is not None, "some requests")
        run_.kill(signal.SIGKILL)
        run_.proc.wait()
        result = fetchpool([*args, "--resume", "-r", "2000/s"], input=lines)
        equal(result.status, 0, repr(result))
        with open(out) as file:
            text = file.read()
        equal(text.count('"body":"version %d"' % version), n,
              "round %d" % round)
        equal(text.count("\n"), n)
        os.unlink(out)


@test("the same without a journal: what was not written is fetched again")
def _():
    server = web()
    pages = Pages(server)
    etags = new_file()
    run(server, etags, 100)
    for i in range(1, 101):
        pages.change(i)
    run_ = Program(["--etags", etags, "-j4", "--body=string"], read=False,
                   stdin="".join("%s/p/%d\n" % (server.url, i)
                                 for i in range(1, 101)))
    server.log.clear()
    server.wait(lambda: len(server.log) >= 50, "requests")
    run_.kill(signal.SIGKILL)
    run_.proc.wait()
    run_.read_now()
    until(lambda: not any(t.is_alive() for t in run_._readers), "its output")
    had = bytes(run_.out).count(b'"version 2"')
    result = run(server, etags, 100, "--changed-only")
    check(len(result.records) >= 100 - had, "%d and %d" % (
        had, len(result.records)))


# ---- servers that compress ----

@test("nginx makes tags weak when it compresses, and knows them again")
def _():
    with Nginx("gzip on; gzip_types text/plain; gzip_min_length 1;") as nginx:
        with open(nginx.dir + "/page.txt", "w") as file:
            file.write("text " * 1000)
        os.utime(nginx.dir + "/page.txt", (1e9, 1e9))
        etags = new_file()
        for status in 200, 304:
            result = fetchpool(["-a", "--etags", etags, "--fields=+headers"],
                               input=nginx.url + "/page.txt")
            record = result.records[0]
            equal(record["status"], status, repr(result))
            if status == 200:
                check(record["headers"]["etag"][0].startswith("W/"),
                      repr(record))
                equal(record["headers"]["content-encoding"], ["gzip"])


@test("a server that adds -gzip, and does not know that again, as Apache does")
def _():
    server = web()
    packed = gzip.compress(b"text " * 100)

    def deflate(conn, request):
        if '"abc"' in (request.header("If-None-Match") or "").split(", "):
            conn.send(b'HTTP/1.1 304 Not Modified\r\nETag: "abc"\r\n\r\n')
        else:
            conn.answer(packed, headers=b'ETag: "abc-gzip"\r\n'
                        b"Vary: Accept-Encoding\r\nContent-Encoding: gzip\r\n")

    server.on("/p/1", deflate)
    etags = new_file()
    for status in 200, 304, 304:
        result = run(server, etags, 1)
        equal(result.records[0]["status"], status, repr(result))


APACHE = """
ServerRoot {dir}
PidFile {dir}/pid
Listen 127.0.0.1:{port}
ServerName localhost
ErrorLog {dir}/error.log
{user}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule mime_module {modules}/mod_mime.so
LoadModule filter_module {modules}/mod_filter.so
LoadModule deflate_module {modules}/mod_deflate.so
TypesConfig /dev/null
AddType text/plain .txt
DocumentRoot {dir}/www
AddOutputFilterByType DEFLATE text/plain
"""
MODULES = "/usr/lib/apache2/modules"


class Apache:
    """Apache with mod_deflate, and /page.txt."""

    def __enter__(self):
        program = tool("apache2")
        if not os.path.exists(MODULES + "/mod_deflate.so"):
            skip("no mod_deflate")
        self.dir, self.port = temp_dir(), free_port()
        os.chmod(self.dir, 0o755)
        os.mkdir(self.dir + "/www")
        with open(self.dir + "/www/page.txt", "w") as file:
            file.write("text " * 1000)
        with open(self.dir + "/conf", "w") as file:
            file.write(APACHE.format(
                dir=self.dir, port=self.port, modules=MODULES,
                user="" if os.getuid() else "User nobody"))
        self.proc = subprocess.Popen(
            [program, "-f", self.dir + "/conf", "-DFOREGROUND"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        started.append(self)
        until(self._accepts, "Apache to listen")
        self.url = "http://127.0.0.1:%d" % self.port
        return self

    def _accepts(self):
        check(self.proc.poll() is None, "Apache ended")
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def __exit__(self, *exc):
        self.end()

    def end(self):
        if self.proc.poll() is None:
            self.proc.terminate()
            self.proc.wait()


@test("Apache itself: the page is compressed, and known again")
def _():
    with Apache() as apache:
        etags = new_file()
        for status in 200, 304, 304:
            result = fetchpool(["-a", "--etags", etags, "--fields=+headers"],
                               input=apache.url + "/page.txt")
            record = result.records[0]
            equal(record["status"], status, repr(result))
            if status == 200:
                check(record["headers"]["etag"][0].endswith('-gzip"'),
                      repr(record))


# ---- usage ----

@test("what cannot be with it is wrong usage")
def _():
    for args in (["-X", "PUT"], ["-I"], ["--check"], ["-d", "x"],
                 ["--json", "1"], ["--data-line"], ["--expand-data", "x"]):
        result = fetchpool(["--etags", new_file(), *args,
                            "http://127.0.0.1:1/{}"], input="1\n")
        equal((result.status, result.out), (2, b""), repr(result))
        check("only a GET" in result.text, repr(result))
    result = fetchpool(["--etags", new_file(), "--next", "link"], input="")
    equal(result.status, 2, repr(result))
    for args in ["--changed-only"], ["--etags", ""], ["--etags", "-"]:
        equal(fetchpool(args, input="").status, 2, repr(args))
    same = new_file()
    equal(fetchpool(["--etags", same, "-o", same], input="").status, 2)
    etags = new_file()
    fetchpool(["--etags", etags, "--dry-run"], input="http://a.test/\n")
    check(not os.path.exists(etags), "a dry run made it")


main()
