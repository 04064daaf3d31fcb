/* SPDX-License-Identifier: MIT */
/*
 * Read as RFC 8288, appendix B.2, has it, which is kinder than the grammar:
 * empty elements and parameters are passed over, and a value without quotes
 * may hold what no token may. What is left is refused, so that no page is
 * missed because its link could not be read.
 */
#include "base.h"

#include "link.h"

#include "ascii.h"

#include <string.h>
#include <strings.h>

struct link {
	struct fp_text target;
	struct fp_text rel;
	bool has_rel, has_anchor;
};

static void
link_skip_blanks(const char **at, const char *end)
{
	while (*at < end && fp_ascii_is_blank(**at))
		(*at)++;
}

/* Up to one of these characters, without the blanks before it. */
static struct fp_text
link_take_until(const char **at, const char *end, const char *stops)
{
	const char *start = *at;

	while (*at < end && (**at == '\0' || !strchr(stops, **at)))
		(*at)++;
	struct fp_text text = {start, (size_t)(*at - start)};
	while (text.len > 0 && fp_ascii_is_blank(text.data[text.len - 1]))
		text.len--;
	return text;
}

/* From one quote to the next. What is escaped stays as it is: no relation has
 * a backslash. false: there is no other quote. */
static bool
link_take_quoted(const char **at, const char *end, struct fp_text *value)
{
	const char *start = ++*at;

	while (*at < end && **at != '"')
		*at += **at == '\\' && end - *at > 1 ? 2 : 1;
	if (*at >= end)
		return false;
	*value = (struct fp_text){start, (size_t)(*at - start)};
	++*at;
	return true;
}

static bool
link_is_named(struct fp_text name, const char *text)
{
	return name.len == strlen(text) &&
	       strncasecmp(name.data, text, name.len) == 0;
}

/* The parameters of one link, up to the comma after it. */
static bool
link_take_parameters(const char **at, const char *end, struct link *link)
{
	for (;;) {
		struct fp_text value = {"", 0};

		link_skip_blanks(at, end);
		if (*at == end || **at == ',')
			return true;
		if (**at != ';')
			return false;
		++*at;
		link_skip_blanks(at, end);
		struct fp_text name = link_take_until(at, end, "=;,");
		if (*at < end && **at == '=') {
			++*at;
			link_skip_blanks(at, end);
			if (*at < end && **at == '"') {
				if (!link_take_quoted(at, end, &value))
					return false;
			} else {
				value = link_take_until(at, end, ";,");
			}
		}
		if (link_is_named(name, "rel") && !link->has_rel) {
			link->has_rel = true;
			link->rel = value;
		}
		link->has_anchor |= link_is_named(name, "anchor");
	}
}

/* The next link of a field's value. false: it cannot be understood. */
static bool
link_take(const char **at, const char *end, struct link *link)
{
	*link = (struct link){.has_rel = false};
	if (**at != '<')
		return false;
	++*at;
	const char *close = memchr(*at, '>', (size_t)(end - *at));
	if (!close)
		return false;
	link->target = (struct fp_text){*at, (size_t)(close - *at)};
	*at = close + 1;
	return link_take_parameters(at, end, link);
}

/* Whether one of the relation types in `rel`, with spaces between them, is this
 * one (section 3.3). */
static bool
link_has_relation(struct fp_text rel, const char *relation)
{
	const char *at = rel.data, *end = at + rel.len;

	while (at < end) {
		link_skip_blanks(&at, end);
		struct fp_text word = link_take_until(&at, end, " \t");
		if (link_is_named(word, relation))
			return true;
	}
	return false;
}

static enum fp_link_found
link_find_in(struct fp_text field, const char *relation, struct fp_text *target,
	enum fp_link_found found)
{
	const char *at = field.data, *end = at + field.len;
	struct link link;

	for (;;) {
		while (at < end && (*at == ',' || fp_ascii_is_blank(*at)))
			at++;
		if (at == end)
			return found;
		if (!link_take(&at, end, &link))
			return found == FP_LINK_NONE ? FP_LINK_MALFORMED
						     : found;
		if (!link.has_rel || link.has_anchor ||
			!link_has_relation(link.rel, relation))
			continue;
		if ((found == FP_LINK_ONE || found == FP_LINK_TWO) &&
			(link.target.len != target->len ||
				memcmp(link.target.data, target->data,
					target->len) != 0))
			found = FP_LINK_TWO;
		else if (found != FP_LINK_TWO)
			found = FP_LINK_ONE;
		*target = link.target;
	}
}

enum fp_link_found
fp_link_find(
	struct fp_text fields, const char *relation, struct fp_text *target)
{
	enum fp_link_found found = FP_LINK_NONE;

	*target = (struct fp_text){NULL, 0};
	while (fields.len > 0) {
		const char *end = memchr(fields.data, '\n', fields.len);
		size_t len = end ? (size_t)(end - fields.data) : fields.len;
		found = link_find_in((struct fp_text){fields.data, len},
			relation, target, found);
		len += end ? 1 : 0;
		fields.data += len;
		fields.len -= len;
	}
	return found;
}
