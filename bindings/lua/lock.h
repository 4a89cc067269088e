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

/* Whether this Lua ends a scope of C's, however that is left. Else with_lock is written in Lua (list.lua). */
#define LOCK_ENDS_WITH_SCOPE (LUA_VERSION_NUM >= 504)

/* list_with_lock(list, body, timeout): what body(owner_died) returns; or nil, message, code. */
int lock_with(lua_State *L);

/* Sets the metatable of what that puts on the stack to unlock, in the table on the stack. */
void lock_open(lua_State *L);

#endif
