/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "nextrule.h"

#include "ascii.h"
#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int
nextrule_refuse(char *why, size_t why_size, const char *what)
{
	snprintf(why, why_size, "%s", what);
	errno = EINVAL;
	return -1;
}

/* Whether it is the name of a variable, as RFC 6570, section 2.3, has it; but
 * not a number, which is the name of a field. */
static bool
is_variable(struct fp_text name)
{
	bool has_letter = false;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];
		bool is_letter = (c >= 'a' && c <= 'z') ||
				 (c >= 'A' && c <= 'Z') || c == '_';
		if (!is_letter && c != '.' && !fp_ascii_is_digit(c))
			return false;
		has_letter |= is_letter;
	}
	return has_letter;
}

/* "+1", "0+50". */
static bool
nextrule_parse_count(struct fp_nextrule *rule, const char *text)
{
	const char *plus = strchr(text, '+');

	rule->first = 1;
	if (plus > text &&
		fp_units_digits(text, (size_t)(plus - text), &rule->first))
		return false;
	return fp_units_digits(plus + 1, strlen(plus + 1), &rule->step) == 0 &&
	       rule->step > 0 && rule->first <= INT64_MAX &&
	       rule->step <= INT64_MAX;
}

int
fp_nextrule_parse(
	struct fp_nextrule *rule, const char *text, char *why, size_t why_size)
{
	*rule = (struct fp_nextrule){.how = FP_NEXT_LINK};
	if (strcmp(text, "link") == 0)
		return 0;
	if (text[0] == '/') {
		rule->how = FP_NEXT_URL;
		rule->pointer = text;
		return fp_is_json_pointer(text) ? 0
						: nextrule_refuse(why, why_size,
							  "not a JSON Pointer");
	}
	const char *equals = strchr(text, '=');
	if (!equals)
		return nextrule_refuse(why, why_size,
			"neither link, a JSON Pointer like /next, nor NAME=... "
			"as in cursor=/next or page=+1");
	rule->name = (struct fp_text){text, (size_t)(equals - text)};
	if (!is_variable(rule->name))
		return nextrule_refuse(why, why_size,
			"the text before = is not a variable name");
	if (equals[1] == '/') {
		rule->how = FP_NEXT_CURSOR;
		rule->pointer = equals + 1;
		return fp_is_json_pointer(rule->pointer)
			       ? 0
			       : nextrule_refuse(why, why_size,
					 "the text after = is not a JSON Pointer");
	}
	rule->how = FP_NEXT_COUNT;
	if (strchr(equals, '+') && nextrule_parse_count(rule, equals + 1))
		return 0;
	return nextrule_refuse(why, why_size,
		"the text after = is neither a JSON Pointer like /next nor +N");
}

bool
fp_is_next(const char *text, char *why, size_t why_size)
{
	struct fp_nextrule rule;

	return fp_nextrule_parse(&rule, text, why, why_size) == 0;
}
