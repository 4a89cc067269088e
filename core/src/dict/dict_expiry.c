/*
 * dict_expiry.c - when keys expire.
 */
#include "dict/dict.h"
#include "dict/value_change.h"

uint64_t shareable__dict_expiry_of(int64_t ttl) {
  int64_t now;

  if (ttl <= 0)
    return 0;
  now = shareable__boot_time();
  return ttl > INT64_MAX - now ? INT64_MAX : (uint64_t)(now + ttl);
}

/*
 * Makes the hint valid after an expiry was stored: a scan may have read the place before. dict_expiry.pml
 * shows that this is sufficient.
 */
static void lower_next_expiry(const shareable_dict *dict, uint64_t expiry) {
  shareable__word *hint = &dict->parts.area->next_expiry;
  uint64_t next = __atomic_load_n(hint, __ATOMIC_SEQ_CST);

  while (next > expiry || next == SHAREABLE__NEXT_EXPIRY_SCANNING) {
    uint64_t lower = next == SHAREABLE__NEXT_EXPIRY_SCANNING ? SHAREABLE__NEXT_EXPIRY_UNKNOWN : expiry;

    if (__atomic_compare_exchange_n(hint, &next, lower, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
      return;
  }
}

void shareable__dict_set_expiry(const shareable_dict *dict, uint64_t place, uint64_t expiry) {
  shareable__word *word = &dict->parts.expiries[place];

  if ((__atomic_load_n(word, __ATOMIC_RELAXED) & ~SHAREABLE__DICT_USED) == expiry)
    return;
  if (expiry == 0) {
    __atomic_store_n(word, expiry, __ATOMIC_RELEASE);
    return;
  }
  __atomic_store_n(&dict->parts.area->has_expiries, 1, __ATOMIC_RELEASE);
  __atomic_store_n(word, expiry, __ATOMIC_SEQ_CST); /* before the hint is read */
  lower_next_expiry(dict, expiry);
}

/* Returns whether a key may have expired. */
static bool may_have_expired(const shareable_dict *dict, uint64_t now) {
  const shareable__dict_area *area = dict->parts.area;

  return __atomic_load_n(&area->has_expiries, __ATOMIC_RELAXED) != 0 &&
         __atomic_load_n(&area->next_expiry, __ATOMIC_RELAXED) <= now;
}

uint64_t shareable__dict_count_expired(const shareable_dict *dict) {
  uint64_t now, count = 0;

  if (__atomic_load_n(&dict->parts.area->has_expiries, __ATOMIC_RELAXED) == 0)
    return 0;
  now = (uint64_t)shareable__boot_time();
  if (!may_have_expired(dict, now))
    return 0;
  for (uint64_t place = 0; place < dict->parts.places; place++) {
    uint64_t expiry = shareable__dict_expiry(dict, place);

    count += expiry != 0 && expiry <= now && !shareable__dict_place_is_free(dict, place);
  }
  return count;
}

/* A key that cannot be deleted now keeps its expiry, so the next call tries again. */
bool shareable__dict_remove_expired(shareable_dict *dict, uint64_t *place) {
  uint64_t now = (uint64_t)shareable__boot_time(), next = INT64_MAX, expected = SHAREABLE__NEXT_EXPIRY_SCANNING;
  shareable__word *hint = &dict->parts.area->next_expiry;

  if (!may_have_expired(dict, now))
    return false;
  __atomic_store_n(hint, SHAREABLE__NEXT_EXPIRY_SCANNING, __ATOMIC_SEQ_CST);
  for (uint64_t left = dict->parts.places; left > 0; left--) {
    uint64_t expiry = __atomic_load_n(&dict->parts.expiries[*place], __ATOMIC_ACQUIRE) & ~SHAREABLE__DICT_USED;

    if (expiry != 0 && expiry <= now && shareable__dict_remove(dict, *place, true, NULL) == SHAREABLE_OK)
      return true;
    if (expiry != 0 && expiry < next)
      next = expiry;
    *place = shareable__dict_next_place(dict, *place);
  }
  __atomic_compare_exchange_n(hint, &expected, next, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
  return false;
}

shareable_status shareable_dict_ttl(const shareable_dict *dict, const shareable_value *key, int64_t *ttl) {
  shareable__dict_key encoded;
  shareable__dict_hit hit;
  shareable_status status = shareable__dict_encode_key(dict, key, &encoded);
  uint64_t expiry = 0, now = (uint64_t)shareable__boot_time();

  if (status == SHAREABLE_OK && ttl == NULL)
    return SHAREABLE_E_ARGUMENT;
  if (status != SHAREABLE_OK)
    return status;
  do {
    status = shareable__dict_find(dict, &encoded, &hit);
    if (status != SHAREABLE_OK)
      return status;
    expiry = shareable__dict_expiry(dict, hit.place);
  } while (!shareable__dict_same_key(dict, hit.place, hit.version));
  if (expiry != 0 && expiry <= now)
    return SHAREABLE_E_NO_KEY;
  *ttl = expiry == 0 ? 0 : (int64_t)(expiry - now);
  return SHAREABLE_OK;
}

/* Changes the expiry and not the value. The waiters of the value check when it expires now. */
static shareable_status apply_expiry(shareable__value_change *change, shareable_dict *dict, uint64_t place,
                                     uint64_t before, uint64_t *after) {
  shareable__dict_set_expiry(dict, place, shareable__dict_expiry_of(change->ttl));
  *after = before;
  return SHAREABLE_OK;
}

shareable_status shareable_dict_expire(shareable_dict *dict, const shareable_value *key, int64_t ttl, int64_t timeout) {
  shareable__value_change change = {.apply = apply_expiry, .ttl = ttl, .replaces = true};

  if (ttl < 0)
    return SHAREABLE_E_ARGUMENT;
  return shareable__dict_change_value(dict, key, &change, timeout);
}
