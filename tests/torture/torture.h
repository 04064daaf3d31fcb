/* SPDX-License-Identifier: MIT */
/*
 * torture: what both parts of the shim in torture.c know.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: what cannot be done aborts.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <stdbool.h>
#include <stddef.h>

/* What a call is about; names in torture.c. */
enum {
	ALLOC,
	WRITE,
	SPEAK,
	READ,
	OPEN,
	SOCKET,
	CONNECT,
	TALK,
	THREAD,
	SYNC,
	LINK,
	MAP,
	PIPE,
	LOOKUP,
	FILES,
	WAIT,
	LOCK,
	N_CLASSES
};

/* Who makes a call. NOBODY: a sanitizer. */
enum { PROGRAM, CURL, PARSERS, TLS, OTHERS, ANY, N_WHO, NOBODY };

/* Looks at all that is loaded; once, before the others. */
void torture_learn(void);

int torture_who(const void *address);

/* "FILE+0xOFFSET" */
void torture_show(char text[80], const void *address);

/* Counts a call. true: it is to fail, and errno is set. */
bool torture_fails(int class, const char *call, const void *from);

#define FAILS(class, call) \
	torture_fails(class, call, __builtin_return_address(0))

/* Gives the thread a second stack, for the report of how it crashed. */
void torture_spare_stack(void *space, size_t size);

/* What such failures are, for calls that return them. */
int torture_error(void);

#endif
