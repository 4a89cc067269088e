/*
 * watch.h - watches: descriptors that become readable when a list or keys of a dict change.
 */
#ifndef SHAREABLE_LUA_WATCH_H
#define SHAREABLE_LUA_WATCH_H

#include "object.h"

/*
 * list_watch(list, ...): returns a watch; or nil, message, code. Each argument is an index, "list" or
 * "lock"; without an argument, the watch is for the list.
 */
int watch_create(lua_State *L);

/* dict_watch(dict, key, ...): returns a watch of the keys; or nil, message, code. */
int watch_create_of_keys(lua_State *L);

/* watch_fd(watch): returns the descriptor, or nil if the watch is closed. */
int watch_fd(lua_State *L);

/*
 * watch_changed(watch): returns a sequence of the indexes that changed, and of "list" and "lock", or
 * of keys; or nil, message, code. It arms what it returns again.
 */
int watch_changed(lua_State *L);

/* watch_close(watch): returns nothing. */
int watch_close(lua_State *L);

/* watch_is_closed(watch): returns a boolean. */
int watch_is_closed(lua_State *L);

/* Pushes the metatable. */
void watch_open(lua_State *L);

#endif
