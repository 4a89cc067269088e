/*
 * item.h - a list's items one at a time: the way of l[i] and l[i] = v.
 */
#ifndef SHAREABLE_LUA_ITEM_H
#define SHAREABLE_LUA_ITEM_H

#include "object.h"

/* Pushes the item at `index`, which counts from 0; on failure nothing. */
shareable_status item_push(lua_State *L, const shareable_list *list, int64_t index);

/* The metamethods __index and __newindex. */
int item_index(lua_State *L);
int item_assign(lua_State *L);

/* list_get(list, index): the item; or nil, message, code. */
int item_get(lua_State *L);

/* list_next(list, index): the index after that one, and its item; nil at the end. */
int item_next(lua_State *L);

#endif
