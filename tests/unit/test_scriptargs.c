/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "scriptargs.h"

#include "scratch.h"
#include "tap.h"

#include <string.h>

static bool
is_arg(const struct fp_scriptargs *args, size_t i, const char *text)
{
	return i < args->n && args->all[i].len == strlen(text) &&
	       memcmp(args->all[i].data, text, args->all[i].len) == 0;
}

static void
arguments(void)
{
	struct fp_scriptargs args = {.n = 0};
	uint64_t names[] = {7, 8};
	int64_t times[] = {70, 80};
	struct fp_ratelease_call call = {.n_fired = 2,
		.fired = names,
		.fired_us = times,
		.n_back = 1,
		.back = names};
	int64_t spans_ns[] = {1020000000};
	struct fp_rates rates;

	MUST(fp_rates_parse("5/s", &rates) == 0);
	for (int round = 0; round < 2; round++) {
		MUST(fp_scriptargs_begin(&args) == 0);
		MUST(fp_scriptargs_add(&args, "a key") == 0);
		MUST(fp_scriptargs_add(&args, "") == 0);
		MUST(fp_scriptargs_add_number(&args, -5) == 0);
		MUST(fp_scriptargs_add_rates(&args, &rates, spans_ns) == 0);
		MUST(fp_scriptargs_add_told(&args, &call) == 0);
		fp_scriptargs_end(&args);
		static const char *const all[] = {"a key", "", "-5", "1", "5",
			"1020001", "2", "7", "70", "8", "80", "0", "1", "7"};
		CHECK(args.n == 2 + FP_ARRAY_LEN(all));
		for (size_t i = 0; i < FP_ARRAY_LEN(all); i++)
			CHECK(is_arg(&args, i + 2, all[i]));
	}
	MUST(fp_scriptargs_begin(&args) == 0);
	for (int i = 0; i < 1000; i++)
		MUST(fp_scriptargs_add_number(&args, i) == 0);
	fp_scriptargs_end(&args);
	CHECK(args.n == 1002 && is_arg(&args, 2, "0") &&
		is_arg(&args, 1001, "999"));
	fp_scriptargs_destroy(&args);
}

static void
words(void)
{
	const char *text = "ok 12 x  -3";
	char word[4];
	int64_t number;

	CHECK(fp_scriptargs_word(&text, word, sizeof(word)));
	CHECK(strcmp(word, "ok") == 0);
	CHECK(fp_scriptargs_number(&text, &number) && number == 12);
	CHECK(!fp_scriptargs_number(&text, &number));
	CHECK(!fp_scriptargs_word(&text, word, sizeof(word)));
	text = "-3";
	CHECK(!fp_scriptargs_number(&text, &number));
	text = "long";
	CHECK(!fp_scriptargs_word(&text, word, sizeof(word)));
	text = "";
	CHECK(!fp_scriptargs_word(&text, word, sizeof(word)));
}

static void
quotes(void)
{
	char to[6];

	fp_scriptargs_quote("a\033b\nlong", to, sizeof(to));
	CHECK(strcmp(to, "a?b?l") == 0);
}

int
main(void)
{
	run("arguments, one after the other", arguments);
	run("words and numbers of an answer", words);
	run("what disturbs a terminal is not shown", quotes);
	return done();
}
