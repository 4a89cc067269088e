/*
 * bell.h - how a writer wakes those who wait for a change (layout.md, "Waiting").
 *
 * Who waits for an item arms the item's bell, looks at the item once more, and sleeps on the bell's count. A writer looks,
 * after each store, whether the bell is armed: one load, and nothing else while nobody waits. If it is, the writer disarms it,
 * counts, and wakes all who sleep on it. A bell is shared by every 32nd item, so who is woken looks again; one bell rings
 * for all items.
 *
 * The load may overtake the store on its way to memory. So whoever arms a bell has every processor that may write
 * let go of its stores (membarrier(2), as writer.h) before he looks: either he sees the store, or its writer the bell.
 */
#ifndef SHAREABLE__BELL_H
#define SHAREABLE__BELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHAREABLE__BELLS 32

typedef struct shareable__bells {
  uint64_t armed;   /* a bit a bell of items, and one for that of all items */
  uint32_t all;     /* how often the bell of all items has rung */
  uint32_t padding; /* 0 */
  uint64_t fill[6];
  uint32_t items[SHAREABLE__BELLS]; /* how often those of items have */
} shareable__bells;

/* Which bell: that of item i, or that of all items. */
#define SHAREABLE__BELL_OF(i) ((unsigned)((i) % SHAREABLE__BELLS))
#define SHAREABLE__BELL_OF_ALL SHAREABLE__BELLS

/* Arms a bell, and gives what it had counted before: sleep on that. */
uint32_t shareable__bell_arm(shareable__bells *bells, unsigned bell);

/* Sleeps until a bell rings that had counted `seen`, for `duration` nanoseconds at most. */
void shareable__bell_sleep(shareable__bells *bells, unsigned bell, uint32_t seen, int64_t duration);

/* Rings what is armed of the bell of item i and that of all items. */
void shareable__bell_ring(shareable__bells *bells, size_t i);

/* To be called after every store to item i, with a memory barrier between, or by a thread that barriers reach. */
static inline void shareable__bell_tell(shareable__bells *bells, size_t i) {
  uint64_t bits = UINT64_C(1) << SHAREABLE__BELL_OF(i) | UINT64_C(1) << SHAREABLE__BELL_OF_ALL;

  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  if (__builtin_expect((__atomic_load_n(&bells->armed, __ATOMIC_RELAXED) & bits) != 0, 0))
    shareable__bell_ring(bells, i);
}

#endif
