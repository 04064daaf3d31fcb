/* SPDX-License-Identifier: MIT */
/*
 * A refusal counts 1, and fades with each request that passes. Three that
 * follow closely are a limit; so is one that says that nothing is left, and
 * each while a rate is kept to that was learned. A single one is not: then its
 * item waits, and nobody else.
 *
 * Before that, if three in a row were refused without a time, and others are
 * under way, fewer at once are tried: that may be all (company.h).
 *
 * A time that is named is for all, even if the refusal is a single one. But a
 * server that names one again and again, and refuses nobody else, sheds single
 * requests: then the time is for the item, until there is a limit.
 *
 * Refusals of requests that were under way together are one round. After it one
 * request goes first; when that passes, the others follow. When it goes, where
 * the server does not say it:
 *
 *	at first	at marks: when a time that people choose for limits
 *			would be over since the first request, 1, 2, 5, 10, 30,
 *			60 and 120 s; before that after 0.25 s, if hardly
 *			anything has passed; and so long after the one before
 *			as these marks are apart, for a refusal may prolong it
 *	later		after a time that is drawn from one that doubles with
 *			each round; and from the third on, one that is no
 *			shorter than one that was enough
 *
 * That goes on for as long as nothing passes, however many items it takes: a
 * window of a minute is found out after a minute.
 *
 * Not everything that refuses is a limit:
 *
 *	about items	those that were refused before are refused again, and
 *			others pass meanwhile
 *	by chance	of those that were sent while the first refusals were on
 *			their way, most have passed, which a limit would have
 *			refused; or a lower rate does not help (learner.h)
 *	ill		503, and nothing has ever passed, and no item is left
 *			that was never sent and could find out; or nothing
 *			passes any more for a minute and a half and 10 s for
 *			each that has, but for ten minutes at most: limits that
 *			let few through are rarely for long. What says that
 *			there are too many requests and no more, as a bare 429
 *			does, is believed for 5 s longer for each item, if all
 *			are for this origin: others may have used the limit up,
 *			and the more items there are, the more would be lost
 *
 * Then each item waits by itself, as for other failures; while an ill server
 * has its pauses, as long as its items wait.
 *
 * A 500 without a word of a limit is a failure, unless it has the company of
 * one (suspect.h). Then it is a refusal; and one of an item that was refused
 * before, while others passed since, was none: it is taken back.
 *
 * Before anything waits for that, fewer at once are tried as well.
 *
 * A 403 without a word of a limit is a no, unless it looks like this: nothing
 * but successes, and from a moment on nothing but 403, by which a limit that
 * says no more would be known. Then items that were never sent go one by one,
 * 1, 2, 5, 10, 30 and 60 s after the first no, and up to 600 s, if as many had
 * passed as people choose for limits; and when one has passed, one of those
 * that were told no, before anything else. If that passes, they were a limit's.
 * If there are no such items, those that were told no are tried again, up to
 * three times. Where some items are forbidden and others are not, more pass in
 * between than had before, and nothing is tried again.
 */
#include "base.h"

#include "busy.h"

#include "random.h"

#define FADE 0.85
#define LIMIT 2.6
#define TOLD_ROW 3 /* the same, in a row, of those that name a time */
#define CROWD_ROW 3 /* in a row, before fewer at once are tried */
#define LIMIT_BY_CHANCE 12 /* in a row */
#define PART_MOST 0.7 /* of all: that is no chance */
#define PART_STEP 0.05

/* The first pause of one that is paced, in times of its spacing. */
#define PAUSE_TURNS 3

/* Marks: the first one is for less than so many that have passed; the least
 * part of the time since the first refusal between two; their jitter. */
#define MARK_MIN 4
#define MARK_PART 3
#define MARK_JITTER 25
#define MARK_DELAYS 4 /* longest pauses, at most between two */
#define PAUSE_MAX_NS (86400 * FP_NS_PER_S)

/* From this round on a refusal may well have prolonged the silence: it has to
 * be as long as one that was enough. */
#define ENOUGH_ROUND 3

/* What passes after a refusal before the next one would be a surprise. */
#define DAWN 4

#define LONE 0.5 /* score before, after five that passed */
#define LONE_MIN 3
#define LONE_MIN_MAX 1000

#define AGAIN_MIN 2 /* refusals before that may have been bad luck */
#define STUBBORN 0.58 /* four in a row */
#define STUBBORN_FADE 0.8

#define ILL_ROUNDS 8
#define ILL_ROUNDS_MILD 7 /* the same, of 503, before anything has passed */
#define ILL_DELAYS 20 /* longest pauses, at most */
#define ILL_DELAYS_MIN 3 /* and without those for what has passed */
#define ILL_PASSED 3 /* for so many one more */
#define ILL_ITEMS 6 /* the same, of items, if it says that it is a limit */
#define CHANCE_ROUNDS 3

/* The shortest of pauses that are drawn. */
#define LEAST_NS (50 * FP_NS_PER_MS)

/* So many of the longest pauses, while nothing passes. What names a time has
 * said what it knows. */
static int64_t
patience_of(const struct fp_busy *busy, const struct fp_busy_rules *rules,
	const struct fp_refused *refused, unsigned n_items)
{
	uint64_t n_delays = ILL_DELAYS_MIN + busy->n_passed / ILL_PASSED;

	if (rules->learns && refused->is == FP_REFUSAL_SAID &&
		refused->wait_ns <= 0 && !refused->is_supposed)
		n_delays += n_items / ILL_ITEMS;
	return (int64_t)FP_MIN(n_delays, ILL_DELAYS);
}

static bool
is_ill(const struct fp_busy *busy, const struct fp_busy_rules *rules,
	const struct fp_refused *refused, const struct fp_busy_attempt *attempt,
	int64_t now_ns)
{
	int64_t longest_ns = FP_MIN(rules->max_delay_ns, PAUSE_MAX_NS);
	bool is_mild_new =
		refused->is == FP_REFUSAL_MILD && busy->passed_ns == 0;
	unsigned n_rounds = is_mild_new ? ILL_ROUNDS_MILD : ILL_ROUNDS;
	bool may_find_out = rules->learns && attempt->has_other;
	int64_t n_delays = patience_of(busy, rules, refused, attempt->n_items);

	if (is_mild_new && !may_find_out)
		return true;
	return busy->n_rounds >= n_rounds &&
	       now_ns - busy->rounds_ns >= n_delays * longest_ns;
}

static bool
is_limit(const struct fp_busy *busy, const struct fp_busy_rules *rules,
	const struct fp_refused *refused)
{
	bool is_mild = refused->is == FP_REFUSAL_MILD;

	switch (rules->mode) {
	case FP_BUSY_ORIGIN:
		return !is_mild || busy->score >= LIMIT;
	case FP_BUSY_ITEM:
		return false;
	case FP_BUSY_AUTO:
		break;
	}
	if (busy->learner.is_on || refused->is_used_up)
		return true;
	if (busy->learner.n_rest > 0)
		return false;
	return busy->score >= LIMIT ||
	       (refused->wait_ns > 0 && busy->n_row >= TOLD_ROW);
}

/* Passes after a refusal that say that it is no limit, and how many times as
 * many as refusals they are. */
#define AGAINST_MIN 3
#define AGAINST_TIMES 2

/* So often refused, with others that passed in between, it is the item. */
#define OWN_MIN 2

/* Starts in a second: what says nothing of a limit is not kept to below. */
#define SUSPECT_RATE_MIN 0.1

#define CLEAN_MIN 5
#define CLEAN_MAX 20000
#define DOUBTS_MIN 8
#define CONTRARY 2 /* against it, for each pass before: then it is none */
#define TESTS_MAX 3
#define CONFIRM_NS (FP_NS_PER_S * 21 / 20)

/* From half of the time to all of it, so that one item does not draw nothing
 * for all. */
static int64_t
draw_pause_ns(const struct fp_busy *busy, const struct fp_busy_rules *rules,
	uint64_t random)
{
	int64_t most_ns = rules->delay_ns;
	int64_t longest_ns = FP_MIN(rules->max_delay_ns, PAUSE_MAX_NS);

	if (busy->learner.is_on && busy->n_rounds >= ENOUGH_ROUND)
		longest_ns *= MARK_DELAYS;
	if (busy->learner.is_on)
		most_ns =
			FP_MIN(most_ns, PAUSE_TURNS * busy->learner.spacing_ns);
	for (unsigned i = 1; i < busy->n_rounds && most_ns < longest_ns; i++)
		most_ns *= 2;
	most_ns = FP_MIN(most_ns, FP_MAX(longest_ns, 1));
	int64_t half_ns = most_ns / 2;
	int64_t pause_ns =
		FP_MAX(half_ns + (int64_t)fp_random_evenly(&random,
					 (uint64_t)(most_ns - half_ns)),
			LEAST_NS);
	if (busy->n_rounds < ENOUGH_ROUND)
		return pause_ns;
	return FP_MAX(pause_ns, busy->enough_ns + busy->enough_ns / 50);
}

/* When the next mark is: since the first request, or if that is long ago since
 * the first refusal. `random` is for its jitter. */
static int64_t
draw_mark_ns(const struct fp_busy *busy, const struct fp_busy_rules *rules,
	uint64_t random, int64_t now_ns)
{
	/* In hundredths of the first pause. */
	static const int marks[] = {25, 100, 200, 500, 1000, 3000, 6000, 12000};
	const struct fp_learner *learner = &busy->learner;
	int64_t unit_ns = FP_MIN(rules->delay_ns, PAUSE_MAX_NS) / 100;
	int64_t most_ns = FP_MIN(rules->max_delay_ns, PAUSE_MAX_NS);
	int64_t used_ns = learner->dark_ns - learner->since_ns;
	int64_t gap_ns = FP_MIN(now_ns - learner->dark_ns, most_ns) / MARK_PART;
	int64_t least_ns = now_ns + FP_MAX(gap_ns, LEAST_NS);
	int64_t pause_ns = MARK_DELAYS * most_ns, jitter_ns = pause_ns;

	for (size_t i = learner->n_passed >= MARK_MIN; i < FP_ARRAY_LEN(marks);
		i++) {
		int64_t mark_ns = marks[i] * unit_ns;
		int64_t after_ns = i > 0 ? mark_ns - marks[i - 1] * unit_ns : 0;
		int64_t at_ns =
			mark_ns + (used_ns <= mark_ns / 2 ? learner->since_ns
							  : learner->dark_ns);
		if (at_ns >= least_ns) {
			pause_ns = FP_MIN(
				pause_ns, FP_MAX(at_ns - now_ns, after_ns));
			jitter_ns = mark_ns;
			break;
		}
	}
	jitter_ns /= MARK_JITTER;
	return pause_ns + jitter_ns / 4 +
	       (int64_t)fp_random_evenly(&random, (uint64_t)jitter_ns);
}

/* Something is refused: what has passed quietly is counted. */
static void
busy_stir(struct fp_busy *busy)
{
	busy->is_stirred = true;
	busy->n_clean += (unsigned)FP_MIN(busy->n_quiet, CLEAN_MAX);
	busy->suspect.n_clean += busy->n_quiet;
	busy->learner.n_passed += busy->n_quiet;
	busy->n_passed += busy->n_quiet;
	busy->n_quiet = 0;
}

/* There is no limit, or nothing is to be learned of it. */
static void
busy_rest(struct fp_busy *busy)
{
	fp_learner_rest(&busy->learner);
	busy->score = 0;
	busy->n_rounds = 0;
	busy->is_careful = false;
}

/* Whether it is about this item, and the same has shown for others. */
static bool
is_about_items(struct fp_busy *busy, const struct fp_busy_attempt *attempt)
{
	if (attempt->n_refused < AGAIN_MIN ||
		busy->passed_ns <= attempt->refused_ns)
		return false;
	busy->stubborn = busy->stubborn * STUBBORN_FADE + 1 - STUBBORN_FADE;
	if (busy->stubborn < STUBBORN)
		return false;
	busy_rest(busy);
	return true;
}

/* Whether the time that a refusal names is for its item only. */
static bool
is_its_own(struct fp_busy *busy, const struct fp_busy_rules *rules,
	const struct fp_refused *refused, double score, bool is_limit)
{
	unsigned least = FP_MAX(busy->n_lone_min, LONE_MIN);

	if (is_limit) {
		if (busy->n_lone > least)
			busy->n_lone_min = FP_MIN(4 * least, LONE_MIN_MAX);
		busy->n_lone = 0;
		return false;
	}
	if (rules->mode != FP_BUSY_AUTO || refused->wait_ns <= 0)
		return false;
	busy->n_lone += score < LONE;
	return busy->n_lone > least || busy->learner.n_rest > 0;
}

/* How long all are kept away by a refusal that begins a round. */
static int64_t
choose_pause_ns(const struct fp_busy *busy, const struct fp_busy_rules *rules,
	const struct fp_refused *refused, const struct fp_busy_attempt *attempt,
	int64_t now_ns)
{
	const struct fp_learner *learner = &busy->learner;

	/* A window that was begun too early: it is known when it may begin. */
	if (learner->window.size > 0 &&
		busy->n_rounds == FP_MAX(busy->n_needed, 1))
		return FP_MAX(learner->next_ns - now_ns, 0);

	/* What the server says is enough, the first time. */
	if (refused->wait_ns >= LEAST_NS && busy->n_rounds == 1)
		return 0;
	if (learner->n_asked > 0)
		return draw_mark_ns(busy, rules, attempt->random, now_ns);
	return draw_pause_ns(busy, rules, attempt->random);
}

/* The one that was sent to find out has passed. The next time it is known how
 * many rounds that takes, if it takes as many again. */
static void
end_rounds(struct fp_busy *busy, int64_t begun_ns)
{
	if (busy->learner.is_on && busy->n_rounds > busy->n_needed)
		busy->n_needed = busy->n_rounds;
	else if (busy->learner.is_on && busy->n_needed > 1)
		busy->n_needed--;
	int64_t silence_ns = begun_ns - busy->round_ns;
	if (busy->enough_ns == 0 || silence_ns < busy->enough_ns)
		busy->enough_ns = silence_ns;
	busy->n_rounds = 0;
	busy->is_careful = false;
}

struct fp_busy_verdict
fp_busy_refused(struct fp_busy *busy, const struct fp_busy_rules *rules,
	const struct fp_refused *refused, const struct fp_busy_attempt *attempt,
	int64_t now_ns)
{
	struct fp_busy_verdict verdict = {.is_limit = false};

	busy_stir(busy);
	if (rules->mode == FP_BUSY_AUTO && is_about_items(busy, attempt))
		return verdict;
	double score = busy->score;
	busy->score += 1;
	if (attempt->refused_ns == 0) {
		busy->n_row++;
		busy->part += PART_STEP * (1 - busy->part);
	}
	if (busy->part >= PART_MOST || busy->n_row >= LIMIT_BY_CHANCE)
		busy->learner.n_rest = 0;
	verdict.is_limit = is_limit(busy, rules, refused);
	verdict.is_its_own =
		is_its_own(busy, rules, refused, score, verdict.is_limit);
	if (!verdict.is_limit)
		return verdict;
	if (rules->delay_ns == 0 ||
		is_ill(busy, rules, refused, attempt, now_ns)) {
		busy->is_careful = false;
		verdict.pause_ns = attempt->wait_ns;
		return verdict;
	}
	if (busy->n_rounds > 0 && attempt->begun_ns <= busy->round_ns) {
		busy->n_with += attempt->begun_ns >= busy->after_ns;
		return verdict;
	}
	busy->n_with = busy->n_against = 0;
	busy->after_ns = now_ns - (now_ns - attempt->begun_ns) / 2;
	if (busy->n_rounds++ == 0) {
		busy->rounds_ns = now_ns;
		if (busy->learner.is_on)
			busy->n_rounds = FP_MAX(busy->n_needed, 1);
	}
	busy->round_ns = now_ns;
	busy->is_careful = rules->learns;
	/* Chance does not refuse everything for so long. */
	if (busy->n_rounds >= CHANCE_ROUNDS)
		busy->learner.n_rest = 0;
	if (rules->learns)
		fp_learner_refused(&busy->learner, attempt->begun_ns,
			refused->wait_ns > 0 ? now_ns + refused->wait_ns : 0,
			now_ns);
	if (busy->suspect.is_limit && busy->learner.is_on &&
		busy->learner.rate < SUSPECT_RATE_MIN) {
		fp_suspect_clear(&busy->suspect);
		busy_rest(busy);
	}
	verdict.pause_ns =
		choose_pause_ns(busy, rules, refused, attempt, now_ns);
	return verdict;
}

bool
fp_busy_refused_in_company(struct fp_busy *busy,
	const struct fp_busy_rules *rules, const struct fp_refused *refused,
	const struct fp_busy_attempt *attempt, int64_t now_ns)
{
	struct fp_company *company = &busy->company;

	if (rules->mode != FP_BUSY_AUTO || refused->wait_ns > 0 ||
		refused->is_used_up || busy->learner.is_on)
		return false;
	if (company->most > 0)
		return fp_company_failed(
			company, attempt->n_others, attempt->begun_ns, now_ns);
	if (busy->score + 1 < LIMIT || busy->n_row + 1 < CROWD_ROW ||
		attempt->n_others == 0 || busy->n_rounds > 0 ||
		company->n_rest > 0 || busy->learner.n_rest > 0)
		return false;
	fp_company_suppose(
		company, attempt->n_others, now_ns - attempt->begun_ns, now_ns);
	return true;
}

/* Successes, and then nothing but a no. */
static bool
is_doubtful(const struct fp_busy *busy)
{
	return busy->n_doubts >= DOUBTS_MIN && busy->n_clean >= CLEAN_MIN;
}

static void
end_doubt(struct fp_busy *busy)
{
	busy->n_clean = busy->n_doubts = busy->n_tests = 0;
	busy->n_contrary = 0;
	busy->is_testing = busy->has_other_passed = false;
	busy->is_careful = busy->n_rounds > 0;
}

static void
take_for_no(struct fp_busy *busy)
{
	busy->n_clean_min =
		FP_MIN(4 * FP_MAX(busy->n_clean_min, CLEAN_MIN), CLEAN_MAX);
	end_doubt(busy);
}

/* One that was never sent has passed: nothing else goes before one of those
 * that were told no. */
static void
await_confirmation(struct fp_busy *busy, const struct fp_busy_attempt *attempt,
	int64_t now_ns)
{
	busy->has_other_passed = true;
	busy->other_begun_ns = attempt->begun_ns;
	busy->other_ended_ns = now_ns;
	busy->learner.next_ns = now_ns + CONFIRM_NS;
}

/* The silence that was enough ended with the first that passed. */
static void
suppose_limit(struct fp_busy *busy)
{
	struct fp_learner *learner = &busy->learner;

	fp_learner_suppose(learner, busy->doubt_ns);
	if (!busy->has_other_passed || learner->is_on)
		return;
	learner->refused_ns = busy->last_no_ns;
	learner->n_passed -= learner->n_passed > 0;
	fp_learner_passed(learner, busy->other_begun_ns, busy->other_ended_ns);
}

/* Something has passed. Requests are not judged in the order in which they were
 * sent: what began before the first no was halfway back was under way with it.
 * What began before that no was here may have been judged before it, by a
 * server that takes its time; and those that began later may be a new window's,
 * into which the first requests of a run have come as well. So as many as had
 * passed before are no proof. */
static void
busy_settle_doubt(struct fp_busy *busy, const struct fp_busy_attempt *attempt,
	int64_t now_ns)
{
	if (FP_LIKELY(busy->n_doubts == 0) ||
		attempt->begun_ns <= busy->doubt_ns) {
		busy->n_clean++;
	} else if (attempt->is_test) {
		busy->is_limit_no = true;
		suppose_limit(busy);
		end_doubt(busy);
	} else if (is_doubtful(busy)) {
		if (attempt->is_sole && !busy->has_other_passed)
			await_confirmation(busy, attempt, now_ns);
	} else {
		busy->n_doubts = 1;
		busy->n_contrary +=
			attempt->begun_ns > busy->doubted_ns ? 2 : 1;
		if (busy->n_contrary > CONTRARY * busy->n_clean)
			take_for_no(busy);
	}
}

/* Whether it is known now that a no is one. */
static bool
has_failed_test(struct fp_busy *busy, const struct fp_busy_attempt *attempt)
{
	if (attempt->is_test)
		return busy->has_other_passed || ++busy->n_tests >= TESTS_MAX;
	return is_doubtful(busy) && attempt->is_sole && attempt->is_first &&
	       !busy->has_other_passed &&
	       ++busy->n_tests >= fp_suspect_marks(busy->n_clean);
}

enum fp_doubt
fp_busy_doubt(struct fp_busy *busy, const struct fp_busy_attempt *attempt,
	int64_t now_ns)
{
	int64_t halfway_ns = now_ns - (now_ns - attempt->begun_ns) / 2;

	busy_stir(busy);
	if (busy->is_limit_no)
		return FP_DOUBT_LIMIT;
	if (has_failed_test(busy, attempt)) {
		take_for_no(busy);
		return FP_DOUBT_NO;
	}
	if (busy->n_doubts == 0 && busy->n_clean < busy->n_clean_min) {
		busy->n_clean = 0;
		return FP_DOUBT_NO;
	}
	if (busy->n_doubts == 0)
		busy->doubted_ns = now_ns;
	if (busy->n_doubts++ == 0 || halfway_ns < busy->doubt_ns)
		busy->doubt_ns = halfway_ns;
	if (!busy->has_other_passed)
		busy->last_no_ns = now_ns;
	busy->is_careful |= is_doubtful(busy);
	return FP_DOUBT_HELD;
}

enum fp_doubt
fp_busy_doubt_due(struct fp_busy *busy, bool is_test, bool has_other)
{
	if (busy->is_limit_no)
		return FP_DOUBT_LIMIT;
	if (!is_doubtful(busy)) {
		if (busy->n_doubts > 0)
			take_for_no(busy);
		return FP_DOUBT_NO;
	}
	if (busy->is_testing ? !is_test : has_other && !busy->has_other_passed)
		return FP_DOUBT_HELD;
	busy->is_testing = true;
	return FP_DOUBT_TEST;
}

static struct fp_suspect_attempt
suspect_of(const struct fp_busy_attempt *attempt, bool is_paced)
{
	return (struct fp_suspect_attempt){
		.begun_ns = attempt->begun_ns,
		.is_first = attempt->is_first,
		.is_test = attempt->is_sole,
		.has_other = attempt->has_other,
		.is_paced = is_paced,
		.is_closed = attempt->is_closed,
	};
}

/* Eight have failed, and nothing has passed yet: what is under way since may
 * be all that the server lets in at once. */
#define ALL_FAILED 8

/* Whether it failed for those that are under way with it, as far as that is
 * known. */
static bool
failed_in_company(struct fp_busy *busy, const struct fp_busy_attempt *attempt,
	int64_t now_ns)
{
	struct fp_company *company = &busy->company;

	if (company->most > 0)
		return fp_company_failed(
			company, attempt->n_others, attempt->begun_ns, now_ns);
	if (busy->passed_ns > 0 || busy->learner.is_on || !attempt->is_first)
		return false;
	if (++busy->n_failed != ALL_FAILED || attempt->n_others == 0)
		return false;
	fp_company_suppose(company, attempt->n_others, 0, now_ns);
	return true;
}

enum fp_suspected
fp_busy_failed(struct fp_busy *busy, const struct fp_busy_rules *rules,
	const struct fp_busy_attempt *attempt, int64_t now_ns,
	int64_t *pause_ns)
{
	struct fp_suspect_attempt test =
		suspect_of(attempt, busy->learner.is_on);
	bool was_testing = fp_suspect_tests(&busy->suspect);
	bool was_limit = busy->suspect.is_limit;

	bool had_company = busy->company.most > 0;

	busy_stir(busy);
	*pause_ns = 0;
	if (failed_in_company(busy, attempt, now_ns))
		return busy->company.is_limit ? FP_SUSPECTED_COMPANY
					      : FP_SUSPECTED_NO;

	/* It was refused before, and others have passed since. */
	if (busy->suspect.is_limit && attempt->n_refused > 0 &&
		busy->passed_ns > attempt->refused_ns) {
		if (attempt->refused_ns == busy->learner.refused_ns)
			fp_learner_take_back(&busy->learner, now_ns);
		return attempt->n_refused < OWN_MIN ? FP_SUSPECTED_MAYBE
						    : FP_SUSPECTED_NO;
	}
	enum fp_suspected is = fp_suspect_failed(
		&busy->suspect, &test, rules->delay_ns, now_ns, pause_ns);
	*pause_ns =
		FP_MIN(*pause_ns, MARK_DELAYS * FP_MAX(rules->max_delay_ns, 1));
	if (was_limit && !busy->suspect.is_limit)
		busy_rest(busy);
	bool tests = fp_suspect_tests(&busy->suspect);
	if (tests && !was_testing && attempt->n_others > 0 &&
		busy->company.n_rest == 0) {
		fp_company_suppose(
			&busy->company, attempt->n_others, 0, now_ns);
		*pause_ns = 0;
		return is;
	}
	if (tests && had_company)
		*pause_ns = fp_suspect_wait_ns(
			&busy->suspect, rules->delay_ns, now_ns);
	if (tests || was_testing)
		busy->is_careful = tests || busy->n_rounds > 0;
	return is;
}

/* Something has passed. */
static void
busy_settle_suspect(struct fp_busy *busy, const struct fp_busy_attempt *attempt)
{
	struct fp_suspect_attempt test =
		suspect_of(attempt, busy->learner.is_on);
	bool was_testing = fp_suspect_tests(&busy->suspect);

	bool was_limit = busy->suspect.is_limit;
	int64_t row_ns = busy->suspect.row_ns;
	fp_suspect_passed(&busy->suspect, &test);
	if (busy->suspect.is_limit && !was_limit)
		fp_learner_suppose(&busy->learner, row_ns);
	if (was_testing && !fp_suspect_tests(&busy->suspect))
		busy->is_careful = busy->n_rounds > 0;
}

int64_t
fp_busy_doubt_pause_ns(const struct fp_busy *busy,
	const struct fp_busy_rules *rules, bool has_other, int64_t now_ns)
{
	if (!is_doubtful(busy))
		return 0;
	if (!has_other)
		return rules->delay_ns << FP_MIN(busy->n_tests, TESTS_MAX);
	if (busy->has_other_passed)
		return rules->delay_ns;
	unsigned last = fp_suspect_marks(busy->n_clean) - 1;
	return fp_suspect_mark_ns(FP_MIN(busy->n_tests, last), busy->doubt_ns,
		rules->delay_ns, now_ns);
}

/* Something has passed. If it was sent when the refusal that began the round
 * was halfway back, no limit would have let it through; only then, as answers
 * do not come in the order in which requests were judged. */
static void
busy_weigh(struct fp_busy *busy, const struct fp_busy_attempt *attempt)
{
	if (attempt->begun_ns <= busy->round_ns) {
		busy->n_against += attempt->begun_ns >= busy->after_ns;
		return;
	}
	if (busy->n_against >= AGAINST_MIN &&
		busy->n_against >= AGAINST_TIMES * busy->n_with)
		busy_rest(busy);
}

void
fp_busy_passed(struct fp_busy *busy, const struct fp_busy_attempt *attempt,
	int64_t now_ns)
{
	busy->score *= FADE;
	busy->n_row = 0;
	busy->n_passed++;
	if (attempt->refused_ns == 0)
		busy->part -= PART_STEP * busy->part;
	busy->passed_ns = FP_MAX(busy->passed_ns, attempt->begun_ns);
	if (attempt->n_refused > 0)
		busy->stubborn *= STUBBORN_FADE;
	if (busy->n_rounds > 0)
		busy_weigh(busy, attempt);
	if (busy->n_rounds > 0 && attempt->begun_ns > busy->round_ns)
		end_rounds(busy, attempt->begun_ns);
	fp_company_passed(&busy->company, attempt->begun_ns, now_ns);
	busy_settle_suspect(busy, attempt);
	busy_settle_doubt(busy, attempt, now_ns);
	fp_learner_passed(&busy->learner, attempt->begun_ns, now_ns);

	/* Whether a whole window may begin is seen by its first ones. */
	if (busy->learner.window.size > 0 && busy->learner.window.n == 0)
		busy->is_careful = busy->learner.n_passed < DAWN;
}

bool
fp_busy_start(struct fp_busy *busy, unsigned n_others, int64_t now_ns)
{
	fp_company_started(&busy->company, n_others, now_ns);
	fp_learner_started(&busy->learner, now_ns);
	if (!busy->is_careful)
		return false;
	busy->has_sole = true;
	return true;
}

void
fp_busy_sole_ended(struct fp_busy *busy)
{
	busy->has_sole = false;
}

bool
fp_busy_is_dark(const struct fp_busy *busy)
{
	return busy->n_rounds > 1 ||
	       (busy->learner.is_on &&
		       (busy->n_rounds > 0 || busy->learner.n_passed < DAWN));
}

bool
fp_busy_is_limiting(const struct fp_busy *busy)
{
	return busy->learner.is_on || busy->n_rounds > 0;
}
