/* SPDX-License-Identifier: MIT */
/*
 * Blocks of addresses. The verdict does not depend on the order of the blocks
 * nor on the form of the address; with blocks alone it is that of a count bit
 * by bit; and IPv6 does not hide an IPv4 address that is refused.
 *
 *	a byte: whether what is private is denied
 *	lines: "+" or "-" and a block; the first without one is the address
 */
#include "fuzz.h"

#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define BLOCKS_MAX 8

struct block {
	bool denies;
	char *text;
};

static struct block blocks[BLOCKS_MAX];
static size_t n_blocks;

/* ---- by hand ---- */

/* All as IPv6, IPv4 as the IPv4-mapped form. -1: no address. */
static int
read_address(const char *text, unsigned char address[16])
{
	unsigned char v4[4];

	if (inet_pton(AF_INET6, text, address) == 1)
		return 0;
	if (inet_pton(AF_INET, text, v4) != 1)
		return -1;
	memset(address, 0, 10);
	memset(address + 10, 0xff, 2);
	memcpy(address + 12, v4, 4);
	return 0;
}

static bool
is_mapped(const unsigned char *address)
{
	static const unsigned char prefix[12] = {[10] = 0xff, 0xff};

	return memcmp(address, prefix, 12) == 0;
}

/* How many bits of the block hold the address; -1: it does not. */
static int
bits_that_hold(const char *text, const unsigned char *address)
{
	const char *slash = strchr(text, '/');
	struct fp_text name = fuzz_text(text);
	unsigned char prefix[16];

	if (slash)
		name.len = (size_t)(slash - text);
	char *copy = fuzz_string(name);
	HOLDS(read_address(copy, prefix) == 0);
	bool is_v4 = !strchr(copy, ':');
	free(copy);
	int bits = slash ? atoi(slash + 1) : is_v4 ? 32 : 128;
	bits += is_v4 ? 96 : 0;
	if (bits < 96 && is_mapped(address))
		return -1;
	for (int i = 0; i < bits; i++) {
		unsigned difference = prefix[i / 8] ^ address[i / 8];
		if (difference >> (7 - i % 8) & 1)
			return -1;
	}
	return bits;
}

/* Of the longest blocks that hold it, one that denies: 1; one that allows: 0;
 * none holds it: -1. */
static int
decide(const unsigned char *address)
{
	int best = -1, denies = -1;

	for (size_t i = 0; i < n_blocks; i++) {
		int bits = bits_that_hold(blocks[i].text, address);
		if (bits < 0 || bits < best)
			continue;
		denies = (bits == best && denies == 1) || blocks[i].denies;
		best = bits;
	}
	return denies;
}

/* ---- the filter ---- */

static int
add(struct fp_address_filter *filter, const struct block *block)
{
	char why[200] = "";
	int ret = (block->denies ? fp_address_filter_deny
				 : fp_address_filter_allow)(
		filter, block->text, why, sizeof(why));

	char said[200] = "";
	HOLDS((ret == 0) ==
		fp_is_address_block(block->text, said, sizeof(said)));
	HOLDS(strcmp(why, said) == 0);
	HOLDS((ret == 0) == (why[0] == '\0'));
	return ret;
}

static void
read_blocks(struct fuzz *fuzz, struct fp_address_filter *filter)
{
	for (n_blocks = 0; n_blocks < BLOCKS_MAX && fuzz->left > 0;) {
		struct block *block = &blocks[n_blocks];
		if (*fuzz->at != '+' && *fuzz->at != '-')
			break;
		struct fp_text line = fuzz_until(fuzz, '\n');
		block->denies = *line.data == '-';
		line.data++;
		line.len--;
		block->text = fuzz_string(line);
		if (add(filter, block) == 0)
			n_blocks++;
		else
			free(block->text);
	}
}

static bool
is_allowed(const struct fp_address_filter *filter, const char *text)
{
	const char *why = NULL;
	bool allowed = fp_address_text_allowed(filter, text, &why);

	HOLDS(allowed == !why);
	HOLDS(allowed || (why[0] && strlen(why) < 64));
	return allowed;
}

static bool
is_socket_allowed(const struct fp_address_filter *filter,
	const unsigned char *address, bool as_v4)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct sockaddr_in in = {.sin_family = AF_INET};
	const char *why = NULL;

	memcpy(&in6.sin6_addr, address, 16);
	memcpy(&in.sin_addr, address + 12, 4);
	return fp_address_allowed(
		filter, as_v4 ? (void *)&in : (void *)&in6, &why);
}

/* An IPv4 address in each of its hiding places. */
static void
check_hidden(const struct fp_address_filter *filter, const unsigned char *v4,
	bool allowed)
{
	static const char *const forms[] = {"::ffff:%u.%u.%u.%u",
		"64:ff9b::%u.%u.%u.%u", "::ffff:0:%u.%u.%u.%u",
		"2002:%02x%02x:%02x%02x::1", "2001:0:%02x%02x:%02x%02x::1",
		"2a00::5efe:%u.%u.%u.%u", "64:ff9b:1::%u.%u.%u.%u"};
	char text[100];

	for (size_t i = 0; i < FP_ARRAY_LEN(forms); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof(text), forms[i], v4[0], v4[1], v4[2],
			v4[3]);
#pragma GCC diagnostic pop
		bool hidden = is_allowed(filter, text);
		/* In the last two 0.0.0.0/8 is taken for something else. */
		HOLDS(allowed || !hidden || (i >= 5 && v4[0] == 0));
		HOLDS(i > 0 || hidden == allowed);
	}
}

static void
check_address(const struct fp_address_filter *filter, const char *text)
{
	unsigned char address[16];
	bool allowed = is_allowed(filter, text);

	if (read_address(text, address)) {
		HOLDS(!filter->is_on || !allowed);
		return;
	}
	HOLDS(is_socket_allowed(filter, address, false) == allowed);
	if (is_mapped(address)) {
		HOLDS(is_socket_allowed(filter, address, true) == allowed);
		check_hidden(filter, address + 12, allowed);
	}
	int denies = decide(address);
	HOLDS(denies != 1 || !allowed);
	HOLDS(denies != 0 || allowed || !is_mapped(address));
	if (denies < 0 && is_mapped(address) && !filter->deny_private)
		HOLDS(allowed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	bool deny_private = fuzz_choose(&fuzz, 2);
	struct fp_address_filter filter, backward;

	fp_address_filter_init(&filter, deny_private);
	fp_address_filter_init(&backward, deny_private);
	read_blocks(&fuzz, &filter);
	for (size_t i = n_blocks; i-- > 0;)
		HOLDS(add(&backward, &blocks[i]) == 0);

	char *text = fuzz_string(fuzz_until(&fuzz, '\n'));
	check_address(&filter, text);
	HOLDS(is_allowed(&filter, text) == is_allowed(&backward, text));
	free(text);
	for (size_t i = 0; i < n_blocks; i++)
		free(blocks[i].text);
	fp_address_filter_destroy(&filter);
	fp_address_filter_destroy(&backward);
	return 0;
}
