/* SPDX-License-Identifier: MIT */
/* responsetest: heads of responses, fed line by line. */
#ifndef FP_RESPONSETEST_H
#define FP_RESPONSETEST_H

#include "base.h"

#include "response.h"
#include "tap.h"

static struct fp_response response;
static struct fp_buf type, headers;

static inline void
start(void)
{
	fp_response_reset(&response, &type, &headers);
}

/* Gives a text line by line, each in a block of just its size. */
static inline void
feed(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		len += text[len] == '\n';
		char *line = malloc(len);
		if (!line)
			abort();
		memcpy(line, text, len);
		CHECK(fp_response_line(&response, line, len) == 0);
		free(line);
		text += len;
	}
}

/* The head of a final response with these fields. */
static inline void
head(const char *fields)
{
	start();
	feed("HTTP/1.1 200 OK\r\n");
	feed(fields);
	feed("\r\n");
	CHECK(response.status == 200);
}

#endif
