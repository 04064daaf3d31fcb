/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "netrc.h"

#include "ascii.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Goes through the text, and puts each word with its end where it fits: a word
 * is never longer than what it was written as. */
struct reader {
	const char *at, *end;
	char *to;
	unsigned line;
	const char *wrong; /* what is, at that line */
};

/* What an entry is made of; it is added when the next one begins. */
struct maker {
	struct fp_netrc *netrc;
	struct fp_netrc_entry entry;
	size_t cap;
	bool is_open;
};

static void
pass_line(struct reader *reader)
{
	while (reader->at < reader->end && *reader->at != '\n')
		reader->at++;
}

/* White space and comments. */
static void
pass_space(struct reader *reader)
{
	for (; reader->at < reader->end; reader->at++) {
		if (*reader->at == '#')
			pass_line(reader);
		if (reader->at == reader->end ||
			!fp_ascii_is_space(*reader->at))
			return;
		reader->line += *reader->at == '\n';
	}
}

/* What stands behind a backslash. */
static char
netrc_unescape(char c)
{
	return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

/* A word in quotes, which end on the same line. */
static bool
take_quoted(struct reader *reader)
{
	while (++reader->at < reader->end && *reader->at != '\n') {
		char c = *reader->at;
		if (c == '"') {
			reader->at++;
			*reader->to++ = '\0';
			if (reader->at == reader->end ||
				fp_ascii_is_space(*reader->at))
				return true;
			reader->wrong = "unexpected text after a quote";
			return false;
		}
		if (c == '\\' && ++reader->at < reader->end)
			c = netrc_unescape(*reader->at);
		if (reader->at == reader->end || *reader->at == '\n')
			break;
		*reader->to++ = c;
	}
	reader->wrong = "an unterminated quote";
	return false;
}

/* The next word; NULL: there is none, or it is wrong. */
static const char *
take_word(struct reader *reader)
{
	pass_space(reader);
	char *word = reader->to;
	if (reader->at == reader->end)
		return NULL;
	if (*reader->at == '"')
		return take_quoted(reader) ? word : NULL;
	while (reader->at < reader->end && !fp_ascii_is_space(*reader->at))
		*reader->to++ = *reader->at++;
	*reader->to++ = '\0';
	return word;
}

/* The value of a keyword, which must be there. */
static const char *
netrc_take_value(struct reader *reader)
{
	unsigned line = reader->line;
	const char *value = take_word(reader);

	if (!value && !reader->wrong) {
		reader->wrong = "a keyword without a value";
		reader->line = line;
	}
	return value;
}

/* The lines of a macro, up to an empty one. */
static void
pass_macro(struct reader *reader)
{
	bool is_empty = false;

	while (reader->at < reader->end && !is_empty) {
		pass_line(reader);
		if (reader->at == reader->end)
			return;
		reader->at++;
		reader->line++;
		size_t left = (size_t)(reader->end - reader->at);
		is_empty = left > 0 &&
			   (*reader->at == '\n' || *reader->at == '\r');
	}
}

/* The entry is complete, if there is one, and says something. */
static int
end_entry(struct maker *maker)
{
	struct fp_netrc *netrc = maker->netrc;

	if (!maker->is_open || (!maker->entry.login && !maker->entry.password))
		return 0;
	if (netrc->n == maker->cap) {
		size_t cap = maker->cap ? 2 * maker->cap : 8;
		struct fp_netrc_entry *more =
			realloc(netrc->entries, cap * sizeof(*more));
		if (!more)
			return -1;
		netrc->entries = more;
		maker->cap = cap;
	}
	netrc->entries[netrc->n++] = maker->entry;
	return 0;
}

static int
begin_entry(struct maker *maker, const char *host)
{
	if (end_entry(maker))
		return -1;
	maker->is_open = true;
	maker->entry = (struct fp_netrc_entry){.host = host};
	return 0;
}

/* What a word begins. -1: ENOMEM. */
static int
obey(struct reader *reader, struct maker *maker, const char *word)
{
	const char *value;

	if (strcasecmp(word, "default") == 0)
		return begin_entry(maker, NULL);
	if (strcasecmp(word, "machine") == 0) {
		value = netrc_take_value(reader);
		return value ? begin_entry(maker, value) : 0;
	}
	if (strcasecmp(word, "login") == 0) {
		value = netrc_take_value(reader);
		if (!maker->entry.login)
			maker->entry.login = value;
	} else if (strcasecmp(word, "password") == 0) {
		value = netrc_take_value(reader);
		if (!maker->entry.password)
			maker->entry.password = value;
	} else if (strcasecmp(word, "account") == 0) {
		netrc_take_value(reader);
	} else if (strcasecmp(word, "macdef") == 0) {
		if (netrc_take_value(reader))
			pass_macro(reader);
	}
	return 0;
}

static int
netrc_refuse(char *why, size_t why_size, unsigned line, const char *wrong)
{
	snprintf(why, why_size, "line %u: %s", line, wrong);
	errno = EINVAL;
	return -1;
}

static int
netrc_parse(
	struct fp_netrc *netrc, struct fp_text text, char *why, size_t why_size)
{
	struct maker maker = {.netrc = netrc};
	struct reader reader = {
		.at = text.data,
		.end = text.data + text.len,
		.line = 1,
	};
	const char *word;

	/* Each word, and its end, and one more at the end of the text. */
	reader.to = netrc->words = malloc(text.len + 1);
	if (!netrc->words)
		return -1;
	while (!reader.wrong && (word = take_word(&reader))) {
		if (obey(&reader, &maker, word))
			return -1;
	}
	if (reader.wrong)
		return netrc_refuse(why, why_size, reader.line, reader.wrong);
	return end_entry(&maker);
}

int
fp_netrc_parse(
	struct fp_netrc *netrc, struct fp_text text, char *why, size_t why_size)
{
	*netrc = (struct fp_netrc){NULL, 0, NULL};
	if (text.len > FP_NETRC_MAX_BYTES) {
		snprintf(why, why_size, "larger than %zu bytes",
			FP_NETRC_MAX_BYTES);
		errno = EINVAL;
		return -1;
	}
	if (text.len == 0)
		return 0;
	if (memchr(text.data, '\0', text.len)) {
		snprintf(why, why_size, "contains a NUL byte");
		errno = EINVAL;
		return -1;
	}
	if (netrc_parse(netrc, text, why, why_size) == 0)
		return 0;
	int err = errno;
	fp_netrc_destroy(netrc);
	errno = err;
	return -1;
}

void
fp_netrc_destroy(struct fp_netrc *netrc)
{
	free(netrc->entries);
	free(netrc->words);
	*netrc = (struct fp_netrc){NULL, 0, NULL};
}

const struct fp_netrc_entry *
fp_netrc_find(
	const struct fp_netrc *netrc, struct fp_text host, const char *login)
{
	for (size_t i = 0; i < netrc->n; i++) {
		const struct fp_netrc_entry *entry = &netrc->entries[i];
		bool is_host = !entry->host ||
			       (strlen(entry->host) == host.len &&
				       strncasecmp(entry->host, host.data,
					       host.len) == 0);
		bool is_login = !login || !entry->login ||
				strcmp(entry->login, login) == 0;
		if (is_host && is_login)
			return entry;
	}
	return NULL;
}
