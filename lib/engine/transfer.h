/* SPDX-License-Identifier: MIT */
/*
 * transfer: one item on one easy handle: from the item to the request, the
 * callbacks while it runs, and the verdict at its end. A transfer is a slot
 * of its lane; its handle is used for one item after the other.
 *
 * Threads: that of the loop alone.
 * Ownership: the lane owns transfers; a transfer borrows its item's
 * ticket from fp_transfer_begin() until fp_transfer_end().
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
#include "poller.h"
#include "queue.h"
#include "refusal.h"
#include "request.h"
#include "response.h"
#include "setup.h"
#include "share.h"
#include "sockets.h"
#include "ticket.h"

#include <curl/curl.h>
#include <sys/types.h>

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

/* Things that are in no use, at most one for each transfer. */
struct fp_shelf {
	void *things[FP_LANE_SLOTS_MAX + 1];
	unsigned n;
};

/* What the transfers of one lane share. */
struct fp_context {
	struct fp_setup *setup;
	struct fp_queue *queue;
	int64_t *now_ns; /* the loop's clock */
	bool has_paused; /* a transfer waits for memory */
	bool has_leaving; /* one waits for the end of a redirect's body */
	bool has_fired; /* a request is on the wire that is not counted yet */
	bool is_stirred; /* the queue may have more for us than it had */
	int64_t left_ns; /* when a look-up was last left behind, unended */
	unsigned n_resolving; /* transfers without an address yet */
	unsigned n_strange; /* of them, those whose host is new to all */
	unsigned n_connecting; /* those that have sockets, but none connected */
	struct fp_poller *poller; /* the loop's */
	CURLSH *sessions; /* of TLS, the same */
	struct fp_greetings *greetings; /* the same */
	unsigned n_greeting; /* transfers that others wait for */
	unsigned number; /* of the lane, for it */
	struct fp_sockets sockets;
	struct fp_tlsask_flood flood; /* on them */
	struct fp_crowd crowd;
	struct fp_shelf judges; /* of JSON, as the carry keeps them */
	struct fp_shelf finders; /* in JSON, the same */
	struct fp_shelf decoders; /* of gzip, the same */
};

struct fp_transfer {
	CURL *easy; /* NULL until the slot is first used */
	struct fp_context *context;
	struct fp_setup *setup; /* context->setup */
	struct fp_ticket *ticket; /* NULL: the slot is idle */
	struct fp_request request;
	struct fp_response response;
	struct fp_waithint hints; /* of the response, or those before it */
	struct fp_buf refusal; /* how the text of one begins */
	struct fp_carry carry;
	struct fp_gunzip gunzip;
	struct fp_download download;
	struct fp_buf location, links; /* where a redirect leads; Link fields */
	const char *denied; /* why, with FP_STOP_DENIED */
	const char *unread; /* the file of authorities that cannot be read */
	struct fp_transfer *next; /* in the lane's list of idle slots */
	enum fp_stop stop; /* why we ended it ourselves */
	unsigned slot; /* its number among all of the pool */
	bool is_delayed; /* not begun: waits until due_ns */
	bool is_held; /* delayed, but until others have shaken hands */
	bool is_greeting; /* others wait for its handshake, with this origin */
	uint64_t greets;
	bool is_begun; /* its ticket's attempt goes on here */
	bool is_resolving; /* begun, and no connection tried or reused yet */
	bool is_strange; /* the same, and nobody knows its host's name yet */
	bool has_body; /* the carry has begun */
	bool is_paused; /* waits for memory: since, and what was fed already */
	int64_t paused_ns; /* 0: the lane has not seen it yet */
	size_t n_fed;
	bool is_alone; /* its connection is not to be kept */
	long names_s; /* for so long the handle keeps names */
	bool is_told; /* what libcurl says, for on_debug */
	bool is_1_1; /* the handle does not offer HTTP/2 ... */
	bool needs_2; /* ... and the server may speak nothing else */
	bool is_fresh; /* it has a connection of its own */
	bool is_short; /* of descriptors: others' idle ones are closed */
	bool is_gunzipped; /* the body */
	bool is_leaving; /* the head was a redirect's that is to be followed: */
	int64_t leave_ns; /* when it is, should its body not have ended */
	bool is_enough; /* so is a head that options.check asked for */
	bool is_unauthorized; /* or one that asks for another token */
	struct fp_tlsask_end tls_end; /* of a body that ends with its session */
	bool is_unclean; /* it ended without close_notify, libcurl says */
	uint64_t n_received, n_before; /* bytes: packed body; TCP before it */
	bool is_filed; /* the body goes to a file */
	bool is_proxys; /* the response is its answer to CONNECT */
	bool has_opened; /* a connection, for the next request on the wire */
	bool is_connecting; /* for nudge.c: with these sockets */
	bool is_doubtful; /* whether they are all there still */
	struct {
		int fd;
		ino_t inode; /* 0: none */
	} sockets[2];
	unsigned n_nudges; /* to come */
	bool is_worn; /* libcurl has sent again by itself on the handle */
	bool takes_cookies; /* the handle does, since a redirect */
	bool has_cookies; /* and has some, of this item or the one before */
	struct fp_hold hold; /* its connection */
	struct fp_tlsask_flow *flow; /* the same, with HTTP/2; or NULL */
	uint64_t socket_id; /* the same, for what is told of it afterwards */
	unsigned n_on_wire; /* requests that passed the gate */
	unsigned n_stale; /* connections that were not clean */
	size_t n_header_bytes; /* of all responses of this transfer */
	int64_t due_ns, begun_ns; /* if it is delayed; this attempt */
	int64_t tried_ns; /* this request, since it was last set up */
	int64_t skipped_ns; /* while it connected: does not count */
	int64_t heard_ns; /* when the last byte came */
	int64_t occupied_ns; /* with a trace: when it got its ticket, */
	bool is_continued; /* and whether that had begun its attempt before */
	char error[CURL_ERROR_SIZE];
};

/* Whether libcurl takes what every transfer sets. -1: ENOMEM; or ENOTSUP, and
 * `why` says what it refuses. */
int fp_transfer_try(struct fp_setup *setup, char *why, size_t why_size);

void fp_transfer_init(struct fp_transfer *transfer, struct fp_context *context);
void fp_transfer_destroy(struct fp_transfer *transfer);

/* Makes the item's request ready. false: the item is over before it began
 * (its line is no URL, or memory is out), its outcome is in the ticket, and
 * the transfer is idle again. */
bool fp_transfer_begin(struct fp_transfer *transfer);

/* After libcurl ended it with `code`: what is to be done with it. */
enum fp_onward {
	FP_ONWARD_END, /* it is over: fp_transfer_end() */
	FP_ONWARD_ADD, /* give it to libcurl once more */
	FP_ONWARD_PARK, /* the next hop has to wait: fp_transfer_park() */
};
enum fp_onward fp_transfer_next(struct fp_transfer *transfer, CURLcode code);

/* Lets go of the ticket, whose attempt is not over. */
struct fp_ticket *fp_transfer_park(struct fp_transfer *transfer);

/* The name of its host is known, or its connection was there. */
void fp_transfer_resolved(struct fp_transfer *transfer);

/* It has a connection, or needs none any more. */
void fp_transfer_connected(struct fp_transfer *transfer);

/* libcurl's callbacks about connections; `arg` is the transfer, but for
 * on_close the context. */
curl_socket_t fp_transfer_on_open(
	void *arg, curlsocktype purpose, struct curl_sockaddr *address);
int fp_transfer_on_close(void *arg, curl_socket_t fd);

/* The same about TLS: a connection that is about to begin it. */
CURLcode fp_transfer_on_tls(CURL *easy, void *context, void *arg);

/* Whether what libcurl blames on others is for want of descriptors or threads
 * here: then transfer->stop says so. */
void fp_transfer_look_for_shortage(struct fp_transfer *transfer, CURLcode code);

/* It is connected and about to send a request: the last moment to say no. */
int fp_transfer_on_gate(void *arg, char *remote_ip, char *local_ip,
	int remote_port, int local_port);

/* Counts bytes of the body as they came. false: no more of it is to come. */
bool fp_transfer_receive(struct fp_transfer *transfer, size_t len);

/* libcurl's callback for the body. */
size_t fp_transfer_on_body(char *data, size_t one, size_t len, void *arg);

/* One of libcurl's times (CURLINFO_..._TIME_T): since the request was begun, in
 * nanoseconds; 0: that was not reached. */
int64_t fp_transfer_time_ns(const struct fp_transfer *transfer, CURLINFO info);

/* Whether one that is paused would find room now. */
bool fp_transfer_may_go_on(struct fp_transfer *transfer);

/* The carry learns of the status and the type: with the first byte of the
 * body, or at the end if there was none (`is_empty`). */
void fp_transfer_begin_body(struct fp_transfer *transfer, bool is_empty);

/* What the body was judged with is the next one's. */
void fp_transfer_end_body(struct fp_transfer *transfer);

/* Frees what no body has now. */
void fp_context_clear(struct fp_context *context);

/* There is no response any more. */
void fp_transfer_forget_head(struct fp_transfer *transfer);

/* Writes the outcome into the ticket and lets go of it. `code` is libcurl's
 * result; what fetchpool itself knows (stop, the framing, the body) comes
 * before it. */
struct fp_ticket *fp_transfer_end(struct fp_transfer *transfer, CURLcode code);

/* Whether a HEAD of options.check was refused in a way that leaves open whether
 * the link works, or its answer broke: to be asked before fp_transfer_end(). */
bool fp_transfer_is_head_refused(
	const struct fp_transfer *transfer, CURLcode code);

/* What follows from the outcome, and `code`: for the item, whether there is
 * another attempt and when; for its origin, what it is to know. */
void fp_transfer_look_ahead(struct fp_transfer *transfer, CURLcode code);

/* A quota that is used up pauses the origin like a 429, but for that nothing
 * has failed. For its report, when the rest of that is there. */
void fp_transfer_respect_quota(struct fp_transfer *transfer);

#endif
