/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "output.h"
#include "scratch.h"
#include "tap.h"
#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

/* The linker puts this in the place of write() (--wrap in tests/local.mk). */
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);

static void
open_empty(struct fp_output *output, const char *path)
{
	CHECK(fp_output_open(output, path, '\n') == 0);
	CHECK(fp_output_cut(output, 0) == 0);
}

static struct {
	unsigned n_calls;
	size_t most; /* bytes that one call may write; 0: all */
	int error; /* every second call ends with it */
	struct fp_output *stop; /* is told to stop by the next call */
} writes;

ssize_t
__wrap_write(int fd, const void *data, size_t len)
{
	writes.n_calls++;
	if (writes.error && writes.n_calls % 2) {
		errno = writes.error;
		return -1;
	}
	if (writes.stop)
		fp_output_stop(writes.stop);
	writes.stop = NULL;
	return __real_write(
		fd, data, writes.most ? FP_MIN(len, writes.most) : len);
}

static void
forget_writes(void)
{
	memset(&writes, 0, sizeof(writes));
}

static int
add(struct fp_output *output, const char *text)
{
	return fp_output_add(output, text, strlen(text));
}

static bool
holds(const char *path, const char *text)
{
	return file_is(path, text, strlen(text));
}

/* ---- in order, whole, in few writes ---- */

/* Gives lines of many lengths, in pieces of many lengths, and says what the
 * output must be. */
static char *
give_much(struct fp_output *output, size_t *len)
{
	static const size_t sizes[] = {0, 1, 200, 1023, 2048, 32767, 32768,
		40000, 65535, 65536, 65537, 200000};
	uint32_t random = 12345;
	const size_t all = 3 << 20;
	char *text = malloc(all), *at = text;

	MUST(text);
	for (size_t i = 0; i < all; i++)
		text[i] = i % 997 == 996 ? '\n' : (char)('a' + i % 26);
	text[all - 1] = '\n';
	while (at < text + all) {
		random = random * 1103515245 + 12345;
		size_t n = sizes[(random >> 16) % FP_ARRAY_LEN(sizes)];
		n = FP_MIN(n, (size_t)(text + all - at));
		CHECK(fp_output_add(output, at, n) == 0);
		at += n;
		if (random >> 28 == 0)
			CHECK(fp_output_flush(output) == 0);
	}
	*len = all;
	return text;
}

static void
in_order(void)
{
	const char *path = scratch("order");
	struct fp_output output;
	size_t len;

	open_empty(&output, path);
	char *expected = give_much(&output, &len);
	CHECK(fp_output_flush(&output) == 0);
	CHECK(output.n_given == len && output.n_written == len);
	CHECK(output.n_whole == len);
	CHECK(fp_output_close(&output) == 0);
	CHECK(file_is(path, expected, len));
	free(expected);
}

/* A large piece behind a small one, for each size near the borders. */
static void
a_large_piece_waits_its_turn(void)
{
	static const size_t borders[] = {1023, 1024, 32760, 32767, 32768, 32769,
		65000, 65535, 65536, 65537};
	static char large[65537];

	memset(large, 'L', sizeof(large));
	for (size_t i = 0; i < FP_ARRAY_LEN(borders); i++) {
		const char *path = scratch("large");
		struct fp_output output;
		open_empty(&output, path);
		CHECK(add(&output, "<") == 0);
		CHECK(fp_output_add(&output, large, borders[i]) == 0);
		CHECK(add(&output, ">") == 0);
		CHECK(fp_output_close(&output) == 0);
		size_t len;
		char *got = get_file(path, &len);
		CHECK(len == borders[i] + 2 && got[0] == '<');
		CHECK(len > 2 && got[len - 1] == '>');
		free(got);
	}
}

static void
in_few_writes(void)
{
	const char *path = scratch("few");
	struct fp_output output;

	open_empty(&output, path);
	forget_writes();
	for (unsigned i = 0; i < 20000; i++)
		CHECK(add(&output,
			      "a line of fifty bytes, which is a short one."
			      "....\n") == 0);
	CHECK(writes.n_calls > 10);
	CHECK(fp_output_flush(&output) == 0);
	CHECK(writes.n_calls < 20);
	CHECK(output.n_written == output.n_given);

	/* What was flushed is not written again, and nothing costs nothing. */
	unsigned before = writes.n_calls;
	CHECK(fp_output_flush(&output) == 0);
	CHECK(writes.n_calls == before);
	CHECK(fp_output_close(&output) == 0);
}

static void
at_once_when_flushed(void)
{
	const char *path = scratch("flush");
	struct fp_output output;

	open_empty(&output, path);
	CHECK(add(&output, "one\ntw") == 0);
	CHECK(holds(path, ""));
	CHECK(output.n_given == 6 && output.n_written == 0);
	CHECK(fp_output_flush(&output) == 0);
	CHECK(holds(path, "one\ntw"));
	CHECK(output.n_written == 6 && output.n_whole == 4);
	CHECK(add(&output, "o\n") == 0);
	CHECK(fp_output_close(&output) == 0);
	CHECK(holds(path, "one\ntwo\n"));
}

/* ---- writes that do not do it all ---- */

static void
short_writes(void)
{
	static const int errors[] = {0, EINTR, EAGAIN};
	static const size_t most[] = {1, 7, 4096};

	for (size_t i = 0; i < FP_ARRAY_LEN(errors) * FP_ARRAY_LEN(most); i++) {
		const char *path = scratch("short");
		struct fp_output output;
		char text[20000];
		for (size_t k = 0; k < sizeof(text); k++)
			text[k] = k % 100 ? (char)('a' + k % 23) : '\n';
		open_empty(&output, path);
		writes.error = errors[i % 3];
		writes.most = most[i / 3];
		CHECK(fp_output_add(&output, text, sizeof(text)) == 0);
		CHECK(fp_output_flush(&output) == 0);
		forget_writes();
		CHECK(fp_output_close(&output) == 0);
		CHECK(file_is(path, text, sizeof(text)));
	}
}

static void
drain(void *arg)
{
	int *pipe_fds = arg;
	struct pollfd wait = {pipe_fds[0], POLLIN, 0};
	int copy = open(scratch("drained"),
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char some[1500];
	ssize_t n;

	MUST(copy >= 0);
	while (poll(&wait, 1, -1) > 0 &&
		(n = read(pipe_fds[0], some, sizeof(some))) > 0)
		MUST(__real_write(copy, some, (size_t)n) == n);
	close(copy);
}

/* Someone else made our pipe non-blocking, and it is a small one. */
static void
a_pipe_that_does_not_block(void)
{
	struct fp_output output;
	struct fp_thread reader;
	size_t len;
	int fds[2];

	MUST(pipe(fds) == 0);
	MUST(fcntl(fds[1], F_SETPIPE_SZ, 4096) >= 0);
	MUST(fcntl(fds[1], F_SETFL, O_NONBLOCK) == 0);
	CHECK(fp_output_take(&output, fds[1], "a pipe") == 0);
	CHECK(output.is_watchable && !output.is_file);
	scratch("made before there are two threads");
	MUST(fp_thread_start(&reader, 0, drain, fds) == 0);
	char *expected = give_much(&output, &len);
	CHECK(fp_output_close(&output) == 0);
	close(fds[1]);
	fp_thread_join(&reader);
	close(fds[0]);
	CHECK(file_is(scratch("drained"), expected, len));
	free(expected);
}

/* ---- what may be an output ---- */

static void
no_output(void)
{
	struct fp_output output;

	fp_output_none(&output);
	CHECK(add(&output, "lost\n") == 0);
	CHECK(fp_output_flush(&output) == 0);
	CHECK(fp_output_close(&output) == 0);
	CHECK(output.n_given == 0 && output.fd == -1);
}

static void
taken(void)
{
	const char *path = put_file("taken", "before\n", 7);
	struct fp_output output;

	int fd = open(path, O_RDONLY | O_CLOEXEC);
	errno = 0;
	CHECK(fp_output_take(&output, fd, "x") == -1 && errno == EBADF);
	close(fd);
	errno = 0;
	CHECK(fp_output_take(&output, fd, "x") == -1 && errno == EBADF);

	/* It is written where it stands, and left open. */
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(lseek(fd, 3, SEEK_SET) == 3);
	CHECK(fp_output_take(&output, fd, "x") == 0);
	CHECK(output.is_file && !output.is_watchable);
	CHECK(add(&output, "ORE") == 0 && fp_output_close(&output) == 0);
	CHECK(fcntl(fd, F_GETFD) >= 0);
	close(fd);
	CHECK(holds(path, "befORE\n"));
}

static void
opened(void)
{
	const char *path = put_file("opened", "what was there\n", 15);
	struct fp_output output;

	errno = 0;
	CHECK(fp_output_open(&output, scratch(""), '\n') == -1);
	CHECK(errno == EISDIR && output.fd == -1);
	errno = 0;
	CHECK(fp_output_open(&output, scratch("no/such"), '\n') == -1);
	CHECK(errno == ENOENT && output.fd == -1);

	CHECK(fp_output_open(&output, path, '\n') == 0);
	int fd = output.fd;
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(holds(path, "what was there\n"));
	CHECK(add(&output, "and more\n") == 0);
	CHECK(fp_output_close(&output) == 0 && output.fd == -1);
	CHECK(fcntl(fd, F_GETFD) == -1);
	CHECK(holds(path, "what was there\nand more\n"));
}

static void
same_files(void)
{
	const char *path = put_file("one", "1\n2\n", 4);
	const char *names[] = {path, scratch("hard"), scratch("soft")};
	int in = open(path, O_RDONLY | O_CLOEXEC);

	MUST(in >= 0 && link(path, names[1]) == 0 &&
		symlink(path, names[2]) == 0);
	for (size_t i = 0; i < FP_ARRAY_LEN(names); i++)
		CHECK(fp_output_is_at(in, names[i]));
	CHECK(!fp_output_is_at(in, "/dev/null"));
	CHECK(fp_output_is_same(in, in));
	CHECK(!fp_output_is_same(in, STDIN_FILENO));
	CHECK(!fp_output_is_same(in, -1));
	close(in);
}

/* ---- stopping ---- */

static void
stopped_between_lines(void)
{
	const char *path = scratch("stop");
	struct fp_output output;

	open_empty(&output, path);
	CHECK(add(&output, "one\n") == 0 && fp_output_flush(&output) == 0);
	CHECK(add(&output, "two\nthree\n") == 0);
	fp_output_stop(&output);
	errno = 0;
	CHECK(fp_output_flush(&output) == -1 && errno == ECANCELED);
	errno = 0;
	CHECK(add(&output, "four\n") == -1 && errno == ECANCELED);
	CHECK(output.error == ECANCELED && output.n_whole == 4);
	CHECK(fp_output_close(&output) == -1);
	CHECK(holds(path, "one\n"));
}

/* The line that is begun is ended, and no other is begun, in one piece or in
 * several. */
static void
stopped_in_a_line(void)
{
	const char *path = scratch("stop");
	struct fp_output output;

	open_empty(&output, path);
	CHECK(add(&output, "one\ntw") == 0 && fp_output_flush(&output) == 0);
	fp_output_stop(&output);
	CHECK(add(&output, "o and a ") == 0 && fp_output_flush(&output) == 0);
	CHECK(add(&output, "half\nthree\nfour\n") == 0);
	errno = 0;
	CHECK(fp_output_flush(&output) == -1 && errno == ECANCELED);
	CHECK(fp_output_close(&output) == -1);
	CHECK(holds(path, "one\ntwo and a half\n"));
}

/* Another thread says so while a write is under way that does not do it all. */
static void
stopped_while_writing(void)
{
	const char *path = scratch("stop");
	struct fp_output output;

	open_empty(&output, path);
	CHECK(add(&output, "one\ntwo\nthree\nfour\n") == 0);
	writes.most = 6;
	writes.stop = &output;
	CHECK(fp_output_flush(&output) == -1 && errno == ECANCELED);
	forget_writes();
	CHECK(output.n_whole == 8);
	CHECK(fp_output_close(&output) == -1);
	CHECK(holds(path, "one\ntwo\n"));
}

static void
broken(void)
{
	const char *path = scratch("broken");
	char large[40000] = {'x'};
	struct fp_output output;

	open_empty(&output, path);
	CHECK(add(&output, "one\ntw") == 0 && fp_output_flush(&output) == 0);
	fp_output_break(&output, EPIPE);
	forget_writes();
	errno = 0;
	CHECK(fp_output_add(&output, large, sizeof(large)) == -1);
	CHECK(errno == EPIPE);
	errno = 0;
	CHECK(fp_output_flush(&output) == -1 && errno == EPIPE);
	CHECK(fp_output_close(&output) == -1 && output.error == EPIPE);
	CHECK(writes.n_calls == 0);
	CHECK(holds(path, "one\n"));
}

int
main(void)
{
	run("bytes come out in the order they were given", in_order);
	run("a large piece waits for the small one before it",
		a_large_piece_waits_its_turn);
	run("small pieces go out in few writes", in_few_writes);
	run("what is flushed is there", at_once_when_flushed);
	run("short and interrupted writes lose nothing", short_writes);
	run("a pipe that does not block loses nothing",
		a_pipe_that_does_not_block);
	run("no output takes everything", no_output);
	run("a descriptor is taken as it stands", taken);
	run("a file is opened, emptied and closed", opened);
	run("one file has many names", same_files);
	run("a stop between lines writes nothing more", stopped_between_lines);
	run("a stop in a line lets it end", stopped_in_a_line);
	run("a stop during a write lets the line end", stopped_while_writing);
	run("a broken output writes nothing more", broken);
	return done();
}
