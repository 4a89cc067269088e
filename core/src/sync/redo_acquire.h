/*
 * redo_acquire.h - acquiring a redo record for a write, and keeping it for the next one.
 *
 * The thread that has the handle's hazard keeps its record between writes. A kept record contains
 * the number of the item that it was last used for, and the lock of that item protects it:
 *
 * - The owner writes the same item again without an atomic operation on the record: it has locked
 *   the item, so no other process takes the record. For another item, it claims the record by a
 *   compare-and-swap.
 * - A writer that finds no free record takes a kept one. It must have locked the item that the
 *   record is kept for. If that is not the item that it writes, it tries to lock it, without
 *   waiting, and unlocks it unchanged. So it also takes the records of stopped and of dead writers.
 *
 * A thread that has lost its record, or has taken one from another writer, frees its records for
 * some time: then more than four writers do not take records from each other at each write.
 */
#ifndef SHAREABLE__REDO_ACQUIRE_H
#define SHAREABLE__REDO_ACQUIRE_H

#include "sync/redo_log.h"

/* The number of writes after which a thread keeps a record again. */
#define SHAREABLE__KEEP_PAUSE 1000

/*
 * Acquires a record to write item i, which the caller has locked. Returns NULL if all records are
 * in use for the same writes for too long: their writers are alive but may be stopped, and writers
 * of other items must not wait for them. `may_keep`: the thread has the handle's hazard.
 */
shareable__redo_record *shareable__redo_acquire_slow(shareable__sync *sync, uint32_t id, size_t i, bool may_keep);

/* Frees the record that the handle keeps, if it keeps one. */
void shareable__redo_free_kept(shareable__sync *sync);

/*
 * Acquires a record as shareable__redo_acquire_slow() does. The fast path is for a thread that
 * writes the item that it wrote last.
 */
static inline shareable__redo_record *shareable__redo_acquire(shareable__sync *sync, uint32_t id, size_t i,
                                                              bool may_keep) {
  if (may_keep && i < SHAREABLE__REDO_KEPT_ITEMS) {
    shareable__redo_record *record = &sync->area->redo_records[sync->kept];

    if (shareable__redo_load(record) == shareable__redo_kept_state(id, i))
      return record;
  }
  return shareable__redo_acquire_slow(sync, id, i, may_keep);
}

/* Keeps the record for the thread's next write, or frees it. The caller still has item i locked. */
static inline void shareable__redo_release(shareable__sync *sync, shareable__redo_record *record, uint32_t id, size_t i,
                                           bool may_keep) {
  bool keeps = may_keep && sync->keep_pause == 0 && i < SHAREABLE__REDO_KEPT_ITEMS;

  shareable__store(record, keeps ? shareable__redo_kept_state(id, i) : 0);
  if (!may_keep)
    return;
  sync->keeper = keeps ? id : 0;
  if (sync->keep_pause > 0)
    sync->keep_pause--;
}

#endif
