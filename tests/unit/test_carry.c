/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "carry.h"
#include "tap.h"

static struct fp_options options;
static struct fp_carry carry;
static struct fp_buf out;

/* One body, in pieces of `first`, then of `step` bytes, each in a block of
 * just its size. Gives what becomes of it: its encoding and contents, or "!",
 * the kind and why. */
static const char *
answer(bool wanted, const char *type, const char *body, size_t len,
	enum fp_carry_due due, size_t first, size_t step)
{
	static const char *const names[] = {
		[FP_BODY_AUTO] = "auto",
		[FP_BODY_JSON] = "json",
		[FP_BODY_TEXT] = "text",
		[FP_BODY_BASE64] = "base64",
		[FP_BODY_NONE] = "none",
	};
	static char text[400];
	enum fp_body encoding = FP_BODY_AUTO;

	fp_buf_clear(&out, SIZE_MAX);
	fp_carry_begin(&carry, wanted, type, &out);
	for (size_t at = 0, n; at < len; at += n) {
		n = FP_MIN(at ? step : first, len - at);
		char *copy = malloc(n);
		if (!copy)
			abort();
		memcpy(copy, body + at, n);
		bool on = fp_carry_write(&carry, copy, n);
		free(copy);
		CHECK(on == (at + n <= options.max_body));
		CHECK(carry.size == at + n);
		if (!on)
			break;
	}
	enum fp_kind kind = fp_carry_end(&carry, due, &encoding);
	CHECK(kind == carry.kind);
	if (kind != FP_KIND_OK)
		snprintf(text, sizeof(text), "!%s %s", fp_kind_name(kind),
			carry.message);
	else
		snprintf(text, sizeof(text), "%s %.*s", names[encoding],
			(int)(encoding == FP_BODY_NONE ? 0 : out.len),
			fp_buf_text(&out));
	CHECK(kind == FP_KIND_OK || encoding == FP_BODY_NONE);
	return text;
}

/* The answer must be the same however the body is cut. An expected failure may
 * be the beginning of it. */
static void
check(bool wanted, const char *type, const char *body, size_t len,
	enum fp_carry_due due, const char *expected)
{
	size_t n = expected[0] == '!' ? strlen(expected) : SIZE_MAX;

	for (size_t i = 1; i < len + 4; i++) {
		bool is_step = i >= len;
		const char *got = answer(wanted, type, body, len, due,
			is_step ? i - len + 1 : i, is_step ? i - len + 1 : len);
		if (strncmp(got, expected, n) != 0)
			CHECK_TEXT(got, expected);
	}
}

#define WANTED(type, body, expected) \
	check(true, type, body, sizeof(body) - 1, FP_CARRY_BODY, expected)
#define UNWANTED(type, body, expected) \
	check(false, type, body, sizeof(body) - 1, FP_CARRY_BODY, expected)
#define BODILESS(type, body, expected) \
	check(true, type, body, sizeof(body) - 1, FP_CARRY_NOTHING, expected)
#define OPTIONAL(type, body, expected) \
	check(true, type, body, sizeof(body) - 1, FP_CARRY_ANYTHING, expected)

#define JSON "application/json"
#define BAD_JSON "!body "

static void
use(enum fp_body body)
{
	memset(&options, 0, sizeof(options));
	options.body = body;
	options.max_body = 1000;
}

/* ---- what --body says ---- */

static void
by_type(void)
{
	use(FP_BODY_AUTO);
	WANTED(JSON, " { \"a\" : [ 1.0 , 2 ] } \n", "json {\"a\":[1.0,2]}");
	WANTED("application/problem+json; charset=utf-8", "\"\\u0041\"",
		"json \"\\u0041\"");
	WANTED(JSON, "\xef\xbb\xbfnull", "json null");
	WANTED(JSON, "", BAD_JSON);
	WANTED(JSON, "{", BAD_JSON);
	WANTED(JSON, "{} x", BAD_JSON);
	WANTED(JSON, "<p>", BAD_JSON);
	WANTED(JSON, "\"\xff\"", BAD_JSON);
	WANTED("text/plain", "{ }", "text { }");
	WANTED("text/plain", "", "text ");
	WANTED("text/html; charset=utf-8", "<p>\xc3\xa9", "text <p>\xc3\xa9");
	WANTED("text/html", "caf\xe9", "base64 caf\xe9");
	WANTED("text/html", "caf\xc3", "base64 caf\xc3");
	WANTED("image/png", "\x89PNG", "base64 \x89PNG");
	WANTED(";", "{ }", "text { }");
}

static void
by_looking(void)
{
	use(FP_BODY_AUTO);
	WANTED("", " [1, 2] ", "json [1,2]");
	WANTED("", "\xef\xbb\xbf{ }", "json {}");
	WANTED("", "1.50", "json 1.50");
	WANTED("", "[1", "text [1");
	WANTED("", "[1] x", "text [1] x");
	WANTED("", "caf\xc3\xa9", "text caf\xc3\xa9");
	WANTED("", "[1\xff", "base64 [1\xff");
	WANTED("", "\"\xff\"", "base64 \"\xff\"");
	WANTED("", " ", "text  ");
	WANTED("", "", "text ");
}

static void
as_json(void)
{
	use(FP_BODY_JSON);
	WANTED("text/html", "{ }", "json {}");
	WANTED("", "[ ]", "json []");
	WANTED(JSON, "[ ]", "json []");
	WANTED("text/html", "<p>", BAD_JSON);
	WANTED("", "", BAD_JSON);
}

static void
as_text(void)
{
	use(FP_BODY_TEXT);
	WANTED(JSON, "{ }", "text { }");
	WANTED(JSON, "{", "text {");
	WANTED("", "", "text ");
	WANTED("image/png", "\xc3\xa9", "text \xc3\xa9");
	WANTED("text/plain", "caf\xe9", "!body the body is not valid UTF-8");
	WANTED("", "\xe2\x82", "!body the body is not valid UTF-8");
}

static void
as_base64(void)
{
	use(FP_BODY_BASE64);
	WANTED(JSON, "{ }", "base64 { }");
	WANTED("", "\xff", "base64 \xff");
	WANTED("text/plain", "", "base64 ");
}

static void
as_none(void)
{
	use(FP_BODY_NONE);
	WANTED(JSON, "{", "none ");
	WANTED("", "\xff", "none ");
	WANTED("text/plain", "", "none ");
	CHECK(out.len == 0 && out.cap < 100);
}

static void
unwanted(void)
{
	for (int body = FP_BODY_AUTO; body <= FP_BODY_NONE; body++) {
		use((enum fp_body)body);
		UNWANTED(JSON, "{", "none ");
		UNWANTED("", "\xff", "none ");
		UNWANTED("text/plain", "", "none ");
		CHECK(out.len == 0);
	}
}

/* No body is no fault of a response that cannot have one; unless it was JSON
 * that was asked for. */
static void
bodiless(void)
{
	use(FP_BODY_AUTO);
	BODILESS(JSON, "", "none ");
	BODILESS("", "", "none ");
	BODILESS("text/plain", "", "none ");
	use(FP_BODY_TEXT);
	BODILESS("", "", "none ");
	use(FP_BODY_BASE64);
	BODILESS("", "", "none ");
	use(FP_BODY_JSON);
	BODILESS(JSON, "", BAD_JSON);
	BODILESS("", "", BAD_JSON);
}

/* Nothing is as good as JSON where a body may be left out; text stays text. */
static void
left_out(void)
{
	use(FP_BODY_AUTO);
	OPTIONAL(JSON, "", "none ");
	OPTIONAL(JSON, " ", BAD_JSON);
	OPTIONAL(JSON, "{ }", "json {}");
	OPTIONAL("", "", "text ");
	OPTIONAL("text/plain", "", "text ");
	use(FP_BODY_JSON);
	OPTIONAL(JSON, "", "none ");
	OPTIONAL("", "", "none ");
	options.body_is_object = true;
	OPTIONAL(JSON, "", BAD_JSON);
}

static void
objects(void)
{
	static const char not_object[] =
		"!body the JSON document is not an object";

	for (int i = 0; i < 2; i++) {
		use(i ? FP_BODY_JSON : FP_BODY_AUTO);
		options.body_is_object = true;
		WANTED(JSON, "{ \"a\": 1 }", "json {\"a\":1}");
		WANTED(JSON, "[{}]", not_object);
		WANTED(JSON, "null", not_object);
		WANTED("", "{ }", "json {}");
		WANTED("", " [1]", not_object);
		WANTED("", "1", not_object);
	}
	use(FP_BODY_AUTO);
	options.body_is_object = true;
	WANTED("", "no JSON", "text no JSON");
	WANTED("text/plain", "[1]", "text [1]");
}

static void
refused_members(void)
{
	static const char *const omit[] = {"t"};
	static const char has_t[] =
		"!body the JSON document already has a member t (omit it)";

	for (int i = 0; i < 2; i++) {
		fp_carry_destroy(&carry);
		use(FP_BODY_AUTO);
		options.body_lacks = "t";
		options.omit = omit;
		options.n_omit = (size_t)i;
		fp_carry_init(&carry, &options);
		WANTED(JSON, "{\"tt\":1,\"u\":{\"t\":1}}",
			"json {\"tt\":1,\"u\":{\"t\":1}}");
		WANTED(JSON, "{\"t\":1}", i ? "json {}" : has_t);
		WANTED(JSON, "{\"a\":1, \"\\u0074\":1}",
			i ? "json {\"a\":1}" : has_t);
		WANTED("", "{\"t\":1}", i ? "json {}" : has_t);
	}
	fp_carry_destroy(&carry);
	fp_carry_init(&carry, &options);
}

static void
members(void)
{
	static const char *const pick[] = {"a", "b"}, *const omit[] = {"b"};

	fp_carry_destroy(&carry);
	use(FP_BODY_AUTO);
	options.pick = pick;
	options.n_pick = 2;
	options.omit = omit;
	options.n_omit = 1;
	fp_carry_init(&carry, &options);
	WANTED(JSON, "{\"b\":1,\"a\":2,\"c\":3}", "json {\"a\":2}");
	WANTED("", "{\"b\":1,\"a\":2,\"c\":3}", "json {\"a\":2}");
	WANTED("text/plain", "{\"b\":1}", "text {\"b\":1}");
	fp_carry_destroy(&carry);
	fp_carry_init(&carry, &options);
}

/* ---- the limit ---- */

#define OVER(limit) "!too_large the body is larger than the limit of " limit

/* Just so many bytes, and no more, whatever becomes of them. */
static void
limits(void)
{
	static const char *const types[] = {"", JSON, "text/plain"};

	for (int i = 0; i < 2 * 3 * (FP_BODY_NONE + 1); i++) {
		const char *type = types[i / 2 % 3];
		bool wanted = i % 2;
		use((enum fp_body)(i / 6));
		options.max_body = 6;
		for (size_t step = 1; step <= 6; step++) {
			answer(wanted, type, "[ 123]", 6, false, step, step);
			CHECK(carry.kind == FP_KIND_OK && carry.size == 6);
		}
		check(wanted, type, "[ 123] ", 7, false, OVER("6 bytes"));
		CHECK(out.len == 0);
		options.max_body = 0;
		check(wanted, type, " ", 1, false, OVER("0 bytes"));
	}
	use(FP_BODY_TEXT);
	options.max_body = 0;
	WANTED("", "", "text ");
}

/* That it is too large is told, and not what was wrong with its beginning:
 * the rest of it was not even seen. */
static void
too_large_and_wrong(void)
{
	use(FP_BODY_JSON);
	options.max_body = 5;
	WANTED(JSON, "{x", BAD_JSON);
	WANTED(JSON, "{x   y", OVER("5 bytes"));
	use(FP_BODY_AUTO);
	options.max_body = 5;
	WANTED("", "{x   y", OVER("5 bytes"));
}

static void
large_bodies(void)
{
	size_t len = 300000;
	char *body = malloc(len);
	char limit[FP_CARRY_LIMIT_TEXT], over[100];

	if (!body)
		abort();
	memset(body, ' ', len);
	memcpy(body, "[\"", 2);
	memset(body + 2, 's', len / 2);
	memcpy(body + len - 2, "\"]", 2);
	use(FP_BODY_AUTO);
	options.max_body = len;
	for (int i = 0; i < 2; i++) {
		answer(true, i ? JSON : "", body, len, false, 16384, 16384);
		CHECK(carry.kind == FP_KIND_OK && carry.size == len);
		CHECK(out.len == len && memcmp(out.data, body, len) == 0);
	}
	options.max_body = len - 1;
	fp_carry_explain_limit(len - 1, limit, sizeof(limit));
	snprintf(over, sizeof(over), "!too_large %s", limit);
	CHECK_TEXT(answer(true, JSON, body, len, false, 16384, 16384), over);
	CHECK(out.cap == 0);
	free(body);
}

/* ---- memory ---- */

static void
no_memory(void)
{
	char body[402];
	unsigned n_failed = 0;

	memset(body, '[', 200);
	memset(body + 200, ']', 200);
	for (int i = 0; i < 2; i++) {
		for (unsigned nth = 1; nth < 20; nth++) {
			use(FP_BODY_AUTO);
			answer(true, JSON, "1", 1, false, 1, 1);
			fp_json_fail_allocation(carry.json, nth);
			const char *got = answer(
				true, i ? JSON : "", body, 400, false, 400, 1);
			fp_json_fail_allocation(carry.json, 0);
			bool failed = strcmp(got, "!local out of memory") == 0;
			CHECK(failed || strncmp(got, "json [[[", 8) == 0);
			n_failed += failed;
			CHECK_TEXT(answer(true, JSON, "[ ]", 3, false, 3, 1),
				"json []");
		}
	}
	CHECK(n_failed > 0);
}

static void
json_types(void)
{
	static const char *const json[] = {"application/json",
		"APPLICATION/JSON", "text/json", "application/json;charset=x",
		"application/json ; charset=x", "application/json\t",
		"application/json, text/html", "application/hal+json",
		"image/svg+JSON", "application/vnd.api+json; a=b", "a/b+json"};
	static const char *const other[] = {"", "json", "+json",
		"application/jsonx", "application/json-seq", "text/jsonp",
		"application/json+xml", "application/x-ndjson", "text/html",
		"text/html; x=application/json", "application/xml;+json",
		"applicationjson", "application", ";application/json",
		" application/json", "vnd+json"};

	for (size_t i = 0; i < FP_ARRAY_LEN(json); i++)
		CHECK(fp_carry_is_json_type(json[i]));
	for (size_t i = 0; i < FP_ARRAY_LEN(other); i++)
		CHECK(!fp_carry_is_json_type(other[i]));
}

/* Cut anywhere, and longer than what is decoded at once. */
static void
charsets(void)
{
	static const char json[] = "\xff\xfe[\0\"\0\xe9\0\"\0 \0]\0";
	size_t len = 10000;
	char *text = malloc(len);

	options.body = FP_BODY_AUTO;
	WANTED("text/plain; charset=latin1", "caf\xe9 \xff", "text café ÿ");
	WANTED("text/plain; charset=utf-16le", "\xe9\0a", "base64 \xe9");
	WANTED("text/html", "\xfe\xff\x20\xac\0a", "text €a");
	check(true, "application/json", json, sizeof(json) - 1, FP_CARRY_BODY,
		"json [\"é\"]");
	WANTED("application/json; charset=shift_jis", "\"\x93\"",
		"!body the body is not valid shift_jis");
	if (!text)
		abort();
	memset(text, 0xa4, len);
	(void)answer(true, "text/plain; charset=iso-8859-15", text, len,
		FP_CARRY_BODY, 77, 5000);
	CHECK(out.len == 3 * len && strncmp(out.data, "€€", 6) == 0);
	CHECK_TEXT(fp_carry_charset(&carry), "iso-8859-15");
	free(text);
}

int
main(void)
{
	fp_carry_init(&carry, &options);
	run("the type says how a body is carried", by_type);
	run("without a type, looking does", by_looking);
	run("JSON that is demanded", as_json);
	run("text that is demanded", as_text);
	run("base64 takes anything", as_base64);
	run("no body is kept that nobody wants to see", as_none);
	run("the body of a failure is only counted", unwanted);
	run("a response without a body", bodiless);
	run("a response that may leave its body out", left_out);
	run("a document that must be an object", objects);
	run("a member that is refused fails the document, if it stays",
		refused_members);
	run("members are picked and left out", members);
	run("a body may be as large as allowed, and no larger", limits);
	run("a body that is too large is nothing else", too_large_and_wrong);
	run("large bodies", large_bodies);
	run("text in other charsets", charsets);
	run("memory that runs out is the item's failure", no_memory);
	run("types that say JSON", json_types);
	fp_carry_destroy(&carry);
	fp_buf_destroy(&out);
	return done();
}
