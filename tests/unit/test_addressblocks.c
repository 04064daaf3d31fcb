/* SPDX-License-Identifier: MIT */
#include "addresstest.h"
#include "fetchpool.h"

#include <sys/un.h>

/* The linker puts this in the place of realloc(), so that memory can run out
 * when a test wants it to (--wrap in tests/local.mk). */
void *__real_realloc(void *data, size_t size);
void *__wrap_realloc(void *data, size_t size);

static bool memory_is_out;

void *
__wrap_realloc(void *data, size_t size)
{
	return memory_is_out ? NULL : __real_realloc(data, size);
}

static void
nothing_denied(void)
{
	struct fp_address_filter filter =
		make(false, NULL, LIST("10.0.0.0/8", "::1"));
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	const char *why = NULL;

	CHECK(!filter.is_on);
	CHECK_ALLOWED(&filter, "127.0.0.1");
	CHECK_ALLOWED(&filter, "::ffff:127.0.0.1");
	CHECK_ALLOWED(&filter, "fe80::1");
	CHECK_ALLOWED(&filter, "8.8.8.8");
	CHECK(fp_address_allowed(&filter, (const struct sockaddr *)&un, &why));
	CHECK(!why);
	fp_address_filter_destroy(&filter);
	fp_address_filter_destroy(&filter);
}

/* What is no address of the Internet cannot be judged: not by deny_private,
 * and not by a block either. */
static void
other_families(void)
{
	static const char *const texts[] = {
		"", "localhost", "/run/x", "127.1", "::1%lo", "[::1]"};
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/x"};
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	for (int private = 0; private < 2; private ++) {
		struct fp_address_filter filter = make(
			private, private ? NULL : LIST("10.0.0.0/8"), NULL);
		const char *why = NULL;
		CHECK(filter.is_on);
		CHECK(!fp_address_allowed(
			&filter, (const struct sockaddr *)&un, &why));
		CHECK_TEXT(why, "not an IP address");
		CHECK(!fp_address_allowed(&filter, &none, &why));
		for (size_t i = 0; i < FP_ARRAY_LEN(texts); i++) {
			why = NULL;
			CHECK(!fp_address_text_allowed(
				&filter, texts[i], &why));
			CHECK_TEXT(why, "not an IP address");
		}
		fp_address_filter_destroy(&filter);
	}
}

static void
allow_beats_private(void)
{
	struct fp_address_filter filter = make(true, NULL,
		LIST("10.1.0.0/16", "127.0.0.1", "fd00:1::/32", "::1"));

	CHECK_ALLOWED(&filter, "10.1.0.0");
	CHECK_ALLOWED(&filter, "10.1.255.255");
	CHECK_ALLOWED(&filter, "::ffff:10.1.2.3");
	CHECK_ALLOWED(&filter, "127.0.0.1");
	CHECK_ALLOWED(&filter, "::1");
	CHECK_ALLOWED(&filter, "fd00:1::5");
	CHECK_ALLOWED(&filter, "8.8.8.8");
	CHECK_REFUSED(&filter, "10.0.255.255", "private (10.0.0.0/8)");
	CHECK_REFUSED(&filter, "10.2.0.0", "private (10.0.0.0/8)");
	CHECK_REFUSED(&filter, "127.0.0.2", "loopback (127.0.0.0/8)");
	CHECK_REFUSED(&filter, "fd00:2::5", "private (fc00::/7)");
	/* Allowed only where it is itself, not where it may be hidden. */
	CHECK_REFUSED(&filter, "2002:a01:203::", "6to4 (2002::/16)");
	CHECK_REFUSED(&filter, "64:ff9b::a01:203", "NAT64 (64:ff9b::/96)");
	fp_address_filter_destroy(&filter);

	filter = make(true, NULL, LIST("0.0.0.0/0"));
	CHECK_ALLOWED(&filter, "127.0.0.1");
	CHECK_ALLOWED(&filter, "::ffff:169.254.169.254");
	CHECK_REFUSED(&filter, "::1", "loopback (::1)");
	fp_address_filter_destroy(&filter);
}

/* All orders of the same blocks say the same. */
static void
longest_decides(void)
{
	static const char *const blocks[] = {
		"-0.0.0.0/0", "+10.0.0.0/8", "-10.0.0.0/16", "+10.0.0.53"};
	char why[200];

	for (unsigned order = 0; order < 24; order++) {
		struct fp_address_filter filter;
		bool used[4] = {false};
		fp_address_filter_init(&filter, order % 2);
		for (unsigned i = 4, rest = order; i > 0; rest /= i--) {
			unsigned k = 0;
			for (unsigned skip = rest % i; used[k] || skip; k++)
				skip -= !used[k];
			used[k] = true;
			CHECK((blocks[k][0] == '-' ? fp_address_filter_deny
						   : fp_address_filter_allow)(
				      &filter, blocks[k] + 1, why,
				      sizeof(why)) == 0);
		}
		CHECK_REFUSED(&filter, "8.8.8.8", "denied (0.0.0.0/0)");
		CHECK_ALLOWED(&filter, "10.1.0.1");
		CHECK_REFUSED(&filter, "10.0.0.52", "denied (10.0.0.0/16)");
		CHECK_ALLOWED(&filter, "10.0.0.53");
		CHECK_REFUSED(&filter, "10.0.0.54", "denied (10.0.0.0/16)");
		CHECK_ALLOWED(&filter, "2a00::1"); /* is not IPv4 */
		fp_address_filter_destroy(&filter);
	}
}

static void
deny_wins_a_draw(void)
{
	struct fp_address_filter filter = make(false,
		LIST("10.0.0.0/8", "::ffff:11.0.0.0/104"),
		LIST("::ffff:10.0.0.0/104", "11.0.0.0/8", "11.0.0.0/8"));

	CHECK_REFUSED(&filter, "10.0.0.1", "denied (10.0.0.0/8)");
	CHECK_REFUSED(&filter, "11.0.0.1", "denied (::ffff:11.0.0.0/104)");
	CHECK(fp_address_filter_deny(&filter, "9.0.0.0/8", NULL, 0) == 0);
	CHECK(fp_address_filter_allow(&filter, "9.0.0.0/8", NULL, 0) == 0);
	CHECK(fp_address_filter_allow(&filter, "8.0.0.0/8", NULL, 0) == 0);
	CHECK(fp_address_filter_deny(&filter, "8.0.0.0/8", NULL, 0) == 0);
	CHECK_REFUSED(&filter, "9.0.0.1", "denied (9.0.0.0/8)");
	CHECK_REFUSED(&filter, "8.0.0.1", "denied (8.0.0.0/8)");
	fp_address_filter_destroy(&filter);
}

static void
families_apart(void)
{
	struct fp_address_filter filter = make(false, LIST("::/0"), NULL);

	CHECK_REFUSED(&filter, "::1", "denied (::/0)");
	CHECK_REFUSED(&filter, "2a00::1", "denied (::/0)");
	CHECK_ALLOWED(&filter, "8.8.8.8");
	CHECK_ALLOWED(&filter, "::ffff:8.8.8.8");
	fp_address_filter_destroy(&filter);

	filter = make(false, LIST("::ffff:0:0/96"), NULL);
	CHECK_REFUSED(&filter, "8.8.8.8", "denied (::ffff:0:0/96)");
	CHECK_REFUSED(&filter, "::ffff:8.8.8.8", "denied (::ffff:0:0/96)");
	CHECK_ALLOWED(&filter, "2a00::1");
	fp_address_filter_destroy(&filter);
}

/* A block of each length: the last bit in the prefix counts, the first one
 * behind it does not. */
static void
every_length(void)
{
	char text[INET6_ADDRSTRLEN], block[INET6_ADDRSTRLEN + 4];

	for (int family = 0; family < 2; family++) {
		int af = family ? AF_INET6 : AF_INET;
		unsigned n_bits = family ? 128 : 32;
		for (unsigned bits = 0; bits <= n_bits; bits++) {
			unsigned char a[16];
			/* 10100101..., which is global in both. */
			memset(a, 0x25, sizeof(a));
			for (unsigned i = bits; i < n_bits; i++)
				a[i / 8] &= (unsigned char)~(0x80 >> i % 8);
			inet_ntop(af, a, text, sizeof(text));
			snprintf(block, sizeof(block), "%s/%u", text, bits);
			struct fp_address_filter filter =
				make(false, LIST(block), NULL);
			CHECK(refusal(&filter, text) != NULL);
			if (bits < n_bits) {
				a[bits / 8] ^=
					(unsigned char)(0x80 >> bits % 8);
				inet_ntop(af, a, text, sizeof(text));
				CHECK(refusal(&filter, text) != NULL);
			}
			if (bits > 0) {
				a[(bits - 1) / 8] ^=
					(unsigned char)(0x80 >> (bits - 1) % 8);
				inet_ntop(af, a, text, sizeof(text));
				CHECK_ALLOWED(&filter, text);
			}
			fp_address_filter_destroy(&filter);
		}
	}
}

static void
bad_blocks(void)
{
	static const char no_block[] = "not an IP address or a block";
	static const char bad_bits[] = "the prefix length must be 0 to ";
	static const char set_bits[] = "has host bits set: the block is ";
	static const char *const bad[][2] = {
		{"", no_block},
		{"/", no_block},
		{"/8", no_block},
		{"10", no_block},
		{"10.0.0", no_block},
		{"10.0.0.0.0", no_block},
		{"10.0.0.256", no_block},
		{"10.0.0.-1", no_block},
		{"0x7f.0.0.1", no_block},
		{" 10.0.0.0/8", no_block},
		{"10.0.0.0 /8", no_block},
		{"10.0.0.0,11.0.0.0", no_block},
		{"example.com", no_block},
		{"[::1]", no_block},
		{"::1%lo", no_block},
		{":::/0", no_block},
		{"1:2:3:4:5:6:7:8:9", no_block},
		{"10.0.0.0/", bad_bits},
		{"10.0.0.0/33", bad_bits},
		{"10.0.0.0/-1", bad_bits},
		{"10.0.0.0/+8", bad_bits},
		{"10.0.0.0/08", bad_bits},
		{"10.0.0.0/8 ", bad_bits},
		{"10.0.0.0/8/8", bad_bits},
		{"10.0.0.0/255.0.0.0", bad_bits},
		{"10.0.0.0/99999999999999999999", bad_bits},
		{"2001:db8::/129", bad_bits},
		{"2001:db8::/", bad_bits},
		{"10.1.2.3/8", set_bits},
		{"10.0.0.1/31", set_bits},
		{"128.0.0.0/0", set_bits},
		{"2001:db8::1/127", set_bits},
		{"::ffff:10.0.0.1/104", set_bits},
		{"8000::/0", set_bits},
	};
	struct fp_address_filter filter = make(false, NULL, NULL);
	char long_text[1000], why[200];

	for (size_t i = 0; i < FP_ARRAY_LEN(bad); i++) {
		for (int deny = 0; deny < 2; deny++) {
			why[0] = '\0';
			errno = 0;
			CHECK((deny ? fp_address_filter_deny
				    : fp_address_filter_allow)(&filter,
				      bad[i][0], why, sizeof(why)) == -1);
			CHECK(errno == EINVAL);
			if (!strstr(why, bad[i][1]) || !strstr(why, bad[i][0]))
				CHECK_TEXT(why, bad[i][1]);
		}
	}
	memset(long_text, '1', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	CHECK(fp_address_filter_deny(&filter, long_text, why, 20) == -1);
	CHECK_TEXT(why, "'111111111111111111");
	CHECK(filter.n_blocks == 0 && !filter.is_on);
	fp_address_filter_destroy(&filter);
}

static void
good_blocks(void)
{
	static const char longest[] =
		"1111:2222:3333:4444:5555:6666:255.255.255.255/128";
	struct fp_address_filter filter = make(false,
		LIST(longest, "0.0.0.0/32", "255.255.255.255", "ABCD::/16",
			"2001:db8:0:0:0:0:0:0/32"),
		NULL);

	CHECK_REFUSED(&filter, "1111:2222:3333:4444:5555:6666:ffff:ffff",
		"denied (1111:2222:3333:4444:5555:6666:255.255.255.255/128)");
	CHECK_REFUSED(&filter, "0.0.0.0", "denied (0.0.0.0/32)");
	CHECK_ALLOWED(&filter, "0.0.0.1");
	CHECK_REFUSED(&filter, "255.255.255.255", "denied (255.255.255.255)");
	CHECK_REFUSED(&filter, "abcd::1", "denied (ABCD::/16)");
	CHECK_REFUSED(
		&filter, "2001:db8::9", "denied (2001:db8:0:0:0:0:0:0/32)");
	fp_address_filter_destroy(&filter);
}

static void
no_memory(void)
{
	struct fp_address_filter filter = make(false, NULL, NULL);
	char text[40], why[200] = "";
	unsigned n_failed = 0;

	for (unsigned i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "10.0.%u.0/24", i);
		memory_is_out = true;
		errno = 0;
		CHECK(fp_is_address_block(text, why, sizeof(why)));
		if (fp_address_filter_deny(&filter, text, why, sizeof(why))) {
			CHECK(errno == ENOMEM && filter.n_blocks == i);
			CHECK(filter.is_on == (i > 0));
			n_failed++;
			memory_is_out = false;
			CHECK(fp_address_filter_deny(
				      &filter, text, why, sizeof(why)) == 0);
		}
		memory_is_out = false;
	}
	CHECK(n_failed > 0 && n_failed < 10 && filter.n_blocks == 100);
	CHECK_TEXT(why, "");
	CHECK_REFUSED(&filter, "10.0.0.1", "denied (10.0.0.0/24)");
	CHECK_REFUSED(&filter, "10.0.99.1", "denied (10.0.99.0/24)");
	CHECK_ALLOWED(&filter, "10.0.100.1");
	fp_address_filter_destroy(&filter);
}

int
main(void)
{
	run("a filter that denies nothing allows all", nothing_denied);
	run("24 what cannot be judged is refused", other_families);
	run("what is allowed may be private", allow_beats_private);
	run("the longest block decides, in any order", longest_decides);
	run("of two the same, deny", deny_wins_a_draw);
	run("blocks of IPv6 do not hold IPv4", families_apart);
	run("blocks of every length", every_length);
	run("what is no block is an error, and which", bad_blocks);
	run("what is a block", good_blocks);
	run("98 memory may run out", no_memory);
	return done();
}
