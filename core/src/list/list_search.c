/*
 * list_search.c - searching a list for a value.
 */
#include "list/list.h"
#include "list/list_batch.h"

static shareable_status check_search(const shareable_list *list, const shareable_value *value, const size_t *result) {
  shareable_status status = shareable__list_check_search_value(list, value);

  return status == SHAREABLE_OK && result == NULL ? SHAREABLE_E_ARGUMENT : status;
}

/* Returns whether none of the ints of a batch equals the int. */
static bool batch_excludes_int(const unsigned char *data, uint64_t bits) {
  bool found = false;

#pragma GCC unroll 8
  for (size_t k = 0; k < SHAREABLE__BATCH; k++)
    found |= shareable__load(data + 8 * k) == bits;
  return !found;
}

static bool batch_excludes_float(const unsigned char *data, double real) {
  bool found = false;

#pragma GCC unroll 8
  for (size_t k = 0; k < SHAREABLE__BATCH; k++)
    found |= shareable__real_of(shareable__load(data + 8 * k)) == real;
  return !found;
}

/*
 * Returns whether the items of the batch from `first` on are all numbers of the value's type, and
 * none equals it. If not, the caller compares them one by one.
 */
static bool batch_excludes(const shareable_list *list, size_t first, const shareable_value *value) {
  bool is_int = value->type == SHAREABLE_TYPE_INT, excludes;
  shareable__batch batch;

  if (!is_int && value->type != SHAREABLE_TYPE_FLOAT)
    return false;
  if (!shareable__batch_read(list, first, is_int ? SHAREABLE__FORMAT_INT : SHAREABLE__FORMAT_FLOAT, &batch))
    return false;
  excludes = is_int ? batch_excludes_int(batch.data, value->bits) : batch_excludes_float(batch.data, value->real);
  return excludes && shareable__batch_is_unchanged(list, first, &batch);
}

static shareable_status compare(const shareable_list *list, size_t i, const shareable_value *value, bool *equal) {
  shareable_status status = SHAREABLE_E_CORRUPT;
  shareable__slot slot;

  *equal = false;
  if (shareable__layout_slot(&list->layout, i, &slot))
    SHAREABLE__READ_CONSISTENT(status, list, i, slot, shareable__item_equals(&slot, value, equal));
  return status;
}

/*
 * Searches for the value from item `start` on, and stores the index of the item in *index. Returns
 * E_ABSENT at the end. An item that cannot be read ends the search too; then *index is that item's.
 */
static shareable_status find(const shareable_list *list, const shareable_value *value, size_t start, size_t *index) {
  size_t i = start;

  while (i < list->layout.count) {
    size_t end = i + SHAREABLE__BATCH < list->layout.count ? i + SHAREABLE__BATCH : list->layout.count;

    for (i = batch_excludes(list, i, value) ? end : i; i < end; i++) {
      bool equal;
      shareable_status status = compare(list, i, value, &equal);

      if (status != SHAREABLE_OK || equal) {
        *index = i;
        return status;
      }
    }
  }
  return SHAREABLE_E_ABSENT;
}

shareable_status shareable_list_count(const shareable_list *list, const shareable_value *value, size_t *count) {
  shareable_status status = check_search(list, value, count);
  size_t found = 0, i = 0;

  if (status != SHAREABLE_OK)
    return status;
  while ((status = find(list, value, i, &i)) == SHAREABLE_OK) {
    found++;
    i++;
  }
  if (status != SHAREABLE_E_ABSENT) {
    *count = i;
    return status;
  }
  *count = found;
  return SHAREABLE_OK;
}

shareable_status shareable_list_index(const shareable_list *list, const shareable_value *value, size_t *index) {
  shareable_status status = check_search(list, value, index);

  return status == SHAREABLE_OK ? find(list, value, 0, index) : status;
}
