/* SPDX-License-Identifier: MIT */
/*
 * Whatever happens to the bytes of a rate file, no more may start than before.
 * The file that is damaged here has nothing left to give, so that whatever can
 * be reserved after all is one too many.
 */
#include "ratefiletest.h"

#define RATE "4/366d"
#define HEADER_END 512 /* with the clock; then nothing until the ring */
#define RING_AT 4096

static char *whole;
static size_t whole_len;

/* A ring in which some was overwritten, and some was carried; one is held
 * by someone who is gone. Or one with places that were never written. */
static const char *
make_file(const char *name, unsigned n_rounds)
{
	const char *path = scratch(name);
	struct fp_ratefile *file = opened(path, RATE);
	uint32_t slot, held[4];
	int64_t due_ns;

	CHECK(reserve_many(file, held, 3) == 3);
	CHECK(start_one(file, held[0]) == 0);
	CHECK(start_one(file, held[2]) == 0);
	for (unsigned i = 0; i < n_rounds; i++) {
		CHECK(fp_ratefile_reserve(file, &slot, &due_ns) == 1);
		CHECK(fp_ratefile_give_back(file, slot) == 0);
	}
	CHECK(start_one(file, held[1]) == 0);
	CHECK(reserve_many(file, held, 1) == 1);
	CHECK(start_one(file, held[0]) == 0);
	fp_ratefile_close(file);
	whole = get_file(path, &whole_len);
	return path;
}

static void
put(int fd, const char *data, size_t len)
{
	MUST(pwrite(fd, data, len, 0) == (ssize_t)len);
	MUST(ftruncate(fd, (off_t)len) == 0);
}

/* 0: refused; 1: taken for what it is; more: someone gets too much. */
static unsigned
look(const char *path)
{
	struct fp_ratefile *file;
	int64_t due_ns;
	uint32_t slot;

	errno = 0;
	file = open_rates(path, RATE);
	if (!file) {
		CHECK(errno == EINVAL && why[0]);
		return 0;
	}
	int ret = fp_ratefile_reserve(file, &slot, &due_ns);
	CHECK(ret == 0 || (ret == -1 && errno == EINVAL));
	fp_ratefile_close(file);
	return 1 + (ret == 1);
}

static void
flip_each_bit(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	unsigned n_refused = 0;

	MUST(fd >= 0);
	for (size_t i = 0; i < whole_len; i++) {
		/* Nothing is read between the header and the ring. */
		if (i == HEADER_END)
			i = RING_AT - 1;
		for (unsigned bit = 0; bit < 8; bit++) {
			char c = (char)(whole[i] ^ (1 << bit));
			MUST(pwrite(fd, &c, 1, (off_t)i) == 1);
			unsigned seen = look(path);
			if (seen > 1)
				printf("# byte %zu, bit %u\n", i, bit);
			CHECK(seen <= 1);
			n_refused += seen == 0;
			/* The ring is all checks. */
			CHECK(seen == 0 || i < RING_AT);
			put(fd, whole, whole_len);
		}
	}
	CHECK(n_refused > (whole_len - RING_AT) * 8);
	CHECK(look(path) == 1);
	close(fd);
	free(whole);
}

static void
flipped_bits(void)
{
	flip_each_bit(make_file("full", 30));
	flip_each_bit(make_file("young", 2));
}

static void
cut_anywhere(void)
{
	const char *path = make_file("cut", 30);
	int fd = open(path, O_RDWR | O_CLOEXEC);

	MUST(fd >= 0);
	for (size_t len = 0; len < whole_len; len++) {
		MUST(ftruncate(fd, (off_t)len) == 0);
		CHECK(look(path) == 0);
		put(fd, whole, whole_len);
	}
	MUST(ftruncate(fd, (off_t)whole_len + 1) == 0);
	CHECK(look(path) == 0);
	put(fd, whole, whole_len);
	CHECK(look(path) == 1);
	close(fd);
	free(whole);
}

/* Sectors that were lost: zeros, or what was there before. */
static void
lost_pieces(void)
{
	const char *path = make_file("lost", 30);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char zeros[32] = "";

	MUST(fd >= 0);
	for (size_t at = RING_AT; at + 32 <= whole_len; at += 32) {
		MUST(pwrite(fd, zeros, 32, (off_t)at) == 32);
		CHECK(look(path) == 0);
		put(fd, whole, whole_len);
		for (size_t from = RING_AT; from + 32 <= whole_len;
			from += 32) {
			if (from == at)
				continue;
			MUST(pwrite(fd, whole + from, 32, (off_t)at) == 32);
			CHECK(look(path) == 0);
			put(fd, whole, whole_len);
		}
	}
	close(fd);
	free(whole);
}

/* One who has it open finds the damage, too. */
static void
damaged_under_way(void)
{
	const char *path = make_file("open", 30);
	struct fp_ratefile *file = opened(path, RATE);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int64_t due_ns;
	uint32_t slot;

	MUST(fd >= 0);
	CHECK(fp_ratefile_reserve(file, &slot, &due_ns) == 0);
	for (size_t at = RING_AT; at < whole_len; at += 8)
		MUST(pwrite(fd, "x", 1, (off_t)at) == 1);
	errno = 0;
	CHECK(fp_ratefile_reserve(file, &slot, &due_ns) == -1);
	CHECK(errno == EINVAL);
	put(fd, whole, whole_len); /* it does not trust it any more */
	CHECK(fp_ratefile_reserve(file, &slot, &due_ns) == -1);
	fp_ratefile_close(file);
	CHECK(look(path) == 1);
	close(fd);
	free(whole);
}

int
main(void)
{
	run("every bit of it flipped", flipped_bits);
	run("cut at every byte", cut_anywhere);
	run("records lost, or old ones back", lost_pieces);
	run("damaged under way", damaged_under_way);
	return done();
}
