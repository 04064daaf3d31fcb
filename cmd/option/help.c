/* SPDX-License-Identifier: MIT */
/*
 * Who asks for help the first time wants to see it whole, and the hundred
 * options that there are do not fit a terminal. So --help alone has those
 * that the table calls common; the rest is one word away, by the groups of the
 * table.
 */
#include "base.h"

#include "help.h"

#include "ascii.h"
#include "foreign.h"
#include "msg.h"
#include "optiontable.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static void
write_row(const struct fp_option_row *row)
{
	char left[64];

	snprintf(left, sizeof(left), "%c%c%c --%s%s%s", row->letter ? '-' : ' ',
		row->letter ? row->letter : ' ', row->letter ? ',' : ' ',
		row->name, row->arg ? " " : "", row->arg ? row->arg : "");
	printf("  %-26s %s\n", left, row->help);
}

static bool
is_group(const char *topic)
{
	for (size_t i = 0; i < fp_optiontable_n_rows; i++) {
		const char *group = fp_optiontable_rows[i].group;
		if (group && strcasecmp(group, topic) == 0)
			return true;
	}
	return false;
}

/* Whether the text has a word that begins like this, in any case. */
static bool
has_word(const char *text, const char *beginning)
{
	size_t len = strlen(beginning);
	bool is_inside = false;

	for (; len && *text; text++) {
		if (!is_inside && strncasecmp(text, beginning, len) == 0)
			return true;
		is_inside = fp_ascii_is_alnum(*text);
	}
	return false;
}

/* Whether the name or the help of an option has a word that begins like
 * this; or it is the option itself, as it is given. */
static bool
is_about(const struct fp_option_row *row, const char *word)
{
	if (word[0] == '-' && word[1] == '-')
		return strcmp(row->name, word + 2) == 0;
	if (word[0] == '-')
		return word[1] && row->letter == word[1] && !word[2];
	return has_word(row->name, word) || has_word(row->help, word);
}

/* The rows of this topic, or of all, under their headings; or only those of
 * them that most people need. */
static void
write_rows(const char *topic, bool only_common)
{
	bool of_group = topic && is_group(topic);
	const char *group = NULL, *heading = NULL;

	for (size_t i = 0; i < fp_optiontable_n_rows; i++) {
		const struct fp_option_row *row = &fp_optiontable_rows[i];

		group = row->group ? row->group : group;
		if ((of_group && strcasecmp(group, topic) != 0) ||
			(topic && !of_group && !is_about(row, topic)) ||
			(only_common && !row->is_common))
			continue;
		if (heading != group)
			printf("%s%s:\n", topic ? "" : "\n", group);
		heading = group;
		write_row(row);
	}
}

static void
write_topics(void)
{
	const char *comma = "";

	printf("\n'fetchpool --help all' lists all options. Instead of all, give "
	       "a group:\n");
	for (size_t i = 0; i < fp_optiontable_n_rows; i++) {
		const char *group = fp_optiontable_rows[i].group;
		if (!group)
			continue;
		printf("%s%c%s", comma, group[0] - 'A' + 'a', group + 1);
		comma = ", ";
	}
	printf(";\nor a word to look for, as in 'fetchpool --help retry'.\n");
}

/* ---- words that are about no option ---- */

/* Where the manual has it. */
static const struct {
	const char *word, *place;
} places[] = {
	{"304", "What has changed in fetchpool(1)"},
	{"clickhouse", "CONSUMERS in fetchpool-record(5)"},
	{"cron", "Cron in fetchpool(1)"},
	{"crontab", "Cron in fetchpool(1)"},
	{"csv", "CSV in fetchpool(1)"},
	{"database", "RECIPES in fetchpool(1)"},
	{"duckdb", "RECIPES in fetchpool(1)"},
	{"example", "EXAMPLES in fetchpool(1)"},
	{"examples", "EXAMPLES in fetchpool(1)"},
	{"graphql", "RECIPES in fetchpool(1)"},
	{"idempotency", "RECIPES in fetchpool(1)"},
	{"jq", "Pipelines in fetchpool(1)"},
	{"kubernetes", "SEVERAL MACHINES in fetchpool(1)"},
	{"links", "Checking links in fetchpool(1)"},
	{"mariadb", "CONSUMERS in fetchpool-record(5)"},
	{"mysql", "CONSUMERS in fetchpool-record(5)"},
	{"pandas", "CONSUMERS in fetchpool-record(5)"},
	{"parallel", "SEVERAL MACHINES in fetchpool(1)"},
	{"pipe", "Pipelines in fetchpool(1)"},
	{"polars", "CONSUMERS in fetchpool-record(5)"},
	{"postgres", "RECIPES in fetchpool(1)"},
	{"postgresql", "RECIPES in fetchpool(1)"},
	{"quota", "Cron in fetchpool(1)"},
	{"recipe", "RECIPES in fetchpool(1)"},
	{"recipes", "RECIPES in fetchpool(1)"},
	{"signal", "SIGNALS in fetchpool(1)"},
	{"signals", "SIGNALS in fetchpool(1)"},
	{"slurm", "SEVERAL MACHINES in fetchpool(1)"},
	{"spark", "SEVERAL MACHINES in fetchpool(1)"},
	{"sqlite", "RECIPES in fetchpool(1)"},
};

static const char *
find_place(const char *word)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(places); i++) {
		if (strcasecmp(places[i].word, word) == 0)
			return places[i].place;
	}
	return NULL;
}

/* What there is to say of a word that is none of our options'. Whether there
 * is anything. */
static bool
write_elsewhere(const char *word)
{
	const char *name = word + strspn(word, "-");
	const char *ours = fp_foreign_ours(name), *place = find_place(word);
	const char *advice = word[0] == '-' && name[0] && !name[1]
				     ? fp_foreign_letter(name[0])
				     : fp_foreign_name(name);

	if (ours)
		write_row(fp_optiontable_find(ours));
	else if (advice)
		printf("There is no option %s%s: %s.\n",
			word == name ? "--" : "", word, advice);
	if (place)
		printf("See %s.\n", place);
	return ours || advice || place;
}

/* ---- the whole ---- */

static bool
is_of_options(const char *topic)
{
	if (strcasecmp(topic, "all") == 0 || is_group(topic))
		return true;
	for (size_t i = 0; i < fp_optiontable_n_rows; i++) {
		if (is_about(&fp_optiontable_rows[i], topic))
			return true;
	}
	return false;
}

static void
write_usage(bool is_all)
{
	printf("Usage: fetchpool [OPTION]... [TEMPLATE]\n"
	       "Fetch the URLs or IDs on standard input concurrently, and write "
	       "a JSON record\nfor each.\n\n"
	       "  seq 1 150 | fetchpool -j 16 'https://api.example.com/posts/{}'"
	       "\n\nTEMPLATE is a URI template (RFC 6570); {} is the line. "
	       "Without it, each line is\na URL, or an ID for $FETCHPOOL_URL or "
	       "a public demonstration API.\n");
	write_rows(NULL, !is_all);
	if (!is_all)
		write_topics();
	printf("\nExit status: 0 all items succeeded, 1 some failed, 2 usage "
	       "error, 3 local error,\n4 stopped early. Manual: fetchpool(1), "
	       "fetchpool-record(5).\n");
}

void
fp_help_write(const char *topic)
{
	bool is_all = topic && strcasecmp(topic, "all") == 0;

	if (!topic || is_all) {
		write_usage(is_all);
		return;
	}
	if (is_of_options(topic)) {
		const char *place = find_place(topic);
		write_rows(topic, false);
		if (place)
			printf("See %s.\n", place);
		return;
	}
	if (!write_elsewhere(topic))
		fp_msg_usage("--help: no option has the word '%s' in its name "
			     "or description; --help all lists all options",
			topic);
}
