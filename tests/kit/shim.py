# SPDX-License-Identifier: MIT
"""
shim: a resolver of the test's own, put before libc's.

    env = resolver("a.test=127.0.0.1", "b.test=127.0.0.9,127.0.0.1")

Each rule is NAME=ANSWERS. ANSWERS are separated by "|", one for each look-up,
the last for all that follow; one is a list of addresses, or "!" (there is no
such name), "!again" (try again), or "~MS" (nothing for so many milliseconds,
then no such name). What is not named has the answer "!".

PUBLIC is an address that is no private one; a connection to it ends at
127.0.0.1, and whoever asks is told that it went to PUBLIC. lookups() gives
how many there were, and how many at once. threads=N: so many threads can be
started, and no more. honest=True: whoever asks is told of 127.0.0.1.

clock=FILE: the time of day is off by as many seconds as FILE says, at every
moment anew. speed=N: the time that only goes forward goes N times as fast, and
poll() waits an N-th as long, so that half a minute is soon over. looks=FILE:
each call of epoll_wait(), or of poll() for one descriptor, that does not wait
is a byte in FILE.
"""
import subprocess
import tempfile

from harness import tool
from tap import (SANITIZERS, Directory, at_end, check, contents, skip,
                 temp_dir)

PUBLIC = "93.184.216.34"

SOURCE = r"""
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PUBLIC "93.184.216.34"
#define FDS 65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct { char name[64]; int n; } asked[64];
static atomic_bool is_public[FDS];

/* How often this name was asked for, this time not counted. */
static int count(const char *name)
{
	int n = 0;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < 64; i++) {
		if (!asked[i].name[0])
			snprintf(asked[i].name, 64, "%s", name);
		if (strcmp(asked[i].name, name) == 0) {
			n = asked[i].n++;
			break;
		}
	}
	pthread_mutex_unlock(&lock);
	return n;
}

static void say(char what, const char *name)
{
	const char *path = getenv("SHIM_LOG");
	char line[300];
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	int len = snprintf(line, sizeof(line), "%c%s\n", what, name);
	if (fd >= 0 && write(fd, line, (size_t)len) < 0)
		abort();
	close(fd);
}

static int answer(const char *text, const char *service,
	const struct addrinfo *hints, struct addrinfo **res)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
		struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
	struct addrinfo wanted = {0}, **end = res;
	char copy[1000], *rest = copy, *one;
	int ret = EAI_NONAME;

	*res = NULL;
	if (text[0] == '~') {
		usleep((useconds_t)atoi(text + 1) * 1000);
		return EAI_NONAME;
	}
	if (text[0] == '!')
		return strcmp(text, "!again") == 0 ? EAI_AGAIN : EAI_NONAME;
	if (hints)
		wanted = *hints;
	wanted.ai_flags |= AI_NUMERICHOST;
	snprintf(copy, sizeof(copy), "%s", text);
	while ((one = strsep(&rest, ","))) {
		if (real(one, service, &wanted, end))
			continue;
		ret = 0;
		while (*end)
			end = &(*end)->ai_next;
	}
	return ret;
}

int getaddrinfo(const char *node, const char *service,
	const struct addrinfo *hints, struct addrinfo **res)
{
	char rules[4000], *rest = rules, *rule, key[80];
	unsigned char bytes[16];
	/* libcurl 8.20.0 and later ask for A and AAAA at once; older ones for
	 * both together. That is one look-up. */
	bool is_second = hints && hints->ai_family == AF_INET6;

	if (!node || inet_pton(AF_INET, node, bytes) == 1 ||
		inet_pton(AF_INET6, node, bytes) == 1)
		return answer(node ? node : "127.0.0.1", service, hints, res);
	if (!is_second)
		say('+', node);
	snprintf(key, sizeof(key), "%s%s", is_second ? "6:" : "", node);
	snprintf(rules, sizeof(rules), "%s", getenv("SHIM_HOSTS"));
	while ((rule = strsep(&rest, ";"))) {
		char *name = strsep(&rule, "=");
		size_t len = strlen(name);
		if (name[0] == '*' ? strlen(node) < len - 1 ||
			strcmp(node + strlen(node) - (len - 1), name + 1) != 0
			: strcmp(name, node) != 0)
			continue;
		int n = count(key);
		char *at = rule, *next;
		while (n-- > 0 && (next = strchr(at, '|')))
			at = next + 1;
		at[strcspn(at, "|")] = '\0';
		int ret = answer(at, service, hints, res);
		if (!is_second)
			say('-', node);
		return ret;
	}
	if (!is_second)
		say('-', node);
	return EAI_NONAME;
}

int connect(int fd, const struct sockaddr *to, socklen_t len)
{
	int (*real)(int, const struct sockaddr *, socklen_t) =
		dlsym(RTLD_NEXT, "connect");
	const struct sockaddr_in *in = (const void *)to;
	struct sockaddr_in other;

	if (to->sa_family != AF_INET ||
		in->sin_addr.s_addr != inet_addr(PUBLIC)) {
		if (fd < FDS)
			is_public[fd] = 0;
		return real(fd, to, len);
	}
	is_public[fd] = 1;
	other = *in;
	other.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return real(fd, (struct sockaddr *)&other, sizeof(other));
}

int getpeername(int fd, struct sockaddr *to, socklen_t *len)
{
	int (*real)(int, struct sockaddr *, socklen_t *) =
		dlsym(RTLD_NEXT, "getpeername");
	int ret = real(fd, to, len);

	if (ret == 0 && fd < FDS && is_public[fd] && !getenv("SHIM_HONEST"))
		((struct sockaddr_in *)(void *)to)->sin_addr.s_addr =
			inet_addr(PUBLIC);
	return ret;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
	void *(*run)(void *), void *arg)
{
	static atomic_int n;
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
		void *) = dlsym(RTLD_NEXT, "pthread_create");
	const char *most = getenv("SHIM_THREADS");

	if (most && n++ >= atoi(most))
		return EAGAIN;
	return real(thread, attr, run, arg);
}

/* How far the time of day is off. */
static long step(void)
{
	const char *path = getenv("SHIM_CLOCK");
	char text[32] = "";
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		abort();
	close(fd);
	return atol(text);
}

static int speed(void)
{
	const char *text = getenv("SHIM_SPEED");

	return text ? atoi(text) : 1;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int (*real)(clockid_t, struct timespec *) =
		dlsym(RTLD_NEXT, "clock_gettime");
	int ret = real(clock, now);

	if (ret == 0 && clock == CLOCK_REALTIME)
		now->tv_sec += step();
	if (ret == 0 && clock == CLOCK_MONOTONIC) {
		long long ns = (now->tv_sec * 1000000000LL + now->tv_nsec);
		ns *= speed();
		now->tv_sec = ns / 1000000000;
		now->tv_nsec = ns % 1000000000;
	}
	return ret;
}

static void count_look(void)
{
	const char *path = getenv("SHIM_LOOKS");
	int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
	if (fd >= 0 && write(fd, "?", 1) < 0)
		abort();
	if (fd >= 0)
		close(fd);
}

int poll(struct pollfd *fds, nfds_t n, int ms)
{
	if (n == 1 && ms == 0)
		count_look();
	int (*real)(struct pollfd *, nfds_t, int) = dlsym(RTLD_NEXT, "poll");

	return real(fds, n, ms > 0 ? (ms + speed() - 1) / speed() : ms);
}

int epoll_wait(int epoll, struct epoll_event *events, int n, int ms)
{
	int (*real)(int, struct epoll_event *, int, int) =
		dlsym(RTLD_NEXT, "epoll_wait");

	if (ms == 0)
		count_look();
	return real(epoll, events, n, ms);
}
"""

_built = []


def build():
    if SANITIZERS:
        skip("a sanitizer wants to be loaded first")
    if not _built:
        compiler = tool("cc")
        folder = lasting_dir()
        with open(folder + "/shim.c", "w") as file:
            file.write(SOURCE)
        done = subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-o", folder + "/shim.so",
             folder + "/shim.c", "-ldl", "-lpthread"],
            capture_output=True, timeout=60)
        check(done.returncode == 0, done.stderr.decode("utf-8", "replace"))
        _built.append(folder + "/shim.so")
    return _built[0]


def lasting_dir():
    path = tempfile.mkdtemp(prefix="fetchpool-shim-")
    at_end(Directory(path).end)
    return path


def resolver(*rules, threads=None, honest=False, clock=None, speed=None,
             looks=None):
    """The environment in which these rules hold."""
    env = {"LD_PRELOAD": build(), "SHIM_HOSTS": ";".join(rules),
           "SHIM_LOG": temp_dir() + "/log"}
    if threads is not None:
        env["SHIM_THREADS"] = str(threads)
    if clock is not None:
        env["SHIM_CLOCK"] = clock
    if speed is not None:
        env["SHIM_SPEED"] = str(speed)
    if looks is not None:
        env["SHIM_LOOKS"] = looks
    if honest:
        env["SHIM_HONEST"] = "1"
    return env


def lookups(env):
    """(all, the most at once) of the names that were asked for."""
    now = most = total = 0
    try:
        lines = contents(env["SHIM_LOG"]).splitlines()
    except OSError:
        return 0, 0
    for line in lines:
        now += 1 if line.startswith(b"+") else -1
        total += line.startswith(b"+")
        most = max(most, now)
    return total, most
