/* SPDX-License-Identifier: MIT */
/*
 * Items are not trusted: a line could name /etc/passwd. So the kernel is asked
 * to resolve an item's path below the root and nowhere else (openat2(), Linux
 * 5.6). Where it does not know how, or a container does not let it, the path is
 * walked part by part, and then no symbolic link is followed at all.
 */
#include "base.h"

#include "upload.h"

#include "hash.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* What is sent at once, as curl does it. */
#define SEND_BYTES 65536L

/* Kept of the text of a form, for the next one. */
#define KEEP_BYTES 4096

void
fp_upload_init(struct fp_upload *upload)
{
	*upload = (struct fp_upload){.fd = -1};
}

static void
close_file(struct fp_upload *upload)
{
	if (upload->fd >= 0)
		close(upload->fd);
	upload->fd = -1;
}

void
fp_upload_close(struct fp_upload *upload)
{
	close_file(upload);
	if (FP_LIKELY(!upload->is_there))
		return;
	upload->is_there = false;
	upload->n_files = upload->at = 0;
	upload->size = upload->sent = 0;
	upload->fault = 0;
	fp_buf_clear(&upload->text, KEEP_BYTES);
}

void
fp_upload_destroy(struct fp_upload *upload)
{
	fp_upload_close(upload);
	fp_buf_destroy(&upload->text);
	free(upload->files);
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
		return "the file was truncated while it was being sent";
	case ESTALE:
		return "the file changed while it was being sent";
	case EINVAL:
		return "not a regular file";
	case ENOTSUP:
		return "the file has contents, but no size, as in /proc";
	default:
		return strerror(err);
	}
}

/* What is no file with a size: EISDIR, EINVAL, or ENOTSUP; or cannot be read.
 */
static int
look_at(int fd, struct fp_filemark *mark)
{
	struct stat st;

	if (fstat(fd, &st))
		return -1;
	errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	if (!S_ISREG(st.st_mode))
		return -1;
	/* It is told by its head how long the body is. */
	char c;
	ssize_t n = st.st_size == 0 ? pread(fd, &c, 1, 0) : 0;
	if (n != 0) {
		errno = n > 0 ? ENOTSUP : errno;
		return -1;
	}
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

/* Opens it. -1, and *why says what is wrong. */
static int
open_checked(const struct fp_upload *upload, const char *path, bool is_trusted,
	struct fp_filemark *mark, const char **why)
{
	const struct fp_options *options = upload->options;
	int fd = is_trusted ? open(path, FLAGS)
			    : open_item(path, options->upload_root);

	*why = NULL;
	if (fd < 0)
		*why = explain(errno);
	else if (look_at(fd, mark))
		*why = explain(errno);
	else if (!is_trusted && is_withheld(mark, options))
		*why = "this run uses the file itself";
	if (*why && fd >= 0)
		close(fd);
	return *why ? -1 : fd;
}

void
fp_upload_begin(struct fp_upload *upload, const struct fp_options *options)
{
	fp_upload_close(upload);
	upload->is_there = true;
	upload->options = options;
}

bool
fp_upload_add_file(struct fp_upload *upload, struct fp_ticket *ticket,
	const char *path, bool is_trusted)
{
	struct fp_upload_file file = {
		.path = path,
		.is_trusted = is_trusted,
		.text_end = upload->text.len,
	};
	const char *why;

	if (upload->n_files == upload->n_room) {
		size_t n = 2 * upload->n_room + 1;
		struct fp_upload_file *files =
			realloc(upload->files, n * sizeof(files[0]));
		if (!files) {
			fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
			return false;
		}
		upload->files = files;
		upload->n_room = n;
	}
	close_file(upload);
	upload->fd = open_checked(upload, path, is_trusted, &file.mark, &why);
	if (upload->fd < 0)
		return upload_fail(ticket, path, why);
	upload->at = upload->n_files;
	upload->files[upload->n_files++] = file;
	upload->size += file.mark.size;
	return true;
}

/* One mark for all files, in their order. */
static struct fp_filemark
sum_up(const struct fp_upload *upload)
{
	struct fp_filemark sum = {.size = upload->size};
	uint64_t hash = FP_HASH_EMPTY;

	if (upload->n_files == 1)
		sum = upload->files[0].mark;
	for (size_t i = 0; upload->n_files > 1 && i < upload->n_files; i++) {
		const struct fp_filemark *mark = &upload->files[i].mark;
		uint64_t all[] = {(uint64_t)mark->device, (uint64_t)mark->inode,
			(uint64_t)mark->size, (uint64_t)mark->changed_ns};
		hash = fp_hash_bytes(hash, all, sizeof(all));
	}
	if (upload->n_files > 1)
		sum.changed_ns = (int64_t)(hash >> 1);
	return sum;
}

bool
fp_upload_settle(struct fp_upload *upload, struct fp_ticket *ticket)
{
	struct fp_filemark mark = sum_up(upload);
	bool is_one = upload->n_files == 1;

	upload->size += (int64_t)upload->text.len;
	if (upload->n_files == 0)
		return true;
	if (!ticket->has_file) {
		ticket->has_file = true;
		ticket->file = mark;
	}
	if (is_same(&ticket->file, &mark))
		return true;
	return upload_fail(ticket, is_one ? upload->files[0].path : "form",
		is_one ? "the file has changed since the first attempt"
		       : "a file has changed since the first attempt");
}

bool
fp_upload_open(struct fp_upload *upload, struct fp_ticket *ticket,
	const char *path, const struct fp_options *options, bool is_trusted)
{
	fp_upload_begin(upload, options);
	if (fp_upload_add_file(upload, ticket, path, is_trusted) &&
		fp_upload_settle(upload, ticket))
		return true;
	fp_upload_close(upload);
	return false;
}

/* ---- sending ---- */

/* Whether the file that is open is not what it was. */
static bool
is_changed(const struct fp_upload *upload)
{
	struct fp_filemark now;

	return upload->fd >= 0 &&
	       (look_at(upload->fd, &now) ||
		       !is_same(&now, &upload->files[upload->at].mark));
}

/* Has this file open, and no other. */
static int
turn_to(struct fp_upload *upload, size_t i)
{
	const struct fp_upload_file *file = &upload->files[i];
	struct fp_filemark mark;
	const char *why;

	if (upload->fd >= 0 && upload->at == i)
		return 0;
	if (is_changed(upload)) {
		errno = ESTALE;
		return -1;
	}
	close_file(upload);
	upload->at = i;
	upload->fd =
		open_checked(upload, file->path, file->is_trusted, &mark, &why);
	if (upload->fd >= 0 && is_same(&mark, &file->mark))
		return 0;
	errno = ESTALE;
	return -1;
}

/* Some bytes of a file, from there on. */
static ssize_t
upload_read_file(
	struct fp_upload *upload, size_t i, int64_t from, char *to, size_t len)
{
	const struct fp_upload_file *file = &upload->files[i];
	ssize_t got = -1;

	if (turn_to(upload, i) == 0) {
		len = (size_t)FP_MIN(len, (uint64_t)(file->mark.size - from));
		do
			got = pread(upload->fd, to, len, from);
		while (got < 0 && errno == EINTR);
	}
	if (got <= 0)
		upload->fault = got < 0 ? errno : ENODATA;
	return got;
}

/* What stands at upload->sent: 0 at the end, -1 with a fault. */
static ssize_t
read_next(struct fp_upload *upload, char *to, size_t len)
{
	size_t text = 0;
	int64_t at = upload->sent;

	for (size_t i = 0;; i++) {
		bool is_last = i == upload->n_files;
		size_t end =
			is_last ? upload->text.len : upload->files[i].text_end;
		if (at < (int64_t)(end - text)) {
			len = FP_MIN(len, end - text - (size_t)at);
			memcpy(to, upload->text.data + text + at, len);
			return (ssize_t)len;
		}
		at -= (int64_t)(end - text);
		text = end;
		if (is_last)
			return 0;
		if (at < upload->files[i].mark.size)
			return upload_read_file(upload, i, at, to, len);
		at -= upload->files[i].mark.size;
	}
}

static size_t
upload_read(char *to, size_t one, size_t n, void *arg)
{
	struct fp_upload *upload = arg;
	ssize_t got = read_next(upload, to, one * n);

	if (got < 0 || (got == 0 && upload->fault))
		return CURL_READFUNC_ABORT;
	upload->sent += got;
	return (size_t)got;
}

static int
upload_seek(void *arg, curl_off_t offset, int origin)
{
	struct fp_upload *upload = arg;

	if (origin != SEEK_SET || offset < 0 || offset > upload->size)
		return CURL_SEEKFUNC_FAIL;
	upload->sent = offset;
	return CURL_SEEKFUNC_OK;
}

CURLcode
fp_upload_apply(struct fp_upload *upload, CURL *easy, bool had_one)
{
	bool has_one = upload->is_there;
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
	if (code == CURLE_OK && has_one && !had_one)
		code = curl_easy_setopt(
			easy, CURLOPT_UPLOAD_BUFFERSIZE, SEND_BYTES);
	return code;
}

bool
fp_upload_has_changed(struct fp_upload *upload, struct fp_ticket *ticket)
{
	if (FP_LIKELY(upload->n_files == 0))
		return false;
	if (!upload->fault && !is_changed(upload))
		return false;
	const char *why = explain(upload->fault ? upload->fault : ESTALE);
	if (upload->text.len > 0)
		upload_fail(ticket, upload->files[upload->at].path, why);
	else
		fp_ticket_fail(ticket, FP_KIND_LOCAL, why);
	return true;
}
