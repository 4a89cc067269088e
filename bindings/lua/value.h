/*
 * value.h - converts values between Lua and the library, and checks other arguments of C functions.
 */
#ifndef SHAREABLE_LUA_VALUE_H
#define SHAREABLE_LUA_VALUE_H

#include "number.h"

/* The types of values, for messages. */
#define VALUE_STORABLE "an integer, float, boolean, string, shareable.bytes or shareable.none"

/*
 * The name of a type in Lua, as math.type and type return it, for example "integer"; also "bytes"
 * and "none".
 */
const char *value_type_name(uint32_t type);

/*
 * Reads the Lua value at `index`. A text is a pointer into the Lua value, which must stay on the
 * stack. Returns false if a list cannot hold the value.
 */
bool value_read(lua_State *L, int index, shareable_value *value);

/*
 * Return the argument, or the value for an item, or raise an error. `item` is the index for the
 * message.
 */
shareable_value value_check(lua_State *L, int argument);
shareable_value value_check_item(lua_State *L, int index, int64_t item);

/*
 * Returns the argument {values, capacity} as an array, which stays on the stack with its texts; or
 * raises an error. `values` is a table, whose field `n`, if any, is its length. `capacity` is nil,
 * the bytes of every item, or a table of bytes for each item.
 */
const shareable_value *value_check_all(lua_State *L, int argument, size_t *count);

/* Pushes a value. A text is copied. */
void value_push(lua_State *L, const shareable_value *value);

/* Returns a string without NUL, or NULL for nil; or raises an error. */
const char *value_check_name(lua_State *L, int argument);

/* Returns an integer from 0 to `max`, or raises an error. */
uint64_t value_check_uint(lua_State *L, int argument, uint64_t max);

/*
 * Returns a timeout in nanoseconds, of an argument in seconds. Nil, or more than a century, becomes
 * -1, which is unlimited. Raises an error if the argument is not a number of 0 or more.
 */
int64_t value_check_timeout(lua_State *L, int argument);

#endif
