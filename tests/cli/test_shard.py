#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--shard: one input, shared out among runs that know nothing of each other.
What they write together has to be what one run would have written."""
import os
import signal
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from arrivals import Arrivals, crowds, numbers
from harness import Program, fetchpool, records_of
from servers import api, faults
from tap import (check, contents, equal, main, matches, temp_dir, temp_file,
                 test, until)

MS = 10**6
FIELDS = ["--fields", "seq,input,url,status,attempts,body"]

# Blank lines, lines that are no items, and one that is too long.
ODD = ("1\r\n\n2\n \t \n101\n3\n\x01\n4\n\n\n5\n" + "9" * 400 + "\n6\n7\n"
       "102\n8\n9")
N_ODD = 13


def of_all(shards, input, *options):
    """The results of a run for each of these shards, and of one for all."""
    args = ["-k", "-a", "-q", "--max-line=300", *FIELDS, *options, api().posts]
    return ([fetchpool(["--shard=" + shard, *args], input=input)
             for shard in shards], fetchpool(args, input=input))


def by_seq(results):
    lines = [line for result in results for line in result.out.splitlines()]
    return sorted(lines, key=lambda line: int(
        line.partition(b'"seq":')[2].partition(b",")[0]))


@test("all shards together have each item once, by the number it always has")
def _():
    for n in 1, 2, 3, 5, N_ODD, 40:
        shards = ["%d/%d" % (i, n) for i in range(1, n + 1)]
        parts, whole = of_all(shards, ODD)
        equal(len(whole.records), N_ODD)
        equal(by_seq(parts), whole.out.splitlines(), "%d shards" % n)
        for i, part in enumerate(parts, 1):
            equal([record["seq"] for record in part.records],
                  list(range(i, N_ODD + 1, n)), shards[i - 1])


@test("shards that are counted from 0 are whole as well")
def _():
    parts, whole = of_all(["%d/4" % i for i in range(4)], ODD)
    equal(by_seq(parts), whole.out.splitlines())
    equal([r["seq"] for r in parts[0].records], [4, 8, 12])


@test("items that end in NUL, and JSON items")
def _():
    parts, whole = of_all(["1/2", "2/2"], ODD.replace("\n", "\0"), "-0")
    equal(by_seq(parts), whole.out.splitlines())
    lines = "".join('{"id":%d,"context":[%d]}\n\n' % (i, i)
                    for i in range(1, 9))
    args = ["-q", "--input-format=json", "--fields=seq,context",
            api().posts.replace("{}", "{id}")]
    for i in 1, 2, 3:
        result = fetchpool(["--shard=%d/3" % i, *args], input=lines)
        equal(sorted(r["seq"] for r in result.records),
              list(range(i, 9, 3)))
        equal([r["context"] for r in result.records],
              [[r["seq"]] for r in result.records])


@test("what failed is in the --failed of its shard, and in no other")
def _():
    folder, failed = temp_dir(), []
    for i in 1, 2, 3:
        path = os.path.join(folder, str(i))
        fetchpool(["-q", "--shard=%d/3" % i, "--failed", path, api().posts],
                  input=numbers(150))
        failed += contents(path).decode().split()
    equal(sorted(map(int, failed)), list(range(101, 151)))


@test("a stop: the lines of other shards are not in --failed")
def _():
    server = faults()
    failed, items = temp_file(), temp_file(numbers(60))
    program = Program(["-q", "-j1", "--shard=2/3", "--failed", failed, "-i",
                       items, server.url + "/gate/x?{}"])
    until(lambda: server.requests, "a request")
    program.kill(signal.SIGINT)
    program.kill(signal.SIGINT)
    equal(program.wait().status, -signal.SIGINT)
    equal(sorted(map(int, contents(failed).split())),
          list(range(2, 61, 3)))


@test("three shards at once: no more than the rate together")
def _():
    with Arrivals() as server:
        runs = [Program(["-j64", "-q", "-r", "30/200ms",
                         "--shard=%d/3" % i, server.url + "/{}"],
                        stdin=numbers(120)) for i in (1, 2, 3)]
        seen = []
        for run in runs:
            result = run.wait()
            equal((result.status, len(result.records)), (0, 40), repr(result))
            seen += [record["seq"] for record in result.records]
        equal(sorted(seen), list(range(1, 121)))
        equal(crowds(server.times(), 30, 200 * MS)[:3], [])


@test("a shard takes its part of the rate, however many others run")
def _():
    with Arrivals() as server:
        result = fetchpool(["-j64", "-q", "-r", "30/600ms", "--host-rate",
                            "60/600ms", "--shard=3/3", server.url + "/{}"],
                           input=numbers(75))
        equal((result.status, len(result.records)), (0, 25), repr(result))
        times = server.times()
        equal(crowds(times, 10, 600 * MS)[:3], [])
        check(crowds(times, 9, 600 * MS), "less than its part was used")


# ---- with a journal ----

def array(folder, i, *more):
    """The command of a job array's task."""
    at = os.path.join(folder, "part-%d" % i)
    return ["-k", "-q", "--shard=%d/4" % i, *FIELDS, "-o", at + ".ndjson",
            "--journal", at + ".journal", "--resume", *more, api().posts]


@test("a job array: one is killed and goes on; in the end all is there once")
def _():
    lines = numbers(120).splitlines(True)
    expected = fetchpool(["-k", "-q", *FIELDS, api().posts],
                         input=numbers(120)).out
    for from_pipe in False, True:
        folder, items = temp_dir(), temp_file(numbers(120))
        for i in 0, 1, 3:
            fetchpool(array(folder, i, "-i", items))

        # It has half of the input and waits for more.
        program = Program(array(folder, 2), stdin="pipe")
        program.write("".join(lines[:60]))
        out = os.path.join(folder, "part-2.ndjson")
        until(lambda: os.path.exists(out) and
              contents(out).count(b"\n") == 15, "half of the records")
        program.kill(signal.SIGKILL)
        equal(program.wait().status, -signal.SIGKILL)

        result = fetchpool(array(folder, 2), input=numbers(120)) if from_pipe \
            else fetchpool(array(folder, 2, "-i", items))
        equal(result.status, 1, repr(result))
        parts = b"".join(contents(os.path.join(folder, "part-%d.ndjson" % i))
                         for i in range(4))
        records = sorted(records_of(parts), key=lambda record: record["seq"])
        equal(records, records_of(expected))


@test("what failed of a shard is fetched again, by its number")
def _():
    for from_pipe in False, True:
        folder, items = temp_dir(), temp_file(numbers(120))
        args = [arg for arg in array(folder, 2) if arg != "-k"]
        feed = {"input": numbers(120)} if from_pipe else {}
        args = args if from_pipe else args + ["-i", items]
        equal(fetchpool(args, **feed).status, 1)
        done = contents(os.path.join(folder, "part-2.ndjson"))
        result = fetchpool([arg if arg != "--resume" else "--retry-failed"
                            for arg in args], **feed)
        equal(result.status, 1)
        matches("^fetchpool: 5 of 5 items failed", result.text)
        equal(contents(os.path.join(folder, "part-2.ndjson")), done)
        result = fetchpool([arg for arg in args if arg not in ("-q",)
                            if arg != "--resume"] + ["--retry-failed"], **feed)
        equal(sorted(result.errors), [102, 106, 110, 114, 118])


@test("a journal is of one shard, and says which item is not the same")
def _():
    folder, items = temp_dir(), temp_file("\n" + numbers(40))
    equal(fetchpool(array(folder, 2, "-i", items)).status, 0)
    other = [arg.replace("2/4", "3/4") for arg in
             array(folder, 2, "-i", items)]
    result = fetchpool(other)
    equal(result.status, 3)
    matches("--shard differs from the first run", result.text)

    with open(items, "w") as file:
        file.write("\n" + numbers(40).replace("10\n", "90\n"))
    result = fetchpool(array(folder, 2, "-i", items))
    equal(result.status, 3)
    matches(r"item 10 of the journal does not match line 11 ", result.text)


@test("what is done of a shard has no gaps in its journal")
def _():
    folder = temp_dir()
    fetchpool(array(folder, 2, "-i", temp_file(numbers(40))))
    journal = contents(os.path.join(folder, "part-2.journal")).decode()
    equal([int(line.split()[1]) for line in journal.splitlines()
           if line.startswith("d ")], list(range(1, 11)))


@test("an input that has no item for a shard is no fault")
def _():
    for input in "", "\n\n", "1\n":
        result = fetchpool(["--shard=2/3", api().posts], input=input)
        equal((result.status, result.out, result.err), (0, b"", b""))


if __name__ == "__main__":
    main()
