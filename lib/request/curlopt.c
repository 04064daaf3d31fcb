/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "curlopt.h"

#include "proxies.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What is fetchpool's own: it sets these for each transfer, or they would
 * change what its promises stand on: whole bodies, the order of checks, one
 * writer of standard error, nothing shared between items. */
static const char *const owned[] = {
	"ACCEPT_ENCODING",
	"ALTSVC",
	"ALTSVC_CTRL",
	"CONNECTTIMEOUT",
	"CONNECTTIMEOUT_MS",
	"CONNECT_ONLY",
	"COOKIEFILE",
	"COOKIEJAR",
	"COOKIELIST",
	"COOKIESESSION",
	"COPYPOSTFIELDS",
	"CUSTOMREQUEST",
	"ENCODING",
	"FAILONERROR",
	"FOLLOWLOCATION",
	"HEADER",
	"HSTS",
	"HSTS_CTRL",
	"HTTP09_ALLOWED",
	"HTTPGET",
	"HTTPHEADER",
	"HTTP_CONTENT_DECODING",
	"HTTP_TRANSFER_DECODING",
	"HTTP_VERSION",
	"IGNORE_CONTENT_LENGTH",
	"LOW_SPEED_LIMIT",
	"LOW_SPEED_TIME",
	"MAXFILESIZE",
	"MAXFILESIZE_LARGE",
	"MAXREDIRS",
	"NETRC",
	"NETRC_FILE",
	"NOBODY",
	"NOPROGRESS",
	"NOSIGNAL",
	"POST",
	"POSTFIELDS",
	"POSTFIELDSIZE",
	"POSTFIELDSIZE_LARGE",
	"POSTREDIR",
	"PROTOCOLS",
	"PROTOCOLS_STR",
	"PUT",
	"QUICK_EXIT",
	"REDIR_PROTOCOLS",
	"REDIR_PROTOCOLS_STR",
	"SSL_VERIFYHOST",
	"SSL_VERIFYPEER",
	"SUPPRESS_CONNECT_HEADERS",
	"TIMEOUT",
	"TIMEOUT_MS",
	"TRANSFER_ENCODING",
	"UNRESTRICTED_AUTH",
	"UPLOAD",
	"URL",
	"USERAGENT",
	"VERBOSE",
	"WILDCARDMATCH",
};

/* Said to the origin that the user named, and to no other. */
static const CURLoption secrets[] = {
	CURLOPT_USERPWD,
	CURLOPT_USERNAME,
	CURLOPT_PASSWORD,
	CURLOPT_XOAUTH2_BEARER,
	CURLOPT_AWS_SIGV4,
	CURLOPT_COOKIE,
	CURLOPT_REFERER,
};

static int
curlopt_refuse(char *why, size_t why_size, const char *name, const char *what)
{
	snprintf(why, why_size, "%s %s", name, what);
	errno = EINVAL;
	return -1;
}

static bool
is_owned(const char *name)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(owned); i++) {
		if (strcmp(owned[i], name) == 0)
			return true;
	}
	return false;
}

static bool
curlopt_is_secret(CURLoption id)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(secrets); i++) {
		if (secrets[i] == id)
			return true;
	}
	return false;
}

/* Finds the option that is named before the "=". */
static const struct curl_easyoption *
curlopt_find(const char *pair, size_t len)
{
	static const char prefix[] = "CURLOPT_";
	char name[64];

	if (len > sizeof(prefix) - 1 &&
		strncasecmp(pair, prefix, sizeof(prefix) - 1) == 0) {
		pair += sizeof(prefix) - 1;
		len -= sizeof(prefix) - 1;
	}
	if (len >= sizeof(name))
		return NULL;
	memcpy(name, pair, len);
	name[len] = '\0';
	return curl_easy_option_by_name(name);
}

/* A whole number, or one in hexadecimal, with its sign. */
static int
parse_number(
	const char *text, curl_off_t low, curl_off_t high, curl_off_t *number)
{
	char *end;

	errno = 0;
	long long value = strtoll(text, &end, 0);
	if (errno || end == text || *end || text[0] == ' ' || value < low ||
		value > high)
		return -1;
	*number = value;
	return 0;
}

/* The place of an option that is there already, or a new one. */
static struct fp_curlopt *
curlopt_place(struct fp_curlopts *options, const struct curl_easyoption *option)
{
	for (size_t i = 0; i < options->n; i++) {
		if (options->all[i].option->id == option->id)
			return &options->all[i];
	}
	struct fp_curlopt *new = &options->all[options->n++];
	*new = (struct fp_curlopt){
		.option = option,
		.is_secret = curlopt_is_secret(option->id),
	};
	return new;
}

/* Ways to log in that take several requests are several answers, of which only
 * one would be judged: Basic and bearer tokens take one. */
static int
check_login(const struct fp_curlopt *at, char *why, size_t why_size)
{
	CURLoption id = at->option->id;

	if ((id == CURLOPT_HTTPAUTH || id == CURLOPT_PROXYAUTH) &&
		at->number != (curl_off_t)CURLAUTH_BASIC &&
		at->number != (curl_off_t)CURLAUTH_BEARER)
		return curlopt_refuse(why, why_size, at->option->name,
			"must be 1 (Basic) or 64 (bearer)");
	return 0;
}

static int
curlopt_add(struct fp_curlopts *options, const char *pair, char *why,
	size_t why_size)
{
	const char *value = strchr(pair, '=');
	const struct curl_easyoption *option =
		value ? curlopt_find(pair, (size_t)(value - pair)) : NULL;

	if (!value) {
		option = curlopt_find(pair, strlen(pair));
		return curlopt_refuse(why, why_size,
			option ? option->name : "an option of libcurl",
			"must be given as NAME=VALUE");
	}
	if (!option) {
		snprintf(why, why_size, "%.*s is not an option of this libcurl",
			(int)FP_MIN(value - pair, 80), pair);
		errno = EINVAL;
		return -1;
	}
	if (is_owned(option->name))
		return curlopt_refuse(why, why_size, option->name,
			"is set by fetchpool itself");
	value++;
	struct fp_curlopt *at = curlopt_place(options, option);
	switch (option->type) {
	case CURLOT_LONG:
	case CURLOT_VALUES:
		if (parse_number(value, INT32_MIN, UINT32_MAX, &at->number))
			return curlopt_refuse(why, why_size, option->name,
				"takes a whole number");
		return check_login(at, why, why_size);
	case CURLOT_OFF_T:
		if (parse_number(value, INT64_MIN, INT64_MAX, &at->number))
			return curlopt_refuse(why, why_size, option->name,
				"takes a whole number");
		return 0;
	case CURLOT_STRING:
		if (strpbrk(value, "\r\n"))
			return curlopt_refuse(why, why_size, option->name,
				"cannot contain line breaks");
		if ((option->id == CURLOPT_PROXY ||
			    option->id == CURLOPT_PRE_PROXY) &&
			fp_proxies_check(value))
			return errno == ENOMEM
				       ? -1
				       : curlopt_refuse(why, why_size,
						 option->name,
						 "must be a proxy like "
						 "http://proxy.example:3128");
		at->text = value;
		return 0;
	case CURLOT_SLIST: {
		if (strpbrk(value, "\r\n"))
			return curlopt_refuse(why, why_size, option->name,
				"cannot contain line breaks");
		struct curl_slist *list = curl_slist_append(at->list, value);
		if (!list) {
			errno = ENOMEM;
			return -1;
		}
		at->list = list;
		return 0;
	}
	default:
		return curlopt_refuse(why, why_size, option->name,
			"takes a value that is not text");
	}
}

static CURLcode
curlopt_set(const struct fp_curlopt *at, CURL *easy)
{
	CURLoption id = at->option->id;

	switch (at->option->type) {
	case CURLOT_STRING:
		return curl_easy_setopt(easy, id, at->text);
	case CURLOT_SLIST:
		return curl_easy_setopt(easy, id, at->list);
	case CURLOT_OFF_T:
		return curl_easy_setopt(easy, id, at->number);
	default:
		return curl_easy_setopt(easy, id, (long)at->number);
	}
}

CURLcode
fp_curlopts_apply(const struct fp_curlopts *options, CURL *easy)
{
	CURLcode code = CURLE_OK;

	for (size_t i = 0; i < options->n && code == CURLE_OK; i++)
		code = curlopt_set(&options->all[i], easy);
	return code;
}

CURLcode
fp_curlopts_show(const struct fp_curlopts *options, CURL *easy)
{
	CURLcode code = CURLE_OK;

	for (size_t i = 0; i < options->n && code == CURLE_OK; i++) {
		if (options->all[i].is_secret)
			code = curlopt_set(&options->all[i], easy);
	}
	return code;
}

CURLcode
fp_curlopts_hide(const struct fp_curlopts *options, CURL *easy)
{
	CURLcode code = CURLE_OK;

	for (size_t i = 0; i < options->n && code == CURLE_OK; i++) {
		struct fp_curlopt none = {.option = options->all[i].option};
		if (options->all[i].is_secret)
			code = curlopt_set(&none, easy);
	}
	return code;
}

bool
fp_curlopts_has(const struct fp_curlopts *options, CURLoption id)
{
	for (size_t i = 0; i < options->n; i++) {
		if (options->all[i].option->id == id)
			return true;
	}
	return false;
}

const char *
fp_curlopts_text(const struct fp_curlopts *options, CURLoption id)
{
	for (size_t i = 0; i < options->n; i++) {
		if (options->all[i].option->id == id)
			return options->all[i].text;
	}
	return NULL;
}

bool
fp_curlopts_is_zero(const struct fp_curlopts *options, CURLoption id)
{
	for (size_t i = 0; i < options->n; i++) {
		if (options->all[i].option->id == id)
			return options->all[i].number == 0;
	}
	return false;
}

/* Whether libcurl takes the values, tried on a handle that is thrown away. */
static int
try(const struct fp_curlopts *options, char *why, size_t why_size)
{
	CURL *easy = curl_easy_init();
	int ret = 0;

	if (!easy) {
		errno = ENOMEM;
		return -1;
	}
	for (size_t i = 0; i < options->n && ret == 0; i++) {
		CURLcode code = curlopt_set(&options->all[i], easy);
		if (code == CURLE_OUT_OF_MEMORY) {
			errno = ENOMEM;
			ret = -1;
		} else if (code == CURLE_NOT_BUILT_IN ||
			   code == CURLE_UNKNOWN_OPTION) {
			ret = curlopt_refuse(why, why_size,
				options->all[i].option->name,
				"is not supported by this build of libcurl");
		} else if (code != CURLE_OK) {
			ret = curlopt_refuse(why, why_size,
				options->all[i].option->name,
				curl_easy_strerror(code));
		}
	}
	curl_easy_cleanup(easy);
	return ret;
}

int
fp_curlopts_init(struct fp_curlopts *options, const char *const *pairs,
	size_t n_pairs, char *why, size_t why_size)
{
	*options = (struct fp_curlopts){NULL, 0};
	if (n_pairs == 0)
		return 0;
	options->all = calloc(n_pairs, sizeof(options->all[0]));
	int ret = options->all ? 0 : -1;
	for (size_t i = 0; i < n_pairs && ret == 0; i++)
		ret = curlopt_add(options, pairs[i], why, why_size);
	if (ret == 0)
		ret = try(options, why, why_size);
	if (ret) {
		int err = errno;
		fp_curlopts_destroy(options);
		errno = err;
	}
	return ret;
}

void
fp_curlopts_destroy(struct fp_curlopts *options)
{
	for (size_t i = 0; i < options->n; i++)
		curl_slist_free_all(options->all[i].list);
	free(options->all);
	*options = (struct fp_curlopts){NULL, 0};
}

curl_off_t
fp_curlopts_number(const struct fp_curlopts *options, CURLoption id)
{
	curl_off_t number = 0;

	for (size_t i = 0; i < options->n; i++) {
		if (options->all[i].option->id == id)
			number = options->all[i].number;
	}
	return number;
}
