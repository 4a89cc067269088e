/*
 * item.h - reads an item, changes an int, and returns the result by value.
 *
 * Results are returned by value because Go allocates every variable whose address is passed to C.
 * A handle is passed as a number, so that cgo does not check whether it points to Go memory.
 */
#ifndef RAW_ITEM_H
#define RAW_ITEM_H

#include "shareable.h"

typedef struct raw_int {
  int64_t value;
  int64_t status;
} raw_int;

typedef struct raw_float {
  double value;
  int64_t status;
} raw_float;

/* An item of any type. text contains the text of a str or bytes if it fits. */
typedef struct raw_item {
  int32_t status;
  uint32_t type;
  uint64_t length; /* bytes of the text; also set on E_BUFFER */
  uint64_t bits;   /* bits of a number */
  char text[64];
} raw_item;

static inline raw_int raw_get_int(uintptr_t list, int64_t index) {
  raw_int result = {0, 0};
  result.status = shareable_list_get_int((const shareable_list *)list, index, &result.value);
  return result;
}

static inline raw_float raw_get_float(uintptr_t list, int64_t index) {
  raw_float result = {0, 0};
  result.status = shareable_list_get_float((const shareable_list *)list, index, &result.value);
  return result;
}

static inline raw_int raw_get_bool(uintptr_t list, int64_t index) {
  raw_int result = {0, 0};
  int value = 0;
  result.status = shareable_list_get_bool((const shareable_list *)list, index, &value);
  result.value = value;
  return result;
}

static inline raw_int raw_add(uintptr_t list, int64_t index, int64_t delta) {
  raw_int result = {0, 0};
  result.status = shareable_list_add((shareable_list *)list, index, delta, &result.value);
  return result;
}

static inline raw_int raw_exchange(uintptr_t list, int64_t index, int64_t desired) {
  raw_int result = {0, 0};
  result.status = shareable_list_exchange((shareable_list *)list, index, desired, &result.value);
  return result;
}

/* The value is 1 if the int was exchanged. */
static inline raw_int raw_compare_exchange(uintptr_t list, int64_t index, int64_t expected, int64_t desired) {
  raw_int result = {0, 0};
  int exchanged = 0;
  result.status = shareable_list_compare_exchange((shareable_list *)list, index, &expected, desired, &exchanged);
  result.value = exchanged;
  return result;
}

/* Reads the item, and its text into the buffer. */
static inline raw_item raw_get_into(uintptr_t list, int64_t index, void *buffer, size_t size) {
  shareable_value value = shareable_none();
  raw_item item = {0};

  item.status = shareable_list_get((const shareable_list *)list, index, &value, buffer, size);
  item.type = value.type;
  item.length = value.length;
  item.bits = value.type == SHAREABLE_TYPE_BOOL ? value.boolean : value.bits;
  return item;
}

/* Reads the item, and its text into the result. */
static inline raw_item raw_get(uintptr_t list, int64_t index) {
  char text[sizeof((raw_item *)0)->text] = {0};
  raw_item item = raw_get_into(list, index, text, sizeof text);

  memcpy(item.text, text, sizeof text);
  return item;
}

#endif
