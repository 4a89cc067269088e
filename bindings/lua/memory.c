/*
 * memory.c - reads and writes the bytes of a block as strings, and implements its metamethods.
 */
#include "memory.h"

#include <inttypes.h>
#include <string.h>

#include "number.h"
#include "status.h"

char *memory_check_bytes(lua_State *L, const shareable_memory *memory, int64_t offset, int64_t length) {
  char *address = shareable_memory_address(memory);
  size_t size = shareable_memory_size(memory);

  if (address == NULL)
    status_raise_memory(L, memory, SHAREABLE_E_CLOSED);
  /* the size is below 2^63; a size_t may be too small for the integers of Lua */
  if (offset < 0 || length < 0 || offset > (int64_t)size || length > (int64_t)size - offset)
    status_usage_error(L, "%" PRId64 " bytes at offset %" PRId64 " out of range: block '%s' has %zu bytes", length,
                       offset, shareable_memory_name(memory), size);
  return address + offset;
}

/* Up to this many bytes are read into a buffer on the C stack. */
#define SHORT_READ_MAX 1024

/*
 * Pushes the bytes as a string. Pushing them from the block itself would not be safe: that may run
 * the garbage collector first, and a finalizer may close the block.
 */
int memory_read(lua_State *L) {
  const shareable_memory *memory = object_check_memory(L, 1);
  int64_t offset = number_check_integer_or(L, 2, 0);
  int64_t rest = offset < 0 ? 0 : (int64_t)shareable_memory_size(memory) - offset;
  int64_t length = number_check_integer_or(L, 3, rest < 0 ? 0 : rest);
  char short_buffer[SHORT_READ_MAX], *buffer = short_buffer;

  memory_check_bytes(L, memory, offset, length);
  if (length > SHORT_READ_MAX)
    buffer = lua_newuserdata(L, (size_t)length);
  memcpy(buffer, memory_check_bytes(L, memory, offset, length), (size_t)length);
  lua_pushlstring(L, buffer, (size_t)length);
  return 1;
}

int memory_write(lua_State *L) {
  const shareable_memory *memory = object_check_memory(L, 1);
  int64_t offset = number_check_integer(L, 2);
  size_t length;
  const char *string;
  char *address;

  luaL_checktype(L, 3, LUA_TSTRING);
  string = lua_tolstring(L, 3, &length);
  address = memory_check_bytes(L, memory, offset, (int64_t)length);
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
  object *self = object_push(L, &object_memory); /* may raise an error, so the reference is taken after it */

  self->memory = shareable_memory_ref(memory);
}

static int equal(lua_State *L) {
  const object *a = object_test(L, 1, &object_memory), *b = object_test(L, 2, &object_memory);

  lua_pushboolean(L, a != NULL && b != NULL && shareable_memory_same_block(a->memory, b->memory));
  return 1;
}

/* __close: the end of a scope closes the handle. */
static int scope_exit(lua_State *L) {
  shareable_memory_close(object_check_memory(L, 1));
  return 0;
}

/*
 * The finalizer. Another finalizer may resurrect the object, so the handle becomes NULL, which
 * counts as closed.
 */
static int gc(lua_State *L) {
  object *self = object_check(L, 1, &object_memory);

  shareable_memory_unref(self->memory);
  self->memory = NULL;
  return 0;
}

void memory_open(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"__close", scope_exit}, {"__eq", equal}, {"__gc", gc}, {"__newindex", object_readonly}, {NULL, NULL}};

  object_push_metatable(L, &object_memory, functions, object_member);
}
