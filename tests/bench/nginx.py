# SPDX-License-Identifier: MIT
"""
nginx: Debian's nginx on a free port of loopback, as one process that writes no
log, so that what it costs is small and always the same.

    /posts/N     200, a small JSON file, whatever N is
    /brief/N     200 after 50 ms (Debian's echo module)
    /slow/N      200 after 100 ms (the same)
    /half/N      200 after half a second (the same)
    /pages/N     200 after 20 ms, with a Link to the page after it (?page=P), of
                 100 (the same)
    /limited/N   50 a second, and some more at once; or else 429 and Retry-After
    /large.json  a JSON document of 50 MB, once large() was called
    /status      how many requests there were

It is there on ADDRESSES of loopback, as so many hosts, and again on another
port over TLS, with HTTP/2 for those who ask for it. As one process it takes as
many connections as the run has descriptors.
"""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

import meter

ECHO_MODULE = "/usr/lib/nginx/modules/ngx_http_echo_module.so"
SYSTEM_AUTHORITIES = ("/etc/ssl/certs/ca-certificates.crt",
                      "/etc/pki/tls/certs/ca-bundle.crt")
CONNECTIONS = 18000
ADDRESSES = ["127.0.0.%d" % n for n in range(1, 17)]
LARGE_BYTES = 50 * 1000 * 1000

CONFIG = """
{load_echo}
daemon off;
master_process off;
pid {dir}/pid;
error_log {dir}/error.log error;
events {{ worker_connections {connections}; multi_accept on; }}
http {{
    access_log off;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    default_type application/json;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    open_file_cache max=100;
    root {dir};
    limit_req_zone $server_addr zone=limited:1m rate=50r/s;
    sendfile on;
    tcp_nopush on;
    {pages}
    server {{
        {listen}
        location = /status {{ stub_status; }}
        location /posts/ {{ try_files /post.json =404; }}
        location /limited/ {{
            limit_req zone=limited burst=50 nodelay;
            limit_req_status 429;
            add_header Retry-After 1 always;
            try_files /post.json =404;
        }}
        {slow}
    }}
}}
"""
SLOW = """
        location /brief/ { echo_sleep 0.05; echo '{"slow":true}'; }
        location /slow/ { echo_sleep 0.1; echo '{"slow":true}'; }
        location /half/ { echo_sleep 0.5; echo '{"slow":true}'; }
        location /pages/ {
            echo_sleep 0.02;
            add_header Link $next_page;
            echo '{"slow":true}';
        }
"""
PAGES = "map $arg_page $next_page { default ''; %s }" % " ".join(
    "%d '<?page=%d>; rel=\"next\"';" % (page, page + 1)
    for page in range(1, 100))
TLS = """
        ssl_certificate {dir}/cert.pem;
        ssl_certificate_key {dir}/key.pem;
"""

POST = {
    "userId": 1,
    "id": 1,
    "title": "A post of the size that such posts have, give or take a word",
    "body": "Three lines, that is to say, with two line breaks among them,\n"
            "some \"quoted\" words, a number such as 12, and nothing else\n"
            "that would be unlike what a public API of this kind returns.",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """.url is http://127.0.0.1:PORT, .cert the path of what to trust for
    TLS: the system's authorities and its own."""

    def __init__(self):
        path = meter.environment()["PATH"]
        self.program = shutil.which("nginx", path=path)
        if not self.program:
            raise meter.Absent("nginx is not installed")
        self.has_echo = os.path.exists(ECHO_MODULE)
        self.dir = tempfile.mkdtemp(prefix="fetchpool-bench-nginx-")
        with open(self.dir + "/post.json", "w") as file:
            json.dump(POST, file, indent=2)
        self.child = None
        self.cert = self._make_certificate()
        self._n_asked = 0
        for _ in range(10):
            if self._start():
                return
        error = self._error()
        self.end()
        raise meter.Trouble("nginx does not start: " + error)

    def _make_certificate(self):
        """None: openssl is not there, and there will be no TLS."""
        if not shutil.which("openssl"):
            return None
        names = ",".join("IP:" + address for address in ADDRESSES)
        made = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
             "/CN=bench", "-addext", "subjectAltName=" + names, "-keyout",
             self.dir + "/key.pem", "-out", self.dir + "/cert.pem"],
            capture_output=True, timeout=30)
        return self._join_system() if made.returncode == 0 else None

    def _join_system(self):
        """The path of a file with the system's authorities and ours, as a
        run of every day has to do with all of them."""
        path = self.dir + "/authorities.pem"
        with open(path, "wb") as file:
            for one in SYSTEM_AUTHORITIES + (self.dir + "/cert.pem",):
                if os.path.exists(one):
                    with open(one, "rb") as source:
                        file.write(source.read() + b"\n")
        return path

    def _config(self, port, tls_port):
        listen = ["listen %s:%d backlog=65535;" % (address, port)
                  for address in ADDRESSES]
        if self.cert:
            listen += ["listen %s:%d ssl http2 backlog=65535;" % (
                address, tls_port) for address in ADDRESSES]
            listen.append(TLS.format(dir=self.dir))
        return CONFIG.format(
            dir=self.dir, connections=CONNECTIONS, listen=" ".join(listen),
            load_echo="load_module %s;" % ECHO_MODULE if self.has_echo else "",
            slow=SLOW if self.has_echo else "",
            pages=PAGES if self.has_echo else "")

    def _start(self):
        port, tls_port = free_port(), free_port()
        with open(self.dir + "/conf", "w") as file:
            file.write(self._config(port, tls_port))
        with open(self.dir + "/error.log", "ab") as errors:
            self.child = meter.start(
                [self.program, "-p", self.dir, "-e", self.dir + "/error.log",
                 "-c", self.dir + "/conf"], stderr=errors, limit=1e9)
        self.port, self.tls_port = port, tls_port
        self.url = "http://127.0.0.1:%d" % port
        until = time.monotonic() + 10
        while time.monotonic() < until and not self.child.has_ended(0.02):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return True
            except OSError:
                pass
        self.child.end()
        return False

    def _error(self):
        with open(self.dir + "/error.log", errors="replace") as file:
            return file.read()[-500:].strip()

    def need_echo(self):
        if not self.has_echo:
            raise meter.Absent("nginx has no echo module"
                               " (Debian: libnginx-mod-http-echo)")

    def need_tls(self):
        if not self.cert:
            raise meter.Absent("no openssl to make a certificate with")

    def host(self, number, tls=False):
        """The URL of one of the addresses. Contenders that are given one each
        do not want for ports, which the connections of the one before hold
        for a minute after their end."""
        return "http%s://%s:%d" % (
            "s" if tls else "", ADDRESSES[number % len(ADDRESSES)],
            self.tls_port if tls else self.port)

    def requests(self):
        """How many there were, without those of this function."""
        self._n_asked += 1
        with urllib.request.urlopen(self.url + "/status", timeout=10) as said:
            numbers = re.search(rb"(\d+) (\d+) (\d+) *\n", said.read())
        return int(numbers.group(3)) - self._n_asked

    def large(self):
        """The URL of the large document. It is made when first needed:
        indented, as many APIs send it, with every kind of value in it."""
        path = self.dir + "/large.json"
        if not os.path.exists(path):
            each = {"id": 0, "name": "Some name or other", "tags": ["a", "b\n"],
                    "price": 12.5, "stock": {"here": 3, "there": None},
                    "sold": True, "text": POST["body"]}
            with open(path, "w") as file:
                file.write("[\n")
                while file.tell() < LARGE_BYTES:
                    file.write(json.dumps(each, indent=2) + ",\n")
                    each["id"] += 1
                file.write(json.dumps(each, indent=2) + "\n]\n")
        return self.url + "/large.json"

    def end(self):
        if self.child:
            self.child.end(signal.SIGTERM)
        shutil.rmtree(self.dir, ignore_errors=True)
