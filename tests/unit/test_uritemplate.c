/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "buf.h"
#include "tap.h"
#include "uritemplate.h"
#include "url.h"

#include <errno.h>
#include <unistd.h>

#define LINE_MAX_BYTES 16384

/* ---- values ---- */

struct values {
	struct fp_value list[64];
	size_t n;
	struct fp_text texts[256];
	size_t n_texts;
	char bytes[LINE_MAX_BYTES]; /* what texts of the table point into */
	size_t n_bytes;
};

static void
begin_value(struct values *values, const char *name, enum fp_value_type type)
{
	struct fp_value *value = &values->list[values->n++];

	FP_ASSERT(values->n < FP_ARRAY_LEN(values->list));
	*value = (struct fp_value){.name = {name, strlen(name)},
		.type = type,
		.texts = &values->texts[values->n_texts]};
}

static void
add_text(struct values *values, struct fp_text text)
{
	FP_ASSERT(values->n_texts < FP_ARRAY_LEN(values->texts));
	values->texts[values->n_texts++] = text;
	values->list[values->n - 1].n_texts++;
}

static void
add_string(struct values *values, const char *name, struct fp_text text)
{
	begin_value(values, name, FP_VALUE_STRING);
	add_text(values, text);
}

static const struct fp_value *
look_up(void *arg, struct fp_text wanted)
{
	const struct values *values = arg;

	for (size_t i = 0; i < values->n; i++) {
		const struct fp_text *other = &values->list[i].name;
		if (other->len == wanted.len &&
			memcmp(other->data, wanted.data, wanted.len) == 0)
			return &values->list[i];
	}
	return NULL;
}

/* What expand() gave last: the expansion, or "! " and what is wrong with the
 * template; and the name of an undefined variable or one that does not fit. */
static struct fp_buf out, blamed;

/* The variable that left a hole, in braces. */
static struct fp_buf holed;

/* Parses and expands; -1 with errno as fp_uritemplate_*() say. */
static int
expand(const char *text, struct values *values)
{
	char why[100];
	struct fp_uritemplate_gaps gaps = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
	struct fp_uritemplate *template =
		fp_uritemplate_parse(text, why, sizeof(why));

	fp_buf_clear(&out, SIZE_MAX);
	fp_buf_clear(&blamed, SIZE_MAX);
	fp_buf_clear(&holed, SIZE_MAX);
	if (!template) {
		CHECK(errno == EINVAL);
		fp_buf_printf(&out, "! %s", why);
		return -1;
	}
	int ret = fp_uritemplate_expand(
		template, look_up, values, FP_URL_MAX, NULL, &out, &gaps);
	CHECK(ret == 0 || errno == EINVAL);
	if (ret)
		gaps.undefined = gaps.unfit;
	if (gaps.undefined.data)
		fp_buf_add(&blamed, gaps.undefined.data, gaps.undefined.len);
	if (gaps.hole.data)
		fp_buf_printf(
			&holed, "{%.*s}", (int)gaps.hole.len, gaps.hole.data);
	fp_uritemplate_free(template);
	return ret;
}

/* ---- tables: the format is told in tests/tables/uritemplate.tests ---- */

/* Undoes \xHH and \e, in place; gives the length. */
static size_t
unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from && strcmp(from, "\\e") != 0;) {
		unsigned byte;
		if (sscanf(from, "\\x%2x", &byte) == 1) {
			*to++ = (char)byte;
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return (size_t)(to - text);
}

/* Copies the text up to one of `stops`, and moves on to that. */
static struct fp_text
take(struct values *values, const char **at, const char *stops)
{
	char *copy = values->bytes + values->n_bytes;
	size_t len = strcspn(*at, stops);

	FP_ASSERT(values->n_bytes + len < sizeof(values->bytes));
	memcpy(copy, *at, len);
	copy[len] = '\0';
	values->n_bytes += len + 1;
	*at += len;
	return (struct fp_text){copy, unescape(copy)};
}

static void
read_values(struct values *values, const char *at)
{
	values->n = values->n_texts = values->n_bytes = 0;
	for (; *at && strcmp(at, "-") != 0; at += *at == ' ') {
		const char *name = take(values, &at, "=").data;
		at++;
		if (*at != '(' && *at != '[') {
			begin_value(values, name, FP_VALUE_STRING);
			add_text(values, take(values, &at, " "));
			continue;
		}
		bool is_map = *at++ == '[';
		const char *stops = is_map ? "],=" : "),";
		begin_value(
			values, name, is_map ? FP_VALUE_MAP : FP_VALUE_LIST);
		if (*at != *stops)
			add_text(values, take(values, &at, stops));
		while (*at && *at != *stops) {
			at++;
			add_text(values, take(values, &at, stops));
		}
		at++;
	}
}

/* Whether it is the one expected, or one of those with | between them. */
static bool
is_one_of(const char *is, const char *expected)
{
	size_t len = strlen(is);

	if (strcmp(expected, "!") == 0)
		return strncmp(is, "! ", 2) == 0 || strncmp(is, "? ", 2) == 0;
	for (;; expected += 3) {
		if (strncmp(is, expected, len) == 0 &&
			(!expected[len] || expected[len] == ' '))
			return true;
		expected = strstr(expected, " | ");
		if (!expected)
			return false;
	}
}

/* Checks all cases of the file, and gives their number. */
static int
check_table(FILE *file, const char *path)
{
	static char lines[3][LINE_MAX_BYTES];
	static struct values values;
	struct fp_buf is = FP_BUF_INIT;
	int line = 0, n = 0, n_cases = 0;

	while (file && fgets(lines[n], sizeof(lines[n]), file)) {
		line++;
		lines[n][strcspn(lines[n], "\n")] = '\0';
		if (n == 0 && (!*lines[n] || *lines[n] == '#'))
			continue;
		n = (n + 1) % 3;
		if (n != 0)
			continue;
		read_values(&values, lines[0]);
		unescape(lines[1]);
		if (lines[2][0] != '?')
			unescape(lines[2]);
		fp_buf_clear(&is, SIZE_MAX);
		if (expand(lines[1], &values) == -1 && *out.data != '!')
			fp_buf_printf(
				&is, "? %s ", blamed.len ? blamed.data : "\\e");
		fp_buf_add_text(&is, fp_buf_text(&out));
		if (!is_one_of(is.data, lines[2]))
			tap_complain(path, line, lines[1], is.data, lines[2]);
		n_cases++;
	}
	CHECK(file != NULL && n == 0);
	fp_buf_destroy(&is);
	printf("# %d cases\n", n_cases);
	return n_cases;
}

static void
the_table_holds(void)
{
	const char *srcdir = getenv("srcdir");
	char path[1000];

	srcdir = srcdir ? srcdir : ".";
	snprintf(path, 1000, "%s/tests/tables/uritemplate.tests", srcdir);
	FILE *file = fopen(path, "r");
	CHECK(check_table(file, path) > 100);
	if (file)
		fclose(file);
}

static void
the_public_examples_hold(void)
{
	const char *srcdir = getenv("srcdir");
	const char *vectors = getenv("FP_VECTORS");
	char folder[1000], command[3000];

	srcdir = srcdir ? srcdir : ".";
	snprintf(folder, sizeof(folder), "%s%s/uritemplate",
		vectors ? vectors : srcdir,
		vectors ? "" : "/../shared/vectors");
	if (access(folder, R_OK) != 0)
		SKIP("no folder of public examples; FP_VECTORS may name it");

	snprintf(command, sizeof(command),
		"python3 '%s/tests/tables/uritemplate-examples' '%s'/*.json",
		srcdir, folder);
	FILE *file = popen(command, "r");
	CHECK(check_table(file, "public examples") > 0);
	CHECK(file && pclose(file) == 0);
}

/* ---- what a table cannot say ---- */

static void
what_is_wrong_fits_its_room(void)
{
	char why[] = "untouched";

	errno = 0;
	CHECK(fp_uritemplate_parse("a{b", NULL, 0) == NULL && errno == EINVAL);
	CHECK(fp_uritemplate_parse("a{b", why, 0) == NULL);
	CHECK_TEXT(why, "untouched");
	CHECK(fp_uritemplate_parse("a{b", why, 9) == NULL);
	CHECK_TEXT(why, "unclosed");
	fp_uritemplate_free(NULL);
}

static int
note_name(void *arg, struct fp_text name)
{
	struct fp_buf *names = arg;

	fp_buf_add(names, name.data, name.len);
	fp_buf_add_char(names, ' ');
	return name.len == 4 ? 7 : 0;
}

static void
variables_come_in_order(void)
{
	const char *text = "/{}/{a.b:3,%41*}{?a.b}";
	struct fp_uritemplate *template = fp_uritemplate_parse(text, NULL, 0);
	struct fp_buf names = FP_BUF_INIT;
	char why[100];

	CHECK(fp_uritemplate_n_variables(template) == 4);
	for (size_t i = 0; i < fp_uritemplate_n_variables(template); i++)
		note_name(&names, fp_uritemplate_variable(template, i));
	CHECK_TEXT(fp_buf_text(&names), " a.b %41 a.b ");
	fp_uritemplate_free(template);

	fp_buf_clear(&names, 0);
	CHECK(fp_template_variables(text, note_name, &names, why, 100) == 0);
	CHECK_TEXT(fp_buf_text(&names), " a.b %41 a.b ");
	CHECK(fp_template_variables("none", note_name, &names, why, 100) == 0);

	fp_buf_clear(&names, 0);
	CHECK(fp_template_variables(
		      "{a,stop,b}", note_name, &names, why, 100) == 7);
	CHECK_TEXT(fp_buf_text(&names), "a stop ");
	errno = 0;
	CHECK(fp_template_variables("a{b", note_name, &names, why, 100) == -1);
	CHECK(errno == EINVAL);
	CHECK_TEXT(why, "unclosed { at byte 2");
	fp_buf_destroy(&names);
}

static void
the_first_undefined_variable_is_named(void)
{
	static struct values values;
	read_values(&values, "a=1 b=() d=");
	CHECK(expand("/{a}{b,c}{?d}", &values) == 0);
	CHECK_TEXT(fp_buf_text(&out), "/1?d=");
	CHECK_TEXT(fp_buf_text(&blamed), "b");
	CHECK(expand("/{a}{?d}", &values) == 0);
	CHECK(blamed.len == 0);

	/* A map's last name without a value is no member. */
	read_values(&values, "m=[x=y,z]");
	CHECK(expand("/{m}", &values) == 0);
	CHECK_TEXT(fp_buf_text(&out), "/x,y");
}

/* A line that stands in a template many times is many times as long. */
static void
what_is_too_long_ends_early(void)
{
	static char line[60001], text[2000 * 2 + 20] = "http://h/";
	struct values values = {.n = 0};

	memset(line, '\n', sizeof(line) - 1);
	for (size_t at = 9; at + 2 < sizeof(text); at += 2)
		memcpy(text + at, "{}", 2);
	add_string(&values, "", (struct fp_text){line, sizeof(line) - 1});
	CHECK(expand(text, &values) == 0);
	CHECK(out.len > FP_URL_MAX);
	CHECK(out.len <= FP_URL_MAX + 3 * sizeof(line));
}

static void
an_expansion_is_appended(void)
{
	struct values values = {.n = 0};
	struct fp_uritemplate *template = fp_uritemplate_parse("{a}", NULL, 0);
	fp_uritemplate_lookup *get = look_up;
	struct fp_uritemplate_gaps gaps;

	fp_buf_set(&out, "../", 3);
	add_string(&values, "a", (struct fp_text){"b", 0});
	CHECK(!fp_uritemplate_expand(
		template, get, &values, SIZE_MAX, NULL, &out, &gaps));
	CHECK_TEXT(out.data, "../");
	values.texts[0].len = 1;
	CHECK(!fp_uritemplate_expand(
		template, get, &values, SIZE_MAX, NULL, &out, &gaps));
	CHECK_TEXT(out.data, "../b");
	fp_uritemplate_free(template);
}

static struct fp_buf spilled;
static size_t n_spills, spills_most;

static bool
spill(void *arg, const char *text, size_t len)
{
	(void)arg;
	n_spills++;
	if (fp_buf_add(&spilled, text, len))
		abort();
	return n_spills < spills_most;
}

/* Each piece is given away, and what comes of all of them is known. */
static void
an_expansion_is_spilled(void)
{
	static const char *const cases[][2] = {
		{"x/{a}{a}/{a}y{a}", "x/../.y."},
		{"x/{a}{a}{a}/y", "x/.../y"},
		{"x/y{a}/{a}{b}", "x/y./.b"},
		{"x/{b}?/{a}{a}/", "x/b?/../"},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		struct values values = {.n = 0};
		struct fp_uritemplate *template =
			fp_uritemplate_parse(cases[i][0], NULL, 0);
		struct fp_uritemplate_gaps gaps;
		add_string(&values, "a", (struct fp_text){".", 1});
		add_string(&values, "b", (struct fp_text){"b", 1});
		fp_buf_set(&out, "D", 1);
		fp_buf_set(&spilled, "", 0);
		n_spills = 0;
		spills_most = SIZE_MAX;
		int ret = fp_uritemplate_expand(
			template, look_up, &values, 0, spill, &out, &gaps);
		CHECK(n_spills >= 2);
		CHECK(fp_buf_add_text(&spilled, out.data + 1) == 0);
		CHECK_TEXT(spilled.data, cases[i][1]);
		CHECK(ret == (i == 0 ? -1 : 0));

		/* What needs no more gets none. */
		fp_buf_set(&out, "D", 1);
		n_spills = 0;
		spills_most = 1;
		CHECK(!fp_uritemplate_expand(
			template, look_up, &values, 0, spill, &out, &gaps));
		CHECK(n_spills == 1);
		fp_uritemplate_free(template);
	}
	fp_buf_destroy(&spilled);
}

/* What would send a request to another resource than was meant. */
static void
the_first_hole_is_named(void)
{
	static const char *const cases[][2] = {
		{"/posts/{id}", ""},
		{"/posts/{none}", "{none}"},
		{"/posts/{empty}", "{empty}"},
		{"/posts/{empty}{id}", "{empty}"},
		{"/posts/{id,empty}", ""},
		{"/posts/{id,none}", "{none}"},
		{"/posts{/empty}", "{empty}"},
		{"/posts{/none}", "{none}"},
		{"/posts{.empty}", "{empty}"},
		{"/posts{;empty}", "{empty}"},
		{"/posts/{+empty}", "{empty}"},
		{"/posts/{id}{?none,empty}", ""},
		{"/posts/{id}?a=b{&none,empty}", ""},
		{"/posts/{id}{#none}", ""},
		{"/posts?id={id}", ""},
		{"/posts?id={none}", "{none}"},
		{"/posts?q={empty}", ""},
		{"/posts{?id}/{empty}", ""},
		{"/posts#{empty}", ""},
		{"{empty}", "{empty}"},
		{"/{id}/{none}/{empty}", "{none}"},
	};
	struct values values = {.n = 0};

	add_string(&values, "id", (struct fp_text){"7", 1});
	add_string(&values, "empty", (struct fp_text){"", 0});
	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		CHECK(expand(cases[i][0], &values) == 0);
		CHECK_TEXT(fp_buf_text(&holed), cases[i][1]);
	}
}

/* Written from the RFC's words, not from the code. */
static bool
is_kept(int byte, bool raw)
{
	return byte && (strchr("abcdefghijklmnopqrstuvwxyz0123456789"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._~",
				byte) ||
			       (raw && strchr(":/?#[]@!$&'()*+,;=", byte)));
}

static void
every_byte_is_kept_or_encoded(void)
{
	for (int byte = 0; byte < 256; byte++) {
		char c = (char)byte, all[4], raw[4];
		struct values values = {.n = 0};
		add_string(&values, "v", (struct fp_text){&c, 1});
		snprintf(all, 4, is_kept(byte, false) ? "%c" : "%%%02X", byte);
		snprintf(raw, 4, is_kept(byte, true) ? "%c" : "%%%02X", byte);

		CHECK(expand("?{v}", &values) == 0);
		CHECK_TEXT(out.data + 1, all);
		CHECK(expand("{+v}", &values) == 0);
		CHECK_TEXT(out.data, raw);
		fp_buf_clear(&out, 0);
		CHECK(fp_uritemplate_encode_reserved(&c, 1, &out) == 0);
		CHECK_TEXT(out.data, raw);
	}
	fp_buf_clear(&out, 0);
	CHECK(fp_uritemplate_encode_reserved("a%2f%2 \xc3\xa9%41", 11, &out) ==
		0);
	CHECK_TEXT(out.data, "a%2f%252%20%C3%A9%254");
}

/* Whether the expansion is `before`, then the value with nothing of it but
 * letters, digits, -._~ and triplets, then `after`. */
static bool
is_in_place(const char *before, struct fp_text value, const char *after)
{
	const char *at = fp_buf_text(&out);

	if (strncmp(at, before, strlen(before)) != 0)
		return false;
	at += strlen(before);
	for (size_t i = 0; i < value.len; i++) {
		unsigned byte = (unsigned char)*at;
		if (*at == '%' && sscanf(at, "%%%2x", &byte) == 1)
			at += 3;
		else if (is_kept(*at, false))
			at++;
		else
			return false;
		if (byte != (unsigned char)value.data[i])
			return false;
	}
	return strcmp(at, after) == 0;
}

static void
a_value_cannot_leave_its_place(void)
{
#define V(text)                        \
	{                              \
		text, sizeof(text) - 1 \
	}
	static const struct fp_text hostile[] = {V("../"),
		V("../../etc/passwd"), V("/.."), V("/"), V("//evil.example/"),
		V("\\..\\"), V("?"), V("?admin=1"), V("#"), V("&a=b"),
		V(";a=b"), V("="), V(","), V("@evil.example"), V(":80"),
		V("%2f"), V("%2F..%2f"), V("%2e%2e"), V("%"), V("%0d%0a"),
		V("\r\nHost: evil.example"), V("\n"), V("\0"), V("a\0b"),
		V(" HTTP/1.1"), V("{x}"), V("}{"), V("\xff\xfe"), V("\xc0\xaf"),
		V("\xc3"), V("\xed\xa0\x80"), V("\xe2\x80\xae"),
		V("\xf5\x90\x80\x80"), V("\x7f\x1b[2J")};
	static const struct {
		const char *text, *before, *after;
	} places[] = {{"http://h/a/{}/b", "http://h/a/", "/b"},
		{"http://{}.h/", "http://", ".h/"}, {"x{.v}/y", "x.", "/y"},
		{"/x{/v}/y", "/x/", "/y"}, {"/x{;v}?z", "/x;v=", "?z"},
		{"/x{?v}#z", "/x?v=", "#z"}, {"/x?a{&v}", "/x?a&v=", ""},
		{"/x/{l}", "/x/", ""}, {"/x{/l*}", "/x/", ""},
		{"/x{?l*}", "/x?l=", ""}, {"/x{?m*}", "/x?", "=1"},
		{"/x{;m*}", "/x;", "=1"}, {"/x{/m*}", "/x/", "=1"},
		{"/x{?m}", "/x?m=", ",1"}};
#undef V
	for (size_t i = 0; i < FP_ARRAY_LEN(hostile); i++) {
		struct values values = {.n = 0};
		add_string(&values, "", hostile[i]);
		add_string(&values, "v", hostile[i]);
		begin_value(&values, "l", FP_VALUE_LIST);
		add_text(&values, hostile[i]);
		begin_value(&values, "m", FP_VALUE_MAP);
		add_text(&values, hostile[i]);
		add_text(&values, (struct fp_text){"1", 1});
		for (size_t j = 0; j < FP_ARRAY_LEN(places); j++) {
			const char *text = places[j].text;
			int ret = expand(text, &values);
			if (ret != 0 || !is_in_place(places[j].before,
						hostile[i], places[j].after))
				tap_complain(__FILE__, __LINE__, text, out.data,
					hostile[i].data);
		}
	}

	/* What no encoding helps against, as dots mean the same encoded. */
	for (size_t len = 1; len <= 2; len++) {
		struct values values = {.n = 0};
		add_string(&values, "", (struct fp_text){"..", len});
		CHECK(expand("http://h/a/{}", &values) == -1);
		CHECK(expand("http://h/a/{}/b?c", &values) == -1);
		CHECK(expand("http://h/a/b?c={}/", &values) == 0);
	}
}

/* Templates and values out of the characters that mean something. */
static void
nothing_makes_it_crash(void)
{
	static const char signs[] = "{}{}{}+#./;?&,:*%%2Fva19=!@|~ \\\xc3\xa9";
	uint32_t random = 1;
	int n_expanded = 0;

	for (int round = 0; round < 200000; round++) {
		char text[40];
		struct values values = {.n = 0};
		for (size_t i = 0; i < sizeof(text) - 1; i++) {
			random = random * 1664525 + 1013904223;
			text[i] = signs[(random >> 16) % (sizeof(signs) - 1)];
		}
		text[sizeof(text) - 1] = '\0';
		text[random >> 27] = '\0';
		struct fp_text value = {text + 33, random >> 16 & 3};
		add_string(&values, "", value);
		add_string(&values, "v", (struct fp_text){text, 39});
		begin_value(&values, "a", FP_VALUE_LIST);
		add_text(&values, value);
		add_text(&values, (struct fp_text){NULL, 0});
		begin_value(&values, "F", FP_VALUE_MAP);
		add_text(&values, value);
		add_text(&values, value);
		if (expand(text, &values) != 0)
			continue;
		n_expanded++;
		for (size_t i = 0; i < out.len; i++)
			CHECK(out.data[i] == '%' || is_kept(out.data[i], true));
	}
	CHECK(n_expanded > 1000);
}

int
main(void)
{
	run("the table of templates holds", the_table_holds);
	run("the public examples hold", the_public_examples_hold);
	run("what is wrong fits its room", what_is_wrong_fits_its_room);
	run("variables come in order, repeats too", variables_come_in_order);
	run("the first undefined variable is named",
		the_first_undefined_variable_is_named);
	run("what is too long ends early", what_is_too_long_ends_early);
	run("an expansion is appended", an_expansion_is_appended);
	run("a long expansion is given away in pieces",
		an_expansion_is_spilled);
	run("the first hole is named", the_first_hole_is_named);
	run("every byte is kept or encoded", every_byte_is_kept_or_encoded);
	run("25 a template value cannot leave its place",
		a_value_cannot_leave_its_place);
	run("nothing makes it crash", nothing_makes_it_crash);
	fp_buf_destroy(&out);
	fp_buf_destroy(&blamed);
	return done();
}
