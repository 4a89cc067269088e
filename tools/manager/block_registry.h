/*
 * block_registry.h - the names of the blocks that the manager owns, in the order in which they were
 * added.
 */
#ifndef MANAGER_BLOCK_REGISTRY_H
#define MANAGER_BLOCK_REGISTRY_H

#include "ownership.h"
#include "shareable.h"
#include "tracker.h"

/* The maximum number of names: far above what a program needs. */
#define BLOCK_REGISTRY_MAX 1000000

typedef struct tracked_name {
  char *name;
  uint32_t hash;
  ownership record;
} tracked_name;

typedef struct block_registry {
  tracked_name *names;
  size_t count, capacity;
  size_t unrecorded; /* number of names at the end that block_registry_record() must record */
  resource_tracker tracker;
} block_registry;

/*
 * Adds a valid name at the end, even if it is there already. Returns false if there is no memory or
 * the registry has BLOCK_REGISTRY_MAX names.
 */
bool block_registry_add(block_registry *registry, const char *name);

/*
 * Records the blocks of names that were added since the last call. If there is a tracker,
 * block_registry_add() leaves the recording to this function: the tracker removes the blocks if the
 * manager is killed before, and a manager that ends soon needs neither a log nor a reaper.
 */
void block_registry_record(block_registry *registry);

/*
 * Removes a name and its block. The block is the one that had the name when the name was added; if
 * there was none, the one that has it now. Returns E_ABSENT if the registry does not have the name.
 * Returns E_NOT_FOUND if the block is gone, also if another block has its name now, which is kept;
 * the name is removed in this case too.
 */
shareable_status block_registry_release(block_registry *registry, const char *name, shareable_error *error);

/*
 * Removes all names and their blocks, as block_registry_release() does. Skips blocks that are gone
 * already or that this user may not remove. Then reports them to the resource tracker, for a
 * limited time. Returns the number of blocks that it removed.
 */
size_t block_registry_clear(block_registry *registry);

typedef struct block_registry_size {
  uint64_t blocks, bytes;
  uint64_t used; /* the memory in bytes that the file system has allocated */
} block_registry_size;

/*
 * Measures the blocks that block_registry_clear() would remove. A block with several names counts
 * once. Takes about a microsecond for each name.
 */
block_registry_size block_registry_measure(const block_registry *registry);

#endif
