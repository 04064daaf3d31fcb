# SPDX-License-Identifier: MIT
"""
socksserver: a proxy that speaks SOCKS5 (RFC 1928, RFC 1929), as a context
manager.

    with SocksServer(replies=[4, 5]) as socks:
        fetchpool(["-x", socks.url]); socks.asked

`replies` are what it says to the first requests for a connection, in place of
making one; None: it closes the connection. login: (name, password) that it
wants. `asked` are the hosts and ports that it was asked for.
"""
import socket
import struct
import threading

from listener import Listener


class SocksServer(Listener):
    SCHEME = "socks5h"

    def __init__(self, replies=(), login=None):
        self.replies, self.login = list(replies), login
        self.asked, self.logins = [], []
        self.lock = threading.Lock()

    def talk(self, sock):
        try:
            self._answer(sock, sock.makefile("rb"))
        except (struct.error, IndexError):
            pass

    def _log_in(self, sock, file):
        methods = file.read(file.read(2)[1])
        if not self.login:
            sock.sendall(b"\5\0")
            return True
        if 2 not in methods:
            sock.sendall(b"\5\xff")
            return False
        sock.sendall(b"\5\2")
        name = file.read(file.read(2)[1])
        password = file.read(file.read(1)[0])
        login = name.decode(), password.decode()
        with self.lock:
            self.logins.append(login)
        sock.sendall(b"\1\0" if login == self.login else b"\1\1")
        return login == self.login

    def _answer(self, sock, file):
        if not self._log_in(sock, file):
            return
        kind = file.read(4)[3]
        if kind == 3:
            host = file.read(file.read(1)[0]).decode()
        else:
            family = socket.AF_INET if kind == 1 else socket.AF_INET6
            host = socket.inet_ntop(family, file.read(4 if kind == 1 else 16))
        port = struct.unpack(">H", file.read(2))[0]
        with self.lock:
            self.asked.append((host, port))
            reply = self.replies.pop(0) if self.replies else 0
        if reply is None:
            return
        if reply == 0:
            try:
                there = socket.create_connection((host, port), 10)
            except OSError:
                reply = 5
        sock.sendall(bytes([5, reply, 0, 1]) + bytes(6))
        if reply == 0:
            with there:
                self._pass_on(sock, there)

    def _pass_on(self, here, there):
        back = threading.Thread(target=copy, args=(there, here), daemon=True)
        back.start()
        copy(here, there)
        back.join(10)


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
