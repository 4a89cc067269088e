/*
 * descr.c - NumPy's description of the type of an array's items.
 *
 * A simple type is a string: a character for the byte order, one for the kind, and a size, as in
 * NumPy's array interface. A structured type is a list of fields: (name, description) or
 * (name, description, shape). A name may be a pair: title and name.
 */
#include "format/descr.h"

#include <string.h>

/* A field may be structured itself. Each level takes a stack frame. */
enum { DEPTH_MAX = 16 };

typedef struct number_type {
  const char *native;    /* the description */
  uint64_t size;         /* in bytes */
  size_t alignment;      /* in bytes */
  shareable_dtype dtype; /* in this machine's byte order */
  char kind;
} number_type;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ORDER "<"
#else
#define ORDER ">"
#endif

/* DTYPE_BYTES: a number that C has no portable type for. */
static const number_type numbers[] = {
  {"'|b1'", 1, 1, SHAREABLE_DTYPE_BOOL, 'b'},
  {"'|i1'", 1, 1, SHAREABLE_DTYPE_I8, 'i'},
  {"'" ORDER "i2'", 2, _Alignof(int16_t), SHAREABLE_DTYPE_I16, 'i'},
  {"'" ORDER "i4'", 4, _Alignof(int32_t), SHAREABLE_DTYPE_I32, 'i'},
  {"'" ORDER "i8'", 8, _Alignof(int64_t), SHAREABLE_DTYPE_I64, 'i'},
  {"'|u1'", 1, 1, SHAREABLE_DTYPE_U8, 'u'},
  {"'" ORDER "u2'", 2, _Alignof(uint16_t), SHAREABLE_DTYPE_U16, 'u'},
  {"'" ORDER "u4'", 4, _Alignof(uint32_t), SHAREABLE_DTYPE_U32, 'u'},
  {"'" ORDER "u8'", 8, _Alignof(uint64_t), SHAREABLE_DTYPE_U64, 'u'},
  {"'" ORDER "f2'", 2, _Alignof(uint16_t), SHAREABLE_DTYPE_F16, 'f'},
  {"'" ORDER "f4'", 4, _Alignof(float), SHAREABLE_DTYPE_F32, 'f'},
  {"'" ORDER "f8'", 8, _Alignof(double), SHAREABLE_DTYPE_F64, 'f'},
  {NULL, 12, 1, SHAREABLE_DTYPE_BYTES, 'f'},
  {NULL, 16, 1, SHAREABLE_DTYPE_BYTES, 'f'},
  {"'" ORDER "c8'", 8, _Alignof(float), SHAREABLE_DTYPE_C64, 'c'},
  {"'" ORDER "c16'", 16, _Alignof(double), SHAREABLE_DTYPE_C128, 'c'},
  {NULL, 24, 1, SHAREABLE_DTYPE_BYTES, 'c'},
  {NULL, 32, 1, SHAREABLE_DTYPE_BYTES, 'c'},
};

#define NUMBERS (sizeof numbers / sizeof *numbers)

static const number_type *find_number(char kind, uint64_t size) {
  for (size_t i = 0; i < NUMBERS; i++)
    if (numbers[i].kind == kind && numbers[i].size == size)
      return &numbers[i];
  return NULL;
}

static const number_type *find_dtype(shareable_dtype dtype) {
  for (size_t i = 0; i < NUMBERS; i++)
    if (numbers[i].dtype == dtype && numbers[i].native != NULL)
      return &numbers[i];
  return NULL;
}

const char *shareable__descr_of(shareable_dtype dtype) {
  const number_type *number = find_dtype(dtype);

  return number == NULL ? NULL : number->native;
}

size_t shareable__dtype_alignment(shareable_dtype dtype) {
  const number_type *number = find_dtype(dtype);

  return number == NULL ? 1 : number->alignment;
}

/* The unit of a time, such as [ns] or [25s], is not used: it must only be in brackets. */
static bool is_unit(const char *text, size_t length) {
  return length == 0 || (length >= 3 && text[0] == '[' && memchr(text, ']', length) == text + length - 1);
}

/* `size` is the number in the description, of `characters` of the kind. */
static const char *read_kind(char order, char kind, uint64_t size, const shareable__span *unit,
                             shareable__descr *descr) {
  const number_type *number = find_number(kind, size);

  descr->dtype = SHAREABLE_DTYPE_BYTES;
  descr->item_size = size;
  if (kind == 'O')
    return "its items are Python objects, which have no meaning in another process";
  if (kind == 'm' || kind == 'M')
    return size == 8 && is_unit(unit->text, unit->length) ? NULL : "its time is not of 8 bytes and a unit";
  if (unit->length > 0)
    return "the type of its items is not known";
  if (number != NULL && (order == ORDER[0] || order == '|' || size == 1))
    descr->dtype = number->dtype;
  if (kind == 'U')
    return __builtin_mul_overflow(size, 4, &descr->item_size) ? "its items are too large" : NULL;
  return number != NULL || kind == 'S' || kind == 'V' ? NULL : "the type of its items is not known";
}

static const char *read_string(const shareable__span *string, shareable__descr *descr) {
  shareable__literal rest = {string->text + 2, string->text + string->length};
  shareable__span unit;
  uint64_t size = 0;

  if (string->length < 2 || strchr("<>|", string->text[0]) == NULL)
    return "the type of its items has no byte order";
  while (rest.next < rest.end && *rest.next >= '0' && *rest.next <= '9') {
    if (__builtin_mul_overflow(size, 10, &size) || __builtin_add_overflow(size, (uint64_t)(*rest.next - '0'), &size))
      return "its items are too large";
    rest.next++;
  }
  unit = (shareable__span){rest.next, (size_t)(rest.end - rest.next)};
  return read_kind(string->text[0], string->text[1], size, &unit, descr);
}

/* Takes the shape of a field, and multiplies *count by it. */
static bool take_field_shape(shareable__literal *literal, uint64_t *count) {
  uint64_t length;

  if (shareable__literal_integer(literal, &length))
    return !__builtin_mul_overflow(*count, length, count);
  if (!shareable__literal_take(literal, '('))
    return false;
  while (!shareable__literal_take(literal, ')')) {
    if (!shareable__literal_integer(literal, &length) || __builtin_mul_overflow(*count, length, count))
      return false;
    if (!shareable__literal_take(literal, ',') && literal->next < literal->end && *literal->next != ')')
      return false;
  }
  return true;
}

static bool take_field_name(shareable__literal *literal) {
  shareable__span name;

  if (shareable__literal_string(literal, &name))
    return true;
  return shareable__literal_take(literal, '(') && shareable__literal_string(literal, &name) &&
         shareable__literal_take(literal, ',') && shareable__literal_string(literal, &name) &&
         shareable__literal_take(literal, ')');
}

static const char *take(shareable__literal *literal, shareable__descr *descr, unsigned depth);

/* Takes a field after its first parenthesis, and adds its size to the item's. */
static const char *take_field(shareable__literal *literal, shareable__descr *descr, unsigned depth) {
  shareable__descr field;
  uint64_t count = 1, size;
  const char *reason;

  if (!take_field_name(literal) || !shareable__literal_take(literal, ','))
    return "a field of its items has no name";
  reason = take(literal, &field, depth + 1);
  if (reason != NULL)
    return reason;
  if (shareable__literal_take(literal, ',') && !take_field_shape(literal, &count))
    return "a field of its items has no valid shape";
  if (!shareable__literal_take(literal, ')'))
    return "a field of its items does not end";
  if (__builtin_mul_overflow(field.item_size, count, &size) ||
      __builtin_add_overflow(descr->item_size, size, &descr->item_size))
    return "its items are too large";
  return NULL;
}

static const char *take_fields(shareable__literal *literal, shareable__descr *descr, unsigned depth) {
  descr->dtype = SHAREABLE_DTYPE_BYTES;
  descr->item_size = 0;
  while (!shareable__literal_take(literal, ']')) {
    const char *reason =
      shareable__literal_take(literal, '(') ? take_field(literal, descr, depth) : "a field of its items is not a tuple";

    if (reason != NULL)
      return reason;
    if (!shareable__literal_take(literal, ',') && literal->next < literal->end && *literal->next != ']')
      return "the fields of its items are not separated by commas";
  }
  return NULL;
}

static const char *take(shareable__literal *literal, shareable__descr *descr, unsigned depth) {
  shareable__span string;

  if (depth > DEPTH_MAX)
    return "the fields of its items are nested too deeply";
  if (shareable__literal_string(literal, &string))
    return read_string(&string, descr);
  if (shareable__literal_take(literal, '['))
    return take_fields(literal, descr, depth);
  return "the type of its items is not a string or a list";
}

const char *shareable__descr_take(shareable__literal *literal, shareable__descr *descr) {
  const char *reason, *start;

  while (literal->next < literal->end && *literal->next == ' ')
    literal->next++;
  start = literal->next;
  reason = take(literal, descr, 0);
  if (reason == NULL && descr->item_size > SHAREABLE__ARRAY_BYTES_MAX)
    reason = "its items are too large";
  descr->text = (shareable__span){start, (size_t)(literal->next - start)};
  return reason;
}
