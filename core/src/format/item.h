/*
 * item.h - one typed value in one slot: format, recreation code and bytes, as CPython writes them. Pure.
 */
#ifndef SHAREABLE__ITEM_H
#define SHAREABLE__ITEM_H

#include "format/layout.h"
#include "format/value.h"

/* The recreation codes (layout.md). */
enum { SHAREABLE__CODE_PLAIN = 0, SHAREABLE__CODE_STR = 1, SHAREABLE__CODE_BYTES = 2, SHAREABLE__CODE_NONE = 3 };

/* The eight characters of a format as one word, in the byte order of this machine. */
static inline uint64_t shareable__format_word(const char format[8]) {
  uint64_t word;
  memcpy(&word, format, sizeof word);
  return word;
}

#define SHAREABLE__FORMAT_INT shareable__format_word("q\0\0\0\0\0\0")
#define SHAREABLE__FORMAT_FLOAT shareable__format_word("d\0\0\0\0\0\0")
#define SHAREABLE__FORMAT_BOOL shareable__format_word("xxxxxxx?")
#define SHAREABLE__FORMAT_NONE shareable__format_word("xxxxxx?x")

/* The data of a bool. */
static inline uint64_t shareable__bool_word(bool boolean) {
  return boolean ? shareable__format_word("\0\0\0\0\0\0\0\1") : 0;
}

static inline unsigned char shareable__item_code(const shareable__slot *slot) {
  return __atomic_load_n(slot->code, __ATOMIC_ACQUIRE);
}

/*
 * How many bytes of text a slot has room for: at most what 8 characters can state, as "9999999s" does. Larger slots are in lists
 * that stock Python made of such a text, or that somebody has damaged.
 */
static inline size_t shareable__item_capacity(size_t slot_size) {
  return slot_size < 9999999 ? slot_size : 9999999;
}

/* Whether the item is, just now, of the type with that format and no code: an int, a float or a bool. */
static inline bool shareable__item_is(const shareable__slot *slot, uint64_t format) {
  return shareable__load(slot->format) == format && shareable__item_code(slot) == SHAREABLE__CODE_PLAIN;
}

/* What an item's format and code say. For text, the length that is stated, and whether it is exact. */
typedef struct shareable__item_info {
  shareable_type type;
  size_t length;
  bool is_exact; /* else the text ends before its trailing NULs, as CPython reads it */
} shareable__item_info;

/* Reads the shape. False where format and code are none that a list can have. */
bool shareable__item_inspect(const shareable__slot *slot, shareable__item_info *shape);

/* Whether a format is one of an item whose code is not 0: a text's or None's. */
bool shareable__item_needs_code(uint64_t format);

/* The characters of a format, 1 to 8. 0 where it is none that a slot of that size can have. */
size_t shareable__item_format(const shareable__slot *slot, char format[8]);

/*
 * Reads the item. A text is copied to the buffer and looked at there. E_CORRUPT, E_UTF8, or E_BUFFER with type and length
 * set.
 */
shareable_status shareable__item_read(const shareable__slot *slot, shareable_value *value, void *buffer, size_t size);

/* A value as it goes into a slot. */
typedef struct shareable__encoded_item {
  uint64_t format;
  unsigned char code;
  const void *data; /* the first bytes of the slot; what follows them is zero */
  size_t length;
  uint64_t word; /* where the data are, if they are no text: 8 bytes of them */
} shareable__encoded_item;

/* The format of a text of exactly `length` bytes, 1 to SHAREABLE_TEXT_NUL_MAX. */
uint64_t shareable__exact_format(size_t length);

/* Makes the image of a value, which fits, for a slot of `size` bytes. It points to the value's text, and into itself. */
void shareable__item_encode(const shareable_value *value, size_t size, shareable__encoded_item *image);

/* Puts an image in its slot: data, then format and code. What stays the same of these is not written. */
void shareable__item_put(const shareable__slot *slot, const shareable__encoded_item *image);

/* Whether the slot holds a value of the image's type, which takes one word: then one store of that is all there is to do. */
bool shareable__item_same_format(const shareable__slot *slot, const shareable__encoded_item *image);

/* Whether the item is just now a number, a bool too: what is stored over its like by one store. */
bool shareable__item_is_number(const shareable__slot *slot);

/* OK, or E_SLOT or E_LENGTH: whether a slot of `size` bytes can hold the value, which was checked by itself. */
shareable_status shareable__item_fits(const shareable_value *value, size_t size);

/* Whether the item equals the value, by Python's ==. E_CORRUPT where the item is damaged. */
shareable_status shareable__item_equals(const shareable__slot *slot, const shareable_value *value, bool *equal);

#endif
