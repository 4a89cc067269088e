/*
 * dict_find.c - finding a key.
 */
#include "dict/dict_find.h"
#include "base/clock.h"

/* The time after which a reader no longer waits for a change of the index, and reads all keys. */
#define PATIENCE_NS INT64_C(1000000)

/*
 * Waits until the key can be read, and completes the write of a dead writer. If the handle is
 * read-only, the key is in the redo record of that writer, and the item stays locked. There, the key
 * has another format than in an item.
 */
SHAREABLE__NOINLINE shareable_status compare_slowly(const shareable_dict *dict, uint64_t place,
                                                    const shareable__dict_key *key, bool *equal, uint64_t *version) {
  size_t item = shareable__dict_key_item(place);
  shareable_status status;

  do {
    shareable__slot slot = shareable__dict_key_slot(dict, place);

    *equal = false;
    *version = shareable__dict_version(dict, item);
    SHAREABLE__READ_CONSISTENT(status, dict->list, item, slot, shareable__item_equals(&slot, key->value, equal));
  } while (!shareable__dict_same_key(dict, place, *version));
  *equal = *equal && status == SHAREABLE_OK;
  return status == SHAREABLE_E_CORRUPT || status == SHAREABLE_E_NOT_READY ? SHAREABLE_OK : status;
}

/*
 * Returns whether a writer has the key item of a place locked, inserts or deletes another key there, and
 * did so for the whole call. A process may be stopped meanwhile: others do not wait for it.
 */
static bool is_other_key(const shareable_dict *dict, uint64_t place, const shareable__dict_key *key) {
  uint64_t version = shareable__dict_version(dict, shareable__dict_key_item(place));

  return !dict->is_plain && (version & SHAREABLE__LOCKED) != 0 &&
         shareable__dict_other_key_changes(dict, place, key->tag) && shareable__dict_same_key(dict, place, version);
}

/*
 * Compares the key of a place with a key. *version is valid if they are equal. Returns E_BUSY if a
 * living writer has the item locked for too long. A corrupt or unwritten key equals none.
 */
SHAREABLE__INLINE shareable_status compare(const shareable_dict *dict, uint64_t place, const shareable__dict_key *key,
                                           bool *equal, uint64_t *version) {
  const shareable__sync *sync = &dict->list->sync;
  shareable__slot slot = shareable__dict_key_slot(dict, place);
  size_t item = shareable__dict_key_item(place);

  if (!dict->is_plain && shareable__read_begin_fast(sync, item, version)) {
    *equal = shareable__dict_key_equals(&slot, key);
    if (shareable__read_valid(sync, item, *version))
      return SHAREABLE_OK;
  }
  *equal = false;
  return is_other_key(dict, place, key) ? SHAREABLE_OK : compare_slowly(dict, place, key, equal, version);
}

/* Finds a key by the index. E_NO_KEY proves nothing if the index changes. */
static inline shareable_status find_in_index(const shareable_dict *dict, const shareable__dict_key *key,
                                             shareable__dict_hit *hit) {
  shareable__dict_probe probe = shareable__dict_probe_begin(&dict->parts, key->tag);

  while (shareable__dict_probe_next(&dict->parts, &probe, &hit->place)) {
    bool equal;
    shareable_status status = compare(dict, hit->place, key, &equal, &hit->version);

    if (status != SHAREABLE_OK || equal)
      return status;
  }
  return SHAREABLE_E_NO_KEY;
}

/*
 * A key does not move. If it was in no place when that was read, it was absent at some time. The last place
 * is read first, as in the index of a plain list.
 */
static shareable_status find_in_list(const shareable_dict *dict, const shareable__dict_key *key,
                                     shareable__dict_hit *hit) {
  for (hit->place = dict->parts.places; hit->place-- > 0;) {
    bool equal;
    shareable_status status = compare(dict, hit->place, key, &equal, &hit->version);

    if (status != SHAREABLE_OK || equal)
      return status;
  }
  return SHAREABLE_E_NO_KEY;
}

/* The owner of the lock may have been killed. A process that can complete its change does so. */
static bool try_recover(const shareable_dict *dict) {
  shareable_dict *writable = (shareable_dict *)dict; /* reading changes nothing of a dict, except that */

  if (dict->list->memory->read_only || shareable__dict_lock(writable, 0) != SHAREABLE_OK)
    return false;
  shareable__dict_unlock(writable);
  return true;
}

/* A writer interferes. Tries again for a while. */
SHAREABLE__NOINLINE shareable_status find_slowly(const shareable_dict *dict, const shareable__dict_key *key,
                                                 shareable__dict_hit *hit) {
  int64_t end = shareable__now() + PATIENCE_NS;

  do {
    uint64_t sequence = shareable__dict_sequence(&dict->parts);
    shareable_status status = find_in_index(dict, key, hit);

    if (status != SHAREABLE_E_NO_KEY || shareable__dict_is_stable(&dict->parts, sequence))
      return status;
  } while (shareable__now() < end);
  if (try_recover(dict)) {
    uint64_t sequence = shareable__dict_sequence(&dict->parts);
    shareable_status status = find_in_index(dict, key, hit);

    if (status != SHAREABLE_E_NO_KEY || shareable__dict_is_stable(&dict->parts, sequence))
      return status;
  }
  return find_in_list(dict, key, hit);
}

/* The index of a plain list was made when it was opened: another key may have been written since. */
static shareable_status find_plain(const shareable_dict *dict, const shareable__dict_key *key,
                                   shareable__dict_hit *hit) {
  shareable_status status = find_in_index(dict, key, hit);

  return status == SHAREABLE_E_NO_KEY ? find_in_list(dict, key, hit) : status;
}

shareable_status shareable__dict_find(const shareable_dict *dict, const shareable__dict_key *key,
                                      shareable__dict_hit *hit) {
  shareable_status status = shareable__dict_find_fast(dict, key, hit);

  if (status == SHAREABLE_E_NO_KEY ||
      (status == SHAREABLE_OK && shareable__dict_same_key(dict, hit->place, hit->version)))
    return status;
  return dict->is_plain ? find_plain(dict, key, hit) : find_slowly(dict, key, hit);
}

shareable_status shareable__dict_find_locked(const shareable_dict *dict, const shareable__dict_key *key,
                                             shareable__dict_hit *hit) {
  return find_in_index(dict, key, hit);
}
