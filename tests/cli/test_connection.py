#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where a request goes and by which way; libcurl's options by name."""
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import fetchpool
from libcurl import does
from servers import Nginx
from shim import resolver
from tap import check, contents, equal, main, skip, temp_dir, test
from webserver import Web, ask, refused, web


# ---- what the system is asked ----

@test("the system is not asked in vain what is to be read")
def _():
    server, looks, n = web(), temp_dir() + "/looks", 200
    open(looks, "w").close()
    result = fetchpool(["-j1"], input="\n".join([server.url + "/ok"] * n),
                       env=resolver(looks=looks))
    equal((result.status, server.connections), (0, 1), repr(result))
    # Once a request, though libcurl asks twice. And when the only request has
    # just been sent, there is no answer to look for.
    n_looks = len(contents(looks))
    most = n * 5 // 2 if does("looks twice") else n * 3 // 2
    check(n_looks < most, "looks without waiting: %d" % n_looks)


# ---- libcurl's own options ----

@test("--setopt: long, off_t, string and list")
def _():
    ask("--setopt", "TCP_NODELAY=0")
    server = web()
    result = fetchpool(["--setopt=FORBID_REUSE=1", "-j1"],
                       input="\n".join([server.url + "/ok"] * 3))
    equal((result.status, server.connections), (0, 3))
    record = fetchpool(["--setopt", "MAX_RECV_SPEED_LARGE=8000000", "-B",
                        "none"], input=server.url + "/size/8000000").records[0]
    check(record["fetch_time"] > 0.5, "off_t had no effect: %r" % record)
    equal(ask("--setopt", "REFERER=me").header("Referer"), "me")
    equal(ask("--setopt", "CURLOPT_REFERER=me").header("Referer"), "me")
    equal(ask("--setopt", "referer=m=e").header("Referer"), "m=e")
    server = web()
    result = fetchpool(
        ["--setopt", "RESOLVE=a.test:%d:127.0.0.1" % server.port, "--setopt",
         "RESOLVE=b.test:%d:127.0.0.1" % server.port],
        input="http://a.test:%d/ok\nhttp://b.test:%d/ok\n" % (
            server.port, server.port))
    equal((result.status, server.requests), (0, 2), repr(result))


@test("--setopt: the last value of one counts; 0x too")
def _():
    equal(ask("--setopt", "REFERER=a", "--setopt=REFERER=b").header(
        "Referer"), "b")
    server = web()
    fetchpool(["--setopt=FORBID_REUSE=1", "--setopt=FORBID_REUSE=0x0",
               "-j1"], input="\n".join([server.url + "/ok"] * 3))
    equal(server.connections, 1)


@test("--setopt: values that do not fit are refused by name")
def _():
    for pair in ("TCP_NODELAY=yes", "TCP_NODELAY=", "TCP_NODELAY=1x",
                 "TCP_NODELAY= 1", "MAX_RECV_SPEED_LARGE=1.5",
                 "MAX_RECV_SPEED_LARGE=99999999999999999999", "BUFFERSIZE=",
                 "LOCALPORT=99999999999", "IPRESOLVE=77", "SSLVERSION=99"):
        refused("--setopt", pair, names=pair.partition("=")[0])
    refused("--setopt", "NOSUCH=1", names="NOSUCH")
    refused("--setopt", "TCP_NODELAY", names="TCP_NODELAY")
    refused("--setopt", "=1")
    refused("--setopt", "")


@test("--setopt: what is fetchpool's own is refused by name")
def _():
    for name in ("URL", "WRITEFUNCTION", "WRITEDATA", "PRIVATE", "NOSIGNAL",
                 "HEADERFUNCTION", "ERRORBUFFER", "PREREQFUNCTION", "STDERR",
                 "FOLLOWLOCATION", "TIMEOUT_MS", "TIMEOUT", "HTTPHEADER",
                 "CUSTOMREQUEST", "NOBODY", "POSTFIELDS", "VERBOSE",
                 "HTTP09_ALLOWED", "IGNORE_CONTENT_LENGTH", "SHARE",
                 "OPENSOCKETFUNCTION", "ACCEPT_ENCODING", "PROTOCOLS_STR",
                 "SSL_VERIFYPEER", "MAXREDIRS", "UPLOAD", "READFUNCTION",
                 "MIMEPOST", "STREAM_DEPENDS"):
        refused("--setopt", name + "=1", names=name)


# ---- where to ----

@test("--resolve: a name with an address of one's own")
def _():
    server = web()
    for option in (["--resolve", "a.test:%d:127.0.0.1"],
                   ["--resolve=*:%d:127.0.0.1"]):
        server.reset()
        result = fetchpool([o.replace("%d", str(server.port))
                            for o in option],
                           input="http://a.test:%d/ok" % server.port)
        equal(result.status, 0, repr(result))
        equal(server.only().header("Host"), "a.test:%d" % server.port)


@test("--connect-to: another place, the same request")
def _():
    server = web()
    for value in ("a.test:80:127.0.0.1:%d", "::127.0.0.1:%d",
                  "a.test::127.0.0.1:%d"):
        server.reset()
        result = fetchpool(["--connect-to", value % server.port],
                           input="http://a.test/ok")
        equal(result.status, 0, repr(result))
        equal(server.only().header("Host"), "a.test")


@test("--interface: from this address")
def _():
    server = web()
    seen = []

    def peer(conn, request):
        seen.append(conn.sock.getpeername()[0])
        conn.answer(b"ok")

    url = server.on("/peer", peer)
    equal(fetchpool(["--interface", "127.0.0.2"], input=url).status, 0)
    equal(fetchpool(["--interface=lo"], input=url).status, 0)
    equal(seen, ["127.0.0.2", "127.0.0.1"])
    record = fetchpool(["-a", "--interface", "192.0.2.1"],
                       input=url).records[0]
    equal(record["error"]["kind"], "connect", repr(record))
    record = fetchpool(["-a", "--interface", "nosuch0"],
                       input=url).records[0]
    equal(record["error"]["kind"], "connect", repr(record))
    equal(len(seen), 2)


@test("-4, -6: one family only")
def _():
    try:
        both = Web(("127.0.0.1", "::1")).__enter__()
    except OSError:
        skip("no IPv6 on the loopback interface")
    try:
        url = "http://two.test:%d/ok" % both.port
        names = "two.test:%d:127.0.0.1,[::1]" % both.port
        for option, ip in (("-4", "127.0.0.1"), ("-6", "::1"),
                           ("--ipv4", "127.0.0.1"), ("--ipv6", "::1")):
            result = fetchpool([option, "--resolve", names, "--fields=ip"],
                               input=url)
            equal(result.records, [{"ip": ip}], option)
        result = fetchpool(["-6", "-a"],
                           input="http://[::1]:%d/ok" % both.port)
        equal(result.status, 0, repr(result))
        result = fetchpool(["-6", "-a"],
                           input="http://127.0.0.1:%d/ok" % both.port)
        equal(result.status, 1, repr(result))
    finally:
        both.__exit__()


@test("--unix-socket: another way to the same server")
def _():
    path = temp_dir() + "/socket"
    with Nginx("location / { return 200 '$host$request_uri'; }",
               ["unix:" + path]) as nginx:
        result = fetchpool(["-j2", "-k", "--unix-socket", path,
                            "--fields=body", "http://a.test/{}"],
                           input="1\n2\n3\n")
        equal(result.status, 0, repr(result))
        equal([r["body"] for r in result.records],
              ["a.test/%d" % n for n in (1, 2, 3)])
        equal(sorted(entry[3] for entry in nginx.access_log()),
              ["/1", "/2", "/3"])
    record = fetchpool(["-a", "--unix-socket", path + ".none"],
                       input="http://a.test/").records[0]
    equal((record["error"]["kind"], record["error"]["message"]),
          ("connect", "cannot connect to the Unix socket"))


if __name__ == "__main__":
    main()
