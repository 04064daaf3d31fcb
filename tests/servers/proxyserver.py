# SPDX-License-Identifier: MIT
"""
proxyserver: tinyproxy on a free port, as a context manager.

    with Tinyproxy() as proxy:
        fetchpool(["-x", proxy.url]); proxy.requests()

login: "USER PASSWORD" that it demands. requests() gives the request lines
that came to it.
"""
import os
import re
import socket
import subprocess
import tempfile

from harness import tool
from servers import free_port
from tap import Directory, Failed, contents, until

CONF = """
Port {port}
Listen 127.0.0.1
Timeout 20
LogFile "{dir}/log"
LogLevel Info
PidFile "{dir}/pid"
MaxClients 50
Allow 127.0.0.1
DisableViaHeader Yes
{more}
"""


class Tinyproxy:
    def __init__(self, more="", login=None):
        self.more = more + ("\nBasicAuth " + login if login else "")

    def __enter__(self):
        self.program = tool("tinyproxy")
        self.directory = Directory(tempfile.mkdtemp(prefix="fetchpool-px-"))
        self.dir = self.directory.path
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        with open(self.dir + "/conf", "w") as file:
            file.write(CONF.format(port=self.port, dir=self.dir,
                                   more=self.more))
        self.proc = subprocess.Popen(
            [self.program, "-d", "-c", self.dir + "/conf"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        until(self._accepts, "tinyproxy to listen")
        until(lambda: os.path.exists(self.dir + "/log"), "tinyproxy's log")
        return self

    def _accepts(self):
        if self.proc.poll() is not None:
            raise Failed("tinyproxy ended")
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def requests(self):
        text = contents(self.dir + "/log").decode("utf-8", "replace")
        return re.findall(r"Request \(file descriptor \d+\): (.*)", text)

    def __exit__(self, *exc):
        self.proc.terminate()
        try:
            self.proc.wait(5)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        self.directory.end()
