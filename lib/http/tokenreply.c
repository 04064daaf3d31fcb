/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "tokenreply.h"

#include "ascii.h"
#include "clock.h"
#include "json.h"
#include "jsonescape.h"
#include "jsonwalk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Longer is for ever. */
#define EXPIRES_MAX_S (INT64_C(100) * 365 * 24 * 3600)

static int
tokenreply_refuse(char *why, size_t why_size, const char *what)
{
	snprintf(why, why_size, "%s", what);
	errno = EINVAL;
	return -1;
}

static int
tokenreply_no_memory(char *why, size_t why_size)
{
	snprintf(why, why_size, "out of memory");
	errno = ENOMEM;
	return -1;
}

/* RFC 6749 has all that is visible, and the space, which no scheme of HTTP
 * takes (RFC 9110, section 11.2). */
static int
take_token(struct fp_tokenreply *reply, struct fp_text token, char *why,
	size_t why_size)
{
	if (token.len == 0)
		return tokenreply_refuse(why, why_size, "the token is empty");
	if (token.len > FP_TOKENREPLY_MAX)
		return tokenreply_refuse(
			why, why_size, "the token is longer than 64 KiB");
	if (token.len > 7 && strncasecmp(token.data, "Bearer ", 7) == 0)
		return tokenreply_refuse(why, why_size,
			"the command must print the token alone, without \"Bearer\"");
	for (size_t i = 0; i < token.len; i++) {
		if (token.data[i] <= ' ' || token.data[i] > '~')
			return tokenreply_refuse(why, why_size,
				"the token contains an invalid character");
	}
	if (fp_buf_set(&reply->token, token.data, token.len))
		return tokenreply_no_memory(why, why_size);
	return 0;
}

/* ---- RFC 6749 ---- */

static bool
tokenreply_is_name(struct fp_text name, const char *wanted)
{
	size_t len = strlen(wanted);

	return name.len == len + 2 && memcmp(name.data + 1, wanted, len) == 0;
}

/* What a string means. false: it is none, or there is no memory. */
static bool
tokenreply_read_string(struct fp_text value, struct fp_buf *text)
{
	fp_buf_clear(text, SIZE_MAX);
	if (value.len < 2 || value.data[0] != '"' ||
		fp_buf_reserve(text, value.len))
		return false;
	struct fp_text inside = {value.data + 1, value.len - 2};
	return !fp_jsonescape_undo(inside, text);
}

/* Whole seconds; some servers have them as a string, or with a fraction. */
static bool
read_seconds(struct fp_text value, int64_t *ns)
{
	if (value.len > 2 && value.data[0] == '"') {
		value.data++;
		value.len -= 2;
	}
	struct fp_text whole = value;
	const char *dot = memchr(value.data, '.', value.len);
	if (dot)
		whole.len = (size_t)(dot - value.data);
	if (!fp_ascii_are_digits(whole))
		return false;
	int64_t s = 0;
	for (size_t i = 0; i < whole.len && s < EXPIRES_MAX_S; i++)
		s = 10 * s + (whole.data[i] - '0');
	*ns = FP_MIN(s, EXPIRES_MAX_S) * FP_NS_PER_S;
	return true;
}

/* The error's code is of few words (section 5.2), and the server's. */
static int
refuse_error(struct fp_text value, char *why, size_t why_size)
{
	struct fp_buf text = FP_BUF_INIT;

	if (tokenreply_read_string(value, &text))
		snprintf(why, why_size, "the reply says: %.100s", text.data);
	else
		snprintf(why, why_size, "the reply contains an error");
	fp_buf_destroy(&text);
	errno = EINVAL;
	return -1;
}

/* The members of a reply; data NULL: it does not have this one. */
struct members {
	struct fp_text token, type, expires, error;
};

static struct members
find_members(struct fp_text document)
{
	struct members found = {.token = {NULL, 0}};
	struct fp_text name, value;
	struct fp_jsonwalk walk;

	fp_jsonwalk_into(&walk, document);
	while (fp_jsonwalk_next(&walk, &name, &value)) {
		if (tokenreply_is_name(name, "access_token"))
			found.token = value;
		else if (tokenreply_is_name(name, "token_type"))
			found.type = value;
		else if (tokenreply_is_name(name, "expires_in"))
			found.expires = value;
		else if (tokenreply_is_name(name, "error"))
			found.error = value;
	}
	return found;
}

static bool
tokenreply_is_null(struct fp_text value)
{
	return !value.data || (value.len == 4 && value.data[0] == 'n');
}

static int
take_object(struct fp_tokenreply *reply, struct fp_text document, char *why,
	size_t why_size)
{
	struct members found = find_members(document);
	struct fp_buf text = FP_BUF_INIT;
	int ret = -1;

	if (tokenreply_is_null(found.token) && !tokenreply_is_null(found.error))
		return refuse_error(found.error, why, why_size);
	if (tokenreply_is_null(found.token))
		return tokenreply_refuse(
			why, why_size, "the reply has no \"access_token\"");
	if (!tokenreply_is_null(found.type) &&
		(!tokenreply_read_string(found.type, &text) ||
			strcasecmp(fp_buf_text(&text), "Bearer") != 0))
		tokenreply_refuse(why, why_size,
			"the \"token_type\" of the reply is not \"Bearer\"");
	else if (!tokenreply_is_null(found.expires) &&
		 !read_seconds(found.expires, &reply->expires_ns))
		tokenreply_refuse(why, why_size,
			"the \"expires_in\" of the reply is not a number of "
			"seconds");
	else if (!tokenreply_read_string(found.token, &text))
		tokenreply_refuse(why, why_size,
			"the \"access_token\" of the reply is not a string");
	else
		ret = take_token(reply, (struct fp_text){text.data, text.len},
			why, why_size);
	fp_buf_destroy(&text);
	return ret;
}

static int
take_json(struct fp_tokenreply *reply, struct fp_text text, char *why,
	size_t why_size)
{
	struct fp_buf minified = FP_BUF_INIT;
	struct fp_json *json = fp_json_new(NULL, 0, NULL, 0);
	int ret = -1;

	if (!json)
		return tokenreply_no_memory(why, why_size);
	if (fp_json_feed(json, text.data, text.len, &minified) == 0 &&
		fp_json_finish(json, &minified) == 0)
		ret = take_object(reply,
			(struct fp_text){minified.data, minified.len}, why,
			why_size);
	else if (fp_json_error(json) == FP_JSON_NO_MEMORY)
		tokenreply_no_memory(why, why_size);
	else
		tokenreply_refuse(why, why_size, "the reply is not valid JSON");
	fp_json_free(json);
	fp_buf_destroy(&minified);
	return ret;
}

int
fp_tokenreply_parse(struct fp_text text, struct fp_tokenreply *reply, char *why,
	size_t why_size)
{
	*reply = (struct fp_tokenreply){FP_BUF_INIT, -1};
	while (text.len > 0 && fp_ascii_is_space(text.data[text.len - 1]))
		text.len--;
	while (text.len > 0 && fp_ascii_is_space(text.data[0])) {
		text.data++;
		text.len--;
	}
	if (text.len == 0)
		return tokenreply_refuse(
			why, why_size, "the command printed nothing");
	if (text.data[0] == '{')
		return take_json(reply, text, why, why_size);
	if (memchr(text.data, '\n', text.len))
		return tokenreply_refuse(why, why_size,
			"the command printed more than one line");
	return take_token(reply, text, why, why_size);
}

void
fp_tokenreply_destroy(struct fp_tokenreply *reply)
{
	fp_buf_destroy(&reply->token);
}
