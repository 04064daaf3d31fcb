/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "flowopt.h"

#include "msg.h"
#include "shown.h"
#include "units.h"

#include <string.h>

/* The library says what would be right, and it knows best. */
static bool
judge_rate(const char *name, const char *value)
{
	struct fp_buf shown = FP_BUF_INIT;
	char why[200];

	if (fp_is_rate_list(value, why, sizeof(why)))
		return true;
	fp_msg_usage(
		"--%s: '%s': %s", name, fp_shown_value(&shown, value), why);
	fp_buf_destroy(&shown);
	return false;
}

bool
fp_flowopt_rate(struct fp_settings *settings, const char *value)
{
	settings->pool.rate = value;
	return judge_rate("rate", value);
}

bool
fp_flowopt_host_rate(struct fp_settings *settings, const char *value)
{
	settings->pool.host_rate = value;
	return judge_rate("host-rate", value);
}

/* The value may hold a password, and so is not shown. */
bool
fp_flowopt_rate_file(struct fp_settings *settings, const char *value)
{
	char why[200];

	settings->pool.rate_file = value;
	if (fp_is_rate_file(value, why, sizeof(why)))
		return true;
	fp_msg_usage("--rate-file: %s", why);
	return false;
}

/* A whole number from `min` to `max`. */
static bool
take_count(const char *value, uint64_t min, uint64_t max, unsigned *count)
{
	uint64_t number;

	if (fp_units_count(value, max, &number) || number < min)
		return false;
	*count = (unsigned)number;
	return true;
}

bool
fp_flowopt_share(struct fp_settings *settings, const char *value)
{
	return take_count(value, 1, FP_SHARE_MAX, &settings->pool.share);
}

bool
fp_flowopt_host_jobs(struct fp_settings *settings, const char *value)
{
	return take_count(value, 1, FP_JOBS_MAX, &settings->pool.host_jobs);
}

bool
fp_flowopt_retry(struct fp_settings *settings, const char *value)
{
	return take_count(value, 0, FP_RETRY_MAX, &settings->pool.retry);
}

bool
fp_flowopt_retry_on(struct fp_settings *settings, const char *value)
{
	return fp_is_retry_list(value) &&
	       fp_settings_add_text(&settings->retry_on, value);
}

bool
fp_flowopt_seed(struct fp_settings *settings, const char *value)
{
	/* The library takes 0 for none. */
	return fp_units_count(value, UINT64_MAX, &settings->pool.seed) == 0 &&
	       settings->pool.seed > 0;
}

/* Which of these words it is; -1: none of them. */
static int
flowopt_find_word(const char *value, const char *const *words, int n)
{
	for (int i = 0; i < n; i++) {
		if (strcmp(value, words[i]) == 0)
			return i;
	}
	return -1;
}

bool
fp_flowopt_busy(struct fp_settings *settings, const char *value)
{
	static const char *const words[] = {
		[FP_BUSY_AUTO] = "auto",
		[FP_BUSY_ORIGIN] = "origin",
		[FP_BUSY_ITEM] = "item",
	};
	int mode = flowopt_find_word(value, words, FP_ARRAY_LEN(words));

	if (mode < 0)
		return false;
	settings->pool.busy = (enum fp_busy_mode)mode;
	return true;
}

bool
fp_flowopt_learn_rate(struct fp_settings *settings, const char *value)
{
	static const char *const words[] = {"auto", "never"};
	int when = flowopt_find_word(value, words, FP_ARRAY_LEN(words));

	if (when < 0)
		return false;
	settings->pool.no_learning = when == 1;
	return true;
}
