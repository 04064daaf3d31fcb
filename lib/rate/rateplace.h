/* SPDX-License-Identifier: MIT */
/*
 * rateplace: where a rate is counted that machines share: a Redis server, as
 * people write it.
 *
 *	redis://[USER[:PASSWORD]@]HOST[:PORT][/DB][?key=NAME]
 *	rediss://...					the same over TLS
 *	unix:PATH[?key=NAME&db=DB]			a socket of this machine
 *	unix://[USER[:PASSWORD]@]/PATH[?...]
 *
 * USER, PASSWORD, PATH and NAME may be percent-encoded (RFC 3986, section 2.1).
 *
 * Threads: any.
 * Ownership: fp_rateplace_parse() gives, fp_rateplace_destroy() takes.
 * Failure: -1, and the struct is empty.
 */
#ifndef FP_RATEPLACE_H
#define FP_RATEPLACE_H

#include "base.h"

#define FP_RATEPLACE_KEY "fetchpool"

struct fp_rateplace {
	char *path; /* of a socket; NULL: host and port */
	char *host; /* an IPv6 address without brackets */
	unsigned port;
	bool is_tls;
	char *user, *password; /* NULL: none */
	unsigned db;
	char *key;
	char *shown; /* the same for messages, without user and password */
};

/* Whether a text is meant to be a server, and not the name of a file. */
bool fp_rateplace_is_server(const char *text);

/* -1: it is none, and `why`, which shows nothing of a password, says what is
 * wrong; or no memory. */
int fp_rateplace_parse(
	const char *text, struct fp_rateplace *place, char *why, size_t size);
void fp_rateplace_destroy(struct fp_rateplace *place);

#endif
