/* SPDX-License-Identifier: MIT */
/*
 * This is epoll, and a table of what it was told. libcurl wants something of a
 * connection while a request is on it, and nothing in between. To take it out
 * of epoll and put it back would be two calls a request; so it stays there,
 * and only when something happens on it that nobody wants is it watched for its
 * end alone, and taken out when that has come.
 *
 * That can be done with sockets alone whose end is told here, since another
 * one may have the number of one that was closed. Those that libcurl makes for
 * itself, to hear from a look-up, are not in the table.
 *
 * The table is open addressing with linear probing; a place that gets free is
 * filled with the entries behind it that would otherwise not be found.
 */
#include "base.h"

#include "poller.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A socket is watched for its end, and nothing else. */
#define WATCH_END 4U

struct fp_poller_socket {
	int fd; /* -1: this place is free */
	unsigned owner;
	unsigned wanted;
	unsigned watched; /* what epoll was told; 0: not there */
};

/* ---- the table ---- */

static size_t
home_of(const struct fp_poller *poller, int fd)
{
	return (unsigned)fd * UINT32_C(0x9e3779b1) & (poller->n_places - 1);
}

/* Its place, or the one that is free for it. */
static struct fp_poller_socket *
poller_place_of(const struct fp_poller *poller, int fd)
{
	size_t i = home_of(poller, fd);

	while (poller->sockets[i].fd >= 0 && poller->sockets[i].fd != fd)
		i = (i + 1) & (poller->n_places - 1);
	return &poller->sockets[i];
}

static void
poller_forget(struct fp_poller *poller, struct fp_poller_socket *socket)
{
	size_t last = poller->n_places - 1;
	size_t gap = (size_t)(socket - poller->sockets);

	for (size_t i = (gap + 1) & last; poller->sockets[i].fd >= 0;
		i = (i + 1) & last) {
		size_t home = home_of(poller, poller->sockets[i].fd);
		if (((i - home) & last) >= ((i - gap) & last)) {
			poller->sockets[gap] = poller->sockets[i];
			gap = i;
		}
	}
	poller->sockets[gap].fd = -1;
	poller->n_sockets--;
}

/* ---- making ---- */

/* The event's own, which is no socket's. */
static uint64_t
own_data(const struct fp_poller *poller)
{
	return UINT64_MAX << 32 | (unsigned)poller->event;
}

static int
open_both(struct fp_poller *poller)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};

	poller->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (poller->epoll < 0)
		return -1;
	poller->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (poller->event < 0)
		return -1;
	event.data.u64 = own_data(poller);
	return epoll_ctl(poller->epoll, EPOLL_CTL_ADD, poller->event, &event);
}

int
fp_poller_init(struct fp_poller *poller, size_t n)
{
	*poller = (struct fp_poller){.epoll = -1, .event = -1, .n_places = 2};
	atomic_init(&poller->is_woken, false);
	while (poller->n_places / 2 < n)
		poller->n_places *= 2;
	poller->sockets = calloc(poller->n_places, sizeof(poller->sockets[0]));
	if (!poller->sockets || open_both(poller)) {
		int err = errno;
		fp_poller_destroy(poller);
		errno = err;
		return -1;
	}
	for (size_t i = 0; i < poller->n_places; i++)
		poller->sockets[i].fd = -1;
	return 0;
}

void
fp_poller_destroy(struct fp_poller *poller)
{
	if (!poller->sockets)
		return;
	if (poller->event >= 0)
		close(poller->event);
	if (poller->epoll >= 0)
		close(poller->epoll);
	free(poller->sockets);
	poller->sockets = NULL;
}

/* ---- sockets ---- */

void
fp_poller_opened(struct fp_poller *poller, int fd)
{
	struct fp_poller_socket *socket = poller_place_of(poller, fd);

	if (socket->fd < 0) {
		if (poller->n_sockets >= poller->n_places / 2)
			return;
		poller->n_sockets++;
	}
	*socket = (struct fp_poller_socket){.fd = fd};
}

void
fp_poller_closing(struct fp_poller *poller, int fd)
{
	struct fp_poller_socket *socket = poller_place_of(poller, fd);

	if (socket->fd == fd)
		poller_forget(poller, socket);
}

static int
control(struct fp_poller *poller, int how, int fd, unsigned wanted,
	unsigned owner)
{
	struct epoll_event event = {
		.events = (wanted & FP_POLLER_IN ? EPOLLIN : 0U) |
			  (wanted & FP_POLLER_OUT ? EPOLLOUT : 0U) |
			  (wanted & WATCH_END ? EPOLLRDHUP : 0U),
		.data.u64 = (uint64_t)owner << 32 | (unsigned)fd,
	};

	return epoll_ctl(poller->epoll, how, fd, &event);
}

/* Of one that is not in the table. */
static int
want_unknown(struct fp_poller *poller, int fd, unsigned wanted, unsigned owner)
{
	if (wanted == 0) {
		control(poller, EPOLL_CTL_DEL, fd, 0, owner);
		return 0;
	}
	if (control(poller, EPOLL_CTL_ADD, fd, wanted, owner) == 0)
		return 0;
	return errno == EEXIST
		       ? control(poller, EPOLL_CTL_MOD, fd, wanted, owner)
		       : -1;
}

int
fp_poller_want(
	struct fp_poller *poller, int fd, unsigned wanted, unsigned owner)
{
	struct fp_poller_socket *socket = poller_place_of(poller, fd);

	if (FP_UNLIKELY(socket->fd < 0))
		return want_unknown(poller, fd, wanted, owner);
	socket->wanted = wanted;
	if (wanted == 0 || wanted == socket->watched)
		return 0;
	if (control(poller, socket->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
		    wanted, owner))
		return -1;
	socket->watched = wanted;
	socket->owner = owner;
	return 0;
}

/* ---- waiting ---- */

int
fp_poller_wait(struct fp_poller *poller, int timeout_ms)
{
	poller->next = 0;
	poller->n_events = epoll_wait(
		poller->epoll, poller->events, FP_POLLER_EVENTS, timeout_ms);
	for (int i = 0; i < poller->n_events; i++) {
		/* Before anybody looks at what it was woken for. */
		if (poller->events[i].data.u64 == own_data(poller))
			atomic_store(&poller->is_woken, false);
	}
	return poller->n_events;
}

/* An error, or the other side's end, is found by reading or writing. */
static unsigned
readiness(uint32_t events)
{
	unsigned ready = 0;

	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		ready |= FP_POLLER_IN;
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		ready |= FP_POLLER_OUT;
	return ready;
}

/* Something happened on a socket of which nothing is wanted. It is watched for
 * its end alone from now on; true: that has come. (It may have been closed
 * since, and be another one now; then epoll does not know it.) */
static bool
rest(struct fp_poller *poller, struct fp_poller_socket *socket)
{
	bool is_end = socket->watched == WATCH_END;
	int how = is_end ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

	if (!socket->watched ||
		control(poller, how, socket->fd, WATCH_END, socket->owner))
		return false;
	socket->watched = is_end ? 0 : WATCH_END;
	return is_end;
}

bool
fp_poller_next(struct fp_poller *poller, struct fp_poller_event *event)
{
	while (poller->next < poller->n_events) {
		struct epoll_event *at = &poller->events[poller->next++];
		if (at->data.u64 == own_data(poller))
			continue;
		event->fd = (int)(at->data.u64 & UINT32_MAX);
		event->owner = (unsigned)(at->data.u64 >> 32);
		event->ready = readiness(at->events);
		struct fp_poller_socket *socket =
			poller_place_of(poller, event->fd);
		if (socket->fd < 0)
			return true;
		event->ready &= socket->wanted;
		if (event->ready)
			return true;

		if (socket->wanted == 0 && rest(poller, socket))
			return true;
	}
	return false;
}

/* It has room for any number of calls; if it fails all the same, the next one
 * tries again, and the thread looks by itself after a while. */
void
fp_poller_wake(struct fp_poller *poller)
{
	uint64_t one = 1;

	if (!atomic_exchange(&poller->is_woken, true) &&
		write(poller->event, &one, sizeof(one)) < 0)
		atomic_store(&poller->is_woken, false);
}
