/*
 * status.c - returns or raises the failures of the library in Lua.
 */
#include "status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

/*
 * Whether the status means that the program must be changed. Any other status is a run-time
 * failure, which a correct program may meet: the system refused, another process wrote something
 * else into shared memory, or a text from outside is not UTF-8 or too long.
 */
static bool is_usage_error(int status) {
  switch (status) {
  case SHAREABLE_E_ARGUMENT:
  case SHAREABLE_E_NAME:
  case SHAREABLE_E_CLOSED:
  case SHAREABLE_E_READ_ONLY:
  case SHAREABLE_E_INDEX:
  case SHAREABLE_E_VALUE_TYPE:
  case SHAREABLE_E_OVERFLOW:
  case SHAREABLE_E_NOT_LOCKED:
    return true;
  default:
    return false;
  }
}

/*
 * Pushes the library's message. An index at its beginning, as in "item 4" or "index 4", becomes
 * Lua's index.
 */
static void push_message(lua_State *L, const char *text) {
  const char *number = strncmp(text, "item ", 5) == 0 ? text + 5 : strncmp(text, "index ", 6) == 0 ? text + 6 : text;
  char *rest, digits[24];
  long long index = strtoll(number, &rest, 10);

  if (number == text || rest == number) {
    lua_pushstring(L, text);
    return;
  }
  snprintf(digits, sizeof digits, "%" PRId64, number_index_to_lua(index));
  lua_pushlstring(L, text, (size_t)(number - text));
  lua_pushstring(L, digits);
  lua_pushstring(L, rest);
  lua_concat(L, 3);
}

/* Raises the message on the stack, with the position of the caller. */
static int raise_message(lua_State *L) {
  luaL_where(L, 1);
  lua_insert(L, -2);
  lua_concat(L, 2);
  return lua_error(L);
}

static int raise(lua_State *L, const shareable_error *error) {
  push_message(L, error->message);
  return raise_message(L);
}

int status_usage_error(lua_State *L, const char *format, ...) {
  char message[512];
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  lua_pushstring(L, message);
  return raise_message(L);
}

int status_fail(lua_State *L, const shareable_error *error) {
  if (is_usage_error(error->status))
    return raise(L, error);
  lua_pushnil(L);
  push_message(L, error->message);
  lua_pushstring(L, shareable_status_name(error->status));
  return 3;
}

int status_fail_item(lua_State *L, const shareable_list *list, int64_t index, shareable_status status) {
  shareable_error error;

  shareable_list_explain_item(list, index, status, &error);
  return status_fail(L, &error);
}

int status_raise_item(lua_State *L, const shareable_list *list, int64_t index, shareable_status status) {
  shareable_error error;

  shareable_list_explain_item(list, index, status, &error);
  return raise(L, &error);
}

static void push_inexact(lua_State *L, const shareable_list *list, int64_t index) {
  char message[512];

  index = number_index_to_lua(index);
  snprintf(message, sizeof message,
           "item %" PRId64 " of list '%s' is an integer beyond 2^53, which no number of this Lua can represent: "
           "read it with exact(%" PRId64 ")",
           index, shareable_memory_name(shareable_list_memory(list)), index);
  lua_pushstring(L, message);
}

int status_fail_inexact(lua_State *L, const shareable_list *list, int64_t index) {
  lua_pushnil(L);
  push_inexact(L, list, index);
  lua_pushstring(L, shareable_status_name(SHAREABLE_E_OVERFLOW));
  return 3;
}

int status_raise_inexact(lua_State *L, const shareable_list *list, int64_t index) {
  push_inexact(L, list, index);
  return raise_message(L);
}

int status_fail_list(lua_State *L, const shareable_list *list, shareable_status status) {
  shareable_error error;

  shareable_list_explain(list, status, &error);
  return status_fail(L, &error);
}

int status_fail_dict(lua_State *L, const shareable_dict *dict, const shareable_value *key, shareable_status status) {
  shareable_error error;

  shareable_dict_explain(dict, key, status, &error);
  return status_fail(L, &error);
}

int status_raise_dict(lua_State *L, const shareable_dict *dict, const shareable_value *key, shareable_status status) {
  shareable_error error;

  shareable_dict_explain(dict, key, status, &error);
  return raise(L, &error);
}

int status_raise_memory(lua_State *L, const shareable_memory *memory, shareable_status status) {
  const char *name = shareable_memory_name(memory);

  return luaL_error(L, "block '%s' is %s", name == NULL ? "" : name,
                    status == SHAREABLE_E_CLOSED ? "closed: open it again" : "attached read-only");
}
