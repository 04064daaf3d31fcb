/* SPDX-License-Identifier: MIT */
/*
 * A body on its way into a result. It is what its encoding says, in UTF-8
 * whatever its charset is, it is the same
 * however it came in pieces and whatever body came before it, and nothing is
 * kept of one that failed. As the body of a failed response it is kept up to a
 * limit, is never the cause of another failure, and is what its encoding says.
 *
 *	six bytes: how it is cut, what is demanded, the type, the names,
 *	the status, the limit
 *	then: the body
 */
#include "fuzzjson.h"

#include "carry.h"
#include "problem.h"

struct answer {
	struct fp_buf out;
	enum fp_kind kind;
	enum fp_body encoding;
	char message[200];
	bool is_decoded; /* from another charset */
};

static const char *const types[] = {"application/json", "", "text/plain",
	"application/problem+json; charset=utf-8", "image/png", "TEXT/JSON",
	"application/json; charset=utf-16", "text/html; charset=latin1",
	"text/csv; charset=shift_jis"};

static const char *const names[] = {"id", "a", "caf\xc3\xa9"};

static const uint64_t limits[] = {UINT64_MAX, 0, 1, 10, 100};

static struct fp_options options;
static bool wanted, bodiless;
static const char *type;

static void
choose(struct fuzz *fuzz)
{
	options = (struct fp_options){
		.body = (enum fp_body)fuzz_choose(fuzz, 5),
	};
	type = types[fuzz_choose(fuzz, FP_ARRAY_LEN(types))];
	unsigned which = fuzz_choose(fuzz, 8);
	options.pick = options.omit = names;
	options.n_pick = which & 1 ? 2 : 0;
	options.n_omit = which & 2 ? 3 : 0;
	options.body_is_object = which & 4;
	unsigned status = fuzz_choose(fuzz, 4);
	wanted = status != 1;
	bodiless = status == 2;
	options.max_body = limits[fuzz_choose(fuzz, FP_ARRAY_LEN(limits))];
}

static void
run(struct fp_carry *carry, struct fp_text body, struct fuzz_cut cut,
	struct answer *answer)
{
	bool goes_on = true;

	fp_buf_clear(&answer->out, 0);
	fp_carry_begin(carry, wanted, type, &answer->out);
	for (size_t at = 0; goes_on && at < body.len;) {
		size_t n = fuzz_piece(&cut, body.len - at);
		char *piece = fuzz_copy(body.data + at, n);
		goes_on = fp_carry_write(carry, piece, n);
		free(piece);
		at += n;
		HOLDS(goes_on == (at <= options.max_body));
	}
	answer->kind = fp_carry_end(carry,
		bodiless ? FP_CARRY_NOTHING : FP_CARRY_BODY, &answer->encoding);
	answer->is_decoded = fp_carry_charset(carry) != NULL;
	snprintf(answer->message, sizeof(answer->message), "%s",
		carry->message ? carry->message : "");
	HOLDS((answer->kind == FP_KIND_OK) == (answer->message[0] == '\0'));
}

static void
check(const struct answer *answer, struct fp_text body)
{
	struct fp_text out = {answer->out.data, answer->out.len};

	if (body.len > options.max_body) {
		HOLDS(answer->kind == FP_KIND_TOO_LARGE);
		HOLDS(out.len == 0);
		return;
	}
	if (answer->kind != FP_KIND_OK) {
		HOLDS(answer->kind == FP_KIND_BODY);
		HOLDS(wanted && out.len == 0);
		HOLDS(fuzz_is_tame(answer->message, strlen(answer->message)));
		return;
	}
	switch (answer->encoding) {
	case FP_BODY_JSON:
		fuzz_holds_json(out.data, out.len);
		HOLDS(!options.body_is_object || out.data[0] == '{');
		break;
	case FP_BODY_TEXT:
		HOLDS(fp_utf8_valid(out.data, out.len));
		HOLDS(answer->is_decoded || fuzz_same_text(out, body));
		break;
	case FP_BODY_BASE64:
		HOLDS(fuzz_same_text(out, body));
		HOLDS(!answer->is_decoded);
		HOLDS(options.body == FP_BODY_BASE64 || strchr(type, '=') ||
			!fp_utf8_valid(body.data, body.len));
		break;
	default:
		HOLDS(!wanted || bodiless || options.body == FP_BODY_NONE);
		break;
	}
}

/* ---- bodies of failed responses ---- */

struct failed {
	struct fp_buf out, detail;
	enum fp_body encoding;
	bool is_cut, is_decoded;
};

static void
run_failed(struct fp_carry *carry, struct fp_text body, struct fuzz_cut cut,
	bool is_whole, struct failed *failed)
{
	fp_buf_clear(&failed->out, 0);
	fp_carry_begin_failed(carry, type, &failed->out);
	for (size_t at = 0; at < body.len;) {
		size_t n = fuzz_piece(&cut, body.len - at);
		char *piece = fuzz_copy(body.data + at, n);
		HOLDS(fp_carry_write(carry, piece, n));
		free(piece);
		at += n;
	}
	failed->encoding =
		fp_carry_end_failed(carry, is_whole, &failed->detail);
	failed->is_cut = carry->is_cut;
	failed->is_decoded = fp_carry_charset(carry) != NULL;
}

static void
check_failed(const struct failed *failed, struct fp_text body, bool is_whole)
{
	struct fp_text out = {failed->out.data, failed->out.len};
	struct fp_text detail = {failed->detail.data, failed->detail.len};
	uint64_t most = options.max_error_body;

	HOLDS(fp_utf8_valid(detail.data, detail.len));
	HOLDS(detail.len <= FP_PROBLEM_MAX);
	HOLDS(!failed->is_cut || !is_whole || body.len > most ||
		failed->is_decoded);
	HOLDS(failed->is_cut || (is_whole && (body.len <= most || most == 0)));
	switch (failed->encoding) {
	case FP_BODY_JSON:
		HOLDS(!failed->is_cut);
		fuzz_holds_json(out.data, out.len);
		break;
	case FP_BODY_TEXT:
		HOLDS(fp_utf8_valid(out.data, out.len));
		HOLDS(failed->is_decoded ||
			(out.len <= body.len && out.len <= most &&
				memcmp(out.data, body.data, out.len) == 0));
		break;
	case FP_BODY_BASE64:
		HOLDS(out.len <= body.len && out.len <= most &&
			memcmp(out.data, body.data, out.len) == 0);
		break;
	default:
		HOLDS(most == 0 || body.len == 0 ||
			options.body == FP_BODY_NONE || out.len == 0);
		break;
	}
}

/* The same body once more, as one that explains a failure. */
static void
try_failed(struct fp_carry *carry, struct fp_text body, struct fuzz_cut cut)
{
	static struct failed whole, pieces;
	struct fuzz_cut none = {0};

	options.max_error_body =
		options.max_body == UINT64_MAX ? 65536 : options.max_body;
	options.max_body = UINT64_MAX;
	carry->judges_only = false;
	for (int is_whole = 0; is_whole < 2; is_whole++) {
		run_failed(carry, body, none, is_whole, &whole);
		check_failed(&whole, body, is_whole);
		run_failed(carry, body, cut, is_whole, &pieces);
		HOLDS(pieces.encoding == whole.encoding);
		HOLDS(pieces.is_cut == whole.is_cut);
		HOLDS(fuzz_same(&pieces.out, &whole.out));
		HOLDS(fuzz_same(&pieces.detail, &whole.detail));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct answer whole, other, spoilt;
	struct fuzz fuzz = fuzz_begin(data, size);
	struct fuzz_cut cut = {fuzz_choose(&fuzz, FUZZ_CUTS), 1}, none = {0};
	struct fp_carry carry;

	choose(&fuzz);
	struct fp_text body = fuzz_rest(&fuzz);
	fp_carry_init(&carry, &options);
	run(&carry, body, none, &whole);
	check(&whole, body);

	/* A half of it first: of that nothing stays. */
	struct fp_text half = {body.data, body.len / 2};
	run(&carry, half, cut, &spoilt);
	check(&spoilt, half);
	run(&carry, body, cut, &other);
	HOLDS(other.kind == whole.kind && other.encoding == whole.encoding);
	/* Of two faults, in the charset and in the JSON, either may be said. */
	HOLDS(strchr(type, '=') || strcmp(other.message, whole.message) == 0);
	HOLDS(whole.kind != FP_KIND_TOO_LARGE ||
		strcmp(other.message, whole.message) == 0);
	HOLDS(whole.kind != FP_KIND_OK || fuzz_same(&whole.out, &other.out));

	/* What judges only comes to the same and keeps nothing. */
	carry.judges_only = true;
	run(&carry, body, cut, &spoilt);
	HOLDS(spoilt.encoding == FP_BODY_NONE);
	HOLDS(spoilt.kind == whole.kind || spoilt.kind == FP_KIND_OK);
	HOLDS(spoilt.kind == whole.kind || whole.encoding != FP_BODY_JSON);
	try_failed(&carry, body, cut);
	fp_carry_destroy(&carry);
	return 0;
}
