#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--input-format csv: what Python's csv module writes is what is sent, what
failed is a CSV again, and no run goes on with other columns."""
import csv
import io
import json
import os
import random
import signal
import sys
import urllib.parse

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program, fetchpool
from resumetest import Run, put
from servers import faults
from tap import (check, contents, equal, main, matches, temp_dir, temp_file,
                 test, until)
from webserver import web

CSV = ["--input-format", "csv"]


def values_of(target):
    return dict(urllib.parse.parse_qsl(target.partition("?")[2],
                                       keep_blank_values=True))


def written(rows, **dialect):
    out = io.StringIO(newline="")
    csv.writer(out, **dialect).writerows(rows)
    return out.getvalue()


@test("any fields that a CSV can hold arrive as they are")
def _():
    random.seed(5)
    pieces = ["a", ",", ";", "\t", '"', "\n", "\r\n", " ", "ä", "''", "{1}"]
    rows = [["".join(random.choices(pieces, k=random.randrange(5)))
             for _ in range(3)] for _ in range(200)]
    rows = [["x" + row[0], *row[1:]] for row in rows]
    for dialect in ({}, {"delimiter": ";"}, {"delimiter": "\t"},
                    {"quoting": csv.QUOTE_ALL},
                    {"lineterminator": "\n", "quoting": csv.QUOTE_ALL}):
        for mark in "", "\ufeff":
            server = faults()
            separator = dialect.get("delimiter", ",")
            result = fetchpool(
                [*CSV, "-k", "-C", separator.replace("\t", "\\t"),
                 server.url + "/ok{?a,b,c}"],
                input=mark + written([["a", "b", "c"], *rows], **dialect))
            equal((result.status, result.err), (0, b""), repr(result))
            seen = sorted([v["a"], v["b"], v["c"]]
                          for v in map(values_of, server.targets))
            equal(seen, sorted(rows))
            equal(len(result.records), len(rows))


@test("names of the header line, and numbers, in all that is filled in")
def _():
    server = web()
    folder = temp_dir()
    result = fetchpool(
        [*CSV, "--fields", "seq,input,url,file", "-D", folder,
         "--output-name", "{2}.txt", "--expand-header", "X-Name: {{full%20name}}",
         "--expand-json",
         '{"n":"{{note:json}}","raw":"{{:json}}"}',
         server.url + "/ok{?id,full%20name}"],
        input='id,"full name",note\r\n7,"A, B","say ""hi""\nyou"\r\n')
    equal(result.status, 0, repr(result))
    record = result.records[0]
    equal(record["input"], '7,"A, B","say ""hi""\nyou"')
    equal(record["url"], server.url + "/ok?id=7&full%20name=A%2C%20B")
    equal(os.listdir(folder), ["A, B.txt"])
    sent = server.log[-1]
    equal(sent.header("X-Name"), "A, B")
    equal(json.loads(sent.body),
          {"n": 'say "hi"\nyou', "raw": record["input"]})


@test("fields of -C are looked at like lines: what is odd is said once each")
def _():
    result = fetchpool(["-C,", faults().url + "/ok?{1}"], input=(
        "id,x\n1e+06,1e+06\n2e+06,x\n1.0,1.0\nNULL,x\n 7,x\n"))
    for words in ("'id' looks like a column heading",
                  "'1e+06' looks like a number rounded",
                  "'1.0' looks like a whole number with",
                  "'NULL' looks like a missing value",
                  "' 7' begins or ends with white space"):
        equal(result.text.count(words), 1, words + repr(result))
    equal(result.text.count("reported once"), 5, repr(result))
    for args in (["-C,", "--expand-json", '{"n":{{1}}}', "/ok"],
                 ["--input-format", "csv", "/ok?{1}"]):
        result = fetchpool([*args[:-1], faults().url + args[-1]],
                           input="1.0,x\n")
        equal(result.text, "", repr(result))


@test("only numbers: there is no header line, and a heading is told")
def _():
    server = faults()
    result = fetchpool([*CSV, "-k", server.url + "/echo/{2}"],
                       input="a,1\n\"b,c\",2\n")
    equal(sorted(server.targets), ["/echo/1", "/echo/2"])
    equal(result.err, b"")
    result = fetchpool([*CSV, server.url + "/echo/{1}"], input="id,x\n1,y\n")
    matches("'id' looks like a column heading: with {name} in the "
            "template",
            result.text)
    for args, heading in (([], "id,name\n"), (["-C;"], "user_id;name\n")):
        result = fetchpool([*CSV, *args, server.url + "/echo/{}"],
                           input=heading + "1,a\n2,b\n")
        equal(result.text.count("looks like a column heading: with {name}"), 1,
              repr(result))
    result = fetchpool([*CSV, server.url + "/echo/{}"], input="1,id\n\"\",2\n")
    equal(result.err, b"")


@test("a name that the header line lacks is wrong usage, and harms nothing")
def _():
    server = faults()
    path = temp_file(b"old\n", "failed")
    out = temp_file(b"old\n", "out")
    for args, name in (
            ([server.url + "/echo/{Id}"], "Id"),
            (["--expand-data", "{{x}}", server.url + "/echo/{id}"], "x"),
            (["-D", temp_dir(), "--output-name", "{y}",
              server.url + "/echo/{id}"], "y")):
        result = fetchpool([*CSV, "--failed", path, "-o", out, *args],
                           input="id,\"a,b\"\n1,2\n")
        equal(result.status, 2, repr(result))
        equal(result.text, "fetchpool: {%s}: the header line of the CSV has "
              "no field of this name; it has: id, a,b (see fetchpool --help)\n"
              % name)
    equal(server.targets, [])
    equal((contents(path), contents(out)), (b"old\n", b"old\n"))
    result = fetchpool([*CSV, server.url + "/echo/{a}"], input="a,b,a\n1,2,3\n")
    equal(result.status, 2)
    matches("has more than one field of this name", result.text)
    for header, why in ((b'a,b"c\n', "a quote in a field that does not begin"),
                        (b'"a\n1\n2\n', "quote opened on line 1 is never"),
                        (b"\xff\xfea\0", "UTF-16"), (b"\xff\n", "invalid UTF")):
        result = fetchpool([*CSV, server.url + "/echo/{a}"], input=header)
        equal(result.status, 2, repr(result))
        matches("^fetchpool: the header line of the CSV: .*" + why,
                result.text)
    equal(fetchpool([*CSV, server.url + "/echo/{a}"], input="").status, 0)
    equal(server.targets, [])


@test("records that are wrong fail alone, and --failed is a CSV again")
def _():
    server = faults()
    path = os.path.join(temp_dir(), "failed")
    text = ('\ufeffid,note\r\n404,"a\nb"\r\n\r\n7,"x"y\r\n8,a"b\r\n9\r\n'
            '10,b,c\r\n200,"ok\n"\r\n11,"open\n12,x\n')
    url = server.url + "/status/{id}{?note}"
    result = fetchpool([*CSV, "-k", "--failed", path, url], input=text)
    equal(result.status, 1)
    equal([record["seq"] for record in result.records], [6])
    matches("2: text after a closing quote at byte 6", result.text)
    matches("3: a quote in a field that does not begin with one", result.text)
    matches("4: the line has no value for {note}", result.text)
    matches("5: 3 fields, and the header line has 2", result.text)
    matches("7: the quote opened on line 11 is never closed", result.text)
    matches("not written to .*: 1 line longer than --max-line or with "
            "an unclosed quote",
            result.text)
    first = contents(path)
    equal(first, b'id,note\n404,"a\nb"\n7,"x"y\n8,a"b\n9\n10,b,c\n')
    result = fetchpool([*CSV, "-k", "-i", path, "--failed", path + "2", url])
    equal(contents(path + "2"), first)
    equal(len(result.errors), 5)
    result = fetchpool([*CSV, "--failed", path, url],
                       input="id,note\n200,x\n")
    equal((result.status, contents(path)), (0, b""), "nothing failed")


@test("a header line that does not come does not outlast --deadline")
def _():
    program = Program([*CSV, "--deadline=50ms", "http://127.0.0.1:1/{id}"],
                      stdin=-1)
    result = program.wait(20)
    equal(result.status, 4, repr(result))
    matches("stopped by --deadline before the header line of the CSV arrived",
            result.text)


@test("a record over --max-line is passed over as one")
def _():
    server = faults()
    result = fetchpool(
        [*CSV, "-k", "--max-line=100", server.url + "/echo/{id}"],
        input='id,x\n1,"' + "a\n" * 200000 + '"\n2,b\n')
    equal(server.targets, ["/echo/2"])
    matches("1: the line is longer than --max-line", result.text)


@test("shards have each record once, by its number")
def _():
    rows = ["%d,\"a\nb\"" % n for n in range(1, 8)]
    text = "id,x\n" + "\n".join(rows) + "\n"
    seen = []
    for shard in "1/2", "2/2":
        server = faults()
        result = fetchpool([*CSV, "--shard", shard, server.url + "/echo/{id}"],
                           input=text)
        seen += [(r["seq"], r["input"]) for r in result.records]
    equal(sorted(seen), list(enumerate(rows, 1)))


def csv_run(pipes=False):
    rows = ['%d,"line\n%d, more"' % (404 if n % 5 == 0 else 200, n)
            for n in range(40)]
    run = Run(0, [*CSV, "-k"], pipes=pipes,
              template=faults().url + "/status/{code}{?text}")
    put(run.input, "code,text\r\n" + "\n".join(rows) + "\n")
    return run


@test("99 a run that was stopped goes on, from a file and from a pipe")
def _():
    for pipes in False, True:
        run = csv_run(pipes)
        whole = run.whole()
        check(whole[1].startswith(b"code,text\n404,"), whole[1])
        program = run.start("-j1", "--delay=20ms", "--grace=0s", "--failed",
                            run.failed)
        until(lambda: os.path.exists(run.out) and
              contents(run.out).count(b"\n") > 5, "some records")
        program.kill(signal.SIGTERM)
        program.wait(20)
        equal(contents(run.failed).count(b"code,text\n"), 1, "header lines")
        result = run.run("--resume", "--failed", run.failed)
        equal(result.status, 1, repr(result))
        run.check_same(whole)


@test("99 a run does not go on with another header line, or other records")
def _():
    run = csv_run()
    run.run("--failed", run.failed)
    text = contents(run.input)
    put(run.input, text.replace(b"code,text", b"text,code"))
    result = run.run("--resume", "--failed", run.failed)
    equal(result.status, 3, repr(result))
    matches("the header line of the CSV differs from", result.text)
    put(run.input, text.replace(b"line\n7", b"line\n8"))
    result = run.run("--resume", "--failed", run.failed)
    matches("not resumed: the input has changed: item 8 of the journal does "
            "not match line 16 ", result.text)


@test("a --failed that is full ends with a whole record")
def _():
    import resource
    folder = temp_dir()
    path = os.path.join(folder, "failed")
    rows = ['404,"%s\n%d"' % ("a" * 100, n) for n in range(100)]
    server = faults()
    program = Program(
        [*CSV, "-k", "-q", "--failed", path,
         server.url + "/status/{code}{?text}"], stdin=(
             "code,text\n" + "\n".join(rows) + "\n").encode(),
        limits=[(resource.RLIMIT_FSIZE, (3050, 3050))])
    result = program.wait(20)
    equal(result.status, 3, repr(result))
    kept = list(csv.reader(io.StringIO(contents(path).decode(), newline="")))
    check(len(kept) > 1 and contents(path).endswith(b'"\n'), kept[-1:])
    check(all(len(row) == 2 for row in kept), "a torn record")


if __name__ == "__main__":
    main()
