/* SPDX-License-Identifier: MIT */
/*
 * base: what every source includes first: the configuration, the integer
 * types, and a handful of macros. No function lives here.
 */
#ifndef FP_BASE_H
#define FP_BASE_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define FP_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
/* The struct of this type whose `member` this points to. */
#define FP_CONTAINER(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define FP_MIN(a, b) ((a) < (b) ? (a) : (b))
#define FP_MAX(a, b) ((a) > (b) ? (a) : (b))

#if defined(__GNUC__)
#define FP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define FP_LIKELY(x) __builtin_expect(!!(x), 1)
#define FP_UNLIKELY(x) __builtin_expect(!!(x), 0)
#else
#define FP_PRINTF(fmt, args)
#define FP_LIKELY(x) (x)
#define FP_UNLIKELY(x) (x)
#endif

/* A broken promise inside the program is a bug: stop where it is seen. */
#define FP_ASSERT(condition)                   \
	do {                                   \
		if (FP_UNLIKELY(!(condition))) \
			abort();               \
	} while (0)

/* The same for what depends on what others do, such as libcurl: a build with
 * NDEBUG goes on. */
#ifdef NDEBUG
#define FP_DEBUG_ASSERT(condition) ((void)(condition))
#else
#define FP_DEBUG_ASSERT(condition) FP_ASSERT(condition)
#endif

#define FP_NS_PER_MS INT64_C(1000000)
#define FP_NS_PER_S INT64_C(1000000000)

#endif
