/* SPDX-License-Identifier: MIT */
#include "journalline.h"

#include "tap.h"

static void
checks_give_known_values(void)
{
	/* RFC 3720, appendix B.4; and the one for "123456789". */
	uint8_t bytes[32] = {0};
	CHECK(fp_journalline_crc(0, bytes, 32) == 0x8a9136aa);
	memset(bytes, 0xff, 32);
	CHECK(fp_journalline_crc(0, bytes, 32) == 0x62a8ab43);
	for (uint8_t i = 0; i < 32; i++)
		bytes[i] = i;
	CHECK(fp_journalline_crc(0, bytes, 32) == 0x46dd794e);
	CHECK(fp_journalline_crc(0, "123456789", 9) == 0xe3069283);
	CHECK(fp_journalline_crc(fp_journalline_crc(0, "1234", 4), "56789",
		      5) == 0xe3069283);

	/* SipHash-2-4 of 0 to 15 bytes under the key 0, 1, 2, ... */
	static const uint64_t known[] = {0x726fdb47dd0e0e31, 0x74f839c593dc67fd,
		0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d, 0xcf2794e0277187b7,
		0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
		0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3,
		0xf4b32f46226bada7, 0x751e8fbc860ee5fb, 0x14ea5627c0843d90,
		0xf723ca908e7af2ee, 0xa129ca6149be45e5};
	for (size_t i = 0; i < FP_ARRAY_LEN(known); i++)
		CHECK(fp_journalline_hash(bytes, bytes, i) == known[i]);
}

static void
an_item_is_its_line_and_its_place(void)
{
	const uint8_t key[FP_JOURNAL_KEY_BYTES] = "0123456789abcde";
	const uint8_t other[FP_JOURNAL_KEY_BYTES] = "0123456789abcdf";
	struct fp_text a = {"a", 1}, b = {"b", 1}, none = {"", 0};
	uint64_t hash = fp_journalline_item_hash(key, 1, a);
	const char same[] = "\1\0\0\0\0\0\0\0a";

	CHECK(hash == fp_journalline_item_hash(key, 1, a));
	CHECK(hash == fp_journalline_hash(key, same, 9));
	CHECK(hash != fp_journalline_item_hash(key, 2, a));
	CHECK(hash != fp_journalline_item_hash(key, 1, b));
	CHECK(hash != fp_journalline_item_hash(other, 1, a));
	CHECK(hash != fp_journalline_item_hash(key, 1, none));
}

static const struct fp_journal_line lines[] = {
	{.what = FP_JOURNAL_HEAD, .name = {"0.1.0", 5}, .key = {1, 2, 0xff}},
	{.what = FP_JOURNAL_OUTPUT,
		.seq = UINT64_MAX,
		.hash = 17,
		.out_end = 5},
	{.what = FP_JOURNAL_FAILED},
	{.what = FP_JOURNAL_OPTION, .name = {"keep-order", 10}, .hash = 9},
	{.what = FP_JOURNAL_STATE,
		.seq = 10,
		.n_done = 9,
		.n_failed = 3,
		.out_end = 4000,
		.failed_end = 50},
	{.what = FP_JOURNAL_SUMS,
		.seq = 1,
		.fate = FP_FATE_UNKNOWN,
		.hash = UINT64_MAX},
	{.what = FP_JOURNAL_SUMS,
		.is_old = true,
		.seq = 1,
		.hash = 2,
		.hash2 = UINT64_MAX},
	{.what = FP_JOURNAL_MISSING, .seq = 0, .hash = 8},
	{.what = FP_JOURNAL_BAD, .seq = 0, .hash = 16, .fate = FP_KIND_TLS},
	{.what = FP_JOURNAL_BAD, .is_old = true, .seq = 0, .hash = 16},
	{.what = FP_JOURNAL_SENT, .seq = 3, .hash = 1},
	{.what = FP_JOURNAL_BEGIN},
	{.what = FP_JOURNAL_DONE,
		.seq = 281474976710655,
		.hash = 0x0123456789abcdef,
		.out_end = UINT64_MAX,
		.failed_end = UINT64_MAX,
		.unknown_end = UINT64_MAX,
		.out_sum = UINT32_MAX,
		.failed_sum = 0xabc,
		.unknown_sum = 0xdef,
		.fate = FP_KIND_INCOMPLETE},
	{.what = FP_JOURNAL_DONE, .seq = 1, .fate = FP_KIND_OK},
	{.what = FP_JOURNAL_DONE,
		.is_old = true,
		.seq = 1,
		.fate = FP_KIND_HTTP},
	{.what = FP_JOURNAL_INTENT, .seq = 77},
	{.what = FP_JOURNAL_RESUMED, .out_end = 1, .failed_end = 2},
	{.what = FP_JOURNAL_RETRY, .fate = FP_KIND_DNS},
	{.what = FP_JOURNAL_RETRY, .is_old = true},
	{.what = FP_JOURNAL_LISTED,
		.failed_end = 7,
		.unknown_end = 8,
		.failed_sum = 9,
		.unknown_sum = 10},
	{.what = FP_JOURNAL_REST,
		.failed_end = 11,
		.unknown_end = 12,
		.failed_sum = 13,
		.unknown_sum = 14},
	{.what = FP_JOURNAL_COMMIT},
};

static bool
is_same(const struct fp_journal_line *a, const struct fp_journal_line *b)
{
	return a->what == b->what && a->seq == b->seq && a->hash == b->hash &&
	       a->hash2 == b->hash2 && a->n_done == b->n_done &&
	       a->n_failed == b->n_failed && a->out_end == b->out_end &&
	       a->failed_end == b->failed_end && a->fate == b->fate &&
	       a->unknown_end == b->unknown_end &&
	       a->unknown_sum == b->unknown_sum && a->is_old == b->is_old &&
	       a->out_sum == b->out_sum && a->failed_sum == b->failed_sum &&
	       a->name.len == b->name.len &&
	       (a->name.len == 0 ||
		       memcmp(a->name.data, b->name.data, a->name.len) == 0) &&
	       memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

static void
lines_come_back(void)
{
	struct fp_buf text = FP_BUF_INIT;
	struct fp_journal_line line;
	uint32_t out = 0, in = 0;

	for (size_t i = 0; i < FP_ARRAY_LEN(lines); i++) {
		size_t at = text.len;
		CHECK(fp_journalline_add(&text, &lines[i], &out) == 0);
		CHECK(text.data[text.len - 1] == '\n');
		CHECK(fp_journalline_parse(&line, lines[i].is_old,
			      text.data + at, text.len - at - 1, &in) == 0);
		CHECK(is_same(&line, &lines[i]) && in == out);
	}
	fp_buf_destroy(&text);
}

static void
one_spelling_only(void)
{
	static const char *const wrong[] = {"", " ", "d", "d 1", "begin",
		"begin ", "begin 00000000", "begin  c56ef1f5", "i 01 ",
		"t 0 00000000", "z 00000000"};
	struct fp_journal_line line;
	struct fp_buf text = FP_BUF_INIT;
	uint32_t crc;

	for (size_t i = 0; i < FP_ARRAY_LEN(wrong); i++) {
		crc = 0;
		CHECK(fp_journalline_parse(&line, false, wrong[i],
			      strlen(wrong[i]), &crc) == -1);
	}

	/* A number with a zero before it, and a checksum that is right. */
	fp_buf_add_text(&text, "i 07 ");
	crc = fp_journalline_crc(0, text.data, text.len);
	fp_buf_printf(&text, "%08x", crc);
	crc = 0;
	CHECK(fp_journalline_parse(&line, false, text.data, text.len, &crc) ==
		-1);
	fp_buf_set(&text, "i 7 ", 4);
	crc = fp_journalline_crc(0, text.data, text.len);
	fp_buf_printf(&text, "%08x", crc);
	crc = 0;
	CHECK(fp_journalline_parse(&line, false, text.data, text.len, &crc) ==
		0);
	CHECK(line.seq == 7);
	fp_buf_destroy(&text);
}

/* A name is kept as a C string, and a word in a message. */
static void
names_are_plain(void)
{
	static const struct {
		const char *name;
		size_t len;
		int ret;
	} names[] = {{"keep-order", 10, 0}, {"!~", 2, 0}, {"", 0, -1},
		{"\0keep", 5, -1}, {"keep\0", 5, -1}, {"a\tb", 3, -1},
		{"\033[1m", 4, -1}, {"\177", 1, -1}, {"\303\244", 2, -1}};

	for (size_t i = 0; i < FP_ARRAY_LEN(names); i++) {
		const struct fp_journal_line option = {
			.what = FP_JOURNAL_OPTION,
			.name = {names[i].name, names[i].len},
		};
		struct fp_journal_line line;
		struct fp_buf text = FP_BUF_INIT;
		uint32_t crc = 0, back = 0;
		CHECK(fp_journalline_add(&text, &option, &crc) == 0);
		CHECK(fp_journalline_parse(&line, false, text.data,
			      text.len - 1, &back) == names[i].ret);
		fp_buf_destroy(&text);
	}
}

static void
a_torn_line_is_told_from_a_damaged_one(void)
{
	CHECK(fp_journalline_is_torn("d 12 0123456789abcdef 4000", 26));
	CHECK(fp_journalline_is_torn("d 1 too_large", 13));
	CHECK(fp_journalline_is_torn("", 0));
	for (int bit = 0; bit < 8; bit++) {
		char flipped = (char)('\n' ^ 1 << bit);
		CHECK(!fp_journalline_is_torn(&flipped, 1));
	}
}

int
main(void)
{
	run("the checks give known values", checks_give_known_values);
	run("an item is its line and its place",
		an_item_is_its_line_and_its_place);
	run("every line comes back as it went", lines_come_back);
	run("a line has one spelling only", one_spelling_only);
	run("names are plain text", names_are_plain);
	run("a torn line is told from a damaged one",
		a_torn_line_is_told_from_a_damaged_one);
	return done();
}
