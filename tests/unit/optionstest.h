/* SPDX-License-Identifier: MIT */
/*
 * optionstest: arguments as fp_options_parse() reads them, many times in one
 * process. A test's main()
 * begins with begin_options_test() and returns end_options_test().
 */
#ifndef FP_OPTIONSTEST_H
#define FP_OPTIONSTEST_H

#include "base.h"

#include "msg.h"
#include "options.h"
#include "scratch.h"
#include "tap.h"

#include <getopt.h>
#include <stdarg.h>

/* These stand in for those of cmd/base/msg.c, so that one process can be wrong
 * many times. */
static char said[2000];
static char where[300];
static enum fp_exit status;

static void remember(enum fp_exit new_status, const char *format, va_list args)
	FP_PRINTF(2, 0);

static void
remember(enum fp_exit new_status, const char *format, va_list args)
{
	size_t len = strlen(said);

	status = new_status;
	len += (size_t)snprintf(said + len, sizeof(said) - len, "%s", where);
	vsnprintf(said + len, sizeof(said) - len, format, args);
}

void
fp_msg_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	remember(FP_EXIT_USAGE, format, args);
	va_end(args);
}

int
fp_msg_fd(void)
{
	return STDERR_FILENO;
}

void
fp_msg_json(bool is_json)
{
	(void)is_json;
}

void
fp_msg_local(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	remember(FP_EXIT_LOCAL, format, args);
	va_end(args);
}

void
fp_msg_place(const char *place)
{
	snprintf(where, sizeof(where), "%s", place);
}

enum fp_exit
fp_msg_status(void)
{
	return status;
}

/* ---- arguments ---- */

static struct fp_settings settings;

/* Reads arguments, which are given with one space between them. */
static enum fp_go
parse(const char *text)
{
	static char *argv[40];
	static char copy[1000];
	int argc = 0;
	char *rest = copy, *word;

	snprintf(copy, sizeof(copy), "fetchpool%s%s", text[0] ? " " : "", text);
	while ((word = strsep(&rest, " ")))
		argv[argc++] = word;
	argv[argc] = NULL;
	fp_settings_destroy(&settings);
	fp_settings_init(&settings);
	said[0] = '\0';
	status = FP_EXIT_OK;
	optind = 0;
	return fp_options_parse(&settings, argc, argv);
}

#define RIGHT(text) CHECK(parse(text) == FP_GO_ON && said[0] == '\0')

/* Wrong usage, with these words about it. */
#define WRONG(text, expected)                      \
	do {                                       \
		CHECK(parse(text) == FP_GO_WRONG); \
		CHECK(status == FP_EXIT_USAGE);    \
		CHECK_TEXT(said, expected);        \
	} while (0)

static void
begin_options_test(void)
{
	unsetenv("POSIXLY_CORRECT");
	unsetenv("FETCHPOOL_URL");
	fp_settings_init(&settings);
}

static int
end_options_test(void)
{
	fp_settings_destroy(&settings);
	return done();
}

#endif
