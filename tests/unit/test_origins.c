/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "origintest.h"

#include <errno.h>

#define IDLE_MAX 1024 /* as in origins.c */
#define SILENT_MAX 4096 /* the same */
#define MARK_NS 7 /* when nothing was told */

/* ---- memory ---- */

/* The linker puts this in the place of calloc() (--wrap in tests/local.mk). */
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static bool has_no_memory, has_no_room; /* for anything; for arrays */

void *
__wrap_calloc(size_t n, size_t size)
{
	if (has_no_memory || (has_no_room && n > 1)) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_calloc(n, size);
}

/* ---- names and memory ---- */

static void
one_origin_has_many_spellings(void)
{
	static const char *const same[] = {
		"http://a.test",
		"http://a.test?query",
		"http://a.test#part",
		"http://a.test:80/x",
		"http://a.test:/x",
		"HTTP://A.Test/y?z=http://b.test/",
		"http://user:secret@a.test/",
		"http://user@a.test:80?x",
	};
	static const char *const other[] = {
		"https://a.test/",
		"http://a.test:443/",
		"http://b.test/",
		"http://a.test.test/",
		"http://[::1]/",
	};

	set_up(NULL);
	CHECK_TEXT(origin->name, "http://a.test:80");
	for (size_t i = 0; i < FP_ARRAY_LEN(same); i++)
		CHECK(hold(same[i]) == origin);
	CHECK(origin->n_holds == 1 + FP_ARRAY_LEN(same));
	for (size_t i = 0; i < FP_ARRAY_LEN(other); i++)
		CHECK(hold(other[i]) != origin);
	CHECK(origins.table.n == 1 + FP_ARRAY_LEN(other));
	CHECK(hold("https://a.test:443") == hold("https://a.test"));
	tear_down();
}

/* Each after each, and after itself. */
static void
the_last_name_serves_only_its_own(void)
{
	static const char *const urls[] = {"http://a.test/1", "http://a.test/2",
		"http://a.test", "http://a.test?q", "http://a.test:80/",
		"http://a.test:8080/", "http://a.test.test/", "http://a.tes/",
		"https://a.test/", "http://u:p@a.test/",
		"http://a.test@b.test/", "http://a.test#part"};
	size_t n = FP_ARRAY_LEN(urls);
	struct fp_origin_last last = {.base_len = 0};
	struct fp_origin_name name;

	for (size_t i = 0; i < n * n; i++) {
		fp_origin_name_next(&last, urls[i / n]);
		const struct fp_origin_name *next =
			fp_origin_name_next(&last, urls[i % n]);
		fp_origin_name(&name, urls[i % n]);
		CHECK_TEXT(next->text, name.text);
		CHECK(next->hash == name.hash && next->len == name.len);
	}
}

static void
what_is_held_stays(void)
{
	set_up(NULL);
	CHECK(hold("http://a.test/2") == origin);
	let_go(origin, T0);
	CHECK(origins.n_idle == 0);
	let_go(origin, T0);
	CHECK(origins.n_idle == 1 && TAILQ_FIRST(&origins.idle) == origin);
	CHECK(hold("http://a.test/") == origin && origins.n_idle == 0);
	CHECK(TAILQ_EMPTY(&origins.idle));
	tear_down();
}

static void
visit(int i, int64_t now_ns)
{
	char url[64];

	snprintf(url, sizeof(url), "http://host%d.test/", i);
	struct fp_origin *one = hold(url);
	CHECK(one && strncmp(one->name, url, strlen(url) - 1) == 0);
	let_go(one, now_ns);
}

static void
most_are_forgotten(void)
{
	set_up("1/s");
	size_t most = 0;
	for (int i = 0; i < 100000; i++) {
		visit(i, T0);
		most = FP_MAX(most, origins.table.n);
	}
	CHECK(most <= IDLE_MAX + 2);
	CHECK(origins.n_idle == IDLE_MAX);
	CHECK(hold("http://a.test/") == origin); /* which was held */

	/* The last ones are there; the first is made again. */
	size_t n = origins.table.n;
	visit(99999, T0);
	CHECK(origins.table.n == n);
	visit(0, T0);
	CHECK(origins.table.n == n && origins.n_idle == IDLE_MAX);
	tear_down();
}

/* Lets go of it and meets so many others, and comes back. One that is made
 * anew may have the same address, so a mark tells. */
static bool
is_remembered(int64_t now_ns)
{
	int64_t told_ns = origin->told_ns;

	origin->told_ns = MARK_NS;
	let_go(origin, now_ns);
	for (int i = 0; i < 4 * IDLE_MAX; i++)
		visit(i, now_ns);
	CHECK(origins.n_idle <= IDLE_MAX + 4);
	origin = hold("http://a.test/");
	if (origin->told_ns != MARK_NS)
		return false;
	origin->told_ns = told_ns;
	return true;
}

static void
what_still_matters_is_not_forgotten(void)
{
	set_up("1/10s");
	start(T0);
	busy(T0, 60 * S, T0);
	fp_ratelimit_give_back(&origin->rate.limit);
	CHECK(!is_remembered(T0 + 59 * S)); /* but for its pause */
	CHECK(may(FP_LEAVE_WAIT, false, T0 + 59 * S));
	CHECK(origin->status == 429 && origin->not_before_ns == T0 + 60 * S);
	origin->is_news = true;
	CHECK(is_remembered(T0 + 60 * S));
	origin->is_news = false;
	int64_t now = T0 + 100 * S;

	start(now);
	answer(now, now);
	fp_ratelimit_fire(&origin->rate.limit, now);
	CHECK(!is_remembered(now + 9 * S)); /* but for its rate */
	CHECK(may(FP_LEAVE_RATE, false, now + 9 * S));
	CHECK(!is_remembered(now + 10 * S));
	CHECK(may(FP_LEAVE_RATE, false, now + 10 * S));
	CHECK(may(FP_LEAVE_GO, false, now + 11 * S));

	now += 20 * S;
	for (int i = 0; i < 5; i++) {
		silence(false, false, now);
		origin->n_active++;
	}
	CHECK(origin->circuit == FP_CIRCUIT_OPEN);
	CHECK(is_remembered(now + 29 * S));

	/* And afterwards it is. */
	origin->n_good = 1; /* a mark */
	is_remembered(now + 31 * S);
	CHECK(origin->n_good == 0 && origin->circuit == FP_CIRCUIT_CLOSED);
	tear_down();
}

/* Of thousands that are paused a trace remains, with a rate and without. */
static void
pauses_are_kept_in_little_memory(const char *rates)
{
	char url[64];
	int64_t until_ns;

	set_up(rates);
	for (int i = 0; i < 30000; i++) {
		snprintf(url, sizeof(url), "http://paused%d.test/", i);
		origin = hold(url);
		start(T0);
		if (rates)
			fp_ratelimit_fire(&origin->rate.limit, T0);
		busy(T0, 60 * S, T0);
		origin->is_news = false;
		origin->is_parked = i % 2 == 1;
		let_go(origin, T0);
		CHECK(origins.n_idle <= IDLE_MAX + 2);
	}
	for (int i = 0; i < 30000; i += 29) {
		snprintf(url, sizeof(url), "http://paused%d.test/", i);
		origin = hold(url);
		enum fp_leave leave = fp_origin_may_start(
			&origins, origin, false, T0 + 60 * S - 1, &until_ns);
		CHECK(leave == (i % 2 ? FP_LEAVE_NEVER : FP_LEAVE_WAIT));
		CHECK(until_ns == T0 + 60 * S && origin->status == 429);
		CHECK(origin->asked_until_ns >= T0 + 60 * S);
		let_go(origin, T0 + 60 * S - 1);
	}
	CHECK(origins.cap_traces <= 131072);
	for (int i = 0; i < 200000; i++)
		visit(i, T0 + 80 * S);
	CHECK(origins.n_idle == IDLE_MAX && origins.cap_traces <= 131072);
	tear_down();
}

static void
memory_is_bounded(void)
{
	pauses_are_kept_in_little_memory(NULL);
	pauses_are_kept_in_little_memory("1/10s");
}

/* Those that are silent are known, up to a number of them. */
static void
not_all_that_are_silent_are_remembered(void)
{
	char url[64];

	set_up(NULL);
	for (int i = 0; i < 20000; i++) {
		snprintf(url, sizeof(url), "http://silent%d.test/", i);
		origin = hold(url);
		for (int n = 0; n < 5; n++) {
			origin->n_active++;
			silence(false, false, T0);
		}
		origin->is_news = false;
		CHECK(origin->circuit == FP_CIRCUIT_OPEN);
		let_go(origin, T0);
		CHECK(origins.n_idle <= SILENT_MAX + 2);
	}
	CHECK(origins.n_open == origins.n_idle);
	CHECK(hold(url) == origin);
	tear_down();
}

static void
without_memory_nothing_is_held(void)
{
	bool is_probe;
	uint32_t token;

	set_up("1/s");
	has_no_memory = true;
	errno = 0;
	CHECK(!hold("http://b.test/") && errno == ENOMEM);
	CHECK(hold("http://a.test/") == origin);
	CHECK(fp_origin_start(&origins, origin, &is_probe, &token, T0) == -1);
	CHECK(origin->n_active == 0 &&
		fp_ratelimit_is_idle(&origin->rate.limit, T0));
	has_no_memory = false;
	CHECK(origins.table.n == 1 && hold("http://b.test/"));
	tear_down();

	has_no_memory = true;
	CHECK(fp_origins_init(&origins, &origins.rules) == -1);
	has_no_memory = false;
	fp_origins_destroy(&origins);

	/* A table that cannot grow is still one. */
	set_up(NULL);
	has_no_room = true;
	for (int i = 0; i < 1000; i++)
		visit(i, T0);
	has_no_room = false;
	CHECK(origins.table.n == 1001 && origins.table.n_chains == 64);
	visit(17, T0);
	CHECK(origins.table.n == 1001);
	visit(1000, T0);
	CHECK(origins.table.n_chains == 128);
	visit(17, T0);
	CHECK(origins.table.n == 1002);
	tear_down();
}

int
main(void)
{
	run("one origin has many spellings", one_origin_has_many_spellings);
	run("the last name serves only its own origin",
		the_last_name_serves_only_its_own);
	run("what is held stays", what_is_held_stays);
	run("of those that nobody holds most are forgotten",
		most_are_forgotten);
	run("what still matters is not forgotten",
		what_still_matters_is_not_forgotten);
	run("memory is bounded", memory_is_bounded);
	run("not all that are silent are remembered",
		not_all_that_are_silent_are_remembered);
	run("without memory nothing is held", without_memory_nothing_is_held);
	return done();
}
