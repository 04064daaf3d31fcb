/* SPDX-License-Identifier: MIT */
/*
 * jsonitem: takes one line that is a JSON item apart into what a request is
 * made of. The item is an object, and these of its members have a meaning:
 *
 *	"url"		a string
 *	"method"	a string, a token (RFC 9110, sections 9.1 and 5.6.2)
 *	"headers"	an object: each name a token, each value a string, a
 *			number, true, false, or a list of those, a line each
 *	"body"		a string, sent as it is; or any other value, sent as
 *			JSON text
 *	"body_base64"	a string, the body in base64
 *	"body_file"	a string, the name of a file that is the body
 *	"form"		an object or an array: fields of a form
 *	"context"	any value, to be given back
 *
 * Every other is a value for the URI template: a string, number, true or false
 * is its text, null is undefined, an array of those is a list, an object of
 * them a map (RFC 6570, section 2.3); inside those, null is passed over.
 *
 * Numbers are taken as they are written. What is JSON in the result, that is
 * line, context and a body that is no string, is the item's own text, byte for
 * byte but for white space between tokens.
 *
 * Nothing is guessed: a name that is there twice (in "headers" in any case)
 * fails the item, for who reads the first and who reads the second would make
 * two requests of it; so do, in a string that a request is made of, \u0000 and
 * half a surrogate pair, which no text can hold.
 *
 * Memory: about 25 bytes for each byte of the line, at the very most. It is
 * kept for the next one; lines like those before it need no more.
 *
 * Threads: none; a struct fp_jsonitem belongs to one thread at a time.
 * Ownership: the caller embeds it; all that is in it is lent until the next
 * fp_jsonitem_parse(). The line itself may go at once.
 * Failure: -1 with EINVAL, and `fault` says why; or with ENOMEM.
 */
#ifndef FP_JSONITEM_H
#define FP_JSONITEM_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"

/* Bytes of all header lines together: more than servers take. */
#define FP_JSONITEM_HEADERS_MAX 65536

#define FP_JSONITEM_BUFS 8

struct fp_jsonitem {
	/* Set for an item that fails too, as far as they could be read. */
	struct fp_text line; /* all of it; data NULL: it is no JSON */
	struct fp_text context; /* data NULL: none */
	const char *fault; /* NULL: it is an item */

	struct fp_text url; /* data NULL: none */
	struct fp_text method; /* data NULL: none */
	struct fp_text body; /* data NULL: none */
	bool body_is_json; /* to be sent as application/json */
	struct fp_text body_name; /* of the member that gave it; or len 0 */
	struct fp_text body_file; /* data NULL: none; of `body` there is none */
	const struct fp_formpart *form; /* the same */
	size_t n_form; /* 0: none */
	const struct fp_value *values; /* for the template's names */
	size_t n_values;
	const struct fp_text *headers; /* as curl takes them: "Name: value", */
	size_t n_headers; /* "Name;" without one; a NUL is behind each */

	/* Its own. */
	struct fp_json *json;
	struct fp_buf bufs[FP_JSONITEM_BUFS];
	bool out_of_memory;
	char message[160];
};

/* -1 with ENOMEM; fp_jsonitem_destroy() may be called all the same. */
int fp_jsonitem_init(struct fp_jsonitem *item);
void fp_jsonitem_destroy(struct fp_jsonitem *item);

/* Takes a line apart. 0, or -1 with EINVAL or ENOMEM. */
int fp_jsonitem_parse(struct fp_jsonitem *item, const char *line, size_t len);

#endif
