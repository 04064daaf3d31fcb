/* SPDX-License-Identifier: MIT */
#include "units.h"

#include "tap.h"

static const uint64_t untouched = 12345;

#define CHECK_VALUE(function, text, expected)                              \
	do {                                                               \
		uint64_t value = untouched;                                \
		CHECK(function(text, &value) == 0 && value == (expected)); \
	} while (0)

#define CHECK_BAD(function, text)                                          \
	do {                                                               \
		uint64_t value = untouched;                                \
		CHECK(function(text, &value) == -1 && value == untouched); \
	} while (0)

static void
sizes(void)
{
	CHECK_VALUE(fp_units_size, "0", 0);
	CHECK_VALUE(fp_units_size, "65536", 65536);
	CHECK_VALUE(fp_units_size, "64K", 65536);
	CHECK_VALUE(fp_units_size, "64KiB", 65536);
	CHECK_VALUE(fp_units_size, "64KB", 65536);
	CHECK_VALUE(fp_units_size, "10B", 10);
	CHECK_VALUE(fp_units_size, "1.5M", 1572864);
	CHECK_VALUE(fp_units_size, "2G", UINT64_C(2) << 30);
	CHECK_BAD(fp_units_size, "");
	CHECK_BAD(fp_units_size, "K");
	CHECK_BAD(fp_units_size, "B");
	CHECK_BAD(fp_units_size, "-1");
	CHECK_BAD(fp_units_size, " 1");
	CHECK_BAD(fp_units_size, "1 ");
	CHECK_VALUE(fp_units_size, "1k", 1024);
	CHECK_VALUE(fp_units_size, "2m", 2 << 20);
	CHECK_BAD(fp_units_size, "1X");
	CHECK_BAD(fp_units_size, "1BB");
	CHECK_BAD(fp_units_size, "1BiB");
	CHECK_BAD(fp_units_size, "1iB");
	CHECK_BAD(fp_units_size, "0x10");
	CHECK_BAD(fp_units_size, "1.5");
	CHECK_BAD(fp_units_size, "1.M");
	CHECK_BAD(fp_units_size, "99999999999999999999");
	CHECK_BAD(fp_units_size, "99999999999T");
}

/* What was measured, in the units of the options. */
static void
written_sizes(void)
{
	static const struct {
		double bytes;
		const char *text;
	} all[] = {{0, "0 B"}, {1023, "1023 B"}, {1024, "1.0 KiB"},
		{102400, "100 KiB"}, {1572864, "1.5 MiB"},
		{5.0 * (1 << 30), "5.0 GiB"}, {2e15, "1.8 PiB"},
		{9e17, "799 PiB"}};
	char text[32];

	for (size_t i = 0; i < FP_ARRAY_LEN(all); i++)
		CHECK_TEXT(
			fp_units_write_size(all[i].bytes, text), all[i].text);
}

static void
printed_sizes(void)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} all[] = {
		{0, "0 bytes"},
		{1, "1 byte"},
		{1000, "1000 bytes"},
		{1024, "1K"},
		{1536, "1536 bytes"},
		{16 << 20, "16M"},
		{UINT64_C(3) << 30, "3G"},
		{UINT64_C(2048) << 40, "2048T"},
		{UINT64_MAX, "18446744073709551615 bytes"},
	};
	char text[32];

	for (size_t i = 0; i < FP_ARRAY_LEN(all); i++) {
		fp_units_print_size(all[i].bytes, text, sizeof(text));
		CHECK_TEXT(text, all[i].text);
	}
}

static void
durations(void)
{
	CHECK_VALUE(fp_units_duration, "10", 10000);
	CHECK_VALUE(fp_units_duration, "0.5", 500);
	CHECK_VALUE(fp_units_duration, "1.25s", 1250);
	CHECK_VALUE(fp_units_duration, "500ms", 500);
	CHECK_VALUE(fp_units_duration, "2m", 120000);
	CHECK_VALUE(fp_units_duration, "1h", 3600000);
	CHECK_VALUE(fp_units_duration, "1d", 86400000);
	CHECK_VALUE(fp_units_duration, "0", 0);
	CHECK_BAD(fp_units_duration, "1.5ms");
	CHECK_BAD(fp_units_duration, "0.0001");
	CHECK_BAD(fp_units_duration, "ten");
	CHECK_BAD(fp_units_duration, "-1s");
	CHECK_BAD(fp_units_duration, "1s ");
	CHECK_BAD(fp_units_duration, "1w");
	CHECK_BAD(fp_units_duration, "400d");
	CHECK_BAD(fp_units_duration, "");
}

static void
duration_ranges(void)
{
	uint64_t low = 1, high = 2;

	CHECK(fp_units_duration_range("1s-10s", &low, &high) == 0);
	CHECK(low == 1000 && high == 10000);
	CHECK(fp_units_duration_range("250ms", &low, &high) == 0);
	CHECK(low == 250 && high == 250);
	CHECK(fp_units_duration_range("10s-1s", &low, &high) == -1);
	CHECK(fp_units_duration_range("1s-", &low, &high) == -1);
	CHECK(fp_units_duration_range("-1s", &low, &high) == -1);
	CHECK(fp_units_duration_range("1s-2s-3s", &low, &high) == -1);
	CHECK(low == 250 && high == 250);
}

static void
ranges(void)
{
	uint64_t low = 7, high = 8;

	CHECK(fp_units_range("1-100", &low, &high) == 0);
	CHECK(low == 1 && high == 100);
	CHECK(fp_units_range("5-5", &low, &high) == 0);
	CHECK(fp_units_range("0-18446744073709551615", &low, &high) == 0);
	CHECK(high == UINT64_MAX);
	CHECK(fp_units_range("9-1", &low, &high) == -1);
	CHECK(fp_units_range("1", &low, &high) == -1);
	CHECK(fp_units_range("-5", &low, &high) == -1);
	CHECK(fp_units_range("1-", &low, &high) == -1);
	CHECK(fp_units_range("0-18446744073709551616", &low, &high) == -1);
	CHECK(low == 0 && high == UINT64_MAX);
}

static void
counts(void)
{
	uint64_t count = untouched;

	CHECK(fp_units_count("20000", 20000, &count) == 0 && count == 20000);
	CHECK(fp_units_count("20001", 20000, &count) == -1);
	CHECK(fp_units_count("1e3", 20000, &count) == -1);
	CHECK(fp_units_count("", 20000, &count) == -1);
	CHECK(fp_units_count("+1", 20000, &count) == -1);
	CHECK(count == 20000);
	CHECK(fp_units_digits("12x", 2, &count) == 0 && count == 12);
}

int
main(void)
{
	run("sizes are bytes with powers of 1024", sizes);
	run("sizes that were measured", written_sizes);
	run("sizes are printed as people write them", printed_sizes);
	run("lengths of time have a unit or are seconds", durations);
	run("ranges of time", duration_ranges);
	run("ranges of whole numbers", ranges);
	run("counts", counts);
	return done();
}
