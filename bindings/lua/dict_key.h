/*
 * dict_key.h - the keys of a dict in Lua.
 *
 * A key is a string, which is a str if it is UTF-8 and bytes otherwise; a number, whose text is the
 * key; or a shareable.bytes. So each key of a dict has exactly one form in Lua: bytes that are UTF-8
 * are a shareable.bytes.
 */
#ifndef SHAREABLE_LUA_DICT_KEY_H
#define SHAREABLE_LUA_DICT_KEY_H

#include "object.h"

/*
 * Reads the key at `index`, which is positive and not that of a key of a table that is being
 * traversed: a number there becomes a string. Returns false for any other value.
 */
bool dict_key_read(lua_State *L, int index, shareable_value *key);

/* Returns the argument, or raises an error if it is neither a key nor nil. Nil becomes a None. */
shareable_value dict_key_check(lua_State *L, int argument);

/* Pushes a key. */
void dict_key_push(lua_State *L, const shareable_value *key);

#endif
