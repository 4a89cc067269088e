/*
 * dict_keys.h - visits the keys of a dict.
 */
#ifndef SHAREABLE_LUA_DICT_KEYS_H
#define SHAREABLE_LUA_DICT_KEYS_H

#include "object.h"

/* dict_pairs(dict): returns an iterator over the keys and values, and the dict. The metamethod __pairs. */
int dict_keys_pairs(lua_State *L);

/*
 * dict_get_keys(dict[, max]): returns a sequence of at most `max` keys, 1024 by default, 0 for all; or
 * nil, message, code.
 */
int dict_keys_get(lua_State *L);

/* dict_flush_all(dict): makes all keys expire. Returns true; or nil, message, code. */
int dict_keys_flush_all(lua_State *L);

/*
 * dict_flush_expired(dict[, max]): deletes at most `max` expired keys, 0 or nil for all. Returns their
 * number; or nil, message, code.
 */
int dict_keys_flush_expired(lua_State *L);

#endif
