#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--deny-private, --deny, --allow; and names that do not resolve as wished."""
import signal
import sys
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from faultserver import FaultServer
from harness import TRACED, Program, fetchpool, strace
from libcurl import does
from servers import Nginx, faults
from shim import PUBLIC, lookups, resolver
from tap import (check, contents, equal, main, skip, temp_dir, temp_file,
                 test)
from webserver import Web, redirect


def fetch(urls, *args, **more):
    urls = [urls] if isinstance(urls, str) else urls
    result = fetchpool(["-a", "-k", *args], input="\n".join(urls), **more)
    equal(len(result.records), len(urls), repr(result))
    return result


def kinds(result):
    return [(r.get("error") or {}).get("kind") for r in result.records]


# ---- spellings ----

SPELLINGS = (
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f.1", "0x7f000001",
    "0x7f.0x0.0x0.0x1", "0177.0.0.1", "0177.1", "017700000001", "0.0.0.0",
    "0", "0x0", "127.255.255.254", "localhost", "LOCALHOST", "localhost.",
    "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]",
    "[::ffff:0.0.0.0]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[2002:7f00:1::]",
    "[2002:7f00:0001::1]", "[2001::1]", "[fe80::1]", "[fc00::1]", "[fd00::1]",
    "[fec0::1]", "[ff02::1]", "[100::1]", "[2001:db8::1]", "10.0.0.1",
    "10.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "192.168.257",
    "169.254.169.254", "0xa9fea9fe", "100.64.0.1", "198.18.0.1",
    "192.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "%31%32%37.0.0.1", "127%2e0.0.1",
)


@test("21 every spelling of a private address is refused, nothing connected")
def _():
    server = faults()
    trace = temp_file()
    urls = ["http://%s:%d/ok" % (host, server.port) for host in SPELLINGS]
    result = fetch(urls, "--deny-private", "--connect-timeout=3s",
                   env=TRACED,
                   wrapper=strace("-e", "trace=connect", "-o", trace))
    for host, record in zip(SPELLINGS, result.records):
        kind = record["error"]["kind"]
        # One that is no address for libcurl is none for anybody.
        check(kind == "refused" or kind == "input" or kind == "dns" and
              not host.startswith("["), "%s: %r" % (host, record))
        equal(record["attempts"] <= 1, True, "tried again: " + host)
    equal(server.connections, 0)
    for line in contents(trace).decode("utf-8", "replace").splitlines():
        check("htons(%d)" % server.port not in line, line)


@test("21 the plain ones are refused, by that very name")
def _():
    server = faults()
    hosts = ("127.1", "2130706433", "0x7f.1", "0.0.0.0", "[::1]",
             "[::ffff:127.0.0.1]", "localhost")
    result = fetch(["http://%s:%d/ok" % (host, server.port)
                    for host in hosts], "--deny-private")
    equal(kinds(result), ["refused"] * len(hosts))
    equal(server.connections, 0)
    for record in result.records:
        check("loopback" in record["error"]["message"] or
              "0.0.0.0" in record["error"]["message"], record)


@test("21 without the option they are reached")
def _():
    server = faults()
    result = fetch(["http://%s:%d/ok" % (host, server.port)
                    for host in ("127.1", "2130706433", "0x7f.1")])
    equal(kinds(result), [None] * 3)


# ---- the lists ----

@test("--deny, --allow: what is asked for, and what wins")
def _():
    server = faults()
    url = server.url + "/ok"
    for args, kind in (
            (["--deny", "127.0.0.0/8"], "refused"),
            (["--deny", "127.0.0.1"], "refused"),
            (["--deny=::ffff:127.0.0.1"], "refused"),
            (["--deny", "127.0.0.2/32"], None),
            (["--deny", "10.0.0.0/8", "--deny", "127.0.0.1/32"], "refused"),
            (["--deny-private", "--allow", "127.0.0.1/32"], None),
            (["--deny-private", "--allow", "127.0.0.0/8"], None),
            (["--deny-private", "--allow", "127.0.0.2/32"], "refused"),
            (["--deny", "0.0.0.0/0", "--allow", "127.0.0.1"], None),
            (["--deny", "0.0.0.0/0"], "refused"),
            (["--deny", "::/0"], None)):
        server.reset()
        equal(kinds(fetch(url, *args)), [kind], repr(args))
        equal(server.requests, 0 if kind else 1, repr(args))


@test("--deny: what is unspecified is connected to as loopback, and refused so")
def _():
    server = faults()
    for host in "0.0.0.0", "0", "[::ffff:0.0.0.0]":
        for block in "127.0.0.0/8", "127.0.0.1":
            server.reset()
            url = "http://%s:%d/ok" % (host, server.port)
            equal(kinds(fetch(url, "--deny", block)), ["refused"], host)
            equal(server.connections, 0, host)
    url = "http://[::]:%d/ok" % server.port
    equal(kinds(fetch(url, "--deny", "::1")), ["refused"])


@test("--deny, --allow: what is no block is refused")
def _():
    server = faults()
    for value in ("", "x", "127.0.0.1/33", "::/129", "1.2.3", "127.1",
                  "1.2.3.4/", "1.2.3.4/-1", "0x7f.0.0.1", "::1/x",
                  "10.0.0.0/8,11.0.0.0/8", "localhost", " 10.0.0.0/8"):
        for option in "--deny", "--allow":
            result = fetchpool([option, value], input=server.url + "/ok")
            equal(result.status, 2, "%s %r: %r" % (option, value, result))
            check(option in result.text, result)
    equal(server.connections, 0)


# ---- judged where it counts ----

@test("22 a name that has another address the second time")
def _():
    with Web() as server:
        server.on("/close", lambda conn, request: conn.send(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n"
            b"\r\nok") or conn.close())
        env = resolver("rebind.test=%s|127.0.0.1" % PUBLIC)
        url = "http://rebind.test:%d/close" % server.port
        result = fetch([url] * 3, "--deny-private", "-j1", "--setopt",
                       "DNS_CACHE_TIMEOUT=0", env=env)
        equal(kinds(result), [None, "refused", "refused"], repr(result))
        equal(server.requests, 1)


@test("22 one look-up with both addresses: only the public one is used")
def _():
    with Web() as server:
        for answers in "127.0.0.1," + PUBLIC, PUBLIC + ",127.0.0.1":
            server.reset()
            result = fetch("http://both.test:%d/ok" % server.port,
                           "--deny-private", "--fields=+ip",
                           env=resolver("both.test=" + answers))
            if kinds(result) == [None]:
                equal(result.records[0]["ip"], PUBLIC)
            else:
                equal(kinds(result), ["refused"])


@test("22 a public name with nothing but private addresses")
def _():
    server = faults()
    for answers in ("127.0.0.1", "10.0.0.1,192.168.0.1", "::1",
                    "::ffff:127.0.0.1", "::1,127.0.0.1", "0.0.0.0"):
        result = fetch("http://bad.test:%d/ok" % server.port,
                       "--deny-private", "--connect-timeout=3s",
                       env=resolver("bad.test=" + answers))
        equal(kinds(result), ["refused"], answers)
    equal(server.connections, 0)


@test("22 --resolve and --connect-to are judged like look-ups")
def _():
    server = faults()
    url = "http://a.test:%d/ok" % server.port
    for args in (["--resolve", "a.test:%d:127.0.0.1" % server.port],
                 ["--connect-to", "a.test::127.0.0.1:%d" % server.port]):
        equal(kinds(fetch(url, "--deny-private", *args)), ["refused"])
    equal(server.connections, 0)


@test("23 from a public server to private ones: each hop is judged")
def _():
    with Web() as server:
        env = resolver("pub.test=" + PUBLIC, "in.test=127.0.0.1")
        base = "http://pub.test:%d" % server.port
        for host in ("169.254.169.254", "10.0.0.1", "100.64.0.1", "[::1]",
                     "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::1]",
                     "[2001:0:a9fe:a9fe::1]", "127.0.0.1", "localhost",
                     "in.test", "0.0.0.0", "[::ffff:169.254.169.254]"):
            server.reset()
            place = b"http://%s:%d/ok" % (host.encode(), server.port)
            server.on("/go", lambda conn, request: redirect(
                conn, 302, place))
            server.on("/far", lambda conn, request: redirect(
                conn, 302, b"/go"))
            result = fetch(base + "/far", "--deny-private",
                           "--connect-timeout=3s", env=env)
            equal(kinds(result), ["refused"], host)
            equal(server.targets, ["/far", "/go"], host)
        server.reset()
        result = fetch(base + "/hops/3", "--deny-private", env=env)
        equal(kinds(result), [None], "it refuses public ones: %r" % result)


@test("22 a connection that is kept is judged again")
def _():
    # Both names are at one address; only what one may connect to counts.
    with Web() as server:
        env = resolver("pub.test=" + PUBLIC)
        urls = ["http://pub.test:%d/ok" % server.port] * 5
        result = fetch(urls, "--deny-private", "-j1", env=env)
        equal(kinds(result), [None] * 5)
        equal(server.connections, 1)


@test("22 a connection that ended elsewhere is judged by where it ended")
def _():
    # Where a connection ended, the kernel tells whoever connects. The shim
    # lies to connect() and is honest afterwards, which no kernel does.
    if does("own end not asked"):
        skip("this libcurl does not ask for it")
    with Web() as server:
        env = resolver("pub.test=" + PUBLIC, honest=True)
        result = fetch(["http://pub.test:%d/ok" % server.port] * 3,
                       "--deny-private", "-j1", env=env)
        equal(kinds(result), ["refused"] * 3, repr(result))
        equal(server.requests, 0, "a request was sent")


@test("--deny-private: other ways than addresses are no way round")
def _():
    path = temp_dir() + "/socket"
    with Nginx("location / { return 200 ok; }", ["unix:" + path]):
        for args in (["--unix-socket", path],
                     ["--setopt", "UNIX_SOCKET_PATH=" + path]):
            result = fetchpool(["-a", "--deny-private", *args],
                               input="http://a.test/")
            check(result.status == 2 or kinds(result) == ["refused"],
                  "%r: %r" % (args, result))


@test("--deny-private: --interface is another thing")
def _():
    with Web() as server:
        env = resolver("pub.test=" + PUBLIC)
        result = fetch("http://pub.test:%d/ok" % server.port,
                       "--deny-private", "--interface=127.0.0.1", env=env)
        equal(kinds(result), [None], repr(result))


# ---- names ----

@test("26 a name that is not there")
def _():
    env = resolver("ok.test=127.0.0.1", "later.test=!again")
    server = faults()
    urls = ["http://no%d.test/" % n for n in range(20)] + \
        ["http://later.test/", "http://ok.test:%d/ok" % server.port]
    began = time.monotonic()
    result = fetch(urls, env=env)
    equal(kinds(result), ["dns"] * 21 + [None])
    check(time.monotonic() - began < 10, "too late")
    check(lookups(env)[0] <= 2 * 22, lookups(env))


@test("27 a look-up that hangs holds up nobody else")
def _():
    env = resolver("hang.test=~30000", "ok.test=127.0.0.1")
    server = faults()
    program = Program(["-a", "-j4", "-m", "1h", "--connect-timeout=1h",
                       "--fields=url,status"],
                      stdin="http://hang.test/\n" + "".join(
                          "http://ok.test:%d/ok\n" % server.port
                          for _ in range(200)), env=env)
    # All of them come before it.
    equal([r["status"] for r in program.lines(200)], [200] * 200)
    program.kill(signal.SIGKILL)
    program.wait()


@test("27 a look-up that hangs: its item ends as a timeout")
def _():
    env = resolver("hang.test=~20000")
    began = time.monotonic()
    result = fetch("http://hang.test/", "--connect-timeout=500ms", env=env)
    equal(kinds(result), ["timeout"])
    check(time.monotonic() - began < 8, "too late: the look-up was waited for")


@test("28 a thousand hosts: not a thousand look-ups at once")
def _():
    env = resolver("*.many.test=127.0.0.1")
    server = faults()
    result = fetch(["http://h%d.many.test:%d/ok" % (n, server.port)
                    for n in range(1000)], "-j500", "--fields=status",
                   env=env, timeout=40)
    equal(result.status, 0, repr(result))
    total, most = lookups(env)
    check(1000 <= total <= 1100, total)
    check(most <= 200, "%d look-ups at once" % most)


@test("29 no thread left for a name lookup is our fault, not the name's")
def _():
    server = faults()
    verdicts = set()
    for threads in range(1, 12):
        env = resolver("ok.test=127.0.0.1", threads=threads)
        result = fetchpool(["-a", "-j1"], env=env,
                           input="http://ok.test:%d/ok" % server.port)
        if result.status == 0 or not result.records:
            verdicts.add(result.status)
            continue
        verdicts.add(result.records[0]["error"]["kind"])
    check("dns" not in verdicts, "the host is said to be unknown: %r" %
          verdicts)
    check(0 in verdicts, verdicts)


@test("32 the first address is dead, the second alive")
def _():
    server = faults()
    for answers in "127.0.0.9,127.0.0.1", "::1,127.0.0.9,127.0.0.1":
        result = fetch("http://two.test:%d/ok" % server.port, "--fields=+ip",
                       env=resolver("two.test=" + answers))
        equal(kinds(result), [None], answers)
        equal(result.records[0]["ip"], "127.0.0.1")


@test("32 all addresses are dead")
def _():
    with FaultServer() as server:
        port = server.port
    result = fetch("http://dead.test:%d/ok" % port, env=resolver(
        "dead.test=127.0.0.9,127.0.0.10,127.0.0.11"))
    equal(kinds(result), ["connect"])


if __name__ == "__main__":
    main()
