/*
 * pin.c - pins of blocks that threads hash without the watch lock.
 */
#include "watch/pin.h"

#include "watch/watch.h"

static shareable__chain pinned; /* guarded by the watch lock */

bool shareable__watch_pin(shareable_memory *memory) {
  if (shareable_memory_pin(memory) != SHAREABLE_OK)
    return false;
  if (memory->watch_pins++ == 0)
    shareable__chain_append(&pinned, &memory->of_pinned);
  return true;
}

/* The block is unmapped without the lock, because that may take long. */
void shareable__watch_unpin(shareable_memory *memory) {
  shareable__watch_lock();
  if (--memory->watch_pins == 0)
    shareable__chain_remove(&pinned, &memory->of_pinned);
  shareable__watch_unlock();
  shareable_memory_unpin(memory);
}

/* The last one may free the handle. The child owns no block, so that this takes no lock. */
void shareable__watch_pins_forget(void) {
  shareable_memory *memory;

  while ((memory = SHAREABLE__OBJECT(pinned.first, shareable_memory, of_pinned)) != NULL) {
    unsigned pins = memory->watch_pins;

    memory->watch_pins = 0;
    shareable__chain_remove(&pinned, &memory->of_pinned);
    for (; pins > 0; pins--)
      shareable_memory_unpin(memory);
  }
}
