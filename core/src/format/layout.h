/*
 * layout.h - the offsets of the parts of a list in its segment (layout.md). Pure: no system call,
 * no allocation.
 *
 *   0              N, the number of items
 *   8              N + 1 offsets into the data area
 *   D = 8 (N + 2)  the data area: the items' slots
 *   F              N formats of 8 bytes
 *   F + 8 N        N codes of one byte
 *   E = F + 9 N    the end
 *
 * Another process may write anything to the segment at any time. So each number is loaded once,
 * checked, and then used. The numbers that were checked when the list was opened are kept in the
 * layout and not read again.
 */
#ifndef SHAREABLE__LAYOUT_H
#define SHAREABLE__LAYOUT_H

#include <stdbool.h>

#include "base/atomic.h"
#include "shareable.h"

typedef struct shareable__layout {
  size_t count;           /* N */
  size_t data_size;       /* offset[N], in bytes */
  unsigned char *offsets; /* written only when the list is created */
  unsigned char *data;    /* written by any writer; several stores for a text or a change of type */
  unsigned char *formats; /* written with a change of type, before the code */
  unsigned char *codes;   /* written with a change of type, last */
} shareable__layout;

/* The parts of one item. All pointers are inside the segment. */
typedef struct shareable__slot {
  unsigned char *data; /* aligned to 8 */
  size_t size;         /* 8 or more, a multiple of 8 */
  unsigned char *format;
  unsigned char *code;
} shareable__slot;

/*
 * Returns the size of a slot for a text. CPython uses the number of characters; a text whose bytes
 * do not fit gets a slot for the number of bytes.
 */
static inline size_t shareable__layout_slot_for(size_t characters, size_t bytes) {
  size_t by_characters = 8 * (characters / 8 + 1);

  return bytes <= by_characters ? by_characters : 8 * (bytes / 8 + 1);
}

/*
 * Returns the size of a segment with `count` items and `data_size` bytes of slots, or 0 if it
 * exceeds INT64_MAX.
 */
uint64_t shareable__layout_size(uint64_t count, uint64_t data_size);

/*
 * Computes the layout of the list in a segment of `size` bytes, aligned to 8. `count` is N, the
 * first word of the segment; `data_size` is offset[N], the word at
 * shareable__layout_last_offset_at(). Returns false if the segment cannot be a list.
 */
bool shareable__layout_read(shareable__layout *layout, void *base, size_t size, uint64_t count, uint64_t data_size);

/*
 * Returns the offset of offset[N] in the segment, or 0 if the segment is too small for `count`
 * items.
 */
uint64_t shareable__layout_last_offset_at(size_t size, uint64_t count);

/*
 * Gets the slot of item `i`, which must be less than the count. Returns false if its offsets are
 * invalid.
 */
static inline bool shareable__layout_slot(const shareable__layout *layout, size_t i, shareable__slot *slot) {
  uint64_t start = shareable__load(layout->offsets + 8 * i);
  uint64_t end = shareable__load(layout->offsets + 8 * i + 8);

  if (end > layout->data_size || start >= end || ((start | end) & 7) != 0)
    return false;
  slot->data = layout->data + start;
  slot->size = (size_t)(end - start);
  slot->format = layout->formats + 8 * i;
  slot->code = layout->codes + i;
  return true;
}

#endif
