/* SPDX-License-Identifier: MIT */
/*
 * jsontest: gives documents to a struct fp_json in all the ways they can be
 * cut, and demands the same answer each time: the same output, or the same
 * message. Each piece is a block of its own of just its size, so that the
 * sanitizers and valgrind see a look beyond it.
 */
#ifndef FP_JSONTEST_H
#define FP_JSONTEST_H

#include "base.h"

#include "buf.h"
#include "json.h"
#include "tap.h"

static inline int
feed_copy(
	struct fp_json *json, const char *data, size_t len, struct fp_buf *out)
{
	char *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, data, len);
	int ret = fp_json_feed(json, copy, len, out);
	free(copy);
	return ret;
}

/* In pieces of `first`, then of `step` bytes. The output, or the message. */
static inline const char *
answer(struct fp_json *json, const char *document, size_t len, size_t first,
	size_t step, struct fp_buf *out)
{
	size_t n = FP_MIN(first, len);

	fp_json_reset(json);
	fp_buf_destroy(out); /* the next is no larger than it has to be */
	int ret = feed_copy(json, document, n, out);
	for (size_t at = n; ret == 0 && at < len; at += n) {
		n = FP_MIN(step, len - at);
		ret = feed_copy(json, document + at, n, out);
	}
	if (ret == 0)
		ret = fp_json_finish(json, out);
	if ((ret == 0) != (fp_json_error(json) == FP_JSON_OK))
		return "the results disagree";
	return ret ? fp_json_message(json) : fp_buf_text(out);
}

/* The answer that is the same however the document is cut: NULL if there is
 * no such. Long documents are not cut everywhere. `out` holds it. */
static inline const char *
one_answer(struct fp_json *json, const char *document, size_t len,
	struct fp_buf *out)
{
	struct fp_buf other = FP_BUF_INIT;
	const size_t stride = len / 200 + 1;
	struct fp_buf whole = FP_BUF_INIT;
	bool same = true;

	if (fp_buf_add_text(&whole, answer(json, document, len, len, 1, out)))
		abort();
	for (size_t first = 0; same && first < len; first += stride)
		same = strcmp(answer(json, document, len, first, len, &other),
			       whole.data) == 0;
	for (size_t step = 1; same && step < 8; step++)
		same = strcmp(answer(json, document, len, step, step, &other),
			       whole.data) == 0;
	if (!same)
		printf("# cut: %.99s\n# whole: %.99s\n", fp_json_message(json),
			whole.data);
	fp_buf_destroy(out);
	fp_buf_destroy(&other);
	*out = whole;
	return same ? out->data : NULL;
}

/* The same for lists of names. It lives until the next call. */
static inline const char *
picked(const char *const *pick, size_t n_pick, const char *const *omit,
	size_t n_omit, const char *document, size_t len)
{
	static struct fp_buf out;
	struct fp_json *json = fp_json_new(pick, n_pick, omit, n_omit);

	if (!json)
		abort();
	const char *got = one_answer(json, document, len, &out);
	fp_json_free(json);
	return got;
}

#define ANSWER(document) \
	picked(NULL, 0, NULL, 0, (document), sizeof(document) - 1)

/* What it becomes, or what is said about it. */
#define BECOMES(document, expected) CHECK_TEXT(ANSWER(document), (expected))
#define STAYS(document) BECOMES(document, document)
#define FAILS(document, at) CHECK(fails_at(ANSWER(document), (at)))

static inline bool
fails_at(const char *got, unsigned at)
{
	static const char head[] = "invalid JSON at byte ";
	char expected[64];

	snprintf(expected, sizeof(expected), "%s%u: ", head, at);
	if (got && strncmp(got, expected, strlen(expected)) == 0)
		return true;
	printf("# %s, not %s\n", got ? got : "(null)", expected);
	return false;
}

#endif
