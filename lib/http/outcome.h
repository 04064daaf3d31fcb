/* SPDX-License-Identifier: MIT */
/*
 * outcome: the words for how items end (kinds, HTTP status phrases), and
 * which statuses are a success.
 *
 * Threads: any.
 * Ownership: returned texts are constants.
 * Failure: said at each function.
 */
#ifndef FP_OUTCOME_H
#define FP_OUTCOME_H

#include "base.h"

#include "fetchpool.h"

#define FP_STATUS_MAX 1000

/* The message of what fails for that reason, anywhere. */
#define FP_OUT_OF_MEMORY "out of memory"

/* A set of HTTP status codes. */
struct fp_statuses {
	bool has[FP_STATUS_MAX];
};

/* "2xx,304,400-404": codes, classes and ranges, separated by commas. -1: the
 * text is no such list; the set is then undefined. */
int fp_outcome_parse_statuses(struct fp_statuses *statuses, const char *text);

/* One word of it: the first and the last code that it stands for. -1: it is no
 * such word, and nothing was set. */
int fp_outcome_parse_status_word(
	const char *word, size_t len, int *first, int *last);

/* "Not Found" (RFC 9110, section 15, and the IANA registry); "" for a code
 * that has no name. The server's own phrase is never shown: it may hold
 * anything, and HTTP/2 has none. */
const char *fp_outcome_status_phrase(int status);

#endif
