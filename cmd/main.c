/* SPDX-License-Identifier: MIT */
/*
 * fetchpool reads URLs or IDs, fetches them all at once, and writes one line
 * of JSON for each. This is the map; the story of one item is in
 * lib/engine/pool.c. A folder uses those above it, in its half of the map, and
 * never one below; of lib/, cmd/ uses fetchpool.h and base/. tests/house holds
 * that.
 *
 * lib/	the pool, a library
 *
 *	base/		what any program could use: base ascii buf clock random
 *			thread units utf8 base64 timeheap textsort crowd
 *			filename hash (and tables), atomicfile, outfile (bodies
 *			on disk), spool (bytes that would be too many in
 *			memory), freelist (blocks that libcurl uses again) and
 *			bay (large ones that are hardly used)
 *	json/		JSON: json (the judge, in parts: jsonscan jsonstring
 *			jsonpick jsonproof jsonsafe), jsonwalk, jsonpointer,
 *			jsonfind and jsontake (what is where in a document),
 *			jsonescape, pen (writes
 *			it)
 *	http/		HTTP's own forms: outcome (kinds, statuses), uritemplate
 *			(RFC 6570), url, secret (what of a text is not
 *			shown), address (CIDR blocks), headerline,
 *			waithint (what an answer says about waiting; in parts:
 *			whenform httpdate quota retryafter), refusal (whether
 *			it says that there were too many requests), response
 *			(heads), disposition, link (where they lead), nextrule
 *			(where the next page is), etag, netrc, tokenreply,
 *			gunzip, unpack (other codings), charset and carry
 *			(bodies; problem: what one says of a failure)
 *	rate/		how many requests may start in which time: rates (as
 *			words), ratelimit, learner (finds out one), ratebook,
 *			starts (the run's own), hostrate (a host's), outlook
 *			(how long many take), ratefile (for many processes; in
 *			parts: rateclock ratestore ratering), rateredis (for
 *			many machines; in parts: rateplace redislink rediscall
 *			scriptargs ratescript ratelease leaseclock, and for
 *			hosts hostscript ratehosts), and ratecount (either of
 *			the two)
 *	item/		one item in, one record out: jsonitem (with parser for
 *			programs), record (with recordheaders, recordmask)
 *	sched/		which item may start, and when: memory (of all bodies),
 *			retry, busy (what refusals mean together; in parts:
 *			suspect (whether failures are refusals), company
 *			(whether for what was under way with them)), doubts (for
 *			their items), concurrency (how many at once a server
 *			makes good use of), curve (what was seen of that), ahead
 *			(what follows from an attempt), origin and origins
 *			(servers), ticket (what goes round), chain (pages of one
 *			item), itemstart (both its starts), window (the bound,
 *			the order), schedule, holdup (what its items wait for),
 *			queue (its lock, and the loops that wait)
 *	request/	what libcurl is told of a request: share (jobs among
 *			lanes), poolopt and setup (what all transfers have in
 *			common), curlopt (libcurl's options by name), urlparse
 *			(libcurl's parser, honest about memory), proxies, tlsask
 *			(what only the TLS library can tell), trust (the
 *			authorities it believes), bundle (their file), target
 *			(its URL),
 *			idletime (how long servers keep idle connections),
 *			request, login (by the netrc), bearer (by a token that
 *			expires), lookup (why one failed), upload (a body that
 *			is read from files), form (multipart/form-data),
 *			redirect (where one leads), cookies (that it sets),
 *			condition (whether something has changed), partial
 *			(what came of a body that broke),
 *			download (its file), nextpage (one that follows),
 *			pagefill (with what is filled in), preview (in place of
 *			sending)
 *	engine/		transfers, and the threads that drive them: sockets and
 *			poller (a loop's), glance (looks at them that are
 *			saved), phase (what a transfer is doing),
 *			transfer (one item on one easy handle; in parts, which
 *			chapters.h joins: handle, gate, kept (which connections
 *			may be used again), body, verdict, aftermath), span
 *			(what items go through, told), greet (the first TLS
 *			handshakes with an origin), lane (one multi handle and
 *			its slots; in parts: timing, nudge (what libcurl does
 *			not look at)), ferry (what a loop does of the reader's
 *			and the writer's work), loop (one thread, and its
 *			lanes), crew (how many loops there are), pool (the
 *			whole; the story)
 *	fetchpool.h	the public contract
 *
 * cmd/	what a terminal and a shell can see
 *
 *	base/		what the rest uses: msg (the only writer of standard
 *			error; the exit status), signals (INT, TERM, HUP, USR1
 *			as bytes on a descriptor), patience (with readers that
 *			do not read), wholefile, csv (where records of it end),
 *			fate (what became of an item), quote (any bytes, in a
 *			text of some kind), jsontree (small documents), pipeline
 *			(who else has the terminal), keys (pressed there),
 *			input (lines from a descriptor, in bounded memory),
 *			histogram, seqset, shellrun (a command of the user's),
 *			shard (which items are ours, of those that many share
 *			out), descriptors (as many as there can be, and jobs to
 *			fit them)
 *	option/		what can be asked for: optiontable (all of one in a
 *			row), settings (what is asked for, judged; in parts:
 *			httpopt flowopt),
 *			together (options that need or exclude others),
 *			runfiles (all files of a run: none destroys another),
 *			template (which one, and whether lines fit it), expand
 *			(texts that are filled in for each item), formopt
 *			(fields of a form), options
 *			(argv and the environment), config (the same from a
 *			file), help, complaint (what is wrong with one),
 *			suggest (which word was meant), foreign (what other
 *			programs have) and shown (what was asked for, less its
 *			secrets)
 *	journal/	output (lines to a descriptor, whole, whatever happens),
 *			journal (what is done, to go on from there; in parts:
 *			journalopen journalfile journalline journalstate
 *			journalchain),
 *			identity (which run it is), resume (what is not done),
 *			etags (what has changed since the last)
 *	report/		what a run tells of itself: tally (results, counted),
 *			ledger (where the time went; in parts: spread, timeline,
 *			servers, worst), cause (what held it back, in a
 *			sentence), summary (for people), stats (as JSON, with
 *			ledgerjson), page (as HTML; in parts: html, chart,
 *			moments, pagelists, pagestyle), compare (pages of many
 *			runs), metrics (for Prometheus), trace (for Perfetto),
 *			account (all of these), progress and meter
 *			(how far it is), notice (what the pool tells of a
 *			server), dryrun
 *	fields		which of a line's fields an item needs
 *	itemfill	what --expand-... options add to an item
 *	linecheck	whether a line can be an item, and what looks wrong
 *			in it
 *	reader		the thread from the input to the pool
 *	writer		the thread from the pool to the outputs
 *	reportfrom	a page of runs that are over
 *	tokencommand	access tokens, from a command
 *	course		a run's parts, how far it is, and how it ended
 *	run		one run: starts the threads, watches, stops
 *	main		standard descriptors, arguments, run, exit status
 *	completions/	a program of the build: what shells complete
 */
#include "base.h"

#include "help.h"
#include "msg.h"
#include "options.h"
#include "reportfrom.h"
#include "run.h"
#include "signals.h"
#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A standard descriptor that is closed would be taken by the next file or
 * socket that is opened. It is filled with one that fails every use. */
static void
fill_standard_descriptors(void)
{
	static const int flags[] = {O_WRONLY, O_RDONLY, O_RDONLY};

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			FP_ASSERT(open("/dev/null", flags[fd]) == fd);
	}
}

/* A large body is mapped by itself: so it grows without a copy of it, and goes
 * back to the system when it is written. The C library would leave that when
 * the first has gone, and the second could take its bytes two and a half times.
 */
static void
settle_heap(void)
{
#ifdef M_MMAP_THRESHOLD
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
	mallopt(M_TRIM_THRESHOLD, 8 << 20);
#endif
}

/* Help was asked for: it is worth nothing if it cannot be read. */
static void
end_stdout(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	if (errno == EPIPE)
		fp_signals_obey_pipe();
	fp_msg_local("write error: %s", strerror(errno));
}

/* All that is ours is written and closed. What OpenSSL and other libraries
 * would free one by one goes with the process, in less time; but what looks for
 * leaks, or counts lines, reports when they have done so. */
static void
end_process(enum fp_exit status)
{
#ifndef REPORTS_AT_EXIT
	_exit((int)status);
#else
	exit((int)status);
#endif
}

int
main(int argc, char *argv[])
{
	struct fp_settings settings;
	char versions[400];
	int signal = 0;

	fill_standard_descriptors();
	fp_signals_prepare();
	fp_thread_widen();
	settle_heap();

	/* URLs are UTF-8, whatever the locale: libidn2 wants to be told. */
	setlocale(LC_CTYPE, "C.UTF-8");
	fp_msg_init();
	fp_settings_init(&settings);
	switch (fp_options_parse(&settings, argc, argv)) {
	case FP_GO_HELP:
		fp_help_write(settings.help_topic);
		end_stdout();
		break;
	case FP_GO_VERSION:
		fp_version(versions, sizeof(versions));
		printf("fetchpool %s (%s)\n", PACKAGE_VERSION, versions);
		end_stdout();
		break;
	case FP_GO_REPORT:
		fp_reportfrom_make(&settings);
		break;
	case FP_GO_ON:
		signal = fp_run(&settings);
		break;
	case FP_GO_WRONG:
		break;
	}
	fp_msg_flush();
	fp_settings_destroy(&settings);
	if (signal)
		fp_signals_die(signal);
	enum fp_exit status = fp_msg_status();
	fp_msg_destroy();
	end_process(status);
}
