/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "descriptors.h"

#include "msg.h"

#include <stdint.h>
#include <sys/resource.h>

void
fp_descriptors_fit(struct fp_options *pool)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	if (limit.rlim_cur < limit.rlim_max) {
		rlim_t before = limit.rlim_cur;
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit))
			limit.rlim_cur = before;
	}
	if (limit.rlim_cur == RLIM_INFINITY)
		return;

	/* Each body that goes to a file needs one for that as well. */
	uint64_t n = fp_descriptors_left();
	if (pool->output_dir || pool->each)
		n = n / 2;
	unsigned jobs = fp_jobs_within(pool->jobs, n);
	if (jobs < pool->jobs) {
		fp_msg_note("--jobs %s%u is lowered to %u: the limit on open "
			    "files is %ju (ulimit -n)",
			pool->finds_jobs ? "auto:" : "", pool->jobs, jobs,
			(uintmax_t)limit.rlim_cur);
		pool->jobs = jobs;
	}
}
