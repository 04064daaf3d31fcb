/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "rateplace.h"
#include "scratch.h"
#include "tap.h"

#include <string.h>

static bool
is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* What each text comes to; NULL: none. */
static const struct {
	const char *text, *path, *host;
	unsigned port;
	const char *user, *password;
	unsigned db;
	const char *key, *shown;
} good[] = {
	{"redis://h", NULL, "h", 6379, NULL, NULL, 0, "fetchpool",
		"redis://h:6379"},
	{"REDIS://h/", NULL, "h", 6379, NULL, NULL, 0, "fetchpool",
		"redis://h:6379"},
	{"rediss://a-b.c_d:1/15", NULL, "a-b.c_d", 1, NULL, NULL, 15,
		"fetchpool", "rediss://a-b.c_d:1/15"},
	{"redis://u:p@h:70?key=k", NULL, "h", 70, "u", "p", 0, "k",
		"redis://h:70?key=k"},
	{"redis://:p@h", NULL, "h", 6379, NULL, "p", 0, "fetchpool",
		"redis://h:6379"},
	{"redis://u@h", NULL, "h", 6379, "u", "", 0, "fetchpool",
		"redis://h:6379"},
	{"redis://u:p@:%40%2f%3F@h/2?key=a%20b&db=3", NULL, "h", 6379, "u",
		"p@:@/?", 3, "a b", "redis://h:6379/3?key=a?b"},
	{"redis://[::1]:7", NULL, "::1", 7, NULL, NULL, 0, "fetchpool",
		"redis://[::1]:7"},
	{"redis://[fe80::1]", NULL, "fe80::1", 6379, NULL, NULL, 0, "fetchpool",
		"redis://[fe80::1]:6379"},
	{"unix:s", "s", NULL, 0, NULL, NULL, 0, "fetchpool", "unix:s"},
	{"unix:/run/a%3Fb?db=1&key=k", "/run/a?b", NULL, 0, NULL, NULL, 1, "k",
		"unix:/run/a?b?db=1&key=k"},
	{"unix:///run/s", "/run/s", NULL, 0, NULL, NULL, 0, "fetchpool",
		"unix:/run/s"},
	{"unix://u:p@/run/s?key=k", "/run/s", NULL, 0, "u", "p", 0, "k",
		"unix:/run/s?key=k"},
};

static void
places(void)
{
	struct fp_rateplace place;
	char why[200];

	for (size_t i = 0; i < FP_ARRAY_LEN(good); i++) {
		printf("# %s\n", good[i].text);
		CHECK(fp_rateplace_is_server(good[i].text));
		MUST(fp_rateplace_parse(
			     good[i].text, &place, why, sizeof(why)) == 0);
		CHECK(is_same(place.path, good[i].path));
		CHECK(is_same(place.host, good[i].host));
		CHECK(place.port == good[i].port);
		CHECK(is_same(place.user, good[i].user));
		CHECK(is_same(place.password, good[i].password));
		CHECK(place.db == good[i].db);
		CHECK(is_same(place.key, good[i].key));
		CHECK(is_same(place.shown, good[i].shown));
		CHECK(place.is_tls ==
			(strncmp(good[i].text, "rediss", 6) == 0));
		fp_rateplace_destroy(&place);
	}
}

static void
no_places(void)
{
	static const char *const bad[] = {"redis:", "redis:h", "redis:/h",
		"redis://", "redis://:5", "redis://h:", "redis://h:0",
		"redis://h:65536", "redis://h:5x", "redis://h/-1",
		"redis://h/1x", "redis://h/1/2", "redis://h?", "redis://h?k=1",
		"redis://h?key=", "redis://h?key=%", "redis://h?key=%4",
		"redis://h?key=%00", "redis://h?key=%zz",
		"redis://h?db=", "redis://h?db=x", "redis://a b", "redis://h\n",
		"redis://[::1", "redis://[]", "redis://[::1]x", "redis://[h]",
		"redis://a:b:c", "redis://secret%@h",
		"rediss:", "unix:", "unix:?key=k", "unix://host/s",
		"unix://u:secret@", "unix:s?x"};
	struct fp_rateplace place;
	char why[200];

	for (size_t i = 0; i < FP_ARRAY_LEN(bad); i++) {
		bool may = strcmp(bad[i], "redis://h?") == 0;
		printf("# %.*s\n", (int)strcspn(bad[i], "\n"), bad[i]);
		why[0] = '\0';
		int ret = fp_rateplace_parse(bad[i], &place, why, sizeof(why));
		CHECK(ret == (may ? 0 : -1));
		CHECK(may || why[0]);
		CHECK(!strstr(why, "secret"));
		if (ret == 0)
			fp_rateplace_destroy(&place);
		CHECK(!place.host && !place.key && !place.password);
	}
}

static void
files(void)
{
	static const char *const names[] = {"rates", "./unix:s", "/redis://h",
		"redis", "unix", "reds://h", "http://h", ""};

	for (size_t i = 0; i < FP_ARRAY_LEN(names); i++)
		CHECK(!fp_rateplace_is_server(names[i]));
}

int
main(void)
{
	run("where a server is", places);
	run("what is none, and no password is shown", no_places);
	run("names of files", files);
	return done();
}
