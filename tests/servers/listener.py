# SPDX-License-Identifier: MIT
"""
listener: accepts connections at a port of 127.0.0.1, each on a thread of its
own, for servers that speak a protocol by themselves.

    class Echo(Listener):
        SCHEME = "tcp"

        def talk(self, sock):
            sock.sendall(sock.recv(100))

    with Echo() as server:
        server.url, server.port

The socket is closed after talk(), in which a connection may break.
"""
import socket
import ssl
import threading


class Listener:
    SCHEME = "http"

    def begin(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.url = "%s://127.0.0.1:%d" % (self.SCHEME, self.port)
        threading.Thread(target=self._accept, daemon=True).start()

    def end(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def __enter__(self):
        self.begin()
        return self

    def __exit__(self, *exc):
        self.end()

    def talk(self, sock):
        raise NotImplementedError

    def _accept(self):
        while True:
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._talk, args=(sock,),
                             daemon=True).start()

    def _talk(self, sock):
        with sock:
            try:
                self.talk(sock)
            except (OSError, EOFError, ssl.SSLError):
                pass
