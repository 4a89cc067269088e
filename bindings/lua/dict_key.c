/*
 * dict_key.c - the keys of a dict in Lua.
 */
#include "dict_key.h"

#include "bytes.h"
#include "text.h"

bool dict_key_read(lua_State *L, int index, shareable_value *key) {
  const bytes *found;
  size_t length;
  const char *text;

  switch (lua_type(L, index)) {
  case LUA_TSTRING:
  case LUA_TNUMBER:
    text = lua_tolstring(L, index, &length);
    *key = text_value(text, length);
    return true;
  default:
    found = object_test(L, index, &object_bytes);
    if (found != NULL)
      *key = shareable_bytes(found->data, found->length);
    return found != NULL;
  }
}

shareable_value dict_key_check(lua_State *L, int argument) {
  shareable_value key = shareable_none();

  if (!lua_isnoneornil(L, argument) && !dict_key_read(L, argument, &key))
    luaL_argerror(
      L, argument,
      lua_pushfstring(L, "a key must be a string, a number or shareable.bytes, not a %s", luaL_typename(L, argument)));
  return key;
}

void dict_key_push(lua_State *L, const shareable_value *key) {
  if (key->type == SHAREABLE_TYPE_BYTES && text_is_utf8(key->text, (size_t)key->length))
    bytes_push(L, key->text, (size_t)key->length);
  else
    lua_pushlstring(L, key->text, (size_t)key->length);
}
