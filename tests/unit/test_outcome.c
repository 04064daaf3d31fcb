/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "outcome.h"
#include "tap.h"

static void
kinds(void)
{
	static const char *const names[] = {"ok", "input", "refused", "dns",
		"connect", "tls", "timeout", "network", "incomplete", "http",
		"too_large", "body", "redirect", "page", "local", "stopped"};

	CHECK(FP_ARRAY_LEN(names) == FP_KIND_STOPPED + 1);
	for (size_t i = 0; i < FP_ARRAY_LEN(names); i++)
		CHECK_TEXT(fp_kind_name((enum fp_kind)i), names[i]);
	CHECK_TEXT(fp_kind_name(FP_KIND_TOO_LARGE), "too_large");
	CHECK_TEXT(fp_kind_name(FP_KIND_HTTP), "http");
}

static void
phrases(void)
{
	unsigned n = 0;

	CHECK_TEXT(fp_outcome_status_phrase(200), "OK");
	CHECK_TEXT(fp_outcome_status_phrase(301), "Moved Permanently");
	CHECK_TEXT(fp_outcome_status_phrase(404), "Not Found");
	CHECK_TEXT(fp_outcome_status_phrase(429), "Too Many Requests");
	CHECK_TEXT(fp_outcome_status_phrase(503), "Service Unavailable");
	CHECK_TEXT(fp_outcome_status_phrase(511),
		"Network Authentication Required");
	CHECK_TEXT(fp_outcome_status_phrase(299), "");
	CHECK_TEXT(fp_outcome_status_phrase(600), "");
	CHECK_TEXT(fp_outcome_status_phrase(0), "");
	CHECK_TEXT(fp_outcome_status_phrase(-404), "");
	for (int status = 0; status < FP_STATUS_MAX; status++) {
		const char *phrase = fp_outcome_status_phrase(status);
		n += phrase[0] != '\0';
		CHECK(strspn(phrase,
			      " -ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "abcdefghijklmnopqrstuvwxyz") == strlen(phrase));
	}
	CHECK(n > 55);
}

/* Whether the list stands for just the statuses from `low` to `high` and from
 * `low2` to `high2`. */
static bool
holds(const char *text, int low, int high, int low2, int high2)
{
	struct fp_statuses statuses;
	bool right = true;

	memset(&statuses, 0xff, sizeof(statuses));
	if (fp_outcome_parse_statuses(&statuses, text) ||
		!fp_is_status_list(text))
		return false;
	for (int i = 0; i < FP_STATUS_MAX; i++)
		right = right &&
			statuses.has[i] == ((i >= low && i <= high) ||
						   (i >= low2 && i <= high2));
	return right;
}

static void
lists(void)
{
	CHECK(holds("200", 200, 200, 200, 200));
	CHECK(holds("2xx", 200, 299, 200, 200));
	CHECK(holds("1xx", 100, 199, 100, 100));
	CHECK(holds("9xx", 900, 999, 900, 900));
	CHECK(holds("400-404", 400, 404, 400, 400));
	CHECK(holds("404-404", 404, 404, 404, 404));
	CHECK(holds("100-999", 100, 999, 100, 100));
	CHECK(holds("2xx,304", 200, 299, 304, 304));
	CHECK(holds("304,2xx", 200, 299, 304, 304));
	CHECK(holds("200,200,200-201", 200, 201, 200, 200));
	CHECK(holds("2xx,3xx", 200, 399, 200, 200));
	CHECK(holds("0200", 200, 200, 200, 200));
}

static void
no_lists(void)
{
	static const char *const bad[] = {"", ",", "200,", ",200", "200,,201",
		"200 ", " 200", "200, 201", "200;201", "99", "1000", "0", "0xx",
		"xx", "xxx", "20x", "2XX", "2xxx", "-200", "200-", "-",
		"404-400", "99-200", "900-1000", "200-201-202", "2xx-3xx",
		"2xx-300", "+200", "-1", "ok", "200\n", "0x200", "2.0",
		"99999999999999999999999999", "200-99999999999999999999999"};

	for (size_t i = 0; i < FP_ARRAY_LEN(bad); i++) {
		struct fp_statuses statuses;
		bool refused =
			fp_outcome_parse_statuses(&statuses, bad[i]) == -1;
		CHECK(refused && !fp_is_status_list(bad[i]));
		if (!refused)
			printf("# %s\n", bad[i]);
	}
}

int
main(void)
{
	run("kinds have the names of the record", kinds);
	run("statuses have their registered phrases", phrases);
	run("lists of statuses", lists);
	run("what is no list of statuses", no_lists);
	return done();
}
