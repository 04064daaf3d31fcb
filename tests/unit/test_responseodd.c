/* SPDX-License-Identifier: MIT */
/* Heads that another reader could read otherwise. */
#include "responsetest.h"

/* Whether a head with these fields is ambiguous. */
static void
judge(const char *status_line, const char *fields, bool expected)
{
	start();
	feed(status_line);
	feed(fields);
	feed("\r\n");
	bool right = response.status == 200 &&
		     (fp_response_doubt(&response) != NULL) == expected;
	CHECK(right);
	if (!right)
		printf("# %s", fields);
}

static void
transfer_codings(void)
{
	static const struct {
		const char *fields;
		bool is_bad;
	} cases[] = {
		{"Transfer-Encoding: chunked\r\n", false},
		{"transfer-encoding:\tCHUNKED \r\n", false},
		{"Transfer-Encoding:\r\n", true},
		{"Transfer-Encoding: identity, chunked\r\n", true},
		{"Transfer-Encoding: gzip\r\n", true},
		{"Transfer-Encoding: gzip, chunked\r\n", true},
		{"Transfer-Encoding: chunked, gzip\r\n", true},
		{"Transfer-Encoding: chunked, chunked\r\n", false},
		{"Transfer-Encoding: chunked,\r\n", true},
		{"Transfer-Encoding: ,chunked\r\n", true},
		{"Transfer-Encoding: chunked;a=b\r\n", true},
		{"Transfer-Encoding: chunkedx\r\n", true},
		{"Transfer-Encoding: chunke\r\n", true},
		{"Transfer-Encoding: chunked\r\n"
		 "Transfer-Encoding: chunked\r\n",
			false},
		{"Transfer-Encoding: gzip\r\n"
		 "Transfer-Encoding: chunked\r\n",
			true},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		judge("HTTP/1.1 200 OK\r\n", cases[i].fields, cases[i].is_bad);
		judge("HTTP/1.0 200 OK\r\n", cases[i].fields, true);
	}

	/* An interim head's are forgotten. */
	start();
	feed("HTTP/1.1 103 X\r\nTransfer-Encoding: gzip\r\nA : b\r\n\r\n"
	     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	CHECK(!fp_response_doubt(&response));
}

/* What one reader takes for a field, and another does not. */
static void
odd_fields(void)
{
	static const struct {
		const char *fields;
		bool is_bad;
	} cases[] = {
		{"Transfer-Encoding : chunked\r\n", true},
		{"Content-Length : 10\r\n", true},
		{"Content-Length\t: 10\r\n", true},
		{"X : y\r\n", true},
		{": y\r\n", true},
		{"X: a\rContent-Length: 5\r\n", true},
		{"X: a\rb\r\n", true},
		{"\rX: a\r\n", true},
		{"Transfer-Encoding:\r\n chunked\r\n", true},
		{"Transfer-Encoding: chunked\r\n\tgzip\r\n", true},
		{"Content-Length: 1\r\n 0\r\n", true},
		{"Content-Length:\r\n 5\r\n", true},
		{"Content-Length: 5\r\n \r\n", true},
		{"Content-Encoding:\r\n gzip\r\n", true},
		{"X-Y: a\r\n b\r\n", false},
		{"Content-Length: 5\r\nX-Y: a\r\n b\r\n", false},
		{"X:\r\n", false},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++)
		judge("HTTP/1.1 200 OK\r\n", cases[i].fields, cases[i].is_bad);
}

static void
nul_bytes(void)
{
	static const char *const lines[] = {"X\0Y: z\r\n", "\0X: yz\r\n",
		"X: y\0z\r\n", "X: yz\0\r\n", "XY\0: z\r\n"};
	char copy[8];

	for (size_t i = 0; i < FP_ARRAY_LEN(lines); i++) {
		start();
		feed("HTTP/1.1 200 OK\r\n");
		memcpy(copy, lines[i], sizeof(copy));
		CHECK(fp_response_line(&response, copy, sizeof(copy)) == 0);
		CHECK(fp_response_doubt(&response) != NULL);
	}

	/* In trailers nothing is believed, so nothing is odd. */
	head("Transfer-Encoding: chunked\r\n");
	feed("X : y\r\nContent-Length : 5\r\n 5\r\n\r\n");
	CHECK(!fp_response_doubt(&response));
}

int
main(void)
{
	run("a body is chunked once, and nothing else", transfer_codings);
	run("odd fields are not believed", odd_fields);
	run("a NUL makes a field odd", nul_bytes);
	fp_buf_destroy(&type);
	fp_buf_destroy(&headers);
	return done();
}
