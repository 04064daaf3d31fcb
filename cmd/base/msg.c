/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "msg.h"

#include "buf.h"
#include "patience.h"
#include "thread.h"
#include "utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Item lines are collected up to here, then written in one go. */
#define HELD_MAX 65536

/* No message shows more than this of a text from outside, and is itself not
 * longer than that. */
#define SHOWN_MAX 200
#define DETAIL_MAX 200
#define MESSAGE_MAX 1000

/* No line needs more, but for a failed item as a record: each byte shown may
 * become six, and each secret, were it empty, three stars. */
#define LINE_MAX (16 * MESSAGE_MAX)

/* What stands for lines that found no memory. */
#define LINES_LOST "fetchpool: out of memory; some lines are missing here\n"

/* What a thread that must not wait may write to a pipe that takes something:
 * so much is taken whole. */
#define AT_ONCE_MAX 4096

/* The major number of /dev/null and its like. */
#define MEMORY_DEVICES 1

/* The bar is written over the last one, and what is behind it erased, down to
 * where a terminal that became narrower may have wrapped it to. The cursor goes
 * back to its beginning, so that a key like ^C, which a terminal shows there,
 * wraps nothing. */
#define BAR_END "\033[J\r"

static struct fp_mutex lock; /* over all below */
static struct fp_cond idle; /* !is_writing */
static bool is_writing; /* a thread is in write(), without the lock */
static struct fp_buf held; /* lines not written yet */
static struct fp_buf going; /* that thread's own: what it writes */
static bool has_lost; /* lines that belong behind those that are held */
static char bar[300]; /* what is to stand below the lines; "": nothing */
static atomic_bool has_bar; /* it stands there */
static enum fp_exit exit_status;
static const char *usage_place = "";

static atomic_bool is_json; /* lines are objects */

static atomic_bool is_hurried; /* nobody waits any more */

void
fp_msg_init(void)
{
	fp_mutex_init(&lock);
	fp_cond_init(&idle);

	/* While memory is there; a message that says it is not needs some. */
	(void)fp_buf_reserve(&held, 2 * HELD_MAX);
	(void)fp_buf_reserve(&going, 2 * HELD_MAX);
}

void
fp_msg_destroy(void)
{
	fp_buf_destroy(&held);
	fp_buf_destroy(&going);
	fp_cond_destroy(&idle);
	fp_mutex_destroy(&lock);
}

int
fp_msg_fd(void)
{
	return STDERR_FILENO;
}

static bool
takes_some(void)
{
	struct pollfd now = {STDERR_FILENO, POLLOUT, 0};

	return poll(&now, 1, 0) > 0;
}

static void
write_all(const char *data, size_t len)
{
	int64_t since_ns = 0;

	while (len > 0) {
		bool is_limited = fp_patience_is_limited();
		if (is_limited && fp_patience_wait(STDERR_FILENO, &since_ns))
			return;
		bool hurries = atomic_load(&is_hurried);
		if (hurries && !takes_some())
			return;
		ssize_t n = fp_patience_write_some(STDERR_FILENO, data,
			is_limited || hurries ? FP_MIN(len, AT_ONCE_MAX) : len,
			&since_ns);
		if (n < 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

void
fp_msg_bar_clear(void)
{
	if (atomic_exchange(&has_bar, false))
		write_all("\r" BAR_END, strlen("\r" BAR_END));
}

/* Lets what stands there be what is to. */
static void
draw_bar_locked(void)
{
	char text[sizeof(bar) + 16];

	if (bar[0] == '\0') {
		fp_msg_bar_clear();
		return;
	}
	int len = snprintf(text, sizeof(text), "\r%s" BAR_END, bar);
	atomic_store(&has_bar, true);
	write_all(text, (size_t)len);
}

void
fp_msg_bar(const char *text)
{
	fp_mutex_lock(&lock);
	snprintf(bar, sizeof(bar), "%s", text);

	/* Whoever writes now looks at it afterwards. */
	if (!is_writing && takes_some())
		draw_bar_locked();
	fp_mutex_unlock(&lock);
}

void
fp_msg_bar_forget(void)
{
	fp_mutex_lock(&lock);
	bar[0] = '\0';
	atomic_store(&has_bar, false);
	fp_mutex_unlock(&lock);
}

/* Writes what is held, without the lock, so that nobody who only has something
 * to say waits for whoever reads standard error. A thread that must not wait
 * itself leaves its lines to the one that writes now, or that comes next. */
static void
msg_flush_locked(bool may_wait)
{
	while (is_writing && may_wait)
		fp_cond_wait(&idle, &lock);
	while ((held.len > 0 || has_lost) && !is_writing) {
		if (!may_wait && (held.len > AT_ONCE_MAX || !takes_some()))
			return;
		bool tells_lost = has_lost;
		has_lost = false;
		struct fp_buf lines = held;
		held = going;
		going = lines;
		is_writing = true;
		fp_mutex_unlock(&lock);
		fp_msg_bar_clear();
		write_all(going.data, going.len);
		if (tells_lost)
			write_all(LINES_LOST, strlen(LINES_LOST));
		fp_mutex_lock(&lock);
		if (bar[0] && takes_some())
			draw_bar_locked();
		fp_buf_clear(&going, 3 * HELD_MAX);
		is_writing = false;
		fp_cond_broadcast(&idle);
	}
}

void
fp_msg_json(bool json)
{
	atomic_store(&is_json, json);
}

void
fp_msg_place(const char *place)
{
	usage_place = place;
}

void
fp_msg_flush(void)
{
	fp_mutex_lock(&lock);
	msg_flush_locked(true);
	fp_mutex_unlock(&lock);
}

bool
fp_msg_flush_now(void)
{
	fp_mutex_lock(&lock);
	msg_flush_locked(false);
	bool is_all = held.len == 0 && !has_lost && !is_writing;
	fp_mutex_unlock(&lock);
	return is_all;
}

bool
fp_msg_is_prompt(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st))
		return true; /* it is closed */
	return S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) ||
	       (S_ISCHR(st.st_mode) && major(st.st_rdev) == MEMORY_DEVICES);
}

void
fp_msg_hurry(void)
{
	atomic_store(&is_hurried, true);
}

static void
set_status_locked(enum fp_exit status)
{
	static const int weight[] = {
		[FP_EXIT_OK] = 0,
		[FP_EXIT_FAILED] = 1,
		[FP_EXIT_STOPPED] = 2,
		[FP_EXIT_LOCAL] = 3,
		[FP_EXIT_USAGE] = 4,
	};

	if (weight[status] > weight[exit_status])
		exit_status = status;
}

void
fp_msg_set_status(enum fp_exit status)
{
	fp_mutex_lock(&lock);
	set_status_locked(status);
	fp_mutex_unlock(&lock);
}

enum fp_exit
fp_msg_status(void)
{
	fp_mutex_lock(&lock);
	enum fp_exit status = exit_status;
	fp_mutex_unlock(&lock);
	return status;
}

static void
lose_locked(void)
{
	has_lost = true;
	set_status_locked(FP_EXIT_LOCAL);
}

/* Whether a line fits behind those that are held, or else when they are gone.
 * Nothing that is then added to it can fail. */
static bool
has_room_locked(bool may_wait)
{
	if (fp_buf_reserve(&held, LINE_MAX) == 0)
		return true;
	msg_flush_locked(may_wait);
	if (fp_buf_reserve(&held, LINE_MAX) == 0)
		return true;
	lose_locked();
	return false;
}

/* Characters that change how a terminal shows what is around them: controls,
 * line separators, and the marks that rule the direction of text (Unicode's
 * Bidi_Control). */
static bool
is_unruly(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c ||
	       code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

/* Whether these eight characters are ASCII and not unruly. */
static bool
is_plain_eight(const char *text)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t eight;

	memcpy(&eight, text, sizeof(eight));
	return ((eight | (eight - 0x20 * ones) | (eight + ones)) &
		       0x80 * ones) == 0;
}

/* The characters of ASCII that are not unruly, up to one that is none. */
static size_t
count_plain(const char *text, size_t len)
{
	size_t n = 0;

	while (len - n >= 8 && is_plain_eight(text + n))
		n += 8;
	if (len >= 8 && len - n < 8 && is_plain_eight(text + len - 8))
		return len;
	while (n < len && (unsigned char)text[n] >= 0x20 &&
		(unsigned char)text[n] < 0x7f)
		n++;
	return n;
}

/* Adds text from outside: what is unruly, or no UTF-8, as \xNN or \uNNNN. */
static void
add_escaped(struct fp_buf *line, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t code;
		size_t plain = count_plain(text + i, len - i);
		if (plain > 0) {
			fp_buf_add(line, text + i, plain);
			i += plain;
			continue;
		}
		size_t n = fp_utf8_next(text + i, len - i, &code);
		if (n == 0 || code < 0x80) {
			n = 1;
			fp_buf_printf(line, "\\x%02x", (unsigned char)text[i]);
		} else if (is_unruly(code)) {
			fp_buf_printf(line, "\\u%04" PRIx32, code);
		} else {
			fp_buf_add(line, text + i, n);
		}
		i += n;
	}
}

/* The same, but no more than fits a line, and no password. */
static void
add_shown(struct fp_buf *line, const char *text, size_t len, size_t max,
	bool is_url)
{
	bool (*find)(const char *, size_t, size_t, size_t *, size_t *) =
		is_url ? fp_find_secret_of_url : fp_find_secret;
	size_t shown = FP_MIN(len, max), done = 0, start, end;

	/* No cut in the middle of a character; what is none is cut anywhere. */
	for (int i = 0; i < 3 && shown < len && (text[shown] & 0xc0) == 0x80;
		i++)
		shown--;
	while (find(text, len, done, &start, &end) && start < shown) {
		add_escaped(line, text + done, start - done);
		fp_buf_add_text(line, "***");
		done = FP_MIN(end, shown);
	}
	if (done < shown)
		add_escaped(line, text + done, shown - done);
	if (shown < len)
		fp_buf_add_text(line, "...");
}

/* Makes a JSON string of the end of the line, from `start` on, which is valid
 * UTF-8 without controls; false: no memory. */
static bool
quote_end(struct fp_buf *line, size_t start)
{
	struct fp_buf text = FP_BUF_INIT;
	bool ok = fp_buf_add(&text, line->data + start, line->len - start) == 0;

	line->len = start;
	ok = ok && fp_buf_add_char(line, '"') == 0;
	for (size_t i = 0; ok && i < text.len; i++) {
		char c = text.data[i];
		if (c == '"' || c == '\\')
			ok = fp_buf_add_char(line, '\\') == 0;
		ok = ok && fp_buf_add_char(line, c) == 0;
	}
	fp_buf_destroy(&text);
	return ok && fp_buf_add_char(line, '"') == 0;
}

/* One line of ours, as text, or as an object. */
static void
add_line_locked(const char *level, const char *place, const char *text,
	const char *hint)
{
	bool json = atomic_load(&is_json);
	size_t begin = held.len;

	if (json)
		fp_buf_printf(&held, "{\"level\":\"%s\",\"message\":", level);
	else
		fp_buf_add_text(&held, "fetchpool: ");
	size_t start = held.len;
	add_shown(&held, place, strlen(place), MESSAGE_MAX, false);
	add_shown(&held, text, strlen(text), MESSAGE_MAX, false);
	fp_buf_add_text(&held, hint);
	if (json && (!quote_end(&held, start) || fp_buf_add_char(&held, '}'))) {
		held.len = begin;
		lose_locked();
		return;
	}
	fp_buf_add_char(&held, '\n');
}

static void msg_say(enum fp_exit status, const char *format, va_list args,
	const char *hint) FP_PRINTF(2, 0);

/* One message of ours, behind those that are held back. */
static void
msg_say(enum fp_exit status, const char *format, va_list args, const char *hint)
{
	char brief[4 * MESSAGE_MAX], *whole = NULL;
	const char *text = brief;
	va_list again;

	/* A password is known by what stands behind it, so nothing is cut
	 * before it was looked for. */
	va_copy(again, args);
	int len = vsnprintf(brief, sizeof(brief), format, args);
	if (len >= (int)sizeof(brief)) {
		if (vasprintf(&whole, format, again) < 0) {
			whole = NULL;
			brief[strcspn(brief, "'/@")] = '\0';
		}
		text = whole ? whole : brief;
	}
	va_end(again);
	fp_mutex_lock(&lock);
	set_status_locked(status);
	if (has_room_locked(false))
		add_line_locked(status == FP_EXIT_OK ? "note" : "error",
			status == FP_EXIT_USAGE ? usage_place : "", text, hint);
	msg_flush_locked(false);
	fp_mutex_unlock(&lock);
	free(whole);
}

void
fp_msg_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	msg_say(FP_EXIT_OK, format, args, "");
	va_end(args);
}

void
fp_msg_local(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	msg_say(FP_EXIT_LOCAL, format, args, "");
	va_end(args);
}

void
fp_msg_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	msg_say(FP_EXIT_USAGE, format, args, " (see fetchpool --help)");
	va_end(args);
}

/* Each line as an object of its own. */
static void
add_objects_locked(const char *text)
{
	char line[MESSAGE_MAX];

	while (*text) {
		size_t len = strcspn(text, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		if (len > 0 && has_room_locked(false))
			add_line_locked("summary", "", line, "");
		text += len + (text[len] == '\n');
	}
}

void
fp_msg_lines(const char *text)
{
	fp_mutex_lock(&lock);
	if (!atomic_load(&is_json)) {
		if (fp_buf_add_text(&held, text))
			lose_locked();
	} else {
		add_objects_locked(text);
	}
	msg_flush_locked(false);
	fp_mutex_unlock(&lock);
}

static int
msg_add_piece(void *arg, const char *data, size_t len)
{
	return fp_buf_add(arg, data, len);
}

/* " (what it is about)" */
static void
add_subject(struct fp_buf *line, const struct fp_result *result)
{
	struct fp_text about = result->input;

	if (result->url)
		about = (struct fp_text){result->url, strlen(result->url)};
	else if (result->is_json)
		return;
	if (about.len == 0)
		return;
	fp_buf_add_text(line, " (");
	add_shown(line, about.data, about.len, SHOWN_MAX, result->is_url);
	fp_buf_add_char(line, ')');
}

/* What the server says of the problem, at most so much of it. */
static void
add_detail(struct fp_buf *line, const char *detail)
{
	size_t start;

	fp_buf_add_text(line, ": ");
	start = line->len;
	add_shown(line, detail, strlen(detail), DETAIL_MAX, false);
	if (line->len - start <= DETAIL_MAX)
		return;
	size_t whole = fp_utf8_valid_prefix(
		line->data + start, DETAIL_MAX - strlen("..."));
	line->len = start + whole;
	fp_buf_add_text(line, "...");
}

static void
add_record_locked(const struct fp_result *result,
	const struct fp_record_format *format, bool may_wait)
{
	for (int tries = 2; tries > 0; tries--) {
		size_t before = held.len;
		if (fp_record_write(result, format, msg_add_piece, &held) == 0)
			return;
		held.len = before;
		msg_flush_locked(may_wait);
	}
	lose_locked();
}

static void
msg_item(const struct fp_result *result, const struct fp_record_format *format,
	bool may_wait)
{
	fp_mutex_lock(&lock);
	if (format) {
		add_record_locked(result, format, may_wait);
	} else if (has_room_locked(may_wait)) {
		fp_buf_add_text(&held, "fetchpool: ");
		fp_buf_add_number(&held, result->seq);
		fp_buf_add_text(&held, ": ");
		if (result->page > 0)
			fp_buf_printf(
				&held, "page %" PRIu64 ": ", result->page);
		add_shown(&held, result->message, strlen(result->message),
			SHOWN_MAX, false);
		if (result->detail)
			add_detail(&held, result->detail);
		add_subject(&held, result);
		fp_buf_add_char(&held, '\n');
	}
	if (held.len > (may_wait ? HELD_MAX : AT_ONCE_MAX - MESSAGE_MAX))
		msg_flush_locked(may_wait);
	fp_mutex_unlock(&lock);
}

void
fp_msg_item(
	const struct fp_result *result, const struct fp_record_format *format)
{
	msg_item(result, format, true);
}

void
fp_msg_item_now(
	const struct fp_result *result, const struct fp_record_format *format)
{
	msg_item(result, format, false);
}
