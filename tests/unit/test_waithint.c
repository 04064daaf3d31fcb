/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "random.h"
#include "tap.h"
#include "waithint.h"

/* 2026-11-21 12:00:00, and a half: servers cut their Date down. */
#define NOW_S INT64_C(1795262400)
#define NOW_NS (NOW_S * FP_NS_PER_S + FP_NS_PER_S / 2)

#define DATE "Date: Sat, 21 Nov 2026 12:00:00 GMT\n"
#define S FP_NS_PER_S
#define MS FP_NS_PER_MS

static struct fp_waithint hints;

static void
give(const char *name, size_t name_len, const char *value, size_t len)
{
	char *its_name = tap_copy(name, name_len);
	char *its_value = tap_copy(value, len);

	fp_waithint_field(&hints, (struct fp_text){its_name, name_len},
		(struct fp_text){its_value, len});
	free(its_name);
	free(its_value);
}

/* "Name:value\n" each; after an empty line the text of an error. */
static void
read_answer(const char *text)
{
	fp_waithint_reset(&hints);
	while (*text && *text != '\n') {
		size_t name_len = strcspn(text, ":");
		size_t len = strcspn(text, "\n");
		give(text, name_len, text + name_len + 1, len - name_len - 1);
		text += len + 1;
	}
	if (*text) {
		size_t len = strlen(text + 1);
		char *body = tap_copy(text + 1, len);
		fp_waithint_body(&hints, (struct fp_text){body, len});
		free(body);
	}
}

struct answer {
	const char *source;
	const char *text;
	int64_t refused_ns; /* -1: it says nothing */
};

/* What limiters and large APIs were seen to send, or are documented to. */
static const struct answer answers[] = {
	{"express-rate-limit, legacy",
		DATE "X-RateLimit-Limit: 5\nX-RateLimit-Remaining: 0\n"
		     "X-RateLimit-Reset: 1795262402\nRetry-After: 2\n",
		2 * S},
	{"express-rate-limit, draft 6",
		"RateLimit-Policy: 5;w=2\nRateLimit-Limit: 5\n"
		"RateLimit-Remaining: 0\nRateLimit-Reset: 2\n",
		2 * S},
	{"express-rate-limit, draft 7",
		"RateLimit-Policy: 5;w=2\n"
		"RateLimit: limit=5, remaining=0, reset=2\n",
		2 * S},
	{"express-rate-limit, draft 8",
		"RateLimit-Policy: \"5-in-2sec\"; q=5; w=2\n"
		"RateLimit: \"5-in-2sec\"; r=0; t=2\n",
		2 * S},
	{"@fastify/rate-limit",
		"x-ratelimit-limit: 5\nx-ratelimit-remaining: 0\n"
		"x-ratelimit-reset: 2\n\n{\"message\":\"retry in 2 seconds\"}",
		2 * S},
	{"koa-ratelimit, in memory",
		DATE "X-RateLimit-Remaining: 0\nRetry-After: 1\n"
		     "X-RateLimit-Reset: 1795262402.250000\n",
		1750 * MS},
	{"koa-ratelimit, cut down to 0",
		"X-RateLimit-Reset: 1795262401.000000\nRetry-After: 0\n"
		"X-RateLimit-Remaining: 0\n",
		500 * MS},
	{"rate-limiter-flexible's README",
		"Retry-After: 1.988\nX-RateLimit-Reset: 1795262402\n",
		1988 * MS},
	{"Shopify", "Retry-After: 2.0\n", 2 * S},
	{"@nestjs/throttler, named",
		"Retry-After-short: 2\nRetry-After-long: 10\n"
		"X-RateLimit-Remaining-short: 44\n",
		10 * S},
	{"slowapi, a date that is late",
		"x-ratelimit-limit: 5\nx-ratelimit-remaining: 0\n"
		"x-ratelimit-reset: 1795262403.445\nretry-after: 2\n",
		2945 * MS},
	{"quart-rate-limiter, twice", "retry-after: 1\nretry-after: 1\n", S},
	{"two that a proxy has joined", "Retry-After: 1, 3\n", 3 * S},
	{"three of them", "Retry-After: 2.5,1 , 0\n", 2500 * MS},
	{"tollbooth",
		"RateLimit-Limit: 2\nRateLimit-Reset: 1\nRateLimit-Remaining: "
		"0\nX-Rate-Limit-Duration: 1\n",
		S},
	{"go-chi/httprate, a reset that is past",
		"Retry-After: 2\nX-RateLimit-Remaining: 0\n"
		"X-RateLimit-Reset: 1795262398\n",
		2 * S},
	{"go-limiter",
		DATE "Retry-After: Sat, 21 Nov 2026 12:00:02 UTC\n"
		     "X-RateLimit-Reset: Sat, 21 Nov 2026 12:00:02 UTC\n",
		1500 * MS},
	{"a zone in figures", "Retry-After: Sat, 21 Nov 2026 12:00:02 +0000\n",
		1500 * MS},
	{"an HTTP date and a Date that is cut down",
		DATE "Retry-After: Sat, 21 Nov 2026 12:00:02 GMT\n", 1500 * MS},
	{"the same, their clock an hour ahead",
		"Date: Sat, 21 Nov 2026 13:00:00 GMT\n"
		"Retry-After: Sat, 21 Nov 2026 13:00:02 GMT\n",
		2 * S},
	{"since 1970, in place of seconds", "Retry-After: 1795262402\n",
		1500 * MS},
	{"the same in milliseconds", "Retry-After: 1795262401750\n", 1250 * MS},
	{"the same, past", "Retry-After: 1795262399\n", 0},
	{"a number that is no date", "Retry-After: 3000000000\n",
		3000000000 * S},
	{"tower_governor", "x-ratelimit-after: 0\nretry-after: 0\n", 0},
	{"GitHub, primary",
		"x-ratelimit-limit: 60\nx-ratelimit-remaining: 0\n"
		"x-ratelimit-reset: 1795262410\n",
		9500 * MS},
	{"GitHub, secondary, while the primary one has some left",
		"retry-after: 2\nx-ratelimit-remaining: 4999\n"
		"x-ratelimit-reset: 1795265999\n",
		2 * S},
	{"GitHub, secondary, without a time",
		"x-ratelimit-remaining: 4999\nx-ratelimit-reset: 1795265999\n",
		-1},
	{"OpenAI",
		"x-ratelimit-remaining-requests: 0\n"
		"x-ratelimit-remaining-tokens: 149984\n"
		"x-ratelimit-reset-requests: 1.5s\n"
		"x-ratelimit-reset-tokens: 6m0s\n",
		1500 * MS},
	{"OpenAI, tokens",
		"x-ratelimit-remaining-requests: 5\n"
		"x-ratelimit-remaining-tokens: 0\n"
		"x-ratelimit-reset-requests: 12ms\n"
		"x-ratelimit-reset-tokens: 6m0s\n",
		360 * S},
	{"OpenAI, its text",
		"\n{\"error\":{\"message\":\"Rate limit reached for x in "
		"organization y on requests per min. Limit: 3 / min. Please "
		"try again in 20s.\",\"type\":\"requests\"}}",
		20 * S},
	{"OpenAI, its text, shorter", "\nPlease try again in 123ms. Visit",
		123 * MS},
	{"Azure", "retry-after-ms: 1750\nx-ms-retry-after-ms: 1700\n",
		1750 * MS},
	{"Azure, cut down", "Retry-After: 1\nretry-after-ms: 1750\n",
		1750 * MS},
	{"Discord",
		"X-RateLimit-Remaining: 0\nX-RateLimit-Reset-After: 1.5\n"
		"X-RateLimit-Reset: 1795262402.000\n\n"
		"{\"message\": \"You are being rate limited.\", "
		"\"retry_after\": 1.5, \"global\": false}",
		1500 * MS},
	{"Discord, the text alone", "\n{\"retry_after\": 0.25}", 250 * MS},
	{"Reddit",
		"x-ratelimit-remaining: 0.0\nx-ratelimit-used: 5\n"
		"x-ratelimit-reset: 2\n",
		2 * S},
	{"X",
		"x-rate-limit-limit: 5\nx-rate-limit-remaining: 0\n"
		"x-rate-limit-reset: 1795262402\n",
		1500 * MS},
	{"moleculer-web, in milliseconds since 1970",
		"X-Rate-Limit-Remaining: 0\nX-Rate-Limit-Reset: "
		"1795262401750\n",
		1250 * MS},
	{"hapi-rate-limit",
		"X-RateLimit-UserRemaining: 0\nX-RateLimit-UserReset: "
		"1795262402000\n",
		1500 * MS},
	{"GitLab",
		"RateLimit-Remaining: 0\nRateLimit-Reset: 1795262460\n"
		"RateLimit-ResetTime: Sat, 21 Nov 2026 12:01:00 GMT\n",
		59500 * MS},
	{"Atlassian",
		"X-RateLimit-Remaining: 0\n"
		"X-RateLimit-Reset: 2026-11-21T12:00:30Z\n",
		29500 * MS},
	{"ISO 8601, a fraction and another zone",
		"X-RateLimit-Reset: 2026-11-21T13:00:01.25+01:00\n", 750 * MS},
	{"Traefik", "Retry-After: 2\nX-Retry-In: 1.4s\n", 2 * S},
	{"Traefik, its own alone", "X-Retry-In: 1m1.5s\n", 61500 * MS},
	{"Google",
		"\n{\"error\": {\"code\": 429, \"status\": "
		"\"RESOURCE_EXHAUSTED\", \"details\": [{\"@type\": "
		"\"type.googleapis.com/google.rpc.RetryInfo\", "
		"\"retryDelay\": \"2s\"}]}}",
		2 * S},
	{"Google, a fraction, other blanks",
		"\n{\"retryDelay\" :\n \"1.500s\"}", 1500 * MS},
	{"Django REST framework",
		"\n{\"detail\":\"Request was throttled. Expected available in "
		"3 seconds.\"}",
		3 * S},
	{"milliseconds in a text", "\n{\"retry_after_ms\": 1500}", 1500 * MS},
	{"a length beside a 0", "Retry-After: 0\n\ntry again in 2 minutes",
		120 * S},

	{"hapi-rate-limit, of a path, one too many",
		"X-RateLimit-PathLimit: 5\nX-RateLimit-PathRemaining: -1\n"
		"X-RateLimit-PathReset: 1795262402000\n"
		"X-RateLimit-UserRemaining: 994\n"
		"X-RateLimit-UserReset: 1795265999000\n",
		1500 * MS},
	{"urlscan: the same time in two forms",
		"X-Rate-Limit-Remaining: 0\n"
		"X-Rate-Limit-Reset: 2026-11-21T12:00:05.000Z\n"
		"X-Rate-Limit-Reset-After: 5\n",
		5 * S},
	{"the other way round",
		"X-Rate-Limit-Reset-After: 5\nX-Rate-Limit-Remaining: 0\n"
		"X-Rate-Limit-Reset: 2026-11-21T12:00:05.000Z\n",
		5 * S},
	{"Monday",
		"\n{\"errors\":[{\"extensions\":{\"code\":\"x\","
		"\"retry_in_seconds\":12}}]}",
		12 * S},
	{"Monday, its text",
		"\nComplexity budget exhausted, query cost 30001 budget "
		"remaining 29986 out of 1000000 reset in 9 seconds",
		9 * S},
	{"Meta's ads, in minutes",
		"X-Business-Use-Case-Usage: {\"1\":[{\"call_count\":100,"
		"\"estimated_time_to_regain_access\": 3}],\"2\":["
		"{\"estimated_time_to_regain_access\": 2}]}\n",
		180 * S},
	{"Meta's ads, while there is no limit",
		"X-Business-Use-Case-Usage: {\"1\":[{\"call_count\":9,"
		"\"estimated_time_to_regain_access\":0}]}\n",
		0},
	{"Anthropic",
		"anthropic-ratelimit-requests-limit: 50\n"
		"anthropic-ratelimit-requests-remaining: 0\n"
		"anthropic-ratelimit-requests-reset: 2026-11-21T12:00:03Z\n"
		"anthropic-ratelimit-tokens-remaining: 900\n"
		"anthropic-ratelimit-tokens-reset: 2026-11-21T12:01:00Z\n",
		2500 * MS},
	{"Anthropic, tokens",
		"anthropic-ratelimit-requests-remaining: 9\n"
		"anthropic-ratelimit-requests-reset: 2026-11-21T12:00:03Z\n"
		"anthropic-ratelimit-input-tokens-remaining: 0\n"
		"anthropic-ratelimit-input-tokens-reset: "
		"2026-11-21T12:00:30Z\n",
		29500 * MS},
	{"Fastly",
		"Fastly-RateLimit-Remaining: 0\n"
		"Fastly-RateLimit-Reset: 1795262410\n",
		9500 * MS},
	{"KuCoin, in milliseconds",
		"gw-ratelimit-limit: 500\ngw-ratelimit-remaining: 0\n"
		"gw-ratelimit-reset: 1489\n",
		1489 * MS},
	{"Gate",
		"X-Gate-RateLimit-Requests-Remain: 0\n"
		"X-Gate-RateLimit-Limit: 10\n"
		"X-Gate-Ratelimit-Reset-Timestamp: 1795262402\n",
		1500 * MS},
	{"Bybit",
		"X-Bapi-Limit: 100\nX-Bapi-Limit-Status: 0\n"
		"X-Bapi-Limit-Reset-Timestamp: 1795262401738\n",
		1238 * MS},
	{"Docker Hub",
		"ratelimit-limit: 100;w=21600\nratelimit-remaining: "
		"0;w=21600\nRateLimit-Reset: 9;w=21600\n",
		9 * S},
	{"Docker Hub, since 1970", "X-Retry-After: 1795262402\n", 1500 * MS},
	{"Bucket4j", "X-Rate-Limit-Retry-After-Seconds: 3\n", 3 * S},
	{"Bucket4j's starter", "X-Rate-Limit-Retry-After-Milliseconds: 1250\n",
		1250 * MS},
	{"in milliseconds", "Retry-After-Milliseconds: 1250\n", 1250 * MS},
	{"in seconds", "Retry-After-Seconds: 3\n", 3 * S},
	{"Symfony, since 1970",
		"X-RateLimit-Remaining: 0\n"
		"X-RateLimit-Retry-After: 1795262402\n",
		1500 * MS},
	{"Azure Cost Management",
		"x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after: 20\n"
		"x-ms-ratelimit-microsoft.costmanagement-entity-retry-after: "
		"7\n",
		20 * S},
	{"Azure Resource Graph",
		"x-ms-user-quota-remaining: 0\n"
		"x-ms-user-quota-resets-after: 00:01:05\n",
		65 * S},
	{"HubSpot",
		"X-HubSpot-RateLimit-Daily: 250000\n"
		"X-HubSpot-RateLimit-Daily-Remaining: 249000\n"
		"X-HubSpot-RateLimit-Interval-Milliseconds: 10000\n"
		"X-HubSpot-RateLimit-Max: 100\n"
		"X-HubSpot-RateLimit-Remaining: 0\n",
		10 * S},
	{"Trello",
		"x-rate-limit-api-token-interval-ms: 10000\n"
		"x-rate-limit-api-token-max: 100\n"
		"x-rate-limit-api-token-remaining: 0\n"
		"x-rate-limit-api-key-interval-ms: 30000\n"
		"x-rate-limit-api-key-remaining: 180\n",
		10 * S},
	{"X, in a day",
		"x-rate-limit-remaining: 20\nx-rate-limit-reset: 1795262402\n"
		"x-user-limit-24hour-remaining: 0\n"
		"x-user-limit-24hour-reset: 1795265999\n",
		3598500 * MS},
	{"Akamai", "X-RateLimit-Next: 2026-11-21T12:00:03.250Z\n", 2750 * MS},
	{"a unit at the end",
		"X-RateLimit-Remaining: 0\nX-RateLimit-Reset-Ms: 1250\n",
		1250 * MS},
	{"another vendor",
		"Acme-Rate-Limit-Remaining: 0\nAcme-Rate-Limit-Reset: 4\n",
		4 * S},
	{"Matrix",
		"\n{\"errcode\":\"M_LIMIT_EXCEEDED\",\"error\":\"Too Many "
		"Requests\",\"retry_after_ms\":1250}",
		1250 * MS},
	{"Telegram",
		"\n{\"ok\":false,\"error_code\":429,\"description\":\"Too Many "
		"Requests: retry after 35\",\"parameters\":{\"retry_after\":35}}",
		35 * S},
	{"Dropbox",
		"\n{\"error_summary\":\"too_many_requests/.\",\"error\":"
		"{\"retry_after\": 3}}",
		3 * S},
	{"rate-limiter-flexible, as JSON",
		"\n{\"remainingPoints\":0,\"msBeforeNext\":1980}", 1980 * MS},
	{"words", "\nPlease wait 5 seconds before you try again", 5 * S},

	/* Retry-After as it should not be. NOW is 500 ms before Date. */
	{"since 1970 with a fraction", "Retry-After: 1795262402.25\n",
		2500 * MS},
	{"since 1970 in ms with a fraction", "Retry-After: 1795262402250.5\n",
		1751 * MS},
	{"a date and a number, joined",
		"Retry-After: Sat, 21 Nov 2026 12:00:09 GMT, 1\n", 8500 * MS},
	{"a number and a date, joined",
		"Retry-After: 1, Sat, 21 Nov 2026 12:00:09 GMT\n", 8500 * MS},
	{"an empty element", "Retry-After: ,2\n", 2 * S},
	{"lengths, joined", "Retry-After: 1s, 3s\n", 3 * S},
	{"what can be read counts", "Retry-After: x, 2\n", 2 * S},
	{"quoted", "Retry-After: \"2\"\n", 2 * S},
	{"no weekday", "Retry-After: 21 Nov 2026 12:00:09 GMT\n", 8500 * MS},
	{"another zone", "Retry-After: Sat, 21 Nov 2026 13:00:09 +0100\n",
		8500 * MS},
	{"a zone of ISO", "Retry-After: Sat, 21 Nov 2026 12:00:09 Z\n",
		8500 * MS},
	{"as a cookie", "Retry-After: Sat, 21-Nov-2026 12:00:09 GMT\n",
		8500 * MS},

	/* Neither says anything. */
	{"nothing", DATE "Server: x\n", -1},
	{"a reset with something left",
		"X-RateLimit-Remaining: 3\nX-RateLimit-Reset: 30\n", -1},
	{"two that differ",
		"X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 30\n"
		"X-RateLimit-Reset: 31\n",
		-1},
	{"rubbish",
		"X-RateLimit-Remaining: none\nX-RateLimit-Reset: soon\n"
		"Retry-After: abc\nRateLimit: remaining=0;reset\n"
		"X-Retry-In: s\n\ntry again in a while",
		-1},
	{"names that are like these",
		"X-Reset: 3\nPassword-Reset: 3\nItems-Remaining: 0\n"
		"Server: 1\nX-RateLimit-Limit: 9\nX-RateLimit-Policy: 9\n",
		-1},
	{"a limit with something left", "X-Shopify-Shop-Api-Call-Limit: 9/40\n",
		-1},
	{"prices", "\nitems: 5s, retry policy 3", -1},
};

static void
what_servers_send(void)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(answers); i++) {
		read_answer(answers[i].text);
		int64_t ns = fp_waithint_refused_ns(&hints, NOW_NS);
		CHECK(ns == answers[i].refused_ns);
		if (ns != answers[i].refused_ns)
			printf("# %s: %lld\n", answers[i].source,
				(long long)ns);
	}
}

static void
nonsense_is_marked(void)
{
	static const char *const bad[] = {"abc", "", "-5", "1, x", "1e3",
		"2026", "3 minutes or so", "Mon, 32 Feb 2026 12:02:00 UTC",
		"5;a=b", "1.", ".5", "1,"};
	static const int is_bad[] = {1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0};
	char text[100];

	for (size_t i = 0; i < FP_ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof(text), "Retry-After: %s\n", bad[i]);
		read_answer(text);
		CHECK(fp_waithint_is_malformed(&hints) == is_bad[i]);
		if (fp_waithint_is_malformed(&hints) != is_bad[i])
			printf("# '%s'\n", bad[i]);
	}
}

static void
limits_that_are_used_up(void)
{
	read_answer("X-RateLimit-Remaining: 0\n");
	CHECK(fp_waithint_is_used_up(&hints));
	CHECK(fp_waithint_quota_ns(&hints, NOW_NS) == -1);
	read_answer("RateLimit: limit=5, remaining=0, reset=2\n");
	CHECK(fp_waithint_is_used_up(&hints));
	CHECK(fp_waithint_quota_ns(&hints, NOW_NS) == 2 * S);
	read_answer("RateLimit: \"a\";r=0;t=2\n");
	CHECK(fp_waithint_is_used_up(&hints));
	read_answer("X-RateLimit-Remaining: 1\nX-RateLimit-Reset: 30\n");
	CHECK(!fp_waithint_is_used_up(&hints));
	CHECK(fp_waithint_quota_ns(&hints, NOW_NS) == -1);

	read_answer("X-Shopify-Shop-Api-Call-Limit: 40/40\n");
	CHECK(fp_waithint_is_used_up(&hints));
	read_answer("X-Shopify-Shop-Api-Call-Limit: 39/40\n");
	CHECK(!fp_waithint_is_used_up(&hints));
	read_answer("x-ms-ratelimit-remaining-subscription-reads: 0\n");
	CHECK(fp_waithint_is_used_up(&hints));
	read_answer("X-Shopify-Shop-Api-Call-Limit: 40\n");
	CHECK(!fp_waithint_is_used_up(&hints));

	/* A reset by itself is no quota that is used up. */
	read_answer("X-RateLimit-Reset: 30\n");
	CHECK(fp_waithint_quota_ns(&hints, NOW_NS) == -1);
	CHECK(fp_waithint_refused_ns(&hints, NOW_NS) == 30 * S);

	/* Retry-After is another matter, and the other way round. */
	read_answer("Retry-After: 5\nRateLimit-Remaining: 0\n"
		    "RateLimit-Reset: 30\n");
	CHECK(fp_waithint_after_ns(&hints, NOW_NS) == 5 * S);
	CHECK(fp_waithint_quota_ns(&hints, NOW_NS) == 30 * S);

	/* More limits than there is room for. */
	read_answer("X-RateLimit-Remaining-a: 1\nX-RateLimit-Remaining-b: 1\n"
		    "X-RateLimit-Remaining-c: 1\nX-RateLimit-Remaining-d: 1\n"
		    "X-RateLimit-Remaining-e: 0\n"
		    "X-RateLimit-Remaining-averyveryverylongname: 0\n");
	CHECK(!fp_waithint_is_used_up(&hints) && hints.n_limits == 4);
}

static void
errors_of_limits(void)
{
	static const char *const yes[] = {
		"x-amzn-ErrorType: ThrottlingException:http://x\n",
		"\n{\"__type\":\"ThrottlingException\",\"message\":\"x\"}",
		"\n<Error><Code>SlowDown</Code></Error>",
		"\n[{\"errorCode\":\"REQUEST_LIMIT_EXCEEDED\"}]",
		"\n{\"message\":\"API rate limit exceeded for 1.2.3.4\"}",
		"\n{\"message\":\"You have exceeded a secondary rate limit\"}",
		"\nerror code: 1015",
		"\nRateLimiter 'x' does not permit further calls",
		"X-Mashery-Error-Code: ERR_403_DEVELOPER_OVER_QPS\n",
		"\n<h1>Developer Over Qps</h1>",
		("\n{\"error\":{\"message\":\"(#4) Application request "
		 "limit reached\",\"code\":4}}"),
		"\n{\"error\":\"API_TOKEN_LIMIT_EXCEEDED\"}",
		"\n{\"detail\":\"Request was throttled.\"}",
		"\n<Code>PriorRequestNotComplete</Code>",
		"\n{\"__type\":\"LimitExceededException\",\"message\":\"Rate exceeded\"}",
		"\n{\"message\":\"(#32) Page request limited reached\"}",
		"\nThere have been too many calls to this ad-account.",
		"\n{\"error\":\"User requests out of rate limit!\"}",
		"\n<title>SEC.gov | Request Rate Threshold Exceeded</title>",
		"\n{\"error_name\":\"throttle_violation\"}",
		"\n{\"code\":403,\"msg\":\"Too frequent requests\"}",
		"\nmessage=ThrottleExceeded; errorCode=003001",
		"\n{\"errorcode\":\"policies.ratelimit.SpikeArrestViolation\"}",
		"X-Ca-Error-Message: Throttled by USER Flow Control\n",
		"\n{\"error_summary\":\"too_many_requests/..\"}",
	};
	static const char *const no[] = {"x-amzn-ErrorType: ValidationError\n",
		"\n{\"message\":\"Forbidden\"}",
		"\n<h1>403 Forbidden</h1><p>you do not have access</p>", "\n"};

	for (size_t i = 0; i < FP_ARRAY_LEN(yes); i++) {
		read_answer(yes[i]);
		CHECK(hints.is_throttled);
	}
	for (size_t i = 0; i < FP_ARRAY_LEN(no); i++) {
		read_answer(no[i]);
		CHECK(!hints.is_throttled);
	}
}

static void
random_bytes(void)
{
	static const char *const names[] = {"Date", "RateLimit", "Retry-After",
		"X-RateLimit-Reset", "X-RateLimit-Remaining", "Retry-After-x",
		"retry-after-ms", "X-RateLimit-Reset-tokens", "Server",
		"a-ratelimit-reset", "a-ratelimit-remaining", "x-retry-after",
		"X-Shopify-Shop-Api-Call-Limit", "Retry-After-Milliseconds"};
	static const char alphabet[] = "0123456789 :,-.SatNovGMTZms\";rt=\t";
	uint64_t random = fp_random_seed(11);

	for (int i = 0; i < 50000; i++) {
		char value[40];
		fp_waithint_reset(&hints);
		for (int j = 0; j < 4; j++) {
			const char *name = names[fp_random_evenly(
				&random, FP_ARRAY_LEN(names) - 1)];
			size_t len = fp_random_evenly(&random, sizeof(value));
			uint64_t most =
				fp_random_evenly(&random, sizeof(alphabet) - 2);
			for (size_t k = 0; k < len; k++)
				value[k] = alphabet[fp_random_evenly(
					&random, most)];
			give(name, strlen(name), value, len);
			fp_waithint_body(&hints, (struct fp_text){value, len});
		}
		int64_t wall_ns = (int64_t)fp_random_next(&random);
		CHECK(fp_waithint_after_ns(&hints, wall_ns) >= -1);
		CHECK(fp_waithint_quota_ns(&hints, wall_ns) >= -1);
		CHECK(fp_waithint_refused_ns(&hints, wall_ns) >= -1);
	}
}

int
main(void)
{
	run("what servers send", what_servers_send);
	run("a Retry-After that says nothing is marked", nonsense_is_marked);
	run("limits that are used up", limits_that_are_used_up);
	run("errors that only limits send", errors_of_limits);
	run("random bytes", random_bytes);
	return done();
}
