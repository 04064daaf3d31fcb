# SPDX-License-Identifier: MIT
"""
pythreads: the script that people write: requests in a ThreadPoolExecutor.

    pythreads.py plain|session PREFIX N JOBS

prints one JSON record a line, as responses come. `plain` calls requests.get();
`session` keeps a Session for each thread, which keeps its connection.
"""
import concurrent.futures
import json
import sys
import threading
import time

import requests

local = threading.local()


def get(url):
    if HOW == "plain":
        return requests.get(url, timeout=60)
    if not hasattr(local, "session"):
        local.session = requests.Session()
    return local.session.get(url, timeout=60)


def fetch(number):
    began = time.monotonic()
    response = get(PREFIX + str(number))
    response.raise_for_status()
    return {"id": number, "status": response.status_code,
            "fetch_time": time.monotonic() - began, "body": response.json()}


HOW, PREFIX, N, JOBS = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5])
with concurrent.futures.ThreadPoolExecutor(max_workers=JOBS) as executor:
    futures = [executor.submit(fetch, number) for number in range(1, N + 1)]
    for future in concurrent.futures.as_completed(futures):
        print(json.dumps(future.result()))
