# SPDX-License-Identifier: MIT
"""
nginx: Debian's nginx on a free port of loopback, as one process that writes no
log, so that what it costs is small and always the same.

    /posts/N    200, a small JSON file, whatever N is
    /slow/N     200 after 100 ms (Debian's echo module)
    /half/N     200 after half a second (the same)
    /limited/N  50 a second, and some more at once; or else 429 and Retry-After

It is there on the first three addresses of loopback, as three hosts.
"""
import json
import os
import shutil
import signal
import socket
import tempfile
import time

import meter

ECHO_MODULE = "/usr/lib/nginx/modules/ngx_http_echo_module.so"
DELAY_S = 0.1
CONNECTIONS = 30000

CONFIG = """
{load_echo}
daemon off;
master_process off;
pid {dir}/pid;
error_log {dir}/error.log error;
events {{ worker_connections {connections}; }}
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
    server {{
        listen 127.0.0.1:{port} backlog=8192;
        listen 127.0.0.2:{port} backlog=8192;
        listen 127.0.0.3:{port} backlog=8192;
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
        location /slow/ { echo_sleep %g; echo '{"slow":true}'; }
        location /half/ { echo_sleep 0.5; echo '{"slow":true}'; }
""" % DELAY_S

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
    """.url is http://127.0.0.1:PORT, .version is "nginx/1.22.1"."""

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
        for _ in range(10):
            if self._start():
                return
        error = self._error()
        self.end()
        raise meter.Trouble("nginx does not start: " + error)

    def _start(self):
        port = free_port()
        load = "load_module %s;" % ECHO_MODULE if self.has_echo else ""
        with open(self.dir + "/conf", "w") as file:
            file.write(CONFIG.format(
                dir=self.dir, port=port, connections=CONNECTIONS,
                load_echo=load, slow=SLOW if self.has_echo else ""))
        with open(self.dir + "/error.log", "ab") as errors:
            self.child = meter.start(
                [self.program, "-p", self.dir, "-e", self.dir + "/error.log",
                 "-c", self.dir + "/conf"], stderr=errors, limit=1e9)
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

    def end(self):
        if self.child:
            self.child.end(signal.SIGTERM)
        shutil.rmtree(self.dir, ignore_errors=True)
