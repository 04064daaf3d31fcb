/* SPDX-License-Identifier: MIT */
/*
 * replay: main() for a fuzz target without libFuzzer. It gives the target each
 * file of its corpus, or the files that it is called with:
 *
 *	tests/fuzz/fuzz_json			tests/fuzz/corpus/json/
 *	tests/fuzz/fuzz_json FILE...		what a fuzzer has found
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>

static unsigned n_inputs;

static void
fail(const char *path)
{
	printf("not ok 1 - %s: %s\n1..1\n", path, strerror(errno));
	exit(EXIT_FAILURE);
}

static void
replay_file(const char *path)
{
	struct fp_buf text = FP_BUF_INIT;
	FILE *file = fopen(path, "rb");
	size_t n;

	if (!file)
		fail(path);
	do {
		HOLDS(fp_buf_reserve(&text, 4096) == 0);
		n = fread(text.data + text.len, 1, 4096, file);
		text.len += n;
	} while (n > 0);
	if (ferror(file))
		fail(path);
	fclose(file);

	/* If the target dies of it, this is the last line. */
	printf("# %s\n", path);
	fflush(stdout);
	char *copy = fuzz_copy(text.data, text.len);
	LLVMFuzzerTestOneInput((const uint8_t *)copy, text.len);
	free(copy);
	fp_buf_destroy(&text);
	n_inputs++;
}

static int
is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void
replay_folder(const char *folder)
{
	struct dirent **entries;
	struct fp_buf path = FP_BUF_INIT;
	int n = scandir(folder, &entries, is_shown, alphasort);

	if (n < 0)
		fail(folder);
	for (int i = 0; i < n; i++) {
		fp_buf_clear(&path, SIZE_MAX);
		HOLDS(fp_buf_printf(
			      &path, "%s/%s", folder, entries[i]->d_name) == 0);
		replay_file(path.data);
		free(entries[i]);
	}
	fp_buf_destroy(&path);
	free(entries);
}

/* The corpus of the target that the program is named for. */
static void
replay_corpus(const char *program)
{
	const char *srcdir = getenv("srcdir");
	const char *slash = strrchr(program, '/');
	const char *name = slash ? slash + 1 : program;
	struct fp_buf path = FP_BUF_INIT;

	if (strncmp(name, "fuzz_", 5) == 0)
		name += 5;
	HOLDS(fp_buf_printf(&path, "%s/tests/fuzz/corpus/%s",
		      srcdir ? srcdir : ".", name) == 0);
	replay_folder(path.data);
	fp_buf_destroy(&path);
}

int
main(int argc, char *argv[])
{
	if (argc == 1)
		replay_corpus(argv[0]);
	for (int i = 1; i < argc; i++)
		replay_file(argv[i]);
	printf("%sok 1 - %u inputs\n1..1\n", n_inputs ? "" : "not ", n_inputs);
	return n_inputs ? EXIT_SUCCESS : EXIT_FAILURE;
}
