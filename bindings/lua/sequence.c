/*
 * sequence.c - reads a sequence: a table with elements from 1 on.
 */
#include "sequence.h"

#include <inttypes.h>

#include "number.h"
#include "status.h"

size_t sequence_check_length(lua_State *L, int argument) {
  int64_t length;

  luaL_checktype(L, argument, LUA_TTABLE);
  if (!luaL_callmeta(L, argument, "__len"))
    return lua_rawlen(L, argument);
  if (!number_read_integer(L, -1, &length) || length < 0 || (uint64_t)length > SIZE_MAX)
    luaL_argerror(L, argument, "its metamethod __len must return an integer of 0 or more");
  lua_pop(L, 1);
  return (size_t)length;
}

static bool has_length(lua_State *L, int argument) {
  if (luaL_getmetafield(L, argument, "__len") == 0)
    return false;
  lua_pop(L, 1);
  return true;
}

/* Returns whether the key on top of the stack is an index up to `length`. */
static bool is_index(lua_State *L, size_t length) {
  int64_t index;

  return lua_type(L, -1) == LUA_TNUMBER && number_read_integer(L, -1, &index) && index >= 1 &&
         (uint64_t)index <= length;
}

void sequence_check_keys(lua_State *L, int argument, size_t length, const char *noun) {
  if (has_length(L, argument))
    return;
  lua_pushnil(L);
  while (lua_next(L, argument) != 0) {
    lua_pop(L, 1); /* the value */
    if (!is_index(L, length)) {
      status_usage_error(L, "%s must be a sequence from 1 on without gaps: it has the key %.40s", noun,
                         lua_isstring(L, -1) ? lua_tostring(L, -1) : luaL_typename(L, -1));
    }
  }
}

void sequence_push(lua_State *L, int argument, size_t index) {
#if LUA_VERSION_NUM >= 503
  lua_geti(L, argument, (object_index)index);
#else
  lua_rawgeti(L, argument, (object_index)index);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushnumber(L, (lua_Number)index);
    lua_gettable(L, argument);
  }
#endif
}
