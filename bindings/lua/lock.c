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

int lock_take(lua_State *L) {
  shareable_list *list = object_check_list(L, 1);
  shareable_status status = shareable_list_lock(list, value_check_timeout(L, 2));

  if (!is_taken(status))
    return status_fail_list(L, list, status);
  lua_pushboolean(L, 1);
  if (status == SHAREABLE_OK)
    return 1;
  lua_pushliteral(L, "owner died");
  return 2;
}

int lock_release(lua_State *L) {
  shareable_list *list = object_check_list(L, 1);
  shareable_status status = shareable_list_unlock(list);

  if (status != SHAREABLE_OK)
    return status_fail_list(L, list, status);
  lua_pushboolean(L, 1);
  return 1;
}

#if LOCK_ENDS_WITH_SCOPE
/*
 * The stack of with_lock: its arguments, and the guard that unlocks the list when the function
 * ends.
 */
enum { LIST = 1, BODY, TIMEOUT, GUARD };

/*
 * `list` is not NULL while the list must be unlocked. The list's object is on the stack, so it
 * stays alive.
 */
typedef struct guard {
  const object_kind *kind;
  const object *list;
} guard;

/*
 * Runs after the body has returned. If the body unlocked or closed the list, that is a usage error.
 */
static int unlock_scope(lua_State *L, int yielded, lua_KContext context) {
  guard *self = lua_touserdata(L, GUARD);
  shareable_list *list = self->list->list;
  shareable_status status;

  (void)yielded;
  (void)context;
  self->list = NULL;
  status = shareable_list_unlock(list);
  return status == SHAREABLE_OK ? lua_gettop(L) - GUARD : status_fail_list(L, list, status);
}

int lock_with(lua_State *L) {
  shareable_list *list = object_check_list(L, LIST);
  int64_t timeout = value_check_timeout(L, TIMEOUT);
  shareable_status status;
  guard *self;

  luaL_checktype(L, BODY, LUA_TFUNCTION);
  lua_settop(L, TIMEOUT);
  self = object_push_sized(L, &object_lock, sizeof *self);
  lua_toclose(L, GUARD);
  status = shareable_list_lock(list, timeout);
  if (!is_taken(status))
    return status_fail_list(L, list, status);
  self->list = lua_touserdata(L, LIST);
  lua_pushvalue(L, BODY);
  lua_pushboolean(L, status == SHAREABLE_E_OWNER_DIED);
  lua_callk(L, 1, LUA_MULTRET, 0, unlock_scope);
  return unlock_scope(L, LUA_OK, 0);
}

/*
 * Runs at the end of with_lock. If an error ended the body, the list is unlocked here, and that
 * error is reported.
 */
static int scope_exit(lua_State *L) {
  const guard *self = object_check(L, 1, &object_lock);

  if (self->list != NULL)
    shareable_list_unlock(self->list->list);
  return 0;
}

void lock_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"__close", scope_exit}, {"__newindex", object_readonly}, {NULL, NULL}};

  object_push_metatable(L, &object_lock, functions, object_member);
  lua_setfield(L, -2, "lock");
}
#else
void lock_open(lua_State *L) {
  (void)L;
}
#endif
