/* SPDX-License-Identifier: MIT */
/*
 * What is asked of one socket after the other, as libcurl asks it.
 */
#include "base.h"

#include "glance.h"
#include "tap.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* As libcurl has it. */
#define QUESTION (POLLIN | POLLPRI | POLLRDNORM | POLLRDBAND)

static int ours, theirs;

static void
set_out(void)
{
	int both[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) == 0);
	ours = both[0];
	theirs = both[1];
	fp_glance_begin();
}

static void
end(void)
{
	fp_glance_end();
	close(ours);
	if (theirs >= 0)
		close(theirs);
}

static bool
says(const char *text)
{
	ssize_t len = (ssize_t)strlen(text);

	return write(theirs, text, (size_t)len) == len;
}

/* What poll() says; -1 if its number does not fit that. */
static int
ask(int fd, int events)
{
	struct pollfd one = {.fd = fd, .events = (short)events, .revents = -1};
	int n = poll(&one, 1, 0);

	return n == (one.revents != 0) ? one.revents : -1;
}

static void
the_first_question_is_the_gates_as_well(void)
{
	set_out();
	errno = EINTR;
	CHECK(ask(ours, QUESTION) == 0);
	CHECK(errno == EINTR);
	CHECK(fp_glance_is_clean(ours));
	/* Not what came of it later. */
	CHECK(!fp_glance_is_clean(ours));
	end();
}

static void
what_is_there_is_found(void)
{
	set_out();
	CHECK(says("x"));
	CHECK(ask(ours, QUESTION) == (POLLIN | POLLRDNORM));
	CHECK(!fp_glance_is_clean(ours));
	end();
}

static void
an_end_is_found(void)
{
	set_out();
	close(theirs);
	theirs = -1;
	CHECK(ask(ours, QUESTION) & POLLHUP);
	CHECK(!fp_glance_is_clean(ours));
	end();
}

/* A look must not take from libcurl what it has to hear: a reset that reads as
 * an end makes a cut answer a whole one. */
static void
a_reset_stays_to_be_read(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	char byte;

	int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(bind(door, (struct sockaddr *)&at, len) == 0);
	CHECK(listen(door, 1) == 0);
	CHECK(getsockname(door, (struct sockaddr *)&at, &len) == 0);
	ours = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(connect(ours, (struct sockaddr *)&at, len) == 0);
	theirs = accept(door, NULL, NULL);
	close(door);
	CHECK(setsockopt(theirs, SOL_SOCKET, SO_LINGER, &at_once,
		      sizeof(at_once)) == 0);
	close(theirs);
	theirs = -1;
	struct pollfd hang_up = {.fd = ours, .events = 0};
	CHECK(poll(&hang_up, 1, 10000) == 1);

	fp_glance_begin();
	CHECK(ask(ours, QUESTION) & POLLERR);
	CHECK(!fp_glance_is_clean(ours));
	CHECK(recv(ours, &byte, 1, MSG_DONTWAIT) == -1);
	CHECK(errno == ECONNRESET);
	end();
}

static void
after_a_request_nothing_is_looked_at_once(void)
{
	set_out();
	fp_glance_sends(ours);
	CHECK(says("x"));
	CHECK(ask(ours, QUESTION) == 0);
	/* It was not looked at, so it is not known to be clean. */
	CHECK(!fp_glance_is_clean(ours));
	CHECK(ask(ours, QUESTION) == (POLLIN | POLLRDNORM));
	end();
}

static void
another_socket_is_looked_at(void)
{
	set_out();
	fp_glance_sends(theirs);
	CHECK(says("x"));
	CHECK(ask(ours, QUESTION) == (POLLIN | POLLRDNORM));
	/* And then no more is known of the first. */
	CHECK(send(ours, "y", 1, MSG_NOSIGNAL) == 1);
	CHECK(ask(theirs, QUESTION) == (POLLIN | POLLRDNORM));
	end();
}

static void
other_questions_go_to_the_system(void)
{
	struct pollfd two[2] = {{ours, QUESTION, 0}, {ours, QUESTION, 0}};

	set_out();
	two[0].fd = two[1].fd = ours;
	CHECK(says("x"));
	fp_glance_sends(ours);
	CHECK(ask(ours, QUESTION | POLLOUT) == (POLLIN | POLLRDNORM | POLLOUT));
	CHECK(ask(ours, POLLIN) == POLLIN);
	CHECK(poll(two, 2, 0) == 2);
	CHECK(poll(two, 1, 1000) == 1);
	CHECK(poll(NULL, 0, 0) == 0);
	end();
}

static void
nothing_is_known_outside_of_a_call(void)
{
	set_out();
	CHECK(ask(ours, QUESTION) == 0);
	fp_glance_sends(ours);
	fp_glance_end();
	CHECK(says("x"));
	CHECK(!fp_glance_is_clean(ours));
	fp_glance_sends(ours);
	CHECK(ask(ours, QUESTION) == (POLLIN | POLLRDNORM));
	fp_glance_begin();
	CHECK(ask(ours, QUESTION) == (POLLIN | POLLRDNORM));
	end();
}

static void
a_closed_one_is_forgotten(void)
{
	set_out();
	CHECK(ask(ours, QUESTION) == 0);
	fp_glance_closing(ours);
	CHECK(!fp_glance_is_clean(ours));
	fp_glance_sends(ours);
	fp_glance_closing(ours);
	CHECK(says("x"));
	CHECK(ask(ours, QUESTION) == (POLLIN | POLLRDNORM));
	end();
}

int
main(void)
{
	run("the gate knows what libcurl has asked for",
		the_first_question_is_the_gates_as_well);
	run("what is there is found", what_is_there_is_found);
	run("an end is found", an_end_is_found);
	run("a reset stays to be read", a_reset_stays_to_be_read);
	run("after a request, nothing is looked at once",
		after_a_request_nothing_is_looked_at_once);
	run("another socket is looked at", another_socket_is_looked_at);
	run("other questions go to the system",
		other_questions_go_to_the_system);
	run("nothing is known outside of a call",
		nothing_is_known_outside_of_a_call);
	run("a closed one is forgotten", a_closed_one_is_forgotten);
	return done();
}
