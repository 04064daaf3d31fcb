/* SPDX-License-Identifier: MIT */
/*
 * addresstest: asks a filter about addresses, in every way it can be asked.
 */
#ifndef FP_ADDRESSTEST_H
#define FP_ADDRESSTEST_H

#include "base.h"

#include "address.h"
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* A filter with blocks that end in NULL. */
static inline struct fp_address_filter
make(bool deny_private, const char *const *deny, const char *const *allow)
{
	struct fp_address_filter filter;
	char why[200] = "";

	fp_address_filter_init(&filter, deny_private);
	for (; deny && *deny; deny++)
		CHECK(fp_address_filter_deny(
			      &filter, *deny, why, sizeof(why)) == 0);
	for (; allow && *allow; allow++)
		CHECK(fp_address_filter_allow(
			      &filter, *allow, why, sizeof(why)) == 0);
	CHECK_TEXT(why, "");
	return filter;
}

#define LIST(...)                 \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

/* A sockaddr of that address, aligned to no more than it has to be. */
static inline const struct sockaddr *
socket_address(const char *text)
{
	static _Alignas(16) char room[64];
	char *at = room + _Alignof(struct sockaddr);
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = 80};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = 80};

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		memcpy(at, &in, sizeof(in));
	else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		memcpy(at, &in6, sizeof(in6));
	else
		abort();
	return (const struct sockaddr *)(void *)at;
}

/* Why it is refused; NULL: it is allowed. Both ways to ask must agree. */
static inline const char *
refusal(const struct fp_address_filter *filter, const char *text)
{
	const char *why = NULL, *also = NULL;

	bool allowed = fp_address_allowed(filter, socket_address(text), &why);
	CHECK(fp_address_text_allowed(filter, text, &also) == allowed);
	CHECK(allowed ? !why && !also : why && why == also);
	return why;
}

#define CHECK_ALLOWED(filter, text) \
	tap_check_text(__FILE__, __LINE__, text, said(filter, text), "allowed")
#define CHECK_REFUSED(filter, text, why) \
	tap_check_text(__FILE__, __LINE__, text, said(filter, text), why)

static inline const char *
said(const struct fp_address_filter *filter, const char *text)
{
	const char *why = refusal(filter, text);

	return why ? why : "allowed";
}

#endif
