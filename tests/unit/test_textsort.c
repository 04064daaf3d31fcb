/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "tap.h"
#include "textsort.h"

#define MANY 200000

/* The name that is there twice among these, the last of which is NULL. */
static const char *
twice(bool any_case, const char *const *list)
{
	struct fp_text names[32];
	size_t n = 0;

	for (; list[n]; n++)
		names[n] = (struct fp_text){list[n], strlen(list[n])};
	const struct fp_text *name = fp_textsort_twice(names, n, any_case);
	return name ? name->data : "none";
}

#define TWICE(...) twice(false, (const char *const[]){__VA_ARGS__, NULL})
#define ANY_CASE(...) twice(true, (const char *const[]){__VA_ARGS__, NULL})

static void
few_names(void)
{
	struct fp_text one = {"a", 1};

	CHECK(fp_textsort_twice(NULL, 0, false) == NULL);
	CHECK(fp_textsort_twice(&one, 1, false) == NULL);
	CHECK_TEXT(TWICE("a", "b"), "none");
	CHECK_TEXT(TWICE("a", "a"), "a");
	CHECK_TEXT(TWICE("", ""), "");
	CHECK_TEXT(TWICE("", "a", "aa", "aaa"), "none");
	CHECK_TEXT(TWICE("c", "b", "a", "b"), "b");
	CHECK_TEXT(TWICE("b", "c", "d", "e", "f", "g", "b"), "b");
	CHECK_TEXT(TWICE("x", "\xc3\xa4", "\xc3\xb6", "\xc3\xa4"), "\xc3\xa4");
}

static void
letter_case(void)
{
	CHECK_TEXT(TWICE("Accept", "accept"), "none");
	CHECK(strcmp(ANY_CASE("Accept", "x", "aCCEPT"), "none") != 0);
	CHECK(strcmp(ANY_CASE("AZ", "b", "az"), "none") != 0);
	CHECK_TEXT(ANY_CASE("a", "b", "C", "D"), "none");
	/* These differ from each other by the bit that letters' case is. */
	CHECK_TEXT(ANY_CASE("@", "`", "[", "{", "\x01", "!"), "none");
	CHECK_TEXT(ANY_CASE("\xc3\xa4", "\xc3\x84"), "none");
}

/* The order in which they come: each is found if one of them is repeated. */
enum order { UP, DOWN, MIXED, N_ORDERS };

static size_t
at_place(enum order order, size_t i, size_t n)
{
	return order == UP ? i : order == DOWN ? n - 1 - i : i * 7919 % n;
}

static void
every_order(void)
{
	static char texts[24][4];
	unsigned wrong = 0;

	for (size_t n = 2; n <= FP_ARRAY_LEN(texts); n++) {
		for (size_t copied = 0; copied < n * n * N_ORDERS; copied++) {
			struct fp_text names[FP_ARRAY_LEN(texts)];
			size_t from = copied % n, to = copied / n % n;
			enum order order = (enum order)(copied / n / n);
			for (size_t i = 0; i < n; i++) {
				size_t at = at_place(order, i, n);
				snprintf(texts[i], 4, "%c%zu",
					(char)('a' + at % 3), at % 100);
				names[i] = (struct fp_text){
					texts[i], strlen(texts[i])};
			}
			names[to] = names[from];
			const struct fp_text *name =
				fp_textsort_twice(names, n, false);
			wrong += (name != NULL) != (from != to);
		}
	}
	CHECK(wrong == 0);
}

/* With squares in it this would take minutes. */
static void
many_names(void)
{
	static char texts[MANY][8];
	static struct fp_text names[MANY];

	for (int order = 0; order < N_ORDERS; order++) {
		for (size_t i = 0; i < MANY; i++) {
			size_t at = at_place((enum order)order, i, MANY);
			snprintf(texts[i], sizeof(texts[i]), "%07zu", at);
			names[i] = (struct fp_text){texts[i], 7};
		}
		CHECK(fp_textsort_twice(names, MANY, order % 2) == NULL);
		names[0] = names[MANY / 2];
		CHECK(fp_textsort_twice(names, MANY, false) != NULL);
		for (size_t i = 0; i < MANY; i++)
			names[i] = names[0];
		CHECK(fp_textsort_twice(names, MANY, false) != NULL);
	}
}

int
main(void)
{
	run("a name that is there twice is found", few_names);
	run("in any case if asked for, for ASCII letters only", letter_case);
	run("wherever they are, in whatever order", every_order);
	run("many names cost no square", many_names);
	return done();
}
