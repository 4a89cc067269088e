/*
 * dict_find.h - finding a key that is present, if no writer interferes.
 */
#ifndef SHAREABLE__DICT_FIND_H
#define SHAREABLE__DICT_FIND_H

#include "dict/dict.h"
#include "dict/dict_index.h"

/* Returns whether a slot has the bytes of a key. Only valid if the item did not change meanwhile. */
static inline __attribute__((always_inline)) bool shareable__dict_key_equals(const shareable__slot *slot,
                                                                             const shareable__dict_key *key) {
  return shareable__item_same_format(slot, &key->item) &&
         shareable__item_difference(slot, &key->item, 0, slot->size) >= slot->size;
}

/*
 * Finds a key. Returns false if it is absent, or if the caller must use shareable__dict_find(): a
 * writer has a key locked, or the dict has no dict area.
 */
static inline __attribute__((always_inline)) bool
shareable__dict_find_fast(const shareable_dict *dict, const shareable__dict_key *key, shareable__dict_hit *hit) {
  shareable__dict_probe probe = shareable__dict_probe_begin(&dict->parts, key->tag);
  const shareable__sync *sync = &dict->list->sync;

  if (dict->is_plain)
    return false;
  while (shareable__dict_probe_next(&dict->parts, &probe, &hit->place)) {
    shareable__slot slot = shareable__dict_key_slot(dict, hit->place);
    size_t item = shareable__dict_key_item(hit->place);
    bool equal;

    if (!shareable__read_begin_fast(sync, item, &hit->version))
      return false;
    equal = shareable__dict_key_equals(&slot, key);
    if (!shareable__read_valid(sync, item, hit->version))
      return false;
    if (equal)
      return true;
  }
  return false;
}

#endif
