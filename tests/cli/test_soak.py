#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The short forms of what `make soak` does for longer: very many items, all
faults mixed, and nothing lost."""
import os
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from tap import SANITIZERS, TESTS, check, main, test

sys.path.insert(1, os.path.join(TESTS, "soak"))
from mixed import RUNS, MixedServer, Run
from parts import HEALTHY
from servers import Nginx
from stops import NUMBERS, Stops

N = 400 if SANITIZERS else 4000


@test("every item of many has one outcome, and it is its own")
def _():
    with MixedServer() as server, Nginx(HEALTHY) as nginx:
        for seed, options in enumerate(RUNS):
            Run(server, N, options, seed, nginx.url).judge(50)


@test("96 INT, TERM, HUP at any moment: whole lines, and nothing is lost")
def _():
    with MixedServer() as server:
        stops = Stops(server, 1000)
        hits = sum(stops.once(number, seed)
                   for number in NUMBERS for seed in range(20))
        check(hits, "all signals came too late")


if __name__ == "__main__":
    main()
