/*
 * owner.h - the blocks that this process owns: their names are removed when the process ends, for
 * whatever reason.
 *
 * The blocks are recorded in the process's ownership log (ownership_log.h). Recording the first
 * block creates the log and starts another process, shareable-reaper. The reaper waits for the
 * log's lock, and then unlinks the blocks in the log. A fork's child owns nothing itself, but it
 * inherits the lock: the parent's blocks are kept until the child ends too or executes another
 * program. If the process changes its effective user, or sees another /dev/shm because it has
 * entered another root directory or mount namespace, it records further blocks in a new log; the
 * old log stays as it is.
 *
 * An entry is reserved (pending), filled before the block gets its name, and published once the
 * block has its name. An entry without a block may be freed only if it is published: a pending
 * entry's block is about to get its name. All of this happens under the fork lock. The lock is
 * released only while the reaper starts, so that a slow start does not delay another thread's
 * fork(); threads that want to reserve an entry wait.
 */
#ifndef SHAREABLE__OWNER_H
#define SHAREABLE__OWNER_H

#include "shareable.h"
#include "shm/ownership_log.h"

/*
 * The entry that records a block as owned by this process. All zero if the process does not own the
 * block.
 */
typedef struct shareable__ownership {
  shareable__ownership_entry *entry;
  unsigned generation;    /* of the process (fork.h): in a child, the entry is the parent's */
  uint32_t use;           /* of the entry: another block may use the entry later */
  shareable__file_id shm; /* the directory that was /dev/shm */
} shareable__ownership;

/* Reserves a pending entry. `name` is used only in error messages. */
shareable_status shareable__owner_reserve(shareable__ownership *ownership, const char *name, shareable_error *error);

/*
 * Fills a pending entry. Must be called before the block gets the name, and again for another name.
 */
void shareable__owner_commit(const shareable__ownership *ownership, const shareable__file_id *block, const char *name);

/* Marks the entry as published: the block has its name. */
void shareable__owner_publish(const shareable__ownership *ownership);

/* Frees the entry if it is still this block's: the block has no name any longer. */
void shareable__owner_release(const shareable__ownership *ownership);

/* Frees the entry if it is still pending: the block got no name. */
void shareable__owner_cancel(const shareable__ownership *ownership);

/*
 * Records a block that another process of this user has created as owned by this process, until
 * shareable__owner_release(). Returns E_NOT_FOUND if there is no such block, and E_PERMISSION if it
 * belongs to another user.
 */
shareable_status shareable__owner_adopt(shareable__ownership *ownership, const char *name, shareable_error *error);

/* Records in the log, for messages, that the process is a manager. */
void shareable__owner_set_manager(void);

/*
 * Unlinks the logs of this process that list no block, so that their reapers find nothing to do. A
 * manager calls this before it exits. A block that is recorded after that gets a new log.
 */
void shareable__owner_unlink_unused(void);

#endif
