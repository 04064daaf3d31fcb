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
        "utc": (429, {"Retry-After": time.strftime(
            "%a, %d %b %Y %H:%M:%S UTC", time.gmtime(math.ceil(at)))}, ""),
        "none": (429, {}, ""),
        "500": (500, {}, '{"status":500,"error":"Internal Server Error"}'),
        "github": (403, dict(used, **{"X-RateLimit-Reset": math.ceil(at)}),
                   '{"message":"API rate limit exceeded"}'),
        "github2": (403, {"Retry-After": math.ceil(left)},
                    '{"message":"You have exceeded a secondary rate limit"}'),
        "github429": (429, dict(used, **{"X-RateLimit-Reset": math.ceil(at)}),
                      '{"message":"API rate limit exceeded"}'),
        "github-text": (403, {"X-RateLimit-Remaining": 4999,
                              "X-RateLimit-Reset": math.ceil(at) + 3000},
                        '{"message":"You have exceeded a secondary rate '
                        'limit. Please wait a few minutes before you try '
                        'again."}'),
        "shopify": (429, {"Retry-After": "%.1f" % (math.ceil(left * 10) / 10),
                          "X-Shopify-Shop-Api-Call-Limit": "40/40"}, ""),
        "reddit": (429, {"x-ratelimit-remaining": "0.0", "x-ratelimit-used":
                         N, "x-ratelimit-reset": math.ceil(left)}, ""),
        "zendesk": (429, {"X-Rate-Limit-Remaining": 0, "Retry-After":
                          math.ceil(left), "ratelimit-reset":
                          math.ceil(left)}, ""),
        "x": (429, {"x-rate-limit-limit": N, "x-rate-limit-remaining": 0,
                    "x-rate-limit-reset": math.ceil(at)}, ""),
        "epoch-ms": (429, dict(used, **{
            "X-RateLimit-Reset": int(at * 1000) + 1}), ""),
        "epoch-fraction": (429, dict(used, **{
            "X-RateLimit-Reset": "%.6f" % at}), ""),
        "cloudflare": (429, {"Retry-After": math.ceil(left), "Ratelimit":
                             '"default";r=0;t=%d' % math.ceil(left)},
                       "error code: 1015"),
        "anthropic": (429, {
            "anthropic-ratelimit-requests-remaining": 0,
            "anthropic-ratelimit-requests-reset":
                time.strftime("%Y-%m-%dT%H:%M:%SZ",
                              time.gmtime(math.ceil(at))),
            "anthropic-ratelimit-tokens-remaining": 9000,
            "anthropic-ratelimit-tokens-reset": "2099-01-01T00:00:00Z"},
            '{"type":"error","error":{"type":"rate_limit_error"}}'),
        "overloaded": (529, {}, '{"type":"error","error":{"type":'
                       '"overloaded_error","message":"Overloaded"}}'),
        "azure": (429, {"retry-after-ms": int(left * 1000) + 1,
                        "x-ms-retry-after-ms": int(left * 1000) + 1}, ""),
        "resource-graph": (429, {
            "x-ms-user-quota-remaining": 0, "x-ms-user-quota-resets-after":
                "00:00:%02d" % math.ceil(left)}, ""),
        "cost": (429, {
            "x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after":
                math.ceil(left)}, ""),
        "hubspot": (429, {
            "X-HubSpot-RateLimit-Interval-Milliseconds": int(PERIOD * 1000),
            "X-HubSpot-RateLimit-Remaining": 0},
            '{"policyName":"TEN_SECONDLY_ROLLING"}'),
        "trello": (429, {
            "x-rate-limit-api-token-interval-ms": int(PERIOD * 1000),
            "x-rate-limit-api-token-remaining": 0},
            '{"error":"API_TOKEN_LIMIT_EXCEEDED"}'),
        "docker": (429, {"ratelimit-remaining": "0;w=2", "X-Retry-After":
                         math.ceil(at)}, "toomanyrequests"),
        "fastly": (429, {"Fastly-RateLimit-Remaining": 0,
                         "Fastly-RateLimit-Reset": math.ceil(at)}, ""),
        "bucket4j": (429, {"X-Rate-Limit-Retry-After-Seconds":
                           math.ceil(left)}, ""),
        "symfony": (429, {"X-RateLimit-Remaining": 0,
                          "X-RateLimit-Retry-After": math.ceil(at)}, ""),
        "matrix": (429, {}, '{"errcode":"M_LIMIT_EXCEEDED",'
                   '"retry_after_ms":%d}' % (left * 1000 + 1)),
        "telegram": (429, {}, '{"ok":false,"error_code":429,"parameters":'
                     '{"retry_after":%d}}' % math.ceil(left)),
        "facebook": (400, {}, '{"error":{"message":"(#4) Application request '
                     'limit reached","code":4}}'),
        "mashery": (403, {"X-Mashery-Error-Code":
                          "ERR_403_DEVELOPER_OVER_QPS", "Retry-After":
                          math.ceil(left)}, "<h1>Developer Over Qps</h1>"),
        "salesforce": (403, {}, '[{"errorCode":"REQUEST_LIMIT_EXCEEDED"}]'),
        "binance": (418, {"Retry-After": math.ceil(left)},
                    '{"code":-1003}'),
        "urlscan": (429, {
            "X-Rate-Limit-Remaining": 0, "X-Rate-Limit-Reset":
                time.strftime("%Y-%m-%dT%H:%M:%S.000Z",
                              time.gmtime(math.ceil(at))),
            "X-Rate-Limit-Reset-After": math.ceil(left)}, ""),
        "linear": (400, {
            "X-RateLimit-Requests-Remaining": 0,
            "X-RateLimit-Requests-Reset": int(at * 1000) + 1},
            '{"errors":[{"extensions":{"code":"RATELIMITED"}}]}'),
        "stack-exchange": (400, {}, '{"error_id":502,"error_message":"too '
                           'many requests from this IP, more requests '
                           'available in %d seconds","error_name":'
                           '"throttle_violation"}' % math.ceil(left)),
        "osm": (509, {"Retry-After": math.ceil(left)},
                "You have downloaded too much data. Please try again in "
                "%d seconds." % math.ceil(left)),
        "monday": (429, {}, '{"errors":[{"extensions":{"retry_in_seconds":'
                   '%d}}]}' % math.ceil(left)),
        "apigee": (500, {}, '{"fault":{"detail":{"errorcode":'
                   '"policies.ratelimit.SpikeArrestViolation"}}}'),
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
