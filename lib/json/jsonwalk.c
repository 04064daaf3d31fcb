/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "jsonstring.h"
#include "jsonwalk.h"

#include <string.h>

/* Behind the string that begins at `p`. */
static const char *
jsonwalk_string_end(const char *p, const char *end)
{
	p = fp_jsonstring_skip_plain(p + 1, end);
	while (p < end && *p != '"') {
		p += *p == '\\' && end - p > 1 ? 2 : 1;
		p = fp_jsonstring_skip_plain(p, end);
	}
	return p < end ? p + 1 : end;
}

/* Behind the value that begins at `p`; `end` is that of what it stands in. */
static const char *
value_end(const char *p, const char *end)
{
	size_t depth = 0;

	do {
		if (*p == '"') {
			p = jsonwalk_string_end(p, end);
			continue;
		}
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
		p++;
	} while (p < end && (depth > 0 || *p != ','));
	return p;
}

void
fp_jsonwalk_into(struct fp_jsonwalk *walk, struct fp_text value)
{
	walk->p = value.data + FP_MIN(value.len, 1);
	walk->end = value.data + FP_MAX(value.len, 1) - 1;
}

bool
fp_jsonwalk_next(
	struct fp_jsonwalk *walk, struct fp_text *name, struct fp_text *value)
{
	const char *p = walk->p;

	if (p < walk->end && *p == ',')
		p++;
	if (name && p < walk->end) {
		name->data = p;
		p = jsonwalk_string_end(p, walk->end);
		name->len = (size_t)(p - name->data);
		if (p < walk->end)
			p++; /* the colon */
	}
	if (p >= walk->end)
		return false;
	value->data = p;
	walk->p = value_end(p, walk->end);
	value->len = (size_t)(walk->p - p);
	return true;
}
