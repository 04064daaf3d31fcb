/* SPDX-License-Identifier: MIT */
/*
 * Which descriptor belongs to a connection that is only known by its ends.
 */
#include "base.h"

#include "sockets.h"
#include "tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
	int client, server;
	struct fp_ends ends; /* as the client sees them */
	char local[INET6_ADDRSTRLEN], remote[INET6_ADDRSTRLEN];
};

static int
listen_on(const char *ip, uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	inet_pton(AF_INET, ip, &address.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
		listen(fd, 1)) {
		close(fd);
		return -1;
	}
	return fd;
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);

	getsockname(fd, (struct sockaddr *)&address, &len);
	return ntohs(address.sin_port);
}

/* A connection from a port, 0 for any, to this listener. false: the port is
 * another's. */
static bool
connect_from(struct pair *pair, int listener, const char *ip, uint16_t port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(port_of(listener))};
	struct sockaddr_in from = {
		.sin_family = AF_INET, .sin_port = htons(port)};
	int on = 1;

	inet_pton(AF_INET, ip, &to.sin_addr);
	from.sin_addr = to.sin_addr;
	pair->server = -1;
	pair->client = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(pair->client, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(pair->client, (struct sockaddr *)&from, sizeof(from)) ||
		connect(pair->client, (struct sockaddr *)&to, sizeof(to)))
		return false;
	pair->server = accept(listener, NULL, NULL);
	snprintf(pair->local, sizeof(pair->local), "%s", ip);
	snprintf(pair->remote, sizeof(pair->remote), "%s", ip);
	pair->ends = (struct fp_ends){pair->local, pair->remote,
		port_of(pair->client), port_of(listener)};
	return pair->server >= 0;
}

/* The other end says something that was not asked for. */
static void
say(const struct pair *pair)
{
	struct pollfd wait = {pair->client, POLLIN, 0};

	CHECK(write(pair->server, "x", 1) == 1);
	poll(&wait, 1, -1);
}

static void
close_pair(struct pair *pair)
{
	close(pair->client);
	if (pair->server >= 0)
		close(pair->server);
}

static bool
is_clean(struct fp_sockets *sockets, const struct fp_ends *ends)
{
	const struct fp_socket *found = fp_sockets_find(sockets, ends);

	CHECK(found);
	return found && fp_socket_is_clean(found);
}

static void
what_waits_is_seen(void)
{
	struct fp_sockets sockets;
	struct pair pair;
	int listener = listen_on("127.0.0.1", 0);

	CHECK(fp_sockets_init(&sockets, 4) == 0);
	CHECK(connect_from(&pair, listener, "127.0.0.1", 0));
	CHECK(!fp_sockets_find(&sockets, &pair.ends));
	fp_sockets_add(&sockets, pair.client, false);
	struct fp_socket *place = fp_sockets_find(&sockets, &pair.ends);
	CHECK(place && !place->is_used);
	CHECK(is_clean(&sockets, &pair.ends));
	place->is_used = true;
	say(&pair);
	CHECK(fp_sockets_find(&sockets, &pair.ends) == place);
	CHECK(!is_clean(&sockets, &pair.ends));
	fp_sockets_remove(&sockets, fp_sockets_of(&sockets, pair.client));
	CHECK(!fp_sockets_find(&sockets, &pair.ends));

	/* Whoever gets the place has it as new. */
	fp_sockets_add(&sockets, pair.client, false);
	place = fp_sockets_find(&sockets, &pair.ends);
	CHECK(place && !place->is_used);
	fp_sockets_destroy(&sockets);
	close_pair(&pair);
	close(listener);
}

/* Waits until the client's side has had the server's end, or its reset. */
static void
wait_for_end(const struct pair *pair)
{
	struct pollfd wait = {pair->client, POLLRDHUP, 0};

	poll(&wait, 1, -1);
}

static void
reset(struct pair *pair)
{
	struct linger linger = {1, 0};

	setsockopt(
		pair->server, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(pair->server);
	pair->server = -1;
}

enum order { CLOSED_BEFORE, CLOSED_AFTER, RESET_BEFORE, RESET_AFTER, UNREAD };

/* Whether it is proven that the server had no byte of a request. */
static bool
is_proven(enum order order, bool is_closed_first)
{
	struct fp_sockets sockets;
	struct fp_hold hold = {.socket = NULL};
	struct pair pair;
	char bytes[8];
	int listener = listen_on("127.0.0.1", 0);

	CHECK(fp_sockets_init(&sockets, 1) == 0);
	CHECK(connect_from(&pair, listener, "127.0.0.1", 0));
	fp_sockets_add(&sockets, pair.client, false);
	struct fp_socket *socket = fp_sockets_find(&sockets, &pair.ends);
	fp_socket_take(socket, &hold, true);
	CHECK(hold.id == socket->id && hold.flow == &socket->flow);
	CHECK(!fp_hold_is_unread(&hold));
	bool is_before = order == CLOSED_BEFORE || order == RESET_BEFORE;
	if (order == CLOSED_BEFORE) {
		close(pair.server);
		pair.server = -1;
	} else if (order == RESET_BEFORE) {
		reset(&pair);
	}
	if (is_before)
		wait_for_end(&pair);
	ssize_t n = send(pair.client, "POST", 4, MSG_NOSIGNAL);
	CHECK(n == 4 || order == RESET_BEFORE);
	if (!is_before && order != UNREAD)
		CHECK(read(pair.server, bytes, sizeof(bytes)) == 4);
	if (order == RESET_AFTER) {
		reset(&pair);
	} else if (!is_before) {
		close(pair.server);
		pair.server = -1;
	}
	wait_for_end(&pair);
	if (is_closed_first)
		fp_sockets_remove(&sockets, socket);
	bool ret = fp_hold_is_unread(&hold);
	CHECK(fp_hold_drop(&hold, 5) == (is_closed_first ? NULL : socket));
	CHECK(is_closed_first || socket->idle_since_ns == 5);
	fp_sockets_destroy(&sockets);
	close_pair(&pair);
	close(listener);
	return ret;
}

/* A FIN that acknowledges nothing of a request was sent before that came. A
 * reset says nothing. */
static void
what_was_not_received_is_known(void)
{
	for (int i = 0; i < 2; i++) {
		CHECK(is_proven(CLOSED_BEFORE, i));
		CHECK(!is_proven(CLOSED_AFTER, i));
		CHECK(!is_proven(RESET_BEFORE, i));
		CHECK(!is_proven(RESET_AFTER, i));
		CHECK(!is_proven(UNREAD, i));
	}
}

static void
idle_ones_are_found(void)
{
	struct fp_sockets sockets;
	struct fp_socket *oldest;
	struct fp_hold holds[3];

	CHECK(fp_sockets_init(&sockets, 3) == 0);
	for (int i = 0; i < 3; i++) {
		fp_sockets_add(&sockets, 1000 + i, false);
		CHECK(!fp_sockets_newest(&sockets, 7, &oldest) && !oldest);
	}
	for (int i = 0; i < 3; i++) {
		struct fp_socket *at = fp_sockets_of(&sockets, 1000 + i);
		at->server = 7;
		fp_socket_take(at, &holds[i], false);
		fp_hold_drop(&holds[i], 10 - i);
	}
	CHECK(fp_sockets_newest(&sockets, 7, &oldest)->fd == 1000);
	CHECK(oldest->fd == 1002);
	CHECK(!fp_sockets_newest(&sockets, 8, &oldest));
	fp_sockets_of(&sockets, 1000)->is_ended = true;
	CHECK(fp_sockets_newest(&sockets, 7, &oldest)->fd == 1001);
	fp_socket_take(fp_sockets_of(&sockets, 1001), &holds[1], false);
	CHECK(fp_sockets_newest(&sockets, 7, &oldest)->fd == 1002);
	fp_sockets_destroy(&sockets);
}

/* Two connections of the same ports, each between its own addresses. */
static void
addresses_tell_them_apart(void)
{
	struct fp_sockets sockets;
	struct pair first, second;
	int one = listen_on("127.0.0.1", 0);
	int two = listen_on("127.0.0.2", port_of(one));

	if (two < 0)
		SKIP("127.0.0.2 is not to be had");
	CHECK(connect_from(&first, one, "127.0.0.1", 0));
	if (!connect_from(
		    &second, two, "127.0.0.2", (uint16_t)first.ends.local_port))
		SKIP("the port is in use");
	CHECK(first.ends.local_port == second.ends.local_port);
	CHECK(first.ends.remote_port == second.ends.remote_port);

	CHECK(fp_sockets_init(&sockets, 4) == 0);
	fp_sockets_add(&sockets, first.client, false);
	fp_sockets_add(&sockets, second.client, false);
	CHECK(is_clean(&sockets, &second.ends));
	CHECK(is_clean(&sockets, &first.ends));
	say(&second);
	CHECK(is_clean(&sockets, &first.ends));
	CHECK(!is_clean(&sockets, &second.ends));
	fp_sockets_destroy(&sockets);
	close_pair(&first);
	close_pair(&second);
	close(one);
	close(two);
}

/* Bytes that wait do not hide the end that comes after them. */
static void
an_end_is_seen(void)
{
	struct fp_sockets sockets;
	struct pair pair;
	int listener = listen_on("127.0.0.1", 0);

	CHECK(fp_sockets_init(&sockets, 4) == 0);
	CHECK(connect_from(&pair, listener, "127.0.0.1", 0));
	CHECK(!fp_sockets_of(&sockets, pair.client));
	CHECK(!fp_sockets_of(&sockets, -1));
	fp_sockets_add(&sockets, pair.client, false);
	struct fp_socket *place = fp_sockets_of(&sockets, pair.client);
	CHECK(place == fp_sockets_find(&sockets, &pair.ends));
	CHECK(fp_socket_is_open(place));
	say(&pair);
	CHECK(fp_socket_is_open(place));
	shutdown(pair.server, SHUT_WR);
	struct pollfd wait = {pair.client, POLLRDHUP, 0};
	poll(&wait, 1, -1);
	CHECK(!fp_socket_is_open(place));
	fp_sockets_destroy(&sockets);
	close_pair(&pair);
	close(listener);
}

int
main(void)
{
	run("what waits on a connection is seen", what_waits_is_seen);
	run("addresses tell connections apart", addresses_tell_them_apart);
	run("the end of a connection is seen", an_end_is_seen);
	run("what was not received is known", what_was_not_received_is_known);
	run("idle ones are found", idle_ones_are_found);
	return done();
}
