/*
 * pack.c - reads and writes numbers in a block, by the formats of string.pack.
 *
 * It supports the options of a fixed size: b B h H i[n] I[n] l L j J T f d n, x, spaces, and the
 * byte orders < > =. A number of 1, 2, 4 or 8 bytes at an address that is a multiple of its size is
 * stored and loaded atomically.
 */
#include "pack.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "memory.h"
#include "number.h"
#include "status.h"

#define IS_LITTLE (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

/* An option of a format: one number, or one byte of padding. */
typedef struct pack_option {
  enum { SIGNED, UNSIGNED, REAL, PADDING } kind;
  size_t size; /* in bytes, 1 to 8 */
} pack_option;

/* The part of a format that is not parsed yet, and the current byte order. */
typedef struct format_parser {
  const char *rest;
  bool is_little;
} format_parser;

static pack_option parse_size(lua_State *L, format_parser *parser, int kind) {
  size_t size = sizeof(int);

  if (*parser->rest >= '0' && *parser->rest <= '9')
    for (size = 0; *parser->rest >= '0' && *parser->rest <= '9' && size < 100; parser->rest++)
      size = 10 * size + (size_t)(*parser->rest - '0');
  if (size < 1 || size > 8)
    status_usage_error(L, "integral size (%zu) out of limits [1,8]", size);
  return (pack_option){kind, size};
}

static pack_option parse_option(lua_State *L, format_parser *parser, char letter) {
  switch (letter) {
  case 'b':
    return (pack_option){SIGNED, 1};
  case 'B':
    return (pack_option){UNSIGNED, 1};
  case 'h':
    return (pack_option){SIGNED, sizeof(short)};
  case 'H':
    return (pack_option){UNSIGNED, sizeof(short)};
  case 'i':
    return parse_size(L, parser, SIGNED);
  case 'I':
    return parse_size(L, parser, UNSIGNED);
  case 'l':
    return (pack_option){SIGNED, sizeof(long)};
  case 'L':
    return (pack_option){UNSIGNED, sizeof(long)};
  case 'j':
    return (pack_option){SIGNED, 8};
  case 'J':
    return (pack_option){UNSIGNED, 8};
  case 'T':
    return (pack_option){UNSIGNED, sizeof(size_t)};
  case 'f':
    return (pack_option){REAL, 4};
  case 'd':
  case 'n':
    return (pack_option){REAL, 8};
  case 'x':
    return (pack_option){PADDING, 1};
  default:
    status_usage_error(L, "invalid format option '%c': only numbers of a fixed size can be packed", letter);
    return (pack_option){PADDING, 1};
  }
}

/* Parses the next option. Returns false at the end of the format. */
static bool next_option(lua_State *L, format_parser *parser, pack_option *option) {
  for (; *parser->rest != '\0'; parser->rest++) {
    char letter = *parser->rest;

    if (letter == '<')
      parser->is_little = true;
    else if (letter == '>')
      parser->is_little = false;
    else if (letter == '=')
      parser->is_little = IS_LITTLE;
    else if (letter != ' ') {
      parser->rest++;
      *option = parse_option(L, parser, letter);
      return true;
    }
  }
  return false;
}

/* Adds up the sizes of a format's options. Returns the number of its numbers. */
static size_t measure(lua_State *L, const char *format, int64_t *size) {
  format_parser parser = {format, IS_LITTLE};
  size_t count = 0;
  pack_option option;

  for (*size = 0; next_option(L, &parser, &option); *size += (int64_t)option.size)
    count += option.kind != PADDING;
  return count;
}

/* Up to this many numbers are kept in an array on the C stack. */
enum { FEW = 64 };

/*
 * Returns an array for the bits of `count` numbers: `few`, or a longer one, which is pushed. The
 * numbers of a call are kept there, so that no address in the block is used while Lua may run a
 * finalizer, which may close the block.
 */
static uint64_t *array_for(lua_State *L, size_t count, uint64_t *few) {
  return count <= FEW ? few : lua_newuserdata(L, count * sizeof *few);
}

static uint64_t load(const unsigned char *address, size_t size, bool is_little) {
  unsigned char bytes[8];
  uint64_t bits = 0;

  if (size == 8 && (uintptr_t)address % 8 == 0) {
    uint64_t word = __atomic_load_n((const uint64_t *)address, __ATOMIC_ACQUIRE);
    memcpy(bytes, &word, 8);
  } else if (size == 4 && (uintptr_t)address % 4 == 0) {
    uint32_t word = __atomic_load_n((const uint32_t *)address, __ATOMIC_ACQUIRE);
    memcpy(bytes, &word, 4);
  } else if (size == 2 && (uintptr_t)address % 2 == 0) {
    uint16_t word = __atomic_load_n((const uint16_t *)address, __ATOMIC_ACQUIRE);
    memcpy(bytes, &word, 2);
  } else {
    memcpy(bytes, address, size);
  }
  for (size_t i = 0; i < size; i++)
    bits = bits << 8 | bytes[is_little ? size - 1 - i : i];
  return bits;
}

static void store(unsigned char *address, uint64_t bits, size_t size, bool is_little) {
  unsigned char bytes[8];

  for (size_t i = 0; i < size; i++)
    bytes[is_little ? i : size - 1 - i] = (unsigned char)(bits >> 8 * i);
  if (size == 8 && (uintptr_t)address % 8 == 0) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    __atomic_store_n((uint64_t *)address, word, __ATOMIC_RELEASE);
  } else if (size == 4 && (uintptr_t)address % 4 == 0) {
    uint32_t word;
    memcpy(&word, bytes, 4);
    __atomic_store_n((uint32_t *)address, word, __ATOMIC_RELEASE);
  } else if (size == 2 && (uintptr_t)address % 2 == 0) {
    uint16_t word;
    memcpy(&word, bytes, 2);
    __atomic_store_n((uint16_t *)address, word, __ATOMIC_RELEASE);
  } else {
    memcpy(address, bytes, size);
  }
}

static uint64_t real_bits(double real, size_t size) {
  float single = (float)real;
  uint32_t single_bits;
  uint64_t bits;

  memcpy(&single_bits, &single, 4);
  memcpy(&bits, &real, 8);
  return size == 4 ? single_bits : bits;
}

static double bits_real(uint64_t bits, size_t size) {
  uint32_t single_bits = (uint32_t)bits;
  float single;
  double real;

  memcpy(&single, &single_bits, 4);
  memcpy(&real, &bits, 8);
  return size == 4 ? (double)single : real;
}

/* Returns the bits that the option stores for the argument, or raises an error. */
static uint64_t check_bits(lua_State *L, int argument, pack_option option) {
  int64_t integer, limit;

  if (option.kind == REAL)
    return real_bits(number_check_real(L, argument), option.size);
  integer = number_check_integer(L, argument);
  if (option.size == 8)
    return (uint64_t)integer;
  limit = INT64_C(1) << (8 * option.size - (option.kind == SIGNED));
  luaL_argcheck(L, integer < limit && integer >= (option.kind == SIGNED ? -limit : 0), argument, "integer overflow");
  return (uint64_t)integer;
}

int pack_write(lua_State *L) {
  const shareable_memory *memory = object_check_memory(L, 1);
  format_parser parser = {luaL_checkstring(L, 2), IS_LITTLE}, checker = parser;
  int64_t offset = number_check_integer(L, 3), size;
  uint64_t few[FEW], *bits = array_for(L, measure(L, parser.rest, &size), few), *next = bits;
  unsigned char *address;
  pack_option option;
  int argument = 4;

  memory_check_bytes(L, memory, offset, size);
  if (shareable_memory_is_read_only(memory))
    return status_raise_memory(L, memory, SHAREABLE_E_READ_ONLY);
  while (next_option(L, &checker, &option))
    if (option.kind != PADDING)
      *next++ = check_bits(L, argument++, option);
  address = (unsigned char *)memory_check_bytes(L, memory, offset, size);
  for (next = bits; next_option(L, &parser, &option); address += option.size)
    store(address, option.kind == PADDING ? 0 : *next++, option.size, parser.is_little);
  number_push_integer(L, offset + size);
  return 1;
}

static void push(lua_State *L, uint64_t bits, pack_option option) {
  int unused = 64 - 8 * (int)option.size;

  if (option.kind == REAL)
    lua_pushnumber(L, bits_real(bits, option.size));
  else
    number_push_integer(L, option.kind == SIGNED ? (int64_t)(bits << unused) >> unused : (int64_t)bits);
}

int pack_read(lua_State *L) {
  const shareable_memory *memory = object_check_memory(L, 1);
  format_parser parser = {luaL_checkstring(L, 2), IS_LITTLE}, loader = parser;
  int64_t offset = number_check_integer_or(L, 3, 0), size;
  size_t count = measure(L, parser.rest, &size);
  uint64_t few[FEW], *bits, *next;
  const unsigned char *address;
  pack_option option;

  memory_check_bytes(L, memory, offset, size);
  bits = next = array_for(L, count, few);
  luaL_checkstack(L, count < INT_MAX - 3 ? (int)count + 3 : INT_MAX, "too many numbers");
  address = (const unsigned char *)memory_check_bytes(L, memory, offset, size);
  for (; next_option(L, &loader, &option); address += option.size)
    if (option.kind != PADDING)
      *next++ = load(address, option.size, loader.is_little);
  for (next = bits; next_option(L, &parser, &option);)
    if (option.kind != PADDING)
      push(L, *next++, option);
  number_push_integer(L, offset + size);
  return (int)count + 1;
}
