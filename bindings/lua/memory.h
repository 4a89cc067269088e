/*
 * memory.h - a block: its bytes as strings, and its metamethods.
 */
#ifndef SHAREABLE_LUA_MEMORY_H
#define SHAREABLE_LUA_MEMORY_H

#include "object.h"

/* The address of `length` bytes at `offset`, which are in the block, or an error. */
char *memory_check_bytes(lua_State *L, const shareable_memory *memory, int64_t offset, int64_t length);

/* memory_read(memory[, offset[, length]]): a string. */
int memory_read(lua_State *L);

/* memory_write(memory, offset, string): true. */
int memory_write(lua_State *L);

/* memory_is_closed(memory): a boolean. */
int memory_is_closed(lua_State *L);

/* Pushes a further handle of a block. */
void memory_push(lua_State *L, shareable_memory *memory);

/* Pushes the metatable. */
void memory_open(lua_State *L);

#endif
