/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "clock.h"
#include "ratering.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The same for all processes. */
static int64_t
boot_ns(const struct fp_ratering *ring)
{
	return fp_clock_boot_ns() - ring->boot_ahead_ns;
}

static void
read_clocks(
	const struct fp_ratering *ring, struct fp_rateclock_reading *reading)
{
	reading->boot[0] = ring->boot[0];
	reading->boot[1] = ring->boot[1];
	reading->wall_ns = fp_clock_wall_ns();
	reading->boot_ns = boot_ns(ring);
	reading->wall_after_ns = fp_clock_wall_ns();
}

/* ---- open and close ---- */

/* Empty books can be made of all rates that are not too high. */
static int
make_book(struct fp_ratebook *book, const struct fp_rates *rates, bool is_paced,
	char *why, size_t why_size)
{
	if (fp_ratebook_init(book, rates, is_paced, 0) == 0)
		return 0;
	snprintf(why, why_size, "a rate must allow 1 to %d requests per period",
		FP_RATEBOOK_MAX);
	errno = ERANGE;
	return -1;
}

int
fp_ratering_check(const char *path, const struct fp_rates *rates, char *why,
	size_t why_size)
{
	struct fp_rates sorted = *rates;
	struct fp_ratebook book;

	fp_rates_sort(&sorted);
	if (make_book(&book, &sorted, false, why, why_size))
		return -1;
	fp_ratebook_destroy(&book);
	return fp_ratestore_check(path, &sorted, why, why_size);
}

int
fp_ratering_open(struct fp_ratering *ring, const char *path,
	const struct fp_rates *rates, bool is_paced, char *why, size_t why_size)
{
	struct fp_rateclock_reading reading;
	struct fp_rateclock clock;

	memset(ring, 0, sizeof(*ring));
	ring->store.fd = -1;
	ring->rates = *rates;
	ring->is_paced = is_paced;
	fp_rates_sort(&ring->rates);
	/* Nothing is read into it yet: it says whether there can be one. */
	if (make_book(&ring->book, &ring->rates, is_paced, why, why_size))
		return -1;
	if (fp_ratestore_read_boot(ring->boot)) {
		snprintf(why, why_size, "cannot read the kernel's boot ID");
		return -1;
	}
	ring->boot_ahead_ns = fp_ratestore_read_boot_ahead_ns();
	read_clocks(ring, &reading);
	fp_rateclock_start(&clock, &reading);
	return fp_ratestore_open(
		&ring->store, path, &ring->rates, &clock, why, why_size);
}

void
fp_ratering_close(struct fp_ratering *ring)
{
	fp_ratestore_close(&ring->store);
	fp_ratebook_destroy(&ring->book);
}

/* ---- reading on ---- */

static int
load(struct fp_ratering *ring)
{
	size_t n = ring->store.n_records;
	struct fp_raterecord *records = calloc(n, sizeof(*records));

	ring->is_loaded = false;
	if (!records)
		return -1;
	fp_ratebook_destroy(&ring->book);
	int ret = fp_ratestore_read(&ring->store, 0, records, n);
	if (ret == 0)
		ret = fp_ratebook_init(&ring->book, &ring->rates,
			ring->is_paced, ring->store.id);
	if (ret == 0)
		ret = fp_ratebook_load(&ring->book, records);
	free(records);
	ring->is_loaded = ret == 0;
	return ret;
}

/* Reads on in a part of the ring. 1: to its end; 0: that was all. */
static int
read_some(struct fp_ratering *ring, size_t max)
{
	struct fp_raterecord records[FP_RATESTORE_CHUNK];
	struct fp_ratebook *book = &ring->book;
	size_t place = fp_ratebook_place(book, book->head + 1);
	size_t n = FP_MIN(max, book->n_records - place);

	if (fp_ratestore_read(&ring->store, place, records, n))
		return -1;
	for (size_t i = 0; i < n; i++) {
		switch (fp_ratebook_judge(book, &records[i])) {
		case FP_RATEBOOK_OLD:
			return 0;
		case FP_RATEBOOK_NEW:
			if (fp_ratebook_apply(book, &records[i]))
				return -1;
			break;
		case FP_RATEBOOK_BEHIND:
			return load(ring);
		case FP_RATEBOOK_DAMAGED:
			errno = EINVAL;
			return -1;
		}
	}
	return 1;
}

static int
read_on(struct fp_ratering *ring)
{
	if (!ring->is_loaded)
		return load(ring);
	int ret = read_some(ring, 4);
	while (ret == 1)
		ret = read_some(ring, FP_RATESTORE_CHUNK);
	return ret;
}

static int
ratering_tell_time(struct fp_ratering *ring)
{
	struct fp_rateclock_reading reading;

	if (fp_ratestore_read_clock(&ring->store, &ring->clock))
		return -1;
	read_clocks(ring, &reading);
	if (fp_rateclock_read(&ring->clock, &reading, ring->book.latest_ns,
		    &ring->now_ns))
		return fp_ratestore_write_clock(&ring->store, &ring->clock);
	return 0;
}

int
fp_ratering_read(struct fp_ratering *ring)
{
	return read_on(ring) || ratering_tell_time(ring) ? -1 : 0;
}

int64_t
fp_ratering_now_ns(const struct fp_ratering *ring)
{
	return fp_rateclock_now_ns(&ring->clock, boot_ns(ring), ring->now_ns);
}

/* ---- writing ---- */

/* Carries what is live where the next record has to go: at most so many, and
 * in one page. 1: look on; 0: there is place. */
static int
carry_some(struct fp_ratering *ring, size_t max)
{
	struct fp_raterecord records[FP_RATESTORE_CHUNK];
	struct fp_ratebook *book = &ring->book;
	size_t place = fp_ratebook_place(book, book->head + 1);
	size_t n = FP_MIN(max, FP_RATESTORE_CHUNK - place % FP_RATESTORE_CHUNK);
	size_t n_live = 0;

	n = FP_MIN(n, book->n_records - place);
	if (fp_ratestore_read(&ring->store, place, records, n))
		return -1;
	for (; n_live < n; n_live++) {
		if (fp_ratebook_judge(book, &records[n_live]) !=
			FP_RATEBOOK_OLD) {
			errno = EINVAL;
			return -1;
		}
		if (!fp_ratebook_is_live(book, &records[n_live], ring->now_ns))
			break;
		fp_ratebook_carry(book, &records[n_live]);
	}
	if (n_live > 0 &&
		fp_ratestore_write(&ring->store, place, records, n_live))
		return -1;
	return n_live == n;
}

int
fp_ratering_append(struct fp_ratering *ring, enum fp_ratebook_kind kind,
	uint32_t slot, uint32_t seat, int64_t time_ns)
{
	struct fp_raterecord record;
	uint64_t head = ring->book.head;
	int ret = carry_some(ring, 1);

	for (; ret == 1; ret = carry_some(ring, FP_RATESTORE_CHUNK)) {
		/* There cannot be so many. */
		if (ring->book.head - head > ring->book.n_records) {
			errno = EINVAL;
			return -1;
		}
	}
	if (ret)
		return -1;
	fp_ratebook_make(&ring->book, &record, kind, slot, seat, time_ns);
	if (fp_ratebook_apply(&ring->book, &record))
		return -1;
	return fp_ratestore_write(&ring->store,
		fp_ratebook_place(&ring->book, record.seq), &record, 1);
}
