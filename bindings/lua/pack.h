/*
 * pack.h - reads and writes numbers in a block, by the formats of string.pack.
 */
#ifndef SHAREABLE_LUA_PACK_H
#define SHAREABLE_LUA_PACK_H

#include "object.h"

/*
 * memory_pack(memory, format, offset, ...): returns the offset after the last byte. It writes
 * either all numbers or none.
 */
int pack_write(lua_State *L);

/*
 * memory_unpack(memory, format[, offset]): returns the numbers, and the offset after the last byte.
 */
int pack_read(lua_State *L);

#endif
