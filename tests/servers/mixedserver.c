/* SPDX-License-Identifier: MIT */
/*
 * A fast server of good and bad answers, for very many items. What an answer is
 * like stands in its path, /WORD/N, and is always the same for it, so that
 * whoever asks knows what to expect; N is less than 2^24 and comes back in the
 * body. The words are in the table at the end of answers; "flaky" ones are
 * bad once or twice for each N, and then good.
 *
 * One thread, epoll. Prints its port, and ends when its standard input does.
 */
#include "base.h"

#include "buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#define FDS_MAX 16384
#define N_MAX (1UL << 24)

enum after { KEEP, CLOSE, RESET };

struct conn {
	bool is_open;
	bool is_slow; /* `out` goes out in steps, one each millisecond */
	enum after after;
	size_t in_len, sent;
	char in[1024];
	struct fp_buf out;
};

static struct conn conns[FDS_MAX];
static unsigned char asked[N_MAX]; /* how often for this N */
static unsigned n_slow;
static int poller;

static const char json[] = "Content-Type: application/json\r\n";
static const char text[] = "Content-Type: text/plain\r\n";

static void
add(struct conn *conn, const char *data)
{
	FP_ASSERT(fp_buf_add(&conn->out, data, strlen(data)) == 0);
}

static void
add_head(struct conn *conn, const char *status, const char *fields, size_t len)
{
	char head[300];

	snprintf(head, sizeof(head),
		"HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status, fields,
		len);
	add(conn, head);
}

static void
add_good(struct conn *conn, unsigned long n)
{
	char body[80];

	snprintf(body, sizeof(body), "{ \"n\": %lu,\n \"ok\": true }", n);
	add_head(conn, "200 OK", json, strlen(body));
	add(conn, body);
}

/* ---- answers ---- */

static void
good(struct conn *conn, unsigned long n)
{
	add_good(conn, n);
}

static void
chunked(struct conn *conn, unsigned long n)
{
	char body[200];

	snprintf(body, sizeof(body),
		"HTTP/1.1 200 OK\r\n%sTransfer-Encoding: chunked\r\n\r\n"
		"6;x=y\r\n{\"n\":\t\r\n8\r\n%8lu\r\n1\r\n}\r\n0\r\nX: y\r\n\r\n",
		json, n);
	add(conn, body);
}

static void
until_close(struct conn *conn, unsigned long n)
{
	char body[200];

	snprintf(body, sizeof(body), "HTTP/1.1 200 OK\r\n%s\r\n{\"n\": %lu}\n",
		json, n);
	add(conn, body);
	conn->after = CLOSE;
}

/* A gzip member; with `cut`, without its last bytes. */
static void
add_gzip(struct conn *conn, unsigned long n, size_t cut)
{
	static const char fields[] = "Content-Type: application/json\r\n"
				     "Content-Encoding: gzip\r\n";
	unsigned char packed[200];
	char body[40];
	z_stream zlib = {0};

	snprintf(body, sizeof(body), "{\"n\": %lu}", n);
	FP_ASSERT(deflateInit2(&zlib, 1, Z_DEFLATED, 15 + 16, 1,
			  Z_DEFAULT_STRATEGY) == Z_OK);
	zlib.next_in = (unsigned char *)body;
	zlib.avail_in = (unsigned)strlen(body);
	zlib.next_out = packed;
	zlib.avail_out = sizeof(packed);
	FP_ASSERT(deflate(&zlib, Z_FINISH) == Z_STREAM_END);
	size_t len = sizeof(packed) - zlib.avail_out - cut;
	deflateEnd(&zlib);
	add_head(conn, "200 OK", fields, len);
	FP_ASSERT(fp_buf_add(&conn->out, (char *)packed, len) == 0);
}

static void
gzip(struct conn *conn, unsigned long n)
{
	add_gzip(conn, n, 0);
}

static void
gzip_cut(struct conn *conn, unsigned long n)
{
	add_gzip(conn, n, 1 + n % 18);
}

static void
big(struct conn *conn, unsigned long n)
{
	char number[24];
	size_t times = 2000 + n % 9000;

	snprintf(number, sizeof(number), "%9lu,", n);
	add_head(conn, "200 OK", json, 10 * times + 11);
	add(conn, "[");
	for (size_t i = 0; i < times; i++)
		add(conn, number);
	number[9] = ']';
	add(conn, number);
}

static void
slow(struct conn *conn, unsigned long n)
{
	add_good(conn, n);
	conn->is_slow = true;
	n_slow++;
}

static void
nothing(struct conn *conn, unsigned long n)
{
	(void)n;
	add(conn, "HTTP/1.1 204 No Content\r\n\r\n");
}

static void
redirect(struct conn *conn, unsigned long n)
{
	char fields[80];

	snprintf(fields, sizeof(fields), "Location: /good/%lu\r\n", n);
	add_head(conn, "302 Found", fields, 0);
}

static void
interim(struct conn *conn, unsigned long n)
{
	add(conn, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
	add_good(conn, n);
}

/* What follows is for nobody. */
static void
extra(struct conn *conn, unsigned long n)
{
	add_good(conn, n);
	add_good(conn, N_MAX);
}

static void
cut(struct conn *conn, unsigned long n)
{
	add_good(conn, n);
	conn->out.len -= 1 + n % 20;
	conn->after = CLOSE;
}

static void
chunks_cut(struct conn *conn, unsigned long n)
{
	chunked(conn, n);
	conn->out.len -= 3 + n % 30;
	conn->after = CLOSE;
}

static void
reset(struct conn *conn, unsigned long n)
{
	add_good(conn, n);
	conn->out.len -= 1 + n % 60;
	conn->after = RESET;
}

static void
json_cut(struct conn *conn, unsigned long n)
{
	until_close(conn, n);
	conn->out.len -= 2 + n % 5;
}

static void
hang_up(struct conn *conn, unsigned long n)
{
	conn->after = n % 2 ? CLOSE : RESET;
}

static void
missing(struct conn *conn, unsigned long n)
{
	(void)n;
	add_head(conn, "404 Not Found", json, 2);
	add(conn, "{}");
}

static void
broken(struct conn *conn, unsigned long n)
{
	(void)n;
	add_head(conn, "500 Internal Server Error", text, 4);
	add(conn, "oops");
}

static void
bad_json(struct conn *conn, unsigned long n)
{
	(void)n;
	add_head(conn, "200 OK", json, 8);
	add(conn, "{\"n\": 1,");
}

static void
two_lengths(struct conn *conn, unsigned long n)
{
	(void)n;
	add_head(conn, "200 OK", "Content-Length: 7\r\n", 5);
	add(conn, "hello");
	conn->after = CLOSE;
}

static void
no_http(struct conn *conn, unsigned long n)
{
	(void)n;
	add(conn, "SSH-2.0-OpenSSH_9.2p1\r\n");
	conn->after = CLOSE;
}

static void
endless_head(struct conn *conn, unsigned long n)
{
	(void)n;
	add(conn, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 5000; i++)
		add(conn, "X-More: and more, and more, and more of it\r\n");
	conn->after = CLOSE;
}

/* Bad once or twice. */
static void
flaky(struct conn *conn, unsigned long n)
{
	static void (*const faults[])(struct conn *, unsigned long) = {
		cut, reset, hang_up, gzip_cut, broken, chunks_cut};

	if (asked[n] < 255)
		asked[n]++;
	if (asked[n] <= 1 + n % 2)
		faults[n / 2 % FP_ARRAY_LEN(faults)](conn, n);
	else
		add_good(conn, n);
}

static const struct {
	const char *word;
	void (*answer)(struct conn *, unsigned long n);
} answers[] = {{"good", good}, {"chunked", chunked}, {"close", until_close},
	{"gzip", gzip}, {"big", big}, {"slow", slow}, {"nothing", nothing},
	{"redirect", redirect}, {"interim", interim}, {"extra", extra},
	{"cut", cut}, {"chunkscut", chunks_cut}, {"reset", reset},
	{"jsoncut", json_cut}, {"gzipcut", gzip_cut}, {"hangup", hang_up},
	{"missing", missing}, {"broken", broken}, {"badjson", bad_json},
	{"twolengths", two_lengths}, {"nohttp", no_http},
	{"head", endless_head}, {"flaky", flaky}};

/* ---- connections ---- */

static void
drop(int fd, enum after how)
{
	struct conn *conn = &conns[fd];
	struct linger linger = {.l_onoff = 1};

	if (how == RESET)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	n_slow -= conn->is_slow;
	conn->is_open = conn->is_slow = false;
	close(fd);
}

/* What of this connection is to be told: nothing while it is slow. */
static void
watch(int fd, int how)
{
	struct epoll_event event = {.data.fd = fd};

	if (!conns[fd].is_slow)
		event.events = conns[fd].out.len ? EPOLLOUT : EPOLLIN;
	FP_ASSERT(epoll_ctl(poller, how, fd, &event) == 0);
}

/* Sends what can be sent, in steps where it is slow. */
static void
push(int fd)
{
	struct conn *conn = &conns[fd];
	size_t most = conn->is_slow ? 1 + conn->out.len / 4 : SIZE_MAX;

	while (conn->sent < conn->out.len && most > 0) {
		size_t len = FP_MIN(conn->out.len - conn->sent, most);
		ssize_t n = send(
			fd, conn->out.data + conn->sent, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			drop(fd, CLOSE);
		if (n < 0)
			return;
		conn->sent += (size_t)n;
		most -= FP_MIN((size_t)n, most);
	}
	if (conn->sent == conn->out.len) {
		n_slow -= conn->is_slow;
		conn->is_slow = false;
		conn->out.len = conn->sent = 0;
		if (conn->after != KEEP) {
			drop(fd, conn->after);
			return;
		}
	}
	watch(fd, EPOLL_CTL_MOD);
}

static void
answer(int fd)
{
	struct conn *conn = &conns[fd];
	char word[16];
	unsigned long n;

	if (sscanf(conn->in, "GET /%15[a-z]/%lu", word, &n) != 2 ||
		n >= N_MAX) {
		missing(conn, 0);
		return;
	}
	for (size_t i = 0; i < FP_ARRAY_LEN(answers); i++) {
		if (strcmp(answers[i].word, word) == 0) {
			answers[i].answer(conn, n);
			return;
		}
	}
	missing(conn, 0);
}

static void
take(int fd)
{
	struct conn *conn = &conns[fd];
	ssize_t n = recv(fd, conn->in + conn->in_len,
		sizeof(conn->in) - conn->in_len - 1, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		drop(fd, CLOSE);
		return;
	}
	conn->in_len += (size_t)n;
	conn->in[conn->in_len] = '\0';
	if (!strstr(conn->in, "\r\n\r\n"))
		return;
	answer(fd);
	conn->in_len = 0;
	push(fd);
}

static void
welcome(int listener)
{
	int fd, on = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		if (fd >= FDS_MAX) {
			close(fd);
			continue;
		}
		conns[fd].is_open = true;
		conns[fd].after = KEEP;
		conns[fd].in_len = conns[fd].sent = conns[fd].out.len = 0;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		watch(fd, EPOLL_CTL_ADD);
	}
}

static int
listen_here(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&address, len) || listen(fd, 4096) ||
		getsockname(fd, (struct sockaddr *)&address, &len))
		return -1;
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

static void
push_slow(void)
{
	for (int fd = 0; n_slow > 0 && fd < FDS_MAX; fd++) {
		if (conns[fd].is_open && conns[fd].is_slow)
			push(fd);
	}
}

static void
serve(const struct epoll_event *event)
{
	int fd = event->data.fd;

	if (event->events & (EPOLLERR | EPOLLHUP))
		drop(fd, CLOSE);
	else if (event->events & EPOLLOUT)
		push(fd);
	else if (event->events & EPOLLIN)
		take(fd);
}

int
main(void)
{
	int listener = listen_here();
	struct epoll_event events[256];

	poller = epoll_create1(0);
	for (int fd = 0; fd <= listener; fd += listener) {
		struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
		if (listener < 1 ||
			epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) {
			perror("mixedserver");
			return EXIT_FAILURE;
		}
	}
	for (;;) {
		int n = epoll_wait(
			poller, events, FP_ARRAY_LEN(events), n_slow ? 1 : -1);
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == STDIN_FILENO)
				return EXIT_SUCCESS;
			if (events[i].data.fd == listener)
				welcome(listener);
			else
				serve(&events[i]);
		}
		push_slow();
	}
}
