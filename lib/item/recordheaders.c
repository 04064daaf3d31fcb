/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "recordheaders.h"

#include <string.h>

/* One field of "name: value\n"; returns what follows it. */
static const char *
split_field(const char *line, const char *end, struct fp_text *name,
	struct fp_text *value)
{
	const char *newline = memchr(line, '\n', (size_t)(end - line));
	const char *stop = newline ? newline : end;
	const char *colon = memchr(line, ':', (size_t)(stop - line));

	FP_ASSERT(colon && colon + 2 <= stop);
	*name = (struct fp_text){line, (size_t)(colon - line)};
	*value = (struct fp_text){colon + 2, (size_t)(stop - colon - 2)};
	return newline ? newline + 1 : end;
}

static bool
same_text(struct fp_text a, struct fp_text b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* Whether a field of this name stands before `line`. */
static bool
seen_before(struct fp_text headers, const char *line, struct fp_text name)
{
	struct fp_text other, value;

	for (const char *at = headers.data; at < line;) {
		at = split_field(
			at, headers.data + headers.len, &other, &value);
		if (same_text(other, name))
			return true;
	}
	return false;
}

void
fp_recordheaders_write(struct fp_pen *pen, struct fp_text headers)
{
	struct fp_text name, value, other;
	const char *separator = "";

	const char *end = headers.data + headers.len;
	fp_pen_bytes(pen, "{", 1);
	for (const char *line = headers.data, *next; line < end; line = next) {
		next = split_field(line, end, &name, &value);
		if (seen_before(headers, line, name))
			continue;
		fp_pen_text(pen, separator);
		separator = ",";
		fp_pen_string(pen, name.data, name.len);
		fp_pen_bytes(pen, ":[", 2);
		fp_pen_string(pen, value.data, value.len);
		for (const char *at = next; at < end;) {
			at = split_field(at, end, &other, &value);
			if (!same_text(other, name))
				continue;
			fp_pen_bytes(pen, ",", 1);
			fp_pen_string(pen, value.data, value.len);
		}
		fp_pen_bytes(pen, "]", 1);
	}
	fp_pen_bytes(pen, "}", 1);
}
