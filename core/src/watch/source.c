/*
 * source.c - the part of a list's handle that watches use.
 */
#include "watch/source.h"

#include "watch/watch.h"

/* Either this function sees that the handle is closed, or shareable__source_close() sees the flag. */
bool shareable__source_open(shareable__source *source, shareable_memory *memory, const shareable__layout *layout,
                            shareable__sync *sync) {
  atomic_store(&source->is_watched, true);
  atomic_thread_fence(memory_order_seq_cst);
  if (!shareable__memory_is_open(memory))
    return false;
  source->memory = memory;
  source->layout = layout;
  source->sync = sync;
  return true;
}

void shareable__source_close(shareable__source *source) {
  atomic_thread_fence(memory_order_seq_cst);
  if (!atomic_load(&source->is_watched))
    return;
  shareable__watch_lock();
  while (source->entries.first != NULL)
    shareable__entry_close(SHAREABLE__OBJECT(source->entries.first, shareable__watch_entry, of_source));
  shareable__watch_unlock();
}
