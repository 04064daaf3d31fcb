/* SPDX-License-Identifier: MIT */
/*
 * For each request on a connection that was kept, libcurl calls poll() twice:
 * before the request, to see whether the connection is still alive, and right
 * after it was sent, to see whether the answer is there. In between the gate
 * looks whether anything has come that nobody asked for. Of a small GET, whose
 * other calls are a send() and a recv(), that is more than half.
 *
 * So the program has a poll() that comes before libc's. The first question goes
 * to the system as it is; that nothing is there is the gate's look at the same
 * time. (A recv() with MSG_PEEK would cost the same, but takes the error of a
 * reset, after which libcurl would find an end where none was.) The second is
 * answered at once: nothing has come yet. That is so, but for what may have
 * come since the gate, a moment ago; and epoll, which reports what is there
 * rather than what comes, tells of that.
 *
 * What was learned holds within one call of libcurl, and for the last socket
 * alone. All other calls of poll() go to the system, as does every one in a
 * program that uses the shared library, which does not export this: it is not
 * for a library to change what others call.
 */
#include "base.h"

#include "glance.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>

#define NONE (-1)

/* Words for each thread, with no function to be called for their address. */
static _Thread_local struct {
	bool is_on;
	int clean_fd; /* nothing was there just now */
	int sent_fd; /* a request goes out, and nothing was there before it */
} here __attribute__((tls_model("initial-exec"))) = {false, NONE, NONE};

void
fp_glance_begin(void)
{
	here.is_on = true;
	here.clean_fd = here.sent_fd = NONE;
}

void
fp_glance_end(void)
{
	here.is_on = false;
	here.clean_fd = here.sent_fd = NONE;
}

bool
fp_glance_is_clean(int fd)
{
	bool is = here.clean_fd == fd && fd != NONE;

	here.clean_fd = NONE;
	return is;
}

void
fp_glance_sends(int fd)
{
	if (here.is_on)
		here.sent_fd = fd;
}

void
fp_glance_closing(int fd)
{
	if (here.clean_fd == fd)
		here.clean_fd = NONE;
	if (here.sent_fd == fd)
		here.sent_fd = NONE;
}

/* libcurl's question whether one socket can be read now. */
static bool
is_question(const struct pollfd *fds, nfds_t n, int timeout_ms)
{
	const short asked = POLLIN | POLLRDNORM;

	return here.is_on && n == 1 && timeout_ms == 0 && fds->fd >= 0 &&
	       (fds->events & asked) == asked && !(fds->events & POLLOUT);
}

static int
ask_system(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	static _Atomic(void *) found;
	int (*real)(struct pollfd *, nfds_t, int);
	void *known = atomic_load_explicit(&found, memory_order_relaxed);

	if (!known) {
		known = dlsym(RTLD_NEXT, "poll");
		atomic_store_explicit(&found, known, memory_order_relaxed);
	}
	if (!known) {
		errno = ENOSYS;
		return -1;
	}
	*(void **)&real = known;
	return real(fds, n, timeout_ms);
}

/* poll(), by another name: what <poll.h> says of it, that it reads nothing of
 * what it is given, is not so. */
int fp_glance_poll(struct pollfd *fds, nfds_t n, int timeout_ms) __asm__("poll")
	__attribute__((visibility("default")));

int
fp_glance_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	if (!is_question(fds, n, timeout_ms))
		return ask_system(fds, n, timeout_ms);

	bool was_sent = here.sent_fd == fds->fd;
	here.clean_fd = here.sent_fd = NONE;
	fds->revents = 0;
	int n_ready = was_sent ? 0 : ask_system(fds, n, timeout_ms);
	if (!was_sent && n_ready == 0)
		here.clean_fd = fds->fd;
	return n_ready;
}
