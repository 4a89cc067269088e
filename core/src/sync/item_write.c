/*
 * item_write.c - writing an item so that other processes see the old or the new value, even if the
 * writer is killed.
 */
#include "sync/item_write.h"

#include "base/clock.h"
#include "sync/backoff.h"
#include "sync/fast_store.h"
#include "sync/item_lock.h"
#include "sync/redo_log.h"

/* After this time with all records in use for the same writes, an item is written unlogged. */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define STUCK_NS INT64_C(10000)
#else
#define STUCK_NS INT64_C(10000000)
#endif

/*
 * Frees the record of a dead writer. If the record is committed and its item is locked by a dead
 * writer, recovers the item first. If the item is not locked, or does not exist, no correct writer
 * left the record.
 */
static void redo_reclaim(shareable__sync *sync, shareable__redo_record *record, uint32_t dead) {
  uint64_t item = __atomic_load_n(&record->item, __ATOMIC_RELAXED);

  if (__atomic_load_n(&record->committed, __ATOMIC_ACQUIRE) == 0) {
    shareable__writer_id_swap(&record->writer_id, dead, 0);
    return;
  }
  if (item < sync->area->count && item < sync->layout->count) {
    uint64_t word = shareable__version_load(sync->area, (size_t)item);
    if (shareable__item_holder_is_dead(sync, word))
      shareable__item_recover(sync, (size_t)item, word);
    if ((word & SHAREABLE__LOCKED) != 0)
      return;
  }
  if (shareable__writer_id_swap(&record->writer_id, dead, shareable__writer_id(&sync->writer)))
    shareable__redo_free(record);
}

/* Acquires a free record, or returns NULL. `check_owners`: reclaims those of dead owners. */
static shareable__redo_record *redo_try_acquire(shareable__sync *sync, bool check_owners) {
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++) {
    shareable__redo_record *record = &sync->area->redo_records[k];
    uint32_t id = shareable__writer_id_load(&record->writer_id);

    if (id == 0 && shareable__writer_id_swap(&record->writer_id, 0, shareable__writer_id(&sync->writer)))
      return record;
    if (check_owners && id != 0 && !shareable__writer_is_alive(&sync->writer, id))
      redo_reclaim(sync, record, id);
  }
  return NULL;
}

/* Returns a hash, which is not 0, of the writer ids and the items of all records. */
static uint64_t redo_hash(const shareable__area *area) {
  uint64_t hash = 1;

  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++) {
    const shareable__redo_record *record = &area->redo_records[k];

    hash = hash * 31 + shareable__writer_id_load(&record->writer_id);
    hash = hash * 31 + __atomic_load_n(&record->item, __ATOMIC_RELAXED);
  }
  return hash | 1;
}

/*
 * Acquires a record. Returns NULL if all of them are in use for the same writes for STUCK_NS: their
 * writers are alive but may be stopped, and writers of other items must not wait for them.
 */
static shareable__redo_record *redo_acquire(shareable__sync *sync) {
  int64_t since = 0;
  uint64_t observed = 0;
  shareable__backoff backoff = {0};
  shareable__backoff_action action = SHAREABLE__RETRY;

  for (;;) {
    shareable__redo_record *record = redo_try_acquire(sync, action == SHAREABLE__CHECK_OWNER);
    uint64_t hash;

    if (record != NULL)
      return record;
    hash = redo_hash(sync->area);
    if (hash == __atomic_load_n(&sync->stuck_hash, __ATOMIC_RELAXED) || action == SHAREABLE__TIMED_OUT)
      return redo_try_acquire(sync, true);
    action = shareable__backoff_wait(&backoff, hash);
    if (action == SHAREABLE__CHECK_OWNER && hash == observed && shareable__now() - since > STUCK_NS)
      __atomic_store_n(&sync->stuck_hash, hash, __ATOMIC_RELAXED);
    if (hash != observed)
      since = shareable__now();
    observed = hash;
  }
}

/* Writes a locked item without a redo record. If the caller is killed, the item is corrupt. */
static void put_unlogged(shareable__sync *sync, size_t i, const shareable__slot *slot,
                         const shareable__encoded_item *item) {
  shareable__version_store(sync->area, i, shareable__version_load(sync->area, i) | SHAREABLE__UNLOGGED);
  __atomic_thread_fence(__ATOMIC_RELEASE);
  shareable__item_put(slot, item);
}

/* Writes a locked item, with a redo record if there is a free one and the text fits in it. */
static void put_logged(shareable__sync *sync, size_t i, const shareable__slot *slot,
                       const shareable__encoded_item *item) {
  shareable__redo_record *record = item->length > SHAREABLE__REDO_SIZE ? NULL : redo_acquire(sync);

  if (record == NULL) {
    put_unlogged(sync, i, slot, item);
    return;
  }
  shareable__redo_fill(record, i, item);
  shareable__version_clear_corrupt(sync->area, i);
  shareable__item_put(slot, item);
  shareable__redo_free(record);
}

/*
 * Writes an item that the caller has locked. *flags are those of the version word before, and those
 * after the write on return. Returns false, and writes nothing, if a fast store to the item stays
 * in progress.
 */
static bool write_locked(shareable__sync *sync, size_t i, const shareable__slot *slot,
                         const shareable__encoded_item *item, uint64_t *flags) {
  __atomic_thread_fence(__ATOMIC_RELEASE); /* a reader that sees any later store sees the lock */
  if (shareable__item_same_format(slot, item)) {
    shareable__store(slot->data, item->word);
    *flags &= SHAREABLE__SLOW_STORES;
    return true;
  }
  if ((*flags & SHAREABLE__SLOW_STORES) == 0 && shareable__item_is_number(slot)) {
    if (!shareable__sync_quiesce(sync, i))
      return false;
    *flags |= SHAREABLE__SLOW_STORES;
  }
  put_logged(sync, i, slot, item);
  *flags &= SHAREABLE__SLOW_STORES;
  return true;
}

shareable_status shareable__sync_write_item(shareable__sync *sync, size_t i, const shareable__slot *slot,
                                            const shareable__encoded_item *item) {
  uint64_t before = 0, flags;
  shareable_status status = shareable__sync_register(sync);

  if (status == SHAREABLE_OK)
    status = shareable__item_lock(sync, i, &before);
  if (status != SHAREABLE_OK)
    return status;
  flags = before & SHAREABLE__VERSION_FLAGS;
  if (!write_locked(sync, i, slot, item, &flags))
    status = SHAREABLE_E_BUSY;
  shareable__item_unlock_and_notify(sync, i, shareable__version_next(before, flags));
  return status;
}
