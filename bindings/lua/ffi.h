/*
 * ffi.h - the functions of a list and of a dict that LuaJIT calls by its FFI.
 *
 * LuaJIT compiles such calls, but not calls by Lua's API. shareable/ffi.lua declares these functions,
 * and calls the functions of raw.c for whatever they do not handle: other arguments, other types and
 * every error. It gets their addresses from this module, so that both use the same library.
 */
#ifndef SHAREABLE_LUA_FFI_H
#define SHAREABLE_LUA_FFI_H

#include <stdbool.h>

#include "object.h"

/* Whether a LuaJIT may load this module. */
#define FFI_IS_POSSIBLE (LUA_VERSION_NUM == 501)

#if FFI_IS_POSSIBLE
/*
 * Reads an int64_t, or a uint64_t below 2^63, of LuaJIT's FFI. Returns false for any other value.
 */
bool ffi_read_integer(lua_State *L, int index, int64_t *integer);

/*
 * ffi_open(convert, lists, dicts): enables ffi_read_integer() and ffi_add(). convert(value) returns an
 * int64_t of the FFI, or nil if ffi_read_integer() must return false. `lists` and `dicts` are tables
 * with weak keys.
 */
int ffi_open(lua_State *L);

/* Adds the new list or dict on top of the stack to the keys of its table. */
void ffi_add(lua_State *L, const object_kind *kind);

/*
 * ffi_raise_busy(list, index) and ffi_fail_busy(list, index): end an access to an item that failed
 * with E_BUSY, as l[i] and list_get() do, without another wait.
 */
int ffi_raise_busy(lua_State *L);
int ffi_fail_busy(lua_State *L);

/* Pushes the address of the table of functions. */
void ffi_push_functions(lua_State *L);
#else
static inline bool ffi_read_integer(lua_State *L, int index, int64_t *integer) {
  (void)L;
  (void)index;
  (void)integer;
  return false;
}

static inline void ffi_add(lua_State *L, const object_kind *kind) {
  (void)L;
  (void)kind;
}
#endif

#endif
