/*
 * dict_support.h - shared by the tests of dicts: a new dict, short names of its functions, and a check
 * of its index.
 */
#ifndef TESTS_DICT_SUPPORT_H
#define TESTS_DICT_SUPPORT_H

#include <inttypes.h>

#include "dict/dict.h"
#include "dict/dict_index.h"
#include "support.h"

static char created[40] __attribute__((unused)); /* the name of the dict, also for a child */

static inline shareable_dict *new_dict(size_t places, size_t key_size, size_t value_size) {
  shareable_error error = {0};
  shareable_dict *dict = NULL;

  snprintf(created, sizeof created, "%s", own_name());
  cr_assert_eq(shareable_dict_create(&dict, created, places, key_size, value_size, 0, 0600, &error), SHAREABLE_OK, "%s",
               error.message);
  return dict;
}

static inline void end_dict(shareable_dict *dict) {
  cr_ok(shareable_dict_unlink(dict, NULL));
  shareable_dict_unref(dict);
}

static inline shareable_value text(const char *characters) {
  return shareable_str(characters);
}

static inline shareable_status set(shareable_dict *dict, const char *key, shareable_value value) {
  const shareable_value encoded = text(key);

  return shareable_dict_set(dict, &encoded, &value, SHAREABLE_DICT_ANY, 0, -1);
}

static inline shareable_status delete_key(shareable_dict *dict, const char *key) {
  const shareable_value encoded = text(key);

  return shareable_dict_delete(dict, &encoded, -1);
}

/* Returns the int of a key, or -1 if it is absent. */
static inline int64_t get(const shareable_dict *dict, const char *key) {
  const shareable_value encoded = text(key);
  shareable_value value;
  shareable_status status = shareable_dict_get(dict, &encoded, &value, NULL, 0);

  if (status == SHAREABLE_E_NO_KEY)
    return -1;
  cr_ok(status);
  cr_assert_eq(value.type, SHAREABLE_TYPE_INT);
  return value.integer;
}

static inline size_t length(const shareable_dict *dict) {
  size_t count = 99;

  cr_ok(shareable_dict_length(dict, &count));
  return count;
}

/* Checks that the index has each key once and nothing else, and that the count is right. */
static inline void check_index(const shareable_dict *dict) {
  const shareable__dict_parts *parts = &dict->parts;
  uint64_t entries = 0, keys = 0;

  cr_assert_eq(parts->area->sequence % 2, 0);
  cr_assert_eq(parts->area->intent, SHAREABLE__INTENT_NONE);
  for (uint64_t slot = 0; slot < parts->slots; slot++)
    entries += parts->index[slot] != 0;
  for (uint64_t place = 0; place < parts->places; place++) {
    uint32_t tag;
    uint64_t found, times = 0;
    shareable__dict_probe probe;

    if (!shareable__dict_tag_of_place(dict, place, &tag))
      continue;
    keys++;
    probe = shareable__dict_probe_begin(parts, tag);
    while (shareable__dict_probe_next(parts, &probe, &found))
      times += found == place;
    cr_assert_eq(times, 1, "place %" PRIu64 " is in the index %" PRIu64 " times", place, times);
  }
  cr_assert_eq(entries, keys);
  cr_assert_eq(parts->area->count, keys);
}

#endif
