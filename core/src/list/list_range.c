/*
 * list_range.c - reading and writing many items of a list in one call, and the view of its numbers.
 */
#include "list/list.h"
#include "list/list_batch.h"

static shareable_status check_range(const shareable_list *list, int64_t *first, size_t count, const void *array,
                                    size_t *processed) {
  shareable_status status = shareable__list_check(list);
  size_t length;

  if (processed != NULL)
    *processed = 0;
  if (status != SHAREABLE_OK)
    return status;
  if (array == NULL && count > 0)
    return SHAREABLE_E_ARGUMENT;
  length = list->layout.count;
  if (*first < 0)
    *first += (int64_t)length;
  if (*first < 0 || (uint64_t)*first > length || count > length - (size_t)*first)
    return SHAREABLE_E_INDEX;
  return SHAREABLE_OK;
}

static shareable_status read_word(const shareable__slot *slot, uint64_t format, uint64_t *word) {
  shareable__item_info info;

  if (!shareable__item_is(slot, format))
    return shareable__item_inspect(slot, &info) ? SHAREABLE_E_TYPE : SHAREABLE_E_CORRUPT;
  *word = shareable__load(slot->data);
  return SHAREABLE_OK;
}

/* Reads a batch of items. Returns false if the caller must read them one by one. */
static bool copy_batch(const shareable_list *list, size_t first, uint64_t format, shareable__word *words) {
  shareable__batch batch;

  if (!shareable__batch_read(list, first, format, &batch))
    return false;
#pragma GCC unroll 8
  for (size_t k = 0; k < SHAREABLE__BATCH; k++)
    words[k] = __atomic_load_n((const shareable__word *)batch.data + k, __ATOMIC_RELAXED);
  return shareable__batch_is_unchanged(list, first, &batch);
}

static shareable_status copy_word(const shareable_list *list, size_t i, uint64_t format, shareable__word *word) {
  shareable_status status = SHAREABLE_E_CORRUPT;
  shareable__slot slot;
  uint64_t bits = 0;

  if (shareable__layout_slot(&list->layout, i, &slot))
    SHAREABLE__READ_CONSISTENT(status, list, i, slot, read_word(&slot, format, &bits));
  if (status == SHAREABLE_OK)
    *word = bits;
  return status;
}

/* Reads the numbers of items that all have the same format. */
static shareable_status get_words(const shareable_list *list, int64_t first, size_t count, uint64_t format, void *array,
                                  size_t *processed) {
  shareable_status status = check_range(list, &first, count, array, processed);
  shareable__word *words = array;
  size_t k = 0, i = (size_t)first;

  while (status == SHAREABLE_OK && k < count) {
    if (count - k >= SHAREABLE__BATCH && copy_batch(list, i + k, format, words + k))
      k += SHAREABLE__BATCH;
    else if ((status = copy_word(list, i + k, format, words + k)) == SHAREABLE_OK)
      k++;
  }
  if (processed != NULL)
    *processed = k;
  return status;
}

static shareable_status set_words(shareable_list *list, int64_t first, size_t count, shareable_type type,
                                  const void *words, size_t *processed) {
  shareable_status status = check_range(list, &first, count, words, processed);
  shareable_value value = shareable_none();

  if (status == SHAREABLE_OK)
    status = shareable__list_check_write(list);
  value.type = type;
  for (size_t k = 0; status == SHAREABLE_OK && k < count; k++) {
    shareable__slot slot;

    if (!shareable__layout_slot(&list->layout, (size_t)first + k, &slot))
      return SHAREABLE_E_CORRUPT;
    value.bits = ((const shareable__word *)words)[k];
    status = shareable__list_check_item(list, (size_t)first + k);
    if (status == SHAREABLE_OK)
      status = shareable__list_put(list, (size_t)first + k, &slot, &value);
    if (status == SHAREABLE_OK && processed != NULL)
      *processed = k + 1;
  }
  return status;
}

shareable_status shareable_list_get_ints(const shareable_list *list, int64_t first, size_t count, int64_t *integers,
                                         size_t *processed) {
  return get_words(list, first, count, SHAREABLE__FORMAT_INT, integers, processed);
}

shareable_status shareable_list_get_floats(const shareable_list *list, int64_t first, size_t count, double *reals,
                                           size_t *processed) {
  return get_words(list, first, count, SHAREABLE__FORMAT_FLOAT, reals, processed);
}

shareable_status shareable_list_set_ints(shareable_list *list, int64_t first, size_t count, const int64_t *integers,
                                         size_t *processed) {
  return set_words(list, first, count, SHAREABLE_TYPE_INT, integers, processed);
}

shareable_status shareable_list_set_floats(shareable_list *list, int64_t first, size_t count, const double *reals,
                                           size_t *processed) {
  return set_words(list, first, count, SHAREABLE_TYPE_FLOAT, reals, processed);
}

/* Returns E_TYPE or E_CORRUPT if item i is not such a number; E_NOT_CONTIGUOUS if it is not contiguous. */
static shareable_status check_number(const shareable_list *list, size_t i, uint64_t format) {
  shareable_status status = SHAREABLE_E_CORRUPT;
  shareable__slot slot;
  uint64_t word;

  if (!shareable__layout_slot(&list->layout, i, &slot))
    return status;
  SHAREABLE__READ_CONSISTENT(status, list, i, slot, read_word(&slot, format, &word));
  if (status == SHAREABLE_OK && (slot.size != 8 || slot.data != list->layout.data + 8 * i))
    status = SHAREABLE_E_NOT_CONTIGUOUS;
  return status;
}

/* Checks a batch of items. Returns false if the caller must check them one by one. */
static bool are_numbers(const shareable_list *list, size_t first, uint64_t format) {
  shareable__batch batch;

  return shareable__batch_read(list, first, format, &batch) && batch.data == list->layout.data + 8 * first &&
         shareable__batch_is_unchanged(list, first, &batch);
}

shareable_status shareable_list_view(const shareable_list *list, shareable_type type, void **numbers,
                                     size_t *bad_index) {
  uint64_t format = type == SHAREABLE_TYPE_INT ? SHAREABLE__FORMAT_INT : SHAREABLE__FORMAT_FLOAT;
  shareable_status status = shareable__list_check(list);

  if (status != SHAREABLE_OK)
    return status;
  if (numbers == NULL || (type != SHAREABLE_TYPE_INT && type != SHAREABLE_TYPE_FLOAT))
    return SHAREABLE_E_ARGUMENT;
  for (size_t i = 0; i < list->layout.count; i++) {
    if (are_numbers(list, i, format)) {
      i += SHAREABLE__BATCH - 1;
      continue;
    }
    status = check_number(list, i, format);
    if (status != SHAREABLE_OK) {
      if (bad_index != NULL)
        *bad_index = i;
      return status;
    }
  }
  *numbers = list->layout.data;
  return SHAREABLE_OK;
}
