/* SPDX-License-Identifier: MIT */
/*
 * Why 64 transfers a lane: libcurl looks for a connection to a host one by
 * one, so every request pays for all the connections of its multi handle. And
 * why not a thread each: loop.c says it.
 */
#include "base.h"

#include "share.h"

#include "fetchpool.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Descriptors that are not for connections: standard streams, files, and what
 * look-ups open while they run. */
#define SPARE_DESCRIPTORS 64
#define DESCRIPTORS_PER_LANE 5 /* its loop's too */
#define DESCRIPTORS_PER_LOOKUP 4

/* Threads that drive lanes. With more of them a server on the same machine
 * would get too little of it. */
#define LOOPS_PER_CPU 2

/* Names being looked up at once, in all lanes together, a few in each at
 * least: dead names must not keep others from being looked up. */
#define LOOKUPS 32
#define LOOKUPS_EACH_MIN 4

/* A look-up whose item does not wait any longer goes on in its thread; so many
 * times the look-ups that are waited for may be left behind like that. Besides
 * them there are the loops and a few others. */
#define LEFT_LOOKUPS 3
#define OTHER_THREADS 16

unsigned
fp_share_online(void)
{
	static atomic_uint known; /* the C library reads a file each time */
	unsigned n = atomic_load_explicit(&known, memory_order_relaxed);

	if (n == 0) {
		n = (unsigned)FP_MAX(sysconf(_SC_NPROCESSORS_ONLN), 1);
		atomic_store_explicit(&known, n, memory_order_relaxed);
	}
	return n;
}

/* Enough lanes that none drives more than 64 transfers, one for each CPU if
 * there is work for it. */
static unsigned
count_lanes(unsigned jobs, unsigned online)
{
	unsigned enough = (jobs + FP_LANE_SLOTS_MAX - 1) / FP_LANE_SLOTS_MAX;

	return FP_MAX(FP_MIN(jobs, online), enough);
}

static unsigned
lookups_each(unsigned n_lanes)
{
	return FP_MAX(LOOKUPS / n_lanes, LOOKUPS_EACH_MIN);
}

/* Descriptors that `jobs` need besides their connections. */
static uint64_t
overhead(unsigned jobs, unsigned online)
{
	unsigned n = count_lanes(jobs, online);

	return SPARE_DESCRIPTORS + (uint64_t)n * DESCRIPTORS_PER_LANE +
	       (uint64_t)n * lookups_each(n) * DESCRIPTORS_PER_LOOKUP;
}

/* Descriptors that are open: our own and those that came with the process.
 * What the system does not tell is taken as none; but that there is no
 * descriptor to look with tells that there is none left. */
static uint64_t
count_open(void)
{
	struct stat st;
	uint64_t n = 0;

	/* Since Linux 6.2 the folder's size is how many there are. */
	if (stat("/proc/self/fd", &st) == 0 && st.st_size > 0)
		return (uint64_t)st.st_size;
	DIR *dir = opendir("/proc/self/fd");
	if (!dir)
		return errno == EMFILE || errno == ENFILE ? UINT64_MAX : 0;
	while (readdir(dir))
		n++;
	closedir(dir);

	/* ".", ".." and the folder's own. */
	return n > 3 ? n - 3 : 0;
}

uint64_t
fp_descriptors_left(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	uint64_t n = count_open();
	return limit.rlim_cur > n ? limit.rlim_cur - n : 0;
}

unsigned
fp_jobs_within(unsigned jobs, uint64_t n_descriptors)
{
	unsigned online = fp_share_online();

	while (jobs > 1 && jobs + overhead(jobs, online) > n_descriptors)
		jobs--;
	return jobs;
}

unsigned
fp_share_threads_running(void)
{
	struct stat tasks;

	if (stat("/proc/self/task", &tasks) || tasks.st_nlink <= 2)
		return 0;
	return (unsigned)tasks.st_nlink - 2;
}

/* Connections that may be open at once, idle ones included: what the process
 * may have, but no more idle ones than active. libcurl closes the oldest idle
 * one when it needs another, so that no item fails for want of descriptors. */
static unsigned
count_connections(unsigned jobs, unsigned online)
{
	uint64_t used = overhead(jobs, online);
	uint64_t left = fp_descriptors_left();
	uint64_t most = 2 * (uint64_t)jobs;

	most = FP_MIN(most, left > used ? left - used : 0);
	return (unsigned)FP_MAX(most, jobs);
}

unsigned
fp_share_part(unsigned whole, unsigned n, unsigned i)
{
	return whole / n + (i < whole % n);
}

struct fp_shares
fp_share_all(unsigned jobs)
{
	unsigned n = count_lanes(jobs, fp_share_online());
	unsigned n_loops = FP_MIN(n, LOOPS_PER_CPU * fp_share_online());

	return (struct fp_shares){
		.jobs = jobs,
		.connections = count_connections(jobs, fp_share_online()),
		.n_lanes = n,
		.n_loops = n_loops,
		.n_first = jobs <= FP_LANE_SLOTS_MAX ? 1 : n_loops,
	};
}

struct fp_share
fp_share_of(const struct fp_shares *all, unsigned i)
{
	unsigned n = all->n_lanes;
	struct fp_share share = {
		.slots = fp_share_part(all->jobs, n, i),
		.connections = fp_share_part(all->connections, n, i),
		.resolving_max = lookups_each(n),
	};
	unsigned lookups = n * share.resolving_max;

	share.threads_max =
		OTHER_THREADS + all->n_loops + (1 + LEFT_LOOKUPS) * lookups;
	share.connections = FP_MAX(share.connections, share.slots);
	return share;
}
