/* SPDX-License-Identifier: MIT */
/*
 * URI templates. What comes out may stand in a URI, and a value does not leave
 * its place: unless {+x} or {#x} lets it, no byte of a value adds to what has
 * a meaning in a URI.
 *
 *	a line: the template
 *	a line for each of its variables, in their order: "s" and a string, "l"
 *	and a list, "m" and a map, with commas between; anything else: undefined
 */
#include "fuzz.h"

#include "uritemplate.h"

#include <errno.h>

#define VALUES_MAX 16
#define TEXTS_MAX 16

struct value {
	struct fp_value value;
	struct fp_text texts[TEXTS_MAX];
};

static struct value values[VALUES_MAX];
static size_t n_values, n_lookups;
static const struct fp_uritemplate *expanding;

static void
read_value(struct value *value, struct fp_text line)
{
	struct fuzz fuzz = {line.data, line.len};
	unsigned type = fuzz.left ? (unsigned char)*fuzz.at : 0;

	*value = (struct value){.value.texts = value->texts};
	fuzz_choose(&fuzz, 1);
	if (type == 's') {
		value->value.type = FP_VALUE_STRING;
		value->value.n_texts = 1;
		value->texts[0] = fuzz_rest(&fuzz);
		return;
	}
	value->value.type = type == 'm' ? FP_VALUE_MAP : FP_VALUE_LIST;
	if (type != 'm' && type != 'l')
		return;
	while (fuzz.left > 0 && value->value.n_texts < TEXTS_MAX) {
		value->texts[value->value.n_texts++] = fuzz_until(&fuzz, ',');
	}
}

/* They are asked for in the order of the template. */
static const struct fp_value *
look_up(void *arg, struct fp_text name)
{
	size_t i = n_lookups++;

	(void)arg;
	HOLDS(i < fp_uritemplate_n_variables(expanding));
	/* Those of an expression that was given up are not asked for. */
	while (fp_uritemplate_variable(expanding, i).data != name.data) {
		HOLDS(++i < fp_uritemplate_n_variables(expanding));
	}
	n_lookups = i + 1;
	if (i >= n_values || values[i].value.n_texts == 0)
		return NULL;
	return &values[i].value;
}

static int
expand(struct fp_buf *out, struct fp_text *undefined)
{
	fp_buf_clear(out, SIZE_MAX);
	n_lookups = 0;
	errno = 0;
	struct fp_uritemplate_gaps gaps;
	int ret = fp_uritemplate_expand(
		expanding, look_up, NULL, SIZE_MAX, NULL, out, &gaps);
	HOLDS(ret == 0 || (errno == EINVAL && gaps.unfit.data));
	*undefined = ret ? gaps.unfit : gaps.undefined;
	return ret;
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') ||
	       (c >= 'a' && c <= 'f');
}

#define RESERVED ":/?#[]@!$&'()*+,;="

/* Whether it is nothing but what a URI may contain (RFC 3986, section 2). */
static bool
is_uri(const struct fp_buf *text)
{
	for (size_t i = 0; i < text->len; i++) {
		char c = text->data[i];
		if (c == '%') {
			if (text->len - i < 3 || !is_hex(text->data[i + 1]) ||
				!is_hex(text->data[i + 2]))
				return false;
			i += 2;
		} else if (c <= ' ' || c > '~' || strchr("\"<>\\^`{|}", c)) {
			return false;
		}
	}
	return true;
}

/* What has a meaning in a URI, and nothing else of it. */
static void
keep_reserved(struct fp_buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++) {
		if (strchr(RESERVED, text->data[i]))
			text->data[n++] = text->data[i];
	}
	text->len = n;
}

/* The segments "." and ".." of the path. */
static size_t
count_dots(const char *text)
{
	struct fuzz fuzz = {text, strcspn(text, "?#")};
	size_t n = 0;

	while (fuzz.left > 0) {
		struct fp_text segment = fuzz_until(&fuzz, '/');
		n += fuzz_same_text(segment, fuzz_text(".")) ||
		     fuzz_same_text(segment, fuzz_text(".."));
	}
	return n;
}

static bool
has_raw(const char *template)
{
	return strstr(template, "{+") || strstr(template, "{#");
}

/* In place of every value something harmless; of those that are empty only if
 * they too are meant. */
static void
tame_values(bool empty_too)
{
	for (size_t i = 0; i < n_values; i++) {
		for (size_t k = 0; k < values[i].value.n_texts; k++) {
			if (empty_too || values[i].texts[k].len > 0)
				values[i].texts[k] = (struct fp_text){"x", 1};
		}
	}
}

static int
count(void *arg, struct fp_text name)
{
	size_t *n = arg;
	struct fp_text own = fp_uritemplate_variable(expanding, *n);

	HOLDS(fuzz_same_text(name, own));
	++*n;
	return 0;
}

static void
check(const char *text, struct fuzz *fuzz)
{
	static struct fp_buf out, tame;
	struct fp_text undefined;
	char why[100];
	size_t n = 0;

	HOLDS(fp_template_variables(text, count, &n, why, sizeof(why)) == 0);
	HOLDS(n == fp_uritemplate_n_variables(expanding));
	for (n_values = 0; n_values < VALUES_MAX && fuzz->left > 0;)
		read_value(&values[n_values++], fuzz_until(fuzz, '\n'));

	if (expand(&out, &undefined))
		return;
	HOLDS(is_uri(&out));
	if (has_raw(text))
		return;
	size_t n_dots = count_dots(fp_buf_text(&out));
	tame_values(false);
	HOLDS(expand(&tame, &undefined) == 0);
	keep_reserved(&out);
	keep_reserved(&tame);
	HOLDS(fuzz_same(&out, &tame));
	tame_values(true);
	HOLDS(expand(&tame, &undefined) == 0);
	HOLDS(n_dots <= count_dots(fp_buf_text(&tame)));
}

/* As a redirect's or an item's URL is: what is encoded once is left alone. */
static void
check_encoding(struct fp_text text)
{
	static struct fp_buf once, twice;

	fp_buf_clear(&once, SIZE_MAX);
	fp_buf_clear(&twice, SIZE_MAX);
	HOLDS(fp_uritemplate_encode_reserved(text.data, text.len, &once) == 0);
	HOLDS(is_uri(&once));
	HOLDS(fp_uritemplate_encode_reserved(
		      fp_buf_text(&once), once.len, &twice) == 0);
	HOLDS(fuzz_same(&once, &twice));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	char why[100] = "";

	check_encoding(fuzz_rest(&fuzz));
	char *text = fuzz_string(fuzz_until(&fuzz, '\n'));
	struct fp_uritemplate *template =
		fp_uritemplate_parse(text, why, sizeof(why));
	expanding = template;
	if (template)
		check(text, &fuzz);
	else
		HOLDS(why[0] != '\0' && fuzz_is_tame(why, strlen(why)));
	fp_uritemplate_free(template);
	free(text);
	return 0;
}
