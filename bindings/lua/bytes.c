/*
 * bytes.c - shareable.bytes and shareable.none, the values of a list for which Lua has no type.
 */
#include "bytes.h"

#include <string.h>

void bytes_push(lua_State *L, const void *data, size_t length) {
  bytes *self = object_push_sized(L, &object_bytes, sizeof *self + length);

  self->length = length;
  if (length > 0)
    memcpy(self->data, data, length);
}

/* The metatable contains the only instance. */
void bytes_push_none(lua_State *L) {
  object_get_metatable(L, &object_none);
  lua_rawgeti(L, -1, 1);
  lua_remove(L, -2);
}

int bytes_new(lua_State *L) {
  size_t length;
  const char *string;

  luaL_checktype(L, 1, LUA_TSTRING);
  string = lua_tolstring(L, 1, &length);
  bytes_push(L, string, length);
  return 1;
}

int bytes_string(lua_State *L) {
  const bytes *self = object_check(L, 1, &object_bytes);

  lua_pushlstring(L, self->data, self->length);
  return 1;
}

static int length(lua_State *L) {
  const bytes *self = object_check(L, 1, &object_bytes);

  lua_pushinteger(L, (lua_Integer)self->length);
  return 1;
}

static int equal(lua_State *L) {
  const bytes *a = object_test(L, 1, &object_bytes), *b = object_test(L, 2, &object_bytes);

  lua_pushboolean(L, a != NULL && b != NULL && a->length == b->length && memcmp(a->data, b->data, a->length) == 0);
  return 1;
}

static int none_string(lua_State *L) {
  lua_pushliteral(L, "none");
  return 1;
}

void bytes_open(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"__eq", equal}, {"__len", length}, {"__newindex", object_readonly}, {"__tostring", bytes_string}, {NULL, NULL}};

  object_push_metatable(L, &object_bytes, functions, object_member);
}

void bytes_open_none(lua_State *L) {
  static const luaL_Reg functions[] = {{"__newindex", object_readonly}, {"__tostring", none_string}, {NULL, NULL}};

  object_push_metatable(L, &object_none, functions, object_member);
  object_push_sized(L, &object_none, sizeof(object_kind *));
  lua_rawseti(L, -2, 1);
}
