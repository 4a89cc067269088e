/*
 * dict_item.h - reads, writes and deletes the values of keys of a dict.
 *
 * The functions that ngx.shared.DICT has too return what it returns, with its texts for errors, for
 * example "not found", and then the code, for example "E_NO_KEY". Incorrect use raises an error.
 */
#ifndef SHAREABLE_LUA_DICT_ITEM_H
#define SHAREABLE_LUA_DICT_ITEM_H

#include "object.h"

/* The metamethods __index and __newindex. */
int dict_item_index(lua_State *L);
int dict_item_assign(lua_State *L);

/* Returns the value, nil if the key is absent, or nil, message, code. Bytes are a string. */
int dict_item_get(lua_State *L);

/* Does the same. An integer that no number represents, and bytes, keep their type. */
int dict_item_exact(lua_State *L);

/* dict_get_stale(dict, key): returns the value, nil, whether it has expired; or nil, message, nil, code. */
int dict_item_get_stale(lua_State *L);

/*
 * dict_set(dict, key, value[, exptime]) and so on: return true, nil, whether another key was evicted;
 * or false, message, whether another key was evicted, code. A value of nil deletes the key.
 */
int dict_item_set(lua_State *L);
int dict_item_safe_set(lua_State *L);
int dict_item_add(lua_State *L);
int dict_item_safe_add(lua_State *L);
int dict_item_replace(lua_State *L);
int dict_item_delete(lua_State *L);

/* dict_stored(dict, key): returns what dict_set() returns, for a set that ffi.c has done. */
int dict_item_stored(lua_State *L);

/* dict_raise(dict, key): raises the error of d[key] = value, for a set that ffi.c has tried. */
int dict_item_raise(lua_State *L);

/* dict_pop(dict, key): returns the value, nil if the key is absent, or nil, message, code. */
int dict_item_pop(lua_State *L);

/* dict_ttl(dict, key) returns seconds, dict_expire(dict, key, seconds) true; or nil, message, code. */
int dict_item_ttl(lua_State *L);
int dict_item_expire(lua_State *L);

/*
 * dict_wait(dict, key, value[, timeout]): returns the new value, nil if the key is absent; or nil,
 * message, code.
 */
int dict_item_wait(lua_State *L);

/*
 * The form of a value in Lua. Bytes are a string, except in EXACT. An integer that no number of this
 * Lua can represent is a shareable.integer, except in PLAIN.
 */
typedef enum dict_item_form { DICT_ITEM_PLAIN, DICT_ITEM_NUMBER, DICT_ITEM_EXACT } dict_item_form;

/* Pushes a value. In PLAIN, E_OVERFLOW means that no number can represent it; then it pushes nothing. */
shareable_status dict_item_push(lua_State *L, const shareable_value *value, dict_item_form form);

/* Pushes nil, the message and the code of a failure about a key, or raises a usage error. */
int dict_item_fail(lua_State *L, const shareable_dict *dict, const shareable_value *key, shareable_status status);

/* Returns the nanoseconds of a TTL in seconds, at least 1, or 0 for no TTL. */
int64_t dict_item_ttl_of(double seconds);

/* Returns a TTL in nanoseconds, 0 for nil and 0, of an argument in seconds; or raises an error. */
int64_t dict_item_check_ttl(lua_State *L, int argument);

#endif
