#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Where two meet: quart-rate-limiter 0.12.1 sends Retry-After twice on its 429,
# and requests 2.34.2 with urllib3 2.8.0, told to try again and to heed
# Retry-After, joins the two to "1, 1" and raises InvalidHeader: it neither
# tries again, nor is the 429 handed out. The same client without retries reads
# the 429.
#
# Guess: the client takes one of two equal values, or passes over the field as
# one that it cannot read, and waits as long as it chooses itself.
# Seen:  retry-after: ['1', '1']; InvalidHeader: Invalid Retry-After header

set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q quart==0.20.0 quart-rate-limiter==0.12.1 \
	requests==2.34.2 urllib3==2.8.0 ||
	{ echo "skipped: quart-rate-limiter 0.12.1 cannot be had"; exit 77; }

cat >"$dir/ask.py" <<'PY'
import datetime
import socket
import subprocess
import sys
import time

import requests
import urllib3


def serve(port):
    import quart
    import quart_rate_limiter as limiter
    app = quart.Quart("app")
    limiter.RateLimiter(app)

    @app.get("/")
    @limiter.rate_limit(1, datetime.timedelta(seconds=1))
    async def root():
        return "ok"
    app.run("127.0.0.1", port)


def wait_for(port):
    for _ in range(100):
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.2)
    sys.exit("the server does not listen")


def refused(url):
    session = requests.Session()
    session.trust_env = False
    for _ in range(5):
        answer = session.get(url)
        if answer.status_code == 429:
            return answer.raw.headers.getlist("retry-after")


def with_retries(url):
    session = requests.Session()
    session.trust_env = False
    again = urllib3.Retry(5, status_forcelist=[429], backoff_factor=0.1)
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=again))
    try:
        return [session.get(url).status_code for _ in range(5)]
    except Exception as error:
        return f"{type(error).__name__}: {error}"


if len(sys.argv) > 1:
    serve(int(sys.argv[1]))
    sys.exit()
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
server = subprocess.Popen([sys.executable, __file__, str(port)],
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)
try:
    wait_for(port)
    url = f"http://127.0.0.1:{port}/"
    fields = refused(url)
    outcome = with_retries(url)
finally:
    server.terminate()
    server.wait()
print("retry-after:", fields)
print("requests with urllib3's Retry:", outcome)
sys.exit(not (fields == ["1", "1"]
              and str(outcome).startswith("InvalidHeader")))
PY
"$dir/venv/bin/python" "$dir/ask.py"
