/*
 * list_ready.c - whether the creator of a list has written it completely.
 *
 * A list that this library makes appears complete, and has a sync area unless it was made without
 * one. Stock Python makes the block first, and then writes each part from its first byte to its
 * last: N and the offsets, the slots, the formats, the codes. Bytes that it has not written yet are
 * 0.
 */
#include "list/list.h"

static uint64_t load_format(const shareable_list *list, size_t i) {
  return shareable__load(list->layout.formats + 8 * i);
}

static unsigned char load_code(const shareable_list *list, size_t i) {
  return __atomic_load_n(list->layout.codes + i, __ATOMIC_ACQUIRE);
}

/*
 * Returns whether the item's code may not be written yet. The creator writes the codes in order: if
 * a later item has a code, this item's code was written, and the item is corrupt.
 */
static bool awaits_code(const shareable_list *list, size_t i) {
  if (!shareable__item_needs_code(load_format(list, i)))
    return false;
  for (; i < list->layout.count; i++)
    if (load_code(list, i) != 0)
      return false;
  return true;
}

static bool is_unwritten(const shareable_list *list, size_t i) {
  return load_format(list, i) == 0 || awaits_code(list, i);
}

/* If the item is valid now, the caller has read it during a write. */
shareable_status shareable__list_item_status(const shareable_list *list, size_t i, const shareable__slot *slot) {
  shareable__item_info info;

  if (!shareable__sync_has_area(&list->sync) && (is_unwritten(list, i) || shareable__item_inspect(slot, &info)))
    return SHAREABLE_E_NOT_READY;
  return SHAREABLE_E_CORRUPT;
}

/* The creator writes the formats in order: if the last item has one, this item has one. */
shareable_status shareable__list_check_written(const shareable_list *list, size_t i) {
  if (!shareable__sync_has_area(&list->sync) &&
      (load_format(list, list->layout.count - 1) == 0 || awaits_code(list, i)))
    return SHAREABLE_E_NOT_READY;
  return SHAREABLE_OK;
}

shareable_status shareable__list_check_complete(const shareable_list *list) {
  size_t last = list->layout.count;

  if (shareable__sync_has_area(&list->sync) || last == 0)
    return SHAREABLE_OK;
  if (load_format(list, last - 1) == 0)
    return SHAREABLE_E_NOT_READY;
  while (last > 0 && !shareable__item_needs_code(load_format(list, last - 1)) && load_code(list, last - 1) == 0)
    last--;
  return last > 0 && is_unwritten(list, last - 1) ? SHAREABLE_E_NOT_READY : SHAREABLE_OK;
}
