/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "buf.h"
#include "jsonwalk.h"
#include "tap.h"

/* What the walk gives, each part in a line; the text in a block of its size. */
static const char *
parts(const char *text, size_t len)
{
	static struct fp_buf out;
	struct fp_jsonwalk walk;
	struct fp_text name, value;
	char *copy = malloc(FP_MAX(len, 1));

	if (!copy)
		abort();
	memcpy(copy, text, len);
	fp_buf_clear(&out, 1000);
	fp_jsonwalk_into(&walk, (struct fp_text){copy, len});
	while (fp_jsonwalk_next(&walk, *text == '{' ? &name : NULL, &value)) {
		if (*text == '{')
			fp_buf_printf(
				&out, "%.*s = ", (int)name.len, name.data);
		fp_buf_printf(&out, "%.*s\n", (int)value.len, value.data);
	}
	CHECK(!fp_jsonwalk_next(&walk, *text == '{' ? &name : NULL, &value));
	free(copy);
	return fp_buf_text(&out);
}

#define WALKS(text, expected) \
	CHECK_TEXT(parts(text, sizeof(text) - 1), (expected))

static void
arrays(void)
{
	WALKS("[]", "");
	WALKS("[1]", "1\n");
	WALKS("[1,-2.5e+3,true,false,null]", "1\n-2.5e+3\ntrue\nfalse\nnull\n");
	WALKS("[\"\",\"a,b]\",\"c\"]", "\"\"\n\"a,b]\"\n\"c\"\n");
	WALKS("[[],{},[[]]]", "[]\n{}\n[[]]\n");
	WALKS("[[1,[2,\"]\"]],{\"a\":[{}]},3]",
		"[1,[2,\"]\"]]\n{\"a\":[{}]}\n3\n");
}

static void
objects(void)
{
	WALKS("{}", "");
	WALKS("{\"a\":1}", "\"a\" = 1\n");
	WALKS("{\"a\":1,\"\":\"\",\"b\":{\"c\":2}}",
		"\"a\" = 1\n\"\" = \"\"\n\"b\" = {\"c\":2}\n");
	WALKS("{\"}:,\\\"\":\"{\",\"b\":[\"}\"],\"c\":{}}",
		"\"}:,\\\"\" = \"{\"\n\"b\" = [\"}\"]\n\"c\" = {}\n");
}

static void
strings(void)
{
	WALKS("[\"\\\\\",\"\\\"\",\"\\\\\\\"\"]",
		"\"\\\\\"\n\"\\\"\"\n\"\\\\\\\"\"\n");
	WALKS("[\"\xe2\x82\xac\",\"\xe2\x82\xac\\\\\"]",
		"\"\xe2\x82\xac\"\n\"\xe2\x82\xac\\\\\"\n");
	WALKS("[\"\\u0022\",\"\xc3\xa4]\",\"0123456789\\n012345678\xf0\x9f\x98"
	      "\x80\"]",
		"\"\\u0022\"\n\"\xc3\xa4]\"\n\"0123456789\\n012345678\xf0\x9f"
		"\x98\x80\"\n");
}

/* Text that is no JSON is walked through too, and no further than its end. */
static void
anything(void)
{
	static const char bits[] = "[]{}\",:\\a0\xc3";
	char text[5];
	unsigned long n = 0;

	for (size_t len = 0; len <= sizeof(text); len++) {
		size_t n_texts = 1;
		for (size_t i = 0; i < len; i++)
			n_texts *= sizeof(bits) - 1;
		for (size_t number = 0; number < n_texts; number += 3) {
			size_t rest = number;
			for (size_t i = 0; i < len; i++) {
				text[i] = bits[rest % (sizeof(bits) - 1)];
				rest /= sizeof(bits) - 1;
			}
			if (len > 0)
				n += strlen(parts(text, len));
		}
	}
	CHECK(n > 0);
}

int
main(void)
{
	run("arrays", arrays);
	run("objects", objects);
	run("strings hide what is in them", strings);
	run("of other text it makes anything, and ends", anything);
	return done();
}
