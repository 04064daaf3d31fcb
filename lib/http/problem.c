/* SPDX-License-Identifier: MIT */
/*
 * A detail is about this occurrence, a title about all of its type: so the
 * detail comes first. Where it is no string but a list of what is wrong with
 * the request, as frameworks write it, it is shown as it stands, unless there
 * is a title.
 */
#include "base.h"

#include "problem.h"

#include "jsonescape.h"
#include "jsonwalk.h"
#include "utf8.h"

#include <string.h>

static bool
problem_is_name(struct fp_text name, const char *wanted)
{
	size_t len = strlen(wanted);

	return name.len == len + 2 && memcmp(name.data + 1, wanted, len) == 0;
}

static bool
problem_is_string(struct fp_text value)
{
	return value.len > 2 && value.data[0] == '"';
}

/* An array or object that is not empty. */
static bool
is_list(struct fp_text value)
{
	return value.len > 2 && (value.data[0] == '[' || value.data[0] == '{');
}

/* The meaning of a string, up to what no text can hold. */
static void
problem_add_string(struct fp_buf *text, struct fp_text value)
{
	struct fp_text inside = {value.data + 1, value.len - 2};

	if (fp_buf_reserve(text, inside.len) == 0)
		(void)fp_jsonescape_undo(inside, text);
}

static void
cut(struct fp_buf *text)
{
	if (text->len <= FP_PROBLEM_MAX)
		return;
	text->len = fp_utf8_valid_prefix(
		text->data, FP_PROBLEM_MAX - strlen("..."));
	(void)fp_buf_add_text(text, "...");
}

void
fp_problem_find(struct fp_text document, struct fp_buf *text)
{
	struct fp_text name, value;
	struct fp_text title = {NULL, 0}, detail = {NULL, 0};
	struct fp_jsonwalk walk;

	if (document.len == 0 || document.data[0] != '{')
		return;
	fp_jsonwalk_into(&walk, document);
	while (fp_jsonwalk_next(&walk, &name, &value)) {
		if (problem_is_name(name, "detail"))
			detail = value;
		else if (problem_is_name(name, "title"))
			title = value;
	}
	if (problem_is_string(detail))
		problem_add_string(text, detail);
	else if (problem_is_string(title))
		problem_add_string(text, title);
	else if (is_list(detail) && fp_buf_add(text, detail.data, detail.len))
		return;
	cut(text);
}
