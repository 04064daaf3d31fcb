/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "buf.h"
#include "input.h"
#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

/* The linker puts this in the place of read() (--wrap in tests/local.mk), so
 * that a test can say in which pieces the input comes. */
ssize_t __real_read(int fd, void *data, size_t len);
ssize_t __wrap_read(int fd, void *data, size_t len);

static struct {
	unsigned n_calls;
	size_t first; /* bytes of the first call, ... */
	size_t step; /* ... and of the others; 0: as many as are asked for */
	int error; /* every second call ends with it */
	unsigned fail_at; /* this call ends with EIO */
} reads;

ssize_t
__wrap_read(int fd, void *data, size_t len)
{
	size_t most = reads.n_calls++ ? reads.step : reads.first;

	errno = reads.n_calls == reads.fail_at ? EIO : reads.error;
	if (reads.n_calls == reads.fail_at ||
		(reads.error && reads.n_calls % 2))
		return -1;
	return __real_read(fd, data, most ? FP_MIN(len, most) : len);
}

/* What comes of the input, written down: <text>, with "~" for one that is
 * cut, "!fault" behind it, and at the end how many lines were blank. */
static void
write_down(struct fp_input *input, struct fp_buf *out)
{
	struct fp_line line;
	int ret;

	while ((ret = fp_input_next(input, &line)) > 0) {
		fp_buf_add_char(out, '<');
		for (size_t i = 0; i < line.text.len; i++) {
			unsigned char c = (unsigned char)line.text.data[i];
			if (c < 0x20 || c == 0x7f)
				fp_buf_printf(out, "\\%02x", c);
			else
				fp_buf_add_char(out, (char)c);
		}
		fp_buf_add_text(out, line.is_cut ? "~>" : ">");
		if (line.fault)
			fp_buf_printf(out, "!%s;", line.fault);
	}
	fp_buf_printf(out, "%" PRIu64, input->n_blank);
	if (ret < 0)
		fp_buf_printf(out, " %s", strerror(errno));
}

static const struct fp_input_options usual = {
	.separator = '\n',
	.max_line = 65536,
};

/* In pieces of `first`, then of `step` bytes. */
static void
answer(const struct fp_input_options *options, size_t first, size_t step,
	struct fp_buf *out)
{
	struct fp_input input;

	fp_buf_clear(out, SIZE_MAX);
	reads.n_calls = 0;
	reads.first = first;
	reads.step = step;
	MUST(fp_input_init(&input, options) == 0);
	write_down(&input, out);
	fp_input_destroy(&input);
	reads.first = reads.step = 0;
}

/* However the bytes are cut, the answer must be the same. */
static void
check(const struct fp_input_options *given, const char *bytes, size_t len,
	const char *expected)
{
	struct fp_input_options options = *given;
	struct fp_buf out = FP_BUF_INIT;

	options.path = put_file("input", bytes, len);
	answer(&options, 0, 0, &out);
	CHECK_TEXT(fp_buf_text(&out), expected);
	for (size_t step = 1; step < 5 && step <= len; step++) {
		answer(&options, step, step, &out);
		CHECK_TEXT(fp_buf_text(&out), expected);
	}
	for (size_t first = 1; first < len; first++) {
		answer(&options, first, 0, &out);
		CHECK_TEXT(fp_buf_text(&out), expected);
	}
	for (int i = 0; i < 2; i++) {
		reads.error = i ? EAGAIN : EINTR;
		answer(&options, 1, 1, &out);
		reads.error = 0;
		CHECK_TEXT(fp_buf_text(&out), expected);
	}
	fp_buf_destroy(&out);
}

#define LINES(bytes, expected) \
	check(&usual, (bytes), sizeof(bytes) - 1, (expected))

static void
lines(void)
{
	LINES("", "0");
	LINES("a\nbc\n", "<a><bc>0");
	LINES("a\nbc", "<a><bc>0");
	LINES("# no comment\n", "<# no comment>0");
	LINES(" a b \n", "< a b >0");
	LINES("caf\xc3\xa9 \xf0\x9f\x98\x80\n", "<caf\xc3\xa9 "
						"\xf0\x9f\x98\x80>0");
}

static void
blank_lines(void)
{
	LINES("\n", "1");
	LINES("\n\n\na\n\n", "<a>4");
	LINES(" \t \na\n  ", "<a>2");
	LINES("\r\n\r\na\r\n", "<a>2");
}

static void
carriage_returns(void)
{
	LINES("a\r\nbc\r\n", "<a><bc>0");
	LINES("a\r\nbc\r", "<a><bc>0");
	LINES("a\r\r\n", "<a\\0d>!control character at byte 2;0");
	LINES("a\rb\n", "<a\\0db>!control character at byte 2;0");
	LINES("\ra\n", "<\\0da>!control character at byte 1;0");
}

static void
marks(void)
{
	static const char utf16[] =
		"<>!the input is UTF-16 and is not read further: convert it "
		"with iconv -f UTF-16 -t UTF-8;0";

	LINES("\xef\xbb\xbf"
	      "a\nb\n",
		"<a><b>0");
	LINES("\xef\xbb\xbf", "0");
	LINES("\xef\xbb\xbf\n", "1");
	LINES("\xef\xbb\n", "<\xef\xbb>!invalid UTF-8 at byte 1;0");
	LINES("\xef", "<\xef>!invalid UTF-8 at byte 1;0");
	LINES("\xef\n\xbb\n", "<\xef>!invalid UTF-8 at byte 1;"
			      "<\xbb>!invalid UTF-8 at byte 1;0");
	LINES("\xef\xbb\xbf\xef\xbb\xbf"
	      "a\n",
		"<\xef\xbb\xbf"
		"a>!byte-order mark at byte 1;0");
	LINES("a\n\xef\xbb\xbf"
	      "b\n",
		"<a><\xef\xbb\xbf"
		"b>!byte-order mark at byte 1;0");
	LINES("\xff\xfe"
	      "a\0\n\0b\0\n\0",
		utf16);
	LINES("\xfe\xff\0a\0\n\0b\0\n", utf16);
	LINES("\xff\xfe", utf16);
	LINES("\xff\n", "<\xff>!invalid UTF-8 at byte 1;0");
	LINES("\xff\xff\n", "<\xff\xff>!invalid UTF-8 at byte 1;0");
}

static void
faults(void)
{
	LINES("u\0v\nw\n", "<u\\00v>!NUL byte at byte 2;<w>0");
	LINES("\0\n", "<\\00>!NUL byte at byte 1;0");
	LINES("a\tb\n", "<a\\09b>!control character at byte 2;0");
	LINES("\x1b[31m\n", "<\\1b[31m>!control character at byte 1;0");
	LINES("ab\x7f\n", "<ab\\7f>!control character at byte 3;0");
	LINES("caf\xe9\nok\n", "<caf\xe9>!invalid UTF-8 at byte 4;<ok>0");
	LINES("\xc3\n\xa9\n", "<\xc3>!invalid UTF-8 at byte 1;"
			      "<\xa9>!invalid UTF-8 at byte 1;0");
	LINES("\xed\xa0\x80\n", "<\xed\xa0\x80>!invalid UTF-8 at byte 1;0");
}

static void
allowed_controls(void)
{
	struct fp_input_options options = usual;
	static const char text[] = "a\tb\nc\x01\n";

	options.allowed_controls = "\t";
	check(&options, text, sizeof(text) - 1,
		"<a\\09b><c\\01>!control character at byte 2;0");
	options.allowed_controls = "::\x01";
	check(&options, text, sizeof(text) - 1,
		"<a\\09b>!control character at byte 2;<c\\01>0");
	options.allowed_controls = "";
	check(&options, "a\0b\x02", 4, "<a\\00b\\02>!NUL byte at byte 2;0");
}

static void
null_items(void)
{
	struct fp_input_options options = usual;

	options.separator = '\0';
#define ITEMS(bytes, expected) \
	check(&options, (bytes), sizeof(bytes) - 1, (expected))
	ITEMS("a\0bc\0", "<a><bc>0");
	ITEMS("a\0\0 \0bc", "<a><bc>2");
	ITEMS("a\nb\0c\0", "<a\\0ab>!control character at byte 2;<c>0");
	ITEMS("a\r\0", "<a\\0d>!control character at byte 2;0");
	ITEMS("\xef\xbb\xbf"
	      "a\0",
		"<a>0");
	ITEMS("\xf0\0b\0", "<\xf0>!invalid UTF-8 at byte 1;<b>0");
}

#define TOO_LONG "~>!the line is longer than --max-line;"

static void
limits(void)
{
	struct fp_input_options options = usual;

	options.max_line = 5;
#define SHORT(bytes, expected) \
	check(&options, (bytes), sizeof(bytes) - 1, (expected))
	SHORT("12345\nabcde", "<12345><abcde>0");
	SHORT("12345\r\nabcde\r\n", "<12345><abcde>0");
	SHORT("12345\r", "<12345>0");
	SHORT("123456\nok\n", "<12345" TOO_LONG "<ok>0");
	SHORT("123456\r\nok\n", "<12345" TOO_LONG "<ok>0");
	SHORT("12345\r\r\nok\n", "<12345" TOO_LONG "<ok>0");
	SHORT("12345\rx\nok\n", "<12345" TOO_LONG "<ok>0");
	SHORT("123456", "<12345" TOO_LONG "0");
	SHORT("1234567890123456789012345\nok\n123456",
		"<12345" TOO_LONG "<ok><12345" TOO_LONG "0");
	SHORT("\xef\xbb\xbf"
	      "12345\nabcdef\n",
		"<12345><abcde" TOO_LONG "0");
	options.separator = '\0';
	SHORT("12345\0"
	      "123456\0ok",
		"<12345><12345" TOO_LONG "<ok>0");
	SHORT("12345\r\0ok", "<12345" TOO_LONG "<ok>0");
}

/* What is cut off may make a line look like what it is not. */
static void
long_lines_are_never_blank(void)
{
	struct fp_input_options options = usual;

	options.max_line = 5;
	SHORT("      x\nok\n", "<     " TOO_LONG "<ok>0");
	SHORT("         \nok\n", "<     " TOO_LONG "<ok>0");
	SHORT("\x80\x80\x80\x80\x80\x80\nok\n", "<" TOO_LONG "<ok>0");
	SHORT("1234\xc3\xa9\nok\n", "<1234" TOO_LONG "<ok>0");
	SHORT("123\xc3\xa9\xc3\xa9\nok\n", "<123\xc3\xa9" TOO_LONG "<ok>0");
	SHORT("12\xff"
	      "456\nok\n",
		"<12" TOO_LONG "<ok>0");
}

/* What a text becomes does not depend on how it is cut. */
static void
any_bytes(void)
{
	static const char bytes[] = "aa\r\n\n\0\xef\xbb\xbf\xff\xfe\xc3\xa9 \t";
	struct fp_buf whole = FP_BUF_INIT;
	uint32_t random = 3;

	for (unsigned i = 0; i < 24; i++) {
		struct fp_input_options options = usual;
		char text[24];
		for (size_t k = 0; k < sizeof(text); k++) {
			random = random * 1103515245 + 12345;
			text[k] = bytes[(random >> 16) % (sizeof(bytes) - 1)];
		}
		options.max_line = 1 + i % 7;
		options.separator = i % 3 ? '\n' : '\0';
		options.path = put_file("input", text, i % sizeof(text));
		answer(&options, 0, 0, &whole);
		check(&options, text, i % sizeof(text), whole.data);
	}
	fp_buf_destroy(&whole);
}

/* At the usual limit, in a buffer that has to grow and move. */
static void
large_limits(void)
{
	static char text[2 * 65536 + 8];
	struct fp_input_options options = usual;
	struct fp_buf out = FP_BUF_INIT;

	for (size_t len = 65535; len <= 65537; len++) {
		memset(text, 'x', sizeof(text));
		text[len] = '\n';
		text[2 * len + 1] = '\n';
		options.path = put_file("input", text, 2 * len + 2);
		for (size_t first = 0; first < 70000; first += 17001) {
			answer(&options, first, 4099, &out);
			size_t shown = len > 65536 ? FP_INPUT_CUT_BYTES : len;
			const char *fault = len > 65536 ? TOO_LONG : ">";
			struct fp_buf expected = FP_BUF_INIT;
			for (int i = 0; i < 2; i++)
				fp_buf_printf(&expected, "<%.*s%s", (int)shown,
					text, fault);
			fp_buf_add_text(&expected, "0");
			CHECK_TEXT(out.data, expected.data);
			fp_buf_destroy(&expected);
		}
	}
	fp_buf_destroy(&out);
}

/* Sixteen megabytes in one line cost no more memory than a few kilobytes. */
static void
bounded(void)
{
	const char *path = put_file("input", "ok\n", 3);
	struct fp_input_options options = usual;
	struct fp_input input;
	struct fp_line line;

	MUST(truncate(path, 16 << 20) == 0);
	options.path = path;
	options.max_line = 1000;
	MUST(fp_input_init(&input, &options) == 0);
	CHECK(fp_input_next(&input, &line) == 1);
	CHECK_BYTES(line.text.data, line.text.len, "ok", 2);
	CHECK(fp_input_next(&input, &line) == 1);
	CHECK(line.is_cut && line.text.len == FP_INPUT_CUT_BYTES);
	CHECK(fp_input_next(&input, &line) == 0);
	CHECK(fp_input_next(&input, &line) == 0);
	CHECK(input.buf.cap < 200000);
	fp_input_destroy(&input);
}

static void
read_errors(void)
{
	struct fp_input_options options = usual;
	struct fp_buf out = FP_BUF_INIT;

	options.path = put_file("input", "1\n2\n3\n4\n", 8);
	reads.fail_at = 3;
	answer(&options, 3, 3, &out);
	reads.fail_at = 0;
	CHECK_TEXT(out.data, "<1><2><3>0 Input/output error");
	fp_buf_destroy(&out);

	struct fp_input input;
	options.path = scratch("");
	errno = 0;
	CHECK(fp_input_init(&input, &options) == -1 && errno == EISDIR);
	fp_input_destroy(&input);
	options.path = scratch("no such file");
	errno = 0;
	CHECK(fp_input_init(&input, &options) == -1 && errno == ENOENT);
	CHECK_TEXT(input.name, options.path);
	fp_input_destroy(&input);
}

#define CSV(bytes, expected) check(&csv, (bytes), sizeof(bytes) - 1, (expected))

static void
records(void)
{
	struct fp_input_options csv = usual;

	csv.csv = ',';
	csv.allowed_controls = "\t\r\n,";
	CSV("a,b\r\n\n\"c\nd\",\"\r\n\"\r\ne", "<a,b><\"c\\0ad\",\"\\0d\\0a\">"
					       "<e>1");
	CSV("\"a\"b\nc\n", "<\"a\"b>!text after a closing quote at byte 4;"
			   "<c>0");
	CSV("a\n\n\"b\nc", "<a><\"b\\0ac~>!the quote opened on line 3 is "
			   "never closed;1");
	CSV("\"a\0\"\n", "<\"a\\00\">!NUL byte at byte 3;0");
	csv.max_line = 6;
	CSV("\"a\nb\nc\"\nd\n",
		"<\"a\\0ab\\0ac~>!the line is longer than --max-line;<d>0");
	CSV("a\n\"b\nccccccccc\nd\n",
		"<a><\"b\\0accc~>!the quote opened on line 2 is never "
		"closed;0");
	csv.max_line = 65536;
	csv.has_header = true;
	CSV("\xef\xbb\xbf\"x\ny\",z\r\n1\n2\n", "<1><2>0");
	CSV("x\n", "0");
	CSV("", "0");
	CSV("\n\nx\n1\n", "<1>2");
	csv.csv = '\t';
	CSV("a\tb\n\t\n  \n", "<\\09>1");
}

static void
headers(void)
{
	static const char text[] = "\xef\xbb\xbf"
				   "a,\"b\n\"\r\n1\n\n2\n";
	struct fp_input_options options = usual;
	struct fp_input input;
	struct fp_line line;

	options.csv = ',';
	options.allowed_controls = "\t\r\n,";
	options.has_header = true;
	options.path = put_file("input", text, sizeof(text) - 1);
	MUST(fp_input_init(&input, &options) == 0);
	CHECK(fp_input_header(&input) == 1);
	CHECK_BYTES(input.header.data, input.header.len, "a,\"b\n\"", 6);
	for (int i = 0; i < 2; i++) {
		CHECK(fp_input_next(&input, &line) == 1 && line.seq == 1);
		CHECK(fp_input_line_number(&input) == 3);
		CHECK(fp_input_next(&input, &line) == 1 && line.seq == 2);
		CHECK(fp_input_line_number(&input) == 5);
		CHECK(fp_input_next(&input, &line) == 0);
		CHECK(fp_input_rewind(&input) == 0);
	}
	CHECK_BYTES(input.header.data, input.header.len, "a,\"b\n\"", 6);
	fp_input_destroy(&input);
	options.path = put_file("input", "a\"\n1\n", 5);
	MUST(fp_input_init(&input, &options) == 0);
	CHECK(fp_input_header(&input) == -1 && errno == EINVAL);
	CHECK_TEXT(input.line.fault, "a quote in a field that does not begin "
				     "with one at byte 2");
	fp_input_destroy(&input);
}

int
main(void)
{
	run("lines are as they stand", lines);
	run("blank lines are passed over and counted", blank_lines);
	run("CR before LF is dropped, and only there", carriage_returns);
	run("marks at the start are known for what they are", marks);
	run("what no item may hold is told, and where", faults);
	run("a separator's characters may be in a line", allowed_controls);
	run("items may end in NUL", null_items);
	run("a line may be as long as allowed, and no longer", limits);
	run("a line that is too long is never taken for a blank one",
		long_lines_are_never_blank);
	run("any bytes are the same lines, however they come", any_bytes);
	run("the limit holds for lines of the usual size", large_limits);
	run("a line without end needs no memory", bounded);
	run("records of CSV end outside quotes", records);
	run("the header line of CSV is no item", headers);
	run("what cannot be read is said", read_errors);
	return done();
}
