/*
 * range.c - reads and writes ranges of a list's items: of any types, all integers or all floats.
 */
#include "range.h"

#include <limits.h>
#include <stdbool.h>

#include "item.h"
#include "sequence.h"
#include "status.h"
#include "value.h"

item_range range_check(lua_State *L, int64_t length) {
  int64_t first = number_check_integer_or(L, 2, 1), last = number_check_integer_or(L, 3, -1);

  if (first < 0)
    first = first < -length ? 1 : first + length + 1;
  if (last < 0)
    last = last < -length ? 0 : last + length + 1;
  if (first == 0)
    first = 1;
  if (last > length)
    last = length;
  return first > last ? (item_range){0, 0} : (item_range){first - 1, (size_t)(last - first + 1)};
}

static void push_table(lua_State *L, size_t count) {
  lua_createtable(L, count > INT_MAX ? INT_MAX : (int)count, 0);
}

/* The number of items that are read at once. */
enum { CHUNK = 1024 };

/* Pushes an array for `count` numbers of 8 bytes, which the garbage collector frees. */
static void *push_numbers(lua_State *L, size_t count) {
  if (count > SIZE_MAX / 8)
    status_usage_error(L, "a table of %zu numbers is too long", count);
  return lua_newuserdata(L, count * 8);
}

/*
 * Appends integers to the table on the stack, which has *copied elements. Returns false at the
 * first integer that no number of this Lua can represent.
 */
static bool append_integers(lua_State *L, size_t *copied, const int64_t *integers, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!number_represents(integers[i]))
      return false;
    number_push_integer(L, integers[i]);
    lua_rawseti(L, -2, (object_index)(++*copied));
  }
  return true;
}

static void append_reals(lua_State *L, size_t *copied, const double *reals, size_t count) {
  for (size_t i = 0; i < count; i++) {
    lua_pushnumber(L, reals[i]);
    lua_rawseti(L, -2, (object_index)(++*copied));
  }
}

/*
 * The copy functions append items of a range to the table on the stack, from item *copied of the
 * range on. Each stops at the first item that it cannot copy. It returns OK if it copied at least
 * one item, otherwise the failure of the first. But if an item is busy, it always returns E_BUSY,
 * because the next call would wait again.
 */
static shareable_status copy_integers(lua_State *L, const shareable_list *list, item_range range, size_t *copied) {
  int64_t integers[CHUNK];
  size_t count = range.count - *copied < CHUNK ? range.count - *copied : CHUNK, processed = 0;
  shareable_status status = shareable_list_get_ints(list, range.first + (int64_t)*copied, count, integers, &processed);

  if (!append_integers(L, copied, integers, processed))
    return SHAREABLE_E_OVERFLOW;
  return processed > 0 && status != SHAREABLE_E_BUSY ? SHAREABLE_OK : status;
}

static shareable_status copy_reals(lua_State *L, const shareable_list *list, item_range range, size_t *copied) {
  double reals[CHUNK];
  size_t count = range.count - *copied < CHUNK ? range.count - *copied : CHUNK, processed = 0;
  shareable_status status = shareable_list_get_floats(list, range.first + (int64_t)*copied, count, reals, &processed);

  append_reals(L, copied, reals, processed);
  return processed > 0 && status != SHAREABLE_E_BUSY ? SHAREABLE_OK : status;
}

/* Copies items of any type, one at a time. It returns a failure even if it copied some. */
static shareable_status copy_any(lua_State *L, const shareable_list *list, item_range range, size_t *copied) {
  shareable_status status = SHAREABLE_OK;

  for (size_t end = *copied + CHUNK; status == SHAREABLE_OK && *copied < end && *copied < range.count;) {
    status = item_push(L, list, range.first + (int64_t)*copied);
    if (status == SHAREABLE_OK)
      lua_rawseti(L, -2, (object_index)(++*copied));
  }
  return status;
}

static shareable_status copy_items(lua_State *L, const shareable_list *list, item_range range, size_t *copied) {
  shareable_status status = copy_integers(L, list, range, copied);

  if (status == SHAREABLE_E_TYPE)
    status = copy_reals(L, list, range, copied);
  return status == SHAREABLE_E_TYPE ? copy_any(L, list, range, copied) : status;
}

typedef shareable_status copy_function(lua_State *L, const shareable_list *list, item_range range, size_t *copied);

static int push_range(lua_State *L, copy_function *copy) {
  const shareable_list *list = object_check_list(L, 1);
  item_range range = range_check(L, (int64_t)shareable_list_length(list));
  shareable_status status = SHAREABLE_OK;
  size_t copied = 0;

  push_table(L, range.count);
  while (status == SHAREABLE_OK && copied < range.count)
    status = copy(L, list, range, &copied);
  if (status == SHAREABLE_OK && range.count == 0 && shareable_memory_address(shareable_list_memory(list)) == NULL)
    status = SHAREABLE_E_CLOSED;
  return status == SHAREABLE_OK ? 1 : item_fail(L, list, range.first + (int64_t)copied, status);
}

int range_table(lua_State *L) {
  return push_range(L, copy_items);
}

int range_integers(lua_State *L) {
  return push_range(L, copy_integers);
}

int range_floats(lua_State *L) {
  return push_range(L, copy_reals);
}

static int raise_wrong_type(lua_State *L, size_t i, const char *wanted) {
  const char *found = lua_isnumber(L, -1) ? lua_tostring(L, -1) : luaL_typename(L, -1);

  return status_usage_error(L, "number %zu of the table: %s expected, got %s", i + 1, wanted, found);
}

static int64_t check_integer(lua_State *L, size_t i) {
  int64_t integer;

  sequence_push(L, 3, i + 1);
  if (lua_type(L, -1) == LUA_TSTRING || !number_read_integer(L, -1, &integer))
    raise_wrong_type(L, i, "an integer");
  lua_pop(L, 1);
  return integer;
}

static double check_real(lua_State *L, size_t i) {
  shareable_value value;

  sequence_push(L, 3, i + 1);
  if (!number_read(L, -1, &value))
    raise_wrong_type(L, i, "a number");
  lua_pop(L, 1);
  return value.type == SHAREABLE_TYPE_INT ? (double)value.integer : value.real;
}

/*
 * Pushes the result of writing a range. If the range is not in the list, the message names the
 * first index outside.
 */
static int push_result(lua_State *L, const shareable_list *list, int64_t first, size_t processed,
                       shareable_status status) {
  int64_t length = (int64_t)shareable_list_length(list);

  lua_pushboolean(L, 1);
  if (status == SHAREABLE_OK)
    return 1;
  if (status == SHAREABLE_E_INDEX)
    return status_fail_item(L, list, first >= -length && first < length ? length : first, status);
  return status_fail_item(L, list, first + (int64_t)processed, status);
}

int range_set_integers(lua_State *L) {
  shareable_list *list = object_check_list(L, 1);
  int64_t first = number_index_from_lua(number_check_integer(L, 2)), *integers;
  size_t count, processed = 0;

  count = sequence_check_length(L, 3);
  integers = push_numbers(L, count);
  for (size_t i = 0; i < count; i++)
    integers[i] = check_integer(L, i);
  return push_result(L, list, first, processed, shareable_list_set_ints(list, first, count, integers, &processed));
}

int range_set_floats(lua_State *L) {
  shareable_list *list = object_check_list(L, 1);
  int64_t first = number_index_from_lua(number_check_integer(L, 2));
  size_t count, processed = 0;
  double *reals;

  count = sequence_check_length(L, 3);
  reals = push_numbers(L, count);
  for (size_t i = 0; i < count; i++)
    reals[i] = check_real(L, i);
  return push_result(L, list, first, processed, shareable_list_set_floats(list, first, count, reals, &processed));
}
