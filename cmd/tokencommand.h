/* SPDX-License-Identifier: MIT */
/*
 * tokencommand: gets access tokens for the pool from a command of the user's.
 *
 * Threads: fp_tokencommand_ask() by one at a time, fp_tokencommand_stop() by
 * any.
 * Ownership: embedded by the run; it borrows the settings.
 * Failure: -1; where it says so, what is wrong is in the reply, and else was
 * said through msg.
 */
#ifndef FP_TOKENCOMMAND_H
#define FP_TOKENCOMMAND_H

#include "base.h"

#include "settings.h"
#include "shellrun.h"

struct fp_tokencommand {
	const struct fp_settings *settings;
	struct fp_shellrun shell;
	struct fp_buf why, said;
	int stop_fds[2]; /* a pipe: it is stopped by its end; -1: closed */
};

/* Nothing, until it is opened. */
void fp_tokencommand_none(struct fp_tokencommand *command);

int fp_tokencommand_open(
	struct fp_tokencommand *command, const struct fp_settings *settings);
void fp_tokencommand_close(struct fp_tokencommand *command);

/* An fp_token, and an fp_token_stop. */
int fp_tokencommand_ask(void *command, struct fp_token_reply *reply);
void fp_tokencommand_stop(void *command);

#endif
