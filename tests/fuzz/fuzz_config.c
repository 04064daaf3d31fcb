/* SPDX-License-Identifier: MIT */
/*
 * Files of options. Options that are written down come back as they were,
 * whatever is in their values and however they are written; and of any bytes
 * the options that were found do so.
 *
 *	a byte: 0, and then the file; or 1, and then lines: a name, how it is
 *	written (a byte, three bits) and its value up to a NUL
 */
#include "fuzz.h"

#include "../../cmd/option/config.h"
#include "msg.h"

#include <sys/mman.h>
#include <unistd.h>

/* The linker puts this in the place of write() (--wrap in tests/local.mk). */
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);

static bool is_caught;
static size_t n_said;

ssize_t
__wrap_write(int fd, const void *data, size_t len)
{
	if (!is_caught || fd != STDERR_FILENO)
		return __real_write(fd, data, len);
	n_said += len;
	return (ssize_t)len;
}

static int file = -1;
static char path[64];
static struct fp_buf list; /* "name=value;" or "name;", of what was taken */
static struct fp_buf text; /* the same as a file */

static void
add(struct fp_buf *to, const char *string)
{
	fuzz_add(to, string, strlen(string));
}

/* One option more for the list. */
static void
note(struct fp_buf *to, const char *name, const char *value)
{
	add(to, name);
	if (value) {
		add(to, "=");
		add(to, value);
	}
	add(to, ";");
}

static void
add_quoted(struct fp_buf *to, const char *value, bool with_more_slashes)
{
	static const char special[] = "\t\n\r\v\"\\", letters[] = "tnrv\"\\";

	add(to, "\"");
	for (; *value; value++) {
		const char *found = strchr(special, *value);
		const char *c = found ? letters + (found - special) : value;
		/* Any other stands for itself, with a backslash too. */
		if (found || (with_more_slashes && !strchr("tnrv", *c)))
			add(to, "\\");
		fuzz_add(to, c, 1);
	}
	add(to, "\"");
}

/* One option more for the file. */
static void
write_option(const char *name, const char *value, unsigned style)
{
	static const char *const dashes[] = {"", "--"};
	static const char *const between[] = {" ", " = ", ":", "\t=\t"};

	add(&text, dashes[style & 1]);
	add(&text, name);
	if (value) {
		add(&text, between[style >> 1 & 3]);
		add_quoted(&text, value, style & 8);
	}
	add(&text, "\n");
}

static bool
take(struct fp_settings *settings, const char *name, const char *value)
{
	(void)settings;
	HOLDS(name[0] && name[0] != '-');
	HOLDS(!strpbrk(name, " \t\r\n=:"));
	note(&list, name, value);
	write_option(name, value, 1);
	return strcmp(name, "stop") != 0;
}

/* Reads this file; the options are in the list, and as a file in the text. */
static bool
read_options(const struct fp_buf *from)
{
	struct fp_settings settings;

	HOLDS(ftruncate(file, 0) == 0);
	HOLDS(pwrite(file, fp_buf_text(from), from->len, 0) ==
		(ssize_t)from->len);
	fp_buf_clear(&list, SIZE_MAX);
	fp_buf_clear(&text, SIZE_MAX);
	fp_settings_init(&settings);
	n_said = 0;
	is_caught = true;
	bool fine = fp_config_read(&settings, path, take);
	fp_msg_flush();
	is_caught = false;
	fp_settings_destroy(&settings);
	return fine;
}

static struct fp_buf before, expected;

/* What was found comes back. */
static void
read_any(struct fp_text bytes)
{
	fp_buf_clear(&before, SIZE_MAX);
	fuzz_add(&before, bytes.data, bytes.len);
	bool fine = read_options(&before);
	bool stopped = list.len > 0 && memmem(list.data, list.len, "stop", 4);
	HOLDS(fine || stopped || n_said > 0);
	HOLDS(!fine || n_said == 0);

	fp_buf_clear(&before, SIZE_MAX);
	fp_buf_clear(&expected, SIZE_MAX);
	fuzz_add(&before, fp_buf_text(&text), text.len);
	fuzz_add(&expected, fp_buf_text(&list), list.len);
	HOLDS(read_options(&before) || stopped);
	HOLDS(fuzz_same(&list, &expected));
}

/* What is written comes back; and behind a quoted value nothing may stand. */
static void
read_written(struct fuzz *fuzz)
{
	fp_buf_clear(&expected, SIZE_MAX);
	fp_buf_clear(&text, SIZE_MAX);
	while (fuzz->left > 0) {
		char *name = fuzz_string(fuzz_until(fuzz, '\n'));
		unsigned style = fuzz_choose(fuzz, 16);
		char *value = fuzz_string(fuzz_until(fuzz, '\0'));
		bool is_name = name[0] && !strchr("-#", name[0]) &&
			       !strpbrk(name, " \t\r=:") &&
			       strcmp(name, "stop") != 0;
		if (is_name) {
			write_option(name, value, style);
			note(&expected, name, value);
		}
		free(name);
		free(value);
	}
	fp_buf_clear(&before, SIZE_MAX);
	fuzz_add(&before, fp_buf_text(&text), text.len);
	HOLDS(read_options(&before) && n_said == 0);
	HOLDS(fuzz_same(&list, &expected));
	if (before.len > 0) {
		before.data[before.len - 1] = 'x';
		HOLDS(!read_options(&before) && n_said > 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);

	if (file < 0) {
		HOLDS((file = memfd_create("fuzz", MFD_CLOEXEC)) >= 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
		fp_msg_init();
	}
	if (fuzz_choose(&fuzz, 2))
		read_written(&fuzz);
	else
		read_any(fuzz_rest(&fuzz));
	return 0;
}
