/* SPDX-License-Identifier: MIT */
/*
 * upload: the body of a request that is read from files while it is sent: one
 * file, or a form, which is text with files in it. All attempts and hops of an
 * item send the same, from its start and with each file's length as it was when
 * it was first opened; a file that changes meanwhile fails the item.
 *
 * Threads: the transfer's.
 * Ownership: the request embeds it; it borrows the options, and the paths until
 * it is closed.
 * Failure: an item's, written into the ticket: false.
 */
#ifndef FP_UPLOAD_H
#define FP_UPLOAD_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"
#include "ticket.h"

#include <curl/curl.h>

struct fp_upload_file {
	const char *path;
	bool is_trusted;
	size_t text_end; /* how much of the text stands before it */
	struct fp_filemark mark; /* what it was when it was first opened */
};

struct fp_upload {
	bool is_there;
	const struct fp_options *options;
	struct fp_upload_file *files; /* in the order in which they are sent */
	size_t n_files;
	size_t n_room; /* of them */
	struct fp_buf text; /* before, between and behind them */
	int64_t size; /* bytes of all of it */
	int fd; /* of files[at], the one that is open; -1: none is */
	size_t at;
	int64_t sent; /* bytes that libcurl has taken since the start */
	int fault; /* errno of a read; ENODATA: the file was cut; ESTALE: it
		    * has changed; 0: none */
};

void fp_upload_init(struct fp_upload *upload);

/* Begins one that is empty. One that was there is closed before. */
void fp_upload_begin(
	struct fp_upload *upload, const struct fp_options *options);

/* Adds a file behind the text so far, which must be a regular one below the
 * root of uploads, even by way of symbolic links, and none that is withheld; or
 * with is_trusted, which is said of the user's own file, anywhere. */
bool fp_upload_add_file(struct fp_upload *upload, struct fp_ticket *ticket,
	const char *path, bool is_trusted);

/* All is added: false if that is not what the first attempt has sent. */
bool fp_upload_settle(struct fp_upload *upload, struct fp_ticket *ticket);

/* Makes one of a single file. */
bool fp_upload_open(struct fp_upload *upload, struct fp_ticket *ticket,
	const char *path, const struct fp_options *options, bool is_trusted);

/* Begins again at its start, and tells the handle to send it; or not to, if
 * there is none and there was one. */
CURLcode fp_upload_apply(struct fp_upload *upload, CURL *easy, bool had_one);

/* Whether a file is not what it was when it was opened; the ticket has failed
 * then, and says what. */
bool fp_upload_has_changed(struct fp_upload *upload, struct fp_ticket *ticket);

void fp_upload_close(struct fp_upload *upload);
void fp_upload_destroy(struct fp_upload *upload);

#endif
