/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "outcome.h"

#include "units.h"

#include <string.h>

static const char *const kind_names[] = {
	[FP_KIND_OK] = "ok",
	[FP_KIND_INPUT] = "input",
	[FP_KIND_REFUSED] = "refused",
	[FP_KIND_DNS] = "dns",
	[FP_KIND_CONNECT] = "connect",
	[FP_KIND_TLS] = "tls",
	[FP_KIND_TIMEOUT] = "timeout",
	[FP_KIND_NETWORK] = "network",
	[FP_KIND_INCOMPLETE] = "incomplete",
	[FP_KIND_HTTP] = "http",
	[FP_KIND_TOO_LARGE] = "too_large",
	[FP_KIND_BODY] = "body",
	[FP_KIND_REDIRECT] = "redirect",
	[FP_KIND_PAGE] = "page",
	[FP_KIND_LOCAL] = "local",
	[FP_KIND_STOPPED] = "stopped",
};

const char *
fp_kind_name(enum fp_kind kind)
{
	FP_ASSERT((size_t)kind < FP_ARRAY_LEN(kind_names));
	return kind_names[kind];
}

static const struct {
	int status;
	const char *phrase;
} phrases[] = {
	{100, "Continue"},
	{101, "Switching Protocols"},
	{102, "Processing"},
	{103, "Early Hints"},
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{203, "Non-Authoritative Information"},
	{204, "No Content"},
	{205, "Reset Content"},
	{206, "Partial Content"},
	{207, "Multi-Status"},
	{208, "Already Reported"},
	{226, "IM Used"},
	{300, "Multiple Choices"},
	{301, "Moved Permanently"},
	{302, "Found"},
	{303, "See Other"},
	{304, "Not Modified"},
	{305, "Use Proxy"},
	{307, "Temporary Redirect"},
	{308, "Permanent Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{402, "Payment Required"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{407, "Proxy Authentication Required"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{410, "Gone"},
	{411, "Length Required"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{416, "Range Not Satisfiable"},
	{417, "Expectation Failed"},
	{421, "Misdirected Request"},
	{422, "Unprocessable Content"},
	{423, "Locked"},
	{424, "Failed Dependency"},
	{425, "Too Early"},
	{426, "Upgrade Required"},
	{428, "Precondition Required"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{451, "Unavailable For Legal Reasons"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
	{505, "HTTP Version Not Supported"},
	{506, "Variant Also Negotiates"},
	{507, "Insufficient Storage"},
	{508, "Loop Detected"},
	{510, "Not Extended"},
	{511, "Network Authentication Required"},
};

const char *
fp_outcome_status_phrase(int status)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(phrases); i++) {
		if (phrases[i].status == status)
			return phrases[i].phrase;
	}
	return "";
}

int
fp_outcome_parse_status_word(
	const char *word, size_t len, int *first, int *last)
{
	const char *dash = memchr(word, '-', len);
	uint64_t low, high;

	if (len == 3 && memcmp(word + 1, "xx", 2) == 0) {
		if (fp_units_digits(word, 1, &low))
			return -1;
		low *= 100;
		high = low + 99;
	} else if (dash) {
		size_t at = (size_t)(dash - word);
		if (fp_units_digits(word, at, &low) ||
			fp_units_digits(dash + 1, len - at - 1, &high))
			return -1;
	} else {
		if (fp_units_digits(word, len, &low))
			return -1;
		high = low;
	}
	if (low < 100 || high >= FP_STATUS_MAX || low > high)
		return -1;
	*first = (int)low;
	*last = (int)high;
	return 0;
}

int
fp_outcome_parse_statuses(struct fp_statuses *statuses, const char *text)
{
	int first, last;

	memset(statuses, 0, sizeof(*statuses));
	for (;;) {
		size_t len = strcspn(text, ",");
		if (fp_outcome_parse_status_word(text, len, &first, &last))
			return -1;
		for (int status = first; status <= last; status++)
			statuses->has[status] = true;
		if (text[len] == '\0')
			return 0;
		text += len + 1;
	}
}

bool
fp_is_status_list(const char *text)
{
	struct fp_statuses statuses;

	return fp_outcome_parse_statuses(&statuses, text) == 0;
}
