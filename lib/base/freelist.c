/* SPDX-License-Identifier: MIT */
/*
 * libcurl allocates some sixty blocks for each request, all of which are free
 * again at its end. glibc keeps seven of a size at hand for a thread, none for
 * calloc() before its version 2.41, and none of the size of libcurl's receive
 * buffer, so a good part of them goes the long way, over lists of all sizes.
 * Here each size has one list, and the block that was freed last is taken
 * first, since the cache still has it.
 *
 * How large a block is, malloc_usable_size() says: nothing is kept beside it,
 * so any block may come from elsewhere, and all but a bay's go elsewhere. In
 * glibc's blocks all but a word of a multiple of 16 bytes can be used, hence
 * the sizes of the lists; to another C library they only cost some reuse.
 *
 * Of a large block libcurl often uses a few bytes: its copy of a request over
 * TLS is in one of 16 KiB. malloc() gives what a handshake has left, every page
 * of which is there. So when such a block is new here, its pages go, and come
 * back as they are used. Where many will be wanted, they are in bays, and so
 * are blocks of all sizes but the smallest, to fill these (bay.c). A bay's
 * blocks are not given back while the list is in use, as they would be lost to
 * it.
 *
 * What finds the use of freed memory has to see it freed, so it gets all blocks
 * at once. So does what is put before malloc() without a malloc_usable_size():
 * that of the C library reads, as the size of such a block, what stands before
 * it.
 */
#include "base.h"

#include "bay.h"
#include "freelist.h"

#include <dlfcn.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define IS_WATCHED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_WATCHED true
#endif
#endif
#ifndef IS_WATCHED
#define IS_WATCHED false
#endif

/* So much is kept at most: what a few dozen requests need. */
#define MOST_BYTES ((size_t)1024 << 10)

#define STEP_BYTES 16
#define LOST_BYTES (STEP_BYTES - sizeof(size_t))

/* From here on a block is large. */
#define LARGE_BYTES 16384

/* What is smaller is not worth a place in a bay. */
#define BAY_LEAST_BYTES 500

/* So many that are open are looked at. If none of them has room for a block of
 * a usual size, the first has been open for long enough. */
#define BAYS_LOOKED_AT 4
#define BAY_USUAL_BYTES 2048

/* A block in a list begins with the one after it. */
struct spare {
	struct spare *next;
};

/* A word for each thread, with no function to be called for its address. */
static _Thread_local struct fp_freelist *here
	__attribute__((tls_model("initial-exec")));

static _Thread_local bool was_refused
	__attribute__((tls_model("initial-exec")));

/* What the C library gave, or did not. */
static void *
given(void *block)
{
	if (FP_UNLIKELY(!block))
		was_refused = true;
	return block;
}

bool
fp_freelist_was_refused(void)
{
	return was_refused;
}

void
fp_freelist_forget_refusals(void)
{
	was_refused = false;
}

/* Where the library that a function is in begins; NULL: not known. glibc 2.35
 * finds it without going through its symbols. */
static const void *
library_of(void *function)
{
#ifdef DLFO_STRUCT_HAS_EH_DBASE
	struct dl_find_object object;

	return _dl_find_object(function, &object) ? NULL
						  : object.dlfo_map_start;
#else
	Dl_info object;

	return dladdr(function, &object) ? object.dli_fbase : NULL;
#endif
}

/* Whether malloc_usable_size() knows malloc()'s blocks. */
static bool
sizes_are_known(void)
{
	return library_of((void *)(uintptr_t)malloc) ==
	       library_of((void *)(uintptr_t)malloc_usable_size);
}

void
fp_freelist_use(struct fp_freelist *list)
{
	here = !IS_WATCHED && list && sizes_are_known() ? list : NULL;
}

/* Where it came from. */
static void
free_elsewhere(void *block)
{
	if (fp_bay_has(block))
		fp_bay_put(block);
	else
		free(block);
}

static size_t
usable_bytes(void *block)
{
	return fp_bay_has(block) ? fp_bay_bytes(block)
				 : malloc_usable_size(block);
}

/* The bay at this place in the list is not open any more. */
static void
shut(struct fp_bay **place)
{
	struct fp_bay *bay = *place;

	*place = bay->next;
	fp_bay_close(bay);
}

void
fp_freelist_clear(struct fp_freelist *list)
{
	for (size_t bin = 0; bin < FP_FREELIST_BINS; bin++) {
		struct spare *spare = list->first[bin];
		list->first[bin] = NULL;
		while (spare) {
			struct spare *next = spare->next;
			free_elsewhere(spare);
			spare = next;
		}
	}
	list->n_bytes = 0;
	while (list->bays)
		shut(&list->bays);
}

/* The list whose blocks have room for this; the first is of so small ones that
 * there are none. */
static size_t
bin_for(size_t n)
{
	return n <= LOST_BYTES ? 1
			       : (n + STEP_BYTES - LOST_BYTES - 1) / STEP_BYTES;
}

static size_t
bin_bytes(size_t bin)
{
	return bin * STEP_BYTES + LOST_BYTES;
}

static void
push(struct fp_freelist *list, size_t bin, void *block)
{
	struct spare *spare = block;

	spare->next = list->first[bin];
	list->first[bin] = spare;
}

static void *
pop(struct fp_freelist *list, size_t bin)
{
	struct spare *spare = list->first[bin];

	list->first[bin] = spare->next;
	if (!fp_bay_has(spare))
		list->n_bytes -= bin_bytes(bin);
	return spare;
}

/* What a new block has in it is nobody's. */
static void
drop_pages(char *block, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t before = (page - (uintptr_t)block % page) % page;

	if (n >= before + page)
		(void)madvise(block + before, (n - before) / page * page,
			MADV_DONTNEED);
}

void
fp_freelist_trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

void
fp_freelist_expect_large(void)
{
	struct fp_bay *bay = here ? fp_bay_take() : NULL;

	if (!bay)
		return;
	bay->next = here->bays;
	here->bays = bay;
	push(here, bin_for(FP_BAY_LARGE_BYTES), fp_bay_large(bay));
}

/* From one of the bays that are open; NULL: they have no room. */
static void *
carve(struct fp_freelist *list, size_t n)
{
	struct fp_bay **place = &list->bays;

	for (int i = 0; *place && i < BAYS_LOOKED_AT; i++) {
		void *block = fp_bay_carve(*place, n);
		if (block) {
			if (fp_bay_room(*place) < BAY_LEAST_BYTES)
				shut(place);
			return block;
		}
		place = &(*place)->next;
	}
	if (list->bays && n <= BAY_USUAL_BYTES)
		shut(&list->bays);
	return NULL;
}

static void *
malloc_large(struct fp_freelist *list, size_t n)
{
	size_t bin = bin_for(FP_BAY_LARGE_BYTES);

	if (n <= FP_BAY_LARGE_BYTES && list->first[bin])
		return pop(list, bin);
	void *block = given(malloc(n));
	if (block)
		drop_pages(block, n);
	return block;
}

/* There is none of its size in a list. (Inlined, it would cost those that there
 * are.) */
static __attribute__((noinline)) void *
malloc_new(struct fp_freelist *list, size_t n)
{
	size_t bin = bin_for(n);

	if (!list || bin >= FP_FREELIST_BINS)
		return given(malloc(n));
	if (n >= LARGE_BYTES)
		return malloc_large(list, n);
	void *block = list->bays && n >= BAY_LEAST_BYTES
			      ? carve(list, bin_bytes(bin))
			      : NULL;
	return block ? block : given(malloc(n));
}

void *
fp_freelist_malloc(size_t n)
{
	struct fp_freelist *list = here;
	size_t bin = bin_for(n);

	return list && bin < FP_FREELIST_BINS && list->first[bin]
		       ? pop(list, bin)
		       : malloc_new(list, n);
}

void
fp_freelist_free(void *block)
{
	struct fp_freelist *list = here;

	if (!block)
		return;
	if (!list) {
		free_elsewhere(block);
	} else if (fp_bay_has(block)) {
		push(list, bin_for(fp_bay_bytes(block)), block);
	} else {
		size_t n = malloc_usable_size(block);
		size_t bin = (n - LOST_BYTES) / STEP_BYTES;
		if (n < bin_bytes(1) || bin >= FP_FREELIST_BINS ||
			list->n_bytes >= MOST_BYTES) {
			free(block);
		} else {
			push(list, bin, block);
			list->n_bytes += bin_bytes(bin);
		}
	}
}

/* Whether the C library may make it larger. */
static bool
is_its(const void *block, size_t n)
{
	return !fp_bay_has(block) && (!here || bin_for(n) >= FP_FREELIST_BINS);
}

void *
fp_freelist_realloc(void *block, size_t n)
{
	if (!block)
		return fp_freelist_malloc(n);
	if (is_its(block, n))
		return given(realloc(block, n));
	size_t old = usable_bytes(block);
	if (n <= old && bin_for(old) < FP_FREELIST_BINS)
		return block;
	void *other = fp_freelist_malloc(n);
	if (!other)
		return NULL;
	memcpy(other, block, FP_MIN(old, n));
	fp_freelist_free(block);
	return other;
}

char *
fp_freelist_strdup(const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = fp_freelist_malloc(len);

	return copy ? memcpy(copy, text, len) : NULL;
}

void *
fp_freelist_calloc(size_t n, size_t size)
{
	struct fp_freelist *list = here;
	size_t len;

	if (!list || __builtin_mul_overflow(n, size, &len) ||
		bin_for(len) >= FP_FREELIST_BINS ||
		(!list->first[bin_for(len)] && !list->bays))
		return given(calloc(n, size));
	void *block = fp_freelist_malloc(len);
	return block ? memset(block, 0, len) : NULL;
}
