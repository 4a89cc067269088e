/*
 * owner.h - what this process owns: blocks whose names are removed when it ends, however it ends.
 *
 * They are recorded in the process's ownership log (ownership_log.h), which the first of them creates. Another process, started then
 * (shareable-reaper), waits for the log's lock, and unlinks the blocks in it. A fork's child owns nothing. If the process changes
 * its effective user, what it creates from then on goes into a log of that user's; the old log stays as it is. The same is true
 * if it comes to see another /dev/shm, in another root directory or mount namespace.
 *
 * A record is claimed (pending), filled before the block gets its name, and published once the block has it. Only a published
 * record may be freed because there is no such block: a pending one's block is about to get its name. All of this happens under
 * the fork lock. Only while the reaper starts, the lock is released, so that a slow start does not delay another thread's fork;
 * the threads that would claim a record wait.
 */
#ifndef SHAREABLE__OWNER_H
#define SHAREABLE__OWNER_H

#include "shareable.h"
#include "shm/ownership_log.h"

/* What a block of this process's own is recorded in. All zero: it is not. */
typedef struct shareable__ownership {
  shareable__ownership_entry *record;
  unsigned forks;         /* in a child, the record is the parent's */
  uint32_t use;           /* of the record: it may be another block's by now */
  shareable__file_id shm; /* the directory that was /dev/shm */
} shareable__ownership;

/* A pending record to fill. `name` is only for the words of the failure. */
shareable_status shareable__owner_reserve(shareable__ownership *owned, const char *name, shareable_error *error);

/* Fills a pending record: must be called before the block gets the name, and again for another name. */
void shareable__owner_commit(const shareable__ownership *owned, const shareable__file_id *block, const char *name);

/* The block has its name. */
void shareable__owner_publish(const shareable__ownership *owned);

/* Frees the record, if it is still this block's: the block has no name any more. */
void shareable__owner_release(const shareable__ownership *owned);

/* Frees the record if it is still pending: the block got no name. */
void shareable__owner_cancel(const shareable__ownership *owned);

/*
 * Records a block that another process of this user has created, as owned by this process; shareable__owner_release() ends that.
 * Returns E_NOT_FOUND if there is no such block, and E_PERMISSION if it belongs to another user.
 */
shareable_status shareable__owner_adopt(shareable__ownership *owned, const char *name, shareable_error *error);

/* Notes in the log, for messages, that the process is a manager. */
void shareable__owner_be_manager(void);

#endif
