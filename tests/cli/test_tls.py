#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""TLS: who is believed, what is shown, what is cut."""
import os
import socket
import ssl
import sys
import threading
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from authority import Authority, authority, good
from faultserver import HEAD
from harness import Program, fetchpool, strict_json
from libcurl import does
from proxyserver import Tinyproxy
from servers import Nginx, faults, free_port
from socksserver import SocksServer
from tap import (check, contents, equal, main, matches, skip, temp_dir,
                 temp_file, test, until)
from webserver import OnUnixSocket, Web, to_path

NGINX_TLS = """
    listen 127.0.0.1:%d ssl http2;
    ssl_certificate %s;
    ssl_certificate_key %s;
    ssl_session_cache shared:x:1m;
    location / { return 200 '$server_protocol $request_uri'; }
    %s
"""


def https(cert, more="", port=None, http=""):
    """nginx with TLS; .tls is its URL."""
    port = port or free_port()
    nginx = Nginx(NGINX_TLS % (port, cert.cert, cert.key, more), http=http)
    nginx.tls = "https://127.0.0.1:%d" % port
    nginx.tls_port = port
    return nginx


def trusting(*args):
    return ["--cacert", authority().cert, *args]


def fetch(url, *args, **more):
    result = fetchpool(["-a", *args], input=url, **more)
    equal(len(result.records), 1, repr(result))
    return result.records[0], result


def fails(url, *args, kind="tls", **more):
    record, result = fetch(url, *args, **more)
    equal((record.get("error") or {}).get("kind"), kind, repr(result))
    equal((record["body"], record["attempts"]), (None, 1))
    return record


def works(url, *args, err=b"", **more):
    record, result = fetch(url, *args, **more)
    equal((result.status, result.err), (0, err), repr(result))
    return record


# ---- who is believed ----

@test("33 a certificate of an authority that is trusted")
def _():
    with https(good()) as nginx:
        version = "2.0" if does("HTTP/2 by default") else "1.1"
        equal(works(nginx.tls + "/a", *trusting())["body"],
              "HTTP/%s /a" % version)
        for name in "good.test", "localhost", "GOOD.test":
            works("https://%s:%d/" % (name, nginx.tls_port), *trusting(
                "--resolve", "%s:%d:127.0.0.1" % (name, nginx.tls_port)))


@test("33 --capath: a directory of them")
def _():
    folder = temp_dir()
    name = authority().run("x509", "-hash", "-noout", "-in",
                           authority().cert).strip()
    os.symlink(authority().cert, "%s/%s.0" % (folder, name))
    with https(good()) as nginx:
        works(nginx.tls, "--capath", folder, "--cacert", authority().cert)
        # Alone it counts together with the system's, which do not know it.
        works(nginx.tls, "--capath", folder)
        fails(nginx.tls, "--capath", temp_dir())


@test("33 expired, another name, another authority, self-signed: refused")
def _():
    ca = authority()
    other = Authority("Another authority")
    cases = (
        ca.issue("expired", "IP:127.0.0.1", expired=True),
        ca.issue("othername", "DNS:other.test"),
        ca.issue("noname"),
        other.issue("unknown", "IP:127.0.0.1"),
        ca.self_signed("self", "IP:127.0.0.1"),
    )
    for cert in cases:
        with Web(tls=cert.server()) as server:
            record = fails(server.url + "/ok", *trusting())
            matches("certificate|SSL|subject", record["error"]["message"])
            equal(server.requests, 0, "a request was sent")
            equal(server.connections, 1, "it was tried again")


@test("33 without --cacert only the system's authorities count")
def _():
    with Web(tls=good().server()) as server:
        fails(server.url + "/ok")
        equal((server.requests, server.connections), (0, 1))


@test("33 files that are not there, or are none, make no request")
def _():
    with Web(tls=good().server()) as server:
        for args in (["--cacert", "/nonexistent/ca"],
                     ["--cacert", temp_file(b"no certificate\n")],
                     ["--cacert", temp_file(b"")],
                     ["-E", "/nonexistent/cert"] + trusting(),
                     ["-E", temp_file(b"x")] + trusting(),
                     ["-E", good().cert, "--key", "/nonexistent/key"] +
                     trusting()):
            result = fetchpool(["-a", *args], input=server.url + "/ok")
            check(result.status == 2 or result.records[0]["error"]["kind"]
                  == "tls", "%r: %r" % (args, result))
            equal(server.requests, 0)


@test("33 a host that is denied its TLS is not asked without it")
def _():
    with Web(tls=authority().self_signed("self2", "IP:127.0.0.1").server()) \
            as server:
        result = fetchpool(["-a"] + trusting(), input="\n".join(
            [server.url + "/ok"] * 5))
        equal({r["error"]["kind"] for r in result.records}, {"tls"})
        equal((len(result.records), server.requests), (5, 0))


# ---- --insecure ----

@test("--insecure believes anything, and says so once")
def _():
    ca = authority()
    for cert in (ca.issue("expired2", "IP:127.0.0.1", expired=True),
                 ca.issue("othername2", "DNS:other.test"),
                 ca.self_signed("self3", "DNS:x")):
        with Web(tls=cert.server()) as server:
            result = fetchpool(["--insecure", "-j4"], input="\n".join(
                [server.url + "/ok"] * 10))
            equal((result.status, len(result.records)), (0, 10))
            lines = result.text.splitlines()
            equal(len(lines), 1, "warnings: %r" % lines)
            matches("insecure|verif|certificate", lines[0])


# ---- who we are ----

@test("-E, --key: a certificate of our own, where it is demanded")
def _():
    ca = authority()
    client = ca.issue("client", "DNS:client.test")
    both = temp_file(open(client.cert, "rb").read() +
                     open(client.key, "rb").read())
    stranger = Authority("The client's own").issue("stranger")
    with https(good(), "ssl_client_certificate %s; ssl_verify_client on;"
               % ca.cert) as nginx:
        url = nginx.tls + "/"
        for args in (["-E", client.cert, "--key", client.key],
                     ["--cert=" + both]):
            equal(works(url, *trusting(*args))["status"], 200)
        for args in [], ["-E", stranger.cert, "--key", stranger.key]:
            record, _ = fetch(url, *trusting(*args))
            equal((record["error"]["kind"], record["status"]), ("http", 400))
        fails(url, *trusting("-E", client.cert, "--key", stranger.key))
    with Web(tls=good().server(client_ca=ca.cert)) as server:
        works(server.url + "/ok", *trusting("-E", client.cert, "--key",
                                            client.key))
        record, _ = fetch(server.url + "/ok", *trusting())
        check(record["error"]["kind"] in ("tls", "network"), record)
        equal(server.requests, 1)


# ---- versions of HTTP ----

@test("--http2 over TLS, --http1.1, and what is spoken without either")
def _():
    with https(good()) as nginx:
        for args, version in ((["--http2"], "2"), (["--http1.1"], "1.1"),
                              (["--http2", "--http1.1"], "1.1")):
            record = works(nginx.tls + "/x", *trusting(
                *args, "--fields=http_version,body"))
            equal(record["http_version"], version, repr(args))
            matches("^HTTP/%s" % version, record["body"])
        record = works(nginx.tls + "/x", *trusting("--fields=http_version"))
        check(record["http_version"] in ("1.1", "2"), record)
    # Where it cannot be had, HTTP/1.1 will do.
    with Web(tls=good().server()) as server:
        equal(works(server.url + "/ok", *trusting(
            "--http2", "--fields=http_version"))["http_version"], "1.1")
        server.reset()
        plain = faults()
        equal(works(plain.url + "/ok", "--http2",
                    "--fields=http_version")["http_version"], "1.1")
        equal(plain.log[0].header("Upgrade"), None)


@test("--http2: many items, bodies and statuses on nginx")
def _():
    with https(good(), """
            location ~ 9$ { return 404; }""") as nginx:
        result = fetchpool(["--http2", "-j20", "-k", *trusting(
            "--fields=seq,status,http_version,body", "-a"),
            nginx.tls + "/n/{}"],
            input="".join("%d\n" % n for n in range(1, 501)))
        equal(len(result.records), 500)
        for record in result.records:
            equal((record["status"], record["http_version"]),
                  (404 if record["seq"] % 10 == 9 else 200, "2"),
                  repr(record))
            if record["status"] == 200:
                equal(record["body"], "HTTP/2.0 /n/%d" % record["seq"])


@test("a connection is kept: one handshake for many items")
def _():
    with Web(tls=good().server()) as server:
        result = fetchpool(trusting("-j1"), input="\n".join(
            [server.url + "/ok"] * 20))
        equal((result.status, server.connections), (0, 1))


def over(conn, request):
    conn.answer(b"TLS" if isinstance(conn.sock, ssl.SSLSocket) else b"TCP")


@test("http and https of one host and port have connections of their own")
def _():
    # libcurl does not keep them apart in all its versions.
    with Tinyproxy() as proxy, SocksServer() as socks, OnUnixSocket(
                tls=good().server(), plain_too=True) as server:
        secure = server.on("/over", over)
        plain = secure.replace("https:", "http:")
        down = server.url + to_path(plain, 307)
        up = plain.replace("/over", to_path(secure, 307))
        lines = [secure, plain, plain, secure, down, up, plain, secure, up]
        expected = ["TCP" if line in (plain, down) else "TLS"
                    for line in lines] * 4
        for ways in ([], ["-x", proxy.url],
                     ["-x", proxy.url, "--setopt", "HTTPPROXYTUNNEL=1"],
                     ["-x", socks.url], ["--unix-socket", server.path]):
            for more in ["-j1"], ["-j4"], ["-j1", "-d", "x"]:
                result = fetchpool(
                    [*trusting("-ak", "--retry=0", "--fields=body",
                               "--allow-downgrade"), *ways, *more], input="\n".join(lines * 4))
                equal([r["body"] for r in result.records], expected,
                      "%r %r" % (ways + more, result))


@test("a port of HTTP/2 is not asked for http over its TLS")
def _():
    with https(good()) as nginx:
        lines = "%s\n%s\n" % (nginx.tls, nginx.tls.replace("https:", "http:"))
        for more in "-j1", "-j8":
            result = fetchpool(trusting("-ak", "--http2", more), input=lines * 8)
            equal([r["status"] for r in result.records], [200, 400] * 8,
                  repr(result))


@test("a session is resumed by other transfers than the one it is of")
def _():
    # So many at once that each is on a handle of its own; the first one's
    # thread has several of them. By TLS 1.3 a session is used once, and the next
    # ones come with the answers: then it may be one alone, the first one's own.
    n, together = 32, threading.Barrier(32)
    resumed = []
    ok = (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
          b"ok")

    def answer(conn, request):
        together.wait(20)
        resumed.append(conn.sock.session_reused)
        conn.send(ok)

    for version, least in (ssl.TLSVersion.TLSv1_2, 2), (
            ssl.TLSVersion.TLSv1_3, 1):
        context = good().server()
        context.maximum_version = version
        resumed.clear()
        with Web(tls=context) as server:
            program = Program(trusting("-j%d" % n, "--fields=status"),
                              stdin="pipe")
            program.write(server.on("/first", lambda conn, request:
                                    conn.send(ok)) + "\n")
            program.lines(1)
            program.write((server.on("/all", answer) + "\n") * n)
            program.close_stdin()
            result = program.wait(60)
            equal((result.status, len(result.records)), (0, n + 1))
        check(sum(resumed) >= least, "%d of %d were resumed with %s" % (
            sum(resumed), n, version))


ONE_THREAD = 64  # jobs, at the most, that begin in one thread
FIRST = 8  # of its handshakes with a host begin at once
HOLD_US = 250000  # and the others as late as that


def spread_us(path):
    """From the first to the last request that was begun."""
    begun = [event["ts"] for event in strict_json(contents(path))["traceEvents"]
             if event["ph"] == "X" and event["cat"] == "request"]
    return max(begun) - min(begun)


@test("of many connections that begin together, most resume a session")
def _():
    n = ONE_THREAD
    more = "access_log %s reused; location /slow { echo_sleep 0.5; echo ok; }"
    log, trace = temp_file(b""), temp_dir() + "/trace.json"
    for protocol in "TLSv1.2", "TLSv1.3":
        with https(good(), "ssl_protocols %s; %s" % (protocol, more % log),
                   http="log_format reused '$ssl_protocol$ssl_session_reused';"
                   ) as nginx:
            if not nginx.has_echo:
                skip("nginx's echo module is not installed")
            for _ in range(10):
                open(log, "w").close()
                result = fetchpool(trusting(
                    "-j%d" % n, "--http1.1", "--trace", trace),
                    input=(nginx.tls + "/slow\n") * n)
                equal((result.status, len(result.records)), (0, n))
                until(lambda: len(contents(log).split()) == n, "the log")
                # They were not let go because the time was over.
                if spread_us(trace) < HOLD_US * 0.9:
                    break
            else:
                skip("this machine is too busy for a handshake in time")
            resumed = contents(log).split().count(b"%sr" % protocol.encode())
            # By TLS 1.3 a session is used up when the first handshake that
            # resumes it is done (RFC 8446, section C.4).
            least = n - FIRST if protocol == "TLSv1.2" else 1
            check(resumed >= least,
                  "%s: %d of %d were resumed" % (protocol, resumed, n))


@test("where the first handshakes hang, the others do not wait for them")
def _():
    n = 2 * ONE_THREAD
    with socket.create_server(("127.0.0.1", 0), backlog=n) as silent, \
            Web(tls=good().server()) as server:
        hung = "https://127.0.0.1:%d/" % silent.getsockname()[1]
        program = Program(trusting("-j%d" % (n + 8), "--connect-timeout=60s"),
                          stdin="pipe")
        program.write((hung + "\n") * n)
        # All of them come, though none is answered.
        silent.settimeout(60)
        conns = [silent.accept()[0] for _ in range(n)]
        # Nor does another host.
        program.write((server.url + "/ok\n") * 20)
        equal(len(program.lines(20)), 20)
        for conn in conns:
            conn.close()
        program.end()


# ---- what goes wrong ----

@test("34 a handshake that stalls counts as connecting")
def _():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        record = fails("https://127.0.0.1:%d/" % silent.getsockname()[1],
                       *trusting("--connect-timeout=500ms"), kind="timeout")
        check(0.49 <= record["fetch_time"] < 5, record)
        check(time.monotonic() - began < 8, "too late")


@test("34 one that stalls does not hold up the others")
def _():
    with socket.create_server(("127.0.0.1", 0)) as silent, \
            Web(tls=good().server()) as server:
        program = Program(trusting("-j2", "--connect-timeout=20s"), stdin="\n"
                          .join(["https://127.0.0.1:%d/" %
                                 silent.getsockname()[1]] +
                                [server.url + "/ok"] * 20))
        equal(len(program.lines(20)), 20)
        check(program.ended() is None, "ended")


@test("35 cut without close_notify, a body without length is no success")
def _():
    with Web(tls=good().server()) as server:
        def cut(conn, request):
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
                      b"half of it")
            # The socket below ends; TLS is not told.
            socket.socket.shutdown(conn.sock, socket.SHUT_WR)
            conn.until_gone()

        def whole(conn, request):
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
                      b"all of it")
            conn.sock.unwrap()
            conn.close()

        record, result = fetch(server.on("/cut", cut), *trusting())
        check(record.get("error"), "half a body is a success: %r" % record)
        check(record["error"]["kind"] in ("incomplete", "network"), record)
        record, _ = fetch(server.on("/whole", whole), *trusting())
        if not record.get("error"):
            equal(record["body"], "all of it")


@test("35 cut without close_notify, a body with a length is known to be cut")
def _():
    with Web(tls=good().server()) as server:
        def cut(data):
            def answer(conn, request):
                conn.send(data)
                socket.socket.shutdown(conn.sock, socket.SHUT_WR)
                conn.until_gone()
            return answer

        for data in HEAD % 100 + b"half", \
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" \
                b"5\r\nhello\r\n":
            record, _ = fetch(server.on("/cut", cut(data)), *trusting())
            check(record["error"]["kind"] in ("incomplete", "network"),
                  record)
        record = works(server.on("/whole", cut(HEAD % 2 + b"ok")),
                       *trusting())
        equal(record["body"], "ok")


@test("36 what is no TLS, within a body")
def _():
    with Web(tls=good().server()) as server:
        def garbage(conn, request):
            conn.send(HEAD % 100 + b"half")
            raw = socket.socket(fileno=os.dup(conn.sock.fileno()))
            with raw:
                raw.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
            conn.until_gone()

        record, _ = fetch(server.on("/garbage", garbage), *trusting())
        check(record["error"]["kind"] in ("network", "incomplete", "tls"),
              record)
        equal(record["status"], 200)


@test("37 HTTP on a port of TLS, and TLS on a port of HTTP")
def _():
    with https(good()) as nginx:
        record, _ = fetch("http://127.0.0.1:%d/" % nginx.tls_port)
        equal((record["error"]["kind"], record["status"]), ("http", 400))
    server = faults()

    def plain(listener):
        while True:
            try:
                sock = listener.accept()[0]
            except OSError:
                return
            sock.recv(1000)
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            sock.close()

    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=plain, args=(listener,), daemon=True).start()
    record = fails("https://127.0.0.1:%d/" % listener.getsockname()[1],
                   *trusting())
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    with Web(tls=good().server()) as server:
        record, _ = fetch(server.url.replace("https", "http") + "/ok")
        check(record["error"]["kind"] == "network", record)


@test("37 a reset within the handshake")
def _():
    def slam(listener):
        while True:
            try:
                sock = listener.accept()[0]
            except OSError:
                return
            sock.recv(1000)
            sock.close()

    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=slam, args=(listener,), daemon=True).start()
    record, _ = fetch("https://127.0.0.1:%d/" % listener.getsockname()[1],
                      *trusting())
    check(record["error"]["kind"] in ("tls", "network", "connect"), record)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


if __name__ == "__main__":
    main()
