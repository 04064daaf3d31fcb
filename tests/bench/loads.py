# SPDX-License-Identifier: MIT
"""
loads: scenarios of many small requests, where every microsecond is seen.
"""
import peers
from compare import Comparison
from scenarios import scenario

# What each of the slow ones is given of the same work, for a few seconds.
SLOW_PEERS = {
    "aria2c": (peers.aria2c, 10000),
    "xargs -n 100, curl": (peers.xargs_curl_100, 10000),
    "xargs, curl": (peers.xargs_curl, 500),
    "parallel, curl": (peers.parallel_curl, 500),
    "aiohttp": (peers.aiohttp, 10000),
    "requests, Session": (peers.requests_session, 3000),
    "requests": (peers.requests_plain, 1500),
    "ganda": (peers.ganda, 20000),
    "httpx": (peers.httpx, 20000),
}


def compare_fast(bench, n):
    """The ones that do all of it in seconds."""
    them = bench.contenders
    fast = Comparison(bench, "/posts/", 16)
    fast.add("fetchpool", them.fetchpool, n)
    fast.add("fetchpool -k", them.fetchpool_in_order, n)
    fast.add("floor", them.floor, n)
    if them.newer():
        fast.add("fetchpool, newer", them.fetchpool_newer, n)
        fast.add("floor, newer", them.floor_newer, n)
    fast.add_peer("curl -Z", peers.curl_parallel, n)
    fast.add_peer("wrk", peers.wrk, n)
    fast.add_peer("h2load", peers.h2load, n)
    return fast.measure(bench.size(5, 2))


@scenario
def small(bench):
    """200,000 small GETs at -j 16, against a bare libcurl loop and curl -Z"""
    fast = compare_fast(bench, bench.size(200000, 20000))
    fast.table("small GETs at -j 16")
    target, figure = fast.target, bench.figure
    target("CPU / floor's", "fetchpool", "floor", "cpu", most=1.1)
    target("wall / floor's", "fetchpool", "floor", "wall", most=0.85)
    target("CPU / floor's, both with FLOOR_PREFIX's libcurl",
           "fetchpool, newer", "floor, newer", "cpu", most=1.1)
    target("CPU / curl -Z's", "fetchpool", "curl -Z", "cpu", most=0.45)
    target("wall / curl -Z's", "fetchpool", "curl -Z", "wall", most=0.4)
    target("-k: wall / without", "fetchpool -k", "fetchpool", "wall", most=1.03)
    target("-k: CPU / without", "fetchpool -k", "fetchpool", "cpu", most=1.03)
    figure("resident, peak", fast.median("fetchpool", "peak") / 1024,
           unit="MiB", most=9.5 + 16 * 12 / 1024, form=".1f")
    figure("voluntary context switches for 1,000",
           1000 * fast.median("fetchpool", "sleeps")
           / fast.median("fetchpool", "n"), most=30, form=".0f")


@scenario
def alone(bench):
    """50,000 small GETs at -j 1, one after another"""
    them, n = bench.contenders, bench.size(50000, 5000)
    slow = Comparison(bench, "/posts/", 1)
    slow.add("fetchpool", them.fetchpool, n)
    slow.add("floor", them.floor, n)
    slow.measure(bench.size(5, 2)).table("small GETs at -j 1")
    slow.target("CPU / floor's", "fetchpool", "floor", "cpu", most=1.15)
    slow.target("wall / floor's", "fetchpool", "floor", "wall")


@scenario
def slowpeers(bench):
    """The same for peers that take longer: fewer requests, told per request"""
    slow = Comparison(bench, "/posts/", 16)
    slow.add("fetchpool", bench.contenders.fetchpool,
             bench.size(50000, 10000))
    for name, (function, n) in SLOW_PEERS.items():
        slow.add_peer(name, function, bench.size(n, n // 5))
    slow.measure(bench.size(3, 1)).table("the same for slower peers")
    slow.target("CPU / ganda's", "fetchpool", "ganda", "cpu", most=0.18)


@scenario
def tls(bench):
    """100,000 small GETs over TLS at -j 16, by HTTP/1.1 and by HTTP/2"""
    bench.nginx.need_tls()
    them = bench.contenders
    n = bench.size(100000, 10000)
    for name, http2 in (("HTTP/1.1", False), ("HTTP/2", True)):
        over = Comparison(bench, "/posts/", 16, tls=True, http2=http2)
        over.add("fetchpool", them.fetchpool, n)
        over.add("floor", them.floor, n)
        over.add_peer("curl -Z", peers.curl_parallel, n)
        over.add_peer("h2load", peers.h2load, n)
        if not http2:
            over.add_peer("wrk", peers.wrk, n)
        over.measure(bench.size(3, 1)).table(name + " over TLS")
        over.target(name + ": CPU / floor's", "fetchpool", "floor", "cpu")
        over.target(name + ": wall / floor's", "fetchpool", "floor", "wall")
        over.target(name + ": wall / curl -Z's", "fetchpool", "curl -Z",
                    "wall")
