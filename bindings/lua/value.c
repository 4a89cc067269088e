/*
 * value.c - one Lua value as one shareable value, both ways; and the other arguments that C functions take.
 */
#include "value.h"

#include <inttypes.h>
#include <string.h>

#include "bytes.h"
#include "status.h"

/* In seconds. */
#define LIFETIME 4e9

#define STORABLE "an integer, float, boolean, string, shareable.bytes or shareable.none"

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
    return false;
  }
}

shareable_value value_check(lua_State *L, int argument) {
  shareable_value value;

  if (!value_read(L, argument, &value))
    luaL_argerror(L, argument, lua_pushfstring(L, STORABLE " expected, got %s", luaL_typename(L, argument)));
  return value;
}

shareable_value value_check_item(lua_State *L, int index, int64_t item) {
  shareable_value value;

  if (!value_read(L, index, &value))
    status_misuse(L, "item %" PRId64 ": a list can hold " STORABLE ", not %s", item, luaL_typename(L, index));
  return value;
}

/* The capacity at `index`, nil or an integer, that an item is to have. */
static uint32_t check_capacity(lua_State *L, int index, int64_t item) {
  int64_t capacity;

  if (lua_isnil(L, index))
    return 0;
  if (!number_read_integer(L, index, &capacity) || capacity < 0 || capacity > UINT32_MAX)
    status_misuse(L, "item %" PRId64 ": a capacity is a number of bytes", item);
  return (uint32_t)capacity;
}

static shareable_value check_member(lua_State *L, int values, int capacities, size_t item) {
  shareable_value value;

  lua_rawgeti(L, values, (object_place)item);
  value = value_check_item(L, -1, (int64_t)item);
  if (lua_istable(L, capacities))
    lua_rawgeti(L, capacities, (object_place)item);
  else
    lua_pushvalue(L, capacities);
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
    status_misuse(L, "a list of %" PRId64 " items is too long", n);
  return has_n && n >= 0 ? (size_t)n : lua_rawlen(L, table);
}

const shareable_value *value_check_all(lua_State *L, int argument, size_t *count) {
  shareable_value *array;
  int values, capacities;

  luaL_checktype(L, argument, LUA_TTABLE);
  lua_rawgeti(L, argument, 1);
  lua_rawgeti(L, argument, 2);
  capacities = lua_gettop(L);
  values = capacities - 1;
  luaL_checktype(L, values, LUA_TTABLE);
  *count = length_of(L, values);
  if (*count > SIZE_MAX / 2 / sizeof *array)
    status_misuse(L, "a list of %zu items is too long", *count);
  array = lua_newuserdata(L, *count * sizeof *array);
  for (size_t i = 0; i < *count; i++) /* nothing is allocated here, so no finalizer runs that could change the table */
    array[i] = check_member(L, values, capacities, i + 1);
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
    luaL_error(L, "'%s' and a NUL: a name has no NUL in it", name);
  return name;
}

uint64_t value_check_figure(lua_State *L, int argument, uint64_t most) {
  int64_t figure;

  if (!number_read_integer(L, argument, &figure)) {
    double real = number_check_real(L, argument); /* a round one may be past 2^53 and still be what was meant */
    figure = real > 0x1p53 && real < 0x1p63 ? (int64_t)real : number_check_integer(L, argument);
  }
  if (figure < 0 || (uint64_t)figure > most)
    status_misuse(L, "%" PRId64 " is out of range", figure);
  return (uint64_t)figure;
}

int64_t value_check_timeout(lua_State *L, int argument) {
  lua_Number seconds;

  if (lua_isnoneornil(L, argument))
    return -1;
  seconds = luaL_checknumber(L, argument);
  luaL_argcheck(L, seconds >= 0, argument, "a timeout is a number of seconds, 0 or more");
  return seconds < LIFETIME ? (int64_t)(seconds * 1e9) : -1;
}
