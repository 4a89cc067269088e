/*
 * number.c - integers of 64 bits and floats, in a Lua that has both and in a Lua whose numbers are
 * all doubles.
 */
#include "number.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ffi.h"

/* Returns false unless the text is only an integer of 64 bits in decimal digits. */
static bool parse(const char *digits, int64_t *integer) {
  char *end;
  long long parsed;

  errno = 0;
  parsed = strtoll(digits, &end, 10);
  *integer = parsed;
  return errno == 0 && end != digits && *end == '\0';
}

/* Returns the argument of integer(), or raises an error. */
static int64_t check_new(lua_State *L) {
  int64_t integer;

  if (lua_type(L, 1) == LUA_TSTRING ? parse(lua_tostring(L, 1), &integer) : number_read_integer(L, 1, &integer))
    return integer;
  luaL_argerror(L, 1,
                lua_pushfstring(L, "an integer of 64 bits expected, got %s",
                                lua_isstring(L, 1) ? lua_tostring(L, 1) : luaL_typename(L, 1)));
  return 0;
}

int64_t number_check_integer_or(lua_State *L, int argument, int64_t otherwise) {
  return lua_isnoneornil(L, argument) ? otherwise : number_check_integer(L, argument);
}

double number_check_real(lua_State *L, int argument) {
  shareable_value value;

  if (!number_read(L, argument, &value))
    return luaL_checknumber(L, argument);
  return value.type == SHAREABLE_TYPE_INT ? (double)value.integer : value.real;
}

int number_of(lua_State *L) {
  lua_pushnumber(L, number_check_real(L, 1));
  return 1;
}

#if NUMBER_HAS_INTEGERS
bool number_read(lua_State *L, int index, shareable_value *value) {
  if (lua_type(L, index) != LUA_TNUMBER)
    return false;
  *value = lua_isinteger(L, index) ? shareable_int(lua_tointeger(L, index)) : shareable_float(lua_tonumber(L, index));
  return true;
}

bool number_read_integer(lua_State *L, int index, int64_t *integer) {
  int is_integer;

  *integer = lua_tointegerx(L, index, &is_integer);
  return is_integer;
}

int64_t number_check_integer(lua_State *L, int argument) {
  return luaL_checkinteger(L, argument);
}

void number_push_integer(lua_State *L, int64_t integer) {
  lua_pushinteger(L, integer);
}

int number_integer(lua_State *L) {
  lua_pushinteger(L, check_new(L));
  return 1;
}

int number_float(lua_State *L) {
  lua_pushnumber(L, luaL_checknumber(L, 1));
  return 1;
}

void number_open(lua_State *L) {
  (void)L;
}
#else
typedef struct integer_object {
  const object_kind *kind;
  int64_t integer;
} integer_object;

typedef struct float_object {
  const object_kind *kind;
  double real;
} float_object;

static shareable_value value_of(double number) {
  bool is_minus_zero = number == 0 && signbit(number);
  int64_t whole;

  return !is_minus_zero && number_is_whole(number, &whole) ? shareable_int(whole) : shareable_float(number);
}

bool number_read(lua_State *L, int index, shareable_value *value) {
  const integer_object *integer;
  const float_object *real;
  int64_t whole;

  if (lua_type(L, index) == LUA_TNUMBER)
    *value = value_of(lua_tonumber(L, index));
  else if ((integer = object_test(L, index, &object_integer)) != NULL)
    *value = shareable_int(integer->integer);
  else if ((real = object_test(L, index, &object_float)) != NULL)
    *value = shareable_float(real->real);
  else if (ffi_read_integer(L, index, &whole))
    *value = shareable_int(whole);
  else
    return false;
  return true;
}

bool number_read_integer(lua_State *L, int index, int64_t *integer) {
  const integer_object *self;

  if (lua_isnumber(L, index))
    return number_is_whole(lua_tonumber(L, index), integer);
  self = object_test(L, index, &object_integer);
  if (self == NULL)
    return ffi_read_integer(L, index, integer);
  *integer = self->integer;
  return true;
}

int64_t number_check_integer(lua_State *L, int argument) {
  int64_t integer;

  if (number_read_integer(L, argument, &integer))
    return integer;
  luaL_argerror(L, argument,
                fabs(luaL_checknumber(L, argument)) > 0x1p53
                  ? "number beyond 2^53 may be rounded: pass a shareable.integer"
                  : "number has no integer representation");
  return 0;
}

static void push_object(lua_State *L, int64_t integer) {
  integer_object *self = object_push_sized(L, &object_integer, sizeof *self);

  self->integer = integer;
}

void number_push_integer(lua_State *L, int64_t integer) {
  if (number_represents(integer))
    lua_pushnumber(L, (lua_Number)integer);
  else
    push_object(L, integer);
}

int number_integer(lua_State *L) {
  push_object(L, check_new(L));
  return 1;
}

int number_float(lua_State *L) {
  double real = number_check_real(L, 1);
  float_object *self = object_push_sized(L, &object_float, sizeof *self);

  self->real = real;
  return 1;
}

/*
 * Returns an operand of a comparison, or raises an error. One operand is a shareable.integer, the
 * other any value.
 */
static int64_t operand(lua_State *L, int index) {
  int64_t integer = 0;

  if (!number_read_integer(L, index, &integer))
    luaL_error(L, "attempt to compare shareable.integer with %s", luaL_typename(L, index));
  return integer;
}

static int equal(lua_State *L) {
  int64_t a, b;

  lua_pushboolean(L, number_read_integer(L, 1, &a) && number_read_integer(L, 2, &b) && a == b);
  return 1;
}

static int less(lua_State *L) {
  lua_pushboolean(L, operand(L, 1) < operand(L, 2));
  return 1;
}

static int less_or_equal(lua_State *L) {
  lua_pushboolean(L, operand(L, 1) <= operand(L, 2));
  return 1;
}

static int integer_string(lua_State *L) {
  const integer_object *self = object_check(L, 1, &object_integer);
  char digits[24];

  snprintf(digits, sizeof digits, "%lld", (long long)self->integer);
  lua_pushstring(L, digits);
  return 1;
}

/* Formats the float as a Lua that has integers does. */
static int float_string(lua_State *L) {
  const float_object *self = object_check(L, 1, &object_float);
  char digits[32];

  snprintf(digits, sizeof digits, "%.14g", self->real);
  if (strspn(digits, "-0123456789") == strlen(digits))
    strcat(digits, ".0");
  lua_pushstring(L, digits);
  return 1;
}

void number_open(lua_State *L) {
  static const luaL_Reg integer_functions[] = {{"__eq", equal},
                                               {"__le", less_or_equal},
                                               {"__lt", less},
                                               {"__newindex", object_readonly},
                                               {"__tostring", integer_string},
                                               {NULL, NULL}};
  static const luaL_Reg float_functions[] = {
    {"__newindex", object_readonly}, {"__tostring", float_string}, {NULL, NULL}};

  object_push_metatable(L, &object_integer, integer_functions, object_member);
  lua_setfield(L, -2, "integer");
  object_push_metatable(L, &object_float, float_functions, object_member);
  lua_setfield(L, -2, "float");
}
#endif
