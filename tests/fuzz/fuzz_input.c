/* SPDX-License-Identifier: MIT */
/*
 * The reader of lines. The lines are those that one gets who has the whole
 * input and divides it, however it comes, with interruptions too; after a stop
 * they are the first of those; and memory is bounded.
 *
 *	five bytes: how the input comes, what lines end in, how long they may
 *	be, whether tabs may be in them, when it is stopped
 *	then: the input
 */
#include "fuzz.h"

#include "input.h"

#include <errno.h>
#include <unistd.h>

/* The linker puts this in the place of read() (--wrap in tests/local.mk). */
ssize_t __real_read(int fd, void *data, size_t len);
ssize_t __wrap_read(int fd, void *data, size_t len);

static struct {
	bool is_on;
	struct fp_text left;
	struct fuzz_cut cut;
	unsigned n_calls;
} reads;

ssize_t
__wrap_read(int fd, void *data, size_t len)
{
	if (!reads.is_on)
		return __real_read(fd, data, len);
	if (reads.cut.way % 2 && reads.n_calls++ % 2 == 0) {
		errno = reads.n_calls % 4 == 1 ? EINTR : EAGAIN;
		return -1;
	}
	if (reads.left.len == 0)
		return 0;
	size_t n = fuzz_piece(&reads.cut, FP_MIN(len, reads.left.len));
	memcpy(data, reads.left.data, n);
	reads.left.data += n;
	reads.left.len -= n;
	return (ssize_t)n;
}

/* ---- dividing it by hand ---- */

/* What a line comes to, as bytes to compare: a letter, its text, a newline. */
static void
note(struct fp_buf *out, char what, struct fp_text text)
{
	fuzz_add(out, &what, 1);
	fuzz_add(out, text.data, text.len);
	fuzz_add(out, "\n", 1);
}

static bool
has_control(struct fp_text line, const char *allowed)
{
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.data[i];
		if (c == 0x7f || c == 0 ||
			(c < 0x20 && !(allowed && strchr(allowed, c))))
			return true;
	}
	return false;
}

static void
divide_line(struct fp_text line, const struct fp_input_options *options,
	struct fp_buf *out)
{
	size_t n_spaces = 0;

	while (n_spaces < line.len && strchr(" \t", line.data[n_spaces]) &&
		line.data[n_spaces])
		n_spaces++;
	if (line.len > options->max_line) {
		line.len = FP_MIN(options->max_line, FP_INPUT_CUT_BYTES);
		line.len = fp_utf8_valid_prefix(line.data, line.len);
		note(out, 'L', line);
	} else if (n_spaces < line.len) {
		bool bad = has_control(line, options->allowed_controls) ||
			   !fp_utf8_valid(line.data, line.len) ||
			   memmem(line.data, line.len, "\xef\xbb\xbf", 3);
		note(out, bad ? 'F' : 'G', line);
	}
}

static void
divide(struct fp_text text, const struct fp_input_options *options,
	struct fp_buf *out)
{
	struct fuzz fuzz = {text.data, text.len};

	if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
		fuzz.at += 3;
		fuzz.left -= 3;
	} else if (text.len >= 2 &&
		   (memcmp(text.data, "\xff\xfe", 2) == 0 ||
			   memcmp(text.data, "\xfe\xff", 2) == 0)) {
		note(out, 'F', (struct fp_text){"", 0});
		return;
	}
	while (fuzz.left > 0) {
		struct fp_text line = fuzz_until(&fuzz, options->separator);
		if (options->separator == '\n' && line.len > 0 &&
			line.data[line.len - 1] == '\r')
			line.len--;
		divide_line(line, options, out);
	}
}

/* ---- reading it ---- */

static void
note_line(struct fp_buf *out, const struct fp_line *line)
{
	note(out, line->is_cut ? 'L' : line->fault ? 'F' : 'G', line->text);
	HOLDS(!line->is_cut || line->fault);
}

/* `stop_at`: so many lines are read before it is stopped; 0: it is not. */
static void
read_all(struct fp_text text, const struct fp_input_options *options,
	struct fuzz_cut cut, unsigned stop_at, struct fp_buf *out)
{
	struct fp_input input;
	struct fp_line line, again;
	unsigned n = 0;
	int ret;

	HOLDS(fp_input_init(&input, options) == 0);
	reads.left = text;
	reads.cut = cut;
	reads.n_calls = 0;
	reads.is_on = true;
	for (;;) {
		if (stop_at && ++n == stop_at) {
			fp_input_stop(&input);
			fp_input_stop(&input);
		}
		ret = fp_input_next(&input, &line);
		if (ret < 0) {
			HOLDS(errno == ECANCELED && stop_at && n >= stop_at);
			fp_input_resume_stopped(&input);
			continue;
		}
		if (ret == 0)
			break;
		note_line(out, &line);
		fp_input_back(&input);
		HOLDS(fp_input_next(&input, &again) == 1);
		HOLDS(fuzz_same_text(again.text, line.text));
		HOLDS(again.fault == line.fault && again.is_cut == line.is_cut);
	}
	reads.is_on = false;
	HOLDS(input.buf.cap <= 4 * (options->max_line + 65536));
	fp_input_destroy(&input);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t lengths[] = {65536, 1, 2, 10, 255, 256, 300};
	static struct fp_buf whole, pieces, expected;
	struct fuzz fuzz = fuzz_begin(data, size);
	struct fuzz_cut cut = {fuzz_choose(&fuzz, FUZZ_CUTS), 1}, none = {0};
	struct fp_input_options options = {.path = "/dev/null"};

	options.separator = fuzz_choose(&fuzz, 2) ? '\0' : '\n';
	options.max_line = lengths[fuzz_choose(&fuzz, FP_ARRAY_LEN(lengths))];
	options.allowed_controls = fuzz_choose(&fuzz, 2) ? "\t" : NULL;
	unsigned stop_at = fuzz_choose(&fuzz, 10);
	struct fp_text text = fuzz_rest(&fuzz);

	fp_buf_clear(&expected, SIZE_MAX);
	fp_buf_clear(&whole, SIZE_MAX);
	fp_buf_clear(&pieces, SIZE_MAX);
	divide(text, &options, &expected);
	read_all(text, &options, none, 0, &whole);
	HOLDS(fuzz_same(&whole, &expected));
	read_all(text, &options, cut, stop_at, &pieces);
	if (!stop_at)
		HOLDS(fuzz_same(&pieces, &expected));
	HOLDS(pieces.len <= expected.len);
	HOLDS(pieces.len == 0 ||
		memcmp(pieces.data, expected.data, pieces.len) == 0);
	return 0;
}
