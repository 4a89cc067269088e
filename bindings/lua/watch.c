/*
 * watch.c - watches: descriptors that become readable when a list or keys of a dict change.
 */
#include "watch.h"

#include <stdio.h>
#include <string.h>

#include "dict_item.h"
#include "dict_key.h"
#include "number.h"
#include "status.h"

/* What a watch contains: the item at an index of 0 or more, the list or its lock, or a key of a dict. */
enum { WHOLE_LIST = -1, LOCK = -2, KEY = -3 };
typedef struct entry {
  uint64_t id;
  int64_t item;
  shareable_value key; /* its text is in a value of Lua that the watch keeps */
  bool is_reported;    /* the key was reported, and is not added again yet */
} entry;

/* A watch of one list or dict, which it keeps. */
typedef struct watch {
  const object_kind *kind;
  shareable_watch *watch; /* NULL if it is closed */
  shareable_dict *dict;   /* a reference; NULL for a list */
  size_t count;
  entry entries[];
} watch;

/* Returns what the argument means. An index outside the list stays outside. */
static int64_t check_item(lua_State *L, int argument, const shareable_list *list) {
  int64_t index;

  if (lua_type(L, argument) == LUA_TSTRING) {
    if (strcmp(lua_tostring(L, argument), "list") == 0)
      return WHOLE_LIST;
    if (strcmp(lua_tostring(L, argument), "lock") == 0)
      return LOCK;
    luaL_argerror(L, argument, "an index, \"list\" or \"lock\" expected");
  }
  index = number_index_from_lua(number_check_integer(L, argument));
  if (index < 0)
    index += (int64_t)shareable_list_length(list);
  return index < 0 ? INT64_MAX : index;
}

static shareable_status add(watch *self, shareable_list *list, entry *added) {
  switch (added->item) {
  case WHOLE_LIST:
    return shareable_watch_add_list(self->watch, list, 0, 0, &added->id);
  case LOCK:
    return shareable_watch_add_lock(self->watch, list, &added->id);
  default:
    return shareable_watch_add_item(self->watch, list, added->item, 0, &added->id);
  }
}

static void end(watch *self) {
  shareable_watch_free(self->watch);
  shareable_dict_unref(self->dict);
  self->watch = NULL;
  self->dict = NULL;
}

/* Pushes a watch with the entries of the arguments from 2 on, which are not added yet. */
static watch *push_watch(lua_State *L, const shareable_list *list) {
  int count = lua_gettop(L) - 1;
  watch *self = object_push_sized(L, &object_watch, sizeof *self + (size_t)count * sizeof *self->entries);

  object_keep(L, 1);
  self->count = (size_t)count;
  for (int i = 0; i < count; i++)
    self->entries[i].item = check_item(L, i + 2, list);
  return self;
}

/* Returns the failure to add an entry. The message for an index outside the list names that index. */
static int fail_entry(lua_State *L, const shareable_list *list, size_t i, int64_t item, shareable_status status) {
  if (item == WHOLE_LIST || item == LOCK)
    return status_fail_list(L, list, status);
  if (status == SHAREABLE_E_INDEX)
    item = number_index_from_lua(number_check_integer(L, (int)i + 2));
  return status_fail_item(L, list, item, status);
}

int watch_create(lua_State *L) {
  shareable_list *list = object_check_list(L, 1);
  shareable_status status;
  shareable_error error;
  watch *self;

  if (lua_gettop(L) == 1)
    lua_pushliteral(L, "list");
  self = push_watch(L, list);
  if (shareable_watch_create(&self->watch, &error) != SHAREABLE_OK)
    return status_fail(L, &error);
  for (size_t i = 0; i < self->count; i++) {
    status = add(self, list, &self->entries[i]);
    if (status != SHAREABLE_OK) {
      end(self);
      return fail_entry(L, list, i, self->entries[i].item, status);
    }
  }
  return 1;
}

/* Pushes a table of the arguments. Numbers among the keys become strings before. */
static void push_arguments(lua_State *L, int count) {
  lua_createtable(L, count, 0);
  for (int i = 1; i <= count; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, -2, i);
  }
}

static void check_keys(lua_State *L, int count) {
  if (count == 1)
    luaL_argerror(L, 2, "a key expected: d:list():watch() watches all keys");
  for (int i = 2; i <= count; i++)
    if (dict_key_check(L, i).type == SHAREABLE_TYPE_NONE)
      luaL_argerror(L, i, "a key must be a string, a number or shareable.bytes, not nil");
}

/* Pushes a watch of the keys that are the arguments from 2 on, which are not added yet. */
static watch *push_watch_of_keys(lua_State *L) {
  int count = lua_gettop(L);
  watch *self;

  check_keys(L, count);
  push_arguments(L, count);
  self = object_push_sized(L, &object_watch, sizeof *self + (size_t)(count - 1) * sizeof *self->entries);
  object_keep(L, count + 1);
  self->count = (size_t)count - 1;
  for (int i = 2; i <= count; i++) {
    self->entries[i - 2].item = KEY;
    self->entries[i - 2].key = dict_key_check(L, i);
  }
  return self;
}

/*
 * Through a read-only handle, an insert of the key into another place than the one that it would have
 * by its hash is not reported. So the watch is for all keys then.
 */
static shareable_status add_key_read_only(watch *self, entry *added) {
  int64_t ttl;

  if (shareable_dict_ttl(self->dict, &added->key, &ttl) == SHAREABLE_E_KEY)
    return SHAREABLE_E_KEY;
  return shareable_watch_add_list(self->watch, shareable_dict_list(self->dict), 0, SHAREABLE_WATCH_ONCE, &added->id);
}

static shareable_status add_key(watch *self, entry *added) {
  if (shareable_memory_is_read_only(shareable_list_memory(shareable_dict_list(self->dict))))
    return add_key_read_only(self, added);
  return shareable_watch_add_key(self->watch, self->dict, &added->key, &added->id);
}

int watch_create_of_keys(lua_State *L) {
  shareable_dict *dict = object_check_dict(L, 1);
  watch *self = push_watch_of_keys(L);
  shareable_error error;

  self->dict = shareable_dict_ref(dict);
  if (shareable_watch_create(&self->watch, &error) != SHAREABLE_OK)
    return status_fail(L, &error);
  for (size_t i = 0; i < self->count; i++) {
    shareable_status status = add_key(self, &self->entries[i]);

    if (status != SHAREABLE_OK) {
      end(self);
      return dict_item_fail(L, dict, &self->entries[i].key, status);
    }
  }
  return 1;
}

static watch *check_open(lua_State *L) {
  watch *self = object_check(L, 1, &object_watch);

  if (self->watch == NULL)
    status_usage_error(L, "the watch is closed");
  return self;
}

static int fail(lua_State *L, const watch *self, shareable_status status) {
  shareable_error error = {.status = status};

  snprintf(error.message, sizeof error.message, "a watch of a %s: %s", self->dict == NULL ? "list" : "dict",
           shareable_status_message(status));
  return status_fail(L, &error);
}

/* Returns the entry with the id. The ids usually are in the order of the entries, from `next` on. */
static entry *find(watch *self, uint64_t id, size_t *next) {
  for (size_t tried = 0; tried < self->count; tried++) {
    entry *found = &self->entries[(*next)++ % self->count];

    if (found->id == id)
      return found;
  }
  return NULL;
}

static void push_entry(lua_State *L, const entry *changed) {
  if (changed->item == WHOLE_LIST)
    lua_pushliteral(L, "list");
  else if (changed->item == LOCK)
    lua_pushliteral(L, "lock");
  else
    number_push_integer(L, number_index_to_lua(changed->item));
}

/*
 * Arms the locks among the changed entries, which the library does not. Then the caller tries to take
 * the lock. A list that was closed is never reported again.
 */
static shareable_status arm_locks(watch *self, const uint64_t *ids, size_t count) {
  shareable_status status;
  size_t next = 0;

  for (size_t i = 0; i < count; i++) {
    const entry *changed = find(self, ids[i], &next);

    if (changed == NULL || changed->item != LOCK)
      continue;
    status = shareable_watch_arm(self->watch, changed->id, 0);
    if (status != SHAREABLE_OK && status != SHAREABLE_E_CLOSED)
      return status;
  }
  return SHAREABLE_OK;
}

static int list_changed(lua_State *L, watch *self, const uint64_t *ids, size_t count) {
  shareable_status status = arm_locks(self, ids, count);
  size_t next = 0;

  if (status != SHAREABLE_OK)
    return fail(L, self, status);
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    push_entry(L, find(self, ids[i], &next));
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

/*
 * Adds the keys that were reported again, because a key may have another place now. Stores the numbers
 * of their entries. If that fails, the next call adds and returns the rest. A dict that was closed is
 * never reported again.
 */
static shareable_status add_reported(watch *self, uint64_t *entries, size_t *count) {
  *count = 0;
  for (size_t i = 0; i < self->count; i++) {
    entry *reported = &self->entries[i];
    shareable_status status;

    if (!reported->is_reported)
      continue;
    status = add_key(self, reported);
    if (status != SHAREABLE_OK && status != SHAREABLE_E_CLOSED)
      return status;
    reported->is_reported = false;
    entries[(*count)++] = i;
  }
  return SHAREABLE_OK;
}

static int keys_changed(lua_State *L, watch *self, uint64_t *ids, size_t count) {
  shareable_status status;
  size_t next = 0;

  for (size_t i = 0; i < count; i++) {
    entry *reported = find(self, ids[i], &next);

    if (reported != NULL)
      reported->is_reported = shareable_watch_remove(self->watch, reported->id) == SHAREABLE_OK;
  }
  status = add_reported(self, ids, &count);
  if (status != SHAREABLE_OK)
    return fail(L, self, status);
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    dict_key_push(L, &self->entries[ids[i]].key);
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

/* The buffer for the ids is allocated before a finalizer could close the watch. */
int watch_changed(lua_State *L) {
  watch *self = check_open(L);
  uint64_t *ids = lua_newuserdata(L, self->count * sizeof *ids);
  size_t count = 0;
  shareable_status status;

  check_open(L);
  status = shareable_watch_changed(self->watch, ids, self->count, &count);
  if (status != SHAREABLE_OK)
    return fail(L, self, status);
  return self->dict == NULL ? list_changed(L, self, ids, count) : keys_changed(L, self, ids, count);
}

int watch_fd(lua_State *L) {
  const watch *self = object_check(L, 1, &object_watch);

  if (self->watch == NULL)
    lua_pushnil(L);
  else
    lua_pushinteger(L, shareable_watch_fd(self->watch));
  return 1;
}

int watch_is_closed(lua_State *L) {
  const watch *self = object_check(L, 1, &object_watch);

  lua_pushboolean(L, self->watch == NULL);
  return 1;
}

int watch_close(lua_State *L) {
  end(object_check(L, 1, &object_watch));
  return 0;
}

void watch_open(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"__close", watch_close}, {"__gc", watch_close}, {"__newindex", object_readonly}, {NULL, NULL}};

  object_push_metatable(L, &object_watch, functions, object_member);
}
