/* SPDX-License-Identifier: MIT */
/*
 * A server that lets so many in at once, and refuses others immediately, lets
 * each of them pass that comes alone, at any rate: as a limit on the rate it is
 * not to be understood, nor as items that are broken.
 *
 * When many were refused in a row, those that are still under way may be what
 * was let in. Then no more than these are sent at once: each refusal that is
 * heard leaves one less, until only those are left that were let in. What
 * passes then, and nothing else does, was what there is room for. If one fails
 * that has no company at all, that is another matter, and nothing was lost: the
 * number is free again.
 *
 * Where answers take long, a limit on the rate looks like that as well: one is
 * under way, and the others that came with it were refused. So, as long as none
 * of those is back, one more is sent after a moment, after twice as long and so
 * on. A server that is full refuses it whenever it comes; if it passes, this
 * was no such limit. Where the answer is that the server has failed, nothing is
 * sent for that.
 *
 * Now and then one more is tried; after twice as many passes each time that it
 * was refused. If more are refused than these, whatever the number, or half of
 * what had been found is not let in any more, it was no limit.
 */
#include "base.h"

#include "company.h"

#define HELD 8 /* passes that say that a number is right */
/* What a server knows, and we do not yet. */
#define PROBED_NS (20 * FP_NS_PER_MS)

#define MORE_MIN 2
#define MORE_MAX 64

#define ALONE_MAX 3
#define LATE_MAX 2 /* times that one more was let in, and the next not */

/* Passes until it is supposed again, after it was in vain. */
#define REST 100
#define REST_MAX 20000

/* So many are refused when one more is tried: one in so many that pass. */
#define FAILED_FEW 3
#define FAILED_PART 32

static void
set_most(struct fp_company *company, unsigned most, int64_t now_ns)
{
	company->most = most;
	company->n_held = 0;
	company->changed_ns = now_ns;
}

/* After twice as long each time. */
static void
company_probe_later(struct fp_company *company, int64_t now_ns)
{
	company->gap_ns *= 2;
	company->probe_ns =
		company->gap_ns > 0 ? now_ns + company->gap_ns : INT64_MAX;
}

void
fp_company_suppose(struct fp_company *company, unsigned n_others,
	int64_t gap_ns, int64_t now_ns)
{
	*company = (struct fp_company){.n_more = HELD,
		.rest = company->rest,
		.gap_ns = gap_ns,
		.supposed_ns = now_ns};
	company_probe_later(company, now_ns);
	set_most(company, FP_MAX(n_others, 1), now_ns);
}

void
fp_company_started(
	struct fp_company *company, unsigned n_others, int64_t now_ns)
{
	if (company->is_trying && company->tried_ns == 0 &&
		n_others + 1 == company->most)
		company->tried_ns = now_ns;
}

static void
company_give_up(struct fp_company *company)
{
	unsigned rest = FP_MAX(company->rest, REST);

	*company = (struct fp_company){
		.n_rest = rest, .rest = FP_MIN(4 * rest, REST_MAX)};
}

/* Fewer than that are let in. If one that began later than the one more that
 * was tried is the first to be refused, it was a matter of when they came. */
static void
company_lower(struct fp_company *company, unsigned most, int64_t begun_ns,
	int64_t now_ns)
{
	bool was_let_in = company->gap_ns > 0 && company->is_trying &&
			  company->tried_ns > 0 &&
			  begun_ns > company->tried_ns + PROBED_NS;

	if (was_let_in && ++company->n_late >= LATE_MAX) {
		company_give_up(company);
		return;
	}
	if (was_let_in)
		company->n_more = HELD;
	else if (company->is_trying)
		company->n_more =
			FP_MIN(FP_MAX(2 * company->n_more, HELD), MORE_MAX);
	company->is_trying = false;
	set_most(company, most, now_ns);
}

bool
fp_company_failed(struct fp_company *company, unsigned n_others,
	int64_t begun_ns, int64_t now_ns)
{
	if (company->most == 0)
		return false;
	if (n_others >= company->most && company->first_ns == 0) {
		company_probe_later(company, now_ns);
		return true;
	}
	company->n_failed += begun_ns > company->supposed_ns;
	company->n_alone += n_others == 0;
	if ((n_others == 0 && !company->is_limit) ||
		(n_others > 0 && n_others < company->found / 2) ||
		company->n_alone >= ALONE_MAX ||
		company->n_failed >
			FAILED_FEW + company->n_passed / FAILED_PART) {
		company_give_up(company);
		return false;
	}
	if (n_others > 0 && n_others < company->most)
		company_lower(company, n_others, begun_ns, now_ns);
	return n_others > 0 && company->most > 0;
}

/* A half, three quarters, a quarter, seven eighths and so on: one, less the
 * bits the other way round. */
static double
company_part(unsigned n)
{
	double part = 1, bit = 0.5;

	for (; n > 0; n /= 2, bit /= 2)
		part -= n % 2 ? bit : 0;
	return part;
}

void
fp_company_passed(struct fp_company *company, int64_t begun_ns, int64_t now_ns)
{
	company->n_rest -= company->n_rest > 0;
	if (company->most == 0)
		return;
	if (company->first_ns == 0)
		company->first_ns = now_ns;
	company->n_passed += begun_ns > company->supposed_ns;
	if (begun_ns <= company->changed_ns)
		return;

	/* It was let in with as many as were too many before. */
	if (begun_ns + PROBED_NS < company->first_ns) {
		company_give_up(company);
		return;
	}
	company->n_held++;
	if (company->n_held >= HELD) {
		if (!company->is_limit)
			company->found = company->most;
		company->is_limit = true;
		company->n_alone = 0;
	}
	if (company->n_held < company->n_more)
		return;
	if (company->is_trying)
		company->n_more = FP_MAX(company->n_more / 2, MORE_MIN);
	company->is_trying = true;
	company->tried_ns = 0;
	set_most(company, company->most + 1, now_ns);

	/* In the midst of those that are under way, each time elsewhere, so
	 * that it is not refused for another that has just begun; and late
	 * enough once that a limit on the rate lets it pass. */
	company->room_ns = now_ns + (int64_t)((double)(now_ns - begun_ns) *
					      company_part(++company->n_tries));
}
