#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--summary and --stats: what they say is what happened, and it is said however
the run ends."""
import json
import os
import signal
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program, fetchpool, strict_json
from servers import api, faults
from tap import (check, contents, equal, main, matches, skip, temp_dir,
                 temp_file, test, until)

MEMBERS = ["fetchpool", "schema", "started", "seconds", "exit_status", "stopped_by",
           "read", "succeeded", "failed", "not_done", "kinds", "statuses",
           "no_response", "attempts", "retries", "bytes", "items_per_second",
           "bytes_per_second", "json_safe", "fetch_time", "learned", "command",
           "libraries", "jobs", "held_back", "time", "processor", "pauses",
           "servers", "slowest", "failures", "timeline"]
KINDS = ["input", "refused", "dns", "connect", "tls", "timeout", "network",
         "incomplete", "http", "too_large", "body", "redirect", "page",
         "local"]


def check_stats(path):
    """The object, after all that holds for each."""
    data = contents(path)
    check(data.endswith(b"}\n") and data.count(b"\n") == 1, data)
    stats = strict_json(data)
    equal(list(stats), MEMBERS)
    equal(list(stats["kinds"]), KINDS)
    equal(stats["read"],
          stats["succeeded"] + stats["failed"] + stats["not_done"])
    equal(sum(stats["kinds"].values()), stats["failed"])
    equal(sum(stats["statuses"].values()) + stats["no_response"],
          stats["succeeded"] + stats["failed"])
    matches(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", stats["started"])
    times = stats["fetch_time"]
    if times:
        equal(sum(n for _, n in times["buckets"]), times["count"])
        check(times["min"] <= times["p50"] <= times["p90"] <= times["p99"]
              <= times["max"], times)
        check(times["min"] <= times["mean"] <= times["max"], times)
        ends = [end for end, _ in times["buckets"]]
        equal(ends, sorted(ends))
    return stats


def counted(args, input, status):
    path = temp_file()
    result = fetchpool([*args, "--stats", path], input=input)
    equal(result.status, status)
    stats = check_stats(path)
    equal(stats["exit_status"], status)
    equal(os.listdir(os.path.dirname(path)), ["file"])
    return result, stats


@test("stats: they agree with the records")
def _():
    server = faults()
    lines = [server.url + "/" + path for path in
             ["ok"] * 30 + ["status/404"] * 3 + ["status/500"] * 2 +
             ["rst_body", "empty", "size/5000"]] + \
        ["http://127.0.0.1:1/", "\x01", "ftp://h/"]
    result, stats = counted(
        ["-a", "-j4", "--retry=1", "--retry-delay=1ms"], "\n".join(lines), 1)
    records = result.records
    equal(stats["read"], len(records))
    equal(stats["stopped_by"], None)
    equal(stats["succeeded"], 31)
    for kind in KINDS:
        equal(stats["kinds"][kind], sum(
            (r.get("error") or {}).get("kind") == kind for r in records), kind)
    statuses = {}
    for record in records:
        if record["status"]:
            name = str(record["status"])
            statuses[name] = statuses.get(name, 0) + 1
    equal(stats["statuses"], dict(sorted(statuses.items())))
    equal(stats["attempts"], sum(r["attempts"] or 0 for r in records))
    equal(stats["retries"],
          sum(max((r["attempts"] or 0) - 1, 0) for r in records))
    equal(stats["bytes"], sum(r["size"] or 0 for r in records))
    times = sorted(r["fetch_time"] for r in records if r["attempts"])
    equal(stats["fetch_time"]["count"], len(times))
    check(abs(stats["fetch_time"]["max"] - times[-1]) < 2e-6, times)
    check(abs(stats["fetch_time"]["min"] - times[0]) < 2e-6, times)
    for name, share in ("p50", .5), ("p90", .9), ("p99", .99):
        exact = times[max(-int(-len(times) * share // 1), 1) - 1]
        got = stats["fetch_time"][name]
        check(exact - 2e-6 <= got <= exact * (1 + 1 / 128) + 2e-6,
              "%s: %s, and %s is exact" % (name, got, exact))


@test("stats: of nothing, and if all fails")
def _():
    _, stats = counted([api().posts], "", 0)
    equal((stats["read"], stats["fetch_time"]), (0, None))
    _, stats = counted([api().posts], "\x01\n" * 5, 1)
    equal((stats["failed"], stats["kinds"]["input"], stats["attempts"]),
          (5, 5, 0))
    equal(stats["fetch_time"], None)
    server = faults()
    _, stats = counted(["--retry=3", "--retry-delay=1ms",
                        server.url + "/status/500?{}"], "1\n2\n", 1)
    equal((stats["failed"], stats["statuses"]), (2, {"500": 2}))
    check(stats["retries"] > 0, stats)
    equal(stats["attempts"], 2 + stats["retries"])


def held(args, **more):
    server = faults()
    program = Program(["-j2", *args, server.url + "/gate/never?{}"],
                      stdin="".join("%d\n" % n for n in range(50)), **more)
    server.wait(lambda: server.outstanding == 2, "2 requests")
    return program


@test("stats: written after a signal and a deadline too")
def _():
    for args, number, by, status in (
            (["--grace=1ms"], signal.SIGINT, "SIGINT", -signal.SIGINT),
            (["--grace=1ms"], signal.SIGTERM, "SIGTERM", -signal.SIGTERM),
            (["--grace=1ms", "--deadline=300ms"], None, "--deadline", 4)):
        path = temp_file("before")
        program = held([*args, "--stats", path, "--summary"])
        if number:
            program.kill(number)
        result = program.wait()
        equal(result.status, status)
        stats = check_stats(path)
        equal(stats["stopped_by"], by)
        equal((stats["succeeded"], stats["failed"]), (0, 0))
        equal(stats["attempts"], 2)
        matches(r"fetchpool: \d+ items in .* 0 failed, %d not done" %
                stats["not_done"], result.text)


@test("stats: --max-errors")
def _():
    server = faults()
    path = temp_file()
    result = fetchpool(["-j1", "--max-errors=2", "--stats", path,
                        server.url + "/status/404?{}"],
                       input="".join("%d\n" % n for n in range(1000)))
    equal(result.status, 4)
    stats = check_stats(path)
    equal((stats["stopped_by"], stats["exit_status"]), ("--max-errors", 4))


@test("stats: what cannot be written is found before anything else")
def _():
    server = faults()
    before = server.requests
    for path in temp_dir() + "/none/s", "/", "/proc/s":
        result = fetchpool(["--stats", path, server.url + "/ok?{}"],
                           input="1\n")
        equal((result.status, result.out), (3, b""))
        matches("cannot write " + path, result.text)
    for path in "-", "":
        result = fetchpool(["--stats=" + path, server.url + "/ok?{}"], "1\n")
        equal(result.status, 2)
        matches("--stats: '%s' is not the name of a file" % path, result.text)
    equal(server.requests, before)


@test("stats, trace: not over the journal or the rate file, by any name")
def _():
    folder = temp_dir()
    records = ["-o", folder + "/out"]
    for kept in "--journal", "--rate-file":
        name = kept.strip("-")
        link, path = folder + "/link-" + name, folder + "/" + name
        os.symlink(name, link)
        args = [kept, path, "--rate=100/s", *records]
        for again in [], ["--resume"] if kept == "--journal" else []:
            for option in "--stats", "--trace":
                for other in path, folder + "/./" + name, link:
                    before = contents(path) if os.path.exists(path) else None
                    if before is None and other == link:
                        continue
                    result = fetchpool([*args, *again, option, other,
                                        api().posts], input="1\n")
                    equal(result.status, 2, (kept, again, option, other))
                    matches("%s: '%s' is the file of %s" % (option, other, kept),
                            result.text)
                    equal(before, contents(path) if os.path.exists(path)
                          else None)
            equal(fetchpool([*args, *again, api().posts], input="1\n").status,
                  0)
    for stats, trace in ("x", "./x"), ("./x", "x"), ("/x", "/../%s/x" %
                                                     os.path.basename(folder)):
        result = fetchpool(["--stats", folder + "/" + stats, "--trace",
                            folder + "/" + trace, api().posts], input="1\n")
        equal(result.status, 2, (stats, trace))


@test("stats: a disk that is full is exit 3, after the run")
def _():
    if not os.path.exists("/dev/full"):
        skip("no /dev/full")
    result = fetchpool(["--stats", "/dev/full", api().posts], input="1\n")
    equal((result.status, len(result.records)), (3, 1))
    matches("write error: /dev/full: No space left", result.text)


@test("stats: the output itself, the input and the like are left alone")
def _():
    folder = temp_dir()
    items, out = folder + "/items", folder + "/out"
    with open(items, "w") as file:
        file.write("1\n")
    os.symlink(items, folder + "/link")
    for args in (["--stats", items], ["--stats", folder + "/link"],
                 ["-o", out, "--stats", out],
                 ["--failed", out, "--stats", out]):
        result = fetchpool(["-i", items, *args, api().posts])
        equal(result.status, 2)
        matches("--stats: '.*' is (the|standard)", result.text)
        equal(contents(items), b"1\n")


@test("stats, trace, summary: nothing of them in a dry run")
def _():
    folder = temp_dir()
    result = fetchpool(
        ["--dry-run", "--stats", folder + "/s", "--trace", folder + "/t",
         "--summary", api().posts], input="1\n")
    equal(result.status, 0)
    equal(os.listdir(folder), [])
    check("items/s" not in result.text, result.text)


@test("summary: for people, in lines that fit")
def _():
    server = faults()
    lines = [server.url + "/ok"] * 20 + [server.url + "/status/404"] * 3
    for quiet in [], ["-q"]:
        result = fetchpool(["-j4", "--summary", *quiet],
                           input="\n".join(lines))
        text = [line for line in result.text.splitlines()
                if not line.startswith("fetchpool: 2") or "items in" in line]
        at = [n for n, line in enumerate(text) if "items in" in line][0]
        matches(r"^fetchpool: 23 items in .*: 20 succeeded, 3 failed, "
                "0 not done$", text[at])
        matches(r"^  pace       [\d.]+ items/s, 23 attempts, 0 retries$",
                text[at + 1])
        matches("^  held by    [A-Z]", text[at + 3])
        del text[at + 3]
        while text[at + 3].startswith("             "):
            del text[at + 3]
        equal(text[at + 3], "  failed     http 3")
        equal(text[at + 4], "  status     200: 20, 404: 3")
        matches("^  fetch_time p50 .*, p90 .*, p99 .*, max ", text[at + 5])
        rows = [line.split() for line in text[at + 6:]]
        equal(sum(int(row[5]) for row in rows), 23)
        check(all(len(line) < 80 for line in text[at:]), text)


@test("summary: standard error that takes nothing is no harm")
def _():
    if not os.path.exists("/dev/full"):
        skip("no /dev/full")
    path = temp_file()
    with open("/dev/full", "wb") as full:
        program = Program(["--summary", "--progress=always", "--stats", path,
                           api().posts], stdin="1\n", stderr=full)
        result = program.wait()
    equal((result.status, len(result.records)), (0, 1))
    check_stats(path)


@test("resume: options of this kind do not count")
def _():
    folder = temp_dir()
    args = ["-o", folder + "/out", "--journal", folder + "/j", api().posts]
    equal(fetchpool(args, input="1\n2\n").status, 0)
    result = fetchpool(["--resume", "--stats", folder + "/s", "--summary",
                        "--trace", folder + "/t", "--progress=never", *args],
                       input="1\n2\n")
    equal(result.status, 0)
    equal(check_stats(folder + "/s")["read"], 0)


if __name__ == "__main__":
    main()
