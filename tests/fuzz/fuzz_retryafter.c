/* SPDX-License-Identifier: MIT */
/*
 * When a server wants to see us again. What is read of any fields is a time of
 * waiting that can be said, and the longest of them; a date comes back letter
 * by letter, and as seconds it is what the system makes of it; and of fields
 * that are made here, it is known what they say.
 *
 *	a byte; if it was 0, our clock in nanoseconds up to a newline, and then
 *	fields; if 1, a date; if 2, seconds since 1970 as eight bytes; if 3,
 *	what the items of a RateLimit are made of, a few bytes each
 */
#include "fuzz.h"

#include "retryafter.h"

#include <inttypes.h>
#include <strings.h>
#include <time.h>

#define FIELDS_MAX 32

/* ---- dates ---- */

static const char days[7][10] = {"Sunday", "Monday", "Tuesday", "Wednesday",
	"Thursday", "Friday", "Saturday"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* The three forms; the numbers may be out of range, as 60 seconds are. */
static void
write_date(char *to, size_t size, unsigned form, const struct tm *tm)
{
	const char *day = days[tm->tm_wday], *month = months[tm->tm_mon];
	int year = tm->tm_year + 1900;

	if (form == 0)
		snprintf(to, size, "%.3s, %02d %s %04d %02d:%02d:%02d GMT", day,
			tm->tm_mday, month, year, tm->tm_hour, tm->tm_min,
			tm->tm_sec);
	else if (form == 1)
		snprintf(to, size, "%s, %02d-%s-%02d %02d:%02d:%02d GMT", day,
			tm->tm_mday, month, year % 100, tm->tm_hour, tm->tm_min,
			tm->tm_sec);
	else
		snprintf(to, size, "%.3s %s %2d %02d:%02d:%02d %04d", day,
			month, tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec,
			year);
}

static int
parse(const char *text, struct fp_httpdate *date)
{
	char *copy = fuzz_copy(text, strlen(text));
	int ret = fp_httpdate_parse(copy, strlen(text), date);

	free(copy);
	return ret;
}

/* The year is one of its century that is as near as is said. */
static void
check_short(const struct fp_httpdate *date, int64_t now_s)
{
	static const int64_t half_s = INT64_C(18263) * 86400;
	int64_t date_s = fp_httpdate_unix_s(date, now_s);
	time_t time_s = (time_t)date_s;
	struct tm tm;

	HOLDS(gmtime_r(&time_s, &tm));
	HOLDS(date->second == 86400 || (tm.tm_year + 1900) % 100 == date->year);
	HOLDS(date_s - half_s <= now_s || date->year == tm.tm_year + 1900);
	HOLDS(date_s > now_s - 2 * half_s + half_s - 3 * 86400);
}

/* What is read as a date is one, and in its form it is spelled like that. */
static void
check_date(const char *text)
{
	struct fp_httpdate date = {.month = 99};
	bool found = false;
	char again[64], day[10];

	if (parse(text, &date)) {
		HOLDS(date.month == 99);
		return;
	}
	HOLDS(date.month >= 1 && date.month <= 12);
	HOLDS(date.second >= 0 && date.second <= 86400);
	for (int i = 0; i < 7 * 3 * 2; i++) {
		struct tm tm = {
			.tm_wday = i % 7,
			.tm_year = date.year - 1900,
			.tm_mon = date.month - 1,
			.tm_mday = date.day,
		};
		int leap = i / 7 & 1, second = date.second - leap;
		if (second < 0)
			continue;
		tm.tm_hour = second / 3600;
		tm.tm_min = second / 60 % 60;
		tm.tm_sec = second % 60 + leap;
		unsigned form = (unsigned)i / 14;
		write_date(again, sizeof(again), form, &tm);
		snprintf(day, sizeof(day), "%02d", date.day);
		if (strcmp(again, text) == 0 && (form == 1) == date.is_short)
			found = true;
		/* The last form may have a zero before the day. */
		if (form == 2 && date.day < 10) {
			memcpy(again + 8, day, 2);
			found |= strcmp(again, text) == 0;
		}
	}
	HOLDS(found);
	if (date.is_short) {
		check_short(&date, INT64_C(1790000000));
		return;
	}
	struct tm tm = {.tm_year = date.year - 1900,
		.tm_mon = date.month - 1,
		.tm_mday = date.day};
	if (sizeof(time_t) < 8 && (date.year < 1902 || date.year > 2037))
		return;
	HOLDS(fp_httpdate_unix_s(&date, 0) ==
		(int64_t)timegm(&tm) + date.second);
}

/* From the year 0 to 9999, or what a time_t can be. */
static void
check_seconds(uint64_t number, unsigned form)
{
	static const int64_t first_s = INT64_C(-62167219200);
	static const int64_t end_s = INT64_C(253402300800);
	int64_t date_s =
		first_s + (int64_t)(number % (uint64_t)(end_s - first_s));
	time_t time_s = (time_t)date_s;
	struct fp_httpdate date;
	struct tm tm;
	char text[64];

	HOLDS(gmtime_r(&time_s, &tm));
	write_date(text, sizeof(text), form, &tm);
	HOLDS(parse(text, &date) == 0);
	HOLDS(date.is_short == (form == 1));
	/* A date of two digits is itself for who lives then. */
	HOLDS(fp_httpdate_unix_s(&date, time_s) == time_s);
	check_date(text);
}

/* ---- fields ---- */

struct field {
	struct fp_text name, value;
};

struct head {
	struct field fields[FIELDS_MAX];
	size_t n;
};

static void
take_fields(struct fuzz *fuzz, struct head *head)
{
	for (head->n = 0; head->n < FIELDS_MAX && fuzz->left > 0; head->n++) {
		struct fp_text line = fuzz_until(fuzz, '\n');
		struct fuzz rest = {line.data, line.len};
		head->fields[head->n].name = fuzz_until(&rest, ':');
		head->fields[head->n].value = fuzz_rest(&rest);
	}
}

static bool
is_named(const struct field *field, const char *name)
{
	return field->name.len == strlen(name) &&
	       strncasecmp(field->name.data, name, field->name.len) == 0;
}

static void
give(struct fp_retryafter *hints, const struct field *field)
{
	char *name = fuzz_copy(field->name.data, field->name.len);
	char *value = fuzz_copy(field->value.data, field->value.len);

	fp_retryafter_field(hints, (struct fp_text){name, field->name.len},
		(struct fp_text){value, field->value.len});
	free(name);
	free(value);
}

static void
check_wait(int64_t wait_ns)
{
	HOLDS(wait_ns >= -1);
	HOLDS(wait_ns <= FP_RETRYAFTER_MAX_S * FP_NS_PER_S);
}

/* What this one Retry-After says by itself, beside the Dates. */
static int64_t
wait_of(const struct head *head, size_t which, int64_t wall_ns, bool *is_date)
{
	struct fp_retryafter hints;

	fp_retryafter_reset(&hints);
	for (size_t i = 0; i < head->n; i++) {
		if (i == which || is_named(&head->fields[i], "Date"))
			give(&hints, &head->fields[i]);
	}
	*is_date = hints.after_date.month || hints.after_short.month;
	return fp_retryafter_wait_ns(&hints, wall_ns);
}

/* The longest of all; but of several dates the latest, whatever clock it is
 * compared with. */
static void
check_longest(const struct head *head, int64_t wall_ns, int64_t wait_ns)
{
	int64_t longest_ns = -1;
	size_t n_dates = 0;
	bool is_found = wait_ns == -1;

	for (size_t i = 0; i < head->n; i++) {
		bool is_date;
		if (!is_named(&head->fields[i], "Retry-After"))
			continue;
		int64_t one_ns = wait_of(head, i, wall_ns, &is_date);
		n_dates += is_date;
		is_found |= one_ns == wait_ns;
		longest_ns = FP_MAX(longest_ns, one_ns);
		HOLDS(is_date || one_ns <= wait_ns);
	}
	HOLDS(is_found && wait_ns <= longest_ns);
	HOLDS(n_dates > 1 || wait_ns == longest_ns);
}

static void
check_fields(struct fuzz *fuzz)
{
	char *clock = fuzz_string(fuzz_until(fuzz, '\n'));
	int64_t wall_ns = strtoll(clock, NULL, 10);
	struct fp_retryafter hints, back;
	struct head head;

	free(clock);
	take_fields(fuzz, &head);
	fp_retryafter_reset(&hints);
	fp_retryafter_reset(&back);
	HOLDS(fp_retryafter_wait_ns(&hints, wall_ns) == -1);
	HOLDS(fp_retryafter_quota_ns(&hints) == -1);
	for (size_t i = 0; i < head.n; i++)
		give(&hints, &head.fields[i]);
	int64_t wait_ns = fp_retryafter_wait_ns(&hints, wall_ns);
	int64_t quota_ns = fp_retryafter_quota_ns(&hints);
	check_wait(wait_ns);
	check_wait(quota_ns);
	check_longest(&head, wall_ns, wait_ns);

	/* In any order, but for the Dates, of which the last counts. */
	for (size_t i = 0; i < head.n; i++) {
		if (is_named(&head.fields[i], "Date"))
			give(&back, &head.fields[i]);
	}
	for (size_t i = head.n; i-- > 0;) {
		if (!is_named(&head.fields[i], "Date"))
			give(&back, &head.fields[i]);
	}
	HOLDS(fp_retryafter_wait_ns(&back, wall_ns) == wait_ns);
	HOLDS(fp_retryafter_quota_ns(&back) == quota_ns);
	HOLDS(back.is_malformed == hints.is_malformed);
}

/* ---- RateLimit ---- */

/* Of parameters, what is a bare item and what is not (RFC 9651, section 3.3).
 * A "t" or "r" that is no whole number from 0 on spoils the field. */
static const struct {
	const char *text;
	bool is_item;
} items[] = {
	{"1", true},
	{"-1", true},
	{"999999999999999", true},
	{"1000000000000000", false},
	{"1.5", true},
	{"1.", false},
	{"1.0000", false},
	{"\"a,;\\\" \\\\\"", true},
	{"\"\\n\"", false},
	{"\"\x7f\"", false},
	{"token/:x", true},
	{"*", true},
	{":YWJj+/=:", true},
	{":a b:", false},
	{"?1", true},
	{"?2", false},
	{"@1659578233", true},
	{"@1.5", false},
	{"%\"f%c3%bc\"", true},
	{"%\"%C3\"", false},
	{"", false},
	{"(1)", false},
};

/* One limit: "name", with what remains and when more comes. */
static void
add_limit(struct fuzz *fuzz, struct fp_buf *text, int64_t *longest, bool *fine)
{
	static const char *const gaps[] = {"", " ", "\t", " \t "};
	unsigned remaining = fuzz_choose(fuzz, 3);
	unsigned has_reset = fuzz_choose(fuzz, 4);
	int64_t reset_s = fuzz_choose(fuzz, 256);
	size_t other = fuzz_choose(fuzz, 2 * FP_ARRAY_LEN(items));
	const char *gap = gaps[fuzz_choose(fuzz, FP_ARRAY_LEN(gaps))];

	reset_s <<= fuzz_choose(fuzz, 40);
	if (text->len > 0)
		fuzz_add(text, ",", 1);
	HOLDS(fp_buf_printf(text, "%s\"l\"", gap) == 0);
	if (other < FP_ARRAY_LEN(items)) {
		HOLDS(fp_buf_printf(text, ";a*-_.=%s", items[other].text) == 0);
		*fine = *fine && items[other].is_item;
	}
	if (has_reset == 3)
		HOLDS(fp_buf_printf(text, ";t=token") == 0);
	if (has_reset == 2)
		HOLDS(fp_buf_printf(text, ";t=7") == 0);
	HOLDS(fp_buf_printf(text, "; r=%u", remaining) == 0);
	if (has_reset > 0)
		HOLDS(fp_buf_printf(text, ";t=%" PRId64, reset_s) == 0);
	*fine = *fine && (has_reset == 0 || reset_s <= 999999999999999);
	HOLDS(fp_buf_printf(text, "%s", gap) == 0);
	if (remaining == 0 && has_reset > 0)
		*longest = FP_MAX(*longest, reset_s);
}

static void
check_ratelimit(struct fuzz *fuzz)
{
	struct fp_buf text = FP_BUF_INIT;
	struct fp_retryafter hints;
	int64_t longest_s = -1;
	bool fine = true;

	while (fuzz->left > 0 && text.len < 2000)
		add_limit(fuzz, &text, &longest_s, &fine);
	const struct field field = {
		fuzz_text("ratelimit"), {fp_buf_text(&text), text.len}};
	fp_retryafter_reset(&hints);
	give(&hints, &field);
	int64_t wait_ns = fp_retryafter_quota_ns(&hints);
	if (!fine || longest_s < 0)
		HOLDS(wait_ns == -1);
	else
		HOLDS(wait_ns ==
			FP_MIN(longest_s, FP_RETRYAFTER_MAX_S) * FP_NS_PER_S);
	HOLDS(fp_retryafter_wait_ns(&hints, 0) == -1);
	fp_buf_destroy(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	uint64_t number = 0;
	char *text;

	switch (fuzz_choose(&fuzz, 4)) {
	case 0:
		check_fields(&fuzz);
		break;
	case 1:
		text = fuzz_string(fuzz_rest(&fuzz));
		check_date(text);
		free(text);
		break;
	case 2:
		for (int i = 0; i < 8; i++)
			number = number << 8 | fuzz_choose(&fuzz, 256);
		check_seconds(number, (unsigned)(number % 3));
		break;
	default:
		check_ratelimit(&fuzz);
		break;
	}
	return 0;
}
