/*
 * watch.c - watches: descriptors that become readable when a list changes.
 */
#include "watch.h"

#include <stdio.h>
#include <string.h>

#include "number.h"
#include "status.h"

/* What a watch contains: the item at an index of 0 or more, the list or its lock. */
enum { WHOLE_LIST = -1, LOCK = -2 };
typedef struct entry {
  uint64_t id;
  int64_t item;
} entry;

/* A watch of one list, which it keeps. */
typedef struct watch {
  const object_kind *kind;
  shareable_watch *watch; /* NULL if it is closed */
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
  self->watch = NULL;
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

static watch *check_open(lua_State *L) {
  watch *self = object_check(L, 1, &object_watch);

  if (self->watch == NULL)
    status_usage_error(L, "the watch is closed");
  return self;
}

static int fail(lua_State *L, shareable_status status) {
  shareable_error error = {.status = status};

  snprintf(error.message, sizeof error.message, "a watch of a list: %s", shareable_status_message(status));
  return status_fail(L, &error);
}

/* Returns the entry with the id. The ids usually are in the order of the entries, from `next` on. */
static const entry *find(const watch *self, uint64_t id, size_t *next) {
  for (size_t tried = 0; tried < self->count; tried++) {
    const entry *found = &self->entries[(*next)++ % self->count];

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
static shareable_status arm_locks(const watch *self, const uint64_t *ids, size_t count) {
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

/* The buffer for the ids is allocated before a finalizer could close the watch. */
int watch_changed(lua_State *L) {
  watch *self = check_open(L);
  uint64_t *ids = lua_newuserdata(L, self->count * sizeof *ids);
  size_t count = 0, next = 0;
  shareable_status status;

  check_open(L);
  status = shareable_watch_changed(self->watch, ids, self->count, &count);
  if (status == SHAREABLE_OK)
    status = arm_locks(self, ids, count);
  if (status != SHAREABLE_OK)
    return fail(L, status);
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    push_entry(L, find(self, ids[i], &next));
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
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
