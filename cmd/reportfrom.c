/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "reportfrom.h"

#include "compare.h"
#include "jsontree.h"
#include "msg.h"
#include "page.h"
#include "patience.h"
#include "runfiles.h"
#include "stats.h"
#include "wholefile.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Of one file: ten times what a run writes. */
#define STATS_MAX ((size_t)4 << 20)

struct past {
	struct fp_jsontree *trees[FP_COMPARE_MAX];
	const struct fp_jsonnode *runs[FP_COMPARE_MAX];
	size_t n;
};

/* false: said why. */
static bool
read_run(struct past *past, const char *path)
{
	struct fp_buf text = FP_BUF_INIT;
	struct fp_jsontree *tree = NULL;

	if (fp_settings_read(&text, path, STATS_MAX)) {
		fp_buf_destroy(&text);
		return fp_settings_unreadable("--report-from", path);
	}
	tree = fp_jsontree_parse(fp_buf_text(&text), text.len);
	fp_buf_destroy(&text);
	if (!tree && errno == ENOMEM)
		return fp_settings_no_memory();
	const struct fp_jsonnode *run = tree ? fp_jsontree_root(tree) : NULL;
	double schema = fp_jsontree_number(run, "schema");
	if (!fp_jsontree_text(run, "fetchpool")[0] || schema < 1) {
		fp_msg_usage(
			"--report-from: %s was not written by --stats, or is "
			"damaged",
			path);
		fp_jsontree_free(tree);
		return false;
	}
	if (schema != FP_STATS_SCHEMA) {
		fp_msg_usage(
			"--report-from: %s has schema %.0f, and only %d is "
			"known here",
			path, schema, FP_STATS_SCHEMA);
		fp_jsontree_free(tree);
		return false;
	}
	past->runs[past->n] = run;
	past->trees[past->n++] = tree;
	return true;
}

static void
write_report(const struct fp_settings *settings, const struct fp_buf *page)
{
	const char *path = settings->report_path;
	struct fp_wholefile file;
	int ret;

	fp_wholefile_none(&file);
	if (path)
		ret = fp_wholefile_open(&file, path) ||
		      fp_wholefile_write(&file, page->data, page->len);
	else
		ret = fp_patience_write(STDOUT_FILENO, page->data, page->len);
	if (ret)
		fp_msg_local("write error: %s: %s",
			path ? path : "standard output",
			fp_patience_why(errno));
	fp_wholefile_close(&file);
}

void
fp_reportfrom_make(struct fp_settings *settings)
{
	const struct fp_list *files = &settings->report_from;
	struct past *past = calloc(1, sizeof(*past));
	struct fp_buf page = FP_BUF_INIT;
	bool ok = true;
	int ret = 0;

	if (!past) {
		fp_settings_no_memory();
		return;
	}
	if (files->n > FP_COMPARE_MAX) {
		fp_msg_usage("--report-from: at most %d files", FP_COMPARE_MAX);
		ok = false;
	}
	ok = ok && fp_runfiles_check(settings);
	for (size_t i = 0; ok && i < files->n; i++)
		ok = read_run(past, files->texts[i]);
	if (ok && past->n == 1)
		ret = fp_page_write(&page, past->runs[0]);
	else if (ok)
		ret = fp_compare_write(
			&page, past->runs, files->texts, past->n);
	if (ok && ret)
		fp_settings_no_memory();
	else if (ok)
		write_report(settings, &page);
	for (size_t i = 0; i < past->n; i++)
		fp_jsontree_free(past->trees[i]);
	fp_buf_destroy(&page);
	free(past);
}
