/*
 * eventcount.h - how a writer wakes those who wait for a change (layout.md, "Waiting").
 *
 * Who waits for an item arms the item's bell, looks at the item once more, and sleeps on the bell's count. A writer looks,
 * after each store, whether the bell is armed. If it is, the writer disarms it, counts, and wakes all who sleep on it. A bell
 * is shared by every 32nd item, so who is woken looks again; one bell rings for all items.
 *
 * A writer's look may overtake its store on the way to memory, and to keep it back costs more than the store. So it is not
 * kept back while nobody waits: then all that a writer pays is the look. Who is the first to wait has all writers told
 * by the flag FENCED to keep it back from now on, has every processor that may write let go of its stores (membarrier(2),
 * as writer.h), and then sets the flag SETTLED, for those who wait after him. A writer that has kept back its look many times
 * for nobody takes both flags away.
 */
#ifndef SHAREABLE__EVENTCOUNT_H
#define SHAREABLE__EVENTCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/atomic.h"

#define SHAREABLE__EVENTCOUNTS 32

typedef struct shareable__eventcounts {
  /* A bit a bell of items and one for that of all items, two flags, and how often they were taken away. */
  shareable__word armed;
  uint32_t all;     /* how often the bell of all items has rung */
  uint32_t padding; /* 0 */
  uint64_t fill[6];
  uint32_t items[SHAREABLE__EVENTCOUNTS]; /* how often those of items have */
} shareable__eventcounts;

#define SHAREABLE__FENCE_REQUESTED (UINT64_C(1) << 33)
#define SHAREABLE__FENCE_EFFECTIVE (UINT64_C(1) << 34)

/* Which bell: that of item i, or that of all items. */
#define SHAREABLE__EVENTCOUNT_OF_ITEM(i) ((unsigned)((i) % SHAREABLE__EVENTCOUNTS))
#define SHAREABLE__EVENTCOUNT_ANY SHAREABLE__EVENTCOUNTS

/* Arms a bell, and gives what it had counted before: sleep on that. */
uint32_t shareable__eventcount_prepare_wait(shareable__eventcounts *bells, unsigned bell);

/* Rings a bell that is armed still: who armed it sleeps no more, and others who do arm it anew. */
void shareable__eventcount_cancel_wait(shareable__eventcounts *bells, unsigned bell);

/* Sleeps until a bell rings that had counted `seen`, for `duration` nanoseconds at most. */
void shareable__eventcount_wait(shareable__eventcounts *bells, unsigned bell, uint32_t seen, int64_t duration);

/* To be called after every store to item i and a memory barrier: rings what is armed of its bell and that of all items. */
void shareable__eventcount_notify(shareable__eventcounts *bells, size_t i);

/* The same with the barrier in it; *quiet counts how often it was for nobody. */
void shareable__eventcount_notify_fenced(shareable__eventcounts *bells, size_t i, uint64_t *quiet);

/*
 * The same for a thread that other processes' barriers reach: it needs none while nobody waits. Where a bell is armed, FENCED
 * is set.
 */
static inline void shareable__eventcount_notify_fast(shareable__eventcounts *bells, size_t i, uint64_t *quiet) {
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  if (__builtin_expect((__atomic_load_n(&bells->armed, __ATOMIC_RELAXED) & SHAREABLE__FENCE_REQUESTED) != 0, 0))
    shareable__eventcount_notify_fenced(bells, i, quiet);
}

#endif
