/*
 * item_read.c - reading one value of an item that other processes may write at the same time.
 */
#include "sync/item_read.h"

#include "sync/fast_store.h"
#include "sync/item_lock.h"
#include "sync/redo_log.h"

/* After this number of invalid attempts, a reader that may write locks the item. */
enum { UNLOCKED_ATTEMPTS = 16 };

/*
 * For a reader that cannot recover the item: makes *slot the committed redo record. Without one,
 * the item still contains the value before the write, unless the write was unlogged.
 */
static shareable_status read_from_redo(shareable__sync *sync, size_t i, shareable__slot *slot,
                                       shareable__read_attempt *attempt) {
  shareable__redo_record *record = shareable__redo_find(sync->area, i);
  size_t length;
  bool is_text;

  if (record == NULL)
    return (attempt->version & (SHAREABLE__UNLOGGED | SHAREABLE__CORRUPT)) != 0 ? SHAREABLE_E_CORRUPT : SHAREABLE_OK;
  length = shareable__redo_length(record, sizeof record->data);
  attempt->code = (unsigned char)record->code;
  is_text = attempt->code == SHAREABLE__CODE_STR || attempt->code == SHAREABLE__CODE_BYTES;
  attempt->format = is_text ? shareable__exact_format(length) : record->format;
  *slot = (shareable__slot){record->data, sizeof record->data, (unsigned char *)&attempt->format, &attempt->code};
  return SHAREABLE_OK;
}

/* Recovers an item whose owner is dead. Returns false if the handle cannot register. */
static bool recover_for_read(shareable__sync *sync, size_t i, const shareable__read_attempt *attempt) {
  if (shareable__sync_register(sync) != SHAREABLE_OK)
    return false;
  shareable__item_recover(sync, i, attempt->version);
  return true;
}

/* Locks the item to read it. If the reader is killed, the item keeps its value. */
static shareable_status lock_to_read(shareable__sync *sync, size_t i, shareable__read_attempt *attempt) {
  shareable_status status = shareable__item_lock(sync, i, &attempt->unlocked);

  if (status != SHAREABLE_OK)
    return status;
  attempt->is_locked = true;
  attempt->version = shareable__version_load(sync->area, i);
  return (attempt->unlocked & SHAREABLE__CORRUPT) != 0 ? SHAREABLE_E_CORRUPT : SHAREABLE_OK;
}

/*
 * Unlocking also notifies waiters, because locking may have completed the write of a dead writer.
 */
void shareable__read_end(shareable__sync *sync, size_t i, const shareable__read_attempt *attempt) {
  if (attempt->is_locked)
    shareable__item_unlock_and_notify(sync, i, attempt->unlocked);
}

/* Counts the attempt. If it is not the first one, waits and finds the slot again. */
static shareable_status start_attempt(shareable__sync *sync, size_t i, shareable__slot *slot,
                                      shareable__read_attempt *attempt) {
  bool is_first = attempt->attempts++ == 0;

  if (!is_first && shareable__backoff_wait(&attempt->backoff, attempt->version) == SHAREABLE__TIMED_OUT)
    return SHAREABLE_E_BUSY;
  if (!is_first && !shareable__layout_slot(sync->layout, i, slot))
    return SHAREABLE_E_CORRUPT;
  return SHAREABLE_OK;
}

shareable_status shareable__read_begin(shareable__sync *sync, size_t i, shareable__slot *slot,
                                       shareable__read_attempt *attempt) {
  shareable_status status = start_attempt(sync, i, slot, attempt);

  if (status == SHAREABLE_OK && attempt->attempts > UNLOCKED_ATTEMPTS && shareable__sync_register(sync) == SHAREABLE_OK)
    return lock_to_read(sync, i, attempt);
  while (status == SHAREABLE_OK && !shareable__read_begin_fast(sync, i, &attempt->version)) {
    shareable__backoff_action action = shareable__backoff_wait(&attempt->backoff, attempt->version);

    if ((attempt->version & SHAREABLE__LOCKED) == 0)
      return SHAREABLE_E_CORRUPT;
    if (action == SHAREABLE__TIMED_OUT)
      return SHAREABLE_E_BUSY;
    if (action == SHAREABLE__RETRY || !shareable__item_holder_is_dead(sync, attempt->version))
      continue;
    if (!recover_for_read(sync, i, attempt))
      return read_from_redo(sync, i, slot, attempt);
  }
  return status;
}
