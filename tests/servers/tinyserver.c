/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "tinyserver.h"

#include "clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
drop(struct tinyserver *server, size_t i)
{
	if (server->connections[i].is_waiting)
		atomic_fetch_sub(&server->n_open, 1);
	close(server->connections[i].fd);
	server->connections[i] = server->connections[--server->n];
}

static void
send_text(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void
ok(struct tinyserver *server, struct tiny_connection *connection)
{
	atomic_fetch_sub(&server->n_open, 1);
	connection->is_waiting = false;
	connection->due_ns = 0;
	send_text(connection->fd,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		"Content-Length: 14\r\n\r\n{ \"id\": [ 1 ]}");
}

/* Answers one request. false: the connection is to be closed. */
static bool
answer(struct tinyserver *server, struct tiny_connection *connection)
{
	const char *space = strchr(connection->request, ' ');
	const char *path = space ? space + 1 : "";
	unsigned open = atomic_fetch_add(&server->n_open, 1) + 1;
	unsigned max = atomic_load(&server->n_open_max);

	while (open > max &&
		!atomic_compare_exchange_weak(&server->n_open_max, &max, open))
		;
	atomic_fetch_add(&server->n_requests, 1);
	connection->is_waiting = true;
	if (strncmp(path, "/late/", 6) == 0) {
		connection->due_ns =
			fp_clock_now_ns() + atol(path + 6) * FP_NS_PER_MS;
		return true;
	}
	if (strncmp(path, "/never/", 7) == 0)
		return true;
	if (strncmp(path, "/ok/", 4) == 0) {
		ok(server, connection);
		return true;
	}
	atomic_fetch_sub(&server->n_open, 1);
	connection->is_waiting = false;
	if (strncmp(path, "/no/", 4) == 0) {
		send_text(connection->fd,
			"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}");
		return true;
	}
	if (strncmp(path, "/cut/", 5) == 0)
		send_text(connection->fd,
			"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
	return false;
}

/* Reads what came. false: the connection is to be closed. */
static bool
read_some(struct tinyserver *server, struct tiny_connection *connection)
{
	ssize_t n = recv(connection->fd, connection->request + connection->len,
		sizeof(connection->request) - connection->len - 1, 0);

	if (n <= 0)
		return false;
	connection->len += (size_t)n;
	connection->request[connection->len] = '\0';
	if (!strstr(connection->request, "\r\n\r\n"))
		return true;
	connection->len = 0;
	return answer(server, connection);
}

static void
accept_one(struct tinyserver *server)
{
	int fd = accept(server->listener, NULL, NULL), on = 1;

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	server->connections[server->n++] = (struct tiny_connection){.fd = fd};
}

static int
timeout_ms(struct tinyserver *server)
{
	int64_t now = fp_clock_now_ns(), left = INT64_MAX;

	for (size_t i = 0; i < server->n; i++) {
		if (server->connections[i].due_ns)
			left = FP_MIN(
				left, server->connections[i].due_ns - now);
	}
	if (left == INT64_MAX)
		return -1;
	return left <= 0 ? 0 : (int)(left / FP_NS_PER_MS) + 1;
}

static void
serve(void *arg)
{
	struct tinyserver *server = arg;
	struct pollfd fds[TINY_MAX + 2];

	for (;;) {
		bool full = server->n == TINY_MAX;
		fds[0] = (struct pollfd){server->stop[0], POLLIN, 0};
		fds[1] = (struct pollfd){
			full ? -1 : server->listener, POLLIN, 0};
		for (size_t i = 0; i < server->n; i++)
			fds[i + 2] = (struct pollfd){
				server->connections[i].fd, POLLIN, 0};
		size_t n = server->n;
		poll(fds, n + 2, timeout_ms(server));
		if (fds[0].revents)
			return;
		for (size_t i = n; i-- > 0;) {
			struct tiny_connection *at = &server->connections[i];
			if (at->due_ns && at->due_ns <= fp_clock_now_ns())
				ok(server, at);
			if (fds[i + 2].revents && !read_some(server, at))
				drop(server, i);
		}
		if (fds[1].revents)
			accept_one(server);
	}
}

struct tinyserver *
tiny_start(void)
{
	struct tinyserver *server = calloc(1, sizeof(*server));
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server->listener, (struct sockaddr *)&address, len) ||
		listen(server->listener, 1024) ||
		getsockname(
			server->listener, (struct sockaddr *)&address, &len) ||
		pipe(server->stop) ||
		fp_thread_start(&server->thread, 0, serve, server)) {
		perror("tinyserver");
		exit(EXIT_FAILURE);
	}
	server->port = ntohs(address.sin_port);
	return server;
}

/* Connections are accepted in turn, and all that is there is read in one round:
 * so after two requests of our own, which are later than all others, there was
 * a round for each of those. */
void
tiny_settle(struct tinyserver *server)
{
	static const char request[] = "GET /ok/ HTTP/1.1\r\n\r\n";
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)server->port)};
	char text[1024];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bool ok =
		connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	for (int i = 0; i < 2; i++) {
		send_text(fd, request);
		ok = ok && recv(fd, text, sizeof(text), 0) > 0;
	}
	close(fd);
	if (!ok) {
		perror("tinyserver");
		exit(EXIT_FAILURE);
	}
	while (atomic_load(&server->n_open) > 0)
		sched_yield();
}

void
tiny_stop(struct tinyserver *server)
{
	(void)!write(server->stop[1], "", 1);
	fp_thread_join(&server->thread);
	for (size_t i = 0; i < server->n; i++)
		close(server->connections[i].fd);
	close(server->listener);
	close(server->stop[0]);
	close(server->stop[1]);
	free(server);
}
