/*
 * element.h - an item of an array, converted between memory and the values of Lua.
 */
#ifndef SHAREABLE_LUA_ELEMENT_H
#define SHAREABLE_LUA_ELEMENT_H

#include "object.h"

/* The type of an array's items. */
typedef struct element_type {
  shareable_dtype dtype;
  size_t size; /* of an item, in bytes; any size if the dtype is SHAREABLE_DTYPE_BYTES */
} element_type;

element_type element_type_of(const shareable_array *array);

/* The largest size of an item that consists of numbers, in bytes. */
enum { ELEMENT_NUMBERS_MAX = 16 };

/* Returns NumPy's short name of the dtype, for example "f8". That of SHAREABLE_DTYPE_BYTES is "V". */
const char *element_name(shareable_dtype dtype);

/* Returns the dtype with that short name, or SHAREABLE_DTYPE_BYTES for any other text. */
shareable_dtype element_dtype(const char *name);

/* Returns the number of Lua values of an item: 2 for a complex number, otherwise 1. */
int element_values(shareable_dtype dtype);

/*
 * Whether numbers of this Lua can represent the item. An item of the type u8 of 2^63 or more is the
 * negative integer with the same bits, as for the option J of string.unpack().
 */
bool element_is_exact(element_type type, const void *item);

/*
 * Pushes the values of the item, which must not be in shared memory, because Lua may allocate. An
 * integer that no number of this Lua can represent becomes a shareable.integer.
 */
void element_push(lua_State *L, element_type type, const void *item);

/*
 * Converts the values at `index` and after it. Returns 0, or the number of the value that the item
 * cannot hold, counted from 1: then the function pushes a message, without a position.
 */
int element_read(lua_State *L, int index, element_type type, void *item);

#endif
