/* SPDX-License-Identifier: MIT */
/*
 * setup: what all transfers of a pool have in common, made once from its
 * options: the parsed template, the header list, the statuses that are a
 * success, the HTTP version.
 *
 * Threads: shared by all loops and constant, but for `memory` and `no_new`,
 * which are atomic, like `n_partials` and `n_handshakes`, `idletimes` and
 * `trust`, which have locks, has_fault, and options.fill. Ownership: the pool
 * embeds it. Failure: fp_setup_init() -1 with errno.
 */
#ifndef FP_SETUP_H
#define FP_SETUP_H

#include "base.h"

#include "address.h"
#include "curlopt.h"
#include "idletime.h"
#include "jsontake.h"
#include "memory.h"
#include "netrc.h"
#include "nextrule.h"
#include "outcome.h"
#include "outfile.h"
#include "ratecount.h"
#include "rates.h"
#include "retry.h"
#include "thread.h"
#include "tlsask.h"
#include "trust.h"
#include "uritemplate.h"

#include <curl/curl.h>
#include <stdatomic.h>

struct fp_setup {
	struct fp_options options;
	struct fp_uritemplate *template; /* NULL: every item is a URL */
	struct fp_statuses ok;
	struct curl_slist *own_headers; /* ours */
	struct curl_slist *headers; /* ours and then the user's */
	struct curl_slist *travelling; /* those of them for other origins */
	struct curl_slist *wire_headers; /* the same, for the handle */
	const char *protocols; /* allowed schemes that libcurl has */
	bool has_tls; /* libcurl */
	bool resumes_nothing; /* no TLS session: as the user wants it */
	bool is_direct; /* no request goes through a proxy */
	long proxy_port; /* where no port was said, or it was lost; 0: any */
	char *noproxy; /* hosts that none is used for; NULL: as libcurl knows */
	struct fp_curlopts curlopts;
	struct fp_trust trust;
	int family; /* AF_INET, AF_INET6: of all connections; 0: of any */
	struct fp_netrc netrc; /* no entries: none, or the options log in */
	struct fp_address_filter addresses;
	struct fp_pointers *fail_if; /* NULL: none */
	struct fp_nextrule next; /* options.next */
	uint64_t max_pages;
	struct {
		const char *pointers[FP_JSONTAKE_MAX];
		size_t n;
		int next, until, each; /* which is what; -1: none */
	} take; /* values of each page's body */
	bool is_withdrawn; /* what was made for it goes with it, if unused */
	struct fp_outdir outdir; /* fd -1: bodies go to no files */
	struct fp_uritemplate *name_template; /* of a file; NULL: by seq */
	const char *temporary_folder; /* that the user wants; or NULL */
	bool cannot_see_close; /* of TLS, where a body ends with it */
	bool copies_heads; /* libcurl does, of requests over TLS, and they are
			    * many: a block of 16 KiB for each */
	bool tells_socket; /* of a connection, at the gate */
	bool cannot_look; /* at a kept connection before it is used */
	struct fp_tlsask tlsask;
	unsigned lookup_threads; /* of a look-up; 2: a multi handle's */
	bool changes_escapes; /* of a path: libcurl does */
	bool signs; /* requests: see CURLOPT_AWS_SIGV4 */
	bool joins_headers; /* in wire_headers */
	bool forgets_connecting; /* libcurl does, see nudge.c */
	bool forgets_read;
	bool has_small_buffers; /* there may be many transfers at once */
	bool tells_refusal; /* of a stream, in its messages */
	bool cannot_multiplex; /* streams on one connection */
	long http_version; /* CURL_HTTP_VERSION_... */
	bool loses_early; /* answers of HTTP/2 to requests with a body */
	bool loses_early_3; /* the same of HTTP/3 */
	bool is_fresh; /* each request has a new connection ... */
	bool is_alone; /* ... or its connection is not used again */
	bool has_name_time; /* the user says how long addresses are kept */
	struct fp_retry_policy retry;
	bool is_idempotent; /* each request, the user says */
	struct fp_rates rates; /* of the pool, this process's share */
	struct fp_rates host_rates;
	bool has_rates; /* one of them, or both */
	struct fp_ratecount rate_count; /* nothing in it: there is none */
	struct fp_idletimes idletimes; /* of all servers; under its lock */
	struct fp_memory memory; /* of all bodies; atomic */
	struct fp_mutex fault_lock; /* over has_fault */
	struct fp_mutex fill_lock; /* over what options.fill lends */
	bool has_fault; /* fp_setup_fault() was called */
	void (*halt)(void *arg, const char *why); /* for it; set by the pool */
	void *halt_arg;
	struct fp_bearer *bearer; /* of the pool; NULL: no token is sent */
	atomic_uint n_partials; /* files that are kept, of bodies that broke */
	unsigned most_partials; /* of them */
	char boot[FP_OUTFILE_BOOT_BYTES]; /* of the machine; see outfile.h */
	atomic_uint n_handshakes; /* that are over, with small buffers */
	atomic_bool no_new; /* cancelled: no request may go out any more */
};

/* The line by which a file has no type that libcurl would make up. Where lines
 * are signed, so would be one that is not sent. */
static inline const char *
fp_setup_file_type(const struct fp_setup *setup)
{
	return setup->signs ? "Content-Type: application/octet-stream"
			    : "Content-Type:";
}

/* Appends to *travelling, NULL at first, the headers that may go to another
 * origin. -1: no memory. */
int fp_setup_select_headers(
	const struct curl_slist *headers, struct curl_slist **travelling);

/* EINVAL: an option is wrong, and `why` says which. */
int fp_setup_init(struct fp_setup *setup, const struct fp_options *options,
	char *why, size_t why_size);
void fp_setup_destroy(struct fp_setup *setup);

/* The limit on connecting and some time more, as libcurl's type can hold it: it
 * has 25 days on machines of 32 bits. 0: there is none. */
long fp_setup_connect_ms(const struct fp_setup *setup, int64_t more_ms);

/* Something that all items need is gone for good, and errno says why: no item
 * is started any more. From any thread that holds no lock; the first call
 * counts, and has had its effect when any returns. */
void fp_setup_fault(struct fp_setup *setup, const char *what, int err);

/* The same, in other words. */
void fp_setup_halt(struct fp_setup *setup, const char *why);

#endif
