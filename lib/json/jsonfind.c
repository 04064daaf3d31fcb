/* SPDX-License-Identifier: MIT */
/*
 * Each place is a path: a row of names. For each path is kept how far the
 * containers that are open now go along it. A value that begins in the last of
 * these, under the next name, is the next step: a container to go into, or, at
 * the end of the path, the value that was looked for. So of each document only
 * numbers are kept, and of each name what is needed to compare it.
 *
 * A pointer makes three paths: its own, and two where the text may be.
 */
#include "base.h"

#include "jsonfind.h"

#include "ascii.h"
#include "jsonescape.h"
#include "jsonpointer.h"
#include "jsonstring.h"

#include <errno.h>
#include <string.h>

#define PATHS_EACH 3

struct fp_pointers {
	const char *const *texts;
	size_t n_paths;
	struct fp_jsonpath *paths;
	size_t n_most; /* names in the longest path */
	size_t key_max; /* bytes of the longest name as a document may write it
			 */
	char *bytes; /* the names */
};

struct level {
	bool is_array;
	uint64_t index; /* of the element that is next, or now */
};

enum state { BETWEEN, WORD, STRING, ESCAPE };

struct fp_jsonfind {
	const struct fp_pointers *pointers;
	enum state state;
	size_t depth; /* containers that are open */
	bool expects_key; /* the next string is a name */
	bool is_key; /* this string is */
	bool is_kept; /* this string is the text */
	size_t waits; /* for the first byte in it: this path + 1 */
	size_t found; /* this path + 1; 0: nothing yet */
	size_t key_len; /* over key_max: longer than any name */
	size_t text_len; /* over the maximum: too long */
	bool has_text;
	char text[FP_JSONFIND_TEXT_MAX];
	struct level *levels; /* n_most + 1 of them */
	size_t *on; /* containers open along each path */
	char *key;
};

/* ---- pointers ---- */

/* The paths where the text may be: "message", "0/message" behind it. */
static void
lengthen(struct fp_jsonpath *paths)
{
	static const struct fp_text more[] = {{"0", 1}, {"message", 7}};

	for (size_t i = 1; i < PATHS_EACH; i++) {
		struct fp_jsonpath *path = &paths[i];
		memcpy(path->names, paths[0].names,
			paths[0].n * sizeof(path->names[0]));
		path->n = paths[0].n;
		if (i == 2)
			path->names[path->n++] = more[0];
		path->names[path->n++] = more[1];
	}
}

static int
add_pointer(struct fp_pointers *pointers, const char *text, char **bytes)
{
	struct fp_jsonpath *paths = &pointers->paths[pointers->n_paths];
	size_t room = fp_jsonpointer_count(text) + PATHS_EACH;

	for (size_t i = 0; i < PATHS_EACH; i++) {
		paths[i].names = calloc(room, sizeof(struct fp_text));
		if (!paths[i].names)
			return -1;
		pointers->n_paths++;
	}
	if (!fp_jsonpointer_parse(&paths[0], text, bytes)) {
		errno = EINVAL;
		return -1;
	}
	lengthen(paths);
	pointers->n_most = FP_MAX(pointers->n_most, paths[2].n);
	for (size_t i = 0; i < paths[2].n; i++) {
		size_t len = paths[2].names[i].len * FP_JSONESCAPE_LEN;
		pointers->key_max = FP_MAX(pointers->key_max, len);
	}
	return 0;
}

struct fp_pointers *
fp_jsonfind_pointers_new(const char *const *texts, size_t n)
{
	struct fp_pointers *pointers = calloc(1, sizeof(*pointers));
	size_t len = 1;

	if (!pointers)
		return NULL;
	for (size_t i = 0; i < n; i++)
		len += strlen(texts[i]);
	pointers->texts = texts;
	pointers->bytes = malloc(len);
	pointers->paths = calloc(n * PATHS_EACH, sizeof(struct fp_jsonpath));
	if (!pointers->bytes || !pointers->paths) {
		fp_jsonfind_pointers_free(pointers);
		return NULL;
	}
	char *bytes = pointers->bytes;
	for (size_t i = 0; i < n; i++) {
		if (add_pointer(pointers, texts[i], &bytes)) {
			int err = errno;
			fp_jsonfind_pointers_free(pointers);
			errno = err;
			return NULL;
		}
	}
	return pointers;
}

void
fp_jsonfind_pointers_free(struct fp_pointers *pointers)
{
	if (!pointers)
		return;
	for (size_t i = 0; i < pointers->n_paths; i++)
		free(pointers->paths[i].names);
	free(pointers->paths);
	free(pointers->bytes);
	free(pointers);
}

/* ---- documents ---- */

struct fp_jsonfind *
fp_jsonfind_new(const struct fp_pointers *pointers)
{
	size_t levels = (pointers->n_most + 1) * sizeof(struct level);
	size_t on = pointers->n_paths * sizeof(size_t);
	struct fp_jsonfind *find =
		malloc(sizeof(*find) + levels + on + pointers->key_max + 1);

	if (!find)
		return NULL;
	find->pointers = pointers;
	find->levels = (struct level *)(find + 1);
	find->on = (size_t *)((char *)find->levels + levels);
	find->key = (char *)find->on + on;
	fp_jsonfind_reset(find);
	return find;
}

void
fp_jsonfind_free(struct fp_jsonfind *find)
{
	free(find);
}

void
fp_jsonfind_reset(struct fp_jsonfind *find)
{
	find->state = BETWEEN;
	find->depth = 0;
	find->expects_key = find->is_key = find->is_kept = false;
	find->waits = find->found = 0;
	find->key_len = find->text_len = 0;
	find->has_text = false;
	memset(find->on, 0, find->pointers->n_paths * sizeof(find->on[0]));
}

/* The level of the innermost container; NULL: it is deeper than any path. */
static struct level *
innermost(struct fp_jsonfind *find)
{
	size_t depth = find->depth;

	return depth > 0 && depth <= find->pointers->n_most
		       ? &find->levels[depth - 1]
		       : NULL;
}

/* Whether the value that begins now is the next step of the path. */
static bool
is_next(struct fp_jsonfind *find, size_t i)
{
	const struct fp_jsonpath *path = &find->pointers->paths[i];
	const struct level *level = innermost(find);

	if (find->on[i] != find->depth || find->depth > path->n)
		return false;
	if (find->depth == 0)
		return true;
	if (!level)
		return false;
	struct fp_text name = path->names[find->depth - 1];
	if (level->is_array)
		return fp_jsonpointer_is_index(name, level->index);
	return find->key_len <= find->pointers->key_max &&
	       fp_jsonpointer_is_key(name, find->key, find->key_len);
}

/* A value at the end of a path begins with this byte. */
static void
arrive(struct fp_jsonfind *find, size_t i, char c)
{
	bool is_own = i % PATHS_EACH == 0;

	if (is_own && !find->found && !find->waits) {
		if (c == '{' || c == '[' || c == '"')
			find->waits = i + 1;
		else if (c != 'n' && c != 'f')
			find->found = i + 1;
	}
	if (c == '"' && !find->has_text &&
		(is_own ? find->waits == i + 1
			: find->found == i - i % PATHS_EACH + 1)) {
		find->is_kept = true;
		find->text_len = 0;
	}
}

static void
begin_value(struct fp_jsonfind *find, char c)
{
	const struct fp_pointers *pointers = find->pointers;

	if (find->depth > pointers->n_most)
		return;
	for (size_t i = 0; i < pointers->n_paths; i++) {
		if (!is_next(find, i))
			continue;
		if (find->depth == pointers->paths[i].n)
			arrive(find, i, c);
		else if (c == '{' || c == '[')
			find->on[i] = find->depth + 1;
	}
}

static void
open_container(struct fp_jsonfind *find, bool is_array)
{
	find->depth++;
	struct level *level = innermost(find);
	if (level)
		*level = (struct level){.is_array = is_array};
	find->expects_key = level && !is_array;
}

static void
close_container(struct fp_jsonfind *find)
{
	if (find->depth == 0)
		return;
	for (size_t i = 0; i < find->pointers->n_paths; i++) {
		if (find->on[i] == find->depth)
			find->on[i]--;
	}
	find->depth--;
	find->expects_key = false;
}

/* A byte between strings; of words, only the first one counts. */
static void
take_byte(struct fp_jsonfind *find, char c)
{
	struct level *level;

	if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
		find->state = BETWEEN;
		return;
	}
	if (find->waits) {
		if (c != '}' && c != ']')
			find->found = find->waits;
		find->waits = 0;
	}
	bool is_word = find->state == WORD;
	find->state = BETWEEN;
	switch (c) {
	case '{':
	case '[':
		begin_value(find, c);
		open_container(find, c == '[');
		break;
	case '}':
	case ']':
		close_container(find);
		break;
	case ',':
		level = innermost(find);
		if (level && level->is_array)
			level->index++;
		find->expects_key = level && !level->is_array;
		break;
	case ':':
		find->expects_key = false;
		break;
	case '"':
		find->is_key = find->expects_key;
		find->state = STRING;
		if (find->is_key)
			find->key_len = 0;
		else
			begin_value(find, c);
		break;
	default:
		if (!is_word)
			begin_value(find, c);
		find->state = WORD;
		break;
	}
}

/* Bytes of a string; those of names and of the text are kept, as far as there
 * is room: one more says that there is more. */
static void
jsonfind_keep(char *to, size_t *len, size_t max, const char *from, size_t n)
{
	size_t room = *len < max ? max - *len : 0;

	memcpy(to + FP_MIN(*len, max), from, FP_MIN(n, room));
	*len = FP_MIN(*len + n, max + 1);
}

static void
take_inside(struct fp_jsonfind *find, const char *from, size_t n)
{
	if (find->is_key)
		jsonfind_keep(find->key, &find->key_len,
			find->pointers->key_max, from, n);
	else if (find->is_kept)
		jsonfind_keep(find->text, &find->text_len, FP_JSONFIND_TEXT_MAX,
			from, n);
	if (find->waits) {
		find->found = find->waits;
		find->waits = 0;
	}
}

static void
end_string(struct fp_jsonfind *find)
{
	find->waits = 0; /* the string is empty */
	find->has_text |= find->is_kept && find->text_len > 0;
	find->is_kept = find->is_key = false;
	find->state = BETWEEN;
}

static const char *
jsonfind_take_string(struct fp_jsonfind *find, const char *p, const char *end)
{
	const char *from = p;

	if (find->state == ESCAPE) {
		find->state = STRING;
		p++;
	} else {
		p = fp_jsonstring_skip_plain(p, end);
		if (p == from && *p != '"') {
			find->state = *p == '\\' ? ESCAPE : STRING;
			p++;
		}
	}
	if (p > from) {
		take_inside(find, from, (size_t)(p - from));
		return p;
	}
	end_string(find);
	return p + 1;
}

void
fp_jsonfind_feed(struct fp_jsonfind *find, const char *data, size_t len)
{
	const char *p = data, *end = data + len;

	while (p < end) {
		if (find->state == STRING || find->state == ESCAPE)
			p = jsonfind_take_string(find, p, end);
		else
			take_byte(find, *p++);
	}
}

const char *
fp_jsonfind_found(const struct fp_jsonfind *find)
{
	return find->found
		       ? find->pointers->texts[(find->found - 1) / PATHS_EACH]
		       : NULL;
}

int
fp_jsonfind_text(const struct fp_jsonfind *find, struct fp_buf *to)
{
	const char *p = find->text, *end = p + find->text_len;
	char utf8[4];
	size_t len, n;

	if (!find->has_text || find->text_len > FP_JSONFIND_TEXT_MAX)
		return 0;
	for (; p < end; p += n) {
		n = fp_jsonpointer_read(p, end, utf8, &len);
		if (n == 0 || utf8[0] == '\0')
			return 0;
		if (fp_buf_add(to, utf8, len))
			return -1;
	}
	return 0;
}
