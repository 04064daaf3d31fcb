/* SPDX-License-Identifier: MIT */
/*
 * A file of lines, each about one request, of which the last counts:
 *
 *	fetchpool-etags-1
 *	SUM <tab> VARIANT <tab> ETAG <tab> LAST-MODIFIED <tab> URL <tab> AT
 *
 * AT is where the response came from, if redirects led elsewhere. Lines are
 * only ever appended, a batch at a time. The sum is of all that comes after it:
 * a line that was not written whole, or is damaged, counts for nothing, and its
 * request is made as if for the first time. When less than half of the file
 * counts, it is written anew at the start.
 *
 * In memory there is a hash and a place for each request, 24 bytes, and what
 * stands at that place is compared. What is added in this run is there for the
 * next.
 */
#include "base.h"

#include "etags.h"

#include "ascii.h"
#include "hash.h"
#include "msg.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "fetchpool-etags-1\n"
#define PIECE ((size_t)1 << 20)
#define LEAST_SLOTS 1024

/* Hexadecimal digits of a sum and of a variant. */
#define DIGITS 16

/* Less is not worth it. */
#define LEAST_DEAD 65536

struct line {
	struct fp_text variant, etag, modified, url, at;
};

void
fp_etags_none(struct fp_etags *etags)
{
	*etags = (struct fp_etags){.is_on = false};
	fp_journalfile_none(&etags->file);
}

/* ---- lines ---- */

static uint64_t
etags_hash(uint64_t variant, struct fp_text url)
{
	char digits[DIGITS + 1];

	snprintf(digits, sizeof(digits), "%016" PRIx64, variant);
	return fp_hash_bytes(fp_hash_bytes(FP_HASH_EMPTY, digits, DIGITS),
		url.data, url.len);
}

/* The next field of the rest. */
static struct fp_text
take_field(struct fp_text *rest)
{
	const char *tab = memchr(rest->data, '\t', rest->len);
	size_t len = tab ? (size_t)(tab - rest->data) : rest->len;
	struct fp_text field = {rest->data, len};

	rest->data += tab ? len + 1 : len;
	rest->len -= tab ? len + 1 : len;
	return field;
}

/* Takes a line apart, without its newline. false: it is damaged. */
static bool
etags_read_line(struct fp_text text, struct line *line)
{
	struct fp_text rest = text;
	struct fp_text sum = take_field(&rest);
	char digits[DIGITS + 1];

	snprintf(digits, sizeof(digits), "%016" PRIx64,
		fp_hash_bytes(FP_HASH_EMPTY, rest.data, rest.len));
	if (sum.len != DIGITS || memcmp(sum.data, digits, DIGITS) != 0)
		return false;
	line->variant = take_field(&rest);
	line->etag = take_field(&rest);
	line->modified = take_field(&rest);
	line->url = take_field(&rest);
	line->at = take_field(&rest);
	return line->variant.len == DIGITS && line->url.len > 0;
}

static uint64_t
line_hash(const struct line *line)
{
	return fp_hash_bytes(fp_hash_bytes(FP_HASH_EMPTY, line->variant.data,
				     line->variant.len),
		line->url.data, line->url.len);
}

static bool
etags_is_clean(struct fp_text text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if (c < ' ' || c == 0x7f)
			return false;
	}
	return true;
}

/* ---- the table ---- */

static struct fp_etags_slot *
etags_find_slot(const struct fp_etags *etags, uint64_t hash)
{
	size_t i = (size_t)hash & (etags->n_slots - 1);

	while (etags->slots[i].at > 0 && etags->slots[i].hash != hash)
		i = (i + 1) & (etags->n_slots - 1);
	return &etags->slots[i];
}

static int
etags_grow(struct fp_etags *etags)
{
	struct fp_etags_slot *old = etags->slots;
	size_t n_old = etags->n_slots;

	if (etags->n_slots > 0 && etags->n < etags->n_slots / 4 * 3)
		return 0;
	size_t n = n_old > 0 ? 2 * n_old : LEAST_SLOTS;
	etags->slots = calloc(n, sizeof(*etags->slots));
	if (!etags->slots) {
		etags->slots = old;
		return -1;
	}
	etags->n_slots = n;
	for (size_t i = 0; i < n_old; i++) {
		if (old[i].at > 0)
			*etags_find_slot(etags, old[i].hash) = old[i];
	}
	free(old);
	return 0;
}

/* A line of this length, its newline counted, is at that place. Where two
 * requests have one hash, the last one counts. */
static int
etags_set(struct fp_etags *etags, uint64_t hash, uint64_t at, size_t len)
{
	if (etags_grow(etags))
		return -1;
	struct fp_etags_slot *slot = etags_find_slot(etags, hash);
	if (slot->at > 0)
		etags->live -= slot->len;
	else
		etags->n++;
	*slot = (struct fp_etags_slot){hash, at, (uint32_t)len};
	etags->live += len;
	return 0;
}

/* ---- opening ---- */

/* Reads so many bytes at a place; fewer at the end. -1: errno. */
static ssize_t
etags_read_at(const struct fp_etags *etags, char *to, size_t len, uint64_t at)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(etags->file.fd, to + done, len - done,
			(off_t)(at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* All whole lines of a piece, which begins at `at`. Returns how many bytes they
 * are, or -1: ENOMEM. */
static ssize_t
etags_take_lines(struct fp_etags *etags, struct fp_text piece, uint64_t at)
{
	const char *start = piece.data, *end = piece.data + piece.len, *newline;
	struct line line;

	while ((newline = memchr(start, '\n', (size_t)(end - start)))) {
		struct fp_text text = {start, (size_t)(newline - start)};
		if (etags_read_line(text, &line) &&
			etags_set(etags, line_hash(&line),
				at + (uint64_t)(start - piece.data),
				text.len + 1))
			return -1;
		start = newline + 1;
	}
	return start - piece.data;
}

/* What comes after the last newline was not written whole: it is cut off.
 * -1: errno; EINVAL: it is no such file. */
static int
etags_load(struct fp_etags *etags)
{
	const size_t magic_len = sizeof(MAGIC) - 1;
	size_t size = PIECE;
	char *piece = malloc(size);
	int ret = -1;

	if (!piece)
		return -1;
	ssize_t n = etags_read_at(etags, piece, magic_len, 0);
	if (n >= 0 && ((size_t)n < magic_len ||
			      memcmp(piece, MAGIC, magic_len) != 0)) {
		errno = EINVAL;
		n = -1;
	}
	etags->end = magic_len;
	while (n >= 0) {
		n = etags_read_at(etags, piece, size, etags->end);
		if (n <= 0) {
			ret = n < 0 ? -1 : 0;
			break;
		}
		bool is_last = (size_t)n < size;
		struct fp_text text = {piece, (size_t)n};
		n = etags_take_lines(etags, text, etags->end);
		if (n > 0) {
			etags->end += (uint64_t)n;
		} else if (n == 0 && is_last) {
			ret = fp_journalfile_cut(
				&etags->file, (size_t)etags->end);
			break;
		} else if (n == 0) { /* a line longer than a piece */
			char *longer = realloc(piece, 2 * size);
			n = longer ? 0 : -1;
			piece = longer ? longer : piece;
			size *= longer ? 2 : 1;
		}
	}
	int err = errno;
	free(piece);
	errno = err;
	return ret;
}

static int
compare_places(const void *a, const void *b)
{
	const struct fp_etags_slot *one = a, *other = b;

	return (one->at > other->at) - (one->at < other->at);
}

/* Writes the file anew with what counts of it, in its order. */
static int
etags_compact(struct fp_etags *etags)
{
	struct fp_buf text = FP_BUF_INIT;
	size_t n_slots = etags->n_slots;
	int ret = -1;

	qsort(etags->slots, n_slots, sizeof(*etags->slots), compare_places);
	if (fp_buf_add_text(&text, MAGIC) ||
		fp_buf_reserve(&text, (size_t)etags->live))
		goto out;
	for (size_t i = 0; i < n_slots; i++) {
		const struct fp_etags_slot *slot = &etags->slots[i];
		if (slot->at == 0)
			continue;
		if (etags_read_at(etags, text.data + text.len, slot->len,
			    slot->at) != (ssize_t)slot->len)
			goto out;
		text.len += slot->len;
	}
	ret = fp_journalfile_make(&etags->file, text.data, text.len);
out:
	fp_buf_destroy(&text);
	if (ret)
		return -1;
	memset(etags->slots, 0, n_slots * sizeof(*etags->slots));
	etags->n = 0;
	etags->live = 0;
	return etags_load(etags);
}

static int
etags_prepare(struct fp_etags *etags, const char *path)
{
	int has_some = fp_journalfile_open(&etags->file, path);

	if (has_some < 0 || etags_grow(etags))
		return -1;
	if (has_some == 0) {
		etags->end = sizeof(MAGIC) - 1;
		etags->is_made = etags->file.fd < 0;
		return fp_journalfile_make(
			&etags->file, MAGIC, sizeof(MAGIC) - 1);
	}
	if (etags_load(etags))
		return -1;
	uint64_t dead = etags->end - (sizeof(MAGIC) - 1) - etags->live;
	return dead > etags->live && dead > LEAST_DEAD ? etags_compact(etags)
						       : 0;
}

static void
complain_of_kind(const char *path)
{
	fp_msg_usage("--etags: %s is not an --etags file", path);
}

/* What cannot be opened is found when it is opened. */
int
fp_etags_judge(const struct fp_settings *settings)
{
	const char *path = settings->etags_path;
	char text[sizeof(MAGIC) - 1];
	struct stat st;

	if (!path || stat(path, &st) || !S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t n = pread(fd, text, sizeof(text), 0);
	close(fd);
	if (n < 0 ||
		(n == sizeof(text) && memcmp(text, MAGIC, sizeof(text)) == 0))
		return 0;
	complain_of_kind(path);
	return -1;
}

int
fp_etags_open(struct fp_etags *etags, const struct fp_settings *settings)
{
	const char *path = settings->etags_path;

	if (!path || settings->pool.dry_run)
		return 0;
	fp_mutex_init(&etags->lock);
	etags->is_on = true;
	etags->waits = settings->syncs;
	if (etags_prepare(etags, path) == 0)
		return 0;
	if (errno == EINVAL)
		complain_of_kind(path);
	else
		fp_msg_local("--etags: %s: %s", path,
			errno == EWOULDBLOCK ? "in use by another run"
					     : strerror(errno));
	return -1;
}

/* ---- the run ---- */

bool
fp_etags_recall(void *arg, const char *url, uint64_t variant,
	struct fp_validators *known)
{
	struct fp_etags *etags = arg;
	struct fp_text wanted = {url, strlen(url)};
	uint64_t hash = etags_hash(variant, wanted);
	struct line line;

	fp_mutex_lock(&etags->lock);
	const struct fp_etags_slot slot = *etags_find_slot(etags, hash);
	fp_mutex_unlock(&etags->lock);

	/* `line` is the reader's alone. */
	fp_buf_clear(&etags->line, PIECE);
	if (slot.at == 0 || fp_buf_reserve(&etags->line, slot.len) ||
		etags_read_at(etags, etags->line.data, slot.len, slot.at) !=
			(ssize_t)slot.len)
		return false;
	struct fp_text text = {etags->line.data, slot.len - 1};
	if (!etags_read_line(text, &line) || line.url.len != wanted.len ||
		memcmp(line.url.data, url, wanted.len) != 0)
		return false;
	known->etag = line.etag;
	known->modified = line.modified;
	known->at = line.at.len > 0 ? line.at : line.url;
	return line.etag.len > 0 || line.modified.len > 0;
}

static void
etags_give_up(struct fp_etags *etags, const char *why)
{
	if (!etags->has_failed)
		fp_msg_local("--etags: %s: %s", etags->file.path, why);
	etags->has_failed = true;
	fp_buf_clear(&etags->text, 0);
}

/* Under the lock. -1: ENOMEM. */
static int
etags_add_line(struct fp_etags *etags, const struct fp_result *result)
{
	const struct fp_validators *new = &result->validators;
	struct fp_text url = {result->url, strlen(result->url)};
	const char *at = result->final_url ? result->final_url : "";
	struct fp_buf *text = &etags->text;
	size_t start = text->len;

	if (strcmp(at, url.data) == 0)
		at = "";
	if (fp_buf_printf(text, "%0*d\t%016" PRIx64 "\t%.*s\t%.*s\t%s\t%s",
		    DIGITS, 0, result->variant, (int)new->etag.len,
		    new->etag.len ? new->etag.data : "", (int)new->modified.len,
		    new->modified.len ? new->modified.data : "", url.data, at))
		return -1;
	const char *rest = text->data + start + DIGITS + 1;
	uint64_t sum = fp_hash_bytes(
		FP_HASH_EMPTY, rest, text->len - start - DIGITS - 1);
	char digits[DIGITS + 1];
	snprintf(digits, sizeof(digits), "%016" PRIx64, sum);
	memcpy(text->data + start, digits, DIGITS);
	size_t len = text->len - start + 1;
	if (fp_buf_add_char(text, '\n') ||
		etags_set(etags, etags_hash(result->variant, url), etags->end,
			len)) {
		text->len = start;
		return -1;
	}
	etags->end += len;
	return 0;
}

/* What has no validators any more is on record only if it had some. */
void
fp_etags_add(struct fp_etags *etags, const struct fp_result *result)
{
	const struct fp_validators *new = &result->validators;
	bool has_some = new->etag.len > 0 || new->modified.len > 0;

	if (!etags->is_on || etags->has_failed || !result->url ||
		!etags_is_clean(new->etag) || !etags_is_clean(new->modified))
		return;
	struct fp_text url = {result->url, strlen(result->url)};
	fp_mutex_lock(&etags->lock);
	if ((has_some ||
		    etags_find_slot(etags, etags_hash(result->variant, url))
				    ->at > 0) &&
		etags_add_line(etags, result))
		etags_give_up(etags, "out of memory");
	fp_mutex_unlock(&etags->lock);
}

static void
etags_write(struct fp_etags *etags)
{
	if (etags->has_failed || etags->text.len == 0)
		return;
	if (fp_journalfile_append(
		    &etags->file, etags->text.data, etags->text.len))
		etags_give_up(etags, fp_journalfile_why(errno));
	fp_buf_clear(&etags->text, PIECE);
}

void
fp_etags_commit(struct fp_etags *etags)
{
	if (etags->is_on && !etags->waits)
		etags_write(etags);
}

void
fp_etags_undo(struct fp_etags *etags)
{
	if (!etags->is_made || etags->file.fd < 0 ||
		etags->file.end > sizeof(MAGIC) - 1 ||
		fp_journalfile_check(&etags->file))
		return;
	unlink(etags->file.path);
	fp_journalfile_close(&etags->file);
}

void
fp_etags_close(struct fp_etags *etags)
{
	if (!etags->is_on)
		return;
	if (etags->file.fd >= 0)
		etags_write(etags);
	if (etags->file.fd >= 0 && fp_journalfile_check(&etags->file))
		etags_give_up(etags, fp_journalfile_why(errno));
	fp_journalfile_close(&etags->file);
	free(etags->slots);
	fp_buf_destroy(&etags->text);
	fp_buf_destroy(&etags->line);
	fp_mutex_destroy(&etags->lock);
	fp_etags_none(etags);
}
