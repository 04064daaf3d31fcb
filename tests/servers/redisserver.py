# SPDX-License-Identifier: MIT
"""
redisserver: a real redis-server, or valkey-server, on a port of the kernel's
choice, and a client of a few lines that asks it things.

    with Redis() as redis:
        fetchpool(["-r", "50/s", "--rate-file", redis.url("key"), ...])
        redis.ask("FLUSHALL")
"""
import os
import shutil
import signal
import socket
import subprocess
import tempfile

from tap import PROGRAM, Directory, check, skip, started, until


def needed():
    """The server's program; skips the test if anything is missing."""
    for name in ("redis-server", "valkey-server"):
        path = shutil.which(name)
        if path:
            break
    else:
        skip("no redis-server or valkey-server here")
    said = subprocess.run([PROGRAM, "--version"], capture_output=True).stdout
    if b"hiredis/" not in said:
        skip("built without hiredis")
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Error(Exception):
    """What the server answered."""


def read_reply(file):
    line = file.readline()
    check(line.endswith(b"\r\n"), "the server is gone")
    kind, rest = line[:1], line[1:-2].decode()
    if kind == b"-":
        raise Error(rest)
    if kind == b"$":
        size = int(rest)
        return None if size < 0 else file.read(size + 2)[:-2].decode()
    if kind == b"*":
        return [read_reply(file) for _ in range(int(rest))]
    return int(rest) if kind == b":" else rest


class Redis:
    def __init__(self, *options, tls=None):
        self.program, self.options = needed(), list(options)
        self.tls = tls
        self.port = free_port()
        self.proc = None

    def __enter__(self):
        self.directory = Directory(tempfile.mkdtemp(prefix="fetchpool-redis-"))
        self.socket = self.directory.path + "/socket"
        started.append(self)
        self.run()
        return self

    def run(self):
        ports = ["--port", str(self.port)]
        if self.tls:
            ports = ["--port", "0", "--tls-port", str(self.port),
                     "--tls-auth-clients", "no", *self.tls]
        self.proc = subprocess.Popen(
            [self.program, "--bind", "127.0.0.1", *ports, "--save", "",
             "--unixsocket", self.socket, "--dir", self.directory.path,
             "--enable-debug-command", "yes", *self.options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        until(self.is_there, "a Redis server")

    def is_there(self):
        check(self.proc.poll() is None, "no server")
        try:
            self.ask("PING")
        except Error:
            return True
        except OSError:
            return False
        return True

    def ask(self, *words):
        with socket.socket(socket.AF_UNIX) as conn:
            conn.settimeout(60)
            conn.connect(self.socket)
            data = b"*%d\r\n" % len(words)
            for word in words:
                word = str(word).encode()
                data += b"$%d\r\n%s\r\n" % (len(word), word)
            conn.sendall(data)
            with conn.makefile("rb") as file:
                return read_reply(file)

    def url(self, key="rates", login=""):
        return "redis%s://%s127.0.0.1:%d?key=%s" % (
            "s" if self.tls else "", login, self.port, key)

    def count(self, *names):
        """How often these commands were called."""
        text = self.ask("INFO", "commandstats")
        return sum(int(line.split("calls=")[1].split(",")[0])
                   for line in text.split("\r\n") if line.startswith(
                       tuple("cmdstat_%s:" % name for name in names)))

    def stop(self):
        """It is gone, and all that it held."""
        self.proc.kill()
        self.proc.wait()

    def freeze(self):
        os.kill(self.proc.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.proc.pid, signal.SIGCONT)

    def end(self):
        if self.proc and self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()
        self.directory.end()

    def __exit__(self, *exc):
        self.end()
