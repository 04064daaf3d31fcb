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
	fp_sockets_add(&sockets, pair.client);
	struct fp_socket *place = fp_sockets_find(&sockets, &pair.ends);
	CHECK(place && !place->is_used);
	CHECK(is_clean(&sockets, &pair.ends));
	place->is_used = true;
	say(&pair);
	CHECK(fp_sockets_find(&sockets, &pair.ends) == place);
	CHECK(!is_clean(&sockets, &pair.ends));
	fp_sockets_remove(&sockets, pair.client);
	CHECK(!fp_sockets_find(&sockets, &pair.ends));

	/* Whoever gets the place has it as new. */
	fp_sockets_add(&sockets, pair.client);
	place = fp_sockets_find(&sockets, &pair.ends);
	CHECK(place && !place->is_used);
	fp_sockets_destroy(&sockets);
	close_pair(&pair);
	close(listener);
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
	fp_sockets_add(&sockets, first.client);
	fp_sockets_add(&sockets, second.client);
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
	fp_sockets_add(&sockets, pair.client);
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
	return done();
}
