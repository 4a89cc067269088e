/*
 * redo_log.h - the redo records of the sync area: item writes that another process completes if
 * their writer is killed.
 */
#ifndef SHAREABLE__REDO_LOG_H
#define SHAREABLE__REDO_LOG_H

#include "format/item.h"
#include "sync/area.h"

/*
 * The use of a record. A free record has no owner, whatever its use is. A kept record has an owner
 * and no write in it; KEPT + 4 * i means that its owner wrote item i last, and that the lock of item
 * i protects the record (redo_acquire.h).
 */
#define SHAREABLE__REDO_FILLING UINT32_C(0)
#define SHAREABLE__REDO_COMMITTED UINT32_C(1) /* all fields are complete, and the item may be partly written */
#define SHAREABLE__REDO_KEPT UINT32_C(2)
/* The number of items for which a record can be kept. */
#define SHAREABLE__REDO_KEPT_ITEMS (UINT64_C(1) << 30)

/* Returns the first two fields of a record, which are loaded and stored as one word. */
static inline uint64_t shareable__redo_state(uint32_t writer_id, uint32_t use) {
  const uint32_t fields[2] = {writer_id, use};
  uint64_t state;

  memcpy(&state, fields, sizeof state);
  return state;
}

/* Returns the state of a record that the writer keeps for item i. */
static inline uint64_t shareable__redo_kept_state(uint32_t writer_id, size_t i) {
  return shareable__redo_state(writer_id, SHAREABLE__REDO_KEPT + 4 * (uint32_t)i);
}

static inline uint32_t shareable__redo_owner(uint64_t state) {
  uint32_t fields[2];

  memcpy(fields, &state, sizeof state);
  return fields[0];
}

static inline uint32_t shareable__redo_use(uint64_t state) {
  uint32_t fields[2];

  memcpy(fields, &state, sizeof state);
  return fields[1];
}

static inline uint64_t shareable__redo_load(const shareable__redo_record *record) {
  return shareable__load(record);
}

static inline bool shareable__redo_swap(shareable__redo_record *record, uint64_t expected, uint64_t desired) {
  return __atomic_compare_exchange_n((shareable__word *)record, &expected, desired, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED);
}

/* Returns the committed redo record of item i, or NULL. */
shareable__redo_record *shareable__redo_find(shareable__area *area, size_t i);

/* Returns the number of data bytes of a record; 0 if the record's field is impossible. */
size_t shareable__redo_length(const shareable__redo_record *record, size_t slot_size);

/*
 * Completes the write of a dead writer in item i, if there is a committed record for the item. The
 * caller must have replaced the dead writer's lock with its own.
 */
void shareable__redo_replay(shareable__sync *sync, size_t i);

/* Writes an encoded item to a record that the writer has acquired, and commits the record. */
static inline void shareable__redo_fill(shareable__redo_record *record, uint32_t writer_id, size_t i,
                                        const shareable__encoded_item *item) {
  __atomic_store_n(&record->item, i, __ATOMIC_RELAXED);
  record->format = item->format;
  record->code = item->code;
  record->length = item->length;
  if (item->length > 64)
    memcpy(record->data, item->data, item->length);
  else /* by words, because a call of memcpy takes longer */
    for (size_t offset = 0; offset < item->length; offset += 8)
      __atomic_store_n((shareable__word *)(record->data + offset), shareable__encoded_word(item, offset),
                       __ATOMIC_RELAXED);
  shareable__store(record, shareable__redo_state(writer_id, SHAREABLE__REDO_COMMITTED));
  __atomic_thread_fence(__ATOMIC_RELEASE);
}

#endif
