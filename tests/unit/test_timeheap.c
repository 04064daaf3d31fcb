/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "timeheap.h"

#include "tap.h"

#define N 200

static uint64_t random_state = 1;

static unsigned
draw(unsigned n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1;
	return (unsigned)(random_state >> 33) % n;
}

static bool
is_sound(const struct fp_timeheap *heap)
{
	for (size_t i = 0; i < heap->len; i++) {
		if (heap->all[i]->place != i + 1 ||
			heap->all[i]->due_ns <
				heap->all[i ? (i - 1) / 2 : 0]->due_ns)
			return false;
	}
	return true;
}

static int64_t
earliest(const struct fp_timed *all)
{
	int64_t due = INT64_MAX;

	for (int i = 0; i < N; i++) {
		if (all[i].place)
			due = FP_MIN(due, all[i].due_ns);
	}
	return due;
}

/* Against a look at each one. */
static void
test_random(void)
{
	struct fp_timed all[N] = {{0}};
	struct fp_timeheap heap;
	bool sound = true, first = true;

	CHECK(fp_timeheap_init(&heap, N) == 0);
	for (int step = 0; step < 20000; step++) {
		struct fp_timed *one = &all[draw(N)];
		unsigned what = draw(4);
		if (what < 2) {
			fp_timeheap_set(&heap, one, draw(1000));
		} else if (what == 2) {
			fp_timeheap_remove(&heap, one);
		} else {
			int64_t due = earliest(all), now = draw(1000);
			struct fp_timed *taken = fp_timeheap_take(&heap, now);
			first &= due <= now ? taken && taken->due_ns == due &&
						      taken->place == 0
					    : !taken;
		}
		sound &= is_sound(&heap) &&
			 fp_timeheap_due_ns(&heap) == earliest(all);
	}
	CHECK(sound);
	CHECK(first);
	fp_timeheap_destroy(&heap);
}

static void
test_empty(void)
{
	struct fp_timeheap heap;
	struct fp_timed one = {0};

	CHECK(fp_timeheap_init(&heap, 1) == 0);
	CHECK(!fp_timeheap_take(&heap, INT64_MAX));
	CHECK(fp_timeheap_due_ns(&heap) == INT64_MAX);
	fp_timeheap_remove(&heap, &one);
	fp_timeheap_set(&heap, &one, 5);
	CHECK(!fp_timeheap_take(&heap, 4));
	CHECK(fp_timeheap_take(&heap, 5) == &one);
	CHECK(!fp_timeheap_take(&heap, 5));
	fp_timeheap_destroy(&heap);
}

static void
test_grown(void)
{
	struct fp_timed all[N] = {{0}};
	struct fp_timeheap heap;
	bool sound = true;

	CHECK(fp_timeheap_init(&heap, 1) == 0);
	for (size_t i = 0; i < N; i++) {
		CHECK(fp_timeheap_reserve(&heap, i + 1) == 0);
		fp_timeheap_set(&heap, &all[i], (int64_t)(N - i));
		sound &= is_sound(&heap);
	}
	CHECK(sound);
	CHECK(heap.capacity >= N && heap.capacity < 2 * N + 2);
	CHECK(fp_timeheap_take(&heap, INT64_MAX) == &all[N - 1]);
	fp_timeheap_destroy(&heap);
}

int
main(void)
{
	run("the earliest comes first, whatever comes and goes", test_random);
	run("one that grows", test_grown);
	run("an empty one, and one with a single thing", test_empty);
	return done();
}
