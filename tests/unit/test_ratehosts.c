/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "ratehosts.h"

#include "ratecalltest.h"
#include "scratch.h"
#include "tap.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct fp_ratehosts hosts;
static struct fp_ratescript script;
static char said[20000];

static void
set_up(void)
{
	struct fp_rates rates;

	MUST(fp_rates_parse("50/s", &rates) == 0);
	MUST(fp_ratehosts_init(&hosts, &rates) == 0);
	MUST(fp_ratescript_init(&script, "{x}:hosts", &rates, false, 5) == 0);
}

static void
tear_down(void)
{
	fp_ratehosts_destroy(&hosts);
	fp_ratescript_destroy(&script);
}

/* An owner is its host's name, which is its own. */
static struct fp_ratehost *
host_of(const char *name)
{
	struct fp_ratehost *host =
		fp_ratehost_new(&hosts, name, (void *)(uintptr_t)name);

	MUST(host);
	return host;
}

static void
ask(bool ends, int64_t now_ns)
{
	MUST(fp_ratehosts_ask(&hosts, &script, &call, ends, 9, now_ns) == 0);
}

/* The server lends so many to each host that is asked of, of this epoch. */
static int64_t
hear(unsigned n, const char *epoch, bool is_all_lost, bool is_lost,
	int64_t now_ns)
{
	struct fp_hostscript_head head;
	char why[100];
	int64_t full_us;
	int64_t server_us = AHEAD_US + now_ns / 1000;
	int len = snprintf(said, sizeof(said), "ok %" PRId64 " id %d %d",
		server_us, is_all_lost, is_all_lost ? 3000000 : 0);

	for (size_t i = 0; i < hosts.n_asked; i++) {
		len += snprintf(said + len, sizeof(said) - (size_t)len,
			" %s %d 0 %d %u", epoch, is_lost || is_all_lost,
			is_lost ? 2000000 : 0, n);
		for (unsigned j = 0; j < n; j++)
			len += snprintf(said + len, sizeof(said) - (size_t)len,
				" %" PRId64, server_us);
	}
	MUST(fp_hostscript_read(&script, said, &head, why, sizeof(why)) ==
		FP_RATESCRIPT_OK);
	CHECK(fp_ratehosts_hear(&hosts, &head, now_ns, now_ns + MS, &full_us));
	return full_us;
}

static uint32_t
reserve(struct fp_ratehost *host, int64_t now_ns)
{
	uint32_t token = 0;
	int64_t due_ns;

	MUST(fp_ratehost_reserve(&hosts, host, &token, &due_ns, now_ns) == 1);
	return token;
}

static bool
has_one(struct fp_ratehost *host, int64_t now_ns)
{
	int64_t due_ns;

	return fp_ratehost_has_one(&hosts, host, &due_ns, now_ns);
}

/* How many hosts a call asks of. */
static size_t
asked_of(int64_t now_ns)
{
	ask(false, now_ns);
	size_t n = hosts.n_asked;
	hear(0, "e", false, false, now_ns);
	return n;
}

static void
a_start_of_a_host(void)
{
	set_up();
	struct fp_ratehost *a = host_of("http://a"), *b = host_of("http://b");
	CHECK(fp_ratehosts_due_ns(&hosts) <= 250 * MS);
	CHECK(asked_of(1000 * MS) == 0);
	CHECK(!has_one(a, 2000 * MS));
	CHECK(fp_ratehosts_due_ns(&hosts) <= 2000 * MS);
	ask(false, 2000 * MS);
	CHECK(hosts.n_asked == 1 && hosts.asked[0] == a);
	hear(1, "e1", false, false, 2000 * MS);
	CHECK(fp_ratehosts_next_came(&hosts) == a->owner);
	CHECK(!fp_ratehosts_next_came(&hosts));
	CHECK(!has_one(b, 2002 * MS));
	uint32_t token = reserve(a, 2002 * MS);
	CHECK(fp_ratehost_commit(a, token, 2003 * MS) == 1);
	fp_ratehost_fire(&hosts, a, token, 2003 * MS);

	/* That is told, in time, with what the other one wants. */
	CHECK(fp_ratehosts_due_ns(&hosts) <= 2053 * MS);
	ask(false, 2053 * MS);
	CHECK(hosts.n_asked == 2);
	CHECK(strcmp(a->epoch, "e1") == 0 && strcmp(b->epoch, "") == 0);
	hear(0, "e1", false, false, 2053 * MS);
	CHECK(a->lease.n_told == 0);
	tear_down();
}

static void
nothing_to_ask_is_no_call(void)
{
	set_up();
	struct fp_ratehost *a = host_of("http://a");
	CHECK(!has_one(a, 1000 * MS));
	ask(false, 1000 * MS);
	hear(1, "e", false, false, 1000 * MS);
	uint32_t token = reserve(a, 1002 * MS);
	CHECK(fp_ratehost_commit(a, token, 1002 * MS) == 1);
	fp_ratehost_fire(&hosts, a, token, 1002 * MS);
	size_t n = 0;
	for (int64_t ns = 1010 * MS; ns < 5000 * MS; ns += 10 * MS)
		n += fp_ratehosts_due_ns(&hosts) <= ns ? asked_of(ns) : 0;
	CHECK(n == 1);
	tear_down();
}

static void
a_loss_of_all_and_of_one(void)
{
	set_up();
	struct fp_ratehost *all[3];
	static const char *const names[] = {"http://a", "http://b", "http://c"};
	for (size_t i = 0; i < 3; i++) {
		all[i] = host_of(names[i]);
		CHECK(!has_one(all[i], 1000 * MS));
	}
	ask(false, 1000 * MS);
	CHECK(hear(2, "e", false, false, 1000 * MS) == 0);
	uint32_t tokens[3];
	for (size_t i = 0; i < 3; i++)
		tokens[i] = reserve(all[i], 1010 * MS);

	/* Of one: the others have what they have. */
	fp_ratehost_give_back(&hosts, all[0], tokens[0], 1020 * MS);
	ask(false, 1110 * MS);
	CHECK(hear(0, "f", false, true, 1110 * MS) == 2000000);
	CHECK(!has_one(all[0], 1120 * MS) && strcmp(all[0]->epoch, "f") == 0);

	/* Of all, also of those that were not asked of. */
	CHECK(!has_one(all[0], 1200 * MS));
	ask(false, 1200 * MS);
	CHECK(hear(0, "g", true, false, 1200 * MS) == 3000000);
	for (size_t i = 1; i < 3; i++) {
		CHECK(fp_ratehost_commit(all[i], tokens[i], 1210 * MS) == 0);
		fp_ratehost_give_back(&hosts, all[i], tokens[i], 1210 * MS);
		CHECK(!has_one(all[i], 1210 * MS));
	}
	tear_down();
}

static void
one_that_is_given_up_is_told_of(void)
{
	set_up();
	struct fp_ratehost *a = host_of("http://a"), *b = host_of("http://b");
	CHECK(!has_one(a, 1000 * MS) && !has_one(b, 1000 * MS));
	ask(false, 1000 * MS);

	/* While it is asked of; what comes for it goes back. */
	fp_ratehost_free(&hosts, a, 1000 * MS);
	hear(1, "e", false, false, 1000 * MS);
	CHECK(fp_ratehosts_next_came(&hosts) == b->owner);
	CHECK(hosts.n == 2);
	ask(false, 1200 * MS);
	hear(0, "e", false, false, 1200 * MS);
	CHECK(hosts.n == 1);

	/* With one fired: then it is told, and that is the end of it. */
	CHECK(!has_one(b, 1300 * MS));
	ask(false, 1300 * MS);
	hear(1, "e", false, false, 1300 * MS);
	uint32_t token = reserve(b, 1310 * MS);
	CHECK(fp_ratehost_commit(b, token, 1310 * MS) == 1);
	fp_ratehost_fire(&hosts, b, token, 1310 * MS);
	fp_ratehost_free(&hosts, b, 1311 * MS);
	CHECK(!fp_ratehosts_next_came(&hosts));
	CHECK(hosts.n == 1);
	ask(false, 1400 * MS);
	CHECK(call.n_fired == 1);
	fp_ratehosts_miss(&hosts, 1410 * MS);
	CHECK(hosts.n == 1);
	ask(false, 1500 * MS);
	CHECK(call.n_fired == 1);
	hear(0, "e", false, false, 1500 * MS);
	CHECK(hosts.n == 0);
	tear_down();
}

static void
many_hosts_in_some_calls(void)
{
	static char names[1000][16];
	static struct fp_ratehost *all[1000];
	size_t n_calls = 0, n = 0;

	set_up();
	for (size_t i = 0; i < 1000; i++) {
		snprintf(names[i], sizeof(names[i]), "http://%zu", i);
		all[i] = host_of(names[i]);
		CHECK(!has_one(all[i], 1000 * MS));
	}
	for (int64_t ns = 1000 * MS; fp_ratehosts_due_ns(&hosts) <= ns;
		ns += MS / 10) {
		ask(false, ns);
		n += hosts.n_asked;
		n_calls++;
		hear(1, "e", false, false, ns);
	}
	CHECK(n == 1000 && n_calls == 16);
	n = 0;
	while (fp_ratehosts_next_came(&hosts))
		n++;
	CHECK(n == 1000);

	/* At the end all of it goes back. */
	n = 0;
	while (fp_ratehosts_has_more(&hosts)) {
		ask(true, 1100 * MS);
		CHECK(call.n_back == 1 && call.n_want == 0);
		n += hosts.n_asked;
		hear(0, "e", false, false, 1100 * MS);
	}
	CHECK(n == 1000);
	tear_down();
}

static void
an_answer_that_is_none(void)
{
	static const char *const answers[] = {"ok 5 id 0 0", "ok 5 id 0 0 e 0",
		"ok 5 id 0 0 e 0 0 0 2 17", "ok 5 id 0 0 e 0 0 0 501",
		"ok 5 id 0 0 e x 0 0 0"};

	for (size_t i = 0; i < FP_ARRAY_LEN(answers); i++) {
		struct fp_hostscript_head head;
		char why[100];
		int64_t full_us;
		set_up();
		CHECK(!has_one(host_of("http://a"), 1000 * MS));
		ask(false, 1000 * MS);
		MUST(fp_hostscript_read(&script, answers[i], &head, why,
			     sizeof(why)) == FP_RATESCRIPT_OK);
		CHECK(!fp_ratehosts_hear(
			&hosts, &head, 1000 * MS, 1001 * MS, &full_us));
		CHECK(hosts.n_asked == 0);
		tear_down();
	}
}

int
main(void)
{
	run("a start of a host", a_start_of_a_host);
	run("nothing to ask is no call", nothing_to_ask_is_no_call);
	run("a loss of all, and of one", a_loss_of_all_and_of_one);
	run("one that is given up is told of", one_that_is_given_up_is_told_of);
	run("many hosts in some calls", many_hosts_in_some_calls);
	run("an answer that is none", an_answer_that_is_none);
	return done();
}
