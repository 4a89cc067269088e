/*
 * dict_next.c - visiting the keys of a dict.
 */
#include "dict/dict.h"

shareable_status shareable__dict_read_key(const shareable_dict *dict, uint64_t place, shareable_value *key,
                                          void *buffer, size_t size, uint64_t *version) {
  size_t item = shareable__dict_key_item(place);
  shareable_status status;

  do {
    shareable__slot slot = shareable__dict_key_slot(dict, place);

    *version = shareable__dict_version(dict, item);
    SHAREABLE__READ_CONSISTENT(status, dict->list, item, slot, shareable__item_read(&slot, key, buffer, size));
  } while (!shareable__dict_same_key(dict, place, *version));
  if (status == SHAREABLE_E_CORRUPT || (status == SHAREABLE_OK && !shareable__dict_is_key(key)))
    return SHAREABLE_E_NO_KEY;
  return status;
}

/* After this number of attempts, the value may be that of the write before or after the expiry. */
#define PAIR_ATTEMPTS 100

/* A writer changes the value and its expiry while it has the value locked. */
static shareable_status read_value(const shareable_dict *dict, uint64_t place, shareable_dict_item *item,
                                   uint64_t *expiry) {
  size_t value_item = shareable__dict_value_item(place);
  int left = PAIR_ATTEMPTS;
  shareable_status status;
  uint64_t version;

  do {
    version = shareable__dict_version(dict, value_item);
    *expiry = shareable__dict_expiry(dict, place);
    status = shareable__dict_read_value(dict, place, &item->value, item->value_buffer, item->value_buffer_size);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
  } while ((shareable__dict_version(dict, value_item) != version || shareable__dict_expiry(dict, place) != *expiry) &&
           --left > 0);
  return shareable__dict_is_expired(*expiry) ? SHAREABLE_E_NO_KEY : status;
}

shareable_status shareable__dict_read_place(const shareable_dict *dict, uint64_t place, shareable_dict_item *item,
                                            uint64_t *expiry) {
  shareable_status status;
  uint64_t version;

  do {
    status = shareable__dict_read_key(dict, place, &item->key, item->key_buffer, item->key_buffer_size, &version);
    if (status != SHAREABLE_OK)
      return status;
    status = read_value(dict, place, item, expiry);
  } while (!shareable__dict_same_key(dict, place, version));
  return status;
}

shareable_status shareable_dict_next(const shareable_dict *dict, size_t *cursor, shareable_dict_item *item) {
  uint64_t expiry;
  shareable_status status = dict == NULL ? SHAREABLE_E_CLOSED : shareable__list_check(dict->list);

  if (status == SHAREABLE_OK && (cursor == NULL || item == NULL))
    status = SHAREABLE_E_ARGUMENT;
  if (status != SHAREABLE_OK)
    return status;
  for (; *cursor < dict->parts.places; ++*cursor) {
    status = shareable__dict_read_place(dict, *cursor, item, &expiry);
    if (status == SHAREABLE_E_NO_KEY)
      continue;
    *cursor += status == SHAREABLE_OK;
    return status;
  }
  return SHAREABLE_E_NO_KEY;
}
