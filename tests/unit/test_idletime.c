/* SPDX-License-Identifier: MIT */
/*
 * What is learned of how long servers keep idle connections.
 */
#include "base.h"

#include "idletime.h"
#include "tap.h"

#define MS FP_NS_PER_MS
#define S FP_NS_PER_S

static struct fp_idletimes times;

static int64_t
sure_ms(uint64_t server)
{
	return fp_idletimes_limit(&times, server).sure_ns / MS;
}

static void
an_unknown_server(void)
{
	struct fp_idle_limit limit = fp_idletimes_limit(&times, 1);

	CHECK(limit.sure_ns == S / 2);
	CHECK(limit.likely_ns == FP_IDLETIME_ANY);
	CHECK(!limit.keeps);
	fp_idletimes_answered(&times, 1, 200 * MS);
	fp_idletimes_answered(&times, 1, 150 * MS);
	fp_idletimes_answered(&times, 1, 3 * S);
	CHECK(sure_ms(1) == 350);

	/* The application's time, not the network's. */
	fp_idletimes_answered(&times, 2, 60 * S);
	CHECK(sure_ms(2) == -500);
}

static void
one_that_keeps_connections(void)
{
	fp_idletimes_survived(&times, 3, 40 * MS);
	CHECK(fp_idletimes_limit(&times, 3).keeps);
	CHECK(sure_ms(3) == 500);
	fp_idletimes_survived(&times, 3, 4 * S);
	fp_idletimes_survived(&times, 3, 2 * S);
	CHECK(sure_ms(3) == 3000);
}

static void
one_that_says_for_how_long(void)
{
	fp_idletimes_said(&times, 4, 5 * S);
	CHECK(sure_ms(4) == 4000);
	fp_idletimes_said(&times, 4, 1 * S);
	CHECK(sure_ms(4) == 500);
	CHECK(fp_idletimes_limit(&times, 4).keeps);

	/* One that has proved to be longer. */
	for (int i = 0; i < 10; i++)
		fp_idletimes_closed(&times, 4, 2 * S);
	CHECK(sure_ms(4) == 1990);
}

static void
one_that_closes_them(void)
{
	CHECK(!fp_idletimes_limit(&times, 5).keeps);
	fp_idletimes_closed(&times, 5, 5 * S);
	CHECK(fp_idletimes_has_closed(&times));
	CHECK(sure_ms(5) == 4000);
	fp_idletimes_closed(&times, 5, 5 * S + 50 * MS);
	CHECK(sure_ms(5) == 4750);
	CHECK(fp_idletimes_limit(&times, 5).likely_ns == 5 * S);

	/* One that looks now and then: the margin is of the spread. */
	fp_idletimes_closed(&times, 5, 5900 * MS);
	CHECK(sure_ms(5) == 4400);
	fp_idletimes_survived(&times, 5, 5800 * MS);
	CHECK(sure_ms(5) == 4400);
}

static void
one_that_closes_at_once(void)
{
	fp_idletimes_closed(&times, 6, MS / 10);
	CHECK(sure_ms(6) < 0);
	CHECK(!fp_idletimes_limit(&times, 6).keeps);
}

static void
what_was_closed_for_another_reason(void)
{
	/* A reload closes all that are idle, whatever their age. */
	fp_idletimes_survived(&times, 7, 30 * S);
	for (int i = 0; i < 16; i++)
		fp_idletimes_closed(&times, 7, i * 2 * MS);
	CHECK(sure_ms(7) == 29000);
	fp_idletimes_closed(&times, 7, 100 * MS);
	CHECK(sure_ms(7) < 100);
	fp_idletimes_survived(&times, 7, 200 * MS);
	CHECK(sure_ms(7) == 29000);
}

/* It was late once, so that a connection was found open. */
static void
one_that_seemed_to_keep_them(void)
{
	fp_idletimes_survived(&times, 8, 12 * MS);
	CHECK(fp_idletimes_limit(&times, 8).keeps);
	fp_idletimes_lost(&times, 8);
	CHECK(!fp_idletimes_limit(&times, 8).keeps);
	fp_idletimes_closed(&times, 8, 1 * MS);
	CHECK(sure_ms(8) < 0);
}

static void
servers_that_share_a_place(void)
{
	fp_idletimes_closed(&times, 8, 1 * S);
	CHECK(sure_ms(8 + FP_IDLETIME_PLACES) == 500);
	CHECK(fp_idletimes_limit(&times, 8).likely_ns == FP_IDLETIME_ANY);
}

int
main(void)
{
	fp_idletimes_init(&times);
	run("an unknown server", an_unknown_server);
	run("one that keeps connections", one_that_keeps_connections);
	run("one that says for how long", one_that_says_for_how_long);
	run("one that closes them", one_that_closes_them);
	run("one that closes at once", one_that_closes_at_once);
	run("what was closed for another reason",
		what_was_closed_for_another_reason);
	run("one that seemed to keep them", one_that_seemed_to_keep_them);
	run("servers that share a place", servers_that_share_a_place);
	fp_idletimes_destroy(&times);
	return done();
}
