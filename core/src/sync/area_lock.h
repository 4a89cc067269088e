/*
 * area_lock.h - the lock of a list: a word in the sync area that contains its owner's writer id,
 * and on which waiters sleep.
 */
#ifndef SHAREABLE__AREA_LOCK_H
#define SHAREABLE__AREA_LOCK_H

#include <stdatomic.h>

#include "sync/area.h"

/* What one handle remembers of the lock; all 0 at first. */
typedef struct shareable__area_lock {
  atomic_uint lost_wakeups; /* the number of successive wake-ups that reached no waiter */
  bool found_waiters;       /* of the owner: LOCK_WAITERS was already set when it acquired the lock */
} shareable__area_lock;

/*
 * Acquires the lock, and waits for at most `timeout` nanoseconds, or without limit if that is
 * negative. Returns E_OWNER_DIED if the caller now owns the lock and the previous owner died;
 * E_TIMED_OUT; E_NO_SYNC if the list has no sync area; or the errors of shareable__sync_register().
 */
shareable_status shareable__area_lock_acquire(shareable__area_lock *lock, shareable__sync *sync, int64_t timeout);

/* Releases the lock. Returns E_NOT_LOCKED if the handle does not own it, or E_NO_SYNC. */
shareable_status shareable__area_lock_release(shareable__area_lock *lock, shareable__sync *sync);

#endif
