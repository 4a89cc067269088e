/*
 * ownership.h - which block a tracked name stands for, and its record in this process's ownership
 * log.
 *
 * The log is for ls, gc and the reaper, and survives SIGKILL. shareable-reaper, which the first
 * record starts, then removes the recorded blocks; if it is killed too, gc does.
 */
#ifndef MANAGER_OWNERSHIP_H
#define MANAGER_OWNERSHIP_H

#include "shm/owner.h"

/* All zero: the name stands for whatever block has it, and nothing is recorded. */
typedef struct ownership {
  shareable__file_id block; /* if has_block */
  bool has_block;
  shareable__ownership owned;
} ownership;

/*
 * Notes the block that has the name now, if it is a regular file that this user may remove. If
 * there is none, the name stands for whatever block has it in the end.
 */
void ownership_note(ownership *record, const char *name);

/*
 * Records the noted block, or, if there is none, the one that has the name now. A block that
 * another user owns or that does not exist is not recorded. A failure is logged, and the name stays
 * tracked.
 */
void ownership_record(ownership *record, const char *name);

/* Whether the noted block still has the name, or none is noted. */
bool ownership_is_current(const ownership *record, const char *name);

/*
 * Unlinks the noted block, and no other that has taken its name (E_NOT_FOUND); if none is noted, as
 * shareable_unlink().
 */
shareable_status ownership_unlink(const ownership *record, const char *name, shareable_error *error);

/* Removes the record, if there is one. */
void ownership_forget(ownership *record);

#endif
