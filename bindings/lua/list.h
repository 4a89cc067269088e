/*
 * list.h - a list as a whole: its metamethods.
 */
#ifndef SHAREABLE_LUA_LIST_H
#define SHAREABLE_LUA_LIST_H

#include "object.h"

/* Pushes the metatable. */
void list_open(lua_State *L);

#endif
