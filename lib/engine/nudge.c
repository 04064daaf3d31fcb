/* SPDX-License-Identifier: MIT */
/*
 * THE NEXT ADDRESS
 *
 * When an address refuses, or has not answered in its part of the time for
 * connecting, libcurl 7.88.0 to 8.3 closes its socket, and opens one for the
 * next address of the same family when it is called again. But it does not ask
 * to be called (8.4.0 does: "connect: expire the timeout when trying next"),
 * and tells neither that it closed the one nor, as that mostly had the same
 * number, that it wants to hear of the other. So the gate has each of these
 * sockets watched; and here it is found out whether they are still there, by
 * their inodes: after each call that may have closed one. These are the call in
 * which it was opened, calls for the socket itself, and calls for a timer; all
 * that connect are looked at after the last of these, but at most every few
 * milliseconds.
 *
 * THE END OF AN ANSWER
 *
 * libcurl below 8.0.0 does not see the end of an answer in HTTP/2 that was read
 * while the request, which has a body, was still being sent: no
 * socket will be ready for what it has read. So after each of these, such a
 * transfer is looked at some times: to send what is left of its request, frame
 * by frame, and to see the end.
 *
 * HOW
 *
 * There is no call for that. But a transfer that was paused and goes on is
 * looked at, with all that it may be waiting for, as soon as libcurl is called
 * for its timer, which it then asks for at once.
 */
#include "base.h"

#include "nudge.h"

#include <string.h>
#include <sys/stat.h>

#define LOOK_NS (5 * FP_NS_PER_MS)

/* As many frames as fit into a window of 64 KiB, the end, and one to see it. */
#define ANSWER_NUDGES 6

/* Whether one of its sockets was closed since. */
static bool
lost_socket(struct fp_transfer *transfer)
{
	bool is_lost = false;
	struct stat status;

	for (int i = 0; i < 2; i++) {
		if (transfer->nudge.sockets[i].inode == 0 ||
			(fstat(transfer->nudge.sockets[i].fd, &status) == 0 &&
				status.st_ino ==
					transfer->nudge.sockets[i].inode))
			continue;
		transfer->nudge.sockets[i].inode = 0;
		is_lost = true;
	}
	return is_lost;
}

static bool
has_socket(const struct fp_transfer *transfer, curl_socket_t fd)
{
	return (transfer->nudge.sockets[0].inode &&
		       transfer->nudge.sockets[0].fd == fd) ||
	       (transfer->nudge.sockets[1].inode &&
		       transfer->nudge.sockets[1].fd == fd);
}

static void
look_at_connecting(struct fp_lane *lane, curl_socket_t fd)
{
	bool is_timer = fd == CURL_SOCKET_TIMEOUT;
	int64_t due_ns = lane->looked_ns + LOOK_NS;
	bool is_due = is_timer && *lane->context.now_ns >= due_ns;

	if (is_due) {
		lane->looked_ns = *lane->context.now_ns;
		lane->look_ns = INT64_MAX;
	} else if (is_timer) {
		lane->look_ns = due_ns;
	}
	for (unsigned i = 0; i < lane->share.slots; i++) {
		struct fp_transfer *transfer = &lane->transfers[i];
		if (transfer->phase != FP_TRANSFER_CONNECTING ||
			!(is_due || transfer->nudge.is_doubtful ||
				has_socket(transfer, fd)))
			continue;
		transfer->nudge.is_doubtful = false;
		if (lost_socket(transfer))
			transfer->nudge.n = 1;
	}
}

static void
look_at_answers(struct fp_lane *lane, curl_socket_t fd, int64_t since_ns)
{
	for (unsigned i = 0; i < lane->share.slots; i++) {
		struct fp_transfer *transfer = &lane->transfers[i];
		if (fp_phase_is_begun(transfer->phase) &&
			transfer->n_on_wire > 0 &&
			strcmp(transfer->request.method, "GET") != 0 &&
			(transfer->heard_ns >= since_ns ||
				(fd != CURL_SOCKET_TIMEOUT &&
					transfer->n_header_bytes > 0)))
			transfer->nudge.n = ANSWER_NUDGES;
	}
}

void
fp_nudge(struct fp_lane *lane, curl_socket_t fd, int64_t since_ns)
{
	if (lane->context.phases.n[FP_TRANSFER_CONNECTING] > 0)
		look_at_connecting(lane, fd);
	if (lane->setup->forgets_read)
		look_at_answers(lane, fd, since_ns);
	for (unsigned i = 0; i < lane->share.slots; i++) {
		struct fp_transfer *transfer = &lane->transfers[i];
		if (!fp_phase_is_begun(transfer->phase) ||
			transfer->nudge.n == 0)
			continue;
		transfer->nudge.n--;
		if (transfer->phase == FP_TRANSFER_PAUSED)
			continue;
		curl_easy_pause(transfer->handle.easy, CURLPAUSE_SEND);
		curl_easy_pause(transfer->handle.easy, CURLPAUSE_CONT);
	}
}
