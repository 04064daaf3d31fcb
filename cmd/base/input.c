/* SPDX-License-Identifier: MIT */
/*
 * One buffer. Lines are given as they stand in it; when no whole one is left,
 * what there is of the next moves to the front and more is read behind it. It
 * grows until a line of the longest allowed length fits, and no further: what
 * is longer is forgotten as it comes in, but for its beginning.
 */
#include "base.h"

#include "input.h"

#include "ascii.h"
#include "clock.h"
#include "utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES 65536

/* Where a regular file stands, which can be gone back to; else -1. */
static int64_t
find_start(int fd)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return -1;
	return lseek(fd, 0, SEEK_CUR);
}

int
fp_input_init(struct fp_input *input, const struct fp_input_options *options)
{
	memset(input, 0, sizeof(*input));
	input->options = *options;
	input->at_start = true;
	input->needs_header = options->has_header;
	input->stop_fd = -1;
	atomic_init(&input->stop_end, -1);
	if (options->path && strcmp(options->path, "-") != 0) {
		input->name = options->path;
		/* A pipe that nobody has opened for writing is waited for where
		 * a stop is heard: by poll(), which ends there too. */
		input->fd =
			open(options->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	} else {
		input->name = "standard input";
		input->fd = STDIN_FILENO;
	}
	struct stat st;
	if (input->fd >= 0 && fstat(input->fd, &st) == 0 &&
		S_ISDIR(st.st_mode)) {
		/* said before any output is emptied */
		errno = EISDIR;
		return -1;
	}
	int fds[2];
	input->start = input->fd < 0 ? -1 : find_start(input->fd);
	if (input->fd < 0 || pipe2(fds, O_CLOEXEC))
		return -1;
	input->stop_fd = fds[0];
	atomic_store(&input->stop_end, fds[1]);
	return fp_buf_reserve(&input->buf, READ_BYTES);
}

int
fp_input_rewind(struct fp_input *input)
{
	if (input->start < 0)
		return -1;
	if (lseek(input->fd, (off_t)input->start, SEEK_SET) < 0)
		return -1;
	fp_buf_clear(&input->buf, SIZE_MAX);
	input->next = 0;
	input->at_start = true;
	input->needs_header = input->options.has_header;
	input->at_end = input->is_skipping = input->is_again = false;
	input->n_blank = input->n_items = input->n_taken = 0;
	input->n_newlines = 0;
	return 0;
}

void
fp_input_destroy(struct fp_input *input)
{
	if (input->fd > STDIN_FILENO)
		close(input->fd);
	fp_input_stop(input);
	if (input->stop_fd >= 0)
		close(input->stop_fd);
	fp_buf_destroy(&input->buf);
	fp_buf_destroy(&input->header);
}

/* To write could fail. */
void
fp_input_stop(struct fp_input *input)
{
	int end = atomic_exchange(&input->stop_end, -1);

	if (end >= 0)
		close(end);
}

void
fp_input_resume_stopped(struct fp_input *input)
{
	struct stat st;

	input->is_stopped = true;
	if (input->at_end ||
		(fstat(input->fd, &st) == 0 && S_ISREG(st.st_mode)))
		return;
	input->at_end = true;
	input->is_torn = true;
}

bool
fp_input_is_idle_terminal(const struct fp_input *input)
{
	struct pollfd now = {input->fd, POLLIN, 0};

	return isatty(input->fd) && poll(&now, 1, 0) == 0;
}

void
fp_input_back(struct fp_input *input)
{
	input->is_again = true;
}

uint64_t
fp_input_position(const struct fp_input *input)
{
	return input->n_taken - (input->buf.len - input->next);
}

/* ---- reading ---- */

static int
input_time_left_ms(const struct fp_input *input)
{
	if (!input->until_ns)
		return -1;
	int64_t left_ns = FP_MAX(input->until_ns - fp_clock_now_ns(), 0);
	int64_t ms = (left_ns + FP_NS_PER_MS - 1) / FP_NS_PER_MS;
	return (int)FP_MIN(ms, INT32_MAX);
}

/* Waits until there is something to read. -1: stopped, or poll failed. */
static int
wait_readable(struct fp_input *input)
{
	struct pollfd fds[2] = {
		{input->fd, POLLIN, 0},
		{input->stop_fd, POLLIN, 0},
	};
	bool is_hasty = input->hasty_end > 0;

	if (input->before_wait)
		input->before_wait(input->before_wait_arg);
	int n;
	while ((n = poll(fds, 2, is_hasty ? 0 : input_time_left_ms(input))) <
		0) {
		if (errno != EINTR && errno != EAGAIN)
			return -1;
	}
	if (n == 0 || (input->until_ns && input_time_left_ms(input) == 0)) {
		errno = is_hasty ? EAGAIN : ETIMEDOUT;
		return -1;
	}
	if (fds[1].revents) {
		errno = ECANCELED;
		return -1;
	}
	return 0;
}

/* Reads some more behind what is there. */
static int
read_more(struct fp_input *input)
{
	struct fp_buf *buf = &input->buf;

	if (input->is_reading_off ||
		(input->hasty_end > 0 && input->n_taken >= input->hasty_end)) {
		errno = EAGAIN;
		return -1;
	}
	if (input->next > 0) {
		buf->len -= input->next;
		memmove(buf->data, buf->data + input->next, buf->len);
		input->next = 0;
	}
	if (fp_buf_reserve(buf, READ_BYTES))
		return -1;
	for (;;) {
		if (!input->is_stopped && wait_readable(input))
			return -1;
		ssize_t n = read(input->fd, buf->data + buf->len, READ_BYTES);
		if (n >= 0) {
			input->at_end = n == 0;
			buf->len += (size_t)n;
			input->n_taken += (uint64_t)n;
			return 0;
		}
		if (errno != EINTR && (errno != EAGAIN || input->hasty_end > 0))
			return -1;
	}
}

/* ---- judging ---- */

static int
input_fault(struct fp_input *input, const char *what, size_t at)
{
	snprintf(input->fault, sizeof(input->fault), "%s at byte %zu", what,
		at + 1);
	input->line.fault = input->fault;
	return 1;
}

/* Whether only blanks and tabs, from here on, stand behind a URL. */
static bool
ends_url(const struct fp_input *input, size_t at)
{
	struct fp_text text = input->line.text;

	while (at < text.len && fp_ascii_is_blank(text.data[at]))
		at++;
	return input->options.has_urls && at == text.len &&
	       fp_is_url(text.data, text.len);
}

/* Finds what no item may hold. */
static void
input_judge(struct fp_input *input)
{
	const char *allowed = input->options.allowed_controls;
	struct fp_text text = input->line.text;
	bool is_ascii = true;

	input->line.fault = NULL;
	if (input->options.csv && input->csv.fault) {
		input_fault(input, input->csv.fault, input->csv.fault_at);
		return;
	}
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if (FP_LIKELY(c >= 0x20 && c < 0x7f))
			continue;
		if (c >= 0x80) {
			is_ascii = false;
		} else if (c == 0) {
			input_fault(input, "NUL byte", i);
			return;
		} else if (c == '\t' && ends_url(input, i)) {
			break;
		} else if (!allowed || !strchr(allowed, c)) {
			input_fault(input, "control character", i);
			return;
		}
	}
	if (is_ascii)
		return;
	size_t valid = fp_utf8_valid_prefix(text.data, text.len);
	const char *mark = memmem(text.data, text.len, "\xef\xbb\xbf", 3);
	if (valid < text.len)
		input_fault(input, "invalid UTF-8", valid);
	else if (mark)
		input_fault(
			input, "byte-order mark", (size_t)(mark - text.data));
}

/* A blank that separates fields is none. */
static bool
input_is_blank(const struct fp_input *input)
{
	struct fp_text text = input->line.text;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		if ((c != ' ' && c != '\t') || c == input->options.csv)
			return false;
	}
	return true;
}

/* ---- lines ---- */

/* Deals with the marks that may stand before the first line. 1: it is UTF-16,
 * which ends the input with one fault. */
static int
input_pass_mark(struct fp_input *input)
{
	struct fp_buf *buf = &input->buf;

	/* Three bytes are needed to tell, if the first may begin a mark. */
	while (!input->at_end &&
		(buf->len == 0 ||
			(buf->len < 3 && (unsigned char)buf->data[0] >= 0xef &&
				!memchr(buf->data, input->options.separator,
					buf->len)))) {
		if (read_more(input))
			return -1;
	}
	input->at_start = false;
	if (buf->len >= 3 && memcmp(buf->data, "\xef\xbb\xbf", 3) == 0) {
		input->next = 3;
	} else if (buf->len >= 2 &&
		   (memcmp(buf->data, "\xff\xfe", 2) == 0 ||
			   memcmp(buf->data, "\xfe\xff", 2) == 0)) {
		input->line = (struct fp_line){
			.text = {"", 0},
			.fault =
				"the input is UTF-16 and is not read "
				"further: convert it with iconv -f UTF-16 -t UTF-8",
		};
		input->next = buf->len;
		input->at_end = true;
		return 1;
	}
	return 0;
}

/* What ends the line, in its next bytes; NULL: it is in none of them. */
static const char *
find_end(struct fp_input *input, const char *data, size_t len)
{
	if (input->options.csv)
		return fp_csv_find_end(&input->csv, data, len);
	return memchr(data, input->options.separator, len);
}

static bool
is_unclosed(const struct fp_input *input)
{
	return input->options.csv && input->csv.state == FP_CSV_QUOTED;
}

/* Passes over the rest of a line that is too long. */
static int
skip_line(struct fp_input *input)
{
	struct fp_buf *buf = &input->buf;

	for (;;) {
		const char *end = find_end(
			input, buf->data + input->next, buf->len - input->next);
		if (end) {
			input->next = (size_t)(end - buf->data) + 1;
			return 0;
		}
		input->next = buf->len;
		if (input->at_end)
			return 0;
		if (read_more(input))
			return -1;
	}
}

/* The next record of CSV begins here. */
static void
begin_record(struct fp_input *input)
{
	fp_csv_begin(&input->csv, input->options.csv);
	input->line_number = input->n_newlines + 1;
}

static const char *
why_long(struct fp_input *input)
{
	if (!is_unclosed(input))
		return "the line is longer than --max-line";
	snprintf(input->fault, sizeof(input->fault),
		"the quote opened on line %" PRIu64 " is never closed",
		input->line_number + input->csv.quote_line);
	return input->fault;
}

/* "user:password", without a scheme before it. */
static bool
begins_like_login(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len &&
		(fp_ascii_is_alnum(text[n]) || strchr("-._~+%", text[n])))
		n++;
	return n > 0 && n < len && text[n] == ':';
}

/* What a line that is too long shows: whole characters, and no beginning of a
 * login, whose password nothing behind it would tell any more. */
static void
keep_beginning(struct fp_input *input, const char *start, size_t n)
{
	static const char end[] = "@h";
	char text[sizeof(input->cut) + sizeof(end)];
	size_t len = fp_utf8_valid_prefix(start, n), from, to = 0;

	memcpy(text, start, len);
	memcpy(text + len, end, sizeof(end) - 1);
	memcpy(input->cut, start, len);
	input->cut_len = len;
	bool (*find)(const char *, size_t, size_t, size_t *, size_t *) =
		begins_like_login(text, len) ? fp_find_secret_of_url
					     : fp_find_secret;
	while (find(text, len + sizeof(end) - 1, to, &from, &to)) {
		if (to >= len)
			input->cut_len = FP_MIN(from, len);
	}
}

/* Gives a line that is too long, or has no end: its beginning is kept, the rest
 * passed over. So much of it is there, wherever the input was cut.
 * A stop in the middle of that is no harm: the next call goes on. */
static int
give_long(struct fp_input *input)
{
	if (!input->is_skipping) {
		const char *start = input->buf.data + input->next;
		size_t n = FP_MIN(input->options.max_line, sizeof(input->cut));
		n = FP_MIN(n, input->buf.len - input->next);
		keep_beginning(input, start, n);
		input->is_skipping = true;
		begin_record(input);
	}
	if (skip_line(input))
		return -1;
	input->is_skipping = false;
	input->n_newlines += input->csv.n_newlines;
	input->line = (struct fp_line){
		.text = {input->cut, input->cut_len},
		.fault = why_long(input),
		.is_cut = true,
	};
	return 1;
}

/* Finds the next line in the buffer, reading as needed. 1, 0 at the end. */
static int
find_line(struct fp_input *input)
{
	struct fp_buf *buf = &input->buf;
	size_t looked = 0; /* bytes that hold no separator */

	if (input->is_skipping)
		return give_long(input);
	begin_record(input);
	for (;;) {
		char *start = buf->data + input->next;
		size_t len = buf->len - input->next;
		const char *end = find_end(input, start + looked, len - looked);
		if (end) {
			len = (size_t)(end - start);
		} else if (input->at_end && (len == 0 || input->is_torn)) {
			return 0;
		} else if (len <= input->options.max_line + 1 &&
			   !input->at_end) {
			/* One byte more may be the CR before the newline. */
			looked = len;
			if (read_more(input))
				return -1;
			continue;
		}
		size_t next = end ? input->next + len + 1 : buf->len;
		if (input->options.separator == '\n' && len > 0 &&
			start[len - 1] == '\r')
			len--;
		if (len > input->options.max_line ||
			(!end && is_unclosed(input)))
			return give_long(input);
		input->next = next;
		input->n_newlines += input->csv.n_newlines;
		input->line = (struct fp_line){.text = {start, len}};
		return 1;
	}
}

/* Counts the line. Whether it is an item, and of our shard. */
static bool
is_ours(struct fp_input *input)
{
	struct fp_line *line = &input->line;

	if (!line->fault && input_is_blank(input)) {
		input->n_blank++;
		return false;
	}
	line->seq = ++input->n_items;
	return fp_shard_has(&input->options.shard, line->seq);
}

/* A record that is not blank. */
static int
find_record(struct fp_input *input)
{
	int ret;

	while ((ret = find_line(input)) > 0 && !input->line.fault &&
		input_is_blank(input))
		input->n_blank++;
	return ret;
}

int
fp_input_header(struct fp_input *input)
{
	struct fp_line *line = &input->line;
	int ret = input->at_start ? input_pass_mark(input) : 0;

	if (ret == 0)
		ret = find_record(input);
	if (ret >= 0)
		input->needs_header = false;
	if (ret > 0 && !line->fault)
		input_judge(input);
	if (ret > 0 && line->fault) {
		errno = EINVAL;
		return -1;
	}
	if (ret > 0 && input->header.len == 0 &&
		fp_buf_add(&input->header, line->text.data, line->text.len))
		return -1;
	return ret;
}

/* Before the first line. 1: that is one already. */
static int
input_begin(struct fp_input *input)
{
	if (input->needs_header)
		return fp_input_header(input) < 0 ? -1 : 0;
	return input->at_start ? input_pass_mark(input) : 0;
}

uint64_t
fp_input_line_number(const struct fp_input *input)
{
	return input->options.csv ? input->line_number
				  : input->n_items + input->n_blank;
}

int
fp_input_next(struct fp_input *input, struct fp_line *line)
{
	int ret = 1;

	if (!input->is_again) {
		ret = input_begin(input);
		while (ret > 0 || (ret == 0 && (ret = find_line(input)) > 0)) {
			if (is_ours(input))
				break;
			ret = 0;
		}
		if (ret > 0 && !input->line.fault)
			input_judge(input);
	}
	input->is_again = false;
	*line = input->line;
	return ret;
}
