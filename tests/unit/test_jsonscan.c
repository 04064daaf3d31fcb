/* SPDX-License-Identifier: MIT */
#include "jsontest.h"

/* ---- a second opinion: the grammar of RFC 8259, as simply as it can be
 * written, for short documents that hold no UTF-8 ---- */

static const char *value(const char *p);

static const char *
space(const char *p)
{
	return p ? p + strspn(p, " \t\r\n") : NULL;
}

static const char *
byte(const char *p, char c)
{
	return p && *p == c ? p + 1 : NULL;
}

static const char *
digits(const char *p)
{
	size_t n = p ? strspn(p, "0123456789") : 0;

	return n ? p + n : NULL;
}

static const char *
number(const char *p)
{
	p += *p == '-';
	p = *p == '0' ? p + 1 : digits(p);
	if (p && *p == '.')
		p = digits(p + 1);
	if (p && (*p == 'e' || *p == 'E')) {
		p++;
		p = digits(p + (*p == '+' || *p == '-'));
	}
	return p;
}

static const char *
string(const char *p)
{
	p = byte(p, '"');
	while (p && *p != '"') {
		if (*p == '\\' && p[1] == 'u')
			p = strspn(p + 2, "0123456789abcdefABCDEF") >= 4 ? p + 6
									 : NULL;
		else if (*p == '\\')
			p = p[1] && strchr("\"\\/bfnrt", p[1]) ? p + 2 : NULL;
		else
			p = *p >= ' ' ? p + 1 : NULL;
	}
	return p ? p + 1 : NULL;
}

static const char *
list(const char *p, char close, bool named)
{
	const char *empty = space(p + 1);

	if (*empty == close)
		return empty + 1;
	do {
		p = space(p + 1);
		if (named)
			p = space(byte(space(string(p)), ':'));
		p = p ? space(value(p)) : NULL;
	} while (p && *p == ',');
	return byte(p, close);
}

static const char *
value(const char *p)
{
	static const char *const literals[] = {"true", "false", "null"};

	for (size_t i = 0; i < FP_ARRAY_LEN(literals); i++) {
		size_t len = strlen(literals[i]);
		if (strncmp(p, literals[i], len) == 0)
			return p + len;
	}
	if (*p == '[')
		return list(p, ']', false);
	if (*p == '{')
		return list(p, '}', true);
	return *p == '"' ? string(p) : number(p);
}

static bool
second_opinion(const char *document)
{
	const char *end = space(value(space(document)));

	return end && *end == '\0';
}

/* ---- documents by chance ---- */

static uint32_t
chance(uint32_t n)
{
	static uint32_t seed = 1;

	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void
write_value(struct fp_buf *text, unsigned depth)
{
	static const char *const plain[] = {"0", "-1.5e+7", "12", "true",
		"null", "false", "\"\"", "\"a b\"", "\"\\u0061\\n\"",
		"\"0123456789[{,:}]\"", "123456789012345678901234567890123"};
	static const char *const gaps[] = {"", "", "", " ", "\n  ", "\t\r"};
	const char *gap = gaps[chance(FP_ARRAY_LEN(gaps))];
	uint32_t kind = chance(depth > 4 ? 2 : 4);

	fp_buf_add_text(text, gap);
	if (kind < 2) {
		fp_buf_add_text(text, plain[chance(FP_ARRAY_LEN(plain))]);
	} else {
		fp_buf_add_char(text, kind == 2 ? '[' : '{');
		for (uint32_t n = chance(4), i = 0; i < n; i++) {
			if (i)
				fp_buf_add_char(text, ',');
			if (kind == 3) {
				fp_buf_add_text(text, plain[6 + chance(4)]);
				fp_buf_add_text(text, gap);
				fp_buf_add_char(text, ':');
			}
			write_value(text, depth + 1);
		}
		fp_buf_add_char(text, kind == 2 ? ']' : '}');
	}
	fp_buf_add_text(text, gap);
}

/* Changes, repeats or takes out a byte or two. */
static void
damage(struct fp_buf *text)
{
	static const char bytes[] = "[]{},:\"\\ 01.-+eEtruefalsn\f\n/u'x";

	for (uint32_t n = chance(3); n > 0 && text->len > 0; n--) {
		size_t at = chance((uint32_t)text->len);
		char *p = text->data + at;
		if (chance(3) == 0) {
			memmove(p, p + 1, text->len - at);
			text->len--;
		} else if (chance(2) == 0) {
			*p = bytes[chance(sizeof(bytes) - 1)];
		} else if (fp_buf_add_char(text, 'x') == 0) {
			p = text->data + at;
			memmove(p + 1, p, text->len - at - 1);
			*p = bytes[chance(sizeof(bytes) - 1)];
		}
	}
}

static void
chance_documents(void)
{
	struct fp_json *json = fp_json_new(NULL, 0, NULL, 0);
	struct fp_buf text = FP_BUF_INIT, out = FP_BUF_INIT;
	struct fp_buf again = FP_BUF_INIT;
	unsigned n_right = 0, n_wrong = 0;

	for (int i = 0; i < 3000; i++) {
		fp_buf_clear(&text, 1 << 20);
		write_value(&text, 0);
		damage(&text);
		const char *got = one_answer(json, text.data, text.len, &out);
		bool right = fp_json_error(json) == FP_JSON_OK;
		if (right)
			got = one_answer(json, out.data, out.len, &again);
		bool agreed = got && right == second_opinion(text.data) &&
			      (!right || strcmp(out.data, again.data) == 0);
		if (!agreed)
			printf("# %s\n# %s\n", text.data, out.data);
		CHECK(agreed);
		n_right += right;
		n_wrong += !right;
	}
	CHECK(n_right > 500 && n_wrong > 500);
	fp_buf_destroy(&text);
	fp_buf_destroy(&out);
	fp_buf_destroy(&again);
	fp_json_free(json);
}

/* ---- below the grammar ---- */

static void
white_space(void)
{
	struct fp_buf text = FP_BUF_INIT;

	BECOMES(" \t\r\n1 \t\r\n", "1");
	BECOMES("[ ]", "[]");
	BECOMES("\"  \"  ", "\"  \"");
	for (int n = 0; n < 40; n++) {
		text.len = 0;
		fp_buf_printf(&text, "[%*s1%*s,%*s\"a  b\"\n%*s]", n, "", n, "",
			n, "", n, "");
		CHECK_TEXT(picked(NULL, 0, NULL, 0, text.data, text.len),
			"[1,\"a  b\"]");
	}
	fp_buf_destroy(&text);
	FAILS("[\f]", 1);
	FAILS("\f1", 0);
	FAILS("[1\f]", 2);
	FAILS("{}\v", 2);
	FAILS("[\xc2\xa0]", 1);
	FAILS("[\xe2\x80\xa8]", 1);
	CHECK(fails_at(picked(NULL, 0, NULL, 0, "[1\0]", 4), 2));
	/* Words do not grow together. */
	FAILS("[1 2]", 3);
	FAILS("[tr ue]", 3);
	FAILS("[1 .5]", 3);
	FAILS("[- 1]", 2);
	FAILS("1 2", 2);
	FAILS("12 \n 34", 5);
}

static void
byte_order_marks(void)
{
	BECOMES("\xef\xbb\xbf{}", "{}");
	BECOMES("\xef\xbb\xbf \"\xef\xbb\xbf\" ", "\"\xef\xbb\xbf\"");
	FAILS("\xef\xbb\xbf\xef\xbb\xbf{}", 3);
	FAILS(" \xef\xbb\xbf{}", 1);
	FAILS("\xef\xbb{}", 0);
	FAILS("\xef\xbb\xbf{]", 4);
	FAILS("\xfe\xff", 0);
	BECOMES("\xef\xbb\xbf", "empty, not JSON");
	BECOMES("\xef\xbb", "JSON ends early after 2 bytes");
}

static void
strings(void)
{
	STAYS("\"\"");
	STAYS("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uFfFf\\ud800\\udc00\"");
	STAYS("\"\\ud800\"");
	STAYS("\"\\udc00\\ud800\"");
	STAYS("\"0123456\xc3\xa9 0123\xe2\x82\xac"
	      "012 \xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"");
	FAILS("\"\\a\"", 2);
	FAILS("\"\\U0041\"", 2);
	FAILS("\"\\u00g0\"", 5);
	FAILS("\"\\u\"", 3);
	FAILS("\"\\u004\"", 6);
	FAILS("\"\\x41\"", 2);
	FAILS("\"\\\n\"", 2);
	FAILS("'a'", 0);
	BECOMES("\"\xc0\x80\"", "invalid UTF-8 in JSON at byte 1");
	BECOMES("\"a\xe0\x9f\xbf\"", "invalid UTF-8 in JSON at byte 2");
	BECOMES("\"ab\xed\xa0\x80\"", "invalid UTF-8 in JSON at byte 3");
	BECOMES("\"\xc3\xa9\xc3\"", "invalid UTF-8 in JSON at byte 3");
	BECOMES("\"\xe2\x82 \"", "invalid UTF-8 in JSON at byte 1");
	BECOMES("\"\xf0\x9f\x98(\"", "invalid UTF-8 in JSON at byte 1");
	BECOMES("\"\xf4\x90\x80\x80\"", "invalid UTF-8 in JSON at byte 1");
	BECOMES("{\"\x80\":1}", "invalid UTF-8 in JSON at byte 2");
	BECOMES("\"\xff", "invalid UTF-8 in JSON at byte 1");
	BECOMES("\"\xe2\x82", "JSON ends early after 3 bytes");
}

int
main(void)
{
	run("white space is four bytes", white_space);
	run("a byte-order mark is dropped at the start", byte_order_marks);
	run("strings are checked to the last byte", strings);
	run("a second opinion agrees on documents made by chance",
		chance_documents);
	return done();
}
