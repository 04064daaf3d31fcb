/* SPDX-License-Identifier: MIT */
/*
 * Every token has a number, and a request keeps the number of the one it was
 * set up with. So a 401 that comes late is not held against a token that has
 * been replaced since; and at the gate, what was set up with an old one goes
 * back, and is set up anew.
 *
 * A token that servers have taken and then refuse has expired, or was revoked:
 * there is a new one at once. One that is refused from the start is perhaps not
 * known everywhere yet, or was the last server's fault: so after the second in
 * a row there is a pause, like that before another attempt, and in the end no
 * token at all. But an item that two tokens in a row are refused to, where
 * tokens have been taken before, fails alone: it may not be for this user. If
 * it is the client that may do nothing any more, the next items soon tell.
 *
 * While a token is awaited the queue lends nothing, so that nothing has to be
 * taken back at the gate but what was on its way there.
 */
#include "base.h"

#include "bearer.h"

#include "clock.h"
#include "tokenreply.h"

#include <stdio.h>
#include <string.h>

/* How long before its end a token is replaced: a part of its life, and at most
 * this much. */
#define EARLY_PART 5
#define EARLY_MAX_NS (60 * FP_NS_PER_S)

void
fp_bearer_init(struct fp_bearer *bearer, struct fp_setup *setup,
	struct fp_queue *queue)
{
	*bearer = (struct fp_bearer){.setup = setup, .queue = queue};
	fp_mutex_init(&bearer->lock);
	fp_cond_init(&bearer->work);
}

/* Under the lock. */
static void
ask(struct fp_bearer *bearer)
{
	bearer->state = FP_BEARER_ASKING;
	fp_queue_hold(bearer->queue, true);
	fp_cond_signal(&bearer->work);
}

void
fp_bearer_need(struct fp_bearer *bearer)
{
	fp_mutex_lock(&bearer->lock);
	if (bearer->state == FP_BEARER_NONE)
		ask(bearer);
	fp_mutex_unlock(&bearer->lock);
}

/* ---- asking ---- */

/* How long to wait before another try, after this many of them. */
static int64_t
pause_ns(const struct fp_bearer *bearer, unsigned n)
{
	const struct fp_options *options = &bearer->setup->options;
	uint64_t ms = options->retry_delay_ms;

	while (--n > 0 && ms < options->retry_max_delay_ms)
		ms *= 2;
	ms = FP_MIN(ms, options->retry_max_delay_ms);
	return (int64_t)ms * FP_NS_PER_MS;
}

/* How many waits there were before this try, and how many there may be: then
 * it is enough. Under the lock. */
static unsigned
count_waits(const struct fp_bearer *bearer)
{
	unsigned refused = bearer->n_refused;

	return bearer->n_failed + (refused > 1 ? refused - 1 : 0);
}

/* Waits as long as it takes. false: closing. Under the lock. */
static bool
bearer_wait(struct fp_bearer *bearer)
{
	while (bearer->state != FP_BEARER_ASKING && !bearer->is_closing)
		fp_cond_wait(&bearer->work, &bearer->lock);
	unsigned n = count_waits(bearer);
	if (n == 0 || bearer->is_closing)
		return !bearer->is_closing;
	int64_t end_ns = fp_clock_now_ns() + pause_ns(bearer, n);
	while (!bearer->is_closing &&
		fp_cond_wait_until(&bearer->work, &bearer->lock, end_ns))
		;
	return !bearer->is_closing;
}

/* Under the lock. */
static void
bearer_take(
	struct fp_bearer *bearer, struct fp_tokenreply *reply, int64_t asked_ns)
{
	struct fp_buf old = bearer->token;
	int64_t early_ns = FP_MIN(reply->expires_ns / EARLY_PART, EARLY_MAX_NS);

	bearer->token = reply->token;
	reply->token = old;
	bearer->renew_ns = reply->expires_ns > 0
				   ? asked_ns + reply->expires_ns - early_ns
				   : INT64_MAX;
	bearer->number++;
	bearer->has_worked = false;
	bearer->n_failed = 0;
	bearer->state = FP_BEARER_READY;
	fp_queue_hold(bearer->queue, false);
}

/* Says why the run ends. Under the lock; not while it is said. */
static void
bearer_give_up(struct fp_bearer *bearer, const char *why)
{
	char text[1200];

	bearer->state = FP_BEARER_OVER;
	fp_mutex_unlock(&bearer->lock);
	if (bearer->n_failed > 0)
		snprintf(text, sizeof(text), "no access token: %s", why);
	else
		snprintf(text, sizeof(text),
			"the server refuses the access token (401), %u times "
			"in a row%s%s",
			bearer->n_refused, why[0] ? ": " : "", why);
	fp_setup_halt(bearer->setup, text);
	fp_mutex_lock(&bearer->lock);
}

static bool
is_enough_asked(const struct fp_bearer *bearer)
{
	unsigned most = bearer->setup->options.retry;

	return bearer->n_failed > most || bearer->n_refused > most + 1;
}

/* Asks once. Under the lock; not meanwhile. */
static void
bearer_ask_once(struct fp_bearer *bearer)
{
	const struct fp_options *options = &bearer->setup->options;
	struct fp_token_reply got = {.text = {"", 0}};
	struct fp_tokenreply reply = {FP_BUF_INIT, -1};
	char why[200];

	if (is_enough_asked(bearer)) {
		bearer_give_up(bearer, fp_buf_text(&bearer->said));
		return;
	}
	fp_mutex_unlock(&bearer->lock);
	int64_t asked_ns = fp_clock_now_ns();
	int ret = options->token(options->token_arg, &got);
	if (ret == 0 &&
		fp_tokenreply_parse(got.text, &reply, why, sizeof(why))) {
		ret = -1;
		got.why = why;
	}
	fp_mutex_lock(&bearer->lock);
	if (bearer->is_closing) {
		;
	} else if (ret == 0) {
		bearer_take(bearer, &reply, asked_ns);
		if (!got.said ||
			fp_buf_set(&bearer->said, got.said, strlen(got.said)))
			fp_buf_clear(&bearer->said, 0);
	} else {
		bearer->n_failed++;
		if (is_enough_asked(bearer))
			bearer_give_up(bearer, got.why ? got.why : "");
	}
	fp_tokenreply_destroy(&reply);
}

static void
bearer_main(void *arg)
{
	struct fp_bearer *bearer = arg;

	fp_mutex_lock(&bearer->lock);
	while (bearer_wait(bearer)) {
		bearer_ask_once(bearer);
		if (bearer->state != FP_BEARER_READY)
			continue;
		fp_mutex_unlock(&bearer->lock);
		fp_queue_call(bearer->queue);
		fp_mutex_lock(&bearer->lock);
	}
	fp_mutex_unlock(&bearer->lock);
}

int
fp_bearer_start(struct fp_bearer *bearer)
{
	if (fp_thread_start(&bearer->thread, 0, bearer_main, bearer))
		return -1;
	bearer->has_thread = true;
	return 0;
}

void
fp_bearer_stop(struct fp_bearer *bearer)
{
	const struct fp_options *options = &bearer->setup->options;

	fp_mutex_lock(&bearer->lock);
	bool is_first = !bearer->is_closing;
	bearer->is_closing = true;
	fp_cond_broadcast(&bearer->work);
	fp_mutex_unlock(&bearer->lock);
	if (is_first && options->token_stop)
		options->token_stop(options->token_arg);
}

void
fp_bearer_destroy(struct fp_bearer *bearer)
{
	if (bearer->has_thread)
		fp_thread_join(&bearer->thread);
	bearer->has_thread = false;
	fp_buf_destroy(&bearer->token);
	fp_buf_destroy(&bearer->said);
	fp_cond_destroy(&bearer->work);
	fp_mutex_destroy(&bearer->lock);
}

/* ---- requests ---- */

static bool
has_own_login(const struct fp_request *request)
{
	const char *url = fp_ticket_url(request->ticket);
	const char *host = strstr(url, "://");

	if (fp_request_has_header(request, "Authorization"))
		return true;
	host = host ? host + 3 : url;
	return memchr(host, '@', strcspn(host, "/?#")) != NULL;
}

static CURLcode
bearer_set(struct fp_request *request, CURL *easy, const char *token,
	uint64_t number)
{
	CURLcode code = curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, token);

	if (code == CURLE_OK)
		code = curl_easy_setopt(easy, CURLOPT_HTTPAUTH,
			token ? CURLAUTH_BEARER : CURLAUTH_BASIC);
	request->token = code == CURLE_OK ? number : 0;
	return code;
}

CURLcode
fp_bearer_apply(struct fp_request *request, CURL *easy, bool hide)
{
	struct fp_bearer *bearer = request->setup->bearer;
	CURLcode code = CURLE_OK;

	if (!bearer)
		return CURLE_OK;
	request->wants_token = false;
	if (hide || has_own_login(request))
		return request->token ? bearer_set(request, easy, NULL, 0)
				      : CURLE_OK;
	fp_mutex_lock(&bearer->lock);
	if (request->token != bearer->number)
		code = bearer_set(request, easy, fp_buf_text(&bearer->token),
			bearer->number);
	fp_mutex_unlock(&bearer->lock);
	request->wants_token = true;
	return code;
}

bool
fp_bearer_passes(struct fp_bearer *bearer, const struct fp_request *request,
	int64_t now_ns)
{
	if (!request->wants_token)
		return true;
	fp_mutex_lock(&bearer->lock);
	if (bearer->state == FP_BEARER_READY && now_ns >= bearer->renew_ns)
		ask(bearer);
	bool passes = bearer->state == FP_BEARER_READY &&
		      request->token == bearer->number;
	fp_mutex_unlock(&bearer->lock);
	return passes;
}

/* The present token was refused. false: to this item alone. Under the lock. */
static bool
bearer_refuse(struct fp_bearer *bearer, struct fp_ticket *ticket)
{
	bool is_second = ticket->refused_token > 0 &&
			 ticket->refused_token == bearer->number - 1;

	ticket->refused_token = bearer->number;
	if (bearer->has_worked && is_second)
		return false;
	bearer->n_refused = bearer->has_worked ? 1 : bearer->n_refused + 1;
	if (is_second && bearer->has_ever_worked && !is_enough_asked(bearer))
		return false;
	ask(bearer);
	return true;
}

/* Whether such an answer tells that the token was taken: some are not of the
 * server that it is for. */
static bool
tells_of_token(int status)
{
	return status < 500 && status != 407 && status != 429;
}

bool
fp_bearer_hears(
	struct fp_bearer *bearer, struct fp_request *request, int status)
{
	bool is_again = false;

	if (!request->wants_token)
		return false;
	fp_mutex_lock(&bearer->lock);
	bool is_present = request->token == bearer->number &&
			  bearer->state == FP_BEARER_READY;
	if (status == 401) {
		is_again =
			!is_present || bearer_refuse(bearer, request->ticket);
	} else if (tells_of_token(status)) {
		/* Other pages or attempts of the item may outlive this one. */
		request->ticket->refused_token = 0;
		if (is_present) {
			bearer->has_worked = bearer->has_ever_worked = true;
			bearer->n_refused = 0;
		}
	}
	fp_mutex_unlock(&bearer->lock);
	return is_again;
}
