/* SPDX-License-Identifier: MIT */
/*
 * msg: everything that goes to standard error, and the exit status. One
 * message is one line, whole, "fetchpool: ..."; no byte of a server or of an
 * input line gets there that a terminal would obey. On a terminal, a bar may
 * stand below the lines, and never mixes with them.
 *
 * Threads: any. Only fp_msg_item() and fp_msg_flush() wait for whoever reads
 * standard error; the others leave their line to them.
 * Ownership: the module's state is the process's.
 * Failure: what cannot be written to standard error is lost; there is no
 * other place to say so. For want of memory a line is lost only if there is
 * still none when those before it are written: then another line says so, and
 * the exit status becomes 3.
 */
#ifndef FP_MSG_H
#define FP_MSG_H

#include "base.h"

#include "fetchpool.h"

enum fp_exit {
	FP_EXIT_OK = 0, /* every item succeeded */
	FP_EXIT_FAILED = 1, /* at least one item failed */
	FP_EXIT_USAGE = 2, /* nothing was fetched */
	FP_EXIT_LOCAL = 3, /* input, output, memory */
	FP_EXIT_STOPPED = 4, /* before the end of the input */
};

/* Before any other call and any thread. */
void fp_msg_init(void);

/* After all of them, and without other threads. What was not flushed is
 * lost. */
void fp_msg_destroy(void);

/* Something to know; the exit status stays as it is. */
void fp_msg_note(const char *format, ...) FP_PRINTF(1, 2);

/* Something is wrong on this machine: the exit status becomes 3. */
void fp_msg_local(const char *format, ...) FP_PRINTF(1, 2);

/* Wrong usage: the exit status becomes 2. */
void fp_msg_usage(const char *format, ...) FP_PRINTF(1, 2);

/* Where in which file the words about wrong usage come from: "FILE:LINE: ";
 * read until it is set to something else. "" is the command line. */
void fp_msg_place(const char *place);

/* A failed item: "fetchpool: 101: 404 Not Found (https://...)", or its record
 * if `format` is not NULL. Held back until fp_msg_flush(). */
void fp_msg_item(
	const struct fp_result *result, const struct fp_record_format *format);

/* The same by a thread that must not wait: held until fp_msg_flush_now(). */
void fp_msg_item_now(
	const struct fp_result *result, const struct fp_record_format *format);

/* From now on every line is JSON, as the records of failed items are: an
 * object with "level" ("note", "error" or "summary") and "message". */
void fp_msg_json(bool is_json);

void fp_msg_flush(void);

/* The same, as far as nobody has to wait for it. Whether that was all. */
bool fp_msg_flush_now(void);

/* Whether standard error, where it takes anything, takes as much as a thread
 * that must not wait writes. A terminal or a socket may take less of it, and
 * keep that thread for the rest. */
bool fp_msg_is_prompt(void);

/* From now on nobody waits for whoever reads standard error: what it does not
 * take at once is lost. A thread that waits needs a signal to notice. */
void fp_msg_hurry(void);

/* Lines of ours that are for people: ASCII, as they are. */
void fp_msg_lines(const char *text);

/* The bar that stands below all lines of a terminal, on one of its own: it is
 * taken away before anything else is written, and comes back behind it. ""
 * takes it away. Left as it is while the terminal takes nothing. */
void fp_msg_bar(const char *text);

/* Nobody is to see it any more, and it is not ours to take away. */
void fp_msg_bar_forget(void);

/* Takes it away at once. May be called in a signal's handler. */
void fp_msg_bar_clear(void);

/* The descriptor that it goes to. */
int fp_msg_fd(void);

/* The exit status: LOCAL weighs more than STOPPED, and that more than
 * FAILED. */
void fp_msg_set_status(enum fp_exit status);
enum fp_exit fp_msg_status(void);

#endif
