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

/*
 * Converts a format to a word whose lowest byte is the first character, and back: byteswaps it on
 * big-endian machines.
 */
static inline uint64_t shareable__format_bytes(uint64_t format) {
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
  return __builtin_bswap64(format);
#else
  return format;
#endif
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
 * The size of the largest slot of a new list, and the largest capacity: it must fit in a format of 8
 * characters, as "9999992s" does.
 */
#define SHAREABLE__SLOT_MAX 9999992

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

/* Returns whether the item now is None, and its first word is the one that a write of None stores. */
static inline bool shareable__item_is_none(const shareable__slot *slot) {
  return shareable__load(slot->format) == SHAREABLE__FORMAT_NONE &&
         shareable__item_code(slot) == SHAREABLE__CODE_NONE && shareable__load(slot->data) == 0;
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
  uint64_t tail; /* the last bytes of the data if they are not a whole word, and NULs; or 0 */
  uint64_t word; /* the data, if the value is not a text: `data` points to it */
} shareable__encoded_item;

/* Sets the data of an encoded item. */
static inline void shareable__item_set_data(shareable__encoded_item *encoded, const void *data, size_t length) {
  encoded->data = data;
  encoded->length = length;
  encoded->tail = length % 8 == 0 ? 0 : shareable__partial_word((const char *)data + length / 8 * 8, length % 8);
}

/* Returns whether a text ends in a NUL. */
static inline bool shareable__ends_in_nul(const shareable_value *value) {
  return value->length > 0 && value->text[value->length - 1] == '\0';
}

/* Returns the format of a text of exactly `length` bytes, 1 to SHAREABLE_TEXT_NUL_MAX. */
uint64_t shareable__exact_format(size_t length);

/* Returns the format of a text that does not end in a NUL: the size of the slot. */
uint64_t shareable__long_slot_format(size_t slot_size);
static inline uint64_t shareable__slot_format(size_t slot_size) {
  uint32_t tens = (uint32_t)slot_size / 10, ones = (uint32_t)slot_size % 10;

  if (slot_size < 10 || slot_size > 99)
    return shareable__long_slot_format(slot_size);
  return shareable__format_bytes(('0' + tens) | ('0' + ones) << 8 | 's' << 16);
}

/* Encodes a text, for which shareable__item_fits() returned OK. The result points to the text. */
static inline void shareable__item_encode_text(const shareable_value *value, size_t size,
                                               shareable__encoded_item *encoded) {
  encoded->format =
    shareable__ends_in_nul(value) ? shareable__exact_format((size_t)value->length) : shareable__slot_format(size);
  encoded->code = value->type == SHAREABLE_TYPE_STR ? SHAREABLE__CODE_STR : SHAREABLE__CODE_BYTES;
  shareable__item_set_data(encoded, value->text, (size_t)value->length);
}

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

/* Returns whether the slot has the format and the code of the encoded item. */
static inline bool shareable__item_same_format(const shareable__slot *slot, const shareable__encoded_item *encoded) {
  return shareable__load(slot->format) == encoded->format && shareable__item_code(slot) == encoded->code;
}

static inline uint64_t shareable__item_load(const shareable__slot *slot, size_t offset) {
  return __atomic_load_n((const shareable__word *)(slot->data + offset), __ATOMIC_RELAXED);
}

/* Returns the word of the encoded data at an offset; the bytes after the data are 0. */
static inline uint64_t shareable__encoded_word(const shareable__encoded_item *encoded, size_t offset) {
  uint64_t word;

  if (offset + 8 > encoded->length)
    return offset < encoded->length ? encoded->tail : 0;
  memcpy(&word, (const unsigned char *)encoded->data + offset, 8);
  return word;
}

/*
 * Stores the data of an encoded item, by whole words. A concurrent reader gets old and new words,
 * and detects that by the version of the item.
 */
static inline void shareable__item_put_data(const shareable__slot *slot, const shareable__encoded_item *encoded) {
  for (size_t offset = 0; offset < slot->size; offset += 8)
    __atomic_store_n((shareable__word *)(slot->data + offset), shareable__encoded_word(encoded, offset),
                     __ATOMIC_RELAXED);
}

/* Returns the offset of the first word at or after `offset` that differs, or `size` if none does. */
static inline size_t shareable__item_difference(const shareable__slot *slot, const shareable__encoded_item *encoded,
                                                size_t offset, size_t size) {
  while (offset < size && shareable__item_load(slot, offset) == shareable__encoded_word(encoded, offset))
    offset += 8;
  return offset;
}

/*
 * Stores an encoded item whose format and code the slot has already, if the data differ from those
 * in the slot in at most one word, so that one store is sufficient. Returns false, and stores
 * nothing, if they differ in more. The caller must have locked the item.
 */
static inline bool shareable__item_put_one_word(const shareable__slot *slot, const shareable__encoded_item *encoded) {
  /* only the first word of a value that is not a text is read */
  size_t size = encoded->data == &encoded->word ? sizeof encoded->word : slot->size;
  size_t changed = shareable__item_difference(slot, encoded, 0, size);

  if (changed >= size)
    return true;
  if (shareable__item_difference(slot, encoded, changed + 8, size) < size)
    return false;
  shareable__store(slot->data + changed, shareable__encoded_word(encoded, changed));
  return true;
}

/*
 * Returns whether the item is now an int, a float or a bool. One store replaces it by a value of
 * the same type.
 */
bool shareable__item_is_number(const shareable__slot *slot);

/* Returns OK, E_CAPACITY or E_TOO_LONG. shareable__value_check() must have returned OK. */
static inline shareable_status shareable__item_fits(const shareable_value *value, size_t size) {
  if (!shareable__is_text(value->type))
    return SHAREABLE_OK;
  if (value->length > shareable__item_capacity(size))
    return SHAREABLE_E_CAPACITY;
  return shareable__ends_in_nul(value) && value->length > SHAREABLE_TEXT_NUL_MAX ? SHAREABLE_E_TOO_LONG : SHAREABLE_OK;
}

/*
 * Compares the item with the value as Python's == does. Returns E_CORRUPT if the item is corrupt.
 */
shareable_status shareable__item_equals(const shareable__slot *slot, const shareable_value *value, bool *equal);

#endif
