/* SPDX-License-Identifier: MIT */
/* How cmd/base/input.c waits, and how it is stopped: see test_input.c for
 * lines. */
#include "base.h"

#include "input.h"
#include "scratch.h"
#include "tap.h"
#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* The linker puts this in the place of read() (--wrap in tests/local.mk), so
 * that a test can stop the input between any two pieces of it. */
ssize_t __real_read(int fd, void *data, size_t len);
ssize_t __wrap_read(int fd, void *data, size_t len);

static struct {
	size_t step; /* bytes of one call; 0: as many as are asked for */
	unsigned n_left; /* calls until `stop` is stopped */
	struct fp_input *stop;
} reads;

ssize_t
__wrap_read(int fd, void *data, size_t len)
{
	if (reads.stop && reads.n_left-- == 0) {
		fp_input_stop(reads.stop);
		reads.stop = NULL;
	}
	return __real_read(
		fd, data, reads.step ? FP_MIN(len, reads.step) : len);
}

static const struct fp_input_options usual = {
	.separator = '\n',
	.max_line = 65536,
};

/* An input whose other end is ours; standard input is put back at the end. */
struct piped {
	struct fp_input input;
	int end;
	int saved;
};

static void
open_pipe(struct piped *piped, const struct fp_input_options *options)
{
	int fds[2];

	MUST(pipe2(fds, O_CLOEXEC) == 0);
	piped->saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	MUST(piped->saved >= 0 && dup2(fds[0], STDIN_FILENO) == 0);
	close(fds[0]);
	piped->end = fds[1];
	MUST(fp_input_init(&piped->input, options) == 0);
}

static void
close_pipe(struct piped *piped)
{
	fp_input_destroy(&piped->input);
	if (piped->end >= 0)
		close(piped->end);
	MUST(dup2(piped->saved, STDIN_FILENO) == 0);
	close(piped->saved);
}

static void
put(int fd, const char *data, size_t len)
{
	MUST(write(fd, data, len) == (ssize_t)len);
}

/* Whether the next line is this one. */
static bool
gives(struct fp_input *input, const char *text)
{
	struct fp_line line;
	int ret = fp_input_next(input, &line);
	bool same = ret == 1 && line.text.len == strlen(text) &&
		    memcmp(line.text.data, text, line.text.len) == 0;

	if (!same)
		printf("# not '%.40s' but %d '%.*s'\n", text, ret,
			ret == 1 ? (int)FP_MIN(line.text.len, 40) : 0,
			ret == 1 ? line.text.data : "");
	return same;
}

static bool
ends(struct fp_input *input, int ret)
{
	struct fp_line line;

	errno = 0;
	return fp_input_next(input, &line) == ret &&
	       (ret == 0 || errno == ECANCELED);
}

/* ---- waiting ---- */

/* If more were waited for, this would never end. */
static void
no_waiting_for_more(void)
{
	static const char *const firsts[] = {
		"a\n", "\xef\n", "\xff\n", "\xef\xbb\n", "\xf0\x9f\x98\x80\n"};
	struct piped piped;

	for (size_t i = 0; i < FP_ARRAY_LEN(firsts); i++) {
		size_t len = strlen(firsts[i]);
		char text[8];
		open_pipe(&piped, &usual);
		put(piped.end, firsts[i], len);
		memcpy(text, firsts[i], len);
		text[len - 1] = '\0';
		CHECK(gives(&piped.input, text));
		put(piped.end, "b\r\n", 3);
		CHECK(gives(&piped.input, "b"));
		put(piped.end, "c", 1);
		close(piped.end);
		piped.end = -1;
		CHECK(gives(&piped.input, "c"));
		CHECK(ends(&piped.input, 0));
		close_pipe(&piped);
	}

	struct fp_input_options options = usual;
	options.separator = '\0';
	open_pipe(&piped, &options);
	put(piped.end, "\xf0", 2);
	CHECK(gives(&piped.input, "\xf0"));
	close_pipe(&piped);
}

static void
trickle(void *arg)
{
	struct piped *piped = arg;

	for (unsigned i = 0; i < 3000; i++)
		put(piped->end, i % 3 == 2 ? "\n" : "x", 1);
	close(piped->end);
	piped->end = -1;
}

/* One byte at a time, from a pipe that someone made non-blocking. */
static void
byte_by_byte(void)
{
	struct fp_thread writer;
	struct piped piped;
	unsigned n = 0;

	open_pipe(&piped, &usual);
	MUST(fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) == 0);
	MUST(fp_thread_start(&writer, 0, trickle, &piped) == 0);
	while (n < 1000 && gives(&piped.input, "xx"))
		n++;
	CHECK(n == 1000);
	CHECK(ends(&piped.input, 0));
	fp_thread_join(&writer);
	close_pipe(&piped);
}

static void
once_more(void)
{
	struct piped piped;
	struct fp_line line;

	open_pipe(&piped, &usual);
	put(piped.end, "1\na\tb\n3\n", 8);
	CHECK(gives(&piped.input, "1"));
	fp_input_back(&piped.input);
	CHECK(gives(&piped.input, "1"));
	CHECK(fp_input_next(&piped.input, &line) == 1 && line.fault);
	fp_input_back(&piped.input);
	CHECK(fp_input_next(&piped.input, &line) == 1 && line.fault);
	CHECK(gives(&piped.input, "3"));
	fp_input_back(&piped.input);
	fp_input_stop(&piped.input);
	fp_input_resume_stopped(&piped.input);
	CHECK(gives(&piped.input, "3"));
	CHECK(ends(&piped.input, 0));
	close_pipe(&piped);
}

static void
terminals(void)
{
	struct piped piped;
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || grantpt(fd) || unlockpt(fd))
		SKIP("no terminals to be had");
	open_pipe(&piped, &usual);
	CHECK(!fp_input_is_idle_terminal(&piped.input));
	put(piped.end, "x\n", 2);
	CHECK(!fp_input_is_idle_terminal(&piped.input));
	int terminal = open(ptsname(fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
	MUST(terminal >= 0 && dup2(terminal, STDIN_FILENO) == 0);
	CHECK(fp_input_is_idle_terminal(&piped.input));
	put(fd, "typed\n", 6);
	CHECK(gives(&piped.input, "typed"));
	CHECK(fp_input_is_idle_terminal(&piped.input));
	put(fd, "more\n", 5);

	/* The line discipline hands it on in its own time. */
	while (fp_input_is_idle_terminal(&piped.input))
		;
	CHECK(gives(&piped.input, "more"));
	close_pipe(&piped);
	close(terminal);
	close(fd);
}

/* ---- stopping ---- */

static void
stop(void *arg)
{
	fp_input_stop(arg);
}

static void
stopped_while_waiting(void)
{
	for (unsigned i = 0; i < 50; i++) {
		struct fp_thread stopper;
		struct piped piped;
		open_pipe(&piped, &usual);
		MUST(fp_thread_start(&stopper, 0, stop, &piped.input) == 0);
		CHECK(ends(&piped.input, -1));
		CHECK(ends(&piped.input, -1));
		fp_thread_join(&stopper);
		fp_input_resume_stopped(&piped.input);
		CHECK(ends(&piped.input, 0));
		close_pipe(&piped);
	}
}

/* Before anything was asked for. */
static void
stopped_at_once(void)
{
	struct piped piped;

	open_pipe(&piped, &usual);
	put(piped.end, "1\n", 2);
	fp_input_stop(&piped.input);
	fp_input_resume_stopped(&piped.input);
	CHECK(ends(&piped.input, 0));
	close_pipe(&piped);
}

/* What was read of a pipe is given, but not the first half of a line, which
 * would be another line than the one that was meant. */
static void
stopped_in_a_line(void)
{
	struct piped piped;

	open_pipe(&piped, &usual);
	put(piped.end, "1\n2\nhttp://x/15", 15);
	CHECK(gives(&piped.input, "1"));
	CHECK(gives(&piped.input, "2"));
	fp_input_stop(&piped.input);
	CHECK(ends(&piped.input, -1));
	put(piped.end, "0\n4\n", 4);
	fp_input_resume_stopped(&piped.input);
	CHECK(ends(&piped.input, 0));
	CHECK(ends(&piped.input, 0));
	close_pipe(&piped);

	/* With its end of file seen, it is the last line after all. */
	open_pipe(&piped, &usual);
	put(piped.end, "1\n2\n3", 5);
	close(piped.end);
	piped.end = -1;
	CHECK(gives(&piped.input, "1"));
	CHECK(gives(&piped.input, "2"));
	CHECK(gives(&piped.input, "3"));
	fp_input_back(&piped.input);
	fp_input_stop(&piped.input);
	fp_input_resume_stopped(&piped.input);
	CHECK(gives(&piped.input, "3"));
	CHECK(ends(&piped.input, 0));
	close_pipe(&piped);
}

static void
stopped_in_a_long_line(void)
{
	struct fp_input_options options = usual;
	struct fp_thread stopper;
	struct piped piped;
	struct fp_line line;

	options.max_line = 5;
	open_pipe(&piped, &options);
	put(piped.end, "1234567890", 10);
	MUST(fp_thread_start(&stopper, 0, stop, &piped.input) == 0);
	CHECK(ends(&piped.input, -1));
	fp_thread_join(&stopper);
	fp_input_resume_stopped(&piped.input);
	int ret = fp_input_next(&piped.input, &line);

	/* The stop may have come before the first read. */
	CHECK(ret == 0 ||
		(ret == 1 && line.is_cut && line.fault && line.text.len == 5));
	CHECK(ends(&piped.input, 0));
	close_pipe(&piped);
}

static const char contents[] =
	"\xef\xbb\xbf"
	"first\r\n\nsecond\n"
	"a line that is longer than all others and than the limit\n"
	"bad\x01\nlast";
static const char *const all[] = {
	"first", "second", "a line that is longer ", "bad\x01", "last"};

/* A file can be read on: nothing of it is lost or given twice, wherever the
 * stop comes. */
static void
a_file_goes_on(void)
{
	struct fp_input_options options = usual;
	bool is_stopped = true;

	options.path = put_file("input", contents, sizeof(contents) - 1);
	options.max_line = 22;
	for (unsigned n = 0; is_stopped; n++) {
		struct fp_input input;
		struct fp_line line;
		size_t i = 0;
		int ret;
		MUST(fp_input_init(&input, &options) == 0);
		reads.step = 3;
		reads.stop = &input;
		reads.n_left = n;
		while ((ret = fp_input_next(&input, &line)) > 0)
			i++;
		is_stopped = ret < 0;
		CHECK(reads.stop == NULL || !is_stopped);
		CHECK(is_stopped || i == FP_ARRAY_LEN(all));
		reads.stop = NULL;
		fp_input_resume_stopped(&input);
		while (i < FP_ARRAY_LEN(all) && gives(&input, all[i]))
			i++;
		CHECK(i == FP_ARRAY_LEN(all));
		CHECK(ends(&input, 0));
		CHECK(input.n_blank == 1);
		fp_input_destroy(&input);
		MUST(n < 100);
	}
	reads.step = 0;
}

int
main(void)
{
	alarm(30);
	run("a line is given as soon as it is there", no_waiting_for_more);
	run("a slow pipe that does not block is waited for", byte_by_byte);
	run("a line can be had once more", once_more);
	run("a terminal is idle until something is typed", terminals);
	run("a stop ends the waiting, from any thread", stopped_while_waiting);
	run("a stop before the beginning leaves nothing", stopped_at_once);
	run("half a line of a pipe is no line", stopped_in_a_line);
	run("a stop in a line that is too long", stopped_in_a_long_line);
	run("a file is read on after a stop", a_file_goes_on);
	return done();
}
