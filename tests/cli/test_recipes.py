#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The section RECIPES of fetchpool(1), as it stands there."""
import json
import os
import signal
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from faultserver import FaultServer
from harness import environment, tool
from recipes import recipe
from servers import api, faults
from tap import (PATIENCE, PROGRAM, check, contents, equal, main, temp_dir,
                 test, until)

API = "https://api.example.com"


def begin(text, folder):
    bin = temp_dir()
    os.symlink(PROGRAM, os.path.join(bin, "fetchpool"))
    path = bin + ":" + os.environ.get("PATH", "/usr/bin:/bin")
    return subprocess.Popen(
        ["sh", "-c", text], cwd=folder, env=environment({"PATH": path}),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True)


def run(text, folder):
    proc = begin(text, folder)
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


@test("each item is posted once, although the run is killed")
def _():
    folder = temp_dir()
    put(folder, "ids.txt", "".join("%d\n" % i for i in range(1, 301)))
    lock = threading.Lock()
    stored, asked = {}, []

    def answer(conn, request):
        key = request.header("Idempotency-Key")
        body = body_of(conn, request)
        with lock:
            asked.append(key)
            stored.setdefault(key, []).append(body)
        conn.answer(b'{"ok":true}', b"application/json")

    with FaultServer() as server:
        server.on("/orders", answer)
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
        equal(run(recipe("graphql", (API + "/graphql",
                                     server.url + "/graphql")), folder),
              (0, ""))
    equal(contents(os.path.join(folder, "good.ndjson")),
          b'["1",{"post":{"title":"one"}}]\n')
    equal(contents(os.path.join(folder, "bad.ndjson")),
          b'["2",[{"message":"no such post"}]]\n')


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
    status, said = run(recipe("sqlite", (API, api().url)), folder)
    equal((status, said), (0, ""))

    def ask(query):
        return subprocess.run(
            [sqlite, os.path.join(folder, "posts.db"), query],
            stdout=subprocess.PIPE, check=True).stdout.decode()

    equal(ask("SELECT id, user FROM posts ORDER BY id"), "1|1\n7|1\n")
    equal(ask("SELECT id, kind, message FROM failures"),
          "101|http|404 Not Found\n")


main()
