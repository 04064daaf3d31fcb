/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "quota.h"
#include "random.h"
#include "tap.h"

static struct fp_quota quota;

/* In a block of just its size, so that a sanitizer sees one byte too many. */
static void
take(const char *text, size_t len)
{
	char *block = malloc(len ? len : 1);

	if (!block)
		abort();
	memcpy(block, text, len);
	fp_quota_take_ratelimit(&quota, (struct fp_text){block, len});
	free(block);
}

static int64_t
ratelimit_bytes(const char *text, size_t len)
{
	fp_quota_reset(&quota);
	take(text, len);
	return quota.reset_s;
}

static int64_t
ratelimit(const char *text)
{
	return ratelimit_bytes(text, strlen(text));
}

static void
used_up(void)
{
	CHECK(ratelimit("\"default\";r=0;t=30") == 30);
	CHECK(ratelimit("\"default\";t=30;r=0") == 30);
	CHECK(ratelimit("\"default\"; r=0; t=30") == 30);
	CHECK(ratelimit("\"default\";r=0;t=0") == 0);
	CHECK(ratelimit("\"\";r=0;t=30") == 30);
	CHECK(ratelimit("\"a;r=5, \\\"b\\\\\";r=0;t=30") == 30);
	CHECK(ratelimit("\"default\";r=-0;t=30") == 30);
	CHECK(ratelimit("\"default\";r=00;t=030") == 30);
	CHECK(ratelimit("\"default\";r=0;t=999999999999999") ==
		INT64_C(999999999999999));
	/* Several limits: the longest of those that are used up. */
	CHECK(ratelimit("\"a\";r=0;t=30, \"b\";r=0;t=60,\"c\";r=0;t=5") == 60);
	CHECK(ratelimit("\"a\";r=0;t=30 \t,\t \"b\";r=1;t=60") == 30);
	/* Of two parameters with one name the last one counts. */
	CHECK(ratelimit("\"a\";r=5;r=0;t=3;t=4") == 4);
	CHECK(ratelimit("\"a\";r=0;r=5;t=3") == -1);
}

static void
not_used_up(void)
{
	CHECK(ratelimit("\"default\";r=1;t=30") == -1);
	CHECK(ratelimit("\"default\";r=999999999999999;t=30") == -1);
	CHECK(ratelimit("\"default\";r=0") == -1);
	CHECK(ratelimit("\"a\";r=5;t=60, \"b\";r=0") == -1);
}

/* Parameters that mean nothing here are passed over, in all their types. */
static void
other_parameters(void)
{
	static const char *const items[] = {"", "=5", "=-5", "=1.5",
		"=-123456789012.123", "=\"text;r=5\"", "=\"\\\"\\\\\"",
		"=token", "=*a:/b", "=:cGs=:", "=::", "=?0", "=?1", "=@0",
		"=@-1795262400", "=%\"f%c3%bc\"", "=%\"\"",
		"=A!#$%&'*+-.^_`|~:/9"};
	static const char *const keys[] = {"pk", "q", "*", "a-b_c.*9", "rr"};

	for (size_t i = 0; i < FP_ARRAY_LEN(items); i++) {
		for (size_t j = 0; j < FP_ARRAY_LEN(keys); j++) {
			char text[100];
			snprintf(text, sizeof(text), "\"x\";%s%s;r=0;t=30",
				keys[j], items[i]);
			CHECK(ratelimit(text) == 30);
			snprintf(text, sizeof(text), "\"x\";r=0;t=30;%s%s",
				keys[j], items[i]);
			CHECK(ratelimit(text) == 30);
			/* As r or t none but a whole number has a meaning. */
			snprintf(
				text, sizeof(text), "\"x\";r%s;t=30", items[i]);
			CHECK(ratelimit(text) == -1);
			snprintf(text, sizeof(text), "\"x\";r=0;t%s", items[i]);
			CHECK(ratelimit(text) ==
				(strcmp(items[i], "=5") == 0 ? 5 : -1));
		}
	}
}

static void
malformed(void)
{
	static const char *const texts[] = {"", " ", "0", "default;r=0;t=30",
		"limit=10, remaining=0, reset=30", "\"x;r=0;t=30",
		"\"x\"r=0;t=30", "\"x\" ;r=0;t=30", "\"x\";r=0;t=30,",
		"\"x\";r=0;t=30, ", ",\"x\";r=0;t=30",
		"\"x\";r=0;t=30,,\"y\";r=0;t=3", "\"x\";r=0;t=30 \"y\"",
		"\"x\";r=0;t=30;", "\"x\";r=0;t=", "\"x\";r=;t=30",
		"\"x\";R=0;T=30", "\"x\";r=0;t=30;Q=1", "\"x\";r =0;t=30",
		"\"x\";r= 0;t=30", "\"x\";r=0\t;t=30", "\"x\";\tr=0;t=30",
		"\"x\";r=0;t=1000000000000000", "\"x\";r=0;t=30s",
		"\"x\";r=0;t=+30", "\"x\";r=0;t=30.", "\"x\";r=0;t=30.0",
		"\"x\";r=0;t=30;q=1.2345", "\"x\";r=0;t=30;q=1234567890123.1",
		"\"x\";r=0;t=30;q=-", "\"x\";r=0;t=30;q=?2",
		"\"x\";r=0;t=30;q=:a",
		"\"x\";r=0;t=30;q=:a b:", "\"x\";r=0;t=30;q=@",
		"\"x\";r=0;t=30;q=@1.5", "\"x\";r=0;t=30;q=%a",
		"\"x\";r=0;t=30;q=%\"%C3\"", "\"x\";r=0;t=30;q=%\"%c\"",
		"\"x\";r=0;t=30;q=(1)", "(\"x\");r=0;t=30", "\"\\x\";r=0;t=30",
		"\"\xc3\xbc\";r=0;t=30", "\"x\t\";r=0;t=30",
		"\"x\x7f\";r=0;t=30", "\"x\"", "\"a\";r=0;t=30, \"b\"",
		"\"a\";r=0;t=30, b;r=0;t=3", "\"x\";r=0;t=30;q=%\"%",
		"\"x\";r=0;t=30;q=%\"%c", "\"a\";r=0;t=x, \"b\";r=0;t=30",
		"\"a\";r=x;t=30, \"b\";r=0;t=30"};

	for (size_t i = 0; i < FP_ARRAY_LEN(texts); i++) {
		CHECK(ratelimit(texts[i]) == -1);
		if (ratelimit(texts[i]) != -1)
			printf("# %s\n", texts[i]);
	}
	CHECK(ratelimit_bytes("\"x\";r=0;t=30\0", 13) == -1);
	CHECK(ratelimit_bytes("\"x\0\";r=0;t=30", 13) == -1);
	CHECK(ratelimit_bytes("\"x\";r=0;t=30;a=b\0", 17) == -1);

	/* It takes nothing back of what another field said. */
	CHECK(ratelimit("\"x\";r=0;t=30") == 30);
	take("rubbish", 7);
	CHECK(quota.reset_s == 30);
	take("\"y\";r=0;t=20", 12);
	CHECK(quota.reset_s == 30);
	take("\"z\";r=0;t=40", 12);
	CHECK(quota.reset_s == 40);
}

/* A form of it that holds nothing but what is read, put together here. */
static void
random_bytes(void)
{
	static const char alphabet[] = "\"\"\"x;;rt==00135, \\.-?:@%*";
	uint64_t random = fp_random_seed(5);
	unsigned n_waits = 0;

	for (int i = 0; i < 300000; i++) {
		char text[48] = "\"x\";r=0;t=30";
		size_t len = fp_random_evenly(&random, sizeof(text));
		size_t from = i % 3 ? 3 : 0;
		for (size_t j = from; j < len; j++) {
			uint64_t r = fp_random_next(&random) >> 8;
			if (i % 3 == 2 && r % 4)
				continue;
			text[j] = i % 2 ? (char)r
					: alphabet[r % (sizeof(alphabet) - 1)];
		}
		int64_t wait_s = ratelimit_bytes(text, len);
		CHECK(wait_s >= -1);
		n_waits += wait_s >= 0;
		/* Without a quote, an r and a t there is none. */
		if (!memchr(text, 'r', len) || !memchr(text, 't', len) ||
			text[0] != '"')
			CHECK(wait_s == -1);
	}
	CHECK(n_waits > 10);
}

int
main(void)
{
	run("a limit that is used up", used_up);
	run("one that is not, or without a time", not_used_up);
	run("other parameters are passed over", other_parameters);
	run("a malformed field says nothing", malformed);
	run("random bytes", random_bytes);
	return done();
}
