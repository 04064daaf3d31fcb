/* SPDX-License-Identifier: MIT */
/*
 * flowopt: the options about when requests start, and how often: rates,
 * retries, the share of one among several machines.
 *
 * Threads: the main thread, before any other.
 * Ownership: the settings keep pointers to the values.
 * Failure: false: the value is not right; some say why themselves.
 */
#ifndef FP_FLOWOPT_H
#define FP_FLOWOPT_H

#include "base.h"

#include "settings.h"

fp_setter fp_flowopt_rate;
fp_setter fp_flowopt_host_rate;
fp_setter fp_flowopt_rate_file;
fp_setter fp_flowopt_share;
fp_setter fp_flowopt_host_jobs;
fp_setter fp_flowopt_retry;
fp_setter fp_flowopt_retry_on;
fp_setter fp_flowopt_busy;
fp_setter fp_flowopt_learn_rate;
fp_setter fp_flowopt_seed;

#endif
