/* SPDX-License-Identifier: MIT */
/*
 * ratebook: the book that a rate file keeps, and what it comes to. The book is
 * a ring of records, one for each thing that happens to a reservation, numbered
 * from 1. Who has read all of them knows what is reserved and by whom, and
 * when the last starts were, and so has the same rate limit as everyone else
 * who has.
 *
 *	fp_ratebook_init(&book, &rates, is_paced, id);
 *	fp_ratebook_load(&book, records)		all places of the ring
 *	later, for the record at place fp_ratebook_place(book.head + 1):
 *		FP_RATEBOOK_NEW		fp_ratebook_apply(), and look again
 *		FP_RATEBOOK_OLD		there is no more; here the next is to be
 *					written: fp_ratebook_make(), or
 *					fp_ratebook_carry() if it is live
 *
 * Threads: none; no I/O, and time is an argument.
 * Ownership: the caller embeds it; fp_ratebook_destroy() frees its memory.
 * Failure: -1 with errno: EINVAL: the records are no such book; ENOMEM: the
 * book is as it was, or with fp_ratebook_load() to be destroyed.
 */
#ifndef FP_RATEBOOK_H
#define FP_RATEBOOK_H

#include "base.h"

#include "ratelimit.h"

/* A rate of more than so many would make a file of more than 64 MB. */
#define FP_RATEBOOK_MAX 1000000

#define FP_RATEBOOK_SEATS (1 << 24)

enum fp_ratebook_kind {
	FP_RATEBOOK_RESERVE = 1,
	FP_RATEBOOK_FIRE = 2,
	FP_RATEBOOK_GIVE_BACK = 3,
	FP_RATEBOOK_RENEW = 9, /* still wanted at this time */
	FP_RATEBOOK_COMMIT = 10, /* its request may be on the wire from now */
};

/* As it stands in the file. One of zeros only was never written. */
struct fp_raterecord {
	uint64_t seq; /* from 1; it stands at place seq % n_records */
	int64_t time_ns;
	uint32_t slot; /* which reservation it is about */
	uint32_t what; /* kind, whether it was carried, who reserved */
	uint64_t check;
};

struct fp_ratebook_slot {
	uint64_t seq; /* of its reservation; 0: the slot is free */
	uint32_t seat; /* who holds it */
	bool is_committed;
	int64_t since_ns; /* reserved, or renewed */
};

struct fp_ratebook {
	struct fp_ratelimit limit;
	bool is_paced;
	uint64_t id; /* of the file: all checks begin with it */
	size_t n_records;
	uint64_t head; /* the last record that was read; 0: none */
	int64_t latest_ns; /* the latest time in any of them */
	struct fp_ratebook_slot *slots;
	uint32_t n_slots, next_slot;
};

enum fp_ratebook_state {
	FP_RATEBOOK_OLD, /* one ring before the next, or never written */
	FP_RATEBOOK_NEW, /* the next */
	FP_RATEBOOK_BEHIND, /* the next was overwritten: load all again */
	FP_RATEBOOK_DAMAGED,
};

/* A sum over 8-byte words that no change of a single word leaves the same. */
uint64_t fp_ratebook_sum(uint64_t seed, const void *data, size_t n_words);

/* How many records the ring has for these rates. */
size_t fp_ratebook_size(const struct fp_rates *rates);

/* An empty book. -1: EINVAL: no rates, or over FP_RATEBOOK_MAX. */
int fp_ratebook_init(struct fp_ratebook *book, const struct fp_rates *rates,
	bool is_paced, uint64_t id);
void fp_ratebook_destroy(struct fp_ratebook *book);

/* Reads a whole ring, book.n_records, into an empty book. */
int fp_ratebook_load(
	struct fp_ratebook *book, const struct fp_raterecord *records);

size_t fp_ratebook_place(const struct fp_ratebook *book, uint64_t seq);

/* What stands at the place of the next record. */
enum fp_ratebook_state fp_ratebook_judge(
	const struct fp_ratebook *book, const struct fp_raterecord *record);

/* Takes note of a new record. */
int fp_ratebook_apply(
	struct fp_ratebook *book, const struct fp_raterecord *record);

/* Whether an old record still counts, so that it may not be overwritten but
 * by itself with a new number. */
bool fp_ratebook_is_live(const struct fp_ratebook *book,
	const struct fp_raterecord *record, int64_t now_ns);

/* Makes an old record the next one; it was taken note of then. */
void fp_ratebook_carry(struct fp_ratebook *book, struct fp_raterecord *record);

/* Makes the next record. It is not taken note of yet. */
void fp_ratebook_make(const struct fp_ratebook *book,
	struct fp_raterecord *record, enum fp_ratebook_kind kind, uint32_t slot,
	uint32_t seat, int64_t now_ns);

/* A free slot, for the next reservation. */
int fp_ratebook_pick(struct fp_ratebook *book, uint32_t *slot);

/* Whether this seat holds that slot. */
bool fp_ratebook_holds(
	const struct fp_ratebook *book, uint32_t seat, uint32_t slot);

#endif
