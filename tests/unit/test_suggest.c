/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "suggest.h"
#include "tap.h"

#include <string.h>

static const char *const words[] = {
	"jobs", "json", "retry", "retry-on", "record", "resume", "to"};

static const char *
nearest(const char *text)
{
	const char *word = fp_suggest(words, FP_ARRAY_LEN(words), text);

	return word ? word : "none";
}

static void
near(void)
{
	CHECK_TEXT(nearest("jobs"), "jobs");
	CHECK_TEXT(nearest("jbos"), "jobs");
	CHECK_TEXT(nearest("job"), "jobs");
	CHECK_TEXT(nearest("jobbs"), "jobs");
	CHECK_TEXT(nearest("jxbs"), "jobs");
	CHECK_TEXT(nearest("JOBS"), "jobs");
	CHECK_TEXT(nearest("jsno"), "json");
	CHECK_TEXT(nearest("retryon"), "retry-on");
	CHECK_TEXT(nearest("ertry"), "retry");
	CHECK_TEXT(nearest("recrod"), "record");
	CHECK_TEXT(nearest("ot"), "to");
}

static void
far(void)
{
	char text[100];

	CHECK_TEXT(nearest(""), "none");
	CHECK_TEXT(nearest("j"), "none");
	CHECK_TEXT(nearest("xxxx"), "none");
	CHECK_TEXT(nearest("sboj"), "none");
	CHECK_TEXT(nearest("nothing-like-it"), "none");
	memset(text, 'x', sizeof(text));
	for (size_t len = 1; len < sizeof(text); len++) {
		text[len] = '\0';
		CHECK_TEXT(nearest(text), len == 2 ? nearest("xx") : "none");
		text[len] = 'x';
	}
	CHECK(fp_suggest(words, 0, "jobs") == NULL);
}

int
main(void)
{
	run("slips of the hand", near);
	run("what nobody meant", far);
	return done();
}
