/* SPDX-License-Identifier: MIT */
/*
 * Journals. Any bytes are refused, or they are a journal: each of its lines
 * comes back byte by byte, a slower reader finds each item in the same state,
 * what is written of that state reads as the same again, a cut leaves what
 * stands before it, and a bit that changes is refused.
 *
 *	a byte; where it is cut or changed: two bytes; and then, if it was 0, a
 *	journal; if 1, its lines without their checksums, and behind a line "~"
 *	what is torn; if 2, one line: its kind (a byte), numbers, a name
 */
#include "fuzz.h"

#include "journalstate.h"

#include <errno.h>

#define LINES_MAX 512

/* The text of a journal, and what the library made of its lines. */
static struct fp_buf text;
static struct fp_journal_line lines[LINES_MAX];
static size_t ends[LINES_MAX]; /* behind its newline */
static size_t n_lines;

/* ---- the input ---- */

/* CRC-32C, bit by bit; turned over at both ends by the caller. */
static uint32_t
crc_bits(uint32_t crc, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return crc;
}

/* A checksum goes over all lines, but not over the checksums before. */
static void
add_lines(struct fuzz *fuzz)
{
	uint32_t crc = UINT32_MAX;

	while (fuzz->left > 0) {
		struct fp_text line = fuzz_until(fuzz, '\n');
		if (line.len == 1 && line.data[0] == '~')
			break;
		size_t start = text.len;
		fuzz_add(&text, line.data, line.len);
		fuzz_add(&text, " ", 1);
		crc = crc_bits(crc, text.data + start, line.len + 1);
		HOLDS(fp_buf_printf(&text, "%08x\n", (unsigned)~crc) == 0);
	}
	fuzz_add(&text, fuzz->at, fuzz->left);
}

/* The number of an item, or of a word or page of them, that takes much memory
 * or time, and rightly so. */
static bool
is_far(struct fp_text line)
{
	size_t n = 0;

	while (line.len > 0 && *line.data != ' ')
		line.data++, line.len--;
	for (size_t i = 1; i < line.len; i++, n++) {
		if (line.data[i] < '0' || line.data[i] > '9')
			break;
	}
	return n > 6 && n < 14;
}

static bool
has_far_lines(void)
{
	struct fuzz fuzz = {fp_buf_text(&text), text.len};

	while (fuzz.left > 0) {
		if (is_far(fuzz_until(&fuzz, '\n')))
			return true;
	}
	return false;
}

/* ---- one line ---- */

/* Of the name, only what one can be. */
static struct fp_text
take_name(struct fuzz *fuzz)
{
	struct fp_text name = fuzz_rest(fuzz);
	size_t n = 0;

	while (n < FP_MIN(name.len, (size_t)FP_JOURNAL_NAME_MAX) &&
		name.data[n] > ' ' && name.data[n] <= '~')
		n++;
	return n > 0 ? (struct fp_text){name.data, n} : fuzz_text("x");
}

static void
check_hash(const struct fp_journal_line *line)
{
	struct fp_buf whole = FP_BUF_INIT;

	for (int i = 0; i < 8; i++) {
		char byte = (char)(line->seq >> 8 * i & 0xff);
		fuzz_add(&whole, &byte, 1);
	}
	fuzz_add(&whole, line->name.data, line->name.len);
	HOLDS(fp_journalline_item_hash(line->key, line->seq, line->name) ==
		fp_journalline_hash(line->key, whole.data, whole.len));
	fp_buf_destroy(&whole);
}

/* A line comes back, whatever it says; no other is read behind it. */
static void
check_line(struct fuzz *fuzz)
{
	struct fp_journal_line line = {0}, back;
	struct fp_buf again = FP_BUF_INIT;

	line.what =
		(enum fp_journal_what)fuzz_choose(fuzz, FP_JOURNAL_COMMIT + 1);
	line.fate = fuzz_choose(fuzz, FP_KIND_STOPPED);
	line.is_old = fuzz_choose(fuzz, 2) && line.what != FP_JOURNAL_UNKNOWN &&
		      line.what != FP_JOURNAL_LISTED &&
		      line.what != FP_JOURNAL_REST;
	line.seq = fuzz_number(fuzz);
	line.hash = fuzz_number(fuzz);
	line.hash2 = fuzz_number(fuzz);
	line.n_done = fuzz_number(fuzz);
	line.n_failed = fuzz_number(fuzz);
	line.out_end = fuzz_number(fuzz);
	line.failed_end = fuzz_number(fuzz);
	line.unknown_end = fuzz_number(fuzz);
	uint32_t before = (uint32_t)fuzz_number(fuzz);
	for (size_t i = 0; i < sizeof(line.key); i++)
		line.key[i] = (uint8_t)fuzz_choose(fuzz, 256);
	line.name = take_name(fuzz);
	check_hash(&line);

	uint32_t crc = before, back_crc = before, again_crc = before;
	HOLDS(fp_journalline_add(&text, &line, &crc) == 0);
	HOLDS(crc == ~crc_bits(~before, text.data, text.len - 9));
	HOLDS(text.data[text.len - 1] == '\n');
	char *copy = fuzz_copy(text.data, text.len - 1);
	HOLDS(fp_journalline_parse(
		      &back, line.is_old, copy, text.len - 1, &back_crc) == 0);
	HOLDS(back.what == line.what && back_crc == crc);
	HOLDS(fp_journalline_add(&again, &back, &again_crc) == 0);
	HOLDS(fuzz_same(&again, &text) && again_crc == crc);
	uint32_t other_crc = before ^ 1;
	HOLDS(fp_journalline_parse(
		      &back, line.is_old, copy, text.len - 1, &other_crc) < 0);
	fp_buf_destroy(&again);
	free(copy);
}

/* ---- what a journal says of one item, by a slower reader ---- */

struct item {
	bool is_done, is_sent;
	unsigned fate;
};

static bool
has_bit(const struct fp_journal_line *line, uint64_t seq)
{
	return line->seq == seq / 64 && line->hash >> seq % 64 & 1;
}

static struct item
look_up(uint64_t seq)
{
	struct item item = {false, false, FP_KIND_OK};

	for (size_t i = 0; i < n_lines; i++) {
		const struct fp_journal_line *line = &lines[i];
		bool is_it = line->seq == seq;
		if (line->what == FP_JOURNAL_STATE)
			item.is_done = seq > 0 && seq <= line->seq;
		if (line->what == FP_JOURNAL_MISSING && has_bit(line, seq))
			item.is_done = false;
		if (line->what == FP_JOURNAL_BAD && has_bit(line, seq))
			item.fate = line->is_old ? FP_FATE_UNTOLD : line->fate;
		if (line->what == FP_JOURNAL_SENT)
			item.is_sent |= has_bit(line, seq);
		if (line->what == FP_JOURNAL_INTENT)
			item.is_sent |= is_it;
		if (line->what == FP_JOURNAL_RETRY && item.fate &&
			(line->is_old || item.fate == line->fate)) {
			item.is_done = false;
			item.fate = FP_KIND_OK;
		}
		if (line->what == FP_JOURNAL_DONE && is_it) {
			item.is_done = true;
			item.fate = line->fate;
			item.is_sent = false;
		}
	}
	return item;
}

static void
check_item(const struct fp_journal_state *state, uint64_t seq)
{
	struct item item = look_up(seq);

	HOLDS(fp_seqset_has(&state->done, seq) == item.is_done);
	HOLDS(fp_journalstate_fate(state, seq) == item.fate);
	HOLDS(fp_seqset_has(&state->sent, seq) == item.is_sent);
	HOLDS(item.is_done || !item.fate);
	HOLDS(seq > 0 || (!item.is_done && !item.is_sent));
}

/* How far the outputs are filled. */
static void
check_ends(const struct fp_journal_state *state)
{
	uint64_t out_end = 0, failed_end = 0, unknown_end = 0;

	for (size_t i = 0; i < n_lines; i++) {
		const struct fp_journal_line *line = &lines[i];
		bool is_done = line->what == FP_JOURNAL_DONE;
		HOLDS(!is_done || line->out_end >= out_end);
		HOLDS(!is_done || line->failed_end >= failed_end);
		HOLDS(!is_done || line->unknown_end >= unknown_end);
		if (is_done || line->what == FP_JOURNAL_STATE)
			out_end = line->out_end;
		if (is_done || line->what == FP_JOURNAL_STATE ||
			line->what == FP_JOURNAL_LISTED) {
			failed_end = line->failed_end;
			unknown_end = line->unknown_end;
		}
		if (line->what == FP_JOURNAL_RETRY)
			failed_end = unknown_end = 0;
	}
	HOLDS(state->out_end == out_end && state->failed_end == failed_end);
	HOLDS(state->unknown_end == unknown_end);
}

static void
check_items(const struct fp_journal_state *state)
{
	for (size_t i = 0; i < n_lines; i++) {
		const struct fp_journal_line *line = &lines[i];
		switch (line->what) {
		case FP_JOURNAL_STATE:
			check_item(state, line->seq + 1);
			check_item(state, line->seq);
			check_item(state, line->seq / 2);
			break;
		case FP_JOURNAL_MISSING:
		case FP_JOURNAL_BAD:
		case FP_JOURNAL_SENT:
			for (uint64_t bit = 0; bit < 64; bit++)
				check_item(state, line->seq * 64 + bit);
			break;
		case FP_JOURNAL_DONE:
		case FP_JOURNAL_INTENT:
			check_item(state, line->seq - 1);
			check_item(state, line->seq);
			HOLDS(line->seq <= fp_journalstate_last(state));
			break;
		default:
			break;
		}
	}
	for (size_t i = 1; i < state->n_seen; i++)
		HOLDS(state->seen[i - 1].seq < state->seen[i].seq);
}

/* ---- whole journals ---- */

/* From a block of its own. */
static int
read_state(struct fp_journal_state *state, const struct fp_buf *from,
	size_t len, size_t *good)
{
	char *copy = fuzz_copy(fp_buf_text(from), len);

	*good = 0;
	fp_journalstate_init(state);
	int ret = fp_journalstate_read(state, copy, len, good);
	HOLDS(ret == 0 || errno == EILSEQ);
	HOLDS(ret == 0 || (state->why[0] && state->bad_line > 0));
	HOLDS(fuzz_is_tame(state->why, strlen(state->why)));
	HOLDS(*good <= len);
	free(copy);
	return ret;
}

static void
check_same_set(const struct fp_seqset *a, const struct fp_seqset *b)
{
	uint64_t last = FP_MAX(a->last, b->last);

	HOLDS(a->n == b->n);
	for (uint64_t i = 0; i <= last / 64; i++)
		HOLDS(fp_seqset_word(a, i) == fp_seqset_word(b, i));
}

static void
check_same_sums(
	const struct fp_journal_state *a, const struct fp_journal_state *b)
{
	static const struct fp_journal_sums none;

	for (size_t i = 0; i < FP_MAX(a->n_sums, b->n_sums); i++) {
		const struct fp_journal_sums *x =
			i < a->n_sums ? &a->sums[i] : &none;
		const struct fp_journal_sums *y =
			i < b->n_sums ? &b->sums[i] : &none;
		HOLDS(memcmp(x, y, sizeof(*x)) == 0);
	}
}

static void
check_same(const struct fp_journal_state *a, const struct fp_journal_state *b)
{
	HOLDS(memcmp(a->key, b->key, sizeof(a->key)) == 0);
	HOLDS(strcmp(a->version, b->version) == 0);
	HOLDS(memcmp(&a->output, &b->output, sizeof(a->output)) == 0);
	HOLDS(memcmp(&a->failed_file, &b->failed_file, sizeof(a->output)) == 0);
	HOLDS(a->out_end == b->out_end && a->failed_end == b->failed_end);
	HOLDS(a->unknown_end == b->unknown_end);
	HOLDS(a->is_listing == b->is_listing);
	HOLDS(a->n_options == b->n_options);
	for (size_t i = 0; i < a->n_options; i++) {
		HOLDS(strcmp(a->options[i].name, b->options[i].name) == 0);
		HOLDS(a->options[i].hash == b->options[i].hash);
	}
	check_same_set(&a->done, &b->done);
	for (unsigned fate = 0; fate < FP_FATES; fate++)
		check_same_set(&a->failed[fate], &b->failed[fate]);
	check_same_set(&a->sent, &b->sent);
	check_same_sums(a, b);
}

/* What is written of a state reads as the same, and is written so again. */
static void
check_written(struct fp_journal_state *state)
{
	struct fp_buf written = FP_BUF_INIT, again = FP_BUF_INIT;
	struct fp_journal_state back;
	size_t good;

	HOLDS(fp_journalstate_write(state, &written) == 0);
	HOLDS(read_state(&back, &written, written.len, &good) == 0);
	HOLDS(good == written.len);
	check_same(state, &back);
	HOLDS(back.crc == state->crc && back.stage == state->stage);
	HOLDS(fp_journalstate_write(&back, &again) == 0);
	HOLDS(fuzz_same(&written, &again));
	fp_journalstate_destroy(&back);
	fp_buf_destroy(&written);
	fp_buf_destroy(&again);
}

/* Each of its lines is written as it was. */
static void
take_lines(size_t good)
{
	struct fp_buf again = FP_BUF_INIT;
	struct fuzz fuzz = {fp_buf_text(&text), good};
	uint32_t crc = 0, again_crc = 0;

	for (n_lines = 0; fuzz.left > 0; n_lines++) {
		HOLDS(n_lines < LINES_MAX);
		struct fp_text line = fuzz_until(&fuzz, '\n');
		HOLDS(fp_journalline_parse(&lines[n_lines],
			      n_lines > 0 && lines[0].is_old, line.data,
			      line.len, &crc) == 0);
		HOLDS(fp_journalline_add(&again, &lines[n_lines], &again_crc) ==
			0);
		ends[n_lines] = good - fuzz.left;
	}
	HOLDS(again.len == good && memcmp(again.data, text.data, good) == 0);
	fp_buf_destroy(&again);
}

/* Cut anywhere behind the head, it is the journal of the lines before. */
static void
check_cut(size_t at, size_t whole)
{
	struct fp_journal_state state;
	size_t good, i = 0;

	while (i < n_lines && ends[i] <= at)
		i++;
	size_t expected = i > 0 ? ends[i - 1] : 0;
	bool fine = i > 0 && lines[i - 1].what >= FP_JOURNAL_BEGIN;
	int ret = read_state(&state, &text, FP_MIN(at, whole), &good);
	HOLDS((ret == 0) == fine);
	HOLDS(!fine || good == expected);
	fp_journalstate_destroy(&state);
}

/* Where the last lines begin that may have been lost with a power cut. */
static size_t
find_synced(void)
{
	for (size_t i = n_lines; i-- > 0;) {
		if (lines[i].what == FP_JOURNAL_COMMIT)
			return ends[i];
	}
	return SIZE_MAX;
}

/* A bit of a line, or its newline. What is behind the last "c" may be taken for
 * lost, if there is something lost behind it; never more. */
static void
check_flip(size_t at, unsigned bit, size_t whole)
{
	struct fp_journal_state state;
	size_t good;

	text.data[at] = (char)(text.data[at] ^ 1 << bit);
	if (read_state(&state, &text, text.len, &good) == 0) {
		HOLDS(whole < text.len);
		HOLDS(good <= at && good >= find_synced());
	}
	text.data[at] = (char)(text.data[at] ^ 1 << bit);
	fp_journalstate_destroy(&state);
}

static void
check_journal(size_t where)
{
	struct fp_journal_state state;
	size_t good;

	if (read_state(&state, &text, text.len, &good) == 0) {
		take_lines(good);
		check_items(&state);
		check_ends(&state);
		check_cut(where % (text.len + 1), good);
		check_flip(where % good, (unsigned)(where / good % 8), good);
		check_written(&state);
	}
	fp_journalstate_destroy(&state);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	unsigned way = fuzz_choose(&fuzz, 3);

	fp_buf_clear(&text, SIZE_MAX);
	if (way == 2) {
		check_line(&fuzz);
		return 0;
	}
	size_t where = fuzz_choose(&fuzz, 256);
	where = where << 8 | fuzz_choose(&fuzz, 256);
	if (way == 1)
		add_lines(&fuzz);
	else
		fuzz_add(&text, fuzz.at, fuzz.left);
	if (!has_far_lines())
		check_journal(where);
	return 0;
}
