/*
 * bytes.h - bytes and none: the values of a list that Lua has no type for.
 */
#ifndef SHAREABLE_LUA_BYTES_H
#define SHAREABLE_LUA_BYTES_H

#include "object.h"

/* A string that is not text. Never changes. */
typedef struct bytes {
  const object_kind *kind;
  size_t length;
  char data[];
} bytes;

/* Push a copy of the data, and the one none that a state has. */
void bytes_push(lua_State *L, const void *data, size_t length);
void bytes_push_none(lua_State *L);

/* bytes(string): a new value. */
int bytes_new(lua_State *L);

/* bytes_string(bytes): the string. */
int bytes_string(lua_State *L);

/* Push the metatables. */
void bytes_open(lua_State *L);
void bytes_open_none(lua_State *L);

#endif
