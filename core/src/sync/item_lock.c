/*
 * item_lock.c - locking an item by its version word, and recovering an item whose owner is dead.
 */
#include "sync/item_lock.h"

#include "sync/backoff.h"
#include "sync/fast_store.h"
#include "sync/redo_log.h"

/*
 * Replaces the lock of a dead writer with the caller's, and completes the write. *before is the
 * unlocked version word after that: CORRUPT if a write was lost; SLOW_STORES only if it was set,
 * because it is unknown whether the dead writer had waited for the fast stores in progress.
 */
static bool steal_lock(shareable__sync *sync, size_t i, uint64_t word, uint64_t *before) {
  uint64_t flags = word & SHAREABLE__SLOW_STORES;

  if (!shareable__version_swap(sync->area, i, word,
                               shareable__version_locked(word, shareable__writer_id(&sync->writer))))
    return false;
  __atomic_thread_fence(__ATOMIC_RELEASE); /* a reader that sees any later store sees the lock */
  shareable__redo_replay(sync, i);
  if ((shareable__version_load(sync->area, i) & (SHAREABLE__UNLOGGED | SHAREABLE__CORRUPT)) != 0)
    flags |= SHAREABLE__CORRUPT;
  *before = shareable__version_next(word, flags);
  return true;
}

void shareable__item_recover(shareable__sync *sync, size_t i, uint64_t word) {
  uint64_t before;

  if (steal_lock(sync, i, word, &before))
    shareable__item_unlock_and_notify(sync, i, before);
}

bool shareable__item_holder_is_dead(const shareable__sync *sync, uint64_t word) {
  return (word & SHAREABLE__LOCKED) != 0 && !shareable__writer_is_alive(&sync->writer, shareable__version_owner(word));
}

shareable_status shareable__item_lock(shareable__sync *sync, size_t i, uint64_t *before) {
  return shareable__item_lock_within(sync, i, -1, before);
}

shareable_status shareable__item_lock_within(shareable__sync *sync, size_t i, int64_t timeout, uint64_t *before) {
  shareable__backoff backoff = {.is_limited = timeout >= 0, .limit_ns = timeout};

  for (;;) {
    uint64_t word = shareable__version_load(sync->area, i);
    shareable__backoff_action action;

    if ((word & SHAREABLE__LOCKED) == 0) {
      if (shareable__item_try_lock(sync, i, before))
        return SHAREABLE_OK;
      continue;
    }
    action = shareable__backoff_wait(&backoff, word);
    if (action == SHAREABLE__CHECK_OWNER && shareable__item_holder_is_dead(sync, word) &&
        steal_lock(sync, i, word, before))
      return SHAREABLE_OK;
    if (action == SHAREABLE__TIMED_OUT)
      return shareable__backoff_reached_limit(&backoff) ? SHAREABLE_E_TIMED_OUT : SHAREABLE_E_BUSY;
  }
}

shareable_status shareable__sync_lock_item(shareable__sync *sync, size_t i, uint64_t *before) {
  shareable_status status = sync->area == NULL ? SHAREABLE_OK : shareable__sync_register(sync);

  *before = 0;
  return status == SHAREABLE_OK && sync->area != NULL ? shareable__item_lock(sync, i, before) : status;
}

void shareable__sync_unlock_item(shareable__sync *sync, size_t i, uint64_t before) {
  uint64_t flags = before & (SHAREABLE__SLOW_STORES | SHAREABLE__CORRUPT);

  if (sync->area != NULL)
    shareable__item_unlock_and_notify(sync, i, shareable__version_next(before, flags));
}

uint32_t shareable__sync_item_holder(const shareable__sync *sync, size_t i) {
  uint64_t word = sync->area == NULL ? 0 : shareable__version_load(sync->area, i);

  if ((word & SHAREABLE__LOCKED) == 0 || shareable__item_holder_is_dead(sync, word))
    return 0;
  return shareable__version_owner(word);
}
