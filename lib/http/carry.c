/* SPDX-License-Identifier: MIT */
/*
 * What is decided when, for the body of a success:
 *
 *	demanded or by type JSON	judged and minified as it comes
 *	no Content-Type, --body auto	kept, then tried as JSON at the end
 *	text, base64, other types	kept; UTF-8 decides at the end
 *
 * What is in another charset is decoded first: JSON as it comes, what is kept
 * at the end, so that bytes that turn out to be no text are still there.
 *
 * Of an answer that is no success, some is kept as it comes, and at the end it
 * is whatever it can be: JSON, text or bytes. Names are not picked there: what
 * says why would be lost. For everything else only the size is counted.
 */
#include "base.h"

#include "carry.h"

#include "ascii.h"
#include "outcome.h"
#include "problem.h"
#include "units.h"
#include "utf8.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What is judged at once of a body that was kept. */
#define PIECE ((size_t)65536)

/* What is decoded at once. */
#define DECODED_PIECE ((size_t)4096)

void
fp_carry_init(struct fp_carry *carry, const struct fp_options *options)
{
	*carry = (struct fp_carry){.options = options};
}

void
fp_carry_forget(struct fp_carry *carry)
{
	fp_charset_end(&carry->charset);
	*carry = (struct fp_carry){
		.options = carry->options,
		.json = carry->json,
		.spare = carry->spare,
		.decoded = carry->decoded,
		.fail_if = carry->fail_if,
		.find = carry->find,
		.places = carry->places,
		.n_places = carry->n_places,
		.take = carry->take,
	};
}

void
fp_carry_destroy(struct fp_carry *carry)
{
	fp_json_free(carry->json);
	fp_jsonfind_free(carry->find);
	fp_charset_end(&carry->charset);
	fp_jsontake_free(carry->take);
	fp_buf_destroy(&carry->spare);
	fp_buf_destroy(&carry->decoded);
}

bool
fp_carry_is_json_type(const char *type)
{
	size_t len = strcspn(type, "; \t,");

	if ((len == 16 && strncasecmp(type, "application/json", 16) == 0) ||
		(len == 9 && strncasecmp(type, "text/json", 9) == 0))
		return true;
	return len > 5 && strncasecmp(type + len - 5, "+json", 5) == 0 &&
	       memchr(type, '/', len);
}

/* The first thing that goes wrong is the one that is told. */
static void
carry_fail(struct fp_carry *carry, enum fp_kind kind, const char *message)
{
	if (carry->kind != FP_KIND_OK)
		return;
	carry->kind = kind;
	carry->message = message;
	if (!carry->is_failed)
		fp_buf_clear(carry->out, 0);
}

static void
fail_json(struct fp_carry *carry)
{
	if (fp_json_error(carry->json) == FP_JSON_NO_MEMORY)
		carry_fail(carry, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	else
		carry_fail(carry, FP_KIND_BODY, fp_json_message(carry->json));
}

/* NULL: no memory. */
static struct fp_json *
new_judge(const struct fp_options *options, bool knows_names)
{
	struct fp_json *json =
		knows_names ? fp_json_new_refusing(options->pick,
				      options->n_pick, options->omit,
				      options->n_omit, options->body_lacks)
			    : fp_json_new(NULL, 0, NULL, 0);

	if (!json || !options->json_safe || fp_json_make_safe(json) == 0)
		return json;
	fp_json_free(json);
	return NULL;
}

/* Gets the judge ready for a document; false: no memory. */
static bool
reset_json(struct fp_carry *carry)
{
	const struct fp_options *options = carry->options;

	if (carry->json) {
		fp_json_reset(carry->json);
		return true;
	}
	carry->json = new_judge(options, true);
	if (!carry->json)
		carry_fail(carry, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	return carry->json != NULL;
}

/* What is the same for all. */
static void
carry_begin(struct fp_carry *carry, const char *type, struct fp_buf *out)
{
	carry->out = out;
	carry->type = type;
	fp_charset_end(&carry->charset);
	carry->charset.name[0] = '\0';
	carry->kind = FP_KIND_OK;
	carry->message = NULL;
	carry->first = 0;
	carry->size = 0;
	carry->is_failed = false;
	carry->is_cut = false;
	carry->grows = false;
	carry->changes = (struct fp_json_changes){0};
	carry->looks = carry->has_found = false;
	carry->may_be_problem = type[0] == '\0' || fp_carry_is_json_type(type);
	carry->want = carry->options->body;
	if (carry->want == FP_BODY_NONE && carry->proves_end)
		carry->want = FP_BODY_JSON;
	else if (carry->want == FP_BODY_AUTO && fp_carry_is_json_type(type))
		carry->want = FP_BODY_JSON;
	else if (carry->want == FP_BODY_AUTO && type[0] != '\0')
		carry->want = FP_BODY_TEXT;
}

static void
begin_decoding(struct fp_carry *carry)
{
	bool is_json = carry->options->body == FP_BODY_JSON ||
		       fp_carry_is_json_type(carry->type);

	fp_charset_begin(&carry->charset, carry->type, is_json);
}

/* Gets ready to look through what may be JSON. */
static void
begin_find(struct fp_carry *carry)
{
	if (!carry->is_success || !(carry->may_be_problem ||
					  carry->options->body == FP_BODY_JSON))
		return;
	if (carry->find)
		fp_jsonfind_reset(carry->find);
	else
		carry->find = fp_jsonfind_new(carry->fail_if);
	carry->looks = carry->find != NULL;
	if (!carry->find)
		carry_fail(carry, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
}

/* The body's values are taken where they are asked for. */
static void
begin_take(struct fp_carry *carry)
{
	if (!carry->is_success)
		return;
	if (carry->take)
		fp_jsontake_reset(carry->take);
	else
		carry->take = fp_jsontake_new(carry->places, carry->n_places);
	carry->takes = carry->take != NULL;
	if (!carry->take)
		carry_fail(carry, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
}

void
fp_carry_begin(struct fp_carry *carry, bool wanted, const char *type,
	struct fp_buf *out)
{
	carry_begin(carry, type, out);
	carry->keep = wanted && carry->want != FP_BODY_NONE &&
		      (!carry->judges_only || carry->want == FP_BODY_JSON);
	carry->is_streamed =
		carry->keep && carry->want == FP_BODY_JSON && reset_json(carry);
	if (FP_UNLIKELY(carry->fail_if))
		begin_find(carry);
	if ((carry->keep && carry->want != FP_BODY_BASE64) || carry->looks)
		begin_decoding(carry);
	if (FP_UNLIKELY(carry->n_places))
		begin_take(carry);
}

void
fp_carry_begin_failed(
	struct fp_carry *carry, const char *type, struct fp_buf *out)
{
	carry_begin(carry, type, out);
	carry->is_failed = carry->keep = carry->options->max_error_body > 0;
	carry->is_streamed = false;
	if (carry->keep)
		begin_decoding(carry);
}

size_t
fp_carry_wants(const struct fp_carry *carry, size_t len)
{
	uint64_t most = carry->options->max_error_body - carry->out->len;

	return most < len ? (size_t)most : len;
}

/* Keeps bytes, with room for what they may become. */
static int
keep_text(struct fp_carry *carry, const char *data, size_t len)
{
	struct fp_buf *out = carry->out;

	if (fp_buf_add(out, data, len))
		return -1;
	return carry->grows
		       ? fp_buf_reserve(out, (FP_CHARSET_GROWTH - 1) * out->len)
		       : 0;
}

/* What finds no memory is not kept. */
static void
keep_failed(struct fp_carry *carry, const char *data, size_t len)
{
	size_t n = fp_carry_wants(carry, len);

	if (n > 0 && keep_text(carry, data, n))
		n = 0;
	carry->is_cut |= n < len;
	carry->keep = !carry->is_cut;
}

static void
note_first(struct fp_carry *carry, const char *data, size_t len)
{
	for (size_t i = 0; i < len && !carry->first; i++) {
		if (!memchr(" \t\r\n\0\xef\xbb\xbf\xff\xfe", data[i], 10))
			carry->first = data[i];
	}
}

const char *
fp_carry_charset(const struct fp_carry *carry)
{
	return carry->charset.name[0] ? carry->charset.name : NULL;
}

bool
fp_carry_is_number(const struct fp_carry *carry)
{
	return carry->first == '-' || fp_ascii_is_digit(carry->first);
}

void
fp_carry_explain_limit(uint64_t max_body, char *text, size_t text_size)
{
	char limit[32];

	fp_units_print_size(max_body, limit, sizeof(limit));
	snprintf(text, text_size, "the body is larger than the limit of %s",
		limit);
}

/* It cannot be decoded. Only where that was asked for is it a failure of bytes
 * that are kept. */
static void
fail_decoding(struct fp_carry *carry)
{
	int error = errno;

	fp_charset_end(&carry->charset);
	if (error != ENOMEM && !carry->is_streamed &&
		carry->options->body != FP_BODY_TEXT) {
		carry->charset.name[0] = '\0';
		carry->looks = false;
		return;
	}
	if (carry->kind != FP_KIND_OK) /* and `why` says so */
		return;
	snprintf(carry->why, sizeof(carry->why), "the body is not valid %s",
		carry->charset.name);
	if (error == ENOMEM)
		carry_fail(carry, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	else
		carry_fail(carry, FP_KIND_BODY, carry->why);
}

/* What these bytes are in UTF-8; nothing, if they are no text. */
static struct fp_text
decode_piece(struct fp_carry *carry, struct fp_text data)
{
	struct fp_buf *decoded = &carry->decoded;

	fp_buf_clear(decoded, PIECE);
	if (fp_charset_feed(&carry->charset, data.data, data.len, decoded))
		fail_decoding(carry);
	return (struct fp_text){fp_buf_text(decoded), decoded->len};
}

/* What is looked for in the body, whatever is kept of it. */
static void
look_through(struct fp_carry *carry, struct fp_text text)
{
	if (FP_UNLIKELY(carry->looks))
		fp_jsonfind_feed(carry->find, text.data, text.len);
	if (FP_UNLIKELY(carry->takes) &&
		fp_jsontake_feed(carry->take, text.data, text.len))
		carry_fail(carry, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
}

/* What was held back of the last character, and of a body that is shorter than
 * a mark. */
static void
end_decoding(struct fp_carry *carry)
{
	struct fp_buf *decoded = &carry->decoded;

	fp_buf_clear(decoded, PIECE);
	if (!carry->is_streamed && !carry->looks && !carry->takes) {
		fp_charset_end(&carry->charset);
		return;
	}
	if (fp_charset_finish(&carry->charset, decoded))
		fail_decoding(carry);
	look_through(
		carry, (struct fp_text){fp_buf_text(decoded), decoded->len});
	if (carry->is_streamed && carry->kind == FP_KIND_OK &&
		fp_json_feed(carry->json, fp_buf_text(decoded), decoded->len,
			carry->out))
		fail_json(carry);
	fp_charset_end(&carry->charset);
	fp_buf_clear(decoded, 0);
}

/* Decodes some of what was kept; -1: it is no text. What becomes of it is in
 * `decoded`. */
static int
decode_some(struct fp_carry *carry, const char *from, size_t len, bool is_last)
{
	struct fp_buf *decoded = &carry->decoded;

	fp_buf_clear(decoded, PIECE);
	if (fp_charset_feed(&carry->charset, from, len, decoded))
		return -1;
	return is_last ? fp_charset_finish(&carry->charset, decoded) : 0;
}

/* Whether all that was kept is text, and does not grow by more than there is
 * room for. */
static bool
can_decode(struct fp_carry *carry)
{
	const struct fp_buf *out = carry->out;
	size_t made = 0;

	for (size_t at = 0, n; at < out->len; at += n) {
		n = FP_MIN(DECODED_PIECE, out->len - at);
		bool is_last = at + n == out->len && !carry->is_cut;
		if (decode_some(carry, out->data + at, n, is_last))
			return false;
		made += carry->decoded.len;
		if (made > FP_CHARSET_GROWTH * (at + n)) {
			errno = EILSEQ;
			return false;
		}
	}
	return true;
}

/* In its own buffer, from whose end it is taken: see fp_carry_growth(). */
static bool
decode_in_place(struct fp_carry *carry)
{
	struct fp_buf *out = carry->out;
	size_t len = out->len;

	if (fp_buf_reserve(out, (FP_CHARSET_GROWTH - 1) * len))
		return false;
	char *from = out->data + out->cap - 1 - len;
	memmove(from, out->data, len);
	out->len = 0;
	for (size_t at = 0, n; at < len; at += n) {
		n = FP_MIN(DECODED_PIECE, len - at);
		bool is_last = at + n == len && !carry->is_cut;
		if (decode_some(carry, from + at, n, is_last))
			return false;
		const struct fp_buf *decoded = &carry->decoded;
		FP_ASSERT(out->data + out->len + decoded->len <= from + at + n);
		if (decoded->len > 0)
			memcpy(out->data + out->len, decoded->data,
				decoded->len);
		out->len += decoded->len;
	}
	out->data[out->len] = '\0';
	return true;
}

/* Makes UTF-8 of what was kept, or leaves it as it came. false: it is no text
 * of its charset. */
static bool
decode_kept(struct fp_carry *carry)
{
	const struct fp_buf *out = carry->out;

	begin_decoding(carry);
	bool is_needed = out->len > 0 && fp_charset_is_needed(&carry->charset,
						 out->data, out->len);
	bool ok = !is_needed || can_decode(carry);
	bool is_other = is_needed && ok && carry->charset.converter;
	if (is_other) {
		begin_decoding(carry);
		ok = decode_in_place(carry);
	}
	if (!ok)
		fail_decoding(carry);
	else if (!is_other)
		carry->charset.name[0] = '\0';
	fp_charset_end(&carry->charset);
	fp_buf_destroy(&carry->decoded);
	return ok;
}

bool
fp_carry_write(struct fp_carry *carry, const char *data, size_t len)
{
	carry->size += len;
	if (carry->size > carry->options->max_body) {
		/* It is not read on: whatever was wrong so far, this is why. */
		carry->kind = FP_KIND_OK;
		fp_carry_explain_limit(carry->options->max_body, carry->why,
			sizeof(carry->why));
		carry_fail(carry, FP_KIND_TOO_LARGE, carry->why);
		return false;
	}

	struct fp_text text = {data, len};
	if (fp_charset_is_needed(&carry->charset, data, len)) {
		carry->grows = !carry->is_streamed;
		if (carry->is_streamed || carry->looks || carry->takes)
			text = decode_piece(carry, text);
	}
	look_through(carry, text);
	if (!carry->keep || carry->kind != FP_KIND_OK)
		return true;
	if (!carry->first && (carry->is_streamed || carry->proves_end))
		note_first(carry, data, len);
	if (FP_UNLIKELY(carry->is_failed)) {
		keep_failed(carry, data, len);
	} else if (carry->is_streamed) {
		if (fp_json_feed(carry->json, text.data, text.len, carry->out))
			fail_json(carry);
		if (carry->judges_only)
			fp_buf_clear(carry->out, 65536);
	} else if (keep_text(carry, data, len)) {
		carry_fail(carry, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	}
	return true;
}

/* The document is complete; it must be an object if that is demanded. */
static enum fp_body
end_document(struct fp_carry *carry)
{
	if (carry->options->body_is_object && !fp_json_is_object(carry->json))
		carry_fail(carry, FP_KIND_BODY,
			"the JSON document is not an object");
	if (carry->kind == FP_KIND_OK && carry->options->body_lacks &&
		fp_json_has_refused(carry->json)) {
		snprintf(carry->why, sizeof(carry->why),
			"the JSON document already has a member %s (omit it)",
			carry->options->body_lacks);
		carry_fail(carry, FP_KIND_BODY, carry->why);
	}
	return FP_BODY_JSON;
}

static enum fp_body
end_streamed(struct fp_carry *carry)
{
	if (carry->kind != FP_KIND_OK)
		return FP_BODY_NONE;
	if (fp_json_finish(carry->json, carry->out)) {
		fail_json(carry);
		return FP_BODY_NONE;
	}
	carry->changes = fp_json_changes(carry->json);
	return end_document(carry);
}

/* Feeds all that was kept to the judge. The document comes out in the spare
 * buffer piece by piece; with `replaces`, it takes the place of what was fed,
 * which it is never longer than, unless it is made safe: then it is gathered
 * there. */
static bool
judge_kept(struct fp_carry *carry, struct fp_json *json, bool replaces)
{
	struct fp_buf *out = carry->out;
	size_t done = 0;
	bool is_apart = replaces && carry->options->json_safe;
	bool ok = true;

	fp_json_reset(json);
	for (size_t at = 0; ok && at <= out->len; at += PIECE) {
		size_t n = FP_MIN(PIECE, out->len - at);
		if (!is_apart)
			fp_buf_clear(&carry->spare, 2 * PIECE);
		ok = fp_json_feed(json, out->data + at, n, &carry->spare) == 0;
		if (ok && n < PIECE)
			ok = fp_json_finish(json, &carry->spare) == 0;
		if (ok && replaces && !is_apart && carry->spare.len > 0)
			memcpy(out->data + done, carry->spare.data,
				carry->spare.len);
		done += carry->spare.len;
	}
	if (ok && is_apart) {
		struct fp_buf fed = *out;
		*out = carry->spare;
		carry->spare = fed;
		carry->changes = fp_json_changes(json);
	}
	fp_buf_clear(&carry->spare, 0);
	if (ok && replaces && !is_apart) {
		out->len = done;
		out->data[done] = '\0';
	}
	return ok;
}

/* Tries what was kept as JSON; on success it is replaced by its minified
 * form. A body that is no JSON is no fault here. */
static bool
guess_json(struct fp_carry *carry)
{
	if (carry->out->len == 0 || !reset_json(carry))
		return false;
	if (judge_kept(carry, carry->json, false) &&
		judge_kept(carry, carry->json, true))
		return true;
	if (fp_json_error(carry->json) == FP_JSON_NO_MEMORY ||
		fp_json_error(carry->json) == FP_JSON_REFUSED)
		fail_json(carry);
	return false;
}

/* Text with a U+0000, which not every reader of JSON takes. */
static bool
is_unsafe(const struct fp_carry *carry)
{
	return carry->options->json_safe &&
	       memchr(fp_buf_text(carry->out), 0, carry->out->len);
}

/* Whether it is whole JSON, though it is carried as something else. */
static bool
prove_end(struct fp_carry *carry)
{
	if (!reset_json(carry))
		return false;
	if (judge_kept(carry, carry->json, false))
		return true;
	fail_json(carry);
	return false;
}

/* Text if it is that, else bytes; unless one of them was demanded. */
static enum fp_body
end_kept(struct fp_carry *carry)
{
	if (carry->want != FP_BODY_BASE64 && !decode_kept(carry))
		return FP_BODY_BASE64;
	if (carry->want == FP_BODY_AUTO && guess_json(carry))
		return end_document(carry);
	if (carry->proves_end && !prove_end(carry))
		return FP_BODY_NONE;
	if (carry->want == FP_BODY_BASE64)
		return FP_BODY_BASE64;
	if (fp_utf8_valid(fp_buf_text(carry->out), carry->out->len) &&
		!is_unsafe(carry))
		return FP_BODY_TEXT;
	if (carry->options->body == FP_BODY_TEXT)
		carry_fail(carry, FP_KIND_BODY, "the body is not valid UTF-8");
	return FP_BODY_BASE64;
}

/* The end of text that was cut may be in the middle of a character. */
static bool
is_text(struct fp_carry *carry)
{
	struct fp_buf *out = carry->out;
	size_t valid = fp_utf8_valid_prefix(fp_buf_text(out), out->len);

	if (is_unsafe(carry))
		return false;
	if (valid < out->len && (!carry->is_cut || out->len - valid > 3))
		return false;
	if (valid < out->len) {
		out->len = valid;
		out->data[valid] = '\0';
	}
	return true;
}

/* In a body that is to stay as it came. */
static void
find_problem(
	struct fp_carry *carry, struct fp_json *json, struct fp_buf *detail)
{
	struct fp_buf *out = carry->out, *spare = &carry->spare;

	if (out->len > PIECE)
		return;
	fp_json_reset(json);
	if (fp_json_feed(json, out->data, out->len, spare) == 0)
		fp_problem_find(
			(struct fp_text){spare->data, spare->len}, detail);
	fp_buf_clear(spare, 0);
}

/* Whether all of it is JSON. The names that are wanted of other bodies are not
 * asked for here, so that a judge that knows some is of no use. */
static bool
is_json(struct fp_carry *carry, bool replaces, struct fp_buf *detail)
{
	const struct fp_options *options = carry->options;
	bool is_picky =
		options->n_pick + options->n_omit > 0 || options->body_lacks;
	struct fp_json *json = carry->json;
	struct fp_buf *out = carry->out;

	if (is_picky || !json)
		json = new_judge(options, false);
	bool ok = json && judge_kept(carry, json, false);
	if (ok && replaces)
		ok = judge_kept(carry, json, true);
	if (ok && replaces && detail)
		fp_problem_find((struct fp_text){out->data, out->len}, detail);
	else if (ok && detail)
		find_problem(carry, json, detail);
	if (is_picky)
		fp_json_free(json);
	else
		carry->json = json;
	return ok;
}

enum fp_body
fp_carry_end_failed(
	struct fp_carry *carry, bool is_whole, struct fp_buf *detail)
{
	enum fp_body demanded = carry->options->body;
	bool may_be_json = demanded == FP_BODY_JSON || carry->may_be_problem;
	bool becomes_json =
		demanded == FP_BODY_JSON || demanded == FP_BODY_AUTO;

	fp_buf_clear(detail, 0);
	carry->is_cut |= !is_whole;
	if (carry->has_found) /* what, in its own words */
		(void)fp_jsonfind_text(carry->find, detail);
	if (carry->out->len == 0)
		return FP_BODY_NONE;
	if ((becomes_json || demanded == FP_BODY_TEXT) && !carry->has_found)
		(void)decode_kept(carry);
	if (!carry->is_cut && may_be_json &&
		is_json(carry, becomes_json,
			carry->has_found ? NULL : detail) &&
		becomes_json)
		return FP_BODY_JSON;
	if (demanded == FP_BODY_NONE || demanded == FP_BODY_BASE64)
		return demanded;
	return is_text(carry) ? FP_BODY_TEXT : FP_BODY_BASE64;
}

static enum fp_kind
end_body(struct fp_carry *carry, enum fp_carry_due due, enum fp_body *encoding)
{
	*encoding = FP_BODY_NONE;
	if (!carry->keep || carry->kind != FP_KIND_OK)
		return carry->kind;

	/* A response that cannot have a body is not wrong to have none. */
	bool demanded = carry->options->body == FP_BODY_JSON;
	if (due == FP_CARRY_NOTHING && !demanded)
		return FP_KIND_OK;
	if (due == FP_CARRY_ANYTHING && carry->size == 0 &&
		(carry->is_streamed || carry->proves_end) &&
		!carry->options->body_is_object)
		return FP_KIND_OK;
	*encoding = carry->is_streamed ? end_streamed(carry) : end_kept(carry);
	if (carry->kind != FP_KIND_OK || carry->judges_only)
		*encoding = FP_BODY_NONE;
	return carry->kind;
}

enum fp_kind
fp_carry_end(
	struct fp_carry *carry, enum fp_carry_due due, enum fp_body *encoding)
{
	if (FP_UNLIKELY(
		    carry->charset.converter || carry->charset.is_undecided))
		end_decoding(carry);

	enum fp_kind kind = end_body(carry, due, encoding);

	if (FP_LIKELY(!carry->looks) || kind != FP_KIND_OK)
		return kind;
	/* Without a type, and not asked for as JSON, it may be anything. */
	bool is_json = carry->keep && carry->want == FP_BODY_AUTO
			       ? *encoding == FP_BODY_JSON
			       : true;
	const char *pointer = fp_jsonfind_found(carry->find);
	if (!pointer || !is_json)
		return kind;
	carry->has_found = true;
	carry->kind = FP_KIND_BODY;
	snprintf(carry->why, sizeof(carry->why), "the body has a value at %s",
		pointer[0] ? pointer : "its root");
	carry->message = carry->why;
	*encoding = FP_BODY_NONE;
	return carry->kind;
}
