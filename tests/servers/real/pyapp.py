# SPDX-License-Identifier: MIT
"""The application of the servers that are written in Python: ASGI and WSGI. It
notes each request, and answers "ok"."""
import os

LOG = os.open(os.environ["LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def note(path):
    os.write(LOG, path.encode() + b"\n")


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    note(scope["path"])
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def wsgi(environ, start_response):
    environ["wsgi.input"].read()
    note(environ["PATH_INFO"])
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
