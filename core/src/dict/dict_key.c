/*
 * dict_key.c - keys of a dict: checking and hashing them.
 */
#include "dict/dict_find.h"

void shareable__dict_set_seed(shareable_dict *dict, const uint64_t seed[2]) {
  for (int type = 0; type < 2; type++) {
    dict->seed[type][0] = seed[0] ^ (uint64_t)type;
    dict->seed[type][1] = seed[1];
  }
}

shareable_status shareable__dict_encode_key(const shareable_dict *dict, const shareable_value *key,
                                            shareable__dict_key *encoded) {
  return shareable__dict_encode_key_inline(dict, key, encoded);
}

bool shareable__dict_tag_of_place(const shareable_dict *dict, uint64_t place, uint32_t *tag) {
  shareable__slot slot = shareable__dict_key_slot(dict, place);
  char buffer[SHAREABLE_DICT_KEY_MAX];
  shareable_status status;
  shareable_value key;

  SHAREABLE__READ_CONSISTENT(status, dict->list, shareable__dict_key_item(place), slot,
                             shareable__item_read(&slot, &key, buffer, sizeof buffer));
  if (status != SHAREABLE_OK || !shareable__dict_is_key(&key))
    return false;
  *tag = shareable__dict_hash(dict, key.type == SHAREABLE_TYPE_STR ? SHAREABLE__CODE_STR : SHAREABLE__CODE_BYTES,
                              key.text, (size_t)key.length);
  return true;
}
