/*
 * source.h - the part of a list's handle that watches use.
 */
#ifndef SHAREABLE__SOURCE_H
#define SHAREABLE__SOURCE_H

#include "shm/memory.h"
#include "sync/area.h"

/* All 0 at first. The fields except is_watched are valid once an entry has been added. */
typedef struct shareable__source {
  atomic_bool is_watched;
  bool is_collapsed; /* all items use the word of any item */
  shareable_memory *memory;
  const shareable__layout *layout;
  shareable__sync *sync;
  struct shareable__watch_word *words; /* the words that entries use */
} shareable__source;

/*
 * Prepares a source for its first entry. Returns false if the handle is closed. The caller holds
 * the watch lock.
 */
bool shareable__source_open(shareable__source *source, shareable_memory *memory, const shareable__layout *layout,
                            shareable__sync *sync);

/*
 * Ends all watches of a handle before its memory is unmapped, and reports their entries as changed.
 */
void shareable__source_close(shareable__source *source);

#endif
