/* SPDX-License-Identifier: MIT */
/*
 * Put before libc, counts the calls of a program, and makes some fail.
 *
 * $TORTURE_PLAN is "CLASS WHO MODE K ERROR". Calls belong to a class (names
 * below; to speak is to write to standard error), and to whoever made them: the
 * program, libcurl, the parsers (yajl and zlib), TLS, or others; "any" counts
 * them together. MODE says which ones fail: "once" the K-th, "from" the K-th
 * and all that follow, "every" each K-th, "none". They fail with errno ERROR (a
 * look-up: with that result).
 *
 * What libcurl allocates it has from the program, which keeps what it has
 * freed: libcurl's calls are taken before that, so none is missed.
 *
 * $TORTURE_REPORT is a file of sizeof(struct report) bytes, where all that was
 * seen is found when the program is gone, whatever it died of: how many calls
 * of each kind there were, who made the first one that failed, and, if the
 * program returned from main(), what memory and descriptors it had left.
 *
 * Only what the program and its parsers, libcurl among them, allocate is
 * watched for leaks: others keep things for the life of the process. Counting
 * starts when all libraries are there, and main() is about to begin.
 */
#define _GNU_SOURCE
#if __SIZEOF_LONG__ < 8 /* as configure has it */
#define _FILE_OFFSET_BITS 64
#endif
#include "torture.h"
#include "real.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const class_names[N_CLASSES] = {"alloc", "write", "speak",
	"read", "open", "socket", "connect", "talk", "thread", "sync", "link",
	"map", "pipe", "lookup", "files", "wait", "lock"};

static const char *const who_names[N_WHO] = {
	"program", "curl", "parsers", "tls", "others", "any"};

#define FRAMES 24
#define LEAKS 8

struct report {
	_Atomic uint64_t counts[N_CLASSES][N_WHO];
	_Atomic uint64_t n_failed;
	uint64_t has_returned;
	uint64_t n_leaks, n_leaked_bytes, n_descriptors;
	char call[32]; /* the first one that failed */
	char trace[FRAMES][80]; /* "FILE+0xOFFSET" */
	char leaks[LEAKS][FRAMES][80];
	char descriptors[256];
	char crash[FRAMES][80]; /* where a signal hit that means one */
};

static struct report nowhere, *report = &nowhere;
static bool is_on;
static pid_t main_pid;
static int plan_class = -1, plan_who, plan_error;
static char plan_mode;
static uint64_t plan_k;
static bool is_deep; /* leaks with all that led to them */
static char inherited[1024];

/* ---- the real ones ---- */

/* dlsym() may allocate before there is anything to allocate with. */
static char first_bytes[65536];
static size_t n_first_bytes;
static bool is_finding;
static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void (*real_free)(void *);

static bool
find_alloc(void)
{
	if (real_free)
		return true;
	if (is_finding)
		return false;
	is_finding = true;
	real_malloc = (void *(*)(size_t))real_find("malloc");
	real_calloc = (void *(*)(size_t, size_t))real_find("calloc");
	real_realloc = (void *(*)(void *, size_t))real_find("realloc");
	real_free = (void (*)(void *))real_find("free");
	is_finding = false;
	return true;
}

static void *
first(size_t n)
{
	void *at = first_bytes + n_first_bytes;

	n_first_bytes += (n + 15) & ~(size_t)15;
	if (n_first_bytes > sizeof(first_bytes))
		abort();
	return at;
}

static bool
is_first(const void *p)
{
	return (const char *)p >= first_bytes &&
	       (const char *)p < first_bytes + sizeof(first_bytes);
}

/* ---- places in the code ---- */

static void
show_trace(char text[FRAMES][80], void *const *trace, int n)
{
	for (int i = 0; i < n && i < FRAMES; i++)
		torture_show(text[i], trace[i]);
}

/* ---- whether to fail ---- */

static _Thread_local int depth;

static bool
is_hit(uint64_t n)
{
	switch (plan_mode) {
	case 'o':
		return n == plan_k;
	case 'f':
		return n >= plan_k;
	case 'e':
		return n % plan_k == 0;
	default:
		return false;
	}
}

bool
torture_fails(int class, const char *call, const void *from)
{
	if (!is_on || depth)
		return false;
	int who = torture_who(from);
	if (who == NOBODY)
		return false;
	uint64_t n = ++report->counts[class][who];
	uint64_t n_any = ++report->counts[class][ANY];
	if (class != plan_class || (plan_who != ANY && plan_who != who) ||
		!is_hit(plan_who == ANY ? n_any : n))
		return false;
	if (report->n_failed++ == 0) {
		void *trace[FRAMES];
		depth++;
		snprintf(report->call, sizeof(report->call), "%s", call);
		show_trace(report->trace, trace, backtrace(trace, FRAMES));
		depth--;
	}
	errno = plan_error;
	return true;
}

int
torture_error(void)
{
	return plan_error;
}

/* ---- what is alive ---- */

#define SLOTS (1 << 15)

static struct alive {
	void *at;
	size_t size;
	void *trace[FRAMES];
	int n;
} * alive;
static size_t n_alive;
static pthread_mutex_t alive_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t
slot_of(const void *p)
{
	return (((uintptr_t)p >> 4) * UINT64_C(0x9e3779b97f4a7c15)) >> 46;
}

static void
born(void *p, size_t size, const void *from)
{
	int who = torture_who(from);

	if (!is_on || depth || !p || who >= TLS)
		return;
	pthread_mutex_lock(&alive_lock);
	depth++;
	size_t i = slot_of(p) % SLOTS;
	if (++n_alive == SLOTS)
		abort();
	while (alive[i].at)
		i = (i + 1) % SLOTS;
	alive[i].at = p;
	alive[i].size = size;
	alive[i].trace[0] = (void *)(uintptr_t)from;
	alive[i].n = is_deep ? backtrace(alive[i].trace, FRAMES) : 1;
	depth--;
	pthread_mutex_unlock(&alive_lock);
}

/* Open addressing: what stands behind a hole moves into it. */
static void
died(const void *p)
{
	if (!is_on || !p)
		return;
	pthread_mutex_lock(&alive_lock);
	size_t i = slot_of(p) % SLOTS;
	while (alive[i].at && alive[i].at != p)
		i = (i + 1) % SLOTS;
	n_alive -= alive[i].at != NULL;
	for (size_t k = i; alive[i].at;) {
		k = (k + 1) % SLOTS;
		size_t home = alive[k].at ? slot_of(alive[k].at) % SLOTS : 0;
		if (!alive[k].at) {
			alive[i].at = NULL;
		} else if ((k - home) % SLOTS >= (k - i) % SLOTS) {
			alive[i] = alive[k];
			i = k;
		}
	}
	pthread_mutex_unlock(&alive_lock);
}

/* ---- beginning and end ---- */

/* backtrace() was there before: it needs no memory any more. */
static void
crash(int number)
{
	void *trace[FRAMES];

	depth++;
	show_trace(report->crash, trace, backtrace(trace, FRAMES));
	raise(number);
}

/* A stack that is used up has no room for crash(): OpenSSL calls itself without
 * end when it finds no memory as it begins. */
void
torture_spare_stack(void *space, size_t size)
{
	stack_t spare = {.ss_sp = space, .ss_size = size}, old;

	if (sigaltstack(NULL, &old) == 0 && old.ss_flags & SS_DISABLE)
		sigaltstack(&spare, NULL);
}

static void
watch_crashes(void)
{
	static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
	static char space[1 << 17];
	struct sigaction action = {.sa_handler = crash};

	torture_spare_stack(space, sizeof(space));
	action.sa_flags = SA_RESETHAND | SA_NODEFER | SA_ONSTACK;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("TORTURE_REPORT");
	const char *plan = getenv("TORTURE_PLAN");
	char class[16], who[16], mode[16];
	void *trace[4];

	find_alloc();
	torture_learn();
	backtrace(trace, 4);
	is_deep = getenv("TORTURE_DEEP") != NULL;
	alive = mmap(NULL, SLOTS * sizeof(*alive), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (alive == MAP_FAILED)
		return;
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd >= 0) {
		void *map = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
			MAP_SHARED, fd, 0);
		close(fd);
		if (map != MAP_FAILED)
			report = map;
	}
	if (plan && sscanf(plan, "%15s %15s %15s %ju %d", class, who, mode,
			    (uintmax_t *)&plan_k, &plan_error) == 5) {
		for (int i = 0; i < N_CLASSES; i++) {
			if (strcmp(class, class_names[i]) == 0)
				plan_class = i;
		}
		for (int i = 0; i < N_WHO; i++) {
			if (strcmp(who, who_names[i]) == 0)
				plan_who = i;
		}
		plan_mode = mode[0];
	}
	for (int i = 0; i < 1024; i++)
		inherited[i] = fcntl(i, F_GETFD) >= 0;
	watch_crashes();
	main_pid = getpid();
	is_on = true;
}

__attribute__((destructor)) static void
finish(void)
{
	char *names = report->descriptors;
	size_t left = sizeof(report->descriptors);

	if (!is_on)
		return;
	is_on = false;
	for (int i = 0; i < 1024; i++) {
		if (inherited[i] || fcntl(i, F_GETFD) < 0)
			continue;
		report->n_descriptors++;
		int n = snprintf(names, left, "%d ", i);
		if ((size_t)n < left) {
			names += n;
			left -= (size_t)n;
		}
	}
	for (size_t i = 0; i < SLOTS; i++) {
		if (!alive[i].at)
			continue;
		if (report->n_leaks < LEAKS)
			show_trace(report->leaks[report->n_leaks],
				alive[i].trace, alive[i].n);
		report->n_leaks++;
		report->n_leaked_bytes += alive[i].size;
	}
	report->has_returned = 1;
}

/* The program ends by this when it has returned from main(). What it has forked
 * and could not become another program does, too. */
void
_exit(int status)
{
	if (getpid() == main_pid)
		finish();
	syscall(SYS_exit_group, status);
	abort();
}

/* ---- memory ---- */

/* Where libcurl asked for memory, while the program's functions for that run;
 * and whether these are to find none. */
static _Thread_local const void *for_curl;
static _Thread_local bool is_refused;

static bool
alloc_fails(const char *call, const void *from)
{
	if (!for_curl)
		return torture_fails(ALLOC, call, from);
	errno = plan_error;
	return is_refused;
}

/* Calls of libcurl's are libcurl's. */
#define FROM (for_curl ? for_curl : __builtin_return_address(0))
#define ALLOC_FAILS(call) alloc_fails(call, __builtin_return_address(0))

void *
malloc(size_t size)
{
	if (!find_alloc())
		return first(size);
	if (ALLOC_FAILS("malloc"))
		return NULL;
	void *p = real_malloc(size);
	born(p, size, FROM);
	return p;
}

void *
calloc(size_t n, size_t size)
{
	if (!find_alloc())
		return first(n * size);
	if (ALLOC_FAILS("calloc"))
		return NULL;
	void *p = real_calloc(n, size);
	born(p, n * size, FROM);
	return p;
}

void *
realloc(void *old, size_t size)
{
	if (!find_alloc())
		abort();
	if (ALLOC_FAILS("realloc"))
		return NULL;
	if (is_first(old)) {
		void *p = real_malloc(size);
		if (p)
			memcpy(p, old, size);
		return p;
	}
	/* It is dead before its address can be another's. */
	died(old);
	void *p = real_realloc(old, size);
	if (p || size)
		born(p ? p : old, size, FROM);
	return p;
}

void
free(void *p)
{
	if (is_first(p) || !find_alloc())
		return;
	died(p);
	real_free(p);
}

/* Who has malloc() has this, or the lists of freed blocks are not used. */
size_t
malloc_usable_size(void *p)
{
	REAL(malloc_usable_size);
	return is_first(p) ? 0 : real(p);
}

#undef strdup
char *
strdup(const char *text)
{
	size_t size = strlen(text) + 1;

	find_alloc();
	if (ALLOC_FAILS("strdup"))
		return NULL;
	char *p = real_malloc(size);
	if (p)
		memcpy(p, text, size);
	born(p, size, FROM);
	return p;
}

int
posix_memalign(void **p, size_t alignment, size_t size)
{
	REAL(posix_memalign);
	if (ALLOC_FAILS("posix_memalign"))
		return ENOMEM;
	int ret = real(p, alignment, size);
	if (ret == 0)
		born(*p, size, FROM);
	return ret;
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	REAL(aligned_alloc);
	if (ALLOC_FAILS("aligned_alloc"))
		return NULL;
	void *p = real(alignment, size);
	born(p, size, FROM);
	return p;
}

/* ---- libcurl's memory ---- */

/* What the program has libcurl call. */
static struct {
	void *(*malloc)(size_t);
	void *(*realloc)(void *, size_t);
	char *(*strdup)(const char *);
	void *(*calloc)(size_t, size_t);
} given;

/* So much nobody has at hand: it is asked for in place of what is refused. */
#define TOO_MUCH (SIZE_MAX / 2)

/* Whether this call of libcurl's fails; curl_end() comes after it. */
static bool
curl_begin(const char *call, const void *from)
{
	is_refused = torture_fails(ALLOC, call, from);
	for_curl = from;
	return is_refused;
}

static void *
curl_end(void *p)
{
	for_curl = NULL;
	return p;
}

#define CURL_BEGIN(call) curl_begin(call, __builtin_return_address(0))

static void *
curl_malloc(size_t n)
{
	bool fails = CURL_BEGIN("libcurl's malloc");

	return curl_end(given.malloc(fails ? TOO_MUCH : n));
}

static void *
curl_realloc(void *old, size_t n)
{
	bool fails = CURL_BEGIN("libcurl's realloc");

	return curl_end(given.realloc(old, fails ? TOO_MUCH : n));
}

static char *
curl_strdup(const char *text)
{
	bool fails = CURL_BEGIN("libcurl's strdup");

	return curl_end(fails ? given.malloc(TOO_MUCH) : given.strdup(text));
}

static void *
curl_calloc(size_t n, size_t size)
{
	bool fails = CURL_BEGIN("libcurl's calloc");

	return curl_end(given.calloc(n, fails ? TOO_MUCH : size));
}

extern int curl_global_init_mem(long flags, void *(*)(size_t), void (*)(void *),
	void *(*)(void *, size_t), char *(*)(const char *),
	void *(*)(size_t, size_t));

/* The program keeps what libcurl has freed, and gives it out again: libcurl's
 * calls are seen before that, and those that fail reach the program as ones for
 * which it has nothing, and finds nothing. */
int
curl_global_init_mem(long flags, void *(*m)(size_t), void (*f)(void *),
	void *(*r)(void *, size_t), char *(*s)(const char *),
	void *(*c)(size_t, size_t))
{
	REAL(curl_global_init_mem);
	given.malloc = m;
	given.realloc = r;
	given.strdup = s;
	given.calloc = c;
	return real(
		flags, curl_malloc, f, curl_realloc, curl_strdup, curl_calloc);
}
