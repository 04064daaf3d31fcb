/* SPDX-License-Identifier: MIT */
/*
 * A session can be resumed when the server has handed it out: within the
 * handshake by TLS 1.2, just after it by TLS 1.3. A thousand connections that
 * begin together would all be too early for it, and each whole handshake costs
 * five times what an abbreviated one does.
 *
 * By TLS 1.3 it is for those that begin before the first of them is done:
 * OpenSSL takes a session for used up then (RFC 8446, section C.4), until the
 * next one is handed out.
 *
 * Origins share the places of a small table by their hash. One that is pushed
 * out by another is greeted anew the next time, which a request on a kept
 * connection ends at once.
 */
#include "base.h"

#include "greet.h"

static struct fp_greeting *
greet_place(struct fp_greetings *greetings, uint64_t origin)
{
	return &greetings->all[origin % FP_GREETINGS];
}

int64_t
fp_greet_ask(struct fp_greetings *greetings, uint64_t origin, int64_t now_ns,
	bool *is_first)
{
	struct fp_greeting *at = greet_place(greetings, origin);

	if (at->origin != origin || at->until_ns == 0) {
		greetings->has_ended |= at->n_begun >= FP_GREET_FIRST;
		*at = (struct fp_greeting){
			.origin = origin, .until_ns = now_ns + FP_GREET_NS};
	}
	at->is_over |= at->until_ns <= now_ns;
	*is_first = !at->is_over && at->n_begun < FP_GREET_FIRST;
	at->n_begun += *is_first;
	return at->is_over || *is_first ? 0 : at->until_ns;
}

void
fp_greet_end(struct fp_greetings *greetings, uint64_t origin)
{
	struct fp_greeting *at = greet_place(greetings, origin);

	if (at->origin != origin || at->is_over)
		return;
	at->is_over = true;
	greetings->has_ended = true;
}
