/* SPDX-License-Identifier: MIT */
/*
 * A journal in memory, byte by byte: whatever is done to it, it is refused, or
 * says what it said at the end of some line.
 */
#include "journalstate.h"

#include "tap.h"

#include <errno.h>

#define N_LINES 60

/* A journal, and where each of its lines ends. */
struct sample {
	struct fp_journal_state state;
	struct fp_buf text;
	size_t head; /* bytes up to "begin" */
	size_t ends[N_LINES];
	size_t n;
};

static void
begin_state(struct fp_journal_state *state)
{
	fp_journalstate_init(state);
	memcpy(state->key, "0123456789abcdef", FP_JOURNAL_KEY_BYTES);
	strcpy(state->version, "0.1.0");
	state->output = (struct fp_journal_place){66, 1234567, 10};
	state->failed_file = (struct fp_journal_place){66, 1234568, 0};
	state->unknown_file = (struct fp_journal_place){66, 1234569, 0};
	CHECK(fp_journalstate_option(
		      state, (struct fp_text){"TEMPLATE", 8}, 77) == 0);
	CHECK(fp_journalstate_option(
		      state, (struct fp_text){"keep-order", 10}, 78) == 0);
}

static void
add(struct sample *sample, const struct fp_journal_line *line)
{
	CHECK(fp_journalstate_add(&sample->state, &sample->text, line) == 0);
	sample->ends[sample->n++] = sample->text.len;
}

static uint64_t
hash_of(const struct fp_journal_state *state, uint64_t seq)
{
	return fp_journalline_item_hash(
		state->key, seq, (struct fp_text){"line", 4});
}

static void
add_done(struct sample *sample, uint64_t seq, unsigned fate)
{
	const struct fp_journal_state *state = &sample->state;
	bool is_unknown = fate == FP_FATE_UNKNOWN;
	bool is_failed = fate != FP_KIND_OK && !is_unknown;

	add(sample, &(struct fp_journal_line){
			    .what = FP_JOURNAL_DONE,
			    .seq = seq,
			    .hash = hash_of(state, seq),
			    .out_end = state->out_end + 100,
			    .failed_end = state->failed_end + 5 * is_failed,
			    .unknown_end = state->unknown_end + 6 * is_unknown,
			    .out_sum = (uint32_t)(seq * 77),
			    .failed_sum = is_failed ? (uint32_t)(seq * 99)
						    : state->failed_sum,
			    .unknown_sum = is_unknown ? (uint32_t)(seq * 55)
						      : state->unknown_sum,
			    .fate = fate,
		    });
}

/* What has failed with HTTP is open again, and the rest is listed. */
static void
add_retry(struct sample *sample)
{
	add(sample, &(struct fp_journal_line){
			    .what = FP_JOURNAL_RETRY, .fate = FP_KIND_HTTP});
	add(sample, &(struct fp_journal_line){.what = FP_JOURNAL_LISTED,
			    .failed_end = 0,
			    .unknown_end = 12,
			    .unknown_sum = 71});
}

/* Items out of order, failed ones, intents, a resumption and a retry. */
static void
make_sample(struct sample *sample, bool has_commits)
{
	*sample = (struct sample){.n = 0};
	begin_state(&sample->state);
	sample->state.out_end = 10;
	CHECK(fp_journalstate_write(&sample->state, &sample->text) == 0);
	sample->head = sample->text.len;
	for (uint64_t i = 0; i < 40; i++) {
		if (has_commits && i % 10 == 0)
			add(sample, &(struct fp_journal_line){
					    .what = FP_JOURNAL_COMMIT});
		if (i % 8 == 5)
			add(sample, &(struct fp_journal_line){
					    .what = FP_JOURNAL_INTENT,
					    .seq = (i ^ 3) + 1});
		add_done(sample, (i ^ 3) + 1,
			i % 5 == 2    ? FP_KIND_HTTP
			: i % 10 == 4 ? FP_FATE_UNKNOWN
				      : FP_KIND_OK);
		if (i == 20)
			add_retry(sample);
		if (i == 25)
			add(sample,
				&(struct fp_journal_line){
					.what = FP_JOURNAL_RESUMED,
					.out_end = sample->state.out_end,
					.failed_end = sample->state.failed_end,
					.unknown_end =
						sample->state.unknown_end});
	}
	add(sample, &(struct fp_journal_line){
			    .what = FP_JOURNAL_INTENT, .seq = 99});
}

static void
free_sample(struct sample *sample)
{
	fp_journalstate_destroy(&sample->state);
	fp_buf_destroy(&sample->text);
}

static bool
sets_are_same(const struct fp_seqset *a, const struct fp_seqset *b)
{
	if (a->n != b->n)
		return false;
	for (uint64_t i = 0; i <= FP_MAX(a->last, b->last) / 64; i++) {
		if (fp_seqset_word(a, i) != fp_seqset_word(b, i))
			return false;
	}
	return true;
}

static bool
is_same(const struct fp_journal_state *a, const struct fp_journal_state *b)
{
	for (size_t i = 0; i < FP_MAX(a->n_sums, b->n_sums); i++) {
		struct fp_journal_sums none = {{0}};
		const struct fp_journal_sums *x =
			i < a->n_sums ? &a->sums[i] : &none;
		const struct fp_journal_sums *y =
			i < b->n_sums ? &b->sums[i] : &none;
		if (memcmp(x, y, sizeof(*x)) != 0)
			return false;
	}
	for (unsigned fate = 0; fate < FP_FATES; fate++) {
		if (!sets_are_same(&a->failed[fate], &b->failed[fate]))
			return false;
	}
	if (a->n_options != b->n_options)
		return false;
	for (size_t i = 0; i < a->n_options; i++) {
		if (strcmp(a->options[i].name, b->options[i].name) != 0 ||
			a->options[i].hash != b->options[i].hash)
			return false;
	}
	return sets_are_same(&a->done, &b->done) &&
	       sets_are_same(&a->sent, &b->sent) && a->out_end == b->out_end &&
	       a->failed_end == b->failed_end && a->out_sum == b->out_sum &&
	       a->failed_sum == b->failed_sum &&
	       a->unknown_end == b->unknown_end &&
	       a->unknown_sum == b->unknown_sum &&
	       a->is_listing == b->is_listing &&
	       a->unknown_file.inode == b->unknown_file.inode &&
	       a->output.begin == b->output.begin &&
	       memcmp(a->key, b->key, sizeof(a->key)) == 0 &&
	       strcmp(a->version, b->version) == 0 &&
	       a->output.device == b->output.device &&
	       a->output.inode == b->output.inode &&
	       a->failed_file.inode == b->failed_file.inode;
}

/* Reads a text. -1: refused; else how many bytes count. */
static ssize_t
read_text(const char *data, size_t len)
{
	struct fp_journal_state state;
	size_t good;

	fp_journalstate_init(&state);
	int ret = fp_journalstate_read(&state, data, len, &good);
	if (ret)
		CHECK(errno == EILSEQ && state.why[0] && state.bad_line > 0);
	fp_journalstate_destroy(&state);
	return ret ? -1 : (ssize_t)good;
}

static void
what_is_read_is_what_was_written(void)
{
	struct sample sample;
	struct fp_journal_state state;
	size_t good;

	make_sample(&sample, false);
	fp_journalstate_init(&state);
	CHECK(fp_journalstate_read(
		      &state, sample.text.data, sample.text.len, &good) == 0);
	CHECK(good == sample.text.len && is_same(&state, &sample.state));
	CHECK(state.done.n == 36 && state.failed[FP_KIND_HTTP].n == 4);
	CHECK(state.failed[FP_FATE_UNKNOWN].n == 4);
	CHECK(fp_journalstate_failed(&state, FP_FATES_FAILED) == 8);
	CHECK(fp_journalstate_failed(&state, FP_FATES_USUAL) == 4);
	CHECK(fp_journalstate_fate(&state, (4 ^ 3) + 1) == FP_FATE_UNKNOWN);
	CHECK(fp_journalstate_fate(&state, 99) == FP_KIND_OK);
	CHECK(fp_seqset_has(&state.sent, 99) && state.sent.n == 1);
	CHECK(fp_journalstate_last(&state) == 99);

	/* It knows the line of each item; those that are open again not. */
	CHECK(state.n_seen == 36);
	for (size_t i = 0; i < state.n_seen; i++) {
		CHECK(i == 0 || state.seen[i - 1].seq < state.seen[i].seq);
		CHECK(state.seen[i].hash == hash_of(&state, state.seen[i].seq));
		CHECK(fp_seqset_has(&state.done, state.seen[i].seq));
	}

	/* Both go on in the same way. */
	struct sample other = {.state = state};
	add_done(&sample, 50, FP_KIND_OK);
	add_done(&other, 50, FP_KIND_OK);
	CHECK_BYTES(other.text.data, other.text.len, sample.text.data + good,
		sample.text.len - good);
	free_sample(&other);
	free_sample(&sample);
}

static void
cut_at_every_byte(void)
{
	struct sample sample;

	make_sample(&sample, false);
	for (size_t len = 0; len < sample.text.len; len++) {
		ssize_t good = read_text(sample.text.data, len);
		size_t line = 0, whole = sample.head;
		while (line < sample.n && sample.ends[line] <= len)
			whole = sample.ends[line++];
		if (len < sample.head)
			CHECK(good == -1);
		else
			CHECK(good == (ssize_t)whole);
	}
	free_sample(&sample);
}

static void
every_bit_flipped(void)
{
	struct sample sample;
	size_t n_taken = 0;

	for (int commits = 0; commits < 2; commits++) {
		make_sample(&sample, commits);
		for (size_t i = 0; i < sample.text.len * 8; i++) {
			sample.text.data[i / 8] ^= (char)(1 << i % 8);
			n_taken += read_text(sample.text.data,
					   sample.text.len) != -1;
			sample.text.data[i / 8] ^= (char)(1 << i % 8);
		}
		free_sample(&sample);
	}
	CHECK(n_taken == 0);
}

/* Makes a copy of lines `from` to `to` at `at`. */
static ssize_t
read_moved(const struct sample *sample, size_t keep, size_t from, size_t to)
{
	struct fp_buf text = FP_BUF_INIT;

	fp_buf_add(&text, sample->text.data, keep);
	fp_buf_add(&text, sample->text.data + from, to - from);
	ssize_t good = read_text(text.data, text.len);
	fp_buf_destroy(&text);
	return good;
}

static void
lines_lost_doubled_or_moved(void)
{
	struct sample sample;

	make_sample(&sample, false);
	size_t len = sample.text.len;
	for (size_t i = 1; i + 1 < sample.n; i++) {
		size_t start = sample.ends[i - 1], end = sample.ends[i];
		CHECK(read_moved(&sample, start, end, len) == -1);
		CHECK(read_moved(&sample, end, start, len) == -1);
		CHECK(read_moved(&sample, len, start, end) == -1);
	}
	CHECK(read_moved(&sample, sample.head, sample.head, len) ==
		(ssize_t)len);
	free_sample(&sample);
}

static void
blocks_that_a_power_cut_took(void)
{
	struct sample sample;
	struct fp_buf text = FP_BUF_INIT;

	make_sample(&sample, true);
	size_t synced = 0;
	const char *at = sample.text.data;
	while ((at = strstr(at, "\nc ")))
		synced = (size_t)(++at - sample.text.data);
	for (size_t block = 0; block < sample.text.len; block += 64) {
		size_t n = FP_MIN(64, sample.text.len - block);
		fp_buf_set(&text, sample.text.data, sample.text.len);
		memset(text.data + block, 0, n);
		ssize_t good = read_text(text.data, text.len);
		/* One that takes the mark itself, nobody can judge. */
		if (block > synced + 12)
			CHECK(good > (ssize_t)synced && good <= (ssize_t)block);
		else if (block + n < synced)
			CHECK(good == -1);
	}
	/* A line that began at a block's end, the block before it being there
	 * as it was. */
	for (size_t i = 0; i < sample.n; i++) {
		for (size_t n = 1; n < 8 && sample.ends[i] > synced + 12; n++) {
			size_t start = sample.ends[i - 1];
			fp_buf_set(&text, sample.text.data, sample.text.len);
			memset(text.data + start, 0, n);
			CHECK(read_text(text.data, text.len) == (ssize_t)start);
		}
	}
	free_sample(&sample);

	/* Where nothing is synced, nothing says that zeros are right. */
	make_sample(&sample, false);
	memset(sample.text.data + sample.text.len - 64, 0, 64);
	CHECK(read_text(sample.text.data, sample.text.len) == -1);
	free_sample(&sample);
	fp_buf_destroy(&text);
}

/* The end of the last whole line in so many bytes. */
static ssize_t
whole_lines(const struct sample *sample, size_t len)
{
	size_t whole = 0;

	for (size_t i = 0; i < sample->n && sample->ends[i] <= len; i++)
		whole = sample->ends[i];
	return (ssize_t)whole;
}

/* The file ends a few bytes into a block that was lost: too few for there to be
 * many zeros. */
static void
a_few_last_bytes_lost(void)
{
	struct sample sample;

	for (int commits = 0; commits < 2; commits++) {
		make_sample(&sample, commits);
		char *data = sample.text.data;
		size_t whole = sample.text.len;
		for (size_t len = whole - 1; len > whole - 200; len--) {
			data[len] = '\0';
			ssize_t good = commits ? whole_lines(&sample, len) : -1;
			for (size_t n = 1; n < 10 && len + n <= whole; n++)
				CHECK(read_text(data, len + n) == good);
		}
		free_sample(&sample);
	}
}

/* Lines whose checksums are right, and that say what cannot be. */
static void
what_cannot_be(void)
{
	static const struct fp_journal_line wrong[] = {
		{.what = FP_JOURNAL_DONE, .seq = 1, .out_end = 100000},
		{.what = FP_JOURNAL_DONE, .seq = 0, .out_end = 100000},
		{.what = FP_JOURNAL_DONE, .seq = 60, .out_end = 5},
		{.what = FP_JOURNAL_DONE, .seq = UINT64_MAX, .out_end = 100000},
		{.what = FP_JOURNAL_INTENT, .seq = 0},
		{.what = FP_JOURNAL_RESUMED, .out_end = 5},
		{.what = FP_JOURNAL_BEGIN},
		{.what = FP_JOURNAL_LISTED, .failed_end = 5},
		{.what = FP_JOURNAL_HEAD, .name = {"1", 1}},
		{.what = FP_JOURNAL_STATE, .seq = 5},
		{.what = FP_JOURNAL_MISSING, .seq = 0, .hash = 2},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(wrong); i++) {
		struct sample sample;
		make_sample(&sample, false);
		CHECK(fp_journalline_add(
			      &sample.text, &wrong[i], &sample.state.crc) == 0);
		CHECK(read_text(sample.text.data, sample.text.len) == -1);
		free_sample(&sample);
	}
}

/* Heads, of items 1 to 3 done, in which something has failed or was sent. */
static void
items_of_the_head_that_cannot_be(void)
{
	static const struct {
		uint64_t failed, sent, n_failed;
		bool is_fine;
		uint64_t also;
		unsigned fate;
	} heads[] = {
		{0x0c, 0x10, 2, true, 0, FP_KIND_HTTP},
		{0x0c, 0x10, 3, true, 0x02, FP_KIND_HTTP},
		{0x0c, 0, 3, false, 0x08, FP_KIND_HTTP}, /* two fates */
		{0x0c, 0, 3, false, 0x02, FP_KIND_OK}, /* that is none */
		{0x10, 0, 1, false, 0, FP_KIND_HTTP}, /* it is not done */
		{0x14, 0, 2, false, 0, FP_KIND_HTTP},
		{0x01, 0, 1, false, 0, FP_KIND_HTTP}, /* there is no item 0 */
		{0, 0x01, 0, false, 0, FP_KIND_HTTP},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(heads); i++) {
		const struct fp_journal_line lines[] = {
			{.what = FP_JOURNAL_HEAD, .name = {"1", 1}},
			{.what = FP_JOURNAL_OUTPUT},
			{.what = FP_JOURNAL_FAILED},
			{.what = FP_JOURNAL_STATE,
				.seq = 3,
				.n_done = 3,
				.n_failed = heads[i].n_failed},
			{.what = FP_JOURNAL_BAD,
				.hash = heads[i].failed,
				.fate = FP_KIND_DNS},
			{.what = FP_JOURNAL_BAD,
				.hash = heads[i].also,
				.fate = heads[i].fate},
			{.what = FP_JOURNAL_SENT, .hash = heads[i].sent},
			{.what = FP_JOURNAL_BEGIN},
		};
		struct fp_buf text = FP_BUF_INIT;
		uint32_t crc = 0;
		for (size_t k = 0; k < FP_ARRAY_LEN(lines); k++)
			CHECK(fp_journalline_add(&text, &lines[k], &crc) == 0);
		CHECK(read_text(text.data, text.len) ==
			(heads[i].is_fine ? (ssize_t)text.len : -1));
		fp_buf_destroy(&text);
	}
}

/* Made anew, it says the same, without the lines. */
static void
check_anew(const struct fp_journal_state *state, size_t max_bytes)
{
	struct fp_journal_state copy = *state, again;
	struct fp_buf text = FP_BUF_INIT;
	size_t good;

	CHECK(fp_journalstate_write(&copy, &text) == 0);
	CHECK(text.len <= max_bytes);
	fp_journalstate_init(&again);
	CHECK(fp_journalstate_read(&again, text.data, text.len, &good) == 0);
	CHECK(good == text.len && is_same(&again, state));
	CHECK(again.n_seen == 0);
	fp_journalstate_destroy(&again);
	fp_buf_destroy(&text);
}

static void
a_journal_made_anew_says_the_same(void)
{
	struct sample sample;
	struct fp_journal_state empty;

	make_sample(&sample, false);
	check_anew(&sample.state, 1000);
	free_sample(&sample);
	begin_state(&empty);
	check_anew(&empty, 400);
	fp_journalstate_destroy(&empty);
}

/* Killed between "t" and "l", and made anew there. */
static void
lists_that_are_still_to_be_written(void)
{
	struct sample sample;
	struct fp_journal_line line = {
		.what = FP_JOURNAL_RETRY, .fate = FP_KIND_HTTP};

	make_sample(&sample, false);
	add(&sample, &line);
	CHECK(sample.state.is_listing && sample.state.unknown_end == 0);
	CHECK(sample.state.failed[FP_FATE_UNKNOWN].n == 4);
	CHECK(sample.state.failed[FP_KIND_HTTP].n == 0);
	check_anew(&sample.state, 1000);

	/* Nothing is done before they are. */
	line = (struct fp_journal_line){.what = FP_JOURNAL_DONE,
		.seq = 70,
		.out_end = sample.state.out_end + 1};
	CHECK(fp_journalstate_add(&sample.state, &sample.text, &line) == -1);
	CHECK(errno == EILSEQ);
	free_sample(&sample);
}

/* The form before this one: with items 1 to 4 done, of which 2 has failed; then
 * 5 succeeded and 6 failed. */
static void
the_old_form(void)
{
	struct fp_journal_line lines[] = {
		{.what = FP_JOURNAL_HEAD, .name = {"1", 1}},
		{.what = FP_JOURNAL_OUTPUT},
		{.what = FP_JOURNAL_FAILED},
		{.what = FP_JOURNAL_STATE,
			.seq = 4,
			.n_done = 4,
			.n_failed = 1,
			.out_end = 30,
			.failed_end = 2},
		{.what = FP_JOURNAL_SUMS, .hash = 1300, .hash2 = 200},
		{.what = FP_JOURNAL_BAD, .hash = 0x04},
		{.what = FP_JOURNAL_BEGIN},
		{.what = FP_JOURNAL_DONE,
			.seq = 5,
			.hash = 500,
			.out_end = 40,
			.failed_end = 2,
			.out_sum = 9},
		{.what = FP_JOURNAL_DONE,
			.seq = 6,
			.hash = 600,
			.out_end = 40,
			.failed_end = 4,
			.out_sum = 9,
			.fate = FP_KIND_HTTP},
		{.what = FP_JOURNAL_RETRY},
	};
	struct fp_buf text = FP_BUF_INIT;
	uint32_t crc = 0;

	for (size_t n = 0; n < FP_ARRAY_LEN(lines); n++) {
		struct fp_journal_state state;
		size_t good;
		lines[n].is_old = true;
		CHECK(fp_journalline_add(&text, &lines[n], &crc) == 0);
		fp_journalstate_init(&state);
		int ret = fp_journalstate_read(
			&state, text.data, text.len, &good);
		CHECK(ret == (n < 6 ? -1 : 0));
		if (n == 8) {
			CHECK(state.is_old && state.done.n == 6);
			CHECK(fp_journalstate_fate(&state, 2) ==
				FP_FATE_UNTOLD);
			CHECK(fp_journalstate_fate(&state, 6) == FP_KIND_HTTP);
			CHECK(state.sums[0].of[FP_KIND_OK] == 1800);
			CHECK(state.sums[0].of[FP_FATE_UNTOLD] == 200);
			CHECK(state.sums[0].of[FP_KIND_HTTP] == 600);
			check_anew(&state, 600);
		}
		if (n == 9) {
			CHECK(state.done.n == 4 && !state.is_listing);
			CHECK(state.failed_end == 0);
			check_anew(&state, 600);
		}
		fp_journalstate_destroy(&state);
	}
	CHECK(strncmp(text.data, "fetchpool-journal-2 ", 20) == 0);
	fp_buf_destroy(&text);
}

static void
random_states_made_anew(void)
{
	unsigned seed = 3;

	for (int round = 0; round < 20; round++) {
		struct sample sample = {.n = 0};
		begin_state(&sample.state);
		sample.state.stage = FP_JOURNAL_BEGIN;
		uint64_t n = (uint64_t)round * 9000 + 1;
		for (uint64_t seq = 1; seq <= n; seq++) {
			seed = seed * 1103515245u + 12345u;
			if ((seed >> 16) % 20 == 0)
				continue;
			sample.n = 0;
			fp_buf_clear(&sample.text, SIZE_MAX);
			add_done(&sample, seq,
				(seed >> 20) % 7   ? FP_KIND_OK
				: (seed >> 23) % 2 ? FP_KIND_DNS
						   : FP_FATE_UNKNOWN);
		}
		check_anew(&sample.state, 1000 + n * 3);
		free_sample(&sample);
	}
}

static void
ten_million_items_are_a_short_journal(void)
{
	struct fp_journal_state state;
	struct fp_journal_line line = {.what = FP_JOURNAL_DONE, .hash = 3};
	struct fp_buf text = FP_BUF_INIT;

	begin_state(&state);
	state.stage = FP_JOURNAL_BEGIN;
	for (uint64_t seq = 1; seq <= 10000000; seq += 1) {
		if (seq % 1000000 == 0)
			continue;
		line.seq = line.out_end = seq;
		bool is_added = fp_journalstate_add(&state, &text, &line) == 0;
		if (!is_added) {
			CHECK(is_added);
			break;
		}
		fp_buf_clear(&text, SIZE_MAX);
	}
	check_anew(&state, 16000);
	fp_journalstate_destroy(&state);
	fp_buf_destroy(&text);
}

static void
add_page(struct sample *sample, uint64_t seq, uint64_t page)
{
	const struct fp_journal_state *state = &sample->state;

	add(sample, &(struct fp_journal_line){
			    .what = FP_JOURNAL_PAGE,
			    .seq = seq,
			    .n_done = page,
			    .hash = hash_of(state, seq),
			    .hash2 = 1000 * seq + page,
			    .out_end = state->out_end + 100,
			    .failed_end = state->failed_end,
			    .unknown_end = state->unknown_end,
			    .out_sum = (uint32_t)(seq * 77 + page),
			    .failed_sum = state->failed_sum,
			    .unknown_sum = state->unknown_sum,
			    .page_name = {"75ff", 4},
		    });
}

static void
check_chains(const struct fp_journal_state *state)
{
	const struct fp_journal_chain *chain =
		fp_journalchain_find(&state->chains, 5);
	uint64_t seen[3] = {0};

	CHECK(chain && chain->page == 3 && chain->n_ahead == 1);
	CHECK(chain->item_hash == hash_of(state, 5));
	CHECK_BYTES(chain->name.data, chain->name.len, "75ff", 4);
	CHECK(chain->seen.len == sizeof(seen));
	memcpy(seen, chain->seen.data, sizeof(seen));
	CHECK(seen[0] == 5001 && seen[1] == 5002 && seen[2] == 5003);
	CHECK(fp_seqset_has(&state->sent, 5));
	chain = fp_journalchain_find(&state->chains, 6);
	CHECK(chain && chain->page == 1); /* it has failed behind that */
	CHECK(!fp_journalchain_find(&state->chains, 7)); /* it is done */
	CHECK(fp_journalstate_last(state) == 7);
}

/* Of an item three pages are done, and two more are sent; another one has
 * failed on its second page, and a third one is done. */
static void
items_with_pages(void)
{
	struct sample sample = {.n = 0};
	struct fp_journal_state read;
	struct fp_buf again = FP_BUF_INIT;
	size_t good;

	begin_state(&sample.state);
	CHECK(fp_journalstate_write(&sample.state, &sample.text) == 0);
	for (uint64_t page = 1; page <= 3; page++)
		add(&sample, &(struct fp_journal_line){
				     .what = FP_JOURNAL_INTENT, .seq = 5});
	add_page(&sample, 5, 1);
	add_page(&sample, 7, 1);
	add_page(&sample, 5, 2);
	for (int i = 0; i < 2; i++)
		add(&sample, &(struct fp_journal_line){
				     .what = FP_JOURNAL_INTENT, .seq = 5});
	add_page(&sample, 6, 1);
	add_page(&sample, 5, 3);
	add_done(&sample, 7, FP_KIND_OK);
	add_done(&sample, 6, FP_KIND_HTTP);
	check_chains(&sample.state);

	fp_journalstate_init(&read);
	CHECK(fp_journalstate_read(
		      &read, sample.text.data, sample.text.len, &good) == 0);
	check_chains(&read);
	fp_journalstate_destroy(&read);

	CHECK(fp_journalstate_write(&sample.state, &again) == 0);
	fp_journalstate_init(&read);
	CHECK(fp_journalstate_read(&read, again.data, again.len, &good) == 0);
	check_chains(&read);
	fp_journalstate_destroy(&read);
	fp_journalstate_destroy(&sample.state);
	fp_buf_destroy(&sample.text);
	fp_buf_destroy(&again);
}

int
main(void)
{
	run("what is read is what was written",
		what_is_read_is_what_was_written);
	run("cut at every byte: what was told in whole lines",
		cut_at_every_byte);
	run("every single bit flipped: refused", every_bit_flipped);
	run("lines lost, doubled or moved: refused",
		lines_lost_doubled_or_moved);
	run("blocks that a power cut took", blocks_that_a_power_cut_took);
	run("a few last bytes that a power cut took", a_few_last_bytes_lost);
	run("lines that say what cannot be are refused", what_cannot_be);
	run("so are heads of such items", items_of_the_head_that_cannot_be);
	run("a journal made anew says the same",
		a_journal_made_anew_says_the_same);
	run("lists that are still to be written",
		lists_that_are_still_to_be_written);
	run("the form before this one", the_old_form);
	run("so do many, at random", random_states_made_anew);
	run("ten million items are a short journal",
		ten_million_items_are_a_short_journal);
	run("items with pages", items_with_pages);
	return done();
}
