/*
 * dict_copy.c - copying the keys of a dict to another one.
 */
#include <stdlib.h>

#include "dict/dict.h"

/* Sets a key of the target. It may have expired since it was read. */
static shareable_status set_item(shareable_dict *target, const shareable_dict_item *item, uint64_t expiry,
                                 shareable__dict_deadline *deadline) {
  uint64_t now = expiry == 0 ? 0 : (uint64_t)shareable__boot_time();

  if (expiry != 0 && expiry <= now)
    return SHAREABLE_OK;
  return shareable_dict_set(target, &item->key, &item->value, SHAREABLE_DICT_ANY, (int64_t)(expiry - now),
                            shareable__dict_time_left(deadline));
}

static shareable_status copy_all(const shareable_dict *source, shareable_dict *target, shareable_dict_item *item,
                                 int64_t timeout) {
  shareable__dict_deadline deadline = {timeout, 0};
  shareable_status status = SHAREABLE_OK;
  uint64_t expiry = 0;

  for (uint64_t place = 0; status == SHAREABLE_OK && place < source->parts.places; place++) {
    status = shareable__list_check(source->list);
    if (status == SHAREABLE_OK)
      status = shareable__dict_read_place(source, place, item, &expiry);
    if (status == SHAREABLE_OK)
      status = set_item(target, item, expiry, &deadline);
    else if (status == SHAREABLE_E_NO_KEY)
      status = SHAREABLE_OK;
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
