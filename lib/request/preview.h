/* SPDX-License-Identifier: MIT */
/*
 * preview: what would go out for an item, in place of sending it, and what all
 * items come to. Nothing is looked up, connected to, made or changed.
 *
 * Threads: the submitter's.
 * Ownership: new gives, free takes; it borrows the setup.
 * Failure: fp_preview_new() NULL with ENOMEM; an item's is written into the
 * ticket.
 */
#ifndef FP_PREVIEW_H
#define FP_PREVIEW_H

#include "base.h"

#include "download.h"
#include "outlook.h"
#include "request.h"

struct fp_preview {
	const struct fp_setup *setup;
	struct fp_download download; /* only for its name */
	struct fp_outlook outlook;
	size_t longest_url;
};

struct fp_preview *fp_preview_new(struct fp_setup *setup);

/* Takes NULL. */
void fp_preview_free(struct fp_preview *preview);

/* Makes the request of an item that has its URL, with what could fail before a
 * request, and puts it into the result. */
void fp_preview_make(struct fp_preview *preview, struct fp_request *request,
	struct fp_ticket *ticket);

#endif
