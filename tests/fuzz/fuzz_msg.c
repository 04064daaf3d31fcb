/* SPDX-License-Identifier: MIT */
/*
 * Messages. Each is one line of bounded length that no terminal obeys and in
 * which no password of a URL stands, whatever is in it; and a failed item as a
 * record is one line of JSON.
 *
 *	a byte: which message
 *	a line: the item or its URL, or where wrong usage is; then: the
 *	message's text
 */
#include "fuzzjson.h"

#include "msg.h"

#include <unistd.h>

#define LINE_MAX_BYTES 8192
#define SHOWN_MAX 1000 /* bytes of a text; the rest is cut off */

/* The linker puts this in the place of write() (--wrap in tests/local.mk). */
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);

static bool is_caught;
static struct fp_buf caught;

ssize_t
__wrap_write(int fd, const void *data, size_t len)
{
	if (!is_caught || fd != STDERR_FILENO)
		return __real_write(fd, data, len);
	fuzz_add(&caught, data, len);
	return (ssize_t)len;
}

/* Unicode's Bidi_Control, and the line separators. */
static bool
turns_text(const char *text, size_t len)
{
	uint32_t code = 0;

	for (size_t n; len > 0; text += n, len -= n) {
		n = fp_utf8_next(text, len, &code);
		HOLDS(n > 0);
		if (code == 0x61c || code == 0x200e || code == 0x200f ||
			(code >= 0x2028 && code <= 0x202e) ||
			(code >= 0x2066 && code <= 0x2069))
			return true;
	}
	return false;
}

static void
holds_no_secret(const char *text, size_t len)
{
	size_t start, end = 0;

	while (fp_find_secret(text, len, end, &start, &end))
		HOLDS(end - start == 3 && memcmp(text + start, "***", 3) == 0);
}

static void
check_text(bool is_one_text)
{
	struct fp_text line = {caught.data, caught.len};

	HOLDS(line.len > 0 && line.data[--line.len] == '\n');
	HOLDS(line.len < LINE_MAX_BYTES);
	HOLDS(strncmp(line.data, "fetchpool: ", 11) == 0);
	HOLDS(fuzz_is_tame(line.data, line.len));
	HOLDS(!turns_text(line.data, line.len));
	/* Two texts together, or a part of one, might look like another. */
	if (is_one_text)
		holds_no_secret(line.data, line.len);
}

enum { NOTE, LOCAL, USAGE, ITEM, ITEM_WITH_URL, ITEM_AS_RECORD, N_WAYS };

static void
say(unsigned way, struct fp_text about, const char *text)
{
	static const struct fp_record_format format = {0};
	char *url = fuzz_string(about);
	struct fp_result result = {
		.seq = 1,
		.input = about,
		.url = way == ITEM ? NULL : url,
		.kind = FP_KIND_HTTP,
		.message = text,
		.encoding = FP_BODY_NONE,
	};

	fp_buf_clear(&caught, SIZE_MAX);
	is_caught = true;
	if (way == NOTE)
		fp_msg_note("%s", text);
	else if (way == LOCAL)
		fp_msg_local("%s", text);
	else if (way == USAGE) {
		fp_msg_place(url);
		fp_msg_usage("%s", text);
		fp_msg_place("");
	} else
		fp_msg_item(&result, way == ITEM_AS_RECORD ? &format : NULL);
	fp_msg_flush();
	is_caught = false;
	free(url);
}

/* The text with other passwords in it. false: there are none, or a cut might
 * fall in the middle of a character of one. */
static bool
change_secrets(char *text, size_t len)
{
	size_t start, end = 0;
	bool changed = false;

	while (fp_find_secret(text, len, end, &start, &end)) {
		for (size_t i = start; i < end; i++) {
			if ((unsigned char)text[i] >= 0x80)
				return false;
			text[i] = 'q';
		}
		changed = true;
	}
	return changed;
}

/* A message tells nothing of a password, wherever it is cut. */
static void
check_secrets(unsigned way, struct fp_text about, char *text)
{
	static struct fp_buf before;
	char *copy = fuzz_copy(about.data, about.len);
	struct fp_text other = {copy, about.len};

	fp_buf_clear(&before, SIZE_MAX);
	fuzz_add(&before, caught.data, caught.len);
	bool changed = change_secrets(text, strlen(text));
	if (!change_secrets(copy, about.len))
		memcpy(copy, about.data, about.len);
	else
		changed = true;
	if (changed) {
		say(way, other, text);
		HOLDS(fuzz_same(&caught, &before));
	}
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_ready;
	struct fuzz fuzz = fuzz_begin(data, size);
	unsigned way = fuzz_choose(&fuzz, N_WAYS);
	struct fp_text about = fuzz_until(&fuzz, '\n');
	char *text = fuzz_string(fuzz_rest(&fuzz));

	if (way != ITEM)
		about.len = strnlen(about.data, about.len);
	if (!is_ready)
		fp_msg_init();
	is_ready = true;
	say(way, about, text);
	if (way == ITEM_AS_RECORD) {
		HOLDS(caught.len > 1 && caught.data[caught.len - 1] == '\n');
		fuzz_holds_minified(
			(struct fp_text){caught.data, caught.len - 1});
	} else {
		check_text(way < USAGE && strlen(text) <= SHOWN_MAX);
		check_secrets(way, about, text);
	}
	free(text);
	return 0;
}
