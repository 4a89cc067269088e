/*
 * value.h - one Lua value as one shareable value, both ways; and the other arguments that C functions take.
 */
#ifndef SHAREABLE_LUA_VALUE_H
#define SHAREABLE_LUA_VALUE_H

#include "number.h"

/* What Lua calls a type: "integer", "float" and so on, as math.type and type do; "bytes" and "none" are ours. */
const char *value_type_name(uint32_t type);

/* Takes the Lua value at `index`, a text as a pointer into it. False where a list cannot hold such. Never allocates. */
bool value_read(lua_State *L, int index, shareable_value *value);

/* The same of an argument, or of what is to be an item, or an error. */
shareable_value value_check(lua_State *L, int argument);
shareable_value value_check_item(lua_State *L, int index, int64_t item);

/*
 * The argument {values, capacity} as an array, which the stack keeps. `values` is a table, of `n` items where it has
 * that field; `capacity` is nil, bytes for every item, or a table of bytes an item.
 */
const shareable_value *value_check_all(lua_State *L, int argument, size_t *count);

/* Pushes a value; its text is copied. */
void value_push(lua_State *L, const shareable_value *value);

/*
 * Indexes: Lua's count from 1, the library's from 0; -1 is the last item in both. Lua's 0, which is past every end,
 * becomes INT64_MIN, and Lua's INT64_MIN becomes INT64_MAX, which no other index does.
 */
static inline int64_t value_index_in(int64_t index) {
  if (index > 0)
    return index - 1;
  return index == 0 ? INT64_MIN : index == INT64_MIN ? INT64_MAX : index;
}
static inline int64_t value_index_out(int64_t index) {
  if (index == INT64_MAX)
    return INT64_MIN;
  return index >= 0 ? index + 1 : index == INT64_MIN ? 0 : index;
}

/* A string without NULs, or NULL for nil, or an error. */
const char *value_check_name(lua_State *L, int argument);

/* An integer of 0 to `most`, or an error. */
uint64_t value_check_figure(lua_State *L, int argument, uint64_t most);

/* Seconds as nanoseconds; less than 0, which is for ever, for nil or more than a lifetime; or an error. */
int64_t value_check_timeout(lua_State *L, int argument);

#endif
