# SPDX-License-Identifier: MIT
"""
files: scenarios of bodies that are files: a large one up and down, and many of
them at once.
"""
import os
import shutil
import subprocess
import sys
import tempfile

import meter
import peers
from compare import Comparison, Table
from scenarios import scenario

# Takes whatever is sent to it, and tells its port first.
SINK = r"""
import re, socket, threading
def serve(sock):
    room, head = bytearray(1 << 20), b""
    while True:
        while b"\r\n\r\n" not in head:
            data = sock.recv(65536)
            if not data:
                return
            head += data
        head, _, rest = head.partition(b"\r\n\r\n")
        left = int(re.search(rb"(?i)content-length: (\d+)", head)[1]) - len(rest)
        while left > 0:
            n = sock.recv_into(room, min(left, len(room)))
            if n == 0:
                return
            left -= n
        head = b""
        sock.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
listener = socket.create_server(("127.0.0.1", 0), backlog=200)
print(listener.getsockname()[1], flush=True)
while True:
    sock, _ = listener.accept()
    threading.Thread(target=serve, args=(sock,), daemon=True).start()
"""


class Sink:
    def __enter__(self):
        self.child = subprocess.Popen([sys.executable, "-c", SINK],
                                      stdout=subprocess.PIPE)
        self.url = "http://127.0.0.1:%d/" % int(self.child.stdout.readline())
        return self

    def __exit__(self, *exception):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()


def write(path, size):
    """Really: what is read for the first time costs the first that reads."""
    with open(path, "wb") as file:
        for _ in range(0, size, 1 << 20):
            file.write(bytes(min(size, 1 << 20)))


def compare(bench, title, ours, curl, size):
    contenders = {"fetchpool": ours, "curl": curl}
    results = meter.interleave(contenders, bench.size(5, 1))
    these = Table(bench, "megabytes").fill(results, size / 1e6)
    these.table(title)
    these.target("CPU / curl's, " + title, "fetchpool", "curl", "cpu",
                 most=1.1)


@scenario
def files(bench):
    """A file of 1 GiB up, in a form, and down, and 64 at once."""
    size = bench.size(1 << 30, 64 << 20)
    folder = tempfile.mkdtemp(prefix="bench-files-", dir=bench.nginx.dir)
    down = os.path.join(folder, "down")
    program, curl = bench.contenders.program, peers.program("curl")
    write(folder + "/f", size)
    url = "%s/%s/" % (bench.nginx.host(0), os.path.basename(folder))
    path = bench.line(folder + "/f")
    with Sink() as sink:
        compare(bench, "a file, up", lambda: meter.run(
            [program, "-q", "-T", folder + "/f", "-m1h", sink.url + "{+}"],
            stdin=path), lambda: meter.run(
                [curl, "-s", "-T", folder + "/f", sink.url]), size)
        compare(bench, "a file in a form, up", lambda: meter.run(
            [program, "-q", "--upload-root", "/", "--expand-form", "f=@{{}}",
             "-m1h", sink.url], stdin=path), lambda: meter.run(
                 [curl, "-s", "-F", "f=@%s/f" % folder, sink.url]), size)
        compare(bench, "a file, down", lambda: meter.run(
            [program, "-q", "-D", down, "--overwrite", "--max-body=2G", "-m1h",
             url + "{+}"], stdin=bench.line("f")), lambda: meter.run(
                 [curl, "-s", "-o", folder + "/out", url + "f"]), size)
        many = bench.line("\n".join("g?%d" % n for n in range(64)))
        write(folder + "/g", size // 64)
        for name, args in (
                ("up", ["-T", folder + "/g", sink.url + "{+}"]),
                ("down", ["-D", down, "--overwrite", url + "{+}"])):
            run = meter.run([program, "-q", "-j64", "-m1h", *args], stdin=many)
            bench.figure("memory of 64 at once, " + name, run.peak / 1024,
                         "MiB", most=40)
    shutil.rmtree(folder)


def in_memory(bench, run):
    """Runs it with a new folder for its files, in memory where there is some."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else bench.folder
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        return run(folder)


@scenario
def folder(bench):
    """100,000 small bodies to files in memory, against aria2c and wget2"""
    them, n = bench.contenders, bench.size(100000, 5000)

    def ours(work):
        return in_memory(bench, lambda folder: meter.run(
            them.fetchpool_command(work, "-q", "-D", folder),
            stdin=them.numbers(work.n)))

    these = Comparison(bench, "/posts/", 16)
    these.add("fetchpool", ours, n)
    these.add_peer("aria2c", peers.aria2c, n // 5)
    these.add_peer("wget2", peers.wget2, n)
    these.measure(bench.size(3, 1)).table("small bodies to files at -j 16")
    these.target("CPU / aria2c's", "fetchpool", "aria2c", "cpu", most=0.5)
    these.target("CPU / wget2's", "fetchpool", "wget2", "cpu", most=0.7)
    these.target("wall / wget2's", "fetchpool", "wget2", "wall")
