/*
 * element.c - an item of an array, converted between memory and the values of Lua.
 */
#include "element.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "number.h"

typedef struct element_format {
  const char *name;
  enum { BYTES, BOOLEAN, SIGNED, UNSIGNED, REAL, COMPLEX } kind;
  size_t size; /* of a number, in bytes */
} element_format;

static const element_format formats[] = {
  [SHAREABLE_DTYPE_BYTES] = {"V", BYTES, 0},    [SHAREABLE_DTYPE_BOOL] = {"b1", BOOLEAN, 1},
  [SHAREABLE_DTYPE_I8] = {"i1", SIGNED, 1},     [SHAREABLE_DTYPE_I16] = {"i2", SIGNED, 2},
  [SHAREABLE_DTYPE_I32] = {"i4", SIGNED, 4},    [SHAREABLE_DTYPE_I64] = {"i8", SIGNED, 8},
  [SHAREABLE_DTYPE_U8] = {"u1", UNSIGNED, 1},   [SHAREABLE_DTYPE_U16] = {"u2", UNSIGNED, 2},
  [SHAREABLE_DTYPE_U32] = {"u4", UNSIGNED, 4},  [SHAREABLE_DTYPE_U64] = {"u8", UNSIGNED, 8},
  [SHAREABLE_DTYPE_F16] = {"f2", REAL, 2},      [SHAREABLE_DTYPE_F32] = {"f4", REAL, 4},
  [SHAREABLE_DTYPE_F64] = {"f8", REAL, 8},      [SHAREABLE_DTYPE_C64] = {"c8", COMPLEX, 4},
  [SHAREABLE_DTYPE_C128] = {"c16", COMPLEX, 8},
};
enum { FORMATS = sizeof formats / sizeof *formats };

element_type element_type_of(const shareable_array *array) {
  return (element_type){shareable_array_dtype(array), shareable_array_item_size(array)};
}

const char *element_name(shareable_dtype dtype) {
  return formats[dtype].name;
}

shareable_dtype element_dtype(const char *name) {
  for (int dtype = SHAREABLE_DTYPE_BOOL; dtype < FORMATS; dtype++)
    if (strcmp(formats[dtype].name, name) == 0)
      return (shareable_dtype)dtype;
  return SHAREABLE_DTYPE_BYTES;
}

int element_values(shareable_dtype dtype) {
  return formats[dtype].kind == COMPLEX ? 2 : 1;
}

static int64_t load_integer(element_format format, const void *item) {
  uint64_t bits = 0;
  int unused = 64 - 8 * (int)format.size;

  memcpy((char *)&bits + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 8 - format.size : 0), item, format.size);
  return format.kind == SIGNED ? (int64_t)(bits << unused) >> unused : (int64_t)bits;
}

static void store_integer(element_format format, int64_t integer, void *item) {
  memcpy(item, (char *)&integer + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 8 - format.size : 0), format.size);
}

/* IEEE 754 binary16: a sign, 5 bits of the exponent and 10 bits of the significand. */
enum { HALF_SIGN = 0x8000, HALF_INFINITY = 0x7c00, HALF_NAN = 0x7e00, HALF_ONE_BIT = 0x400 };

static double half_to_real(uint16_t half) {
  int exponent = half >> 10 & 31, significand = half % HALF_ONE_BIT;
  double real;

  if (exponent == 31)
    real = significand == 0 ? HUGE_VAL : (double)NAN;
  else if (exponent == 0)
    real = ldexp(significand, -24);
  else
    real = ldexp(significand + HALF_ONE_BIT, exponent - 25);
  return half & HALF_SIGN ? -real : real;
}

/* Rounds a number from 0 to 2048 to the nearest integer, and to the even one of two. */
static unsigned round_to_even(double real) {
  unsigned whole = (unsigned)real;
  double rest = real - whole;

  return whole + (rest > 0.5 || (rest == 0.5 && whole % 2 == 1));
}

/* Rounding up a significand of 2047 carries into the exponent, as it must. */
static uint16_t half_from_real(double real) {
  unsigned sign = signbit(real) ? HALF_SIGN : 0;
  double magnitude = fabs(real);
  int exponent;

  if (isnan(real))
    return (uint16_t)(sign | HALF_NAN);
  if (magnitude >= 65520)
    return (uint16_t)(sign | HALF_INFINITY);
  if (magnitude < 0x1p-14)
    return (uint16_t)(sign | round_to_even(magnitude * 0x1p24));
  magnitude = frexp(magnitude, &exponent);
  return (uint16_t)(sign | (((unsigned)(exponent + 13) << 10) + round_to_even(magnitude * 2048)));
}

static double load_real(size_t size, const void *item) {
  uint16_t half;
  float single;
  double real;

  if (size == 2)
    return memcpy(&half, item, sizeof half), half_to_real(half);
  if (size == 4)
    return memcpy(&single, item, sizeof single), (double)single;
  memcpy(&real, item, sizeof real);
  return real;
}

static void store_real(size_t size, double real, void *item) {
  uint16_t half = size == 2 ? half_from_real(real) : 0;
  float single = (float)real;

  memcpy(item, size == 2 ? (void *)&half : size == 4 ? (void *)&single : (void *)&real, size);
}

bool element_is_exact(element_type type, const void *item) {
  element_format format = formats[type.dtype];

  return (format.kind != SIGNED && format.kind != UNSIGNED) || number_represents(load_integer(format, item));
}

void element_push(lua_State *L, element_type type, const void *item) {
  element_format format = formats[type.dtype];

  switch (format.kind) {
  case BOOLEAN:
    lua_pushboolean(L, *(const unsigned char *)item != 0);
    break;
  case SIGNED:
  case UNSIGNED:
    number_push_integer(L, load_integer(format, item));
    break;
  case REAL:
    lua_pushnumber(L, load_real(format.size, item));
    break;
  case COMPLEX:
    lua_pushnumber(L, load_real(format.size, item));
    lua_pushnumber(L, load_real(format.size, (const char *)item + format.size));
    break;
  default:
    lua_pushlstring(L, item, type.size);
  }
}

static int push_expected(lua_State *L, int index, const char *wanted) {
  const char *found = lua_type(L, index) == LUA_TNUMBER ? lua_tostring(L, index) : luaL_typename(L, index);

  lua_pushfstring(L, "%s expected, got %s", wanted, found);
  return 1;
}

/* An integer of 8 bytes may have any bits. */
static int read_integer(lua_State *L, int index, element_format format, void *item) {
  int64_t least = INT64_MIN, greatest = INT64_MAX, integer;
  const char *wanted =
    NUMBER_HAS_INTEGERS ? "an integer of 64 bits" : "a whole number up to 2^53, or a shareable.integer,";
  char limits[64];

  if (format.size < 8) {
    least = format.kind == SIGNED ? -(INT64_C(1) << (8 * format.size - 1)) : 0;
    greatest = least + (INT64_C(1) << 8 * format.size) - 1;
    snprintf(limits, sizeof limits, "an integer from %" PRId64 " to %" PRId64, least, greatest);
    wanted = limits;
  }
  if (lua_type(L, index) == LUA_TSTRING || !number_read_integer(L, index, &integer) || integer < least ||
      integer > greatest)
    return push_expected(L, index, wanted);
  store_integer(format, integer, item);
  return 0;
}

static int read_real(lua_State *L, int index, size_t size, void *item) {
  shareable_value value;

  if (!number_read(L, index, &value))
    return push_expected(L, index, "a number");
  store_real(size, value.type == SHAREABLE_TYPE_INT ? (double)value.integer : value.real, item);
  return 0;
}

static int read_bytes(lua_State *L, int index, size_t size, void *item) {
  size_t length;
  const char *string;
  char wanted[64];

  snprintf(wanted, sizeof wanted, "a string of %zu bytes", size);
  if (lua_type(L, index) != LUA_TSTRING)
    return push_expected(L, index, wanted);
  string = lua_tolstring(L, index, &length);
  if (length == size)
    return memcpy(item, string, size), 0;
  snprintf(wanted, sizeof wanted, "a string of %zu bytes expected, got %zu bytes", size, length);
  lua_pushstring(L, wanted);
  return 1;
}

int element_read(lua_State *L, int index, element_type type, void *item) {
  element_format format = formats[type.dtype];

  switch (format.kind) {
  case BOOLEAN:
    if (lua_type(L, index) != LUA_TBOOLEAN)
      return push_expected(L, index, "a boolean");
    *(unsigned char *)item = lua_toboolean(L, index) != 0;
    return 0;
  case SIGNED:
  case UNSIGNED:
    return read_integer(L, index, format, item);
  case REAL:
    return read_real(L, index, format.size, item);
  case COMPLEX:
    if (read_real(L, index, format.size, item) != 0)
      return 1;
    return read_real(L, index + 1, format.size, (char *)item + format.size) == 0 ? 0 : 2;
  default:
    return read_bytes(L, index, type.size, item);
  }
}
