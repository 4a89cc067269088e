/*
 * layout.h - where each item of a list lies in its segment (layout.md). Pure: no system call, no allocation.
 *
 *   0              N, the number of items
 *   8              N + 1 offsets into the data area
 *   D = 8 (N + 2)  the data area: the items' slots
 *   F              N formats of 8 bytes
 *   F + 8 N        N codes of one byte
 *   E = F + 9 N    the end
 *
 * Whoever can write the segment can write anything there at any time. So each number is loaded once, checked, and only
 * then used; what was checked when the list was opened is kept here and not read again.
 */
#ifndef SHAREABLE__LAYOUT_H
#define SHAREABLE__LAYOUT_H

#include <stdbool.h>

#include "base/atomic.h"
#include "shareable.h"

typedef struct shareable__layout {
  size_t count;           /* N */
  size_t data_size;       /* offset[N], in bytes */
  unsigned char *offsets; /* written when the list is made, never again */
  unsigned char *data;    /* written by any writer; a text or a change of type in several stores */
  unsigned char *formats; /* written with a change of type, before the code */
  unsigned char *codes;   /* written with a change of type, last */
} shareable__layout;

/* One item's place. Every pointer lies inside the segment. */
typedef struct shareable__slot {
  unsigned char *data; /* aligned to 8 */
  size_t size;         /* 8 or more, a multiple of 8 */
  unsigned char *format;
  unsigned char *code;
} shareable__slot;

/*
 * The bytes of a slot for a text. CPython counts the characters; a text whose bytes do not fit in that gets a slot by its
 * bytes.
 */
static inline size_t shareable__layout_slot_for(size_t characters, size_t bytes) {
  size_t by_characters = 8 * (characters / 8 + 1);

  return bytes <= by_characters ? by_characters : 8 * (bytes / 8 + 1);
}

/* The bytes of a segment with `count` items and `data_size` bytes of slots; 0 where that is more than can be. */
uint64_t shareable__layout_size(uint64_t count, uint64_t data_size);

/*
 * Takes the shape of the list in a segment of `size` bytes, aligned to 8, from the two words that say it: N, at its start,
 * and offset[N], which lies at shareable__layout_last_offset_at(). False where it cannot be a list.
 */
bool shareable__layout_read(shareable__layout *layout, void *base, size_t size, uint64_t count, uint64_t data_size);

/* Where offset[N] lies, in bytes from the start; 0 where the segment is too small for `count` items. */
uint64_t shareable__layout_last_offset_at(size_t size, uint64_t count);

/* Finds item `i`, which is below count. False where the offsets there are damaged. */
static inline bool shareable__layout_slot(const shareable__layout *layout, size_t i, shareable__slot *slot) {
  uint64_t from = shareable__load(layout->offsets + 8 * i);
  uint64_t to = shareable__load(layout->offsets + 8 * i + 8);

  if (to > layout->data_size || from >= to || ((from | to) & 7) != 0)
    return false;
  slot->data = layout->data + from;
  slot->size = (size_t)(to - from);
  slot->format = layout->formats + 8 * i;
  slot->code = layout->codes + i;
  return true;
}

#endif
