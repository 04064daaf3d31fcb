/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "account.h"

#include "msg.h"
#include "output.h"
#include "stats.h"
#include "summary.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void
fp_account_none(struct fp_account *account)
{
	account->settings = NULL;
	fp_wholefile_none(&account->stats);
	account->trace.fd = -1;
}

/* ---- before ---- */

/* The folder that it is in, and its name there. -1: there is no such folder. */
static int
find_place(const char *path, struct stat *folder, const char **name)
{
	const char *slash = strrchr(path, '/');
	char text[PATH_MAX];

	*name = slash ? slash + 1 : path;
	int len = snprintf(text, sizeof(text), "%.*s",
		slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	return (size_t)len < sizeof(text) ? stat(text, folder) : -1;
}

/* Whether the two are one file, or will be. */
static bool
is_same_file(const char *path, const char *other)
{
	struct stat a, b;
	const char *name, *other_name;

	if (strcmp(path, other) == 0)
		return true;
	bool is_there = stat(path, &a) == 0;
	if (is_there != (stat(other, &b) == 0))
		return false;
	if (is_there)
		return S_ISREG(a.st_mode) && a.st_dev == b.st_dev &&
		       a.st_ino == b.st_ino;
	return find_place(path, &a, &name) == 0 &&
	       find_place(other, &b, &other_name) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino &&
	       strcmp(name, other_name) == 0;
}

static bool
is_other_option(const struct fp_settings *settings, const char *path)
{
	const char *others[] = {settings->journal_path,
		settings->pool.rate_file, settings->stats_path,
		settings->trace_path};
	unsigned n = 0;

	for (size_t i = 0; i < FP_ARRAY_LEN(others); i++)
		n += others[i] && is_same_file(others[i], path);
	return n > 1;
}

/* Whether what is open there would be lost. What is no regular file loses
 * nothing. */
static bool
is_in_use(const char *path, const int *fds, size_t n_fds)
{
	struct stat file;
	bool is_open = false;

	if (stat(path, &file) || !S_ISREG(file.st_mode))
		return false;
	for (size_t i = 0; i < n_fds; i++)
		is_open |= fp_output_is_at(fds[i], path);
	return is_open;
}

/* -1: this is not to be written to; said why. */
static int
check(const struct fp_settings *settings, const char *option, const char *path,
	const int *fds, size_t n_fds)
{
	if (!is_in_use(path, fds, n_fds) && !is_other_option(settings, path))
		return 0;
	fp_msg_usage("%s: '%s' is in use: it is the input or another output",
		option, path);
	return -1;
}

int
fp_account_open(struct fp_account *account, const struct fp_settings *settings,
	const int *fds, size_t n_fds)
{
	const char *stats = settings->stats_path;
	const char *trace = settings->trace_path;

	account->settings = settings;
	if ((stats && check(settings, "--stats", stats, fds, n_fds)) ||
		(trace && check(settings, "--trace", trace, fds, n_fds)))
		return -1;
	if (stats && fp_wholefile_open(&account->stats, stats)) {
		fp_msg_local("cannot write %s: %s", stats, strerror(errno));
		return -1;
	}
	if (trace && fp_trace_open(&account->trace, trace)) {
		fp_msg_local("cannot write %s: %s", trace, strerror(errno));
		return -1;
	}
	return 0;
}

/* ---- after ---- */

void
fp_account_tell_failed(
	const struct fp_tally *tally, const struct fp_totals *totals)
{
	char text[400];
	size_t len = 0;

	for (int kind = 0; kind < FP_KIND_COUNT; kind++) {
		if (tally->n_kind[kind] == 0)
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"%s%" PRIu64 " %s", len ? ", " : "",
			tally->n_kind[kind], fp_kind_name((enum fp_kind)kind));
	}
	fp_msg_note("%" PRIu64 " of %" PRIu64 " items failed: %s",
		totals->n_failed, totals->n_read, text);
}

static void
render_summary(const struct fp_tally *tally, const struct fp_totals *totals)
{
	struct fp_buf text = FP_BUF_INIT;

	if (fp_summary_write(&text, tally, totals))
		fp_msg_local("out of memory");
	else
		fp_msg_lines(fp_buf_text(&text));
	fp_buf_destroy(&text);
}

static void
render_stats(struct fp_account *account, const struct fp_tally *tally,
	const struct fp_totals *totals)
{
	struct fp_buf text = FP_BUF_INIT;

	if (fp_stats_write(&text, tally, totals) ||
		fp_wholefile_write(&account->stats, text.data, text.len))
		fp_msg_local("write error: %s: %s",
			account->settings->stats_path, strerror(errno));
	fp_buf_destroy(&text);
}

void
fp_account_render(struct fp_account *account, const struct fp_tally *tally,
	struct fp_totals *totals)
{
	fp_trace_close(&account->trace);
	totals->exit_status = (int)fp_msg_status();
	if (account->settings->stats_path)
		render_stats(account, tally, totals);
	if (account->settings->summary)
		render_summary(tally, totals);
}

void
fp_account_save(struct fp_account *account)
{
	if (account->trace.fd >= 0)
		fp_trace_flush(&account->trace);
}

void
fp_account_close(struct fp_account *account)
{
	fp_wholefile_close(&account->stats);
	fp_trace_close(&account->trace);
}
