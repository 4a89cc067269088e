/*
 * list_batch.c - many items of a list looked at together.
 */
#include "list/list_batch.h"

/* The sum of their words; *flags are all that are set in any. */
static uint64_t sum_of_words(const shareable_list *list, size_t first, uint64_t *flags) {
  const shareable__word *words = list->sync.words;
  size_t mask = list->sync.mask;
  uint64_t sum = 0;

  *flags = 0;
#pragma GCC unroll 8
  for (size_t i = first; i < first + SHAREABLE__BATCH; i++) {
    uint64_t word = __atomic_load_n(&words[i & mask], __ATOMIC_RELAXED);

    sum += word;
    *flags |= word;
  }
  return sum;
}

/* Where their data lie, if each slot is 8 bytes and begins where the one before ends; NULL if not. */
static const unsigned char *find_data(const shareable__layout *layout, size_t first) {
  const shareable__word *offsets = (const shareable__word *)(layout->offsets + 8 * first);
  uint64_t start = __atomic_load_n(offsets, __ATOMIC_RELAXED), offset = start, apart = 0;

#pragma GCC unroll 8
  for (size_t k = 0; k < SHAREABLE__BATCH; k++) {
    offset += 8;
    apart |= __atomic_load_n(offsets + k + 1, __ATOMIC_RELAXED) ^ offset;
  }
  if (apart != 0 || start > layout->data_size || offset > layout->data_size || (start & 7) != 0)
    return NULL;
  return layout->data + start;
}

static bool have_format(const shareable__layout *layout, size_t first, uint64_t format) {
  const shareable__word *formats = (const shareable__word *)(layout->formats + 8 * first);
  const unsigned char *codes = layout->codes + first;
  uint64_t odd = 0;

#pragma GCC unroll 8
  for (size_t k = 0; k < SHAREABLE__BATCH; k++) {
    odd |= __atomic_load_n(formats + k, __ATOMIC_RELAXED) ^ format;
    odd |= __atomic_load_n(codes + k, __ATOMIC_RELAXED);
  }
  return odd == 0;
}

bool shareable__batch_read(const shareable_list *list, size_t first, uint64_t format, shareable__batch *seen) {
  uint64_t flags;

  if (list->layout.count - first < SHAREABLE__BATCH)
    return false;
  seen->words = sum_of_words(list, first, &flags);
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  if ((flags & (SHAREABLE__LOCKED | SHAREABLE__CORRUPT)) != 0 || !have_format(&list->layout, first, format))
    return false;
  seen->data = find_data(&list->layout, first);
  return seen->data != NULL;
}

bool shareable__batch_is_unchanged(const shareable_list *list, size_t first, const shareable__batch *seen) {
  uint64_t flags;

  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return sum_of_words(list, first, &flags) == seen->words;
}
