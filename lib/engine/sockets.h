/* SPDX-License-Identifier: MIT */
/*
 * sockets: the connections of one worker, so that one can be looked at before
 * it is used again. Bytes that wait on an idle connection belong to no request:
 * a server has sent more than it was asked for, and a libcurl that does not
 * look takes them for the next answer.
 *
 * Threads: the worker's alone.
 * Ownership: the descriptors are libcurl's.
 * Failure: fp_sockets_init() -1 with ENOMEM. One that finds no place is not
 * known, and then not looked at.
 */
#ifndef FP_SOCKETS_H
#define FP_SOCKETS_H

#include "base.h"

struct fp_socket {
	int fd; /* -1: this place is free */
	bool is_used; /* by a request before */
	uint64_t key; /* of both ends' addresses and ports; 0: not known */
};

struct fp_sockets {
	struct fp_socket *all;
	size_t n;
};

/* What the gate is told of a connection: addresses as text, ports. */
struct fp_ends {
	const char *local_ip, *remote_ip;
	int local_port, remote_port;
};

int fp_sockets_init(struct fp_sockets *sockets, size_t n);
void fp_sockets_destroy(struct fp_sockets *sockets);

/* libcurl opened, and closed, this one. */
void fp_sockets_add(struct fp_sockets *sockets, int fd);
void fp_sockets_remove(struct fp_sockets *sockets, int fd);

/* The connection between these ends, which a request is about to use; NULL if
 * it is not known. Its place stays the same while it is open. */
struct fp_socket *fp_sockets_find(
	struct fp_sockets *sockets, const struct fp_ends *ends);

/* The same by its descriptor. */
struct fp_socket *fp_sockets_of(struct fp_sockets *sockets, int fd);

/* Whether nothing waits on it, no bytes and not its end. */
bool fp_socket_is_clean(const struct fp_socket *socket);

/* Whether its end has not come, whatever else waits on it. */
bool fp_socket_is_open(const struct fp_socket *socket);

#endif
