/* SPDX-License-Identifier: MIT */
/*
 * cause: one sentence that says what held a run back, with the figure that
 * shows it, and what to try; and what holds it at this moment, in a few words.
 *
 * Threads: any.
 * Ownership: texts go into the caller's arrays; texts in the figures are lent.
 * Failure: cannot fail; what is too long is cut.
 */
#ifndef FP_CAUSE_H
#define FP_CAUSE_H

#include "base.h"

#include "fetchpool.h"
#include "servers.h"
#include "timeline.h"

#define FP_CAUSE_MAX 700

/* What is known of a run. Times are in seconds. */
struct fp_figures {
	bool is_over; /* or only so far */
	double seconds;
	unsigned n_jobs;
	double use_s[FP_USE_COUNT]; /* of all slots: n_jobs * seconds */
	uint64_t n_done, n_failed; /* items that ended */
	uint64_t n_retried; /* attempts that another one followed */
	uint64_t n_requests, n_reused;
	double user_s, system_s; /* of the processors */
	unsigned n_cpus;

	/* Of the server that was waited for the longest. */
	struct fp_figures_answers {
		char server[FP_SERVERS_NAME_MAX];
		double part; /* of all requests, those to it */
		double in_flight; /* requests that waited for it, on average */
		uint64_t n_first, n_later; /* its first answers, and others */
		double least_s, first_s; /* of the first: least and mean */
		double low_s, middle_s, later_s; /* of the others: the tenth
						  * part, the median, the mean
						  */
		double gap_s; /* between them, when they came */
		double unevenness; /* of that: its variance by its square */
	} answers;

	/* Requests that ended in the first third of the run and in the last:
	 * the median, and what a quarter is under and over. 0: too few. */
	double early_s, early_low_s, early_high_s;
	double late_s, late_low_s, late_high_s;

	/* Of the one that was paused for the longest. */
	uint64_t n_pauses, n_server_pauses; /* of all, and its own */
	unsigned n_pausing; /* servers */
	double paused_s;
	int pause_status;
	uint64_t n_paused_fine; /* attempts that it let through */
	char pausing[FP_SERVERS_NAME_MAX];

	char learned[32]; /* the rate that a server was found to allow; or "" */
	char learned_of[FP_SERVERS_NAME_MAX];
	uint64_t n_errors; /* attempts that failed at one server */
	int last_error;
	char failing[FP_SERVERS_NAME_MAX];
	uint64_t slow_seq; /* the slowest item; 0: none has ended */
	double slow_s;

	/* The caller's to fill. */
	uint64_t n_bytes; /* of bodies */
	const char *output; /* the file; NULL: standard output */
	const char *rate, *host_rate; /* NULL: none */
	unsigned host_jobs; /* 0: no limit */
	bool finds_jobs; /* -j auto */
	bool syncs;
};

/* What a run was held back by. */
enum fp_cause {
	FP_CAUSED_BY_NOTHING, /* no request was made */
	FP_CAUSED_BY_JOBS, /* too few of them */
	FP_CAUSED_BY_ANSWERS, /* too few to tell more */
	FP_CAUSED_BY_SERVER, /* it does so much at a time */
	FP_CAUSED_BY_SLOWDOWN, /* its answers got slower */
	FP_CAUSED_BY_READ, /* bodies */
	FP_CAUSED_BY_LOOKUP,
	FP_CAUSED_BY_CONNECT,
	FP_CAUSED_BY_TLS,
	FP_CAUSED_BY_UNREACHABLE,
	FP_CAUSED_BY_DELAY,
	FP_CAUSED_BY_INPUT,
	FP_CAUSED_BY_OUTPUT,
	FP_CAUSED_BY_JOURNAL,
	FP_CAUSED_BY_ORDER,
	FP_CAUSED_BY_RATE,
	FP_CAUSED_BY_HOST_RATE,
	FP_CAUSED_BY_HOST_JOBS,
	FP_CAUSED_BY_PAUSE,
	FP_CAUSED_BY_LEARNED,
	FP_CAUSED_BY_RETRY,
	FP_CAUSED_BY_MEMORY,
	FP_CAUSED_BY_TOKEN,
	FP_CAUSED_BY_END, /* few items, or few at the end */
	FP_CAUSED_BY_CPU,
	FP_CAUSED_BY_SEVERAL,
	FP_CAUSED_BY_CHANCE, /* it was over too soon to tell */
	FP_CAUSE_COUNT
};

/* "jobs", "server", ... */
const char *fp_cause_name(enum fp_cause cause);

/* The sentence; `part` is how much of the slots' time it was (0 .. 1). */
enum fp_cause fp_cause_find(const struct fp_figures *figures,
	char text[FP_CAUSE_MAX], double *part);

/* What holds it now: "paused until 12:03:07 (429 from h1)"; "" and
 * FP_USE_COUNT if nothing does but the servers' answers. finds_jobs: the limit
 * for a server is the number of jobs that was found for it. */
enum fp_use fp_cause_now(const struct fp_look *look,
	const double n[FP_USE_COUNT], bool finds_jobs, int64_t now_ns,
	char *text, size_t size);

#endif
