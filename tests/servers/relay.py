# SPDX-License-Identifier: MIT
"""
relay: brings all that passes between a client and a server late.

    url, stop = relay(port, 0.025)

Each direction takes that many seconds, so that a round trip takes twice as
long. TCP ends here: neither side knows what the other's has received.
"""
import queue
import socket
import threading
import time


def start(function, *args):
    threading.Thread(target=function, args=args, daemon=True).start()


def _pump(source, sink, delay):
    waiting = queue.Queue()

    def read():
        data = True
        while data:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            waiting.put((time.monotonic() + delay, data))

    start(read)
    while True:
        due, data = waiting.get()
        time.sleep(max(0, due - time.monotonic()))
        try:
            if data:
                sink.sendall(data)
            else:
                sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        if not data:
            return


def relay(port, delay):
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)

    def accept():
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", port))
            except OSError:
                return
            for sock in near, far:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            start(_pump, near, far, delay)
            start(_pump, far, near, delay)

    start(accept)
    return "http://127.0.0.1:%d/" % listener.getsockname()[1], listener.close
