/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "form.h"

#include "headerline.h"
#include "random.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- the boundary ---- */

/* Within the largest that RFC 2046, section 5.1.1, allows: 70. */
static void
form_spell(char boundary[FP_FORM_BOUNDARY_BYTES], uint64_t state)
{
	uint64_t high = fp_random_next(&state), low = fp_random_next(&state);

	snprintf(boundary, FP_FORM_BOUNDARY_BYTES,
		"------------------------%016" PRIx64 "%016" PRIx64, high, low);
}

static bool
is_in_values(const char *boundary, const struct fp_formpart *parts, size_t n)
{
	size_t len = strlen(boundary);

	for (size_t i = 0; i < n; i++) {
		struct fp_text value = parts[i].value;
		if (value.len >= len &&
			memmem(value.data, value.len, boundary, len))
			return true;
	}
	return false;
}

void
fp_form_draw(char boundary[FP_FORM_BOUNDARY_BYTES], uint64_t seed, uint64_t seq,
	const struct fp_formpart *parts, size_t n)
{
	uint64_t turn = 0;

	do
		form_spell(boundary, fp_random_for(~seed, seq, turn++));
	while (is_in_values(boundary, parts, n));
}

/* ---- a part's head ---- */

/* As browsers do (RFC 7578, section 2, and the HTML standard). */
static int
add_quoted(struct fp_buf *out, struct fp_text text)
{
	int ret = fp_buf_add_char(out, '"');

	for (size_t i = 0; ret == 0 && i < text.len; i++) {
		char c = text.data[i];
		if (c == '"' || c == '\r' || c == '\n' || c == '\0')
			ret = fp_buf_printf(out, "%%%02X", (unsigned)c);
		else
			ret = fp_buf_add_char(out, c);
	}
	return ret ? ret : fp_buf_add_char(out, '"');
}

static struct fp_text
base_name(struct fp_text path)
{
	const char *slash =
		path.len > 0 ? memrchr(path.data, '/', path.len) : NULL;

	if (!slash)
		return path;
	return (struct fp_text){
		slash + 1, path.len - (size_t)(slash + 1 - path.data)};
}

/* Those that curl knows, so that the same files have the same types. */
static const char *
form_guess_type(struct fp_text name)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{".gif", "image/gif"},
		{".jpg", "image/jpeg"},
		{".jpeg", "image/jpeg"},
		{".png", "image/png"},
		{".svg", "image/svg+xml"},
		{".txt", "text/plain"},
		{".htm", "text/html"},
		{".html", "text/html"},
		{".pdf", "application/pdf"},
		{".xml", "application/xml"},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(types); i++) {
		size_t len = strlen(types[i].end);
		if (name.len >= len && strncasecmp(name.data + name.len - len,
					       types[i].end, len) == 0)
			return types[i].type;
	}
	return NULL;
}

/* The type of a part that was given none; NULL: it has none. */
static const char *
usual_type(const struct fp_formpart *part, struct fp_text filename)
{
	const char *type = form_guess_type(filename);

	if (!type && part->file.data)
		type = form_guess_type(part->file);
	if (!type && part->file.data && filename.data)
		type = "application/octet-stream";
	/* That is what a field without a type is (section 4.4). */
	if (type && !filename.data && strcmp(type, "text/plain") == 0)
		type = NULL;
	return type;
}

static int
add_head(struct fp_buf *out, const struct fp_formpart *part,
	const char *boundary)
{
	struct fp_text filename = part->filename, type = part->type;

	if (!filename.data && part->file.data && !part->is_text)
		filename = base_name(part->file);
	if (!type.data) {
		type.data = usual_type(part, filename);
		type.len = type.data ? strlen(type.data) : 0;
	}
	if (fp_buf_printf(out, "--%s\r\nContent-Disposition: form-data; name=",
		    boundary) ||
		add_quoted(out, part->name))
		return -1;
	if (filename.data && (fp_buf_add_text(out, "; filename=") ||
				     add_quoted(out, filename)))
		return -1;
	if (type.len > 0 && (fp_buf_add_text(out, "\r\nContent-Type: ") ||
				    fp_buf_add(out, type.data, type.len)))
		return -1;
	return fp_buf_add_text(out, "\r\n\r\n");
}

static int
add_end(struct fp_buf *out, const char *boundary)
{
	return fp_buf_printf(out, "--%s--\r\n", boundary);
}

/* ---- the whole ---- */

static bool
form_no_memory(struct fp_ticket *ticket)
{
	fp_ticket_fail(ticket, FP_KIND_LOCAL, FP_OUT_OF_MEMORY);
	return false;
}

static bool
form_make(struct fp_upload *upload, struct fp_ticket *ticket,
	const struct fp_formpart *parts, size_t n, const char *boundary)
{
	struct fp_buf *text = &upload->text;

	for (size_t i = 0; i < n; i++) {
		const struct fp_formpart *part = &parts[i];
		if (!fp_headerline_is_value(part->type)) {
			fp_ticket_fail(ticket, FP_KIND_INPUT,
				"the type of a form field contains a control "
				"character");
			return false;
		}
		if (add_head(text, part, boundary))
			return form_no_memory(ticket);
		if (part->file.data &&
			!fp_upload_add_file(upload, ticket, part->file.data,
				part->is_trusted))
			return false;
		if (!part->file.data &&
			fp_buf_add(text, part->value.data, part->value.len))
			return form_no_memory(ticket);
		if (fp_buf_add_text(text, "\r\n"))
			return form_no_memory(ticket);
	}
	if (add_end(text, boundary))
		return form_no_memory(ticket);
	return fp_upload_settle(upload, ticket);
}

bool
fp_form_make(struct fp_upload *upload, struct fp_ticket *ticket,
	const struct fp_formpart *parts, size_t n, const char *boundary,
	const struct fp_options *options)
{
	fp_upload_begin(upload, options);
	if (form_make(upload, ticket, parts, n, boundary))
		return true;
	fp_upload_close(upload);
	return false;
}

int
fp_form_show(const struct fp_upload *upload, const struct fp_formpart *parts,
	size_t n, const char *boundary,
	bool (*is_secret)(const char *name, size_t len), struct fp_buf *out)
{
	const struct fp_upload_file *file = upload->files;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < n; i++) {
		const struct fp_formpart *part = &parts[i];
		ret = add_head(out, part, boundary);
		if (ret)
			break;
		if (part->file.data) {
			ret = fp_buf_printf(out, "(%" PRId64 " bytes of %s)",
				file->mark.size, file->path);
			file++;
		} else if (is_secret(part->name.data, part->name.len)) {
			ret = fp_buf_add_text(out, "***");
		} else {
			ret = fp_buf_add(
				out, part->value.data, part->value.len);
		}
		if (ret == 0)
			ret = fp_buf_add_text(out, "\r\n");
	}
	return ret ? ret : add_end(out, boundary);
}
