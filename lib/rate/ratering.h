/* SPDX-License-Identifier: MIT */
/*
 * ratering: a rate file and the book that is in it, in step. Who has the lock
 * of the file (ring.store) reads on, and then book and time are those of all
 * processes; what is appended goes to both.
 *
 * Threads: one at a time.
 * Ownership: the caller embeds it.
 * Failure: -1 with errno: ENOMEM, and it is as it was; or something else, and
 * file and book are not in step any more.
 */
#ifndef FP_RATERING_H
#define FP_RATERING_H

#include "base.h"

#include "ratestore.h"

struct fp_ratering {
	struct fp_ratestore store;
	struct fp_ratebook book;
	int64_t now_ns; /* the file's time, as of fp_ratering_read() */

	struct fp_rates rates;
	bool is_paced;
	bool is_loaded; /* the book was read once */
	struct fp_rateclock clock;
	uint64_t boot[2];
	int64_t boot_ahead_ns; /* of the time namespace's clock */
};

/* Opens or makes the file; on failure `why` says what is wrong. In either
 * case fp_ratering_close() is to be called. */
int fp_ratering_open(struct fp_ratering *ring, const char *path,
	const struct fp_rates *rates, bool is_paced, char *why,
	size_t why_size);
/* Whether it could be opened or made; nothing is. */
int fp_ratering_check(const char *path, const struct fp_rates *rates, char *why,
	size_t why_size);

void fp_ratering_close(struct fp_ratering *ring);

/* Reads what is new, and the time. With the lock. */
int fp_ratering_read(struct fp_ratering *ring);

/* Appends a record. With the lock, after fp_ratering_read(). */
int fp_ratering_append(struct fp_ratering *ring, enum fp_ratebook_kind kind,
	uint32_t slot, uint32_t seat, int64_t time_ns);

/* The file's time; without the lock, as far as it is known. */
int64_t fp_ratering_now_ns(const struct fp_ratering *ring);

#endif
