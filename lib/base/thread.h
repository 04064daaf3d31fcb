/* SPDX-License-Identifier: MIT */
/*
 * thread: threads, mutexes and condition variables, with the failures that
 * only a bug can cause taken out: locking and waiting cannot fail here.
 *
 * A thread starts with every signal blocked but the ones that a fault of its
 * own raises (SEGV, BUS, FPE, ILL), so that signals are always met where the
 * program wants to meet them.
 *
 * Threads: that is the subject.
 * Ownership: the caller embeds every struct.
 * Failure: fp_thread_start() alone can fail: -1 with errno, no thread.
 */
#ifndef FP_THREAD_H
#define FP_THREAD_H

#include "base.h"

#include <pthread.h>

struct fp_mutex {
	pthread_mutex_t lock;
};

/* For one that is there from the beginning to the end of the process. */
#define FP_MUTEX_INIT                     \
	{                                 \
		PTHREAD_MUTEX_INITIALIZER \
	}

struct fp_cond {
	pthread_cond_t cond;
};

struct fp_thread {
	pthread_t id;
	void (*main)(void *arg);
	void *arg;
};

void fp_mutex_init(struct fp_mutex *mutex);
void fp_mutex_destroy(struct fp_mutex *mutex);
void fp_mutex_lock(struct fp_mutex *mutex);
void fp_mutex_unlock(struct fp_mutex *mutex);
bool fp_mutex_trylock(struct fp_mutex *mutex); /* false: it is locked */

void fp_cond_init(struct fp_cond *cond);
void fp_cond_destroy(struct fp_cond *cond);
void fp_cond_wait(struct fp_cond *cond, struct fp_mutex *mutex);

/* Until a moment of fp_clock_now_ns(). false: it has come. */
bool fp_cond_wait_until(
	struct fp_cond *cond, struct fp_mutex *mutex, int64_t end_ns);
void fp_cond_signal(struct fp_cond *cond);
void fp_cond_broadcast(struct fp_cond *cond);

/* Threads that are started from now on, by whomever, get a stack that is large
 * enough, also if the limit on that of the main thread (ulimit -s), which the
 * system gives to all, is lower. */
void fp_thread_widen(void);

/* Runs main(arg) in a new thread; `stack_bytes` 0 means the system's default,
 * or what is large enough. The struct must stay where it is until
 * fp_thread_join(). */
int fp_thread_start(struct fp_thread *thread, size_t stack_bytes,
	void (*main)(void *arg), void *arg);
void fp_thread_join(struct fp_thread *thread);

/* The one that asks. Never 0. */
uintptr_t fp_thread_self(void);

/* What the thread that asks has used since it was started: time of a processor,
 * and how often it went to sleep. */
struct fp_thread_usage {
	int64_t cpu_ns;
	uint64_t n_sleeps;
};

struct fp_thread_usage fp_thread_usage(void);

/* Whether one more could be started now. */
bool fp_thread_is_to_be_had(void);

/* Lets this thread be the one that meets `signal`. */
void fp_thread_allow_signal(int signal);

/* Sends a signal to a thread that was not joined yet; it may have ended. */
void fp_thread_signal(struct fp_thread *thread, int signal);

#endif
