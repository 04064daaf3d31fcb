/* SPDX-License-Identifier: MIT */
/*
 * A name stands in the table once, with what it means; what its value looks
 * like is found out, as servers do not keep to one form for one name. A field
 * that is about one of several limits has the limit's name at its end. Vendors
 * put words of their own before these names: what is not in the first table is
 * judged by how it ends.
 *
 * A reset alone does not keep anybody away: many servers send one with every
 * answer. It counts where the answer says that nothing is left of its limit,
 * or, in a refusal, where it does not say what is left.
 */
#include "base.h"

#include "waithint.h"

#include "ascii.h"
#include "whenform.h"

#include <string.h>
#include <strings.h>

enum meaning {
	RETRY_AFTER, /* all the forms that are seen in it */
	WAIT, /* so long from now */
	WAIT_MS,
	RESET, /* when a limit counts anew */
	RESET_MS,
	LEFT, /* what is left of it */
	USED, /* "40/40": used, and how many there are */
	DRAFT, /* RateLimit itself */
	TYPE, /* the name of an error */
	TEXT, /* with a length of time in it */
	DATE,
};

struct row {
	const char *name;
	bool is_start; /* the limit's name follows */
	enum meaning meaning;
	const char *limit;
	const char *source;
};

static const struct row rows[] = {
	{"Date", false, DATE, "", "RFC 9110, 6.6.1"},
	{"Retry-After", false, RETRY_AFTER, "", "RFC 9110, 10.2.3"},
	{"Retry-After-Ms", false, WAIT_MS, "", "Azure, OpenAI"},
	{"X-Ms-Retry-After-Ms", false, WAIT_MS, "", "Azure"},
	{"Retry-After-", true, WAIT, "", "@nestjs/throttler, named"},
	{"X-Retry-After", false, WAIT, "", "older private APIs"},
	{"X-Retry-In", false, WAIT, "", "Traefik"},
	{"X-RateLimit-After", false, WAIT, "", "tower_governor"},
	{"X-RateLimit-Reset-After", false, WAIT, "", "Discord"},
	{"RateLimit", false, DRAFT, "",
		"draft-ietf-httpapi-ratelimit-headers, 7 and later"},
	{"RateLimit-Remaining", false, LEFT, "", "the draft, 3 to 6"},
	{"RateLimit-Reset", false, RESET, "", "the draft, 3 to 6; GitLab"},
	{"X-RateLimit-Remaining", false, LEFT, "", "GitHub, express"},
	{"X-RateLimit-Reset", false, RESET, "", "GitHub, express, fastify"},
	{"X-Rate-Limit-Remaining", false, LEFT, "", "Okta, moleculer"},
	{"X-Rate-Limit-Reset", false, RESET, "", "Okta, moleculer (in ms)"},
	{"X-RateLimit-Remaining-", true, LEFT, "", "OpenAI: requests, tokens"},
	{"X-RateLimit-Reset-", true, RESET, "", "OpenAI: requests, tokens"},
	{"X-RateLimit-Next", false, WAIT, "", "Akamai"},
	{"X-Shopify-Shop-Api-Call-Limit", false, USED, "shop", "Shopify"},
	{"X-HubSpot-RateLimit-Remaining", false, LEFT, "", "HubSpot"},
	{"X-HubSpot-RateLimit-Interval-Milliseconds", false, RESET_MS, "",
		"HubSpot"},
	{"X-Rate-Limit-Api-Key-Interval-Ms", false, RESET_MS, "-api-key",
		"Trello"},
	{"X-Rate-Limit-Api-Key-Remaining", false, LEFT, "-api-key", "Trello"},
	{"X-Rate-Limit-Api-Token-Interval-Ms", false, RESET_MS, "-api-token",
		"Trello"},
	{"X-Rate-Limit-Api-Token-Remaining", false, LEFT, "-api-token",
		"Trello"},
	{"X-Ms-RateLimit-Remaining-", true, LEFT, "", "Azure Resource Manager"},
	{"X-Ms-User-Quota-Remaining", false, LEFT, "quota",
		"Azure Resource Graph"},
	{"X-Ms-User-Quota-Resets-After", false, RESET, "quota",
		"Azure Resource Graph"},
	{"Gw-RateLimit-Remaining", false, LEFT, "gw", "KuCoin"},
	{"Gw-RateLimit-Reset", false, RESET_MS, "gw", "KuCoin"},
	{"X-Bapi-Limit-Status", false, LEFT, "bapi", "Bybit"},
	{"X-Bapi-Limit-Reset-Timestamp", false, RESET, "bapi", "Bybit"},
	{"X-App-Limit-24hour-Remaining", false, LEFT, "app-24h", "X"},
	{"X-App-Limit-24hour-Reset", false, RESET, "app-24h", "X"},
	{"X-User-Limit-24hour-Remaining", false, LEFT, "user-24h", "X"},
	{"X-User-Limit-24hour-Reset", false, RESET, "user-24h", "X"},
	{"X-Amzn-ErrorType", false, TYPE, "", "AWS"},
	{"X-Ca-Error-Message", false, TYPE, "", "Alibaba Cloud"},
	{"X-Mashery-Error-Code", false, TYPE, "", "Mashery"},
	{"X-Business-Use-Case-Usage", false, TEXT, "", "Meta"},
};

/* How other names end. With `is_limit`, one of "ratelimit" and "rate-limit" is
 * before that, and what else is there is the limit's name. */
static const struct {
	const char *end;
	bool is_limit;
	enum meaning meaning;
	const char *source;
} ends[] = {
	{"-Retry-After", false, WAIT, "Symfony, Azure Cost Management"},
	{"Retry-After-Seconds", false, WAIT, "Bucket4j"},
	{"Retry-After-Milliseconds", false, WAIT_MS, "Bucket4j's starter"},
	{"-Retry-After-Ms", false, WAIT_MS, "private APIs"},
	{"Remaining", true, LEFT, "Anthropic, Fastly, hapi-rate-limit (-Path)"},
	{"-Remain", true, LEFT, "Gate"},
	{"Reset", true, RESET, "Anthropic, Fastly, hapi-rate-limit (-Path)"},
	{"-Reset-After", true, RESET, "private APIs"},
	{"-Reset-Seconds", true, RESET, "private APIs"},
	{"-Reset-Ms", true, RESET_MS, "private APIs"},
	{"-Reset-Timestamp", true, RESET, "Gate"},
	{"-Reset-Time", true, RESET, "private APIs"},
};

/* The last letters of those, and the length of the shortest. */
#define LAST_LETTERS "gnprstGNPRST"
#define END_MIN 5

/* Texts in errors, before a length of time; a number alone is in the unit that
 * stands here. */
static const struct {
	const char *text;
	enum { SECONDS, MS, MINUTES } unit;
	const char *source;
} phrases[] = {
	{"\"retryDelay\"", SECONDS, "google.rpc.RetryInfo"},
	{"\"retry_after_ms\"", MS, "Matrix"},
	{"\"retryAfterMs\"", MS, "private APIs"},
	{"\"msBeforeNext\"", MS, "rate-limiter-flexible"},
	{"\"retry_after_seconds\"", SECONDS, "private APIs"},
	{"\"retryAfterSeconds\"", SECONDS, "private APIs"},
	{"\"retry_in_seconds\"", SECONDS, "Monday"},
	{"\"estimated_time_to_regain_access\"", MINUTES, "Meta"},
	{"\"retry_after\"", SECONDS, "Discord"},
	{"\"retryAfter\"", SECONDS, "private APIs"},
	{"\"retry-after\"", SECONDS, "private APIs"},
	{"try again in", SECONDS, "OpenAI, express"},
	{"try again after", SECONDS, "private APIs"},
	{"retry in", SECONDS, "koa-ratelimit, fastify"},
	{"retry after", SECONDS, "private APIs"},
	{"available in", SECONDS, "Django REST framework"},
	{"reset in", SECONDS, "Monday"},
	{"resets in", SECONDS, "Replicate"},
	{"please wait", SECONDS, "private APIs"},
};

/* Names of errors and phrases that only limits have. */
static const char *const throttles[] = {
	"Throttling", /* AWS: ThrottlingException, Throttling */
	"Rate exceeded", /* AWS's text, of other types, too */
	"TooManyRequests", /* AWS, Azure */
	"RequestLimitExceeded", /* AWS EC2 */
	"RequestThrottled", "ProvisionedThroughputExceeded",
	"PriorRequestNotComplete", /* AWS Route 53 */
	"SlowDown", /* AWS S3 */
	"BandwidthLimitExceeded", "REQUEST_LIMIT_EXCEEDED", /* Salesforce */
	"RESOURCE_EXHAUSTED", /* Google */
	"rateLimitExceeded", /* Google */
	"userRateLimitExceeded", "rate_limit", /* OpenAI, Stripe, Slack */
	"rate limit exceeded", /* GitHub, limiters' own texts */
	"rate limit reached", "secondary rate limit", /* GitHub */
	"ratelimited", "rate-limited", "rate limited", "too many requests",
	"too_many_requests", "throttled",
	"request limit reached", /* Facebook's Graph API */
	"request limited reached", "too many calls", /* the same */
	"out of rate limit", /* Weibo */
	"too frequent", /* MEXC */
	"ThrottleExceeded", /* QuickBooks */
	"throttle_violation", /* Stack Exchange */
	"Rate Threshold Exceeded", /* SEC */
	"policies.ratelimit", /* Apigee, with 500 */
	"LIMIT_EXCEEDED", /* Matrix, Trello */
	"OVER_QPS", "Over Qps", /* Mashery */
	"over the rate limit", "your rate limit", "the rate limit",
	"does not permit further calls", /* resilience4j */
	"RequestNotPermitted", "error code: 1015", /* Cloudflare */
};

void
fp_waithint_reset(struct fp_waithint *hints)
{
	fp_retryafter_reset(&hints->after);
	hints->wait_ns = hints->date_ns = hints->number = hints->text_ns = -1;
	hints->is_throttled = false;
	hints->n_limits = 0;
}

/* ---- fields ---- */

/* NULL: there are too many. */
static struct fp_waithint_limit *
limit_of(struct fp_waithint *hints, struct fp_text key)
{
	struct fp_waithint_limit *limit;
	size_t len = FP_MIN(key.len, sizeof(limit->key) - 1);

	for (unsigned i = 0; i < hints->n_limits; i++) {
		limit = &hints->limits[i];
		if (strlen(limit->key) == len &&
			strncasecmp(limit->key, key.data, len) == 0)
			return limit;
	}
	if (hints->n_limits == FP_WAITHINT_LIMITS)
		return NULL;
	limit = &hints->limits[hints->n_limits++];
	*limit = (struct fp_waithint_limit){.left = FP_LEFT_UNKNOWN};
	memcpy(limit->key, key.data, len);
	return limit;
}

/* "0;w=21600", as Docker Hub has it. */
static struct fp_text
without_parameters(struct fp_text value)
{
	const char *end = memchr(value.data, ';', value.len);

	if (end)
		value.len = (size_t)(end - value.data);
	return fp_ascii_trim(value);
}

static void
set_left(struct fp_waithint_limit *limit, enum fp_left left)
{
	limit->is_unclear |=
		limit->left != FP_LEFT_UNKNOWN && limit->left != left;
	limit->left = left;
}

static void
take_left(struct fp_waithint *hints, struct fp_text key, struct fp_text value)
{
	struct fp_waithint_limit *limit = limit_of(hints, key);
	bool is_below = value.len > 1 && value.data[0] == '-';

	/* -1: what was refused is counted, too. */
	if (is_below)
		value = (struct fp_text){value.data + 1, value.len - 1};
	int64_t number = fp_whenform_number(without_parameters(value));
	if (!limit || number < 0)
		return;
	/* 0.0 and 0.7 are no whole request. */
	set_left(limit, number == 0 || is_below ? FP_LEFT_NONE : FP_LEFT_SOME);
}

/* "40/40" */
static void
take_used(struct fp_waithint *hints, struct fp_text key, struct fp_text value)
{
	const char *slash = memchr(value.data, '/', value.len);
	struct fp_waithint_limit *limit = limit_of(hints, key);

	if (!slash || !limit)
		return;
	size_t len = (size_t)(slash - value.data);
	int64_t used = fp_whenform_number((struct fp_text){value.data, len});
	int64_t most = fp_whenform_number(
		(struct fp_text){slash + 1, value.len - len - 1});
	if (used >= 0 && most > 0)
		set_left(limit, used >= most ? FP_LEFT_NONE : FP_LEFT_SOME);
}

static void
take_reset(struct fp_waithint *hints, struct fp_text key, struct fp_text value,
	bool is_ms)
{
	struct fp_when when =
		fp_whenform_read(without_parameters(value), is_ms);
	struct fp_waithint_limit *limit = limit_of(hints, key);

	if (!limit || when.is == FP_WHEN_NONE)
		return;
	if (limit->reset.is == FP_WHEN_NONE)
		limit->reset = when;
	limit->is_unclear |=
		limit->reset.is == when.is && limit->reset.ns != when.ns;

	/* The same time in both forms: this one needs no clock. */
	if (when.is == FP_WHEN_WAIT)
		limit->reset = when;
}

static void
take_when(struct fp_waithint *hints, struct fp_when when)
{
	if (when.is == FP_WHEN_WAIT)
		hints->wait_ns = FP_MAX(hints->wait_ns, when.ns);
	else if (when.is == FP_WHEN_DATE)
		hints->date_ns = FP_MAX(hints->date_ns, when.ns);
}

/* One number or date; false: it is none. Whole numbers and proper dates are
 * as the RFC has them. */
static bool
take_after_word(
	struct fp_waithint *hints, struct fp_text name, struct fp_text value)
{
	int64_t number = fp_whenform_number(value);
	struct fp_httpdate date;

	if (number >= FP_WHENFORM_EPOCH_S) {
		/* Rounded up, so as not to be earlier. */
		number += memchr(value.data, '.', value.len) != NULL;
		hints->number = FP_MAX(hints->number, number);
		return true;
	}
	if ((number >= 0 && !memchr(value.data, '.', value.len)) ||
		fp_httpdate_parse(value.data, value.len, &date) == 0) {
		fp_retryafter_field(&hints->after, name, value);
		return true;
	}
	struct fp_when when = fp_whenform_read(value, false);
	take_when(hints, when);
	return when.is != FP_WHEN_NONE;
}

/* The part of a list up to its n-th comma. */
static struct fp_text
up_to_comma(struct fp_text list, int n)
{
	const char *end = list.data + list.len, *at = list.data;

	while (at < end && (*at != ',' || --n > 0))
		at++;
	return (struct fp_text){list.data, (size_t)(at - list.data)};
}

/* "1, 3": fields that were joined (RFC 9110, section 5.3), of which the longest
 * counts, as of fields that were not. A date has a comma too. */
static void
waithint_take_after(
	struct fp_waithint *hints, struct fp_text name, struct fp_text value)
{
	struct fp_text rest = value;
	bool is_any = false;

	if (value.len > 2 && value.data[0] == '"' &&
		value.data[value.len - 1] == '"')
		value = rest = fp_ascii_trim(
			(struct fp_text){value.data + 1, value.len - 2});
	if (take_after_word(hints, name, value))
		return;
	while (rest.len > 0) {
		struct fp_text word = up_to_comma(rest, 1);
		bool is_good =
			take_after_word(hints, name, fp_ascii_trim(word));
		if (!is_good && word.len < rest.len) {
			struct fp_text date = up_to_comma(rest, 2);
			is_good = take_after_word(
				hints, name, fp_ascii_trim(date));
			word = is_good ? date : word;
		}
		is_any |= is_good;
		if (!is_good && fp_ascii_trim(word).len > 0)
			hints->after.is_malformed = true;
		size_t len = FP_MIN(word.len + 1, rest.len);
		rest.data += len;
		rest.len -= len;
	}
	if (!is_any)
		hints->after.is_malformed = true;
}

static bool
waithint_is_key(struct fp_text text, const char *key)
{
	return text.len == strlen(key) &&
	       strncasecmp(text.data, key, text.len) == 0;
}

/* "limit=5, remaining=0, reset=2" is the draft's form up to the seventh. */
static void
take_draft(struct fp_waithint *hints, struct fp_text name, struct fp_text value)
{
	static const struct fp_text unnamed = {"", 0};

	fp_retryafter_field(&hints->after, name, value);
	while (value.len > 0 && *value.data != '"') {
		const char *comma = memchr(value.data, ',', value.len);
		size_t len = comma ? (size_t)(comma - value.data) : value.len;
		const char *equals = memchr(value.data, '=', len);
		if (!equals)
			return;
		struct fp_text key = fp_ascii_trim((struct fp_text){
			value.data, (size_t)(equals - value.data)});
		struct fp_text word = fp_ascii_trim((struct fp_text){
			equals + 1, len - (size_t)(equals + 1 - value.data)});
		if (waithint_is_key(key, "remaining"))
			take_left(hints, unnamed, word);
		else if (waithint_is_key(key, "reset"))
			take_reset(hints, unnamed, word, false);
		len = FP_MIN(len + 1, value.len);
		value.data += len;
		value.len -= len;
	}
}

static const char *
waithint_find(struct fp_text text, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= text.len; i++) {
		if (strncasecmp(text.data + i, word, len) == 0)
			return text.data + i;
	}
	return NULL;
}

static bool
is_throttle(struct fp_text text)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(throttles); i++) {
		if (waithint_find(text, throttles[i]))
			return true;
	}
	return false;
}

/* ---- the text of an error ---- */

/* What follows a phrase: `: "2s"`, ` 1.5 seconds`. */
static void
take_phrase(struct fp_waithint *hints, const char *text, size_t len, int unit)
{
	while (len > 0 && strchr(" \t\r\n:\"~", *text) && *text)
		text++, len--;
	size_t used = len;
	struct fp_when when = fp_whenform_length(text, &used);
	if (when.is != FP_WHEN_WAIT)
		return;
	if (fp_whenform_number((struct fp_text){text, used}) >= 0) {
		if (unit == MS)
			when.ns /= 1000;
		else if (unit == MINUTES)
			when.ns = FP_MIN(when.ns, INT64_MAX / 60) * 60;
	}
	hints->text_ns = FP_MAX(hints->text_ns, when.ns);
}

static void
waithint_take_text(struct fp_waithint *hints, struct fp_text text)
{
	const char *end;

	text.len = FP_MIN(text.len, FP_WAITHINT_BODY_MAX);
	end = text.data + text.len;
	for (size_t i = 0; i < FP_ARRAY_LEN(phrases); i++) {
		const char *at = waithint_find(text, phrases[i].text);
		while (at) {
			at += strlen(phrases[i].text);
			struct fp_text rest = {at, (size_t)(end - at)};
			take_phrase(hints, at, rest.len, (int)phrases[i].unit);
			at = waithint_find(rest, phrases[i].text);
		}
	}
}

void
fp_waithint_body(struct fp_waithint *hints, struct fp_text text)
{
	text.len = FP_MIN(text.len, FP_WAITHINT_BODY_MAX);
	hints->is_throttled |= is_throttle(text);
	waithint_take_text(hints, text);
}

/* ---- the name of a field ---- */

static const struct row *
row_of(struct fp_text name)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].name);
		if ((rows[i].is_start ? name.len > len : name.len == len) &&
			strncasecmp(name.data, rows[i].name, len) == 0)
			return &rows[i];
	}
	return NULL;
}

/* The name of a limit, from what comes before the end of a field's name: its
 * last letters say most. */
static struct fp_text
waithint_key_of(struct fp_text stem)
{
	static const char *const bare[] = {
		"X-RateLimit", "RateLimit", "X-Rate-Limit", "Rate-Limit"};
	size_t room = sizeof(((struct fp_waithint_limit *)0)->key) - 1;

	while (stem.len > 0 && stem.data[stem.len - 1] == '-')
		stem.len--;
	size_t cut = stem.len - FP_MIN(stem.len, room);
	for (size_t i = 0; i < FP_ARRAY_LEN(bare); i++) {
		if (waithint_is_key(stem, bare[i]))
			return (struct fp_text){"", 0};
	}
	return (struct fp_text){stem.data + cut, stem.len - cut};
}

/* What a name means by how it ends, and the limit that it is for; false: it
 * is none of these. */
static bool
read_end(struct fp_text name, enum meaning *meaning, struct fp_text *key)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(ends); i++) {
		size_t len = strlen(ends[i].end);
		if (name.len < len || strncasecmp(name.data + name.len - len,
					      ends[i].end, len) != 0)
			continue;
		struct fp_text stem = {name.data, name.len - len};
		if (ends[i].is_limit && !waithint_find(stem, "ratelimit") &&
			!waithint_find(stem, "rate-limit"))
			return false;
		*key = waithint_key_of(stem);
		*meaning = ends[i].meaning;
		return true;
	}
	return false;
}

/* false: it is about something else. */
static bool
waithint_read_name(
	struct fp_text name, enum meaning *meaning, struct fp_text *key)
{
	const struct row *row = row_of(name);

	/* A unit at the end is no limit's name. */
	if (!row || row->is_start) {
		if (read_end(name, meaning, key))
			return true;
	}
	if (!row)
		return false;
	*meaning = row->meaning;
	*key = (struct fp_text){row->limit, strlen(row->limit)};
	if (row->is_start)
		*key = (struct fp_text){name.data + strlen(row->name),
			name.len - strlen(row->name)};
	return true;
}

/* Every name in the table begins with one of D, R and X, or ends as `ends` has
 * it; most others do neither. ETag is in most answers, and too short. */
void
fp_waithint_field(
	struct fp_waithint *hints, struct fp_text name, struct fp_text value)
{
	enum meaning meaning;
	struct fp_text key;

	if (name.len < 4 ||
		(!memchr("DRXdrx", *name.data, 6) &&
			(name.len < END_MIN ||
				!memchr(LAST_LETTERS, name.data[name.len - 1],
					sizeof(LAST_LETTERS) - 1))))
		return;
	if (!waithint_read_name(name, &meaning, &key))
		return;
	value = fp_ascii_trim(value);
	switch (meaning) {
	case DATE:
		fp_retryafter_field(&hints->after, name, value);
		break;
	case RETRY_AFTER:
		waithint_take_after(hints, name, value);
		break;
	case WAIT:
	case WAIT_MS:
		take_when(hints, fp_whenform_read(value, meaning == WAIT_MS));
		break;
	case RESET:
	case RESET_MS:
		take_reset(hints, key, value, meaning == RESET_MS);
		break;
	case LEFT:
		take_left(hints, key, value);
		break;
	case USED:
		take_used(hints, key, value);
		break;
	case DRAFT:
		take_draft(hints, name, value);
		break;
	case TYPE:
		hints->is_throttled |= is_throttle(value);
		break;
	case TEXT:
		waithint_take_text(hints, value);
		break;
	}
}

/* ---- how long ---- */

static int64_t
waithint_distance(int64_t a, int64_t b)
{
	return a < b ? b - a : a - b;
}

static int64_t
when_ns(const struct fp_waithint *hints, struct fp_when when, int64_t wall_ns)
{
	return when.is == FP_WHEN_NONE	 ? -1
	       : when.is == FP_WHEN_WAIT ? when.ns
					 : fp_retryafter_until_ns(&hints->after,
						   when.ns, wall_ns);
}

/* A number that is too large for a wait is a date if it is within a day of now;
 * else it is what it says. */
static int64_t
number_ns(const struct fp_waithint *hints, int64_t wall_ns)
{
	int64_t now_s = wall_ns / FP_NS_PER_S, s = hints->number;

	if (s < 0)
		return -1;
	if (waithint_distance(s / 1000, now_s) <= 86400)
		return fp_retryafter_until_ns(
			&hints->after, s * FP_NS_PER_MS, wall_ns);
	if (waithint_distance(s, now_s) <= 86400)
		return fp_retryafter_until_ns(
			&hints->after, s * FP_NS_PER_S, wall_ns);
	return FP_MIN(s, FP_RETRYAFTER_MAX_S) * FP_NS_PER_S;
}

int64_t
fp_waithint_after_ns(const struct fp_waithint *hints, int64_t wall_ns)
{
	int64_t wait_ns = FP_MAX(
		hints->wait_ns, fp_retryafter_wait_ns(&hints->after, wall_ns));

	if (hints->date_ns >= 0)
		wait_ns = FP_MAX(wait_ns, fp_retryafter_until_ns(&hints->after,
						  hints->date_ns, wall_ns));
	return FP_MAX(wait_ns, number_ns(hints, wall_ns));
}

int64_t
fp_waithint_quota_ns(const struct fp_waithint *hints, int64_t wall_ns)
{
	int64_t wait_ns = fp_retryafter_quota_ns(&hints->after);

	for (unsigned i = 0; i < hints->n_limits; i++) {
		const struct fp_waithint_limit *limit = &hints->limits[i];
		if (limit->left == FP_LEFT_NONE && !limit->is_unclear)
			wait_ns = FP_MAX(
				wait_ns, when_ns(hints, limit->reset, wall_ns));
	}
	return wait_ns;
}

bool
fp_waithint_is_used_up(const struct fp_waithint *hints)
{
	if (hints->after.quota.reset_s >= 0)
		return true;
	for (unsigned i = 0; i < hints->n_limits; i++) {
		if (hints->limits[i].left == FP_LEFT_NONE)
			return true;
	}
	return false;
}

/* From resets: those of limits that are used up, or, if these have none, of
 * those that do not say what is left. *is_fine: it has more than whole seconds.
 */
static int64_t
reset_ns(const struct fp_waithint *hints, int64_t wall_ns, bool *is_fine)
{
	int64_t wait_ns = fp_waithint_quota_ns(hints, wall_ns);
	bool is_told = wait_ns >= 0;

	*is_fine = false;
	for (unsigned i = 0; i < hints->n_limits; i++) {
		const struct fp_waithint_limit *limit = &hints->limits[i];
		if (limit->left == FP_LEFT_SOME || limit->is_unclear)
			continue;
		*is_fine |= limit->reset.is_fine;
		if (limit->left == FP_LEFT_UNKNOWN && !is_told)
			wait_ns = FP_MAX(
				wait_ns, when_ns(hints, limit->reset, wall_ns));
	}
	return wait_ns;
}

int64_t
fp_waithint_refused_ns(const struct fp_waithint *hints, int64_t wall_ns)
{
	bool is_fine;
	int64_t after_ns = fp_waithint_after_ns(hints, wall_ns);
	int64_t other_ns = reset_ns(hints, wall_ns, &is_fine);

	/* Servers cut seconds down; what says more is the better one, if it
	 * says about the same. */
	if (after_ns > 0 && is_fine && other_ns > after_ns &&
		other_ns < after_ns + FP_NS_PER_S)
		return other_ns;
	if (after_ns > 0)
		return after_ns;
	other_ns = FP_MAX(other_ns, hints->text_ns);
	return FP_MAX(after_ns, other_ns);
}

bool
fp_waithint_is_malformed(const struct fp_waithint *hints)
{
	return hints->after.is_malformed;
}
