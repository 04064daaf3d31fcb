/* SPDX-License-Identifier: MIT */
/*
 * A journal is a head, which is written at once and is whole or not there, and
 * behind "begin" the lines that are appended as the run goes on.
 *
 * WHAT IS DAMAGE
 *
 * A writer that is killed leaves the beginning of a line behind, without its
 * newline. After a power cut, blocks that were never synced may be zeros, with
 * others behind them that did get to the disk; of these there is nothing before
 * the last "c". Both are left out, and cost nothing: what they told of is in
 * the output behind the end that is known, and is cut off there; and a request
 * is sent only when its line is on the disk. Anything else is damage. A bit
 * that changes turns no line into another (the checksum), and no newline into
 * what a torn line may hold.
 *
 * WHAT IS KNOWN OF THE INPUT
 *
 * Each item's line has its hash as long as it stands in the journal. When the
 * journal is written anew, what is left is one sum for each page of items and
 * each fate, so that the input can still be told from another one, also after
 * those of a fate are to be fetched again.
 *
 * WHAT IS FETCHED AGAIN
 *
 * A "t" for a fate takes the items that have it out of what is done ("ok": none
 * of them). From then on --failed and --unknown are empty; the lines of what is
 * still failed are written to them once more, and then comes an "l". Where a
 * kill came between the two, the next run does it.
 */
#include "base.h"

#include "journalstate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* No change of one bit makes so many; or one at the beginning of a line, or in
 * place of the last newline. */
#define LOST_ZEROS 8

void
fp_journalstate_init(struct fp_journal_state *state)
{
	*state = (struct fp_journal_state){.stage = -1};
}

void
fp_journalstate_destroy(struct fp_journal_state *state)
{
	fp_seqset_destroy(&state->done);
	for (unsigned fate = 0; fate < FP_FATES; fate++)
		fp_seqset_destroy(&state->failed[fate]);
	fp_seqset_destroy(&state->sent);
	fp_journalchain_destroy(&state->chains);
	free(state->options);
	free(state->sums);
	free(state->seen);
	state->options = NULL;
	state->sums = NULL;
	state->seen = NULL;
}

static int
journalstate_refuse(struct fp_journal_state *state, const char *why)
{
	snprintf(state->why, sizeof(state->why), "%s", why);
	errno = EILSEQ;
	return -1;
}

uint64_t
fp_journalstate_last(const struct fp_journal_state *state)
{
	/* What was taken out again does not lower a set's last; the numbers of
	 * items that were sent are below those that were read. */
	return FP_MAX(
		state->chains.last, FP_MAX(state->done.last, state->sent.last));
}

unsigned
fp_journalstate_fate(const struct fp_journal_state *state, uint64_t seq)
{
	for (unsigned fate = FP_FATES - 1; fate > FP_KIND_OK; fate--) {
		if (fp_seqset_has(&state->failed[fate], seq))
			return fate;
	}
	return FP_KIND_OK;
}

uint64_t
fp_journalstate_failed(const struct fp_journal_state *state, uint32_t fates)
{
	uint64_t n = 0;

	for (unsigned fate = 0; fate < FP_FATES; fate++) {
		if (fates & FP_FATE_BIT(fate))
			n += state->failed[fate].n;
	}
	return n;
}

/* ---- one line ---- */

int
fp_journalstate_option(
	struct fp_journal_state *state, struct fp_text name, uint64_t hash)
{
	struct fp_journal_option *options = realloc(
		state->options, (state->n_options + 1) * sizeof(*options));

	if (!options)
		return -1;
	FP_ASSERT(name.len <= FP_JOURNAL_NAME_MAX);
	state->options = options;
	struct fp_journal_option *option = &options[state->n_options++];
	memcpy(option->name, name.data, name.len);
	option->name[name.len] = '\0';
	option->hash = hash;
	return 0;
}

/* The sums of this page. NULL: no memory. */
static struct fp_journal_sums *
find_sums(struct fp_journal_state *state, uint64_t page)
{
	if (page >= state->n_sums) {
		size_t n = FP_MAX((size_t)page + 1, state->n_sums * 2);
		if (page > FP_SEQSET_MAX >> FP_SEQSET_PAGE_BITS) {
			errno = ENOMEM;
			return NULL;
		}
		struct fp_journal_sums *sums =
			realloc(state->sums, n * sizeof(*sums));
		if (!sums)
			return NULL;
		memset(sums + state->n_sums, 0,
			(n - state->n_sums) * sizeof(*sums));
		state->sums = sums;
		state->n_sums = n;
	}
	return &state->sums[page];
}

/* How far the outputs are filled now. */
static void
journalstate_fill(
	struct fp_journal_state *state, const struct fp_journal_line *line)
{
	state->out_end = line->out_end;
	state->failed_end = line->failed_end;
	state->unknown_end = line->unknown_end;
	state->out_sum = line->out_sum;
	state->failed_sum = line->failed_sum;
	state->unknown_sum = line->unknown_sum;
}

/* Whether the outputs can be filled as this line says. */
static int
check_ends(struct fp_journal_state *state, const struct fp_journal_line *line)
{
	if (state->is_listing)
		return journalstate_refuse(state, "its lines are out of order");
	if (line->out_end < state->out_end ||
		line->failed_end < state->failed_end ||
		line->unknown_end < state->unknown_end)
		return journalstate_refuse(state, "an output offset decreases");
	if ((line->out_end == state->out_end &&
		    line->out_sum != state->out_sum) ||
		(line->failed_end == state->failed_end &&
			line->failed_sum != state->failed_sum) ||
		(line->unknown_end == state->unknown_end &&
			line->unknown_sum != state->unknown_sum))
		return journalstate_refuse(state, "its checksums do not match");
	return 0;
}

/* Of an item that has failed, it is kept which page is next. */
static void
end_chain(struct fp_journal_state *state, const struct fp_journal_line *line)
{
	struct fp_journal_chain *chain =
		fp_journalchain_find(&state->chains, line->seq);

	if (!chain)
		return;
	chain->n_ahead = 0;
	if (line->fate == FP_KIND_OK || chain->page == 0)
		fp_journalchain_remove(&state->chains, line->seq);
}

static int
apply_done(struct fp_journal_state *state, const struct fp_journal_line *line)
{
	unsigned fate = line->fate;

	if (check_ends(state, line))
		return -1;
	int is_new = fp_seqset_add(&state->done, line->seq);
	if (is_new == 0)
		return journalstate_refuse(
			state, "an item is recorded as done twice");
	struct fp_journal_sums *sums =
		find_sums(state, line->seq >> FP_SEQSET_PAGE_BITS);
	if (is_new < 0 || !sums ||
		(fate && fp_seqset_add(&state->failed[fate], line->seq) < 0) ||
		fp_seqset_remove(&state->sent, line->seq) < 0)
		return -1;
	sums->of[fate] += line->hash;
	end_chain(state, line);
	journalstate_fill(state, line);
	return 0;
}

/* A page is done, and another one follows. It may have been sent already, and
 * with it what must not be sent again. */
static int
apply_page(struct fp_journal_state *state, const struct fp_journal_line *line)
{
	if (check_ends(state, line))
		return -1;
	if (fp_seqset_has(&state->done, line->seq))
		return journalstate_refuse(
			state, "an item is recorded as done twice");
	struct fp_journal_chain *chain =
		fp_journalchain_get(&state->chains, line->seq);
	if (!chain)
		return -1;
	if (line->n_done != chain->page + 1)
		return journalstate_refuse(state, "its pages do not match");
	chain->item_hash = line->hash;
	if (chain->n_ahead > 0)
		chain->n_ahead--;
	else if (fp_seqset_remove(&state->sent, line->seq) < 0)
		return -1;
	if (fp_journalchain_turn(chain, line->hash2, line->page_name.data,
		    line->page_name.len))
		return -1;
	journalstate_fill(state, line);
	return 0;
}

/* The second such request of an item is for a later page, whose first ones are
 * not recorded yet. */
static int
apply_intent(struct fp_journal_state *state, const struct fp_journal_line *line)
{
	int is_new = fp_seqset_add(&state->sent, line->seq);

	if (is_new != 0)
		return is_new;
	struct fp_journal_chain *chain =
		fp_journalchain_get(&state->chains, line->seq);
	if (!chain)
		return -1;
	chain->n_ahead++;
	return 0;
}

/* In the head: an item with pages, and one of its pages. */
static int
apply_chain(struct fp_journal_state *state, const struct fp_journal_line *line)
{
	struct fp_journal_chain *chain =
		fp_journalchain_get(&state->chains, line->seq);

	if (!chain)
		return -1;
	if (line->what == FP_JOURNAL_SEEN)
		return fp_buf_add(
			&chain->seen, &line->hash, sizeof(line->hash));
	chain->page = line->n_done;
	chain->n_ahead = line->n_failed;
	chain->item_hash = line->hash;
	return fp_buf_set(
		&chain->name, line->page_name.data, line->page_name.len);
}

/* What has this fate is not done any more. */
static int
open_again(struct fp_journal_state *state, unsigned fate)
{
	struct fp_seqset *failed = &state->failed[fate];
	size_t n = 0;

	for (size_t i = 0; i < state->n_seen; i++) {
		if (!fp_seqset_has(failed, state->seen[i].seq))
			state->seen[n++] = state->seen[i];
	}
	state->n_seen = n;
	if (fp_seqset_subtract(&state->done, failed))
		return -1;
	fp_seqset_destroy(failed);
	for (size_t i = 0; i < state->n_sums; i++)
		state->sums[i].of[fate] = 0;
	return 0;
}

/* --failed and --unknown are empty. In the old form there is nothing that they
 * lack then. */
static int
apply_retry(struct fp_journal_state *state, const struct fp_journal_line *line)
{
	for (unsigned fate = 1; fate < FP_FATES; fate++) {
		if ((line->is_old || fate == line->fate) &&
			open_again(state, fate))
			return -1;
	}
	for (size_t i = 0; i < state->n_seen; i++)
		state->seen[i].len = 0;
	state->failed_end = state->unknown_end = 0;
	state->failed_sum = state->unknown_sum = 0;
	state->is_listing = !line->is_old;
	return 0;
}

static int
apply_listed(struct fp_journal_state *state, const struct fp_journal_line *line)
{
	if (!state->is_listing)
		return journalstate_refuse(state, "its lines are out of order");
	state->is_listing = false;
	state->failed_end = line->failed_end;
	state->unknown_end = line->unknown_end;
	state->failed_sum = line->failed_sum;
	state->unknown_sum = line->unknown_sum;
	return 0;
}

/* Lines that may stand in the head. */
static int
apply_head(struct fp_journal_state *state, const struct fp_journal_line *line)
{
	struct fp_journal_sums *sums;

	switch (line->what) {
	case FP_JOURNAL_HEAD:
		memcpy(state->key, line->key, sizeof(state->key));
		memcpy(state->version, line->name.data, line->name.len);
		state->version[line->name.len] = '\0';
		state->is_old = line->is_old;
		return 0;
	case FP_JOURNAL_OUTPUT:
		state->output = (struct fp_journal_place){
			line->seq, line->hash, line->out_end};
		return 0;
	case FP_JOURNAL_FAILED:
		state->failed_file =
			(struct fp_journal_place){line->seq, line->hash, 0};
		return 0;
	case FP_JOURNAL_UNKNOWN:
		state->unknown_file =
			(struct fp_journal_place){line->seq, line->hash, 0};
		return 0;
	case FP_JOURNAL_OPTION:
		return fp_journalstate_option(state, line->name, line->hash);
	case FP_JOURNAL_STATE:
		journalstate_fill(state, line);
		state->head_done = line->n_done;
		state->head_failed = line->n_failed;
		return line->seq ? fp_seqset_fill(&state->done, line->seq) : 0;
	case FP_JOURNAL_SUMS:
		sums = find_sums(state, line->seq);
		if (!sums)
			return -1;
		sums->of[line->fate] = line->hash;
		if (line->is_old)
			sums->of[FP_FATE_UNTOLD] = line->hash2;
		return 0;
	case FP_JOURNAL_MISSING:
		return fp_seqset_remove_word(
			&state->done, line->seq, line->hash);
	case FP_JOURNAL_BAD:
		return fp_seqset_add_word(
			&state->failed[line->is_old ? FP_FATE_UNTOLD
						    : line->fate],
			line->seq, line->hash);
	case FP_JOURNAL_CHAIN:
	case FP_JOURNAL_SEEN:
		return apply_chain(state, line);
	default:
		return fp_seqset_add_word(&state->sent, line->seq, line->hash);
	}
}

/* Whether this line may come now: behind which ones it may stand. */
static bool
is_in_order(const struct fp_journal_state *state, enum fp_journal_what what)
{
	static const struct {
		int first, last;
	} behind[] = {
		[FP_JOURNAL_HEAD] = {-1, -1},
		[FP_JOURNAL_OUTPUT] = {FP_JOURNAL_HEAD, FP_JOURNAL_HEAD},
		[FP_JOURNAL_FAILED] = {FP_JOURNAL_OUTPUT, FP_JOURNAL_OUTPUT},
		[FP_JOURNAL_UNKNOWN] = {FP_JOURNAL_FAILED, FP_JOURNAL_FAILED},
		[FP_JOURNAL_OPTION] = {FP_JOURNAL_FAILED, FP_JOURNAL_OPTION},
		[FP_JOURNAL_STATE] = {FP_JOURNAL_FAILED, FP_JOURNAL_OPTION},
		[FP_JOURNAL_SUMS] = {FP_JOURNAL_STATE, FP_JOURNAL_SUMS},
		[FP_JOURNAL_MISSING] = {FP_JOURNAL_STATE, FP_JOURNAL_MISSING},
		[FP_JOURNAL_BAD] = {FP_JOURNAL_STATE, FP_JOURNAL_BAD},
		[FP_JOURNAL_SENT] = {FP_JOURNAL_STATE, FP_JOURNAL_SENT},
		[FP_JOURNAL_CHAIN] = {FP_JOURNAL_STATE, FP_JOURNAL_SEEN},
		[FP_JOURNAL_SEEN] = {FP_JOURNAL_CHAIN, FP_JOURNAL_SEEN},
		[FP_JOURNAL_BEGIN] = {FP_JOURNAL_STATE, FP_JOURNAL_SEEN},
	};

	if (what > FP_JOURNAL_BEGIN)
		return state->stage >= FP_JOURNAL_BEGIN;
	return state->stage >= behind[what].first &&
	       state->stage <= behind[what].last;
}

/* Whether all that has failed with this fate is done, and has no other. */
static bool
is_fate_sound(const struct fp_journal_state *state, unsigned fate)
{
	const struct fp_seqset *failed = &state->failed[fate];

	for (uint64_t i = 0; failed->n > 0 && i <= failed->last / 64; i++) {
		uint64_t word = fp_seqset_word(failed, i), others = 0;
		for (unsigned other = 0; word && other < fate; other++)
			others |= fp_seqset_word(&state->failed[other], i);
		if (word & (~fp_seqset_word(&state->done, i) | others))
			return false;
	}
	return true;
}

/* Whether the fates can be, and item 0, which is none, was not sent. */
static bool
are_items_sound(const struct fp_journal_state *state)
{
	for (unsigned fate = 0; fate < FP_FATES; fate++) {
		if (!is_fate_sound(state, fate))
			return false;
	}
	struct fp_journal_chain *chain = NULL;
	while ((chain = fp_journalchain_walk(&state->chains, chain))) {
		if (chain->seen.len / sizeof(uint64_t) != chain->page)
			return false;
	}
	return state->failed[FP_KIND_OK].n == 0 &&
	       !fp_seqset_has(&state->sent, 0);
}

/* Whether a line that tells of an item names one. */
static bool
is_item(const struct fp_journal_line *line)
{
	bool is_of_one = line->what == FP_JOURNAL_DONE ||
			 line->what == FP_JOURNAL_PAGE ||
			 line->what == FP_JOURNAL_CHAIN ||
			 line->what == FP_JOURNAL_INTENT;

	return line->what < FP_JOURNAL_STATE ||
	       (line->seq <= FP_SEQSET_MAX && (line->seq > 0 || !is_of_one));
}

static int
journalstate_apply(
	struct fp_journal_state *state, const struct fp_journal_line *line)
{
	int ret = 0;

	if (!is_in_order(state, line->what))
		return journalstate_refuse(state, "its lines are out of order");
	if (!is_item(line))
		return journalstate_refuse(state, "no item has that number");
	switch (line->what) {
	case FP_JOURNAL_BEGIN:
		if (state->done.n != state->head_done ||
			fp_journalstate_failed(state, FP_FATES_FAILED) !=
				state->head_failed)
			return journalstate_refuse(
				state, "its counts do not match");
		if (!are_items_sound(state))
			return journalstate_refuse(
				state, "its items do not match");
		break;
	case FP_JOURNAL_DONE:
		ret = apply_done(state, line);
		break;
	case FP_JOURNAL_PAGE:
		ret = apply_page(state, line);
		break;
	case FP_JOURNAL_INTENT:
		ret = apply_intent(state, line);
		break;
	case FP_JOURNAL_RESUMED:
		if (line->out_end != state->out_end ||
			line->failed_end != state->failed_end ||
			line->unknown_end != state->unknown_end)
			return journalstate_refuse(
				state, "the output offsets do not match");
		break;
	case FP_JOURNAL_RETRY:
		ret = apply_retry(state, line);
		break;
	case FP_JOURNAL_LISTED:
		ret = apply_listed(state, line);
		break;
	case FP_JOURNAL_REST:
		state->rest = (struct fp_journal_rest){line->failed_end,
			line->unknown_end, line->failed_sum, line->unknown_sum};
		break;
	case FP_JOURNAL_COMMIT:
		state->has_commit = true;
		break;
	default:
		ret = apply_head(state, line);
		break;
	}
	state->stage = (int)line->what;
	return ret < 0 ? -1 : 0;
}

/* ---- reading ---- */

/* What begins like no journal of this form. */
static int
refuse_form(struct fp_journal_state *state, const char *data, size_t len)
{
	static const char ours[] = FP_JOURNAL_MAGIC FP_JOURNAL_FORM " ";
	static const char old[] = FP_JOURNAL_MAGIC FP_JOURNAL_OLD_FORM " ";
	const size_t magic = strlen(FP_JOURNAL_MAGIC);

	if (len < sizeof(ours) || memcmp(data, FP_JOURNAL_MAGIC, magic) != 0 ||
		memcmp(data, ours, strlen(ours)) == 0 ||
		memcmp(data, old, strlen(old)) == 0)
		return journalstate_refuse(state, "not a journal");
	return journalstate_refuse(
		state, "the journal of another version of fetchpool");
}

/* An item that is about to be done. */
static int
journalstate_see(
	struct fp_journal_state *state, const struct fp_journal_line *line)
{
	if (state->n_seen == state->cap_seen) {
		size_t cap = FP_MAX(state->cap_seen * 2, 64);
		struct fp_journal_seen *seen =
			realloc(state->seen, cap * sizeof(*seen));
		if (!seen)
			return -1;
		state->seen = seen;
		state->cap_seen = cap;
	}
	bool is_unknown = line->unknown_end > state->unknown_end;
	uint64_t end = is_unknown ? line->unknown_end : line->failed_end;
	state->seen[state->n_seen++] = (struct fp_journal_seen){line->seq,
		line->hash, end,
		end - (is_unknown ? state->unknown_end : state->failed_end),
		is_unknown};
	return 0;
}

static int
by_seq(const void *a, const void *b)
{
	const struct fp_journal_seen *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Whether what stands here is what a kill or a power cut leaves of the last
 * lines. */
static bool
is_torn(const struct fp_journal_state *state, const char *text, size_t len)
{
	static const char zeros[LOST_ZEROS];
	const char *end = memchr(text, '\n', len);
	size_t line = end ? (size_t)(end - text) : len;

	if (state->stage < FP_JOURNAL_BEGIN)
		return false;
	/* Its last bytes may be lost, however few. */
	size_t there = line;
	while (!end && state->has_commit && there > 0 &&
		text[there - 1] == '\0')
		there--;
	if (!end && fp_journalline_is_torn(text, there))
		return true;
	return state->has_commit &&
	       (text[0] == '\0' || memmem(text, line, zeros, LOST_ZEROS)) &&
	       !memmem(text, len, "\nc ", 3);
}

int
fp_journalstate_read(struct fp_journal_state *state, const char *data,
	size_t len, size_t *good)
{
	struct fp_journal_line line;
	size_t at = 0;

	for (state->bad_line = 1; at < len; state->bad_line++) {
		*good = at;
		const char *end = memchr(data + at, '\n', len - at);
		size_t n = end ? (size_t)(end - data) - at : len - at;
		uint32_t crc = state->crc;
		if (!end || fp_journalline_parse(
				    &line, state->is_old, data + at, n, &crc)) {
			if (is_torn(state, data + at, len - at))
				break;
			return at > 0 ? journalstate_refuse(state, "damaged")
				      : refuse_form(state, data, len);
		}
		if ((line.what == FP_JOURNAL_DONE &&
			    journalstate_see(state, &line)) ||
			journalstate_apply(state, &line))
			return -1;
		state->crc = crc;
		at += n + 1;
	}
	*good = at;
	if (state->stage < FP_JOURNAL_BEGIN)
		return journalstate_refuse(state, "truncated in its header");
	if (state->n_seen > 0)
		qsort(state->seen, state->n_seen, sizeof(state->seen[0]),
			by_seq);
	return 0;
}

/* ---- writing ---- */

int
fp_journalstate_add(struct fp_journal_state *state, struct fp_buf *to,
	const struct fp_journal_line *line)
{
	if (fp_journalline_add(to, line, &state->crc))
		return -1;
	return journalstate_apply(state, line);
}

/* A line for each 64 items that have any bit set. */
static int
write_words(struct fp_journal_state *state, struct fp_buf *to,
	struct fp_journal_line line, const struct fp_seqset *set, uint64_t last)
{
	for (uint64_t i = 0; i <= last / 64; i++) {
		uint64_t bits = fp_seqset_word(set, i);
		if (line.what == FP_JOURNAL_MISSING) {
			bits = ~bits;
			if (i == 0)
				bits &= ~UINT64_C(1);
			if (i == last / 64 && last % 64 < 63)
				bits &= (UINT64_C(2) << last % 64) - 1;
		}
		line.seq = i;
		line.hash = bits;
		if (bits && fp_journalline_add(to, &line, &state->crc))
			return -1;
	}
	return 0;
}

static int
write_items(struct fp_journal_state *state, struct fp_buf *to)
{
	struct fp_journal_line line = {.what = FP_JOURNAL_MISSING};

	if (write_words(state, to, line, &state->done,
		    state->done.n > 0 ? state->done.last : 0))
		return -1;
	line.what = FP_JOURNAL_BAD;
	for (line.fate = 1; line.fate < FP_FATES; line.fate++) {
		const struct fp_seqset *failed = &state->failed[line.fate];
		if (failed->n > 0 &&
			write_words(state, to, line, failed, failed->last))
			return -1;
	}
	line = (struct fp_journal_line){.what = FP_JOURNAL_SENT};
	return write_words(state, to, line, &state->sent, state->sent.last);
}

static int
write_chain(struct fp_journal_state *state, struct fp_buf *to,
	const struct fp_journal_chain *chain)
{
	struct fp_journal_line line = {
		.what = FP_JOURNAL_CHAIN,
		.seq = chain->seq,
		.n_done = chain->page,
		.n_failed = chain->n_ahead,
		.hash = chain->item_hash,
		.page_name = {fp_buf_text(&chain->name), chain->name.len},
	};

	if (fp_journalline_add(to, &line, &state->crc))
		return -1;
	line = (struct fp_journal_line){
		.what = FP_JOURNAL_SEEN, .seq = chain->seq};
	for (size_t at = 0; at < chain->seen.len; at += sizeof(line.hash)) {
		memcpy(&line.hash, chain->seen.data + at, sizeof(line.hash));
		if (fp_journalline_add(to, &line, &state->crc))
			return -1;
	}
	return 0;
}

static int
write_chains(struct fp_journal_state *state, struct fp_buf *to)
{
	struct fp_journal_chain *chain = NULL;

	while ((chain = fp_journalchain_walk(&state->chains, chain))) {
		if (write_chain(state, to, chain))
			return -1;
	}
	return 0;
}

static int
put_place(struct fp_journal_state *state, struct fp_buf *to,
	enum fp_journal_what what, const struct fp_journal_place *place)
{
	struct fp_journal_line line = {
		.what = what,
		.seq = place->device,
		.hash = place->inode,
		.out_end = place->begin,
	};

	return fp_journalline_add(to, &line, &state->crc);
}

static int
write_head(struct fp_journal_state *state, struct fp_buf *to)
{
	struct fp_journal_line line = {
		.what = FP_JOURNAL_HEAD,
		.name = {state->version, strlen(state->version)},
	};

	memcpy(line.key, state->key, sizeof(line.key));
	if (fp_journalline_add(to, &line, &state->crc) ||
		put_place(state, to, FP_JOURNAL_OUTPUT, &state->output) ||
		put_place(state, to, FP_JOURNAL_FAILED, &state->failed_file) ||
		put_place(state, to, FP_JOURNAL_UNKNOWN, &state->unknown_file))
		return -1;
	for (size_t i = 0; i < state->n_options; i++) {
		const struct fp_journal_option *option = &state->options[i];
		line = (struct fp_journal_line){.what = FP_JOURNAL_OPTION,
			.name = {option->name, strlen(option->name)},
			.hash = option->hash};
		if (fp_journalline_add(to, &line, &state->crc))
			return -1;
	}
	return 0;
}

static int
write_sums(struct fp_journal_state *state, struct fp_buf *to)
{
	struct fp_journal_line line = {.what = FP_JOURNAL_SUMS};

	for (size_t i = 0; i < state->n_sums * FP_FATES; i++) {
		line.seq = i / FP_FATES;
		line.fate = (unsigned)(i % FP_FATES);
		line.hash = state->sums[line.seq].of[line.fate];
		if (line.hash && fp_journalline_add(to, &line, &state->crc))
			return -1;
	}
	return 0;
}

int
fp_journalstate_write(struct fp_journal_state *state, struct fp_buf *to)
{
	const struct fp_journal_line now = {
		.what = FP_JOURNAL_STATE,
		.seq = state->done.n > 0 ? state->done.last : 0,
		.n_done = state->done.n,
		.n_failed = fp_journalstate_failed(state, FP_FATES_FAILED),
		.out_end = state->out_end,
		.failed_end = state->failed_end,
		.unknown_end = state->unknown_end,
		.out_sum = state->out_sum,
		.failed_sum = state->failed_sum,
		.unknown_sum = state->unknown_sum,
	};
	const struct fp_journal_line begin = {.what = FP_JOURNAL_BEGIN};
	const struct fp_journal_line lists = {.what = FP_JOURNAL_RETRY};

	state->crc = 0;
	if (write_head(state, to) ||
		fp_journalline_add(to, &now, &state->crc) ||
		write_sums(state, to) || write_items(state, to) ||
		write_chains(state, to) ||
		fp_journalline_add(to, &begin, &state->crc))
		return -1;
	state->stage = FP_JOURNAL_BEGIN;
	state->is_old = state->has_commit = false;
	return state->is_listing ? fp_journalstate_add(state, to, &lists) : 0;
}
