/*
 * manager.h - the handle of a manager, a process that owns blocks for other processes.
 */
#ifndef SHAREABLE_LUA_MANAGER_H
#define SHAREABLE_LUA_MANAGER_H

#include "object.h"

/*
 * manager_start(address, authkey) and manager_connect(address, authkey): return a manager; or nil,
 * message, code. Each argument may be nil.
 */
int manager_start(lua_State *L);
int manager_connect(lua_State *L);

/*
 * manager_address(manager) and manager_authkey(manager): return a string, or nil after the handle
 * is closed.
 */
int manager_address(lua_State *L);
int manager_authkey(lua_State *L);

/*
 * manager_track(manager, block or list) and manager_shutdown(manager): return true; or nil,
 * message, code.
 */
int manager_track(lua_State *L);
int manager_shutdown(lua_State *L);

/* manager_close(manager): closes the handle. */
int manager_close(lua_State *L);

/* Pushes the metatable. */
void manager_open(lua_State *L);

#endif
