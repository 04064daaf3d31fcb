#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files as the bodies of requests: -T, --expand-upload-file, body_file."""
import base64
import hashlib
import json
import os
import random
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
import bodysink
from bodysink import (fails_once, folder, is_told_early, kinds, messages,
                      read_on)
from harness import fetchpool
from servers import Nginx
from tap import check, contents, equal, main, matches, temp_dir, test


def md5(data):
    return hashlib.md5(data).hexdigest()


class Sink(bodysink.Sink):
    def keep(self, body):
        return md5(body)


CHANCE = random.Random(7)


@test("-T: the contents of a file, with PUT and no type of their own")
def _():
    sink = Sink()
    data = CHANCE.randbytes(100000) + b"\0\r\n"
    at = folder({"f": data})
    result = fetchpool(["-a", "-T", at + "/f", sink.url + "/{}"], input="1\n2\n")
    equal(result.status, 0, repr(result))
    for n, (method, path, headers, digest) in enumerate(sorted(
            sink.came, key=lambda one: one[1])):
        equal((method, path, digest), ("PUT", "/%d" % (n + 1), md5(data)))
        equal(headers["Content-Length"], str(len(data)))
        check("Content-Type" not in headers and "Expect" not in headers,
              repr(headers))
    fetchpool(["-X", "POST", "-H", "Content-Type: image/png", "-T", at + "/f",
               sink.url + "/{}"], input="3\n")
    equal((sink.came[-1][0], sink.came[-1][2]["Content-Type"]),
          ("POST", "image/png"))


@test("-T: a file that cannot be sent is a usage error")
def _():
    at = folder({"f": b""})
    for path, words in ("/none", "No such file"), ("", "not a regular file"):
        result = fetchpool(["-T", at + path, "http://127.0.0.1:1/{}"],
                           input="1\n")
        equal(result.status, 2, repr(result))
        matches(words, result.err.decode())
    for more in ["-d", "x"], ["--json", "1"], ["--data-line"], ["-I"]:
        result = fetchpool(["-T", at + "/f", *more, "http://127.0.0.1:1/{}"],
                           input="1\n")
        equal(result.status, 2, more)


@test("a file that has contents and no size, as in /proc, is not sent empty")
def _():
    sink = Sink()
    for args in (["-T", "/proc/self/status"],
                 ["--form", "a=@/proc/self/status"],
                 ["--form", "a=</proc/self/status"]):
        result = fetchpool([*args, sink.url + "/{}"], input="x\n")
        equal(result.status, 2)
        matches("fetchpool: --(upload-file|form): /proc/self/status has "
                "contents, but no size, .*--data-binary", result.text or
                result.err.decode())
    table = [(["--expand-upload-file={{}}"], "/proc/version"),
             (["--expand-form=a=@{{}}"], "/proc/version"),
             (["--input-format=json"], '{"body_file":"/proc/version"}')]
    for args, line in table:
        for more in [], ["--dry-run"]:
            result = fetchpool([*args, *more, "--upload-root=/", "-a",
                                sink.url + "/x"], input=line)
            equal(result.status, 1, repr(result))
            equal([record["error"]["kind"] for record in result.records],
                  ["local"])
            matches("/proc/version: the file has contents, but no size",
                    result.records[0]["error"]["message"])
    # What cannot even be read does not count as empty either.
    for args in (["-T", "/proc/self/mem"], ["-F", "a=@/proc/self/mem"]):
        result = fetchpool([*args, sink.url + "/{}"], input="x\n")
        equal(result.status, 3, repr(result))
        matches("cannot read /proc/self/mem: Input/output error", result.text)
    result = fetchpool(["--expand-upload-file={{}}", "--upload-root=/", "-a",
                        sink.url + "/x"], input="/proc/self/mem")
    equal(result.status, 1, repr(result))
    matches("/proc/self/mem: Input/output error",
            result.records[0]["error"]["message"])
    equal(sink.came, [])
    # What is empty is sent, and what is read at once has a size.
    name = os.path.join(temp_dir(), "empty")
    with open(name, "wb"):
        pass
    for args in ["-T", name], ["--data-binary", "@/proc/version"]:
        equal(fetchpool([*args, sink.url + "/{}"], input="1\n").status, 0)
    equal([came[3] for came in sink.came],
          [md5(b""), md5(contents("/proc/version"))])


@test("--expand-upload-file: each line's file, into a real nginx")
def _():
    files = {"in %d/ü %d.bin" % (n % 3, n): CHANCE.randbytes(
        CHANCE.choice([0, 1, 100, 16384, 70000])) for n in range(50)}
    at = folder(files)
    with Nginx("dav_methods PUT; create_full_put_path on; "
               "client_max_body_size 1m;") as nginx:
        result = fetchpool(
            ["-j", "16", "--expand-upload-file", "{{}}", "-a",
             nginx.url + "/store/{}"], input="".join(f + "\n" for f in files),
            cwd=at)
        equal((result.status, set(r["status"] for r in result.records)),
              (0, {201}), repr(result.err))
        for name, data in files.items():
            path = os.path.join(nginx.dir, "store", name)
            equal(md5(contents(path)), md5(data), name)
        # One that is too large is refused before it was sent.
        with open(at + "/large", "wb") as file:
            file.truncate(64 << 20)
        result = fetchpool(["-a", "--expand-upload-file", "{{}}",
                            nginx.url + "/store/{}"], input="large\n", cwd=at)
        equal((kinds(result), result.records[0]["status"]), (["http"], 413),
              repr(result))


@test("files that items name are below the upload root, and nowhere else")
def _():
    sink = Sink()
    at = folder({"root/a": b"a", "root/d/b": b"b", "secret": b"s"})
    os.symlink("../secret", at + "/root/out")
    os.symlink("/etc/hostname", at + "/root/abs")
    os.symlink("..", at + "/root/up")
    os.symlink("d/b", at + "/root/in")
    os.mkfifo(at + "/root/fifo")
    names = ["a", "d/b", "in", at + "/root/d/b", "out", "abs", "../secret",
             "up/secret", "d/../../secret", at + "/secret", "fifo", "d",
             "/proc/self/environ", "none"]
    for args, cwd in ([], at + "/root"), (["--upload-root", at + "/root"], None):
        sink.came.clear()
        result = fetchpool(
            ["-a", "-k", *args, "--expand-upload-file", "{{}}",
             sink.url + "/{}"], input="".join(n + "\n" for n in names), cwd=cwd)
        equal(kinds(result), [None] * 4 + ["local"] * 10, repr(result))
        for message in messages(result)[4:10] + messages(result)[12:13]:
            matches("the file is not below the upload root", message)
        matches("not a regular file", messages(result)[10])
        matches("Is a directory", messages(result)[11])
        equal(len(sink.came), 4)


@test("body_file and body_base64 in JSON items")
def _():
    sink = Sink()
    data = bytes(range(256)) * 300
    at = folder({"f": data})
    items = [{"body_file": "f"}, {"body_file": "f", "method": "PUT"},
             {"body_base64": base64.b64encode(data[:9999]).decode()},
             {"body_base64": "Zg=\\u003d"},
             {"body_file": "f", "headers": {"Content-Type": "a/b"}},
             {"body_base64": "Zg"}, {"body_file": 7}, {"body_file": ""},
             {"body_file": "f", "body": "x"}, {"body_file": "f\\u0000"},
             {"body": "x", "body_base64": ""}]
    lines = "".join(json.dumps(item).replace("\\\\u", "\\u") + "\n"
                    for item in items)
    result = fetchpool(["-a", "-k", "-j", "1", "--input-format", "json",
                        sink.url + "/x"], input=lines, cwd=at)
    equal(kinds(result), [None] * 5 + ["input"] * 6, repr(result))
    equal([(m, d, h.get("Content-Type")) for m, _, h, d in sink.came], [
        ("POST", md5(data), None), ("PUT", md5(data), None),
        ("POST", md5(data[:9999]), "application/x-www-form-urlencoded"),
        ("POST", md5(b"f"), "application/x-www-form-urlencoded"),
        ("POST", md5(data), "a/b")])
    for message, words in zip(messages(result)[5:], [
            "is not base64", "is not a string", "is empty", "second body",
            "u0000", "second body"]):
        matches(words, message)


@test("--data-binary: a file as it is")
def _():
    sink = Sink()
    data = b"a\r\nb\n\0c\n"
    at = folder({"f": data})
    fetchpool(["--data-binary", "@" + at + "/f", sink.url + "/{}"], input="1\n")
    fetchpool(["--data-binary", "a=1\n", "-d", "b", sink.url + "/{}"],
              input="1\n")
    equal([one[3] for one in sink.came], [md5(data), md5(b"a=1\n&b")])


@test("another attempt sends the file from its start, if it is the same")
def _():
    data = CHANCE.randbytes(300000)
    at = folder({"f": data, "g": data})

    sink = Sink(fails_once(at + "/g"))
    args = ["-a", "--retry=3", "--expand-upload-file", "{{}}", sink.url + "/{}"]
    result = fetchpool(args, input="f\n", cwd=at)
    equal((kinds(result), sink.came[-1][3]), ([None], md5(data)), repr(result))
    result = fetchpool(args, input="g\n", cwd=at)
    equal((kinds(result), messages(result)), (["local"], [
        "g: the file has changed since the first attempt"]), repr(result))


@test("a redirect that keeps the method sends the file again")
def _():
    data = CHANCE.randbytes(50000)
    at = folder({"f": data})

    def move(handler, nth, sink):
        if handler.path != "/f":
            return False
        handler.rfile.read(int(handler.headers["Content-Length"]))
        handler.answer(307, b"0", ("Location", "/there"))
        return True

    sink = Sink(move)
    result = fetchpool(["-a", "--expand-upload-file", "{{}}", sink.url + "/{}"],
                       input="f\n", cwd=at)
    equal((kinds(result), [one[1::2] for one in sink.came]),
          ([None], [("/there", md5(data))]), repr(result))


@test("a file that is cut or grows while it is sent fails the item")
def _():
    size = 8 << 20
    at = folder({"cut": bytes(size), "grown": bytes(size)})

    def change(handler, nth, sink):
        path = at + handler.path
        handler.rfile.read(1000)
        if handler.path == "/cut":
            os.truncate(path, size // 2)
        else:
            with open(path, "ab") as file:
                file.write(b"x")
        came, whole = read_on(handler, 1000)
        if came == whole:
            handler.answer(201, b"1")
        return True

    sink = Sink(change)
    result = fetchpool(["-a", "-k", "--expand-upload-file", "{{}}",
                        sink.url + "/{}"], input="cut\ngrown\n", cwd=at)
    equal((kinds(result), messages(result)), (["local"] * 2, [
        "the file was truncated while it was being sent",
        "the file changed while it was being sent"]), repr(result))


@test("what the server says before all was sent is told as such")
def _():
    is_told_early(401, "--expand-upload-file", "{{}}")


@test("an --upload-root that is no folder is a usage error, not each item's")
def _():
    at = folder({"f": b"x"})
    for root, why in (("none", b"No such file"), ("f", b"is not a folder"),
                      ("", b"not the name of a folder")):
        result = fetchpool(["--upload-root", root, "--expand-upload-file",
                            "{{}}", "http://127.0.0.1:1/{}"], input="f\n",
                           cwd=at)
        equal(result.status, 2, repr(result))
        check(result.err.startswith(b"fetchpool: --upload-root: "),
              repr(result.err))
        check(why in result.err, repr(result.err))


@test("a dry run tells the size, and sends nothing")
def _():
    at = folder({"f": bytes(12345)})
    result = fetchpool(["--dry-run=full", "--expand-upload-file", "{{}}",
                        "http://127.0.0.1:1/{}"], input="f\nnone\n", cwd=at)
    equal([(r["method"], r["body_size"]) for r in result.records],
          [("PUT", 12345)], repr(result))
    check(b"none: No such file" in result.err, repr(result.err))


@test("no item sends a file that the run writes, or one with its secrets")
def _():
    files = {"good": b"x", "token": b"Authorization: Bearer t\n",
             "netrc": b"machine m login l password p\n"}
    names = ["good", "out", "failed", "failed.link", "failed.hard", "journal",
             "journal.tmp", "stats", "trace", "rate", "token", "netrc", "conf"]
    for form in "lines", "json":
        at, sink = folder({**files, "conf": b"quiet\n", "failed": b""}), Sink()
        os.symlink("failed", at + "/failed.link")
        os.link(at + "/failed", at + "/failed.hard")
        args = ["-K", "conf", "-a", "-o", "out", "--failed", "failed",
                "--journal", "journal", "--stats", "stats", "--trace", "trace",
                "-r", "1000/s", "--rate-file", "rate", "-H", "@token",
                "--netrc-file", "netrc"]
        args += (["--expand-upload-file", "{{}}", sink.url + "/{+}"]
                 if form == "lines" else
                 ["--input-format", "json", sink.url + "/{n}"])
        items = [name if form == "lines" else
                 json.dumps({"body_file": name, "n": name}) for name in names]
        result = fetchpool(args, input="\n".join(items) + "\n", cwd=at)
        equal([path for _, path, _, _ in sink.came], ["/good"], repr(result))
        with open(at + "/out") as file:
            records = [json.loads(line) for line in file]
        equal(len(records), len(names))
        for record in records:
            error = record.get("error")
            if error:
                equal(error["kind"], "local", repr(record))
                check("this run uses the file itself" in error["message"] or
                      "No such file" in error["message"] and
                      record["input" if form == "lines" else "url"].endswith(
                          ("journal.tmp", "stats")), repr(record))


@test("--expand-upload-file: one file for all is not written by the run")
def _():
    at = folder({"f": b"kept", "d/f": b"kept"})
    for name, more in ("f", []), ("d/f", ["--upload-root", "d"]):
        for option in "-o", "--failed":
            result = fetchpool([option, name, "--expand-upload-file", "f", *more,
                                "http://127.0.0.1:1/{}"], input="1\n", cwd=at)
            equal(result.status, 2, repr(result))
            matches("the file of --expand-upload-file", result.err.decode())
            with open(os.path.join(at, name), "rb") as file:
                equal(file.read(), b"kept")


if __name__ == "__main__":
    main()
