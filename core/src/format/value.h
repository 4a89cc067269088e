/*
 * value.h - one C value: whether it can be stored, and when two are equal.
 */
#ifndef SHAREABLE__VALUE_H
#define SHAREABLE__VALUE_H

#include <stdbool.h>

#include "shareable.h"

static inline bool shareable__is_text(uint32_t type) {
  return type == SHAREABLE_TYPE_STR || type == SHAREABLE_TYPE_BYTES;
}

/* Whether the bytes are UTF-8. */
bool shareable__is_utf8(const void *text, size_t length);

/* The number of characters in bytes that are UTF-8. */
size_t shareable__utf8_characters(const void *text, size_t length);

/* OK, or E_ARGUMENT, E_VALUE_TYPE or E_UTF8: why no slot, however long, can hold the value. */
shareable_status shareable__value_check(const shareable_value *value);

/* Python's == between two values; texts are compared by type and bytes. */
bool shareable__value_equals(const shareable_value *a, const shareable_value *b);

#endif
