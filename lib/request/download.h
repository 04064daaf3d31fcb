/* SPDX-License-Identifier: MIT */
/*
 * download: the file that an item's body goes to: its name, made of the item
 * before anything is fetched or in the head of its response, and its bytes,
 * which nobody sees under that name before all of them are there.
 *
 * Threads: the transfer's.
 * Ownership: the transfer embeds it; it borrows the setup.
 * Failure: an item's, written into the ticket: false.
 */
#ifndef FP_DOWNLOAD_H
#define FP_DOWNLOAD_H

#include "base.h"

#include "outfile.h"
#include "partial.h"
#include "request.h"
#include "setup.h"

struct fp_download {
	struct fp_setup *setup;
	struct fp_outfile file;
	struct fp_buf name; /* empty: it will be made of seq and type */
	struct fp_buf disposition; /* Content-Disposition; may be empty */
	struct fp_partial_head head; /* what the response's says of ranges */
};

void fp_download_init(struct fp_download *download, struct fp_setup *setup);
void fp_download_destroy(struct fp_download *download);

/* Makes the name. false also if a file of that name is there already. */
bool fp_download_name(struct fp_download *download, struct fp_request *request);

/* Where the value of Content-Disposition is to go; NULL: nowhere. */
struct fp_buf *fp_download_wants_header(struct fp_download *download);

/* Some bytes of the body; the first ones open the file. */
bool fp_download_write(struct fp_download *download, struct fp_ticket *ticket,
	const char *data, size_t len);

/* Whether what an earlier run has fetched is still there: a file that would be
 * replaced; or it went to no file. */
bool fp_download_can_keep(const struct fp_download *download);

/* It is as it was: the result tells it. */
bool fp_download_keep(struct fp_download *download, struct fp_ticket *ticket);

/* The body is whole: the file gets its name, and the result tells it. */
bool fp_download_commit(struct fp_download *download, struct fp_ticket *ticket);

/* The request is sent again: what came is nobody's. The name stays. */
void fp_download_forget(struct fp_download *download);

/* It is not, or the file has its name: nothing stays open or behind. */
void fp_download_end(struct fp_download *download);

#endif
