/* SPDX-License-Identifier: MIT */
/*
 * As in jsonfind.c, for each path is kept how far the containers that are open
 * now go along it; a value that begins in the last of these, under the next
 * name, is the next step. At the end of a path the value is taken.
 */
#include "base.h"

#include "jsontake.h"

#include "jsonescape.h"
#include "jsonpointer.h"
#include "jsonstring.h"

#include <errno.h>
#include <string.h>

#define KEEP_BYTES 1024

enum take_state { TAKE_BETWEEN, TAKE_WORD, TAKE_STRING, TAKE_ESCAPE };

struct take_level {
	bool is_array;
	uint64_t index; /* of the element that is next, or now */
};

struct fp_jsontake {
	size_t n; /* paths */
	struct fp_jsonpath paths[FP_JSONTAKE_MAX];
	size_t on[FP_JSONTAKE_MAX]; /* containers open along each */
	struct fp_jsontaken taken[FP_JSONTAKE_MAX];
	char *bytes; /* the names */
	size_t n_most; /* names in the longest path */
	size_t key_max; /* bytes of the longest name as it may be written */

	enum take_state state;
	size_t depth; /* containers that are open */
	bool expects_key; /* the next string is a name */
	bool is_key; /* this string is */
	unsigned keeping; /* paths, a bit each, whose text this is */
	unsigned waiting; /* the same, for the first thing in a container */
	bool no_memory;
	size_t key_len; /* over key_max: longer than any name */
	struct take_level *levels; /* n_most + 1 of them */
	char *key;

	fp_jsontake_element *element; /* NULL: they are not wanted */
	void *element_arg;
	size_t array_depth; /* of the array that they are in; 0: in none */
	bool has_element; /* one has begun */
	const char *from; /* what of it was not given yet */
};

/* ---- made, and freed ---- */

static int
take_parse(struct fp_jsontake *take, const char *const *pointers)
{
	char *bytes = take->bytes;

	for (size_t i = 0; i < take->n; i++) {
		struct fp_jsonpath *path = &take->paths[i];
		size_t n = fp_jsonpointer_count(pointers[i]);

		path->names = calloc(n + 1, sizeof(path->names[0]));
		if (!path->names)
			return -1;
		if (!fp_jsonpointer_parse(path, pointers[i], &bytes)) {
			errno = EINVAL;
			return -1;
		}
		take->n_most = FP_MAX(take->n_most, path->n);
		for (size_t k = 0; k < path->n; k++)
			take->key_max = FP_MAX(take->key_max,
				path->names[k].len * FP_JSONESCAPE_LEN);
	}
	return 0;
}

struct fp_jsontake *
fp_jsontake_new(const char *const *pointers, size_t n)
{
	struct fp_jsontake *take = calloc(1, sizeof(*take));
	size_t len = 1;

	FP_ASSERT(n <= FP_JSONTAKE_MAX);
	if (!take)
		return NULL;
	take->n = n;
	for (size_t i = 0; i < n; i++)
		len += strlen(pointers[i]);
	take->bytes = malloc(len);
	int ret = take->bytes ? take_parse(take, pointers) : -1;
	int err = ret ? errno : ENOMEM;
	if (ret == 0) {
		take->levels = calloc(take->n_most + 1, sizeof(*take->levels));
		take->key = malloc(take->key_max + 1);
	}
	if (!take->levels || !take->key) {
		fp_jsontake_free(take);
		errno = err;
		return NULL;
	}
	fp_jsontake_reset(take);
	return take;
}

void
fp_jsontake_free(struct fp_jsontake *take)
{
	if (!take)
		return;
	for (size_t i = 0; i < take->n; i++) {
		free(take->paths[i].names);
		fp_buf_destroy(&take->taken[i].text);
	}
	free(take->bytes);
	free(take->levels);
	free(take->key);
	free(take);
}

void
fp_jsontake_set_element(
	struct fp_jsontake *take, fp_jsontake_element *element, void *arg)
{
	take->element = element;
	take->element_arg = arg;
}

static void
take_forget(struct fp_jsontaken *taken)
{
	taken->type = FP_JSONTAKE_ABSENT;
	taken->is_empty = taken->is_too_long = false;
	fp_buf_clear(&taken->text, KEEP_BYTES);
}

void
fp_jsontake_reset(struct fp_jsontake *take)
{
	take->state = TAKE_BETWEEN;
	take->depth = 0;
	take->expects_key = take->is_key = false;
	take->keeping = take->waiting = 0;
	take->key_len = take->array_depth = 0;
	take->has_element = take->no_memory = false;
	for (size_t i = 0; i < take->n; i++) {
		take->on[i] = 0;
		take_forget(&take->taken[i]);
	}
}

const struct fp_jsontaken *
fp_jsontake_get(const struct fp_jsontake *take, size_t i)
{
	return &take->taken[i];
}

const char *
fp_jsontake_type_words(enum fp_jsontake_type type)
{
	static const char *const words[] = {
		[FP_JSONTAKE_ABSENT] = "nothing",
		[FP_JSONTAKE_NULL] = "null",
		[FP_JSONTAKE_FALSE] = "false",
		[FP_JSONTAKE_TRUE] = "true",
		[FP_JSONTAKE_NUMBER] = "a number",
		[FP_JSONTAKE_STRING] = "a string",
		[FP_JSONTAKE_ARRAY] = "an array",
		[FP_JSONTAKE_OBJECT] = "an object",
	};

	return words[type];
}

/* ---- elements ---- */

/* Gives what there is of an element up to `p`. */
static int
give_element(struct fp_jsontake *take, const char *p, bool ends)
{
	size_t len = (size_t)(p - take->from);

	if (len == 0 && !ends)
		return 0;
	return take->element(take->element_arg, take->from, len, ends);
}

/* At a comma or the end of the array. */
static int
end_element(struct fp_jsontake *take, const char *p)
{
	int ret = take->has_element ? give_element(take, p, true) : 0;

	take->from = p + 1;
	take->has_element = *p == ',';
	return ret;
}

/* ---- values ---- */

/* The level of the innermost container; NULL: it is deeper than any path. */
static struct take_level *
take_innermost(struct fp_jsontake *take)
{
	size_t depth = take->depth;

	return depth > 0 && depth <= take->n_most ? &take->levels[depth - 1]
						  : NULL;
}

/* Whether the value that begins now is the next step of the path. */
static bool
take_is_next(struct fp_jsontake *take, size_t i)
{
	const struct fp_jsonpath *path = &take->paths[i];
	const struct take_level *level = take_innermost(take);

	if (take->on[i] != take->depth || take->depth > path->n)
		return false;
	if (take->depth == 0)
		return true;
	if (!level)
		return false;
	struct fp_text name = path->names[take->depth - 1];
	if (level->is_array)
		return fp_jsonpointer_is_index(name, level->index);
	return take->key_len <= take->key_max &&
	       fp_jsonpointer_is_key(name, take->key, take->key_len);
}

static enum fp_jsontake_type
type_of(char c)
{
	switch (c) {
	case '{':
		return FP_JSONTAKE_OBJECT;
	case '[':
		return FP_JSONTAKE_ARRAY;
	case '"':
		return FP_JSONTAKE_STRING;
	case 'n':
		return FP_JSONTAKE_NULL;
	case 'f':
		return FP_JSONTAKE_FALSE;
	case 't':
		return FP_JSONTAKE_TRUE;
	default:
		return FP_JSONTAKE_NUMBER;
	}
}

/* The value at the end of a path begins with this byte. */
static void
take_arrive(struct fp_jsontake *take, size_t i, const char *p)
{
	struct fp_jsontaken *taken = &take->taken[i];

	take_forget(taken);
	taken->type = type_of(*p);
	if (taken->type == FP_JSONTAKE_STRING ||
		taken->type == FP_JSONTAKE_NUMBER)
		take->keeping |= 1u << i;
	taken->is_empty = taken->type == FP_JSONTAKE_STRING;
	if (taken->type == FP_JSONTAKE_ARRAY ||
		taken->type == FP_JSONTAKE_OBJECT) {
		taken->is_empty = true;
		take->waiting |= 1u << i;
	}
	if (take->element && i == take->n - 1 && *p == '[') {
		take->array_depth = take->depth + 1;
		take->from = p + 1;
		take->has_element = false;
	}
}

static void
take_begin_value(struct fp_jsontake *take, const char *p)
{
	take->keeping = 0;
	if (take->depth > take->n_most)
		return;
	for (size_t i = 0; i < take->n; i++) {
		if (!take_is_next(take, i))
			continue;
		if (take->depth == take->paths[i].n)
			take_arrive(take, i, p);
		else if (*p == '{' || *p == '[')
			take->on[i] = take->depth + 1;
	}
}

/* Text of the values that are kept now. */
static void
take_keep(struct fp_jsontake *take, const char *data, size_t len)
{
	for (size_t i = 0; i < take->n; i++) {
		struct fp_jsontaken *taken = &take->taken[i];

		if (!(take->keeping & 1u << i) || taken->is_too_long)
			continue;
		taken->is_empty = false;
		if (taken->text.len + len > FP_JSONTAKE_BYTES_MAX) {
			taken->is_too_long = true;
			fp_buf_clear(&taken->text, 0);
		} else if (fp_buf_add(&taken->text, data, len)) {
			take->no_memory = true;
		}
	}
}

/* Something stands in the containers that were waited for, or they are at
 * their end. */
static void
take_end_waiting(struct fp_jsontake *take, char c)
{
	for (size_t i = 0; c != ']' && c != '}' && i < take->n; i++) {
		if (take->waiting & 1u << i)
			take->taken[i].is_empty = false;
	}
	take->waiting = 0;
}

static void
take_open(struct fp_jsontake *take, const char *p)
{
	take_begin_value(take, p);
	take->depth++;
	struct take_level *level = take_innermost(take);
	if (level)
		*level = (struct take_level){.is_array = *p == '['};
	take->expects_key = level && *p == '{';
}

static int
take_close(struct fp_jsontake *take, const char *p)
{
	int ret = 0;

	if (take->depth == 0)
		return 0;
	if (FP_UNLIKELY(take->array_depth == take->depth)) {
		ret = end_element(take, p);
		take->array_depth = 0;
	}
	for (size_t i = 0; i < take->n; i++) {
		if (take->on[i] == take->depth)
			take->on[i]--;
	}
	take->depth--;
	take->expects_key = false;
	return ret;
}

static int
take_comma(struct fp_jsontake *take, const char *p)
{
	struct take_level *level = take_innermost(take);

	if (level && level->is_array)
		level->index++;
	take->expects_key = level && !level->is_array;
	return take->array_depth == take->depth && take->depth > 0
		       ? end_element(take, p)
		       : 0;
}

/* A byte between strings. */
static int
take_between(struct fp_jsontake *take, const char *p)
{
	char c = *p;

	if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
		take->state = TAKE_BETWEEN;
		return 0;
	}
	if (take->waiting)
		take_end_waiting(take, c);
	if (take->array_depth > 0 && take->array_depth == take->depth &&
		c != ']' && c != ',')
		take->has_element = true;
	bool is_word = take->state == TAKE_WORD;
	take->state = TAKE_BETWEEN;
	switch (c) {
	case '{':
	case '[':
		take_open(take, p);
		return 0;
	case '}':
	case ']':
		return take_close(take, p);
	case ',':
		return take_comma(take, p);
	case ':':
		take->expects_key = false;
		return 0;
	case '"':
		take->is_key = take->expects_key;
		take->state = TAKE_STRING;
		if (take->is_key)
			take->key_len = 0;
		else
			take_begin_value(take, p);
		return 0;
	default:
		if (!is_word)
			take_begin_value(take, p);
		take->state = TAKE_WORD;
		if (take->keeping)
			take_keep(take, p, 1);
		return 0;
	}
}

/* Bytes of a string; of a name as many as there is room for, and one more says
 * that there is more. */
static void
take_in_string(struct fp_jsontake *take, const char *from, size_t n)
{
	size_t len = take->key_len, max = take->key_max;

	if (take->is_key) {
		if (len < max)
			memcpy(take->key + len, from, FP_MIN(n, max - len));
		take->key_len = FP_MIN(len + n, max + 1);
	} else if (take->keeping) {
		take_keep(take, from, n);
	}
}

static const char *
take_string(struct fp_jsontake *take, const char *p, const char *end)
{
	const char *from = p;

	if (take->state == TAKE_ESCAPE) {
		take->state = TAKE_STRING;
		p++;
	} else {
		p = fp_jsonstring_skip_plain(p, end);
		if (p == from && *p != '"') {
			take->state = *p == '\\' ? TAKE_ESCAPE : TAKE_STRING;
			p++;
		}
	}
	if (p > from) {
		take_in_string(take, from, (size_t)(p - from));
		return p;
	}
	take->is_key = false;
	take->keeping = 0;
	take->state = TAKE_BETWEEN;
	return p + 1;
}

int
fp_jsontake_feed(struct fp_jsontake *take, const char *data, size_t len)
{
	const char *p = data, *end = data + len;
	int ret = 0;

	take->from = data;
	while (p < end && ret == 0) {
		if (take->state == TAKE_STRING || take->state == TAKE_ESCAPE)
			p = take_string(take, p, end);
		else
			ret = take_between(take, p++);
	}
	if (ret == 0 && take->array_depth > 0 && take->has_element)
		ret = give_element(take, end, false);
	if (ret == 0 && take->no_memory) {
		errno = ENOMEM;
		ret = -1;
	}
	return ret;
}
