#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which certificate authorities are trusted, and when they are read."""
import contextlib
import os
import shlex
import socket
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from authority import Authority, authority, good
from harness import Program, fetchpool, tool
from libcurl import does
from tap import PROGRAM, check, contents, equal, main, matches, skip, \
    temp_dir, temp_file, test
from webserver import Web

SYSTEM = "/etc/ssl/certs"


def other():
    """Another authority, which has issued nothing."""
    if not _others:
        _others.append(Authority("Another authority"))
    return _others[0]


_others = []


def hashed(*authorities):
    """A folder as openssl-rehash(1) prepares one."""
    folder = temp_dir()
    for ca in authorities:
        name = ca.run("x509", "-hash", "-noout", "-in", ca.cert).strip()
        os.symlink(ca.cert, "%s/%s.0" % (folder, name))
    return folder


def fetch(url, *args, **more):
    result = fetchpool(["-a", "--retry=0", *args], input=url, **more)
    equal(len(result.records), 1, repr(result))
    return result.records[0]


def trusted(url, *args, **more):
    record = fetch(url, *args, **more)
    equal(record["error"], None)


def refused(url, *args, **more):
    record = fetch(url, *args, **more)
    equal((record["error"] or {}).get("kind"), "tls", repr(record))
    return record["error"]["message"]


# ---- what the environment names ----

@test("SSL_CERT_FILE, SSL_CERT_DIR, CURL_CA_BUNDLE: as for curl")
def _():
    ca, wrong = authority().cert, other().cert
    folder, empty = hashed(authority()), temp_dir()
    with Web(tls=good().server()) as server:
        url = server.url + "/ok"
        for env in ({"SSL_CERT_FILE": ca}, {"SSL_CERT_DIR": folder},
                    {"CURL_CA_BUNDLE": ca},
                    {"SSL_CERT_DIR": empty, "SSL_CERT_FILE": ca},
                    {"SSL_CERT_DIR": folder, "SSL_CERT_FILE": wrong},
                    {"CURL_CA_BUNDLE": ca, "SSL_CERT_FILE": wrong},
                    {"CURL_CA_BUNDLE": "", "SSL_CERT_FILE": ca}):
            trusted(url, env=env)
        for env in ({}, {"SSL_CERT_FILE": wrong}, {"SSL_CERT_DIR": empty},
                    {"CURL_CA_BUNDLE": wrong, "SSL_CERT_FILE": ca},
                    {"CURL_CA_BUNDLE": wrong, "SSL_CERT_DIR": folder},
                    {"SSL_CERT_FILE": ""}):
            refused(url, env=env)


@test("an option goes before the environment, --insecure before both")
def _():
    env = {"SSL_CERT_FILE": authority().cert}
    with Web(tls=good().server()) as server:
        url = server.url + "/ok"
        for args in (["--cacert", other().cert], ["--capath", temp_dir()],
                     ["--setopt", "curlopt_cainfo=" + other().cert]):
            refused(url, *args, env=env)
        trusted(url, "--insecure", env={"SSL_CERT_FILE": "/nonexistent"})


@test("a file that cannot be read is named, and hurts nobody without TLS")
def _():
    env = {"SSL_CERT_FILE": "/nonexistent/ca"}
    with Web(tls=good().server()) as server, Web() as plain:
        message = refused(server.url + "/ok", env=env)
        matches("/nonexistent/ca", message)
        equal(server.requests, 0)
        trusted(plain.url + "/ok", env=env)


# ---- file and folder ----

@test("a file and a folder: both count, and so does what is in one only")
def _():
    folder, empty = hashed(authority()), temp_dir()
    with Web(tls=good().server()) as server:
        url = server.url + "/ok"
        for ca, path, ok in ((authority().cert, empty, True),
                             (other().cert, folder, True),
                             (other().cert, empty, False),
                             (authority().cert, folder, True)):
            (trusted if ok else refused)(url, "--cacert", ca, "--capath",
                                         path)


def fifo(data):
    """A file that can be read once."""
    path = temp_dir() + "/fifo"
    os.mkfifo(path)

    def write():
        with open(path, "wb") as file:
            file.write(data)

    threading.Thread(target=write, daemon=True).start()
    return path


def pem(ca, *args):
    return ca.run("x509", "-in", ca.cert, *args).encode()


def again(ca, name):
    """Its certificate, by another name."""
    path = ca.dir + "/again.pem"
    ca.run("req", "-x509", "-key", ca.key, "-config", ca.config(name),
           "-extensions", "root", "-days", "30", "-out", path)
    return contents(path)


@test("a file with many certificates, among other things")
def _():
    ca = authority()
    ours, theirs = contents(ca.cert), contents(other().cert)
    same_name = contents(Authority().cert)
    crl = ca.dir + "/crl.pem"
    ca.run("ca", "-gencrl", "-config", ca.config("x"), "-keyfile", ca.key,
           "-cert", ca.cert, "-crldays", "30", "-out", crl)
    broken = ours.replace(b"CERTIFICATE-----\nM", b"CERTIFICATE-----\n!")
    alone = ca.self_signed("alone", "IP:127.0.0.1")
    with Web(tls=good().server()) as server:
        url = server.url + "/ok"
        for data in (
                theirs + ours, ours + theirs, ours * 3,
                same_name + theirs + ours, ours + same_name * 2,
                b"words\n\n" + theirs + b"more words:\n" + ours + b"the end",
                (theirs + ours).replace(b"\n", b"\r\n"), (theirs + ours)[:-1],
                pem(ca, "-text"), pem(ca, "-trustout"),
                theirs + contents(crl) + ours, contents(ca.key) + ours,
                again(ca, "THE TESTS'  authority"),
                b"\xef\xbb\xbf" + ours + theirs,
                contents(good().cert)):
            trusted(url, "--cacert", temp_file(data))
        trusted(url, "--cacert", fifo(theirs + ours))
        for data in (theirs, theirs + same_name, again(ca, "Another name"),
                     pem(ca, "-addreject", "serverAuth")):
            refused(url, "--cacert", temp_file(data))
        for data in (b"", b"words\n", broken, theirs + broken,
                     theirs + ours[:-40], b"\0\n" + ours,
                     ours[:-1] + b" junk\n" + theirs):
            path = temp_file(data)
            matches(path, refused(url, "--cacert", path))
    with Web(tls=alone.server()) as server:
        trusted(server.url + "/ok", "--cacert", alone.cert)
        refused(server.url + "/ok", "--cacert", ca.cert)


@test("the system's folder and file: what one of them lacks, the other has")
def _():
    unshare = tool("unshare")
    both = hashed(authority())
    # Another file of that folder's, which has only the other authority.
    places = {"folder": both, "file": temp_dir(), "neither": temp_dir()}
    for name, ca in (("folder", other()), ("file", authority()),
                     ("neither", other())):
        with open(places[name] + "/ca-certificates.crt", "wb") as file:
            file.write(contents(ca.cert))
    with Web(tls=good().server()) as server:
        url = server.url + "/ok"
        if "unable" not in refused(url) and "self" not in refused(url):
            skip("libcurl has its authorities elsewhere")
        for name, ok in (("folder", True), ("file", True),
                         ("neither", False)):
            command = "mount --bind %s %s && exec %s -a --retry 0" % (
                places[name], SYSTEM, shlex.quote(PROGRAM))
            done = subprocess.run(
                [unshare, "-m", "-r", "sh", "-c", command], input=(
                    (url + "\n") * 3).encode(), capture_output=True,
                timeout=30)
            if b"unshare" in done.stderr or b"mount" in done.stderr:
                skip("no mount of our own: %r" % done.stderr)
            equal((done.returncode, done.stdout.count(b'"status":200')),
                  (0, 3) if ok else (1, 0), "%s: %r" % (name, done))


# ---- when ----

def fetch_without_file(*args):
    """Fetches once with the file there, and 200 times without; each on a
    connection of its own."""
    ca = temp_file(contents(authority().cert), name="ca.pem")
    with Web(tls=good().server()) as server:
        program = Program(["-j100", "--fields=status", "--retry=0", "--cacert",
                           ca, "--setopt", "FORBID_REUSE=1", *args],
                          stdin="pipe")
        program.write(server.url + "/ok\n")
        equal(program.lines(1), [{"status": 200}])
        os.unlink(ca)
        program.write((server.url + "/ok\n") * 200)
        program.close_stdin()
        result = program.wait(60)
        equal((result.status, server.connections), (0, 201), repr(result))


@test("authorities are read once for all connections")
def _():
    fetch_without_file()
    fetch_without_file("--capath", hashed(other()))


# ---- a proxy's ----

def pump(source, sink):
    with contextlib.suppress(OSError):
        for data in iter(lambda: source.recv(65536), b""):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def tunnel(context, sock):
    with contextlib.suppress(OSError), \
            context.wrap_socket(sock, server_side=True) as client:
        head = b""
        while b"\r\n\r\n" not in head:
            data = client.recv(65536)
            if not data:
                return
            head += data
        host, _, port = head.split()[1].decode().rpartition(":")
        with socket.create_connection((host, int(port))) as server:
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            client.setblocking(True)
            relay(client, server)


def relay(client, server):
    """One TLS object is not for two threads: in turns, as bytes come."""
    import selectors
    with selectors.DefaultSelector() as ready:
        ready.register(client, selectors.EVENT_READ, server)
        ready.register(server, selectors.EVENT_READ, client)
        while True:
            for key, _ in ready.select(20):
                data = key.fileobj.recv(65536)
                while key.fileobj is client and client.pending():
                    data += client.recv(65536)
                if not data:
                    return
                key.data.sendall(data)


@contextlib.contextmanager
def https_proxy(cert):
    """The URL of a proxy that is spoken to in TLS."""
    context = cert.server()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                sock = listener.accept()[0]
                threading.Thread(target=tunnel, args=(context, sock),
                                 daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield "https://127.0.0.1:%d" % listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@test("a connection to an HTTPS proxy is kept for http")
def _():
    with Web(tls=good().server()) as proxy:
        result = fetchpool(["-aj1", "-x", proxy.url, "--setopt",
                            "PROXY_CAINFO=" + authority().cert,
                            "--fields=status"],
                           input="http://far.test/a\n" * 5)
        equal([r["status"] for r in result.records], [404] * 5, repr(result))
        equal(proxy.connections, 5 if does("HTTPS proxy not kept") else 1)


@test("an HTTPS proxy has authorities of its own, and a server others")
def _():
    second = other()
    cert = second.issue("proxy", "IP:127.0.0.1")
    ours, its = authority().cert, second.cert
    with Web(tls=good().server()) as server, https_proxy(cert) as proxy:
        url = server.url + "/ok"

        def through(*args, n=1):
            result = fetchpool(["-a", "-j4", "--retry=0", "-x", proxy, *args,
                                "--setopt", "FORBID_REUSE=1"],
                               input=(url + "\n") * n)
            return {(r["error"] or {}).get("kind") for r in result.records}

        equal(through("--cacert", ours, "--setopt", "PROXY_CAINFO=" + its,
                      n=12), {None})
        equal(through("--cacert", its, "--setopt", "PROXY_CAINFO=" + ours,
                      n=4), {"tls"})
        equal(through("--cacert", ours, "--setopt", "PROXY_CAINFO=" + ours,
                      n=4), {"tls"})
        equal(through("--cacert", its, "--setopt", "PROXY_CAINFO=" + its,
                      n=4), {"tls"})
        # The server's folder is the proxy's too, unless it has one.
        equal(through("--capath", hashed(authority(), second), n=4), {None})
        equal(through("--capath", hashed(authority(), second), "--setopt",
                      "PROXY_CAPATH=" + temp_dir()), {"tls"})
        # What is believed of servers is not believed of proxies.
        equal(through("--insecure"), {"tls"})
        equal(through("--insecure", "--setopt", "PROXY_CAINFO=" + its),
              {None})
        equal(through("--insecure", "--setopt", "PROXY_SSL_VERIFYPEER=0"),
              {None})


if __name__ == "__main__":
    main()
