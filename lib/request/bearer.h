/* SPDX-License-Identifier: MIT */
/*
 * bearer: the access token that requests are sent with (RFC 6750), and a thread
 * that asks for a new one: before it expires, and when a server refuses it with
 * 401. It is asked for once for all; while it is, no request starts and none
 * goes out on the wire with the old one.
 *
 * Threads: all functions by any thread, but for _init, _start and _destroy.
 * Ownership: the pool embeds it; the setup, which is borrowed, points to it.
 * Failure: fp_bearer_start() -1 with errno. That there is no token to be had is
 * a fault of the run's.
 */
#ifndef FP_BEARER_H
#define FP_BEARER_H

#include "base.h"

#include "buf.h"
#include "queue.h"
#include "request.h"
#include "setup.h"
#include "thread.h"

enum fp_bearer_state {
	FP_BEARER_NONE, /* nobody has needed one yet */
	FP_BEARER_ASKING, /* a new one is to come */
	FP_BEARER_READY, /* `token` is good */
	FP_BEARER_OVER, /* none is to be had: the run ends */
};

struct fp_bearer {
	struct fp_setup *setup;
	struct fp_queue *queue;
	struct fp_mutex lock; /* over all that follows */
	struct fp_cond work; /* state is FP_BEARER_ASKING, or is_closing */
	enum fp_bearer_state state;
	struct fp_buf token;
	struct fp_buf said; /* by whoever gave it */
	uint64_t number; /* of the token, from 1 */
	int64_t renew_ns; /* when the next is asked for; INT64_MAX: never */
	bool has_worked; /* a server has taken it */
	bool has_ever_worked; /* or one before it */
	unsigned n_refused; /* tokens in a row that no server has taken */
	unsigned n_failed; /* times in a row that none was to be had */
	bool is_closing;
	struct fp_thread thread;
	bool has_thread;
};

void fp_bearer_init(struct fp_bearer *bearer, struct fp_setup *setup,
	struct fp_queue *queue);
int fp_bearer_start(struct fp_bearer *bearer);

/* No token is asked for any more; whoever is about to get one is told. */
void fp_bearer_stop(struct fp_bearer *bearer);

/* Ends the thread, after fp_bearer_stop(). */
void fp_bearer_destroy(struct fp_bearer *bearer);

/* An item is to be fetched: there has to be one. */
void fp_bearer_need(struct fp_bearer *bearer);

/* Sets up the handle for this hop; `hide`: it is not one to log in to. What has
 * a login or an Authorization of its own is sent with that. */
CURLcode fp_bearer_apply(struct fp_request *request, CURL *easy, bool hide);

/* Whether the request may go out with what it was set up with. */
bool fp_bearer_passes(struct fp_bearer *bearer,
	const struct fp_request *request, int64_t now_ns);

/* It was answered with this status. true: its token was refused, and it is to
 * be sent again with the next one. */
bool fp_bearer_hears(
	struct fp_bearer *bearer, struct fp_request *request, int status);

#endif
