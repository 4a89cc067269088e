/*
 * manager.c - the handle of a manager, a process that owns blocks for other processes.
 */
#include "manager.h"

#include <string.h>

#include "status.h"
#include "value.h"

typedef shareable_status constructor(shareable_manager **manager, const char *address, const void *authkey, size_t size,
                                     shareable_error *error);

static int start_or_connect(lua_State *L, constructor *construct) {
  size_t size = 0;
  const char *address = value_check_name(L, 1), *authkey = luaL_optlstring(L, 2, NULL, &size);
  object *self = object_push(L, &object_manager);
  shareable_error error;

  if (construct(&self->manager, address, authkey, size, &error) != SHAREABLE_OK)
    return status_fail(L, &error);
  return 1;
}

int manager_start(lua_State *L) {
  return start_or_connect(L, shareable_manager_start);
}

int manager_connect(lua_State *L) {
  return start_or_connect(L, shareable_manager_connect);
}

static shareable_manager *check_manager(lua_State *L, int argument) {
  const object *self = object_check(L, argument, &object_manager);

  return self->manager;
}

typedef const char *text_getter(const shareable_manager *manager, size_t *size);

/*
 * Pushes a text of the manager, or nil. An allocation may run a finalizer, which may close the
 * manager. So after the allocation, the text is read again and copied, before it is pushed.
 */
static int push_text(lua_State *L, text_getter *get) {
  size_t size = 0;
  const char *text = get(check_manager(L, 1), &size);
  char *copy = text == NULL ? NULL : lua_newuserdata(L, size);

  text = get(check_manager(L, 1), &size);
  if (text == NULL) {
    lua_pushnil(L);
  } else {
    memcpy(copy, text, size);
    lua_pushlstring(L, copy, size);
  }
  return 1;
}

static const char *get_address(const shareable_manager *manager, size_t *size) {
  const char *address = shareable_manager_address(manager);

  *size = address == NULL ? 0 : strlen(address);
  return address;
}

static const char *get_authkey(const shareable_manager *manager, size_t *size) {
  return shareable_manager_authkey(manager, size);
}

int manager_address(lua_State *L) {
  return push_text(L, get_address);
}

int manager_authkey(lua_State *L) {
  return push_text(L, get_authkey);
}

static shareable_manager *check_open(lua_State *L, int argument) {
  shareable_manager *manager = check_manager(L, argument);

  if (manager == NULL)
    status_usage_error(L, "the manager is closed: start another one or connect again");
  return manager;
}

static int push_result(lua_State *L, shareable_status status, const shareable_error *error) {
  if (status != SHAREABLE_OK)
    return status_fail(L, error);
  lua_pushboolean(L, 1);
  return 1;
}

int manager_track(lua_State *L) {
  shareable_error error;
  shareable_manager *manager = check_open(L, 1);
  const char *name = shareable_memory_name(object_check_memory(L, 2));
  shareable_status status = shareable_manager_track(manager, name, &error);

  return push_result(L, status, &error);
}

int manager_shutdown(lua_State *L) {
  shareable_error error;
  shareable_status status = shareable_manager_shutdown(check_open(L, 1), &error);

  return push_result(L, status, &error);
}

int manager_close(lua_State *L) {
  object *self = object_check(L, 1, &object_manager);

  shareable_manager_unref(self->manager);
  self->manager = NULL;
  return 0;
}

void manager_open(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"__close", manager_close}, {"__gc", manager_close}, {"__newindex", object_readonly}, {NULL, NULL}};

  object_push_metatable(L, &object_manager, functions, object_member);
}
