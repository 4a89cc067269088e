/*
 * lock.h - the lock of a list.
 */
#ifndef SHAREABLE_LUA_LOCK_H
#define SHAREABLE_LUA_LOCK_H

#include "object.h"

/*
 * list_lock(list, timeout): returns true, and "owner died" after E_OWNER_DIED; or nil, message,
 * code.
 */
int lock_take(lua_State *L);

/* list_unlock(list): returns true; or nil, message, code. */
int lock_release(lua_State *L);

/*
 * Whether C functions of this Lua can use to-be-closed slots. Otherwise list.lua implements
 * with_lock.
 */
#define LOCK_ENDS_WITH_SCOPE (LUA_VERSION_NUM >= 504)

/*
 * list_with_lock(list, body, timeout): returns the results of body(owner_died); or nil, message,
 * code.
 */
int lock_with(lua_State *L);

/* Adds the metatable of the guard of lock_with() to the table on the stack. */
void lock_open(lua_State *L);

#endif
