/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "proxies.h"
#include "tap.h"

#include <errno.h>
#include <stdio.h>

static void
test_check(void)
{
	static const char *const good[] = {"", "proxy.example", "10.0.0.1:3128",
		"http://u:p@proxy.example:3128", "https://p/",
		"socks5h://[::1]:9", "SOCKS4A://p", "p:80/"};
	static const char *const bad[] = {"http://", "ftp://p", "http://p:0x1",
		"http://p:70000", "http://a b/", "x://p:1"};

	for (size_t i = 0; i < FP_ARRAY_LEN(good); i++)
		CHECK_SAYING(fp_proxies_check(good[i]) == 0, "%s", good[i]);
	for (size_t i = 0; i < FP_ARRAY_LEN(bad); i++) {
		errno = 0;
		CHECK_SAYING(fp_proxies_check(bad[i]) == -1 && errno == EINVAL,
			"%s", bad[i]);
	}
}

/* The port for these options: NULL or "NAME=VALUE". */
static long
port_of(const char *one, const char *other, bool has_env)
{
	struct fp_curlopts options;
	const char *pairs[] = {one ? one : other, other};
	char why[200] = "";
	size_t n = one && other ? 2 : one || other ? 1 : 0;

	if (fp_curlopts_init(&options, pairs, n, why, sizeof(why))) {
		CHECK_SAYING(false, "%s: %s", one, why);
		return -1;
	}
	long port = fp_proxies_port(&options, has_env);
	fp_curlopts_destroy(&options);
	return port;
}

static void
test_given(void)
{
	static const struct {
		const char *one, *other;
		long port;
	} table[] = {
		{NULL, NULL, 0},
		{"PROXY=", NULL, 0},
		{"PROXY=p", NULL, 0},
		{"PROXY=https://p", NULL, 0},
		{"PROXY=p:3128", NULL, 3128},
		{"PROXY=http://u:9@p:3128", NULL, 3128},
		{"PROXY=http://u:9@p", NULL, 0},
		{"PROXY=http://u%40x@[::1]:3128/y:8", NULL, 3128},
		{"PROXY=http://[::1]", NULL, 0},
		{"PROXY=http://[::1]/:80", NULL, 0},
		{"PROXY=p:3128", "PRE_PROXY=socks5://s:3128", 3128},
		{"PROXY=p:3128", "PRE_PROXY=socks5://s:9", FP_PROXIES_LOST},
		{"PROXY=p:3128", "PRE_PROXY=socks5://s", 0},
		{"PROXY=p:1080", "PRE_PROXY=socks5://s", 1080},
		{"PROXY=https://p", "PRE_PROXY=socks5://s:443", 443},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(table); i++) {
		long port = port_of(table[i].one, table[i].other, false);
		CHECK_SAYING(port == table[i].port, "%s, %s: %ld, expected %ld",
			table[i].one ? table[i].one : "-",
			table[i].other ? table[i].other : "-", port,
			table[i].port);
	}
}

static void
test_environment(void)
{
	FP_ASSERT(!setenv("http_proxy", "http://p:3128", 1));
	CHECK_SAYING(port_of(NULL, NULL, false) == 0, "not asked for");
	CHECK_SAYING(port_of(NULL, NULL, true) == 3128, "one");
	CHECK_SAYING(port_of("PROXY=p:81", NULL, true) == 81, "one is given");
	CHECK_SAYING(port_of("PROXY=", NULL, true) == 0, "none is given");
	FP_ASSERT(!setenv("HTTPS_PROXY", "http://p:3128", 1));
	CHECK_SAYING(port_of(NULL, NULL, true) == 3128, "two");
	FP_ASSERT(!setenv("https_proxy", "", 1));
	CHECK_SAYING(port_of(NULL, NULL, true) == 3128, "an empty one");
	FP_ASSERT(!setenv("all_proxy", "p:3129", 1));
	CHECK_SAYING(
		port_of(NULL, NULL, true) == FP_PROXIES_LOST, "another port");
	FP_ASSERT(!setenv("ALL_PROXY", "p", 1));
	CHECK_SAYING(port_of(NULL, NULL, true) == 0, "some need the default");
}

int
main(void)
{
	static const char *const names[] = {"http_proxy", "https_proxy",
		"HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

	for (size_t i = 0; i < FP_ARRAY_LEN(names); i++)
		unsetenv(names[i]);
	FP_ASSERT(!curl_global_init(CURL_GLOBAL_DEFAULT));
	run("what is a proxy", test_check);
	run("the port of proxies that are given", test_given);
	run("the port of proxies in the environment", test_environment);
	curl_global_cleanup();
	return done();
}
