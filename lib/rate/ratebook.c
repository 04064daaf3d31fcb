/* SPDX-License-Identifier: MIT */
/*
 * The ring holds twice as many records as there can be live ones: starts that
 * some period still remembers, and reservations. Where the next record has to
 * go, there may stand a live one. It is carried: written again in its place,
 * with the number that is next, and the search goes on behind it. So nothing
 * is ever copied to another place, no write leaves the ring with less than
 * before it, and as half of the ring is not live, a record costs one more
 * write on average at most.
 *
 * To renew or to commit a reservation is to carry it, with what is new about
 * it.
 *
 * A record that was carried tells nothing new, unless one reads the ring from
 * the beginning. Then times are not in order; they are sorted.
 */
#include "base.h"

#include "ratebook.h"

#include <errno.h>
#include <string.h>

#define KIND_MASK 11u
#define CARRIED 4u
#define SEAT_SHIFT 8

#define RECORDS_MORE 16 /* than twice the live ones */
#define SLOTS_MIN 16
#define SLOTS_MAX (4 * FP_RATEBOOK_MAX)

_Static_assert(sizeof(struct fp_raterecord) == 32, "as it is in the file");

/* ---- records ---- */

/* Each step can be undone if all words but one are known: so no other value
 * of that one leads to the same sum. */
uint64_t
fp_ratebook_sum(uint64_t seed, const void *data, size_t n_words)
{
	const unsigned char *bytes = data;
	uint64_t sum = seed;

	for (size_t i = 0; i < n_words; i++) {
		uint64_t word;
		memcpy(&word, bytes + i * sizeof(word), sizeof(word));
		sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		sum ^= sum >> 32;
	}
	return sum * UINT64_C(0xd6e8feb86659fd93);
}

static uint64_t
check_of(const struct fp_ratebook *book, const struct fp_raterecord *record)
{
	return fp_ratebook_sum(book->id, record,
		offsetof(struct fp_raterecord, check) / sizeof(uint64_t));
}

static enum fp_ratebook_kind
ratebook_kind_of(const struct fp_raterecord *record)
{
	return (enum fp_ratebook_kind)(record->what & KIND_MASK);
}

static uint32_t
seat_of(const struct fp_raterecord *record)
{
	return record->what >> SEAT_SHIFT;
}

static bool
ratebook_is_blank(const struct fp_raterecord *record)
{
	static const struct fp_raterecord blank;

	return memcmp(record, &blank, sizeof(blank)) == 0;
}

/* Whether it says that a slot is reserved. */
static bool
is_reservation(const struct fp_raterecord *record)
{
	enum fp_ratebook_kind kind = ratebook_kind_of(record);

	return kind == FP_RATEBOOK_RESERVE || kind == FP_RATEBOOK_RENEW ||
	       kind == FP_RATEBOOK_COMMIT;
}

/* The first word of what happens to a slot. */
static bool
is_first(const struct fp_raterecord *record)
{
	return ratebook_kind_of(record) == FP_RATEBOOK_RESERVE &&
	       !(record->what & CARRIED);
}

static bool
is_known_kind(enum fp_ratebook_kind kind)
{
	return (kind >= FP_RATEBOOK_RESERVE && kind <= FP_RATEBOOK_GIVE_BACK) ||
	       kind == FP_RATEBOOK_RENEW || kind == FP_RATEBOOK_COMMIT;
}

static bool
is_sound(const struct fp_ratebook *book, const struct fp_raterecord *record)
{
	return record->check == check_of(book, record) &&
	       is_known_kind(ratebook_kind_of(record)) && record->seq > 0 &&
	       record->time_ns >= 0 &&
	       record->time_ns <= FP_RATELIMIT_TIME_MAX_NS &&
	       record->slot < SLOTS_MAX;
}

/* ---- the book ---- */

static uint64_t
most_of(const struct fp_rates *rates)
{
	uint64_t most = 0;

	for (size_t i = 0; i < rates->n; i++)
		most = FP_MAX(most, rates->all[i].n);
	return most;
}

size_t
fp_ratebook_size(const struct fp_rates *rates)
{
	return 2 * (size_t)most_of(rates) + RECORDS_MORE;
}

int
fp_ratebook_init(struct fp_ratebook *book, const struct fp_rates *rates,
	bool is_paced, uint64_t id)
{
	memset(book, 0, sizeof(*book));
	if (rates->n == 0 || most_of(rates) > FP_RATEBOOK_MAX) {
		errno = EINVAL;
		return -1;
	}
	book->is_paced = is_paced;
	book->id = id;
	book->n_records = fp_ratebook_size(rates);
	return fp_ratelimit_init(&book->limit, rates, is_paced);
}

void
fp_ratebook_destroy(struct fp_ratebook *book)
{
	fp_ratelimit_destroy(&book->limit);
	free(book->slots);
	memset(book, 0, sizeof(*book));
}

size_t
fp_ratebook_place(const struct fp_ratebook *book, uint64_t seq)
{
	return (size_t)(seq % book->n_records);
}

/* ---- slots ---- */

static int
grow_slots(struct fp_ratebook *book, uint32_t need)
{
	uint32_t n = FP_MAX(book->n_slots, SLOTS_MIN);

	while (n < need)
		n *= 2;
	if (n == book->n_slots)
		return 0;
	struct fp_ratebook_slot *slots =
		realloc(book->slots, n * sizeof(*slots));
	if (!slots)
		return -1;
	memset(slots + book->n_slots, 0, (n - book->n_slots) * sizeof(*slots));
	book->slots = slots;
	book->n_slots = n;
	return 0;
}

int
fp_ratebook_pick(struct fp_ratebook *book, uint32_t *slot)
{
	/* At least half of them are free, so one is found soon. */
	if (grow_slots(book, 2 * (uint32_t)book->limit.n_reserved + 1))
		return -1;
	do {
		book->next_slot = (book->next_slot + 1) % book->n_slots;
	} while (book->slots[book->next_slot].seq);
	*slot = book->next_slot;
	return 0;
}

static bool
is_taken(const struct fp_ratebook *book, uint32_t slot)
{
	return slot < book->n_slots && book->slots[slot].seq > 0;
}

bool
fp_ratebook_holds(const struct fp_ratebook *book, uint32_t seat, uint32_t slot)
{
	return is_taken(book, slot) && book->slots[slot].seat == seat;
}

static int
take_slot(struct fp_ratebook *book, const struct fp_raterecord *record)
{
	if (grow_slots(book, record->slot + 1))
		return -1;
	book->slots[record->slot] = (struct fp_ratebook_slot){
		.seq = record->seq,
		.seat = seat_of(record),
		.is_committed = ratebook_kind_of(record) == FP_RATEBOOK_COMMIT,
		.since_ns = record->time_ns,
	};
	return 0;
}

/* ---- reading records one by one ---- */

enum fp_ratebook_state
fp_ratebook_judge(
	const struct fp_ratebook *book, const struct fp_raterecord *record)
{
	uint64_t next = book->head + 1;

	if (next <= book->n_records && ratebook_is_blank(record))
		return FP_RATEBOOK_OLD;
	if (!is_sound(book, record))
		return FP_RATEBOOK_DAMAGED;
	if (record->seq == next)
		return FP_RATEBOOK_NEW;
	if (record->seq < next && next - record->seq == book->n_records)
		return FP_RATEBOOK_OLD;
	if (record->seq > next && (record->seq - next) % book->n_records == 0)
		return FP_RATEBOOK_BEHIND;
	return FP_RATEBOOK_DAMAGED;
}

static void
note(struct fp_ratebook *book, const struct fp_raterecord *record)
{
	book->head = record->seq;
	book->latest_ns = FP_MAX(book->latest_ns, record->time_ns);
}

static int
ratebook_damaged(void)
{
	errno = EINVAL;
	return -1;
}

/* A start that is carried has nothing to do with its slot any more. What is
 * renewed or committed is its holder's, and what is committed stays so. */
static bool
ratebook_fits(
	const struct fp_ratebook *book, const struct fp_raterecord *record)
{
	uint32_t slot = record->slot;

	if (!is_reservation(record))
		return (record->what & CARRIED) || is_taken(book, slot);
	if (is_first(record))
		return !is_taken(book, slot);
	return fp_ratebook_holds(book, seat_of(record), slot) &&
	       (!book->slots[slot].is_committed ||
		       ratebook_kind_of(record) == FP_RATEBOOK_COMMIT);
}

int
fp_ratebook_apply(struct fp_ratebook *book, const struct fp_raterecord *record)
{
	bool is_new = !(record->what & CARRIED);
	uint32_t slot = record->slot;

	if (!ratebook_fits(book, record))
		return ratebook_damaged();
	if (is_reservation(record)) {
		if (take_slot(book, record))
			return -1;
		if (is_first(record) &&
			fp_ratelimit_take(&book->limit, record->time_ns)) {
			book->slots[slot].seq = 0;
			return -1;
		}
	} else if (is_new) {
		book->slots[slot].seq = 0;
		if (ratebook_kind_of(record) == FP_RATEBOOK_FIRE)
			fp_ratelimit_fire(&book->limit, record->time_ns);
		else
			fp_ratelimit_give_back(&book->limit);
	}
	note(book, record);
	return 0;
}

/* ---- writing ---- */

bool
fp_ratebook_is_live(const struct fp_ratebook *book,
	const struct fp_raterecord *record, int64_t now_ns)
{
	if (ratebook_is_blank(record))
		return false;
	if (ratebook_kind_of(record) == FP_RATEBOOK_FIRE)
		return record->time_ns + fp_ratelimit_memory_ns(&book->limit) >
		       now_ns;
	return is_reservation(record) && is_taken(book, record->slot) &&
	       book->slots[record->slot].seq == record->seq;
}

void
fp_ratebook_carry(struct fp_ratebook *book, struct fp_raterecord *record)
{
	record->seq = ++book->head;
	record->what |= CARRIED;
	record->check = check_of(book, record);
	if (is_reservation(record))
		book->slots[record->slot].seq = record->seq;
}

void
fp_ratebook_make(const struct fp_ratebook *book, struct fp_raterecord *record,
	enum fp_ratebook_kind kind, uint32_t slot, uint32_t seat,
	int64_t now_ns)
{
	record->seq = book->head + 1;
	record->time_ns = now_ns;
	record->slot = slot;
	record->what = (uint32_t)kind | seat << SEAT_SHIFT;
	record->check = check_of(book, record);
}

/* ---- reading a whole ring ---- */

/* Finds the last number, and whether all the others are in their places. */
static int
find_head(struct fp_ratebook *book, const struct fp_raterecord *records)
{
	size_t n = book->n_records;
	uint64_t head = 0;

	for (size_t i = 0; i < n; i++) {
		if (ratebook_is_blank(&records[i]))
			continue;
		if (!is_sound(book, &records[i]) || records[i].seq % n != i)
			return ratebook_damaged();
		head = FP_MAX(head, records[i].seq);
	}
	for (size_t i = 0; i < n; i++) {
		/* The last number up to head that belongs to this place. */
		size_t back = (size_t)((head % n + n - i) % n);
		bool is_written = head > back;
		if (is_written ? records[i].seq != head - back
			       : !ratebook_is_blank(&records[i]))
			return ratebook_damaged();
	}
	book->head = head;
	return 0;
}

static int
ratebook_compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* What decides the next beat, as far as it has been read. */
struct beat {
	uint64_t n_taken; /* slots */
	bool was_free; /* a start was given back when no other was under way */
	int64_t reserved_ns; /* the last reservation, since then */
};

/* The ring may begin after a reservation. A start of such a one counts for the
 * beat like the reservation, if what came before it does not. */
static void
load_end(struct fp_ratebook *book, const struct fp_raterecord *record,
	struct beat *beat)
{
	bool was_taken = is_taken(book, record->slot);

	if (was_taken) {
		book->slots[record->slot].seq = 0;
		beat->n_taken--;
	}
	if (ratebook_kind_of(record) != FP_RATEBOOK_FIRE) {
		if (beat->n_taken == 0)
			*beat = (struct beat){.was_free = true};
	} else if (!was_taken && beat->was_free) {
		beat->reserved_ns = FP_MAX(beat->reserved_ns, record->time_ns);
	}
}

/* Reads one of the ring. */
static int
load_one(struct fp_ratebook *book, const struct fp_raterecord *record,
	struct beat *beat)
{
	bool is_carried = record->what & CARRIED;

	note(book, record);
	if (is_reservation(record)) {
		beat->reserved_ns = FP_MAX(beat->reserved_ns, record->time_ns);
		beat->n_taken += !is_taken(book, record->slot);
		return take_slot(book, record);
	}
	/* Its reservation may have been overwritten. */
	if (!is_carried)
		load_end(book, record, beat);
	return 0;
}

static int
load_times(struct fp_ratebook *book, int64_t *times, size_t n,
	const struct beat *beat)
{
	int64_t last_ns = beat->reserved_ns;

	if (n > 0)
		qsort(times, n, sizeof(times[0]), ratebook_compare);
	for (size_t i = 0; i < n; i++) {
		if (fp_ratelimit_take(&book->limit, times[i]))
			return -1;
		fp_ratelimit_fire(&book->limit, times[i]);
	}
	for (uint32_t i = 0; i < book->n_slots; i++) {
		if (is_taken(book, i) &&
			fp_ratelimit_take(&book->limit, book->latest_ns))
			return -1;
	}
	if (beat->was_free && last_ns == 0 && n > 0)
		last_ns = times[n - 1];
	book->limit.next_ns = last_ns + book->limit.spacing_ns;
	return 0;
}

int
fp_ratebook_load(struct fp_ratebook *book, const struct fp_raterecord *records)
{
	if (find_head(book, records))
		return -1;
	uint64_t head = book->head;
	uint64_t n = FP_MIN(head, book->n_records);
	size_t n_times = 0;
	struct beat beat = {0};
	int64_t *times = calloc((size_t)n + 1, sizeof(*times));
	int ret = times ? 0 : -1;

	for (uint64_t seq = head - n + 1; seq <= head && ret == 0; seq++) {
		const struct fp_raterecord *record =
			&records[fp_ratebook_place(book, seq)];
		ret = load_one(book, record, &beat);
		if (ratebook_kind_of(record) == FP_RATEBOOK_FIRE)
			times[n_times++] = record->time_ns;
	}
	if (ret == 0)
		ret = load_times(book, times, n_times, &beat);
	free(times);
	return ret;
}
