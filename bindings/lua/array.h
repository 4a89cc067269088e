/*
 * array.h - an array: its handle, its fields and its single items.
 */
#ifndef SHAREABLE_LUA_ARRAY_H
#define SHAREABLE_LUA_ARRAY_H

#include "element.h"

/*
 * Returns the address of the first item, or raises an error if the array is closed. The address is
 * valid until Lua allocates memory or calls a function: a finalizer or a hook may then close the
 * array.
 */
unsigned char *array_check_open(lua_State *L, const shareable_array *array);

/* Does the same, and also raises an error if the array is attached read-only. */
unsigned char *array_check_writable(lua_State *L, const shareable_array *array);

/* Up to this many bytes of items are kept on the C stack. */
enum { ARRAY_FEW = 4096 };

/*
 * Returns room for `size` bytes, which is not in shared memory: `few`, which has ARRAY_FEW bytes, or
 * a longer buffer, which is pushed.
 */
unsigned char *array_buffer(lua_State *L, size_t size, unsigned char *few);

/* Ends a function at an item that is not exact: returns nil, message, "E_OVERFLOW". */
int array_fail_inexact(lua_State *L, const shareable_array *array);

/*
 * array_create(name, dtype, shape, items, flags, mode) and array_open(name, flags): return the array;
 * or nil, message, code. The dtype is a short name of NumPy's, or the Python literal of a descr. The
 * items are a string, or nil for zeros.
 */
int array_create(lua_State *L);
int array_open(lua_State *L);

/*
 * array_get(array, i, j, ...) and array_exact(array, i, j, ...): return the values of the item; or
 * nil, message, code.
 */
int array_get(lua_State *L);
int array_exact(lua_State *L);

/* array_set(array, i, j, ..., value): returns true. A complex number is two values. */
int array_set(lua_State *L);

/* Each takes the array and returns one field. The shape and the strides are sequences. */
int array_descr(lua_State *L);
int array_dtype(lua_State *L);
int array_item_size(lua_State *L);
int array_memory(lua_State *L);
int array_nbytes(lua_State *L);
int array_shape(lua_State *L);
int array_size(lua_State *L);
int array_strides(lua_State *L);

/* array_data(array): returns the address of the first item as a light userdata. */
int array_data(lua_State *L);

/* Pushes the metatable. */
void array_open_metatable(lua_State *L);

#endif
