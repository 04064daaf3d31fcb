/* SPDX-License-Identifier: MIT */
/*
 * ticket: the place that one item holds, from the line read to the record
 * written, and all that is known about the item meanwhile. There are as many
 * as the window is wide; each goes round and round:
 *
 *	window -> submitter -> queue -> loop -> window -> consumer -> window
 *
 * Threads: exactly one thread holds a ticket at a time, and it alone touches
 * it. Every hand-over goes through the mutex of the window or of the queue,
 * which orders what was written before it.
 * Ownership: the window makes and frees tickets; the holder of one owns what
 * its buffers hold.
 * Failure: cannot fail; a message that finds no memory becomes "out of memory".
 */
#ifndef FP_TICKET_H
#define FP_TICKET_H

#include "base.h"

#include "buf.h"
#include "chain.h"
#include "charset.h"
#include "fetchpool.h"
#include "memory.h"
#include "origin.h"
#include "outfile.h"
#include "spool.h"
#include "timeheap.h"

#define FP_IP_MAX 48

/* Where it is, and with that who holds it. The legal moves are in ticket.c. */
enum fp_stage {
	FP_STAGE_HOME, /* the window: nobody has it */
	FP_STAGE_TAKEN, /* the submitter, who fills it */
	FP_STAGE_FRESH, /* the schedule, from here: not looked at yet */
	FP_STAGE_ORIGIN, /* its origin may not start it now */
	FP_STAGE_WAITS, /* for another attempt, until a time */
	FP_STAGE_DUE, /* that has come */
	FP_STAGE_RESTS, /* a transfer's slot; it has no start yet */
	FP_STAGE_STARTED, /* the same, and counts among its origin's */
	FP_STAGE_FINISHED, /* the window */
	FP_STAGE_LENT, /* the consumer */
	FP_STAGES
};

/* What it has of permission for one request. */
enum fp_start {
	FP_START_NONE,
	FP_START_RESERVED, /* not on the wire yet */
	FP_START_FIRED, /* it is on the wire, and not counted yet */
};
struct fp_ticket_start {
	enum fp_start state;
	uint32_t token; /* of it, in the run's count */
	uint32_t host_token; /* and in that of its origin */
	int64_t unused_ns; /* so long it may be kept unused; 0: as usual */
};

/* By what a file is known to be the one it was. */
struct fp_filemark {
	uint64_t device, inode;
	int64_t size; /* bytes */
	int64_t changed_ns; /* when it was written to; since 1970 */
};

/* What an earlier run knew of the response, and what this one brings. */
struct fp_condition {
	struct fp_buf etag, modified, at; /* known; `at` empty: nothing is */
	bool is_sent; /* with this hop's request */
	struct fp_buf new_etag, new_modified, date; /* this response's */
};

/* What came of a body that broke, as far as its rest can be asked for. */
struct fp_partial {
	struct fp_outfile file; /* fd -1: nothing is kept */
	atomic_uint *n_open; /* of all tickets, this one counted if it is */
	uint64_t total; /* bytes of the whole; 0: not known */
	struct fp_buf etag; /* a strong one */
	struct fp_buf modified; /* Last-Modified; empty: none was named */
	struct fp_buf at; /* where it came from, fit to be shown */
	bool is_asked; /* for the rest, by this hop's request */
};

/* Where redirects have led in this attempt. */
struct fp_trail {
	struct fp_buf hop; /* empty: no further than the item's URL */
	unsigned n_hops;
	struct fp_buf hops; /* as result.hops, which points into it */
	size_t hops_done; /* bytes of it: of hops that were redirected */
	bool is_foreign; /* this hop is not to the origin the user named */
	bool becomes_get; /* the method, and the body is dropped */
	struct fp_buf cookies; /* that they set, between two slots */
};

struct fp_ticket {
	struct fp_result result; /* first: the consumer holds its address */
	struct fp_ticket *next; /* in a list of its holder */
	struct fp_ticket *older; /* in the window's list of all there are */
	uint64_t turn; /* its place in the order; the window's */
	enum fp_stage stage; /* see fp_ticket_move() */

	/* What the item is: filled by the submitter. */
	struct fp_buf input;
	struct fp_item item; /* its texts are in one block */
	void *block;

	/* What became of it: filled by the transfer. result points into it. */
	struct fp_buf url; /* as requested */
	struct fp_buf final_url; /* where redirects led, fit to be shown */
	struct fp_buf shown_url; /* with its password masked, if it has one */
	struct fp_buf type;
	struct fp_buf headers;
	struct fp_buf body;
	struct fp_spool *spool; /* what came before that in `body`; or NULL */
	struct fp_buf message;
	struct fp_buf detail; /* the problem's, in its answer's words */
	char ip[FP_IP_MAX];
	char charset[FP_CHARSET_NAME_MAX];
	bool has_file; /* its body is this one, since its first attempt */
	struct fp_filemark file;
	struct fp_memory *memory; /* that was asked for room; or NULL */
	uint64_t charged; /* bytes */
	size_t decoder_bytes; /* of them, what decodes its body takes */
	size_t head_bytes; /* of them, what a large head takes */
	int64_t started_ns; /* when it first got a slot; monotonic */
	struct fp_try *tries; /* attempts before the last; result.tries */

	/* With options.next: its pages; or, of a ticket that is one page of an
	 * item, that item's ticket, which outlives it. */
	struct fp_chain *chain; /* NULL: no pages */
	struct fp_ticket *of; /* NULL: it is an item's own */
	char *next_page; /* result.next_page; or NULL */

	struct fp_trail trail;
	bool is_refused_head; /* so options.check goes on with GET */
	int64_t used_ns; /* of the attempt's time, in the hops before */
	struct fp_condition *condition; /* with options.recall; or NULL */
	struct fp_partial *partial; /* NULL: nothing ever broke */
	uint64_t refused_token; /* the number of the last one; 0: none was */

	/* How it goes on, and what its origin is to learn: from the transfer to
	 * the schedule. */
	struct fp_again again;
	struct fp_report report;

	/* Its place among others: the schedule's. */
	struct fp_origin *origin; /* held */
	struct fp_timed timed;
	struct fp_ticket_start start;
	bool is_tried; /* was started once */
	bool is_held; /* its origin did not let it start, when last asked */
	bool is_probe;
	bool is_doubted; /* whether it goes on is found out when it is due */
	bool is_test; /* of such a doubt */
	bool is_sole; /* out to see whether its origin still refuses */
	int64_t refused_ns; /* when it was last refused there; 0: it was not */
	unsigned n_refused; /* with others that passed in between */
	unsigned n_excused; /* attempts that do not count */
	bool is_strange; /* looks its origin's name up */

	/* The transfer's. */
	bool is_rested; /* has paused in its slot */
	bool has_begun; /* this attempt has: it is counted */
	unsigned n_short; /* times that no descriptor or thread was to be had */
	bool is_intended; /* options.intent was called for it */
	bool keeps_body; /* if the attempt fails */

	/* With a trace: since when it waits, and what for. */
	int64_t since_ns;
	enum fp_wait waits_for;

	bool is_on_hold; /* until pages of it are given back; the queue's */
};

/* It goes there. A move that is not legal is a bug. */
void fp_ticket_move(struct fp_ticket *ticket, enum fp_stage stage);

/* Takes a copy of the item. -1: no memory; then its input may be missing. */
int fp_ticket_set(struct fp_ticket *ticket, const struct fp_item *item);

/* Its body was decoded from this charset; NULL: from none. */
void fp_ticket_set_charset(struct fp_ticket *ticket, const char *charset);

/* Ends the item with this kind and message, and drops what it has of a body,
 * but with keeps_body. */
void fp_ticket_fail(
	struct fp_ticket *ticket, enum fp_kind kind, const char *message);

/* Forgets what the last attempt met, but that there was one. -1: no memory, and
 * the item has failed. */
int fp_ticket_retry(struct fp_ticket *ticket);

/* Its next request is for its own URL again, and not where redirects led. */
void fp_ticket_rewind(struct fp_ticket *ticket);

/* The page that was fetched becomes the result of `page`, a clean ticket, and
 * the item is at its next page: chain->next_url. -1: no memory, and nothing has
 * changed. */
int fp_ticket_turn(struct fp_ticket *ticket, struct fp_ticket *page);

/* Whether an attempt has failed, and another has not begun: then the text in
 * `message` is still what the last one met. */
bool fp_ticket_has_failed(const struct fp_ticket *ticket);

/* There is no other attempt after all: ends the item as the last one did, with
 * this message. */
void fp_ticket_fail_again(struct fp_ticket *ticket, const char *message);

/* Whether it may take so much more memory for its body. */
bool fp_ticket_has_room(
	struct fp_ticket *ticket, struct fp_memory *memory, uint64_t bytes);

/* Counts the body's memory as it is now. */
void fp_ticket_charge(struct fp_ticket *ticket, struct fp_memory *memory);

/* What there is of the body goes to a file, in `folder` or elsewhere. -1 with
 * errno, and with is_full the item cannot go on. */
int fp_ticket_spool(
	struct fp_ticket *ticket, const char *folder, bool *is_full);

/* The whole body is the result's. -1: errno. */
int fp_ticket_take_body(struct fp_ticket *ticket);

/* Of a body in a file, no more than that is back in memory. -1: no memory, or
 * it cannot be read, and nothing of it is. */
int fp_ticket_unspool(struct fp_ticket *ticket, uint64_t most);

/* What decodes its body takes so much; 0: nothing any more. */
void fp_ticket_hold_decoder(
	struct fp_ticket *ticket, struct fp_memory *memory, size_t bytes);

/* The same of the head of its response. */
void fp_ticket_hold_head(
	struct fp_ticket *ticket, struct fp_memory *memory, size_t bytes);

/* Keeps no more of the body than that. Whether there was more. */
bool fp_ticket_trim_body(struct fp_ticket *ticket, uint64_t most);

/* Drops what it has of a body. */
void fp_ticket_drop_body(struct fp_ticket *ticket);

/* A failed item's result has the body that was kept; `encoding` says as what.
 * Its detail is masked as messages are. */
void fp_ticket_carry_failed(
	struct fp_ticket *ticket, enum fp_body encoding, bool is_cut);

/* Ends an item that was not done. */
void fp_ticket_drop(struct fp_ticket *ticket);

/* Where its next request goes: the URL, or where a redirect led. */
const char *fp_ticket_url(const struct fp_ticket *ticket);
struct fp_text fp_ticket_target(const struct fp_ticket *ticket);

/* Makes ticket->partial, which is freed with the ticket; `n_open` counts the
 * files. -1: no memory. */
int fp_ticket_make_partial(struct fp_ticket *ticket, atomic_uint *n_open);

/* Nothing is kept of a body that broke. */
void fp_ticket_drop_partial(struct fp_ticket *ticket);

/* Ready for the next item; keeps buffers of an ordinary size. */
void fp_ticket_clear(struct fp_ticket *ticket);

void fp_ticket_free(struct fp_ticket *ticket);

/* Lists of tickets that are in no other. */
void fp_ticket_append(struct fp_ticket_list *list, struct fp_ticket *ticket);
void fp_ticket_prepend(struct fp_ticket_list *list, struct fp_ticket *ticket);
struct fp_ticket *fp_ticket_pop(struct fp_ticket_list *list); /* NULL: empty */

/* Takes the item of this turn out of a list; NULL: it is not there. */
struct fp_ticket *fp_ticket_pick(struct fp_ticket_list *list, uint64_t turn);

#endif
