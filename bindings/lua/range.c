/*
 * range.c - a list's items many at a time: as a table, or as all integers or all floats.
 */
#include "range.h"

#include <limits.h>
#include <stdbool.h>

#include "item.h"
#include "status.h"
#include "value.h"

/* Where string.sub would begin and end: [first, first + count), counted from 0. */
typedef struct range {
  int64_t first;
  size_t count;
} range;

static range check_range(lua_State *L, const shareable_list *list) {
  int64_t length = (int64_t)shareable_list_length(list);
  int64_t first = number_check_integer_or(L, 2, 1), last = number_check_integer_or(L, 3, -1);

  if (first < 0)
    first = first < -length ? 1 : first + length + 1;
  if (last < 0)
    last = last < -length ? 0 : last + length + 1;
  if (first == 0)
    first = 1;
  if (last > length)
    last = length;
  return first > last ? (range){0, 0} : (range){first - 1, (size_t)(last - first + 1)};
}

static void push_table(lua_State *L, size_t count) {
  lua_createtable(L, count > INT_MAX ? INT_MAX : (int)count, 0);
}

/* Room for `count` numbers of 8 bytes, which the garbage collector frees. */
static void *push_numbers(lua_State *L, size_t count) {
  return lua_newuserdata(L, count * 8);
}

int range_table(lua_State *L) {
  const shareable_list *list = object_check_list(L, 1);
  range all = check_range(L, list);

  push_table(L, all.count);
  for (size_t i = 0; i < all.count; i++) {
    shareable_status status = item_push(L, list, all.first + (int64_t)i);
    if (status != SHAREABLE_OK)
      return item_fail(L, list, all.first + (int64_t)i, status);
    lua_rawseti(L, -2, (object_place)i + 1);
  }
  return 1;
}

int range_integers(lua_State *L) {
  const shareable_list *list = object_check_list(L, 1);
  range all = check_range(L, list);
  int64_t *integers = push_numbers(L, all.count);
  size_t done = 0;
  shareable_status status = shareable_list_get_ints(list, all.first, all.count, integers, &done);

  if (status != SHAREABLE_OK)
    return status_fail_item(L, list, all.first + (int64_t)done, status);
  push_table(L, all.count);
  for (size_t i = 0; i < all.count; i++) {
    if (!number_can_be(integers[i]))
      return status_fail_inexact(L, list, all.first + (int64_t)i);
    number_push_integer(L, integers[i]);
    lua_rawseti(L, -2, (object_place)i + 1);
  }
  return 1;
}

int range_floats(lua_State *L) {
  const shareable_list *list = object_check_list(L, 1);
  range all = check_range(L, list);
  double *reals = push_numbers(L, all.count);
  size_t done = 0;
  shareable_status status = shareable_list_get_floats(list, all.first, all.count, reals, &done);

  if (status != SHAREABLE_OK)
    return status_fail_item(L, list, all.first + (int64_t)done, status);
  push_table(L, all.count);
  for (size_t i = 0; i < all.count; i++) {
    lua_pushnumber(L, reals[i]);
    lua_rawseti(L, -2, (object_place)i + 1);
  }
  return 1;
}

static int refuse(lua_State *L, size_t i, const char *wanted) {
  const char *found = lua_isnumber(L, -1) ? lua_tostring(L, -1) : luaL_typename(L, -1);

  return status_misuse(L, "number %zu of the table: %s expected, got %s", i + 1, wanted, found);
}

static int64_t check_integer(lua_State *L, size_t i) {
  int64_t integer;

  lua_rawgeti(L, 3, (object_place)i + 1);
  if (lua_type(L, -1) == LUA_TSTRING || !number_read_integer(L, -1, &integer))
    refuse(L, i, "an integer");
  lua_pop(L, 1);
  return integer;
}

static double check_real(lua_State *L, size_t i) {
  shareable_value value;

  lua_rawgeti(L, 3, (object_place)i + 1);
  if (!number_read(L, -1, &value))
    refuse(L, i, "a number");
  lua_pop(L, 1);
  return value.type == SHAREABLE_TYPE_INT ? (double)value.integer : value.real;
}

/* The answer to writing a range. Of one that does not lie in the list, the first index outside is named. */
static int written(lua_State *L, const shareable_list *list, int64_t first, size_t done, shareable_status status) {
  int64_t length = (int64_t)shareable_list_length(list);

  lua_pushboolean(L, 1);
  if (status == SHAREABLE_OK)
    return 1;
  if (status == SHAREABLE_E_INDEX)
    return status_fail_item(L, list, first >= -length && first < length ? length : first, status);
  return status_fail_item(L, list, first + (int64_t)done, status);
}

int range_set_integers(lua_State *L) {
  shareable_list *list = object_check_list(L, 1);
  int64_t first = value_index_in(number_check_integer(L, 2)), *integers;
  size_t count, done = 0;

  luaL_checktype(L, 3, LUA_TTABLE);
  count = lua_rawlen(L, 3);
  integers = push_numbers(L, count);
  for (size_t i = 0; i < count; i++)
    integers[i] = check_integer(L, i);
  return written(L, list, first, done, shareable_list_set_ints(list, first, count, integers, &done));
}

int range_set_floats(lua_State *L) {
  shareable_list *list = object_check_list(L, 1);
  int64_t first = value_index_in(number_check_integer(L, 2));
  size_t count, done = 0;
  double *reals;

  luaL_checktype(L, 3, LUA_TTABLE);
  count = lua_rawlen(L, 3);
  reals = push_numbers(L, count);
  for (size_t i = 0; i < count; i++)
    reals[i] = check_real(L, i);
  return written(L, list, first, done, shareable_list_set_floats(list, first, count, reals, &done));
}
