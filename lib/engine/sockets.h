/* SPDX-License-Identifier: MIT */
/*
 * sockets: the connections of one lane: so that one can be looked at before
 * it is used again, and so that it is known what became of a request on it.
 *
 * Bytes that wait on an idle connection belong to no request: a server has sent
 * more than it was asked for, and a libcurl that does not look takes them for
 * the next answer.
 *
 * Threads: that of the loop alone.
 * Ownership: the descriptors are libcurl's.
 * Failure: fp_sockets_init() -1 with ENOMEM. One that finds no place is not
 * known, and then not looked at.
 */
#ifndef FP_SOCKETS_H
#define FP_SOCKETS_H

#include "base.h"

#include "tlsask.h"

struct fp_socket {
	int fd; /* -1: this place is free */
	bool is_used; /* by a request before */
	bool is_proven; /* a second one was answered on it */
	bool is_https; /* its first request was */
	bool is_quic; /* over UDP: HTTP/3 */
	bool is_http2; /* or newer: its last answer was */
	bool was_head; /* the last request on it was HEAD */
	bool is_ended; /* while it was idle, and that was noted */
	uint64_t id; /* no other one has the same, ever */
	uint64_t server; /* that it was last used for: a hash */
	unsigned n_users; /* requests on it now */
	int64_t idle_since_ns; /* if there are none */

	/* With the last request about to go out: bytes of TCP that the other
	 * end has acknowledged, and has sent. */
	uint64_t n_acked, n_received;
	struct fp_hold *hold; /* that request's; NULL: it does not ask */
	struct fp_tlsask_flow flow; /* what comes on it, with HTTP/2 */
};

/* A request's connection, for the time that it is on it and after. */
struct fp_hold {
	struct fp_socket *socket; /* NULL: none, or it is not known */
	uint64_t id; /* the socket's: it may be closed, and another one now; 0:
		      * there was none */
	struct fp_tlsask_flow *flow; /* the socket's, which stays when it was
				      * dropped; or NULL */
	bool is_http2;
	int64_t idle_ns; /* how long it had been idle; -1: it was new */
	bool is_unread; /* it is known that the request was not received */
};

struct fp_sockets {
	struct fp_socket *all;
	uint64_t *keys; /* of each one's ends, with ports; 0: not known */
	size_t n;
	size_t n_touched; /* places from here on never had one */
	uint64_t n_added;
};

/* What the gate is told of a connection: addresses as text, ports. */
struct fp_ends {
	const char *local_ip, *remote_ip;
	int local_port, remote_port;
};

int fp_sockets_init(struct fp_sockets *sockets, size_t n);
void fp_sockets_destroy(struct fp_sockets *sockets);

/* libcurl opened this one, and is about to close it. */
void fp_sockets_add(struct fp_sockets *sockets, int fd, bool is_quic);
void fp_sockets_remove(struct fp_sockets *sockets, struct fp_socket *socket);

/* The one with this descriptor; NULL if it is not known. */
struct fp_socket *fp_sockets_of(struct fp_sockets *sockets, int fd);

/* The connection between these ends, which a request is about to use; NULL if
 * it is not known. Its place stays the same while it is open. */
struct fp_socket *fp_sockets_find(
	struct fp_sockets *sockets, const struct fp_ends *ends);

/* Among the idle connections to a server: the one that was used last and the
 * one that was used first. NULL: there is none. */
struct fp_socket *fp_sockets_newest(
	struct fp_sockets *sockets, uint64_t server, struct fp_socket **oldest);

/* Whether nothing waits on it, no bytes and not its end. */
bool fp_socket_is_clean(const struct fp_socket *socket);

/* How many bytes of TCP have come on it, its FIN included; 0: nobody knows. */
uint64_t fp_socket_n_received(const struct fp_socket *socket);

/* Whether its end has not come, whatever else waits on it. */
bool fp_socket_is_open(const struct fp_socket *socket);

/* Whether something that was sent on it has not arrived yet. */
bool fp_socket_is_sending(const struct fp_socket *socket);

/* Whether it has ended; waits for that as long as this. */
bool fp_socket_ends_within(const struct fp_socket *socket, int timeout_ms);

/* A request is about to go out on it. With `asks`, it will be known whether it
 * was received at all. */
void fp_socket_take(struct fp_socket *socket, struct fp_hold *hold, bool asks);

/* Whether it is certain that the other end closed the connection before it had
 * any byte of this hold's request: its FIN came, and acknowledged none of it. A
 * server that has said that it sends no more can answer no request. */
bool fp_hold_is_unread(struct fp_hold *hold);

/* Lets go of it. NULL: it is closed, or was not known. */
struct fp_socket *fp_hold_drop(struct fp_hold *hold, int64_t now_ns);

#endif
