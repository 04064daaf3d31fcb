/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "scratch.h"
#include "spool.h"
#include "tap.h"

#include <string.h>
#include <unistd.h>

#define PIECE 100000
#define PIECES 50

static char piece[PIECE];

static void
fill(struct fp_spool *spool)
{
	for (int i = 0; i < PIECES; i++) {
		memset(piece, 'a' + i % 26, sizeof(piece));
		CHECK(fp_spool_add(spool, piece, sizeof(piece)) == 0);
	}
}

static void
what_was_added_is_read_again(void)
{
	struct fp_spool *spool = fp_spool_new(NULL);
	struct fp_buf first = FP_BUF_INIT;
	const char *data = NULL;

	CHECK(spool != NULL);
	fill(spool);
	CHECK(spool->len == (size_t)PIECE * PIECES);
	CHECK(fp_spool_read(spool, PIECE + 1, &first) == 0);
	CHECK(first.len == PIECE + 1 && first.data[PIECE - 1] == 'a' &&
		first.data[PIECE] == 'b');
	CHECK(fp_spool_map(spool, &data) == 0);
	for (int i = 0; data && i < PIECES; i++) {
		memset(piece, 'a' + i % 26, sizeof(piece));
		CHECK(memcmp(data, piece, sizeof(piece)) == 0);
		fp_spool_pass(data, sizeof(piece));
		CHECK(memcmp(data, piece, sizeof(piece)) == 0);
		data += sizeof(piece);
	}
	fp_buf_destroy(&first);
	fp_spool_free(spool);
}

static void
less_than_is_asked_for(void)
{
	struct fp_spool *spool = fp_spool_new("/dev/null/none");
	struct fp_buf all = FP_BUF_INIT;

	CHECK(spool != NULL);
	CHECK(fp_spool_add(spool, "abc", 3) == 0);
	CHECK(fp_spool_read(spool, 10, &all) == 0);
	CHECK_TEXT(all.data, "abc");
	CHECK(fp_spool_add(spool, "d", 1) == 0 && spool->len == 4);
	fp_buf_destroy(&all);
	fp_spool_free(spool);
	fp_spool_free(NULL);
}

static void
it_has_no_name(void)
{
	char folder[] = "/tmp/fetchpool-spool-XXXXXX";

	MUST(mkdtemp(folder));
	struct fp_spool *spool = fp_spool_new(folder);
	CHECK(spool != NULL);
	CHECK(rmdir(folder) == 0);
	CHECK(fp_spool_add(spool, "a", 1) == 0);
	fp_spool_free(spool);
}

int
main(void)
{
	run("what was added is read again", what_was_added_is_read_again);
	run("less than is asked for", less_than_is_asked_for);
	run("it has no name", it_has_no_name);
	return done();
}
