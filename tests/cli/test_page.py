#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
--report: one page that says what --stats says, whatever came from servers and
lines; as it is in a real browser, too.
"""
import html.parser
import json
import os
import re
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from chromium import Chromium
from harness import Program, Result, environment, fetchpool, strict_json
from servers import api, faults
from tap import (PROGRAM, check, contents, equal, main, matches, temp_dir,
                 temp_file, test)

LARGEST = 300000
VOID = {"meta", "link"}


class Page(html.parser.HTMLParser):
    """What a page consists of, each element closed, and its texts by id."""

    def __init__(self, data):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.ids, self.attributes = [], [], {}, []
        self.feed(data.decode("utf-8"))
        equal(self.open, [])

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        attributes = dict(attributes)
        self.attributes.append((tag, attributes))
        name = attributes.get("id")
        if name:
            check(name not in self.ids, "two with the id " + name)
            self.ids[name] = ""
        if tag not in VOID and tag not in ("path", "rect"):
            self.open.append((tag, name))

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        equal(self.open[-1][0], tag, "what is closed")
        self.open.pop()

    def handle_data(self, data):
        for _, name in self.open:
            if name:
                self.ids[name] += data


def count(n):
    return format(n, ",")


def check_page(path, stats):
    data = contents(path)
    check(len(data) <= LARGEST, len(data))
    page = Page(data)
    for tag in "script", "iframe", "img", "object", "embed", "form", "a":
        check(tag not in page.tags, tag)
    for tag, attributes in page.attributes:
        for name, value in attributes.items():
            check(not name.startswith("on"), (tag, name))
            if name in ("href", "src"):
                equal((tag, value), ("link", "data:,"))
        if tag == "svg" and attributes.get("aria-hidden") != "true":
            equal(attributes["role"], "img")
            for name in attributes["aria-labelledby"].split():
                check(page.ids[name].strip(), "nothing said: " + name)
    equal(page.ids["sentence"], stats["held_back"]["sentence"][:240])
    for name in ("read", "succeeded", "failed", "not_done", "attempts",
                 "retries", "jobs"):
        equal(page.ids[name], count(stats[name]), name)
    equal(page.ids["pauses"], count(stats["pauses"]["count"]))
    equal(page.ids["items_per_second"], "%.1f" % stats["items_per_second"])
    equal(page.ids["started"], stats["started"])
    return page


def reported(args, input, status=0):
    page, path = temp_file(name="report.html"), temp_file()
    result = fetchpool([*args, "--report", page, "--stats", path],
                       input=input)
    equal(result.status, status)
    stats = strict_json(contents(path))
    return check_page(page, stats), stats, page


def mixed():
    """A run with some of everything."""
    server = faults()
    lines = [server.url + "/" + path for path in
             ["ok"] * 60 + ["status/404"] * 3 + ["status/500"] * 2 +
             ["rst_body", "empty", "size/5000"]]
    return ["-j4", "--retry=1", "--retry-delay=1ms"], "\n".join(lines)


@test("it says what the statistics say")
def _():
    page, stats, _ = reported(*mixed(), status=1)
    for text in "404", "500", "network", "http":
        check(text in page.ids["failures"], text)
    for slow in stats["slowest"]:
        check(slow["url"] in page.ids["slowest"], slow)
    for server in stats["servers"]:
        check(server["server"] in page.ids["servers"], server)
        check(count(server["requests"]) in page.ids["servers"], server)
    words = page.ids["command"]
    check(words.startswith("fetchpool --jobs 4 --retry 1 "), words)


@test("of nothing, and of one item")
def _():
    page, stats, _ = reported([api().posts], "")
    equal(page.ids["sentence"], "No request was made.")
    check("slowest" not in page.ids and "failures" not in page.ids, page.ids)
    reported([api().posts], "1\n")


@test("written as a whole when the run is stopped, too")
def _():
    server = faults()
    for args, number, by in (["--grace=1ms"], signal.SIGINT, "SIGINT"), \
            (["--grace=1ms", "--deadline=300ms"], None, "--deadline"):
        page, path = temp_file("before"), temp_file()
        server.reset()
        program = Program(["-j2", *args, "--report", page, "--stats", path,
                           server.url + "/gate/never?{}"],
                          stdin="".join("%d\n" % i for i in range(50)))
        if number:
            server.wait(lambda: server.outstanding == 2, "2 requests")
            program.kill(number)
        program.wait()
        found = check_page(page, strict_json(contents(path)))
        equal(found.ids["stopped"], "stopped by " + by)


@test("without --stats, in a folder with nothing else in it")
def _():
    folder = temp_dir()
    page = os.path.join(folder, "p.html")
    equal(fetchpool([api().posts, "--report", page], input="1\n").status, 0)
    equal(os.listdir(folder), ["p.html"])
    check(contents(page).startswith(b"<!DOCTYPE html>"), "no page")


HOSTILE = ["<script>alert(1)</script>", "\"onload=alert(1) x=\"",
           "'><img src=x onerror=alert(1)>", "&lt;b&gt;", "\u202egpj",
           "]]>", "--><svg/onload=alert(1)>", "javascript:alert(1)", "`${1}`"]


def hostile_run():
    server = faults()

    def answer(conn, request):
        n = int(request.target.rpartition("=")[2])
        text = HOSTILE[n % len(HOSTILE)].encode()
        conn.send(b"HTTP/1.1 %d %s\r\nContent-Type: text/html\r\n"
                  b"Retry-After: %s\r\nContent-Length: %d\r\n\r\n%s"
                  % (400 + n % 99, text, text, len(text), text))

    url = server.on("/h/", answer)
    lines = ["%s%s?n=%d" % (url, text, n) for n in range(60)
             for text in HOSTILE[:1] + HOSTILE[n % len(HOSTILE):][:1]]
    lines += HOSTILE + ["http://%s/" % text for text in HOSTILE]
    return ["-A", HOSTILE[0], "-H", "X: " + HOSTILE[1], "-j4",
            "--allow=127.0.0.0/8"], "\n".join(lines)


@test("nothing from a server, a line or an option is more than text")
def _():
    page, stats, path = reported(*hostile_run(), status=1)
    data = contents(path)
    check(b"<script" not in data and b"<img" not in data, "not escaped")
    check(b"\xe2\x80\xae" not in data, "text is turned around")
    check("<script>" in page.ids["failures"] or
          "%3Cscript%3E" in page.ids["failures"], page.ids["failures"])


@test("secrets are not in it")
def _():
    server = faults()
    secret = "geheim42"
    page, stats, path = reported(
        ["-u", "me:" + secret, "-H", "X-Key: " + secret, "-b", "a=" + secret,
         "--retry=0", server.url.replace("//", "//u:%s@" % secret) +
         "/status/404?api_key=%s&n={}" % secret], "1\n2\n", status=1)
    check(secret.encode() not in contents(path), "the secret is in it")
    check(secret not in json.dumps(stats), "and in the statistics")
    check("***" in page.ids["command"], page.ids["command"])


@test("a file of the run's own is refused, and so is one that cannot be written")
def _():
    folder = temp_dir()
    path = os.path.join(folder, "x")
    for option in "-o", "--stats", "--trace", "--failed":
        result = fetchpool([api().posts, "--report", path, option, path],
                           input="1\n")
        equal(result.status, 2)
        matches("--report", result.text)
    result = fetchpool([api().posts, "--report", folder], input="1\n")
    equal((result.status, result.out), (3, b""))
    result = fetchpool([api().posts, "--report", "-"], input="1\n")
    equal(result.status, 2)


def report_from(*args):
    """Without the options that the harness adds to those of a run."""
    done = subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=environment())
    return Result(done.returncode, done.stdout, done.stderr, args)


def statistics(n):
    """Files of so many runs."""
    url, paths = api().posts, []
    for i in range(n):
        paths.append(temp_file(name="run %d.json" % i))
        fetchpool([url, "--stats", paths[-1]], input="1\n2\n3\n")
    return paths


@test("--report-from: the page of a run that is over is the same")
def _():
    _, stats, page = reported(*mixed(), status=1)
    path = temp_file(json.dumps(stats))
    result = report_from("--report-from", path)
    equal((result.status, result.err), (0, b""))
    made = temp_file(name="made.html")
    result = report_from("--report-from=" + path, "--report", made)
    equal((result.status, result.out), (0, b""))
    check_page(made, stats)
    for data in contents(made), report_from("--report-from", path).out:
        # Numbers were read and written by another program.
        equal(len(data) > 20000, True)
        equal(Page(data).ids["command"], Page(contents(page)).ids["command"])


@test("--report-from: several runs, side by side")
def _():
    paths = statistics(3)
    all_ = [strict_json(contents(path)) for path in paths]
    for args in (["--report-from", *paths],
                 [x for path in paths for x in ("--report-from", path)]):
        result = report_from(*args)
        equal((result.status, result.err), (0, b""))
        page = Page(result.out)
        check(len(result.out) <= LARGEST, len(result.out))
        for name in "read", "succeeded", "failed", "attempts":
            equal(page.ids[name], count(sum(s[name] for s in all_)), name)
        for path, stats in zip(paths, all_):
            check(path in page.ids["runs"], path)
            check(stats["started"] in page.ids["runs"], stats["started"])
            check(stats["held_back"]["sentence"] in page.ids["runs"], stats)


@test("the page keeps an option and its value in one line")
def _():
    path, other = statistics(2)
    stats = strict_json(contents(path))
    for sentence, parts in (
            ("All were busy: try -j 8.", ["-j 8."]),
            ("--host-jobs 4 was the limit, -r 5/s --pace", [
                "--host-jobs 4", "-r 5/s", "--pace"]),
            ("a - b -- c well-known 5", []), ("-j <3>&", ["-j"])):
        stats["held_back"]["sentence"] = sentence
        for name in path, other:
            with open(name, "w") as file:
                json.dump(stats, file)
        result = report_from("--report-from", path, other)
        equal((result.status, result.err), (0, b""))
        check(sentence in Page(result.out).ids["runs"], sentence)
        table = result.out.decode().split('id="runs"')[1].split("</table>")[0]
        equal(re.findall(r'<span class="whole">(.*?)</span>', table),
              2 * parts)


@test("--report-from: what is wrong with a file or an option is said")
def _():
    (path,) = statistics(1)
    stats = strict_json(contents(path))
    for text, words in (("", "was not written by --stats"),
                        ("{", "was not written by --stats"),
                        ("[1]", "was not written by --stats"),
                        ('{"fetchpool":"1"}', "was not written by --stats"),
                        (json.dumps({**stats, "schema": 2}),
                         "has schema 2, and only 1 is known")):
        result = report_from("--report-from", path, temp_file(text))
        equal((result.status, result.out), (2, b""))
        matches(words, result.text)
    result = report_from("--report-from", path + "none")
    equal(result.status, 2)
    matches("cannot read .*none: No such file", result.text)
    result = report_from("--report-from", path, "-j", "4")
    equal(result.status, 2)
    matches("--report-from cannot be used with --jobs", result.text)
    result = report_from("--report-from", path, "--report", path)
    equal(result.status, 2)
    equal(strict_json(contents(path)), stats)
    result = report_from("--report-from", path, "--report", temp_dir())
    equal(result.status, 3)


def hostile(value, text):
    """All that is in it is the worst there can be of its kind."""
    if isinstance(value, dict):
        return {name: hostile(v, text) for name, v in value.items()}
    if isinstance(value, list):
        return [hostile(v, text) for v in value]
    if isinstance(value, str):
        return text
    return value


@test("--report-from: no file makes more than a page of 300 KB, or other tags")
def _():
    _, stats, _ = reported(*mixed(), status=1)
    text = "<script>'\"&\u202e\u0000</script>" * 40
    bad = hostile(stats, text)
    bad["timeline"] = {
        "width": 1e-3, "columns": stats["timeline"]["columns"],
        "bins": [[(i * 7919 + k * 104729) % 1000 / 7
                  for k in range(len(stats["timeline"]["columns"]))]
                 for i in range(512)]}
    bad["seconds"] = .512
    bad["servers"] = bad["servers"] * 200
    bad["slowest"] = (bad["slowest"] * 20)[:20]
    bad["failures"] = {kind: bad["failures"]["http"] * 3
                       for kind in stats["kinds"]}
    bad["kinds"] = {kind: 9 for kind in stats["kinds"]}
    zero = {**bad, "seconds": 0, "jobs": 0, "time": {},
            "timeline": {**bad["timeline"], "width": 0}}
    still = {**bad, "timeline": {
        **bad["timeline"], "bins": [[0] * len(row)
                                    for row in bad["timeline"]["bins"]]}}
    large = {**bad, "seconds": 1e299, "jobs": 1e299, "read": -1e299,
             "time": {"busy": {"wait": 1e299}, "idle": {"end": -1}}}
    odd = {**bad, "servers": 7, "slowest": {"a": 1}, "timeline": [],
           "fetch_time": "x", "kinds": [1], "pauses": None, "command": {},
           "statuses": 3}
    for one in bad, large, odd, zero, still, {**still, "seconds": 0}:
        path = temp_file(json.dumps(one))
        for args in [path], [path] * 100:
            result = report_from("--report-from", *args)
            equal((result.status, result.err), (0, b""))
            check(len(result.out) <= LARGEST, len(result.out))
            check(b"<script" not in result.out and
                  b"nan" not in re.sub(rb"[a-z]*nan[a-z]+", b"", result.out),
                  "what is no number or text")
            Page(result.out)


@test("in Chromium: nothing is asked for, said or too wide, and figures are right")
def _():
    with Chromium() as browser:
        for args, input in (mixed(), hostile_run()):
            _, stats, path = reported(args, input, status=1)
            url = "file://" + path
            for width in 360, 1600:
                for scheme in "light", "dark":
                    browser.size(width, 900)
                    browser.scheme(scheme)
                    browser.requests.clear()
                    browser.open(url)
                    equal(browser.requests, [url])
                    equal(browser.said, [])
                    # What is wider scrolls within itself.
                    check(browser.value("document.documentElement.scrollWidth"
                                        " <= window.innerWidth"), width)
                    check(browser.value(
                        "[...document.querySelectorAll('p,dt,dd,td,th,li')]"
                        ".every(e => parseFloat(getComputedStyle(e).fontSize)"
                        " >= 12)"), "too small to read")
            # Now it is wide, and a short URL fits into one line.
            equal(browser.value(
                "[...document.querySelectorAll('td.long')].filter(e =>"
                " { const text = document.createRange();"
                " text.selectNodeContents(e);"
                " return /^http\\S{1,60}$/.test(e.innerText) &&"
                " text.getClientRects().length > 1 })"
                ".map(e => e.innerText)"), [])
            for name in "read", "succeeded", "failed", "attempts", "retries":
                equal(browser.value(
                    "document.getElementById('%s').innerText" % name),
                    count(stats[name]), name)
            equal(browser.value("document.querySelectorAll('script,img,iframe"
                                "').length"), 0)
            dark = browser.value("getComputedStyle(document.body)"
                                 ".backgroundColor")
            browser.scheme("light")
            check(browser.value("getComputedStyle(document.body)"
                                ".backgroundColor") != dark, dark)
            browser.value("document.querySelectorAll('summary')"
                          ".forEach(s => s.click())")
            check(browser.value("[...document.querySelectorAll('details')]"
                                ".every(d => d.open)"), "tables stay shut")
            check(browser.printed().startswith(b"%PDF"), "cannot be printed")


if __name__ == "__main__":
    main()
