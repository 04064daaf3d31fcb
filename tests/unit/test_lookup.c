/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "lookup.h"

#include "tap.h"

#include <netdb.h>

/* libc's own, for whoever asks for the next one. */
static void
numbers_and_unknown_names(void)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST};
	struct addrinfo *list = NULL;

	CHECK(getaddrinfo("127.0.0.1", NULL, &hints, &list) == 0 && list);
	freeaddrinfo(list);
	CHECK(getaddrinfo("none.test", NULL, &hints, &list) == EAI_NONAME);
	CHECK(!fp_lookup_may_pass("Could not resolve host: none.test"));
	CHECK(!fp_lookup_may_pass("Could not resolve host: never.test"));
	CHECK(!fp_lookup_may_pass("Could not resolve host: "));
	CHECK(!fp_lookup_may_pass(""));
}

int
main(void)
{
	run("numbers, and names that are not known", numbers_and_unknown_names);
	return done();
}
