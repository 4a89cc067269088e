/*
 * ownership.h - the record of a tracked block in this process's ownership log, for ls, gc and the reaper.
 *
 * The log survives SIGKILL. shareable-reaper, which the first record starts, then removes the recorded blocks; if it is
 * killed too, gc does.
 */
#ifndef MANAGER_OWNERSHIP_H
#define MANAGER_OWNERSHIP_H

#include "../core/src/owner.h"

/* All zero: nothing is recorded. */
typedef struct ownership {
  shareable__owned owned;
} ownership;

/*
 * Records the block that has the name now, if it is a regular file of this user. A block that does not exist yet is not
 * recorded, and is removed by its name alone. A failure is logged, and the block stays tracked.
 */
void ownership_record(ownership *record, const char *name);

/* Removes the record, if there is one. */
void ownership_forget(ownership *record);

#endif
