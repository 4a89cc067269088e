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

/* So many items are read at once. */
enum { CHUNK = 1024 };

/* Room for `count` numbers of 8 bytes, which the garbage collector frees. */
static void *push_numbers(lua_State *L, size_t count) {
  if (count > SIZE_MAX / 8)
    status_misuse(L, "a table of %zu numbers is too long", count);
  return lua_newuserdata(L, count * 8);
}

/* Puts numbers into the table on the stack, behind the first `at` of it. False at one that no number of this Lua can be. */
static bool put_integers(lua_State *L, size_t *at, const int64_t *integers, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!number_can_be(integers[i]))
      return false;
    number_push_integer(L, integers[i]);
    lua_rawseti(L, -2, (object_place)++ * at);
  }
  return true;
}

static void put_reals(lua_State *L, size_t *at, const double *reals, size_t count) {
  for (size_t i = 0; i < count; i++) {
    lua_pushnumber(L, reals[i]);
    lua_rawseti(L, -2, (object_place)++ * at);
  }
}

/* The next integers, or the next floats, of a range: as many as there are in a row, and OK; or none, and what is there. */
static shareable_status put_next_integers(lua_State *L, const shareable_list *list, range all, size_t *at) {
  int64_t integers[CHUNK];
  size_t count = all.count - *at < CHUNK ? all.count - *at : CHUNK, done = 0;
  shareable_status status = shareable_list_get_ints(list, all.first + (int64_t)*at, count, integers, &done);

  if (!put_integers(L, at, integers, done))
    return SHAREABLE_E_OVERFLOW;
  return done > 0 ? SHAREABLE_OK : status;
}

static shareable_status put_next_reals(lua_State *L, const shareable_list *list, range all, size_t *at) {
  double reals[CHUNK];
  size_t count = all.count - *at < CHUNK ? all.count - *at : CHUNK, done = 0;
  shareable_status status = shareable_list_get_floats(list, all.first + (int64_t)*at, count, reals, &done);

  put_reals(L, at, reals, done);
  return done > 0 ? SHAREABLE_OK : status;
}

/* The next items one by one, since the first is no number. */
static shareable_status put_next_items(lua_State *L, const shareable_list *list, range all, size_t *at) {
  shareable_status status = SHAREABLE_OK;

  for (size_t end = *at + CHUNK; status == SHAREABLE_OK && *at < end && *at < all.count;) {
    status = item_push(L, list, all.first + (int64_t)*at);
    if (status == SHAREABLE_OK)
      lua_rawseti(L, -2, (object_place)++ * at);
  }
  return status;
}

static shareable_status put_next(lua_State *L, const shareable_list *list, range all, size_t *at) {
  shareable_status status = put_next_integers(L, list, all, at);

  if (status == SHAREABLE_E_TYPE)
    status = put_next_reals(L, list, all, at);
  return status == SHAREABLE_E_TYPE ? put_next_items(L, list, all, at) : status;
}

typedef shareable_status putter(lua_State *L, const shareable_list *list, range all, size_t *at);

static int push_range(lua_State *L, putter *put) {
  const shareable_list *list = object_check_list(L, 1);
  range all = check_range(L, list);
  shareable_status status = SHAREABLE_OK;
  size_t at = 0;

  push_table(L, all.count);
  while (status == SHAREABLE_OK && at < all.count)
    status = put(L, list, all, &at);
  if (status == SHAREABLE_OK && all.count == 0 && shareable_memory_address(shareable_list_memory(list)) == NULL)
    status = SHAREABLE_E_CLOSED;
  return status == SHAREABLE_OK ? 1 : item_fail(L, list, all.first + (int64_t)at, status);
}

int range_table(lua_State *L) {
  return push_range(L, put_next);
}

int range_integers(lua_State *L) {
  return push_range(L, put_next_integers);
}

int range_floats(lua_State *L) {
  return push_range(L, put_next_reals);
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
