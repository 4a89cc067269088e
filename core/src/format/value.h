/*
 * value.h - checks and compares values.
 */
#ifndef SHAREABLE__VALUE_H
#define SHAREABLE__VALUE_H

#include <stdbool.h>

#include "shareable.h"

static inline bool shareable__is_text(uint32_t type) {
  return type == SHAREABLE_TYPE_STR || type == SHAREABLE_TYPE_BYTES;
}

/* Returns whether the bytes are UTF-8. */
bool shareable__is_utf8(const void *text, size_t length);

/* Returns the number of characters in valid UTF-8. */
size_t shareable__utf8_characters(const void *text, size_t length);

/* Checks a value independently of a slot. Returns OK, E_ARGUMENT, E_VALUE_TYPE or E_UTF8. */
shareable_status shareable__value_check(const shareable_value *value);

/* Compares two values as Python's == does; texts by type and bytes. */
bool shareable__value_equals(const shareable_value *a, const shareable_value *b);

#endif
