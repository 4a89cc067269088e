/*
 * raw.c - the module "shareable.raw", with the functions that SWIG generates and those of this
 * folder.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr() */
#endif
#include <dlfcn.h>

#include "array.h"
#include "bytes.h"
#include "dict.h"
#include "dict_item.h"
#include "dict_keys.h"
#include "dict_number.h"
#include "ffi.h"
#include "garbage.h"
#include "item.h"
#include "list.h"
#include "lock.h"
#include "manager.h"
#include "memory.h"
#include "number.h"
#include "object.h"
#include "pack.h"
#include "range.h"
#include "rows.h"
#include "wait.h"
#include "watch.h"

int luaopen_raw(lua_State *L); /* SWIG generates it */
__attribute__((visibility("default"))) int luaopen_shareable_raw(lua_State *L);

static void push_global(lua_State *L, const char *name) {
  lua_pushglobaltable(L);
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  lua_remove(L, -2);
}

static void pop_global(lua_State *L, const char *name) {
  lua_pushglobaltable(L);
  lua_insert(L, -2);
  lua_pushstring(L, name);
  lua_insert(L, -2);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

/*
 * At exit, an interpreter unloads modules before it calls the last finalizers, which may use this
 * one. `make` links it with -z nodelete; this does the same if another tool linked it.
 */
static void stay_loaded(void) {
  Dl_info info;

  if (dladdr(&object_list, &info) != 0)
    dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

/* Pushes SWIG's module. SWIG sets two globals, which get their old values back. */
static void push_wrapper(lua_State *L) {
  push_global(L, "swig_type");
  push_global(L, "swig_equals");
  lua_pushcfunction(L, luaopen_raw);
  lua_call(L, 0, 1);
  lua_insert(L, -3);
  pop_global(L, "swig_equals");
  pop_global(L, "swig_type");
}

/* Pushes a table of the metatables, which the Lua layer fills. */
static void push_metatables(lua_State *L) {
  lua_newtable(L);
  memory_open(L);
  lua_setfield(L, -2, "memory");
  manager_open(L);
  lua_setfield(L, -2, "manager");
  list_open(L);
  lua_setfield(L, -2, "list");
  array_open_metatable(L);
  lua_setfield(L, -2, "array");
  dict_open_metatable(L);
  lua_setfield(L, -2, "dict");
  watch_open(L);
  lua_setfield(L, -2, "watch");
  bytes_open(L);
  lua_setfield(L, -2, "bytes");
  bytes_open_none(L);
  lua_setfield(L, -2, "none");
  number_open(L);
  lock_open(L);
}

int luaopen_shareable_raw(lua_State *L) {
  static const luaL_Reg functions[] = {{"array_create", array_create},
                                       {"array_data", array_data},
                                       {"array_descr", array_descr},
                                       {"array_dtype", array_dtype},
                                       {"array_exact", array_exact},
                                       {"array_get", array_get},
                                       {"array_itemsize", array_item_size},
                                       {"array_memory", array_memory},
                                       {"array_nbytes", array_nbytes},
                                       {"array_open", array_open},
                                       {"array_read", rows_read},
                                       {"array_set", array_set},
                                       {"array_set_table", rows_set_table},
                                       {"array_shape", array_shape},
                                       {"array_size", array_size},
                                       {"array_strides", array_strides},
                                       {"array_table", rows_table},
                                       {"array_write", rows_write},
                                       {"bytes", bytes_new},
                                       {"bytes_string", bytes_string},
                                       {"dict_add", dict_item_add},
                                       {"dict_capacity", dict_capacity},
                                       {"dict_clear", dict_clear},
                                       {"dict_close", dict_close},
                                       {"dict_compare_exchange", dict_number_compare_exchange},
                                       {"dict_copy", dict_copy},
                                       {"dict_create", dict_create},
                                       {"dict_delete", dict_item_delete},
                                       {"dict_evicted", dict_evicted},
                                       {"dict_evicts", dict_evicts},
                                       {"dict_exact", dict_item_exact},
                                       {"dict_expire", dict_item_expire},
                                       {"dict_flush_all", dict_keys_flush_all},
                                       {"dict_flush_expired", dict_keys_flush_expired},
                                       {"dict_free_space", dict_free_space},
                                       {"dict_get", dict_item_get},
                                       {"dict_get_keys", dict_keys_get},
                                       {"dict_get_stale", dict_item_get_stale},
                                       {"dict_incr", dict_number_incr},
                                       {"dict_key_size", dict_key_size},
                                       {"dict_list", dict_list},
                                       {"dict_open", dict_open},
                                       {"dict_pairs", dict_keys_pairs},
                                       {"dict_places", dict_places},
                                       {"dict_pop", dict_item_pop},
                                       {"dict_reindex", dict_reindex},
                                       {"dict_replace", dict_item_replace},
                                       {"dict_safe_add", dict_item_safe_add},
                                       {"dict_safe_set", dict_item_safe_set},
                                       {"dict_set", dict_item_set},
                                       {"dict_ttl", dict_item_ttl},
                                       {"dict_unlink", dict_unlink},
                                       {"dict_value_size", dict_value_size},
                                       {"dict_wait", dict_item_wait},
                                       {"dict_watch", watch_create_of_keys},
                                       {"float", number_float},
                                       {"garbage", garbage_find},
                                       {"integer", number_integer},
                                       {"list_hash", wait_hash},
                                       {"list_exact", item_exact},
                                       {"list_floats", range_floats},
                                       {"list_get", item_get},
                                       {"list_integers", range_integers},
                                       {"list_lock", lock_take},
                                       {"list_next", item_next},
                                       {"list_set", item_set},
                                       {"list_set_floats", range_set_floats},
                                       {"list_set_integers", range_set_integers},
                                       {"list_table", range_table},
                                       {"list_unlock", lock_release},
                                       {"list_wait", wait_item},
                                       {"list_wait_any", wait_any},
                                       {"list_watch", watch_create},
                                       {"manager_address", manager_address},
                                       {"manager_authkey", manager_authkey},
                                       {"manager_close", manager_close},
                                       {"manager_connect", manager_connect},
                                       {"manager_shutdown", manager_shutdown},
                                       {"manager_start", manager_start},
                                       {"manager_track", manager_track},
                                       {"memory_is_closed", memory_is_closed},
                                       {"memory_pack", pack_write},
                                       {"memory_read", memory_read},
                                       {"memory_unpack", pack_read},
                                       {"memory_write", memory_write},
                                       {"number_of", number_of},
                                       {"watch_changed", watch_changed},
                                       {"watch_close", watch_close},
                                       {"watch_fd", watch_fd},
                                       {"watch_is_closed", watch_is_closed},
                                       {NULL, NULL}};

  stay_loaded();
  push_wrapper(L);
  for (const luaL_Reg *f = functions; f->name != NULL; f++) {
    lua_pushcfunction(L, f->func);
    lua_setfield(L, -2, f->name);
  }
#if LOCK_ENDS_WITH_SCOPE
  lua_pushcfunction(L, lock_with);
  lua_setfield(L, -2, "list_with_lock");
#else
  lua_pushcfunction(L, lock_guard);
  lua_setfield(L, -2, "list_guard");
  lua_pushcfunction(L, lock_guard_release);
  lua_setfield(L, -2, "guard_unlock");
#endif
#if FFI_IS_POSSIBLE
  lua_pushcfunction(L, ffi_open);
  lua_setfield(L, -2, "ffi_open");
  lua_pushcfunction(L, ffi_raise_busy);
  lua_setfield(L, -2, "ffi_raise_busy");
  lua_pushcfunction(L, ffi_fail_busy);
  lua_setfield(L, -2, "ffi_fail_busy");
  lua_pushcfunction(L, dict_item_stored);
  lua_setfield(L, -2, "dict_stored");
  lua_pushcfunction(L, dict_item_raise);
  lua_setfield(L, -2, "dict_raise");
  lua_pushcfunction(L, dict_number_added);
  lua_setfield(L, -2, "dict_added");
  ffi_push_functions(L);
  lua_setfield(L, -2, "ffi_functions");
#endif
  push_metatables(L);
  lua_setfield(L, -2, "metatables");
  bytes_push_none(L);
  lua_setfield(L, -2, "none");
  return 1;
}
