/* SPDX-License-Identifier: MIT */
/*
 * csv: where a record of CSV (RFC 4180) ends, byte by byte as it comes, and
 * what its fields are. A field that begins with a quote may hold separators,
 * newlines and, doubled, quotes; in any other, a quote is a fault.
 *
 * Threads: one for each struct.
 * Ownership: the caller embeds it; fields point into the record.
 * Failure: none; a record that is wrong has a fault, and an end all the same.
 */
#ifndef FP_CSV_H
#define FP_CSV_H

#include "base.h"

#include "fetchpool.h"

struct fp_csv {
	char separator; /* of fields */
	enum fp_csv_state {
		FP_CSV_START, /* of a field */
		FP_CSV_PLAIN, /* in a field without quotes */
		FP_CSV_QUOTED, /* in one with quotes */
		FP_CSV_QUOTE, /* after a quote in it, which may be its end */
	} state;
	bool is_after_cr; /* which only a newline may follow */
	size_t at; /* bytes of the record looked at */
	uint64_t n_newlines; /* among them */
	uint64_t quote_line; /* of them, before the quote opened last */
	const char *fault; /* the first, or NULL */
	size_t fault_at; /* the byte, from 0 */
};

/* Before the first byte of a record. */
void fp_csv_begin(struct fp_csv *csv, char separator);

/* The newline that ends the record, in its next bytes; NULL: it is in none of
 * them. */
const char *fp_csv_find_end(struct fp_csv *csv, const char *data, size_t len);

/* Takes the first field, with its quotes, off a record that has no fault.
 * false: it was the last one. */
bool fp_csv_take_field(
	struct fp_text *record, char separator, struct fp_text *field);

/* Whether fp_csv_unquote() needs bytes to write to. */
bool fp_csv_is_escaped(struct fp_text field);

/* The value of a field: a part of it, or if it is escaped, `to`, which has
 * room for as many bytes. */
struct fp_text fp_csv_unquote(struct fp_text field, char *to);

#endif
