/* SPDX-License-Identifier: MIT */
/*
 * course: the parts of one run, what is known of how it goes, and what is said
 * at its end.
 *
 * Threads: the main thread's; it reads what the others count.
 * Ownership: the run makes and frees all parts.
 * Failure: said through msg.
 */
#ifndef FP_COURSE_H
#define FP_COURSE_H

#include "base.h"

#include "account.h"
#include "etags.h"
#include "meter.h"
#include "reader.h"
#include "settings.h"
#include "thread.h"
#include "tokencommand.h"
#include "writer.h"

#include <stdatomic.h>

/* What stands for an option where none has ended the run. */
#define FP_CUT_BY_FAULT "a local error"

struct fp_course {
	struct fp_settings *settings;
	struct fp_pool *pool;
	struct fp_reader reader;
	struct fp_writer writer;
	struct fp_journal journal;
	char part_key[FP_JOURNAL_PART_KEY_BYTES]; /* of its files */
	struct fp_etags etags;
	struct fp_account account;
	struct fp_tokencommand tokens;
	struct fp_meter meter;
	struct fp_thread reader_thread;
	bool has_reader; /* a thread for it */
	bool has_begun; /* the outputs are, or may be, changed */
	int done_fd; /* the other end of the writer's: its last word */
	int signal; /* that stopped us, or 0 */
	atomic_bool has_fault; /* the pool has told of one */
	bool is_last; /* it was not the first */
	const char *cut_by; /* the option that ended the run, or NULL */
	bool was_all_read; /* when that was so */
	int64_t deadline_ns; /* INT64_MAX: none */
	int64_t errors_due_ns; /* to look at --max-errors; the same */
	int64_t start_ns;
	int64_t start_wall_ns; /* since 1970 */
	int64_t give_up_ns; /* when the grace is over; INT64_MAX: never */
	bool has_given_up; /* then: when to press the writer */
};

/* What its ends are doing. */
struct fp_ends fp_course_ends(struct fp_course *run);

/* How far it is, but for its pace, and what holds it. */
struct fp_progress fp_course_progress(struct fp_course *run, int64_t now_ns);

/* Writes the metrics of the run so far. */
void fp_course_measure(struct fp_course *run);

/* The same in words, and what has held it so far. */
void fp_course_tell(struct fp_course *run);

/* The run does not begin, or is refused: removes the files and the folder that
 * were made for it, and that nothing is in. */
void fp_course_undo(struct fp_course *run);

/* After reader and writer were joined: completes the outputs, and says the last
 * words. The exit status is known then. */
void fp_course_conclude(struct fp_course *run);

#endif
