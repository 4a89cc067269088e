/*
 * bytes.h - shareable.bytes and shareable.none, the values of a list for which Lua has no type.
 */
#ifndef SHAREABLE_LUA_BYTES_H
#define SHAREABLE_LUA_BYTES_H

#include "object.h"

/* A string of bytes that is not text. It is immutable. */
typedef struct bytes {
  const object_kind *kind;
  size_t length;
  char data[];
} bytes;

/* Pushes a copy of the data. */
void bytes_push(lua_State *L, const void *data, size_t length);

/* Pushes none. Each Lua state has exactly one. */
void bytes_push_none(lua_State *L);

/* bytes(string): returns a new value. */
int bytes_new(lua_State *L);

/* bytes_string(bytes): returns the string. */
int bytes_string(lua_State *L);

/* Both functions push a metatable. */
void bytes_open(lua_State *L);
void bytes_open_none(lua_State *L);

#endif
