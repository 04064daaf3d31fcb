/* SPDX-License-Identifier: MIT */
/*
 * origin: one server (scheme, host and port, RFC 9110, section 4.3.1), as far
 * as it decides when requests to it may start: how many are under way, whether
 * it asked for a pause, whether it answers at all.
 *
 * Threads: the caller's lock; time is an argument.
 * Ownership: fp_origins owns all of them; one that is held stays.
 * Failure: fp_origins_init() -1 and fp_origins_hold() NULL with ENOMEM.
 */
#ifndef FP_ORIGIN_H
#define FP_ORIGIN_H

#include "base.h"

#include "busy.h"
#include "concurrency.h"
#include "fetchpool.h"
#include "hash.h"
#include "hostrate.h"
#include "retry.h"
#include "timeheap.h"
#include "url.h"

#include <sys/queue.h>

/* What holds for each origin. */
struct fp_origin_rules {
	unsigned jobs; /* of the whole pool */
	unsigned host_jobs; /* of them, at most so many to one origin */
	bool finds_jobs; /* how many of these, from its answers */
	size_t waiting_max; /* items that wait for one that went silent */
	struct fp_rates rates; /* n 0: no limit */
	bool is_paced;
	struct fp_rateredis *redis; /* counts them; NULL: memory does */
	struct fp_busy_rules busy;
	int64_t pause_max_ns; /* of a pause that a server asks for; 0: any */
	bool tells_pauses; /* each of them is news */
	bool tells_jobs; /* the same of each number that is found */
};

/* What an attempt told of its origin. */
enum fp_heard {
	FP_HEARD_NOTHING, /* it ended for other reasons */
	FP_HEARD_ANSWER,
	FP_HEARD_BUSY, /* too many requests, or it may be that */
	FP_HEARD_TROUBLE, /* an answer, but neither this nor that */
	FP_HEARD_SILENCE, /* no address, or no connection */
};
struct fp_report {
	enum fp_heard heard;
	bool is_first_success; /* the first attempt, and it succeeded */
	bool is_started; /* by fp_origin_start() */
	bool is_last; /* the item has no attempt left */
	bool is_probe; /* it was let through to find out */
	bool is_too_long; /* the pause is longer than anyone waits */
	bool is_malformed; /* its Retry-After says nothing */
	int status; /* the answer's; 0: none */
	struct fp_refused refused; /* with FP_HEARD_BUSY */
	uint64_t random; /* for the pause, from fp_random_for() */
	int64_t wait_ns; /* FP_HEARD_BUSY: of the item alone */
	int64_t refused_ns; /* when the item was refused before; 0: never */
	bool is_test; /* of a doubtful no */
	bool is_bare, is_closed; /* it failed, in no words; in no answer */
	bool is_sole; /* it was let out alone */
	bool is_first; /* the first attempt */
	unsigned n_refused; /* how often, with others that passed in between */
	enum fp_kind kind;
	int64_t begun_ns; /* the attempt */
	int64_t pause_ns; /* that the server asks for; 0: none */
};

enum fp_circuit {
	FP_CIRCUIT_CLOSED, /* as usual */
	FP_CIRCUIT_OPEN, /* silent for some attempts */
	FP_CIRCUIT_DOWN, /* and given up */
};

struct fp_ticket_list {
	struct fp_ticket *first, **last;
};

/* Items that were tried before are told apart by their attempts, up to this. */
#define FP_ORIGIN_RANKS 6

TAILQ_HEAD(fp_origin_list, fp_origin);

struct fp_origin {
	struct fp_hash_link link; /* in the table */
	uint64_t hash; /* of its name, for others too */
	unsigned n_holds; /* tickets that are for it */
	unsigned n_tried; /* of them, those that were started once */
	TAILQ_ENTRY(fp_origin) idle; /* among those that nobody holds */

	/* Under way. */
	unsigned n_active; /* items that loops have */
	unsigned limit; /* of them; less than the rules' after 429 and 503 */
	struct fp_concurrency *concurrency; /* NULL: with the rules' number */
	bool is_hurried; /* what asks now may go over it */
	unsigned n_good; /* answers since the limit last changed */
	int64_t halved_ns; /* when it was last lowered */
	struct fp_busy busy;
	struct fp_hostrate rate; /* if the rules have one */
	struct fp_budget budget; /* of retries */

	/* Pauses. */
	int64_t not_before_ns;
	int status; /* of its notice; 0: a quota is used up */
	int64_t asked_until_ns; /* longer, if it asks for too much */
	bool is_parked; /* for longer than anyone waits */

	/* Silence. */
	enum fp_circuit circuit;
	unsigned n_silent; /* attempts in a row without a connection */
	int64_t silent_ns; /* when the first of them ended */
	bool is_told; /* the user, since the circuit opened */
	bool has_answered;
	bool is_probing; /* one is under way */
	int64_t probe_ns; /* when the next may go */
	int64_t probe_wait_ns; /* and how long after the one before */
	enum fp_kind kind; /* how the last attempt failed */

	/* Its name. */
	bool is_known, is_looking_up; /* known: also if it needs not be */

	/* Items that wait for it, oldest first; where the schedule has it. */
	struct fp_ticket_list again[FP_ORIGIN_RANKS]; /* were tried before */
	struct fp_ticket_list waiting; /* the others */
	size_t n_waiting; /* in both */
	struct fp_origin_list *list; /* of the schedule; NULL: in none */
	TAILQ_ENTRY(fp_origin) listed; /* in it */
	struct fp_timed timed;

	/* Something to tell the user. */
	unsigned news; /* a bit for each enum fp_notice_why */
	bool is_news; /* it is in the schedule's list of them */
	int64_t told_ns; /* when a pause was last told; 0: never */
	unsigned n_pauses; /* since then */
	bool was_malformed; /* a Retry-After of it, once */
	struct fp_origin *next_news;

	char name[]; /* "https://example.com:443" */
};

/* What is left of an origin: its rate and its pause. */
struct fp_origin_trace {
	uint64_t hash; /* of its name: two that are alike share it all */
	int64_t last_ns; /* when the last of its starts was */
	int64_t not_before_ns, asked_until_ns;
	uint32_t n_fired; /* its starts; 0: last_ns says nothing */
	int16_t status;
	bool is_parked, is_used;
};

struct fp_origins {
	struct fp_origin_rules rules;
	struct fp_hash table;
	size_t n_open; /* of them, whose circuit is not closed */
	struct fp_origin_list idle; /* those that nobody holds, oldest first */
	size_t n_idle;
	struct fp_origin_trace *traces; /* in the places of their hashes */
	size_t cap_traces, n_traces; /* a power of two, or 0; places in use */
};

struct fp_origin_name {
	char text[FP_ORIGIN_MAX]; /* "https://example.com:443" */
	size_t len;
	uint64_t hash;
};

/* The name of the last URL's, and how that URL began, up to its path. */
struct fp_origin_last {
	struct fp_origin_name name;
	char base[FP_ORIGIN_MAX];
	size_t base_len; /* 0: there was none, or it is too long */
};

int fp_origins_init(
	struct fp_origins *origins, const struct fp_origin_rules *rules);
void fp_origins_destroy(struct fp_origins *origins);

/* The name of the origin of a URL that passed fp_url_check(). */
void fp_origin_name(struct fp_origin_name *name, const char *url);

/* The same, cheaper if the URL begins like the last one; until the next. */
const struct fp_origin_name *fp_origin_name_next(
	struct fp_origin_last *last, const char *url);

/* The next, in no order; of NULL: the first. NULL: that was all. */
struct fp_origin *fp_origins_walk(
	const struct fp_origins *origins, const struct fp_origin *origin);

/* The origin of this name; to be let go of. */
struct fp_origin *fp_origins_hold(
	struct fp_origins *origins, const struct fp_origin_name *name);
void fp_origins_let_go(
	struct fp_origins *origins, struct fp_origin *origin, int64_t now_ns);

struct fp_ticket;

/* An item waits there, behind those like it or before them. */
void fp_origin_put(
	struct fp_origin *origin, struct fp_ticket *ticket, bool goes_first);

/* Takes out the one that is next, or that of this turn; NULL: there is none. */
struct fp_ticket *fp_origin_pop(struct fp_origin *origin);
struct fp_ticket *fp_origin_pick(struct fp_origin *origin, uint64_t turn);

/* Puts it into a list of the schedule, out of which it is; takes it out. */
void fp_origin_enlist(
	struct fp_origin_list *list, struct fp_origin *origin, bool goes_first);
void fp_origin_unlist(struct fp_origin *origin);

enum fp_leave {
	FP_LEAVE_GO,
	FP_LEAVE_WAIT, /* until *until_ns, or something is heard */
	FP_LEAVE_RATE, /* until *until_ns: so many have started */
	FP_LEAVE_NEVER, /* it does not answer, or wants no requests */
};

/* Whether an item may start. Its name's look-up is not looked at. */
enum fp_leave fp_origin_may_start(const struct fp_origins *origins,
	struct fp_origin *origin, bool is_retry, int64_t now_ns,
	int64_t *until_ns);

/* What an item waits for that it holds back. */
enum fp_wait fp_origin_wait(const struct fp_origin *origin, int64_t now_ns);

/* The same, of an item that waits at this origin. */
enum fp_held fp_origin_holds(const struct fp_origins *origins,
	const struct fp_origin *origin, int64_t now_ns);

/* An item starts that may, perhaps as a probe. 1: with this token in the count
 * of its rates. 0: not, as its start is gone. -1: ENOMEM. */
int fp_origin_start(const struct fp_origins *origins, struct fp_origin *origin,
	bool *is_probe, uint32_t *token, int64_t now_ns);

/* An attempt ended. May leave news. */
void fp_origin_hear(struct fp_origins *origins, struct fp_origin *origin,
	const struct fp_report *report, int64_t now_ns);

/* Takes one piece of its news, for the user. */
struct fp_notice fp_origin_tell(struct fp_origin *origin, int64_t now_ns);

/* Why it may never start, as a message. */
void fp_origin_explain(const struct fp_origin *origin, int64_t now_ns,
	enum fp_kind *kind, char *text, size_t size);

#endif
