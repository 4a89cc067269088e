/*
 * number.h - integers of 64 bits and floats, in a Lua that tells them apart (from 5.3 on) and in one whose numbers are all
 * doubles (5.1, 5.2, LuaJIT).
 *
 * There, a number that is whole and not past 2^53 is an integer, any other a float; and two values say what numbers
 * cannot: shareable.integer, which holds any integer of 64 bits, and shareable.float, which is a float though it is whole.
 */
#ifndef SHAREABLE_LUA_NUMBER_H
#define SHAREABLE_LUA_NUMBER_H

#include <stdbool.h>

#include "object.h"

/* Whether Lua itself tells them apart. */
#define NUMBER_HAS_INTEGERS (LUA_VERSION_NUM >= 503)

/* Takes the number, shareable.integer or shareable.float at `index` as what it is. False for anything else. */
bool number_read(lua_State *L, int index, shareable_value *value);

/* The same of what takes a whole number, also one that is a float, and of an argument, or an error. */
bool number_read_integer(lua_State *L, int index, int64_t *integer);
int64_t number_check_integer(lua_State *L, int argument);
int64_t number_check_integer_or(lua_State *L, int argument, int64_t otherwise);

/* An argument that is any number. */
double number_check_real(lua_State *L, int argument);

/* Whether a number of this Lua can be that integer, and no other one. */
static inline bool number_can_be(int64_t integer) {
  return NUMBER_HAS_INTEGERS || (integer >= -(INT64_C(1) << 53) && integer <= INT64_C(1) << 53);
}

/* Pushes the integer: as a number if one can be it, else as shareable.integer. */
void number_push_integer(lua_State *L, int64_t integer);

/* integer(number or decimal string), float(number): new values; in a Lua that has integers, its own. */
int number_integer(lua_State *L);
int number_float(lua_State *L);

/* number_of(what those made): the nearest number. */
int number_of(lua_State *L);

/* Sets the metatables, of a Lua that needs them, in the table on the stack. */
void number_open(lua_State *L);

#endif
