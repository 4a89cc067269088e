/*
 * redo_log.c - the redo records of the sync area: item writes that another process completes if
 * their writer is killed.
 */
#include "sync/redo_log.h"

shareable__redo_record *shareable__redo_find(shareable__area *area, size_t i) {
  for (int k = 0; k < SHAREABLE__AREA_REDO_RECORDS; k++) {
    shareable__redo_record *record = &area->redo_records[k];
    if (__atomic_load_n(&record->committed, __ATOMIC_ACQUIRE) == 1 &&
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
  shareable__slot slot;
  uint32_t id;

  if (record == NULL || !shareable__layout_slot(sync->layout, i, &slot))
    return;
  shareable__item_put(&slot, &(shareable__encoded_item){.format = record->format,
                                                        .code = (unsigned char)record->code,
                                                        .data = record->data,
                                                        .length = shareable__redo_length(record, slot.size)});
  shareable__version_clear_corrupt(sync->area, i);
  id = shareable__writer_id_load(&record->writer_id);
  __atomic_store_n(&record->committed, 0, __ATOMIC_RELEASE);
  shareable__writer_id_swap(&record->writer_id, id, 0); /* fails if another process has reclaimed the record */
}
