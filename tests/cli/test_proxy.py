#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Through a proxy, by option and by environment."""
import base64
import socket
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from authority import authority, good
from harness import fetchpool
from libcurl import does
from proxyserver import Tinyproxy
from servers import faults
from shim import resolver
from socksserver import SocksServer
from tap import check, equal, main, matches, skip, test
from webserver import Web, to_path, web


def fetch(url, *args, **more):
    result = fetchpool(["-a", *args], input=url, **more)
    equal(len(result.records), 1, repr(result))
    return result.records[0], result


def works(url, *args, **more):
    record, result = fetch(url, *args, **more)
    equal((result.status, result.err), (0, b""), repr(result))
    return record


def fails(url, *args, kind, **more):
    record, result = fetch(url, *args, **more)
    equal((record.get("error") or {}).get("kind"), kind, repr(result))
    return record


# ---- -x ----

@test("-x: everything goes through it")
def _():
    server = web()
    with Tinyproxy() as proxy:
        for value in (proxy.url, "127.0.0.1:%d" % proxy.port,
                      proxy.url + "/"):
            equal(works(server.url + "/ok", "-x", value)["body"], "ok")
        works(server.url + "/ok", "--proxy=" + proxy.url)
        equal(proxy.requests(),
              ["GET %s/ok HTTP/1.1" % server.url] * 4)
    equal(server.requests, 4)


@test("-x: what can be no proxy is wrong usage, and no password is shown")
def _():
    server = faults()
    before = server.requests
    for value in ("5 5", "http://", "ftp://h:1", "http://me:hunter2@",
                  "http://me:hunter2@h:99999", "socks9://h"):
        for args in ["-x", value], ["--setopt", "PROXY=" + value]:
            result = fetchpool([*args, server.url + "/ok?{}"], input="1\n")
            equal((result.status, result.out), (2, b""), args)
            matches(r"\Afetchpool: --(proxy|setopt): PROXY must be a proxy "
                    r"like http://proxy.example:3128 ", result.text)
            check("hunter2" not in result.text, result.text)
    equal(server.requests, before)


@test("-x: names are the proxy's to look up")
def _():
    server = web()
    try:
        socket.getaddrinfo("localhost", server.port, socket.AF_INET)
    except OSError:
        skip("no localhost: there is no /etc/hosts here")
    with Tinyproxy() as proxy:
        works("http://localhost:%d/ok" % server.port, "-x", proxy.url)
        record = fails("http://nosuch.invalid/", "-x", proxy.url, kind="http")
        check(record["status"] >= 500, record)
        equal(len(proxy.requests()), 2)


@test("-x: methods, bodies and headers come through")
def _():
    server = web()
    with Tinyproxy() as proxy:
        works(server.url + "/ok", "-x", proxy.url, "-d", "a=b", "-H",
              "X-Mine: 1", "-u", "me:pw")
        request = server.only()
        equal((request.method, request.body, request.header("X-Mine")),
              ("POST", b"a=b", "1"))
        check(request.header("Authorization"), request.headers)


@test("-x: many items, and the connection to the proxy is kept or not")
def _():
    server = web()
    with Tinyproxy() as proxy:
        result = fetchpool(["-x", proxy.url, "-j4", server.url + "/posts/{}"],
                           input="".join("%d\n" % n for n in range(100)))
        equal((result.status, len(result.records)), (0, 100), repr(result))
    equal(sorted(server.targets),
          sorted("/posts/%d" % n for n in range(100)))


@test("-x: TLS goes through a tunnel, and is checked at its end")
def _():
    with Web(tls=good().server()) as server, Tinyproxy() as proxy:
        args = ["-x", proxy.url, "--cacert", authority().cert,
                "--fields=+headers,http_version"]
        record = works(server.url + "/ok", *args)
        equal((record["body"], record["status"]), ("ok", 200))
        names = {n.lower() for n in record["headers"]}
        check("proxy-agent" not in names, "the tunnel's own head: %r" % names)
        equal(proxy.requests(), ["CONNECT 127.0.0.1:%d HTTP/1.1" %
                                 server.port])
        fails(server.url + "/ok", "-x", proxy.url, kind="tls")
        # What is for the server is not for the proxy to see.
        works(server.url + "/ok", *args, "-u", "me:c4naRy", "-H",
              "X-Key: c4naRy")
        check("c4naRy" not in repr(proxy.requests()), "told the proxy")


# ---- who may use it ----

@test("-x: a name and a password for it, which go no further")
def _():
    server = web()
    with Tinyproxy(login="me s3cret") as proxy:
        mine = "http://me:s3cret@127.0.0.1:%d" % proxy.port
        works(server.url + "/ok", "-x", mine)
        equal(server.only().header("Proxy-Authorization"), None)
        for value in proxy.url, mine.replace("s3cret", "wr0ng"):
            record, result = fetch(server.url + "/ok", "-x", value)
            equal(record["error"]["kind"], "http", repr(result))
            # tinyproxy's answer to a wrong one is 401.
            check(record["status"] in (401, 407), record)
            check(b"wr0ng" not in result.out + result.err, result)
    equal(server.requests, 1)


@test("-x: 407 in front of a tunnel is no success, and no secret is shown")
def _():
    with Web(tls=good().server()) as server, \
            Tinyproxy(login="me s3cret") as proxy:
        record, result = fetch(
            server.url + "/ok", "--cacert", authority().cert, "-x",
            "http://me:wr0ng@127.0.0.1:%d" % proxy.port)
        check(record["error"]["kind"] in ("http", "connect", "network"),
              record)
        check(b"wr0ng" not in result.out + result.err, result)
        equal(server.requests, 0)


# ---- what goes wrong ----

@test("-x: nobody listens there, or does not know how")
def _():
    server = web()
    fails(server.url + "/ok", "-x", "http://127.0.0.1:1", kind="connect")
    fails(server.url + "/ok", "-x", "http://nosuch.invalid:1", kind="dns",
          env={"RES_OPTIONS": "timeout:1 attempts:1"})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        record = fails(server.url + "/ok", "-x", "http://127.0.0.1:%d" %
                       silent.getsockname()[1], "-m", "500ms", kind="timeout")
        check(record["fetch_time"] < 5, record)
    for value in "bad://127.0.0.1:1", "http://127.0.0.1:99999":
        result = fetchpool(["-a", "-x", value], input=server.url + "/ok")
        check(result.status == 2 or result.records[0].get("error"),
              "%s: %r" % (value, result))
    equal(server.requests, 0)


@test("-x: what the proxy itself answers is no success")
def _():
    with Tinyproxy() as proxy:
        record = fails("http://127.0.0.1:1/", "-x", proxy.url, kind="http")
        check(record["status"] in (500, 502, 503), record)
    server = faults()
    for code in 403, 407, 502, 503, 504:
        server.reset()
        server.on("http://far.test/x", lambda conn, request: conn.answer(
            b"no", status=code))
        record = fails("http://far.test/x", "-x", server.url, kind="http")
        equal(record["status"], code)


@test("-x: a tunnel that is refused: the proxy's answer is an answer")
def _():
    for code, attempts in ((403, 1), (407, 1), (401, 1), (404, 1), (302, 1),
                           (502, 3), (503, 3), (504, 3), (429, 3)):
        server = faults()
        server.on("far.test:443", lambda conn, request: conn.answer(
            b"no", status=code))
        for more in [], ["-d", "x"]:
            server.reset()
            server.on("far.test:443", lambda conn, request: conn.answer(
                b"no", status=code))
            record = fails("https://far.test/", "-x", server.url, "--retry=2",
                           "--retry-delay=1ms", "--retry-max-delay=50ms",
                           *more, kind="http")
            equal((record["status"], record["attempts"], server.requests),
                  (code, attempts, attempts), (code, record))
            check("proxy" in record["error"]["message"], record)
        equal(server.log[0].method, "CONNECT")
        agent = server.log[0].header("User-Agent")
        check(agent and agent.startswith("fetchpool/"), agent)


@test("-x: a tunnel that is to be had later is waited for")
def _():
    with Web(tls=good().server()) as far:
        for code in 429, 503:
            server = faults()
            server.on("far.test:443", lambda conn, request: conn.answer(
                b"no", status=code, headers=b"Retry-After: 1\r\n"))
            fetchpool(["-x", server.url, "--retry=1"],
                      input="https://far.test/\n")
            equal(server.requests, 2)
            first, second = [r.time for r in server.log]
            check(second - first >= 1, second - first)
    server.reset()
    server.on("far.test:443", lambda conn, request: conn.answer(
        b"no", status=429, headers=b"Retry-After: 5000\r\n"))
    record = fails("https://far.test/", "-x", server.url, "--retry=3",
                   kind="http")
    equal((record["attempts"], server.requests), (1, 1))


@test("-x: a tunnel that is made, and what comes after it fails: no answer")
def _():
    server = faults()

    def behave(conn, request):
        conn.send(b"HTTP/1.1 200 Connection established\r\n"
                  b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"
                  b"Retry-After: 9999\r\n\r\n")
        conn.close()

    server.on("far.test:443", behave)
    record, _ = fetch("https://far.test/", "-x", server.url, "-m", "5s")
    check(record["error"]["kind"] in ("network", "tls"), record)
    equal(record["status"], None)


# ---- SOCKS ----

@test("-x: SOCKS5, with a name and a password, and names that it looks up")
def _():
    server = web()
    for login in None, ("me", "c4naRy"):
        with SocksServer(login=login) as socks:
            url = socks.url
            if login:
                url = url.replace("//", "//me:c4naRy@")
            works(server.url + "/ok", "-x", url)
            equal(socks.asked, [("127.0.0.1", server.port)])
            if login:
                bad = socks.url.replace("//", "//me:wr0ng@")
                record, result = fetch(server.url + "/ok", "-x", bad,
                                       "--retry=3", "--retry-delay=1ms")
                equal((record["error"]["kind"], record["attempts"],
                       len(socks.logins)), ("connect", 1, 2), record)
                check(b"wr0ng" not in result.out + result.err, result)


@test("-x: SOCKS5 that finds no way: as a connection that cannot be made")
def _():
    server = web()
    soon = ["--retry-delay=1ms", "--retry=2"]
    for reply in 1, 3, 4, 5, 6, None:
        with SocksServer(replies=[reply] * 2) as socks:
            record = works(server.url + "/ok", "-x", socks.url, *soon)
            equal((record["attempts"], len(socks.asked)), (3, 3), reply)
        with SocksServer(replies=[reply] * 9) as socks:
            record = fails(server.url + "/ok", "-x", socks.url, *soon,
                           kind="connect")
            equal(record["attempts"], 3, record)
            record = fails(server.url + "/ok", "-x", socks.url, *soon,
                           "--retry-on=!connect", kind="connect")
            equal(record["attempts"], 1, record)
    for reply in 2, 7, 8:
        with SocksServer(replies=[reply] * 2) as socks:
            record = fails(server.url + "/ok", "-x", socks.url, *soon,
                           kind="connect")
            equal(record["attempts"], 1, record)


@test("-x: a tunnel whose answer never ends, or is no HTTP")
def _():
    for answer, kinds in (
            (b"SSH-2.0-x\r\n", ("network", "connect")),
            (b"", ("network", "connect")),
            (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 400000,
             ("too_large", "network"))):
        server = faults()

        def behave(conn, request):
            conn.send(answer)
            conn.close()

        server.on("far.test:443", behave)
        record, _ = fetch("https://far.test/", "-x", server.url, "-m", "5s")
        check(record["error"]["kind"] in kinds, record)

    # It is the proxy's, and is not called the server's.
    server = faults()
    server.on("far.test:443", lambda conn, request: conn.send(
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n"))
    record, _ = fetch("https://far.test/", "-x", server.url, "--retry", "0")
    equal(record["error"]["kind"],
          "connect" if does("tunnel refused is connect") else "network")
    check("101" in record["error"]["message"], record)


# ---- by the environment ----

@test("http_proxy, https_proxy, all_proxy, no_proxy")
def _():
    server = web()
    with Tinyproxy() as proxy:
        def through(env, *args, url=server.url + "/ok"):
            before = len(proxy.requests())
            works(url, *args, env=env)
            return len(proxy.requests()) > before

        equal(through({"http_proxy": proxy.url}), True)
        equal(through({"HTTP_PROXY": proxy.url}), False, "as curl: CGI")
        equal(through({"https_proxy": proxy.url}), False)
        equal(through({"all_proxy": proxy.url}), True)
        equal(through({"ALL_PROXY": proxy.url}), True)
        equal(through({"http_proxy": proxy.url, "no_proxy": "127.0.0.1"}),
              False)
        equal(through({"http_proxy": proxy.url, "no_proxy": "x,y"}), True)
        equal(through({"http_proxy": proxy.url, "no_proxy": "*"}), False)
        equal(through({"http_proxy": proxy.url,
                       "no_proxy": "127.0.0.0/8"}), False)
        equal(through({"http_proxy": "http://127.0.0.1:1"}, "-x",
                      proxy.url), True)
        equal(through({"no_proxy": "127.0.0.1"}, "-x", proxy.url), False,
              "as curl")
        equal(through({"no_proxy": "127.0.0.1"}, "-x", proxy.url,
                      "--noproxy", ""), True)
        equal(through({"http_proxy": "http://127.0.0.1:1"}, "-x", ""), False)
        with Web(tls=good().server()) as tls:
            args = ["--cacert", authority().cert]
            equal(through({"https_proxy": proxy.url}, *args,
                          url=tls.url + "/ok"), True)
            equal(through({"HTTPS_PROXY": proxy.url}, *args,
                          url=tls.url + "/ok"), True)
            equal(through({"http_proxy": proxy.url}, *args,
                          url=tls.url + "/ok"), False)


@test("a proxy is told the right host, whatever host it was told before")
def _():
    with Web() as proxy:  # It answers itself.
        hosts = ["[::1]:81", "10.0.0.1", "[::1]:81", "a.example",
                 "[2001:db8::1]", "b.example:82"]
        urls = ["http://%s/ok" % host for host in hosts]
        fetchpool(["-j1", "-k"], input="\n".join(urls) + "\n",
                  env={"http_proxy": proxy.url})
        equal([r.header("Host") for r in proxy.log], hosts)
        equal([r.line.split()[1] for r in proxy.log], urls)
        fetchpool(["-j1", "-k", "-x", proxy.url],
                  input="http://c.example/ok\nhttp://[::1]/ok\n")
        equal([r.header("Host") for r in proxy.log[len(hosts):]],
              ["c.example", "[::1]"])


@test("no_proxy, --noproxy: *.domain is all hosts below it")
def _():
    server = web()
    names = ["a.corp.test", "b.a.corp.test", "corp.test", "acorp.test",
             "x.test"]
    env = resolver(*(name + "=127.0.0.1" for name in names))
    with Tinyproxy() as proxy:
        for value, direct in (
                ("*.corp.test", 3), ("x.test, *.corp.test", 4),
                ("*.CORP.test *.y.test", 3), ("127.0.0.9,*.a.corp.test", 2),
                ("a*.corp.test", 0), ("*corp.test", 0)):
            for how in "no_proxy", "NO_PROXY", "--noproxy":
                before = len(proxy.requests())
                args = [how, value] if how[0] == "-" else []
                fetchpool(["-a", "-x", proxy.url, *args], input="".join(
                    "http://%s:%d/ok\n" % (name, server.port)
                    for name in names),
                    env={**env, **({} if args else {how: value})})
                equal(len(names) - (len(proxy.requests()) - before), direct,
                      (how, value))


@test("--noproxy: what is reached without")
def _():
    server = web()
    with Tinyproxy() as proxy:
        for value, used in (("127.0.0.1", False), ("*", False), ("x", True),
                            ("x,127.0.0.1", False), ("127.0.0.0/8", False)):
            before = len(proxy.requests())
            works(server.url + "/ok", "-x", proxy.url, "--noproxy", value)
            equal(len(proxy.requests()) > before, used, value)
        before = len(proxy.requests())
        works(server.url + "/ok", "--noproxy", "127.0.0.1",
              env={"http_proxy": proxy.url})
        equal(len(proxy.requests()), before)
        works(server.url + "/ok", "--noproxy", "",
              env={"http_proxy": proxy.url, "no_proxy": "127.0.0.1"})
        equal(len(proxy.requests()), before + 1, "--noproxy '' is curl's none")


@test("redirects go through the proxy as well, and keep its password from all")
def _():
    with Web() as first, Web() as second, \
            Tinyproxy(login="me c4naRy") as proxy:
        works(first.url + to_path(second.url + "/ok"), "-x",
              "http://me:c4naRy@127.0.0.1:%d" % proxy.port)
        equal(len(proxy.requests()), 2)
        basic = base64.b64encode(b"me:c4naRy").decode()
        check(basic not in repr([r.headers for r in first.log + second.log]),
              "it was told")


# ---- together with the address filter ----

@test("24 --deny-private and a proxy in the environment: not used, or refused")
def _():
    server = web()
    with Tinyproxy() as proxy:
        for name in "http_proxy", "all_proxy", "ALL_PROXY":
            for url, *rule in (
                    (server.url + "/ok", "--deny-private"),
                    ("http://10.0.0.1/", "--deny-private"),
                    ("http://10.0.0.1/", "--deny=10.0.0.0/8")):
                result = fetchpool(
                    ["-a", *rule, "--connect-timeout=2s"],
                    input=url, env={name: proxy.url})
                check(result.status == 2 or
                      result.records[0]["error"]["kind"] == "refused",
                      repr(result))
        with Web(tls=good().server()) as tls:
            result = fetchpool(["-a", "--deny-private"], input=tls.url,
                               env={"https_proxy": proxy.url})
            equal(result.records[0]["error"]["kind"], "refused")
            equal(tls.connections, 0)
        equal(proxy.requests(), [])
    equal(server.requests, 0)


@test("24 --deny-private, --deny, and -x: wrong usage")
def _():
    server = web()
    for args in (["-x", "http://127.0.0.1:1"],
                 ["--setopt", "PROXY=http://127.0.0.1:1"]):
        for rule in ["--deny-private"], ["--deny", "10.0.0.0/8"]:
            result = fetchpool([*args, *rule], input=server.url + "/ok")
            equal(result.status, 2, repr(result))
            check("proxy" in result.text.lower(), result)
    equal(server.connections, 0)


@test("24 --deny-private and a proxy before the proxy")
def _():
    # SOCKS: if it is asked at all, the address it is asked for is not judged.
    server = web()
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as socks:
        socks.settimeout(0.2)
        url = "socks5h://127.0.0.1:%d" % socks.getsockname()[1]
        for name in "PRE_PROXY", "PROXY":
            result = fetchpool(
                ["-a", "--deny", "10.0.0.0/8", "-m", "1s", "--setopt",
                 "%s=%s" % (name, url)], input="http://10.0.0.1/")
            try:
                socks.accept()[0].close()
                asked.append(name)
            except TimeoutError:
                pass
            check(result.status == 2 or
                  result.records[0]["error"]["kind"] == "refused",
                  repr(result))
    equal(asked, [])
    equal(server.connections, 0)


if __name__ == "__main__":
    main()
