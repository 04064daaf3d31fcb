/* SPDX-License-Identifier: MIT */
/*
 * A line is a word, fields with one space before each, and the checksum. One
 * table says which fields, in which order, and serves both directions; what
 * was read is written again and compared, so that there is one spelling only.
 *
 * No field holds a URL, a line of the input, or the value of an option: of
 * these there are hashes, whose key is drawn for each journal.
 */
#include "base.h"

#include "journalline.h"

#include "ascii.h"
#include "units.h"

#include <inttypes.h>
#include <string.h>

/* No line is longer; its newline counted. */
#define LINE_MAX_BYTES (256 + 2 * FP_JOURNAL_PAGE_MAX)

#define CRC_CHARS 8

/* The fields, a letter each; see put_field(). */
struct form {
	const char *word;
	const char *fields;
};

static const struct form forms[] = {
	[FP_JOURNAL_HEAD] = {FP_JOURNAL_MAGIC FP_JOURNAL_FORM, "nk"},
	[FP_JOURNAL_OUTPUT] = {"output", "qhe"},
	[FP_JOURNAL_FAILED] = {"failed", "qh"},
	[FP_JOURNAL_UNKNOWN] = {"unknown", "qh"},
	[FP_JOURNAL_OPTION] = {"option", "nh"},
	[FP_JOURNAL_SUMS] = {"h", "qth"},
	[FP_JOURNAL_MISSING] = {"x", "qh"},
	[FP_JOURNAL_BAD] = {"f", "qth"},
	[FP_JOURNAL_SENT] = {"u", "qh"},
	[FP_JOURNAL_STATE] = {"s", "qabegvopw"},
	[FP_JOURNAL_CHAIN] = {"k", "qabhx"},
	[FP_JOURNAL_SEEN] = {"y", "qh"},
	[FP_JOURNAL_BEGIN] = {"begin", ""},
	[FP_JOURNAL_DONE] = {"d", "qhegvopwt"},
	[FP_JOURNAL_PAGE] = {"p", "qahHegvopwx"},
	[FP_JOURNAL_INTENT] = {"i", "q"},
	[FP_JOURNAL_RESUMED] = {"r", "egv"},
	[FP_JOURNAL_RETRY] = {"t", "t"},
	[FP_JOURNAL_LISTED] = {"l", "gvpw"},
	[FP_JOURNAL_REST] = {"e", "gvpw"},
	[FP_JOURNAL_COMMIT] = {"c", ""},
};

/* Lines that the form before this one has differently; "-": not at all. */
static const struct form old_forms[FP_ARRAY_LEN(forms)] = {
	[FP_JOURNAL_HEAD] = {FP_JOURNAL_MAGIC FP_JOURNAL_OLD_FORM, "nk"},
	[FP_JOURNAL_UNKNOWN] = {"-", ""},
	[FP_JOURNAL_SUMS] = {"h", "qhH"},
	[FP_JOURNAL_BAD] = {"f", "qh"},
	[FP_JOURNAL_STATE] = {"s", "qabegop"},
	[FP_JOURNAL_DONE] = {"d", "qhegopt"},
	[FP_JOURNAL_RESUMED] = {"r", "eg"},
	[FP_JOURNAL_RETRY] = {"t", ""},
	[FP_JOURNAL_LISTED] = {"-", ""},
	[FP_JOURNAL_REST] = {"-", ""},
	[FP_JOURNAL_CHAIN] = {"-", ""},
	[FP_JOURNAL_SEEN] = {"-", ""},
	[FP_JOURNAL_PAGE] = {"-", ""},
};

static const struct form *
form_of(enum fp_journal_what what, bool is_old)
{
	return is_old && old_forms[what].word ? &old_forms[what] : &forms[what];
}

/* ---- checks ---- */

uint32_t
fp_journalline_crc(uint32_t crc, const void *data, size_t len)
{
	/* Four bits at a time: lines are short. */
	static const uint32_t table[16] = {
		0x00000000,
		0x105ec76f,
		0x20bd8ede,
		0x30e349b1,
		0x417b1dbc,
		0x5125dad3,
		0x61c69362,
		0x7198540d,
		0x82f63b78,
		0x92a8fc17,
		0xa24bb5a6,
		0xb21572c9,
		0xc38d26c4,
		0xd3d3e1ab,
		0xe330a81a,
		0xf36e6f75,
	};
	const uint8_t *at = data;

	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc ^= at[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

static uint64_t
load64(const uint8_t *at)
{
	uint64_t word = 0;

	for (int i = 7; i >= 0; i--)
		word = word << 8 | at[i];
	return word;
}

static uint64_t
rotate(uint64_t word, int by)
{
	return word << by | word >> (64 - by);
}

static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

struct sip {
	uint64_t v[4];
	uint64_t n; /* bytes so far */
};

static void
sip_begin(struct sip *sip, const uint8_t key[FP_JOURNAL_KEY_BYTES])
{
	uint64_t k0 = load64(key), k1 = load64(key + 8);

	sip->v[0] = k0 ^ UINT64_C(0x736f6d6570736575);
	sip->v[1] = k1 ^ UINT64_C(0x646f72616e646f6d);
	sip->v[2] = k0 ^ UINT64_C(0x6c7967656e657261);
	sip->v[3] = k1 ^ UINT64_C(0x7465646279746573);
	sip->n = 0;
}

static void
sip_word(struct sip *sip, uint64_t word)
{
	sip->v[3] ^= word;
	sip_round(sip->v);
	sip_round(sip->v);
	sip->v[0] ^= word;
	sip->n += 8;
}

/* The last bytes, and the end. */
static uint64_t
sip_end(struct sip *sip, const uint8_t *data, size_t len)
{
	uint8_t rest[8] = {0};

	for (; len >= 8; data += 8, len -= 8)
		sip_word(sip, load64(data));
	if (len > 0)
		memcpy(rest, data, len);
	rest[7] = (uint8_t)(sip->n + len);
	sip_word(sip, load64(rest));
	sip->v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(sip->v);
	return sip->v[0] ^ sip->v[1] ^ sip->v[2] ^ sip->v[3];
}

uint64_t
fp_journalline_hash(
	const uint8_t key[FP_JOURNAL_KEY_BYTES], const void *data, size_t len)
{
	struct sip sip;

	sip_begin(&sip, key);
	return sip_end(&sip, data, len);
}

uint64_t
fp_journalline_item_hash(const uint8_t key[FP_JOURNAL_KEY_BYTES], uint64_t seq,
	struct fp_text text)
{
	struct sip sip;

	sip_begin(&sip, key);
	sip_word(&sip, seq);
	return sip_end(&sip, (const uint8_t *)text.data, text.len);
}

/* ---- writing ---- */

static char *
put_hex(char *at, uint64_t value, int digits)
{
	for (int i = digits - 1; i >= 0; i--, value >>= 4)
		at[i] = "0123456789abcdef"[value & 15];
	return at + digits;
}

static char *
put_number(char *at, uint64_t value)
{
	char digits[20];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	while (n > 0)
		*at++ = digits[--n];
	return at;
}

static char *
put_text(char *at, const char *text, size_t len)
{
	if (len > 0)
		memcpy(at, text, len);
	return at + len;
}

static char *
put_field(char *at, char field, const struct fp_journal_line *line)
{
	const char *fate;

	switch (field) {
	case 'q':
		return put_number(at, line->seq);
	case 'a':
		return put_number(at, line->n_done);
	case 'b':
		return put_number(at, line->n_failed);
	case 'e':
		return put_number(at, line->out_end);
	case 'g':
		return put_number(at, line->failed_end);
	case 'v':
		return put_number(at, line->unknown_end);
	case 'o':
		return put_hex(at, line->out_sum, 8);
	case 'p':
		return put_hex(at, line->failed_sum, 8);
	case 'w':
		return put_hex(at, line->unknown_sum, 8);
	case 'h':
		return put_hex(at, line->hash, 16);
	case 'H':
		return put_hex(at, line->hash2, 16);
	case 't':
		fate = fp_fate_name(line->fate);
		return put_text(at, fate, strlen(fate));
	case 'n':
		return put_text(at, line->name.data, line->name.len);
	case 'x':
		return put_text(at, line->page_name.data, line->page_name.len);
	default:
		for (int i = 0; i < FP_JOURNAL_KEY_BYTES; i++)
			at = put_hex(at, line->key[i], 2);
		return at;
	}
}

/* The line with its checksum and newline. Returns its length. */
static size_t
put_line(char *to, const struct fp_journal_line *line, uint32_t *crc)
{
	const struct form *form = form_of(line->what, line->is_old);
	char *at = put_text(to, form->word, strlen(form->word));

	for (const char *field = form->fields; *field; field++) {
		*at++ = ' ';
		at = put_field(at, *field, line);
	}
	*at++ = ' ';
	*crc = fp_journalline_crc(*crc, to, (size_t)(at - to));
	at = put_hex(at, *crc, CRC_CHARS);
	*at++ = '\n';
	return (size_t)(at - to);
}

int
fp_journalline_add(
	struct fp_buf *to, const struct fp_journal_line *line, uint32_t *crc)
{
	FP_ASSERT(line->name.len <= FP_JOURNAL_NAME_MAX);
	FP_ASSERT(line->page_name.len <= 2 * FP_JOURNAL_PAGE_MAX);
	if (fp_buf_reserve(to, LINE_MAX_BYTES))
		return -1;
	to->len += put_line(to->data + to->len, line, crc);
	to->data[to->len] = '\0';
	return 0;
}

/* ---- reading ---- */

static int
parse_hex(const char *text, size_t len, uint64_t *value)
{
	static const char digits[] = "0123456789abcdef";

	*value = 0;
	if (len == 0 || len > 16)
		return -1;
	for (size_t i = 0; i < len; i++) {
		const char *digit = memchr(digits, text[i], 16);
		if (!digit)
			return -1;
		*value = *value << 4 | (uint64_t)(digit - digits);
	}
	return 0;
}

static int
parse_fate(const char *text, size_t len, unsigned *fate)
{
	int found = fp_fate_find(text, len);

	*fate = (unsigned)FP_MAX(found, 0);
	return found < 0 ? -1 : 0;
}

static int
parse_sum(const char *text, size_t len, uint32_t *sum)
{
	uint64_t value;

	if (len > 8 || parse_hex(text, len, &value))
		return -1;
	*sum = (uint32_t)value;
	return 0;
}

static int
parse_key(const char *text, size_t len, uint8_t key[FP_JOURNAL_KEY_BYTES])
{
	uint64_t byte;

	if (len != 2 * FP_JOURNAL_KEY_BYTES)
		return -1;
	for (size_t i = 0; i < FP_JOURNAL_KEY_BYTES; i++) {
		if (parse_hex(text + 2 * i, 2, &byte))
			return -1;
		key[i] = (uint8_t)byte;
	}
	return 0;
}

/* A C string, which a message may show. */
static int
journalline_parse_name(struct fp_text *name, const char *text, size_t len)
{
	if (len == 0 || len > FP_JOURNAL_NAME_MAX)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			return -1;
	}
	*name = (struct fp_text){text, len};
	return 0;
}

/* Pairs of digits, perhaps none. */
static int
parse_page_name(struct fp_text *name, const char *text, size_t len)
{
	if (len % 2 || len > 2 * FP_JOURNAL_PAGE_MAX)
		return -1;
	for (size_t i = 0; i < len; i++) {
		bool is_digit = (text[i] >= '0' && text[i] <= '9') ||
				(text[i] >= 'a' && text[i] <= 'f');
		if (!is_digit)
			return -1;
	}
	*name = (struct fp_text){text, len};
	return 0;
}

static int
parse_field(
	struct fp_journal_line *line, char field, const char *text, size_t len)
{
	switch (field) {
	case 'q':
		return fp_units_digits(text, len, &line->seq);
	case 'a':
		return fp_units_digits(text, len, &line->n_done);
	case 'b':
		return fp_units_digits(text, len, &line->n_failed);
	case 'e':
		return fp_units_digits(text, len, &line->out_end);
	case 'g':
		return fp_units_digits(text, len, &line->failed_end);
	case 'v':
		return fp_units_digits(text, len, &line->unknown_end);
	case 'o':
		return parse_sum(text, len, &line->out_sum);
	case 'p':
		return parse_sum(text, len, &line->failed_sum);
	case 'w':
		return parse_sum(text, len, &line->unknown_sum);
	case 'h':
		return parse_hex(text, len, &line->hash);
	case 'H':
		return parse_hex(text, len, &line->hash2);
	case 't':
		return parse_fate(text, len, &line->fate);
	case 'n':
		return journalline_parse_name(&line->name, text, len);
	case 'x':
		return parse_page_name(&line->page_name, text, len);
	default:
		return parse_key(text, len, line->key);
	}
}

/* Which kind of line begins with this word, or -1. */
static int
find_form(const char *word, size_t len, bool is_old)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(forms); i++) {
		const char *other =
			form_of((enum fp_journal_what)i, is_old)->word;
		if (strlen(other) == len && memcmp(other, word, len) == 0)
			return (int)i;
	}
	return -1;
}

/* The first line of a journal of the form before this one. */
static bool
begins_old(const char *text, size_t len)
{
	static const char old[] = FP_JOURNAL_MAGIC FP_JOURNAL_OLD_FORM " ";

	return len >= strlen(old) && memcmp(text, old, strlen(old)) == 0;
}

static size_t
word_length(const char *text, size_t len)
{
	const char *space = memchr(text, ' ', len);

	return space ? (size_t)(space - text) : len;
}

int
fp_journalline_parse(struct fp_journal_line *line, bool is_old,
	const char *text, size_t len, uint32_t *crc)
{
	char again[LINE_MAX_BYTES];
	const char *at = text, *end = text + len;
	size_t word = word_length(at, len);

	is_old = is_old || begins_old(text, len);
	int what = find_form(at, word, is_old);
	*line = (struct fp_journal_line){.is_old = is_old};
	if (what < 0 || len >= LINE_MAX_BYTES)
		return -1;
	line->what = (enum fp_journal_what)what;
	const struct form *form = form_of(line->what, is_old);
	for (const char *field = form->fields; *field; field++) {
		at += word;
		if (at == end)
			return -1;
		at++;
		word = word_length(at, (size_t)(end - at));
		if (parse_field(line, *field, at, word))
			return -1;
	}
	size_t made = put_line(again, line, crc);
	return made == len + 1 && memcmp(again, text, len) == 0 ? 0 : -1;
}

bool
fp_journalline_is_torn(const char *text, size_t len)
{
	if (len >= LINE_MAX_BYTES)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (!fp_ascii_is_lower(c) && !fp_ascii_is_digit(c) &&
			c != ' ' && c != '_')
			return false;
	}
	return true;
}
