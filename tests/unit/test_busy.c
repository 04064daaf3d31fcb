/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "busy.h"
#include "random.h"
#include "tap.h"

#define S FP_NS_PER_S
#define T0 (1000 * S)

static struct fp_busy busy;
static struct fp_busy_rules rules;

static void
begin(enum fp_busy_mode mode)
{
	busy = (struct fp_busy){.score = 0};
	rules = (struct fp_busy_rules){.mode = mode,
		.learns = true,
		.delay_ns = S,
		.max_delay_ns = 30 * S};
}

static struct fp_busy_verdict
refuse_as(enum fp_refusal is, bool is_used_up, int64_t begun_ns, int64_t now_ns)
{
	struct fp_refused refused = {
		.is = is, .wait_ns = -1, .is_used_up = is_used_up};
	struct fp_busy_attempt attempt = {.begun_ns = begun_ns,
		.wait_ns = S,
		.random = fp_random_seed((uint64_t)now_ns)};

	return fp_busy_refused(&busy, &rules, &refused, &attempt, now_ns);
}

static struct fp_busy_verdict
refuse(int64_t begun_ns, int64_t now_ns)
{
	return refuse_as(FP_REFUSAL_SAID, false, begun_ns, now_ns);
}

static void
pass(int64_t begun_ns, int64_t now_ns)
{
	struct fp_busy_attempt attempt = {.begun_ns = begun_ns};

	fp_busy_passed(&busy, &attempt, now_ns);
}

static void
one_is_no_limit(void)
{
	begin(FP_BUSY_AUTO);
	for (int i = 0; i < 100; i++) {
		CHECK(!refuse(T0 + i, T0 + i).is_limit);
		for (int j = 0; j < 10; j++)
			pass(T0 + i, T0 + i);
	}
	CHECK(!refuse(T0 + 100, T0 + 100).is_limit);
	CHECK(!refuse(T0 + 100, T0 + 100).is_limit);
	struct fp_busy_verdict verdict = refuse(T0 + 100, T0 + 101);
	CHECK(verdict.is_limit && verdict.pause_ns >= S / 2);

	/* Unless it says that nothing is left. */
	begin(FP_BUSY_AUTO);
	CHECK(refuse_as(FP_REFUSAL_SAID, true, T0, T0).is_limit);
}

/* A request at T0, `n_passed` of them pass, and then all are refused: when the
 * one that finds out may go, after each. */
static void
check_marks(int n_passed, int64_t used_ns, const double *marks_s, int n_marks)
{
	int64_t from_ns = T0 + used_ns, now_ns = T0 + used_ns;

	begin(FP_BUSY_AUTO);
	fp_busy_started(&busy, 0, T0);
	for (int i = 0; i < n_passed; i++)
		pass(T0, T0);
	refuse(now_ns, now_ns);
	refuse(now_ns, now_ns);
	for (int i = 0; i < n_marks; i++) {
		int64_t begun_ns = now_ns + 1;
		now_ns += 2;
		struct fp_busy_verdict verdict = refuse(begun_ns, now_ns);
		double s = (double)(now_ns + verdict.pause_ns - from_ns) / S;
		CHECK(verdict.is_limit);
		CHECK(s >= marks_s[i] * 1.005);
		/* Those before were a little late, too. */
		CHECK(s <= marks_s[i] * 1.12 + 0.06);

		/* Those that were under way are of the same round. */
		CHECK(refuse(begun_ns, now_ns).pause_ns == 0);
		now_ns += verdict.pause_ns;
	}
	pass(now_ns + 1, now_ns + 2);
	CHECK(busy.n_rounds == 0 && !busy.is_careful);
}

/* What passes before anything is refused is counted when something is. */
static void
quiet_ones_are_counted(void)
{
	begin(FP_BUSY_AUTO);
	fp_busy_started(&busy, 0, T0);
	for (int i = 0; i < 7; i++)
		CHECK(fp_busy_passed_quietly(&busy, T0 + 7 - i));
	CHECK(busy.passed_ns == T0 + 7);
	refuse(T0, T0 + 8);
	CHECK(busy.learner.n_passed == 7 && busy.n_clean == 7);
	CHECK(!fp_busy_passed_quietly(&busy, T0 + 9));
	pass(T0 + 9, T0 + 10);
	refuse(T0 + 10, T0 + 11);
	CHECK(busy.learner.n_passed == 8 && busy.n_clean == 8);
}

static void
it_is_asked_at_marks(void)
{
	static const double few[] = {0.25, 1, 2, 5, 10, 30, 60, 120};

	check_marks(1, 0, few, 8);
	check_marks(5, 0, few + 1, 7);

	/* The first request is too long ago to say anything. */
	check_marks(5, 200 * S, few + 1, 6);

	/* What the server says is enough, but not if it is not true. */
	begin(FP_BUSY_AUTO);
	struct fp_refused told = {.is = FP_REFUSAL_SAID, .wait_ns = S};
	struct fp_busy_attempt attempt = {
		.begun_ns = T0, .wait_ns = S, .random = fp_random_seed(1)};
	fp_busy_started(&busy, 0, T0);
	for (int i = 0; i < 3; i++)
		CHECK(fp_busy_refused(&busy, &rules, &told, &attempt, T0)
				.pause_ns == 0);
	CHECK(busy.n_rounds == 1);
	attempt.begun_ns = T0 + S;
	CHECK(fp_busy_refused(&busy, &rules, &told, &attempt, T0 + S).pause_ns >
		S / 2);
}

/* Where nothing is learned, it is a time that doubles. */
static void
pauses_grow_while_nothing_passes(void)
{
	int64_t now_ns = T0, least_ns = S / 2;

	begin(FP_BUSY_AUTO);
	rules.learns = false;
	pass(T0, T0);
	refuse(now_ns, now_ns);
	refuse(now_ns, now_ns);
	for (int i = 0; i < 8; i++) {
		int64_t begun_ns = now_ns + 1;
		now_ns += 2;
		struct fp_busy_verdict verdict = refuse(begun_ns, now_ns);
		CHECK(verdict.is_limit && verdict.pause_ns >= least_ns);
		CHECK(verdict.pause_ns <= FP_MIN(2 * least_ns, 30 * S));
		least_ns = FP_MIN(2 * least_ns, 15 * S);
	}
	pass(now_ns + 1, now_ns + 2);
	CHECK(busy.n_rounds == 0);
}

/* A refusal may prolong the silence: from the third on a pause is no shorter
 * than one that was enough before. */
static void
a_silence_that_was_enough(void)
{
	int64_t now_ns = T0;

	begin(FP_BUSY_AUTO);
	fp_busy_started(&busy, 0, T0);
	for (int i = 0; i < 5; i++)
		pass(T0, T0);
	for (int i = 0; i < 3; i++)
		refuse(now_ns, now_ns);
	now_ns += 50 * S;
	pass(now_ns, now_ns);
	CHECK(busy.n_rounds == 0 && busy.learner.is_on);
	CHECK(busy.enough_ns == 50 * S);
	for (int i = 1; i <= 4; i++) {
		now_ns += S;
		int64_t pause_ns = refuse(now_ns, now_ns).pause_ns;
		CHECK(i < 3 ? pause_ns < 40 * S : pause_ns >= 51 * S);
		now_ns += pause_ns;
	}
}

static void
one_finds_out(void)
{
	begin(FP_BUSY_AUTO);
	CHECK(!fp_busy_started(&busy, 0, T0));
	pass(T0, T0);
	for (int i = 0; i < 3; i++)
		refuse(T0, T0 + 1);
	CHECK(fp_busy_due_ns(&busy) <= T0 + 2);
	CHECK(fp_busy_started(&busy, 0, T0 + 2));
	CHECK(fp_busy_due_ns(&busy) == INT64_MAX);
	pass(T0 + 2, T0 + 3);
	fp_busy_sole_ended(&busy);
	CHECK(fp_busy_due_ns(&busy) < INT64_MAX);
	CHECK(!fp_busy_started(&busy, 0, T0 + 4));
}

static void
as_the_user_says(void)
{
	begin(FP_BUSY_ORIGIN);
	CHECK(refuse(T0, T0).is_limit);
	begin(FP_BUSY_ORIGIN);
	CHECK(!refuse_as(FP_REFUSAL_MILD, false, T0, T0).is_limit);
	begin(FP_BUSY_ITEM);
	for (int i = 0; i < 100; i++)
		CHECK(!refuse_as(FP_REFUSAL_SAID, true, T0 + i, T0 + i)
				.is_limit);
}

/* 503 from the first one on, and no item that was never sent: it is ill, and
 * each item has its own pauses. */
static void
what_never_answered_is_ill(void)
{
	begin(FP_BUSY_AUTO);
	for (int i = 0; i < 100; i++) {
		struct fp_busy_verdict verdict =
			refuse_as(FP_REFUSAL_MILD, false, T0 + i, T0 + i);
		CHECK(verdict.is_limit == (i > 1));
		CHECK(verdict.pause_ns == (i > 1 ? S : 0));
		CHECK(!busy.is_careful);
	}
}

/* With such an item it is left alone for a while, to find out. */
static void
what_never_answered_may_have_a_limit(void)
{
	struct fp_refused refused = {.is = FP_REFUSAL_MILD, .wait_ns = -1};
	struct fp_busy_attempt attempt = {
		.wait_ns = S, .random = fp_random_seed(1), .has_other = true};
	int64_t now_ns = T0;

	begin(FP_BUSY_AUTO);
	for (int i = 0; i < 4; i++) {
		attempt.begun_ns = now_ns;
		now_ns += S;
		fp_busy_refused(&busy, &rules, &refused, &attempt, now_ns);
		CHECK(busy.is_careful == (i > 1));
	}
	attempt.has_other = false;
	attempt.begun_ns = now_ns;
	fp_busy_refused(&busy, &rules, &refused, &attempt, now_ns + 1);
	CHECK(!busy.is_careful);
}

/* How long a limit is believed in that many items find at first. */
static int64_t
believed_ns(const struct fp_refused *refused, unsigned n_items)
{
	struct fp_busy_attempt attempt = {
		.wait_ns = S, .random = fp_random_seed(1), .n_items = n_items};
	int64_t now_ns = T0;

	begin(FP_BUSY_AUTO);
	for (int i = 0; i < 100; i++) {
		attempt.begun_ns = now_ns;
		int64_t pause_ns = fp_busy_refused(
			&busy, &rules, refused, &attempt, now_ns)
					   .pause_ns;
		if (busy.n_rounds > 1 && !busy.is_careful)
			break;
		now_ns += FP_MAX(pause_ns, 1);
	}
	return now_ns - T0;
}

/* What says that there are too many, and no more, is believed for longer, the
 * more items there are; but not what is only supposed to say so, or names a
 * time. */
static void
what_says_so_is_believed_for_longer(void)
{
	static const struct belief {
		struct fp_refused refused;
		unsigned n_items;
		int64_t least_s;
	} beliefs[] = {
		{{.is = FP_REFUSAL_SAID, .wait_ns = -1}, 0, 90},
		{{.is = FP_REFUSAL_SAID, .wait_ns = -1}, 5, 90},
		{{.is = FP_REFUSAL_SAID, .wait_ns = -1}, 36, 270},
		{{.is = FP_REFUSAL_SAID, .wait_ns = 0}, 36, 270},
		{{.is = FP_REFUSAL_SAID, .wait_ns = -1}, 300, 600},
		{{.is = FP_REFUSAL_SAID, .wait_ns = -1, .is_supposed = true},
			300, 90},
		{{.is = FP_REFUSAL_SAID, .wait_ns = S}, 300, 90},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(beliefs); i++) {
		const struct belief *belief = &beliefs[i];
		int64_t took_ns =
			believed_ns(&belief->refused, belief->n_items);
		CHECK(took_ns >= belief->least_s * S);
		CHECK(took_ns < (belief->least_s + 150) * S);
	}
}

/* How long one that passed n is waited for, while it refuses all that come. */
static int64_t
ill_after_ns(int n)
{
	begin(FP_BUSY_AUTO);
	for (int i = 0; i < n; i++)
		pass(T0, T0);
	int64_t now_ns = T0 + 1;
	for (int i = 0; i < 100; i++) {
		struct fp_busy_verdict verdict =
			refuse_as(FP_REFUSAL_MILD, false, now_ns, now_ns);
		if (busy.n_rounds > 1 && !busy.is_careful)
			return now_ns - T0;
		now_ns += FP_MAX(verdict.pause_ns, 1);
	}
	return INT64_MAX;
}

/* A limit of two for ten minutes is rare, one of 100 is not. */
static void
what_has_passed_little_is_ill_sooner(void)
{
	CHECK(ill_after_ns(2) >= 90 * S && ill_after_ns(2) < 240 * S);
	CHECK(ill_after_ns(100) >= 600 * S && ill_after_ns(100) < 750 * S);
}

static enum fp_doubt
doubt(int64_t begun_ns, int64_t now_ns)
{
	struct fp_busy_attempt attempt = {.begun_ns = begun_ns};

	return fp_busy_doubt(&busy, &attempt, now_ns);
}

/* The server judged the first 16 in another order than they were sent in, and
 * one that was sent later before the first no. Two that were sent when that was
 * heard, and pass, say that the others mean their items. */
static void
a_no_among_those_under_way(void)
{
	for (int n_later = 0; n_later < 10; n_later += 3) {
		begin(FP_BUSY_AUTO);
		CHECK(doubt(T0 + 1, T0 + 41) == FP_DOUBT_HELD);
		for (int i = 0; i < 6; i++)
			pass(T0 + 2 + i, T0 + 42 + i);
		pass(T0 + 30, T0 + 50);
		for (int i = 0; i < n_later; i++)
			pass(T0 + 45, T0 + 55);
		for (int i = 0; i < 9; i++)
			doubt(T0 + 8 + i, T0 + 56 + i);
		CHECK(fp_busy_doubt_due(&busy, false, false) ==
			(n_later > 3 ? FP_DOUBT_NO : FP_DOUBT_TEST));
	}
}

/* {status, is there a Retry-After, is nothing left, do words say it, what it
 * is}. */
static void
what_answers_are(void)
{
	static const struct {
		int status;
		bool has_time, is_used_up, is_throttled;
		enum fp_refusal is;
	} cases[] = {
		{429, false, false, false, FP_REFUSAL_SAID},
		{503, false, false, false, FP_REFUSAL_MILD},
		{503, true, false, false, FP_REFUSAL_SAID},
		{503, false, false, true, FP_REFUSAL_SAID},
		{509, false, false, false, FP_REFUSAL_MILD},
		{509, true, false, false, FP_REFUSAL_SAID},
		{529, false, false, false, FP_REFUSAL_MILD},
		{529, true, false, false, FP_REFUSAL_SAID},
		{420, false, false, false, FP_REFUSAL_SAID},
		{418, false, true, false, FP_REFUSAL_NONE},
		{418, true, false, false, FP_REFUSAL_SAID},
		{403, false, false, false, FP_REFUSAL_DOUBT},
		{403, true, false, false, FP_REFUSAL_SAID},
		{403, false, true, false, FP_REFUSAL_SAID},
		{403, false, false, true, FP_REFUSAL_SAID},
		{400, false, false, false, FP_REFUSAL_NONE},
		{400, true, true, false, FP_REFUSAL_NONE},
		{400, false, false, true, FP_REFUSAL_SAID},
		{500, false, false, false, FP_REFUSAL_DOUBT},
		{500, true, false, false, FP_REFUSAL_DOUBT},
		{500, false, false, true, FP_REFUSAL_SAID},
		{404, true, true, true, FP_REFUSAL_NONE},
		{200, false, true, true, FP_REFUSAL_NONE},
	};
	struct fp_waithint hints;

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		fp_waithint_reset(&hints);
		hints.wait_ns = cases[i].has_time ? 2 * S : -1;
		hints.is_throttled = cases[i].is_throttled;
		if (cases[i].is_used_up)
			hints.limits[hints.n_limits++] =
				(struct fp_waithint_limit){
					.left = FP_LEFT_NONE};
		struct fp_refused refused =
			fp_refusal_judge(cases[i].status, &hints, T0);
		CHECK(refused.is == cases[i].is);
		CHECK(refused.wait_ns == (cases[i].has_time ? 2 * S : -1));
	}
}

int
main(void)
{
	run("what answers are", what_answers_are);
	run("a single refusal is no limit", one_is_no_limit);
	run("quiet ones are counted", quiet_ones_are_counted);
	run("it is asked again at marks", it_is_asked_at_marks);
	run("pauses grow while nothing passes",
		pauses_grow_while_nothing_passes);
	run("and are as long as was enough before", a_silence_that_was_enough);
	run("one finds out", one_finds_out);
	run("as the user says", as_the_user_says);
	run("what has never answered is ill", what_never_answered_is_ill);
	run("what has never answered may have a limit",
		what_never_answered_may_have_a_limit);
	run("what says so is believed for longer",
		what_says_so_is_believed_for_longer);
	run("what has passed little is ill sooner",
		what_has_passed_little_is_ill_sooner);
	run("a no among those under way", a_no_among_those_under_way);
	return done();
}
