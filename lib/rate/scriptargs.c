/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "scriptargs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int
fp_scriptargs_begin(struct fp_scriptargs *args)
{
	fp_buf_clear(&args->text, SIZE_MAX);
	args->n = 0;
	return fp_scriptargs_add(args, "") || fp_scriptargs_add(args, "");
}

static int
scriptargs_grow(struct fp_scriptargs *args)
{
	size_t cap = FP_MAX(2 * args->cap, 64);
	size_t *ends = realloc(args->ends, cap * sizeof(*ends));

	if (!ends)
		return -1;
	args->ends = ends;
	struct fp_redisarg *all = realloc(args->all, cap * sizeof(*all));
	if (!all)
		return -1;
	args->all = all;
	args->cap = cap;
	return 0;
}

int
fp_scriptargs_add(struct fp_scriptargs *args, const char *text)
{
	if ((args->n == args->cap && scriptargs_grow(args)) ||
		fp_buf_add_text(&args->text, text))
		return -1;
	args->ends[args->n++] = args->text.len;
	return 0;
}

int
fp_scriptargs_add_number(struct fp_scriptargs *args, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, number);
	return fp_scriptargs_add(args, text);
}

int
fp_scriptargs_add_rates(struct fp_scriptargs *args,
	const struct fp_rates *rates, const int64_t *spans_ns)
{
	int ret = fp_scriptargs_add_number(args, (int64_t)rates->n);

	for (size_t i = 0; ret == 0 && i < rates->n; i++)
		ret = fp_scriptargs_add_number(
			      args, (int64_t)rates->all[i].n) ||
		      fp_scriptargs_add_number(args, spans_ns[i] / 1000 + 1);
	return ret;
}

static int
add_names(struct fp_scriptargs *args, unsigned n, const uint64_t *names,
	const int64_t *times)
{
	int ret = fp_scriptargs_add_number(args, n);

	for (unsigned i = 0; ret == 0 && i < n; i++) {
		ret = fp_scriptargs_add_number(args, (int64_t)names[i]);
		if (ret == 0 && times)
			ret = fp_scriptargs_add_number(args, times[i]);
	}
	return ret;
}

int
fp_scriptargs_add_told(
	struct fp_scriptargs *args, const struct fp_ratelease_call *call)
{
	return add_names(args, call->n_fired, call->fired, call->fired_us) ||
	       add_names(args, call->n_renewed, call->renewed, NULL) ||
	       add_names(args, call->n_back, call->back, NULL);
}

void
fp_scriptargs_end(struct fp_scriptargs *args)
{
	size_t start = 0;

	for (size_t i = 0; i < args->n; i++) {
		args->all[i] =
			(struct fp_redisarg){fp_buf_text(&args->text) + start,
				args->ends[i] - start};
		start = args->ends[i];
	}
}

void
fp_scriptargs_destroy(struct fp_scriptargs *args)
{
	fp_buf_destroy(&args->text);
	free(args->ends);
	free(args->all);
	memset(args, 0, sizeof(*args));
}

/* ---- answers ---- */

bool
fp_scriptargs_word(const char **text, char *word, size_t size)
{
	size_t len = strcspn(*text, " ");

	if (len == 0 || len >= size)
		return false;
	memcpy(word, *text, len);
	word[len] = '\0';
	*text += len + ((*text)[len] == ' ');
	return true;
}

bool
fp_scriptargs_number(const char **text, int64_t *number)
{
	char word[24], *end;

	if (!fp_scriptargs_word(text, word, sizeof(word)))
		return false;
	*number = strtoll(word, &end, 10);
	return *end == '\0' && *number >= 0;
}

void
fp_scriptargs_quote(const char *text, char *to, size_t size)
{
	size_t n = 0;

	while (*text && n + 1 < size) {
		bool is_plain = *text >= ' ' && *text < 127;
		to[n++] = is_plain ? *text : '?';
		text++;
	}
	to[n] = '\0';
}
