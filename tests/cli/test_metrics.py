#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--metrics: Prometheus' text format, as its own tool has it, and while the run
goes on."""
import math
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program, fetchpool, strict_json
from servers import api, faults
from shim import resolver
from tap import (check, contents, equal, main, matches, skip, temp_dir,
                 temp_file, test, until)

SAMPLE = re.compile(
    r'([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)'
    r'\} (\S+)\Z')
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"')


def read(path):
    """{(name, labels less `run'): number}, after the format's own rules."""
    text = contents(path).decode("utf-8")
    check(text.endswith("\n"), "no newline at the end")
    types, samples, current, closed = {}, {}, None, set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            current = line.split(" ", 3)[2]
            check(current not in closed, "twice: " + current)
            closed.add(current)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            equal(name, current)
            types[name] = kind
        else:
            match = SAMPLE.match(line)
            check(match, "no sample: %r" % line)
            name, labels, number = match.groups()
            base = re.sub("_(bucket|sum|count)$", "", name) \
                if types[current] == "histogram" else name
            equal(base, current)
            labels = dict(LABEL.findall(labels))
            check(labels.pop("run"), "no run")
            key = name, tuple(sorted(labels.items()))
            check(key not in samples, key)
            samples[key] = float(number)
            check(math.isfinite(samples[key]), line)
            if types[current] == "counter":
                check(name.endswith("_total") and samples[key] >= 0, line)
    buckets = [(float(dict(labels)["le"]), n) for (name, labels), n in
               samples.items() if name == "fetchpool_fetch_time_seconds_bucket"]
    equal(buckets, sorted(buckets))
    equal([n for _, n in buckets], sorted(n for _, n in buckets))
    equal(buckets[-1], (math.inf,
                        samples["fetchpool_fetch_time_seconds_count", ()]))
    return samples


def some():
    server = faults()
    lines = [server.url + "/" + path for path in
             ["ok"] * 30 + ["status/404"] * 3 + ["status/500"] * 2 +
             ["rst_body"]]
    return ["-j4", "--retry=1", "--retry-delay=1ms"], "\n".join(lines) + "\n"


def measured(args, input, status, name="run.prom"):
    path, stats = temp_file(name=name), temp_file()
    result = fetchpool([*args, "--metrics", path, "--stats", stats],
                       input=input)
    equal(result.status, status)
    return read(path), strict_json(contents(stats)), path


@test("at the end it says what the statistics say")
def _():
    samples, stats, path = measured(*some(), 1)
    for name, member in (("items_read_total", "read"),
                         ("attempts_total", "attempts"),
                         ("retries_total", "retries"),
                         ("body_bytes_total", "bytes"), ("jobs", "jobs"),
                         ("exit_status", "exit_status")):
        equal(samples["fetchpool_" + name, ()], stats[member], name)
    for outcome in "succeeded", "failed", "not_done":
        equal(samples["fetchpool_items_total", (("outcome", outcome),)],
              stats[outcome])
    for kind, n in stats["kinds"].items():
        equal(samples["fetchpool_failures_total", (("kind", kind),)], n)
    for status, n in stats["statuses"].items():
        equal(samples["fetchpool_responses_total", (("status", status),)], n)
    equal(samples["fetchpool_running", ()], 0)
    for server in stats["servers"]:
        equal(samples["fetchpool_server_requests_total",
                      (("server", server["server"]),)], server["requests"])
    equal(os.listdir(os.path.dirname(path)), ["run.prom"])
    check(b'run="run"' in contents(path), "the label")


@test("promtool finds nothing wrong with it")
def _():
    program = shutil.which("promtool")
    if not program:
        skip("no promtool here (Debian: prometheus)")
    for name in "run.prom", "a \"b\\c\nd\xff.prom", "x" * 200:
        args, input = some()
        _, _, path = measured(args, input, 1, name)
        with open(path, "rb") as file:
            done = subprocess.run([program, "check", "metrics"], stdin=file,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        equal((done.returncode, done.stdout), (0, b""), name)


@test("written from the beginning on, and again and again")
def _():
    server = faults()
    path = temp_file(name="m.prom")
    program = Program(["-j2", "--metrics", path, "--grace=1ms",
                       server.url + "/gate/x?{}"],
                      stdin="1\n2\n3\n", env=resolver(speed=20))
    running = "fetchpool_items_running", ()
    until(lambda: os.path.getsize(path) and read(path)[running] == 2,
          "metrics of the run", 30)
    samples = read(path)
    equal(samples["fetchpool_running", ()], 1)
    check(("fetchpool_exit_status", ()) not in samples, samples)
    check(sum(n for (name, _), n in samples.items()
              if name == "fetchpool_job_seconds_total") > 0, samples)
    inode = os.stat(path).st_ino
    until(lambda: os.stat(path).st_ino != inode, "another file", 30)
    server.open("x")
    equal(program.wait().status, 0)
    equal(read(path)["fetchpool_items_total", (("outcome", "succeeded"),)], 3)


@test("also when it is stopped, and of nothing")
def _():
    server = faults()
    path = temp_file(name="m.prom")
    result = fetchpool(["--deadline=300ms", "--grace=1ms", "--metrics", path,
                        server.url + "/gate/never?{}"], input="1\n2\n")
    equal(result.status, 4)
    samples = read(path)
    equal((samples["fetchpool_exit_status", ()],
           samples["fetchpool_items_total", (("outcome", "not_done"),)]),
          (4, 2))
    samples, _, _ = measured([api().posts], "", 0)
    equal(samples["fetchpool_items_read_total", ()], 0)


@test("a file that cannot be written is found before anything else")
def _():
    folder = temp_dir()
    result = fetchpool([api().posts, "--metrics", folder], input="1\n")
    equal((result.status, result.out), (3, b""))
    result = fetchpool([api().posts, "--metrics", "/dev/null"], input="1\n")
    equal((result.status, result.out), (3, b""))
    matches("not a regular file", result.text)
    pipe = os.path.join(folder, "pipe")
    os.mkfifo(pipe)
    # No reader is waited for.
    result = fetchpool([api().posts, "--metrics", pipe], input="1\n")
    equal((result.status, result.out), (3, b""))
    matches("not a regular file", result.text)
    path = os.path.join(folder, "x")
    result = fetchpool([api().posts, "--metrics", path, "-o", path],
                       input="1\n")
    equal(result.status, 2)


if __name__ == "__main__":
    main()
