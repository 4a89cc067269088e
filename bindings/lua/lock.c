/*
 * lock.c - the lock of a list.
 */
#include "lock.h"

#include <stdbool.h>

#include "status.h"
#include "value.h"

static bool is_taken(shareable_status status) {
  return status == SHAREABLE_OK || status == SHAREABLE_E_OWNER_DIED;
}

/*
 * Locks a list, and counts its locks, so that a guard does not release a later lock of the same
 * handle.
 */
static shareable_status take(object *list, int64_t timeout) {
  shareable_status status = shareable_list_lock(list->list, timeout);

  if (is_taken(status))
    list->locks++;
  return status;
}

/* Pushes "owner died" after E_OWNER_DIED. Returns the number of results, with the one before it. */
static int push_taken(lua_State *L, shareable_status status) {
  if (status == SHAREABLE_OK)
    return 1;
  lua_pushliteral(L, "owner died");
  return 2;
}

int lock_take(lua_State *L) {
  object *list = object_check(L, 1, &object_list);
  shareable_status status = take(list, value_check_timeout(L, 2));

  if (!is_taken(status))
    return status_fail_list(L, list->list, status);
  lua_pushboolean(L, 1);
  return push_taken(L, status);
}

int lock_release(lua_State *L) {
  shareable_list *list = object_check_list(L, 1);
  shareable_status status = shareable_list_unlock(list);

  if (status != SHAREABLE_OK)
    return status_fail_list(L, list, status);
  lua_pushboolean(L, 1);
  return 1;
}

/*
 * A guard unlocks a list at the end of with_lock, or when it is collected: then the coroutine that
 * called with_lock was abandoned. `list` is not NULL while the guard has locked the list. The guard
 * references the object, so that it is not freed before the guard.
 */
typedef struct guard {
  const object_kind *kind;
  object *list;
  uint64_t lock; /* the value of list->locks after the guard's lock */
} guard;

/* Pushes a guard that has locked nothing and references the list at the index. */
static guard *push_guard(lua_State *L, int list) {
  guard *self = object_push_sized(L, &object_lock, sizeof *self);

  object_keep(L, list);
  return self;
}

static shareable_status guard_lock(guard *self, object *list, int64_t timeout) {
  shareable_status status = take(list, timeout);

  if (is_taken(status)) {
    self->list = list;
    self->lock = list->locks;
  }
  return status;
}

/* Unlocks the list if the guard's lock is the latest one of the handle. */
static shareable_status guard_unlock(guard *self) {
  const object *list = self->list;

  self->list = NULL;
  return list->locks == self->lock ? shareable_list_unlock(list->list) : SHAREABLE_E_NOT_LOCKED;
}

/* The __gc and __close of a guard. */
static int guard_end(lua_State *L) {
  guard *self = object_check(L, 1, &object_lock);

  if (self->list != NULL)
    guard_unlock(self);
  return 0;
}

#if LOCK_ENDS_WITH_SCOPE
/*
 * The stack of with_lock: its arguments, and the guard that unlocks the list when the function
 * ends.
 */
enum { LIST = 1, BODY, TIMEOUT, GUARD };

/*
 * Runs after the body has returned. If the body unlocked or closed the list, that is a usage error.
 */
static int unlock_scope(lua_State *L, int yielded, lua_KContext context) {
  guard *self = lua_touserdata(L, GUARD);
  const object *list = self->list;
  shareable_status status = guard_unlock(self);

  (void)yielded;
  (void)context;
  return status == SHAREABLE_OK ? lua_gettop(L) - GUARD : status_fail_list(L, list->list, status);
}

int lock_with(lua_State *L) {
  object *list = object_check(L, LIST, &object_list);
  int64_t timeout = value_check_timeout(L, TIMEOUT);
  shareable_status status;
  guard *self;

  luaL_checktype(L, BODY, LUA_TFUNCTION);
  lua_settop(L, TIMEOUT);
  self = push_guard(L, LIST);
  lua_toclose(L, GUARD);
  status = guard_lock(self, list, timeout);
  if (!is_taken(status))
    return status_fail_list(L, list->list, status);
  lua_pushvalue(L, BODY);
  lua_pushboolean(L, status == SHAREABLE_E_OWNER_DIED);
  lua_callk(L, 1, LUA_MULTRET, 0, unlock_scope);
  return unlock_scope(L, LUA_OK, 0);
}
#else
int lock_guard(lua_State *L) {
  object *list = object_check(L, 1, &object_list);
  int64_t timeout = value_check_timeout(L, 2);
  guard *self = push_guard(L, 1);
  shareable_status status = guard_lock(self, list, timeout);

  return is_taken(status) ? push_taken(L, status) : status_fail_list(L, list->list, status);
}

int lock_guard_release(lua_State *L) {
  guard *self = object_check(L, 1, &object_lock);
  const object *list = self->list;
  shareable_status status;

  if (list == NULL)
    return status_usage_error(L, "the lock was released before");
  status = guard_unlock(self);
  if (status != SHAREABLE_OK)
    return status_fail_list(L, list->list, status);
  lua_pushboolean(L, 1);
  return 1;
}
#endif

void lock_open(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"__close", guard_end}, {"__gc", guard_end}, {"__newindex", object_readonly}, {NULL, NULL}};

  object_push_metatable(L, &object_lock, functions, object_member);
  lua_setfield(L, -2, "lock");
}
