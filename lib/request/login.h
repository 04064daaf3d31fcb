/* SPDX-License-Identifier: MIT */
/*
 * login: who a request logs in as, by the .netrc file that the options have:
 * what that says for the host of each hop. What the options or the URL say goes
 * before it.
 *
 * Threads: the transfer's.
 * Ownership: nothing is owned.
 * Failure: libcurl's, which is a want of memory.
 */
#ifndef FP_LOGIN_H
#define FP_LOGIN_H

#include "base.h"

#include "request.h"

/* Sets up the handle for this hop; `hide`: it is not one to log in to. */
CURLcode fp_login_apply(struct fp_request *request, CURL *easy, bool hide);

#endif
