/*
 * list.h - the metamethods of a list.
 */
#ifndef SHAREABLE_LUA_LIST_H
#define SHAREABLE_LUA_LIST_H

#include "object.h"

/* Pushes the metatable. */
void list_open(lua_State *L);

#endif
