# SPDX-License-Identifier: MIT
"""
pyasync: the same script with aiohttp: one session, so many connections, all
requests gathered.

    pyasync.py PREFIX N JOBS
"""
import asyncio
import json
import sys
import time

import aiohttp


async def fetch(session, number):
    began = time.monotonic()
    async with session.get(PREFIX + str(number)) as response:
        response.raise_for_status()
        body = await response.json()
        print(json.dumps({
            "id": number, "status": response.status,
            "fetch_time": time.monotonic() - began, "body": body}))


async def main():
    connector = aiohttp.TCPConnector(limit=JOBS)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(fetch(session, number)
                               for number in range(1, N + 1)))


PREFIX, N, JOBS = sys.argv[1], *map(int, sys.argv[2:4])
asyncio.run(main())
