/*
 * item_write.c - writing an item so that other processes see the old or the new value, even if the
 * writer is killed.
 */
#include "sync/item_write.h"

#include "sync/fast_store.h"
#include "sync/item_lock.h"
#include "sync/redo_acquire.h"

/* Writes a locked item without a redo record. If the caller is killed, the item is corrupt. */
static void put_unlogged(shareable__sync *sync, size_t i, const shareable__slot *slot,
                         const shareable__encoded_item *item) {
  shareable__version_store(sync->area, i, shareable__version_load(sync->area, i) | SHAREABLE__UNLOGGED);
  __atomic_thread_fence(__ATOMIC_RELEASE);
  shareable__item_put(slot, item);
}

/* One write of an item that the caller has locked. */
typedef struct item_write {
  shareable__sync *sync;
  size_t i;
  const shareable__slot *slot;
  const shareable__encoded_item *item;
  shareable__hazard *hazard; /* the handle's hazard if this thread may use it, or NULL */
} item_write;

/*
 * Writes a locked item, with a redo record if one can be acquired and the value fits in it.
 * `is_corrupt`: a write to the item was lost. `same_format`: the slot has the format and the code of
 * the value already.
 */
static inline __attribute__((always_inline)) void put_logged(const item_write *write, bool is_corrupt,
                                                             bool same_format) {
  uint32_t id = shareable__writer_id(&write->sync->writer);
  bool may_keep = write->hazard != NULL;
  shareable__redo_record *record =
    write->item->length > SHAREABLE__REDO_SIZE ? NULL : shareable__redo_acquire(write->sync, id, write->i, may_keep);

  if (record == NULL) {
    put_unlogged(write->sync, write->i, write->slot, write->item);
    return;
  }
  shareable__redo_fill(record, id, write->i, write->item);
  if (is_corrupt)
    shareable__version_clear_corrupt(write->sync->area, write->i);
  if (same_format)
    shareable__item_put_data(write->slot, write->item);
  else
    shareable__item_put(write->slot, write->item);
  shareable__redo_release(write->sync, record, id, write->i, may_keep);
}

/*
 * Writes a value of another type or size. *flags are those of the version word, before and after.
 * Returns false, and writes nothing, if a fast store to the item stays in progress.
 */
static __attribute__((noinline)) bool change_format(const item_write *write, uint64_t *flags) {
  if ((*flags & SHAREABLE__SLOW_STORES) == 0 && shareable__item_is_number(write->slot)) {
    if (!shareable__sync_quiesce(write->sync, write->i))
      return false;
    *flags |= SHAREABLE__SLOW_STORES;
  }
  put_logged(write, (*flags & SHAREABLE__CORRUPT) != 0, false);
  return true;
}

/* Writes a locked item. *after is the version word to unlock it with. */
static inline __attribute__((always_inline)) shareable_status put_locked(const item_write *write, uint64_t before,
                                                                         uint64_t *after) {
  uint64_t flags = before & SHAREABLE__VERSION_FLAGS;
  shareable_status status = SHAREABLE_OK;

  __atomic_thread_fence(__ATOMIC_RELEASE); /* a reader that sees any later store sees the lock */
  if (!shareable__item_same_format(write->slot, write->item)) {
    if (change_format(write, &flags))
      flags &= SHAREABLE__SLOW_STORES;
    else
      status = SHAREABLE_E_BUSY;
  } else {
    if (!shareable__item_put_one_word(write->slot, write->item))
      put_logged(write, (flags & SHAREABLE__CORRUPT) != 0, true);
    flags &= SHAREABLE__SLOW_STORES;
  }
  *after = shareable__version_next(before, flags);
  return status;
}

shareable_status shareable__item_write_locked(shareable__sync *sync, size_t i, const shareable__slot *slot,
                                              const shareable__encoded_item *item, uint64_t before, uint64_t *after) {
  const item_write write = {sync, i, slot, item, shareable__writer_fast_hazard(&sync->writer)};

  return put_locked(&write, before, after);
}

shareable_status shareable__sync_write_item(shareable__sync *sync, size_t i, const shareable__slot *slot,
                                            const shareable__encoded_item *item) {
  item_write write = {sync, i, slot, item, shareable__writer_fast_hazard(&sync->writer)};
  shareable_status status = SHAREABLE_OK;
  uint64_t before = 0, after;

  if (write.hazard == NULL) {
    status = shareable__sync_register(sync);
    write.hazard = shareable__writer_fast_hazard(&sync->writer);
  }
  if (status == SHAREABLE_OK && !shareable__item_try_lock(sync, i, &before))
    status = shareable__item_lock(sync, i, &before);
  if (status != SHAREABLE_OK)
    return status;
  status = put_locked(&write, before, &after);
  shareable__item_unlock_with(sync->area, i, after, write.hazard);
  return status;
}
