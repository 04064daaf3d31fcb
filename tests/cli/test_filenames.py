#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""-D: what files are called, and that no name leads out of the folder."""
import os
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program, fetchpool
from servers import faults
from tap import (SANITIZERS, check, contents, equal, main, matches, temp_dir,
                 test)


def into(folder, *args, **more):
    return fetchpool(["-a", "-k", "-D", folder, *args], **more)


def kinds(result):
    return [(r.get("error") or {}).get("kind") for r in result.records]


def tree(folder):
    """{path below it: what is in it} of all files, hidden or not."""
    return {os.path.relpath(os.path.join(at, name), folder):
            contents(os.path.join(at, name))
            for at, _, names in os.walk(folder) for name in names}


def lines(values):
    return "".join(value + "\n" for value in values)


# ---- folders ----

@test("--create-dirs: each / in a name makes a folder")
def _():
    server = faults()
    folder = temp_dir()
    result = into(folder, "--create-dirs", "--output-name={}",
                  server.url + "/echo?{}", input=lines(
                      ["a.txt", "b/c.txt", "b/d/e.txt", "/f/g", "ü ü/%2F"]))
    equal((kinds(result), result.status), ([None] * 5, 0), repr(result))
    equal(set(tree(folder)),
          {"a.txt", "b/c.txt", "b/d/e.txt", "f/g", "ü ü/%252F"})
    equal([r["file"] for r in result.records][2], folder + "/b/d/e.txt")


@test("--create-dirs: without it, a / is part of the name")
def _():
    server = faults()
    folder = temp_dir()
    result = into(folder, "--output-name={}", server.url + "/ok?{}",
                  input="b/c.txt\n")
    equal((kinds(result), set(tree(folder))), ([None], {"b%2Fc.txt"}))


@test("--create-dirs: no name leads out of the folder")
def _():
    server = faults()
    outside = temp_dir()
    folder = os.path.join(outside, "in")
    names = ["../x", "a/../../x", "./y", "a/./z", ".hidden/.x"]
    result = into(folder, "--create-dirs", "--output-name={}",
                  server.url + "/ok?{}", input=lines(names))
    equal(kinds(result), [None] * len(names), repr(result))
    equal(set(os.listdir(outside)), {"in"})
    equal(set(tree(folder)), {
        "%2E./x", "a/%2E./%2E./x", "%2E/y", "a/%2E/z",
        "%2Ehidden/%2Ex"})


@test("--create-dirs: a part without a name fails, and nothing is sent")
def _():
    server = faults()
    folder = temp_dir()
    result = into(folder, "--create-dirs", "-C", ",", "--output-name={2}",
                  server.url + "/ok?{1}",
                  input=lines(["1,a//b", "2,a/", "3,/", "4," + "x/" * 2001]))
    equal(kinds(result), ["input"] * 4, repr(result))
    equal([r["error"]["message"] for r in result.records],
          ["the file name would be empty"] * 3 +
          ["the file name would be too long"])
    equal((server.targets, tree(folder)), ([], {}))


@test("--create-dirs: a link in place of a folder is not followed")
def _():
    server = faults()
    folder, outside = temp_dir(), temp_dir()
    os.symlink(outside, os.path.join(folder, "link"))
    with open(os.path.join(folder, "file"), "w"):
        pass
    for overwrite in [], ["--overwrite"]:
        result = into(folder, "--create-dirs", "--output-name={}", *overwrite,
                      server.url + "/ok?{}",
                      input=lines(["link/a", "link/b/c", "file/a", "ok/a"]))
        equal(kinds(result), ["local"] * 3 + [None], repr(result))
        matches("link/a: Not a directory", result.records[0]["error"]["message"])
        equal(os.listdir(outside), [])
        os.unlink(os.path.join(folder, "ok", "a"))


@test("--create-dirs: files that are there are known before the request")
def _():
    server = faults()
    folder = temp_dir()
    args = ["--create-dirs", "--output-name={}", server.url + "/ok?{}"]
    equal(kinds(into(folder, *args, input="a/b\n")), [None])
    equal(kinds(into(folder, *args, input="a/b\na\n")), ["local", "local"])
    equal(len(server.targets), 1)
    result = into(folder, "--overwrite", *args, input="a/b\na\n")
    equal(kinds(result), [None, "local"], repr(result))


@test("--create-dirs: the run's own files below the folder are left alone")
def _():
    server = faults()
    folder = temp_dir()
    os.mkdir(os.path.join(folder, "log"))
    out = os.path.join(folder, "log", "out")
    result = into(folder, "--create-dirs", "--overwrite", "-o", out,
                  "--output-name={}", server.url + "/ok?{}",
                  input=lines(["log/out", "log/other"]))
    equal((result.status, result.out), (1, b""))
    text = contents(out).decode()
    matches('"log/out: this run uses the file itself"', text)
    equal(set(tree(folder)), {"log/out", "log/other"})
    check(text.count("\n") == 2, text)


@test("--create-dirs: many files in many folders")
def _():
    server = faults()
    folder = temp_dir()
    names = ["%d/%d/%d.txt" % (n % 7, n % 31, n) for n in range(600)]
    result = into(folder, "-j", "32", "--create-dirs", "--output-name={}",
                  server.url + "/echo?{}", input=lines(names))
    equal(result.status, 0, repr(result.err))
    equal(set(tree(folder)), set(names))


# ---- long ones ----

@test("-D: a name is made from 30 MB, and takes no memory for them")
def _():
    server = faults()
    for folders in [], ["--create-dirs"]:
        folder = temp_dir()
        program = Program(
            ["-a", "-D", folder, "--input-format=json",
             "--output-name=" + "{a}" * 500 + "{id}", *folders,
             server.url + "/ok?{id}"], stdin="pipe")
        for n in range(2):
            program.write('{"a":"%s","id":%d}\n' % ("x" * 60000, n))
        equal([record["error"] for record in program.lines(2, 60)],
              [None, None])
        peak = program.memory("VmHWM")
        program.close_stdin()
        equal(program.wait().status, 0)
        equal(len(tree(folder)), 2)
        check(SANITIZERS or peak < 40 << 10, "%d KiB" % peak)


@test("-D: names that differ only far behind are two, however long")
def _():
    server = faults()
    folder = temp_dir()
    # Longer than any URL before it comes to what differs.
    result = into(folder, "--input-format=json",
                  "--output-name=" + "{a}" * 10 + "{id}",
                  server.url + "/ok?{id}", input="".join(
                      '{"a":"%s","id":%d}\n' % ("x" * 30000, n)
                      for n in range(3)))
    equal(kinds(result), [None] * 3, repr(result)[:2000])
    equal(len(tree(folder)), 3)


@test("-D: a name that is too long is cut, with a hash for the rest")
def _():
    server = faults()
    folder = temp_dir()
    names = ["x" * 255, "x" * 256, "x" * 257, "x" * 300 + ".json",
             "é" * 200 + ".tar.gz", "%" * 200, "x" * 250 + "." + "y" * 50]
    result = into(folder, "--output-name={}", server.url + "/ok?{}",
                  input=lines(names))
    equal(kinds(result), [None] * len(names), repr(result))
    got = [os.path.basename(r["file"]) for r in result.records]
    equal((len(set(got)), set(got)), (len(names), set(os.listdir(folder))))
    equal(got[0], names[0])
    for name in got[1:]:
        check(len(name.encode()) <= 255, name)
    matches("^x{238}~[0-9a-f]{16}$", got[1])
    matches(r"^x{233}~[0-9a-f]{16}\.json$", got[3])
    matches(r"^é{117}~[0-9a-f]{16}\.gz$", got[4])
    matches("^(%25){79}~[0-9a-f]{16}$", got[5])


# ---- as the URL has it ----

@test("-O: files are named after the last segment of the URL's path")
def _():
    server = faults()
    folder = temp_dir()
    urls = [server.url + path for path in
            ["/echo/a.txt", "/echo/b%20c?x=/d", "/echo/e#/f", "/echo/",
             "/echo/x/%2E%2E",  # to newer versions of libcurl, /echo/
             "/echo/g%2Fh", "", "?i/j"]]
    result = into(folder, "-O", input=lines(urls))
    names = [os.path.basename(r["file"] or "") for r in result.records]
    equal(names[:6], ["a.txt", "b c", "e", "4.json", "%2E.", "g%2Fh"],
          repr(result))
    check(not os.path.exists(os.path.join(folder, "j")), "a query")
    result = into(folder, "-O", input=urls[0])
    equal(kinds(result), ["local"])
    for args in ["-O"], ["-J"], ["--create-dirs", "-D", folder]:
        result = fetchpool([*args, server.url + "/{}"], input="1\n")
        equal(result.status, 2, repr(result))
        matches("needs", result.err.decode())
    result = into(folder, "-O", "--output-name={}", input="1\n")
    equal(result.status, 2)


# ---- as the server has it ----

DISPOSITIONS = [
    ("attachment; filename=\"report 1.pdf\"", "report 1.pdf"),
    ("attachment; filename=plain.txt", "plain.txt"),
    ("attachment; filename=\"EURO\"; filename*=UTF-8''%e2%82%ac.txt", "€.txt"),
    ("attachment; filename*=iso-8859-1''caf%E9", "café"),
    ("attachment; filename=\"../../../etc/passwd\"", "passwd"),
    ("attachment; filename=\"..\\\\..\\\\evil.exe\"", "evil.exe"),
    ("attachment; filename=\"..\"", "%2E."),
    ("attachment; filename=\".bashrc\"", "%2Ebashrc"),
    ("attachment; filename*=UTF-8''a%00b%2F%2Fc%0Ad", "c%0Ad"),
    ("attachment; filename=\"one\"; filename=\"two\"", "one"),
    ("attachment; filename*=UTF-8''%E2%80%AEgpj.exe", "%E2%80%AEgpj.exe"),
    ("attachment", None),
    ("inline; filename=\"\"", None),
    ("attachment; filename=\"dir/\"", None),
]


def serve_dispositions(server, values):
    server.on("/d/", lambda conn, request: conn.answer(
        b"x", headers=b"".join(
            b"Content-Disposition: %s\r\n" % one.encode("latin-1")
            for one in values[int(request.path[3:])])))


@test("-J: files are named as Content-Disposition says, safely")
def _():
    server = faults()
    outside = temp_dir()
    folder = os.path.join(outside, "in")
    serve_dispositions(server, [[value] for value, _ in DISPOSITIONS])
    result = into(folder, "-J", server.url + "/d/{}", input=lines(
        str(n) for n in range(len(DISPOSITIONS))))
    equal(kinds(result), [None] * len(DISPOSITIONS), repr(result))
    for n, (record, (value, name)) in enumerate(
            zip(result.records, DISPOSITIONS)):
        equal(os.path.basename(record["file"]), name or "%d.txt" % (n + 1),
              value)
    equal((os.listdir(outside), len(os.listdir(folder))),
          (["in"], len(DISPOSITIONS)))


@test("-J: long names are cut, and the same name twice is no second file")
def _():
    server = faults()
    folder = temp_dir()
    serve_dispositions(server, [
        ["attachment; filename=\"%s.txt\"" % ("n" * 10000)],
        ["attachment; filename=same"], ["attachment; filename=same"],
        ["attachment; filename=first", "attachment; filename=second"]])
    result = into(folder, "-j", "1", "-J", "-O", server.url + "/d/{}",
                  input="0\n1\n2\n3\n")
    equal(kinds(result), [None, None, "local", None], repr(result))
    names = [os.path.basename(r["file"] or "-") for r in result.records]
    matches("^n+~[0-9a-f]{16}", names[0])
    equal(names[1:], ["same", "-", "first"])


@test("-J: without the field the name is that of -O or --output-name")
def _():
    server = faults()
    folder = temp_dir()
    result = into(folder, "-J", "-O", input=server.url + "/echo/name")
    equal(os.listdir(folder), ["name"], repr(result))
    result = into(folder, "-J", "--output-name=n{}", server.url + "/ok?{}",
                  input="1\n")
    equal(set(os.listdir(folder)), {"name", "n1"}, repr(result))


@test("-J: the head of a redirect or of an attempt before names nothing")
def _():
    server = faults()
    folder = temp_dir()
    server.on("/from", lambda conn, request: conn.answer(
        b"", status=302, headers=b"Location: /ok\r\n"
        b"Content-Disposition: attachment; filename=wrong\r\n"))
    tries = []

    def once(conn, request):
        tries.append(1)
        if len(tries) == 1:
            conn.answer(b"", status=503, headers=b"Retry-After: 0\r\n"
                        b"Content-Disposition: attachment; filename=wrong\r\n")
        conn.answer(b"x")

    server.on("/once", once)
    result = into(folder, "-J", "--retry=2", input=lines(
        [server.url + "/from", server.url + "/once"]))
    equal((kinds(result), set(os.listdir(folder))),
          ([None, None], {"1.txt", "2.txt"}), repr(result))


if __name__ == "__main__":
    main()
