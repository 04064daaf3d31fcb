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
 * journal is written anew, what is left is one sum for each page of items,
 * so that the input can still be told from another one: those that failed by
 * themselves, for when they are to be fetched again.
 */
#include "base.h"

#include "journalstate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* No change of one bit makes so many; or one at the beginning of a line. */
#define LOST_ZEROS 8

void
fp_journal_state_init(struct fp_journal_state *state)
{
	*state = (struct fp_journal_state){.stage = -1};
}

void
fp_journal_state_destroy(struct fp_journal_state *state)
{
	fp_seqset_destroy(&state->done);
	fp_seqset_destroy(&state->failed);
	fp_seqset_destroy(&state->sent);
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
fp_journal_state_last(const struct fp_journal_state *state)
{
	/* What was taken out again does not lower a set's last; the numbers of
	 * items that were sent are below those that were read. */
	return FP_MAX(state->done.last, state->sent.last);
}

/* ---- one line ---- */

int
fp_journal_state_option(
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

static int
apply_done(struct fp_journal_state *state, const struct fp_journal_line *line)
{
	bool failed = line->kind != FP_KIND_OK;

	if (line->out_end < state->out_end ||
		line->failed_end < state->failed_end)
		return journalstate_refuse(state, "an output offset decreases");
	if ((line->out_end == state->out_end &&
		    line->out_sum != state->out_sum) ||
		(line->failed_end == state->failed_end &&
			line->failed_sum != state->failed_sum))
		return journalstate_refuse(state, "its checksums do not match");
	int is_new = fp_seqset_add(&state->done, line->seq);
	if (is_new == 0)
		return journalstate_refuse(
			state, "an item is recorded as done twice");
	struct fp_journal_sums *sums =
		find_sums(state, line->seq >> FP_SEQSET_PAGE_BITS);
	if (is_new < 0 || !sums ||
		(failed && fp_seqset_add(&state->failed, line->seq) < 0) ||
		fp_seqset_remove(&state->sent, line->seq) < 0)
		return -1;
	if (failed)
		sums->failed += line->hash;
	else
		sums->succeeded += line->hash;
	state->out_end = line->out_end;
	state->failed_end = line->failed_end;
	state->out_sum = line->out_sum;
	state->failed_sum = line->failed_sum;
	return 0;
}

/* What has failed is not done any more, and --failed is empty. */
static int
apply_retry(struct fp_journal_state *state)
{
	size_t n = 0;

	for (size_t i = 0; i < state->n_seen; i++) {
		if (!fp_seqset_has(&state->failed, state->seen[i].seq))
			state->seen[n++] = state->seen[i];
	}
	state->n_seen = n;
	if (fp_seqset_subtract(&state->done, &state->failed))
		return -1;
	fp_seqset_destroy(&state->failed);
	for (size_t i = 0; i < state->n_sums; i++)
		state->sums[i].failed = 0;
	state->failed_end = 0;
	state->failed_sum = 0;
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
		return 0;
	case FP_JOURNAL_OUTPUT:
		state->output = (struct fp_journal_place){
			line->seq, line->hash, line->out_end};
		return 0;
	case FP_JOURNAL_FAILED:
		state->failed_file =
			(struct fp_journal_place){line->seq, line->hash, 0};
		return 0;
	case FP_JOURNAL_OPTION:
		return fp_journal_state_option(state, line->name, line->hash);
	case FP_JOURNAL_STATE:
		state->out_end = line->out_end;
		state->failed_end = line->failed_end;
		state->out_sum = line->out_sum;
		state->failed_sum = line->failed_sum;
		state->head_done = line->n_done;
		state->head_failed = line->n_failed;
		return line->seq ? fp_seqset_fill(&state->done, line->seq) : 0;
	case FP_JOURNAL_SUMS:
		sums = find_sums(state, line->seq);
		if (!sums)
			return -1;
		*sums = (struct fp_journal_sums){line->hash, line->hash2};
		return 0;
	case FP_JOURNAL_MISSING:
		return fp_seqset_remove_word(
			&state->done, line->seq, line->hash);
	case FP_JOURNAL_BAD:
		return fp_seqset_add_word(
			&state->failed, line->seq, line->hash);
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
		[FP_JOURNAL_OPTION] = {FP_JOURNAL_FAILED, FP_JOURNAL_OPTION},
		[FP_JOURNAL_STATE] = {FP_JOURNAL_FAILED, FP_JOURNAL_OPTION},
		[FP_JOURNAL_SUMS] = {FP_JOURNAL_STATE, FP_JOURNAL_SUMS},
		[FP_JOURNAL_MISSING] = {FP_JOURNAL_STATE, FP_JOURNAL_MISSING},
		[FP_JOURNAL_BAD] = {FP_JOURNAL_STATE, FP_JOURNAL_BAD},
		[FP_JOURNAL_SENT] = {FP_JOURNAL_STATE, FP_JOURNAL_SENT},
		[FP_JOURNAL_BEGIN] = {FP_JOURNAL_STATE, FP_JOURNAL_SENT},
		[FP_JOURNAL_DONE] = {FP_JOURNAL_BEGIN, FP_JOURNAL_COMMIT},
		[FP_JOURNAL_INTENT] = {FP_JOURNAL_BEGIN, FP_JOURNAL_COMMIT},
		[FP_JOURNAL_RESUMED] = {FP_JOURNAL_BEGIN, FP_JOURNAL_COMMIT},
		[FP_JOURNAL_RETRY] = {FP_JOURNAL_BEGIN, FP_JOURNAL_COMMIT},
		[FP_JOURNAL_COMMIT] = {FP_JOURNAL_BEGIN, FP_JOURNAL_COMMIT},
	};

	return state->stage >= behind[what].first &&
	       state->stage <= behind[what].last;
}

/* Whether all that has failed is done, and item 0, which is none, was not
 * sent. */
static bool
are_items_sound(const struct fp_journal_state *state)
{
	const struct fp_seqset *failed = &state->failed;

	if (fp_seqset_has(&state->sent, 0))
		return false;
	for (uint64_t i = 0; failed->n > 0 && i <= failed->last / 64; i++) {
		if (fp_seqset_word(failed, i) &
			~fp_seqset_word(&state->done, i))
			return false;
	}
	return true;
}

/* Whether a line that tells of an item names one. */
static bool
is_item(const struct fp_journal_line *line)
{
	bool is_of_one = line->what == FP_JOURNAL_DONE ||
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
			state->failed.n != state->head_failed)
			return journalstate_refuse(
				state, "its counts do not match");
		if (!are_items_sound(state))
			return journalstate_refuse(
				state, "its items do not match");
		break;
	case FP_JOURNAL_DONE:
		ret = apply_done(state, line);
		break;
	case FP_JOURNAL_INTENT:
		ret = fp_seqset_add(&state->sent, line->seq);
		break;
	case FP_JOURNAL_RESUMED:
		if (line->out_end != state->out_end ||
			line->failed_end != state->failed_end)
			return journalstate_refuse(
				state, "the output offsets do not match");
		break;
	case FP_JOURNAL_RETRY:
		ret = apply_retry(state);
		break;
	case FP_JOURNAL_COMMIT:
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
	const size_t magic = strlen(FP_JOURNAL_MAGIC);

	if (len < sizeof(ours) || memcmp(data, FP_JOURNAL_MAGIC, magic) != 0 ||
		memcmp(data, ours, strlen(ours)) == 0)
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
	state->seen[state->n_seen++] =
		(struct fp_journal_seen){line->seq, line->hash,
			line->failed_end, line->failed_end - state->failed_end};
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
is_torn(const struct fp_journal_state *state, const char *text, size_t len,
	bool has_commit)
{
	static const char zeros[LOST_ZEROS];
	const char *end = memchr(text, '\n', len);
	size_t line = end ? (size_t)(end - text) : len;

	if (state->stage < FP_JOURNAL_BEGIN)
		return false;
	if (!end && fp_journal_line_is_torn(text, len))
		return true;
	return has_commit &&
	       (text[0] == '\0' || memmem(text, line, zeros, LOST_ZEROS)) &&
	       !memmem(text, len, "\nc ", 3);
}

int
fp_journal_state_read(struct fp_journal_state *state, const char *data,
	size_t len, size_t *good)
{
	struct fp_journal_line line;
	bool has_commit = false;
	size_t at = 0;

	for (state->bad_line = 1; at < len; state->bad_line++) {
		*good = at;
		const char *end = memchr(data + at, '\n', len - at);
		size_t n = end ? (size_t)(end - data) - at : len - at;
		uint32_t crc = state->crc;
		if (!end || fp_journal_line_parse(&line, data + at, n, &crc)) {
			if (is_torn(state, data + at, len - at, has_commit))
				break;
			return at > 0 ? journalstate_refuse(state, "damaged")
				      : refuse_form(state, data, len);
		}
		if ((line.what == FP_JOURNAL_DONE &&
			    journalstate_see(state, &line)) ||
			journalstate_apply(state, &line))
			return -1;
		state->crc = crc;
		has_commit |= line.what == FP_JOURNAL_COMMIT;
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
fp_journal_state_add(struct fp_journal_state *state, struct fp_buf *to,
	const struct fp_journal_line *line)
{
	if (fp_journal_line_add(to, line, &state->crc))
		return -1;
	return journalstate_apply(state, line);
}

/* A line for each 64 items that have any bit set. */
static int
write_words(struct fp_journal_state *state, struct fp_buf *to,
	enum fp_journal_what what, const struct fp_seqset *set, uint64_t last)
{
	for (uint64_t i = 0; i <= last / 64; i++) {
		uint64_t bits = fp_seqset_word(set, i);
		if (what == FP_JOURNAL_MISSING) {
			bits = ~bits;
			if (i == 0)
				bits &= ~UINT64_C(1);
			if (i == last / 64 && last % 64 < 63)
				bits &= (UINT64_C(2) << last % 64) - 1;
		}
		const struct fp_journal_line line = {
			.what = what, .seq = i, .hash = bits};
		if (bits && fp_journal_line_add(to, &line, &state->crc))
			return -1;
	}
	return 0;
}

static int
write_head(struct fp_journal_state *state, struct fp_buf *to)
{
	struct fp_journal_line line = {
		.what = FP_JOURNAL_HEAD,
		.name = {state->version, strlen(state->version)},
	};

	memcpy(line.key, state->key, sizeof(line.key));
	if (fp_journal_line_add(to, &line, &state->crc))
		return -1;
	line = (struct fp_journal_line){.what = FP_JOURNAL_OUTPUT,
		.seq = state->output.device,
		.hash = state->output.inode,
		.out_end = state->output.begin};
	if (fp_journal_line_add(to, &line, &state->crc))
		return -1;
	line = (struct fp_journal_line){.what = FP_JOURNAL_FAILED,
		.seq = state->failed_file.device,
		.hash = state->failed_file.inode};
	if (fp_journal_line_add(to, &line, &state->crc))
		return -1;
	for (size_t i = 0; i < state->n_options; i++) {
		const struct fp_journal_option *option = &state->options[i];
		line = (struct fp_journal_line){.what = FP_JOURNAL_OPTION,
			.name = {option->name, strlen(option->name)},
			.hash = option->hash};
		if (fp_journal_line_add(to, &line, &state->crc))
			return -1;
	}
	return 0;
}

static int
write_sums(struct fp_journal_state *state, struct fp_buf *to)
{
	for (size_t i = 0; i < state->n_sums; i++) {
		const struct fp_journal_line line = {
			.what = FP_JOURNAL_SUMS,
			.seq = i,
			.hash = state->sums[i].succeeded,
			.hash2 = state->sums[i].failed,
		};
		if ((line.hash || line.hash2) &&
			fp_journal_line_add(to, &line, &state->crc))
			return -1;
	}
	return 0;
}

int
fp_journal_state_write(struct fp_journal_state *state, struct fp_buf *to)
{
	const struct fp_journal_line now = {
		.what = FP_JOURNAL_STATE,
		.seq = state->done.n > 0 ? state->done.last : 0,
		.n_done = state->done.n,
		.n_failed = state->failed.n,
		.out_end = state->out_end,
		.failed_end = state->failed_end,
		.out_sum = state->out_sum,
		.failed_sum = state->failed_sum,
	};
	const struct fp_journal_line begin = {.what = FP_JOURNAL_BEGIN};

	state->crc = 0;
	if (write_head(state, to) ||
		fp_journal_line_add(to, &now, &state->crc) ||
		write_sums(state, to) ||
		write_words(
			state, to, FP_JOURNAL_MISSING, &state->done, now.seq) ||
		write_words(state, to, FP_JOURNAL_BAD, &state->failed,
			state->failed.last) ||
		write_words(state, to, FP_JOURNAL_SENT, &state->sent,
			state->sent.last) ||
		fp_journal_line_add(to, &begin, &state->crc))
		return -1;
	state->stage = FP_JOURNAL_BEGIN;
	return 0;
}
