/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "recordmask.h"

#include "ascii.h"
#include "secret.h"

#include <string.h>

/* Where the JSON string ends that `at` is in the middle of. */
static size_t
recordmask_string_end(struct fp_text json, size_t at)
{
	while (at < json.len && json.data[at] != '"')
		at += json.data[at] == '\\' ? 2 : 1;
	return FP_MIN(at, json.len);
}

/* A part of a JSON string, without its escapes, and where in the JSON each byte
 * came from. What is looked for is ASCII. */
struct plain {
	size_t len;
	char text[2048];
	size_t from[2048 + 1];
};

/* What an escape stands for, or looks like, if that is ASCII, or else a letter,
 * for it ends no part of a URL; and how long it is. */
static char
recordmask_unescape(const char *at, size_t len, size_t *used)
{
	uint32_t code = 0;

	*used = FP_MIN(len, 2);
	if (len < 2 || at[1] != 'u')
		return len < 2 ? '\\' : at[1];
	*used = FP_MIN(len, 6);
	for (size_t i = 2; i < *used; i++)
		code = code << 4 | ((uint32_t)fp_ascii_hex_value(at[i]) & 15);
	return fp_secret_char_seen(code);
}

static void
make_plain(struct plain *plain, struct fp_text json, size_t at, size_t close)
{
	size_t used;

	for (plain->len = 0; at < close && plain->len < sizeof(plain->text);
		at += used) {
		char c = json.data[at];
		used = 1;
		if (c == '\\')
			c = recordmask_unescape(
				json.data + at, close - at, &used);
		plain->from[plain->len] = at;
		plain->text[plain->len++] = c;
	}
	plain->from[plain->len] = at;
}

/* Where the part behind this one begins: what stands at the end may be cut. */
static size_t
next_part(const struct plain *plain)
{
	size_t i = plain->len - 2;

	while (--i > 0) {
		if (memcmp(plain->text + i, "://", 3) == 0)
			return plain->from[i];
	}
	return plain->from[plain->len - 2];
}

/* Writes a JSON string from `done` on, up to `close`, but for the passwords in
 * what is behind `at`; returns how far it got. */
static size_t
write_masked(struct fp_pen *pen, struct fp_text json, size_t done, size_t at,
	size_t close)
{
	struct plain plain;
	struct fp_secret secret;
	size_t start, end;

	for (;; at = next_part(&plain)) {
		make_plain(&plain, json, at, close);
		fp_secret_begin(&secret, plain.text, plain.len, false);
		while (fp_secret_next(&secret, &start, &end)) {
			size_t from = plain.from[start];
			if (from >= done) {
				fp_pen_bytes(
					pen, json.data + done, from - done);
				fp_pen_bytes(pen, "***", 3);
			}
			done = FP_MAX(done, plain.from[end]);
		}
		if (plain.from[plain.len] == close)
			return done;
	}
}

/* The same for a string without escapes, however long. */
static size_t
write_unescaped(struct fp_pen *pen, struct fp_text json, size_t done, size_t at,
	size_t close)
{
	struct fp_secret secret;
	size_t start, end;

	fp_secret_begin(&secret, json.data + at, close - at, false);
	while (fp_secret_next(&secret, &start, &end)) {
		fp_pen_bytes(pen, json.data + done, at + start - done);
		fp_pen_bytes(pen, "***", 3);
		done = at + end;
	}
	return done;
}

void
fp_recordmask_json(struct fp_pen *pen, struct fp_text json)
{
	size_t done = 0;

	for (size_t at = 0; at < json.len; at++) {
		if (json.data[at] != '"')
			continue;
		size_t close = recordmask_string_end(json, at + 1);
		if (memchr(json.data + at, '\\', close - at))
			done = write_masked(pen, json, done, at + 1, close);
		else
			done = write_unescaped(pen, json, done, at, close);
		at = close;
	}
	fp_pen_bytes(pen, json.data + done, json.len - done);
}

void
fp_recordmask_text(struct fp_pen *pen, struct fp_text text, bool is_url)
{
	struct fp_secret secret;
	size_t done = 0, start, end;

	fp_pen_bytes(pen, "\"", 1);
	fp_secret_begin(&secret, text.data, text.len, is_url);
	while (fp_secret_next(&secret, &start, &end)) {
		fp_pen_inside(pen, text.data + done, start - done);
		fp_pen_bytes(pen, "***", 3);
		done = end;
	}
	if (done < text.len)
		fp_pen_inside(pen, text.data + done, text.len - done);
	fp_pen_bytes(pen, "\"", 1);
}
