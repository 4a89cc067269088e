/*
 * value.c - converts values between Lua and the library, and checks other arguments of C functions.
 */
#include "value.h"

#include <inttypes.h>
#include <string.h>

#include "bytes.h"
#include "status.h"

/* A timeout of this many seconds or more is unlimited. */
#define TIMEOUT_MAX 4e9

const char *value_type_name(uint32_t type) {
  static const char *const names[] = {"none", "integer", "float", "boolean", "string", "bytes"};

  return type < sizeof names / sizeof *names ? names[type] : "unknown";
}

static bool read_userdata(lua_State *L, int index, shareable_value *value) {
  const bytes *found = object_test(L, index, &object_bytes);

  if (found != NULL)
    *value = shareable_bytes(found->data, found->length);
  else if (object_test(L, index, &object_none) != NULL)
    *value = shareable_none();
  else
    return number_read(L, index, value);
  return true;
}

bool value_read(lua_State *L, int index, shareable_value *value) {
  size_t length;
  const char *text;

  switch (lua_type(L, index)) {
  case LUA_TNUMBER:
    return number_read(L, index, value);
  case LUA_TSTRING:
    text = lua_tolstring(L, index, &length);
    *value = shareable_strn(text, length);
    return true;
  case LUA_TBOOLEAN:
    *value = shareable_bool(lua_toboolean(L, index));
    return true;
  case LUA_TUSERDATA:
    return read_userdata(L, index, value);
  default:
    return number_read(L, index, value);
  }
}

shareable_value value_check(lua_State *L, int argument) {
  shareable_value value;

  if (!value_read(L, argument, &value))
    luaL_argerror(L, argument, lua_pushfstring(L, VALUE_STORABLE " expected, got %s", luaL_typename(L, argument)));
  return value;
}

shareable_value value_check_item(lua_State *L, int index, int64_t item) {
  shareable_value value;

  if (!value_read(L, index, &value))
    status_usage_error(L, "item %" PRId64 ": a list can hold " VALUE_STORABLE ", not %s", item,
                       luaL_typename(L, index));
  return value;
}

/* Returns the capacity of an item, nil or an integer at `index`, or raises an error. */
static uint32_t check_capacity(lua_State *L, int index, int64_t item) {
  int64_t capacity;

  if (lua_isnil(L, index))
    return 0;
  if (!number_read_integer(L, index, &capacity) || capacity < 0 || capacity > UINT32_MAX)
    status_usage_error(L, "item %" PRId64 ": a capacity must be a number of bytes", item);
  return (uint32_t)capacity;
}

/*
 * Keeps the value on the stack, whose text is used, in the table at `kept`: a finalizer may remove
 * it from the table that the caller passed.
 */
static void keep_text(lua_State *L, int kept, const shareable_value *value) {
  if (value->type != SHAREABLE_TYPE_STR && value->type != SHAREABLE_TYPE_BYTES)
    return;
  lua_pushvalue(L, -1);
  lua_rawseti(L, kept, (object_index)lua_rawlen(L, kept) + 1);
}

/* The indexes of the values, of the capacities and of the table of kept texts on the stack. */
typedef struct members {
  int values, capacities, kept;
} members;

static shareable_value check_member(lua_State *L, members at, size_t item) {
  shareable_value value;

  lua_rawgeti(L, at.values, (object_index)item);
  value = value_check_item(L, -1, (int64_t)item);
  keep_text(L, at.kept, &value);
  if (lua_istable(L, at.capacities))
    lua_rawgeti(L, at.capacities, (object_index)item);
  else
    lua_pushvalue(L, at.capacities);
  value.capacity = check_capacity(L, -1, (int64_t)item);
  lua_pop(L, 2);
  return value;
}

static size_t length_of(lua_State *L, int table) {
  int64_t n;
  bool has_n;

  lua_pushliteral(L, "n");
  lua_rawget(L, table);
  has_n = number_read_integer(L, -1, &n);
  lua_pop(L, 1);
  if (has_n && n >= 0 && (uint64_t)n > SIZE_MAX)
    status_usage_error(L, "a list of %" PRId64 " items is too long", n);
  return has_n && n >= 0 ? (size_t)n : lua_rawlen(L, table);
}

const shareable_value *value_check_all(lua_State *L, int argument, size_t *count) {
  shareable_value *array;
  members at;

  luaL_checktype(L, argument, LUA_TTABLE);
  lua_rawgeti(L, argument, 1);
  lua_rawgeti(L, argument, 2);
  lua_newtable(L);
  at.kept = lua_gettop(L);
  at.capacities = at.kept - 1;
  at.values = at.kept - 2;
  luaL_checktype(L, at.values, LUA_TTABLE);
  *count = length_of(L, at.values);
  if (*count > SIZE_MAX / 2 / sizeof *array)
    status_usage_error(L, "a list of %zu items is too long", *count);
  array = lua_newuserdata(L, *count * sizeof *array);
  for (size_t i = 0; i < *count; i++)
    array[i] = check_member(L, at, i + 1);
  return array;
}

void value_push(lua_State *L, const shareable_value *value) {
  switch (value->type) {
  case SHAREABLE_TYPE_INT:
    number_push_integer(L, value->integer);
    break;
  case SHAREABLE_TYPE_FLOAT:
    lua_pushnumber(L, value->real);
    break;
  case SHAREABLE_TYPE_BOOL:
    lua_pushboolean(L, value->boolean);
    break;
  case SHAREABLE_TYPE_STR:
    lua_pushlstring(L, value->text, value->length);
    break;
  case SHAREABLE_TYPE_BYTES:
    bytes_push(L, value->text, value->length);
    break;
  default:
    bytes_push_none(L);
  }
}

const char *value_check_name(lua_State *L, int argument) {
  size_t length;
  const char *name;

  if (lua_isnil(L, argument))
    return NULL;
  luaL_checktype(L, argument, LUA_TSTRING);
  name = lua_tolstring(L, argument, &length);
  if (strlen(name) != length)
    luaL_error(L, "'%s': a name or an address must not contain a NUL", name);
  return name;
}

uint64_t value_check_uint(lua_State *L, int argument, uint64_t max) {
  int64_t integer;

  if (!number_read_integer(L, argument, &integer)) {
    double real = number_check_real(L, argument); /* a double beyond 2^53 may be the exact size that is meant */
    integer = real > 0x1p53 && real < 0x1p63 ? (int64_t)real : number_check_integer(L, argument);
  }
  if (integer < 0 || (uint64_t)integer > max)
    status_usage_error(L, "%" PRId64 " is out of range: expected 0 to %" PRIu64, integer, max);
  return (uint64_t)integer;
}

int64_t value_check_timeout(lua_State *L, int argument) {
  double seconds;

  if (lua_isnoneornil(L, argument))
    return -1;
  seconds = number_check_real(L, argument);
  luaL_argcheck(L, seconds >= 0, argument, "a timeout must be 0 seconds or more");
  return seconds < TIMEOUT_MAX ? (int64_t)(seconds * 1e9) : -1;
}
