/*
 * list_block.c - many items of a list looked at together.
 */
#include "list_block.h"

static uint64_t word_of(const shareable_list *list, size_t i) {
  return __atomic_load_n(&list->sync.words[i & list->sync.mask], __ATOMIC_RELAXED);
}

/* The sum of their words; *flags are all that are set in any. */
static uint64_t sum_of_words(const shareable_list *list, size_t first, uint64_t *flags) {
  uint64_t sum = 0;

  *flags = 0;
  for (size_t i = first; i < first + SHAREABLE__BLOCK; i++) {
    uint64_t word = word_of(list, i);

    sum += word;
    *flags |= word;
  }
  return sum;
}

/* Where their data lie, if each slot is 8 bytes and begins where the one before ends; NULL if not. */
static const unsigned char *find_data(const shareable__layout *layout, size_t first) {
  uint64_t start = shareable__load(layout->offsets + 8 * first), offset = start, apart = 0;

  for (size_t i = first; i < first + SHAREABLE__BLOCK; i++) {
    offset += 8;
    apart |= shareable__load(layout->offsets + 8 * i + 8) ^ offset;
  }
  if (apart != 0 || start > layout->data_size || offset > layout->data_size || (start & 7) != 0)
    return NULL;
  return layout->data + start;
}

static bool have_format(const shareable__layout *layout, size_t first, uint64_t format) {
  uint64_t odd = 0;

  for (size_t i = first; i < first + SHAREABLE__BLOCK; i++) {
    odd |= shareable__load(layout->formats + 8 * i) ^ format;
    odd |= __atomic_load_n(layout->codes + i, __ATOMIC_RELAXED);
  }
  return odd == 0;
}

bool shareable__block_look(const shareable_list *list, size_t first, uint64_t format, shareable__block *seen) {
  uint64_t flags;

  if (list->layout.count - first < SHAREABLE__BLOCK)
    return false;
  seen->words = sum_of_words(list, first, &flags);
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  if ((flags & (SHAREABLE__LOCKED | SHAREABLE__DAMAGED)) != 0 || !have_format(&list->layout, first, format))
    return false;
  seen->data = find_data(&list->layout, first);
  return seen->data != NULL;
}

bool shareable__block_is_unchanged(const shareable_list *list, size_t first, const shareable__block *seen) {
  uint64_t flags;

  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return sum_of_words(list, first, &flags) == seen->words;
}
