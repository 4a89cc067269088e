/*
 * area_lock.h - the locks of a list and of a dict: a word in the block that contains its owner's
 * writer id, and on which waiters sleep.
 */
#ifndef SHAREABLE__AREA_LOCK_H
#define SHAREABLE__AREA_LOCK_H

#include <stdatomic.h>

#include "sync/fast_store.h"

/* A lock as one handle uses it. Except for the word, all 0 at first. */
typedef struct shareable__area_lock {
  uint32_t *word;           /* in the block; NULL: the list has no sync area */
  atomic_uint lost_wakeups; /* the number of successive wake-ups that reached no waiter */
  bool found_waiters;       /* LOCK_WAITERS was already set when the handle acquired the lock */
} shareable__area_lock;

/* After this number of lost wake-ups, a handle waits before it acquires the lock again. */
#define SHAREABLE__LOST_WAKEUPS_MAX 2

/* The slow paths of the functions below. */
void shareable__area_lock_yield(shareable__area_lock *lock, int64_t timeout);
shareable_status shareable__area_lock_wait(shareable__area_lock *lock, const shareable__sync *sync, uint32_t id,
                                           int64_t timeout);
void shareable__area_lock_wake(shareable__area_lock *lock, bool found_waiters);

static inline bool shareable__area_lock_swap(uint32_t *word, uint32_t expected, uint32_t desired) {
  return __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/*
 * Acquires the lock, and waits for at most `timeout` nanoseconds, or without limit if that is
 * negative. Returns E_OWNER_DIED if the caller now owns the lock and the previous owner died;
 * E_TIMED_OUT; E_NO_SYNC if the list has no sync area; E_CLOSED if another thread has closed the
 * handle; or the errors of shareable__sync_register().
 */
static inline shareable_status shareable__area_lock_acquire(shareable__area_lock *lock, shareable__sync *sync,
                                                            int64_t timeout) {
  shareable_status status = lock->word == NULL ? SHAREABLE_E_NO_SYNC : shareable__sync_register(sync);
  uint32_t id;

  if (status != SHAREABLE_OK)
    return status;
  if (atomic_load_explicit(&lock->lost_wakeups, memory_order_relaxed) >= SHAREABLE__LOST_WAKEUPS_MAX)
    shareable__area_lock_yield(lock, timeout);
  id = shareable__writer_id(&sync->writer);
  if (id == 0)
    return SHAREABLE_E_CLOSED;
  if (shareable__area_lock_swap(lock->word, 0, id))
    return SHAREABLE_OK;
  return shareable__area_lock_wait(lock, sync, id, timeout);
}

/* Releases the lock. Returns E_NOT_LOCKED if the handle does not own it, or E_NO_SYNC. */
static inline shareable_status shareable__area_lock_release(shareable__area_lock *lock, const shareable__sync *sync) {
  uint32_t id = shareable__writer_id(&sync->writer);
  bool found_waiters;

  if (lock->word == NULL)
    return SHAREABLE_E_NO_SYNC;
  if (id == 0 || !shareable__writer_is_current_process(&sync->writer) ||
      (__atomic_load_n(lock->word, __ATOMIC_RELAXED) & ~SHAREABLE__LOCK_WAITERS) != id)
    return SHAREABLE_E_NOT_LOCKED;
  found_waiters = lock->found_waiters;
  lock->found_waiters = false;
  if ((__atomic_exchange_n(lock->word, 0, __ATOMIC_SEQ_CST) & SHAREABLE__LOCK_WAITERS) != 0)
    shareable__area_lock_wake(lock, found_waiters);
  return SHAREABLE_OK;
}

#endif
