/*
 * layout.c - the offsets of the parts of a list in its segment.
 */
#include "format/layout.h"

/* The bytes of an item besides its slot: its offset, format and code. */
#define ITEM_OVERHEAD 17
/* The bytes of a list besides its items: N and the last offset. */
#define LIST_OVERHEAD 16

uint64_t shareable__layout_size(uint64_t count, uint64_t data_size) {
  uint64_t size;

  if (__builtin_mul_overflow(count, ITEM_OVERHEAD, &size) || __builtin_add_overflow(size, LIST_OVERHEAD, &size) ||
      __builtin_add_overflow(size, data_size, &size) || size > INT64_MAX)
    return 0;
  return size;
}

static void locate_parts(shareable__layout *layout, void *base, size_t count, size_t data_size) {
  layout->count = count;
  layout->data_size = data_size;
  layout->offsets = (unsigned char *)base + 8;
  layout->data = layout->offsets + 8 * (count + 1);
  layout->formats = layout->data + data_size;
  layout->codes = layout->formats + 8 * count;
}

uint64_t shareable__layout_last_offset_at(size_t size, uint64_t count) {
  if (size < LIST_OVERHEAD || count > (size - LIST_OVERHEAD) / ITEM_OVERHEAD)
    return 0;
  return 8 + 8 * count;
}

bool shareable__layout_read(shareable__layout *layout, void *base, size_t size, uint64_t count, uint64_t data_size) {
  uint64_t needed = shareable__layout_size(count, data_size);

  if (shareable__layout_last_offset_at(size, count) == 0 || needed == 0 || needed > size || (data_size & 7) != 0)
    return false;
  locate_parts(layout, base, (size_t)count, (size_t)data_size);
  return true;
}
