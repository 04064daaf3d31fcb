/* SPDX-License-Identifier: MIT */
/*
 * recordtest: results, and what records of them look like.
 */
#ifndef FP_RECORDTEST_H
#define FP_RECORDTEST_H

#include "base.h"

#include "buf.h"
#include "fetchpool.h"
#include "json.h"
#include "tap.h"

#include <errno.h>

#define TEXT(text)                       \
	(struct fp_text)                 \
	{                                \
		(text), sizeof(text) - 1 \
	}

static struct fp_buf paper;

static inline int
keep(void *arg, const char *data, size_t len)
{
	return fp_buf_add(arg, data, len);
}

/* Whether these bytes are one line that is strict JSON, all of it. */
static inline bool
is_json_line(const struct fp_buf *line)
{
	struct fp_json *json = fp_json_new(NULL, 0, NULL, 0);
	struct fp_buf out = FP_BUF_INIT;
	bool is = line->len > 1 && line->data[line->len - 1] == '\n' &&
		  memchr(line->data, '\n', line->len - 1) == NULL &&
		  fp_json_feed(json, line->data, line->len, &out) == 0 &&
		  fp_json_finish(json, &out) == 0 && out.len == line->len - 1;

	fp_buf_destroy(&out);
	fp_json_free(json);
	return is;
}

static inline const char *
record(const struct fp_result *result, const struct fp_record_format *format)
{
	fp_buf_clear(&paper, SIZE_MAX);
	CHECK(fp_record_write(result, format, keep, &paper) == 0);
	CHECK(is_json_line(&paper));
	return fp_buf_text(&paper);
}

static const struct fp_record_format usual = {.format = FP_FORMAT_RECORD};
static const struct fp_record_format as_body = {.format = FP_FORMAT_BODY};
static const struct fp_record_format as_merged = {.format = FP_FORMAT_MERGED};

/* A success with everything known. */
static inline struct fp_result
success(void)
{
	return (struct fp_result){
		.seq = 7,
		.input = TEXT("1"),
		.url = "http://h/posts/1",
		.status = 200,
		.attempts = 1,
		.fetch_time_ns = 104213000,
		.type = "application/json; charset=utf-8",
		.size = 12,
		.encoding = FP_BODY_JSON,
		.body = TEXT("{\"id\":1.50}"),
		.method = "GET",
		.headers = TEXT("date: now\n"),
		.ip = "127.0.0.1",
		.http_version = "1.1",
		.started_wall_ns = INT64_C(951827696500000000),
		.time_connect_ns = 1000000,
		.time_first_byte_ns = 2000000,
	};
}

/* Nothing is known but that it is over. */
static inline struct fp_result
failure(void)
{
	return (struct fp_result){
		.seq = 1,
		.input = TEXT("x y"),
		.kind = FP_KIND_INPUT,
		.message = "not a \"URL\"",
		.fetch_time_ns = -1,
		.size = -1,
		.encoding = FP_BODY_NONE,
		.ip = "",
		.http_version = "",
		.time_connect_ns = -1,
		.time_first_byte_ns = -1,
		.try_ns = -1,
	};
}

static const char *const names[] = {"seq", "input", "url", "status",
	"fetch_time", "attempts", "type", "size", "encoding", "body", "method",
	"headers", "ip", "http_version", "started", "time_connect",
	"time_first_byte", "file", "final_url", "redirects", "context", "tries",
	"framing", "charset", "hops", "page", "pages", "unchanged", "error"};

static inline const char *
field(const struct fp_result *result, enum fp_field which)
{
	static char text[1000];
	const struct fp_record_format format = {
		.format = FP_FORMAT_RECORD, .fields = &which, .n_fields = 1};
	size_t skip = strlen(names[which]) + 4;

	record(result, &format);
	CHECK(paper.len > skip + 2 &&
		strncmp(paper.data + 2, names[which], skip - 4) == 0);
	snprintf(text, sizeof(text), "%.*s", (int)(paper.len - skip - 2),
		paper.data + skip);
	return text;
}

#endif
