/*
 * wait.h - waits until an item, or any item, of a list has changed.
 */
#ifndef SHAREABLE_LUA_WAIT_H
#define SHAREABLE_LUA_WAIT_H

#include "object.h"

/*
 * list_wait(list, index, value[, timeout]): waits until the item differs from the value. Returns
 * the item; or nil, message, code.
 */
int wait_item(lua_State *L);

/* list_hash(list): returns an integer. */
int wait_hash(lua_State *L);

/*
 * list_wait_any(list[, hash[, timeout]]): waits until the hash of the list differs. Returns the
 * new hash; or nil, message, code.
 */
int wait_any(lua_State *L);

#endif
