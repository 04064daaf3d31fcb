/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a transfer's body, as libcurl brings them: through gunzip into
 * the carry or a file, as far as there is memory for them.
 *
 * What judges JSON takes 7 KiB, what decodes gzip 40 KiB. Transfers that wait
 * for an answer are many, those whose body is coming in are few: so these are
 * with the loop, and lent to a transfer from its first byte of the body to
 * the verdict. (Each lane of it has some at once now and then; not all have.)
 */
#include "base.h"

#include "chapters.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* So many times as many bytes may come of deflated ones: 258 of 2 bits. */
#define GZIP_RATIO 1032

/* So much of a document is in memory before it goes to a file. */
#define SPOOL_BYTES ((size_t)256 << 10)

#define GZIP_PIECE 4096
#define TIGHT_PIECE 128

/* NULL: there is none, and one has to be made. */
static void *
take_from(struct fp_shelf *shelf)
{
	return shelf->n > 0 ? shelf->things[--shelf->n] : NULL;
}

/* false: there is no room for it, and it has to be freed. */
static bool
put_on(struct fp_shelf *shelf, void *thing)
{
	if (FP_UNLIKELY(shelf->n == FP_ARRAY_LEN(shelf->things)))
		return false;
	if (thing)
		shelf->things[shelf->n++] = thing;
	return true;
}

static void
shelve_all(struct fp_transfer *transfer)
{
	struct fp_shelves *shelves = transfer->context->shelves;

	if (!put_on(&shelves->judges, transfer->body.carry.json))
		fp_json_free(transfer->body.carry.json);
	transfer->body.carry.json = NULL;
	if (!put_on(&shelves->finders, transfer->body.carry.find))
		fp_jsonfind_free(transfer->body.carry.find);
	transfer->body.carry.find = NULL;
	if (!put_on(&shelves->decoders, transfer->body.gunzip.state))
		fp_gunzip_free(&transfer->body.gunzip);
	transfer->body.gunzip.state = NULL;
}

void
fp_transfer_end_body(struct fp_transfer *transfer)
{
	transfer->body.is_filed = false;
	fp_carry_forget(&transfer->body.carry);
	if (FP_UNLIKELY(fp_json_memory(transfer->body.carry.json, 0) > 0))
		fp_json_reset(transfer->body.carry.json);
	shelve_all(transfer);
	if (FP_UNLIKELY(transfer->body.unpack.state))
		fp_unpack_end(&transfer->body.unpack);
	transfer->body.unpack_bytes = 0;
	if (FP_UNLIKELY(transfer->ticket->decoder_bytes > 0))
		fp_ticket_hold_decoder(
			transfer->ticket, &transfer->setup->memory, 0);
	if (FP_UNLIKELY(transfer->ticket->head_bytes > 0))
		fp_ticket_hold_head(
			transfer->ticket, &transfer->setup->memory, 0);
}

void
fp_transfer_clear_shelves(struct fp_shelves *shelves)
{
	struct fp_gunzip gunzip;

	while (shelves->judges.n > 0)
		fp_json_free(take_from(&shelves->judges));
	while (shelves->finders.n > 0)
		fp_jsonfind_free(take_from(&shelves->finders));
	while (shelves->decoders.n > 0) {
		gunzip.state = take_from(&shelves->decoders);
		fp_gunzip_free(&gunzip);
	}
}

void
fp_transfer_begin_body(struct fp_transfer *transfer, bool is_empty)
{
	const struct fp_setup *setup = transfer->setup;
	const struct fp_response *response = &transfer->response;
	int status = response->status;
	bool is_undone = response->packing != FP_PACKING_NONE &&
			 !setup->options.no_compressed;
	bool is_status = status > 0 && status < FP_STATUS_MAX;
	bool is_ok = fp_transfer_is_ok(transfer);
	bool is_readable = !response->is_encoded || is_undone || is_empty ||
			   setup->options.no_compressed;

	transfer->body.packing =
		is_undone ? response->packing : FP_PACKING_NONE;
	transfer->body.carry.json =
		take_from(&transfer->context->shelves->judges);
	transfer->body.carry.find =
		take_from(&transfer->context->shelves->finders);
	if (transfer->body.packing == FP_PACKING_GZIP) {
		transfer->body.gunzip.state =
			take_from(&transfer->context->shelves->decoders);
		fp_gunzip_start(&transfer->body.gunzip);
	} else if (FP_UNLIKELY(transfer->body.packing != FP_PACKING_NONE)) {
		fp_unpack_start(&transfer->body.unpack, transfer->body.packing);
	}
	transfer->body.is_filed = setup->outdir.fd >= 0 && is_readable && is_ok;
	/* A file holds what came; but where nothing else tells its end, JSON
	 * does, and what says where the next page is must be JSON. That of a
	 * rest is told by its Content-Range. */
	bool has_places = FP_UNLIKELY(setup->take.n > 0);
	bool has_end = response->has_length || response->is_chunked ||
		       transfer->body.is_joined;
	const char *type = fp_buf_text(&transfer->ticket->type);
	transfer->body.carry.is_success = is_ok && is_readable;
	transfer->body.carry.proves_end = !has_end &&
					  !setup->options.allow_unclean_close &&
					  fp_carry_is_json_type(type);
	transfer->body.carry.judges_only =
		transfer->body.is_filed ||
		(transfer->body.carry.proves_end &&
			setup->options.body == FP_BODY_NONE);
	if (is_status && !is_ok && is_readable)
		fp_carry_begin_failed(
			&transfer->body.carry, type, &transfer->ticket->body);
	else
		fp_carry_begin(&transfer->body.carry,
			!(transfer->body.is_filed && has_end && !has_places) &&
				is_ok && is_readable,
			type, &transfer->ticket->body);
	if (FP_UNLIKELY(transfer->body.is_joined)) {
		fp_partial_join(transfer->ticket, &transfer->download.file);
		transfer->body.carry.size = transfer->download.file.size;
	} else if (FP_UNLIKELY(setup->options.part_key) &&
		   transfer->body.is_filed) {
		fp_partial_begin(&transfer->request, &transfer->download.file,
			&transfer->download.head, response);
	}
}

/* How the text begins, where it may say what the status does not. */
static bool
keep_refusal(struct fp_transfer *transfer, const char *data, size_t len)
{
	struct fp_buf *to = &transfer->refusal;

	if (!fp_refusal_wants_text(transfer->response.status))
		return true;
	len = FP_MIN(len, FP_WAITHINT_BODY_MAX - to->len);
	return len == 0 || fp_buf_add(to, data, len) == 0;
}

void
fp_transfer_fail_spool(struct fp_transfer *transfer, int err)
{
	static const char what[] = "cannot write to a temporary file";
	char text[120];

	if (err != EFBIG && err != EMFILE && err != ENFILE && err != ENOMEM) {
		fp_ticket_drop(transfer->ticket);
		fp_setup_fault(transfer->setup, what, err);
		return;
	}
	snprintf(text, sizeof(text), "%s: %s", what, strerror(err));
	fp_ticket_fail(transfer->ticket, FP_KIND_LOCAL, text);
}

/* A document of which only the elements of an array are wanted may be larger
 * than memory: much of it goes to a file until it is known to be whole. Where
 * no file can be made, it stays in memory. false: the file cannot be written
 * to, and the ticket says so. */
static bool
spool_body(struct fp_transfer *transfer)
{
	struct fp_ticket *ticket = transfer->ticket;
	const struct fp_carry *carry = &transfer->body.carry;
	bool is_full;

	if (!carry->is_streamed || carry->kind != FP_KIND_OK ||
		ticket->body.len < SPOOL_BYTES ||
		fp_ticket_spool(ticket, transfer->setup->temporary_folder,
			&is_full) == 0 ||
		!is_full)
		return true;
	fp_transfer_fail_spool(transfer, errno);
	return false;
}

/* Names that are kept to find two that are alike count like what decodes. */
static void
count_names(struct fp_transfer *transfer)
{
	size_t bytes = fp_json_memory(transfer->body.carry.json, 0);

	if (FP_UNLIKELY(bytes > FP_MEMORY_SMALL))
		fp_ticket_hold_decoder(transfer->ticket,
			&transfer->setup->memory,
			transfer->body.unpack_bytes + bytes);
}

/* Bytes as they are when no coding is on them any more. */
static bool
on_decoded(void *arg, const char *data, size_t len)
{
	struct fp_transfer *transfer = arg;

	if (FP_UNLIKELY(transfer->response.status >= 400) &&
		!keep_refusal(transfer, data, len)) {
		transfer->stop = FP_STOP_MEMORY;
		return false;
	}
	if (!fp_carry_write(&transfer->body.carry, data, len)) {
		transfer->stop = FP_STOP_TOO_LARGE;
		return false;
	}
	if (transfer->body.is_filed && !fp_download_write(&transfer->download,
					       transfer->ticket, data, len)) {
		transfer->stop = FP_STOP_FILE;
		return false;
	}
	if (FP_UNLIKELY(transfer->setup->take.each >= 0) &&
		!spool_body(transfer)) {
		transfer->stop = FP_STOP_FILE;
		return false;
	}
	count_names(transfer);
	fp_ticket_charge(transfer->ticket, &transfer->setup->memory);
	return true;
}

/* How much is fed at once: of a compressed body little, for much may come of
 * it; less where memory is scarce. */
static size_t
piece_of(const struct fp_transfer *transfer, size_t len)
{
	if (transfer->body.packing != FP_PACKING_GZIP)
		return len;
	return FP_MIN(len, fp_memory_is_tight(&transfer->setup->memory)
				   ? TIGHT_PIECE
				   : GZIP_PIECE);
}

/* Whether there is room for what these bytes may make the body grow by. */
static bool
body_has_room(struct fp_transfer *transfer, size_t len)
{
	struct fp_ticket *ticket = transfer->ticket;
	size_t most = transfer->body.packing == FP_PACKING_GZIP
			      ? len * GZIP_RATIO
			      : len;
	if (transfer->setup->options.json_safe)
		most *= 2;

	if (FP_UNLIKELY(transfer->body.carry.is_failed))
		most = fp_carry_wants(&transfer->body.carry, most);
	if (FP_UNLIKELY(transfer->body.carry.grows))
		most = FP_CHARSET_GROWTH * (ticket->body.len + most) -
		       ticket->body.len;
	uint64_t more = fp_buf_growth(&ticket->body, most) +
			fp_json_memory(transfer->body.carry.json, most) -
			fp_json_memory(transfer->body.carry.json, 0);

	if (!transfer->body.carry.keep || transfer->body.carry.judges_only ||
		ticket->body.cap + more <= FP_MEMORY_SMALL)
		return true;
	return fp_ticket_has_room(ticket, &transfer->setup->memory, more);
}

/* Whether there is room for what decodes this stream; then it has it. */
static bool
unpack_has_room(struct fp_transfer *transfer, const char *data, size_t len)
{
	struct fp_ticket *ticket = transfer->ticket;
	struct fp_memory *memory = &transfer->setup->memory;

	if (transfer->body.unpack.state || transfer->body.unpack_bytes > 0 ||
		len == 0)
		return true;
	size_t need = fp_unpack_need(
		transfer->body.unpack.packing, (unsigned char)*data);
	if (need > 0 && !fp_ticket_has_room(ticket, memory, need))
		return false;
	transfer->body.unpack_bytes = need;
	fp_ticket_hold_decoder(ticket, memory, need);
	return true;
}

/* Decodes with no more than there is room for after each step: of a few bytes
 * very many may come. false: it waits for room, or is over; *goes_on. */
static bool
unpack_body(struct fp_transfer *transfer, const char *data, size_t len,
	bool *goes_on)
{
	struct fp_unpack *unpack = &transfer->body.unpack;

	if (!unpack_has_room(transfer, data, len))
		return false;
	while (transfer->body.n_fed < len || unpack->has_more) {
		if (!body_has_room(transfer, FP_GUNZIP_CHUNK))
			return false;
		size_t n = fp_unpack_step(unpack, data + transfer->body.n_fed,
			len - transfer->body.n_fed, on_decoded, transfer);
		transfer->body.n_fed += n;
		*goes_on = fp_transfer_receive(transfer, n) &&
			   unpack->result != FP_GUNZIP_STOPPED;
		if (!*goes_on)
			return true;
	}
	return true;
}

/* The same of bytes that need no such care. */
static bool
feed_body(struct fp_transfer *transfer, const char *data, size_t len,
	bool *goes_on)
{
	while (*goes_on && transfer->body.n_fed < len) {
		const char *at = data + transfer->body.n_fed;
		size_t n = piece_of(transfer, len - transfer->body.n_fed);
		if (!body_has_room(transfer, n))
			return false;
		*goes_on = fp_transfer_receive(transfer, n);
		if (!*goes_on)
			return true;
		*goes_on = transfer->body.packing == FP_PACKING_GZIP
				   ? fp_gunzip_feed(&transfer->body.gunzip, at,
					     n, on_decoded,
					     transfer) != FP_GUNZIP_STOPPED
				   : on_decoded(transfer, at, n);
		transfer->body.n_fed += n;
	}
	return true;
}

/* A body that is wrong in its compression is still read to its end, like one
 * that is wrong otherwise; one that is too large is not. One that finds no
 * room waits: libcurl then brings the same bytes again, and those that were
 * fed already are passed over. */
size_t
fp_transfer_on_body(char *data, size_t one, size_t len, void *arg)
{
	struct fp_transfer *transfer = arg;
	bool goes_on = true;

	(void)one;
	transfer->heard_ns = *transfer->context->now_ns;
	if (transfer->hold.flow)
		transfer->hold.flow->n = 0;
	if (fp_phase_is_leaving(transfer->phase))
		return fp_transfer_receive(transfer, len)
			       ? len
			       : CURL_WRITEFUNC_ERROR;
	if (!fp_phase_has_body(transfer->phase)) {
		fp_transfer_begin_body(transfer, false);
		fp_transfer_hear(transfer, FP_EVENT_BODY);
	}
	bool has_room = FP_UNLIKELY(fp_transfer_is_unpacked(transfer))
				? unpack_body(transfer, data, len, &goes_on)
				: feed_body(transfer, data, len, &goes_on);
	if (!has_room) {
		if (transfer->phase != FP_TRANSFER_PAUSED)
			fp_transfer_hear(transfer, FP_EVENT_FULL);
		return CURL_WRITEFUNC_PAUSE;
	}
	transfer->body.n_fed = 0;
	return goes_on ? len : CURL_WRITEFUNC_ERROR;
}

bool
fp_transfer_may_go_on(struct fp_transfer *transfer)
{
	return body_has_room(
		transfer, fp_transfer_is_unpacked(transfer)
				  ? FP_GUNZIP_CHUNK
				  : piece_of(transfer, CURL_MAX_WRITE_SIZE));
}
