/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "download.h"

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
fp_download_end(struct fp_download *download)
{
	fp_outfile_abort(&download->file);
	fp_buf_clear(&download->name, KEEP_BYTES);
}

void
fp_download_destroy(struct fp_download *download)
{
	fp_download_end(download);
	fp_buf_destroy(&download->name);
}

/* Fails the item with what errno says of its file. */
static bool
download_fail(struct fp_download *download, struct fp_ticket *ticket, int err)
{
	const char *name = download->name.len ? download->name.data : "file";
	char text[400];

	snprintf(text, sizeof(text), "%s: %s", name,
		err == EEXIST  ? "the file already exists"
		: err == EBUSY ? "the run itself uses this file"
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
		EISDIR, ENAMETOOLONG, ENOTEMPTY, ETXTBSY, EMFILE, ENFILE,
		ENOMEM};

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

bool
fp_download_name(struct fp_download *download, struct fp_request *request)
{
	const struct fp_setup *setup = download->setup;
	struct fp_ticket *ticket = request->ticket;
	struct fp_buf expanded = FP_BUF_INIT;

	if (!setup->name_template)
		return true;
	bool ok = fp_request_expand(request, setup->name_template, &expanded);
	if (ok && fp_filename_from_uri(fp_buf_text(&expanded), expanded.len,
			  &download->name)) {
		fp_ticket_fail(ticket,
			errno == ENOMEM ? FP_KIND_LOCAL : FP_KIND_INPUT,
			errno == ENOMEM ? FP_OUT_OF_MEMORY
			: errno == EINVAL
				? "the file's name would be empty"
				: "the file's name would be too long");
		ok = false;
	}
	fp_buf_destroy(&expanded);
	if (ok && !setup->outdir.overwrite &&
		fp_outdir_has(&setup->outdir, download->name.data))
		ok = download_fail(download, ticket, EEXIST);
	if (ok && fp_outdir_reserves(&setup->outdir, download->name.data))
		ok = download_fail(download, ticket, EBUSY);
	return ok;
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

/* "17.json": for an item that was given no other name. */
static int
make_default_name(struct fp_download *download, struct fp_ticket *ticket)
{
	if (download->name.len > 0)
		return 0;
	return fp_buf_printf(&download->name, "%" PRIu64 "%s",
		ticket->result.seq, fp_filename_extension(ticket->result.type));
}

bool
fp_download_commit(struct fp_download *download, struct fp_ticket *ticket)
{
	const char *dir = download->setup->options.output_dir;

	/* An empty body is a file too. */
	if (!fp_download_write(download, ticket, "", 0))
		return false;
	if (make_default_name(download, ticket) ||
		fp_buf_set(&ticket->body, dir, strlen(dir)) ||
		fp_buf_add_char(&ticket->body, '/') ||
		fp_buf_add_text(&ticket->body, download->name.data)) {
		fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
		return false;
	}
	if (!fp_outdir_is_at(&download->setup->outdir, dir))
		return download_fail_write(download, ticket, errno);
	if (fp_outfile_commit(&download->file, download->name.data))
		return download_fail_write(download, ticket, errno);
	ticket->result.file = ticket->body.data;
	return true;
}
