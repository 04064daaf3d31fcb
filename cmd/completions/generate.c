/* SPDX-License-Identifier: MIT */
/*
 * Makes the completions of a shell, at build time: writes the template that is
 * named to standard output, with lists of all options in the place of its lines
 * and words in @CAPITALS@. Options, their help and the words they take are
 * those of the command's own tables.
 *
 *	generate bash|zsh|fish TEMPLATE
 *
 * As every build runs it, it also proves the yajl that is built with.
 */
#include "base.h"

#include "jsonproof.h"
#include "optiontable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a value is. */
enum kind {
	KIND_NONE, /* the option has no value */
	KIND_OTHER,
	KIND_FILE,
	KIND_DIR,
	KIND_AT, /* text, or @FILE */
	KIND_WORD,
	KIND_LIST, /* of words */
};

/* Options that may be given several times, and add up. */
static const char *const repeatable[] = {"header", "data", "json", "resolve",
	"form", "form-string", "expand-form", "connect-to", "deny", "allow",
	"setopt", "omit", "pick", "retry-on", "config"};

static bool
is_in(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], word) == 0)
			return true;
	}
	return false;
}

static bool
generate_is_repeatable(const struct fp_option_row *row)
{
	return is_in(repeatable, FP_ARRAY_LEN(repeatable), row->name);
}

static enum kind
kind_of(const struct fp_option_row *row)
{
	static const char *const at[] = {"header", "data", "json"};
	const struct fp_option_words *words = row->words;

	if (!row->arg && row->type != FP_OPTION_MAYBE)
		return KIND_NONE;
	if (words)
		return words->is_list ? KIND_LIST : KIND_WORD;
	if (strcmp(row->arg, "FILE") == 0 || strcmp(row->arg, "PATH") == 0)
		return KIND_FILE;
	if (strcmp(row->arg, "DIR") == 0)
		return KIND_DIR;
	return is_in(at, FP_ARRAY_LEN(at), row->name) ? KIND_AT : KIND_OTHER;
}

static void
put_words(const char *option)
{
	const struct fp_option_words *words =
		fp_optiontable_find(option)->words;

	for (size_t i = 0; words->words[i]; i++)
		printf("%s%s", i ? " " : "", words->words[i]);
}

/* Text within single quotes; these and what is in `special` is escaped. */
static void
put_quoted(const char *text, const char *special, const char *quote)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs(quote, stdout);
		else if (strchr(special, *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

/* ---- bash ---- */

static void
put_bash_value(const struct fp_option_row *row)
{
	static const char *const kinds[] = {[KIND_OTHER] = "other",
		[KIND_FILE] = "f",
		[KIND_DIR] = "d",
		[KIND_AT] = "at",
		[KIND_WORD] = "words",
		[KIND_LIST] = "list"};
	enum kind kind = kind_of(row);
	const struct fp_option_words *words = row->words;

	if (kind == KIND_NONE)
		return;
	putchar('\t');
	if (row->letter)
		printf("-%c | ", row->letter);
	printf("--%s) kind=%s", row->name, kinds[kind]);
	if (words) {
		printf(" words='");
		put_words(row->name);
		printf("' marks=%s", words->has_marks ? "yes" : "");
	}
	if (row->type == FP_OPTION_MAYBE)
		printf(" maybe=yes");
	puts(" ;;");
}

/* ---- zsh ---- */

static void
put_zsh_action(const struct fp_option_row *row)
{
	const struct fp_option_words *words = row->words;

	switch (kind_of(row)) {
	case KIND_NONE:
	case KIND_OTHER:
		printf(" ");
		break;
	case KIND_FILE:
		printf("_files");
		break;
	case KIND_DIR:
		printf("_path_files -/");
		break;
	case KIND_AT:
		printf("_fetchpool_at %s", row->arg);
		break;
	case KIND_WORD:
		printf("(");
		put_words(row->name);
		printf(")");
		break;
	case KIND_LIST:
		printf("_sequence %s - ",
			words->has_marks ? "_fetchpool_marked" : "compadd");
		put_words(row->name);
		break;
	}
}

static void
put_zsh_spec(const struct fp_option_row *row)
{
	bool is_maybe = row->type == FP_OPTION_MAYBE;
	const char *equals = row->arg ? "=" : is_maybe ? "=-" : "";
	bool is_last_word =
		row->type == FP_OPTION_HELP || row->type == FP_OPTION_VERSION;

	putchar('\t');
	if (generate_is_repeatable(row))
		printf("'*'");
	else if (is_last_word)
		printf("'(- *)'");
	else if (row->letter)
		printf("'(-%c --%s)'", row->letter, row->name);
	if (row->letter)
		printf("{-%c%s,--%s%s}", row->letter, row->arg ? "+" : "",
			row->name, equals);
	else
		printf("--%s%s", row->name, equals);
	printf("'[");
	put_quoted(row->help, "[]\\:", "'\\''");
	printf("]");
	if (row->arg) {
		printf(":");
		put_quoted(row->arg, ":\\", "'\\''");
		printf(":");
		put_zsh_action(row);
	} else if (is_maybe) {
		printf("::value:");
		put_zsh_action(row);
	} else if (row->type == FP_OPTION_HELP) {
		printf("::topic:(");
		put_words("help");
		printf(")");
	}
	puts("'");
}

/* ---- fish ---- */

/* A value that may be left out is offered behind "=" only; fish itself would
 * offer the option twice, with and without. */
static void
put_fish_maybe(const struct fp_option_row *row)
{
	printf("complete -c fetchpool -n '__fetchpool_at_value %s' -l %s -f "
	       "-a '(__fetchpool_list ",
		row->name, row->name);
	put_words(row->name);
	puts(")'");
}

static void
put_fish_spec(const struct fp_option_row *row)
{
	bool is_maybe = row->type == FP_OPTION_MAYBE;

	if (is_maybe)
		put_fish_maybe(row);
	printf("complete -c fetchpool");
	if (row->letter)
		printf(" -s %c", row->letter);
	printf(" -l %s", row->name);
	switch (is_maybe ? KIND_NONE : kind_of(row)) {
	case KIND_NONE:
		break;
	case KIND_OTHER:
		printf(" -x");
		break;
	case KIND_FILE:
		printf(" -r -F");
		break;
	case KIND_DIR:
		printf(" -x -a '(__fish_complete_directories)'");
		break;
	case KIND_AT:
		printf(" -x -a '(__fetchpool_at)'");
		break;
	case KIND_WORD:
		printf(" -x -a '");
		put_words(row->name);
		printf("'");
		break;
	case KIND_LIST:
		printf(" -x -a '(__fetchpool_list ");
		put_words(row->name);
		printf(")'");
		break;
	}
	printf(" -d '");
	put_quoted(row->help, "\\", "\\'");
	puts("'");
}

/* ---- the template ---- */

typedef void put_row(const struct fp_option_row *row);

static void
put_all(put_row *put)
{
	for (size_t i = 0; i < fp_optiontable_n_rows; i++)
		put(&fp_optiontable_rows[i]);
}

static void
put_name(const struct fp_option_row *row)
{
	if (row->letter)
		printf("-%c ", row->letter);
	printf("--%s ", row->name);
}

/* A line that is a mark, or that has one in it, or neither. */
static void
generate_put_line(char *line, put_row *put)
{
	char *mark;

	if (strcmp(line, "@VALUES@\n") == 0 || strcmp(line, "@SPECS@\n") == 0) {
		put_all(put);
	} else if ((mark = strstr(line, "@TOPICS@"))) {
		printf("%.*s", (int)(mark - line), line);
		put_words("help");
		fputs(mark + strlen("@TOPICS@"), stdout);
	} else if ((mark = strstr(line, "@OPTIONS@"))) {
		printf("%.*s", (int)(mark - line), line);
		put_all(put_name);
		fputs(mark + strlen("@OPTIONS@"), stdout);
	} else {
		fputs(line, stdout);
	}
}

static put_row *
find_shell(const char *name)
{
	static const struct {
		const char *name;
		put_row *put;
	} shells[] = {{"bash", put_bash_value}, {"zsh", put_zsh_spec},
		{"fish", put_fish_spec}};

	for (size_t i = 0; i < FP_ARRAY_LEN(shells); i++) {
		if (strcmp(shells[i].name, name) == 0)
			return shells[i].put;
	}
	return NULL;
}

int
main(int argc, char *argv[])
{
	put_row *put = argc == 3 ? find_shell(argv[1]) : NULL;
	FILE *template = put ? fopen(argv[2], "r") : NULL;
	char line[400];

	if (fp_jsonproof_run()) {
		fprintf(stderr, "this yajl does not judge JSON as it must\n");
		return 1;
	}
	if (!template) {
		fprintf(stderr, "usage: generate bash|zsh|fish TEMPLATE\n");
		return 2;
	}
	while (fgets(line, sizeof(line), template))
		generate_put_line(line, put);
	return ferror(template) || fclose(template) || fflush(stdout) ||
	       ferror(stdout);
}
