/* SPDX-License-Identifier: MIT */
/*
 * fetchlist: fetches the URLs that its input lists, one a line, and tells
 * the size of each as it comes.
 *
 *	cc -o fetchlist fetchlist.c $(pkg-config --cflags --libs fetchpool)
 */
#define _POSIX_C_SOURCE 200809L /* getline() */

#include <fetchpool.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Called once for each URL, by one thread, the pool's own. */
static void
done(void *arg, const struct fp_result *result)
{
	size_t *n_failed = arg;

	if (result->kind == FP_KIND_OK) {
		printf("%s: %" PRId64 " bytes\n", result->url, result->size);
	} else {
		fprintf(stderr, "line %" PRIu64 ": %s\n", result->seq,
			result->message);
		++*n_failed;
	}
}

int
main(void)
{
	struct fp_options options;
	char why[200], *line = NULL;
	size_t n_failed = 0, size = 0;

	fp_options_init(&options, sizeof(options));
	options.done = done;
	options.done_arg = &n_failed;
	struct fp_pool *pool = fp_pool_new(&options, why, sizeof(why));
	if (!pool) {
		fprintf(stderr, "fetchlist: %s\n", why);
		return 2;
	}
	while (getline(&line, &size, stdin) > 0) {
		struct fp_item item = {.input = {line, strcspn(line, "\r\n")}};
		if (fp_pool_submit(pool, &item)) {
			perror("fetchlist");
			++n_failed;
			break;
		}
	}
	free(line);
	fp_pool_close(pool);
	fp_pool_wait(pool);
	fp_pool_free(pool);
	return n_failed > 0;
}
