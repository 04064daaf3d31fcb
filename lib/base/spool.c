/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "spool.h"

#include "atomicfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MODE 0600

/* Where the file system has no files without a name, it loses its name at
 * once. */
static int
open_named(const char *folder)
{
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/fetchpool-XXXXXX", folder);

	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static int
open_in(const char *folder)
{
	int fd = open(folder, O_RDWR | O_TMPFILE | O_EXCL | O_CLOEXEC, MODE);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		fd = open_named(folder);
	return fd;
}

struct fp_spool *
fp_spool_new(const char *folder)
{
	const char *const folders[] = {folder, "/var/tmp", "/tmp"};
	struct fp_spool *spool = malloc(sizeof(*spool));

	if (!spool)
		return NULL;
	*spool = (struct fp_spool){.fd = -1};
	for (size_t i = 0; spool->fd < 0 && i < FP_ARRAY_LEN(folders); i++) {
		if (folders[i])
			spool->fd = open_in(folders[i]);
	}
	if (spool->fd >= 0)
		return spool;
	int err = errno;
	free(spool);
	errno = err;
	return NULL;
}

void
fp_spool_free(struct fp_spool *spool)
{
	if (!spool)
		return;
	if (spool->map)
		munmap(spool->map, spool->len);
	if (spool->fd >= 0)
		close(spool->fd);
	free(spool);
}

int
fp_spool_add(struct fp_spool *spool, const char *data, size_t len)
{
	if (fp_atomicfile_write(spool->fd, data, len))
		return -1;
	spool->len += len;
	return 0;
}

int
fp_spool_read(struct fp_spool *spool, size_t most, struct fp_buf *to)
{
	size_t len = FP_MIN(most, spool->len), done = 0;

	fp_buf_clear(to, 0);
	if (fp_buf_reserve(to, len))
		return -1;
	while (done < len) {
		ssize_t n = pread(
			spool->fd, to->data + done, len - done, (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = EIO;
			return -1;
		}
		done += (size_t)n;
	}
	to->len = len;
	to->data[len] = '\0';
	return 0;
}

int
fp_spool_map(struct fp_spool *spool, const char **data)
{
	FP_ASSERT(!spool->map && spool->len > 0);
	void *map = mmap(NULL, spool->len, PROT_READ, MAP_SHARED, spool->fd, 0);

	if (map == MAP_FAILED)
		return -1;
	spool->map = map;
	close(spool->fd);
	spool->fd = -1;
	*data = map;
	return 0;
}

void
fp_spool_pass(const char *data, size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = ((uintptr_t)data + page - 1) / page * page;
	uintptr_t end = ((uintptr_t)data + len) / page * page;

	if (end > start)
		(void)madvise((void *)start, end - start, MADV_DONTNEED);
}
