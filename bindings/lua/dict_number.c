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

/* Adds to an int that must be there: shareable_dict_add() would insert the key. */
static shareable_status add_to_present_int(const object *self, const shareable_value *key, int64_t delta,
                                           int64_t *sum) {
  int64_t expected = 0;
  int exchanged = 0;
  shareable_status status = shareable_dict_get_int(self->dict, key, &expected);

  while (status == SHAREABLE_OK && !exchanged) {
    if (__builtin_add_overflow(expected, delta, sum))
      return SHAREABLE_E_OVERFLOW;
    status = shareable_dict_compare_exchange(self->dict, key, &expected, *sum, self->timeout, &exchanged);
  }
  return status;
}

shareable_status dict_number_add_int(const object *self, const shareable_value *key, int64_t delta,
                                     const int64_t *initial, int64_t ttl, int64_t *sum) {
  if (initial == NULL)
    return add_to_present_int(self, key, delta, sum);
  return shareable_dict_add(self->dict, key, delta, *initial, ttl, self->timeout, sum);
}

/*
 * Adds to a float that must be there. If the key is deleted meanwhile, shareable_dict_add_float()
 * inserts it again: then it is NaN, and has expired.
 */
static shareable_status add_to_present_float(const object *self, const shareable_value *key, double delta,
                                             double *sum) {
  double found = 0;
  shareable_status status = shareable_dict_get_float(self->dict, key, &found);

  if (status != SHAREABLE_OK)
    return status;
  status = shareable_dict_add_float(self->dict, key, delta, NAN, 1, self->timeout, sum);
  if (status == SHAREABLE_OK && isnan(*sum) && !isnan(found) && !isnan(delta))
    return SHAREABLE_E_NO_KEY;
  return status;
}

static shareable_status add_to_float(const object *self, const shareable_value *key, double delta,
                                     const double *initial, int64_t ttl, shareable_value *sum) {
  *sum = shareable_float(0);
  if (initial == NULL)
    return add_to_present_float(self, key, delta, &sum->real);
  return shareable_dict_add_float(self->dict, key, delta, *initial, ttl, self->timeout, &sum->real);
}

/*
 * Removes an int, to which a float is added, and stores it. Returns E_TYPE if the value is not an int.
 */
static shareable_status take_int(const object *self, const shareable_value *key, int64_t *integer, int64_t *ttl) {
  shareable_value found = shareable_none();
  shareable_status status = shareable_dict_get_int(self->dict, key, integer);

  if (status == SHAREABLE_OK)
    status = shareable_dict_ttl(self->dict, key, ttl);
  if (status == SHAREABLE_OK)
    status = shareable_dict_pop(self->dict, key, &found, NULL, 0, self->timeout);
  if (status != SHAREABLE_OK)
    return status == SHAREABLE_E_BUFFER ? SHAREABLE_E_TYPE : status;
  *integer = found.integer;
  if (found.type == SHAREABLE_TYPE_INT)
    return SHAREABLE_OK;
  shareable_dict_set(self->dict, key, &found, SHAREABLE_DICT_IF_ABSENT, *ttl, self->timeout); /* its type changed */
  return SHAREABLE_E_TYPE;
}

/*
 * Adds to a float. An int is taken from the dict, and added with the delta: so no number that another
 * process adds meanwhile is lost.
 */
static shareable_status add_as_float(const object *self, const shareable_value *key, double delta,
                                     const double *initial, int64_t ttl, shareable_value *sum) {
  static const double zero = 0;
  int64_t integer, left;
  shareable_status status;

  for (;;) {
    status = add_to_float(self, key, delta, initial, ttl, sum);
    if (status != SHAREABLE_E_TYPE)
      return status;
    status = take_int(self, key, &integer, &left);
    if (status == SHAREABLE_E_NO_KEY)
      continue;
    if (status != SHAREABLE_OK)
      return status;
    delta += (double)integer;
    ttl = left;
    initial = &zero;
  }
}

/* Adds an int to an int. */
static shareable_status add_as_int(const object *self, const shareable_value *key, int64_t delta,
                                   const int64_t *initial, int64_t ttl, shareable_value *sum) {
  *sum = shareable_int(0);
  return dict_number_add_int(self, key, delta, initial, ttl, &sum->integer);
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
  double real = real_of(delta), first = initial == NULL ? 0 : real_of(initial);
  const double *initial_real = initial == NULL ? NULL : &first;
  shareable_status status;
  int64_t whole;

  if (delta->type == SHAREABLE_TYPE_INT && (initial == NULL || initial->type == SHAREABLE_TYPE_INT)) {
    status = add_as_int(self, key, delta->integer, initial == NULL ? NULL : &initial->integer, ttl, sum);
    if (status != SHAREABLE_E_TYPE)
      return status;
  }
  status = add_to_float(self, key, real, initial_real, ttl, sum);
  if (status == SHAREABLE_E_TYPE && number_is_whole(real, &whole))
    status = add_as_int(self, key, whole, NULL, 0, sum);
  else if (status == SHAREABLE_E_TYPE)
    status = add_as_float(self, key, real, initial_real, ttl, sum);
  if (status == SHAREABLE_E_NO_KEY && initial != NULL) /* it was deleted meanwhile */
    return add_as_float(self, key, real, initial_real, ttl, sum);
  return status;
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
