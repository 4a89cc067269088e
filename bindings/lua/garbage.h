/*
 * garbage.h - the garbage collection of blocks, as a table of its results.
 */
#ifndef SHAREABLE_LUA_GARBAGE_H
#define SHAREABLE_LUA_GARBAGE_H

#include "object.h"

/*
 * garbage(remove): returns an array of one table for each block, with the fields name, garbage,
 * removed and reason; or nil, message, code.
 */
int garbage_find(lua_State *L);

#endif
