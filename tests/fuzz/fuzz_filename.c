/* SPDX-License-Identifier: MIT */
/*
 * Names of files. Whatever a name is made of, the file is in its folder and is
 * not hidden, its name can be shown, and from it the name can be read back, so
 * that no two become one, unless it was cut. A path is made of such names.
 *
 *	any bytes
 */
#include "fuzz.h"

#include "filename.h"

#include <errno.h>

static unsigned
hex(char c)
{
	const char *digits = "0123456789ABCDEF";
	const char *digit = strchr(digits, c);

	HOLDS(c && digit);
	return (unsigned)(digit - digits);
}

/* What the name was before it was encoded. */
static void
decode(const struct fp_buf *name, struct fp_buf *out)
{
	for (size_t i = 0; i < name->len; i++) {
		char c = name->data[i];
		if (c == '%') {
			HOLDS(name->len - i >= 3);
			c = (char)(hex(name->data[i + 1]) << 4 |
				   hex(name->data[i + 2]));
			i += 2;
		}
		fuzz_add(out, &c, 1);
	}
}

static void
check_name(const struct fp_buf *name)
{
	HOLDS(name->len > 0 && name->len <= FP_FILENAME_MAX);
	HOLDS(name->data[0] != '.');
	HOLDS(!memchr(name->data, '/', name->len));
	HOLDS(fuzz_is_tame(name->data, name->len));
	HOLDS(fp_filename_is_safe(name->data));
}

static void
check_encode(struct fp_text text)
{
	struct fp_buf name = FP_BUF_INIT, back = FP_BUF_INIT;
	struct fp_buf again = FP_BUF_INIT;

	if (fp_filename_encode(text.data, text.len, &name)) {
		HOLDS(name.len == 0);
		HOLDS(errno == EINVAL && text.len == 0);
		return;
	}
	check_name(&name);
	decode(&name, &back);
	bool is_same = back.len == text.len &&
		       memcmp(back.data, text.data, text.len) == 0;
	HOLDS(is_same || text.len > FP_FILENAME_MAX / 3);
	HOLDS(is_same || memchr(name.data, '~', name.len));
	/* What is encoded is such a template's expansion as well. */
	HOLDS(fp_filename_from_uri(name.data, name.len, &again) == 0);
	HOLDS(fuzz_same(&again, &name));
	fp_buf_destroy(&name);
	fp_buf_destroy(&back);
	fp_buf_destroy(&again);
}

static void
check_from_uri(struct fp_text text)
{
	struct fp_buf name = FP_BUF_INIT;

	if (fp_filename_from_uri(text.data, text.len, &name) == 0)
		check_name(&name);
	else
		HOLDS(name.len == 0 && errno == EINVAL && !text.len);
	fp_buf_destroy(&name);
}

static void
check_path(struct fp_text text)
{
	struct fp_buf path = FP_BUF_INIT;
	struct fp_filename name;

	fp_filename_begin(&name, true, &path);
	fp_filename_add(&name, text.data, text.len);
	if (fp_filename_end(&name) == 0) {
		HOLDS(fp_filename_is_safe_path(path.data));
		HOLDS(path.len <= FP_FILENAME_PATH_MAX);
		HOLDS(fuzz_is_tame(path.data, path.len));
	} else {
		HOLDS(path.len == 0);
		HOLDS(errno == EINVAL || text.len > FP_FILENAME_PATH_MAX / 3);
	}
	fp_buf_destroy(&path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	char *type = fuzz_string(fuzz_rest(&fuzz));
	const char *ending = fp_filename_extension(type);

	HOLDS(ending[0] == '.' && !strchr(ending, '/'));
	HOLDS(strlen(ending) > 1 && strlen(ending) < 10);
	free(type);
	check_encode(fuzz_rest(&fuzz));
	check_from_uri(fuzz_rest(&fuzz));
	check_path(fuzz_rest(&fuzz));
	return 0;
}
