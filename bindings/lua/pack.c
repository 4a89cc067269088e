/*
 * pack.c - integers and floats at an offset of a block, by the formats of string.pack.
 *
 * Those of a fixed size are known: b B h H i[n] I[n] l L j J T f d n, x, spaces, and the byte orders < > =. A number of 1, 2,
 * 4 or 8 bytes that lies at a multiple of its size is stored and loaded in one piece.
 */
#include "pack.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "memory.h"
#include "number.h"
#include "status.h"

#define IS_LITTLE (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

typedef struct option {
  enum { SIGNED, UNSIGNED, REAL, PADDING } kind;
  size_t size; /* in bytes, 1 to 8 */
} option;

/* What is left of a format, and the byte order it is in. */
typedef struct format {
  const char *rest;
  bool is_little;
} format;

static option number_of_size(lua_State *L, format *from, int kind) {
  size_t size = sizeof(int);

  if (*from->rest >= '0' && *from->rest <= '9')
    for (size = 0; *from->rest >= '0' && *from->rest <= '9' && size < 100; from->rest++)
      size = 10 * size + (size_t)(*from->rest - '0');
  if (size < 1 || size > 8)
    status_misuse(L, "an integer of %zu bytes: 1 to 8 can be packed", size);
  return (option){kind, size};
}

static option option_of(lua_State *L, format *from, char letter) {
  switch (letter) {
  case 'b':
    return (option){SIGNED, 1};
  case 'B':
    return (option){UNSIGNED, 1};
  case 'h':
    return (option){SIGNED, sizeof(short)};
  case 'H':
    return (option){UNSIGNED, sizeof(short)};
  case 'i':
    return number_of_size(L, from, SIGNED);
  case 'I':
    return number_of_size(L, from, UNSIGNED);
  case 'l':
    return (option){SIGNED, sizeof(long)};
  case 'L':
    return (option){UNSIGNED, sizeof(long)};
  case 'j':
    return (option){SIGNED, 8};
  case 'J':
    return (option){UNSIGNED, 8};
  case 'T':
    return (option){UNSIGNED, sizeof(size_t)};
  case 'f':
    return (option){REAL, 4};
  case 'd':
  case 'n':
    return (option){REAL, 8};
  case 'x':
    return (option){PADDING, 1};
  default:
    status_misuse(L, "'%c' is no format of numbers of a fixed size", letter);
    return (option){PADDING, 1};
  }
}

/* The next option. False at the end. */
static bool next(lua_State *L, format *from, option *found) {
  for (; *from->rest != '\0'; from->rest++) {
    char letter = *from->rest;

    if (letter == '<')
      from->is_little = true;
    else if (letter == '>')
      from->is_little = false;
    else if (letter == '=')
      from->is_little = IS_LITTLE;
    else if (letter != ' ') {
      from->rest++;
      *found = option_of(L, from, letter);
      return true;
    }
  }
  return false;
}

/* The bytes of a block that a format takes, or an error. */
static unsigned char *check_place(lua_State *L, const shareable_memory *memory, const char *letters, int64_t offset) {
  format from = {letters, IS_LITTLE};
  int64_t size = 0;
  option found;

  while (next(L, &from, &found))
    size += (int64_t)found.size;
  return (unsigned char *)memory_check_bytes(L, memory, offset, size);
}

static uint64_t load(const unsigned char *place, size_t size, bool is_little) {
  unsigned char bytes[8];
  uint64_t bits = 0;

  if (size == 8 && (uintptr_t)place % 8 == 0) {
    uint64_t word = __atomic_load_n((const uint64_t *)place, __ATOMIC_ACQUIRE);
    memcpy(bytes, &word, 8);
  } else if (size == 4 && (uintptr_t)place % 4 == 0) {
    uint32_t word = __atomic_load_n((const uint32_t *)place, __ATOMIC_ACQUIRE);
    memcpy(bytes, &word, 4);
  } else if (size == 2 && (uintptr_t)place % 2 == 0) {
    uint16_t word = __atomic_load_n((const uint16_t *)place, __ATOMIC_ACQUIRE);
    memcpy(bytes, &word, 2);
  } else {
    memcpy(bytes, place, size);
  }
  for (size_t i = 0; i < size; i++)
    bits = bits << 8 | bytes[is_little ? size - 1 - i : i];
  return bits;
}

static void store(unsigned char *place, uint64_t bits, size_t size, bool is_little) {
  unsigned char bytes[8];

  for (size_t i = 0; i < size; i++)
    bytes[is_little ? i : size - 1 - i] = (unsigned char)(bits >> 8 * i);
  if (size == 8 && (uintptr_t)place % 8 == 0) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    __atomic_store_n((uint64_t *)place, word, __ATOMIC_RELEASE);
  } else if (size == 4 && (uintptr_t)place % 4 == 0) {
    uint32_t word;
    memcpy(&word, bytes, 4);
    __atomic_store_n((uint32_t *)place, word, __ATOMIC_RELEASE);
  } else if (size == 2 && (uintptr_t)place % 2 == 0) {
    uint16_t word;
    memcpy(&word, bytes, 2);
    __atomic_store_n((uint16_t *)place, word, __ATOMIC_RELEASE);
  } else {
    memcpy(place, bytes, size);
  }
}

static uint64_t real_bits(double real, size_t size) {
  float single = (float)real;
  uint32_t half;
  uint64_t bits;

  memcpy(&half, &single, 4);
  memcpy(&bits, &real, 8);
  return size == 4 ? half : bits;
}

static double real_of(uint64_t bits, size_t size) {
  uint32_t half = (uint32_t)bits;
  float single;
  double real;

  memcpy(&single, &half, 4);
  memcpy(&real, &bits, 8);
  return size == 4 ? (double)single : real;
}

/* The argument as the option stores it, or an error. */
static uint64_t check_bits(lua_State *L, int argument, option as) {
  int64_t integer, limit;

  if (as.kind == REAL)
    return real_bits(number_check_real(L, argument), as.size);
  integer = number_check_integer(L, argument);
  if (as.size == 8)
    return (uint64_t)integer;
  limit = INT64_C(1) << (8 * as.size - (as.kind == SIGNED));
  luaL_argcheck(L, integer < limit && integer >= (as.kind == SIGNED ? -limit : 0), argument, "integer overflow");
  return (uint64_t)integer;
}

int pack_write(lua_State *L) {
  const shareable_memory *memory = object_check_memory(L, 1);
  format from = {luaL_checkstring(L, 2), IS_LITTLE}, again = from;
  int64_t offset = number_check_integer(L, 3);
  unsigned char *begin = check_place(L, memory, from.rest, offset), *place = begin;
  option found;
  int argument = 4;

  if (shareable_memory_is_read_only(memory))
    return status_raise_memory(L, memory, SHAREABLE_E_READ_ONLY);
  while (next(L, &again, &found))
    if (found.kind != PADDING)
      check_bits(L, argument++, found);
  for (argument = 4; next(L, &from, &found); place += found.size)
    store(place, found.kind == PADDING ? 0 : check_bits(L, argument++, found), found.size, from.is_little);
  number_push_integer(L, offset + (place - begin));
  return 1;
}

static void push(lua_State *L, uint64_t bits, option as) {
  int unused = 64 - 8 * (int)as.size;

  if (as.kind == REAL)
    lua_pushnumber(L, real_of(bits, as.size));
  else
    number_push_integer(L, as.kind == SIGNED ? (int64_t)(bits << unused) >> unused : (int64_t)bits);
}

int pack_read(lua_State *L) {
  const shareable_memory *memory = object_check_memory(L, 1);
  format from = {luaL_checkstring(L, 2), IS_LITTLE};
  int64_t offset = number_check_integer_or(L, 3, 0);
  const unsigned char *begin = check_place(L, memory, from.rest, offset), *place = begin;
  int count = 0;
  option found;

  for (; next(L, &from, &found); place += found.size) {
    if (found.kind == PADDING)
      continue;
    luaL_checkstack(L, 2, "too many numbers");
    push(L, load(place, found.size, from.is_little), found);
    count++;
  }
  number_push_integer(L, offset + (place - begin));
  return count + 1;
}
