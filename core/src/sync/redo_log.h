/*
 * redo_log.h - the redo records of the sync area: item writes that another process completes if
 * their writer is killed.
 */
#ifndef SHAREABLE__REDO_LOG_H
#define SHAREABLE__REDO_LOG_H

#include "format/item.h"
#include "sync/area.h"

/* Returns the committed redo record of item i, or NULL. */
shareable__redo_record *shareable__redo_find(shareable__area *area, size_t i);

/* Returns the number of data bytes of a record; 0 if the record's field is impossible. */
size_t shareable__redo_length(const shareable__redo_record *record, size_t slot_size);

/*
 * Completes the write of a dead writer in item i, if there is a committed record for the item. The
 * caller must have replaced the dead writer's lock with its own.
 */
void shareable__redo_replay(shareable__sync *sync, size_t i);

/* Writes an encoded item to a record that the caller has acquired, and commits the record. */
static inline void shareable__redo_fill(shareable__redo_record *record, size_t i, const shareable__encoded_item *item) {
  __atomic_store_n(&record->item, i, __ATOMIC_RELAXED);
  record->format = item->format;
  record->code = item->code;
  record->length = item->length;
  if (item->length > 0)
    memcpy(record->data, item->data, item->length);
  __atomic_store_n(&record->committed, 1, __ATOMIC_RELEASE);
  __atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void shareable__redo_free(shareable__redo_record *record) {
  __atomic_store_n(&record->committed, 0, __ATOMIC_RELEASE);
  __atomic_store_n(&record->writer_id, 0, __ATOMIC_RELEASE);
}

#endif
