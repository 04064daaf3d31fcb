/* SPDX-License-Identifier: MIT */
/*
 * servers: what was seen of each server (scheme, host and port): how many
 * requests, what became of them, how long they took, and its pauses. Of more
 * servers than there is room for, the later ones are counted together.
 *
 * Threads: the caller's lock; time is an argument.
 * Ownership: the caller embeds it; zeroed, it is empty.
 * Failure: cannot fail.
 */
#ifndef FP_SERVERS_H
#define FP_SERVERS_H

#include "base.h"

#include "fetchpool.h"
#include "spread.h"

#define FP_SERVERS_MAX 200 /* [0]: all that are too many */
#define FP_SERVERS_STATUSES 12 /* told apart, of one server */
#define FP_SERVERS_NAME_MAX 280
#define FP_SERVERS_JOBS 64 /* numbers kept, of all that were found */

struct fp_server {
	char name[FP_SERVERS_NAME_MAX]; /* "https://api.example.com:443" */
	uint64_t n_requests;
	struct {
		int status; /* 0: no response; -1: any other */
		uint64_t n;
	} statuses[FP_SERVERS_STATUSES + 1];
	uint64_t n_reused; /* of the requests: on a connection that was there */
	uint64_t n_errors; /* attempts that failed */
	uint64_t n_fine; /* that succeeded */
	int last_error; /* the status of the last that failed; 0: it had none */
	double busy_ns; /* of its requests */
	double answer_ns; /* of that: until the first byte */
	int64_t first_ns, last_ns; /* when a request began and one ended */
	struct fp_spread times; /* of its requests */

	/* How long its first answers took, as many as there are jobs, and the
	 * later ones: these were asked for when it was as busy as it gets. */
	unsigned n_first;
	int64_t least_first_ns;
	double sum_first_ns;
	struct fp_spread later;
	double sum_later_ns;
	int64_t answered_ns; /* when it last answered */
	double sum_gap_ns, sum_gap2; /* between those answers; and squared */

	/* Pauses. */
	uint64_t n_pauses;
	int64_t paused_ns; /* in all */
	int64_t paused_until_ns;
	int pause_status;
	char learned[32]; /* the rate that it was found to allow; or "" */

	/* How many requests at once were found for it, from when on. */
	struct {
		int64_t at_ns; /* since the run began */
		unsigned n;
	} jobs[FP_SERVERS_JOBS];
	unsigned n_jobs; /* of these */
	int64_t jobs_gap_ns; /* between two of them, at least */
};

struct fp_servers {
	unsigned n; /* in use, [0] included */
	struct fp_server all[FP_SERVERS_MAX];
	struct {
		uint64_t hash; /* of how a URL begins */
		unsigned at; /* its server; 0: the place is free */
	} table[4 * FP_SERVERS_MAX];
	unsigned n_in_table;

	/* The last one's. */
	char base[FP_SERVERS_NAME_MAX];
	size_t base_len;
	unsigned last;
};

/* The one that this URL is of; its name, too, is such a URL. */
struct fp_server *fp_servers_find(struct fp_servers *servers, const char *url);

/* Its name, but for a port that goes without saying, and without a scheme. */
void fp_servers_short(
	const char *name, char text[FP_SERVERS_NAME_MAX], bool has_scheme);

/* One request to it has ended. `n_jobs` of them may be under way at once. */
void fp_servers_note(
	struct fp_server *server, const struct fp_span *span, unsigned n_jobs);

/* It gets no requests from then on for so long. Whether it is another pause,
 * and not the same one made longer. */
bool fp_servers_pause(
	struct fp_server *server, int status, int64_t now_ns, int64_t wait_ns);

/* So many requests at once were found for it. Of very many numbers some are
 * left out, but never the last; of all that are too many, none is kept. */
void fp_servers_jobs(struct fp_servers *servers, struct fp_server *server,
	unsigned n, int64_t at_ns);

/* How long it was paused up to then. */
int64_t fp_servers_paused_ns(const struct fp_server *server, int64_t now_ns);

#endif
