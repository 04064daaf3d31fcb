/* SPDX-License-Identifier: MIT */
#include "addresstest.h"

/* ---- what is private ---- */

/* A block, and what lies around it: NULL where that is private too. */
static const struct {
	const char *why, *first, *last, *before, *behind;
} v4_blocks[] = {
	{"this network (0.0.0.0/8)", "0.0.0.0", "0.255.255.255", NULL,
		"1.0.0.0"},
	{"private (10.0.0.0/8)", "10.0.0.0", "10.255.255.255", "9.255.255.255",
		"11.0.0.0"},
	{"carrier-grade NAT (100.64.0.0/10)", "100.64.0.0", "100.127.255.255",
		"100.63.255.255", "100.128.0.0"},
	{"loopback (127.0.0.0/8)", "127.0.0.0", "127.255.255.255",
		"126.255.255.255", "128.0.0.0"},
	{"link-local (169.254.0.0/16)", "169.254.0.0", "169.254.255.255",
		"169.253.255.255", "169.255.0.0"},
	{"private (172.16.0.0/12)", "172.16.0.0", "172.31.255.255",
		"172.15.255.255", "172.32.0.0"},
	{"IETF protocols (192.0.0.0/24)", "192.0.0.0", "192.0.0.255",
		"191.255.255.255", "192.0.1.0"},
	{"documentation (192.0.2.0/24)", "192.0.2.0", "192.0.2.255",
		"192.0.1.255", "192.0.3.0"},
	{"6to4 relay (192.88.99.0/24)", "192.88.99.0", "192.88.99.255",
		"192.88.98.255", "192.88.100.0"},
	{"private (192.168.0.0/16)", "192.168.0.0", "192.168.255.255",
		"192.167.255.255", "192.169.0.0"},
	{"benchmarks (198.18.0.0/15)", "198.18.0.0", "198.19.255.255",
		"198.17.255.255", "198.20.0.0"},
	{"documentation (198.51.100.0/24)", "198.51.100.0", "198.51.100.255",
		"198.51.99.255", "198.51.101.0"},
	{"documentation (203.0.113.0/24)", "203.0.113.0", "203.0.113.255",
		"203.0.112.255", "203.0.114.0"},
	{"multicast (224.0.0.0/4)", "224.0.0.0", "239.255.255.255",
		"223.255.255.255", NULL},
	{"reserved (240.0.0.0/4)", "240.0.0.0", "255.255.255.254", NULL, NULL},
	{"broadcast (255.255.255.255)", "255.255.255.255", "255.255.255.255",
		NULL, NULL},
};

/* The same place, in the spelling of IPv6. */
static const char *
mapped(const char *v4)
{
	static char text[64];

	snprintf(text, sizeof(text), "::ffff:%s", v4);
	return text;
}

static void
private_v4(void)
{
	struct fp_address_filter filter = make(true, NULL, NULL);

	for (size_t i = 0; i < FP_ARRAY_LEN(v4_blocks); i++) {
		const char *inside[] = {v4_blocks[i].first, v4_blocks[i].last};
		const char *outside[] = {
			v4_blocks[i].before, v4_blocks[i].behind};
		for (size_t k = 0; k < 2; k++) {
			CHECK_REFUSED(&filter, inside[k], v4_blocks[i].why);
			CHECK_REFUSED(
				&filter, mapped(inside[k]), v4_blocks[i].why);
			if (!outside[k])
				continue;
			CHECK_ALLOWED(&filter, outside[k]);
			CHECK_ALLOWED(&filter, mapped(outside[k]));
		}
	}
	CHECK_ALLOWED(&filter, "8.8.8.8");
	fp_address_filter_destroy(&filter);
}

#define ALLOWED "allowed"
#define ELSEWHERE "not global unicast (2000::/3)"
#define COMPATIBLE "IPv4-compatible (::/96)"
#define TRANSLATED "IPv4-translated (::ffff:0:0:0/96)"
#define NAT64 "NAT64 (64:ff9b::/96)"
#define NAT64_LOCAL "NAT64 (64:ff9b:1::/48)"
#define IETF "IETF protocols (2001::/23)"

/* In the order of the addresses: each border, from both sides. */
static const char *const v6_borders[][2] = {
	{"::", "unspecified (::)"},
	{"::1", "loopback (::1)"},
	{"::2", COMPATIBLE},
	{"::255.255.255.255", COMPATIBLE},
	{"::1:0:0", ELSEWHERE},
	{"::fffe:ffff:ffff", ELSEWHERE},
	{"::ffff:0.0.0.0", "this network (0.0.0.0/8)"},
	{"::ffff:255.255.255.255", "broadcast (255.255.255.255)"},
	{"::1:0:0:0", ELSEWHERE},
	{"::fffe:ffff:ffff:ffff", ELSEWHERE},
	{"::ffff:0:0:0", TRANSLATED},
	{"::ffff:0:ffff:ffff", TRANSLATED},
	{"::ffff:1:0:0", ELSEWHERE},
	{"64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", ELSEWHERE},
	{"64:ff9b::", NAT64},
	{"64:ff9b::ffff:ffff", NAT64},
	{"64:ff9b::1:0:0", ELSEWHERE},
	{"64:ff9b:0:ffff:ffff:ffff:ffff:ffff", ELSEWHERE},
	{"64:ff9b:1::", NAT64_LOCAL},
	{"64:ff9b:1:ffff:ffff:ffff:ffff:ffff", NAT64_LOCAL},
	{"64:ff9b:2::", ELSEWHERE},
	{"ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ELSEWHERE},
	{"100::", "discard (100::/64)"},
	{"100::ffff:ffff:ffff:ffff", "discard (100::/64)"},
	{"100:0:0:1::", ELSEWHERE},
	{"1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ELSEWHERE},
	{"2000::", ALLOWED},
	{"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ALLOWED},
	{"2001::", "Teredo (2001::/32)"},
	{"2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "Teredo (2001::/32)"},
	{"2001:1::", IETF},
	{"2001:1::1", IETF},
	{"2001:2:ffff:ffff:ffff:ffff:ffff:ffff", IETF},
	{"2001:3::", ALLOWED},
	{"2001:3:ffff:ffff:ffff:ffff:ffff:ffff", ALLOWED},
	{"2001:4::", IETF},
	{"2001:4:111:ffff:ffff:ffff:ffff:ffff", IETF},
	{"2001:4:112::", ALLOWED},
	{"2001:4:112:ffff:ffff:ffff:ffff:ffff", ALLOWED},
	{"2001:4:113::", IETF},
	{"2001:10::", IETF},
	{"2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", IETF},
	{"2001:20::", ALLOWED},
	{"2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", ALLOWED},
	{"2001:30::", ALLOWED},
	{"2001:3f:ffff:ffff:ffff:ffff:ffff:ffff", ALLOWED},
	{"2001:40::", IETF},
	{"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", IETF},
	{"2001:200::", ALLOWED},
	{"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", ALLOWED},
	{"2001:db8::", "documentation (2001:db8::/32)"},
	{"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
		"documentation (2001:db8::/32)"},
	{"2001:db9::", ALLOWED},
	{"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ALLOWED},
	{"2002::", "6to4 (2002::/16)"},
	{"2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6to4 (2002::/16)"},
	{"2003::", ALLOWED},
	{"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ALLOWED},
	{"3fff::", "documentation (3fff::/20)"},
	{"3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation (3fff::/20)"},
	{"3fff:1000::", ALLOWED},
	{"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ALLOWED},
	{"4000::", ELSEWHERE},
	{"5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ELSEWHERE},
	{"5f00::", "segment routing (5f00::/16)"},
	{"5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"segment routing (5f00::/16)"},
	{"5f01::", ELSEWHERE},
	{"fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ELSEWHERE},
	{"fc00::", "private (fc00::/7)"},
	{"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private (fc00::/7)"},
	{"fe00::", ELSEWHERE},
	{"fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ELSEWHERE},
	{"fe80::", "link-local (fe80::/10)"},
	{"febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local (fe80::/10)"},
	{"fec0::", "site-local (fec0::/10)"},
	{"feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site-local (fec0::/10)"},
	{"ff00::", "multicast (ff00::/8)"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast (ff00::/8)"},
};

static void
private_v6(void)
{
	struct fp_address_filter filter = make(true, NULL, NULL);
	unsigned char before[16] = {0}, now[16];

	for (size_t i = 0; i < FP_ARRAY_LEN(v6_borders); i++) {
		CHECK_REFUSED(&filter, v6_borders[i][0], v6_borders[i][1]);
		CHECK(inet_pton(AF_INET6, v6_borders[i][0], now) == 1);
		CHECK(memcmp(before, now, sizeof(now)) < 0 || i == 0);
		memcpy(before, now, sizeof(now));
	}
	CHECK_ALLOWED(&filter, "2620:4f:8000::1");
	CHECK_ALLOWED(&filter, "2a00:1450:4001:80b::200e");
	fp_address_filter_destroy(&filter);
}

static void
spellings(void)
{
	static const char *const v4[] = {"127.1", "127.0.1", "2130706433",
		"0x7f.1", "0x7f000001", "0177.0.0.1", "127.0.0.1", "0.0.0.0",
		"0", "00.0x0"};
	static const char *const v6[] = {"::1", "0:0:0:0:0:0:0:1",
		"::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1",
		"0:0:0:0:0:ffff:7f00:0001", "::FFFF:127.0.0.1",
		"::ffff:0.0.0.0", "::ffff:0:7f00:1"};
	struct fp_address_filter filter = make(true, NULL, NULL);
	const char *why;

	for (size_t i = 0; i < FP_ARRAY_LEN(v4); i++) {
		struct sockaddr_in in = {.sin_family = AF_INET};
		CHECK(inet_aton(v4[i], &in.sin_addr));
		CHECK(!fp_address_allowed(
			&filter, (const struct sockaddr *)&in, &why));
		CHECK(strstr(why, "0.0.0.0/8") || strstr(why, "127.0.0.0/8"));
	}
	for (size_t i = 0; i < FP_ARRAY_LEN(v6); i++)
		CHECK(refusal(&filter, v6[i]) != NULL);
	fp_address_filter_destroy(&filter);
}

/* ---- IPv4 hidden in IPv6 ---- */

static const struct hiding {
	const char *format; /* of the four bytes */
	bool inverted;
	const char *why; /* what it is besides; NULL: global */
} hidings[] = {
	{"::%x%02x:%x%02x", false, COMPATIBLE},
	{"::ffff:0:%x%02x:%x%02x", false, TRANSLATED},
	{"64:ff9b::%x%02x:%x%02x", false, NAT64},
	{"64:ff9b:1::%x%02x:%x%02x", false, NAT64_LOCAL},
	{"64:ff9b:1:fa00:a:a00:%x%02x:%x%02x", false, NAT64_LOCAL},
	{"64:ff9b:1:%x%02x:%x:%x00::", false, NAT64_LOCAL},
	{"64:ff9b:1:f7%02x:%x:%02x%02x::", false, NAT64_LOCAL},
	{"64:ff9b:1:f777:%x:%x%02x:%x00:0", false, NAT64_LOCAL},
	{"2002:%x%02x:%x%02x::5", false, "6to4 (2002::/16)"},
	{"2001:0:%x%02x:%x%02x:0:0:f7f7:f7f7", false, "Teredo (2001::/32)"},
	{"2001:0:9008:808:0:0:%x%02x:%x%02x", true, "Teredo (2001::/32)"},
	{"2a00:1:2:3:0:5efe:%x%02x:%x%02x", false, NULL},
	{"2a00:1:2:3:200:5efe:%x%02x:%x%02x", false, NULL},
};

static const char *
hide(const struct hiding *hiding, const char *v4)
{
	static char text[80];
	unsigned char a[4];
	unsigned flip = hiding->inverted ? 0xff : 0;

	if (inet_pton(AF_INET, v4, a) != 1)
		abort();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), hiding->format, a[0] ^ flip, a[1] ^ flip,
		a[2] ^ flip, a[3] ^ flip);
#pragma GCC diagnostic pop
	return text;
}

static void
hidden_private(void)
{
	static const char *const v4[][2] = {
		{"127.0.0.1", "loopback (127.0.0.0/8)"},
		{"10.1.2.3", "private (10.0.0.0/8)"},
		{"169.254.169.254", "link-local (169.254.0.0/16)"},
		{"100.64.5.6", "carrier-grade NAT (100.64.0.0/10)"},
		{"224.0.0.1", "multicast (224.0.0.0/4)"},
	};
	struct fp_address_filter filter = make(true, NULL, NULL);
	struct fp_address_filter all_v6 = make(true, NULL, LIST("::/0"));

	for (size_t i = 0; i < FP_ARRAY_LEN(hidings); i++) {
		const struct hiding *hiding = &hidings[i];
		for (size_t k = 0; k < FP_ARRAY_LEN(v4); k++) {
			CHECK_REFUSED(&filter, hide(hiding, v4[k][0]),
				hiding->why ? hiding->why : v4[k][1]);
			CHECK_REFUSED(
				&all_v6, hide(hiding, v4[k][0]), v4[k][1]);
		}
		CHECK_REFUSED(&filter, hide(hiding, "8.8.8.8"),
			hiding->why ? hiding->why : ALLOWED);
		CHECK_ALLOWED(&all_v6, hide(hiding, "8.8.8.8"));
	}
	/* Where it must be there, 0.0.0.0 is it; elsewhere it is nothing. */
	CHECK(refusal(&all_v6, "64:ff9b::") != NULL);
	CHECK(refusal(&all_v6, "::ffff:0.0.0.0") != NULL);
	CHECK(refusal(&all_v6, "2002::1") != NULL);
	CHECK_ALLOWED(&all_v6, "::1");
	CHECK_ALLOWED(&all_v6, "64:ff9b:1::");
	fp_address_filter_destroy(&filter);
	fp_address_filter_destroy(&all_v6);
}

static void
hidden_blocks(void)
{
	struct fp_address_filter filter =
		make(false, LIST("5.6.0.0/16"), LIST("5.6.7.0/24"));
	struct fp_address_filter opened =
		make(true, NULL, LIST("::/0", "10.1.0.0/16"));

	for (size_t i = 0; i < FP_ARRAY_LEN(hidings); i++) {
		const struct hiding *hiding = &hidings[i];
		CHECK_REFUSED(&filter, hide(hiding, "5.6.8.1"),
			"denied (5.6.0.0/16)");
		CHECK_ALLOWED(&filter, hide(hiding, "5.6.7.1"));
		CHECK_ALLOWED(&filter, hide(hiding, "5.7.7.1"));
		CHECK_ALLOWED(&opened, hide(hiding, "10.1.9.9"));
		CHECK_REFUSED(&opened, hide(hiding, "10.2.9.9"),
			"private (10.0.0.0/8)");
	}
	fp_address_filter_destroy(&filter);
	fp_address_filter_destroy(&opened);
}

/* What looks the same one bit beside, or does not look quite the same. */
static void
not_hidden(void)
{
	static const char *const texts[] = {"::1:a00:1", "::ffff:1:a00:1",
		"64:ff9b::1:a00:1", "64:ff9b:0:a00:0:100::",
		"64:ff9b:0:a:0:1::", "64:ff9b:0:f777:a:0:100:0",
		"64:ff9b:0:f777::a00:1", "64:ff9b:1:a00:0:100:0:1",
		"64:ff9b:1:a:0:1:100:1", "64:ff9b:1:f777:a:0:100:1",
		"2003:a00:1::", "2001:1:a00:1::",
		"2001:1:808:808:0:0:f5ff:fffe", "2a00::5efe:a00:1:0",
		"2a00::1:5efe:a00:1", "2a00::5eff:a00:1",
		"2a00::100:5efe:a00:1"};
	struct fp_address_filter filter = make(false, LIST("10.0.0.0/8"), NULL);

	for (size_t i = 0; i < FP_ARRAY_LEN(texts); i++)
		CHECK_ALLOWED(&filter, texts[i]);
	CHECK(refusal(&filter, "2a00::5efe:a00:1") != NULL);
	fp_address_filter_destroy(&filter);
}

int
main(void)
{
	run("23 every block of IPv4 that is private, at its edges", private_v4);
	run("23 every block of IPv6 that is private, at its edges", private_v6);
	run("21 every spelling of this machine", spellings);
	run("23 IPv4 hidden in IPv6 is judged too", hidden_private);
	run("23 blocks hold what is hidden too", hidden_blocks);
	run("what is not hidden there is not seen there", not_hidden);
	return done();
}
