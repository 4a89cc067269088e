/*
 * list_access.c - what another implementation needs to read and write a list in place.
 */
#include "list/list.h"

static shareable_access access_of(const shareable_list *list) {
  const shareable__layout *layout = &list->layout;
  shareable_access access = {
    .size = sizeof access,
    .read_only = list->memory->read_only,
    .base = atomic_load(&list->memory->address),
    .block_size = list->memory->segment.size,
    .count = layout->count,
    .data_size = layout->data_size,
    .offsets = layout->offsets,
    .data = layout->data,
    .formats = layout->formats,
    .codes = layout->codes,
  };

  if (!shareable__sync_has_area(&list->sync))
    return access;
  access.area_version = SHAREABLE__AREA_VERSION;
  access.area = list->sync.area;
  access.version_words = list->sync.area->version_words;
  access.eventcounts_state = &list->sync.area->eventcounts.state;
  if (shareable__writer_is_current_process(&list->sync.writer))
    access.writer_id = shareable__writer_id(&list->sync.writer);
  return access;
}

shareable_status shareable_list_access(const shareable_list *list, shareable_access *access, size_t size) {
  shareable_status status = shareable__list_check(list);
  shareable_access all;

  if (status != SHAREABLE_OK)
    return status;
  if (access == NULL || size < sizeof all.size)
    return SHAREABLE_E_ARGUMENT;
  all = access_of(list);
  if (size > sizeof all)
    memset(access, 0, size);
  memcpy(access, &all, size < sizeof all ? size : sizeof all);
  return SHAREABLE_OK;
}

static shareable_status check_writer(const shareable_list *list) {
  shareable_status status = shareable__list_check_write(list);

  return status == SHAREABLE_OK && !shareable__sync_has_area(&list->sync) ? SHAREABLE_E_NO_SYNC : status;
}

shareable_status shareable_list_join(shareable_list *list, uint32_t *writer_id) {
  shareable_status status = check_writer(list);
  uint32_t id;

  if (status == SHAREABLE_OK)
    status = writer_id == NULL ? SHAREABLE_E_ARGUMENT : shareable__writer_take_id(&list->sync.writer);
  if (status != SHAREABLE_OK)
    return status;
  id = shareable__writer_id(&list->sync.writer);
  if (id == 0) /* another thread has closed the handle */
    return SHAREABLE_E_CLOSED;
  *writer_id = id;
  return SHAREABLE_OK;
}

/* An item whose offsets are corrupt has waiters too. */
shareable_status shareable_list_notify(shareable_list *list, int64_t index) {
  shareable_status status = check_writer(list);
  shareable__slot slot;
  size_t i = 0;

  if (status == SHAREABLE_OK)
    status = shareable__list_slot(list, index, &i, &slot);
  if (status != SHAREABLE_OK && status != SHAREABLE_E_CORRUPT)
    return status;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  shareable__eventcount_notify(shareable__sync_eventcounts(&list->sync), i);
  return SHAREABLE_OK;
}
