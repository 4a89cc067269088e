/*
 * object.h - the userdata that stand for blocks, lists, their locks, bytes and none in Lua.
 */
#ifndef SHAREABLE_LUA_OBJECT_H
#define SHAREABLE_LUA_OBJECT_H

#include <lauxlib.h>
#include <lua.h>

#include "shareable.h"

/* What Lua 5.1, and LuaJIT, have under another name. */
#if LUA_VERSION_NUM < 502
#define lua_rawlen lua_objlen
#define lua_pushglobaltable(L) lua_pushvalue(L, LUA_GLOBALSINDEX)
#endif

/* What lua_rawgeti() and lua_rawseti() count with. */
#if LUA_VERSION_NUM < 503
typedef int object_place;
#else
typedef lua_Integer object_place;
#endif

/* What an object is. Its address stands first in every userdata of ours, and keys its metatable in the registry. */
typedef struct object_kind {
  const char *name;
} object_kind;

extern const object_kind object_memory, object_list, object_bytes, object_none, object_integer, object_float,
  object_lock, object_manager;

/* A block, a list or a manager: owns one reference, which the garbage collector drops. */
typedef struct object {
  const object_kind *kind;
  union {
    shareable_memory *memory;
    shareable_list *list;
    shareable_manager *manager;
  };
} object;

/* Pushes `size` bytes of a kind, zero but for the kind. */
void *object_push_sized(lua_State *L, const object_kind *kind, size_t size);

/* Pushes a block or a list that is still empty, so that filling it needs no memory of Lua's, and so cannot fail. */
object *object_push(lua_State *L, const object_kind *kind);

/* The userdata at `index` if it is of that kind, else NULL. Any other value, from anywhere, may stand there. */
void *object_test(lua_State *L, int index, const object_kind *kind);

/* The same of an argument, or an error. */
void *object_check(lua_State *L, int argument, const object_kind *kind);

/* The handle of the argument, or an error; NULL, which is as good as closed, of an object that was finalized. */
shareable_memory *object_check_memory(lua_State *L, int argument); /* a list stands for its block */
shareable_list *object_check_list(lua_State *L, int argument);

/*
 * Pushes a new metatable for the kind, with these functions. Its __index is `index`, a closure over two tables for Lua
 * to fill, which are also its fields "methods" and "getters".
 */
void object_push_metatable(lua_State *L, const object_kind *kind, const luaL_Reg *functions, lua_CFunction index);

/* Pushes the metatable again. */
void object_get_metatable(lua_State *L, const object_kind *kind);

/* An __index for any key but a number: the method of that name, or what the getter of that name answers. */
int object_member(lua_State *L);

/* A __newindex that refuses. */
int object_refuse(lua_State *L);

#endif
