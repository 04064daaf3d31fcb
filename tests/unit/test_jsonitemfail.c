/* SPDX-License-Identifier: MIT */
#include "jsonitemtest.h"

#include "json.h"

/* The linker puts these in the place of the real ones, so that memory can run
 * out when a test wants it to (--wrap in tests/local.mk). */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *data, size_t size);
void *__wrap_realloc(void *data, size_t size);

static unsigned long n_allocations;
static unsigned long fail_at; /* the n-th from now on; 0: none does */

static bool
is_out(void)
{
	n_allocations++;
	return fail_at > 0 && --fail_at == 0;
}

void *
__wrap_malloc(size_t size)
{
	return is_out() ? NULL : __real_malloc(size);
}

void *
__wrap_realloc(void *data, size_t size)
{
	return is_out() ? NULL : __real_realloc(data, size);
}

/* ---- lines of many shapes ---- */

static const char rich[] =
	" {\"id\":-1.5e3, \"url\":\"http://\\u0061/\",\"method\":\"PUT\",\"l\":"
	"[1,\"\\n\",null],\"m\":{\"k\":true,\"\\u00e4\":\"\\\\\"},\"headers\":"
	"{\"A\":[\"b\",2],\"C\":\"\"},\"body\":[ {\"x\" : \"\\ud800\"} ],"
	"\"context\": \"\xc3\xa4\"}";
static const char rich_shows[] =
	"url <http://a/>\nmethod <PUT>\nheader <A: b>\nheader <A: 2>\n"
	"header <C;>\njson <[{\"x\":\"\\ud800\"}]>\ncontext <\"\xc3\xa4\">\n"
	"id <-1.5e3>\nlist l <1> <\n>\nmap m <k> <true> <\xc3\xa4> <\\>\n";

static void
cut_lines(void)
{
	IS(rich, rich_shows);
	for (size_t len = 0; len + 1 < sizeof(rich); len++) {
		CHECK(parse(rich, len) == -1 && errno == EINVAL);
		CHECK(item.fault && !item.line.data && !item.context.data);
		CHECK(!item.url.data && !item.method.data && !item.body.data);
		CHECK(!item.body_is_json && !item.n_values && !item.n_headers);
	}
	IS(rich, rich_shows);
}

/* Any byte in the place of any other: it is an item or it is none. */
static void
changed_lines(void)
{
	static const char others[] = "\"\\{}[],:0 n\x00\xff\xc3u";
	char line[sizeof(rich)];
	unsigned n_items = 0, n_faults = 0;

	memcpy(line, rich, sizeof(rich));
	for (size_t i = 0; i + 1 < sizeof(rich); i++) {
		for (size_t j = 0; j + 1 < sizeof(others); j++) {
			line[i] = others[j];
			if (parse(line, sizeof(line) - 1) == 0)
				n_items++;
			else
				n_faults += item.fault != NULL;
		}
		line[i] = rich[i];
	}
	CHECK(n_items > 100 && n_faults > 100);
	CHECK(n_items + n_faults == (sizeof(rich) - 1) * (sizeof(others) - 1));
}

/* An object with `depth` arrays in the member of this name. */
static const char *
nested(const char *name, size_t depth)
{
	static char line[3000];
	int head = snprintf(line, sizeof(line), "{\"%s\":", name);

	memset(line + head, '[', depth);
	memset(line + (size_t)head + depth, ']', depth);
	strcpy(line + (size_t)head + 2 * depth, "}");
	return line;
}

static void
nesting(void)
{
	static const char *const free[] = {"context", "body"};

	for (size_t i = 0; i < FP_ARRAY_LEN(free); i++) {
		const char *line = nested(free[i], FP_JSON_DEPTH_MAX - 1);
		CHECK(parse(line, strlen(line)) == 0);
		struct fp_text value = i ? item.body : item.context;
		CHECK(value.len == 2 * (FP_JSON_DEPTH_MAX - 1));
		line = nested(free[i], FP_JSON_DEPTH_MAX);
		CHECK(parse(line, strlen(line)) == -1);
		CHECK(strstr(item.fault, "deeper than 1024 levels"));
	}
	const char *line = nested("id", FP_JSON_DEPTH_MAX - 1);
	CHECK_TEXT(parsed(line, strlen(line)),
		"\"id\" is nested too deeply for a template value");
	line = nested("id", 1);
	CHECK_TEXT(parsed(line, strlen(line)), "list id\n");
}

/* ---- memory ---- */

static size_t
memory(void)
{
	size_t bytes = 0;

	for (size_t i = 0; i < FP_ARRAY_LEN(item.bufs); i++)
		bytes += item.bufs[i].cap;
	return bytes;
}

/* Lines of about a million bytes, each full of one small thing. */
static void
large_lines(void)
{
	static const struct {
		const char *head, *part, *tail;
		bool numbered, fails;
	} shapes[] = {
		{"{\"a\":[", "0,", "0]}", false, true},
		{"{\"a\":[", "\"\\n\",", "0]}", false, true},
		{"{", "\"%zx\":0,", "\"z\":0}", true, true},
		{"{\"m\":{", "\"%zx\":0,", "\"z\":0}}", true, true},
		{"{", "\"%zx\":[0],", "\"z\":0}", true, true},
		{"{", "\"\":0,", "\"z\":0}", false, true},
		{"{\"headers\":{\"a\":[", "0,", "0]}}", false, true},
		{"{\"headers\":{", "\"%zx\":0,", "\"z\":0}}", true, true},
		{"{\"context\":[", "0,", "0]}", false, false},
		{"{\"body\":\"", "\\\\", "\"}", false, false},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(shapes); i++) {
		struct fp_buf line = FP_BUF_INIT;
		char part[32];
		fp_buf_add_text(&line, shapes[i].head);
		for (size_t n = 0; line.len < 1000000; n++) {
			strcpy(part, shapes[i].part);
			if (shapes[i].numbered)
				snprintf(part, sizeof(part),
					i == 4 ? "\"%zx\":[0]," : "\"%zx\":0,",
					n);
			fp_buf_add_text(&line, part);
		}
		fp_buf_add_text(&line, shapes[i].tail);
		CHECK((parse(line.data, line.len) != 0) == shapes[i].fails);
		CHECK(memory() < 25 * line.len);
		if (memory() >= 25 * line.len)
			printf("# shape %zu: %zu\n", i, memory() / line.len);
		fp_buf_destroy(&line);
	}
	CHECK(parse("{}", 2) == 0 && memory() <= FP_ARRAY_LEN(item.bufs) << 20);
}

static void
many_headers(void)
{
	struct fp_buf line = FP_BUF_INIT;
	size_t n = 0, len = 0;

	/* A long name with many values would be more than the line is. */
	fp_buf_printf(&line, "{\"headers\":{\"%01000d\":[", 7);
	while (len <= FP_JSONITEM_HEADERS_MAX) {
		fp_buf_add_text(&line, n++ ? ",1]}}" : "1]}}");
		int ret = parse(line.data, line.len);
		len = n * 1004;
		CHECK((ret == 0) == (len <= FP_JSONITEM_HEADERS_MAX));
		CHECK(ret || item.n_headers == n);
		line.len -= 3;
	}
	CHECK_TEXT(item.fault, "the headers are larger than 64 KiB");
	fp_buf_destroy(&line);
}

/* The second line of a kind needs no memory that the first did not. */
static void
steady(void)
{
	IS(rich, rich_shows);
	n_allocations = 0;
	for (int i = 0; i < 100; i++) {
		CHECK(parse(rich, sizeof(rich) - 1) == 0);
		CHECK(parse("[]", 2) == -1);
		CHECK(parse("{\"id\":1}", 8) == 0);
	}
	CHECK(n_allocations == 0);
}

/* Each allocation fails once; then all is as if nothing had been. */
static void
no_memory(void)
{
	unsigned long k = 0;
	int ret = -1;

	fp_jsonitem_destroy(&item);
	fail_at = 1;
	CHECK(fp_jsonitem_init(&item) == -1);
	fp_jsonitem_destroy(&item);
	while (ret && ++k < 100) {
		CHECK(fp_jsonitem_init(&item) == 0);
		fail_at = k;
		ret = parse(rich, sizeof(rich) - 1);
		if (ret) {
			CHECK(fail_at == 0 && errno == ENOMEM);
			CHECK_TEXT(item.fault, "out of memory");
			CHECK(!item.line.data && !item.context.data);
		} else {
			CHECK(fail_at > 0); /* none did */
		}
		fail_at = 0;
		IS(rich, rich_shows);
		fp_jsonitem_destroy(&item);
	}
	CHECK(k > 7 && k < 100);
	CHECK(fp_jsonitem_init(&item) == 0);
}

static void
no_memory_for_the_judge(void)
{
	unsigned k = 0;
	int ret = -1;

	while (ret && ++k < 100) {
		fp_json_fail_allocation(item.json, k);
		ret = parse(rich, sizeof(rich) - 1);
		fp_json_fail_allocation(item.json, 0);
		if (ret) {
			CHECK(errno == ENOMEM);
			CHECK_TEXT(item.fault, "out of memory");
		}
		IS(rich, rich_shows);
	}
	CHECK(k > 3 && k < 100);
}

int
main(void)
{
	if (fp_jsonitem_init(&item))
		return EXIT_FAILURE;
	run("a line that is cut is no item", cut_lines);
	run("a line with a wrong byte does no harm", changed_lines);
	run("nesting has its limits", nesting);
	run("large lines take memory in proportion", large_lines);
	run("headers have a limit", many_headers);
	run("line after line without more memory", steady);
	run("without memory an item fails cleanly", no_memory);
	run("without memory for the judge too", no_memory_for_the_judge);
	fp_jsonitem_destroy(&item);
	return done();
}
