/* SPDX-License-Identifier: MIT */
#include "jsonproof.h"
#include "jsontest.h"

#include <dirent.h>
#include <locale.h>

/* ---- the public suite, where it is ---- */

static int
suite_file(struct fp_json *json, const char *folder, const char *name)
{
	static struct fp_buf out, again;
	struct fp_buf text = FP_BUF_INIT;
	char path[4400], piece[4096];
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	if (!file)
		return -1;
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
		fp_buf_add(&text, piece, n);
	fclose(file);

	const char *got = one_answer(json, fp_buf_text(&text), text.len, &out);
	bool right = got != NULL;
	bool accepted = right && fp_json_error(json) == FP_JSON_OK;
	if (accepted) /* what came out is as good, and has nothing to drop */
		right = one_answer(json, out.data, out.len, &again) &&
			strcmp(again.data, out.data) == 0;
	if ((name[0] == 'y' && !accepted) || (name[0] == 'n' && accepted))
		right = false;
	if (!right)
		printf("# %s: %s\n", name, got ? got : "(null)");
	fp_buf_destroy(&text);
	return right ? 0 : -1;
}

static void
the_public_suite(void)
{
	const char *vectors = getenv("FP_VECTORS");
	const char *srcdir = getenv("srcdir");
	char folder[4096];

	if (vectors)
		snprintf(folder, sizeof(folder), "%s/json", vectors);
	else
		snprintf(folder, sizeof(folder), "%s/../shared/vectors/json",
			srcdir ? srcdir : ".");
	DIR *dir = opendir(folder);
	if (!dir)
		SKIP("no public JSON suite here (FP_VECTORS)");

	struct fp_json *json = fp_json_new(NULL, 0, NULL, 0);
	unsigned files = 0;
	for (struct dirent *entry; (entry = readdir(dir));) {
		const char *name = entry->d_name;
		size_t len = strlen(name);
		if (len < 5 || strcmp(name + len - 5, ".json") != 0)
			continue;
		CHECK(suite_file(json, folder, name) == 0);
		files++;
	}
	closedir(dir);
	fp_json_free(json);
	CHECK(files >= 318);
}

/* ---- numbers ---- */

/* `head`, n digits, `tail`. */
static const char *
long_number(const char *head, size_t n, const char *tail)
{
	static struct fp_buf text;

	text.len = 0;
	fp_buf_add_text(&text, head);
	for (size_t i = 0; i < n; i++)
		fp_buf_add_char(&text, (char)('0' + (i * 7 + 1) % 10));
	fp_buf_add_text(&text, tail);
	return text.data;
}

static void
big_numbers(void)
{
	STAYS("9223372036854775808");
	STAYS("[-9223372036854775809,18446744073709551616]");
	STAYS("[1e400,-1E+400,1e-400,0e0,0.0e-0,123.456e789]");
	STAYS("[-0,-0.0,0,1,10,100.00100]");

	static const size_t lengths[] = {31, 32, 33, 64, 400, 9000};
	static const char *const heads[] = {"", "-", "0.", "1e+", "[-9.0E-"};
	static const char *const tails[] = {"", " ", ".5", "e5", "E-1", "]"};
	for (size_t i = 0; i < FP_ARRAY_LEN(lengths); i++) {
		for (size_t k = 0; k < FP_ARRAY_LEN(heads); k++) {
			const char *tail = k == 4 ? "]" : k < 2 ? ".50" : "";
			const char *number =
				long_number(heads[k], lengths[i], tail);
			CHECK_TEXT(picked(NULL, 0, NULL, 0, number,
					   strlen(number)),
				number);
		}
	}
	/* What is wrong is wrong at any length. */
	FAILS("[01]", 1);
	for (size_t i = 0; i < FP_ARRAY_LEN(lengths); i++) {
		static const char *const wrong[] = {"0", "-00", "+", "1.e",
			"1e.", "--", "1.1.", "1e1e", "0x", "."};
		for (size_t k = 0; k < FP_ARRAY_LEN(wrong); k++) {
			const char *number =
				long_number(wrong[k], lengths[i], tails[1]);
			CHECK(strncmp(picked(NULL, 0, NULL, 0, number,
					      strlen(number)),
				      "invalid JSON at byte ", 21) == 0);
		}
	}
}

/* A number of a million digits that come one by one is no trouble. */
static void
a_number_that_trickles(void)
{
	struct fp_json *json = fp_json_new(NULL, 0, NULL, 0);
	struct fp_buf out = FP_BUF_INIT;
	const char *number = long_number("1.", 1000000, "");
	size_t len = strlen(number);

	CHECK_TEXT(answer(json, number, len, 1, 1, &out), number);
	fp_buf_destroy(&out);
	fp_json_free(json);
}

static void
no_locale(void)
{
	const char *found = setlocale(LC_ALL, "de_DE.UTF-8");

	STAYS("[0.1,0.10,0.1e1,1.0,100000000000000000000000.5]");
	BECOMES(" 0.1 ", "0.1");
	FAILS("[0,1,]", 5);
	setlocale(LC_ALL, "C");
	if (!found)
		printf("# the locale de_DE.UTF-8 is not there\n");
}

/* ---- depth ---- */

static int
feed_many(struct fp_json *json, const char *unit, size_t n, struct fp_buf *out)
{
	char piece[30000];
	size_t len = strlen(unit);
	size_t fit = sizeof(piece) / len;

	for (size_t i = 0; i < fit; i++)
		memcpy(piece + i * len, unit, len);
	for (; n > 0; n -= FP_MIN(n, fit)) {
		if (fp_json_feed(json, piece, FP_MIN(n, fit) * len, out))
			return -1;
	}
	return 0;
}

static void
nested_documents(void)
{
	static const struct {
		const char *open, *middle, *close;
		size_t byte;
	} kinds[] = {
		{"[", "", "]", 1024},
		{"{\"a\":", "1", "}", 5120},
		{" [ ", "null", "]\n", 3073},
	};
	struct fp_json *json = fp_json_new(NULL, 0, NULL, 0);
	struct fp_buf out = FP_BUF_INIT;
	char message[80];

	for (size_t i = 0; i < FP_ARRAY_LEN(kinds); i++) {
		const char *middle = kinds[i].middle;
		fp_json_reset(json);
		CHECK(feed_many(json, kinds[i].open, 1024, &out) == 0);
		CHECK(fp_json_feed(json, middle, strlen(middle), &out) == 0);
		CHECK(feed_many(json, kinds[i].close, 1024, &out) == 0);
		CHECK(fp_json_finish(json, &out) == 0);

		fp_json_reset(json);
		CHECK(feed_many(json, kinds[i].open, 1024, &out) == 0);
		CHECK(fp_json_finish(json, &out) == -1);
		CHECK(fp_json_error(json) == FP_JSON_INVALID);

		fp_json_reset(json);
		CHECK(feed_many(json, kinds[i].open, 1025, &out) == -1);
		CHECK(fp_json_error(json) == FP_JSON_TOO_DEEP);
		snprintf(message, sizeof(message),
			"JSON nested deeper than 1024 levels at byte %zu",
			kinds[i].byte);
		CHECK_TEXT(fp_json_message(json), message);
		CHECK(fp_json_finish(json, &out) == -1);
	}

	static const size_t many[] = {100000, 10000000};
	for (size_t i = 0; i < FP_ARRAY_LEN(many); i++) {
		fp_json_reset(json);
		CHECK(feed_many(json, "[", many[i], &out) == -1);
		CHECK(fp_json_error(json) == FP_JSON_TOO_DEEP);
	}
	/* Depth is not what was opened in all. */
	fp_json_reset(json);
	CHECK(fp_json_feed(json, "[0", 2, &out) == 0);
	CHECK(feed_many(json, ",[[]]", 100000, &out) == 0);
	CHECK(fp_json_feed(json, "]", 1, &out) == 0);
	CHECK(fp_json_finish(json, &out) == 0);
	fp_buf_destroy(&out);
	fp_json_free(json);
}

/* ---- what stays and what goes ---- */

static void
duplicate_names(void)
{
	STAYS("{\"a\":1,\"a\":1,\"a\":{\"a\":2,\"\\u0061\":3}}");
	BECOMES("{ \"a\" : 1 , \"a\" : 2 }", "{\"a\":1,\"a\":2}");
}

static void
one_line(void)
{
	BECOMES("\r\n{\r\n\t\"a\" :\n[ 1 ,\r2 ]\n}\r\n\n", "{\"a\":[1,2]}");
	STAYS("[\"\\r\\n\\u001b\\u2028 \x7f \xe2\x80\xa8\xe2\x80\xa9 \\/\"]");
	FAILS("[\"a\nb\"]", 3);
	FAILS("[\"a\rb\"]", 3);
	FAILS("[\"\x1b[2J\"]", 2);
	FAILS("{\"a\nb\":1}", 3);
	for (char c = 0; c < ' '; c++) {
		/* at each place of the eight bytes looked at together */
		for (unsigned at = 1; at < 20; at++) {
			char text[] = "\"0123456789abcdefghijklmnopq\"";
			text[at] = c;
			CHECK(fails_at(picked(NULL, 0, NULL, 0, text,
					       sizeof(text) - 1),
				at));
		}
	}
}

/* ---- errors ---- */

static void
truncated_documents(void)
{
	static const char document[] =
		"\xef\xbb\xbf {\"a\\u00e9\":[1,-2.5e+3,true],"
		"\"\xe2\x82\xac\" : {\"b\":null}}";
	char message[80];

	for (size_t len = 4; len < sizeof(document) - 1; len++) {
		snprintf(message, sizeof(message),
			len == 4 ? "empty, not JSON"
				 : "JSON ends early after %zu bytes",
			len);
		CHECK_TEXT(picked(NULL, 0, NULL, 0, document, len), message);
	}
	BECOMES("", "empty, not JSON");
	BECOMES(" \n\t ", "empty, not JSON");
	BECOMES("nul", "JSON ends early after 3 bytes");
	BECOMES("-", "JSON ends early after 1 bytes");
	BECOMES("[1", "JSON ends early after 2 bytes");
	BECOMES("[1,\"a", "JSON ends early after 5 bytes");
	/* Not allowed, and cut. */
	FAILS("1\"", 1);
	FAILS("[] \"a", 3);
	FAILS("[1 2", 3);
	FAILS("[1 \"a", 3);
	FAILS("{} nul", 3);
}

static void
places(void)
{
	FAILS("]", 0);
	FAILS("{]", 1);
	FAILS("[}", 1);
	FAILS("[1,]", 3);
	FAILS("[,1]", 1);
	FAILS("[1,,2]", 3);
	FAILS("{\"a\":1,}", 7);
	FAILS("{,}", 1);
	FAILS("{\"a\" 1}", 5);
	FAILS("{\"a\",1}", 4);
	FAILS("{\"a\":}", 5);
	FAILS("{1:2}", 1);
	FAILS("{\"a\":1 \"b\":2}", 7);
	FAILS("{\"a\":\"b\" \"cdef\":2}", 9);
	FAILS("[\"a\" \"b\"]", 5);
	FAILS("[1\"b\"]", 2);
	FAILS("[3[4]]", 2);
	FAILS("[12 34]", 4);
	FAILS("[trux]", 4);
	FAILS("[truth]", 4);
	FAILS("[nulll]", 5);
	FAILS("[1.]", 3);
	FAILS("[1.e5]", 3);
	FAILS("[-]", 2);
	FAILS("[1e]", 3);
	FAILS("[Null]", 1);
	FAILS("[NaN]", 1);
	FAILS("[0x1]", 2);
	FAILS("{} {}", 3);
	FAILS("[]]", 2);
	FAILS("[] true", 3);
	FAILS("{\"a\":[1,2},3]", 9);
	FAILS("/**/1", 0);
	FAILS("[1]//", 3);
	FAILS("<html>", 0);
	FAILS("\"abc\": 1", 5);
}

/* What is far from a slice's beginning is found as well. */
static void
far_places(void)
{
	struct fp_buf text = FP_BUF_INIT;
	char message[80];

	fp_buf_add_text(&text, "[0");
	while (text.len < 20000) {
		fp_buf_add_text(&text, ", {\"abcdefgh\": \"ijklmnop\\n\"} ");
		if (text.len % 31 != 0)
			continue;
		size_t len = text.len;
		fp_buf_add_text(&text, "?]");
		snprintf(message, sizeof(message),
			"invalid JSON at byte %zu: ", len);
		const char *got = picked(NULL, 0, NULL, 0, text.data, text.len);
		CHECK(got && strncmp(got, message, strlen(message)) == 0);
		text.len = len;
	}
	fp_buf_destroy(&text);
}

/* ---- memory ---- */

static void
failing_allocations(void)
{
	static const char *const documents[] = {
		"{\"a\":[1,2,{}],\"b\":null}", "[[1,2}]", "12"};
	struct fp_json *json = fp_json_new(NULL, 0, NULL, 0);
	struct fp_buf out = FP_BUF_INIT;
	char deep[2001];

	memset(deep, '[', 1000);
	memset(deep + 1000, ']', 1000);
	deep[2000] = '\0';
	for (size_t i = 0; i < 4; i++) {
		const char *document = i < 3 ? documents[i] : deep;
		size_t len = strlen(document);
		for (size_t step = 1; step <= len; step += len - 1) {
			unsigned failed = 0;
			for (unsigned nth = 1; nth < 30; nth++) {
				fp_json_fail_allocation(json, nth);
				answer(json, document, len, step, step, &out);
				if (fp_json_error(json) != FP_JSON_NO_MEMORY)
					continue;
				failed = nth;
				CHECK_TEXT(
					fp_json_message(json), "out of memory");
				CHECK(fp_json_feed(json, "1", 1, &out) == -1);
				CHECK(fp_json_finish(json, &out) == -1);
			}
			fp_json_fail_allocation(json, 0);
			CHECK(failed >= (i < 3 ? 5 : 12));
			answer(json, document, len, step, step, &out);
			CHECK(fp_json_error(json) ==
				(i == 1 ? FP_JSON_INVALID : FP_JSON_OK));
		}
	}
	fp_buf_destroy(&out);
	fp_json_free(json);
}

/* What yajl needs is most when its buffer is made between two growths of its
 * stack: when the first token that a slice cuts is as deep as this. */
static void
deepest_after_a_cut(void)
{
	struct fp_json *json = fp_json_new(NULL, 0, NULL, 0);
	struct fp_buf out = FP_BUF_INIT;
	char document[2 * FP_JSON_DEPTH_MAX + 3];
	const size_t len = sizeof(document) - 1;

	for (size_t depth = 1; depth < FP_JSON_DEPTH_MAX; depth++) {
		memset(document, '[', FP_JSON_DEPTH_MAX + 2);
		memcpy(document + depth, "1,", 2);
		memset(document + FP_JSON_DEPTH_MAX + 2, ']',
			FP_JSON_DEPTH_MAX);
		document[len] = '\0';
		CHECK_TEXT(answer(json, document, len, depth + 1, len, &out),
			document);
	}
	fp_buf_destroy(&out);
	fp_json_free(json);
}

/* An output that cannot grow. */
static void
no_room_for_output(void)
{
	struct fp_json *json = fp_json_new(NULL, 0, NULL, 0);
	struct fp_buf full = {NULL, SIZE_MAX / 2 - 1, 0};
	struct fp_buf out = FP_BUF_INIT;

	CHECK(fp_json_feed(json, "[1]", 3, &full) == -1);
	CHECK(fp_json_error(json) == FP_JSON_NO_MEMORY);
	CHECK(fp_json_finish(json, &full) == -1);
	CHECK(full.len == SIZE_MAX / 2 - 1 && !full.data);
	CHECK_TEXT(answer(json, "[1]", 3, 1, 1, &out), "[1]");
	fp_buf_destroy(&out);
	fp_json_free(json);
}

static void
many_documents(void)
{
	struct fp_json *json = fp_json_new(NULL, 0, NULL, 0);
	struct fp_buf out = FP_BUF_INIT;

	for (int i = 0; i < 1000; i++) {
		CHECK_TEXT(answer(json, "[1, 2]", 6, 3, 1, &out), "[1,2]");
		CHECK(!fp_json_is_object(json));
		CHECK(fp_json_message(json)[0] == '\0');
		CHECK_TEXT(answer(json, "{\"a", 3, 3, 1, &out),
			"JSON ends early after 3 bytes");
		CHECK_TEXT(answer(json, " {} ", 4, 9, 1, &out), "{}");
		CHECK(fp_json_is_object(json));
		CHECK(fails_at(answer(json, "[1}", 3, 9, 1, &out), 2));
	}
	/* Output is appended. */
	fp_buf_set(&out, "x", 1);
	fp_json_reset(json);
	CHECK(fp_json_feed(json, "[ ", 2, &out) == 0);
	CHECK(fp_json_feed(json, "", 0, &out) == 0);
	CHECK(fp_json_feed(json, " ]", 2, &out) == 0);
	CHECK(fp_json_finish(json, &out) == 0);
	CHECK_TEXT(fp_buf_text(&out), "x[]");
	fp_buf_destroy(&out);
	fp_json_free(json);
	fp_json_free(NULL);
}

static void
self_test(void)
{
	CHECK(fp_jsonproof_run() == 0);
}

int
main(void)
{
	run("77 the public JSON suite", the_public_suite);
	run("78 big numbers keep every digit", big_numbers);
	run("78 a number of a million digits trickles in",
		a_number_that_trickles);
	run("79 0.1 is the same text, in any locale", no_locale);
	run("80 nesting of 1024 levels, and of more", nested_documents);
	run("81 duplicate names pass unchanged", duplicate_names);
	run("82 one line, whatever the document holds", one_line);
	run("83 truncated JSON says where", truncated_documents);
	run("an error is where it is", places);
	run("an error far from the start is found too", far_places);
	run("each allocation may fail", failing_allocations);
	run("the depth after a cut needs no more memory", deepest_after_a_cut);
	run("the output may fail to grow", no_room_for_output);
	run("one struct judges many documents", many_documents);
	run("the self-test passes", self_test);
	return done();
}
