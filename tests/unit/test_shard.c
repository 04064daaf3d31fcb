/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "shard.h"
#include "tap.h"

static void
texts(void)
{
	struct fp_shard shard = {0, 0};

	CHECK(fp_shard_parse("2/8", 1000, &shard) == 0);
	CHECK(shard.index == 2 && shard.count == 8);
	CHECK(fp_shard_parse("1/1", 1000, &shard) == 0);
	CHECK(shard.index == 1 && shard.count == 1);
	CHECK(fp_shard_parse("1000/1000", 1000, &shard) == 0);
	CHECK(fp_shard_parse("0/8", 1000, &shard) == 0);
	CHECK(shard.index == 8 && shard.count == 8);

	static const char *const wrong[] = {"", "/", "1", "1/", "/8", "9/8",
		"0/0", "1/0", "1/1001", "-1/8", "1/-8", "1/8/8", "1 /8", "1/8 ",
		"a/b", "1.5/8", "18446744073709551617/8"};
	for (size_t i = 0; i < FP_ARRAY_LEN(wrong); i++)
		CHECK(fp_shard_parse(wrong[i], 1000, &shard) == -1);
	CHECK(shard.index == 8 && shard.count == 8);
}

static void
every_item_is_in_one(void)
{
	for (uint64_t count = 1; count <= 9; count++) {
		for (uint64_t seq = 1; seq <= 100; seq++) {
			unsigned n = 0;
			for (uint64_t i = 1; i <= count; i++) {
				struct fp_shard shard = {i, count};
				n += fp_shard_has(&shard, seq);
			}
			CHECK(n == 1);
		}
	}
	struct fp_shard all = {0, 0}, last = {8, 8};
	CHECK(fp_shard_has(&all, 1) && fp_shard_has(&all, 7));
	CHECK(fp_shard_has(&last, 8) && !fp_shard_has(&last, 1));
}

/* Those of a shard are counted without gaps, in their order. */
static void
places(void)
{
	for (uint64_t count = 0; count <= 9; count++) {
		struct fp_shard shard = {count ? count / 2 + 1 : 0, count};
		uint64_t place = 0;
		for (uint64_t seq = 1; seq <= 1000; seq++) {
			if (!fp_shard_has(&shard, seq))
				continue;
			CHECK(fp_shard_place(&shard, seq) == ++place);
			CHECK(fp_shard_seq(&shard, place) == seq);
		}
		CHECK(place >= 1000 / FP_MAX(count, 1));
		CHECK(fp_shard_seq(&shard, 0) == 0);
	}
}

int
main(void)
{
	run("what a shard is written like", texts);
	run("every item is in one shard of all", every_item_is_in_one);
	run("the items of a shard are counted without gaps", places);
	return done();
}
