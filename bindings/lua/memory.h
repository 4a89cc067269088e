/*
 * memory.h - reads and writes the bytes of a block as strings, and implements its metamethods.
 */
#ifndef SHAREABLE_LUA_MEMORY_H
#define SHAREABLE_LUA_MEMORY_H

#include "object.h"

/*
 * Returns the address of the byte at `offset`. Raises an error unless `length` bytes from there are
 * in the block. The address is valid until Lua allocates memory or calls a function: a finalizer or
 * a hook may then close the block.
 */
char *memory_check_bytes(lua_State *L, const shareable_memory *memory, int64_t offset, int64_t length);

/* memory_read(memory[, offset[, length]]): returns a string. */
int memory_read(lua_State *L);

/* memory_write(memory, offset, string): returns true. */
int memory_write(lua_State *L);

/* memory_is_closed(memory): returns a boolean. */
int memory_is_closed(lua_State *L);

/* Pushes a new object, which takes a reference to the handle. */
void memory_push(lua_State *L, shareable_memory *memory);

/* Pushes the metatable. */
void memory_open(lua_State *L);

#endif
