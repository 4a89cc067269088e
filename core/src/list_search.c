/*
 * list_search.c - searching a list for a value.
 */
#include "list.h"

/* So many items are looked at together, where they are numbers of one type that lie side by side. */
#define BLOCK 64

static shareable_status check_search(const shareable_list *list, const shareable_value *value, const size_t *result) {
  shareable_status status = shareable__list_check_wanted(list, value);

  return status == SHAREABLE_OK && result == NULL ? SHAREABLE_E_ARGUMENT : status;
}

/* What can be told of a block of items without looking at each by itself. */
typedef struct block {
  uint64_t
    words; /* the sum of their words: it grows with each write, so one that is the same says that there was none */
  uint64_t flags; /* of all the words */
  uint64_t odd;   /* 0: all have the format, and no code */
  uint64_t apart; /* 0: each slot is 8 bytes, and begins where the one before ends */
  uint64_t start; /* of the first, in the data */
} block;

static uint64_t word_of(const shareable_list *list, size_t i) {
  return __atomic_load_n(&list->sync.words[i & list->sync.mask], __ATOMIC_RELAXED);
}

static block look_at_block(const shareable_list *list, size_t first, uint64_t format) {
  const shareable__layout *layout = &list->layout;
  block seen = {.start = shareable__load(layout->offsets + 8 * first)};
  uint64_t offset = seen.start;

  for (size_t i = first; i < first + BLOCK; i++) {
    uint64_t word = word_of(list, i);

    seen.words += word;
    seen.flags |= word;
  }
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  for (size_t i = first; i < first + BLOCK; i++) {
    offset += 8;
    seen.apart |= shareable__load(layout->offsets + 8 * i + 8) ^ offset;
    seen.odd |= shareable__load(layout->formats + 8 * i) ^ format;
    seen.odd |= __atomic_load_n(layout->codes + i, __ATOMIC_RELAXED);
  }
  seen.apart |= seen.start > layout->data_size || offset > layout->data_size || (offset & 7) != 0;
  return seen;
}

static bool is_unchanged(const shareable_list *list, size_t first, const block *seen) {
  uint64_t words = 0;

  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  for (size_t i = first; i < first + BLOCK; i++)
    words += word_of(list, i);
  return words == seen->words;
}

/* Whether none of the words is the int, or the float. */
static bool lacks_int(const unsigned char *data, uint64_t bits) {
  bool found = false;

  for (size_t k = 0; k < BLOCK; k++)
    found |= shareable__load(data + 8 * k) == bits;
  return !found;
}

static bool lacks_float(const unsigned char *data, double real) {
  bool found = false;

  for (size_t k = 0; k < BLOCK; k++)
    found |= shareable__real_of(shareable__load(data + 8 * k)) == real;
  return !found;
}

/* Whether that can be told of a whole block: all are numbers of the value's type, and none equals it. */
static bool lacks(const shareable_list *list, size_t first, const shareable_value *value) {
  bool is_int = value->type == SHAREABLE_TYPE_INT;
  const unsigned char *data;
  bool lacks_it;
  block seen;

  if (list->layout.count - first < BLOCK || (!is_int && value->type != SHAREABLE_TYPE_FLOAT))
    return false;
  seen = look_at_block(list, first, is_int ? SHAREABLE__FORMAT_INT : SHAREABLE__FORMAT_FLOAT);
  if (seen.odd != 0 || seen.apart != 0 || (seen.flags & (SHAREABLE__LOCKED | SHAREABLE__DAMAGED)) != 0)
    return false;
  data = list->layout.data + seen.start;
  lacks_it = is_int ? lacks_int(data, value->bits) : lacks_float(data, value->real);
  return lacks_it && is_unchanged(list, first, &seen);
}

static shareable_status compare(const shareable_list *list, size_t i, const shareable_value *value, bool *equal) {
  shareable_status status = SHAREABLE_E_CORRUPT;
  shareable__slot slot;

  *equal = false;
  if (shareable__layout_slot(&list->layout, i, &slot))
    SHAREABLE__READ(status, list, i, slot, shareable__item_equals(&slot, value, equal));
  return status;
}

/*
 * Looks for the value from item `from` on. E_ABSENT at the end, or E_CORRUPT at a damaged item, which *at names.
 */
static shareable_status find(const shareable_list *list, const shareable_value *value, size_t from, size_t *at) {
  size_t i = from;

  while (i < list->layout.count) {
    size_t end = i + BLOCK < list->layout.count ? i + BLOCK : list->layout.count;

    for (i = lacks(list, i, value) ? end : i; i < end; i++) {
      bool equal;
      shareable_status status = compare(list, i, value, &equal);

      if (status != SHAREABLE_OK || equal) {
        *at = i;
        return status;
      }
    }
  }
  return SHAREABLE_E_ABSENT;
}

shareable_status shareable_list_count(const shareable_list *list, const shareable_value *value, size_t *count) {
  shareable_status status = check_search(list, value, count);
  size_t found = 0, at = 0;

  if (status != SHAREABLE_OK)
    return status;
  while ((status = find(list, value, at, &at)) == SHAREABLE_OK) {
    found++;
    at++;
  }
  if (status != SHAREABLE_E_ABSENT) {
    *count = at;
    return status;
  }
  *count = found;
  return SHAREABLE_OK;
}

shareable_status shareable_list_index(const shareable_list *list, const shareable_value *value, size_t *index) {
  shareable_status status = check_search(list, value, index);

  return status == SHAREABLE_OK ? find(list, value, 0, index) : status;
}
