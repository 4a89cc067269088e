/*
 * object.c - the kinds of userdata that represent blocks, lists, arrays, dicts, locks, watches, managers and
 * values in Lua.
 */
#include "object.h"

#include <string.h>

#include "ffi.h"

const object_kind object_memory = {"shareable.memory"}, object_list = {"shareable.list"},
                  object_bytes = {"shareable.bytes"}, object_none = {"shareable.none"},
                  object_integer = {"shareable.integer"}, object_float = {"shareable.float"},
                  object_lock = {"shareable.lock"}, object_manager = {"shareable.manager"},
                  object_array = {"shareable.array"}, object_dict = {"shareable.dict"},
                  object_watch = {"shareable.watch"};

enum { METHODS = 1, GETTERS };

void *object_push_sized(lua_State *L, const object_kind *kind, size_t size) {
  const object_kind **userdata = memset(lua_newuserdata(L, size), 0, size);

  *userdata = kind;
  object_get_metatable(L, kind);
  lua_setmetatable(L, -2);
  return userdata;
}

object *object_push(lua_State *L, const object_kind *kind) {
  object *self = object_push_sized(L, kind, sizeof(object));

  if (kind == &object_list || kind == &object_dict)
    ffi_add(L, kind);
  return self;
}

void object_keep(lua_State *L, int index) {
#if LUA_VERSION_NUM >= 503
  lua_pushvalue(L, index);
  lua_setuservalue(L, -2);
#else
  lua_createtable(L, 1, 0);
  lua_pushvalue(L, index);
  lua_rawseti(L, -2, 1);
#if LUA_VERSION_NUM == 502
  lua_setuservalue(L, -2);
#else
  lua_setfenv(L, -2);
#endif
#endif
}

void *object_test(lua_State *L, int index, const object_kind *kind) {
  const object_kind **userdata = lua_touserdata(L, index);

  if (userdata == NULL || lua_rawlen(L, index) < sizeof *userdata || *userdata != kind)
    return NULL;
  return userdata;
}

void *object_check(lua_State *L, int argument, const object_kind *kind) {
  void *found = object_test(L, argument, kind);

  if (found == NULL)
    luaL_argerror(L, argument, lua_pushfstring(L, "%s expected, got %s", kind->name, luaL_typename(L, argument)));
  return found;
}

shareable_memory *object_check_memory(lua_State *L, int argument) {
  const object *list = object_test(L, argument, &object_list), *array = object_test(L, argument, &object_array),
               *dict = object_test(L, argument, &object_dict), *memory;

  if (list != NULL)
    return shareable_list_memory(list->list);
  if (array != NULL)
    return shareable_array_memory(array->array);
  if (dict != NULL)
    return shareable_list_memory(shareable_dict_list(dict->dict));
  memory = object_check(L, argument, &object_memory);
  return memory->memory;
}

shareable_list *object_check_list(lua_State *L, int argument) {
  const object *list = object_check(L, argument, &object_list);

  return list->list;
}

shareable_array *object_check_array(lua_State *L, int argument) {
  const object *array = object_check(L, argument, &object_array);

  return array->array;
}

shareable_dict *object_check_dict(lua_State *L, int argument) {
  const object *dict = object_check(L, argument, &object_dict);

  return dict->dict;
}

void object_get_metatable(lua_State *L, const object_kind *kind) {
  lua_pushlightuserdata(L, (void *)kind);
  lua_rawget(L, LUA_REGISTRYINDEX);
}

/* Pushes a new table, which also becomes a field of the table at `owner`. */
static void push_field(lua_State *L, int owner, const char *name) {
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, owner, name);
}

void object_push_metatable(lua_State *L, const object_kind *kind, const luaL_Reg *functions, lua_CFunction index) {
  int metatable;

  lua_newtable(L);
  metatable = lua_gettop(L);
  lua_pushstring(L, kind->name);
  lua_pushvalue(L, -1);
  lua_setfield(L, metatable, "__name");
  lua_setfield(L, metatable, "__metatable"); /* getmetatable() returns it */
  for (; functions->name != NULL; functions++) {
    lua_pushcfunction(L, functions->func);
    lua_setfield(L, metatable, functions->name);
  }
  push_field(L, metatable, "methods");
  push_field(L, metatable, "getters");
  lua_pushcclosure(L, index, GETTERS);
  lua_setfield(L, metatable, "__index");
  lua_pushlightuserdata(L, (void *)kind);
  lua_pushvalue(L, metatable);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

int object_member(lua_State *L) {
  lua_CFunction getter;

  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(METHODS));
  if (!lua_isnil(L, -1))
    return 1;
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(GETTERS));
  getter = lua_tocfunction(L, -1);
  if (getter == NULL)
    return 1;
  lua_settop(L, 1);
  if (getter(L) == 1) /* a plain C call, so that an error names the line that reads the member */
    return 1;
  luaL_where(L, 1); /* the getter returned nil, message, code: a member is one value, so raise the message */
  lua_pushvalue(L, -3);
  lua_concat(L, 2);
  return lua_error(L);
}

int object_readonly(lua_State *L) {
  return luaL_error(L, "fields of this object cannot be assigned");
}
