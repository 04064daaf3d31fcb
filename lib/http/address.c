/* SPDX-License-Identifier: MIT */
/*
 * Everything is 16 bytes here. An IPv4 address is the IPv4-mapped address
 * (RFC 4291, section 2.5.5.2), a block of IPv4 one with a prefix of 96 bits
 * and more; so the two spellings of one place are one thing from the start.
 * The only care to take is that shorter prefixes, which are IPv6, do not hold
 * IPv4.
 *
 * The first row of a table that holds the address decides.
 */
#include "base.h"

#include "address.h"

#include "fetchpool.h"

#include "units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define BYTES 16
#define BITS 128
#define V4_AT 12 /* where IPv4 begins in it, in bytes and in bits */
#define V4_BITS 96

/* The prefix of IPv4, and four bytes as one. */
#define V4_PREFIX 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
#define V4(...)                        \
	{                              \
		V4_PREFIX, __VA_ARGS__ \
	}

#define NOT_IP "not an IP address"

struct fp_address_block {
	unsigned char prefix[BYTES];
	unsigned char bits;
	bool denies;
	char why[64];
};

/* What is special: the registries of IANA, "IPv4 Special-Purpose Address
 * Space" and "IPv6 Special-Purpose Address Space", and what they leave to
 * others: multicast, site-local (RFC 3879), IPv4-compatible and IPv4-translated
 * addresses (RFC 4291, RFC 2765). NULL: it is global. The anycast addresses in
 * 192.0.0.0/24 and 2001:1::/48 are registered as global, but whoever serves
 * them nearest answers, which is one's own network. */
static const struct {
	unsigned char prefix[BYTES];
	unsigned char bits;
	const char *why;
} specials[] = {
	{V4(0), V4_BITS + 8, "this network (0.0.0.0/8)"},
	{V4(10), V4_BITS + 8, "private (10.0.0.0/8)"},
	{V4(100, 64), V4_BITS + 10, "carrier-grade NAT (100.64.0.0/10)"},
	{V4(127), V4_BITS + 8, "loopback (127.0.0.0/8)"},
	{V4(169, 254), V4_BITS + 16, "link-local (169.254.0.0/16)"},
	{V4(172, 16), V4_BITS + 12, "private (172.16.0.0/12)"},
	{V4(192, 0, 0), V4_BITS + 24, "IETF protocols (192.0.0.0/24)"},
	{V4(192, 0, 2), V4_BITS + 24, "documentation (192.0.2.0/24)"},
	{V4(192, 88, 99), V4_BITS + 24, "6to4 relay (192.88.99.0/24)"},
	{V4(192, 168), V4_BITS + 16, "private (192.168.0.0/16)"},
	{V4(198, 18), V4_BITS + 15, "benchmarks (198.18.0.0/15)"},
	{V4(198, 51, 100), V4_BITS + 24, "documentation (198.51.100.0/24)"},
	{V4(203, 0, 113), V4_BITS + 24, "documentation (203.0.113.0/24)"},
	{V4(224), V4_BITS + 4, "multicast (224.0.0.0/4)"},
	{V4(255, 255, 255, 255), BITS, "broadcast (255.255.255.255)"},
	{V4(240), V4_BITS + 4, "reserved (240.0.0.0/4)"},
	{V4(0), V4_BITS, NULL},

	{{0x20, 0x01, 0, 0}, 32, "Teredo (2001::/32)"},
	{{0x20, 0x01, 0, 0x03}, 32, NULL}, /* AMT, RFC 7450 */
	{{0x20, 0x01, 0, 0x04, 0x01, 0x12}, 48, NULL}, /* AS112, RFC 7535 */
	{{0x20, 0x01, 0, 0x20}, 28, NULL}, /* ORCHIDv2, RFC 7343 */
	{{0x20, 0x01, 0, 0x30}, 28, NULL}, /* DRIP, RFC 9374 */
	{{0x20, 0x01}, 23, "IETF protocols (2001::/23)"},
	{{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation (2001:db8::/32)"},
	{{0x20, 0x02}, 16, "6to4 (2002::/16)"},
	{{0x3f, 0xff}, 20, "documentation (3fff::/20)"},
	{{0x20}, 3, NULL},

	{{0}, 128, "unspecified (::)"},
	{{[15] = 1}, 128, "loopback (::1)"},
	{{0}, 96, "IPv4-compatible (::/96)"},
	{{[8] = 0xff, 0xff}, 96, "IPv4-translated (::ffff:0:0:0/96)"},
	{{0, 0x64, 0xff, 0x9b}, 96, "NAT64 (64:ff9b::/96)"},
	{{0, 0x64, 0xff, 0x9b, 0, 1}, 48, "NAT64 (64:ff9b:1::/48)"},
	{{0x01}, 64, "discard (100::/64)"},
	{{0x5f}, 16, "segment routing (5f00::/16)"},
	{{0xfc}, 7, "private (fc00::/7)"},
	{{0xfe, 0x80}, 10, "link-local (fe80::/10)"},
	{{0xfe, 0xc0}, 10, "site-local (fec0::/10)"},
	{{0xff}, 8, "multicast (ff00::/8)"},
	{{0}, 0, "not global unicast (2000::/3)"},
};

/* Where IPv4 hides in IPv6: the places of its four bytes. `guess`: it may not
 * be there; it is not, if it would be in 0.0.0.0/8, or if bytes behind it are
 * not zero. A translator with a prefix in 64:ff9b:1::/48 may use any length
 * from 48 bits on (RFC 8215), and that moves the place (RFC 6052, section
 * 2.2): each is looked at. */
static const struct {
	unsigned char prefix[BYTES];
	unsigned char bits;
	unsigned char at[4];
	unsigned char inverted; /* 0xff: so are the bits */
	bool guess;
} hidings[] = {
	/* IPv4-compatible; but ::1 is not 0.0.0.1 */
	{{0}, 96, {12, 13, 14, 15}, 0, true},
	{{[8] = 0xff, 0xff}, 96, {12, 13, 14, 15}, 0, false},
	{{0, 0x64, 0xff, 0x9b}, 96, {12, 13, 14, 15}, 0, false},
	{{0, 0x64, 0xff, 0x9b, 0, 1}, 48, {6, 7, 9, 10}, 0, true},
	{{0, 0x64, 0xff, 0x9b, 0, 1}, 48, {7, 9, 10, 11}, 0, true},
	{{0, 0x64, 0xff, 0x9b, 0, 1}, 48, {9, 10, 11, 12}, 0, true},
	{{0, 0x64, 0xff, 0x9b, 0, 1}, 48, {12, 13, 14, 15}, 0, true},
	/* Teredo: its server, its client (RFC 4380, section 4) */
	{{0x20, 0x01, 0, 0}, 32, {4, 5, 6, 7}, 0, false},
	{{0x20, 0x01, 0, 0}, 32, {12, 13, 14, 15}, 0xff, false},
	/* 6to4 (RFC 3056, section 2) */
	{{0x20, 0x02}, 16, {2, 3, 4, 5}, 0, false},
};

static const unsigned char v4_prefix[V4_AT] = {V4_PREFIX};

static bool
is_v4(const unsigned char *address)
{
	return memcmp(address, v4_prefix, V4_AT) == 0;
}

/* Whether all bits from `bits` on are zero. */
static bool
is_zero_behind(const unsigned char *address, unsigned bits)
{
	for (unsigned i = bits / 8; i < BYTES; i++) {
		unsigned kept = i == bits / 8 ? bits % 8 : 0;
		if (address[i] & (0xff >> kept))
			return false;
	}
	return true;
}

static bool
holds(const unsigned char *prefix, unsigned bits, const unsigned char *address)
{
	if (bits < V4_BITS && is_v4(address))
		return false;
	if (memcmp(prefix, address, bits / 8) != 0)
		return false;
	return bits % 8 == 0 ||
	       ((prefix[bits / 8] ^ address[bits / 8]) >> (8 - bits % 8)) == 0;
}

/* ---- from text ---- */

static bool
parse_address(const char *text, unsigned char *address)
{
	if (strchr(text, ':'))
		return inet_pton(AF_INET6, text, address) == 1;
	memcpy(address, v4_prefix, V4_AT);
	return inet_pton(AF_INET, text, address + V4_AT) == 1;
}

/* "10.0.0.1/8": is it the one address, or the block around it? */
static void
say_host_bits(const struct fp_address_block *block, const char *text,
	unsigned skip, char *why, size_t why_size)
{
	unsigned char first[BYTES] = {0};
	char address[INET6_ADDRSTRLEN];

	memcpy(first, block->prefix, block->bits / 8);
	if (block->bits % 8)
		first[block->bits / 8] =
			(unsigned char)(block->prefix[block->bits / 8] &
					0xff << (8 - block->bits % 8));
	inet_ntop(skip ? AF_INET : AF_INET6, skip ? first + V4_AT : first,
		address, sizeof(address));
	snprintf(why, why_size,
		"'%.60s' has host bits set: the block is %s/%u, the address "
		"%.*s",
		text, address, block->bits - skip, (int)strcspn(text, "/"),
		text);
}

/* "10.0.0.0/8", or without the slash. -1: it is no such thing, `why`. */
static int
parse_block(struct fp_address_block *block, const char *text, char *why,
	size_t why_size)
{
	char address[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	const char *number = text[len] ? text + len + 1 : NULL;

	if (len < sizeof(address)) {
		memcpy(address, text, len);
		address[len] = '\0';
	}
	if (len >= sizeof(address) || !parse_address(address, block->prefix)) {
		/* What is cut may be a password. */
		bool is_shown = !strchr(text, '@');
		snprintf(why, why_size,
			"%s%.60s%s is not an IP address or a block like "
			"10.0.0.0/8",
			is_shown ? "'" : "", is_shown ? text : "the value",
			is_shown ? "'" : "");
		return -1;
	}
	unsigned skip = strchr(address, ':') ? 0 : V4_BITS;
	uint64_t bits = BITS - skip;
	if (number && (fp_units_count(number, BITS - skip, &bits) ||
			      (number[0] == '0' && number[1]))) {
		snprintf(why, why_size,
			"'%.60s': the prefix length must be 0 to %u",
			strchr(text, '@') ? address : text, BITS - skip);
		return -1;
	}
	block->bits = (unsigned char)(skip + bits);
	if (!is_zero_behind(block->prefix, block->bits)) {
		say_host_bits(block, text, skip, why, why_size);
		return -1;
	}
	return 0;
}

/* ---- the filter ---- */

void
fp_address_filter_init(struct fp_address_filter *filter, bool deny_private)
{
	*filter = (struct fp_address_filter){
		.deny_private = deny_private,
		.is_on = deny_private,
	};
}

void
fp_address_filter_destroy(struct fp_address_filter *filter)
{
	free(filter->blocks);
	fp_address_filter_init(filter, false);
}

static int
address_add(struct fp_address_filter *filter, bool denies, const char *text,
	char *why, size_t why_size)
{
	struct fp_address_block block = {.denies = denies};
	size_t n = filter->n_blocks;

	if (parse_block(&block, text, why, why_size)) {
		errno = EINVAL;
		return -1;
	}
	snprintf(block.why, sizeof(block.why), "denied (%s)", text);
	/* Room for 1, 2, 4, 8, ...: it is full at each of these. */
	if ((n & (n - 1)) == 0) {
		struct fp_address_block *blocks = realloc(
			filter->blocks, (n ? 2 * n : 1) * sizeof(*blocks));
		if (!blocks) {
			errno = ENOMEM;
			return -1;
		}
		filter->blocks = blocks;
	}
	filter->blocks[filter->n_blocks++] = block;
	filter->is_on = filter->is_on || denies;
	return 0;
}

int
fp_address_filter_deny(struct fp_address_filter *filter, const char *block,
	char *why, size_t why_size)
{
	return address_add(filter, true, block, why, why_size);
}

int
fp_address_filter_allow(struct fp_address_filter *filter, const char *block,
	char *why, size_t why_size)
{
	return address_add(filter, false, block, why, why_size);
}

/* ---- the judgement ---- */

/* Why an address is refused, as what it is and not for what may hide in it;
 * NULL: it is not. */
static const char *
judge_one(const struct fp_address_filter *filter, const unsigned char *address)
{
	const struct fp_address_block *best = NULL;

	for (size_t i = 0; i < filter->n_blocks; i++) {
		const struct fp_address_block *block = &filter->blocks[i];
		if (!holds(block->prefix, block->bits, address))
			continue;
		if (!best || block->bits > best->bits ||
			(block->bits == best->bits && block->denies))
			best = block;
	}
	if (best)
		return best->denies ? best->why : NULL;
	if (!filter->deny_private)
		return NULL;
	for (size_t i = 0; i < FP_ARRAY_LEN(specials); i++) {
		if (holds(specials[i].prefix, specials[i].bits, address))
			return specials[i].why;
	}
	abort(); /* the last row holds all */
}

/* ISATAP's interface identifiers, in any network (RFC 5214, section 6.1). */
static bool
is_isatap(const unsigned char *address)
{
	return (address[8] & ~0x02) == 0 && address[9] == 0 &&
	       address[10] == 0x5e && address[11] == 0xfe;
}

/* Where the kernel connects to instead: to what is unspecified, this machine
 * answers (connect(2) does not say so; tcp_v4_connect and tcp_v6_connect of
 * Linux). NULL: nowhere else. */
static const unsigned char *
address_alias(const unsigned char *address)
{
	static const unsigned char v4_any[BYTES] = V4(0);
	static const unsigned char v4_loopback[BYTES] = V4(127, 0, 0, 1);
	static const unsigned char any[BYTES], loopback[BYTES] = {[15] = 1};

	if (memcmp(address, v4_any, BYTES) == 0)
		return v4_loopback;
	return memcmp(address, any, BYTES) == 0 ? loopback : NULL;
}

static const char *
address_judge(
	const struct fp_address_filter *filter, const unsigned char *address)
{
	const unsigned char *alias = address_alias(address);
	const char *why = judge_one(filter, address);
	unsigned char hidden[BYTES] = {V4_PREFIX};

	if (!why && alias)
		why = judge_one(filter, alias);
	if (why || is_v4(address))
		return why;
	for (size_t i = 0; !why && i < FP_ARRAY_LEN(hidings); i++) {
		const unsigned char *at = hidings[i].at;
		if (!holds(hidings[i].prefix, hidings[i].bits, address))
			continue;
		for (unsigned k = 0; k < 4; k++)
			hidden[V4_AT + k] =
				address[at[k]] ^ hidings[i].inverted;
		if (hidings[i].guess &&
			(hidden[V4_AT] == 0 ||
				!is_zero_behind(address, 8u * at[3] + 8)))
			continue;
		why = judge_one(filter, hidden);
	}
	if (!why && is_isatap(address)) {
		memcpy(hidden + V4_AT, address + V4_AT, BYTES - V4_AT);
		why = judge_one(filter, hidden);
	}
	return why;
}

static bool
answer(const char *reason, const char **why)
{
	if (reason)
		*why = reason;
	return !reason;
}

bool
fp_address_allowed(const struct fp_address_filter *filter,
	const struct sockaddr *address, const char **why)
{
	unsigned char bytes[BYTES] = {V4_PREFIX};

	if (!filter->is_on)
		return true;
	/* Copied, for a sockaddr need not be aligned as these are. */
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof(in));
		memcpy(bytes + V4_AT, &in.sin_addr, sizeof(in.sin_addr));
	} else if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in;
		memcpy(&in, address, sizeof(in));
		memcpy(bytes, &in.sin6_addr, sizeof(in.sin6_addr));
	} else {
		return answer(NOT_IP, why);
	}
	return answer(address_judge(filter, bytes), why);
}

bool
fp_address_text_allowed(const struct fp_address_filter *filter,
	const char *address, const char **why)
{
	unsigned char bytes[BYTES];

	if (!filter->is_on)
		return true;
	if (!parse_address(address, bytes))
		return answer(NOT_IP, why);
	return answer(address_judge(filter, bytes), why);
}

bool
fp_is_address_block(const char *text, char *why, size_t why_size)
{
	struct fp_address_block block = {.denies = true};

	return parse_block(&block, text, why, why_size) == 0;
}
