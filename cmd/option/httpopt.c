/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "httpopt.h"

#include "msg.h"
#include "units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether it is one; if not, says why, but shows nothing of what may be a
 * secret. */
static bool
is_header(const char *line, const char *path, size_t number)
{
	char why[80];

	if (fp_is_header(line, why, sizeof(why)))
		return true;
	if (path)
		fp_msg_usage("--header: line %zu of %s %s", number, path, why);
	else
		fp_msg_usage("--header: the value %s%s", why,
			strchr(line, ':')
				? ""
				: "; @FILE reads headers from a file");
	return false;
}

bool
fp_httpopt_header(struct fp_settings *settings, const char *value)
{
	if (value[0] != '@')
		return is_header(value, NULL, 0) &&
		       fp_settings_add_text(&settings->headers, value);

	struct fp_buf file = FP_BUF_INIT;
	if (!fp_settings_take_file(
		    &file, "--header", value + 1, FP_SETTINGS_TEXT_MAX)) {
		fp_buf_destroy(&file);
		return false;
	}
	bool ok = memchr(file.data, '\0', file.len) == NULL;
	char *rest = file.data, *line;
	for (size_t n = 1; ok && (line = strsep(&rest, "\n")); n++) {
		size_t len = strlen(line);
		if (len > 0 && line[len - 1] == '\r')
			line[--len] = '\0';
		if (len > 0)
			ok = is_header(line, value + 1, n) &&
			     fp_settings_add_copy(
				     settings, &settings->headers, line);
	}
	fp_buf_destroy(&file);
	return ok;
}

bool
fp_httpopt_user_agent(struct fp_settings *settings, const char *value)
{
	settings->pool.user_agent = value;
	return !strpbrk(value, "\r\n");
}

bool
fp_httpopt_ok_status(struct fp_settings *settings, const char *value)
{
	settings->pool.ok_status = value;
	return fp_is_status_list(value);
}

bool
fp_httpopt_proto(struct fp_settings *settings, const char *value)
{
	settings->pool.protocols = value;
	return strcmp(value, "http") == 0 || strcmp(value, "https") == 0 ||
	       strcmp(value, "http,https") == 0 ||
	       strcmp(value, "https,http") == 0;
}

/* ---- what is sent ---- */

bool
fp_httpopt_method(struct fp_settings *settings, const char *value)
{
	settings->pool.method = value;
	return fp_is_method(value);
}

bool
fp_httpopt_head(struct fp_settings *settings, const char *value)
{
	(void)value;
	settings->wants_head = true;
	settings->pool.method = "HEAD";
	return true;
}

bool
fp_httpopt_check(struct fp_settings *settings, const char *value)
{
	(void)value;
	settings->pool.check = FP_CHECK_HEAD;
	return true;
}

/* As curl: from a file without its line breaks, and a second one behind the
 * first with an "&" between. */
bool
fp_httpopt_data(struct fp_settings *settings, const char *value)
{
	struct fp_buf *data = &settings->data;
	size_t start = data->len;

	if (start > 0 && fp_buf_add_char(data, '&'))
		return fp_settings_no_memory();
	start = data->len;
	if (value[0] != '@')
		return fp_buf_add_text(data, value) == 0 ||
		       fp_settings_no_memory();
	if (!fp_settings_take_file(
		    data, "--data", value + 1, FP_SETTINGS_BODY_MAX))
		return false;
	size_t kept = start;
	for (size_t i = start; i < data->len; i++) {
		char c = data->data[i];
		if (c != '\n' && c != '\r' && c != '\0')
			data->data[kept++] = c;
	}
	data->len = kept;
	return true;
}

bool
fp_httpopt_data_raw(struct fp_settings *settings, const char *value)
{
	struct fp_buf *data = &settings->data;

	return (data->len == 0 || fp_buf_add_char(data, '&') == 0) &&
			       fp_buf_add_text(data, value) == 0
		       ? true
		       : fp_settings_no_memory();
}

/* As curl: a file is sent as it is. */
bool
fp_httpopt_data_binary(struct fp_settings *settings, const char *value)
{
	struct fp_buf *data = &settings->data;

	if (data->len > 0 && fp_buf_add_char(data, '&'))
		return fp_settings_no_memory();
	if (value[0] != '@')
		return fp_buf_add_text(data, value) == 0 ||
		       fp_settings_no_memory();
	return fp_settings_take_file(
		data, "--data-binary", value + 1, FP_SETTINGS_BODY_MAX);
}

bool
fp_httpopt_upload(struct fp_settings *settings, const char *value)
{
	if (!fp_settings_is_sendable("--upload-file", value))
		return false;
	settings->pool.upload_file = value;
	return true;
}

/* Else each item would fail, as if its own file were missing. */
bool
fp_httpopt_upload_root(struct fp_settings *settings, const char *value)
{
	struct stat st;

	if (stat(value, &st))
		return fp_settings_unreadable("--upload-root", value);
	if (!S_ISDIR(st.st_mode)) {
		fp_msg_usage("--upload-root: %s is not a folder", value);
		return false;
	}
	if (access(value, X_OK))
		return fp_settings_unreadable("--upload-root", value);
	settings->pool.upload_root = value;
	return true;
}

/* As curl's --json: a file is sent as it is, a second one behind it. */
bool
fp_httpopt_json(struct fp_settings *settings, const char *value)
{
	settings->pool.data_is_json = true;
	if (value[0] != '@')
		return fp_buf_add_text(&settings->data, value) == 0 ||
		       fp_settings_no_memory();
	return fp_settings_take_file(
		&settings->data, "--json", value + 1, FP_SETTINGS_BODY_MAX);
}

/* ---- what is filled in for each item ---- */

/* Reads a text, or with "@" the file that it names. */
static bool
read_expansion(struct fp_buf *text, const char *option, const char *value,
	bool keeps_end)
{
	if (value[0] != '@')
		return fp_buf_add_text(text, value) == 0 ||
		       fp_settings_no_memory();
	if (!fp_settings_take_file(
		    text, option, value + 1, FP_SETTINGS_TEXT_MAX))
		return false;
	while (!keeps_end && text->len > 0 &&
		strchr("\r\n", text->data[text->len - 1]))
		text->len--;
	return true;
}

/* "{}" is a document in a body, and a header or a login only by mistake. */
static bool
has_single_braces(enum fp_expand_what what, const struct fp_expand *expand)
{
	return (what == FP_EXPAND_HEADER || what == FP_EXPAND_USER) &&
	       fp_expand_is_literal(expand) &&
	       fp_expand_is_meant(fp_expand_constant(expand).data, false);
}

static bool
add_expansion(struct fp_settings *settings, const char *option,
	enum fp_expand_what what, const char *value)
{
	struct fp_expansions *all = &settings->expansions;
	struct fp_expand *expand = NULL;
	struct fp_buf text = FP_BUF_INIT;
	char why[120];

	if (all->n == FP_EXPANSIONS_MAX) {
		fp_msg_usage("%s: more than %d --expand "
			     "options",
			option, FP_EXPANSIONS_MAX);
		return false;
	}
	if (read_expansion(&text, option, value, what == FP_EXPAND_JSON)) {
		expand = fp_expand_parse(
			fp_buf_text(&text), text.len, why, sizeof(why));
		if (!expand && errno == ENOMEM)
			fp_settings_no_memory();
		else if (!expand)
			fp_msg_usage("%s: %s", option, why);
	}
	if (expand && has_single_braces(what, expand)) {
		fp_msg_usage("%s: {} is not filled in: use {{}}, or {{1}} for "
			     "a field",
			option);
		fp_expand_free(expand);
		expand = NULL;
	}
	fp_buf_destroy(&text);
	if (expand)
		all->all[all->n++] = (struct fp_expansion){what, expand};
	return expand != NULL;
}

bool
fp_httpopt_expand_header(struct fp_settings *settings, const char *value)
{
	return add_expansion(
		settings, "--expand-header", FP_EXPAND_HEADER, value);
}

bool
fp_httpopt_expand_data(struct fp_settings *settings, const char *value)
{
	return add_expansion(settings, "--expand-data", FP_EXPAND_DATA, value);
}

bool
fp_httpopt_expand_json(struct fp_settings *settings, const char *value)
{
	return add_expansion(settings, "--expand-json", FP_EXPAND_JSON, value);
}

bool
fp_httpopt_expand_upload(struct fp_settings *settings, const char *value)
{
	settings->uploads = true;
	return add_expansion(
		settings, "--expand-upload-file", FP_EXPAND_UPLOAD, value);
}

bool
fp_httpopt_expand_user(struct fp_settings *settings, const char *value)
{
	return add_expansion(settings, "--expand-user", FP_EXPAND_USER, value);
}

/* ---- libcurl's options ---- */

/* Adds "NAME=VALUE". */
static bool
add_pair(struct fp_settings *settings, const char *name, const char *value)
{
	struct fp_buf pair = FP_BUF_INIT;
	bool ok = fp_buf_printf(&pair, "%s=%s", name, value) == 0
			  ? fp_settings_add_copy(
				    settings, &settings->curl, pair.data)
			  : fp_settings_no_memory();

	fp_buf_destroy(&pair);
	return ok;
}

bool
fp_httpopt_curl(
	struct fp_settings *settings, const char *name, const char *value)
{
	if (!value)
		return fp_settings_add_text(&settings->curl, name);
	if (strpbrk(value, "\r\n"))
		return false;
	return add_pair(settings, name, value);
}

/* curl asks for a password that is not there; an empty one in its place would
 * be another login. A URL is what -u takes elsewhere. */
bool
fp_httpopt_user(struct fp_settings *settings, const char *value)
{
	return strchr(value, ':') && strncasecmp(value, "http://", 7) != 0 &&
	       strncasecmp(value, "https://", 8) != 0 &&
	       fp_httpopt_curl(settings, "USERPWD", value);
}

/* curl's ";auto" names the URL that redirected. */
bool
fp_httpopt_referer(struct fp_settings *settings, const char *value)
{
	static const char end[] = ";auto";
	size_t len = strlen(value), end_len = sizeof(end) - 1;

	if (len >= end_len && strcmp(value + len - end_len, end) == 0) {
		fp_msg_usage("--referer: %s is not supported: redirects have "
			     "the Referer of their item",
			end);
		return false;
	}
	return fp_httpopt_curl(settings, "REFERER", value);
}

bool
fp_httpopt_setopt(struct fp_settings *settings, const char *value)
{
	return strchr(value, '=') &&
	       fp_settings_add_text(&settings->curl, value);
}

/* Without the first of its names libcurl would sign nothing. */
bool
fp_httpopt_sigv4(struct fp_settings *settings, const char *value)
{
	return value[0] != '\0' && value[0] != ':' &&
	       fp_httpopt_curl(settings, "AWS_SIGV4", value);
}

/* libcurl's number for the scheme is CURLAUTH_BEARER. */
bool
fp_httpopt_bearer(struct fp_settings *settings, const char *value)
{
	/* No token begins with "@" (RFC 6750, section 2.1); a file's name does,
	 * in other options. */
	return !strpbrk(value, "\r\n") && value[0] != '@' &&
	       add_pair(settings, "XOAUTH2_BEARER", value) &&
	       fp_settings_add_text(&settings->curl, "HTTPAUTH=64");
}

bool
fp_httpopt_token_command(struct fp_settings *settings, const char *value)
{
	settings->token_command = value;
	return value[0] != '\0';
}

/* ---- places ---- */

/* Takes a host off *at, up to its colon or the end; in brackets, one that has
 * colons itself. false: it is too long, or the brackets are not closed. */
static bool
take_host(const char **at, size_t *len)
{
	const char *host = *at;

	*len = strcspn(host, ":");
	if (host[0] == '[') {
		*len = strcspn(host, "]");
		if (host[*len] != ']')
			return false;
		++*len;
	}
	*at = host + *len;
	return *len < 256 && ((*at)[0] == ':' || (*at)[0] == '\0');
}

/* Takes ":PORT" off *at, up to the next colon or the end. */
static bool
take_port(const char **at, bool may_be_empty)
{
	const char *port = *at + 1;
	size_t len = strcspn(port, ":");
	uint64_t number = 0;

	if (**at != ':')
		return false;
	*at = port + len;
	return (len == 0 && may_be_empty) ||
	       (fp_units_digits(port, len, &number) == 0 && number <= 65535);
}

/* Whether the text is addresses, separated by commas. */
static bool
are_addresses(const char *text)
{
	char one[64];
	struct in6_addr address;

	for (;; text++) {
		size_t len = strcspn(text, ",");
		bool is_bracketed = text[0] == '[' && text[len - 1] == ']';
		if (len < 2 || len >= sizeof(one))
			return false;
		memcpy(one, text + is_bracketed, len);
		one[len - 2 * is_bracketed] = '\0';
		if (inet_pton(AF_INET6, one, &address) != 1 &&
			(is_bracketed ||
				inet_pton(AF_INET, one, &address) != 1))
			return false;
		text += len;
		if (*text == '\0')
			return true;
	}
}

/* libcurl would fail each request for a wrong entry, or pass it over. */
bool
fp_httpopt_resolve(struct fp_settings *settings, const char *value)
{
	bool takes_away = value[0] == '-';
	const char *at = value + (takes_away || value[0] == '+');
	size_t len;

	return at[0] != '[' && take_host(&at, &len) && len > 0 &&
	       take_port(&at, false) &&
	       (takes_away ? *at == '\0'
			   : *at == ':' && are_addresses(at + 1)) &&
	       fp_httpopt_curl(settings, "RESOLVE", value);
}

bool
fp_httpopt_connect_to(struct fp_settings *settings, const char *value)
{
	const char *at = value;
	size_t len;

	if (!take_host(&at, &len) || !take_port(&at, true) || *at++ != ':' ||
		!take_host(&at, &len) || (*at && !take_port(&at, true)) || *at)
		return false;
	return fp_httpopt_curl(settings, "CONNECT_TO", value);
}

bool
fp_httpopt_has_curl(const struct fp_settings *settings, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < settings->curl.n; i++) {
		const char *pair = settings->curl.texts[i];
		if (strncasecmp(pair, "CURLOPT_", 8) == 0)
			pair += 8;
		if (strncasecmp(pair, name, len) == 0 && pair[len] == '=')
			return true;
	}
	return false;
}

bool
fp_httpopt_names_authorities(const struct fp_settings *settings)
{
	return fp_httpopt_has_curl(settings, "CAINFO") ||
	       fp_httpopt_has_curl(settings, "CAPATH");
}

/* ---- signatures ---- */

static bool
add_session_token(struct fp_settings *settings, const char *token)
{
	struct fp_buf line = FP_BUF_INIT;
	bool ok = fp_buf_printf(&line, "X-Amz-Security-Token: %s", token) == 0;

	ok = ok ? fp_settings_add_copy(settings, &settings->headers, line.data)
		: fp_settings_no_memory();
	fp_buf_destroy(&line);
	return ok;
}

/* The value of a variable of the environment goes into a header; the key's name
 * ends at the first colon. */
static bool
can_sign_with(const char *name, const char *value, const char *without)
{
	for (const char *c = value ? value : ""; *c; c++) {
		if ((unsigned char)*c >= ' ' && *c != 0x7f &&
			!strchr(without, *c))
			continue;
		fp_msg_usage("%s: it contains %s", name,
			*c == ':' ? "a colon" : "a control character");
		return false;
	}
	return true;
}

/* The names are those of AWS's own programs. */
bool
fp_httpopt_signing_keys(struct fp_settings *settings, const char *id,
	const char *key, const char *token)
{
	struct fp_buf pair = FP_BUF_INIT;

	if (!fp_httpopt_has_curl(settings, "AWS_SIGV4") ||
		fp_httpopt_has_curl(settings, "USERPWD") ||
		fp_httpopt_has_curl(settings, "USERNAME"))
		return true;
	if (!id || !id[0] || !key || !key[0]) {
		fp_msg_usage("--aws-sigv4 needs keys: --user KEY:SECRET, or "
			     "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in "
			     "the environment");
		return false;
	}
	if (!can_sign_with("AWS_ACCESS_KEY_ID", id, ":") ||
		!can_sign_with("AWS_SECRET_ACCESS_KEY", key, "") ||
		!can_sign_with("AWS_SESSION_TOKEN", token, ""))
		return false;
	bool ok = fp_buf_printf(&pair, "%s:%s", id, key) == 0;
	ok = ok ? fp_httpopt_curl(settings, "USERPWD", pair.data)
		: fp_settings_no_memory();
	fp_buf_destroy(&pair);
	return ok &&
	       (!token || !token[0] || add_session_token(settings, token));
}

/* Files that libcurl would miss only later, for each item again; but what a
 * provider keeps is none. */
bool
fp_httpopt_can_read(const char *option, const char *path)
{
	if (path[0] == '\0' || strncmp(path, "pkcs11:", 7) == 0 ||
		access(path, R_OK) == 0)
		return true;
	return fp_settings_unreadable(option, path);
}

/* As curl: "FILE:PASSWORD", where "\\:" is a colon of the file's name. */
bool
fp_httpopt_cert(struct fp_settings *settings, const char *value)
{
	struct fp_buf file = FP_BUF_INIT;
	const char *at = value;
	bool ok = !strpbrk(value, "\r\n");

	for (; ok && *at && *at != ':'; at++) {
		if (*at == '\\' && (at[1] == ':' || at[1] == '\\'))
			at++;
		if (fp_buf_add_char(&file, *at))
			ok = fp_settings_no_memory();
	}
	ok = ok && fp_httpopt_can_read("--cert", fp_buf_text(&file)) &&
	     add_pair(settings, "SSLCERT", fp_buf_text(&file)) &&
	     (*at != ':' || add_pair(settings, "KEYPASSWD", at + 1));
	fp_buf_destroy(&file);
	return ok;
}

/* Takes the file that was read. No message shows what is in it. */
static bool
take_netrc(struct fp_settings *settings, const char *option, const char *path)
{
	char why[120];

	settings->pool.netrc =
		(struct fp_text){settings->netrc.data, settings->netrc.len};
	if (fp_is_netrc(settings->pool.netrc, why, sizeof(why)))
		return true;
	if (errno == ENOMEM)
		return fp_settings_no_memory();
	fp_msg_usage("%s: %s is not a netrc file: %s", option, path, why);
	return false;
}

bool
fp_httpopt_netrc_file(struct fp_settings *settings, const char *value)
{
	static const char option[] = "--netrc-file";

	settings->has_netrc = true;
	fp_buf_clear(&settings->netrc, 0);
	return fp_settings_take_file(
		       &settings->netrc, option, value, FP_SETTINGS_TEXT_MAX) &&
	       take_netrc(settings, option, value);
}

bool
fp_httpopt_home_netrc(struct fp_settings *settings, const char *home)
{
	static const char option[] = "--netrc";
	struct fp_buf *path = &settings->home_netrc;

	fp_buf_clear(path, 0);
	if (fp_buf_printf(path, "%s/.netrc", home))
		return fp_settings_no_memory();
	if (access(path->data, F_OK) && (errno == ENOENT || errno == ENOTDIR))
		return true;
	return fp_settings_take_file(&settings->netrc, option, path->data,
		       FP_SETTINGS_TEXT_MAX) &&
	       take_netrc(settings, option, path->data);
}

/* A file of cookies would have to be shared by all transfers, which take no
 * cookies from servers either. */
bool
fp_httpopt_cookie(struct fp_settings *settings, const char *value)
{
	return strchr(value, '=') && !strpbrk(value, "\r\n") &&
	       add_pair(settings, "COOKIE", value);
}

/* ---- the rest ---- */

bool
fp_httpopt_max_redirs(struct fp_settings *settings, const char *value)
{
	uint64_t n;

	if (fp_units_count(value, 1000, &n))
		return false;
	settings->pool.max_redirs = (unsigned)n;
	return true;
}

bool
fp_httpopt_http1(struct fp_settings *settings, const char *value)
{
	(void)value;
	settings->pool.http_version = "1.1";
	return true;
}

bool
fp_httpopt_http2(struct fp_settings *settings, const char *value)
{
	(void)value;
	settings->pool.http_version = "2";
	return true;
}

bool
fp_httpopt_http3(struct fp_settings *settings, const char *value)
{
	(void)value;
	settings->pool.http_version = "3";
	return true;
}

bool
fp_httpopt_http3_only(struct fp_settings *settings, const char *value)
{
	(void)value;
	settings->pool.http_version = "3only";
	return true;
}

/* The library says what is wrong with it, and shows it. */
static bool
is_block(const char *option, const char *value)
{
	char why[200];

	if (fp_is_address_block(value, why, sizeof(why)))
		return true;
	fp_msg_usage("%s: %s", option, why);
	return false;
}

bool
fp_httpopt_deny(struct fp_settings *settings, const char *value)
{
	return is_block("--deny", value) &&
	       fp_settings_add_text(&settings->deny, value);
}

bool
fp_httpopt_allow(struct fp_settings *settings, const char *value)
{
	return is_block("--allow", value) &&
	       fp_settings_add_text(&settings->allow, value);
}
