/*
 * dict_copy.c - copying the keys of a dict to another one.
 */
#include <stdlib.h>

#include "dict/dict.h"

/* The key may have expired, or have been deleted, since it was read. */
static shareable_status copy_item(const shareable_dict *source, shareable_dict *target, const shareable_dict_item *item,
                                  shareable__dict_deadline *deadline) {
  int64_t ttl = 0;
  shareable_status status = shareable_dict_ttl(source, &item->key, &ttl);

  if (status == SHAREABLE_E_NO_KEY)
    return SHAREABLE_OK;
  if (status != SHAREABLE_OK)
    return status;
  return shareable_dict_set(target, &item->key, &item->value, SHAREABLE_DICT_ANY, ttl,
                            shareable__dict_time_left(deadline));
}

static shareable_status copy_all(const shareable_dict *source, shareable_dict *target, shareable_dict_item *item,
                                 int64_t timeout) {
  shareable__dict_deadline deadline = {timeout, 0};
  shareable_status status = SHAREABLE_OK;
  size_t cursor = 0;

  while (status == SHAREABLE_OK) {
    status = shareable_dict_next(source, &cursor, item);
    if (status == SHAREABLE_E_NO_KEY)
      return SHAREABLE_OK;
    if (status == SHAREABLE_OK)
      status = copy_item(source, target, item, &deadline);
  }
  return status;
}

shareable_status shareable_dict_copy(const shareable_dict *source, shareable_dict *target, int64_t timeout) {
  shareable_dict_item item = {.key_buffer_size = shareable_dict_key_size(source),
                              .value_buffer_size = shareable_dict_value_size(source)};
  shareable_status status = shareable__dict_check_write(target);

  if (status == SHAREABLE_OK)
    status = source == NULL ? SHAREABLE_E_CLOSED : shareable__list_check(source->list);
  if (status != SHAREABLE_OK)
    return status;
  item.key_buffer = malloc(item.key_buffer_size);
  item.value_buffer = malloc(item.value_buffer_size);
  status = item.key_buffer == NULL || item.value_buffer == NULL ? SHAREABLE_E_NO_MEMORY
                                                                : copy_all(source, target, &item, timeout);
  free(item.key_buffer);
  free(item.value_buffer);
  return status;
}
