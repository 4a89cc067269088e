/*
 * redo_log.c - the redo records of the sync area: item writes that another process completes if
 * their writer is killed.
 */
#include "sync/redo_log.h"

shareable__redo_record *shareable__redo_find(shareable__area *area, size_t i) {
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++) {
    shareable__redo_record *record = &area->redo_records[k];
    if (shareable__redo_use(shareable__redo_load(record)) == SHAREABLE__REDO_COMMITTED &&
        __atomic_load_n(&record->item, __ATOMIC_RELAXED) == i)
      return record;
  }
  return NULL;
}

size_t shareable__redo_length(const shareable__redo_record *record, size_t slot_size) {
  uint64_t length = record->length;

  return length > sizeof record->data || length > slot_size ? 0 : (size_t)length;
}

void shareable__redo_replay(shareable__sync *sync, size_t i) {
  shareable__redo_record *record = shareable__redo_find(sync->area, i);
  shareable__encoded_item item;
  shareable__slot slot;
  uint64_t state;

  if (record == NULL || !shareable__layout_slot(sync->layout, i, &slot))
    return;
  item.format = record->format;
  item.code = (unsigned char)record->code;
  shareable__item_set_data(&item, record->data, shareable__redo_length(record, slot.size));
  shareable__item_put(&slot, &item);
  shareable__version_clear_corrupt(sync->area, i);
  state = shareable__redo_load(record);
  if (shareable__redo_use(state) == SHAREABLE__REDO_COMMITTED)
    shareable__redo_swap(record, state, 0); /* fails if another process has reclaimed the record */
}
