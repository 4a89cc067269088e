/*
 * eventcount.c - how a writer wakes the processes that wait for a change.
 */
#include "sync/eventcount.h"

#include "base/futex.h"
#include "base/membarrier.h"

_Static_assert(sizeof(shareable__eventcounts) == 192, "the eventcounts are part of the layout");

/* The number of barriers without a waiter after which a writer clears the fence flags. */
#define IDLE_FENCES_MAX 1000

#define WAITERS (SHAREABLE__FENCE_REQUESTED - 1)
#define FENCE_FLAGS (SHAREABLE__FENCE_REQUESTED | SHAREABLE__FENCE_EFFECTIVE)
/* The lowest bit of the epoch, which counts how many times the fence flags were cleared. */
#define EPOCH (SHAREABLE__FENCE_EFFECTIVE << 1)

static uint32_t *counter_of(shareable__eventcounts *eventcounts, unsigned number) {
  return number == SHAREABLE__EVENTCOUNT_ANY ? &eventcounts->any : &eventcounts->items[number];
}

/* Returns the waiters flags that a writer checks after it has changed item i. */
static uint64_t waiters_of(size_t i) {
  return UINT64_C(1) << SHAREABLE__EVENTCOUNT_OF_ITEM(i) | UINT64_C(1) << SHAREABLE__EVENTCOUNT_ANY;
}

static uint64_t load(const shareable__eventcounts *eventcounts) {
  return __atomic_load_n(&eventcounts->state, __ATOMIC_ACQUIRE);
}

static bool swap(shareable__eventcounts *eventcounts, uint64_t expected, uint64_t desired) {
  return __atomic_compare_exchange_n(&eventcounts->state, &expected, desired, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_RELAXED);
}

/* Sets FENCE_EFFECTIVE, unless a writer has cleared FENCE_REQUESTED since `before`. */
static void confirm_fence(shareable__eventcounts *eventcounts, uint64_t before) {
  uint64_t state = load(eventcounts);

  while (state / EPOCH == before / EPOCH && !swap(eventcounts, state, state | SHAREABLE__FENCE_EFFECTIVE))
    state = load(eventcounts);
}

uint32_t shareable__eventcount_prepare_wait(shareable__eventcounts *eventcounts, unsigned number) {
  uint32_t observed = __atomic_load_n(counter_of(eventcounts, number), __ATOMIC_ACQUIRE);
  uint64_t before =
    __atomic_fetch_or(&eventcounts->state, UINT64_C(1) << number | SHAREABLE__FENCE_REQUESTED, __ATOMIC_SEQ_CST);

  __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the caller checks the item after this, on every processor */
  if ((before & SHAREABLE__FENCE_EFFECTIVE) == 0) {
    shareable__membarrier();
    confirm_fence(eventcounts, before);
  }
  return observed;
}

bool shareable__eventcount_wait(shareable__eventcounts *eventcounts, unsigned number, uint32_t observed,
                                int64_t duration) {
  uint32_t *counter = counter_of(eventcounts, number);

  shareable__futex_sleep(counter, observed, duration);
  return __atomic_load_n(counter, __ATOMIC_RELAXED) != observed;
}

/* Increments the counter and wakes all sleepers, if the waiters flag was set in `cleared`. */
static void wake_sleepers(shareable__eventcounts *eventcounts, unsigned number, uint64_t cleared) {
  uint32_t *counter = counter_of(eventcounts, number);

  if ((cleared & UINT64_C(1) << number) == 0)
    return;
  __atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
  shareable__futex_wake(counter, SHAREABLE__FUTEX_WAKE_ALL);
}

void shareable__eventcount_cancel_wait(shareable__eventcounts *eventcounts, unsigned number) {
  uint64_t flag = UINT64_C(1) << number;

  if ((load(eventcounts) & flag) != 0)
    wake_sleepers(eventcounts, number, __atomic_fetch_and(&eventcounts->state, ~flag, __ATOMIC_SEQ_CST));
}

/* The flags are cleared first. A waiter that sets one afterwards checks the item later. */
void shareable__eventcount_notify(shareable__eventcounts *eventcounts, size_t i) {
  uint64_t flags = waiters_of(i), cleared;

  if ((load(eventcounts) & flags) == 0)
    return;
  cleared = __atomic_fetch_and(&eventcounts->state, ~flags, __ATOMIC_SEQ_CST);
  wake_sleepers(eventcounts, SHAREABLE__EVENTCOUNT_OF_ITEM(i), cleared);
  wake_sleepers(eventcounts, SHAREABLE__EVENTCOUNT_ANY, cleared);
}

void shareable__eventcount_notify_fenced(shareable__eventcounts *eventcounts, size_t i, uint64_t *idle_fences) {
  uint64_t state;

  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  state = load(eventcounts);
  if ((state & WAITERS) != 0)
    *idle_fences = 0;
  if ((state & waiters_of(i)) != 0)
    shareable__eventcount_notify(eventcounts, i);
  else if (++*idle_fences >= IDLE_FENCES_MAX &&
           (state & (WAITERS | SHAREABLE__FENCE_REQUESTED)) == SHAREABLE__FENCE_REQUESTED &&
           swap(eventcounts, state, (state & ~FENCE_FLAGS) + EPOCH))
    *idle_fences = 0; /* otherwise the next store would clear the flags of the next waiter */
}
