/*
 * item.c - writes any value to a slot of any size with any content, and reads the same value again.
 */
#include "format/item.h"
#include "fuzz.h"

enum { MAX_SIZE = 4096 };

/* Returns a value: the first byte selects its type, and the other bytes are its content. */
static shareable_value value_of(const uint8_t *bytes, size_t size) {
  int64_t word = 0;
  double real;

  memcpy(&word, bytes + 1, size - 1 < 8 ? size - 1 : 8);
  memcpy(&real, &word, sizeof real);
  switch (bytes[0] % 6) {
  case SHAREABLE_TYPE_INT:
    return shareable_int(word);
  case SHAREABLE_TYPE_FLOAT:
    return shareable_float(real);
  case SHAREABLE_TYPE_BOOL:
    return shareable_bool(word & 1);
  case SHAREABLE_TYPE_STR:
    return shareable_strn((const char *)bytes + 1, size - 1);
  case SHAREABLE_TYPE_BYTES:
    return shareable_bytes(bytes + 1, size - 1);
  default:
    return shareable_none();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static uint64_t data[MAX_SIZE / 8], format;
  static unsigned char code, text[MAX_SIZE];
  shareable__slot slot = {(unsigned char *)data, 0, (unsigned char *)&format, &code};
  shareable_value value, read;
  shareable__encoded_item item;
  bool equal;

  if (size < 2 || size > MAX_SIZE / 2)
    return 0;
  slot.size = 8 * ((size_t)bytes[0] / 6 % 43 * 12 + 1);
  value = value_of(bytes + 1, size - 1);
  if (shareable__value_check(&value) != SHAREABLE_OK || shareable__item_fits(&value, slot.size) != SHAREABLE_OK)
    return 0;
  shareable__item_encode(&value, slot.size, &item);
  shareable__item_put(&slot, &item);
  need(shareable__item_read(&slot, &read, text, sizeof text) == SHAREABLE_OK);
  need(read.type == value.type);
  if (value.type >= SHAREABLE_TYPE_STR)
    need(read.length == value.length && (read.length == 0 || memcmp(read.text, value.text, read.length) == 0));
  else
    need(value.type == SHAREABLE_TYPE_NONE || read.bits == value.bits);
  need(shareable__item_equals(&slot, &value, &equal) == SHAREABLE_OK);
  need(equal || (value.type == SHAREABLE_TYPE_FLOAT && value.real != value.real));
  return 0;
}
