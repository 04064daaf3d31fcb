/* SPDX-License-Identifier: MIT */
/*
 * A caller that was compiled against an older header has a smaller struct: new
 * options come at its end, and what lies beyond the caller's size is never
 * written, and keeps its default in the copy. A larger struct has options that
 * are not known here, and could not be kept.
 */
#include "base.h"

#include "poolopt.h"

#include "headerline.h"
#include "netrc.h"
#include "rateplace.h"
#include "rates.h"
#include "redislink.h"
#include "retry.h"
#include "share.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* No version of the struct was without these. */
#define LEAST_SIZE offsetof(struct fp_options, protocols)

#define PROTOCOLS "http,https"

void
fp_options_init(struct fp_options *options, size_t size)
{
	const struct fp_options defaults = {
		.struct_size = size,
		.jobs = FP_MIN(32, fp_share_online() + 4),
		.protocols = PROTOCOLS,
		.user_agent = "fetchpool/" PACKAGE_VERSION,
		.max_redirs = 10,
		.max_time_ms = 60 * 1000,
		.connect_timeout_ms = 10 * 1000,
		.stall_time_ms = 30 * 1000,
		.max_body = (uint64_t)16 << 20,
		.max_error_body = (uint64_t)64 << 10,
		.max_memory = (uint64_t)512 << 20,
		.retry = 3,
		.retry_delay_ms = 500,
		.retry_max_delay_ms = 30 * 1000,
		.retry_max_time_ms = 900 * 1000,
		.retry_after_max_ms = 600 * 1000,
	};

	memset(options, 0, size);
	memcpy(options, &defaults, FP_MIN(size, sizeof(defaults)));
}

static int
poolopt_refuse(char *why, size_t why_size, const char *what)
{
	snprintf(why, why_size, "%s", what);
	errno = EINVAL;
	return -1;
}

static int
check_numbers(const struct fp_options *options, char *why, size_t why_size)
{
	const struct {
		const char *name;
		uint64_t ms;
	} times[] = {
		{"delay_max_ms", options->delay_max_ms},
		{"max_time_ms", options->max_time_ms},
		{"connect_timeout_ms", options->connect_timeout_ms},
		{"stall_time_ms", options->stall_time_ms},
		{"retry_delay_ms", options->retry_delay_ms},
		{"retry_max_delay_ms", options->retry_max_delay_ms},
		{"retry_max_time_ms", options->retry_max_time_ms},
		{"retry_after_max_ms", options->retry_after_max_ms},
	};

	uint64_t most = FP_TIME_MAX_MS;

	if (options->jobs < 1 || options->jobs > FP_JOBS_MAX)
		return poolopt_refuse(why, why_size, "jobs must be 1 to 20000");
	if (options->window > FP_WINDOW_MAX)
		return poolopt_refuse(
			why, why_size, "window must be 1 to 10000000");
	if (options->host_jobs > FP_JOBS_MAX)
		return poolopt_refuse(
			why, why_size, "host_jobs must be 1 to 20000");
	if (options->retry > FP_RETRY_MAX)
		return poolopt_refuse(why, why_size, "retry must be 0 to 1000");
	if (options->share > FP_SHARE_MAX)
		return poolopt_refuse(
			why, why_size, "share must be 1 to 1000000");
	if (options->delay_min_ms > options->delay_max_ms)
		return poolopt_refuse(why, why_size,
			"the delay's minimum exceeds its maximum");
	if (options->max_memory > INT64_MAX)
		return poolopt_refuse(why, why_size, "max_memory is too large");
	if (options->max_body > INT64_MAX)
		return poolopt_refuse(why, why_size, "max_body is too large");
	if (options->max_error_body > INT64_MAX)
		return poolopt_refuse(
			why, why_size, "max_error_body is too large");
	if (options->body > FP_BODY_NONE)
		return poolopt_refuse(
			why, why_size, "body is not an enum fp_body");
	for (size_t i = 0; i < FP_ARRAY_LEN(times); i++) {
		if (times[i].ms <= most)
			continue;
		snprintf(why, why_size, "%s is more than %" PRIu64,
			times[i].name, most);
		errno = EINVAL;
		return -1;
	}
	return 0;
}

/* "Connection: close", or keep-alive; `value` begins with the colon. */
static bool
is_persistence(struct fp_text name, const char *value)
{
	struct fp_text rest = {value + 1, strlen(value + 1)};

	return name.len == 10 &&
	       strncasecmp(name.data, "Connection", 10) == 0 &&
	       fp_headerline_is_persistence(rest);
}

/* A line that libcurl will take and that cannot smuggle in another. */
bool
fp_is_header(const char *text, char *why, size_t why_size)
{
	size_t len = strcspn(text, ":;");
	struct fp_text name = {text, len};
	const char *value = text + len;
	const char *wrong = NULL;

	if (!fp_headerline_is_token(name) ||
		(*value != ':' && strcmp(value, ";") != 0))
		wrong = "is not a \"Name: value\" pair";
	else if (!fp_headerline_is_value(
			 (struct fp_text){value, strlen(value)}))
		wrong = "contains a control character";
	else if (fp_headerline_is_framing(name) && !is_persistence(name, value))
		wrong = "names a field that libcurl sets";
	if (wrong)
		snprintf(why, why_size, "%s", wrong);
	return !wrong;
}

bool
fp_is_netrc(struct fp_text text, char *why, size_t why_size)
{
	struct fp_netrc netrc;
	int ret = fp_netrc_parse(&netrc, text, why, why_size);

	if (ret == 0)
		fp_netrc_destroy(&netrc);
	return ret == 0;
}

bool
fp_is_method(const char *text)
{
	return fp_headerline_is_method((struct fp_text){text, strlen(text)});
}

bool
fp_is_rate_list(const char *text, char *why, size_t why_size)
{
	struct fp_rates rates;

	if (fp_rates_parse(text, &rates) == 0)
		return true;
	fp_rates_why(text, why, why_size);
	return false;
}

bool
fp_is_rate_file(const char *text, char *why, size_t why_size)
{
	struct fp_rateplace place;

	if (!fp_rateplace_is_server(text))
		return true;
	const char *lacks = fp_redislink_lacks();
	if (lacks) {
		snprintf(why, why_size, "%s", lacks);
		return false;
	}
	if (fp_rateplace_parse(text, &place, why, why_size))
		return false;
	fp_rateplace_destroy(&place);
	return true;
}

bool
fp_is_rate_server(const char *text)
{
	return fp_rateplace_is_server(text);
}

bool
fp_is_retry_list(const char *text)
{
	struct fp_retry_policy policy;

	fp_retry_policy_init(&policy);
	return fp_retry_policy_parse(&policy, text) == 0;
}

/* Every text of every list is there, and every header is one. */
static int
check_lists(const struct fp_options *options, char *why, size_t why_size)
{
	const struct {
		const char *name;
		const char *const *texts;
		size_t n;
	} lists[] = {
		{"headers", options->headers, options->n_headers},
		{"curl_options", options->curl_options,
			options->n_curl_options},
		{"deny", options->deny, options->n_deny},
		{"allow", options->allow, options->n_allow},
		{"pick", options->pick, options->n_pick},
		{"omit", options->omit, options->n_omit},
		{"retry_on", options->retry_on, options->n_retry_on},
	};

	char wrong[80] = "is NULL";

	for (size_t i = 0; i < FP_ARRAY_LEN(lists); i++) {
		for (size_t k = 0; k < lists[i].n; k++) {
			bool is_there = lists[i].texts && lists[i].texts[k];
			if (is_there &&
				(i != 0 || fp_is_header(lists[0].texts[k],
						   wrong, sizeof(wrong))))
				continue;
			snprintf(why, why_size, "%s[%zu] %s", lists[i].name, k,
				wrong);
			errno = EINVAL;
			return -1;
		}
	}
	return 0;
}

static int
check_texts(const struct fp_options *options, char *why, size_t why_size)
{
	const char *method = options->method;

	if (options->protocols[0] == '\0')
		return poolopt_refuse(why, why_size, "protocols is empty");
	if (options->user_agent && strpbrk(options->user_agent, "\r\n"))
		return poolopt_refuse(
			why, why_size, "user_agent is not a single line");
	if (method && !fp_is_method(method))
		return poolopt_refuse(
			why, why_size, "method is not a token, or is CONNECT");
	if (options->output_dir && options->output_dir[0] == '\0')
		return poolopt_refuse(why, why_size, "output_dir is empty");
	if (options->output_name && options->remote_name)
		return poolopt_refuse(why, why_size,
			"output_name and remote_name exclude each other");
	if (options->output_name && options->output_name[0] == '\0')
		return poolopt_refuse(why, why_size, "output_name is empty");
	if (!options->data.data && options->data.len > 0)
		return poolopt_refuse(why, why_size, "data is NULL");
	if (!options->netrc.data && options->netrc.len > 0)
		return poolopt_refuse(why, why_size, "netrc is NULL");
	return 0;
}

int
fp_poolopt_take(struct fp_options *copy, const struct fp_options *options,
	char *why, size_t why_size)
{
	size_t size = options->struct_size;

	if (size < LEAST_SIZE || size > sizeof(*copy))
		return poolopt_refuse(why, why_size,
			"the options were not set by fp_options_init(), or by "
			"a later version");
	fp_options_init(copy, sizeof(*copy));
	memcpy(copy, options, size);
	copy->struct_size = sizeof(*copy);
	if (!copy->protocols)
		copy->protocols = PROTOCOLS;
	if (check_numbers(copy, why, why_size) ||
		check_lists(copy, why, why_size) ||
		check_texts(copy, why, why_size))
		return -1;
	return 0;
}
