/*
 * item.c - one typed value in one slot: format, recreation code and bytes, as CPython writes them.
 */
#include "item.h"

/*
 * The rule for the length of a text (layout.md, "Trailing NULs"). "40s" is CPython's: the slot's width, or what was
 * left of it; the text ends before its trailing NULs. "5s " is ours: exactly 5 bytes. Should a CPython release
 * come to write exact lengths as "5s", here is where to follow it.
 */
static bool parse_text(const char format[8], size_t slot_size, size_t *length, bool *is_exact) {
  size_t i = 0, n = 0;

  while (i < 7 && format[i] >= '0' && format[i] <= '9')
    n = 10 * n + (size_t)(format[i++] - '0');
  if (i == 0 || format[i++] != 's' || n > slot_size)
    return false;
  *is_exact = i < 8 && format[i] == ' ';
  i += *is_exact;
  *length = n;
  while (i < 8)
    if (format[i++] != '\0')
      return false;
  return true;
}

static bool shape_of(uint64_t format, unsigned char code, size_t slot_size, shareable__shape *shape) {
  char characters[8];

  memset(shape, 0, sizeof *shape);
  if (code == SHAREABLE__CODE_STR || code == SHAREABLE__CODE_BYTES) {
    shape->type = code == SHAREABLE__CODE_STR ? SHAREABLE_TYPE_STR : SHAREABLE_TYPE_BYTES;
    memcpy(characters, &format, sizeof characters);
    return parse_text(characters, slot_size, &shape->length, &shape->is_exact);
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

static unsigned char load_code(const shareable__slot *slot) {
  return __atomic_load_n(slot->code, __ATOMIC_ACQUIRE);
}

bool shareable__item_shape(const shareable__slot *slot, shareable__shape *shape) {
  return shape_of(shareable__load(slot->format), load_code(slot), slot->size, shape);
}

size_t shareable__item_format(const shareable__slot *slot, char format[8]) {
  uint64_t word = shareable__load(slot->format);
  shareable__shape shape;

  if (!shape_of(word, load_code(slot), slot->size, &shape))
    return 0;
  memcpy(format, &word, sizeof word);
  return strnlen(format, 8);
}

/* The length of a text without its trailing NULs. */
static size_t stripped(const unsigned char *text, size_t length) {
  while (length % 8 != 0 && text[length - 1] == 0)
    length--;
  if (length % 8 != 0)
    return length;
  while (length > 0 && shareable__load(text + length - 8) == 0)
    length -= 8;
  while (length > 0 && text[length - 1] == 0)
    length--;
  return length;
}

static shareable_status read_text(const shareable__slot *slot, const shareable__shape *shape, shareable_value *value,
                                  void *buffer, size_t size) {
  size_t length = shape->is_exact ? shape->length : stripped(slot->data, shape->length);

  value->length = length;
  value->text = buffer;
  if (length > size)
    return SHAREABLE_E_BUFFER;
  if (length > 0)
    memcpy(buffer, slot->data, length);
  if (shape->type == SHAREABLE_TYPE_STR && !shareable__is_utf8(buffer, length))
    return SHAREABLE_E_UTF8;
  return SHAREABLE_OK;
}

shareable_status shareable__item_read(const shareable__slot *slot, shareable_value *value, void *buffer, size_t size) {
  shareable__shape shape;
  uint64_t bits;

  if (!shareable__item_shape(slot, &shape))
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
  if (value->length > size)
    return SHAREABLE_E_SLOT;
  return ends_in_nul(value) && value->length > SHAREABLE_TEXT_NUL_MAX ? SHAREABLE_E_LENGTH : SHAREABLE_OK;
}

/* The format of a text: the slot's width, as CPython writes it, or the exact length and a space. */
static uint64_t text_format(const shareable_value *value, size_t slot_size) {
  bool is_exact = ends_in_nul(value);
  size_t n = is_exact ? (size_t)value->length : slot_size;
  char format[8] = {0}, digits[24];
  size_t count = 0, i = 0;

  do
    digits[count++] = (char)('0' + n % 10);
  while ((n /= 10) > 0);
  while (count > 0)
    format[i++] = digits[--count];
  format[i++] = 's';
  if (is_exact)
    format[i] = ' ';
  return shareable__format_word(format);
}

static void write_text(const shareable__slot *slot, const shareable_value *value) {
  size_t length = (size_t)value->length;

  if (length > 0)
    memcpy(slot->data, value->text, length);
  memset(slot->data + length, 0, slot->size - length);
}

static void write_shape(const shareable__slot *slot, uint64_t format, unsigned char code) {
  if (shareable__load(slot->format) != format)
    shareable__store(slot->format, format);
  if (load_code(slot) != code)
    __atomic_store_n(slot->code, code, __ATOMIC_RELEASE);
}

static uint64_t word_with(unsigned char byte, size_t at) {
  unsigned char bytes[8] = {0};
  uint64_t word;

  bytes[at] = byte;
  memcpy(&word, bytes, sizeof word);
  return word;
}

void shareable__item_write(const shareable__slot *slot, const shareable_value *value) {
  switch ((shareable_type)value->type) {
  case SHAREABLE_TYPE_NONE:
    shareable__store(slot->data, 0);
    write_shape(slot, SHAREABLE__FORMAT_NONE, SHAREABLE__CODE_NONE);
    break;
  case SHAREABLE_TYPE_INT:
    shareable__store(slot->data, value->bits);
    write_shape(slot, SHAREABLE__FORMAT_INT, SHAREABLE__CODE_PLAIN);
    break;
  case SHAREABLE_TYPE_FLOAT:
    shareable__store(slot->data, value->bits);
    write_shape(slot, SHAREABLE__FORMAT_FLOAT, SHAREABLE__CODE_PLAIN);
    break;
  case SHAREABLE_TYPE_BOOL:
    shareable__store(slot->data, word_with(value->boolean != 0, 7));
    write_shape(slot, SHAREABLE__FORMAT_BOOL, SHAREABLE__CODE_PLAIN);
    break;
  case SHAREABLE_TYPE_STR:
    write_text(slot, value);
    write_shape(slot, text_format(value, slot->size), SHAREABLE__CODE_STR);
    break;
  case SHAREABLE_TYPE_BYTES:
    write_text(slot, value);
    write_shape(slot, text_format(value, slot->size), SHAREABLE__CODE_BYTES);
    break;
  }
}

/* Compared where it lies: a copy of a long text would need memory. */
static bool text_equals(const shareable__slot *slot, const shareable__shape *shape, const shareable_value *value) {
  size_t length = shape->is_exact ? shape->length : stripped(slot->data, shape->length);

  return length == value->length && (length == 0 || memcmp(slot->data, value->text, length) == 0);
}

shareable_status shareable__item_equals(const shareable__slot *slot, const shareable_value *value, bool *equal) {
  shareable__shape shape;
  shareable_value item;
  shareable_status status;

  if (!shareable__item_shape(slot, &shape))
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
