#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A fixed window of 5 requests in 2 s, that words its refusals as documented
by large APIs, or as limiters do: forms.py PORT FORM."""
import datetime
import email.utils
import http.server
import math
import sys
import threading
import time

N, PERIOD = 5, 2.0
PORT, FORM = int(sys.argv[1]), sys.argv[2]
lock = threading.Lock()
window = [0.0, 0]


def ask():
    """Seconds until the window ends; None: let through."""
    with lock:
        now = time.time()
        if now >= window[0] + PERIOD:
            window[:] = now, 0
        if window[1] < N:
            window[1] += 1
            return None
        return window[0] + PERIOD - now


def refusal(left):
    """(status, headers, body)"""
    at = time.time() + left
    used = {"X-RateLimit-Limit": N, "X-RateLimit-Remaining": 0}
    forms = {
        "up": (429, {"Retry-After": math.ceil(left)}, ""),
        "down": (429, {"Retry-After": int(left)}, ""),
        "zero": (429, {"Retry-After": 0}, ""),
        "fraction": (429, {"Retry-After": "%.3f" % left}, ""),
        "date": (429, {"Retry-After": email.utils.formatdate(
            math.ceil(at), usegmt=True)}, ""),
        "none": (429, {}, ""),
        "github": (403, dict(used, **{"X-RateLimit-Reset": math.ceil(at)}),
                   '{"message":"API rate limit exceeded"}'),
        "github2": (403, {"Retry-After": math.ceil(left)},
                    '{"message":"You have exceeded a secondary rate limit"}'),
        "openai": (429, {"x-ratelimit-remaining-requests": 0,
                         "x-ratelimit-reset-requests": "%.3fs" % left},
                   '{"error":{"message":"Rate limit reached. Please try '
                   'again in %.3fs."}}' % left),
        "google": (429, {}, '{"error":{"status":"RESOURCE_EXHAUSTED",'
                   '"details":[{"retryDelay":"%.3fs"}]}}' % left),
        "discord": (429, dict(used, **{
            "X-RateLimit-Reset-After": "%.3f" % left,
            "Retry-After": math.ceil(left)}),
            '{"retry_after":%.3f}' % left),
        "s3": (503, {}, "<Error><Code>SlowDown</Code></Error>"),
        "aws": (400, {"x-amzn-ErrorType": "ThrottlingException"},
                '{"__type":"ThrottlingException"}'),
        "draft6": (429, {"RateLimit-Remaining": 0,
                         "RateLimit-Reset": math.ceil(left)}, ""),
        "draft7": (429, {"RateLimit": "limit=5, remaining=0, reset=%d" %
                         math.ceil(left)}, ""),
        "draft8": (429, {"RateLimit": '"default";r=0;t=%d' %
                         math.ceil(left)}, ""),
        "reset": (429, dict(used, **{
            "X-RateLimit-Reset": datetime.datetime.fromtimestamp(
                at, datetime.timezone.utc).isoformat()}), ""),
    }
    return forms[FORM]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        left = ask()
        status, headers, body = (200, {}, "ok") if left is None \
            else refusal(left)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


Server(("127.0.0.1", PORT), Handler).serve_forever()
