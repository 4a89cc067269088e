/*
 * list_ready.c - whether the creator of a list has written it whole.
 *
 * A list of this library appears complete, and has a sync area unless it is plain. Stock Python makes the block first and
 * fills it then, each part from its first byte to its last: N and the offsets, the slots, the formats, the codes. What it has not
 * written is 0.
 */
#include "list/list.h"

static uint64_t load_format(const shareable_list *list, size_t i) {
  return shareable__load(list->layout.formats + 8 * i);
}

static unsigned char load_code(const shareable_list *list, size_t i) {
  return __atomic_load_n(list->layout.codes + i, __ATOMIC_ACQUIRE);
}

/* Codes are written in order: if a later item has one, the creator has been here, and this item is damaged. */
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

/* An item that is sound by now was read in the middle of a write. */
shareable_status shareable__list_item_status(const shareable_list *list, size_t i, const shareable__slot *slot) {
  shareable__item_info shape;

  if (list->sync.area == NULL && (is_unwritten(list, i) || shareable__item_inspect(slot, &shape)))
    return SHAREABLE_E_NOT_READY;
  return SHAREABLE_E_CORRUPT;
}

/* Formats are written in order too: if the last item has one, the creator will not write this item's any more. */
shareable_status shareable__list_check_made(const shareable_list *list, size_t i) {
  if (list->sync.area == NULL && (load_format(list, list->layout.count - 1) == 0 || awaits_code(list, i)))
    return SHAREABLE_E_NOT_READY;
  return SHAREABLE_OK;
}

shareable_status shareable__list_check_whole(const shareable_list *list) {
  size_t last = list->layout.count;

  if (list->sync.area != NULL || last == 0)
    return SHAREABLE_OK;
  if (load_format(list, last - 1) == 0)
    return SHAREABLE_E_NOT_READY;
  while (last > 0 && !shareable__item_needs_code(load_format(list, last - 1)) && load_code(list, last - 1) == 0)
    last--;
  return last > 0 && is_unwritten(list, last - 1) ? SHAREABLE_E_NOT_READY : SHAREABLE_OK;
}
