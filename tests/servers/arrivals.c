/* SPDX-License-Identifier: MIT */
/*
 * arrivals: a server that writes down when each request arrived, by the
 * kernel's clock, so that nothing of how busy this process is gets into it.
 *
 *	arrivals LOG ADDRESS...
 *
 * listens on a free port of each address, prints the ports on one line, and
 * ends when standard input does. A line there has the log written out, and is
 * answered by "REQUESTS OPEN MOST UNSTAMPED": requests so far, connections
 * that are open now, and were at most at a time, and requests that had to be
 * stamped here because the kernel did not. A line of LOG is
 *
 *	NANOSECONDS CONNECTION NTH HOST PATH
 *
 * for the NTH request on that connection. HOST is what the client called us.
 *
 * A request is answered by a little JSON, and 200, unless a part of its path
 * says something else:
 *
 *	/busy7/		503 to every 7th request that says so
 *	/pause7/	429 with "Retry-After: 1" to these
 *	/away7/		the same with "Retry-After: 600"
 *	/drop7/		no answer to every 7th of them that is not the first on
 *			its connection: that is closed, as if for being idle
 *	/cut7/		the same, of all of them
 *	/hop2/		302 to the same with /hop1/, which leads to the end
 *	/port8080/	302 to the rest of the path, on that port
 *	/late20/	20 ms later
 *
 * As a proxy it is asked to CONNECT to "late20.x:80", and is that host itself,
 * 20 ms later.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LISTENERS_MAX 16
#define REQUEST_MAX 4096
#define EVENTS_MAX 256
#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

struct connection {
	int fd;
	unsigned long number;
	unsigned long n_requests;
	int64_t arrived_ns; /* of the request that is coming in; 0: none */
	int64_t due_ns; /* of its answer, if that waits */
	struct connection *next_late;
	bool is_tunnel; /* what is due is the answer to CONNECT */
	bool is_dead; /* freed when its answer is due */
	size_t len;
	char request[REQUEST_MAX];
};

/* How often each of these was said. */
struct counts {
	unsigned long busy, pause, away, drop, cut;
};

struct server {
	int epoll;
	int listeners[LISTENERS_MAX];
	int n_listeners;
	FILE *log;
	unsigned long n_connections, n_open, n_open_max;
	unsigned long n_requests, n_unstamped;
	struct counts counts;
	struct connection *late; /* answers that wait, in no order */
};

static void
die(const char *what)
{
	fprintf(stderr, "arrivals: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int64_t
now_ns(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now))
		die("clock_gettime");
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* ---- steps of the wall clock ---- */

/* The kernel stamps with the wall clock. Were that set while a test runs,
 * requests would look closer together than they were, or further apart. So how
 * far it is ahead of a clock that is never set is looked at with each stamp,
 * and what has changed by more than the reading takes is put right. */
#define STEP_NS (NS_PER_MS / 2)

static int64_t
wall_ahead_ns(void)
{
	for (;;) {
		int64_t before = now_ns(CLOCK_BOOTTIME);
		int64_t wall = now_ns(CLOCK_REALTIME);
		if (now_ns(CLOCK_BOOTTIME) - before < STEP_NS / 4)
			return wall - before;
	}
}

/* How long ago something last came on a connection, by a clock that is never
 * set, to some milliseconds. */
static int64_t
silence_ns(int fd)
{
	struct tcp_info info = {.tcpi_last_data_recv = 0};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		die("TCP_INFO");
	return info.tcpi_last_data_recv * NS_PER_MS;
}

static int64_t
magnitude(int64_t ns)
{
	return ns < 0 ? -ns : ns;
}

/* A stamp from before the last step, that is read after it, has another age by
 * the wall clock than its connection is silent. */
static int64_t
without_steps(int64_t stamp_ns, int fd)
{
	static int64_t first_ns, step_ns, last_change_ns;
	int64_t ahead_ns = wall_ahead_ns();

	if (first_ns == 0)
		first_ns = ahead_ns;
	int64_t change_ns = ahead_ns - first_ns - step_ns;
	if (magnitude(change_ns) > STEP_NS) {
		step_ns += change_ns;
		last_change_ns = change_ns;
		fprintf(stderr,
			"# arrivals: the wall clock was set by %.3f ms\n",
			(double)change_ns / NS_PER_MS);
	}
	int64_t error_ns = now_ns(CLOCK_REALTIME) - stamp_ns - silence_ns(fd);
	bool is_older =
		magnitude(error_ns - last_change_ns) < magnitude(error_ns);
	return stamp_ns - step_ns + (is_older ? last_change_ns : 0);
}

/* ---- connections ---- */

static void
watch(struct server *server, int fd, void *what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};

	if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event))
		die("epoll_ctl");
}

static void
drop(struct server *server, struct connection *connection)
{
	close(connection->fd);
	server->n_open--;
	connection->is_dead = true;
	if (!connection->due_ns)
		free(connection);
}

static void
accept_all(struct server *server, int listener)
{
	int fd, on = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct connection *connection = calloc(1, sizeof(*connection));
		if (!connection)
			die("calloc");
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		connection->fd = fd;
		connection->number = ++server->n_connections;
		if (++server->n_open > server->n_open_max)
			server->n_open_max = server->n_open;
		watch(server, fd, connection);
	}
	if (errno != EAGAIN && errno != ECONNABORTED)
		die("accept4");
}

/* ---- answers ---- */

static void
reply(struct connection *connection, const char *head, const char *body)
{
	char text[REQUEST_MAX + 256];
	int len = snprintf(text, sizeof(text),
		"HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		head, strlen(body), body);

	if (send(connection->fd, text, (size_t)len, MSG_NOSIGNAL) < 0 &&
		errno != EPIPE && errno != ECONNRESET)
		die("send");
}

/* The number after a word in the path; 0: it is not there. */
static unsigned long
find(const char *path, const char *word)
{
	const char *at = strstr(path, word);

	return at ? strtoul(at + strlen(word), NULL, 10) : 0;
}

/* Counts one more. Whether it is an n-th; n 0: there are none. */
static bool
is_nth(unsigned long *count, unsigned long n)
{
	return n > 0 && ++*count % n == 0;
}

static void
reply_later(struct server *server, struct connection *connection,
	unsigned long late_ms)
{
	connection->due_ns =
		now_ns(CLOCK_MONOTONIC) + (int64_t)late_ms * NS_PER_MS;
	connection->next_late = server->late;
	server->late = connection;
}

/* What was waited for. */
static void
reply_now(struct connection *connection)
{
	static const char established[] = "HTTP/1.1 200 Established\r\n\r\n";

	if (!connection->is_tunnel)
		reply(connection, "200 OK", "{\"id\":1}");
	else if (send(connection->fd, established, sizeof(established) - 1,
			 MSG_NOSIGNAL) < 0)
		die("send");
	connection->is_tunnel = false;
}

static void
redirect(struct connection *connection, const char *path)
{
	char head[REQUEST_MAX + 64];
	const char *hop = strstr(path, "/hop");
	unsigned long left = find(path, "/hop");
	const char *rest;

	if (left > 0) {
		rest = hop + 4 + strspn(hop + 4, "0123456789");
		snprintf(head, sizeof(head),
			"302 Found\r\nLocation: %.*s%s%lu%s", (int)(hop - path),
			path, "/hop", left - 1, rest);
	} else {
		rest = strstr(path, "/port") + 5;
		rest += strspn(rest, "0123456789");
		snprintf(head, sizeof(head),
			"302 Found\r\nLocation: http://127.0.0.1:%lu%s",
			find(path, "/port"), rest);
	}
	reply(connection, head, "");
}

/* false: the connection is to be closed. */
static bool
answer(struct server *server, struct connection *connection, const char *path)
{
	struct counts *counts = &server->counts;
	unsigned long late_ms = find(path, "/late");

	if (connection->n_requests > 1 &&
		is_nth(&counts->drop, find(path, "/drop")))
		return false;
	if (is_nth(&counts->cut, find(path, "/cut")))
		return false;
	if (is_nth(&counts->pause, find(path, "/pause"))) {
		reply(connection, "429 Slow Down\r\nRetry-After: 1", "{}");
	} else if (is_nth(&counts->away, find(path, "/away"))) {
		reply(connection, "429 Slow Down\r\nRetry-After: 600", "{}");
	} else if (is_nth(&counts->busy, find(path, "/busy"))) {
		reply(connection, "503 Busy", "{}");
	} else if (find(path, "/hop") || find(path, "/port")) {
		redirect(connection, path);
	} else if (late_ms) {
		reply_later(server, connection, late_ms);
	} else {
		reply(connection, "200 OK", "{\"id\":1}");
	}
	return true;
}

/* Answers what is due, and says in how many ms the next one is; -1: none. */
static int
answer_late(struct server *server)
{
	struct connection **at = &server->late;
	int64_t now = now_ns(CLOCK_MONOTONIC), next = INT64_MAX;

	while (*at) {
		struct connection *connection = *at;
		if (connection->due_ns > now) {
			if (connection->due_ns < next)
				next = connection->due_ns;
			at = &connection->next_late;
			continue;
		}
		*at = connection->next_late;
		connection->due_ns = 0;
		if (connection->is_dead)
			free(connection);
		else
			reply_now(connection);
	}
	if (next == INT64_MAX)
		return -1;
	return (int)((next - now + NS_PER_MS - 1) / NS_PER_MS);
}

/* ---- requests ---- */

/* Writes it down and answers it. false: the connection is to be closed. */
static bool
take(struct server *server, struct connection *connection)
{
	char *path = strchr(connection->request, ' ');
	char *host = strcasestr(connection->request, "\r\nHost: ");

	if (!path || !host)
		return false;
	path++;
	if (strncmp(connection->request, "CONNECT ", 8) == 0) {
		connection->is_tunnel = true;
		connection->arrived_ns = 0;
		connection->len = 0;
		reply_later(server, connection, find(path, "late"));
		return true;
	}
	host += strlen("\r\nHost: ");
	path[strcspn(path, " \r\n")] = '\0';
	host[strcspn(host, "\r\n")] = '\0';
	server->n_requests++;
	connection->n_requests++;
	fprintf(server->log, "%lld %lu %lu %s %s\n",
		(long long)connection->arrived_ns, connection->number,
		connection->n_requests, host, path);
	connection->arrived_ns = 0;
	connection->len = 0;
	return answer(server, connection, path);
}

/* When what was received came; 0: the kernel does not say. */
static int64_t
stamp_of(struct msghdr *message)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
		part = CMSG_NXTHDR(message, part)) {
		struct timespec stamp;
		if (part->cmsg_level != SOL_SOCKET ||
			part->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&stamp, CMSG_DATA(part), sizeof(stamp));
		return stamp.tv_sec * NS_PER_S + stamp.tv_nsec;
	}
	return 0;
}

/* As recv(), and *stamp_ns is when it came; 0: the kernel does not say. */
static ssize_t
receive_stamped(int fd, void *data, size_t size, int64_t *stamp_ns)
{
	char control[256];
	struct iovec room = {data, size};
	struct msghdr message = {
		.msg_iov = &room,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &message, 0);

	*stamp_ns = n > 0 ? stamp_of(&message) : 0;
	return n;
}

/* false: the connection is to be closed. */
static bool
receive(struct server *server, struct connection *connection)
{
	int64_t stamp_ns;
	ssize_t n = receive_stamped(connection->fd,
		connection->request + connection->len,
		REQUEST_MAX - 1 - connection->len, &stamp_ns);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	if (connection->arrived_ns == 0 && stamp_ns == 0) {
		stamp_ns = now_ns(CLOCK_REALTIME);
		server->n_unstamped++;
	}
	if (connection->arrived_ns == 0)
		connection->arrived_ns =
			without_steps(stamp_ns, connection->fd);
	connection->len += (size_t)n;
	connection->request[connection->len] = '\0';
	if (strstr(connection->request, "\r\n\r\n"))
		return take(server, connection);
	return connection->len < REQUEST_MAX - 1;
}

/* ---- the whole ---- */

static void
listen_on(struct server *server, const char *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
	struct sockaddr_in name = {.sin_family = AF_INET};
	socklen_t len = sizeof(name);

	if (fd < 0 || server->n_listeners == LISTENERS_MAX ||
		inet_pton(AF_INET, address, &name.sin_addr) != 1 ||
		bind(fd, (struct sockaddr *)&name, sizeof(name)) ||
		listen(fd, 4096) ||
		getsockname(fd, (struct sockaddr *)&name, &len))
		die(address);

	/* From before the first request, and for all that are accepted. */
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	watch(server, fd, &server->listeners[server->n_listeners]);
	server->listeners[server->n_listeners++] = fd;
	printf("%s%d", server->n_listeners > 1 ? " " : "",
		ntohs(name.sin_port));
}

/* The kernel begins to stamp a moment after it was asked to. Sends bytes to
 * itself until they are stamped; if they never are, requests will not be. */
static void
wait_for_stamps(int listener)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	int from = socket(AF_INET, SOCK_STREAM, 0), to;
	int64_t stamp_ns = 0;
	char byte = 'x';

	if (from < 0 || getsockname(listener, (struct sockaddr *)&name, &len) ||
		connect(from, (struct sockaddr *)&name, len))
		die("connect");
	while ((to = accept(listener, NULL, NULL)) < 0 && errno == EAGAIN)
		;
	for (int i = 0; i < 1000 && stamp_ns == 0; i++) {
		if (send(from, &byte, 1, 0) != 1 ||
			receive_stamped(to, &byte, 1, &stamp_ns) != 1)
			die("no byte");
		if (stamp_ns == 0)
			usleep(1000);
	}
	close(from);
	close(to);
}

/* false: this was the end. */
static bool
tell(struct server *server)
{
	char line[64];

	if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
		return false;
	fflush(server->log);
	printf("%lu %lu %lu %lu\n", server->n_requests, server->n_open,
		server->n_open_max, server->n_unstamped);
	fflush(stdout);
	return true;
}

static bool
is_listener(const struct server *server, const void *what)
{
	for (int i = 0; i < server->n_listeners; i++) {
		if (what == &server->listeners[i])
			return true;
	}
	return false;
}

static void
serve(struct server *server)
{
	struct epoll_event events[EVENTS_MAX];

	for (;;) {
		int n = epoll_wait(
			server->epoll, events, EVENTS_MAX, answer_late(server));
		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		for (int i = 0; i < n; i++) {
			void *what = events[i].data.ptr;
			if (!what && !tell(server))
				return;
			if (!what)
				continue;
			if (is_listener(server, what))
				accept_all(server, *(int *)what);
			else if (!receive(server, what))
				drop(server, what);
		}
	}
}

int
main(int argc, char *argv[])
{
	static struct server server;
	struct rlimit files;

	if (argc < 3) {
		fprintf(stderr, "usage: arrivals LOG ADDRESS...\n");
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	server.log = fopen(argv[1], "w");
	server.epoll = epoll_create1(0);
	if (!server.log || server.epoll < 0)
		die(argv[1]);
	watch(&server, STDIN_FILENO, NULL);
	for (int i = 2; i < argc; i++)
		listen_on(&server, argv[i]);
	wait_for_stamps(server.listeners[0]);
	printf("\n");
	fflush(stdout);
	serve(&server);
	if (fclose(server.log))
		die(argv[1]);
	return 0;
}
