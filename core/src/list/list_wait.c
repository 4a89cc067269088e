/*
 * list_wait.c - waiting until an item, or anything in a list, has changed.
 */
#include "base/clock.h"
#include "list/list.h"

#include <sched.h>

#include "sync/adaptive_wait.h"

/*
 * How long one sleep lasts if no writer wakes the waiter: the first one, and the longest. Each is a quarter longer than the one
 * before, so that a change whose wake-up was lost is seen after about a quarter of the time that the wait has taken.
 */
int64_t shareable__wait_first_slice = 1000000;
int64_t shareable__wait_slice = 50000000;
/* How long to sleep where there are no bells: the first time, and the longest. */
#define NAP_NS INT64_C(100000)
#define LONGEST_NAP_NS INT64_C(10000000)

/* Looks once: E_UNCHANGED while it is to be waited on. */
typedef shareable_status look(const shareable_list *list, void *what);

static int64_t shorter(int64_t one, int64_t other) {
  return one < other ? one : other;
}

static void pause_briefly(void) {
#if defined(__i386__) || defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static shareable_status spin(const shareable_list *list, look *at, void *what) {
  unsigned turns = shareable__adaptive_spin_limit();
  shareable_status status = SHAREABLE_E_UNCHANGED;

  for (unsigned turn = 0; turn < turns && status == SHAREABLE_E_UNCHANGED; turn++) {
    pause_briefly();
    status = at(list, what);
  }
  shareable__adaptive_spin_done(status != SHAREABLE_E_UNCHANGED);
  return status;
}

/* Who is waited for may wait for this very processor, and be done sooner than a sleep and a wake-up take. */
static shareable_status yield(const shareable_list *list, look *at, void *what, int64_t end) {
  shareable_status status = SHAREABLE_E_UNCHANGED;
  int64_t time = shareable__now(), before = time;

  if (!shareable__adaptive_may_yield())
    return status;
  end = shorter(end, time + SHAREABLE__ADAPTIVE_YIELD_NS);
  while (status == SHAREABLE_E_UNCHANGED && time < end) {
    before = time;
    sched_yield();
    status = at(list, what);
    time = shareable__now();
  }
  shareable__adaptive_yield_done(time - before);
  return status;
}

/* What comes soon comes sooner that way. */
static shareable_status look_soon(const shareable_list *list, look *at, void *what, int64_t end) {
  shareable_status status = spin(list, at, what);

  return status == SHAREABLE_E_UNCHANGED ? yield(list, at, what, end) : status;
}

/* Nobody tells: looks again and again, less and less often. */
static shareable_status look_now_and_then(const shareable_list *list, look *at, void *what, int64_t end) {
  int64_t nap = NAP_NS, left;
  shareable_status status;

  while ((status = at(list, what)) == SHAREABLE_E_UNCHANGED && (left = end - shareable__now()) > 0) {
    shareable__sleep(shorter(left, nap));
    nap = shorter(2 * nap, LONGEST_NAP_NS);
  }
  return status;
}

static shareable_status look_when_it_rings(const shareable_list *list, unsigned bell, look *at, void *what,
                                           int64_t end) {
  shareable__eventcounts *bells = &list->sync.area->bells;
  shareable_status status;
  int64_t slice = shareable__wait_first_slice, left;

  do {
    uint32_t seen = shareable__eventcount_prepare_wait(bells, bell);

    status = at(list, what);
    if (status == SHAREABLE_E_UNCHANGED && (left = end - shareable__now()) > 0) {
      shareable__eventcount_wait(bells, bell, seen, shorter(left, slice));
      slice = shorter(slice + slice / 4, shareable__wait_slice);
      status = at(list, what);
    }
  } while (status == SHAREABLE_E_UNCHANGED && shareable__now() < end);
  shareable__eventcount_cancel_wait(bells, bell);
  return status;
}

/* The list stays mapped, so that another thread may close it: that ends the waiting with E_CLOSED. */
static shareable_status wait_held(const shareable_list *list, unsigned bell, look *at, void *what, int64_t timeout) {
  int64_t end = shareable__deadline(timeout);
  shareable_status status = SHAREABLE_E_UNCHANGED;

  if (bell != SHAREABLE__EVENTCOUNT_ANY) {
    status = at(list, what);
    if (status == SHAREABLE_E_UNCHANGED)
      status = look_soon(list, at, what, end);
  }
  if (status != SHAREABLE_E_UNCHANGED)
    return status;
  if (list->sync.area == NULL || list->memory->read_only)
    return look_now_and_then(list, at, what, end);
  return look_when_it_rings(list, bell, at, what, end);
}

static shareable_status wait_for(const shareable_list *list, unsigned bell, look *at, void *what, int64_t timeout) {
  shareable_status status;

  if (timeout == 0)
    return at(list, what);
  if (!shareable__memory_try_pin(list->memory))
    return SHAREABLE_E_CLOSED;
  status = wait_held(list, bell, at, what, timeout);
  shareable__memory_release_pin(list->memory);
  return status;
}

typedef struct item_wait {
  size_t i;
  const shareable_value *value;
} item_wait;

static shareable_status look_at_item(const shareable_list *list, void *what) {
  const item_wait *wait = what;
  shareable_status status = shareable__list_check(list);
  shareable__slot slot;
  bool equal = false;

  if (status != SHAREABLE_OK)
    return status;
  if (!shareable__layout_slot(&list->layout, wait->i, &slot))
    return SHAREABLE_E_CORRUPT;
  SHAREABLE__READ_CONSISTENT(status, list, wait->i, slot, shareable__item_equals(&slot, wait->value, &equal));
  return status == SHAREABLE_OK && equal ? SHAREABLE_E_UNCHANGED : status;
}

shareable_status shareable_list_wait(const shareable_list *list, int64_t index, const shareable_value *value,
                                     int64_t timeout) {
  shareable_status status = shareable__list_check_search_value(list, value);
  item_wait wait = {.value = value};
  shareable__slot slot;

  if (status == SHAREABLE_OK)
    status = shareable__list_slot(list, index, &wait.i, &slot);
  if (status != SHAREABLE_OK)
    return status;
  return wait_for(list, SHAREABLE__EVENTCOUNT_OF_ITEM(wait.i), look_at_item, &wait, timeout);
}

typedef struct digest_wait {
  uint64_t before, now;
} digest_wait;

static shareable_status look_at_all(const shareable_list *list, void *what) {
  digest_wait *wait = what;
  shareable_status status = shareable_list_digest(list, &wait->now);

  return status == SHAREABLE_OK && wait->now == wait->before ? SHAREABLE_E_UNCHANGED : status;
}

shareable_status shareable_list_wait_any(const shareable_list *list, uint64_t *digest, int64_t timeout) {
  digest_wait wait = {.before = digest == NULL ? 0 : *digest};
  shareable_status status = shareable__list_check(list);

  if (status != SHAREABLE_OK)
    return status;
  if (digest == NULL)
    return SHAREABLE_E_ARGUMENT;
  status = wait_for(list, SHAREABLE__EVENTCOUNT_ANY, look_at_all, &wait, timeout);
  if (status == SHAREABLE_OK)
    *digest = wait.now;
  return status;
}
