/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "optionwords.h"

#include <string.h>

const struct fp_option_words fp_option_words[] = {
	{"input-format", false, false, {"lines", "json", "csv"}},
	{"default-scheme", false, false, {"https", "http"}},
	{"request", false, false,
		{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}},
	{"proto", true, false, {"http", "https"}},
	{"ok-status", true, false, {"2xx", "3xx", "4xx", "5xx", "404"}},
	{"retry-on", true, true,
		{"timeout", "connect", "dns", "reset", "5xx", "404", "429",
			"503"}},
	{"busy", false, false, {"auto", "origin", "item"}},
	{"learn-rate", false, false, {"auto", "never"}},
	{"format", false, false, {"record", "body", "merged"}},
	{"body", false, false,
		{"auto", "json", "string", "text", "base64", "none"}},
	{"fields", true, true,
		{"seq", "input", "url", "status", "fetch_time", "attempts",
			"type", "size", "encoding", "body", "method", "headers",
			"ip", "http_version", "started", "time_connect",
			"time_first_byte", "file", "final_url", "redirects",
			"context", "tries", "framing", "error"}},
	{"error-format", false, false, {"text", "json"}},
	{"progress", false, false, {"auto", "always", "never"}},
	{"help", false, false,
		{"all", "input", "requests", "connections", "pool", "flow",
			"output", "journal", "progress", "other"}},
};

const size_t fp_option_n_words = FP_ARRAY_LEN(fp_option_words);

const struct fp_option_words *
fp_option_words_of(const char *option)
{
	for (size_t i = 0; i < fp_option_n_words; i++) {
		if (strcmp(fp_option_words[i].option, option) == 0)
			return &fp_option_words[i];
	}
	return NULL;
}
