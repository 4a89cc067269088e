/*
 * ownership.h - the block that a tracked name refers to, and its entry in the ownership log of this
 * process.
 *
 * The log is for ls, gc and the reaper, and survives SIGKILL: then shareable-reaper, which the
 * first entry starts, removes the recorded blocks. If the reaper is killed too, gc removes them.
 */
#ifndef MANAGER_OWNERSHIP_H
#define MANAGER_OWNERSHIP_H

#include <sys/stat.h>

#include "shm/owner.h"

/* All zero: the name refers to any block that has it, and nothing is recorded. */
typedef struct ownership {
  shareable__file_id block; /* if has_block */
  bool has_block;
  shareable__ownership owned;
} ownership;

/*
 * Identifies the block that has the name now, if it is a regular file that this user may remove. If
 * there is no such block, the name refers to the block that has it when it is released.
 */
void ownership_identify(ownership *record, const char *name);

/*
 * Adds that block to the ownership log; if none was identified, the block that has the name now.
 * Does not record a block that another user owns or that does not exist. Logs failures; the name
 * stays tracked.
 */
void ownership_record(ownership *record, const char *name);

/* Returns whether the identified block still has the name; true if no block was identified. */
bool ownership_is_current(const ownership *record, const char *name);

/*
 * Gets the status of the block that ownership_unlink() would unlink. Returns false if there is
 * none.
 */
bool ownership_stat(const ownership *record, const char *name, struct stat *file);

/*
 * Unlinks the identified block. Returns E_NOT_FOUND if another block has its name. If no block was
 * identified, does the same as shareable_unlink().
 */
shareable_status ownership_unlink(const ownership *record, const char *name, shareable_error *error);

/* Removes the entry from the log, if there is one. */
void ownership_release(ownership *record);

#endif
