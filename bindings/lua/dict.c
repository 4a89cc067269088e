/*
 * dict.c - a dict: its handle, its options and its fields.
 */
#include "dict.h"

#include "dict_item.h"
#include "memory.h"
#include "number.h"
#include "status.h"
#include "value.h"

/* The timeout of a handle that has none of its own: 10 seconds. */
#define TIMEOUT (INT64_C(10) * 1000 * 1000 * 1000)

static int64_t check_timeout(lua_State *L, int argument, int64_t otherwise) {
  return lua_isnoneornil(L, argument) ? otherwise : value_check_timeout(L, argument);
}

int dict_create(lua_State *L) {
  const char *name = value_check_name(L, 1);
  size_t places = (size_t)value_check_uint(L, 2, SIZE_MAX), key_size = (size_t)value_check_uint(L, 3, SIZE_MAX),
         value_size = (size_t)value_check_uint(L, 4, SIZE_MAX);
  uint32_t flags = (uint32_t)value_check_uint(L, 5, UINT32_MAX), mode = (uint32_t)value_check_uint(L, 6, UINT32_MAX);
  int64_t timeout = check_timeout(L, 7, TIMEOUT);
  object *self = object_push(L, &object_dict);
  shareable_error error;

  self->timeout = timeout;
  if (shareable_dict_create(&self->dict, name, places, key_size, value_size, flags, mode, &error) != SHAREABLE_OK)
    return status_fail(L, &error);
  return 1;
}

int dict_open(lua_State *L) {
  const char *name = value_check_name(L, 1);
  uint32_t flags = (uint32_t)value_check_uint(L, 2, UINT32_MAX);
  int64_t timeout = check_timeout(L, 3, TIMEOUT);
  object *self = object_push(L, &object_dict);
  shareable_error error;

  self->timeout = timeout;
  return shareable_dict_open(&self->dict, name, flags, &error) == SHAREABLE_OK ? 1 : status_fail(L, &error);
}

int dict_list(lua_State *L) {
  shareable_dict *dict = object_check_dict(L, 1);
  object *list = object_push(L, &object_list); /* may raise an error, so the reference is taken after it */

  list->list = shareable_list_ref(shareable_dict_list(dict));
  return 1;
}

static int push_size(lua_State *L, size_t size) {
  number_push_integer(L, (int64_t)size);
  return 1;
}

int dict_places(lua_State *L) {
  return push_size(L, shareable_dict_places(object_check_dict(L, 1)));
}

int dict_key_size(lua_State *L) {
  return push_size(L, shareable_dict_key_size(object_check_dict(L, 1)));
}

int dict_value_size(lua_State *L) {
  return push_size(L, shareable_dict_value_size(object_check_dict(L, 1)));
}

int dict_evicts(lua_State *L) {
  lua_pushboolean(L, shareable_dict_evicts(object_check_dict(L, 1)));
  return 1;
}

int dict_evicted(lua_State *L) {
  return push_size(L, (size_t)shareable_dict_evicted(object_check_dict(L, 1)));
}

static shareable_memory *memory_of(const shareable_dict *dict) {
  return shareable_list_memory(shareable_dict_list(dict));
}

int dict_capacity(lua_State *L) {
  return push_size(L, shareable_memory_size(memory_of(object_check_dict(L, 1))));
}

/* Returns the number of keys, or raises an error if the dict is closed. */
static size_t check_length(lua_State *L, const shareable_dict *dict) {
  size_t length = 0;
  shareable_status status = shareable_dict_length(dict, &length);

  if (status != SHAREABLE_OK)
    status_raise_dict(L, dict, NULL, status);
  return length;
}

int dict_length(lua_State *L) {
  return push_size(L, check_length(L, object_check_dict(L, 1)));
}

/* The bytes of the free places. Another process may store any number of keys. */
int dict_free_space(lua_State *L) {
  const shareable_dict *dict = object_check_dict(L, 1);
  size_t places = shareable_dict_places(dict), length = check_length(L, dict);
  size_t place = places == 0 ? 0 : shareable_memory_size(memory_of(dict)) / places;

  return push_size(L, length < places ? (places - length) * place : 0);
}

int dict_close(lua_State *L) {
  shareable_dict_close(object_check_dict(L, 1));
  return 0;
}

static int push_done(lua_State *L) {
  lua_pushboolean(L, 1);
  return 1;
}

int dict_unlink(lua_State *L) {
  shareable_error error;

  if (shareable_dict_unlink(object_check_dict(L, 1), &error) != SHAREABLE_OK)
    return status_fail(L, &error);
  return push_done(L);
}

static int end(lua_State *L, const shareable_dict *dict, shareable_status status) {
  return status == SHAREABLE_OK ? push_done(L) : status_fail_dict(L, dict, NULL, status);
}

int dict_reindex(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);

  return end(L, self->dict, shareable_dict_reindex(self->dict, check_timeout(L, 2, self->timeout)));
}

int dict_clear(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);

  return end(L, self->dict, shareable_dict_clear(self->dict, check_timeout(L, 2, self->timeout)));
}

/* A failure may be that of the source or of the target, which most of them are about. */
int dict_copy(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict), *target = object_check(L, 2, &object_dict);
  int64_t timeout = check_timeout(L, 3, self->timeout);
  size_t length;
  bool is_closed = shareable_dict_length(self->dict, &length) != SHAREABLE_OK;

  return end(L, is_closed ? self->dict : target->dict, shareable_dict_copy(self->dict, target->dict, timeout));
}

static int equal(lua_State *L) {
  const object *a = object_test(L, 1, &object_dict), *b = object_test(L, 2, &object_dict);

  lua_pushboolean(L, a != NULL && b != NULL && shareable_memory_same_block(memory_of(a->dict), memory_of(b->dict)));
  return 1;
}

/*
 * The finalizer. Another finalizer may resurrect the object, so the handle becomes NULL, which
 * counts as closed.
 */
static int gc(lua_State *L) {
  object *self = object_check(L, 1, &object_dict);

  shareable_dict_unref(self->dict);
  self->dict = NULL;
  return 0;
}

/* __close: the end of a scope closes the handle. */
void dict_open_metatable(lua_State *L) {
  static const luaL_Reg functions[] = {{"__close", dict_close},          {"__eq", equal},        {"__gc", gc},
                                       {"__newindex", dict_item_assign}, {"__len", dict_length}, {NULL, NULL}};

  object_push_metatable(L, &object_dict, functions, dict_item_index);
}
