/*
 * status.h - how a failure reaches a Lua program.
 */
#ifndef SHAREABLE_LUA_STATUS_H
#define SHAREABLE_LUA_STATUS_H

#include "object.h"

/*
 * Ends a C function that failed. What the caller did wrong is raised, with the caller's position. What the world did
 * is pushed: nil, the sentence and the status' name; returns 3.
 */
int status_fail(lua_State *L, const shareable_error *error);

/* The same for what a list answered about the item at `index`, which counts from 0 as the library's does. */
int status_fail_item(lua_State *L, const shareable_list *list, int64_t index, shareable_status status);

/* The same, but always raised. */
int status_raise_item(lua_State *L, const shareable_list *list, int64_t index, shareable_status status);

/* The same for an item that is an integer which no number of this Lua can be: the world's doing. */
int status_fail_inexact(lua_State *L, const shareable_list *list, int64_t index);
int status_raise_inexact(lua_State *L, const shareable_list *list, int64_t index);

/* The same for what a list answered about itself: its lock, or all that it holds. */
int status_fail_list(lua_State *L, const shareable_list *list, shareable_status status);

/* Raises a sentence, as printf() makes it, with the caller's position. */
int status_misuse(lua_State *L, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Raises that the block, which is closed or was attached read-only, cannot be used so. */
int status_raise_memory(lua_State *L, const shareable_memory *memory, shareable_status status);

#endif
