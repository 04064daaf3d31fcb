# SPDX-License-Identifier: MIT
"""The same list with requests in 16 threads: peer.py NAME PORT ITEMS RATE.
NAME: "ratelimiter" (requests-ratelimiter, which is given the right rate) or
"urllib3" (its Retry, three times)."""
import concurrent.futures
import sys
import time

import requests
import requests.adapters
import urllib3.util

NAME, PORT, ITEMS, RATE = (sys.argv[1], int(sys.argv[2]), int(sys.argv[3]),
                           float(sys.argv[4]))


def session():
    if NAME == "ratelimiter":
        import requests_ratelimiter
        return requests_ratelimiter.LimiterSession(per_second=RATE)
    retry = urllib3.util.Retry(3, backoff_factor=0.5, status_forcelist=[
        429, 500, 502, 503, 504])
    one = requests.Session()
    one.mount("http://", requests.adapters.HTTPAdapter(
        pool_maxsize=16, max_retries=retry))
    return one


def fetch(item):
    try:
        return ONE.get("http://127.0.0.1:%d/x?%d" % (PORT, item)).ok
    except (requests.RequestException, urllib3.exceptions.HTTPError):
        return False


ONE = session()
begun = time.monotonic()
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    ok = sum(pool.map(fetch, range(1, ITEMS + 1)))
print("%s: %d of %d, %.0f s" % (NAME, ok, ITEMS, time.monotonic() - begun))
