/*
 * wait.h - waiting until something in a list has changed.
 */
#ifndef SHAREABLE_LUA_WAIT_H
#define SHAREABLE_LUA_WAIT_H

#include "object.h"

/* list_wait(list, index, value[, timeout]): what the item is once it is not that value; or nil, message, code. */
int wait_item(lua_State *L);

/* list_digest(list): an integer. */
int wait_digest(lua_State *L);

/* list_wait_any(list[, digest[, timeout]]): the digest once it is not that one; or nil, message, code. */
int wait_any(lua_State *L);

#endif
