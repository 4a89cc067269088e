/*
 * dict_item.c - reads, writes and deletes the values of keys of a dict.
 */
#include "dict_item.h"

#include <stdio.h>

#include "dict_key.h"
#include "number.h"
#include "status.h"
#include "text.h"
#include "value.h"

/* A text of up to this many bytes is read into a buffer on the C stack. */
#define SHORT_TEXT_MAX 512

/* A TTL of this many seconds or more is unlimited. */
#define TTL_MAX 4e9

/* Returns the text that ngx.shared.DICT has for a status, or NULL. */
static const char *ngx_text(const shareable_value *key, const shareable_dict *dict, shareable_status status) {
  switch (status) {
  case SHAREABLE_E_NO_KEY:
    return "not found";
  case SHAREABLE_E_KEY_EXISTS:
    return "exists";
  case SHAREABLE_E_FULL:
  case SHAREABLE_E_CAPACITY:
  case SHAREABLE_E_TOO_LONG:
    return "no memory";
  case SHAREABLE_E_TYPE:
    return "not a number";
  case SHAREABLE_E_KEY:
    if (key->type == SHAREABLE_TYPE_NONE)
      return "nil key";
    return key->length == 0 ? "empty key" : key->length > shareable_dict_key_size(dict) ? "key too long" : NULL;
  default:
    return NULL;
  }
}

int dict_item_fail(lua_State *L, const shareable_dict *dict, const shareable_value *key, shareable_status status) {
  const char *text = ngx_text(key, dict, status);

  if (text == NULL)
    return status_fail_dict(L, dict, key, status);
  lua_pushnil(L);
  lua_pushstring(L, text);
  lua_pushstring(L, shareable_status_name(status));
  return 3;
}

static int fail_inexact(lua_State *L, const shareable_dict *dict) {
  char message[512];

  snprintf(message, sizeof message,
           "a value of dict '%s' is an integer beyond 2^53, which no number of this Lua can represent: read it with "
           "exact()",
           shareable_memory_name(shareable_list_memory(shareable_dict_list(dict))));
  lua_pushnil(L);
  lua_pushstring(L, message);
  lua_pushstring(L, shareable_status_name(SHAREABLE_E_OVERFLOW));
  return 3;
}

/* Ends a read: an absent key is nil. */
static int end_read(lua_State *L, const shareable_dict *dict, const shareable_value *key, shareable_status status) {
  switch (status) {
  case SHAREABLE_OK:
    return 1;
  case SHAREABLE_E_NO_KEY:
    lua_pushnil(L);
    return 1;
  case SHAREABLE_E_OVERFLOW:
    return fail_inexact(L, dict);
  default:
    return dict_item_fail(L, dict, key, status);
  }
}

shareable_status dict_item_push(lua_State *L, const shareable_value *value, dict_item_form form) {
  if (form == DICT_ITEM_PLAIN && value->type == SHAREABLE_TYPE_INT && !number_represents(value->integer))
    return SHAREABLE_E_OVERFLOW;
  if (form != DICT_ITEM_EXACT && value->type == SHAREABLE_TYPE_BYTES)
    lua_pushlstring(L, value->text, (size_t)value->length);
  else
    value_push(L, value);
  return SHAREABLE_OK;
}

/* A function that reads a value: get_value(), get_stale() and pop_value(). */
typedef shareable_status reader(const object *self, const shareable_value *key, shareable_value *value, void *buffer,
                                size_t size, int *is_stale);

static shareable_status get_value(const object *self, const shareable_value *key, shareable_value *value, void *buffer,
                                  size_t size, int *is_stale) {
  (void)is_stale;
  return shareable_dict_get(self->dict, key, value, buffer, size);
}

static shareable_status get_stale(const object *self, const shareable_value *key, shareable_value *value, void *buffer,
                                  size_t size, int *is_stale) {
  return shareable_dict_get_stale(self->dict, key, value, buffer, size, is_stale);
}

static shareable_status pop_value(const object *self, const shareable_value *key, shareable_value *value, void *buffer,
                                  size_t size, int *is_stale) {
  (void)is_stale;
  return shareable_dict_pop(self->dict, key, value, buffer, size, self->timeout);
}

static __attribute__((noinline)) shareable_status read_long(lua_State *L, const object *self,
                                                            const shareable_value *key, reader *read, int *is_stale,
                                                            dict_item_form form) {
  shareable_value value;
  size_t size = shareable_dict_value_size(self->dict);
  void *buffer = lua_newuserdata(L, size); /* the garbage collector frees it, even after an error */
  shareable_status status = read(self, key, &value, buffer, size, is_stale);

  if (status == SHAREABLE_OK)
    status = dict_item_push(L, &value, form);
  lua_remove(L, status == SHAREABLE_OK ? -2 : -1);
  return status;
}

/* Pushes the value that `read` reads. On failure it pushes nothing. */
static inline shareable_status read_and_push(lua_State *L, const object *self, const shareable_value *key, reader *read,
                                             int *is_stale, dict_item_form form) {
  char buffer[SHORT_TEXT_MAX];
  shareable_value value;
  shareable_status status = read(self, key, &value, buffer, sizeof buffer, is_stale);

  if (status == SHAREABLE_E_BUFFER)
    return read_long(L, self, key, read, is_stale, form);
  return status == SHAREABLE_OK ? dict_item_push(L, &value, form) : status;
}

static int get(lua_State *L, dict_item_form form) {
  const object *self = object_check(L, 1, &object_dict);
  shareable_value key = dict_key_check(L, 2);

  return end_read(L, self->dict, &key, read_and_push(L, self, &key, get_value, NULL, form));
}

int dict_item_get(lua_State *L) {
  return get(L, DICT_ITEM_PLAIN);
}

int dict_item_exact(lua_State *L) {
  return get(L, DICT_ITEM_EXACT);
}

int dict_item_get_stale(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);
  shareable_value key = dict_key_check(L, 2);
  int is_stale = 0;
  shareable_status status = read_and_push(L, self, &key, get_stale, &is_stale, DICT_ITEM_PLAIN);

  if (status != SHAREABLE_OK) {
    if (end_read(L, self->dict, &key, status) == 1)
      return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    return 4;
  }
  lua_pushnil(L); /* the flags */
  lua_pushboolean(L, is_stale);
  return 3;
}

/*
 * Pops the value. An integer that no number represents keeps its type, because the value is no longer
 * in the dict.
 */
int dict_item_pop(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);
  shareable_value key = dict_key_check(L, 2);
  shareable_status status = read_and_push(L, self, &key, pop_value, NULL, DICT_ITEM_NUMBER);

  return end_read(L, self->dict, &key, status);
}

/* Raises the message of the last three results. */
static int raise_failure(lua_State *L) {
  luaL_where(L, 1);
  lua_pushvalue(L, -3);
  lua_concat(L, 2);
  return lua_error(L);
}

/* Returns whether a read by d[key] finds nothing because the dict cannot have such a key. */
static bool is_impossible_key(const shareable_value *key, shareable_status status) {
  return status == SHAREABLE_E_KEY && key->type != SHAREABLE_TYPE_NONE;
}

int dict_item_index(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);
  shareable_value key;
  shareable_status status;

  lua_settop(L, 2);
  if (lua_type(L, 2) == LUA_TSTRING) {
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1)); /* the methods */
    if (!lua_isnil(L, -1))
      return 1;
    lua_pop(L, 1);
  }
  key = dict_key_check(L, 2);
  status = read_and_push(L, self, &key, get_value, NULL, DICT_ITEM_PLAIN);
  if (is_impossible_key(&key, status) || key.type == SHAREABLE_TYPE_NONE)
    status = SHAREABLE_E_NO_KEY;
  if (status == SHAREABLE_E_OVERFLOW) {
    fail_inexact(L, self->dict);
    return raise_failure(L);
  }
  return status == SHAREABLE_OK || status == SHAREABLE_E_NO_KEY ? end_read(L, self->dict, &key, status)
                                                                : status_raise_dict(L, self->dict, &key, status);
}

/* Reads a value. A string is a str if it is UTF-8, otherwise bytes. */
static bool read_value(lua_State *L, int index, shareable_value *value) {
  if (lua_type(L, index) != LUA_TSTRING)
    return value_read(L, index, value);
  value_read(L, index, value);
  *value = text_value(value->text, (size_t)value->length);
  return true;
}

/* Raises an error if the key is a method, which hides the key from d[key]. */
static void check_not_method(lua_State *L) {
  if (lua_type(L, 2) != LUA_TSTRING)
    return;
  object_get_metatable(L, &object_dict);
  lua_getfield(L, -1, "methods");
  lua_pushvalue(L, 2);
  lua_rawget(L, -2);
  if (!lua_isnil(L, -1))
    status_usage_error(L, "'%s' is a method of a dict, which hides such a key: use d:set(key, value) and d:get(key)",
                       lua_tostring(L, 2));
  lua_pop(L, 3);
}

int dict_item_assign(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);
  shareable_value key, value;
  shareable_status status;

  check_not_method(L);
  key = dict_key_check(L, 2);
  if (lua_isnil(L, 3)) {
    status = shareable_dict_delete(self->dict, &key, self->timeout);
    if (status == SHAREABLE_E_NO_KEY || is_impossible_key(&key, status))
      status = SHAREABLE_OK;
  } else if (read_value(L, 3, &value)) {
    status = shareable_dict_set(self->dict, &key, &value, SHAREABLE_DICT_ANY, 0, self->timeout);
  } else {
    return status_usage_error(L, "a dict can hold " VALUE_STORABLE ", not %s", luaL_typename(L, 3));
  }
  return status == SHAREABLE_OK ? 0 : status_raise_dict(L, self->dict, &key, status);
}

int64_t dict_item_ttl_of(double seconds) {
  if (seconds == 0 || seconds >= TTL_MAX)
    return 0;
  return seconds * 1e9 < 1 ? 1 : (int64_t)(seconds * 1e9);
}

int64_t dict_item_check_ttl(lua_State *L, int argument) {
  double seconds;

  if (lua_isnoneornil(L, argument))
    return 0;
  seconds = number_check_real(L, argument);
  luaL_argcheck(L, seconds >= 0, argument, "a time to live must be 0 seconds or more");
  return dict_item_ttl_of(seconds);
}

/* A dict does not store the flags of ngx.shared.DICT. Another value than 0 would be lost. */
static void check_flags(lua_State *L, int argument) {
  int64_t flags;

  if (!lua_isnoneornil(L, argument) && (!number_read_integer(L, argument, &flags) || flags != 0))
    luaL_argerror(L, argument, "a dict does not store flags: store them as a value of a key of their own");
}

/* Pushes the results of a function that stores a value or deletes it. */
static int end_store(lua_State *L, const object *self, const shareable_value *key, shareable_status status,
                     bool forcible) {
  if (status != SHAREABLE_OK) {
    dict_item_fail(L, self->dict, key, status);
    lua_pushboolean(L, forcible);
    lua_insert(L, -2);
    if (status != SHAREABLE_E_KEY) {
      lua_pushboolean(L, 0);
      lua_replace(L, -5);
    }
    return 4;
  }
  lua_pushboolean(L, 1);
  lua_pushnil(L);
  lua_pushboolean(L, forcible);
  return 3;
}

static int delete_key(lua_State *L, const object *self, const shareable_value *key) {
  shareable_status status = shareable_dict_delete(self->dict, key, self->timeout);

  return end_store(L, self, key, status == SHAREABLE_E_NO_KEY ? SHAREABLE_OK : status, false);
}

/* Ends a function that stores with a text about the value. */
static int fail_value(lua_State *L, const char *text) {
  if (lua_isnoneornil(L, 3)) /* ngx.shared.DICT returns nil for bad arguments only */
    lua_pushboolean(L, 0);
  else
    lua_pushnil(L);
  lua_pushstring(L, text);
  lua_pushboolean(L, 0);
  lua_pushstring(L, shareable_status_name(SHAREABLE_E_VALUE_TYPE));
  return 4;
}

static int store(lua_State *L, uint32_t flags) {
  const object *self = object_check(L, 1, &object_dict);
  shareable_value key = dict_key_check(L, 2), value;
  int64_t ttl = dict_item_check_ttl(L, 4);
  uint64_t evicted = shareable_dict_evicted(self->dict);
  shareable_status status;

  check_flags(L, 5);
  if (lua_isnoneornil(L, 3))
    return (flags & (SHAREABLE_DICT_IF_ABSENT | SHAREABLE_DICT_IF_PRESENT)) == 0
             ? delete_key(L, self, &key)
             : fail_value(L, "attempt to add or replace nil values");
  if (!read_value(L, 3, &value))
    return fail_value(L, "bad value type");
  status = shareable_dict_set(self->dict, &key, &value, flags, ttl, self->timeout);
  return end_store(L, self, &key, status, shareable_dict_evicted(self->dict) != evicted);
}

int dict_item_set(lua_State *L) {
  return store(L, SHAREABLE_DICT_ANY);
}

int dict_item_safe_set(lua_State *L) {
  return store(L, SHAREABLE_DICT_NO_EVICT);
}

int dict_item_add(lua_State *L) {
  return store(L, SHAREABLE_DICT_IF_ABSENT);
}

int dict_item_safe_add(lua_State *L) {
  return store(L, SHAREABLE_DICT_IF_ABSENT | SHAREABLE_DICT_NO_EVICT);
}

int dict_item_replace(lua_State *L) {
  return store(L, SHAREABLE_DICT_IF_PRESENT);
}

int dict_item_delete(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);
  shareable_value key = dict_key_check(L, 2);

  return delete_key(L, self, &key);
}

int dict_item_stored(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);
  shareable_value key = dict_key_check(L, 2);

  return end_store(L, self, &key, self->status, self->forcible);
}

int dict_item_raise(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);
  shareable_value key = dict_key_check(L, 2);

  return status_raise_dict(L, self->dict, &key, self->status);
}

int dict_item_ttl(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);
  shareable_value key = dict_key_check(L, 2);
  int64_t ttl = 0;
  shareable_status status = shareable_dict_ttl(self->dict, &key, &ttl);

  if (status != SHAREABLE_OK)
    return dict_item_fail(L, self->dict, &key, status);
  lua_pushnumber(L, (lua_Number)ttl / 1e9);
  return 1;
}

int dict_item_expire(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);
  shareable_value key = dict_key_check(L, 2);
  int64_t ttl;
  shareable_status status;

  luaL_argcheck(L, !lua_isnoneornil(L, 3), 3, "a number of seconds expected, got nil");
  ttl = dict_item_check_ttl(L, 3);
  status = shareable_dict_expire(self->dict, &key, ttl, self->timeout);
  if (status != SHAREABLE_OK)
    return dict_item_fail(L, self->dict, &key, status);
  lua_pushboolean(L, 1);
  return 1;
}

int dict_item_wait(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);
  shareable_value key = dict_key_check(L, 2), old;
  bool is_absent = lua_isnoneornil(L, 3);
  int64_t timeout = value_check_timeout(L, 4);
  shareable_status status;

  if (!is_absent && !read_value(L, 3, &old))
    return luaL_argerror(L, 3, "a value of a dict, or nil to wait for the key, expected");
  status = shareable_dict_wait(self->dict, &key, is_absent ? NULL : &old, timeout);
  if (status == SHAREABLE_OK)
    status = read_and_push(L, self, &key, get_value, NULL, DICT_ITEM_PLAIN);
  return end_read(L, self->dict, &key, status);
}
