/* SPDX-License-Identifier: MIT */
/*
 * What the judge of the grammar gets to see is not the document but its
 * tokens, shortened where that changes nothing about the grammar:
 *
 *	the document	{ "name" : "J\u00f6rg",  "n":  [-12.50, true] }
 *	the tokens	{"":"","":[-12.50,true]}
 *
 * Strings were checked here to the last byte, so two quotes stand for each.
 * White space goes, but for one space that ends a word (a number or literal),
 * lest two words become one. In a word, of a run of digits the first DIGITS
 * are enough. So no token is long, however the server wrote it, and the judge
 * never has to hold more than a hundred bytes or so.
 *
 * The output is made of runs: bytes that stay as they are, up to the next
 * white space or member to leave out. `run` is where the present one began,
 * and only its end costs something, a copy.
 *
 * Picking works at one depth, `watch`, 1 inside a top-level object. After its
 * '{' and each of its ',' nothing is kept until the name has been read to its
 * closing quote; then the name decides on everything up to the next ',' or
 * '}'. A name that is cut by the end of a slice is held; one that is longer
 * than any name in the lists can be, however escaped, is in no list, and need
 * not be held. Commas are left out, and written anew before each kept name
 * but the first.
 *
 * What the grammar forbids may lead all this astray (a '}' too many, a name
 * without its comma); that does no harm, because the judge then rejects the
 * document, and no such byte makes more output than input.
 */
#include "base.h"

#include "jsonscan.h"

#include <limits.h>
#include <string.h>

#define NEVER UINT_MAX
#define DIGITS 32

enum { BAD, SPACE, QUOTE, WORD, COLON, COMMA, OPEN, CLOSE };

/* What a byte between tokens is. */
/* clang-format off */
static const unsigned char classes[256] = {
	['\t'] = SPACE, ['\n'] = SPACE, ['\r'] = SPACE, [' '] = SPACE,
	['"'] = QUOTE, [':'] = COLON, [','] = COMMA,
	['['] = OPEN, ['{'] = OPEN, [']'] = CLOSE, ['}'] = CLOSE,
	['0'] = WORD, ['1'] = WORD, ['2'] = WORD, ['3'] = WORD, ['4'] = WORD,
	['5'] = WORD, ['6'] = WORD, ['7'] = WORD, ['8'] = WORD, ['9'] = WORD,
	['+'] = WORD, ['-'] = WORD, ['.'] = WORD, ['E'] = WORD, ['e'] = WORD,
	['a'] = WORD, ['f'] = WORD, ['l'] = WORD, ['n'] = WORD, ['r'] = WORD,
	['s'] = WORD, ['t'] = WORD, ['u'] = WORD,
};
/* clang-format on */

static inline unsigned char
jsonscan_class_of(char c)
{
	return classes[(unsigned char)c];
}

bool
fp_jsonscan_is_word(char c)
{
	return jsonscan_class_of(c) == WORD;
}

void
fp_jsonscan_init(struct fp_jsonscan *scan, const struct fp_jsonpick *names,
	char *held, size_t held_max)
{
	*scan = (struct fp_jsonscan){
		.state = FP_JSONSCAN_START,
		.watch = NEVER,
		.keep = true,
		.names = names,
		.held = held,
		.held_max = held_max,
	};
}

/* The scanner is at `p`, and something is wrong with the byte `back` bytes
 * before it. */
static const char *
jsonscan_fail(struct fp_jsonscan *scan, enum fp_jsonscan_fault fault,
	const char *p, size_t back)
{
	scan->state = FP_JSONSCAN_FAULT;
	scan->fault = fault;
	scan->fault_at = scan->offset + (uint64_t)(p - scan->data) - back;
	return p;
}

const char *
fp_jsonscan_reason(enum fp_jsonscan_fault fault)
{
	switch (fault) {
	case FP_JSONSCAN_FINE:
		break;
	case FP_JSONSCAN_BYTE:
		return "unexpected byte";
	case FP_JSONSCAN_CONTROL:
		return "control character in a string";
	case FP_JSONSCAN_ESCAPE:
		return "unknown escape in a string";
	case FP_JSONSCAN_HEX:
		return "\\u without four hex digits";
	case FP_JSONSCAN_UTF8:
		return "invalid UTF-8";
	case FP_JSONSCAN_DEPTH:
		return "nested too deeply";
	}
	return "nothing";
}

/* ---- output ---- */

static void
jsonscan_put(struct fp_jsonscan *scan, const char *data, size_t len)
{
	memcpy(scan->out, data, len);
	scan->out += len;
}

/* Ends the run at `p`. The copy of a short one is of a fixed size, which is
 * much cheaper; there is room for it, as more input than that is to come. */
static inline void
end_run(struct fp_jsonscan *scan, const char *p)
{
	size_t len = (size_t)(p - scan->run);

	if (!scan->keep)
		return;
	if (len <= 16 && scan->end - scan->run >= 16) {
		memcpy(scan->out, scan->run, 16);
		scan->out += len;
	} else {
		jsonscan_put(scan, scan->run, len);
	}
}

/* ---- picking ---- */

static void
begin_key(struct fp_jsonscan *scan, const char *p)
{
	scan->key_next = false;
	scan->in_key = true;
	scan->key = p;
	scan->held_len = 0;
}

/* What is known of the name is the held part and `key` up to `p`. */
static void
jsonscan_decide(struct fp_jsonscan *scan, bool wanted)
{
	scan->in_key = false;
	scan->keep = wanted;
	scan->run = scan->key;
	if (wanted) {
		if (scan->comma && scan->any_kept)
			jsonscan_put(scan, ",", 1);
		jsonscan_put(scan, scan->held, scan->held_len);
		scan->any_kept = true;
	}
	scan->comma = false;
	scan->held_len = 0;
}

/* Adds the name's bytes up to `p` to the held part. false: it is longer than
 * any in the lists, which decides it. */
static bool
hold_key(struct fp_jsonscan *scan, const char *p)
{
	size_t len = (size_t)(p - scan->key);

	if (len > scan->held_max - scan->held_len) {
		jsonscan_decide(scan, fp_jsonpick_wants_others(scan->names));
		return false;
	}
	memcpy(scan->held + scan->held_len, scan->key, len);
	scan->held_len += len;
	scan->key = p;
	return true;
}

/* `p` is behind the closing quote. */
static void
end_key(struct fp_jsonscan *scan, const char *p)
{
	const char *key = scan->key;
	size_t len = (size_t)(p - key);

	if (scan->held_len > 0) {
		if (!hold_key(scan, p))
			return;
		key = scan->held;
		len = scan->held_len;
	}
	bool wanted = fp_jsonpick_wants(scan->names, key, len);
	scan->has_refused |=
		wanted && fp_jsonpick_refuses(scan->names, key, len);
	jsonscan_decide(scan, wanted);
}

/* Keeps nothing from `p` on until the next name was read. */
static void
await_key(struct fp_jsonscan *scan, const char *p)
{
	end_run(scan, p);
	scan->keep = false;
	scan->key_next = true;
}

/* The top-level value begins at `p` with a bracket. */
static void
open_top(struct fp_jsonscan *scan, const char *p)
{
	scan->is_object = *p == '{';
	if (scan->is_object && fp_jsonpick_any(scan->names)) {
		scan->watch = 1;
		await_key(scan, p + 1);
	}
}

/* It ends at `p`; everything is kept again. */
static void
close_top(struct fp_jsonscan *scan, const char *p)
{
	end_run(scan, p);
	scan->keep = true;
	scan->run = p;
}

/* ---- tokens ---- */

/* Most white space is indentation: after each byte of it, up to eight spaces
 * are skipped together. */
static inline const char *
jsonscan_skip_space(const char *p, const char *end)
{
	while (p < end && jsonscan_class_of(*p) == SPACE) {
		p++;
#ifdef FP_EIGHT_AT_ONCE
		if (end - p >= 8) {
			uint64_t other = fp_jsonstring_eight(p) ^ FP_EACH(' ');
			p += other ? fp_jsonstring_eight_first(other) : 8;
		}
#endif
	}
	return p;
}

/* Shows the judge a part of a word, `count` digits in a row before it. */
static char *
copy_digits(
	struct fp_jsonscan *scan, const char *p, const char *end, char *tokens)
{
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			scan->count = 0;
		else if (scan->count < DIGITS)
			scan->count++;
		else
			continue;
		*tokens++ = *p;
	}
	return tokens;
}

/* Goes on in a word. It is over only when something else follows, so one at
 * the end of a slice is not. */
static inline const char *
scan_word(
	struct fp_jsonscan *scan, const char *p, const char *end, char **tokens)
{
	const char *start = p;
	char *t = *tokens;

	while (p < end && jsonscan_class_of(*p) == WORD)
		*t++ = *p++;
	if (FP_UNLIKELY(p - start > DIGITS || p == end))
		t = copy_digits(scan, start, p, *tokens);
	if (FP_UNLIKELY(p == end))
		scan->state = FP_JSONSCAN_WORD;
	else if (jsonscan_class_of(*p) == SPACE)
		*t++ = ' ';
	*tokens = t;
	return p;
}

/* Goes on in a string; at its end the state is BETWEEN. */
static const char *
scan_string(struct fp_jsonscan *scan, const char *p, const char *end)
{
	p = fp_jsonstring_scan(&scan->string, p, end);
	switch (scan->string.state) {
	case FP_JSONSTRING_ENDED:
		scan->state = FP_JSONSCAN_BETWEEN;
		return p;
	case FP_JSONSTRING_BAD_CONTROL:
		return jsonscan_fail(scan, FP_JSONSCAN_CONTROL, p, 0);
	case FP_JSONSTRING_BAD_ESCAPE:
		return jsonscan_fail(scan, FP_JSONSCAN_ESCAPE, p, 0);
	case FP_JSONSTRING_BAD_HEX:
		return jsonscan_fail(scan, FP_JSONSCAN_HEX, p, 0);
	case FP_JSONSTRING_BAD_UTF8:
		return jsonscan_fail(
			scan, FP_JSONSCAN_UTF8, p, scan->string.utf8.have);
	default:
		scan->state = FP_JSONSCAN_STRING;
		return p;
	}
}

/* Goes on between tokens. */
static const char *
scan_tokens(
	struct fp_jsonscan *scan, const char *p, const char *end, char **tokens)
{
	char *t = *tokens;
	const char *start;

	while (p < end) {
		start = p;
		switch (jsonscan_class_of(*p)) {
		case QUOTE:
			if (scan->key_next && scan->depth == scan->watch)
				begin_key(scan, p);
			*t++ = '"';
			p = fp_jsonstring_skip_plain(p + 1, end);
			if (p < end && *p == '"') {
				p++;
			} else {
				scan->string.state = FP_JSONSTRING_INSIDE;
				p = scan_string(scan, p, end);
				if (scan->state != FP_JSONSCAN_BETWEEN)
					goto cut;
			}
			*t++ = '"';
			if (scan->in_key)
				end_key(scan, p);
			break;
		case WORD:
			scan->count = 0;
			p = scan_word(scan, p, end, &t);
			if (p == end)
				goto cut;
			break;
		case COLON:
			*t++ = *p++;
			break;
		case COMMA:
			if (scan->depth == scan->watch) {
				await_key(scan, p);
				scan->comma = true;
			}
			*t++ = *p++;
			break;
		case OPEN:
			if (scan->depth == FP_JSONSCAN_DEPTH_MAX) {
				jsonscan_fail(scan, FP_JSONSCAN_DEPTH, p, 0);
				goto cut;
			}
			if (scan->depth++ == 0)
				open_top(scan, p);
			*t++ = *p++;
			break;
		case CLOSE:
			if (scan->depth == scan->watch)
				close_top(scan, p);
			scan->depth -= scan->depth > 0;
			*t++ = *p++;
			break;
		case SPACE:
			end_run(scan, p);
			p = jsonscan_skip_space(p, end);
			scan->run = p;
			break;
		default:
			jsonscan_fail(scan, FP_JSONSCAN_BYTE, p, 0);
			goto cut;
		}
	}
	*tokens = t;
	return p;

cut:
	scan->token_at = scan->offset + (uint64_t)(start - scan->data);
	*tokens = t;
	return p;
}

static const char *
skip_mark(struct fp_jsonscan *scan, const char *p, const char *end)
{
	static const char mark[] = "\xef\xbb\xbf";

	while (p < end && scan->count < sizeof(mark) - 1) {
		if (*p != mark[scan->count])
			return jsonscan_fail(
				scan, FP_JSONSCAN_BYTE, p, scan->count);
		p++;
		scan->count++;
	}
	if (scan->count == sizeof(mark) - 1)
		scan->state = FP_JSONSCAN_BETWEEN;
	scan->run = p;
	return p;
}

/* Ends what the slice before was cut in, if that happens in this one. */
static const char *
jsonscan_resume(
	struct fp_jsonscan *scan, const char *p, const char *end, char **tokens)
{
	switch (scan->state) {
	case FP_JSONSCAN_START:
		scan->state = FP_JSONSCAN_BETWEEN;
		if (*p != '\xef')
			break;
		scan->state = FP_JSONSCAN_MARK;
		/* fall through */
	case FP_JSONSCAN_MARK:
		return skip_mark(scan, p, end);
	case FP_JSONSCAN_WORD:
		scan->state = FP_JSONSCAN_BETWEEN;
		if (jsonscan_class_of(*p) == WORD)
			return scan_word(scan, p, end, tokens);
		*(*tokens)++ = ' ';
		break;
	case FP_JSONSCAN_STRING:
		p = scan_string(scan, p, end);
		if (scan->state != FP_JSONSCAN_BETWEEN)
			break;
		*(*tokens)++ = '"';
		if (scan->in_key)
			end_key(scan, p);
		break;
	case FP_JSONSCAN_BETWEEN:
	case FP_JSONSCAN_FAULT:
		break;
	}
	return p;
}

bool
fp_jsonscan_run(struct fp_jsonscan *scan, struct fp_jsonslice *slice)
{
	const char *p = slice->data;
	const char *end = p + slice->len;
	char *tokens = slice->tokens;

	slice->n_tokens = 0;
	slice->n_out = 0;
	if (scan->state == FP_JSONSCAN_FAULT)
		return false;
	if (slice->len == 0)
		return true;
	scan->data = p;
	scan->end = end;
	scan->run = p;
	scan->key = p;
	scan->out = slice->out;

	p = jsonscan_resume(scan, p, end, &tokens);
	if (scan->state == FP_JSONSCAN_BETWEEN)
		p = scan_tokens(scan, p, end, &tokens);
	if (scan->state == FP_JSONSCAN_FAULT)
		*tokens++ = ' '; /* a word before the fault may be wrong too */
	if (!scan->in_key || !hold_key(scan, p))
		end_run(scan, p);

	scan->started |= tokens > slice->tokens;
	scan->offset += (uint64_t)(p - slice->data);
	slice->n_tokens = (size_t)(tokens - slice->tokens);
	slice->n_out = (size_t)(scan->out - slice->out);
	return scan->state != FP_JSONSCAN_FAULT;
}
