/*
 * item.h - reads and writes single items of a list, as l[i] and l[i] = v do.
 */
#ifndef SHAREABLE_LUA_ITEM_H
#define SHAREABLE_LUA_ITEM_H

#include "object.h"

/*
 * Pushes the item at `index`, which counts from 0. On failure it pushes nothing. Returns E_OVERFLOW
 * if the item is an integer that no number of this Lua can represent.
 */
shareable_status item_push(lua_State *L, const shareable_list *list, int64_t index);

/* Works as status_fail_item(), with a message of its own for the E_OVERFLOW of item_push(). */
int item_fail(lua_State *L, const shareable_list *list, int64_t index, shareable_status status);

/* The metamethods __index and __newindex. */
int item_index(lua_State *L);
int item_assign(lua_State *L);

/* list_get(list, index) and list_exact(list, index): return the item; or nil, message, code. */
int item_get(lua_State *L);
int item_exact(lua_State *L);

/* list_set(list, index, value): returns true; or nil, message, code. */
int item_set(lua_State *L);

/* list_next(list, index): returns index + 1 and the item there; or nil at the end. */
int item_next(lua_State *L);

#endif
