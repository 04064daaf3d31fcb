/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "thread.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

/* Name look-ups of the system's take some 100 KiB. */
#define STACK_MIN_BYTES ((size_t)512 * 1024)

void
fp_mutex_init(struct fp_mutex *mutex)
{
	FP_ASSERT(pthread_mutex_init(&mutex->lock, NULL) == 0);
}

void
fp_mutex_destroy(struct fp_mutex *mutex)
{
	FP_ASSERT(pthread_mutex_destroy(&mutex->lock) == 0);
}

void
fp_mutex_lock(struct fp_mutex *mutex)
{
	FP_ASSERT(pthread_mutex_lock(&mutex->lock) == 0);
}

bool
fp_mutex_trylock(struct fp_mutex *mutex)
{
	int ret = pthread_mutex_trylock(&mutex->lock);

	FP_ASSERT(ret == 0 || ret == EBUSY);
	return ret == 0;
}

void
fp_mutex_unlock(struct fp_mutex *mutex)
{
	FP_ASSERT(pthread_mutex_unlock(&mutex->lock) == 0);
}

void
fp_cond_init(struct fp_cond *cond)
{
	pthread_condattr_t attr;

	/* fp_clock_now_ns() is by that clock. */
	FP_ASSERT(pthread_condattr_init(&attr) == 0);
	FP_ASSERT(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	FP_ASSERT(pthread_cond_init(&cond->cond, &attr) == 0);
	FP_ASSERT(pthread_condattr_destroy(&attr) == 0);
}

void
fp_cond_destroy(struct fp_cond *cond)
{
	FP_ASSERT(pthread_cond_destroy(&cond->cond) == 0);
}

void
fp_cond_wait(struct fp_cond *cond, struct fp_mutex *mutex)
{
	FP_ASSERT(pthread_cond_wait(&cond->cond, &mutex->lock) == 0);
}

bool
fp_cond_wait_until(struct fp_cond *cond, struct fp_mutex *mutex, int64_t end_ns)
{
	const struct timespec end = {
		.tv_sec = (time_t)(end_ns / 1000000000),
		.tv_nsec = (long)(end_ns % 1000000000),
	};
	int ret = pthread_cond_timedwait(&cond->cond, &mutex->lock, &end);

	FP_ASSERT(ret == 0 || ret == ETIMEDOUT);
	return ret == 0;
}

void
fp_cond_signal(struct fp_cond *cond)
{
	FP_ASSERT(pthread_cond_signal(&cond->cond) == 0);
}

void
fp_cond_broadcast(struct fp_cond *cond)
{
	FP_ASSERT(pthread_cond_broadcast(&cond->cond) == 0);
}

static void *
thread_enter(void *arg)
{
	struct fp_thread *thread = arg;

	thread->main(thread->arg);
	return NULL;
}

uintptr_t
fp_thread_self(void)
{
	return (uintptr_t)pthread_self();
}

struct fp_thread_usage
fp_thread_usage(void)
{
	struct rusage used;

	FP_ASSERT(getrusage(RUSAGE_THREAD, &used) == 0);
	int64_t s = (int64_t)used.ru_utime.tv_sec + used.ru_stime.tv_sec;
	int64_t us = (int64_t)used.ru_utime.tv_usec + used.ru_stime.tv_usec;
	return (struct fp_thread_usage){
		.cpu_ns = s * FP_NS_PER_S + us * (FP_NS_PER_MS / 1000),
		.n_sleeps = (uint64_t)used.ru_nvcsw,
	};
}

int
fp_thread_start(struct fp_thread *thread, size_t stack_bytes,
	void (*main)(void *arg), void *arg)
{
	pthread_attr_t attr;
	sigset_t blocked, before;
	size_t usual = 0;

	thread->main = main;
	thread->arg = arg;
	int err = pthread_attr_init(&attr);
	if (err) {
		errno = err;
		return -1;
	}
	FP_ASSERT(stack_bytes || pthread_attr_getstacksize(&attr, &usual) == 0);
	if (stack_bytes || usual < STACK_MIN_BYTES)
		FP_ASSERT(pthread_attr_setstacksize(
				  &attr, stack_bytes ? stack_bytes
						     : STACK_MIN_BYTES) == 0);

	/* The mask is inherited: there is no moment when the new thread could
	 * take a signal. */
	sigfillset(&blocked);
	sigdelset(&blocked, SIGSEGV);
	sigdelset(&blocked, SIGBUS);
	sigdelset(&blocked, SIGFPE);
	sigdelset(&blocked, SIGILL);
	pthread_sigmask(SIG_SETMASK, &blocked, &before);
	err = pthread_create(&thread->id, &attr, thread_enter, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (err) {
		errno = err;
		return -1;
	}
	return 0;
}

void
fp_thread_widen(void)
{
	pthread_attr_t attr;
	size_t usual;

	if (pthread_getattr_default_np(&attr))
		return;
	if (pthread_attr_getstacksize(&attr, &usual) == 0 &&
		usual < STACK_MIN_BYTES &&
		pthread_attr_setstacksize(&attr, STACK_MIN_BYTES) == 0)
		pthread_setattr_default_np(&attr);
	pthread_attr_destroy(&attr);
}

void
fp_thread_join(struct fp_thread *thread)
{
	FP_ASSERT(pthread_join(thread->id, NULL) == 0);
}

static void
do_nothing(void *arg)
{
	(void)arg;
}

bool
fp_thread_is_to_be_had(void)
{
	struct fp_thread thread;

	if (fp_thread_start(&thread, 0, do_nothing, NULL))
		return false;
	fp_thread_join(&thread);
	return true;
}

void
fp_thread_allow_signal(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void
fp_thread_signal(struct fp_thread *thread, int signal)
{
	int err = pthread_kill(thread->id, signal);

	FP_ASSERT(err == 0 || err == ESRCH);
}
