#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
A libcurl that was built without HTTP/2, or without TLS. Where there is none,
libcurl's own functions are wrapped so that they say and refuse what those of
8.22.0 do that was built like that. A folder with a real one can be named:

    LIBCURL_NO_HTTP2=DIR LIBCURL_NO_TLS=DIR

And a system without hiredis, which is loaded only where it is needed; and one
whose malloc() lacks a malloc_usable_size().
"""
import os
import subprocess
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from authority import authority, good
from harness import fetchpool, tool
from servers import faults
from shim import lasting_dir
from tap import PROGRAM, SANITIZERS, check, equal, main, matches, skip, test
from webserver import Web

SOURCE = r"""
#define _GNU_SOURCE
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef curl_easy_setopt

void *dlopen(const char *name, int flags)
{
	void *(*real)(const char *, int) = dlsym(RTLD_NEXT, "dlopen");
	const char *list = getenv("TEST_LACKS");
	if (list && strstr(list, "hiredis") && name && strstr(name, "hiredis"))
		name = strstr(list, "old hiredis") ? "libc.so.6" :
			"/nonexistent";
	return real(name, flags);
}

static int lacks(const char *what)
{
	const char *list = getenv("TEST_LACKS");
	return list && strstr(list, what) != NULL;
}

curl_version_info_data *curl_version_info(CURLversion age)
{
	static curl_version_info_data copy;
	curl_version_info_data *(*real)(CURLversion) =
		dlsym(RTLD_NEXT, "curl_version_info");
	copy = *real(age);
	if (lacks("HTTP/2"))
		copy.features &= ~CURL_VERSION_HTTP2;
	if (lacks("TLS")) {
		copy.features &= ~(CURL_VERSION_SSL | CURL_VERSION_HTTP2);
		copy.ssl_version = NULL;
	}
	return &copy;
}

static CURLcode refuse(CURLoption option, long number, const char *text)
{
	switch (option) {
	case CURLOPT_HTTP_VERSION:
		return (lacks("HTTP/2") || lacks("TLS")) &&
				       number > CURL_HTTP_VERSION_1_1
			       ? CURLE_UNSUPPORTED_PROTOCOL : CURLE_OK;
	case CURLOPT_PROTOCOLS_STR:
	case CURLOPT_REDIR_PROTOCOLS_STR:
		return lacks("TLS") && strstr(text, "https")
			       ? CURLE_UNSUPPORTED_PROTOCOL : CURLE_OK;
	case CURLOPT_SSL_VERIFYPEER:
	case CURLOPT_SSL_VERIFYHOST:
	case CURLOPT_CAINFO:
	case CURLOPT_CAPATH:
	case CURLOPT_SSL_CTX_FUNCTION:
	case CURLOPT_SSL_CTX_DATA:
		return lacks("TLS") ? CURLE_UNKNOWN_OPTION : CURLE_OK;
	case CURLOPT_MAXAGE_CONN:
		return lacks("ages") ? CURLE_UNKNOWN_OPTION : CURLE_OK;
	default:
		return CURLE_OK;
	}
}

CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
	CURLcode (*real)(CURL *, CURLoption, ...) =
		dlsym(RTLD_NEXT, "curl_easy_setopt");
	va_list list;
	CURLcode code;

	va_start(list, option);
	if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB) {
		code = real(easy, option, va_arg(list, curl_off_t));
	} else if (option < CURLOPTTYPE_OBJECTPOINT) {
		long number = va_arg(list, long);
		code = refuse(option, number, "");
		if (code == CURLE_OK)
			code = real(easy, option, number);
	} else {
		void *pointer = va_arg(list, void *);
		code = refuse(option, 0, pointer);
		if (code == CURLE_OK)
			code = real(easy, option, pointer);
	}
	va_end(list);
	return code;
}
"""

# Each block begins with its length, as in libraries that count what a program
# allocates. glibc's malloc_usable_size() takes that for its own word.
MALLOC = r"""
#include <stddef.h>
#include <stdint.h>
#include <string.h>

extern void *__libc_malloc(size_t n);
extern void __libc_free(void *block);

struct head { size_t mark, n; };

void *malloc(size_t n)
{
	struct head *head = __libc_malloc(sizeof(*head) + n);
	if (!head)
		return NULL;
	*head = (struct head){0x5ca1ab1e, n};
	return head + 1;
}

void free(void *block)
{
	struct head *head = (struct head *)block - 1;
	if (!block || head->mark != 0x5ca1ab1e)
		return;
	head->mark = 0;
	__libc_free(head);
}

void *calloc(size_t n, size_t size)
{
	void *block = size && n > SIZE_MAX / size ? NULL : malloc(n * size);
	return block ? memset(block, 0, n * size) : NULL;
}

void *realloc(void *block, size_t n)
{
	void *other = malloc(n);
	if (other && block) {
		size_t old = ((struct head *)block - 1)->n;
		memcpy(other, block, old < n ? old : n);
		free(block);
	}
	return other;
}
"""


_built = {}


def wrapper(source=SOURCE, *flags):
    if SANITIZERS:
        skip("a library before the sanitizer's")
    if source not in _built:
        path = lasting_dir()
        with open(path + "/lacks.c", "w") as file:
            file.write(source)
        flags += tuple(subprocess.run(
            [tool("pkg-config"), "--cflags", "libcurl"], capture_output=True,
            text=True).stdout.split())
        made = subprocess.run(
            [tool("cc"), "-shared", "-fPIC", "-O1", *flags, "-o",
             path + "/lacks.so", path + "/lacks.c", "-ldl"],
            capture_output=True, text=True)
        equal(made.returncode, 0, made.stderr)
        _built[source] = path + "/lacks.so"
    return _built[source]


def without(what):
    folder = os.environ.get({"HTTP/2": "LIBCURL_NO_HTTP2",
                             "TLS": "LIBCURL_NO_TLS"}.get(what, ""))
    if folder:
        return {"LD_LIBRARY_PATH": folder}
    return {"LD_PRELOAD": wrapper(), "TEST_LACKS": what}


def said(result):
    """What we said; a loader of a library of the test's may say more."""
    return [line for line in result.text.splitlines()
            if "no version information" not in line]


@test("without HTTP/2: HTTP/1.1 by default, and --http2 is wrong usage")
def _():
    env, server = without("HTTP/2"), faults()
    with Web(tls=good().server()) as tls:
        for url in server.url, tls.url:
            result = fetchpool(["-a", "--cacert", authority().cert,
                                "--fields=status,http_version,error"],
                               input=(url + "/ok\n") * 3, env=env)
            equal(result.records, [{"status": 200, "http_version": "1.1",
                                    "error": None}] * 3)
            equal(said(result), [])
    server.reset()
    result = fetchpool(["-a", "--http2"], input=server.url + "/ok\n", env=env)
    equal((result.status, result.out, server.requests), (2, b"", 0))
    matches("libcurl [0-9.]+[^ ]* is built without HTTP/2", result.text)


@test("without TLS: said at the start, http works, https fails by its name")
def _():
    env, server = without("TLS"), faults()
    urls = server.url + "/ok\nhttps://127.0.0.1:1/\n" + server.url + "/ok\n"
    result = fetchpool(["-a", "-k", "--fields=status,error"], input=urls,
                       env={"SSL_CERT_FILE": "/nonexistent", **env})
    equal(result.status, 1)
    equal([r["status"] for r in result.records], [200, None, 200])
    equal(result.records[1]["error"],
          {"kind": "refused", "message": "libcurl is built without TLS"})
    lines = said(result)
    equal(len(lines), 2, repr(lines))
    equal(lines[0],
          "fetchpool: libcurl is built without TLS: https URLs will fail")
    # Who does not allow https anyway is not told.
    result = fetchpool(["--proto=http"], input=server.url + "/ok\n", env=env)
    equal((result.status, said(result)), (0, []))


@test("without TLS: what cannot be done without is wrong usage")
def _():
    env, server = without("TLS"), faults()
    for args, words in ((["--proto=https"], "is built without TLS"),
                        (["--cacert", authority().cert],
                         "--cacert: CAINFO is not supported by this build"),
                        (["--http2"], "is built without HTTP/2")):
        result = fetchpool(args, input=server.url + "/ok\n", env=env)
        equal((result.status, result.out), (2, b""), repr(result))
        check(words in result.text, repr(result))
    equal(server.requests, 0)


@test("any other option that libcurl refuses is named at the start")
def _():
    result = fetchpool(["-a"], input="http://127.0.0.1:1/\n" * 3,
                       env=without("ages"))
    equal((result.status, result.out), (3, b""), repr(result))
    matches("cannot start: libcurl [^ ]+ refuses "
            "CURLOPT_MAXAGE_CONN: ", result.text)
    check("memory" not in result.text, repr(result))


def has_hiredis():
    folder = os.environ.get("builddir") or os.path.dirname(PROGRAM)
    with open(folder + "/config.h") as file:
        return "#define HAVE_HIREDIS 1" in file.read()


def need_hiredis():
    if not has_hiredis():
        skip("built without hiredis")


def version(env=None):
    return subprocess.run([PROGRAM, "--version"], capture_output=True,
                          text=True, env={**os.environ, **(env or {})}).stdout


@test("a fetchpool that was built without hiredis says so, in one line")
def _():
    if has_hiredis():
        skip("built with hiredis")
    check("hiredis" not in version(), version())
    for where in "redis://127.0.0.1:1", "rediss://127.0.0.1:1", "unix:/x":
        result = fetchpool(["-r", "5/s", "--rate-file", where,
                            "http://127.0.0.1:1/{}"], input="1\n")
        equal((result.status, result.out), (2, b""), repr(result))
        equal(len(result.text.splitlines()), 1, result.text)
        matches("--rate-file: fetchpool was built without hiredis, so a rate "
                "can only be shared in a file", result.text)


@test("hiredis is loaded where a rate is to be counted by a server")
def _():
    need_hiredis()
    matches(r" hiredis/[0-9.]+\)$", version())


@test("without hiredis: only a rate that machines share is wrong usage")
def _():
    need_hiredis()
    env, server = without("hiredis"), faults()
    matches("^fetchpool ", version(env))
    check("hiredis" not in version(env), version(env))
    args = ["-r", "50/s", "--rate-file", "redis://127.0.0.1:1/key"]
    result = fetchpool(args, input=server.url + "/ok\n", env=env)
    equal((result.status, result.out, server.requests), (2, b"", 0))
    matches(r"needs hiredis: libhiredis\.so\.[0-9.]+ is not installed",
            result.text)
    result = fetchpool([], input=server.url + "/ok\n", env=env)
    equal((result.status, len(result.records)), (0, 1))


@test("a hiredis without a function that is needed: the message names it")
def _():
    need_hiredis()
    env, server = without("old hiredis"), faults()
    check("hiredis" not in version(env), version(env))
    args = ["-r", "50/s", "--rate-file", "redis://127.0.0.1:1/key"]
    result = fetchpool(args, input=server.url + "/ok\n", env=env)
    equal((result.status, result.out, server.requests), (2, b"", 0))
    matches(r"hiredis: libhiredis\.so\.[0-9.]+ does not have "
            r"redisReaderCreate\(\)", result.text)


@test("another malloc(), and libc's malloc_usable_size(): requests stay whole")
def _():
    if os.confstr("CS_GNU_LIBC_VERSION") is None:
        skip("libc is not glibc")
    env = {"LD_PRELOAD": wrapper(MALLOC, "-fno-builtin")}
    server = faults()
    server.on("/long/", lambda conn, request: conn.answer(
        b"1", b"application/json"))
    urls = ["%s/long/%s" % (server.url, "x" * (i * 100)) for i in range(60)]
    result = fetchpool(["-k", "-j8", "--fields=url,status"],
                       input="".join(url + "\n" for url in urls), env=env)
    equal((result.status, result.text), (0, ""))
    equal(result.records, [{"url": url, "status": 200} for url in urls])


if __name__ == "__main__":
    main()
