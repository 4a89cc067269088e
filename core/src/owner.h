/*
 * owner.h - what this process owns: blocks whose names go when it ends, however it ends.
 *
 * They are recorded in its journal (journal.h), which the first of them makes. A process of its own, started then
 * (shareable-reaper), waits for the journal's lock, and unlinks what it lists. A fork's child owns nothing.
 */
#ifndef SHAREABLE__OWNER_H
#define SHAREABLE__OWNER_H

#include "journal.h"
#include "shareable.h"

/* What a block of this process's own is recorded in. All zero: it is not. */
typedef struct shareable__owned {
  shareable__record *record;
  unsigned forks; /* in a child, the record is the parent's */
} shareable__owned;

/* A record to fill. `name` is only for the words of the failure. */
shareable_status shareable__owner_claim(shareable__owned *owned, const char *name, shareable_error *error);

/* Says which block it is: to be called before the block gets the name, and again for another name. */
void shareable__owner_record(const shareable__owned *owned, uint64_t inode, const char *name);

/* Frees the record, if that is still the block's, which has no name any more, or got none. */
void shareable__owner_forget(shareable__owned *owned, uint64_t inode);

/* Frees the record if nothing was recorded in it. */
static inline void shareable__owner_abandon(shareable__owned *owned) {
  shareable__owner_forget(owned, SHAREABLE__BEING_FILLED);
}

#endif
