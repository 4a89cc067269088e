/*
 * item.c - reads and writes single items of a list, as l[i] and l[i] = v do.
 */
#include "item.h"

#include "ffi.h"
#include "number.h"
#include "status.h"
#include "value.h"

/* A text of up to this many bytes is read into a buffer on the C stack. */
#define SHORT_TEXT_MAX 512

static __attribute__((noinline)) shareable_status push_long(lua_State *L, const shareable_list *list, int64_t index) {
  shareable_value value;
  size_t size;
  void *buffer;
  shareable_status status = shareable_list_capacity(list, index, &size);

  if (status != SHAREABLE_OK)
    return status;
  buffer = lua_newuserdata(L, size); /* the garbage collector frees it, even after an error */
  status = shareable_list_get(list, index, &value, buffer, size);
  if (status == SHAREABLE_OK) {
    value_push(L, &value);
    lua_insert(L, -2);
  }
  lua_pop(L, 1);
  return status;
}

/*
 * Pushes the item. An integer that no number of this Lua can represent becomes a shareable.integer
 * if `exact`, and fails with E_OVERFLOW otherwise.
 */
static inline shareable_status push(lua_State *L, const shareable_list *list, int64_t index, bool exact) {
  char buffer[SHORT_TEXT_MAX];
  shareable_value value;
  shareable_status status = shareable_list_get(list, index, &value, buffer, sizeof buffer);

  if (status == SHAREABLE_E_BUFFER)
    return push_long(L, list, index);
  if (status != SHAREABLE_OK)
    return status;
  if (!exact && value.type == SHAREABLE_TYPE_INT && !number_represents(value.integer))
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
    return 0; /* nil, as past the end of a table: this ends ipairs */
  return status == SHAREABLE_E_OVERFLOW ? status_raise_inexact(L, list, index)
                                        : status_raise_item(L, list, index, status);
}

/*
 * Reads the index i of l[i], counted from 0. Returns false if it is not a number, and raises an
 * error if it is not whole.
 */
static bool read_index(lua_State *L, int64_t *index) {
  bool is_number = lua_type(L, 2) == LUA_TNUMBER;

  if (!(is_number ? number_read_integer(L, 2, index) : ffi_read_integer(L, 2, index))) {
    if (is_number)
      luaL_error(L, "a list index must be an integer, not %f", lua_tonumber(L, 2));
    return false;
  }
  *index = number_index_from_lua(*index);
  return true;
}

int item_index(lua_State *L) {
  const shareable_list *list;
  shareable_status status;
  int64_t index;

  if (!read_index(L, &index))
    return object_member(L);
  list = object_check_list(L, 1);
  status = item_push(L, list, index);
  return status == SHAREABLE_OK ? 1 : fail_to_index(L, list, index, status);
}

/*
 * Writes the value that is the third argument. If all numbers of this Lua are doubles, a number
 * that is written over a float stays a float.
 */
static shareable_status write(lua_State *L, shareable_list *list, int64_t index, shareable_value value) {
  if (!NUMBER_HAS_INTEGERS && value.type == SHAREABLE_TYPE_INT && lua_type(L, 3) == LUA_TNUMBER) {
    shareable_type type;
    shareable_status status = shareable_list_type(list, index, &type);

    if (status == SHAREABLE_E_BUSY)
      return status; /* after a second: shareable_list_set() would wait again */
    if (status == SHAREABLE_OK && type == SHAREABLE_TYPE_FLOAT)
      value = shareable_float((double)value.integer);
  }
  return shareable_list_set(list, index, &value);
}

int item_assign(lua_State *L) {
  shareable_list *list = object_check_list(L, 1);
  shareable_status status;
  int64_t index;

  if (!read_index(L, &index))
    return luaL_error(L, "only items of a list can be assigned, by their index");
  status = write(L, list, index, value_check_item(L, 3, number_index_to_lua(index)));
  return status == SHAREABLE_OK ? 0 : status_raise_item(L, list, index, status);
}

int item_get(lua_State *L) {
  const shareable_list *list = object_check_list(L, 1);
  int64_t index = number_index_from_lua(number_check_integer(L, 2));
  shareable_status status = item_push(L, list, index);

  return status == SHAREABLE_OK ? 1 : item_fail(L, list, index, status);
}

int item_exact(lua_State *L) {
  const shareable_list *list = object_check_list(L, 1);
  int64_t index = number_index_from_lua(number_check_integer(L, 2));
  shareable_status status = push(L, list, index, true);

  return status == SHAREABLE_OK ? 1 : status_fail_item(L, list, index, status);
}

int item_set(lua_State *L) {
  shareable_list *list = object_check_list(L, 1);
  int64_t index = number_index_from_lua(number_check_integer(L, 2));
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
