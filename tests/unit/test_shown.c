/* SPDX-License-Identifier: MIT */
#include "shown.h"

#include "options.h"
#include "tap.h"

static struct fp_buf text;

static const char *
shown(const char *url)
{
	fp_buf_clear(&text, 1000);
	CHECK(fp_shown_url(&text, url) == 0);
	return fp_buf_text(&text);
}

static void
urls(void)
{
	CHECK_TEXT(shown("http://h/a?b=c&d"), "http://h/a?b=c&d");
	CHECK_TEXT(shown("http://u:p@h/a"), "http://u:***@h/a");
	CHECK_TEXT(shown("http://h/?api_key=x&q=1&Token=y#f"),
		"http://h/?api_key=***&q=1&Token=***#f");
	CHECK_TEXT(shown("http://h/?X-Amz-Signature=ab;q=1"),
		"http://h/?X-Amz-Signature=***;q=1");
	CHECK_TEXT(shown("http://h/{id}?key={key}&q={q}"),
		"http://h/{id}?key={key}&q={q}");
	CHECK_TEXT(shown("http://h/?"), "http://h/?");
	CHECK_TEXT(shown(""), "");
}

static void
the_command(void)
{
	static const char *const given[] = {"fetchpool", "-j", "6", "-H",
		"X-Key: secret", "-u", "me:secret", "--setopt",
		"PROXYUSERPWD=a:secret", "--cert", "/dev/null:secret", "-x",
		"http://u:secret@p/", "-A", "secret", "--expand-json",
		"{\"secret\":1}", "--resume", "--journal", "the journal", "-r",
		"5/s", "--cookie", "a=secret",
		"http://u:secret@h/{}?token=secret"};
	char *argv[FP_ARRAY_LEN(given) + 1] = {NULL};

	for (size_t i = 0; i < FP_ARRAY_LEN(given); i++)
		argv[i] = strdup(given[i]);
	struct fp_settings settings;
	fp_settings_init(&settings);
	CHECK(fp_options_parse(&settings, (int)FP_ARRAY_LEN(given), argv) ==
		FP_GO_ON);
	fp_buf_clear(&text, 1000);
	CHECK(fp_shown_command(&text, &settings) == 0);
	CHECK(!strstr(text.data, "secret"));
	CHECK(strstr(text.data, "\"--jobs\",\"6\""));
	CHECK(strstr(text.data, "\"--resume\",\"--journal\",\"the journal\""));
	CHECK(strstr(text.data, "\"--header\",\"***\""));
	CHECK(strstr(text.data, "\"http://u:***@h/{}?token=***\"]"));
	fp_settings_destroy(&settings);
	for (size_t i = 0; i < FP_ARRAY_LEN(given); i++)
		free(argv[i]);
}

int
main(void)
{
	run("URLs", urls);
	run("the command line", the_command);
	fp_buf_destroy(&text);
	return done();
}
