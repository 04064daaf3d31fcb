/* SPDX-License-Identifier: MIT */
/*
 * fetchpool: fetch many URLs at once, in bounded memory, and get exactly one
 * result for each.
 *
 *	struct fp_options options;
 *	fp_options_init(&options, sizeof(options));
 *	options.url_template = "https://api.example.com/posts/{}";
 *	struct fp_pool *pool = fp_pool_new(&options, why, sizeof(why));
 *
 *	one thread:	fp_pool_submit(pool, &item) ... fp_pool_close(pool);
 *	another:	while ((n = fp_pool_next(pool, results, 64)) > 0) {
 *				use the results;
 *				fp_pool_release(pool, results, n);
 *			}
 *			fp_pool_free(pool);
 *
 * A program that would rather be called than ask sets options.done: then the
 * pool has a thread of its own that calls it for each result and releases the
 * result afterwards; fp_pool_wait() returns after the last.
 *
 * At most options.window items are anywhere between fp_pool_submit() and
 * fp_pool_release(): submitting blocks until a place is free. So a program
 * that submits and takes results on one thread must never have more than that
 * under way, or it waits for itself.
 *
 * Threads: fp_pool_submit() and fp_pool_close() by one thread, fp_pool_next()
 * and fp_pool_release() by one thread (it may be another one), both in turns
 * with options.feed and drain; fp_pool_cancel() by any at any time.
 * Ownership: said at each function.
 * Failure: a fetch that fails is a result with a kind. What fails the pool is
 * -1 or NULL with errno.
 */
#ifndef FETCHPOOL_H
#define FETCHPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of all names in the library these alone can be seen from outside. */
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* Which release this header is of. */
#define FP_VERSION_MAJOR 0
#define FP_VERSION_MINOR 1
#define FP_VERSION_PATCH 0

#define FP_JOBS_MAX 20000
#define FP_WINDOW_MAX 10000000
#define FP_RETRY_MAX 1000
#define FP_SHARE_MAX 1000000
#define FP_TIME_MAX_MS (INT64_C(366) * 24 * 3600 * 1000)

/* How an item ended. The names that the record uses are fp_kind_name()'s. */
enum fp_kind {
	FP_KIND_OK,
	FP_KIND_INPUT, /* the item is not usable; nothing was sent */
	FP_KIND_REFUSED, /* scheme, address or an option forbids it */
	FP_KIND_DNS, /* the name was not resolved */
	FP_KIND_CONNECT, /* no connection */
	FP_KIND_TLS, /* no trusted TLS session, or one that broke */
	FP_KIND_TIMEOUT, /* max_time, connect_timeout or stall_time */
	FP_KIND_NETWORK, /* reset, broken framing, not HTTP */
	FP_KIND_INCOMPLETE, /* the body ended early */
	FP_KIND_HTTP, /* a status that is no success */
	FP_KIND_TOO_LARGE, /* over max_body, or headers without end */
	FP_KIND_BODY, /* the body is not what was demanded */
	FP_KIND_REDIRECT, /* a loop, too many, a downgrade */
	FP_KIND_PAGE, /* the next page: not to be known, or seen before */
	FP_KIND_LOCAL, /* this machine could not: memory, files */
	FP_KIND_STOPPED, /* cancelled before it ended: not done */
};

/* How a record carries the body, and how a result's bytes are to be read. */
enum fp_body {
	FP_BODY_AUTO, /* options only: by Content-Type, then by looking */
	FP_BODY_JSON,
	FP_BODY_TEXT,
	FP_BODY_BASE64,
	FP_BODY_NONE,
};

enum fp_format {
	FP_FORMAT_RECORD, /* one object with all the fields */
	FP_FORMAT_BODY, /* the body alone */
	FP_FORMAT_MERGED, /* the body's members, then "fetch_time" */
	FP_FORMAT_REQUEST, /* what would be sent, after options.dry_run */
};

enum fp_field {
	FP_FIELD_SEQ,
	FP_FIELD_INPUT,
	FP_FIELD_URL,
	FP_FIELD_STATUS,
	FP_FIELD_FETCH_TIME,
	FP_FIELD_ATTEMPTS,
	FP_FIELD_TYPE,
	FP_FIELD_SIZE,
	FP_FIELD_ENCODING,
	FP_FIELD_BODY,
	FP_FIELD_DEFAULTS, /* the ones above are in every record */
	FP_FIELD_METHOD = FP_FIELD_DEFAULTS,
	FP_FIELD_HEADERS,
	FP_FIELD_IP,
	FP_FIELD_HTTP_VERSION,
	FP_FIELD_STARTED,
	FP_FIELD_TIME_CONNECT,
	FP_FIELD_TIME_FIRST_BYTE,
	FP_FIELD_FILE,
	FP_FIELD_FINAL_URL,
	FP_FIELD_REDIRECTS,
	FP_FIELD_CONTEXT,
	FP_FIELD_TRIES,
	FP_FIELD_FRAMING,
	FP_FIELD_CHARSET,
	FP_FIELD_HOPS,
	FP_FIELD_PAGE,
	FP_FIELD_PAGES,
	FP_FIELD_UNCHANGED, /* since an earlier run: with options.recall */
	FP_FIELD_ERROR, /* null: a success */
	FP_FIELD_COUNT,
};

/* One value for a URI template's variable (RFC 6570, section 2.3). */
enum fp_value_type {
	FP_VALUE_STRING, /* texts[0] */
	FP_VALUE_LIST, /* texts[0 .. n_texts - 1]; none: undefined */
	FP_VALUE_MAP, /* name, value, name, value, ...; none: undefined */
};

struct fp_text {
	const char *data; /* may hold any byte; need not end in NUL */
	size_t len;
};

struct fp_value {
	struct fp_text name;
	enum fp_value_type type;
	const struct fp_text *texts;
	size_t n_texts;
	bool is_bare; /* a STRING that JSON has without quotes: 7, true */
};

/* A field of a form, which is sent as multipart/form-data (RFC 7578). */
struct fp_formpart {
	struct fp_text name;
	struct fp_text value; /* data NULL: what is in a file */
	struct fp_text file; /* its name, a NUL behind it: see upload_root */
	struct fp_text type; /* Content-Type; data NULL: by the file's name */
	struct fp_text filename; /* data NULL: the last part of file */
	bool is_text; /* what is in the file is sent without its name */
	bool is_trusted; /* the file may be anywhere, below upload_root or not
			  */
};

/* What is to be fetched. Copied by fp_pool_submit(). Zeroed but for what is
 * known: all but `input` may be missing (data NULL). */
struct fp_item {
	struct fp_text input; /* the record's "input"; the value of {} */
	struct fp_text input_json; /* the same as a JSON value, if it is one */
	bool is_cut; /* input is only the beginning of it */
	bool is_json; /* it is, or should be, JSON: not shown in messages */
	bool is_url; /* input is, or should be, a URL, perhaps without scheme */
	const char *fault; /* not NULL: the item is unusable, and why */

	const struct fp_value *values; /* for the template's other names */
	size_t n_values;
	struct fp_text url; /* instead of the template */
	struct fp_text method;
	const struct fp_text *headers; /* "Name: value", or "Name;" */
	size_t n_headers;
	struct fp_text body;
	bool body_is_json; /* to be sent as application/json */
	struct fp_text body_file; /* in place of it: see upload_root */
	const struct fp_formpart *form; /* in place of both; NULL: none */
	size_t n_form;
	struct fp_text context; /* JSON, given back in the result */

	/* Another item follows, or fp_pool_flush(), or the end, and nothing is
	 * waited for before: this one's result, if it is there at once, may
	 * wait for that too. */
	bool more;

	/* To go on where an earlier run has ended. */
	uint64_t seq; /* the result's; 0: the count of items so far */
	bool outcome_unknown; /* was sent then: it fails (FP_KIND_NETWORK) */

	/* With options.next, to go on with a later page: the last result's
	 * page, next_page and, of all pages before, page_hash. */
	uint64_t page; /* 0: from the first */
	struct fp_text next_page;
	const uint64_t *seen;
	size_t n_seen;
};

/* What options.json_safe changed. */
struct fp_json_changes {
	uint64_t surrogates; /* halves of pairs that became U+FFFD */
	uint64_t nuls; /* the same of U+0000 */
	uint64_t numbers; /* that became strings */
	uint64_t deep; /* the same of arrays and objects, nested too deep */
};

/* What tells whether a response has changed (RFC 9110, section 8.8). */
struct fp_validators {
	struct fp_text etag; /* len 0: there is none */
	struct fp_text modified; /* a Last-Modified; the same */
	struct fp_text at; /* the URL it came from, passwords masked */
};

/* What a request consists of, in this order. */
enum fp_phase {
	FP_PHASE_LOOKUP,
	FP_PHASE_CONNECT,
	FP_PHASE_TLS,
	FP_PHASE_ANSWER, /* the request goes out; until the first byte */
	FP_PHASE_BODY, /* all that comes behind that byte */
	FP_PHASE_COUNT,
};

/* What became of it. Everything in it lives until fp_pool_release(). */
struct fp_result {
	uint64_t seq; /* the item's; or from 1, in the order of submission */
	struct fp_text input; /* as submitted: it may hold a password */
	bool is_cut; /* the item's is_cut */
	bool is_json; /* the item's is_json */
	bool is_url; /* the item's is_url */
	struct fp_text input_json; /* as submitted */
	struct fp_text context; /* as submitted */
	const char *url; /* passwords masked; NULL: none was made */
	enum fp_kind kind;
	const char *message; /* NULL exactly when kind is FP_KIND_OK */
	int status; /* 0: no response */
	unsigned attempts; /* requests tried */
	int64_t fetch_time_ns; /* from the slot to the end; -1: none */
	const char *type; /* the Content-Type; NULL: none */
	int64_t size; /* bytes of body; -1: no response */
	enum fp_body encoding; /* of body: JSON, TEXT, BASE64 or NONE */
	struct fp_text body; /* JSON on one line, or the bytes as sent */
	struct fp_json_changes changes; /* in the body */
	const char *method; /* NULL: no request was made */
	struct fp_text headers; /* "name: value\n" each, if asked for */
	const char *ip; /* "" or the address connected to */
	const char *http_version; /* "" or "1.1", "2", ... */
	const char *final_url; /* where redirects led, as url */
	unsigned redirects;
	struct fp_text hops; /* "status url\n" each, if asked for; status 0: no
			      * response, no url: all together are too long */
	const char *framing; /* what told the body's end; NULL: nothing came */
	const char *charset; /* that the body was decoded from; NULL: none */
	const char *file; /* where the body is, with output_dir; else NULL */
	int64_t try_ns; /* how long the last attempt took; -1: none was made */
	const struct fp_try *tries; /* those before the last, in order */
	size_t n_tries;
	int64_t retry_after_ns; /* the server wants us away; 0: not said */
	bool is_over_budget; /* too much failed there for another attempt */
	bool is_outcome_unknown; /* it was sent, and not to be sent again */
	bool is_sent_once; /* the same, whatever came of it */
	int64_t started_wall_ns; /* since 1970; 0: did not start */
	int64_t time_connect_ns; /* from the attempt's start; -1: none */
	int64_t time_first_byte_ns;

	/* With options.dry_run. */
	struct fp_text
		request_fields; /* names of header fields, "name\n" each; or,
				 * with dry_run_full, "name: value\n" */
	bool is_request_full; /* request_fields have values, body is its own */
	int64_t request_size; /* bytes of its body; -1: it would have none */

	/* Of a failed item, whose body is that of its answer. */
	bool is_body_cut; /* there was, or would have been, more of it */
	const char *detail; /* what it says of the problem (RFC 9457, sections
			     * 3.1.3 and 3.1.4); NULL: nothing */

	/* With options.next: an item has a result for each of its pages, in
	 * order, with one seq and one input. */
	uint64_t page; /* from 1; 0: without that option */
	uint64_t pages; /* how many there were: in the item's last; else 0 */
	struct fp_text next_page; /* what names the one after it; data NULL:
				   * this is the last */
	uint64_t page_hash; /* of what names this one */

	/* With options.recall. */
	uint64_t variant; /* of the request, by its Accept fields */
	bool is_unchanged; /* it was answered 304 */
	struct fp_validators validators; /* of a success that has changed */

	/* With options.each: body is large, and in memory that a file stands
	 * for, so that what was read of it need not stay. */
	bool is_body_mapped;

	/* With options.trace: how long all its requests were in each phase. */
	int64_t spent_ns[FP_PHASE_COUNT];
};

/* One attempt that was followed by another. */
struct fp_try {
	enum fp_kind kind;
	int status; /* 0: no response */
	int64_t time_ns; /* how long it took */
	int64_t wait_ns; /* until the next one could start */
};

/* What the user of a long run would like to know about a server. */
struct fp_notice {
	enum fp_notice_why {
		FP_NOTICE_PAUSED, /* it said that there were too many requests
				   */
		FP_NOTICE_QUOTA, /* it said that no more are left to us */
		FP_NOTICE_SILENT, /* no connection to it can be made any more */
		FP_NOTICE_MALFORMED, /* its Retry-After says nothing */
		FP_NOTICE_LEARNED, /* how much it lets through */
		FP_NOTICE_COUNT_GONE, /* the server that counts starts cannot
					 be reached: none happens */
		FP_NOTICE_COUNT_BACK, /* after that, it can */
		FP_NOTICE_COUNT_LOST, /* it has lost the count */
		FP_NOTICE_PAUSE, /* with options.tells_pauses: each pause, when
				  * it begins and when it is made longer */
		FP_NOTICE_JOBS, /* with options.tells_jobs: each number of
				 * transfers at once that is found */
	} why;
	const char *origin; /* "https://api.example.com:443"; COUNT_...: the
			       server that counts, without passwords */
	int status; /* 429, 503 or another; 0: none */
#define FP_STATUS_CLOSED (-1) /* connections end without an answer */
	int64_t wait_ns; /* how long no request goes to it, or starts at all */
	unsigned count; /* PAUSED, QUOTA: pauses since the last notice, with
			   this one; JOBS: the number */
	char rate[32]; /* LEARNED: as for --rate, "5/s"; else "" */
	const char *detail; /* COUNT_GONE: why */
};

/* Who waits after an answer that refuses a request because there were too
 * many. Where the server says how long, all requests to it wait, but with
 * FP_BUSY_ITEM. */
enum fp_busy_mode {
	FP_BUSY_AUTO, /* the item, or all of its origin: as answers tell */
	FP_BUSY_ORIGIN, /* all of its origin, each time */
	FP_BUSY_ITEM, /* the item alone */
};

typedef void fp_tell(void *arg, const struct fp_notice *notice);

/* A part of an item's way through the pool. Slots are where transfers take
 * place, at most one at a time in each. */
enum fp_span_what {
	FP_SPAN_WAIT, /* outside of a slot, for what `wait` says */
	FP_SPAN_DELAY, /* in a slot, as options.delay_min_ms wants it */
	FP_SPAN_ATTEMPT, /* in a slot: an attempt, or a part of one */
	FP_SPAN_REQUEST, /* within that: one request, or hop of a redirect */
	FP_SPAN_MEMORY, /* within that: the body waits for memory */
};

/* What an item waited for outside of a slot; if for several things in turn,
 * the last of them. */
enum fp_wait {
	FP_WAIT_SLOT, /* an idle one */
	FP_WAIT_RETRY, /* the time of its next attempt */
	FP_WAIT_REDIRECT, /* a slot for the next hop */
	FP_WAIT_RATE, /* options.rate */
	FP_WAIT_HOST, /* host_jobs, host_rate, or a look-up for others */
	FP_WAIT_PAUSED, /* its origin wants no requests for a while */
};

/* Times are those of CLOCK_MONOTONIC. In one slot, spans follow one another or
 * lie within one another; the inner ones are told of first. What an item goes
 * through in one slot is told of by one thread, one span after the other. */
struct fp_span {
	enum fp_span_what what;
	unsigned slot; /* from 0; nothing in a wait */
	uint64_t seq; /* the item's */
	unsigned attempt; /* from 1; 0: none was begun */
	int64_t start_ns;
	int64_t end_ns;
	const char *url; /* passwords masked; may be NULL */

	enum fp_wait wait; /* of FP_SPAN_WAIT */

	/* Of FP_SPAN_ATTEMPT. An attempt that has to leave its slot between
	 * two hops of a redirect goes on in another one, as a further part. */
	bool is_continued; /* not the attempt's first part */
	bool is_parted; /* nor the last: there is no outcome yet */
	bool is_again; /* another attempt follows */
	enum fp_kind kind;
	const char *message; /* NULL: a success, or no outcome */

	/* Of FP_SPAN_REQUEST: when each phase was over. The first begins at
	 * start_ns, each other one where the one before it ended, and the last
	 * ends at end_ns; those that did not take place end where they began.
	 * These are libcurl's, and as exact as it has them. */
	int64_t phase_end_ns[FP_PHASE_COUNT];
	bool is_reused; /* the connection was there */
	int status; /* also of the attempt; 0: no response */
	const char *ip; /* "" or the address connected to */
};

/* The span and what it points to are lent until it returns. */
typedef void fp_trace(void *arg, const struct fp_span *span);

typedef void fp_done(void *arg, const struct fp_result *result);
typedef int fp_fill(void *arg, struct fp_item *item);
typedef bool fp_drain(
	void *arg, const struct fp_result *const *results, size_t n);
typedef void fp_summon(void *arg, bool is_over);
typedef bool fp_feed(void *arg, size_t max);
typedef int fp_intent(void *arg, uint64_t seq);

/* What whoever gets access tokens has got: lent until the next call. */
struct fp_token_reply {
	struct fp_text text; /* a token, or JSON as in RFC 6749, section 5.1 */
	const char *why; /* there is none; shown to the user */
	const char *said; /* what else there was to be said; or NULL */
};

/* -1: there is none. */
typedef int fp_token(void *arg, struct fp_token_reply *reply);
typedef void fp_token_stop(void *arg);

/* What an earlier run has met at this URL, passwords masked, with this variant
 * of the request. The texts are lent until the next call. false: nothing. */
typedef bool fp_recall(void *arg, const char *url, uint64_t variant,
	struct fp_validators *known);

/* All lengths of time in milliseconds, up to FP_TIME_MAX_MS, all sizes in
 * bytes. The strings and arrays are the caller's and are read until
 * fp_pool_free(). Later versions add members at the end. */
/* Something of this machine that all items need is gone for good, and the pool
 * cancels itself, as by FP_CANCEL_WAITING: what was not fetched is not
 * done. `why` says what. Called once at most, by one of the pool's threads; it
 * may call fp_pool_cancel(). */
typedef void fp_fault(void *arg, const char *why);

struct fp_options {
	size_t struct_size; /* set by fp_options_init() */

	unsigned jobs; /* transfers at once: 1 .. FP_JOBS_MAX */
	size_t window; /* items under way at once; 0: max(4 * jobs, 256) */
	bool keep_order; /* results in the order of submission */
	uint64_t delay_min_ms; /* a pause before each item, drawn evenly */
	uint64_t delay_max_ms;

	const char *url_template; /* RFC 6570; NULL: every item is a URL */
	bool urls_pass; /* an item like scheme://... is a URL all the same */
	bool undefined_fails; /* a variable without value fails the item */
	const char *protocols; /* allowed schemes; NULL: "http,https" */
	const char *user_agent;
	const char *const *headers; /* "Name: value", as curl takes them */
	size_t n_headers;

	const char *method; /* NULL: GET, or POST with a body */
	struct fp_text data; /* the body of every request; data NULL: none */
	bool data_line; /* the item's input is the body */
	const char *upload_file; /* whose contents are; NULL: none */

	/* The files that items name are sent only if they are in this folder,
	 * or below it. NULL: the current one. */
	const char *upload_root;

	/* Paths of files that no item may send, whatever it calls them: those
	 * that the program itself writes, or that hold its secrets. */
	const char *const *withheld;
	size_t n_withheld;
	bool data_is_json; /* and say so */
	unsigned max_redirs; /* 0: redirects are not followed */
	bool location_trusted; /* tell other origins what is meant for one */
	bool allow_downgrade; /* follow from https to http */
	bool insecure; /* believe any TLS certificate */
	bool no_compressed; /* do not ask for gzip */
	const char *http_version; /* "1.1", "2", "3" (or what else the server
				   * has), "3only"; NULL: what is best */
	const char *const *curl_options; /* "NAME=VALUE", libcurl's names */
	size_t n_curl_options;
	const char
		*output_dir; /* bodies go to files in it; NULL: they do not */
	const char *output_name; /* RFC 6570; NULL: seq and an extension */
	bool create_dirs; /* each "/" in such a name makes a folder */
	bool remote_name; /* the last segment of the URL's path, instead */
	bool remote_header_name; /* what Content-Disposition says, if it does */
	bool overwrite; /* files that are there */
	bool deny_private; /* connect to public addresses only */
	const char *const *deny; /* "10.0.0.0/8", ...: not to these */
	size_t n_deny;
	const char *const *allow; /* to these all the same */
	size_t n_allow;

	uint64_t max_time_ms; /* for one attempt; 0: no limit */
	uint64_t connect_timeout_ms; /* look-up, connect and TLS together */
	uint64_t stall_time_ms; /* without one byte, of a body that is sent
				   neither; 0: no limit */
	uint64_t max_body; /* decoded bytes of a body */

	enum fp_body body;
	const char *const *pick; /* keep only these members of a body */
	size_t n_pick;
	const char *const *omit; /* leave these out */
	size_t n_omit;
	bool body_is_object; /* any other JSON body fails */
	bool json_safe; /* JSON bodies as every reader takes them */
	const char *body_lacks; /* one that keeps this member, too; or NULL */
	const char *ok_status; /* "2xx,304,400-404"; NULL: 2xx */
	bool want_headers; /* collect the response's header fields */
	bool want_hops; /* collect status and URL of each hop */

	/* Called for each result by the pool's own thread. It must not call
	 * fp_pool_submit(), fp_pool_wait() or fp_pool_free(), which would wait
	 * for itself; fp_pool_close() and fp_pool_cancel() it may. */
	fp_done *done;
	void *done_arg;

	/* Called by one of the pool's threads for each item whose method is not
	 * idempotent (RFC 9110, section 9.2.2), once, just before its first
	 * request goes on the wire. Other than 0: nothing is sent, and the
	 * item fails with FP_KIND_LOCAL. */
	fp_intent *intent;
	void *intent_arg;

	/* Rates: lists like "20/s,5000/d", each N/PERIOD: in no interval of
	 * that length do more than N requests start. */
	const char *rate; /* of the pool; NULL: no limit */
	const char *host_rate; /* of each origin */
	bool pace; /* evenly, not as soon as may be */
	unsigned share; /* take 1/share of each rate; 0: all of it */
	const char *rate_file; /* shares `rate` with other processes: a file;
				* or redis://..., rediss://..., unix:...,
				* which shares `host_rate` as well */
	unsigned host_jobs; /* transfers at once to one origin; 0: jobs */

	unsigned retry; /* attempts after the first */
	const char *const *retry_on; /* "502,!503,timeout", one after another */
	size_t n_retry_on;
	uint64_t retry_delay_ms; /* the first is drawn from 0 to this ... */
	uint64_t retry_max_delay_ms; /* ... each next from twice that, up to */
	uint64_t retry_max_time_ms; /* for an item's attempts; 0: no limit */
	uint64_t retry_after_max_ms; /* a server's own wish is obeyed up to */
	bool idempotent; /* any request may be sent twice */
	bool respect_ratelimit; /* pause when a quota is used up */
	enum fp_busy_mode busy;
	bool no_learning; /* of the rate that a server lets through */
	uint64_t max_memory; /* bytes of all bodies; what would not fit waits */
	bool strict_framing; /* a body whose end may be a cut fails */
	bool allow_unclean_close; /* of TLS, at the end of a body */
	uint64_t seed; /* of all that is drawn; 0: another each time */

	/* Called by one of the pool's threads. */
	fp_tell *tell;
	void *tell_arg;

	/* Nothing is looked up, connected to or written: an item whose request
	 * could be made succeeds at once, with that request as its result. */
	bool dry_run;

	/* What a .netrc file says: whom to log in as at which host, if neither
	 * the URL nor curl_options do. Len 0: nothing. */
	struct fp_text netrc;

	bool ignore_proxy_env; /* http_proxy and its like */

	/* Called for each span when it is over: by the pool's threads, several
	 * at once. What takes time there holds up all transfers that this
	 * thread drives, which may be half of all. NULL: nothing of it is
	 * measured. */
	fp_trace *trace;
	void *trace_arg;

	/* An expression in the path of url_template that comes to nothing fails
	 * the item, and so does a variable without a value, but in {?...},
	 * {&...} and {#...}. */
	bool empty_fails;

	/* No request goes out at or after this time of CLOCK_MONOTONIC, even if
	 * nobody has called fp_pool_cancel() yet; what is left is not done. 0:
	 * no limit. */
	int64_t deadline_ns;

	/* Paths of files that the program itself reads or writes: no body gets
	 * into their place, whatever its folder is called there. */
	const char *const *reserved;
	size_t n_reserved;

	bool fresh_connect; /* each request on a new connection */

	/* The rate file was removed, cut or replaced, or output_dir cannot be
	 * written to any more. */
	fp_fault *fault;
	void *fault_arg;
	bool dry_run_full; /* with dry_run: fields with values, and the body */

	/* Bytes of the body of an answer whose status is no success that are
	 * kept, and are in the result; 0: none. */
	uint64_t max_error_body;

	/* JSON Pointers (RFC 6901): an item whose JSON body has something there
	 * (not null, false, or an empty string, array or object) fails with
	 * FP_KIND_BODY. Its body is kept as that of such an answer. */
	const char *const *fail_if;
	size_t n_fail_if;

	/* Whether links work: an item that says no method and has no body is
	 * asked for with HEAD, and where that is refused (400, 403, 404, 405,
	 * 501) or breaks, with GET. */
	enum fp_check {
		FP_CHECK_NONE,
		FP_CHECK_HEAD, /* of the GET only the head is read, ... */
		FP_CHECK_BODY, /* ... or its body, too */
	} check;

	/* Called by a thread of the pool's for an access token (RFC 6750),
	 * which is then sent with every request that has no login of its own:
	 * before the first, when it is about to expire, and when it was refused
	 * with 401. Meanwhile no request goes out. If there is none after
	 * options.retry more calls, the run ends as by `fault`. token_stop is
	 * called, once, when no token is needed any more, perhaps by another
	 * thread while token is being called: that is to return soon. */
	fp_token *token;
	void *token_arg;
	fp_token_stop *token_stop;
	/* What comes after each page that was fetched, until nothing does:
	 * "link", its Link field with rel="next" (RFC 8288); a JSON Pointer, a
	 * URL or reference there in its body; "NAME=POINTER", the value there
	 * for the variable NAME of url_template; "NAME=+N" or "NAME=F+N", that
	 * variable counted up by N from 1 or F, until a page is empty. NULL:
	 * nothing comes. But for "link", bodies have to be JSON. */
	const char *next;
	const char *until_empty; /* a JSON Pointer: with nothing there, as for
				  * fail_if, a page is the last; or NULL */
	uint64_t max_pages; /* of one item; 0: 1000 */

	/* Called by the submitter for each item; each GET then asks only for
	 * what has changed (RFC 9110, section 13), and where nothing has, the
	 * result is a success without a body, and is_unchanged. */
	fp_recall *recall;
	void *recall_arg;
	const char *each; /* a JSON Pointer: a body without an array, or null,
			   * there fails; see struct fp_record_format */

	/* With options.next: called for each page of each item, to set what its
	 * request has: headers, n_headers, body, body_is_json, body_file, form
	 * and n_form, or else the fault. `item` is as it was submitted, but
	 * that its values begin with the variable of `next`, if that has a
	 * value. One call at a time, by the submitter or a thread of the
	 * pool's; what it has set is lent until the next call. -1: no memory.
	 */
	fp_fill *fill;
	void *fill_arg;

	bool empty_ok; /* an empty body that had to be JSON is null, too, where
			* something was only asked for */

	/* With output_dir: what came of a larger body stays when its transfer
	 * broke or the program ended, even by SIGKILL, and a pool with the same
	 * key and resumes_parts goes on with it, in an item with the same seq.
	 * At most 16 bytes that a file's name can have. NULL: nothing stays. */
	const char *part_key;
	bool resumes_parts;

	/* The body of every request is this form. NULL: it is none. */
	const struct fp_formpart *form;
	size_t n_form;

	bool tells_pauses; /* tell: also FP_NOTICE_PAUSE */

	/* Called with results by the pool's threads, and by the submitter in
	 * what it calls; by one at a time and not while fp_pool_next() has any.
	 * It must not block. true: they are released. false: fp_pool_next()
	 * gives them, before any others. */
	fp_drain *drain;
	void *drain_arg;

	/* Called by the pool's threads, by several at once, when there is room:
	 * hands in up to `max` items by fp_pool_submit() as long as
	 * fp_pool_has_room(), or none (true) where the submitter is at work.
	 * It must not block, and may be called before fp_pool_new() returns.
	 * false: fp_pool_await_room() is to return. */
	fp_feed *feed;
	void *feed_arg;

	/* How many of these transfers there are at once to each origin is found
	 * from its answers: jobs, and host_jobs, are the most. */
	bool finds_jobs;
	bool tells_jobs; /* tell: also FP_NOTICE_JOBS */

	/* With drain: called once, by any thread, and until then nobody need
	 * call fp_pool_next(): it has a first result to give; or is_over: there
	 * will be none, as drain has released all. It must not block. */
	fp_summon *summon;
	void *summon_arg;
};

/* The defaults that the manual page names, in a struct of `size` bytes: the
 * caller's sizeof(struct fp_options), so that a program that was compiled
 * against an older, smaller one gets no more than that, and all that it does
 * not know is as fp_pool_new() would have it. */
void fp_options_init(struct fp_options *options, size_t size);

/* A pool with its threads running. NULL with errno: EINVAL when an option is
 * wrong (`why`, of `why_size` bytes, then says which and what is right) or the
 * struct is a later version's, ENOMEM, or what thread creation says. The
 * options are copied. The caller frees the pool. */
struct fp_pool *fp_pool_new(
	const struct fp_options *options, char *why, size_t why_size);

/* Hands in one item; blocks while the window is full. -1 with ECANCELED after
 * fp_pool_cancel() (the item was not taken), ENOMEM. */
int fp_pool_submit(struct fp_pool *pool, const struct fp_item *item);

/* By the submitter: whether fp_pool_submit() would not block, and with a feed,
 * whether another item is wanted; and to block until that may be so, or
 * something else is to be done. */
bool fp_pool_has_room(struct fp_pool *pool);
void fp_pool_await_room(struct fp_pool *pool);

/* By the submitter: results of items with `more` are to wait no longer. */
void fp_pool_flush(struct fp_pool *pool);

/* No more items will be submitted. */
void fp_pool_close(struct fp_pool *pool);

/* Blocks until at least one result is there, and gives all that are, up to
 * `max`, into `results`. A `max` of 0 is a bug, and aborts. 0: closed or
 * cancelled, and every result was given. The results are lent until
 * fp_pool_release(). */
size_t fp_pool_next(
	struct fp_pool *pool, const struct fp_result **results, size_t max);

/* Takes `n` results back; only now are their places in the window free. */
void fp_pool_release(
	struct fp_pool *pool, const struct fp_result **results, size_t n);

/* Stops. FP_CANCEL_WAITING: nothing new starts, what is on the wire may
 * finish. FP_CANCEL_ALL: what is on the wire is given up too. Every item that
 * was taken still comes out of fp_pool_next(), with FP_KIND_STOPPED if it was
 * not done. May be called again, to go from the first to the second. */
enum fp_cancel { FP_CANCEL_WAITING = 1, FP_CANCEL_ALL = 2 };
void fp_pool_cancel(struct fp_pool *pool, enum fp_cancel how);

/* With options.done: returns when it was called for every item submitted, and
 * fp_pool_close() was called. */
void fp_pool_wait(struct fp_pool *pool);

/* Items that are now being transferred, and that wait for a slot. */
void fp_pool_count(struct fp_pool *pool, size_t *n_running, size_t *n_waiting);

/* What an item that has no slot waits for at this moment. */
enum fp_held {
	FP_HELD_SLOT, /* an idle one, and nothing else */
	FP_HELD_RETRY, /* the time of its next attempt */
	FP_HELD_RATE, /* options.rate */
	FP_HELD_HOST_RATE, /* options.host_rate */
	FP_HELD_LEARNED, /* the rate that its origin was found to allow */
	FP_HELD_HOST_JOBS, /* options.host_jobs, or fewer since it was busy,
			    * or the number that was found */
	FP_HELD_PAUSED, /* its origin wants no requests for a while */
	FP_HELD_SILENT, /* no connection to its origin can be made */
	FP_HELD_LOOKUP, /* the address of its host, looked up for others */
	FP_HELD_MEMORY, /* options.max_memory */
	FP_HELD_TOKEN, /* options.token */
	FP_HELD_COUNT,
};

/* What all items that have not ended are doing at one moment. */
struct fp_look {
	size_t n_held[FP_HELD_COUNT]; /* without a slot */
	size_t n_running; /* with one; of them: */
	size_t n_phase[FP_PHASE_COUNT]; /* as far as it is known: TLS counts as
					   CONNECT; only with options.trace */
	size_t n_delayed; /* options.delay_min_ms; also only then */
	size_t n_full; /* the body waits for memory; also only then */

	/* Of the origins that items wait for, the one whose pause ends last. */
	char origin[300]; /* "https://api.example.com:443"; "": none */
	int status; /* of its notice; 0: a quota is used up */
	int64_t until_ns; /* of CLOCK_MONOTONIC */

	/* Items that have ended so far, whether the consumer has their results
	 * or not; and those of them that failed. What was cancelled did not. */
	uint64_t n_ended;
	uint64_t n_failed;
};

void fp_pool_look(struct fp_pool *pool, struct fp_look *look);

/* Cancels what is left, ends the threads and frees everything; of a withdrawn
 * pool without items also the folder and the rate file that it made, if
 * nothing is in them. Takes NULL. */
void fp_pool_withdraw(struct fp_pool *pool);
void fp_pool_free(struct fp_pool *pool);

/* ---- what a run would take ---- */

/* Times that are longer are as long as this: some 70 years. */
#define FP_FORECAST_MAX_NS (INT64_MAX / 4)

/* Hosts that are named. */
#define FP_FORECAST_HOSTS 5

struct fp_forecast_host {
	const char *origin; /* "https://api.example.com:443" */
	uint64_t n;
};

/* What the requests of a dry run come to, one for each item. Times are from
 * the start of the run to the start of the last request, and the least there
 * can be; -1: there is no such limit. */
struct fp_forecast {
	uint64_t n_requests;
	size_t n_hosts; /* told apart */
	bool has_more_hosts; /* than can be */
	struct fp_forecast_host hosts[FP_FORECAST_HOSTS]; /* the busiest */
	int64_t rate_ns; /* by options.rate alone */
	int64_t host_rate_ns;
	int64_t delay_ns; /* by delay_min_ms and jobs */
	int64_t least_ns; /* by all of them; 0: all may start at once */
	size_t longest_url; /* of these requests, in bytes */
};

/* With options.dry_run; not while an item is being submitted. The names are
 * lent until the next item is. */
void fp_pool_forecast(struct fp_pool *pool, struct fp_forecast *forecast);

/* ---- results as text ---- */

/* Gets a piece of output; 0, or -1 with errno to stop. */
typedef int fp_sink(void *arg, const char *data, size_t len);

struct fp_record_format {
	enum fp_format format;
	const enum fp_field *fields; /* in the order wanted; NULL: defaults */
	size_t n_fields;
	bool has_error; /* "error" is in every record, null for a success */
	bool json_as_string; /* JSON bodies are written as strings */

	/* Of a success a line is written for each element of the array at this
	 * JSON Pointer in its JSON body, as if the element was the body. NULL:
	 * a line for all of it. */
	const char *each;

	/* Behind those of `fields`, too, what an item has besides: "context",
	 * "page" and "pages". */
	bool has_rest;
};

/* Writes a result as one line of JSON (RFC 8259, valid UTF-8, no raw line
 * break inside) with its newline, in pieces, without ever holding the whole.
 * A failed result is always a record, with "error": where `fields` has it, or
 * at the end. -1: the sink said so, or
 * with EINVAL and nothing written: FP_FORMAT_MERGED was asked for and the body
 * is no JSON object (options.body_is_object makes that an item's failure). */
int fp_record_write(const struct fp_result *result,
	const struct fp_record_format *format, fp_sink *sink, void *arg);

/* "input", "http", ...; and the other way round, -1 if there is none such. */
const char *fp_kind_name(enum fp_kind kind);
int fp_field_from_name(const char *name, size_t len);

/* Takes lines of JSON apart: {"url": ..., "method": ..., "headers": ...,
 * "body": ..., "context": ...}, and whatever else as values for a template.
 * One line at a time; NULL with ENOMEM. */
struct fp_parser *fp_parser_new(void);
void fp_parser_free(struct fp_parser *parser);

/* Fills the item, which is lent until the next call; a line that is no such
 * object becomes an item with a fault. -1 with ENOMEM. */
int fp_parser_parse(struct fp_parser *parser, const char *line, size_t len,
	struct fp_item *item);

/* Calls each(arg, name) for every variable of an RFC 6570 template, until it
 * returns other than 0, and returns that; an empty name stands for {}. -1 with
 * EINVAL if `text` is no template; `why` then says what is wrong and where; or
 * with ENOMEM. */
int fp_template_variables(const char *text,
	int (*each)(void *arg, struct fp_text name), void *arg, char *why,
	size_t why_size);

/* How many descriptors the process may still open. */
uint64_t fp_descriptors_left(void);

/* Whether an item is taken for a URL with urls_pass: it begins like
 * "scheme://" (RFC 3986, section 3.1). */
bool fp_is_url(const char *text, size_t len);

/* Finds the next part of a text that must not be shown: the password of a
 * URL's userinfo, or all of the userinfo if there is no colon in it; or what
 * signs a URL. `from` is 0 at first, then the `end` of the one before. false:
 * no more. */
bool fp_find_secret(
	const char *text, size_t len, size_t from, size_t *start, size_t *end);

/* The same in a text that is a URL, or should be one: at its beginning there
 * may be a userinfo without a scheme. */
bool fp_find_secret_of_url(
	const char *text, size_t len, size_t from, size_t *start, size_t *end);

/* Whether `text` is what deny and allow may hold; if not, `why` says what is
 * wrong with it. */
bool fp_is_address_block(const char *text, char *why, size_t why_size);

/* Whether `text` is what method may be. */
bool fp_is_method(const char *text);

/* Whether `text` is what headers may hold: "Name: value" or "Name;", on one
 * line, of no name that is libcurl's to say. If not, `why` says what it is; it
 * shows nothing of it, which may be a secret. */
bool fp_is_header(const char *text, char *why, size_t why_size);

/* Whether `text` is what netrc may be. If not, `why` says where what is wrong,
 * but shows nothing of it; errno ENOMEM: it is not known. */
bool fp_is_netrc(struct fp_text text, char *why, size_t why_size);

/* Whether `text` is what fail_if may hold. */
bool fp_is_json_pointer(const char *text);

/* Whether `text` is what next may be; if not, `why` says what is wrong. */
bool fp_is_next(const char *text, char *why, size_t why_size);

/* Whether `text` is what ok_status may be. */
bool fp_is_status_list(const char *text);

/* Whether `text` is what rate_file may be; if not, `why` says what is wrong,
 * but shows nothing of it, which may hold a password. Nobody is asked. */
bool fp_is_rate_file(const char *text, char *why, size_t why_size);

/* Whether that is a server, and not a file. */
bool fp_is_rate_server(const char *text);

/* Whether `text` is what rate, and retry_on may hold; if not, `why` says what
 * would be. */
bool fp_is_rate_list(const char *text, char *why, size_t why_size);
bool fp_is_retry_list(const char *text);

/* How many of `jobs` can run when the process may have `n_descriptors` open. */
unsigned fp_jobs_within(unsigned jobs, uint64_t n_descriptors);

/* Whether libcurl has TLS; without it, https URLs fail. */
bool fp_has_tls(void);

/* The libraries in use: "yajl/2.1.0 libcurl/7.88.1 ...". */
void fp_version(char *text, size_t size);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
