/* SPDX-License-Identifier: MIT */
/*
 * form: a body of multipart/form-data (RFC 7578), as a browser and curl send
 * it: a part for each field, and the contents of files in it, which are read
 * while it is sent.
 *
 * Threads: the transfer's.
 * Ownership: nothing is kept of the fields but, by the upload, their files'
 * paths.
 * Failure: an item's, written into the ticket: false; or -1: no memory.
 */
#ifndef FP_FORM_H
#define FP_FORM_H

#include "base.h"

#include "fetchpool.h"
#include "ticket.h"
#include "upload.h"

/* Bytes of a boundary, with a NUL at the end. */
#define FP_FORM_BOUNDARY_BYTES 57

/* Draws a boundary that stands in none of the fields' values. */
void fp_form_draw(char boundary[FP_FORM_BOUNDARY_BYTES], uint64_t seed,
	uint64_t seq, const struct fp_formpart *parts, size_t n);

/* Makes the upload of the fields. */
bool fp_form_make(struct fp_upload *upload, struct fp_ticket *ticket,
	const struct fp_formpart *parts, size_t n, const char *boundary,
	const struct fp_options *options);

/* Appends what would be sent, with a note in place of each file's contents and
 * "***" in place of the value of a field whose name is_secret(). */
int fp_form_show(const struct fp_upload *upload,
	const struct fp_formpart *parts, size_t n, const char *boundary,
	bool (*is_secret)(const char *name, size_t len), struct fp_buf *out);

#endif
