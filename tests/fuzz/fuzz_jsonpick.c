/* SPDX-License-Identifier: MIT */
/*
 * Members of a JSON object that are picked and left out. What streams through
 * is what one gets who takes the whole minified document, decides about each
 * member by the meaning of its name, and puts the rest together again.
 *
 *	a byte: how it is cut
 *	two lines: names to pick, names to leave out, with commas between
 *	then: the document
 */
#include "fuzzjson.h"

#include "jsonescape.h"
#include "jsonwalk.h"

#define NAMES_MAX 8

struct names {
	char *list[NAMES_MAX];
	size_t n;
};

static void
read_names(struct names *names, struct fp_text line)
{
	struct fuzz fuzz = {line.data, line.len};

	names->n = 0;
	while (fuzz.left > 0 && names->n < NAMES_MAX)
		names->list[names->n++] = fuzz_string(fuzz_until(&fuzz, ','));
}

static void
free_names(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i]);
}

static bool
has(const struct names *names, struct fp_text name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (fuzz_same_text(fuzz_text(names->list[i]), name))
			return true;
	}
	return false;
}

/* A name with its quotes. What no text can hold is in no list. */
static bool
wants(const struct names *pick, const struct names *omit, struct fp_text name)
{
	struct fp_text inside = {name.data + 1, name.len - 2};
	struct fp_buf plain = FP_BUF_INIT;

	HOLDS(fp_buf_reserve(&plain, name.len) == 0);
	bool has_none = fp_jsonescape_undo(inside, &plain) != NULL;
	struct fp_text meaning = {fp_buf_text(&plain), plain.len};
	bool wanted = pick->n == 0 || (!has_none && has(pick, meaning));
	wanted = wanted && (has_none || !has(omit, meaning));
	fp_buf_destroy(&plain);
	return wanted;
}

/* The other way to do it. */
static void
choose_members(const struct names *pick, const struct names *omit,
	struct fp_text whole, struct fp_buf *out)
{
	struct fp_jsonwalk walk;
	struct fp_text name, value;

	if (whole.data[0] != '{') {
		fuzz_add(out, whole.data, whole.len);
		return;
	}
	fuzz_add(out, "{", 1);
	fp_jsonwalk_into(&walk, whole);
	while (fp_jsonwalk_next(&walk, &name, &value)) {
		if (!wants(pick, omit, name))
			continue;
		if (out->len > 1)
			fuzz_add(out, ",", 1);
		fuzz_add(out, name.data, name.len);
		fuzz_add(out, ":", 1);
		fuzz_add(out, value.data, value.len);
	}
	fuzz_add(out, "}", 1);
}

static struct fp_buf whole, picked, expected;

static void
check(const struct names *pick, const struct names *omit,
	struct fp_text document, struct fuzz_cut cut)
{
	struct fp_json *all = fp_json_new(NULL, 0, NULL, 0);
	struct fp_json *some = fp_json_new((const char *const *)pick->list,
		pick->n, (const char *const *)omit->list, omit->n);
	struct fuzz_cut none = {0};

	HOLDS(all && some);
	fp_buf_clear(&whole, 65536);
	fp_buf_clear(&picked, 0);
	fp_buf_clear(&expected, 65536);
	bool fine = fuzz_judge(all, document, none, &whole);
	HOLDS(fuzz_judge(some, document, cut, &picked) == fine);
	HOLDS(strcmp(fp_json_message(all), fp_json_message(some)) == 0);
	if (fine) {
		struct fp_text minified = {whole.data, whole.len};
		choose_members(pick, omit, minified, &expected);
		HOLDS(fuzz_same(&picked, &expected));
		fuzz_holds_json(picked.data, picked.len);
	}
	fp_json_free(some);
	fp_json_free(all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	struct fuzz_cut cut = {fuzz_choose(&fuzz, FUZZ_CUTS), 1};
	struct names pick, omit;

	read_names(&pick, fuzz_until(&fuzz, '\n'));
	read_names(&omit, fuzz_until(&fuzz, '\n'));
	check(&pick, &omit, fuzz_rest(&fuzz), cut);
	free_names(&pick);
	free_names(&omit);
	return 0;
}
