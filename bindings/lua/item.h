/*
 * item.h - a list's items one at a time: the way of l[i] and l[i] = v.
 */
#ifndef SHAREABLE_LUA_ITEM_H
#define SHAREABLE_LUA_ITEM_H

#include "object.h"

/*
 * Pushes the item at `index`, which counts from 0; on failure nothing. E_OVERFLOW where it is an integer that no number of
 * this Lua can be, as item_fail() says in words: else it is status_fail_item().
 */
shareable_status item_push(lua_State *L, const shareable_list *list, int64_t index);
int item_fail(lua_State *L, const shareable_list *list, int64_t index, shareable_status status);

/* The metamethods __index and __newindex. */
int item_index(lua_State *L);
int item_assign(lua_State *L);

/* list_get, list_exact (list, index): the item; or nil, message, code. list_set(list, index, value): true; or those. */
int item_get(lua_State *L);
int item_exact(lua_State *L);
int item_set(lua_State *L);

/* list_next(list, index): the index after that one, and its item; nil at the end. */
int item_next(lua_State *L);

#endif
