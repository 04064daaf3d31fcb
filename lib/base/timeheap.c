/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "timeheap.h"

int
fp_timeheap_init(struct fp_timeheap *heap, size_t capacity)
{
	*heap = (struct fp_timeheap){.capacity = capacity};
	heap->all = calloc(capacity, sizeof(struct fp_timed *));
	return heap->all ? 0 : -1;
}

int
fp_timeheap_reserve(struct fp_timeheap *heap, size_t capacity)
{
	if (capacity <= heap->capacity)
		return 0;
	capacity = FP_MAX(capacity, 2 * heap->capacity);
	struct fp_timed **all =
		realloc(heap->all, capacity * sizeof(struct fp_timed *));
	if (!all)
		return -1;
	heap->all = all;
	heap->capacity = capacity;
	return 0;
}

void
fp_timeheap_destroy(struct fp_timeheap *heap)
{
	free(heap->all);
	heap->all = NULL;
}

/* Puts it at this index. */
static void
timeheap_put(struct fp_timeheap *heap, size_t at, struct fp_timed *timed)
{
	heap->all[at] = timed;
	timed->place = at + 1;
}

static void
rise(struct fp_timeheap *heap, struct fp_timed *timed)
{
	size_t at = timed->place - 1;

	while (at > 0) {
		size_t above = (at - 1) / 2;
		if (heap->all[above]->due_ns <= timed->due_ns)
			break;
		timeheap_put(heap, at, heap->all[above]);
		at = above;
	}
	timeheap_put(heap, at, timed);
}

static void
timeheap_sink(struct fp_timeheap *heap, struct fp_timed *timed)
{
	size_t at = timed->place - 1;

	for (;;) {
		size_t below = 2 * at + 1;
		if (below >= heap->len)
			break;
		if (below + 1 < heap->len &&
			heap->all[below + 1]->due_ns < heap->all[below]->due_ns)
			below++;
		if (timed->due_ns <= heap->all[below]->due_ns)
			break;
		timeheap_put(heap, at, heap->all[below]);
		at = below;
	}
	timeheap_put(heap, at, timed);
}

void
fp_timeheap_set(
	struct fp_timeheap *heap, struct fp_timed *timed, int64_t due_ns)
{
	if (timed->place == 0) {
		FP_ASSERT(heap->len < heap->capacity);
		timeheap_put(heap, heap->len++, timed);
	}
	timed->due_ns = due_ns;
	rise(heap, timed);
	timeheap_sink(heap, timed);
}

void
fp_timeheap_remove(struct fp_timeheap *heap, struct fp_timed *timed)
{
	size_t place = timed->place;

	if (place == 0)
		return;
	timed->place = 0;
	struct fp_timed *last = heap->all[--heap->len];
	if (last == timed)
		return;
	timeheap_put(heap, place - 1, last);
	rise(heap, last);
	timeheap_sink(heap, last);
}

struct fp_timed *
fp_timeheap_take(struct fp_timeheap *heap, int64_t now_ns)
{
	if (heap->len == 0 || heap->all[0]->due_ns > now_ns)
		return NULL;
	struct fp_timed *first = heap->all[0];

	fp_timeheap_remove(heap, first);
	return first;
}

int64_t
fp_timeheap_due_ns(const struct fp_timeheap *heap)
{
	return heap->len ? heap->all[0]->due_ns : INT64_MAX;
}
