/* SPDX-License-Identifier: MIT */
#include "responsetest.h"

static void
status_lines(void)
{
	static const struct {
		const char *line;
		int status;
		const char *version;
	} cases[] = {
		{"HTTP/1.1 200 OK\r\n", 200, "1.1"},
		{"HTTP/1.0 404 Not Found\r\n", 404, "1.0"},
		{"HTTP/1.1 200\r\n", 200, "1.1"},
		{"HTTP/1.1 200 \r\n", 200, "1.1"},
		{"HTTP/1.1 599 a: b\n", 599, "1.1"},
		{"HTTP/1.1 301 Moved", 301, "1.1"},
		{"HTTP/2 200 \r\n", 200, "2"},
		{"HTTP/2 503", 503, "2"},
		{"HTTP/3 204\r\n", 204, "3"},
		{"HTTP/9.9 200 OK\r\n", 200, ""},
		{"HTTP/1.10 200 OK\r\n", 200, ""},
		{"HTTP/1.1 20\r\n", 0, ""},
		{"HTTP/1.1 20", 0, ""},
		{"HTTP/1.1 -20 OK\r\n", 0, ""},
		{"HTTP/1.1 2x0 OK\r\n", 0, ""},
		{"HTTP/1.1  200 OK\r\n", 0, ""},
		{"HTTP/1.1\r\n", 0, ""},
		{"HTTP/1.1 \r\n", 0, ""},
		{"HTTP/2 20\r\n", 0, ""},
		{"http/1.1 200 OK\r\n", 0, ""},
		{"ICY 200 OK\r\n", 0, ""},
		{"SSH-2.0-OpenSSH_9.2p1\r\n", 0, ""},
		{" HTTP/1.1 200 OK\r\n", 0, ""},
		{"\r\n", 0, ""},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		start();
		feed(cases[i].line);
		CHECK(response.status == cases[i].status);
		CHECK_TEXT(response.version, cases[i].version);
		CHECK(!fp_response_doubt(&response));
	}
}

static void
fields(void)
{
	head("Content-Type: application/json; charset=utf-8\r\n"
	     "X-One:1\r\nX-Two:\t 2 \t\r\nX-Empty:\r\nX-Colons: a:b: c\r\n"
	     "no colon in this one\r\nDATE: now\n");
	CHECK_TEXT(fp_buf_text(&type), "application/json; charset=utf-8");
	CHECK_TEXT(fp_buf_text(&headers),
		"content-type: application/json; charset=utf-8\n"
		"x-one: 1\nx-two: 2\nx-empty: \nx-colons: a:b: c\n"
		"date: now\n");
	CHECK(!response.has_length && !response.is_encoded);
	CHECK(!response.is_chunked);
	CHECK(!fp_response_doubt(&response));
}

static void
no_headers_wanted(void)
{
	fp_response_reset(&response, &type, NULL);
	feed("HTTP/1.1 200 OK\r\ncontent-TYPE:text/plain\r\nA: b\r\n\r\n");
	CHECK_TEXT(fp_buf_text(&type), "text/plain");
	CHECK(response.headers == NULL);
}

/* A field's name is all of the name. */
static void
names_that_are_close(void)
{
	head("XContent-Type: a/b\r\nContent-Typf: a/b\r\nContent-Length5: 5\r\n"
	     "Content_Length: x\r\nContent-Encodinh: gzip\r\n"
	     "Transfer-Encodinh: chunked\r\n : x\r\n: x\r\n");
	CHECK_TEXT(fp_buf_text(&type), "");
	CHECK(!response.has_length);
	CHECK(!response.is_encoded && !response.is_chunked);
}

/* ---- the length ---- */

static void
lengths(void)
{
	static const struct {
		const char *fields;
		bool is_bad;
		uint64_t length;
	} cases[] = {
		{"Content-Length: 5\r\n", false, 5},
		{"content-length:0\r\n", false, 0},
		{"CONTENT-LENGTH: \t 12345678901 \t\r\n", false, 12345678901},
		{"Content-Length: 0005\r\n", false, 5},
		{"Content-Length: 5, 5\r\n", false, 5},
		{"Content-Length: 5 ,\t5,5\r\n", false, 5},
		{"Content-Length: 5\r\nContent-Length: 5\r\n", false, 5},
		{"Content-Length: 5,6\r\n", true, 0},
		{"Content-Length: 5, 5, 6\r\n", true, 0},
		{"Content-Length: 6, 5, 5\r\n", true, 0},
		{"Content-Length: 5\r\nContent-Length: 6\r\n", true, 0},
		{"Content-Length: 0\r\nContent-Length: 6\r\n", true, 0},
		{"Content-Length: 6\r\nContent-Length: 0\r\n", true, 0},
		{"Content-Length: x\r\nContent-Length: 0\r\n", true, 0},
		{"Content-Length: 5\r\nContent-Length: x\r\n", true, 0},
		{"Content-Length: 5\r\nContent-Length:\r\n", true, 0},
		{"Content-Length:\r\n", true, 0},
		{"Content-Length:   \r\n", true, 0},
		{"Content-Length: ,\r\n", true, 0},
		{"Content-Length: 5,\r\n", true, 0},
		{"Content-Length: 5, \r\n", true, 0},
		{"Content-Length: ,5\r\n", true, 0},
		{"Content-Length: 5,,5\r\n", true, 0},
		{"Content-Length: +5\r\n", true, 0},
		{"Content-Length: -5\r\n", true, 0},
		{"Content-Length: 5 5\r\n", true, 0},
		{"Content-Length: 5;5\r\n", true, 0},
		{"Content-Length: 5.0\r\n", true, 0},
		{"Content-Length: 0x5\r\n", true, 0},
		{"Content-Length: 5e1\r\n", true, 0},
		{"Content-Length: five\r\n", true, 0},
		{"Content-Length: \"5\"\r\n", true, 0},
		{"Content-Length: 18446744073709551616\r\n", false, UINT64_MAX},
		{"Content-Length: 99999999999999999999999\r\n", false,
			UINT64_MAX},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		head(cases[i].fields);
		bool right = response.has_length &&
			     (cases[i].is_bad ||
				     response.length == cases[i].length) &&
			     (fp_response_doubt(&response) != NULL) ==
				     cases[i].is_bad;
		CHECK(right);
		if (!right)
			printf("# %s", cases[i].fields);
	}
}

/* Each of them alone is fine; both together are how requests are smuggled. */
static void
length_and_transfer_encoding(void)
{
	head("Transfer-Encoding: chunked\r\n");
	CHECK(response.is_chunked);
	CHECK(!fp_response_doubt(&response));
	head("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n");
	CHECK(fp_response_doubt(&response) != NULL);
	CHECK_TEXT(fp_response_doubt(&response),
		"both Content-Length and Transfer-Encoding");
	head("Content-Length: 5\r\ntransfer-encoding:\r\n");
	CHECK(fp_response_doubt(&response) != NULL);
	head("Content-Length: 5\r\ntransfer-encoding: identity\r\n");
	CHECK(fp_response_doubt(&response) != NULL);
	head("transfer-encoding: identity\r\n");
	CHECK(!fp_response_doubt(&response));
	head("Content-Length: 5\r\n");
	CHECK(!fp_response_doubt(&response));
}

/* ---- codings ---- */

static void
codings(void)
{
	static const struct {
		const char *fields;
		bool is_encoded;
	} cases[] = {
		{"", false},
		{"Content-Encoding: identity\r\n", false},
		{"Content-Encoding: Identity \r\n", false},
		{"Content-Encoding:\r\n", false},
		{"Content-Encoding: gzip\r\n", true},
		{"content-encoding:br\r\n", true},
		{"Content-Encoding: identity, gzip\r\n", true},
		{"Content-Encoding: identityx\r\n", false},
		{"Content-Encoding: UTF-8\r\n", false},
		{"Content-Encoding: aws-chunked, none\r\n", false},
		{"Content-Encoding: aws-chunked,gzip\r\n", true},
		{"Content-Encoding: ZSTD\r\n", true},
		{"Content-Encoding: gzip\r\nContent-Encoding: identity\r\n",
			true},
		{"Content-Encoding: identity\r\nContent-Encoding: gzip\r\n",
			true},
		{"Content-Encoding: gzip\r\nContent-Encoding:\r\n", true},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		head(cases[i].fields);
		CHECK(response.is_encoded == cases[i].is_encoded);
	}
}

/* ---- several heads ---- */

static void
interim_responses(void)
{
	start();
	feed("HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n"
	     "Content-Type: no/no\r\nContent-Encoding: gzip\r\n\r\n");
	CHECK(response.status == 100);
	feed("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n"
	     "Transfer-Encoding: x\r\n\r\n");
	CHECK(response.status == 103);
	feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: a/b\r\n"
	     "\r\n");
	CHECK(response.status == 200 && response.length == 5);
	CHECK(!response.is_encoded && !fp_response_doubt(&response));
	CHECK_TEXT(fp_buf_text(&type), "a/b");
	CHECK_TEXT(fp_buf_text(&headers),
		"content-length: 5\ncontent-type: a/b\n");

	/* What an interim head said of a type is forgotten too. */
	start();
	feed("HTTP/1.1 100 Continue\r\nContent-Type: no/no\r\nA: b\r\n\r\n"
	     "HTTP/2 404\r\n\r\n");
	CHECK(response.status == 404 && type.len == 0 && headers.len == 0);
	CHECK_TEXT(fp_buf_text(&type), "");
	CHECK_TEXT(fp_buf_text(&headers), "");
	CHECK_TEXT(response.version, "2");
	CHECK(!fp_response_doubt(&response));

	/* But after this one there is no HTTP. */
	start();
	response.answers_head = true;
	feed("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n");
	CHECK_TEXT(fp_response_doubt(&response),
		"the server switched to another protocol (101)");
}

static void
fields_that_look_like_status_lines(void)
{
	head("HTTP/1.1 500 Oops\r\nHTTP/1.1 500 a: b\r\nA: b\r\n");
	CHECK_TEXT(response.version, "1.1");
	CHECK(strstr(fp_buf_text(&headers), "a: b\n") != NULL);
	CHECK(!fp_response_doubt(&response));
}

static void
trailers(void)
{
	head("Transfer-Encoding: chunked\r\nContent-Type: a/b\r\n");
	char *before = strdup(fp_buf_text(&headers));
	feed("HTTP/1.1 500 Oops\r\nContent-Length: 7\r\nContent-Type: c/d\r\n"
	     "Content-Encoding: gzip\r\nX: y\r\n\r\n");
	feed("HTTP/1.1 500 Oops\r\n\r\n");
	CHECK(response.status == 200 && !response.has_length);
	CHECK(!response.is_encoded);
	CHECK(!fp_response_doubt(&response));
	CHECK_TEXT(fp_buf_text(&type), "a/b");
	CHECK_TEXT(fp_buf_text(&headers), before);
	free(before);
}

/* ---- odd lines ---- */

/* A line that begins with white space goes on with the one before it (RFC
 * 9112, section 5.2). Its beginning is no name, whatever it looks like. */
static void
folded(void)
{
	head("X-A: b\r\n Content-Length: 5\r\n\tContent-Type: c/d \r\n"
	     "  more\r\nX-B: c\r\n \r\n");
	CHECK(!response.has_length && type.len == 0);
	CHECK_TEXT(fp_buf_text(&headers),
		"x-a: b Content-Length: 5 Content-Type: c/d more\nx-b: c\n");

	/* A length on a line of its own is not found, so it is none. */
	head("Content-Length:\r\n 5\r\n");
	CHECK(fp_response_doubt(&response) != NULL);

	/* There may be nothing to go on with. */
	start();
	feed(" a: b\r\nHTTP/1.1 200 OK\r\n c: d\r\n e\r\n\r\n f: g\r\n");
	CHECK(response.status == 200);
	CHECK_TEXT(fp_buf_text(&headers), "");
	fp_response_reset(&response, &type, NULL);
	feed("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n");
}

static void
long_lines(void)
{
	const size_t len = 100 * 1024;
	char *line = malloc(len);

	if (!line)
		abort();
	start();
	feed("HTTP/1.1 200 OK\r\n");
	memset(line, 'v', len);
	memcpy(line, "Content-Type:", 13);
	CHECK(fp_response_line(&response, line, len) == 0);
	CHECK(type.len == FP_RESPONSE_TYPE_MAX &&
		type.data[type.len - 1] == 'v');
	memset(line, 'n', len);
	CHECK(fp_response_line(&response, line, len) == 0);
	memset(line, 'x', len);
	memcpy(line, "Content-Length:", 15);
	CHECK(fp_response_line(&response, line, len) == 0);
	CHECK(fp_response_doubt(&response) != NULL);
	memset(line, 'n', len);
	line[len - 1] = ':';
	size_t before = headers.len;
	CHECK(fp_response_line(&response, line, len) == 0);
	CHECK(headers.len == before + len + 2);
	memset(line, ',', len);
	memcpy(line, "Content-Length:", 15);
	CHECK(fp_response_line(&response, line, len) == 0);
	free(line);
}

static void
any_bytes(void)
{
	char line[64];
	uint32_t random = 1;

	for (unsigned i = 0; i < 20000; i++) {
		size_t len = i % sizeof(line);
		for (size_t k = 0; k < len; k++) {
			random = random * 1103515245 + 12345;
			line[k] = "HTP/1. 20\r\n:,\t-Contel\0\xff"[(random >>
									   16) %
								   24];
		}
		if (i % 100 == 0)
			start();
		char *copy = malloc(len + 1);
		if (!copy)
			abort();
		memcpy(copy, line, len);
		CHECK(fp_response_line(&response, copy, len) == 0);
		free(copy);
	}
	CHECK(response.status >= 0 && response.status < 1000);
}

/* RFC 9112, section 6.3, rule 1. */
static void
ends_with_head(void)
{
	char line[40];

	for (int status = 200; status < 600; status++) {
		for (int is_head = 0; is_head < 2; is_head++) {
			start();
			response.answers_head = is_head;
			snprintf(line, sizeof(line), "HTTP/1.1 %d X\r\n",
				status);
			feed(line);
			feed("Content-Length: x\r\nContent-Length: 5\r\n"
			     "Transfer-Encoding: gzip\r\n\r\n");
			bool ends = is_head || status == 204 || status == 304;
			CHECK(fp_response_ends_with_head(&response) == ends);
			CHECK(!fp_response_doubt(&response) == ends);
		}
	}
}

/* What was received is in the message. */
static void
doubts(void)
{
	static const struct {
		const char *fields, *doubt;
	} cases[] = {
		{"Content-Length: five\r\n",
			"Content-Length is not a number: \"five\""},
		{"Content-Length: 5\r\nContent-Length: 6\r\n",
			"conflicting Content-Length values: 5 and 6"},
		{"Content-Length: x2345678901234567890123456789012\r\n",
			"Content-Length is not a number: "
			"\"x23456789012345678901234\""},
		{"Transfer-Encoding: gzip, chunked\r\n",
			"unsupported Transfer-Encoding: "
			"\"gzip, chunked\""},
		{"Transfer-Encoding: chunked\r\nTransfer-Encoding: "
		 "identity\r\n",
			"conflicting Transfer-Encoding values: chunked and "
			"identity"},
		{"Content-Length : 5\r\n",
			"header field with white space before the colon"},
		{"X: a\rb\r\n", "header field with a carriage return"},
		{"Content-Length: \xc3\xa4\xff\r\n",
			"Content-Length is not a number: \"\xc3\xa4\""},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		head(cases[i].fields);
		CHECK_TEXT(fp_response_doubt(&response), cases[i].doubt);
	}
}

/* Two places are none; the same one twice is one. */
static void
locations(void)
{
	static struct fp_buf location;
	static const struct {
		const char *fields, *first;
		bool is_twice;
	} cases[] = {
		{"Location: /a\r\n", "/a", false},
		{"Location: /a\r\nLocation: /a \r\n", "/a", false},
		{"Location: /a\r\nlocation: /b\r\n", "/a", true},
		{"Location:\r\nLocation: /b\r\n", "", true},
		{"", "", false},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(cases); i++) {
		start();
		response.location = &location;
		feed("HTTP/1.1 302 Found\r\n");
		feed(cases[i].fields);
		feed("\r\n");
		CHECK_TEXT(fp_buf_text(&location), cases[i].first);
		CHECK(response.moved_twice == cases[i].is_twice);
	}
	fp_buf_destroy(&location);
}

int
main(void)
{
	run("status lines, and what is none", status_lines);
	run("fields have names without case, and trimmed values", fields);
	run("fields are kept only if they are wanted", no_headers_wanted);
	run("names that are close are others", names_that_are_close);
	run("a length is digits, and one only", lengths);
	run("a length and a transfer coding contradict each other",
		length_and_transfer_encoding);
	run("any coding but identity is one", codings);
	run("an interim response leaves nothing behind", interim_responses);
	run("a field is no status line", fields_that_look_like_status_lines);
	run("trailers change nothing", trailers);
	run("a folded line is no field", folded);
	run("lines of 100 KiB", long_lines);
	run("any bytes at all", any_bytes);
	run("answers that end with their head", ends_with_head);
	run("what leaves the end in doubt is told", doubts);
	run("conflicting Location headers", locations);
	fp_buf_destroy(&type);
	fp_buf_destroy(&headers);
	return done();
}
