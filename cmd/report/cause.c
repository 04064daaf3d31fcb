/* SPDX-License-Identifier: MIT */
/*
 * HOW IT IS FOUND
 *
 * The time of all slots is put into groups, each of which is a cause. A group
 * that has most of the time, or clearly more than the next one, is the cause.
 * If there is none, all large ones are named.
 *
 * Whether more jobs would help, if the time went into waiting for answers, is
 * told by the answers of the server that was waited for the longest. Its first
 * ones were asked for when it had nothing else to do. If later ones took no
 * longer, it can do more at a time. A server that works on K requests at a time
 * lets the J that are asked at once wait J/K times as long as one takes: and
 * already among the first ones some have waited for others. One whose answers
 * take very different times has short ones later, too; but if they come at even
 * intervals, it is one after the other. Where they got slower in the course of
 * the run it is for another reason.
 */
#include "base.h"

#include "cause.h"

#include "clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A group that has so much of the time is the cause, or so much and far more
 * than the next. Less than the last is not named at all. */
#define MOST 0.6
#define MUCH 0.45
#define SOME 0.12

/* The processors are the limit from here on. */
#define CPU_BUSY 0.85
#define CPU_SOME 0.3

/* Later answers that take no longer than so many times the first ones are as
 * fast as these; and from here on they are slower. */
#define AS_FAST 1.5
#define SLOWER 1.8

/* Answers that come one after the other, and not by chance. */
#define EVEN 0.3

/* Of those that wait in one queue, also the shortest take so much of what all
 * take on average. */
#define QUEUED 0.35

/* From the first third to the last: more than chance makes of it. */
#define DRIFT 2.2

/* A server with so many of all requests is the one. */
#define ONE_SERVER 0.8

/* Bytes of a body that is sent at once. */
#define SMALL_BODY 32768

/* So many answers tell something. */
#define TELLING 8

/* And so many seconds. */
#define TELLING_S 0.05

const char *
fp_cause_name(enum fp_cause cause)
{
	static const char *const names[FP_CAUSE_COUNT] = {
		[FP_CAUSED_BY_NOTHING] = "nothing",
		[FP_CAUSED_BY_JOBS] = "jobs",
		[FP_CAUSED_BY_ANSWERS] = "answers",
		[FP_CAUSED_BY_SERVER] = "server",
		[FP_CAUSED_BY_SLOWDOWN] = "slowdown",
		[FP_CAUSED_BY_READ] = "read",
		[FP_CAUSED_BY_LOOKUP] = "look_up",
		[FP_CAUSED_BY_CONNECT] = "connect",
		[FP_CAUSED_BY_TLS] = "tls",
		[FP_CAUSED_BY_UNREACHABLE] = "unreachable",
		[FP_CAUSED_BY_DELAY] = "delay",
		[FP_CAUSED_BY_INPUT] = "input",
		[FP_CAUSED_BY_OUTPUT] = "output",
		[FP_CAUSED_BY_JOURNAL] = "journal",
		[FP_CAUSED_BY_ORDER] = "order",
		[FP_CAUSED_BY_RATE] = "rate",
		[FP_CAUSED_BY_HOST_RATE] = "host_rate",
		[FP_CAUSED_BY_HOST_JOBS] = "host_jobs",
		[FP_CAUSED_BY_PAUSE] = "pause",
		[FP_CAUSED_BY_LEARNED] = "learned_rate",
		[FP_CAUSED_BY_RETRY] = "retry",
		[FP_CAUSED_BY_MEMORY] = "memory",
		[FP_CAUSED_BY_TOKEN] = "token",
		[FP_CAUSED_BY_END] = "end",
		[FP_CAUSED_BY_CPU] = "cpu",
		[FP_CAUSED_BY_SEVERAL] = "several",
		[FP_CAUSED_BY_CHANCE] = "short",
	};

	return names[cause];
}

/* ---- groups ---- */

struct group {
	enum fp_cause cause;
	double part; /* of all slots' time */
};

static enum fp_cause
cause_of_use(enum fp_use use)
{
	static const enum fp_cause causes[FP_USE_COUNT] = {
		[FP_USE_LOOKUP] = FP_CAUSED_BY_LOOKUP,
		[FP_USE_CONNECT] = FP_CAUSED_BY_CONNECT,
		[FP_USE_TLS] = FP_CAUSED_BY_TLS,
		[FP_USE_ANSWER] = FP_CAUSED_BY_ANSWERS,
		[FP_USE_BODY] = FP_CAUSED_BY_READ,
		[FP_USE_DELAY] = FP_CAUSED_BY_DELAY,
		[FP_USE_FULL] = FP_CAUSED_BY_MEMORY,
		[FP_USE_INPUT] = FP_CAUSED_BY_INPUT,
		[FP_USE_OUTPUT] = FP_CAUSED_BY_OUTPUT,
		[FP_USE_JOURNAL] = FP_CAUSED_BY_JOURNAL,
		[FP_USE_ORDER] = FP_CAUSED_BY_ORDER,
		[FP_USE_RATE] = FP_CAUSED_BY_RATE,
		[FP_USE_HOST_RATE] = FP_CAUSED_BY_HOST_RATE,
		[FP_USE_LEARNED] = FP_CAUSED_BY_LEARNED,
		[FP_USE_HOST_JOBS] = FP_CAUSED_BY_HOST_JOBS,
		[FP_USE_PAUSE] = FP_CAUSED_BY_PAUSE,
		[FP_USE_RETRY] = FP_CAUSED_BY_RETRY,
		[FP_USE_SILENT] = FP_CAUSED_BY_UNREACHABLE,
		[FP_USE_NAME] = FP_CAUSED_BY_LOOKUP,
		[FP_USE_MEMORY] = FP_CAUSED_BY_MEMORY,
		[FP_USE_TOKEN] = FP_CAUSED_BY_TOKEN,
		[FP_USE_END] = FP_CAUSED_BY_END,
		[FP_USE_BETWEEN] = FP_CAUSED_BY_CPU,
	};

	return causes[use];
}

/* Largest first. */
static void
make_groups(
	const struct fp_figures *figures, struct group groups[FP_CAUSE_COUNT])
{
	double all = FP_MAX(figures->seconds * figures->n_jobs, 1e-9);

	for (int i = 0; i < FP_CAUSE_COUNT; i++)
		groups[i] = (struct group){(enum fp_cause)i, 0};
	for (int use = 0; use < FP_USE_COUNT; use++)
		groups[cause_of_use((enum fp_use)use)].part +=
			figures->use_s[use] / all;

	/* Small bodies are on their way no longer than their answers: if they
	 * take time, the server takes it. */
	if (figures->n_bytes < SMALL_BODY * figures->n_requests) {
		groups[FP_CAUSED_BY_ANSWERS].part +=
			groups[FP_CAUSED_BY_READ].part;
		groups[FP_CAUSED_BY_READ].part = 0;
	}

	/* A server that makes us wait before it is asked, in two ways. */
	double *learned = &groups[FP_CAUSED_BY_LEARNED].part;
	double *paused = &groups[FP_CAUSED_BY_PAUSE].part;
	if (*learned > *paused) {
		*learned += *paused;
		*paused = 0;
	} else {
		*paused += *learned;
		*learned = 0;
	}
	for (int i = 1; i < FP_CAUSE_COUNT; i++) {
		struct group group = groups[i];
		int at = i;
		for (; at > 0 && groups[at - 1].part < group.part; at--)
			groups[at] = groups[at - 1];
		groups[at] = group;
	}
}

/* ---- words ---- */

struct words {
	char *text;
	size_t len;
};

static void FP_PRINTF(2, 3)
	cause_say(struct words *words, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(words->text + words->len, FP_CAUSE_MAX - words->len,
		format, args);
	va_end(args);
	if (n > 0)
		words->len = FP_MIN(words->len + (size_t)n, FP_CAUSE_MAX - 1);
}

static const char *
cause_time(double seconds, char text[32])
{
	if (seconds < 0.001)
		snprintf(text, 32, "%.0f us", seconds * 1e6);
	else if (seconds < 0.9995)
		snprintf(text, 32, "%.*f ms", seconds < 0.00995 ? 1 : 0,
			seconds * 1e3);
	else
		snprintf(text, 32, "%.*f s", seconds < 99.5 ? 1 : 0, seconds);
	return text;
}

static double
cause_floor(double value)
{
	return (double)(uint64_t)FP_MIN(FP_MAX(value, 0), 1e18);
}

static int
percent(double part)
{
	return (int)(100 * FP_MIN(part, 1) + 0.5);
}

/* A rate that is about this, as --rate takes it. */
static const char *
write_rate(double each_second, char text[32])
{
	if (each_second >= 1)
		snprintf(text, 32, "%.0f/s", cause_floor(each_second));
	else if (each_second * 60 >= 1)
		snprintf(text, 32, "%.0f/m", cause_floor(each_second * 60));
	else
		snprintf(text, 32, "%.0f/h",
			FP_MAX(cause_floor(each_second * 3600), 1));
	return text;
}

static const char *
plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* ---- answers ---- */

static void
say_more_jobs(struct words *words, const struct fp_figures *figures,
	double busy, bool are_as_fast)
{
	unsigned more = FP_MIN(4 * figures->n_jobs, FP_JOBS_MAX);

	if (figures->n_jobs == 1)
		cause_say(words, "The one job was busy %d %% of the time",
			percent(busy));
	else
		cause_say(words, "All %u jobs were busy %d %% of the time",
			figures->n_jobs, percent(busy));
	if (are_as_fast)
		cause_say(
			words, " and the server's answers did not get slower");
	else
		cause_say(words, ", waiting for answers");
	cause_say(words, ": try -j %s%u.", figures->finds_jobs ? "auto:" : "",
		more);
}

static void
say_server(struct words *words, const struct fp_figures *figures, double k)
{
	const struct fp_figures_answers *answers = &figures->answers;
	char least[32], later[32];
	double n = cause_floor(FP_MAX(k, 1) + 0.5);

	cause_say(words, "The server does about %s request%s at a time",
		n < 1.5 ? "one" : "", n < 1.5 ? "" : "s");
	if (n >= 1.5) {
		words->len = 0;
		cause_say(words,
			"The server does about %.0f requests at a time", n);
	}
	cause_say(words,
		": more jobs will not help. (An answer took %s alone, and %s "
		"when %.0f were asked for at once.)",
		cause_time(answers->least_s, least),
		cause_time(answers->later_s, later),
		FP_MAX(answers->in_flight, 1));
}

/* How many requests a server works on that lets others wait for them: as later
 * answers have it, and as the first ones, of which each waits for those before
 * it. What comes on top when all begins makes either seem more. */
static double
at_a_time(const struct fp_figures_answers *answers, double slower)
{
	double later = answers->in_flight / slower;
	double first = (double)answers->n_first;

	if (answers->gap_s > 0)
		first -= 2 * (answers->first_s - answers->least_s) /
			 answers->gap_s;
	return FP_MIN(later, FP_MAX(first, 1));
}

/* Whether what the one server took at last is more than what it took at first,
 * for the fast ones, too. */
static bool
has_slowed_down(const struct fp_figures *figures)
{
	return figures->answers.part >= ONE_SERVER &&
	       figures->early_low_s > 0 &&
	       figures->late_low_s >= DRIFT * figures->early_low_s &&
	       figures->late_s >= DRIFT * figures->early_s &&
	       figures->late_high_s >= DRIFT * figures->early_high_s;
}

static enum fp_cause
judge_answers(
	struct words *words, const struct fp_figures *figures, double busy)
{
	const struct fp_figures_answers *answers = &figures->answers;
	bool is_telling =
		answers->n_first > 0 &&
		answers->n_later >= FP_MAX(TELLING, answers->n_first) &&
		answers->least_s > 0;
	char first[32], later[32];

	if (figures->n_requests == 0) {
		cause_say(words,
			"Waiting for the server's answers took %d %% of the "
			"time: none has come.",
			percent(busy));
		return FP_CAUSED_BY_ANSWERS;
	}
	if (answers->n_later < TELLING) {
		cause_say(words,
			"Waiting for the server's answers took %d %% of the "
			"time (%s each).",
			percent(busy), cause_time(answers->middle_s, first));
		return FP_CAUSED_BY_ANSWERS;
	}
	if (!is_telling || figures->n_jobs == 1) {
		say_more_jobs(words, figures, busy, false);
		return FP_CAUSED_BY_JOBS;
	}
	if (has_slowed_down(figures)) {
		cause_say(words,
			"The server's answers got slower, from %s in the first "
			"third of the run to %s in the last: fewer jobs may do "
			"as much; try -j %u.",
			cause_time(figures->early_s, first),
			cause_time(figures->late_s, later),
			FP_MAX(figures->n_jobs / 2, 1));
		return FP_CAUSED_BY_SLOWDOWN;
	}
	double slower = answers->later_s / answers->least_s;
	double low = answers->low_s / answers->least_s;
	if (slower <= AS_FAST) {
		say_more_jobs(words, figures, busy, true);
		return FP_CAUSED_BY_JOBS;
	}
	bool is_even = answers->unevenness < EVEN;
	bool is_queue = answers->first_s >=
			answers->least_s * (1 + FP_MAX(low, slower / 2)) / 4;
	bool is_queued = low >= SLOWER && low >= QUEUED * slower;
	if (slower >= SLOWER && (is_queued || is_even) && is_queue) {
		say_server(words, figures, at_a_time(answers, slower));
		return FP_CAUSED_BY_SERVER;
	}
	say_more_jobs(words, figures, busy, false);
	return FP_CAUSED_BY_JOBS;
}

/* ---- each cause ---- */

static void
say_pause(struct words *words, const struct fp_figures *figures)
{
	char paused[32], all[32], rate[32], status[32] = "no requests left";
	double fine = (double)figures->n_paused_fine / figures->seconds;

	if (figures->pause_status > 0)
		snprintf(status, sizeof(status), "%d", figures->pause_status);
	cause_say(words, "Paused %" PRIu64 " time%s by %s (%s), %s of %s",
		figures->n_server_pauses, plural(figures->n_server_pauses),
		figures->pausing, status, cause_time(figures->paused_s, paused),
		cause_time(figures->seconds, all));
	if (figures->n_pausing > 1)
		cause_say(words, ", and by %u other server%s",
			figures->n_pausing - 1, plural(figures->n_pausing - 1));
	if (figures->learned[0])
		snprintf(rate, sizeof(rate), "%s", figures->learned);
	if (figures->learned[0] || figures->n_paused_fine > 0)
		cause_say(words, ": -r %s would have been steady.",
			figures->learned[0] ? rate : write_rate(fine, rate));
	else
		cause_say(words, ".");
}

static void
say_learned(struct words *words, const struct fp_figures *figures, double part)
{
	char rate[32];

	if (figures->learned[0])
		cause_say(words,
			"%s lets about %s requests through: the jobs waited "
			"for that %d %% of the time, and more jobs will not "
			"help; -r %s --pace stays within it from the start.",
			figures->learned_of, figures->learned, percent(part),
			figures->learned);
	else
		cause_say(words,
			"%s refuses requests above some rate: the jobs waited "
			"for that %d %% of the time; try -r %s.",
			figures->pausing[0] ? figures->pausing : "The server",
			percent(part),
			write_rate((double)figures->n_paused_fine /
					   figures->seconds,
				rate));
}

static void
say_connect(struct words *words, const struct fp_figures *figures,
	enum fp_cause cause, double part)
{
	static const char *const what[FP_CAUSE_COUNT] = {
		[FP_CAUSED_BY_LOOKUP] = "Looking up names",
		[FP_CAUSED_BY_CONNECT] = "Connecting",
		[FP_CAUSED_BY_TLS] = "TLS handshakes",
	};
	uint64_t n_new = figures->n_requests - figures->n_reused;

	cause_say(words, "%s took %d %% of the time: ", what[cause],
		percent(part));
	if (cause == FP_CAUSED_BY_LOOKUP)
		cause_say(words, "a faster resolver, or one that caches, on "
				 "this machine would help.");
	else if (n_new > figures->n_jobs && n_new > figures->n_requests / 2)
		cause_say(words,
			"%" PRIu64 " of %" PRIu64
			" requests needed a new connection, as the server does "
			"not keep them open.",
			n_new, figures->n_requests);
	else
		cause_say(words,
			"%" PRIu64 " of %" PRIu64
			" requests needed a new connection.",
			n_new, figures->n_requests);
}

static void
say_end(struct words *words, const struct fp_figures *figures, double part)
{
	char slow[32], all[32];

	if (figures->n_done < figures->n_jobs)
		cause_say(words,
			"There were only %" PRIu64
			" items for %u jobs: the slowest took %s of %s.",
			figures->n_done, figures->n_jobs,
			cause_time(figures->slow_s, slow),
			cause_time(figures->seconds, all));
	else
		cause_say(words,
			"Few items were left at the end, and the other jobs "
			"were idle %d %% of the time: item %" PRIu64
			" took %s of %s.",
			percent(part), figures->slow_seq,
			cause_time(figures->slow_s, slow),
			cause_time(figures->seconds, all));
}

static void
say_retry(struct words *words, const struct fp_figures *figures, double part)
{
	char by[FP_SERVERS_NAME_MAX + 40] = "";

	if (figures->n_errors > 0 && figures->last_error > 0)
		snprintf(by, sizeof(by), ", mostly after %d from %s",
			figures->last_error, figures->failing);
	else if (figures->n_errors > 0)
		snprintf(by, sizeof(by), ", mostly after errors of %s",
			figures->failing);
	cause_say(words,
		"Waiting for the next attempt took %d %% of the time (%" PRIu64
		" retr%s%s): a shorter --retry-delay or --retry 0 would not "
		"wait.",
		percent(part), figures->n_retried,
		figures->n_retried == 1 ? "y" : "ies", by);
}

static void
say_output(struct words *words, const struct fp_figures *figures, double part)
{
	if (figures->output)
		cause_say(words,
			"Writing the output was the slowest: the jobs waited "
			"for it %d %% of the time.",
			percent(part));
	else
		cause_say(words,
			"The reader of the output was the slowest: the jobs "
			"waited for it %d %% of the time.",
			percent(part));
}

static void
say_host_jobs(
	struct words *words, const struct fp_figures *figures, double part)
{
	if (figures->finds_jobs)
		cause_say(words,
			"More jobs at once than were found for the server "
			"would only have waited in it, or been refused: they "
			"waited here, %d %% of the time.",
			percent(part));
	else if (figures->host_jobs > 0)
		cause_say(words,
			"--host-jobs %u was the limit: the jobs waited for it "
			"%d %% of the time.",
			figures->host_jobs, percent(part));
	else
		cause_say(words,
			"The server gets fewer requests at once since it "
			"refused some: the jobs waited for that %d %% of the "
			"time.",
			percent(part));
}

static void
say_read(struct words *words, const struct fp_figures *figures, double part)
{
	cause_say(words,
		"Receiving bodies took %d %% of the time, at %.1f MiB/s in all: "
		"more jobs help only if the network has room.",
		percent(part),
		(double)figures->n_bytes / 1048576 / figures->seconds);
}

static void
say_cpu(struct words *words, const struct fp_figures *figures, double part)
{
	double used = figures->user_s + figures->system_s;

	if (used / figures->seconds < CPU_SOME * figures->n_cpus) {
		cause_say(words,
			"The jobs were idle between two items %d %% of the "
			"time: this machine had other things to do.",
			percent(part));
		return;
	}
	cause_say(words,
		"fetchpool itself used %d %% of this machine's %u "
		"processor%s: more jobs will not help.",
		percent(used / figures->seconds / figures->n_cpus),
		figures->n_cpus, plural(figures->n_cpus));
}

static void
say_unreachable(
	struct words *words, const struct fp_figures *figures, double part)
{
	cause_say(words,
		"%s could not be connected to: the jobs waited for it %d %% of "
		"the time.",
		figures->failing[0] ? figures->failing : "A server",
		percent(part));
}

/* Those with a sentence of one form. */
static void
say_simple(struct words *words, const struct fp_figures *figures,
	enum fp_cause cause, double part)
{
	const char *rate = figures->rate ? figures->rate : "";
	const char *host_rate = figures->host_rate ? figures->host_rate : "";

	switch (cause) {
	case FP_CAUSED_BY_INPUT:
		cause_say(words,
			"Few lines came in: the jobs were idle for want of "
			"input %d %% of the time.",
			percent(part));
		break;
	case FP_CAUSED_BY_RATE:
		cause_say(words,
			"--rate %s was the limit: the jobs waited for it %d %% "
			"of the time.",
			rate, percent(part));
		break;
	case FP_CAUSED_BY_HOST_RATE:
		cause_say(words,
			"--host-rate %s was the limit: the jobs waited for it "
			"%d %% of the time.",
			host_rate, percent(part));
		break;
	case FP_CAUSED_BY_DELAY:
		cause_say(words,
			"--delay was the limit: the jobs waited for it %d %% "
			"of the time.",
			percent(part));
		break;
	case FP_CAUSED_BY_JOURNAL:
		cause_say(words,
			"Writing the journal was the slowest%s: the jobs "
			"waited for it %d %% of the time.",
			figures->syncs ? ", as --sync waits for the disk" : "",
			percent(part));
		break;
	case FP_CAUSED_BY_ORDER:
		cause_say(words,
			"--keep-order was the limit: %d %% of the time the "
			"jobs were idle, as all places were taken by items "
			"that wait for an earlier one; try a larger --window.",
			percent(part));
		break;
	case FP_CAUSED_BY_MEMORY:
		cause_say(words,
			"--max-memory was the limit: the jobs waited for it "
			"%d %% of the time.",
			percent(part));
		break;
	default:
		cause_say(words,
			"--token-command was the slowest: the jobs waited for "
			"it %d %% of the time.",
			percent(part));
		break;
	}
}

static enum fp_cause
cause_say_one(struct words *words, const struct fp_figures *figures,
	const struct group *group, double busy)
{
	double part = group->part;

	switch (group->cause) {
	case FP_CAUSED_BY_ANSWERS:
		return judge_answers(words, figures, busy);
	case FP_CAUSED_BY_READ:
		say_read(words, figures, part);
		break;
	case FP_CAUSED_BY_LOOKUP:
	case FP_CAUSED_BY_CONNECT:
	case FP_CAUSED_BY_TLS:
		say_connect(words, figures, group->cause, part);
		break;
	case FP_CAUSED_BY_UNREACHABLE:
		say_unreachable(words, figures, part);
		break;
	case FP_CAUSED_BY_PAUSE:
		say_pause(words, figures);
		break;
	case FP_CAUSED_BY_LEARNED:
		say_learned(words, figures, part);
		break;
	case FP_CAUSED_BY_RETRY:
		say_retry(words, figures, part);
		break;
	case FP_CAUSED_BY_END:
		say_end(words, figures, part);
		break;
	case FP_CAUSED_BY_OUTPUT:
		say_output(words, figures, part);
		break;
	case FP_CAUSED_BY_HOST_JOBS:
		say_host_jobs(words, figures, part);
		break;
	case FP_CAUSED_BY_CPU:
		say_cpu(words, figures, part);
		break;
	default:
		say_simple(words, figures, group->cause, part);
		break;
	}
	return group->cause;
}

/* ---- several ---- */

static void
say_short(struct words *words, const struct fp_figures *figures,
	const struct group *group)
{
	static const char *const words_of[FP_CAUSE_COUNT] = {
		[FP_CAUSED_BY_ANSWERS] = "waiting for answers",
		[FP_CAUSED_BY_READ] = "receiving bodies",
		[FP_CAUSED_BY_LOOKUP] = "looking up names",
		[FP_CAUSED_BY_CONNECT] = "connecting",
		[FP_CAUSED_BY_TLS] = "TLS handshakes",
		[FP_CAUSED_BY_UNREACHABLE] = "servers that cannot be reached",
		[FP_CAUSED_BY_DELAY] = "--delay",
		[FP_CAUSED_BY_INPUT] = "waiting for input",
		[FP_CAUSED_BY_OUTPUT] = "the reader of the output",
		[FP_CAUSED_BY_JOURNAL] = "the journal",
		[FP_CAUSED_BY_ORDER] = "--keep-order",
		[FP_CAUSED_BY_RATE] = "--rate",
		[FP_CAUSED_BY_HOST_RATE] = "--host-rate",
		[FP_CAUSED_BY_HOST_JOBS] = "a limit of jobs for a server",
		[FP_CAUSED_BY_LEARNED] = "the rate that a server allows",
		[FP_CAUSED_BY_RETRY] = "waiting for the next attempt",
		[FP_CAUSED_BY_MEMORY] = "--max-memory",
		[FP_CAUSED_BY_TOKEN] = "--token-command",
		[FP_CAUSED_BY_END] = "nothing left to begin",
		[FP_CAUSED_BY_CPU] = "fetchpool itself",
	};

	if (group->cause == FP_CAUSED_BY_PAUSE)
		cause_say(words, "%" PRIu64 " pause%s by %s", figures->n_pauses,
			plural(figures->n_pauses), figures->pausing);
	else
		cause_say(words, "%s", words_of[group->cause]);
	cause_say(words, " %d %%", percent(group->part));
}

static void
say_several(struct words *words, const struct fp_figures *figures,
	const struct group groups[FP_CAUSE_COUNT])
{
	cause_say(words, "No one thing: ");
	for (int i = 0; i < 4 && (i < 2 || groups[i].part >= SOME); i++) {
		if (i > 0)
			cause_say(words, ", ");
		say_short(words, figures, &groups[i]);
	}
	cause_say(words, " of the jobs' time.");
}

enum fp_cause
fp_cause_find(
	const struct fp_figures *figures, char text[FP_CAUSE_MAX], double *part)
{
	struct group groups[FP_CAUSE_COUNT];
	struct words words = {.text = text};
	double busy = 0, all = figures->seconds * figures->n_jobs;

	text[0] = '\0';
	*part = 0;
	double used_s = figures->user_s + figures->system_s;
	double used = figures->n_cpus > 0 && figures->seconds > 0
			      ? used_s / figures->seconds / figures->n_cpus
			      : 0;
	make_groups(figures, groups);
	for (int i = 0; i < FP_USE_BUSY_COUNT; i++)
		busy += all > 0 ? figures->use_s[i] / all : 0;
	bool has_reason = groups[0].cause != FP_CAUSED_BY_END &&
			  groups[0].cause != FP_CAUSED_BY_CPU &&
			  (figures->seconds >= 0.5 || busy > SOME);
	if (all <= 0 || (figures->n_requests == 0 && !has_reason)) {
		cause_say(&words, "No request was made.");
		return FP_CAUSED_BY_NOTHING;
	}
	if (figures->seconds < TELLING_S && figures->is_over) {
		char took[32];
		cause_say(&words, "The run was over too soon to tell, in %s.",
			cause_time(figures->seconds, took));
		return FP_CAUSED_BY_CHANCE;
	}
	*part = groups[0].part;
	if (used >= CPU_BUSY && figures->seconds >= 0.2) {
		*part = used;
		say_cpu(&words, figures, used);
		return FP_CAUSED_BY_CPU;
	}
	if (groups[0].part >= MOST ||
		(groups[0].part >= MUCH &&
			groups[0].part >= 2.5 * groups[1].part))
		return cause_say_one(&words, figures, &groups[0], busy);
	say_several(&words, figures, groups);
	return FP_CAUSED_BY_SEVERAL;
}

/* ---- now ---- */

static void
say_until(const struct fp_look *look, int64_t now_ns, char *text, size_t size)
{
	int64_t left_ns = FP_MAX(look->until_ns - now_ns, 0);
	int64_t wall_ns = fp_clock_wall_ns();
	time_t at = (time_t)((wall_ns + FP_MIN(left_ns, INT64_MAX - wall_ns)) /
			     FP_NS_PER_S);
	char clock[32] = "?", server[FP_SERVERS_NAME_MAX], status[32];
	struct tm local;

	if (localtime_r(&at, &local))
		strftime(clock, sizeof(clock),
			left_ns < 12 * 3600 * FP_NS_PER_S ? "%H:%M:%S"
							  : "%m-%d %H:%M",
			&local);
	fp_servers_short(look->origin, server, false);
	if (look->status > 0)
		snprintf(status, sizeof(status), "%d", look->status);
	else
		snprintf(status, sizeof(status), "%s",
			look->status == FP_STATUS_CLOSED ? "no answer"
							 : "no quota");
	snprintf(text, size, "paused until %s (%s from %s)", clock, status,
		server);
}

enum fp_use
fp_cause_now(const struct fp_look *look, const double n[FP_USE_COUNT],
	bool finds_jobs, int64_t now_ns, char *text, size_t size)
{
	static const char *const words[FP_USE_COUNT] = {
		[FP_USE_DELAY] = "waiting as --delay says",
		[FP_USE_FULL] = "waiting for memory",
		[FP_USE_INPUT] = "waiting for input",
		[FP_USE_OUTPUT] = "waiting for the reader of the output",
		[FP_USE_JOURNAL] = "waiting for the journal",
		[FP_USE_ORDER] = "waiting for an earlier item",
		[FP_USE_RATE] = "held by --rate",
		[FP_USE_HOST_RATE] = "held by --host-rate",
		[FP_USE_LEARNED] = "held to the rate that the server allows",
		[FP_USE_HOST_JOBS] = "held by the limit for one server",
		[FP_USE_RETRY] = "waiting for the next attempt",
		[FP_USE_SILENT] = "a server cannot be reached",
		[FP_USE_NAME] = "looking up a name",
		[FP_USE_MEMORY] = "waiting for memory",
		[FP_USE_TOKEN] = "waiting for --token-command",
	};
	double busy =
		(double)look->n_running - n[FP_USE_DELAY] - n[FP_USE_FULL];
	double idle = 0;
	int most = FP_USE_DELAY;

	text[0] = '\0';
	for (int i = FP_USE_DELAY; i < FP_USE_COUNT; i++) {
		idle += n[i];
		if (n[i] > n[most])
			most = i;
	}
	if (n[most] <= 0 || idle <= busy ||
		(!words[most] && most != FP_USE_PAUSE))
		return FP_USE_COUNT;
	if (most == FP_USE_PAUSE && look->origin[0])
		say_until(look, now_ns, text, size);
	else if (most == FP_USE_HOST_JOBS && finds_jobs)
		snprintf(text, size, "held by -j auto");
	else
		snprintf(text, size, "%s",
			words[most] ? words[most] : "paused by a server");
	return (enum fp_use)most;
}
