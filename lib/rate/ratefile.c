/* SPDX-License-Identifier: MIT */
/*
 * Each process has the whole book in memory and reads on where it stopped. So
 * a turn is short, however long the book: take the lock, read the records that
 * are new (mostly none), decide, write one, give back the lock. Nothing is in
 * memory only, so nothing is lost with a process.
 *
 * WHY KILL -9 MAKES IT ONLY STRICTER. A reservation is written before the
 * caller may connect, its commit before the request may be sent, its start
 * after that, its return only if none was. Between any two writes the book says
 * reserved, which counts as much as a start. A process that is gone has left
 * its seat, as the system takes back its lock. What it had committed is written
 * down as started at that moment, which cannot be before the true one; what it
 * had not committed was never sent, and goes back.
 *
 * WHAT IS NOT USED GOES BACK. Whoever has the lock may give back what another
 * holds and has not committed, if that was not renewed for LEASE_NS: he is
 * stopped, or does not get to run. How long that was is no matter of the
 * promise, as all that counts is what stands in the book: he has to commit
 * under the lock before he sends, and there he finds that it is gone, and has
 * to reserve again. So a wrong clock may cost a reservation, but never has two
 * use the same. What is committed cannot go back, as nobody but its holder
 * knows whether it was sent: who is stopped between the two keeps it.
 *
 * That no window can be over was looked for with all interleavings of a model
 * (tests/cli/test_ratemodel.py) and with processes that are stopped, killed and
 * held up at random (test_ratestorm.py, test_ratefilecrash.c). One test of this
 * kind once saw a window that was over: 21 starts within 88 ms, where 20 in
 * 150 ms are allowed. It counted with the wall clock, and what it saw is what a
 * step of that back by 65 ms looks like: the next 20 were let go after 153 ms,
 * to the millisecond. With stamps that steps are taken out of it never came
 * back.
 *
 * TIME. Stamps are in the file's own time (rateclock.h), which is
 * CLOCK_BOOTTIME as long as the machine is up. So a step of the wall clock
 * moves nothing, and a time namespace neither. Only to tell how long a reboot
 * took, which the boot id shows, the wall clock is asked; and if it says that
 * stamps are of the future, they are of now. Between the looks at the two
 * clocks the process may be stopped: the reboot seems shorter then, which is
 * stricter.
 *
 * THE LOCK is only ever tried: four times with the processor given away in
 * between, and then not before a millisecond. Whoever stops a process just
 * while it holds the lock (SIGSTOP) stops all starts, as the book may be
 * about to change; but no process hangs.
 */
#include "base.h"

#include "clock.h"
#include "ratefile.h"
#include "ratering.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOCK_TRIES 4
#define OPEN_TRIES 2000 /* of a millisecond each */
#define CLOSE_TRIES 50
#define REMOVED_TRIES 10
#define COMMIT_TRIES 10

/* When a reservation of someone else may make room, it is looked for it. */
#define LOOK_NS (5 * FP_NS_PER_MS)

/* What is not renewed for so long may go back; who can renews it in half of
 * that. */
#define LEASE_NS FP_NS_PER_S
#define RENEW_NS (LEASE_NS / 2)

/* What a caller holds. Numbers of slots cannot stand for it: a slot that was
 * lost may be reserved again for another caller. */
enum holding {
	HOLDING_FREE,
	HOLDING_RESERVED,
	HOLDING_COMMITTED,
	HOLDING_LOST
};

struct held {
	enum holding is;
	uint32_t slot;
};

/* Fires and give-backs that are not written yet. */
struct kept {
	enum fp_ratebook_kind kind;
	uint32_t slot;
	int64_t time_ns;
	int64_t ahead_ns; /* of the file's clock, when that was told */
};

struct fp_ratefile {
	struct fp_ratering ring;
	bool is_seat_new; /* its last holder may have left something */
	pid_t pid; /* who has the seat */
	int error; /* it cannot be used any more */
	int64_t looked_ns; /* for processes that are gone, the last time */
	int64_t renew_ns; /* reservations are to be renewed by then; 0: none */
	struct held *held; /* by token */
	uint32_t n_tokens; /* any of them may be free */
	uint32_t next_token;
	uint32_t n_reserved, n_committed; /* of them */
	size_t n_held; /* tokens that are not free, and those in `kept` */
	struct kept *kept; /* has room for all that are held */
	size_t n_kept, cap_held; /* of both */
};

/* ---- the others, and what was kept ---- */

static void
set_holding(struct fp_ratefile *file, struct held *held, enum holding is)
{
	file->n_reserved -= held->is == HOLDING_RESERVED;
	file->n_committed -= held->is == HOLDING_COMMITTED;
	file->n_reserved += is == HOLDING_RESERVED;
	file->n_committed += is == HOLDING_COMMITTED;
	held->is = is;
	if (file->n_reserved == 0)
		file->renew_ns = 0;
	else if (file->renew_ns == 0)
		file->renew_ns = fp_clock_now_ns() + RENEW_NS;
}

/* Ends all that a process had reserved that is gone: what it may have sent was
 * started now, that is after it was seen to be gone, and not when our turn
 * began. */
static int
bury(struct fp_ratefile *file, uint32_t seat)
{
	const struct fp_ratebook *book = &file->ring.book;
	int64_t now_ns = fp_ratering_now_ns(&file->ring);

	for (uint32_t slot = 0; slot < book->n_slots; slot++) {
		if (fp_ratebook_holds(book, seat, slot) &&
			fp_ratering_append(&file->ring,
				book->slots[slot].is_committed
					? FP_RATEBOOK_FIRE
					: FP_RATEBOOK_GIVE_BACK,
				slot, seat, now_ns))
			return -1;
	}
	return 0;
}

/* Gives back what someone who is there holds, if he neither used nor renewed
 * it. */
static int
take_back(struct fp_ratefile *file, uint32_t slot)
{
	const struct fp_ratebook_slot *at = &file->ring.book.slots[slot];

	if (at->is_committed || file->ring.now_ns - at->since_ns < LEASE_NS)
		return 0;
	return fp_ratering_append(&file->ring, FP_RATEBOOK_GIVE_BACK, slot,
		at->seat, file->ring.now_ns);
}

/* Looks for reservations of processes that are gone, or stopped. */
static int
look_at_others(struct fp_ratefile *file)
{
	const struct fp_ratebook *book = &file->ring.book;
	uint32_t alive = file->ring.store.seat; /* seen last */

	for (uint32_t i = 0; i < book->n_slots; i++) {
		uint32_t seat = book->slots[i].seat;
		if (!book->slots[i].seq || seat == file->ring.store.seat)
			continue;
		int ret = seat == alive ? 1
					: fp_ratestore_is_taken(
						  &file->ring.store, seat);
		if (ret < 0 || (ret == 0 && bury(file, seat)) ||
			(ret == 1 && take_back(file, i)))
			return -1;
		alive = seat;
	}
	return 0;
}

/* Who was stopped may have lost what he had not committed. */
static int
look_for_lost(struct fp_ratefile *file)
{
	uint32_t seat = file->ring.store.seat;

	for (uint32_t i = 0; i < file->n_tokens; i++) {
		struct held *held = &file->held[i];
		if ((held->is != HOLDING_RESERVED &&
			    held->is != HOLDING_COMMITTED) ||
			fp_ratebook_holds(&file->ring.book, seat, held->slot))
			continue;
		if (held->is == HOLDING_COMMITTED) {
			errno = EINVAL;
			return -1;
		}
		set_holding(file, held, HOLDING_LOST);
	}
	return 0;
}

/* Tells the others that we are still there. */
static int
renew(struct fp_ratefile *file)
{
	int64_t clock_ns = fp_clock_now_ns();

	if (file->renew_ns == 0 || file->renew_ns > clock_ns)
		return 0;
	for (uint32_t i = 0; i < file->n_tokens; i++) {
		const struct held *held = &file->held[i];
		if (held->is != HOLDING_RESERVED)
			continue;
		if (fp_ratering_append(&file->ring, FP_RATEBOOK_RENEW,
			    held->slot, file->ring.store.seat,
			    file->ring.now_ns))
			return -1;
	}
	file->renew_ns = clock_ns + RENEW_NS;
	return 0;
}

/* When it was, as the file's clock has it now. If that was set meanwhile, as it
 * had been ahead once, it was now: later is only stricter. */
static int64_t
kept_ns(const struct fp_ratefile *file, const struct kept *kept)
{
	if (kept->ahead_ns != file->ring.clock.boot_ahead_ns)
		return file->ring.now_ns;
	return FP_MIN(kept->time_ns, file->ring.now_ns);
}

static int
write_kept(struct fp_ratefile *file)
{
	size_t n = 0;
	int ret = 0;

	while (n < file->n_kept && ret == 0) {
		const struct kept *kept = &file->kept[n];
		if (fp_ratebook_holds(&file->ring.book, file->ring.store.seat,
			    kept->slot)) {
			ret = fp_ratering_append(&file->ring, kept->kind,
				kept->slot, file->ring.store.seat,
				kept_ns(file, kept));
		} else if (kept->kind != FP_RATEBOOK_GIVE_BACK) {
			errno = EINVAL;
			return -1;
		} /* else someone else has given it back already */
		n += ret == 0;
	}
	file->n_kept -= n;
	file->n_held -= n;
	if (n > 0)
		memmove(file->kept, file->kept + n,
			file->n_kept * sizeof(file->kept[0]));
	return ret;
}

/* ---- turns at the lock ---- */

/* Remembers that the file cannot be used any more. */
static int
ratefile_give_up(struct fp_ratefile *file)
{
	if (errno != ENOMEM)
		file->error = errno;
	return -1;
}

/* After a fork: what was reserved is the parent's, and so is its seat. */
static int
adopt(struct fp_ratefile *file)
{
	file->n_kept = file->n_held = 0;
	file->n_tokens = file->n_reserved = file->n_committed = 0;
	file->renew_ns = 0;
	if (fp_ratestore_reopen(&file->ring.store) ||
		fp_ratestore_sit(&file->ring.store))
		return -1;
	file->is_seat_new = true;
	file->pid = getpid();
	return 0;
}

static int
ratefile_begin(struct fp_ratefile *file)
{
	uint64_t head = file->ring.book.head;

	if (fp_ratering_read(&file->ring))
		return -1;
	if (file->ring.book.head != head && look_for_lost(file))
		return -1;
	if (file->is_seat_new &&
		(bury(file, file->ring.store.seat) || look_at_others(file)))
		return -1;
	file->is_seat_new = false;
	return write_kept(file) || renew(file) ? -1 : 0;
}

/* 1: our turn, and all that was kept is written; 0: someone else has it. */
static int
ratefile_enter(struct fp_ratefile *file)
{
	errno = file->error;
	if (file->error || (file->pid != getpid() && adopt(file)))
		return ratefile_give_up(file);
	int ret = fp_ratestore_lock(&file->ring.store);
	for (int i = 1; i < LOCK_TRIES && ret == 0; i++) {
		sched_yield();
		ret = fp_ratestore_lock(&file->ring.store);
	}
	if (ret < 0)
		return ratefile_give_up(file);
	if (ret == 1 && ratefile_begin(file)) {
		int err = errno;
		fp_ratestore_unlock(&file->ring.store);
		errno = err;
		return ratefile_give_up(file);
	}
	return ret;
}

static int
leave(struct fp_ratefile *file, int ret)
{
	int err = errno;

	fp_ratestore_unlock(&file->ring.store);
	errno = err;
	return ret < 0 ? ratefile_give_up(file) : ret;
}

/* The same for one who can wait a little. */
static int
enter_patiently(struct fp_ratefile *file, int n_tries)
{
	int ret = ratefile_enter(file);

	while (ret == 0 && --n_tries > 0) {
		poll(NULL, 0, 1);
		ret = ratefile_enter(file);
	}
	return ret;
}

/* When to try the lock again: not all at the same time. */
static int64_t
retry_ns(void)
{
	int64_t now_ns = fp_clock_now_ns();

	return now_ns + FP_NS_PER_MS + now_ns / 64 % FP_NS_PER_MS;
}

/* ---- reserving ---- */

static int
ratefile_make_room(struct fp_ratefile *file)
{
	if (file->n_held < file->cap_held)
		return 0;
	size_t cap = FP_MAX(2 * file->cap_held, 16);
	struct kept *kept = realloc(file->kept, cap * sizeof(*kept));
	if (!kept)
		return -1;
	file->kept = kept;
	struct held *held = realloc(file->held, cap * sizeof(*held));
	if (!held)
		return -1;
	file->held = held;
	file->cap_held = cap;
	return 0;
}

/* There is a free one, or room for one more. */
static uint32_t
new_token(struct fp_ratefile *file)
{
	for (uint32_t i = 0; i < file->n_tokens; i++) {
		uint32_t token = (file->next_token + i) % file->n_tokens;
		if (file->held[token].is == HOLDING_FREE)
			return token;
	}
	FP_ASSERT(file->n_tokens < file->cap_held);
	file->held[file->n_tokens].is = HOLDING_FREE;
	return file->n_tokens++;
}

static void
hold(struct fp_ratefile *file, uint32_t token, uint32_t slot)
{
	file->held[token].slot = slot;
	set_holding(file, &file->held[token], HOLDING_RESERVED);
	file->next_token = token + 1;
	file->n_held++;
}

/* Whether others have reserved some. */
static bool
others_hold_some(const struct fp_ratefile *file)
{
	return file->ring.book.limit.n_reserved >
	       file->n_reserved + file->n_committed;
}

/* How long it takes from now until one more may be reserved. */
static int
find_wait(struct fp_ratefile *file, int64_t *wait_ns)
{
	const struct fp_ratelimit *limit = &file->ring.book.limit;
	int64_t now_ns = file->ring.now_ns;
	int64_t due_ns = fp_ratelimit_due_ns(limit, now_ns);

	if (due_ns > now_ns && now_ns - file->looked_ns >= LOOK_NS &&
		others_hold_some(file)) {
		file->looked_ns = now_ns;
		if (look_at_others(file))
			return -1;
		due_ns = fp_ratelimit_due_ns(limit, now_ns);
	}
	*wait_ns = FP_MAX(due_ns, now_ns) - now_ns;
	if (limit->n_reserved > 0)
		*wait_ns = FP_MIN(*wait_ns, LOOK_NS);
	return 0;
}

static int
ratefile_reserve(struct fp_ratefile *file, uint32_t *token, int64_t *due_ns)
{
	int64_t wait_ns;
	uint32_t slot;

	if (find_wait(file, &wait_ns))
		return -1;
	if (wait_ns > 0) {
		*due_ns = fp_clock_now_ns() + wait_ns;
		return 0;
	}
	if (ratefile_make_room(file) ||
		fp_ratebook_pick(&file->ring.book, &slot) ||
		fp_ratering_append(&file->ring, FP_RATEBOOK_RESERVE, slot,
			file->ring.store.seat, file->ring.now_ns))
		return -1;
	*token = new_token(file);
	hold(file, *token, slot);
	return 1;
}

int
fp_ratefile_reserve(struct fp_ratefile *file, uint32_t *token, int64_t *due_ns)
{
	int ret = ratefile_enter(file);

	if (ret == 1)
		return leave(file, ratefile_reserve(file, token, due_ns));
	if (ret == 0)
		*due_ns = retry_ns();
	return ret;
}

/* ---- what became of it ---- */

int
fp_ratefile_settle(struct fp_ratefile *file, int64_t *due_ns)
{
	*due_ns = file->renew_ns;
	errno = file->error;
	if (file->error)
		return -1;
	if (file->n_kept == 0 &&
		(file->renew_ns == 0 || file->renew_ns > fp_clock_now_ns()))
		return file->renew_ns > 0;
	int ret = ratefile_enter(file);
	if (ret == 1) {
		*due_ns = file->renew_ns;
		return leave(file, file->renew_ns > 0);
	}
	if (ret < 0)
		return -1;
	*due_ns = retry_ns();
	return 1;
}

static int
ratefile_keep(
	struct fp_ratefile *file, enum fp_ratebook_kind kind, uint32_t token)
{
	int64_t due_ns;
	int64_t time_ns = fp_ratering_now_ns(&file->ring);

	errno = file->error;
	if (file->error)
		return -1;
	FP_ASSERT(file->pid == getpid() && token < file->n_tokens);
	struct held *held = &file->held[token];
	FP_ASSERT(kind == FP_RATEBOOK_FIRE ? held->is == HOLDING_COMMITTED
					   : held->is != HOLDING_FREE);
	bool is_lost = held->is == HOLDING_LOST;
	set_holding(file, held, HOLDING_FREE);
	if (is_lost) {
		file->n_held--;
		return 0;
	}
	file->kept[file->n_kept++] = (struct kept){
		kind, held->slot, time_ns, file->ring.clock.boot_ahead_ns};
	return fp_ratefile_settle(file, &due_ns) < 0 ? -1 : 0;
}

int
fp_ratefile_fire(struct fp_ratefile *file, uint32_t token)
{
	return ratefile_keep(file, FP_RATEBOOK_FIRE, token);
}

int
fp_ratefile_give_back(struct fp_ratefile *file, uint32_t token)
{
	return ratefile_keep(file, FP_RATEBOOK_GIVE_BACK, token);
}

static int
ratefile_commit(struct fp_ratefile *file, uint32_t token)
{
	struct held *held = &file->held[token];

	FP_ASSERT(token < file->n_tokens && held->is != HOLDING_FREE);
	if (held->is != HOLDING_RESERVED)
		return held->is == HOLDING_COMMITTED;
	int64_t since_ns = file->ring.book.slots[held->slot].since_ns;
	if (fp_ratering_append(&file->ring, FP_RATEBOOK_COMMIT, held->slot,
		    file->ring.store.seat, since_ns))
		return -1;
	set_holding(file, held, HOLDING_COMMITTED);
	return 1;
}

int
fp_ratefile_commit(struct fp_ratefile *file, uint32_t token)
{
	int ret = enter_patiently(file, COMMIT_TRIES);

	return ret == 1 ? leave(file, ratefile_commit(file, token)) : ret;
}

/* ---- open and close ---- */

static int
first_turn(struct fp_ratefile *file, char *why, size_t why_size)
{
	int ret = fp_ratestore_sit(&file->ring.store);

	file->pid = getpid();
	file->is_seat_new = true;
	if (ret == 0)
		ret = enter_patiently(file, OPEN_TRIES);
	if (ret == 1)
		return leave(file, 0);
	if (ret == 0)
		errno = EAGAIN;
	int err = errno;
	snprintf(why, why_size, "%s",
		err == EAGAIN	? "locked by another process"
		: err == EINVAL ? "it is damaged"
				: strerror(err));
	errno = err;
	return -1;
}

static struct fp_ratefile *
ratefile_open(const char *path, const struct fp_rates *rates, bool is_paced,
	char *why, size_t why_size)
{
	struct fp_ratefile *file = calloc(1, sizeof(*file));

	if (!file) {
		snprintf(why, why_size, "out of memory");
		return NULL;
	}
	if (fp_ratering_open(
		    &file->ring, path, rates, is_paced, why, why_size) == 0 &&
		first_turn(file, why, why_size) == 0)
		return file;
	int err = errno;
	fp_ratering_close(&file->ring);
	free(file);
	errno = err;
	return NULL;
}

/* Who had made the file may have removed it while it was opened here. */
struct fp_ratefile *
fp_ratefile_open(const char *path, const struct fp_rates *rates, bool is_paced,
	char *why, size_t why_size)
{
	struct fp_ratefile *file = NULL;

	for (int i = 0; i < REMOVED_TRIES && !file; i++) {
		file = ratefile_open(path, rates, is_paced, why, why_size);
		if (!file && errno != ESTALE)
			break;
	}
	return file;
}

int
fp_ratefile_check(const char *path, const struct fp_rates *rates, char *why,
	size_t why_size)
{
	return fp_ratering_check(path, rates, why, why_size);
}

/* If the lock is not to be had, the others find what is left. */
static void
give_all_back(struct fp_ratefile *file)
{
	if (file->n_held > 0 && enter_patiently(file, CLOSE_TRIES) == 1)
		leave(file, bury(file, file->ring.store.seat));
}

void
fp_ratefile_undo(struct fp_ratefile *file)
{
	if (!file || enter_patiently(file, CLOSE_TRIES) != 1)
		return;
	if (file->ring.book.head == 0)
		fp_ratestore_undo(&file->ring.store);
	leave(file, 0);
}

void
fp_ratefile_close(struct fp_ratefile *file)
{
	if (!file)
		return;
	if (file->pid == getpid() && !file->error)
		give_all_back(file);
	fp_ratering_close(&file->ring);
	free(file->kept);
	free(file->held);
	free(file);
}
