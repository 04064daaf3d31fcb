/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "outcome.h"
#include "tap.h"
#include "ticket.h"

/* The linker puts this in the place of realloc() (--wrap in tests/local.mk). */
void *__real_realloc(void *data, size_t size);
void *__wrap_realloc(void *data, size_t size);

static bool memory_is_out;

void *
__wrap_realloc(void *data, size_t size)
{
	return memory_is_out ? NULL : __real_realloc(data, size);
}

/* As the window makes them. */
static struct fp_ticket *
new_ticket(void)
{
	struct fp_ticket *ticket = calloc(1, sizeof(*ticket));

	if (!ticket)
		abort();
	fp_ticket_clear(ticket);
	return ticket;
}

/* What is said about an item of which nothing is known. */
static void
check_unknown(const struct fp_ticket *ticket)
{
	const struct fp_result *result = &ticket->result;

	CHECK(result->kind == FP_KIND_OK && result->message == NULL);
	CHECK(result->seq == 0 && result->status == 0 && result->attempts == 0);
	CHECK(result->input.len == 0 && !result->is_cut);
	CHECK(result->url == NULL && result->type == NULL);
	CHECK(result->method == NULL);
	CHECK(result->size == -1 && result->fetch_time_ns == -1);
	CHECK(result->time_connect_ns == -1);
	CHECK(result->time_first_byte_ns == -1 && result->started_wall_ns == 0);
	CHECK(result->encoding == FP_BODY_NONE && result->body.len == 0);
	CHECK(result->headers.data == NULL && result->headers.len == 0);
	CHECK_TEXT(result->ip, "");
	CHECK_TEXT(result->http_version, "");
	CHECK(ticket->block == NULL && ticket->item.n_values == 0);
	CHECK(ticket->item.url.data == NULL && result->context.data == NULL);
	CHECK(result->file == NULL && result->final_url == NULL);
	CHECK(ticket->next == NULL && ticket->started_ns == 0);
}

static void
fill(struct fp_ticket *ticket, size_t len)
{
	struct fp_buf *bufs[] = {&ticket->input, &ticket->url,
		&ticket->shown_url, &ticket->type, &ticket->headers,
		&ticket->body, &ticket->message};

	for (size_t i = 0; i < FP_ARRAY_LEN(bufs); i++) {
		CHECK(fp_buf_reserve(bufs[i], len) == 0);
		CHECK(fp_buf_add_text(bufs[i], "stale") == 0);
	}
	ticket->block = malloc(10);
	ticket->item.n_values = 1;
	ticket->item.url = ticket->result.context = (struct fp_text){"x", 1};
	ticket->result.file = ticket->result.final_url = "x";
	ticket->next = ticket;
	ticket->started_ns = 5;
	strcpy(ticket->ip, "127.0.0.1");
	ticket->result.seq = 3;
	ticket->result.kind = FP_KIND_DNS;
	ticket->result.message = ticket->message.data;
	ticket->result.input = (struct fp_text){ticket->input.data, 5};
	ticket->result.is_cut = true;
	ticket->result.url = ticket->url.data;
	ticket->result.type = ticket->type.data;
	ticket->result.body = (struct fp_text){ticket->body.data, 5};
	ticket->result.headers = (struct fp_text){ticket->headers.data, 5};
	ticket->result.method = "GET";
	ticket->result.http_version = "2";
	ticket->result.status = 200;
	ticket->result.attempts = 2;
	ticket->result.encoding = FP_BODY_TEXT;
	ticket->result.size = ticket->result.fetch_time_ns = 0;
	ticket->result.time_connect_ns = ticket->result.time_first_byte_ns = 0;
	ticket->result.started_wall_ns = 1;
}

static size_t
memory_of(const struct fp_ticket *ticket)
{
	return ticket->input.cap + ticket->url.cap + ticket->shown_url.cap +
	       ticket->type.cap + ticket->headers.cap + ticket->body.cap +
	       ticket->message.cap;
}

/* Nothing of one item is left for the next. */
static void
cleared(void)
{
	struct fp_ticket *ticket = new_ticket();

	check_unknown(ticket);
	fill(ticket, 100);
	size_t before = memory_of(ticket);
	fp_ticket_clear(ticket);
	check_unknown(ticket);
	CHECK(memory_of(ticket) == before);
	CHECK_TEXT(fp_buf_text(&ticket->type), "");
	CHECK_TEXT(fp_buf_text(&ticket->url), "");
	CHECK(ticket->body.len == 0 && ticket->headers.len == 0);
	CHECK(ticket->input.len == 0 && ticket->message.len == 0);

	/* A large item's memory does not stay with the ticket. */
	fill(ticket, 100000);
	fp_ticket_clear(ticket);
	check_unknown(ticket);
	CHECK(memory_of(ticket) <= (size_t)7 * 1024);
	fp_ticket_free(ticket);
}

static void
failed(void)
{
	struct fp_ticket *ticket = new_ticket();

	fill(ticket, 100000);
	fp_ticket_fail(ticket, FP_KIND_TOO_LARGE, "it is too large");
	CHECK(ticket->result.kind == FP_KIND_TOO_LARGE);
	CHECK_TEXT(ticket->result.message, "it is too large");
	CHECK(ticket->result.encoding == FP_BODY_NONE);
	CHECK(ticket->result.body.data == NULL && ticket->result.body.len == 0);
	CHECK(ticket->body.len == 0 && ticket->body.cap == 0);

	/* All else that is known stays. */
	CHECK(ticket->result.status == 200 && ticket->result.attempts == 2);
	CHECK(ticket->result.size == 0 && ticket->result.seq == 3);
	CHECK(ticket->result.url == ticket->url.data && ticket->url.len == 5);
	CHECK(ticket->result.headers.len == 5);

	/* The message is a copy, and the last one holds. */
	char message[] = "first";
	fp_ticket_fail(ticket, FP_KIND_BODY, message);
	message[0] = 'F';
	CHECK_TEXT(ticket->result.message, "first");
	fp_ticket_fail(ticket, FP_KIND_STOPPED, "");
	CHECK_TEXT(ticket->result.message, "");
	CHECK(ticket->result.kind == FP_KIND_STOPPED);
	fp_ticket_free(ticket);
}

/* One that goes on without room gives its decoder back before its body. */
static void
goes_on_alone(void)
{
	struct fp_ticket *ticket = new_ticket();
	struct fp_memory memory;
	const uint64_t decoder = (uint64_t)8 << 20;

	for (size_t body = (size_t)2 << 20;; body = 0) {
		fp_memory_init(&memory, (uint64_t)1 << 20, false);
		ticket->turn = 5;
		CHECK(fp_ticket_has_room(ticket, &memory, decoder));
		fp_ticket_hold_decoder(ticket, &memory, decoder);
		CHECK(fp_buf_reserve(&ticket->body, body) == 0);
		fp_ticket_charge(ticket, &memory);
		CHECK(!fp_memory_has_room(&memory, 6, 1));
		fp_ticket_hold_decoder(ticket, &memory, 0);
		CHECK(fp_memory_has_room(&memory, 6, decoder) == (body == 0));
		fp_ticket_clear(ticket);
		CHECK(fp_memory_has_room(&memory, 7, 1));
		fp_buf_destroy(&ticket->body);
		if (body == 0)
			break;
	}
	fp_ticket_free(ticket);
}

static void
no_memory(void)
{
	struct fp_ticket *ticket = new_ticket();

	memory_is_out = true;
	fp_ticket_fail(ticket, FP_KIND_HTTP, "404 Not Found");
	memory_is_out = false;
	CHECK(ticket->result.kind == FP_KIND_HTTP);
	CHECK_TEXT(ticket->result.message, FP_OUT_OF_MEMORY);
	fp_ticket_clear(ticket);
	check_unknown(ticket);
	fp_ticket_free(ticket);
}

static void
freed(void)
{
	struct fp_ticket *ticket = calloc(1, sizeof(*ticket));

	fp_ticket_free(NULL);
	fp_ticket_free(ticket);
	ticket = new_ticket();
	fill(ticket, 5000);
	fp_ticket_free(ticket);
}

int
main(void)
{
	run("a cleared ticket knows nothing", cleared);
	run("a failed item has a kind, a message and no body", failed);
	run("one that goes on without room, until its body has gone",
		goes_on_alone);
	run("a message without memory", no_memory);
	run("a ticket frees all that it holds", freed);
	return done();
}
