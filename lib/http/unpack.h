/* SPDX-License-Identifier: MIT */
/*
 * unpack: undoes the content codings deflate, br (RFC 7932) and zstd (RFC 8878)
 * while they stream; for gzip there is gunzip.h, and what is said there of what
 * is whole holds here too. br and zstd are there if the library was built with
 * theirs.
 *
 * What is called deflate is zlib's format (RFC 9110, section 8.4.1.2), but some
 * servers send the bare one (RFC 1951): both are taken. zstd may be several
 * frames; behind the end of the others nothing may stand. A frame of zstd whose
 * window is larger than 8 MiB is refused (RFC 9659).
 *
 * Nothing is decoded ahead: a step gives out FP_GUNZIP_CHUNK bytes at most,
 * however few bytes they are made of.
 *
 * Threads: one thread at a time.
 * Ownership: the caller embeds it. Memory is taken with the first byte: 40 KiB
 * for deflate, up to 16 MiB for br, and 8 MiB for zstd, as their streams say.
 * Failure: as a result, which stays until fp_unpack_start().
 */
#ifndef FP_UNPACK_H
#define FP_UNPACK_H

#include "base.h"

#include "gunzip.h"

enum fp_packing {
	FP_PACKING_NONE, /* or one that is not known */
	FP_PACKING_GZIP, /* for gunzip.h */
	FP_PACKING_DEFLATE,
	FP_PACKING_BR,
	FP_PACKING_ZSTD,
};

struct fp_unpack {
	enum fp_packing packing;
	void *state; /* the library's; NULL: no memory is taken */
	unsigned char head[2]; /* of deflate: which of its forms it is */
	unsigned n_head;
	bool has_more; /* to give out without another byte */
	bool is_open; /* a stream, or a frame of one, has begun and not ended */
	bool had_end; /* one has ended */
	enum fp_gunzip_result result;
	const char *message;
};

/* The coding of that name; "x-gzip" and "x-deflate" are names, too. */
enum fp_packing fp_unpack_find(const char *name, size_t len);
const char *fp_unpack_name(enum fp_packing packing);

/* Whether it can be undone; else `lack` names the library that is missing. */
bool fp_unpack_can(enum fp_packing packing, const char **lack);

/* The libraries in use, each with a space before it: " brotli/1.0.9 ...". */
void fp_unpack_versions(char *text, size_t size);

void fp_unpack_init(struct fp_unpack *unpack);

/* The most memory that a stream with this first byte takes. */
size_t fp_unpack_need(enum fp_packing packing, unsigned char first);

/* Another body begins; fp_unpack_end() gives back the memory. */
void fp_unpack_start(struct fp_unpack *unpack, enum fp_packing packing);
void fp_unpack_end(struct fp_unpack *unpack);

/* Goes on with these bytes, and gives out a chunk at most. Returns how many of
 * them it took; it may be none as long as has_more was set. */
size_t fp_unpack_step(struct fp_unpack *unpack, const void *data, size_t len,
	fp_gunzip_out *out, void *arg);

/* It ends here. FP_GUNZIP_OK: all of it came, and it is right. */
enum fp_gunzip_result fp_unpack_finish(struct fp_unpack *unpack);

#endif
