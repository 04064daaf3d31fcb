/* SPDX-License-Identifier: MIT */
/*
 * fuzzjson: what the fuzz targets ask of JSON that the library has let through
 * or has made. The judge is yajl by itself, which knows nothing of ours; what
 * yajl is too kind to, and what has to be on one line, is looked for here.
 */
#ifndef FP_FUZZJSON_H
#define FP_FUZZJSON_H

#include "fuzz.h"

#include "json.h"

#include <yajl/yajl_parse.h>

/* Whether yajl takes it for one document. */
static inline bool
fuzz_yajl_takes(const char *text, size_t len)
{
	yajl_handle yajl = yajl_alloc(NULL, NULL, NULL);

	HOLDS(yajl);
	yajl_status status = yajl_parse(yajl, (const unsigned char *)text, len);
	if (status == yajl_status_ok)
		status = yajl_complete_parse(yajl);
	yajl_free(yajl);
	return status == yajl_status_ok;
}

/* Whether a byte that is 1 in `bytes` stands outside of all strings. */
static inline bool
fuzz_has_outside(const char *text, size_t len, const char *bytes)
{
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			in_string = !in_string;
		else if (in_string)
			i += text[i] == '\\';
		else if (memchr(bytes, text[i], strlen(bytes)))
			return true;
	}
	return false;
}

/* Whether it ends in the middle of a string. */
static inline bool
fuzz_ends_in_string(const char *text, size_t len)
{
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			in_string = !in_string;
		else if (in_string)
			i += text[i] == '\\';
	}
	return in_string;
}

/* JSON as it leaves the library: valid, all UTF-8, on one line, with nothing
 * between its tokens. */
static inline void
fuzz_holds_json(const char *text, size_t len)
{
	HOLDS(len > 0 && !fuzz_ends_in_string(text, len));
	HOLDS(fp_utf8_valid(text, len));
	HOLDS(fuzz_yajl_takes(text, len));
	HOLDS(!fuzz_has_outside(text, len, " \t\r\n\f\v"));
	for (size_t i = 0; i < len; i++)
		HOLDS((unsigned char)text[i] >= 0x20);
}

/* Gives a judge the whole document, cut like that. What was appended to `out`
 * and the judge's message tell the answer. */
static inline bool
fuzz_judge(struct fp_json *json, struct fp_text text, struct fuzz_cut cut,
	struct fp_buf *out)
{
	int ret = 0;

	fp_json_reset(json);
	for (size_t at = 0; ret == 0 && at < text.len;) {
		size_t n = fuzz_piece(&cut, text.len - at);
		char *piece = fuzz_copy(text.data + at, n);
		ret = fp_json_feed(json, piece, n, out);
		free(piece);
		at += n;
	}
	if (ret == 0)
		ret = fp_json_finish(json, out);
	HOLDS((ret == 0) == (fp_json_error(json) == FP_JSON_OK));
	HOLDS((ret == 0) == (fp_json_message(json)[0] == '\0'));
	HOLDS(fp_json_error(json) != FP_JSON_NO_MEMORY);
	return ret == 0;
}

/* JSON that the library holds to be minified: it is left as it is. */
static inline void
fuzz_holds_minified(struct fp_text text)
{
	struct fp_json *json = fp_json_new(NULL, 0, NULL, 0);
	struct fuzz_cut whole = {0};
	struct fp_buf out = FP_BUF_INIT;

	HOLDS(json);
	fuzz_holds_json(text.data, text.len);
	HOLDS(fuzz_judge(json, text, whole, &out));
	HOLDS(out.len == text.len && memcmp(out.data, text.data, out.len) == 0);
	fp_buf_destroy(&out);
	fp_json_free(json);
}

#endif
