/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "tokencommand.h"

#include "ascii.h"
#include "msg.h"
#include "units.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void
fp_tokencommand_none(struct fp_tokencommand *command)
{
	*command = (struct fp_tokencommand){.stop_fds = {-1, -1}};
}

int
fp_tokencommand_open(
	struct fp_tokencommand *command, const struct fp_settings *settings)
{
	command->settings = settings;
	if (pipe2(command->stop_fds, O_CLOEXEC) == 0)
		return 0;
	fp_tokencommand_none(command);
	fp_msg_local("cannot start: %s", strerror(errno));
	return -1;
}

void
fp_tokencommand_close(struct fp_tokencommand *command)
{
	fp_tokencommand_stop(command);
	if (command->stop_fds[0] >= 0)
		close(command->stop_fds[0]);
	fp_shellrun_destroy(&command->shell);
	fp_buf_destroy(&command->why);
	fp_buf_destroy(&command->said);
	fp_tokencommand_none(command);
}

/* That can only close the pipe: it is called once by the pool, before it is
 * freed. */
void
fp_tokencommand_stop(void *arg)
{
	struct fp_tokencommand *command = arg;

	if (command->stop_fds[1] >= 0)
		close(command->stop_fds[1]);
	command->stop_fds[1] = -1;
}

/* What it wrote to standard error, on one line. */
static void
quote(struct fp_buf *to, const struct fp_buf *err)
{
	size_t len = err->len, from = 0;

	fp_buf_clear(to, 0);
	while (len > 0 && fp_ascii_is_space(err->data[len - 1]))
		len--;
	while (from < len && fp_ascii_is_space(err->data[from]))
		from++;
	for (size_t i = from; i < len; i++) {
		char c = err->data[i];
		bool is_break = c == '\n' || c == '\r';
		if (is_break &&
			(err->data[i - 1] == '\n' || err->data[i - 1] == '\r'))
			continue;
		if (is_break ? fp_buf_add_text(to, " / ")
			     : fp_buf_add_char(to, c))
			return;
	}
}

/* How it ended, if that was not well. */
static int
tokencommand_explain(struct fp_tokencommand *command)
{
	const struct fp_shellrun *shell = &command->shell;
	uint64_t ms = command->settings->token_timeout_ms;
	struct fp_buf *why = &command->why;

	fp_buf_clear(why, 0);
	switch (shell->end) {
	case FP_SHELLRUN_EXITED:
		if (shell->code == 0)
			return 0;
		return fp_buf_printf(why,
			"--token-command ended with exit status %d",
			shell->code);
	case FP_SHELLRUN_KILLED:
		return fp_buf_printf(why,
			"--token-command was killed by signal %d", shell->code);
	case FP_SHELLRUN_LATE:
		return fp_buf_printf(why,
			"--token-command timed out after %g s",
			(double)ms / 1e3);
	case FP_SHELLRUN_STOPPED:
		return fp_buf_add_text(why, "--token-command was stopped");
	case FP_SHELLRUN_LONG:
		return fp_buf_add_text(
			why, "--token-command printed more than 1 MiB");
	}
	abort();
}

int
fp_tokencommand_ask(void *arg, struct fp_token_reply *reply)
{
	struct fp_tokencommand *command = arg;
	const struct fp_settings *settings = command->settings;

	fp_shellrun_destroy(&command->shell);
	if (fp_shellrun(&command->shell, settings->token_command,
		    settings->token_timeout_ms, command->stop_fds[0])) {
		reply->why = errno == ENOMEM ? "out of memory"
					     : "--token-command: cannot run "
					       "/bin/sh";
		return -1;
	}
	quote(&command->said, &command->shell.err);
	reply->said = fp_buf_text(&command->said);
	if (tokencommand_explain(command)) {
		reply->why = "out of memory";
		return -1;
	}
	if (command->why.len > 0) {
		if (command->said.len > 0)
			(void)(fp_buf_add_text(&command->why, ": ") ||
				fp_buf_add_text(
					&command->why, command->said.data));
		reply->why = command->why.data;
		return -1;
	}
	reply->text = (struct fp_text){
		fp_buf_text(&command->shell.out), command->shell.out.len};
	return 0;
}
