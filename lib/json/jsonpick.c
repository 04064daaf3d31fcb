/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "jsonescape.h"
#include "jsonpick.h"

#include <string.h>

/* `s` is a name without its quotes. */
static bool
jsonpick_is_name(const char *s, size_t len, const char *name)
{
	const char *end = s + len;

	while (s < end) {
		char utf8[4] = {*s};
		size_t utf8_len = 1;
		size_t n = 1;
		if (*s == '\\')
			n = fp_jsonescape_read(
				s, (size_t)(end - s), utf8, &utf8_len);
		if (n == 0 || utf8[0] == '\0' ||
			strncmp(name, utf8, utf8_len) != 0)
			return false;
		s += n;
		name += utf8_len;
	}
	return *name == '\0';
}

static bool
jsonpick_is_listed(const char *s, size_t len, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (jsonpick_is_name(s, len, list[i]))
			return true;
	}
	return false;
}

bool
fp_jsonpick_wants(const struct fp_jsonpick *names, const char *key, size_t len)
{
	FP_ASSERT(len >= 2);
	key++;
	len -= 2;
	if (names->n_pick &&
		!jsonpick_is_listed(key, len, names->pick, names->n_pick))
		return false;
	return !jsonpick_is_listed(key, len, names->omit, names->n_omit);
}

bool
fp_jsonpick_refuses(
	const struct fp_jsonpick *names, const char *key, size_t len)
{
	return names->refused &&
	       jsonpick_is_name(key + 1, len - 2, names->refused);
}

bool
fp_jsonpick_wants_others(const struct fp_jsonpick *names)
{
	return names->n_pick == 0;
}

static size_t
longest(const char *const *list, size_t n)
{
	size_t most = 0;

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(list[i]);
		most = FP_MAX(most, len);
	}
	return most;
}

size_t
fp_jsonpick_longest(const struct fp_jsonpick *names)
{
	size_t pick = longest(names->pick, names->n_pick);
	size_t omit = longest(names->omit, names->n_omit);
	size_t refused = names->refused ? strlen(names->refused) : 0;
	size_t most = FP_MAX(FP_MAX(pick, omit), refused);

	if (most > (SIZE_MAX - 2) / FP_JSONESCAPE_LEN)
		return SIZE_MAX;
	return most * FP_JSONESCAPE_LEN + 2;
}
