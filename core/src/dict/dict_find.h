/*
 * dict_find.h - finding a key that is present, if no writer interferes.
 */
#ifndef SHAREABLE__DICT_FIND_H
#define SHAREABLE__DICT_FIND_H

#include "dict/dict.h"
#include "dict/dict_index.h"

/* Does what shareable__dict_encode_key() does. */
SHAREABLE__INLINE shareable_status shareable__dict_encode_key_inline(const shareable_dict *dict,
                                                                     const shareable_value *key,
                                                                     shareable__dict_key *encoded) {
  if (dict == NULL || shareable__list_check(dict->list) != SHAREABLE_OK)
    return SHAREABLE_E_CLOSED;
  if (key == NULL || !shareable__is_text(key->type) || key->length - 1 >= dict->key_size || key->text == NULL ||
      key->text[key->length - 1] == '\0')
    return SHAREABLE_E_KEY;
  encoded->value = key;
  encoded->item.format = dict->key_format;
  encoded->item.code = key->type == SHAREABLE_TYPE_STR ? SHAREABLE__CODE_STR : SHAREABLE__CODE_BYTES;
  shareable__item_set_data(&encoded->item, key->text, (size_t)key->length);
  encoded->tag = shareable__dict_hash(dict, encoded->item.code, key->text, (size_t)key->length);
  return SHAREABLE_OK;
}

/* Returns whether a slot has the bytes of a key. Only valid if the item did not change meanwhile. */
SHAREABLE__INLINE bool shareable__dict_key_equals(const shareable__slot *slot, const shareable__dict_key *key) {
  return shareable__item_same_format(slot, &key->item) &&
         shareable__item_difference(slot, &key->item, 0, slot->size) >= slot->size;
}

/*
 * Finds a key. If this returns OK, the hit is valid if shareable__dict_same_key() returns true
 * afterwards. Returns E_NO_KEY if the key is absent; or E_BUSY if the caller must use
 * shareable__dict_find(): a writer interferes, or the dict has no dict area.
 */
SHAREABLE__INLINE shareable_status shareable__dict_find_fast(const shareable_dict *dict, const shareable__dict_key *key,
                                                             shareable__dict_hit *hit) {
  /* copies in registers: after each load with acquire order, the compiler would load the members again */
  const shareable__dict_parts parts = dict->parts;
  const shareable__layout *layout = &dict->list->layout;
  const shareable__sync *sync = &dict->list->sync;
  shareable__dict_probe probe = shareable__dict_probe_begin(&parts, key->tag);
  const uint32_t key_size = dict->key_size, value_size = dict->value_size;
  uint64_t sequence;

  if (dict->is_plain)
    return SHAREABLE_E_BUSY;
  sequence = shareable__dict_sequence(&parts);
  while (shareable__dict_probe_next(&parts, &probe, &hit->place)) {
    shareable__slot slot = shareable__dict_slot_of_key(layout, key_size, value_size, hit->place);

    if (!shareable__read_begin_fast(sync, shareable__dict_key_item(hit->place), &hit->version))
      return SHAREABLE_E_BUSY;
    if (shareable__dict_key_equals(&slot, key))
      return SHAREABLE_OK;
    if (!shareable__dict_same_key(dict, hit->place, hit->version))
      return SHAREABLE_E_BUSY;
  }
  return shareable__dict_is_stable(&parts, sequence) ? SHAREABLE_E_NO_KEY : SHAREABLE_E_BUSY;
}

#endif
