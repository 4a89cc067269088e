/*
 * garbage.c - the garbage collection of blocks, as a table of its results.
 */
#include "garbage.h"

#include <stdbool.h>

#include "status.h"

static void push_result(lua_State *L, const shareable_gc *gc, size_t i) {
  shareable_gc_result result = shareable_gc_result_at(gc, i);

  lua_createtable(L, 0, 4);
  lua_pushstring(L, shareable_gc_name(gc, i));
  lua_setfield(L, -2, "name");
  lua_pushboolean(L, result != SHAREABLE_GC_KEPT);
  lua_setfield(L, -2, "garbage");
  lua_pushboolean(L, result == SHAREABLE_GC_REMOVED);
  lua_setfield(L, -2, "removed");
  lua_pushstring(L, shareable_gc_reason(gc, i));
  lua_setfield(L, -2, "reason");
}

/* Runs in a protected call: Lua may be out of memory here, and the results must be freed anyway. */
static int push_all(lua_State *L) {
  const shareable_gc *gc = lua_touserdata(L, 1);
  size_t count = shareable_gc_count(gc);

  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    push_result(L, gc, i);
    lua_rawseti(L, -2, (object_index)i + 1);
  }
  return 1;
}

int garbage_find(lua_State *L) {
  bool remove = lua_toboolean(L, 1);
  shareable_gc *gc = NULL;
  shareable_error error;
  int failed;

  lua_pushcfunction(L, push_all); /* may raise an error, so it comes before the results that must be freed */
  if (shareable_gc_run(&gc, remove ? SHAREABLE_GC_REMOVE : 0, &error) != SHAREABLE_OK)
    return status_fail(L, &error);
  lua_pushlightuserdata(L, gc);
  failed = lua_pcall(L, 1, 1, 0);
  shareable_gc_free(gc);
  return failed ? lua_error(L) : 1;
}
