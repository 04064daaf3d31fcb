/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "link.h"
#include "tap.h"

/* What the fields lead to: a target, or in words why there is none. Given to
 * the library in a block of just its size. */
static const char *
next_of(const char *fields)
{
	static char text[200];
	struct fp_text target;
	size_t len = strlen(fields);
	char *copy = malloc(len ? len : 1);

	memcpy(copy, fields, len);
	enum fp_link_found found =
		fp_link_find((struct fp_text){copy, len}, "next", &target);
	switch (found) {
	case FP_LINK_ONE:
		snprintf(text, sizeof(text), "%.*s", (int)target.len,
			target.data);
		break;
	case FP_LINK_NONE:
		strcpy(text, "none");
		break;
	case FP_LINK_TWO:
		strcpy(text, "two");
		break;
	case FP_LINK_MALFORMED:
		strcpy(text, "malformed");
		break;
	}
	free(copy);
	return text;
}

static void
one_link(void)
{
	CHECK_TEXT(
		next_of("<https://a/?p=2>; rel=\"next\"\n"), "https://a/?p=2");
	CHECK_TEXT(next_of("</p/2>; rel=next\n"), "/p/2");
	CHECK_TEXT(next_of("<>; rel=next"), "");
	CHECK_TEXT(next_of("<a>;rel=next"), "a");
	CHECK_TEXT(next_of("  <a>\t;\trel\t=\t\"next\"  "), "a");
	CHECK_TEXT(next_of("<a>; REL=\"NeXt\""), "a");
	CHECK_TEXT(next_of("<a>; title=\"x\"; rel=next; type=b"), "a");
	CHECK_TEXT(next_of("<a>; rel=prev"), "none");
	CHECK_TEXT(next_of("<a>; rel=nextpage"), "none");
	CHECK_TEXT(next_of("<a>; rel"), "none");
	CHECK_TEXT(next_of("<a>; rel="), "none");
	CHECK_TEXT(next_of("<a>"), "none");
	CHECK_TEXT(next_of(""), "none");
	CHECK_TEXT(next_of("\n"), "none");
}

static void
relations(void)
{
	CHECK_TEXT(next_of("<a>; rel=\"prev next\""), "a");
	CHECK_TEXT(next_of("<a>; rel=\"  next  last \""), "a");
	CHECK_TEXT(next_of("<a>; rel=\"prev https://b/next\""), "none");
	/* Only the first counts (section 3.3). */
	CHECK_TEXT(next_of("<a>; rel=prev; rel=next"), "none");
	CHECK_TEXT(next_of("<a>; rel=next; rel=prev"), "a");
	/* A link from something else. */
	CHECK_TEXT(next_of("<a>; rel=next; anchor=\"#b\""), "none");
	CHECK_TEXT(next_of("<a>; rel*=next"), "none");
	CHECK_TEXT(next_of("<a>; rev=next"), "none");
}

static void
several_links(void)
{
	CHECK_TEXT(next_of("<a>; rel=prev, <b>; rel=next, <c>; rel=last"), "b");
	CHECK_TEXT(
		next_of("<a>; rel=prev\n<b>; rel=next\n<c>; rel=last\n"), "b");
	CHECK_TEXT(next_of("<a>; rel=prev,<b>; rel=\"next\""), "b");
	CHECK_TEXT(next_of("<a,b>; rel=next"), "a,b");
	CHECK_TEXT(next_of("<a;b>; rel=next"), "a;b");
	CHECK_TEXT(
		next_of("<a>; title=\"x, <b>; rel=next\", <c>; rel=next"), "c");
	CHECK_TEXT(
		next_of("<a>; title=\"\\\", <b>; rel=next\"; rel=next"), "a");
	CHECK_TEXT(next_of(", ,<a>; rel=next,,"), "a");
	CHECK_TEXT(next_of("<a>;; rel=next;"), "a");
	CHECK_TEXT(next_of("<a>; rel=next, <a>; rel=next"), "a");
	CHECK_TEXT(next_of("<a>; rel=next, <b>; rel=next"), "two");
	CHECK_TEXT(
		next_of("<a>; rel=next\n<b>; rel=next\n<a>; rel=next"), "two");
}

static void
what_cannot_be_understood(void)
{
	CHECK_TEXT(next_of("a"), "malformed");
	CHECK_TEXT(next_of("https://a/; rel=next"), "malformed");
	CHECK_TEXT(next_of("<a; rel=next"), "malformed");
	CHECK_TEXT(next_of("<a> rel=next"), "malformed");
	CHECK_TEXT(next_of("<a>; rel=\"next"), "malformed");
	CHECK_TEXT(next_of("<a>; rel=\"next\\"), "malformed");
	CHECK_TEXT(next_of("<a>; rel=\"prev\" x"), "malformed");
	CHECK_TEXT(next_of("<"), "malformed");
	/* What was read before it counts, and what comes in other fields. */
	CHECK_TEXT(next_of("<a>; rel=next, b"), "a");
	CHECK_TEXT(next_of("b\n<a>; rel=next\n"), "a");
	CHECK_TEXT(next_of("b\n<a>; rel=prev\n"), "malformed");
}

/* Of GitHub's API, of RFC 8288, section 3.5, and others. */
static void
links_in_the_wild(void)
{
	CHECK_TEXT(next_of("<https://api.example.com/search/code?q=addClass"
			   "+user%3Amozilla&page=15>; rel=\"next\", "
			   "<https://api.example.com/search/code?q=addClass"
			   "+user%3Amozilla&page=34>; rel=\"last\""),
		"https://api.example.com/search/code?q=addClass+user%3Amozilla"
		"&page=15");
	CHECK_TEXT(next_of("</TheBook/chapter2>; rel=\"previous\"; "
			   "title*=UTF-8'de'letztes%20Kapitel, "
			   "</TheBook/chapter4>; rel=\"next\"; "
			   "title*=UTF-8'de'n%c3%a4chstes%20Kapitel"),
		"/TheBook/chapter4");
	CHECK_TEXT(next_of("<https://example.org/>; rel=\"start "
			   "https://example.net/relation/other\""),
		"none");
	CHECK_TEXT(
		next_of("</style.css>; rel=preload; as=style; nopush"), "none");
}

int
main(void)
{
	run("one link", one_link);
	run("several relations, and which of them counts", relations);
	run("several links, in one field or in several", several_links);
	run("what cannot be understood", what_cannot_be_understood);
	run("links in the wild", links_in_the_wild);
	return done();
}
