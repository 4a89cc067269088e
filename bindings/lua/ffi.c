/*
 * ffi.c - the functions of a list that LuaJIT calls by its FFI.
 */
#include "ffi.h"

#include <math.h>
#include <string.h>

#include "number.h"

#if FFI_IS_POSSIBLE
/* The type of a value of the FFI, which lua.h does not name. */
#define TYPE_CDATA 10

/* The keys of ffi.istype and the two types in the registry. */
static const char key_istype, key_int64, key_uint64;

static void set_registry(lua_State *L, const char *key, int argument) {
  lua_pushlightuserdata(L, (void *)key);
  lua_pushvalue(L, argument);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

static void push_registry(lua_State *L, const char *key) {
  lua_pushlightuserdata(L, (void *)key);
  lua_rawget(L, LUA_REGISTRYINDEX);
}

int ffi_open(lua_State *L) {
  set_registry(L, &key_istype, 1);
  set_registry(L, &key_int64, 2);
  set_registry(L, &key_uint64, 3);
  return 0;
}

static bool is_type(lua_State *L, int index, const char *key) {
  bool result;

  push_registry(L, &key_istype);
  push_registry(L, key);
  lua_pushvalue(L, index);
  lua_call(L, 2, 1);
  result = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return result;
}

bool ffi_read_integer(lua_State *L, int index, int64_t *integer) {
  if (lua_type(L, index) != TYPE_CDATA)
    return false;
  if (index < 0)
    index += lua_gettop(L) + 1;
  if (!is_type(L, index, &key_int64) && !is_type(L, index, &key_uint64))
    return false;
  memcpy(integer, lua_topointer(L, index), sizeof *integer);
  return *integer >= 0 || is_type(L, index, &key_int64);
}

/*
 * The functions below return their result, because a finalizer could overwrite a buffer before the
 * caller reads it. NAN, OTHER, false, add_failed() and 0 mean that they have done nothing, because
 * they do not handle the item or the arguments.
 */

/* Ends get() without a result. After E_BUSY, which took a second, get_other() must not wait again. */
static double fail(object *list, shareable_status status) {
  list->is_busy = status == SHAREABLE_E_BUSY;
  return NAN;
}

/* Reads an int or a float of a list with items of several types. */
static __attribute__((noinline)) double get_mixed(object *list, int64_t index) {
  shareable_value value;
  shareable_status status = shareable_list_get(list->list, index, &value, NULL, 0);

  list->is_mixed = true;
  if (status == SHAREABLE_OK && value.type == SHAREABLE_TYPE_INT && number_represents(value.integer))
    return (double)value.integer;
  return status == SHAREABLE_OK && value.type == SHAREABLE_TYPE_FLOAT ? value.real : fail(list, status);
}

/*
 * Reads an int or a float. shareable_list_get_int() is the fastest, but slow for a float, so it is
 * used until it finds another type for the first time.
 */
static double get(object *list, int32_t index) {
  shareable_status status = SHAREABLE_E_TYPE;
  int64_t integer;

  if (!list->is_mixed) {
    status = shareable_list_get_int(list->list, number_index_from_lua(index), &integer);
    if (status == SHAREABLE_OK && number_represents(integer))
      return (double)integer;
  }
  return status == SHAREABLE_E_TYPE ? get_mixed(list, number_index_from_lua(index)) : fail(list, status);
}

/*
 * Reads an item that is not a number. Returns one of these, or TEXT plus the length of the str that
 * it copied into the buffer.
 */
enum { OTHER, NONE, FALSE, TRUE, TEXT };
static int get_other(const object *list, int32_t index, char *buffer, int size) {
  shareable_value value;

  if (list->is_busy ||
      shareable_list_get(list->list, number_index_from_lua(index), &value, buffer, (size_t)size) != SHAREABLE_OK)
    return OTHER;
  switch (value.type) {
  case SHAREABLE_TYPE_BOOL:
    return value.boolean ? TRUE : FALSE;
  case SHAREABLE_TYPE_NONE:
    return NONE;
  case SHAREABLE_TYPE_STR:
    return TEXT + (int)value.length;
  default:
    return OTHER;
  }
}

static bool set_integer(object *list, int64_t index, double number) {
  int64_t integer;

  return number_is_whole(number, &integer) && !(number == 0 && signbit(number)) &&
         shareable_list_set_int(list->list, index, integer) == SHAREABLE_OK;
}

static __attribute__((noinline)) bool set_mixed(object *list, int64_t index, double number) {
  shareable_value old;

  list->is_mixed = true;
  if (shareable_list_get(list->list, index, &old, NULL, 0) != SHAREABLE_OK)
    return false;
  if (old.type == SHAREABLE_TYPE_FLOAT)
    return shareable_list_set_float(list->list, index, number) == SHAREABLE_OK;
  return old.type == SHAREABLE_TYPE_INT && set_integer(list, index, number);
}

/* Writes an integer over an integer, or a float over a float. */
static bool set_number(object *list, int32_t index, double number) {
  int64_t item = number_index_from_lua(index), old;
  shareable_status status = SHAREABLE_E_TYPE;

  if (!list->is_mixed) {
    status = shareable_list_get_int(list->list, item, &old);
    if (status == SHAREABLE_OK)
      return set_integer(list, item, number);
  }
  return status == SHAREABLE_E_TYPE && set_mixed(list, item, number);
}

static bool set(const object *list, int32_t index, shareable_value value) {
  return shareable_list_set(list->list, number_index_from_lua(index), &value) == SHAREABLE_OK;
}

static bool set_string(const object *list, int32_t index, const char *text, size_t length) {
  return set(list, index, shareable_strn(text, length));
}

static bool set_boolean(const object *list, int32_t index, bool boolean) {
  return set(list, index, shareable_bool(boolean));
}

static bool set_none(const object *list, int32_t index) {
  return set(list, index, shareable_none());
}

/* A number that no sum with the delta can be. */
static int64_t add_failed(double delta) {
  return delta > 0 ? INT64_MIN : INT64_MAX;
}

/* Returns the sum, or add_failed(). It does not handle a delta of 0. */
static int64_t add(const object *list, int32_t index, double delta) {
  int64_t integer, sum;

  if (!number_is_whole(delta, &integer) || integer == 0 ||
      shareable_list_add(list->list, number_index_from_lua(index), integer, &sum) != SHAREABLE_OK)
    return add_failed(delta);
  return sum;
}

static double length(const object *list) {
  return (double)shareable_list_length(list->list);
}

/* An element of the array that the functions below fill: they leave `real` in it. */
typedef union element {
  int64_t integer;
  double real;
} element;

/* Copy the items from `first`, counted from 0. Return the number of items copied, which may be less. */
static int get_integers(const object *list, double first, int count, element *elements) {
  size_t processed = 0;
  int copied = 0;

  shareable_list_get_ints(list->list, (int64_t)first, (size_t)count, &elements->integer, &processed);
  for (; (size_t)copied < processed && number_represents(elements[copied].integer); copied++)
    elements[copied].real = (double)elements[copied].integer;
  return copied;
}

static int get_floats(const object *list, double first, int count, element *elements) {
  size_t processed = 0;

  shareable_list_get_floats(list->list, (int64_t)first, (size_t)count, &elements->real, &processed);
  return (int)processed;
}

static int get_numbers(const object *list, double first, int count, element *elements) {
  int copied = get_integers(list, first, count, elements);

  return copied > 0 ? copied : get_floats(list, first, count, elements);
}

/* The order is that of shareable/ffi.lua. */
static const struct {
  double (*get)(object *list, int32_t index);
  int (*get_other)(const object *list, int32_t index, char *buffer, int size);
  bool (*set_number)(object *list, int32_t index, double number);
  bool (*set_string)(const object *list, int32_t index, const char *text, size_t length);
  bool (*set_boolean)(const object *list, int32_t index, bool boolean);
  bool (*set_none)(const object *list, int32_t index);
  int64_t (*add)(const object *list, int32_t index, double delta);
  double (*length)(const object *list);
  int (*get_integers)(const object *list, double first, int count, element *elements);
  int (*get_floats)(const object *list, double first, int count, element *elements);
  int (*get_numbers)(const object *list, double first, int count, element *elements);
} functions = {get, get_other, set_number,   set_string, set_boolean, set_none,
               add, length,    get_integers, get_floats, get_numbers};

void ffi_push_functions(lua_State *L) {
  lua_pushlightuserdata(L, (void *)&functions);
}
#endif
