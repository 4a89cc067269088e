/*
 * item.c - one typed value in one slot: format, recreation code and bytes, as CPython writes them.
 */
#include "format/item.h"

/* A format with its first character in the lowest byte; and back. */
static uint64_t turned(uint64_t format) {
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
  return __builtin_bswap64(format);
#else
  return format;
#endif
}

/*
 * The rule for the length of a text (layout.md, "Trailing NULs"). "40s" is CPython's: the slot's width, or what was
 * left of it; the text ends before its trailing NULs. "5s " is ours: exactly 5 bytes. Should a CPython release
 * come to write exact lengths as "5s", here is where to follow it.
 */
static bool parse_text(uint64_t format, size_t slot_size, size_t *length, bool *is_exact) {
  uint64_t rest = turned(format), digits = 0;
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

static bool shape_of(uint64_t format, unsigned char code, size_t slot_size, shareable__item_info *shape) {
  memset(shape, 0, sizeof *shape);
  if (code == SHAREABLE__CODE_STR || code == SHAREABLE__CODE_BYTES) {
    shape->type = code == SHAREABLE__CODE_STR ? SHAREABLE_TYPE_STR : SHAREABLE_TYPE_BYTES;
    return parse_text(format, slot_size, &shape->length, &shape->is_exact);
  }
  if (code == SHAREABLE__CODE_NONE) {
    shape->type = SHAREABLE_TYPE_NONE;
    return format == SHAREABLE__FORMAT_NONE;
  }
  if (format == SHAREABLE__FORMAT_INT)
    shape->type = SHAREABLE_TYPE_INT;
  else if (format == SHAREABLE__FORMAT_FLOAT)
    shape->type = SHAREABLE_TYPE_FLOAT;
  else if (format == SHAREABLE__FORMAT_BOOL)
    shape->type = SHAREABLE_TYPE_BOOL;
  else
    return false;
  return code == SHAREABLE__CODE_PLAIN;
}

bool shareable__item_inspect(const shareable__slot *slot, shareable__item_info *shape) {
  return shape_of(shareable__load(slot->format), shareable__item_code(slot), slot->size, shape);
}

bool shareable__item_needs_code(uint64_t format) {
  size_t length;
  bool is_exact;

  return format == SHAREABLE__FORMAT_NONE || parse_text(format, SIZE_MAX, &length, &is_exact);
}

size_t shareable__item_format(const shareable__slot *slot, char format[8]) {
  uint64_t word = shareable__load(slot->format);
  shareable__item_info shape;

  if (!shape_of(word, shareable__item_code(slot), slot->size, &shape))
    return 0;
  memcpy(format, &word, sizeof word);
  return strnlen(format, 8);
}

static uint64_t load_data(const shareable__slot *slot, size_t at) {
  return __atomic_load_n((const shareable__word *)(slot->data + at), __ATOMIC_RELAXED);
}

/* How many of a word's bytes are left without the NULs at its end: its last byte in memory is the highest, or the lowest. */
static size_t bytes_of(uint64_t word) {
  if (word == 0)
    return 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return 8 - (size_t)__builtin_clzll(word) / 8;
#else
  return 8 - (size_t)__builtin_ctzll(word) / 8;
#endif
}

/* The first bytes of a word, 1 to 8, the others 0. */
static uint64_t first_bytes(uint64_t word, size_t count) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return word & UINT64_MAX >> (64 - 8 * count);
#else
  return word & UINT64_MAX << (64 - 8 * count);
#endif
}

/* The length of a text without its trailing NULs. Every read of shared text is by whole words: others write it so. */
static size_t stripped(const shareable__slot *slot, size_t length) {
  while (length > 0) {
    size_t at = (length - 1) / 8 * 8;
    size_t bytes = bytes_of(first_bytes(load_data(slot, at), length - at));

    if (bytes > 0)
      return at + bytes;
    length = at;
  }
  return 0;
}

static void get_data(const shareable__slot *slot, void *buffer, size_t length) {
  unsigned char *bytes = buffer;
  uint64_t word;
  size_t at = 0;

  for (; at + 8 <= length; at += 8) {
    word = load_data(slot, at);
    memcpy(bytes + at, &word, 8);
  }
  if (at == length)
    return;
  word = load_data(slot, at);
  for (const unsigned char *rest = (const unsigned char *)&word; at < length; rest++)
    bytes[at++] = *rest;
}

static bool data_equal(const shareable__slot *slot, const char *text, size_t length) {
  for (size_t at = 0; at < length; at += 8) {
    uint64_t word = load_data(slot, at);
    if (memcmp(text + at, &word, length - at < 8 ? length - at : 8) != 0)
      return false;
  }
  return true;
}

static shareable_status read_text(const shareable__slot *slot, const shareable__item_info *shape,
                                  shareable_value *value, void *buffer, size_t size) {
  size_t length = shape->is_exact ? shape->length : stripped(slot, shape->length);

  value->length = length;
  value->text = buffer;
  if (length > size)
    return SHAREABLE_E_BUFFER;
  get_data(slot, buffer, length);
  if (shape->type == SHAREABLE_TYPE_STR && !shareable__is_utf8(buffer, length))
    return SHAREABLE_E_UTF8;
  return SHAREABLE_OK;
}

shareable_status shareable__item_read(const shareable__slot *slot, shareable_value *value, void *buffer, size_t size) {
  shareable__item_info shape;
  uint64_t bits;

  if (!shareable__item_inspect(slot, &shape))
    return SHAREABLE_E_CORRUPT;
  memset(value, 0, sizeof *value);
  value->type = shape.type;
  if (shareable__is_text(shape.type))
    return read_text(slot, &shape, value, buffer, size);
  bits = shareable__load(slot->data);
  if (shape.type == SHAREABLE_TYPE_BOOL)
    value->boolean = ((const unsigned char *)&bits)[7] != 0;
  else if (shape.type != SHAREABLE_TYPE_NONE)
    value->bits = bits;
  return SHAREABLE_OK;
}

static bool ends_in_nul(const shareable_value *value) {
  return value->length > 0 && value->text[value->length - 1] == '\0';
}

shareable_status shareable__item_fits(const shareable_value *value, size_t size) {
  if (!shareable__is_text(value->type))
    return SHAREABLE_OK;
  if (value->length > shareable__item_capacity(size))
    return SHAREABLE_E_SLOT;
  return ends_in_nul(value) && value->length > SHAREABLE_TEXT_NUL_MAX ? SHAREABLE_E_LENGTH : SHAREABLE_OK;
}

/* Of 9999999 at most, or 999999 where it is exact: eight characters. Made from the last one to the first. */
static uint64_t number_format(size_t n, bool is_exact) {
  uint64_t text = is_exact ? 's' | ' ' << 8 : 's';

  do
    text = text << 8 | (uint64_t)('0' + n % 10);
  while ((n /= 10) > 0);
  return turned(text);
}

uint64_t shareable__exact_format(size_t length) {
  return number_format(length, true);
}

/* The format of a text: the slot's width, as CPython writes it, or the exact length and a space. */
static uint64_t text_format(const shareable_value *value, size_t slot_size) {
  return ends_in_nul(value) ? shareable__exact_format((size_t)value->length)
                            : number_format(shareable__item_capacity(slot_size), false);
}

static void image_word(shareable__encoded_item *image, uint64_t format, unsigned char code, uint64_t word) {
  image->format = format;
  image->code = code;
  image->word = word;
  image->data = &image->word;
  image->length = sizeof image->word;
}

static void image_text(shareable__encoded_item *image, const shareable_value *value, size_t size, unsigned char code) {
  image->format = text_format(value, size);
  image->code = code;
  image->data = value->text;
  image->length = (size_t)value->length;
}

void shareable__item_encode(const shareable_value *value, size_t size, shareable__encoded_item *image) {
  switch ((shareable_type)value->type) {
  case SHAREABLE_TYPE_NONE:
    image_word(image, SHAREABLE__FORMAT_NONE, SHAREABLE__CODE_NONE, 0);
    break;
  case SHAREABLE_TYPE_INT:
    image_word(image, SHAREABLE__FORMAT_INT, SHAREABLE__CODE_PLAIN, value->bits);
    break;
  case SHAREABLE_TYPE_FLOAT:
    image_word(image, SHAREABLE__FORMAT_FLOAT, SHAREABLE__CODE_PLAIN, value->bits);
    break;
  case SHAREABLE_TYPE_BOOL:
    image_word(image, SHAREABLE__FORMAT_BOOL, SHAREABLE__CODE_PLAIN, shareable__bool_word(value->boolean != 0));
    break;
  case SHAREABLE_TYPE_STR:
    image_text(image, value, size, SHAREABLE__CODE_STR);
    break;
  case SHAREABLE_TYPE_BYTES:
    image_text(image, value, size, SHAREABLE__CODE_BYTES);
    break;
  }
}

/* By whole words, each in one piece: a reader beside it is to see old or new ones, and then that they do not belong together. */
static void put_data(const shareable__slot *slot, const shareable__encoded_item *image) {
  size_t whole = image->length / 8 * 8, rest = image->length - whole;
  uint64_t word = 0;

  for (size_t at = 0; at < whole; at += 8) {
    memcpy(&word, (const unsigned char *)image->data + at, 8);
    __atomic_store_n((shareable__word *)(slot->data + at), word, __ATOMIC_RELAXED);
  }
  if (rest > 0) {
    word = 0;
    memcpy(&word, (const unsigned char *)image->data + whole, rest);
    __atomic_store_n((shareable__word *)(slot->data + whole), word, __ATOMIC_RELAXED);
    whole += 8;
  }
  for (; whole < slot->size; whole += 8)
    __atomic_store_n((shareable__word *)(slot->data + whole), 0, __ATOMIC_RELAXED);
}

static void put_code(const shareable__slot *slot, const shareable__encoded_item *image) {
  if (shareable__item_code(slot) != image->code)
    __atomic_store_n(slot->code, image->code, __ATOMIC_RELEASE);
}

/*
 * A code that is not 0 is stored before the format that needs it, and taken away after it: so no kill leaves the format of a text
 * with the code 0, which is what a list looks like whose creator has not written the codes yet.
 */
void shareable__item_put(const shareable__slot *slot, const shareable__encoded_item *image) {
  put_data(slot, image);
  if (image->code != SHAREABLE__CODE_PLAIN)
    put_code(slot, image);
  if (shareable__load(slot->format) != image->format)
    shareable__store(slot->format, image->format);
  put_code(slot, image);
}

bool shareable__item_same_format(const shareable__slot *slot, const shareable__encoded_item *image) {
  return image->data == &image->word && shareable__load(slot->format) == image->format &&
         shareable__item_code(slot) == image->code;
}

bool shareable__item_is_number(const shareable__slot *slot) {
  return shareable__item_is(slot, SHAREABLE__FORMAT_INT) || shareable__item_is(slot, SHAREABLE__FORMAT_FLOAT) ||
         shareable__item_is(slot, SHAREABLE__FORMAT_BOOL);
}

/* Compared where it lies: a copy of a long text would need memory. */
static bool text_equals(const shareable__slot *slot, const shareable__item_info *shape, const shareable_value *value) {
  size_t length = shape->is_exact ? shape->length : stripped(slot, shape->length);

  return length == value->length && data_equal(slot, value->text, length);
}

shareable_status shareable__item_equals(const shareable__slot *slot, const shareable_value *value, bool *equal) {
  shareable__item_info shape;
  shareable_value item;
  shareable_status status;

  if (!shareable__item_inspect(slot, &shape))
    return SHAREABLE_E_CORRUPT;
  if (shareable__is_text(shape.type)) {
    *equal = shape.type == value->type && text_equals(slot, &shape, value);
    return SHAREABLE_OK;
  }
  status = shareable__item_read(slot, &item, NULL, 0);
  if (status == SHAREABLE_E_BUFFER) /* another process made it a text meanwhile: not equal just now */
    *equal = false;
  else if (status == SHAREABLE_OK)
    *equal = shareable__value_equals(&item, value);
  return status == SHAREABLE_E_BUFFER ? SHAREABLE_OK : status;
}
