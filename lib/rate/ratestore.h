/* SPDX-License-Identifier: MIT */
/*
 * ratestore: a rate file as the system sees it: how it comes into being, its
 * parts, and the locks on it.
 *
 *	byte 0		header: what file this is, and for which rates; written
 *			once, before the file has its name
 *	byte 256	clock (rateclock.h)
 *	byte 4096	the ring of records (ratebook.h)
 *
 * Each part is written with one call, inside of one page of memory, and with
 * a check over it: kill -9 leaves the old one or the new one.
 *
 * Two kinds of locks, both of which belong to the open file, so that the system
 * takes them back when the process is gone, in whatever way (F_OFD_SETLK):
 * one that is held while the file is read and written; and a seat for each
 * process for as long as it has the file open, as its sign of life.
 *
 * Threads: one at a time. After a fork the child must call
 * fp_ratestore_reopen(), for its locks would be its parent's.
 * Ownership: the caller embeds it.
 * Failure: -1 with errno, EINVAL if what is read is damaged.
 */
#ifndef FP_RATESTORE_H
#define FP_RATESTORE_H

#include "base.h"

#include "ratebook.h"
#include "rateclock.h"

/* Records that are best read at once: no more are in a page. */
#define FP_RATESTORE_CHUNK 128

struct fp_ratestore {
	int fd; /* -1: closed */
	char *path; /* of the file itself; NULL: not known yet */
	uint64_t id;
	size_t n_records;
	uint32_t seat;
	bool is_made; /* the file, by fp_ratestore_open() */
};

/* Opens the file; makes it if it is not there, with this clock. The rates must
 * be in order (fp_rates_sort()). On failure `why` says what is wrong. */
int fp_ratestore_open(struct fp_ratestore *store, const char *path,
	const struct fp_rates *rates, const struct fp_rateclock *clock,
	char *why, size_t why_size);
void fp_ratestore_close(struct fp_ratestore *store);

/* Removes the file again, if it was made here and nobody else has a seat. With
 * the lock; who opens the file meanwhile finds that it was removed. */
void fp_ratestore_undo(const struct fp_ratestore *store);

/* Whether fp_ratestore_open() would take what is there, or nothing is; it is
 * only read, and nothing is made. 0, or -1 as there. */
int fp_ratestore_check(const char *path, const struct fp_rates *rates,
	char *why, size_t why_size);

/* Opens the same file anew; it has no seat then. */
int fp_ratestore_reopen(struct fp_ratestore *store);

/* 1: it is locked; 0: someone else has it locked; -1: ESTALE: the file was
 * removed, moved or replaced; EINVAL: it has another length than it was made
 * with. */
int fp_ratestore_lock(struct fp_ratestore *store);
void fp_ratestore_unlock(struct fp_ratestore *store);

/* Takes a seat that is free. */
int fp_ratestore_sit(struct fp_ratestore *store);

/* Whether someone else sits there. 1, 0 or -1. */
int fp_ratestore_is_taken(const struct fp_ratestore *store, uint32_t seat);

/* These are to be called with the file locked. The records must not reach
 * over the end of the ring, and those written not over one of a page. */
int fp_ratestore_read(const struct fp_ratestore *store, size_t place,
	struct fp_raterecord *records, size_t n);
int fp_ratestore_write(const struct fp_ratestore *store, size_t place,
	const struct fp_raterecord *records, size_t n);
int fp_ratestore_read_clock(
	const struct fp_ratestore *store, struct fp_rateclock *clock);
int fp_ratestore_write_clock(
	const struct fp_ratestore *store, const struct fp_rateclock *clock);

/* The boot that this machine is in. */
int fp_ratestore_read_boot(uint64_t boot[2]);

/* What the time namespace that this process is in adds to the time since then,
 * as its clock tells it (time_namespaces(7)). */
int64_t fp_ratestore_read_boot_ahead_ns(void);

#endif
