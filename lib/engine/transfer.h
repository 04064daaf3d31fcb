/* SPDX-License-Identifier: MIT */
/*
 * transfer: one item on one easy handle: from the item to the request, the
 * callbacks while it runs, and the verdict at its end. A transfer is a slot
 * of its lane; its handle is used for one item after the other. What it is
 * doing is its phase, and whatever happens to it is an event: a step.
 *
 * Threads: that of the loop alone.
 * Ownership: the lane owns transfers; a transfer borrows its item's
 * ticket from fp_lane_begin() until a step says FP_ONWARD_OUT.
 * Failure: an item's, as the ticket's kind; nothing else can fail.
 */
#ifndef FP_TRANSFER_H
#define FP_TRANSFER_H

#include "base.h"

#include "carry.h"
#include "crowd.h"
#include "download.h"
#include "greet.h"
#include "gunzip.h"
#include "phase.h"
#include "poller.h"
#include "queue.h"
#include "refusal.h"
#include "request.h"
#include "response.h"
#include "setup.h"
#include "share.h"
#include "sockets.h"
#include "ticket.h"
#include "unpack.h"

#include <curl/curl.h>
#include <sys/types.h>

/* More transfers than this seldom have a body at once, in one loop. */
#define FP_SHELF_THINGS 32

enum fp_stop {
	FP_STOP_NONE,
	FP_STOP_TOO_LARGE, /* the body */
	FP_STOP_HEADERS, /* too many bytes of them */
	FP_STOP_MEMORY,
	FP_STOP_AMBIGUOUS, /* where the response ends is in doubt */
	FP_STOP_LEFT, /* a redirect: the rest of its body is of no use */
	FP_STOP_CANCELLED, /* at the gate, or on the way */
	FP_STOP_STALLED,
	FP_STOP_HOLLOW, /* most of what comes is no body */
	FP_STOP_DESCRIPTORS, /* no socket to be had on this machine */
	FP_STOP_THREAD, /* nor a thread, for a look-up */
	FP_STOP_RESENT, /* it must not be sent twice */
	FP_STOP_FILE, /* it could not be written; the ticket says why */
	FP_STOP_DENIED, /* the address filter */
	FP_STOP_INTENT, /* options.intent would not have it sent */
	FP_STOP_STALE, /* the connection it was given is not clean, or new */
	FP_STOP_HELD, /* at the gate: by a pause of its origin, or a rate */
};

/* Which versions of HTTP a handle offers. */
enum fp_offer {
	FP_OFFER_USUAL, /* those of the setup */
	FP_OFFER_BELOW_3,
	FP_OFFER_1_1,
};

/* An easy handle, and what it is set to: it is set anew only where the next
 * request wants something else. */
struct fp_handle {
	CURL *easy; /* NULL until the slot is first used */
	enum fp_offer offer;
	bool is_alone; /* its connection is not to be kept */
	bool is_fresh; /* it has a connection of its own */
	bool is_short; /* of descriptors: others' idle ones are closed */
	bool is_told; /* what libcurl says, for on_debug */
	bool takes_cookies; /* since a redirect */
	long names_s, usual_names_s; /* to keep names: now, then */
	long buffer_bytes; /* to receive into; 0: not chosen here */
	uint64_t n_last; /* bytes of the body before, for that */

	/* What became of it in its use. */
	bool has_cookies; /* of this item or the one before */
	bool is_worn; /* libcurl has sent again by itself on it */
	bool is_swollen; /* it still holds a large head */
	bool expects_copy; /* of its requests' heads, by libcurl: for TLS */
	char error[CURL_ERROR_SIZE]; /* of the last request */
};

/* Things that are in no use. */
struct fp_shelf {
	void *things[FP_SHELF_THINGS];
	unsigned n;
};

/* What is lent to a transfer for the time of its body. */
struct fp_shelves {
	struct fp_shelf judges; /* of JSON, as the carry keeps them */
	struct fp_shelf finders; /* in JSON, the same */
	struct fp_shelf decoders; /* of gzip, the same */
};

/* What the transfers of one lane share. */
struct fp_context {
	struct fp_setup *setup;
	struct fp_queue *queue;
	int64_t *now_ns; /* the loop's clock */
	struct fp_phases phases; /* what they are doing */
	bool has_fired; /* a request is on the wire that is not counted yet */
	bool is_stirred; /* the queue may have more for us than it had */
	int64_t left_ns; /* when a look-up was last left behind, unended */
	struct fp_poller *poller; /* the loop's */
	CURLSH *sessions; /* of TLS, the same */
	struct fp_greetings *greetings; /* the same */
	unsigned n_greeting; /* transfers that others wait for */
	unsigned number; /* of the lane, for it */
	struct fp_sockets sockets;
	struct fp_tlsask_flood flood; /* on them */
	struct fp_crowd crowd;
	struct fp_shelves *shelves; /* the loop's */
};

/* The body of an answer, as it comes. */
struct fp_transfer_body {
	enum fp_packing packing; /* undone: GZIP by gunzip, or by unpack */
	bool is_filed; /* it goes to a file */
	bool is_joined; /* to what came of it before */
	bool is_unclean; /* it ended without close_notify, libcurl says */
	uint64_t n_received, n_before; /* bytes: packed body; TCP before it */
	size_t n_fed; /* paused: of what libcurl will bring again */
	int64_t paused_ns; /* since then; 0: the lane has not seen it yet */
	struct fp_carry carry;
	struct fp_gunzip gunzip;
	struct fp_unpack unpack;
	size_t unpack_bytes; /* that it was given for that */
	struct fp_tlsask_end tls_end; /* of one that ends with its session */
};

/* The sockets of one that connects, of which libcurl may not tell: nudge.c. */
struct fp_transfer_nudge {
	struct {
		int fd;
		ino_t inode; /* 0: none */
	} sockets[2];
	bool is_doubtful; /* whether they are all there still */
	unsigned n; /* nudges to come */
};

struct fp_transfer {
	struct fp_context *context;
	struct fp_setup *setup; /* context->setup */
	struct fp_transfer *next; /* in the lane's list of idle slots */
	struct fp_ticket *ticket; /* NULL: it is idle */
	enum fp_transfer_phase phase; /* see fp_transfer_step() */
	enum fp_stop stop; /* why we ended it ourselves */
	unsigned slot; /* its number among all of the pool */
	const char *denied; /* why, with FP_STOP_DENIED */
	const char *unread; /* the file of authorities that cannot be read */
	struct fp_request request;
	struct fp_download download;

	/* Its connection. */
	struct fp_hold hold;
	uint64_t greets; /* whose first handshake others wait for; or 0 */
	bool needs_2; /* the server may speak nothing else than HTTP/2 */
	unsigned n_on_wire; /* requests that passed the gate */
	unsigned n_stale; /* connections that were not clean */
	struct fp_transfer_nudge nudge;

	/* The answer. */
	struct fp_response response;
	struct fp_waithint hints; /* of the response, or those before it */
	struct fp_buf refusal; /* how the text of one begins */
	struct fp_buf location, links; /* where a redirect leads; Link fields */
	size_t n_header_bytes; /* of all responses of this transfer */
	size_t n_cookie_bytes; /* that its item's hops have set */
	struct fp_transfer_body body;

	/* When what happened, and is to happen. */
	int64_t due_ns; /* delayed or held, or leaving at most: until then */
	int64_t begun_ns; /* this attempt */
	int64_t tried_ns; /* this request, since it was last set up */
	int64_t skipped_ns; /* while it connected: does not count */
	int64_t heard_ns; /* when the last byte came */
	int64_t sent_ns; /* when more of the body was seen to have gone out, */
	int64_t n_sent; /* and how much of it that was */
	int64_t occupied_ns; /* with a trace: when it got its ticket, */
	bool is_continued; /* and whether that had begun its attempt before */
	struct fp_handle handle;
};

/* Whether libcurl takes what every transfer sets. -1: ENOMEM; or ENOTSUP, and
 * `why` says what it refuses. */
int fp_transfer_try(struct fp_setup *setup, char *why, size_t why_size);

void fp_transfer_init(struct fp_transfer *transfer, struct fp_context *context);
void fp_transfer_destroy(struct fp_transfer *transfer);

enum fp_event_what {
	FP_EVENT_DELAY, /* it got its ticket, and pauses first */
	FP_EVENT_HOLD, /* the same, until others have shaken hands */
	FP_EVENT_BEGIN, /* the same, or that is over: the request is made */
	FP_EVENT_RESTED, /* its pause is over */
	FP_EVENT_OPENED, /* libcurl opens a connection for it */
	FP_EVENT_FOUND, /* libcurl has one, and is about to send */
	FP_EVENT_SENT, /* the gate lets the request pass */
	FP_EVENT_REDIRECTED, /* the head is a redirect's, to be followed */
	FP_EVENT_REPEAT, /* the same request is to be made: with another token,
			  * or for all of a body and not its rest */
	FP_EVENT_TOLD, /* the head says all that options.check wants */
	FP_EVENT_BODY, /* its first byte */
	FP_EVENT_FULL, /* there is no memory for the next ones */
	FP_EVENT_ROOM, /* there may be some again */
	FP_EVENT_DONE, /* libcurl ended it with `code` */
	FP_EVENT_LEAVE, /* its body took too long: it is taken from libcurl */
	FP_EVENT_STOP, /* the same, for this reason of ours */
	FP_EVENT_LATE, /* the same, for its time is over */
	FP_EVENT_BREAK, /* the same, or it was never given: libcurl failed */
};

struct fp_event {
	enum fp_event_what what;
	CURLcode code;
	enum fp_stop stop;
	struct fp_ticket *ticket; /* with FP_ONWARD_OUT: set */
};

/* What its lane is to do. */
enum fp_onward {
	FP_ONWARD_STAY, /* nothing */
	FP_ONWARD_ADD, /* give it to libcurl */
	FP_ONWARD_OUT, /* it is idle, and event->ticket goes to the schedule */
};

/* All that happens to a transfer: moves its phase. The events from DONE on are
 * for one that libcurl does not have any more. */
enum fp_onward fp_transfer_step(
	struct fp_transfer *transfer, struct fp_event *event);

/* Whether one that is paused would find room now. */
bool fp_transfer_may_go_on(struct fp_transfer *transfer);

/* Frees what no body has now. */
void fp_transfer_clear_shelves(struct fp_shelves *shelves);

/* Something happened on a connection that no transfer wants anything of. */
void fp_context_stirred(struct fp_context *context, int fd, int64_t now_ns);

#endif
