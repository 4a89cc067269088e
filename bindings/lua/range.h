/*
 * range.h - reads and writes ranges of a list's items: of any types, all integers or all floats.
 */
#ifndef SHAREABLE_LUA_RANGE_H
#define SHAREABLE_LUA_RANGE_H

#include "object.h"

/* The items from `first`, counted from 0, to `first` + `count` - 1. */
typedef struct item_range {
  int64_t first;
  size_t count;
} item_range;

/*
 * Returns the range that string.sub would take of `length` items. Its first and last index are the
 * arguments 2 and 3, which may be missing.
 */
item_range range_check(lua_State *L, int64_t length);

/*
 * list_table(list[, first[, last]]), and list_integers() and list_floats() with the same arguments:
 * return a new table; or nil, message, code.
 */
int range_table(lua_State *L);
int range_integers(lua_State *L);
int range_floats(lua_State *L);

/*
 * list_set_integers(list, first, table) and list_set_floats(list, first, table): return true; or
 * nil, message, code.
 */
int range_set_integers(lua_State *L);
int range_set_floats(lua_State *L);

#endif
