/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "poolopt.h"
#include "tap.h"
#include "units.h"

#include <errno.h>

static char why[200];

static struct fp_options
defaults(void)
{
	struct fp_options options;

	fp_options_init(&options, sizeof(options));
	return options;
}

/* Why they are refused, or "taken". */
static const char *
judged(const struct fp_options *options)
{
	struct fp_options copy;

	errno = 0;
	why[0] = '\0';
	if (fp_poolopt_take(&copy, options, why, sizeof(why)) == 0)
		return "taken";
	CHECK(errno == EINVAL);
	return why;
}

/* ---- sizes ---- */

static void
init_keeps_to_its_size(void)
{
	static const char untouched[sizeof(struct fp_options)] = {0};
	struct fp_options options, whole = defaults();
	size_t size = offsetof(struct fp_options, max_redirs);
	char larger[sizeof(options) + 8];

	memset(&options, 0x55, sizeof(options));
	fp_options_init(&options, size);
	CHECK(options.struct_size == size);
	whole.struct_size = size;
	CHECK(memcmp(&options, &whole, size) == 0);
	for (size_t i = size; i < sizeof(options); i++)
		CHECK(((char *)&options)[i] == 0x55);

	memset(larger, 0x55, sizeof(larger));
	fp_options_init((struct fp_options *)(void *)larger, sizeof(larger));
	CHECK(memcmp(larger + sizeof(options), untouched, 8) == 0);
}

/* What an older program did not know keeps its default. */
static void
smaller_ones_are_filled_up(void)
{
	struct fp_options old = defaults(), copy;
	size_t size = offsetof(struct fp_options, max_redirs);

	memset((char *)&old + size, 0x55, sizeof(old) - size);
	old.struct_size = size;
	old.jobs = 3;
	CHECK(fp_poolopt_take(&copy, &old, why, sizeof(why)) == 0);
	CHECK(copy.struct_size == sizeof(copy) && copy.jobs == 3);
	CHECK(copy.max_redirs == 10 && copy.max_time_ms == 60000);
	CHECK(!copy.done && !copy.pick && copy.n_pick == 0);
}

static void
other_sizes_are_refused(void)
{
	struct fp_options options = defaults();

	CHECK_TEXT(judged(&options), "taken");
	options.struct_size = sizeof(options) + 1;
	CHECK(strstr(judged(&options), "later version"));
	options.struct_size = 0;
	CHECK(strstr(judged(&options), "fp_options_init"));
	options.struct_size = sizeof(size_t);
	CHECK(strstr(judged(&options), "fp_options_init"));
}

/* ---- values ---- */

static void
no_protocols_are_the_default(void)
{
	struct fp_options options = defaults(), copy;

	options.protocols = NULL;
	CHECK(fp_poolopt_take(&copy, &options, why, sizeof(why)) == 0);
	CHECK_TEXT(copy.protocols, "http,https");
	options.protocols = "";
	CHECK_TEXT(judged(&options), "protocols is empty");
}

static void
headers_are_one_line_with_a_name(void)
{
	static const char *const good[] = {"A: b", "A:", "A;", "X-Y: a: b;c",
		"a:\tb\xff", "connection:  Close", "Connection: keep-alive"};
	static const char *const bad[] = {"", "A", ": b", ";", "A b: c", "A;b",
		" A: b", "A : b", "A(b): c", "A\n: b"};
	static const char *const unruly[] = {
		"A: b\r\nC: d", "A: b\n", "A: \r", "A: \x01", "A: b\x7f"};
	static const char *const not_ours[] = {"Content-Length: 3",
		"transfer-encoding: chunked", "Connection;",
		"Connection: upgrade", "Connection: close, x", "TE: close"};
	struct fp_options options = defaults();

	options.headers = good;
	options.n_headers = FP_ARRAY_LEN(good);
	CHECK_TEXT(judged(&options), "taken");
	options.n_headers = 1;
	for (size_t i = 0; i < FP_ARRAY_LEN(bad); i++) {
		options.headers = bad + i;
		CHECK_TEXT(judged(&options),
			"headers[0] is not a \"Name: value\" pair");
	}
	for (size_t i = 0; i < FP_ARRAY_LEN(unruly); i++) {
		options.headers = unruly + i;
		CHECK_TEXT(judged(&options),
			"headers[0] contains a control character");
	}
	for (size_t i = 0; i < FP_ARRAY_LEN(not_ours); i++) {
		options.headers = not_ours + i;
		CHECK_TEXT(judged(&options),
			"headers[0] names a field that libcurl sets");
	}
}

static void
lists_have_all_their_texts(void)
{
	static const char *const texts[] = {"/a", NULL};
	struct fp_options options = defaults();

	options.n_headers = 1;
	CHECK_TEXT(judged(&options), "headers[0] is NULL");
	options.n_headers = 0;
	options.pick = texts;
	options.n_pick = 2;
	CHECK_TEXT(judged(&options), "pick[1] is NULL");
	options.n_pick = 1;
	CHECK_TEXT(judged(&options), "taken");
}

static void
times_stay_within_reason(void)
{
	static const struct {
		const char *name;
		size_t at;
	} times[] = {
		{"delay_max_ms", offsetof(struct fp_options, delay_max_ms)},
		{"max_time_ms", offsetof(struct fp_options, max_time_ms)},
		{"connect_timeout_ms",
			offsetof(struct fp_options, connect_timeout_ms)},
		{"stall_time_ms", offsetof(struct fp_options, stall_time_ms)},
	};
	static const uint64_t large[] = {FP_TIME_MAX_MS + 1,
		(uint64_t)INT64_MAX / 1000000 + 1, (uint64_t)INT64_MAX + 1,
		UINT64_MAX};
	uint64_t most = FP_TIME_MAX_MS;

	for (size_t i = 0; i < FP_ARRAY_LEN(times); i++) {
		for (size_t k = 0; k < FP_ARRAY_LEN(large); k++) {
			struct fp_options options = defaults();
			char *at = (char *)&options + times[i].at;
			memcpy(at, &most, sizeof(most));
			CHECK_TEXT(judged(&options), "taken");
			memcpy(at, &large[k], sizeof(large[k]));
			CHECK(strncmp(judged(&options), times[i].name,
				      strlen(times[i].name)) == 0);
		}
	}
}

/* What the command takes, the library does too. */
static void
times_are_the_commands(void)
{
	uint64_t ms = 0;

	CHECK(fp_units_duration("366d", &ms) == 0 && ms == FP_TIME_MAX_MS);
	CHECK(fp_units_duration("31622400001ms", &ms) == -1);
}

static void
the_version_is_the_packages(void)
{
	char text[40];

	snprintf(text, sizeof(text), "%d.%d.%d", FP_VERSION_MAJOR,
		FP_VERSION_MINOR, FP_VERSION_PATCH);
	CHECK_TEXT(text, PACKAGE_VERSION);
}

static void
texts_are_not_empty(void)
{
	struct fp_options options = defaults();

	options.output_dir = "";
	CHECK_TEXT(judged(&options), "output_dir is empty");
	options = defaults();
	options.output_name = "";
	CHECK_TEXT(judged(&options), "output_name is empty");
	options = defaults();
	options.method = "";
	CHECK_TEXT(judged(&options), "method is not a token, or is CONNECT");
	options.method = "GET /x";
	CHECK_TEXT(judged(&options), "method is not a token, or is CONNECT");
	options = defaults();
	options.user_agent = "a\r\nb: c";
	CHECK_TEXT(judged(&options), "user_agent is not a single line");
	options.user_agent = NULL;
	options.data.len = 1;
	CHECK_TEXT(judged(&options), "data is NULL");
	options.data.len = 0;
	CHECK_TEXT(judged(&options), "taken");
}

int
main(void)
{
	run("the defaults are written within the size", init_keeps_to_its_size);
	run("a smaller struct is filled up", smaller_ones_are_filled_up);
	run("structs of other sizes are refused", other_sizes_are_refused);
	run("no protocols are the default", no_protocols_are_the_default);
	run("headers are one line with a name",
		headers_are_one_line_with_a_name);
	run("lists have all their texts", lists_have_all_their_texts);
	run("times stay within reason", times_stay_within_reason);
	run("times are those that the command takes", times_are_the_commands);
	run("the version is the package's", the_version_is_the_packages);
	run("texts are not empty", texts_are_not_empty);
	return done();
}
