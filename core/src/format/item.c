/*
 * item.c - encodes a value to a slot (format, recreation code and data, as CPython writes them) and
 * decodes it.
 */
#include "format/item.h"

/*
 * Parses the format of a text (layout.md, "Trailing NULs"). In the format "40s", which CPython
 * writes, 40 is the size of the slot or less; the text ends before its trailing NULs. This library
 * also writes "5s ": exactly 5 bytes. If a CPython release writes exact lengths as "5s", change
 * this function.
 */
static bool parse_text(uint64_t format, size_t slot_size, size_t *length, bool *is_exact) {
  uint64_t rest = shareable__format_bytes(format), digits = 0;
  size_t n = 0;

  for (; digits < 7 && (rest & 0xff) - '0' <= 9; digits++) {
    n = 10 * n + (size_t)((rest & 0xff) - '0');
    rest >>= 8;
  }
  if (digits == 0 || (rest & 0xff) != 's' || n > slot_size)
    return false;
  rest >>= 8;
  *is_exact = (rest & 0xff) == ' ';
  *length = n;
  return (*is_exact ? rest >> 8 : rest) == 0;
}

static bool parse_format(uint64_t format, unsigned char code, size_t slot_size, shareable__item_info *info) {
  memset(info, 0, sizeof *info);
  if (code == SHAREABLE__CODE_STR || code == SHAREABLE__CODE_BYTES) {
    info->type = code == SHAREABLE__CODE_STR ? SHAREABLE_TYPE_STR : SHAREABLE_TYPE_BYTES;
    return parse_text(format, slot_size, &info->length, &info->is_exact);
  }
  if (code == SHAREABLE__CODE_NONE) {
    info->type = SHAREABLE_TYPE_NONE;
    return format == SHAREABLE__FORMAT_NONE;
  }
  if (format == SHAREABLE__FORMAT_INT)
    info->type = SHAREABLE_TYPE_INT;
  else if (format == SHAREABLE__FORMAT_FLOAT)
    info->type = SHAREABLE_TYPE_FLOAT;
  else if (format == SHAREABLE__FORMAT_BOOL)
    info->type = SHAREABLE_TYPE_BOOL;
  else
    return false;
  return code == SHAREABLE__CODE_NUMBER;
}

bool shareable__item_inspect(const shareable__slot *slot, shareable__item_info *info) {
  return parse_format(shareable__load(slot->format), shareable__item_code(slot), slot->size, info);
}

bool shareable__item_needs_code(uint64_t format) {
  size_t length;
  bool is_exact;

  return format == SHAREABLE__FORMAT_NONE || parse_text(format, SIZE_MAX, &length, &is_exact);
}

size_t shareable__item_format(const shareable__slot *slot, char format[8]) {
  uint64_t word = shareable__load(slot->format);
  shareable__item_info info;

  if (!parse_format(word, shareable__item_code(slot), slot->size, &info))
    return 0;
  memcpy(format, &word, sizeof word);
  return strnlen(format, 8);
}

/* Returns the number of bytes of a word without its trailing NULs. */
static size_t significant_bytes(uint64_t word) {
  if (word == 0)
    return 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return 8 - (size_t)__builtin_clzll(word) / 8;
#else
  return 8 - (size_t)__builtin_ctzll(word) / 8;
#endif
}

/* Returns a word with its first 1 to 8 bytes; the others are 0. */
static uint64_t first_bytes(uint64_t word, size_t count) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return word & UINT64_MAX >> (64 - 8 * count);
#else
  return word & UINT64_MAX << (64 - 8 * count);
#endif
}

/*
 * Returns the length of a text without its trailing NULs. Shared text is only read by whole words,
 * as it is written.
 */
static size_t length_without_nuls(const shareable__slot *slot, size_t length) {
  while (length > 0) {
    size_t offset = (length - 1) / 8 * 8;
    size_t bytes = significant_bytes(first_bytes(shareable__item_load(slot, offset), length - offset));

    if (bytes > 0)
      return offset + bytes;
    length = offset;
  }
  return 0;
}

static void copy_data(const shareable__slot *slot, void *buffer, size_t length) {
  unsigned char *bytes = buffer;
  uint64_t word;
  size_t offset = 0;

  for (; offset + 8 <= length; offset += 8) {
    word = shareable__item_load(slot, offset);
    memcpy(bytes + offset, &word, 8);
  }
  if (offset == length)
    return;
  word = shareable__item_load(slot, offset);
  for (const unsigned char *rest = (const unsigned char *)&word; offset < length; rest++)
    bytes[offset++] = *rest;
}

static bool data_equal(const shareable__slot *slot, const char *text, size_t length) {
  for (size_t offset = 0; offset < length; offset += 8) {
    uint64_t word = shareable__item_load(slot, offset);
    if (memcmp(text + offset, &word, length - offset < 8 ? length - offset : 8) != 0)
      return false;
  }
  return true;
}

static shareable_status read_text(const shareable__slot *slot, const shareable__item_info *info, shareable_value *value,
                                  void *buffer, size_t size) {
  size_t length = info->is_exact ? info->length : length_without_nuls(slot, info->length);

  value->length = length;
  value->text = buffer;
  if (length > size)
    return SHAREABLE_E_BUFFER;
  copy_data(slot, buffer, length);
  if (info->type == SHAREABLE_TYPE_STR && !shareable__is_utf8(buffer, length))
    return SHAREABLE_E_UTF8;
  return SHAREABLE_OK;
}

shareable_status shareable__item_read(const shareable__slot *slot, shareable_value *value, void *buffer, size_t size) {
  shareable__item_info info;
  uint64_t bits;

  if (!shareable__item_inspect(slot, &info))
    return SHAREABLE_E_CORRUPT;
  memset(value, 0, sizeof *value);
  value->type = info.type;
  if (shareable__is_text(info.type))
    return read_text(slot, &info, value, buffer, size);
  bits = shareable__load(slot->data);
  if (info.type == SHAREABLE_TYPE_BOOL)
    value->boolean = ((const unsigned char *)&bits)[7] != 0;
  else if (info.type != SHAREABLE_TYPE_NONE)
    value->bits = bits;
  return SHAREABLE_OK;
}

/*
 * Makes the format of `n` bytes: n is at most 9999999, or 999999 if it is exact, so that the format
 * has 8 characters.
 */
static uint64_t number_format(uint32_t n, bool is_exact) {
  uint64_t text = is_exact ? 's' | ' ' << 8 : 's';

  do
    text = text << 8 | (uint64_t)('0' + n % 10);
  while ((n /= 10) > 0);
  return shareable__format_bytes(text);
}

uint64_t shareable__exact_format(size_t length) {
  return number_format((uint32_t)length, true);
}

uint64_t shareable__long_slot_format(size_t slot_size) {
  return number_format((uint32_t)shareable__item_capacity(slot_size), false);
}

static void encode_word(shareable__encoded_item *encoded, uint64_t format, unsigned char code, uint64_t word) {
  encoded->format = format;
  encoded->code = code;
  encoded->word = word;
  shareable__item_set_data(encoded, &encoded->word, sizeof encoded->word);
}

void shareable__item_encode(const shareable_value *value, size_t size, shareable__encoded_item *encoded) {
  switch ((shareable_type)value->type) {
  case SHAREABLE_TYPE_NONE:
    encode_word(encoded, SHAREABLE__FORMAT_NONE, SHAREABLE__CODE_NONE, 0);
    break;
  case SHAREABLE_TYPE_INT:
    encode_word(encoded, SHAREABLE__FORMAT_INT, SHAREABLE__CODE_NUMBER, value->bits);
    break;
  case SHAREABLE_TYPE_FLOAT:
    encode_word(encoded, SHAREABLE__FORMAT_FLOAT, SHAREABLE__CODE_NUMBER, value->bits);
    break;
  case SHAREABLE_TYPE_BOOL:
    encode_word(encoded, SHAREABLE__FORMAT_BOOL, SHAREABLE__CODE_NUMBER, shareable__bool_word(value->boolean != 0));
    break;
  case SHAREABLE_TYPE_STR:
  case SHAREABLE_TYPE_BYTES:
    shareable__item_encode_text(value, size, encoded);
    break;
  }
}

static void put_code(const shareable__slot *slot, const shareable__encoded_item *encoded) {
  if (shareable__item_code(slot) != encoded->code)
    __atomic_store_n(slot->code, encoded->code, __ATOMIC_RELEASE);
}

/*
 * A code that is not 0 is stored before the format that needs it, and cleared after that format is
 * replaced. So a killed writer never leaves the format of a text with the code 0, which is the
 * state of a list whose creator has not written the codes yet.
 */
void shareable__item_put(const shareable__slot *slot, const shareable__encoded_item *encoded) {
  shareable__item_put_data(slot, encoded);
  if (encoded->code != SHAREABLE__CODE_NUMBER)
    put_code(slot, encoded);
  if (shareable__load(slot->format) != encoded->format)
    shareable__store(slot->format, encoded->format);
  put_code(slot, encoded);
}

bool shareable__item_is_number(const shareable__slot *slot) {
  return shareable__item_is(slot, SHAREABLE__FORMAT_INT) || shareable__item_is(slot, SHAREABLE__FORMAT_FLOAT) ||
         shareable__item_is(slot, SHAREABLE__FORMAT_BOOL);
}

/* Compares the text in the slot, because a copy of a long text would need memory. */
static bool text_equals(const shareable__slot *slot, const shareable__item_info *info, const shareable_value *value) {
  size_t length = info->is_exact ? info->length : length_without_nuls(slot, info->length);

  return length == value->length && data_equal(slot, value->text, length);
}

shareable_status shareable__item_equals(const shareable__slot *slot, const shareable_value *value, bool *equal) {
  shareable__item_info info;
  shareable_value item;
  shareable_status status;

  if (!shareable__item_inspect(slot, &info))
    return SHAREABLE_E_CORRUPT;
  if (shareable__is_text(info.type)) {
    *equal = info.type == value->type && text_equals(slot, &info, value);
    return SHAREABLE_OK;
  }
  status = shareable__item_read(slot, &item, NULL, 0);
  if (status == SHAREABLE_E_BUFFER) /* another process has stored a text since the check */
    *equal = false;
  else if (status == SHAREABLE_OK)
    *equal = shareable__value_equals(&item, value);
  return status == SHAREABLE_E_BUFFER ? SHAREABLE_OK : status;
}
