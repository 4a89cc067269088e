/*
 * list_lock.c - the lock of a list.
 */
#include "list/list.h"

shareable_status shareable_list_lock(shareable_list *list, int64_t timeout) {
  shareable_status status = shareable__list_check(list);

  return status == SHAREABLE_OK ? shareable__area_lock_acquire(&list->lock, &list->sync, timeout) : status;
}

shareable_status shareable_list_unlock(shareable_list *list) {
  shareable_status status = shareable__list_check(list);

  return status == SHAREABLE_OK ? shareable__area_lock_release(&list->lock, &list->sync) : status;
}
