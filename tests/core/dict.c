/*
 * dict.c - tests of core/src/dict.
 */
#include <pthread.h>

#include "base/siphash.h"
#include "dict_support.h"
#include "sync/fast_store.h"
#include "sync/item_lock.h"
#include "watch/watch.h"

Test(dict, sets_gets_and_deletes_keys) {
  shareable_dict *dict = new_dict(10, 16, 8), *other = NULL;

  cr_assert_eq(get(dict, "a"), -1);
  cr_ok(set(dict, "a", shareable_int(1)));
  cr_ok(set(dict, "b", shareable_int(2)));
  cr_ok(set(dict, "a", shareable_int(3)));
  cr_ok(shareable_dict_open(&other, own_name(), 0, NULL));
  cr_assert(get(other, "a") == 3 && get(other, "b") == 2 && length(other) == 2);
  cr_ok(delete_key(other, "a"));
  cr_status(delete_key(dict, "a"), SHAREABLE_E_NO_KEY);
  cr_assert(get(dict, "a") == -1 && get(dict, "b") == 2 && length(dict) == 1);
  check_index(dict);
  shareable_dict_unref(other);
  end_dict(dict);
}

Test(dict, tells_str_from_bytes) {
  shareable_dict *dict = new_dict(4, 8, 8);
  const shareable_value bytes = shareable_bytes("key", 3), one = shareable_int(1);
  shareable_value value;

  cr_ok(set(dict, "key", shareable_int(2)));
  cr_status(shareable_dict_get(dict, &bytes, &value, NULL, 0), SHAREABLE_E_NO_KEY);
  cr_ok(shareable_dict_set(dict, &bytes, &one, SHAREABLE_DICT_IF_ABSENT, 0, -1));
  cr_ok(shareable_dict_get(dict, &bytes, &value, NULL, 0));
  cr_assert(value.integer == 1 && get(dict, "key") == 2);
  end_dict(dict);
}

Test(dict, refuses_other_keys) {
  shareable_dict *dict = new_dict(4, 8, 8);
  const shareable_value wrong[] = {shareable_int(1), shareable_none(), shareable_str(""), shareable_strn("a\0", 2),
                                   shareable_str("123456789")};
  const shareable_value not_utf8 = shareable_str("\xff"), one = shareable_int(1);
  shareable_value value;

  for (size_t i = 0; i < LENGTH(wrong); i++) {
    cr_status(shareable_dict_get(dict, &wrong[i], &value, NULL, 0), SHAREABLE_E_KEY);
    cr_status(shareable_dict_set(dict, &wrong[i], &one, SHAREABLE_DICT_ANY, 0, -1), SHAREABLE_E_KEY);
  }
  cr_status(shareable_dict_set(dict, &not_utf8, &one, SHAREABLE_DICT_ANY, 0, -1), SHAREABLE_E_UTF8);
  cr_status(shareable_dict_get(dict, &not_utf8, &value, NULL, 0), SHAREABLE_E_NO_KEY);
  cr_ok(set(dict, "12345678", one));
  cr_ok(set(dict, "a\0b", one));
  cr_assert_eq(get(dict, "12345678"), 1);
  end_dict(dict);
}

Test(dict, sets_only_absent_or_only_present_keys) {
  shareable_dict *dict = new_dict(4, 8, 8);
  const shareable_value key = shareable_str("key"), one = shareable_int(1), two = shareable_int(2);

  cr_status(shareable_dict_set(dict, &key, &one, SHAREABLE_DICT_IF_PRESENT, 0, -1), SHAREABLE_E_NO_KEY);
  cr_ok(shareable_dict_set(dict, &key, &one, SHAREABLE_DICT_IF_ABSENT, 0, -1));
  cr_status(shareable_dict_set(dict, &key, &two, SHAREABLE_DICT_IF_ABSENT, 0, -1), SHAREABLE_E_KEY_EXISTS);
  cr_assert_eq(get(dict, "key"), 1);
  cr_ok(shareable_dict_set(dict, &key, &two, SHAREABLE_DICT_IF_PRESENT, 0, -1));
  cr_assert_eq(get(dict, "key"), 2);
  end_dict(dict);
}

Test(dict, is_full_when_each_place_has_a_key) {
  shareable_dict *dict = new_dict(3, 8, 8);

  cr_ok(set(dict, "a", shareable_int(1)));
  cr_ok(set(dict, "b", shareable_int(2)));
  cr_ok(set(dict, "c", shareable_int(3)));
  cr_status(set(dict, "d", shareable_int(4)), SHAREABLE_E_FULL);
  cr_ok(delete_key(dict, "b"));
  cr_ok(set(dict, "d", shareable_int(4)));
  cr_assert(get(dict, "a") == 1 && get(dict, "b") == -1 && get(dict, "c") == 3 && get(dict, "d") == 4);
  check_index(dict);
  end_dict(dict);
}

Test(dict, adds_and_compares_ints) {
  shareable_dict *dict = new_dict(3, 8, 8);
  const shareable_value key = shareable_str("hits");
  int64_t integer = 0, expected = 7;
  int exchanged = 9;

  cr_ok(shareable_dict_add(dict, &key, 5, 100, 0, 0, -1, &integer));
  cr_assert_eq(integer, 105);
  cr_ok(shareable_dict_add(dict, &key, 5, 100, 0, 0, -1, &integer));
  cr_assert_eq(integer, 110);
  cr_ok(shareable_dict_compare_exchange(dict, &key, &expected, 1, -1, &exchanged));
  cr_assert(exchanged == 0 && expected == 110);
  cr_ok(shareable_dict_compare_exchange(dict, &key, &expected, 1, -1, &exchanged));
  cr_assert(exchanged == 1 && get(dict, "hits") == 1);
  cr_ok(set(dict, "hits", shareable_int(INT64_MAX)));
  cr_status(shareable_dict_add(dict, &key, 1, 0, 0, 0, -1, &integer), SHAREABLE_E_OVERFLOW);
  cr_ok(set(dict, "hits", shareable_float(1.5)));
  cr_status(shareable_dict_add(dict, &key, 1, 0, 0, 0, -1, &integer), SHAREABLE_E_TYPE);
  end_dict(dict);
}

Test(dict, forgets_a_key_when_its_time_is_over) {
  shareable_dict *dict = new_dict(3, 8, 8);
  const shareable_value key = shareable_str("key"), value = shareable_int(1);
  int64_t integer;

  cr_ok(shareable_dict_set(dict, &key, &value, SHAREABLE_DICT_ANY, 30000000, -1));
  cr_assert_eq(get(dict, "key"), 1);
  usleep(40000);
  cr_assert_eq(get(dict, "key"), -1);
  cr_status(delete_key(dict, "key"), SHAREABLE_E_NO_KEY);
  cr_ok(shareable_dict_add(dict, &key, 5, 0, 0, INT64_MAX, -1, &integer));
  cr_assert_eq(integer, 5);
  check_index(dict);
  end_dict(dict);
}

/* Compares a dict with an array, in random operations on a dict that is nearly full. */
Test(dict, does_what_an_array_does) {
  enum { KEYS = 60, PLACES = 50 };
  shareable_dict *dict = new_dict(PLACES, 16, 8);
  int64_t wanted[KEYS];
  unsigned seed = 1;
  size_t count = 0;

  memset(wanted, -1, sizeof wanted);
  for (int i = 0; i < 100000; i++) {
    char key[16];
    unsigned k, what;

    seed = seed * 1664525 + 1013904223;
    k = (seed >> 8) % KEYS;
    what = (seed >> 20) % 4;
    snprintf(key, sizeof key, "key %u", k);
    if (what == 0) {
      shareable_status status = set(dict, key, shareable_int(i));

      cr_assert_eq(status, wanted[k] < 0 && count == PLACES ? SHAREABLE_E_FULL : SHAREABLE_OK);
      count += wanted[k] < 0 && status == SHAREABLE_OK;
      wanted[k] = status == SHAREABLE_OK ? i : wanted[k];
    } else if (what == 1) {
      cr_assert_eq(delete_key(dict, key), wanted[k] < 0 ? SHAREABLE_E_NO_KEY : SHAREABLE_OK);
      count -= wanted[k] >= 0;
      wanted[k] = -1;
    } else {
      cr_assert_eq(get(dict, key), wanted[k]);
    }
    if (i % 1000 == 0)
      check_index(dict);
  }
  cr_assert_eq(length(dict), count);
  check_index(dict);
  end_dict(dict);
}

Test(dict, visits_each_key) {
  shareable_dict *dict = new_dict(10, 8, 16);
  char key[8], value[16];
  shareable_dict_item item = {
    .key_buffer = key, .key_buffer_size = sizeof key, .value_buffer = value, .value_buffer_size = sizeof value};
  size_t cursor = 0, count = 0;

  cr_ok(set(dict, "a", shareable_str("1")));
  cr_ok(set(dict, "b", shareable_str("2")));
  cr_ok(set(dict, "c", shareable_str("3")));
  cr_ok(delete_key(dict, "b"));
  while (shareable_dict_next(dict, &cursor, &item) == SHAREABLE_OK) {
    cr_assert(item.key.length == 1 && item.value.length == 1);
    cr_assert_eq(key[0] - 'a', value[0] - '1');
    count++;
  }
  cr_assert(count == 2 && cursor == 10);
  cr_ok(shareable_dict_clear(dict, -1));
  cursor = 0;
  cr_status(shareable_dict_next(dict, &cursor, &item), SHAREABLE_E_NO_KEY);
  cr_assert_eq(length(dict), 0);
  check_index(dict);
  end_dict(dict);
}

Test(dict, makes_its_index_again) {
  shareable_dict *dict = new_dict(10, 8, 8);

  cr_ok(set(dict, "a", shareable_int(1)));
  cr_ok(set(dict, "b", shareable_int(2)));
  memset((void *)dict->parts.index, 0xa5, 8 * dict->parts.slots);
  cr_assert_eq(get(dict, "a"), -1);
  cr_ok(shareable_dict_reindex(dict, -1));
  cr_assert(get(dict, "a") == 1 && get(dict, "b") == 2);
  check_index(dict);
  end_dict(dict);
}

Test(dict, reads_values_of_each_type) {
  shareable_dict *dict = new_dict(6, 8, 16);
  const shareable_value key = shareable_str("key"), absent = shareable_str("absent");
  char buffer[16];
  double real = 0;
  int boolean = 0;
  size_t size = 0;
  int64_t integer = 0;

  cr_ok(set(dict, "key", shareable_int(7)));
  cr_ok(shareable_dict_get_int(dict, &key, &integer));
  cr_status(shareable_dict_get_float(dict, &key, &real), SHAREABLE_E_TYPE);
  cr_status(shareable_dict_get_str(dict, &key, buffer, sizeof buffer, &size), SHAREABLE_E_TYPE);
  cr_ok(set(dict, "key", shareable_float(0.5)));
  cr_ok(shareable_dict_get_float(dict, &key, &real));
  cr_status(shareable_dict_get_int(dict, &key, &integer), SHAREABLE_E_TYPE);
  cr_ok(set(dict, "key", shareable_bool(1)));
  cr_ok(shareable_dict_get_bool(dict, &key, &boolean));
  cr_ok(set(dict, "key", shareable_str("text")));
  cr_ok(shareable_dict_get_str(dict, &key, buffer, sizeof buffer, &size));
  cr_assert(integer == 7 && real == 0.5 && boolean == 1 && size == 4 && memcmp(buffer, "text", 4) == 0);
  cr_status(shareable_dict_get_int(dict, &key, &integer), SHAREABLE_E_TYPE);
  cr_status(shareable_dict_get_str(dict, &key, buffer, 3, &size), SHAREABLE_E_BUFFER);
  cr_assert_eq(size, 4);
  cr_ok(set(dict, "key", shareable_bytes("\0\1", 2)));
  cr_ok(shareable_dict_get_bytes(dict, &key, buffer, sizeof buffer, &size));
  cr_assert(size == 2 && buffer[1] == 1);
  cr_ok(set(dict, "key", shareable_none()));
  cr_status(shareable_dict_get_bytes(dict, &key, buffer, sizeof buffer, &size), SHAREABLE_E_TYPE);
  cr_status(shareable_dict_get_int(dict, &absent, &integer), SHAREABLE_E_NO_KEY);
  end_dict(dict);
}

Test(dict, adds_to_floats) {
  shareable_dict *dict = new_dict(3, 8, 8);
  const shareable_value key = shareable_str("sum");
  double real = 0;

  cr_ok(shareable_dict_add_float(dict, &key, 0.5, 1.0, 0, 0, -1, &real));
  cr_assert_eq(real, 1.5);
  cr_ok(shareable_dict_add_float(dict, &key, 0.25, 1.0, 0, 0, -1, &real));
  cr_assert_eq(real, 1.75);
  cr_ok(set(dict, "sum", shareable_int(1)));
  cr_status(shareable_dict_add_float(dict, &key, 1, 0, 0, 0, -1, &real), SHAREABLE_E_TYPE);
  end_dict(dict);
}

Test(dict, adds_a_float_to_an_int_if_it_may_convert_it) {
  shareable_dict *dict = new_dict(3, 8, 8);
  const shareable_value key = shareable_str("sum"), two = shareable_int(2);
  const uint32_t convert = SHAREABLE_DICT_CONVERT;
  shareable_value value;
  double real = 0;
  int64_t ttl;

  cr_ok(shareable_dict_set(dict, &key, &two, 0, INT64_C(60000000000), -1));
  cr_ok(shareable_dict_add_float(dict, &key, 0.5, 0, convert, 0, -1, &real));
  cr_assert_eq(real, 2.5);
  cr_ok(shareable_dict_add_float(dict, &key, 0.5, 0, convert, 0, -1, &real));
  cr_assert_eq(real, 3.0);
  cr_ok(shareable_dict_get(dict, &key, &value, NULL, 0));
  cr_assert(value.type == SHAREABLE_TYPE_FLOAT && value.real == 3.0);
  cr_ok(shareable_dict_ttl(dict, &key, &ttl));
  cr_assert(ttl > 0);
  cr_ok(set(dict, "sum", shareable_bool(1)));
  cr_status(shareable_dict_add_float(dict, &key, 1, 0, convert, 0, -1, &real), SHAREABLE_E_TYPE);
  end_dict(dict);
}

Test(dict, adds_only_to_the_keys_that_the_flags_mean) {
  const shareable_value key = shareable_str("d"), a = shareable_str("a"), c = shareable_str("c");
  const uint32_t present = SHAREABLE_DICT_IF_PRESENT, kept = SHAREABLE_DICT_NO_EVICT;
  shareable_dict *dict = NULL;
  int64_t integer = 0;
  double real = 0;

  cr_ok(shareable_dict_create(&dict, own_name(), 3, 8, 8, SHAREABLE_EVICT, 0600, NULL));
  cr_status(shareable_dict_add(dict, &key, INT64_MAX, 1, present, 0, -1, &integer), SHAREABLE_E_NO_KEY);
  cr_status(shareable_dict_add_float(dict, &key, 1, 0, present, 0, -1, &real), SHAREABLE_E_NO_KEY);
  cr_assert_eq(length(dict), 0);
  cr_ok(set(dict, "a", shareable_int(1)));
  cr_ok(set(dict, "b", shareable_int(2)));
  cr_ok(set(dict, "c", shareable_float(3)));
  cr_status(shareable_dict_add(dict, &key, 1, 0, kept, 0, -1, &integer), SHAREABLE_E_FULL);
  cr_status(shareable_dict_add_float(dict, &key, 1, 0, kept, 0, -1, &real), SHAREABLE_E_FULL);
  cr_ok(shareable_dict_add(dict, &a, 1, 0, present | kept, 0, -1, &integer));
  cr_ok(shareable_dict_add_float(dict, &c, 1, 0, present, 0, -1, &real));
  cr_assert(integer == 2 && real == 4.0 && shareable_dict_evicted(dict) == 0);
  cr_ok(shareable_dict_add(dict, &key, 1, 0, 0, 0, -1, &integer));
  cr_assert_eq(shareable_dict_evicted(dict), 1);
  cr_status(shareable_dict_add(dict, &key, 1, 0, SHAREABLE_DICT_CONVERT, 0, -1, &integer), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_dict_add(dict, &key, 1, 0, SHAREABLE_DICT_IF_ABSENT, 0, -1, &integer), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_dict_add_float(dict, &key, 1, 0, 1 << 20, 0, -1, &real), SHAREABLE_E_ARGUMENT);
  end_dict(dict);
}

Test(dict, pops_a_key_with_its_value) {
  shareable_dict *dict = new_dict(3, 8, 16);
  const shareable_value key = shareable_str("a");
  shareable_value value;
  char buffer[16];

  cr_ok(set(dict, "a", shareable_str("twelve bytes")));
  cr_status(shareable_dict_pop(dict, &key, &value, buffer, 3, -1), SHAREABLE_E_BUFFER);
  cr_assert(value.length == 12 && length(dict) == 1);
  cr_ok(shareable_dict_pop(dict, &key, &value, buffer, sizeof buffer, -1));
  cr_assert(value.length == 12 && memcmp(buffer, "twelve bytes", 12) == 0 && length(dict) == 0);
  cr_status(shareable_dict_pop(dict, &key, &value, buffer, sizeof buffer, -1), SHAREABLE_E_NO_KEY);
  check_index(dict);
  end_dict(dict);
}

Test(dict, changes_the_ttl_of_a_key) {
  shareable_dict *dict = new_dict(3, 8, 8);
  const shareable_value key = shareable_str("a"), one = shareable_int(1);
  int64_t ttl = -1;
  int is_stale = -1;
  shareable_value value;

  cr_ok(shareable_dict_set(dict, &key, &one, SHAREABLE_DICT_ANY, 0, -1));
  cr_ok(shareable_dict_ttl(dict, &key, &ttl));
  cr_assert_eq(ttl, 0);
  cr_ok(shareable_dict_expire(dict, &key, 60000000000, -1));
  cr_ok(shareable_dict_ttl(dict, &key, &ttl));
  cr_assert(ttl > 50000000000 && ttl <= 60000000000);
  cr_ok(shareable_dict_add(dict, &key, 1, 0, 0, 5, -1, NULL));
  cr_ok(shareable_dict_ttl(dict, &key, &ttl));
  cr_assert(ttl > 50000000000);
  cr_ok(shareable_dict_get_stale(dict, &key, &value, NULL, 0, &is_stale));
  cr_assert(is_stale == 0 && value.integer == 2);
  cr_ok(shareable_dict_expire(dict, &key, 1, -1));
  cr_status(shareable_dict_ttl(dict, &key, &ttl), SHAREABLE_E_NO_KEY);
  cr_status(shareable_dict_expire(dict, &key, 1, -1), SHAREABLE_E_NO_KEY);
  cr_ok(shareable_dict_get_stale(dict, &key, &value, NULL, 0, &is_stale));
  cr_assert(is_stale == 1 && value.integer == 2 && length(dict) == 0);
  cr_ok(set(dict, "a", shareable_int(3)));
  cr_ok(shareable_dict_ttl(dict, &key, &ttl));
  cr_assert_eq(ttl, 0);
  cr_status(shareable_dict_expire(dict, &key, -1, -1), SHAREABLE_E_ARGUMENT);
  end_dict(dict);
}

static void set_expired(shareable_dict *dict, const char *name) {
  const shareable_value key = text(name), value = shareable_int(0);

  cr_ok(shareable_dict_set(dict, &key, &value, SHAREABLE_DICT_ANY, 1, -1));
}

Test(dict, deletes_expired_keys) {
  shareable_dict *dict = new_dict(5, 8, 8);
  size_t deleted = 0;

  set_expired(dict, "a");
  set_expired(dict, "b");
  set_expired(dict, "c");
  cr_ok(set(dict, "d", shareable_int(1)));
  cr_assert_eq(length(dict), 1);
  cr_ok(shareable_dict_delete_expired(dict, 2, -1, &deleted));
  cr_assert(deleted == 2 && length(dict) == 1);
  cr_ok(shareable_dict_delete_expired(dict, 0, -1, &deleted));
  cr_assert(deleted == 1 && length(dict) == 1 && get(dict, "d") == 1);
  check_index(dict);
  end_dict(dict);
}

Test(dict, uses_the_places_of_expired_keys_if_it_is_full) {
  shareable_dict *dict = new_dict(2, 8, 8);

  set_expired(dict, "a");
  cr_ok(set(dict, "b", shareable_int(1)));
  cr_ok(set(dict, "c", shareable_int(2)));
  cr_status(set(dict, "d", shareable_int(3)), SHAREABLE_E_FULL);
  cr_assert(get(dict, "b") == 1 && get(dict, "c") == 2);
  check_index(dict);
  end_dict(dict);
}

Test(dict, evicts_a_key_that_was_not_used) {
  shareable_error error = {0};
  shareable_dict *dict = NULL;
  const shareable_value key = shareable_str("d"), value = shareable_int(4);

  cr_ok(shareable_dict_create(&dict, own_name(), 3, 8, 8, SHAREABLE_EVICT, 0600, &error));
  cr_assert(shareable_dict_evicts(dict) == 1 && shareable_dict_evicted(dict) == 0);
  cr_ok(set(dict, "a", shareable_int(1)));
  cr_ok(set(dict, "b", shareable_int(2)));
  cr_ok(set(dict, "c", shareable_int(3)));
  cr_assert(get(dict, "a") == 1 && get(dict, "c") == 3);
  cr_status(shareable_dict_set(dict, &key, &value, SHAREABLE_DICT_NO_EVICT, 0, -1), SHAREABLE_E_FULL);
  cr_ok(set(dict, "d", shareable_int(4)));
  cr_assert(get(dict, "a") == 1 && get(dict, "b") == -1 && get(dict, "c") == 3 && get(dict, "d") == 4);
  cr_assert_eq(shareable_dict_evicted(dict), 1);
  cr_ok(set(dict, "e", shareable_int(5)));
  cr_assert(length(dict) == 3 && get(dict, "e") == 5 && shareable_dict_evicted(dict) == 2);
  check_index(dict);
  end_dict(dict);
}

Test(dict, is_copied_to_a_larger_one) {
  shareable_dict *source = new_dict(3, 8, 16), *target = NULL, *small = NULL;
  const shareable_value key = shareable_str("b"), value = shareable_str("text");
  char name[60];
  int64_t ttl = 0;

  cr_ok(set(source, "a", shareable_int(1)));
  cr_ok(shareable_dict_set(source, &key, &value, SHAREABLE_DICT_ANY, 60000000000, -1));
  set_expired(source, "c");
  snprintf(name, sizeof name, "%s-target", own_name());
  cr_ok(shareable_dict_create(&target, name, 10, 8, 16, 0, 0600, NULL));
  cr_ok(shareable_dict_copy(source, target, -1));
  cr_assert(length(target) == 2 && get(target, "a") == 1);
  cr_ok(shareable_dict_ttl(target, &key, &ttl));
  cr_assert(ttl > 50000000000);
  end_dict(target);
  cr_ok(shareable_dict_create(&small, name, 10, 8, 8, 0, 0600, NULL));
  cr_ok(shareable_dict_delete(source, &key, -1));
  cr_ok(set(source, "b", shareable_str("twelve bytes")));
  cr_status(shareable_dict_copy(source, small, -1), SHAREABLE_E_CAPACITY);
  end_dict(small);
  end_dict(source);
}

Test(dict, refuses_sizes_that_no_dict_can_have) {
  const size_t wrong[][3] = {{0, 8, 8}, {SHAREABLE_DICT_PLACES_MAX + 1, 8, 8}, {1, 0, 8}, {1, 473, 8},
                             {1, 8, 0}, {1, 8, SHAREABLE_TEXT_MAX + 2}};
  shareable_dict *dict = NULL, *other = NULL;
  shareable_error error;

  for (size_t i = 0; i < LENGTH(wrong); i++)
    cr_status(shareable_dict_create(&dict, own_name(), wrong[i][0], wrong[i][1], wrong[i][2], 0, 0600, &error),
              SHAREABLE_E_ARGUMENT);
  cr_status(shareable_dict_create(&dict, own_name(), 1, 8, 8, SHAREABLE_NO_SYNC, 0600, &error), SHAREABLE_E_ARGUMENT);
  cr_status(shareable_dict_create(NULL, own_name(), 1, 8, 8, 0, 0600, &error), SHAREABLE_E_ARGUMENT);
  cr_assert(dict == NULL && !exists(own_name()));
  cr_ok(shareable_dict_create(&dict, own_name(), 1, 472, 1, 0, 0600, &error));
  cr_assert(shareable_dict_places(dict) == 1 && shareable_dict_key_size(dict) == 472 &&
            shareable_dict_value_size(dict) == 8);
  end_dict(dict);
  dict = new_dict(1, 8, SHAREABLE_TEXT_MAX);
  cr_ok(shareable_dict_create(&other, NULL, 1, 8, shareable_dict_value_size(dict), 0, 0600, &error));
  end_dict(other);
  end_dict(dict);
}

Test(dict, refuses_writes_to_keys_as_items_of_the_list) {
  shareable_dict *dict = new_dict(3, 8, 8);
  shareable_list *list = shareable_dict_list(dict), *other = NULL;
  const shareable_value value = shareable_str("b");
  const int64_t integers[2] = {1, 2};
  shareable_error error;
  size_t done = 9;

  cr_ok(set(dict, "a", shareable_int(1)));
  cr_ok(shareable_list_open(&other, own_name(), 0, NULL));
  for (shareable_list *each = list; each != NULL; each = each == list ? other : NULL) {
    cr_status(shareable_list_set(each, 0, &value), SHAREABLE_E_KEY_ITEM);
    cr_status(shareable_list_set_str(each, -6, "b", 1), SHAREABLE_E_KEY_ITEM);
    cr_status(shareable_list_set_int(each, 0, 1), SHAREABLE_E_KEY_ITEM);
    cr_status(shareable_list_set_none(each, 0), SHAREABLE_E_KEY_ITEM);
    cr_status(shareable_list_set_none(each, 2), SHAREABLE_E_KEY_ITEM);
    cr_status(shareable_list_set_ints(each, 1, 2, integers, &done), SHAREABLE_E_KEY_ITEM);
    cr_assert_eq(done, 1);
    cr_status(shareable_list_exchange(each, 0, 1, NULL), SHAREABLE_E_KEY_ITEM);
    cr_status(shareable_list_add(each, 0, 1, NULL), SHAREABLE_E_KEY_ITEM);
    cr_ok(shareable_list_set_int(each, 1, 5));
    cr_assert_eq(get(dict, "a"), 5);
  }
  shareable_list_explain_item(list, 0, SHAREABLE_E_KEY_ITEM, &error);
  cr_assert_neq(strstr(error.message, "is a key of a dict: open the dict to change its keys"), NULL);
  shareable_list_unref(other);
  end_dict(dict);
}

Test(dict, opens_a_list_of_keys_and_values_read_only) {
  const shareable_value values[] = {shareable_str("a"), shareable_int(1),        shareable_none(),
                                    shareable_none(),   shareable_bytes("a", 1), shareable_str("text")};
  shareable_error error;
  shareable_list *list = NULL;
  shareable_dict *dict = NULL;
  char buffer[16], key_buffer[16];
  shareable_value value;
  shareable_dict_item item = {.key_buffer = key_buffer,
                              .key_buffer_size = sizeof key_buffer,
                              .value_buffer = buffer,
                              .value_buffer_size = sizeof buffer};
  size_t cursor = 0, count = 0;
  int64_t ttl = 1;

  for (uint32_t flags = 0; flags <= SHAREABLE_NO_SYNC; flags += SHAREABLE_NO_SYNC) {
    cr_ok(shareable_list_create(&list, own_name(), values, LENGTH(values), flags, 0600, NULL));
    cr_status(shareable_dict_open(&dict, own_name(), 0, &error), SHAREABLE_E_NOT_DICT);
    cr_ok(shareable_dict_open(&dict, own_name(), SHAREABLE_READ_ONLY, &error));
    cr_assert(get(dict, "a") == 1 && get(dict, "b") == -1 && length(dict) == 2 && shareable_dict_places(dict) == 3);
    cr_ok(shareable_dict_get(dict, &values[4], &value, buffer, sizeof buffer));
    cr_assert(value.type == SHAREABLE_TYPE_STR && value.length == 4);
    cr_ok(shareable_list_set_str(list, 2, "b", 1));
    cr_ok(shareable_list_set_int(list, 3, 2));
    cr_assert_eq(get(dict, "b"), 2);
    cr_ok(shareable_list_set_none(list, 0));
    cr_assert(get(dict, "a") == -1 && length(dict) == 2);
    for (cursor = count = 0; shareable_dict_next(dict, &cursor, &item) == SHAREABLE_OK; count++)
      cr_assert(item.key.length == 1);
    cr_assert_eq(count, 2);
    cr_ok(shareable_dict_ttl(dict, &values[4], &ttl));
    cr_assert_eq(ttl, 0);
    cr_status(set(dict, "c", shareable_int(1)), SHAREABLE_E_READ_ONLY);
    cr_status(shareable_dict_wait(dict, &values[4], &values[5], 1000000), SHAREABLE_E_TIMED_OUT);
    shareable_dict_unref(dict);
    cr_ok(shareable_list_unlink(list, NULL));
    shareable_list_unref(list);
  }
}

Test(dict, takes_the_last_of_equal_keys_of_a_list_and_skips_what_is_no_key) {
  const shareable_value values[] = {shareable_str("a"), shareable_int(1),   shareable_str(""),
                                    shareable_int(2),   shareable_str("a"), shareable_int(3)};
  const shareable_value longer = shareable_str("longer than 8");
  shareable_list *list = NULL;
  shareable_dict *dict = NULL, *copy = NULL;

  for (uint32_t flags = 0; flags <= SHAREABLE_NO_SYNC; flags += SHAREABLE_NO_SYNC) {
    cr_ok(shareable_list_create(&list, own_name(), values, LENGTH(values), flags, 0600, NULL));
    cr_ok(shareable_dict_open(&dict, own_name(), SHAREABLE_READ_ONLY, NULL));
    cr_ok(shareable_dict_create(&copy, NULL, 3, 8, 8, 0, 0600, NULL));
    cr_assert(get(dict, "a") == 3 && length(dict) == 2);
    cr_status(shareable_dict_get(dict, &longer, &(shareable_value){0}, NULL, 0), SHAREABLE_E_KEY);
    cr_ok(shareable_dict_copy(dict, copy, -1));
    cr_assert(get(copy, "a") == 3 && length(copy) == 1);
    end_dict(copy);
    shareable_dict_unref(dict);
    cr_ok(shareable_list_unlink(list, NULL));
    shareable_list_unref(list);
  }
}

Test(dict, refuses_lists_that_are_not_dicts) {
  const shareable_value values[] = {shareable_int(1), shareable_str("a"), shareable_str("b")};
  shareable_error error;
  shareable_list *list = NULL;
  shareable_dict *dict = NULL;

  for (size_t count = 0; count <= LENGTH(values); count++) {
    cr_ok(shareable_list_create(&list, own_name(), values, count, 0, 0600, NULL));
    cr_status(shareable_dict_open(&dict, own_name(), 0, &error), SHAREABLE_E_NOT_DICT);
    cr_status(shareable_dict_open(&dict, own_name(), SHAREABLE_READ_ONLY, &error), SHAREABLE_E_NOT_DICT);
    cr_ok(shareable_list_unlink(list, NULL));
    shareable_list_unref(list);
  }
  cr_status(shareable_dict_open(&dict, own_name(), 0, &error), SHAREABLE_E_NOT_FOUND);
}

Test(dict, refuses_a_corrupt_area) {
  shareable_dict *dict = new_dict(4, 8, 8), *other = NULL;
  shareable__dict_area *area = dict->parts.area, saved = *area;
  shareable_error error;
  shareable_list *list;
  static const struct {
    size_t offset;
    uint64_t value;
    shareable_status status;
  } cases[] = {
    {offsetof(shareable__dict_area, magic), 1, SHAREABLE_E_NOT_DICT},
    {offsetof(shareable__dict_area, version), 2, SHAREABLE_E_VERSION},
    {offsetof(shareable__dict_area, places), UINT64_MAX, SHAREABLE_E_NOT_DICT},
    {offsetof(shareable__dict_area, places), 3, SHAREABLE_E_NOT_DICT},
    {offsetof(shareable__dict_area, key_size), UINT64_C(16) << 32 | 0, SHAREABLE_E_NOT_DICT},
    {offsetof(shareable__dict_area, key_size), UINT64_C(4) << 32 | 12, SHAREABLE_E_NOT_DICT},
    {offsetof(shareable__dict_area, key_size), UINT64_C(8) << 32 | 16, SHAREABLE_E_NOT_DICT},
    {offsetof(shareable__dict_area, size), UINT64_MAX, SHAREABLE_E_NOT_DICT},
  };

  for (size_t i = 0; i < LENGTH(cases); i++) {
    memcpy((char *)area + cases[i].offset, &cases[i].value, 8);
    cr_status(shareable_dict_open(&other, own_name(), 0, &error), cases[i].status);
    cr_ok(shareable_list_open(&list, own_name(), 0, &error));
    shareable_list_unref(list);
    *area = saved;
  }
  end_dict(dict);
}

Test(dict, survives_a_hostile_index) {
  shareable_dict *dict = new_dict(4, 8, 8);
  static const uint64_t entries[] = {UINT64_MAX, UINT64_C(1) << 32, 5, 1, UINT64_C(0xffffffff00000000)};

  cr_ok(set(dict, "a", shareable_int(1)));
  for (size_t i = 0; i < LENGTH(entries); i++) {
    for (uint64_t slot = 0; slot < dict->parts.slots; slot++)
      dict->parts.index[slot] = entries[i];
    get(dict, "a");
    get(dict, "b");
    set(dict, "c", shareable_int(1));
    delete_key(dict, "c");
    cr_ok(shareable_dict_reindex(dict, -1));
    cr_assert_eq(get(dict, "a"), 1);
    check_index(dict);
  }
  end_dict(dict);
}

Test(dict, has_at_most_as_many_keys_as_places) {
  shareable_dict *dict = new_dict(4, 8, 8);

  dict->parts.area->count = UINT64_MAX;
  cr_assert_eq(length(dict), 4);
  cr_ok(shareable_dict_reindex(dict, -1));
  cr_assert_eq(length(dict), 0);
  end_dict(dict);
}

Test(dict, explains_what_failed) {
  shareable_dict *dict = new_dict(2, 8, 8);
  const shareable_value key = shareable_str("k\x1b"), wrong = shareable_int(1), longer = shareable_str("123456789"),
                        empty = shareable_str("");
  shareable_error error;
  static const struct {
    shareable_status status;
    const char *message;
  } cases[] = {{SHAREABLE_E_FULL, "is full: all 2 places have a key: delete keys, or copy them"},
               {SHAREABLE_E_NO_KEY, "key 'k\\x1b' is not in dict '"},
               {SHAREABLE_E_KEY_EXISTS, "is in dict '"},
               {SHAREABLE_E_CAPACITY, "at most 8 bytes"},
               {SHAREABLE_E_READ_ONLY, "read-only"},
               {SHAREABLE_E_TIMED_OUT, "timed out"},
               {SHAREABLE_E_SYSTEM, "a system call failed"}};

  for (size_t i = 0; i < LENGTH(cases); i++) {
    cr_assert_eq(shareable_dict_explain(dict, &key, cases[i].status, &error), cases[i].status);
    cr_assert(error.status == cases[i].status && strstr(error.message, cases[i].message) != NULL, "%s", error.message);
    shareable_dict_explain(dict, NULL, cases[i].status, &error);
    cr_assert(strstr(error.message, "  ") == NULL && strstr(error.message, "of of") == NULL, "%s", error.message);
  }
  shareable_dict_explain(dict, NULL, SHAREABLE_E_CAPACITY, &error);
  cr_assert_neq(strstr(error.message, "the value of a key exceeds"), NULL);
  shareable_dict_explain(dict, NULL, SHAREABLE_E_KEY, &error);
  cr_assert_neq(strstr(error.message, "a key does not fit in dict"), NULL);
  shareable_dict_explain(dict, &key, SHAREABLE_E_TOO_LONG, &error);
  cr_assert_neq(strstr(error.message, "a text that ends in a NUL may have at most 999999 bytes"), NULL);
  shareable_dict_explain(dict, &wrong, SHAREABLE_E_KEY, &error);
  cr_assert_neq(strstr(error.message, "must be a str or bytes"), NULL);
  shareable_dict_explain(dict, &longer, SHAREABLE_E_KEY, &error);
  cr_assert_neq(strstr(error.message, "a key of 9 bytes is too long"), NULL);
  shareable_dict_explain(dict, &empty, SHAREABLE_E_KEY, &error);
  cr_assert_neq(strstr(error.message, "must not be empty or end in a NUL"), NULL);
  end_dict(dict);
}

Test(dict, refuses_use_after_close_and_of_null) {
  shareable_dict *dict = new_dict(2, 8, 8);
  const shareable_value key = shareable_str("a"), one = shareable_int(1);
  shareable_dict_item item = {0};
  shareable_value value;
  size_t size = 0;
  int64_t integer = 0;

  cr_ok(set(dict, "a", shareable_int(1)));
  cr_ok(shareable_dict_unlink(dict, NULL));
  shareable_dict_close(dict);
  shareable_dict_close_in_place(dict);
  for (shareable_dict *each = dict;; each = NULL) {
    cr_status(shareable_dict_get(each, &key, &value, NULL, 0), SHAREABLE_E_CLOSED);
    cr_status(shareable_dict_get_int(each, &key, &integer), SHAREABLE_E_CLOSED);
    cr_status(shareable_dict_set(each, &key, &one, 0, 0, -1), SHAREABLE_E_CLOSED);
    cr_status(shareable_dict_add(each, &key, 1, 0, 0, 0, -1, NULL), SHAREABLE_E_CLOSED);
    cr_status(shareable_dict_add_float(each, &key, 1, 0, 0, 0, -1, NULL), SHAREABLE_E_CLOSED);
    cr_status(shareable_dict_compare_exchange(each, &key, &integer, 1, -1, NULL), SHAREABLE_E_CLOSED);
    cr_status(shareable_dict_delete(each, &key, -1), SHAREABLE_E_CLOSED);
    cr_status(shareable_dict_pop(each, &key, &value, NULL, 0, -1), SHAREABLE_E_CLOSED);
    cr_status(shareable_dict_ttl(each, &key, &integer), SHAREABLE_E_CLOSED);
    cr_status(shareable_dict_expire(each, &key, 1, -1), SHAREABLE_E_CLOSED);
    cr_status(shareable_dict_delete_expired(each, 0, -1, &size), SHAREABLE_E_CLOSED);
    cr_status(shareable_dict_next(each, &size, &item), SHAREABLE_E_CLOSED);
    cr_status(shareable_dict_clear(each, -1), SHAREABLE_E_CLOSED);
    cr_status(shareable_dict_reindex(each, -1), SHAREABLE_E_CLOSED);
    cr_status(shareable_dict_length(each, &size), SHAREABLE_E_CLOSED);
    cr_status(shareable_dict_wait(each, &key, &one, 0), SHAREABLE_E_CLOSED);
    cr_status(shareable_dict_copy(each, each, -1), SHAREABLE_E_CLOSED);
    cr_assert_eq(shareable_dict_places(each), each == NULL ? 0 : 2);
    if (each == NULL)
      break;
  }
  shareable_dict_unref(dict);
  shareable_dict_unref(NULL);
}

/* Waits. */

static void *set_later(void *context) {
  usleep(30000);
  set(context, "a", shareable_int(2));
  return NULL;
}

static void *delete_later(void *context) {
  usleep(30000);
  delete_key(context, "a");
  return NULL;
}

/* Waits while a thread changes the dict through a handle of its own. Returns the time it took. */
static int64_t wait_for_change(const shareable_dict *dict, void *(*change)(void *), const shareable_value *old) {
  const shareable_value key = shareable_str("a");
  int64_t start = shareable__now();
  shareable_dict *other = NULL;
  pthread_t thread;

  cr_ok(shareable_dict_open(&other, own_name(), 0, NULL));
  cr_assert_eq(pthread_create(&thread, NULL, change, other), 0);
  cr_ok(shareable_dict_wait(dict, &key, old, 10000000000));
  pthread_join(thread, NULL);
  shareable_dict_unref(other);
  return shareable__now() - start;
}

Test(dict, waits_until_a_value_differs_or_a_key_comes_or_goes) {
  const shareable_value key = shareable_str("a"), one = shareable_int(1), two = shareable_int(2);

  for (size_t places = 1; places <= 1000; places += 333) {
    shareable_dict *dict = new_dict(places, 8, 8);

    shareable__wait_sleep_min = shareable__wait_sleep_max = 5000000000; /* only a wake-up ends the sleep in time */
    cr_assert_lt(wait_for_change(dict, set_later, NULL), time_limit(2000000000));
    cr_ok(set(dict, "a", shareable_int(1)));
    cr_assert_lt(wait_for_change(dict, set_later, &one), time_limit(2000000000));
    cr_assert_lt(wait_for_change(dict, delete_later, &two), time_limit(2000000000));
    cr_ok(shareable_dict_wait(dict, &key, &two, 0));
    cr_status(shareable_dict_wait(dict, &key, NULL, 0), SHAREABLE_E_TIMED_OUT);
    shareable__wait_sleep_min = 1000000;
    shareable__wait_sleep_max = 50000000;
    cr_status(shareable_dict_wait(dict, &key, NULL, 20000000), SHAREABLE_E_TIMED_OUT);
    cr_ok(shareable_dict_set(dict, &key, &one, SHAREABLE_DICT_ANY, 30000000, -1));
    cr_ok(shareable_dict_wait(dict, &key, &one, 5000000000));
    end_dict(dict);
  }
}

static bool is_reported(shareable_watch *watch, uint64_t wanted) {
  uint64_t id = 0;
  size_t count = 0;

  for (int i = 0; i < 200; i++) {
    cr_ok(shareable_watch_changed(watch, &id, 1, &count));
    if (count == 1)
      return id == wanted;
    usleep(10000);
  }
  return false;
}

Test(dict, watches_a_key) {
  shareable_dict *dict = new_dict(100, 8, 8);
  const shareable_value key = shareable_str("a");
  shareable_watch *watch = NULL;
  uint64_t id = 0;

  cr_ok(shareable_watch_create(&watch, NULL));
  cr_ok(shareable_watch_add_key(watch, dict, &key, &id));
  cr_ok(set(dict, "a", shareable_int(1)));
  cr_assert(is_reported(watch, id));
  cr_ok(shareable_watch_remove(watch, id));
  cr_ok(shareable_watch_add_key(watch, dict, &key, &id));
  cr_ok(set(dict, "a", shareable_int(2)));
  cr_assert(is_reported(watch, id));
  cr_ok(shareable_watch_remove(watch, id));
  cr_ok(shareable_watch_add_key(watch, dict, &key, &id));
  cr_ok(delete_key(dict, "a"));
  cr_assert(is_reported(watch, id));
  shareable_watch_free(watch);
  end_dict(dict);
}

/* Timeouts. */

Test(dict, times_out_while_another_process_holds_its_lock) {
  shareable_dict *dict = new_dict(3, 8, 8), *other = NULL;
  const shareable_value key = shareable_str("b"), one = shareable_int(1);

  cr_ok(set(dict, "a", shareable_int(1)));
  cr_ok(shareable_dict_open(&other, own_name(), 0, NULL));
  cr_ok(shareable__dict_lock(other, -1));
  cr_status(shareable_dict_set(dict, &key, &one, SHAREABLE_DICT_ANY, 0, 20000000), SHAREABLE_E_TIMED_OUT);
  cr_status(shareable_dict_delete(dict, &key, 0), SHAREABLE_E_TIMED_OUT);
  cr_status(shareable_dict_clear(dict, 0), SHAREABLE_E_TIMED_OUT);
  cr_status(shareable_dict_reindex(dict, 0), SHAREABLE_E_TIMED_OUT);
  cr_ok(set(dict, "a", shareable_int(2)));
  cr_assert(get(dict, "a") == 2 && get(dict, "b") == -1);
  shareable__dict_unlock(other);
  cr_ok(shareable_dict_set(dict, &key, &one, SHAREABLE_DICT_ANY, 0, 0));
  shareable_dict_unref(other);
  end_dict(dict);
}

/* A writer holds the value: the dict must not stay locked meanwhile. */
Test(dict, reports_a_value_that_a_writer_holds_and_keeps_no_lock) {
  shareable_dict *dict = new_dict(3, 8, 600), *other = NULL;
  static char characters[601];
  uint64_t before = 0;

  memset(characters, 'x', sizeof characters - 1);
  cr_ok(set(dict, "a", shareable_int(1)));
  cr_ok(shareable_dict_open(&other, own_name(), 0, NULL));
  cr_ok(shareable__sync_register(&other->list->sync));
  cr_ok(shareable__item_lock(&other->list->sync, 1, &before));
  cr_status(delete_key(dict, "a"), SHAREABLE_E_BUSY);
  cr_status(set(dict, "a", shareable_str(characters)), SHAREABLE_E_BUSY);
  cr_status(set(dict, "a", shareable_int(2)), SHAREABLE_E_BUSY);
  cr_ok(set(dict, "b", shareable_int(2)));
  shareable__item_unlock_and_notify(&other->list->sync, 1, before);
  cr_ok(set(dict, "a", shareable_str(characters)));
  cr_ok(delete_key(dict, "a"));
  check_index(dict);
  shareable_dict_unref(other);
  end_dict(dict);
}

Test(dict, hashes_as_cpython_does) {
  static const struct {
    const char *text;
    uint64_t hash;
  } cases[] = {/* PYTHONHASHSEED=0 python3.11 -c 'print(hash(b"a"))' and so on */
               {"a", UINT64_C(4644417185603328019)},
               {"abc", (uint64_t)INT64_C(-4594863902769663758)},
               {"abcdefgh", UINT64_C(4574395652268504554)},
               {"abcdefghi", (uint64_t)INT64_C(-532774252720507163)},
               {"a long text of more than sixteen bytes", UINT64_C(1767558215464713524)}};
  const uint64_t seed[2] = {0, 0};

  for (size_t i = 0; i < LENGTH(cases); i++)
    cr_assert_eq(shareable__siphash13(seed, cases[i].text, strlen(cases[i].text)), cases[i].hash);
}

static void *hold_the_lock(void *context) {
  cr_ok(shareable__dict_lock(context, -1));
  usleep(300000);
  shareable__dict_unlock(context);
  return NULL;
}

Test(dict, begins_a_ttl_when_the_key_is_inserted) {
  shareable_dict *dict = new_dict(3, 8, 8), *other = NULL;
  const shareable_value key = shareable_str("a");
  pthread_t thread;
  int64_t ttl = 0;

  cr_ok(shareable_dict_open(&other, own_name(), 0, NULL));
  cr_assert_eq(pthread_create(&thread, NULL, hold_the_lock, other), 0);
  usleep(5000);
  cr_ok(shareable_dict_add(dict, &key, 1, 0, 0, 10000000000, -1, NULL));
  cr_ok(shareable_dict_ttl(dict, &key, &ttl));
  cr_assert_gt(ttl, 9800000000); /* less the time from the insert to here */
  pthread_join(thread, NULL);
  shareable_dict_unref(other);
  end_dict(dict);
}

/* Gives a key another place after it was found and before its item is armed. */
static void *move_key(void *context) {
  atomic_bool *has_lock = context;
  shareable_dict *other = NULL;

  cr_ok(shareable_dict_open(&other, created, 0, NULL));
  cr_ok(set(other, "b", shareable_int(1))); /* registers the handle, which takes the lock */
  shareable__watch_lock();
  *has_lock = true;
  usleep(100000);
  cr_ok(delete_key(other, "a"));
  cr_ok(set(other, "a", shareable_int(1)));
  shareable__watch_unlock();
  shareable_dict_unref(other);
  return NULL;
}

Test(dict, watches_a_key_that_gets_another_place_meanwhile, .timeout = 60) {
  shareable_dict *dict = new_dict(64, 8, 8);
  const shareable_value key = shareable_str("a");
  atomic_bool has_lock = false;
  shareable_watch *watch = NULL;
  pthread_t thread;
  uint64_t id = 0;

  cr_ok(shareable_watch_create(&watch, NULL));
  cr_ok(set(dict, "a", shareable_int(1)));
  cr_assert_eq(pthread_create(&thread, NULL, move_key, &has_lock), 0);
  while (!has_lock)
    usleep(1000);
  cr_ok(shareable_watch_add_key(watch, dict, &key, &id));
  pthread_join(thread, NULL);
  cr_ok(set(dict, "a", shareable_int(2)));
  cr_assert(is_reported(watch, id));
  shareable_watch_free(watch);
  end_dict(dict);
}
