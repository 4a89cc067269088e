/*
 * bell.c - how a writer wakes those who wait for a change.
 */
#include "bell.h"

#include "futex.h"
#include "writer.h"

_Static_assert(sizeof(shareable__bells) == 192, "bells are part of the layout");

static uint64_t bit_of(unsigned bell) {
  return UINT64_C(1) << bell;
}

static uint32_t *count_of(shareable__bells *bells, unsigned bell) {
  return bell == SHAREABLE__BELL_OF_ALL ? &bells->all : &bells->items[bell];
}

uint32_t shareable__bell_arm(shareable__bells *bells, unsigned bell) {
  uint32_t seen = __atomic_load_n(count_of(bells, bell), __ATOMIC_ACQUIRE);

  __atomic_fetch_or(&bells->armed, bit_of(bell), __ATOMIC_SEQ_CST);
  shareable__writer_barrier();
  return seen;
}

void shareable__bell_sleep(shareable__bells *bells, unsigned bell, uint32_t seen, int64_t duration) {
  shareable__futex_sleep(count_of(bells, bell), seen, duration);
}

static void ring(shareable__bells *bells, unsigned bell, uint64_t armed) {
  uint32_t *count = count_of(bells, bell);

  if ((armed & bit_of(bell)) == 0)
    return;
  __atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
  shareable__futex_wake(count, SHAREABLE__EVERYBODY);
}

/* Disarmed first: who arms it anew from here on has yet to look at the item, and sees what was stored. */
void shareable__bell_ring(shareable__bells *bells, size_t i) {
  unsigned bell = SHAREABLE__BELL_OF(i);
  uint64_t bits = bit_of(bell) | bit_of(SHAREABLE__BELL_OF_ALL), armed;

  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  armed = __atomic_fetch_and(&bells->armed, ~bits, __ATOMIC_SEQ_CST);
  ring(bells, bell, armed);
  ring(bells, SHAREABLE__BELL_OF_ALL, armed);
}
