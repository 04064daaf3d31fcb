/* SPDX-License-Identifier: MIT */
/*
 * template: which URL template is used, and whether it is one that lines can
 * be put into.
 *
 * Threads: before there are any.
 * Ownership: the texts must live as long as the settings.
 * Failure: false: wrong usage, said through msg.
 */
#ifndef FP_TEMPLATE_H
#define FP_TEMPLATE_H

#include "base.h"

#include "settings.h"

/* `template` is the argument, NULL if there was none. Then it is the one from
 * the environment, or the public demonstration API's; and lines that are URLs
 * are taken as such. */
bool fp_template_choose(struct fp_settings *settings, const char *template,
	const char *from_environment);

#endif
