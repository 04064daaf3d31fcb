/* SPDX-License-Identifier: MIT */
/*
 * httpdate: the three ways to write a date in HTTP (RFC 9110, section 5.6.7),
 * letter by letter: no locale and no time zone has a say in it.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: said at each function.
 */
#ifndef FP_HTTPDATE_H
#define FP_HTTPDATE_H

#include "base.h"

/* A date as it was written, in UTC. */
struct fp_httpdate {
	int year; /* if is_short, only its last two digits */
	int month; /* 1 to 12; 0: there is no date here */
	int day; /* 1 to 31, as the month has them */
	int second; /* of the day; 86400 in a leap second at its end */
	bool is_short;
};

/* "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" or
 * "Sun Nov  6 08:49:37 1994". -1: none of these, and *date is untouched. The
 * day of the week has to be one, but need not be that date's: the date is
 * clear without it. A second may be 60, and is then the one after it. */
int fp_httpdate_parse(const char *text, size_t len, struct fp_httpdate *date);

/* Seconds since 1970. A year of two digits is the latest such year by which
 * the date is no more than 50 years ahead of `now_s`. */
int64_t fp_httpdate_unix_s(const struct fp_httpdate *date, int64_t now_s);

#endif
