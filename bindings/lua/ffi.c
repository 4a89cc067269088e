/*
 * ffi.c - the functions of a list and of a dict that LuaJIT calls by its FFI.
 */
#include "ffi.h"

#include <math.h>
#include <string.h>

#include "dict_item.h"
#include "dict_number.h"
#include "number.h"
#include "status.h"
#include "text.h"

#if FFI_IS_POSSIBLE
/* The type of a value of the FFI, which lua.h does not name. */
#define TYPE_CDATA 10

/* The keys of the arguments of ffi_open() in the registry. */
static const char convert_key, lists_key, dicts_key;

static void set_registry(lua_State *L, const void *key, int argument) {
  lua_pushlightuserdata(L, (void *)key);
  lua_pushvalue(L, argument);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

static void get_registry(lua_State *L, const void *key) {
  lua_pushlightuserdata(L, (void *)key);
  lua_rawget(L, LUA_REGISTRYINDEX);
}

int ffi_open(lua_State *L) {
  set_registry(L, &convert_key, 1);
  set_registry(L, &lists_key, 2);
  set_registry(L, &dicts_key, 3);
  return 0;
}

void ffi_add(lua_State *L, const object_kind *kind) {
  get_registry(L, kind == &object_list ? &lists_key : &dicts_key);
  if (lua_istable(L, -1)) {
    lua_pushvalue(L, -2);
    lua_pushboolean(L, true);
    lua_rawset(L, -3);
  }
  lua_pop(L, 1);
}

bool ffi_read_integer(lua_State *L, int index, int64_t *integer) {
  bool is_integer;

  if (lua_type(L, index) != TYPE_CDATA)
    return false;
  if (index < 0)
    index += lua_gettop(L) + 1;
  get_registry(L, &convert_key);
  lua_pushvalue(L, index);
  lua_call(L, 1, 1);
  is_integer = lua_type(L, -1) == TYPE_CDATA;
  if (is_integer)
    memcpy(integer, lua_topointer(L, -1), sizeof *integer);
  lua_pop(L, 1);
  return is_integer;
}

/*
 * `unused`: shareable/ffi.lua explains why the functions do not use their first double.
 *
 * The functions below return their result, because a finalizer could overwrite a buffer before the
 * caller reads it. NAN, OTHER, false, add_failed() and 0 mean that they have done nothing, because
 * they do not handle the item or the arguments.
 */

/*
 * Ends a function that does not handle the item. After E_BUSY, which took a second, shareable/ffi.lua
 * calls ffi_raise_busy() or ffi_fail_busy(), so that the caller does not wait again.
 */
static bool fail(object *list, shareable_status status) {
  list->is_busy = status == SHAREABLE_E_BUSY;
  return false;
}

static bool end(object *list, shareable_status status) {
  return status == SHAREABLE_OK || fail(list, status);
}

static bool is_busy(const object *list) {
  return list->is_busy;
}

/* Reads an int or a float of a list with items of several types. */
static __attribute__((noinline)) double get_mixed(object *list, int64_t index) {
  shareable_value value;
  shareable_status status = shareable_list_get(list->list, index, &value, NULL, 0);

  list->is_mixed = true;
  fail(list, status); /* a float may be NAN too */
  if (status == SHAREABLE_OK && value.type == SHAREABLE_TYPE_INT && number_represents(value.integer))
    return (double)value.integer;
  return status == SHAREABLE_OK && value.type == SHAREABLE_TYPE_FLOAT ? value.real : NAN;
}

/*
 * Reads an int or a float. shareable_list_get_int() is the fastest function for an int, but slow for
 * a float, so it is used until it first finds another type.
 */
static double get(object *list, int32_t index) {
  shareable_status status = SHAREABLE_E_TYPE;
  int64_t integer;

  if (!list->is_mixed) {
    status = shareable_list_get_int(list->list, number_index_from_lua(index), &integer);
    if (status == SHAREABLE_OK && number_represents(integer))
      return (double)integer;
  }
  if (status == SHAREABLE_E_TYPE)
    return get_mixed(list, number_index_from_lua(index));
  fail(list, status);
  return NAN;
}

/*
 * Reads an item for which get() returned NAN. Returns one of these, or TEXT plus the length of the
 * str that it copied into the buffer. BUSY means E_BUSY, here or in get(). ABSENT is for dicts.
 */
enum { OTHER, NONE, FALSE, TRUE, BUSY, ABSENT, TEXT };

/* Returns the same for a value that is not a number. */
static int result_of(const shareable_value *value) {
  switch (value->type) {
  case SHAREABLE_TYPE_BOOL:
    return value->boolean ? TRUE : FALSE;
  case SHAREABLE_TYPE_NONE:
    return NONE;
  case SHAREABLE_TYPE_STR:
    return TEXT + (int)value->length;
  default:
    return OTHER;
  }
}

static int get_other(object *list, int32_t index, char *buffer, int size) {
  shareable_value value;

  if (list->is_busy ||
      !end(list, shareable_list_get(list->list, number_index_from_lua(index), &value, buffer, (size_t)size)))
    return list->is_busy ? BUSY : OTHER;
  return result_of(&value);
}

static bool set_integer(object *list, int64_t index, double number) {
  int64_t integer;

  if (!number_is_whole(number, &integer) || (number == 0 && signbit(number)))
    return fail(list, SHAREABLE_E_TYPE);
  return end(list, shareable_list_set_int(list->list, index, integer));
}

/* Writes to a list with items of several types. The type of the old value decides that of the number. */
static __attribute__((noinline)) bool set_mixed(object *list, int64_t index, double number) {
  shareable_value old;

  if (!end(list, shareable_list_get(list->list, index, &old, NULL, 0)))
    return false;
  list->is_mixed |= old.type != SHAREABLE_TYPE_INT;
  if (old.type == SHAREABLE_TYPE_FLOAT)
    return end(list, shareable_list_set_float(list->list, index, number));
  return old.type == SHAREABLE_TYPE_INT ? set_integer(list, index, number) : fail(list, SHAREABLE_E_TYPE);
}

/*
 * Writes an integer over an integer, or a float over a float. A list that is not mixed is tried as
 * one of integers, without a read before the write.
 */
static bool set_number(object *list, int32_t index, double unused, double number) {
  int64_t item = number_index_from_lua(index), integer;
  shareable_status status = SHAREABLE_E_TYPE;

  (void)unused;
  if (!list->is_mixed && number_is_whole(number, &integer) && (integer != 0 || !signbit(number)))
    status = shareable_list_replace_int(list->list, item, integer);
  return status == SHAREABLE_E_TYPE ? set_mixed(list, item, number) : end(list, status);
}

static bool set(object *list, int32_t index, shareable_value value) {
  return end(list, shareable_list_set(list->list, number_index_from_lua(index), &value));
}

static bool set_string(object *list, int32_t index, const char *text, size_t length) {
  return set(list, index, shareable_strn(text, length));
}

static bool set_boolean(object *list, int32_t index, bool boolean) {
  return set(list, index, shareable_bool(boolean));
}

static bool set_none(object *list, int32_t index) {
  return set(list, index, shareable_none());
}

/* Returns a number that cannot be a sum with the delta. */
static int64_t add_failed(double delta) {
  return delta > 0 ? INT64_MIN : INT64_MAX;
}

/* Returns the sum, or add_failed(). It does not handle a delta of 0. */
static int64_t add(object *list, int32_t index, double unused, double delta) {
  shareable_status status = SHAREABLE_E_TYPE;
  int64_t integer, sum;

  (void)unused;
  if (number_is_whole(delta, &integer) && integer != 0)
    status = shareable_list_add(list->list, number_index_from_lua(index), integer, &sum);
  return end(list, status) ? sum : add_failed(delta);
}

static double length(const object *list) {
  return (double)shareable_list_length(list->list);
}

/* An element of the array that the functions below fill: they leave `real` in it. */
typedef union element {
  int64_t integer;
  double real;
} element;

/*
 * Copy the items from `first`, counted from 0. Return the number of items copied. If that is less
 * than `count`, is_busy() returns whether the next item is busy.
 */
static int get_integers(object *list, double unused, double first, int count, element *elements) {
  size_t processed = 0;
  int copied = 0;

  (void)unused;
  fail(list, shareable_list_get_ints(list->list, (int64_t)first, (size_t)count, &elements->integer, &processed));
  for (; (size_t)copied < processed && number_represents(elements[copied].integer); copied++)
    elements[copied].real = (double)elements[copied].integer;
  if ((size_t)copied < processed)
    fail(list, SHAREABLE_E_OVERFLOW);
  return copied;
}

static int get_floats(object *list, double unused, double first, int count, element *elements) {
  size_t processed = 0;

  (void)unused;
  fail(list, shareable_list_get_floats(list->list, (int64_t)first, (size_t)count, &elements->real, &processed));
  return (int)processed;
}

static int get_numbers(object *list, double unused, double first, int count, element *elements) {
  int copied = get_integers(list, unused, first, count, elements);

  return copied > 0 || list->is_busy ? copied : get_floats(list, unused, first, count, elements);
}

/*
 * The functions of a dict. `key` is a string of Lua.
 */

/* Reads an int or a float. */
static double dict_get(object *dict, const char *key, size_t length) {
  shareable_value name = text_value(key, length), value;

  dict->status = shareable_dict_get(dict->dict, &name, &value, NULL, 0);
  if (dict->status != SHAREABLE_OK)
    return NAN;
  if (value.type == SHAREABLE_TYPE_INT && number_represents(value.integer))
    return (double)value.integer;
  return value.type == SHAREABLE_TYPE_FLOAT ? value.real : NAN;
}

/* Reads a value for which dict_get() returned NAN. Bytes become a string, as a str does. */
static int dict_get_other(const object *dict, const char *key, size_t length, char *buffer, int size) {
  shareable_value name = text_value(key, length), value;

  if (dict->status == SHAREABLE_E_NO_KEY)
    return ABSENT;
  if (shareable_dict_get(dict->dict, &name, &value, buffer, (size_t)size) != SHAREABLE_OK)
    return OTHER;
  return value.type == SHAREABLE_TYPE_BYTES ? TEXT + (int)value.length : result_of(&value);
}

/*
 * What a function that changes a dict has done: all, and it may have evicted a key; nothing, but
 * another function may handle the arguments; or it has failed. Then dict_stored() and dict_added()
 * return the failure, without another wait.
 */
enum { DONE, EVICTED, NOTHING, FAILED };

static int outcome(const object *dict) {
  switch (dict->status) {
  case SHAREABLE_OK:
    return dict->forcible ? EVICTED : DONE;
  case SHAREABLE_E_TYPE:
    return NOTHING;
  default:
    return FAILED;
  }
}

static int dict_set(object *dict, const char *key, size_t length, shareable_value value) {
  shareable_value name = text_value(key, length);
  uint64_t evicted = shareable_dict_evicted(dict->dict);

  dict->status = shareable_dict_set(dict->dict, &name, &value, SHAREABLE_DICT_ANY, 0, dict->timeout);
  dict->forcible = shareable_dict_evicted(dict->dict) != evicted;
  return outcome(dict);
}

static int dict_set_number(object *dict, const char *key, size_t length, double unused, double number) {
  int64_t integer;

  (void)unused;
  if (number_is_whole(number, &integer) && (integer != 0 || !signbit(number)))
    return dict_set(dict, key, length, shareable_int(integer));
  return dict_set(dict, key, length, shareable_float(number));
}

static int dict_set_string(object *dict, const char *key, size_t length, const char *text, size_t size) {
  return dict_set(dict, key, length, text_value(text, size));
}

static int dict_set_boolean(object *dict, const char *key, size_t length, bool boolean) {
  return dict_set(dict, key, length, shareable_bool(boolean));
}

/*
 * Adds integers, and sets the status to E_TYPE if there are others. `initial` is NAN if the key must be
 * there; `ttl` is in seconds. Returns the sum; or NAN after a failure, and if no number can represent the
 * sum, which dict_added() then returns.
 */
static double dict_add(object *dict, const char *key, size_t length, double unused, double delta, double initial,
                       double ttl) {
  shareable_value name = text_value(key, length);
  int64_t integer, first = 0;
  uint64_t evicted = shareable_dict_evicted(dict->dict);

  (void)unused;
  dict->status = SHAREABLE_E_TYPE;
  if (!number_is_whole(delta, &integer) || (!isnan(initial) && !number_is_whole(initial, &first)))
    return NAN;
  dict->status =
    dict_number_add_int(dict, &name, integer, isnan(initial) ? NULL : &first, dict_item_ttl_of(ttl), &dict->sum);
  dict->forcible = shareable_dict_evicted(dict->dict) != evicted;
  return dict->status == SHAREABLE_OK && number_represents(dict->sum) ? (double)dict->sum : NAN;
}

/* The order is that of shareable/ffi.lua. */
static const struct {
  double (*get)(object *list, int32_t index);
  int (*get_other)(object *list, int32_t index, char *buffer, int size);
  bool (*set_number)(object *list, int32_t index, double unused, double number);
  bool (*set_string)(object *list, int32_t index, const char *text, size_t length);
  bool (*set_boolean)(object *list, int32_t index, bool boolean);
  bool (*set_none)(object *list, int32_t index);
  int64_t (*add)(object *list, int32_t index, double unused, double delta);
  double (*length)(const object *list);
  int (*get_integers)(object *list, double unused, double first, int count, element *elements);
  int (*get_floats)(object *list, double unused, double first, int count, element *elements);
  int (*get_numbers)(object *list, double unused, double first, int count, element *elements);
  bool (*is_busy)(const object *list);
  double (*dict_get)(object *dict, const char *key, size_t length);
  int (*dict_get_other)(const object *dict, const char *key, size_t length, char *buffer, int size);
  int (*dict_set_number)(object *dict, const char *key, size_t length, double unused, double number);
  int (*dict_set_string)(object *dict, const char *key, size_t length, const char *text, size_t size);
  int (*dict_set_boolean)(object *dict, const char *key, size_t length, bool boolean);
  double (*dict_add)(object *dict, const char *key, size_t length, double unused, double delta, double initial,
                     double ttl);
  int (*outcome)(const object *dict);
} functions = {get,      get_other,      set_number,      set_string,      set_boolean,      set_none,
               add,      length,         get_integers,    get_floats,      get_numbers,      is_busy,
               dict_get, dict_get_other, dict_set_number, dict_set_string, dict_set_boolean, dict_add,
               outcome};

int ffi_raise_busy(lua_State *L) {
  const shareable_list *list = object_check_list(L, 1);

  return status_raise_item(L, list, number_index_from_lua(number_check_integer(L, 2)), SHAREABLE_E_BUSY);
}

int ffi_fail_busy(lua_State *L) {
  const shareable_list *list = object_check_list(L, 1);

  return status_fail_item(L, list, number_index_from_lua(number_check_integer(L, 2)), SHAREABLE_E_BUSY);
}

void ffi_push_functions(lua_State *L) {
  lua_pushlightuserdata(L, (void *)&functions);
}
#endif
