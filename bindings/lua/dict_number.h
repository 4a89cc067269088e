/*
 * dict_number.h - atomic operations on the numbers of a dict.
 */
#ifndef SHAREABLE_LUA_DICT_NUMBER_H
#define SHAREABLE_LUA_DICT_NUMBER_H

#include "object.h"

/*
 * Adds `delta` to the int of a key, and stores the new int in *sum. `initial` is the int before the
 * addition if the key is absent, or NULL: then the function returns E_NO_KEY. The TTL, in nanoseconds,
 * is that of a key that is inserted. Returns E_TYPE if the value is not an int.
 */
shareable_status dict_number_add_int(const object *self, const shareable_value *key, int64_t delta,
                                     const int64_t *initial, int64_t ttl, int64_t *sum);

/*
 * dict_incr(dict, key, n[, init[, init_ttl]]): returns the new number, and if init is given, nil and
 * whether another key was evicted; or nil, message, nil, code.
 */
int dict_number_incr(lua_State *L);

/* dict_added(dict, key, init): returns what dict_incr() returns, for an addition that ffi.c has done. */
int dict_number_added(lua_State *L);

/*
 * dict_compare_exchange(dict, key, expected, desired): returns whether it exchanged, and the number
 * that it found; or nil, message, code.
 */
int dict_number_compare_exchange(lua_State *L);

#endif
