/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "capture.h"
#include "msg.h"
#include "tap.h"

/* One message of ours that holds this text. */
static const char *
note(const char *text)
{
	capture_start();
	fp_msg_note("%s", text);
	return capture_end();
}

#define NOTE(text, expected) CHECK_TEXT(note(text), "fetchpool: " expected "\n")

static struct fp_result
failure(void)
{
	return (struct fp_result){
		.seq = 101,
		.input = {"101", 3},
		.kind = FP_KIND_HTTP,
		.message = "404 Not Found",
		.url = "http://h/posts/101",
		.fetch_time_ns = -1,
		.size = -1,
		.encoding = FP_BODY_NONE,
	};
}

static const char *
item(const struct fp_result *result, const struct fp_record_format *format)
{
	capture_start();
	fp_msg_item(result, format);
	fp_msg_flush();
	return capture_end();
}

static void
messages(void)
{
	capture_start();
	fp_msg_note("%d of %s", 1, "two");
	fp_msg_note("%s", "");
	CHECK_TEXT(capture_end(), "fetchpool: 1 of two\nfetchpool: \n");
	capture_start();
	fp_msg_note("100%%");
	CHECK_TEXT(capture_end(), "fetchpool: 100%\n");
}

/* No byte gets to the terminal that it would obey. */
static void
controls(void)
{
	NOTE("a\nb\r\t", "a\\x0ab\\x0d\\x09");
	NOTE("\x1b[31mred\x7f", "\\x1b[31mred\\x7f");
	NOTE("\x01\x1f", "\\x01\\x1f");
	NOTE("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0",
		"\\u0080\\u009b\\u009f\xc2\xa0");
	NOTE("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
	NOTE("back\\slash", "back\\slash");
}

static void
marks_of_direction(void)
{
	NOTE("\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", "\\u061c\\u200e\\u200f");
	NOTE("\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad\xe2\x80\xae",
		"\\u202a\\u202b\\u202c\\u202d\\u202e");
	NOTE("\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9",
		"\\u2066\\u2067\\u2068\\u2069");
	NOTE("\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029");
	NOTE("\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa",
		"\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa");
}

static void
invalid_utf8(void)
{
	NOTE("\xff\xfe", "\\xff\\xfe");
	NOTE("\x9b[31m", "\\x9b[31m"); /* a control of one byte */
	NOTE("\xc0\x80\xc3", "\\xc0\\x80\\xc3");
	NOTE("\xed\xa0\x80", "\\xed\\xa0\\x80");
	NOTE("\xe2\x80", "\\xe2\\x80");
	NOTE("\xe2\x80\n", "\\xe2\\x80\\x0a");
	NOTE("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
}

static void
secrets(void)
{
	struct fp_result result = failure();

	NOTE("see http://u:p@h/", "see http://u:***@h/");
	result.url = NULL;
	result.input = (struct fp_text){"http://u:p\x01@h/\x02", 15};
	CHECK_TEXT(item(&result, NULL),
		"fetchpool: 101: 404 Not Found (http://u:***@h/\\x02)\n");
	result.input = (struct fp_text){"x://a:p@h/?x://b:q@i/", 21};
	CHECK_TEXT(item(&result, NULL), "fetchpool: 101: 404 Not Found "
					"(x://a:***@h/?x://b:***@i/)\n");
	result.input = (struct fp_text){"http://u:p\x01@h/\x02", 15};
	result.message = "not for http://token@h/";
	CHECK_TEXT(item(&result, NULL), "fetchpool: 101: not for http://***@h/ "
					"(http://u:***@h/\\x02)\n");
}

/* ---- items ---- */

static void
items(void)
{
	struct fp_result result = failure();

	CHECK_TEXT(item(&result, NULL),
		"fetchpool: 101: 404 Not Found (http://h/posts/101)\n");
	result.url = NULL;
	CHECK_TEXT(
		item(&result, NULL), "fetchpool: 101: 404 Not Found (101)\n");
	result.input = (struct fp_text){"a\0b\n", 4};
	result.message = "a NUL\n";
	result.seq = UINT64_MAX;
	CHECK_TEXT(item(&result, NULL), "fetchpool: 18446744073709551615: "
					"a NUL\\x0a (a\\x00b\\x0a)\n");
}

static void
items_as_records(void)
{
	static const enum fp_field fields[] = {FP_FIELD_SEQ, FP_FIELD_INPUT};
	const struct fp_record_format format = {
		.format = FP_FORMAT_BODY, .fields = fields, .n_fields = 2};
	struct fp_result result = failure();

	CHECK_TEXT(item(&result, &format),
		"{\"seq\":101,\"input\":\"101\",\"error\":{\"kind\":\"http\","
		"\"message\":\"404 Not Found\"}}\n");
}

/* Long ones, whose end may fall into a character or into a password. */
static void
shortened(void)
{
	char text[400], expected[500];
	struct fp_result result = failure();

	memset(text, 'x', sizeof(text));
	result.url = NULL;
	result.input = (struct fp_text){text, 200};
	snprintf(expected, sizeof(expected),
		"fetchpool: 101: 404 Not Found (%.200s)\n", text);
	CHECK_TEXT(item(&result, NULL), expected);
	result.input.len = 201;
	snprintf(expected, sizeof(expected),
		"fetchpool: 101: 404 Not Found (%.200s...)\n", text);
	CHECK_TEXT(item(&result, NULL), expected);
	memcpy(text + 198, "\xe2\x82\xac", 3);
	snprintf(expected, sizeof(expected),
		"fetchpool: 101: 404 Not Found (%.198s...)\n", text);
	CHECK_TEXT(item(&result, NULL), expected);

	/* What is no UTF-8 is shown as far as the rest. */
	memset(text, 'x', sizeof(text));
	text[3] = (char)0xff;
	snprintf(expected, sizeof(expected),
		"fetchpool: 101: 404 Not Found (xxx\\xff%.196s...)\n",
		text + 4);
	CHECK_TEXT(item(&result, NULL), expected);

	static const char url[] = "http://user:password@host/";
	for (size_t at = 170; at < 210; at++) {
		memset(text, 'x', sizeof(text));
		memcpy(text + at, url, sizeof(url) - 1);
		result.input.len = sizeof(text);
		CHECK(strstr(item(&result, NULL), "x...)\n") ||
			strstr(capture.text.data, "...)\n"));
		CHECK(!strstr(capture.text.data, ":p"));
		CHECK(!strstr(capture.text.data, "***") == (at + 12 >= 200));
	}
}

static void
long_notes(void)
{
	char *text = malloc(100001);

	memset(text, 'n', 100000);
	text[100000] = '\0';
	size_t len = strlen(note(text));
	CHECK(len > 500 && len < 2000);
	CHECK(strcmp(capture.text.data + len - 5, "n...\n") == 0);
	free(text);
}

/* ---- when they are written ---- */

/* Items wait until they are flushed, but no longer than a message of ours
 * that comes behind them. */
static void
held_back(void)
{
#define ITEM "fetchpool: 101: 404 Not Found (http://h/posts/101)\n"
	struct fp_result result = failure();
	const char *path = put_file("err", "", 0);
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	MUST(fd >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	fp_msg_item(&result, NULL);
	fp_msg_item(&result, NULL);
	bool waited = file_is(path, "", 0);
	fp_msg_note("behind");
	bool in_order = file_is(
		path, ITEM ITEM "fetchpool: behind\n", 2 * strlen(ITEM) + 18);
	fp_msg_flush();
	bool once = lseek(fd, 0, SEEK_END) == (off_t)(2 * strlen(ITEM) + 18);
	MUST(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	close(fd);
	CHECK(fp_msg_fd() == STDERR_FILENO);
	CHECK(waited && in_order && once);
}

/* How many lines are this one. */
static size_t
count_lines(const char *text, const char *line)
{
	size_t n = 0;

	while (strncmp(text, line, strlen(line)) == 0) {
		text += strlen(line);
		n++;
	}
	return *text == '\0' ? n : 0;
}

/* A pipe that someone made non-blocking, and that holds little. */
static void
many_items(void)
{
	struct fp_result result = failure();
	const char *flushed;

	capture_start();
	MUST(fcntl(STDERR_FILENO, F_SETPIPE_SZ, 4096) >= 0);
	MUST(fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK) == 0);
	for (unsigned i = 0; i < 5000; i++)
		fp_msg_item(&result, NULL);
	fp_msg_flush();
	flushed = capture_end();
	CHECK(count_lines(flushed, ITEM) == 5000);

	/* Nor do they pile up in memory without a flush. */
	capture_start();
	for (unsigned i = 0; i < 5000; i++)
		fp_msg_item(&result, NULL);
	CHECK(strlen(capture_end()) > 100000);
	capture_start();
	fp_msg_flush();
	capture_end();
}

/* Who must not wait is told what is left to those who may. */
static void
items_at_once(void)
{
	struct fp_result result = failure();

	capture_start();
	fp_msg_item_now(&result, NULL);
	CHECK(fp_msg_flush_now());
	CHECK(count_lines(capture_end(), ITEM) == 1);

	/* A pipe that takes nothing for as long as nobody reads. */
	int fds[2], old = dup(STDERR_FILENO);
	char byte = 'x';
	MUST(old >= 0 && pipe2(fds, O_NONBLOCK) == 0);
	while (write(fds[1], &byte, 1) == 1)
		;
	MUST(dup2(fds[1], STDERR_FILENO) >= 0);
	for (unsigned i = 0; i < 5000; i++)
		fp_msg_item_now(&result, NULL);
	CHECK(!fp_msg_flush_now());
	MUST(dup2(old, STDERR_FILENO) >= 0);
	close(old);
	close(fds[0]);
	close(fds[1]);

	capture_start();
	fp_msg_flush();
	CHECK(count_lines(capture_end(), ITEM) == 5000);
}

static void
chatter(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 500; i++)
		fp_msg_note("whole");
}

static void
from_many_threads(void)
{
	struct fp_thread threads[4];

	capture_start();
	for (unsigned i = 0; i < 4; i++)
		MUST(fp_thread_start(&threads[i], 0, chatter, NULL) == 0);
	for (unsigned i = 0; i < 4; i++)
		fp_thread_join(&threads[i]);
	fp_msg_flush();
	CHECK(count_lines(capture_end(), "fetchpool: whole\n") == 2000);
}

static int
speak_to_nobody(void *arg)
{
	struct fp_result result = failure();

	(void)arg;
	close(STDERR_FILENO);
	fp_msg_note("lost");
	fp_msg_item(&result, NULL);
	fp_msg_flush();
	fp_msg_local("lost");
	return (int)fp_msg_status();
}

static void
nobody_listens(void)
{
	CHECK(status_of(speak_to_nobody, NULL) == FP_EXIT_LOCAL);
}

/* ---- the exit status ---- */

/* Takes statuses one after the other; gives the last one that holds. */
static int
take_statuses(void *arg)
{
	for (const char *at = arg; *at; at++)
		fp_msg_set_status((enum fp_exit)(*at - '0'));
	return (int)fp_msg_status();
}

static void
statuses(void)
{
	static const struct {
		char given[8];
		int expected;
	} cases[] = {
		{"", 0},
		{"0", 0},
		{"1", 1},
		{"10", 1},
		{"01", 1},
		{"4", 4},
		{"14", 4},
		{"41", 4},
		{"13", 3},
		{"31", 3},
		{"34", 3},
		{"43", 3},
		{"2", 2},
		{"20", 2},
		{"23", 2},
		{"32", 2},
		{"0143", 3},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		char given[8];
		memcpy(given, cases[i].given, sizeof(given));
		CHECK(status_of(take_statuses, given) == cases[i].expected);
	}
}

/* Says one thing of each kind, as far as told. */
static int
say_things(void *arg)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(fd, STDERR_FILENO);
	for (const char *at = arg; *at; at++) {
		if (*at == 'n')
			fp_msg_note("note");
		else if (*at == 'l')
			fp_msg_local("local");
		else
			fp_msg_usage("usage");
	}
	return (int)fp_msg_status();
}

static void
messages_set_it(void)
{
	char note_only[] = "n", local[] = "nln", usage[] = "nun";

	CHECK(status_of(say_things, note_only) == FP_EXIT_OK);
	CHECK(status_of(say_things, local) == FP_EXIT_LOCAL);
	CHECK(status_of(say_things, usage) == FP_EXIT_USAGE);
}

static int
say_usage(void *arg)
{
	(void)arg;
	capture_start();
	fp_msg_usage("--%s: '%s' is wrong", "x", "\x1b");
	return strcmp(capture_end(), "fetchpool: --x: '\\x1b' is wrong (see "
				     "fetchpool --help)\n") != 0;
}

static int
say_usage_of_a_file(void *arg)
{
	(void)arg;
	capture_start();
	fp_msg_place("a\x1b[m\nb:12: ");
	fp_msg_usage("wrong");
	return strcmp(capture_end(), "fetchpool: a\\x1b[m\\x0ab:12: wrong (see "
				     "fetchpool --help)\n") != 0;
}

static void
usage_has_a_hint(void)
{
	CHECK(status_of(say_usage, NULL) == 0);
	CHECK(status_of(say_usage_of_a_file, NULL) == 0);
}

int
main(void)
{
	fp_msg_init();
	run("a message is one line", messages);
	run("control characters are escaped", controls);
	run("marks that turn the text around are escaped", marks_of_direction);
	run("what is no UTF-8 is escaped", invalid_utf8);
	run("passwords are not shown", secrets);
	run("items have their number and their URL", items);
	run("items as records", items_as_records);
	run("long texts are cut", shortened);
	run("long messages are cut", long_notes);
	run("items are held back, and keep their place", held_back);
	run("many items get through a small pipe", many_items);
	run("items of who must not wait", items_at_once);
	run("lines of several threads stay whole", from_many_threads);
	run("without a standard error nothing happens", nobody_listens);
	run("the graver status holds", statuses);
	run("messages set the status", messages_set_it);
	run("wrong usage gets a hint", usage_has_a_hint);
	fp_buf_destroy(&capture.text);
	return done();
}
