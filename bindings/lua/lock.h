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
 * with_lock by the guard functions.
 */
#define LOCK_ENDS_WITH_SCOPE (LUA_VERSION_NUM >= 504)

#if LOCK_ENDS_WITH_SCOPE
/*
 * list_with_lock(list, body, timeout): returns the results of body(owner_died); or nil, message,
 * code.
 */
int lock_with(lua_State *L);
#else
/*
 * list_guard(list, timeout): returns a guard of a locked list, and "owner died" after E_OWNER_DIED;
 * or nil, message, code. A guard that is collected unlocks the list.
 */
int lock_guard(lua_State *L);

/* guard_unlock(guard): returns true; or nil, message, code. */
int lock_guard_release(lua_State *L);
#endif

/* Adds the metatable of guards to the table on the stack. */
void lock_open(lua_State *L);

#endif
