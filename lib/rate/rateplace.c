/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "rateplace.h"

#include "ascii.h"
#include "buf.h"
#include "units.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NO_PORT "the port is not a number from 1 to 65535"

#define REDIS_PORT 6379
#define DB_MAX 1000000

static bool
place_begins(const char *text, const char *start)
{
	return strncasecmp(text, start, strlen(start)) == 0;
}

bool
fp_rateplace_is_server(const char *text)
{
	return place_begins(text, "redis:") || place_begins(text, "rediss:") ||
	       place_begins(text, "unix:");
}

void
fp_rateplace_destroy(struct fp_rateplace *place)
{
	free(place->path);
	free(place->host);
	free(place->user);
	free(place->password);
	free(place->key);
	free(place->shown);
	memset(place, 0, sizeof(*place));
}

static int
place_refuse(char *why, size_t size, const char *what)
{
	snprintf(why, size, "%s", what);
	return -1;
}

/* Takes a part of the text, percent-decoded; it may hold no NUL. */
static int
place_take(char **to, const char *text, size_t len, char *why, size_t size)
{
	char *copy = malloc(len + 1);
	size_t n = 0;

	if (!copy)
		return place_refuse(why, size, "out of memory");
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c == '%') {
			bool is_whole = i + 2 < len;
			int high =
				is_whole ? fp_ascii_hex_value(text[i + 1]) : -1;
			int low =
				is_whole ? fp_ascii_hex_value(text[i + 2]) : -1;
			if (high < 0 || low < 0 || high * 16 + low == 0) {
				free(copy);
				return place_refuse(why, size,
					"a % must begin an escape such as %40");
			}
			c = (char)(high * 16 + low);
			i += 2;
		}
		copy[n++] = c;
	}
	copy[n] = '\0';
	free(*to);
	*to = copy;
	return 0;
}

static int
place_number(const char *text, size_t len, uint64_t max, unsigned *number,
	const char *what, char *why, size_t size)
{
	char copy[16];
	uint64_t value;

	snprintf(copy, sizeof(copy), "%.*s", (int)FP_MIN(len, 15), text);
	if (len == 0 || len > 15 || fp_units_count(copy, max, &value))
		return place_refuse(why, size, what);
	*number = (unsigned)value;
	return 0;
}

/* "USER:PASSWORD", ":PASSWORD", or "USER" alone, who has an empty password. */
static int
take_login(struct fp_rateplace *place, const char *text, size_t len, char *why,
	size_t size)
{
	const char *colon = memchr(text, ':', len);
	size_t user_len = colon ? (size_t)(colon - text) : len;
	const char *password = text + user_len + (colon != NULL);

	if (user_len > 0 && place_take(&place->user, text, user_len, why, size))
		return -1;
	return place_take(&place->password, password,
		(size_t)(text + len - password), why, size);
}

static int
take_pair(struct fp_rateplace *place, const char *text, size_t len, char *why,
	size_t size)
{
	if (len > 4 && memcmp(text, "key=", 4) == 0)
		return place_take(&place->key, text + 4, len - 4, why, size);
	if (len > 3 && memcmp(text, "db=", 3) == 0)
		return place_number(text + 3, len - 3, DB_MAX, &place->db,
			"the database is a number", why, size);
	return place_refuse(why, size,
		"after the \"?\", only key=NAME and db=NUMBER are known");
}

static int
take_query(struct fp_rateplace *place, const char *text, char *why, size_t size)
{
	while (*text) {
		size_t len = strcspn(text, "&");
		if (take_pair(place, text, len, why, size))
			return -1;
		text += len + (text[len] == '&');
	}
	return 0;
}

static bool
is_host(const char *text, size_t len, const char *others)
{
	for (size_t i = 0; i < len; i++) {
		if (!fp_ascii_is_alnum(text[i]) && !strchr(others, text[i]))
			return false;
	}
	return len > 0 && len < 256;
}

static int
take_address(struct fp_rateplace *place, const char *text, size_t len,
	char *why, size_t size)
{
	bool is_six = len > 0 && text[0] == '[';
	const char *end =
		is_six ? memchr(text, ']', len) : memchr(text, ':', len);
	const char *host = text + is_six;

	if (is_six && !end)
		return place_refuse(why, size, "the \"]\" is missing");
	if (!end)
		end = text + len;
	size_t host_len = (size_t)(end - host);
	if (!is_host(host, host_len, is_six ? ":." : "-._") ||
		(is_six && !memchr(host, ':', host_len)))
		return place_refuse(why, size,
			"no host: write it as "
			"redis://HOST[:PORT][/DB]"
			"[?key=NAME]");
	if (place_take(&place->host, host, host_len, why, size))
		return -1;
	const char *rest = end + is_six;
	place->port = REDIS_PORT;
	if (rest == text + len)
		return 0;
	if (*rest != ':')
		return place_refuse(why, size, NO_PORT);
	rest++;
	if (place_number(rest, (size_t)(text + len - rest), 65535, &place->port,
		    NO_PORT, why, size))
		return -1;
	return place->port ? 0 : place_refuse(why, size, NO_PORT);
}

/* After "redis://". */
static int
take_server(
	struct fp_rateplace *place, const char *text, char *why, size_t size)
{
	size_t len = strcspn(text, "/?");
	const char *at = NULL;

	/* A password may have a "/" in it only as %2F. */
	for (size_t i = 0; i < len; i++)
		at = text[i] == '@' ? text + i : at;
	const char *address = at ? at + 1 : text;
	if (at && take_login(place, text, (size_t)(at - text), why, size))
		return -1;
	if (take_address(
		    place, address, (size_t)(text + len - address), why, size))
		return -1;
	text += len;
	if (*text == '/') {
		len = strcspn(++text, "?");
		if (len > 0 && place_number(text, len, DB_MAX, &place->db,
				       "the database is a number", why, size))
			return -1;
		text += len;
	}
	return *text == '?' ? take_query(place, text + 1, why, size) : 0;
}

/* After "unix:". */
static int
take_socket(
	struct fp_rateplace *place, const char *text, char *why, size_t size)
{
	if (strncmp(text, "//", 2) == 0) {
		text += 2;
		size_t len = strcspn(text, "/?");
		if (len > 0 && text[len - 1] != '@')
			return place_refuse(why, size,
				"no path: write it as unix:PATH[?key=NAME]");
		if (len > 0 && take_login(place, text, len - 1, why, size))
			return -1;
		text += len;
	}
	size_t len = strcspn(text, "?");
	if (len == 0)
		return place_refuse(
			why, size, "no path: write it as unix:PATH[?key=NAME]");
	if (place_take(&place->path, text, len, why, size))
		return -1;
	if (strlen(place->path) > 107)
		return place_refuse(
			why, size, "the path is too long for a socket");
	return text[len] == '?' ? take_query(place, text + len + 1, why, size)
				: 0;
}

/* Adds a text, with what could disturb a terminal as "?". */
static int
place_show(struct fp_buf *to, const char *text)
{
	for (; *text; text++) {
		bool is_plain = *text > ' ' && *text != 127;
		if (fp_buf_add_char(to, is_plain ? *text : '?'))
			return -1;
	}
	return 0;
}

static int
make_shown(struct fp_rateplace *place)
{
	struct fp_buf shown = FP_BUF_INIT;
	bool is_six = place->host && strchr(place->host, ':');
	int ret = 0;

	if (place->path)
		ret = fp_buf_add_text(&shown, "unix:") ||
		      place_show(&shown, place->path);
	else
		ret = fp_buf_printf(&shown,
			is_six ? "%s://[%s]:%u" : "%s://%s:%u",
			place->is_tls ? "rediss" : "redis", place->host,
			place->port);
	if (ret == 0 && place->db > 0)
		ret = fp_buf_printf(
			&shown, place->path ? "?db=%u" : "/%u", place->db);
	if (ret == 0 && strcmp(place->key, FP_RATEPLACE_KEY) != 0)
		ret = fp_buf_add_text(&shown, place->path && place->db > 0
						      ? "&key="
						      : "?key=") ||
		      place_show(&shown, place->key);
	place->shown = shown.data;
	return ret ? -1 : 0;
}

int
fp_rateplace_parse(
	const char *text, struct fp_rateplace *place, char *why, size_t size)
{
	int ret;

	memset(place, 0, sizeof(*place));
	if (place_begins(text, "unix:")) {
		ret = take_socket(place, text + 5, why, size);
	} else if (place_begins(text, "redis://")) {
		ret = take_server(place, text + 8, why, size);
	} else if (place_begins(text, "rediss://")) {
		place->is_tls = true;
		ret = take_server(place, text + 9, why, size);
	} else {
		ret = place_refuse(why, size,
			"a server is redis://HOST, rediss://HOST or "
			"unix:PATH");
	}
	if (ret == 0 && !place->key) {
		place->key = strdup(FP_RATEPLACE_KEY);
		if (!place->key)
			ret = place_refuse(why, size, "out of memory");
	}
	if (ret == 0 && make_shown(place))
		ret = place_refuse(why, size, "out of memory");
	if (ret)
		fp_rateplace_destroy(place);
	return ret;
}
