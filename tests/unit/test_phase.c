/* SPDX-License-Identifier: MIT */
#include "phase.h"

#include "tap.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAY(from, to) fp_phase_may_follow(FP_TRANSFER_##from, FP_TRANSFER_##to)

static void
all_end(void)
{
	for (int i = 0; i < FP_TRANSFER_PHASES; i++) {
		enum fp_transfer_phase phase = (enum fp_transfer_phase)i;
		bool is_idle = phase == FP_TRANSFER_IDLE;
		CHECK(fp_phase_may_follow(phase, FP_TRANSFER_IDLE) == !is_idle);
	}
}

static void
what_is_libcurls_may_begin_anew(void)
{
	for (int i = 0; i < FP_TRANSFER_PHASES; i++) {
		enum fp_transfer_phase phase = (enum fp_transfer_phase)i;
		bool may = phase != FP_TRANSFER_DELAYED;
		CHECK((fp_phase_may_follow(phase, FP_TRANSFER_RESOLVING) ||
			      fp_phase_may_follow(
				      phase, FP_TRANSFER_STRANGE)) == may);
		if (fp_phase_is_begun(phase)) {
			CHECK(!fp_phase_may_follow(phase, FP_TRANSFER_DELAYED));
			CHECK(!fp_phase_may_follow(phase, FP_TRANSFER_HELD));
		}
	}
}

/* A name is known when there is a connection to it, and is not forgotten. */
static void
none_gets_strange(void)
{
	for (int i = 0; i < FP_TRANSFER_PHASES; i++) {
		enum fp_transfer_phase phase = (enum fp_transfer_phase)i;
		bool may = phase == FP_TRANSFER_IDLE ||
			   phase == FP_TRANSFER_HELD ||
			   phase == FP_TRANSFER_STRANGE;
		CHECK(fp_phase_may_follow(phase, FP_TRANSFER_STRANGE) == may);
	}
	CHECK(MAY(STRANGE, CONNECTING) && MAY(STRANGE, REUSING));
	CHECK(!MAY(STRANGE, RESOLVING) && !MAY(RESOLVING, STRANGE));
}

/* Nothing comes that was not asked for: only what is sent has an answer, and
 * only what has a connection is sent. */
static void
no_answer_before_the_request(void)
{
	for (int i = 0; i < FP_TRANSFER_PHASES; i++) {
		enum fp_transfer_phase phase = (enum fp_transfer_phase)i;
		bool is_sent = phase == FP_TRANSFER_SENT;
		bool has_connection = is_sent ||
				      phase == FP_TRANSFER_CONNECTING ||
				      phase == FP_TRANSFER_REUSING;
		CHECK(fp_phase_may_follow(phase, FP_TRANSFER_SENT) ==
			has_connection);
		CHECK(fp_phase_may_follow(phase, FP_TRANSFER_ENOUGH) ==
			is_sent);
		CHECK(fp_phase_may_follow(phase, FP_TRANSFER_BODY) ==
			(is_sent || phase == FP_TRANSFER_PAUSED));
	}
	CHECK(MAY(BODY, PAUSED) && !MAY(SENT, PAUSED));
	CHECK(!MAY(LEAVING, BODY) && !MAY(ENOUGH, BODY));
}

static void
moves_are_counted(void)
{
	static const enum fp_transfer_phase way[] = {FP_TRANSFER_HELD,
		FP_TRANSFER_STRANGE, FP_TRANSFER_CONNECTING,
		FP_TRANSFER_RESOLVING, FP_TRANSFER_CONNECTING, FP_TRANSFER_SENT,
		FP_TRANSFER_SENT, FP_TRANSFER_BODY, FP_TRANSFER_PAUSED,
		FP_TRANSFER_BODY, FP_TRANSFER_IDLE};
	struct fp_phases phases = {{[FP_TRANSFER_IDLE] = 3}};
	enum fp_transfer_phase phase = FP_TRANSFER_IDLE;

	for (size_t i = 0; i < FP_ARRAY_LEN(way); i++) {
		fp_phase_move(&phases, &phase, way[i]);
		CHECK(phase == way[i]);
		CHECK(phases.n[phase] == (phase == FP_TRANSFER_IDLE ? 3 : 1));
		CHECK(fp_phases_n_resolving(&phases) ==
			fp_phase_is_resolving(phase));
		unsigned n = 0;
		for (int k = 0; k < FP_TRANSFER_PHASES; k++)
			n += phases.n[k];
		CHECK(n == 3);
	}
}

/* A build with NDEBUG goes on. */
static void
a_move_that_is_not_legal_aborts(void)
{
	struct fp_phases phases = {{[FP_TRANSFER_IDLE] = 1}};
	enum fp_transfer_phase phase = FP_TRANSFER_IDLE;
	const struct rlimit none = {0, 0};
	bool is_debug = true;
	int status;

#ifdef NDEBUG
	is_debug = false;
#endif
	pid_t child = fork();
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &none);
		fp_phase_move(&phases, &phase, FP_TRANSFER_BODY);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) == is_debug);
}

int
main(void)
{
	run("every phase may be the last, but idle", all_end);
	run("what is libcurl's may begin anew, and rests no more",
		what_is_libcurls_may_begin_anew);
	run("none gets strange that has had a connection", none_gets_strange);
	run("nothing is answered before it was sent",
		no_answer_before_the_request);
	run("moves are counted", moves_are_counted);
	run("a move that is not legal aborts", a_move_that_is_not_legal_aborts);
	return done();
}
