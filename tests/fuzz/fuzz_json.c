/* SPDX-License-Identifier: MIT */
/*
 * The judge of JSON. However a document is cut, the answer is the same: the
 * output, or the message. What is let through is valid for yajl and is let
 * through unchanged a second time; what is not, yajl does not take either, or
 * it is known to be too kind.
 *
 *	a byte: how it is cut		a byte: what is put in front of it
 *	then: the document
 */
#include "fuzzjson.h"

#define SLICE 8192 /* the judge's own */

static struct fp_json *json;
static struct fp_buf document, whole, cut_up;

/* In one case of ten with so many spaces in front that some place of the
 * document meets the end of a slice. */
static void
make_document(struct fuzz *fuzz)
{
	unsigned before = fuzz_choose(fuzz, 200);

	fp_buf_clear(&document, 65536);
	if (before >= 180) {
		HOLDS(fp_buf_reserve(&document, SLICE) == 0);
		document.len = SLICE - (before - 180);
		memset(document.data, ' ', document.len);
	}
	fuzz_add(&document, fuzz->at, fuzz->left);
}

/* How deep it is nested. */
static size_t
depth_of(struct fp_text text)
{
	size_t depth = 0, deepest = 0;
	bool in_string = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		if (c == '"')
			in_string = !in_string;
		else if (in_string)
			i += c == '\\';
		else if (c == '[' || c == '{')
			depth++;
		else if ((c == ']' || c == '}') && depth > 0)
			depth--;
		deepest = FP_MAX(deepest, depth);
	}
	return deepest;
}

static struct fp_text
without_mark(struct fp_text text)
{
	if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
		text.data += 3;
		text.len -= 3;
	}
	return text;
}

/* A reason to refuse what yajl takes; it does not mind a string without end
 * behind the document. */
static bool
may_refuse(struct fp_text text)
{
	return fp_json_error(json) == FP_JSON_TOO_DEEP ||
	       !fp_utf8_valid(text.data, text.len) ||
	       fuzz_ends_in_string(text.data, text.len) ||
	       fuzz_has_outside(text.data, text.len, "\f\v");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	struct fuzz_cut cut = {fuzz_choose(&fuzz, FUZZ_CUTS), 1}, none = {0};
	char message[200];

	if (!json)
		HOLDS(json = fp_json_new(NULL, 0, NULL, 0));
	make_document(&fuzz);
	struct fp_text text = {document.data, document.len};
	fp_buf_clear(&whole, 65536);
	fp_buf_clear(&cut_up, 0);

	bool fine = fuzz_judge(json, text, none, &whole);
	bool is_object = fp_json_is_object(json);
	snprintf(message, sizeof(message), "%s", fp_json_message(json));
	HOLDS(fuzz_is_tame(message, strlen(message)));

	struct fp_text bare = without_mark(text);
	bool taken = fuzz_yajl_takes(bare.data, bare.len);
	if (fp_json_error(json) == FP_JSON_TOO_DEEP)
		HOLDS(depth_of(bare) > FP_JSON_DEPTH_MAX);
	if (fine) {
		HOLDS(taken && depth_of(bare) <= FP_JSON_DEPTH_MAX);
		HOLDS(is_object == (whole.data[0] == '{'));
		fuzz_holds_minified((struct fp_text){whole.data, whole.len});
	} else {
		HOLDS(!taken || may_refuse(bare));
	}

	HOLDS(fuzz_judge(json, text, cut, &cut_up) == fine);
	HOLDS(strcmp(fp_json_message(json), message) == 0);
	HOLDS(!fine || fuzz_same(&whole, &cut_up));
	return 0;
}
