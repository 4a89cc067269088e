/*
 * range.h - a list's items many at a time: as a table, or as all integers or all floats.
 */
#ifndef SHAREABLE_LUA_RANGE_H
#define SHAREABLE_LUA_RANGE_H

#include "object.h"

/* list_table, list_integers, list_floats (list[, first[, last]]): a new table; or nil, message, code. */
int range_table(lua_State *L);
int range_integers(lua_State *L);
int range_floats(lua_State *L);

/* list_set_integers, list_set_floats (list, first, table): true; or nil, message, code. */
int range_set_integers(lua_State *L);
int range_set_floats(lua_State *L);

#endif
