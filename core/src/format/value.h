/*
 * value.h - checks and compares values.
 */
#ifndef SHAREABLE__VALUE_H
#define SHAREABLE__VALUE_H

#include <stdbool.h>

#include "base/atomic.h"
#include "shareable.h"

static inline bool shareable__is_text(uint32_t type) {
  return type == SHAREABLE_TYPE_STR || type == SHAREABLE_TYPE_BYTES;
}

/* Returns whether the bytes are UTF-8. Checks any text. */
bool shareable__is_utf8_slow(const void *text, size_t length);

#define SHAREABLE__NOT_ASCII UINT64_C(0x8080808080808080)

/* Returns whether the bytes are UTF-8. Most text is ASCII, which is checked by whole words. */
static inline bool shareable__is_utf8(const void *text, size_t length) {
  const unsigned char *bytes = (const unsigned char *)text;
  size_t offset = 0;
  uint64_t word;

  for (; offset + sizeof word <= length; offset += sizeof word) {
    memcpy(&word, bytes + offset, sizeof word);
    if ((word & SHAREABLE__NOT_ASCII) != 0)
      return shareable__is_utf8_slow(bytes + offset, length - offset);
  }
  if (offset == length || (shareable__partial_word(bytes + offset, length - offset) & SHAREABLE__NOT_ASCII) == 0)
    return true;
  return shareable__is_utf8_slow(bytes + offset, length - offset);
}

/* Returns the number of characters in valid UTF-8. */
size_t shareable__utf8_characters(const void *text, size_t length);

/* Checks a str or bytes independently of a slot. Returns OK, E_ARGUMENT or E_UTF8. */
static inline shareable_status shareable__text_check(const shareable_value *value) {
  if (value->length > SIZE_MAX / 2 || (value->text == NULL && value->length > 0))
    return SHAREABLE_E_ARGUMENT;
  if (value->type == SHAREABLE_TYPE_STR && !shareable__is_utf8(value->text, (size_t)value->length))
    return SHAREABLE_E_UTF8;
  return SHAREABLE_OK;
}

/* Checks a value independently of a slot. Returns OK, E_ARGUMENT, E_VALUE_TYPE or E_UTF8. */
shareable_status shareable__value_check(const shareable_value *value);

/* Compares two values as Python's == does; texts by type and bytes. */
bool shareable__value_equals(const shareable_value *a, const shareable_value *b);

#endif
