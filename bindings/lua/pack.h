/*
 * pack.h - integers and floats at an offset of a block, by the formats of string.pack.
 */
#ifndef SHAREABLE_LUA_PACK_H
#define SHAREABLE_LUA_PACK_H

#include "object.h"

/* memory_pack(memory, format, offset, ...): the offset past them. All or none is written. */
int pack_write(lua_State *L);

/* memory_unpack(memory, format[, offset]): the numbers, and the offset past them. */
int pack_read(lua_State *L);

#endif
