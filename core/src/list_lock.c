/*
 * list_lock.c - the lock of a list: a word that has its owner's token, on which who wants it sleeps.
 */
#include "list.h"

#include <sched.h>

#include "futex.h"

/* How long to sleep before the owner is asked for again, should nobody wake who sleeps: he may have been killed. */
#define SLICE_NS INT64_C(20000000)

static bool take(uint32_t *lock, uint32_t from, uint32_t token) {
  return __atomic_compare_exchange_n(lock, &from, token, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* A short while on the processor: most locks are held for less than it takes to sleep. */
static bool take_soon(uint32_t *lock, uint32_t token) {
  for (int turn = 0; turn < 200; turn++) {
    if (__atomic_load_n(lock, __ATOMIC_RELAXED) == 0 && take(lock, 0, token))
      return true;
    if (turn > 100)
      sched_yield();
  }
  return false;
}

/* Sleeps until the lock is free, its owner dead, or the time over. */
static shareable_status wait_for(shareable_list *list, int64_t timeout) {
  uint32_t *lock = &list->sync.area->lock, token = list->sync.writer.token;
  int64_t end = shareable__deadline(timeout), left;

  for (;;) {
    uint32_t owner = __atomic_load_n(lock, __ATOMIC_RELAXED);

    if (owner == 0 && take(lock, 0, token))
      return SHAREABLE_OK;
    if (owner != 0 && !shareable__writer_is_alive(&list->sync.writer, owner) && take(lock, owner, token))
      return SHAREABLE_E_OWNER_DIED;
    left = end - shareable__now();
    if (left <= 0)
      return SHAREABLE_E_TIMED_OUT;
    if (owner != 0)
      shareable__futex_sleep(lock, owner, left < SLICE_NS ? left : SLICE_NS);
  }
}

static shareable_status check(const shareable_list *list) {
  shareable_status status = shareable__list_check(list);

  return status == SHAREABLE_OK && list->sync.area == NULL ? SHAREABLE_E_NO_SYNC : status;
}

shareable_status shareable_list_lock(shareable_list *list, int64_t timeout) {
  shareable_status status = check(list);
  shareable__area *area;

  if (status == SHAREABLE_OK)
    status = shareable__sync_join(&list->sync);
  if (status != SHAREABLE_OK)
    return status;
  area = list->sync.area;
  if (take(&area->lock, 0, list->sync.writer.token))
    return SHAREABLE_OK;
  if (timeout != 0 && take_soon(&area->lock, list->sync.writer.token))
    return SHAREABLE_OK;
  __atomic_fetch_add(&area->lock_waiters, 1, __ATOMIC_SEQ_CST);
  status = wait_for(list, timeout);
  __atomic_fetch_sub(&area->lock_waiters, 1, __ATOMIC_SEQ_CST);
  return status;
}

shareable_status shareable_list_unlock(shareable_list *list) {
  shareable_status status = check(list);
  shareable__area *area;

  if (status != SHAREABLE_OK)
    return status;
  area = list->sync.area;
  if (list->sync.writer.token == 0 || !shareable__writer_is_own(&list->sync.writer) ||
      __atomic_load_n(&area->lock, __ATOMIC_RELAXED) != list->sync.writer.token)
    return SHAREABLE_E_NOT_LOCKED;
  __atomic_exchange_n(&area->lock, 0, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&area->lock_waiters, __ATOMIC_SEQ_CST) > 0)
    shareable__futex_wake(&area->lock, 1);
  return SHAREABLE_OK;
}
