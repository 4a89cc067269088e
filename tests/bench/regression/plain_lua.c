/*
 * plain_lua.c - the array of plain.h as a Lua userdata with __index, written by hand in C.
 */
#include <lauxlib.h>
#include <lua.h>

#include "plain.h"

__attribute__((visibility("default"))) int luaopen_plain_lua(lua_State *L);

static int read_item(lua_State *L) {
  plain **array = luaL_checkudata(L, 1, "plain");
  int64_t integer;

  if (plain_get(*array, luaL_checkinteger(L, 2) - 1, &integer) != 0)
    return luaL_error(L, "index out of range");
  lua_pushinteger(L, (lua_Integer)integer);
  return 1;
}

/* Returns a table of integers. Its time is the cost of the table alone. */
static int fill(lua_State *L) {
  int count = (int)luaL_checkinteger(L, 1);

  lua_createtable(L, count, 0);
  for (int i = 1; i <= count; i++) {
    lua_pushinteger(L, i);
    lua_rawseti(L, -2, i);
  }
  return 1;
}

static int create(lua_State *L) {
  plain **array = lua_newuserdata(L, sizeof(plain *));

  *array = plain_new((size_t)luaL_checkinteger(L, 1));
  luaL_newmetatable(L, "plain");
  lua_pushcfunction(L, read_item);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  return 1;
}

int luaopen_plain_lua(lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, create);
  lua_setfield(L, -2, "array");
  lua_pushcfunction(L, fill);
  lua_setfield(L, -2, "table");
  return 1;
}
