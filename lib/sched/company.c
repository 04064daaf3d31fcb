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
 * Now and then one more is tried; after twice as many passes each time that it
 * was refused. If more are refused than these, whatever the number, it was no
 * limit.
 */
#include "base.h"

#include "company.h"

#define HELD 8 /* passes that say that a number is right */
#define MORE_MAX 64
#define ALONE_MAX 3

/* So many are refused when one more is tried: one in so many that pass. */
#define FAILED_FEW 3
#define FAILED_PART 16

static void
set_most(struct fp_company *company, unsigned most, int64_t now_ns)
{
	company->most = most;
	company->n_held = 0;
	company->changed_ns = now_ns;
}

void
fp_company_suppose(
	struct fp_company *company, unsigned n_others, int64_t now_ns)
{
	*company = (struct fp_company){.n_more = HELD};
	set_most(company, FP_MAX(n_others, 1), now_ns);
}

static void
company_give_up(struct fp_company *company)
{
	*company = (struct fp_company){.most = 0};
}

/* Fewer than that are let in. */
static void
company_lower(struct fp_company *company, unsigned most, int64_t now_ns)
{
	if (company->is_trying)
		company->n_more = FP_MIN(2 * company->n_more, MORE_MAX);
	company->is_trying = false;
	set_most(company, most, now_ns);
}

bool
fp_company_failed(struct fp_company *company, unsigned n_others,
	int64_t begun_ns, int64_t now_ns)
{
	if (company->most == 0)
		return false;
	company->n_failed += begun_ns > company->changed_ns;
	if (n_others == 0) {
		if (!company->is_limit || ++company->n_alone >= ALONE_MAX)
			company_give_up(company);
		return false;
	}
	if (n_others < company->most)
		company_lower(company, n_others, now_ns);
	if (company->n_failed <= FAILED_FEW + company->n_passed / FAILED_PART)
		return true;
	company_give_up(company);
	return false;
}

void
fp_company_passed(struct fp_company *company, int64_t begun_ns, int64_t now_ns)
{
	if (FP_LIKELY(company->most == 0) || begun_ns <= company->changed_ns)
		return;
	company->n_passed++;
	company->n_held++;
	if (company->n_held >= HELD) {
		company->is_limit = true;
		company->n_alone = 0;
	}
	if (company->n_held < company->n_more)
		return;
	company->is_trying = true;
	set_most(company, company->most + 1, now_ns);
}
