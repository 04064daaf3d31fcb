/* SPDX-License-Identifier: MIT */
/*
 * formopt: the fields of a form as curl's --form has them, and the same with
 * {{}} in them, which is filled in for each item. A value that is filled in
 * stays one: no line makes a file's name or a type of itself.
 *
 *	name=value	also name="a;b"; with ;type= and ;filename= behind it
 *	name=@file	what is in the file, with its name and type
 *	name=<file	what is in the file, as if it was the value
 *
 * Threads: written before there are any; constant afterwards.
 * Ownership: the settings own the fields; fp_formopt_destroy() frees them.
 * Failure: false: the value is wrong, and msg has said so.
 */
#ifndef FP_FORMOPT_H
#define FP_FORMOPT_H

#include "base.h"

#include "settings.h"

fp_setter fp_formopt_form;
fp_setter fp_formopt_string;
fp_setter fp_formopt_expand;

/* Makes the pool's form of fields that are the same for all items. False: no
 * memory. */
bool fp_formopt_settle(struct fp_settings *settings);

void fp_formopt_destroy(struct fp_settings *settings);

#endif
