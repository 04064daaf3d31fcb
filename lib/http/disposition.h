/* SPDX-License-Identifier: MIT */
/*
 * disposition: the name that a server gives to a file, in Content-Disposition
 * (RFC 6266).
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: -1 with ENOMEM.
 */
#ifndef FP_DISPOSITION_H
#define FP_DISPOSITION_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

/* Appends the file name that the field's value has, in UTF-8: that of
 * "filename*" (RFC 8187), or else that of "filename". Of what looks like a
 * path, it is what follows the last slash or backslash (RFC 6266, section 4.3).
 * There may be none: then nothing is appended. It is a name as the server wants
 * it, and no safe one: see fp_filename_encode(). */
int fp_disposition_filename(struct fp_text value, struct fp_buf *out);

#endif
