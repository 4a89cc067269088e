/*
 * garbage.h - what dead owners left.
 */
#ifndef SHAREABLE_LUA_GARBAGE_H
#define SHAREABLE_LUA_GARBAGE_H

#include "object.h"

/* garbage(remove): a table of a table a block: name, garbage, removed, reason; or nil, message, code. */
int garbage_find(lua_State *L);

#endif
