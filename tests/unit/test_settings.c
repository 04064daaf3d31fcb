/* SPDX-License-Identifier: MIT */
#include "base.h"
#include "httpopt.h"

#include "capture.h"
#include "msg.h"
#include "settings.h"
#include "tap.h"

/* The linker puts this in the place of realloc() (--wrap in tests/local.mk). */
void *__real_realloc(void *data, size_t size);
void *__wrap_realloc(void *data, size_t size);

static unsigned fail_at; /* this call fails; 0: none does */

void *
__wrap_realloc(void *data, size_t size)
{
	if (fail_at && --fail_at == 0)
		return NULL;
	return __real_realloc(data, size);
}

static struct fp_settings settings;

static void
start(void)
{
	fp_settings_destroy(&settings);
	fp_settings_init(&settings);
}

/* Whether this value is right, for settings that know of no other. */
static bool
takes(fp_setter *setter, const char *value)
{
	start();
	return setter(&settings, value);
}

static void
defaults(void)
{
	start();
	CHECK(settings.pool.jobs >= 5 && settings.pool.jobs <= 32);
	CHECK(settings.pool.window == 0 && !settings.pool.keep_order);
	CHECK(settings.pool.max_time_ms == 60000);
	CHECK(settings.pool.connect_timeout_ms == 10000);
	CHECK(settings.pool.stall_time_ms == 30000);
	CHECK(settings.pool.max_body == 16 << 20);
	CHECK(settings.pool.delay_min_ms == 0);
	CHECK(settings.pool.delay_max_ms == 0);
	CHECK_TEXT(settings.pool.protocols, "http,https");
	CHECK(settings.pool.ok_status == NULL);
	CHECK(settings.pool.body == FP_BODY_AUTO);
	CHECK(settings.pool.undefined_fails && !settings.pool.want_headers);
	CHECK(strncmp(settings.pool.user_agent, "fetchpool/", 10) == 0);
	CHECK(settings.input.path == NULL && settings.input.separator == '\n');
	CHECK(settings.input.max_line == 65536);
	CHECK(settings.input.allowed_controls == NULL);
	CHECK(settings.format.format == FP_FORMAT_RECORD);
	CHECK(settings.format.fields == NULL);
	CHECK(settings.grace_ms == 10000);
	CHECK(!settings.all && !settings.quiet && !settings.json_errors);
	CHECK(!settings.output_path && !settings.failed_path);
	CHECK(!settings.colsep && settings.n_columns == 0);
	CHECK(!settings.has_id_range && !settings.tells_template);
}

/* ---- numbers ---- */

static void
counts(void)
{
	CHECK(takes(fp_settings_jobs, "1") && settings.pool.jobs == 1);
	CHECK(takes(fp_settings_jobs, "20000"));
	CHECK(settings.pool.jobs == 20000);
	CHECK(takes(fp_settings_window, "1") && settings.pool.window == 1);
	CHECK(takes(fp_settings_window, "10000000"));
	CHECK(settings.pool.window == 10000000);
	static const char *const bad[] = {"", "0", "-1", "+1", "1.0", "1e2",
		" 1", "1 ", "0x1", "x", "99999999999999999999"};
	for (size_t i = 0; i < FP_ARRAY_LEN(bad); i++) {
		CHECK(!takes(fp_settings_jobs, bad[i]));
		CHECK(!takes(fp_settings_window, bad[i]));
	}
	CHECK(!takes(fp_settings_jobs, "20001"));
	CHECK(!takes(fp_settings_window, "10000001"));
}

static void
sizes(void)
{
	CHECK(takes(fp_settings_max_line, "1"));
	CHECK(settings.input.max_line == 1);
	CHECK(takes(fp_settings_max_line, "1G"));
	CHECK(settings.input.max_line == 1 << 30);
	CHECK(!takes(fp_settings_max_line, "0"));
	CHECK(!takes(fp_settings_max_line, "1073741825"));
	CHECK(!takes(fp_settings_max_line, ""));
	CHECK(!takes(fp_settings_max_line, "-1"));
	CHECK(takes(fp_settings_max_body, "0"));
	CHECK(settings.pool.max_body == 0);
	CHECK(takes(fp_settings_max_body, "16M"));
	CHECK(settings.pool.max_body == 16 << 20);
	CHECK(takes(fp_settings_max_body, "9223372036854775807"));
	CHECK(!takes(fp_settings_max_body, "9223372036854775808"));
	CHECK(!takes(fp_settings_max_body, "many"));
	CHECK(settings.pool.max_error_body == 64 << 10);
	CHECK(takes(fp_settings_max_error_body, "1K"));
	CHECK(settings.pool.max_error_body == 1 << 10);
	CHECK(!takes(fp_settings_max_error_body, "many"));
}

static void
ranges(void)
{
	CHECK(takes(fp_settings_id_range, "1-100") && settings.has_id_range);
	CHECK(settings.id_min == 1 && settings.id_max == 100);
	CHECK(!takes(fp_settings_id_range, "100"));
	CHECK(!takes(fp_settings_id_range, "100-1"));
	CHECK(takes(fp_settings_delay, "1s-2500ms"));
	CHECK(settings.pool.delay_min_ms == 1000);
	CHECK(settings.pool.delay_max_ms == 2500);
	CHECK(takes(fp_settings_delay, "2"));
	CHECK(settings.pool.delay_min_ms == 2000);
	CHECK(settings.pool.delay_max_ms == 2000);
	CHECK(!takes(fp_settings_delay, "2s-1s"));
	CHECK(!takes(fp_settings_delay, "soon"));
}

/* ---- words ---- */

static void
words(void)
{
	CHECK(takes(fp_settings_format, "record"));
	CHECK(settings.format.format == FP_FORMAT_RECORD);
	CHECK(takes(fp_settings_format, "body"));
	CHECK(settings.format.format == FP_FORMAT_BODY);
	CHECK(takes(fp_settings_format, "merged"));
	CHECK(settings.format.format == FP_FORMAT_MERGED);
	CHECK(!takes(fp_settings_format, "Record"));
	CHECK(!takes(fp_settings_format, ""));
	CHECK(takes(fp_settings_body, "auto"));
	CHECK(settings.pool.body == FP_BODY_AUTO);
	CHECK(takes(fp_settings_body, "json"));
	CHECK(settings.pool.body == FP_BODY_JSON);
	CHECK(takes(fp_settings_body, "text"));
	CHECK(settings.pool.body == FP_BODY_TEXT);
	CHECK(takes(fp_settings_body, "base64"));
	CHECK(settings.pool.body == FP_BODY_BASE64);
	CHECK(takes(fp_settings_body, "none"));
	CHECK(settings.pool.body == FP_BODY_NONE);
	CHECK(!takes(fp_settings_body, "jso"));
	CHECK(takes(fp_settings_error_format, "json") && settings.json_errors);
	CHECK(takes(fp_settings_error_format, "text") && !settings.json_errors);
	CHECK(!takes(fp_settings_error_format, "xml"));
	CHECK(!takes(fp_settings_error_format, ""));
	CHECK(takes(fp_settings_null, NULL) && settings.input.separator == 0);
}

static void
lists(void)
{
	CHECK(takes(fp_httpopt_proto, "http"));
	CHECK_TEXT(settings.pool.protocols, "http");
	CHECK(takes(fp_httpopt_proto, "https"));
	CHECK(takes(fp_httpopt_proto, "http,https"));
	CHECK(takes(fp_httpopt_proto, "https,http"));
	CHECK(!takes(fp_httpopt_proto, ""));
	CHECK(!takes(fp_httpopt_proto, "ftp"));
	CHECK(!takes(fp_httpopt_proto, "http,ftp"));
	CHECK(!takes(fp_httpopt_proto, "all"));
	CHECK(!takes(fp_httpopt_proto, "http,"));
	CHECK(takes(fp_httpopt_ok_status, "2xx,304"));
	CHECK_TEXT(settings.pool.ok_status, "2xx,304");
	CHECK(!takes(fp_httpopt_ok_status, "2xx,"));
	CHECK(takes(fp_httpopt_user_agent, "me/1.0 (x)"));
	CHECK_TEXT(settings.pool.user_agent, "me/1.0 (x)");
	CHECK(takes(fp_httpopt_user_agent, ""));
	CHECK(!takes(fp_httpopt_user_agent, "a\r\nX: y"));
	CHECK(!takes(fp_httpopt_user_agent, "a\n"));
}

static void
separators(void)
{
	CHECK(takes(fp_settings_colsep, ","));
	CHECK_TEXT(settings.colsep, ",");
	CHECK(takes(fp_settings_colsep, "\\t"));
	CHECK_TEXT(settings.colsep, "\t");
	CHECK(takes(fp_settings_colsep, "a\\\\b\\tc\\d\\"));
	CHECK_TEXT(settings.colsep, "a\\b\tc\\d\\");
	CHECK(takes(fp_settings_colsep, "\t"));
	CHECK(!takes(fp_settings_colsep, ""));
	CHECK(!takes(fp_settings_colsep, "\n"));
	CHECK(!takes(fp_settings_colsep, "a\r"));

	/* The last one holds. */
	CHECK(takes(fp_settings_colsep, "a long one, to make it move"));
	CHECK(fp_settings_colsep(&settings, ";"));
	CHECK_TEXT(settings.colsep, ";");
}

/* The fields as numbers; "-" for the default ones. */
static const char *
chosen(void)
{
	static char text[200];
	size_t len = 0;

	if (!settings.format.fields)
		return "-";
	text[0] = '\0';
	for (size_t i = 0; i < settings.format.n_fields; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%d ",
			(int)settings.format.fields[i]);
	return text;
}

static void
fields(void)
{
	CHECK_TEXT(chosen(), "-");
	CHECK(takes(fp_settings_fields, "seq"));
	CHECK_TEXT(chosen(), "0 ");
	CHECK(takes(fp_settings_fields, "body,seq,ip"));
	CHECK_TEXT(chosen(), "9 0 12 ");
	CHECK(!settings.pool.want_headers);
	CHECK(takes(fp_settings_fields, "headers,seq"));
	CHECK(settings.pool.want_headers);
	CHECK(!settings.pool.want_hops);
	CHECK(takes(fp_settings_fields, "+hops"));
	CHECK(settings.pool.want_hops);
	CHECK(takes(fp_settings_fields, "+ip"));
	CHECK_TEXT(chosen(), "0 1 2 3 4 5 6 7 8 9 12 ");
	CHECK(takes(fp_settings_fields, "+method,+headers"));
	CHECK_TEXT(chosen(), "0 1 2 3 4 5 6 7 8 9 10 11 ");
	CHECK(settings.pool.want_headers);
	CHECK(takes(fp_settings_fields, "+method,ip"));
	CHECK_TEXT(chosen(), "0 1 2 3 4 5 6 7 8 9 10 12 ");

	/* Once each, and the last option holds. */
	CHECK(takes(fp_settings_fields, "seq,ip,seq,seq"));
	CHECK_TEXT(chosen(), "0 12 ");
	CHECK(takes(fp_settings_fields, "+seq,+body"));
	CHECK_TEXT(chosen(), "0 1 2 3 4 5 6 7 8 9 ");
	CHECK(fp_settings_fields(&settings, "url"));
	CHECK_TEXT(chosen(), "2 ");
	CHECK(takes(fp_settings_fields,
		"seq,input,url,status,fetch_time,attempts,type,size,encoding,"
		"body,method,headers,ip,http_version,started,time_connect,"
		"time_first_byte,file,final_url,redirects,context,tries,framing,"
		"charset,hops,page,pages,unchanged,error,seq,input,url,status"));
	CHECK(settings.format.n_fields == FP_FIELD_COUNT);

	static const char *const bad[] = {"", ",", "seq,", ",seq", "seq,,url",
		"+", "+,", "++ip", "seq,+ip", "+ip,", "SEQ", "seq url", " seq",
		"errors", "time", "seq;url"};
	for (size_t i = 0; i < FP_ARRAY_LEN(bad); i++)
		CHECK(!takes(fp_settings_fields, bad[i]));
}

static void
members(void)
{
	start();
	CHECK(fp_settings_pick(&settings, "a"));
	CHECK(fp_settings_pick(&settings, ""));
	CHECK(fp_settings_omit(&settings, "b"));
	CHECK(settings.pick.n == 2 && settings.omit.n == 1);
	CHECK_TEXT(settings.pick.texts[0], "a");
	CHECK_TEXT(settings.pick.texts[1], "");
	CHECK_TEXT(settings.omit.texts[0], "b");
}

/* ---- headers ---- */

static void
header_lines(void)
{
	static const char *const good[] = {"A: b", "A:b", "A:", "A;",
		"X-Long-Name: a value: with; all kinds\tof things",
		"Accept:", "a_b.c!#$%&'*+^`|~9: \xc3\xa9"};
	static const char *const bad[] = {"", ":", ": b", "A", "A b: c",
		" A: b", "A : b", "A: b\n", "A: b\r\nC: d", "A\n: b", ";",
		"A;b", "A; b", "A;b: c", "A\t: b", "A(b): c", "A\xc3\xa9: b",
		"A: \x01", "A: b\x7f", "Content-Length: 3",
		"transfer-encoding: chunked", "Connection;"};

	for (size_t i = 0; i < FP_ARRAY_LEN(good); i++) {
		CHECK(takes(fp_httpopt_header, good[i]));
		CHECK(settings.headers.n == 1);
		CHECK_TEXT(settings.headers.texts[0], good[i]);
	}
	for (size_t i = 0; i < FP_ARRAY_LEN(bad); i++) {
		CHECK(!takes(fp_httpopt_header, bad[i]));
		CHECK(settings.headers.n == 0);
	}
}

/* The headers that a file of these bytes gives, or NULL if it is refused. */
static const char *
from_file(const char *bytes, size_t len)
{
	static char text[300];
	char value[PATH_MAX + 1];
	size_t used = 0;

	snprintf(value, sizeof(value), "@%s", put_file("headers", bytes, len));
	if (!takes(fp_httpopt_header, value))
		return NULL;
	put_file("headers", "changed: since", 14);
	text[0] = '\0';
	for (size_t i = 0; i < settings.headers.n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			"<%.90s>", settings.headers.texts[i]);
	return text;
}

#define FILE_GIVES(bytes, expected) \
	CHECK_TEXT(from_file(bytes, sizeof(bytes) - 1), expected)
#define FILE_REFUSED(bytes) CHECK(!from_file(bytes, sizeof(bytes) - 1))

static void
header_files(void)
{
	FILE_GIVES("A: b\n", "<A: b>");
	FILE_GIVES("A: b", "<A: b>");
	FILE_GIVES("A: b\r\nC: d\r\n", "<A: b><C: d>");
	FILE_GIVES("\n\nA: b\n\n\r\nC:\n", "<A: b><C:>");
	FILE_GIVES("", "");
	FILE_GIVES("\n", "");
	FILE_REFUSED("@x: y\n");
	FILE_REFUSED("A: b\nno header\n");
	FILE_REFUSED("A: b\rC: d\n");
	FILE_REFUSED("A: b\0\nC: d\n");
	FILE_REFUSED("A: b\n\0");
	FILE_REFUSED("A: b\r\r\n");
	FILE_REFUSED(" A: b\n");
	FILE_REFUSED("A: b\nTE: trailers\n");

	/* In several reads. */
	static char large[20000];
	memset(large, 'x', sizeof(large));
	memcpy(large, "A:", 2);
	memcpy(large + 15000, "\nB: c\n", 6);
	memset(large + 15006, '\n', sizeof(large) - 15006);
	CHECK(from_file(large, sizeof(large)) != NULL);
	CHECK(settings.headers.n == 2);
	CHECK(strlen(settings.headers.texts[0]) == 15000);
	CHECK_TEXT(settings.headers.texts[1], "B: c");
}

static void
header_files_that_cannot_be_read(void)
{
	char value[PATH_MAX + 1], expected[PATH_MAX + 100];

	snprintf(value, sizeof(value), "@%s", scratch("missing"));
	capture_start();
	bool ok = takes(fp_httpopt_header, value);
	const char *said = capture_end();
	snprintf(expected, sizeof(expected),
		"fetchpool: --header: cannot read %s: No such file or "
		"directory (see fetchpool --help)\n",
		value + 1);
	CHECK(!ok);
	CHECK_TEXT(said, expected);
	CHECK(fp_msg_status() == FP_EXIT_USAGE);

	snprintf(value, sizeof(value), "@%s", scratch(""));
	capture_start();
	ok = takes(fp_httpopt_header, value);
	said = capture_end();
	CHECK(!ok && strstr(said, "Is a directory"));
	capture_start();
	ok = takes(fp_httpopt_header, "@");
	said = capture_end();
	CHECK(!ok && strstr(said, "No such file"));
}

static void
headers_from_standard_input(void)
{
	int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	int fd = open(
		put_file("stdin", "A: b\nC: d\n", 10), O_RDONLY | O_CLOEXEC);

	MUST(saved >= 0 && fd >= 0 && dup2(fd, STDIN_FILENO) == 0);
	CHECK(takes(fp_httpopt_header, "@-") && settings.headers.n == 2);
	CHECK(fcntl(STDIN_FILENO, F_GETFD) >= 0);
	MUST(dup2(saved, STDIN_FILENO) == 0);
	close(saved);
	close(fd);
}

/* Nothing is taken for right that is not there. */
static void
no_memory(void)
{
	static char lines[30000];
	char value[PATH_MAX + 1];
	unsigned n_failed = 0;

	for (size_t i = 0; i < sizeof(lines); i++)
		lines[i] = "A: b\n"[i % 5];
	snprintf(value, sizeof(value), "@%s",
		put_file("headers", lines, sizeof(lines)));
	for (unsigned nth = 1; nth < 20; nth++) {
		start();
		capture_start();
		fail_at = nth;
		bool ok = fp_httpopt_header(&settings, value);
		n_failed += fail_at == 0;
		CHECK(ok == (fail_at != 0));
		fail_at = 0;
		const char *said = capture_end();
		CHECK(ok || strstr(said, "memory"));
		CHECK(!ok || settings.headers.n == sizeof(lines) / 5);
	}
	CHECK(n_failed > 5);
	start();
	capture_start();
	fail_at = 1;
	CHECK(!fp_settings_pick(&settings, "a"));
	fail_at = 1;
	CHECK(!fp_settings_colsep(&settings, "a"));
	fail_at = 0;
	CHECK(strstr(capture_end(), "out of memory"));
}

int
main(void)
{
	fp_msg_init();
	fp_settings_init(&settings);
	run("defaults", defaults);
	run("counts have limits", counts);
	run("sizes have limits", sizes);
	run("ranges", ranges);
	run("words", words);
	run("lists", lists);
	run("separators of columns", separators);
	run("fields in the order wanted, or added", fields);
	run("members to pick and to leave out", members);
	run("a header is a line with a name", header_lines);
	run("headers from a file", header_files);
	run("headers from a file that cannot be read",
		header_files_that_cannot_be_read);
	run("headers from standard input", headers_from_standard_input);
	run("memory that runs out", no_memory);
	fp_settings_destroy(&settings);
	fp_buf_destroy(&capture.text);
	return done();
}
