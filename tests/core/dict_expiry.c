/*
 * dict_expiry.c - the places of expired keys, and what a copy keeps of a TTL.
 */
#include <pthread.h>

#include "dict_support.h"

#define MS INT64_C(1000000)

static shareable_status set_for(shareable_dict *dict, const char *key, int64_t value, int64_t ttl) {
  const shareable_value encoded = text(key), integer = shareable_int(value);

  return shareable_dict_set(dict, &encoded, &integer, SHAREABLE_DICT_ANY, ttl, -1);
}

static shareable_dict *new_evicting(size_t places) {
  shareable_dict *dict = NULL;

  cr_ok(shareable_dict_create(&dict, own_name(), places, 8, 8, SHAREABLE_EVICT, 0600, NULL));
  return dict;
}

Test(dict_expiry, gives_places_of_expired_keys_away_before_it_evicts) {
  shareable_dict *dict = new_evicting(6);
  static const char *const keys[] = {"a", "b", "c", "d", "e", "f"};

  for (size_t i = 0; i < LENGTH(keys); i++)
    cr_ok(set_for(dict, keys[i], (int64_t)i, i % 2 == 0 ? 0 : 20 * MS));
  shareable__sleep(30 * MS);
  cr_ok(set(dict, "g", shareable_int(1)));
  cr_ok(set(dict, "h", shareable_int(1)));
  cr_ok(set(dict, "i", shareable_int(1)));
  cr_assert(get(dict, "a") == 0 && get(dict, "c") == 2 && get(dict, "e") == 4 && shareable_dict_evicted(dict) == 0);
  cr_ok(set(dict, "j", shareable_int(1)));
  cr_assert_eq(shareable_dict_evicted(dict), 1);
  check_index(dict);
  end_dict(dict);
}

static uint64_t next_expiry(const shareable_dict *dict) {
  return __atomic_load_n(&dict->parts.area->next_expiry, __ATOMIC_RELAXED);
}

Test(dict_expiry, knows_when_a_place_becomes_free) {
  shareable_dict *dict = new_dict(3, 8, 8);
  uint64_t later, sooner;

  cr_ok(set_for(dict, "a", 1, 5000000 * MS));
  cr_ok(set_for(dict, "b", 2, 1000000 * MS));
  cr_ok(set(dict, "c", shareable_int(3)));
  cr_assert_eq(next_expiry(dict), SHAREABLE__NEXT_EXPIRY_UNKNOWN);
  cr_status(set(dict, "d", shareable_int(4)), SHAREABLE_E_FULL);
  later = next_expiry(dict);
  cr_assert_eq(later, dict->parts.expiries[1]); /* the next insert does not read the expiries */
  cr_status(set(dict, "d", shareable_int(4)), SHAREABLE_E_FULL);
  cr_ok(set_for(dict, "c", 3, 20 * MS));
  sooner = next_expiry(dict);
  cr_assert_lt(sooner, later);
  cr_status(set(dict, "d", shareable_int(4)), SHAREABLE_E_FULL);
  shareable__sleep(30 * MS);
  cr_ok(set(dict, "d", shareable_int(4)));
  cr_assert(get(dict, "a") == 1 && get(dict, "b") == 2 && get(dict, "c") == -1 && get(dict, "d") == 4);
  cr_status(set(dict, "e", shareable_int(5)), SHAREABLE_E_FULL);
  cr_assert_eq(next_expiry(dict), later);
  end_dict(dict);
}

Test(dict_expiry, finds_expired_places_after_a_scan_that_was_killed) {
  shareable_dict *dict = new_dict(1, 8, 8);

  cr_ok(set_for(dict, "a", 1, 20 * MS));
  dict->parts.area->next_expiry = SHAREABLE__NEXT_EXPIRY_SCANNING;
  cr_ok(set_for(dict, "a", 1, 10 * MS)); /* a writer during a scan */
  cr_assert_eq(next_expiry(dict), SHAREABLE__NEXT_EXPIRY_UNKNOWN);
  dict->parts.area->next_expiry = SHAREABLE__NEXT_EXPIRY_SCANNING;
  shareable__sleep(30 * MS);
  cr_ok(set(dict, "b", shareable_int(2)));
  end_dict(dict);
}

/* Sets a key to 1 with a TTL and to 2 without one, in turn. */
static void *alternate(void *context) {
  shareable_dict *dict = NULL;

  if (shareable_dict_open(&dict, own_name(), 0, NULL) != SHAREABLE_OK)
    return NULL;
  while (!__atomic_load_n((const bool *)context, __ATOMIC_RELAXED)) {
    set_for(dict, "k", 1, 1000000 * MS);
    set_for(dict, "k", 2, 0);
  }
  shareable_dict_unref(dict);
  return NULL;
}

Test(dict_expiry, is_copied_with_the_value_that_it_belongs_to) {
  shareable_dict *dict = new_dict(1, 8, 8), *copy = NULL;
  const shareable_value key = shareable_str("k");
  bool ended = false;
  pthread_t thread;
  int64_t ttl = 0;

  cr_ok(set(dict, "k", shareable_int(2)));
  cr_ok(shareable_dict_create(&copy, NULL, 1, 8, 8, 0, 0600, NULL));
  cr_assert_eq(pthread_create(&thread, NULL, alternate, &ended), 0);
  for (int i = 0; i < 20000; i++) {
    cr_ok(shareable_dict_copy(dict, copy, -1));
    cr_ok(shareable_dict_ttl(copy, &key, &ttl));
    cr_assert_eq(get(copy, "k"), ttl > 0 ? 1 : 2, "copy %d has the TTL of another value", i);
  }
  __atomic_store_n(&ended, true, __ATOMIC_RELAXED);
  pthread_join(thread, NULL);
  end_dict(copy);
  end_dict(dict);
}
