/*
 * list.c - the metamethods of a list.
 */
#include "list.h"

#include "item.h"
#include "memory.h"

static int length(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)shareable_list_length(object_check_list(L, 1)));
  return 1;
}

static int equal(lua_State *L) {
  const object *a = object_test(L, 1, &object_list), *b = object_test(L, 2, &object_list);

  lua_pushboolean(L, a != NULL && b != NULL &&
                       shareable_memory_same_block(shareable_list_memory(a->list), shareable_list_memory(b->list)));
  return 1;
}

/* __close: the end of a scope closes the handle. */
static int scope_exit(lua_State *L) {
  shareable_list_close(object_check_list(L, 1));
  return 0;
}

/*
 * The finalizer. Another finalizer may resurrect the object, so the handle becomes NULL, which
 * counts as closed.
 */
static int gc(lua_State *L) {
  object *self = object_check(L, 1, &object_list);

  shareable_list_unref(self->list);
  self->list = NULL;
  return 0;
}

void list_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"__close", scope_exit},     {"__eq", equal},   {"__gc", gc},
                                       {"__newindex", item_assign}, {"__len", length}, {NULL, NULL}};

  object_push_metatable(L, &object_list, functions, item_index);
}
