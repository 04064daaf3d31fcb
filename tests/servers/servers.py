# SPDX-License-Identifier: MIT
"""
servers: well-behaved servers for the tests of the command, as context
managers: DemoApi, the bundled API, and Nginx with lines of the test's own.
What a good server will not send comes from faultserver.

api() and faults() are one server each for a whole test file.
"""
import os
import signal
import socket
import subprocess
import sys
import tempfile

from faultserver import FaultServer
from harness import tool
from tap import (TESTS, Directory, Failed, at_end, check, contents, skip,
                 started, until)


class DemoApi:
    """The bundled demonstration API: .url is http://127.0.0.1:PORT."""

    def __enter__(self):
        self.proc = subprocess.Popen(
            [sys.executable, os.path.join(TESTS, "demo-api")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.url = self.proc.stdout.readline().decode().strip()
        check(self.url, "the demonstration API did not start")
        self.port = int(self.url.rpartition(":")[2])
        self.posts = self.url + "/posts/{}"
        return self

    def __exit__(self, *exc):
        self.proc.stdin.close()
        try:
            self.proc.wait(5)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        self.proc.stdout.close()


NGINX = """
{module}
daemon off;
master_process off;
pid {dir}/pid;
error_log {dir}/error.log warn;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    log_format main '$connection $connection_requests $status $request_uri';
    access_log {dir}/access.log main;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    default_type text/plain;
    keepalive_requests 100000;
    reset_timedout_connection on;
    root {dir};
    {http}
    server {{
        {listen}
        {snippets}
    }}
}}
"""


class Nginx:
    """nginx with these lines in its server block, on a free port; `http` are
    lines outside of it.

    .dir is its root; access_log() gives (connection, n-th request on it,
    status, path) for each request.
    """

    def __init__(self, snippets="", addresses=("127.0.0.1",), http=""):
        self.snippets, self.addresses = snippets, addresses
        self.http = http

    def __enter__(self):
        self.program = tool("nginx")
        self.directory = Directory(tempfile.mkdtemp(prefix="fetchpool-ngx-"))
        self.dir = self.directory.path
        for _ in range(20):
            if self._start():
                return self
        raise Failed("nginx does not start: " + self._errors())

    def _errors(self):
        try:
            return contents(self.dir + "/error.log").decode()[-800:]
        except OSError:
            return "no error.log"

    def stop(self, gently=False):
        """Ends it, with or without what is under way."""
        if gently:
            self.proc.send_signal(signal.SIGQUIT)
            self.proc.wait(15)
        self._stop()

    def start(self):
        """Again, on the same port."""
        check(self._start(self.port), "nginx does not start again")

    def _start(self, port=0):
        self.port = port or free_port()
        module = "/usr/lib/nginx/modules/ngx_http_echo_module.so"
        self.has_echo = os.path.exists(module)
        with open(self.dir + "/conf", "w") as file:
            file.write(NGINX.format(
                dir=self.dir, snippets=self.snippets, http=self.http,
                module="load_module %s;" % module if self.has_echo else "",
                listen="".join("listen %s%s;" % (
                    a, "" if a.startswith("unix:") else
                    ":%d backlog=4096" % self.port)
                    for a in self.addresses)))
        with open(self.dir + "/stderr", "wb") as errors:
            self.proc = subprocess.Popen(
                [self.program, "-p", self.dir, "-e", self.dir + "/error.log",
                 "-c", self.dir + "/conf"], stdin=subprocess.DEVNULL,
                stdout=errors, stderr=errors)
        self.url = "http://127.0.0.1:%d" % self.port
        try:
            until(self._accepts, "nginx to listen")
        except Failed:
            self._stop()
            return False
        return True

    def _accepts(self):
        if self.proc.poll() is not None:
            raise Failed("nginx ended")
        try:
            path = self.addresses[0].partition("unix:")[2]
            if path:  # it is there before anybody listens on it
                with socket.socket(socket.AF_UNIX) as conn:
                    conn.connect(path)
            else:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def _stop(self):
        if self.proc.poll() is None:
            self.proc.terminate()
            try:
                self.proc.wait(5)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()

    def access_log(self):
        entries = []
        for line in contents(self.dir + "/access.log").decode().splitlines():
            connection, nth, status, path = line.split(" ", 3)
            entries.append((int(connection), int(nth), int(status), path))
        return entries

    def __exit__(self, *exc):
        self._stop()
        self.directory.end()


class Hole:
    """A port that swallows what is sent to it: its queue is full, and nobody
    takes from it. On the port of another server, at an address of its own."""

    def __init__(self, address="127.0.0.1", port=0):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.socket(family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.url = "http://%s:%d/" % (address, self.port)
        self.fill = []
        started.append(self)
        for _ in range(8):
            sock = socket.socket(family)
            sock.setblocking(False)
            sock.connect_ex((address, self.port))
            self.fill.append(sock)
        probe = socket.socket(family)
        probe.settimeout(0.3)
        try:
            probe.connect((address, self.port))
            skip("no port can be made to swallow connections here")
        except TimeoutError:
            pass
        finally:
            probe.close()

    def end(self):
        for sock in self.fill + [self.listener]:
            sock.close()


_next_port = 20000 + os.getpid() * 37 % 12000


def free_port():
    """A port below the ephemeral ones on which nothing listens."""
    global _next_port
    while True:
        _next_port = 20000 + (_next_port - 20000 + 1) % 12000
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", _next_port))
            except OSError:
                continue
        return _next_port


_shared = {}


def shared(kind):
    """The one server of this kind for the whole file."""
    if kind not in _shared:
        _shared[kind] = kind().__enter__()
        at_end(lambda: _shared[kind].__exit__(None, None, None))
    return _shared[kind]


def api():
    return shared(DemoApi)


def faults():
    """The file's fault server, its log and counters empty."""
    server = shared(FaultServer)
    server.reset()
    return server
