/*
 * status.c - how a failure reaches a Lua program.
 */
#include "status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"

/*
 * Whether the caller is to change its program. All else is the world's: what the system refuses, what others wrote into
 * shared memory, and texts, which come from anywhere, so that a correct program meets one that does not fit.
 */
static bool is_misuse(int status) {
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

/* Pushes the library's sentence. Where it begins with an item, as "item 4" or "index 4", that becomes Lua's index. */
static void push_sentence(lua_State *L, const char *text) {
  const char *number = strncmp(text, "item ", 5) == 0 ? text + 5 : strncmp(text, "index ", 6) == 0 ? text + 6 : text;
  char *rest, digits[24];
  long long index = strtoll(number, &rest, 10);

  if (number == text || rest == number) {
    lua_pushstring(L, text);
    return;
  }
  snprintf(digits, sizeof digits, "%" PRId64, value_index_out(index));
  lua_pushlstring(L, text, (size_t)(number - text));
  lua_pushstring(L, digits);
  lua_pushstring(L, rest);
  lua_concat(L, 3);
}

/* Raises the sentence on the stack. */
static int raise_sentence(lua_State *L) {
  luaL_where(L, 1);
  lua_insert(L, -2);
  lua_concat(L, 2);
  return lua_error(L);
}

static int raise(lua_State *L, const shareable_error *error) {
  push_sentence(L, error->text);
  return raise_sentence(L);
}

int status_misuse(lua_State *L, const char *format, ...) {
  char sentence[512];
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(sentence, sizeof sentence, format, arguments);
  va_end(arguments);
  lua_pushstring(L, sentence);
  return raise_sentence(L);
}

int status_fail(lua_State *L, const shareable_error *error) {
  if (is_misuse(error->status))
    return raise(L, error);
  lua_pushnil(L);
  push_sentence(L, error->text);
  lua_pushstring(L, shareable_status_name(error->status));
  return 3;
}

int status_fail_item(lua_State *L, const shareable_list *list, int64_t index, shareable_status status) {
  shareable_error error;

  shareable_list_explain(list, index, status, &error);
  return status_fail(L, &error);
}

int status_raise_item(lua_State *L, const shareable_list *list, int64_t index, shareable_status status) {
  shareable_error error;

  shareable_list_explain(list, index, status, &error);
  return raise(L, &error);
}

static void push_inexact(lua_State *L, const shareable_list *list, int64_t index) {
  char sentence[512];

  index = value_index_out(index);
  snprintf(sentence, sizeof sentence,
           "item %" PRId64 " of list '%s' is an integer past 2^53, which this Lua's numbers are not: exact(%" PRId64
           ") tells it",
           index, shareable_memory_name(shareable_list_memory(list)), index);
  lua_pushstring(L, sentence);
}

int status_fail_inexact(lua_State *L, const shareable_list *list, int64_t index) {
  lua_pushnil(L);
  push_inexact(L, list, index);
  lua_pushstring(L, shareable_status_name(SHAREABLE_E_OVERFLOW));
  return 3;
}

int status_raise_inexact(lua_State *L, const shareable_list *list, int64_t index) {
  push_inexact(L, list, index);
  return raise_sentence(L);
}

int status_fail_list(lua_State *L, const shareable_list *list, shareable_status status) {
  shareable_error error;

  shareable_list_explain_whole(list, status, &error);
  return status_fail(L, &error);
}

int status_raise_memory(lua_State *L, const shareable_memory *memory, shareable_status status) {
  const char *name = shareable_memory_name(memory);

  return luaL_error(L, "block '%s': %s", name == NULL ? "" : name, shareable_status_text(status));
}
