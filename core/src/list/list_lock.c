/*
 * list_lock.c - the lock of a list: a word that has its owner's token, on which who wants it sleeps.
 */
#include "base/clock.h"
#include "list/list.h"

#include <sched.h>

#include "base/futex.h"

/*
 * How long one sleep lasts if the waiter is not woken: the first one, and the longest. The owner may have been killed; and a
 * process that may only read the list can take wake-ups (FUTEX_WAKE and FUTEX_REQUEUE work on a read-only mapping).
 */
#define FIRST_SLICE_NS INT64_C(1000000)
#define LAST_SLICE_NS INT64_C(20000000)

/* After how many wake-ups that reached no waiter a handle waits before it locks again, and how long. */
#define MOST_UNHEARD 2
#define GIVING_WAY_NS (2 * FIRST_SLICE_NS)

/* Set in the lock beside its owner's token: a process may sleep until it changes. No token has this bit. */
#define WAITERS SHAREABLE__LOCK_WAITERS

static bool take(uint32_t *lock, uint32_t from, uint32_t to) {
  return __atomic_compare_exchange_n(lock, &from, to, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* A short while on the processor: most locks are held for less than it takes to sleep. */
static bool take_soon(uint32_t *lock, uint32_t token) {
  for (int turn = 0; turn < 200; turn++) {
    if (__atomic_load_n(lock, __ATOMIC_RELAXED) == 0 && take(lock, 0, token))
      return true;
    if (turn > 100)
      sched_yield();
  }
  return false;
}

/* Takes the lock if WAITERS is set in it before or afterwards. */
static bool take_with_waiters(shareable_list *list, uint32_t from, uint32_t to) {
  if (!take(&list->sync.area->lock, from, to))
    return false;
  list->has_old_waiters = true;
  return true;
}

/* Whether the owner has died, if the lock still has that owner; then the caller takes it. */
static bool take_from_dead(shareable_list *list, uint32_t seen, uint32_t to) {
  if (shareable__writer_is_alive(&list->sync.writer, seen & ~WAITERS))
    return false;
  return (to & WAITERS) != 0 ? take_with_waiters(list, seen, to) : take(&list->sync.area->lock, seen, to);
}

/* One look, for who does not wait. */
static shareable_status try_once(shareable_list *list) {
  uint32_t *lock = &list->sync.area->lock, token = list->sync.writer.token;
  uint32_t seen = __atomic_load_n(lock, __ATOMIC_RELAXED);

  if (seen == 0 && take(lock, 0, token))
    return SHAREABLE_OK;
  return seen != 0 && take_from_dead(list, seen, token | (seen & WAITERS)) ? SHAREABLE_E_OWNER_DIED
                                                                           : SHAREABLE_E_TIMED_OUT;
}

/* Twice as long while the same owner keeps the lock; the first one again if it was released meanwhile. */
static int64_t next_slice(const uint32_t *lock, uint32_t slept_on, int64_t slice) {
  if (__atomic_load_n(lock, __ATOMIC_RELAXED) != slept_on)
    return FIRST_SLICE_NS;
  return 2 * slice < LAST_SLICE_NS ? 2 * slice : LAST_SLICE_NS;
}

/*
 * Sleeps until the lock is free, its owner dead, or the time over. Whoever sleeps has seen WAITERS in the lock, so whoever unlocks
 * wakes one; and whoever takes the lock here leaves WAITERS in it, since others may sleep. A waiter that is killed leaves no more
 * than one needless wake-up behind.
 */
static shareable_status wait_for(shareable_list *list, int64_t timeout) {
  uint32_t *lock = &list->sync.area->lock, mine = list->sync.writer.token | WAITERS;
  int64_t end = shareable__deadline(timeout), slice = FIRST_SLICE_NS, left;

  for (;;) {
    uint32_t seen = __atomic_load_n(lock, __ATOMIC_RELAXED);

    if (seen == 0) {
      if (take_with_waiters(list, 0, mine))
        return SHAREABLE_OK;
      continue;
    }
    if (take_from_dead(list, seen, mine))
      return SHAREABLE_E_OWNER_DIED;
    if ((seen & WAITERS) == 0 && !take(lock, seen, seen | WAITERS))
      continue;
    left = end - shareable__now();
    if (left <= 0) /* not before WAITERS is there for the others: a wake-up may have been meant for one of them */
      return SHAREABLE_E_TIMED_OUT;
    shareable__futex_sleep(lock, seen | WAITERS, left < slice ? left : slice);
    slice = next_slice(lock, seen | WAITERS, slice);
  }
}

/*
 * Gives waiters time to look, if wake-ups do not reach them: a process that locks again at once would find the lock free each
 * time, and the waiters would not.
 */
static void give_way(shareable_list *list, int64_t timeout) {
  if (atomic_load_explicit(&list->unheard, memory_order_relaxed) < MOST_UNHEARD)
    return;
  atomic_store_explicit(&list->unheard, 0, memory_order_relaxed);
  if (timeout < 0 || timeout > GIVING_WAY_NS)
    shareable__sleep(GIVING_WAY_NS);
}

/* Wakes a waiter. If WAITERS was there when the lock was taken, it may be from one that has gone. */
static void wake(shareable_list *list, bool may_be_none) {
  if (shareable__futex_wake(&list->sync.area->lock, 1) > 0)
    atomic_store_explicit(&list->unheard, 0, memory_order_relaxed);
  else if (!may_be_none)
    atomic_fetch_add_explicit(&list->unheard, 1, memory_order_relaxed);
}

static shareable_status check(const shareable_list *list) {
  shareable_status status = shareable__list_check(list);

  return status == SHAREABLE_OK && list->sync.area == NULL ? SHAREABLE_E_NO_SYNC : status;
}

shareable_status shareable_list_lock(shareable_list *list, int64_t timeout) {
  shareable_status status = check(list);
  shareable__area *area;

  if (status == SHAREABLE_OK)
    status = shareable__sync_join(&list->sync);
  if (status != SHAREABLE_OK)
    return status;
  area = list->sync.area;
  give_way(list, timeout);
  if (take(&area->lock, 0, list->sync.writer.token))
    return SHAREABLE_OK;
  if (timeout == 0)
    return try_once(list);
  return take_soon(&area->lock, list->sync.writer.token) ? SHAREABLE_OK : wait_for(list, timeout);
}

shareable_status shareable_list_unlock(shareable_list *list) {
  shareable_status status = check(list);
  shareable__area *area;
  bool has_old_waiters;

  if (status != SHAREABLE_OK)
    return status;
  area = list->sync.area;
  if (list->sync.writer.token == 0 || !shareable__writer_is_current_process(&list->sync.writer) ||
      (__atomic_load_n(&area->lock, __ATOMIC_RELAXED) & ~WAITERS) != list->sync.writer.token)
    return SHAREABLE_E_NOT_LOCKED;
  has_old_waiters = list->has_old_waiters;
  list->has_old_waiters = false;
  if ((__atomic_exchange_n(&area->lock, 0, __ATOMIC_SEQ_CST) & WAITERS) != 0)
    wake(list, has_old_waiters);
  return SHAREABLE_OK;
}
