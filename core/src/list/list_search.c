/*
 * list_search.c - searching a list for a value.
 */
#include "list/list.h"
#include "list/list_batch.h"

static shareable_status check_search(const shareable_list *list, const shareable_value *value, const size_t *result) {
  shareable_status status = shareable__list_check_search_value(list, value);

  return status == SHAREABLE_OK && result == NULL ? SHAREABLE_E_ARGUMENT : status;
}

/* Whether none of the words is the int, or the float. */
static bool lacks_int(const unsigned char *data, uint64_t bits) {
  bool found = false;

#pragma GCC unroll 8
  for (size_t k = 0; k < SHAREABLE__BATCH; k++)
    found |= shareable__load(data + 8 * k) == bits;
  return !found;
}

static bool lacks_float(const unsigned char *data, double real) {
  bool found = false;

#pragma GCC unroll 8
  for (size_t k = 0; k < SHAREABLE__BATCH; k++)
    found |= shareable__real_of(shareable__load(data + 8 * k)) == real;
  return !found;
}

/* Whether that can be told of a whole block: all are numbers of the value's type, and none equals it. */
static bool lacks(const shareable_list *list, size_t first, const shareable_value *value) {
  bool is_int = value->type == SHAREABLE_TYPE_INT, lacks_it;
  shareable__batch seen;

  if (!is_int && value->type != SHAREABLE_TYPE_FLOAT)
    return false;
  if (!shareable__batch_read(list, first, is_int ? SHAREABLE__FORMAT_INT : SHAREABLE__FORMAT_FLOAT, &seen))
    return false;
  lacks_it = is_int ? lacks_int(seen.data, value->bits) : lacks_float(seen.data, value->real);
  return lacks_it && shareable__batch_is_unchanged(list, first, &seen);
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
 * Looks for the value from item `from` on. E_ABSENT at the end, or E_CORRUPT at a damaged item, which *at names.
 */
static shareable_status find(const shareable_list *list, const shareable_value *value, size_t from, size_t *at) {
  size_t i = from;

  while (i < list->layout.count) {
    size_t end = i + SHAREABLE__BATCH < list->layout.count ? i + SHAREABLE__BATCH : list->layout.count;

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
