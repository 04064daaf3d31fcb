/* SPDX-License-Identifier: MIT */
/*
 *	429	too many requests (RFC 6585, section 4)
 *	420	the same, before there was a 429
 *	503	too many, if it says when to come back or what is left, or
 *		in words; else it may be about this request only; 509 and 529
 *		are used like that, too
 *	403	the same, as GitHub, Google and many limiters use it; one that
 *		says nothing of the kind is a no, unless other answers show
 *		that it is not
 *	418	the same, if it says when to come back: Binance bans with it
 *	400	in words only: AWS has its throttling there
 *	500	in words; one that says nothing may be a limiter's exception
 *		that nobody handled: other answers tell (suspect.h)
 */
#include "base.h"

#include "refusal.h"

bool
fp_refusal_wants_text(int status)
{
	return status == 400 || status == 403 || status == 420 ||
	       status == 429 || status == 500 || status == 503 ||
	       status == 509 || status == 529;
}

struct fp_refused
fp_refusal_judge(int status, const struct fp_waithint *hints, int64_t wall_ns)
{
	struct fp_refused refused = {
		.is = FP_REFUSAL_NONE,
		.wait_ns = fp_waithint_after_ns(hints, wall_ns),
		.is_used_up = fp_waithint_is_used_up(hints),
	};
	bool is_told = refused.is_used_up || hints->is_throttled;

	switch (status) {
	case 420:
	case 429:
		refused.is = FP_REFUSAL_SAID;
		break;
	case 418:
		if (refused.wait_ns >= 0)
			refused.is = FP_REFUSAL_SAID;
		break;
	case 503:
	case 509:
	case 529:
		refused.is = is_told || refused.wait_ns >= 0 ? FP_REFUSAL_SAID
							     : FP_REFUSAL_MILD;
		break;
	case 403:
		refused.is = is_told || refused.wait_ns >= 0 ? FP_REFUSAL_SAID
							     : FP_REFUSAL_DOUBT;
		break;
	case 400:
		if (hints->is_throttled)
			refused.is = FP_REFUSAL_SAID;
		break;
	case 500:
		refused.is = hints->is_throttled ? FP_REFUSAL_SAID
						 : FP_REFUSAL_DOUBT;
		break;
	default:
		break;
	}
	if (refused.is == FP_REFUSAL_SAID)
		refused.wait_ns = fp_waithint_refused_ns(hints, wall_ns);
	return refused;
}
