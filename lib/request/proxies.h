/* SPDX-License-Identifier: MIT */
/*
 * proxies: what is said of proxies, by options or in the environment, judged
 * before libcurl judges it again for each connection. When libcurl finds no
 * memory for a proxy's port there, it goes to a port that nobody said: 1080, or
 * 443. So it is told beforehand which one is to be its default.
 *
 * Threads: any.
 * Ownership: nothing is owned.
 * Failure: said at each function.
 */
#ifndef FP_PROXIES_H
#define FP_PROXIES_H

#include "base.h"

#include "curlopt.h"

/* Whether libcurl will take it for a proxy; an empty one is none, whatever the
 * environment says. -1: EINVAL, it is no proxy; ENOMEM. */
int fp_proxies_check(const char *text);

/* The port that stands for "a port was lost", when there are several proxies at
 * different ports: no connection to it is opened then. */
#define FP_PROXIES_LOST 1

/* What CURLOPT_PROXYPORT is to be, so that a lost port leads nowhere else: the
 * port of all proxies, or FP_PROXIES_LOST. 0: no proxy names a port, or some
 * need the default. Without proxies among the options, those in the environment
 * are looked at, if `has_env`. */
long fp_proxies_port(const struct fp_curlopts *given, bool has_env);

#endif
