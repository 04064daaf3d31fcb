#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Forms: --form, --form-string, --expand-form, and the member "form"."""
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import urllib.request

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from bodysink import (Sink, fails_once, folder, is_told_early, kinds, messages,
                      read_on)
from harness import FASTAPI, environment, fetchpool, modules
from servers import free_port
from tap import check, equal, main, matches, skip, temp_dir, test, until

NOWHERE = "http://127.0.0.1:1/{}"


def fields(headers, body):
    """[(disposition, type, value)] of a form, taken apart by its boundary."""
    kind, boundary = headers["Content-Type"].split("; boundary=")
    equal(kind, "multipart/form-data")
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode())
    equal((parts[0], parts[-1]), (b"", b"--\r\n"))
    all_of_them = []
    for part in parts[1:-1]:
        head, value = part.split(b"\r\n\r\n", 1)
        lines = dict(line.split(": ", 1)
                     for line in head.decode().strip().split("\r\n"))
        all_of_them.append((lines["Content-Disposition"],
                            lines.get("Content-Type"), value))
    return all_of_them


PNG = b"\x89PNG\r\n\x1a\n\0" + bytes(range(256))


@test("--form: byte for byte what curl sends, but for the boundary")
def _():
    if not shutil.which("curl"):
        skip("there is no curl")
    sink = Sink()
    at = folder({"a.txt": b"text\n", "b;x.PNG": PNG, "c": b"", "p.html": b"<p>",
                 "n\"m,\\.pdf": b"%"})
    forms = [
        ["-F", "a=b"], ["-F", "a="], ["-F", "a=b=c"], ["-F", "a= b c "],
        ["-F", 'a="x;y\\"z\\\\" ;type=text/x'], ["-F", "a=b;type=text/y"],
        ["-F", "a=b;type=text/plain; charset=utf-8"],
        ["-F", "a=b;filename=f.gif"], ["-F", 'a"\n=b'],
        ["-F", "f=@a.txt"], ["-F", "f=@c"], ["-F", 'f=@"b;x.PNG"'],
        ["-F", 'f=@"n\\"m,\\\\.pdf"'], ["-F", "f=@c;type=image/x;filename=ü"],
        ["-F", 'f=@c;filename="a;b.jpeg"'], ["-F", "f=<a.txt"],
        ["-F", "f=<p.html"], ["-F", "f=<c;type=a/b"],
        ["--form-string", "a=@c;type=x"], ["--form-string", "a=<\"c"],
        ["-F", "a=1", "-F", "f=@a.txt", "--form-string", "a=2", "-F", "f=@c"]]
    for form in forms:
        subprocess.run(["curl", "-s", *form, sink.url + "/"], cwd=at,
                       check=True, stdout=subprocess.DEVNULL)
        result = fetchpool([*form, sink.url + "/{}"], input="1\n", cwd=at)
        equal(result.status, 0, repr((form, result)))
        (_, _, theirs, body), (method, _, ours, own) = sink.came[-2:]
        equal((method, fields(ours, own)), ("POST", fields(theirs, body)), form)
        check("Expect" not in ours, repr(ours))


@test("--form: what is wrong is said before anything is sent")
def _():
    at = folder({"f": b"x"})
    for form, words in (
            (["-F", "a"], "NAME=VALUE"), (["-F", "=a"], "NAME=VALUE"),
            (["-F", "f=@none"], "No such file"),
            (["-F", "f=@"], "no name"), (["-F", "f=@."], "not a regular file"),
            (["-F", "f=@{}"], "use --expand-form"),
            (["-F", "f=@f,g"], "each file needs a --form"),
            (["-F", "a=b;c"], "needs quotes"),
            (["-F", "a=b;headers=X: y"], "has to stand after"),
            (["-F", "a=b;type=x"], "not a type"),
            (["-F", "a=b;type=x/y;type=x/z"], "two types"),
            (["-F", "a=b;type=multipart/mixed"], "within fields"),
            (["-F", 'a="b" c'], "closing quote"),
            (["--form-string", "a"], "NAME=VALUE"),
            (["--expand-form", "a={{b:x}}"], "is not one of trim"),
            (["--expand-form", "a={{x"], "without }}"),
            (["--expand-form", "a={{x}}"], "{{x}}|{x}"),
            (["-F", "a=b", "-d", "x"], "--form cannot be used with --data"),
            (["--form-string", "a=b", "--json", "1"], "one body"),
            (["--expand-form", "a=b", "-T", "f"], "one body"),
            (["-F", "a=b", "--expand-upload-file", "f"], "one body"),
            (["-F", "a=b", "--data-line"], "one body"),
            (["-F", "a=b", "-I"], "no body"), (["-F", "a=b", "--check"],
                                               "no body"),
            (["-F", "f=@f", "-o", "f"], "the file of --form|'f' is")):
        result = fetchpool([*form, NOWHERE], input="1\n", cwd=at)
        equal(result.status, 2, repr((form, result)))
        matches(words, result.err.decode())


@test("--expand-form: a line is a value or a file's name, whatever is in it")
def _():
    sink = Sink()
    lines = ["plain", "@c", "<c", "a;type=x", '"q"', "{{}}", "a,b", "ü=1"]
    at = folder({"c": b"C", **{line: line.encode() for line in lines}})
    result = fetchpool(
        ["-a", "-k", "-F", "first=@c", "--expand-form", "v={{}}",
         "--expand-form", 'f=@"{{}}";type=a/b;filename={{:b64}}',
         "--expand-form", "{{:b64}}=<{{}}", "--form-string", "last={{}}",
         "--expand-form", "\\{{=\\{{}}", sink.url + "/"],
        input="".join(line + "\n" for line in lines), cwd=at)
    equal((result.status, kinds(result)), (0, [None] * len(lines)),
          repr(result))
    came = {fields(h, b)[1][2].decode(): fields(h, b)
            for _, _, h, b in sink.came}
    equal(sorted(came), sorted(lines))
    for line in lines:
        data = line.encode()
        b64 = json.loads(subprocess.run(
            [sys.executable, "-c", "import sys,base64,json;print(json.dumps("
             "base64.b64encode(sys.argv[1].encode()).decode()))", line],
            capture_output=True, check=True).stdout)
        equal(came[line], [
            ('form-data; name="first"; filename="c"',
             "application/octet-stream", b"C"),
            ('form-data; name="v"', None, data),
            ('form-data; name="f"; filename="%s"' % b64, "a/b", data),
            ('form-data; name="%s"' % b64, None, data),
            ('form-data; name="last"', None, b"{{}}"),
            ('form-data; name="{{"', None, b"{{}}")])


@test("--expand-form: files are below the upload root, and never the run's own")
def _():
    sink = Sink()
    at = folder({"a": b"A", "b": b"B", "tok": b"X: y\n"})
    os.mkdir(at + "/root")
    os.symlink("../a", at + "/root/out")
    with open(at + "/root/in", "wb") as file:
        file.write(b"I")
    result = fetchpool(
        ["-a", "-k", "--upload-root", "root", "-F", "mine=@a",
         "--expand-form", "f=@{{}}", sink.url + "/"],
        input="in\nout\n../b\n/etc/passwd\nnone\n\n.\n", cwd=at)
    equal(kinds(result), [None] + ["local"] * 4 + ["local"], repr(result))
    equal([fields(h, b)[0][2] + fields(h, b)[1][2] for _, _, h, b in sink.came],
          [b"AI"])
    sink.came.clear()
    result = fetchpool(
        ["-a", "-k", "-H", "@tok", "--journal", "j", "-o", "out",
         "--expand-form", "f=@{{}}", sink.url + "/"],
        input="tok\nj\nout\na\n", cwd=at)
    equal([fields(h, b)[0][2] for _, _, h, b in sink.came], [b"A"],
          repr(result))


@test("the member form of JSON items")
def _():
    sink = Sink()
    at = folder({"f.png": PNG, "g": b"G"})
    items = [
        {"form": {"a": "b\r\n", "n": 1.50, "t": True, "no": None,
                  "l": ["x", 2], "f": {"file": "f.png"},
                  "g": {"file": "g", "type": "a/b", "filename": "h\"i"},
                  "j": {"value": {"k": [1]}}, "s": {"text_file": "g"},
                  "z": {"base64": "AAH/"}, "two": [{"file": "g"}, "v"]}},
        {"form": [{"name": "a", "value": "1"}, {"name": "b", "file": "g"},
                  {"name": "a", "value": "2", "type": "text/x"}],
         "method": "PUT", "headers": {"X-A": "1"}}]
    result = fetchpool(["-a", "-k", "--input-format", "json", "-F", "not=1",
                        sink.url + "/x"],
                       input="".join(json.dumps(i) + "\n" for i in items),
                       cwd=at)
    equal(kinds(result), [None] * 2, repr(result))
    sink.came.sort()
    (_, _, h1, b1), (method, _, h2, b2) = sink.came
    octets = "application/octet-stream"
    equal(fields(h1, b1), [
        ('form-data; name="a"', None, b"b\r\n"),
        ('form-data; name="n"', None, b"1.5"),
        ('form-data; name="t"', None, b"true"),
        ('form-data; name="l"', None, b"x"),
        ('form-data; name="l"', None, b"2"),
        ('form-data; name="f"; filename="f.png"', "image/png", PNG),
        ('form-data; name="g"; filename="h%22i"', "a/b", b"G"),
        ('form-data; name="j"', "application/json", b'{"k":[1]}'),
        ('form-data; name="s"', None, b"G"),
        ('form-data; name="z"', None, b"\0\1\xff"),
        ('form-data; name="two"; filename="g"', octets, b"G"),
        ('form-data; name="two"', None, b"v")])
    equal((method, h2["X-A"], fields(h2, b2)), ("PUT", "1", [
        ('form-data; name="a"', None, b"1"),
        ('form-data; name="b"; filename="g"', octets, b"G"),
        ('form-data; name="a"', "text/x", b"2")]))


@test("a member form that is none fails its item alone")
def _():
    bad = [("1", "neither an object nor an array"), ("{}", "has no fields"),
           ("[1]", "other things than objects"), ('[{"value":1}]', "no name"),
           ('[{"name":"a"}]', "has no value"), ('{"a":{}}', "has no value"),
           ('{"a":{"value":1,"file":"g"}}', "second value"),
           ('{"a":{"name":"b","value":1}}', "second name"),
           ('{"a":{"value":1,"x":2}}', '"x" is not known'),
           ('{"a":{"file":1}}', "is not a string"),
           ('{"a":{"file":""}}', "is empty"),
           ('{"a":{"base64":"?"}}', "is not base64"),
           ('{"a":{"value":1,"type":"a\\nb"}}', "control character"),
           ('{"a":[[1]]}', "list of lists"), ('{"a":1,"a":2}', "appears twice"),
           ('{"a":"\\u0000"}', "u0000"), ('{"":1}', "no name"),
           ('{"a":{"value":1,"value":2}}', "second value|twice"),
           ("[" + ",".join(['{"name":"a","value":1}'] * 1001) + "]",
            "more than 1000")]
    lines = ['{"form":%s}' % form for form, _ in bad]
    lines.append('{"form":{"a":1},"body":"x"}')
    lines.append('{"body_file":"x","form":{"a":1}}')
    result = fetchpool(["-a", "-k", "--input-format", "json", NOWHERE[:-2]],
                       input="".join(line + "\n" for line in lines))
    equal(kinds(result), ["input"] * len(lines), repr(result))
    for message, words in zip(messages(result), [w for _, w in bad] +
                              ["second body"] * 2):
        matches(words, message)


@test("a type of the user's own is given the boundary")
def _():
    sink = Sink()
    fetchpool(["-H", "content-type: multipart/related", "-F", "a=b",
               sink.url + "/{}"], input="1\n")
    kind, boundary = sink.came[0][2]["content-type"].split("; boundary=")
    equal(kind, "multipart/related")
    check(sink.came[0][3].startswith(b"--" + boundary.encode()),
          repr(sink.came))
    result = fetchpool(["-a", "-H", "Content-Type: multipart/x; boundary=y",
                        "-F", "a=b", NOWHERE], input="1\n")
    equal((kinds(result), messages(result)), (
        ["input"], ["the Content-Type of a form has a boundary already"]))
    item = {"url": NOWHERE.format("1"), "form": {"a": "b"},
            "headers": {"Content-Type": "application/json"}}
    for args, line in (
            (["-H", "Content-Type: text/plain", "-F", "a=b", NOWHERE], "1"),
            (["--input-format=json"], json.dumps(item))):
        result = fetchpool(["-a", *args], input=line + "\n")
        equal((kinds(result), messages(result)), (
            ["input"], ["the Content-Type of a form is not a multipart type"]))


@test("another attempt sends the same, if the files are")
def _():
    data = random.Random(5).randbytes(200000)
    at = folder({"f": data, "g": data, "other": b"o" * 5000})

    sink = Sink(fails_once(at + "/g"))
    args = ["-a", "-X", "PUT", "--retry=3", "-F", "o=@" + at + "/other", "--expand-form",
            "f=@{{}}", sink.url + "/"]
    result = fetchpool(args, input="f\n", cwd=at)
    equal(kinds(result), [None], repr(result))
    equal([value for _, _, value in fields(*sink.came[-1][2:])],
          [b"o" * 5000, data])
    result = fetchpool(args, input="g\n", cwd=at)
    equal((kinds(result), messages(result)), (["local"], [
        "form: a file has changed since the first attempt"]), repr(result))


@test("a file of a form that changes while it is sent fails the item")
def _():
    size = 4 << 20
    names = ["cut", "grown", "gone", "replaced"]
    at = folder({name: bytes(size) for name in names})
    with open(at + "/first", "wb") as file:
        file.write(bytes(size))

    def change(handler, nth, sink):
        path = at + handler.path
        handler.rfile.read(1000)
        if handler.path == "/cut":
            os.truncate(path, size // 2)
        elif handler.path == "/grown":
            with open(path, "ab") as file:
                file.write(b"x")
        else:
            os.unlink(path)
        if handler.path == "/replaced":
            with open(path, "wb") as file:
                file.write(bytes(size))
        came, whole = read_on(handler, 1000)
        if came == whole:
            handler.answer(201, b"1")
        return True

    sink = Sink(change)
    result = fetchpool(["-a", "-k", "-F", "a=@" + at + "/first",
                        "--expand-form", "f=@{{}}", sink.url + "/{}"],
                       input="".join(n + "\n" for n in names), cwd=at)
    equal(kinds(result), ["local"] * 4, repr(result))
    changed = ": the file changed while it was being sent"
    equal(messages(result), ["cut" + changed, "grown" + changed,
                             "gone" + changed, "replaced" + changed])


@test("what the server says before all was sent is told as such")
def _():
    is_told_early(413, "--expand-form", "f=@{{}}")


@test("redirects: 307 sends the form again, 303 drops it")
def _():
    def move(handler, nth, sink):
        if not handler.path[1:].isdigit():
            return False
        handler.rfile.read(int(handler.headers["Content-Length"]))
        handler.answer(int(handler.path[1:]), b"0", ("Location", "/there"))
        return True

    sink = Sink(move)
    at = folder({"f": b"F"})
    result = fetchpool(["-a", "-k", "-F", "f=@f", sink.url + "/{}"],
                       input="307\n", cwd=at)
    equal(kinds(result), [None], repr(result))
    equal((sink.came[0][1], fields(*sink.came[0][2:])[0][2]), ("/there", b"F"))


@test("--dry-run=full shows the form, without files' contents and secrets")
def _():
    at = folder({"f": bytes(12345)})
    result = fetchpool(
        ["--dry-run=full", "-F", "api_key=hush", "-F", "a=b", "--expand-form",
         "f=@{{}}", NOWHERE[:-2]], input="f\nnone\n", cwd=at)
    record, = result.records
    boundary = record["headers"]["Content-Type"][0].split("boundary=")[1]
    equal(record["body"].split("\r\n"), [
        "--" + boundary, 'Content-Disposition: form-data; name="api_key"', "",
        "***", "--" + boundary, 'Content-Disposition: form-data; name="a"', "",
        "b", "--" + boundary,
        'Content-Disposition: form-data; name="f"; filename="f"',
        "Content-Type: application/octet-stream", "", "(12345 bytes of f)",
        "--" + boundary + "--", ""])
    equal(record["body_size"], len(record["body"]) - len("***") + len("hush")
          - len("(12345 bytes of f)") + 12345)
    equal(record["headers"]["Content-Length"], [str(record["body_size"])])
    check(b"none: No such file" in result.err, repr(result.err))
    check(b"hush" not in result.out + result.err, repr(result))


@test("--resume: another form is another run")
def _():
    sink = Sink()
    at = folder({"f": b"F"})
    args = ["--journal", at + "/j", "-o", at + "/out", sink.url + "/{}"]
    fetchpool(["-F", "a=b", *args], input="1\n")
    result = fetchpool(["--resume", "-F", "a=b", *args], input="1\n2\n")
    equal((result.status, len(sink.came)), (0, 2), repr(result))
    result = fetchpool(["--resume", "-F", "a=c", *args], input="1\n2\n")
    equal(result.status, 3)
    matches("--form differs from the first run", result.err.decode())


@test("--next: a cursor in --expand-form")
def _():
    seen = []

    def page(handler, nth, sink):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        seen.append([value for _, _, value in fields(handler.headers, body)])
        sink.came.append(None)
        handler.answer(200, b'{"end":"p%d"}' % nth if nth < 3 else b"{}")
        return True

    sink = Sink(page)
    result = fetchpool(["--next", "at=/end", "--expand-form", "q={{}}",
                        "--expand-form", "at={{at}}", sink.url + "/"],
                       input="1\n")
    equal((result.status, len(result.records)), (0, 3), repr(result))
    equal(seen, [[b"1", b""], [b"1", b"p1"], [b"1", b"p2"]])


APP = """
import hashlib
from fastapi import FastAPI, File, Form, UploadFile
app = FastAPI()

@app.get("/")
def up():
    return "up"

@app.post("/files")
async def files(file: UploadFile = File(...), note: str = Form(...)):
    data = await file.read()
    return {"name": file.filename, "type": file.content_type, "note": note,
            "md5": hashlib.md5(data).hexdigest()}
"""


@test("ls img/*.png | fetchpool --expand-form 'file=@{{}}': a real FastAPI")
def _():
    modules(*FASTAPI)
    at, port = temp_dir(), free_port()
    with open(at + "/app.py", "w") as file:
        file.write(APP)
    os.mkdir(at + "/img")
    chance = random.Random(11)
    data = {"img/%d ü;\"%d\".png" % (n, n): chance.randbytes(
        chance.choice([0, 1, 1000, 70000, 300000])) for n in range(50)}
    for name, content in data.items():
        with open(os.path.join(at, name), "wb") as file:
            file.write(content)
    proc = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port",
         str(port), "app:app"], cwd=at, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=environment())
    url = "http://127.0.0.1:%d/" % port

    def answers():
        try:
            return urllib.request.urlopen(url).read() == b'"up"'
        except OSError:
            return False

    try:
        until(answers, "the server to answer", timeout=60)
        result = fetchpool(
            ["-a", "-j", "16", "--expand-form", "file=@{{}}", "--expand-form",
             "note={{:trim}}", url + "files"],
            input="".join(name + "\n" for name in data), cwd=at, timeout=60)
        equal((result.status, len(result.records)), (0, 50), repr(result.err))
        for record in result.records:
            body, name = record["body"], record["input"]
            equal(body["md5"], hashlib.md5(data[name]).hexdigest(), name)
            equal((body["note"], body["type"]), (name, "image/png"))
    finally:
        proc.kill()
        proc.wait()


if __name__ == "__main__":
    main()
