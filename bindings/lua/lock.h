/*
 * lock.h - the lock of a list.
 */
#ifndef SHAREABLE_LUA_LOCK_H
#define SHAREABLE_LUA_LOCK_H

#include "object.h"

/* list_lock(list, timeout): true, and "owner died" where that is so; or nil, message, code. */
int lock_take(lua_State *L);

/* list_unlock(list): true; or nil, message, code. */
int lock_release(lua_State *L);

/* list_with_lock(list, body, timeout): what body(owner_died) returns; or nil, message, code. */
int lock_with(lua_State *L);

/* Pushes the metatable of what with_lock puts on the stack to unlock. */
void lock_open(lua_State *L);

#endif
