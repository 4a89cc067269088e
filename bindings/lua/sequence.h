/*
 * sequence.h - reads a sequence: a table with elements from 1 on. Its metamethods __len and __index
 * are used, which may run any Lua code, so that a table that only represents a sequence is read too.
 */
#ifndef SHAREABLE_LUA_SEQUENCE_H
#define SHAREABLE_LUA_SEQUENCE_H

#include "object.h"

/* Returns the length of the argument, or raises an error if it is not a table. */
size_t sequence_check_length(lua_State *L, int argument);

/*
 * Raises an error if the table in the argument has a key that is not an index up to `length`. The keys
 * of a table with __len are not checked. `noun` is what the table is, for the message.
 */
void sequence_check_keys(lua_State *L, int argument, size_t length, const char *noun);

/* Pushes the element at `index`, which counts from 1. */
void sequence_push(lua_State *L, int argument, size_t index);

#endif
