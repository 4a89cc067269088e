/*
 * list_batch.c - many neighbouring items of a list that are numbers of one type, read together.
 */
#include "list/list_batch.h"

/* Returns the items' data, or NULL unless they are contiguous slots of 8 bytes. */
static const unsigned char *find_data(const shareable__layout *layout, size_t first) {
  const shareable__word *offsets = (const shareable__word *)(layout->offsets + 8 * first);
  uint64_t start = __atomic_load_n(offsets, __ATOMIC_RELAXED), offset = start, gaps = 0;

#pragma GCC unroll 8
  for (size_t k = 0; k < SHAREABLE__BATCH; k++) {
    offset += 8;
    gaps |= __atomic_load_n(offsets + k + 1, __ATOMIC_RELAXED) ^ offset;
  }
  if (gaps != 0 || start > layout->data_size || offset > layout->data_size || (start & 7) != 0)
    return NULL;
  return layout->data + start;
}

/* Returns whether all items have this format and no code. */
static bool have_format(const shareable__layout *layout, size_t first, uint64_t format) {
  const shareable__word *formats = (const shareable__word *)(layout->formats + 8 * first);
  const unsigned char *codes = layout->codes + first;
  uint64_t differences = 0;

#pragma GCC unroll 8
  for (size_t k = 0; k < SHAREABLE__BATCH; k++) {
    differences |= __atomic_load_n(formats + k, __ATOMIC_RELAXED) ^ format;
    differences |= __atomic_load_n(codes + k, __ATOMIC_RELAXED);
  }
  return differences == 0;
}

bool shareable__batch_read(const shareable_list *list, size_t first, uint64_t format, shareable__batch *batch) {
  if (list->layout.count - first < SHAREABLE__BATCH)
    return false;
  if (!shareable__read_begin_many(&list->sync, first, SHAREABLE__BATCH, &batch->versions) ||
      !have_format(&list->layout, first, format))
    return false;
  batch->data = find_data(&list->layout, first);
  return batch->data != NULL;
}

bool shareable__batch_is_unchanged(const shareable_list *list, size_t first, const shareable__batch *batch) {
  return shareable__read_valid_many(&list->sync, first, SHAREABLE__BATCH, batch->versions);
}
