/*
 * array.c - an array: its handle, its fields and its single items.
 */
#include "array.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "number.h"
#include "sequence.h"
#include "status.h"
#include "value.h"

static const char *name_of(const shareable_array *array) {
  const char *name = shareable_memory_name(shareable_array_memory(array));

  return name == NULL ? "" : name;
}

unsigned char *array_check_open(lua_State *L, const shareable_array *array) {
  unsigned char *data = shareable_array_data(array);

  if (data == NULL)
    status_usage_error(L, "array '%s' is closed: open it again", name_of(array));
  return data;
}

unsigned char *array_check_writable(lua_State *L, const shareable_array *array) {
  unsigned char *data = array_check_open(L, array);

  if (shareable_memory_is_read_only(shareable_array_memory(array)))
    status_usage_error(L, "array '%s' is attached read-only", name_of(array));
  return data;
}

unsigned char *array_buffer(lua_State *L, size_t size, unsigned char *few) {
  return size <= ARRAY_FEW ? few : lua_newuserdata(L, size);
}

int array_fail_inexact(lua_State *L, const shareable_array *array) {
  char message[512];

  snprintf(message, sizeof message,
           "an item of array '%s' is an integer beyond 2^53, which no number of this Lua can represent: read it with "
           "exact()",
           name_of(array));
  lua_pushnil(L);
  lua_pushstring(L, message);
  lua_pushstring(L, shareable_status_name(SHAREABLE_E_OVERFLOW));
  return 3;
}

/* Returns the number of dimensions. */
static size_t check_shape(lua_State *L, int argument, uint64_t shape[SHAREABLE_NDIM_MAX]) {
  size_t ndim = sequence_check_length(L, argument);

  sequence_check_keys(L, argument, ndim, "the shape");
  if (ndim > SHAREABLE_NDIM_MAX)
    status_usage_error(L, "a shape of %zu dimensions: an array has 0 to %d", ndim, SHAREABLE_NDIM_MAX);
  for (size_t i = 0; i < ndim; i++) {
    int64_t length;

    sequence_push(L, argument, i + 1);
    if (lua_type(L, -1) == LUA_TSTRING || !number_read_integer(L, -1, &length) || length < 0)
      status_usage_error(L, "dimension %zu of the shape: an integer of 0 or more expected", i + 1);
    lua_pop(L, 1);
    shape[i] = (uint64_t)length;
  }
  return ndim;
}

static const char *check_dtype(lua_State *L, int argument) {
  size_t length;
  const char *text;

  luaL_checktype(L, argument, LUA_TSTRING);
  text = lua_tolstring(L, argument, &length);
  if (strlen(text) != length)
    status_usage_error(L, "dtype '%s': it must not contain a NUL", text);
  return text;
}

/*
 * Returns the description of a short name, such as "'<f8'": `buffer`, or the text itself if it is not
 * a short name, but a description.
 */
static const char *descr_of(const char *text, char *buffer, size_t size) {
  char order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>';

  if (element_dtype(text) == SHAREABLE_DTYPE_BYTES)
    return text;
  snprintf(buffer, size, "'%c%s'", strcmp(text + 1, "1") == 0 ? '|' : order, text);
  return buffer;
}

int array_create(lua_State *L) {
  const char *name = value_check_name(L, 1), *dtype = check_dtype(L, 2), *items;
  uint64_t shape[SHAREABLE_NDIM_MAX];
  size_t ndim = check_shape(L, 3, shape), size = 0;
  uint32_t flags = (uint32_t)value_check_uint(L, 5, UINT32_MAX), mode = (uint32_t)value_check_uint(L, 6, UINT32_MAX);
  object *self = object_push(L, &object_array);
  char descr[16];
  shareable_error error;
  shareable_status status;

  items = luaL_optlstring(L, 4, NULL, &size);
  status = shareable_array_create_from(&self->array, name, descr_of(dtype, descr, sizeof descr), ndim, shape, items,
                                       size, flags, mode, &error);
  return status == SHAREABLE_OK ? 1 : status_fail(L, &error);
}

int array_open(lua_State *L) {
  const char *name = value_check_name(L, 1);
  uint32_t flags = (uint32_t)value_check_uint(L, 2, UINT32_MAX);
  object *self = object_push(L, &object_array);
  shareable_error error;

  return shareable_array_open(&self->array, name, flags, &error) == SHAREABLE_OK ? 1 : status_fail(L, &error);
}

/* Returns the distance in bytes from the first item to the item whose indexes begin at argument 2. */
static int64_t check_offset(lua_State *L, const shareable_array *array, size_t ndim) {
  const uint64_t *shape = shareable_array_shape(array);
  const int64_t *strides = shareable_array_strides(array);
  int64_t offset = 0;

  for (size_t i = 0; i < ndim; i++) {
    int64_t length = (int64_t)shape[i], given = number_check_integer(L, (int)i + 2);
    int64_t index = number_index_from_lua(given);

    if (index < 0)
      index += length;
    if (index < 0 || index >= length)
      status_usage_error(L, "index %" PRId64 " out of range: dimension %zu of array '%s' has the length %" PRId64,
                         given, i + 1, name_of(array), length);
    offset += index * strides[i];
  }
  return offset;
}

/* Raises an error unless the arguments after the array are the indexes and `values` values. */
static size_t check_count(lua_State *L, const shareable_array *array, int values) {
  size_t ndim = shareable_array_ndim(array);
  int given = lua_gettop(L) - 1;

  if (given != (int)ndim + values)
    status_usage_error(L, "array '%s' has %zu dimensions: %zu indexes and %d values expected, got %d arguments",
                       name_of(array), ndim, ndim, values, given);
  return ndim;
}

static int push_item(lua_State *L, bool must_be_exact) {
  const shareable_array *array = object_check_array(L, 1);
  element_type type = element_type_of(array);
  unsigned char few[ARRAY_FEW], *item;
  int64_t offset;

  array_check_open(L, array);
  offset = check_offset(L, array, check_count(L, array, 0));
  item = array_buffer(L, type.size, few);
  memcpy(item, array_check_open(L, array) + offset, type.size);
  if (must_be_exact && !element_is_exact(type, item))
    return array_fail_inexact(L, array);
  element_push(L, type, item);
  return element_values(type.dtype);
}

int array_get(lua_State *L) {
  return push_item(L, true);
}

int array_exact(lua_State *L) {
  return push_item(L, false);
}

int array_set(lua_State *L) {
  const shareable_array *array = object_check_array(L, 1);
  element_type type = element_type_of(array);
  unsigned char few[ARRAY_FEW], *item;
  int values = element_values(type.dtype), wrong;
  int64_t offset;
  size_t ndim;

  array_check_writable(L, array);
  ndim = check_count(L, array, values);
  offset = check_offset(L, array, ndim);
  item = array_buffer(L, type.size, few);
  wrong = element_read(L, (int)ndim + 2, type, item);
  if (wrong != 0)
    return luaL_argerror(L, (int)ndim + 1 + wrong, lua_tostring(L, -1));
  memcpy(array_check_writable(L, array) + offset, item, type.size);
  lua_pushboolean(L, 1);
  return 1;
}

int array_descr(lua_State *L) {
  lua_pushstring(L, shareable_array_descr(object_check_array(L, 1)));
  return 1;
}

/* A type without a short name has the name of its size, as bytes do in NumPy: "V12". */
int array_dtype(lua_State *L) {
  element_type type = element_type_of(object_check_array(L, 1));
  char name[32];

  snprintf(name, sizeof name, "V%zu", type.size);
  lua_pushstring(L, type.dtype == SHAREABLE_DTYPE_BYTES ? name : element_name(type.dtype));
  return 1;
}

int array_item_size(lua_State *L) {
  number_push_integer(L, (int64_t)shareable_array_item_size(object_check_array(L, 1)));
  return 1;
}

int array_memory(lua_State *L) {
  memory_push(L, shareable_array_memory(object_check_array(L, 1)));
  return 1;
}

int array_nbytes(lua_State *L) {
  number_push_integer(L, (int64_t)shareable_array_nbytes(object_check_array(L, 1)));
  return 1;
}

int array_size(lua_State *L) {
  number_push_integer(L, (int64_t)shareable_array_size(object_check_array(L, 1)));
  return 1;
}

static int push_sequence(lua_State *L, size_t count, const int64_t *integers) {
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    number_push_integer(L, integers[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

/* The library guarantees that all lengths are below 2^63. */
int array_shape(lua_State *L) {
  const shareable_array *array = object_check_array(L, 1);

  return push_sequence(L, shareable_array_ndim(array), (const int64_t *)shareable_array_shape(array));
}

int array_strides(lua_State *L) {
  const shareable_array *array = object_check_array(L, 1);

  return push_sequence(L, shareable_array_ndim(array), shareable_array_strides(array));
}

int array_data(lua_State *L) {
  lua_pushlightuserdata(L, array_check_open(L, object_check_array(L, 1)));
  return 1;
}

static int equal(lua_State *L) {
  const object *a = object_test(L, 1, &object_array), *b = object_test(L, 2, &object_array);

  lua_pushboolean(L, a != NULL && b != NULL &&
                       shareable_memory_same_block(shareable_array_memory(a->array), shareable_array_memory(b->array)));
  return 1;
}

/* __close: the end of a scope closes the handle. */
static int scope_exit(lua_State *L) {
  shareable_array_close(object_check_array(L, 1));
  return 0;
}

/*
 * The finalizer. Another finalizer may resurrect the object, so the handle becomes NULL, which
 * counts as closed.
 */
static int gc(lua_State *L) {
  object *self = object_check(L, 1, &object_array);

  shareable_array_unref(self->array);
  self->array = NULL;
  return 0;
}

void array_open_metatable(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"__close", scope_exit}, {"__eq", equal}, {"__gc", gc}, {"__newindex", object_readonly}, {NULL, NULL}};

  object_push_metatable(L, &object_array, functions, object_member);
}
