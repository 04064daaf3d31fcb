#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--json-safe: what some readers of JSON stop at or change is gone from
bodies, and how much of it there was is said once."""
import json
import os
import shutil
import signal
import subprocess
import sys
from urllib.parse import quote

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program, fetchpool
from servers import faults
from tap import check, contents, equal, main, matches, skip, temp_dir, test

# A body; what it becomes, or None if it fails.
CASES = [
    ('{"good":1}', '{"good":1}'),
    ('{"s":"\\ud800"}', '{"s":"\\ufffd"}'),
    ('{"s":"\\udc00x\\u0000"}', '{"s":"\\ufffdx\\ufffd"}'),
    ("[" * 1000 + "1" + "]" * 1000,
     "[" * 100 + '"' + "[" * 900 + "1" + "]" * 900 + '"' + "]" * 100),
    ('{"a":9007199254740993,"b":1E400}', '{"a":"9007199254740993","b":"1E400"}'),
    ('{"a":1,"a":2}', None),
    ('{"last":1}', '{"last":1}'),
]


def run(*options, cases=CASES):
    server = faults()
    return fetchpool(["-k", *options, server.url + "/bytes{?type,body}",
                      "--input-format=json"],
                     input="".join(json.dumps(
                         {"body": None, "type": "application/json",
                          "x": 1} | {"url": server.url + "/bytes?type=" +
                                     "application/json&body=" + quote(body)})
                         .replace('"body": null, ', "") + "\n"
                         for body, _ in cases))


@test("what is not safe is changed or refused, and told once")
def _():
    result = run("--json-safe")
    equal(result.status, 1)
    got = [line.partition(b'"body":')[2][:-1].decode()
           for line in result.out.splitlines()]
    equal(got, [safe for _, safe in CASES if safe])
    matches("6: an object in the JSON has two members of the same name",
            result.text)
    matches("fetchpool: --json-safe changed bodies: lone surrogates replaced "
            "by U[+]FFFD: 2; U[+]0000 replaced by U[+]FFFD: 1; numbers written "
            "as strings: 2; values nested too deep written as strings: 1\\n",
            result.text)
    equal(result.text.count("--json-safe"), 1)
    plain = run()
    equal((plain.status, plain.err), (0, b""))
    equal(len(plain.records), len(CASES))


@test("statistics have the counts, and a member left out counts for nothing")
def _():
    path = os.path.join(temp_dir(), "stats")
    run("--json-safe", "--stats", path)
    equal(json.loads(contents(path))["json_safe"],
          {"surrogates": 2, "nuls": 1, "numbers": 2, "deep": 1})
    result = run("--json-safe", "--omit", "s", "--omit", "a", "--omit", "b")
    equal(len(result.records), len(CASES))
    check("surrogate" not in result.text, result.text)


@test("a body without a type, and text with a NUL")
def _():
    server = faults()
    for body, encoding, value in (
            ('{"s":"\\ud800","n":18446744073709551616}', "json",
             {"s": "\ufffd", "n": "18446744073709551616"}),
            ("a\0b", "base64", "YQBi"), ("ab", "text", "ab")):
        result = fetchpool(["--json-safe"],
                           input=server.url + "/bytes?body=" + quote(body))
        record = result.records[0]
        equal((record["encoding"], record["body"]), (encoding, value))
    result = fetchpool(["--json-safe"], input=server.url + "/bytes?body=" +
                       quote('{"a":1,"a":1}'))
    equal(result.status, 1)
    matches("two members of the same name", result.text)


@test("jq reads all of it, where it ends at the first of them without")
def _():
    if not shutil.which("jq"):
        skip("jq is not here")
    for options, n in (["--json-safe"], len(CASES) - 1), ([], 1):
        records = run(*options).out
        jq = subprocess.run(["jq", "-c", ".seq"], input=records,
                            capture_output=True)
        if options:
            equal((jq.returncode, jq.stderr), (0, b""))
            equal(len(jq.stdout.split()), n)
        elif jq.returncode == 0:
            skip("this jq takes them as they come")


@test("jq and SQLite load records as fetchpool-record(5) says")
def _():
    records = run().out
    n = len(CASES)
    if shutil.which("jq"):
        jq = subprocess.run(["jq", "-cR", "fromjson? | .seq"], input=records,
                            capture_output=True)
        check(n - 2 <= len(jq.stdout.split()) <= n, repr(jq))
    if not shutil.which("sqlite3"):
        skip("sqlite3 is not here")
    folder = temp_dir()
    path = os.path.join(folder, "records.ndjson")
    with open(path, "wb") as file:
        file.write(records)
    sqlite = subprocess.run(
        ["sqlite3", os.path.join(folder, "r.db"), "create table r(j)",
         ".mode ascii", '.separator "\\t" "\\n"', ".import %s r" % path,
         "select j from r order by rowid"], capture_output=True)
    equal(sqlite.stderr, b"")
    equal(sqlite.stdout.strip(b"\n").splitlines(), records.splitlines())


@test("a reader that goes away: silence, --failed has what was not done")
def _():
    folder = temp_dir()
    failed, stats = folder + "/failed", folder + "/stats"
    program = Program(["-j2", "--failed", failed, "--stats", stats,
                       faults().url + "/echo/{}"],
                      stdin="".join("%d\n" % n for n in range(2000)).encode())
    program.has_lines(1)
    program.drop()
    result = program.wait(20)
    equal((result.status, result.err), (-signal.SIGPIPE, b""), repr(result))
    told = json.loads(contents(stats))
    equal(told["stopped_by"], "SIGPIPE")
    equal(told["not_done"], len(contents(failed).split()))
    check(told["not_done"] > 0, "all was done")


@test("--json-safe is for JSON")
def _():
    for options in ["-B", "text"], ["-B", "base64"], ["-D", temp_dir()]:
        result = fetchpool(["--json-safe", *options, "http://127.0.0.1:1/{}"])
        equal(result.status, 2, repr(result))
        matches("json-safe", result.text)


if __name__ == "__main__":
    main()
