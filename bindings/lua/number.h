/*
 * number.h - integers of 64 bits and floats, in a Lua that has both (5.3 and later) and in a Lua
 * whose numbers are all doubles (5.1, 5.2, LuaJIT); and the indexes of items.
 *
 * If all numbers are doubles, a number that is whole and at most 2^53 is an integer, and any other
 * number is a float. Two types express what numbers cannot: a shareable.integer holds any integer
 * of 64 bits, and a shareable.float is a float even if it is whole.
 */
#ifndef SHAREABLE_LUA_NUMBER_H
#define SHAREABLE_LUA_NUMBER_H

#include <math.h>
#include <stdbool.h>

#include "object.h"

/* Whether this Lua has integers beside floats. */
#define NUMBER_HAS_INTEGERS (LUA_VERSION_NUM >= 503)

/*
 * Whether the number is whole and at most 2^53 in magnitude, so that it represents exactly one
 * integer.
 */
static inline bool number_is_whole(double number, int64_t *integer) {
  if (!(fabs(number) <= 0x1p53))
    return false;
  *integer = (int64_t)number;
  return (double)*integer == number;
}

/*
 * Reads the number, shareable.integer or shareable.float at `index`, or an int64_t or uint64_t of
 * LuaJIT's FFI. Returns false for any other value. An FFI type is checked by a call, so a debug
 * hook may run.
 */
bool number_read(lua_State *L, int index, shareable_value *value);

/* Reads a whole number of any of these types, floats included. Returns false for any other value. */
bool number_read_integer(lua_State *L, int index, int64_t *integer);

/*
 * Returns an argument that must be a whole number, or raises an error; the second accepts nil for
 * `otherwise`.
 */
int64_t number_check_integer(lua_State *L, int argument);
int64_t number_check_integer_or(lua_State *L, int argument, int64_t otherwise);

/* Returns an argument that must be a number, or raises an error. */
double number_check_real(lua_State *L, int argument);

/*
 * Whether a number of this Lua can represent the integer, and no other integer rounds to that
 * number.
 */
static inline bool number_represents(int64_t integer) {
  return NUMBER_HAS_INTEGERS || (integer >= -(INT64_C(1) << 53) && integer <= INT64_C(1) << 53);
}

/* Pushes the integer as a number if number_represents(), otherwise as a shareable.integer. */
void number_push_integer(lua_State *L, int64_t integer);

/*
 * integer(number or decimal string) and float(number): return a number in a Lua that has integers,
 * otherwise a shareable.integer or shareable.float.
 */
int number_integer(lua_State *L);
int number_float(lua_State *L);

/* number_of(shareable.integer or shareable.float): returns the nearest number. */
int number_of(lua_State *L);

/* Adds the metatables of both types to the table on the stack, if this Lua needs them. */
void number_open(lua_State *L);

/*
 * The indexes of items: Lua counts from 1, the library from 0, and both count back from -1, the
 * last item. Lua's 0, which is outside of every list, becomes INT64_MIN. Lua's INT64_MIN becomes
 * INT64_MAX, which comes from no other index.
 */
static inline int64_t number_index_from_lua(int64_t index) {
  if (index > 0)
    return index - 1;
  return index == 0 ? INT64_MIN : index == INT64_MIN ? INT64_MAX : index;
}
static inline int64_t number_index_to_lua(int64_t index) {
  if (index == INT64_MAX)
    return INT64_MIN;
  return index >= 0 ? index + 1 : index == INT64_MIN ? 0 : index;
}

#endif
