/* SPDX-License-Identifier: MIT */
/*
 * reader: lines of the input become items of the pool. Its thread waits for
 * input or for room, and ends at the end of the input, when input or memory
 * fails, or when it is stopped. Of what it has read, threads of the pool take
 * lines themselves when they have too little to do.
 *
 * Threads: fp_reader_main() is the thread, and fp_reader_begin() by the one
 * that starts it; fp_reader_feed() by any, and all under `lock`; what is atomic
 * may be read by any. Ownership: embedded by the run; it borrows the settings
 * and the pool. Failure: said through msg.
 */
#ifndef FP_READER_H
#define FP_READER_H

#include "base.h"

#include "fields.h"
#include "input.h"
#include "itemfill.h"
#include "journal.h"
#include "linecheck.h"
#include "output.h"
#include "resume.h"
#include "settings.h"
#include "thread.h"

#include <stdatomic.h>

struct fp_reader {
	const struct fp_settings *settings;
	struct fp_pool *pool;
	struct fp_mutex lock; /* over the input and what it takes to read it */
	bool is_open; /* lines may be taken from it; else who feeds leaves it
		       * alone */
	struct fp_input input;
	struct fp_journal *journal; /* NULL: none is kept */
	struct fp_resume resume;
	bool is_resumed; /* items come from it */
	struct fp_journal_page page; /* that the item at hand goes on with */
	bool is_refused; /* the input is not what it should be */
	struct fp_parser *parser; /* NULL: lines are no JSON */
	struct fp_fields fields; /* of the line at hand */
	struct fp_linecheck check; /* of each line */
	struct fp_itemfill fill; /* what options add to each item */
	struct fp_itemfill page_fill; /* the same, to each page: the pool's */
	atomic_uint_fast64_t n_read; /* items */
	atomic_uint_fast64_t n_lines; /* the same, and those passed over */
	atomic_uint_fast64_t n_bytes; /* of the input, with these lines */
	atomic_bool is_done; /* nothing more will be read */
	atomic_bool hands_in; /* it waits for room in the pool */
	bool has_stopped; /* before the end: memory is out */
	uint64_t n_cut; /* of them, too long to be held */
};

/* Opens the input. -1: it cannot be read, or memory is out. */
int fp_reader_init(
	struct fp_reader *reader, const struct fp_settings *settings);
void fp_reader_destroy(struct fp_reader *reader);

/* Reads the header line that CSV has, if names of fields are asked for, before
 * anything else is done: outputs are whole still. It waits until `until_ns`, or
 * if that is 0, for ever. -1: said why. */
int fp_reader_header(
	struct fp_reader *reader, int64_t until_ns, struct fp_text *header);

/* With the journal of an earlier run: goes on where that has ended. */
void fp_reader_resume(struct fp_reader *reader, struct fp_journal *journal);

/* Before there is a thread: takes what lines there are without waiting, a few
 * at most. true: these are all, and no thread is needed. */
bool fp_reader_begin(struct fp_reader *reader);

/* The thread. */
void fp_reader_main(void *reader);

/* An fp_feed: takes no more than what was read, and waits for nothing. */
bool fp_reader_feed(void *reader, size_t max);

/* After the thread was joined: what was read, or can be read again from a
 * file, and was not given to the pool, goes to `failed`, or to `unknown` if an
 * earlier run has sent it. Returns how many items that was. */
uint64_t fp_reader_set_aside(struct fp_reader *reader, struct fp_output *failed,
	struct fp_output *unknown);

#endif
