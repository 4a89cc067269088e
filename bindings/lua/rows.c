/*
 * rows.c - reads and writes ranges of an array's first dimension: the items of an array with one
 * dimension, or the rows of an array with more.
 */
#include "rows.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "array.h"
#include "number.h"
#include "range.h"
#include "sequence.h"
#include "status.h"

/* An array without dimensions has one row of one item. */
static size_t rows_of(const shareable_array *array) {
  return shareable_array_ndim(array) == 0 ? shareable_array_size(array) : (size_t)*shareable_array_shape(array);
}

static size_t row_size(const shareable_array *array) {
  return rows_of(array) == 0 ? 0 : shareable_array_size(array) / rows_of(array);
}

/* Whether the items are in the order of their indexes, without gaps. */
static bool is_in_c_order(const shareable_array *array) {
  int64_t distance = (int64_t)shareable_array_item_size(array);

  for (size_t i = shareable_array_ndim(array); i-- > 0;) {
    if (shareable_array_strides(array)[i] != distance)
      return false;
    distance *= (int64_t)shareable_array_shape(array)[i];
  }
  return true;
}

/* Returns the distance in bytes from the first item to item number `n` in C order. */
static int64_t offset_of(const shareable_array *array, size_t n) {
  int64_t offset = 0;

  for (size_t i = shareable_array_ndim(array); i-- > 0;) {
    size_t length = (size_t)shareable_array_shape(array)[i];

    offset += (int64_t)(n % length) * shareable_array_strides(array)[i];
    n /= length;
  }
  return offset;
}

/* Copies `count` items from number `first` in C order on. `data` is the array's first item. */
static void load(const shareable_array *array, const unsigned char *data, size_t first, size_t count,
                 unsigned char *items) {
  size_t size = shareable_array_item_size(array);

  if (is_in_c_order(array))
    memcpy(items, data + first * size, count * size);
  else
    for (size_t i = 0; i < count; i++)
      memcpy(items + i * size, data + offset_of(array, first + i), size);
}

static void store(const shareable_array *array, unsigned char *data, size_t first, size_t count,
                  const unsigned char *items) {
  size_t size = shareable_array_item_size(array);

  if (is_in_c_order(array))
    memcpy(data + first * size, items, count * size);
  else
    for (size_t i = 0; i < count; i++)
      memcpy(data + offset_of(array, first + i), items + i * size, size);
}

/* Returns the range of arguments 2 and 3 in items. */
static item_range check_rows(lua_State *L, const shareable_array *array) {
  item_range range = range_check(L, (int64_t)rows_of(array));

  range.first *= (int64_t)row_size(array);
  range.count *= row_size(array);
  return range;
}

/*
 * Returns the number of the first item of the row in argument 2. Raises an error unless `count`
 * items from there are in the array.
 */
static size_t check_first(lua_State *L, const shareable_array *array, size_t count) {
  int64_t rows = (int64_t)rows_of(array), given = number_check_integer(L, 2), row = number_index_from_lua(given);
  size_t rest;

  if (row < 0)
    row += rows;
  if (row < 0 || row > rows)
    status_usage_error(L, "row %" PRId64 " out of range: the array has %" PRId64, given, rows);
  rest = (size_t)(rows - row) * row_size(array);
  if (count > rest)
    status_usage_error(L, "%zu items do not fit: the array has %zu from row %" PRId64 " on", count, rest, given);
  return (size_t)row * row_size(array);
}

int rows_read(lua_State *L) {
  const shareable_array *array = object_check_array(L, 1);
  size_t item_size = shareable_array_item_size(array), size;
  unsigned char few[ARRAY_FEW], *items;
  item_range range;

  array_check_open(L, array);
  range = check_rows(L, array);
  size = range.count * item_size;
  items = array_buffer(L, size, few);
  load(array, array_check_open(L, array), (size_t)range.first, range.count, items);
  lua_pushlstring(L, (const char *)items, size);
  return 1;
}

int rows_write(lua_State *L) {
  const shareable_array *array = object_check_array(L, 1);
  size_t item_size = shareable_array_item_size(array), length, count, first;
  const char *string;

  array_check_writable(L, array);
  luaL_checktype(L, 3, LUA_TSTRING);
  string = lua_tolstring(L, 3, &length);
  count = item_size == 0 ? 0 : length / item_size;
  if (count * item_size != length)
    return status_usage_error(L, "%zu bytes are not a whole number of items: an item has %zu", length, item_size);
  first = check_first(L, array, count);
  store(array, array_check_writable(L, array), first, count, (const unsigned char *)string);
  lua_pushboolean(L, 1);
  return 1;
}

/* Appends the values of an item to the table at `table`, which has *copied elements. */
static void append(lua_State *L, int table, size_t *copied, element_type type, const unsigned char *item) {
  int values = element_values(type.dtype);

  element_push(L, type, item);
  for (int value = values; value > 0; value--)
    lua_rawseti(L, table, (object_index)(*copied + (size_t)value));
  *copied += (size_t)values;
}

/* Returns the number of items that are copied at once. */
static size_t chunk_of(element_type type) {
  return type.size == 0 || type.size > ARRAY_FEW ? 1 : ARRAY_FEW / type.size;
}

int rows_table(lua_State *L) {
  const shareable_array *array = object_check_array(L, 1);
  element_type type = element_type_of(array);
  size_t values = (size_t)element_values(type.dtype), copied = 0, chunk = chunk_of(type);
  unsigned char few[ARRAY_FEW], *items;
  item_range range;
  int table;

  array_check_open(L, array);
  range = check_rows(L, array);
  lua_createtable(L, range.count * values > INT_MAX ? INT_MAX : (int)(range.count * values), 0);
  table = lua_gettop(L);
  items = array_buffer(L, type.size, few);
  for (size_t done = 0; done < range.count; done += chunk) {
    size_t count = range.count - done < chunk ? range.count - done : chunk;

    load(array, array_check_open(L, array), (size_t)range.first + done, count, items);
    for (size_t i = 0; i < count; i++) {
      if (!element_is_exact(type, items + i * type.size))
        return array_fail_inexact(L, array);
      append(L, table, &copied, type, items + i * type.size);
    }
  }
  lua_pushvalue(L, table);
  return 1;
}

/* Converts the values of item `i` of the table in argument 3. */
static void check_element(lua_State *L, element_type type, size_t i, unsigned char *item) {
  int values = element_values(type.dtype), top = lua_gettop(L), wrong;
  size_t first = i * (size_t)values;

  for (int value = 1; value <= values; value++)
    sequence_push(L, 3, first + (size_t)value);
  wrong = element_read(L, top + 1, type, item);
  if (wrong != 0)
    status_usage_error(L, "value %zu of the table: %s", first + (size_t)wrong, lua_tostring(L, -1));
  lua_settop(L, top);
}

int rows_set_table(lua_State *L) {
  const shareable_array *array = object_check_array(L, 1);
  element_type type = element_type_of(array);
  size_t values = (size_t)element_values(type.dtype), given, count, first;
  unsigned char few[ARRAY_FEW], *items;

  array_check_writable(L, array);
  given = sequence_check_length(L, 3);
  count = given / values;
  if (count * values != given)
    return status_usage_error(L, "%zu values are not a whole number of items", given);
  first = check_first(L, array, count);
  items = array_buffer(L, count * type.size, few);
  for (size_t i = 0; i < count; i++)
    check_element(L, type, i, items + i * type.size);
  store(array, array_check_writable(L, array), first, count, items);
  lua_pushboolean(L, 1);
  return 1;
}
