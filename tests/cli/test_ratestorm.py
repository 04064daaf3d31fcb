#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A rate file under processes that are stopped, killed, and pause at random
before and after each look at the clock, write to the file and request."""
import os
import random
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from arrivals import Arrivals, crowds, numbers
from harness import Program, tool
from tap import SANITIZERS, equal, main, skip, temp_dir, test, until

MS = 10**6
ROUNDS = int(os.environ.get("FP_STORM_ROUNDS", "2"))

SOURCE = r"""
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void pause_once_in(unsigned n)
{
	static __thread uint64_t state;
	const char *seed = getenv("STORM_SEED");

	if (!state)
		state = (uint64_t)syscall(SYS_gettid) * 2654435761u +
			(uint64_t)atol(seed ? seed : "1");
	state = state * 6364136223846793005u + 1442695040888963407u;
	if ((state >> 33) % n == 0) {
		struct timespec t = {0, (long)((state >> 40) % 90) * 1000000};
		syscall(SYS_nanosleep, &t, NULL);
	}
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	int ret = (int)syscall(SYS_clock_gettime, id, now);

	pause_once_in(id == CLOCK_BOOTTIME ? 60 : 2000);
	return ret;
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
	pause_once_in(80);
	ssize_t ret = syscall(SYS_pwrite64, fd, data, n, at);
	pause_once_in(80);
	return ret;
}

ssize_t send(int fd, const void *data, size_t n, int flags)
{
	pause_once_in(50);
	ssize_t ret = syscall(SYS_sendto, fd, data, n, flags, NULL, 0);
	pause_once_in(50);
	return ret;
}
"""


def pauses():
    """A library that pauses, to be loaded before libc."""
    folder = temp_dir()
    with open(folder + "/storm.c", "w") as file:
        file.write(SOURCE)
    done = subprocess.run([tool("cc"), "-O2", "-shared", "-fPIC", "-o",
                           folder + "/storm.so", folder + "/storm.c"],
                          capture_output=True, text=True)
    equal(done.returncode, 0, done.stderr)
    return folder + "/storm.so"


def storm(chance, env, stops, kills=10):
    with Arrivals() as server:
        args = ["-j", "16", "-r", "20/150ms", "--rate-file",
                temp_dir() + "/rates", "--retry=3", "--retry-delay=1ms",
                server.url + "/drop9/{}"]
        running = []
        for _ in range(kills):
            while len(running) < 3:
                running.append(Program(args, stdin=numbers(1000), env=env))
            goal = server.n_requests + chance.randrange(1, 20)
            over = time.monotonic() + 1
            while server.n_requests < goal and time.monotonic() < over:
                time.sleep(0.002)
                if stops and chance.random() < 0.2:
                    one = chance.choice(running)
                    one.kill(signal.SIGSTOP)
                    # Long enough for others to take back what it holds, or not.
                    time.sleep(1.2 if chance.random() < 0.05
                               else chance.random() * 0.15)
                    one.kill(signal.SIGCONT)
            victim = running.pop(chance.randrange(3))
            victim.kill(signal.SIGKILL)
            victim.wait()
        for program in running:
            program.kill(signal.SIGKILL)
            program.wait()
        return server.times()


@test("pauses at random, SIGSTOP and SIGKILL: never too many")
def _():
    if SANITIZERS:
        skip("a library before libc cannot be used with sanitizers")
    library = pauses()
    for _ in range(ROUNDS):
        for stops in (False, True):
            seed = random.randrange(10**6)
            times = storm(random.Random(seed), {
                "LD_PRELOAD": library, "STORM_SEED": str(seed)}, stops)
            until(lambda: len(times) > 20, "seed %d: 20 requests" % seed)
            equal(crowds(times, 20, 150 * MS)[:30], [], "seed %d" % seed)


if __name__ == "__main__":
    main()
