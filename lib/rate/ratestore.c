/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "ratestore.h"

#include "ascii.h"
#include "atomicfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x3265746172707066) /* in the machine's byte order */
#define CLOCK_AT 256
#define RING_AT 4096
#define PAGE 4096

#define MODE 0600
#define OPEN_FLAGS (O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
#define TRIES 100 /* for one that others make and remove */

/* Where the locks are; no byte has to be there. */
#define LOCK_AT 0
#define SEATS_AT (INT64_C(1) << 40)

struct header {
	uint64_t magic;
	uint64_t id;
	uint64_t n_records;
	uint64_t n_rates;
	struct fp_rate rates[FP_RATES_MAX];
	uint64_t check;
};

struct stored_clock {
	struct fp_rateclock clock;
	uint64_t check;
};

#define WORDS_BEFORE_CHECK(type) (offsetof(type, check) / sizeof(uint64_t))

/* ---- whole reads and writes ---- */

static int
ratestore_damaged(void)
{
	errno = EINVAL;
	return -1;
}

static int
ratestore_read_at(int fd, void *data, size_t len, off_t at)
{
	ssize_t n;

	do {
		n = pread(fd, data, len, at);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	return (size_t)n == len ? 0 : ratestore_damaged();
}

static int
write_at(int fd, const void *data, size_t len, off_t at)
{
	ssize_t n;

	do {
		n = pwrite(fd, data, len, at);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	if ((size_t)n == len)
		return 0;
	errno = ENOSPC;
	return -1;
}

static off_t
size_of(size_t n_records)
{
	return RING_AT + (off_t)(n_records * sizeof(struct fp_raterecord));
}

static off_t
place_at(const struct fp_ratestore *store, size_t place, size_t n)
{
	FP_ASSERT(place < store->n_records && n <= store->n_records - place);
	return size_of(place);
}

int
fp_ratestore_read(const struct fp_ratestore *store, size_t place,
	struct fp_raterecord *records, size_t n)
{
	return ratestore_read_at(store->fd, records, n * sizeof(*records),
		place_at(store, place, n));
}

int
fp_ratestore_write(const struct fp_ratestore *store, size_t place,
	const struct fp_raterecord *records, size_t n)
{
	off_t at = place_at(store, place, n);
	size_t len = n * sizeof(*records);

	FP_ASSERT(at % PAGE + (off_t)len <= PAGE);
	return write_at(store->fd, records, len, at);
}

int
fp_ratestore_read_clock(
	const struct fp_ratestore *store, struct fp_rateclock *clock)
{
	struct stored_clock stored;

	if (ratestore_read_at(store->fd, &stored, sizeof(stored), CLOCK_AT))
		return -1;
	if (stored.check != fp_ratebook_sum(~store->id, &stored,
				    WORDS_BEFORE_CHECK(struct stored_clock)))
		return ratestore_damaged();
	*clock = stored.clock;
	return 0;
}

int
fp_ratestore_write_clock(
	const struct fp_ratestore *store, const struct fp_rateclock *clock)
{
	struct stored_clock stored = {.clock = *clock};

	stored.check = fp_ratebook_sum(
		~store->id, &stored, WORDS_BEFORE_CHECK(struct stored_clock));
	return write_at(store->fd, &stored, sizeof(stored), CLOCK_AT);
}

int
fp_ratestore_read_boot(uint64_t boot[2])
{
	char text[64] = "";
	unsigned digits = 0;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	boot[0] = boot[1] = 0;
	for (ssize_t i = 0; i < n && digits < 32; i++) {
		int digit = fp_ascii_hex_value(text[i]);
		if (digit >= 0) {
			uint64_t *half = &boot[digits++ / 16];
			*half = *half << 4 | (uint64_t)digit;
		}
	}
	return digits == 32 ? 0 : ratestore_damaged();
}

int64_t
fp_ratestore_read_boot_ahead_ns(void)
{
	FILE *file = fopen("/proc/self/timens_offsets", "re");
	int64_t ahead_ns = 0;
	char name[16];
	long long s, ns;

	while (file && fscanf(file, "%15s %lld %lld", name, &s, &ns) == 3) {
		if (strcmp(name, "boottime") == 0)
			ahead_ns = s * FP_NS_PER_S + ns;
	}
	if (file)
		fclose(file);
	return ahead_ns;
}

/* ---- making one ---- */

static uint64_t
ratestore_check_header(const struct header *header)
{
	return fp_ratebook_sum(
		MAGIC, header, WORDS_BEFORE_CHECK(struct header));
}

static int
ratestore_fill(struct fp_ratestore *store, const struct fp_rates *rates,
	const struct fp_rateclock *clock)
{
	struct header header = {.magic = MAGIC, .n_rates = rates->n};
	off_t size = size_of(fp_ratebook_size(rates));

	if (getrandom(&store->id, sizeof(store->id), 0) !=
		(ssize_t)sizeof(store->id))
		return -1;
	header.id = store->id;
	header.n_records = fp_ratebook_size(rates);
	memcpy(header.rates, rates->all, rates->n * sizeof(rates->all[0]));
	header.check = ratestore_check_header(&header);

	/* All of its room now, so that a full disk is met now. */
	if (fallocate(store->fd, 0, 0, size) &&
		(errno != EOPNOTSUPP || ftruncate(store->fd, size)))
		return -1;
	if (write_at(store->fd, &header, sizeof(header), 0) ||
		fp_ratestore_write_clock(store, clock))
		return -1;
	return fsync(store->fd);
}

/* A file of that name with its contents, or none. EEXIST: someone else was
 * faster. */
static int
create(const char *path, const struct fp_rates *rates,
	const struct fp_rateclock *clock)
{
	struct fp_atomicfile file;
	struct fp_ratestore store = {.fd = -1};

	if (fp_atomicfile_begin(&file, path, MODE))
		return -1;
	store.fd = file.fd;
	if (ratestore_fill(&store, rates, clock)) {
		fp_atomicfile_abort(&file);
		return -1;
	}
	return fp_atomicfile_create(&file, path);
}

/* ---- opening one ---- */

static bool
ratestore_are_same(const struct header *header, const struct fp_rates *rates)
{
	return header->n_rates == rates->n &&
	       memcmp(header->rates, rates->all,
		       rates->n * sizeof(rates->all[0])) == 0;
}

static int
ratestore_fail(char *why, size_t why_size, const char *text)
{
	snprintf(why, why_size, "%s", text);
	return ratestore_damaged();
}

static int
say_other_rates(const struct header *header, const struct fp_rates *rates,
	char *why, size_t why_size)
{
	struct fp_rates its = {.n = (size_t)header->n_rates};
	char its_text[FP_RATES_TEXT_SIZE], our_text[FP_RATES_TEXT_SIZE];

	memcpy(its.all, header->rates, sizeof(its.all));
	fp_rates_print(&its, its_text, sizeof(its_text));
	fp_rates_print(rates, our_text, sizeof(our_text));
	snprintf(why, why_size,
		"made for %s, not for %s (remove it to start over)", its_text,
		our_text);
	return ratestore_damaged();
}

static int
check_file(struct fp_ratestore *store, const struct fp_rates *rates, char *why,
	size_t why_size)
{
	struct header header;
	struct stat st;

	if (fstat(store->fd, &st))
		return -1;
	if (!S_ISREG(st.st_mode))
		return ratestore_fail(why, why_size, "not a regular file");
	if (ratestore_read_at(store->fd, &header, sizeof(header), 0)) {
		if (errno == EINVAL)
			return ratestore_fail(why, why_size, "not a rate file");
		return -1;
	}
	if (header.magic != MAGIC)
		return ratestore_fail(why, why_size, "not a rate file");
	if (header.check != ratestore_check_header(&header) ||
		header.n_rates > FP_RATES_MAX)
		return ratestore_fail(why, why_size, "it is damaged");
	if (!ratestore_are_same(&header, rates))
		return say_other_rates(&header, rates, why, why_size);
	store->id = header.id;
	store->n_records = (size_t)header.n_records;
	if (header.n_records != fp_ratebook_size(rates) ||
		st.st_size != size_of(store->n_records))
		return ratestore_fail(
			why, why_size, "damaged: truncated, or too long");
	return 0;
}

static int
open_file(struct fp_ratestore *store, const char *path,
	const struct fp_rates *rates, const struct fp_rateclock *clock)
{
	for (int i = 0; i < TRIES; i++) {
		store->fd = open(path, OPEN_FLAGS | O_RDWR);
		if (store->fd >= 0)
			return 0;
		if (errno != ENOENT)
			return -1;
		if (create(path, rates, clock) == 0)
			store->is_made = true;
		else if (errno != EEXIST)
			return -1;
	}
	return -1;
}

/* Says why it could not be opened, or is not ours. */
static int
ratestore_refuse(struct fp_ratestore *store, char *why, size_t why_size)
{
	int err = errno;

	if (why_size > 0 && !why[0])
		snprintf(why, why_size, "%s",
			store->fd < 0 && err == ELOOP ? "it is a symbolic link"
						      : strerror(err));
	fp_ratestore_close(store);
	errno = err;
	return -1;
}

int
fp_ratestore_open(struct fp_ratestore *store, const char *path,
	const struct fp_rates *rates, const struct fp_rateclock *clock,
	char *why, size_t why_size)
{
	memset(store, 0, sizeof(*store));
	snprintf(why, why_size, "%s", "");
	if (open_file(store, path, rates, clock) ||
		check_file(store, rates, why, why_size))
		return ratestore_refuse(store, why, why_size);
	store->path = realpath(path, NULL);
	return store->path ? 0 : ratestore_refuse(store, why, why_size);
}

int
fp_ratestore_check(const char *path, const struct fp_rates *rates, char *why,
	size_t why_size)
{
	struct fp_ratestore store = {.fd = open(path, OPEN_FLAGS | O_RDWR)};

	snprintf(why, why_size, "%s", "");
	if (store.fd < 0 && errno == ENOENT)
		return 0;
	if (store.fd < 0 || check_file(&store, rates, why, why_size))
		return ratestore_refuse(&store, why, why_size);
	fp_ratestore_close(&store);
	return 0;
}

void
fp_ratestore_close(struct fp_ratestore *store)
{
	if (store->fd >= 0)
		close(store->fd);
	store->fd = -1;
	free(store->path);
	store->path = NULL;
}

int
fp_ratestore_reopen(struct fp_ratestore *store)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", store->fd);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	close(store->fd);
	store->fd = fd;
	return 0;
}

/* ---- locks ---- */

/* One byte; type F_WRLCK or F_UNLCK. */
static struct flock
lock_of(short type, off_t at)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};

	lock.l_start = at;
	lock.l_len = 1;
	return lock;
}

/* 1: we have it, 0: someone else has it, -1. */
static int
try_lock(int fd, off_t at)
{
	struct flock lock = lock_of(F_WRLCK, at);

	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return 1;
	return errno == EAGAIN || errno == EACCES || errno == EINTR ? 0 : -1;
}

/* Whether another process that opens the file by its name gets this one. */
static bool
is_at_its_name(const struct fp_ratestore *store, const struct stat *ours)
{
	struct stat st;

	if (ours->st_nlink == 0)
		return false;
	if (stat(store->path, &st))
		return errno != ENOENT;
	return st.st_dev == ours->st_dev && st.st_ino == ours->st_ino;
}

int
fp_ratestore_lock(struct fp_ratestore *store)
{
	struct stat st;
	int ret = try_lock(store->fd, LOCK_AT);

	if (ret != 1)
		return ret;
	if (fstat(store->fd, &st))
		ret = -1;
	else if (!is_at_its_name(store, &st)) {
		errno = ESTALE;
		ret = -1;
	} else if (st.st_size != size_of(store->n_records)) {
		errno = EINVAL;
		ret = -1;
	}
	if (ret < 0) {
		int err = errno;
		fp_ratestore_unlock(store);
		errno = err;
	}
	return ret;
}

void
fp_ratestore_unlock(struct fp_ratestore *store)
{
	struct flock lock = lock_of(F_UNLCK, LOCK_AT);

	fcntl(store->fd, F_OFD_SETLK, &lock);
}

int
fp_ratestore_sit(struct fp_ratestore *store)
{
	for (uint32_t seat = 0; seat < FP_RATEBOOK_SEATS; seat++) {
		int ret = try_lock(store->fd, SEATS_AT + seat);
		if (ret < 0)
			return -1;
		if (ret == 1) {
			store->seat = seat;
			return 0;
		}
	}
	errno = ENOLCK;
	return -1;
}

void
fp_ratestore_undo(const struct fp_ratestore *store)
{
	struct flock seats = lock_of(F_WRLCK, SEATS_AT);

	seats.l_len = FP_RATEBOOK_SEATS;
	if (store->is_made && fcntl(store->fd, F_OFD_GETLK, &seats) == 0 &&
		seats.l_type == F_UNLCK)
		unlink(store->path);
}

int
fp_ratestore_is_taken(const struct fp_ratestore *store, uint32_t seat)
{
	struct flock lock = lock_of(F_WRLCK, SEATS_AT + seat);

	if (fcntl(store->fd, F_OFD_GETLK, &lock))
		return -1;
	return lock.l_type != F_UNLCK;
}
