/* SPDX-License-Identifier: MIT */
/*
 * A limit is known by its company: something has passed a moment ago, then
 * nothing passes, whichever item it is; and after a while the same items do.
 *
 *	an item that is broken	fails again while others pass: what was tried
 *			before does not count here
 *	failures by chance	do not come eight in a row, if they are less
 *			than a tenth of all; nor 16, if less than a third; nor
 *			32, if little more than half
 *	a server that is ill	lets nothing pass after a while either; and if
 *			nothing has ever passed, nothing is suspected
 *	items that are broken, next to each other	look like a limit at
 *			first
 *	a process that ends	closes all its connections at once; those that
 *			begin after that are not closed, but refused by the
 *			system, or passed by another process
 *
 * A connection that is closed in place of an answer (nginx with 444, HAProxy
 * with reject) is such a failure, too; for the last reason some of the row must
 * have begun after the first one was heard. Servers that break do it as well,
 * so this is found out once in a run, for half as long, and only with requests
 * that may be sent again.
 *
 * So when that many items in a row have failed, at their first attempt, the
 * server is left alone, and one of them is sent again: 1, 2, 5, 10, 30 and 60 s
 * after the first of them, as people choose limits; and if as many had passed
 * as people choose, such as 50, after 120, 300 and 600 s. If it passes, they
 * were a limit's and so are all such failures from then on. If it fails,
 * another item is sent at once that never was, from far behind in the list, as
 * it has little to do with them: if that passes, and then one of the others
 * fails once more, the items are broken. If none may be sent again, as with
 * POST, the next item is in the place of that one. Where no other is left there
 * is less to lose: then the first three times are all.
 *
 * Once they are a limit's, requests are spaced, and a limit that is kept to
 * refuses now and then. Where failures go on with hardly anything in between,
 * they were not. Each time that there was no limit, it takes four times as many
 * passes before one is suspected again.
 */
#include "base.h"

#include "suspect.h"

#define ROW_MIN 8
#define ROW_FEW 16 /* the same, if more than a few fail anyhow */
#define ROW_MANY 32 /* and if many do */
#define LATER_MIN 2 /* that began when a connection had been closed */
#define SHARE_NONE 0.02 /* nothing fails, but for this row */
#define SHARE_FEW 0.1
#define SHARE_MANY 0.3
#define SHARE_MAX 0.6
#define SHARE_STEP 0.05

/* So few passes between two failures; so many times. */
#define MIXED 4
#define MIXED_MAX 4

#define CLEAN_MIN 5
#define CLEAN_MAX 20000

/* After a mark, for our clock is not the server's. */
#define LATE 0.02

#define ALONE_MAX 3

#define MARKS_CLOSED 5
#define MARKS_SHORT 6
#define MARKS 9
#define MARK_NS_MAX 4e18 /* of a first pause of a year */
#define CHOSEN_MIN 20

/* Passes after one of another item, before it is a limit. */
#define PASSED_MIN 2

bool
fp_suspect_tests(const struct fp_suspect *suspect)
{
	double share = suspect->share_before;
	unsigned least = share < SHARE_FEW    ? ROW_MIN
			 : share < SHARE_MANY ? ROW_FEW
					      : ROW_MANY;

	return !suspect->is_limit && suspect->n_row >= least &&
	       (suspect->closed_ns == 0 || suspect->n_later >= LATER_MIN) &&
	       share < SHARE_MAX;
}

static void
suspect_end(struct fp_suspect *suspect)
{
	/* What all failed together, after nothing did, says nothing of how many
	 * do else. */
	if (suspect->n_row >= ROW_MIN && suspect->share_before < SHARE_NONE)
		suspect->share = suspect->share_before;
	suspect->n_clean = 0;
	suspect->n_row = suspect->n_tests = suspect->n_mixed = 0;
	suspect->closed_ns = 0;
	suspect->n_later = 0;
	suspect->wants_other = false;
	suspect->n_passed = 0;
}

void
fp_suspect_clear(struct fp_suspect *suspect)
{
	suspect_end(suspect);
	suspect->is_limit = false;
	suspect->n_clean_min =
		FP_MIN(4 * FP_MAX(suspect->n_clean_min, CLEAN_MIN), CLEAN_MAX);
}

/* What failed at a limit. */
static enum fp_suspected
fail_limit(struct fp_suspect *suspect, bool is_paced)
{
	if (suspect->n_clean >= MIXED)
		suspect->n_mixed = 0;
	else if (suspect->n_clean > 0 && is_paced)
		suspect->n_mixed++;
	suspect->n_clean = 0;
	if (suspect->n_mixed < MIXED_MAX)
		return FP_SUSPECTED_LIMIT;
	fp_suspect_clear(suspect);
	return FP_SUSPECTED_NO;
}

/* 50, 600 or 2500: few numbers are like this, but most limits. Of those below
 * 20 many are. */
static bool
people_choose(uint64_t n)
{
	static const uint64_t firsts[] = {1, 2, 3, 5, 6, 12, 15, 25};

	if (n < CHOSEN_MIN)
		return false;
	while (n >= 10 && n % 10 == 0)
		n /= 10;
	for (size_t i = 0; i < FP_ARRAY_LEN(firsts); i++) {
		if (n == firsts[i])
			return true;
	}
	return false;
}

unsigned
fp_suspect_marks(uint64_t n_passed)
{
	return people_choose(n_passed) ? MARKS : MARKS_SHORT;
}

int64_t
fp_suspect_mark_ns(size_t n, int64_t since_ns, int64_t delay_ns, int64_t now_ns)
{
	static const int marks[MARKS] = {1, 2, 5, 10, 30, 60, 120, 300, 600};

	if (n >= MARKS)
		return 0;
	double mark_ns = (double)delay_ns * marks[n] * (1 + LATE);
	mark_ns = FP_MIN(mark_ns, MARK_NS_MAX);
	return FP_MAX(since_ns + (int64_t)mark_ns - now_ns, 1);
}

static unsigned
marks_of(const struct fp_suspect *suspect)
{
	unsigned n = fp_suspect_marks(suspect->n_clean);

	return suspect->closed_ns == 0 ? n
	       : n > MARKS_SHORT       ? MARKS_SHORT
				       : MARKS_CLOSED;
}

/* Until the next test; 0: there is none. */
static int64_t
next_test_ns(const struct fp_suspect *suspect, int64_t delay_ns, bool has_other,
	int64_t now_ns)
{
	if ((!has_other && suspect->n_tests >= ALONE_MAX) ||
		suspect->n_tests >= marks_of(suspect))
		return 0;
	return fp_suspect_mark_ns(
		suspect->n_tests, suspect->row_ns, delay_ns, now_ns);
}

int64_t
fp_suspect_wait_ns(
	const struct fp_suspect *suspect, int64_t delay_ns, int64_t now_ns)
{
	return next_test_ns(suspect, delay_ns, true, now_ns);
}

/* One that was let out alone has failed. */
static enum fp_suspected
fail_test(struct fp_suspect *suspect, const struct fp_suspect_attempt *attempt,
	int64_t delay_ns, int64_t now_ns, int64_t *pause_ns)
{
	if (suspect->n_passed > 0 && !attempt->is_first) {
		fp_suspect_clear(suspect);
		return FP_SUSPECTED_NO;
	}
	suspect->n_passed = 0;
	bool was_other = attempt->is_first && suspect->wants_other;
	if (!was_other && attempt->has_other) {
		suspect->wants_other = true;
		return FP_SUSPECTED_MAYBE;
	}
	suspect->wants_other = false;
	suspect->n_tests++;
	*pause_ns = next_test_ns(suspect, delay_ns, attempt->has_other, now_ns);
	if (*pause_ns > 0)
		return FP_SUSPECTED_MAYBE;
	fp_suspect_clear(suspect);
	return FP_SUSPECTED_NO;
}

enum fp_suspected
fp_suspect_failed(struct fp_suspect *suspect,
	const struct fp_suspect_attempt *attempt, int64_t delay_ns,
	int64_t now_ns, int64_t *pause_ns)
{
	int64_t halfway_ns = now_ns - (now_ns - attempt->begun_ns) / 2;

	*pause_ns = 0;
	if (suspect->is_limit)
		return fail_limit(suspect, attempt->is_paced);
	bool was_testing = fp_suspect_tests(suspect);
	if (was_testing && attempt->is_test)
		return fail_test(suspect, attempt, delay_ns, now_ns, pause_ns);
	if (!attempt->is_first)
		return was_testing ? FP_SUSPECTED_MAYBE : FP_SUSPECTED_NO;
	if (!was_testing && attempt->is_closed && suspect->was_closed)
		return FP_SUSPECTED_NO;
	double share = suspect->share;
	suspect->share += SHARE_STEP * (1 - share);
	if (suspect->n_row == 0) {
		if (suspect->n_clean < FP_MAX(suspect->n_clean_min, 1)) {
			suspect->n_clean = 0;
			return FP_SUSPECTED_NO;
		}
		suspect->share_before = share;
	}
	if (attempt->is_closed && suspect->closed_ns == 0)
		suspect->closed_ns = now_ns;
	else if (suspect->closed_ns > 0)
		suspect->n_later += attempt->begun_ns >= suspect->closed_ns;
	if (suspect->n_row++ == 0 || halfway_ns < suspect->row_ns)
		suspect->row_ns = halfway_ns;
	if (!fp_suspect_tests(suspect))
		return FP_SUSPECTED_NO;
	suspect->was_closed |= suspect->closed_ns > 0;
	if (!was_testing)
		*pause_ns = next_test_ns(suspect, delay_ns, true, now_ns);
	return FP_SUSPECTED_MAYBE;
}

void
fp_suspect_passed(
	struct fp_suspect *suspect, const struct fp_suspect_attempt *attempt)
{
	if (attempt->is_first)
		suspect->share -= SHARE_STEP * suspect->share;
	if (suspect->n_row == 0 || attempt->begun_ns <= suspect->row_ns) {
		suspect->n_clean++;
		return;
	}
	bool was_testing = fp_suspect_tests(suspect) && attempt->is_test;
	if (was_testing && attempt->is_first && suspect->wants_other) {
		suspect->wants_other = false;
		suspect->n_passed = 1;
		return;
	}
	if (was_testing && suspect->n_passed > 0 &&
		suspect->n_passed++ < PASSED_MIN)
		return;
	suspect_end(suspect);
	suspect->n_clean = 1;
	suspect->is_limit = was_testing && !attempt->is_first;
}
