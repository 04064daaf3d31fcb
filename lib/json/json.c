/* SPDX-License-Identifier: MIT */
/*
 * A document goes through in slices. The scanner (jsonscan) parts each in
 * output and tokens; the output is appended, and yajl, the judge of the
 * grammar, reads the tokens. It is given no callbacks, so it converts nothing.
 *
 * yajl and memory: yajl 2.1.0 uses what its allocator returns without looking.
 * So it gets all its memory from an arena here; when that is full, the
 * allocator leaves yajl by longjmp() and never returns. Nothing is freed one
 * by one: a new document takes the whole arena back. The arena is small and
 * of a fixed size, because tokens are short and the depth is limited; a yajl
 * that needs more is found by the tests.
 *
 * yajl and places: where it says an error is depends on how its input was cut,
 * and its input is not the document. But since all it knows is in the arena,
 * it can be put back to before the slice by copying that. So on an error, which
 * may be slow, the slice is gone through once more, byte by byte: the first
 * byte that yajl objects to is the place. Between words and what follows them
 * it then gets a space, so that an objection to the word comes before one to
 * the next token.
 *
 * Plainer ways were tried, and each breaks a promise:
 *
 *	The document itself, with yajl's own memory: a string of 64 MiB that
 *	comes in slices takes 201 MB, for yajl keeps a token until it is whole;
 *	and where malloc() fails, at any of its first eight calls, it crashes.
 *
 *	The arena without longjmp(): when it is full, one can only abort. That
 *	a document fails with "out of memory" could not be kept, nor tested.
 *
 *	Byte by byte from the start, so that nothing has to be put back: 38 MB
 *	a second instead of 190 (21 instead of 106 where all is small numbers).
 *
 *	yajl_get_bytes_consumed() in place of the second pass: after an error it
 *	is behind the token, at its start, or two bytes into a string, and for a
 *	misspelled word on either side of the wrong byte. A dozen documents of
 *	the public suite then had a place that changed with the slices.
 */
#include "base.h"

#include "json.h"
#include "jsonsafe.h"
#include "jsonscan.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_parse.h>
#include <yajl/yajl_version.h>

#define SLICE 8192
#define ARENA 5120 /* 4,736 are needed at the limit of depth */
#define ALIGNMENT _Alignof(max_align_t)

_Static_assert(FP_JSON_DEPTH_MAX == FP_JSONSCAN_DEPTH_MAX, "the same limit");

/* All that a slice changes. */
struct state {
	struct fp_jsonscan scan;
	yajl_handle yajl; /* in the arena; NULL: not yet begun */
	size_t arena_used;
	_Alignas(max_align_t) char arena[ARENA];
};

struct fp_json {
	struct state now;
	enum fp_json_error error;
	char message[160];
	jmp_buf out_of_memory;
	unsigned fail_in; /* allocations until one fails; 0: none does */
	struct fp_jsonsafe *safe; /* NULL: what stays, stays as it is */
	struct fp_buf raw; /* what it gets */
	struct fp_jsonpick names;
	size_t held_max;
	char held[]; /* the scanner's */
};

enum verdict { RIGHT, WRONG, NO_MEMORY };

/* ---- what yajl allocates with ---- */

static inline size_t
whole_block(size_t size)
{
	return ALIGNMENT + (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* In front of each block stands its size. */
static void *
arena_alloc(void *arg, size_t size)
{
	struct fp_json *json = arg;

	if (json->fail_in > 0 && --json->fail_in == 0)
		longjmp(json->out_of_memory, 1);
	if (size > ARENA || whole_block(size) > ARENA - json->now.arena_used)
		longjmp(json->out_of_memory, 1);
	char *block = json->now.arena + json->now.arena_used + ALIGNMENT;
	memcpy(block - ALIGNMENT, &size, sizeof(size));
	json->now.arena_used += whole_block(size);
	return block;
}

static void *
arena_realloc(void *arg, void *block, size_t size)
{
	struct fp_json *json = arg;
	char *old = block;
	size_t old_size;

	if (!old)
		return arena_alloc(arg, size);
	memcpy(&old_size, old - ALIGNMENT, sizeof(old_size));
	char *end = old - ALIGNMENT + whole_block(old_size);
	/* The last block grows where it is. */
	if (end == json->now.arena + json->now.arena_used)
		json->now.arena_used -= whole_block(old_size);
	char *new = arena_alloc(arg, size);
	if (new != old)
		memcpy(new, old, FP_MIN(old_size, size));
	return new;
}

static void
arena_free(void *arg, void *block)
{
	(void)arg;
	(void)block;
}

/* ---- yajl; setjmp() is around each call ---- */

static void
json_begin(struct fp_json *json)
{
	yajl_alloc_funcs allocator = {
		.malloc = arena_alloc,
		.realloc = arena_realloc,
		.free = arena_free,
		.ctx = json,
	};

	json->now.yajl = yajl_alloc(NULL, &allocator, NULL);
	yajl_config(json->now.yajl, yajl_dont_validate_strings, 1);
}

/* Has yajl read some tokens. */
static enum verdict
json_judge(struct fp_json *json, const char *tokens, size_t len)
{
	if (len == 0)
		return RIGHT;
	if (setjmp(json->out_of_memory))
		return NO_MEMORY;
	if (!json->now.yajl)
		json_begin(json);
	yajl_status status =
		yajl_parse(json->now.yajl, (const unsigned char *)tokens, len);
	return status == yajl_status_ok ? RIGHT : WRONG;
}

/* After all tokens. */
static enum verdict
judge_end(struct fp_json *json)
{
	if (setjmp(json->out_of_memory))
		return NO_MEMORY;
	yajl_status status = yajl_complete_parse(json->now.yajl);
	return status == yajl_status_ok ? RIGHT : WRONG;
}

/* What yajl has to say about its error, "lexical error: ..." or "parse error:
 * ...", none of it from the document. */
static const char *
objection(struct fp_json *json)
{
	if (setjmp(json->out_of_memory))
		return "";
	return (const char *)yajl_get_error(json->now.yajl, 0, NULL, 0);
}

/* Whether yajl's error is in the middle of a word, rather than about a whole
 * token that may not stand where it does. */
static bool
objects_to_spelling(struct fp_json *json)
{
	return strncmp(objection(json), "lexical", 7) == 0;
}

/* ---- errors ---- */

static int json_fail(struct fp_json *json, enum fp_json_error error,
	const char *format, ...) FP_PRINTF(3, 4);

static int
json_fail(
	struct fp_json *json, enum fp_json_error error, const char *format, ...)
{
	va_list args;

	json->error = error;
	va_start(args, format);
	vsnprintf(json->message, sizeof(json->message), format, args);
	va_end(args);
	return -1;
}

static int
no_memory(struct fp_json *json)
{
	errno = ENOMEM;
	return json_fail(json, FP_JSON_NO_MEMORY, "out of memory");
}

static int
invalid(struct fp_json *json, uint64_t at, const char *reason)
{
	return json_fail(json, FP_JSON_INVALID,
		"invalid JSON at byte %" PRIu64 ": %s", at, reason);
}

static int
ends_early(struct fp_json *json)
{
	return json_fail(json, FP_JSON_INVALID,
		"JSON ends early after %" PRIu64 " bytes",
		json->now.scan.offset);
}

/* The scanner's objection. */
static int
scan_fault(struct fp_json *json)
{
	const struct fp_jsonscan *scan = &json->now.scan;

	if (scan->fault == FP_JSONSCAN_DEPTH)
		return json_fail(json, FP_JSON_TOO_DEEP,
			"JSON nested deeper than %d levels at byte %" PRIu64,
			FP_JSON_DEPTH_MAX, scan->fault_at);
	if (scan->fault == FP_JSONSCAN_UTF8)
		return json_fail(json, FP_JSON_INVALID,
			"invalid UTF-8 in JSON at byte %" PRIu64,
			scan->fault_at);
	return invalid(json, scan->fault_at, fp_jsonscan_reason(scan->fault));
}

/* yajl's objection, of which the part between ": " and ".\n" is worth having.
 */
static int
grammar_fault(struct fp_json *json, uint64_t at)
{
	const char *reason = strchr(objection(json), ':');

	if (!reason)
		return invalid(json, at, "syntax error");
	reason += strspn(reason, ": ");
	invalid(json, at, reason);
	json->message[strcspn(json->message, ".\n")] = '\0';
	return -1;
}

/* ---- one slice ---- */

static void
copy_state(struct state *to, const struct state *from)
{
	memcpy(to, from, offsetof(struct state, arena) + from->arena_used);
}

/* yajl objected to what it was just given, which came from the byte at `at`.
 * If that only ended a token that may not stand there, the fault is where the
 * token begins. */
static int
objected(struct fp_json *json, enum verdict verdict, uint64_t at, bool in_token)
{
	if (verdict == NO_MEMORY)
		return no_memory(json);
	if (in_token && !objects_to_spelling(json))
		at = json->now.scan.token_at;
	return grammar_fault(json, at);
}

/* yajl objected to something in this slice, and all is as before it. Finds the
 * byte and reports it. */
static int
locate(struct fp_json *json, struct fp_jsonslice slice)
{
	const char *end = slice.data + slice.len;
	enum verdict verdict;

	for (slice.len = 1; slice.data < end; slice.data++) {
		uint64_t at = json->now.scan.offset;
		bool is_word = fp_jsonscan_is_word(*slice.data);
		if (json->now.scan.state == FP_JSONSCAN_WORD && !is_word) {
			verdict = json_judge(json, " ", 1);
			if (verdict != RIGHT)
				return objected(json, verdict, at, true);
		}
		bool fine = fp_jsonscan_run(&json->now.scan, &slice);
		verdict = json_judge(json, slice.tokens, slice.n_tokens);
		if (verdict != RIGHT)
			return objected(json, verdict, at,
				is_word || *slice.data == '"');
		if (!fine)
			return scan_fault(json);
		slice.out += slice.n_out;
	}
	return grammar_fault(json, json->now.scan.offset);
}

static int
safe_result(struct fp_json *json, int ret)
{
	if (ret == 0)
		return 0;
	if (errno == ENOMEM)
		return no_memory(json);
	return json_fail(json, FP_JSON_REFUSED, "%s", json->safe->fault);
}

static int
feed_slice(
	struct fp_json *json, const char *data, size_t len, struct fp_buf *out)
{
	char tokens[FP_JSONSCAN_TOKEN_ROOM(SLICE)];
	struct state before;
	struct fp_buf *safe_out = out;

	if (json->safe) {
		out = &json->raw;
		out->len = 0;
	}
	if (fp_buf_reserve(out, fp_jsonscan_out_room(&json->now.scan, len)))
		return no_memory(json);
	copy_state(&before, &json->now);

	struct fp_jsonslice slice = {
		.data = data,
		.len = len,
		.tokens = tokens,
		.out = out->data + out->len,
	};
	bool fine = fp_jsonscan_run(&json->now.scan, &slice);
	enum verdict verdict = json_judge(json, tokens, slice.n_tokens);
	if (verdict == NO_MEMORY)
		return no_memory(json);
	if (verdict == WRONG) {
		copy_state(&json->now, &before);
		return locate(json, slice);
	}
	if (!fine)
		return scan_fault(json);
	out->len += slice.n_out;
	out->data[out->len] = '\0';
	if (json->safe)
		return safe_result(json, fp_jsonsafe_feed(json->safe, out->data,
						 out->len, safe_out));
	return 0;
}

/* ---- the interface ---- */

struct fp_json *
fp_json_new(const char *const *pick, size_t n_pick, const char *const *omit,
	size_t n_omit)
{
	return fp_json_new_refusing(pick, n_pick, omit, n_omit, NULL);
}

bool
fp_json_has_refused(const struct fp_json *json)
{
	return json->now.scan.has_refused;
}

struct fp_json *
fp_json_new_refusing(const char *const *pick, size_t n_pick,
	const char *const *omit, size_t n_omit, const char *refused)
{
	struct fp_jsonpick names = {pick, n_pick, omit, n_omit, refused};
	size_t held_max = fp_jsonpick_longest(&names);

	if (held_max > SIZE_MAX / 2) {
		errno = ENOMEM;
		return NULL;
	}
	struct fp_json *json = malloc(sizeof(*json) + held_max);
	if (!json)
		return NULL;
	json->safe = NULL;
	json->raw = (struct fp_buf)FP_BUF_INIT;
	json->names = names;
	json->held_max = held_max;
	json->fail_in = 0;
	fp_json_reset(json);
	return json;
}

void
fp_json_fail_allocation(struct fp_json *json, unsigned nth)
{
	json->fail_in = nth;
}

void
fp_json_free(struct fp_json *json)
{
	if (!json)
		return;
	if (json->safe)
		fp_jsonsafe_destroy(json->safe);
	free(json->safe);
	fp_buf_destroy(&json->raw);
	free(json);
}

size_t
fp_json_memory(const struct fp_json *json, size_t len)
{
	return json && json->safe ? fp_jsonsafe_memory(json->safe, len) : 0;
}

int
fp_json_make_safe(struct fp_json *json)
{
	if (!json->safe)
		json->safe = malloc(sizeof(*json->safe));
	if (!json->safe)
		return -1;
	fp_jsonsafe_init(json->safe);
	return 0;
}

struct fp_json_changes
fp_json_changes(const struct fp_json *json)
{
	return json->safe ? json->safe->changes : (struct fp_json_changes){0};
}

void
fp_json_reset(struct fp_json *json)
{
	json->error = FP_JSON_OK;
	json->message[0] = '\0';
	json->now.yajl = NULL;
	json->now.arena_used = 0;
	if (json->safe)
		fp_jsonsafe_reset(json->safe);
	fp_jsonscan_init(
		&json->now.scan, &json->names, json->held, json->held_max);
}

int
fp_json_feed(
	struct fp_json *json, const char *data, size_t len, struct fp_buf *out)
{
	while (len > 0 && json->error == FP_JSON_OK) {
		size_t n = FP_MIN(len, SLICE);
		if (feed_slice(json, data, n, out))
			break;
		data += n;
		len -= n;
	}
	return json->error == FP_JSON_OK ? 0 : -1;
}

int
fp_json_finish(struct fp_json *json, struct fp_buf *out)
{
	enum verdict verdict = RIGHT;

	if (json->error != FP_JSON_OK)
		return -1;
	if (!json->now.scan.started && json->now.scan.state != FP_JSONSCAN_MARK)
		return json_fail(json, FP_JSON_INVALID, "empty, not JSON");
	bool in_string = json->now.scan.state == FP_JSONSCAN_STRING;
	if (in_string || json->now.scan.state == FP_JSONSCAN_WORD) {
		/* A token that was not allowed is worse than a cut one. */
		verdict = json_judge(json, in_string ? "\"" : " ", 1);
		if (verdict == WRONG && !objects_to_spelling(json))
			return grammar_fault(json, json->now.scan.token_at);
	}
	if (verdict == RIGHT && in_string)
		return ends_early(json);
	if (verdict == RIGHT)
		verdict = json->now.yajl ? judge_end(json) : WRONG;
	if (verdict == NO_MEMORY)
		return no_memory(json);
	if (verdict == RIGHT && json->safe)
		return safe_result(json, fp_jsonsafe_finish(json->safe, out));
	return verdict == RIGHT ? 0 : ends_early(json);
}

enum fp_json_error
fp_json_error(const struct fp_json *json)
{
	return json->error;
}

const char *
fp_json_message(const struct fp_json *json)
{
	return json->message;
}

bool
fp_json_is_object(const struct fp_json *json)
{
	return json->now.scan.is_object;
}

void
fp_json_version(char *text, size_t size)
{
	int version = yajl_version();

	snprintf(text, size, "yajl/%d.%d.%d", version / 10000,
		version / 100 % 100, version % 100);
}

/* Whether what stands here of yajl's ways is true of it is proven when the
 * program is built and tested (jsonproof.h), and not at each start. */
bool
fp_json_is_supported(void)
{
	return yajl_version() >= 20100;
}
