/*
 * dict_keys.c - visits the keys of a dict.
 */
#include "dict_keys.h"

#include "dict_item.h"
#include "dict_key.h"
#include "number.h"
#include "status.h"
#include "value.h"

/* As in ngx.shared.DICT. */
#define KEYS_DEFAULT 1024

/*
 * Finds the next key, without its value. In a list of stock Python, a key gets longer than the buffer
 * if another process changes the offsets of the list: then the key was not read.
 */
static shareable_status next_key(const shareable_dict *dict, size_t *cursor, shareable_dict_item *item) {
  shareable_status status = shareable_dict_next(dict, cursor, item);

  if (status != SHAREABLE_E_BUFFER)
    return status;
  if (item->key.length > item->key_buffer_size)
    return SHAREABLE_E_CORRUPT;
  ++*cursor; /* only the value needs a buffer */
  return SHAREABLE_OK;
}

/* Provides a buffer for keys. Those of a list of stock Python may be longer than those of a dict. */
static void add_key_buffer(lua_State *L, const shareable_dict *dict, shareable_dict_item *item, char *few,
                           size_t size) {
  item->key_buffer_size = shareable_dict_key_size(dict);
  item->key_buffer = item->key_buffer_size <= size ? few : lua_newuserdata(L, item->key_buffer_size);
}

/*
 * The iterator, with the dict and the cursor as its upvalues. A value that no buffer on the stack can
 * hold is in a userdata, which becomes the third upvalue.
 */
static int iterate(lua_State *L) {
  const object *self = object_check(L, lua_upvalueindex(1), &object_dict);
  size_t cursor = (size_t)lua_tonumber(L, lua_upvalueindex(2));
  char key[SHAREABLE_DICT_KEY_MAX];
  shareable_dict_item item = {.value_buffer_size = shareable_dict_value_size(self->dict)};
  shareable_status status;

  item.value_buffer = lua_touserdata(L, lua_upvalueindex(3));
  add_key_buffer(L, self->dict, &item, key, sizeof key);
  status = shareable_dict_next(self->dict, &cursor, &item);
  if (status == SHAREABLE_E_NO_KEY)
    return 0;
  if (status != SHAREABLE_OK)
    return status_raise_dict(L, self->dict, NULL, status);
  lua_pushnumber(L, (lua_Number)cursor);
  lua_replace(L, lua_upvalueindex(2));
  dict_key_push(L, &item.key);
  dict_item_push(L, &item.value, DICT_ITEM_NUMBER);
  return 2;
}

int dict_keys_pairs(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);

  lua_pushvalue(L, 1);
  lua_pushnumber(L, 0);
  lua_newuserdata(L, shareable_dict_value_size(self->dict));
  lua_pushcclosure(L, iterate, 3);
  lua_pushvalue(L, 1);
  return 2;
}

int dict_keys_get(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);
  uint64_t max = lua_isnoneornil(L, 2) ? KEYS_DEFAULT : value_check_uint(L, 2, INT32_MAX);
  char key[SHAREABLE_DICT_KEY_MAX];
  shareable_dict_item item = {0};
  shareable_status status = SHAREABLE_OK;
  size_t cursor = 0;
  uint64_t count = 0;

  add_key_buffer(L, self->dict, &item, key, sizeof key);
  lua_newtable(L);
  while ((max == 0 || count < max) && (status = next_key(self->dict, &cursor, &item)) == SHAREABLE_OK) {
    dict_key_push(L, &item.key);
    lua_rawseti(L, -2, (object_index)++count);
  }
  return status == SHAREABLE_OK || status == SHAREABLE_E_NO_KEY ? 1 : status_fail_dict(L, self->dict, NULL, status);
}

/* A key that is deleted meanwhile needs no change. */
static shareable_status expire(const object *self, const shareable_value *key) {
  shareable_status status = shareable_dict_expire(self->dict, key, 1, self->timeout);

  return status == SHAREABLE_E_NO_KEY ? SHAREABLE_OK : status;
}

int dict_keys_flush_all(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);
  char key[SHAREABLE_DICT_KEY_MAX];
  shareable_dict_item item = {0};
  shareable_status status;
  size_t cursor = 0;

  add_key_buffer(L, self->dict, &item, key, sizeof key);
  do {
    status = next_key(self->dict, &cursor, &item);
    if (status == SHAREABLE_OK)
      status = expire(self, &item.key);
  } while (status == SHAREABLE_OK);
  if (status != SHAREABLE_E_NO_KEY)
    return status_fail_dict(L, self->dict, NULL, status);
  lua_pushboolean(L, 1);
  return 1;
}

int dict_keys_flush_expired(lua_State *L) {
  const object *self = object_check(L, 1, &object_dict);
  uint64_t max = lua_isnoneornil(L, 2) ? 0 : value_check_uint(L, 2, INT32_MAX);
  size_t deleted = 0;
  shareable_status status = shareable_dict_delete_expired(self->dict, (size_t)max, self->timeout, &deleted);

  if (status != SHAREABLE_OK)
    return status_fail_dict(L, self->dict, NULL, status);
  number_push_integer(L, (int64_t)deleted);
  return 1;
}
