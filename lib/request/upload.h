/* SPDX-License-Identifier: MIT */
/*
 * upload: the file that a request has as its body, read while it is sent. All
 * attempts and hops of an item send the same file, from its start and with its
 * length as it was when it was first opened; one that changes meanwhile fails
 * the item.
 *
 * Threads: the transfer's.
 * Ownership: the request embeds it.
 * Failure: an item's, written into the ticket: false.
 */
#ifndef FP_UPLOAD_H
#define FP_UPLOAD_H

#include "base.h"

#include "fetchpool.h"
#include "ticket.h"

#include <curl/curl.h>

struct fp_upload {
	int fd; /* -1: there is none */
	struct fp_filemark mark; /* what it was when it was opened */
	int64_t sent; /* bytes that libcurl has taken since the start */
	int fault; /* errno of a read; ENODATA: the file was cut; 0: none */
};

void fp_upload_init(struct fp_upload *upload);

/* Opens the item's file, which must be a regular one below the root of uploads,
 * even by way of symbolic links, and none that is withheld; or with is_trusted,
 * which is said of the user's own file, anywhere. One that is open is closed
 * before. */
bool fp_upload_open(struct fp_upload *upload, struct fp_ticket *ticket,
	const char *path, const struct fp_options *options, bool is_trusted);

/* Begins again at its start, and tells the handle to send it; or not to, if
 * there is none and there was one. */
CURLcode fp_upload_apply(struct fp_upload *upload, CURL *easy, bool had_one);

/* Whether the file is not what it was when it was opened; the ticket has failed
 * then, and says what. */
bool fp_upload_has_changed(struct fp_upload *upload, struct fp_ticket *ticket);

void fp_upload_close(struct fp_upload *upload);

#endif
