#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
HTTP/3 (RFC 9114), with nginx where it has it: --http3 takes what the server
has, --http3-only nothing else. Where libcurl has no HTTP/3, that is said.
"""
import collections
import socket
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from arrivals import crowds, numbers
from authority import authority, good
from calm import test_in_time
from harness import Program, fetchpool, tool
from servers import Nginx, free_port
from tap import (check, contents, equal, main, matches, skip, temp_dir, test,
                 until)

FIELDS = "--fields=seq,input,status,http_version,body"
LOG = 'log_format at "$msec $request_method $remote_port $uri";'


def refusal():
    """What is said where libcurl cannot; else nothing."""
    result = fetchpool(["--http3", "https://127.0.0.1:1/{}"], input="")
    return result.text if result.status == 2 else ""


def needs(nginx=True):
    if refusal():
        skip("this libcurl has no HTTP/3")
    said = subprocess.run([tool("nginx"), "-V"], stderr=subprocess.PIPE,
                          text=True).stderr
    if nginx and "http_v3_module" not in said:
        skip("this nginx has no HTTP/3")


def secure(port, quic, tls, lines):
    cert = good()
    text = "ssl_certificate %s; ssl_certificate_key %s; " % (
        cert.cert, cert.key)
    if quic:
        text += "listen 127.0.0.1:%d quic; " % port
    if tls:
        text += "listen 127.0.0.1:%d ssl; http2 on; " % port
    return text + "access_log at.log at; " + lines


class Server(Nginx):
    """Over QUIC, over TCP with HTTP/2, or both, on one port."""

    def __init__(self, lines="location / { return 200 $uri; }", quic=True,
                 tls=True):
        needs()
        self.secure_port = free_port()
        super().__init__(secure(self.secure_port, quic, tls, lines), http=LOG)
        self.base = "https://127.0.0.1:%d" % self.secure_port

    def asked(self):
        """(time in ms, method, port of the client, path) of all so far."""
        lines = contents(self.dir + "/at.log").decode().splitlines()
        found = [line.split(" ") for line in lines]
        return [(int(float(at) * 1000 + .5), *rest) for at, *rest in found]

    def until_logged(self, n):
        until(lambda: len(self.asked()) >= n, "%d in nginx's log" % n)
        return self.asked()


def ask(*args):
    return ["-a", "-k", "--cacert", authority().cert, FIELDS, *args]


def versions(result):
    return collections.Counter(r["http_version"] for r in result.records)


@test("a libcurl without it: one clear sentence")
def _():
    if not refusal():
        skip("this libcurl has HTTP/3")
    for option in "--http3", "--http3-only":
        result = fetchpool([option, "https://127.0.0.1:1/{}"], input="1\n")
        equal((result.status, result.out), (2, b""), repr(result))
        equal(len(result.text.splitlines()), 1, result.text)
        matches(r"libcurl [0-9.]+ is built without HTTP/3", result.text)


@test("many requests on few connections, each with its own answer")
def _():
    for option in "--http3", "--http3-only":
        # With TCP beside it, either may win the race.
        with Server(tls=False) as server:
            result = fetchpool(ask(option, "-j", "16", server.base + "/x/{}"),
                               input=numbers(400))
            equal((result.status, result.text), (0, ""), repr(result))
            equal(versions(result), {"3": 400})
            equal([r["body"] for r in result.records],
                  ["/x/%d" % i for i in range(1, 401)])
            log = server.until_logged(400)
            equal(collections.Counter(path for _, _, _, path in log),
                  {"/x/%d" % i: 1 for i in range(1, 401)})
            n = len({port for _, _, port, _ in log})
            print("# %d connections" % n)
            check(n <= 32, "%d connections" % n)


@test("--http3 takes what the server has, --http3-only nothing else")
def _():
    with Server(quic=False) as server:
        result = fetchpool(ask("--http3", server.base + "/{}"),
                           input=numbers(20))
        equal((result.status, versions(result)), (0, {"2": 20}), repr(result))
        result = fetchpool(ask("--http3", server.url + "/{}"),
                           input=numbers(3))
        equal((result.status, versions(result)), (0, {"1.1": 3}), repr(result))
        for url in server.base, server.url:
            result = fetchpool(ask("--http3-only", "--retry=0", "-m", "10s",
                                   url + "/only/{}"), input=numbers(3))
            equal((result.status, versions(result)), (1, {None: 3}),
                  repr(result))
        check(all("only" not in path for _, _, _, path in server.asked()),
              "it was sent")


@test("a POST is on the wire once, whichever of the two connects first")
def _():
    body = ["-d", "x=1", "--retry=3", "-j", "8"]
    with Server() as server:
        for fresh in [], ["--fresh-connect"]:
            result = fetchpool(ask("--http3", *body, *fresh,
                                   server.base + "/%d/{}" % len(fresh)),
                               input=numbers(100))
            equal(result.status, 0, repr(result))
            # OpenSSL's QUIC is not used where there is a body.
            print("# %s" % dict(versions(result)))
        log = server.until_logged(200)
        equal(set(collections.Counter(path for _, _, _, path in log).values()),
              {1})
        equal(len(log), 200)


@test("a port for UDP that swallows all: the other one is taken, and one POST")
def _():
    with Server(quic=False) as server, socket.socket(
            socket.AF_INET, socket.SOCK_DGRAM) as hole:
        hole.bind(("127.0.0.1", server.secure_port))
        hole.settimeout(30)
        for method in "POST", "GET":
            result = fetchpool(ask("--http3", "-X", method,
                                   server.base + "/{}"), input=numbers(10))
            equal((result.status, versions(result)), (0, {"2": 10}),
                  repr(result))
        equal(len(server.until_logged(20)), 20)
        check(hole.recv(4096), "nothing came over UDP")


# nginx logs when it has answered, and not when a request came.
@test_in_time("rates hold: a start is counted when the request goes out")
def _():
    with Server(tls=False) as server:
        result = fetchpool(ask("--http3-only", "-r", "20/2500ms", "-j", "16",
                               server.base + "/{}"), input=numbers(50))
        equal((result.status, versions(result)), (0, {"3": 50}), repr(result))
        times = [at for at, _, _, _ in server.until_logged(50)]
        # Its clock has milliseconds, and may be one behind.
        equal(crowds(times, 20, 2498)[:3], [], "more than 20 in 2.5 s")


@test("redirects, statuses and attempts are as with other versions")
def _():
    lines = """
        location /to/ { return 302 /at$uri; }
        location /busy/ { add_header Retry-After 0 always; return 503; }
        location / { return 200 $uri; }"""
    with Server(lines, tls=False) as server:
        args = ask("--http3-only", "-L", "--retry=1", "--retry-delay=1ms",
                   server.base + "/{+}")
        result = fetchpool(args, input="to/1\nbusy/2\n3\n")
        equal([(r["status"], r["http_version"]) for r in result.records],
              [(200, "3"), (503, "3"), (200, "3")], repr(result))
        equal(result.records[0]["body"], "/at/to/1")
        equal(len(server.until_logged(5)), 5)


@test("a server that is killed and comes back: GET again, POST at most once")
def _():
    # That it was killed is known when nothing comes in time.
    with Server(tls=False) as server:
        get = Program(ask("--http3-only", "-m", "2s", "--retry=5",
                          "--retry-on", "timeout", "-j1",
                          server.base + "/{}"), stdin="pipe")
        post = Program(ask("--http3-only", "-m", "2s", "--retry=0", "-X",
                           "POST", "-j1", server.base + "/post/{}"),
                       stdin="pipe")
        for program in get, post:
            program.write(b"1\n")
            program.lines(1)
        server.proc.kill()
        server.proc.wait()
        server.start()
        for program in get, post:
            program.write(b"2\n3\n")
            program.close_stdin()
        result = get.wait(60)
        equal((result.status, versions(result)), (0, {"3": 3}), repr(result))
        # The one after it has another connection.
        result = post.wait(60)
        equal(result.records[2]["status"], 200, repr(result))
        counts = collections.Counter(path for _, _, _, path in server.asked())
        check(counts["/post/2"] <= 1, "%r" % counts)
        equal(counts["/post/3"], 1)


def half(listener):
    """A server behind the other one that sends half of what it announces."""
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        near.recv(4096)
        near.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n" +
                     b"x" * 20000)
        near.close()


@test("a body that is cut is no success")
def _():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=half, args=(listener,), daemon=True).start()
        lines = "location / { proxy_pass http://127.0.0.1:%d; }" % \
            listener.getsockname()[1]
        with Server(lines, tls=False) as server:
            result = fetchpool(ask("--http3-only", "--retry=0", "-m", "30s",
                                   server.base + "/{}"), input=numbers(5))
            equal((result.status, len(result.records)), (1, 5), repr(result))
            check(all(r["error"] and r["error"]["kind"] in
                      ("incomplete", "network") for r in result.records),
                  repr(result))
        listener.shutdown(socket.SHUT_RDWR)


@test("proxies: HTTP/3 does not go over them")
def _():
    needs(nginx=False)
    result = fetchpool(["--http3-only", "-x", "http://127.0.0.1:1",
                        "https://127.0.0.1:1/{}"], input="1\n")
    equal((result.status, result.out), (2, b""), repr(result))
    matches("--http3-only cannot be used with --proxy: HTTP/3 does not go "
            "over proxies", result.text)


@test("--trace shows the phases of a connection")
def _():
    with Server(tls=False) as server:
        path = temp_dir() + "/trace"
        result = fetchpool(ask("--http3-only", "--trace", path,
                               server.base + "/{}"), input=numbers(3))
        equal(result.status, 0, repr(result))
        text = contents(path).decode()
        # TLS is a part of the handshake of QUIC: libcurl may have one time for
        # both.
        check('"connect"' in text or '"TLS"' in text, text[:500])


if __name__ == "__main__":
    main()
