/* SPDX-License-Identifier: MIT */
/*
 * redislink: one connection to a Redis server. libcurl makes it, with TLS if it
 * is to be; hiredis knows the protocol, and is loaded for it.
 *
 * Threads: one at a time, but fp_redislink_stop(), which is any's: what is
 * under way then fails soon, and nothing else is begun.
 * Ownership: new gives, free takes; the place is borrowed.
 * Failure: said at each function; `why` shows no password.
 */
#ifndef FP_REDISLINK_H
#define FP_REDISLINK_H

#include "base.h"

#include "buf.h"
#include "rateplace.h"

struct fp_redislink;

/* What an argument of a command is. */
struct fp_redisarg {
	const char *data;
	size_t len;
};

enum fp_redissaid {
	FP_REDIS_OK, /* a text, or nil as "" */
	FP_REDIS_ERROR, /* an error, whose text it is */
	FP_REDIS_BROKEN, /* nothing, or not in time; it is closed */
	FP_REDIS_STRANGE, /* that is no Redis server; it is closed */
};

/* Why there can be none: fetchpool was built without hiredis, or its library is
 * not installed or lacks a function. NULL: there can. */
const char *fp_redislink_lacks(void);

/* Which it is: "hiredis/1.2.0", or "" if it lacks something. */
const char *fp_redislink_version(void);

/* `cafile`: certificates of authorities for TLS; NULL: the system's. NULL: no
 * memory, descriptors or library. */
struct fp_redislink *fp_redislink_new(
	const struct fp_rateplace *place, const char *cafile);
void fp_redislink_free(struct fp_redislink *link);

/* Connects. 0, or -1. */
int fp_redislink_connect(
	struct fp_redislink *link, int64_t timeout_ms, char *why, size_t size);
bool fp_redislink_is_open(const struct fp_redislink *link);
void fp_redislink_close(struct fp_redislink *link);

/* Asks, and sets `text` to what is said, or why nothing was. */
enum fp_redissaid fp_redislink_ask(struct fp_redislink *link,
	const struct fp_redisarg *args, size_t n_args, int64_t timeout_ms,
	struct fp_buf *text);

void fp_redislink_stop(struct fp_redislink *link);

#endif
