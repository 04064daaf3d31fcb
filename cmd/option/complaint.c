/* SPDX-License-Identifier: MIT */
/*
 * What was meant is never guessed at large: each guess is one of a few slips
 * undone, and is said only if the option would take it.
 */
#include "base.h"

#include "complaint.h"

#include "ascii.h"
#include "foreign.h"
#include "msg.h"
#include "shown.h"
#include "suggest.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

#define GUESS_MAX 100

/* ---- values ---- */

static bool
accepts(const struct fp_option_row *row, const char *text)
{
	struct fp_settings scratch;
	uint64_t duration_ms;

	if (row->type == FP_OPTION_DURATION)
		return fp_units_duration(text, &duration_ms) == 0;
	if ((row->type != FP_OPTION_CALL && row->type != FP_OPTION_MAYBE) ||
		!row->right)
		return false;
	fp_settings_init(&scratch);
	bool ok = row->call(&scratch, text);
	fp_settings_destroy(&scratch);
	return ok;
}

/* Each writes to `to`, of GUESS_MAX bytes, what was meant by `text`, which is
 * shorter; or nothing. */
typedef void guess(char *to, const char *text);

/* In lower case, and without spaces: "2XX", "10 s". */
static void
in_small_letters(char *to, const char *text)
{
	for (; *text; text++) {
		if (*text != ' ')
			*to++ = fp_ascii_lower(*text);
	}
	*to = '\0';
}

/* "10sec", "5 minutes", "2hrs". */
static void
with_a_short_unit(char *to, const char *text)
{
	static const struct {
		const char *begins, *unit;
	} all[] = {{"ms", "ms"}, {"mil", "ms"}, {"s", "s"}, {"m", "m"},
		{"h", "h"}, {"d", "d"}};
	size_t number = strspn(text, "0123456789.");
	const char *unit = text + number + strspn(text + number, " ");

	if (unit[strspn(unit, "abcdefghijklmnopqrstuvwxyz")] != '\0')
		return;
	for (size_t i = 0; i < FP_ARRAY_LEN(all); i++) {
		if (strncmp(unit, all[i].begins, strlen(all[i].begins)) == 0) {
			snprintf(to, GUESS_MAX, "%.*s%s", (int)number, text,
				all[i].unit);
			return;
		}
	}
}

/* "9-1", "5s-1s". */
static void
turned_round(char *to, const char *text)
{
	const char *dash = strchr(text, '-');

	if (dash)
		snprintf(to, GUESS_MAX, "%s-%.*s", dash + 1, (int)(dash - text),
			text);
}

/* "1..9", "1:9", "1,9". */
static void
with_a_dash(char *to, const char *text)
{
	size_t low = strcspn(text, ".:,");
	const char *high = text + low + strspn(text + low, ".:,");

	if (*high)
		snprintf(to, GUESS_MAX, "%.*s-%s", (int)low, text, high);
}

/* "1,000", "1_000". */
static void
without_groups(char *to, const char *text)
{
	for (; *text; text++) {
		if (*text != ',' && *text != '_' && *text != '\'')
			*to++ = *text;
	}
	*to = '\0';
}

/* "1,5s". */
static void
with_a_point(char *to, const char *text)
{
	strcpy(to, text);
	char *comma = strchr(to, ',');
	if (comma)
		*comma = '.';
}

/* The upper end alone: "100". */
static void
from_one(char *to, const char *text)
{
	snprintf(to, GUESS_MAX, "1-%s", text);
}

/* What the option would have taken, or NULL. */
static const char *
guess_value(const struct fp_option_row *row, const char *text, char *to)
{
	static guess *const guesses[] = {in_small_letters, with_a_short_unit,
		turned_round, with_a_dash, with_a_point, without_groups,
		from_one};
	const struct fp_option_words *words = row->words;
	const char *word = NULL;
	size_t n = 0;

	if (strlen(text) > GUESS_MAX / 2 || text[0] == '\0')
		return NULL;
	while (words && words->words[n])
		n++;
	if (n > 0)
		word = fp_suggest(words->words, n, text);
	if (word && accepts(row, word))
		return word;
	for (size_t i = 0; i < FP_ARRAY_LEN(guesses); i++) {
		if (i > 0 && !fp_ascii_is_digit(text[0]))
			break;
		to[0] = '\0';
		guesses[i](to, text);
		if (to[0] && strcmp(to, text) != 0 && accepts(row, to))
			return to;
	}
	return NULL;
}

/* The first member of a list that would be wrong alone, as a copy without its
 * mark. */
static bool
find_wrong_member(const struct fp_option_row *row,
	const struct fp_option_words *words, const char *list, char *member)
{
	for (;;) {
		size_t len = strcspn(list, ",");
		size_t mark = words->has_marks && strchr("+!", list[0]) && len;

		snprintf(member, GUESS_MAX, "%.*s",
			(int)FP_MIN(len - mark, (size_t)GUESS_MAX - 1),
			list + mark);
		if (!accepts(row, member))
			return true;
		if (list[len] == '\0')
			return false;
		list += len + 1;
	}
}

/* "-jobs 5" is -j with the value "obs". */
static bool
is_a_long_name(const struct fp_option_row *row, const char *value)
{
	for (size_t i = 0; row->letter && i < fp_optiontable_n_rows; i++) {
		const char *name = fp_optiontable_rows[i].name;
		if (name[0] == row->letter && strcmp(name + 1, value) == 0) {
			fp_msg_usage("-%c: '%s' is not %s: did you mean --%s?",
				row->letter, value, row->right, name);
			return true;
		}
	}
	return false;
}

void
fp_complaint_value(const struct fp_option_row *row, const char *value)
{
	const struct fp_option_words *words = row->words;
	const char *right = row->right ? row->right : "right";
	char member[GUESS_MAX], space[GUESS_MAX], end[3 * GUESS_MAX] = "";
	const char *wrong = value;
	struct fp_buf shown = FP_BUF_INIT;

	if (fp_msg_status() != FP_EXIT_OK)
		return;
	if (row->type == FP_OPTION_CURL) {
		fp_msg_usage("--%s: the value is not %s", row->name,
			"text on one line");
		return;
	}
	if (row->type == FP_OPTION_SECRET) {
		fp_msg_usage("--%s: the value is not %s", row->name, right);
		return;
	}
	if (is_a_long_name(row, value))
		return;
	if (words && words->is_list && strchr(value, ',') &&
		find_wrong_member(row, words, value, member)) {
		snprintf(end, sizeof(end), ": '%s' is wrong", member);
		wrong = member;
	}
	const char *meant = guess_value(row, wrong, space);
	if (meant) {
		size_t len = strlen(end);
		snprintf(end + len, sizeof(end) - len, "%s did you mean '%s'?",
			len ? ";" : ":", meant);
	}
	fp_msg_usage("--%s: '%s' is not %s%s", row->name,
		fp_shown_value(&shown, value), right,
		strchr(value, '@') ? "" : end);
	fp_buf_destroy(&shown);
}

/* ---- arguments ---- */

static bool
is_an_option(const char *word)
{
	for (size_t i = 0; i < fp_optiontable_n_rows; i++) {
		const struct fp_option_row *row = &fp_optiontable_rows[i];
		if ((word[1] == '-' && strcmp(word + 2, row->name) == 0) ||
			(word[1] && !word[2] && word[1] == row->letter))
			return true;
	}
	return false;
}

/* What else the first of two TEMPLATEs may have been meant for: the value of
 * an option that wants "=", or of one that took the next option as its own. */
static void
guess_argument(const struct fp_settings *settings, const char *first, char *why,
	size_t why_size)
{
	for (size_t i = 0; i < settings->given.n; i += 2) {
		const char *name = settings->given.texts[i];
		const char *value = settings->given.texts[i + 1];
		const struct fp_option_row *row = fp_optiontable_find(name);
		if (row->type == FP_OPTION_MAYBE && !value[0] &&
			accepts(row, first))
			snprintf(why, why_size, ": did you mean --%s=%s?", name,
				first);
		else if (value[0] == '-' && is_an_option(value))
			snprintf(why, why_size, ": '%s' is the value of --%s",
				value, name);
	}
}

void
fp_complaint_templates(const struct fp_settings *settings, const char *first,
	const char *second)
{
	char why[200] = "";

	guess_argument(settings, first, why, sizeof(why));
	fp_msg_usage(
		"more than one TEMPLATE: '%s' and '%s'%s", first, second, why);
}

/* ---- names ---- */

static const char *
find_meant(const char *name)
{
	const char *names[FP_OPTION_ROWS_MAX];

	const char *ours = fp_foreign_ours(name);

	if (ours)
		return ours;
	for (size_t i = 0; i < fp_optiontable_n_rows; i++) {
		const struct fp_option_row *row = &fp_optiontable_rows[i];
		names[i] = row->name;
		/* In a file of --config, where only long names are. */
		if (row->letter && name[0] == row->letter && !name[1])
			return row->name;
	}
	return fp_suggest(names, fp_optiontable_n_rows, name);
}

/* "--max-time, --max-body": those that begin like this. */
static bool
list_those_like(const char *name, char *list, size_t size)
{
	size_t len = 0, n = 0;

	for (size_t i = 0; i < fp_optiontable_n_rows; i++) {
		const char *other = fp_optiontable_rows[i].name;
		if (strncmp(other, name, strlen(name)) != 0)
			continue;
		if (len < size)
			len += (size_t)snprintf(list + len, size - len,
				"%s--%s", n ? ", " : "", other);
		n++;
	}
	return n > 0;
}

void
fp_complaint_name(const char *dashes, const char *name)
{
	const char *advice = fp_foreign_name(name);
	const char *meant = find_meant(name);
	char list[600];

	if (advice)
		fp_msg_usage("unknown option '%s%s': %s", dashes, name, advice);
	else if (strncmp(name, "no-", 3) == 0 && fp_optiontable_find(name + 3))
		fp_msg_usage("unknown option '%s%s': leave --%s out", dashes,
			name, name + 3);
	else if (*dashes && *name && list_those_like(name, list, sizeof(list)))
		fp_msg_usage("unknown option '%s%s': did you mean %s? Option "
			     "names cannot be abbreviated",
			dashes, name, list);
	else if (meant)
		fp_msg_usage("unknown option '%s%s': did you mean '%s%s'?",
			dashes, name, dashes, meant);
	else
		fp_msg_usage("unknown option '%s%s'", dashes, name);
}

void
fp_complaint_letter(char letter, const char *argument)
{
	const char *advice = fp_foreign_letter(letter);
	const char *name = NULL;

	/* A long name that has one dash. */
	if (argument && argument[0] == '-' && strlen(argument) > 3 &&
		strchr(argument, letter))
		name = find_meant(argument + 1);
	if (name)
		fp_msg_usage("unknown option '-%c': did you mean '--%s'?",
			letter, name);
	else if (advice)
		fp_msg_usage("unknown option '-%c': %s", letter, advice);
	else
		fp_msg_usage("unknown option '-%c'", letter);
}

/* Whether it is this option that sets libcurl's of that name. */
static bool
is_of_curl(const char *option, const char *name, size_t len)
{
	for (size_t i = 0; i < fp_optiontable_n_rows; i++) {
		const struct fp_option_row *row = &fp_optiontable_rows[i];
		if (row->type == FP_OPTION_CURL &&
			strcmp(row->name, option) == 0)
			return strlen(row->right) == len &&
			       strncmp(row->right, name, len) == 0;
	}
	return false;
}

void
fp_complaint_pool(const struct fp_settings *settings, const char *why)
{
	const struct fp_list *given = &settings->given;
	size_t len = strcspn(why, " ");
	const char *option = NULL;

	/* Of libcurl's options it knows libcurl's names. */
	for (size_t i = 0; i < given->n; i += 2) {
		const char *value = given->texts[i + 1];
		if (strcmp(given->texts[i], "setopt") == 0 &&
			strncmp(value, why, len) == 0 &&
			strchr("=", value[len]))
			option = "setopt";
		if (is_of_curl(given->texts[i], why, len))
			option = given->texts[i];
	}
	fp_msg_usage("%s%s%s%s", option ? "--" : "", option ? option : "",
		option ? ": " : "", why);
}
