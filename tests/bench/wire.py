# SPDX-License-Identifier: MIT
"""
wire: what a program sends.

    head_of(command)    the head of its one request, as bytes, without the
                        port; the command is made for a server's URL
    added_lines(head)   its lines that libcurl would not send by itself
"""
import select
import socket

import meter

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
SECONDS = 10


def head_of(command, stdin=None):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with open(stdin or "/dev/null", "rb") as file:
            child = meter.start(
                command("http://127.0.0.1:%d" % port), stdin=file,
                limit=SECONDS)
        if not select.select([server], [], [], SECONDS)[0]:
            child.end()
            raise meter.Trouble(child.name + " sent nothing")
        with server.accept()[0] as connection:
            connection.settimeout(SECONDS)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                more = connection.recv(65536)
                if not more:
                    raise meter.Trouble(child.name + " sent half a request")
                head += more
            connection.sendall(ANSWER)
            child.wait()
    if child.status:
        raise meter.Trouble("%s ended with status %d" % (
            child.name, child.status))
    # The port is another each time.
    return head.replace(b":%d\r\n" % port, b"\r\n")


def added_lines(head):
    lines = head.decode("latin-1").split("\r\n")[1:-2]
    return [line for line in lines
            if line.partition(":")[0] not in ("Host", "Accept")]
