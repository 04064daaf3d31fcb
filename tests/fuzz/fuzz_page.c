/* SPDX-License-Identifier: MIT */
/*
 * Reports of statistics that may come from anywhere: whatever is JSON makes a
 * page, alone and beside another one, that is not too long, and in which what
 * was in it is text.
 *
 *	a document, as --stats writes it
 */
#include "fuzz.h"

#include "compare.h"
#include "jsontree.h"
#include "page.h"

#include <errno.h>

/* Tags are ours: none of them is a script's, and none is cut short. */
static void
check_page(const struct fp_buf *page)
{
	size_t n_open = 0;

	HOLDS(page->len > 0 && page->len <= FP_PAGE_MAX);
	HOLDS(!memmem(page->data, page->len, "<script", 7));
	for (size_t i = 0; i < page->len; i++) {
		n_open += page->data[i] == '<';
		HOLDS(n_open <= 1);
		n_open -= page->data[i] == '>' && n_open > 0;
	}
	HOLDS(n_open == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	struct fp_jsontree *tree = fp_jsontree_parse(fuzz.at, fuzz.left);
	struct fp_buf page = FP_BUF_INIT;

	if (!tree) {
		HOLDS(errno == EINVAL);
		return 0;
	}
	const struct fp_jsonnode *root = fp_jsontree_root(tree);
	const struct fp_jsonnode *const runs[] = {root, root};
	static const char *const names[] = {"<a>", "b"};
	HOLDS(fp_page_write(&page, root) == 0);
	check_page(&page);
	fp_buf_clear(&page, 0);
	HOLDS(fp_compare_write(&page, runs, names, 2) == 0);
	check_page(&page);
	fp_buf_destroy(&page);
	fp_jsontree_free(tree);
	return 0;
}
