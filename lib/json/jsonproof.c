/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "jsonproof.h"

#include "json.h"

#include <errno.h>
#include <string.h>

/* ---- the self-test ---- */

/* What the document becomes in pieces of `cut` bytes; NULL: it is rejected, or
 * *no_memory. */
static const char *
minified(struct fp_json *json, const char *document, size_t len, size_t cut,
	struct fp_buf *out, bool *no_memory)
{
	int ret = 0;

	fp_json_reset(json);
	out->len = 0;
	for (size_t at = 0; ret == 0 && at < len; at += cut)
		ret = fp_json_feed(
			json, document + at, FP_MIN(cut, len - at), out);
	if (ret == 0 && fp_json_finish(json, out) == 0)
		return fp_buf_text(out);
	*no_memory = fp_json_error(json) == FP_JSON_NO_MEMORY;
	return NULL;
}

static bool
judges_rightly(struct fp_json *json, const char *document, const char *expected,
	struct fp_buf *out)
{
	size_t len = strlen(document);
	bool no_memory = false;

	errno = ENOTSUP;
	for (size_t cut = 1; cut <= len; cut = cut < 4 ? cut + 1 : cut * 8) {
		const char *got =
			minified(json, document, len, cut, out, &no_memory);
		if (no_memory) {
			errno = ENOMEM;
			return false;
		}
		if (expected ? !got || strcmp(got, expected) != 0 : got != NULL)
			return false;
	}
	return true;
}

/* The depth that is allowed needs all the room yajl ever needs. */
static bool
nests_rightly(struct fp_json *json, struct fp_buf *out)
{
	char document[2 * (FP_JSON_DEPTH_MAX + 1) + 1] = "";
	const size_t n = sizeof(document) / 2;

	memset(document, '[', n);
	memset(document + n, ']', n);
	if (!judges_rightly(json, document, NULL, out) ||
		fp_json_error(json) != FP_JSON_TOO_DEEP)
		return false;
	document[2 * n - 1] = '\0';
	return judges_rightly(json, document + 1, document + 1, out);
}

int
fp_jsonproof_run(void)
{
	static const char *const right[] = {"{}", "-0.10e+02", "1E400", "null",
		"[{\"a\":{\"a\":[]}},[\"\",true,false],12345678901234567890]",
		"\"\\ud800\\\\0\"",
		"{\"\\uDBFF\\\\u \":[\"\\ud800\\\\DC00\"]}"};
	static const char *const wrong[] = {"[1\f]", "[1 2]", "{\"a\" 1}",
		"[1,]", "{,}", "{\"a\":1,}", "01", "1.", "-", ".5", "+1", "1e",
		"0x1", "[}", "{]", "{1:2}", "tru", "nulll", "[] []", "]", "1 2",
		"{\"\\uDBFF\\\\u \"@: \"", "/**/1", "[1]//", "NaN",
		"\"\\u00g0\""};
	struct fp_buf out = FP_BUF_INIT;
	struct fp_json *json = fp_json_new(NULL, 0, NULL, 0);
	bool fine = json && nests_rightly(json, &out);

	for (size_t i = 0; fine && i < FP_ARRAY_LEN(right); i++)
		fine = judges_rightly(json, right[i], right[i], &out);
	for (size_t i = 0; fine && i < FP_ARRAY_LEN(wrong); i++)
		fine = judges_rightly(json, wrong[i], NULL, &out);
	int err = json ? errno : ENOMEM;
	fp_json_free(json);
	fp_buf_destroy(&out);
	errno = err;
	return fine ? 0 : -1;
}
