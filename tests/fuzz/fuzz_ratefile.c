/* SPDX-License-Identifier: MIT */
/*
 * Rate files. Processes that open one, start things, are stopped or killed, and
 * find another boot: no interval holds too many starts, with those counted that
 * whoever was killed had committed; and when nobody starts anything for long,
 * all is free again. A byte that was changed is refused, or makes nothing
 * looser. A file with any numbers in it and right checksums is refused or of
 * use.
 *
 *	paced, a byte; a line of rates; and then what is done, a byte each, some
 *	with more behind it
 */
#include "fuzz.h"

#include "fuzzstarts.h"
#include "scratch.h"

#include "clock.h"
#include "ratefile.h"
#include "ratestore.h"

#include <errno.h>
#include <poll.h>

#define N_MAX 20
#define OPS_MAX 200
#define PROCESSES 3
#define HELD_MAX 64

/* As they stand in the file. */
#define MAGIC UINT64_C(0x3265746172707066)
#define HEADER_WORDS 20 /* before its check */
#define CLOCK_AT 256
#define CLOCK_WORDS 4
#define RING_AT 4096
#define RECORD_WORDS 3

/* ---- time is what the input says ---- */

int64_t __wrap_fp_clock_boot_ns(void);
int64_t __wrap_fp_clock_now_ns(void);
int64_t __wrap_fp_clock_wall_ns(void);
int __wrap_fp_ratestore_read_boot(uint64_t boot[2]);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms);

static uint64_t boot;
static int64_t boot_ns, wall_ns, true_ns;

int64_t
__wrap_fp_clock_boot_ns(void)
{
	return boot_ns;
}

int64_t
__wrap_fp_clock_now_ns(void)
{
	return boot_ns / 2;
}

int64_t
__wrap_fp_clock_wall_ns(void)
{
	return wall_ns;
}

int
__wrap_fp_ratestore_read_boot(uint64_t id[2])
{
	id[0] = id[1] = boot;
	return 0;
}

static void
pass(int64_t wait_ns)
{
	boot_ns += wait_ns;
	wall_ns += wait_ns;
	true_ns += wait_ns;
}

int
__wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	(void)fds;
	(void)n;
	pass(timeout_ms * FP_NS_PER_MS);
	return 0;
}

/* ---- processes ---- */

struct process {
	struct fp_ratefile *file;
	int fd; /* that the file is open with */
	uint32_t held[HELD_MAX]; /* the first of them are committed */
	size_t n_held, n_committed;
};

static struct process processes[PROCESSES];
static struct fp_rates rates;
static bool is_paced, is_damaged;
static struct fuzz_starts starts;
static const char *path;

static struct fp_ratefile *
open_file(void)
{
	char why[FP_RATES_TEXT_SIZE * 3] = "";
	struct fp_ratefile *file =
		fp_ratefile_open(path, &rates, is_paced, why, sizeof(why));

	HOLDS(file || (is_damaged && errno == EINVAL));
	HOLDS(file || (why[0] && fuzz_is_tame(why, strlen(why))));
	return file;
}

static void
begin_process(struct process *process)
{
	if (process->file)
		return;
	/* The first that is free is the one that will be taken. */
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	HOLDS(fd >= 0 && close(fd) == 0);
	process->fd = fd;
	process->n_held = process->n_committed = 0;
	process->file = open_file();
}

static void
end_process(struct process *process)
{
	fp_ratefile_close(process->file);
	process->file = NULL;
	process->n_held = process->n_committed = 0;
}

/* Its locks are gone with the open file. What it had committed may have become
 * starts in its last moment. */
static void
kill_process(struct process *process)
{
	if (!process->file)
		return;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	HOLDS(fd >= 0 && dup2(fd, process->fd) == process->fd);
	close(fd);
	if (process->n_committed > 0)
		fuzz_starts_add(&starts, true_ns, process->n_committed);
	end_process(process);
}

/* A file that cannot be used any more is closed. */
static bool
went_well(struct process *process, int ret)
{
	HOLDS(ret >= 0 || (is_damaged && errno == EINVAL));
	if (ret < 0)
		kill_process(process);
	return ret >= 0;
}

static void
reserve(struct process *process)
{
	int64_t due_ns = -1;
	uint32_t slot = UINT32_MAX;

	if (!process->file || process->n_held == HELD_MAX)
		return;
	int ret = fp_ratefile_reserve(process->file, &slot, &due_ns);
	if (!went_well(process, ret))
		return;
	if (ret == 0)
		HOLDS(due_ns > fp_clock_now_ns());
	else
		process->held[process->n_held++] = slot;
}

/* Takes one out. */
static uint32_t
pull(struct process *process, size_t which)
{
	uint32_t token = process->held[which];

	if (which < process->n_committed) {
		process->held[which] = process->held[--process->n_committed];
		which = process->n_committed;
	}
	process->held[which] = process->held[--process->n_held];
	return token;
}

static void
give_back(struct process *process, size_t which)
{
	if (process->file && process->n_held > 0)
		went_well(process,
			fp_ratefile_give_back(process->file,
				pull(process, which % process->n_held)));
}

static void
fire(struct process *process, size_t which)
{
	if (!process->file || process->n_committed == 0)
		return;
	fuzz_starts_add(&starts, true_ns, 1);
	went_well(
		process, fp_ratefile_fire(process->file,
				 pull(process, which % process->n_committed)));
}

/* The next one that is not; it may be lost. */
static void
commit(struct process *process)
{
	size_t at = process->n_committed;

	if (!process->file || at == process->n_held)
		return;
	int ret = fp_ratefile_commit(process->file, process->held[at]);
	if (!went_well(process, ret))
		return;
	if (ret == 1)
		process->n_committed++;
	else
		give_back(process, at);
}

static void
settle(struct process *process, size_t which, bool is_start)
{
	if (!is_start) {
		give_back(process, which);
		return;
	}
	/* With time between them, or not. */
	if (which & 1 || process->n_committed == 0)
		commit(process);
	if (!(which & 2))
		fire(process, which >> 2);
}

/* All are gone then. How long it took, the wall clock says, or less. */
static void
reboot(int64_t took_ns, int64_t back_ns)
{
	for (size_t i = 0; i < PROCESSES; i++)
		kill_process(&processes[i]);
	boot++;
	pass(took_ns);
	boot_ns = FP_NS_PER_S;
	wall_ns = FP_MAX(wall_ns - back_ns, 0);
}

/* ---- damage ---- */

static size_t
file_size(void)
{
	return RING_AT +
	       fp_ratebook_size(&rates) * sizeof(struct fp_raterecord);
}

static void
damage(struct fuzz *fuzz)
{
	size_t at = fuzz_choose(fuzz, 256);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	unsigned char byte = 0;

	/* Most of what there is stands in its first half. */
	at = (at << 8 | fuzz_choose(fuzz, 256)) % file_size();
	HOLDS(fd >= 0 && pread(fd, &byte, 1, (off_t)at) == 1);
	byte = (unsigned char)(byte ^ (fuzz_choose(fuzz, 255) + 1));
	HOLDS(pwrite(fd, &byte, 1, (off_t)at) == 1);
	close(fd);
	is_damaged = true;
}

static void
sum(char *at, uint64_t seed, size_t n_words)
{
	uint64_t check = fp_ratebook_sum(seed, at, n_words);

	memcpy(at + n_words * sizeof(check), &check, sizeof(check));
}

/* One word of a copy of the file. */
static void
change_word(struct fuzz *fuzz, char *copy, size_t size)
{
	static const size_t parts[] = {0, CLOCK_AT, RING_AT};
	size_t at = parts[fuzz_choose(fuzz, FP_ARRAY_LEN(parts))];
	uint64_t value = 0;

	at += 8 * fuzz_choose(fuzz, 256);
	for (unsigned n = fuzz_choose(fuzz, 9); n > 0; n--)
		value = value << 8 | fuzz_choose(fuzz, 256);
	if (at + sizeof(value) > size)
		return;
	if (fuzz_choose(fuzz, 2)) {
		uint64_t old;
		memcpy(&old, copy + at, sizeof(old));
		value += old;
	}
	memcpy(copy + at, &value, sizeof(value));
}

static void
sum_all(char *copy, size_t size)
{
	static const struct fp_raterecord blank;
	uint64_t id;

	sum(copy, MAGIC, HEADER_WORDS);
	memcpy(&id, copy + sizeof(id), sizeof(id));
	sum(copy + CLOCK_AT, ~id, CLOCK_WORDS);
	for (size_t at = RING_AT; at < size; at += sizeof(blank)) {
		if (memcmp(copy + at, &blank, sizeof(blank)) != 0)
			sum(copy + at, id, RECORD_WORDS);
	}
}

/* Whether somebody can use the file; nobody else does. */
static void
use_file(void)
{
	struct process process = {.file = NULL};

	begin_process(&process);
	for (int i = 0; i < 6; i++) {
		reserve(&process);
		settle(&process, 0, i & 1);
		pass(FP_NS_PER_S);
	}
	end_process(&process);
}

/* A file of any numbers, beside the true one. */
static void
forge(struct fuzz *fuzz)
{
	const char *true_path = path;
	size_t n_starts = starts.n;
	bool was_damaged = is_damaged;
	size_t size;
	char *copy = get_file(true_path, &size);

	for (unsigned n = 1 + fuzz_choose(fuzz, 4); n > 0; n--)
		change_word(fuzz, copy, size);
	sum_all(copy, size);
	path = put_file("forged", copy, size);
	is_damaged = true;
	use_file();
	path = true_path;
	is_damaged = was_damaged;
	starts.n = n_starts;
	free(copy);
}

/* ---- what is done ---- */

static void
do_next(struct fuzz *fuzz)
{
	unsigned what = fuzz_choose(fuzz, 10);
	struct process *process = &processes[fuzz_choose(fuzz, PROCESSES)];
	int64_t wait_ns, due_ns;

	/* Not up to the end of time, where nothing is free any more. */
	if (true_ns > FP_RATELIMIT_TIME_MAX_NS / 2)
		return;
	switch (what) {
	case 0:
		pass(fuzz_wait_ns(fuzz));
		break;
	case 1:
		begin_process(process);
		break;
	case 2:
	case 3:
		begin_process(process);
		reserve(process);
		break;
	case 4:
		settle(process, fuzz_choose(fuzz, 256), true);
		break;
	case 5:
		settle(process, fuzz_choose(fuzz, 256), false);
		break;
	case 6:
		kill_process(process);
		break;
	case 7:
		end_process(process);
		break;
	case 8:
		wait_ns = fuzz_wait_ns(fuzz);
		reboot(wait_ns, fuzz_wait_ns(fuzz));
		break;
	default:
		if (process == &processes[0])
			forge(fuzz);
		else if (process == &processes[1])
			damage(fuzz);
		else if (process->file)
			went_well(process,
				fp_ratefile_settle(process->file, &due_ns));
		break;
	}
}

/* When nobody has started anything for long, there is room for all. */
static void
check_rest(void)
{
	struct process process = {.file = NULL};
	int64_t longest_ns = 0;
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < rates.n; i++) {
		longest_ns = FP_MAX(longest_ns, fuzz_span_ns(&rates.all[i]));
		least = FP_MIN(least, rates.all[i].n);
	}
	begin_process(&process);
	pass(longest_ns);
	for (uint64_t i = 0; i < (is_paced ? 1 : least); i++)
		reserve(&process);
	HOLDS(process.n_held == (is_paced ? 1 : least));
	end_process(&process);
}

static bool
take_head(struct fuzz *fuzz)
{
	is_paced = fuzz_choose(fuzz, 2);
	if (!fuzz_take_rates(fuzz, &rates))
		return false;
	fp_rates_sort(&rates);
	for (size_t i = 0; i < rates.n; i++) {
		if (rates.all[i].n > N_MAX)
			return false;
	}
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);

	if (!take_head(&fuzz))
		return 0;
	char *own_path = strdup(scratch("rates"));
	HOLDS(own_path);
	path = own_path;
	unlink(path);
	boot = 1;
	boot_ns = 1000 * FP_NS_PER_S;
	true_ns = wall_ns = INT64_C(1790000000) * FP_NS_PER_S;
	is_damaged = false;
	starts.n = 0;
	begin_process(&processes[0]);
	for (size_t i = 0; i < OPS_MAX && fuzz.left > 0; i++)
		do_next(&fuzz);
	for (size_t i = 0; i < PROCESSES; i++)
		end_process(&processes[i]);
	fuzz_starts_check(&starts, &rates);
	if (!is_damaged)
		check_rest();
	free(own_path);
	return 0;
}
