/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "foreign.h"
#include "optiontable.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

/* Whether it is an option here, or there is an answer that says what to do. */
static bool
has_answer(const char *option)
{
	const char *name = option + strspn(option, "-");

	if (option[1] == '-')
		return fp_optiontable_find(name) || fp_foreign_name(name) ||
		       fp_foreign_ours(name);
	for (size_t i = 0; i < fp_optiontable_n_rows; i++) {
		if (fp_optiontable_rows[i].letter == name[0])
			return true;
	}
	return fp_foreign_letter(name[0]) != NULL;
}

/* Calls `check` for each option of the programs that fetchpool stands
 * beside. */
static void
for_each(void (*check)(const char *option))
{
	const char *srcdir = getenv("srcdir");
	char path[1000], line[200];
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/tests/tables/elsewhere.options",
		srcdir ? srcdir : ".");
	FILE *file = fopen(path, "r");
	CHECK(file);
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (line[0] != '-')
			continue;
		line[strcspn(line, " \n")] = '\0';
		n++;
		check(line);
	}
	fclose(file);
	CHECK(n > 600);
}

static void
check_answer(const char *option)
{
	bool has = has_answer(option);

	if (!has)
		printf("# %s\n", option);
	CHECK(has);
}

/* Each long option in an answer is one of ours. */
static void
check_names(const char *option)
{
	const char *name = option + strspn(option, "-");
	const char *at = option[1] == '-' ? fp_foreign_name(name)
					  : fp_foreign_letter(name[0]);
	const char *ours = fp_foreign_ours(name);
	char word[40];

	CHECK(!ours || fp_optiontable_find(ours));
	while (at && (at = strstr(at, "--"))) {
		at += 2;
		size_t len =
			strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789.-");
		snprintf(word, sizeof(word), "%.*s", (int)len, at);
		if (!fp_optiontable_find(word))
			printf("# %s: --%s\n", option, word);
		CHECK(fp_optiontable_find(word));
	}
}

static void
every_option_has_an_answer(void)
{
	for_each(check_answer);
	CHECK(!fp_foreign_name("nope") && !fp_foreign_ours("nope"));
	CHECK(!fp_foreign_name("") && !fp_foreign_letter('\0'));
}

static void
answers_name_options(void)
{
	for_each(check_names);
}

int
main(void)
{
	run("every option of others has an answer", every_option_has_an_answer);
	run("answers name options that there are", answers_name_options);
	return done();
}
