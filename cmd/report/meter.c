/* SPDX-License-Identifier: MIT */
/*
 * A bar is drawn for whoever watches, and only there: records on the same
 * terminal, or lines that are typed there, would mix with it; what a terminal
 * that is dumb would show of it, or a job in the background, is only in the
 * way. Who reads records from a pipe, such as jq, mostly writes to the same
 * terminal, and knows nothing of a bar: there it has to be asked for, but where
 * it can be seen that jq writes to somewhere else.
 *
 * With a bar there are keys: whoever looks at it may press one.
 */
#include "base.h"

#include "meter.h"

#include "keys.h"
#include "msg.h"
#include "pipeline.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define REDRAW_NS (FP_NS_PER_S / 10)

/* A run that is over so soon needs no bar. */
#define FIRST_NS (FP_NS_PER_S / 2)

/* What holds the run for so long is shown. */
#define HELD_NS (FP_NS_PER_S * 3 / 10)

/* Lines come after 1, 3, 7, 15, ... seconds, and then each minute. */
#define LINE_NS FP_NS_PER_S
#define LINE_MAX_NS (60 * FP_NS_PER_S)

static bool
is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	       (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

static enum fp_meter_how
meter_choose(const struct fp_settings *settings, int input_fd, int output_fd)
{
	const char *term = settings->term;
	bool can_draw = isatty(fp_msg_fd()) && term && term[0] &&
			strcmp(term, "dumb") != 0;
	bool is_alone = !isatty(output_fd) && !isatty(input_fd);

	switch (settings->progress) {
	case FP_PROGRESS_NEVER:
		return FP_METER_NONE;
	case FP_PROGRESS_ALWAYS:
		return can_draw && is_alone ? FP_METER_BAR : FP_METER_LINES;
	case FP_PROGRESS_AUTO:
		break;
	}
	return can_draw && is_alone && !settings->quiet ? FP_METER_BAR
							: FP_METER_NONE;
}

void
fp_meter_init(struct fp_meter *meter, const struct fp_settings *settings,
	int input_fd, int output_fd, int64_t now_ns)
{
	memset(meter, 0, sizeof(*meter));
	meter->how = meter_choose(settings, input_fd, output_fd);
	meter->columns = settings->columns;
	meter->wait_ns = LINE_NS;
	meter->due_ns = INT64_MAX;
	meter->pipe_fd = -1;
	if (settings->progress == FP_PROGRESS_AUTO && is_pipe(output_fd))
		meter->pipe_fd = output_fd;
	if (meter->how == FP_METER_LINES)
		meter->due_ns = now_ns + LINE_NS;
	else if (meter->how == FP_METER_BAR)
		meter->due_ns =
			now_ns + (settings->progress == FP_PROGRESS_ALWAYS
						 ? 0
						 : FIRST_NS);
	fp_progress_pace_note(&meter->pace, now_ns, 0);
}

/* Asked for each time: a terminal changes its size, and whose turn it is. */
static unsigned
ask_columns(const struct fp_meter *meter)
{
	struct winsize size;

	if (ioctl(fp_msg_fd(), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return meter->columns;
}

static bool
is_in_background(void)
{
	pid_t group = tcgetpgrp(fp_msg_fd());

	return group > 0 && group != getpgrp();
}

static void
show_line(struct fp_meter *meter, const struct fp_progress *progress,
	int64_t now_ns)
{
	char text[200];

	fp_progress_words(progress, text, sizeof(text));
	fp_msg_note("%s", text);
	meter->wait_ns = FP_MIN(2 * meter->wait_ns, LINE_MAX_NS);
	meter->due_ns = now_ns + meter->wait_ns;
}

/* What lasts only for a moment, between two others, is not worth reading. */
static void
note_held(struct fp_meter *meter, struct fp_progress *progress, int64_t now_ns)
{
	if (progress->held_by != meter->held_by) {
		meter->held_by = progress->held_by;
		meter->held_ns = now_ns;
	}
	if (now_ns - meter->held_ns < HELD_NS)
		progress->held[0] = '\0';
}

/* Whether there may be a bar: it is known now who reads the pipe. */
static bool
may_draw(struct fp_meter *meter)
{
	int pipe_fd = meter->pipe_fd;

	meter->pipe_fd = -1;
	if (pipe_fd < 0 || fp_pipeline_spares(pipe_fd, fp_msg_fd()))
		return true;
	meter->how = FP_METER_NONE;
	meter->due_ns = INT64_MAX;
	return false;
}

void
fp_meter_show(
	struct fp_meter *meter, struct fp_progress *progress, int64_t now_ns)
{
	uint64_t n_done = progress->n_succeeded + progress->n_failed;
	char text[FP_BAR_MAX];

	if (meter->how == FP_METER_LINES)
		show_line(meter, progress, now_ns);
	if (meter->how != FP_METER_BAR || meter->is_over || !may_draw(meter))
		return;
	note_held(meter, progress, now_ns);
	fp_progress_pace_note(&meter->pace, now_ns, n_done);
	progress->each_second =
		fp_progress_pace_of(&meter->pace, now_ns, n_done);
	meter->due_ns = now_ns + REDRAW_NS;
	if (is_in_background()) {
		fp_msg_bar_forget();
		return;
	}
	fp_keys_begin(fp_msg_fd(), now_ns);
	fp_progress_bar(progress, ask_columns(meter), text);
	fp_msg_bar(text);
	meter->was_shown = true;
}

void
fp_meter_hide(struct fp_meter *meter)
{
	if (meter->how == FP_METER_BAR) {
		fp_msg_bar("");
		fp_keys_end();
	}
}

void
fp_meter_end(struct fp_meter *meter)
{
	fp_meter_hide(meter);
	meter->is_over = true;
	meter->due_ns = INT64_MAX;
}

void
fp_meter_last(struct fp_meter *meter, const struct fp_progress *progress)
{
	char text[160];

	if (meter->how != FP_METER_BAR || !meter->was_shown)
		return;
	fp_progress_last(progress, text, sizeof(text));
	fp_msg_note("%s", text);
}
