/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "config.h"

#include "msg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static char *
config_skip_space(char *at)
{
	while (is_space(*at))
		at++;
	return at;
}

/* Undoes the escapes of a quoted value in place. NULL: the quote is not
 * closed, or something follows it. */
static char *
unquote(char *at)
{
	static const char escapes[] = "tnrv", meanings[] = "\t\n\r\v";
	char *text = at + 1, *to = text;

	for (at++; *at && *at != '"'; at++) {
		if (*at == '\\' && at[1]) {
			const char *known = strchr(escapes, *++at);
			*to++ = known ? meanings[known - escapes] : *at;
		} else {
			*to++ = *at;
		}
	}
	if (*at != '"' || *config_skip_space(at + 1))
		return NULL;
	*to = '\0';
	return text;
}

/* Cuts white space off the end. */
static void
config_trim(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && is_space(text[len - 1]))
		text[--len] = '\0';
}

/* Splits a line into an option's name and its value. false: it is neither
 * that nor empty. */
static bool
config_split(char *line, char **name, char **value)
{
	char *at = config_skip_space(line);

	*name = *value = NULL;
	if (*at == '\0' || *at == '#')
		return true;
	while (*at == '-')
		at++;
	*name = at;
	at += strcspn(at, " \t\r=:");
	if (at == *name)
		return false;
	char *end = at;
	at = config_skip_space(at);
	if (*at == '=' || *at == ':')
		at = config_skip_space(at + 1);
	*end = '\0';
	if (*at == '\0')
		return true;
	*value = *at == '"' ? unquote(at) : at;
	if (*value == at)
		config_trim(at);
	return *value != NULL;
}

static bool
take_line(struct fp_settings *settings, char *line, fp_config_take *take)
{
	char *name, *value;

	if (!config_split(line, &name, &value)) {
		fp_msg_usage("not an option, or an unterminated quote");
		return false;
	}
	return !name || take(settings, name, value);
}

/* A file as one text that the settings own. NULL with errno; 0: it has been
 * said why. */
static char *
read_text(struct fp_settings *settings, const char *path)
{
	struct fp_buf text = FP_BUF_INIT;
	int err = ENOMEM;

	if (!fp_settings_take_file(
		    &text, "--config", path, FP_SETTINGS_TEXT_MAX))
		err = 0;
	else if (text.len > 0 && memchr(text.data, '\0', text.len))
		err = EILSEQ;
	else if (fp_buf_add(&text, "", 0) == 0 &&
		 fp_settings_add_text(&settings->owned, text.data))
		return text.data;
	fp_buf_destroy(&text);
	errno = err;
	return NULL;
}

bool
fp_config_read(
	struct fp_settings *settings, const char *path, fp_config_take *take)
{
	char *rest = read_text(settings, path), *line;
	char place[300];
	bool ok = true;

	if (!rest)
		return errno && fp_settings_unreadable("--config", path);
	for (unsigned n = 1; ok && (line = strsep(&rest, "\n")); n++) {
		snprintf(place, sizeof(place), "%s:%u: ", path, n);
		fp_msg_place(place);
		ok = take_line(settings, line, take);
	}
	fp_msg_place("");
	return ok;
}
