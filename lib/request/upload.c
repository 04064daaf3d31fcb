/* SPDX-License-Identifier: MIT */
/*
 * Items are not trusted: a line could name /etc/passwd. So the kernel is asked
 * to resolve an item's path below the root and nowhere else (openat2(), Linux
 * 5.6). Where it does not know how, or a container does not let it, the path is
 * walked part by part, and then no symbolic link is followed at all.
 */
#include "base.h"

#include "upload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

void
fp_upload_init(struct fp_upload *upload)
{
	*upload = (struct fp_upload){.fd = -1};
}

void
fp_upload_close(struct fp_upload *upload)
{
	if (upload->fd >= 0)
		close(upload->fd);
	fp_upload_init(upload);
}

/* ---- opening ---- */

/* Part by part, without links. */
static int
walk_below(int root, const char *path)
{
	char part[256];
	int fd = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	while (fd >= 0) {
		path += strspn(path, "/");
		size_t len = strcspn(path, "/");
		bool is_last = path[len + strspn(path + len, "/")] == '\0';
		int next = -1;
		errno = ENAMETOOLONG;
		if (len < sizeof(part)) {
			memcpy(part, path, len);
			part[len] = '\0';
			errno = EXDEV;
			if (strcmp(part, "..") != 0)
				next = openat(fd, part,
					(is_last ? FLAGS
						 : O_PATH | O_DIRECTORY |
								O_CLOEXEC) |
						O_NOFOLLOW);
		}
		int err = errno;
		close(fd);
		errno = err;
		if (is_last)
			return next;
		fd = next;
		path += len;
	}
	return -1;
}

static int
open_below(int root, const char *path)
{
	struct open_how how = {
		.flags = FLAGS,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return walk_below(root, path);
	return (int)fd;
}

/* What of an absolute path is below the root; NULL: it is not. */
static const char *
strip_root(const char *path, const char *root)
{
	char *real = realpath(root ? root : ".", NULL);
	size_t len = real && strcmp(real, "/") != 0 ? strlen(real) : 0;
	bool is_below =
		real && strncmp(path, real, len) == 0 && path[len] == '/';

	free(real);
	if (!is_below)
		return NULL;
	path += len;
	return path + strspn(path, "/");
}

static int
open_item(const char *path, const char *root)
{
	const char *below = path[0] == '/' ? strip_root(path, root) : path;
	int dir = AT_FDCWD;

	if (!below) {
		errno = EXDEV;
		return -1;
	}
	if (root)
		dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root && dir < 0)
		return -1;
	int fd = open_below(dir, below[0] ? below : ".");
	int err = errno;
	if (root)
		close(dir);
	errno = err;
	return fd;
}

static bool
upload_fail(struct fp_ticket *ticket, const char *path, const char *why)
{
	char text[300];

	snprintf(text, sizeof(text), "%.200s: %s", path, why);
	fp_ticket_fail(ticket, FP_KIND_LOCAL, text);
	return false;
}

static const char *
explain(int err)
{
	switch (err) {
	case EXDEV:
		return "the file is not below the upload root";
	case ENODATA:
		return "the file was cut while it was sent";
	default:
		return strerror(err);
	}
}

static int
look_at(int fd, struct fp_filemark *mark)
{
	struct stat st;

	if (fstat(fd, &st))
		return -1;
	errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	if (!S_ISREG(st.st_mode))
		return -1;
	*mark = (struct fp_filemark){
		.device = st.st_dev,
		.inode = st.st_ino,
		.size = st.st_size,
		.changed_ns = (int64_t)st.st_mtim.tv_sec * FP_NS_PER_S +
			      st.st_mtim.tv_nsec,
	};
	return 0;
}

static bool
is_same(const struct fp_filemark *a, const struct fp_filemark *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && a->changed_ns == b->changed_ns;
}

/* Files are made anew while a run lasts, so they are looked up each time. */
static bool
is_withheld(const struct fp_filemark *mark, const struct fp_options *options)
{
	struct stat st;

	for (size_t i = 0; i < options->n_withheld; i++) {
		if (stat(options->withheld[i], &st) == 0 &&
			st.st_dev == mark->device && st.st_ino == mark->inode)
			return true;
	}
	return false;
}

bool
fp_upload_open(struct fp_upload *upload, struct fp_ticket *ticket,
	const char *path, const struct fp_options *options, bool is_trusted)
{
	const char *why = NULL;

	fp_upload_close(upload);
	upload->fd = is_trusted ? open(path, FLAGS)
				: open_item(path, options->upload_root);
	if (upload->fd < 0)
		return upload_fail(ticket, path, explain(errno));
	if (look_at(upload->fd, &upload->mark))
		why = errno == EINVAL ? "not a regular file" : strerror(errno);
	else if (!is_trusted && is_withheld(&upload->mark, options))
		why = "the run itself uses this file";
	if (why) {
		fp_upload_close(upload);
		return upload_fail(ticket, path, why);
	}
	if (!ticket->has_file) {
		ticket->has_file = true;
		ticket->file = upload->mark;
	}
	if (is_same(&ticket->file, &upload->mark))
		return true;
	fp_upload_close(upload);
	return upload_fail(
		ticket, path, "the file has changed since the first attempt");
}

/* ---- sending ---- */

static size_t
upload_read(char *to, size_t one, size_t n, void *arg)
{
	struct fp_upload *upload = arg;
	int64_t left = upload->mark.size - upload->sent;
	size_t len = FP_MIN(one * n, (uint64_t)left);
	ssize_t got;

	if (len == 0)
		return 0;
	do
		got = pread(upload->fd, to, len, upload->sent);
	while (got < 0 && errno == EINTR);
	if (got > 0) {
		upload->sent += got;
		return (size_t)got;
	}
	upload->fault = got < 0 ? errno : ENODATA;
	return CURL_READFUNC_ABORT;
}

static int
upload_seek(void *arg, curl_off_t offset, int origin)
{
	struct fp_upload *upload = arg;

	if (origin != SEEK_SET || offset < 0 || offset > upload->mark.size)
		return CURL_SEEKFUNC_FAIL;
	upload->sent = offset;
	return CURL_SEEKFUNC_OK;
}

CURLcode
fp_upload_apply(struct fp_upload *upload, CURL *easy, bool had_one)
{
	bool has_one = upload->fd >= 0;
	CURLcode code;

	upload->sent = 0;
	upload->fault = 0;
	if (!has_one && !had_one)
		return CURLE_OK;
	code = curl_easy_setopt(
		easy, CURLOPT_READFUNCTION, has_one ? upload_read : NULL);
	if (code == CURLE_OK)
		code = curl_easy_setopt(
			easy, CURLOPT_READDATA, has_one ? upload : NULL);
	if (code == CURLE_OK)
		code = curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION,
			has_one ? upload_seek : NULL);
	if (code == CURLE_OK)
		code = curl_easy_setopt(
			easy, CURLOPT_SEEKDATA, has_one ? upload : NULL);
	return code;
}

bool
fp_upload_has_changed(struct fp_upload *upload, struct fp_ticket *ticket)
{
	struct fp_filemark now;

	if (FP_LIKELY(upload->fd < 0))
		return false;
	if (!upload->fault && look_at(upload->fd, &now) == 0 &&
		is_same(&now, &upload->mark))
		return false;
	fp_ticket_fail(ticket, FP_KIND_LOCAL,
		upload->fault ? explain(upload->fault)
			      : "the file changed while it was sent");
	return true;
}
