/* SPDX-License-Identifier: MIT */
/*
 * The calls that can be made to fail, but for those for memory: see torture.c.
 */
#define _GNU_SOURCE
#if __SIZEOF_LONG__ < 8 /* as configure has it */
#define _FILE_OFFSET_BITS 64
#endif
#include "real.h"
#include "torture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

void *
mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	REAL(mmap);
	return FAILS(MAP, "mmap") ? MAP_FAILED
				  : real(at, len, prot, flags, fd, offset);
}

/* A call that returns -1 when it fails. */
#define CALL(class, type, name, parameters, ...)                     \
	type name parameters                                         \
	{                                                            \
		REAL(name);                                          \
		return FAILS(class, #name) ? -1 : real(__VA_ARGS__); \
	}

/* A disk that gets full takes a part first, and fails the next call. */
ssize_t
write(int fd, const void *data, size_t n)
{
	static atomic_int full_fd = -1;
	int expected = fd;

	REAL(write);
	if (atomic_compare_exchange_strong(&full_fd, &expected, -1)) {
		errno = ENOSPC;
		return -1;
	}
	if (!FAILS(fd == STDERR_FILENO ? SPEAK : WRITE, "write"))
		return real(fd, data, n);
	if (torture_error() != ENOSPC || n < 2 || fd == STDERR_FILENO)
		return -1;
	atomic_store(&full_fd, fd);
	return real(fd, data, n / 2);
}

CALL(WRITE, ssize_t, writev, (int fd, const struct iovec *v, int n), fd, v, n)
CALL(WRITE, ssize_t, pwrite, (int fd, const void *data, size_t n, off_t at), fd,
	data, n, at)
CALL(READ, ssize_t, read, (int fd, void *data, size_t n), fd, data, n)
CALL(READ, ssize_t, pread, (int fd, void *data, size_t n, off_t at), fd, data,
	n, at)
CALL(SOCKET, int, socket, (int family, int type, int protocol), family, type,
	protocol)
CALL(CONNECT, int, connect, (int fd, const struct sockaddr *to, socklen_t n),
	fd, to, n)
CALL(TALK, ssize_t, send, (int fd, const void *data, size_t n, int flags), fd,
	data, n, flags)
CALL(TALK, ssize_t, recv, (int fd, void *data, size_t n, int flags), fd, data,
	n, flags)
CALL(TALK, int, getsockname,
	(int fd, struct sockaddr *restrict to, socklen_t *restrict n), fd, to,
	n)
CALL(TALK, int, getpeername,
	(int fd, struct sockaddr *restrict to, socklen_t *restrict n), fd, to,
	n)
CALL(SYNC, int, fsync, (int fd), fd)
CALL(SYNC, int, fdatasync, (int fd), fd)
CALL(SYNC, int, syncfs, (int fd), fd)
CALL(LINK, int, rename, (const char *a, const char *b), a, b)
CALL(LINK, int, renameat, (int a, const char *b, int c, const char *d), a, b, c,
	d)
CALL(LINK, int, renameat2,
	(int a, const char *b, int c, const char *d, unsigned flags), a, b, c,
	d, flags)
CALL(LINK, int, linkat, (int a, const char *b, int c, const char *d, int flags),
	a, b, c, d, flags)
CALL(LINK, int, link, (const char *a, const char *b), a, b)
CALL(LINK, int, unlink, (const char *path), path)
CALL(LINK, int, mkdir, (const char *path, mode_t mode), path, mode)
CALL(PIPE, int, pipe2, (int fds[2], int flags), fds, flags)
CALL(PIPE, int, pipe, (int fds[2]), fds)
CALL(PIPE, int, socketpair, (int family, int type, int protocol, int fds[2]),
	family, type, protocol, fds)
CALL(FILES, int, fstat, (int fd, struct stat *restrict st), fd, st)
CALL(FILES, int, fstatat,
	(int fd, const char *restrict path, struct stat *restrict st,
		int flags),
	fd, path, st, flags)
CALL(FILES, int, fchmod, (int fd, mode_t mode), fd, mode)
CALL(FILES, int, ftruncate, (int fd, off_t len), fd, len)
CALL(FILES, int, fallocate, (int fd, int mode, off_t at, off_t len), fd, mode,
	at, len)
CALL(FILES, off_t, lseek, (int fd, off_t at, int whence), fd, at, whence)
CALL(FILES, ssize_t, getrandom, (void *data, size_t n, unsigned flags), data, n,
	flags)
CALL(LOCK, int, flock, (int fd, int how), fd, how)
CALL(WAIT, int, poll, (struct pollfd * fds, nfds_t n, int timeout), fds, n,
	timeout)

int
open(const char *path, int flags, ...)
{
	WITH_MODE
	REAL(open);
	return FAILS(OPEN, "open") ? -1 : real(path, flags, mode);
}

int
openat(int at, const char *path, int flags, ...)
{
	WITH_MODE
	REAL(openat);
	return FAILS(OPEN, "openat") ? -1 : real(at, path, flags, mode);
}

extern int __open_2(const char *path, int flags);

int
__open_2(const char *path, int flags)
{
	REAL(__open_2);
	return FAILS(OPEN, "open") ? -1 : real(path, flags);
}

extern int __open64_2(const char *path, int flags);

int
__open64_2(const char *path, int flags)
{
	REAL(__open64_2);
	return FAILS(OPEN, "open") ? -1 : real(path, flags);
}

FILE *
fopen(const char *path, const char *mode)
{
	REAL(fopen);
	return FAILS(OPEN, "fopen") ? NULL : real(path, mode);
}

/* A lock that is not to be had shows as another one's; F_GETFL cannot fail for
 * a descriptor that is open. */
int
fcntl(int fd, int what, ...)
{
	va_list args;

	REAL(fcntl);
	va_start(args, what);
	void *arg = va_arg(args, void *);
	va_end(args);
	bool is_lock = what == F_OFD_SETLK || what == F_OFD_SETLKW ||
		       what == F_SETLK || what == F_SETLKW;
	if (is_lock && FAILS(LOCK, "fcntl"))
		return -1;
	return real(fd, what, arg);
}

/* The first threads, and a second stack for each. */
static struct early {
	void *(*run)(void *);
	void *arg;
	char space[1 << 15];
} early[32];

static void *
run_early(void *arg)
{
	struct early *self = arg;

	torture_spare_stack(self->space, sizeof(self->space));
	return self->run(self->arg);
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attr,
	void *(*run)(void *), void *arg)
{
	static atomic_uint n;

	REAL(pthread_create);
	if (FAILS(THREAD, "pthread_create"))
		return torture_error();
	unsigned i = n < sizeof(early) / sizeof(early[0]) ? n++ : UINT_MAX;
	if (i >= sizeof(early) / sizeof(early[0]))
		return real(thread, attr, run, arg);
	early[i].run = run;
	early[i].arg = arg;
	return real(thread, attr, run_early, &early[i]);
}

/* What is done once and fails may come to do itself: OpenSSL does when it finds
 * no memory as it begins. It would wait for itself for ever. */
int
pthread_once(pthread_once_t *control, void (*routine)(void))
{
	static _Thread_local pthread_once_t *within[32];
	static _Thread_local unsigned n;

	REAL(pthread_once);
	for (unsigned i = 0; i < n; i++) {
		if (within[i] == control)
			abort();
	}
	if (n == sizeof(within) / sizeof(within[0]))
		abort();
	within[n++] = control;
	int ret = real(control, routine);
	n--;
	return ret;
}

int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
	struct addrinfo **res)
{
	REAL(getaddrinfo);
	return FAILS(LOOKUP, "getaddrinfo") ? torture_error()
					    : real(node, service, hints, res);
}
