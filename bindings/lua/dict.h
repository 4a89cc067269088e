/*
 * dict.h - a dict: its handle, its options and its fields.
 */
#ifndef SHAREABLE_LUA_DICT_H
#define SHAREABLE_LUA_DICT_H

#include "object.h"

/*
 * dict_create(name, places, key_size, value_size, flags, mode, timeout) and dict_open(name, flags,
 * timeout): return the dict; or nil, message, code. The timeout, in seconds, is that of every call
 * that waits for the lock of the dict; nil: 10 seconds.
 */
int dict_create(lua_State *L);
int dict_open(lua_State *L);

/* dict_list(dict): returns the list that the dict is. */
int dict_list(lua_State *L);

/* Each takes the dict and returns one field. */
int dict_places(lua_State *L);
int dict_key_size(lua_State *L);
int dict_value_size(lua_State *L);
int dict_evicts(lua_State *L);
int dict_evicted(lua_State *L);

/* dict_capacity(dict) and dict_free_space(dict): return bytes. */
int dict_capacity(lua_State *L);
int dict_free_space(lua_State *L);

/* dict_length(dict): returns the number of keys that have not expired. */
int dict_length(lua_State *L);

/* dict_close(dict) returns nothing. dict_unlink(dict) returns true; or nil, message, code. */
int dict_close(lua_State *L);
int dict_unlink(lua_State *L);

/*
 * dict_reindex(dict[, timeout]), dict_clear(dict[, timeout]) and dict_copy(dict, target[, timeout]):
 * return true; or nil, message, code. The timeout is in seconds.
 */
int dict_reindex(lua_State *L);
int dict_clear(lua_State *L);
int dict_copy(lua_State *L);

/* Pushes the metatable. */
void dict_open_metatable(lua_State *L);

#endif
