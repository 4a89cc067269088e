/*
 * item_lock.h - locking an item by its version word, and recovering an item whose owner is dead.
 */
#ifndef SHAREABLE__ITEM_LOCK_H
#define SHAREABLE__ITEM_LOCK_H

#include "sync/area.h"

/*
 * Locks an item, for a handle that is registered. *before is the unlocked version word. If the
 * item's owner is dead, this recovers the item first. Returns E_BUSY if living writers hold
 * the item for too long.
 */
shareable_status shareable__item_lock(shareable__sync *sync, size_t i, uint64_t *before);

/* Does the same for at most `timeout` nanoseconds, unless that is negative, and then returns E_TIMED_OUT. */
shareable_status shareable__item_lock_within(shareable__sync *sync, size_t i, int64_t timeout, uint64_t *before);

/* Locks an item if it is not locked. *before is the unlocked version word. */
static inline bool shareable__item_try_lock(shareable__sync *sync, size_t i, uint64_t *before) {
  uint64_t word = shareable__version_load(sync->area, i);

  *before = word & SHAREABLE__VERSION_UNLOCKED;
  return (word & SHAREABLE__LOCKED) == 0 &&
         shareable__version_swap(sync->area, i, word,
                                 shareable__version_locked(word, shareable__writer_id(&sync->writer)));
}

/* Returns whether the version word is locked by a dead writer. */
bool shareable__item_holder_is_dead(const shareable__sync *sync, uint64_t word);

/* Completes the write of a dead writer, and unlocks the item. `word` is its version word. */
void shareable__item_recover(shareable__sync *sync, size_t i, uint64_t word);

/*
 * Unlocks an item by storing its version word, and notifies waiters. `hazard` is the handle's hazard
 * if this thread may use it, or NULL.
 */
static inline void shareable__item_unlock_with(shareable__area *area, size_t i, uint64_t word,
                                               shareable__hazard *hazard) {
  shareable__version_store(area, i, word);
  if (hazard != NULL) {
    shareable__eventcount_notify_fast(&area->eventcounts, i, &hazard->idle_fences);
    return;
  }
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  shareable__eventcount_notify(&area->eventcounts, i);
}

/* Unlocks an item and notifies waiters. Finds out whether this thread may use the handle's hazard. */
static inline void shareable__item_unlock_and_notify(const shareable__sync *sync, size_t i, uint64_t word) {
  shareable__item_unlock_with(sync->area, i, word, shareable__writer_fast_hazard(&sync->writer));
}

/*
 * Registers the handle, and locks an item, so that the caller may change it by any number of
 * stores. Readers see either none of the changes or all of them, but a killed caller may leave the
 * changes incomplete. *before is for shareable__sync_unlock_item(), which leaves a corrupt item
 * corrupt. Without a sync area, both do nothing.
 */
shareable_status shareable__sync_lock_item(shareable__sync *sync, size_t i, uint64_t *before);
void shareable__sync_unlock_item(shareable__sync *sync, size_t i, uint64_t before);

/* Returns whether the item that sync_lock_item() has locked is corrupt. */
static inline bool shareable__sync_is_corrupt(uint64_t before) {
  return (before & SHAREABLE__CORRUPT) != 0;
}

/* Returns a number that identifies the living writer that has locked the item, or 0. */
uint32_t shareable__sync_item_holder(const shareable__sync *sync, size_t i);

#endif
