/* SPDX-License-Identifier: MIT */
/*
 * For libraries that are put before libc: the call that a name would be without
 * them. Included after _GNU_SOURCE and _FILE_OFFSET_BITS are defined.
 */
#ifndef REAL_H
#define REAL_H

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

/* Where a long has 32 bits, what the C source calls by a name is named
 * otherwise in libc: with 64 at its end. */
static inline void *
real_find(const char *name)
{
	void *found = NULL;

	/* A sanitizer's snprintf() is not there yet when it calls mkdir(). */
	if (sizeof(off_t) > sizeof(long)) {
		char large[80];
		snprintf(large, sizeof(large), "%s64", name);
		found = dlsym(RTLD_NEXT, large);
	}
	if (!found)
		found = dlsym(RTLD_NEXT, name);
	if (!found)
		abort();
	return found;
}

/* Declares `real`, which is that call. */
#define REAL(name)                     \
	static __typeof__(&name) real; \
	if (!real)                     \
	real = (__typeof__(&name))real_find(#name)

/* Declares `mode`, which only some flags of open() bring along. */
#define WITH_MODE                            \
	mode_t mode = 0;                     \
	if (flags & (O_CREAT | O_TMPFILE)) { \
		va_list args;                \
		va_start(args, flags);       \
		mode = va_arg(args, mode_t); \
		va_end(args);                \
	}

#endif
