/*
 * dict.h - calls the functions of dicts, and returns their results by value as item.h does. Only the
 * preamble of a cgo file may include it, because cgo defines _GoString_. A key is given as a type and
 * a text, and a value as a type, the bits of a number and a text.
 */
#ifndef RAW_DICT_H
#define RAW_DICT_H

#include "wait.h"
#include "watch.h"

typedef struct raw_dict_result {
  uintptr_t dict;
  int64_t status;
} raw_dict_result;

typedef struct raw_dict_properties {
  uint64_t places;
  uint64_t key_size;
  uint64_t value_size;
  int32_t evicts;
} raw_dict_properties;

/* A key and its value. The texts are in the buffers of the caller. */
typedef struct raw_entry {
  uint64_t cursor;
  uint64_t key_length;
  uint64_t value_length; /* also set on E_BUFFER */
  uint64_t bits;         /* of a number */
  uint32_t key_type;
  uint32_t value_type;
  int64_t status;
} raw_entry;

static inline raw_dict_result raw_dict_create(const char *name, size_t places, size_t key_size, size_t value_size,
                                              uint32_t flags, uint32_t mode, void *error) {
  shareable_dict *dict = NULL;
  shareable_status status = shareable_dict_create(&dict, name, places, key_size, value_size, flags, mode, error);
  raw_dict_result result = {(uintptr_t)dict, status};

  return result;
}

static inline raw_dict_result raw_dict_open(const char *name, uint32_t flags, void *error) {
  shareable_dict *dict = NULL;
  shareable_status status = shareable_dict_open(&dict, name, flags, error);
  raw_dict_result result = {(uintptr_t)dict, status};

  return result;
}

static inline void raw_dict_unref(uintptr_t dict) {
  shareable_dict_unref((shareable_dict *)dict);
}

static inline uintptr_t raw_dict_list(uintptr_t dict) {
  return (uintptr_t)shareable_dict_list((const shareable_dict *)dict);
}

static inline raw_dict_properties raw_dict_read_properties(uintptr_t handle) {
  const shareable_dict *dict = (const shareable_dict *)handle;
  raw_dict_properties properties = {
    .places = shareable_dict_places(dict),
    .key_size = shareable_dict_key_size(dict),
    .value_size = shareable_dict_value_size(dict),
    .evicts = shareable_dict_evicts(dict),
  };

  return properties;
}

/* All members are 0 if the dict is closed. */
static inline shareable_dict_addresses raw_dict_access(uintptr_t dict) {
  shareable_dict_addresses addresses = {0};
  shareable_dict_access((const shareable_dict *)dict, &addresses, sizeof addresses);
  return addresses;
}

static inline raw_int raw_dict_length(uintptr_t dict) {
  raw_int result = {0, 0};
  size_t length = 0;
  result.status = shareable_dict_length((const shareable_dict *)dict, &length);
  result.value = (int64_t)length;
  return result;
}

static inline raw_item raw_item_of(shareable_status status, const shareable_value *value) {
  raw_item item = {0};
  item.status = status;
  item.type = value->type;
  item.length = value->length;
  item.bits = value->type == SHAREABLE_TYPE_BOOL ? value->boolean : value->bits;
  return item;
}

/* Reads the value of a key, and its text into the buffer. */
static inline raw_item raw_dict_get_into(uintptr_t dict, uint32_t key_type, _GoString_ key, void *buffer, size_t size) {
  shareable_value name = raw_value(key_type, 0, key), value = shareable_none();
  shareable_status status = shareable_dict_get((const shareable_dict *)dict, &name, &value, buffer, size);
  return raw_item_of(status, &value);
}

/* Reads the value of a key, and its text into the result. */
static inline raw_item raw_dict_get(uintptr_t dict, uint32_t key_type, _GoString_ key) {
  char text[sizeof((raw_item *)0)->text] = {0};
  raw_item item = raw_dict_get_into(dict, key_type, key, text, sizeof text);
  memcpy(item.text, text, sizeof text);
  return item;
}

/* Does the same for a key that may have expired. The status is 1 instead of 0 if it has. */
static inline raw_item raw_dict_get_stale(uintptr_t dict, uint32_t key_type, _GoString_ key, void *buffer,
                                          size_t size) {
  shareable_value name = raw_value(key_type, 0, key), value = shareable_none();
  int is_stale = 0;
  shareable_status status =
    shareable_dict_get_stale((const shareable_dict *)dict, &name, &value, buffer, size, &is_stale);
  raw_item item = raw_item_of(status, &value);
  if (status == SHAREABLE_OK)
    item.status = is_stale;
  return item;
}

static inline raw_item raw_dict_pop(uintptr_t dict, uint32_t key_type, _GoString_ key, void *buffer, size_t size,
                                    int64_t timeout) {
  shareable_value name = raw_value(key_type, 0, key), value = shareable_none();
  shareable_status status = shareable_dict_pop((shareable_dict *)dict, &name, &value, buffer, size, timeout);
  return raw_item_of(status, &value);
}

static inline int raw_dict_set(uintptr_t dict, uint32_t key_type, _GoString_ key, uint32_t type, uint64_t bits,
                               _GoString_ text, uint32_t flags, int64_t ttl, int64_t timeout) {
  shareable_value name = raw_value(key_type, 0, key), value = raw_value(type, bits, text);
  return shareable_dict_set((shareable_dict *)dict, &name, &value, flags, ttl, timeout);
}

static inline raw_int raw_dict_add(uintptr_t dict, uint32_t key_type, _GoString_ key, int64_t delta, int64_t initial,
                                   int64_t ttl, int64_t timeout) {
  shareable_value name = raw_value(key_type, 0, key);
  raw_int result = {0, 0};
  result.status = shareable_dict_add((shareable_dict *)dict, &name, delta, initial, 0, ttl, timeout, &result.value);
  return result;
}

static inline raw_float raw_dict_add_float(uintptr_t dict, uint32_t key_type, _GoString_ key, double delta,
                                           double initial, int64_t ttl, int64_t timeout) {
  shareable_value name = raw_value(key_type, 0, key);
  raw_float result = {0, 0};
  result.status =
    shareable_dict_add_float((shareable_dict *)dict, &name, delta, initial, 0, ttl, timeout, &result.value);
  return result;
}

/* The value is 1 if the int was exchanged. */
static inline raw_int raw_dict_compare_exchange(uintptr_t dict, uint32_t key_type, _GoString_ key, int64_t expected,
                                                int64_t desired, int64_t timeout) {
  shareable_value name = raw_value(key_type, 0, key);
  raw_int result = {0, 0};
  int exchanged = 0;
  result.status =
    shareable_dict_compare_exchange((shareable_dict *)dict, &name, &expected, desired, timeout, &exchanged);
  result.value = exchanged;
  return result;
}

static inline int raw_dict_delete(uintptr_t dict, uint32_t key_type, _GoString_ key, int64_t timeout) {
  shareable_value name = raw_value(key_type, 0, key);
  return shareable_dict_delete((shareable_dict *)dict, &name, timeout);
}

static inline raw_int raw_dict_ttl(uintptr_t dict, uint32_t key_type, _GoString_ key) {
  shareable_value name = raw_value(key_type, 0, key);
  raw_int result = {0, 0};
  result.status = shareable_dict_ttl((const shareable_dict *)dict, &name, &result.value);
  return result;
}

static inline int raw_dict_expire(uintptr_t dict, uint32_t key_type, _GoString_ key, int64_t ttl, int64_t timeout) {
  shareable_value name = raw_value(key_type, 0, key);
  return shareable_dict_expire((shareable_dict *)dict, &name, ttl, timeout);
}

static inline raw_int raw_dict_delete_expired(uintptr_t dict, size_t max, int64_t timeout) {
  raw_int result = {0, 0};
  size_t deleted = 0;
  result.status = shareable_dict_delete_expired((shareable_dict *)dict, max, timeout, &deleted);
  result.value = (int64_t)deleted;
  return result;
}

static inline int raw_dict_clear(uintptr_t dict, int64_t timeout) {
  return shareable_dict_clear((shareable_dict *)dict, timeout);
}

static inline int raw_dict_reindex(uintptr_t dict, int64_t timeout) {
  return shareable_dict_reindex((shareable_dict *)dict, timeout);
}

static inline int raw_dict_copy(uintptr_t source, uintptr_t target, int64_t timeout) {
  return shareable_dict_copy((const shareable_dict *)source, (shareable_dict *)target, timeout);
}

static inline uint64_t raw_dict_evicted(uintptr_t dict) {
  return shareable_dict_evicted((const shareable_dict *)dict);
}

/* Reads the next key and its value from the cursor on, and their texts into the buffers. */
static inline raw_entry raw_dict_next(uintptr_t dict, uint64_t cursor, void *key, size_t key_size, void *value,
                                      size_t value_size) {
  shareable_dict_item item = {shareable_none(), shareable_none(), key, key_size, value, value_size};
  size_t place = (size_t)cursor;
  shareable_status status = shareable_dict_next((const shareable_dict *)dict, &place, &item);
  raw_item read = raw_item_of(status, &item.value);
  raw_entry entry = {place, item.key.length, read.length, read.bits, item.key.type, read.type, status};
  return entry;
}

/*
 * Waits until the value of a key differs from the value, or the key is absent, and then reads the
 * value. With has_value 0, waits until the key is in the dict.
 */
static inline raw_item raw_dict_wait(uintptr_t dict, uint32_t key_type, _GoString_ key, int has_value, uint32_t type,
                                     uint64_t bits, _GoString_ text, int64_t timeout) {
  shareable_value name = raw_value(key_type, 0, key), value = raw_value(type, bits, text);
  raw_item item = {0};

  item.status = shareable_dict_wait((const shareable_dict *)dict, &name, has_value ? &value : NULL, timeout);
  if (item.status != SHAREABLE_OK)
    return item;
  item = raw_dict_get(dict, key_type, key);
  if (item.status == SHAREABLE_E_NO_KEY && !has_value)
    item.status = SHAREABLE_E_TIMED_OUT; /* the key was deleted again */
  return item;
}

static inline raw_id raw_watch_add_key(uintptr_t watch, uintptr_t dict, uint32_t key_type, _GoString_ key) {
  shareable_value name = raw_value(key_type, 0, key);
  raw_id result = {0, 0};
  result.status = shareable_watch_add_key((shareable_watch *)watch, (shareable_dict *)dict, &name, &result.id);
  return result;
}

/* A key of the type None is no key. */
static inline void raw_dict_explain(uintptr_t dict, uint32_t key_type, _GoString_ key, int status, void *error) {
  shareable_value name = raw_value(key_type, 0, key);
  shareable_dict_explain((const shareable_dict *)dict, key_type == SHAREABLE_TYPE_NONE ? NULL : &name, status, error);
}

#endif
