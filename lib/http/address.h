/* SPDX-License-Identifier: MIT */
/*
 * address: which IP addresses may be connected to, so that a list of URLs, a
 * redirect or a name server cannot lead the program to places that only this
 * machine or this network can reach.
 *
 *	fp_address_filter_init(&filter, deny_private);
 *	fp_address_filter_deny(&filter, "203.0.113.0/24", why, sizeof(why));
 *	fp_address_filter_allow(&filter, "10.1.0.0/16", why, sizeof(why));
 *	if (!fp_address_allowed(&filter, address, &reason))
 *		"refused: " reason
 *
 * Private is whatever is not global unicast: what the special-purpose
 * registries of IANA (RFC 6890) do not call globally reachable, all of IPv6
 * outside of 2000::/3, and the forms of IPv6 that lead to IPv4 by way of a
 * translator or a tunnel.
 *
 * Of the blocks that were denied and allowed, those that hold the address
 * decide, and of them the longest prefix: "allow 10.0.0.0/8, deny 10.0.0.53"
 * and "deny 0.0.0.0/0, allow 10.0.0.0/8" both mean what they say, in either
 * order. Of two the same, deny. Only where no block holds it deny_private
 * decides; so a block that is allowed is allowed although it is private.
 *
 * An IPv4 address that is hidden in an IPv6 address (IPv4-mapped, NAT64, 6to4,
 * Teredo, ISATAP, ...) is judged as well, by the same rules: all of it must be
 * allowed. To allow 64:ff9b::/96 therefore opens the IPv4 Internet behind a
 * NAT64, but not 64:ff9b::10.0.0.1. An IPv4-mapped address is nothing but the
 * IPv4 address: blocks of IPv6 do not hold it, ::/0 neither.
 *
 * Threads: any, once the blocks have been given.
 * Ownership: the caller embeds it; fp_address_filter_destroy() frees the
 * blocks. Texts are copied.
 * Failure: said at each function.
 */
#ifndef FP_ADDRESS_H
#define FP_ADDRESS_H

#include "base.h"

struct sockaddr;

struct fp_address_filter {
	bool deny_private;
	bool is_on; /* it denies something at all */
	struct fp_address_block *blocks;
	size_t n_blocks;
};

/* A filter that denies what is private, or nothing. */
void fp_address_filter_init(
	struct fp_address_filter *filter, bool deny_private);

void fp_address_filter_destroy(struct fp_address_filter *filter);

/* Adds a block: "10.0.0.0/8", "2001:db8::/32", or one address. -1 with EINVAL
 * if it is none (bits that are set behind the prefix are an error too: what
 * was meant by 10.1.2.3/8 cannot be known), `why` then says what is wrong with
 * which; or with ENOMEM. The filter is as it was then. */
int fp_address_filter_deny(struct fp_address_filter *filter, const char *block,
	char *why, size_t why_size);
int fp_address_filter_allow(struct fp_address_filter *filter, const char *block,
	char *why, size_t why_size);

/* Whether this may be connected to. If not, *why is the reason, such as
 * "private (10.0.0.0/8)"; it lives as long as the filter. Other families than
 * IPv4 and IPv6 cannot be judged: a filter that is on refuses them, for what
 * is behind a local socket may be a proxy to anywhere. */
bool fp_address_allowed(const struct fp_address_filter *filter,
	const struct sockaddr *address, const char **why);

/* The same for an address as text; refused if it is none. */
bool fp_address_text_allowed(const struct fp_address_filter *filter,
	const char *address, const char **why);

#endif
