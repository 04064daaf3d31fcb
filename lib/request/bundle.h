/* SPDX-License-Identifier: MIT */
/*
 * bundle: the certificates of a file in PEM (RFC 7468), with the names of those
 * they are for, to be found among a hundred and more before they are parsed:
 * OpenSSL takes 20 to 30 ms for those of a system, and a connection needs one.
 *
 * Threads: its owner's alone.
 * Ownership: the caller embeds it.
 * Failure: fp_bundle_read() -1 with errno.
 */
#ifndef FP_BUNDLE_H
#define FP_BUNDLE_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

struct fp_bundle_entry {
	size_t at, len; /* of the certificate in DER, in `der` */
	size_t subject_at, subject_len; /* of its subject's name in DER */
	unsigned long hash; /* of that name: the owner's */
	bool is_taken; /* the owner's, too */
};

struct fp_bundle {
	struct fp_buf der; /* all certificates */
	struct fp_bundle_entry *all;
	size_t n;
};

void fp_bundle_init(struct fp_bundle *bundle);
void fp_bundle_destroy(struct fp_bundle *bundle);

/* Reads it. EINVAL: it has none, or something else as well (such as a list of
 * revoked certificates), or what is no certificate, or is no regular file, or
 * is very large. The bundle is empty then. */
int fp_bundle_read(struct fp_bundle *bundle, const char *path);

/* The same, from text. */
int fp_bundle_parse(struct fp_bundle *bundle, const char *text, size_t len);

#endif
