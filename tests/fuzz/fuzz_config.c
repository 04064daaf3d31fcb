/* SPDX-License-Identifier: MIT */
/*
 * Files of options. Each option comes with a name that could be one; and
 * written down again, with its value in quotes, it comes back as it was.
 *
 *	the file
 */
#include "fuzz.h"

#include "../../cmd/config.h"
#include "../../cmd/msg.h"

#include <sys/mman.h>
#include <unistd.h>

/* The linker puts this in the place of write() (--wrap in Makefile.am). */
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
static struct fp_buf copy; /* the same as a file */

static void
copy_option(const char *name, const char *value)
{
	fuzz_add(&copy, "--", 2);
	fuzz_add(&copy, name, strlen(name));
	if (value)
		fuzz_add(&copy, " = \"", 4);
	for (const char *at = value; at && *at; at++) {
		if (*at == '\n') {
			fuzz_add(&copy, "\\n", 2);
			continue;
		}
		if (*at == '"' || *at == '\\')
			fuzz_add(&copy, "\\", 1);
		fuzz_add(&copy, at, 1);
	}
	fuzz_add(&copy, value ? "\"\n" : "\n", value ? 2 : 1);
}

static bool
take(struct fp_settings *settings, const char *name, const char *value)
{
	(void)settings;
	HOLDS(name[0] && name[0] != '-');
	HOLDS(!strpbrk(name, " \t\r\n=:"));
	fuzz_add(&list, name, strlen(name));
	if (value) {
		fuzz_add(&list, "=", 1);
		fuzz_add(&list, value, strlen(value));
	}
	fuzz_add(&list, ";", 1);
	copy_option(name, value);
	return strcmp(name, "stop") != 0;
}

static bool
read_options(struct fp_text text)
{
	struct fp_settings settings;

	HOLDS(ftruncate(file, 0) == 0);
	HOLDS(pwrite(file, text.data, text.len, 0) == (ssize_t)text.len);
	fp_buf_clear(&list, SIZE_MAX);
	fp_buf_clear(&copy, SIZE_MAX);
	fp_settings_init(&settings);
	n_said = 0;
	is_caught = true;
	bool fine = fp_config_read(&settings, path, take);
	fp_msg_flush();
	is_caught = false;
	fp_settings_destroy(&settings);
	return fine;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fp_buf first, written;
	struct fuzz fuzz = fuzz_begin(data, size);

	if (file < 0) {
		HOLDS((file = memfd_create("fuzz", MFD_CLOEXEC)) >= 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
		fp_msg_init();
	}
	bool fine = read_options(fuzz_rest(&fuzz));
	bool stopped =
		list.len >= 5 && memmem(list.data, list.len, "stop", 4) != NULL;
	HOLDS(fine || stopped || n_said > 0);
	HOLDS(!fine || n_said == 0);

	fp_buf_clear(&first, SIZE_MAX);
	fp_buf_clear(&written, SIZE_MAX);
	fuzz_add(&first, fp_buf_text(&list), list.len);
	fuzz_add(&written, fp_buf_text(&copy), copy.len);
	HOLDS(read_options(
		      (struct fp_text){fp_buf_text(&written), written.len}) ||
		stopped);
	HOLDS(fuzz_same(&list, &first));
	return 0;
}
