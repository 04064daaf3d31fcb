# SPDX-License-Identifier: MIT
"""
pyredis: requests-ratelimiter with a bucket in Redis, as one of several
processes: RATE a second of those that share the bucket, N requests of its own.

    python3 pyredis.py REDIS_URL RATE N URL
"""
import sys

import redis
from pyrate_limiter import Duration, Limiter, Rate, RedisBucket
from requests_ratelimiter import LimiterSession

where, rate, n, url = sys.argv[1:]
bucket = RedisBucket.init([Rate(int(rate), Duration.SECOND)],
                          redis.Redis.from_url(where), "bucket")
session = LimiterSession(limiter=Limiter(bucket), per_host=False)
for i in range(int(n)):
    session.get("%s/%d" % (url, i)).raise_for_status()
