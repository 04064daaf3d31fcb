/* SPDX-License-Identifier: MIT */
/*
 * libcurl tells the gate the two ends of the connection that it will use, but
 * below 8.22.0 not its descriptor. So each descriptor is remembered when it is
 * opened, and gets its key (a hash of the ends) when it first comes to the
 * gate; the next time, the key finds it. Every request looks for one, so the
 * keys are side by side. There is room for more connections than there mostly
 * are: the places that none has had are not even written to.
 */
#include "base.h"

#include "sockets.h"

#include "hash.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Linux's own, of which <linux/tcp.h> has no names. */
#define STATE_ESTABLISHED 1
#define STATE_CLOSE_WAIT 8
#define STATE_LAST_ACK 9

int
fp_sockets_init(struct fp_sockets *sockets, size_t n)
{
	*sockets = (struct fp_sockets){.n = n};
	/* Not cleared, as that would be writing to it. */
	sockets->all = reallocarray(NULL, n, sizeof(sockets->all[0]));
	sockets->keys = reallocarray(NULL, n, sizeof(sockets->keys[0]));
	if (sockets->all && sockets->keys)
		return 0;
	fp_sockets_destroy(sockets);
	return -1;
}

void
fp_sockets_destroy(struct fp_sockets *sockets)
{
	free(sockets->all);
	free(sockets->keys);
	*sockets = (struct fp_sockets){.all = NULL};
}

void
fp_sockets_add(struct fp_sockets *sockets, int fd, bool is_quic)
{
	size_t i = 0;

	while (i < sockets->n_touched && sockets->all[i].fd >= 0)
		i++;
	if (i == sockets->n)
		return;
	sockets->n_touched = FP_MAX(sockets->n_touched, i + 1);
	sockets->keys[i] = 0;
	sockets->all[i] = (struct fp_socket){.fd = fd,
		.id = ++sockets->n_added,
		.is_quic = is_quic,
		.is_http2 = is_quic};
}

struct fp_socket *
fp_sockets_of(struct fp_sockets *sockets, int fd)
{
	for (size_t i = 0; fd >= 0 && i < sockets->n_touched; i++) {
		if (sockets->all[i].fd == fd)
			return &sockets->all[i];
	}
	return NULL;
}

void
fp_sockets_remove(struct fp_sockets *sockets, struct fp_socket *socket)
{
	if (socket->hold)
		fp_hold_is_unread(socket->hold);
	sockets->keys[socket - sockets->all] = 0;
	socket->fd = -1;
	socket->id = 0;
	socket->hold = NULL;
	socket->flow = (struct fp_tlsask_flow){.fd = -1};
}

static uint64_t
mix(uint64_t hash, const char *ip, int port)
{
	hash = fp_hash_bytes(hash, ip, strlen(ip) + 1);
	return fp_hash_bytes(hash, &port, sizeof(port));
}

static uint64_t
key_of(const struct fp_ends *ends)
{
	uint64_t hash = FP_HASH_EMPTY;

	hash = mix(hash, ends->local_ip, ends->local_port);
	hash = mix(hash, ends->remote_ip, ends->remote_port);
	return hash ? hash : 1;
}

/* Whether an address is what libcurl says: as inet_ntop() writes it. */
static bool
is_end(const struct sockaddr_storage *address, const char *ip, int port)
{
	char text[INET6_ADDRSTRLEN];
	const void *bytes;
	in_port_t their_port;

	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;
		bytes = &in->sin_addr;
		their_port = in->sin_port;
	} else if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)address;
		bytes = &in6->sin6_addr;
		their_port = in6->sin6_port;
	} else {
		return false;
	}
	return ntohs(their_port) == port &&
	       inet_ntop(address->ss_family, bytes, text, sizeof(text)) &&
	       strcmp(text, ip) == 0;
}

/* Whether a descriptor without a key is the one between these ends. */
static bool
is_between(int fd, const struct fp_ends *ends)
{
	struct sockaddr_storage local, remote;
	socklen_t local_len = sizeof(local), remote_len = sizeof(remote);

	return getsockname(fd, (struct sockaddr *)&local, &local_len) == 0 &&
	       getpeername(fd, (struct sockaddr *)&remote, &remote_len) == 0 &&
	       is_end(&local, ends->local_ip, ends->local_port) &&
	       is_end(&remote, ends->remote_ip, ends->remote_port);
}

struct fp_socket *
fp_sockets_find(struct fp_sockets *sockets, const struct fp_ends *ends)
{
	uint64_t key = key_of(ends);

	for (size_t i = 0; i < sockets->n_touched; i++) {
		if (sockets->keys[i] == key)
			return &sockets->all[i];
	}
	for (size_t i = 0; i < sockets->n_touched; i++) {
		struct fp_socket *at = &sockets->all[i];
		if (sockets->keys[i] == 0 && at->fd >= 0 &&
			is_between(at->fd, ends)) {
			sockets->keys[i] = key;
			return at;
		}
	}
	return NULL;
}

bool
fp_socket_is_clean(const struct fp_socket *socket)
{
	char byte;

	return recv(socket->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       errno == EAGAIN;
}

bool
fp_socket_is_open(const struct fp_socket *socket)
{
	struct pollfd look = {.fd = socket->fd, .events = POLLRDHUP};

	return poll(&look, 1, 0) == 0;
}

struct fp_socket *
fp_sockets_newest(
	struct fp_sockets *sockets, uint64_t server, struct fp_socket **oldest)
{
	struct fp_socket *newest = NULL;

	*oldest = NULL;
	for (size_t i = 0; i < sockets->n_touched; i++) {
		struct fp_socket *at = &sockets->all[i];
		if (at->fd < 0 || at->server != server || at->n_users > 0 ||
			!at->is_used || at->is_ended)
			continue;
		if (!newest || at->idle_since_ns > newest->idle_since_ns)
			newest = at;
		if (!*oldest || at->idle_since_ns < (*oldest)->idle_since_ns)
			*oldest = at;
	}
	return newest;
}

/* ---- what TCP knows of it ---- */

/* false: this is no TCP, or the system is older than these counts. */
static bool
get_tcp(const struct fp_socket *socket, struct tcp_info *info)
{
	socklen_t len = sizeof(*info);
	size_t least = offsetof(struct tcp_info, tcpi_bytes_received) +
		       sizeof(info->tcpi_bytes_received);

	return getsockopt(socket->fd, IPPROTO_TCP, TCP_INFO, info, &len) == 0 &&
	       len >= least;
}

bool
fp_socket_ends_within(const struct fp_socket *socket, int timeout_ms)
{
	struct pollfd event = {.fd = socket->fd, .events = POLLIN};
	struct tcp_info info;

	return poll(&event, 1, timeout_ms) > 0 && get_tcp(socket, &info) &&
	       info.tcpi_state != STATE_ESTABLISHED;
}

bool
fp_socket_is_sending(const struct fp_socket *socket)
{
	int n = 0;

	return ioctl(socket->fd, SIOCOUTQ, &n) == 0 && n > 0;
}

uint64_t
fp_socket_n_received(const struct fp_socket *socket)
{
	struct tcp_info info;

	return get_tcp(socket, &info) ? info.tcpi_bytes_received : 0;
}

void
fp_socket_take(struct fp_socket *socket, struct fp_hold *hold, bool asks)
{
	struct tcp_info info;

	socket->n_users++;
	socket->is_used = true;
	hold->socket = socket;
	hold->id = socket->id;
	hold->flow = &socket->flow;
	hold->is_unread = false;
	socket->hold = NULL;
	if (!asks || !get_tcp(socket, &info))
		return;
	socket->n_acked = info.tcpi_bytes_acked;
	socket->n_received = info.tcpi_bytes_received;
	socket->hold = hold;
}

/* The count of bytes received has the FIN in it. Where a reset followed, the
 * state does not tell any more whether there was one: then it was, if one byte
 * was received and none of an answer. */
bool
fp_hold_is_unread(struct fp_hold *hold)
{
	const struct fp_socket *socket = hold->socket;
	struct tcp_info info;

	if (!socket || socket->id != hold->id || socket->hold != hold ||
		!get_tcp(socket, &info))
		return hold->is_unread;
	bool is_ended = info.tcpi_state == STATE_CLOSE_WAIT ||
			info.tcpi_state == STATE_LAST_ACK ||
			info.tcpi_bytes_received == socket->n_received + 1;
	hold->is_unread |= is_ended && info.tcpi_bytes_acked == socket->n_acked;
	return hold->is_unread;
}

struct fp_socket *
fp_hold_drop(struct fp_hold *hold, int64_t now_ns)
{
	struct fp_socket *socket = hold->socket;

	hold->socket = NULL;
	if (!socket || socket->id != hold->id)
		return NULL;
	if (socket->hold == hold)
		socket->hold = NULL;
	if (--socket->n_users == 0)
		socket->idle_since_ns = now_ns;
	return socket;
}
