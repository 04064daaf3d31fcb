/* SPDX-License-Identifier: MIT */
/*
 * WHAT AN ORIGIN'S ANSWERS DO
 *
 *	any answer	it is there: the circuit closes
 *	a refusal	(refusal.h) a pause, if the server asks for one, or if
 *			there are so many that they are a limit (busy.h); after
 *			it requests are spaced as was learned. If nothing is to
 *			be learned, the limit is halved, once for all requests
 *			that were under way together
 *	a bare failure	(500) is one, too, if all come together (suspect.h)
 *			or says that fewer at once are let in (company.h)
 *	Retry-After	of any answer that fails or redirects: a pause
 *	20 others	in a row: one more item at once, if the limit was
 *			lowered
 *
 * WHAT ITS SILENCE DOES
 *
 * Five attempts in a row without a connection open the circuit: then no item
 * uses up its attempts in vain. What happens next depends on whether the origin
 * has ever answered.
 *
 * If it has, it is taken for one that will be back: all its items wait, and
 * after half a second, one more, two more and so on up to 30 a single one is
 * let through to find out. When that has failed for three minutes, it is down.
 *
 * If it never has, those that were tried go on being tried as often as they
 * may be, and the others wait for what becomes of them: the first that has no
 * attempt left, after some seconds, takes it down. Should all of them end
 * before that, another one is tried, at times as above, so that nobody waits
 * for nobody. So a wrong name or port fails after the time of one item's
 * attempts, however many items there are; and a server that is about to start
 * is waited for as long as the user's --retry says. A name that does not exist
 * needs no such time.
 *
 * Items that wait hold their places in the window. So that the hosts that are
 * silent do not keep all others from being read for longer than some time, no
 * more than half of the places are for them after that, and what is too much
 * fails. A run that has one host alone has nobody to make room for.
 *
 * Of an origin that is down each item fails at once, but one from time to time
 * that is let through to find out.
 */
#include "base.h"

#include "origin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define GOOD_FOR_MORE 20
#define TELL_AGAIN_NS (60 * FP_NS_PER_S)
#define SILENT_MAX 5

/* Between tries, while there is hope and when it is down. */
#define TRY_WAIT_NS (FP_NS_PER_S / 2)
#define TRY_WAIT_MAX_NS (30 * FP_NS_PER_S)
#define PROBE_WAIT_NS (30 * FP_NS_PER_S)
#define PROBE_WAIT_MAX_NS (300 * FP_NS_PER_S)

/* Since the first attempt that found no connection: when the user is told,
 * when others need room, and when it is down. */
#define TELL_NS (3 * FP_NS_PER_S)
#define ROOM_NS (30 * FP_NS_PER_S)
#define DOWN_NS (180 * FP_NS_PER_S)
#define NEW_DOWN_NS (3 * FP_NS_PER_S)

/* ---- may it start? ---- */

/* Whether so many items wait for silent origins that others have no room. */
static bool
is_crowding(const struct fp_origins *origins, const struct fp_origin *origin,
	int64_t now_ns)
{
	return origins->table.n > 1 && now_ns - origin->silent_ns >= ROOM_NS &&
	       origin->n_waiting >=
		       origins->rules.waiting_max / FP_MAX(origins->n_open, 1);
}

static enum fp_leave
ask_circuit(const struct fp_origins *origins, const struct fp_origin *origin,
	bool is_retry, int64_t now_ns, int64_t *until_ns)
{
	bool is_time = origin->probe_ns <= now_ns && !origin->is_probing;
	bool is_alone = !origin->has_answered && origin->n_tried == 0;

	switch (origin->circuit) {
	case FP_CIRCUIT_CLOSED:
		return FP_LEAVE_GO;
	case FP_CIRCUIT_DOWN:
		return is_time ? FP_LEAVE_GO : FP_LEAVE_NEVER;
	case FP_CIRCUIT_OPEN:
		break;
	}
	if (origin->has_answered || is_alone ? is_time : is_retry)
		return FP_LEAVE_GO;
	if (!is_retry && is_crowding(origins, origin, now_ns))
		return FP_LEAVE_NEVER;
	if ((origin->has_answered || is_alone) && !origin->is_probing)
		*until_ns = origin->probe_ns;
	return FP_LEAVE_WAIT;
}

enum fp_leave
fp_origin_may_start(const struct fp_origins *origins, struct fp_origin *origin,
	bool is_retry, int64_t now_ns, int64_t *until_ns)
{
	*until_ns = INT64_MAX;
	if (FP_UNLIKELY(origin->circuit != FP_CIRCUIT_CLOSED)) {
		enum fp_leave leave = ask_circuit(
			origins, origin, is_retry, now_ns, until_ns);
		if (leave != FP_LEAVE_GO)
			return leave;
	}
	if (FP_UNLIKELY(origin->not_before_ns > now_ns)) {
		*until_ns = origin->not_before_ns;
		return origin->is_parked ? FP_LEAVE_NEVER : FP_LEAVE_WAIT;
	}
	int64_t due_ns = fp_busy_due_ns(&origin->busy);
	if (FP_UNLIKELY(due_ns > now_ns)) {
		*until_ns = due_ns;
		return due_ns == INT64_MAX ? FP_LEAVE_WAIT : FP_LEAVE_RATE;
	}
	if ((origin->n_active >= origin->limit ||
		    !fp_company_has_room(&origin->busy.company,
			    origin->n_active, now_ns, until_ns)) &&
		!origin->is_hurried)
		return FP_LEAVE_WAIT;
	if (FP_UNLIKELY(origin->concurrency) && !origin->is_hurried &&
		origin->n_active >= fp_concurrency_limit(origin->concurrency,
					    now_ns, until_ns))
		return FP_LEAVE_WAIT;
	*until_ns = INT64_MAX;
	if (origins->rules.rates.n) {
		int64_t due = fp_hostrate_due_ns(&origin->rate, now_ns);
		if (due > now_ns) {
			*until_ns = due;
			return FP_LEAVE_RATE;
		}
	}
	return FP_LEAVE_GO;
}

enum fp_wait
fp_origin_wait(const struct fp_origin *origin, int64_t now_ns)
{
	return origin->not_before_ns > now_ns ? FP_WAIT_PAUSED : FP_WAIT_HOST;
}

enum fp_held
fp_origin_holds(const struct fp_origins *origins,
	const struct fp_origin *origin, int64_t now_ns)
{
	int64_t until_ns;

	if (origin->circuit != FP_CIRCUIT_CLOSED)
		return FP_HELD_SILENT;
	if (origin->not_before_ns > now_ns)
		return FP_HELD_PAUSED;
	if (fp_busy_due_ns(&origin->busy) > now_ns)
		return FP_HELD_LEARNED;
	if (origin->n_active >= origin->limit ||
		!fp_company_has_room(&origin->busy.company, origin->n_active,
			now_ns, &until_ns) ||
		(origin->concurrency &&
			origin->n_active >=
				fp_concurrency_found(origin->concurrency)))
		return FP_HELD_HOST_JOBS;
	if (origins->rules.rates.n && fp_hostrate_is_dry(&origin->rate, now_ns))
		return FP_HELD_HOST_RATE;
	return origin->is_known ? FP_HELD_SLOT : FP_HELD_LOOKUP;
}

int
fp_origin_start(const struct fp_origins *origins, struct fp_origin *origin,
	bool *is_probe, uint32_t *token, int64_t now_ns)
{
	*token = 0;
	*is_probe =
		origin->circuit == FP_CIRCUIT_DOWN ||
		(origin->circuit == FP_CIRCUIT_OPEN && origin->has_answered);

	if (origins->rules.rates.n) {
		int reserved =
			fp_hostrate_reserve(&origin->rate, token, now_ns);
		FP_ASSERT(reserved != 0 || origins->rules.redis);
		if (reserved <= 0)
			return reserved;
	}
	origin->n_active++;
	if (FP_UNLIKELY(origin->concurrency))
		fp_concurrency_started(origin->concurrency, now_ns);
	origin->is_probing |= *is_probe;
	return 1;
}

struct fp_notice
fp_origin_tell(struct fp_origin *origin, int64_t now_ns)
{
	struct fp_notice notice = {.origin = origin->name, .wait_ns = 0};

	FP_ASSERT(origin->news);
	while (!(origin->news & (1U << notice.why)))
		notice.why++;
	origin->news &= ~(1U << notice.why);
	if (notice.why == FP_NOTICE_PAUSED || notice.why == FP_NOTICE_PAUSE)
		notice.status = origin->status;
	if (notice.why == FP_NOTICE_JOBS)
		notice.count = fp_concurrency_found(origin->concurrency);
	if (notice.why == FP_NOTICE_LEARNED)
		fp_learner_words(&origin->busy.learner, notice.rate);
	if (notice.why == FP_NOTICE_PAUSED || notice.why == FP_NOTICE_QUOTA) {
		notice.count = origin->n_pauses;
		origin->n_pauses = 0;
	}
	if (notice.why == FP_NOTICE_SILENT)
		notice.wait_ns = FP_MAX(origin->probe_ns - now_ns, 0);
	else if (notice.why == FP_NOTICE_PAUSED ||
		 notice.why == FP_NOTICE_QUOTA || notice.why == FP_NOTICE_PAUSE)
		notice.wait_ns = FP_MAX(origin->not_before_ns - now_ns, 0);
	return notice;
}

void
fp_origin_explain(const struct fp_origin *origin, int64_t now_ns,
	enum fp_kind *kind, char *text, size_t size)
{
	/* Rounded up; there is some. */
	int64_t until_ns =
		FP_MAX(origin->not_before_ns, origin->asked_until_ns);
	int64_t left_s = (until_ns - now_ns - 1) / FP_NS_PER_S + 1;

	if (origin->circuit != FP_CIRCUIT_CLOSED) {
		*kind = origin->kind;
		snprintf(text, size,
			"the host is down: the last %u attempts could not "
			"connect",
			origin->n_silent);
	} else {
		*kind = FP_KIND_HTTP;
		snprintf(text, size,
			"the server asks to wait another %lld s, more "
			"than the limit on Retry-After",
			(long long)left_s);
	}
}

/* ---- what is heard ---- */

static void
set_circuit(struct fp_origins *origins, struct fp_origin *origin,
	enum fp_circuit circuit)
{
	origins->n_open -= origin->circuit != FP_CIRCUIT_CLOSED;
	origins->n_open += circuit != FP_CIRCUIT_CLOSED;
	origin->circuit = circuit;
}

static void
hear_answer(struct fp_origins *origins, struct fp_origin *origin)
{
	origin->has_answered = true;
	origin->n_silent = 0;
	set_circuit(origins, origin, FP_CIRCUIT_CLOSED);
}

static void
hear_good(const struct fp_origins *origins, struct fp_origin *origin)
{
	if (origin->limit < origins->rules.host_jobs &&
		++origin->n_good >= GOOD_FOR_MORE) {
		origin->n_good = 0;
		origin->limit++;
	}
}

/* Halves what may be under way, unless this is an answer to what was under way
 * when that was done already. */
static void
hear_busy(struct fp_origin *origin, int64_t begun_ns, int64_t now_ns)
{
	origin->n_good = 0;
	if (origin->halved_ns && begun_ns <= origin->halved_ns)
		return;
	unsigned n = FP_MIN(origin->limit, origin->n_active);
	origin->limit = FP_MAX(n / 2, 1);
	origin->halved_ns = now_ns;
}

static int64_t
after(int64_t now_ns, int64_t pause_ns)
{
	return pause_ns > INT64_MAX - now_ns ? INT64_MAX : now_ns + pause_ns;
}

/* One line a minute is enough, but for a pause that fails items. */
static void
origin_tell_pause(struct fp_origin *origin, bool is_too_long, int64_t now_ns)
{
	origin->n_pauses++;
	if (origin->told_ns > 0 && now_ns - origin->told_ns < TELL_AGAIN_NS &&
		!is_too_long)
		return;
	origin->told_ns = now_ns;
	origin->news |=
		1U << (origin->status ? FP_NOTICE_PAUSED : FP_NOTICE_QUOTA);
}

/* A pause that is too long ends when nobody would wait any longer: then it is
 * asked again. */
static void
pause_origin(const struct fp_origins *origins, struct fp_origin *origin,
	const struct fp_report *report, int64_t pause_ns, int64_t now_ns)
{
	int64_t most_ns = origins->rules.pause_max_ns;
	int64_t asked_ns = after(now_ns, pause_ns);

	if (report->is_too_long && most_ns > 0)
		pause_ns = FP_MIN(pause_ns, most_ns);
	int64_t until_ns = after(now_ns, pause_ns);
	if (until_ns <= origin->not_before_ns)
		return;
	if (origin->not_before_ns <= now_ns) {
		origin->is_parked = false;
		origin->asked_until_ns = 0;
		origin->status = report->status;
		origin_tell_pause(origin, report->is_too_long, now_ns);
	}
	origin->is_parked |= report->is_too_long;
	origin->asked_until_ns = FP_MAX(origin->asked_until_ns, asked_ns);
	origin->not_before_ns = until_ns;
	if (origins->rules.tells_pauses)
		origin->news |= 1U << FP_NOTICE_PAUSE;
}

static struct fp_busy_attempt
attempt_of(const struct fp_report *report)
{
	return (struct fp_busy_attempt){
		.begun_ns = report->begun_ns,
		.refused_ns = report->refused_ns,
		.n_refused = report->n_refused,
		.is_test = report->is_test,
		.is_first = report->is_first,
		.is_sole = report->is_sole,
		.wait_ns = report->wait_ns,
		.random = report->random,
	};
}

/* How long the origin is left alone after a refusal; 0: it is not. */
static int64_t
hear_refusal(const struct fp_origins *origins, struct fp_origin *origin,
	const struct fp_report *report, int64_t now_ns)
{
	const struct fp_busy_rules *rules = &origins->rules.busy;
	struct fp_busy_attempt attempt = attempt_of(report);
	attempt.has_other = origin->n_holds > origin->n_tried;
	/* Items of others may stand behind these, as lines not read yet. */
	if (origins->table.n == 1)
		attempt.n_items = origin->n_holds;
	struct fp_busy_verdict verdict = fp_busy_refused(
		&origin->busy, rules, &report->refused, &attempt, now_ns);

	int64_t told_ns = report->pause_ns;
	if (verdict.is_its_own && !report->is_too_long)
		told_ns = 0;
	if (!rules->learns && (verdict.is_limit || told_ns > 0))
		hear_busy(origin, report->begun_ns, now_ns);

	/* What is drawn for an item that is not tried again is for nobody. */
	if (rules->delay_ns == 0 && report->is_last)
		verdict.pause_ns = 0;
	return FP_MAX(verdict.pause_ns, told_ns);
}

/* After so long, one more item finds out. */
static void
wait_for_probe(struct fp_origin *origin, int64_t now_ns)
{
	int64_t most_ns = origin->circuit == FP_CIRCUIT_DOWN ? PROBE_WAIT_MAX_NS
							     : TRY_WAIT_MAX_NS;

	origin->probe_ns = now_ns + origin->probe_wait_ns;
	origin->probe_wait_ns = FP_MIN(2 * origin->probe_wait_ns, most_ns);
}

static void
take_down(struct fp_origins *origins, struct fp_origin *origin, int64_t now_ns)
{
	set_circuit(origins, origin, FP_CIRCUIT_DOWN);
	origin->probe_wait_ns = PROBE_WAIT_NS;
	wait_for_probe(origin, now_ns);
}

/* One that has answered before was tried once more. */
static void
hear_failed_probe(
	struct fp_origins *origins, struct fp_origin *origin, int64_t now_ns)
{
	int64_t silence_ns = now_ns - origin->silent_ns;

	if (silence_ns >= DOWN_NS) {
		take_down(origins, origin, now_ns);
		return;
	}
	wait_for_probe(origin, now_ns);
	if (silence_ns >= TELL_NS && !origin->is_told)
		origin->news |= 1U << FP_NOTICE_SILENT;
	origin->is_told |= silence_ns >= TELL_NS;
}

/* One that never answered, by an item that is not tried again. */
static void
hear_last_attempt(
	struct fp_origins *origins, struct fp_origin *origin, int64_t now_ns)
{
	if (now_ns - origin->silent_ns >= NEW_DOWN_NS ||
		origin->kind == FP_KIND_DNS)
		take_down(origins, origin, now_ns);
	else if (origin->probe_ns <= now_ns)
		wait_for_probe(origin, now_ns);
}

static void
hear_silence(struct fp_origins *origins, struct fp_origin *origin,
	const struct fp_report *report, int64_t now_ns)
{
	origin->kind = report->kind;
	if (origin->n_silent++ == 0)
		origin->silent_ns = now_ns;
	switch (origin->circuit) {
	case FP_CIRCUIT_CLOSED:
		if (origin->n_silent < SILENT_MAX)
			return;
		set_circuit(origins, origin, FP_CIRCUIT_OPEN);
		origin->is_told = false;
		origin->probe_wait_ns = TRY_WAIT_NS;
		wait_for_probe(origin, now_ns);
		if (!origin->has_answered && report->is_last)
			hear_last_attempt(origins, origin, now_ns);
		return;
	case FP_CIRCUIT_OPEN:
		if (origin->has_answered && report->is_probe)
			hear_failed_probe(origins, origin, now_ns);
		else if (!origin->has_answered && report->is_last)
			hear_last_attempt(origins, origin, now_ns);
		return;
	case FP_CIRCUIT_DOWN:
		if (report->is_probe)
			wait_for_probe(origin, now_ns);
		return;
	}
}

/* What it says about how many there may be at once. What is about a rate is
 * the learner's. */
static enum fp_passage
passage_of(const struct fp_origin *origin, const struct fp_report *report)
{
	switch (report->heard) {
	case FP_HEARD_ANSWER:
		return FP_PASSAGE_ANSWERED;
	case FP_HEARD_BUSY:
		return report->refused.is == FP_REFUSAL_MILD &&
				       !fp_busy_is_limiting(&origin->busy)
			       ? FP_PASSAGE_REFUSED
			       : FP_PASSAGE_NEITHER;
	case FP_HEARD_SILENCE:
		return report->kind == FP_KIND_CONNECT && origin->has_answered
			       ? FP_PASSAGE_REFUSED
			       : FP_PASSAGE_NEITHER;
	case FP_HEARD_NOTHING:
	case FP_HEARD_TROUBLE:
		break;
	}
	return FP_PASSAGE_NEITHER;
}

/* Finds how many at once there may be. A refusal that this explains is one no
 * more. */
static enum fp_heard
origin_find_jobs(const struct fp_origins *origins, struct fp_origin *origin,
	const struct fp_report *report, int64_t now_ns)
{
	struct fp_concurrency *concurrency = origin->concurrency;
	bool is_explained = fp_concurrency_ended(concurrency,
		passage_of(origin, report), report->begun_ns, now_ns);

	/* A time that is named may be for a single item. */
	if (concurrency->shed > 0 && report->refused.wait_ns > 0)
		is_explained = false;
	if (origins->rules.tells_jobs && fp_concurrency_tells(concurrency))
		origin->news |= 1U << FP_NOTICE_JOBS;
	return is_explained && report->heard == FP_HEARD_BUSY ? FP_HEARD_TROUBLE
							      : report->heard;
}

void
fp_origin_hear(struct fp_origins *origins, struct fp_origin *origin,
	const struct fp_report *report, int64_t now_ns)
{
	int64_t pause_ns = report->pause_ns;
	enum fp_heard heard = report->heard;
	struct fp_busy_attempt attempt;

	if (FP_UNLIKELY(origin->concurrency) && report->is_started)
		heard = origin_find_jobs(origins, origin, report, now_ns);
	if (report->is_probe)
		origin->is_probing = false;
	if (report->is_malformed && !origin->was_malformed) {
		origin->was_malformed = true;
		origin->news |= 1U << FP_NOTICE_MALFORMED;
	}
	switch (heard) {
	case FP_HEARD_NOTHING:
		break;
	case FP_HEARD_ANSWER:
		hear_answer(origins, origin);
		hear_good(origins, origin);
		if (fp_busy_passed_quietly(&origin->busy, report->begun_ns))
			break;
		attempt = attempt_of(report);
		fp_busy_passed(&origin->busy, &attempt, now_ns);
		break;
	case FP_HEARD_TROUBLE:
		hear_answer(origins, origin);
		hear_good(origins, origin);
		break;
	case FP_HEARD_BUSY:
		hear_answer(origins, origin);
		pause_ns = hear_refusal(origins, origin, report, now_ns);
		break;
	case FP_HEARD_SILENCE:
		hear_silence(origins, origin, report, now_ns);
		break;
	}
	if (report->is_first_success)
		fp_budget_success(&origin->budget);
	if (FP_UNLIKELY(origin->busy.is_stirred) &&
		fp_learner_tells(&origin->busy.learner))
		origin->news |= 1U << FP_NOTICE_LEARNED;
	if (pause_ns > 0 && origins->rules.busy.mode != FP_BUSY_ITEM)
		pause_origin(origins, origin, report, pause_ns, now_ns);
}
