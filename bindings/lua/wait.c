/*
 * wait.c - waits until an item, or any item, of a list has changed.
 */
#include "wait.h"

#include "item.h"
#include "status.h"
#include "value.h"

int wait_item(lua_State *L) {
  const shareable_list *list = object_check_list(L, 1);
  int64_t index = number_index_from_lua(number_check_integer(L, 2));
  shareable_value value = value_check(L, 3);
  shareable_status status = shareable_list_wait(list, index, &value, value_check_timeout(L, 4));

  if (status == SHAREABLE_OK)
    status = item_push(L, list, index);
  return status == SHAREABLE_OK ? 1 : item_fail(L, list, index, status);
}

/* A hash uses all 64 bits, so that it may be negative. */
static int push_hash(lua_State *L, const shareable_list *list, uint64_t hash, shareable_status status) {
  if (status != SHAREABLE_OK)
    return status_fail_list(L, list, status);
  number_push_integer(L, (int64_t)hash);
  return 1;
}

int wait_hash(lua_State *L) {
  const shareable_list *list = object_check_list(L, 1);
  uint64_t hash = 0;
  shareable_status status = shareable_list_hash(list, &hash);

  return push_hash(L, list, hash, status);
}

int wait_any(lua_State *L) {
  const shareable_list *list = object_check_list(L, 1);
  int64_t timeout = value_check_timeout(L, 3);
  shareable_status status = SHAREABLE_OK;
  uint64_t hash = 0;

  if (lua_isnoneornil(L, 2))
    status = shareable_list_hash(list, &hash);
  else
    hash = (uint64_t)number_check_integer(L, 2);
  if (status == SHAREABLE_OK)
    status = shareable_list_wait_any(list, &hash, timeout);
  return push_hash(L, list, hash, status);
}
