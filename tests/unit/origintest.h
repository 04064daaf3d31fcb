/* SPDX-License-Identifier: MIT */
/*
 * origintest: what the tests of one origin are written with: what it is asked,
 * and what it hears, in virtual time.
 */
#ifndef FP_ORIGINTEST_H
#define FP_ORIGINTEST_H

#include "base.h"

#include "origin.h"

#include "tap.h"

#define S FP_NS_PER_S
#define T0 (1000 * S) /* when tests begin */

static struct fp_origins origins;
static struct fp_origin *origin;

static inline struct fp_origin *
hold(const char *url)
{
	struct fp_origin_name name;

	fp_origin_name(&name, url);
	return fp_origins_hold(&origins, &name);
}

static inline void
let_go(struct fp_origin *one, int64_t now_ns)
{
	fp_origins_let_go(&origins, one, now_ns);
}

static inline void
set_up(const char *rate)
{
	struct fp_origin_rules rules = {
		.jobs = 16,
		.host_jobs = 16,
		.waiting_max = 100,
		.busy = {.mode = FP_BUSY_ORIGIN},
	};

	CHECK(!rate || fp_rates_parse(rate, &rules.rates) == 0);
	CHECK(fp_origins_init(&origins, &rules) == 0);
	origin = hold("http://a.test/");
	CHECK(origin);
}

static inline void
tear_down(void)
{
	fp_origins_destroy(&origins);
}

/* Whether an item may start, and until when it waits if not. */
static inline enum fp_leave
ask(bool is_retry, int64_t now_ns, int64_t *until_ns)
{
	return fp_origin_may_start(
		&origins, origin, is_retry, now_ns, until_ns);
}

static inline bool
may(enum fp_leave leave, bool is_retry, int64_t now_ns)
{
	int64_t until_ns;

	return ask(is_retry, now_ns, &until_ns) == leave;
}

static inline bool
waits_until(bool is_retry, int64_t now_ns, int64_t expected_ns)
{
	int64_t until_ns;

	return ask(is_retry, now_ns, &until_ns) == FP_LEAVE_WAIT &&
	       until_ns == expected_ns;
}

static inline bool
start(int64_t now_ns)
{
	bool is_probe;
	uint32_t token;

	CHECK(fp_origin_start(&origins, origin, &is_probe, &token, now_ns) ==
		1);
	return is_probe;
}

static inline void
end(struct fp_report report, int64_t now_ns)
{
	fp_origin_hear(&origins, origin, &report, now_ns);
	origin->n_active--;
}

static inline void
answer(int64_t begun_ns, int64_t now_ns)
{
	end((struct fp_report){.heard = FP_HEARD_ANSWER,
		    .status = 200,
		    .begun_ns = begun_ns},
		now_ns);
}

static inline void
busy(int64_t begun_ns, int64_t pause_ns, int64_t now_ns)
{
	end((struct fp_report){.heard = FP_HEARD_BUSY,
		    .status = 429,
		    .refused = {.is = FP_REFUSAL_SAID, .wait_ns = pause_ns},
		    .begun_ns = begun_ns,
		    .pause_ns = pause_ns},
		now_ns);
}

/* An attempt that finds no connection. */
static inline void
silence(bool is_probe, bool is_last, int64_t now_ns)
{
	end((struct fp_report){.heard = FP_HEARD_SILENCE,
		    .kind = FP_KIND_CONNECT,
		    .is_probe = is_probe,
		    .is_last = is_last,
		    .begun_ns = now_ns},
		now_ns);
}

static inline void
be_silent(unsigned n, int64_t now_ns)
{
	for (unsigned i = 0; i < n; i++) {
		start(now_ns);
		silence(false, false, now_ns);
	}
}

static inline void
answer_once(int64_t now_ns)
{
	start(now_ns);
	answer(now_ns, now_ns);
}

#endif
