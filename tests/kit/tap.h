/* SPDX-License-Identifier: MIT */
/*
 * tap: just enough to write a test program. Each test is a function; run()
 * prints "ok N - name" or "not ok N - name" (the Test Anything Protocol), and
 * CHECK() fails the test that is running without ending it.
 *
 *	static void
 *	empty_input_is_no_text(void)
 *	{
 *		CHECK(fp_thing("") == NULL);
 *		CHECK_TEXT(fp_name(1), "one");
 *	}
 *
 *	int
 *	main(void)
 *	{
 *		run("an empty input is no text", empty_input_is_no_text);
 *		return done();
 *	}
 */
#ifndef FP_TAP_H
#define FP_TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_number, tap_failed, tap_bad;
static const char *tap_skipped;

#define CHECK(condition)             \
	((condition) ? (void)0       \
		     : tap_complain( \
			       __FILE__, __LINE__, #condition, NULL, NULL))

#define CHECK_TEXT(got, expected) \
	tap_check_text(__FILE__, __LINE__, #got, (got), (expected))

#define CHECK_BYTES(got, got_len, expected, expected_len) \
	CHECK((got_len) == (expected_len) &&              \
		memcmp((got), (expected), (expected_len)) == 0)

/* CHECK(), and what it was about. */
#define CHECK_SAYING(condition, ...)              \
	do {                                      \
		bool is_true = (condition);       \
		if (!is_true) {                   \
			printf("# " __VA_ARGS__); \
			putchar('\n');            \
		}                                 \
		CHECK(is_true);                   \
	} while (0)

/* Ends the running test as skipped: SKIP("no such folder"); */
#define SKIP(why)                    \
	do {                         \
		tap_skipped = (why); \
		return;              \
	} while (0)

static inline void
tap_complain(const char *file, int line, const char *what, const char *got,
	const char *expected)
{
	tap_bad++;
	printf("# %s:%d: %s\n", file, line, what);
	if (expected)
		printf("#   got:      %s\n#   expected: %s\n",
			got ? got : "(null)", expected);
}

static inline void
tap_check_text(const char *file, int line, const char *what, const char *got,
	const char *expected)
{
	if (!got || strcmp(got, expected) != 0)
		tap_complain(file, line, what, got, expected);
}

static inline void
run(const char *name, void (*test)(void))
{
	tap_bad = 0;
	tap_skipped = NULL;
	test();
	tap_failed += tap_bad > 0;
	printf("%sok %d - %s", tap_bad ? "not " : "", ++tap_number, name);
	if (tap_skipped && !tap_bad)
		printf(" # SKIP %s", tap_skipped);
	putchar('\n');
	fflush(stdout);
}

/* A copy of just its size, so that a look beyond it is seen. */
static inline char *
tap_copy(const char *text, size_t len)
{
	char *copy = calloc(1, len ? len : 1);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, text, len);
	return copy;
}

static inline int
done(void)
{
	printf("1..%d\n", tap_number);
	return tap_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
