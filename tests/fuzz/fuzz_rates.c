/* SPDX-License-Identifier: MIT */
/*
 * Rates that people write. A list is taken if each of its parts is a rate; what
 * is printed of it reads as the same; one of so many parts of it is no more
 * than that, and as much as can be; and why a list was not taken can be shown
 * to anybody.
 *
 *	how many parts, two bytes; a list
 */
#include "fuzz.h"

#include "rates.h"
#include "units.h"

#define MS_PER_DAY UINT64_C(86400000)

static bool
is_same(const struct fp_rates *a, const struct fp_rates *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (a->all[i].n != b->all[i].n ||
			a->all[i].period_ns != b->all[i].period_ns)
			return false;
	}
	return true;
}

/* ---- a slower reader ---- */

/* "20/15s": the number, and the period as a length of time with its unit. */
static bool
read_rate(struct fp_text text, struct fp_rate *rate)
{
	struct fuzz fuzz = {text.data, text.len};
	struct fp_text number = fuzz_until(&fuzz, '/');
	char *digits = fuzz_string(number);
	char *period = fuzz_string(fuzz_rest(&fuzz));
	struct fp_buf whole = FP_BUF_INIT;
	uint64_t period_ms = 0;
	size_t len = strlen(period);
	bool fine = number.len < text.len && len > 0 && len < 32;

	fine = fine && fp_units_count(digits, UINT64_MAX, &rate->n) == 0;
	fine = fine && rate->n > 0 && strchr("smhd", period[len - 1]);
	bool has_number = strchr("0123456789.", period[0]);
	HOLDS(fp_buf_printf(&whole, "%s%s", has_number ? "" : "1", period) ==
		0);
	fine = fine && fp_units_duration(fp_buf_text(&whole), &period_ms) == 0;
	rate->period_ns = (int64_t)period_ms * FP_NS_PER_MS;
	fp_buf_destroy(&whole);
	free(digits);
	free(period);
	return fine && period_ms >= 1 && period_ms <= 366 * MS_PER_DAY;
}

static bool
read_list(const char *text, struct fp_rates *rates)
{
	struct fuzz fuzz = {text, strlen(text)};
	bool is_more = true;

	for (rates->n = 0; is_more; rates->n++) {
		is_more = memchr(fuzz.at, ',', fuzz.left) != NULL;
		if (rates->n == FP_RATES_MAX ||
			!read_rate(
				fuzz_until(&fuzz, ','), &rates->all[rates->n]))
			return false;
	}
	return true;
}

/* ---- what is made of a list ---- */

static void
check_printed(const struct fp_rates *rates, bool is_exact)
{
	char text[FP_RATES_TEXT_SIZE], part[FP_RATES_TEXT_SIZE];
	struct fp_rates back;

	fp_rates_print(rates, text, sizeof(text));
	HOLDS(strlen(text) < sizeof(text) - 1);
	HOLDS(fuzz_is_tame(text, strlen(text)));
	if (is_exact)
		HOLDS(fp_rates_parse(text, &back) == 0 &&
			is_same(rates, &back));
	for (size_t size = 1; size < 40; size += 13) {
		char *small = fuzz_copy(part, size);
		fp_rates_print(rates, small, size);
		HOLDS(strlen(small) == FP_MIN(strlen(text), size - 1));
		HOLDS(memcmp(small, text, strlen(small)) == 0);
		free(small);
	}
}

static void
check_sorted(const struct fp_rates *rates)
{
	struct fp_rates sorted = *rates, back = *rates;

	fp_rates_sort(&sorted);
	for (size_t i = 1; i < sorted.n; i++) {
		const struct fp_rate *a = &sorted.all[i - 1], *b = a + 1;
		HOLDS(a->period_ns < b->period_ns ||
			(a->period_ns == b->period_ns && a->n <= b->n));
	}
	for (size_t i = 0; i < rates->n; i++)
		back.all[i] = rates->all[rates->n - 1 - i];
	fp_rates_sort(&back);
	HOLDS(is_same(&sorted, &back));
}

/* a times m, less b times n, where that is small; else something as far from 0
 * as it can be told. Products have more than 64 bits. */
static int64_t
difference(int64_t a, uint64_t m, int64_t b, uint64_t n)
{
	uint64_t low_a = ((uint64_t)a & UINT32_MAX) * m;
	uint64_t low_b = ((uint64_t)b & UINT32_MAX) * n;
	int64_t high = (int64_t)(((uint64_t)a >> 32) * m + (low_a >> 32)) -
		       (int64_t)(((uint64_t)b >> 32) * n + (low_b >> 32));
	int64_t low =
		(int64_t)(low_a & UINT32_MAX) - (int64_t)(low_b & UINT32_MAX);

	high = FP_MAX(FP_MIN(high, INT32_MAX), INT32_MIN);
	return high * ((int64_t)1 << 32) + low;
}

static void
check_share(const struct fp_rates *rates, unsigned share)
{
	struct fp_rates part = *rates;

	fp_rates_share(&part, share);
	HOLDS(part.n == rates->n);
	for (size_t i = 0; i < rates->n; i++) {
		const struct fp_rate *all = &rates->all[i];
		const struct fp_rate *one = &part.all[i];
		HOLDS(one->n >= 1 && one->period_ns >= all->period_ns);
		HOLDS(one->period_ns <= FP_RATES_PERIOD_MAX_NS);
		if (all->n >= share) {
			HOLDS(one->period_ns == all->period_ns);
			HOLDS(one->n <= all->n / share);
			HOLDS(all->n - one->n * share < share);
			continue;
		}
		/* 1 in period * share / n, to the nanosecond. */
		int64_t more = difference(
			one->period_ns, all->n, all->period_ns, share);
		HOLDS(one->n == 1);
		HOLDS(more >= 0 || one->period_ns == FP_RATES_PERIOD_MAX_NS);
		HOLDS(more < (int64_t)all->n);
	}
	check_printed(&part, share == 1);
}

static void
check_why(const char *text, bool is_list)
{
	char why[200];

	memset(why, 'x', sizeof(why));
	fp_rates_why(text, why, sizeof(why));
	HOLDS(memchr(why, '\0', sizeof(why)));
	HOLDS(why[0] && fuzz_is_tame(why, strlen(why)));
	HOLDS((strcmp(why, "nothing is wrong") == 0) == is_list);
	for (size_t size = 1; size < strlen(why); size += 17) {
		char *small = fuzz_copy(why, size);
		fp_rates_why(text, small, size);
		HOLDS(strlen(small) == size - 1);
		free(small);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	unsigned share = fuzz_choose(&fuzz, 256) + 1;
	struct fp_rates rates = {.n = 99}, right;

	share <<= fuzz_choose(&fuzz, 20);
	char *text = fuzz_string(fuzz_rest(&fuzz));
	bool fine = fp_rates_parse(text, &rates) == 0;
	HOLDS(fine == read_list(text, &right));
	check_why(text, fine);
	if (fine) {
		HOLDS(is_same(&rates, &right));
		check_printed(&rates, true);
		check_sorted(&rates);
		check_share(&rates, share);
		check_share(&rates, 1);
	} else {
		HOLDS(rates.n == 99);
	}
	free(text);
	return 0;
}
