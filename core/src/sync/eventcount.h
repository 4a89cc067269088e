/*
 * eventcount.h - how a writer wakes the processes that wait for a change (layout.md, "Waiting").
 *
 * A waiter sets the waiters flag of an eventcount, checks the item again, and then sleeps on the
 * eventcount's counter. After each store, a writer checks the flag. If it is set, the writer clears
 * it, increments the counter, and wakes all sleepers. Every 32nd item has the same eventcount, so a
 * woken process checks its item again. One more eventcount is for changes of any item.
 *
 * A processor may execute a writer's check of the flag before its store becomes visible. A memory
 * barrier prevents that, but costs more than the store. So writers that have a hazard omit the
 * barrier while there are no waiters. The first waiter sets FENCE_REQUESTED, which makes writers
 * use the barrier from then on. It then makes every processor that may run a writer execute a
 * barrier (membarrier(2)), and sets FENCE_EFFECTIVE, so that later waiters need not do the same. A
 * writer that has used the barrier many times without finding a waiter clears both flags.
 */
#ifndef SHAREABLE__EVENTCOUNT_H
#define SHAREABLE__EVENTCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/atomic.h"

#define SHAREABLE__EVENTCOUNTS 32

/* Written by writers and waiters; read by both. */
typedef struct shareable__eventcounts {
  /* From bit 0: 32 waiters flags of items, that of `any`, two fence flags, and the epoch. */
  shareable__word state;
  uint32_t any;     /* the counter of changes of any item */
  uint32_t padding; /* 0 */
  uint64_t fill[6];
  uint32_t items[SHAREABLE__EVENTCOUNTS]; /* the counters of changes of items */
} shareable__eventcounts;

#define SHAREABLE__FENCE_REQUESTED (UINT64_C(1) << 33)
#define SHAREABLE__FENCE_EFFECTIVE (UINT64_C(1) << 34)

/* The number of an eventcount: that of item i, or that of any item. */
#define SHAREABLE__EVENTCOUNT_OF_ITEM(i) ((unsigned)((i) % SHAREABLE__EVENTCOUNTS))
#define SHAREABLE__EVENTCOUNT_ANY SHAREABLE__EVENTCOUNTS

/* Sets the waiters flag, and returns the counter's previous value for eventcount_wait(). */
uint32_t shareable__eventcount_prepare_wait(shareable__eventcounts *eventcounts, unsigned number);

/* Clears the waiters flag if it is still set. Other sleepers wake up, and set it again. */
void shareable__eventcount_cancel_wait(shareable__eventcounts *eventcounts, unsigned number);

/*
 * Sleeps while the counter has the value `observed`, for at most `duration` nanoseconds. Returns
 * whether the counter has changed.
 */
bool shareable__eventcount_wait(shareable__eventcounts *eventcounts, unsigned number, uint32_t observed,
                                int64_t duration);

/* Wakes waiters. A writer must call this after each store to item i and a full barrier. */
void shareable__eventcount_notify(shareable__eventcounts *eventcounts, size_t i);

/*
 * Executes the barrier, and then notifies. *idle_fences counts the barriers that found no waiter.
 */
void shareable__eventcount_notify_fenced(shareable__eventcounts *eventcounts, size_t i, uint64_t *idle_fences);

/*
 * Notifies, for a thread that the membarrier(2) of other processes reaches: it needs no barrier
 * while FENCE_REQUESTED is clear. That flag is set whenever a waiters flag is.
 */
static inline void shareable__eventcount_notify_fast(shareable__eventcounts *eventcounts, size_t i,
                                                     uint64_t *idle_fences) {
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  if (__builtin_expect((__atomic_load_n(&eventcounts->state, __ATOMIC_RELAXED) & SHAREABLE__FENCE_REQUESTED) != 0, 0))
    shareable__eventcount_notify_fenced(eventcounts, i, idle_fences);
}

#endif
