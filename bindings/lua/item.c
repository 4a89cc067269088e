/*
 * item.c - a list's items one at a time: the way of l[i] and l[i] = v.
 */
#include "item.h"

#include "number.h"
#include "status.h"
#include "value.h"

/* Texts of up to this many bytes are read without a buffer of Lua's. */
#define SHORT 512

static __attribute__((noinline)) shareable_status push_long(lua_State *L, const shareable_list *list, int64_t index) {
  shareable_value value;
  size_t size;
  void *buffer;
  shareable_status status = shareable_list_capacity(list, index, &size);

  if (status != SHAREABLE_OK)
    return status;
  buffer = lua_newuserdata(L, size); /* Lua's own, so that no error can leak it */
  status = shareable_list_get(list, index, &value, buffer, size);
  if (status == SHAREABLE_OK) {
    value_push(L, &value);
    lua_insert(L, -2);
  }
  lua_pop(L, 1);
  return status;
}

/* As number_push_integer() has it, or exactly a number. */
static inline shareable_status push(lua_State *L, const shareable_list *list, int64_t index, bool exact) {
  char buffer[SHORT];
  shareable_value value;
  shareable_status status = shareable_list_get(list, index, &value, buffer, sizeof buffer);

  if (status == SHAREABLE_E_BUFFER)
    return push_long(L, list, index);
  if (status != SHAREABLE_OK)
    return status;
  if (!exact && value.type == SHAREABLE_TYPE_INT && !number_can_be(value.integer))
    return SHAREABLE_E_OVERFLOW;
  value_push(L, &value);
  return SHAREABLE_OK;
}

shareable_status item_push(lua_State *L, const shareable_list *list, int64_t index) {
  return push(L, list, index, false);
}

int item_fail(lua_State *L, const shareable_list *list, int64_t index, shareable_status status) {
  return status == SHAREABLE_E_OVERFLOW ? status_fail_inexact(L, list, index)
                                        : status_fail_item(L, list, index, status);
}

static int fail_to_index(lua_State *L, const shareable_list *list, int64_t index, shareable_status status) {
  if (status == SHAREABLE_E_INDEX)
    return 0; /* nil, as past the end of a table: this is what ends ipairs */
  return status == SHAREABLE_E_OVERFLOW ? status_raise_inexact(L, list, index)
                                        : status_raise_item(L, list, index, status);
}

/* The index of l[i], as the library's. */
static int64_t index_of(lua_State *L) {
  int64_t index;

  if (!number_read_integer(L, 2, &index))
    luaL_error(L, "a list's index is an integer, not %f", lua_tonumber(L, 2));
  return value_index_in(index);
}

int item_index(lua_State *L) {
  const shareable_list *list;
  shareable_status status;
  int64_t index;

  if (lua_type(L, 2) != LUA_TNUMBER)
    return object_member(L);
  list = object_check_list(L, 1);
  index = index_of(L);
  status = item_push(L, list, index);
  return status == SHAREABLE_OK ? 1 : fail_to_index(L, list, index, status);
}

/* The value at 3. Where numbers are all doubles, one stays a float where it is written over a float. */
static shareable_status write(lua_State *L, shareable_list *list, int64_t index, shareable_value value) {
  shareable_type type;

  if (!NUMBER_HAS_INTEGERS && value.type == SHAREABLE_TYPE_INT && lua_type(L, 3) == LUA_TNUMBER &&
      shareable_list_type(list, index, &type) == SHAREABLE_OK && type == SHAREABLE_TYPE_FLOAT)
    value = shareable_float((double)value.integer);
  return shareable_list_set(list, index, &value);
}

int item_assign(lua_State *L) {
  shareable_list *list = object_check_list(L, 1);
  shareable_status status;
  int64_t index;

  if (lua_type(L, 2) != LUA_TNUMBER)
    return luaL_error(L, "only the items of a list can be assigned to, by their index");
  index = index_of(L);
  status = write(L, list, index, value_check_item(L, 3, value_index_out(index)));
  return status == SHAREABLE_OK ? 0 : status_raise_item(L, list, index, status);
}

int item_get(lua_State *L) {
  const shareable_list *list = object_check_list(L, 1);
  int64_t index = value_index_in(number_check_integer(L, 2));
  shareable_status status = item_push(L, list, index);

  return status == SHAREABLE_OK ? 1 : item_fail(L, list, index, status);
}

int item_exact(lua_State *L) {
  const shareable_list *list = object_check_list(L, 1);
  int64_t index = value_index_in(number_check_integer(L, 2));
  shareable_status status = push(L, list, index, true);

  return status == SHAREABLE_OK ? 1 : status_fail_item(L, list, index, status);
}

int item_set(lua_State *L) {
  shareable_list *list = object_check_list(L, 1);
  int64_t index = value_index_in(number_check_integer(L, 2));
  shareable_status status = write(L, list, index, value_check(L, 3));

  if (status != SHAREABLE_OK)
    return status_fail_item(L, list, index, status);
  lua_pushboolean(L, 1);
  return 1;
}

int item_next(lua_State *L) {
  const shareable_list *list = object_check_list(L, 1);
  int64_t last = number_check_integer(L, 2);
  shareable_status status;

  if (last < 0 || (uint64_t)last >= shareable_list_length(list)) {
    lua_pushnil(L);
    return 1;
  }
  number_push_integer(L, last + 1);
  status = item_push(L, list, last);
  return status == SHAREABLE_OK ? 2 : fail_to_index(L, list, last, status);
}
