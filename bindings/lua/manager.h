/*
 * manager.h - a process that owns blocks for others.
 */
#ifndef SHAREABLE_LUA_MANAGER_H
#define SHAREABLE_LUA_MANAGER_H

#include "object.h"

/* manager_start(address, authkey), of which either may be nil; manager_connect likewise: a manager; or nil, message, code. */
int manager_start(lua_State *L);
int manager_connect(lua_State *L);

/* manager_address, manager_authkey (manager): a string. */
int manager_address(lua_State *L);
int manager_authkey(lua_State *L);

/* manager_track(manager, block or list), manager_shutdown(manager): true; or nil, message, code. */
int manager_track(lua_State *L);
int manager_shutdown(lua_State *L);

/* manager_close(manager): drops the handle. */
int manager_close(lua_State *L);

/* Pushes the metatable. */
void manager_open(lua_State *L);

#endif
