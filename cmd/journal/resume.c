/* SPDX-License-Identifier: MIT */
/*
 * The input is compared before the first request, as a whole: an item that is
 * fetched under another one's number could not be taken back. A file is then
 * read a second time; of anything else the lines that are still to be fetched
 * are held. Those are few, the ones that were under way, unless --retry-failed
 * asks for many.
 *
 * What can be compared: the lines that the journal names, each by itself, and
 * of all others a sum for each page of items. So where the sum is wrong, it is
 * not known which line of the page it was.
 */
#include "base.h"

#include "resume.h"

#include "msg.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Lines that are held, in bytes. */
#define HELD_MAX ((size_t)64 << 20)

#define PAGE(seq) ((seq) >> FP_SEQSET_PAGE_BITS)

/* Before each line that is held. */
struct held {
	uint64_t seq;
	uint64_t line_seq; /* in the whole input */
	size_t len;
	size_t fault_len; /* 0: none; else its NUL is counted */
	bool is_cut;
	unsigned fate; /* it has failed so, and is not to be fetched again */
};

void
fp_resume_init(struct fp_resume *resume, struct fp_input *input,
	const struct fp_journal_state *state, uint32_t fates, bool holds_failed)
{
	*resume = (struct fp_resume){
		.input = input,
		.state = state,
		.fates = fates,
		.holds_failed = holds_failed,
		.last = fp_journalstate_last(state),
	};
}

void
fp_resume_destroy(struct fp_resume *resume)
{
	fp_seqset_destroy(&resume->again);
	fp_seqset_destroy(&resume->unknown);
	fp_buf_destroy(&resume->held);
}

static int
resume_refuse(void)
{
	errno = EILSEQ;
	return -1;
}

/* ---- the check ---- */

static int
resume_hold(struct fp_resume *resume, const struct fp_line *line, unsigned fate)
{
	struct held held = {
		.seq = resume->seq,
		.line_seq = line->seq,
		.len = line->text.len,
		.fault_len = line->fault ? strlen(line->fault) + 1 : 0,
		.is_cut = line->is_cut,
		.fate = fate,
	};
	struct fp_buf *to = &resume->held;

	if (to->len + held.len > HELD_MAX) {
		fp_msg_local("not resumed: too much of the input is left to "
			     "hold in memory: give it as a file (--input)");
		return resume_refuse();
	}
	if (fp_buf_add(to, &held, sizeof(held)) ||
		fp_buf_add(to, line->text.data, held.len))
		return -1;
	return line->fault ? fp_buf_add(to, line->fault, held.fault_len) : 0;
}

/* An item of the journal as the records count it. */
static uint64_t
item_number(const struct fp_resume *resume, uint64_t seq)
{
	return fp_shard_seq(&resume->input->options.shard, seq);
}

/* The line that was read last is not that of its item. */
static int
refuse_line(const struct fp_resume *resume)
{
	fp_msg_local("not resumed: the input has changed: item %" PRIu64
		     " of the journal does not match line %" PRIu64 " of %s",
		item_number(resume, resume->seq),
		fp_input_line_number(resume->input), resume->input->name);
	return resume_refuse();
}

static int
check_line(struct fp_resume *resume, uint64_t hash)
{
	const struct fp_journal_state *state = resume->state;
	uint64_t seq = resume->seq;

	resume->sum.of[fp_journalstate_fate(state, seq)] += hash;
	if (resume->n_seen == state->n_seen ||
		state->seen[resume->n_seen].seq != seq)
		return 0;
	return state->seen[resume->n_seen++].hash == hash ? 0
							  : refuse_line(resume);
}

/* Behind the last item of a page, or the last of all. */
static int
check_page(struct fp_resume *resume)
{
	const struct fp_journal_state *state = resume->state;
	uint64_t page = PAGE(resume->seq);
	struct fp_journal_sums sum = {{0}};

	if (page < state->n_sums)
		sum = state->sums[page];
	if (memcmp(&sum, &resume->sum, sizeof(sum)) == 0) {
		resume->sum = (struct fp_journal_sums){{0}};
		return 0;
	}
	uint64_t first = FP_MAX(page << FP_SEQSET_PAGE_BITS, 1);
	fp_msg_local("not resumed: the input has changed: items %" PRIu64
		     " to %" PRIu64 " of the journal do not match %s up "
		     "to line %" PRIu64,
		item_number(resume, first), item_number(resume, resume->seq),
		resume->input->name, fp_input_line_number(resume->input));
	return resume_refuse();
}

/* What is to be done with an item of the journal. */
static int
sort_out(struct fp_resume *resume, const struct fp_line *line)
{
	const struct fp_journal_state *state = resume->state;
	bool is_pipe = resume->input->start < 0;
	uint64_t seq = resume->seq;
	unsigned fate = fp_journalstate_fate(state, seq);

	if (fate && !(resume->fates & FP_FATE_BIT(fate)))
		return is_pipe && resume->holds_failed && !line->is_cut
			       ? resume_hold(resume, line, fate)
			       : 0;
	if (!fate && fp_seqset_has(&state->done, seq))
		return 0;
	if (fp_seqset_add(&resume->again, seq) < 0)
		return -1;
	if (fp_seqset_has(&state->sent, seq) &&
		!(resume->fates & FP_FATE_BIT(FP_FATE_UNKNOWN)) &&
		fp_seqset_add(&resume->unknown, seq) < 0)
		return -1;
	return is_pipe ? resume_hold(resume, line, 0) : 0;
}

static int
check_one(struct fp_resume *resume)
{
	const struct fp_journal_state *state = resume->state;
	struct fp_line line;
	int ret = fp_input_next(resume->input, &line);

	if (ret < 0)
		return -1;
	if (ret == 0) {
		fp_msg_local("not resumed: the input has changed: %s ends at "
			     "item %" PRIu64 ", but the journal has item "
			     "%" PRIu64,
			resume->input->name, item_number(resume, resume->seq),
			item_number(resume, resume->last));
		return resume_refuse();
	}
	uint64_t seq = ++resume->seq;
	const struct fp_journal_chain *chain =
		fp_journalchain_find(&state->chains, seq);
	bool is_done = fp_seqset_has(&state->done, seq);
	bool has_pages = !is_done && chain && chain->page > 0;
	uint64_t hash =
		is_done || has_pages
			? fp_journalline_item_hash(state->key, seq, line.text)
			: 0;
	if (is_done && check_line(resume, hash))
		return -1;
	if (has_pages && chain->item_hash != hash)
		return refuse_line(resume);
	if (sort_out(resume, &line))
		return -1;
	if (seq == resume->last || PAGE(seq) != PAGE(seq + 1))
		return check_page(resume);
	return 0;
}

int
fp_resume_check(struct fp_resume *resume)
{
	while (resume->seq < resume->last) {
		if (check_one(resume))
			return -1;
	}
	return 0;
}

int
fp_resume_start(struct fp_resume *resume)
{
	resume->state = NULL;
	resume->held_at = 0;
	if (resume->input->start >= 0 && resume->again.n > 0) {
		resume->seq = 0;
		return fp_input_rewind(resume->input);
	}
	return 0;
}

/* ---- what is to be fetched ---- */

/* The next one that is held, as `line`, and its fate. 1, or 0 if nothing is
 * held any more. */
static int
step_held(struct fp_resume *resume, unsigned *fate)
{
	const char *at = resume->held.data + resume->held_at;
	struct held held;

	if (resume->held_at == resume->held.len)
		return 0;
	memcpy(&held, at, sizeof(held));
	at += sizeof(held);
	*fate = held.fate;
	resume->line = (struct fp_line){
		.text = {at, held.len},
		.fault = held.fault_len ? at + held.len : NULL,
		.is_cut = held.is_cut,
		.seq = held.line_seq,
	};
	resume->line_seq = held.seq;
	resume->held_at += sizeof(held) + held.len + held.fault_len;
	return 1;
}

/* 1, or 0 if nothing is held any more. */
static int
take_held(struct fp_resume *resume)
{
	unsigned fate;

	while (step_held(resume, &fate)) {
		if (fate == FP_KIND_OK)
			return 1;
	}
	return 0;
}

static int
take_next(struct fp_resume *resume)
{
	int ret;

	if (take_held(resume))
		return 1;
	do {
		ret = fp_input_next(resume->input, &resume->line);
		if (ret <= 0)
			return ret;
		resume->line_seq = ++resume->seq;
	} while (resume->seq <= resume->last &&
		 !fp_seqset_has(&resume->again, resume->seq));
	return 1;
}

int
fp_resume_list(struct fp_resume *resume,
	int (*each)(void *arg, struct fp_text line, unsigned fate), void *arg)
{
	bool is_file = resume->input->start >= 0;
	struct fp_line *line = &resume->line;
	unsigned fate;

	if (is_file && fp_input_rewind(resume->input))
		return -1;
	for (uint64_t seq = 1; is_file && seq <= resume->last; seq++) {
		int got = fp_input_next(resume->input, line);
		if (got == 0)
			errno = EIO; /* it was longer just now */
		if (got <= 0)
			return -1;
		fate = fp_journalstate_fate(resume->state, seq);
		int ret =
			fate && !line->is_cut ? each(arg, line->text, fate) : 0;
		if (ret)
			return ret;
	}
	while (!is_file && step_held(resume, &fate)) {
		int ret = fate ? each(arg, line->text, fate) : 0;
		if (ret)
			return ret;
	}
	return 0;
}

int
fp_resume_next(struct fp_resume *resume, struct fp_line *line, bool *is_unknown)
{
	if (!resume->is_again) {
		int ret = take_next(resume);
		if (ret <= 0)
			return ret;
	}
	resume->is_again = false;
	*line = resume->line;
	*is_unknown = fp_seqset_has(&resume->unknown, resume->line_seq);
	return 1;
}

void
fp_resume_back(struct fp_resume *resume)
{
	resume->is_again = true;
}
