/*
 * list_wait.c - waiting until an item, or any item of a list, has changed.
 */
#include "list/list_wait.h"

#include <sched.h>

#include "base/clock.h"
#include "sync/adaptive_wait.h"

/*
 * The shortest and the longest sleep if no writer wakes the waiter. Each is a quarter longer than the
 * one before, and adaptive_wait.h chooses the first. So a change whose wake-up is lost is noticed
 * after that sleep, or after about a quarter of the time that the wait has taken.
 */
int64_t shareable__wait_sleep_min = 1000000;
int64_t shareable__wait_sleep_max = 50000000;
/* The first and the longest interval between two checks of a waiter that cannot be woken. */
#define FIRST_POLL_NS INT64_C(100000)
#define LONGEST_POLL_NS INT64_C(10000000)

static int64_t shorter(int64_t a, int64_t b) {
  return a < b ? a : b;
}

static int64_t first_sleep(void) {
  int64_t chosen = shareable__adaptive_first_sleep();

  return chosen > shareable__wait_sleep_min ? chosen : shareable__wait_sleep_min;
}

static void pause_briefly(void) {
#if defined(__i386__) || defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static shareable_status spin(const shareable_list *list, shareable__list_wait *wait) {
  unsigned limit = shareable__adaptive_spin_limit();
  shareable_status status = SHAREABLE_E_TIMED_OUT;

  for (unsigned spins = 0; spins < limit && status == SHAREABLE_E_TIMED_OUT; spins++) {
    pause_briefly();
    status = wait->check(list, wait);
  }
  shareable__adaptive_spin_done(status != SHAREABLE_E_TIMED_OUT);
  return status;
}

/* The writer may need this processor, and be done sooner than a sleep and a wake-up take. */
static shareable_status yield(const shareable_list *list, shareable__list_wait *wait, int64_t end) {
  shareable_status status = SHAREABLE_E_TIMED_OUT;
  int64_t time = shareable__now(), before = time;

  if (!shareable__adaptive_may_yield())
    return status;
  end = shorter(end, time + SHAREABLE__ADAPTIVE_YIELD_NS);
  while (status == SHAREABLE_E_TIMED_OUT && time < end) {
    before = time;
    sched_yield();
    status = wait->check(list, wait);
    time = shareable__now();
  }
  shareable__adaptive_yield_done(time - before);
  return status;
}

/* Checks repeatedly for a short time, because a sleep takes longer than many changes. */
static shareable_status check_spinning(const shareable_list *list, shareable__list_wait *wait, int64_t end) {
  shareable_status status = spin(list, wait);

  return status == SHAREABLE_E_TIMED_OUT ? yield(list, wait, end) : status;
}

/* For a list or a handle that gets no wake-ups: checks at intervals that become longer. */
static shareable_status check_polling(const shareable_list *list, shareable__list_wait *wait, int64_t end) {
  int64_t interval = FIRST_POLL_NS, left;
  shareable_status status;

  while ((status = wait->check(list, wait)) == SHAREABLE_E_TIMED_OUT && (left = end - shareable__now()) > 0) {
    shareable__sleep(shorter(left, interval));
    interval = shorter(2 * interval, LONGEST_POLL_NS);
  }
  return status;
}

static unsigned number_of(const shareable__list_wait *wait) {
  return wait->item == SHAREABLE__ANY_ITEM ? SHAREABLE__EVENTCOUNT_ANY : SHAREABLE__EVENTCOUNT_OF_ITEM(wait->item);
}

/* Sleeps on an eventcount between the checks. If a check chooses another item, checks again before the sleep. */
static shareable_status check_on_notify(const shareable_list *list, shareable__list_wait *wait, int64_t end) {
  shareable__eventcounts *eventcounts = shareable__sync_eventcounts(&list->sync);
  shareable_status status;
  int64_t sleep_ns = first_sleep(), left;
  unsigned number;

  do {
    uint32_t observed;
    bool was_woken;

    number = number_of(wait);
    observed = shareable__eventcount_prepare_wait(eventcounts, number);
    status = wait->check(list, wait);
    if (status == SHAREABLE_E_TIMED_OUT && number_of(wait) != number) {
      shareable__eventcount_cancel_wait(eventcounts, number);
    } else if (status == SHAREABLE_E_TIMED_OUT && (left = end - shareable__now()) > 0) {
      was_woken = shareable__eventcount_wait(eventcounts, number, observed, shorter(left, sleep_ns));
      sleep_ns = shorter(sleep_ns + sleep_ns / 4, shareable__wait_sleep_max);
      status = wait->check(list, wait);
      if (status == SHAREABLE_OK)
        shareable__adaptive_sleep_done(was_woken);
    }
  } while (status == SHAREABLE_E_TIMED_OUT && shareable__now() < end);
  shareable__eventcount_cancel_wait(eventcounts, number);
  return status;
}

/* The pin keeps the list mapped. If another thread closes it, the check returns E_CLOSED. */
static shareable_status wait_pinned(const shareable_list *list, shareable__list_wait *wait, int64_t timeout) {
  int64_t end = shareable__deadline(timeout);
  shareable_status status = SHAREABLE_E_TIMED_OUT;

  if (wait->item != SHAREABLE__ANY_ITEM) {
    status = wait->check(list, wait);
    if (status == SHAREABLE_E_TIMED_OUT)
      status = check_spinning(list, wait, end);
  }
  if (status != SHAREABLE_E_TIMED_OUT)
    return status;
  if (!shareable__sync_has_area(&list->sync) || list->memory->read_only)
    return check_polling(list, wait, end);
  return check_on_notify(list, wait, end);
}

shareable_status shareable__list_wait_for(const shareable_list *list, shareable__list_wait *wait, int64_t timeout) {
  shareable_status status;

  if (timeout == 0)
    return wait->check(list, wait);
  if (!shareable__memory_try_pin(list->memory))
    return SHAREABLE_E_CLOSED;
  status = wait_pinned(list, wait, timeout);
  shareable__memory_release_pin(list->memory);
  return status;
}

typedef struct item_wait {
  shareable__list_wait wait; /* the first member */
  const shareable_value *value;
} item_wait;

static shareable_status check_item(const shareable_list *list, shareable__list_wait *context) {
  const item_wait *wait = (item_wait *)context;
  shareable_status status = shareable__list_check(list);
  size_t i = wait->wait.item;
  shareable__slot slot;
  bool equal = false;

  if (status != SHAREABLE_OK)
    return status;
  if (!shareable__layout_slot(&list->layout, i, &slot))
    return SHAREABLE_E_CORRUPT;
  SHAREABLE__READ_CONSISTENT(status, list, i, slot, shareable__item_equals(&slot, wait->value, &equal));
  return status == SHAREABLE_OK && equal ? SHAREABLE_E_TIMED_OUT : status;
}

shareable_status shareable_list_wait(const shareable_list *list, int64_t index, const shareable_value *value,
                                     int64_t timeout) {
  shareable_status status = shareable__list_check_search_value(list, value);
  item_wait wait = {.wait = {.check = check_item}, .value = value};
  shareable__slot slot;

  if (status == SHAREABLE_OK)
    status = shareable__list_slot(list, index, &wait.wait.item, &slot);
  return status == SHAREABLE_OK ? shareable__list_wait_for(list, &wait.wait, timeout) : status;
}

typedef struct hash_wait {
  shareable__list_wait wait; /* the first member */
  uint64_t before, now;
} hash_wait;

static shareable_status check_all(const shareable_list *list, shareable__list_wait *context) {
  hash_wait *wait = (hash_wait *)context;
  shareable_status status = shareable_list_hash(list, &wait->now);

  return status == SHAREABLE_OK && wait->now == wait->before ? SHAREABLE_E_TIMED_OUT : status;
}

shareable_status shareable_list_wait_any(const shareable_list *list, uint64_t *hash, int64_t timeout) {
  hash_wait wait = {.wait = {.check = check_all, .item = SHAREABLE__ANY_ITEM}, .before = hash == NULL ? 0 : *hash};
  shareable_status status = shareable__list_check(list);

  if (status != SHAREABLE_OK)
    return status;
  if (hash == NULL)
    return SHAREABLE_E_ARGUMENT;
  status = shareable__list_wait_for(list, &wait.wait, timeout);
  if (status == SHAREABLE_OK)
    *hash = wait.now;
  return status;
}
