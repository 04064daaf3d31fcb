# SPDX-License-Identifier: MIT
"""
auto: -j auto beside the best fixed number of jobs, found by search, at servers
that differ in how many requests at once they make good use of.
"""
import datetime
import json
import os
import statistics
import threading

import meter
from authority import authority
from scenarios import scenario
from servers import Nginx, free_port

FIXED = [8, 20, 32, 40, 48, 64, 100, 256]
SETTLED_S = 5
CHANGE_S = 12


def table(name, seconds):
    """A variable whose value is the time of an answer, by how many requests
    nginx is at."""
    rows = " ".join('"%d" %.3f;' % (n, seconds(n)) for n in range(300))
    return "map $connections_writing $%s { default 3; %s }\n" % (name, rows)


HTTP = ("limit_conn_zone $few zone=few:1m;"
        "limit_conn_zone $server_port zone=all:1m;" +
        table("queued", lambda n: 0.1 * max(1, n / 40)) +
        table("slowed", lambda n: 0.05 * (1 + (n / 40) ** 2)))
PAGES = """
    open_file_cache off;
    location /any/ { echo_sleep 0.1; echo any; }
    location /queues/ { echo_sleep $queued; echo queues; }
    location /slows/ { echo_sleep $slowed; echo slows; }
    location /refuses/ { limit_conn all 40; echo_sleep 0.1; echo refuses; }
    location /doubles/ {
        set $few x;
        if (-f $document_root/doubled) { set $few ''; }
        limit_conn few 40;
        limit_conn all 80;
        echo_sleep 0.1;
        echo doubles;
    }
"""


TLS = """
    listen 127.0.0.1:%d ssl http2;
    ssl_certificate %s;
    ssl_certificate_key %s;
    keepalive_requests 1000000;
"""


class Timed:
    """The ends of a run's items, in seconds since the first began; of several
    URLs, in turn: each with the place of its URL. What is under way at the end
    may end: nginx goes on counting streams of HTTP/2 that are reset in an
    echo_sleep, and then lets nothing through any more where limit_conn is."""

    def __init__(self, bench, urls, jobs, seconds, then=None, args=()):
        urls = [urls] if isinstance(urls, str) else urls
        command = [bench.contenders.program, "-q", "-j", str(jobs), "--retry",
                   "5", "--deadline", "%ds" % seconds, "--grace", "1s",
                   "--fields", "seq,started,fetch_time,status,attempts", *args]
        path = os.path.join(bench.folder, "auto.jsonl")
        lines = os.path.join(bench.folder, "auto-lines")
        with open(lines, "w") as file:
            file.write("".join("%s%d\n" % (url, n) for n in range(
                seconds * 4000 // len(urls)) for url in urls))
        timer = threading.Timer(CHANGE_S, then) if then else None
        if timer:
            timer.start()
        with open(path, "wb") as out:
            meter.run(command, stdin=lines, stdout=out,
                      statuses=(0, 1, 4))
        if timer:
            timer.join()
        with open(path) as file:
            rows = [json.loads(line) for line in file]
        began = [datetime.datetime.fromisoformat(
            row["started"].replace("Z", "+00:00")).timestamp() for row in rows]
        if not began:
            raise meter.Trouble("no item began: " + " ".join(command))
        first = min(began)
        self.items = [(at - first + row["fetch_time"], row["fetch_time"],
                       row["attempts"]) for at, row in zip(began, rows)]
        self.places = [(row["seq"] - 1) % len(urls) for row in rows]

    def rate_of(self, place, since, until):
        return sum(since <= item[0] < until and its == place for item, its in
                   zip(self.items, self.places)) / (until - since)

    def rate(self, since, until):
        return sum(since <= end < until
                   for end, _, _ in self.items) / (until - since)

    def p50(self):
        return statistics.median(
            took for _, took, n in self.items if n == 1)

    def refused(self):
        n = sum(n for _, _, n in self.items)
        return 100 * (n - len(self.items)) / n


def compare(bench, name, url, queues=False, args=()):
    """Each round has a run of the best fixed number as well, and one of single
    requests: what a busy machine does to one it does to the others."""
    seconds = bench.size(20, 12)
    best_jobs = max((Timed(bench, url, jobs, 6, args=args).rate(2, 5.5), jobs)
                    for jobs in bench.size(FIXED, FIXED[1::2]))[1]
    best, times, runs = [], [], []
    for _ in range(3):
        fixed = Timed(bench, url, best_jobs, 6, args=args)
        alone = Timed(bench, url, 1, 3, args=args) if queues else None
        run = Timed(bench, url, "auto", seconds, args=args)
        rate = run.rate(SETTLED_S, seconds - 0.5)
        bench.note("%s: -j %d gets %.0f/s through, auto %.0f/s" % (
            name, best_jobs, fixed.rate(2, 5.5), rate))
        best.append(fixed.rate(2, 5.5) / rate)
        times.append(run.p50() / alone.p50() if queues else 0)
        runs.append(run)
    bench.figure(name + ": best / auto", statistics.median(best),
                 most=1 / 0.92)
    if queues:
        bench.figure(name + ": p50 / that of one alone",
                     statistics.median(times), most=1.5)
    bench.figure(name + ": refused", max(run.refused() for run in runs),
                 unit="%", most=1)


@scenario
def auto(bench):
    """-j auto, beside the best fixed number of jobs"""
    with Nginx(PAGES, http=HTTP) as nginx:
        if not nginx.has_echo:
            raise meter.Absent("nginx has no echo module")
        compare(bench, "any number", nginx.url + "/any/")
        compare(bench, "a queue over 40", nginx.url + "/queues/", True)
        compare(bench, "the more the slower", nginx.url + "/slows/")
        compare(bench, "503 over 40", nginx.url + "/refuses/")
        doubled = os.path.join(nginx.dir, "doubled")
        url = nginx.url + "/doubles/"
        run = Timed(bench, url, "auto", CHANGE_S + 18,
                    lambda: open(doubled, "w").close())
        best = Timed(bench, url, 80, 6).rate(2, 5.5)
        rate = run.rate(CHANGE_S + 10, CHANGE_S + 17)
        bench.note("twice the capacity: -j 80 gets %.0f/s through, auto "
                   "%.0f/s" % (best, rate))
        bench.figure("twice the capacity, 10 s later: best / auto",
                     best / rate, most=1 / 0.9)
        bench.figure("twice the capacity: refused", run.refused(), unit="%",
                     most=1)


@scenario
def autohttp2(bench):
    """-j auto over HTTP/2, where all requests may be on one connection"""
    port, issued = free_port(), authority().issue("auto", "IP:127.0.0.1")
    tls = TLS % (port, issued.cert, issued.key)
    with Nginx(tls + PAGES, http=HTTP) as nginx:
        if not nginx.has_echo:
            raise meter.Absent("nginx has no echo module")
        url = "https://127.0.0.1:%d" % port
        args = ["--http2", "--cacert", authority().cert]
        compare(bench, "any number", url + "/any/", args=args)
        compare(bench, "503 over 40", url + "/refuses/", args=args)


@scenario
def autoseveral(bench):
    """-j auto with several servers in one list: each as fast as alone"""
    seconds = bench.size(20, 12)
    with Nginx(PAGES, http=HTTP) as one, Nginx(PAGES, http=HTTP) as other:
        if not one.has_echo:
            raise meter.Absent("nginx has no echo module")
        urls = [one.url + "/queues/", other.url + "/refuses/"]
        names = ["a queue over 40", "503 over 40"]
        ratios = [[], []]
        for _ in range(3):
            alone = [Timed(bench, url, "auto", seconds).rate(
                SETTLED_S, seconds - 0.5) for url in urls]
            both = Timed(bench, urls, "auto", seconds)
            for place, name in enumerate(names):
                rate = both.rate_of(place, SETTLED_S, seconds - 0.5)
                bench.note("%s: alone %.0f/s, with the other %.0f/s" % (
                    name, alone[place], rate))
                ratios[place].append(alone[place] / rate)
        for name, found in zip(names, ratios):
            bench.figure(name + ": alone / with the other",
                         statistics.median(found), most=1 / 0.92)
