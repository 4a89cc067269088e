/*
 * item.h - encodes a value to a slot (format, recreation code and data, as CPython writes them) and
 * decodes it. Pure.
 */
#ifndef SHAREABLE__ITEM_H
#define SHAREABLE__ITEM_H

#include "format/layout.h"
#include "format/value.h"

/* The recreation codes (layout.md). */
enum { SHAREABLE__CODE_NUMBER = 0, SHAREABLE__CODE_STR = 1, SHAREABLE__CODE_BYTES = 2, SHAREABLE__CODE_NONE = 3 };

/* Returns the eight characters of a format as one word, in the byte order of this machine. */
static inline uint64_t shareable__format_word(const char format[8]) {
  uint64_t word;
  memcpy(&word, format, sizeof word);
  return word;
}

#define SHAREABLE__FORMAT_INT shareable__format_word("q\0\0\0\0\0\0")
#define SHAREABLE__FORMAT_FLOAT shareable__format_word("d\0\0\0\0\0\0")
#define SHAREABLE__FORMAT_BOOL shareable__format_word("xxxxxxx?")
#define SHAREABLE__FORMAT_NONE shareable__format_word("xxxxxx?x")

/* Returns the data word of a bool. */
static inline uint64_t shareable__bool_word(bool boolean) {
  return boolean ? shareable__format_word("\0\0\0\0\0\0\0\1") : 0;
}

static inline unsigned char shareable__item_code(const shareable__slot *slot) {
  return __atomic_load_n(slot->code, __ATOMIC_ACQUIRE);
}

/*
 * Returns the maximum length of a text in a slot: at most 9999999, because a format has 8
 * characters. CPython creates a slot of 10000000 bytes for such a text; a corrupt list may have a
 * slot of any size.
 */
static inline size_t shareable__item_capacity(size_t slot_size) {
  return slot_size < 9999999 ? slot_size : 9999999;
}

/* Returns whether the item now has this format and code 0: an int, a float or a bool. */
static inline bool shareable__item_is(const shareable__slot *slot, uint64_t format) {
  return shareable__load(slot->format) == format && shareable__item_code(slot) == SHAREABLE__CODE_NUMBER;
}

/* The type that an item's format and code mean. */
typedef struct shareable__item_info {
  shareable_type type;
  size_t length; /* of a text: the length in its format */
  bool is_exact; /* if false, the text ends before its trailing NULs, as CPython reads it */
} shareable__item_info;

/* Gets the type from the format and the code. Returns false if they are invalid. */
bool shareable__item_inspect(const shareable__slot *slot, shareable__item_info *info);

/* Returns whether the format needs a code that is not 0: the format of a text or of None. */
bool shareable__item_needs_code(uint64_t format);

/*
 * Copies the format and returns its length, 1 to 8. Returns 0 if the format or the code is invalid
 * for the slot.
 */
size_t shareable__item_format(const shareable__slot *slot, char format[8]);

/*
 * Reads the item. A text is copied to the buffer, and the copy is checked. Returns E_CORRUPT,
 * E_UTF8, or E_BUFFER with the type and the length set.
 */
shareable_status shareable__item_read(const shareable__slot *slot, shareable_value *value, void *buffer, size_t size);

/* A value in the form in which a slot stores it. */
typedef struct shareable__encoded_item {
  uint64_t format;
  unsigned char code;
  const void *data; /* the first bytes of the slot; the rest of the slot becomes 0 */
  size_t length;
  uint64_t word; /* the data, if the value is not a text: `data` points to it */
} shareable__encoded_item;

/* Returns the format of a text of exactly `length` bytes, 1 to SHAREABLE_TEXT_NUL_MAX. */
uint64_t shareable__exact_format(size_t length);

/*
 * Encodes a value for a slot of `size` bytes. shareable__item_fits() must have returned OK. The
 * result points to the value's text, or into itself: it must not be copied.
 */
void shareable__item_encode(const shareable_value *value, size_t size, shareable__encoded_item *encoded);

/*
 * Stores an encoded item in its slot: the data, then the format and the code, unless these are the
 * same already.
 */
void shareable__item_put(const shareable__slot *slot, const shareable__encoded_item *encoded);

/*
 * Returns whether the value is one word and the slot has its type already, so that one store of the
 * data is sufficient.
 */
bool shareable__item_same_format(const shareable__slot *slot, const shareable__encoded_item *encoded);

/*
 * Returns whether the item is now an int, a float or a bool. One store replaces it by a value of
 * the same type.
 */
bool shareable__item_is_number(const shareable__slot *slot);

/* Returns OK, E_CAPACITY or E_TOO_LONG. shareable__value_check() must have returned OK. */
shareable_status shareable__item_fits(const shareable_value *value, size_t size);

/*
 * Compares the item with the value as Python's == does. Returns E_CORRUPT if the item is corrupt.
 */
shareable_status shareable__item_equals(const shareable__slot *slot, const shareable_value *value, bool *equal);

#endif
