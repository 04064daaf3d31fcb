#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""-D: bodies in files of their own, whole or not at all."""
import json
import os
import resource
import signal
import subprocess
import sys
import urllib.parse

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from faultserver import HEAD
from harness import Program, environment, fetchpool, tool
from servers import Nginx, faults
from tap import (PROGRAM, SANITIZERS, check, contents, equal, main, matches,
                 skip, temp_dir, test)


def into(folder, *args, **more):
    return fetchpool(["-a", "-k", "-D", folder, *args], **more)


def files(folder):
    """{name: what is in it} of all that is there, hidden or not."""
    return {name: contents(os.path.join(folder, name))
            for name in os.listdir(folder)}


def kinds(result):
    return [(r.get("error") or {}).get("kind") for r in result.records]


# ---- what is there afterwards ----

@test("-D: a file for each success, named by its number and its type")
def _():
    server = faults()
    folder = os.path.join(temp_dir(), "new")
    paths = ["/ok", "/json", "/status/404", "/204", "/echo"]
    result = into(folder, input="\n".join(server.url + p for p in paths))
    equal(kinds(result), [None, None, "http", None, None])
    equal(result.status, 1)
    got = files(folder)
    equal(set(got), {os.path.basename(r["file"]) for r in result.records
                     if not r.get("error")})
    equal((got["1.txt"], got["2.json"]), (b"ok", b'{ "a": 1,\n "b": [1, 2] }'))
    equal(result.records[0]["file"], folder + "/1.txt")
    equal(result.records[2]["file"], None)
    for record in result.records:
        check("body" not in record, repr(record))


def yesterdays():
    """A folder with one file in it, a."""
    folder = temp_dir()
    with open(os.path.join(folder, "a"), "w") as file:
        file.write("what was fetched yesterday")
    return folder


@test("-D: a 304 leaves the file as it is")
def _():
    server = faults()
    folder = yesterdays()
    result = into(folder, "--overwrite", "--ok-status=2xx,304",
                  "--output-name=a", input=server.url + "/status/304")
    equal((result.status, kinds(result)), (0, [None]))
    equal(result.records[0]["file"], None)
    equal(files(folder), {"a": b"what was fetched yesterday"})


@test("-D: a HEAD leaves the file as it is, and makes none")
def _():
    server = faults()
    folder = yesterdays()
    items = "".join('{"url":"%s/ok","n":"%s"}\n' % (server.url, name)
                    for name in ("a", "b"))
    for args, text in ((["-X", "HEAD"], items),
                       ([], items.replace('"n"', '"method":"HEAD","n"'))):
        result = into(folder, "--overwrite", "--output-name={n}",
                      "--input-format=json", *args, input=text)
        equal((result.status, kinds(result)), (0, [None, None]))
        equal([r["file"] for r in result.records], [None, None])
        equal(files(folder), {"a": b"what was fetched yesterday"})
    result = into(folder, "-I", "--overwrite", input=server.url + "/ok")
    equal((result.status, result.out), (2, b""))
    matches("--head cannot be used with --output-dir", result.text)


@test("-D: --fields +ip adds to file, and body is not there")
def _():
    result = into(temp_dir(), "--fields=+ip", input=faults().url + "/ok")
    record = result.records[0]
    equal(record["ip"], "127.0.0.1")
    check("file" in record and "body" not in record, repr(record))
    plain = fetchpool(["--fields=+ip"], input=faults().url + "/ok").records[0]
    check("file" not in plain and "body" in plain, repr(plain))


@test("-D: what the body is is of no matter")
def _():
    server = faults()
    folder = temp_dir()
    odd = bytes(range(256)) * 50
    lines = [server.url + "/json_invalid", server.url + "/gzip",
             server.url + "/bytes?type=application/json&body=" +
             urllib.parse.quote_from_bytes(odd), server.url + "/chunked/70000",
             server.url + "/eof_body"]
    result = into(folder, input="\n".join(lines))
    equal((result.status, kinds(result)), (0, [None] * 5), repr(result))
    got = {int(name.partition(".")[0]): data
           for name, data in files(folder).items()}
    equal(got, {1: b'{"a": 1,}', 2: b"ok", 3: odd, 4: b"x" * 70000,
                5: b"until eof"})
    equal([r["size"] for r in result.records],
          [len(got[n]) for n in sorted(got)])


@test("-D: a body that is not whole leaves no file")
def _():
    server = faults()
    folder = temp_dir()
    paths = ["/short_cl", "/nochunkend", "/badchunk", "/rst_body",
             "/size/3000", "/infinite", "/stall_after", "/status/500"]
    for name in [], ["--output-name={}"]:
        result = into(folder, "--max-body=2000", "--stall-time=300ms",
                      *name, input="\n".join(server.url + p for p in paths))
        equal(kinds(result), ["incomplete", "incomplete", "network",
                              "network", "too_large", "too_large", "timeout",
                              "http"], repr(result))
        equal(files(folder), {})


@test("-D: a stop leaves only whole files")
def _():
    server = faults()
    for twice in False, True:
        server.reset()
        folder = temp_dir()
        lines = [server.url + "/ok", server.url + "/stall_after",
                 server.url + "/gate/x"]
        program = Program(["-D", folder, "-j3",
                           "--grace=%s" % ("1h" if twice else "0")],
                          stdin="\n".join(lines))
        program.has_lines(1)
        server.wait(lambda: server.outstanding == 2, "two requests")
        program.kill(signal.SIGINT)
        program.settled()
        if twice:
            program.kill(signal.SIGINT)
        equal(program.wait().status, -signal.SIGINT)
        equal(files(folder), {"1.txt": b"ok"})


# ---- files that cannot be written ----

@test("-D: a file that may not grow fails its item and is not there")
def _():
    server = faults()
    folder = temp_dir()
    lines = [server.url + path for path in
             ("/size/100", "/size/50000", "/chunked/50000", "/size/101")]
    result = into(folder, input="\n".join(lines),
                  limits=[(resource.RLIMIT_FSIZE, (10000, 10000))])
    equal(kinds(result), [None, "local", "local", None], repr(result))
    check(result.status in (1, 3), repr(result))
    matches("File too large", result.errors[2])
    equal(files(folder), {"1.txt": b"x" * 100, "4.txt": b"x" * 101})


@test("-D: a folder that is none is said before any request")
def _():
    server = faults()
    plain = os.path.join(temp_dir(), "plain")
    with open(plain, "wb"):
        pass
    for path in plain, plain + "/below", os.path.join(temp_dir(), "a", "b"):
        result = into(path, input=server.url + "/ok")
        check(result.status in (2, 3), repr(result))
        check(path in result.text, repr(result))
        equal((result.out, server.connections), (b"", 0))


@test("-D: a folder whose parent is missing is said so")
def _():
    path = os.path.join(temp_dir(), "a", "b")
    result = into(path, input="http://127.0.0.1:1/")
    equal((result.status, result.text), (
        3, "fetchpool: cannot start: cannot write to %s: its parent folder does "
        "not exist\n" % path))


@test("-q says what the first failure of this machine was")
def _():
    server, folder = faults(), temp_dir()
    for name in "1", "2":
        with open(os.path.join(folder, name), "w"):
            pass
    for items, said in (("1\n2\n3\n", "2 local (first: 1: the file already "
                         "exists)"),
                        ("1\n9\n", "1 local (1: the file already exists)")):
        result = fetchpool(["-q", "-k", "-j1", "-D", folder, "--output-name",
                            "{}", server.url + "/ok?{}"], input=items)
        equal(result.text, "fetchpool: %d of %d items failed: %s\n" % (
            int(said[0]), len(items) // 2, said))


@test("-D: the second of two items with one name fails")
def _():
    server = faults()
    for jobs in "-j1", "-j4":
        folder = temp_dir()
        result = into(folder, jobs, "--output-name={2}", "-C", " ",
                      server.url + "/bytes?type=text/plain&body={1}",
                      input="one same\ntwo same\nthree other\n")
        equal(sorted(kinds(result)[:2], key=str), [None, "local"],
              repr(result))
        equal((kinds(result)[2], result.status), (None, 1), repr(result))
        first = kinds(result).index(None)
        equal(files(folder), {"same": (b"one", b"two")[first],
                              "other": b"three"})
        matches("same: the file already exists",
                result.errors[2 - first])


@test("-D: a file that was there is not touched, nor asked for")
def _():
    server = faults()
    folder = temp_dir()
    for name in "a", "b":
        with open(os.path.join(folder, name), "wb") as file:
            file.write(b"old")
    os.symlink("/nowhere", os.path.join(folder, "c"))
    result = into(folder, "--output-name={}", server.url + "/ok?{}",
                  input="a\nb\nc\nd\n")
    equal(kinds(result), ["local"] * 3 + [None])
    equal(server.targets, ["/ok?d"])
    os.unlink(os.path.join(folder, "c"))
    equal(files(folder), {"a": b"old", "b": b"old", "d": b"ok"})


@test("-D --overwrite: the new one, if it is whole")
def _():
    server = faults()
    folder = temp_dir()
    elsewhere = os.path.join(temp_dir(), "target")
    with open(elsewhere, "wb") as file:
        file.write(b"target")
    for name in "ok", "short_cl":
        with open(os.path.join(folder, name), "wb") as file:
            file.write(b"old")
    os.symlink(elsewhere, os.path.join(folder, "json"))
    result = into(folder, "--overwrite", "--output-name={}",
                  server.url + "/{}", input="ok\nshort_cl\njson\nok\n")
    equal(kinds(result), [None, "incomplete", None, None], repr(result))
    equal(files(folder), {"ok": b"ok", "short_cl": b"old",
                          "json": b'{ "a": 1,\n "b": [1, 2] }'})
    equal(contents(elsewhere), b"target")
    check(not os.path.islink(os.path.join(folder, "json")), "still a link")


# ---- names ----

@test("-D: no name leads out of the folder, or hides there")
def _():
    server = faults()
    top = temp_dir()
    folder = os.path.join(top, "a", "b")
    os.makedirs(folder)
    names = ["../x", top + "/x", "../../x", "a/../../x", "..", ".", ".hidden",
             "%2e%2e%2fx", "..%2fx", "%2Fx", "a%2f..%2f..%2fx", "%00x",
             "x%0ay", "\\x", "-rf", "~", ".fetchpool-0.part", "%", "%zz",
             "a\u2215b", "CON", "x" * 255]
    lines = "".join(json.dumps({"name": name}) + "\n" for name in names)
    for template in "{name}", "{+name}", "{/name}", "{.name}", "x/{+name}":
        out = os.path.join(folder, "".join(c for c in template
                                           if c.isalpha()) +
                           str(len(template)) + str(ord(template[1])))
        result = into(out, "--input-format=json", "--overwrite",
                      "--output-name=" + template, server.url + "/ok",
                      input=lines)
        equal(len(result.records), len(names))
        for name in os.listdir(out):
            check(not name.startswith(".") and "\n" not in name, repr(name))
            check(os.path.isfile(os.path.join(out, name)), repr(name))
        for record in result.records:
            if record.get("error"):
                check(record["error"]["kind"] in ("input", "local"), record)
            else:
                equal(os.path.dirname(record["file"]), out)
                equal(contents(record["file"]), b"ok")
    equal((os.listdir(top), os.listdir(os.path.join(top, "a"))),
          (["a"], ["b"]))


@test("-D: values that differ make names that differ")
def _():
    server = faults()
    folder = temp_dir()
    values = ["a", "A", "a/b", "a%2Fb", "a%252Fb", "a_b", ".a", "%2Ea", "...",
              "%2E%2E", "a b", "a+b", "a%20b", "\u00e9", "e\u0301"]
    result = into(folder, "--output-name={}", server.url + "/ok?{}",
                  input="".join(v + "\n" for v in values))
    equal(kinds(result), [None] * len(values), repr(result))
    equal(len(files(folder)), len(values), "files")


@test("-D: a name that is empty fails, and nothing is sent")
def _():
    server = faults()
    result = into(temp_dir(), "-C", ",", "--output-name={2}",
                  server.url + "/ok?{1}", input="1,\n2,%s\n" % ("x" * 255))
    equal(kinds(result), ["input", None], repr(result))
    equal(server.targets, ["/ok?2"])


@test("FETCHPOOL_URL with {} is nothing to JSON items")
def _():
    server = faults()
    for value in "http://127.0.0.1:1/{}", "no template at all", "{":
        folder = temp_dir()
        result = into(folder, "--input-format=json", "--output-name={n}",
                      input='{"url": "%s/ok", "n": 7}\n' % server.url,
                      env={"FETCHPOOL_URL": value})
        equal((result.status, result.err), (0, b""), repr(result))
        equal(files(folder), {"7": b"ok"})


# ---- large ones ----

@test("-D: a body of 200 MiB is not held in memory")
def _():
    if SANITIZERS:
        skip("a sanitizer keeps memory back")
    server = faults()
    size, block = 200 << 20, b"0123456789abcdef" * 4096

    def large(conn, request):
        conn.send(HEAD % size)
        for _ in range(size // len(block)):
            conn.send(block)

    folder = temp_dir()
    program = Program(["-D", folder, "--max-body=1G", "--output-name={}",
                       server.on("/large", large) + "?{}"], stdin="pipe")
    program.write("one\n")
    program.has_lines(1, timeout=40)
    peak = program.memory("VmHWM")
    program.close_stdin()
    result = program.wait()
    equal((result.status, result.records[0]["size"]), (0, size))
    check(peak < 40 << 10, "%d KiB" % peak)
    with open(os.path.join(folder, "one"), "rb") as file:
        n = 0
        for data in iter(lambda: file.read(len(block)), b""):
            check(data == block, "another byte after %d" % n)
            n += len(data)
    equal(n, size)


# ---- a folder that nginx lists ----

@test("-D: all files of a folder that nginx lists as JSON")
def _():
    curl, jq = tool("curl"), tool("jq")
    with Nginx("autoindex on; autoindex_format json;") as nginx:
        source = os.path.join(nginx.dir, "dir")
        os.mkdir(source)
        names = ["a quay.jpg", "index.txt", "100% & more?#.html", "\u00e9.txt",
                 "a+b;c=d", "empty", "'\"\\.txt", "{}.json", "large.bin"]
        for n, name in enumerate(names):
            with open(os.path.join(source, name), "wb") as file:
                file.write(b"%d" % n * (0 if name == "empty" else
                                        1 << 20 if n == 8 else n + 1))
        folder = os.path.join(temp_dir(), "out")
        done = subprocess.run(
            ["sh", "-c", "\"$1\" -s \"$3/\" | \"$2\" -r '.[].name' | "
             "\"$0\" -D \"$4\" --output-name '{}' \"$3/{}\"",
             PROGRAM, curl, jq, nginx.url + "/dir", folder],
            env=environment(), capture_output=True, timeout=60)
        equal((done.returncode, done.stderr), (0, b""))
        wanted = files(source)
    equal(done.stdout.count(b"\n"), len(names))
    equal(files(folder), {name.replace("%", "%25"): data
                          for name, data in wanted.items()})


if __name__ == "__main__":
    main()
