/*
 * area_lock.c - the locks of a list and of a dict: a word in the block that contains its owner's
 * writer id, and on which waiters sleep.
 */
#include "sync/area_lock.h"

#include <sched.h>

#include "base/clock.h"
#include "base/futex.h"

/*
 * The first and the longest sleep of a waiter that is not woken. The owner may have been killed. A
 * process that may only read the list can consume wake-ups: FUTEX_WAKE and FUTEX_REQUEUE work on a
 * read-only mapping.
 */
#define FIRST_SLEEP_NS INT64_C(1000000)
#define LONGEST_SLEEP_NS INT64_C(20000000)

/* The time for which a handle waits after lost wake-ups, before it acquires the lock again. */
#define YIELD_NS (2 * FIRST_SLEEP_NS)

/* Set in the word beside the owner's id if a process may sleep until the word changes. */
#define WAITERS SHAREABLE__LOCK_WAITERS

/*
 * The number of checks before a waiter sleeps, and the number after which it yields between them.
 */
enum { SPIN_LIMIT = 200, YIELD_AFTER = 100 };

/*
 * Most locks are held for less time than it takes to sleep. If other processes keep this processor
 * busy, each of the yields may take milliseconds.
 */
static bool try_lock_spinning(uint32_t *word, uint32_t id, int64_t end) {
  for (int spins = 0; spins < SPIN_LIMIT; spins++) {
    if (__atomic_load_n(word, __ATOMIC_RELAXED) == 0 && shareable__area_lock_swap(word, 0, id))
      return true;
    if (spins <= YIELD_AFTER)
      continue;
    sched_yield();
    if (shareable__now() >= end)
      return false;
  }
  return false;
}

/* Acquires the lock if the word is `expected`. WAITERS is set in `expected` or in `desired`. */
static bool acquire_with_waiters(shareable__area_lock *lock, uint32_t expected, uint32_t desired) {
  if (!shareable__area_lock_swap(lock->word, expected, desired))
    return false;
  lock->found_waiters = true;
  return true;
}

/* Acquires the lock if its owner is dead and the word is still `observed`. */
static bool acquire_from_dead(shareable__area_lock *lock, const shareable__sync *sync, uint32_t observed,
                              uint32_t desired) {
  uint32_t *word = lock->word;

  if (shareable__writer_is_alive(&sync->writer, observed & ~WAITERS))
    return false;
  return (desired & WAITERS) != 0 ? acquire_with_waiters(lock, observed, desired)
                                  : shareable__area_lock_swap(word, observed, desired);
}

/* Tries once, for a caller that does not wait. */
static shareable_status try_once(shareable__area_lock *lock, const shareable__sync *sync, uint32_t id) {
  uint32_t *word = lock->word;
  uint32_t observed = __atomic_load_n(word, __ATOMIC_RELAXED);

  if (observed == 0 && shareable__area_lock_swap(word, 0, id))
    return SHAREABLE_OK;
  if (observed != 0 && acquire_from_dead(lock, sync, observed, id | (observed & WAITERS)))
    return SHAREABLE_E_OWNER_DIED;
  return SHAREABLE_E_TIMED_OUT;
}

/* Returns twice the last duration, or the first one if the word changed during the sleep. */
static int64_t next_sleep(const uint32_t *word, uint32_t slept_on, int64_t duration) {
  if (__atomic_load_n(word, __ATOMIC_RELAXED) != slept_on)
    return FIRST_SLEEP_NS;
  return 2 * duration < LONGEST_SLEEP_NS ? 2 * duration : LONGEST_SLEEP_NS;
}

/*
 * Sleeps until the lock is free, its owner is dead, or the timeout is over. A process sleeps only
 * while WAITERS is set in the word, so the owner wakes one sleeper when it releases the lock. A
 * waiter that acquires the lock here leaves WAITERS set, because others may sleep. So a waiter that
 * is killed causes at most one needless wake-up.
 */
static shareable_status wait_for(shareable__area_lock *lock, const shareable__sync *sync, uint32_t id, int64_t end) {
  uint32_t *word = lock->word, desired = id | WAITERS;
  int64_t duration = FIRST_SLEEP_NS, left;

  for (;;) {
    uint32_t observed = __atomic_load_n(word, __ATOMIC_RELAXED);

    if (observed == 0) {
      if (acquire_with_waiters(lock, 0, desired))
        return SHAREABLE_OK;
      continue;
    }
    if (acquire_from_dead(lock, sync, observed, desired))
      return SHAREABLE_E_OWNER_DIED;
    if ((observed & WAITERS) == 0 && !shareable__area_lock_swap(word, observed, observed | WAITERS))
      continue;
    left = end - shareable__now();
    if (left <= 0) /* not before WAITERS is set: this process may have taken another's wake-up */
      return SHAREABLE_E_TIMED_OUT;
    shareable__futex_sleep(word, observed | WAITERS, left < duration ? left : duration);
    duration = next_sleep(word, observed | WAITERS, duration);
  }
}

/*
 * If wake-ups do not reach the waiters, gives them time to check the lock themselves. Otherwise a
 * process that releases the lock and acquires it again at once would always find it free, and the
 * waiters never would.
 */
void shareable__area_lock_yield(shareable__area_lock *lock, int64_t timeout) {
  atomic_store_explicit(&lock->lost_wakeups, 0, memory_order_relaxed);
  if (timeout < 0 || timeout > YIELD_NS)
    shareable__sleep(YIELD_NS);
}

/* Wakes a waiter. If `found_waiters` is set, there may be none: WAITERS may be out of date. */
void shareable__area_lock_wake(shareable__area_lock *lock, bool found_waiters) {
  if (shareable__futex_wake(lock->word, 1) > 0)
    atomic_store_explicit(&lock->lost_wakeups, 0, memory_order_relaxed);
  else if (!found_waiters)
    atomic_fetch_add_explicit(&lock->lost_wakeups, 1, memory_order_relaxed);
}

shareable_status shareable__area_lock_wait(shareable__area_lock *lock, const shareable__sync *sync, uint32_t id,
                                           int64_t timeout) {
  int64_t end;

  if (timeout == 0)
    return try_once(lock, sync, id);
  end = shareable__deadline(timeout);
  if (try_lock_spinning(lock->word, id, end))
    return SHAREABLE_OK;
  return wait_for(lock, sync, id, end);
}
