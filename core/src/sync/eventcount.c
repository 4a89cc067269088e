/*
 * eventcount.c - how a writer wakes those who wait for a change.
 */
#include "sync/eventcount.h"

#include "base/futex.h"
#include "sync/writer.h"

_Static_assert(sizeof(shareable__eventcounts) == 192, "bells are part of the layout");

/* How often a writer keeps its look back for nobody. */
#define PATIENCE 1000

#define BELLS (SHAREABLE__FENCE_REQUESTED - 1)
#define FLAGS (SHAREABLE__FENCE_REQUESTED | SHAREABLE__FENCE_EFFECTIVE)
/* Above the flags: how often they were taken away. */
#define TIME (SHAREABLE__FENCE_EFFECTIVE << 1)

static uint32_t *count_of(shareable__eventcounts *bells, unsigned bell) {
  return bell == SHAREABLE__EVENTCOUNT_ANY ? &bells->all : &bells->items[bell];
}

static uint64_t bells_of(size_t i) {
  return UINT64_C(1) << SHAREABLE__EVENTCOUNT_OF_ITEM(i) | UINT64_C(1) << SHAREABLE__EVENTCOUNT_ANY;
}

static uint64_t load(const shareable__eventcounts *bells) {
  return __atomic_load_n(&bells->armed, __ATOMIC_ACQUIRE);
}

static bool swap(shareable__eventcounts *bells, uint64_t from, uint64_t to) {
  return __atomic_compare_exchange_n(&bells->armed, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* After a barrier: all writers heed the flag that was set before it, unless it was taken away meanwhile. */
static void settle(shareable__eventcounts *bells, uint64_t before) {
  uint64_t armed = load(bells);

  while (armed / TIME == before / TIME && !swap(bells, armed, armed | SHAREABLE__FENCE_EFFECTIVE))
    armed = load(bells);
}

uint32_t shareable__eventcount_prepare_wait(shareable__eventcounts *bells, unsigned bell) {
  uint32_t seen = __atomic_load_n(count_of(bells, bell), __ATOMIC_ACQUIRE);
  uint64_t before =
    __atomic_fetch_or(&bells->armed, UINT64_C(1) << bell | SHAREABLE__FENCE_REQUESTED, __ATOMIC_SEQ_CST);

  __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the caller looks at the item after that, on every processor */
  if ((before & SHAREABLE__FENCE_EFFECTIVE) == 0) {
    shareable__membarrier();
    settle(bells, before);
  }
  return seen;
}

void shareable__eventcount_wait(shareable__eventcounts *bells, unsigned bell, uint32_t seen, int64_t duration) {
  shareable__futex_sleep(count_of(bells, bell), seen, duration);
}

static void ring(shareable__eventcounts *bells, unsigned bell, uint64_t armed) {
  uint32_t *count = count_of(bells, bell);

  if ((armed & UINT64_C(1) << bell) == 0)
    return;
  __atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
  shareable__futex_wake(count, SHAREABLE__FUTEX_WAKE_ALL);
}

void shareable__eventcount_cancel_wait(shareable__eventcounts *bells, unsigned bell) {
  uint64_t bit = UINT64_C(1) << bell;

  if ((load(bells) & bit) != 0)
    ring(bells, bell, __atomic_fetch_and(&bells->armed, ~bit, __ATOMIC_SEQ_CST));
}

/* Disarmed first: who arms it anew from here on has yet to look at the item, and sees what was stored. */
void shareable__eventcount_notify(shareable__eventcounts *bells, size_t i) {
  uint64_t bits = bells_of(i), armed;

  if ((load(bells) & bits) == 0)
    return;
  armed = __atomic_fetch_and(&bells->armed, ~bits, __ATOMIC_SEQ_CST);
  ring(bells, SHAREABLE__EVENTCOUNT_OF_ITEM(i), armed);
  ring(bells, SHAREABLE__EVENTCOUNT_ANY, armed);
}

void shareable__eventcount_notify_fenced(shareable__eventcounts *bells, size_t i, uint64_t *quiet) {
  uint64_t armed;

  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  armed = load(bells);
  if ((armed & BELLS) != 0)
    *quiet = 0;
  if ((armed & bells_of(i)) != 0)
    shareable__eventcount_notify(bells, i);
  else if (++*quiet >= PATIENCE && (armed & (BELLS | SHAREABLE__FENCE_REQUESTED)) == SHAREABLE__FENCE_REQUESTED)
    swap(bells, armed, (armed & ~FLAGS) + TIME);
}
