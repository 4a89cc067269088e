/*
 * wait.h - waits for a change of an item or a list, and returns the result by value as item.h does.
 * Only the preamble of a cgo file may include it, because cgo defines _GoString_.
 */
#ifndef RAW_WAIT_H
#define RAW_WAIT_H

#include "item.h"

typedef struct raw_hash {
  uint64_t value;
  int64_t status;
} raw_hash;

static inline shareable_value raw_value(uint32_t type, uint64_t bits, _GoString_ text) {
  switch (type) {
  case SHAREABLE_TYPE_INT:
    return shareable_int((int64_t)bits);
  case SHAREABLE_TYPE_BOOL:
    return shareable_bool(bits != 0);
  case SHAREABLE_TYPE_STR:
    return shareable_strn(_GoStringPtr(text), _GoStringLen(text));
  case SHAREABLE_TYPE_BYTES:
    return shareable_bytes(_GoStringPtr(text), _GoStringLen(text));
  default: {
    shareable_value value = shareable_none();
    value.type = type;
    value.bits = bits;
    return value;
  }
  }
}

/* Waits until the item differs from the value, and then reads it. */
static inline raw_item raw_wait(uintptr_t list, int64_t index, uint32_t type, uint64_t bits, _GoString_ text,
                                int64_t timeout) {
  shareable_value value = raw_value(type, bits, text);
  raw_item item = {0};

  item.status = shareable_list_wait((const shareable_list *)list, index, &value, timeout);
  return item.status == SHAREABLE_OK ? raw_get(list, index) : item;
}

static inline raw_hash raw_list_hash(uintptr_t list) {
  raw_hash result = {0, 0};
  result.status = shareable_list_hash((const shareable_list *)list, &result.value);
  return result;
}

static inline raw_hash raw_wait_any(uintptr_t list, uint64_t hash, int64_t timeout) {
  raw_hash result = {hash, 0};
  result.status = shareable_list_wait_any((const shareable_list *)list, &result.value, timeout);
  return result;
}

#endif
