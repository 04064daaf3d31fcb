/* SPDX-License-Identifier: MIT */
/*
 * netrc: what a .netrc file has for which host: "machine NAME login NAME
 * password WORD", one such entry after the other, or "default" in place of a
 * machine. It is read as libcurl reads one: words between white space, a "#"
 * before a word begins a comment, a word in double quotes may hold white space
 * and backslash escapes, keywords and hosts have no case, "account" and
 * "macdef" are read past, and so is what is no keyword.
 *
 * Threads: constant once it is parsed. Ownership: the caller embeds it; it
 * copies what it needs of the text.
 * Failure: fp_netrc_parse() -1 with errno, and no message shows what the file
 * says.
 */
#ifndef FP_NETRC_H
#define FP_NETRC_H

#include "base.h"

#include "fetchpool.h"

/* A larger one is none. */
#define FP_NETRC_MAX_BYTES ((size_t)1 << 20)

struct fp_netrc_entry {
	const char *host; /* NULL: any */
	const char *login; /* NULL: not said */
	const char *password; /* the same; one of the two is said */
};

struct fp_netrc {
	struct fp_netrc_entry *entries; /* in the file's order */
	size_t n;
	char *words; /* that they point into */
};

/* -1: ENOMEM; or EINVAL, and `why` says where what is wrong. */
int fp_netrc_parse(struct fp_netrc *netrc, struct fp_text text, char *why,
	size_t why_size);
void fp_netrc_destroy(struct fp_netrc *netrc);

/* The first entry for the host, an IPv6 address without its brackets; with a
 * `login`, the first for both (one that says none is for every login). NULL:
 * there is none. */
const struct fp_netrc_entry *fp_netrc_find(
	const struct fp_netrc *netrc, struct fp_text host, const char *login);

#endif
