/*
 * dict_free.c - finding a free place for a key, and evicting keys of a full dict.
 *
 * All searches begin at the hand, which is after the place that was found last. The place of an
 * expired key is taken before a key is evicted. Eviction is the clock algorithm: the hand passes a
 * key that was used since the last time, and clears the note of its use; it evicts the first one that
 * was not.
 */
#include "dict/dict.h"
#include "sync/item_lock.h"

/* Returns whether no living writer has the value of a free place locked, which came too late. */
static bool is_usable(const shareable_dict *dict, uint64_t place) {
  const shareable__sync *sync = &dict->list->sync;
  uint64_t word = shareable__version_load(sync->area, shareable__dict_value_item(place));

  return (word & SHAREABLE__LOCKED) == 0 || shareable__item_holder_is_dead(sync, word);
}

/* Finds a free place. Returns E_BUSY if there are only places that are not usable yet; *place is one of them. */
static shareable_status search_free(const shareable_dict *dict, uint64_t *place) {
  shareable_status status = SHAREABLE_E_FULL;
  uint64_t busy = *place;

  for (uint64_t left = dict->parts.places; left > 0; left--) {
    if (shareable__dict_place_is_free(dict, *place)) {
      if (is_usable(dict, *place))
        return SHAREABLE_OK;
      status = SHAREABLE_E_BUSY;
      busy = *place;
    }
    *place = shareable__dict_next_place(dict, *place);
  }
  *place = busy;
  return status;
}

/* Returns whether the key of a place was used since the last call. */
static bool was_used(const shareable_dict *dict, uint64_t place) {
  shareable__word *word = &dict->parts.expiries[place];

  if ((__atomic_load_n(word, __ATOMIC_RELAXED) & SHAREABLE__DICT_USED) == 0)
    return false;
  __atomic_fetch_and(word, ~SHAREABLE__DICT_USED, __ATOMIC_RELAXED);
  return true;
}

static bool evict(shareable_dict *dict, uint64_t place) {
  if (was_used(dict, place) || shareable__dict_remove(dict, place, false, NULL) != SHAREABLE_OK)
    return false;
  atomic_fetch_add_explicit(&dict->evicted, 1, memory_order_relaxed);
  return true;
}

/* Evicts a key. In the second round, no key is used that was not used again. */
static bool evict_any(shareable_dict *dict, uint64_t *place) {
  for (uint64_t left = 2 * dict->parts.places; left > 0; left--) {
    if (evict(dict, *place))
      return true;
    *place = shareable__dict_next_place(dict, *place);
  }
  return false;
}

shareable_status shareable__dict_find_free(shareable_dict *dict, bool may_evict, uint64_t *place) {
  shareable__dict_area *area = dict->parts.area;
  bool is_full = __atomic_load_n(&area->count, __ATOMIC_RELAXED) >= dict->parts.places;
  uint64_t found = __atomic_load_n(&area->hand, __ATOMIC_RELAXED) % dict->parts.places;
  shareable_status status;

  *place = found;
  status = is_full ? SHAREABLE_E_FULL : search_free(dict, place);
  if (status == SHAREABLE_OK)
    found = *place;
  else if (!shareable__dict_remove_expired(dict, &found) && !(may_evict && dict->evicts && evict_any(dict, &found)))
    return status;
  *place = found;
  __atomic_store_n(&area->hand, shareable__dict_next_place(dict, found), __ATOMIC_RELAXED);
  return SHAREABLE_OK;
}
