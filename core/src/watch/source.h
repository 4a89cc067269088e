/*
 * source.h - the part of a list's handle that watches use.
 */
#ifndef SHAREABLE__SOURCE_H
#define SHAREABLE__SOURCE_H

#include "base/chain.h"
#include "shm/memory.h"
#include "sync/area.h"

/* All 0 at first. The fields except is_watched are valid once an entry has been added. */
typedef struct shareable__source {
  atomic_bool is_watched;
  shareable_memory *memory;
  const shareable__layout *layout;
  shareable__sync *sync;
  shareable__chain entries; /* guarded by the watch lock */
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
