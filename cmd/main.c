/* SPDX-License-Identifier: MIT */
/*
 * fetchpool reads URLs or IDs, fetches them all at once, and writes one line
 * of JSON for each. This is the map; the story of one item is in lib/pool.c.
 *
 * cmd/	what a terminal and a shell can see; of lib/ it uses fetchpool.h
 *	and the plain rooms only
 *
 *	main		standard descriptors, arguments, run, exit status
 *	options		argv and the environment
 *	optiontable	all options, one row each
 *	optionwords	the words that are values of some of them
 *	help		what --help writes of them
 *	complaint	what is wrong with one of them, in words
 *	suggest		which word was meant by another
 *	config		the same from a file
 *	settings	everything that can be asked for, and how it is judged
 *	httpopt		those of it that are about requests, as in curl
 *	flowopt		those that are about when requests start
 *	shard		which items are ours, of those that many share out
 *	template	which URL template, and whether lines fit it
 *	together	options that need or exclude others
 *	run		one run: starts the threads, watches, stops
 *	course		its parts, how far it is, and how it ended
 *	descriptors	as many as there can be, and jobs to fit them
 *	reader		the thread from the input to the pool
 *	input		lines from a descriptor, in bounded memory
 *	writer		the thread from the pool to the outputs
 *	output		lines to a descriptor, whole, whatever happens
 *	journal		what is done, kept in a file, to go on from there (in
 *			parts: journalopen journalfile journalline
 *			journalstate seqset)
 *	identity	which run it is, as far as the options tell
 *	resume		the items of the input that are not done yet
 *	signals		INT, TERM, HUP, USR1 as bytes on a descriptor
 *	notice		what the pool has to tell of a server, in words
 *	dryrun		what a dry run has found out, in words
 *	account		what else a run leaves behind, in parts: tally (its
 *			results, counted, with a histogram) summary (for people)
 *			stats (JSON, to a wholefile) trace (for Perfetto)
 *	meter		when to show how far it is; progress (in words, or as a
 *			bar)
 *	msg		the only writer of standard error; the exit status
 *
 * lib/	the pool, a library; a room uses only rooms above it
 *
 *	plain		base buf clock random rates (as words) thread units utf8
 *	pure		outcome (kinds, statuses) uritemplate (RFC 6570) url
 *			address (CIDR blocks) crowd headerline (fields as text)
 *			netrc textsort filename response (heads) gunzip carry
 *			(bodies) json (the judge, in parts: jsonscan jsonstring
 *			jsonpick jsonproof) jsonitem (items, in parts: jsonwalk
 *			jsonescape; parser for programs) pen and record
 *			(results as JSON, with recordheaders and recordmask)
 *			when to start: retry
 *			retryafter (in parts: httpdate quota) ratelimit ratebook
 *			rateclock (the last two for rate files) timeheap origin
 *			and origins (servers); outlook (how long many starts
 *			take): no threads, I/O or clock
 *	files		outfile (bodies on disk) ratefile (a limit for many
 *			processes; in parts: ratestore ratering)
 *	shared		memory (of all bodies) ticket (what goes round) window
 *			(the bound, the order)
 *			starts (the run's own rate) schedule (which item may
 *			start, and when; with feedback and refuse) queue (its
 *			lock, and the workers that wait)
 *	network		share (jobs among workers) poolopt and setup (what all
 *			transfers have in common) curlopt (libcurl's options by
 *			name) target (its URL) request (what goes out for an
 *			item) login (by the netrc) redirect (where one leads)
 *			download (its file) preview (in place of sending)
 *			sockets and poller (a worker's) transfer (one item on
 *			one easy handle), in parts: gate (connections, and
 *			requests on their way out) body (what comes in) verdict
 *			(how it ended) aftermath (what follows); span (what
 *			items go through, told); worker (one multi handle and
 *			its slots), drive (libcurl, by events); crew (one
 *			thread, and its workers); pool (the whole; the story)
 *	fetchpool.h	the public contract
 */
#include "base.h"

#include "help.h"
#include "msg.h"
#include "options.h"
#include "run.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
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

/* Help was asked for: it is worth nothing if it cannot be read. */
static void
end_stdout(void)
{
	if (fflush(stdout) || ferror(stdout))
		fp_msg_local("write error: %s", strerror(errno));
}

int
main(int argc, char *argv[])
{
	struct fp_settings settings;
	char versions[400];
	int signal = 0;

	fill_standard_descriptors();

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
	return (int)status;
}
