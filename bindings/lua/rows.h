/*
 * rows.h - reads and writes ranges of an array's first dimension: the items of an array with one
 * dimension, or the rows of an array with more.
 */
#ifndef SHAREABLE_LUA_ROWS_H
#define SHAREABLE_LUA_ROWS_H

#include "object.h"

/* array_read(array[, first[, last]]): returns the bytes of the rows as a string, in C order. */
int rows_read(lua_State *L);

/* array_write(array, first, string): returns true. */
int rows_write(lua_State *L);

/*
 * array_table(array[, first[, last]]): returns a sequence of the values of the rows' items; or nil,
 * message, code.
 */
int rows_table(lua_State *L);

/* array_set_table(array, first, table): returns true. */
int rows_set_table(lua_State *L);

#endif
