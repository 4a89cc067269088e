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
  if (status == SHAREABLE_E_CORRUPT || (status == SHAREABLE_OK && !shareable__is_text(key->type)))
    return SHAREABLE_E_NO_KEY;
  return status;
}

/* Reads the key and the value of a place. Returns E_NO_KEY if it has none, or has an expired one. */
static shareable_status read_place(const shareable_dict *dict, uint64_t place, shareable_dict_item *item) {
  shareable_status status;
  uint64_t version;

  do {
    status = shareable__dict_read_key(dict, place, &item->key, item->key_buffer, item->key_buffer_size, &version);
    if (status != SHAREABLE_OK)
      return status;
    status = shareable__dict_place_expired(dict, place)
               ? SHAREABLE_E_NO_KEY
               : shareable__dict_read_value(dict, place, &item->value, item->value_buffer, item->value_buffer_size);
  } while (!shareable__dict_same_key(dict, place, version));
  return status;
}

shareable_status shareable_dict_next(const shareable_dict *dict, size_t *cursor, shareable_dict_item *item) {
  shareable_status status = dict == NULL ? SHAREABLE_E_CLOSED : shareable__list_check(dict->list);

  if (status == SHAREABLE_OK && (cursor == NULL || item == NULL))
    status = SHAREABLE_E_ARGUMENT;
  if (status != SHAREABLE_OK)
    return status;
  for (; *cursor < dict->parts.places; ++*cursor) {
    status = read_place(dict, *cursor, item);
    if (status == SHAREABLE_E_NO_KEY)
      continue;
    *cursor += status == SHAREABLE_OK;
    return status;
  }
  return SHAREABLE_E_NO_KEY;
}
