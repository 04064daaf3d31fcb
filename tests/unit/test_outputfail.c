/* SPDX-License-Identifier: MIT */
/* What cmd/journal/output.c does when a write fails: see test_output.c for the
 * rest. */
#include "base.h"

#include "output.h"
#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

static int
add(struct fp_output *output, const char *text)
{
	return fp_output_add(output, text, strlen(text));
}

static void
put(int fd, const char *text)
{
	MUST(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static bool
holds(const char *path, const char *text)
{
	return file_is(path, text, strlen(text));
}

/* Flushes where no file may be longer than so many bytes. */
static int
flush_within(struct fp_output *output, size_t bytes)
{
	struct rlimit before, limit;

	MUST(getrlimit(RLIMIT_FSIZE, &before) == 0);
	limit = before;
	limit.rlim_cur = bytes;
	MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	int ret = fp_output_flush(output);
	int err = errno;
	MUST(setrlimit(RLIMIT_FSIZE, &before) == 0);
	errno = err;
	return ret;
}

/* The first failure is the one that stays. */
static void
check_failed(struct fp_output *output, int error)
{
	char large[40000] = {'\n'};

	CHECK(output->error == error);
	fp_output_break(output, EIO);
	fp_output_stop(output);
	errno = 0;
	CHECK(add(output, "more\n") == -1 && errno == error);
	errno = 0;
	CHECK(fp_output_add(output, large, sizeof(large)) == -1);
	CHECK(errno == error);
	errno = 0;
	CHECK(fp_output_flush(output) == -1 && errno == error);
	errno = 0;
	CHECK(fp_output_close(output) == -1 && errno == error);
	CHECK(output->error == error);
}

static void
nobody_reads(void)
{
	struct fp_output output;
	int fds[2];

	MUST(pipe(fds) == 0);
	CHECK(fp_output_take(&output, fds[1], "a pipe") == 0);
	CHECK(add(&output, "one\n") == 0 && fp_output_flush(&output) == 0);
	close(fds[0]);
	CHECK(add(&output, "two\n") == 0);
	errno = 0;
	CHECK(fp_output_flush(&output) == -1 && errno == EPIPE);
	CHECK(output.n_whole == 4 && output.n_given == 8);
	check_failed(&output, EPIPE);
	close(fds[1]);
}

/* Where all that was given is written, and then nobody reads any more: what is
 * given from then on is not whole. */
static void
nobody_reads_what_comes_next(void)
{
	struct fp_output output;
	int fds[2];

	MUST(pipe(fds) == 0);
	CHECK(fp_output_take(&output, fds[1], "a pipe") == 0);
	CHECK(add(&output, "one\n") == 0 && fp_output_flush(&output) == 0);
	fp_output_break(&output, EPIPE);
	CHECK(fp_output_flush(&output) == -1 && output.error == EPIPE);
	CHECK(output.n_whole == 4 && output.n_given == 4);
	CHECK(add(&output, "two\n") == -1);
	CHECK(output.n_whole == 4 && output.n_given == 8);
	close(fds[0]);
	close(fds[1]);
}

static void
device_is_full(void)
{
	struct fp_output output;

	if (access("/dev/full", W_OK))
		SKIP("no /dev/full");
	CHECK(fp_output_open(&output, "/dev/full", '\n') == 0);
	CHECK(!output.is_file && !output.is_watchable);
	CHECK(add(&output, "one\n") == 0);
	errno = 0;
	CHECK(fp_output_flush(&output) == -1 && errno == ENOSPC);
	CHECK(output.n_whole == 0 && output.n_written == 0);
	check_failed(&output, ENOSPC);

	/* What is not flushed is found out when it is closed. */
	CHECK(fp_output_open(&output, "/dev/full", '\n') == 0);
	CHECK(add(&output, "one\n") == 0);
	errno = 0;
	CHECK(fp_output_close(&output) == -1 && errno == ENOSPC);
}

/* ---- cutting back ---- */

static const char lines[] = "first\nsecond line\n\nlast\n";

/* How much of the lines are whole ones, if so many bytes are written. */
static size_t
whole(size_t written)
{
	while (written > 0 && lines[written - 1] != '\n')
		written--;
	return written;
}

/* The disk is full after each byte in turn; `flags` open the output behind
 * "before\n". */
static void
check_cut(int flags)
{
	for (size_t room = 0; room < sizeof(lines) - 1; room++) {
		const char *path = put_file("cut", "before\n", 7);
		struct fp_output output;
		char expected[64];
		int fd = open(path, flags | O_CLOEXEC);

		MUST(fd >= 0 && lseek(fd, 0, SEEK_END) == 7);
		CHECK(fp_output_take(&output, fd, path) == 0);
		CHECK(add(&output, lines) == 0);
		errno = 0;
		CHECK(flush_within(&output, 7 + room) == -1);
		CHECK(errno == EFBIG && output.error == EFBIG);
		CHECK(output.n_whole == whole(room));
		CHECK(output.n_given == sizeof(lines) - 1);

		/* Whoever shares the descriptor goes on behind that. */
		put(fd, "after\n");
		snprintf(expected, sizeof(expected), "before\n%.*safter\n",
			(int)whole(room), lines);
		CHECK(holds(path, expected));
		CHECK(fp_output_close(&output) == -1);
		CHECK(holds(path, expected));
		close(fd);
	}
}

static void
cut_where_it_stood(void)
{
	check_cut(O_WRONLY);
	check_cut(O_RDWR);
}

static void
cut_when_appending(void)
{
	check_cut(O_WRONLY | O_APPEND);
}

static void
cut_what_was_opened(void)
{
	for (size_t room = 0; room < sizeof(lines) - 1; room++) {
		const char *path = put_file("cut", "what was there\n", 15);
		struct fp_output output;
		CHECK(fp_output_open(&output, path, '\n') == 0);
		CHECK(fp_output_cut(&output, 0) == 0);
		CHECK(add(&output, lines) == 0);
		CHECK(flush_within(&output, room) == -1 && errno == EFBIG);
		CHECK(file_is(path, lines, whole(room)));
		check_failed(&output, EFBIG);
		CHECK(file_is(path, lines, whole(room)));
	}
}

static void
cut_what_was_flushed(void)
{
	const char *path = scratch("flushed");
	struct fp_output output;

	CHECK(fp_output_open(&output, path, '\n') == 0);
	CHECK(add(&output, "one\nt") == 0 && fp_output_flush(&output) == 0);
	CHECK(add(&output, "w") == 0 && fp_output_flush(&output) == 0);
	CHECK(add(&output, "o\nthree\n") == 0);
	CHECK(flush_within(&output, 7) == -1);
	CHECK(output.n_whole == 4);
	CHECK(holds(path, "one\n"));
	fp_output_close(&output);
}

static void
cut_at_the_separator(void)
{
	const char *path = scratch("null");
	struct fp_output output;

	CHECK(fp_output_open(&output, path, '\0') == 0);
	CHECK(fp_output_add(&output, "a\nb\0c\nd\0", 8) == 0);
	CHECK(flush_within(&output, 7) == -1);
	CHECK(output.n_whole == 4);
	CHECK(file_is(path, "a\nb\0", 4));
	fp_output_close(&output);
}

/* ---- what others wrote is theirs ---- */

/* Two programs append to one log. */
static void
others_came_before(void)
{
	const char *path = put_file("log", "old\n", 4);
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	int other = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	struct fp_output output;

	CHECK(fp_output_take(&output, fd, path) == 0);
	put(other, "theirs\n");
	CHECK(add(&output, "one\ntwo\n") == 0);
	CHECK(flush_within(&output, 4 + 7 + 6) == -1);
	CHECK(holds(path, "old\ntheirs\none\n"));
	fp_output_close(&output);
	close(other);
	close(fd);
}

static void
others_came_behind(void)
{
	const char *path = put_file("log", "old\n", 4);
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	int other = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	struct fp_output output;

	CHECK(fp_output_take(&output, fd, path) == 0);
	CHECK(add(&output, "one\ntw") == 0 && fp_output_flush(&output) == 0);
	put(other, "theirs\n");
	CHECK(add(&output, "o\n") == 0);
	CHECK(flush_within(&output, 4 + 6 + 7) == -1);
	CHECK(holds(path, "old\none\ntwtheirs\n"));
	fp_output_close(&output);
	close(other);
	close(fd);
}

/* Output and errors go to one file: ">log 2>&1". */
static void
others_share_the_descriptor(void)
{
	const char *path = put_file("log", "", 0);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int other = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	struct fp_output output;

	CHECK(fp_output_take(&output, fd, path) == 0);
	CHECK(add(&output, "one\n") == 0 && fp_output_flush(&output) == 0);
	put(other, "note\n");
	CHECK(add(&output, "two\nthree\n") == 0);
	CHECK(flush_within(&output, 16) == -1);
	CHECK(holds(path, "one\nnote\ntwo\n"));
	put(other, "write error\n");
	CHECK(holds(path, "one\nnote\ntwo\nwrite error\n"));
	fp_output_close(&output);
	close(other);
	close(fd);
}

/* A file that is written over from its beginning: "1<>file". */
static void
what_stands_behind_stays(void)
{
	const char *path = put_file("over", "0123456789abcdef\n", 17);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct fp_output output;

	CHECK(fp_output_take(&output, fd, path) == 0);
	CHECK(add(&output, "one\ntw") == 0 && fp_output_flush(&output) == 0);
	CHECK(add(&output, "o\n") == 0);
	CHECK(flush_within(&output, 6) == -1);
	size_t len;
	char *got = get_file(path, &len);
	CHECK(len == 17 && memcmp(got + 6, "6789abcdef\n", 11) == 0);
	free(got);
	fp_output_close(&output);
	close(fd);
}

int
main(void)
{
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	MUST(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	run("a pipe that nobody reads fails for good", nobody_reads);
	run("nor what comes next", nobody_reads_what_comes_next);
	run("a full device fails for good", device_is_full);
	run("a taken file is cut back to whole lines", cut_where_it_stood);
	run("an appended file is cut back to whole lines", cut_when_appending);
	run("an opened file is cut back to whole lines", cut_what_was_opened);
	run("a line of several writes is cut back", cut_what_was_flushed);
	run("lines may end in NUL", cut_at_the_separator);
	run("what others wrote before is kept", others_came_before);
	run("what others wrote behind is kept", others_came_behind);
	run("what was written through the same descriptor is kept",
		others_share_the_descriptor);
	run("what stands behind in the file is kept", what_stands_behind_stays);
	return done();
}
