/* SPDX-License-Identifier: MIT */
/*
 * Those that wait look again every so often whether they still may: threads
 * that have all signals blocked wait here too.
 */
#include "base.h"

#include "patience.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS 50

/* How long a reader may take nothing when its time is up. */
#define IDLE_NS (FP_NS_PER_S)

/* The same when another reader has used up that time: several that do not read
 * are not waited for one after another. */
#define SHORT_IDLE_NS (FP_NS_PER_S / 4)

static atomic_int_fast64_t limit_ns = INT64_MAX;
static atomic_bool is_over;
static int64_t read_end_ns = INT64_MAX; /* before there are threads */
static atomic_bool is_short; /* a wait has been in vain */

void
fp_patience_limit(int64_t end_ns)
{
	int_fast64_t now = atomic_load(&limit_ns);

	while (end_ns < now &&
		!atomic_compare_exchange_weak(&limit_ns, &now, end_ns))
		;
}

void
fp_patience_end(void)
{
	atomic_store(&is_over, true);
}

bool
fp_patience_is_limited(void)
{
	return atomic_load(&limit_ns) < INT64_MAX || atomic_load(&is_over);
}

/* Whether it may be waited on, since then. */
static bool
may_wait(int64_t since_ns)
{
	int64_t end_ns = atomic_load(&limit_ns);

	if (atomic_load(&is_over))
		return false;
	int64_t idle_ns = atomic_load(&is_short) ? SHORT_IDLE_NS : IDLE_NS;
	return end_ns == INT64_MAX ||
	       fp_clock_now_ns() - FP_MAX(end_ns, since_ns) < idle_ns;
}

void
fp_patience_read_until(int64_t end_ns)
{
	read_end_ns = FP_MIN(read_end_ns, end_ns);
}

ssize_t
fp_patience_read(int fd, void *data, size_t len)
{
	struct pollfd wait = {fd, POLLIN, 0};
	ssize_t n;

	do {
		while (poll(&wait, 1, LOOK_MS) == 0) {
			if (fp_clock_now_ns() >= read_end_ns) {
				errno = ETIMEDOUT;
				return -1;
			}
		}
		n = read(fd, data, len);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	return n;
}

int
fp_patience_wait(int fd, int64_t *since_ns)
{
	struct pollfd wait = {fd, POLLOUT, 0};

	if (*since_ns == 0)
		*since_ns = fp_clock_now_ns();
	for (;;) {
		bool may = may_wait(*since_ns);
		int n = poll(&wait, 1, may ? LOOK_MS : 0);
		/* What is wrong with it, the next write says. */
		if (n > 0 || (n < 0 && may))
			return 0;
		if (!may) {
			atomic_store(&is_short, true);
			errno = ETIMEDOUT;
			return -1;
		}
	}
}

ssize_t
fp_patience_write_some(int fd, const char *data, size_t len, int64_t *since_ns)
{
	ssize_t n = write(fd, data, len);

	if (n > 0)
		*since_ns = 0;
	if (n >= 0 || errno == EINTR)
		return FP_MAX(n, 0);
	return errno == EAGAIN ? fp_patience_wait(fd, since_ns) : -1;
}

int
fp_patience_write(int fd, const char *data, size_t len)
{
	int64_t since_ns = 0;

	while (len > 0) {
		ssize_t n = fp_patience_write_some(fd, data, len, &since_ns);
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

const char *
fp_patience_why(int err)
{
	return err == ETIMEDOUT ? "no process reads it" : strerror(err);
}

/* A pipe that nobody has opened for reading yet. */
static int
open_pipe(const char *path, int flags)
{
	int64_t since_ns = fp_clock_now_ns();
	int fd;

	while ((fd = open(path, flags | O_NONBLOCK, 0666)) < 0 &&
		errno == ENXIO) {
		if (!may_wait(since_ns)) {
			errno = ETIMEDOUT;
			return -1;
		}
		poll(NULL, 0, LOOK_MS);
	}
	return fd;
}

int
fp_patience_open(const char *path, int flags)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode))
		return open_pipe(path, flags);
	int fd = open(path, flags, 0666);
	if (fd < 0)
		return -1;
	int now = fcntl(fd, F_GETFL);
	if (fstat(fd, &st) == 0 &&
		(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ||
			fcntl(fd, F_SETFL, now | O_NONBLOCK) == 0))
		return fd;
	int err = errno;
	close(fd);
	errno = err;
	return -1;
}

int
fp_patience_make(const char *path, int flags, bool *is_made)
{
	int fd = open(path, flags | O_CREAT | O_EXCL, 0666);

	*is_made = fd >= 0;
	if (fd < 0)
		fd = fp_patience_open(path, flags | O_CREAT);
	if (fd >= 0)
		(void)flock(fd, LOCK_SH | LOCK_NB);
	return fd;
}
