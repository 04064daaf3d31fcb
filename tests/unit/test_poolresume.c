/* SPDX-License-Identifier: MIT */
/*
 * What the library does for runs that go on where another one ended: numbers
 * that are given, items whose outcome is unknown, and the word before what
 * must not be sent twice.
 */
#include "fetchpool.h"

#include "base.h"
#include "tap.h"
#include "tinyserver.h"

static struct tinyserver *server;
static char template[64];

struct intents {
	atomic_uint n;
	atomic_uint_fast64_t sum; /* of their seqs */
	unsigned n_requests; /* that the server had seen at the last one */
	int answer;
};

static int
on_intent(void *arg, uint64_t seq)
{
	struct intents *intents = arg;

	atomic_fetch_add(&intents->n, 1);
	atomic_fetch_add(&intents->sum, seq);
	intents->n_requests = atomic_load(&server->n_requests);
	return intents->answer;
}

static struct fp_pool *
new_pool(struct fp_options *options, struct intents *intents)
{
	char why[200] = "";

	options->intent = on_intent;
	options->intent_arg = intents;
	struct fp_pool *pool = fp_pool_new(options, why, sizeof(why));
	if (!pool) {
		printf("Bail out! %s\n", why);
		exit(EXIT_FAILURE);
	}
	return pool;
}

static struct fp_options
options_for(const char *path)
{
	struct fp_options options;

	snprintf(template, sizeof(template), "http://127.0.0.1:%d/%s",
		server->port, path);
	fp_options_init(&options, sizeof(options));
	options.url_template = template;
	return options;
}

static const struct fp_result *
fetch(struct fp_pool *pool, const struct fp_item *item)
{
	const struct fp_result *result = NULL;

	CHECK(fp_pool_submit(pool, item) == 0);
	CHECK(fp_pool_next(pool, &result, 1) == 1);
	return result;
}

/* In order, and with numbers that are all the same to the ring. */
static void
numbers_that_are_given_are_kept(void)
{
	static const uint64_t seqs[] = {8, 16, 24, 0, 1000001, 0};
	static const uint64_t shown[] = {8, 16, 24, 4, 1000001, 6};
	struct intents intents = {.answer = 0};
	struct fp_options options = options_for("ok/{}");
	const struct fp_result *result;

	options.keep_order = true;
	options.window = 8;
	struct fp_pool *pool = new_pool(&options, &intents);
	for (size_t i = 0; i < FP_ARRAY_LEN(seqs); i++) {
		struct fp_item item = {.input = {"x", 1}, .seq = seqs[i]};
		CHECK(fp_pool_submit(pool, &item) == 0);
	}
	fp_pool_close(pool);
	for (size_t i = 0; i < FP_ARRAY_LEN(seqs); i++) {
		CHECK(fp_pool_next(pool, &result, 1) == 1);
		CHECK(result->seq == shown[i]);
		CHECK(result->kind == FP_KIND_OK);
		fp_pool_release(pool, &result, 1);
	}
	CHECK(fp_pool_next(pool, &result, 1) == 0);
	CHECK(intents.n == 0);
	fp_pool_free(pool);
}

static void
what_may_have_been_sent_is_not_sent(void)
{
	struct intents intents = {.answer = 0};
	struct fp_options options = options_for("ok/{}");
	struct fp_pool *pool = new_pool(&options, &intents);
	struct fp_item item = {
		.input = {"x", 1}, .seq = 7, .outcome_unknown = true};
	unsigned before = atomic_load(&server->n_requests);

	const struct fp_result *result = fetch(pool, &item);
	CHECK(result->kind == FP_KIND_NETWORK && result->seq == 7);
	CHECK(result->message && strstr(result->message, "unknown"));
	CHECK_BYTES(result->input.data, result->input.len, "x", 1);
	CHECK(result->attempts == 0);
	fp_pool_release(pool, &result, 1);
	fp_pool_free(pool);
	CHECK(atomic_load(&server->n_requests) == before);
}

static void
an_intent_comes_before_the_request(void)
{
	struct intents intents = {.answer = 0};
	struct fp_options options = options_for("ok/{}");
	struct fp_item item = {.input = {"x", 1}};

	options.method = "POST";
	struct fp_pool *pool = new_pool(&options, &intents);
	for (unsigned i = 1; i <= 3; i++) {
		unsigned before = atomic_load(&server->n_requests);
		item.seq = 100 * i;
		const struct fp_result *result = fetch(pool, &item);
		CHECK(result->kind == FP_KIND_OK);
		CHECK(intents.n == i && intents.sum == 50 * i * (i + 1));
		CHECK(intents.n_requests == before);
		CHECK(atomic_load(&server->n_requests) == before + 1);
		fp_pool_release(pool, &result, 1);
	}
	fp_pool_free(pool);
}

static void
no_intent_no_request(void)
{
	struct intents intents = {.answer = -1};
	struct fp_options options = options_for("ok/{}");
	struct fp_item item = {.input = {"x", 1}};
	unsigned before = atomic_load(&server->n_requests);

	options.method = "PATCH";
	struct fp_pool *pool = new_pool(&options, &intents);
	const struct fp_result *result = fetch(pool, &item);
	CHECK(result->kind == FP_KIND_LOCAL);
	CHECK(intents.n == 1);
	fp_pool_release(pool, &result, 1);
	fp_pool_free(pool);
	CHECK(atomic_load(&server->n_requests) == before);
}

static void
what_may_be_sent_twice_needs_no_word(void)
{
	struct intents intents = {.answer = -1};
	struct fp_options options = options_for("ok/{}");
	struct fp_item item = {.input = {"x", 1}};

	options.method = "PUT";
	struct fp_pool *pool = new_pool(&options, &intents);
	const struct fp_result *result = fetch(pool, &item);
	CHECK(result->kind == FP_KIND_OK);
	CHECK(intents.n == 0);
	fp_pool_release(pool, &result, 1);
	fp_pool_free(pool);
}

int
main(void)
{
	server = tiny_start();
	run("numbers that are given are kept, in order too",
		numbers_that_are_given_are_kept);
	run("an item that may have been sent fails, and is not sent",
		what_may_have_been_sent_is_not_sent);
	run("the intent is told just before a POST goes out",
		an_intent_comes_before_the_request);
	run("a refused intent: nothing is sent", no_intent_no_request);
	run("what may be sent twice needs no word",
		what_may_be_sent_twice_needs_no_word);
	tiny_stop(server);
	return done();
}
