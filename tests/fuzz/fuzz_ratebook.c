/* SPDX-License-Identifier: MIT */
/*
 * The book of a rate file. A writer, one who reads on and one who reads all of
 * the ring know the same at any time, and no interval holds too many starts.
 * A record that was changed is refused. With a checksum made for it, it is
 * refused too, or is of use: no start that stands in the ring is forgotten,
 * and one can go on from there.
 *
 *	paced, a byte; a line of rates; and then what is done, a byte each, some
 *	with more behind it
 */
#include "fuzz.h"

#include "fuzzstarts.h"

#include "ratebook.h"

#include <errno.h>

#define ID 77
#define N_MAX 40
#define OPS_MAX 300
#define KIND_MASK 11 /* of what a record says: fire, and not commit */
#define CHECK_WORDS 3 /* before the check of a record */

struct held {
	uint32_t slot, seat;
	int64_t since_ns;
};

static struct fp_rates rates;
static bool is_paced;
static struct fp_ratebook writer, follower;
static struct fp_raterecord *ring;
static struct fuzz_starts starts, true_starts;
static struct held held[STARTS_MAX];
static size_t n_held;
static int64_t now_ns, last_ns;
static bool is_late; /* starts were not told of in order */

static void
init(struct fp_ratebook *book)
{
	HOLDS(fp_ratebook_init(book, &rates, is_paced, ID) == 0);
}

static struct fp_raterecord *
next_place(const struct fp_ratebook *book, struct fp_raterecord *records)
{
	return &records[fp_ratebook_place(book, book->head + 1)];
}

/* As a rate file does it. False: nothing but live records. */
static bool
append(struct fp_ratebook *book, struct fp_raterecord *records,
	enum fp_ratebook_kind kind, uint32_t slot, uint32_t seat, int64_t at_ns)
{
	struct fp_raterecord record;
	size_t n = 0;

	for (;; n++) {
		struct fp_raterecord *next = next_place(book, records);
		if (n > book->n_records ||
			fp_ratebook_judge(book, next) != FP_RATEBOOK_OLD)
			return false;
		if (!fp_ratebook_is_live(book, next, now_ns))
			break;
		fp_ratebook_carry(book, next);
	}
	fp_ratebook_make(book, &record, kind, slot, seat, at_ns);
	HOLDS(fp_ratebook_judge(book, &record) == FP_RATEBOOK_NEW);
	HOLDS(fp_ratebook_apply(book, &record) == 0);
	records[fp_ratebook_place(book, record.seq)] = record;
	return true;
}

/* ---- the writer ---- */

static void
reserve(uint32_t seat)
{
	uint32_t slot;

	if (fp_ratelimit_due_ns(&writer.limit, now_ns) > now_ns)
		return;
	HOLDS(n_held < STARTS_MAX);
	HOLDS(fp_ratebook_pick(&writer, &slot) == 0);
	HOLDS(append(&writer, ring, FP_RATEBOOK_RESERVE, slot, seat, now_ns));
	HOLDS(fp_ratebook_holds(&writer, seat, slot));
	held[n_held++] = (struct held){slot, seat, now_ns};
}

static void
settle(size_t i, enum fp_ratebook_kind kind, int64_t at_ns)
{
	HOLDS(append(&writer, ring, kind, held[i].slot, held[i].seat, at_ns));
	HOLDS(!fp_ratebook_holds(&writer, held[i].seat, held[i].slot));
	n_held--;
	memmove(held + i, held + i + 1, (n_held - i) * sizeof(held[0]));
}

static void
fire(size_t i, int64_t ago_ns)
{
	int64_t at_ns = FP_MAX(now_ns - ago_ns, held[i].since_ns);

	is_late |= at_ns < last_ns;
	last_ns = FP_MAX(last_ns, at_ns);
	fuzz_starts_add(&starts, last_ns, 1);
	fuzz_starts_add(&true_starts, at_ns, 1);
	settle(i, FP_RATEBOOK_FIRE, at_ns);
}

/* ---- the readers ---- */

static void
check_slots(const struct fp_ratebook *book)
{
	uint64_t n_taken = 0;

	for (uint32_t i = 0; i < book->n_slots; i++)
		n_taken += book->slots[i].seq > 0;
	HOLDS(n_taken == book->limit.n_reserved);
}

/* A start that is told of after a later one counts as that one for those who
 * read on; who reads all of it knows better. But of a pace, not how late the
 * last one was, nor when those were reserved whose reservations it cannot see:
 * these may cost it a beat. */
static void
compare(const struct fp_ratebook *book)
{
	HOLDS(book->head == writer.head);
	HOLDS(book->limit.n_reserved == n_held);
	check_slots(book);
	for (size_t i = 0; i < n_held; i++)
		HOLDS(fp_ratebook_holds(book, held[i].seat, held[i].slot));
	int64_t due_ns = fp_ratelimit_due_ns(&book->limit, now_ns);
	int64_t writer_ns = fp_ratelimit_due_ns(&writer.limit, now_ns);
	HOLDS(is_late || due_ns >= writer_ns);
	HOLDS(due_ns - writer_ns <=
		(is_paced ? FP_RATELIMIT_SLACK_NS + writer.limit.spacing_ns
			  : 0));
	HOLDS(due_ns >=
		fuzz_starts_all_due_ns(&true_starts, &rates, n_held, now_ns));
}

static void
load(struct fp_ratebook *book)
{
	init(book);
	HOLDS(fp_ratebook_load(book, ring) == 0);
	compare(book);
}

static void
read_on(void)
{
	enum fp_ratebook_state state;

	while ((state = fp_ratebook_judge(&follower,
			next_place(&follower, ring))) == FP_RATEBOOK_NEW)
		HOLDS(fp_ratebook_apply(
			      &follower, next_place(&follower, ring)) == 0);
	if (state == FP_RATEBOOK_BEHIND) {
		fp_ratebook_destroy(&follower);
		load(&follower);
	}
	HOLDS(state == FP_RATEBOOK_BEHIND || state == FP_RATEBOOK_OLD);
	compare(&follower);
}

static void
read_all(void)
{
	struct fp_ratebook book;

	load(&book);
	fp_ratebook_destroy(&book);
}

static void
check_writer(void)
{
	int64_t due_ns = fp_ratelimit_due_ns(&writer.limit, now_ns);
	int64_t right_ns =
		fuzz_starts_all_due_ns(&starts, &rates, n_held, now_ns);

	HOLDS(is_paced ? due_ns >= right_ns : due_ns == right_ns);
}

/* ---- damage ---- */

static struct fp_raterecord *
copy_ring(void)
{
	return (struct fp_raterecord *)fuzz_copy(
		(const char *)ring, writer.n_records * sizeof(*ring));
}

/* Another word in one place, which may be one that was never written. */
static void
change(struct fuzz *fuzz)
{
	struct fp_raterecord *copy = copy_ring();
	struct fp_ratebook book;
	size_t n_words = writer.n_records * sizeof(*ring) / sizeof(uint64_t);
	size_t at = fuzz_choose(fuzz, 256);
	uint64_t bits = 0;

	at = (at << 8 | fuzz_choose(fuzz, 256)) % n_words;
	for (int i = 0; i < 8; i++)
		bits = bits << 8 | fuzz_choose(fuzz, 256);
	((uint64_t *)(void *)copy)[at] ^= bits ? bits : 1;
	init(&book);
	HOLDS(fp_ratebook_load(&book, copy) < 0 && errno == EINVAL);
	fp_ratebook_destroy(&book);
	free(copy);
}

/* Of the starts that stand in the ring, and are not of the future. */
static void
find_starts(const struct fp_raterecord *records, struct fuzz_starts *found)
{
	found->n = 0;
	for (size_t i = 0; i < writer.n_records; i++) {
		if (records[i].seq > 0 &&
			(records[i].what & KIND_MASK) == FP_RATEBOOK_FIRE)
			fuzz_starts_add(found, records[i].time_ns, 1);
	}
}

/* The book is what somebody wrote who knows how to; is it of use? */
static void
use(struct fp_ratebook *book, struct fp_raterecord *records)
{
	static struct fuzz_starts found;
	int64_t then_ns = FP_MAX(now_ns, book->latest_ns);
	uint32_t slot;

	HOLDS(then_ns <= FP_RATELIMIT_TIME_MAX_NS);
	check_slots(book);
	find_starts(records, &found);
	HOLDS(fp_ratelimit_due_ns(&book->limit, then_ns) >=
		fuzz_starts_all_due_ns(
			&found, &rates, book->limit.n_reserved, then_ns));
	for (int i = 0; i < 8; i++) {
		HOLDS(fp_ratebook_pick(book, &slot) == 0);
		if (!append(book, records, FP_RATEBOOK_RESERVE, slot, 5,
			    then_ns) ||
			!append(book, records,
				i & 1 ? FP_RATEBOOK_FIRE
				      : FP_RATEBOOK_GIVE_BACK,
				slot, 5, then_ns))
			break;
		check_slots(book);
	}
}

/* One number of a record, with the checksum that goes with it. */
static void
forge_one(struct fuzz *fuzz, struct fp_raterecord *records)
{
	size_t place = fuzz_choose(fuzz, 256);
	uint64_t value = 0;

	place = (place << 8 | fuzz_choose(fuzz, 256)) % writer.n_records;
	struct fp_raterecord *record = &records[place];
	unsigned field = fuzz_choose(fuzz, 6);
	for (unsigned n = fuzz_choose(fuzz, 9); n > 0; n--)
		value = value << 8 | fuzz_choose(fuzz, 256);
	if (field == 0)
		record->seq += value;
	if (field == 1)
		record->time_ns = (int64_t)value;
	/* A large one takes time, as there have to be so many. */
	if (field == 2 && (value < 1000 || value > UINT32_MAX / 2))
		record->slot = (uint32_t)value;
	if (field == 3)
		record->what = (uint32_t)value;
	if (field == 4)
		record->what ^= 1u << value % 16;
	if (field == 5)
		*record = *next_place(&writer, records);
	record->check = fp_ratebook_sum(ID, record, CHECK_WORDS);
}

static void
forge(struct fuzz *fuzz)
{
	struct fp_raterecord *copy = copy_ring();
	struct fp_ratebook book;

	for (unsigned n = 1 + fuzz_choose(fuzz, 4); n > 0; n--)
		forge_one(fuzz, copy);
	/* One who reads on reads this too. */
	while (fp_ratebook_judge(&follower, next_place(&follower, copy)) ==
			FP_RATEBOOK_NEW &&
		fp_ratebook_apply(&follower, next_place(&follower, copy)) == 0)
		check_slots(&follower);
	fp_ratebook_destroy(&follower);
	load(&follower);

	init(&book);
	if (fp_ratebook_load(&book, copy) == 0)
		use(&book, copy);
	else
		HOLDS(errno == EINVAL);
	fp_ratebook_destroy(&book);
	free(copy);
}

/* ---- what is done ---- */

static void
do_next(struct fuzz *fuzz)
{
	size_t which;

	switch (fuzz_choose(fuzz, 9)) {
	case 0:
		now_ns += fuzz_wait_ns(fuzz);
		now_ns = FP_MIN(now_ns, FP_RATELIMIT_TIME_MAX_NS);
		break;
	case 1:
		reserve(fuzz_choose(fuzz, 4));
		break;
	case 2:
		if (n_held > 0)
			fire(0, 0);
		break;
	case 3:
		which = fuzz_choose(fuzz, 256);
		if (n_held > 0)
			fire(which % n_held, fuzz_wait_ns(fuzz));
		break;
	case 4:
		which = fuzz_choose(fuzz, 256);
		if (n_held > 0)
			settle(which % n_held, FP_RATEBOOK_GIVE_BACK, now_ns);
		break;
	case 5:
		read_on();
		break;
	case 6:
		read_all();
		break;
	case 7:
		change(fuzz);
		break;
	default:
		forge(fuzz);
		break;
	}
	check_writer();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);

	is_paced = fuzz_choose(&fuzz, 2);
	if (!fuzz_take_rates(&fuzz, &rates))
		return 0;
	fp_rates_sort(&rates);
	for (size_t i = 0; i < rates.n; i++) {
		if (rates.all[i].n > N_MAX)
			return 0;
	}
	init(&writer);
	init(&follower);
	ring = calloc(writer.n_records, sizeof(*ring));
	HOLDS(ring);
	now_ns = INT64_C(1790000000) * FP_NS_PER_S;
	starts.n = true_starts.n = n_held = 0;
	last_ns = 0;
	is_late = false;
	for (size_t i = 0; i < OPS_MAX && fuzz.left > 0; i++)
		do_next(&fuzz);
	fuzz_starts_check(&starts, &rates);
	fuzz_starts_check(&true_starts, &rates);
	fp_ratebook_destroy(&writer);
	fp_ratebook_destroy(&follower);
	free(ring);
	return 0;
}
