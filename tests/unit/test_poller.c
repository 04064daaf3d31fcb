/* SPDX-License-Identifier: MIT */
/*
 * What is told of sockets that are ready, wanted and not.
 */
#include "base.h"

#include "poller.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define OWNER 77U
#define N_PAIRS 64
#define N_STEPS 20000

struct pair {
	int near, far;
};

static struct fp_poller poller;

static struct pair
open_pair(void)
{
	int fds[2] = {-1, -1};

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	return (struct pair){fds[0], fds[1]};
}

static void
close_pair(struct pair pair)
{
	fp_poller_closing(&poller, pair.near);
	close(pair.near);
	close(pair.far);
}

static void
say(struct pair pair)
{
	CHECK(write(pair.far, "x", 1) == 1);
}

/* What it is ready for, if it alone is ready; 9: another one is, or more. */
static unsigned
ready_for(int fd, int timeout_ms)
{
	struct fp_poller_event event;
	unsigned all = 0;

	fp_poller_wait(&poller, timeout_ms);
	while (fp_poller_next(&poller, &event))
		all = all == 0 && event.fd == fd && event.owner == OWNER
			      ? event.ready
			      : 9;
	return all;
}

static void
tells_what_is_wanted(void)
{
	CHECK(fp_poller_init(&poller, 4) == 0);
	struct pair pair = open_pair();
	fp_poller_opened(&poller, pair.near);
	CHECK(ready_for(pair.near, 0) == 0);
	CHECK(fp_poller_want(&poller, pair.near, FP_POLLER_OUT, OWNER) == 0);
	CHECK(ready_for(pair.near, -1) == FP_POLLER_OUT);
	CHECK(fp_poller_want(&poller, pair.near, FP_POLLER_IN, OWNER) == 0);
	CHECK(ready_for(pair.near, 0) == 0);
	say(pair);
	CHECK(ready_for(pair.near, -1) == FP_POLLER_IN);

	/* Again, as long as it is so. */
	CHECK(ready_for(pair.near, -1) == FP_POLLER_IN);
	CHECK(fp_poller_want(&poller, pair.near, FP_POLLER_IN | FP_POLLER_OUT,
		      OWNER) == 0);
	CHECK(ready_for(pair.near, -1) == (FP_POLLER_IN | FP_POLLER_OUT));
	close_pair(pair);
	fp_poller_destroy(&poller);
}

/* One that nobody wants anything of is quiet, whatever it does, and when it is
 * wanted again it is told what has come meanwhile. */
static void
rests_and_is_wanted_again(void)
{
	CHECK(fp_poller_init(&poller, 4) == 0);
	struct pair pair = open_pair();
	fp_poller_opened(&poller, pair.near);
	for (int i = 0; i < 3; i++) {
		CHECK(fp_poller_want(&poller, pair.near, FP_POLLER_IN, OWNER) ==
			0);
		CHECK(fp_poller_want(&poller, pair.near, 0, OWNER) == 0);
		CHECK(ready_for(pair.near, 0) == 0);
		say(pair);
		CHECK(ready_for(pair.near, 0) == 0);

		/* It is not watched any more: this would not sleep. */
		CHECK(ready_for(pair.near, 20) == 0);
		CHECK(poller.n_events == 0);
		CHECK(fp_poller_want(&poller, pair.near, FP_POLLER_IN, OWNER) ==
			0);
		CHECK(ready_for(pair.near, -1) == FP_POLLER_IN);
		char byte;
		CHECK(read(pair.near, &byte, 1) == 1);
	}
	close_pair(pair);
	fp_poller_destroy(&poller);
}

/* The other side has gone: it is to be read, and so found. */
static void
an_end_is_to_be_read(void)
{
	CHECK(fp_poller_init(&poller, 4) == 0);
	struct pair pair = open_pair();
	fp_poller_opened(&poller, pair.near);
	CHECK(fp_poller_want(&poller, pair.near, FP_POLLER_IN, OWNER) == 0);
	close(pair.far);
	CHECK(ready_for(pair.near, -1) == FP_POLLER_IN);

	/* Where nothing is wanted, it is told of once. */
	CHECK(fp_poller_want(&poller, pair.near, 0, OWNER) == 0);
	CHECK(ready_for(pair.near, 0) == 0);
	struct fp_poller_event event;
	fp_poller_wait(&poller, -1);
	CHECK(fp_poller_next(&poller, &event));
	CHECK(event.fd == pair.near && event.owner == OWNER);
	CHECK(event.ready == 0);
	CHECK(ready_for(pair.near, 0) == 0);
	CHECK(poller.n_events == 0);
	fp_poller_closing(&poller, pair.near);
	close(pair.near);
	fp_poller_destroy(&poller);
}

/* A number that another socket had before is watched anew. */
static void
a_number_comes_again(void)
{
	CHECK(fp_poller_init(&poller, 4) == 0);
	for (int i = 0; i < 3; i++) {
		struct pair pair = open_pair();
		fp_poller_opened(&poller, pair.near);
		CHECK(fp_poller_want(&poller, pair.near, FP_POLLER_IN, OWNER) ==
			0);
		say(pair);
		CHECK(ready_for(pair.near, -1) == FP_POLLER_IN);
		CHECK(fp_poller_want(&poller, pair.near, 0, OWNER) == 0);
		close_pair(pair);
	}
	fp_poller_destroy(&poller);
}

/* Those that nobody said were opened, and those there is no room for. */
static void
others_are_watched_too(void)
{
	CHECK(fp_poller_init(&poller, 1) == 0);
	struct pair first = open_pair(), second = open_pair();
	fp_poller_opened(&poller, first.near);
	fp_poller_opened(&poller, second.near);
	for (int i = 0; i < 3; i++) {
		struct pair other = open_pair();
		CHECK(fp_poller_want(
			      &poller, other.near, FP_POLLER_OUT, OWNER) == 0);
		CHECK(ready_for(other.near, -1) == FP_POLLER_OUT);
		CHECK(fp_poller_want(
			      &poller, other.near, FP_POLLER_IN, OWNER) == 0);
		CHECK(ready_for(other.near, 0) == 0);
		say(other);
		CHECK(ready_for(other.near, -1) == FP_POLLER_IN);
		CHECK(fp_poller_want(&poller, other.near, 0, OWNER) == 0);
		CHECK(ready_for(other.near, 0) == 0);
		close_pair(other);
	}
	CHECK(fp_poller_want(&poller, second.near, FP_POLLER_OUT, OWNER) == 0);
	CHECK(ready_for(second.near, -1) == FP_POLLER_OUT);
	CHECK(fp_poller_want(&poller, second.near, 0, OWNER) == 0);
	CHECK(ready_for(second.near, 0) == 0);
	close_pair(first);
	close_pair(second);
	fp_poller_destroy(&poller);
}

static void
is_woken(void)
{
	CHECK(fp_poller_init(&poller, 1) == 0);
	for (int i = 0; i < 3; i++) {
		fp_poller_wake(&poller);
		fp_poller_wake(&poller);
		CHECK(ready_for(-1, -1) == 0);

		/* Once, however often it was called. */
		fp_poller_wait(&poller, 0);
		CHECK(poller.n_events == 0);
	}
	fp_poller_destroy(&poller);
}

/* Takes out all that is told and compares it with what is so. */
static bool
agrees(const struct pair *pairs, const bool *is_wanted)
{
	struct fp_poller_event event;
	unsigned told = 0, wanted = 0;
	bool ok = true;

	/* Those that are not wanted are told of once, and then no more. */
	for (int round = 0; round < 2; round++) {
		told = 0;
		fp_poller_wait(&poller, 0);
		while (fp_poller_next(&poller, &event)) {
			unsigned i = 0;
			while (i < N_PAIRS - 1 && pairs[i].near != event.fd)
				i++;
			ok = ok && pairs[i].near == event.fd && is_wanted[i];
			told++;
		}
	}
	for (unsigned i = 0; i < N_PAIRS; i++)
		wanted += is_wanted[i];
	return ok && told == wanted;
}

/* All can be written to at any time; so those are told of that are wanted. */
static void
the_table_forgets_none(void)
{
	struct pair pairs[N_PAIRS];
	bool is_wanted[N_PAIRS] = {false};
	uint32_t random = 1;

	CHECK(fp_poller_init(&poller, N_PAIRS) == 0);
	for (unsigned i = 0; i < N_PAIRS; i++) {
		pairs[i] = open_pair();
		fp_poller_opened(&poller, pairs[i].near);
	}
	bool ok = true;
	for (unsigned step = 0; ok && step < N_STEPS; step++) {
		random = random * 1664525 + 1013904223;
		unsigned i = (random >> 16) % N_PAIRS;
		if (random >> 30 == 0) {
			close_pair(pairs[i]);
			pairs[i] = open_pair();
			/* Any number, so that homes are crowded. */
			int near = fcntl(pairs[i].near, F_DUPFD,
				(int)(random >> 20) % 800);
			CHECK(near >= 0);
			close(pairs[i].near);
			pairs[i].near = near;
			fp_poller_opened(&poller, near);
			is_wanted[i] = false;
		} else {
			is_wanted[i] = random >> 31;
			fp_poller_want(&poller, pairs[i].near,
				is_wanted[i] ? FP_POLLER_OUT : 0, OWNER);
		}
		ok = step % 10 || agrees(pairs, is_wanted);
	}
	CHECK(ok);
	CHECK(poller.n_sockets == N_PAIRS);
	for (unsigned i = 0; i < N_PAIRS; i++)
		close_pair(pairs[i]);
	CHECK(poller.n_sockets == 0);
	fp_poller_destroy(&poller);
}

int
main(void)
{
	run("what is wanted is told", tells_what_is_wanted);
	run("one rests, and is wanted again", rests_and_is_wanted_again);
	run("an end is to be read", an_end_is_to_be_read);
	run("a number comes again", a_number_comes_again);
	run("others are watched too", others_are_watched_too);
	run("it is woken", is_woken);
	run("the table forgets none", the_table_forgets_none);
	return done();
}
