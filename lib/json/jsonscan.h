/* SPDX-License-Identifier: MIT */
/*
 * jsonscan: goes over the bytes of a JSON document, slice by slice, and parts
 * them in two: what is to be kept of them, and the tokens for the judge of the
 * grammar to see. It answers itself for everything below the grammar: the
 * encoding, strings to their last escape, white space, the depth.
 *
 * Threads: none; a scanner belongs to one thread.
 * Ownership: the caller embeds it and lends it the names and the room to hold
 * a member's name in.
 * Failure: a fault is an answer; its kind and place stand in the struct.
 */
#ifndef FP_JSONSCAN_H
#define FP_JSONSCAN_H

#include "base.h"

#include "jsonpick.h"
#include "jsonstring.h"

#define FP_JSONSCAN_DEPTH_MAX 1024

enum fp_jsonscan_fault {
	FP_JSONSCAN_FINE,
	FP_JSONSCAN_BYTE, /* between tokens, and begins none */
	FP_JSONSCAN_CONTROL, /* a control character in a string */
	FP_JSONSCAN_ESCAPE, /* an escape that JSON does not have */
	FP_JSONSCAN_HEX, /* \u without four hex digits */
	FP_JSONSCAN_UTF8, /* fault_at: the character's first byte */
	FP_JSONSCAN_DEPTH,
};

/* Where in the document a slice may end. */
enum fp_jsonscan_state {
	FP_JSONSCAN_START, /* before the first byte */
	FP_JSONSCAN_MARK, /* in a byte-order mark */
	FP_JSONSCAN_BETWEEN, /* between tokens */
	FP_JSONSCAN_WORD, /* in a number or literal, or right behind it */
	FP_JSONSCAN_STRING,
	FP_JSONSCAN_FAULT,
};

struct fp_jsonscan {
	/* For the caller to read. */
	enum fp_jsonscan_state state;
	enum fp_jsonscan_fault fault;
	uint64_t offset; /* bytes of the document scanned so far */
	uint64_t fault_at;
	uint64_t token_at; /* where the last token began that was cut */
	unsigned depth;
	bool started; /* a token was seen */
	bool is_object;

	/* The scanner's own. */
	unsigned watch; /* the depth at which members are picked, or NEVER */
	unsigned count; /* of BOM bytes, or of a word's digits in a row */
	struct fp_jsonstring string;
	const char *data; /* the slice */
	const char *end;

	/* Output: everything from `run` to where the scanner is will be
	 * copied, or left out. */
	bool keep;
	const char *run;
	char *out;

	/* Picking. */
	const struct fp_jsonpick *names;
	bool key_next; /* a string at the watched depth is a name */
	bool in_key; /* now in one, since `key` or the slice's beginning */
	bool comma; /* one was left out before this name */
	bool any_kept;
	bool has_refused; /* a member that stays has the refused name */
	const char *key;
	char *held; /* the name's part in slices before, `held_max` at most */
	size_t held_len;
	size_t held_max;
};

struct fp_jsonslice {
	const char *data;
	size_t len;
	char *tokens; /* room: FP_JSONSCAN_TOKEN_ROOM(len) */
	size_t n_tokens;
	char *out; /* room: fp_jsonscan_out_room() */
	size_t n_out;
};

/* `held` has room for fp_jsonpick_longest(names) bytes. */
void fp_jsonscan_init(struct fp_jsonscan *scan, const struct fp_jsonpick *names,
	char *held, size_t held_max);

/* Scans one slice and fills tokens and out; their counts are set, not added
 * to. false: a fault; what was scanned before it still is in `tokens`, for the
 * judge may have an objection that comes first. */
bool fp_jsonscan_run(struct fp_jsonscan *scan, struct fp_jsonslice *slice);

/* What is wrong, in some words. */
const char *fp_jsonscan_reason(enum fp_jsonscan_fault fault);

/* Whether this byte can be part of a number or literal. */
bool fp_jsonscan_is_word(char c);

#define FP_JSONSCAN_TOKEN_ROOM(len) ((len) + 2)

static inline size_t
fp_jsonscan_out_room(const struct fp_jsonscan *scan, size_t len)
{
	return 1 + scan->held_len + len; /* a comma, the name, the slice */
}

#endif
