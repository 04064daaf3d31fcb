/* SPDX-License-Identifier: MIT */
/*
 * curlopt: libcurl's options by their names, as text: "TCP_NODELAY=0". Most
 * request options of the command are nothing but such a pair, and --setopt
 * hands in any other; the names, types and numbers are libcurl's own table's
 * (curl_easy_option_by_name()), so that a newer libcurl brings its options
 * along.
 *
 * Options that fetchpool sets itself, or that would break what it promises,
 * are refused by name.
 *
 * Threads: constant after init; any number apply it at once.
 * Ownership: it copies nothing: the texts must live as long as it does.
 * Failure: fp_curlopts_init() -1 with errno.
 */
#ifndef FP_CURLOPT_H
#define FP_CURLOPT_H

#include "base.h"

#include <curl/curl.h>

struct fp_curlopt {
	const struct curl_easyoption *option;
	const char *text; /* a string's value */
	curl_off_t number; /* a number's */
	struct curl_slist *list; /* a list's: all that were given, in order */
	bool is_secret; /* not for another origin */
};

struct fp_curlopts {
	struct fp_curlopt *all;
	size_t n;
};

/* `pairs` are "NAME=VALUE", the name in any case, with or without CURLOPT_
 * before it. A list option may be there several times. -1: ENOMEM; or EINVAL,
 * and `why` names the option and says what is right. */
int fp_curlopts_init(struct fp_curlopts *options, const char *const *pairs,
	size_t n_pairs, char *why, size_t why_size);
void fp_curlopts_destroy(struct fp_curlopts *options);

/* Sets them all, or takes back those that are not for another origin than the
 * one the user named, or sets these again. */
CURLcode fp_curlopts_apply(const struct fp_curlopts *options, CURL *easy);
CURLcode fp_curlopts_hide(const struct fp_curlopts *options, CURL *easy);
CURLcode fp_curlopts_show(const struct fp_curlopts *options, CURL *easy);

/* The text of one that takes a text; NULL: it was not given. */
const char *fp_curlopts_text(const struct fp_curlopts *options, CURLoption id);

/* Whether one that takes a number was given, and is 0. */
bool fp_curlopts_is_zero(const struct fp_curlopts *options, CURLoption id);

/* Whether one of them was given. */
bool fp_curlopts_has(const struct fp_curlopts *options, CURLoption id);

/* The number that was given for one; 0: none was. */
curl_off_t fp_curlopts_number(const struct fp_curlopts *options, CURLoption id);

#endif
