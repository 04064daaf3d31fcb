/* SPDX-License-Identifier: MIT */
/*
 * libcurl asks getaddrinfo() in threads of its own, and keeps what that says to
 * itself. So the program has a getaddrinfo() that comes before libc's, asks
 * that, and keeps in mind why it failed. The shared library does not export it:
 * it is not for a library to change what others call.
 *
 * Of a name only a hash is kept, at a place that another name may take; then
 * the one before counts as a name that does not exist.
 */
#include "base.h"

#include "lookup.h"

#include "ascii.h"
#include "hash.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>
#include <string.h>

#define PLACES 1024

/* A hash, whose last bit says that it may pass; 0: nothing. */
static _Atomic uint64_t places[PLACES];

/* Without the last bit. Upper and lower case are one, and a dot at the end is
 * none. */
static uint64_t
hash_of(const char *name, size_t len)
{
	uint64_t hash = FP_HASH_EMPTY;

	len -= len > 0 && name[len - 1] == '.';
	for (size_t i = 0; i < len; i++)
		hash = fp_hash_byte(
			hash, (unsigned char)fp_ascii_lower(name[i]));
	return hash & ~UINT64_C(1);
}

static _Atomic uint64_t *
lookup_place_of(uint64_t hash)
{
	return &places[(hash >> 32) % PLACES];
}

__attribute__((visibility("default"))) int
getaddrinfo(const char *restrict node, const char *restrict service,
	const struct addrinfo *restrict hints, struct addrinfo **restrict res)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
		struct addrinfo **);

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (!real)
		return EAI_FAIL;
	int ret = real(node, service, hints, res);
	if (node && ret) {
		uint64_t hash = hash_of(node, strlen(node));
		bool may_pass = ret == EAI_AGAIN || ret == EAI_SYSTEM;
		atomic_store(lookup_place_of(hash), hash | may_pass);
	}
	return ret;
}

bool
fp_lookup_may_pass(const char *message)
{
	static const char *const words[] = {
		"Could not resolve host: ", "Could not resolve proxy: "};

	for (size_t i = 0; i < FP_ARRAY_LEN(words); i++) {
		const char *at = strstr(message, words[i]);
		if (!at)
			continue;
		at += strlen(words[i]);
		uint64_t hash = hash_of(at, strcspn(at, " ;,("));
		return atomic_load(lookup_place_of(hash)) == (hash | 1);
	}
	return false;
}
