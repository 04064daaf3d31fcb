/* SPDX-License-Identifier: MIT */
/*
 * Who asks for help the first time wants to see it whole, and the hundred
 * options that there are do not fit a terminal. So --help alone has those
 * that the table calls common; the rest is one word away, by the groups of the
 * table.
 */
#include "base.h"

#include "help.h"

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

/* Whether one of the words of a name, which dashes part, begins like this. */
static bool
has_word(const char *name, const char *beginning)
{
	size_t len = strlen(beginning);

	for (; len && name; name = strchr(name, '-')) {
		name += *name == '-';
		if (strncmp(name, beginning, len) == 0)
			return true;
	}
	return false;
}

/* Whether the name or the help of an option has a word that begins like
 * this. */
static bool
is_about(const struct fp_option_row *row, const char *word)
{
	size_t len = strlen(word);

	if (has_word(row->name, word))
		return true;
	for (const char *at = row->help; len && *at;) {
		if (strncasecmp(at, word, len) == 0)
			return true;
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	return false;
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

bool
fp_help_is_topic(const char *topic)
{
	if (strcasecmp(topic, "all") == 0 || is_group(topic))
		return true;
	for (size_t i = 0; i < fp_optiontable_n_rows; i++) {
		if (is_about(&fp_optiontable_rows[i], topic))
			return true;
	}
	return false;
}

void
fp_help_write(const char *topic)
{
	bool is_all = topic && strcasecmp(topic, "all") == 0;

	if (topic && !is_all && fp_help_is_topic(topic)) {
		write_rows(topic, false);
		return;
	}
	if (topic && !is_all) {
		printf("No option is about '%s'.\n\n", topic);
		topic = NULL;
	}
	printf("Usage: fetchpool [OPTION]... [TEMPLATE]\n"
	       "Fetch the URLs or IDs on standard input concurrently, and write "
	       "a JSON record\nfor each.\n\n"
	       "  seq 1 150 | fetchpool -j 16 'https://api.example.com/posts/{}'"
	       "\n\nTEMPLATE is a URI template (RFC 6570); {} is the line. "
	       "Without it, each line is\na URL, or an ID for $FETCHPOOL_URL or "
	       "a public demonstration API.\n");
	write_rows(NULL, !is_all);
	if (!topic)
		write_topics();
	printf("\nExit status: 0 all items succeeded, 1 some failed, 2 usage "
	       "error, 3 local error,\n4 stopped early. Manual: fetchpool(1), "
	       "fetchpool-record(5).\n");
}
