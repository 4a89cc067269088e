/*
 * value.c - checks and compares values.
 */
#include "format/value.h"

#include <unistr.h>

_Static_assert(sizeof(shareable_value) == 24, "shareable_value is part of the ABI");

bool shareable__is_utf8_slow(const void *text, size_t length) {
  return u8_check(text, length) == NULL;
}

/* Subtracts the continuation bytes (10xxxxxx) from the length, eight bytes at a time. */
size_t shareable__utf8_characters(const void *text, size_t length) {
  const unsigned char *bytes = text;
  size_t characters = length;
  uint64_t word;

  for (; length >= sizeof word; bytes += sizeof word, length -= sizeof word) {
    memcpy(&word, bytes, sizeof word);
    characters -= (size_t)__builtin_popcountll(word >> 7 & ~(word >> 6) & UINT64_C(0x0101010101010101));
  }
  for (; length > 0; bytes++, length--)
    characters -= (*bytes & 0xc0) == 0x80;
  return characters;
}

shareable_status shareable__value_check(const shareable_value *value) {
  if (value == NULL)
    return SHAREABLE_E_ARGUMENT;
  if (value->type > SHAREABLE_TYPE_BYTES)
    return SHAREABLE_E_VALUE_TYPE;
  return shareable__is_text(value->type) ? shareable__text_check(value) : SHAREABLE_OK;
}

static bool is_number(uint32_t type) {
  return type == SHAREABLE_TYPE_INT || type == SHAREABLE_TYPE_FLOAT || type == SHAREABLE_TYPE_BOOL;
}

static int64_t integer_of(const shareable_value *value) {
  return value->type == SHAREABLE_TYPE_BOOL ? value->boolean != 0 : value->integer;
}

/* Compares exactly, without rounding: 2^53 + 1 is not a double, so it does not equal any double. */
static bool integer_equals_real(int64_t integer, double real) {
  /* cppcheck-suppress incorrectLogicOperator; cppcheck does not understand these two numbers */
  return real >= -0x1p63 && real < 0x1p63 && (int64_t)real == integer && (double)(int64_t)real == real;
}

static bool numbers_equal(const shareable_value *a, const shareable_value *b) {
  if (a->type == SHAREABLE_TYPE_FLOAT && b->type == SHAREABLE_TYPE_FLOAT)
    return a->real == b->real;
  if (a->type == SHAREABLE_TYPE_FLOAT)
    return integer_equals_real(integer_of(b), a->real);
  if (b->type == SHAREABLE_TYPE_FLOAT)
    return integer_equals_real(integer_of(a), b->real);
  return integer_of(a) == integer_of(b);
}

bool shareable__value_equals(const shareable_value *a, const shareable_value *b) {
  if (is_number(a->type) && is_number(b->type))
    return numbers_equal(a, b);
  if (a->type != b->type)
    return false;
  if (a->type == SHAREABLE_TYPE_NONE)
    return true;
  return a->length == b->length && (a->length == 0 || memcmp(a->text, b->text, (size_t)a->length) == 0);
}
