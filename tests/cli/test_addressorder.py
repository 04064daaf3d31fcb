#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Names with several addresses, of which some are dead (they swallow what is sent
to them), some refuse, and one is alive: its item succeeds within the connect
timeout, wherever in the list that one stands.
"""
import itertools
import socket
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from authority import authority, good
from calm import test_in_time
from harness import fetchpool
from servers import Hole
from shim import resolver
from tap import check, equal, main, skip
from webserver import Web

DEAD = ["127.0.3.1", "127.0.3.2", "127.0.3.3"]
REFUSES = ["127.0.4.1", "127.0.4.2"]
TIMEOUT = 4  # seconds


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        return True
    except OSError:
        return False


def orders():
    """The lists to be tried: by a letter for each address, d, r or a."""
    for n in 1, 2, 3, 4:
        for kinds in itertools.combinations_with_replacement("dr", n - 1):
            for order in set(itertools.permutations(kinds + ("a",))):
                if order.count("d") <= len(DEAD) and \
                        order.count("r") <= len(REFUSES):
                    yield "".join(order)


def spell(order):
    dead, refuses = iter(DEAD), iter(REFUSES)
    return ["127.0.0.1" if kind == "a" else
            next(dead) if kind == "d" else next(refuses) for kind in order]


def bracketed(address):
    return "[%s]" % address if ":" in address else address


def all_succeed(server, names, *args, path="/ok", env=None):
    """One item for each of these lists of addresses, all at once."""
    if env is None:
        for name, addresses in names.items():
            args += ("--resolve", "%s.test:%d:%s" % (
                name, server.port, ",".join(map(bracketed, addresses))))
    scheme = server.url.partition(":")[0]
    result = fetchpool(
        ["-a", "-j%d" % max(len(names), 1), "--retry=0",
         "--connect-timeout=%ds" % TIMEOUT, "--stall-time=1s", *args],
        input="".join("%s://%s.test:%d%s\n" % (scheme, name, server.port, path)
                      for name in names), env=env, timeout=30)
    failed = {r["url"]: r["error"] for r in result.records if r.get("error")}
    equal((failed, len(result.records)), ({}, len(names)), result.text)
    slow = [r for r in result.records if r["fetch_time"] > TIMEOUT]
    equal(slow, [], "took longer than --connect-timeout")
    return result


@test_in_time("32 dead, refusing and living addresses in every order, by --resolve")
def _():
    with Web() as server:
        holes = [Hole(address, server.port) for address in DEAD]
        names = {order: spell(order) for order in orders()}
        all_succeed(server, names)
        equal(server.requests, len(names))
        check(holes, "they are dead")


@test_in_time("32 the same when a look-up has found them")
def _():
    with Web() as server:
        holes = [Hole(address, server.port) for address in DEAD]
        names = {order: spell(order) for order in ("da", "dra", "rda", "dda")}
        env = resolver(*("%s.test=%s" % (name, ",".join(addresses))
                         for name, addresses in names.items()))
        all_succeed(server, names, env=env)
        check(holes, "they are dead")


@test_in_time("32 the same over TLS")
def _():
    with Web(tls=good().server()) as server:
        holes = [Hole(address, server.port) for address in DEAD]
        names = {order: spell(order) for order in ("da", "dra", "dda", "ad")}
        all_succeed(server, names, "--insecure", "--cacert", authority().cert)
        check(holes, "they are dead")


@test_in_time("32 many items of one such name, with and without kept connections")
def _():
    with Web() as server:
        holes = [Hole(address, server.port) for address in DEAD[:1]]
        for path in "/ok", "/close":
            server.on("/close", lambda conn, request: (conn.answer(
                b"ok", headers=b"Connection: close\r\n"), conn.close()))
            result = fetchpool(
                ["-a", "-j12", "--retry=0", "--connect-timeout=3s",
                 "--resolve", "two.test:%d:127.0.3.1,127.0.0.1" % server.port],
                input="".join("http://two.test:%d%s?%d\n" % (
                    server.port, path, i) for i in range(12)))
            equal([r["status"] for r in result.records], [200] * 12,
                  result.text)
        check(holes, "it is dead")


@test_in_time("32 IPv6 and IPv4: the one dead, the other alive, and three of them")
def _():
    if not has_ipv6():
        skip("no IPv6 here")
    with Web() as server:
        holes = [Hole("::1", server.port)] + [
            Hole(address, server.port) for address in DEAD]
        all_succeed(server, {
            "a": ["::1", "127.0.0.1"],
            "b": ["127.0.0.1", "::1"],
            "c": ["::1", "127.0.3.1", "127.0.0.1"],
            "d": ["127.0.3.1", "::1", "127.0.0.1"],
            "e": ["127.0.3.1", "127.0.3.2", "::1", "127.0.0.1"],
            "f": ["::1", "127.0.4.1", "127.0.3.1", "127.0.0.1"],
        })
        check(holes, "they are dead")
    with Web(["::1"]) as server:
        holes = [Hole(address, server.port) for address in DEAD]
        all_succeed(server, {
            "a": ["127.0.3.1", "::1"],
            "b": ["127.0.3.1", "127.0.3.2", "::1"],
            "c": ["127.0.4.1", "127.0.3.1", "::1"],
            "d": ["::1", "127.0.3.1"],
        })
        check(holes, "they are dead")


@test_in_time("32 a proxy's name has a dead address and a living one")
def _():
    with Web() as proxy:  # It answers itself.
        holes = [Hole(address, proxy.port) for address in DEAD[:2]]
        for order in "da", "rda", "dda":
            proxy.on("http://far.test/x", lambda conn, request:
                     conn.answer(b"ok"))
            result = fetchpool(
                ["-a", "--retry=0", "--connect-timeout=%ds" % TIMEOUT,
                 "-x", "http://proxy.test:%d" % proxy.port],
                input="http://far.test/x\n",
                env=resolver("proxy.test=" + ",".join(spell(order))))
            equal([r["status"] for r in result.records], [200], repr(result))
        check(holes, "they are dead")


@test_in_time("32 no address lives: the item fails when the connect timeout is over")
def _():
    with Web() as server:
        holes = [Hole(address, server.port) for address in DEAD]
        result = fetchpool(
            ["-a", "--retry=0", "--connect-timeout=2s", "-j2",
             "--resolve", "d.test:%d:%s" % (server.port, ",".join(DEAD)),
             "--resolve", "r.test:%d:%s" % (server.port, ",".join(REFUSES))],
            input="http://d.test:%d/\nhttp://r.test:%d/\n" % (
                server.port, server.port))
        kinds = {r["url"][7]: r["error"]["kind"] for r in result.records}
        equal(kinds, {"d": "timeout", "r": "connect"}, repr(result))
        check(holes, "they are dead")


if __name__ == "__main__":
    main()
