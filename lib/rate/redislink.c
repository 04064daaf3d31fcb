/* SPDX-License-Identifier: MIT */
/*
 * Of libcurl the connection alone is used (CURLOPT_CONNECT_ONLY): it knows
 * names and their addresses, sockets of a machine, and TLS with the
 * authorities that requests have. hiredis would need its own library for that,
 * which Debian 12 has not. A descriptor is looked at in all waits that
 * fp_redislink_stop() makes readable.
 *
 * hiredis is loaded when a connection is wanted, and not linked: few runs do,
 * and all others would have the loader map it and look through it for each
 * symbol of libcurl's libraries, which is 3 % of the CPU of a short run.
 */
#include "base.h"

#include "redislink.h"

#ifdef HAVE_HIREDIS

#include "clock.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STRING(x) #x
#define NUMBER(x) STRING(x)

/* The library whose header this was compiled with. */
#define LIBRARY "libhiredis.so." NUMBER(HIREDIS_SONAME)

#define NEEDED "a rate that machines share needs hiredis: " LIBRARY

#define CHUNK 16384

/* What is used of it, each as the header declares it: versions differ. */
struct link_hiredis {
	void *library; /* NULL: not loaded */
	__typeof__(redisReaderCreate) *create;
	__typeof__(redisReaderFree) *free;
	__typeof__(redisReaderFeed) *feed;
	__typeof__(redisReaderGetReply) *get_reply;
	__typeof__(freeReplyObject) *free_reply;
	__typeof__(redisFormatCommandArgv) *format;
	__typeof__(redisFreeCommand) *free_command;
};

struct fp_redislink {
	struct link_hiredis hiredis;
	const struct fp_rateplace *place;
	char *cafile;
	int wake[2]; /* a pipe */
	atomic_bool is_stopped;
	CURLM *multi;
	CURL *easy; /* NULL: not connected */
	curl_socket_t fd;
	redisReader *reader;
	char said[CURL_ERROR_SIZE];
};

/* ---- the library ---- */

/* NULL, or what is wrong with it. */
static const char *
link_load(struct link_hiredis *hiredis)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	hiredis->library = library;
	if (!library)
		return NEEDED " is not installed";
#define FIND(function, name)                                         \
	do {                                                         \
		*(void **)&hiredis->function = dlsym(library, name); \
		if (!hiredis->function)                              \
			return NEEDED " does not have " name "()";   \
	} while (0)
	FIND(create, "redisReaderCreate");
	FIND(free, "redisReaderFree");
	FIND(feed, "redisReaderFeed");
	FIND(get_reply, "redisReaderGetReply");
	FIND(free_reply, "freeReplyObject");
	FIND(format, "redisFormatCommandArgv");
	FIND(free_command, "redisFreeCommand");
#undef FIND
	return NULL;
}

static void
link_unload(struct link_hiredis *hiredis)
{
	if (hiredis->library)
		dlclose(hiredis->library);
	hiredis->library = NULL;
}

const char *
fp_redislink_lacks(void)
{
	struct link_hiredis hiredis;
	const char *lacks = link_load(&hiredis);

	link_unload(&hiredis);
	return lacks;
}

const char *
fp_redislink_version(void)
{
	if (fp_redislink_lacks())
		return "";
	return "hiredis/" NUMBER(HIREDIS_MAJOR) "." NUMBER(
		HIREDIS_MINOR) "." NUMBER(HIREDIS_PATCH);
}

/* ---- making ---- */

struct fp_redislink *
fp_redislink_new(const struct fp_rateplace *place, const char *cafile)
{
	struct fp_redislink *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->place = place;
	link->wake[0] = link->wake[1] = -1;
	atomic_init(&link->is_stopped, false);
	link->cafile = cafile ? strdup(cafile) : NULL;
	if ((cafile && !link->cafile) || link_load(&link->hiredis) ||
		pipe2(link->wake, O_CLOEXEC | O_NONBLOCK)) {
		fp_redislink_free(link);
		return NULL;
	}
	return link;
}

void
fp_redislink_free(struct fp_redislink *link)
{
	if (!link)
		return;
	fp_redislink_close(link);
	if (link->wake[0] >= 0) {
		close(link->wake[0]);
		close(link->wake[1]);
	}
	link_unload(&link->hiredis);
	free(link->cafile);
	free(link);
}

void
fp_redislink_stop(struct fp_redislink *link)
{
	atomic_store(&link->is_stopped, true);
	if (write(link->wake[1], "", 1) < 0)
		FP_ASSERT(errno == EAGAIN || errno == EINTR);
}

bool
fp_redislink_is_open(const struct fp_redislink *link)
{
	return link->reader != NULL;
}

void
fp_redislink_close(struct fp_redislink *link)
{
	if (link->easy) {
		curl_multi_remove_handle(link->multi, link->easy);
		curl_easy_cleanup(link->easy);
	}
	if (link->multi)
		curl_multi_cleanup(link->multi);
	if (link->reader)
		link->hiredis.free(link->reader);
	link->easy = NULL;
	link->multi = NULL;
	link->reader = NULL;
}

/* ---- connecting ---- */

static CURLcode
set_place(struct fp_redislink *link)
{
	const struct fp_rateplace *place = link->place;
	bool is_six = place->host && strchr(place->host, ':');
	CURLcode code = CURLE_OK;
	char url[400];

	snprintf(url, sizeof(url), is_six ? "%s://[%s]:%u/" : "%s://%s:%u/",
		place->is_tls ? "https" : "http",
		place->host ? place->host : "localhost",
		place->path ? 80 : place->port);
	code = curl_easy_setopt(link->easy, CURLOPT_URL, url);
	if (code == CURLE_OK && place->path)
		code = curl_easy_setopt(
			link->easy, CURLOPT_UNIX_SOCKET_PATH, place->path);
	if (code == CURLE_OK && place->is_tls && link->cafile)
		code = curl_easy_setopt(
			link->easy, CURLOPT_CAINFO, link->cafile);
	return code;
}

static CURLcode
set_up(struct fp_redislink *link, int64_t timeout_ms)
{
	static const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{CURLOPT_CONNECT_ONLY, 1},
		{CURLOPT_NOSIGNAL, 1},
		{CURLOPT_SSL_ENABLE_ALPN, 0},
		{CURLOPT_TCP_NODELAY, 1},
		{CURLOPT_TCP_KEEPALIVE, 1},
		{CURLOPT_QUICK_EXIT, 1},
	};
	CURLcode code = set_place(link);

	for (size_t i = 0; code == CURLE_OK && i < FP_ARRAY_LEN(numbers); i++)
		code = curl_easy_setopt(
			link->easy, numbers[i].option, numbers[i].value);
	if (code == CURLE_OK)
		code = curl_easy_setopt(link->easy, CURLOPT_CONNECTTIMEOUT_MS,
			(long)timeout_ms);
	if (code == CURLE_OK)
		code = curl_easy_setopt(link->easy, CURLOPT_PROXY, "");
	if (code == CURLE_OK)
		code = curl_easy_setopt(
			link->easy, CURLOPT_ERRORBUFFER, link->said);
	return code;
}

/* Whether it came to an end, and how. */
static bool
is_connected(struct fp_redislink *link, CURLcode *code)
{
	CURLMsg *msg;
	int n;

	while ((msg = curl_multi_info_read(link->multi, &n))) {
		if (msg->msg == CURLMSG_DONE) {
			*code = msg->data.result;
			return true;
		}
	}
	return false;
}

static CURLcode
wait_connected(struct fp_redislink *link)
{
	struct curl_waitfd wake = {
		.fd = link->wake[0], .events = CURL_WAIT_POLLIN};
	CURLcode code = CURLE_OK;
	int n;

	while (!atomic_load(&link->is_stopped)) {
		if (curl_multi_perform(link->multi, &n) != CURLM_OK)
			return CURLE_OUT_OF_MEMORY;
		if (is_connected(link, &code))
			return code;
		if (curl_multi_poll(link->multi, &wake, 1, 1000, &n) !=
			CURLM_OK)
			return CURLE_OUT_OF_MEMORY;
	}
	return CURLE_ABORTED_BY_CALLBACK;
}

int
fp_redislink_connect(
	struct fp_redislink *link, int64_t timeout_ms, char *why, size_t size)
{
	fp_redislink_close(link);
	CURLcode code = CURLE_OUT_OF_MEMORY;
	link->said[0] = '\0';
	link->multi = curl_multi_init();
	link->easy = curl_easy_init();
	if (link->multi && link->easy)
		code = set_up(link, timeout_ms);
	if (code == CURLE_OK &&
		curl_multi_add_handle(link->multi, link->easy) != CURLM_OK)
		code = CURLE_OUT_OF_MEMORY;
	if (code == CURLE_OK)
		code = wait_connected(link);
	if (code == CURLE_OK)
		code = curl_easy_getinfo(
			link->easy, CURLINFO_ACTIVESOCKET, &link->fd);
	if (code == CURLE_OK && link->fd == CURL_SOCKET_BAD)
		code = CURLE_COULDNT_CONNECT;
	if (code == CURLE_OK) {
		link->reader = link->hiredis.create();
		if (link->reader)
			return 0;
		code = CURLE_OUT_OF_MEMORY;
	}
	snprintf(why, size, "%s",
		link->said[0] ? link->said : curl_easy_strerror(code));
	fp_redislink_close(link);
	return -1;
}

/* ---- asking ---- */

/* Waits until the socket is ready. false: it is not, in time. */
static bool
wait_ready(struct fp_redislink *link, short events, int64_t end_ns)
{
	struct pollfd fds[] = {
		{.fd = link->fd, .events = events},
		{.fd = link->wake[0], .events = POLLIN},
	};
	int64_t left_ns;

	while ((left_ns = end_ns - fp_clock_now_ns()) > 0) {
		int n = poll(fds, FP_ARRAY_LEN(fds),
			(int)(left_ns / FP_NS_PER_MS) + 1);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0 && fds[0].revents)
			return true;
		if (n > 0)
			return false; /* stopped */
	}
	return false;
}

static enum fp_redissaid
link_break(struct fp_redislink *link, struct fp_buf *text, const char *why)
{
	fp_redislink_close(link);
	fp_buf_set(text, why, strlen(why));
	return FP_REDIS_BROKEN;
}

static enum fp_redissaid
link_send(struct fp_redislink *link, const char *data, size_t len,
	int64_t end_ns, struct fp_buf *text)
{
	while (len > 0) {
		size_t n = 0;
		CURLcode code = curl_easy_send(link->easy, data, len, &n);
		data += n;
		len -= n;
		if (code != CURLE_OK && code != CURLE_AGAIN)
			return link_break(link, text, "the connection broke");
		if (code == CURLE_AGAIN && !wait_ready(link, POLLOUT, end_ns))
			return link_break(
				link, text, "the server does not answer");
	}
	return FP_REDIS_OK;
}

static enum fp_redissaid
link_give(
	struct fp_redislink *link, const redisReply *reply, struct fp_buf *text)
{
	int ret = -1;

	switch (reply->type) {
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS:
	case REDIS_REPLY_ERROR:
		ret = fp_buf_set(text, reply->str, (size_t)reply->len);
		break;
	case REDIS_REPLY_INTEGER:
		fp_buf_clear(text, SIZE_MAX);
		ret = fp_buf_printf(text, "%lld", reply->integer);
		break;
	default:
		ret = fp_buf_set(text, "", 0);
		break;
	}
	if (ret)
		return link_break(link, text, "out of memory");
	return reply->type == REDIS_REPLY_ERROR ? FP_REDIS_ERROR : FP_REDIS_OK;
}

/* What the reader has: 1: a reply, 0: not yet, -1: that is none. */
static int
link_look(
	struct fp_redislink *link, struct fp_buf *text, enum fp_redissaid *said)
{
	void *reply = NULL;

	if (link->hiredis.get_reply(link->reader, &reply) != REDIS_OK)
		return -1;
	if (!reply)
		return 0;
	*said = link_give(link, reply, text);
	link->hiredis.free_reply(reply);
	return 1;
}

static enum fp_redissaid
link_read(struct fp_redislink *link, int64_t end_ns, struct fp_buf *text)
{
	enum fp_redissaid said = FP_REDIS_OK;
	char data[CHUNK];
	int got;

	while ((got = link_look(link, text, &said)) == 0) {
		size_t n = 0;
		CURLcode code =
			curl_easy_recv(link->easy, data, sizeof(data), &n);
		if (code == CURLE_AGAIN) {
			if (!wait_ready(link, POLLIN, end_ns))
				return link_break(link, text,
					"the server does not answer");
		} else if (code != CURLE_OK || n == 0) {
			return link_break(
				link, text, "the server closed the connection");
		} else if (link->hiredis.feed(link->reader, data, n) !=
			   REDIS_OK) {
			got = -1;
			break;
		}
	}
	if (got == 1)
		return said;
	link_break(link, text, "it does not answer as a Redis server does");
	return FP_REDIS_STRANGE;
}

static char *
link_format(const struct fp_redislink *link, const struct fp_redisarg *args,
	size_t n_args, size_t *len)
{
	const char **data = calloc(n_args, sizeof(*data));
	size_t *lens = calloc(n_args, sizeof(*lens));
	char *command = NULL;

	for (size_t i = 0; data && lens && i < n_args; i++) {
		data[i] = args[i].data;
		lens[i] = args[i].len;
	}
	if (data && lens) {
		long long n =
			link->hiredis.format(&command, (int)n_args, data, lens);
		*len = n > 0 ? (size_t)n : 0;
		if (n <= 0)
			command = NULL;
	}
	free(data);
	free(lens);
	return command;
}

enum fp_redissaid
fp_redislink_ask(struct fp_redislink *link, const struct fp_redisarg *args,
	size_t n_args, int64_t timeout_ms, struct fp_buf *text)
{
	int64_t end_ns = fp_clock_now_ns() + timeout_ms * FP_NS_PER_MS;
	size_t len = 0;

	if (!link->reader)
		return link_break(link, text, "not connected");
	char *command = link_format(link, args, n_args, &len);
	if (!command)
		return link_break(link, text, "out of memory");
	enum fp_redissaid said = link_send(link, command, len, end_ns, text);
	link->hiredis.free_command(command);
	return said == FP_REDIS_OK ? link_read(link, end_ns, text) : said;
}

#else /* without hiredis: nothing can be opened, and so nothing is */

const char *
fp_redislink_lacks(void)
{
	return "fetchpool was built without hiredis, so a rate can only be "
	       "shared in a file";
}

const char *
fp_redislink_version(void)
{
	return "";
}

struct fp_redislink *
fp_redislink_new(const struct fp_rateplace *place, const char *cafile)
{
	(void)place;
	(void)cafile;
	return NULL;
}

void
fp_redislink_free(struct fp_redislink *link)
{
	FP_ASSERT(!link);
}

int
fp_redislink_connect(
	struct fp_redislink *link, int64_t timeout_ms, char *why, size_t size)
{
	(void)link;
	(void)timeout_ms;
	(void)why;
	(void)size;
	abort();
}

bool
fp_redislink_is_open(const struct fp_redislink *link)
{
	(void)link;
	return false;
}

void
fp_redislink_close(struct fp_redislink *link)
{
	(void)link;
}

enum fp_redissaid
fp_redislink_ask(struct fp_redislink *link, const struct fp_redisarg *args,
	size_t n_args, int64_t timeout_ms, struct fp_buf *text)
{
	(void)link;
	(void)args;
	(void)n_args;
	(void)timeout_ms;
	(void)text;
	abort();
}

void
fp_redislink_stop(struct fp_redislink *link)
{
	(void)link;
}

#endif
