/* SPDX-License-Identifier: MIT */
/*
 * shown: what a run was asked for, and the URLs that came of it, fit to be
 * shown to others: what may be a secret is three stars.
 *
 * Threads: any.
 * Ownership: the text goes into the caller's buffer.
 * Failure: -1 with ENOMEM.
 */
#ifndef FP_SHOWN_H
#define FP_SHOWN_H

#include "base.h"

#include "buf.h"
#include "settings.h"

/* A URL, or a template of some: less its password, and the values of what in
 * its query is called a key, a token or the like. */
int fp_shown_url(struct fp_buf *text, const char *url);

/* Whether what has this name, such as a parameter or a header, may be a secret.
 */
bool fp_shown_is_secret_name(const char *name, size_t len);

/* The value of an option, which may hold a login without a scheme before it,
 * for a message. Stays valid as long as the buffer. */
const char *fp_shown_value(struct fp_buf *text, const char *value);

/* The command line as a JSON array: ["fetchpool","--jobs","6",...]. Values of
 * options that may hold a secret are not in it, and those in files that
 * --config has read are like the others. */
int fp_shown_command(struct fp_buf *text, const struct fp_settings *settings);

#endif
