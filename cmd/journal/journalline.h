/* SPDX-License-Identifier: MIT */
/*
 * journalline: one line of a journal: what it says, as text, and back. Each
 * line ends in a checksum over itself and all lines before it, so that none
 * can be changed, lost, doubled or moved unseen.
 *
 * Threads: any.
 * Ownership: a parsed line points into the text.
 * Failure: formatting -1 with ENOMEM; parsing -1: no such line.
 */
#ifndef FP_JOURNALLINE_H
#define FP_JOURNALLINE_H

#include "base.h"

#include "buf.h"
#include "fate.h"
#include "fetchpool.h"

#define FP_JOURNAL_KEY_BYTES 16

/* What every journal begins with, and the number of this form of them. The one
 * before it is still read: it does not tell the fates of what has failed when
 * it is made anew, and knows of no --unknown. */
#define FP_JOURNAL_MAGIC "fetchpool-journal-"
#define FP_JOURNAL_FORM "3"
#define FP_JOURNAL_OLD_FORM "2"

#define FP_JOURNAL_NAME_MAX 40

/* Of what names a page, as fp_item has it. */
#define FP_JOURNAL_PAGE_MAX 8192

enum fp_journal_what {
	/* The head: which run this is. */
	FP_JOURNAL_HEAD, /* version, key of the hashes */
	FP_JOURNAL_OUTPUT, /* device, inode, where our bytes begin */
	FP_JOURNAL_FAILED, /* the same of --failed */
	FP_JOURNAL_UNKNOWN, /* the same of --unknown */
	FP_JOURNAL_OPTION, /* name, hash of its values */

	/* What was done when the file was made. */
	FP_JOURNAL_STATE, /* last, done, failed, the ends and sums */
	FP_JOURNAL_SUMS, /* page, fate, sum of hashes */
	FP_JOURNAL_MISSING, /* word, bits: of 1 to last, not done */
	FP_JOURNAL_BAD, /* word, fate, bits: failed */
	FP_JOURNAL_SENT, /* word, bits: sent, not done */
	FP_JOURNAL_CHAIN, /* seq, page, pages sent ahead, hash, name: of an item
			   * that has pages and is not done */
	FP_JOURNAL_SEEN, /* seq, hash of one of its pages */
	FP_JOURNAL_BEGIN, /* all above is whole */

	/* What came since. */
	FP_JOURNAL_DONE, /* seq, hash, the ends and sums, fate */
	FP_JOURNAL_PAGE, /* seq, page, hashes of item and page, the ends and
			  * sums, name of the next page */
	FP_JOURNAL_INTENT, /* seq */
	FP_JOURNAL_RESUMED, /* the ends */
	FP_JOURNAL_RETRY, /* fate: what failed so is not done any more */
	FP_JOURNAL_LISTED, /* the ends and sums of --failed and --unknown, which
			    * then have what is still failed */
	FP_JOURNAL_REST, /* the ends and sums of both, with the lines of what
			  * was not done when the run ended */
	FP_JOURNAL_COMMIT, /* all above is on the disk */
};

struct fp_journal_line {
	enum fp_journal_what what;
	bool is_old; /* of the form before this one */
	uint64_t seq; /* or a page, a word, the last seq, a device */
	uint64_t hash; /* or bits, a sum */
	uint64_t hash2;
	uint64_t n_done, n_failed;
	uint64_t out_end; /* bytes of the output up to the item's record */
	uint64_t failed_end; /* the same of --failed */
	uint64_t unknown_end; /* the same of --unknown */
	uint32_t out_sum; /* a checksum of our bytes up to there */
	uint32_t failed_sum;
	uint32_t unknown_sum;
	unsigned fate;
	struct fp_text page_name; /* in hexadecimal digits */
	char *owned; /* that it is in, to be freed; or NULL */
	struct fp_text name; /* of an option, or a version */
	uint8_t key[FP_JOURNAL_KEY_BYTES];
};

/* CRC-32C (Castagnoli; RFC 3720, section 12.1), of more bytes behind those
 * that gave `crc`; 0 at first. */
uint32_t fp_journalline_crc(uint32_t crc, const void *data, size_t len);

/* SipHash-2-4. */
uint64_t fp_journalline_hash(
	const uint8_t key[FP_JOURNAL_KEY_BYTES], const void *data, size_t len);

/* The hash of an item's line, which is also one of its place. */
uint64_t fp_journalline_item_hash(const uint8_t key[FP_JOURNAL_KEY_BYTES],
	uint64_t seq, struct fp_text text);

/* Appends the line with its newline; `crc` goes from that of the lines before
 * to that of all. */
int fp_journalline_add(
	struct fp_buf *to, const struct fp_journal_line *line, uint32_t *crc);

/* Reads a line, its newline not counted; `is_old` says of which form, but for
 * the first line, which tells. The text must be just what
 * fp_journalline_add() makes, byte for byte. */
int fp_journalline_parse(struct fp_journal_line *line, bool is_old,
	const char *text, size_t len, uint32_t *crc);

/* Whether a text that has no newline can be the beginning of a line. */
bool fp_journalline_is_torn(const char *text, size_t len);

#endif
