/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "download.h"

#include "disposition.h"
#include "etag.h"
#include "filename.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEEP_BYTES 1024

void
fp_download_init(struct fp_download *download, struct fp_setup *setup)
{
	*download = (struct fp_download){.setup = setup};
	fp_outfile_init(&download->file);
}

void
fp_download_forget(struct fp_download *download)
{
	fp_outfile_abort(&download->file);
	fp_buf_clear(&download->disposition, KEEP_BYTES);
}

void
fp_download_end(struct fp_download *download)
{
	fp_download_forget(download);
	fp_buf_clear(&download->name, KEEP_BYTES);
}

void
fp_download_destroy(struct fp_download *download)
{
	fp_download_end(download);
	fp_buf_destroy(&download->name);
	fp_buf_destroy(&download->disposition);
	fp_partial_head_destroy(&download->head);
}

/* Fails the item with what errno says of its file. */
static bool
download_fail(struct fp_download *download, struct fp_ticket *ticket, int err)
{
	const char *name = download->name.len ? download->name.data : "file";
	char text[400];

	snprintf(text, sizeof(text), "%s: %s", name,
		err == EEXIST  ? "the file already exists"
		: err == EBUSY ? "this run uses the file itself"
			       : strerror(err));
	fp_ticket_fail(ticket, FP_KIND_LOCAL, text);
	return false;
}

/* Whether this error is one of the file alone. What else there is, all files
 * to come would meet too: the folder was removed, the disk is full or gone. */
static bool
is_of_file(int err)
{
	static const int errors[] = {EEXIST, EBUSY, EFBIG, EINVAL, EILSEQ,
		EISDIR, ENOTDIR, ELOOP, EXDEV, ENAMETOOLONG, ENOTEMPTY, ETXTBSY,
		EMFILE, ENFILE, ENOMEM};

	for (size_t i = 0; i < FP_ARRAY_LEN(errors); i++) {
		if (errors[i] == err)
			return true;
	}
	return false;
}

/* Fails the item if its file alone is at fault. Else it is not done, and
 * neither is any other. */
static bool
download_fail_write(
	struct fp_download *download, struct fp_ticket *ticket, int err)
{
	struct fp_setup *setup = download->setup;
	const char *dir = setup->options.output_dir;
	char what[300];

	bool is_there = fp_outdir_is_at(&setup->outdir, dir);
	if (!is_there)
		err = errno;
	bool is_forbidden = (err == EPERM || err == EACCES) &&
			    access(dir, W_OK | X_OK) == 0;
	if (is_there && (is_forbidden || is_of_file(err)))
		return download_fail(download, ticket, err);
	snprintf(what, sizeof(what), "%s %.250s",
		err == ESTALE ? "folder" : "cannot write to", dir);
	fp_ticket_drop(ticket);
	fp_setup_fault(setup, what, err);
	return false;
}

/* The last segment of the URL's path (RFC 3986, section 3.3); it may be empty.
 */
static struct fp_text
last_segment(const char *url)
{
	const char *authority = strstr(url, "://");
	const char *path = strchr(authority ? authority + 3 : url, '/');

	if (!path)
		return (struct fp_text){"", 0};
	const char *end = path + strcspn(path, "?#");
	const char *start = end;
	while (start[-1] != '/')
		start--;
	return (struct fp_text){start, (size_t)(end - start)};
}

static bool
fail_name(struct fp_ticket *ticket)
{
	bool is_input = errno != ENOMEM;

	fp_ticket_fail(ticket, is_input ? FP_KIND_INPUT : FP_KIND_LOCAL,
		errno == ENOMEM	  ? FP_OUT_OF_MEMORY
		: errno == EINVAL ? "the file name would be empty"
				  : "the file name would be too long");
	return false;
}

/* The name that is known before anything is fetched. */
static bool
make_name(struct fp_download *download, struct fp_request *request)
{
	const struct fp_setup *setup = download->setup;
	struct fp_ticket *ticket = request->ticket;
	struct fp_filename filename;

	if (setup->options.remote_name) {
		struct fp_text name = last_segment(fp_buf_text(&ticket->url));
		return name.len == 0 ||
		       fp_filename_from_uri(
			       name.data, name.len, &download->name) == 0 ||
		       fail_name(ticket);
	}
	fp_filename_begin(
		&filename, setup->outdir.has_folders, &download->name);
	if (!fp_request_expand_name(request, setup->name_template, &filename)) {
		fp_buf_clear(&download->name, KEEP_BYTES);
		return false;
	}
	return fp_filename_end(&filename) == 0 || fail_name(ticket);
}

bool
fp_download_name(struct fp_download *download, struct fp_request *request)
{
	const struct fp_setup *setup = download->setup;
	struct fp_ticket *ticket = request->ticket;

	if (!setup->name_template && !setup->options.remote_name)
		return true;
	if (!make_name(download, request))
		return false;
	if (download->name.len == 0 || setup->options.remote_header_name)
		return true;
	if (!setup->outdir.overwrite &&
		fp_outdir_has(&setup->outdir, download->name.data))
		return download_fail(download, ticket, EEXIST);
	if (fp_outdir_reserves(&setup->outdir, download->name.data))
		return download_fail(download, ticket, EBUSY);
	return true;
}

struct fp_buf *
fp_download_wants_header(struct fp_download *download)
{
	return download->setup->options.remote_header_name
		       ? &download->disposition
		       : NULL;
}

bool
fp_download_write(struct fp_download *download, struct fp_ticket *ticket,
	const char *data, size_t len)
{
	struct fp_outfile *file = &download->file;

	if (file->fd < 0 && fp_outfile_begin(file, &download->setup->outdir))
		return download_fail_write(download, ticket, errno);
	if (fp_outfile_write(file, data, len))
		return download_fail_write(download, ticket, errno);
	return true;
}

/* The server's name for it, if it has given one. */
static int
take_remote_name(struct fp_download *download)
{
	struct fp_text value = {
		fp_buf_text(&download->disposition), download->disposition.len};
	struct fp_buf name = FP_BUF_INIT;
	int ret = value.len ? fp_disposition_filename(value, &name) : 0;

	if (ret == 0 && name.len > 0) {
		fp_buf_clear(&download->name, KEEP_BYTES);
		ret = fp_filename_encode(name.data, name.len, &download->name);
	}
	fp_buf_destroy(&name);
	return ret;
}

/* The name as it is now known; for an item that was given none "17.json", or
 * "17-2.json" of its second page. */
static int
complete_name(struct fp_download *download, struct fp_ticket *ticket)
{
	if (take_remote_name(download))
		return -1;
	if (download->name.len > 0)
		return 0;
	int ret =
		fp_buf_printf(&download->name, "%" PRIu64, ticket->result.seq);
	if (ret == 0 && ticket->chain)
		ret = fp_buf_printf(
			&download->name, "-%" PRIu64, ticket->chain->page);
	return ret ? -1
		   : fp_buf_add_text(&download->name,
			     fp_filename_extension(ticket->result.type));
}

bool
fp_download_can_keep(const struct fp_download *download)
{
	const struct fp_setup *setup = download->setup;

	if (setup->outdir.fd < 0 || !setup->options.recall)
		return true;
	return download->name.len > 0 && !setup->options.remote_header_name &&
	       fp_outdir_has(&setup->outdir, download->name.data);
}

static int
download_make_path(struct fp_download *download, struct fp_ticket *ticket)
{
	const char *dir = download->setup->options.output_dir;

	return fp_buf_set(&ticket->body, dir, strlen(dir)) ||
			       fp_buf_add_char(&ticket->body, '/') ||
			       fp_buf_add_text(
				       &ticket->body, download->name.data)
		       ? -1
		       : 0;
}

bool
fp_download_keep(struct fp_download *download, struct fp_ticket *ticket)
{
	if (download_make_path(download, ticket)) {
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
		return false;
	}
	ticket->result.file = ticket->body.data;
	return true;
}

bool
fp_download_commit(struct fp_download *download, struct fp_ticket *ticket)
{
	const char *dir = download->setup->options.output_dir;

	/* An empty body is a file too. */
	if (!fp_download_write(download, ticket, "", 0))
		return false;
	if (complete_name(download, ticket) ||
		download_make_path(download, ticket)) {
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
		return false;
	}
	if (ticket->result.validators.modified.len > 0)
		fp_outfile_set_time(&download->file,
			fp_etag_time_ns(ticket->result.validators.modified));
	if (!fp_outdir_is_at(&download->setup->outdir, dir))
		return download_fail_write(download, ticket, errno);
	if (fp_outfile_commit(&download->file, download->name.data))
		return download_fail_write(download, ticket, errno);
	ticket->result.file = ticket->body.data;
	return true;
}
