/*
 * dict_number.c - atomic operations on the numbers of a dict.
 */
#include "dict_number.h"

#include "dict_item.h"
#include "dict_key.h"
#include "number.h"
#include "status.h"

static double real_of(const shareable_value *number) {
  return number->type == SHAREABLE_TYPE_INT ? (double)number->integer : number->real;
}

shareable_status dict_number_add_int(const object *self, const shareable_value *key, int64_t delta,
                                     const int64_t *initial, int64_t ttl, int64_t *sum) {
  uint32_t flags = initial == NULL ? SHAREABLE_DICT_IF_PRESENT : SHAREABLE_DICT_ANY;

  return shareable_dict_add(self->dict, key, delta, initial == NULL ? 0 : *initial, flags, ttl, self->timeout, sum);
}

/*
 * Adds `delta` to the number of a key. An int to which a number is added that is not whole becomes a
 * float.
 *
 *   delta    an int or a float
 *   initial  the number before the addition if the key is absent, or NULL: then E_NO_KEY
 */
static shareable_status add(const object *self, const shareable_value *key, const shareable_value *delta,
                            const shareable_value *initial, int64_t ttl, shareable_value *sum) {
  bool is_int = delta->type == SHAREABLE_TYPE_INT && initial != NULL && initial->type == SHAREABLE_TYPE_INT;
  int64_t whole = delta->integer;
  uint32_t flags = SHAREABLE_DICT_CONVERT | (initial == NULL ? SHAREABLE_DICT_IF_PRESENT : 0);
  shareable_status status;

  if (delta->type == SHAREABLE_TYPE_INT || number_is_whole(delta->real, &whole)) {
    *sum = shareable_int(0);
    status = dict_number_add_int(self, key, whole, is_int ? &initial->integer : NULL, ttl, &sum->integer);
    if (status != SHAREABLE_E_TYPE && (status != SHAREABLE_E_NO_KEY || initial == NULL))
      return status;
  }
  *sum = shareable_float(0);
  return shareable_dict_add_float(self->dict, key, real_of(delta), initial == NULL ? 0 : real_of(initial), flags, ttl,
                                  self->timeout, &sum->real);
}

/* Returns a number, or a string of digits, which ngx.shared.DICT accepts too; or raises an error. */
static shareable_value check_number(lua_State *L, int argument) {
  shareable_value number = shareable_none();

  if (lua_type(L, argument) == LUA_TSTRING && lua_isnumber(L, argument)) {
    lua_pushnumber(L, lua_tonumber(L, argument));
    lua_replace(L, argument);
  }
  if (!number_read(L, argument, &number))
    luaL_argerror(L, argument, lua_pushfstring(L, "number expected, got %s", luaL_typename(L, argument)));
  return number;
}

/* The third result is nil, because no key was evicted. */
static int fail_add(lua_State *L, const shareable_dict *dict, const shareable_value *key, shareable_status status) {
  dict_item_fail(L, dict, key, status);
  lua_pushnil(L);
  lua_insert(L, -2);
  return 4;
}

/* Pushes the results of an addition. */
static int push_sum(lua_State *L, const shareable_value *sum, bool has_initial, bool forcible) {
  dict_item_push(L, sum, DICT_ITEM_NUMBER);
  if (!has_initial)
    return 1;
  lua_pushnil(L);
  lua_pushboolean(L, forcible);
  return 3;
}

int dict_number_incr(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);
  shareable_value key = dict_key_check(L, 2), delta = check_number(L, 3), initial = shareable_none(), sum;
  bool has_initial = !lua_isnoneornil(L, 4);
  uint64_t evicted = shareable_dict_evicted(self->dict);
  shareable_status status;

  if (has_initial)
    initial = check_number(L, 4);
  else if (!lua_isnoneornil(L, 5))
    return luaL_argerror(L, 5, "must provide \"init\" when providing \"init_ttl\"");
  status = add(self, &key, &delta, has_initial ? &initial : NULL, dict_item_check_ttl(L, 5), &sum);
  if (status != SHAREABLE_OK)
    return fail_add(L, self->dict, &key, status);
  return push_sum(L, &sum, has_initial, shareable_dict_evicted(self->dict) != evicted);
}

int dict_number_added(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);
  shareable_value key = dict_key_check(L, 2), sum = shareable_int(self->sum);

  if (self->status != SHAREABLE_OK)
    return fail_add(L, self->dict, &key, self->status);
  return push_sum(L, &sum, !lua_isnil(L, 3), self->forcible);
}

int dict_number_compare_exchange(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);
  shareable_value key = dict_key_check(L, 2);
  int64_t expected = number_check_integer(L, 3), desired = number_check_integer(L, 4);
  int exchanged = 0;
  shareable_status status =
    shareable_dict_compare_exchange(self->dict, &key, &expected, desired, self->timeout, &exchanged);

  if (status == SHAREABLE_E_TYPE) /* it may be a float: the message names the type */
    return status_fail_dict(L, self->dict, &key, status);
  if (status != SHAREABLE_OK)
    return dict_item_fail(L, self->dict, &key, status);
  lua_pushboolean(L, exchanged);
  number_push_integer(L, expected);
  return 2;
}
