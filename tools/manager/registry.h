/*
 * registry.h - the names of the blocks that the manager owns, in the order in which they came.
 */
#ifndef MANAGER_REGISTRY_H
#define MANAGER_REGISTRY_H

#include "ownership.h"
#include "shareable.h"
#include "tracker.h"

/* More names than anybody has blocks. */
#define REGISTRY_MAX 1000000

typedef struct registry_name {
  char *name;
  uint32_t hash;
  ownership record;
} registry_name;

typedef struct registry {
  registry_name *names;
  size_t count, room;
  size_t unrecorded; /* the last ones: registry_record() is due */
  resource_tracker tracker;
} registry;

/* Adds a valid name at the end, also one that is there already. False where there is no memory, or no more are taken. */
int registry_add(registry *of, const char *name);

/*
 * Records the blocks of names that were added since the last call. With a tracker, registry_add() leaves that to this call:
 * the tracker removes the blocks if the manager is killed meanwhile, and a manager that ends soon needs no log and no reaper.
 */
void registry_record(registry *of);

/*
 * Removes a name and its block. The block is the one that had the name when the name was added; if there was none, the one that
 * has it now. Returns E_ABSENT if the name is not here, and E_NOT_FOUND if the block is gone, also if another block has its name
 * now: that block stays. The name is removed in these cases too.
 */
shareable_status registry_release(registry *of, const char *name, shareable_error *error);

/*
 * Removes all names and their blocks, as registry_release() does. Blocks that are gone already, or that this user may not
 * remove, are skipped. The resource tracker is told afterwards, for a limited time.
 */
void registry_clear(registry *of);

#endif
