#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The section RECIPES of fetchpool(1), as it stands there."""
import glob
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from faultserver import FaultServer
from harness import environment, tool
from recipes import recipe
from servers import api, faults
from tap import (PATIENCE, PROGRAM, check, contents, equal, main, skip,
                 temp_dir, test, until)

API = "https://api.example.com"
ONE_FAILED = "fetchpool: 1 of 3 items failed: 1 http\n"


class Postgres:
    """A server of its own, on a socket; as `with`, the environment that leads
    there."""

    def __enter__(self):
        binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not binaries or not shutil.which("psql"):
            skip("PostgreSQL is not there")
        # Its user may not look into folders of the test's.
        self.place = tempfile.TemporaryDirectory(dir="/tmp")
        self.folder = self.place.name
        user = []
        if os.geteuid() == 0:
            try:
                owner = pwd.getpwnam("postgres")
            except KeyError:
                skip("no user to run PostgreSQL as")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            user = ["setpriv", "--reuid=postgres", "--regid=postgres",
                    "--clear-groups"]
        self.run = user + [os.path.join(binaries[-1], "pg_ctl"), "-s", "-w",
                           "-D", self.folder + "/data"]
        self.do("initdb", "-o", "-A trust -U postgres --no-sync")
        self.do("start", "-l", self.folder + "/log", "-o",
                "-c listen_addresses= -c fsync=off "
                "-c unix_socket_directories=" + self.folder)
        return {"PGHOST": self.folder, "PGUSER": "postgres",
                "PGDATABASE": "postgres"}

    def do(self, *args):
        done = subprocess.run(self.run + list(args), cwd="/",
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        check(done.returncode == 0, done.stdout.decode())

    def __exit__(self, *_):
        self.do("stop", "-m", "immediate")
        self.place.cleanup()


def begin(text, folder, more=None, shell="sh"):
    bin = temp_dir()
    os.symlink(PROGRAM, os.path.join(bin, "fetchpool"))
    path = bin + ":" + os.environ.get("PATH", "/usr/bin:/bin")
    return subprocess.Popen(
        # As it is copied from the page that man shows.
        [shell, "-c", textwrap.indent(text, "     ")], cwd=folder,
        env=environment({"PATH": path, **(more or {})}),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True)


def run(text, folder, more=None, shell="sh"):
    proc = begin(text, folder, more, shell)
    out = proc.communicate(timeout=120 * PATIENCE)[0]
    return proc.returncode, out.decode()


def put(folder, name, text):
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)


def records(folder, name):
    return [json.loads(line) for line in
            contents(os.path.join(folder, name)).splitlines()]


def body_of(conn, request):
    length = int(request.header("Content-Length"))
    while len(conn.buffer) < length:
        conn.read()
    body, conn.buffer = conn.buffer[:length], conn.buffer[length:]
    return body


def store_at(server, path):
    """What is posted there, by its key, and the keys of all requests."""
    lock = threading.Lock()
    stored, asked = {}, []

    def answer(conn, request):
        key = request.header("Idempotency-Key")
        body = body_of(conn, request)
        with lock:
            asked.append(key)
            stored.setdefault(key, []).append(body)
        conn.answer(b'{"ok":true}', b"application/json")

    server.on(path, answer)
    return stored, asked


@test("each item is posted once, although the run is killed")
def _():
    folder = temp_dir()
    put(folder, "ids.txt", "".join("%d\n" % i for i in range(1, 301)))
    with FaultServer() as server:
        stored, asked = store_at(server, "/orders")
        text = recipe("once", (API + "/orders", server.url + "/orders"))
        first = begin(text, folder)
        until(lambda: len(asked) >= 60, "some requests")
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate()
        equal(run(text, folder), (0, ""))
    equal(sorted(stored), sorted("order-%d" % i for i in range(1, 301)))
    for key, bodies in stored.items():
        equal({json.loads(body)["order"] for body in bodies}, {key[6:]})
    equal(sorted(int(r["input"]) for r in records(folder, "sent.ndjson")),
          list(range(1, 301)))


@test("each document is posted once, although the run is killed")
def _():
    folder = temp_dir()
    put(folder, "docs.ndjson", "".join(
        '{"id":%d,"tags":["a",{"b":null}],"name":"\u00e9 \\"%d\\""}\n'
        % (i, i) for i in range(1, 201)))
    with FaultServer() as server:
        stored, asked = store_at(server, "/documents")
        text = recipe("documents", (API + "/documents",
                                    server.url + "/documents"))
        first = begin(text, folder)
        until(lambda: len(asked) >= 60, "some requests")
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate()
        equal(run(text, folder), (0, ""))
    documents = records(folder, "docs.ndjson")
    equal({key: [json.loads(body) for body in set(bodies)]
           for key, bodies in stored.items()},
          {"doc-%d" % doc["id"]: [doc] for doc in documents})
    equal(sorted(r["input"]["id"] for r in records(folder, "sent.ndjson")),
          list(range(1, 201)))


@test("a list of links, some without a scheme")
def _():
    folder = temp_dir()
    url = faults().url
    put(folder, "links.txt", url[len("http://"):] + "/ok\n" + url +
        "/ok?2\nmailto:a@b.example\n")
    status, said = run(recipe("links", ("--default-scheme https",
                                        "--default-scheme http")), folder)
    equal(status, 1)
    check("mailto:" in said, said)
    equal([r["url"] for r in records(folder, "pages.ndjson")],
          [url + "/ok", url + "/ok?2"])
    equal(contents(os.path.join(folder, "left.txt")), b"mailto:a@b.example\n")


@test("GraphQL: one query for each ID; errors are told from data")
def _():
    folder = temp_dir()
    put(folder, "ids.txt", "1\n2\n")

    def answer(conn, request):
        sent = json.loads(body_of(conn, request))
        bad = sent["variables"]["id"] == "2"
        check("$id" in sent["query"], sent)
        conn.answer(b'{"errors":[{"message":"no such post"}]}' if bad else
                    b'{"data":{"post":{"title":"one"}}}',
                    b"application/json")

    with FaultServer() as server:
        server.on("/graphql", answer)
        status, said = run(recipe("graphql", (
            API + "/graphql", server.url + "/graphql")), folder)
    equal((status, said), (0, '["2",[{"message":"no such post"}]]\n'))
    equal([(r["input"], r["body"]) for r in records(folder, "good.ndjson")],
          [("1", {"data": {"post": {"title": "one"}}})])
    equal(contents(os.path.join(folder, "left.txt")), b"2\n")


@test("pages: one line for each element, and no page twice after a kill")
def _():
    folder = temp_dir()
    put(folder, "users.txt", "".join("%d\n" % i for i in range(1, 21)))
    asked = []

    def answer(conn, request):
        query = dict(pair.split("=") for pair in request.query.split("&"))
        user, page = query["userId"], int(query.get("_page", 1))
        asked.append((user, page))
        more = b"" if page == 5 else (
            "Link: </posts?userId=%s&_page=%d>; rel=\"next\"\r\n" % (
                user, page + 1)).encode()
        posts = [{"user": user, "n": 3 * page + i} for i in range(3)]
        conn.answer(json.dumps(posts).encode(), b"application/json",
                    headers=more)

    with FaultServer() as server:
        server.on("/posts", answer)
        text = recipe("pages", (API + "/posts", server.url + "/posts"))
        first = begin(text, folder)
        until(lambda: len(asked) >= 20, "some requests")
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate()
        equal(run(text, folder), (0, ""))
    equal([(r["user"], r["n"]) for r in records(folder, "posts.ndjson")],
          [(str(user), n) for user in range(1, 21) for n in range(3, 18)])


@test("pages of GraphQL: the cursor is in the body")
def _():
    folder = temp_dir()
    put(folder, "users.txt", "ann\nbob\n")

    def answer(conn, request):
        sent = json.loads(body_of(conn, request))
        after = sent["variables"]["after"]
        page = 1 if after is None else int(after[1:]) + 1
        conn.answer(json.dumps({"data": {"posts": {
            "nodes": [{"title": "%s %d" % (sent["variables"]["user"], page)}],
            "pageInfo": {"hasNextPage": page < 3, "endCursor": "c%d" % page}}}
        }).encode(), b"application/json")

    with FaultServer() as server:
        server.on("/graphql", answer)
        status, said = run(recipe("graphqlpages", (
            API + "/graphql", server.url + "/graphql")), folder)
    equal((status, said), (0, ""))
    equal(sorted(r["title"] for r in records(folder, "nodes.ndjson")),
          ["%s %d" % (user, page) for user in ("ann", "bob")
           for page in (1, 2, 3)])


@test("CSV: a column names the item")
def _():
    folder = temp_dir()
    put(folder, "posts.csv", 'id,note\n1,"a, b"\n2,"two\nlines"\n')
    equal(run(recipe("csv", (API, api().url)), folder), (0, ""))
    equal([r["url"] for r in records(folder, "posts.ndjson")],
          [api().url + "/posts/1", api().url + "/posts/2"])


@test("SQLite: records in one table, failures in another")
def _():
    sqlite = tool("sqlite3")
    folder = temp_dir()
    put(folder, "ids.txt", "1\n7\n101\n")
    equal(run(recipe("sqlite", (API, api().url)), folder), (0, ONE_FAILED))

    def ask(query):
        return subprocess.run(
            [sqlite, os.path.join(folder, "posts.db"), query],
            stdout=subprocess.PIPE, check=True).stdout.decode()

    equal(ask("SELECT id, user FROM posts ORDER BY id"), "1|1\n7|1\n")
    equal(ask("SELECT id, kind, message FROM failures"),
          "101|http|404 Not Found\n")


@test("DuckDB: records in one table, failures in another")
def _():
    duckdb = tool("duckdb")
    folder = temp_dir()
    put(folder, "ids.txt", "1\n7\n101\n")
    equal(run(recipe("duckdb", (API, api().url)), folder), (0, ONE_FAILED))

    def ask(query):
        return subprocess.run(
            [duckdb, "-list", "-noheader",
             os.path.join(folder, "posts.duckdb"), query],
            stdout=subprocess.PIPE, check=True).stdout.decode()

    equal(ask("SELECT id, user FROM posts ORDER BY id"), "1|1\n7|1\n")
    equal(ask("SELECT id, kind, message FROM failures"),
          "101|http|404 Not Found\n")


@test("PostgreSQL: records in one table, failures in another")
def _():
    folder = temp_dir()
    put(folder, "ids.txt", "1\n7\n101\n")
    with Postgres() as env:
        equal(run(recipe("postgresql", (API, api().url)), folder, env),
              (0, ONE_FAILED))

        def ask(query):
            return subprocess.run(
                ["psql", "-At", "-c", query], env=environment(env),
                stdout=subprocess.PIPE, check=True).stdout.decode()

        equal(ask("SELECT id, user_id FROM posts ORDER BY id"),
              "1|1\n7|1\n")
        equal(ask("SELECT id, kind, message FROM failures"),
              "101|http|404 Not Found\n")


@test("a pipeline: both statuses, and what was not done")
def _():
    tool("jq")
    shell = tool("bash")
    folder = temp_dir()
    text = recipe("pipeline", (API, api().url))
    put(folder, "ids.txt", "1\n2\n")
    equal(run(text, folder, shell=shell), (0, ""))
    put(folder, "ids.txt", "1\n101\n")
    status, said = run(text, folder, shell=shell)
    equal((status, said.splitlines()[-1]), (0, "fetchpool: 1, jq: 0"))
    equal(contents(os.path.join(folder, "left.txt")), b"101\n")

    # jq ends before it has read anything.
    stops = text.replace("jq -r .body.title", "jq -n 'error'")
    check(stops != text, "the recipe has another jq")
    put(folder, "ids.txt", "1\n" * 3000)
    status, said = run(stops, folder, shell=shell)
    equal(status, 0)
    check("fetchpool: 141, jq: " in said, said)
    check(contents(os.path.join(folder, "left.txt")).count(b"\n") > 100,
          "what was not done")


main()
