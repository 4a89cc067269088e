/*
 * object.h - the kinds of userdata that represent blocks, lists, arrays, dicts, locks, watches, managers and values in Lua.
 */
#ifndef SHAREABLE_LUA_OBJECT_H
#define SHAREABLE_LUA_OBJECT_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

#include "shareable.h"

/* Lua 5.1 and LuaJIT have these under other names. */
#if LUA_VERSION_NUM < 502
#define lua_rawlen lua_objlen
#define lua_pushglobaltable(L) lua_pushvalue(L, LUA_GLOBALSINDEX)
#endif

/* The type of the index that lua_rawgeti() and lua_rawseti() take. */
#if LUA_VERSION_NUM < 503
typedef int object_index;
#else
typedef lua_Integer object_index;
#endif

/*
 * The kind of a userdata. Every userdata of this module begins with a pointer to its kind. The
 * address of the kind is also the key of the metatable in the registry.
 */
typedef struct object_kind {
  const char *name;
} object_kind;

extern const object_kind object_memory, object_list, object_bytes, object_none, object_integer, object_float,
  object_lock, object_manager, object_array, object_dict, object_watch;

/* A block, a list, an array, a dict or a manager. It owns one reference, which the garbage collector drops. */
typedef struct object {
  const object_kind *kind;
  union {
    shareable_memory *memory;
    shareable_list *list;
    shareable_array *array;
    shareable_dict *dict;
    shareable_manager *manager;
  };
  uint64_t locks;          /* of a list: the number of times that it was locked; a guard of with_lock compares it */
  int64_t timeout;         /* of a dict: the nanoseconds to wait for its lock; negative: no limit */
  shareable_status status; /* of a dict: that of the last function of ffi.c that failed */
  int64_t sum;             /* of a dict: that of the last addition of ffi.c */
  bool forcible;           /* of a dict: the last function of ffi.c has evicted a key */
  bool is_mixed;           /* of a list: ffi.c has found an item that is not an int */
  bool is_busy;            /* of a list: the last function of ffi.c that failed got E_BUSY */
} object;

/* Pushes a new userdata of `size` bytes. All bytes after the pointer to its kind are zero. */
void *object_push_sized(lua_State *L, const object_kind *kind, size_t size);

/*
 * Pushes an object without a handle. Setting the handle later allocates nothing in Lua, so it
 * cannot fail.
 */
object *object_push(lua_State *L, const object_kind *kind);

/*
 * Makes the userdata on top of the stack keep the value at `index`, which is positive: the value is
 * not collected before the userdata.
 */
void object_keep(lua_State *L, int index);

/*
 * Returns the userdata at `index` if it has that kind, otherwise NULL. The value there may be
 * anything.
 */
void *object_test(lua_State *L, int index, const object_kind *kind);

/* Returns the argument if it has that kind, otherwise raises an error. */
void *object_check(lua_State *L, int argument, const object_kind *kind);

/*
 * Return the handle of the argument, or raise an error. The handle of a finalized object is NULL,
 * which counts as closed. object_check_memory() also accepts a list, an array or a dict, and returns its
 * block.
 */
shareable_memory *object_check_memory(lua_State *L, int argument);
shareable_list *object_check_list(lua_State *L, int argument);
shareable_array *object_check_array(lua_State *L, int argument);
shareable_dict *object_check_dict(lua_State *L, int argument);

/*
 * Pushes a new metatable for the kind, with these functions. Its __index is `index`, a closure over
 * two tables that the Lua layer fills: the fields "methods" and "getters" of the metatable.
 */
void object_push_metatable(lua_State *L, const object_kind *kind, const luaL_Reg *functions, lua_CFunction index);

/* Pushes the metatable that object_push_metatable() made. */
void object_get_metatable(lua_State *L, const object_kind *kind);

/*
 * An __index for keys that are not numbers: returns the method of that name, or the result of its
 * getter.
 */
int object_member(lua_State *L);

/* A __newindex that always raises an error. */
int object_readonly(lua_State *L);

#endif
