/*
 * list.h - the public handle of a list, as the files of its operations see it.
 */
#ifndef SHAREABLE__LIST_H
#define SHAREABLE__LIST_H

#include "item.h"
#include "memory.h"

struct shareable_list {
  shareable_memory *memory;
  shareable__layout layout; /* of the memory, good while that is open */
  atomic_uint references;
};

/* E_CLOSED for a handle that is NULL or closed. */
static inline shareable_status shareable__list_check(const shareable_list *list) {
  return list != NULL && shareable__memory_is_open(list->memory) ? SHAREABLE_OK : SHAREABLE_E_CLOSED;
}

/* The same, or E_READ_ONLY. */
static inline shareable_status shareable__list_check_write(const shareable_list *list) {
  shareable_status status = shareable__list_check(list);

  return status == SHAREABLE_OK && list->memory->read_only ? SHAREABLE_E_READ_ONLY : status;
}

/* Finds an item of a list that was checked, by an index from either end: E_INDEX or E_CORRUPT. */
static inline shareable_status shareable__list_slot(const shareable_list *list, int64_t index, shareable__slot *slot) {
  uint64_t i = (uint64_t)index + (index < 0 ? list->layout.count : 0);

  if (i >= list->layout.count)
    return SHAREABLE_E_INDEX;
  return shareable__layout_slot(&list->layout, (size_t)i, slot) ? SHAREABLE_OK : SHAREABLE_E_CORRUPT;
}

#endif
