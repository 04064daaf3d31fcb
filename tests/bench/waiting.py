# SPDX-License-Identifier: MIT
"""
waiting: scenarios of requests that wait for the server, where what counts is
how many are in flight, and that nothing else makes them wait.
"""
import meter
import peers
from compare import Comparison
from scenarios import scenario

SLOW_S = 0.1
CURL_JOBS = 300  # curl's --parallel-max goes no further

# jobs, requests, hosts, wall / ideal, wall / h2load's. More than net.core.somaxconn (4096) that
# come at once to one address are made to wait a second, so they go to several.
CROWDS = ((1000, 20000, 1, 1.08, None), (5000, 100000, 1, None, 1.05),
          (10000, 100000, 4, None, 1.15))


@scenario
def waits(bench):
    """1,000 requests of 100 ms each at -j 100, with and without -k"""
    bench.nginx.need_echo()
    them = bench.contenders
    these = Comparison(bench, "/slow/", 100)
    these.add("fetchpool", them.fetchpool, 1000)
    these.add("fetchpool -k", them.fetchpool_in_order, 1000)
    these.add("floor", them.floor, 1000)
    these.add_peer("curl -Z", peers.curl_parallel, 1000)
    these.measure(bench.size(7, 2)).table("100 ms at -j 100")
    for name in ("fetchpool", "fetchpool -k", "floor"):
        bench.figure(name + ": wall / ideal 1.0 s", these.median(name, "wall"),
                     most=None if name == "floor" else 1.08)


@scenario
def pages(bench):
    """100 chains of 100 pages of 20 ms each (--next link) at -j 100"""
    bench.nginx.need_echo()
    them = bench.contenders
    command = [them.program, "--next", "link", "-j", "100",
               bench.nginx.url + "/pages/{}?page=1"]
    lines = them.numbers(100)

    def chains(*options):
        before = bench.nginx.requests()
        run = meter.run([*command, *options], stdin=lines)
        n = bench.nginx.requests() - before
        if n != 10000:
            raise meter.Trouble("%d pages were fetched, not 10,000" % n)
        return run

    runs = meter.interleave({"fetchpool": chains,
                             "fetchpool -k": lambda: chains("-k")},
                            bench.size(5, 2))
    for name, most in ("fetchpool", 1.1), ("fetchpool -k", None):
        bench.figure(name + ": wall / ideal 2.0 s",
                     meter.median_of(runs[name], "wall") / 2.0, most=most)
        bench.figure(name + ": resident, peak",
                     meter.median_of(runs[name], "peak") / 1024, unit="MiB",
                     form=".1f")


def crowd_of(bench, jobs, n, hosts, most, most_h2load):
    them = bench.contenders
    ideal = n / jobs * SLOW_S
    these = Comparison(bench, "/slow/", jobs, hosts=hosts)
    these.add("fetchpool", them.fetchpool, n)
    these.add_peer("h2load", peers.h2load, n)
    these.add_peer("wrk", peers.wrk, n)
    if jobs <= 1000:  # more than that takes it minutes
        these.add("floor", them.floor, n)
        these.add_peer("curl -Z, 300", peers.curl_parallel, n // 2, CURL_JOBS)
        these.add_peer("aiohttp", peers.aiohttp, n)
    these.measure(bench.size(3, 1)).table(
        "{:,d} GETs of 100 ms at -j {}".format(n, jobs))
    # That all succeeded is what its exit status says, or it was no run.
    bench.figure("-j %d: wall / ideal %.1f s" % (jobs, ideal),
                 these.median("fetchpool", "wall") / ideal, most=most)
    for what, limit in ("wall", most_h2load), ("cpu", None):
        these.target("-j %d: %s / h2load's" % (jobs, what), "fetchpool",
                     "h2load", what, most=limit)
    for name, which in (("h2load", "the server's limit"), ("floor", "floor")):
        if these.present(name):
            bench.figure("-j %d: %s: wall / ideal" % (jobs, which),
                         these.median(name, "wall") / ideal)
    bench.figure("-j %d: resident, peak" % jobs,
                 these.median("fetchpool", "peak") / 1024, unit="MiB",
                 most=round(9.5 + jobs * 12 / 1024, 1), form=".1f")


@scenario
def crowd(bench):
    """GETs of 100 ms at -j 1000, 5000 and 10000"""
    bench.nginx.need_echo()
    for one in CROWDS:
        crowd_of(bench, *one)


@scenario
def secure(bench):
    """20,000 GETs of 100 ms at -j 1000 over TLS, with the system's authorities

    All are trusted, so that a program that reads them for each connection is
    found out. h2load verifies nothing."""
    bench.nginx.need_echo()
    bench.nginx.need_tls()
    n, jobs = bench.size(20000, 5000), 1000
    these = Comparison(bench, "/slow/", jobs, tls=True)
    these.add("fetchpool", bench.contenders.fetchpool, n)
    these.add_peer("h2load", peers.h2load, n)
    these.add_peer("ganda -W 1000", peers.ganda, n)
    these.measure(bench.size(3, 1)).table(
        "{:,d} GETs of 100 ms at -j {} over TLS".format(n, jobs))
    these.target("CPU / h2load's", "fetchpool", "h2load", "cpu", most=1.4)
    these.target("CPU / ganda's", "fetchpool", "ganda -W 1000", "cpu",
                 most=0.6)
    these.target("wall / h2load's", "fetchpool", "h2load", "wall")
    bench.figure("resident, peak, for each job",
                 these.median("fetchpool", "peak") / jobs, unit="KiB",
                 most=60, form=".1f")


@scenario
def threads(bench):
    """1,000 GETs of 50 ms at -j 32, against Python's threads and requests"""
    bench.nginx.need_echo()
    n = bench.size(1000, 400)
    these = Comparison(bench, "/brief/", 32)
    these.add("fetchpool", bench.contenders.fetchpool, n)
    these.add_peer("requests", peers.requests_plain, n)
    these.add_peer("requests, Session", peers.requests_session, n)
    these.add_peer("aiohttp", peers.aiohttp, n)
    these.measure(bench.size(5, 2)).table("50 ms at -j 32")
    for name in ("requests", "requests, Session"):
        these.target("wall / that with " + name, "fetchpool", name, "wall",
                     most=1)
        these.target("CPU / that with " + name, "fetchpool", name, "cpu",
                     most=round(1 / 30, 4))
