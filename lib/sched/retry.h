/* SPDX-License-Identifier: MIT */
/*
 * retry: whether a failed attempt is made again, and when. Nothing is sent
 * twice that may have been acted upon, nothing sooner than the server asked,
 * and never so much of it that retries keep a broken server down.
 *
 * Threads: one thread at a time for a budget and a random state; the rest any.
 * Ownership: the caller embeds them.
 * Failure: said at each function.
 */
#ifndef FP_RETRY_H
#define FP_RETRY_H

#include "base.h"

#include "outcome.h"
#include "refusal.h"

/* A server that says it is busy, but not for how long, has this long at least
 * to draw the first wait from. */
#define FP_RETRY_BUSY_MS 1000

/* What ended an attempt, as far as retries care. */
enum fp_cause {
	FP_CAUSE_NONE, /* it succeeded */
	FP_CAUSE_STATUS, /* a complete response whose status is no success */
	FP_CAUSE_DNS, /* there is no such name, or nobody knows why */
	FP_CAUSE_DNS_AGAIN, /* the resolver could not tell for now */
	FP_CAUSE_CONNECT,
	FP_CAUSE_TIMEOUT,
	FP_CAUSE_RESET, /* the connection or the response broke */
	FP_CAUSE_TLS_RESET, /* the connection broke in the TLS handshake */
	FP_CAUSE_FINAL, /* what another attempt would not change */
};

/* From the options; parsed once. */
struct fp_retry_policy {
	unsigned max; /* attempts after the first */
	bool on_status[FP_STATUS_MAX];
	bool on_timeout;
	bool on_connect;
	bool on_dns;
	bool on_every_dns; /* also names that do not exist */
	bool on_reset; /* in the TLS handshake too */
	uint64_t delay_ms; /* what the first one is drawn from */
	uint64_t max_delay_ms; /* what it grows to; of no Retry-After */
	uint64_t max_time_ms; /* for all attempts of an item; 0: no limit */
	uint64_t after_max_ms; /* of a Retry-After that is waited for */
	bool is_idempotent; /* --idempotent: for the caller, see below */
};

/* The defaults. */
void fp_retry_policy_init(struct fp_retry_policy *policy);

/* "404,!503,5xx,!timeout,400-404": adds to what is retried or, with !, takes
 * from it, one after the other. Codes, classes and ranges as in fp_statuses,
 * and the words timeout, connect, dns and reset. -1: the text is no such list,
 * and nothing was changed. */
int fp_retry_policy_parse(struct fp_retry_policy *policy, const char *text);

/* How one attempt ended. */
struct fp_attempt {
	enum fp_cause cause;
	int status; /* 0 but for FP_CAUSE_STATUS */
	bool was_sent; /* a request of it went out on the wire */
	bool is_closed; /* FP_CAUSE_RESET, in place of any answer */
	bool was_followed; /* it was done: a redirect made a GET of it */
	bool is_idempotent; /* by its method, or asserted */
	bool is_asserted; /* by --idempotent or a key, not by the method */
	unsigned n_attempts; /* so far, this one included */
	unsigned n_cause; /* of them, those with this cause and this status */
	int64_t elapsed_ns; /* since the item's first attempt began */
	int64_t retry_after_ns; /* -1: not said */
	enum fp_refusal refusal; /* 429 and 503 are one in any case */
};

/* How an item goes on after an attempt, or a part of one. */
enum fp_again_how {
	FP_AGAIN_NO, /* it is finished */
	FP_AGAIN_PAID, /* another attempt, out of its origin's budget */
	FP_AGAIN_FREE, /* the same at no cost: the server has named a time */
	FP_AGAIN_DOUBT, /* the same, if its no was a limit's; else finished */
	FP_AGAIN_SPENT, /* the same, if this one need not count, for it was
			   refused; else it is finished */
	FP_AGAIN_PAGE, /* to its next page, after fp_window_turn() */
	FP_AGAIN_SAME, /* the attempt goes on: to the next hop of a redirect */
};

/* The decision on another attempt. It is made here, goes with the ticket, and
 * is the schedule's to carry out: that knows the budget of its origin and what
 * becomes of doubts. */
struct fp_again {
	enum fp_again_how how;
	enum fp_cause why; /* what the attempt ended with */
	int64_t wait_ns; /* until the next one; 0: at once, or there is none */
	bool is_fresh; /* it is to have a connection of its own (421) */

	/* What its origin is to know, whatever becomes of the item. */
	bool pauses_origin; /* nobody else begins there either */
	bool is_too_long; /* Retry-After is more than is waited for */
	int64_t pause_ns; /* as the server asks; 0: it does not */
};

/* What comes after that attempt. The pause of an origin does not depend on
 * whether this item is tried again. is_too_long says that a Retry-After, of a
 * response that would be retried or that pauses its origin, is over the limit
 * or beyond the item's time. wait_ns is at most INT64_MAX / 2, so that it can
 * be added to a time. `random` is from fp_random_seed(). */
struct fp_again fp_retry_decide(const struct fp_retry_policy *policy,
	const struct fp_attempt *attempt, uint64_t *random);

/* The budget for one origin: a bucket that retries take from, and that first
 * attempts fill again when they succeed. While most things work, retries are
 * free; when nothing does, they end after a while. */
struct fp_budget {
	int64_t left;
	int64_t most;
};

/* Full. `jobs` transfers at once may each fail a few times. */
void fp_budget_init(struct fp_budget *budget, unsigned jobs);

/* For one retry; more after a timeout, which costs the server more. False: it
 * is empty, nothing was taken, and the error is final. */
bool fp_budget_take(struct fp_budget *budget, bool is_timeout);

/* An item's first attempt succeeded. */
void fp_budget_success(struct fp_budget *budget);

#endif
