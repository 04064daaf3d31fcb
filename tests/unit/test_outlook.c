/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "outlook.h"
#include "tap.h"

#include <errno.h>

/* The linker puts these in the place of the real ones (--wrap in
 * tests/local.mk); memory is out when a test wants it to be. */
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *data, size_t size);
void *__wrap_realloc(void *data, size_t size);

static int n_left = -1; /* calls that get memory; -1: all */

static bool
gets_memory(void)
{
	if (n_left > 0)
		n_left--;
	else if (n_left == 0)
		errno = ENOMEM;
	return n_left != 0;
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return n_left == 0 || !gets_memory() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *data, size_t size)
{
	return n_left == 0 || !gets_memory() ? NULL
					     : __real_realloc(data, size);
}

#define MS FP_NS_PER_MS
#define S FP_NS_PER_S

static struct fp_outlook outlook;
static struct fp_forecast forecast;

static struct fp_rates
rates(const char *text)
{
	struct fp_rates parsed = {.n = 0};

	if (text && fp_rates_parse(text, &parsed))
		abort();
	return parsed;
}

static void
begin(const char *rate, const char *host_rate, bool is_paced)
{
	struct fp_outlook_rules rules = {
		.rates = rates(rate),
		.host_rates = rates(host_rate),
		.is_paced = is_paced,
		.jobs = 4,
	};

	if (fp_outlook_init(&outlook, &rules))
		abort();
}

static void
add(const char *origin, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		CHECK(fp_outlook_add(&outlook, origin, strlen(origin)) == 0);
	fp_outlook_tell(&outlook, &forecast);
}

static void
end(void)
{
	fp_outlook_destroy(&outlook);
}

/* ---- how long ---- */

static int64_t
rate_takes(const char *rate, bool is_paced, unsigned n)
{
	begin(rate, NULL, is_paced);
	add("http://a:80", n);
	int64_t ns = forecast.rate_ns;
	CHECK(forecast.least_ns == ns && forecast.n_requests == n);
	CHECK(forecast.host_rate_ns == -1 && forecast.delay_ns == -1);
	end();
	return ns;
}

static void
no_limit_no_time(void)
{
	begin(NULL, NULL, false);
	add("http://a:80", 1000);
	CHECK(forecast.rate_ns == -1 && forecast.host_rate_ns == -1);
	CHECK(forecast.delay_ns == -1 && forecast.least_ns == 0);
	end();
}

/* A fiftieth of the period is kept free, and 50 ms at most. */
static void
a_rate_with_its_guard(void)
{
	CHECK(rate_takes("5/200ms", false, 5) == 0);
	CHECK(rate_takes("5/200ms", false, 6) == 204 * MS);
	CHECK(rate_takes("5/200ms", false, 12) == 408 * MS);
	CHECK(rate_takes("1/m", false, 3) == 2 * (60 * S + 50 * MS));
	CHECK(rate_takes("10/s", false, 1000) == 99 * 1020 * MS);
}

static void
several_rates(void)
{
	/* Ten in the first 3 * 102 ms, and then not before 1020 ms. */
	CHECK(rate_takes("3/100ms,10/s", false, 10) == 306 * MS);
	CHECK(rate_takes("3/100ms,10/s", false, 11) == 1020 * MS);
	CHECK(rate_takes("10/s,3/100ms", false, 11) == 1020 * MS);
}

static void
paced(void)
{
	CHECK(rate_takes("10/s", true, 1) == 0);
	CHECK(rate_takes("10/s", true, 2) == 102 * MS);
	CHECK(rate_takes("10/s", true, 101) == 100 * 102 * MS);
}

/* Counted in slices of 1/4096. */
static void
a_large_rate(void)
{
	int64_t ns = rate_takes("100000/s", false, 200001);

	CHECK(ns >= 2 * 1020 * MS && ns <= 2 * (1020 * MS + S / 2048));
}

static void
longer_than_anything(void)
{
	CHECK(rate_takes("1/366d", false, 72) < FP_FORECAST_MAX_NS);
	CHECK(rate_takes("1/366d", false, 76) == FP_FORECAST_MAX_NS);
	CHECK(rate_takes("1/366d", false, 10000) == FP_FORECAST_MAX_NS);
}

/* Hosts do not wait for each other: the busiest one is the last. */
static void
each_host_by_itself(void)
{
	begin(NULL, "2/s", false);
	add("http://a:80", 2);
	add("http://b:80", 2);
	CHECK(forecast.host_rate_ns == 0 && forecast.least_ns == 0);
	add("http://b:80", 1);
	CHECK(forecast.host_rate_ns == 1020 * MS);
	add("http://a:80", 1);
	CHECK(forecast.host_rate_ns == 1020 * MS);
	add("http://a:80", 2);
	CHECK(forecast.host_rate_ns == 2 * 1020 * MS);
	CHECK(forecast.rate_ns == -1);
	end();
}

static void
the_longer_of_two(void)
{
	begin("1/s", "1/m", false);
	add("http://a:80", 1);
	add("http://b:80", 4);
	CHECK(forecast.rate_ns == 4 * 1020 * MS);
	CHECK(forecast.host_rate_ns == 3 * (60 * S + 50 * MS));
	CHECK(forecast.least_ns == forecast.host_rate_ns);
	end();
}

/* A pause for each, four at once; the first request has one before it, too. */
static void
pauses(void)
{
	begin("5/200ms", NULL, false);
	outlook.rules.delay_ms = 1000;
	fp_outlook_tell(&outlook, &forecast);
	CHECK(forecast.delay_ns == 0 && forecast.least_ns == 0);
	add("http://a:80", 4);
	CHECK(forecast.delay_ns == S && forecast.least_ns == S);
	add("http://a:80", 2);
	CHECK(forecast.delay_ns == 2 * S && forecast.least_ns == 2 * S);
	outlook.rules.delay_ms = 10;
	fp_outlook_tell(&outlook, &forecast);
	CHECK(forecast.delay_ns == 20 * MS);
	CHECK(forecast.least_ns == 214 * MS);
	outlook.rules.delay_ms = FP_TIME_MAX_MS;
	outlook.n_requests = UINT64_MAX;
	fp_outlook_tell(&outlook, &forecast);
	CHECK(forecast.delay_ns == FP_FORECAST_MAX_NS);
	CHECK(forecast.least_ns == FP_FORECAST_MAX_NS);
	end();
}

/* ---- hosts ---- */

static void
the_busiest_hosts(void)
{
	static const char *const names[] = {"http://a:80", "http://b:80",
		"http://c:80", "http://d:80", "http://e:80", "http://f:80",
		"http://a:8", "http://a:801"};
	static const unsigned ns[] = {2, 1, 5, 2, 1, 3, 1, 7};

	begin(NULL, NULL, false);
	for (size_t i = 0; i < FP_ARRAY_LEN(names); i++)
		add(names[i], ns[i]);
	CHECK(forecast.n_hosts == FP_ARRAY_LEN(names));
	CHECK(!forecast.has_more_hosts && forecast.n_requests == 22);
	static const size_t order[] = {7, 2, 5, 0, 3};
	for (size_t i = 0; i < FP_FORECAST_HOSTS; i++) {
		CHECK_TEXT(forecast.hosts[i].origin, names[order[i]]);
		CHECK(forecast.hosts[i].n == ns[order[i]]);
	}
	end();
}

static void
more_hosts_than_can_be_told_apart(void)
{
	char name[32];

	begin(NULL, "1/s", false);
	for (int i = 0; i < FP_OUTLOOK_HOSTS_MAX; i++) {
		snprintf(name, sizeof(name), "http://%d:80", i);
		add(name, i == 7 ? 3 : 1);
	}
	CHECK(forecast.n_hosts == FP_OUTLOOK_HOSTS_MAX);
	CHECK(!forecast.has_more_hosts);
	size_t names_len = outlook.names.len;
	for (int i = 0; i < 3 * FP_OUTLOOK_HOSTS_MAX; i++) {
		snprintf(name, sizeof(name), "http://more%d:80", i);
		CHECK(fp_outlook_add(&outlook, name, strlen(name)) == 0);
	}
	add("http://7:80", 1);
	CHECK(forecast.n_hosts == FP_OUTLOOK_HOSTS_MAX);
	CHECK(forecast.has_more_hosts && outlook.names.len == names_len);
	CHECK(forecast.n_requests == 4 * FP_OUTLOOK_HOSTS_MAX + 3);
	CHECK_TEXT(forecast.hosts[0].origin, "http://7:80");
	CHECK(forecast.hosts[0].n == 4);
	CHECK(forecast.host_rate_ns == 3 * 1020 * MS);
	end();
}

/* ---- memory ---- */

static void
out_of_memory(void)
{
	struct fp_outlook_rules rules = {
		.rates = rates("1/s"), .host_rates = rates("1/s"), .jobs = 1};

	for (int i = 0; i < 2; i++) {
		n_left = i;
		CHECK(fp_outlook_init(&outlook, &rules) == -1);
	}
	for (int i = 0; i < 3; i++) {
		n_left = -1;
		CHECK(fp_outlook_init(&outlook, &rules) == 0);
		n_left = i;
		CHECK(fp_outlook_add(&outlook, "http://a:80", 11) == -1);
		fp_outlook_tell(&outlook, &forecast);
		CHECK(forecast.n_requests == 0 && forecast.n_hosts == 0);
		n_left = -1;
		add("http://a:80", 2);
		CHECK(forecast.n_requests == 2 && forecast.n_hosts == 1);
		CHECK(forecast.rate_ns == 1020 * MS);
		CHECK(forecast.host_rate_ns == 1020 * MS);
		end();
	}
	n_left = -1;
}

int
main(void)
{
	run("no limit, no time", no_limit_no_time);
	run("a rate takes its periods, with their guard",
		a_rate_with_its_guard);
	run("several rates at once", several_rates);
	run("paced", paced);
	run("a large rate", a_large_rate);
	run("longer than anything", longer_than_anything);
	run("each host has its own limit", each_host_by_itself);
	run("the longer of two limits", the_longer_of_two);
	run("pauses", pauses);
	run("the busiest hosts are named", the_busiest_hosts);
	run("more hosts than can be told apart",
		more_hosts_than_can_be_told_apart);
	run("out of memory", out_of_memory);
	return done();
}
