# SPDX-License-Identifier: MIT
"""
packed: what becomes of bodies that a server sends in some coding.

    records = give([gzip.compress(TEXT)], headers=GZIP, framing=ALL)
"""
import zlib

from harness import fetchpool
from tap import equal
from webserver import web

ALL = "length", "chunked", "close"


def send(conn, data, head, framing):
    """An answer in one of these framings; chunks are of `framing` bytes, if it
    is a number."""
    if framing == "length":
        head += b"Content-Length: %d\r\n" % len(data)
    elif framing != "close":
        head += b"Transfer-Encoding: chunked\r\n"
        n = 7 if framing == "chunked" else framing
        data = b"".join(b"%x\r\n%s\r\n" % (len(data[i:i + n]), data[i:i + n])
                        for i in range(0, len(data), n)) + b"0\r\n\r\n"
    conn.send(b"HTTP/1.1 200 OK\r\n%s\r\n" % head + data)
    if framing == "close":
        conn.close()


def give(bodies, *args, headers, type=b"text/plain", framing="length", **more):
    """The records for a server that sends these, each in this framing, or in
    each of several."""
    server = web()
    sent = [(body, one) for body in bodies
            for one in ([framing] if isinstance(framing, (str, int))
                        else framing)]

    def answer(conn, request):
        data, one = sent[int(request.path[3:])]
        send(conn, data, b"Content-Type: %s\r\n%s" % (type, headers), one)

    server.on("/z/", answer)
    result = fetchpool(
        ["-a", "-k", "--retry=0", *args, server.url + "/z/{}"], timeout=60,
        input="".join("%d\n" % n for n in range(len(sent))), **more)
    equal(len(result.records), len(sent), repr(result))
    return result.records


def zeros(n):
    """So many MiB of zeros, deflated, for about 1 KiB each: each is packed as if
    nothing came before it, so one is enough, as often as wanted. Then there is
    an empty last block."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    one = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return one * n + b"\3\0"
