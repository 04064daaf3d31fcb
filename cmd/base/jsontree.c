/* SPDX-License-Identifier: MIT */
/*
 * Nodes and texts are in blocks, which are freed together. Texts are decoded in
 * a copy of the document, in which they only get shorter.
 */
#include "base.h"

#include "jsontree.h"

#include "utf8.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 32
#define BLOCK_NODES 256
#define NUMBER_MAX 1e300

struct node_block {
	struct node_block *next;
	size_t n;
	struct fp_jsonnode nodes[BLOCK_NODES];
};

struct fp_jsontree {
	struct node_block *blocks;
	char *copy; /* of the document, with a NUL */
	char *at, *end;
	bool no_memory;
	struct fp_jsonnode *root;
};

static struct fp_jsonnode *tree_read_value(struct fp_jsontree *tree, int depth);

static struct fp_jsonnode *
tree_new_node(struct fp_jsontree *tree, enum fp_jsontree_type type)
{
	struct node_block *block = tree->blocks;

	if (!block || block->n == BLOCK_NODES) {
		block = calloc(1, sizeof(*block));
		if (!block) {
			tree->no_memory = true;
			return NULL;
		}
		block->next = tree->blocks;
		tree->blocks = block;
	}
	struct fp_jsonnode *node = &block->nodes[block->n++];
	node->type = type;
	return node;
}

static void
tree_skip_space(struct fp_jsontree *tree)
{
	while (tree->at < tree->end && strchr(" \t\r\n", *tree->at) &&
		*tree->at)
		tree->at++;
}

static bool
tree_take_char(struct fp_jsontree *tree, char c)
{
	tree_skip_space(tree);
	if (tree->at >= tree->end || *tree->at != c)
		return false;
	tree->at++;
	return true;
}

/* ---- strings ---- */

/* -1: not four digits. */
static int32_t
tree_read_hex(const char *at, const char *end)
{
	int32_t code = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF";
		const char *digit = at[i] ? strchr(digits, at[i]) : NULL;
		if (!digit)
			return -1;
		code = code * 16 + (int32_t)((digit - digits) % 16);
	}
	return code;
}

static char *
tree_put_utf8(char *to, uint32_t code)
{
	if (code < 0x80) {
		*to++ = (char)code;
	} else if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	} else {
		*to++ = (char)(0xf0 | code >> 18);
		*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	}
	return to;
}

/* "\uXXXX", of which "\u" is read, perhaps with the other half of a pair. What
 * is no character, or could not be in a C string, is U+FFFD. */
static bool
tree_read_code(struct fp_jsontree *tree, char **to)
{
	int32_t code = tree_read_hex(tree->at, tree->end);

	if (code < 0)
		return false;
	tree->at += 4;
	if (code >= 0xd800 && code < 0xdc00 && tree->end - tree->at >= 6 &&
		tree->at[0] == '\\' && tree->at[1] == 'u') {
		int32_t low = tree_read_hex(tree->at + 2, tree->end);
		if (low >= 0xdc00 && low < 0xe000) {
			tree->at += 6;
			code = 0x10000 + ((code - 0xd800) << 10) +
			       (low - 0xdc00);
		}
	}
	if (code == 0 || (code >= 0xd800 && code < 0xe000))
		code = 0xfffd;
	*to = tree_put_utf8(*to, (uint32_t)code);
	return true;
}

static bool
tree_read_escape(struct fp_jsontree *tree, char **to)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";

	if (tree->at >= tree->end)
		return false;
	char c = *tree->at++;
	if (c == 'u')
		return tree_read_code(tree, to);
	const char *found = c ? strchr(from, c) : NULL;
	if (!found)
		return false;
	*(*to)++ = into[found - from];
	return true;
}

/* Its first quote is read. NULL: it is none. */
static char *
tree_read_string(struct fp_jsontree *tree)
{
	char *start = tree->at, *to = start;
	uint32_t code;

	while (tree->at < tree->end && *tree->at != '"') {
		unsigned char c = (unsigned char)*tree->at;
		if (c == '\\') {
			tree->at++;
			if (!tree_read_escape(tree, &to))
				return NULL;
			continue;
		}
		size_t n = fp_utf8_next(
			tree->at, (size_t)(tree->end - tree->at), &code);
		if (c < 0x20 || n == 0)
			return NULL;
		memmove(to, tree->at, n);
		to += n;
		tree->at += n;
	}
	if (tree->at >= tree->end)
		return NULL;
	tree->at++;
	*to = '\0';
	return start;
}

/* ---- values ---- */

static struct fp_jsonnode *
tree_read_number(struct fp_jsontree *tree)
{
	char *start = tree->at, *after;
	size_t len = strspn(start, "+-0123456789.eE");
	struct fp_jsonnode *node = tree_new_node(tree, FP_JSONTREE_NUMBER);

	if (!node || len == 0 || len > 60)
		return NULL;
	char text[64];
	memcpy(text, start, len);
	text[len] = '\0';
	node->number = strtod(text, &after);
	if (*after || start[0] == '+' || start[0] == '.' ||
		!(node->number < NUMBER_MAX && node->number > -NUMBER_MAX))
		return NULL;
	tree->at += len;
	return node;
}

static struct fp_jsonnode *
tree_read_word(struct fp_jsontree *tree)
{
	static const struct {
		const char *word;
		enum fp_jsontree_type type;
	} words[] = {{"null", FP_JSONTREE_NULL}, {"true", FP_JSONTREE_TRUE},
		{"false", FP_JSONTREE_FALSE}};

	for (size_t i = 0; i < FP_ARRAY_LEN(words); i++) {
		size_t len = strlen(words[i].word);
		if (strncmp(tree->at, words[i].word, len) == 0) {
			tree->at += len;
			return tree_new_node(tree, words[i].type);
		}
	}
	return NULL;
}

/* An array or an object, whose first character is read. */
static struct fp_jsonnode *
tree_read_many(struct fp_jsontree *tree, bool is_object, int depth)
{
	struct fp_jsonnode *node = tree_new_node(
		tree, is_object ? FP_JSONTREE_OBJECT : FP_JSONTREE_ARRAY);
	const struct fp_jsonnode **last = node ? &node->first : NULL;
	char end = is_object ? '}' : ']';

	if (!node || depth >= DEPTH_MAX || tree_take_char(tree, end))
		return depth >= DEPTH_MAX ? NULL : node;
	do {
		const char *name = NULL;
		if (is_object) {
			if (!tree_take_char(tree, '"'))
				return NULL;
			name = tree_read_string(tree);
			if (!name || !tree_take_char(tree, ':'))
				return NULL;
		}
		struct fp_jsonnode *child = tree_read_value(tree, depth + 1);
		if (!child)
			return NULL;
		child->name = name;
		*last = child;
		last = &child->next;
		node->n++;
	} while (tree_take_char(tree, ','));
	return tree_take_char(tree, end) ? node : NULL;
}

static struct fp_jsonnode *
tree_read_value(struct fp_jsontree *tree, int depth)
{
	tree_skip_space(tree);
	if (tree->at >= tree->end)
		return NULL;
	if (tree_take_char(tree, '{'))
		return tree_read_many(tree, true, depth);
	if (tree_take_char(tree, '['))
		return tree_read_many(tree, false, depth);
	if (tree_take_char(tree, '"')) {
		struct fp_jsonnode *node =
			tree_new_node(tree, FP_JSONTREE_STRING);
		char *text = tree_read_string(tree);
		if (node)
			node->text = text;
		return text ? node : NULL;
	}
	return strchr("tfn", *tree->at) && *tree->at ? tree_read_word(tree)
						     : tree_read_number(tree);
}

/* ---- the whole ---- */

struct fp_jsontree *
fp_jsontree_parse(const char *text, size_t len)
{
	struct fp_jsontree *tree = calloc(1, sizeof(*tree));

	if (tree)
		tree->copy = malloc(len + 1);
	if (!tree || !tree->copy) {
		fp_jsontree_free(tree);
		errno = ENOMEM;
		return NULL;
	}
	if (len > 0)
		memcpy(tree->copy, text, len);
	tree->copy[len] = '\0';
	tree->at = tree->copy;
	tree->end = tree->copy + len;
	tree->root = tree_read_value(tree, 0);
	tree_skip_space(tree);
	if (tree->root && tree->at == tree->end)
		return tree;
	bool no_memory = tree->no_memory;
	fp_jsontree_free(tree);
	errno = no_memory ? ENOMEM : EINVAL;
	return NULL;
}

void
fp_jsontree_free(struct fp_jsontree *tree)
{
	struct node_block *next;

	if (!tree)
		return;
	for (struct node_block *block = tree->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	free(tree->copy);
	free(tree);
}

const struct fp_jsonnode *
fp_jsontree_root(const struct fp_jsontree *tree)
{
	return tree->root;
}

const struct fp_jsonnode *
fp_jsontree_get(const struct fp_jsonnode *node, const char *name)
{
	if (!node || node->type != FP_JSONTREE_OBJECT)
		return NULL;
	for (const struct fp_jsonnode *at = node->first; at; at = at->next) {
		if (strcmp(at->name, name) == 0)
			return at;
	}
	return NULL;
}

double
fp_jsontree_number(const struct fp_jsonnode *node, const char *name)
{
	const struct fp_jsonnode *found = fp_jsontree_get(node, name);

	return found && found->type == FP_JSONTREE_NUMBER ? found->number : 0;
}

const char *
fp_jsontree_text(const struct fp_jsonnode *node, const char *name)
{
	const struct fp_jsonnode *found = fp_jsontree_get(node, name);

	return found && found->type == FP_JSONTREE_STRING ? found->text : "";
}
