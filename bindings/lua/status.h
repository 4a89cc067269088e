/*
 * status.h - returns or raises the failures of the library in Lua.
 *
 * The status_fail functions end a C function that failed. They raise a usage error, with the
 * position of the caller. For a run-time failure they push nil, the message and the name of the
 * status, and return 3. The status_raise functions always raise.
 */
#ifndef SHAREABLE_LUA_STATUS_H
#define SHAREABLE_LUA_STATUS_H

#include "object.h"

/* The error contains the status and the message. */
int status_fail(lua_State *L, const shareable_error *error);

/* A list function returned the status for the item at `index`, which counts from 0. */
int status_fail_item(lua_State *L, const shareable_list *list, int64_t index, shareable_status status);
int status_raise_item(lua_State *L, const shareable_list *list, int64_t index, shareable_status status);

/* The item is an integer that no number of this Lua can represent. This is a run-time failure. */
int status_fail_inexact(lua_State *L, const shareable_list *list, int64_t index);
int status_raise_inexact(lua_State *L, const shareable_list *list, int64_t index);

/* A list function returned the status for the whole list: for its lock, or for all its items. */
int status_fail_list(lua_State *L, const shareable_list *list, shareable_status status);

/* A dict function returned the status for the key, or for the whole dict if it is NULL. */
int status_fail_dict(lua_State *L, const shareable_dict *dict, const shareable_value *key, shareable_status status);
int status_raise_dict(lua_State *L, const shareable_dict *dict, const shareable_value *key, shareable_status status);

/* Raises a message, formatted as by printf(), with the position of the caller. */
int status_usage_error(lua_State *L, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The block is closed (E_CLOSED) or attached read-only (E_READ_ONLY). */
int status_raise_memory(lua_State *L, const shareable_memory *memory, shareable_status status);

#endif
