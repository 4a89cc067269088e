/*
 * memory.c - a block: its bytes as strings, and its metamethods.
 */
#include "memory.h"

#include <string.h>

#include "status.h"

/* The address of `length` bytes at `offset`, which are in the block and may be used so, or an error. */
static char *check_bytes(lua_State *L, const shareable_memory *memory, lua_Integer offset, lua_Integer length) {
  char *address = shareable_memory_address(memory);
  size_t size = shareable_memory_size(memory);

  if (address == NULL)
    status_raise_memory(L, memory, SHAREABLE_E_CLOSED);
  if (offset < 0 || length < 0 || (size_t)offset > size || (size_t)length > size - (size_t)offset)
    luaL_error(L, "block '%s' has %I bytes: there are no %I at offset %I", shareable_memory_name(memory),
               (LUAI_UACINT)size, (LUAI_UACINT)length, (LUAI_UACINT)offset);
  return address + offset;
}

int memory_read(lua_State *L) {
  const shareable_memory *memory = object_check_memory(L, 1);
  lua_Integer offset = luaL_optinteger(L, 2, 0);
  lua_Integer rest = offset < 0 ? 0 : (lua_Integer)shareable_memory_size(memory) - offset;
  lua_Integer length = luaL_optinteger(L, 3, rest < 0 ? 0 : rest);

  lua_pushlstring(L, check_bytes(L, memory, offset, length), (size_t)length);
  return 1;
}

int memory_write(lua_State *L) {
  const shareable_memory *memory = object_check_memory(L, 1);
  lua_Integer offset = luaL_checkinteger(L, 2);
  size_t length;
  const char *string;
  char *address;

  luaL_checktype(L, 3, LUA_TSTRING);
  string = lua_tolstring(L, 3, &length);
  address = check_bytes(L, memory, offset, (lua_Integer)length);
  if (shareable_memory_is_read_only(memory))
    return status_raise_memory(L, memory, SHAREABLE_E_READ_ONLY);
  memcpy(address, string, length);
  lua_pushboolean(L, 1);
  return 1;
}

int memory_is_closed(lua_State *L) {
  lua_pushboolean(L, shareable_memory_address(object_check_memory(L, 1)) == NULL);
  return 1;
}

void memory_push(lua_State *L, shareable_memory *memory) {
  object_push(L, &object_memory)->memory = shareable_memory_ref(memory);
}

static int equal(lua_State *L) {
  const object *a = object_test(L, 1, &object_memory), *b = object_test(L, 2, &object_memory);

  lua_pushboolean(L, a != NULL && b != NULL && shareable_memory_is_same(a->memory, b->memory));
  return 1;
}

/* The end of a scope. */
static int leave(lua_State *L) {
  shareable_memory_close(object_check_memory(L, 1));
  return 0;
}

/* The finalizer. Another one may bring the object back: it is left empty, which is as good as closed. */
static int drop(lua_State *L) {
  object *self = object_check(L, 1, &object_memory);

  shareable_memory_unref(self->memory);
  self->memory = NULL;
  return 0;
}

void memory_open(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"__close", leave}, {"__eq", equal}, {"__gc", drop}, {"__newindex", object_refuse}, {NULL, NULL}};

  object_push_metatable(L, &object_memory, functions, object_member);
}
